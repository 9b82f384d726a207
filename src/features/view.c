/* A FeaturesView from its spec. */
#include <string.h>

#include "features/registry_int.h"

static FeaturesFrom from_by_name(const char *text)
{
    return g_str_equal(text, "sql")       ? FEATURES_FROM_SQL
           : g_str_equal(text, "push")    ? FEATURES_FROM_PUSH
           : g_str_equal(text, "request") ? FEATURES_FROM_REQUEST
                                          : FEATURES_FROM_TABLE;
}

static char *text_or_null(const json_t *map, const char *key)
{
    return g_strdup(base_json_string(map, key, NULL));
}

static void take_keys(FeaturesView *view, const json_t *keys)
{
    view->n_keys = json_array_size(keys);
    view->keys = g_new0(FeaturesKey, view->n_keys + 1);
    for (size_t i = 0; i < view->n_keys; i++) {
        const json_t *key = json_array_get(keys, i);
        view->keys[i] = (FeaturesKey){.name = text_or_null(key, "name"),
                                      .entity = text_or_null(key, "entity"),
                                      .stored = text_or_null(key, "stored"),
                                      .type = features_type_by_name(base_json_string(key, "type", ""))};
    }
}

static bool take_features(FeaturesView *view, const json_t *features, FeaturesArena *arena, GError **error)
{
    view->n_features = json_array_size(features);
    view->features = g_new0(FeaturesFeature, view->n_features + 1);
    for (size_t i = 0; i < view->n_features; i++) {
        const json_t *said = json_array_get(features, i);
        const json_t *missing = json_object_get(said, "default");
        FeaturesFeature *feature = &view->features[i];
        feature->name = text_or_null(said, "name");
        feature->type = features_type_by_name(base_json_string(said, "type", ""));
        feature->expr = text_or_null(said, "expr");
        feature->window_us = base_json_int(said, "window_us", 0);
        feature->definition =
            base_json_find(json_object_get(view->definition, "features"), "name", feature->name);
        if (missing && !features_value_of_json(missing, feature->type, arena, &feature->missing, error)) {
            g_prefix_error(error, "the default of feature `%s` of `%s`: ", feature->name, view->name);
            return false;
        }
    }
    return true;
}

static void take_request(FeaturesView *view, const json_t *meaning)
{
    const json_t *request = json_object_get(meaning, "request");
    view->n_request = json_array_size(request);
    view->request = g_new0(FeaturesField, view->n_request + 1);
    for (size_t i = 0; i < view->n_request; i++) {
        const json_t *field = json_array_get(request, i);
        view->request[i].name = text_or_null(field, "name");
        view->request[i].type = features_type_by_name(base_json_string(field, "type", ""));
    }
}

/* An older version reads the versions of its inputs that were the newest then. */
static void take_inputs(FeaturesView *view, const json_t *spec)
{
    const json_t *inputs = json_object_get(json_object_get(spec, "meaning"), "inputs");
    view->n_inputs = json_array_size(inputs);
    view->inputs = g_new0(FeaturesInput, view->n_inputs + 1);
    for (size_t i = 0; i < view->n_inputs; i++) {
        const json_t *said = json_array_get(inputs, i);
        const char *name = base_json_string(said, "view", "");
        gint64 pin = base_json_int(json_object_get(spec, "pins"), name, 0);
        FeaturesInput *input = &view->inputs[i];
        input->view =
            pin && !view->latest ? g_strdup_printf("%s@v%" G_GINT64_FORMAT, name, pin) : g_strdup(name);
        input->feature = text_or_null(said, "feature");
        input->name = text_or_null(said, "name");
        input->type = features_type_by_name(base_json_string(said, "type", ""));
    }
}

FeaturesView *features_view_new(const FeaturesViewName *name, const json_t *spec, FeaturesArena *arena,
                                GError **error)
{
    const json_t *meaning = json_object_get(spec, "meaning");
    FeaturesView *view = g_new0(FeaturesView, 1);
    view->project = g_strdup(name->project);
    view->domain = g_strdup(name->domain);
    view->name = g_strdup(name->name);
    view->version = name->version;
    view->stored =
        name->version > 1 ? g_strdup_printf("%s_v%u", name->name, name->version) : g_strdup(name->name);
    view->hash = features_spec_hash(spec);
    view->latest = name->latest;
    view->from = from_by_name(base_json_string(meaning, "from", ""));
    view->relation = text_or_null(meaning, "relation");
    view->table = text_or_null(meaning, "table");
    view->time = text_or_null(meaning, "time");
    view->created = text_or_null(meaning, "created");
    view->ttl_us = base_json_int(meaning, "ttl_us", 0);
    view->exclusive = base_json_bool(meaning, "exclusive", false);
    view->online = base_json_bool(spec, "online", true);
    view->definition = json_incref(json_object_get(spec, "definition"));
    take_keys(view, json_object_get(meaning, "keys"));
    take_request(view, meaning);
    take_inputs(view, spec);
    if (!take_features(view, json_object_get(meaning, "features"), arena, error)) {
        features_view_free(view);
        return NULL;
    }
    return view;
}

void features_view_free(FeaturesView *view)
{
    if (!view) {
        return;
    }
    for (size_t i = 0; i < view->n_keys; i++) {
        g_free(view->keys[i].name);
        g_free(view->keys[i].entity);
        g_free(view->keys[i].stored);
    }
    for (size_t i = 0; i < view->n_features; i++) {
        g_free(view->features[i].name);
        g_free(view->features[i].expr);
    }
    for (size_t i = 0; i < view->n_request; i++) {
        g_free(view->request[i].name);
    }
    for (size_t i = 0; i < view->n_inputs; i++) {
        g_free(view->inputs[i].view);
        g_free(view->inputs[i].feature);
        g_free(view->inputs[i].name);
    }
    char *const texts[] = {view->project,  view->domain, view->name, view->stored,  view->hash,
                           view->relation, view->table,  view->time, view->created, view->gone};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    g_free(view->keys);
    g_free(view->features);
    g_free(view->request);
    g_free(view->inputs);
    json_decref(view->definition);
    g_free(view);
}

char *features_view_full_name(const FeaturesView *view)
{
    return g_strdup_printf("%s%s%s", view->domain, *view->domain ? "." : "", view->name);
}

bool features_view_feature(const FeaturesView *view, const char *name, size_t *ret)
{
    for (size_t i = 0; i < view->n_features; i++) {
        if (g_str_equal(view->features[i].name, name)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

bool features_view_readable(const FeaturesView *view, GError **error)
{
    if (!view->gone) {
        return true;
    }
    base_fail(error, BASE_E_COLUMN_UNKNOWN, "feature view `%s@v%u` cannot be read: %s", view->name,
              view->version, view->gone);
    base_error_hint(error, "ask for the newest version, or bring it back; what is in the online store is "
                           "still served");
    return false;
}
