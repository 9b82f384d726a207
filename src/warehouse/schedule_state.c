/* What people ask of the schedule, and see of it: pause, resume, kill, mark, the list; deadlines and the
 * events that tell of them. What was asked for is kept in _weir.schedules and holds after a restart. */
#include <string.h>

#include "schedule/forecast.h"
#include "warehouse/schedule_int.h"

/* ---- keeping ------------------------------------------------------------------------------------------- */

typedef struct {
    const char *id;
    bool paused;
    gint64 fired_us;
} Kept;

static bool keep_work(EngineConn *conn, void *user, GError **error)
{
    const Kept *kept = user;
    EngineValue values[] = {engine_value_text(kept->id),
                            {.id = ENGINE_BOOLEAN, .boolean = kept->paused},
                            engine_value_int(kept->fired_us)};
    return engine_exec_values(conn, "DELETE FROM _weir.schedules WHERE id = $1", values, 1, NULL, error) &&
           engine_exec_values(conn, "INSERT INTO _weir.schedules VALUES ($1, $2, $3)", values, 3, NULL,
                              error);
}

static bool keep(Warehouse *warehouse, const char *id, GError **error)
{
    g_mutex_lock(&warehouse->state_lock);
    const WarehouseRemembered *known = warehouse_remembered(warehouse, id);
    Kept kept = {id, known->paused, known->fired_us};
    g_mutex_unlock(&warehouse->state_lock);
    return intake_transact(warehouse->intake, keep_work, &kept, error);
}

bool warehouse_fired(Warehouse *warehouse, const WarehouseFiring *firing, GError **error)
{
    return keep(warehouse, firing->id, error);
}

/* ---- asked for ----------------------------------------------------------------------------------------- */

bool warehouse_schedule_set(Warehouse *warehouse, const CatalogObject *object, WarehouseScheduleAct act,
                            gint64 now_us, GError **error)
{
    if (act == WAREHOUSE_SCHEDULE_KILL) {
        warehouse_interrupt(warehouse, object->id);
        return true;
    }
    g_mutex_lock(&warehouse->state_lock);
    WarehouseRemembered *known = warehouse_remembered(warehouse, object->id);
    switch (act) {
    case WAREHOUSE_SCHEDULE_PAUSE:
        known->paused = true;
        break;
    case WAREHOUSE_SCHEDULE_RESUME:
        known->resumed_us = known->paused ? now_us : known->resumed_us;
        known->paused = false;
        break;
    case WAREHOUSE_SCHEDULE_MARK_DONE:
        known->fired_us = now_us; /* what was due until now is taken as run */
        break;
    case WAREHOUSE_SCHEDULE_MARK_DUE:
        known->fired_us = known->begun_us = 0; /* as if it never ran: it fires at once */
        break;
    case WAREHOUSE_SCHEDULE_KILL:
        break;
    }
    g_mutex_unlock(&warehouse->state_lock);
    bool ok = keep(warehouse, object->id, error);
    warehouse_schedule_wake(warehouse);
    return ok;
}

/* ---- deadlines ----------------------------------------------------------------------------------------- */

/* The deadline of the last firing, while its run has not ended; G_MAXINT64 = none. With the state lock. */
static gint64 open_deadline(Warehouse *warehouse, const WarehouseEntry *entry, gint64 *ret_fired_us)
{
    const WarehouseRemembered *known = warehouse_remembered(warehouse, entry->object->id);
    gint64 fired_us = known->fired_us;
    *ret_fired_us = fired_us;
    if (!fired_us || !entry->spec->has_deadline || known->done_us >= fired_us) {
        return G_MAXINT64;
    }
    return schedule_spec_deadline(entry->spec, entry->zone, fired_us);
}

gint64 warehouse_deadline_next(Warehouse *warehouse, const WarehouseEntry *entry, gint64 now_us)
{
    gint64 fired_us, deadline_us = open_deadline(warehouse, entry, &fired_us);
    const WarehouseRemembered *known = warehouse_remembered(warehouse, entry->object->id);
    if (deadline_us == G_MAXINT64 || known->missed_us == fired_us) {
        return G_MAXINT64;
    }
    gint64 warning_us = deadline_us - entry->spec->margin_us;
    return known->warned_us == fired_us ? deadline_us : MAX(warning_us, now_us + BASE_TIME_SECOND_US);
}

/* When the model will have ended: what it reads and what did not run since the firing, then itself, each
 * taking as long as last time. */
