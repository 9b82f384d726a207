/* `tables:` definitions as CatalogTable: keys first, types of the engine, what each model needs. */
#include "base/text.h"
#include "catalog/catalog_int.h"

static CatalogAgg agg_of(const char *word)
{
    static const char *const words[] = {"", "sum", "min", "max", "replace", "replace_if_not_null"};
    for (size_t i = 1; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(word, words[i]) == 0) {
            return (CatalogAgg)i;
        }
    }
    return CATALOG_AGG_NONE;
}

static char *default_of(const json_t *value)
{
    if (!value || json_is_null(value)) {
        return NULL;
    }
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        if (g_ascii_strcasecmp(text, "current_timestamp") == 0 ||
            g_ascii_strcasecmp(text, "current_date") == 0) {
            return g_ascii_strup(text, -1);
        }
        GString *out = g_string_new("'");
        for (const char *p = text; *p; p++) {
            g_string_append(out, *p == '\'' ? "''" : (char[]){*p, 0});
        }
        g_string_append_c(out, '\'');
        return g_string_free(out, FALSE);
    }
    return base_json_text(value);
}

static char *comment_of(const json_t *definition)
{
    const char *comment = base_json_string(definition, "comment", NULL);
    const json_t *title = json_object_get(definition, "title");
    if (!comment) {
        comment = json_is_string(title)   ? json_string_value(title)
                  : json_is_object(title) ? base_json_string(title, "en", base_json_string(title, "zh", ""))
                                          : "";
    }
    return g_strdup(comment);
}

static CatalogColumn *column_of(const json_t *json)
{
    const char *declared = base_json_string(json, "type", "");
    g_autofree char *type = *declared ? catalog_ddl_type(declared, NULL) : NULL;
    CatalogColumn *column = catalog_column_new(base_json_string(json, "name", ""), type ? type : "");
    g_free(column->type_declared);
    column->type_declared = g_strdup(declared);
    column->key = base_json_bool(json, "key", false);
    column->not_null = base_json_bool(json, "not_null", false);
    column->agg = agg_of(base_json_string(json, "agg", ""));
    column->default_sql = default_of(json_object_get(json, "default"));
    g_free(column->comment);
    column->comment = comment_of(json);
    return column;
}

static CatalogColumn *find(GPtrArray *columns, const char *name)
{
    return (CatalogColumn *)(guintptr)catalog_columns_find(columns, name);
}

/* `key:` names the key columns; `key: true` on columns says the same. Both at once is one thing said twice.
 * False: it names one that is not there, which is told when references are looked up. */
static bool mark_keys(CatalogBuild *build, CatalogItem *item, GPtrArray *columns)
{
    const BaseYaml *key_node = NULL;
    const BaseYaml *key = base_yaml_get(item->yaml, "key", &key_node);
    if (!key) {
        return true;
    }
    const BaseYaml *list = base_yaml_get(item->yaml, "columns", NULL);
    for (guint i = 0; list && list->type == BASE_YAML_LIST && i < list->items->len; i++) {
        const BaseYaml *own = NULL;
        if (base_yaml_get(g_ptr_array_index(list->items, i), "key", &own)) {
            BaseDiag *diag = catalog_complain(build, item, own, BASE_E_VALUE_INVALID,
                                              "the key is set twice: on the column and on the table");
            base_diag_hint(diag, "the table's `key` is on line %u; keep one of them", key_node->line);
        }
    }
    guint n = key->type == BASE_YAML_LIST ? key->items->len : 1, found = 0;
    for (guint i = 0; i < n; i++) {
        const BaseYaml *name = key->type == BASE_YAML_LIST ? g_ptr_array_index(key->items, i) : key;
        CatalogColumn *column = name->type == BASE_YAML_SCALAR ? find(columns, name->text) : NULL;
        if (column) {
            column->key = true;
            found++;
        }
    }
    return found == n;
}

static void keys_first(GPtrArray *columns)
{
    g_autoptr(GPtrArray) rest = g_ptr_array_new();
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    for (guint i = 0; i < columns->len; i++) {
        CatalogColumn *column = g_ptr_array_index(columns, i);
        g_ptr_array_add(column->key ? keys : rest, column);
    }
    for (guint i = 0; i < columns->len; i++) {
        columns->pdata[i] = i < keys->len ? keys->pdata[i] : rest->pdata[i - keys->len];
    }
}

