/* Builds that checks held back. Readers keep what they had; the held build stands beside it, one a model,
 * until a run brings good rows in or a waiver lets these pass. What reads a held model waits, unless it is
 * declared `on_hold: proceed`. _weir.held  model, the run that was held, its clock and interval, the table
 * that keeps its rows */
#include <string.h>

#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

static const char TABLES_SQL[] = "CREATE TABLE IF NOT EXISTS _weir.held (model VARCHAR NOT NULL, full_name "
                                 "VARCHAR NOT NULL, run_id VARCHAR NOT NULL, "
                                 "at_us BIGINT NOT NULL, since_us BIGINT NOT NULL, start_us BIGINT, end_us "
                                 "BIGINT, n_rows BIGINT NOT NULL, schema_name "
                                 "VARCHAR, table_name VARCHAR, message VARCHAR, checks VARCHAR)";

#define MAX_HELD 1000000

bool warehouse_hold_open(EngineConn *conn, GError **error)
{
    return engine_exec(conn, TABLES_SQL, error) &&
           engine_exec(conn,
                       "ALTER TABLE _weir.held ADD COLUMN IF NOT EXISTS hash VARCHAR;"
                       "ALTER TABLE _weir.held ADD COLUMN IF NOT EXISTS replaces BOOLEAN",
                       error);
}

GHashTable *warehouse_hold_read(EngineConn *conn, GError **error)
{
    return warehouse_query_map(conn, "SELECT model AS k, full_name AS v FROM _weir.held", NULL, 0, error);
}

bool warehouse_hold_release(EngineConn *conn, const char *model, gint64 start_us, gint64 end_us,
                            GError **error)
{
    EngineValue values[] = {engine_value_text(model), engine_value_int(start_us), engine_value_int(end_us)};
    g_autoptr(json_t) rows = engine_query_json(conn,
                                               "DELETE FROM _weir.held WHERE model = $1 AND ($3 = 0 OR "
                                               "end_us IS NULL OR (start_us >= $2 AND end_us <= $3)) "
                                               "RETURNING schema_name, table_name",
                                               values, G_N_ELEMENTS(values), 100, error);
    if (!rows) {
        return false;
    }
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const char *table = base_json_string(row, "table_name", NULL);
        g_autofree char *name =
            table ? engine_sql_table(base_json_string(row, "schema_name", ""), table) : NULL;
        g_autofree char *sql = name ? g_strdup_printf("DROP TABLE IF EXISTS %s", name) : NULL;
        if (sql && !engine_exec(conn, sql, error)) {
            return false;
        }
    }
    return true;
}

/* The table under its new name; *ret_name NULL when there is none to keep (a check of a view). */
static bool rename_build(EngineConn *conn, const CatalogObject *model, const char *build_sql, char **ret_name,
                         GError **error)
{
    *ret_name = NULL;
    if (!build_sql) {
        return true;
    }
    g_autofree char *name = g_strconcat(WAREHOUSE_HELD_PREFIX, model->name, NULL);
    g_autofree char *old = engine_sql_table(model->domain, name);
    g_autofree char *drop = g_strdup_printf("DROP TABLE IF EXISTS %s", old);
    if (!engine_exec(conn, drop, error) || !warehouse_rename_table(conn, build_sql, name, error)) {
        return false;
    }
    *ret_name = g_steal_pointer(&name);
    return true;
}

/* Since when it is held: held again, it is held since the first time. */
static bool since(EngineConn *conn, const char *model, gint64 now_us, gint64 *ret, GError **error)
{
    EngineValue value = engine_value_text(model);
    g_autoptr(json_t) rows =
        engine_query_json(conn, "SELECT since_us FROM _weir.held WHERE model = $1", &value, 1, 1, error);
    *ret = rows ? base_json_int(json_array_get(rows, 0), "since_us", now_us) : now_us;
    return rows != NULL;
}

bool warehouse_hold_keep(EngineConn *conn, const CatalogObject *model, const WarehouseRun *run, gint64 at_us,
                         const char *build_sql, const char *hash, bool replaces, GError **error)
{
    g_autofree char *name = NULL;
    gint64 since_us;
    if (!since(conn, model->id, run->started_us, &since_us, error) ||
        !warehouse_hold_release(conn, model->id, 0, 0, error) ||
        !rename_build(conn, model, build_sql, &name, error)) {
        return false;
    }
    bool interval = run->start_us != 0 || run->end_us != 0;
    g_autofree char *checks = run->checks ? base_json_text(run->checks) : NULL;
    EngineValue values[] = {engine_value_text(model->id),
                            engine_value_text(model->full_name),
                            engine_value_text(run->run_id),
                            engine_value_int(at_us),
                            engine_value_int(since_us),
                            interval ? engine_value_int(run->start_us) : engine_value_text(NULL),
                            interval ? engine_value_int(run->end_us) : engine_value_text(NULL),
                            engine_value_int(run->rows),
                            engine_value_text(name ? model->domain : NULL),
                            engine_value_text(name),
                            engine_value_text(run->message),
                            engine_value_text(checks),
                            engine_value_text(hash),
                            {.id = ENGINE_BOOLEAN, .boolean = replaces}};
    return engine_exec_values(conn,
                              "INSERT INTO _weir.held VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
                              "$12, $13, $14)",
                              values, G_N_ELEMENTS(values), NULL, error);
}

/* ---- waiting --------------------------------------------------------------------------------------------
 */

typedef struct {
    CatalogSnapshot *snapshot;
    GHashTable *held, *seen;
    WarehouseStateOf state_of;
    void *user;
} Asking;

bool warehouse_hold_proceeds(const CatalogObject *model)
{
    return g_str_equal(base_json_string(model->definition, "on_hold", "wait"), "proceed");
}

static const CatalogObject *awaited(const Asking *asking, const CatalogObject *model);

static const CatalogObject *awaited_of(const Asking *asking, const CatalogObject *above)
{
    const char *state = asking->state_of(above, asking->user);
    if (above->kind != CATALOG_MODEL) {
        return g_hash_table_contains(asking->held, above->id) ? above : NULL; /* a table, by its own checks */
    }
    if (state && g_str_equal(state, "done")) {
        return NULL; /* it is fresh */
    }
    if (state ? g_str_equal(state, "held") : g_hash_table_contains(asking->held, above->id)) {
        return above;
    }
    return awaited(asking, above);
}

static const CatalogObject *awaited(const Asking *asking, const CatalogObject *model)
{
    if (warehouse_hold_proceeds(model)) {
        return NULL;
    }
    g_autoptr(GPtrArray) edges = catalog_lineage_up(asking->snapshot, model, NULL);
    for (guint i = 0; edges && i < edges->len; i++) {
        const CatalogObject *above = ((const CatalogEdge *)edges->pdata[i])->from;
        if (above == model || !g_hash_table_add(asking->seen, (gpointer)(guintptr)above)) {
            continue;
        }
        const CatalogObject *found = awaited_of(asking, above);
        if (found) {
            return found;
        }
    }
    return NULL;
}

const CatalogObject *warehouse_hold_awaited(CatalogSnapshot *snapshot, GHashTable *held,
                                            const CatalogObject *model, WarehouseStateOf state_of, void *user)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    Asking asking = {.snapshot = snapshot, .held = held, .seen = seen, .state_of = state_of, .user = user};
    return awaited(&asking, model);
}
