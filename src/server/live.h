/* Live tables: those of CREATE TABLE and of pushed rows, which no definition file declares. Each is a row of
 * the catalog's store and a table of the engine; the functions keep the two together. Under the lock of
 * definitions. */
#ifndef WEIR_SERVER_LIVE_H
#define WEIR_SERVER_LIVE_H

#include "server/app.h"

/* The rows go first: cut off in between, a table without rows is left, and the same call ends it. The
 * app's snapshot is then `snapshot` without it. */
bool server_live_drop(ServerApp *app, CatalogSnapshot *snapshot, const char *schema, const char *name,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
