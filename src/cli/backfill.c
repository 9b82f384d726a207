/* weir intervals, weir backfill. */
#include "base/text.h"
#include "cli/cli_int.h"

/* ---- intervals ----------------------------------------------------------------------------------------- */

static void copy_texts(const CliContext *ctx, const char *const *names, json_t *body)
{
    for (size_t i = 0; names[i]; i++) {
        const char *text = cli_text(ctx, names[i]);
        if (text) {
            base_json_set_string(body, names[i], text);
        }
    }
}

static int mark(CliContext *ctx, const char *path)
{
    static const char *const names[] = {"start", "end", "env", NULL};
    GError *error = NULL;
    g_autoptr(json_t) body = json_object();
    copy_texts(ctx, names, body);
    base_json_set_string(body, "state", cli_text(ctx, "mark"));
    g_autoptr(json_t) answer = cli_call(ctx, "POST", path, body, &error);
    if (!answer) {
        return cli_fail(ctx, error);
    }
    return ctx->json ? cli_print_json(answer) : CLI_EXIT_OK;
}

static void print_pairs(const json_t *pairs)
{
    size_t i;
    const json_t *pair;
    json_array_foreach (pairs, i, pair) {
        const char *start = json_string_value(json_array_get(pair, 0));
        printf("  %s .. %s\n", start ? start : base_tr("the beginning", "最早"),
               json_string_value(json_array_get(pair, 1)));
    }
}

/* At most so many lines of single units; the rest is counted. */
#define MAX_SHOWN 40

static void print_units(const json_t *units, const char *title, gint64 n)
{
    if (n == 0) {
        return;
    }
    printf("%s: %" G_GINT64_FORMAT "\n", title, n);
    for (size_t i = 0; i < MIN(json_array_size(units), MAX_SHOWN); i++) {
        printf("  %s\n", json_string_value(json_array_get(units, i)));
    }
    if (json_array_size(units) > MAX_SHOWN) {
        printf("  ... (--json)\n");
    }
}

int cli_verb_intervals(CliContext *ctx)
{
    static const char *const names[] = {"start", "end", "at", "env", NULL};
    int code;
    g_autofree char *path = cli_path("/api/v1/intervals/", cli_word(ctx, 0));
    if (cli_text(ctx, "mark")) {
        return mark(ctx, path);
    }
    g_autoptr(GString) query = g_string_new(path);
    for (size_t i = 0; names[i]; i++) {
        cli_query_add(query, names[i], cli_text(ctx, names[i]));
    }
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", query->str, NULL, &code);
    if (!answer) {
        return code;
    }
    printf("%s, %s, %s\n%s\n", base_json_string(answer, "model", ""), base_json_string(answer, "unit", ""),
           base_json_string(answer, "timezone", ""), base_tr("done:", "已完成："));
    print_pairs(json_object_get(answer, "done"));
    print_units(json_object_get(answer, "missing"), base_tr("missing", "缺失"),
                base_json_int(answer, "n_missing", 0) + base_json_int(answer, "n_again", 0));
    print_units(json_object_get(answer, "stale"), base_tr("stale", "过期"),
                base_json_int(answer, "n_stale", 0));
    return CLI_EXIT_OK;
}

/* ---- backfill ------------------------------------------------------------------------------------------ */

static int list(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"id", "Backfill", "回填", CLI_CELL_TEXT},     {"model", "Model", "模型", CLI_CELL_TEXT},
        {"state", "State", "状态", CLI_CELL_TEXT},     {"start", "Start", "区间起", CLI_CELL_TEXT},
        {"end", "End", "区间止", CLI_CELL_TEXT},       {"done", "Done", "完成", CLI_CELL_COUNT},
        {"tasks", "Tasks", "任务", CLI_CELL_COUNT},    {"created", "Begun", "开始", CLI_CELL_TEXT},
        {"message", "Message", "消息", CLI_CELL_TEXT}, {NULL, NULL, NULL, CLI_CELL_TEXT}};
    int code;
    g_autoptr(GString) path = g_string_new("/api/v1/backfills");
    cli_query_add(path, "limit", cli_text(ctx, "limit") ? cli_text(ctx, "limit") : "50");
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    cli_print_table(json_object_get(answer, "backfills"), COLUMNS);
    return CLI_EXIT_OK;
}

