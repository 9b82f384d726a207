/* Routes of time: intervals of models, marks, backfills. */
#include "base/time.h"
#include "server/raw.h"
#include "server/routes_int.h"

#define BACKFILLS_MAX 10000

/* ---- intervals ----------------------------------------------------------------------------------------- */

static const CatalogObject *find_model(const ServerCall *call, const CatalogSnapshot *snapshot,
                                       const char *name, GError **error)
{
    const CatalogObject *object = call_object(call, snapshot, name, error);
    if (object && object->kind != CATALOG_MODEL) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "`%s` is a %s, not a model", name,
                  catalog_kind_name(object->kind));
        return NULL;
    }
    return object;
}

static bool query_time(const ServerCall *call, const char *key, GTimeZone *zone, gint64 *ret, GError **error)
{
    const char *text = call_query(call, key, NULL);
    *ret = 0;
    return !text || base_time_parse(text, zone, ret) ||
           base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is no time: `%s`", key, text);
}

bool route_intervals(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = call_snapshot(call, error);
    const CatalogObject *model =
        !snapshot ? NULL : find_model(call, snapshot, call_param(call, "name"), error);
    g_autoptr(GTimeZone) zone = model ? base_time_zone(catalog_project_timezone(snapshot), error) : NULL;
    WarehouseIntervalsAsk ask = {0};
    if (!zone || !query_time(call, "start", zone, &ask.start_us, error) ||
        !query_time(call, "end", zone, &ask.end_us, error) ||
        !query_time(call, "at", zone, &ask.at_us, error)) {
        return false;
    }
    json_t *answer = warehouse_intervals(server_app_warehouse(call->app), snapshot, model, &ask, error);
    return answer && call_json(call, answer);
}

bool route_intervals_mark(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"state", "start", "end", "env", NULL};
    static const char *const STATES[] = {"done", "missing", "stale"};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = call_snapshot(call, error);
    if (!snapshot) {
        return false;
    }
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    const CatalogObject *object = call_object(call, snapshot, call_param(call, "name"), error);
    gint64 start_us, end_us;
    if (!zone || !object || !access_check(call->user, ACCESS_RUN, object, error) ||
        !call_time(call, "start", zone, &start_us, error) || !call_time(call, "end", zone, &end_us, error)) {
        return false;
    }
    const char *state = base_json_string(call->body, "state", "");
    size_t mark = 0;
    while (mark < G_N_ELEMENTS(STATES) && !g_str_equal(STATES[mark], state)) {
        mark++;
    }
    if (mark == G_N_ELEMENTS(STATES) || !start_us || !end_us) {
        return base_fail(error, BASE_E_REQUEST_INVALID,
                         "a mark has a state (done, missing or stale), a start and an end");
    }
    bool ok = warehouse_mark(server_app_warehouse(call->app), snapshot, object, (WarehouseMark)mark, start_us,
                             end_us, error);
    call_audit(call, "mark", object->full_name, state, ok);
    return ok && call_json(call, json_pack("{s:s, s:s}", "model", object->full_name, "state", state));
}

/* ---- backfills ----------------------------------------------------------------------------------------- */

static bool read_ask(ServerCall *call, CatalogSnapshot *snapshot, GTimeZone *zone, WarehouseBackfillAsk *ask,
                     GError **error)
{
    const char *order = base_json_string(call->body, "order", "asc");
    const char *name = base_json_string(call->body, "model", "");
    if (!g_str_equal(order, "asc") && !g_str_equal(order, "desc")) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`order` is asc or desc, not `%s`", order);
    }
    ask->model = find_model(call, snapshot, name, error);
    ask->descending = g_str_equal(order, "desc");
    ask->downstream = base_json_bool(call->body, "downstream", false);
    ask->restate = base_json_bool(call->body, "restate", false);
    ask->dry_run = base_json_bool(call->body, "dry_run", false);
    ask->parallel = (unsigned)CLAMP(base_json_int(call->body, "parallel", 0), 0, 64);
    ask->batch = CLAMP(base_json_int(call->body, "batch", 1), 1, 1000000);
    ask->user = call->user ? access_user_name(call->user) : NULL;
    if (!ask->model || !call_time(call, "start", zone, &ask->start_us, error) ||
        !call_time(call, "end", zone, &ask->end_us, error) ||
        !call_time(call, "at", zone, &ask->now_us, error)) {
        return false;
    }
    if (!ask->start_us || !ask->end_us || ask->start_us >= ask->end_us) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "a backfill has a start, and an end after it");
    }
    /* What reads the model may be anywhere. */
    return access_check(call->user, ACCESS_RUN, ask->downstream ? NULL : ask->model, error);
}

static json_t *answer_of(json_t *plan, json_t *runs)
{
    json_t *answer = plan ? json_incref(plan) : json_object();
    if (runs) {
        json_object_set(answer, "runs", runs);
    }
    return answer;
}

bool route_backfill(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"model",   "start", "end",      "downstream", "restate", "order",
                                        "dry_run", "batch", "parallel", "at",         "env",     NULL};
    g_autoptr(CatalogSnapshot) snapshot = call_snapshot(call, error);
    if (!snapshot) {
        return false;
    }
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    WarehouseBackfillAsk ask = {0};
    if (!zone || !call_body(call, KNOWN, error) || !read_ask(call, snapshot, zone, &ask, error)) {
        return false;
    }
    g_autoptr(json_t) plan = NULL;
    g_autoptr(json_t) runs = NULL;
    bool lines = call_wants_lines(call);
    GError *failed = NULL;
    bool ok = warehouse_backfill(server_app_warehouse(call->app), snapshot, &ask,
                                 lines ? call_tell_step : NULL, call, &plan, &runs, &failed);
    if (!ask.dry_run) {
        call_audit(call, "backfill", ask.model->full_name, failed ? failed->message : NULL, ok);
    }
    return call_end_lines(call, lines, answer_of(plan, runs), failed, error);
}

bool route_backfill_resume(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {NULL};
    g_autoptr(CatalogSnapshot) snapshot = call_snapshot(call, error);
    if (!snapshot || !call_body(call, KNOWN, error) || !access_check(call->user, ACCESS_RUN, NULL, error)) {
        return false;
    }
    g_autoptr(json_t) plan = NULL;
    g_autoptr(json_t) runs = NULL;
    bool lines = call_wants_lines(call);
    GError *failed = NULL;
    bool ok = warehouse_backfill_resume(server_app_warehouse(call->app), snapshot, call_param(call, "id"),
                                        lines ? call_tell_step : NULL, call, &plan, &runs, &failed);
    call_audit(call, "backfill", call_param(call, "id"), failed ? failed->message : "resumed", ok);
    return call_end_lines(call, lines, answer_of(plan, runs), failed, error);
}

bool route_backfills(ServerCall *call, GError **error)
{
    size_t limit;
    if (!call_limit(call, 100, BACKFILLS_MAX, &limit, error)) {
        return false;
    }
    g_autoptr(json_t) rows = warehouse_backfills(server_app_warehouse(call->app), limit, error);
    if (!rows) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(ServerRaw) raw = server_raw_new(call->user, snapshot);
    json_t *list = json_array(), *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        const CatalogObject *object = catalog_by_id(snapshot, base_json_string(row, "model", ""));
        if (object ? access_can_see(call->user, object) : access_user_is_admin(call->user)) {
            server_raw_hide_run(raw, object, row);
            json_array_append(list, row);
        }
    }
    return call_json(call, json_pack("{s:o}", "backfills", list));
}
