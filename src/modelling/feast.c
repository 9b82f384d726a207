/* A registry of Feast as a project of Weir: it is found, read, made into nodes, written. */
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/yaml.h"
#include "modelling/feast_int.h"

#define STORE_FILE      "feature_store.yaml"
#define MAX_STORE_BYTES ((size_t)1024 * 1024)

/* ---- notes ------------------------------------------------------------------------------------------- */

void feast_left(FeastImport *import, const char *object, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    import_note(import->left, import->file, 0, object, format, args);
    va_end(args);
}

void feast_changed(FeastImport *import, const char *object, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    import_note(import->changed, import->file, 0, object, format, args);
    va_end(args);
}

/* ---- nodes ------------------------------------------------------------------------------------------- */

static void node_free(gpointer pointer)
{
    FeastNode *node = pointer;
    g_free(node->domain);
    g_free(node->name);
    g_free(node->written);
    json_decref(node->definition);
    json_decref(node->source);
    g_free(node);
}

FeastNode *feast_node_find(const FeastImport *import, const char *section, const char *domain,
                           const char *name)
{
    for (guint i = 0; i < import->nodes->len; i++) {
        FeastNode *node = g_ptr_array_index(import->nodes, i);
        if (g_str_equal(node->section, section) && g_str_equal(node->domain, domain) &&
            g_str_equal(node->name, name)) {
            return node;
        }
    }
    return NULL;
}

FeastNode *feast_node_add(FeastImport *import, const char *section, const char *project, const char *name,
                          json_t *definition)
{
    const char *domain = feast_domain(import, project);
    if (!base_text_is_name(name)) {
        feast_left(import, name, base_tr("`%s` is no name in Weir", "`%s` 不是合法名称"), name);
        json_decref(definition);
        return NULL;
    }
    if (feast_node_find(import, section, domain, name)) {
        feast_left(import, name, base_tr("another object is `%s.%s` too", "`%s.%s` 与其他对象重名"), domain,
                   name);
        json_decref(definition);
        return NULL;
    }
    FeastNode *node = g_new0(FeastNode, 1);
    *node = (FeastNode){
        .section = section, .domain = g_strdup(domain), .name = g_strdup(name), .definition = definition};
    g_ptr_array_add(import->nodes, node);
    return node;
}

static const Feast__ProjectSpec *project_of(const FeastImport *import, const char *name)
{
    const Feast__Registry *registry = import->registry->message;
    for (size_t i = 0; i < registry->n_projects; i++) {
        const Feast__ProjectSpec *spec = registry->projects[i]->spec;
        if (spec && g_str_equal(spec->name, name)) {
            return spec;
        }
    }
    return NULL;
}

const char *feast_domain(FeastImport *import, const char *project)
{
    const char *known = base_json_string(import->projects, project, NULL);
    if (known) {
        return known;
    }
    g_autofree char *folded = import_name(project);
    const char *domain = folded ? folded : "feast";
    if (!g_str_equal(domain, project)) {
        feast_changed(import, project, base_tr("the project is the domain `%s`", "该项目成为域 `%s`"),
                      domain);
    }
    if (!base_json_find(import->domains, "name", domain)) {
        const Feast__ProjectSpec *spec = project_of(import, project);
        json_t *entry = json_pack("{s:s}", "name", domain);
        if (spec) {
            feast_say(entry, spec->description, spec->owner, spec->tags, spec->n_tags);
        }
        json_array_append_new(import->domains, entry);
    }
    base_json_set_string(import->projects, project, domain);
    return base_json_string(import->projects, project, NULL);
}

/* ---- where the registry is --------------------------------------------------------------------------- */

static const char *text_of(const BaseYaml *node)
{
    return node && node->type == BASE_YAML_SCALAR && node->text ? node->text : NULL;
}

static bool take_path(FeastImport *import, const BaseYaml *said, GError **error)
{
    bool map = said && said->type == BASE_YAML_MAP;
    const char *type = map ? text_of(base_yaml_get(said, "registry_type", NULL)) : NULL;
    const char *path = text_of(map ? base_yaml_get(said, "path", NULL) : said);
    path = path ? path : "data/registry.db"; /* Feast's own default */
    bool sql = type && g_ascii_strcasecmp(type, "sql") == 0;
    bool other = type && !sql && g_ascii_strcasecmp(type, "file") != 0;
    const char *start = sql ? "sqlite:///" : "file://";
    if (g_str_has_prefix(path, start)) {
        path += strlen(start);
    }
    if (other || strstr(path, "://")) {
        base_fail(error, BASE_E_USAGE, "the registry is of type `%s`, at `%s`: only a file is read",
                  type ? type : "file", path);
        base_error_hint(error, "copy it here and name it: weir import feast registry.db; `feast apply` with "
                               "`registry: data/registry.db` writes one");
        return false;
    }
    import->path = g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(import->dir, path, NULL);
    import->file = g_strdup(path);
    return true;
}

