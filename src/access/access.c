/* The state of access: read from catalog.sqlite as a whole, swapped when it changes.
 *
 * Users, grants and tokens are few (thousands at most), so a change reads all of them anew; that keeps one
 * way in which memory can follow the file. */
#include "access/access_int.h"

#include "base/time.h"

static const char ACCESS_SCHEMA[] =
    "CREATE TABLE IF NOT EXISTS access_users(name TEXT PRIMARY KEY, password TEXT NOT NULL, sha1 TEXT NOT "
    "NULL,"
    " sha256 TEXT NOT NULL, created TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS access_user_roles(user TEXT NOT NULL, role TEXT NOT NULL, PRIMARY KEY(user, "
    "role));"
    "CREATE TABLE IF NOT EXISTS access_grants(grantee TEXT NOT NULL, \"right\" TEXT NOT NULL, object TEXT "
    "NOT NULL,"
    " PRIMARY KEY(grantee, \"right\", object));"
    "CREATE TABLE IF NOT EXISTS access_tokens(id TEXT PRIMARY KEY, user TEXT NOT NULL, hash TEXT NOT NULL "
    "UNIQUE,"
    " note TEXT NOT NULL, created TEXT NOT NULL, expires_us INTEGER NOT NULL, once INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS access_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS access_audit(id INTEGER PRIMARY KEY, at TEXT NOT NULL, user TEXT NOT NULL,"
    " action TEXT NOT NULL, object TEXT, detail TEXT, ok INTEGER NOT NULL);";

static void user_row_free(AccessUserRow *row)
{
    g_free(row->name);
    g_free(row->password);
    g_strfreev(row->roles);
    g_free(row->created);
    g_free(row);
}

static void grant_row_free(AccessGrantRow *row)
{
    g_free(row->grantee);
    g_free(row->right);
    g_free(row->object);
    g_free(row);
}

static void token_row_free(AccessTokenRow *row)
{
    g_free(row->id);
    g_free(row->user);
    g_free(row->note);
    g_free(row->created);
    g_free(row);
}

static void state_free(AccessState *state)
{
    if (!state) {
        return;
    }
    g_hash_table_unref(state->users);
    g_ptr_array_unref(state->grants);
    g_hash_table_unref(state->tokens);
    g_free(state);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AccessState, state_free)

static AccessState *state_new(void)
{
    AccessState *state = g_new0(AccessState, 1);
    state->users = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)user_row_free);
    state->grants = g_ptr_array_new_with_free_func((GDestroyNotify)grant_row_free);
    state->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)token_row_free);
    return state;
}

/* A number that SQLite may give as an integer or, from a generic row reader, as text. */
static gint64 row_int(const json_t *row, const char *key)
{
    const char *text = base_json_string(row, key, NULL);
    return text ? g_ascii_strtoll(text, NULL, 10) : base_json_int(row, key, 0);
}

static bool read_users(CatalogStore *store, AccessState *state, GError **error)
{
    g_autoptr(json_t) users = catalog_store_sql(
        store, "SELECT name, password, sha1, sha256, created FROM access_users", NULL, 0, error);
    if (!users) {
        return false;
    }
    g_autoptr(json_t) roles = catalog_store_sql(
        store, "SELECT user, role FROM access_user_roles ORDER BY user, role", NULL, 0, error);
    if (!roles) {
        return false;
    }
    size_t i, j;
    json_t *user, *role;
    json_array_foreach (users, i, user) {
        AccessUserRow *row = g_new0(AccessUserRow, 1);
        row->name = g_strdup(base_json_string(user, "name", ""));
        row->password = g_strdup(base_json_string(user, "password", ""));
        row->created = g_strdup(base_json_string(user, "created", ""));
        GPtrArray *names = g_ptr_array_new();
        json_array_foreach (roles, j, role) {
            if (g_str_equal(base_json_string(role, "user", ""), row->name)) {
                g_ptr_array_add(names, g_strdup(base_json_string(role, "role", "")));
            }
        }
        g_ptr_array_add(names, NULL);
        row->roles = (char **)g_ptr_array_free(names, FALSE);
        bool whole = access_unhex(base_json_string(user, "sha1", ""), row->sha1, sizeof row->sha1) &&
                     access_unhex(base_json_string(user, "sha256", ""), row->sha256, sizeof row->sha256);
        g_hash_table_replace(state->users, row->name, row);
        if (!whole) {
            return base_fail(error, BASE_E_INTERNAL, "the row of user `%s` in catalog.sqlite is damaged",
                             base_json_string(user, "name", ""));
        }
    }
    return true;
}

static bool read_grants(CatalogStore *store, AccessState *state, GError **error)
{
    g_autoptr(json_t) rows = catalog_store_sql(
        store, "SELECT grantee, \"right\", object FROM access_grants ORDER BY 1, 2, 3", NULL, 0, error);
    if (!rows) {
        return false;
    }
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        AccessGrantRow *grant = g_new0(AccessGrantRow, 1);
        grant->grantee = g_strdup(base_json_string(row, "grantee", ""));
        grant->right = g_strdup(base_json_string(row, "right", ""));
        grant->object = g_strdup(base_json_string(row, "object", ""));
        g_ptr_array_add(state->grants, grant);
    }
    return true;
}

static bool read_tokens(CatalogStore *store, AccessState *state, GError **error)
{
    g_autoptr(json_t) rows = catalog_store_sql(
        store, "SELECT id, user, hash, note, created, expires_us, once FROM access_tokens", NULL, 0, error);
    if (!rows) {
        return false;
    }
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        AccessTokenRow *token = g_new0(AccessTokenRow, 1);
        token->id = g_strdup(base_json_string(row, "id", ""));
        token->user = g_strdup(base_json_string(row, "user", ""));
        token->note = g_strdup(base_json_string(row, "note", ""));
        token->created = g_strdup(base_json_string(row, "created", ""));
        token->expires_us = row_int(row, "expires_us");
        token->once = row_int(row, "once") != 0;
        g_hash_table_replace(state->tokens, g_strdup(base_json_string(row, "hash", "")), token);
    }
    return true;
}

