/* weir reconcile, weir ledger. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli_int.h"

/* ---- reconcile -------------------------------------------------------------------------------------------
 */

static void set_names(json_t *body, const char *key, const char *text)
{
    g_auto(GStrv) names = g_strsplit(text ? text : "", ",", -1);
    json_t *list = json_array();
    for (size_t i = 0; names[i]; i++) {
        json_array_append_new(list, json_string(g_strstrip(names[i])));
    }
    if (text) {
        json_object_set_new(body, key, list);
    } else {
        json_decref(list);
    }
}

static void set_text(json_t *body, const char *key, const char *text)
{
    if (text) {
        base_json_set_string(body, key, text);
    }
}

static json_t *reconcile_body(const CliContext *ctx, gint64 limit)
{
    json_t *body = json_object();
    set_text(body, "table", cli_word(ctx, ctx->n_words == 2 ? 1 : 0));
    set_text(body, "source", ctx->n_words == 2 ? cli_word(ctx, 0) : NULL);
    set_text(body, "where", cli_text(ctx, "where"));
    set_names(body, "key", cli_text(ctx, "key"));
    set_names(body, "columns", cli_text(ctx, "columns"));
    base_json_set_int(body, "limit", limit);
    static const char *const SWITCHES[] = {"repair", "delete", "refill"};
    for (size_t i = 0; i < G_N_ELEMENTS(SWITCHES); i++) {
        json_object_set_new(body, SWITCHES[i], json_boolean(cli_flag(ctx, SWITCHES[i])));
    }
    return body;
}

static void tell_keys(const json_t *answer, const char *how, const char *what)
{
    size_t i;
    json_t *key;
    json_array_foreach (json_object_get(answer, how), i, key) {
        g_autofree char *text = base_json_text(key);
        printf("    %-10s %s\n", what, text);
    }
}

static void tell_repair(const json_t *answer)
{
    const json_t *repaired = json_object_get(answer, "repaired");
    if (json_is_object(repaired)) {
        printf(base_tr("    repaired: %" G_GINT64_FORMAT " rows deleted, %" G_GINT64_FORMAT " inserted\n",
                       "    已修复：删除 %" G_GINT64_FORMAT " 行，写入 %" G_GINT64_FORMAT " 行\n"),
               base_json_int(repaired, "deleted", 0), base_json_int(repaired, "inserted", 0));
    }
    if (base_json_int(answer, "left", 0)) {
        puts(base_tr("    rows that the source no longer has stay; --delete removes them",
                     "    源端已不存在的行保留；加 --delete 可删除"));
    }
    size_t i;
    json_t *run;
    json_array_foreach (json_object_get(answer, "refilled"), i, run) {
        printf("    %-10s %s\n", base_json_string(run, "state", ""), base_json_string(run, "model", ""));
    }
}

static void tell_reconciled(const json_t *answer)
{
    g_autofree char *source = base_text_from_count(base_json_int(answer, "source_rows", 0)),
                    *target = base_text_from_count(base_json_int(answer, "target_rows", 0));
    bool equal = base_json_bool(answer, "equal", false);
    printf("%s %s: %s %s, %s %s", equal ? "=" : "≠", base_json_string(answer, "target", ""),
           base_tr("source", "源"), source, base_tr("table", "表"), target);
    if (equal) {
        printf("\n");
        return;
    }
    printf(base_tr("; %" G_GINT64_FORMAT " missing, %" G_GINT64_FORMAT " extra, %" G_GINT64_FORMAT
                   " different\n",
                   "；缺失 %" G_GINT64_FORMAT "，多出 %" G_GINT64_FORMAT "，不同 %" G_GINT64_FORMAT "\n"),
           base_json_int(answer, "n_missing", 0), base_json_int(answer, "n_extra", 0),
           base_json_int(answer, "n_different", 0));
    tell_keys(answer, "missing", base_tr("missing", "缺失"));
    tell_keys(answer, "extra", base_tr("extra", "多出"));
    tell_keys(answer, "different", base_tr("different", "不同"));
    if (!base_json_bool(answer, "listed_all", true)) {
        puts(base_tr("    ... (--limit lists more)", "    ……（--limit 可列出更多）"));
    }
    tell_repair(answer);
}

