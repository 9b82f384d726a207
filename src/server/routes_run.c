/* Routes of runs: build tables, list runs, refresh sources. */
#include "base/text.h"
#include "base/time.h"
#include "server/lint.h"
#include "server/raw.h"
#include "server/routes_int.h"

#define RUNS_MAX 10000

bool call_time(const ServerCall *call, const char *key, GTimeZone *zone, gint64 *ret, GError **error)
{
    const char *text = base_json_string(call->body, key, NULL);
    *ret = 0;
    return !text || base_time_parse(text, zone, ret) ||
           base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is no time: `%s`", key, text);
}

/* The day that a run is about; 0 = not given. */
static bool call_business_day(const ServerCall *call, GTimeZone *zone, gint64 *ret, GError **error)
{
    gint64 us = 0;
    const char *text = base_json_string(call->body, "business_date", NULL);
    *ret = 0;
    if (!text) {
        return true;
    }
    if (!base_time_parse(text, zone, &us) || base_time_day_start(us, zone) != us) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "`business_date` is no day: `%s`", text);
    }
    *ret = warehouse_day_of(us, zone);
    return true;
}

/* Everything a run may build needs the right to run it: the select's own words decide what that is, so one
 * who may not run everything names models one by one. */
static bool may_run(const ServerCall *call, const CatalogSnapshot *snapshot, char **select, GError **error)
{
    if (access_check(call->user, ACCESS_RUN, NULL, NULL)) {
        return true;
    }
    for (size_t i = 0; select && select[i]; i++) {
        g_autofree char *name = g_strdup(select[i]);
        if (strchr(name, '+')) {
            return access_check(call->user, ACCESS_RUN, NULL, error);
        }
        if (g_str_has_prefix(name, "domain:")) {
            if (!access_check_domain(call->user, ACCESS_RUN, name + strlen("domain:"), error)) {
                return false;
            }
            continue;
        }
        const CatalogObject *object = catalog_find(snapshot, name, NULL, error);
        if (!object || !access_check(call->user, ACCESS_RUN, object, error)) {
            return false;
        }
    }
    return (select && select[0]) || access_check(call->user, ACCESS_RUN, NULL, error);
}

static void write_line(ServerCall *call, json_t *line)
{
    g_autofree char *text = base_json_text(line);
    g_autofree char *whole = g_strconcat(text, "\n", NULL);
    (void)call->write(call->write_user, whole, strlen(whole)); /* a reader that is gone does not end a run */
    json_decref(line);
}

void call_tell_step(const WarehouseStep *step, void *user)
{
    json_t *line = json_object();
    base_json_set_string(line, "type", "step");
    base_json_set_string(line, "model", step->model->full_name);
    base_json_set_string(line, "state", step->state);
    base_json_set_int(line, "rows", step->rows);
    base_json_set_time(line, "start", step->start_us);
    base_json_set_time(line, "end", step->end_us);
    base_json_set_int(line, "elapsed_ms", step->elapsed_us / 1000);
    base_json_set_string(line, "message", step->message);
    base_json_set_int(line, "done", (gint64)step->done);
    base_json_set_int(line, "total", (gint64)step->total);
    write_line(user, line);
}

bool call_wants_lines(ServerCall *call)
{
    const char *accept = call_header(call, "accept");
    bool lines =
        (accept && strstr(accept, "ndjson")) || g_str_equal(call_query(call, "format", ""), "ndjson");
    call->content_type = lines ? "application/x-ndjson" : "application/json";
    return lines;
}

bool call_end_lines(ServerCall *call, bool lines, json_t *answer, GError *failed, GError **error)
{
    bool ok = failed == NULL;
    if (!lines) {
        if (failed) {
            g_propagate_error(error, failed);
        }
        call_json(call, answer);
        return ok;
    }
    base_json_set_string(answer, "type", ok ? "result" : "error");
    json_object_set_new(answer, "ok", json_boolean(ok));
    if (!ok) {
        json_object_set_new(answer, "problem", base_error_to_problem(failed, call->lang));
    }
    g_clear_error(&failed);
    write_line(call, answer);
    return true; /* the last line told */
}

/* What the run would do, and nothing of it. */
static bool dry_run(ServerCall *call, CatalogSnapshot *snapshot, const WarehouseRunOptions *options,
                    GError **error)
{
    json_t *models = warehouse_dry_run(server_app_warehouse(call->app), snapshot, options, error);
    return models && call_json(call, json_pack("{s:o}", "models", models));
}

static bool run_with(ServerCall *call, CatalogSnapshot *snapshot, const WarehouseRunOptions *options,
                     GError **error)
{
    bool lines = call_wants_lines(call);
    g_autoptr(json_t) runs = NULL;
    GError *failed = NULL;
    bool ok = warehouse_run(server_app_warehouse(call->app), snapshot, options, lines ? call_tell_step : NULL,
                            call, &runs, &failed);
    call_audit(call, "run", options->select ? options->select[0] : NULL, failed ? failed->message : NULL, ok);
    json_t *answer = json_pack("{s:o}", "runs", runs ? json_incref(runs) : json_array());
    json_t *findings = server_lint_run(call->app, snapshot, runs, call->lang);
    if (findings) {
        json_object_set_new(answer, "findings", findings);
    }
    return call_end_lines(call, lines, answer, failed, error);
}

