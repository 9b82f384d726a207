/* Strategies that replace whole cuts of the table.
 *
 *   microbatch        the rows of one local hour, day, month or year of `event_time` give way to those that
 *                     the run makes for it; each batch is a commit of its own, so that a run that is stopped
 *                     goes on where it was. All of them at once when the table is made or built anew.
 *   insert_overwrite  dynamic: partitions that the run has rows of are replaced, others stay. Static (the
 *                     model has `time` or $start, or the run has --start): all partitions of the interval are
 *                     replaced, and one without new rows is empty then. No partition: the table is one.
 */
#include "warehouse/build_int.h"

/* ---- microbatch -------------------------------------------------------------------------------------------
 */

static bool begin_of(const Build *build, gint64 *ret, GError **error)
{
    const char *begin = base_json_string(build->model->definition, "begin", NULL);
    *ret = WAREHOUSE_BEGINNING_US;
    return !begin || base_time_parse(begin, build->context->zone, ret) ||
           base_fail(error, BASE_E_INTERVAL_INVALID, "`begin` is no time: `%s`", begin);
}

static WarehouseBatchSize batch_size(const Build *build)
{
    WarehouseBatchSize size = WAREHOUSE_BATCH_DAY;
    const char *word = base_json_string(build->model->definition, "batch_size", NULL);
    if (word && !warehouse_batch_size_by_name(word, &size)) {
        return WAREHOUSE_BATCH_DAY; /* another word was refused when the definition was read */
    }
    return size;
}

bool warehouse_microbatch_plan(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    const WarehouseRunOptions *options = build->context->options;
    build->time = base_json_string(build->model->definition, "event_time", NULL);
    build->replace = !build->exists || options->full;
    build->batch_size = batch_size(build);
    WarehouseBatchAsk ask = {.size = build->batch_size,
                             .zone = build->context->zone,
                             .now_us = build->context->now_us,
                             .lookback_batches = info->lookback_batches,
                             .lookback_us = info->lookback_us,
                             .start_us = options->start_us,
                             .end_us = options->end_us,
                             .rebuild = build->replace};
    if (!warehouse_build_time_type(build, error) || !begin_of(build, &ask.begin_us, error) ||
        !warehouse_state_intervals(build->conn, build->model->id, &build->intervals, error)) {
        return false;
    }
    if (build->replace) {
        g_array_set_size(build->intervals, 0);
    }
    build->begin_us = ask.begin_us;
    return warehouse_batches_decide(&ask, build->intervals, &build->batches, error);
}

/* The rows of the batch: the SELECT's own $start and $end, or else those that lie in it. */
bool warehouse_microbatch_rows(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    if (info->uses_interval) {
        return warehouse_build_rows(build, error);
    }
    g_autofree char *inside = warehouse_build_inside(build, "body");
    g_autofree char *sql = g_strdup_printf("SELECT * FROM (%s) AS body WHERE %s", build->body, inside);
    return warehouse_build_rows_of(build, sql, error);
}

/* Rows without a time are in no batch. Looked for once a run, where no $start and $end tell the SELECT which
 * rows are meant. */
static bool judge_timeless(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    if (info->uses_interval || build->judged) {
        return true;
    }
    build->judged = true;
    g_autofree char *time = warehouse_build_time_sql(build, "body");
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM (%s) AS body WHERE %s IS NULL", build->body, time);
    int64_t n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    if (n && !warehouse_counts_outside(build)) {
        base_fail(error, BASE_E_RUN_FAILED, "%" G_GINT64_FORMAT " rows have no `%s`: they are in no batch", n,
                  build->time);
        base_error_hint(error, "filter them in the SELECT, or say outside: count");
        return false;
    }
    if (n) {
        warehouse_build_note(build, "%" G_GINT64_FORMAT " rows without `%s` were left out", n, build->time);
    }
    return true;
}

