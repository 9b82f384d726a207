/* checks, board, waive, rejects, redrive, health. */
#include <string.h>

#include "cli/cli_int.h"

static int show_failures(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {{"model", "Model", "模型", CLI_CELL_TEXT},
                                        {"check", "Check", "检查", CLI_CELL_TEXT},
                                        {"row", "Row", "行", CLI_CELL_TEXT},
                                        {"at", "At", "时间", CLI_CELL_TEXT},
                                        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    g_autoptr(GString) path = g_string_new("/api/v1/checks/failures");
    cli_query_add(path, "model", cli_word(ctx, 1));
    return cli_show_list(ctx, path->str, "failures", COLUMNS);
}

/* 5 when one of them blocks. */
static int run_checks(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"name", "Check", "检查", CLI_CELL_TEXT},   {"verdict", "Verdict", "结论", CLI_CELL_TEXT},
        {"block", "Blocks", "阻断", CLI_CELL_TEXT}, {"rows", "Rows", "行数", CLI_CELL_COUNT},
        {"value", "Value", "值", CLI_CELL_TEXT},    {"message", "Message", "消息", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    GError *error = NULL;
    if (cli_word(ctx, 1) == NULL) {
        return cli_usage(ctx, "%s",
                         base_tr("checks run takes a table or model", "checks run 需要表或模型名"));
    }
    g_autoptr(json_t) body = json_object();
    base_json_set_string(body, "object", cli_word(ctx, 1));
    base_json_set_string(body, "at", cli_text(ctx, "at"));
    g_autoptr(json_t) answer = cli_call(ctx, "POST", "/api/v1/checks/run", body, &error);
    if (answer == NULL) {
        return cli_fail(ctx, error);
    }
    const json_t *checks = json_object_get(answer, "checks");
    bool blocks = false;
    size_t i = 0;
    const json_t *check = NULL;
    json_array_foreach (checks, i, check) {
        blocks = blocks || base_json_bool(check, "block", false);
    }
    if (ctx->json) {
        cli_print_json(answer);
    } else {
        cli_print_table(checks, COLUMNS);
    }
    return blocks ? CLI_EXIT_CHECKS : CLI_EXIT_OK;
}

int cli_verb_checks(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {{"model", "Model", "模型", CLI_CELL_TEXT},
                                        {"check", "Check", "检查", CLI_CELL_TEXT},
                                        {"verdict", "Verdict", "结论", CLI_CELL_TEXT},
                                        {"block", "Blocks", "阻断", CLI_CELL_TEXT},
                                        {"rows", "Rows", "行数", CLI_CELL_COUNT},
                                        {"value", "Value", "值", CLI_CELL_TEXT},
                                        {"baseline", "Baseline", "基准", CLI_CELL_TEXT},
                                        {"z", "z", "z", CLI_CELL_TEXT},
                                        {"percent", "%", "%", CLI_CELL_TEXT},
                                        {"message", "Message", "消息", CLI_CELL_TEXT},
                                        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    const char *first = cli_word(ctx, 0);
    if (first != NULL && strcmp(first, "failures") == 0) {
        return show_failures(ctx);
    }
    if (first != NULL && strcmp(first, "run") == 0) {
        return run_checks(ctx);
    }
    g_autoptr(GString) path = g_string_new("/api/v1/checks");
    cli_query_add(path, "model", first);
    cli_query_add(path, "history", cli_flag(ctx, "history") ? "true" : NULL);
    return cli_show_list(ctx, path->str, "checks", COLUMNS);
}

int cli_verb_board(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {{"model", "Held", "被阻断", CLI_CELL_TEXT},
                                        {"since", "Since", "自", CLI_CELL_TEXT},
                                        {"rows", "Rows", "行数", CLI_CELL_COUNT},
                                        {"reason", "Why", "原因", CLI_CELL_TEXT},
                                        {"waiting", "Waiting behind it", "等待中的模型", CLI_CELL_TEXT},
                                        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    return cli_show_list(ctx, "/api/v1/board", "held", COLUMNS);
}

int cli_verb_waive(CliContext *ctx)
{
    int code;
    if (cli_text(ctx, "reason") == NULL || cli_text(ctx, "until") == NULL) {
        return cli_usage(ctx, "%s", base_tr("--reason and --until are needed", "需要 --reason 与 --until"));
    }
    g_autoptr(json_t) body = json_object();
    base_json_set_string(body, "model", cli_word(ctx, 0));
    base_json_set_string(body, "check", cli_word(ctx, 1));
    base_json_set_string(body, "reason", cli_text(ctx, "reason"));
    base_json_set_string(body, "until", cli_text(ctx, "until"));
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/waive", body, &code);
    if (!answer) {
        return code;
    }
    bool released = json_array_size(json_object_get(answer, "runs")) > 0;
    cli_say(ctx, "%s",
            released ? base_tr("  Waived; the held rows are in.", "  已豁免，被阻断的数据已放行。")
                     : base_tr("  Waived.", "  已豁免。"));
    return CLI_EXIT_OK;
}

int cli_verb_rejects(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {{"model", "Model", "模型", CLI_CELL_TEXT},
                                        {"reason", "Reason", "原因", CLI_CELL_TEXT},
                                        {"row", "Row", "行", CLI_CELL_TEXT},
                                        {"at", "At", "时间", CLI_CELL_TEXT},
                                        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    g_autoptr(GString) path = g_string_new("/api/v1/rejects");
    cli_query_add(path, "model", cli_word(ctx, 0));
    return cli_show_list(ctx, path->str, "rejects", COLUMNS);
}

int cli_verb_redrive(CliContext *ctx)
{
    int code;
    g_autoptr(json_t) body = json_object();
    base_json_set_string(body, "model", cli_word(ctx, 0));
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/redrive", body, &code);
    if (!answer) {
        return code;
    }
    cli_say(ctx, base_tr("  %zu runs.", "  运行了 %zu 次。"),
            json_array_size(json_object_get(answer, "runs")));
    return CLI_EXIT_OK;
}

int cli_verb_health(CliContext *ctx)
{
    static const CliColumn TABLES[] = {{"object", "Table", "表", CLI_CELL_TEXT},
                                       {"grade", "Grade", "等级", CLI_CELL_TEXT},
                                       {"owner", "Owner", "负责人", CLI_CELL_TEXT},
                                       {"score", "Score", "得分", CLI_CELL_TEXT},
                                       {NULL, NULL, NULL, CLI_CELL_TEXT}};
    static const CliColumn LOST[] = {{"object", "Table", "表", CLI_CELL_TEXT},
                                     {"rule", "Rule", "规则", CLI_CELL_TEXT},
                                     {"gain", "Gain", "修复可得", CLI_CELL_TEXT},
                                     {"fix", "Fix", "修复方法", CLI_CELL_TEXT},
                                     {NULL, NULL, NULL, CLI_CELL_TEXT}};
    int code;
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", "/api/v1/health", NULL, &code);
    if (!answer) {
        return code;
    }
    printf("%.1f\n%s\n\n", base_json_real(answer, "score", 0), base_json_string(answer, "formula", ""));
    cli_print_table(json_object_get(answer, "tables"), TABLES);
    printf("\n");
    cli_print_table(json_object_get(answer, "lost"), LOST);
    return CLI_EXIT_OK;
}
