/* What an alert sees. `on` says where it looks:
 *
 *   query, metric   a row of the query (or of the metric, by its dimensions) for which `when` holds
 *   run             models whose last run failed           check      models that a check holds back
 *   freshness       source tables older than `freshness`   deadline   models that will miss theirs, or did
 *
 * A subject is what one event is about: the values of `by`, or a table or model. */
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "engine/sql.h"
#include "report/report_int.h"

#define MAX_SUBJECTS 1000

/* Gives the row; borrowed. */
static json_t *add_subject(json_t *seen, const char *subject, bool firing, const char *message)
{
    json_t *row = json_object();
    base_json_set_string(row, "subject", subject);
    json_object_set_new(row, "firing", json_boolean(firing));
    base_json_set_string(row, "message", message);
    json_array_append_new(seen, row);
    return row;
}

/* ---- rows -------------------------------------------------------------------------------------------------
 */

static char *watched_sql(CatalogSnapshot *snapshot, const CatalogObject *alert, GError **error)
{
    const json_t *definition = alert->definition;
    const char *query = base_json_string(definition, "query", NULL),
               *name = base_json_string(definition, "metric", "");
    if (query) {
        return g_strdup(query);
    }
    const CatalogObject *metric = report_find(snapshot, CATALOG_METRIC, name, alert->domain, error);
    return metric ? report_metric_sql(snapshot, metric, definition, error) : NULL;
}

static guint column_index(const ReportSection *section, const char *name)
{
    for (guint i = 0; i < section->columns->len; i++) {
        if (g_ascii_strcasecmp(((const ReportColumn *)section->columns->pdata[i])->name, name) == 0) {
            return i;
        }
    }
    return G_MAXUINT;
}

static char *subject_of(const ReportSection *section, const GPtrArray *row, const json_t *by,
                        const char *fallback)
{
    GString *subject = g_string_new(NULL);
    size_t i;
    json_t *name;
    json_array_foreach (by, i, name) {
        guint c = column_index(section, json_is_string(name) ? json_string_value(name) : "");
        const char *value = c < row->len ? row->pdata[c] : NULL;
        g_string_append_printf(subject, "%s%s", i ? ", " : "", value ? value : "NULL");
    }
    if (subject->len == 0) {
        g_string_append(subject, fallback);
    }
    return g_string_free(subject, FALSE);
}

/* "play_cnt 12, day 2026-01-01": all but the verdict. */
static char *row_text(const ReportSection *section, const GPtrArray *row)
{
    GString *text = g_string_new(NULL);
    for (guint c = 0; c + 1 < section->columns->len; c++) {
        const char *value = row->pdata[c];
        g_string_append_printf(text, "%s%s %s", c ? ", " : "",
                               ((const ReportColumn *)section->columns->pdata[c])->name,
                               value ? value : "NULL");
    }
    return g_string_free(text, FALSE);
}

static bool watch_rows(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert, json_t *seen,
                       GError **error)
{
    const char *when = base_json_string(alert->definition, "when", "TRUE");
    g_autoptr(json_t) by = report_texts(alert->definition, "by");
    g_autofree char *sql = watched_sql(snapshot, alert, error);
    if (!sql) {
        return false;
    }
    g_autofree char *judged = g_strdup_printf(
        "SELECT *, CAST(coalesce((%s), FALSE) AS VARCHAR) AS weir_verdict FROM (%s) AS watched", when, sql);
    ReportSection *section =
        report_section_query(report, snapshot, NULL, alert->domain, judged, NULL, "table", error);
    for (guint r = 0; section && r < MIN(section->rows->len, MAX_SUBJECTS); r++) {
        const GPtrArray *row = section->rows->pdata[r];
        const char *verdict = row->pdata[row->len - 1];
        bool firing = verdict && (g_str_equal(verdict, "true") || g_str_equal(verdict, "1"));
        g_autofree char *subject = subject_of(section, row, by, alert->name);
        g_autofree char *text = row_text(section, row);
        add_subject(seen, subject, firing, text);
    }
    bool ok = section != NULL;
    report_section_free(section);
    return ok;
}

