/* Tests of dbt as checks of Weir. */
#include <string.h>

#include "modelling/dbt_int.h"

typedef struct {
    DbtImport *import;
    DbtNode *node;
    const char *file;
    unsigned line;
    const char *column; /* NULL = of the whole model */
    const BaseYaml *arguments;
} Test;

static const BaseYaml *argument(const Test *test, const char *key)
{
    const BaseYaml *arguments = test->arguments;
    const BaseYaml *inner = arguments ? base_yaml_get(arguments, "arguments", NULL) : NULL;
    const BaseYaml *config = arguments ? base_yaml_get(arguments, "config", NULL) : NULL;
    const BaseYaml *maps[] = {inner, arguments, config};
    const BaseYaml *found = NULL;
    for (size_t i = 0; !found && i < G_N_ELEMENTS(maps); i++) {
        found = maps[i] && maps[i]->type == BASE_YAML_MAP ? base_yaml_get(maps[i], key, NULL) : NULL;
    }
    return found;
}

static const char *argument_text(const Test *test, const char *key)
{
    const BaseYaml *value = argument(test, key);
    return value && value->type == BASE_YAML_SCALAR && value->text ? value->text : "";
}

static void leave(const Test *test, const char *what)
{
    g_autofree char *object =
        test->column ? g_strconcat(test->node->name, ".", test->column, NULL) : g_strdup(test->node->name);
    dbt_left(test->import, test->file, test->line, object,
             base_tr("the test `%s` has no counterpart", "测试 `%s` 没有对应的检查"), what);
}

/* ---- the kinds of tests ----------------------------------------------------------------------------------
 */

static json_t *accepted_values(const Test *test)
{
    const BaseYaml *values = argument(test, "values");
    return values && values->type == BASE_YAML_LIST && test->column
               ? json_pack("{s:o}", "accepted_values", base_yaml_to_json(values))
               : NULL;
}

static json_t *relationship(const Test *test)
{
    DbtNode *target = dbt_sql_target(test->import, argument_text(test, "to"));
    const char *field = argument_text(test, "field");
    if (!target || *field == '\0' || !test->column) {
        return NULL;
    }
    g_autofree char *name = g_strconcat(target->domain, ".", target->table, NULL);
    return json_pack("{s:{s:s, s:s}}", "relationship", "to", name, "field", field);
}

static json_t *plain(const Test *test, const char *type)
{
    const char *column = test->column ? test->column : argument_text(test, "column_name");
    bool word = *column != '\0' && !strpbrk(column, " ()|'\"{");
    return !word ? NULL : test->column ? json_pack("{s:b}", type, 1) : json_pack("{s:[s]}", type, column);
}

static json_t *combination(const Test *test)
{
    const BaseYaml *columns = argument(test, "combination_of_columns");
    return columns && columns->type == BASE_YAML_LIST && !test->column
               ? json_pack("{s:o}", "unique", base_yaml_to_json(columns))
               : NULL;
}

static json_t *range(const Test *test)
{
    const BaseYaml *low = argument(test, "min_value"), *high = argument(test, "max_value");
    double number;
    bool both = low && high && base_yaml_to_real(low, &number) && base_yaml_to_real(high, &number);
    return both && test->column && !g_str_equal(argument_text(test, "inclusive"), "false")
               ? json_pack("{s:[o, o]}", "between", base_yaml_to_json(low), base_yaml_to_json(high))
               : NULL;
}

static json_t *check_of(const Test *test, const char *type)
{
    if (g_str_equal(type, "not_null") || g_str_equal(type, "unique")) {
        return plain(test, type);
    }
    if (g_str_equal(type, "accepted_values")) {
        return accepted_values(test);
    }
    if (g_str_equal(type, "relationships")) {
        return relationship(test);
    }
    if (g_str_equal(type, "dbt_utils.unique_combination_of_columns")) {
        return combination(test);
    }
    return g_str_equal(type, "dbt_utils.accepted_range") ? range(test) : NULL;
}

