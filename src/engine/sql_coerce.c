/* A second reading of a SELECT that failed over the types of its values: MySQL's coercions.
 *
 * The engine knows the types of columns only when it plans, and MySQL's coercions cost where they are not
 * needed; so statements are planned as they are, and only one that fails is read again with what MySQL would
 * have done: truths and texts are numbers in arithmetic, whole numbers are computed in BIGINT, a digit text
 * that is compared with a date is a date, a CASE with a text that is no number and no date gives text. Where
 * it depends on a column's type, a macro with overloads by type decides (fn_number, fn_key, fn_than of
 * functions_macros.c); they change nothing of other types. A column whose type the engine does not know at
 * that point (an alias of the same list, an outer query's) leaves the statement failing as it did. */
#include "engine/sql_int.h"

#include <string.h>

static bool is_class(const json_t *node, const char *class)
{
    return strcmp(base_json_string(node, "class", ""), class) == 0;
}

static bool is_one_of(const char *word, const char *const *words)
{
    return g_strv_contains(words, word);
}

/* ---- what a node is -------------------------------------------------------------------------------------
 */

/* The value of a constant of one of `types`; NULL when it is none. */
static const json_t *constant_of(const json_t *node, const char *const *types)
{
    const json_t *value = is_class(node, "CONSTANT") ? json_object_get(node, "value") : NULL;
    const char *type = base_json_string(json_object_get(value, "type"), "id", "");
    return is_one_of(type, types) ? json_object_get(value, "value") : NULL;
}

static bool is_truth(const json_t *node)
{
    static const char *const TRUTH[] = {"BOOLEAN", NULL};
    static const char *const TYPES[] = {"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL",
                                        "COMPARE_IN",   "COMPARE_NOT_IN",   NULL};
    static const char *const LIKES[] = {"~~", "!~~", "regexp_full_match", NULL};
    if (constant_of(node, TRUTH) || is_class(node, "COMPARISON") || is_class(node, "CONJUNCTION") ||
        is_class(node, "BETWEEN")) {
        return true;
    }
    if (is_class(node, "CAST")) {
        const json_t *type = json_object_get(node, "cast_type"),
                     *unbound = json_object_get(json_object_get(type, "type_info"), "expr");
        return strcmp(base_json_string(type, "id", ""), "BOOLEAN") == 0 ||
               strcmp(base_json_string(unbound, "type_name", ""), "BOOLEAN") == 0;
    }
    return is_one_of(base_json_string(node, "type", ""), TYPES) ||
           (is_class(node, "FUNCTION") && is_one_of(base_json_string(node, "function_name", ""), LIKES));
}

static const char *text_of(const json_t *node)
{
    static const char *const TEXT[] = {"VARCHAR", NULL};
    return json_string_value(constant_of(node, TEXT));
}

static bool is_whole(const json_t *node)
{
    static const char *const WHOLE[] = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", NULL};
    return constant_of(node, WHOLE) != NULL;
}

/* Begins like a number or a date and has no letter but the T between date and time, the e of a number. */
static bool is_number_or_date(const char *text)
{
    return g_ascii_isdigit(text[strspn(text, " +-.")]) && text[strspn(text, " 0123456789+-.:/TeE")] == '\0';
}

bool sql_is_plain_text(const char *text)
{
    return !is_number_or_date(text) && *text != '[' && *text != '{';
}

/* ---- changing it ----------------------------------------------------------------------------------------
 */

static json_t *cast_node(json_t *child, const char *type)
{
    return json_pack("{s:s, s:s, s:O, s:{s:s}}", "class", "CAST", "type", "OPERATOR_CAST", "child", child,
                     "cast_type", "id", type);
}

/* fn(a[, b]) */
static json_t *call_node(const char *name, json_t *a, json_t *b)
{
    json_t *args = json_pack("[O]", a);
    if (b) {
        json_array_append(args, b);
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:{s:s}}", "class", "FUNCTION", "type", "FUNCTION",
                     "function_name", name, "schema", "main", "catalog", "weir_fn", "children", args,
                     "order_bys", "type", "ORDER_MODIFIER");
}

/* As a number; NULL = as it is. */
static json_t *number_node(json_t *node)
{
    if (is_truth(node) || is_whole(node)) {
        return cast_node(node, "BIGINT");
    }
    return is_class(node, "COLUMN_REF") ? call_node("fn_number", node, NULL) : NULL;
}

static bool number_items(json_t *list)
{
    bool changed = false;
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        json_t *number = number_node(item);
        changed = changed || number;
        if (number) {
            json_array_set_new(list, i, number);
        }
    }
    return changed;
}

