/* An object as JSON: what `weir show`, the API and the web page tell of it. */
#include "catalog/catalog_int.h"

static void set_label(json_t *out, const char *key, const char *en, const char *zh)
{
    json_t *label = json_object();
    base_json_set_string(label, "en", en && *en ? en : NULL);
    base_json_set_string(label, "zh", zh && *zh ? zh : NULL);
    json_object_set_new(out, key, label);
}

static json_t *columns_json(const CatalogObject *object)
{
    json_t *out = json_array();
    for (guint i = 0; i < object->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, i);
        json_t *json = json_pack("{s:s, s:s, s:b, s:b}", "name", column->name, "type", column->type, "key",
                                 column->key, "not_null", column->not_null);
        if (column->comment && *column->comment) {
            base_json_set_string(json, "comment", column->comment);
        }
        json_array_append_new(out, json);
    }
    return out;
}

static json_t *neighbours(const CatalogSnapshot *snapshot, const CatalogObject *object, bool up)
{
    json_t *out = json_array();
    g_autoptr(GPtrArray) edges =
        up ? catalog_lineage_up(snapshot, object, NULL) : catalog_lineage_down(snapshot, object, NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        const CatalogObject *far = up ? edge->from : edge->to;
        if (g_hash_table_add(seen, (gpointer)(guintptr)far)) {
            json_array_append_new(out, json_string(far->id));
        }
    }
    return out;
}

static void set_model(json_t *out, const CatalogModelInfo *model)
{
    json_t *json = json_object();
    base_json_set_string(json, "kind", catalog_model_kind_name(model->kind));
    base_json_set_string(json, "sql", model->sql);
    base_json_set_string(json, "sql_resolved", model->sql_resolved);
    base_json_set_string(json, "strategy", model->strategy ? catalog_strategy_name(model->strategy) : NULL);
    base_json_set_string(json, "time", model->time);
    base_json_set_string(json, "schedule", model->schedule);
    json_object_set_new(json, "uses_interval", json_boolean(model->uses_interval));
    json_t *key = json_array();
    for (size_t i = 0; model->key[i]; i++) {
        json_array_append_new(key, json_string(model->key[i]));
    }
    json_object_set_new(json, "key", key);
    json_object_set_new(out, "model", json);
}

json_t *catalog_object_to_json(const CatalogSnapshot *snapshot, const CatalogObject *object, bool whole)
{
    json_t *out = json_object();
    base_json_set_string(out, "id", object->id);
    base_json_set_string(out, "kind", catalog_kind_name(object->kind));
    base_json_set_string(out, "name", object->name);
    base_json_set_string(out, "domain", object->domain);
    base_json_set_string(out, "full_name", object->full_name);
    set_label(out, "title", object->title_en, object->title_zh);
    const char *texts[][2] = {{"owner", object->owner},
                              {"grade", object->grade},
                              {"status", object->status},
                              {"layer", object->layer},
                              {"file", object->file}};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        base_json_set_string(out, texts[i][0], texts[i][1]);
    }
    base_json_set_int(out, "line", object->line);
    if (!whole) {
        return out;
    }
    set_label(out, "description", object->description_en, object->description_zh);
    base_json_set_string(out, "hash", object->hash);
    base_json_set_string(out, "text", object->text);
    json_object_set(out, "definition", object->definition);
    if (object->columns) {
        json_object_set_new(out, "columns", columns_json(object));
    }
    if (object->table) {
        json_object_set_new(out, "table", catalog_table_to_json(object->table));
    }
    if (object->model) {
        set_model(out, object->model);
    }
    json_object_set_new(out, "upstream", neighbours(snapshot, object, true));
    json_object_set_new(out, "downstream", neighbours(snapshot, object, false));
    return out;
}
