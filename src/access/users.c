/* Users: made, changed, removed, listed. */
#include "access/access_int.h"

static bool password_ok(const char *password, GError **error)
{
    size_t len = password ? strlen(password) : 0;
    if (len < ACCESS_MIN_PASSWORD_BYTES) {
        base_fail(error, BASE_E_PASSWORD_WEAK, "the password has fewer than %d characters",
                  ACCESS_MIN_PASSWORD_BYTES);
    } else if (len > ACCESS_MAX_PASSWORD_BYTES) {
        base_fail(error, BASE_E_PASSWORD_WEAK, "the password has more than %d bytes",
                  ACCESS_MAX_PASSWORD_BYTES);
    } else {
        return true;
    }
    base_error_not_done(error, "Nothing was changed.");
    return false;
}

static bool user_exists(Access *access, const char *name, GError **error)
{
    g_mutex_lock(&access->lock);
    bool found = name && g_hash_table_contains(access->state->users, name);
    g_mutex_unlock(&access->lock);
    return found || base_fail(error, BASE_E_USER_UNKNOWN, "no user `%s`", name ? name : "");
}

static bool roles_ok(const char *const *roles, GError **error)
{
    for (size_t i = 0; roles && roles[i]; i++) {
        if (!access_name_ok(roles[i], error)) {
            return false;
        }
    }
    return true;
}

/* All of a user's roles in one statement, so that no crash leaves half of them. */
static bool write_roles(Access *access, const char *name, const char *const *roles, GError **error)
{
    const char *const who[] = {name};
    if (!catalog_store_exec(access->store, "DELETE FROM access_user_roles WHERE user = ?", who, 1, error)) {
        return false;
    }
    for (size_t i = 0; roles && roles[i]; i++) {
        const char *const values[] = {name, roles[i]};
        if (!catalog_store_exec(access->store, "INSERT OR IGNORE INTO access_user_roles VALUES(?, ?)", values,
                                2, error)) {
            return false;
        }
    }
    return true;
}

/* The three forms in which a password is kept. */
typedef struct {
    char *argon2, *sha1, *sha256;
} Kept;

static void kept_clear(Kept *kept)
{
    g_free(kept->argon2);
    g_free(kept->sha1);
    g_free(kept->sha256);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Kept, kept_clear)

static bool kept_make(Access *access, const char *password, Kept *kept, GError **error)
{
    guint8 sha1[ACCESS_SHA1_BYTES], sha256[ACCESS_SHA256_BYTES];
    access_double_sha1(password, strlen(password), sha1);
    access_double_sha256(password, strlen(password), sha256);
    kept->sha1 = access_hex(sha1, sizeof sha1);
    kept->sha256 = access_hex(sha256, sizeof sha256);
    kept->argon2 = access_password_hash(access, password, error);
    return kept->argon2 != NULL;
}

/* No password fits: neither a reply to a challenge nor a text. */
static void kept_make_open(Kept *kept)
{
    guint8 noise[ACCESS_SHA1_BYTES + ACCESS_SHA256_BYTES];
    access_random(noise, sizeof noise);
    kept->sha1 = access_hex(noise, ACCESS_SHA1_BYTES);
    kept->sha256 = access_hex(noise + ACCESS_SHA1_BYTES, ACCESS_SHA256_BYTES);
    kept->argon2 = g_strdup("");
}

/* `password` NULL = a user without one. */
static bool add_locked(Access *access, const char *name, const char *password, const char *const *roles,
                       GError **error)
{
    if (user_exists(access, name, NULL)) {
        return base_fail(error, BASE_E_NAME_DUPLICATE, "there is a user `%s` already", name);
    }
    g_auto(Kept) kept = {0};
    g_autofree char *now = access_now_text();
    if (!password) {
        kept_make_open(&kept);
    } else if (!kept_make(access, password, &kept, error)) {
        return false;
    }
    const char *const values[] = {name, kept.argon2, kept.sha1, kept.sha256, now};
    if (!write_roles(access, name, roles, error)) {
        return false;
    }
    return access_change(access, "INSERT INTO access_users VALUES(?, ?, ?, ?, ?)", values, 5, error);
}

static bool add(Access *access, const char *name, const char *password, const char *const *roles,
                GError **error)
{
    if (g_str_equal(name, "local")) {
        return base_fail(error, BASE_E_NAME_DUPLICATE, "`local` is the machine's own user");
    }
    g_mutex_lock(&access->change_lock);
    bool ok = add_locked(access, name, password, roles, error);
    g_mutex_unlock(&access->change_lock);
    return ok;
}

