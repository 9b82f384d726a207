/* A dbt project as a project of Weir: its files are read, made into nodes, translated, written. */
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "modelling/dbt_int.h"

/* ---- the list of what stayed behind ----------------------------------------------------------------------
 */

void dbt_left(DbtImport *import, const char *file, unsigned line, const char *object, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    import_note(import->left, file, line, object, format, args);
    va_end(args);
}

void dbt_changed(DbtImport *import, const char *file, unsigned line, const char *object, const char *format,
                 ...)
{
    va_list args;
    va_start(args, format);
    import_note(import->changed, file, line, object, format, args);
    va_end(args);
}

void dbt_leave(DbtImport *import, DbtNode *node, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    import_note(import->left, node->file, line, node->name, format, args);
    va_end(args);
    node->left = true;
}

/* ---- nodes ------------------------------------------------------------------------------------------------
 */

static void node_free(gpointer pointer)
{
    DbtNode *node = pointer;
    g_free(node->name);
    g_free(node->source);
    g_free(node->table);
    g_free(node->domain);
    g_free(node->file);
    g_free(node->text);
    g_free(node->sql);
    g_free(node->time);
    g_free(node->written);
    json_decref(node->config);
    json_decref(node->header);
    g_ptr_array_unref(node->reads);
    g_free(node);
}

DbtNode *dbt_node_new(DbtImport *import, DbtKind kind, const char *name, const char *file, unsigned line)
{
    DbtNode *node = g_new0(DbtNode, 1);
    *node = (DbtNode){.kind = kind,
                      .name = g_strdup(name),
                      .table = import_name(name),
                      .domain = g_strdup(import->domain),
                      .file = g_strdup(file),
                      .line = line,
                      .body_line = line,
                      .config = json_object(),
                      .header = json_object(),
                      .reads = g_ptr_array_new()};
    if (!node->table) {
        dbt_leave(import, node, line, base_tr("`%s` is no name in Weir", "`%s` 不是合法名称"), name);
        node->table = g_strdup(name);
    }
    g_ptr_array_add(import->nodes, node);
    return node;
}

DbtNode *dbt_find(const DbtImport *import, const char *name)
{
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        if (node->kind != DBT_SOURCE && g_str_equal(node->name, name)) {
            return node;
        }
    }
    return NULL;
}

DbtNode *dbt_find_source(const DbtImport *import, const char *source, const char *name)
{
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        if (node->kind == DBT_SOURCE && g_str_equal(node->source, source) && g_str_equal(node->name, name)) {
            return node;
        }
    }
    return NULL;
}

/* ---- files
 * -------------------------------------------------------------------------------------------------- */

typedef struct {
    DbtImport *import;
    const char *folder; /* "models" */
    const char *what;   /* its key in dbt_project.yml */
} Folder;

static char *base_of(const char *file)
{
    g_autofree char *base = g_path_get_basename(file);
    char *dot = strrchr(base, '.');
    return dot ? g_strndup(base, (gsize)(dot - base)) : g_strdup(base);
}

static void keep_yaml(DbtImport *import, const char *text, size_t len, const char *file)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    BaseYaml *root = base_yaml_parse(text, len, file, 0, 0, diags);
    for (size_t i = 0; i < base_diags_length(diags); i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        dbt_left(import, file, diag->line, file, "%s", diag->message);
    }
    if (root) {
        g_ptr_array_add(import->yamls, root);
        g_ptr_array_add(import->names, g_strdup(file));
    }
}

/* Each `{% snapshot name %} ... {% endsnapshot %}` of a file. */
static void add_snapshots(DbtImport *import, const char *text, const char *file)
{
    g_autoptr(GRegex) regex =
        g_regex_new("\\{%-?\\s*snapshot\\s+(\\w+)\\s*-?%\\}(.*?)\\{%-?\\s*endsnapshot\\s*-?%\\}",
                    G_REGEX_DOTALL, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_regex_match(regex, text, 0, &match);
    for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
        g_autofree char *name = g_match_info_fetch(match, 1);
        gint at = 0, body = 0, end = 0;
        g_match_info_fetch_pos(match, 0, &at, NULL);
        g_match_info_fetch_pos(match, 2, &body, &end);
        unsigned line = 1, body_line = 1;
        for (gint i = 0; i < body; i++) {
            line += text[i] == '\n' && i < at ? 1 : 0;
            body_line += text[i] == '\n' ? 1 : 0;
        }
        DbtNode *node = dbt_node_new(import, DBT_SNAPSHOT, name, file, line);
        node->body_line = body_line;
        node->text = g_strndup(text + body, (gsize)(end - body));
    }
}