/* What differs and was not, or not wholly, repaired: 5, as with checks. */
static int verdict(const json_t *reconciled)
{
    size_t i;
    json_t *answer;
    json_array_foreach (reconciled, i, answer) {
        bool repaired =
            json_is_object(json_object_get(answer, "repaired")) && !base_json_int(answer, "left", 0);
        if (!base_json_bool(answer, "equal", false) && !repaired) {
            return CLI_EXIT_CHECKS;
        }
    }
    return CLI_EXIT_OK;
}

int cli_verb_reconcile(CliContext *ctx)
{
    GError *error = NULL;
    gint64 limit = 0;
    if (!cli_number(ctx, "limit", 1, 10000, ctx->json ? 10000 : 20, &limit, &error)) {
        return cli_fail(ctx, error);
    }
    g_autoptr(json_t) body = reconcile_body(ctx, limit);
    g_autoptr(json_t) answer = cli_call(ctx, "POST", "/api/v1/reconcile", body, &error);
    if (!answer) {
        return cli_fail(ctx, error);
    }
    json_t *reconciled = json_object_get(answer, "reconciled"), *one;
    size_t i;
    if (ctx->json) {
        /* one table was asked for: its answer alone */
        cli_print_json(ctx->n_words ? json_array_get(reconciled, 0) : answer);
    } else {
        json_array_foreach (reconciled, i, one) {
            tell_reconciled(one);
        }
    }
    return verdict(reconciled);
}

/* ---- ledger ----------------------------------------------------------------------------------------------
 */

static const CliColumn LOADS_COLUMNS[] = {
    {"table", "Table", "表", CLI_CELL_TEXT},
    {"day", "Day", "日期", CLI_CELL_TEXT},
    {"hop", "Hop", "环节", CLI_CELL_TEXT},
    {"loads", "Loads", "次数", CLI_CELL_COUNT},
    {"rows_in", "In", "输入", CLI_CELL_COUNT},
    {"written", "Written", "写入", CLI_CELL_COUNT},
    {"rejected", "Rejected", "拒绝", CLI_CELL_COUNT},
    {"deduplicated", "Deduplicated", "去重", CLI_CELL_COUNT},
    {"deleted", "Deletions", "删除标记", CLI_CELL_COUNT},
    {"unselected", "Not selected", "未选中", CLI_CELL_COUNT},
    {"present", "Present", "现存", CLI_CELL_COUNT},
    {"gone", "Gone", "已无", CLI_CELL_COUNT},
    {"balanced", "Balanced", "平衡", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};
static const CliColumn DAILY_COLUMNS[] = {
    {"table", "Table", "表", CLI_CELL_TEXT},
    {"day", "Day", "日期", CLI_CELL_TEXT},
    {"rows", "Rows", "行数", CLI_CELL_COUNT},
    {"yesterday", "Day before", "前一日", CLI_CELL_COUNT},
    {"same_weekday", "Week before", "上周同日", CLI_CELL_COUNT},
    {"state", "State", "状态", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};
static const CliColumn LAYERS_COLUMNS[] = {
    {"metric", "Metric", "指标", CLI_CELL_TEXT},
    {"detail", "Detail", "明细表", CLI_CELL_TEXT},
    {"table", "Table", "汇总表", CLI_CELL_TEXT},
    {"days", "Days", "天数", CLI_CELL_COUNT},
    {"days_different", "Different", "不同", CLI_CELL_COUNT},
    {"first_day", "First", "首日", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};

int cli_verb_ledger(CliContext *ctx)
{
    int code;
    bool daily = cli_flag(ctx, "daily"), layers = cli_flag(ctx, "layers");
    g_autoptr(GString) path = g_string_new("/api/v1/ledger");
    cli_query_add(path, "view", layers ? "layers" : daily ? "daily" : "loads");
    cli_query_add(path, "table", cli_word(ctx, 0));
    cli_query_add(path, "limit", cli_text(ctx, "days"));
    cli_query_add(path, "at", cli_text(ctx, "at"));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    cli_print_table(json_object_get(answer, "ledger"), layers  ? LAYERS_COLUMNS
                                                       : daily ? DAILY_COLUMNS
                                                               : LOADS_COLUMNS);
    return CLI_EXIT_OK;
}
