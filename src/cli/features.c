/* weir features: what is declared of features, its versions; search, difference. */
#include <stdio.h>
#include <string.h>

#include "cli/features_int.h"

static const CliColumn VIEW_COLUMNS[] = {
    {"view", "View", "视图", CLI_CELL_TEXT},
    {"title", "Title", "名称", CLI_CELL_TEXT},
    {"entities", "Entities", "实体", CLI_CELL_TEXT},
    {"features", "Features", "特征数", CLI_CELL_TEXT},
    {"versions", "Versions", "版本", CLI_CELL_TEXT},
    {"from", "From", "来源", CLI_CELL_TEXT},
    {"ttl", "TTL", "有效期", CLI_CELL_TEXT},
    {"owner", "Owner", "负责人", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};
static const CliColumn SERVICE_COLUMNS[] = {
    {"service", "Service", "服务", CLI_CELL_TEXT},
    {"title", "Title", "名称", CLI_CELL_TEXT},
    {"features", "Features", "特征", CLI_CELL_TEXT},
    {"owner", "Owner", "负责人", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};
static const CliColumn FEATURE_COLUMNS[] = {
    {"name", "Feature", "特征", CLI_CELL_TEXT},  {"type", "Type", "类型", CLI_CELL_TEXT},
    {"title", "Title", "名称", CLI_CELL_TEXT},   {"expr", "Expression", "表达式", CLI_CELL_TEXT},
    {"window", "Window", "窗口", CLI_CELL_TEXT}, {"default", "Default", "默认值", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};
static const CliColumn HIT_COLUMNS[] = {
    {"feature", "Feature", "特征", CLI_CELL_TEXT},
    {"type", "Type", "类型", CLI_CELL_TEXT},
    {"title", "Title", "名称", CLI_CELL_TEXT},
    {"entities", "Entities", "实体", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};
static const CliColumn VERSION_COLUMNS[] = {
    {"version", "Version", "版本", CLI_CELL_TEXT},
    {"at", "At", "时间", CLI_CELL_TEXT},
    {"user", "User", "用户", CLI_CELL_TEXT},
    {"what", "What changed", "变化", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};

/* ---- cells ------------------------------------------------------------------------------------------- */

/* What a service takes: "user_stats, song_stats:plays, user_stats as friend". */
static char *joined(const json_t *list)
{
    GString *out = g_string_new(NULL);
    size_t n = json_is_array(list) ? json_array_size(list) : list && !json_is_null(list) ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(list) ? json_array_get(list, i) : list;
        const char *text = json_string_value(one);
        const char *view = base_json_string(one, "view", NULL), *as = base_json_string(one, "as", NULL);
        g_autofree char *used = view && as ? g_strdup_printf("%s as %s", view, as) : NULL;
        g_autofree char *json = text || view ? NULL : base_json_text(one);
        g_string_append_printf(out, "%s%s", i ? ", " : "", text ? text : used ? used : view ? view : json);
    }
    return g_string_free(out, FALSE);
}

static void set_title(json_t *row)
{
    const char *own = base_json_string(row, base_tr("title_en", "title_zh"), "");
    base_json_set_string(row, "title",
                         *own ? own : base_json_string(row, base_tr("title_zh", "title_en"), ""));
}

static char *versions_text(const json_t *versions)
{
    GString *out = g_string_new(NULL);
    for (size_t i = json_array_size(versions); i-- > 0;) {
        g_string_append_printf(out, "%sv%" JSON_INTEGER_FORMAT, out->len ? " " : "",
                               json_integer_value(json_array_get(versions, i)));
    }
    return g_string_free(out, FALSE);
}

/* ---- ls ------------------------------------------------------------------------------------------------ */

static int list(CliContext *ctx)
{
    int code;
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", "/api/v1/features", NULL, &code);
    if (!answer) {
        return code;
    }
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(answer, "views"), i, row) {
        g_autofree char *versions = versions_text(json_object_get(row, "versions"));
        set_title(row);
        base_json_set_string(row, "versions", versions);
    }
    json_array_foreach (json_object_get(answer, "services"), i, row) {
        g_autofree char *features = joined(json_object_get(row, "features"));
        set_title(row);
        base_json_set_string(row, "features", features);
    }
    cli_print_table(json_object_get(answer, "views"), VIEW_COLUMNS);
    if (json_array_size(json_object_get(answer, "services")) > 0) {
        puts("");
        cli_print_table(json_object_get(answer, "services"), SERVICE_COLUMNS);
    }
    if (base_json_bool(answer, "archived", false)) {
        cli_say(ctx, base_tr("The project is archived: nothing is applied into it.",
                             "项目已归档，不再接受应用。"));
    }
    return CLI_EXIT_OK;
}

/* ---- what differs ----------------------------------------------------------------------------------------
 */

static char *value_text(const json_t *value)
{
    return !value || json_is_null(value) ? g_strdup("-")
           : json_is_string(value)       ? g_strdup(json_string_value(value))
                                         : base_json_text(value);
}

/* "+clicks -skips ttl" */
static char *summary(const json_t *diff)
{
    GString *out = g_string_new(NULL);
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(diff, "added"), i, one) {
        g_string_append_printf(out, "%s+%s", out->len ? " " : "", json_string_value(one));
    }
    json_array_foreach (json_object_get(diff, "removed"), i, one) {
        g_string_append_printf(out, "%s-%s", out->len ? " " : "", json_string_value(one));
    }
    json_array_foreach (json_object_get(diff, "changed"), i, one) {
        g_string_append_printf(out, "%s%s", out->len ? " " : "", base_json_string(one, "what", ""));
    }
    return g_string_free(out, FALSE);
}

static void print_diff(const json_t *diff)
{
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(diff, "added"), i, one) {
        printf("  + %s\n", json_string_value(one));
    }
    json_array_foreach (json_object_get(diff, "removed"), i, one) {
        printf("  - %s\n", json_string_value(one));
    }
    json_array_foreach (json_object_get(diff, "changed"), i, one) {
        g_autofree char *before = value_text(json_object_get(one, "before"));
        g_autofree char *after = value_text(json_object_get(one, "after"));
        printf("  ~ %s: %s -> %s\n", base_json_string(one, "what", ""), before, after);
    }
}

static int diff(CliContext *ctx)
{
    int code;
    if (ctx->n_words < 3) {
        return cli_usage(ctx,
                         base_tr("weir features diff VIEW@v1 VIEW@v2", "weir features diff 视图@v1 视图@v2"));
    }
    g_autoptr(GString) path = g_string_new("/api/v1/features/diff");
    cli_query_add(path, "before", cli_word(ctx, 1));
    cli_query_add(path, "after", cli_word(ctx, 2));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    printf("%s -> %s\n", base_json_string(answer, "before", ""), base_json_string(answer, "after", ""));
    print_diff(answer);
    return CLI_EXIT_OK;
}

/* ---- versions
 * ---------------------------------------------------------------------------------------------- */

static void print_versions(json_t *versions)
{
    size_t i;
    json_t *row;
    json_array_foreach (versions, i, row) {
        g_autofree char *name = g_strdup_printf("%s@v%" G_GINT64_FORMAT, base_json_string(row, "view", ""),
                                                base_json_int(row, "version", 0));
        const json_t *differs = json_object_get(row, "diff");
        g_autofree char *what = json_is_object(differs) ? summary(differs) : NULL;
        base_json_set_string(row, "version", name);
        base_json_set_string(row, "what", what ? what : base_tr("first", "首个版本"));
    }
    cli_print_table(versions, VERSION_COLUMNS);
}

static int history(CliContext *ctx)
{
    int code;
    g_autoptr(GString) path = g_string_new("/api/v1/features/history");
    cli_query_add(path, "view", cli_word(ctx, 1));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    print_versions(json_object_get(answer, "versions"));
    return CLI_EXIT_OK;
}

/* ---- show
 * --------------------------------------------------------------------------------------------------- */

static void print_line(const char *en, const char *zh, const json_t *value)
{
    if (value && !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0)) {
        g_autofree char *text = value_text(value);
        if (*text) {
            printf("  %s: %s\n", base_tr(en, zh), text);
        }
    }
}

