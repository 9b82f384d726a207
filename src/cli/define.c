/* plan, apply, history, diff, rollback. */
#include "base/text.h"
#include "cli/cli_int.h"

#define SHOWN_REACHES 6

typedef struct {
    const char *bold, *green, *yellow, *red, *dim, *end;
} Palette;

static const Palette *palette(void)
{
    static const Palette COLOR = {"\033[1m", "\033[32m", "\033[33m", "\033[31m", "\033[2m", "\033[0m"};
    static const Palette PLAIN = {"", "", "", "", "", ""};
    return base_term_color(stdout) ? &COLOR : &PLAIN;
}

static char mark_of(const json_t *change)
{
    const char *type = base_json_string(change, "type", "changed");
    return strcmp(type, "added") == 0 ? '+' : strcmp(type, "removed") == 0 ? '-' : '~';
}

static const char *color_of(char mark, const Palette *p)
{
    return mark == '+' ? p->green : mark == '-' ? p->red : p->yellow;
}

/* ---- one change ---- */

static void print_diff(const char *diff, const Palette *p)
{
    g_auto(GStrv) lines = g_strsplit(diff, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (**line == '\0' && line[1] == NULL) {
            break;
        }
        const char *color = **line == '+' ? p->green : **line == '-' ? p->red : p->dim;
        printf("      %s%s%s\n", color, *line, p->end);
    }
}

/* "model:shop.dws_order" -> "model shop.dws_order" */
static char *reach_name(const json_t *one)
{
    char *name = g_strdup(json_is_string(one) ? json_string_value(one) : "?");
    char *colon = strchr(name, ':');
    if (colon != NULL) {
        *colon = ' ';
    }
    return name;
}

static void print_reaches(const json_t *reaches)
{
    size_t n = json_array_size(reaches);
    if (n == 0) {
        return;
    }
    printf("      %-8s ", base_tr("reaches", "影响"));
    for (size_t i = 0; i < MIN(n, SHOWN_REACHES); i++) {
        g_autofree char *name = reach_name(json_array_get(reaches, i));
        printf("%s%s", i == 0 ? "" : " · ", name);
    }
    if (n > SHOWN_REACHES) {
        printf(base_tr(" · and %zu more", " · 另有 %zu 个"), n - SHOWN_REACHES);
    }
    putchar('\n');
}

static void print_rebuild(const json_t *change)
{
    if (!base_json_bool(change, "rebuild", false)) {
        return;
    }
    gint64 rows = base_json_int(change, "rows", 0);
    double seconds = base_json_real(change, "seconds", 0);
    if (rows <= 0 && seconds <= 0) {
        return; /* new, or never run: nothing is known */
    }
    printf("      %-8s", base_tr("rebuild", "重建"));
    if (rows > 0) {
        g_autofree char *count = base_text_from_count(rows);
        printf(" ~%s %s", count, base_tr("rows", "行"));
    }
    if (seconds > 0) {
        g_autofree char *time = base_text_from_duration((gint64)(seconds * 1e6));
        printf("%s ~%s", rows > 0 ? "," : "", time);
    }
    putchar('\n');
}

static void print_change(const json_t *change, bool diff)
{
    const Palette *p = palette();
    char mark = mark_of(change);
    const char *name = base_json_string(change, "name", base_json_string(change, "id", "?"));
    const char *kind = base_json_string(change, "kind", "");
    size_t width = base_text_width(name);
    printf("  %s%c%s %s%s%s%*s  %s", color_of(mark, p), mark, p->end, p->bold, name, p->end,
           (int)(width < 36 ? 36 - width : 0), "", kind);
    if (base_json_bool(change, "breaking", false)) {
        printf("   %s%s%s  %s", p->red, base_tr("BREAKING", "不兼容"), p->end,
               base_json_string(change, "reason", ""));
    }
    putchar('\n');
    const char *text = base_json_string(change, "diff", NULL);
    if (diff && text != NULL && *text != '\0' && mark == '~') {
        print_diff(text, p);
    }
    print_reaches(json_object_get(change, "reaches"));
    print_rebuild(change);
    if (base_json_string(change, "impossible", NULL)) {
        printf("      %s%s%s  %s\n", p->red, base_tr("cannot be applied", "无法应用"), p->end,
               base_json_string(change, "impossible", ""));
    }
    if (base_json_bool(change, "drops_data", false)) {
        printf("      %s%s%s  --allow-drop %s\n", p->red, base_tr("removes data", "会删除数据"), p->end,
               name);
    }
}

