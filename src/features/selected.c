/* Selections that are asked for again and again. See store.h. */
#include <string.h>

#include "features/store_int.h"

#define KEPT_MAX      1000
#define KEPT_KEY_MAX  (16 * 1024) /* bytes */
#define KEY_SEPARATOR '\n'

/* NULL = it is not worth keeping, or has no key of its own. Caller frees. */
static char *key_of(const char *const *refs, const char *service, bool full_names)
{
    g_autoptr(GString) key = g_string_sized_new(256);
    g_string_append_c(key, full_names ? 'F' : 'f');
    g_string_append(key, service ? service : "");
    for (size_t i = 0; refs && refs[i]; i++) {
        if (strchr(refs[i], KEY_SEPARATOR) || key->len > KEPT_KEY_MAX) {
            return NULL;
        }
        g_string_append_c(key, KEY_SEPARATOR);
        g_string_append(key, refs[i]);
    }
    bool plain = !service || !strchr(service, KEY_SEPARATOR);
    return plain && key->len <= KEPT_KEY_MAX ? g_string_free(g_steal_pointer(&key), FALSE) : NULL;
}

static FeaturesSelection *known(Features *features, const char *key, FeaturesRegistry **ret_registry)
{
    g_mutex_lock(&features->lock);
    FeaturesSelection *selection = key ? g_hash_table_lookup(features->selections, key) : NULL;
    if (selection) {
        features_selection_ref(selection);
    } else {
        *ret_registry = features_registry_ref(features->registry);
    }
    g_mutex_unlock(&features->lock);
    return selection;
}

/* Takes `key`. Definitions may have changed meanwhile. */
static void keep(Features *features, char *key, FeaturesSelection *selection)
{
    g_mutex_lock(&features->lock);
    if (selection->registry == features->registry) {
        if (g_hash_table_size(features->selections) >= KEPT_MAX) {
            g_hash_table_remove_all(features->selections);
        }
        g_hash_table_replace(features->selections, key, features_selection_ref(selection));
        key = NULL;
    }
    g_mutex_unlock(&features->lock);
    g_free(key);
}

FeaturesSelection *features_selected(Features *features, const char *const *refs, const char *service,
                                     bool full_names, GError **error)
{
    g_autofree char *key = !refs == !service ? NULL : key_of(refs, service, full_names);
    g_autoptr(FeaturesRegistry) registry = NULL;
    FeaturesSelection *selection = known(features, key, &registry);
    if (selection) {
        return selection;
    }
    selection = features_select(registry, refs, service, full_names, error);
    if (selection && key) {
        keep(features, g_steal_pointer(&key), selection);
    }
    return selection;
}
