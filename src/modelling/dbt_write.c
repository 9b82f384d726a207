/* Files of the new project. What Weir finds wrong in them is taken out again and kept as a draft, with what
 * reads it, until nothing is wrong: what is left can be applied. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/fs.h"
#include "engine/engine.h"
#include "engine/sql.h"
#include "modelling/dbt_int.h"

/* ---- models
 * ------------------------------------------------------------------------------------------------ */

/* "models/staging/x.sql" -> "staging" */
static char *folders_of(const DbtNode *node)
{
    g_autofree char *dir = g_path_get_dirname(node->file);
    const char *slash = strchr(dir, '/');
    return g_strdup(slash ? slash + 1 : "");
}

static char *model_path(const DbtNode *node)
{
    g_autofree char *folders = folders_of(node), *name = g_strconcat(node->table, ".sql", NULL);
    return g_build_path("/", "domains", node->domain, node->kind == DBT_SNAPSHOT ? "snapshots" : "models",
                        folders, name, NULL);
}

static char *model_text(const DbtNode *node)
{
    GString *out = g_string_new("-- ---\n");
    const char *key;
    json_t *value;
    json_object_foreach (node->header, key, value) {
        import_put_key(out, "-- ", key, value);
    }
    g_string_append_printf(out, "-- ---\n%s\n", node->sql);
    return g_string_free(out, FALSE);
}

/* ---- seeds, sources
 * ------------------------------------------------------------------------------------------ */

/* Columns of a CSV file with the types that the engine finds in it, those of `column_types` first. */
static json_t *seed_columns(DbtImport *import, const DbtNode *node, GError **error)
{
    g_autofree char *path = g_build_filename(import->dir, node->file, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    EngineOptions options = {.threads = 1, .memory_bytes = 256 * 1024 * 1024, .spool_dir = folder};
    g_autoptr(Engine) engine = engine_open(&options, error);
    g_autoptr(EngineConn) conn = engine ? engine_connect(engine, error) : NULL;
    g_autoptr(GString) sql = g_string_new("SELECT * FROM read_csv(");
    engine_sql_append_text(sql, path);
    g_string_append(sql, ", header = true, sample_size = -1, delim = ");
    engine_sql_append_text(sql, base_json_string(node->config, "delimiter", ","));
    g_string_append(sql, ")");
    g_autoptr(EngineStmt) statement = conn ? engine_prepare(conn, sql->str, error) : NULL;
    g_autoptr(EngineResult) result = statement ? engine_stmt_run(statement, error) : NULL;
    json_t *types = json_object_get(node->config, "column_types");
    json_t *columns = result ? json_array() : NULL;
    for (size_t i = 0; result && i < engine_result_n_columns(result); i++) {
        const char *name = engine_result_column_name(result, i);
        const char *type = base_json_string(types, name, engine_result_type_text(result, i));
        json_array_append_new(columns, json_pack("{s:s, s:s}", "name", name, "type", type));
    }
    return columns;
}

/* What properties say of a column, beside its name and type. */
static void say_columns(json_t *columns, const json_t *said)
{
    size_t i, k;
    json_t *column, *other;
    json_array_foreach (columns, i, column) {
        json_array_foreach (said, k, other) {
            if (g_str_equal(base_json_string(column, "name", ""), base_json_string(other, "name", ""))) {
                json_object_update_missing(column, other);
            }
        }
    }
}

static char *table_yaml(const DbtNode *node, const char *source)
{
    GString *out = g_string_new(source);
    g_string_append_printf(out, "tables:\n  - name: %s\n", node->table);
    const char *key;
    json_t *value;
    json_object_foreach (node->header, key, value) {
        import_put_key(out, "    ", key, value);
    }
    return g_string_free(out, FALSE);
}

static bool write_seed(DbtImport *import, DbtNode *node, GError **error)
{
    g_autofree char *from = g_build_filename(import->dir, node->file, NULL),
                    *path = g_build_path("/", "seeds", strchr(node->file, '/') + 1, NULL),
                    *to = g_build_filename(import->out, path, NULL), *folder = g_path_get_dirname(to);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        return base_fs_fail(error, errno, "create folder", folder);
    }
    g_autofree char *quoted = g_strconcat("\"", path, "\"", NULL);
    const char *delimiter = base_json_string(node->config, "delimiter", ",");
    g_autoptr(json_t) options = json_pack("{s:s, s:s, s:s, s:b}", "column_separator", delimiter, "enclose",
                                          "\"", "escape", "\"", "empty_field_as_null", 1);
    g_autofree char *options_text = base_json_text(options);
    g_autofree char *source = g_strdup_printf(
        "sources:\n  - name: seed_%s\n    connector: file\n    tables:\n      - {name: %s, path: %s, format: "
        "csv_with_names, options: %s, mode: snapshot, to: %s}\n",
        node->table, node->table, quoted, options_text, node->table);
    g_autofree char *text = table_yaml(node, source);
    return base_fs_copy(from, to, error) && import_write_text(import->out, node->written, text, error);
}