/* ---- models -----------------------------------------------------------------------------------------------
 */

static bool word_fits(const CatalogObject *object, const char *word)
{
    const char *colon = strchr(word, ':');
    if (!colon) {
        return g_str_equal(word, object->name) || g_str_equal(word, object->full_name);
    }
    g_autofree char *key = g_strndup(word, (size_t)(colon - word));
    const char *value = g_str_equal(key, "domain")  ? object->domain
                        : g_str_equal(key, "layer") ? object->layer
                        : g_str_equal(key, "grade") ? object->grade
                        : g_str_equal(key, "owner") ? object->owner
                                                    : "";
    return g_str_equal(value, colon + 1);
}

/* `of`: names, domain:x, layer:x, grade:x, owner:x; none = all. */
static bool selected(const CatalogObject *alert, const CatalogObject *object)
{
    g_autoptr(json_t) of = report_texts(alert->definition, "of");
    size_t i;
    json_t *word;
    json_array_foreach (of, i, word) {
        if (json_is_string(word) && word_fits(object, json_string_value(word))) {
            return true;
        }
    }
    return json_array_size(of) == 0;
}

/* Rows {model, state, message} of the last run of each model. */
static bool watch_runs(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert,
                       const char *bad_state, json_t *seen, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(report->engine, error);
    g_autoptr(json_t) rows =
        conn ? engine_query_json(
                   conn,
                   "SELECT model, arg_max(state, started_us) AS state, arg_max(message, started_us) "
                   "AS message FROM _weir.runs WHERE state <> 'skipped' GROUP BY model",
                   NULL, 0, 1000000, error)
             : NULL;
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const CatalogObject *model = catalog_by_id(snapshot, base_json_string(row, "model", ""));
        if (model && selected(alert, model)) {
            const char *state = base_json_string(row, "state", "");
            add_subject(seen, model->full_name, g_str_equal(state, bad_state),
                        base_json_string(row, "message", state));
        }
    }
    return rows != NULL;
}

/* ---- freshness --------------------------------------------------------------------------------------------
 */

static bool newest_load(EngineConn *conn, const CatalogObject *table, gint64 *ret_us, GError **error)
{
    g_autoptr(GString) sql = g_string_new(
        "SELECT coalesce(max(finished_us), 0) FROM _weir.loads WHERE state = 'VISIBLE' AND db = ");
    engine_sql_append_text(sql, table->domain);
    g_string_append(sql, " AND tbl = ");
    engine_sql_append_text(sql, table->name);
    return engine_query_int(conn, sql->str, ret_us, error);
}

typedef struct {
    const CatalogObject *alert, *table;
    EngineConn *conn;
    gint64 now_us;
    json_t *seen;
} Freshness;

static bool watch_age(const Freshness *watch, const json_t *freshness, GError **error)
{
    const char *limit = base_json_string(freshness, "error", base_json_string(freshness, "warn", NULL));
    gint64 max_us = 0, newest_us = 0;
    if (!limit || !base_text_to_duration(limit, &max_us)) {
        return true; /* no limit was declared */
    }
    if (!newest_load(watch->conn, watch->table, &newest_us, error)) {
        return false;
    }
    g_autofree char *at = newest_us ? base_time_format_iso(newest_us) : g_strdup("never");
    g_autofree char *message = g_strdup_printf("last loaded %s, at most %s", at, limit);
    add_subject(watch->seen, watch->table->full_name, watch->now_us - newest_us > max_us, message);
    return true;
}

