/* Kind incremental, strategy time_range: a run makes the rows of an interval, and the table's rows of that
 * interval, and those with a key of the new rows, give way to them. Running an interval again gives the same
 * table. With nothing there yet, or logic that changed, all history is built and swapped in as with full. */
#include "warehouse/build_int.h"

/* Decides what to run, and whether the result replaces the table or is merged into it. */
bool warehouse_range_plan(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    const WarehouseRunOptions *options = build->context->options;
    if (!warehouse_state_intervals(build->conn, build->model->id, &build->intervals, error)) {
        return false;
    }
    bool asked = options->start_us || options->end_us;
    build->replace = !build->exists || options->full || (build->changed && !asked);
    build->keep_hash = build->changed && asked && !options->full;
    if (build->replace) {
        g_array_set_size(build->intervals, 0);
    }
    WarehouseIntervalAsk ask = {.by_day = build->time_type == ENGINE_DATE,
                                .lookback_us = info->lookback_us,
                                .zone = build->context->zone,
                                .now_us = build->context->now_us,
                                .start_us = options->start_us,
                                .end_us = options->end_us,
                                .rebuild = build->replace};
    if (!warehouse_interval_decide(&ask, build->intervals, &build->interval, &build->done, error)) {
        return false;
    }
    build->run->start_us = build->interval.start_us;
    build->run->end_us = build->interval.end_us;
    return true;
}

/* The condition of the interval on `alias`; FALSE for a model that is merged by its key alone. */
static char *inside(Build *build, const char *alias)
{
    const char *time = build->model->model->time;
    return time ? warehouse_build_inside(build, alias, time) : g_strdup("FALSE");
}

/* EXISTS: a new row has the key of the row `alias`. NULL when the model has no key. */
static char *same_key(Build *build, const char *alias)
{
    const char *const *key = build->model->model->key;
    if (!key || !key[0]) {
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "EXISTS (SELECT 1 FROM %s AS fresh WHERE ", build->build_sql);
    for (size_t i = 0; key[i]; i++) {
        g_autoptr(GString) name = g_string_new(NULL);
        engine_sql_append_name(name, key[i]);
        g_string_append_printf(text, "%sfresh.%s = %s.%s", i ? " AND " : "", name->str, alias, name->str);
    }
    g_string_append_c(text, ')');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Rows outside the interval would not be found by the next run of it: refused, unless a key finds them. */
static bool check_inside(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    if (!info->time || (info->key && info->key[0])) {
        return true;
    }
    g_autofree char *condition = inside(build, "b");
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM %s AS b WHERE (%s) IS NOT TRUE", build->build_sql, condition);
    int64_t n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    if (n) {
        base_fail(error, BASE_E_RUN_FAILED,
                  "%" G_GINT64_FORMAT " rows have `%s` outside the interval of the run", n, info->time);
        base_error_hint(error, "filter by `%s >= $start AND %s < $end`, or give the model a key", info->time,
                        info->time);
        return false;
    }
    return true;
}

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

static bool find_clash(Build *build, GError **error)
{
    g_autofree char *key = same_key(build, "t");
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
    build->run->rows = 0;
    return warehouse_build_drop(build, build->conn, error) && warehouse_build_rows(build, error);
}

bool warehouse_range_prepare(Build *build, GError **error)
{
    bool same = true;
    if ((!build->replace && !same_columns(build, &same, error)) || (!same && !rebuild_all(build, error))) {
        return false;
    }
    return warehouse_build_go_on(build, error) && check_inside(build, error) && find_clash(build, error);
}

/* The table as it will be. */
char *warehouse_range_whole(Build *build)
{
    g_autofree char *old = inside(build, "t");
    g_autofree char *key = build->clash ? same_key(build, "t") : NULL;
    return g_strdup_printf(
        "(SELECT * FROM %s AS t WHERE (%s) IS NOT TRUE%s%s UNION ALL BY NAME SELECT * FROM %s)",
        build->target_sql, old, key ? " AND NOT " : "", key ? key : "", build->build_sql);
}

bool warehouse_range_merge(Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *condition = inside(build, "t");
    g_autofree char *key = build->clash ? same_key(build, "t") : NULL;
    g_autofree char *delete_sql = g_strdup_printf("DELETE FROM %s AS t WHERE (%s)%s%s", build->target_sql,
                                                  condition, key ? " OR " : "", key ? key : "");
    g_autofree char *insert_sql =
        g_strdup_printf("INSERT INTO %s SELECT * FROM %s", build->target_sql, build->build_sql);
    return engine_exec(conn, delete_sql, error) && engine_exec(conn, insert_sql, error) &&
           warehouse_build_drop(build, conn, error);
}
