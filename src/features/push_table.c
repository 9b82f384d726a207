/* Tables of pushed rows: one for a view, wider with each version that adds features; a version that changes a
 * type begins another (features_spec_follow). Rows are kept as they come: keys, times, features. */
#include <string.h>

#include "features/registry_int.h"

static void add_column(json_t *columns, const char *name, FeaturesType type, bool not_null)
{
    size_t i;
    json_t *known;
    json_array_foreach (columns, i, known) {
        if (g_ascii_strcasecmp(base_json_string(known, "name", ""), name) == 0) {
            return;
        }
    }
    json_array_append_new(columns, json_pack("{s:s, s:s, s:b}", "name", name, "type", features_type_sql(type),
                                             "not_null", not_null));
}

static void add_columns(json_t *columns, const FeaturesView *view)
{
    for (size_t i = 0; i < view->n_keys; i++) {
        add_column(columns, view->keys[i].name, view->keys[i].type, false);
    }
    add_column(columns, view->time, FEATURES_TIMESTAMP, false);
    if (view->created) {
        add_column(columns, view->created, FEATURES_TIMESTAMP, false);
    }
    for (size_t i = 0; i < view->n_features; i++) {
        add_column(columns, view->features[i].name, view->features[i].type, false);
    }
}

CatalogTable *features_registry_push_table(const FeaturesRegistry *registry, const FeaturesView *view,
                                           GError **error)
{
    const char *dot = strchr(view->table, '.');
    g_autofree char *schema = g_strndup(view->table, (gsize)(dot - view->table));
    json_t *columns = json_array();
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
