/* The board of held builds, and how they are released by a person: a waiver, or rejected rows driven again.
 */
#include <string.h>

#include "warehouse/warehouse_int.h"

#define MAX_HELD 100000

/* ---- the board ------------------------------------------------------------------------------------------
 */

static const char *nothing_ran(const CatalogObject *model, void *user)
{
    (void)model;
    (void)user;
    return NULL;
}

/* Full names of the models that wait for `held`. */
static json_t *waiting_for(CatalogSnapshot *snapshot, const CatalogObject *held)
{
    json_t *names = json_array();
    g_autoptr(GPtrArray) below = held ? catalog_downstream(snapshot, held) : NULL;
    g_autoptr(GHashTable) one = g_hash_table_new(g_str_hash, g_str_equal);
    if (held) {
        g_hash_table_insert(one, (gpointer)(guintptr)held->id, (gpointer)(guintptr)held->full_name);
    }
    for (guint i = 0; below && i < below->len; i++) {
        const CatalogObject *model = below->pdata[i];
        if (model->kind == CATALOG_MODEL && warehouse_hold_awaited(snapshot, one, model, nothing_ran, NULL)) {
            json_array_append_new(names, json_string(model->full_name));
        }
    }
    return names;
}

static json_t *blocking_checks(const char *text)
{
    g_autoptr(json_t) checks = text ? base_json_parse(text, strlen(text), NULL) : NULL;
    json_t *blocking = json_array();
    size_t i;
    json_t *check;
    json_array_foreach (checks, i, check) {
        if (base_json_bool(check, "block", false)) {
            json_array_append(blocking, check);
        }
    }
    return blocking;
}

static json_t *held_to_json(CatalogSnapshot *snapshot, const json_t *row)
{
    const CatalogObject *model = catalog_by_id(snapshot, base_json_string(row, "model", ""));
    json_t *object = json_object();
    base_json_set_string(object, "model", base_json_string(row, "full_name", ""));
    base_json_set_string(object, "id", base_json_string(row, "model", ""));
    base_json_set_string(object, "owner", model ? model->owner : "");
    base_json_set_string(object, "run_id", base_json_string(row, "run_id", ""));
    base_json_set_time(object, "at", base_json_int(row, "at_us", 0));
    base_json_set_time(object, "since", base_json_int(row, "since_us", 0));
    base_json_set_int(object, "rows", base_json_int(row, "n_rows", 0));
    base_json_set_string(object, "reason", base_json_string(row, "message", NULL));
    json_object_set_new(object, "checks", blocking_checks(base_json_string(row, "checks", NULL)));
    json_object_set_new(object, "waiting", waiting_for(snapshot, model));
    return object;
}

json_t *warehouse_board(Warehouse *warehouse, CatalogSnapshot *snapshot, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(json_t) rows =
        conn ? engine_query_json(conn, "SELECT * FROM _weir.held ORDER BY since_us", NULL, 0, MAX_HELD, error)
             : NULL;
    if (!rows) {
        return NULL;
    }
    json_t *held = json_array();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_array_append_new(held, held_to_json(snapshot, row));
    }
    return held;
}

/* ---- waivers --------------------------------------------------------------------------------------------
 */

static bool waive_work(EngineConn *conn, void *user, GError **error)
{
    return quality_waive(conn, user, error);
}

/* The held run again, at its clock and over its interval: the waiver is in force now, all other checks are
 * too. `release`: with the rows that it made. */
static bool run_again(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *model,
                      gint64 at_us, gint64 start_us, gint64 end_us, bool release, json_t **ret_runs,
                      GError **error)
{
    g_autofree char *name = g_strdup(model->full_name);
    const char *const select[] = {name, NULL};
    bool all = start_us <= WAREHOUSE_BEGINNING_US;
    /* What took all history takes it again; the zipper and others without intervals have no such start. */
    WarehouseRunOptions options = {.select = select,
                                   .at_us = at_us,
                                   .parallel = 1,
                                   .release = release,
                                   .full = end_us && all && model->model->kind == CATALOG_MODEL_INCREMENTAL};
    if (end_us && !all) {
        options.start_us = start_us;
        options.end_us = end_us;
    }
    return warehouse_run(warehouse, snapshot, &options, NULL, NULL, ret_runs, error);
}

/* The checks of a held table again; when they let it go, what waited for it runs. */
static bool check_again(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *table,
                        gint64 at_us, json_t **ret_runs, GError **error)
{
    g_autoptr(json_t) checks = NULL;
    if (!warehouse_check(warehouse, snapshot, table, at_us, &checks, error)) {
        return false;
    }
    g_autoptr(json_t) runs = NULL;
    bool ok = warehouse_run_freed(warehouse, snapshot, 0, NULL, NULL, &runs, error);
    *ret_runs = runs ? g_steal_pointer(&runs) : json_array();
    return ok;
}

bool warehouse_waive(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *model,
                     const QualityWaiver *waiver, json_t **ret_runs, GError **error)
{
    *ret_runs = NULL;
    QualityWaiver copy = *waiver;
    if (!quality_has_check(model, waiver->check, error) ||
        !intake_transact(warehouse->intake, waive_work, &copy, error)) {
        return false;
    }
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    EngineValue value = {.id = ENGINE_TEXT, .text = {model->id, strlen(model->id)}};
    g_autoptr(json_t) rows =
        conn ? engine_query_json(conn, "SELECT at_us, start_us, end_us FROM _weir.held WHERE model = $1",
                                 &value, 1, 1, error)
             : NULL;
    if (!rows || json_array_size(rows) == 0) {
        return rows != NULL;
    }
    const json_t *held = json_array_get(rows, 0);
    if (model->kind == CATALOG_TABLE) {
        return check_again(warehouse, snapshot, model, base_json_int(held, "at_us", 0), ret_runs, error);
    }
    return run_again(warehouse, snapshot, model, base_json_int(held, "at_us", 0),
                     base_json_int(held, "start_us", 0), base_json_int(held, "end_us", 0), true, ret_runs,
                     error);
}

bool warehouse_redrive(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *model,
                       json_t **ret_runs, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(json_t) intervals = conn ? quality_rejects_intervals(conn, model->id, error) : NULL;
    g_autoptr(json_t) all = json_array();
    size_t i;
    json_t *interval;
    json_array_foreach (intervals, i, interval) {
        g_autoptr(json_t) runs = NULL;
        bool ok = run_again(warehouse, snapshot, model, 0, base_json_int(interval, "start_us", 0),
                            base_json_int(interval, "end_us", 0), false, &runs, error);
        json_array_extend(all, runs);
        if (!ok) {
            *ret_runs = g_steal_pointer(&all);
            return false;
        }
    }
    *ret_runs = g_steal_pointer(&all);
    return intervals != NULL;
}
