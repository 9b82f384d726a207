/* Checks of tables, and of models as they stand. A table's rows come by loads, which do not wait for checks:
 * its checks are due once something was loaded after they last ran, and run
 *   - once a minute in `weir up`,
 *   - before a run of models that read the table,
 *   - when asked for: `weir checks run TABLE`.
 * The rows are there already, so nothing is swapped; a blocking failure puts the table on the board, and the
 * models that read it wait until the checks pass or a waiver lets them. What is on the board is due each
 * time, since a repair may be a DELETE, which is no load. */
#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

#define MAX_ROWS 1000000

static bool has_checks(const CatalogObject *object)
{
    return json_array_size(json_object_get(object->definition, "checks")) > 0;
}

/* ---- one object -----------------------------------------------------------------------------------------
 */

static bool find_time_type(EngineConn *conn, const char *relation, QualityRows *rows, GError **error)
{
    if (!rows->time) {
        return true;
    }
    g_autoptr(GString) sql = g_string_new("SELECT ");
    engine_sql_append_name(sql, rows->time);
    g_string_append_printf(sql, " FROM %s LIMIT 0", relation);
    g_autoptr(EngineStmt) stmt = engine_prepare(conn, sql->str, error);
    if (!stmt) {
        return false;
    }
    rows->time_type = engine_stmt_column_type(stmt, 0).id;
    return true;
}

typedef struct {
    const CatalogObject *object;
    const QualityOutcome *outcome;
    WarehouseRun run;
    gint64 now_us;
} Record;

/* A table is held or released by its checks; the figures of a model are those of its runs. */
static bool record_work(EngineConn *conn, void *user, GError **error)
{
    const Record *record = user;
    bool table = record->object->kind == CATALOG_TABLE;
    if (!quality_record(conn, record->outcome, record->run.run_id, table, error)) {
        return false;
    }
    if (!table) {
        return true;
    }
    return quality_outcome_failed(record->outcome)
               ? warehouse_hold_keep(conn, record->object, &record->run, record->now_us, NULL, NULL, false,
                                     error)
               : warehouse_hold_release(conn, record->object->id, 0, 0, error);
}

static bool check_with(EngineConn *conn, Warehouse *warehouse, QualityRows *rows, json_t **ret_checks,
                       GError **error)
{
    g_autofree char *table = warehouse_table_of(rows->model);
    g_autofree char *relation = engine_sql_table(rows->model->domain, table);
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM %s", relation);
    g_autofree char *run_id = warehouse_new_run_id(base_time_now_us());
    int64_t n_rows = 0;
    rows->rows_sql = rows->whole_sql = relation;
    if (!find_time_type(conn, relation, rows, error) || !engine_query_int(conn, count, &n_rows, error)) {
        return false;
    }
    g_autoptr(QualityOutcome) outcome = quality_check(conn, rows, error);
    if (!outcome) {
        return false;
    }
    const char *failed = quality_outcome_failed(outcome);
    Record record = {.object = rows->model,
                     .outcome = outcome,
                     .run = {.run_id = run_id,
                             .rows = n_rows,
                             .started_us = base_time_now_us(),
                             .message = (char *)(guintptr)failed,
                             .checks = quality_outcome_checks(outcome)},
                     .now_us = rows->now_us};
    if (!intake_transact(warehouse->intake, record_work, &record, error)) {
        return false;
    }
    *ret_checks = json_incref(quality_outcome_checks(outcome));
    return true;
}

bool warehouse_check(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *object,
                     gint64 now_us, json_t **ret_checks, GError **error)
{
    if ((object->kind != CATALOG_TABLE && object->kind != CATALOG_MODEL) || !has_checks(object)) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "`%s` has no checks", object->full_name);
        base_error_hint(error, "write them under `checks:` of the table or model, then weir apply");
        return false;
    }
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    g_autoptr(EngineConn) conn = zone ? engine_connect(warehouse->engine, error) : NULL;
    gint64 at_us = now_us ? now_us : base_time_now_us();
    QualityRows rows = {.snapshot = snapshot,
                        .model = object,
                        .zone = zone,
                        .time = base_json_string(object->definition, "time", NULL),
                        .end_us = at_us,
                        .now_us = at_us};
    return conn && engine_set_time_zone(conn, catalog_project_timezone(snapshot), error) &&
           check_with(conn, warehouse, &rows, ret_checks, error);
}

/* ---- what is due ----------------------------------------------------------------------------------------
 */

/* {key: latest} of a query of k and at. */
static GHashTable *read_times(EngineConn *conn, const char *sql, GError **error)
{
    g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, MAX_ROWS, error);
    if (!rows) {
        return NULL;
    }
    GHashTable *times = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        gint64 at = base_json_int(row, "at", 0);
        g_hash_table_replace(times, g_strdup(base_json_string(row, "k", "")), g_memdup2(&at, sizeof(at)));
    }
    return times;
}

static gint64 time_of(GHashTable *times, const char *key)
{
    const gint64 *at = g_hash_table_lookup(times, key);
    return at ? *at : 0;
}

