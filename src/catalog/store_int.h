/* Private: store*.c and search.c, the only files that know SQLite. */
#ifndef WEIR_CATALOG_STORE_INT_H
#define WEIR_CATALOG_STORE_INT_H

#include <sqlite3.h>

#include "catalog/catalog_int.h"
#include "catalog/store.h"

struct CatalogStore {
    sqlite3 *db;
    char *path;
    char *cache_path; /* catalog.cache */
    GRecMutex lock;   /* around every use of db */
};

bool store_fail(CatalogStore *store, const char *what, GError **error);
bool store_run(CatalogStore *store, const char *sql, GError **error);
sqlite3_stmt *store_prepare(CatalogStore *store, const char *sql, GError **error);
void store_bind_text(sqlite3_stmt *stmt, int i, const char *text);
bool store_step(CatalogStore *store, sqlite3_stmt *stmt, GError **error); /* and resets it */
const char *store_text(sqlite3_stmt *stmt, int column);                   /* "" for NULL */
bool store_begin(CatalogStore *store, GError **error);
/* Commits when ok, else undoes. */
bool store_end(CatalogStore *store, bool ok, GError **error);

/* Texts of files and who has them: `row` inserts (owner, path, hash), its owner bound; reading, `stmt` gives
 * path and text. CatalogFile*. */
bool store_write_files(CatalogStore *store, sqlite3_stmt *row, const GPtrArray *files, GError **error);
GPtrArray *store_read_files(CatalogStore *store, sqlite3_stmt *stmt, GError **error);

/* store_environments.c: the tables of its own. */
extern const char CATALOG_ENVIRONMENTS_SQL[];

/* search.c; inside the caller's transaction. */
bool store_index(CatalogStore *store, const CatalogSnapshot *snapshot, GError **error);
bool store_index_add(CatalogStore *store, const CatalogObject *object, GError **error);
bool store_index_remove(CatalogStore *store, const char *id, GError **error);

#endif
