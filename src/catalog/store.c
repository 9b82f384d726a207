/* catalog.sqlite: applied versions, live tables; and SQL for the modules above.
 *
 * A version is the files as they were applied. Their texts are kept once each, by hash, so a version costs
 * its changes and a list of paths. One connection, one lock: statements here take microseconds. */
#include "catalog/store.h"

#include <errno.h>

#include "base/fs.h"
#include "base/time.h"
#include "catalog/cache_int.h"
#include "catalog/store_int.h"

#define STORE_FORMAT    1
#define BUSY_TIMEOUT_MS 5000

static const char schema_sql[] =
    "CREATE TABLE IF NOT EXISTS blobs(hash TEXT PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS versions(version INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, user TEXT NOT "
    "NULL,"
    " note TEXT NOT NULL, diff TEXT NOT NULL, added INTEGER NOT NULL, changed INTEGER NOT NULL, removed "
    "INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS version_files(version INTEGER NOT NULL, path TEXT NOT NULL, hash TEXT NOT "
    "NULL,"
    " PRIMARY KEY(version, path)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS version_changes(version INTEGER NOT NULL, object TEXT NOT NULL, type TEXT "
    "NOT NULL,"
    " diff TEXT NOT NULL, breaking TEXT, PRIMARY KEY(version, object)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS version_changes_object ON version_changes(object, version);"
    "CREATE TABLE IF NOT EXISTS live_tables(schema TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL,"
    " origin TEXT NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY(schema, name)) WITHOUT ROWID;"
    "DROP TABLE IF EXISTS types;" /* they are in catalog.cache now */
    "CREATE TABLE IF NOT EXISTS modules(name TEXT PRIMARY KEY, script TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(id UNINDEXED, name, title_en, title_zh, aliases, "
    "description,"
    " columns, tokenize='trigram');";

/* ---- SQLite ------------------------------------------------------------------------------------------- */

bool store_fail(CatalogStore *store, const char *what, GError **error)
{
    int code = store->db ? sqlite3_errcode(store->db) & 0xff : SQLITE_CANTOPEN;
    BaseErrorCode own = code == SQLITE_FULL                               ? BASE_E_DISK_FULL
                        : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? BASE_E_DATA_DAMAGED
                        : code == SQLITE_BUSY || code == SQLITE_LOCKED    ? BASE_E_DATA_LOCKED
                                                                          : BASE_E_FILE_IO;
    base_fail(error, own, "%s in `%s`: %s", what, store->path,
              store->db ? sqlite3_errmsg(store->db) : "cannot open");
    return false;
}

bool store_run(CatalogStore *store, const char *sql, GError **error)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           store_fail(store, "a statement failed", error);
}

sqlite3_stmt *store_prepare(CatalogStore *store, const char *sql, GError **error)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        store_fail(store, "a statement is wrong", error);
        return NULL;
    }
    return stmt;
}

void store_bind_text(sqlite3_stmt *stmt, int i, const char *text)
{
    if (text) {
        sqlite3_bind_text(stmt, i, text, -1, SQLITE_TRANSIENT);
    } else {
        sqlite3_bind_null(stmt, i);
    }
}

bool store_step(CatalogStore *store, sqlite3_stmt *stmt, GError **error)
{
    int code = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return code == SQLITE_DONE || code == SQLITE_ROW || store_fail(store, "a write failed", error);
}

const char *store_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text ? text : "";
}

bool store_begin(CatalogStore *store, GError **error)
{
    return store_run(store, "BEGIN IMMEDIATE", error);
}

bool store_end(CatalogStore *store, bool ok, GError **error)
{
    if (ok && store_run(store, "COMMIT", error)) {
        return true;
    }
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL); /* what failed is in *error already */
    return false;
}

/* ---- opening --------------------------------------------------------------------------------------------
 */

