/* What a backfill will do: which time of which models, in tasks that wait for each other where one reads what
 * the other makes. */
#include <string.h>

#include "schedule/forecast.h"
#include "warehouse/backfill_int.h"

#define ENTRY(backfill, i) g_array_index((backfill)->entries, BackfillEntry, i)
#define TASK(backfill, i)  g_array_index((backfill)->tasks, BackfillTask, i)
#define RANGE(ranges, i)   g_array_index(ranges, WarehouseInterval, i)

static void entry_clear(gpointer data)
{
    g_clear_pointer(&((BackfillEntry *)data)->ranges, g_array_unref);
}

Backfill *warehouse_backfill_new(void)
{
    Backfill *backfill = g_new0(Backfill, 1);
    backfill->entries = g_array_new(FALSE, TRUE, sizeof(BackfillEntry));
    g_array_set_clear_func(backfill->entries, entry_clear);
    backfill->tasks = g_array_new(FALSE, FALSE, sizeof(BackfillTask));
    backfill->links = g_array_new(FALSE, FALSE, sizeof(BackfillLink));
    backfill->left_out = json_array();
    backfill->batch = 1;
    return backfill;
}

void warehouse_backfill_free(Backfill *backfill)
{
    if (backfill) {
        g_array_unref(backfill->entries);
        g_array_unref(backfill->tasks);
        g_array_unref(backfill->links);
        json_decref(backfill->left_out);
        g_free(backfill->id);
        g_free(backfill);
    }
}

void warehouse_backfill_add(Backfill *backfill, const CatalogObject *model, GArray *ranges)
{
    BackfillEntry entry = {
        .model = model, .whole = !warehouse_has_intervals(model), .ranges = ranges, .unit_us = -1};
    if (entry.whole) {
        g_array_set_size(ranges, 0);
    }
    g_array_append_val(backfill->entries, entry);
}

/* ---- which time ---------------------------------------------------------------------------------------- */

/* Units of the window that are missing or stale, or all of them; as ranges. */
static GArray *open_ranges(const CatalogObject *model, const GArray *done, const GArray *stale,
                           WarehouseInterval window, bool restate, GTimeZone *zone)
{
    BasePeriod unit = warehouse_unit(model);
    g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    g_array_append_val(one, window);
    if (restate) {
        g_autoptr(GArray) all = warehouse_units_touching(one, unit, zone);
        return warehouse_units_ranges(all, unit, zone);
    }
    g_autoptr(GArray) missing = warehouse_units_missing(done, window, unit, zone, 0);
    g_autoptr(GArray) open = warehouse_units_ranges(missing, unit, zone);
    g_autoptr(GArray) old = warehouse_ranges_clip(stale, window);
    if (old->len > 0) {
        g_array_append_vals(open, old->data, old->len);
    }
    warehouse_ranges_normalise(open);
    g_autoptr(GArray) units = warehouse_units_touching(open, unit, zone);
    return warehouse_units_ranges(units, unit, zone);
}

/* Widened to whole units, and not beyond the unit that is now. */
static WarehouseInterval widen(const CatalogObject *model, gint64 start_us, gint64 end_us, gint64 now_us,
                               GTimeZone *zone)
{
    BasePeriod unit = warehouse_unit(model);
    return (WarehouseInterval){
        base_period_floor(start_us, unit, zone),
        MIN(base_period_ceil(end_us, unit, zone), base_period_ceil(now_us, unit, zone))};
}

/* Of what is affected: what was done before (later time that nobody made yet is nobody's loss), and the
 * window itself; with what is open there anyway. */