bool warehouse_microbatch_prepare(Build *build, GError **error)
{
    return judge_timeless(build, error) && warehouse_range_prepare(build, error);
}

/* ---- insert_overwrite -------------------------------------------------------------------------------------
 */

static const char *partition_column(const Build *build)
{
    const json_t *partition = json_object_get(build->model->definition, "partition");
    return json_is_string(partition)  ? json_string_value(partition)
           : json_is_array(partition) ? json_string_value(json_array_get(partition, 0))
                                      : base_json_string(partition, "by", NULL);
}

static bool is_static(const Build *build)
{
    const CatalogModelInfo *info = build->model->model;
    const WarehouseRunOptions *options = build->context->options;
    return info->time || info->uses_interval ||
           ((options->start_us || options->end_us) && partition_column(build));
}

bool warehouse_overwrite_plan(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    build->replace = !build->exists || build->context->options->full;
    if (!is_static(build)) {
        return true;
    }
    build->time = info->time ? info->time : partition_column(build);
    const json_t *partition = json_object_get(build->model->definition, "partition");
    const char *unit = base_json_string(partition, "unit", NULL);
    build->by_partition = unit && warehouse_batch_size_by_name(unit, &build->batch_size);
    return (!build->time || warehouse_build_time_type(build, error)) && warehouse_range_plan(build, error);
}

/* t and b lie in one partition. */
static void append_same(GString *out, const char *column, const char *unit)
{
    g_autoptr(GString) name = g_string_new(NULL);
    engine_sql_append_name(name, column);
    g_string_append(out, out->len ? " AND " : "");
    if (unit) {
        g_string_append(out, "date_trunc(");
        engine_sql_append_text(out, unit);
        g_string_append_printf(out, ", t.%s) IS NOT DISTINCT FROM date_trunc(", name->str);
        engine_sql_append_text(out, unit);
        g_string_append_printf(out, ", b.%s)", name->str);
    } else {
        g_string_append_printf(out, "t.%s IS NOT DISTINCT FROM b.%s", name->str, name->str);
    }
}

/* Which rows `t` of the table give way. Caller frees. */
static char *replaced(const Build *build)
{
    const json_t *partition = json_object_get(build->model->definition, "partition");
    if (build->time) {
        return warehouse_build_inside(build, "t");
    }
    if (!partition) {
        return g_strdup("TRUE");
    }
    g_autoptr(GString) same = g_string_new(NULL);
    size_t i;
    json_t *item;
    json_array_foreach (partition, i, item) {
        append_same(same, json_string_value(item), NULL);
    }
    if (!json_is_array(partition)) {
        append_same(same, partition_column(build), base_json_string(partition, "unit", NULL));
    }
    return g_strdup_printf("EXISTS (SELECT 1 FROM %s AS b WHERE %s)", build->build_sql, same->str);
}

bool warehouse_overwrite_prepare(Build *build, GError **error)
{
    return warehouse_keys_judge(build, false, error) && warehouse_judge_outside(build, error) &&
           (build->replace || warehouse_columns_meet(build, error));
}

char *warehouse_overwrite_whole(Build *build)
{
    g_autofree char *condition = replaced(build);
    g_autofree char *old = warehouse_columns_select(build, "t", true);
    g_autofree char *fresh = warehouse_columns_select(build, "b", false);
    return g_strdup_printf(
        "(SELECT %s FROM %s AS t WHERE (%s) IS NOT TRUE UNION ALL BY NAME SELECT %s FROM %s AS b)", old,
        build->target_sql, condition, fresh, build->build_sql);
}

bool warehouse_overwrite_merge(Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *condition = replaced(build);
    g_autofree char *sql = g_strdup_printf("DELETE FROM %s AS t WHERE %s", build->target_sql, condition);
    return warehouse_columns_alter(build, conn, error) && engine_exec(conn, sql, error) &&
           warehouse_columns_insert(build, conn, error) && warehouse_build_drop(build, conn, error);
}
