/* What is due. A report is due when its schedule fired since it was last sent (or since somebody watches: the
 * schedule's `catchup` decides on what was missed); an alert when its `every` is over. */
#include <string.h>

#include "base/text.h"
#include "report/report_int.h"
#include "schedule/spec.h"

#define ALERT_EVERY_US (BASE_TIME_SECOND_US * 60)
#define TICK_MAX_US    (BASE_TIME_SECOND_US * 60)
#define MAX_FIRINGS    100

Report *report_new(Engine *engine, Intake *intake, Access *access, const BaseConfig *config)
{
    Report *report = g_new0(Report, 1);
    report->engine = engine;
    report->intake = intake;
    report->access = access;
    report->config = config;
    report->sent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    report->looked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_mutex_init(&report->lock);
    return report;
}

void report_free(Report *report)
{
    if (report) {
        g_hash_table_unref(report->sent);
        g_hash_table_unref(report->looked);
        g_mutex_clear(&report->lock);
        g_free(report);
    }
}

/* When `id` was last dealt with; `now_us` when it is met for the first time. */
static gint64 last_of(GHashTable *table, const char *id, gint64 now_us)
{
    const gint64 *at = g_hash_table_lookup(table, id);
    return at ? *at : now_us;
}

static void note(GHashTable *table, const char *id, gint64 us)
{
    gint64 *at = g_new(gint64, 1);
    *at = us;
    g_hash_table_replace(table, g_strdup(id), at);
}

/* ---- reports ----------------------------------------------------------------------------------------------
 */

typedef struct {
    Report *report;
    CatalogSnapshot *snapshot;
    gint64 now_us, next_us;
    ReportTell tell;
    void *user;
} Tick;

typedef struct {
    const char *id;
    gint64 fired_us, sent_us;
    const char *receivers;
} Sent;

static bool record_sent(EngineConn *conn, void *user, GError **error)
{
    const Sent *sent = user;
    EngineValue values[4] = {{.id = ENGINE_TEXT, .text = {sent->id, strlen(sent->id)}},
                             {.id = ENGINE_INT64, .i64 = sent->fired_us},
                             {.id = ENGINE_INT64, .i64 = sent->sent_us},
                             {.id = ENGINE_TEXT, .text = {sent->receivers, strlen(sent->receivers)}}};
    return engine_exec_values(conn, "INSERT INTO _weir.reports_sent VALUES ($1, $2, $3, $4)", values, 4, NULL,
                              error);
}

static bool send_report(Tick *tick, const CatalogObject *object, gint64 fired_us, GError **error)
{
    g_autoptr(ReportMessage) message = report_render(tick->report, tick->snapshot, object, NULL, error);
    g_autoptr(json_t) sent = NULL;
    if (!message || !report_send(tick->report, tick->snapshot, object, message, &sent, error)) {
        return false;
    }
    g_autofree char *receivers = base_json_text(sent);
    Sent row = {object->id, fired_us, tick->now_us, receivers};
    return report_state_open(tick->report, error) &&
           intake_transact(tick->report->intake, record_sent, &row, error);
}

static void tick_report(Tick *tick, const CatalogObject *object)
{
    Report *report = tick->report;
    g_autoptr(GError) error = NULL;
    g_autoptr(ScheduleSpec) spec =
        schedule_spec_parse(json_object_get(object->definition, "schedule"), &error);
    const char *zone_name =
        spec && spec->timezone ? spec->timezone : catalog_project_timezone(tick->snapshot);
    g_autoptr(GTimeZone) zone = spec ? base_time_zone(zone_name, &error) : NULL;
    if (!zone) {
        tick->tell(object, "schedule", error, tick->user);
        return;
    }
    gint64 last = last_of(report->sent, object->id, tick->now_us);
    g_autoptr(GArray) due = schedule_spec_due(spec, NULL, zone, last, tick->now_us, last, MAX_FIRINGS);
    note(report->sent, object->id, tick->now_us);
    for (guint i = 0; i < due->len; i++) {
        bool ok = send_report(tick, object, g_array_index(due, gint64, i), &error);
        tick->tell(object, "report", ok ? NULL : error, tick->user);
        g_clear_error(&error);
    }
    tick->next_us = MIN(tick->next_us, schedule_spec_next(spec, NULL, zone, tick->now_us));
}

/* ---- alerts -----------------------------------------------------------------------------------------------
 */

static void tick_alert(Tick *tick, const CatalogObject *object)
{
    const char *text = base_json_string(object->definition, "every", NULL);
    gint64 every = 0, *at = g_hash_table_lookup(tick->report->looked, object->id);
    every = text && base_text_to_duration(text, &every) && every > 0 ? every : ALERT_EVERY_US;
    if (!at || tick->now_us - *at >= every) {
        g_autoptr(GError) error = NULL;
        note(tick->report->looked, object->id, tick->now_us);
        bool ok = report_alert_look(tick->report, tick->snapshot, object, tick->now_us, &error);
        tick->tell(object, "alert", ok ? NULL : error, tick->user);
        tick->next_us = MIN(tick->next_us, tick->now_us + every);
    } else {
        tick->next_us = MIN(tick->next_us, *at + every);
    }
}

gint64 report_tick(Report *report, CatalogSnapshot *snapshot, gint64 now_us, ReportTell tell, void *user)
{
    Tick tick = {report, snapshot, now_us, now_us + TICK_MAX_US, tell, user};
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        bool off = g_str_equal(object->status, "draft");
        if (!off && object->kind == CATALOG_REPORT && json_object_get(object->definition, "schedule")) {
            tick_report(&tick, object);
        } else if (!off && object->kind == CATALOG_ALERT) {
            tick_alert(&tick, object);
        }
    }
    return tick.next_us;
}
