/* What an alert sees. `on` says where it looks:
 *
 *   query, metric   a row of the query (or of the metric, by its dimensions) for which `when` holds
 *   run             models whose last run failed           check      models that a check holds back or warns
 * of freshness       source tables older than `freshness`   deadline   models that will miss their deadline
 *
 * A subject is what one event is about: the values of `by`, or a table or model. */
#include <string.h>

#include "base/text.h"
#include "engine/sql.h"
#include "report/report_int.h"

#define MAX_SUBJECTS 1000

static void add_subject(json_t *seen, const char *subject, bool firing, const char *message)
{
    json_t *row = json_object();
    base_json_set_string(row, "subject", subject);
    json_object_set_new(row, "firing", json_boolean(firing));
    base_json_set_string(row, "message", message);
    json_array_append_new(seen, row);
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
    const CatalogObject *metric = catalog_find(snapshot, name, alert->domain, error);
    return metric ? report_metric_sql(snapshot, metric, json_object_get(definition, "by"), NULL, 0, error)
                  : NULL;
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
    const char *when = base_json_string(alert->definition, "when", NULL);
    g_autofree char *sql = watched_sql(snapshot, alert, error);
    if (!sql || !when) {
        return sql && base_fail(error, BASE_E_KEY_MISSING, "alert `%s` has no `when`", alert->full_name);
    }
    g_autofree char *judged = g_strdup_printf(
        "SELECT *, CAST(coalesce((%s), FALSE) AS VARCHAR) AS weir_verdict FROM (%s) AS watched", when, sql);
    ReportSection *section =
        report_section_query(report, snapshot, NULL, alert->domain, judged, NULL, "table", error);
    for (guint r = 0; section && r < MIN(section->rows->len, MAX_SUBJECTS); r++) {
        const GPtrArray *row = section->rows->pdata[r];
        const char *verdict = row->pdata[row->len - 1];
        bool firing = verdict && (g_str_equal(verdict, "true") || g_str_equal(verdict, "1"));
        g_autofree char *subject =
            subject_of(section, row, json_object_get(alert->definition, "by"), alert->name);
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
    const json_t *of = json_object_get(alert->definition, "of");
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
    } else {
        ok = watch_rows(report, snapshot, alert, seen, error);
    }
    return ok ? g_steal_pointer(&seen) : NULL;
}