static bool reader_ranges(EngineConn *conn, const WarehouseAffected *affected,
                          const WarehouseBackfillAsk *ask, GTimeZone *zone, GArray **ret, GError **error)
{
    const CatalogObject *model = affected->model;
    g_autoptr(GArray) done = NULL, stale = NULL;
    if (!warehouse_has_intervals(model)) {
        *ret = warehouse_ranges_copy(affected->ranges);
        return true;
    }
    if (!warehouse_state_intervals(conn, model->id, &done, error) ||
        !warehouse_stale_read(conn, model->id, &stale, error)) {
        return false;
    }
    WarehouseInterval window = widen(model, ask->start_us, ask->end_us, ask->now_us, zone);
    g_autoptr(GArray) allowed = warehouse_ranges_copy(done);
    g_array_append_val(allowed, window);
    warehouse_ranges_normalise(allowed);
    g_autoptr(GArray) hit = warehouse_ranges_intersect(affected->ranges, allowed);
    g_autoptr(GArray) open = open_ranges(model, done, stale, window, false, zone);
    if (open->len > 0) {
        g_array_append_vals(hit, open->data, open->len);
    }
    warehouse_ranges_normalise(hit);
    BasePeriod unit = warehouse_unit(model);
    g_autoptr(GArray) units = warehouse_units_touching(hit, unit, zone);
    *ret = warehouse_units_ranges(units, unit, zone);
    return true;
}

static const char *why_not(const CatalogObject *model)
{
    switch (model->model->kind) {
    case CATALOG_MODEL_SNAPSHOT:
        return "the copy of a past day cannot be made again";
    case CATALOG_MODEL_SCD2:
        return "its history is not made by interval: run it";
    default:
        return NULL;
    }
}

/* *ret: the time of the model that will have changed for those who read it. */
static bool add_reader(EngineConn *conn, Backfill *backfill, const WarehouseAffected *affected,
                       const WarehouseBackfillAsk *ask, GTimeZone *zone, GArray **ret, GError **error)
{
    const char *why = affected->ranges->len > 0 ? why_not(affected->model) : NULL;
    if (why) {
        json_array_append_new(backfill->left_out,
                              json_pack("{s:s, s:s}", "model", affected->model->full_name, "why", why));
    }
    if (why_not(affected->model) || affected->model->model->kind == CATALOG_MODEL_VIEW) {
        *ret = warehouse_ranges_copy(affected->ranges); /* a view shows what it reads */
        return true;
    }
    if (!reader_ranges(conn, affected, ask, zone, ret, error)) {
        return false;
    }
    if ((*ret)->len > 0) {
        warehouse_backfill_add(backfill, affected->model, warehouse_ranges_copy(*ret));
    }
    return true;
}

/* Readers are looked at over the whole window, as they may miss time that the model itself has; what one of
 * them makes again is made again in those that read it. */
static bool add_readers(EngineConn *conn, Backfill *backfill, CatalogSnapshot *snapshot, GArray *ranges,
                        WarehouseInterval window, const WarehouseBackfillAsk *ask, GTimeZone *zone,
                        GError **error)
{
    g_autoptr(GArray) asked = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    g_array_append_val(asked, window);
    g_autoptr(GArray) readers = warehouse_affected(snapshot, ask->model, asked, zone, error);
    g_autoptr(GHashTable) changed = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    g_hash_table_insert(changed, (gpointer)(guintptr)ask->model, g_array_ref(ranges));
    bool ok = readers != NULL;
    for (guint i = 0; ok && i < readers->len; i++) {
        const CatalogObject *model = g_array_index(readers, WarehouseAffected, i).model;
        g_autoptr(GArray) read = warehouse_read_ranges(snapshot, model, changed);
        g_autoptr(GArray) reached = warehouse_window(model, read, zone);
        const WarehouseAffected affected = {model, reached};
        GArray *made = NULL;
        ok = add_reader(conn, backfill, &affected, ask, zone, &made, error);
        if (ok) {
            g_hash_table_insert(changed, (gpointer)(guintptr)model, made);
        }
    }
    return ok;
}

