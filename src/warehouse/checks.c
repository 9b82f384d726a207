/* Checks as SQL. Row checks (not_null, accepted_values, between) of a model are one scan with a filtered
 * count each; unique, relationship and row_count are a query each. Of rows that fail, the count is exact and
 * a few are kept: only the checked columns and the model's key, so that a record of runs does not become a
 * copy of personal data.
 *
 * NULL fails not_null only: a missing value is neither outside a set nor without its partner. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

typedef struct {
    EngineConn *conn;
    const WarehouseCheckRows *rows;
    json_t *checks; /* array of results */
    char *failed;   /* first blocking failure */
} Checker;

static char *quote(const char *name)
{
    g_autoptr(GString) text = g_string_new(NULL);
    engine_sql_append_name(text, name);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Columns of a check, quoted; never empty for checks that have columns. */
static GPtrArray *check_columns(const json_t *check)
{
    GPtrArray *columns = g_ptr_array_new_with_free_func(g_free);
    const char *one = base_json_string(check, "column", NULL);
    if (one) {
        g_ptr_array_add(columns, quote(one));
    }
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(check, "columns"), i, item) {
        if (json_is_string(item)) {
            g_ptr_array_add(columns, quote(json_string_value(item)));
        }
    }
    return columns;
}

static char *join(const GPtrArray *parts, const char *suffix, const char *separator)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < parts->len; i++) {
        g_string_append_printf(text, "%s%s%s", i ? separator : "", (const char *)parts->pdata[i], suffix);
    }
    return g_string_free(text, FALSE);
}

static void append_literal(GString *out, const json_t *value)
{
    if (json_is_string(value)) {
        engine_sql_append_text(out, json_string_value(value));
        return;
    }
    g_autofree char *text = base_json_text(value);
    if (json_is_boolean(value)) {
        engine_sql_append_text(out, text);
    } else {
        g_string_append(out, text);
    }
}

static bool all_numbers(const json_t *values)
{
    size_t i;
    json_t *value;
    json_array_foreach (values, i, value) {
        if (!json_is_number(value)) {
            return false;
        }
    }
    return true;
}

static void append_accepted(GString *out, const char *column, const json_t *values)
{
    /* 1 and 1.0 are one value as numbers; everything else is compared as it is shown. */
    bool numbers = all_numbers(values);
    g_string_append_printf(
        out, numbers ? "%s IS NOT NULL AND %s NOT IN (" : "%s IS NOT NULL AND CAST(%s AS VARCHAR) NOT IN (",
        column, column);
    size_t i;
    json_t *value;
    json_array_foreach (values, i, value) {
        g_string_append(out, i ? ", " : "");
        if (json_is_number(value) && !numbers) {
            g_autofree char *text = base_json_text(value);
            engine_sql_append_text(out, text);
        } else {
            append_literal(out, value);
        }
    }
    g_string_append_c(out, ')');
}

static void append_between(GString *out, const char *column, const json_t *low, const json_t *high)
{
    g_string_append_printf(out, "%s IS NOT NULL AND (FALSE", column);
    if (low && !json_is_null(low)) {
        g_string_append_printf(out, " OR %s < ", column);
        append_literal(out, low);
    }
    if (high && !json_is_null(high)) {
        g_string_append_printf(out, " OR %s > ", column);
        append_literal(out, high);
    }
    g_string_append_c(out, ')');
}

