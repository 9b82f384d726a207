/* Writing features: push, materialise, erase; in Feast's words and in Weir's. */
#include "base/time.h"
#include "features/store.h"
#include "server/features_rights.h"
#include "server/routes_int.h"

static bool not_archived(const ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    return features_registry_may_write(server_app_store(call->app), catalog_project_name(snapshot), error);
}

/* The user has `right` on the view named. */
static bool may(const ServerCall *call, const char *name, AccessRight right, GError **error)
{
    g_autoptr(FeaturesRegistry) registry = features_registry(server_app_features(call->app));
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const FeaturesView *view = features_registry_view(registry, name, error);
    return view && server_features_may(call, snapshot, view, right, error);
}

/* All views (NULL) are an administrator's. */
static bool may_all(const ServerCall *call, const char *name, AccessRight right, GError **error)
{
    return name ? may(call, name, right, error) : access_check(call->user, ACCESS_ADMIN, NULL, error);
}

/* ---- push ------------------------------------------------------------------------------------------------
 */

static bool to_of(const char *text, unsigned *ret, GError **error)
{
    *ret = g_str_equal(text, "online")    ? FEATURES_TO_ONLINE
           : g_str_equal(text, "offline") ? FEATURES_TO_OFFLINE
           : g_str_equal(text, "online_and_offline") || g_str_equal(text, "both")
               ? FEATURES_TO_ONLINE | FEATURES_TO_OFFLINE
               : 0;
    return *ret || base_fail(error, BASE_E_REQUEST_INVALID,
                             "`to` is online, offline or online_and_offline, not `%s`", text);
}

static bool push(ServerCall *call, const char *view, unsigned to, GError **error)
{
    static const CallMember MEMBERS[] = {
        {"to", JSON_STRING}, {"push_source_name", JSON_STRING}, {"view", JSON_STRING}};
    const json_t *df = json_object_get(call->body, "df");
    if (!call_members(call->body, MEMBERS, G_N_ELEMENTS(MEMBERS), error)) {
        return false;
    }
    if (!view || !json_is_object(df)) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "a push names a view, and `df`: {column: [values]}");
    }
    if (!may(call, view, ACCESS_LOAD, error) || !not_archived(call, error)) {
        return false;
    }
    FeaturesPushed pushed;
    bool ok = features_push(server_app_features(call->app), view, df, to, access_user_name(call->user),
                            &pushed, error);
    if (ok) {
        call->json = json_pack("{s:I, s:I, s:I, s:I, s:O}", "rows", (json_int_t)pushed.rows, "written",
                               (json_int_t)pushed.written, "skipped", (json_int_t)pushed.skipped, "rejected",
                               (json_int_t)pushed.rejected, "rejects", pushed.rejects);
    }
    features_pushed_clear(&pushed);
    return ok;
}

bool route_push(ServerCall *call, GError **error)
{
    unsigned to = 0;
    return to_of(base_json_string(call->body, "to", "online"), &to, error) &&
           push(call,
                base_json_string(call->body, "push_source_name", base_json_string(call->body, "view", NULL)),
                to, error);
}

/* Feast's remote store sends `event_timestamp` and `created` whatever the view's columns are called, and
 * `created` also where a view has none. `own` = the view's name for it, NULL = none. */
static void rename_time(json_t *df, const char *name, const char *own)
{
    g_autoptr(json_t) given = json_incref(json_object_get(df, name));
    if (given && g_strcmp0(name, own) != 0 && !(own && json_object_get(df, own))) {
        json_object_del(df, name);
        if (own) {
            json_object_set(df, own, given);
        }
    }
}

bool route_write_to_online_store(ServerCall *call, GError **error)
{
    const char *name = base_json_string(call->body, "feature_view_name", NULL);
    json_t *df = json_object_get(call->body, "df");
    g_autoptr(FeaturesRegistry) registry = features_registry(server_app_features(call->app));
    const FeaturesView *view = name ? features_registry_view(registry, name, NULL) : NULL;
    if (view && json_is_object(df)) {
        rename_time(df, "event_timestamp", view->time);
        rename_time(df, "created", view->created);
    }
    return push(call, name, FEATURES_TO_ONLINE, error);
}

/* ---- materialise
 * -------------------------------------------------------------------------------------------- */

static json_t *done_to_json(const FeaturesMaterialisedList *list)
{
    json_t *views = json_array();
    for (guint i = 0; i < list->items->len; i++) {
        const FeaturesMaterialised *done = &g_array_index(list->items, FeaturesMaterialised, i);
        json_t *row = json_object();
        base_json_set_string(row, "view", done->view->name);
        base_json_set_int(row, "version", done->view->version);
        base_json_set_time(row, "start", done->start_us);
        base_json_set_time(row, "end", done->end_us);
        base_json_set_int(row, "read", done->read);
        base_json_set_int(row, "written", done->written);
        base_json_set_int(row, "skipped", done->skipped);
        base_json_set_int(row, "late", done->late);
        base_json_set_int(row, "rejected", done->rejected);
        base_json_set_int(row, "ms", done->duration_us / 1000);
        json_array_append_new(views, row);
    }
    return json_pack("{s:o}", "views", views);
}

/* A time of the body: text; `fallback` when absent. A time without zone is UTC, as Feast's. */
static bool time_of(const ServerCall *call, const char *key, gint64 fallback, gint64 *ret, GError **error)
{
    const char *text = base_json_string(call->body, key, NULL);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    *ret = fallback;
    return !text || base_time_parse(text, utc, ret) ||
           base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is no time: `%s`", key, text);
}

