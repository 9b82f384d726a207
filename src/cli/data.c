/* load, loads, refresh, run, runs. */
#include <unistd.h>

#include "base/text.h"
#include "cli/cli_int.h"

/* ---- load ---- */

static const char *const LOAD_FLAGS[][2] = {
    {"format", "format"}, {"columns", "columns"}, {"separator", "column_separator"},
    {"where", "where"},   {"label", "label"},     {"max-filter-ratio", "max_filter_ratio"},
};

static bool add_settings(CliContext *ctx, GString *path, GError **error)
{
    for (char **one = cli_list(ctx, "set"); one != NULL && *one != NULL; one++) {
        g_auto(GStrv) sides = g_strsplit(*one, "=", 2);
        if (sides[0] == NULL || sides[1] == NULL || *sides[0] == '\0') {
            base_fail(error, BASE_E_USAGE,
                      base_tr("--set takes NAME=VALUE, not `%s`", "--set 需要 名称=值，而不是 `%s`"), *one);
            return false;
        }
        cli_query_add(path, sides[0], sides[1]);
    }
    return true;
}

/* One label loads once: with several files each gets its number behind it. */
static char *label_of(const CliContext *ctx, unsigned number)
{
    const char *label = cli_text(ctx, "label");
    return label == NULL || ctx->n_words == 2 ? g_strdup(label) : g_strdup_printf("%s_%u", label, number);
}

static json_t *load_one(CliContext *ctx, const char *file, unsigned number, BaseProgress *progress,
                        GError **error)
{
    g_autofree char *start = cli_path("/api/v1/load/", ctx->words[0]);
    g_autofree char *name = g_path_get_basename(file);
    g_autofree char *label = label_of(ctx, number);
    g_autoptr(GString) path = g_string_new(start);
    cli_query_add(path, "filename", name);
    for (size_t i = 0; i < G_N_ELEMENTS(LOAD_FLAGS); i++) {
        bool is_label = strcmp(LOAD_FLAGS[i][0], "label") == 0;
        cli_query_add(path, LOAD_FLAGS[i][1], is_label ? label : cli_text(ctx, LOAD_FLAGS[i][0]));
    }
    if (cli_flag(ctx, "replace")) {
        cli_query_add(path, "replace", "true");
    }
    return add_settings(ctx, path, error) ? cli_call_upload(ctx, path->str, file, progress, error) : NULL;
}

/* Where the rejected rows are: the server's address, or without one the file in the data folder. */
static void tell_rejects(const CliContext *ctx, const json_t *answer)
{
    static const char PATH[] = "/api/_load_error_log?file=";
    const char *log = base_json_string(answer, "error_log", NULL);
    if (log == NULL || ctx->json) {
        return;
    }
    g_autofree char *file = g_str_has_prefix(log, PATH)
                                ? g_build_filename(ctx->data, "errors", log + strlen(PATH), NULL)
                                : g_strdup(log);
    cli_say(ctx, "    %s %s", base_tr("rejected rows:", "被拒绝的行："), file);
}

static void tell_load(const CliContext *ctx, BaseProgress *progress, const json_t *answer)
{
    g_autofree char *loaded = base_text_from_count(base_json_int(answer, "loaded", 0));
    g_autofree char *bytes = base_text_from_bytes(base_json_int(answer, "bytes", 0));
    gint64 filtered = base_json_int(answer, "filtered", 0);
    g_autofree char *rejected = filtered == 0 ? g_strdup("")
                                              : g_strdup_printf(" · %" G_GINT64_FORMAT " %s", filtered,
                                                                base_tr("rejected", "行被拒绝"));
    g_autofree char *what = g_strdup_printf("%s %s · %s%s", loaded, base_tr("rows", "行"), bytes, rejected);
    base_progress_done(progress, true, what);
    tell_rejects(ctx, answer);
}

/* The second file would take the place of the first. */
static bool one_if_replacing(CliContext *ctx, GError **error)
{
    if (!cli_flag(ctx, "replace") || ctx->n_words == 2) {
        return true;
    }
    base_fail(error, BASE_E_USAGE, "%s",
              base_tr("--replace takes one file: each would take the place of the one before",
                      "--replace 只接受一个文件，否则后者会覆盖前者"));
    base_error_not_done(error, base_tr("Nothing was loaded.", "未导入任何数据。"));
    return false;
}