static bool read_format(CatalogStore *store, int *ret_format, GError **error)
{
    sqlite3_stmt *stmt = store_prepare(store, "PRAGMA user_version", error);
    if (!stmt) {
        return false;
    }
    int format = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : -1;
    sqlite3_finalize(stmt);
    if (format < 0) {
        return store_fail(store, "the file cannot be read", error);
    }
    if (format > STORE_FORMAT) {
        base_fail(error, BASE_E_FORMAT_NEWER, "`%s` has format %d; this program knows %d", store->path,
                  format, STORE_FORMAT);
        return false;
    }
    *ret_format = format;
    return true;
}

/* What is there already is not written: most openings cost no sync of the disk. */
static bool migrate(CatalogStore *store, int format, GError **error)
{
    g_autofree char *version =
        format == STORE_FORMAT ? g_strdup("") : g_strdup_printf("PRAGMA user_version = %d", STORE_FORMAT);
    return store_begin(store, error) && store_end(store,
                                                  store_run(store, schema_sql, error) &&
                                                      store_run(store, CATALOG_ENVIRONMENTS_SQL, error) &&
                                                      store_run(store, version, error),
                                                  error);
}

CatalogStore *catalog_store_open(const char *data_dir, GError **error)
{
    g_autoptr(CatalogStore) store = g_new0(CatalogStore, 1);
    g_rec_mutex_init(&store->lock);
    store->path = g_build_filename(data_dir, "catalog.sqlite", NULL);
    store->cache_path = g_build_filename(data_dir, "catalog.cache", NULL);
    if (!base_fs_mkdir(data_dir, error)) {
        return NULL;
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK) {
        store_fail(store, "cannot open", error);
        return NULL;
    }
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
    int format = 0;
    if (!read_format(store, &format, error) ||
        !store_run(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
                   error) ||
        !migrate(store, format, error)) {
        return NULL;
    }
    catalog_cache_load(store->cache_path);
    return g_steal_pointer(&store);
}

void catalog_store_close(CatalogStore *store)
{
    if (store) {
        sqlite3_close(store->db);
        g_rec_mutex_clear(&store->lock);
        g_free(store->path);
        g_free(store->cache_path);
        g_free(store);
    }
}

bool catalog_store_keep(CatalogStore *store, GError **error)
{
    return catalog_cache_save(store->cache_path, error);
}

/* ---- reading versions
 * -------------------------------------------------------------------------------------- */

gint64 catalog_store_current(CatalogStore *store)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    sqlite3_stmt *stmt = store_prepare(store, "SELECT coalesce(max(version), 0) FROM versions", NULL);
    gint64 version = stmt && sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return version;
}

static bool has_version(CatalogStore *store, gint64 version, GError **error)
{
    sqlite3_stmt *stmt = store_prepare(store, "SELECT 1 FROM versions WHERE version = ?", error);
    if (!stmt) {
        return false;
    }
    sqlite3_bind_int64(stmt, 1, version);
    bool found = sqlite3_step(stmt) == SQLITE_ROW;
    sqlite3_finalize(stmt);
    if (!found) {
        base_fail(error, BASE_E_VERSION_UNKNOWN, "no version %" G_GINT64_FORMAT, version);
        base_error_hint(error, "the newest is %" G_GINT64_FORMAT, catalog_store_current(store));
    }
    return found;
}

GPtrArray *store_read_files(CatalogStore *store, sqlite3_stmt *stmt, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_file_unref);
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        size_t len = (size_t)sqlite3_column_bytes(stmt, 1);
        char *text = g_malloc(len + 1);
        if (len) {
            memcpy(text, sqlite3_column_blob(stmt, 1), len);
        }
        text[len] = '\0';
        g_ptr_array_add(files, catalog_file_new(store_text(stmt, 0), text, len));
    }
    if (code != SQLITE_DONE) {
        store_fail(store, "files cannot be read", error);
        return NULL;
    }
    return g_steal_pointer(&files);
}

