/* Figures over time. A figure has its history in one of two places: in _weir.check_results, one a run; or,
 * where the table has a time column, in the table itself, one for each hour or day. The figure under test is
 * never part of its own history. */
#include "base/text.h"
#include "quality/quality_int.h"

#define MAX_POINTS 100000

gint64 quality_local_us(gint64 us, GTimeZone *zone)
{
    g_autofree char *text = base_time_format(us, zone);
    gint64 local = us;
    return base_time_parse(text, NULL, &local) ? local : us;
}

bool quality_by_bucket(const QualityRun *run, const QualityCheck *check)
{
    const char *bucket = base_json_string(check->definition, "bucket", run->rows->time ? "day" : "run");
    return run->rows->time && !g_str_equal(bucket, "run");
}

/* ---- of runs --------------------------------------------------------------------------------------------
 */

static bool read_history(QualityRun *run, GError **error)
{
    EngineValue values[] = {engine_value_text(run->rows->model->id), engine_value_int(run->rows->now_us),
                            engine_value_int(run->rows->now_us - QUALITY_HISTORY_KEPT_US)};
    g_autoptr(json_t) rows = engine_query_json(run->conn,
                                               "SELECT check_name, at_us, arg_max(value, recorded_us) AS "
                                               "value, arg_max(detail, recorded_us) AS detail FROM "
                                               "_weir.check_results WHERE model = $1 AND at_us < $2 AND "
                                               "at_us >= $3 AND counted GROUP BY check_name, at_us "
                                               "ORDER BY at_us",
                                               values, G_N_ELEMENTS(values), MAX_POINTS, error);
    if (!rows) {
        return false;
    }
    run->history = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    run->details = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const char *name = base_json_string(row, "check_name", "");
        const char *detail = base_json_string(row, "detail", NULL);
        GArray *points = g_hash_table_lookup(run->history, name);
        if (!points) {
            points = g_array_new(FALSE, FALSE, sizeof(QualityPoint));
            g_hash_table_insert(run->history, g_strdup(name), points);
        }
        QualityPoint point = {.at_us = base_json_int(row, "at_us", 0),
                              .value = base_json_real(row, "value", NAN)};
        if (!isnan(point.value)) {
            g_array_append_val(points, point);
        }
        if (detail) {
            g_hash_table_replace(run->details, g_strdup(name), g_strdup(detail));
        }
    }
    return true;
}

bool quality_last_detail(QualityRun *run, const QualityCheck *check, const char **ret, GError **error)
{
    if (!run->history && !read_history(run, error)) {
        return false;
    }
    *ret = g_hash_table_lookup(run->details, check->name);
    return true;
}

static bool series_of_runs(QualityRun *run, QualityCheck *check, double value, gint64 back_us,
                           GArray **ret_points, QualityPoint *ret_now, GError **error)
{
    if (!run->history && !read_history(run, error)) {
        return false;
    }
    const QualityRows *rows = run->rows;
    GArray *all = g_hash_table_lookup(run->history, check->name);
    GArray *points = g_array_new(FALSE, FALSE, sizeof(QualityPoint));
    for (guint i = 0; all && i < all->len; i++) {
        QualityPoint point = g_array_index(all, QualityPoint, i);
        if (point.at_us >= rows->now_us - back_us) {
            point.local_us = quality_local_us(point.at_us, rows->zone);
            g_array_append_val(points, point);
        }
    }
    *ret_points = points;
    *ret_now = (QualityPoint){
        .at_us = rows->now_us, .local_us = quality_local_us(rows->now_us, rows->zone), .value = value};
    return true;
}

/* ---- of buckets -----------------------------------------------------------------------------------------
 */

static char *time_literal(const QualityRows *rows, gint64 local_us)
{
    g_autofree char *text = base_time_format(local_us, NULL);
    const char *type = rows->time_type == ENGINE_DATE           ? "DATE"
                       : rows->time_type == ENGINE_TIMESTAMP_TZ ? "TIMESTAMPTZ" /* of the session's zone */
                                                                : "TIMESTAMP";
    return g_strdup_printf("CAST(TIMESTAMP '%s' AS %s)", text, type);
}

