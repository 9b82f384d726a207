/* What the warehouse remembers, in the engine beside the data and in the same transactions:
 *   _weir.runs       one row a model and run
 *   _weir.intervals  time that is done, merged, a row a stretch (microseconds UTC)
 *   _weir.builds     what the model's table was built from: a model whose logic changed is built anew
 *   _weir.applying   what an apply touches, while it works (recover.c)
 * All are small; nothing has an index. */
#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

static const char TABLES_SQL[] = "CREATE SCHEMA IF NOT EXISTS _weir;"
                                 "CREATE TABLE IF NOT EXISTS _weir.runs (run_id VARCHAR NOT NULL, model "
                                 "VARCHAR NOT NULL, state VARCHAR NOT NULL, "
                                 "start_us BIGINT, end_us BIGINT, n_rows BIGINT NOT NULL, started_us BIGINT "
                                 "NOT NULL, elapsed_us BIGINT NOT NULL, "
                                 "sql_text VARCHAR, checks VARCHAR, message VARCHAR);"
                                 "CREATE TABLE IF NOT EXISTS _weir.intervals (model VARCHAR NOT NULL, "
                                 "start_us BIGINT NOT NULL, end_us BIGINT NOT NULL);"
                                 "CREATE TABLE IF NOT EXISTS _weir.builds (model VARCHAR NOT NULL, hash "
                                 "VARCHAR NOT NULL, run_id VARCHAR NOT NULL, "
                                 "n_rows BIGINT NOT NULL);"
                                 "ALTER TABLE _weir.runs ADD COLUMN IF NOT EXISTS lane INTEGER;"
                                 "ALTER TABLE _weir.runs ADD COLUMN IF NOT EXISTS attempt INTEGER;"
                                 "ALTER TABLE _weir.runs ADD COLUMN IF NOT EXISTS cause VARCHAR;"
                                 "ALTER TABLE _weir.builds ADD COLUMN IF NOT EXISTS environment VARCHAR;"
                                 "ALTER TABLE _weir.runs ADD COLUMN IF NOT EXISTS business_date DATE;"
                                 "ALTER TABLE _weir.runs ADD COLUMN IF NOT EXISTS n_bytes BIGINT;"
                                 "ALTER TABLE _weir.runs ADD COLUMN IF NOT EXISTS checks_us BIGINT;"
                                 "ALTER TABLE _weir.runs ADD COLUMN IF NOT EXISTS swap_us BIGINT;"
                                 "CREATE TABLE IF NOT EXISTS _weir.stale (model VARCHAR NOT NULL, "
                                 "start_us BIGINT NOT NULL, end_us BIGINT NOT NULL);"
                                 "CREATE TABLE IF NOT EXISTS _weir.backfills (id VARCHAR NOT NULL, model "
                                 "VARCHAR NOT NULL, start_us BIGINT NOT NULL, end_us BIGINT NOT NULL, "
                                 "state VARCHAR NOT NULL, plan VARCHAR NOT NULL, tasks BIGINT NOT NULL, "
                                 "user_name VARCHAR, created_us BIGINT NOT NULL, ended_us BIGINT, "
                                 "message VARCHAR);"
                                 "CREATE TABLE IF NOT EXISTS _weir.schedules (id VARCHAR NOT NULL, paused "
                                 "BOOLEAN NOT NULL, fired_us BIGINT NOT NULL);"
                                 "CREATE TABLE IF NOT EXISTS _weir.schedule_events (at_us BIGINT NOT NULL, "
                                 "id VARCHAR NOT NULL, kind VARCHAR NOT NULL, fired_us BIGINT NOT NULL, "
                                 "deadline_us BIGINT NOT NULL, predicted_us BIGINT NOT NULL);"
                                 "CREATE TABLE IF NOT EXISTS _weir.applying (id VARCHAR NOT NULL, added "
                                 "BOOLEAN NOT NULL);"
                                 "UPDATE _weir.backfills SET state = 'interrupted', message = 'the process "
                                 "ended while it ran' WHERE state = 'running'";

void warehouse_run_clear(WarehouseRun *run)
{
    g_clear_pointer(&run->run_id, g_free);
    g_clear_pointer(&run->sql, g_free);
    g_clear_pointer(&run->message, g_free);
    g_clear_pointer(&run->checks, json_decref);
}

