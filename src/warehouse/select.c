/* Which models a run takes: words -> a set, put into the order of what reads what. */
#include <string.h>

#include "warehouse/warehouse_int.h"

static void add_models(GHashTable *chosen, const GPtrArray *objects)
{
    for (guint i = 0; objects && i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if (object->kind == CATALOG_MODEL) {
            g_hash_table_add(chosen, objects->pdata[i]);
        }
    }
}

static bool has_tag(const CatalogObject *object, const char *tag)
{
    json_t *tags = json_object_get(object->definition, "tags");
    if (json_is_string(tags)) {
        return g_str_equal(json_string_value(tags), tag);
    }
    size_t i;
    json_t *item;
    json_array_foreach (tags, i, item) {
        if (json_is_string(item) && g_str_equal(json_string_value(item), tag)) {
            return true;
        }
    }
    return false;
}

typedef enum { BY_DOMAIN, BY_LAYER, BY_TAG } Property;

static bool fits(const CatalogObject *object, Property property, const char *value)
{
    switch (property) {
    case BY_DOMAIN:
        return g_str_equal(object->domain, value);
    case BY_LAYER:
        return g_ascii_strcasecmp(object->layer, value) == 0;
    case BY_TAG:
        return has_tag(object, value);
    }
    return false;
}

static bool select_property(CatalogSnapshot *snapshot, Property property, const char *word, const char *value,
                            GHashTable *chosen, GError **error)
{
    const GPtrArray *objects = catalog_objects(snapshot);
    bool found = false;
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if (object->kind == CATALOG_MODEL && fits(object, property, value)) {
            g_hash_table_add(chosen, objects->pdata[i]);
            found = true;
        }
    }
    return found || base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no model has %s", word);
}

static bool select_name(CatalogSnapshot *snapshot, const char *word, GHashTable *chosen, GError **error)
{
    bool up = g_str_has_prefix(word, "+");
    bool down = g_str_has_suffix(word, "+") && strlen(word) > 1;
    g_autofree char *name = g_strdup(word + (up ? 1 : 0));
    if (down) {
        name[strlen(name) - 1] = '\0';
    }
    const CatalogObject *object = catalog_find(snapshot, name, NULL, error);
    if (!object) {
        return false;
    }
    if (object->kind != CATALOG_MODEL && !(up || down)) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "`%s` is a %s, not a model", name,
                  catalog_kind_name(object->kind));
        base_error_hint(error, "`%s+` runs the models that read it", name);
        return false;
    }
    if (object->kind == CATALOG_MODEL) {
        g_hash_table_add(chosen, (gpointer)(guintptr)object);
    }
    if (up) {
        g_autoptr(GPtrArray) objects = catalog_upstream(snapshot, object);
        add_models(chosen, objects);
    }
    if (down) {
        g_autoptr(GPtrArray) objects = catalog_downstream(snapshot, object);
        add_models(chosen, objects);
    }
    return true;
}

static bool select_word(CatalogSnapshot *snapshot, const char *word, GHashTable *chosen, GError **error)
{
    static const struct {
        const char *prefix;
        Property property;
    } properties[] = {{"domain:", BY_DOMAIN}, {"layer:", BY_LAYER}, {"tag:", BY_TAG}};
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        if (g_str_has_prefix(word, properties[i].prefix)) {
            const char *value = word + strlen(properties[i].prefix);
            return select_property(snapshot, properties[i].property, word, value, chosen, error);
        }
    }
    return select_name(snapshot, word, chosen, error);
}

/* Temp tables do not stand between runs: what reads one takes it along. Readers come first, so that a temp of
 * a temp is found. */
static void add_temps(CatalogSnapshot *snapshot, const GPtrArray *order, GHashTable *chosen)
{
    for (guint i = order->len; i > 0; i--) {
        if (!g_hash_table_contains(chosen, order->pdata[i - 1])) {
            continue;
        }
        g_autoptr(GPtrArray) edges = catalog_lineage_up(snapshot, order->pdata[i - 1], NULL);
        for (guint k = 0; edges && k < edges->len; k++) {
            const CatalogObject *from = ((const CatalogEdge *)edges->pdata[k])->from;
            if (from->kind == CATALOG_MODEL && from->model->kind == CATALOG_MODEL_TEMP) {
                g_hash_table_add(chosen, (gpointer)(guintptr)from);
            }
        }
    }
}

GPtrArray *warehouse_select(CatalogSnapshot *snapshot, const char *const *words, GError **error)
{
    g_autoptr(GPtrArray) order = catalog_model_order(snapshot, error);
    if (!order) {
        return NULL;
    }
    if (!words || !words[0]) {
        return g_steal_pointer(&order);
    }
    g_autoptr(GHashTable) chosen = g_hash_table_new(NULL, NULL);
    for (size_t i = 0; words[i]; i++) {
        if (!select_word(snapshot, words[i], chosen, error)) {
            return NULL;
        }
    }
    add_temps(snapshot, order, chosen);
    GPtrArray *models = g_ptr_array_new();
    for (guint i = 0; i < order->len; i++) {
        if (g_hash_table_contains(chosen, order->pdata[i])) {
            g_ptr_array_add(models, order->pdata[i]);
        }
    }
    return models;
}
