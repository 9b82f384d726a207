/* Routes of the end of data: plan, apply, restore, archives, erasure. */
#include "base/time.h"
#include "server/environments.h"
#include "server/routes_int.h"
#include "server/session_int.h"
#include "server/usage.h"

#define HISTORY_MAX 10000

static const CatalogObject *named_table(const ServerCall *call, const CatalogSnapshot *snapshot,
                                        const char *name, GError **error)
{
    const CatalogObject *object = catalog_find(snapshot, name, NULL, error);
    if (object && object->kind != CATALOG_TABLE && object->kind != CATALOG_MODEL) {
        base_fail(error, BASE_E_TABLE_UNKNOWN, "`%s` is a %s, not a table", name,
                  catalog_kind_name(object->kind));
        return NULL;
    }
    return object && access_check(call->user, ACCESS_READ, object, error) ? object : NULL;
}

/* The record of use as it is at this moment. New reference. */
static json_t *usage_now(ServerCall *call, CatalogSnapshot *snapshot, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    return conn && server_usage_write(server_app_sql(call->app)->usage, server_app_intake(call->app),
                                      snapshot, error)
               ? server_usage_read(conn, error)
               : NULL;
}

/* What every request asks: the right, the table, the day. `usage` keeps what the ask borrows. */
static bool read_ask(ServerCall *call, CatalogSnapshot *snapshot, const char *table, const char *at,
                     AccessRight right, LifecycleAsk *ask, json_t **usage, GError **error)
{
    *ask = (LifecycleAsk){.snapshot = snapshot, .at = at, .user = access_user_name(call->user)};
    if (!access_check(call->user, right, NULL, error) ||
        (table && !(ask->table = named_table(call, snapshot, table, error))) ||
        !(*usage = usage_now(call, snapshot, error))) {
        return false;
    }
    ask->usage = *usage;
    return true;
}

bool route_lifecycle(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(json_t) usage = NULL;
    LifecycleAsk ask;
    json_t *plan = NULL;
    return read_ask(call, snapshot, call_query(call, "table", NULL), call_query(call, "at", NULL), ACCESS_RUN,
                    &ask, &usage, error) &&
           lifecycle_plan(server_app_lifecycle(call->app), &ask, &plan, error) && call_json(call, plan);
}

bool route_lifecycle_apply(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"plan", "table", "at", NULL};
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(json_t) usage = NULL;
    LifecycleAsk ask;
    json_t *answer = NULL;
    if (!call_body(call, KNOWN, error) ||
        !read_ask(call, snapshot, base_json_string(call->body, "table", NULL),
                  base_json_string(call->body, "at", NULL), ACCESS_ADMIN, &ask, &usage, error)) {
        return false;
    }
    const char *plan = base_json_string(call->body, "plan", NULL);
    bool ok = lifecycle_apply(server_app_lifecycle(call->app), &ask, plan, &answer, error);
    g_autofree char *detail = ok ? base_json_text(json_object_get(answer, "done"))
                                 : g_strdup(error && *error ? (*error)->message : NULL);
    call_audit(call, "lifecycle apply", ask.table ? ask.table->full_name : NULL, detail, ok);
    return ok && call_json(call, answer);
}

bool route_lifecycle_restore(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"table", "partition", NULL};
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    json_t *answer = NULL;
    if (!call_body(call, KNOWN, error) || !access_check(call->user, ACCESS_ADMIN, NULL, error)) {
        return false;
    }
    const char *day = base_json_string(call->body, "partition", "");
    const CatalogObject *table =
        named_table(call, snapshot, base_json_string(call->body, "table", ""), error);
    LifecycleAsk ask = {.snapshot = snapshot, .table = table, .user = access_user_name(call->user)};
    if (!table) {
        return false;
    }
    bool ok = lifecycle_restore(server_app_lifecycle(call->app), &ask, day, &answer, error);
    call_audit(call, "lifecycle restore", table->full_name, day, ok);
    return ok && call_json(call, answer);
}

