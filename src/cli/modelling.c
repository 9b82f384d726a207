/* weir import, new, matrix, duplicates: help for who models. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "cli/cli_int.h"
#include "modelling/modelling.h"

/* ---- import
 * ------------------------------------------------------------------------------------------------ */

static void tell_notes(const json_t *notes, const char *title)
{
    size_t i;
    json_t *note;
    if (json_array_size(notes) > 0) {
        printf("\n%s\n", title);
    }
    json_array_foreach (notes, i, note) {
        gint64 line = base_json_int(note, "line", 0); /* 0: the file has no lines */
        g_autofree char *place = line ? g_strdup_printf(":%" G_GINT64_FORMAT, line) : g_strdup("");
        printf("  %s%s  %s: %s\n", base_json_string(note, "file", ""), place,
               base_json_string(note, "object", ""), base_json_string(note, "reason", ""));
    }
}

static void tell_both(const json_t *answer)
{
    tell_notes(json_object_get(answer, "changed"),
               base_tr("Carried over, but not to the letter:", "已迁移，但有改动："));
    tell_notes(json_object_get(answer, "left"), base_tr("Stayed behind:", "未能迁移："));
}

static void tell_dbt(const json_t *answer)
{
    printf(base_tr("%s: %" G_GINT64_FORMAT " models, %" G_GINT64_FORMAT " snapshots, %" G_GINT64_FORMAT
                   " seeds, %" G_GINT64_FORMAT " source tables, %" G_GINT64_FORMAT " checks\n",
                   "%s：模型 %" G_GINT64_FORMAT "，快照 %" G_GINT64_FORMAT "，种子 %" G_GINT64_FORMAT
                   "，源表 %" G_GINT64_FORMAT "，检查 %" G_GINT64_FORMAT "\n"),
           base_json_string(answer, "out", ""), base_json_int(answer, "models", 0),
           base_json_int(answer, "snapshots", 0), base_json_int(answer, "seeds", 0),
           base_json_int(answer, "sources", 0), base_json_int(answer, "checks", 0));
}

static void tell_feast(const json_t *answer)
{
    printf(base_tr("%s: %" G_GINT64_FORMAT " entities, %" G_GINT64_FORMAT " feature views, %" G_GINT64_FORMAT
                   " services, %" G_GINT64_FORMAT " tables; drafts: %zu\n",
                   "%s：实体 %" G_GINT64_FORMAT "，特征视图 %" G_GINT64_FORMAT "，特征服务 %" G_GINT64_FORMAT
                   "，表 %" G_GINT64_FORMAT "；草稿 %zu\n"),
           base_json_string(answer, "out", ""), base_json_int(answer, "entities", 0),
           base_json_int(answer, "views", 0), base_json_int(answer, "services", 0),
           base_json_int(answer, "tables", 0), json_array_size(json_object_get(answer, "drafts")));
}

/* A folder's name with "_weir"; of a file, that of what it is called without its ending. */
static char *folder_for(const char *from)
{
    g_autofree char *base = g_path_get_basename(from);
    char *dot = g_file_test(from, G_FILE_TEST_IS_DIR) ? NULL : strrchr(base, '.');
    if (dot && dot > base) {
        *dot = '\0';
    }
    return g_strconcat(base, "_weir", NULL);
}

int cli_verb_import(CliContext *ctx)
{
    static const struct {
        const char *word;
        bool (*import)(const char *from, const char *out, json_t **ret, GError **error);
        void (*tell)(const json_t *answer);
    } KINDS[] = {{"dbt", modelling_import_dbt, tell_dbt}, {"feast", modelling_import_feast, tell_feast}};
    GError *error = NULL;
    g_autoptr(json_t) answer = NULL;
    size_t kind = 0;
    while (kind < G_N_ELEMENTS(KINDS) && !g_str_equal(cli_word(ctx, 0), KINDS[kind].word)) {
        kind++;
    }
    if (kind == G_N_ELEMENTS(KINDS)) {
        return cli_usage(ctx,
                         base_tr("weir import takes `dbt` or `feast`, not `%s`",
                                 "weir import 支持 `dbt` 和 `feast`，不支持 `%s`"),
                         cli_word(ctx, 0));
    }
    g_autofree char *from = g_canonicalize_filename(cli_word(ctx, 1), NULL), *fallback = folder_for(from);
    const char *out_text = cli_text(ctx, "out");
    g_autofree char *out = g_canonicalize_filename(out_text ? out_text : fallback, NULL);
    if (!KINDS[kind].import(from, out, &answer, &error)) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        return cli_print_json(answer);
    }
    KINDS[kind].tell(answer);
    tell_both(answer);
    cli_say(ctx,
            base_tr("\n  Next: cd %s; weir plan; weir apply; weir refresh; weir run",
                    "\n  接下来：cd %s; weir plan; weir apply; weir refresh; weir run"),
            out_text ? out_text : fallback);
    return CLI_EXIT_OK;
}