static void leave_setting(FeastImport *import, const BaseYaml *key, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void leave_setting(FeastImport *import, const BaseYaml *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    import_note(import->left, STORE_FILE, key->line, key->text, format, args);
    va_end(args);
}

static void list_settings(FeastImport *import, const BaseYaml *store)
{
    static const char *const KNOWN[] = {"project", "registry", "project_description", NULL};
    for (guint i = 0; i < store->items->len; i++) {
        const BaseYaml *key = g_ptr_array_index(store->keys, i);
        if (!g_strv_contains(KNOWN, key->text)) {
            leave_setting(import, key, "%s",
                          base_tr("it says where Feast runs, not what features are",
                                  "描述 Feast 的运行环境，不是特征定义"));
        }
    }
}

static bool read_store(FeastImport *import, GError **error)
{
    g_autofree char *path = g_build_filename(import->dir, STORE_FILE, NULL);
    size_t len = 0;
    g_autofree char *text = base_fs_read(path, MAX_STORE_BYTES, &len, error);
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseYaml) store = text ? base_yaml_parse(text, len, STORE_FILE, 0, 0, diags) : NULL;
    if (!text) {
        return false;
    }
    if (!store || store->type != BASE_YAML_MAP) {
        const BaseDiag *diag = base_diags_length(diags) ? base_diags_get(diags, 0) : NULL;
        return base_fail(error, BASE_E_DEFINITIONS_INVALID, STORE_FILE ":%u: %s", diag ? diag->line : 1,
                         diag ? diag->message : "no map");
    }
    if (!take_path(import, base_yaml_get(store, "registry", NULL), error)) {
        return false;
    }
    list_settings(import, store);
    return true;
}

static bool take_registry(FeastImport *import, GError **error)
{
    size_t len = 0;
    GError *why = NULL;
    g_autofree char *bytes = base_fs_read(import->path, FEAST_MAX_REGISTRY_BYTES, &len, error);
    if (!bytes) {
        return false;
    }
    bool sqlite = feast_is_sqlite(bytes, len);
    g_autoptr(GByteArray) rows = sqlite ? feast_sqlite_read(import->path, &why) : NULL;
    if (!why) {
        import->registry =
            rows ? feast_registry_new(rows->data, rows->len, &why) : feast_registry_new(bytes, len, &why);
    }
    if (why) {
        g_prefix_error(&why, "`%s`: ", import->file);
        g_propagate_error(error, why);
    }
    return import->registry != NULL;
}

static bool read_registry(FeastImport *import, const char *from, GError **error)
{
    if (g_file_test(from, G_FILE_TEST_IS_DIR)) {
        import->dir = g_strdup(from);
        if (!read_store(import, error)) {
            return false;
        }
    } else {
        import->path = g_strdup(from);
        import->file = g_path_get_basename(from);
    }
    return take_registry(import, error);
}

/* ---- the steps --------------------------------------------------------------------------------------- */

static json_int_t count(const FeastImport *import, const char *section)
{
    json_int_t n = 0;
    for (guint i = 0; i < import->nodes->len; i++) {
        const FeastNode *node = g_ptr_array_index(import->nodes, i);
        n += !node->left && g_str_equal(node->section, section);
    }
    return n;
}

static json_t *answer_of(const FeastImport *import)
{
    return json_pack("{s:s, s:O, s:I, s:I, s:I, s:I, s:O, s:O, s:O, s:O}", "out", import->out, "domains",
                     import->domains, "entities", count(import, "entities"), "tables",
                     count(import, "tables"), "views", count(import, "feature_views"), "services",
                     count(import, "feature_services"), "files", import->files, "drafts", import->drafts,
                     "changed", import->changed, "left", import->left);
}

static void import_clear(FeastImport *import)
{
    g_free(import->dir);
    g_free(import->path);
    g_free(import->file);
    feast_registry_free(import->registry);
    g_ptr_array_unref(import->nodes);
    g_hash_table_unref(import->tables);
    json_decref(import->projects);
    json_decref(import->domains);
    json_decref(import->left);
    json_decref(import->changed);
    json_decref(import->files);
    json_decref(import->drafts);
}
typedef FeastImport Import;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

bool modelling_import_feast(const char *from, const char *out, json_t **ret, GError **error)
{
    g_auto(Import) import = {.out = out,
                             .nodes = g_ptr_array_new_with_free_func(node_free),
                             .tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                             .projects = json_object(),
                             .domains = json_array(),
                             .left = json_array(),
                             .changed = json_array(),
                             .files = json_array(),
                             .drafts = json_array()};
    if (!import_may_write(out, error) || !read_registry(&import, from, error)) {
        return false;
    }
    feast_take_entities(&import);
    feast_take_views(&import);
    feast_take_services(&import);
    if (!feast_take_computed(&import, error)) {
        return false;
    }
    feast_list_rest(&import);
    if (!feast_write(&import, error)) {
        return false;
    }
    *ret = answer_of(&import);
    return true;
}
