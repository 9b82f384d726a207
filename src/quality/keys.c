/* Checks that need a query of their own: rows against each other, against another table, against what was
 * declared, or whatever the user asks. */
#include "quality/quality_int.h"

#include <float.h>

/* ---- unique ---------------------------------------------------------------------------------------------
 */

/* True when the columns of the check hold the model's whole key: then rows outside the new ones cannot clash,
 * since a run takes out what has the same key. */
static bool holds_key(const QualityRun *run, GPtrArray *columns)
{
    const CatalogModelInfo *info = run->rows->model->model;
    const char *const *key = info ? info->key : NULL;
    if (!key || !key[0]) {
        return false;
    }
    for (size_t i = 0; key[i]; i++) {
        g_autofree char *name = quality_quote(key[i]);
        if (!g_ptr_array_find_with_equal_func(columns, name, g_str_equal, NULL)) {
            return false;
        }
    }
    return true;
}

bool quality_unique_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    const char *from = holds_key(run, check->columns) ? run->rows->rows_sql : run->rows->whole_sql;
    g_autofree char *list = quality_join(check->columns, "", ", ");
    g_autofree char *present = quality_join(check->columns, " IS NOT NULL", " AND ");
    check->failing_sql = g_strdup_printf("SELECT %s, count(*) AS times FROM %s AS t WHERE %s AND (%s) GROUP "
                                         "BY %s HAVING count(*) > 1 ORDER BY times DESC",
                                         list, from, present, quality_where(check), list);
    g_autofree char *sql =
        g_strdup_printf("SELECT CAST(coalesce(sum(n - 1), 0) AS BIGINT) AS failed, CAST(coalesce(sum(n), 0) "
                        "AS BIGINT) AS checked FROM "
                        "(SELECT count(*) AS n FROM %s AS t WHERE %s AND (%s) GROUP BY %s) AS groups",
                        from, present, quality_where(check), list);
    g_autoptr(json_t) rows = engine_query_json(run->conn, sql, NULL, 0, 1, error);
    if (!rows) {
        return false;
    }
    const json_t *row = json_array_get(rows, 0);
    quality_judge_rows(check, base_json_int(row, "failed", 0), base_json_int(row, "checked", 0));
    return true;
}

/* ---- relationship ---------------------------------------------------------------------------------------
 */

const CatalogObject *quality_partner(CatalogSnapshot *snapshot, const CatalogObject *model, const char *to,
                                     GError **error)
{
    g_auto(GStrv) parts = g_strsplit(to, ".", 2);
    bool ambiguous = false;
    const CatalogObject *object = parts[0] && parts[1]
                                      ? catalog_resolve_table(snapshot, parts[0], parts[1], NULL, &ambiguous)
                                      : catalog_resolve_table(snapshot, NULL, to, model->domain, &ambiguous);
    if (!object) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "a check names `%s`, which %s", to,
                  ambiguous ? "is more than one table" : "is no table");
    }
    return object;
}

char *quality_relationship_condition(CatalogSnapshot *snapshot, const CatalogObject *model,
                                     const json_t *check, GError **error)
{
    const CatalogObject *object = quality_partner(snapshot, model, base_json_string(check, "to", ""), error);
    if (!object) {
        return NULL;
    }
    const char *name = base_json_string(check, "column", "");
    g_autofree char *other = engine_sql_table(object->domain, object->name);
    g_autofree char *column = quality_quote(name);
    g_autofree char *field = quality_quote(base_json_string(check, "field", name));
    return g_strdup_printf("new_rows.%s IS NOT NULL AND (%s) AND NOT EXISTS (SELECT 1 FROM %s AS other WHERE "
                           "other.%s = new_rows.%s)",
                           column, base_json_string(check, "where", "TRUE"), other, field, column);
}

/* Key of the model and columns of the check, each once. */
static char *kept_columns(const QualityRun *run, const QualityCheck *check)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < check->columns->len; i++) {
        g_ptr_array_add(columns, g_strdup(check->columns->pdata[i]));
    }
    const CatalogModelInfo *info = run->rows->model->model;
    for (size_t i = 0; info && info->key && info->key[i]; i++) {
        g_autofree char *name = quality_quote(info->key[i]);
        if (!g_ptr_array_find_with_equal_func(columns, name, g_str_equal, NULL)) {
            g_ptr_array_add(columns, g_steal_pointer(&name));
        }
    }
    return quality_join(columns, "", ", ");
}