/* The condition that a failing row meets; NULL for checks that are not about one row. Caller frees. */
static char *row_condition(const json_t *check)
{
    const char *type = base_json_string(check, "type", "");
    g_autoptr(GPtrArray) columns = check_columns(check);
    g_autoptr(GString) out = g_string_new("(");
    if (g_str_equal(type, "not_null")) {
        g_autofree char *nulls = join(columns, " IS NULL", " OR ");
        g_string_append(out, nulls);
    } else if (g_str_equal(type, "accepted_values")) {
        append_accepted(out, columns->pdata[0], json_object_get(check, "values"));
    } else if (g_str_equal(type, "between")) {
        append_between(out, columns->pdata[0], json_object_get(check, "low"), json_object_get(check, "high"));
    } else {
        return NULL;
    }
    g_string_append_c(out, ')');
    const char *where = base_json_string(check, "where", NULL);
    if (where) {
        g_string_append_printf(out, " AND (%s)", where);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *check_name(const json_t *check)
{
    const char *name = base_json_string(check, "name", NULL);
    if (name) {
        return g_strdup(name);
    }
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    const char *one = base_json_string(check, "column", NULL);
    if (one) {
        g_ptr_array_add(columns, (gpointer)(guintptr)one);
    }
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(check, "columns"), i, item) {
        g_ptr_array_add(columns, (gpointer)(guintptr)json_string_value(item));
    }
    g_autofree char *list = join(columns, "", ", ");
    return g_strdup_printf("%s%s%s%s", base_json_string(check, "type", ""), *list ? "(" : "", list,
                           *list ? ")" : "");
}

/* Notes the outcome; `sample` is taken. `what` = a sentence that names values, NULL = "n rows". */
static void note(Checker *checker, const json_t *check, gint64 n_failed, json_t *sample, const char *what)
{
    bool warn = g_str_equal(base_json_string(check, "severity", "error"), "warn");
    g_autofree char *name = check_name(check);
    json_t *result = json_object();
    base_json_set_string(result, "name", name);
    base_json_set_string(result, "type", base_json_string(check, "type", ""));
    if (base_json_string(check, "column", NULL)) {
        base_json_set_string(result, "column", base_json_string(check, "column", NULL));
    }
    base_json_set_string(result, "severity", warn ? "warn" : "error");
    base_json_set_string(result, "state", n_failed == 0 ? "ok" : warn ? "warn" : "failed");
    base_json_set_int(result, "rows", n_failed);
    if (what && n_failed) {
        base_json_set_string(result, "message", what);
    }
    if (sample) {
        json_object_set_new(result, "sample", sample);
    }
    json_array_append_new(checker->checks, result);
    if (n_failed && !warn && !checker->failed) {
        g_autofree char *count = base_text_from_count(n_failed);
        checker->failed = what ? g_strdup_printf("check %s: %s", name, what)
                               : g_strdup_printf("check %s: %s %s it", name, count,
                                                 n_failed == 1 ? "row fails" : "rows fail");
    }
}

/* A few rows of `sql`; NULL when they cannot be had or are too much text (the check's outcome stands
 * without). */
static json_t *sample(Checker *checker, const char *sql)
{
    g_autoptr(GError) error = NULL;
    json_t *rows = engine_query_json(checker->conn, sql, NULL, 0, WAREHOUSE_SAMPLE_ROWS, &error);
    if (!rows) {
        return NULL;
    }
    g_autofree char *text = base_json_text(rows);
    if (strlen(text) > WAREHOUSE_SAMPLE_TEXT_BYTES) {
        json_decref(rows);
        return NULL;
    }
    return rows;
}

/* Key of the model and columns of the check, each once. */
static char *sample_columns(Checker *checker, const json_t *check)
{
    g_autoptr(GPtrArray) columns = check_columns(check);
    const char *const *key = checker->rows->model->model->key;
    for (size_t i = 0; key && key[i]; i++) {
        g_autofree char *name = quote(key[i]);
        if (!g_ptr_array_find_with_equal_func(columns, name, g_str_equal, NULL)) {
            g_ptr_array_add(columns, g_steal_pointer(&name));
        }
    }
    return join(columns, "", ", ");
}

static bool run_row_checks(Checker *checker, const json_t *checks, GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT ");
    g_autoptr(GPtrArray) conditions = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) which = g_ptr_array_new();
    size_t i;
    json_t *check;
    json_array_foreach (checks, i, check) {
        char *condition = row_condition(check);
        if (condition) {
            g_string_append_printf(sql, "%scount(*) FILTER (WHERE %s) AS c%u", conditions->len ? ", " : "",
                                   condition, conditions->len);
            g_ptr_array_add(conditions, condition);
            g_ptr_array_add(which, check);
        }
    }
    if (conditions->len == 0) {
        return true;
    }
    g_string_append_printf(sql, " FROM %s", checker->rows->rows_sql);
    g_autoptr(json_t) counts = engine_query_json(checker->conn, sql->str, NULL, 0, 1, error);
    if (!counts) {
        return false;
    }
    for (guint k = 0; k < conditions->len; k++) {
        g_autofree char *name = g_strdup_printf("c%u", k);
        gint64 n = base_json_int(json_array_get(counts, 0), name, 0);
        json_t *rows = NULL;
        if (n) {
            g_autofree char *columns = sample_columns(checker, which->pdata[k]);
            g_autofree char *query =
                g_strdup_printf("SELECT %s FROM %s WHERE %s LIMIT %d", columns, checker->rows->rows_sql,
                                (const char *)conditions->pdata[k], WAREHOUSE_SAMPLE_ROWS);
            rows = sample(checker, query);
        }
        note(checker, which->pdata[k], n, rows, NULL);
    }
    return true;
}