static int show_plan(CliContext *ctx, json_t *body)
{
    static const CliColumn COLUMNS[] = {{"model", "Model", "模型", CLI_CELL_TEXT},
                                        {"kind", "Kind", "类型", CLI_CELL_TEXT},
                                        {"unit", "Unit", "单元", CLI_CELL_TEXT},
                                        {"intervals", "Intervals", "区间数", CLI_CELL_COUNT},
                                        {"start", "Start", "起", CLI_CELL_TEXT},
                                        {"end", "End", "止", CLI_CELL_TEXT},
                                        {"seconds", "Seconds", "秒", CLI_CELL_TEXT},
                                        {"rows", "Rows", "行数", CLI_CELL_COUNT},
                                        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    static const CliColumn LEFT[] = {{"model", "Left out", "不包括", CLI_CELL_TEXT},
                                     {"why", "Why", "原因", CLI_CELL_TEXT},
                                     {NULL, NULL, NULL, CLI_CELL_TEXT}};
    int code;
    json_object_set_new(body, "dry_run", json_true());
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/backfills", body, &code);
    if (!answer) {
        return code;
    }
    cli_print_table(json_object_get(answer, "models"), COLUMNS);
    if (json_array_size(json_object_get(answer, "left_out")) > 0) {
        cli_print_table(json_object_get(answer, "left_out"), LEFT);
    }
    const json_t *seconds = json_object_get(answer, "seconds");
    g_autofree char *time =
        json_is_real(seconds)
            ? g_strdup_printf(base_tr("about %.1f s", "约 %.1f 秒"), json_real_value(seconds))
            : g_strdup(base_tr("time not known: a model was never run by interval",
                               "耗时未知：有模型从未按区间运行"));
    cli_say(ctx,
            base_tr("%" G_GINT64_FORMAT " intervals, %s. Nothing was run.",
                    "共 %" G_GINT64_FORMAT " 个区间，%s。未运行任何任务。"),
            base_json_int(answer, "intervals", 0), time);
    return CLI_EXIT_OK;
}

static bool make_body(CliContext *ctx, json_t *body, GError **error)
{
    static const char *const names[] = {"start", "end", "order", "at", "env", NULL};
    gint64 parallel = 0, batch = 1;
    if (!cli_number(ctx, "parallel", 1, 64, 0, &parallel, error) ||
        !cli_number(ctx, "batch", 1, 1000000, 1, &batch, error)) {
        return false;
    }
    base_json_set_string(body, "model", cli_word(ctx, 0));
    copy_texts(ctx, names, body);
    json_object_set_new(body, "downstream", json_boolean(cli_flag(ctx, "downstream")));
    json_object_set_new(body, "restate", json_boolean(cli_flag(ctx, "restate")));
    base_json_set_int(body, "parallel", parallel);
    base_json_set_int(body, "batch", batch);
    return true;
}

int cli_verb_backfill(CliContext *ctx)
{
    GError *error = NULL;
    const char *word = cli_word(ctx, 0), *resume = cli_text(ctx, "resume");
    g_autoptr(json_t) body = json_object();
    if (resume) {
        g_autofree char *id = cli_path("/api/v1/backfills/", resume);
        g_autoptr(GString) path = g_string_new(id);
        g_string_append(path, "/resume?format=ndjson");
        cli_query_add(path, "env", cli_text(ctx, "env"));
        return word ? cli_usage(ctx, "--resume takes no model") : cli_run_lines(ctx, path->str, body);
    }
    if (!word) {
        return cli_usage(ctx, "a model, `list`, or --resume ID");
    }
    if (g_str_equal(word, "list")) {
        return list(ctx);
    }
    if (!cli_text(ctx, "start") || !cli_text(ctx, "end")) {
        return cli_usage(ctx, "a backfill has --start and --end");
    }
    if (!make_body(ctx, body, &error)) {
        return cli_fail(ctx, error);
    }
    return cli_flag(ctx, "dry-run") ? show_plan(ctx, body)
                                    : cli_run_lines(ctx, "/api/v1/backfills?format=ndjson", body);
}
