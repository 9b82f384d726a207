/* What is due. A model or source is due when its schedule fired since it last began, whatever came of it, so
 * that one that fails is not tried again before its time. One that never began is due at once: a model that
 * nobody built yet, a source that was not looked at since the server started. With `schedule: {on: upstream}`
 * a model is due when something it reads began later than it.
 *
 * When things began is kept in memory (asking costs no query: the scheduler asks every second) and read once
 * at open. */
#include "warehouse/warehouse_int.h"

/* With the state lock. */
static gint64 begun_at(Warehouse *warehouse, const char *id)
{
    const gint64 *at = g_hash_table_lookup(warehouse->begun, id);
    return at ? *at : 0;
}

/* With the state lock. */
static void set_begun(Warehouse *warehouse, const char *id, gint64 us)
{
    gint64 *at = g_hash_table_lookup(warehouse->begun, id);
    if (!at) {
        at = g_new0(gint64, 1);
        g_hash_table_insert(warehouse->begun, g_strdup(id), at);
    }
    *at = MAX(*at, us);
}

void warehouse_note_begun(Warehouse *warehouse, const char *id, gint64 us)
{
    g_mutex_lock(&warehouse->state_lock);
    set_begun(warehouse, id, us);
    g_mutex_unlock(&warehouse->state_lock);
}

bool warehouse_schedule_open(Warehouse *warehouse, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(json_t) rows =
        conn ? engine_query_json(conn,
                                 "SELECT model AS id, max(started_us) AS us FROM _weir.runs GROUP BY model",
                                 NULL, 0, 1000000, error)
             : NULL;
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        warehouse_note_begun(warehouse, base_json_string(row, "id", ""), base_json_int(row, "us", 0));
    }
    return rows != NULL;
}

static const char *schedule_of(const CatalogObject *object)
{
    if (object->kind == CATALOG_MODEL) {
        return object->model->schedule;
    }
    return object->kind == CATALOG_SOURCE ? base_json_string(object->definition, "schedule", NULL) : NULL;
}

static bool fired(const char *schedule, gint64 last_us, gint64 now_us, GTimeZone *zone)
{
    g_autoptr(BaseCron) cron =
        base_cron_parse(schedule, NULL); /* one that does not parse was refused when it was applied */
    return cron && (last_us == 0 || base_cron_next(cron, last_us, zone) <= now_us);
}

static bool follows(const CatalogObject *object)
{
    const json_t *schedule =
        object->kind == CATALOG_MODEL ? json_object_get(object->definition, "schedule") : NULL;
    return g_str_equal(base_json_string(schedule, "on", ""), "upstream");
}

/* With the state lock. */
static bool is_behind(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *object,
                      gint64 last_us)
{
    g_autoptr(GPtrArray) above = catalog_upstream(snapshot, object);
    bool behind = last_us == 0;
    for (guint i = 0; above && i < above->len && !behind; i++) {
        behind = begun_at(warehouse, ((const CatalogObject *)above->pdata[i])->id) > last_us;
    }
    return behind;
}

GPtrArray *warehouse_due(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us)
{
    GPtrArray *due = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), NULL);
    const GPtrArray *objects = catalog_objects(snapshot);
    g_mutex_lock(&warehouse->state_lock);
    for (guint i = 0; zone && i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        const char *schedule = schedule_of(object);
        gint64 last_us = begun_at(warehouse, object->id);
        if ((schedule && fired(schedule, last_us, now_us, zone)) ||
            (follows(object) && is_behind(warehouse, snapshot, object, last_us))) {
            set_begun(warehouse, object->id, now_us);
            g_ptr_array_add(due, g_strdup(object->id));
        }
    }
    g_mutex_unlock(&warehouse->state_lock);
    return due;
}