/* CatalogFile* of a version. */
static GPtrArray *files_of(CatalogStore *store, gint64 version, GError **error)
{
    if (version == 0) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)catalog_file_unref);
    }
    sqlite3_stmt *stmt = has_version(store, version, error)
                             ? store_prepare(store,
                                             "SELECT f.path, b.text FROM version_files f JOIN blobs b USING "
                                             "(hash) WHERE f.version = ? ORDER BY f.path",
                                             error)
                             : NULL;
    if (!stmt) {
        return NULL;
    }
    sqlite3_bind_int64(stmt, 1, version);
    GPtrArray *files = store_read_files(store, stmt, error);
    sqlite3_finalize(stmt);
    return files;
}

/* The files and live tables under the lock; what takes long, reading them, outside of it. */
static CatalogSnapshot *load_version(CatalogStore *store, gint64 version, EngineConn *parser, GError **error)
{
    g_rec_mutex_lock(&store->lock);
    GPtrArray *files = files_of(store, version, error);
    g_autoptr(GPtrArray) live = files ? catalog_store_live_tables(store, error) : NULL;
    g_rec_mutex_unlock(&store->lock);
    if (!live) {
        g_clear_pointer(&files, g_ptr_array_unref);
        return NULL;
    }
    /* It was without mistakes when it was applied; what is wrong with it now (a live table that went) is
     * found again by the next plan, which reads the files. */
    g_autoptr(BaseDiags) diags = base_diags_new();
    return catalog_load_files(files, parser, live, true, diags);
}

CatalogSnapshot *catalog_store_version(CatalogStore *store, gint64 version, EngineConn *parser,
                                       GError **error)
{
    return version == 0 ? catalog_snapshot_new_empty() : load_version(store, version, parser, error);
}

CatalogSnapshot *catalog_store_applied(CatalogStore *store, EngineConn *parser, GError **error)
{
    return load_version(store, catalog_store_current(store), parser, error);
}

/* ---- applying
 * ------------------------------------------------------------------------------------------------ */