/* True when the columns of the check hold the model's whole key: then rows outside the new ones cannot clash,
 * since a run takes out what has the same key. */
static bool holds_key(Checker *checker, GPtrArray *columns)
{
    const char *const *key = checker->rows->model->model->key;
    if (!key || !key[0]) {
        return false;
    }
    for (size_t i = 0; key[i]; i++) {
        g_autofree char *name = quote(key[i]);
        if (!g_ptr_array_find_with_equal_func(columns, name, g_str_equal, NULL)) {
            return false;
        }
    }
    return true;
}

static bool run_unique(Checker *checker, const json_t *check, GError **error)
{
    g_autoptr(GPtrArray) columns = check_columns(check);
    const char *from = holds_key(checker, columns) ? checker->rows->rows_sql : checker->rows->whole_sql;
    g_autofree char *list = join(columns, "", ", ");
    g_autofree char *present = join(columns, " IS NOT NULL", " AND ");
    const char *where = base_json_string(check, "where", "TRUE");
    g_autofree char *groups = g_strdup_printf(
        "SELECT %s, count(*) AS times FROM %s WHERE %s AND (%s) GROUP BY %s HAVING count(*) > 1", list, from,
        present, where, list);
    g_autofree char *count =
        g_strdup_printf("SELECT CAST(coalesce(sum(times - 1), 0) AS BIGINT) FROM (%s) repeated", groups);
    int64_t n = 0;
    if (!engine_query_int(checker->conn, count, &n, error)) {
        return false;
    }
    json_t *rows = NULL;
    if (n) {
        g_autofree char *query =
            g_strdup_printf("%s ORDER BY times DESC LIMIT %d", groups, WAREHOUSE_SAMPLE_ROWS);
        rows = sample(checker, query);
    }
    note(checker, check, n, rows, NULL);
    return true;
}

const CatalogObject *warehouse_check_partner(CatalogSnapshot *snapshot, const CatalogObject *model,
                                             const char *to, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(to, ".", 2);
    bool ambiguous = false;
    const CatalogObject *object = parts[0] && parts[1]
                                      ? catalog_resolve_table(snapshot, parts[0], parts[1], NULL, &ambiguous)
                                      : catalog_resolve_table(snapshot, NULL, to, model->domain, &ambiguous);
    if (!object) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "the check `relationship` names `%s`, which %s", to,
                  ambiguous ? "is more than one table" : "is no table");
    }
    return object;
}