static gint64 predict(CatalogSnapshot *snapshot, const CatalogObject *model, const json_t *last_runs,
                      GHashTable *done_since, gint64 now_us)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);
    g_autoptr(GPtrArray) models = catalog_upstream(snapshot, model);
    models = models ? g_steal_pointer(&models) : g_ptr_array_new();
    g_ptr_array_add(models, (gpointer)(guintptr)model);
    g_autofree gint64 *durations = g_new0(gint64, models->len), *ends = g_new0(gint64, models->len);
    for (guint i = 0; i < models->len; i++) {
        const CatalogObject *object = models->pdata[i];
        const json_t *last = json_object_get(last_runs, object->id);
        bool over = object->kind != CATALOG_MODEL ||
                    (object != model && g_hash_table_contains(done_since, object->id));
        durations[i] = over ? 0 : base_json_int(last, "elapsed_us", 0);
        g_hash_table_insert(numbers, models->pdata[i],
                            GUINT_TO_POINTER(schedule_graph_add(graph, &(ScheduleTask){0})));
    }
    for (guint i = 0; i < models->len; i++) {
        g_autoptr(GArray) reads = warehouse_reads(snapshot, models->pdata[i], numbers);
        for (guint k = 0; k < reads->len; k++) {
            schedule_graph_link(graph, i, g_array_index(reads, guint, k), true);
        }
    }
    if (!schedule_graph_begin(graph, NULL)) {
        return now_us;
    }
    schedule_forecast(graph, durations, g_get_num_processors(), now_us, ends);
    return ends[models->len - 1];
}

/* Ids of what ended well since; with the state lock. */
static GHashTable *done_since(Warehouse *warehouse, gint64 since_us)
{
    GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    gpointer id, value;
    g_hash_table_iter_init(&iter, warehouse->remembered);
    while (g_hash_table_iter_next(&iter, &id, &value)) {
        if (((const WarehouseRemembered *)value)->done_us >= since_us) {
            g_hash_table_add(set, id);
        }
    }
    return set;
}

typedef struct {
    const char *id, *kind;
    gint64 at_us, fired_us, deadline_us, predicted_us;
} Event;

static bool event_work(EngineConn *conn, void *user, GError **error)
{
    const Event *event = user;
    EngineValue values[] = {engine_value_int(event->at_us),       engine_value_text(event->id),
                            engine_value_text(event->kind),       engine_value_int(event->fired_us),
                            engine_value_int(event->deadline_us), engine_value_int(event->predicted_us)};
    return engine_exec_values(conn, "INSERT INTO _weir.schedule_events VALUES ($1, $2, $3, $4, $5, $6)",
                              values, G_N_ELEMENTS(values), NULL, error);
}

/* One event for each firing that will be late, and one for each that is. With the state lock; `events` are
 * written without it. */
static void judge(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseEntry *entry, gint64 now_us,
                  const json_t *last_runs, GArray *events)
{
    gint64 fired_us, deadline_us = open_deadline(warehouse, entry, &fired_us);
    WarehouseRemembered *known = warehouse_remembered(warehouse, entry->object->id);
    if (deadline_us == G_MAXINT64 || entry->object->kind != CATALOG_MODEL) {
        return;
    }
    g_autoptr(GHashTable) over = done_since(warehouse, fired_us);
    gint64 predicted_us = predict(snapshot, entry->object, last_runs, over, now_us);
    Event event = {entry->object->id, "late", now_us, fired_us, deadline_us, predicted_us};
    if (now_us >= deadline_us && known->missed_us != fired_us) {
        known->missed_us = known->warned_us = fired_us;
        event.kind = "missed";
        g_array_append_val(events, event);
    } else if (predicted_us > deadline_us && known->warned_us != fired_us) {
        known->warned_us = fired_us;
        g_array_append_val(events, event);
    } else if (now_us >= deadline_us - entry->spec->margin_us) {
        known->warned_us = fired_us; /* looked at in time; the deadline itself is next */
    }
}

/* Most of the time nothing is open, and nothing is read. */
static bool any_open(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us)
{
    bool any = false;
    g_mutex_lock(&warehouse->state_lock);
    const GPtrArray *entries = warehouse_entries(warehouse, snapshot);
    for (guint i = 0; !any && i < entries->len; i++) {
        any = warehouse_deadline_next(warehouse, entries->pdata[i], now_us) != G_MAXINT64;
    }
    g_mutex_unlock(&warehouse->state_lock);
    return any;
}

