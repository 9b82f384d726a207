/* init: writes a small project that plans, applies and runs as it is; with --from one whose sources are the
 * files found in a folder. Nothing that exists is overwritten. */
#include <errno.h>

#include "base/fs.h"
#include "base/text.h"
#include "cli/cli_int.h"

/* ---- what a folder holds ---- */

static const char *const SUFFIXES[] = {".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"};
static const char *const COMPRESSED[] = {".gz", ".zst", ".bz2", ".lz4"};

/* Files that differ only in a number or date behind their name are one table: plays_2026-01.csv,
 * plays_2026-02.csv. */
typedef struct {
    char *folder; /* relative, "" = the top */
    char *stem, *suffix;
    char *first;
    guint n;
} Group;

static void group_free(gpointer data)
{
    Group *group = data;
    g_free(group->folder);
    g_free(group->stem);
    g_free(group->suffix);
    g_free(group->first);
    g_free(group);
}

/* Where ".csv.gz" begins in a file's name; NULL when it is not a data file. */
static const char *find_suffix(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < G_N_ELEMENTS(COMPRESSED); i++) {
        if (g_str_has_suffix(name, COMPRESSED[i])) {
            len -= strlen(COMPRESSED[i]);
            break;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(SUFFIXES); i++) {
        size_t n = strlen(SUFFIXES[i]);
        if (len > n && strncmp(name + len - n, SUFFIXES[i], n) == 0) {
            return name + len - n;
        }
    }
    return NULL;
}

static bool collect(const char *path, const char *relative, gpointer user, GError **error)
{
    (void)path;
    (void)error;
    GPtrArray *groups = user;
    g_autofree char *folder = g_path_get_dirname(relative);
    g_autofree char *name = g_path_get_basename(relative);
    const char *suffix = find_suffix(name);
    if (suffix == NULL) {
        return true;
    }
    g_autofree char *stem = g_strndup(name, (gsize)(suffix - name));
    size_t len = strlen(stem);
    while (len > 0 && strchr("0123456789-_.", stem[len - 1]) != NULL) {
        len--;
    }
    len = len == 0 ? strlen(stem) : len;
    stem[len] = '\0';
    for (guint i = 0; i < groups->len; i++) {
        Group *group = g_ptr_array_index(groups, i);
        if (strcmp(group->folder, folder) == 0 && strcmp(group->stem, stem) == 0 &&
            strcmp(group->suffix, suffix) == 0) {
            group->n++;
            return true;
        }
    }
    Group *group = g_new0(Group, 1);
    *group = (Group){g_strdup(folder), g_strdup(stem), g_strdup(suffix), g_strdup(name), 1};
    g_ptr_array_add(groups, group);
    return true;
}

/* A name of the standard's form from any file name. */
static char *table_name(const Group *group, GHashTable *used)
{
    GString *name = g_string_new("ods_");
    for (const char *c = group->stem; *c != '\0'; c++) {
        if (g_ascii_isalnum(*c)) {
            g_string_append_c(name, g_ascii_tolower(*c));
        } else if (name->str[name->len - 1] != '_') {
            g_string_append_c(name, '_');
        }
    }
    if (strcmp(name->str, "ods_") == 0) {
        g_string_append(name, "file");
    }
    g_string_truncate(name, MIN(name->len, 48));
    g_string_append(name, "_f");
    for (int i = 2; g_hash_table_contains(used, name->str); i++) {
        g_string_append_printf(name, "%d", i);
    }
    g_hash_table_add(used, g_strdup(name->str));
    return g_string_free(name, FALSE);
}

/* A YAML text in double quotes. */
static char *quoted(const char *text)
{
    GString *out = g_string_new(NULL);
    base_json_append_string(out, text, strlen(text)); /* a JSON string is a YAML one */
    return g_string_free(out, FALSE);
}

/* What a glob takes as a sign is written so that it is itself. */
static void append_glob_text(GString *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr("*?[\\", *c) != NULL) {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *c);
    }
}

static void append_group(GString *yaml, const Group *group, const char *from, GHashTable *used)
{
    g_autofree char *table = table_name(group, used);
    g_autofree char *folder =
        strcmp(group->folder, ".") == 0 ? g_strdup(from) : g_build_filename(from, group->folder, NULL);
    g_autoptr(GString) path = g_string_new(NULL);
    if (group->n == 1) {
        g_autofree char *whole = g_build_filename(folder, group->first, NULL);
        g_string_append(path, whole);
    } else {
        append_glob_text(path, folder);
        g_string_append_c(path, '/');
        append_glob_text(path, group->stem);
        g_string_append_printf(path, "*%s", group->suffix);
    }
    g_autofree char *text = quoted(path->str);
    bool csv = g_str_has_prefix(group->suffix, ".csv") || g_str_has_prefix(group->suffix, ".tsv");
    g_autofree char *name = g_strndup(table + strlen("ods_"), strlen(table) - strlen("ods_") - strlen("_f"));
    g_string_append_printf(yaml, "      - {name: %s, path: %s%s, to: %s}\n",
                           base_text_is_name(name) ? name : table, text,
                           csv ? ", format: csv_with_names" : "", table);
}

/* ---- files of the project ---- */

static bool write_new(const char *folder, const char *name, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        base_fail(error, BASE_E_USAGE, base_tr("`%s` exists", "`%s` 已存在"), path);
        base_error_not_done(error, base_tr("It was not overwritten.", "未覆盖。"));
        return false;
    }
    if (g_mkdir_with_parents(dir, 0755) != 0) {
        return base_fs_fail(error, errno, "create folder", dir);
    }
    return base_fs_write(path, text, strlen(text), 0644, error);
}

