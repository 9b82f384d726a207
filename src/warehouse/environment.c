/* What environments have of their own: tables beside production's, built by runs as any other. _weir.builds
 * says which they are (its column environment), so that dropping one takes its own and nothing else. */
#include <string.h>

#include "engine/sql.h"
#include "warehouse/intervals.h"

void warehouse_keep_own(const CatalogSnapshot *snapshot, GPtrArray *models)
{
    for (guint i = models->len; catalog_environment(snapshot) && i > 0; i--) {
        if (!((const CatalogObject *)models->pdata[i - 1])->environment) {
            g_ptr_array_remove_index(models, i - 1);
        }
    }
}

bool warehouse_may_change(const CatalogSnapshot *snapshot, const CatalogObject *object, GError **error)
{
    return !catalog_environment(snapshot) || object->environment ||
           base_fail(error, BASE_E_REFERENCE_UNKNOWN,
                     "`%s` is shared with production: `%s` has none of its own", object->full_name,
                     catalog_environment(snapshot));
}

/* ---- told of --------------------------------------------------------------------------------------------
 */

void warehouse_note_environment(Warehouse *warehouse, const char *name, CatalogSnapshot *snapshot)
{
    g_mutex_lock(&warehouse->state_lock);
    if (name) {
        g_hash_table_replace(warehouse->environments, g_strdup(name), catalog_snapshot_ref(snapshot));
    } else {
        g_hash_table_remove_all(warehouse->environments);
    }
    g_mutex_unlock(&warehouse->state_lock);
}

GPtrArray *warehouse_environments_noted(Warehouse *warehouse)
{
    GPtrArray *snapshots = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_snapshot_unref);
    GHashTableIter iter;
    gpointer snapshot;
    g_mutex_lock(&warehouse->state_lock);
    g_hash_table_iter_init(&iter, warehouse->environments);
    while (g_hash_table_iter_next(&iter, NULL, &snapshot)) {
        g_ptr_array_add(snapshots, catalog_snapshot_ref(snapshot));
    }
    g_mutex_unlock(&warehouse->state_lock);
    return snapshots;
}

/* ---- what is built --------------------------------------------------------------------------------------
 */

GHashTable *warehouse_environment_builds(EngineConn *conn, const char *name, GError **error)
{
    EngineValue value = engine_value_text(name);
    return warehouse_query_map(conn,
                               "SELECT model AS k, hash AS v FROM _weir.builds WHERE environment = $1 OR "
                               "(CAST($1 AS VARCHAR) IS NULL AND environment IS NOT NULL)",
                               &value, 1, error);
}

void warehouse_environment_table(const char *id, char **ret_domain, char **ret_name)
{
    const char *colon = strchr(id, ':');
    const char *full_name = colon ? colon + 1 : id;
    const char *dot = strchr(full_name, '.');
    *ret_domain = g_strndup(full_name, dot ? (gsize)(dot - full_name) : 0);
    *ret_name = g_strdup(dot ? dot + 1 : full_name);
}

static bool drop_standing(EngineConn *conn, const WarehouseStanding *standing, const char *domain,
                          const char *name, GError **error)
{
    return warehouse_drop_relation(conn, domain, name, warehouse_relation(standing, domain, name), error);
}

bool warehouse_environment_forget(EngineConn *conn, const WarehouseStanding *standing, const char *id,
                                  GError **error)
{
    g_autofree char *domain = NULL, *name = NULL;
    warehouse_environment_table(id, &domain, &name);
    g_autofree char *view = catalog_history_view(name);
    g_autofree char *history = catalog_history_table(name);
    return drop_standing(conn, standing, domain, name, error) &&
           drop_standing(conn, standing, domain, view, error) &&
           drop_standing(conn, standing, domain, history, error) && warehouse_state_forget(conn, id, error);
}

/* ---- as it is -------------------------------------------------------------------------------------------
 */

static const char *state_of(const CatalogObject *model, const WarehouseStanding *standing, GHashTable *held)
{
    const char *built = warehouse_built_hash(standing, model->id);
    return g_hash_table_contains(held, model->id)            ? "held"
           : built && g_str_equal(built, model->fingerprint) ? "built"
                                                             : "to_build";
}

static json_t *model_to_json(const CatalogObject *model, const char *state, const json_t *last)
{
    json_t *row = json_object();
    base_json_set_string(row, "model", model->plain_full_name);
    base_json_set_string(row, "id", model->id);
    base_json_set_string(row, "table", model->full_name);
    base_json_set_string(row, "kind", catalog_model_kind_name(model->model->kind));
    base_json_set_string(row, "state", state);
    json_object_set_new(row, "rows", last ? json_incref(json_object_get(last, "rows")) : json_null());
    base_json_set_time(row, "built", base_json_int(last, "started_us", 0));
    return row;
}

