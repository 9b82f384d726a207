/* Who asks: Basic, Bearer or the page's session cookie.
 *
 * A cookie is sent by the browser whether the user meant it or not. SameSite=Strict keeps other sites'
 * requests from carrying it; beside that a request that changes something must come from our own page
 * (Origin, Sec-Fetch-Site). */
#include "base/text.h"
#include "server/http/http_int.h"
#include "server/metrics.h"
#include "server/routes_int.h"

/* "http://127.0.0.1:8030" is ours when its host and port are the Host header's. */
static bool from_own_page(const ServerCall *call)
{
    const char *site = call_header(call, "sec-fetch-site"), *origin = call_header(call, "origin");
    const char *host = call_header(call, "host");
    if (site && !g_str_equal(site, "same-origin") && !g_str_equal(site, "none")) {
        return false;
    }
    const char *scheme = origin ? strstr(origin, "://") : NULL;
    return !origin || (scheme && host && g_str_equal(scheme + 3, host));
}

/* "name\0password"; *ret_password points into it. */
static char *basic_pair(const char *encoded, char **ret_password, GError **error)
{
    gsize len = 0;
    g_autofree guchar *decoded = g_base64_decode(encoded, &len);
    g_autofree char *pair = g_strndup((const char *)decoded, len);
    char *colon = strchr(pair, ':');
    if (!colon || strlen(pair) != len || !base_text_utf8_valid(pair, len)) {
        base_fail(error, BASE_E_SIGN_IN, "no valid Basic authorization");
        return NULL;
    }
    *colon = '\0';
    *ret_password = colon + 1;
    return g_steal_pointer(&pair);
}

static AccessUser *by_basic(ServerCall *call, CatalogSnapshot *snapshot, const char *encoded, GError **error)
{
    char *password = NULL;
    g_autofree char *pair = basic_pair(encoded, &password, error);
    if (!pair) {
        return NULL;
    }
    Access *access = server_app_access(call->app);
    if (g_str_has_prefix(password, "weir_")) { /* clients that know only Basic may use a token as password */
        return access_sign_in_token(access, snapshot, password, error);
    }
    AccessUser *user = route_try_password(call, snapshot, pair, password, error);
    if (!user) {
        access_audit(access, pair, "sign in", "http", call->peer, false);
    }
    return user;
}

static AccessUser *by_cookie(ServerCall *call, CatalogSnapshot *snapshot, const char *token, GError **error)
{
    bool reads = g_str_equal(call->method, "GET") || g_str_equal(call->method, "HEAD");
    if (!reads && !from_own_page(call)) {
        base_fail(error, BASE_E_FORBIDDEN, "the request comes from another site");
        return NULL;
    }
    return access_sign_in_token(server_app_access(call->app), snapshot, token, error);
}

static AccessUser *find_user(ServerCall *call, GError **error)
{
    const char *authorization = call_header(call, "authorization");
    g_autofree char *cookie = route_session_token(call);
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    if (authorization && !g_ascii_strncasecmp(authorization, "Basic ", 6)) {
        return by_basic(call, snapshot, authorization + 6, error);
    }
    if (authorization && !g_ascii_strncasecmp(authorization, "Bearer ", 7)) {
        return access_sign_in_token(server_app_access(call->app), snapshot, authorization + 7, error);
    }
    if (cookie) {
        return by_cookie(call, snapshot, cookie, error);
    }
    base_fail(error, BASE_E_SIGN_IN, "no valid Basic authorization");
    base_error_hint(error, "sign in with a user and password (Basic) or a token (Bearer)");
    return NULL;
}

/* Clients of Feast bring no credentials. */
static AccessUser *find_guest(HttpRequest *request)
{
    ServerCall *call = &request->call;
    if (!request->route->guest || call_header(call, "authorization") || call_header(call, "cookie")) {
        return NULL;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    return access_guest(server_app_access(call->app), snapshot,
                        base_config_text(server_app_config(call->app), BASE_CONFIG_FEATURES_GUEST));
}

static AccessUser *find_remembered(const ServerCall *call, const char *authorization)
{
    Access *access = server_app_access(call->app);
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    if (!g_ascii_strncasecmp(authorization, "Bearer ", 7)) {
        return access_sign_in_token_remembered(access, snapshot, authorization + 7);
    }
    char *password = NULL;
    bool basic = !g_ascii_strncasecmp(authorization, "Basic ", 6);
    g_autofree char *pair = basic ? basic_pair(authorization + 6, &password, NULL) : NULL;
    return pair ? access_sign_in_remembered(access, snapshot, pair, password, call->peer) : NULL;
}

bool http_sign_in_remembered(HttpRequest *request)
{
    ServerCall *call = &request->call;
    const char *authorization = call_header(call, "authorization");
    call->user = call->user ? call->user : find_guest(request);
    if (!call->user && authorization) {
        call->user = find_remembered(call, authorization);
    }
    return call->user != NULL;
}

bool http_sign_in(HttpRequest *request, GError **error)
{
    ServerCall *call = &request->call;
    bool is_public = request->route->is_public;
    bool tries = call_header(call, "authorization") || (!is_public && call_header(call, "cookie"));
    if (is_public && !tries) {
        return true;
    }
    g_autoptr(GError) failed = NULL;
    call->user = call->user ? call->user : find_guest(request);
    if (!call->user) {
        call->user = find_user(call, &failed);
    }
    if (!call->user && !is_public) {
        server_metric_add(SERVER_METRIC_SIGN_IN_FAILURES, 1);
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    return is_public || !request->route->right ||
           access_check(call->user, request->route->right, NULL, error);
}