bool quality_relationship_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    const char *to = base_json_string(check->definition, "to", "");
    g_autofree char *missing =
        quality_relationship_condition(run->rows->snapshot, run->rows->model, check->definition, error);
    if (!missing) {
        return false;
    }
    g_autofree char *columns = kept_columns(run, check);
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM %s AS new_rows WHERE %s", run->rows->rows_sql, missing);
    g_autofree char *all = g_strdup_printf("SELECT count(*) FROM %s AS new_rows WHERE %s",
                                           run->rows->rows_sql, quality_where(check));
    int64_t n = 0, n_checked = 0;
    if (!engine_query_int(run->conn, sql, &n, error) ||
        !engine_query_int(run->conn, all, &n_checked, error)) {
        base_error_hint(
            error, "the check `relationship` needs `%s`: weir run %s makes it, if it is not there", to, to);
        return false;
    }
    check->failing_sql = g_strdup_printf("SELECT DISTINCT %s FROM %s AS new_rows WHERE %s", columns,
                                         run->rows->rows_sql, missing);
    quality_judge_rows(check, n, n_checked);
    return true;
}

/* ---- sql ------------------------------------------------------------------------------------------------
 */

typedef struct {
    QualityRun *run;
} Naming;

/* Bare names are looked up as in a model of the domain; the model's own name is `this`. */
static bool name_table(json_t *node, void *user, GError **error)
{
    const QualityRows *rows = ((Naming *)user)->run->rows;
    const char *schema = base_json_string(node, "schema_name", NULL);
    const char *name = base_json_string(node, "table_name", NULL);
    if (!name || !g_str_equal(base_json_string(node, "type", ""), "BASE_TABLE") ||
        (!schema && g_ascii_strcasecmp(name, "this") == 0)) {
        return true;
    }
    bool ambiguous = false;
    const CatalogObject *object =
        catalog_resolve_table(rows->snapshot, schema, name, rows->model->domain, &ambiguous);
    if (!object) {
        return base_fail(error, BASE_E_TABLE_UNKNOWN, "the check reads `%s`, which %s", name,
                         ambiguous ? "is more than one table" : "is no table");
    }
    if (object == rows->model || g_str_equal(object->id, rows->model->id)) {
        json_object_del(node, "schema_name");
        base_json_set_string(node, "table_name", "this");
    } else {
        base_json_set_string(node, "schema_name", object->domain);
        base_json_set_string(node, "table_name", object->name);
    }
    return true;
}

/* A bar may be a share, which is one of the table's rows. */
bool quality_sql_prepare(QualityRun *run, QualityCheck *check, GError **error)
{
    (void)error;
    if (json_object_get(check->definition, "warn") || json_object_get(check->definition, "error")) {
        quality_add_slot(check, run->whole, g_strdup("count(*)"));
    }
    return true;
}

bool quality_sql_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    const char *text = base_json_string(check->definition, "sql", "");
    g_autoptr(json_t) tree = engine_sql_parse(run->conn, text, error);
    Naming naming = {run};
    if (!tree || !engine_sql_visit_tables(tree, name_table, &naming, error)) {
        return false;
    }
    g_autofree char *sql = engine_sql_print(run->conn, tree, error);
    if (!sql) {
        return false;
    }
    check->failing_sql = g_strdup_printf(
        "WITH this AS NOT MATERIALIZED (SELECT * FROM %s AS t) SELECT * FROM (%s) AS wrong WHERE %s",
        run->rows->whole_sql, sql, quality_where(check));
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM (%s) AS wrong", check->failing_sql);
    int64_t n = 0;
    if (!engine_query_int(run->conn, count, &n, error)) {
        return false;
    }
    quality_judge_rows(check, n, check->n_slots > 0 ? (gint64)quality_slot(check, 0) : -1);
    return true;
}

