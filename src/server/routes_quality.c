/* Routes of data quality: results and wrong rows of checks, the board of held builds, waivers, rejects,
 * health. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "server/lint.h"
#include "server/raw.h"
#include "server/routes_int.h"

#define ROWS_MAX        10000
#define LOADS_LOOKED_AT 10000 /* for their rejected rows */

/* ?model=: one that the user may see; NULL without it. false = there is none such. */
static bool asked_model(const ServerCall *call, CatalogSnapshot *snapshot, const CatalogObject **ret,
                        GError **error)
{
    const char *name = call_query(call, "model", NULL);
    *ret = name ? call_object(call, snapshot, name, error) : NULL;
    return !name || *ret;
}

typedef void (*Hide)(ServerRaw *raw, const CatalogObject *object, json_t *row);

/* Rows of models that the user may see, with the model's full name in place of its id; `hide` (NULL =
 * nothing) takes out of each what is the rows' own. */
static json_t *visible(const ServerCall *call, CatalogSnapshot *snapshot, const json_t *rows, const char *key,
                       Hide hide)
{
    json_t *list = json_array();
    g_autoptr(ServerRaw) raw = server_raw_new(call->user, snapshot);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const CatalogObject *object = catalog_by_id(snapshot, base_json_string(row, key, ""));
        if (object ? access_can_see(call->user, object) : access_user_is_admin(call->user)) {
            if (object) {
                base_json_set_string(row, "model", object->full_name);
            }
            if (hide) {
                hide(raw, object, row);
            }
            json_array_append(list, row);
        }
    }
    return list;
}

bool route_checks(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *model;
    size_t limit;
    if (!asked_model(call, snapshot, &model, error) || !call_limit(call, 1000, ROWS_MAX, &limit, error)) {
        return false;
    }
    bool history = g_str_equal(call_query(call, "history", "false"), "true");
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    g_autoptr(json_t) rows =
        conn ? quality_results(conn, model ? model->id : NULL, !history, limit, error) : NULL;
    return rows && call_json(call, json_pack("{s:o}", "checks",
                                             visible(call, snapshot, rows, "model", server_raw_hide_check)));
}

bool route_checks_run(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"object", "at", NULL};
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    const CatalogObject *object =
        call_object(call, snapshot, base_json_string(call->body, "object", ""), error);
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), object ? error : NULL);
    const char *at = base_json_string(call->body, "at", NULL);
    gint64 at_us = 0;
    if (!object || !zone || !access_check(call->user, ACCESS_RUN, object, error)) {
        return false;
    }
    if (at && !base_time_parse(at, zone, &at_us)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`at` is no time: `%s`", at);
    }
    json_t *checks = NULL;
    bool ok = warehouse_check(server_app_warehouse(call->app), snapshot, object, at_us, &checks, error);
    call_audit(call, "checks run", object->full_name, NULL, ok);
    return ok && call_json(call, json_pack("{s:s, s:o}", "object", object->full_name, "checks", checks));
}

/* Wrong and rejected rows are data: they need the right to read the model, and no policy that hides some. */
static json_t *readable(const ServerCall *call, CatalogSnapshot *snapshot, const json_t *rows)
{
    json_t *list = json_array();
    g_autoptr(ServerRaw) raw = server_raw_new(call->user, snapshot);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const CatalogObject *object = catalog_by_id(snapshot, base_json_string(row, "model", ""));
        if (object && server_raw_may_read(raw, object)) {
            base_json_set_string(row, "model", object->full_name);
            json_array_append(list, row);
        }
    }
    return list;
}

bool route_check_failures(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *model;
    size_t limit;
    if (!asked_model(call, snapshot, &model, error) || !call_limit(call, 1000, ROWS_MAX, &limit, error) ||
        (model && !access_check_raw(call->user, snapshot, model, error))) {
        return false;
    }
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    g_autoptr(json_t) rows =
        conn ? quality_failures(conn, model ? model->id : NULL, call_query(call, "check", NULL), limit, error)
             : NULL;
    return rows && call_json(call, json_pack("{s:o}", "failures", readable(call, snapshot, rows)));
}

bool route_board(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(json_t) rows = warehouse_board(server_app_warehouse(call->app), snapshot, error);
    return rows && call_json(call, json_pack("{s:o}", "held",
                                             visible(call, snapshot, rows, "id", server_raw_hide_run)));
}

static bool waiver_until(const ServerCall *call, const CatalogSnapshot *snapshot, gint64 now_us, gint64 *ret,
                         GError **error)
{
    const char *text = base_json_string(call->body, "until", "");
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    gint64 us;
    if (!zone) {
        return false;
    }
    if (base_text_to_duration(text, &us)) {
        *ret = now_us + us;
    } else if (!base_time_parse(text, zone, ret)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`until` is neither a time nor a duration: `%s`", text);
    }
    return *ret > now_us || base_fail(error, BASE_E_VALUE_INVALID, "`until` is in the past: `%s`", text);
}

bool route_waive(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"model", "check", "reason", "until", NULL};
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    QualityWaiver waiver = {.check = base_json_string(call->body, "check", ""),
                            .reason = base_json_string(call->body, "reason", ""),
                            .user = access_user_name(call->user),
                            .at_us = base_time_now_us()};
    const CatalogObject *model =
        call_object(call, snapshot, base_json_string(call->body, "model", ""), error);
    if (!model || !access_check(call->user, ACCESS_RUN, model, error) ||
        !waiver_until(call, snapshot, waiver.at_us, &waiver.until_us, error)) {
        return false;
    }
    if (!*waiver.reason) {
        return base_fail(error, BASE_E_VALUE_INVALID, "a waiver needs a reason");
    }
    waiver.model = model->id;
    g_autoptr(json_t) runs = NULL;
    bool ok = warehouse_waive(server_app_warehouse(call->app), snapshot, model, &waiver, &runs, error);
    g_autofree char *detail = g_strdup_printf("%s: %s", waiver.check, waiver.reason);
    call_audit(call, "waive", model->full_name, detail, ok);
    return ok && call_json(call, json_pack("{s:s, s:s, s:O}", "model", model->full_name, "check",
                                           waiver.check, "runs", runs ? runs : json_array()));
}

