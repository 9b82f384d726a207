/* A project folder, read: files -> definitions -> names resolved -> a sealed snapshot.
 *
 * The same steps serve a folder (catalog_load) and the files of an applied version (store.c): both are a list
 * of paths and texts. Nothing here stops at a mistake; what is wrong is left out of the snapshot. */
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "catalog/catalog_int.h"

#define PROJECT_FILE "weir.yml"
#define IGNORE_FILE  ".weirignore"

char *catalog_find_project(const char *start, GError **error)
{
    g_autofree char *dir = g_canonicalize_filename(start, NULL);
    for (;;) {
        g_autofree char *file = g_build_filename(dir, PROJECT_FILE, NULL);
        if (g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
            return g_steal_pointer(&dir);
        }
        char *parent = g_path_get_dirname(dir);
        bool top = g_str_equal(parent, dir);
        g_free(dir);
        dir = parent;
        if (top) {
            break;
        }
    }
    base_fail(error, BASE_E_PROJECT_NOT_FOUND, "no `%s` in `%s` or above it", PROJECT_FILE, start);
    base_error_hint(error, "weir init makes a project; -p PROJECT names another folder");
    return NULL;
}

/* ---- .weirignore ------------------------------------------------------------------------------------- */

typedef struct {
    char *pattern;
    bool negated, anchored, folder;
} IgnoreRule;

static void free_rule(gpointer data)
{
    IgnoreRule *rule = data;
    g_free(rule->pattern);
    g_free(rule);
}

static IgnoreRule *parse_rule(const char *line)
{
    IgnoreRule *rule = g_new0(IgnoreRule, 1);
    rule->negated = *line == '!';
    line += rule->negated;
    rule->folder = g_str_has_suffix(line, "/");
    size_t len = strlen(line) - rule->folder;
    rule->anchored = memchr(line, '/', len) != NULL;
    size_t skip = *line == '/' && len > 0;
    rule->pattern = g_strndup(line + skip, len - skip);
    return rule;
}

static GPtrArray *read_ignore(const char *root)
{
    GPtrArray *rules = g_ptr_array_new_with_free_func(free_rule);
    g_autofree char *path = g_build_filename(root, IGNORE_FILE, NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return rules; /* most projects have none */
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);
        if (*line && *line != '#') {
            g_ptr_array_add(rules, parse_rule(line));
        }
    }
    return rules;
}

/* A rule is tried against the path and each folder above it, as git does. */
static bool rule_matches(const IgnoreRule *rule, const char *path)
{
    g_autofree char *part = g_strdup(path);
    bool whole = true;
    for (;;) {
        const char *slash = strrchr(part, '/');
        const char *subject = rule->anchored || !slash ? part : slash + 1;
        if (!(whole && rule->folder) && base_text_glob(rule->pattern, subject)) {
            return true;
        }
        if (!slash) {
            return false;
        }
        part[slash - part] = '\0';
        whole = false;
    }
}

static bool is_ignored(const GPtrArray *rules, const char *path)
{
    bool ignored = false;
    for (guint i = 0; i < rules->len; i++) {
        const IgnoreRule *rule = g_ptr_array_index(rules, i);
        if (ignored == rule->negated && rule_matches(rule, path)) {
            ignored = !rule->negated;
        }
    }
    return ignored;
}

/* ---- files --------------------------------------------------------------------------------------------- */

typedef struct {
    GPtrArray *files;
    GPtrArray *rules;
    BaseDiags *diags;
} Walk;

static bool is_definition(const char *path)
{
    return g_str_has_suffix(path, ".yml") || g_str_has_suffix(path, ".yaml") ||
           g_str_has_suffix(path, ".sql");
}

static bool visit_file(const char *path, const char *relative, gpointer user, GError **error)
{
    Walk *walk = user;
    if (!is_definition(relative) || is_ignored(walk->rules, relative)) {
        return true;
    }
    if (walk->files->len >= CATALOG_MAX_FILES) {
        base_fail(error, BASE_E_FILE_TOO_LARGE, "more than %d definition files", CATALOG_MAX_FILES);
        base_error_hint(error, "a line in %s leaves a folder out", IGNORE_FILE);
        return false;
    }
    size_t len = 0;
    g_autoptr(GError) failed = NULL;
    g_autofree char *text = base_fs_read(path, CATALOG_MAX_FILE_BYTES, &len, &failed);
    if (!text) {
        base_diags_add(walk->diags, (BaseErrorCode)failed->code, relative, 1, 1, "%s", failed->message);
    } else if (!base_text_utf8_valid(text, len) || memchr(text, '\0', len)) {
        BaseDiag *diag =
            base_diags_add(walk->diags, BASE_E_VALUE_INVALID, relative, 1, 1, "the file is not UTF-8 text");
        base_diag_hint(diag, "save it as UTF-8, or leave it out in %s", IGNORE_FILE);
    } else {
        g_ptr_array_add(walk->files, catalog_file_new(relative, g_steal_pointer(&text), len));
    }
    return true;
}

