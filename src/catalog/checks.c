/* Checks, normalised: whatever way they are written, definition["checks"] of a table or model becomes a list
 * of flat objects, the arguments of a check beside its type:
 *   [{"type": "not_null", "column": "user_id", "severity": "error"},
 *    {"type": "unique", "column": "id"} or {"type": "unique", "columns": ["a", "b"]},
 *    {"type": "accepted_values", "column": "plan", "values": ["free", "paid"]},
 *    {"type": "relationship", "column": "song_id", "to": "songs.dim_songs", "field": "song_id"},
 *    {"type": "between", "column": "share", "low": 0, "high": 1},
 *    {"type": "row_count", "orange": 5, "red": 10, "strong": true}]
 * each with "severity" ("error" or "warn"), and "where", "name", "owner", "warn", "error", "blocking",
 * "reject", "keep" where given. What can be known of a check without data is complained of here: keys,
 * columns, patterns that do not compile, SQL that does not parse, shares that are none. */
#include <math.h>

#include "base/text.h"
#include "base/time.h"
#include "catalog/catalog_int.h"
#include "engine/sql.h"

typedef struct {
    CatalogBuild *build;
    CatalogItem *item;
    const char *column; /* of a check on a column; NULL on the object */
    bool single_rows;   /* of features: checks of one row as it comes in */
    json_t *out;
} Checks;

typedef enum { ON_COLUMNS, ON_COLUMN, ON_EITHER } CheckOn;

typedef struct {
    const char *name;
    CheckOn on;
    bool names_columns; /* on an object its value is the columns: unique: [a, b] */
    bool takes_true;    /* the bare word is enough */
    bool rejects;       /* about one row: may say reject */
    void (*read)(Checks *checks, json_t *check, const BaseYaml *value); /* NULL: no arguments */
} CheckType;

static void complain_value(Checks *checks, const BaseYaml *node, const char *type, const char *wanted)
{
    catalog_complain(checks->build, checks->item, node, BASE_E_VALUE_INVALID, "`%s` must be %s", type,
                     wanted);
}

static bool is_true(const BaseYaml *node)
{
    bool yes = false;
    return node->type == BASE_YAML_SCALAR && base_yaml_to_bool(node, &yes) && yes;
}

/* Bounds that leave nothing between them. */
static void check_order(Checks *checks, const BaseYaml *low, const BaseYaml *high)
{
    double from, to;
    bool numbers = low && high && base_yaml_to_real(low, &from) && base_yaml_to_real(high, &to);
    gint64 first, last;
    bool texts = low && high && low->type == BASE_YAML_SCALAR && high->type == BASE_YAML_SCALAR;
    bool times =
        texts && base_time_parse(low->text, NULL, &first) && base_time_parse(high->text, NULL, &last);
    if ((numbers && from > to) || (times && first > last)) {
        BaseDiag *diag = catalog_complain(checks->build, checks->item, low, BASE_E_VALUE_INVALID,
                                          "nothing is between `%s` and `%s`", low->text, high->text);
        base_diag_hint(diag, "the lower bound comes first");
    }
}

/* The arguments of a map stand beside the type. */
static void read_map(Checks *checks, json_t *check, const BaseYaml *value)
{
    check_order(checks, base_yaml_get(value, "min", NULL), base_yaml_get(value, "max", NULL));
    g_autoptr(json_t) map = base_yaml_to_json(value);
    json_object_del(map, "column");
    json_object_del(map, "columns");
    json_object_update(check, map);
}

static void read_options(Checks *checks, json_t *check, const BaseYaml *value)
{
    if (value->type == BASE_YAML_MAP) {
        read_map(checks, check, value);
    } else if (!is_true(value)) {
        complain_value(checks, value, base_json_string(check, "type", ""), "true or a map of keys");
    }
}

static void read_accepted(Checks *checks, json_t *check, const BaseYaml *value)
{
    if (value->type == BASE_YAML_MAP) {
        read_map(checks, check, value);
    } else {
        json_object_set_new(check, "values", base_yaml_to_json(value));
    }
    const json_t *values = json_object_get(check, "values");
    if (!json_is_array(values) || json_array_size(values) == 0) {
        complain_value(checks, value, "accepted_values", "a list of values");
    }
}

