/* Events of alerts, in _weir.alert_events: one open event for each alert and subject.
 *
 *   seen firing        -> pending (until `for` is over) -> firing: told
 *   firing and `repeat` -> told again, unless acknowledged
 *   severer than before -> told again, acknowledged or not
 *   no longer firing   -> resolved; told if its beginning was
 *
 * Nothing is told while the alert is silenced or outside its `hours`; an event that began then is told when
 * they end. All that one look has to tell is one message. What was told is written after it was sent: a crash
 * between the two tells twice rather than never. */
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "engine/sql.h"
#include "report/report_int.h"

#define MAX_OPEN 10000

static bool make_tables(EngineConn *conn, void *user, GError **error)
{
    (void)user;
    return engine_exec(
        conn,
        "CREATE SCHEMA IF NOT EXISTS _weir;"
        "CREATE TABLE IF NOT EXISTS _weir.alert_events (id BIGINT, alert VARCHAR, subject VARCHAR, state "
        "VARCHAR, "
        "severity VARCHAR, message VARCHAR, first_us BIGINT, last_us BIGINT, notified_us BIGINT, usr "
        "VARCHAR);"
        "CREATE TABLE IF NOT EXISTS _weir.alert_silences (alert VARCHAR, until_us BIGINT, usr VARCHAR);"
        "CREATE TABLE IF NOT EXISTS _weir.reports_sent (report VARCHAR, fired_us BIGINT, sent_us BIGINT, "
        "receivers VARCHAR);",
        error);
}

bool report_state_open(Report *report, GError **error)
{
    g_mutex_lock(&report->lock);
    bool has = report->has_table;
    g_mutex_unlock(&report->lock);
    if (has) {
        return true;
    }
    if (!intake_transact(report->intake, make_tables, NULL, error)) {
        return false;
    }
    g_mutex_lock(&report->lock);
    report->has_table = true;
    g_mutex_unlock(&report->lock);
    return true;
}

/* ---- one look ---------------------------------------------------------------------------------------------
 */

typedef struct {
    Report *report;
    CatalogSnapshot *snapshot;
    const CatalogObject *alert;
    gint64 now_us, for_us, repeat_us;
    bool quiet;         /* silenced, or outside its hours */
    json_t *open;       /* rows of alert_events that are not resolved */
    GHashTable *seen;   /* subject -> json_t* of report_watch, borrowed */
    GString *tell;      /* the message so far */
    GPtrArray *changes; /* SQL */
} Look;

static bool read_open(Look *look, EngineConn *conn, GError **error)
{
    EngineValue alert = engine_value_text(look->alert->id);
    look->open =
        engine_query_json(conn, "SELECT * FROM _weir.alert_events WHERE alert = $1 AND state <> 'resolved'",
                          &alert, 1, MAX_OPEN, error);
    return look->open != NULL;
}

static bool read_silence(Look *look, EngineConn *conn, GError **error)
{
    EngineValue values[2] = {engine_value_text(look->alert->id), {.id = ENGINE_INT64, .i64 = look->now_us}};
    g_autoptr(json_t) rows = engine_query_json(
        conn, "SELECT 1 AS one FROM _weir.alert_silences WHERE alert IN ('*', $1) AND until_us > $2 LIMIT 1",
        values, 2, 1, error);
    look->quiet = look->quiet || json_array_size(rows) > 0;
    return rows != NULL;
}

/* "08:00-22:00", or over midnight "22:00-06:00", of the project's local time. */
static bool within_hours(const Look *look, const char *hours)
{
    int from, to;
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(look->snapshot), NULL);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(look->now_us / BASE_TIME_SECOND_US);
    g_autoptr(GDateTime) local = zone ? g_date_time_to_timezone(utc, zone) : NULL;
    if (!local || !catalog_notice_hours(hours, &from, &to)) {
        return true; /* applied before hours were checked: it mutes nothing */
    }
    int at = g_date_time_get_hour(local) * 60 + g_date_time_get_minute(local);
    return from <= to ? at >= from && at < to : at >= from || at < to;
}

static void tell(Look *look, const char *what, const char *subject, const char *message)
{
    g_string_append_printf(look->tell, "%s  %s: %s\n", what, subject, message);
}

static void change_event(Look *look, const json_t *event, const char *state, const char *severity,
                         const char *message, gint64 notified_us)
{
    g_autofree char *text = engine_sql_text(message), *grade = engine_sql_text(severity);
    g_ptr_array_add(
        look->changes,
        g_strdup_printf("UPDATE _weir.alert_events SET state = '%s', severity = %s, message = %s, last_us = "
                        "%" G_GINT64_FORMAT ", notified_us = %" G_GINT64_FORMAT
                        " WHERE id = %" G_GINT64_FORMAT,
                        state, grade, text, look->now_us, notified_us, base_json_int(event, "id", 0)));
}