static void add_file(const Folder *folder, const char *text, size_t len, const char *file)
{
    DbtImport *import = folder->import;
    g_autofree char *name = base_of(file);
    bool sql = g_str_has_suffix(file, ".sql");
    bool yaml = g_str_has_suffix(file, ".yml") || g_str_has_suffix(file, ".yaml");
    if (yaml) {
        keep_yaml(import, text, len, file);
    } else if (sql && g_str_equal(folder->what, "model-paths")) {
        dbt_node_new(import, DBT_MODEL, name, file, 1)->text = g_strdup(text);
    } else if (sql && g_str_equal(folder->what, "snapshot-paths")) {
        add_snapshots(import, text, file);
    } else if (g_str_has_suffix(file, ".csv") && g_str_equal(folder->what, "seed-paths")) {
        dbt_node_new(import, DBT_SEED, name, file, 1);
    } else if (sql && g_str_equal(folder->what, "test-paths")) {
        dbt_left(import, file, 1, name, "%s", base_tr("a test that is a query", "以查询写成的测试"));
    } else if (sql && g_str_equal(folder->what, "macro-paths")) {
        dbt_left(import, file, 1, name, "%s", base_tr("macros are not carried over", "宏不迁移"));
    } else {
        dbt_left(import, file, 1, name,
                 base_tr("a file of `%s` that Weir has no place for", "`%s` 中无对应位置的文件"),
                 folder->what);
    }
}

static bool visit(const char *path, const char *relative, gpointer user, GError **error)
{
    const Folder *folder = user;
    g_autofree char *file = g_build_path("/", folder->folder, relative, NULL);
    bool text = !g_str_has_suffix(relative, ".csv"); /* a seed is copied as it is */
    size_t len = 0;
    g_autofree char *content = text ? base_fs_read(path, DBT_MAX_FILE_BYTES, &len, error) : NULL;
    if (text && !content) {
        return false;
    }
    if (text && (strlen(content) != len || !base_text_utf8_valid(content, len))) {
        dbt_left(folder->import, file, 1, file, "%s", base_tr("no text in UTF-8", "不是 UTF-8 文本"));
        return true;
    }
    add_file(folder, content, len, file);
    return true;
}

static bool walk_folder(DbtImport *import, const char *what, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(import->dir, folder, NULL);
    Folder context = {.import = import, .folder = folder, .what = what};
    return !g_file_test(path, G_FILE_TEST_IS_DIR) || base_fs_walk(path, visit, &context, error);
}