static json_t *to_json(EngineConn *conn, CatalogSnapshot *environment, const WarehouseStanding *standing,
                       GError **error)
{
    g_autoptr(GHashTable) held = warehouse_hold_read(conn, error);
    g_autoptr(json_t) last = held ? warehouse_state_last_runs(conn, error) : NULL;
    g_autoptr(GPtrArray) order = last ? catalog_model_order(environment, error) : NULL;
    if (!order) {
        return NULL;
    }
    json_t *models = json_array();
    gint64 n_shared = 0, n_to_build = 0;
    for (guint i = 0; i < order->len; i++) {
        const CatalogObject *model = order->pdata[i];
        if (!model->environment) {
            n_shared++;
            continue;
        }
        const char *state = state_of(model, standing, held);
        n_to_build += g_str_equal(state, "to_build");
        json_array_append_new(models, model_to_json(model, state, json_object_get(last, model->id)));
    }
    json_t *answer = json_object();
    base_json_set_string(answer, "environment", catalog_environment(environment));
    base_json_set_int(answer, "own", (gint64)json_array_size(models));
    base_json_set_int(answer, "shared", n_shared);
    base_json_set_int(answer, "to_build", n_to_build);
    json_object_set_new(answer, "models", models);
    return answer;
}

json_t *warehouse_environment_to_json(Warehouse *warehouse, CatalogSnapshot *environment, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    WarehouseStanding standing = {0};
    if (!conn || !warehouse_standing_read(conn, &standing, error)) {
        return NULL;
    }
    json_t *answer = to_json(conn, environment, &standing, error);
    warehouse_standing_clear(&standing);
    return answer;
}

/* ---- apply, drop ----------------------------------------------------------------------------------------
 */

typedef struct {
    const char *name;
    CatalogSnapshot *environment; /* NULL = it goes */
} Keep;

static bool make_schemas(EngineConn *conn, CatalogSnapshot *environment, GError **error)
{
    const GPtrArray *objects = catalog_objects(environment);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if (!object->environment) {
            continue;
        }
        g_autoptr(GString) sql = g_string_new("CREATE SCHEMA IF NOT EXISTS ");
        engine_sql_append_name(sql, object->domain);
        if (!engine_exec(conn, sql->str, error)) {
            return false;
        }
    }
    return true;
}

/* On the committer: what the environment has not of its own any more goes. */
static bool keep_work(EngineConn *conn, void *user, GError **error)
{
    const Keep *keep = user;
    g_autoptr(GHashTable) builds = warehouse_environment_builds(conn, keep->name, error);
    WarehouseStanding standing = {0};
    if (!builds || !warehouse_standing_read(conn, &standing, error)) {
        return false;
    }
    bool ok = !keep->environment || make_schemas(conn, keep->environment, error);
    GHashTableIter iter;
    gpointer id;
    g_hash_table_iter_init(&iter, builds);
    while (ok && g_hash_table_iter_next(&iter, &id, NULL)) {
        const CatalogObject *own = keep->environment ? catalog_by_id(keep->environment, id) : NULL;
        ok = (own && own->environment) || warehouse_environment_forget(conn, &standing, id, error);
    }
    warehouse_standing_clear(&standing);
    return ok;
}

/* Tables beside that were built already may be what a promotion that was cut off has still to swap in: they
 * go only when the environment is applied again. */
bool warehouse_environment_apply(Warehouse *warehouse, CatalogSnapshot *environment, CatalogSnapshot *branch,
                                 const char *user, const char *note, GError **error)
{
    Keep keep = {catalog_environment(environment), environment};
    warehouse_claim_all(warehouse);
    bool ok =
        catalog_store_put_environment(warehouse->store, keep.name, catalog_store_current(warehouse->store),
                                      branch, user, note, error) &&
        intake_transact(warehouse->intake, keep_work, &keep, error);
    warehouse_release_all(warehouse);
    return ok;
}

bool warehouse_environment_drop(Warehouse *warehouse, const char *name, GError **error)
{
    Keep keep = {name, NULL};
    warehouse_claim_all(warehouse);
    bool ok = intake_transact(warehouse->intake, keep_work, &keep, error);
    if (ok && BASE_FAULT("environment.dropped")) {
        ok = base_fail(error, BASE_E_FILE_IO, "a fault was asked for before the environment is forgotten");
    }
    ok = ok && catalog_store_remove_environment(warehouse->store, name, error);
    warehouse_release_all(warehouse);
    return ok;
}