static void read_pair(Checks *checks, json_t *check, const BaseYaml *value, const char *low, const char *high)
{
    if (value->type != BASE_YAML_LIST || value->items->len != 2) {
        g_autofree char *wanted = g_strdup_printf("[%s, %s]", low, high);
        complain_value(checks, value, base_json_string(check, "type", ""), wanted);
        return;
    }
    json_object_set_new(check, low, base_yaml_to_json(g_ptr_array_index(value->items, 0)));
    json_object_set_new(check, high, base_yaml_to_json(g_ptr_array_index(value->items, 1)));
    check_order(checks, g_ptr_array_index(value->items, 0), g_ptr_array_index(value->items, 1));
}

static void read_between(Checks *checks, json_t *check, const BaseYaml *value)
{
    read_pair(checks, check, value, "low", "high");
}

static void read_length(Checks *checks, json_t *check, const BaseYaml *value)
{
    gint64 n;
    if (value->type == BASE_YAML_MAP) {
        read_map(checks, check, value);
    } else if (base_yaml_to_int(value, &n)) {
        base_json_set_int(check, "min", n);
        base_json_set_int(check, "max", n);
    } else {
        read_pair(checks, check, value, "min", "max");
    }
}

/* The engine's own compiler judges the pattern. */
static void compile_pattern(Checks *checks, const BaseYaml *node, const char *pattern)
{
    EngineValue value = {.id = ENGINE_TEXT, .text = {pattern, strlen(pattern)}};
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) rows =
        engine_query_json(checks->build->parser, "SELECT regexp_matches('', $1) AS ok", &value, 1, 1, &error);
    if (!rows) {
        BaseDiag *diag = catalog_complain(checks->build, checks->item, node, BASE_E_VALUE_INVALID,
                                          "the pattern does not compile: %s", error->message);
        base_diag_hint(diag, "patterns are RE2: no look-around, no back-references");
    }
}

static void read_regex(Checks *checks, json_t *check, const BaseYaml *value)
{
    const BaseYaml *pattern = value->type == BASE_YAML_MAP ? base_yaml_get(value, "pattern", NULL) : value;
    if (value->type == BASE_YAML_MAP) {
        read_map(checks, check, value);
    }
    if (!pattern || pattern->type != BASE_YAML_SCALAR || base_yaml_is_null(pattern)) {
        complain_value(checks, value, "regex", "a pattern or {pattern, not}");
        return;
    }
    base_json_set_string(check, "pattern", pattern->text);
    compile_pattern(checks, pattern, pattern->text);
}

static void read_format(Checks *checks, json_t *check, const BaseYaml *value)
{
    (void)checks;
    base_json_set_string(check, "format", value->type == BASE_YAML_SCALAR ? value->text : "");
}

static void read_freshness(Checks *checks, json_t *check, const BaseYaml *value)
{
    gint64 us;
    if (value->type == BASE_YAML_MAP) {
        read_map(checks, check, value);
    } else if (value->type == BASE_YAML_SCALAR && base_text_to_duration(value->text, &us)) {
        base_json_set_string(check, "error", value->text);
    } else {
        complain_value(checks, value, "freshness", "a duration such as 2h, or {warn, error}");
    }
    if (value->type == BASE_YAML_MAP && !json_object_get(check, "warn") && !json_object_get(check, "error")) {
        complain_value(checks, value, "freshness", "a duration such as 2h, or {warn, error}");
    }
}

static void read_rate(Checks *checks, json_t *check, const BaseYaml *value)
{
    double share;
    if (value->type == BASE_YAML_MAP) {
        read_map(checks, check, value);
    } else if (value->type == BASE_YAML_SCALAR && catalog_check_share(value->text, &share)) {
        base_json_set_string(check, "max", value->text);
    } else {
        complain_value(checks, value, base_json_string(check, "type", ""),
                       "a share such as 1%, or a map of keys");
    }
    static const char *const shares[] = {"max", "warn", "error", NULL};
    for (size_t i = 0; value->type == BASE_YAML_MAP && shares[i]; i++) {
        const BaseYaml *node = base_yaml_get(value, shares[i], NULL);
        if (node && (node->type != BASE_YAML_SCALAR || !catalog_check_share(node->text, &share))) {
            complain_value(checks, node, shares[i], "a share such as 0.01 or 1%");
        }
    }
}