/* ---- what is said beside
 * -------------------------------------------------------------------------------------
 */

static void list_rest(const Test *test)
{
    static const char *const TAKEN[] = {"arguments",
                                        "config",
                                        "values",
                                        "to",
                                        "field",
                                        "severity",
                                        "where",
                                        "name",
                                        "column_name",
                                        "quote",
                                        "combination_of_columns",
                                        "min_value",
                                        "max_value",
                                        "inclusive",
                                        "description",
                                        NULL};
    const BaseYaml *config = test->arguments ? base_yaml_get(test->arguments, "config", NULL) : NULL;
    dbt_list_unknown(test->import, test->arguments, TAKEN, test->file, test->node->name);
    dbt_list_unknown(test->import, config, TAKEN, test->file, test->node->name);
}

static bool add_beside(const Test *test, json_t *check)
{
    const char *where = argument_text(test, "where"), *name = argument_text(test, "name");
    g_autofree char *severity = g_ascii_strdown(argument_text(test, "severity"), -1);
    if (strstr(where, "{{") || strstr(where, "{%")) {
        return false;
    }
    if (*where != '\0') {
        base_json_set_string(check, "where", where);
    }
    if (*name != '\0') {
        base_json_set_string(check, "name", name);
    }
    if (g_str_equal(severity, "warn")) {
        base_json_set_string(check, "severity", severity);
    }
    list_rest(test);
    return true;
}

static void add_test(Test *test, const BaseYaml *item, json_t *checks)
{
    const char *type = item->type == BASE_YAML_SCALAR ? item->text : "";
    test->line = item->line;
    test->arguments = NULL;
    if (item->type == BASE_YAML_MAP && item->keys->len > 0) {
        const char *said = dbt_yaml_text(item, "test_name");
        const BaseYaml *first = g_ptr_array_index(item->keys, 0);
        type = *said != '\0' ? said : first->text;
        test->arguments = *said != '\0' ? item : g_ptr_array_index(item->items, 0);
        if (*said == '\0' && item->keys->len > 1) {
            leave(test, type); /* several keys: which is the test is not said */
            return;
        }
    }
    if (test->arguments && test->arguments->type != BASE_YAML_MAP) {
        test->arguments = NULL;
    }
    g_autoptr(json_t) check = check_of(test, type);
    if (!check || !add_beside(test, check)) {
        leave(test, type);
        return;
    }
    json_array_append(checks, check);
}

static void add_tests(Test *test, const BaseYaml *map, json_t *checks)
{
    static const char *const KEYS[] = {"tests", "data_tests"};
    for (size_t k = 0; k < G_N_ELEMENTS(KEYS); k++) {
        const BaseYaml *list = base_yaml_get(map, KEYS[k], NULL);
        for (guint i = 0; list && list->type == BASE_YAML_LIST && i < list->items->len; i++) {
            add_test(test, g_ptr_array_index(list->items, i), checks);
        }
    }
}

/* ---- columns
 * -------------------------------------------------------------------------------------------------- */

static json_t *column_of(Test *test, const BaseYaml *map)
{
    static const char *const TAKEN[] = {"name",      "description", "tests", "data_tests",
                                        "data_type", "tags",        NULL};
    json_t *column = json_object();
    const char *name = dbt_yaml_text(map, "name"), *description = dbt_yaml_text(map, "description");
    const BaseYaml *tags = base_yaml_get(map, "tags", NULL);
    base_json_set_string(column, "name", name);
    if (test->node->kind == DBT_SOURCE) {
        base_json_set_string(column, "type", dbt_yaml_text(map, "data_type"));
    }
    if (*description != '\0' && !strstr(description, "{{")) {
        base_json_set_string(column, "description", description);
    } else if (*description != '\0') {
        dbt_left(test->import, test->file, dbt_yaml_line(map, "description", map->line), test->node->name,
                 "%s", base_tr("a description with Jinja", "含 Jinja 的说明"));
    }
    if (tags && tags->type == BASE_YAML_LIST) {
        json_object_set_new(column, "tags", base_yaml_to_json(tags));
    }
    test->column = name;
    g_autoptr(json_t) checks = json_array();
    add_tests(test, map, checks);
    if (json_array_size(checks) > 0) {
        json_object_set(column, "checks", checks);
    }
    dbt_list_unknown(test->import, map, TAKEN, test->file, test->node->name);
    return column;
}

