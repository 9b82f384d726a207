/* Tables of pushed rows: made, or made wider, when a feature view with `push` is applied. They are live
 * tables, as those of CREATE TABLE are: they can be queried, and rights and backups know them. */
#include "server/features_tables.h"

#include "features/store.h"
#include "server/live.h"

static bool make_table(ServerApp *app, CatalogSnapshot **snapshot, const CatalogTable *table, GError **error)
{
    Intake *intake = server_app_intake(app);
    const CatalogObject *known = catalog_resolve_table(*snapshot, table->schema, table->name, NULL, NULL);
    bool exists = intake_table_exists(intake, table->schema, table->name);
    if (known && known->table && exists && known->table->columns->len == table->columns->len) {
        return true; /* columns are only ever added */
    }
    bool made = known && known->table && exists ? intake_table_alter(intake, known->table, table, error)
                : exists                        ? true
                                                : intake_table_create(intake, table, error);
    if (!made || !catalog_store_put_live(server_app_store(app), table, "push", error)) {
        return false;
    }
    CatalogSnapshot *with = catalog_snapshot_with_table(*snapshot, table);
    catalog_snapshot_unref(*snapshot);
    *snapshot = with;
    return true;
}

static bool has_pushed_views(const CatalogSnapshot *snapshot)
{
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind == CATALOG_FEATURE_VIEW && base_json_bool(object->definition, "push", false)) {
            return true;
        }
    }
    return false;
}

bool server_features_tables(ServerApp *app, CatalogSnapshot **snapshot, GError **error)
{
    if (!has_pushed_views(*snapshot)) {
        return true;
    }
    CatalogStore *store = server_app_store(app);
    g_autoptr(FeaturesRegistry) registry = features_registry_record(store, *snapshot, "", error)
                                               ? features_registry_load(store, *snapshot, error)
                                               : NULL;
    const GPtrArray *views = registry ? features_registry_views(registry) : NULL;
    bool ok = views != NULL;
    for (guint i = 0; ok && i < views->len; i++) {
        const FeaturesView *view = g_ptr_array_index(views, i);
        if (view->from == FEATURES_FROM_PUSH && view->latest) {
            g_autoptr(CatalogTable) table = features_registry_push_table(registry, view, error);
            ok = table && make_table(app, snapshot, table, error);
        }
    }
    return ok;
}

static bool other_reads(const FeaturesRegistry *registry, const FeaturesView *pruned)
{
    const GPtrArray *views = features_registry_views(registry);
    for (guint i = 0; i < views->len; i++) {
        const FeaturesView *view = g_ptr_array_index(views, i);
        if (view != pruned && view->table && g_ascii_strcasecmp(view->table, pruned->table) == 0) {
            return true;
        }
    }
    return false;
}

/* Models, and whatever else has SQL of its own: feature views with `sql`, reports. */
static bool check_readers(const CatalogSnapshot *snapshot, const CatalogObject *table, GError **error)
{
    g_autoptr(GPtrArray) reaches = catalog_downstream(snapshot, table);
    if (reaches->len == 0) {
        return true;
    }
    const CatalogObject *object = g_ptr_array_index(reaches, 0);
    base_fail(error, BASE_E_FEATURE_IN_USE, "%s `%s` reads the pushed rows in `%s`",
              catalog_kind_name(object->kind), object->full_name, table->full_name);
    base_error_not_done(error, "Nothing was forgotten.");
    return false;
}

bool server_features_table_drop(ServerApp *app, const FeaturesRegistry *registry, const FeaturesView *pruned,
                                GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(app);
    const CatalogObject *table = pruned->from == FEATURES_FROM_PUSH && !other_reads(registry, pruned)
                                     ? catalog_find(snapshot, pruned->table, NULL, NULL)
                                     : NULL;
    if (!table || !table->table) {
        return true;
    }
    const char *schema = table->table->schema, *name = table->table->name;
    return check_readers(snapshot, table, error) && server_live_drop(app, snapshot, schema, name, error);
}
