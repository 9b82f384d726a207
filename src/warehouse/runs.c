/* Runs as JSON: of the run that just ended, and of all that were recorded. */
#include <string.h>

#include "warehouse/warehouse_int.h"

/* `start` null with an `end`: all history up to it. */
static void set_interval(json_t *object, bool has_interval, gint64 start_us, gint64 end_us)
{
    json_object_set_new(object, "start", json_null());
    json_object_set_new(object, "end", json_null());
    if (has_interval && start_us > WAREHOUSE_BEGINNING_US) {
        base_json_set_time(object, "start", start_us);
    }
    if (has_interval) {
        base_json_set_time(object, "end", end_us);
    }
}

/* Where the time went: building is what checks and the swap leave of it. */
static void set_phases(json_t *object, gint64 elapsed_us, gint64 checks_us, gint64 swap_us)
{
    base_json_set_int(object, "build_ms", MAX(elapsed_us - checks_us - swap_us, 0) / 1000);
    base_json_set_int(object, "checks_ms", checks_us / 1000);
    base_json_set_int(object, "swap_ms", swap_us / 1000);
}

static void set_business_date(json_t *object, gint64 days)
{
    int year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    g_autofree char *text = g_strdup_printf("%04d-%02d-%02d", year, month, day);
    base_json_set_string(object, "business_date", days ? text : NULL);
}

json_t *warehouse_run_to_json(const WarehouseRun *run)
{
    json_t *object = json_object();
    base_json_set_string(object, "run_id", run->run_id);
    base_json_set_string(object, "model", run->model);
    base_json_set_string(object, "state", run->state);
    set_interval(object, run->start_us || run->end_us, run->start_us, run->end_us);
    base_json_set_int(object, "rows", run->rows);
    base_json_set_time(object, "started", run->started_us);
    base_json_set_int(object, "elapsed_ms", run->elapsed_us / 1000);
    set_phases(object, run->elapsed_us, run->checks_us, run->swap_us);
    set_business_date(object, run->business_day);
    json_object_set_new(object, "bytes", run->bytes ? json_integer(run->bytes) : json_null());
    base_json_set_int(object, "lane", run->lane);
    base_json_set_int(object, "attempt", run->attempt);
    base_json_set_string(object, "cause", run->cause ? run->cause : "manual");
    base_json_set_string(object, "sql", run->sql);
    json_object_set_new(object, "checks", run->checks ? json_incref(run->checks) : json_array());
    base_json_set_string(object, "message", run->message);
    return object;
}

static json_t *row_to_json(const json_t *row)
{
    json_t *object = json_object();
    base_json_set_string(object, "run_id", base_json_string(row, "run_id", ""));
    base_json_set_string(object, "model", base_json_string(row, "model", ""));
    base_json_set_string(object, "state", base_json_string(row, "state", ""));
    set_interval(object, json_is_integer(json_object_get(row, "end_us")), base_json_int(row, "start_us", 0),
                 base_json_int(row, "end_us", 0));
    base_json_set_int(object, "rows", base_json_int(row, "n_rows", 0));
    base_json_set_time(object, "started", base_json_int(row, "started_us", 0));
    base_json_set_int(object, "elapsed_ms", base_json_int(row, "elapsed_us", 0) / 1000);
    set_phases(object, base_json_int(row, "elapsed_us", 0), base_json_int(row, "checks_us", 0),
               base_json_int(row, "swap_us", 0));
    base_json_set_string(object, "business_date", base_json_string(row, "business_date", NULL));
    json_object_set_new(object, "bytes",
                        json_is_integer(json_object_get(row, "n_bytes"))
                            ? json_incref(json_object_get(row, "n_bytes"))
                            : json_null());
    base_json_set_int(object, "lane", base_json_int(row, "lane", 0));
    base_json_set_int(object, "attempt", base_json_int(row, "attempt", 1));
    base_json_set_string(object, "cause", base_json_string(row, "cause", "manual"));
    base_json_set_string(object, "sql", base_json_string(row, "sql_text", NULL));
    const char *text = base_json_string(row, "checks", NULL);
    json_t *checks = text ? base_json_parse(text, strlen(text), NULL) : NULL;
    json_object_set_new(object, "checks", checks ? checks : json_array());
    base_json_set_string(object, "message", base_json_string(row, "message", NULL));
    return object;
}

json_t *warehouse_runs_between(Warehouse *warehouse, const char *model, gint64 from_us, gint64 to_us,
                               size_t limit, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    if (!conn) {
        return NULL;
    }
    /* By id, by full name or by bare name, so that what a person types is found. */
    EngineValue values[] = {
        {.id = model ? ENGINE_TEXT : ENGINE_NULL, .text = {model, model ? strlen(model) : 0}},
        {.id = ENGINE_INT64, .i64 = (int64_t)MIN(limit, (size_t)100000)},
        {.id = ENGINE_INT64, .i64 = from_us},
        {.id = ENGINE_INT64, .i64 = to_us ? to_us : G_MAXINT64}};
    g_autoptr(json_t) rows = engine_query_json(
        conn,
        "SELECT * FROM _weir.runs WHERE (CAST($1 AS VARCHAR) IS NULL OR model = $1 OR model "
        "= 'model:' || $1 OR ends_with(model, '.' || $1)) AND started_us + elapsed_us >= $3 "
        "AND started_us < $4 ORDER BY started_us DESC, run_id DESC, model LIMIT $2",
        values, 4, MIN(limit, (size_t)100000), error);
    if (!rows) {
        return NULL;
    }
    json_t *runs = json_array();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_array_append_new(runs, row_to_json(row));
    }
    return runs;
}

json_t *warehouse_runs(Warehouse *warehouse, const char *model, size_t limit, GError **error)
{
    return warehouse_runs_between(warehouse, model, 0, 0, limit, error);
}
