/* Checks about one figure: a count, an age, a share, a statistic; against bars, against what it was before,
 * or against how it usually moves. */
#include "base/text.h"
#include "quality/quality_int.h"

#define DEFAULT_SENSITIVITY 3.0
#define DEFAULT_MIN_POINTS  7
#define DEFAULT_DAYS        30
#define DEFAULT_WEEK_DAYS   90 /* by day of the week: a point in seven counts */
#define CHANGE_BACK_US      (40 * BASE_TIME_DAY_US)

/* ---- figures as SQL -------------------------------------------------------------------------------------
 */

typedef struct {
    const char *of, *sql; /* %c the column, %f the filter */
} Figure;
static const Figure FIGURES[] = {
    {"row_count", "count(*)%f"},
    {"null_count", "count(CASE WHEN (%c IS NULL) AND (%w) THEN 1 END)"},
    {"null_rate", "count(CASE WHEN (%c IS NULL) AND (%w) THEN 1 END) / nullif(count(*)%f, 0)"},
    {"duplicate_rate", "1 - count(DISTINCT %c)%f / nullif(count(%c)%f, 0)"},
    {"distinct_count", "count(DISTINCT %c)%f"},
    {"mean", "CAST(avg(%c)%f AS DOUBLE)"},
    {"sd", "CAST(stddev_samp(%c)%f AS DOUBLE)"},
    {"sum", "CAST(sum(%c)%f AS DOUBLE)"},
    {"min", "CAST(min(%c)%f AS DOUBLE)"},
    {"max", "CAST(max(%c)%f AS DOUBLE)"},
    {"quantile", "CAST(quantile_cont(%c, %q)%f AS DOUBLE)"},
    {"min_length", "min(length(CAST(%c AS VARCHAR)))%f"},
    {"max_length", "max(length(CAST(%c AS VARCHAR)))%f"},
    {"mean_length", "avg(length(CAST(%c AS VARCHAR)))%f"},
    {"zero_rate", "count(CASE WHEN (%c = 0) AND (%w) THEN 1 END) / nullif(count(*)%f, 0)"},
    {"empty_rate", "count(CASE WHEN (CAST(%c AS VARCHAR) = '') AND (%w) THEN 1 END) / nullif(count(*)%f, 0)"},
    {"true_rate", "count(CASE WHEN (%c) AND (%w) THEN 1 END) / nullif(count(*)%f, 0)"},
    {"freshness", "%n / 1e6 - epoch_us(CAST(max(%c)%f AS TIMESTAMPTZ)) / 1e6"},
};

static char *spread_figure(const QualityRun *run, const QualityCheck *check, const char *sql,
                           const char *column, bool filtered)
{
    g_autofree char *filter = filtered ? quality_filter(check) : g_strdup("");
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_dtostr(number, sizeof(number), base_json_real(check->definition, "quantile", 0.5));
    GString *out = g_string_new(NULL);
    for (const char *p = sql; *p; p++) {
        if (*p != '%') {
            g_string_append_c(out, *p);
            continue;
        }
        p++;
        if (*p == 'n') {
            g_string_append_printf(out, "%" G_GINT64_FORMAT, run->rows->now_us);
        } else {
            g_string_append(out, *p == 'c'   ? column
                                 : *p == 'f' ? filter
                                 : *p == 'q' ? number
                                             : quality_where(check));
        }
    }
    return g_string_free(out, FALSE);
}

static const char *figure_of(const QualityCheck *check)
{
    const char *type = check->type->name;
    bool named = g_str_equal(type, "anomaly") || g_str_equal(type, "distribution");
    return named ? base_json_string(check->definition, "of", "row_count") : type;
}

/* A row of several columns is one value; of freshness the column is the model's time unless one is named. */
static char *figure_column(const QualityRun *run, const QualityCheck *check)
{
    if (check->columns->len > 1) {
        g_autofree char *list = quality_join(check->columns, "", ", ");
        return g_strdup_printf("(%s)", list);
    }
    if (check->columns->len == 1) {
        return g_strdup(check->columns->pdata[0]);
    }
    return run->rows->time ? quality_time(run->rows) : NULL;
}

/* `filtered`: with the check's `where` as a filter of the aggregate, not of the statement. NULL + error: it
 * needs a column. */
