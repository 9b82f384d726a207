/* Objects and files: reference-counted and, once sealed, never changed; snapshots share them. */
#include "catalog/catalog_int.h"

CatalogFile *catalog_file_new(const char *path, char *text_taken, size_t len)
{
    CatalogFile *file = g_new0(CatalogFile, 1);
    file->refs = 1;
    file->path = g_strdup(path);
    file->text = text_taken;
    file->len = len;
    file->hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text_taken, len);
    return file;
}

CatalogFile *catalog_file_ref(CatalogFile *file)
{
    g_atomic_int_inc(&file->refs);
    return file;
}

void catalog_file_unref(CatalogFile *file)
{
    if (file && g_atomic_int_dec_and_test(&file->refs)) {
        g_free(file->path);
        g_free(file->text);
        g_free(file->hash);
        g_free(file);
    }
}

CatalogNode *catalog_node_new(CatalogKind kind, const char *domain, const char *name)
{
    CatalogNode *node = g_new0(CatalogNode, 1);
    node->refs = 1;
    CatalogObject *object = &node->object;
    object->kind = kind;
    object->name = g_strdup(name);
    object->domain = g_strdup(domain);
    object->full_name = *domain ? g_strdup_printf("%s.%s", domain, name) : g_strdup(name);
    object->id = g_strdup_printf("%s:%s", catalog_kind_name(kind), object->full_name);
    object->plain_name = g_strdup(object->name);
    object->plain_full_name = g_strdup(object->full_name);
    return node;
}

static void free_text(const char *text)
{
    g_free((gpointer)(guintptr)text);
}

void catalog_node_rename(CatalogNode *node, const char *environment, const char *fingerprint)
{
    CatalogObject *object = &node->object;
    free_text(object->name);
    free_text(object->full_name);
    free_text(object->id);
    object->name = g_strdup_printf("%s__%s", object->plain_name, environment);
    object->full_name = g_strdup_printf("%s.%s", object->domain, object->name);
    object->id = g_strdup_printf("%s:%s", catalog_kind_name(object->kind), object->full_name);
    object->environment = g_strdup(environment);
    object->fingerprint = g_strdup(fingerprint);
}

CatalogNode *catalog_node_ref(CatalogNode *node)
{
    g_atomic_int_inc(&node->refs);
    return node;
}

static void free_model(CatalogModelInfo *model)
{
    if (!model) {
        return;
    }
    free_text(model->sql);
    free_text(model->sql_resolved);
    free_text(model->time);
    free_text(model->schedule);
    g_strfreev((char **)(guintptr)model->key);
    catalog_scd2_free((CatalogScd2 *)(guintptr)model->scd2);
    g_free(model);
}

static void free_features(CatalogFeatures *features)
{
    if (!features) {
        return;
    }
    for (size_t i = 0; i < features->n_inputs; i++) {
        free_text(features->inputs[i].view);
        free_text(features->inputs[i].feature);
        free_text(features->inputs[i].name);
    }
    g_free((gpointer)(guintptr)features->inputs);
    g_ptr_array_unref((GPtrArray *)(guintptr)features->types);
    g_free(features);
}

void catalog_node_unref(CatalogNode *node)
{
    if (!node || !g_atomic_int_dec_and_test(&node->refs)) {
        return;
    }
    CatalogObject *object = &node->object;
    const char *texts[] = {object->name,
                           object->domain,
                           object->id,
                           object->full_name,
                           object->file,
                           object->title_en,
                           object->title_zh,
                           object->description_en,
                           object->description_zh,
                           object->owner,
                           object->grade,
                           object->status,
                           object->layer,
                           object->text,
                           object->hash,
                           object->plain_name,
                           object->plain_full_name,
                           object->environment,
                           object->fingerprint};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        free_text(texts[i]);
    }
    g_free(node->history_clash);
    json_decref(object->definition);
    free_model(node->model_owned);
    free_features(node->features_owned);
    catalog_node_unref(node->query_owned);
    catalog_table_free(node->table_owned);
    g_clear_pointer(&node->columns_owned, g_ptr_array_unref);
    g_free(node);
}

CatalogColumn *catalog_column_new(const char *name, const char *type)
{
    CatalogColumn *column = g_new0(CatalogColumn, 1);
    column->name = g_strdup(name);
    column->type = g_strdup(type);
    column->type_declared = g_strdup("");
    column->comment = g_strdup("");
    return column;
}

void catalog_column_free(CatalogColumn *column)
{
    if (column) {
        g_free(column->name);
        g_free(column->type);
        g_free(column->type_declared);
        g_free(column->default_sql);
        g_free(column->comment);
        g_free(column);
    }
}

const CatalogColumn *catalog_columns_find(const GPtrArray *columns, const char *name)
{
    for (guint i = 0; columns && i < columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(columns, i);
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

/* The domain is part of the meaning: an object that moves is another one, which its id says. */
void catalog_node_seal(CatalogNode *node)
{
    CatalogObject *object = &node->object;
    g_autofree char *yaml = catalog_canonical(object->kind, object->definition);
    free_text(object->text);
    free_text(object->hash);
    object->text = object->model ? g_strdup_printf("%s---\n%s\n", yaml, object->model->sql) : g_strdup(yaml);
    object->hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, object->text, -1);
}

static json_t *live_definition(const CatalogTable *table)
{
    json_t *json = catalog_table_to_json(table);
    json_object_del(json, "schema");
    if (!*base_json_string(json, "comment", "")) {
        json_object_del(json, "comment");
    }
    return json;
}

CatalogNode *catalog_node_from_table(const CatalogTable *table)
{
    CatalogNode *node = catalog_node_new(CATALOG_TABLE, table->schema, table->name);
    CatalogObject *object = &node->object;
    node->live = true;
    node->table_owned = catalog_table_copy(table);
    object->table = node->table_owned;
    object->columns = node->table_owned->columns;
    object->definition = live_definition(table);
    object->file = g_strdup("");
    object->title_en = g_strdup(table->comment ? table->comment : "");
    object->title_zh = g_strdup("");
    object->description_en = g_strdup("");
    object->description_zh = g_strdup("");
    object->owner = g_strdup("");
    object->grade = g_strdup("");
    object->status = g_strdup("");
    const char *layer = catalog_layer_of(table->name);
    object->layer = g_strdup(layer ? layer : "");
    catalog_node_seal(node);
    return node;
}