Backfill *warehouse_backfill_decide(EngineConn *conn, CatalogSnapshot *snapshot,
                                    const WarehouseBackfillAsk *ask, GTimeZone *zone, GError **error)
{
    g_autoptr(GArray) done = NULL, stale = NULL;
    WarehouseInterval window = widen(ask->model, ask->start_us, ask->end_us, ask->now_us, zone);
    if (!warehouse_may_change(snapshot, ask->model, error)) {
        return NULL;
    }
    if (!warehouse_has_intervals(ask->model)) {
        base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is not built by interval", ask->model->full_name);
        base_error_hint(error, "models of kind incremental with `time` or `event_time` are; run others");
        return NULL;
    }
    if (window.start_us >= window.end_us) {
        base_fail(error, BASE_E_INTERVAL_INVALID, "nothing lies between start and end");
        return NULL;
    }
    if (!warehouse_state_intervals(conn, ask->model->id, &done, error) ||
        !warehouse_stale_read(conn, ask->model->id, &stale, error)) {
        return NULL;
    }
    g_autoptr(Backfill) backfill = warehouse_backfill_new();
    backfill->origin = ask->model;
    backfill->start_us = window.start_us;
    backfill->end_us = window.end_us;
    backfill->descending = ask->descending;
    backfill->parallel = ask->parallel;
    backfill->batch = MAX(ask->batch, 1);
    GArray *ranges = open_ranges(ask->model, done, stale, window, ask->restate, zone);
    g_autoptr(GArray) kept = warehouse_ranges_copy(ranges);
    if (ranges->len > 0) {
        warehouse_backfill_add(backfill, ask->model, ranges);
    } else {
        g_array_unref(ranges);
    }
    if (ask->downstream && !add_readers(conn, backfill, snapshot, kept, window, ask, zone, error)) {
        return NULL;
    }
    return g_steal_pointer(&backfill);
}

/* ---- tasks --------------------------------------------------------------------------------------------- */

static void entry_tasks(Backfill *backfill, guint number, GTimeZone *zone)
{
    BackfillEntry *entry = &ENTRY(backfill, number);
    BackfillTask task = {.entry = number};
    if (entry->whole) {
        entry->n_units = 1;
        g_array_append_val(backfill->tasks, task);
        return;
    }
    BasePeriod unit = warehouse_unit(entry->model);
    g_autoptr(GArray) units = warehouse_units_touching(entry->ranges, unit, zone);
    entry->n_units = warehouse_units_count(units);
    for (guint i = 0; i < units->len; i++) {
        const WarehouseUnits *run = &g_array_index(units, WarehouseUnits, i);
        for (gint64 n = run->first; n < run->end && backfill->tasks->len <= WAREHOUSE_MAX_BACKFILL_TASKS;
             n += backfill->batch) {
            task.start_us = base_period_start(n, unit, zone);
            task.end_us = base_period_start(MIN(n + backfill->batch, run->end), unit, zone);
            g_array_append_val(backfill->tasks, task);
        }
    }
}

static gint by_time(gconstpointer a, gconstpointer b, gpointer user)
{
    const BackfillTask *left = a, *right = b;
    const Backfill *backfill = user;
    bool whole = ENTRY(backfill, left->entry).whole, other = ENTRY(backfill, right->entry).whole;
    if (whole != other) {
        return whole ? 1 : -1;
    }
    gint64 x = backfill->descending ? -left->start_us : left->end_us;
    gint64 y = backfill->descending ? -right->start_us : right->end_us;
    if (x != y) {
        return x < y ? -1 : 1;
    }
    return (left->entry > right->entry) - (left->entry < right->entry);
}

static void link_tasks(Backfill *backfill, guint task, guint on, bool needs)
{
    BackfillLink link = {task, on, needs};
    g_array_append_val(backfill->links, link);
}

/* Numbers of tasks by entry, each list by start. */
static GPtrArray *tasks_by_entry(const Backfill *backfill)
{
    GPtrArray *lists = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    for (guint i = 0; i < backfill->entries->len; i++) {
        g_ptr_array_add(lists, g_array_new(FALSE, FALSE, sizeof(guint)));
    }
    for (guint i = 0; i < backfill->tasks->len; i++) {
        guint number = backfill->descending ? backfill->tasks->len - 1 - i : i;
        g_array_append_val(lists->pdata[TASK(backfill, number).entry], number);
    }
    return lists;
}