static const char *severity_of(const Look *look, const json_t *seen)
{
    return base_json_string(seen, "severity", base_json_string(look->alert->definition, "severity", "error"));
}

static int severity_rank(const char *severity)
{
    return g_str_equal(severity, "error") ? 2 : g_str_equal(severity, "warn") ? 1 : 0;
}

/* An event that is open, with what is seen of its subject now (NULL = its subject is no more). */
static void judge_open(Look *look, const json_t *event, const json_t *seen)
{
    const char *state = base_json_string(event, "state", ""),
               *subject = base_json_string(event, "subject", ""),
               *severity = base_json_string(event, "severity", "error");
    const char *message = base_json_string(seen, "message", base_json_string(event, "message", ""));
    gint64 notified = base_json_int(event, "notified_us", 0), first = base_json_int(event, "first_us", 0);
    if (!base_json_bool(seen, "firing", false)) {
        if (notified && !look->quiet) {
            tell(look, base_tr("RESOLVED", "已恢复"), subject, message);
        }
        change_event(look, event, "resolved", severity, message, notified);
        return;
    }
    bool risen = severity_rank(severity_of(look, seen)) > severity_rank(severity);
    bool acknowledged = g_str_equal(state, "acknowledged") && !(risen && !look->quiet);
    bool ripe = look->now_us - first >= look->for_us;
    bool again = notified && look->repeat_us && look->now_us - notified >= look->repeat_us && !acknowledged;
    if (ripe && !look->quiet && (!notified || again || risen)) {
        tell(look, base_tr("FIRING", "告警"), subject, message);
        notified = look->now_us;
        severity = severity_of(look, seen);
    }
    change_event(look, event,
                 acknowledged ? state
                 : ripe       ? "firing"
                              : "pending",
                 severity, message, notified);
}

static void add_event(Look *look, const json_t *seen)
{
    const char *subject = base_json_string(seen, "subject", ""),
               *message = base_json_string(seen, "message", "");
    bool ripe = look->for_us == 0, told = ripe && !look->quiet;
    if (told) {
        tell(look, base_tr("FIRING", "告警"), subject, message);
    }
    g_autofree char *alert = engine_sql_text(look->alert->id), *about = engine_sql_text(subject),
                    *text = engine_sql_text(message), *severity = engine_sql_text(severity_of(look, seen));
    g_ptr_array_add(
        look->changes,
        g_strdup_printf("INSERT INTO _weir.alert_events SELECT coalesce(max(id), 0) + 1, %s, %s, '%s', "
                        "%s, %s, %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
                        ", NULL FROM _weir.alert_events",
                        alert, about, ripe ? "firing" : "pending", severity, text, look->now_us, look->now_us,
                        told ? look->now_us : 0));
}

static void judge(Look *look)
{
    size_t i;
    json_t *event;
    json_array_foreach (look->open, i, event) {
        const char *subject = base_json_string(event, "subject", "");
        judge_open(look, event, g_hash_table_lookup(look->seen, subject));
        g_hash_table_remove(look->seen, subject);
    }
    GHashTableIter iter;
    gpointer subject, seen;
    g_hash_table_iter_init(&iter, look->seen);
    while (g_hash_table_iter_next(&iter, &subject, &seen)) {
        if (base_json_bool(seen, "firing", false)) {
            add_event(look, seen);
        }
    }
}

/* ---- telling, writing -------------------------------------------------------------------------------------
 */

static bool send(const Look *look, GError **error)
{
    if (look->tell->len == 0) {
        return true;
    }
    const char *title = base_tr(look->alert->title_en, look->alert->title_zh);
    ReportMessage message = {
        .subject = g_strdup_printf("[%s] %s", base_json_string(look->alert->definition, "severity", "error"),
                                   *title ? title : look->alert->name),
        .text = g_strdup(look->tell->str),
        .parts = g_ptr_array_new()};
    bool ok = report_send(look->report, look->snapshot, look->alert, &message, NULL, error);
    g_free(message.subject);
    g_free(message.text);
    g_ptr_array_unref(message.parts);
    return ok;
}