int cli_verb_load(CliContext *ctx)
{
    GError *refused = NULL;
    if (!one_if_replacing(ctx, &refused)) {
        return cli_fail(ctx, refused);
    }
    for (unsigned i = 1; i < ctx->n_words; i++) {
        GError *error = NULL;
        const char *file = ctx->words[i];
        g_autoptr(BaseProgress) progress = base_progress_new(file, ctx->quiet || ctx->json);
        if (!g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
            base_fail(&error, BASE_E_FILE_NOT_FOUND, base_tr("no file `%s`", "没有文件 `%s`"), file);
            base_error_not_done(&error, i == 1 ? base_tr("Nothing was loaded.", "未导入任何数据。") : NULL);
            return cli_fail(ctx, error);
        }
        g_autoptr(json_t) answer = load_one(ctx, file, i, progress, &error);
        if (answer == NULL) {
            base_progress_done(progress, false, "");
            tell_rejects(ctx, ctx->problem);
            return cli_fail(ctx, error);
        }
        if (ctx->json) {
            g_autofree char *line = base_json_text(answer);
            puts(line);
        } else {
            tell_load(ctx, progress, answer);
        }
    }
    return CLI_EXIT_OK;
}

static const CliColumn LOAD_COLUMNS[] = {
    {"label", "Label", "标签", CLI_CELL_TEXT},     {"db", "Domain", "域", CLI_CELL_TEXT},
    {"table", "Table", "表", CLI_CELL_TEXT},       {"state", "State", "状态", CLI_CELL_TEXT},
    {"loaded", "Rows", "行数", CLI_CELL_COUNT},    {"filtered", "Rejected", "拒绝", CLI_CELL_COUNT},
    {"bytes", "Bytes", "字节", CLI_CELL_BYTES},    {"started", "Started", "开始时间", CLI_CELL_TEXT},
    {"message", "Message", "消息", CLI_CELL_TEXT}, {NULL, NULL, NULL, CLI_CELL_TEXT},
};

static const char *limit_of(const CliContext *ctx, const char *fallback)
{
    return cli_text(ctx, "limit") == NULL ? fallback : cli_text(ctx, "limit");
}

int cli_verb_loads(CliContext *ctx)
{
    int code;
    g_autoptr(GString) path = g_string_new("/api/v1/loads");
    cli_query_add(path, "db", cli_text(ctx, "db"));
    cli_query_add(path, "label", cli_text(ctx, "label"));
    cli_query_add(path, "state", cli_text(ctx, "state"));
    cli_query_add(path, "limit", limit_of(ctx, "50"));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    cli_print_table(json_object_get(answer, "loads"), LOAD_COLUMNS);
    return CLI_EXIT_OK;
}

/* ---- refresh ---- */

static GPtrArray *all_sources(CliContext *ctx, GError **error)
{
    g_autoptr(json_t) answer = cli_call(ctx, "GET", "/api/v1/objects?kind=source", NULL, error);
    if (answer == NULL) {
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    size_t i = 0;
    const json_t *object = NULL;
    json_array_foreach (json_object_get(answer, "objects"), i, object) {
        g_ptr_array_add(
            names, g_strdup(base_json_string(object, "full_name", base_json_string(object, "name", ""))));
    }
    return names;
}

static void tell_refresh(const json_t *answer)
{
    size_t i = 0;
    const json_t *load = NULL;
    json_array_foreach (json_object_get(answer, "loads"), i, load) {
        g_autofree char *rows =
            base_text_from_count(base_json_int(load, "loaded", base_json_int(load, "rows", 0)));
        bool skipped = base_json_bool(load, "skipped", false);
        printf("    %-32s %s\n", base_json_string(load, "table", ""),
               skipped ? base_tr("unchanged", "无变化") : rows);
    }
}

int cli_verb_refresh(CliContext *ctx)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < ctx->n_words; i++) {
        g_ptr_array_add(names, g_strdup(ctx->words[i]));
    }
    if (names->len == 0) {
        g_ptr_array_unref(names);
        names = all_sources(ctx, &error);
        if (names == NULL) {
            return cli_fail(ctx, error);
        }
    }
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *start = cli_path("/api/v1/sources/", name);
        g_autofree char *path = g_strconcat(start, "/refresh", NULL);
        g_autoptr(BaseProgress) progress = base_progress_new(name, ctx->quiet || ctx->json);
        g_autoptr(json_t) body = json_object();
        g_autoptr(json_t) answer = cli_call(ctx, "POST", path, body, &error);
        if (answer == NULL) {
            base_progress_done(progress, false, "");
            return cli_fail(ctx, error);
        }
        base_progress_done(progress, true, "");
        if (ctx->json) {
            g_autofree char *line = base_json_text(answer);
            puts(line);
        } else if (!ctx->quiet) {
            tell_refresh(answer);
        }
    }
    return CLI_EXIT_OK;
}

/* ---- run ---- */

/* Steps come as lines of JSON; a chunk may end in the middle of one. */
typedef struct {
    CliContext *ctx;
    BaseProgress *progress;
    GString *line;
    json_t *last; /* the result or error line */
} RunView;

