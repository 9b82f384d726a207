/* _weir.stale: done time of models whose input has changed since. Merged ranges, as in _weir.intervals. */
#include <string.h>

#include "warehouse/intervals.h"

bool warehouse_stale_read(EngineConn *conn, const char *model, GArray **ret, GError **error)
{
    return warehouse_state_read_ranges(conn, "stale", model, ret, error);
}

bool warehouse_stale_write(EngineConn *conn, const char *model, const GArray *ranges, GError **error)
{
    return warehouse_state_write_ranges(conn, "stale", model, ranges, error);
}

/* What of the affected time was done is stale from now on. */
static bool add_stale(EngineConn *conn, const WarehouseAffected *affected, GError **error)
{
    g_autoptr(GArray) done = NULL, stale = NULL;
    if (!warehouse_has_intervals(affected->model)) {
        return true;
    }
    if (!warehouse_state_intervals(conn, affected->model->id, &done, error)) {
        return false;
    }
    g_autoptr(GArray) hit = warehouse_ranges_intersect(done, affected->ranges);
    if (hit->len == 0) {
        return true;
    }
    if (!warehouse_stale_read(conn, affected->model->id, &stale, error)) {
        return false;
    }
    g_array_append_vals(stale, hit->data, hit->len);
    warehouse_ranges_normalise(stale);
    return warehouse_stale_write(conn, affected->model->id, stale, error);
}

static bool clear_stale(EngineConn *conn, const char *model, WarehouseInterval interval, GError **error)
{
    g_autoptr(GArray) stale = NULL;
    if (!warehouse_stale_read(conn, model, &stale, error)) {
        return false;
    }
    if (stale->len == 0) {
        return true;
    }
    warehouse_ranges_subtract(stale, interval);
    return warehouse_stale_write(conn, model, stale, error);
}

/* Tables that environments have of their own and that read the shared `origin`. */
static bool spread_to_environments(Warehouse *warehouse, EngineConn *conn, const CatalogObject *origin,
                                   const GArray *ranges, GTimeZone *zone, GError **error)
{
    g_autoptr(GPtrArray) snapshots = warehouse_environments_noted(warehouse);
    bool ok = true;
    for (guint i = 0; ok && i < snapshots->len; i++) {
        CatalogSnapshot *snapshot = snapshots->pdata[i];
        const CatalogObject *shared = catalog_by_id(snapshot, origin->id);
        if (!shared || shared->environment) {
            continue;
        }
        g_autoptr(GArray) list = warehouse_affected(snapshot, shared, ranges, zone, error);
        ok = list != NULL;
        for (guint k = 0; ok && k < list->len; k++) {
            const WarehouseAffected *affected = &g_array_index(list, WarehouseAffected, k);
            ok = !affected->model->environment || add_stale(conn, affected, error);
        }
    }
    return ok;
}

bool warehouse_stale_spread(Warehouse *warehouse, EngineConn *conn, CatalogSnapshot *snapshot,
                            const CatalogObject *origin, WarehouseInterval interval, bool built,
                            GTimeZone *zone, GError **error)
{
    if (built && !clear_stale(conn, origin->id, interval, error)) {
        return false;
    }
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    g_array_append_val(ranges, interval);
    g_autoptr(GArray) list = warehouse_affected(snapshot, origin, ranges, zone, error);
    bool ok = list != NULL;
    for (guint i = 0; ok && i < list->len; i++) {
        ok = add_stale(conn, &g_array_index(list, WarehouseAffected, i), error);
    }
    return ok && (catalog_environment(snapshot) ||
                  spread_to_environments(warehouse, conn, origin, ranges, zone, error));
}
