/* Services; what is computed in Python, as drafts; what a registry holds that has no place in a project. */
#include <string.h>

#include "modelling/feast_int.h"

/* ---- services ---------------------------------------------------------------------------------------- */

static const Feast__ViewSpec *find_view(const FeastImport *import, const char *project, const char *name)
{
    const Feast__Registry *registry = import->registry->message;
    for (size_t i = 0; i < registry->n_views; i++) {
        const Feast__ViewSpec *spec = registry->views[i]->spec;
        if (spec && g_str_equal(spec->name, name) && g_str_equal(spec->project, project)) {
            return spec;
        }
    }
    return NULL;
}

/* As in a service: what a projection takes, by name. */
static void take_plain(json_t *list, const Feast__Projection *projection)
{
    for (size_t i = 0; i < projection->n_features; i++) {
        g_autofree char *text = g_strdup_printf("%s:%s", projection->view, projection->features[i]->name);
        json_array_append_new(list, json_string(text));
    }
    if (projection->n_features == 0) {
        json_array_append_new(list, json_string(projection->view));
    }
}

static void take_renamed(json_t *list, const Feast__Projection *projection)
{
    json_t *entry = json_pack("{s:s}", "view", projection->view);
    if (*projection->alias) {
        base_json_set_string(entry, "as", projection->alias);
    }
    if (projection->n_join_key_map > 0) {
        json_t *keys = json_object();
        for (size_t i = 0; i < projection->n_join_key_map; i++) {
            base_json_set_string(keys, projection->join_key_map[i]->key, projection->join_key_map[i]->value);
        }
        json_object_set_new(entry, "keys", keys);
    }
    if (projection->n_features > 0) {
        json_t *features = json_array();
        for (size_t i = 0; i < projection->n_features; i++) {
            json_array_append_new(features, json_string(projection->features[i]->name));
        }
        json_object_set_new(entry, "features", features);
    }
    json_array_append_new(list, entry);
}

static bool take_projection(FeastImport *import, const Feast__ServiceSpec *spec,
                            const Feast__Projection *projection, json_t *list)
{
    if (!find_view(import, spec->project, projection->view)) {
        feast_left(import, spec->name,
                   base_tr("`%s`, which it takes, stayed behind", "其使用的 `%s` 未能迁移"),
                   projection->view);
        return false;
    }
    if (projection->version_tag != 0) {
        feast_left(
            import, spec->name,
            base_tr("it takes version %d of `%s`; versions begin anew", "使用第 %d 版 `%s`；版本重新开始"),
            projection->version_tag, projection->view);
        return false;
    }
    if (*projection->alias || projection->n_join_key_map > 0) {
        take_renamed(list, projection);
    } else {
        take_plain(list, projection);
    }
    return true;
}

static void take_service(FeastImport *import, const Feast__ServiceSpec *spec)
{
    g_autoptr(json_t) list = json_array();
    for (size_t i = 0; i < spec->n_features; i++) {
        if (!take_projection(import, spec, spec->features[i], list)) {
            return;
        }
    }
    json_t *definition = json_pack("{s:s}", "name", spec->name);
    feast_say(definition, spec->description, spec->owner, spec->tags, spec->n_tags);
    json_object_set(definition, "features", list);
    if (!feast_node_add(import, "feature_services", spec->project, spec->name, definition)) {
        return;
    }
    if (spec->logging.len > 0) {
        feast_changed(import, spec->name, "%s",
                      base_tr("its log of what was served is not carried over", "其服务日志配置不迁移"));
    }
}

void feast_take_services(FeastImport *import)
{
    const Feast__Registry *registry = import->registry->message;
    for (size_t i = 0; i < registry->n_services; i++) {
        if (registry->services[i]->spec) {
            take_service(import, registry->services[i]->spec);
        }
    }
}

/* ---- drafts: what is computed in Python --------------------------------------------------------------- */

static json_t *typed_fields(Feast__Field **fields, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        const char *type = feast_type(fields[i]->value_type);
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", fields[i]->name, "type",
                                              type ? type : feast_type_name(fields[i]->value_type)));
    }
    return list;
}

/* The text behind "# ", line by line. */
static void put_comment(GString *out, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        g_string_append_printf(out, "#%s%s\n", *lines[i] ? " " : "", lines[i]);
    }
}

static const char *function_text(const Feast__Function *function, const Feast__Transformation *transformation)
{
    const Feast__Function *newer = transformation ? transformation->user_defined_function : NULL;
    return newer && *newer->body_text         ? newer->body_text
           : function && *function->body_text ? function->body_text
                                              : "";
}

/* Takes `definition`: the view as far as it goes, each feature wanting its `expr`. */
static bool write_draft(FeastImport *import, const char *project, json_t *definition, const char *reason,
                        const char *code, GError **error)
{
    g_autoptr(json_t) own = definition;
    g_autofree char *file = import_name(base_json_string(own, "name", ""));
    const char *name = base_json_string(own, "name", "");
    feast_left(import, name, "%s", reason);
    if (!file) {
        return true; /* its name stands in no path: the note is all there is */
    }
    g_autofree char *path = g_strdup_printf("drafts/%s/%s.yml.draft", feast_domain(import, project), file);
    g_autoptr(GString) text = g_string_new(NULL);
    put_comment(text, reason);
    if (*code) {
        g_string_append(text, "#\n");
        put_comment(text, code);
    }
    g_string_append_printf(text, "feature_views:\n  - name: %s\n", file);
    const char *key;
    json_t *value;
    json_object_foreach (own, key, value) {
        if (!g_str_equal(key, "name")) {
            import_put_key(text, "    ", key, value);
        }
    }
    json_array_append_new(import->drafts, json_string(path));
    return import_write_text(import->out, path, text->str, error);
}