static void read_sql(Checks *checks, json_t *check, const BaseYaml *value)
{
    if (value->type != BASE_YAML_SCALAR || base_yaml_is_null(value)) {
        complain_value(checks, value, "sql", "a SELECT");
        return;
    }
    base_json_set_string(check, "sql", value->text);
    catalog_note_sql(checks->build, checks->item, "sql", value, NULL, true);
}

/* Of a feature: what must hold of the row; over the view's keys, times and features. */
static void read_expr(Checks *checks, json_t *check, const BaseYaml *value)
{
    if (!checks->single_rows) {
        BaseDiag *diag = catalog_complain(checks->build, checks->item, value, BASE_E_VALUE_INVALID,
                                          "`expr` is a check of features");
        base_diag_hint(diag, "on a table: sql, a SELECT of the rows that are wrong");
    } else if (value->type != BASE_YAML_SCALAR || base_yaml_is_null(value)) {
        complain_value(checks, value, "expr", "a SQL expression");
    } else {
        g_autofree char *sql = g_strdup_printf("SELECT (%s)", value->text);
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) tree = engine_sql_parse(checks->build->parser, sql, &error);
        base_json_set_string(check, "expr", value->text);
        if (!tree) {
            catalog_complain(checks->build, checks->item, value, BASE_E_SQL_SYNTAX, "%s", error->message);
        }
    }
}

static const CheckType check_types[] = {
    {"not_null", ON_COLUMNS, true, true, true, NULL},
    {"unique", ON_COLUMNS, true, true, false, NULL},
    {"accepted_values", ON_COLUMN, false, false, true, read_accepted},
    {"relationship", ON_COLUMN, false, false, true, read_map},
    {"between", ON_COLUMN, false, false, true, read_between},
    {"range", ON_COLUMN, false, false, true, read_map},
    {"regex", ON_COLUMN, false, false, true, read_regex},
    {"format", ON_COLUMN, false, false, true, read_format},
    {"length", ON_COLUMN, false, false, true, read_length},
    {"row_count", ON_EITHER, false, true, false, read_options},
    {"freshness", ON_EITHER, false, false, false, read_freshness},
    {"schema", ON_EITHER, false, true, false, read_options},
    {"null_rate", ON_COLUMN, false, false, false, read_rate},
    {"duplicate_rate", ON_COLUMNS, false, false, false, read_rate},
    {"distribution", ON_COLUMN, false, false, false, read_map},
    {"equal", ON_EITHER, false, false, false, read_map},
    {"anomaly", ON_EITHER, false, true, false, read_options},
    {"sql", ON_EITHER, false, false, false, read_sql},
    {"expr", ON_COLUMN, false, false, true, read_expr},
};

static const CheckType *type_by_name(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(check_types); i++) {
        if (g_str_equal(check_types[i].name, name)) {
            return &check_types[i];
        }
    }
    return NULL;
}

bool catalog_check_share(const char *text, double *ret)
{
    g_autofree char *number = g_strdup(text);
    g_strstrip(number);
    size_t len = strlen(number);
    bool percent = len > 0 && number[len - 1] == '%';
    if (percent) {
        number[len - 1] = '\0';
    }
    double value;
    if (!base_text_to_real(g_strchomp(number), &value) || !isfinite(value) || value < 0) {
        return false;
    }
    *ret = percent ? value / 100 : value;
    return true;
}

/* ---- columns --------------------------------------------------------------------------------------------
 */

/* A column named in a check on the object must be one of its columns: noted, looked at later. */
static void note_column(Checks *checks, const BaseYaml *node)
{
    if (node && node->type == BASE_YAML_SCALAR) {
        CatalogRef ref = {.item = checks->item, .node = node, .key = "column", .type = CATALOG_KEY_COLUMN};
        g_array_append_val(checks->build->refs, ref);
    }
}

static const BaseYaml *named_columns(const CheckType *type, const BaseYaml *map, const BaseYaml *value)
{
    const BaseYaml *maps[] = {map, value && value->type == BASE_YAML_MAP ? value : NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(maps); i++) {
        const BaseYaml *columns = maps[i] ? base_yaml_get(maps[i], "columns", NULL) : NULL;
        const BaseYaml *column = maps[i] ? base_yaml_get(maps[i], "column", NULL) : NULL;
        if (columns || column) {
            return columns ? columns : column;
        }
    }
    bool names = type->names_columns && value && value->type != BASE_YAML_MAP &&
                 !(value->type == BASE_YAML_SCALAR && base_yaml_to_bool(value, &(bool){false}));
    return names ? value : NULL;
}