bool route_run(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"select",       "start",         "end",      "at",
                                        "restate_from", "full",          "parallel", "dry_run",
                                        "env",          "business_date", NULL};
    g_auto(GStrv) select = NULL;
    if (!call_body(call, KNOWN, error) || !call_body_texts(call, "select", &select, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = call_snapshot(call, error);
    g_autoptr(GTimeZone) zone = snapshot ? base_time_zone(catalog_project_timezone(snapshot), error) : NULL;
    gint64 parallel = base_json_int(call->body, "parallel", 0);
    WarehouseRunOptions options = {.select = select && select[0] ? (const char *const *)select : NULL,
                                   .full = base_json_bool(call->body, "full", false),
                                   .parallel = (unsigned)CLAMP(parallel, 0, 64)};
    return zone && call_time(call, "start", zone, &options.start_us, error) &&
           call_time(call, "end", zone, &options.end_us, error) &&
           call_time(call, "at", zone, &options.at_us, error) &&
           call_time(call, "restate_from", zone, &options.restate_us, error) &&
           call_business_day(call, zone, &options.business_day, error) &&
           may_run(call, snapshot, select, error) &&
           (base_json_bool(call->body, "dry_run", false) ? dry_run : run_with)(call, snapshot, &options,
                                                                               error);
}

/* Rows of runs of models that the user may see. */
bool route_runs(ServerCall *call, GError **error)
{
    size_t limit, i;
    gint64 from_us = 0, to_us = 0;
    const char *from = call_query(call, "from", NULL), *to = call_query(call, "to", NULL);
    g_autoptr(CatalogSnapshot) snapshot = call_snapshot(call, error);
    g_autoptr(GTimeZone) zone = snapshot ? base_time_zone(catalog_project_timezone(snapshot), error) : NULL;
    if (!zone || !call_limit(call, 100, RUNS_MAX, &limit, error)) {
        return false;
    }
    if ((from && !base_time_parse(from, zone, &from_us)) || (to && !base_time_parse(to, zone, &to_us))) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`from` and `to` are times");
    }
    const char *name = call_query(call, "model", NULL);
    const char *environment = catalog_environment(snapshot);
    const CatalogObject *own = name && environment ? catalog_find(snapshot, name, NULL, NULL) : NULL;
    g_autoptr(json_t) rows = warehouse_runs_between(server_app_warehouse(call->app), own ? own->id : name,
                                                    from_us, to_us, limit, error);
    if (!rows) {
        return false;
    }
    g_autoptr(ServerRaw) raw = server_raw_new(call->user, snapshot);
    json_t *list = json_array(), *row;
    json_array_foreach (rows, i, row) {
        const char *model = base_json_string(row, "model", "");
        const CatalogObject *object = catalog_by_id(snapshot, model);
        object = object ? object : catalog_find(snapshot, model, NULL, NULL);
        if (environment && !(object && object->environment)) {
            continue;
        }
        if (object ? access_can_see(call->user, object) : access_user_is_admin(call->user)) {
            server_raw_hide_run(raw, object, row);
            json_array_append(list, row);
        }
    }
    if (name && json_array_size(list) == 0 && !call_object(call, snapshot, name, error)) {
        json_decref(list);
        return false; /* what is gone has runs; what never was has none */
    }
    return call_json(call, json_pack("{s:o}", "runs", list));
}

bool route_stop(ServerCall *call, GError **error)
{
    (void)error;
    warehouse_stop(server_app_warehouse(call->app));
    call_audit(call, "stop", NULL, NULL, true);
    return call_json(call, json_pack("{s:b}", "stopping", 1));
}

/* ---- sources --------------------------------------------------------------------------------------------
 */

static json_t *source_load_to_json(const IntakeSourceLoad *load)
{
    json_t *row = json_object();
    base_json_set_string(row, "table", load->table);
    base_json_set_string(row, "path", load->path);
    json_object_set_new(row, "skipped", json_boolean(load->skipped));
    base_json_set_string(row, "label", load->result.label);
    base_json_set_string(row, "status", load->result.status);
    base_json_set_int(row, "rows", load->result.total_rows);
    base_json_set_int(row, "loaded", load->result.loaded_rows);
    base_json_set_int(row, "filtered", load->result.filtered_rows);
    base_json_set_string(row, "message", load->result.message);
    base_json_set_string(row, "error_log", load->result.error_log);
    return row;
}

bool route_refresh(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autofree char *name = g_strconcat("source:", call_param(call, "name"), NULL);
    const CatalogObject *source = catalog_find(snapshot, call_param(call, "name"), NULL, NULL);
    if (!source || source->kind != CATALOG_SOURCE) {
        source = catalog_find(snapshot, name, NULL, error);
    }
    if (!source || !access_check(call->user, ACCESS_LOAD, source, error)) {
        return false;
    }
    g_autoptr(GPtrArray) loads = NULL;
    bool ok = intake_source_refresh(server_app_intake(call->app), server_app_project(call->app), snapshot,
                                    source, &loads, error);
    json_t *list = json_array();
    for (guint i = 0; loads && i < loads->len; i++) {
        json_array_append_new(list, source_load_to_json(g_ptr_array_index(loads, i)));
    }
    call_audit(call, "refresh", source->full_name, NULL, ok);
    call_json(call, json_pack("{s:o}", "loads", list));
    return ok;
}
