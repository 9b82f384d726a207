/* What a model has done, misses and has stale, as people and programs ask for it; and marks set by hand. */
#include "warehouse/intervals.h"

#include <string.h>

/* More missing units than this are counted, not listed. */
#define MAX_LISTED 1000000

static void append_time(json_t *list, gint64 us, GTimeZone *zone)
{
    g_autofree char *text = us <= WAREHOUSE_BEGINNING_US ? NULL : base_time_format(us, zone);
    json_array_append_new(list, text ? json_string(text) : json_null());
}

static json_t *ranges_to_json(const GArray *ranges, GTimeZone *zone)
{
    json_t *list = json_array();
    for (guint i = 0; i < ranges->len; i++) {
        json_t *pair = json_array();
        append_time(pair, g_array_index(ranges, WarehouseInterval, i).start_us, zone);
        append_time(pair, g_array_index(ranges, WarehouseInterval, i).end_us, zone);
        json_array_append_new(list, pair);
    }
    return list;
}

/* Starts of the units. */
static json_t *units_to_json(const GArray *units, BasePeriod unit, GTimeZone *zone)
{
    json_t *list = json_array();
    for (guint i = 0; i < units->len; i++) {
        const WarehouseUnits *run = &g_array_index(units, WarehouseUnits, i);
        for (gint64 n = run->first; n < run->end && json_array_size(list) < MAX_LISTED; n++) {
            append_time(list, base_period_start(n, unit, zone), zone);
        }
    }
    return list;
}

/* The window that is looked at: what was asked for, else from the start of history to the last whole unit. */
static WarehouseInterval window_of(const CatalogObject *model, const WarehouseIntervalsAsk *ask,
                                   const GArray *done, GTimeZone *zone)
{
    gint64 now_us = ask->at_us ? ask->at_us : base_time_now_us();
    WarehouseInterval window = {ask->start_us, ask->end_us ? MIN(ask->end_us, now_us) : now_us};
    if (!window.start_us) {
        window.start_us = warehouse_history_start(model, zone);
    }
    if (!window.start_us && done->len > 0) {
        window.start_us = g_array_index(done, WarehouseInterval, 0).start_us;
    }
    return window;
}

/* Only whole units are done: what runs covered of a unit that is not whole yet is missing. */
static GArray *whole_units(const GArray *ranges, BasePeriod unit, GTimeZone *zone)
{
    GArray *whole = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    for (guint i = 0; i < ranges->len; i++) {
        WarehouseInterval range = g_array_index(ranges, WarehouseInterval, i);
        if (range.start_us > WAREHOUSE_BEGINNING_US) {
            range.start_us = base_period_ceil(range.start_us, unit, zone);
        }
        range.end_us = base_period_start(base_period_ordinal(range.end_us, unit, zone), unit, zone);
        if (range.start_us < range.end_us) {
            g_array_append_val(whole, range);
        }
    }
    return whole;
}

static json_t *report(const CatalogObject *model, const WarehouseIntervalsAsk *ask, const GArray *done,
                      const GArray *stale, GTimeZone *zone)
{
    BasePeriod unit = warehouse_unit(model);
    WarehouseInterval window = window_of(model, ask, done, zone);
    bool known = window.start_us != 0 && window.start_us < window.end_us;
    bool asked = ask->start_us || ask->end_us;
    window.start_us = known || asked ? window.start_us : window.end_us;
    gint64 lookback = warehouse_lookback_units(model);
    g_autoptr(GArray) missing = warehouse_units_missing(done, window, unit, zone, lookback);
    g_autoptr(GArray) strict = warehouse_units_missing(done, window, unit, zone, 0);
    g_autoptr(GArray) seen = asked ? warehouse_ranges_clip(done, window) : warehouse_ranges_copy(done);
    g_autoptr(GArray) whole = whole_units(seen, unit, zone);
    g_autoptr(GArray) old = asked ? warehouse_ranges_clip(stale, window) : warehouse_ranges_copy(stale);
    g_autoptr(GArray) stale_units = warehouse_units_touching(old, unit, zone);
    json_t *json = json_object();
    base_json_set_string(json, "model", model->full_name);
    base_json_set_string(json, "unit", base_period_name(unit));
    base_json_set_int(json, "lookback", lookback);
    json_object_set_new(json, "done", ranges_to_json(whole, zone));
    json_object_set_new(json, "missing", units_to_json(missing, unit, zone));
    json_object_set_new(json, "stale", units_to_json(stale_units, unit, zone));
    base_json_set_int(json, "n_missing", warehouse_units_count(strict));
    base_json_set_int(json, "n_again", warehouse_units_count(missing) - warehouse_units_count(strict));
    base_json_set_int(json, "n_stale", warehouse_units_count(stale_units));
    return json;
}

