/* name: the standard's name for a phrase, or what a name says. */
#include "cli/cli_int.h"
#include "standard/standard.h"

static json_t *ask(CliContext *ctx, const char *text, GError **error)
{
    if (ctx->project != NULL) {
        g_autoptr(GString) path = g_string_new("/api/v1/standard/name");
        cli_query_add(path, "text", text);
        return cli_call(ctx, "GET", path->str, NULL, error);
    }
    g_autoptr(json_t) none = json_object();
    g_autoptr(StandardCatalog) shipped = standard_catalog_from_json(none, error);
    return shipped != NULL ? standard_name_answer(shipped, text, error) : NULL;
}

static const char *role_title(const char *role)
{
    static const char *const ROLES[][3] = {
        {"layer", "layer", "分层"},
        {"department", "department", "部门"},
        {"business domain", "business domain", "业务域"},
        {"subject", "subject", "主题"},
        {"word", "word", "业务修饰词"},
        {"base", "base root", "基础词根"},
        {"aggregation", "aggregation", "聚合修饰词"},
        {"date", "period", "统计周期"},
        {"period", "period", "统计周期"},
        {"refresh", "refresh", "更新方式"},
        {"target", "target table", "目标表"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROLES); i++) {
        if (strcmp(role, ROLES[i][0]) == 0) {
            return base_tr(ROLES[i][1], ROLES[i][2]);
        }
    }
    return role;
}

static void print_parts(const json_t *parts)
{
    g_autoptr(json_t) rows = json_array();
    size_t i = 0;
    const json_t *part = NULL;
    json_array_foreach (parts, i, part) {
        json_t *row = json_object();
        base_json_set_string(row, "code", base_json_string(part, "code", ""));
        base_json_set_string(row, "role", role_title(base_json_string(part, "role", "")));
        const char *title = base_json_string(part, base_tr("title_en", "title_zh"), "");
        bool known = base_json_bool(part, "registered", true);
        const char *text = base_json_string(part, "text", "");
        base_json_set_string(row, "title",
                             *title != '\0' ? title
                             : known        ? text
                                            : base_tr("not registered", "未登记"));
        json_array_append_new(rows, row);
    }
    static const CliColumn COLUMNS[] = {
        {"code", "Code", "代码", CLI_CELL_TEXT},
        {"role", "Part", "组成", CLI_CELL_TEXT},
        {"title", "Meaning", "含义", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    cli_print_table(rows, COLUMNS);
}

/* A phrase with words that no root knows has no name yet. */
static int print_proposal(const json_t *answer)
{
    const char *name = base_json_string(answer, "name", NULL);
    const json_t *unknown = json_object_get(answer, "unknown");
    if (name != NULL) {
        printf("%s\n\n", name);
    }
    print_parts(json_object_get(answer, "parts"));
    if (json_array_size(unknown) > 0) {
        g_autofree char *words = cli_json_list(unknown);
        printf(base_tr("\n  No root for: %s. Register one under `roots:`, or use another word.\n",
                       "\n  没有词根：%s。请在 `roots:` 中登记，或换一个词。\n"),
               words);
        return CLI_EXIT_FAILED;
    }
    if (!base_json_bool(answer, "has_root", true)) {
        puts(base_tr("\n  A metric ends in a base root such as cnt, amt or ratio; this names none.",
                     "\n  指标应包含基础词根（如 cnt、amt、ratio），这里没有。"));
    }
    return name != NULL ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

static int print_explanation(const json_t *answer)
{
    print_parts(json_object_get(answer, "parts"));
    const json_t *findings = json_object_get(answer, "findings");
    size_t i = 0;
    const json_t *finding = NULL;
    json_array_foreach (findings, i, finding) {
        printf("%s  %s: %s\n", i == 0 ? "\n" : "", base_json_string(finding, "rule", ""),
               base_json_string(finding, "message", ""));
    }
    return CLI_EXIT_OK;
}

int cli_verb_name(CliContext *ctx)
{
    GError *error = NULL;
    g_autofree char *text = g_strjoinv(" ", ctx->words);
    g_autoptr(json_t) answer = ask(ctx, text, &error);
    if (answer == NULL) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        int printed = cli_print_json(answer);
        bool named = base_json_string(answer, "name", NULL) != NULL;
        return printed == CLI_EXIT_OK && !named ? CLI_EXIT_FAILED : printed;
    }
    return json_object_get(answer, "phrase") != NULL ? print_proposal(answer) : print_explanation(answer);
}
