/* version, explain, completion, help, up, demo. */
#include "base/text.h"
#include "cli/cli_int.h"
#include "cli/demo.h"
#include "server/server.h"

int cli_verb_version(CliContext *ctx)
{
    if (ctx->json) {
        puts("{\"version\": \"" WEIR_VERSION "\"}");
    } else {
        puts("weir " WEIR_VERSION);
    }
    return CLI_EXIT_OK;
}

/* ---- explain ---- */

static json_t *explain_json(const BaseErrorInfo *info)
{
    g_autofree char *code = g_strdup_printf("W%d", (int)info->code);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:b}", "code", code, "name", info->name,
                     "title", base_tr(info->title_en, info->title_zh), "text",
                     base_tr(info->text_en, info->text_zh), "http_status", info->http_status, "mysql_errno",
                     info->mysql_errno, "sqlstate", info->sqlstate, "exit_code", info->exit_code, "retry",
                     (int)info->retry);
}

static int explain_all(const CliContext *ctx)
{
    size_t n = 0;
    const BaseErrorInfo *all = base_error_info_all(&n);
    g_autoptr(json_t) list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, explain_json(&all[i]));
    }
    static const CliColumn COLUMNS[] = {
        {"code", "Code", "错误码", CLI_CELL_TEXT},
        {"title", "Meaning", "含义", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    if (ctx->json) {
        return cli_print_json(list);
    }
    cli_print_table(list, COLUMNS);
    return CLI_EXIT_OK;
}

int cli_verb_explain(CliContext *ctx)
{
    const char *code = cli_word(ctx, 0);
    if (code == NULL) {
        return explain_all(ctx);
    }
    const BaseErrorInfo *info = base_error_info_by_name(code);
    if (info == NULL) {
        return cli_usage(ctx,
                         base_tr("no error code `%s`; `weir explain` lists all",
                                 "没有错误码 `%s`；`weir explain` 列出全部"),
                         code);
    }
    if (ctx->json) {
        g_autoptr(json_t) answer = explain_json(info);
        return cli_print_json(answer);
    }
    bool color = base_term_color(stdout);
    printf("%sW%d  %s%s\n\n  %s\n\n", color ? "\033[1m" : "", (int)info->code,
           base_tr(info->title_en, info->title_zh), color ? "\033[0m" : "",
           base_tr(info->text_en, info->text_zh));
    printf("  HTTP %d · MySQL %d (%s) · %s %d%s\n", info->http_status, info->mysql_errno, info->sqlstate,
           base_tr("exit code", "退出码"), info->exit_code,
           info->retry ? base_tr(" · the same call may succeed later", " · 稍后重试可能成功") : "");
    return CLI_EXIT_OK;
}

/* ---- help, completion ---- */

int cli_verb_completion(CliContext *ctx)
{
    return cli_completion(stdout, ctx->words[0])
               ? CLI_EXIT_OK
               : cli_usage(ctx, base_tr("no shell `%s`: bash, zsh, fish", "没有 shell `%s`：bash、zsh、fish"),
                           ctx->words[0]);
}

int cli_verb_help(CliContext *ctx)
{
    const char *word = cli_word(ctx, 0);
    if (cli_flag(ctx, "man")) {
        cli_help_man(stdout);
        return CLI_EXIT_OK;
    }
    if (word == NULL) {
        cli_help_all(stdout);
        return CLI_EXIT_OK;
    }
    if (strcmp(word, "exit-codes") == 0) {
        cli_help_exit_codes(stdout);
        return CLI_EXIT_OK;
    }
    const CliVerb *verb = cli_verb_find(word);
    if (verb == NULL) {
        return cli_usage(ctx, base_tr("no command `%s`", "没有命令 `%s`"), word);
    }
    cli_help_verb(stdout, verb);
    return CLI_EXIT_OK;
}

/* ---- up, demo ---- */

static void on_ready(const char *http, const char *mysql, const char *link, void *user)
{
    const CliContext *ctx = user;
    if (ctx->json) {
        g_autoptr(json_t) line =
            json_pack("{s:s, s:s, s:s, s:s?}", "type", "ready", "http", http, "mysql", mysql, "link", link);
        g_autofree char *text = base_json_text(line);
        puts(text);
        fflush(stdout);
        return;
    }
    const char *colon = strrchr(mysql, ':');
    g_autofree char *host = colon == NULL ? g_strdup(mysql) : g_strndup(mysql, (gsize)(colon - mysql));
    printf("  ┌ Web   %s\n", link != NULL ? link : http);
    if (link != NULL) {
        printf("  │       %s\n", base_tr("this link signs in once, as the first administrator",
                                         "此链接仅可登录一次，作为首个管理员"));
    }
    printf("  ├ SQL   mysql -h%s -P%s -uUSER -p\n", host, colon == NULL ? "" : colon + 1);
    printf("  └ %s\n", base_tr("Stop  Ctrl-C", "停止  Ctrl-C"));
    fflush(stdout);
}

int cli_verb_up(CliContext *ctx)
{
    GError *error = NULL;
    if (ctx->data == NULL && !cli_project_need(ctx, &error)) {
        return cli_fail(ctx, error);
    }
    BaseConfig *config = cli_config_load(ctx, &error);
    if (config == NULL) {
        return cli_fail(ctx, error);
    }
    ServerAppOptions options = {.project = ctx->project, .data = ctx->data, .config = config};
    g_autoptr(ServerApp) app = server_app_open(&options, &error);
    if (app == NULL) {
        return cli_fail(ctx, error);
    }
    ServerUpOptions up = {
        .http_listen = cli_text(ctx, "http"),
        .mysql_listen = cli_text(ctx, "mysql"),
        .watch = !cli_flag(ctx, "no-watch") && ctx->project != NULL,
        .schedule = !cli_flag(ctx, "no-schedule"),
        .ready = on_ready,
        .ready_user = ctx,
    };
    return server_up(app, &up, &error) ? CLI_EXIT_OK : cli_fail(ctx, error);
}

int cli_verb_demo(CliContext *ctx)
{
    CliDemoOptions options = {
        .dir = cli_text(ctx, "dir"),
        .http = cli_text(ctx, "http"),
        .mysql = cli_text(ctx, "mysql"),
        .check = cli_flag(ctx, "check"),
        .quiet = ctx->quiet,
    };
    return cli_demo(&options);
}
