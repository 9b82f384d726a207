/* Kind incremental, strategy time_range: a run makes the rows of an interval, and the table's rows of that
 * interval, and those with a key of the new rows, give way to them. Running an interval again gives the same
 * table. With nothing there yet all history is built and swapped in as with full; so it is when the logic of
 * a model changed that names no strategy. One that names it keeps its history: changed logic holds from then
 * on.
 */
#include "warehouse/build_int.h"

/* Decides what to run, and whether the result replaces the table or is merged into it. */
bool warehouse_range_plan(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    const WarehouseRunOptions *options = build->context->options;
    if (!build->time && !info->uses_interval) {
        build->replace = !build->exists || options->full;
        return true; /* no time: all that the SELECT gives */
    }
    if (!warehouse_state_intervals(build->conn, build->model->id, &build->intervals, error)) {
        return false;
    }
    bool asked = options->start_us || options->end_us;
    bool anew = build->changed && !info->keeps_history;
    build->replace = !build->exists || options->full || (anew && !asked);
    build->keep_hash = anew && asked && !options->full;
    if (build->replace) {
        g_array_set_size(build->intervals, 0);
    }
    /* text is mostly days (Hive's dt) */
    bool days = build->time_type == ENGINE_DATE || build->time_type == ENGINE_TEXT;
    WarehouseIntervalAsk ask = {.by_day = days || build->by_partition,
                                .lookback_us = info->lookback_us + info->lookback_batches * BASE_TIME_DAY_US,
                                .zone = build->context->zone,
                                .now_us = build->context->now_us,
                                .start_us = options->start_us,
                                .end_us = options->end_us,
                                .rebuild = build->replace};
    if (!warehouse_interval_decide(&ask, build->intervals, &build->interval, &build->done, error)) {
        return false;
    }
    if (build->by_partition && build->interval.start_us > WAREHOUSE_BEGINNING_US) {
        build->interval.start_us =
            warehouse_batch_floor(build->interval.start_us, build->batch_size, ask.zone);
    }
    if (build->by_partition) {
        build->interval.end_us = warehouse_batch_ceil(build->interval.end_us, build->batch_size, ask.zone);
    }
    return true;
}

/* The condition of the interval on `alias`; FALSE for a model that is merged by its key alone. */
static char *inside(const Build *build, const char *alias)
{
    return build->time ? warehouse_build_inside(build, alias) : g_strdup("FALSE");
}

/* EXISTS: a new row has the key of the row `alias`. NULL when the model has no key. */
static char *same_key(const Build *build, const char *alias)
{
    if (!warehouse_has_key(build)) {
        return NULL;
    }
    g_autofree char *match = warehouse_key_match(build, "fresh", alias);
    return g_strdup_printf("EXISTS (SELECT 1 FROM %s AS fresh WHERE %s)", build->build_sql, match);
}

/* ---- rows outside ----------------------------------------------------------------------------------------
 */

bool warehouse_counts_outside(const Build *build)
{
    return g_str_equal(base_json_string(build->model->definition, "outside", "error"), "count");
}

static bool leave_out(Build *build, const char *condition, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("DELETE FROM %s AS b WHERE (%s) IS NOT TRUE", build->build_sql, condition);
    gint64 n = 0;
    if (!engine_exec_values(build->conn, sql, NULL, 0, &n, error)) {
        return false;
    }
    if (n > 0) {
        build->run->rows -= n;
        build->counts.unselected += n;
        warehouse_build_note(build, "%" G_GINT64_FORMAT " rows with `%s` outside the interval were left out",
                             n, build->time);
    }
    return true;
}

bool warehouse_judge_outside(Build *build, GError **error)
{
    if (!build->time) {
        return true;
    }
    g_autofree char *condition = inside(build, "b");
    if (warehouse_counts_outside(build)) {
        return leave_out(build, condition, error);
    }
    if (warehouse_has_key(build)) {
        return true; /* the key finds them again */
    }
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM %s AS b WHERE (%s) IS NOT TRUE", build->build_sql, condition);
    int64_t n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    if (n) {
        base_fail(error, BASE_E_RUN_FAILED,
                  "%" G_GINT64_FORMAT " rows have `%s` outside the interval of the run", n, build->time);
        base_error_hint(error,
                        "filter by `%s >= $start AND %s < $end`, give the model a key, or say outside: count",
                        build->time, build->time);
        return false;
    }
    return true;
}