static void print_head(json_t *view)
{
    set_title(view);
    printf("%s@v%" G_GINT64_FORMAT "  %s\n", base_json_string(view, "view", ""),
           base_json_int(view, "version", 0), base_json_string(view, "title", ""));
    print_line("description", "说明", json_object_get(view, base_tr("description_en", "description_zh")));
    static const char *const lines[][3] = {
        {"owner", "owner", "负责人"},      {"table", "table", "表"},
        {"time", "time", "事件时间"},      {"created", "created", "创建时间"},
        {"ttl", "ttl", "有效期"},          {"bound", "bound", "边界"},
        {"stored", "stored as", "存储名"}, {"gone", "cannot be read", "无法读取"}};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        print_line(lines[i][1], lines[i][2], json_object_get(view, lines[i][0]));
    }
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(view, "keys"), i, one) {
        printf("  %s: %s %s (%s)\n", base_tr("key", "键"), base_json_string(one, "name", ""),
               base_json_string(one, "type", ""), base_json_string(one, "entity", ""));
    }
    json_array_foreach (json_object_get(view, "request"), i, one) {
        printf("  %s: %s %s\n", base_tr("request", "请求字段"), base_json_string(one, "name", ""),
               base_json_string(one, "type", ""));
    }
    json_array_foreach (json_object_get(view, "inputs"), i, one) {
        printf("  %s: %s:%s\n", base_tr("input", "输入"), base_json_string(one, "view", ""),
               base_json_string(one, "feature", ""));
    }
}