/* The first of a list by start whose task ends after `us`. */
static guint first_after(const Backfill *backfill, const GArray *list, gint64 us)
{
    guint low = 0, high = list->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (TASK(backfill, g_array_index(list, guint, middle)).end_us > us) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Tasks of `reader` after those of `read` whose time they look at. */
static void link_entries(Backfill *backfill, const GPtrArray *lists, guint reader, guint read)
{
    const GArray *readers = lists->pdata[reader], *reads = lists->pdata[read];
    bool whole = ENTRY(backfill, reader).whole || ENTRY(backfill, read).whole;
    gint64 reach_us = warehouse_reach_us(ENTRY(backfill, reader).model);
    for (guint i = 0; i < readers->len; i++) {
        guint task = g_array_index(readers, guint, i);
        const BackfillTask *what = &TASK(backfill, task);
        guint from = whole ? 0 : first_after(backfill, reads, what->start_us - reach_us);
        for (guint k = from; k < reads->len; k++) {
            guint on = g_array_index(reads, guint, k);
            if (!whole && TASK(backfill, on).start_us >= what->end_us) {
                break;
            }
            link_tasks(backfill, task, on, true);
        }
    }
}

/* Tasks of one model one after the other, in the order that was asked for. */
static void chain_entry(Backfill *backfill, const GArray *list)
{
    for (guint i = 1; i < list->len; i++) {
        guint left = g_array_index(list, guint, i - 1), right = g_array_index(list, guint, i);
        link_tasks(backfill, MAX(left, right), MIN(left, right), false);
    }
}

bool warehouse_backfill_expand(Backfill *backfill, CatalogSnapshot *snapshot, GTimeZone *zone, GError **error)
{
    g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < backfill->entries->len; i++) {
        entry_tasks(backfill, i, zone);
        g_hash_table_insert(numbers, (gpointer)(guintptr)ENTRY(backfill, i).model, GUINT_TO_POINTER(i));
    }
    if (backfill->tasks->len > WAREHOUSE_MAX_BACKFILL_TASKS) {
        base_fail(error, BASE_E_INTERVAL_INVALID, "a backfill has at most %d tasks",
                  WAREHOUSE_MAX_BACKFILL_TASKS);
        base_error_hint(error, "a shorter interval, or several units in one task: --batch N");
        return false;
    }
    g_array_sort_with_data(backfill->tasks, by_time, backfill);
    g_autoptr(GPtrArray) lists = tasks_by_entry(backfill);
    for (guint i = 0; i < backfill->entries->len; i++) {
        chain_entry(backfill, lists->pdata[i]);
        g_autoptr(GArray) reads = warehouse_reads(snapshot, ENTRY(backfill, i).model, numbers);
        for (guint k = 0; k < reads->len; k++) {
            link_entries(backfill, lists, i, g_array_index(reads, guint, k));
        }
    }
    return true;
}

/* ---- estimates ----------------------------------------------------------------------------------------- */

static bool estimate_entry(EngineConn *conn, BackfillEntry *entry, GError **error)
{
    gint64 unit_us = base_period_length_us(warehouse_unit(entry->model));
    const char *id = entry->model->id;
    EngineValue values[] = {{.id = ENGINE_TEXT, .text = {id, strlen(id)}},
                            {.id = ENGINE_INT64, .i64 = entry->whole ? 0 : unit_us}};
    /* Time and rows of one unit: of a run over many units their share. All history at once says nothing. */
    g_autoptr(json_t) rows = engine_query_json(
        conn,
        "SELECT CAST(median(elapsed_us / n) AS BIGINT) AS us, CAST(median(n_rows / n) AS DOUBLE) AS rows "
        "FROM "
        "(SELECT elapsed_us, n_rows, CASE WHEN $2 = 0 THEN 1 ELSE greatest(1, ceil((end_us - start_us) / "
        "CAST($2 AS DOUBLE))) END AS n FROM _weir.runs WHERE model = $1 AND state = 'done' AND ($2 = 0 OR "
        "start_us > -60000000000000000) ORDER BY started_us DESC LIMIT 100)",
        values, 2, 1, error);
    if (!rows) {
        return false;
    }
    const json_t *row = json_array_get(rows, 0);
    entry->unit_us = base_json_int(row, "us", -1);
    entry->unit_rows = base_json_real(row, "rows", 0);
    return true;
}

