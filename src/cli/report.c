/* weir report, weir alerts. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli_int.h"

static int write_page(CliContext *ctx, const char *path, const json_t *answer)
{
    GError *error = NULL;
    const char *html = base_json_string(answer, "html", "");
    if (!g_file_set_contents(path, html, -1, &error)) {
        GError *why = NULL;
        base_fail(&why, BASE_E_FILE_IO, "%s", error->message);
        g_clear_error(&error);
        return cli_fail(ctx, why);
    }
    cli_say(ctx, "%s", path);
    return CLI_EXIT_OK;
}

int cli_verb_report(CliContext *ctx)
{
    int code;
    bool send = cli_flag(ctx, "send");
    g_autofree char *start = cli_path("/api/v1/reports/", cli_word(ctx, 0));
    g_autofree char *path = g_strconcat(start, send ? "/send" : "", NULL);
    g_autoptr(json_t) body = send ? json_object() : NULL;
    g_autoptr(json_t) answer = cli_ask(ctx, send ? "POST" : "GET", path, body, &code);
    if (!answer) {
        return code;
    }
    if (cli_text(ctx, "out") && !send) {
        return write_page(ctx, cli_text(ctx, "out"), answer);
    }
    size_t i;
    json_t *to;
    json_array_foreach (json_object_get(answer, "sent"), i, to) {
        cli_say(ctx, base_tr("sent to %s", "已发送至 %s"), json_string_value(to));
    }
    fputs(base_json_string(answer, "text", ""), stdout);
    return CLI_EXIT_OK;
}

static const CliColumn ALERT_COLUMNS[] = {
    {"id", "Id", "编号", CLI_CELL_TEXT},           {"severity", "Severity", "级别", CLI_CELL_TEXT},
    {"alert", "Alert", "告警", CLI_CELL_TEXT},     {"subject", "Subject", "主体", CLI_CELL_TEXT},
    {"state", "State", "状态", CLI_CELL_TEXT},     {"first", "Since", "开始", CLI_CELL_TEXT},
    {"message", "Message", "消息", CLI_CELL_TEXT}, {NULL, NULL, NULL, CLI_CELL_TEXT},
};
static const CliColumn TRY_COLUMNS[] = {
    {"subject", "Subject", "主体", CLI_CELL_TEXT},
    {"firing", "Firing", "触发", CLI_CELL_TEXT},
    {"message", "Message", "消息", CLI_CELL_TEXT},
    {NULL, NULL, NULL, CLI_CELL_TEXT},
};

static int list_alerts(CliContext *ctx)
{
    int code;
    g_autoptr(GString) path = g_string_new("/api/v1/alerts");
    cli_query_add(path, "all", cli_flag(ctx, "all") ? "true" : NULL);
    cli_query_add(path, "limit", cli_text(ctx, "limit"));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    cli_print_table(json_object_get(answer, "alerts"), ALERT_COLUMNS);
    return CLI_EXIT_OK;
}

/* NULL + USAGE. */
static json_t *alert_body(const CliContext *ctx, GError **error)
{
    const char *verb = cli_word(ctx, 0), *what = cli_word(ctx, 1);
    gint64 id = 0;
    g_autoptr(json_t) body = json_object();
    if (g_str_equal(verb, "silence")) {
        base_json_set_string(body, "silence", what ? what : "*");
        base_json_set_string(body, "for", cli_text(ctx, "for") ? cli_text(ctx, "for") : "2h");
    } else if (what && g_str_equal(verb, "try")) {
        base_json_set_string(body, "try", what);
    } else if (what && g_str_equal(verb, "ack") && base_text_to_int(what, 1, G_MAXINT64, &id)) {
        base_json_set_int(body, "acknowledge", id);
    } else {
        base_fail(error, BASE_E_USAGE, "weir alerts [ack ID | silence [ALERT] | try ALERT]");
        return NULL;
    }
    return g_steal_pointer(&body);
}

int cli_verb_alerts(CliContext *ctx)
{
    GError *error = NULL;
    if (ctx->n_words == 0) {
        return list_alerts(ctx);
    }
    g_autoptr(json_t) body = alert_body(ctx, &error);
    g_autoptr(json_t) answer = body ? cli_call(ctx, "POST", "/api/v1/alerts", body, &error) : NULL;
    if (!answer) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        return cli_print_json(answer);
    }
    if (json_object_get(answer, "seen")) {
        cli_print_table(json_object_get(answer, "seen"), TRY_COLUMNS);
    }
    return CLI_EXIT_OK;
}
