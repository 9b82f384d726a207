/* catalog.sqlite: applied versions, search index; tables of access (users, tokens, audit) live in the same
 * file through catalog_store_db. One writer at a time (the store's lock); WAL, synchronous=FULL. */
#ifndef WEIR_CATALOG_STORE_H
#define WEIR_CATALOG_STORE_H

#include "catalog/catalog.h"

typedef struct CatalogStore CatalogStore;

/* Opens or makes <data>/catalog.sqlite and migrates it. Errors: FORMAT_NEWER, FILE_IO, DISK_FULL. */
CatalogStore *catalog_store_open(const char *data_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void catalog_store_close(CatalogStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CatalogStore, catalog_store_close)

/* Keeps what reading the project found in <data>/catalog.cache, when there is something new: a file that did
 * not change costs no parsing and no binding at the next reading. The cache is read by catalog_store_open;
 * without it all works, slower. Errors: DISK_FULL, FILE_IO. */
bool catalog_store_keep(CatalogStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The last applied snapshot (rebuilt from what was stored: files as they were applied); an empty one at
 * first. */
CatalogSnapshot *catalog_store_applied(CatalogStore *store, EngineConn *parser,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Records `after` as the next version in one transaction; *ret_version from 1. */
bool catalog_store_apply(CatalogStore *store, const CatalogDiff *diff, const char *user, const char *note,
                         gint64 *ret_version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{version, at, user, note, added, changed, removed}] newest first; for one object, with its text diff. */
json_t *catalog_store_history(CatalogStore *store, const char *object_id,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The snapshot of a version: VERSION_UNKNOWN. 0 = the empty one. */
CatalogSnapshot *catalog_store_version(CatalogStore *store, gint64 version, EngineConn *parser,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
gint64 catalog_store_current(CatalogStore *store);
/* Writes the project files of a version into `root` (rollback): only files that differ are touched; files
 * that the version did not have are listed in ret_extra (char*, may be NULL) and left alone. */
bool catalog_store_checkout(CatalogStore *store, gint64 version, const char *root, GPtrArray **ret_written,
                            GPtrArray **ret_extra, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Live tables: those made by CREATE TABLE or inferred by a source, not by files. CatalogTable*. */
GPtrArray *catalog_store_live_tables(CatalogStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool catalog_store_put_live(CatalogStore *store, const CatalogTable *table, const char *origin,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool catalog_store_remove_live(CatalogStore *store, const char *schema, const char *name,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- environments: a branch's files, as applied (store_environments.c) ----
 * `base` is the version of production that the branch was compared with. */
bool catalog_store_put_environment(CatalogStore *store, const char *name, gint64 base,
                                   const CatalogSnapshot *branch, const char *user, const char *note,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool catalog_store_remove_environment(CatalogStore *store, const char *name,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{name, base, at_us, user, note}] by name. */
json_t *catalog_store_environments(CatalogStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The branch's definitions by themselves (catalog_environment_new puts them over production's).
 * ENVIRONMENT_UNKNOWN. */
CatalogSnapshot *catalog_store_environment(CatalogStore *store, const char *name, EngineConn *parser,
                                           gint64 *ret_base, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Names, titles, aliases, descriptions, columns of all kinds; zh and en, parts of words (FTS5 trigram).
 * [{id, kind, name, title, matched, snippet}] best first. */
json_t *catalog_store_search(CatalogStore *store, const char *text, const char *lang, size_t limit,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A consistent copy at `path` while serving. */
bool catalog_store_backup(CatalogStore *store, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- SQL for the modules above (access) without including sqlite3.h ------------------------------- */
/* Runs one statement with text parameters (NULL = SQL NULL); rows as [{column: value}]. */
json_t *catalog_store_sql(CatalogStore *store, const char *sql, const char *const *values, size_t n_values,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool catalog_store_exec(CatalogStore *store, const char *sql, const char *const *values, size_t n_values,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Runs `script` (CREATE TABLE IF NOT EXISTS ...) once for each module at open. */
bool catalog_store_migrate(CatalogStore *store, const char *module, const char *script,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
