/* `weir ARGS...`: parse, find the project, run the verb. */
#include "cli/cli.h"

#include <locale.h>
#include <signal.h>

#include "cli/cli_int.h"

static int bare(CliContext *ctx, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            return cli_verb_version(ctx);
        }
    }
    cli_help_all(stdout);
    return CLI_EXIT_OK;
}

static int run(CliContext *ctx, int argc, char **argv)
{
    GError *error = NULL;
    bool only_version = argc == 2 && strcmp(argv[1], "--version") == 0;
    if (only_version) {
        return bare(ctx, argc, argv);
    }
    if (!cli_options_parse(ctx, argc, argv, &error)) {
        return cli_fail(ctx, error);
    }
    if (ctx->verb == NULL) {
        if (ctx->n_words > 0) {
            base_fail(&error, BASE_E_USAGE, base_tr("`%s` is not a command", "`%s` 不是命令"), ctx->words[0]);
            return cli_fail(ctx, error);
        }
        return bare(ctx, argc, argv);
    }
    if (ctx->help) {
        cli_help_verb(stdout, ctx->verb);
        return CLI_EXIT_OK;
    }
    /* Help needs no project, and neither do verbs that make one. */
    bool free_of_project = ctx->verb->group == CLI_GROUP_HELP || strcmp(ctx->verb->name, "init") == 0 ||
                           strcmp(ctx->verb->name, "demo") == 0;
    if (!free_of_project && !cli_project_find(ctx, &error)) {
        return cli_fail(ctx, error);
    }
    return ctx->verb->run(ctx);
}

int cli_main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    base_lang_set(NULL);
    CliContext ctx = {0};
    int code = run(&ctx, argc, argv);
    cli_context_clear(&ctx);
    /* What a closed pipe or a full disk swallowed is a failure, not a short answer. */
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && code == CLI_EXIT_OK) {
        code = CLI_EXIT_FAILED;
    }
    return code;
}
