/* Checks about single rows: each is a condition that a wrong row meets, and one filtered count of the scan.
 * NULL fails not_null only: a missing value is neither outside a set nor of the wrong form. */
#include "quality/quality_int.h"

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

static void append_text_literal(GString *out, const json_t *value)
{
    if (json_is_string(value)) {
        engine_sql_append_text(out, json_string_value(value));
    } else {
        g_autofree char *text = base_json_text(value);
        engine_sql_append_text(out, text);
    }
}

/* `test` of a number, which a text that is none fails: it must not end the run. */
static void append_number_test(GString *out, const char *column, const char *test)
{
    g_string_append_printf(
        out, "CASE WHEN typeof(%s) = 'VARCHAR' THEN coalesce(TRY_CAST(%s AS DOUBLE) %s, TRUE) ELSE %s %s END",
        column, column, test, column, test);
}

/* 1 and 1.0 are one value as numbers; everything else is compared as it is shown. */
static void append_accepted(GString *out, const char *column, const json_t *values)
{
    bool numbers = all_numbers(values);
    g_autoptr(GString) list = g_string_new("NOT IN (");
    size_t i;
    json_t *value;
    json_array_foreach (values, i, value) {
        g_string_append(list, i ? ", " : "");
        if (numbers) {
            quality_append_literal(list, value);
        } else {
            append_text_literal(list, value);
        }
    }
    g_string_append_c(list, ')');
    g_string_append_printf(out, "%s IS NOT NULL AND ", column);
    if (numbers) {
        append_number_test(out, column, list->str);
    } else {
        g_string_append_printf(out, "CAST(%s AS VARCHAR) %s", column, list->str);
    }
}

static void append_bounds(GString *out, const char *column, const json_t *low, const json_t *high,
                          bool exclusive)
{
    g_string_append_printf(out, "%s IS NOT NULL AND (FALSE", column);
    if (low && !json_is_null(low)) {
        g_string_append_printf(out, " OR %s %s ", column, exclusive ? "<=" : "<");
        quality_append_literal(out, low);
    }
    if (high && !json_is_null(high)) {
        g_string_append_printf(out, " OR %s %s ", column, exclusive ? ">=" : ">");
        quality_append_literal(out, high);
    }
    g_string_append_c(out, ')');
}

static void append_pattern(GString *out, const char *column, const char *pattern, bool not)
{
    g_string_append_printf(out, "%s IS NOT NULL AND %sregexp_matches(CAST(%s AS VARCHAR), ", column,
                           not? "" : "NOT ", column);
    engine_sql_append_text(out, pattern);
    g_string_append_c(out, ')');
}

/* Known forms: a pattern for the whole text, or a cast that works. */
static const struct {
    const char *name, *pattern, *type;
} FORMATS[] = {
    {"email",
     "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
     "(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$",
     NULL},
    {"url", "^(?:https?|ftp)://[^\\s/$.?#][^\\s]*$", NULL},
    {"uuid", "^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", NULL},
    {"ipv4", "^(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)$",
     NULL},
    {"ipv6",
     "^(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|(?:[0-9a-fA-F]{1,4}:){1,7}:|(?:[0-9a-fA-F]{1,4}:){1,6}:[0-"
     "9a-fA-F]{1,4}|"
     "(?:[0-9a-fA-F]{1,4}:){1,5}(?::[0-9a-fA-F]{1,4}){1,2}|(?:[0-9a-fA-F]{1,4}:){1,4}(?::[0-9a-fA-F]{1,4}){1,"
     "3}|"
     "(?:[0-9a-fA-F]{1,4}:){1,3}(?::[0-9a-fA-F]{1,4}){1,4}|(?:[0-9a-fA-F]{1,4}:){1,2}(?::[0-9a-fA-F]{1,4}){1,"
     "5}|"
     "[0-9a-fA-F]{1,4}:(?::[0-9a-fA-F]{1,4}){1,6}|:(?:(?::[0-9a-fA-F]{1,4}){1,7}|:))$",
     NULL},
    {"integer", "^[+-]?\\d+$", NULL},
    {"decimal", "^[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)$", NULL},
    {"phone_cn", "^(?:\\+?86)?1[3-9]\\d{9}$", NULL},
    {"date", "^\\d{4}-\\d{2}-\\d{2}$", "DATE"},
    {"time", "^\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?$", "TIME"},
    {"datetime", "^\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}", "TIMESTAMP"},
};

static void append_format(GString *out, const char *column, const char *name)
{
    if (g_str_equal(name, "json")) {
        g_string_append_printf(out, "%s IS NOT NULL AND NOT json_valid(CAST(%s AS VARCHAR))", column, column);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        if (g_str_equal(FORMATS[i].name, name)) {
            append_pattern(out, column, FORMATS[i].pattern, false);
            if (FORMATS[i].type) {
                g_string_append_printf(out,
                                       " OR (%s IS NOT NULL AND TRY_CAST(CAST(%s AS VARCHAR) AS %s) IS NULL)",
                                       column, column, FORMATS[i].type);
            }
        }
    }
}

static void append_length(GString *out, const char *column, const json_t *check)
{
    g_autofree char *length = g_strdup_printf("length(CAST(%s AS VARCHAR))", column);
    append_bounds(out, length, json_object_get(check, "min"), json_object_get(check, "max"), false);
}

