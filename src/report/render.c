/* A report becomes a message: its query, metrics, or the cells of its dashboard as sections; one HTML body
 * with pictures, and the files that `attach` names. */
#include "base/term.h"
#include "base/text.h"
#include "report/report_int.h"

typedef struct {
    Report *report;
    CatalogSnapshot *snapshot;
    const CatalogObject *object;
    const AccessUser *user;
    const char *domain;  /* in which names are looked up */
    GPtrArray *sections; /* ReportSection* */
} Render;

static void part_free(gpointer data)
{
    ReportPart *part = data;
    g_free(part->name);
    g_free(part->type);
    g_bytes_unref(part->bytes);
    g_free(part);
}

void report_message_free(ReportMessage *message)
{
    if (message) {
        g_free(message->subject);
        g_free(message->text);
        g_free(message->html);
        g_ptr_array_unref(message->parts);
        g_free(message);
    }
}

static void add_part(ReportMessage *message, const char *name, const char *type, GBytes *bytes,
                     bool is_inline)
{
    ReportPart *part = g_new0(ReportPart, 1);
    part->name = g_strdup(name);
    part->type = g_strdup(type);
    part->bytes = bytes;
    part->is_inline = is_inline;
    g_ptr_array_add(message->parts, part);
}

/* ---- sections ---------------------------------------------------------------------------------------------
 */

static const char *title_of(const CatalogObject *object)
{
    const char *title = base_tr(object->title_en, object->title_zh);
    return *title ? title : object->name;
}

static bool has_place(const Render *render, GError **error)
{
    return render->sections->len < REPORT_MAX_SECTIONS ||
           base_fail(error, BASE_E_VALUE_INVALID, "a report shows at most %d tables", REPORT_MAX_SECTIONS);
}

static bool add_section(Render *render, const char *sql, const char *title, const char *chart, GError **error)
{
    ReportSection *section = has_place(render, error)
                                 ? report_section_query(render->report, render->snapshot, render->user,
                                                        render->domain, sql, title, chart, error)
                                 : NULL;
    if (section) {
        g_ptr_array_add(render->sections, section);
    }
    return section != NULL;
}

static bool add_words(Render *render, const char *title, const char *text, GError **error)
{
    if (!has_place(render, error)) {
        return false;
    }
    ReportSection *section = report_section_new(title, "table");
    section->text = g_strdup(text);
    g_ptr_array_add(render->sections, section);
    return true;
}

static bool add_metric(Render *render, const char *name, const json_t *shown, const char *title,
                       const char *chart, GError **error)
{
    const CatalogObject *metric = report_find(render->snapshot, CATALOG_METRIC, name, render->domain, error);
    g_autofree char *sql = metric ? report_metric_sql(render->snapshot, metric, shown, error) : NULL;
    return sql && add_section(render, sql, title ? title : title_of(metric), chart, error);
}

static bool add_metrics(Render *render, const json_t *shown, const char *title, const char *chart,
                        GError **error)
{
    g_autoptr(json_t) names = report_texts(shown, "metrics");
    size_t i;
    json_t *name;
    json_array_foreach (names, i, name) {
        if (!add_metric(render, json_string_value(name), shown, title, chart, error)) {
            return false;
        }
    }
    return true;
}

/* A title is a text or {en, zh}. */
static const char *label_of(const json_t *value)
{
    return json_is_string(value)
               ? json_string_value(value)
               : base_tr(base_json_string(value, "en", base_json_string(value, "zh", NULL)),
                         base_json_string(value, "zh", base_json_string(value, "en", NULL)));
}

static const char *label_at(const json_t *tile, const char *key)
{
    const json_t *value = json_object_get(tile, key);
    return value ? label_of(value) : NULL;
}

static bool add_tile(Render *render, const json_t *tile, GError **error)
{
    const char *query = base_json_string(tile, "query", NULL),
               *metric = base_json_string(tile, "metric", NULL),
               *chart = base_json_string(tile, "chart", "table"), *title = label_at(tile, "title"),
               *text = label_at(tile, "text");
    g_autofree char *sql = query ? report_query_sql(query, tile) : NULL;
    return (!text || add_words(render, title, text, error)) &&
           (!sql || add_section(render, sql, title, chart, error)) &&
           (!metric || add_metric(render, metric, tile, title, chart, error)) &&
           add_metrics(render, tile, title, chart, error);
}