bool access_reload(Access *access, GError **error)
{
    g_autoptr(AccessState) state = state_new();
    if (!read_users(access->store, state, error) || !read_grants(access->store, state, error) ||
        !read_tokens(access->store, state, error)) {
        return false;
    }
    g_mutex_lock(&access->lock);
    AccessState *before = access->state;
    access->state = g_steal_pointer(&state);
    access->generation++;
    g_hash_table_remove_all(access->signed_in);
    g_hash_table_remove_all(access->worked_out);
    g_mutex_unlock(&access->lock);
    state_free(before);
    return true;
}

bool access_change(Access *access, const char *sql, const char *const *values, size_t n_values,
                   GError **error)
{
    return catalog_store_exec(access->store, sql, values, n_values, error) && access_reload(access, error);
}

bool access_name_ok(const char *name, GError **error)
{
    size_t len = name ? strlen(name) : 0;
    bool ok = len > 0 && len <= ACCESS_MAX_NAME_BYTES && g_ascii_isalpha(name[0]);
    for (size_t i = 0; ok && i < len; i++) {
        ok = g_ascii_isalnum(name[i]) || strchr("_-.@", name[i]);
    }
    if (ok) {
        return true;
    }
    base_fail(error, BASE_E_NAME_INVALID, "`%s` is no name for a user or role", name ? name : "");
    base_error_hint(error, "letters, digits, _ - . @, a letter first, at most %d characters",
                    ACCESS_MAX_NAME_BYTES);
    return false;
}

char *access_now_text(void)
{
    return base_time_format_iso(base_time_now_us());
}

/* The decoy is kept in the file: making one costs a hash, which every start would pay. */
static bool load_decoy(Access *access, GError **error)
{
    g_autoptr(json_t) rows =
        catalog_store_sql(access->store, "SELECT value FROM access_meta WHERE key = 'decoy'", NULL, 0, error);
    if (!rows) {
        return false;
    }
    if (json_array_size(rows) > 0) {
        access->decoy = g_strdup(base_json_string(json_array_get(rows, 0), "value", ""));
        return true;
    }
    g_autofree char *secret = access_token_text();
    access->decoy = access_password_hash(access, secret, error);
    if (!access->decoy) {
        return false;
    }
    const char *const values[] = {access->decoy};
    return catalog_store_exec(access->store, "INSERT OR REPLACE INTO access_meta VALUES('decoy', ?)", values,
                              1, error);
}

static AccessUser *local_user_new(Access *access)
{
    AccessUser *user = g_new0(AccessUser, 1);
    g_atomic_ref_count_init(&user->refs);
    user->access = access;
    user->name = g_strdup("local");
    user->admin = true;
    user->local = true;
    user->roles = g_new0(char *, 1);
    user->rules = g_ptr_array_new_with_free_func((GDestroyNotify)access_rule_free);
    user->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    user->fingerprint = g_strdup("local");
    return user;
}

Access *access_open(CatalogStore *store, GError **error)
{
    if (!access_crypto_init(error) || !catalog_store_migrate(store, "access", ACCESS_SCHEMA, error)) {
        return NULL;
    }
    g_autoptr(Access) access = g_new0(Access, 1);
    access->store = store;
    g_mutex_init(&access->change_lock);
    g_mutex_init(&access->lock);
    g_mutex_init(&access->hash_lock);
    g_cond_init(&access->hash_free);
    access->signed_in = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    access->worked_out =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)access_user_unref);
    access_random(access->digest_key, sizeof access->digest_key);
    access->cache = access_cache_new();
    access->guesses = access_guesses_new();
    access->audit = access_audit_start(store);
    access->local = local_user_new(access);
    if (!load_decoy(access, error) || !access_reload(access, error)) {
        return NULL;
    }
    return g_steal_pointer(&access);
}

void access_close(Access *access)
{
    if (!access) {
        return;
    }
    access_audit_stop(access->audit);
    access_user_unref(access->local);
    g_hash_table_unref(access->signed_in);
    g_hash_table_unref(access->worked_out);
    catalog_snapshot_unref(access->worked_out_for);
    access_cache_free(access->cache);
    access_guesses_free(access->guesses);
    state_free(access->state);
    g_free(access->decoy);
    g_mutex_clear(&access->change_lock);
    g_mutex_clear(&access->lock);
    g_mutex_clear(&access->hash_lock);
    g_cond_clear(&access->hash_free);
    g_free(access);
}

void access_set_system_tables(Access *access, AccessSystemTable system_table, void *user)
{
    access->system_table = system_table;
    access->system_table_user = user;
}

AccessUser *access_local_user(Access *access)
{
    return access->local;
}

AccessUser *access_user_ref(AccessUser *user)
{
    g_atomic_ref_count_inc(&user->refs);
    return user;
}

void access_user_unref(AccessUser *user)
{
    if (!user || !g_atomic_ref_count_dec(&user->refs)) {
        return;
    }
    g_free(user->name);
    g_strfreev(user->roles);
    g_ptr_array_unref(user->rules);
    g_hash_table_unref(user->domains);
    g_free(user->fingerprint);
    g_free(user);
}

const char *access_user_name(const AccessUser *user)
{
    return user->name;
}

bool access_user_is_admin(const AccessUser *user)
{
    return user->admin;
}