static void set_columns(Checks *checks, json_t *check, const CheckType *type, const BaseYaml *map,
                        const BaseYaml *value)
{
    if (checks->column) {
        base_json_set_string(check, "column", checks->column);
        return;
    }
    const BaseYaml *named = named_columns(type, map, value);
    if (!named) {
        if (type->on != ON_EITHER) {
            BaseDiag *diag = catalog_complain(checks->build, checks->item, value ? value : map,
                                              BASE_E_KEY_MISSING, "the check `%s` has no column", type->name);
            base_diag_hint(diag, "put it on a column, or add `column: NAME`");
        }
        return;
    }
    if (named == value) { /* other places are keys of columns, noted as such */
        note_column(checks, named);
        for (guint i = 0; named->type == BASE_YAML_LIST && i < named->items->len; i++) {
            note_column(checks, g_ptr_array_index(named->items, i));
        }
    }
    json_t *json = base_yaml_to_json(named);
    if (json_is_array(json) && json_array_size(json) == 1) {
        json_object_set(check, "column", json_array_get(json, 0));
        json_decref(json);
    } else {
        json_object_set_new(check, json_is_array(json) ? "columns" : "column", json);
    }
}

/* ---- one check ------------------------------------------------------------------------------------------
 */

static void check_map_keys(Checks *checks, const BaseYaml *map)
{
    for (guint i = 0; i < map->items->len; i++) {
        const BaseYaml *key = g_ptr_array_index(map->keys, i);
        const CatalogKey *known = catalog_key_find(catalog_check_keys, NULL, key->text);
        const BaseYaml *value = g_ptr_array_index(map->items, i);
        if (known && known->shape && value->type == BASE_YAML_LIST) {
            continue; /* [low, high], [values]: the type reads it */
        }
        if (known) {
            catalog_check_value(checks->build, checks->item, known, value, map);
            continue;
        }
        BaseDiag *diag = catalog_complain(checks->build, checks->item, key, BASE_E_KEY_UNKNOWN,
                                          "unknown key `%s` in a check", key->text);
        g_autofree const char **names = catalog_key_names(catalog_check_keys, NULL);
        base_diag_hint_nearest(diag, key->text, names);
    }
}

/* Keys that every check may have. */
static void set_common(Checks *checks, json_t *check, const CheckType *type, const BaseYaml *map)
{
    static const char *const keys[] = {"where",    "name",   "owner", "warn", "error",
                                       "blocking", "reject", "keep",  NULL};
    const BaseYaml *severity = map ? base_yaml_get(map, "severity", NULL) : NULL;
    base_json_set_string(check, "severity",
                         severity && severity->type == BASE_YAML_SCALAR ? severity->text : "error");
    for (size_t i = 0; map && keys[i]; i++) {
        const BaseYaml *node = base_yaml_get(map, keys[i], NULL);
        double share;
        if (!node || node->type != BASE_YAML_SCALAR || base_yaml_is_null(node)) {
            continue;
        }
        if ((g_str_equal(keys[i], "warn") || g_str_equal(keys[i], "error")) &&
            !g_str_equal(type->name, "freshness") && !catalog_check_share(node->text, &share)) {
            complain_value(checks, node, keys[i], "a number or a share such as 1%");
        }
        json_object_set_new(check, keys[i], base_yaml_to_json(node));
    }
    if (base_json_bool(check, "reject", false) && !type->rejects) {
        catalog_complain(checks->build, checks->item, base_yaml_get(map, "reject", NULL),
                         BASE_E_VALUE_INVALID, "`%s` is not about single rows: it cannot reject them",
                         type->name);
    }
}

/* What is judged of rows together cannot be judged of one that comes in. */
static void complain_many_rows(Checks *checks, const CheckType *type, const BaseYaml *node)
{
    if (checks->single_rows && (!type->rejects || g_str_equal(type->name, "relationship"))) {
        BaseDiag *diag =
            catalog_complain(checks->build, checks->item, node, BASE_E_VALUE_INVALID,
                             "`%s` is not about one value: a feature cannot have it", type->name);
        base_diag_hint(diag, "not_null, accepted_values, between, range, regex, format, length or expr");
    }
}

