/* Routes of the schedule: what fires when, pause, resume, kill, mark, one tick at a given time, events. */
#include "base/text.h"
#include "base/time.h"
#include "server/routes_int.h"
#include "server/scheduler.h"

#define EVENTS_MAX 10000

bool route_schedule(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(json_t) list =
        warehouse_schedule_list(server_app_warehouse(call->app), snapshot, base_time_now_us(), error);
    if (!list) {
        return false;
    }
    json_t *seen = json_array(), *row;
    size_t i;
    json_array_foreach (list, i, row) {
        const CatalogObject *object = catalog_find(snapshot, base_json_string(row, "object", ""), NULL, NULL);
        if (access_user_is_admin(call->user) || (object && access_can_see(call->user, object))) {
            json_array_append(seen, row);
        }
    }
    return call_json(call, json_pack("{s:o}", "schedules", seen));
}

bool route_schedule_act(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"object", "action", "at", NULL};
    static const char *const ACTS[] = {"pause", "resume", "kill", "done", "due"};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    const char *action = base_json_string(call->body, "action", "");
    const CatalogObject *object =
        call_object(call, snapshot, base_json_string(call->body, "object", ""), error);
    gint64 at_us;
    size_t act = 0;
    if (!zone || !object || !access_check(call->user, ACCESS_RUN, object, error) ||
        !call_time(call, "at", zone, &at_us, error)) {
        return false;
    }
    while (act < G_N_ELEMENTS(ACTS) && !g_str_equal(ACTS[act], action)) {
        act++;
    }
    if (act == G_N_ELEMENTS(ACTS)) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`action` is pause, resume, kill, done or due");
    }
    bool ok = warehouse_schedule_set(server_app_warehouse(call->app), object, (WarehouseScheduleAct)act,
                                     at_us ? at_us : base_time_now_us(), error);
    call_audit(call, "schedule", object->full_name, action, ok);
    return ok && call_json(call, json_pack("{s:s, s:s}", "object", object->full_name, "action", action));
}

/* Runs what is due at a time, and answers when it has ended: for a clock outside, and for tests. */
bool route_schedule_tick(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"at", NULL};
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    Warehouse *warehouse = server_app_warehouse(call->app);
    gint64 at_us;
    if (!zone || !call_body(call, KNOWN, error) || !access_check(call->user, ACCESS_RUN, NULL, error) ||
        !call_time(call, "at", zone, &at_us, error)) {
        return false;
    }
    at_us = at_us ? at_us : base_time_now_us();
    g_autoptr(GPtrArray) firings = warehouse_due(warehouse, snapshot, at_us);
    json_t *fired = json_array();
    for (guint i = 0; i < firings->len; i++) {
        const WarehouseFiring *firing = firings->pdata[i];
        g_autofree char *time = base_time_format(firing->fired_us, zone);
        int year, month, day;
        base_time_civil_from_days(firing->business_day, &year, &month, &day);
        g_autofree char *date = g_strdup_printf("%04d-%02d-%02d", year, month, day);
        json_array_append_new(
            fired, json_pack("{s:s, s:s, s:s}", "object", firing->id, "fired", time, "business_date", date));
    }
    bool ok = server_scheduler_carry_out(call->app, firings);
    call_json(call, json_pack("{s:o, s:b}", "fired", fired, "ok", ok));
    return warehouse_deadlines(warehouse, snapshot, at_us, error);
}

bool route_schedule_events(ServerCall *call, GError **error)
{
    size_t limit;
    gint64 since_us = 0;
    const char *since = call_query(call, "since_us", NULL);
    if (!call_limit(call, 100, EVENTS_MAX, &limit, error)) {
        return false;
    }
    if (since && !base_text_to_int(since, 0, G_MAXINT64, &since_us)) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`since_us` must be a number");
    }
    json_t *list = warehouse_schedule_events(server_app_warehouse(call->app), since_us, limit, error);
    return list && call_json(call, json_pack("{s:o}", "events", list));
}