char *quality_row_condition(const json_t *check, const GPtrArray *columns)
{
    const char *type = base_json_string(check, "type", "");
    const char *column = columns->len ? columns->pdata[0] : "";
    g_autoptr(GString) out = g_string_new("(");
    if (g_str_equal(type, "not_null")) {
        g_autofree char *nulls = quality_join(columns, " IS NULL", " OR ");
        g_string_append(out, nulls);
    } else if (g_str_equal(type, "accepted_values")) {
        append_accepted(out, column, json_object_get(check, "values"));
    } else if (g_str_equal(type, "between")) {
        append_bounds(out, column, json_object_get(check, "low"), json_object_get(check, "high"), false);
    } else if (g_str_equal(type, "range")) {
        append_bounds(out, column, json_object_get(check, "min"), json_object_get(check, "max"),
                      base_json_bool(check, "exclusive", false));
    } else if (g_str_equal(type, "regex")) {
        append_pattern(out, column, base_json_string(check, "pattern", ""),
                       base_json_bool(check, "not", false));
    } else if (g_str_equal(type, "format")) {
        append_format(out, column, base_json_string(check, "format", ""));
    } else if (g_str_equal(type, "length")) {
        append_length(out, column, check);
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

/* Which of the accepted values are in some row: a list of booleans, in their order. */
static char *present_values(const json_t *values, const char *column)
{
    g_autoptr(GString) out = g_string_new("[");
    size_t i;
    json_t *value;
    json_array_foreach (values, i, value) {
        g_string_append_printf(out, "%scoalesce(bool_or(CAST(%s AS VARCHAR) = ", i ? ", " : "", column);
        append_text_literal(out, value);
        g_string_append(out, "), FALSE)");
    }
    g_string_append_c(out, ']');
    return g_string_free(g_steal_pointer(&out), FALSE);
}

bool quality_rows_prepare(QualityRun *run, QualityCheck *check, GError **error)
{
    (void)error;
    g_autofree char *filter = quality_filter(check);
    check->condition = quality_row_condition(check->definition, check->columns);
    /* Not FILTER, which slices all columns of the chunk for each aggregate: a third slower in a scan of many.
     */
    quality_add_slot(check, &run->rows_scan,
                     g_strdup_printf("count(CASE WHEN %s THEN 1 END)", check->condition));
    quality_add_slot(check, &run->rows_scan, g_strdup_printf("count(*)%s", filter));
    const char *vanished = base_json_string(check->definition, "vanished", "ignore");
    if (!g_str_equal(vanished, "ignore")) { /* of the whole table: a value may be in older rows */
        g_autofree char *present =
            present_values(json_object_get(check->definition, "values"), check->columns->pdata[0]);
        check->slots[2] = quality_scan_add(run->whole, g_steal_pointer(&present));
        check->n_slots = 3;
    }
    return true;
}

static void set_list(QualityCheck *check, const char *key, json_t *list_taken)
{
    if (!check->extra) {
        check->extra = json_object();
    }
    json_object_set_new(check->extra, key, list_taken);
}

#define NAMED_VALUES 20
/* The values that no one declared, by name. */
static bool name_new_values(QualityRun *run, QualityCheck *check, GError **error)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT DISTINCT CAST(%s AS VARCHAR) AS v FROM %s WHERE %s ORDER BY 1 LIMIT %d",
        (const char *)check->columns->pdata[0], run->rows->rows_sql, check->condition, NAMED_VALUES);
    g_autoptr(json_t) rows = engine_query_json(run->conn, sql, NULL, 0, NAMED_VALUES, error);
    if (!rows) {
        return false;
    }
    json_t *names = json_array();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_array_append(names, json_object_get(row, "v"));
    }
    set_list(check, "new_values", names);
    g_autofree char *list = base_json_text(names);
    quality_say(check, "%" G_GINT64_FORMAT " rows have values that are not accepted: %s", check->n_failed,
                list);
    return true;
}

static void judge_vanished(QualityRun *run, QualityCheck *check)
{
    g_autofree char *slot = g_strdup_printf("c%u", check->slots[2]);
    const json_t *present = json_object_get(run->whole->values, slot);
    const json_t *values = json_object_get(check->definition, "values");
    g_autoptr(json_t) gone = json_array();
    for (size_t i = 0; i < json_array_size(values); i++) {
        if (!json_is_true(json_array_get(present, i))) {
            json_array_append(gone, json_array_get(values, i));
        }
    }
    if (json_array_size(gone) == 0) {
        return;
    }
    set_list(check, "vanished_values", json_incref(gone));
    bool warn = g_str_equal(base_json_string(check->definition, "vanished", ""), "warn");
    g_autofree char *list = base_json_text(gone);
    quality_say(check, "accepted values that no row has any more: %s", list);
    check->level = MAX(check->level, warn ? QUALITY_WARN : QUALITY_ERROR);
    check->pair = true;
}

bool quality_rows_judge(QualityRun *run, QualityCheck *check, GError **error)
{
    quality_judge_rows(check, (gint64)quality_slot(check, 0), (gint64)quality_slot(check, 1));
    bool accepted = g_str_equal(check->type->name, "accepted_values");
    if (accepted && check->n_failed > 0 && !name_new_values(run, check, error)) {
        return false;
    }
    if (check->n_slots > 2) {
        judge_vanished(run, check);
    }
    return true;
}
