/* Routes for looking at features: lists, one view, search, history, difference; versions forgotten, projects
 * archived. */
#include "features/store.h"
#include "server/features_rights.h"
#include "server/features_tables.h"
#include "server/routes_int.h"

#define SEARCH_MAX 1000

/* A view that is declared no more has no object: then whoever may write definitions sees it. */
static bool may_see(const ServerCall *call, const CatalogSnapshot *snapshot, CatalogKind kind,
                    const json_t *row, const char *name)
{
    const CatalogObject *object = server_features_object(snapshot, kind, base_json_string(row, "domain", ""),
                                                         base_json_string(row, name, ""));
    return object ? access_can_see(call->user, object) : access_check(call->user, ACCESS_WRITE, NULL, NULL);
}

static void keep_seen(const ServerCall *call, CatalogKind kind, json_t *rows, const char *name)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    for (size_t i = json_array_size(rows); i-- > 0;) {
        if (!may_see(call, snapshot, kind, json_array_get(rows, i), name)) {
            json_array_remove(rows, i);
        }
    }
}

bool route_features(ServerCall *call, GError **error)
{
    bool archived = false;
    g_autoptr(FeaturesRegistry) registry = features_registry(server_app_features(call->app));
    const char *project = features_registry_project(registry);
    if (!features_registry_archived(server_app_store(call->app), project, &archived, error)) {
        return false;
    }
    json_t *answer = features_registry_list(registry);
    keep_seen(call, CATALOG_FEATURE_VIEW, json_object_get(answer, "views"), "view");
    keep_seen(call, CATALOG_FEATURE_SERVICE, json_object_get(answer, "services"), "service");
    json_object_set_new(answer, "archived", json_boolean(archived));
    return call_json(call, answer);
}

static json_t *used_by(const CatalogSnapshot *snapshot, const CatalogObject *object)
{
    json_t *out = json_array();
    g_autoptr(GPtrArray) below = object ? catalog_downstream(snapshot, object) : g_ptr_array_new();
    for (guint i = 0; i < below->len; i++) {
        const CatalogObject *one = g_ptr_array_index(below, i);
        json_array_append_new(out, json_string(one->id));
    }
    return out;
}

/* The view as JSON when the caller may see it. */
static json_t *seen_view(const ServerCall *call, const FeaturesRegistry *registry, const char *name,
                         GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const FeaturesView *view = features_registry_view(registry, name, error);
    g_autoptr(json_t) json = view ? features_view_to_json(view) : NULL;
    if (!json) {
        return NULL;
    }
    if (!may_see(call, snapshot, CATALOG_FEATURE_VIEW, json, "view")) {
        base_fail(error, BASE_E_FORBIDDEN, "user `%s` has no right on feature view `%s`",
                  access_user_name(call->user), name);
        return NULL;
    }
    json_object_set_new(
        json, "used_by",
        used_by(snapshot, server_features_object(snapshot, CATALOG_FEATURE_VIEW, view->domain, view->name)));
    return g_steal_pointer(&json);
}

bool route_features_view(ServerCall *call, GError **error)
{
    g_autoptr(FeaturesRegistry) registry = features_registry(server_app_features(call->app));
    g_autoptr(json_t) view = seen_view(call, registry, call_param(call, "view"), error);
    if (!view) {
        return false;
    }
    g_autofree char *full = *base_json_string(view, "domain", "")
                                ? g_strdup_printf("%s.%s", base_json_string(view, "domain", ""),
                                                  base_json_string(view, "view", ""))
                                : g_strdup(base_json_string(view, "view", ""));
    json_t *history = features_registry_history(server_app_store(call->app), full, error);
    if (!history) {
        return false;
    }
    json_object_set_new(view, "versions", history);
    return call_json(call, g_steal_pointer(&view));
}

bool route_features_search(ServerCall *call, GError **error)
{
    size_t limit;
    g_autoptr(FeaturesRegistry) registry = features_registry(server_app_features(call->app));
    json_t *hits = call_limit(call, 50, SEARCH_MAX, &limit, error)
                       ? features_registry_search(registry, call_query(call, "text", ""), limit, error)
                       : NULL;
    if (!hits) {
        return false;
    }
    keep_seen(call, CATALOG_FEATURE_VIEW, hits, "view");
    return call_json(call, json_pack("{s:o}", "features", hits));
}

bool route_features_history(ServerCall *call, GError **error)
{
    json_t *history =
        features_registry_history(server_app_store(call->app), call_query(call, "view", NULL), error);
    if (!history) {
        return false;
    }
    keep_seen(call, CATALOG_FEATURE_VIEW, history, "view");
    return call_json(call, json_pack("{s:o}", "versions", history));
}

bool route_features_diff(ServerCall *call, GError **error)
{
    const char *before = call_query(call, "before", ""), *after = call_query(call, "after", "");
    g_autoptr(FeaturesRegistry) registry = features_registry(server_app_features(call->app));
    g_autoptr(json_t) a = seen_view(call, registry, before, error);
    g_autoptr(json_t) b = a ? seen_view(call, registry, after, error) : NULL;
    json_t *diff = b ? features_registry_diff(registry, before, after, error) : NULL;
    return diff && call_json(call, diff);
}

/* What is kept of it goes before it does, so that a prune that was cut off can be done again. */
static bool prune_taken(ServerCall *call, const FeaturesRegistry *registry, const FeaturesView *view,
                        const char *version, gint64 *ret_rows, GError **error)
{
    Features *features = server_app_features(call->app);
    if (!server_features_table_drop(call->app, registry, view, error) ||
        !features_forget_version(features, view, ret_rows, error) ||
        !features_registry_prune(server_app_store(call->app), registry, version, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    return features_refresh(features, snapshot, access_user_name(call->user), error);
}

static bool prune(ServerCall *call, const char *version, gint64 *ret_rows, GError **error)
{
    Features *features = server_app_features(call->app);
    g_autoptr(FeaturesRegistry) registry = features_registry(features);
    const FeaturesView *view = features_registry_prunable(registry, version, error);
    if (!view) {
        return false;
    }
    features_keep_pushes_out(features, view->name);
    bool ok = prune_taken(call, registry, view, version, ret_rows, error);
    features_let_pushes_in(features, view->name);
    return ok;
}

bool route_features_prune(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"version", NULL};
    gint64 rows = 0;
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    const char *version = base_json_string(call->body, "version", "");
    server_app_lock_definitions(call->app);
    bool ok = prune(call, version, &rows, error);
    server_app_unlock_definitions(call->app);
    call_audit(call, "features prune", version, NULL, ok);
    return ok && call_json(call, json_pack("{s:s, s:I}", "pruned", version, "online_rows", (json_int_t)rows));
}

bool route_features_archive(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"archived", NULL};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    bool archive = base_json_bool(call->body, "archived", true);
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const char *project = catalog_project_name(snapshot);
    bool ok = features_registry_archive(server_app_store(call->app), project, archive,
                                        access_user_name(call->user), error);
    call_audit(call, archive ? "archive" : "unarchive", project, NULL, ok);
    return ok && call_json(call, json_pack("{s:s, s:b}", "project", project, "archived", archive));
}