/* ---- equal ----------------------------------------------------------------------------------------------
 */

static char *equal_figure(const char *of, const char *column)
{
    if (g_str_equal(of, "row_count")) {
        return g_strdup("count(*)");
    }
    return g_str_equal(of, "distinct_count") ? g_strdup_printf("count(DISTINCT %s)", column)
           : g_str_equal(of, "mean")         ? g_strdup_printf("avg(%s)", column)
                                             : g_strdup_printf("%s(%s)", of, column);
}

static char *all_columns(const QualityCheck *check)
{
    return check->columns->len ? quality_join(check->columns, "", ", ") : g_strdup("*");
}

/* Rows that only one of the two has, as often as they stand there. */
static bool judge_equal_rows(QualityRun *run, QualityCheck *check, const char *other, GError **error)
{
    g_autofree char *columns = all_columns(check);
    const char *where = quality_where(check);
    g_autofree char *here =
        g_strdup_printf("SELECT %s FROM %s AS t WHERE %s", columns, run->rows->whole_sql, where);
    g_autofree char *there = g_strdup_printf("SELECT %s FROM %s AS t WHERE %s", columns, other, where);
    check->failing_sql = g_strdup_printf("SELECT 'only here' AS side, * FROM (%s EXCEPT ALL %s) AS a UNION "
                                         "ALL SELECT 'only there', * FROM (%s EXCEPT ALL %s) AS b",
                                         here, there, there, here);
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM (%s) AS different", check->failing_sql);
    g_autofree char *all = g_strdup_printf("SELECT count(*) FROM (%s) AS here", here);
    int64_t n = 0, n_checked = 0;
    if (!engine_query_int(run->conn, count, &n, error) ||
        !engine_query_int(run->conn, all, &n_checked, error)) {
        return false;
    }
    quality_judge_rows(check, n, n_checked);
    return true;
}

/* "0.1%" of the other's figure, or an amount. */
static double allowed_difference(const QualityCheck *check, double other)
{
    const json_t *tolerance = json_object_get(check->definition, "tolerance");
    const char *text = json_string_value(tolerance);
    double share = 0;
    if (text && catalog_check_share(text, &share)) {
        return strchr(text, '%') ? share * fabs(other) : share;
    }
    return json_is_number(tolerance) ? json_number_value(tolerance) : 0;
}

static bool judge_equal_figure(QualityRun *run, QualityCheck *check, const char *of, const char *other,
                               GError **error)
{
    const char *column = base_json_string(check->definition, "column", NULL);
    const char *field = base_json_string(check->definition, "field", column);
    if (!column && !g_str_equal(of, "row_count")) {
        return base_fail(error, BASE_E_KEY_MISSING, "the check `equal` of `%s` has no column", of);
    }
    g_autofree char *here_column = quality_quote(column ? column : "");
    g_autofree char *there_column = quality_quote(field ? field : "");
    g_autofree char *here = equal_figure(of, here_column);
    g_autofree char *there = equal_figure(of, there_column);
    g_autofree char *sql =
        g_strdup_printf("SELECT (SELECT CAST(%s AS DOUBLE) FROM %s AS t WHERE %s) AS here, (SELECT CAST(%s "
                        "AS DOUBLE) FROM %s AS t WHERE %s) AS there",
                        here, run->rows->whole_sql, quality_where(check), there, other, quality_where(check));
    g_autoptr(json_t) rows = engine_query_json(run->conn, sql, NULL, 0, 1, error);
    if (!rows) {
        return false;
    }
    const json_t *row = json_array_get(rows, 0);
    check->value = base_json_real(row, "here", NAN);
    check->baseline = base_json_real(row, "there", NAN);
    check->percent = quality_percent(check->value, check->baseline);
    bool both_none = isnan(check->value) && isnan(check->baseline);
    double difference = fabs(check->value - check->baseline);
    double allowed = allowed_difference(check, check->baseline);
    if (allowed > 0) { /* 1.1 and 1.0 are further apart than 0.1, as doubles */
        allowed += (fabs(check->value) + fabs(check->baseline)) * 4 * DBL_EPSILON;
    }
    if (!both_none && !(difference <= allowed)) {
        check->level = quality_severity(check);
        g_autofree char *a = quality_number(check->value);
        g_autofree char *b = quality_number(check->baseline);
        quality_say(check, "%s is %s here and %s in `%s`", of, a, b,
                    base_json_string(check->definition, "to", ""));
    }
    return true;
}