static bool write_version(CatalogStore *store, const CatalogDiff *diff, gint64 version, const char *user,
                          const char *note, GError **error)
{
    sqlite3_stmt *stmt = store_prepare(store, "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", error);
    if (!stmt) {
        return false;
    }
    sqlite3_bind_int64(stmt, 1, version);
    sqlite3_bind_int64(stmt, 2, base_time_now_us());
    store_bind_text(stmt, 3, user ? user : "");
    store_bind_text(stmt, 4, note ? note : "");
    store_bind_text(stmt, 5, diff->id);
    sqlite3_bind_int64(stmt, 6, (gint64)diff->n_added);
    sqlite3_bind_int64(stmt, 7, (gint64)diff->n_changed);
    sqlite3_bind_int64(stmt, 8, (gint64)diff->n_removed);
    bool ok = store_step(store, stmt, error);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_write_files(CatalogStore *store, sqlite3_stmt *row, const GPtrArray *files, GError **error)
{
    sqlite3_stmt *blob = store_prepare(store, "INSERT OR IGNORE INTO blobs VALUES (?, ?)", error);
    bool ok = blob != NULL;
    for (guint i = 0; ok && i < files->len; i++) {
        const CatalogFile *file = g_ptr_array_index(files, i);
        store_bind_text(blob, 1, file->hash);
        sqlite3_bind_blob64(blob, 2, file->text, file->len, SQLITE_STATIC);
        store_bind_text(row, 2, file->path);
        store_bind_text(row, 3, file->hash);
        ok = store_step(store, blob, error) && store_step(store, row, error);
    }
    sqlite3_finalize(blob);
    return ok;
}

static bool write_files(CatalogStore *store, const GPtrArray *files, gint64 version, GError **error)
{
    sqlite3_stmt *row = store_prepare(store, "INSERT INTO version_files VALUES (?, ?, ?)", error);
    if (!row) {
        return false;
    }
    sqlite3_bind_int64(row, 1, version);
    bool ok = store_write_files(store, row, files, error);
    sqlite3_finalize(row);
    return ok;
}

static bool write_changes(CatalogStore *store, const CatalogDiff *diff, gint64 version, GError **error)
{
    static const char *const types[] = {"added", "changed", "removed"};
    sqlite3_stmt *stmt = store_prepare(store, "INSERT INTO version_changes VALUES (?, ?, ?, ?, ?)", error);
    bool ok = stmt != NULL;
    for (guint i = 0; ok && i < diff->changes->len; i++) {
        const CatalogChange *change = g_ptr_array_index(diff->changes, i);
        sqlite3_bind_int64(stmt, 1, version);
        store_bind_text(stmt, 2, (change->after ? change->after : change->before)->id);
        store_bind_text(stmt, 3, types[change->type]);
        store_bind_text(stmt, 4, change->diff ? change->diff : "");
        store_bind_text(stmt, 5, change->breaking_reason);
        ok = store_step(store, stmt, error);
    }
    sqlite3_finalize(stmt);
    return ok;
}

bool catalog_store_apply(CatalogStore *store, const CatalogDiff *diff, const char *user, const char *note,
                         gint64 *ret_version, GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    gint64 version = catalog_store_current(store) + 1;
    if (!store_begin(store, error)) {
        return false;
    }
    bool ok = write_version(store, diff, version, user, note, error) &&
              write_files(store, diff->after->files, version, error) &&
              write_changes(store, diff, version, error) && store_index(store, diff->after, error);
    if (!store_end(store, ok, error)) {
        return false;
    }
    if (ret_version) {
        *ret_version = version;
    }
    return true;
}

/* ---- history
 * ---------------------------------------------------------------------------------------------------- */

json_t *catalog_store_history(CatalogStore *store, const char *object_id, GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    static const char all[] =
        "SELECT version, at_us, user, note, added, changed, removed FROM versions ORDER BY version DESC";
    static const char one[] =
        "SELECT v.version, at_us, user, note, added, changed, removed, c.type, c.diff, c.breaking "
        "FROM version_changes c JOIN versions v USING (version) WHERE object = ? ORDER BY version DESC";
    sqlite3_stmt *stmt = store_prepare(store, object_id ? one : all, error);
    if (!stmt) {
        return NULL;
    }
    if (object_id) {
        store_bind_text(stmt, 1, object_id);
    }
    json_t *out = json_array();
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        json_t *row = json_object();
        g_autofree char *at = base_time_format_iso(sqlite3_column_int64(stmt, 1));
        base_json_set_int(row, "version", sqlite3_column_int64(stmt, 0));
        base_json_set_string(row, "at", at);
        base_json_set_string(row, "user", store_text(stmt, 2));
        base_json_set_string(row, "note", store_text(stmt, 3));
        base_json_set_int(row, "added", sqlite3_column_int64(stmt, 4));
        base_json_set_int(row, "changed", sqlite3_column_int64(stmt, 5));
        base_json_set_int(row, "removed", sqlite3_column_int64(stmt, 6));
        if (object_id) {
            base_json_set_string(row, "type", store_text(stmt, 7));
            base_json_set_string(row, "diff", store_text(stmt, 8));
            base_json_set_string(row, "breaking", (const char *)sqlite3_column_text(stmt, 9));
        }
        json_array_append_new(out, row);
    }
    sqlite3_finalize(stmt);
    return out;
}

/* ---- checking out
 * -------------------------------------------------------------------------------------------------- */

static bool safe_path(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (size_t i = 0; parts[i]; i++) {
        if (!*parts[i] || g_str_equal(parts[i], "..") || g_str_equal(parts[i], ".")) {
            return false;
        }
    }
    return true;
}