/* Those of `tables` that were loaded after their last check, or are held. */
static GPtrArray *due_of(EngineConn *conn, const GPtrArray *tables, GError **error)
{
    g_autoptr(GHashTable) checked = read_times(
        conn, "SELECT model AS k, max(recorded_us) AS at FROM _weir.check_results GROUP BY model", error);
    g_autoptr(GHashTable) held = checked ? warehouse_hold_read(conn, error) : NULL;
    if (!held) {
        return NULL;
    }
    gint64 since_us = G_MAXINT64; /* of the loads, which may be many, only the late ones are asked for */
    for (guint i = 0; i < tables->len; i++) {
        since_us = MIN(since_us, time_of(checked, ((const CatalogObject *)tables->pdata[i])->id));
    }
    g_autofree char *sql =
        g_strdup_printf("SELECT lower(db || '.' || tbl) AS k, max(finished_us) AS at FROM _weir.loads WHERE "
                        "state = 'VISIBLE' AND finished_us > %" G_GINT64_FORMAT " GROUP BY 1",
                        since_us);
    g_autoptr(GHashTable) loaded = read_times(conn, sql, error);
    if (!loaded) {
        return NULL;
    }
    GPtrArray *due = g_ptr_array_new();
    for (guint i = 0; i < tables->len; i++) {
        const CatalogObject *table = tables->pdata[i];
        g_autofree char *both = g_strconcat(table->domain, ".", table->name, NULL);
        g_autofree char *key = g_utf8_strdown(both, -1);
        if (time_of(loaded, key) > time_of(checked, table->id) || g_hash_table_contains(held, table->id)) {
            g_ptr_array_add(due, (gpointer)(guintptr)table);
        }
    }
    return due;
}

static void add_table(GPtrArray *tables, const CatalogObject *object)
{
    if (object->kind == CATALOG_TABLE && object->table && has_checks(object) &&
        !g_ptr_array_find(tables, object, NULL)) {
        g_ptr_array_add(tables, (gpointer)(guintptr)object);
    }
}

/* Tables with checks: all, or those that the models read, directly or not. */
static GPtrArray *tables_with_checks(CatalogSnapshot *snapshot, const GPtrArray *models)
{
    GPtrArray *tables = g_ptr_array_new();
    const GPtrArray *all = models ? NULL : catalog_objects(snapshot);
    for (guint i = 0; all && i < all->len; i++) {
        add_table(tables, all->pdata[i]);
    }
    for (guint i = 0; models && i < models->len; i++) {
        g_autoptr(GPtrArray) above = catalog_upstream(snapshot, models->pdata[i]);
        for (guint k = 0; above && k < above->len; k++) {
            add_table(tables, above->pdata[k]);
        }
    }
    return tables;
}

bool warehouse_check_loaded(Warehouse *warehouse, CatalogSnapshot *snapshot, const GPtrArray *models,
                            gint64 now_us, GError **error)
{
    g_autoptr(GPtrArray) tables = tables_with_checks(snapshot, models);
    if (tables->len == 0) {
        return true;
    }
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(GPtrArray) due = conn ? due_of(conn, tables, error) : NULL;
    for (guint i = 0; due && i < due->len; i++) {
        json_t *checks = NULL;
        if (!warehouse_check(warehouse, snapshot, due->pdata[i], now_us, &checks, error)) {
            return false;
        }
        json_decref(checks);
    }
    return due != NULL;
}

/* ---- after a release ------------------------------------------------------------------------------------
 */

static const char *nothing_ran(const CatalogObject *model, void *user)
{
    (void)model;
    (void)user;
    return NULL;
}

/* Full names (borrowed), NULL at the end, of models whose last run waited and that need not wait any more. */
static GPtrArray *freed_models(Warehouse *warehouse, CatalogSnapshot *snapshot, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(GHashTable) held = conn ? warehouse_hold_read(conn, error) : NULL;
    g_autoptr(json_t) rows =
        held ? engine_query_json(conn,
                                 "SELECT model FROM _weir.runs GROUP BY model HAVING arg_max(state, "
                                 "started_us) = 'waiting' ORDER BY model",
                                 NULL, 0, MAX_ROWS, error)
             : NULL;
    if (!rows) {
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const CatalogObject *model = catalog_by_id(snapshot, base_json_string(row, "model", ""));
        if (model && model->kind == CATALOG_MODEL &&
            !warehouse_hold_awaited(snapshot, held, model, nothing_ran, NULL)) {
            g_ptr_array_add(names, (gpointer)(guintptr)model->full_name);
        }
    }
    g_ptr_array_add(names, NULL);
    return names;
}

bool warehouse_check_tick(Warehouse *warehouse, CatalogSnapshot *snapshot, GError **error)
{
    return warehouse_check_loaded(warehouse, snapshot, NULL, 0, error) &&
           warehouse_run_freed(warehouse, snapshot, 0, NULL, NULL, NULL, error);
}

bool warehouse_run_freed(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 at_us, WarehouseTell tell,
                         void *user, json_t **ret_runs, GError **error)
{
    g_autoptr(GPtrArray) names = freed_models(warehouse, snapshot, error);
    if (!names || names->len == 1) {
        return names != NULL;
    }
    const WarehouseRunOptions options = {
        .select = (const char *const *)names->pdata, .at_us = at_us, .cause = "release"};
    return warehouse_run(warehouse, snapshot, &options, tell, user, ret_runs, error);
}
