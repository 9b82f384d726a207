/* Kind snapshot: a full copy of what the SELECT gives for each business day, in the partition column `dt`,
 * which the kind writes. The day is that of the run's clock in the project's zone; a run again of a day
 * replaces that day and no other. $start and $end are the day's. How long days are kept is the life cycle's.
 */
#include "warehouse/build_int.h"

static const char *day_column(const Build *build)
{
    return base_json_string(build->model->definition, "partition", "dt");
}

/* DATE '2026-11-22' */
static char *day(const Build *build)
{
    return warehouse_interval_literal(build->interval.start_us, ENGINE_DATE, build->context->zone);
}

/* Days that the source no longer holds cannot be made again: only a run that names the model wipes them. */
bool warehouse_build_may_wipe(const Build *build)
{
    const char *const *select = build->context->options->select;
    for (; build->context->options->full && select && *select; select++) {
        if (g_str_equal(*select, build->model->name) || g_str_equal(*select, build->model->full_name)) {
            return true;
        }
    }
    return false;
}

bool warehouse_snapshot_plan(Build *build, GError **error)
{
    const WarehouseRunContext *context = build->context;
    gint64 at_us = context->options->start_us ? context->options->start_us : context->now_us;
    build->interval.start_us = base_time_day_start(at_us, context->zone);
    build->interval.end_us = base_time_next_day(at_us, context->zone);
    build->done = build->interval;
    build->replace = !build->exists || warehouse_build_may_wipe(build);
    if (build->exists && context->options->full && !build->replace) {
        warehouse_build_note(build, "its days are kept: `--full` wipes them only where the model is named");
    }
    if (context->options->end_us > build->interval.end_us) {
        base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is a copy of one day: it cannot be made for several",
                  build->model->full_name);
        base_error_hint(error, "--start names the day");
        return false;
    }
    if (!warehouse_state_intervals(build->conn, build->model->id, &build->intervals, error)) {
        return false;
    }
    if (build->replace) {
        g_array_set_size(build->intervals, 0);
    }
    return true;
}

bool warehouse_snapshot_rows(Build *build, GError **error)
{
    g_autofree char *today = day(build);
    g_autoptr(GString) sql = g_string_new("SELECT *, ");
    g_string_append_printf(sql, "%s AS ", today);
    engine_sql_append_name(sql, day_column(build));
    g_string_append_printf(sql, " FROM (%s) AS body", build->body);
    return warehouse_build_rows_of(build, sql->str, error);
}

bool warehouse_snapshot_prepare(Build *build, GError **error)
{
    return warehouse_keys_judge(build, true, error) &&
           (build->replace || warehouse_columns_meet(build, error));
}

/* t."dt" = DATE '...' */
static char *of_day(const Build *build)
{
    g_autofree char *today = day(build);
    g_autoptr(GString) text = g_string_new("t.");
    engine_sql_append_name(text, day_column(build));
    g_string_append_printf(text, " = %s", today);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *warehouse_snapshot_whole(Build *build)
{
    g_autofree char *gone = of_day(build);
    g_autofree char *old = warehouse_columns_select(build, "t", true);
    g_autofree char *fresh = warehouse_columns_select(build, "b", false);
    return g_strdup_printf(
        "(SELECT %s FROM %s AS t WHERE (%s) IS NOT TRUE UNION ALL BY NAME SELECT %s FROM %s "
        "AS b)",
        old, build->target_sql, gone, fresh, build->build_sql);
}

bool warehouse_snapshot_merge(Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *gone = of_day(build);
    g_autofree char *sql = g_strdup_printf("DELETE FROM %s AS t WHERE %s", build->target_sql, gone);
    return warehouse_columns_alter(build, conn, error) && engine_exec(conn, sql, error) &&
           warehouse_columns_insert(build, conn, error) && warehouse_build_drop(build, conn, error);
}