static bool write_file(const CatalogFile *file, const char *root, GPtrArray *written, GError **error)
{
    g_autofree char *path = g_build_filename(root, file->path, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *text = NULL;
    gsize len = 0;
    if (!safe_path(file->path)) {
        return base_fail(error, BASE_E_DATA_DAMAGED, "a version holds the path `%s`", file->path);
    }
    if (g_file_get_contents(path, &text, &len, NULL) && len == file->len &&
        memcmp(text, file->text, len) == 0) {
        return true;
    }
    if (g_mkdir_with_parents(dir, 0755) != 0) {
        return base_fs_fail(error, errno, "make", dir);
    }
    if (!base_fs_write(path, file->text, file->len, 0644, error)) {
        return false;
    }
    g_ptr_array_add(written, g_strdup(file->path));
    return true;
}

static GPtrArray *extra_files(const GPtrArray *files, const char *root, GError **error)
{
    g_autoptr(BaseDiags) diags = base_diags_new(); /* files that cannot be read are not of the version */
    g_autoptr(GPtrArray) there = catalog_project_files(root, diags, error);
    if (!there) {
        return NULL;
    }
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < files->len; i++) {
        const CatalogFile *file = g_ptr_array_index(files, i);
        g_hash_table_add(known, file->path);
    }
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < there->len; i++) {
        const CatalogFile *file = g_ptr_array_index(there, i);
        if (!g_hash_table_contains(known, file->path)) {
            g_ptr_array_add(out, g_strdup(file->path));
        }
    }
    return out;
}

bool catalog_store_checkout(CatalogStore *store, gint64 version, const char *root, GPtrArray **ret_written,
                            GPtrArray **ret_extra, GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    g_autoptr(GPtrArray) files = files_of(store, version, error);
    g_autoptr(GPtrArray) written = g_ptr_array_new_with_free_func(g_free);
    if (!files) {
        return false;
    }
    for (guint i = 0; i < files->len; i++) {
        if (!write_file(g_ptr_array_index(files, i), root, written, error)) {
            return false;
        }
    }
    g_autoptr(GPtrArray) extra = extra_files(files, root, error);
    if (!extra) {
        return false;
    }
    if (ret_written) {
        *ret_written = g_steal_pointer(&written);
    }
    if (ret_extra) {
        *ret_extra = g_steal_pointer(&extra);
    }
    return true;
}

/* ---- live tables
 * ----------------------------------------------------------------------------------------------------- */

GPtrArray *catalog_store_live_tables(CatalogStore *store, GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    sqlite3_stmt *stmt = store_prepare(store, "SELECT json FROM live_tables ORDER BY schema, name", error);
    if (!stmt) {
        return NULL;
    }
    g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_table_free);
    bool ok = true;
    while (ok && sqlite3_step(stmt) == SQLITE_ROW) {
        g_autoptr(json_t) json =
            base_json_parse(store_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0), error);
        CatalogTable *table = json ? catalog_table_from_json(json, error) : NULL;
        ok = table != NULL;
        if (table) {
            g_ptr_array_add(tables, table);
        }
    }
    sqlite3_finalize(stmt);
    return ok ? g_steal_pointer(&tables) : NULL;
}

bool catalog_store_put_live(CatalogStore *store, const CatalogTable *table, const char *origin,
                            GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    if (!store_begin(store, error)) {
        return false;
    }
    sqlite3_stmt *stmt =
        store_prepare(store, "INSERT OR REPLACE INTO live_tables VALUES (?, ?, ?, ?, ?)", error);
    g_autoptr(json_t) json = catalog_table_to_json(table);
    g_autofree char *text = base_json_text(json);
    bool ok = stmt != NULL;
    if (ok) {
        store_bind_text(stmt, 1, table->schema);
        store_bind_text(stmt, 2, table->name);
        store_bind_text(stmt, 3, text);
        store_bind_text(stmt, 4, origin ? origin : "");
        sqlite3_bind_int64(stmt, 5, base_time_now_us());
        CatalogNode *node = catalog_node_from_table(table);
        ok = store_step(store, stmt, error) && store_index_remove(store, node->object.id, error) &&
             store_index_add(store, &node->object, error);
        catalog_node_unref(node);
    }
    sqlite3_finalize(stmt);
    return store_end(store, ok, error);
}