static bool check_model(const CatalogObject *model, GError **error)
{
    if (model->kind == CATALOG_MODEL && warehouse_has_intervals(model)) {
        return true;
    }
    base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is not built by interval", model->full_name);
    base_error_hint(error, "models of kind incremental with `time` or `event_time` are");
    return false;
}

json_t *warehouse_intervals(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *model,
                            const WarehouseIntervalsAsk *ask, GError **error)
{
    if (!check_model(model, error)) {
        return NULL;
    }
    if (ask->start_us && ask->end_us && ask->start_us >= ask->end_us) {
        base_fail(error, BASE_E_INTERVAL_INVALID, "start is not before end");
        return NULL;
    }
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    g_autoptr(EngineConn) conn = zone ? engine_connect(warehouse->engine, error) : NULL;
    g_autoptr(GArray) done = NULL, stale = NULL;
    if (!conn || !warehouse_state_intervals(conn, model->id, &done, error) ||
        !warehouse_stale_read(conn, model->id, &stale, error)) {
        return NULL;
    }
    json_t *json = report(model, ask, done, stale, zone);
    base_json_set_string(json, "timezone", catalog_project_timezone(snapshot));
    return json;
}

/* ---- marks --------------------------------------------------------------------------------------------- */

typedef struct {
    Warehouse *warehouse;
    CatalogSnapshot *snapshot;
    const CatalogObject *object;
    WarehouseMark mark;
    WarehouseInterval interval;
    GTimeZone *zone;
} Mark;

static bool mark_stale(EngineConn *conn, const Mark *mark, GError **error)
{
    g_autoptr(GArray) stale = NULL, done = NULL;
    if (mark->object->kind == CATALOG_MODEL && warehouse_has_intervals(mark->object)) {
        if (!warehouse_state_intervals(conn, mark->object->id, &done, error) ||
            !warehouse_stale_read(conn, mark->object->id, &stale, error)) {
            return false;
        }
        g_autoptr(GArray) hit = warehouse_ranges_clip(done, mark->interval);
        if (hit->len > 0) {
            g_array_append_vals(stale, hit->data, hit->len);
        }
        warehouse_ranges_normalise(stale);
        if (!warehouse_stale_write(conn, mark->object->id, stale, error)) {
            return false;
        }
    }
    return warehouse_stale_spread(mark->warehouse, conn, mark->snapshot, mark->object, mark->interval, false,
                                  mark->zone, error);
}

static bool mark_work(EngineConn *conn, void *user, GError **error)
{
    const Mark *mark = user;
    g_autoptr(GArray) done = NULL, stale = NULL;
    if (mark->mark == WAREHOUSE_MARK_STALE) {
        return mark_stale(conn, mark, error);
    }
    if (!warehouse_state_intervals(conn, mark->object->id, &done, error) ||
        !warehouse_stale_read(conn, mark->object->id, &stale, error)) {
        return false;
    }
    warehouse_ranges_subtract(stale, mark->interval);
    if (mark->mark == WAREHOUSE_MARK_DONE) {
        g_autoptr(GArray) marked = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
        g_array_append_val(marked, mark->interval);
        g_autoptr(GArray) whole = whole_units(marked, warehouse_unit(mark->object), mark->zone);
        for (guint i = 0; i < whole->len; i++) {
            warehouse_interval_add(done, g_array_index(whole, WarehouseInterval, i));
        }
    } else {
        warehouse_ranges_subtract(done, mark->interval);
    }
    return warehouse_state_set_intervals(conn, mark->object->id, done, error) &&
           warehouse_stale_write(conn, mark->object->id, stale, error);
}

bool warehouse_mark(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *object,
                    WarehouseMark what, gint64 start_us, gint64 end_us, GError **error)
{
    if (what != WAREHOUSE_MARK_STALE && !check_model(object, error)) {
        return false;
    }
    if (start_us >= end_us) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "start is not before end");
    }
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    Mark mark = {warehouse, snapshot, object, what, {start_us, end_us}, zone};
    return zone && warehouse_may_change(snapshot, object, error) &&
           intake_transact(warehouse->intake, mark_work, &mark, error);
}