/* ---- matrix
 * ------------------------------------------------------------------------------------------------ */

/* "✓", or the roles: "origin, destination". */
static char *cell_text(const json_t *roles, bool hole)
{
    g_autoptr(GString) out = g_string_new(NULL);
    size_t i;
    json_t *role;
    json_array_foreach (roles, i, role) {
        const char *name = base_json_string(role, "role", "");
        g_string_append_printf(out, "%s%s", out->len ? ", " : "", *name != '\0' ? name : "✓");
    }
    return out->len ? g_string_free(g_steal_pointer(&out), FALSE) : g_strdup(hole ? "?" : "");
}

static bool has_hole(const json_t *answer, const json_t *row, const char *dimension)
{
    size_t i;
    json_t *hole;
    json_array_foreach (json_object_get(answer, "holes"), i, hole) {
        if (g_str_equal(base_json_string(hole, "fact", ""), base_json_string(row, "fact", "")) &&
            g_str_equal(base_json_string(hole, "dimension", ""), dimension)) {
            return true;
        }
    }
    return false;
}

static void put_cell(GString *out, const char *text, bool csv)
{
    if (!csv) {
        g_string_append_printf(out, " %s |", text);
        return;
    }
    bool quote = strpbrk(text, ",\"\n") != NULL;
    g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
    g_autofree char *doubled = g_strjoinv("\"\"", parts);
    g_string_append_printf(out, quote ? "%s\"%s\"" : "%s%s", out->len ? "," : "", doubled);
}

static void print_row(const json_t *answer, const json_t *row, bool csv)
{
    g_autoptr(GString) out = g_string_new(csv ? "" : "|");
    g_autofree char *grain = cli_json_list(json_object_get(row, "grain"));
    put_cell(out, base_json_string(row, "process", ""), csv);
    put_cell(out, base_json_string(row, "fact", ""), csv);
    put_cell(out, grain, csv);
    size_t i;
    json_t *dim;
    json_array_foreach (json_object_get(answer, "dimensions"), i, dim) {
        const char *name = base_json_string(dim, "name", "");
        g_autofree char *text =
            cell_text(json_object_get(json_object_get(row, "dimensions"), name), has_hole(answer, row, name));
        put_cell(out, text, csv);
    }
    puts(out->str);
}

static void print_matrix(const json_t *answer, bool csv)
{
    g_autoptr(GString) head = g_string_new(csv ? "" : "|");
    g_autoptr(GString) line = g_string_new("| --- | --- | --- |");
    put_cell(head, base_tr("Process", "业务过程"), csv);
    put_cell(head, base_tr("Fact", "事实表"), csv);
    put_cell(head, base_tr("Grain", "粒度"), csv);
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(answer, "dimensions"), i, item) {
        put_cell(head, base_json_string(item, "name", ""), csv);
        g_string_append(line, " --- |");
    }
    puts(head->str);
    if (!csv) {
        puts(line->str);
    }
    json_array_foreach (json_object_get(answer, "rows"), i, item) {
        print_row(answer, item, csv);
    }
    const json_t *holes = json_object_get(answer, "holes");
    if (!csv && json_array_size(holes) > 0) {
        printf("\n%s\n\n", base_tr("Holes:", "缺口："));
    }
    json_array_foreach (holes, i, item) {
        if (!csv) {
            printf("- %s × %s: %s\n", base_json_string(item, "fact", ""),
                   base_json_string(item, "dimension", ""), base_json_string(item, "reason", ""));
        }
    }
}

static void print_coverage(const json_t *list)
{
    size_t i, k;
    json_t *domain, *table;
    if (json_array_size(list) == 0) {
        puts(base_tr("Nothing was read yet: there is nothing to measure.", "尚无查询记录，无法计算覆盖率。"));
    }
    json_array_foreach (list, i, domain) {
        printf(base_tr("%s: DWS answered %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " reads (%.0f%%)\n",
                       "%s：DWS 覆盖 %" G_GINT64_FORMAT " / %" G_GINT64_FORMAT " 次读取（%.0f%%）\n"),
               base_json_string(domain, "domain", ""), base_json_int(domain, "dws_reads", 0),
               base_json_int(domain, "reads", 0), 100 * base_json_real(domain, "share", 0));
        json_array_foreach (json_object_get(domain, "uncovered"), k, table) {
            g_autofree char *metrics = cli_json_list(json_object_get(table, "metrics")),
                            *dims = cli_json_list(json_object_get(table, "dimensions"));
            printf("  %" G_GINT64_FORMAT "  %s: %s / %s\n", base_json_int(table, "queries", 0),
                   base_json_string(table, "table", ""), metrics, dims);
        }
    }
}