static int show(CliContext *ctx)
{
    int code;
    if (ctx->n_words < 2) {
        return cli_usage(ctx, base_tr("weir features show VIEW[@vN]", "weir features show 视图[@vN]"));
    }
    g_autofree char *path = cli_path("/api/v1/features/views/", cli_word(ctx, 1));
    g_autoptr(json_t) view = cli_ask(ctx, "GET", path, NULL, &code);
    if (!view) {
        return code;
    }
    print_head(view);
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(view, "features"), i, row) {
        set_title(row);
        g_autofree char *missing = value_text(json_object_get(row, "default"));
        base_json_set_string(row, "default", g_str_equal(missing, "-") ? "" : missing);
    }
    cli_print_table(json_object_get(view, "features"), FEATURE_COLUMNS);
    puts("");
    print_versions(json_object_get(view, "versions"));
    return CLI_EXIT_OK;
}

/* ---- search
 * ------------------------------------------------------------------------------------------------ */

static int search(CliContext *ctx)
{
    int code;
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 1; i < ctx->n_words; i++) {
        g_string_append_printf(text, "%s%s", i > 1 ? " " : "", cli_word(ctx, i));
    }
    if (text->len == 0) {
        return cli_usage(ctx, base_tr("weir features search TEXT", "weir features search 文本"));
    }
    g_autoptr(GString) path = g_string_new("/api/v1/features/search");
    cli_query_add(path, "text", text->str);
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(answer, "features"), i, row) {
        g_autofree char *name =
            g_strdup_printf("%s:%s", base_json_string(row, "view", ""), base_json_string(row, "name", ""));
        set_title(row);
        base_json_set_string(row, "feature", name);
    }
    cli_print_table(json_object_get(answer, "features"), HIT_COLUMNS);
    return CLI_EXIT_OK;
}

/* ---- what changes something
 * ---------------------------------------------------------------------------------- */

static int prune(CliContext *ctx)
{
    int code;
    if (ctx->n_words < 2) {
        return cli_usage(ctx, base_tr("weir features prune VIEW@vN", "weir features prune 视图@vN"));
    }
    g_autoptr(json_t) body = json_pack("{s:s}", "version", cli_word(ctx, 1));
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/features/prune", body, &code);
    if (!answer) {
        return code;
    }
    cli_say(ctx,
            base_tr("%s is forgotten; %" G_GINT64_FORMAT " rows went from the online store",
                    "已删除 %s，在线存储删除 %" G_GINT64_FORMAT " 行"),
            base_json_string(answer, "pruned", ""), base_json_int(answer, "online_rows", 0));
    return CLI_EXIT_OK;
}

static int archive(CliContext *ctx)
{
    int code;
    bool archived = g_str_equal(cli_word(ctx, 0), "archive");
    g_autoptr(json_t) body = json_pack("{s:b}", "archived", archived);
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/features/archive", body, &code);
    if (!answer) {
        return code;
    }
    cli_say(ctx,
            archived ? base_tr("%s is archived: nothing is applied into it", "%s 已归档，不再接受应用")
                     : base_tr("%s takes changes again", "%s 恢复接受应用"),
            base_json_string(answer, "project", ""));
    return CLI_EXIT_OK;
}

int cli_verb_features(CliContext *ctx)
{
    static const struct {
        const char *word;
        int (*run)(CliContext *ctx);
    } ACTIONS[] = {{"ls", list},
                   {"show", show},
                   {"search", search},
                   {"history", history},
                   {"diff", diff},
                   {"prune", prune},
                   {"archive", archive},
                   {"unarchive", archive},
                   {"materialize", cli_features_materialize},
                   {"materialize-incremental", cli_features_materialize_incremental},
                   {"intervals", cli_features_intervals},
                   {"rejects", cli_features_rejects},
                   {"get-historical", cli_features_get_historical},
                   {"jobs", cli_features_jobs},
                   {"get-online", cli_features_get_online},
                   {"push", cli_features_push},
                   {"erase", cli_features_erase},
                   {"status", cli_features_status},
                   {"verify", cli_features_verify}};
    const char *word = cli_word(ctx, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(ACTIONS); i++) {
        if (g_str_equal(word ? word : "ls", ACTIONS[i].word)) {
            return ACTIONS[i].run(ctx);
        }
    }
    return cli_usage(ctx, base_tr("no `weir features %s`", "没有 `weir features %s`"), word);
}