static char *figure_sql(const QualityRun *run, const QualityCheck *check, bool filtered, GError **error)
{
    const char *of = figure_of(check);
    g_autofree char *column = figure_column(run, check);
    for (size_t i = 0; i < G_N_ELEMENTS(FIGURES); i++) {
        if (!g_str_equal(FIGURES[i].of, of)) {
            continue;
        }
        if (!column && strstr(FIGURES[i].sql, "%c")) {
            base_fail(error, BASE_E_KEY_MISSING, "the check `%s` has no column", check->name);
            return NULL;
        }
        return spread_figure(run, check, FIGURES[i].sql, column ? column : "", filtered);
    }
    base_fail(error, BASE_E_VALUE_INVALID, "no figure `%s`", of);
    return NULL;
}

static bool is_shape(const QualityCheck *check)
{
    const char *of = figure_of(check);
    return g_str_equal(of, "psi") || g_str_equal(of, "chi2");
}

bool quality_figure_prepare(QualityRun *run, QualityCheck *check, GError **error)
{
    if (is_shape(check)) {
        return true;
    }
    /* Age is of the whole table; all else of the new rows, which are all of a table that is built anew. */
    bool whole = g_str_equal(figure_of(check), "freshness");
    char *sql = figure_sql(run, check, true, error);
    if (!sql) {
        return false;
    }
    quality_add_slot(check, whole ? run->whole : &run->rows_scan, sql);
    return true;
}

/* ---- change against a baseline --------------------------------------------------------------------------
 */

static gint64 weekday(gint64 local_us)
{
    gint64 day = local_us / BASE_TIME_DAY_US - (local_us % BASE_TIME_DAY_US < 0);
    return ((day % 7) + 7) % 7;
}

static gint64 hour(gint64 local_us)
{
    return (((local_us / (3600 * BASE_TIME_SECOND_US)) % 24) + 24) % 24;
}

/* The mean of those of the last `days`; NAN = none. */
static double mean_since(const GArray *points, const QualityPoint *now, int days)
{
    double sum = 0;
    guint n = 0;
    for (guint i = 0; i < points->len; i++) {
        const QualityPoint *point = &g_array_index(points, QualityPoint, i);
        if (point->local_us >= now->local_us - days * BASE_TIME_DAY_US) {
            sum += point->value;
            n++;
        }
    }
    return n ? sum / n : (double)NAN;
}

static double baseline_of(const QualityCheck *check, const GArray *points, const QualityPoint *now)
{
    const char *baseline = base_json_string(check->definition, "baseline", "previous");
    if (g_str_equal(baseline, "mean_7d")) {
        return mean_since(points, now, 7);
    }
    if (g_str_equal(baseline, "mean_30d")) {
        return mean_since(points, now, 30);
    }
    bool same_day = g_str_equal(baseline, "same_weekday");
    for (guint i = points->len; i > 0; i--) {
        const QualityPoint *point = &g_array_index(points, QualityPoint, i - 1);
        bool other_day = now->local_us - point->local_us >= BASE_TIME_DAY_US;
        if (!same_day || (other_day && weekday(point->local_us) == weekday(now->local_us))) {
            return point->value;
        }
    }
    return NAN;
}

static bool has_change(const QualityCheck *check)
{
    return json_object_get(check->definition, "orange") || json_object_get(check->definition, "red");
}

static void skip(QualityCheck *check, const char *why)
{
    if (check->level == QUALITY_PASS) {
        check->level = QUALITY_SKIP;
        quality_say(check, "%s", why);
    }
}

static void judge_change(QualityCheck *check, const GArray *points, const QualityPoint *now)
{
    const json_t *definition = check->definition;
    check->pair = true;
    check->value = now->value;
    check->baseline = baseline_of(check, points, now);
    check->percent = quality_percent(check->value, check->baseline);
    double least = base_json_real(definition, "min_row_count", -INFINITY);
    if (isnan(check->value) || isnan(check->baseline)) {
        skip(check, "nothing to compare with yet");
        return;
    }
    if (check->baseline < least) {
        skip(check, "the baseline is below min_row_count");
        return;
    }
    if (isnan(check->percent)) {
        if (fpclassify(check->value) != FP_ZERO) {
            skip(check, "the baseline is 0: a change of it has no percent");
        }
        return;
    }
    QualityTrend trend = quality_trend_by_name(base_json_string(definition, "trend", "abs"));
    QualityLevel level = quality_level_above(quality_trend_apply(trend, check->percent),
                                             quality_bar(check, "orange"), quality_bar(check, "red"));
    if (level > check->level) {
        g_autofree char *a = quality_number(check->value);
        g_autofree char *b = quality_number(check->baseline);
        check->level = level;
        quality_say(check, "%s after %s: %+.1f %%", a, b, check->percent);
    }
}