static bool write_changes(EngineConn *conn, void *user, GError **error)
{
    const GPtrArray *changes = user;
    for (guint i = 0; i < changes->len; i++) {
        if (!engine_exec(conn, changes->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

static bool look_with(Look *look, json_t *seen, GError **error)
{
    size_t i;
    json_t *row;
    json_array_foreach (seen, i, row) {
        g_hash_table_replace(look->seen, (gpointer)(guintptr)base_json_string(row, "subject", ""), row);
    }
    const char *hours = base_json_string(look->alert->definition, "hours", NULL);
    look->quiet = hours && !within_hours(look, hours);
    g_autoptr(EngineConn) conn = engine_connect(look->report->engine, error);
    if (!conn || !read_open(look, conn, error) || !read_silence(look, conn, error)) {
        return false;
    }
    judge(look);
    return send(look, error) && (look->changes->len == 0 ||
                                 intake_transact(look->report->intake, write_changes, look->changes, error));
}

static gint64 duration_of(const CatalogObject *alert, const char *key)
{
    const char *text = base_json_string(alert->definition, key, NULL);
    gint64 us = 0;
    return text && base_text_to_duration(text, &us) ? us : 0; /* checked when it was applied */
}

bool report_alert_look(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert, gint64 now_us,
                       GError **error)
{
    if (!report_state_open(report, error)) {
        return false;
    }
    g_autoptr(json_t) seen = report_watch(report, snapshot, alert, now_us, error);
    if (!seen) {
        return false;
    }
    Look look = {.report = report,
                 .snapshot = snapshot,
                 .alert = alert,
                 .now_us = now_us,
                 .for_us = duration_of(alert, "for"),
                 .repeat_us = duration_of(alert, "repeat"),
                 .seen = g_hash_table_new(g_str_hash, g_str_equal),
                 .tell = g_string_new(NULL),
                 .changes = g_ptr_array_new_with_free_func(g_free)};
    bool ok = look_with(&look, seen, error);
    json_decref(look.open);
    g_hash_table_unref(look.seen);
    g_string_free(look.tell, TRUE);
    g_ptr_array_unref(look.changes);
    return ok;
}

/* ---- face -------------------------------------------------------------------------------------------------
 */

json_t *report_alert_try(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert, gint64 now_us,
                         GError **error)
{
    return report_watch(report, snapshot, alert, now_us, error);
}

json_t *report_alerts(Report *report, bool open, size_t limit, GError **error)
{
    g_autoptr(EngineConn) conn =
        report_state_open(report, error) ? engine_connect(report->engine, error) : NULL;
    g_autofree char *sql = g_strdup_printf(
        "SELECT e.id, e.alert, e.subject, e.state, e.severity, e.message, "
        "strftime(make_timestamp(first_us), '%%Y-%%m-%%dT%%H:%%M:%%SZ') AS first, "
        "strftime(make_timestamp(last_us), '%%Y-%%m-%%dT%%H:%%M:%%SZ') AS last, "
        "CASE WHEN notified_us > 0 THEN strftime(make_timestamp(notified_us), '%%Y-%%m-%%dT%%H:%%M:%%SZ') "
        "END AS "
        "notified, e.usr AS acknowledged_by, (SELECT strftime(make_timestamp(max(until_us)), "
        "'%%Y-%%m-%%dT%%H:%%M:%%SZ') "
        "FROM _weir.alert_silences AS s WHERE s.alert IN ('*', e.alert) AND s.until_us > %" G_GINT64_FORMAT
        ") AS silenced_until FROM _weir.alert_events AS e %s ORDER BY last_us DESC, id DESC LIMIT %zu",
        base_time_now_us(), open ? "WHERE state <> 'resolved'" : "", limit);
    return conn ? engine_query_json(conn, sql, NULL, 0, limit, error) : NULL;
}

typedef struct {
    const char *sql; /* NULL ends a list: one transaction */
    EngineValue *values;
    size_t n;
    int64_t changed;
} Statement;

static bool run_statements(EngineConn *conn, void *user, GError **error)
{
    for (Statement *statement = user; statement->sql; statement++) {
        if (!engine_exec_values(conn, statement->sql, statement->values, statement->n, &statement->changed,
                                error)) {
            return false;
        }
    }
    return true;
}

bool report_alert_acknowledge(Report *report, gint64 id, const char *user, GError **error)
{
    EngineValue values[2] = {engine_value_text(user), {.id = ENGINE_INT64, .i64 = id}};
    Statement statements[] = {
        {"UPDATE _weir.alert_events SET state = 'acknowledged', usr = $1 WHERE id = $2 AND state IN "
         "('pending', 'firing', 'acknowledged')",
         values, 2, 0},
        {0}};
    if (!report_state_open(report, error) ||
        !intake_transact(report->intake, run_statements, statements, error)) {
        return false;
    }
    return statements[0].changed > 0 ||
           base_fail(error, BASE_E_ALERT_UNKNOWN, "no open event %" G_GINT64_FORMAT, id);
}

bool report_alert_silence(Report *report, const char *alert, gint64 until_us, const char *user,
                          GError **error)
{
    EngineValue values[3] = {engine_value_text(alert ? alert : "*"),
                             {.id = ENGINE_INT64, .i64 = until_us},
                             engine_value_text(user)};
    Statement statements[] = {
        {"DELETE FROM _weir.alert_silences WHERE alert = $1", values, 1, 0},
        {until_us ? "INSERT INTO _weir.alert_silences VALUES ($1, $2, $3)" : NULL, values, 3, 0},
        {0}};
    return report_state_open(report, error) &&
           intake_transact(report->intake, run_statements, statements, error);
}
