/* The shape of a column's values against the shape it had: psi and chi2. Numbers are cut at the quantiles of
 * the baseline, everything else by value; what a run found is kept as the check's detail for the next:
 *   {"edges": [e1 .. ek-1], "counts": [n1 .. nk]}   or   {"values": {"a": 10, ...}} */
#include <string.h>

#include "quality/quality_int.h"

#define DEFAULT_BINS 10
#define MAX_BINS     100
#define MAX_VALUES   1000 /* different ones of a column that is no number; the rarest are left out */

static bool is_number(QualityRun *run, const char *column, bool *ret, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT %s FROM %s AS t LIMIT 0", column, run->rows->rows_sql);
    g_autoptr(EngineStmt) stmt = engine_prepare(run->conn, sql, error);
    if (!stmt) {
        return false;
    }
    EngineTypeId id = engine_stmt_column_type(stmt, 0).id;
    *ret = (id >= ENGINE_INT8 && id <= ENGINE_DECIMAL);
    return true;
}

/* The one row of `sql`. */
static json_t *query_row(QualityRun *run, const char *sql, GError **error)
{
    g_autoptr(json_t) rows = engine_query_json(run->conn, sql, NULL, 0, 1, error);
    return rows ? json_incref(json_array_get(rows, 0)) : NULL;
}

static json_t *find_edges(QualityRun *run, const QualityCheck *check, const char *column, GError **error)
{
    gint64 bins = CLAMP(base_json_int(check->definition, "bins", DEFAULT_BINS), 2, MAX_BINS);
    g_autoptr(GString) sql = g_string_new("SELECT list_distinct(quantile_cont(CAST(");
    g_string_append_printf(sql, "%s AS DOUBLE), [", column);
    for (gint64 i = 1; i < bins; i++) {
        g_string_append_printf(sql, "%s%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT ".0", i > 1 ? ", " : "", i,
                               bins);
    }
    g_string_append_printf(sql, "])) AS e FROM %s AS t WHERE %s", run->rows->rows_sql, quality_where(check));
    g_autoptr(json_t) row = query_row(run, sql->str, error);
    json_t *edges = row ? json_object_get(row, "e") : NULL;
    return row ? (json_is_array(edges) ? json_incref(edges) : json_array()) : NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How many values lie up to each edge and above the last. */
static GArray *count_bins(QualityRun *run, const QualityCheck *check, const char *column, GArray *edges,
                          GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT ");
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    for (guint i = 0; i <= edges->len; i++) {
        g_string_append(sql, i ? ", count(*) FILTER (WHERE TRUE" : "count(*) FILTER (WHERE TRUE");
        if (i > 0) {
            g_ascii_dtostr(number, sizeof(number), g_array_index(edges, double, i - 1));
            g_string_append_printf(sql, " AND %s > %s", column, number);
        }
        if (i < edges->len) {
            g_ascii_dtostr(number, sizeof(number), g_array_index(edges, double, i));
            g_string_append_printf(sql, " AND %s <= %s", column, number);
        }
        g_string_append_printf(sql, ") AS c%u", i);
    }
    g_string_append_printf(sql, " FROM %s AS t WHERE %s IS NOT NULL AND (%s)", run->rows->rows_sql, column,
                           quality_where(check));
    g_autoptr(json_t) row = query_row(run, sql->str, error);
    if (!row) {
        return NULL;
    }
    GArray *counts = g_array_new(FALSE, FALSE, sizeof(double));
    for (guint i = 0; i <= edges->len; i++) {
        g_autofree char *key = g_strdup_printf("c%u", i);
        double n = base_json_real(row, key, 0);
        g_array_append_val(counts, n);
    }
    return counts;
}

static GArray *reals(const json_t *list)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(double));
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        double value = json_number_value(item);
        g_array_append_val(out, value);
    }
    return out;
}

static json_t *to_json(const GArray *values)
{
    json_t *list = json_array();
    for (guint i = 0; i < values->len; i++) {
        json_array_append_new(list, json_real(g_array_index(values, double, i)));
    }
    return list;
}

