/* weir env: ls, show, drop, promote; and what plan and apply say of one. */
#include "base/text.h"
#include "cli/cli_int.h"

static const char *state_text(const char *state)
{
    return g_str_equal(state, "built")  ? base_tr("built", "已构建")
           : g_str_equal(state, "held") ? base_tr("held back by a check", "被检查阻断")
                                        : base_tr("to build", "待构建");
}

void cli_print_environment(CliContext *ctx, const json_t *environment)
{
    const char *name = base_json_string(environment, "environment", "");
    size_t i;
    json_t *model;
    json_array_foreach (json_object_get(environment, "models"), i, model) {
        printf("  %-44s %-12s %s\n", base_json_string(model, "table", ""),
               base_json_string(model, "kind", ""), state_text(base_json_string(model, "state", "")));
    }
    printf(base_tr("  Environment %s: %" G_GINT64_FORMAT " of its own, %" G_GINT64_FORMAT
                   " to build; %" G_GINT64_FORMAT " shared with production.\n",
                   "  环境 %s：自有 %" G_GINT64_FORMAT " 个，待构建 %" G_GINT64_FORMAT
                   " 个；与生产共享 %" G_GINT64_FORMAT " 个。\n"),
           name, base_json_int(environment, "own", 0), base_json_int(environment, "to_build", 0),
           base_json_int(environment, "shared", 0));
    if (base_json_int(environment, "to_build", 0) > 0) {
        cli_say(ctx, "  weir run --env %s", name);
    }
}

static int list(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {{"environment", "Environment", "环境", CLI_CELL_TEXT},
                                        {"base", "Over version", "基于版本", CLI_CELL_COUNT},
                                        {"own", "Own", "自有", CLI_CELL_COUNT},
                                        {"to_build", "To build", "待构建", CLI_CELL_COUNT},
                                        {"shared", "Shared", "共享", CLI_CELL_COUNT},
                                        {"applied", "Applied", "应用时间", CLI_CELL_TEXT},
                                        {"user", "User", "用户", CLI_CELL_TEXT},
                                        {"problem", "Problem", "问题", CLI_CELL_TEXT},
                                        {NULL, NULL, NULL, CLI_CELL_TEXT}};
    int code;
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", "/api/v1/environments", NULL, &code);
    if (!answer) {
        return code;
    }
    cli_print_table(json_object_get(answer, "environments"), COLUMNS);
    return CLI_EXIT_OK;
}

static int show(CliContext *ctx, const char *path)
{
    int code;
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path, NULL, &code);
    if (!answer) {
        return code;
    }
    cli_print_environment(ctx, answer);
    return CLI_EXIT_OK;
}

static int drop(CliContext *ctx, const char *name, const char *path)
{
    GError *error = NULL;
    int code;
    g_autofree char *question = g_strdup_printf(
        base_tr("  Drop environment %s and what it built?", "  删除环境 %s 及其构建的表？"), name);
    bool yes = false;
    if (!cli_confirm(ctx, question, &yes, &error)) {
        return cli_fail(ctx, error);
    }
    if (!yes) {
        cli_say(ctx, "%s", base_tr("Nothing was changed.", "未做任何更改。"));
        return CLI_EXIT_FAILED;
    }
    g_autoptr(json_t) answer = cli_ask(ctx, "DELETE", path, NULL, &code);
    if (!answer) {
        return code;
    }
    printf(base_tr("  Environment %s is gone.\n", "  环境 %s 已删除。\n"), name);
    return CLI_EXIT_OK;
}

static void print_promoted(const char *name, const json_t *answer)
{
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(answer, "swapped"), i, row) {
        printf("  %-44s %s\n", json_string_value(row), base_tr("swapped in", "已替换"));
    }
    json_array_foreach (json_object_get(answer, "left"), i, row) {
        printf("  %-44s %s\n", base_json_string(row, "model", ""), base_json_string(row, "why", ""));
    }
    printf(base_tr("  Environment %s is production's version %" G_GINT64_FORMAT ".\n",
                   "  环境 %s 已成为生产版本 %" G_GINT64_FORMAT "。\n"),
           name, base_json_int(answer, "version", 0));
}

static int promote(CliContext *ctx, const char *name, const char *path)
{
    int code;
    g_autofree char *where = g_strconcat(path, "/promote", NULL);
    g_autoptr(json_t) body = json_object();
    json_t *drops = json_array();
    for (char **one = cli_list(ctx, "allow-drop"); one && *one; one++) {
        json_array_append_new(drops, json_string(*one));
    }
    json_object_set_new(body, "allow_drop", drops);
    json_object_set_new(body, "unbuilt", json_boolean(cli_flag(ctx, "unbuilt")));
    if (cli_text(ctx, "note")) {
        base_json_set_string(body, "note", cli_text(ctx, "note"));
    }
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", where, body, &code);
    if (!answer) {
        return code;
    }
    print_promoted(name, answer);
    return CLI_EXIT_OK;
}

int cli_verb_env(CliContext *ctx)
{
    const char *word = cli_word(ctx, 0) ? cli_word(ctx, 0) : "ls", *name = cli_word(ctx, 1);
    if (g_str_equal(word, "ls")) {
        return list(ctx);
    }
    if (!name) {
        return cli_usage(ctx, "show, drop and promote take the name of an environment");
    }
    g_autofree char *path = cli_path("/api/v1/environments/", name);
    return g_str_equal(word, "drop")      ? drop(ctx, name, path)
           : g_str_equal(word, "promote") ? promote(ctx, name, path)
           : g_str_equal(word, "show")    ? show(ctx, path)
                                          : cli_usage(ctx, "ls, show, drop or promote, not `%s`", word);
}