static bool walk_folders(DbtImport *import, GError **error)
{
    static const char *const PATHS[][2] = {{"model-paths", "models"}, {"snapshot-paths", "snapshots"},
                                           {"seed-paths", "seeds"},   {"test-paths", "tests"},
                                           {"macro-paths", "macros"}, {"analysis-paths", "analyses"}};
    for (size_t i = 0; i < G_N_ELEMENTS(PATHS); i++) {
        const BaseYaml *list = base_yaml_get(import->project, PATHS[i][0], NULL);
        bool said = list && list->type == BASE_YAML_LIST;
        if (!said && !walk_folder(import, PATHS[i][0], PATHS[i][1], error)) {
            return false;
        }
        for (guint k = 0; said && k < list->items->len; k++) {
            const BaseYaml *folder = g_ptr_array_index(list->items, k);
            if (folder->text &&
                strstr(folder->text, "..")) { /* would be written outside of the new project too */
                dbt_left(import, "dbt_project.yml", folder->line, folder->text, "%s",
                         base_tr("a folder outside of the project", "项目之外的目录"));
                continue;
            }
            if (folder->text && !walk_folder(import, PATHS[i][0], folder->text, error)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- dbt_project.yml
 * --------------------------------------------------------------------------------------- */

static bool read_project(DbtImport *import, GError **error)
{
    static const char *const KNOWN[] = {"name",
                                        "version",
                                        "config-version",
                                        "profile",
                                        "model-paths",
                                        "seed-paths",
                                        "test-paths",
                                        "analysis-paths",
                                        "macro-paths",
                                        "snapshot-paths",
                                        "docs-paths",
                                        "asset-paths",
                                        "target-path",
                                        "log-path",
                                        "clean-targets",
                                        "packages-install-path",
                                        "models",
                                        "seeds",
                                        "snapshots",
                                        "sources",
                                        "vars",
                                        "require-dbt-version",
                                        NULL};
    g_autofree char *path = g_build_filename(import->dir, "dbt_project.yml", NULL);
    size_t len = 0;
    g_autofree char *text = base_fs_read(path, DBT_MAX_FILE_BYTES, &len, error);
    g_autoptr(BaseDiags) diags = base_diags_new();
    if (!text) {
        return false;
    }
    import->project = base_yaml_parse(text, len, "dbt_project.yml", 0, 0, diags);
    if (!import->project || import->project->type != BASE_YAML_MAP) {
        const BaseDiag *diag = base_diags_length(diags) ? base_diags_get(diags, 0) : NULL;
        return base_fail(error, BASE_E_DEFINITIONS_INVALID, "dbt_project.yml:%u: %s", diag ? diag->line : 1,
                         diag ? diag->message : "no map");
    }
    import->name = g_strdup(dbt_yaml_text(import->project, "name"));
    import->domain = import_name(import->name);
    if (!import->domain) {
        return base_fail(error, BASE_E_NAME_INVALID, "dbt_project.yml: `name: %s` is no name", import->name);
    }
    const BaseYaml *vars = base_yaml_get(import->project, "vars", NULL);
    import->vars = vars ? base_yaml_to_json(vars) : json_object();
    dbt_list_unknown(import, import->project, KNOWN, "dbt_project.yml", import->name);
    return true;
}

static void list_packages(DbtImport *import)
{
    static const char *const FILES[] = {"packages.yml", "dependencies.yml"};
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_autofree char *path = g_build_filename(import->dir, FILES[i], NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            dbt_left(import, FILES[i], 1, FILES[i], "%s",
                     base_tr("packages are not carried over", "依赖包不迁移"));
        }
    }
}

/* ---- the steps
 * ------------------------------------------------------------------------------------------------ */

static void take_configs(DbtImport *import)
{
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        dbt_config_project(import, node);
        if (node->text) {
            dbt_sql_config(import, node);
        }
        dbt_config_alias(import, node);
    }
}

static void check_names(DbtImport *import)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        char *name = g_strconcat(node->domain, ".", node->table, NULL);
        if (!g_hash_table_add(seen, name)) {
            dbt_leave(import, node, node->line,
                      base_tr("another object is `%s.%s` too", "`%s.%s` 与其他对象重名"), node->domain,
                      node->table);
        }
    }
}

static void translate(DbtImport *import)
{
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        if (node->text && !node->left) {
            dbt_sql_translate(import, node);
        }
        if (!node->left) {
            dbt_config_header(import, node);
            dbt_checks_of(import, node);
        }
    }
}

static json_t *answer_of(const DbtImport *import)
{
    gint64 n[4] = {0};
    for (guint i = 0; i < import->nodes->len; i++) {
        const DbtNode *node = g_ptr_array_index(import->nodes, i);
        n[node->kind] += node->left ? 0 : 1;
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:O}", "project", import->name,
                     "out", import->out, "domain", import->domain, "models", (json_int_t)n[DBT_MODEL],
                     "snapshots", (json_int_t)n[DBT_SNAPSHOT], "seeds", (json_int_t)n[DBT_SEED], "sources",
                     (json_int_t)n[DBT_SOURCE], "checks", (json_int_t)import->n_checks, "files",
                     import->files, "changed", import->changed, "left", import->left);
}

static void import_clear(DbtImport *import)
{
    g_free(import->name);
    g_free(import->domain);
    base_yaml_free(import->project);
    g_ptr_array_unref(import->yamls);
    g_ptr_array_unref(import->names);
    g_ptr_array_unref(import->nodes);
    json_decref(import->vars);
    json_decref(import->left);
    json_decref(import->changed);
    json_decref(import->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DbtImport, import_clear)

static void free_yaml(gpointer yaml)
{
    base_yaml_free(yaml);
}

bool modelling_import_dbt(const char *dir, const char *out, json_t **ret, GError **error)
{
    g_auto(DbtImport) import = {.dir = dir,
                                .out = out,
                                .yamls = g_ptr_array_new_with_free_func(free_yaml),
                                .names = g_ptr_array_new_with_free_func(g_free),
                                .nodes = g_ptr_array_new_with_free_func(node_free),
                                .left = json_array(),
                                .changed = json_array(),
                                .files = json_array()};
    if (!import_may_write(out, error) || !read_project(&import, error) || !walk_folders(&import, error)) {
        return false;
    }
    list_packages(&import);
    for (guint i = 0; i < import.yamls->len; i++) {
        dbt_read_yaml(&import, g_ptr_array_index(import.yamls, i), g_ptr_array_index(import.names, i));
    }
    take_configs(&import);
    check_names(&import);
    translate(&import);
    if (!dbt_write(&import, error)) {
        return false;
    }
    *ret = answer_of(&import);
    return true;
}