typedef struct {
    gint cancelled; /* atomic */
} Stop;

static void stop(void *user)
{
    Stop *own = user;
    g_atomic_int_set(&own->cancelled, 1);
}

static bool may_materialise(const ServerCall *call, char **views, GError **error)
{
    if (!not_archived(call, error)) {
        return false;
    }
    if (!views) {
        return access_check(call->user, ACCESS_RUN, NULL, error);
    }
    for (size_t i = 0; views[i]; i++) {
        if (!may(call, views[i], ACCESS_RUN, error)) {
            return false;
        }
    }
    return true;
}

static bool materialise(ServerCall *call, bool incremental, GError **error)
{
    static const CallMember MEMBERS[] = {
        {"start_ts", JSON_STRING}, {"end_ts", JSON_STRING}, {"wait", JSON_TRUE}};
    g_auto(GStrv) views = NULL;
    gint64 start_us = 0, end_us = 0, now_us = base_time_now_us();
    if (!call_members(call->body, MEMBERS, G_N_ELEMENTS(MEMBERS), error) ||
        !call_body_texts(call, "feature_views", &views, error) || !may_materialise(call, views, error) ||
        !time_of(call, "start_ts", G_MININT64, &start_us, error) ||
        !time_of(call, "end_ts", now_us, &end_us, error)) {
        return false;
    }
    if (!incremental && start_us == G_MININT64) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`start_ts` is not given");
    }
    Features *features = server_app_features(call->app);
    g_autoptr(FeaturesMaterialisedList) done = NULL;
    Stop own = {0};
    server_call_on_cancel(call, stop, &own);
    const char *const *names = (const char *const *)views;
    bool wait = base_json_bool(call->body, "wait", true);
    bool ok = incremental ? features_materialise_incremental(features, names, end_us, wait, NULL, NULL,
                                                             &own.cancelled, &done, error)
                          : features_materialise(features, names, start_us, end_us, wait, NULL, NULL,
                                                 &own.cancelled, &done, error);
    server_call_on_cancel(call, NULL, NULL);
    call_audit(call, "materialise", views && views[0] ? views[0] : "*", NULL, ok);
    return ok && call_json(call, done_to_json(done));
}

bool route_materialize(ServerCall *call, GError **error)
{
    return materialise(call, false, error);
}

bool route_materialize_incremental(ServerCall *call, GError **error)
{
    return materialise(call, true, error);
}

bool route_features_materialised(ServerCall *call, GError **error)
{
    const char *view = call_query(call, "view", NULL);
    if (!may_all(call, view, ACCESS_READ, error)) {
        return false;
    }
    json_t *rows = features_materialised(server_app_features(call->app), view, error);
    return rows && call_json(call, json_pack("{s:o}", "intervals", rows));
}

bool route_features_rejects(ServerCall *call, GError **error)
{
    size_t limit = 0;
    const char *view = call_query(call, "view", NULL);
    if (!call_limit(call, 100, 10000, &limit, error) || !may_all(call, view, ACCESS_READ, error)) {
        return false;
    }
    json_t *rows = features_rejects(server_app_features(call->app), view, limit, error);
    return rows && call_json(call, json_pack("{s:o}", "rejects", rows));
}

/* ---- trust
 * ------------------------------------------------------------------------------------------------------ */

bool route_features_status(ServerCall *call, GError **error)
{
    const char *view = call_query(call, "view", NULL);
    if (!may_all(call, view, ACCESS_READ, error)) {
        return false;
    }
    json_t *views = features_status(server_app_features(call->app), view, error);
    return views && call_json(call, json_pack("{s:o}", "views", views));
}

bool route_features_verify(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"view", "entities", NULL};
    static const CallMember MEMBERS[] = {{"view", JSON_STRING}, {"entities", JSON_INTEGER}};
    const char *view = base_json_string(call->body, "view", NULL);
    if (!call_body(call, KNOWN, error) || !call_members(call->body, MEMBERS, G_N_ELEMENTS(MEMBERS), error)) {
        return false;
    }
    if (!view) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`view` is not given");
    }
    if (!may(call, view, ACCESS_READ, error)) {
        return false;
    }
    json_t *answer = features_verify(server_app_features(call->app), view,
                                     base_json_int(call->body, "entities", 1000), error);
    return answer && call_json(call, answer);
}

/* ---- erase
 * ------------------------------------------------------------------------------------------------------ */

bool route_features_erase(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"keys", "view", "online", "offline", NULL};
    static const CallMember MEMBERS[] = {
        {"keys", JSON_OBJECT}, {"view", JSON_STRING}, {"online", JSON_TRUE}, {"offline", JSON_TRUE}};
    const char *view = base_json_string(call->body, "view", NULL);
    if (!call_body(call, KNOWN, error) || !call_members(call->body, MEMBERS, G_N_ELEMENTS(MEMBERS), error) ||
        !may_all(call, view, ACCESS_WRITE, error)) {
        return false;
    }
    FeaturesErased erased;
    bool ok = features_erase(server_app_features(call->app), json_object_get(call->body, "keys"), view,
                             base_json_bool(call->body, "online", true),
                             base_json_bool(call->body, "offline", true), &erased, error);
    g_autofree char *keys = base_json_text(json_object_get(call->body, "keys"));
    call_audit(call, "erase features", view ? view : "*", keys, ok);
    return ok && call_json(call, json_pack("{s:I, s:I}", "online_rows", (json_int_t)erased.online_rows,
                                           "offline_rows", (json_int_t)erased.offline_rows));
}
