/* Tables of pushed rows of feature views. */
#ifndef WEIR_SERVER_FEATURES_TABLES_H
#define WEIR_SERVER_FEATURES_TABLES_H

#include "features/registry.h"
#include "server/app.h"

/* After an apply, and at start: makes the tables that are not there, adds columns to others;
 * *snapshot (a reference) becomes one that knows them. Under the lock of definitions. */
bool server_features_tables(ServerApp *app, CatalogSnapshot **snapshot,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Before a version is pruned: drops its table of pushed rows when no other version reads it. FEATURE_IN_USE
 * when a model or the SQL of another view does. Under the lock of definitions. */
bool server_features_table_drop(ServerApp *app, const FeaturesRegistry *registry, const FeaturesView *pruned,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