/* Quoted name of the table that a relationship points to. */
static char *partner(Checker *checker, const char *to, GError **error)
{
    const CatalogObject *object =
        warehouse_check_partner(checker->rows->snapshot, checker->rows->model, to, error);
    return object ? warehouse_name(object->domain, object->name) : NULL;
}

static bool run_relationship(Checker *checker, const json_t *check, GError **error)
{
    g_autofree char *other = partner(checker, base_json_string(check, "to", ""), error);
    if (!other) {
        return false;
    }
    const char *name = base_json_string(check, "column", "");
    g_autofree char *column = quote(name);
    g_autofree char *field = quote(base_json_string(check, "field", name));
    const char *where = base_json_string(check, "where", "TRUE");
    g_autofree char *missing =
        g_strdup_printf("FROM %s AS new_rows WHERE %s IS NOT NULL AND (%s) AND NOT EXISTS (SELECT 1 FROM %s "
                        "AS other WHERE other.%s = new_rows.%s)",
                        checker->rows->rows_sql, column, where, other, field, column);
    g_autofree char *count = g_strdup_printf("SELECT count(*) %s", missing);
    int64_t n = 0;
    if (!engine_query_int(checker->conn, count, &n, error)) {
        base_error_hint(error,
                        "the check `relationship` needs `%s`: weir run %s makes it, if it is not there",
                        base_json_string(check, "to", ""), base_json_string(check, "to", ""));
        return false;
    }
    json_t *rows = NULL;
    if (n) {
        g_autofree char *columns = sample_columns(checker, check);
        g_autofree char *query =
            g_strdup_printf("SELECT DISTINCT %s %s LIMIT %d", columns, missing, WAREHOUSE_SAMPLE_ROWS);
        rows = sample(checker, query);
    }
    note(checker, check, n, rows, NULL);
    return true;
}

/* What row_count's `change` compares: *ret_now rows with *ret_before; before < 0 = nothing to compare with.
 *   no `over`             the table as it will be, with the table as it is
 *   over, incremental     rows of the last `over`, with those of the `over` before
 *   over, full            the table as it will be, with the run that was newest `over` ago, or else the
 * oldest */
static bool change_counts(Checker *checker, const char *over, gint64 n_whole, gint64 *ret_now,
                          gint64 *ret_before, GError **error)
{
    const WarehouseCheckRows *rows = checker->rows;
    *ret_now = n_whole;
    *ret_before = -1;
    gint64 over_us = 0;
    g_autofree char *sql = NULL;
    if (!over) {
        if (!rows->old_sql) {
            return true;
        }
        sql = g_strdup_printf("SELECT count(*) FROM %s", rows->old_sql);
        return engine_query_int(checker->conn, sql, ret_before, error);
    }
    if (!base_text_to_duration(over, &over_us)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`over: %s` is no duration", over);
    }
    if (rows->model->model->time) {
        g_autofree char *time = quote(rows->model->model->time);
        g_autofree char *end = warehouse_interval_literal(rows->end_us, rows->time_type, rows->zone);
        g_autofree char *middle =
            warehouse_interval_literal(rows->end_us - over_us, rows->time_type, rows->zone);
        g_autofree char *start =
            warehouse_interval_literal(rows->end_us - 2 * over_us, rows->time_type, rows->zone);
        g_autofree char *now = g_strdup_printf("SELECT count(*) FROM %s AS w WHERE %s >= %s AND %s < %s",
                                               rows->whole_sql, time, middle, time, end);
        sql = g_strdup_printf(
            "SELECT CASE WHEN count(*) = 0 THEN -1 ELSE count(*) END FROM %s AS w WHERE %s >= %s AND %s < %s",
            rows->whole_sql, time, start, time, middle);
        return engine_query_int(checker->conn, now, ret_now, error) &&
               engine_query_int(checker->conn, sql, ret_before, error);
    }
    GString *text = g_string_new("SELECT coalesce(arg_max(n_rows, started_us) FILTER (WHERE started_us <= ");
    g_string_append_printf(text, "%" G_GINT64_FORMAT, base_time_now_us() - over_us);
    g_string_append(text,
                    "), arg_min(n_rows, started_us), -1) FROM _weir.runs WHERE state = 'done' AND model = ");
    engine_sql_append_text(text, rows->model->id);
    sql = g_string_free(text, FALSE);
    return engine_query_int(checker->conn, sql, ret_before, error);
}

