/* Who works on which models: runs go side by side where they have no model in common; an apply has the
 * warehouse to itself. What waits longest for everything is not overtaken by ever new runs. */
#include "warehouse/warehouse_int.h"

static bool any_claimed(const Warehouse *warehouse, const GPtrArray *models)
{
    for (guint i = 0; i < models->len; i++) {
        const CatalogObject *model = models->pdata[i];
        if (g_hash_table_contains(warehouse->claimed, model->id)) {
            return true;
        }
    }
    return false;
}

void warehouse_claim(Warehouse *warehouse, const GPtrArray *models)
{
    g_mutex_lock(&warehouse->claim_lock);
    while (warehouse->claimed_all || warehouse->waiting_for_all || any_claimed(warehouse, models)) {
        g_cond_wait(&warehouse->claim_changed, &warehouse->claim_lock);
    }
    for (guint i = 0; i < models->len; i++) {
        g_hash_table_add(warehouse->claimed, g_strdup(((const CatalogObject *)models->pdata[i])->id));
    }
    g_mutex_unlock(&warehouse->claim_lock);
}

bool warehouse_try_claim(Warehouse *warehouse, const GPtrArray *models)
{
    g_mutex_lock(&warehouse->claim_lock);
    bool free_now = !warehouse->claimed_all && !warehouse->waiting_for_all && !any_claimed(warehouse, models);
    for (guint i = 0; free_now && i < models->len; i++) {
        g_hash_table_add(warehouse->claimed, g_strdup(((const CatalogObject *)models->pdata[i])->id));
    }
    g_mutex_unlock(&warehouse->claim_lock);
    return free_now;
}

void warehouse_release(Warehouse *warehouse, const GPtrArray *models)
{
    g_mutex_lock(&warehouse->claim_lock);
    for (guint i = 0; i < models->len; i++) {
        g_hash_table_remove(warehouse->claimed, ((const CatalogObject *)models->pdata[i])->id);
    }
    g_cond_broadcast(&warehouse->claim_changed);
    g_mutex_unlock(&warehouse->claim_lock);
}

void warehouse_claim_all(Warehouse *warehouse)
{
    g_mutex_lock(&warehouse->claim_lock);
    warehouse->waiting_for_all++;
    while (warehouse->claimed_all || g_hash_table_size(warehouse->claimed) > 0) {
        g_cond_wait(&warehouse->claim_changed, &warehouse->claim_lock);
    }
    warehouse->waiting_for_all--;
    warehouse->claimed_all = true;
    g_mutex_unlock(&warehouse->claim_lock);
}

void warehouse_release_all(Warehouse *warehouse)
{
    g_mutex_lock(&warehouse->claim_lock);
    warehouse->claimed_all = false;
    g_cond_broadcast(&warehouse->claim_changed);
    g_mutex_unlock(&warehouse->claim_lock);
}
