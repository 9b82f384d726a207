/* Checks, normalised: whatever way they are written, definition["checks"] of a table or model becomes
 *   [{"type": "not_null", "column": "user_id", "severity": "error"},
 *    {"type": "unique", "column": "id"} or {"type": "unique", "columns": ["a", "b"]},
 *    {"type": "accepted_values", "column": "plan", "values": ["free", "paid"]},
 *    {"type": "relationship", "column": "song_id", "to": "songs.dim_songs", "field": "song_id"},
 *    {"type": "between", "column": "share", "low": 0, "high": 1},
 *    {"type": "row_count", "min": 1, "max": 100}]
 * each with "severity" ("error" or "warn"), and "where" and "name" where given. */
#include "catalog/catalog_int.h"

static const char *const check_types[] = {"not_null",  "unique", "accepted_values", "relationship", "between",
                                          "row_count", NULL};

typedef struct {
    CatalogBuild *build;
    CatalogItem *item;
    const char *column; /* of a check on a column; NULL on the object */
    json_t *out;
} Checks;

static json_t *values_of(const BaseYaml *node)
{
    if (node->type == BASE_YAML_MAP) {
        const BaseYaml *values = base_yaml_get(node, "values", NULL);
        return values ? base_yaml_to_json(values) : json_array();
    }
    return base_yaml_to_json(node);
}

static void set_columns(Checks *checks, json_t *check, const BaseYaml *map, const BaseYaml *value,
                        const char *type)
{
    if (checks->column) {
        base_json_set_string(check, "column", checks->column);
        return;
    }
    const BaseYaml *columns = map ? base_yaml_get(map, "columns", NULL) : NULL;
    const BaseYaml *column = map ? base_yaml_get(map, "column", NULL) : NULL;
    const BaseYaml *named = columns ? columns : column ? column : value;
    bool booleans = !named || (named->type == BASE_YAML_SCALAR && base_yaml_to_bool(named, &(bool){false}));
    if (g_str_equal(type, "row_count") || g_str_equal(type, "relationship")) {
        return;
    }
    if (booleans ||
        ((g_str_equal(type, "between") || g_str_equal(type, "accepted_values")) && !columns && !column)) {
        BaseDiag *diag = catalog_complain(checks->build, checks->item, value ? value : map,
                                          BASE_E_KEY_MISSING, "the check `%s` has no column", type);
        base_diag_hint(diag, "put it on a column, or add `column: NAME`");
        return;
    }
    json_t *json = base_yaml_to_json(named);
    if (json_is_array(json) && json_array_size(json) == 1) {
        json_object_set(check, "column", json_array_get(json, 0));
        json_decref(json);
    } else {
        json_object_set_new(check, json_is_array(json) ? "columns" : "column", json);
    }
}

static void set_between(Checks *checks, json_t *check, const BaseYaml *value)
{
    if (value->type != BASE_YAML_LIST || value->items->len != 2) {
        catalog_complain(checks->build, checks->item, value, BASE_E_VALUE_INVALID,
                         "`between` must be [low, high]");
        return;
    }
    json_object_set_new(check, "low", base_yaml_to_json(g_ptr_array_index(value->items, 0)));
    json_object_set_new(check, "high", base_yaml_to_json(g_ptr_array_index(value->items, 1)));
}

static void set_arguments(Checks *checks, json_t *check, const char *type, const BaseYaml *value)
{
    if (g_str_equal(type, "accepted_values")) {
        g_autoptr(json_t) values = values_of(value);
        if (!json_is_array(values) || json_array_size(values) == 0) {
            catalog_complain(checks->build, checks->item, value, BASE_E_VALUE_INVALID,
                             "`accepted_values` must be a list of values");
        }
        json_object_set(check, "values", values);
    } else if (g_str_equal(type, "between")) {
        set_between(checks, check, value);
    } else if (g_str_equal(type, "relationship") || g_str_equal(type, "row_count")) {
        g_autoptr(json_t) map = base_yaml_to_json(value);
        if (json_is_object(map)) {
            json_object_update(check, map);
        }
    }
}

/* A column named in a check on the object must be one of its columns: noted, looked at later. */
static void note_column(Checks *checks, const BaseYaml *node)
{
    if (node && node->type == BASE_YAML_SCALAR) {
        CatalogRef ref = {.item = checks->item, .node = node, .key = "column", .type = CATALOG_KEY_COLUMN};
        g_array_append_val(checks->build->refs, ref);
    }
}

static void note_columns(Checks *checks, const char *type, const BaseYaml *value)
{
    if (g_str_equal(type, "relationship")) {
        const BaseYaml *to = base_yaml_get(value, "to", NULL);
        if (!to) {
            catalog_complain(checks->build, checks->item, value, BASE_E_KEY_MISSING,
                             "`relationship` has no `to`");
        } else {
            CatalogRef ref = {.item = checks->item,
                              .node = to,
                              .key = "to",
                              .type = CATALOG_KEY_REF,
                              .kinds = 1u << CATALOG_TABLE | 1u << CATALOG_MODEL,
                              .map = value};
            g_array_append_val(checks->build->refs, ref);
        }
        if (!checks->column && !base_yaml_get(value, "column", NULL)) {
            catalog_complain(checks->build, checks->item, value, BASE_E_KEY_MISSING,
                             "`relationship` has no `column`");
        }
        note_column(checks, base_yaml_get(value, "column", NULL));
    } else if (!checks->column && (g_str_equal(type, "unique") || g_str_equal(type, "not_null"))) {
        if (value->type == BASE_YAML_SCALAR && !base_yaml_to_bool(value, &(bool){false})) {
            note_column(checks, value);
        }
        for (guint i = 0; value->type == BASE_YAML_LIST && i < value->items->len; i++) {
            note_column(checks, g_ptr_array_index(value->items, i));
        }
    }
}