/* Its tiles stand in rows, or one below the other. Names in them are those of its own domain. */
static bool add_dashboard(Render *render, const char *name, GError **error)
{
    const CatalogObject *dashboard =
        report_find(render->snapshot, CATALOG_DASHBOARD, name, render->domain, error);
    size_t i, j;
    json_t *row, *tile;
    render->domain = dashboard ? dashboard->domain : render->domain;
    json_array_foreach (dashboard ? json_object_get(dashboard->definition, "rows") : NULL, i, row) {
        if (json_is_object(row) && !add_tile(render, row, error)) {
            return false;
        }
        json_array_foreach (row, j, tile) {
            if (!add_tile(render, tile, error)) {
                return false;
            }
        }
    }
    render->domain = render->object->domain;
    return dashboard != NULL;
}

static bool add_all(Render *render, GError **error)
{
    const json_t *definition = render->object->definition;
    const char *query = base_json_string(definition, "query", NULL),
               *dashboard = base_json_string(definition, "dashboard", NULL),
               *chart = base_json_string(definition, "chart", "table");
    return (!query || add_section(render, query, title_of(render->object), chart, error)) &&
           (!dashboard || add_dashboard(render, dashboard, error)) &&
           add_metrics(render, definition, NULL, chart, error);
}

/* ---- the message ------------------------------------------------------------------------------------------
 */

static bool add_pictures(Render *render, ReportMessage *message, GString *html, GString *text, GError **error)
{
    for (guint i = 0; i < render->sections->len; i++) {
        const ReportSection *section = render->sections->pdata[i];
        GError *why = NULL;
        GBytes *png = report_chart(section, &why);
        if (why) {
            g_propagate_error(error, why);
            return false;
        }
        g_autofree char *name = png ? g_strdup_printf("chart%u.png", i + 1) : NULL;
        if (png) {
            add_part(message, name, "image/png", png, true);
        }
        report_html(html, section, name);
        report_text(text, section);
    }
    return true;
}

static bool attach(Render *render, ReportMessage *message, const char *format, GError **error)
{
    if (g_str_equal(format, "xlsx")) {
        GBytes *bytes = report_xlsx(render->sections, error);
        g_autofree char *name = g_strconcat(render->object->name, ".xlsx", NULL);
        if (bytes) {
            add_part(message, name, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                     bytes, false);
        }
        return bytes != NULL;
    }
    for (guint i = 0; i < render->sections->len; i++) {
        if (((const ReportSection *)render->sections->pdata[i])->text) {
            continue; /* words are no rows */
        }
        g_autofree char *number = render->sections->len > 1 ? g_strdup_printf("_%u", i + 1) : g_strdup("");
        g_autofree char *name = g_strconcat(render->object->name, number, ".csv", NULL);
        add_part(message, name, "text/csv; charset=utf-8", report_csv(render->sections->pdata[i]), false);
    }
    return true;
}

static bool attach_all(Render *render, ReportMessage *message, GError **error)
{
    g_autoptr(json_t) list = report_texts(render->object->definition, "attach");
    const char *format = base_json_string(render->object->definition, "format", "html");
    size_t i;
    json_t *name;
    json_array_foreach (list, i, name) {
        if (!attach(render, message, json_string_value(name), error)) {
            return false;
        }
    }
    bool file = g_str_equal(format, "csv") || g_str_equal(format, "xlsx");
    return json_array_size(list) > 0 || !file || attach(render, message, format, error);
}

static ReportMessage *build(Render *render, GError **error)
{
    g_autoptr(ReportMessage) message = g_new0(ReportMessage, 1);
    message->parts = g_ptr_array_new_with_free_func(part_free);
    message->subject = g_strdup(title_of(render->object));
    g_autoptr(GString) html = g_string_new("<!doctype html><html><body>"), text = g_string_new(NULL);
    g_autofree char *title = report_html_escape(message->subject);
    g_string_append_printf(html, "<h2 style=\"font:bold 20px sans-serif\">%s</h2>", title);
    g_string_append_printf(text, "%s\n\n", message->subject);
    if (!add_pictures(render, message, html, text, error) || !attach_all(render, message, error)) {
        return NULL;
    }
    g_string_append(html, "</body></html>\n");
    message->html = g_strdup(html->str);
    message->text = g_strdup(text->str);
    return g_steal_pointer(&message);
}

static void section_free(gpointer data)
{
    report_section_free(data);
}

ReportMessage *report_render(Report *report, CatalogSnapshot *snapshot, const CatalogObject *object,
                             const AccessUser *user, GError **error)
{
    g_autoptr(GPtrArray) sections = g_ptr_array_new_with_free_func(section_free);
    Render render = {report, snapshot, object, user, object->domain, sections};
    if (!add_all(&render, error)) {
        return NULL;
    }
    if (sections->len == 0) {
        base_fail(error, BASE_E_VALUE_INVALID, "report `%s` has neither query, metrics nor dashboard",
                  object->full_name);
        base_error_place(error, object->file, object->line, object->column);
        return NULL;
    }
    return build(&render, error);
}