/* A table needs a type for each column. */
static void type_source(DbtImport *import, DbtNode *node)
{
    json_t *columns = json_object_get(node->header, "columns"), *column;
    size_t i;
    if (json_array_size(columns) == 0) {
        dbt_leave(import, node, node->line, "%s",
                  base_tr("no columns are listed: declare the table, or let a source make it",
                          "未列出任何列：请声明该表，或由数据源创建"));
        return;
    }
    json_array_foreach (columns, i, column) {
        if (*base_json_string(column, "type", "") == '\0') {
            base_json_set_string(column, "type", "string");
            dbt_changed(import, node->file, node->line, node->name,
                        base_tr("the column `%s` has no `data_type`: it is declared as string",
                                "列 `%s` 没有 `data_type`：按 string 声明"),
                        base_json_string(column, "name", ""));
        }
    }
}

static void prepare(DbtImport *import, DbtNode *node)
{
    g_autoptr(GError) failed = NULL;
    if (node->kind == DBT_SOURCE) {
        type_source(import, node);
    } else if (node->kind == DBT_SEED) {
        json_t *columns = seed_columns(import, node, &failed);
        if (!columns) {
            dbt_leave(import, node, 1, "%s", failed->message);
            return;
        }
        say_columns(columns, json_object_get(node->header, "columns"));
        json_object_set_new(node->header, "columns", columns);
    }
}

/* ---- what hangs together
 * -------------------------------------------------------------------------------------- */

static bool spread(DbtImport *import)
{
    bool any = false;
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        for (guint k = 0; !node->left && k < node->reads->len; k++) {
            const DbtNode *from = g_ptr_array_index(node->reads, k);
            if (from->left) {
                any = true;
                dbt_leave(import, node, node->line,
                          base_tr("it reads `%s`, which stayed behind", "它读取的 `%s` 未能迁移"),
                          from->name);
            }
        }
    }
    return any;
}

static bool stays(const DbtImport *import, const json_t *check)
{
    const char *to = base_json_string(json_object_get(check, "relationship"), "to", NULL);
    for (guint i = 0; to && i < import->nodes->len; i++) {
        const DbtNode *node = g_ptr_array_index(import->nodes, i);
        g_autofree char *name = g_strconcat(node->domain, ".", node->table, NULL);
        if (g_str_equal(name, to)) {
            return !node->left;
        }
    }
    return true;
}

static void drop_checks(DbtImport *import, const DbtNode *node, json_t *holder)
{
    json_t *checks = json_object_get(holder, "checks");
    for (size_t i = json_array_size(checks); i-- > 0;) {
        if (!stays(import, json_array_get(checks, i))) {
            dbt_left(import, node->properties_file, node->properties->line, node->name, "%s",
                     base_tr("a relationship to what stayed behind", "关系检查指向未迁移的对象"));
            json_array_remove(checks, i);
        }
    }
    if (checks && json_array_size(checks) == 0) {
        json_object_del(holder, "checks");
    }
}

static void drop_all_checks(DbtImport *import, const DbtNode *node)
{
    size_t i;
    json_t *column;
    json_array_foreach (json_object_get(node->header, "columns"), i, column) {
        drop_checks(import, node, column);
    }
    drop_checks(import, node, node->header);
}

/* ---- writing, judging
 * ------------------------------------------------------------------------------------------ */

static bool write_node(DbtImport *import, DbtNode *node, GError **error)
{
    if (node->left) {
        g_autofree char *path = node->written ? g_build_filename(import->out, node->written, NULL) : NULL;
        (void)(path && g_unlink(path) != 0); /* it may not have been written yet */
        g_clear_pointer(&node->written, g_free);
        return true;
    }
    drop_all_checks(import, node);
    bool model = node->kind == DBT_MODEL || node->kind == DBT_SNAPSHOT;
    if (!node->written) {
        node->written =
            model ? model_path(node) : g_strdup_printf("domains/%s/tables/%s.yml", node->domain, node->table);
    }
    if (node->kind == DBT_SEED) {
        return write_seed(import, node, error);
    }
    g_autofree char *text = model ? model_text(node) : table_yaml(node, "");
    return import_write_text(import->out, node->written, text, error);
}

static DbtNode *node_of_file(const DbtImport *import, const char *file)
{
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        if (node->written && g_strcmp0(node->written, file) == 0) {
            return node;
        }
    }
    return NULL;
}

