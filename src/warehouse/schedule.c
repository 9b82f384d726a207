/* When models and sources fire. Each has an entry with its next firing; what changes one (time that passed, a
 * run that ended, a pause, an apply) wakes whoever waits in warehouse_schedule_wait: nothing is asked for
 * every second.
 *
 * One that never began fires at once: a model that nobody built yet, a source that was not looked at since
 * the server started. With `on: upstream` a model fires when something it reads began later than it. Firings
 * that nobody was there for go by `catchup`. A firing is written down when its run has ended, so that one
 * that a crash cut off is due again. */
#include "warehouse/schedule_int.h"

#define MAX_CATCHUP 1000

/* ---- what is remembered of an object: with the state lock ------------------------------------------------
 */

static void remembered_free(gpointer data)
{
    g_free(data);
}

WarehouseRemembered *warehouse_remembered(Warehouse *warehouse, const char *id)
{
    WarehouseRemembered *known = g_hash_table_lookup(warehouse->remembered, id);
    if (!known) {
        known = g_new0(WarehouseRemembered, 1);
        g_hash_table_insert(warehouse->remembered, g_strdup(id), known);
    }
    return known;
}

static void wake(Warehouse *warehouse)
{
    warehouse->schedule_dirty = true;
    g_cond_broadcast(&warehouse->schedule_changed);
}

void warehouse_schedule_wake(Warehouse *warehouse)
{
    g_mutex_lock(&warehouse->state_lock);
    warehouse->look_at_all = true;
    wake(warehouse);
    g_mutex_unlock(&warehouse->state_lock);
}

void warehouse_note_begun(Warehouse *warehouse, const char *id, gint64 us)
{
    g_mutex_lock(&warehouse->state_lock);
    WarehouseRemembered *known = warehouse_remembered(warehouse, id);
    known->begun_us = MAX(known->begun_us, us);
    g_hash_table_add(warehouse->touched, g_strdup(id));
    wake(warehouse); /* what follows it may be due */
    g_mutex_unlock(&warehouse->state_lock);
}

void warehouse_note_done(Warehouse *warehouse, const char *id, gint64 us)
{
    g_mutex_lock(&warehouse->state_lock);
    WarehouseRemembered *known = warehouse_remembered(warehouse, id);
    known->done_us = MAX(known->done_us, us);
    g_mutex_unlock(&warehouse->state_lock);
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool read_states(Warehouse *warehouse, EngineConn *conn, GError **error)
{
    g_autoptr(json_t) runs = engine_query_json(
        conn,
        "SELECT model AS id, max(started_us) AS begun_us, max(CASE WHEN state = 'done' THEN started_us + "
        "elapsed_us END) AS done_us FROM _weir.runs WHERE state <> 'skipped' GROUP BY model",
        NULL, 0, 1000000, error);
    g_autoptr(json_t) states =
        runs ? engine_query_json(conn, "SELECT id, paused, fired_us FROM _weir.schedules", NULL, 0, 1000000,
                                 error)
             : NULL;
    size_t i;
    json_t *row;
    json_array_foreach (runs, i, row) {
        WarehouseRemembered *known = warehouse_remembered(warehouse, base_json_string(row, "id", ""));
        known->begun_us = base_json_int(row, "begun_us", 0);
        known->done_us = base_json_int(row, "done_us", 0);
    }
    json_array_foreach (states, i, row) {
        WarehouseRemembered *known = warehouse_remembered(warehouse, base_json_string(row, "id", ""));
        known->paused = base_json_bool(row, "paused", false);
        known->fired_us = base_json_int(row, "fired_us", 0);
    }
    return states != NULL;
}

bool warehouse_schedule_open(Warehouse *warehouse, GError **error)
{
    warehouse->remembered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, remembered_free);
    warehouse->touched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    warehouse->entries = g_ptr_array_new_with_free_func(warehouse_entry_free);
    warehouse->watched_since_us = base_time_now_us();
    g_cond_init(&warehouse->schedule_changed);
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    return conn && read_states(warehouse, conn, error);
}

void warehouse_schedule_close(Warehouse *warehouse)
{
    if (warehouse->remembered) {
        g_ptr_array_unref(warehouse->entries);
        g_hash_table_unref(warehouse->remembered);
        g_hash_table_unref(warehouse->touched);
        g_clear_pointer(&warehouse->entries_of, catalog_snapshot_unref);
        g_cond_clear(&warehouse->schedule_changed);
    }
}