/* Tables that a run was building when the process died. */
static bool drop_leftovers(EngineConn *conn, GError **error)
{
    g_autoptr(json_t) rows = engine_query_json(conn,
                                               "SELECT schema_name, table_name FROM duckdb_tables() WHERE "
                                               "starts_with(table_name, '" WAREHOUSE_BUILD_PREFIX "')",
                                               NULL, 0, 100000, error);
    if (!rows) {
        return false;
    }
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        g_autofree char *name = engine_sql_table(base_json_string(row, "schema_name", ""),
                                                 base_json_string(row, "table_name", ""));
        g_autofree char *sql = g_strdup_printf("DROP TABLE %s", name);
        if (!engine_exec(conn, sql, error)) {
            return false;
        }
    }
    return true;
}

static bool prune_work(EngineConn *conn, void *user, GError **error)
{
    EngineValue before = engine_value_int(base_time_now_us() - *(const gint64 *)user);
    return engine_exec_values(conn, "DELETE FROM _weir.runs WHERE started_us < $1", &before, 1, NULL,
                              error) &&
           warehouse_counts_prune(conn, error);
}

bool warehouse_prune_runs(Warehouse *warehouse, gint64 keep_us, GError **error)
{
    return intake_transact(warehouse->intake, prune_work, &keep_us, error);
}

static bool open_work(EngineConn *conn, void *user, GError **error)
{
    (void)user;
    return engine_exec(conn, TABLES_SQL, error) && warehouse_hold_open(conn, error) &&
           warehouse_counts_open(conn, error) && quality_state_open(conn, error) &&
           drop_leftovers(conn, error);
}

bool warehouse_state_open(Warehouse *warehouse, GError **error)
{
    return intake_transact(warehouse->intake, open_work, NULL, error);
}

bool warehouse_state_add_run(EngineConn *conn, const WarehouseRun *run, GError **error)
{
    g_autofree char *checks = run->checks ? base_json_text(run->checks) : NULL;
    bool has_interval = run->start_us != 0 || run->end_us != 0;
    EngineValue values[] = {engine_value_text(run->run_id),
                            engine_value_text(run->model),
                            engine_value_text(run->state),
                            has_interval ? engine_value_int(run->start_us) : engine_value_text(NULL),
                            has_interval ? engine_value_int(run->end_us) : engine_value_text(NULL),
                            engine_value_int(run->rows),
                            engine_value_int(run->started_us),
                            engine_value_int(run->elapsed_us),
                            engine_value_text(run->sql),
                            engine_value_text(checks),
                            engine_value_text(run->message),
                            engine_value_int(run->lane),
                            engine_value_int(run->attempt),
                            engine_value_text(run->cause ? run->cause : "manual"),
                            {.id = run->business_day ? ENGINE_DATE : ENGINE_NULL, .i64 = run->business_day},
                            {.id = run->bytes ? ENGINE_INT64 : ENGINE_NULL, .i64 = run->bytes},
                            engine_value_int(run->checks_us),
                            engine_value_int(run->swap_us)};
    return engine_exec_values(conn,
                              "INSERT INTO _weir.runs (run_id, model, state, start_us, end_us, n_rows, "
                              "started_us, elapsed_us, sql_text, checks, message, lane, attempt, cause, "
                              "business_date, n_bytes, checks_us, swap_us) VALUES ($1, $2, $3, $4, $5, $6, "
                              "$7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
                              values, G_N_ELEMENTS(values), NULL, error);
}

bool warehouse_state_write_ranges(EngineConn *conn, const char *table, const char *model,
                                  const GArray *ranges, GError **error)
{
    EngineValue values[] = {engine_value_text(model), engine_value_int(0), engine_value_int(0)};
    g_autofree char *forget = g_strdup_printf("DELETE FROM _weir.%s WHERE model = $1", table),
                    *add = g_strdup_printf("INSERT INTO _weir.%s VALUES ($1, $2, $3)", table);
    bool ok = engine_exec_values(conn, forget, values, 1, NULL, error);
    for (guint i = 0; ok && i < ranges->len; i++) {
        const WarehouseInterval *range = &g_array_index(ranges, WarehouseInterval, i);
        values[1] = engine_value_int(range->start_us);
        values[2] = engine_value_int(range->end_us);
        ok = engine_exec_values(conn, add, values, 3, NULL, error);
    }
    return ok;
}