static void check_model(CatalogBuild *build, CatalogItem *item, const CatalogTable *table)
{
    const BaseYaml *model = base_yaml_get(item->yaml, "model", NULL);
    bool has_key = false;
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(table->columns, i);
        has_key = has_key || column->key;
        if (table->model == CATALOG_AGGREGATE && !column->key && column->agg == CATALOG_AGG_NONE) {
            BaseDiag *diag = catalog_complain(build, item, model ? model : item->yaml, BASE_E_KEY_MISSING,
                                              "column `%s` of an aggregate table has no `agg`", column->name);
            base_diag_hint(diag, "sum, min, max, replace or replace_if_not_null");
        }
    }
    if (table->model != CATALOG_DUPLICATE && !has_key) {
        BaseDiag *diag = catalog_complain(build, item, model ? model : item->yaml, BASE_E_KEY_MISSING,
                                          "a table of model `%s` has no `key`", model ? model->text : "");
        base_diag_hint(diag, "key: names the columns that identify a row");
    }
}

static void check_types(CatalogBuild *build, CatalogItem *item)
{
    const BaseYaml *list = base_yaml_get(item->yaml, "columns", NULL);
    for (guint i = 0; list && list->type == BASE_YAML_LIST && i < list->items->len; i++) {
        const BaseYaml *column = g_ptr_array_index(list->items, i);
        if (column->type == BASE_YAML_MAP && !base_yaml_get(column, "type", NULL)) {
            const BaseYaml *name = base_yaml_get(column, "name", NULL);
            catalog_complain(build, item, column, BASE_E_KEY_MISSING, "column `%s` has no `type`",
                             name && name->text ? name->text : "");
        }
    }
}

static json_t *properties_of(const json_t *definition)
{
    json_t *out = json_object();
    static const char *const keys[] = {"partition", "distribution", "properties"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        json_t *value = json_object_get(definition, keys[i]);
        if (value) {
            json_object_set(out, keys[i], value);
        }
    }
    return out;
}

/* What is kept by hand is written by nobody else. */
static void check_manual(CatalogBuild *build, CatalogItem *item)
{
    const BaseYaml *kind = base_yaml_get(item->yaml, "kind", NULL);
    const BaseYaml *schedule = base_yaml_get(item->yaml, "schedule", NULL);
    if (kind && kind->type == BASE_YAML_SCALAR && g_str_equal(kind->text, "manual") && schedule) {
        BaseDiag *diag = catalog_complain(build, item, schedule, BASE_E_VALUE_INVALID,
                                          "a table of kind manual has no schedule");
        base_diag_hint(diag, "it is edited by hand; take the schedule away, or give it another kind");
    }
}

void catalog_bind_table(CatalogBuild *build, CatalogItem *item)
{
    CatalogObject *object = &item->node->object;
    const json_t *definition = object->definition;
    CatalogTable *table = item->node->table_owned = g_new0(CatalogTable, 1);
    table->schema = g_strdup(object->domain);
    table->name = g_strdup(object->name);
    const char *model = base_json_string(definition, "model", "duplicate");
    table->model = g_str_equal(model, "unique")      ? CATALOG_UNIQUE
                   : g_str_equal(model, "aggregate") ? CATALOG_AGGREGATE
                                                     : CATALOG_DUPLICATE;
    table->columns = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_column_free);
    size_t i;
    json_t *column;
    json_array_foreach (json_object_get(definition, "columns"), i, column) {
        if (json_is_object(column)) {
            g_ptr_array_add(table->columns, column_of(column));
        }
    }
    table->sequence = g_strdup(base_json_string(definition, "sequence", NULL));
    table->comment = comment_of(definition);
    table->properties = properties_of(definition);
    check_types(build, item);
    bool keyed = mark_keys(build, item, table->columns);
    keys_first(table->columns);
    if (keyed) {
        check_model(build, item, table);
    }
    check_manual(build, item);
    object->table = table;
    object->columns = table->columns;
}