static void print_changes(const json_t *plan, bool diff)
{
    size_t i = 0;
    const json_t *change = NULL;
    json_array_foreach (json_object_get(plan, "changes"), i, change) {
        print_change(change, diff);
    }
}

/* added, changed, removed are counts, or lists of names. */
static gint64 count_of(const json_t *plan, const char *key)
{
    const json_t *value = json_object_get(plan, key);
    return json_is_array(value) ? (gint64)json_array_size(value) : base_json_int(plan, key, 0);
}

static gint64 total_of(const json_t *plan)
{
    return count_of(plan, "added") + count_of(plan, "changed") + count_of(plan, "removed");
}

static void print_sum(const json_t *plan)
{
    printf(base_tr("  Plan %s: %" G_GINT64_FORMAT " to add, %" G_GINT64_FORMAT " to change, %" G_GINT64_FORMAT
                   " to remove.\n",
                   "  计划 %s：新增 %" G_GINT64_FORMAT "，变更 %" G_GINT64_FORMAT "，删除 %" G_GINT64_FORMAT
                   "。\n"),
           base_json_string(plan, "id", "?"), count_of(plan, "added"), count_of(plan, "changed"),
           count_of(plan, "removed"));
}

static void print_plan(CliContext *ctx, const json_t *plan, bool diff)
{
    const json_t *warnings = json_object_get(plan, "warnings");
    if (json_array_size(warnings) > 0) {
        cli_print_diagnostics(ctx, warnings, stderr, NULL);
    }
    if (total_of(plan) == 0) {
        puts(base_tr("  No changes: what is applied is what the files say.",
                     "  没有变更：已应用状态与文件一致。"));
        return;
    }
    print_changes(plan, diff);
    print_sum(plan);
}

/* ---- plan, apply ---- */

/* The command that carries the plan out, whole: with leave for what it takes away. */
static void say_next(CliContext *ctx, const json_t *plan)
{
    g_autoptr(GString) text = g_string_new("weir apply ");
    g_string_append(text, base_json_string(plan, "id", ""));
    size_t i;
    json_t *change;
    json_array_foreach (json_object_get(plan, "changes"), i, change) {
        if (base_json_bool(change, "drops_data", false)) {
            g_string_append_printf(text, " --allow-drop %s", base_json_string(change, "name", ""));
        }
    }
    cli_say(ctx, "  %s", text->str);
}

static json_t *make_plan(CliContext *ctx, GError **error)
{
    g_autoptr(json_t) body = json_object();
    if (cli_text(ctx, "env") != NULL) {
        base_json_set_string(body, "env", cli_text(ctx, "env"));
    }
    ctx->reads_project = true;
    return cli_call(ctx, "POST", "/api/v1/plan", body, error);
}

int cli_verb_plan(CliContext *ctx)
{
    GError *error = NULL;
    if (!cli_project_need(ctx, &error)) {
        return cli_fail(ctx, error);
    }
    g_autoptr(json_t) plan = make_plan(ctx, &error);
    if (plan == NULL) {
        return cli_fail(ctx, error);
    }
    bool changes = total_of(plan) > 0;
    if (ctx->json) {
        cli_print_json(plan);
    } else {
        print_plan(ctx, plan, !cli_flag(ctx, "no-diff"));
        if (cli_text(ctx, "env") != NULL) {
            cli_print_environment(ctx, json_object_get(plan, "environment"));
        } else if (changes) {
            say_next(ctx, plan);
        }
    }
    return changes && cli_flag(ctx, "exit-code") ? CLI_EXIT_CHANGES : CLI_EXIT_OK;
}