/* ---- entries: one for each object with a schedule --------------------------------------------------------
 */

void warehouse_entry_free(gpointer data)
{
    WarehouseEntry *entry = data;
    schedule_spec_free(entry->spec);
    schedule_calendar_free(entry->calendar);
    g_clear_pointer(&entry->zone, g_time_zone_unref);
    g_free(entry);
}

static WarehouseEntry *make_entry(CatalogSnapshot *snapshot, const CatalogObject *object)
{
    const json_t *schedule = json_object_get(object->definition, "schedule");
    bool runs = object->kind == CATALOG_MODEL || object->kind == CATALOG_SOURCE;
    ScheduleSpec *spec = runs && schedule ? schedule_spec_parse(schedule, NULL) : NULL;
    if (!spec) {
        return NULL; /* one that does not parse was refused when it was applied */
    }
    WarehouseEntry *entry = g_new0(WarehouseEntry, 1);
    entry->object = object;
    entry->spec = spec;
    entry->zone = base_time_zone(spec->timezone ? spec->timezone : catalog_project_timezone(snapshot), NULL);
    const json_t *calendar =
        spec->calendar ? json_object_get(json_object_get(catalog_project_settings(snapshot), "calendars"),
                                         spec->calendar)
                       : NULL;
    entry->calendar = calendar ? schedule_calendar_parse(calendar, NULL) : NULL;
    entry->calendar_unknown = spec->calendar && !entry->calendar;
    return entry;
}

/* With the state lock. */
static bool use_snapshot(Warehouse *warehouse, CatalogSnapshot *snapshot)
{
    if (warehouse->entries_of == snapshot) {
        return false;
    }
    const GPtrArray *objects = catalog_objects(snapshot);
    g_ptr_array_set_size(warehouse->entries, 0);
    for (guint i = 0; i < objects->len; i++) {
        WarehouseEntry *entry = make_entry(snapshot, objects->pdata[i]);
        if (entry) {
            g_ptr_array_add(warehouse->entries, entry);
        }
    }
    g_clear_pointer(&warehouse->entries_of, catalog_snapshot_unref);
    warehouse->entries_of = catalog_snapshot_ref(snapshot);
    warehouse->look_at_all = true; /* until warehouse_due did */
    return true;
}

GPtrArray *warehouse_entries(Warehouse *warehouse, CatalogSnapshot *snapshot)
{
    use_snapshot(warehouse, snapshot);
    return warehouse->entries;
}

/* ---- firing: with the state lock -------------------------------------------------------------------------
 */

static gint64 last_of(const WarehouseRemembered *known)
{
    return known->fired_us ? known->fired_us : known->begun_us;
}

static bool is_behind(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *object,
                      gint64 last_us)
{
    g_autoptr(GPtrArray) above = catalog_upstream(snapshot, object);
    for (guint i = 0; above && i < above->len; i++) {
        const CatalogObject *read = above->pdata[i];
        const WarehouseRemembered *known = g_hash_table_lookup(warehouse->remembered, read->id);
        if (known && known->begun_us > last_us) {
            return true;
        }
    }
    return false;
}

/* What reads, directly or not, something that began since the last time; NULL = anything may. */
static GHashTable *reached_by_touched(Warehouse *warehouse, CatalogSnapshot *snapshot, bool all)
{
    GHashTable *reached = all ? NULL : g_hash_table_new(NULL, NULL);
    GHashTableIter iter;
    gpointer id;
    g_hash_table_iter_init(&iter, warehouse->touched);
    while (reached && g_hash_table_iter_next(&iter, &id, NULL)) {
        const CatalogObject *object = catalog_by_id(snapshot, id);
        g_autoptr(GPtrArray) below = object ? catalog_downstream(snapshot, object) : NULL;
        for (guint i = 0; below && i < below->len; i++) {
            g_hash_table_add(reached, below->pdata[i]);
        }
    }
    g_hash_table_remove_all(warehouse->touched);
    return reached;
}

static void add_firing(GPtrArray *firings, const WarehouseEntry *entry, gint64 fired_us)
{
    WarehouseFiring *firing = g_new0(WarehouseFiring, 1);
    firing->id = g_strdup(entry->object->id);
    firing->fired_us = fired_us;
    firing->business_day = schedule_spec_business_day(entry->spec, entry->zone, fired_us);
    g_ptr_array_add(firings, firing);
}