static void check_map_keys(Checks *checks, const BaseYaml *map)
{
    for (guint i = 0; i < map->items->len; i++) {
        const BaseYaml *key = g_ptr_array_index(map->keys, i);
        const BaseYaml *value = g_ptr_array_index(map->items, i);
        const CatalogKey *known = catalog_key_find(catalog_check_keys, NULL, key->text);
        if (!known) {
            BaseDiag *diag = catalog_complain(checks->build, checks->item, key, BASE_E_KEY_UNKNOWN,
                                              "unknown key `%s` in a check", key->text);
            g_autofree const char **names = catalog_key_names(catalog_check_keys, NULL);
            base_diag_hint_nearest(diag, key->text, names);
        } else if (known->type == CATALOG_KEY_MAP && value->type != BASE_YAML_MAP) {
            catalog_complain(checks->build, checks->item, value, BASE_E_VALUE_INVALID,
                             "`%s` must be a map of keys", key->text);
        } else if (known->type == CATALOG_KEY_MAP) {
            g_autofree const char **names = catalog_key_names(known->shape, NULL);
            for (guint k = 0; k < value->items->len; k++) {
                const BaseYaml *inner = g_ptr_array_index(value->keys, k);
                if (!catalog_key_find(known->shape, NULL, inner->text)) {
                    BaseDiag *diag = catalog_complain(checks->build, checks->item, inner, BASE_E_KEY_UNKNOWN,
                                                      "unknown key `%s` in `%s`", inner->text, key->text);
                    base_diag_hint_nearest(diag, inner->text, names);
                }
            }
        } else if (known->type == CATALOG_KEY_WORD &&
                   (value->type != BASE_YAML_SCALAR ||
                    (!g_str_equal(value->text, "error") && !g_str_equal(value->text, "warn")))) {
            BaseDiag *diag = catalog_complain(checks->build, checks->item, value, BASE_E_VALUE_INVALID,
                                              "`severity` cannot be that");
            base_diag_hint(diag, "error or warn");
        } else if (known->type == CATALOG_KEY_COLUMN) {
            note_column(checks, value);
        } else if (known->type == CATALOG_KEY_COLUMNS) {
            for (guint k = 0; value->type == BASE_YAML_LIST && k < value->items->len; k++) {
                note_column(checks, g_ptr_array_index(value->items, k));
            }
        }
    }
}

static void add_check(Checks *checks, const char *type, const BaseYaml *map, const BaseYaml *value)
{
    json_t *check = json_object();
    base_json_set_string(check, "type", type);
    set_columns(checks, check, map, value, type);
    if (value) {
        set_arguments(checks, check, type, value);
        note_columns(checks, type, value);
    }
    const BaseYaml *severity = map ? base_yaml_get(map, "severity", NULL) : NULL;
    const BaseYaml *where = map ? base_yaml_get(map, "where", NULL) : NULL;
    const BaseYaml *name = map ? base_yaml_get(map, "name", NULL) : NULL;
    base_json_set_string(check, "severity",
                         severity && severity->type == BASE_YAML_SCALAR ? severity->text : "error");
    if (where && where->type == BASE_YAML_SCALAR) {
        base_json_set_string(check, "where", where->text);
    }
    if (name && name->type == BASE_YAML_SCALAR) {
        base_json_set_string(check, "name", name->text);
    }
    json_array_append_new(checks->out, check);
}

static void complain_type(Checks *checks, const BaseYaml *node, const char *text)
{
    BaseDiag *diag =
        catalog_complain(checks->build, checks->item, node, BASE_E_KEY_UNKNOWN, "unknown check `%s`", text);
    base_diag_hint_nearest(diag, text, check_types);
}

static void bind_check_map(Checks *checks, const BaseYaml *map)
{
    check_map_keys(checks, map);
    const char *type = NULL;
    const BaseYaml *value = NULL;
    for (size_t i = 0; check_types[i]; i++) {
        const BaseYaml *found = base_yaml_get(map, check_types[i], NULL);
        if (found && type) {
            catalog_complain(checks->build, checks->item, found, BASE_E_VALUE_INVALID,
                             "one entry is one check: `%s` and `%s`", type, check_types[i]);
        }
        if (found) {
            type = check_types[i];
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
        } else if (node->type == BASE_YAML_SCALAR && g_strv_contains(check_types, node->text)) {
            add_check(checks, node->text, NULL, checks->column ? NULL : node);
        } else if (node->type == BASE_YAML_SCALAR) {
            complain_type(checks, node, node->text);
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
    const BaseYaml *columns = item->yaml ? base_yaml_get(item->yaml, "columns", NULL) : NULL;
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
