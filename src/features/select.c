/* What a call asks for: refs, or a service, as views that are read and columns that are answered. Everything
 * that can be wrong with it is found here, before any row is read. */
#include <string.h>

#include "base/text.h"
#include "features/registry_int.h"

#define MAX_REFS  10000
#define MAX_DEPTH 16 /* on-demand views over on-demand views */

typedef struct {
    FeaturesRegistry *registry;
    bool full_names;
    GArray *uses;    /* FeaturesUse */
    GArray *picks;   /* FeaturesPick */
    GArray *request; /* FeaturesField, borrowed names */
    GArray *keys;    /* FeaturesField, borrowed names */
} Select;

/* ---- views in use ----------------------------------------------------------------------------------------
 */

static void clear_use(gpointer data)
{
    FeaturesUse *use = data;
    g_free(use->name);
    g_strfreev(use->keys);
    g_free(use->inputs);
}

static void clear_pick(gpointer data)
{
    g_free(((FeaturesPick *)data)->name);
}

static char **key_names(const FeaturesView *view, const json_t *renamed)
{
    char **names = g_new0(char *, view->n_keys + 1);
    for (size_t i = 0; i < view->n_keys; i++) {
        const char *stored = view->keys[i].stored;
        names[i] = g_strdup(base_json_string(renamed, stored, stored));
    }
    return names;
}

/* How columns call it: without its domain, with the version as it was asked for. */
static char *label_of(const FeaturesView *view, const char *asked)
{
    const char *at = strchr(asked, '@');
    return g_strconcat(view->name, at ? at : "", NULL);
}

static bool same_keys(char *const *a, char *const *b)
{
    return g_strv_equal((const char *const *)a, (const char *const *)b);
}