static bool coerce_function(json_t *node)
{
    static const char *const NUMERIC[] = {"+",        "-",          "*",   "/",          "//",
                                          "%",        "avg",        "sum", "stddev",     "var_pop",
                                          "var_samp", "variance",   "abs", "stddev_pop", "stddev_samp",
                                          "round",    "mysql_sqrt", NULL};
    return is_one_of(base_json_string(node, "function_name", ""), NUMERIC) &&
           number_items(json_object_get(node, "children"));
}

/* The two sides of a comparison, under their keys or places. */
static bool coerce_sides(json_t **left, json_t **right)
{
    const char *text = text_of(*right);
    bool digits = text && is_number_or_date(text);
    if (!is_class(*left, "COLUMN_REF") || (!digits && !is_whole(*right))) {
        return false;
    }
    json_t *column = *left;
    *right = call_node("fn_than", column, *right);
    *left = digits ? json_incref(column) : call_node("fn_key", column, NULL);
    return true;
}

static bool coerce_comparison(json_t *node)
{
    json_t *left = json_object_get(node, "left"), *right = json_object_get(node, "right");
    if (!coerce_sides(&left, &right) && !coerce_sides(&right, &left)) {
        return false;
    }
    json_object_set_new(node, "left", left);
    json_object_set_new(node, "right", right);
    return true;
}

/* a BETWEEN x AND y: the bounds, where the column is a date. */
static bool coerce_between(json_t *node)
{
    json_t *input = json_object_get(node, "input"), *lower = json_object_get(node, "lower"),
           *upper = json_object_get(node, "upper");
    if (!is_class(input, "COLUMN_REF") || !is_class(lower, "CONSTANT") || !is_class(upper, "CONSTANT")) {
        return false;
    }
    json_object_set_new(node, "lower", call_node("fn_than", input, lower));
    json_object_set_new(node, "upper", call_node("fn_than", input, upper));
    return true;
}

static bool coerce_in(json_t *list)
{
    json_t *input = json_array_get(list, 0), *item;
    bool changed = false;
    size_t i;
    json_array_foreach (list, i, item) {
        if (i > 0 && is_class(input, "COLUMN_REF") && is_class(item, "CONSTANT")) {
            json_array_set_new(list, i, call_node("fn_than", input, item));
            changed = true;
        }
    }
    return changed;
}

static bool is_plain_text(const json_t *node)
{
    const char *text = text_of(node);
    return text && sql_is_plain_text(text);
}

static bool coerce_coalesce(json_t *list)
{
    bool text = false;
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        text = text || is_plain_text(item);
    }
    json_array_foreach (list, i, item) {
        if (text) {
            json_array_set_new(list, i, cast_node(item, "VARCHAR"));
        }
    }
    return text;
}

static bool coerce_case(json_t *node)
{
    json_t *checks = json_object_get(node, "case_checks"), *check,
           *otherwise = json_object_get(node, "else_expr");
    bool text = is_plain_text(otherwise);
    size_t i;
    json_array_foreach (checks, i, check) {
        text = text || is_plain_text(json_object_get(check, "then_expr"));
    }
    if (!text) {
        return false;
    }
    json_array_foreach (checks, i, check) {
        json_object_set_new(check, "then_expr", cast_node(json_object_get(check, "then_expr"), "VARCHAR"));
    }
    if (otherwise) {
        json_object_set_new(node, "else_expr", cast_node(otherwise, "VARCHAR"));
    }
    return true;
}

/* Children first: what a change wraps is not looked at again. */
static bool coerce(json_t *node)
{
    bool changed = false;
    size_t i;
    json_t *item;
    const char *key;
    json_array_foreach (node, i, item) {
        changed |= coerce(item);
    }
    json_object_foreach (node, key, item) {
        changed |= coerce(item);
    }
    if (is_class(node, "FUNCTION") || is_class(node, "WINDOW")) {
        changed |= coerce_function(node);
    } else if (is_class(node, "COMPARISON")) {
        changed |= coerce_comparison(node);
    } else if (is_class(node, "BETWEEN")) {
        changed |= coerce_between(node);
    } else if (is_class(node, "CASE")) {
        changed |= coerce_case(node);
    } else if (strcmp(base_json_string(node, "type", ""), "OPERATOR_COALESCE") == 0) {
        changed |= coerce_coalesce(json_object_get(node, "children"));
    } else if (g_str_has_prefix(base_json_string(node, "type", ""), "COMPARE_") &&
               is_class(node, "OPERATOR")) {
        changed |= coerce_in(json_object_get(node, "children"));
    }
    return changed;
}

char *engine_sql_coerce(EngineConn *conn, const char *sql, GError **error)
{
    g_autoptr(json_t) tree = engine_sql_parse(conn, sql, error);
    if (!tree || !coerce(tree)) {
        return NULL;
    }
    return engine_sql_print(conn, tree, error);
}