int cli_verb_matrix(CliContext *ctx)
{
    int code;
    bool coverage = cli_flag(ctx, "coverage");
    g_autoptr(GString) path = g_string_new("/api/v1/matrix");
    cli_query_add(path, "domain", cli_text(ctx, "domain"));
    cli_query_add(path, "coverage", coverage ? "true" : NULL);
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    if (coverage) {
        print_coverage(json_object_get(answer, "coverage"));
    } else {
        print_matrix(answer, g_strcmp0(cli_text(ctx, "format"), "csv") == 0);
    }
    return CLI_EXIT_OK;
}

/* ---- duplicates
 * ---------------------------------------------------------------------------------------------- */

static void tell_group(const json_t *answer, const char *key, const char *title, const char *what)
{
    size_t i, k;
    json_t *found, *column;
    json_array_foreach (json_object_get(answer, key), i, found) {
        printf("%s: %s\n", title, base_json_string(found, what, ""));
        json_array_foreach (json_object_get(found, "columns"), k, column) {
            printf("  %s.%s = %s\n", base_json_string(column, "table", ""),
                   base_json_string(column, "column", ""), base_json_string(column, "expression", ""));
        }
    }
}

int cli_verb_duplicates(CliContext *ctx)
{
    int code;
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", "/api/v1/duplicates", NULL, &code);
    if (!answer) {
        return code;
    }
    tell_group(answer, "repeated", base_tr("computed in several models", "多个模型重复计算"), "expression");
    tell_group(answer, "synonyms", base_tr("one expression, several names", "同义不同名"), "expression");
    tell_group(answer, "homonyms", base_tr("one name, several expressions", "同名不同义"), "name");
    size_t i;
    json_t *pair;
    json_array_foreach (json_object_get(answer, "queries"), i, pair) {
        g_autofree char *tables = cli_json_list(json_object_get(pair, "tables"));
        printf(base_tr("models that ask the same: %s\n", "查询相同的模型：%s\n"), tables);
    }
    return CLI_EXIT_OK;
}

/* ---- new
 * ------------------------------------------------------------------------------------------------------- */

static json_t *new_body(const CliContext *ctx)
{
    static const char *const TEXTS[] = {"layer", "from",    "name", "domain",  "owner",
                                        "grade", "process", "unit", "consumer"};
    json_t *body = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        if (cli_text(ctx, TEXTS[i])) {
            base_json_set_string(body, TEXTS[i], cli_text(ctx, TEXTS[i]));
        }
    }
    if (cli_text(ctx, "by")) {
        json_t *by = json_array();
        g_auto(GStrv) names = g_strsplit(cli_text(ctx, "by"), ",", -1);
        for (size_t i = 0; names[i]; i++) {
            json_array_append_new(by, json_string(g_strstrip(names[i])));
        }
        json_object_set_new(body, "by", by);
    }
    return body;
}

static bool write_new(const CliContext *ctx, const json_t *answer, GError **error)
{
    g_autofree char *path = g_build_filename(ctx->project, base_json_string(answer, "path", ""), NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    const char *text = base_json_string(answer, "text", "");
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        base_fail(error, BASE_E_USAGE, base_tr("`%s` exists", "`%s` 已存在"), path);
        base_error_not_done(error, base_tr("It was not overwritten.", "未覆盖。"));
        return false;
    }
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        return base_fs_fail(error, errno, "create folder", folder);
    }
    return base_fs_write(path, text, strlen(text), 0644, error);
}

int cli_verb_new(CliContext *ctx)
{
    GError *error = NULL;
    if (!g_str_equal(cli_word(ctx, 0), "model") || !cli_text(ctx, "layer") || !cli_text(ctx, "from")) {
        return cli_usage(
            ctx, "%s",
            base_tr("weir new model --layer LAYER --from TABLE", "weir new model --layer 分层 --from 表"));
    }
    g_autoptr(json_t) body = new_body(ctx);
    g_autoptr(json_t) answer =
        cli_project_need(ctx, &error) ? cli_call(ctx, "POST", "/api/v1/models/draft", body, &error) : NULL;
    bool print = cli_flag(ctx, "print");
    if (!answer || (!print && !write_new(ctx, answer, &error))) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        return cli_print_json(answer);
    }
    printf("%s%s", base_json_string(answer, print ? "text" : "path", ""), print ? "" : "\n");
    if (base_json_bool(answer, "unregistered_metrics", false)) {
        cli_say(
            ctx, "%s",
            base_tr("It is marked exploratory: some of its metrics are not registered under `metrics:` yet.",
                    "已标记为探索性：部分指标尚未在 `metrics:` 中登记。"));
    }
    return CLI_EXIT_OK;
}
