/* Routes of access: users, tokens, grants, audit, signing in to the page. */
#include "base/text.h"
#include "base/time.h"
#include "server/metrics.h"
#include "server/routes_int.h"

#define AUDIT_MAX     10000
#define SESSION_HOURS 12

static Access *access_of(const ServerCall *call)
{
    return server_app_access(call->app);
}

bool route_users(ServerCall *call, GError **error)
{
    (void)error;
    return call_json(call, json_pack("{s:o}", "users", access_users_to_json(access_of(call))));
}

bool route_user_add(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"name", "password", "roles", NULL};
    g_auto(GStrv) roles = NULL;
    if (!call_body(call, KNOWN, error) || !call_body_texts(call, "roles", &roles, error)) {
        return false;
    }
    const char *name = base_json_string(call->body, "name", "");
    bool ok = access_user_add(access_of(call), name, base_json_string(call->body, "password", ""),
                              (const char *const *)roles, error);
    call_audit(call, "user add", name, NULL, ok);
    call->status = 201;
    return ok && call_json(call, json_pack("{s:s}", "name", name));
}

/* Everyone may change their own password; all else is an administrator's. */
bool route_user_change(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"password", "roles", NULL};
    g_auto(GStrv) roles = NULL;
    const char *name = call_param(call, "name");
    if (!call_body(call, KNOWN, error) || !call_body_texts(call, "roles", &roles, error)) {
        return false;
    }
    const char *password = base_json_string(call->body, "password", NULL);
    bool own = g_str_equal(name, access_user_name(call->user)) && !roles;
    if (!own && !access_check(call->user, ACCESS_ADMIN, NULL, error)) {
        return false;
    }
    bool ok = (!password || access_user_set_password(access_of(call), name, password, error)) &&
              (!roles || access_user_set_roles(access_of(call), name, (const char *const *)roles, error));
    call_audit(call, "user change", name, roles ? "roles" : "password", ok);
    return ok && call_json(call, json_pack("{s:s}", "name", name));
}

bool route_user_remove(ServerCall *call, GError **error)
{
    const char *name = call_param(call, "name");
    bool ok = access_user_remove(access_of(call), name, error);
    call_audit(call, "user remove", name, NULL, ok);
    return ok && call_json(call, json_pack("{s:s}", "name", name));
}

bool route_me(ServerCall *call, GError **error)
{
    (void)error;
    return call_json(call, json_pack("{s:s, s:b}", "name", access_user_name(call->user), "admin",
                                     access_user_is_admin(call->user)));
}

/* ---- tokens -------------------------------------------------------------------------------------------- */

bool route_tokens(ServerCall *call, GError **error)
{
    (void)error;
    const char *whose = access_user_is_admin(call->user) ? NULL : access_user_name(call->user);
    return call_json(call, json_pack("{s:o}", "tokens", access_tokens_to_json(access_of(call), whose)));
}

bool route_token_add(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"user", "note", "lifetime", NULL};
    gint64 lifetime_us = 0;
    g_autofree char *token = NULL;
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    const char *user = base_json_string(call->body, "user", access_user_name(call->user));
    const char *lifetime = base_json_string(call->body, "lifetime", NULL);
    if (lifetime && !base_text_to_duration(lifetime, &lifetime_us)) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`lifetime` must be a duration such as 30d, not `%s`",
                         lifetime);
    }
    if (!g_str_equal(user, access_user_name(call->user)) &&
        !access_check(call->user, ACCESS_ADMIN, NULL, error)) {
        return false;
    }
    bool ok = access_token_add(access_of(call), user, base_json_string(call->body, "note", ""), lifetime_us,
                               false, &token, error);
    call_audit(call, "token add", user, base_json_string(call->body, "note", NULL), ok);
    call->status = 201;
    return ok && call_json(call, json_pack("{s:s, s:s}", "user", user, "token", token));
}

static bool owns_token(const ServerCall *call, const char *id)
{
    g_autoptr(json_t) own = access_tokens_to_json(access_of(call), access_user_name(call->user));
    return base_json_find(own, "id", id) != NULL;
}

bool route_token_remove(ServerCall *call, GError **error)
{
    const char *id = call_param(call, "id");
    if (!owns_token(call, id) && !access_check(call->user, ACCESS_ADMIN, NULL, error)) {
        return false;
    }
    bool ok = access_token_remove(access_of(call), id, error);
    call_audit(call, "token remove", id, NULL, ok);
    return ok && call_json(call, json_pack("{s:s}", "id", id));
}