/* orange, red: where the check has them. `figure` = SQL for buckets. */
static bool apply_change(QualityRun *run, QualityCheck *check, double value, GError **error)
{
    if (!has_change(check)) {
        return true;
    }
    g_autofree char *figure = figure_sql(run, check, false, error);
    g_autoptr(GArray) points = NULL;
    QualityPoint now;
    double empty = g_str_equal(figure_of(check), "row_count") ? 0 : (double)NAN;
    if (!figure || !quality_series(run, check, figure, value, empty, CHANGE_BACK_US, &points, &now, error)) {
        return false;
    }
    judge_change(check, points, &now);
    return true;
}

/* ---- row_count ------------------------------------------------------------------------------------------
 */

bool quality_row_count_prepare(QualityRun *run, QualityCheck *check, GError **error)
{
    (void)error;
    g_autofree char *filter = quality_filter(check);
    quality_add_slot(check, run->whole, g_strdup_printf("count(*)%s", filter));
    return true;
}

static char *literal(const QualityRows *rows, gint64 us)
{
    bool zoned = rows->time_type == ENGINE_TIMESTAMP_TZ;
    g_autofree char *text = base_time_format(us, zoned ? NULL : rows->zone);
    return zoned ? g_strdup_printf("TIMESTAMPTZ '%s+00'", text)
                 : g_strdup_printf("CAST(TIMESTAMP '%s' AS %s)", text,
                                   rows->time_type == ENGINE_DATE ? "DATE" : "TIMESTAMP");
}

/* `change` over a time: rows of the last `over` of the table's time with those of the `over` before. */
static bool count_over(QualityRun *run, gint64 over_us, gint64 *ret_now, gint64 *ret_before, GError **error)
{
    const QualityRows *rows = run->rows;
    g_autofree char *time = quality_time(rows);
    g_autofree char *end = literal(rows, rows->end_us);
    g_autofree char *middle = literal(rows, rows->end_us - over_us);
    g_autofree char *start = literal(rows, rows->end_us - 2 * over_us);
    g_autofree char *now = g_strdup_printf("SELECT count(*) FROM %s AS w WHERE %s >= %s AND %s < %s",
                                           rows->whole_sql, time, middle, time, end);
    g_autofree char *before = g_strdup_printf(
        "SELECT CASE WHEN count(*) = 0 THEN -1 ELSE count(*) END FROM %s AS w WHERE %s >= %s AND %s < %s",
        rows->whole_sql, time, start, time, middle);
    return engine_query_int(run->conn, now, ret_now, error) &&
           engine_query_int(run->conn, before, ret_before, error);
}

/* What `change` compares with: the table as it is, or, over a time, what it had then. < 0 = nothing. */
static bool count_before(QualityRun *run, QualityCheck *check, gint64 *now, gint64 *before, GError **error)
{
    const QualityRows *rows = run->rows;
    const char *over = base_json_string(check->definition, "over", NULL);
    gint64 over_us = 0;
    *before = -1;
    if (over && !base_text_to_duration(over, &over_us)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`over: %s` is no duration", over);
    }
    if (over && rows->time) {
        return count_over(run, over_us, now, before, error);
    }
    if (over) {
        g_autoptr(GString) sql =
            g_string_new("SELECT coalesce(arg_max(n_rows, started_us) FILTER (WHERE started_us <= ");
        g_string_append_printf(sql, "%" G_GINT64_FORMAT, rows->now_us - over_us);
        g_string_append(
            sql, "), arg_min(n_rows, started_us), -1) FROM _weir.runs WHERE state = 'done' AND model = ");
        engine_sql_append_text(sql, rows->model->id);
        return engine_query_int(run->conn, sql->str, before, error);
    }
    if (!rows->old_sql) {
        return true;
    }
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM %s AS t WHERE %s", rows->old_sql, quality_where(check));
    return engine_query_int(run->conn, sql, before, error);
}