static void add_check(Checks *checks, const CheckType *type, const BaseYaml *map, const BaseYaml *value)
{
    g_autoptr(json_t) check = json_object();
    base_json_set_string(check, "type", type->name);
    set_columns(checks, check, type, map, value);
    complain_many_rows(checks, type, map);
    if (type->read && value) {
        type->read(checks, check, value);
    } else if (type->read && !type->takes_true) {
        complain_value(checks, map, type->name, "given its arguments");
    }
    set_common(checks, check, type, map);
    json_array_append(checks->out, check);
}

static void complain_type(Checks *checks, const BaseYaml *node, const char *text)
{
    const char *names[G_N_ELEMENTS(check_types) + 1] = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(check_types); i++) {
        names[i] = check_types[i].name;
    }
    BaseDiag *diag =
        catalog_complain(checks->build, checks->item, node, BASE_E_KEY_UNKNOWN, "unknown check `%s`", text);
    base_diag_hint_nearest(diag, text, names);
}

static void bind_check_map(Checks *checks, const BaseYaml *map)
{
    check_map_keys(checks, map);
    const CheckType *type = NULL;
    const BaseYaml *value = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(check_types); i++) {
        const BaseYaml *found = base_yaml_get(map, check_types[i].name, NULL);
        if (found && type) {
            catalog_complain(checks->build, checks->item, found, BASE_E_VALUE_INVALID,
                             "one entry is one check: `%s` and `%s`", type->name, check_types[i].name);
        }
        if (found) {
            type = &check_types[i];
            value = found;
        }
    }
    if (!type) {
        const BaseYaml *key = map->keys->len ? g_ptr_array_index(map->keys, 0) : map;
        if (!key->text || catalog_key_find(catalog_check_keys, NULL, key->text)) {
            catalog_complain(checks->build, checks->item, map, BASE_E_KEY_MISSING,
                             "a check says none of its types");
        }
        return;
    }
    add_check(checks, type, map, value);
}

static void bind_word(Checks *checks, const BaseYaml *node)
{
    const CheckType *type = type_by_name(node->text);
    if (!type) {
        complain_type(checks, node, node->text);
    } else if (!type->takes_true) {
        complain_value(checks, node, node->text, "given its arguments");
    } else {
        g_autoptr(json_t) check = json_object();
        base_json_set_string(check, "type", type->name);
        complain_many_rows(checks, type, node);
        set_columns(checks, check, type, node, NULL);
        set_common(checks, check, type, NULL);
        json_array_append(checks->out, check);
    }
}

static void bind_list(Checks *checks, const BaseYaml *list)
{
    if (list->type != BASE_YAML_LIST) {
        catalog_complain(checks->build, checks->item, list, BASE_E_VALUE_INVALID, "`checks` must be a list");
        return;
    }
    for (guint i = 0; i < list->items->len; i++) {
        const BaseYaml *node = g_ptr_array_index(list->items, i);
        if (node->type == BASE_YAML_MAP) {
            bind_check_map(checks, node);
        } else if (node->type == BASE_YAML_SCALAR) {
            bind_word(checks, node);
        } else {
            catalog_complain(checks->build, checks->item, node, BASE_E_VALUE_INVALID,
                             "a check is a word or a map of keys");
        }
    }
}

void catalog_bind_checks(CatalogBuild *build, CatalogItem *item)
{
    json_t *out = json_array();
    Checks checks = {.build = build, .item = item, .out = out};
    bool view = item->node->object.kind == CATALOG_FEATURE_VIEW;
    checks.single_rows = view;
    const BaseYaml *columns =
        item->yaml ? base_yaml_get(item->yaml, view ? "features" : "columns", NULL) : NULL;
    for (guint i = 0; columns && columns->type == BASE_YAML_LIST && i < columns->items->len; i++) {
        const BaseYaml *column = g_ptr_array_index(columns->items, i);
        const BaseYaml *name = base_yaml_get(column, "name", NULL);
        const BaseYaml *list = base_yaml_get(column, "checks", NULL);
        if (list && name && name->type == BASE_YAML_SCALAR) {
            checks.column = name->text;
            bind_list(&checks, list);
        }
    }
    checks.column = NULL;
    const BaseYaml *list = item->yaml ? base_yaml_get(item->yaml, "checks", NULL) : NULL;
    if (list) {
        bind_list(&checks, list);
    }
    if (json_array_size(out) > 0) {
        json_object_set(item->node->object.definition, "checks", out);
    }
    json_decref(out);
}
