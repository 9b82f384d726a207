/* Tables of pushed rows of feature views. */
#ifndef WEIR_SERVER_FEATURES_TABLES_H
#define WEIR_SERVER_FEATURES_TABLES_H

#include "server/app.h"

/* After an apply, and at start: makes the tables that are not there, adds columns to others;
 * *snapshot (a reference) becomes one that knows them. Under the lock of definitions. */
bool server_features_tables(ServerApp *app, CatalogSnapshot **snapshot,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