bool warehouse_state_set_intervals(EngineConn *conn, const char *model, const GArray *done, GError **error)
{
    return warehouse_state_write_ranges(conn, "intervals", model, done, error);
}

bool warehouse_state_set_build(EngineConn *conn, const CatalogObject *model, const char *hash,
                               const char *run_id, gint64 rows, GError **error)
{
    EngineValue values[] = {engine_value_text(model->id), engine_value_text(hash), engine_value_text(run_id),
                            engine_value_int(rows), engine_value_text(model->environment)};
    return engine_exec_values(conn, "DELETE FROM _weir.builds WHERE model = $1", values, 1, NULL, error) &&
           engine_exec_values(conn,
                              "INSERT INTO _weir.builds (model, hash, run_id, n_rows, environment) VALUES "
                              "($1, $2, $3, $4, $5)",
                              values, G_N_ELEMENTS(values), NULL, error);
}

bool warehouse_state_forget(EngineConn *conn, const char *model, GError **error)
{
    EngineValue value = engine_value_text(model);
    return engine_exec_values(conn, "DELETE FROM _weir.intervals WHERE model = $1", &value, 1, NULL, error) &&
           engine_exec_values(conn, "DELETE FROM _weir.stale WHERE model = $1", &value, 1, NULL, error) &&
           engine_exec_values(conn, "DELETE FROM _weir.builds WHERE model = $1", &value, 1, NULL, error) &&
           warehouse_hold_release(conn, model, 0, 0, error);
}

bool warehouse_state_read_ranges(EngineConn *conn, const char *table, const char *model, GArray **ret,
                                 GError **error)
{
    EngineValue value = engine_value_text(model);
    g_autofree char *sql =
        g_strdup_printf("SELECT start_us, end_us FROM _weir.%s WHERE model = $1 ORDER BY start_us", table);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, &value, 1, 1000000, error);
    if (!rows) {
        return false;
    }
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        WarehouseInterval range = {base_json_int(row, "start_us", 0), base_json_int(row, "end_us", 0)};
        g_array_append_val(ranges, range);
    }
    *ret = ranges;
    return true;
}

bool warehouse_state_intervals(EngineConn *conn, const char *model, GArray **ret, GError **error)
{
    return warehouse_state_read_ranges(conn, "intervals", model, ret, error);
}

/* The first column of the first row; NULL text when there is no row. */
static bool query_one(EngineConn *conn, const char *sql, const EngineValue *values, size_t n_values,
                      char **ret, GError **error)
{
    g_autoptr(json_t) rows = engine_query_json(conn, sql, values, n_values, 1, error);
    if (!rows) {
        return false;
    }
    const char *text = json_array_size(rows) ? base_json_string(json_array_get(rows, 0), "v", NULL) : NULL;
    *ret = g_strdup(text);
    return true;
}

json_t *warehouse_state_last_runs(EngineConn *conn, GError **error)
{
    g_autoptr(json_t) rows = engine_query_json(
        conn,
        "SELECT model, arg_max(n_rows, started_us) AS n_rows, arg_max(elapsed_us, started_us) AS elapsed_us, "
        "max(started_us) AS started_us FROM _weir.runs WHERE state = 'done' GROUP BY model",
        NULL, 0, 1000000, error);
    if (!rows) {
        return NULL;
    }
    json_t *by_model = json_object();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_t *entry = json_object();
        base_json_set_int(entry, "rows", base_json_int(row, "n_rows", 0));
        base_json_set_int(entry, "elapsed_us", base_json_int(row, "elapsed_us", 0));
        base_json_set_int(entry, "started_us", base_json_int(row, "started_us", 0));
        json_object_set_new(by_model, base_json_string(row, "model", ""), entry);
    }
    return by_model;
}

/* ---- what stands in the engine
 * ---------------------------------------------------------------------------------- */

