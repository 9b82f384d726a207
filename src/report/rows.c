/* A query becomes a section: names, and every value as text (numbers are known as such). */
#include "engine/sql.h"
#include "report/report_int.h"

static void column_free(gpointer data)
{
    ReportColumn *column = data;
    g_free(column->name);
    g_free(column);
}

static void row_free(gpointer data)
{
    g_ptr_array_unref(data);
}

void report_section_free(ReportSection *section)
{
    if (section) {
        g_free(section->title);
        g_free(section->chart);
        g_free(section->text);
        g_ptr_array_unref(section->columns);
        g_ptr_array_unref(section->rows);
        g_free(section);
    }
}

static bool is_number(EngineTypeId id)
{
    return (id >= ENGINE_INT8 && id <= ENGINE_DECIMAL);
}

static void read_chunk(ReportSection *section, const EngineChunk *chunk)
{
    size_t n = engine_chunk_rows(chunk);
    for (size_t r = 0; r < n && section->rows->len < REPORT_MAX_ROWS; r++) {
        GPtrArray *row = g_ptr_array_new_with_free_func(g_free);
        for (guint c = 0; c < section->columns->len; c++) {
            EngineColumn column = engine_chunk_column(chunk, c);
            g_autoptr(GString) text = g_string_new(NULL);
            bool value = engine_column_append_text(&column, r, text);
            g_ptr_array_add(row, value ? g_strdup(text->str) : NULL);
        }
        g_ptr_array_add(section->rows, row);
    }
    section->truncated = section->truncated || section->rows->len == REPORT_MAX_ROWS;
}

static bool read_rows(EngineConn *conn, const char *sql, ReportSection *section, GError **error)
{
    g_autoptr(EngineResult) result = engine_query(conn, sql, error);
    for (size_t i = 0; result && i < engine_result_n_columns(result); i++) {
        ReportColumn *column = g_new0(ReportColumn, 1);
        column->name = g_strdup(engine_result_column_name(result, i));
        column->is_number = is_number(engine_result_column_type(result, i).id);
        g_ptr_array_add(section->columns, column);
    }
    GError *why = NULL;
    EngineChunk *chunk;
    while (result && section->rows->len < REPORT_MAX_ROWS && (chunk = engine_result_next(result, &why))) {
        read_chunk(section, chunk);
    }
    if (why) {
        g_propagate_error(error, why);
    }
    return result && !why;
}

ReportSection *report_section_new(const char *title, const char *chart)
{
    ReportSection *section = g_new0(ReportSection, 1);
    section->title = g_strdup(title);
    section->chart = g_strdup(chart);
    section->columns = g_ptr_array_new_with_free_func(column_free);
    section->rows = g_ptr_array_new_with_free_func(row_free);
    return section;
}

ReportSection *report_section_query(Report *report, CatalogSnapshot *snapshot, const AccessUser *user,
                                    const char *domain, const char *sql, const char *title, const char *chart,
                                    GError **error)
{
    AccessScope scope = {
        .user = user ? user : access_local_user(report->access), .snapshot = snapshot, .domain = domain};
    g_autoptr(EngineConn) conn = engine_connect(report->engine, error);
    g_autofree char *rewritten = NULL;
    if (conn && engine_set_time_zone(conn, catalog_project_timezone(snapshot), error)) {
        rewritten = access_rewrite(&scope, conn, sql, NULL, error);
    }
    ReportSection *section = report_section_new(title, chart);
    if (!rewritten || !read_rows(conn, rewritten, section, error)) {
        g_clear_pointer(&section, report_section_free);
    }
    return section;
}

const CatalogObject *report_find(const CatalogSnapshot *snapshot, CatalogKind kind, const char *name,
                                 const char *domain, GError **error)
{
    g_autofree char *id = g_strdup_printf("%s:%s", catalog_kind_name(kind), name);
    return catalog_find(snapshot, id, domain, error);
}

/* ---- metrics ----------------------------------------------------------------------------------------------
 */