bool route_lifecycle_list(ServerCall *call, GError **error)
{
    size_t limit;
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const char *view = call_param(call, "view"), *name = call_query(call, "table", NULL);
    const CatalogObject *table = name ? named_table(call, snapshot, name, error) : NULL;
    if ((name && !table) || !access_check(call->user, ACCESS_RUN, NULL, error) ||
        !call_limit(call, 100, HISTORY_MAX, &limit, error)) {
        return false;
    }
    Lifecycle *lifecycle = server_app_lifecycle(call->app);
    bool archives = g_str_equal(view, "archives");
    if (!archives && !g_str_equal(view, "history")) {
        return base_fail(error, BASE_E_ROUTE_UNKNOWN, "no such address: archives, history");
    }
    json_t *rows =
        archives ? lifecycle_archives(lifecycle, table, error) : lifecycle_history(lifecycle, limit, error);
    return rows && call_json(call, json_pack("{s:o}", view, rows));
}

/* ---- erasure -------------------------------------------------------------------------------------- */

static const CatalogObject *named_entity(const CatalogSnapshot *snapshot, const char *name, GError **error)
{
    g_autofree char *id = g_strdup_printf("entity:%s", name);
    const CatalogObject *object = catalog_find(snapshot, strchr(name, ':') ? name : id, NULL, error);
    if (object && object->kind != CATALOG_ENTITY) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "`%s` is a %s, not an entity", name,
                  catalog_kind_name(object->kind));
        return NULL;
    }
    return object;
}

static bool read_erase(ServerCall *call, CatalogSnapshot *snapshot, LifecycleErase *erase, GError **error)
{
    const char *entity = base_json_string(call->body, "entity", NULL),
               *table = base_json_string(call->body, "table", NULL);
    erase->key = base_json_string(call->body, "key", NULL);
    erase->where = base_json_string(call->body, "where", NULL);
    erase->dry = base_json_bool(call->body, "dry", false);
    bool person = entity && erase->key && !table && !erase->where;
    bool condition = table && erase->where && *erase->where && !entity && !erase->key;
    if (!person && !condition) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`entity` with `key`, or `table` with `where`");
    }
    if (person) {
        erase->entity = named_entity(snapshot, entity, error);
        return erase->entity != NULL;
    }
    erase->ask.table = named_table(call, snapshot, table, error);
    return erase->ask.table && route_check_where(erase->where, error);
}

/* CatalogSnapshot*, and the names of those that cannot be read. */
static bool all_environments(ServerApp *app, GPtrArray *ret_read, GPtrArray *ret_unread, GError **error)
{
    g_autoptr(json_t) rows = catalog_store_environments(server_app_store(app), error);
    size_t i;
    const json_t *row;
    json_array_foreach (rows, i, row) {
        const char *name = base_json_string(row, "name", "");
        g_autoptr(GError) why = NULL;
        CatalogSnapshot *snapshot = server_app_environment(app, name, &why);
        if (snapshot) {
            g_ptr_array_add(ret_read, snapshot);
        } else {
            g_ptr_array_add(ret_unread, g_strdup(name));
        }
    }
    return rows != NULL;
}

/* With the definitions locked: what is defined stays so until it is done. */
static bool erase_locked(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_snapshot_unref);
    g_autoptr(GPtrArray) unread = g_ptr_array_new_with_free_func(g_free);
    LifecycleErase erase = {.ask = {.snapshot = snapshot, .user = access_user_name(call->user)},
                            .warehouse = server_app_warehouse(call->app),
                            .environments = read,
                            .unread = unread};
    json_t *answer = NULL;
    if (!all_environments(call->app, read, unread, error) || !read_erase(call, snapshot, &erase, error)) {
        return false;
    }
    bool ok = lifecycle_erase(server_app_lifecycle(call->app), &erase, &answer, error);
    const CatalogObject *about = erase.entity ? erase.entity : erase.ask.table;
    if (!erase.dry) {
        /* what went where; the key itself is not written down */
        g_autoptr(json_t) counts = json_copy(answer);
        json_object_del(counts, "archives");
        json_object_del(counts, "not_possible");
        g_autofree char *detail = ok ? base_json_text(counts) : g_strdup("failed");
        call_audit(call, "erase", about->full_name, detail, ok);
    }
    return ok && call_json(call, answer);
}

bool route_erase(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"entity", "key", "table", "where", "dry", NULL};
    if (!call_body(call, KNOWN, error) || !access_check(call->user, ACCESS_ADMIN, NULL, error)) {
        return false;
    }
    server_app_lock_definitions(call->app);
    bool ok = erase_locked(call, error);
    server_app_unlock_definitions(call->app);
    return ok;
}
