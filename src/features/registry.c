/* The picture of all views that calls read: made of a snapshot and of the versions kept, swapped whole. */
#include "features/registry.h"

#include <string.h>

#include "base/text.h"
#include "features/registry_int.h"

/* ---- making it ---------------------------------------------------------------------------------------- */

static void free_list(gpointer list)
{
    g_ptr_array_unref(list);
}

static FeaturesRegistry *registry_new(CatalogSnapshot *applied)
{
    FeaturesRegistry *registry = g_new0(FeaturesRegistry, 1);
    registry->refs = 1;
    registry->snapshot = catalog_snapshot_ref(applied);
    registry->views = g_ptr_array_new_with_free_func((GDestroyNotify)features_view_free);
    registry->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
    registry->arena = features_arena_new();
    return registry;
}

FeaturesRegistry *features_registry_ref(FeaturesRegistry *registry)
{
    if (registry) {
        g_atomic_int_inc(&registry->refs);
    }
    return registry;
}

void features_registry_unref(FeaturesRegistry *registry)
{
    if (!registry || !g_atomic_int_dec_and_test(&registry->refs)) {
        return;
    }
    g_hash_table_unref(registry->by_name);
    g_ptr_array_unref(registry->views);
    features_arena_free(registry->arena);
    catalog_snapshot_unref(registry->snapshot);
    g_free(registry);
}

static bool add_view(FeaturesRegistry *registry, const char *domain, const char *name, unsigned version,
                     bool latest, const json_t *spec, const char *gone, GError **error)
{
    FeaturesViewName as = {.project = catalog_project_name(registry->snapshot),
                           .domain = domain,
                           .name = name,
                           .version = version,
                           .latest = latest};
    FeaturesView *view = features_view_new(&as, spec, registry->arena, error);
    if (!view) {
        return false;
    }
    view->gone = gone ? g_strdup(gone) : features_spec_gone(spec, registry->snapshot);
    g_ptr_array_add(registry->views, view);
    return true;
}

/* The newest version is shown as it is declared now: its titles, owners and tags may be younger than it. */
static bool add_declared(FeaturesRegistry *registry, const CatalogObject *view, const FeaturesVersion *newest,
                         GError **error)
{
    g_autoptr(GError) own = NULL;
    g_autoptr(json_t) spec = features_spec_make(registry->snapshot, view, &own);
    if (!spec) {
        return !newest || add_view(registry, view->domain, view->name, newest->version, true, newest->spec,
                                   own->message, error);
    }
    features_spec_follow(spec, newest, newest ? newest->version + 1 : 1, registry->snapshot);
    g_autofree char *hash = features_spec_hash(spec);
    bool recorded = newest && g_str_equal(hash, newest->hash);
    unsigned version = newest ? newest->version + !recorded : 1;
    return (!newest || recorded ||
            add_view(registry, view->domain, view->name, newest->version, false, newest->spec, NULL,
                     error)) &&
           add_view(registry, view->domain, view->name, version, true, spec, NULL, error);
}

static const CatalogObject *declared(const FeaturesRegistry *registry, const FeaturesVersion *version)
{
    g_autofree char *id = *version->domain
                              ? g_strdup_printf("feature_view:%s.%s", version->domain, version->view)
                              : g_strdup_printf("feature_view:%s", version->view);
    return catalog_by_id(registry->snapshot, id);
}

static bool add_versions(FeaturesRegistry *registry, const GPtrArray *versions, GHashTable *newest,
                         GError **error)
{
    for (guint i = 0; i < versions->len; i++) {
        const FeaturesVersion *version = g_ptr_array_index(versions, i);
        const FeaturesVersion *next = i + 1 < versions->len ? g_ptr_array_index(versions, i + 1) : NULL;
        const CatalogObject *object = declared(registry, version);
        bool last =
            !next || !g_str_equal(next->domain, version->domain) || !g_str_equal(next->view, version->view);
        if (object && last) {
            g_hash_table_insert(newest, (gpointer)(guintptr)object, (gpointer)(guintptr)version);
        } else if (!add_view(registry, version->domain, version->view, version->version, false, version->spec,
                             NULL, error)) {
            return false;
        }
    }
    return true;
}

static gint by_name_then_newest(gconstpointer a, gconstpointer b)
{
    const FeaturesView *x = *(const FeaturesView *const *)a;
    const FeaturesView *y = *(const FeaturesView *const *)b;
    int order = strcmp(x->name, y->name);
    order = order ? order : strcmp(x->domain, y->domain);
    return order ? order : x->version > y->version ? -1 : x->version < y->version;
}

static void index_views(FeaturesRegistry *registry)
{
    g_ptr_array_sort(registry->views, by_name_then_newest);
    for (guint i = 0; i < registry->views->len; i++) {
        FeaturesView *view = g_ptr_array_index(registry->views, i);
        char *folded = g_ascii_strdown(view->name, -1);
        GPtrArray *list = g_hash_table_lookup(registry->by_name, folded);
        if (list) {
            g_free(folded);
        } else {
            list = g_ptr_array_new();
            g_hash_table_insert(registry->by_name, folded, list);
        }
        g_ptr_array_add(list, view);
    }
}