static GHashTable *read_buckets(QualityRun *run, const QualityCheck *check, const char *figure,
                                const char *unit, gint64 start_us, gint64 end_us, GError **error)
{
    const QualityRows *rows = run->rows;
    g_autofree char *time = quality_time(rows);
    g_autofree char *start = time_literal(rows, start_us);
    g_autofree char *end = time_literal(rows, end_us);
    g_autofree char *sql =
        g_strdup_printf("SELECT epoch_us(CAST(date_trunc('%s', %s) AS TIMESTAMP)) AS b, CAST(%s AS DOUBLE) "
                        "AS v FROM %s AS t WHERE %s >= %s "
                        "AND %s < %s AND (%s) GROUP BY 1",
                        unit, time, figure, rows->whole_sql, time, start, time, end, quality_where(check));
    g_autoptr(json_t) list = engine_query_json(run->conn, sql, NULL, 0, MAX_POINTS, error);
    if (!list) {
        return NULL;
    }
    GHashTable *buckets = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    size_t i;
    json_t *row;
    json_array_foreach (list, i, row) {
        gint64 at = base_json_int(row, "b", 0);
        double value = base_json_real(row, "v", NAN);
        g_hash_table_replace(buckets, g_memdup2(&at, sizeof(at)), g_memdup2(&value, sizeof(value)));
    }
    return buckets;
}

/* The newest bucket that is whole; of a table of days the one that has begun, when it has rows: its day comes
 * at once. */
static gint64 bucket_under_test(const QualityRows *rows, GHashTable *buckets, gint64 size_us)
{
    gint64 end = quality_local_us(MIN(rows->now_us, rows->end_us), rows->zone);
    gint64 begun = end - ((end % size_us) + size_us) % size_us;
    bool days = rows->time_type == ENGINE_DATE || rows->time_type == ENGINE_TEXT;
    bool comes_at_once = days && g_hash_table_contains(buckets, &begun);
    return comes_at_once ? begun : begun - size_us;
}

static bool series_of_buckets(QualityRun *run, QualityCheck *check, const char *figure, double empty,
                              gint64 back_us, GArray **ret_points, QualityPoint *ret_now, GError **error)
{
    const QualityRows *rows = run->rows;
    bool hours = g_str_equal(base_json_string(check->definition, "bucket", ""), "hour") ||
                 g_str_equal(base_json_string(check->definition, "season", ""), "hour_of_day");
    gint64 size = hours ? 3600 * BASE_TIME_SECOND_US : BASE_TIME_DAY_US;
    gint64 end = quality_local_us(MIN(rows->now_us, rows->end_us), rows->zone);
    end = end - ((end % size) + size) % size + size;
    g_autoptr(GHashTable) buckets =
        read_buckets(run, check, figure, hours ? "hour" : "day", end - back_us - 2 * size, end, error);
    if (!buckets) {
        return false;
    }
    gint64 tested = bucket_under_test(rows, buckets, size);
    GArray *points = g_array_new(FALSE, FALSE, sizeof(QualityPoint));
    bool begun = false;
    for (gint64 at = tested - back_us; at <= tested; at += size) {
        const double *found = g_hash_table_lookup(buckets, &at);
        begun = begun || found;
        QualityPoint point = {.at_us = at, .local_us = at, .value = found ? *found : empty};
        if (at == tested) {
            *ret_now = point;
        } else if (begun && !isnan(point.value)) {
            g_array_append_val(points, point);
        }
    }
    *ret_points = points;
    return true;
}

bool quality_series(QualityRun *run, QualityCheck *check, const char *figure, double value, double empty,
                    gint64 back_us, GArray **ret_points, QualityPoint *ret_now, GError **error)
{
    return quality_by_bucket(run, check)
               ? series_of_buckets(run, check, figure, empty, back_us, ret_points, ret_now, error)
               : series_of_runs(run, check, value, back_us, ret_points, ret_now, error);
}