static bool parse_share(const char *text, double *ret)
{
    g_autofree char *number = g_strdup(text);
    g_strstrip(number);
    size_t len = strlen(number);
    bool percent = len > 0 && number[len - 1] == '%';
    if (percent) {
        number[len - 1] = '\0';
    }
    if (!base_text_to_real(g_strchomp(number), ret) || !isfinite(*ret) || *ret < 0) {
        return false;
    }
    *ret = percent ? *ret / 100 : *ret;
    return true;
}

static bool run_row_count(Checker *checker, const json_t *check, GError **error)
{
    const char *where = base_json_string(check, "where", "TRUE");
    g_autofree char *count =
        g_strdup_printf("SELECT count(*) FROM %s AS w WHERE %s", checker->rows->whole_sql, where);
    int64_t n = 0;
    if (!engine_query_int(checker->conn, count, &n, error)) {
        return false;
    }
    gint64 min = base_json_int(check, "min", 0);
    gint64 max = base_json_int(check, "max", G_MAXINT64);
    if (n < min || n > max) {
        g_autofree char *what =
            n < min
                ? g_strdup_printf("%" G_GINT64_FORMAT " rows, at least %" G_GINT64_FORMAT " wanted", n, min)
                : g_strdup_printf("%" G_GINT64_FORMAT " rows, at most %" G_GINT64_FORMAT " wanted", n, max);
        note(checker, check, n < min ? min - n : n - max, NULL, what);
        return true;
    }
    const char *change = base_json_string(check, "change", NULL);
    gint64 now = n, before = -1;
    double share = 0;
    if (change && !parse_share(change, &share)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`change: %s` is no share such as 50%%", change);
    }
    if (change && !change_counts(checker, base_json_string(check, "over", NULL), n, &now, &before, error)) {
        return false;
    }
    gint64 difference = now > before ? now - before : before - now;
    if (before > 0 && (double)difference > share * (double)before) {
        g_autofree char *what =
            g_strdup_printf("%" G_GINT64_FORMAT " rows after %" G_GINT64_FORMAT ", a change of more than %s",
                            now, before, change);
        note(checker, check, difference, NULL, what);
        return true;
    }
    note(checker, check, 0, NULL, NULL);
    return true;
}

static bool run_one(Checker *checker, const json_t *check, GError **error)
{
    const char *type = base_json_string(check, "type", "");
    if (g_str_equal(type, "unique")) {
        return run_unique(checker, check, error);
    }
    if (g_str_equal(type, "relationship")) {
        return run_relationship(checker, check, error);
    }
    if (g_str_equal(type, "row_count")) {
        return run_row_count(checker, check, error);
    }
    return true; /* a row check: done in one scan */
}

bool warehouse_checks_run(EngineConn *conn, const WarehouseCheckRows *rows, json_t **ret_checks,
                          char **ret_failed, GError **error)
{
    g_autoptr(json_t) results = json_array();
    Checker checker = {.conn = conn, .rows = rows, .checks = results};
    const json_t *checks = json_object_get(rows->model->definition, "checks");
    bool ok = run_row_checks(&checker, checks, error);
    size_t i;
    json_t *check;
    json_array_foreach (checks, i, check) {
        ok = ok && run_one(&checker, check, error);
    }
    g_autofree char *failed = checker.failed;
    if (!ok) {
        return false;
    }
    *ret_checks = g_steal_pointer(&results);
    *ret_failed = g_steal_pointer(&failed);
    return true;
}
