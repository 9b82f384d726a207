/* Live tables. See live.h. */
#include "server/live.h"

#include "base/fault.h"

bool server_live_put(ServerApp *app, CatalogSnapshot *snapshot, const CatalogTable *table, GError **error)
{
    if (!catalog_store_put_live(server_app_store(app), table, "sql", error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) with = catalog_snapshot_with_table(snapshot, table);
    server_app_set_snapshot(app, with);
    return true;
}

bool server_live_drop(ServerApp *app, CatalogSnapshot *snapshot, const char *schema, const char *name,
                      GError **error)
{
    if (!intake_table_drop(server_app_intake(app), schema, name, error)) {
        return false;
    }
    (void)BASE_FAULT("drop.between");
    if (!catalog_store_remove_live(server_app_store(app), schema, name, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) without = catalog_snapshot_without_table(snapshot, schema, name);
    server_app_set_snapshot(app, without);
    return true;
}