/* An interval needs a time; whether a column is one is known once its model is bound. */
static bool judge_times(DbtImport *import, const CatalogSnapshot *snapshot)
{
    bool any = false;
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        g_autofree char *name = g_strconcat(node->domain, ".", node->table, NULL);
        const CatalogObject *object =
            node->time && !node->left ? catalog_find(snapshot, name, NULL, NULL) : NULL;
        for (guint c = 0; object && object->columns && c < object->columns->len; c++) {
            const CatalogColumn *column = g_ptr_array_index(object->columns, c);
            bool time = g_str_has_prefix(column->type, "DATE") || g_str_has_prefix(column->type, "TIMESTAMP");
            if (g_ascii_strcasecmp(column->name, node->time) == 0 && !time) {
                any = true;
                dbt_leave(import, node, node->block_line,
                          base_tr("`%s` is no time (%s), so it makes no interval",
                                  "`%s` 不是时间（%s），不能作为区间"),
                          node->time, column->type);
            }
        }
    }
    return any;
}

/* true in *ret_any when something had to be taken out. */
static bool judge(DbtImport *import, EngineConn *conn, bool *ret_any, GError **error)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot = catalog_load(import->out, conn, NULL, diags, error);
    *ret_any = false;
    if (!snapshot) {
        return false;
    }
    for (size_t i = 0; i < base_diags_length(diags); i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        DbtNode *node = diag->severity == BASE_DIAG_ERROR ? node_of_file(import, diag->file) : NULL;
        if (node && !node->left) {
            *ret_any = true;
            dbt_leave(import, node, node->body_line, "%s", diag->message);
        }
    }
    *ret_any = judge_times(import, snapshot) || *ret_any;
    for (size_t i = 0; !*ret_any && i < base_diags_length(diags); i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        if (diag->severity == BASE_DIAG_ERROR) { /* of no object: nothing can be taken out for it */
            dbt_left(import, diag->file ? diag->file : "weir.yml", diag->line, import->name, "%s",
                     diag->message);
        }
    }
    return true;
}

static bool write_until_right(DbtImport *import, GError **error)
{
    g_autoptr(Engine) engine = NULL;
    g_autoptr(EngineConn) conn = import_parser(&engine, error);
    bool any = conn != NULL;
    while (any) {
        while (spread(import)) {
        }
        for (guint i = 0; i < import->nodes->len; i++) {
            if (!write_node(import, g_ptr_array_index(import->nodes, i), error)) {
                return false;
            }
        }
        if (!judge(import, conn, &any, error)) {
            return false;
        }
    }
    return conn != NULL;
}

/* ---- drafts, the answer
 * ------------------------------------------------------------------------------------------ */

static bool write_draft(DbtImport *import, const DbtNode *node, GError **error)
{
    bool whole = node->kind == DBT_MODEL; /* a file of snapshots may hold several */
    g_autofree char *path =
        g_strconcat("drafts/", node->file, whole ? "" : ".", whole ? "" : node->name, ".draft", NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;
    json_t *entry;
    json_array_foreach (import->left, i, entry) {
        if (g_str_equal(base_json_string(entry, "file", ""), node->file) &&
            g_str_equal(base_json_string(entry, "object", ""), node->name)) {
            g_string_append_printf(text, "-- %s:%" G_GINT64_FORMAT ": %s\n", node->file,
                                   base_json_int(entry, "line", 0), base_json_string(entry, "reason", ""));
        }
    }
    g_string_append_printf(text, "%s\n", node->text);
    return import_write_text(import->out, path, text->str, error);
}

static void count_checks(DbtImport *import, const DbtNode *node)
{
    size_t i;
    json_t *column;
    json_array_foreach (json_object_get(node->header, "columns"), i, column) {
        import->n_checks += (gint64)json_array_size(json_object_get(column, "checks"));
    }
    import->n_checks += (gint64)json_array_size(json_object_get(node->header, "checks"));
}

bool dbt_write(DbtImport *import, GError **error)
{
    g_autofree char *project = g_strdup_printf("name: %s\ntimezone: UTC\n", import->domain);
    for (guint i = 0; i < import->nodes->len; i++) {
        DbtNode *node = g_ptr_array_index(import->nodes, i);
        if (!node->left) {
            prepare(import, node);
        }
    }
    if (!import_write_text(import->out, "weir.yml", project, error) ||
        !import_write_text(import->out, ".gitignore", ".weir/\n", error) ||
        !write_until_right(import, error)) {
        return false;
    }
    for (guint i = 0; i < import->nodes->len; i++) {
        const DbtNode *node = g_ptr_array_index(import->nodes, i);
        if (node->left && node->text && !write_draft(import, node, error)) {
            return false;
        }
        if (!node->left) {
            count_checks(import, node);
            json_array_append_new(import->files, json_string(node->written));
        }
    }
    return true;
}