static int carry_out(CliContext *ctx, const char *id)
{
    int code;
    g_autoptr(json_t) body = json_object();
    if (id != NULL) {
        base_json_set_string(body, "plan", id);
    }
    if (cli_text(ctx, "note") != NULL) {
        base_json_set_string(body, "note", cli_text(ctx, "note"));
    }
    json_t *drops = json_array();
    for (char **name = cli_list(ctx, "allow-drop"); name != NULL && *name != NULL; name++) {
        json_array_append_new(drops, json_string(*name));
    }
    json_object_set_new(body, "allow_drop", drops);
    const char *env = cli_text(ctx, "env");
    if (env != NULL) {
        base_json_set_string(body, "env", env);
    }
    ctx->reads_project = true;
    g_autoptr(json_t) done = cli_ask(ctx, "POST", "/api/v1/apply", body, &code);
    if (!done) {
        return code;
    }
    if (env != NULL) {
        cli_print_environment(ctx, json_object_get(done, "environment"));
        return CLI_EXIT_OK;
    }
    gint64 version = base_json_int(done, "version", 0);
    if (base_json_bool(done, "unchanged", false)) {
        printf(base_tr("  Nothing to do: version %" G_GINT64_FORMAT " is what the files say.\n",
                       "  无需更改：文件与版本 %" G_GINT64_FORMAT " 一致。\n"),
               version);
    } else {
        printf(base_tr("  Applied as version %" G_GINT64_FORMAT ".\n",
                       "  已应用为版本 %" G_GINT64_FORMAT "。\n"),
               version);
    }
    return CLI_EXIT_OK;
}

/* Shows the plan, asks, and carries out exactly the plan that was shown. */
int cli_verb_apply(CliContext *ctx)
{
    GError *error = NULL;
    if (!cli_project_need(ctx, &error)) {
        return cli_fail(ctx, error);
    }
    if (cli_word(ctx, 0) != NULL) {
        return carry_out(ctx, cli_word(ctx, 0));
    }
    g_autoptr(json_t) plan = make_plan(ctx, &error);
    if (plan == NULL) {
        return cli_fail(ctx, error);
    }
    if (!ctx->json) {
        print_plan(ctx, plan, true);
        fflush(stdout);
    }
    if (cli_text(ctx, "env") != NULL) { /* production stays as it is: there is nothing to ask */
        return carry_out(ctx, base_json_string(plan, "id", NULL));
    }
    if (total_of(plan) == 0) {
        return ctx->json ? carry_out(ctx, NULL) : CLI_EXIT_OK;
    }
    bool yes = false;
    if (!cli_confirm(ctx, base_tr("  Apply this plan?", "  应用此计划？"), &yes, &error)) {
        return cli_fail(ctx, error);
    }
    if (!yes) {
        cli_say(ctx, "%s", base_tr("Nothing was changed.", "未做任何更改。"));
        return CLI_EXIT_FAILED;
    }
    return carry_out(ctx, base_json_string(plan, "id", NULL));
}

/* ---- history, diff, rollback ---- */

static void print_object_diffs(const json_t *answer)
{
    size_t i = 0;
    const json_t *version = NULL;
    json_array_foreach (json_object_get(answer, "versions"), i, version) {
        const char *diff = base_json_string(version, "diff", NULL);
        printf("  %s %" G_GINT64_FORMAT "  %s  %s  %s\n", base_tr("version", "版本"),
               base_json_int(version, "version", 0), base_json_string(version, "at", ""),
               base_json_string(version, "user", ""), base_json_string(version, "note", ""));
        if (diff != NULL) {
            print_diff(diff, palette());
        }
    }
}