bool warehouse_backfill_estimate(EngineConn *conn, Backfill *backfill, GError **error)
{
    bool ok = true;
    for (guint i = 0; ok && i < backfill->entries->len; i++) {
        ok = estimate_entry(conn, &ENTRY(backfill, i), error);
    }
    return ok;
}

/* When all is done, playing the tasks on as many workers; -1 = a model was never run. */
static gint64 total_us(const Backfill *backfill)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    g_autofree gint64 *durations = g_new0(gint64, backfill->tasks->len + 1);
    g_autofree gint64 *ends = g_new0(gint64, backfill->tasks->len + 1);
    for (guint i = 0; i < backfill->tasks->len; i++) {
        const BackfillTask *task = &TASK(backfill, i);
        const BackfillEntry *entry = &ENTRY(backfill, task->entry);
        if (entry->unit_us < 0) {
            return -1;
        }
        durations[i] = entry->unit_us * (entry->whole ? 1 : MIN(backfill->batch, entry->n_units));
        schedule_graph_add(graph, &(ScheduleTask){0});
    }
    for (guint i = 0; i < backfill->links->len; i++) {
        const BackfillLink *link = &g_array_index(backfill->links, BackfillLink, i);
        schedule_graph_link(graph, link->task, link->on, link->needs);
    }
    if (!schedule_graph_begin(graph, NULL)) {
        return -1;
    }
    schedule_forecast(graph, durations, backfill->parallel ? backfill->parallel : g_get_num_processors(), 0,
                      ends);
    gint64 last_us = 0;
    for (guint i = 0; i < backfill->tasks->len; i++) {
        last_us = MAX(last_us, ends[i]);
    }
    return last_us;
}

static void set_time(json_t *json, const char *key, gint64 us, GTimeZone *zone)
{
    g_autofree char *text = base_time_format(us, zone);
    base_json_set_string(json, key, text);
}

static json_t *entry_to_json(const BackfillEntry *entry, GTimeZone *zone)
{
    json_t *json = json_object();
    base_json_set_string(json, "model", entry->model->full_name);
    base_json_set_string(json, "kind", catalog_model_kind_name(entry->model->model->kind));
    base_json_set_string(json, "unit", entry->whole ? NULL : base_period_name(warehouse_unit(entry->model)));
    base_json_set_int(json, "intervals", entry->n_units);
    if (!entry->whole && entry->ranges->len > 0) {
        set_time(json, "start", RANGE(entry->ranges, 0).start_us, zone);
        set_time(json, "end", RANGE(entry->ranges, entry->ranges->len - 1).end_us, zone);
    }
    bool known = entry->unit_us >= 0;
    double seconds = (double)(entry->unit_us * entry->n_units) / BASE_TIME_SECOND_US;
    json_object_set_new(json, "seconds", known ? json_real(seconds) : json_null());
    json_object_set_new(json, "rows",
                        known ? json_integer((json_int_t)(entry->unit_rows * (double)entry->n_units))
                              : json_null());
    return json;
}

json_t *warehouse_backfill_to_json(const Backfill *backfill, GTimeZone *zone)
{
    json_t *json = json_object(), *models = json_array();
    gint64 intervals = 0;
    for (guint i = 0; i < backfill->entries->len; i++) {
        intervals += ENTRY(backfill, i).n_units;
        json_array_append_new(models, entry_to_json(&ENTRY(backfill, i), zone));
    }
    base_json_set_string(json, "id", backfill->id);
    base_json_set_string(json, "model", backfill->origin->full_name);
    set_time(json, "start", backfill->start_us, zone);
    set_time(json, "end", backfill->end_us, zone);
    base_json_set_string(json, "order", backfill->descending ? "desc" : "asc");
    json_object_set_new(json, "models", models);
    base_json_set_int(json, "intervals", intervals);
    base_json_set_int(json, "tasks", backfill->tasks->len);
    gint64 us = total_us(backfill);
    json_object_set_new(json, "seconds", us < 0 ? json_null() : json_real((double)us / BASE_TIME_SECOND_US));
    json_object_set(json, "left_out", backfill->left_out);
    return json;
}