static bool watch_source(Freshness *watch, CatalogSnapshot *snapshot, const CatalogObject *source,
                         GError **error)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(source->definition, "tables"), i, entry) {
        const char *to = base_json_string(entry, "to", NULL);
        const CatalogObject *table = to ? catalog_find(snapshot, to, source->domain, NULL) : NULL;
        watch->table = table;
        if (table && selected(watch->alert, table) &&
            !watch_age(watch, json_object_get(entry, "freshness"), error)) {
            return false;
        }
    }
    return true;
}

static bool watch_freshness(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert,
                            gint64 now_us, json_t *seen, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(report->engine, error);
    Freshness watch = {.alert = alert, .conn = conn, .now_us = now_us, .seen = seen};
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; conn && i < objects->len; i++) {
        const CatalogObject *source = objects->pdata[i];
        if (source->kind == CATALOG_SOURCE && !watch_source(&watch, snapshot, source, error)) {
            return false;
        }
    }
    return conn != NULL;
}

/* ---- deadlines --------------------------------------------------------------------------------------------
 */

/* The last event of each model beside the time when a run of it last ended well: that ends the event. */
#define DEADLINES                                                                                            \
    "SELECT e.id, e.last.kind AS kind, e.last.deadline_us AS deadline_us, e.last.predicted_us AS "           \
    "predicted_us, coalesce(r.done_us, 0) < e.last.fired_us AS open FROM (SELECT id, arg_max({'kind': "      \
    "kind, 'fired_us': fired_us, 'deadline_us': deadline_us, 'predicted_us': predicted_us}, at_us) AS "      \
    "\"last\" FROM _weir.schedule_events GROUP BY id) AS e LEFT JOIN (SELECT model, max(started_us + "       \
    "elapsed_us) AS done_us FROM _weir.runs WHERE state = 'done' GROUP BY model) AS r ON r.model = e.id"

static void add_deadline(json_t *seen, const CatalogObject *model, const json_t *row)
{
    bool missed = g_str_equal(base_json_string(row, "kind", ""), "missed");
    g_autofree char *deadline = base_time_format_iso(base_json_int(row, "deadline_us", 0)),
                    *predicted = base_time_format_iso(base_json_int(row, "predicted_us", 0));
    g_autofree char *message =
        missed ? g_strdup_printf(base_tr("missed its deadline %s", "已错过期限 %s"), deadline)
               : g_strdup_printf(base_tr("will end %s, after its deadline %s", "预计 %s 完成，晚于期限 %s"),
                                 predicted, deadline);
    json_t *subject = add_subject(seen, model->full_name, base_json_bool(row, "open", false), message);
    if (!missed) {
        base_json_set_string(subject, "severity", "warn"); /* to miss it is told again, as what it is */
    }
}

static bool watch_deadlines(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert,
                            json_t *seen, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(report->engine, error);
    g_autoptr(json_t) rows = conn ? engine_query_json(conn, DEADLINES, NULL, 0, 1000000, error) : NULL;
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const CatalogObject *model = catalog_by_id(snapshot, base_json_string(row, "id", ""));
        if (model && selected(alert, model)) {
            add_deadline(seen, model, row);
        }
    }
    return rows != NULL;
}

/* ---- face -------------------------------------------------------------------------------------------------
 */

json_t *report_watch(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert, gint64 now_us,
                     GError **error)
{
    const char *on = base_json_string(alert->definition, "on", "query");
    g_autoptr(json_t) seen = json_array();
    bool ok;
    if (g_str_equal(on, "run")) {
        ok = watch_runs(report, snapshot, alert, "failed", seen, error);
    } else if (g_str_equal(on, "check")) {
        ok = watch_runs(report, snapshot, alert, "held", seen, error);
    } else if (g_str_equal(on, "freshness")) {
        ok = watch_freshness(report, snapshot, alert, now_us, seen, error);
    } else if (g_str_equal(on, "deadline")) {
        ok = watch_deadlines(report, snapshot, alert, seen, error);
    } else {
        ok = watch_rows(report, snapshot, alert, seen, error);
    }
    return ok ? g_steal_pointer(&seen) : NULL;
}
