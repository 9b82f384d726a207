/* What is due. A model or source is due when its schedule fired since it was last run or given out. One that
 * was never run is due at once: a model that nobody built yet, a source that was not looked at since the
 * server started. Any outcome of a run counts, so that a failing model is not tried again before its time. */
#include "warehouse/warehouse_int.h"

/* Newest begin of each model's runs, whatever came of them. */
static json_t *last_begins(EngineConn *conn)
{
    g_autoptr(json_t) rows =
        engine_query_json(conn, "SELECT model AS id, max(started_us) AS at FROM _weir.runs GROUP BY model",
                          NULL, 0, 1000000, NULL);
    if (!rows) {
        return NULL; /* the engine is closing or poisoned: nothing is due */
    }
    json_t *by_id = json_object();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        base_json_set_int(by_id, base_json_string(row, "id", ""), base_json_int(row, "at", 0));
    }
    return by_id;
}

static const char *schedule_of(const CatalogObject *object)
{
    if (object->kind == CATALOG_MODEL) {
        return object->model->schedule;
    }
    return object->kind == CATALOG_SOURCE ? base_json_string(object->definition, "schedule", NULL) : NULL;
}

static bool is_due(const char *schedule, gint64 last_us, gint64 now_us, GTimeZone *zone)
{
    g_autoptr(BaseCron) cron =
        base_cron_parse(schedule, NULL); /* one that does not parse was refused when it was applied */
    return cron && (last_us == 0 || base_cron_next(cron, last_us, zone) <= now_us);
}

/* With the state lock. */
static gint64 given_at(Warehouse *warehouse, const char *id)
{
    const gint64 *at = g_hash_table_lookup(warehouse->given, id);
    return at ? *at : 0;
}

static void give(Warehouse *warehouse, GPtrArray *due, const char *id, gint64 now_us)
{
    gint64 *at = g_new(gint64, 1);
    *at = now_us;
    g_hash_table_replace(warehouse->given, g_strdup(id), at);
    g_ptr_array_add(due, g_strdup(id));
}

GPtrArray *warehouse_due(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us)
{
    GPtrArray *due = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, NULL);
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), NULL);
    g_autoptr(json_t) last = conn ? last_begins(conn) : NULL;
    const GPtrArray *objects = catalog_objects(snapshot);
    g_mutex_lock(&warehouse->state_lock);
    for (guint i = 0; last && zone && i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        const char *schedule = schedule_of(object);
        gint64 last_us = MAX(base_json_int(last, object->id, 0), given_at(warehouse, object->id));
        if (schedule && is_due(schedule, last_us, now_us, zone)) {
            give(warehouse, due, object->id, now_us);
        }
    }
    g_mutex_unlock(&warehouse->state_lock);
    return due;
}