static bool draft_demand(FeastImport *import, const Feast__DemandSpec *spec, GError **error)
{
    json_t *definition = json_pack("{s:s}", "name", spec->name);
    json_t *request = json_array(), *inputs = json_array();
    feast_say(definition, spec->description, spec->owner, spec->tags, spec->n_tags);
    for (size_t i = 0; i < spec->n_sources; i++) {
        const Feast__DemandSource *source = spec->sources[i]->value;
        if (source && source->projection) {
            take_plain(inputs, source->projection);
        } else if (source && source->request && source->request->request_options) {
            const Feast__RequestOptions *options = source->request->request_options;
            g_autoptr(json_t) fields = typed_fields(options->schema, options->n_schema);
            json_array_extend(request, fields);
        }
    }
    json_object_set_new(definition, "request", request);
    json_object_set_new(definition, "inputs", inputs);
    json_object_set_new(definition, "features", typed_fields(spec->features, spec->n_features));
    g_autofree char *reason =
        g_strdup_printf(base_tr("it is computed on demand, by a function (%s): give each feature its `expr`",
                                "由函数（%s）按需计算：请为每个特征编写 `expr`"),
                        *spec->mode ? spec->mode : "pandas");
    return write_draft(import, spec->project, definition, reason,
                       function_text(spec->user_defined_function, spec->transformation), error);
}

static bool draft_stream(FeastImport *import, const Feast__StreamSpec *spec, GError **error)
{
    json_t *definition = json_pack("{s:s}", "name", spec->name), *entities = json_array();
    feast_say(definition, spec->description, spec->owner, spec->tags, spec->n_tags);
    for (size_t i = 0; i < spec->n_entities; i++) {
        json_array_append_new(entities, json_string(spec->entities[i]));
    }
    json_object_set_new(definition, "entities", entities);
    base_json_set_string(definition, "time", spec->timestamp_field);
    json_object_set_new(definition, "features", typed_fields(spec->features, spec->n_features));
    g_autoptr(GString) code = g_string_new(NULL);
    for (size_t i = 0; i < spec->n_aggregations; i++) {
        const Feast__Aggregation *one = spec->aggregations[i];
        g_string_append_printf(code, "%s(%s), %" G_GINT64_FORMAT "s\n", one->function, one->column,
                               one->time_window ? one->time_window->seconds : 0);
    }
    g_string_append(code, function_text(spec->user_defined_function, spec->transformation));
    return write_draft(import, spec->project, definition,
                       base_tr("it is computed of a stream: give each feature its `expr` and `window`",
                               "由流计算得出：请为每个特征编写 `expr` 和 `window`"),
                       code->str, error);
}

bool feast_take_computed(FeastImport *import, GError **error)
{
    const Feast__Registry *registry = import->registry->message;
    for (size_t i = 0; i < registry->n_demand_views; i++) {
        const Feast__DemandSpec *spec = registry->demand_views[i]->spec;
        if (spec && !draft_demand(import, spec, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < registry->n_stream_views; i++) {
        const Feast__StreamSpec *spec = registry->stream_views[i]->spec;
        if (spec && !draft_stream(import, spec, error)) {
            return false;
        }
    }
    return true;
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static void list_unknown(FeastImport *import)
{
    const char *message;
    json_t *numbers;
    json_object_foreach (import->registry->unknown, message, numbers) {
        g_autofree char *text = base_json_text(numbers);
        feast_left(import, message,
                   base_tr("fields that Feast 0.67 does not have: %s", "Feast 0.67 没有的字段：%s"), text);
    }
}

/* Sources that no view reads. */
static void list_sources(FeastImport *import)
{
    const Feast__Registry *registry = import->registry->message;
    for (size_t i = 0; i < registry->n_sources; i++) {
        const Feast__Source *source = registry->sources[i];
        bool read = source->request_options != NULL;
        for (size_t k = 0; !read && k < registry->n_views; k++) {
            const Feast__ViewSpec *view = registry->views[k]->spec;
            const Feast__Source *both[] = {view ? view->batch_source : NULL,
                                           view ? view->stream_source : NULL};
            for (size_t s = 0; s < G_N_ELEMENTS(both); s++) {
                read = read || (both[s] && g_str_equal(both[s]->name, source->name));
            }
        }
        if (!read) {
            feast_left(import, source->name, "%s",
                       base_tr("no view reads this source", "没有视图读取该数据源"));
        }
    }
}

void feast_list_rest(FeastImport *import)
{
    const Feast__Registry *registry = import->registry->message;
    const struct {
        size_t n;
        const char *what;
    } REST[] = {{registry->n_feature_tables, "feature_tables"},
                {registry->n_request_views, "request_feature_views"},
                {registry->n_saved_datasets, "saved_datasets"},
                {registry->n_validation_references, "validation_references"},
                {registry->n_permissions, "permissions"},
                {registry->n_label_views, "label_views"}};
    for (size_t i = 0; i < G_N_ELEMENTS(REST); i++) {
        if (REST[i].n > 0) {
            feast_left(import, REST[i].what,
                       base_tr("%zu of them: they have no counterpart", "共 %zu 个，没有对应的写法"),
                       REST[i].n);
        }
    }
    if (registry->version_history.len > 0) {
        feast_left(import, "feature_view_version_history", "%s",
                   base_tr("versions of views begin anew", "视图版本重新开始"));
    }
    list_sources(import);
    list_unknown(import);
}
