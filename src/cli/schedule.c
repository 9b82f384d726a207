/* weir schedule: list, pause, resume, kill, mark, tick, events. */
#include "cli/cli_int.h"

static int list(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {{"object", "Object", "对象", CLI_CELL_TEXT},
                                        {"schedule", "Schedule", "调度", CLI_CELL_TEXT},
                                        {"state", "State", "状态", CLI_CELL_TEXT},
                                        {"fired", "Fired", "上次触发", CLI_CELL_TEXT},
                                        {"next", "Next", "下次触发", CLI_CELL_TEXT},
                                        {"deadline", "Deadline", "期限", CLI_CELL_TEXT},
                                        {"predicted", "Expected", "预计完成", CLI_CELL_TEXT},
                                        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    return cli_show_list(ctx, "/api/v1/schedule", "schedules", COLUMNS);
}

static int events(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {{"at", "Time", "时间", CLI_CELL_TEXT},
                                        {"object", "Object", "对象", CLI_CELL_TEXT},
                                        {"kind", "Event", "事件", CLI_CELL_TEXT},
                                        {"deadline", "Deadline", "期限", CLI_CELL_TEXT},
                                        {"predicted", "Expected", "预计完成", CLI_CELL_TEXT},
                                        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    return cli_show_list(ctx, "/api/v1/schedule/events", "events", COLUMNS);
}

static int post(CliContext *ctx, const char *path, json_t *body)
{
    GError *error = NULL;
    g_autoptr(json_t) answer = cli_call(ctx, "POST", path, body, &error);
    if (!answer) {
        return cli_fail(ctx, error);
    }
    return ctx->json ? cli_print_json(answer) : CLI_EXIT_OK;
}

int cli_verb_schedule(CliContext *ctx)
{
    const char *word = cli_word(ctx, 0) ? cli_word(ctx, 0) : "list", *object = cli_word(ctx, 1);
    const char *at = cli_text(ctx, "at");
    g_autoptr(json_t) body = json_object();
    if (at) {
        base_json_set_string(body, "at", at);
    }
    if (g_str_equal(word, "list")) {
        return list(ctx);
    }
    if (g_str_equal(word, "events")) {
        return events(ctx);
    }
    if (g_str_equal(word, "tick")) {
        return post(ctx, "/api/v1/schedule/tick", body);
    }
    bool mark = g_str_equal(word, "mark");
    const char *state = cli_word(ctx, 2);
    if (!object || (mark && !state)) {
        return cli_usage(ctx, "pause, resume and kill take an object; mark an object and done or due");
    }
    base_json_set_string(body, "object", object);
    base_json_set_string(body, "action", mark ? state : word);
    return post(ctx, "/api/v1/schedule", body);
}
