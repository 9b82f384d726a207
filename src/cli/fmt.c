/* fmt: tidies the definition files of a project, or the files named. */
#include "base/fs.h"
#include "base/yaml.h"
#include "cli/cli_int.h"

typedef struct {
    CliContext *ctx;
    bool check;
    size_t changed, seen;
} Fmt;

static char *tidy(const char *path, const char *text)
{
    if (g_str_has_suffix(path, ".sql")) {
        return cli_fmt_sql(text);
    }
    return g_str_has_suffix(path, ".yml") || g_str_has_suffix(path, ".yaml") ? cli_fmt_yaml(text) : NULL;
}

static bool format_one(const char *path, const char *shown, gpointer user, GError **error)
{
    Fmt *fmt = user;
    if (!g_str_has_suffix(path, ".sql") && !g_str_has_suffix(path, ".yml") &&
        !g_str_has_suffix(path, ".yaml")) {
        return true;
    }
    size_t len = 0;
    g_autofree char *text = base_fs_read(path, BASE_YAML_MAX_BYTES, &len, error);
    if (text == NULL) {
        return false;
    }
    fmt->seen++;
    g_autofree char *after = strlen(text) == len ? tidy(path, text) : NULL; /* a zero byte: not a text */
    if (after == NULL || strcmp(after, text) == 0) {
        return true;
    }
    fmt->changed++;
    if (!fmt->ctx->json) {
        puts(shown);
    }
    return fmt->check || base_fs_write(path, after, strlen(after), 0644, error);
}

int cli_verb_fmt(CliContext *ctx)
{
    GError *error = NULL;
    Fmt fmt = {.ctx = ctx, .check = cli_flag(ctx, "check")};
    if (ctx->n_words == 0 &&
        (!cli_project_need(ctx, &error) || !base_fs_walk(ctx->project, format_one, &fmt, &error))) {
        return cli_fail(ctx, error);
    }
    for (unsigned i = 0; i < ctx->n_words; i++) {
        if (!format_one(ctx->words[i], ctx->words[i], &fmt, &error)) {
            return cli_fail(ctx, error);
        }
    }
    if (ctx->json) {
        g_autoptr(json_t) answer =
            json_pack("{s:I, s:I}", "files", (json_int_t)fmt.seen, "changed", (json_int_t)fmt.changed);
        cli_print_json(answer);
    } else {
        cli_say(ctx, base_tr("  %zu files, %zu %s", "  %zu 个文件，%zu 个%s"), fmt.seen, fmt.changed,
                fmt.check ? base_tr("would change", "需要改动") : base_tr("changed", "已改动"));
    }
    return fmt.check && fmt.changed > 0 ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}
