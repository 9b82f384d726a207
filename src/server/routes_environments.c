/* Routes of environments: plan and apply of a branch, what there is, drop, promote. */
#include "base/time.h"
#include "server/environments.h"
#include "server/routes_int.h"

CatalogSnapshot *call_snapshot(const ServerCall *call, GError **error)
{
    const char *name = base_json_string(call->body, "env", call_query(call, "env", NULL));
    return server_app_environment(call->app, name, error);
}

/* ---- plan, apply ----------------------------------------------------------------------------------------
 */

typedef struct {
    const char *name;
    CatalogSnapshot *branch, *environment; /* references */
    CatalogDiff *diff;                     /* production's definitions -> the branch's */
} Branch;

static void branch_clear(Branch *branch)
{
    g_clear_pointer(&branch->diff, catalog_diff_free);
    g_clear_pointer(&branch->branch, catalog_snapshot_unref);
    g_clear_pointer(&branch->environment, catalog_snapshot_unref);
}

/* The project's files as the environment that the body names. The standard is told of, not enforced: a draft
 * may break it. */
static bool read_files(ServerCall *call, Branch *ret, GError **error)
{
    *ret = (Branch){.name = base_json_string(call->body, "env", "")};
    if (!catalog_environment_name_ok(ret->name, error) || !(ret->branch = route_read_project(call, error))) {
        return false;
    }
    g_autoptr(CatalogSnapshot) production = server_app_snapshot(call->app);
    ret->diff = catalog_diff(production, ret->branch);
    if (!route_may_write(call, ret->diff, error) ||
        !route_hold_to_standard(call, ret->branch, false, error)) {
        return false;
    }
    ret->environment = server_app_environment_of(call->app, ret->branch, ret->name, error);
    return ret->environment != NULL;
}

static json_t *plan_to_json(ServerCall *call, const Branch *branch, GError **error)
{
    Warehouse *warehouse = server_app_warehouse(call->app);
    g_autoptr(json_t) plan = warehouse_plan_to_json(warehouse, branch->diff, error);
    json_t *own = plan ? warehouse_environment_to_json(warehouse, branch->environment, error) : NULL;
    if (!own) {
        return NULL;
    }
    json_object_set_new(plan, "environment", own);
    json_object_set(plan, "warnings", call->diagnostics);
    return g_steal_pointer(&plan);
}

bool route_environment_plan(ServerCall *call, GError **error)
{
    Branch branch;
    json_t *plan = read_files(call, &branch, error) ? plan_to_json(call, &branch, error) : NULL;
    branch_clear(&branch);
    return plan && call_json(call, plan);
}

static bool check_plan(ServerCall *call, const CatalogDiff *diff, GError **error)
{
    const char *wanted = base_json_string(call->body, "plan", NULL);
    if (!wanted || g_str_equal(wanted, diff->id)) {
        return true;
    }
    base_fail(error, BASE_E_PLAN_STALE, "plan %s is stale: the files or what is applied changed since",
              wanted);
    base_error_not_done(error, "Nothing was changed.");
    return false;
}

static bool apply_locked(ServerCall *call, Branch *branch, GError **error)
{
    if (!read_files(call, branch, error) || !check_plan(call, branch->diff, error) ||
        !warehouse_environment_apply(server_app_warehouse(call->app), branch->environment, branch->branch,
                                     access_user_name(call->user), base_json_string(call->body, "note", NULL),
                                     error)) {
        return false;
    }
    server_app_environments_changed(call->app);
    json_t *answer = plan_to_json(call, branch, error);
    return answer && call_json(call, answer);
}

bool route_environment_apply(ServerCall *call, GError **error)
{
    Branch branch = {0};
    server_app_lock_definitions(call->app);
    bool ok = apply_locked(call, &branch, error);
    server_app_unlock_definitions(call->app);
    branch_clear(&branch);
    call_audit(call, "apply", base_json_string(call->body, "env", NULL), NULL, ok);
    return ok;
}

/* ---- looking ---------------------------------------------------------------------------------------------
 */

/* The row of the store with what the environment has of its own; one that fits production no more says why.
 */
static json_t *row_to_json(ServerCall *call, const json_t *stored, GError **error)
{
    const char *name = base_json_string(stored, "name", "");
    g_autoptr(GError) why = NULL;
    g_autoptr(CatalogSnapshot) snapshot = server_app_environment(call->app, name, &why);
    json_t *row = json_object();
    base_json_set_string(row, "environment", name);
    if (snapshot) {
        json_decref(row);
        row = warehouse_environment_to_json(server_app_warehouse(call->app), snapshot, error);
    }
    if (row) {
        base_json_set_int(row, "base", base_json_int(stored, "base", 0));
        base_json_set_time(row, "applied", base_json_int(stored, "at_us", 0));
        base_json_set_string(row, "user", base_json_string(stored, "user", ""));
        base_json_set_string(row, "note", base_json_string(stored, "note", ""));
        base_json_set_string(row, "problem", why ? why->message : NULL);
    }
    return row;
}