/* ---- columns ---------------------------------------------------------------------------------------------
 */

/* Merging needs the table to have the build's columns. *ret_same false = the model must be built anew. */
static bool same_columns(Build *build, bool *ret_same, GError **error)
{
    g_autofree char *old = NULL, *new = NULL;
    if (!warehouse_columns_text(build->conn, build->model->domain, build->model->name, &old, error) ||
        !warehouse_columns_text(build->conn, build->model->domain, build->build_name, &new, error)) {
        return false;
    }
    *ret_same = g_strcmp0(old, new) == 0;
    return true;
}

/* Columns differ from the table's: all history again, unless only an interval was asked for. */
static bool rebuild_all(Build *build, GError **error)
{
    const WarehouseRunOptions *options = build->context->options;
    if (options->start_us || options->end_us) {
        base_fail(error, BASE_E_RUN_FAILED, "the columns of `%s` changed: an interval alone cannot be run",
                  build->model->full_name);
        base_error_hint(error, "run it without --start and --end");
        return false;
    }
    build->replace = true;
    build->keep_hash = false;
    g_array_set_size(build->intervals, 0);
    build->interval.start_us = build->done.start_us = build->run->start_us = WAREHOUSE_BEGINNING_US;
    build->run->rows = build->beside_rows = 0;
    build->counts = (WarehouseCounts){0};
    build->began = false;
    return warehouse_build_drop(build, build->conn, error) && warehouse_build_rows(build, error);
}

static bool meet_columns(Build *build, GError **error)
{
    bool same = true;
    if (build->replace) {
        return true;
    }
    if (!build->model->model->keeps_history &&
        (!same_columns(build, &same, error) || (!same && !rebuild_all(build, error)))) {
        return false;
    }
    return build->replace || warehouse_columns_meet(build, error);
}

/* ---- merging ---------------------------------------------------------------------------------------------
 */

static bool find_clash(Build *build, GError **error)
{
    g_autofree char *key = same_key(build, "t");
    build->clash = false;
    if (build->replace || !key) {
        return true;
    }
    g_autofree char *condition = inside(build, "t");
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s AS t WHERE (%s) IS NOT TRUE AND %s",
                                           build->target_sql, condition, key);
    int64_t n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    build->clash = n > 0;
    return true;
}

bool warehouse_range_prepare(Build *build, GError **error)
{
    return meet_columns(build, error) && warehouse_build_go_on(build, error) &&
           warehouse_judge_outside(build, error) && find_clash(build, error);
}

/* The table as it will be. */
char *warehouse_range_whole(Build *build)
{
    g_autofree char *gone = inside(build, "t");
    g_autofree char *key = build->clash ? same_key(build, "t") : NULL;
    g_autofree char *old = warehouse_columns_select(build, "t", true);
    g_autofree char *fresh = warehouse_columns_select(build, "b", false);
    return g_strdup_printf(
        "(SELECT %s FROM %s AS t WHERE (%s) IS NOT TRUE%s%s UNION ALL BY NAME SELECT %s FROM "
        "%s AS b)",
        old, build->target_sql, gone, key ? " AND NOT " : "", key ? key : "", fresh, build->build_sql);
}

bool warehouse_range_merge(Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *condition = inside(build, "t");
    g_autofree char *key = build->clash ? same_key(build, "t") : NULL;
    g_autofree char *delete_sql = g_strdup_printf("DELETE FROM %s AS t WHERE (%s)%s%s", build->target_sql,
                                                  condition, key ? " OR " : "", key ? key : "");
    return warehouse_columns_alter(build, conn, error) && engine_exec(conn, delete_sql, error) &&
           warehouse_columns_insert(build, conn, error) && warehouse_build_drop(build, conn, error);
}