json_t *report_texts(const json_t *definition, const char *key)
{
    json_t *value = json_object_get(definition, key);
    return json_is_array(value)    ? json_incref(value)
           : json_is_string(value) ? json_pack("[O]", value)
                                   : json_array();
}

static void append_aggregate(GString *sql, const json_t *metric)
{
    const char *agg = base_json_string(metric, "agg", ""), *expr = base_json_string(metric, "expr", "*");
    if (g_str_equal(agg, "count_distinct")) {
        g_string_append_printf(sql, "count(DISTINCT %s)", expr);
    } else if (g_str_equal(agg, "percentile")) {
        char share[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_dtostr(share, sizeof share, base_json_real(metric, "percentile", 0.5));
        g_string_append_printf(sql, "quantile_cont(%s, %s)", expr, share);
    } else {
        g_string_append_printf(sql, "%s(%s)", agg, expr);
    }
}

static void append_order(GString *sql, const json_t *shown, const char *fallback)
{
    g_autoptr(json_t) order = report_texts(shown, "order");
    gint64 limit = base_json_int(shown, "limit", 0);
    size_t i;
    json_t *item;
    json_array_foreach (order, i, item) {
        g_string_append_printf(sql, "%s%s", i ? ", " : " ORDER BY ", json_string_value(item));
    }
    if (json_array_size(order) == 0 && fallback) {
        g_string_append_printf(sql, " ORDER BY %s", fallback);
    }
    if (limit > 0) {
        g_string_append_printf(sql, " LIMIT %" G_GINT64_FORMAT, limit);
    }
}

char *report_query_sql(const char *query, const json_t *shown)
{
    const char *where = base_json_string(shown, "where", NULL);
    if (!where && !json_object_get(shown, "order") && !json_object_get(shown, "limit")) {
        return g_strdup(query); /* in its own order */
    }
    GString *sql = g_string_new("SELECT * FROM (");
    g_string_append_printf(sql, "%s) AS shown", query);
    if (where) {
        g_string_append_printf(sql, " WHERE (%s)", where);
    }
    append_order(sql, shown, NULL);
    return g_string_free(sql, FALSE);
}

static void append_where(GString *sql, const char *own, const char *where)
{
    if (own) {
        g_string_append_printf(sql, " WHERE (%s)", own);
    }
    if (where) {
        g_string_append_printf(sql, "%s (%s)", own ? " AND" : " WHERE", where);
    }
}

char *report_metric_sql(CatalogSnapshot *snapshot, const CatalogObject *metric, const json_t *shown,
                        GError **error)
{
    const json_t *definition = metric->definition;
    const CatalogObject *table =
        catalog_find(snapshot, base_json_string(definition, "table", ""), metric->domain, NULL);
    if (!g_str_equal(base_json_string(definition, "type", ""), "atomic") ||
        !base_json_string(definition, "agg", NULL) || !table) {
        base_fail(error, BASE_E_METRIC_UNSUPPORTED, "metric `%s` is not atomic", metric->full_name);
        base_error_hint(error, "give the report or tile a `query`");
        return NULL;
    }
    g_autoptr(json_t) by = report_texts(shown, "by");
    GString *sql = g_string_new("SELECT ");
    size_t i;
    json_t *name;
    json_array_foreach (by, i, name) {
        engine_sql_append_name(sql, json_string_value(name));
        g_string_append(sql, ", ");
    }
    append_aggregate(sql, definition);
    g_string_append(sql, " AS ");
    engine_sql_append_name(sql, metric->name);
    g_string_append(sql, " FROM ");
    engine_sql_append_table(sql, table->domain, table->name);
    append_where(sql, base_json_string(definition, "where", NULL), base_json_string(shown, "where", NULL));
    g_string_append(sql, json_array_size(by) ? " GROUP BY ALL" : "");
    append_order(sql, shown, json_array_size(by) ? "ALL" : NULL);
    return g_string_free(sql, FALSE);
}