static bool apply_share_change(QualityRun *run, QualityCheck *check, GError **error)
{
    const json_t *change = json_object_get(check->definition, "change");
    g_autofree char *text = json_is_string(change) ? g_strdup(json_string_value(change))
                            : change               ? base_json_text(change)
                                                   : NULL;
    double share = 0;
    if (!text) {
        return true;
    }
    if (!catalog_check_share(text, &share)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`change: %s` is no share such as 50%%", text);
    }
    gint64 now = (gint64)check->value, before = -1;
    if (!count_before(run, check, &now, &before, error)) {
        return false;
    }
    gint64 difference = ABS(now - before);
    if (before > 0 && (double)difference > share * (double)before) {
        check->n_failed = difference;
        check->baseline = (double)before;
        check->percent = quality_percent((double)now, (double)before);
        check->level = MAX(check->level, quality_severity(check));
        quality_say(check, "%" G_GINT64_FORMAT " rows after %" G_GINT64_FORMAT ", a change of more than %s",
                    now, before, text);
    }
    return true;
}

bool quality_row_count_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    gint64 n = (gint64)quality_slot(check, 0);
    gint64 min = base_json_int(check->definition, "min", 0);
    gint64 max = base_json_int(check->definition, "max", G_MAXINT64);
    check->value = (double)n;
    if (n < min || n > max) {
        check->level = quality_severity(check);
        check->n_failed = n < min ? min - n : n - max;
        quality_say(check,
                    n < min ? "%" G_GINT64_FORMAT " rows, at least %" G_GINT64_FORMAT " wanted"
                            : "%" G_GINT64_FORMAT " rows, at most %" G_GINT64_FORMAT " wanted",
                    n, n < min ? min : max);
        return true;
    }
    return apply_share_change(run, check, error) && apply_change(run, check, check->value, error);
}

/* ---- freshness, rates, distribution ---------------------------------------------------------------------
 */

static double seconds_of(const QualityCheck *check, const char *key)
{
    gint64 us;
    const char *text = base_json_string(check->definition, key, NULL);
    return text && base_text_to_duration(text, &us) ? (double)us / 1e6 : (double)NAN;
}

bool quality_freshness_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    (void)run;
    (void)error;
    check->value = quality_slot(check, 0);
    check->pair = json_object_get(check->definition, "warn") != NULL;
    if (isnan(check->value)) {
        check->level = quality_severity(check);
        quality_say(check, "there are no rows with a time");
        return true;
    }
    check->level = quality_level_above(check->value, seconds_of(check, "warn"), seconds_of(check, "error"));
    if (check->level == QUALITY_ERROR && !check->pair) {
        check->level = quality_severity(check);
    }
    if (check->level != QUALITY_PASS) {
        g_autofree char *age = base_text_from_duration((gint64)(check->value * 1e6));
        quality_say(check, "the newest row is %s old", age);
    }
    return true;
}

bool quality_rate_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    check->value = quality_slot(check, 0);
    double warn = quality_bar(check, "warn"), bar = quality_bar(check, "error"),
           max = quality_bar(check, "max");
    if (isnan(check->value)) {
        skip(check, "there are no rows");
        return true;
    }
    check->pair = !isnan(warn) || !isnan(bar);
    check->level = quality_level_above(check->value, warn, bar);
    if (!isnan(max) && quality_beyond(check->value, max)) {
        check->level = MAX(check->level, quality_severity(check));
    } else if (isnan(max) && !check->pair && !has_change(check) && check->value > 0) {
        check->level = quality_severity(check);
    }
    if (check->level != QUALITY_PASS) {
        quality_say(check, "%s is %.4g %%", check->type->name, check->value * 100);
    }
    return apply_change(run, check, check->value, error);
}

