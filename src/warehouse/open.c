/* The warehouse's life: what it needs to run models, and nothing else. */
#include "warehouse/warehouse_int.h"

Warehouse *warehouse_open(Engine *engine, Intake *intake, CatalogStore *store, GError **error)
{
    Warehouse *warehouse = g_new0(Warehouse, 1);
    warehouse->engine = engine_ref(engine);
    warehouse->intake = intake;
    warehouse->store = store;
    g_mutex_init(&warehouse->claim_lock);
    g_cond_init(&warehouse->claim_changed);
    g_mutex_init(&warehouse->state_lock);
    warehouse->claimed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    warehouse->running = g_ptr_array_new_with_free_func(g_free);
    warehouse->environments =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)catalog_snapshot_unref);
    if (!warehouse_state_open(warehouse, error) || !warehouse_schedule_open(warehouse, error)) {
        warehouse_close(warehouse);
        return NULL;
    }
    return warehouse;
}

void warehouse_close(Warehouse *warehouse)
{
    if (!warehouse) {
        return;
    }
    g_ptr_array_unref(warehouse->running);
    g_hash_table_unref(warehouse->environments);
    warehouse_schedule_close(warehouse);
    g_hash_table_unref(warehouse->claimed);
    g_cond_clear(&warehouse->claim_changed);
    g_mutex_clear(&warehouse->claim_lock);
    g_mutex_clear(&warehouse->state_lock);
    engine_unref(warehouse->engine);
    g_free(warehouse);
}