GPtrArray *catalog_project_files(const char *root, BaseDiags *diags, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_file_unref);
    g_autoptr(GPtrArray) rules = read_ignore(root);
    Walk walk = {.files = files, .rules = rules, .diags = diags};
    if (access(root, R_OK | X_OK) != 0) {
        base_fs_fail(error, errno, "read", root);
        return NULL;
    }
    if (!base_fs_walk(root, visit_file, &walk, error)) {
        return NULL;
    }
    return g_steal_pointer(&files);
}

CatalogSnapshot *catalog_load(const char *root, EngineConn *parser, const GPtrArray *live, BaseDiags *diags,
                              GError **error)
{
    GPtrArray *files = catalog_project_files(root, diags, error);
    return files ? catalog_load_files(files, parser, live, false, diags) : NULL;
}

/* ---- names ----------------------------------------------------------------------------------------------
 */

static const BaseYaml *name_node(const CatalogItem *item)
{
    const BaseYaml *name = item->yaml ? base_yaml_get(item->yaml, "name", NULL) : NULL;
    return name && item->node->object.kind != CATALOG_MODEL ? name : item->yaml;
}

static void complain_duplicate(CatalogBuild *build, CatalogItem *item, const CatalogItem *first)
{
    const CatalogObject *object = &item->node->object;
    const CatalogObject *other = &first->node->object;
    BaseDiag *diag =
        catalog_complain(build, item, name_node(item), BASE_E_NAME_DUPLICATE, "%s `%s` is defined twice",
                         catalog_kind_name(object->kind), object->full_name);
    base_diag_hint(diag, "the first is the %s in %s:%u", catalog_kind_name(other->kind), other->file,
                   other->line);
}

/* Tables and models share the names of a schema; every other kind has names of its own. */
static void check_duplicates(CatalogBuild *build)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < build->items->len; i++) {
        CatalogItem *item = g_ptr_array_index(build->items, i);
        const CatalogObject *object = &item->node->object;
        if (item->query_of) {
            continue;
        }
        CatalogKind kind = object->kind == CATALOG_MODEL ? CATALOG_TABLE : object->kind;
        g_autofree char *key = g_strdup_printf("%s:%s", catalog_kind_name(kind), object->full_name);
        const CatalogItem *first = g_hash_table_lookup(seen, key);
        if (first && *object->name) {
            complain_duplicate(build, item, first);
            item->duplicate = true;
        } else {
            g_hash_table_insert(seen, g_steal_pointer(&key), item);
        }
    }
}

static void add_live(CatalogBuild *build, const GPtrArray *live)
{
    for (guint i = 0; live && i < live->len; i++) {
        const CatalogTable *table = g_ptr_array_index(live, i);
        if (catalog_resolve_table(build->snapshot, table->schema, table->name, NULL, NULL)) {
            continue; /* a file says what it is */
        }
        CatalogNode *node = catalog_node_from_table(table);
        catalog_snapshot_add(build->snapshot, node);
        catalog_node_unref(node);
    }
}

/* ---- the whole -------------------------------------------------------------------------------------------
 */

static void free_item(gpointer data)
{
    CatalogItem *item = data;
    catalog_node_unref(item->node);
    catalog_node_unref(item->inputs);
    engine_tree_free(item->tree);
    g_free(item->text_key);
    g_clear_pointer(&item->names, g_ptr_array_unref);
    g_clear_pointer(&item->reads, g_ptr_array_unref);
    g_clear_pointer(&item->stale, g_ptr_array_unref);
    if (item->columns) {
        catalog_columns_clear(item->columns);
        g_free(item->columns);
    }
    g_free(item);
}

static void clear_expr(gpointer data)
{
    CatalogExpr *expr = data;
    engine_tree_free(expr->tree);
}

static void build_init(CatalogBuild *build, EngineConn *parser, BaseDiags *diags)
{
    *build = (CatalogBuild){.parser = parser, .diags = diags};
    build->docs = g_ptr_array_new_with_free_func((GDestroyNotify)base_yaml_free);
    build->items = g_ptr_array_new_with_free_func(free_item);
    build->by_node = g_hash_table_new(g_direct_hash, g_direct_equal);
    build->refs = g_array_new(FALSE, FALSE, sizeof(CatalogRef));
    build->exprs = g_array_new(FALSE, FALSE, sizeof(CatalogExpr));
    g_array_set_clear_func(build->exprs, clear_expr);
    build->snapshot = catalog_snapshot_new();
    build->parsing = catalog_parsing_begin(parser);
    g_mutex_init(&build->walk_lock);
}