static void show_step(RunView *view, const json_t *step)
{
    const char *state = base_json_string(step, "state", "");
    const char *model = base_json_string(step, "model", "");
    gint64 done = base_json_int(step, "done", 0);
    gint64 total = base_json_int(step, "total", 0);
    if (strcmp(state, "running") == 0) {
        base_progress_set(view->progress, done, total, model);
        return;
    }
    if (view->ctx->quiet) {
        return;
    }
    bool ok = strcmp(state, "done") == 0;
    bool skipped = strcmp(state, "skipped") == 0;
    bool color = base_term_color(stderr);
    g_autofree char *rows = cli_count(base_json_int(step, "rows", 0), "row", "rows", "行");
    g_autofree char *time = base_text_from_duration(base_json_int(step, "elapsed_ms", 0) * 1000);
    const char *start = base_json_string(step, "start", NULL);
    const char *end = base_json_string(step, "end", NULL);
    g_autofree char *interval =
        start == NULL || end == NULL ? g_strdup("") : g_strdup_printf("  [%s, %s)", start, end);
    const char *mark = ok ? "✔" : skipped ? "-" : "✘";
    fprintf(stderr, "%s  %s%s%s %" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "  %-36s %s  %s%s  %s\n",
            isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "",
            color ? (ok        ? "\033[32m"
                     : skipped ? "\033[2m"
                               : "\033[31m")
                  : "",
            mark, color ? "\033[0m" : "", done, total, model, ok ? rows : state, time, interval,
            base_json_string(step, "message", ""));
}

static void take_line(RunView *view)
{
    g_autoptr(json_t) value = base_json_parse(view->line->str, view->line->len, NULL);
    g_string_truncate(view->line, 0);
    if (value == NULL) {
        return;
    }
    if (view->ctx->json) {
        g_autofree char *text = base_json_text(value);
        puts(text);
        fflush(stdout);
    }
    const char *type = base_json_string(value, "type", "");
    if (strcmp(type, "step") == 0) {
        if (!view->ctx->json) {
            show_step(view, value);
        }
    } else {
        json_decref(view->last);
        view->last = g_steal_pointer(&value);
    }
}

static bool on_steps(void *user, const void *data, size_t len)
{
    RunView *view = user;
    const char *at = data;
    const char *end = at + len;
    while (at < end) {
        const char *mark = memchr(at, '\n', (size_t)(end - at));
        g_string_append_len(view->line, at, (mark == NULL ? end : mark) - at);
        if (mark == NULL) {
            break;
        }
        take_line(view);
        at = mark + 1;
    }
    return true;
}

static bool make_run_body(CliContext *ctx, json_t *body, GError **error)
{
    gint64 parallel = 0;
    if (!cli_number(ctx, "parallel", 1, 1024, 0, &parallel, error)) {
        return false;
    }
    if (ctx->n_words > 0) {
        json_t *select = json_array();
        for (unsigned i = 0; i < ctx->n_words; i++) {
            json_array_append_new(select, json_string(ctx->words[i]));
        }
        json_object_set_new(body, "select", select);
    }
    const char *const times[] = {"start", "end", "at", "env"};
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        if (cli_text(ctx, times[i]) != NULL) {
            base_json_set_string(body, times[i], cli_text(ctx, times[i]));
        }
    }
    if (cli_text(ctx, "restate-from") != NULL) {
        base_json_set_string(body, "restate_from", cli_text(ctx, "restate-from"));
    }
    if (cli_text(ctx, "business-date") != NULL) {
        base_json_set_string(body, "business_date", cli_text(ctx, "business-date"));
    }
    json_object_set_new(body, "full", json_boolean(cli_flag(ctx, "full")));
    if (parallel > 0) {
        base_json_set_int(body, "parallel", parallel);
    }
    return true;
}

static int finish_run(CliContext *ctx, const RunView *view, GError *error)
{
    if (error == NULL && view->last == NULL) {
        base_fail(&error, BASE_E_INTERNAL, "the run ended without a result");
    } else if (error == NULL && strcmp(base_json_string(view->last, "type", ""), "error") == 0) {
        json_decref(ctx->problem);
        ctx->problem = json_incref(json_object_get(view->last, "problem"));
        base_error_from_problem(&error, ctx->problem);
        if (ctx->json) { /* the line is printed already */
            int code = base_error_info(error)->exit_code;
            g_error_free(error);
            return code;
        }
    }
    size_t n = json_array_size(json_object_get(view->last, "findings"));
    if (n > 0 && !ctx->json && !ctx->quiet) {
        printf(base_tr("  %zu findings of the warehouse standard in the rows: weir lint --rows\n",
                       "  数据中有 %zu 处不符合数仓标准：weir lint --rows\n"),
               n);
    }
    return error == NULL ? CLI_EXIT_OK : cli_fail(ctx, error);
}