/* ---- grants, audit ---------------------------------------------------------------------------------------
 */

bool route_grants(ServerCall *call, GError **error)
{
    (void)error;
    return call_json(call,
                     json_pack("{s:o}", "grants",
                               access_grants_to_json(access_of(call), call_query(call, "grantee", NULL))));
}

bool route_grant(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"grantee", "right", "object", "revoke", NULL};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    const char *grantee = base_json_string(call->body, "grantee", ""),
               *right = base_json_string(call->body, "right", "");
    const char *object = base_json_string(call->body, "object", "");
    bool revoke = base_json_bool(call->body, "revoke", false);
    g_autofree char *detail = g_strdup_printf("%s on %s", right, object);
    bool ok = revoke ? access_revoke(access_of(call), grantee, right, object, error)
                     : access_grant(access_of(call), grantee, right, object, error);
    call_audit(call, revoke ? "revoke" : "grant", grantee, detail, ok);
    return ok && call_json(call, json_pack("{s:s, s:s, s:s}", "grantee", grantee, "right", right, "object",
                                           object));
}

bool route_audit(ServerCall *call, GError **error)
{
    size_t limit;
    if (!call_limit(call, 100, AUDIT_MAX, &limit, error)) {
        return false;
    }
    json_t *answer = json_pack("{s:o}", "audit", access_audit_to_json(access_of(call), limit));
    base_json_set_int(answer, "lost", (gint64)access_audit_lost(access_of(call)));
    return call_json(call, answer);
}

/* ---- the page's session
 * ------------------------------------------------------------------------------------ */

#define COOKIE_NAME "weir_session="

char *route_session_cookie(const ServerCall *call, const char *token)
{
    return g_strdup_printf(COOKIE_NAME "%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", token,
                           *token ? SESSION_HOURS * 3600 : 0, call->tls ? "; Secure" : "");
}

char *route_session_token(const ServerCall *call)
{
    for (const char *at = call_header(call, "cookie"); at && *at;) {
        at += strspn(at, "; ");
        size_t len = strcspn(at, ";");
        if (g_str_has_prefix(at, COOKIE_NAME)) {
            return g_strndup(at + strlen(COOKIE_NAME), len - strlen(COOKIE_NAME));
        }
        at += len;
    }
    return NULL;
}

AccessUser *route_try_password(ServerCall *call, CatalogSnapshot *snapshot, const char *name,
                               const char *password, GError **error)
{
    Access *access = server_app_access(call->app);
    GError *failed = NULL;
    AccessUser *user = access_sign_in(access, snapshot, name, password, call->peer, &failed);
    if (g_error_matches(failed, BASE_ERROR, BASE_E_SIGN_IN_PAUSED)) {
        g_autofree char *seconds = g_strdup_printf("%u", access_guess_pause_s(access, name, call->peer));
        call_answer_header(call, "Retry-After", seconds);
    }
    if (failed) {
        g_propagate_error(error, failed);
    }
    return user;
}

bool route_sign_in(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"user", "password", NULL};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    const char *name = base_json_string(call->body, "user", "");
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(AccessUser) user =
        route_try_password(call, snapshot, name, base_json_string(call->body, "password", ""), error);
    access_audit(access_of(call), name, "sign in", "page", call->peer, user != NULL);
    g_autofree char *token = NULL;
    if (!user) {
        server_metric_add(SERVER_METRIC_SIGN_IN_FAILURES, 1);
        return false;
    }
    if (!access_token_add(access_of(call), name, "session", SESSION_HOURS * 3600 * BASE_TIME_SECOND_US, false,
                          &token, error)) {
        return false;
    }
    g_autofree char *cookie = route_session_cookie(call, token);
    call_answer_header(call, "Set-Cookie", cookie);
    return call_json(call, json_pack("{s:s}", "name", name));
}

/* The session's token ends with it, so that a copied cookie is worth nothing. */
bool route_sign_out(ServerCall *call, GError **error)
{
    g_autofree char *token = route_session_token(call);
    if (token && !access_token_end(access_of(call), token, error)) {
        return false;
    }
    g_autofree char *gone = route_session_cookie(call, "");
    call_answer_header(call, "Set-Cookie", gone);
    return call_json(call, json_object());
}
