/* Environments in catalog.sqlite: the files of a branch as they were applied, their texts among those of the
 * versions, and the version that they were compared with. */
#include "base/time.h"
#include "catalog/store_int.h"

const char CATALOG_ENVIRONMENTS_SQL[] =
    "CREATE TABLE IF NOT EXISTS environments(name TEXT PRIMARY KEY, base INTEGER NOT NULL, at_us INTEGER NOT "
    "NULL, user TEXT NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS environment_files(name TEXT NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL,"
    " PRIMARY KEY(name, path)) WITHOUT ROWID;";

static bool forget(CatalogStore *store, const char *name, GError **error)
{
    const char *values[] = {name};
    return catalog_store_exec(store, "DELETE FROM environment_files WHERE name = ?", values, 1, error) &&
           catalog_store_exec(store, "DELETE FROM environments WHERE name = ?", values, 1, error);
}

static bool write_row(CatalogStore *store, const char *name, gint64 base, const char *user, const char *note,
                      GError **error)
{
    sqlite3_stmt *stmt = store_prepare(store, "INSERT INTO environments VALUES (?, ?, ?, ?, ?)", error);
    if (!stmt) {
        return false;
    }
    store_bind_text(stmt, 1, name);
    sqlite3_bind_int64(stmt, 2, base);
    sqlite3_bind_int64(stmt, 3, base_time_now_us());
    store_bind_text(stmt, 4, user ? user : "");
    store_bind_text(stmt, 5, note ? note : "");
    bool ok = store_step(store, stmt, error);
    sqlite3_finalize(stmt);
    return ok;
}

static bool write_files(CatalogStore *store, const char *name, const GPtrArray *files, GError **error)
{
    sqlite3_stmt *blob = store_prepare(store, "INSERT OR IGNORE INTO blobs VALUES (?, ?)", error);
    sqlite3_stmt *row =
        blob ? store_prepare(store, "INSERT INTO environment_files VALUES (?, ?, ?)", error) : NULL;
    bool ok = row != NULL;
    for (guint i = 0; ok && i < files->len; i++) {
        const CatalogFile *file = g_ptr_array_index(files, i);
        store_bind_text(blob, 1, file->hash);
        sqlite3_bind_blob64(blob, 2, file->text, file->len, SQLITE_STATIC);
        store_bind_text(row, 1, name);
        store_bind_text(row, 2, file->path);
        store_bind_text(row, 3, file->hash);
        ok = store_step(store, blob, error) && store_step(store, row, error);
    }
    sqlite3_finalize(blob);
    sqlite3_finalize(row);
    return ok;
}

bool catalog_store_put_environment(CatalogStore *store, const char *name, gint64 base,
                                   const CatalogSnapshot *branch, const char *user, const char *note,
                                   GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    if (!store_begin(store, error)) {
        return false;
    }
    bool ok = forget(store, name, error) && write_row(store, name, base, user, note, error) &&
              write_files(store, name, branch->files, error);
    return store_end(store, ok, error);
}

bool catalog_store_remove_environment(CatalogStore *store, const char *name, GError **error)
{
    g_autoptr(GRecMutexLocker) locker = g_rec_mutex_locker_new(&store->lock);
    return store_begin(store, error) && store_end(store, forget(store, name, error), error);
}

json_t *catalog_store_environments(CatalogStore *store, GError **error)
{
    return catalog_store_sql(store, "SELECT name, base, at_us, user, note FROM environments ORDER BY name",
                             NULL, 0, error);
}

/* CatalogFile*; empty when there is no such environment. */
static GPtrArray *files_of(CatalogStore *store, const char *name, GError **error)
{
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_file_unref);
    sqlite3_stmt *stmt = store_prepare(store,
                                       "SELECT f.path, b.text FROM environment_files f JOIN blobs b USING "
                                       "(hash) WHERE f.name = ? ORDER BY f.path",
                                       error);
    store_bind_text(stmt, 1, name);
    int code = stmt ? SQLITE_ROW : SQLITE_ERROR;
    while (stmt && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        size_t len = (size_t)sqlite3_column_bytes(stmt, 1);
        char *text = g_malloc(len + 1);
        if (len) {
            memcpy(text, sqlite3_column_blob(stmt, 1), len);
        }
        text[len] = '\0';
        g_ptr_array_add(files, catalog_file_new(store_text(stmt, 0), text, len));
    }
    if (stmt && code != SQLITE_DONE) {
        store_fail(store, "an environment cannot be read", error);
    }
    sqlite3_finalize(stmt);
    if (code != SQLITE_DONE) {
        g_clear_pointer(&files, g_ptr_array_unref);
    }
    return files;
}

static bool unknown(CatalogStore *store, const char *name, GError **error)
{
    g_autoptr(json_t) known = catalog_store_environments(store, NULL);
    g_autoptr(GString) names = g_string_new(NULL);
    size_t i;
    json_t *row;
    json_array_foreach (known, i, row) {
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", base_json_string(row, "name", ""));
    }
    base_fail(error, BASE_E_ENVIRONMENT_UNKNOWN, "no environment `%s`", name);
    if (names->len) {
        base_error_hint(error, "there is %s", names->str);
    } else {
        base_error_hint(error, "weir apply --env %s makes it", name);
    }
    return false;
}

CatalogSnapshot *catalog_store_environment(CatalogStore *store, const char *name, EngineConn *parser,
                                           gint64 *ret_base, GError **error)
{
    const char *values[] = {name};
    g_rec_mutex_lock(&store->lock);
    g_autoptr(json_t) rows =
        catalog_store_sql(store, "SELECT base FROM environments WHERE name = ?", values, 1, error);
    GPtrArray *files = json_array_size(rows) == 1 ? files_of(store, name, error) : NULL;
    g_autoptr(GPtrArray) live = files ? catalog_store_live_tables(store, error) : NULL;
    g_rec_mutex_unlock(&store->lock);
    if (rows && json_array_size(rows) == 0) {
        (void)unknown(store, name, error);
        return NULL;
    }
    if (!live) {
        g_clear_pointer(&files, g_ptr_array_unref);
        return NULL;
    }
    if (ret_base) {
        *ret_base = base_json_int(json_array_get(rows, 0), "base", 0);
    }
    g_autoptr(BaseDiags) diags = base_diags_new(); /* it was without mistakes when it was applied */
    return catalog_load_files(files, parser, live, true, diags);
}
