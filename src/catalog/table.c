/* Tables that data is loaded into: life cycle, lookup, JSON form (what catalog.sqlite keeps of live tables).
 */
#include "catalog/catalog.h"
#include "catalog/ddl_int.h"

static const char *const MODELS[] = {"duplicate", "unique", "aggregate"};
static const char *const AGGS[] = {"none", "sum", "min", "max", "replace", "replace_if_not_null"};

void ddl_column_free(void *data)
{
    CatalogColumn *column = data;
    if (!column) {
        return;
    }
    g_free(column->name);
    g_free(column->type);
    g_free(column->type_declared);
    g_free(column->default_sql);
    g_free(column->comment);
    g_free(column);
}

CatalogTable *ddl_table_new(const char *schema, const char *name)
{
    CatalogTable *table = g_new0(CatalogTable, 1);
    table->schema = g_strdup(schema);
    table->name = g_strdup(name);
    table->columns = g_ptr_array_new_with_free_func(ddl_column_free);
    table->properties = json_object();
    return table;
}

void catalog_table_free(CatalogTable *table)
{
    if (!table) {
        return;
    }
    g_free(table->schema);
    g_free(table->name);
    if (table->columns) {
        g_ptr_array_unref(table->columns);
    }
    g_free(table->sequence);
    g_free(table->comment);
    json_decref(table->properties);
    g_free(table);
}

static CatalogColumn *column_copy(const CatalogColumn *from)
{
    CatalogColumn *column = g_new0(CatalogColumn, 1);
    *column = *from;
    column->name = g_strdup(from->name);
    column->type = g_strdup(from->type);
    column->type_declared = g_strdup(from->type_declared);
    column->default_sql = g_strdup(from->default_sql);
    column->comment = g_strdup(from->comment);
    return column;
}

CatalogTable *catalog_table_copy(const CatalogTable *table)
{
    CatalogTable *copy = ddl_table_new(table->schema, table->name);
    copy->model = table->model;
    copy->sequence = g_strdup(table->sequence);
    copy->comment = g_strdup(table->comment);
    json_decref(copy->properties);
    copy->properties = table->properties ? json_deep_copy(table->properties) : json_object();
    for (guint i = 0; i < table->columns->len; i++) {
        g_ptr_array_add(copy->columns, column_copy(g_ptr_array_index(table->columns, i)));
    }
    return copy;
}