bool route_waivers(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *model;
    if (!asked_model(call, snapshot, &model, error)) {
        return false;
    }
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    g_autoptr(json_t) rows =
        conn ? quality_waivers(conn, model ? model->id : NULL, base_time_now_us(), error) : NULL;
    return rows &&
           call_json(call, json_pack("{s:o}", "waivers", visible(call, snapshot, rows, "model", NULL)));
}

#define LOG_MAX_BYTES (4 << 20) /* of one load's log that is read here */

/* Lines `Reason: <why>. src line [<row>]; ` of a load's log, as rejects. */
static void add_log(json_t *list, const CatalogObject *table, const json_t *load, const char *path,
                    size_t limit)
{
    g_autofree char *text = g_malloc(LOG_MAX_BYTES + 1);
    FILE *file = fopen(path, "re");
    if (!file) {
        return; /* it went between */
    }
    text[fread(text, 1, LOG_MAX_BYTES, file)] = '\0';
    (void)fclose(file);
    g_auto(GStrv) lines = g_strsplit(text, "]; \n", -1);
    for (size_t i = 0; lines[i] && json_array_size(list) < limit; i++) {
        char *row = strstr(lines[i], ". src line [");
        if (!g_str_has_prefix(lines[i], "Reason: ") || !row || !lines[i + 1]) {
            continue; /* cut off */
        }
        *row = '\0';
        json_t *object = json_object();
        base_json_set_string(object, "model", table->id);
        base_json_set_string(object, "run_id", base_json_string(load, "label", NULL));
        json_object_set(object, "at", json_object_get(load, "finished"));
        base_json_set_string(object, "reason", lines[i] + strlen("Reason: "));
        base_json_set_string(object, "row", row + strlen(". src line ["));
        json_array_append_new(list, object);
    }
}

/* Rows that loads rejected, newest load first: of `asked`, NULL = of any table; up to `limit` in the list. */
static bool add_load_rejects(const ServerCall *call, const CatalogSnapshot *snapshot,
                             const CatalogObject *asked, size_t limit, json_t *list, GError **error)
{
    Intake *intake = server_app_intake(call->app);
    g_autoptr(json_t) loads =
        intake_loads(intake, asked ? asked->domain : NULL, NULL, NULL, LOADS_LOOKED_AT, error);
    size_t i;
    json_t *load;
    json_array_foreach (loads, i, load) {
        const char *log = base_json_string(load, "error_log", NULL);
        g_autofree char *path = log ? intake_error_log(intake, log) : NULL;
        bool ambiguous = false;
        const CatalogObject *table =
            path ? catalog_resolve_table(snapshot, base_json_string(load, "db", ""),
                                         base_json_string(load, "table", ""), NULL, &ambiguous)
                 : NULL;
        if (table && (!asked || table == asked)) {
            add_log(list, table, load, path, limit);
        }
    }
    return loads != NULL;
}

bool route_rejects(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *model;
    size_t limit;
    if (!asked_model(call, snapshot, &model, error) || !call_limit(call, 1000, ROWS_MAX, &limit, error) ||
        (model && !access_check_raw(call->user, snapshot, model, error))) {
        return false;
    }
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    g_autoptr(json_t) rows = conn ? quality_rejects(conn, model ? model->id : NULL, limit, error) : NULL;
    return rows && add_load_rejects(call, snapshot, model, limit, rows, error) &&
           call_json(call, json_pack("{s:o}", "rejects", readable(call, snapshot, rows)));
}

bool route_redrive(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"model", NULL};
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    const CatalogObject *model =
        call_object(call, snapshot, base_json_string(call->body, "model", ""), error);
    if (!model || !access_check(call->user, ACCESS_RUN, model, error)) {
        return false;
    }
    g_autoptr(json_t) runs = NULL;
    bool ok = warehouse_redrive(server_app_warehouse(call->app), snapshot, model, &runs, error);
    call_audit(call, "redrive", model->full_name, NULL, ok);
    return ok && call_json(call, json_pack("{s:O}", "runs", runs));
}

typedef struct {
    const json_t *health;
    gint64 now_us;
} HealthWork;

static bool record_health(EngineConn *conn, void *user, GError **error)
{
    const HealthWork *work = user;
    return quality_health_record(conn, work->health, work->now_us, error);
}

/* Scores of a day are kept when they are asked for; names of what a user may not see would be in them, so
 * this is for administrators. */
bool route_health(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    g_autoptr(StandardCatalog) catalog = NULL;
    g_autoptr(GPtrArray) found = conn ? server_lint(snapshot, NULL, &catalog, error) : NULL;
    g_autoptr(json_t) findings = found ? server_lint_to_health(found, call->lang) : NULL;
    g_autoptr(json_t) health = findings ? quality_health(conn, snapshot, findings, error) : NULL;
    HealthWork work = {.health = health, .now_us = base_time_now_us()};
    return health && intake_transact(server_app_intake(call->app), record_health, &work, error) &&
           call_json(call, json_incref(health));
}