/* Types of inputs that are of older versions. */
static void type_inputs(FeaturesRegistry *registry)
{
    for (guint i = 0; i < registry->views->len; i++) {
        FeaturesView *view = g_ptr_array_index(registry->views, i);
        for (size_t k = 0; k < view->n_inputs; k++) {
            FeaturesInput *input = &view->inputs[k];
            size_t feature;
            const FeaturesView *from =
                input->type == FEATURES_INVALID ? features_registry_view(registry, input->view, NULL) : NULL;
            if (from && features_view_feature(from, input->feature, &feature)) {
                input->type = from->features[feature].type;
            }
        }
    }
}

FeaturesRegistry *features_registry_load(CatalogStore *store, CatalogSnapshot *applied, GError **error)
{
    g_autoptr(GPtrArray) versions = features_versions_read(store, error);
    if (!versions) {
        return NULL;
    }
    g_autoptr(FeaturesRegistry) registry = registry_new(applied);
    g_autoptr(GHashTable) newest = g_hash_table_new(g_direct_hash, g_direct_equal);
    if (!add_versions(registry, versions, newest, error)) {
        return NULL;
    }
    const GPtrArray *objects = catalog_objects(applied);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind == CATALOG_FEATURE_VIEW &&
            !add_declared(registry, object, g_hash_table_lookup(newest, object), error)) {
            return NULL;
        }
    }
    index_views(registry);
    type_inputs(registry);
    return g_steal_pointer(&registry);
}

/* ---- finding ----------------------------------------------------------------------------------------------
 */

const char *features_registry_project(const FeaturesRegistry *registry)
{
    return catalog_project_name(registry->snapshot);
}

const GPtrArray *features_registry_views(const FeaturesRegistry *registry)
{
    return registry->views;
}

static void fail_unknown(const FeaturesRegistry *registry, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < registry->views->len; i++) {
        const FeaturesView *view = g_ptr_array_index(registry->views, i);
        if (view->latest) {
            g_ptr_array_add(names, view->name);
        }
    }
    base_fail(error, BASE_E_FEATURE_UNKNOWN, "no feature view `%s` among the %u of project `%s`", name,
              names->len, features_registry_project(registry));
    g_ptr_array_add(names, NULL);
    const char *nearest = base_text_nearest(name, (const char *const *)names->pdata);
    if (nearest) {
        base_error_hint(error, "did you mean `%s`?", nearest);
    }
}

static const FeaturesView *fail_version(const GPtrArray *list, const char *domain, const char *name,
                                        const char *wanted, GError **error)
{
    g_autoptr(GString) kept = g_string_new(NULL);
    for (guint i = list->len; i-- > 0;) {
        const FeaturesView *view = g_ptr_array_index(list, i);
        if (!domain || g_ascii_strcasecmp(view->domain, domain) == 0) {
            g_string_append_printf(kept, "%s%s@v%u", kept->len ? ", " : "", view->name, view->version);
        }
    }
    if (wanted) {
        base_fail(error, BASE_E_FEATURE_UNKNOWN, "feature view `%s` has no version `%s`", name, wanted);
    } else {
        base_fail(error, BASE_E_FEATURE_UNKNOWN, "feature view `%s` is declared no more", name);
    }
    base_error_hint(error, "kept: %s", kept->str);
    return NULL;
}

/* "v2" -> 2, "latest" -> 0; false for anything else. */
static bool version_number(const char *text, unsigned *ret)
{
    gint64 number;
    if (g_ascii_strcasecmp(text, "latest") == 0) {
        *ret = 0;
        return true;
    }
    if (g_ascii_tolower(text[0]) != 'v' || !base_text_to_int(text + 1, 1, G_MAXUINT32, &number)) {
        return false;
    }
    *ret = (unsigned)number;
    return true;
}

const FeaturesView *features_registry_view(const FeaturesRegistry *registry, const char *name, GError **error)
{
    const char *at = strchr(name, '@');
    g_autofree char *bare = at ? g_strndup(name, (gsize)(at - name)) : g_strdup(name);
    const char *dot = strchr(bare, '.');
    g_autofree char *domain = dot ? g_strndup(bare, (gsize)(dot - bare)) : NULL;
    g_autofree char *folded = g_ascii_strdown(dot ? dot + 1 : bare, -1);
    const GPtrArray *list = g_hash_table_lookup(registry->by_name, folded);
    unsigned wanted = 0;
    bool in_domain = false, good = !at || version_number(at + 1, &wanted);
    for (guint i = 0; list && i < list->len; i++) {
        const FeaturesView *view = g_ptr_array_index(list, i);
        if (domain && g_ascii_strcasecmp(view->domain, domain) != 0) {
            continue;
        }
        in_domain = true;
        if (good && (wanted ? view->version == wanted : view->latest)) {
            return view;
        }
    }
    if (!in_domain) {
        fail_unknown(registry, bare, error);
        return NULL;
    }
    return fail_version(list, domain, bare, wanted || !good ? at + 1 : NULL, error);
}