const CatalogColumn *catalog_table_column(const CatalogTable *table, const char *name)
{
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(table->columns, i);
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

/* ---- another name for a column ------------------------------------------------------------------ */

/* A clause as written, names in it replaced; one that cannot be read stays. Caller frees. */
static char *rename_in_clause(const char *clause, const char *from, const char *to)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(clause, ENGINE_DIALECT_MYSQL, NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    size_t at = 0;
    for (guint i = 0; tokens && i + 1 < tokens->len; i++) {
        const EngineToken *token = tokens->pdata[i];
        if (engine_token_is_name(token, false) && g_ascii_strcasecmp(token->text, from) == 0) {
            g_string_append_len(out, clause + at, (gssize)(token->start - at));
            g_string_append_printf(out, "`%s`", to);
            at = token->end;
        }
    }
    g_string_append(out, clause + at);
    return g_strdup(out->str);
}

static void rename_in_texts(json_t *list, const char *from, const char *to)
{
    size_t i;
    json_t *text;
    json_array_foreach (list, i, text) {
        g_autofree char *renamed = rename_in_clause(json_string_value(text), from, to);
        json_array_set_new(list, i, json_string(renamed));
    }
}

bool catalog_table_rename_column(CatalogTable *table, const char *from, const char *to)
{
    static const char *const CLAUSES[] = {"partition", "distribution", "order_by", "rollup"};
    CatalogColumn *column = (CatalogColumn *)(uintptr_t)catalog_table_column(table, from);
    const CatalogColumn *other = catalog_table_column(table, to);
    if (!column || (other && other != column)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(CLAUSES); i++) {
        const char *clause = base_json_string(table->properties, CLAUSES[i], NULL);
        g_autofree char *renamed = clause ? rename_in_clause(clause, from, to) : NULL;
        if (renamed) {
            base_json_set_string(table->properties, CLAUSES[i], renamed);
        }
    }
    rename_in_texts(json_object_get(table->properties, "indexes"), from, to);
    if (table->sequence && g_ascii_strcasecmp(table->sequence, from) == 0) {
        json_t *properties = json_object_get(table->properties, "properties");
        if (json_object_get(properties, CATALOG_DDL_SEQUENCE)) {
            base_json_set_string(properties, CATALOG_DDL_SEQUENCE, to);
        }
        g_free(table->sequence);
        table->sequence = g_strdup(to);
    }
    g_free(column->name);
    column->name = g_strdup(to);
    return true;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void set_optional(json_t *object, const char *key, const char *value)
{
    if (value && *value) {
        base_json_set_string(object, key, value);
    }
}

static json_t *column_to_json(const CatalogColumn *column)
{
    json_t *object = json_object();
    base_json_set_string(object, "name", column->name);
    base_json_set_string(object, "type", column->type);
    set_optional(object, "type_declared", column->type_declared);
    if (column->key) {
        json_object_set_new(object, "key", json_true());
    }
    if (column->not_null) {
        json_object_set_new(object, "not_null", json_true());
    }
    if (column->agg != CATALOG_AGG_NONE) {
        base_json_set_string(object, "agg", AGGS[column->agg]);
    }
    set_optional(object, "default", column->default_sql);
    set_optional(object, "comment", column->comment);
    return object;
}

json_t *catalog_table_to_json(const CatalogTable *table)
{
    json_t *object = json_object();
    base_json_set_string(object, "schema", table->schema);
    base_json_set_string(object, "name", table->name);
    base_json_set_string(object, "model", MODELS[table->model]);
    json_t *columns = json_array();
    for (guint i = 0; i < table->columns->len; i++) {
        json_array_append_new(columns, column_to_json(g_ptr_array_index(table->columns, i)));
    }
    json_object_set_new(object, "columns", columns);
    set_optional(object, "sequence", table->sequence);
    set_optional(object, "comment", table->comment);
    if (table->properties && json_object_size(table->properties) > 0) {
        json_object_set(object, "properties", table->properties);
    }
    return object;
}

static bool index_of(const char *const *words, size_t n, const char *word, int *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], word) == 0) {
            *ret = (int)i;
            return true;
        }
    }
    return false;
}

static CatalogColumn *column_from_json(const json_t *object, GError **error)
{
    const char *name = base_json_string(object, "name", NULL), *type = base_json_string(object, "type", NULL);
    int agg;
    if (!name || !type ||
        !index_of(AGGS, G_N_ELEMENTS(AGGS), base_json_string(object, "agg", "none"), &agg)) {
        base_fail(error, BASE_E_VALUE_INVALID, "a stored column lacks a name, a type or a known aggregate");
        return NULL;
    }
    CatalogColumn *column = g_new0(CatalogColumn, 1);
    column->name = g_strdup(name);
    column->type = g_strdup(type);
    column->type_declared = g_strdup(base_json_string(object, "type_declared", NULL));
    column->key = base_json_bool(object, "key", false);
    column->not_null = base_json_bool(object, "not_null", false);
    column->agg = (CatalogAgg)agg;
    column->default_sql = g_strdup(base_json_string(object, "default", NULL));
    column->comment = g_strdup(base_json_string(object, "comment", NULL));
    return column;
}

CatalogTable *catalog_table_from_json(json_t *json, GError **error)
{
    const char *schema = base_json_string(json, "schema", NULL), *name = base_json_string(json, "name", NULL);
    int model;
    if (!schema || !name ||
        !index_of(MODELS, G_N_ELEMENTS(MODELS), base_json_string(json, "model", "duplicate"), &model)) {
        base_fail(error, BASE_E_VALUE_INVALID, "a stored table lacks a schema, a name or a known model");
        return NULL;
    }
    g_autoptr(CatalogTable) table = ddl_table_new(schema, name);
    table->model = (CatalogTableModel)model;
    table->sequence = g_strdup(base_json_string(json, "sequence", NULL));
    table->comment = g_strdup(base_json_string(json, "comment", NULL));
    json_t *properties = json_object_get(json, "properties");
    if (json_is_object(properties)) {
        json_decref(table->properties);
        table->properties = json_deep_copy(properties);
    }
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(json, "columns"), i, item) {
        CatalogColumn *column = column_from_json(item, error);
        if (!column) {
            return NULL;
        }
        g_ptr_array_add(table->columns, column);
    }
    return g_steal_pointer(&table);
}
