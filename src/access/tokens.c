/* API tokens and one-time links: random, kept as a digest only. */
#include "access/access_int.h"
#include "base/time.h"

static const char TOKEN_INSERT[] = "INSERT INTO access_tokens VALUES(?, ?, ?, ?, ?, ?, ?)";

/* Sessions and old links do not gather. */
static bool remove_expired(Access *access, GError **error)
{
    g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, base_time_now_us());
    const char *const values[] = {now};
    return catalog_store_exec(
        access->store, "DELETE FROM access_tokens WHERE expires_us <> 0 AND expires_us < CAST(? AS INTEGER)",
        values, 1, error);
}

bool access_token_add(Access *access, const char *user, const char *note, gint64 lifetime_us, bool once,
                      char **ret_token, GError **error)
{
    g_mutex_lock(&access->lock);
    bool known = g_hash_table_contains(access->state->users, user) || g_str_equal(user, "local");
    g_mutex_unlock(&access->lock);
    if (!known) {
        return base_fail(error, BASE_E_USER_UNKNOWN, "no user `%s`", user);
    }
    g_autofree char *token = access_token_text();
    g_autofree char *hash = access_token_hash(token);
    g_autofree char *id = g_strndup(hash, 12);
    g_autofree char *created = access_now_text();
    gint64 expires_us = lifetime_us > 0 ? base_time_now_us() + lifetime_us : 0;
    g_autofree char *expires = g_strdup_printf("%" G_GINT64_FORMAT, expires_us);
    const char *const values[] = {id, user, hash, note ? note : "", created, expires, once ? "1" : "0"};
    g_mutex_lock(&access->change_lock);
    bool ok = remove_expired(access, error) && access_change(access, TOKEN_INSERT, values, 7, error);
    g_mutex_unlock(&access->change_lock);
    if (ok) {
        *ret_token = g_steal_pointer(&token);
    }
    return ok;
}

bool access_token_remove(Access *access, const char *id, GError **error)
{
    const char *const values[] = {id};
    g_autoptr(json_t) rows =
        catalog_store_sql(access->store, "SELECT id FROM access_tokens WHERE id = ?", values, 1, error);
    if (!rows) {
        return false;
    }
    if (json_array_size(rows) == 0) {
        return base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no token `%s`", id);
    }
    g_mutex_lock(&access->change_lock);
    bool ok = access_change(access, "DELETE FROM access_tokens WHERE id = ?", values, 1, error);
    g_mutex_unlock(&access->change_lock);
    return ok;
}

bool access_token_end(Access *access, const char *token, GError **error)
{
    g_autofree char *hash = access_token_hash(token);
    const char *const values[] = {hash};
    g_mutex_lock(&access->change_lock);
    bool ok = access_change(access, "DELETE FROM access_tokens WHERE hash = ?", values, 1, error);
    g_mutex_unlock(&access->change_lock);
    return ok;
}

static int by_created(const void *a, const void *b)
{
    const AccessTokenRow *left = *(const AccessTokenRow *const *)a,
                         *right = *(const AccessTokenRow *const *)b;
    int order = strcmp(left->created, right->created);
    return order ? order : strcmp(left->id, right->id);
}

static json_t *token_to_json(const AccessTokenRow *row)
{
    g_autofree char *expires = row->expires_us ? base_time_format_iso(row->expires_us) : NULL;
    json_t *token = json_object();
    base_json_set_string(token, "id", row->id);
    base_json_set_string(token, "user", row->user);
    base_json_set_string(token, "note", row->note);
    base_json_set_string(token, "created", row->created);
    base_json_set_string(token, "expires", expires);
    json_object_set_new(token, "once", json_boolean(row->once));
    return token;
}

json_t *access_tokens_to_json(Access *access, const char *user)
{
    json_t *list = json_array();
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;
    g_mutex_lock(&access->lock);
    g_hash_table_iter_init(&iter, access->state->tokens);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const AccessTokenRow *row = value;
        if (!user || g_str_equal(row->user, user)) {
            g_ptr_array_add(rows, value);
        }
    }
    g_ptr_array_sort(rows, by_created);
    for (guint i = 0; i < rows->len; i++) {
        json_array_append_new(list, token_to_json(g_ptr_array_index(rows, i)));
    }
    g_mutex_unlock(&access->lock);
    return list;
}