bool catalog_store_remove_live(CatalogStore *store, const char *schema, const char *name, GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    g_autofree char *id = g_strdup_printf("table:%s.%s", schema, name);
    const char *values[] = {schema, name};
    if (!store_begin(store, error)) {
        return false;
    }
    bool ok = catalog_store_exec(store, "DELETE FROM live_tables WHERE schema = ? AND name = ?", values, 2,
                                 error) &&
              store_index_remove(store, id, error);
    return store_end(store, ok, error);
}

/* ---- for the modules above
 * --------------------------------------------------------------------------------------------- */

static sqlite3_stmt *prepare_with(CatalogStore *store, const char *sql, const char *const *values,
                                  size_t n_values, GError **error)
{
    sqlite3_stmt *stmt = store_prepare(store, sql, error);
    for (size_t i = 0; stmt && i < n_values; i++) {
        store_bind_text(stmt, (int)i + 1, values[i]);
    }
    return stmt;
}

static json_t *row_json(sqlite3_stmt *stmt)
{
    json_t *row = json_object();
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        const char *name = sqlite3_column_name(stmt, i);
        switch (sqlite3_column_type(stmt, i)) {
        case SQLITE_INTEGER:
            base_json_set_int(row, name, sqlite3_column_int64(stmt, i));
            break;
        case SQLITE_FLOAT:
            json_object_set_new(row, name, json_real(sqlite3_column_double(stmt, i)));
            break;
        default:
            base_json_set_string(row, name, (const char *)sqlite3_column_text(stmt, i));
        }
    }
    return row;
}

json_t *catalog_store_sql(CatalogStore *store, const char *sql, const char *const *values, size_t n_values,
                          GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    sqlite3_stmt *stmt = prepare_with(store, sql, values, n_values, error);
    if (!stmt) {
        return NULL;
    }
    json_t *rows = json_array();
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        json_array_append_new(rows, row_json(stmt));
    }
    if (code != SQLITE_DONE) {
        store_fail(store, "a statement failed", error);
        g_clear_pointer(&rows, json_decref);
    }
    sqlite3_finalize(stmt);
    return rows;
}

bool catalog_store_exec(CatalogStore *store, const char *sql, const char *const *values, size_t n_values,
                        GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    sqlite3_stmt *stmt = prepare_with(store, sql, values, n_values, error);
    bool ok = stmt && store_step(store, stmt, error);
    sqlite3_finalize(stmt);
    return ok;
}

bool catalog_store_migrate(CatalogStore *store, const char *module, const char *script, GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, script, -1);
    const char *values[] = {module, hash};
    g_autoptr(json_t) done =
        catalog_store_sql(store, "SELECT 1 FROM modules WHERE name = ? AND script = ?", values, 2, error);
    if (!done) {
        return false;
    }
    if (json_array_size(done) > 0) {
        return true;
    }
    if (!store_begin(store, error)) {
        return false;
    }
    bool ok = store_run(store, script, error) &&
              catalog_store_exec(store, "INSERT OR REPLACE INTO modules VALUES (?, ?)", values, 2, error);
    return store_end(store, ok, error);
}

bool catalog_store_backup(CatalogStore *store, const char *path, GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    sqlite3 *copy = NULL;
    if (sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
        base_fail(error, BASE_E_FILE_IO, "cannot make `%s`: %s", path, sqlite3_errmsg(copy));
        sqlite3_close(copy);
        return false;
    }
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", store->db, "main");
    int code = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR;
    sqlite3_backup_finish(backup);
    bool ok = code == SQLITE_DONE;
    if (!ok) {
        base_fail(error, (code & 0xff) == SQLITE_FULL ? BASE_E_DISK_FULL : BASE_E_FILE_IO,
                  "copying to `%s` failed: %s", path, sqlite3_errstr(code));
    }
    sqlite3_close(copy);
    return ok;
}
