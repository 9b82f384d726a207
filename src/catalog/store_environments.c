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
    sqlite3_stmt *row = store_prepare(store, "INSERT INTO environment_files VALUES (?, ?, ?)", error);
    if (!row) {
        return false;
    }
    store_bind_text(row, 1, name);
    bool ok = store_write_files(store, row, files, error);
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
    sqlite3_stmt *stmt = store_prepare(store,
                                       "SELECT f.path, b.text FROM environment_files f JOIN blobs b USING "
                                       "(hash) WHERE f.name = ? ORDER BY f.path",
                                       error);
    if (!stmt) {
        return NULL;
    }
    store_bind_text(stmt, 1, name);
    GPtrArray *files = store_read_files(store, stmt, error);
    sqlite3_finalize(stmt);
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