/* ---- freshness of a source
 * ----------------------------------------------------------------------------------- */

/* {count: 12, period: hour} as "12h"; NULL when it says nothing. Caller frees. */
static char *duration_of(const json_t *freshness, const char *key)
{
    const json_t *age = json_object_get(freshness, key);
    gint64 count = base_json_int(age, "count", 0);
    const char *period = base_json_string(age, "period", "");
    const char unit = g_str_equal(period, "minute") ? 'm' : g_str_equal(period, "hour") ? 'h' : 'd';
    return count > 0 && *period != '\0' ? g_strdup_printf("%" G_GINT64_FORMAT "%c", count, unit) : NULL;
}

static bool has_column(const json_t *columns, const char *name)
{
    size_t i;
    json_t *column;
    json_array_foreach (columns, i, column) {
        if (g_ascii_strcasecmp(base_json_string(column, "name", ""), name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_freshness(const Test *test, const json_t *columns, json_t *checks)
{
    const json_t *config = test->node->config, *freshness = json_object_get(config, "freshness");
    const char *column = base_json_string(config, "loaded_at_field", "");
    g_autofree char *warn = duration_of(freshness, "warn_after"),
                    *fail = duration_of(freshness, "error_after");
    bool there = has_column(columns, column);
    if (there) {
        base_json_set_string(test->node->header, "time", column);
    }
    if ((warn || fail) && (!there || json_object_get(freshness, "filter"))) {
        dbt_left(test->import, test->file,
                 (unsigned)base_json_int(config, "freshness_line", test->node->line), test->node->name, "%s",
                 base_tr("freshness with a filter, or whose `loaded_at_field` is none of the listed columns",
                         "freshness 带过滤，或其 `loaded_at_field` 不在所列的列中"));
    } else if (warn || fail) {
        json_t *ages = json_pack("{s:s}", "column", column);
        if (warn) {
            base_json_set_string(ages, "warn", warn);
        }
        if (fail) {
            base_json_set_string(ages, "error", fail);
        }
        json_array_append_new(checks, json_pack("{s:o}", "freshness", ages));
    }
}

void dbt_checks_of(DbtImport *import, DbtNode *node)
{
    static const char *const TAKEN[] = {"name",   "description", "columns",   "tests",           "data_tests",
                                        "config", "relation",    "freshness", "loaded_at_field", NULL};
    if (!node->properties) {
        return;
    }
    Test test = {.import = import, .node = node, .file = node->properties_file};
    const BaseYaml *columns = base_yaml_get(node->properties, "columns", NULL);
    g_autoptr(json_t) list = json_array();
    for (guint i = 0; columns && columns->type == BASE_YAML_LIST && i < columns->items->len; i++) {
        const BaseYaml *map = g_ptr_array_index(columns->items, i);
        if (map->type == BASE_YAML_MAP) {
            json_array_append_new(list, column_of(&test, map));
        }
    }
    if (json_array_size(list) > 0) {
        json_object_set(node->header, "columns", list);
    }
    test.column = NULL;
    g_autoptr(json_t) checks = json_array();
    add_tests(&test, node->properties, checks);
    if (node->kind == DBT_SOURCE) {
        add_freshness(&test, list, checks);
    }
    if (json_array_size(checks) > 0) {
        json_object_set(node->header, "checks", checks);
    }
    dbt_list_unknown(import, node->properties, TAKEN, node->properties_file, node->name);
}