bool quality_equal_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    const char *of = base_json_string(check->definition, "of", "row_count");
    const CatalogObject *object = quality_partner(run->rows->snapshot, run->rows->model,
                                                  base_json_string(check->definition, "to", ""), error);
    if (!object) {
        return false;
    }
    g_autofree char *other = engine_sql_table(object->domain, object->name);
    return g_str_equal(of, "rows") ? judge_equal_rows(run, check, other, error)
                                   : judge_equal_figure(run, check, of, other, error);
}

/* ---- schema ---------------------------------------------------------------------------------------------
 */

/* The columns that were declared: of a table its own, of a model those of `columns:`. */
static json_t *declared_columns(const CatalogObject *model, GError **error)
{
    json_t *declared = json_array();
    size_t i;
    json_t *column;
    json_array_foreach (json_object_get(model->definition, "columns"), i, column) {
        const char *type = base_json_string(column, "type", NULL);
        g_autofree char *own = type ? catalog_ddl_type(type, error) : NULL;
        if (type && !own) {
            json_decref(declared);
            return NULL;
        }
        json_t *item = json_object();
        base_json_set_string(item, "name", base_json_string(column, "name", ""));
        base_json_set_string(item, "type", own);
        json_array_append_new(declared, item);
    }
    return declared;
}

static const json_t *find_column(const json_t *list, const char *key, const char *name, size_t *ret_at)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        if (g_ascii_strcasecmp(base_json_string(item, key, ""), name) == 0) {
            *ret_at = i;
            return item;
        }
    }
    return NULL;
}

static gint64 compare_columns(const json_t *declared, const json_t *actual, bool extra_fails, bool ordered,
                              GString *out)
{
    gint64 n = 0;
    size_t i, at = 0, last = 0;
    json_t *item;
    json_array_foreach (declared, i, item) {
        const char *name = base_json_string(item, "name", "");
        const char *type = base_json_string(item, "type", NULL);
        const json_t *found = find_column(actual, "column_name", name, &at);
        const char *is = base_json_string(found, "column_type", "");
        if (!found) {
            g_string_append_printf(out, "%s`%s` is missing", n++ ? "; " : "", name);
        } else if (type && g_ascii_strcasecmp(type, is) != 0) {
            g_string_append_printf(out, "%s`%s` is %s, declared %s", n++ ? "; " : "", name, is, type);
        } else if (ordered && i > 0 && at < last) {
            g_string_append_printf(out, "%s`%s` stands before its place", n++ ? "; " : "", name);
        }
        last = found ? at : last;
    }
    json_array_foreach (actual, i, item) {
        const char *name = base_json_string(item, "column_name", "");
        if (extra_fails && !find_column(declared, "name", name, &at)) {
            g_string_append_printf(out, "%s`%s` is not declared", n++ ? "; " : "", name);
        }
    }
    return n;
}

bool quality_schema_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    g_autoptr(json_t) declared = declared_columns(run->rows->model, error);
    g_autofree char *sql = g_strdup_printf(
        "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM %s AS t)", run->rows->rows_sql);
    g_autoptr(json_t) actual = declared ? engine_query_json(run->conn, sql, NULL, 0, 100000, error) : NULL;
    if (!actual) {
        return false;
    }
    g_autoptr(GString) differences = g_string_new(NULL);
    bool extra_fails = g_str_equal(base_json_string(check->definition, "extra", "allow"), "fail");
    check->n_failed = compare_columns(declared, actual, extra_fails,
                                      base_json_bool(check->definition, "order", false), differences);
    check->n_checked = (gint64)json_array_size(declared);
    if (check->n_failed) {
        check->level = quality_severity(check);
        quality_say(check, "%s", differences->str);
    }
    return true;
}