static void build_clear(CatalogBuild *build)
{
    g_mutex_clear(&build->walk_lock);
    g_ptr_array_unref(build->docs);
    g_hash_table_unref(build->by_node);
    g_array_unref(build->refs);
    g_array_unref(build->exprs);
    g_ptr_array_unref(build->items);
    catalog_snapshot_unref(build->snapshot);
    g_clear_pointer(&build->table_names, g_ptr_array_unref);
    json_decref(build->settings);
    g_free(build->name);
    g_free(build->timezone);
}

static bool left_out(const CatalogBuild *build, const CatalogObject *object)
{
    const CatalogItem *item = g_hash_table_lookup(build->by_node, object);
    return item && (item->failed || item->duplicate);
}

/* What is wrong was there while names were looked up, so that one mistake is told once; now it goes. */
static CatalogSnapshot *without_failed(const CatalogBuild *build)
{
    CatalogSnapshot *all = build->snapshot;
    CatalogSnapshot *out = catalog_snapshot_new();
    for (guint i = 0; i < all->objects->len; i++) {
        CatalogNode *node = g_ptr_array_index(all->objects, i);
        if (!left_out(build, &node->object)) {
            catalog_snapshot_add(out, node);
        }
    }
    for (guint i = 0; i < all->edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(all->edges, i);
        if (!left_out(build, edge->from) && !left_out(build, edge->to)) {
            catalog_snapshot_edge(out, edge->from, edge->from_column, edge->to, edge->to_column, edge->how);
        }
    }
    return out;
}

static bool any_failed(const CatalogBuild *build)
{
    for (guint i = 0; i < build->items->len; i++) {
        const CatalogItem *item = g_ptr_array_index(build->items, i);
        if (item->failed || item->duplicate) {
            return true;
        }
    }
    return false;
}

static CatalogSnapshot *finish(CatalogBuild *build, GPtrArray *files, bool keep_wrong)
{
    CatalogSnapshot *out =
        any_failed(build) && !keep_wrong ? without_failed(build) : catalog_snapshot_ref(build->snapshot);
    for (guint i = 0; i < files->len; i++) {
        g_ptr_array_add(out->files, catalog_file_ref(g_ptr_array_index(files, i)));
    }
    if (build->settings) {
        json_decref(out->settings);
        out->settings = json_incref(build->settings);
    }
    if (build->name) {
        g_free(out->name);
        out->name = g_strdup(build->name);
    }
    if (build->timezone) {
        g_free(out->timezone);
        out->timezone = g_strdup(build->timezone);
    }
    catalog_snapshot_seal(out);
    return out;
}

/* What the environment has of its own takes its name before anything refers to it. */
static void rename_own(CatalogBuild *build, const char *environment, GHashTable *own)
{
    for (guint i = 0; i < build->items->len; i++) {
        CatalogItem *item = g_ptr_array_index(build->items, i);
        const char *fingerprint = g_hash_table_lookup(own, item->node->object.id);
        if (fingerprint && item->node->object.kind == CATALOG_MODEL) {
            catalog_node_rename(item->node, environment, fingerprint);
        }
    }
}

static CatalogSnapshot *load(GPtrArray *files, EngineConn *parser, const GPtrArray *live, bool keep_wrong,
                             BaseDiags *diags, const char *environment, GHashTable *own)
{
    CatalogBuild build;
    build_init(&build, parser, diags);
    for (guint i = 0, noted = 0; i < files->len; i++) {
        catalog_bind_file(&build, g_ptr_array_index(files, i));
        for (; noted < build.items->len; noted++) {
            catalog_note_text(&build, g_ptr_array_index(build.items, noted));
        }
    }
    check_duplicates(&build);
    if (own) {
        rename_own(&build, environment, own);
    }
    for (guint i = 0; i < build.items->len; i++) {
        const CatalogItem *item = g_ptr_array_index(build.items, i);
        if (!item->duplicate && !item->query_of) {
            catalog_snapshot_add(build.snapshot, item->node);
        }
    }
    add_live(&build, live);
    catalog_resolve(&build);
    catalog_check_notices(&build);
    CatalogSnapshot *out = finish(&build, files, keep_wrong);
    build_clear(&build);
    base_diags_sort(diags);
    return out;
}

CatalogSnapshot *catalog_load_files(GPtrArray *files_taken, EngineConn *parser, const GPtrArray *live,
                                    bool keep_wrong, BaseDiags *diags)
{
    g_autoptr(GPtrArray) files = files_taken;
    return load(files, parser, live, keep_wrong, diags, NULL, NULL);
}

CatalogSnapshot *catalog_load_environment(GPtrArray *files_taken, EngineConn *parser, const GPtrArray *live,
                                          const char *environment, GHashTable *own)
{
    g_autoptr(GPtrArray) files = files_taken;
    g_autoptr(BaseDiags) diags = base_diags_new(); /* the branch was without mistakes when it was applied */
    return load(files, parser, live, true, diags, environment, own);
}