bool warehouse_deadlines(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us, GError **error)
{
    if (!any_open(warehouse, snapshot, now_us)) {
        return true;
    }
    g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(Event));
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(json_t) last_runs = conn ? warehouse_state_last_runs(conn, error) : NULL;
    bool ok = last_runs != NULL;
    g_mutex_lock(&warehouse->state_lock);
    const GPtrArray *entries = warehouse_entries(warehouse, snapshot);
    for (guint i = 0; ok && i < entries->len; i++) {
        judge(warehouse, snapshot, entries->pdata[i], now_us, last_runs, events);
    }
    g_mutex_unlock(&warehouse->state_lock);
    for (guint i = 0; ok && i < events->len; i++) {
        ok = intake_transact(warehouse->intake, event_work, &g_array_index(events, Event, i), error);
    }
    return ok;
}

json_t *warehouse_schedule_events(Warehouse *warehouse, gint64 since_us, size_t limit, GError **error)
{
    EngineValue values[] = {engine_value_int(since_us), engine_value_int((gint64)limit)};
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(json_t) rows =
        conn ? engine_query_json(
                   conn, "SELECT * FROM _weir.schedule_events WHERE at_us > $1 ORDER BY at_us LIMIT $2",
                   values, 2, limit, error)
             : NULL;
    static const char *const times[] = {"at", "fired", "deadline", "predicted"};
    json_t *list = rows ? json_array() : NULL, *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_t *json =
            json_pack("{s:s, s:s, s:I}", "object", base_json_string(row, "id", ""), "kind",
                      base_json_string(row, "kind", ""), "at_us", (json_int_t)base_json_int(row, "at_us", 0));
        for (size_t k = 0; k < G_N_ELEMENTS(times); k++) {
            g_autofree char *column = g_strconcat(times[k], "_us", NULL);
            g_autofree char *text = base_time_format_iso(base_json_int(row, column, 0));
            base_json_set_string(json, times[k], text);
        }
        json_array_append_new(list, json);
    }
    return list;
}

/* ---- the list ------------------------------------------------------------------------------------------ */

static void set_time(json_t *json, const char *key, gint64 us)
{
    base_json_set_time(json, key, us > 0 && us < G_MAXINT64 ? us : 0);
}

static json_t *entry_to_json(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseEntry *entry,
                             const json_t *last_runs, gint64 now_us)
{
    static const char *const catchups[] = {"latest", "all", "none"};
    const WarehouseRemembered *known = warehouse_remembered(warehouse, entry->object->id);
    gint64 fired_us, next_us = warehouse_entry_next(warehouse, entry);
    gint64 deadline_us = open_deadline(warehouse, entry, &fired_us);
    json_t *json = json_object();
    base_json_set_string(json, "object", entry->object->full_name);
    base_json_set_string(json, "kind", catalog_kind_name(entry->object->kind));
    json_object_set(json, "schedule", json_object_get(entry->object->definition, "schedule"));
    base_json_set_string(json, "state",
                         known->paused             ? "paused"
                         : entry->calendar_unknown ? "no calendar"
                                                   : "on");
    base_json_set_string(json, "catchup", catchups[entry->spec->catchup]);
    set_time(json, "fired", known->fired_us);
    set_time(json, "begun", known->begun_us);
    set_time(json, "done", known->done_us);
    set_time(json, "next", next_us == 0 ? now_us : next_us);
    if (deadline_us == G_MAXINT64 && next_us != G_MAXINT64) { /* not open: that of the next firing */
        fired_us = next_us ? next_us : now_us;
        deadline_us = schedule_spec_deadline(entry->spec, entry->zone, fired_us);
    }
    set_time(json, "deadline", deadline_us);
    if (deadline_us != G_MAXINT64 && entry->object->kind == CATALOG_MODEL) {
        g_autoptr(GHashTable) over = done_since(warehouse, fired_us);
        gint64 end_us = predict(snapshot, entry->object, last_runs, over, MAX(now_us, fired_us));
        set_time(json, "predicted", end_us);
        json_object_set_new(json, "late", json_boolean(end_us > deadline_us));
    }
    return json;
}

json_t *warehouse_schedule_list(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us,
                                GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(json_t) last_runs = conn ? warehouse_state_last_runs(conn, error) : NULL;
    json_t *list = last_runs ? json_array() : NULL;
    g_mutex_lock(&warehouse->state_lock);
    const GPtrArray *entries = warehouse_entries(warehouse, snapshot);
    for (guint i = 0; list && i < entries->len; i++) {
        json_array_append_new(list, entry_to_json(warehouse, snapshot, entries->pdata[i], last_runs, now_us));
    }
    g_mutex_unlock(&warehouse->state_lock);
    return list;
}