/* Batches as one cell: how many, and the first and last by name. */
static void tell_batches(json_t *model)
{
    json_t *batches = json_object_get(model, "batches");
    size_t n = json_array_size(batches);
    if (n == 0) {
        return;
    }
    const char *first = base_json_string(json_array_get(batches, 0), "batch", "");
    const char *last = base_json_string(json_array_get(batches, n - 1), "batch", "");
    g_autofree char *text = n == 1 ? g_strdup(first) : g_strdup_printf("%zu: %s .. %s", n, first, last);
    base_json_set_string(model, "shown", text);
}

static int dry_run(CliContext *ctx, json_t *body)
{
    static const CliColumn COLUMNS[] = {
        {"model", "Model", "模型", CLI_CELL_TEXT},
        {"kind", "Kind", "类型", CLI_CELL_TEXT},
        {"strategy", "Strategy", "策略", CLI_CELL_TEXT},
        {"action", "Action", "动作", CLI_CELL_TEXT},
        {"start", "Start", "区间起", CLI_CELL_TEXT},
        {"end", "End", "区间止", CLI_CELL_TEXT},
        {"shown", "Batches", "批次", CLI_CELL_TEXT},
        {"message", "Note", "说明", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    int code;
    json_object_set_new(body, "dry_run", json_true());
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/run", body, &code);
    if (!answer) {
        return code;
    }
    size_t i;
    json_t *model;
    json_array_foreach (json_object_get(answer, "models"), i, model) {
        tell_batches(model);
    }
    cli_print_table(json_object_get(answer, "models"), COLUMNS);
    return CLI_EXIT_OK;
}

int cli_run_lines(CliContext *ctx, const char *path, json_t *body)
{
    GError *error = NULL;
    if (ctx->json) {
        puts("{\"type\":\"version\",\"weir\":\"" WEIR_VERSION "\",\"ui\":\"1.0\"}");
        fflush(stdout);
    }
    CliInterrupt *interrupt = cli_interrupt_begin(ctx);
    g_autoptr(BaseProgress) progress =
        base_progress_new(base_tr("building", "构建"), ctx->quiet || ctx->json);
    RunView view = {.ctx = ctx, .progress = progress, .line = g_string_new(NULL)};
    bool started = cli_client_open(ctx, &error) && cli_interrupt_started(interrupt);
    if (started &&
        cli_call_stream(ctx, "POST", path, body, "application/x-ndjson", on_steps, &view, &error) &&
        view.line->len > 0) {
        take_line(&view);
    }
    bool pressed = cli_interrupt_end(interrupt);
    int code = started || error != NULL ? finish_run(ctx, &view, error) : CLI_EXIT_INTERRUPTED;
    g_string_free(view.line, TRUE);
    json_decref(view.last);
    return pressed ? CLI_EXIT_INTERRUPTED : code;
}

int cli_verb_run(CliContext *ctx)
{
    GError *error = NULL;
    g_autoptr(json_t) body = json_object();
    if (!make_run_body(ctx, body, &error)) {
        return cli_fail(ctx, error);
    }
    if (cli_flag(ctx, "dry-run")) {
        return dry_run(ctx, body);
    }
    return cli_run_lines(ctx, "/api/v1/run?format=ndjson", body);
}

int cli_verb_runs(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"run_id", "Run", "运行", CLI_CELL_TEXT},      {"model", "Model", "模型", CLI_CELL_TEXT},
        {"state", "State", "状态", CLI_CELL_TEXT},     {"rows", "Rows", "行数", CLI_CELL_COUNT},
        {"bytes", "Bytes", "字节", CLI_CELL_BYTES},    {"business_date", "Of day", "业务日期", CLI_CELL_TEXT},
        {"start", "Start", "区间起", CLI_CELL_TEXT},   {"end", "End", "区间止", CLI_CELL_TEXT},
        {"started", "Started", "开始", CLI_CELL_TEXT}, {"elapsed_ms", "Took", "耗时", CLI_CELL_MS},
        {"build_ms", "Build", "构建", CLI_CELL_MS},    {"checks_ms", "Checks", "检查", CLI_CELL_MS},
        {"swap_ms", "Swap", "替换", CLI_CELL_MS},      {"cause", "Cause", "起因", CLI_CELL_TEXT},
        {"message", "Message", "消息", CLI_CELL_TEXT}, {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    int code;
    g_autoptr(GString) path = g_string_new("/api/v1/runs");
    cli_query_add(path, "model", cli_word(ctx, 0));
    cli_query_add(path, "limit", limit_of(ctx, "50"));
    cli_query_add(path, "env", cli_text(ctx, "env"));
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path->str, NULL, &code);
    if (!answer) {
        return code;
    }
    cli_print_table(json_object_get(answer, "runs"), COLUMNS);
    return CLI_EXIT_OK;
}