bool route_environments(ServerCall *call, GError **error)
{
    g_autoptr(json_t) stored = catalog_store_environments(server_app_store(call->app), error);
    g_autoptr(json_t) list = json_array();
    size_t i;
    json_t *row;
    json_array_foreach (stored, i, row) {
        json_t *told = row_to_json(call, row, error);
        if (!told) {
            return false;
        }
        json_object_del(told, "models"); /* those of one environment: its own route */
        json_array_append_new(list, told);
    }
    return stored && call_json(call, json_pack("{s:O}", "environments", list));
}

bool route_environment(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_environment(call->app, call_param(call, "name"), error);
    json_t *answer =
        snapshot ? warehouse_environment_to_json(server_app_warehouse(call->app), snapshot, error) : NULL;
    if (!answer) {
        return false;
    }
    json_t *models = json_object_get(answer, "models"), *row;
    for (size_t i = json_array_size(models); i > 0; i--) {
        row = json_array_get(models, i - 1);
        const CatalogObject *model = catalog_by_id(snapshot, base_json_string(row, "id", ""));
        if (!model || !access_can_see(call->user, model)) {
            json_array_remove(models, i - 1);
        }
    }
    return call_json(call, answer);
}

/* ---- drop, promote ---------------------------------------------------------------------------------------
 */

bool route_environment_drop(ServerCall *call, GError **error)
{
    const char *name = call_param(call, "name");
    if (!access_check(call->user, ACCESS_WRITE, NULL, error)) {
        return false;
    }
    server_app_lock_definitions(call->app);
    g_autoptr(CatalogSnapshot) branch = server_app_branch(call->app, name, NULL, error);
    bool ok = branch && warehouse_environment_drop(server_app_warehouse(call->app), name, error);
    server_app_environments_changed(call->app);
    server_app_unlock_definitions(call->app);
    call_audit(call, "drop_environment", name, NULL, ok);
    return ok && call_json(call, json_pack("{s:s, s:b}", "environment", name, "dropped", 1));
}

static bool promote_locked(ServerCall *call, const char *name, char **allow_drop, GError **error)
{
    gint64 base = 0;
    g_autoptr(CatalogSnapshot) branch = server_app_branch(call->app, name, &base, error);
    g_autoptr(CatalogSnapshot) environment = branch ? server_app_environment(call->app, name, error) : NULL;
    if (!environment) {
        return false;
    }
    g_autoptr(CatalogSnapshot) production = server_app_snapshot(call->app);
    g_autoptr(CatalogDiff) diff = catalog_diff(production, branch);
    if (!route_may_write(call, diff, error) || !route_hold_to_standard(call, branch, true, error)) {
        return false;
    }
    const WarehousePromotion promotion = {.environment = environment,
                                          .diff = diff,
                                          .base = base,
                                          .allow_drop = (const char *const *)allow_drop,
                                          .unbuilt = base_json_bool(call->body, "unbuilt", false),
                                          .user = access_user_name(call->user),
                                          .note = base_json_string(call->body, "note", NULL)};
    json_t *answer = NULL;
    gint64 before = catalog_store_current(server_app_store(call->app));
    bool ok = warehouse_environment_promote(server_app_warehouse(call->app), &promotion, &answer, error);
    if (catalog_store_current(server_app_store(call->app)) != before) { /* also when the swap failed */
        server_app_set_snapshot(call->app, branch);
    }
    server_app_environments_changed(call->app);
    if (!ok) {
        json_decref(answer);
        return false;
    }
    json_object_set(answer, "warnings", call->diagnostics);
    return call_json(call, answer);
}

bool route_environment_promote(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"allow_drop", "note", "unbuilt", NULL};
    const char *name = call_param(call, "name");
    g_auto(GStrv) allow_drop = NULL;
    if (!call_body(call, KNOWN, error) || !call_body_texts(call, "allow_drop", &allow_drop, error)) {
        return false;
    }
    server_app_lock_definitions(call->app);
    bool ok = promote_locked(call, name, allow_drop, error);
    server_app_unlock_definitions(call->app);
    call_audit(call, "promote", name, NULL, ok);
    return ok;
}
