/* What handlers share: parameters, bodies, answers. */
#include "base/text.h"
#include "server/routes_int.h"

const char *call_param(const ServerCall *call, const char *name)
{
    const char *value = call->params ? g_hash_table_lookup(call->params, name) : NULL;
    return value ? value : "";
}

const char *call_query(const ServerCall *call, const char *name, const char *fallback)
{
    const char *value = call->query ? g_hash_table_lookup(call->query, name) : NULL;
    return value ? value : fallback;
}

const char *call_header(const ServerCall *call, const char *lower_name)
{
    return call->headers ? g_hash_table_lookup(call->headers, lower_name) : NULL;
}

bool call_limit(const ServerCall *call, size_t fallback, size_t max, size_t *ret, GError **error)
{
    const char *text = call_query(call, "limit", NULL);
    gint64 limit = (gint64)fallback;
    if (text && !base_text_to_int(text, 1, (gint64)max, &limit)) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`limit` must be a number from 1 to %zu, not `%s`",
                         max, text);
    }
    *ret = (size_t)limit;
    return true;
}

bool call_body(ServerCall *call, const char *const *known, GError **error)
{
    if (!call->body) {
        call->body = json_object();
    }
    if (!json_is_object(call->body)) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "the body must be a JSON object");
    }
    const char *key;
    json_t *value;
    json_object_foreach (call->body, key, value) {
        if (!g_strv_contains(known, key)) {
            base_fail(error, BASE_E_REQUEST_INVALID, "unknown key `%s` in the body", key);
            const char *nearest = base_text_nearest(key, known);
            if (nearest) {
                base_error_hint(error, "did you mean `%s`?", nearest);
            }
            return false;
        }
    }
    return true;
}

bool call_body_texts(const ServerCall *call, const char *key, char ***ret, GError **error)
{
    const json_t *list = json_object_get(call->body, key);
    *ret = NULL;
    if (!list || json_is_null(list)) {
        return true;
    }
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    bool ok = json_is_array(list);
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        ok = ok && json_is_string(item);
        g_ptr_array_add(texts, g_strdup(json_is_string(item) ? json_string_value(item) : ""));
    }
    if (!ok) {
        g_ptr_array_unref(texts);
        return base_fail(error, BASE_E_REQUEST_INVALID, "`%s` must be a list of texts", key);
    }
    g_ptr_array_add(texts, NULL);
    g_ptr_array_set_free_func(texts, NULL);
    *ret = (char **)g_ptr_array_free(texts, FALSE);
    return true;
}

static const char *word_of(json_type type)
{
    return type == JSON_STRING    ? "a text"
           : type == JSON_TRUE    ? "true or false"
           : type == JSON_INTEGER ? "a whole number"
           : type == JSON_ARRAY   ? "a list"
                                  : "an object";
}

bool call_members(const json_t *object, const CallMember *members, size_t n, GError **error)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_object_get(object, members[i].name);
        bool fits = !value || json_is_null(value) || json_typeof(value) == members[i].type ||
                    (members[i].type == JSON_TRUE && json_is_boolean(value));
        if (!fits) {
            return base_fail(error, BASE_E_REQUEST_INVALID, "`%s` must be %s", members[i].name,
                             word_of(members[i].type));
        }
    }
    return true;
}

void call_answer_header(ServerCall *call, const char *name, const char *value)
{
    if (!call->answer_headers) {
        call->answer_headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    }
    g_hash_table_replace(call->answer_headers, g_strdup(name), g_strdup(value));
}

bool call_json(ServerCall *call, json_t *json)
{
    json_decref(call->json);
    call->json = json;
    return true;
}

void call_audit(const ServerCall *call, const char *action, const char *object, const char *detail, bool ok)
{
    access_audit(server_app_access(call->app), call->user ? access_user_name(call->user) : "", action, object,
                 detail, ok);
}

const CatalogObject *call_object(const ServerCall *call, const CatalogSnapshot *snapshot, const char *name,
                                 GError **error)
{
    const CatalogObject *object = catalog_by_id(snapshot, name);
    if (!object) {
        object = catalog_find(snapshot, name, NULL, error);
    }
    if (object && !access_can_see(call->user, object)) {
        base_fail(error, BASE_E_FORBIDDEN, "user `%s` has no right on %s `%s`", access_user_name(call->user),
                  catalog_kind_name(object->kind), object->full_name);
        return NULL;
    }
    return object;
}