static const char *time_zone(void)
{
    g_autoptr(GTimeZone) local = g_time_zone_new_local();
    const char *name = g_time_zone_get_identifier(local);
    /* A zone read from a path or a rule has no name that another machine knows. */
    bool known = name != NULL && *name != '/' && *name != ':' && strpbrk(name, "/") != NULL;
    return known ? g_intern_string(name) : "UTC";
}

static char *sources_yaml(const char *name, GPtrArray *groups, const char *from)
{
    g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GString *yaml = g_string_new(NULL);
    g_string_append_printf(
        yaml,
        "# Tables are made from what the files hold; declare one under `tables:` to fix its types.\n"
        "sources:\n  - name: %s_files\n    connector: file\n    tables:\n",
        name);
    for (guint i = 0; i < groups->len; i++) {
        append_group(yaml, g_ptr_array_index(groups, i), from, used);
    }
    return g_string_free(yaml, FALSE);
}

static char *example_yaml(void)
{
    return g_strdup("tables:\n"
                    "  - name: ods_order_i\n"
                    "    title: {en: Orders, zh: 订单}\n"
                    "    layer: ods\n"
                    "    columns:\n"
                    "      - {name: order_id, type: BIGINT}\n"
                    "      - {name: user_id, type: BIGINT}\n"
                    "      - {name: amount, type: \"DECIMAL(18,2)\"}\n"
                    "      - {name: paid_at, type: DATETIME}\n");
}

static const char EXAMPLE_MODEL[] = "-- ---\n"
                                    "-- title: {en: Orders by user, zh: 用户订单汇总}\n"
                                    "-- layer: dws\n"
                                    "-- kind: full\n"
                                    "-- columns:\n"
                                    "--   - {name: user_id, checks: [not_null, unique]}\n"
                                    "-- ---\n"
                                    "SELECT user_id, count(*) AS order_cnt, sum(amount) AS amount\n"
                                    "FROM ods_order_i\n"
                                    "WHERE user_id IS NOT NULL\n"
                                    "GROUP BY user_id\n";

static bool write_project(const char *folder, const char *name, GPtrArray *groups, const char *from,
                          GError **error)
{
    g_autofree char *project =
        g_strdup_printf("name: %s\ntimezone: %s\ndomains:\n  - {name: %s}\n", name, time_zone(), name);
    g_autofree char *domain = groups != NULL ? sources_yaml(name, groups, from) : example_yaml();
    g_autofree char *domain_file = g_strdup_printf("domains/%s/%s.yml", name, name);
    g_autofree char *model_file = g_strdup_printf("domains/%s/models/dws_user_order_f.sql", name);
    return write_new(folder, "weir.yml", project, error) &&
           write_new(folder, ".gitignore", ".weir/\n", error) &&
           write_new(folder, domain_file, domain, error) &&
           (groups != NULL || write_new(folder, model_file, EXAMPLE_MODEL, error));
}

static bool find_files(const char *from, GPtrArray *groups, GError **error)
{
    if (!g_file_test(from, G_FILE_TEST_IS_DIR)) {
        return base_fail(error, BASE_E_FILE_NOT_FOUND, base_tr("no folder `%s`", "没有目录 `%s`"), from);
    }
    if (!base_fs_walk(from, collect, groups, error)) {
        return false;
    }
    if (groups->len == 0) {
        base_fail(error, BASE_E_FILE_NOT_FOUND,
                  base_tr("no CSV, JSON or Parquet file in `%s`", "`%s` 中没有 CSV、JSON 或 Parquet 文件"),
                  from);
        return false;
    }
    return true;
}

int cli_verb_init(CliContext *ctx)
{
    GError *error = NULL;
    g_autofree char *folder = g_canonicalize_filename(ctx->words[0], NULL);
    g_autofree char *base = g_path_get_basename(folder);
    g_autofree char *name = g_ascii_strdown(base, -1);
    g_strdelimit(name, "- .", '_');
    if (!base_text_is_name(name)) {
        base_fail(&error, BASE_E_NAME_INVALID, base_tr("`%s` is not a name", "`%s` 不是合法名称"), base);
        base_error_hint(&error, base_tr("lower-case letters, digits and _, a letter first",
                                        "小写字母、数字与下划线，以字母开头"));
        return cli_fail(ctx, error);
    }
    const char *from_text = cli_text(ctx, "from");
    g_autofree char *from = from_text == NULL ? NULL : g_canonicalize_filename(from_text, NULL);
    g_autoptr(GPtrArray) groups = from == NULL ? NULL : g_ptr_array_new_with_free_func(group_free);
    if ((from != NULL && !find_files(from, groups, &error)) ||
        !write_project(folder, name, groups, from, &error)) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        g_autoptr(json_t) answer = json_pack("{s:s, s:s}", "name", name, "folder", folder);
        return cli_print_json(answer);
    }
    g_autofree char *quoted = strpbrk(ctx->words[0], " '\"$&()*;<>?[]\\`|~") ? g_shell_quote(ctx->words[0])
                                                                             : g_strdup(ctx->words[0]);
    printf("  %s\n", folder);
    cli_say(ctx,
            base_tr("  Next: cd %s; weir plan; weir apply; weir up",
                    "  接下来：cd %s; weir plan; weir apply; weir up"),
            quoted);
    return CLI_EXIT_OK;
}