int cli_verb_history(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"version", "Version", "版本", CLI_CELL_COUNT}, {"at", "At", "时间", CLI_CELL_TEXT},
        {"user", "User", "用户", CLI_CELL_TEXT},        {"added", "Added", "新增", CLI_CELL_COUNT},
        {"changed", "Changed", "变更", CLI_CELL_COUNT}, {"removed", "Removed", "删除", CLI_CELL_COUNT},
        {"note", "Note", "说明", CLI_CELL_TEXT},        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    int code;
    g_autoptr(GString) path = g_string_new("/api/v1/history");
    cli_query_add(path, "object", cli_word(ctx, 0));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    if (cli_word(ctx, 0) != NULL) {
        print_object_diffs(answer);
    } else {
        cli_print_table(json_object_get(answer, "versions"), COLUMNS);
    }
    return CLI_EXIT_OK;
}

static bool read_version(const char *text, gint64 *ret, GError **error)
{
    const char *digits = text[0] == 'v' ? text + 1 : text;
    if (base_text_to_int(digits, 0, G_MAXINT64, ret)) {
        return true;
    }
    base_fail(error, BASE_E_USAGE, base_tr("`%s` is not a version", "`%s` 不是版本号"), text);
    base_error_hint(error, base_tr("`weir history` lists versions", "`weir history` 列出版本"));
    return false;
}

int cli_verb_diff(CliContext *ctx)
{
    GError *error = NULL;
    int code;
    gint64 versions[2] = {0, 0};
    for (unsigned i = 0; i < ctx->n_words; i++) {
        if (!read_version(ctx->words[i], &versions[i], &error)) {
            return cli_fail(ctx, error);
        }
    }
    g_autofree char *path =
        ctx->n_words == 2 ? g_strdup_printf("/api/v1/diff?from=%" G_GINT64_FORMAT "&to=%" G_GINT64_FORMAT,
                                            versions[0], versions[1])
                          : g_strdup_printf("/api/v1/diff?from=%" G_GINT64_FORMAT "&to=", versions[0]);
    g_autoptr(json_t) diff = cli_ask(ctx, "GET", path, NULL, &code);
    if (!diff) {
        return code;
    }
    if (total_of(diff) == 0) {
        puts(base_tr("  No difference.", "  没有差异。"));
    }
    print_changes(diff, true);
    return CLI_EXIT_OK;
}

static void print_names(const char *title, const json_t *names)
{
    size_t i = 0;
    const json_t *name = NULL;
    json_array_foreach (names, i, name) {
        printf("  %s %s\n", title, json_is_string(name) ? json_string_value(name) : "?");
    }
}

int cli_verb_rollback(CliContext *ctx)
{
    GError *error = NULL;
    int code;
    gint64 version = 0;
    if (!cli_project_need(ctx, &error) || !read_version(ctx->words[0], &version, &error)) {
        return cli_fail(ctx, error);
    }
    bool yes = false;
    if (!cli_confirm(
            ctx, base_tr("  Overwrite the project's files with that version?", "  用该版本覆盖项目文件？"),
            &yes, &error)) {
        return cli_fail(ctx, error);
    }
    if (!yes) {
        cli_say(ctx, "%s", base_tr("Nothing was changed.", "未做任何更改。"));
        return CLI_EXIT_FAILED;
    }
    g_autoptr(json_t) body = json_object();
    base_json_set_int(body, "version", version);
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/rollback", body, &code);
    if (!answer) {
        return code;
    }
    print_names(base_tr("wrote", "已写入"), json_object_get(answer, "written"));
    print_names(base_tr("not in that version:", "该版本没有："), json_object_get(answer, "extra"));
    cli_say(ctx, "%s", base_tr("  Now: weir plan, then weir apply", "  接下来：weir plan，然后 weir apply"));
    return CLI_EXIT_OK;
}