static bool find_use(const Select *select, const FeaturesView *view, const char *name, char *const *keys,
                     size_t *ret)
{
    for (guint i = 0; i < select->uses->len; i++) {
        const FeaturesUse *use = &g_array_index(select->uses, FeaturesUse, i);
        if (use->view == view && g_str_equal(use->name, name) && same_keys(use->keys, keys)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* A column that asking rows must carry: once, and of one type. */
static bool need_column(GArray *columns, const char *name, FeaturesType type, GError **error)
{
    for (guint i = 0; i < columns->len; i++) {
        const FeaturesField *known = &g_array_index(columns, FeaturesField, i);
        if (!g_str_equal(known->name, name)) {
            continue;
        }
        return known->type == type ||
               base_fail(error, BASE_E_FEATURE_COLLISION, "`%s` is asked for as %s and as %s", name,
                         features_type_name(known->type), features_type_name(type));
    }
    FeaturesField column = {.name = (char *)(guintptr)name, .type = type};
    g_array_append_val(columns, column);
    return true;
}

static bool use_view(Select *select, const FeaturesView *view, const char *name, const json_t *renamed,
                     unsigned depth, size_t *ret, GError **error);

static bool use_inputs(Select *select, FeaturesUse *use, unsigned depth, GError **error)
{
    const FeaturesView *view = use->view;
    use->inputs = g_malloc0_n(view->n_inputs + 1, sizeof *use->inputs);
    for (size_t i = 0; i < view->n_inputs; i++) {
        const FeaturesView *from = features_registry_view(select->registry, view->inputs[i].view, error);
        if (!from) {
            return false;
        }
        if (!features_view_feature(from, view->inputs[i].feature, &use->inputs[i].feature)) {
            return base_fail(error, BASE_E_FEATURE_UNKNOWN,
                             "`%s@v%u` is computed of `%s:%s`, which is no feature any more", view->name,
                             view->version, view->inputs[i].view, view->inputs[i].feature);
        }
        g_autofree char *label = label_of(from, view->inputs[i].view);
        if (!use_view(select, from, label, NULL, depth + 1, &use->inputs[i].use, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < view->n_request; i++) {
        if (!need_column(select->request, view->request[i].name, view->request[i].type, error)) {
            return false;
        }
    }
    return true;
}

static bool use_view(Select *select, const FeaturesView *view, const char *name, const json_t *renamed,
                     unsigned depth, size_t *ret, GError **error)
{
    g_auto(GStrv) keys = key_names(view, renamed);
    if (depth > MAX_DEPTH) {
        return base_fail(error, BASE_E_CYCLE, "on-demand views are made of each other: `%s`", view->name);
    }
    if (find_use(select, view, name, keys, ret)) {
        return true;
    }
    FeaturesUse use = {.view = view, .name = g_strdup(name)};
    use.keys = g_strdupv(keys);
    bool ok = view->from != FEATURES_FROM_REQUEST || use_inputs(select, &use, depth, error);
    *ret = select->uses->len;
    g_array_append_val(select->uses, use);
    for (size_t i = 0; ok && i < view->n_keys; i++) {
        ok = need_column(select->keys, use.keys[i], view->keys[i].type, error);
    }
    return ok;
}

/* ---- picks -----------------------------------------------------------------------------------------------
 */

static void add_pick(Select *select, size_t use, size_t feature)
{
    const FeaturesUse *from = &g_array_index(select->uses, FeaturesUse, use);
    const char *name = from->view->features[feature].name;
    FeaturesPick pick = {.use = use, .feature = feature};
    pick.name = select->full_names ? g_strdup_printf("%s__%s", from->name, name) : g_strdup(name);
    g_array_append_val(select->picks, pick);
}

static bool fail_feature(const FeaturesView *view, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < view->n_features; i++) {
        g_ptr_array_add(names, view->features[i].name);
    }
    g_ptr_array_add(names, NULL);
    base_fail(error, BASE_E_FEATURE_UNKNOWN, "feature view `%s@v%u` has no feature `%s`", view->name,
              view->version, name);
    const char *nearest = base_text_nearest(name, (const char *const *)names->pdata);
    g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
    if (nearest) {
        base_error_hint(error, "did you mean `%s`?", nearest);
    } else {
        base_error_hint(error, "it has %s", all);
    }
    return false;
}

static bool pick_feature(Select *select, size_t use, const char *name, GError **error)
{
    const FeaturesView *view = g_array_index(select->uses, FeaturesUse, use).view;
    size_t feature;
    if (!features_view_feature(view, name, &feature)) {
        return fail_feature(view, name, error);
    }
    add_pick(select, use, feature);
    return true;
}

static void pick_all(Select *select, size_t use)
{
    const FeaturesView *view = g_array_index(select->uses, FeaturesUse, use).view;
    for (size_t i = 0; i < view->n_features; i++) {
        add_pick(select, use, i);
    }
}

/* "view", "view:feature", "view@v2:feature". */
static bool add_ref(Select *select, const char *ref, GError **error)
{
    const char *colon = strchr(ref, ':');
    g_autofree char *name = colon ? g_strndup(ref, (gsize)(colon - ref)) : g_strdup(ref);
    const FeaturesView *view = features_registry_view(select->registry, name, error);
    g_autofree char *label = view ? label_of(view, name) : NULL;
    size_t use;
    if (!view || !use_view(select, view, label, NULL, 0, &use, error)) {
        return false;
    }
    if (colon) {
        return pick_feature(select, use, colon + 1, error);
    }
    pick_all(select, use);
    return true;
}

/* {view, as, keys: {entity key: asking column}, features: [..]} */
static bool check_keys(const FeaturesView *view, const json_t *renamed, GError **error)
{
    const char *key;
    const json_t *value;
    json_object_foreach ((json_t *)(guintptr)renamed, key, value) {
        bool known = false;
        for (size_t i = 0; i < view->n_keys; i++) {
            known = known || g_str_equal(view->keys[i].stored, key);
        }
        if (!known) {
            return base_fail(error, BASE_E_FEATURE_UNKNOWN, "feature view `%s@v%u` has no key `%s`",
                             view->name, view->version, key);
        }
    }
    return true;
}

static bool add_entry(Select *select, const json_t *entry, GError **error)
{
    const char *name = base_json_string(entry, "view", "");
    const json_t *renamed = json_object_get(entry, "keys");
    const json_t *features = json_object_get(entry, "features");
    const FeaturesView *view = features_registry_view(select->registry, name, error);
    g_autofree char *label = view ? label_of(view, name) : NULL;
    size_t use;
    if (!view || !check_keys(view, renamed, error) ||
        !use_view(select, view, base_json_string(entry, "as", label), renamed, 0, &use, error)) {
        return false;
    }
    if (!features) {
        pick_all(select, use);
    }
    size_t n = json_is_array(features) ? json_array_size(features) : features ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *feature = json_is_array(features) ? json_array_get(features, i) : features;
        if (!pick_feature(select, use, json_is_string(feature) ? json_string_value(feature) : "", error)) {
            return false;
        }
    }
    return true;
}

static bool add_service(Select *select, const char *name, GError **error)
{
    const CatalogObject *service =
        features_find(select->registry->snapshot, CATALOG_FEATURE_SERVICE, name, NULL, error);
    if (!service) {
        return false;
    }
    const json_t *entries = json_object_get(service->definition, "features");
    size_t n = json_is_array(entries) ? json_array_size(entries) : entries ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_is_array(entries) ? json_array_get(entries, i) : entries;
        bool ok = json_is_string(entry) ? add_ref(select, json_string_value(entry), error)
                                        : add_entry(select, entry, error);
        if (!ok) {
            g_prefix_error(error, "in feature service `%s`: ", service->full_name);
            return false;
        }
    }
    return true;
}

/* ---- one column, one name -------------------------------------------------------------------------------
 */

static bool fail_collision(const Select *select, const FeaturesPick *pick, const char *other, GError **error)
{
    const FeaturesUse *use = &g_array_index(select->uses, FeaturesUse, pick->use);
    base_fail(error, BASE_E_FEATURE_COLLISION, "two columns would be named `%s`: %s and feature `%s:%s`",
              pick->name, other, use->name, use->view->features[pick->feature].name);
    base_error_hint(error, select->full_names
                               ? "ask for it once, or under an alias of a service"
                               : "ask with full feature names, or under an alias of a service");
    return false;
}

static bool check_names(const Select *select, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    const GArray *asked[] = {select->keys, select->request};
    static const char *const what[] = {"key", "request field"};
    for (size_t k = 0; k < G_N_ELEMENTS(asked); k++) {
        for (guint i = 0; i < asked[k]->len; i++) {
            char *name = g_array_index(asked[k], FeaturesField, i).name;
            g_hash_table_insert(seen, name, g_strdup_printf("%s `%s`", what[k], name));
        }
    }
    for (guint i = 0; i < select->picks->len; i++) {
        const FeaturesPick *pick = &g_array_index(select->picks, FeaturesPick, i);
        const char *other = g_hash_table_lookup(seen, pick->name);
        if (other) {
            return fail_collision(select, pick, other, error);
        }
        const FeaturesUse *use = &g_array_index(select->uses, FeaturesUse, pick->use);
        g_hash_table_insert(
            seen, pick->name,
            g_strdup_printf("feature `%s:%s`", use->name, use->view->features[pick->feature].name));
    }
    return true;
}

/* ---- the selection ----------------------------------------------------------------------------------------
 */

static void take_columns(const GArray *columns, size_t *ret_n, const char ***ret_names,
                         FeaturesType **ret_types)
{
    *ret_n = columns->len;
    *ret_names = g_new0(const char *, columns->len + 1);
    *ret_types = g_new0(FeaturesType, columns->len + 1);
    for (guint i = 0; i < columns->len; i++) {
        (*ret_names)[i] = g_array_index(columns, FeaturesField, i).name;
        (*ret_types)[i] = g_array_index(columns, FeaturesField, i).type;
    }
}

static FeaturesSelection *take(Select *select)
{
    FeaturesSelection *selection = g_new0(FeaturesSelection, 1);
    selection->refs = 1;
    selection->registry = features_registry_ref(select->registry);
    g_array_set_clear_func(select->uses, NULL);
    g_array_set_clear_func(select->picks, NULL);
    selection->n_uses = select->uses->len;
    selection->n_picks = select->picks->len;
    selection->uses = (FeaturesUse *)(void *)g_array_free(g_steal_pointer(&select->uses), FALSE);
    selection->picks = (FeaturesPick *)(void *)g_array_free(g_steal_pointer(&select->picks), FALSE);
    take_columns(select->request, &selection->n_request, &selection->request, &selection->request_types);
    take_columns(select->keys, &selection->n_keys, &selection->keys, &selection->key_types);
    return selection;
}

static bool add_refs(Select *select, const char *const *features, GError **error)
{
    size_t n = g_strv_length((char **)(guintptr)features);
    if (n == 0 || n > MAX_REFS) {
        return base_fail(error, BASE_E_VALUE_INVALID, "a call asks for 1 to %d features, not for %zu",
                         MAX_REFS, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (!add_ref(select, features[i], error)) {
            return false;
        }
    }
    return true;
}

FeaturesSelection *features_select(FeaturesRegistry *registry, const char *const *features,
                                   const char *service, bool full_names, GError **error)
{
    if (!features == !service) {
        base_fail(error, BASE_E_VALUE_INVALID, "features or a feature service: one of them is needed");
        return NULL;
    }
    Select select = {.registry = registry, .full_names = full_names};
    select.uses = g_array_new(FALSE, TRUE, sizeof(FeaturesUse));
    select.picks = g_array_new(FALSE, TRUE, sizeof(FeaturesPick));
    select.request = g_array_new(FALSE, TRUE, sizeof(FeaturesField));
    select.keys = g_array_new(FALSE, TRUE, sizeof(FeaturesField));
    g_array_set_clear_func(select.uses, clear_use);
    g_array_set_clear_func(select.picks, clear_pick);
    bool ok = (features ? add_refs(&select, features, error) : add_service(&select, service, error)) &&
              check_names(&select, error);
    FeaturesSelection *selection = ok ? take(&select) : NULL;
    g_clear_pointer(&select.uses, g_array_unref);
    g_clear_pointer(&select.picks, g_array_unref);
    g_array_unref(select.request);
    g_array_unref(select.keys);
    return selection;
}

FeaturesSelection *features_selection_ref(FeaturesSelection *selection)
{
    g_atomic_int_inc(&selection->refs);
    return selection;
}

void features_selection_unref(FeaturesSelection *selection)
{
    if (!selection || !g_atomic_int_dec_and_test(&selection->refs)) {
        return;
    }
    for (size_t i = 0; i < selection->n_uses; i++) {
        clear_use(&selection->uses[i]);
    }
    for (size_t i = 0; i < selection->n_picks; i++) {
        clear_pick(&selection->picks[i]);
    }
    g_free(selection->uses);
    g_free(selection->picks);
    g_free(selection->request);
    g_free(selection->request_types);
    g_free(selection->keys);
    g_free(selection->key_types);
    features_registry_unref(selection->registry);
    g_free(selection);
}
