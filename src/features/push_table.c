/* Tables of pushed rows: one for a view, wider with each version that adds features; a version that changes a
 * type begins another (features_spec_follow). Rows are kept as they come: keys, times, features. */
#include <string.h>

#include "features/registry_int.h"

static void add_column(json_t *columns, const char *name, const char *type)
{
    size_t i;
    json_t *known;
    json_array_foreach (columns, i, known) {
        if (g_ascii_strcasecmp(base_json_string(known, "name", ""), name) == 0) {
            return;
        }
    }
    json_array_append_new(columns, json_pack("{s:s, s:s}", "name", name, "type", type));
}

static void add_columns(json_t *columns, const FeaturesView *view)
{
    for (size_t i = 0; i < view->n_keys; i++) {
        add_column(columns, view->keys[i].name, features_type_sql(view->keys[i].type));
    }
    add_column(columns, view->time, features_type_sql(FEATURES_TIMESTAMP));
    if (view->created) {
        add_column(columns, view->created, features_type_sql(FEATURES_TIMESTAMP));
    }
    for (size_t i = 0; i < view->n_features; i++) {
        add_column(columns, view->features[i].name, features_type_sql(view->features[i].type));
    }
}

CatalogTable *features_registry_push_table(const FeaturesRegistry *registry, const FeaturesView *view,
                                           GError **error)
{
    const char *dot = strchr(view->table, '.');
    g_autofree char *schema = g_strndup(view->table, (gsize)(dot - view->table));
    json_t *columns = json_array();
    const CatalogObject *known = catalog_resolve_table(registry->snapshot, schema, dot + 1, NULL, NULL);
    for (guint i = 0; known && known->table && i < known->table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(known->table->columns, i);
        add_column(columns, column->name, column->type); /* also of versions that were pruned */
    }
    for (guint i = registry->views->len; i-- > 0;) { /* older ones first: columns stay where they are */
        const FeaturesView *other = g_ptr_array_index(registry->views, i);
        if (other->from == FEATURES_FROM_PUSH && g_str_equal(other->table, view->table)) {
            add_columns(columns, other);
        }
    }
    g_autoptr(json_t) json =
        json_pack("{s:s, s:s, s:s, s:o, s:o}", "schema", schema, "name", dot + 1, "model", "duplicate",
                  "comment", json_sprintf("rows pushed to feature view %s", view->name), "columns", columns);
    return catalog_table_from_json(json, error);
}
