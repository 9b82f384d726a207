/* version, completion, help, up, demo. */
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