bool access_user_add(Access *access, const char *name, const char *password, const char *const *roles,
                     GError **error)
{
    return access_name_ok(name, error) && password_ok(password, error) && roles_ok(roles, error) &&
           add(access, name, password, roles, error);
}

bool access_user_add_open(Access *access, const char *name, const char *const *roles, GError **error)
{
    return access_name_ok(name, error) && roles_ok(roles, error) && add(access, name, NULL, roles, error);
}

void access_let_open_in(Access *access, bool let_in)
{
    g_mutex_lock(&access->lock);
    access->open_in = let_in;
    g_mutex_unlock(&access->lock);
}

bool access_user_set_password(Access *access, const char *name, const char *password, GError **error)
{
    g_auto(Kept) kept = {0};
    if (!user_exists(access, name, error) || !password_ok(password, error) ||
        !kept_make(access, password, &kept, error)) {
        return false;
    }
    const char *const values[] = {kept.argon2, kept.sha1, kept.sha256, name};
    g_mutex_lock(&access->change_lock);
    bool ok =
        access_change(access, "UPDATE access_users SET password = ?, sha1 = ?, sha256 = ? WHERE name = ?",
                      values, 4, error);
    g_mutex_unlock(&access->change_lock);
    return ok;
}

static bool remove_locked(Access *access, const char *name, GError **error)
{
    const char *const values[] = {name};
    return user_exists(access, name, error) &&
           catalog_store_exec(access->store, "DELETE FROM access_tokens WHERE user = ?", values, 1, error) &&
           catalog_store_exec(access->store, "DELETE FROM access_user_roles WHERE user = ?", values, 1,
                              error) &&
           catalog_store_exec(access->store, "DELETE FROM access_grants WHERE grantee = ?", values, 1,
                              error) &&
           access_change(access, "DELETE FROM access_users WHERE name = ?", values, 1, error);
}

bool access_user_remove(Access *access, const char *name, GError **error)
{
    g_mutex_lock(&access->change_lock);
    bool ok = remove_locked(access, name, error);
    g_mutex_unlock(&access->change_lock);
    return ok;
}

bool access_user_set_roles(Access *access, const char *name, const char *const *roles, GError **error)
{
    if (!user_exists(access, name, error) || !roles_ok(roles, error)) {
        return false;
    }
    g_mutex_lock(&access->change_lock);
    bool ok = write_roles(access, name, roles, error) && access_reload(access, error);
    g_mutex_unlock(&access->change_lock);
    return ok;
}

size_t access_user_count(Access *access)
{
    g_mutex_lock(&access->lock);
    size_t n = g_hash_table_size(access->state->users);
    g_mutex_unlock(&access->lock);
    return n;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const AccessUserRow *const *)a)->name, (*(const AccessUserRow *const *)b)->name);
}

static json_t *row_to_json(const AccessState *state, const AccessUserRow *row)
{
    json_t *roles = json_array(), *grants = json_array(), *user = json_object();
    for (size_t i = 0; row->roles[i]; i++) {
        json_array_append_new(roles, json_string(row->roles[i]));
    }
    for (guint i = 0; i < state->grants->len; i++) {
        const AccessGrantRow *grant = g_ptr_array_index(state->grants, i);
        if (g_str_equal(grant->grantee, row->name)) {
            json_array_append_new(grants, json_sprintf("%s %s", grant->right, grant->object));
        }
    }
    base_json_set_string(user, "name", row->name);
    json_object_set_new(user, "roles", roles);
    json_object_set_new(user, "grants", grants);
    base_json_set_string(user, "created", row->created);
    return user;
}

json_t *access_users_to_json(Access *access)
{
    json_t *list = json_array();
    g_mutex_lock(&access->lock);
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    GHashTableIter iter;
    gpointer row;
    g_hash_table_iter_init(&iter, access->state->users);
    while (g_hash_table_iter_next(&iter, NULL, &row)) {
        g_ptr_array_add(rows, row);
    }
    g_ptr_array_sort(rows, by_name);
    for (guint i = 0; i < rows->len; i++) {
        json_array_append_new(list, row_to_json(access->state, g_ptr_array_index(rows, i)));
    }
    g_mutex_unlock(&access->lock);
    return list;
}