GHashTable *warehouse_query_map(EngineConn *conn, const char *sql, const EngineValue *values, size_t n_values,
                                GError **error)
{
    g_autoptr(json_t) rows = engine_query_json(conn, sql, values, n_values, 10000000, error);
    if (!rows) {
        return NULL;
    }
    GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        g_hash_table_insert(map, g_strdup(base_json_string(row, "k", "")),
                            g_strdup(base_json_string(row, "v", "")));
    }
    return map;
}

bool warehouse_standing_read(EngineConn *conn, WarehouseStanding *ret, GError **error)
{
    WarehouseStanding standing = {0};
    standing.relations = warehouse_query_map(
        conn,
        "SELECT schema_name || '.' || table_name AS k, 'table' AS v FROM duckdb_tables() WHERE NOT "
        "temporary UNION ALL SELECT schema_name || '.' || view_name, 'view' FROM duckdb_views() "
        "WHERE NOT internal",
        NULL, 0, error);
    standing.builds =
        standing.relations
            ? warehouse_query_map(conn, "SELECT model AS k, hash AS v FROM _weir.builds", NULL, 0, error)
            : NULL;
    if (!standing.builds) {
        warehouse_standing_clear(&standing);
        return false;
    }
    *ret = standing;
    return true;
}

void warehouse_standing_clear(WarehouseStanding *standing)
{
    g_clear_pointer(&standing->relations, g_hash_table_unref);
    g_clear_pointer(&standing->builds, g_hash_table_unref);
}

WarehouseRelation warehouse_relation(const WarehouseStanding *standing, const char *schema, const char *name)
{
    g_autofree char *key = g_strconcat(schema, ".", name, NULL);
    const char *kind = g_hash_table_lookup(standing->relations, key);
    return !kind ? WAREHOUSE_NOTHING : g_str_equal(kind, "table") ? WAREHOUSE_TABLE : WAREHOUSE_VIEW;
}

const char *warehouse_built_hash(const WarehouseStanding *standing, const char *model)
{
    return g_hash_table_lookup(standing->builds, model);
}

bool warehouse_columns_text(EngineConn *conn, const char *schema, const char *name, char **ret,
                            GError **error)
{
    g_autofree char *table = engine_sql_table(schema, name);
    EngineValue value = engine_value_text(table);
    return query_one(
        conn, "SELECT string_agg(name || ' ' || type, ', ' ORDER BY cid) AS v FROM pragma_table_info($1)",
        &value, 1, ret, error);
}

bool warehouse_drop_relation(EngineConn *conn, const char *schema, const char *name,
                             WarehouseRelation relation, GError **error)
{
    if (relation == WAREHOUSE_NOTHING) {
        return true;
    }
    g_autofree char *quoted = engine_sql_table(schema, name), *deleted = intake_tombstones_name(schema, name),
                    *tombstones = engine_sql_table("_weir", deleted);
    g_autofree char *sql = relation == WAREHOUSE_TABLE
                               ? g_strdup_printf("DROP TABLE IF EXISTS %s; DROP TABLE IF EXISTS %s", quoted,
                                                 tombstones) /* it may have been one that is loaded */
                               : g_strdup_printf("DROP VIEW IF EXISTS %s", quoted);
    return engine_exec(conn, sql, error);
}

bool warehouse_rename_table(EngineConn *conn, const char *table_sql, const char *name, GError **error)
{
    g_autoptr(GString) sql = g_string_new("ALTER TABLE ");
    g_string_append_printf(sql, "%s RENAME TO ", table_sql);
    engine_sql_append_name(sql, name);
    return engine_exec(conn, sql->str, error);
}

char *warehouse_table_of(const CatalogObject *object)
{
    bool history = object->model && object->model->kind == CATALOG_MODEL_SCD2;
    return history ? catalog_history_table(object->name) : g_strdup(object->name);
}

bool warehouse_drop_history(EngineConn *conn, const WarehouseStanding *standing, const CatalogObject *object,
                            GError **error)
{
    if (!object->model || object->model->kind != CATALOG_MODEL_SCD2) {
        return true;
    }
    g_autofree char *view = catalog_history_view(object->name);
    g_autofree char *table = catalog_history_table(object->name);
    return warehouse_drop_relation(conn, object->domain, view,
                                   warehouse_relation(standing, object->domain, view), error) &&
           warehouse_drop_relation(conn, object->domain, table,
                                   warehouse_relation(standing, object->domain, table), error);
}