bool quality_distribution_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    if (is_shape(check)) {
        return quality_shape_judge(run, check, error);
    }
    check->value = quality_slot(check, 0);
    double min = quality_bar(check, "min"), max = quality_bar(check, "max");
    if (isnan(check->value)) {
        skip(check, "there are no values");
        return true;
    }
    if ((!isnan(min) && quality_beyond(-check->value, -min)) ||
        (!isnan(max) && quality_beyond(check->value, max))) {
        g_autofree char *is = quality_number(check->value);
        check->level = quality_severity(check);
        quality_say(check, "%s is %s, outside its bounds", figure_of(check), is);
    }
    return apply_change(run, check, check->value, error);
}

/* ---- anomaly --------------------------------------------------------------------------------------------
 */

static QualitySpread season_spread(const QualityCheck *check, const GArray *points, const QualityPoint *now)
{
    const char *season = base_json_string(check->definition, "season", "none");
    bool by_day = g_str_equal(season, "day_of_week"), by_hour = g_str_equal(season, "hour_of_day");
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
    for (guint i = 0; i < points->len; i++) {
        const QualityPoint *point = &g_array_index(points, QualityPoint, i);
        if ((!by_day || weekday(point->local_us) == weekday(now->local_us)) &&
            (!by_hour || hour(point->local_us) == hour(now->local_us))) {
            g_array_append_val(values, point->value);
        }
    }
    return quality_spread((const double *)(gpointer)values->data, values->len);
}

static QualityLevel anomaly_level(QualityCheck *check, double far)
{
    double warn = quality_bar(check, "warn"), bar = quality_bar(check, "error");
    if (check->pair) {
        return quality_level_above(far, warn, bar);
    }
    double sensitivity = base_json_real(check->definition, "sensitivity", DEFAULT_SENSITIVITY);
    return far > sensitivity ? quality_severity(check) : QUALITY_PASS;
}

static void judge_anomaly(QualityCheck *check, const QualitySpread *history)
{
    QualityTrend trend = quality_trend_by_name(base_json_string(check->definition, "direction", "both"));
    check->baseline = history->mean;
    check->percent = quality_percent(check->value, history->mean);
    check->z = quality_z(history, check->value);
    g_autofree char *is = quality_number(check->value);
    g_autofree char *mean = quality_number(history->mean);
    if (isnan(check->z)) { /* it never moved, and now it does: there is no scale to say how far */
        bool counts = quality_trend_apply(trend, check->value - history->mean) > 0;
        if (counts && base_json_bool(check->definition, "flat_history_fails", false)) {
            check->level = check->pair ? QUALITY_ERROR : quality_severity(check);
            quality_say(check, "%s is %s; all %u before were %s", figure_of(check), is, history->n, mean);
        } else {
            check->z = 0;
        }
        return;
    }
    check->level = anomaly_level(check, quality_trend_apply(trend, check->z));
    if (check->level != QUALITY_PASS) {
        quality_say(check, "%s is %s, %+.1f standard deviations from %s", figure_of(check), is, check->z,
                    mean);
    }
}

bool quality_anomaly_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    const json_t *definition = check->definition;
    bool by_day = g_str_equal(base_json_string(definition, "season", "none"), "day_of_week");
    gint64 days = base_json_int(definition, "days", by_day ? DEFAULT_WEEK_DAYS : DEFAULT_DAYS);
    g_autofree char *figure = figure_sql(run, check, false, error);
    g_autoptr(GArray) points = NULL;
    QualityPoint now;
    bool counts = g_str_equal(figure_of(check), "row_count");
    days = CLAMP(days, 1, 400);
    check->pair = json_object_get(definition, "warn") || json_object_get(definition, "error");
    if (!figure || !quality_series(run, check, figure, quality_slot(check, 0), counts ? 0 : (double)NAN,
                                   days * BASE_TIME_DAY_US, &points, &now, error)) {
        return false;
    }
    check->value = now.value;
    QualitySpread history = season_spread(check, points, &now);
    gint64 least = MAX(base_json_int(definition, "min_points", DEFAULT_MIN_POINTS), 2);
    if (isnan(check->value)) {
        skip(check, "there is no figure");
    } else if ((gint64)history.n < least) {
        g_autofree char *why =
            g_strdup_printf("%u figures before this one, %" G_GINT64_FORMAT " wanted", history.n, least);
        skip(check, why);
    } else {
        judge_anomaly(check, &history);
    }
    return true;
}