static void firing_free(gpointer data)
{
    g_free(((WarehouseFiring *)data)->id);
    g_free(data);
}

/* What the entry has due; what it remembers moves on. */
static void fire(Warehouse *warehouse, CatalogSnapshot *snapshot, WarehouseEntry *entry, gint64 now_us,
                 GHashTable *reached, GPtrArray *firings)
{
    WarehouseRemembered *known = warehouse_remembered(warehouse, entry->object->id);
    if (known->paused || entry->calendar_unknown) {
        return;
    }
    bool never = known->begun_us == 0 && known->fired_us == 0;
    if (entry->spec->on_upstream) {
        gint64 last_us = MAX(known->begun_us, known->fired_us);
        bool may = never || !reached || g_hash_table_contains(reached, entry->object);
        if (never || (may && is_behind(warehouse, snapshot, entry->object, last_us))) {
            known->fired_us = MAX(now_us, last_us);
            add_firing(firings, entry, now_us);
        }
        return;
    }
    if (never) {
        known->fired_us = now_us;
        add_firing(firings, entry, now_us);
        return;
    }
    gint64 since_us = MAX(warehouse->watched_since_us, known->resumed_us);
    g_autoptr(GArray) due = schedule_spec_due(entry->spec, entry->calendar, entry->zone, last_of(known),
                                              now_us, since_us, MAX_CATCHUP);
    for (guint i = 0; i < due->len; i++) {
        known->fired_us = g_array_index(due, gint64, i);
        add_firing(firings, entry, known->fired_us);
    }
}

static gint64 next_of(Warehouse *warehouse, const WarehouseEntry *entry)
{
    const WarehouseRemembered *known = warehouse_remembered(warehouse, entry->object->id);
    if (known->paused || entry->calendar_unknown || entry->spec->on_upstream) {
        return G_MAXINT64;
    }
    if (known->begun_us == 0 && known->fired_us == 0) {
        return 0;
    }
    gint64 after_us = last_of(known);
    if (entry->spec->catchup == SCHEDULE_CATCHUP_NONE) {
        after_us = MAX(after_us, MAX(warehouse->watched_since_us, known->resumed_us) - 1);
    }
    return schedule_spec_next(entry->spec, entry->calendar, entry->zone, after_us);
}

gint64 warehouse_entry_next(Warehouse *warehouse, const WarehouseEntry *entry)
{
    return next_of(warehouse, entry);
}

GPtrArray *warehouse_due(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us)
{
    GPtrArray *firings = g_ptr_array_new_with_free_func(firing_free);
    g_mutex_lock(&warehouse->state_lock);
    bool all = use_snapshot(warehouse, snapshot) || warehouse->look_at_all;
    g_autoptr(GHashTable) reached = reached_by_touched(warehouse, snapshot, all);
    warehouse->schedule_dirty = warehouse->look_at_all = false;
    warehouse->next_us = G_MAXINT64;
    for (guint i = 0; i < warehouse->entries->len; i++) {
        WarehouseEntry *entry = warehouse->entries->pdata[i];
        fire(warehouse, snapshot, entry, now_us, reached, firings);
        warehouse->next_us = MIN(warehouse->next_us, next_of(warehouse, entry));
        warehouse->next_us = MIN(warehouse->next_us, warehouse_deadline_next(warehouse, entry, now_us));
    }
    g_mutex_unlock(&warehouse->state_lock);
    return firings;
}

void warehouse_schedule_wait(Warehouse *warehouse, gint64 most_us)
{
    g_mutex_lock(&warehouse->state_lock);
    /* Wall time to the monotonic clock that conditions wait by; a clock that is set is seen at `most_us`. */
    gint64 wait_us = warehouse->next_us == G_MAXINT64 ? most_us : warehouse->next_us - base_time_now_us();
    gint64 until_us = g_get_monotonic_time() + CLAMP(wait_us, 0, most_us);
    while (!warehouse->schedule_dirty &&
           g_cond_wait_until(&warehouse->schedule_changed, &warehouse->state_lock, until_us)) {
    }
    g_mutex_unlock(&warehouse->state_lock);
}
