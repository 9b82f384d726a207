/* Live tables: those of CREATE TABLE and of pushed rows, which no definition file declares. Each is a row of
 * the catalog's store and a table of the engine; the functions keep the two together. Under the lock of
 * definitions. */
#ifndef WEIR_SERVER_LIVE_H
#define WEIR_SERVER_LIVE_H

#include "server/app.h"

/* After the engine's table was made or changed over SQL. The app's snapshot is then `snapshot` with
 * it. */
bool server_live_put(ServerApp *app, CatalogSnapshot *snapshot, const CatalogTable *table,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The engine's table goes first, so that no rows are left that nobody knows: cut off in between, the catalog
 * has a table that cannot be read, and the same call ends it. The app's snapshot is then `snapshot` without
 * it. */
bool server_live_drop(ServerApp *app, CatalogSnapshot *snapshot, const char *schema, const char *name,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