/* Counts of the baseline and of now, bin by bin; empty = there is no baseline. */
static bool numeric_bins(QualityRun *run, QualityCheck *check, const json_t *before, GArray **ret_before,
                         GArray **ret_now, GError **error)
{
    const char *column = check->columns->pdata[0];
    g_autoptr(json_t) found = find_edges(run, check, column, error);
    if (!found) {
        return false;
    }
    g_autoptr(GArray) own = reals(found);
    qsort(own->data, own->len, sizeof(double), by_value);
    g_autoptr(GArray) counts = count_bins(run, check, column, own, error);
    if (!counts) {
        return false;
    }
    g_autoptr(json_t) detail = json_pack("{s:o, s:o}", "edges", to_json(own), "counts", to_json(counts));
    check->detail = base_json_text(detail);
    g_autoptr(GArray) old = reals(json_object_get(before, "edges"));
    *ret_before = reals(json_object_get(before, "counts"));
    *ret_now = (*ret_before)->len ? count_bins(run, check, column, old, error)
                                  : g_array_new(FALSE, FALSE, sizeof(double));
    return *ret_now != NULL;
}

static bool value_bins(QualityRun *run, QualityCheck *check, const json_t *before, GArray **ret_before,
                       GArray **ret_now, GError **error)
{
    const char *column = check->columns->pdata[0];
    g_autofree char *sql =
        g_strdup_printf("SELECT CAST(%s AS VARCHAR) AS v, count(*) AS n FROM %s AS t WHERE %s IS NOT NULL "
                        "AND (%s) GROUP BY 1 ORDER BY n "
                        "DESC, v LIMIT %d",
                        column, run->rows->rows_sql, column, quality_where(check), MAX_VALUES);
    g_autoptr(json_t) rows = engine_query_json(run->conn, sql, NULL, 0, MAX_VALUES, error);
    if (!rows) {
        return false;
    }
    g_autoptr(json_t) now = json_object();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_object_set(now, base_json_string(row, "v", ""), json_object_get(row, "n"));
    }
    g_autoptr(json_t) detail = json_pack("{s:O}", "values", now);
    check->detail = base_json_text(detail);
    json_t *old = json_object_get(before, "values");
    *ret_before = g_array_new(FALSE, FALSE, sizeof(double));
    *ret_now = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(json_t) all = old ? json_deep_copy(old) : json_object();
    json_object_update_missing(all, now);
    const char *key;
    json_t *value;
    json_object_foreach (all, key, value) {
        double b = base_json_real(old, key, 0), n = base_json_real(now, key, 0);
        if (old) {
            g_array_append_val(*ret_before, b);
            g_array_append_val(*ret_now, n);
        }
    }
    return true;
}

static void judge_shape(QualityCheck *check, bool psi)
{
    double warn = quality_bar(check, "warn"), bar = quality_bar(check, "error");
    if (isnan(warn) && isnan(bar)) {
        bar = psi ? 0.25 : 0.01;
    } else {
        check->pair = true;
    }
    check->level =
        psi ? quality_level_above(check->value, warn, bar) : quality_level_above(-check->value, -warn, -bar);
    if (check->level == QUALITY_ERROR && !check->pair) {
        check->level = quality_severity(check);
    }
    if (check->level != QUALITY_PASS) {
        quality_say(check, psi ? "the shape moved: psi %.3g" : "the shape moved: chi2 p %.3g", check->value);
    }
}

bool quality_shape_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    const char *text = NULL;
    bool number = false;
    if (!quality_last_detail(run, check, &text, error) ||
        !is_number(run, check->columns->pdata[0], &number, error)) {
        return false;
    }
    g_autoptr(json_t) before = text ? base_json_parse(text, strlen(text), NULL) : NULL;
    g_autoptr(GArray) old = NULL;
    g_autoptr(GArray) now = NULL;
    if (!(number ? numeric_bins : value_bins)(run, check, before, &old, &now, error)) {
        return false;
    }
    bool psi = g_str_equal(base_json_string(check->definition, "of", ""), "psi");
    const double *a = (const double *)(gpointer)old->data, *b = (const double *)(gpointer)now->data;
    check->value = psi ? quality_psi(a, b, old->len) : quality_chi2(a, b, old->len);
    if (isnan(check->value)) {
        check->level = QUALITY_SKIP;
        quality_say(check, "nothing to compare with yet");
        return true;
    }
    judge_shape(check, psi);
    return true;
}
