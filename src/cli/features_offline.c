/* features get-historical: training rows into a file, a table or a pipe. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/cli_int.h"
#include "cli/features_int.h"

#define WAIT_S       "1" /* a look at the job: how long the server waits for its end */
#define TABLE_PREFIX "table:"

/* ---- what is asked
 * ------------------------------------------------------------------------------------------ */

static const char *format_of(const char *file)
{
    static const struct {
        const char *suffix, *format;
    } FORMATS[] = {{".parquet", "parquet"},
                   {".csv", "csv"},
                   {".json", "json"},
                   {".ndjson", "ndjson"},
                   {".jsonl", "ndjson"}};
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        if (g_str_has_suffix(file, FORMATS[i].suffix)) {
            return FORMATS[i].format;
        }
    }
    return NULL;
}

static bool set_entities(CliContext *ctx, json_t *body, GError **error)
{
    const char *file = cli_text(ctx, "entities"), *sql = cli_text(ctx, "sql");
    if (sql) {
        json_object_set_new(body, "entities", json_pack("{s:s}", "sql", sql));
    }
    if (!file) {
        return true;
    }
    const char *format = format_of(file);
    if (!format) {
        return base_fail(error, BASE_E_USAGE, "`%s`: entity rows are .parquet, .csv, .json, .ndjson", file);
    }
    g_autofree char *path = g_strdup_printf("/api/v1/features/entities?format=%s", format);
    g_autoptr(BaseProgress) progress = base_progress_new(file, ctx->quiet || ctx->json);
    g_autoptr(json_t) answer = cli_call_upload(ctx, path, file, progress, error);
    if (answer) {
        json_object_set_new(body, "entities",
                            json_pack("{s:s}", "upload", base_json_string(answer, "entities", "")));
    }
    return answer != NULL;
}

static void set_known(const CliContext *ctx, json_t *body)
{
    const char *known = cli_text(ctx, "known-at");
    if (known) {
        bool own = g_str_equal(known, "row");
        json_object_set_new(body, "known_at", own ? json_true() : json_string(known));
    }
}

static bool set_output(const CliContext *ctx, json_t *body, GError **error)
{
    const char *out = cli_text(ctx, "out");
    if (g_str_has_prefix(out, TABLE_PREFIX)) {
        json_object_set_new(body, "table", json_string(out + strlen(TABLE_PREFIX)));
        return true;
    }
    const char *format = g_str_equal(out, "-") ? "csv" : format_of(out);
    if (format) {
        json_object_set_new(body, "format", json_string(format));
    }
    return format || base_fail(error, BASE_E_USAGE,
                               "--out `%s`: .parquet, .csv, .json, .ndjson, table:DOMAIN.NAME or -", out);
}

static json_t *request_of(CliContext *ctx, GError **error)
{
    static const char *const TEXTS[] = {"service", "start", "end", "time", NULL};
    g_autoptr(json_t) body = json_object();
    if (cli_list(ctx, "features")) {
        json_object_set_new(body, "features", cli_features_names(cli_list(ctx, "features")));
    }
    for (size_t i = 0; TEXTS[i]; i++) {
        if (cli_text(ctx, TEXTS[i])) {
            json_object_set_new(body, TEXTS[i], json_string(cli_text(ctx, TEXTS[i])));
        }
    }
    if (cli_flag(ctx, "snapshot")) {
        json_object_set_new(body, "snapshot", json_true());
    }
    if (cli_flag(ctx, "full-names")) {
        json_object_set_new(body, "full_names", json_true());
    }
    set_known(ctx, body);
    return set_output(ctx, body, error) && set_entities(ctx, body, error) ? g_steal_pointer(&body) : NULL;
}

/* ---- the job
 * ------------------------------------------------------------------------------------------------ */

static bool is_over(const json_t *job)
{
    const char *state = base_json_string(job, "state", "");
    return !g_str_equal(state, "waiting") && !g_str_equal(state, "running");
}

static void cancel_job(CliContext *ctx, const char *id)
{
    g_autofree char *path = cli_path("/api/v1/features/historical/", id);
    cli_cancel_reset();
    g_autoptr(json_t) answer = cli_call(ctx, "DELETE", path, NULL, NULL);
}

/* Until it has ended; NULL + error. */
static json_t *watch_job(CliContext *ctx, json_t *job, GError **error)
{
    g_autoptr(BaseProgress) progress =
        base_progress_new(base_tr("training rows", "训练数据"), ctx->quiet || ctx->json);
    g_autofree char *id = g_strdup(base_json_string(job, "id", ""));
    g_autofree char *start = cli_path("/api/v1/features/historical/", id);
    g_autofree char *path = g_strconcat(start, "?wait=" WAIT_S, NULL);
    while (job && !is_over(job) && !cli_cancel_pressed()) {
        base_progress_set(progress, (gint64)(base_json_real(job, "share", 0) * 1000), 1000,
                          base_json_string(job, "phase", ""));
        json_decref(job);
        job = cli_call(ctx, "GET", path, NULL, error);
    }
    if (cli_cancel_pressed()) {
        cancel_job(ctx, id);
        g_clear_error(error);
        base_fail(error, BASE_E_INTERRUPTED, "%s", base_tr("the retrieval was cancelled", "检索已取消"));
        g_clear_pointer(&job, json_decref);
    }
    if (job) {
        g_autofree char *rows = base_text_from_count(base_json_int(job, "rows", 0));
        base_progress_done(progress, g_str_equal(base_json_string(job, "state", ""), "done"), rows);
    }
    return job;
}

static bool write_bytes(void *user, const void *data, size_t len)
{
    return fwrite(data, 1, len, user) == len;
}

static bool save_result(CliContext *ctx, const json_t *job, const char *out, GError **error)
{
    bool pipe = g_str_equal(out, "-");
    g_autofree char *part = g_strconcat(out, ".part", NULL);
    FILE *file = pipe ? stdout : fopen(part, "wbe");
    if (!file) {
        return base_fs_fail(error, errno, "open", part);
    }
    bool ok = cli_call_stream(ctx, "GET", base_json_string(job, "result", ""), NULL, "*/*", write_bytes, file,
                              error);
    bool written = fflush(file) == 0 && !ferror(file);
    if (!pipe) {
        written = fclose(file) == 0 && written;
    }
    if (ok && !written) {
        ok = base_fs_fail(error, errno, "write", out);
    }
    if (!pipe && ok && rename(part, out) != 0) {
        ok = base_fs_fail(error, errno, "rename", out);
    }
    if (!pipe && !ok) {
        (void)unlink(part);
    }
    return ok;
}

/* The job's own problem as the error. */
static bool check_done(CliContext *ctx, const json_t *job, GError **error)
{
    json_t *problem = json_object_get(job, "error");
    if (g_str_equal(base_json_string(job, "state", ""), "done")) {
        return true;
    }
    if (json_is_object(problem)) {
        json_decref(ctx->problem);
        ctx->problem = json_incref(problem);
        base_error_from_problem(error, problem);
        return false;
    }
    return base_fail(error, BASE_E_INTERRUPTED, "%s", base_tr("the retrieval was cancelled", "检索已取消"));
}

static bool run(CliContext *ctx, const char *out, json_t **ret_job, GError **error)
{
    g_autoptr(json_t) body = request_of(ctx, error);
    json_t *begun = body ? cli_call(ctx, "POST", "/api/v1/features/historical", body, error) : NULL;
    g_autoptr(json_t) job = begun ? watch_job(ctx, begun, error) : NULL;
    if (!job || !check_done(ctx, job, error)) {
        return false;
    }
    if (!g_str_has_prefix(out, TABLE_PREFIX)) {
        if (!save_result(ctx, job, out, error)) {
            return false;
        }
        cancel_job(ctx,
                   base_json_string(job, "id", "")); /* the result is here: the server need not keep it */
    }
    *ret_job = g_steal_pointer(&job);
    return true;
}

int cli_features_get_historical(CliContext *ctx)
{
    GError *error = NULL;
    g_autoptr(json_t) job = NULL;
    const char *out = cli_text(ctx, "out");
    if (!out) {
        return cli_usage(ctx,
                         base_tr("`weir features get-historical` needs --out FILE, table:DOMAIN.NAME or -",
                                 "`weir features get-historical` 需要 --out 文件、table:域.表 或 -"));
    }
    if (!cli_list(ctx, "features") == !cli_text(ctx, "service")) {
        return cli_usage(ctx, base_tr("name --features or a --service", "需要 --features 或 --service 之一"));
    }
    cli_cancel_catch();
    if (!run(ctx, out, &job, &error)) {
        return cli_fail(ctx, error);
    }
    if (ctx->json && !g_str_equal(out, "-")) {
        return cli_print_json(job);
    }
    return CLI_EXIT_OK;
}

/* ---- jobs ------------------------------------------------------------------------------------------------
 */

static int list_jobs(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"id", "Id", "编号", CLI_CELL_TEXT},
        {"state", "State", "状态", CLI_CELL_TEXT},
        {"done", "Done", "进度", CLI_CELL_TEXT},
        {"rows", "Rows", "行数", CLI_CELL_COUNT},
        {"started", "Started", "开始", CLI_CELL_TEXT},
        {"ended", "Ended", "结束", CLI_CELL_TEXT},
        {"out", "Into", "去处", CLI_CELL_TEXT},
        {"user", "User", "用户", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    int code;
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", "/api/v1/features/historical", NULL, &code);
    if (!answer) {
        return code;
    }
    size_t i;
    json_t *job;
    json_array_foreach (json_object_get(answer, "jobs"), i, job) {
        g_autofree char *done = g_strdup_printf("%d%%", (int)(base_json_real(job, "share", 0) * 100));
        base_json_set_string(job, "done", done);
        if (!base_json_string(job, "out", NULL)) {
            base_json_set_string(job, "out", base_json_string(job, "format", ""));
        }
    }
    cli_print_table(json_object_get(answer, "jobs"), COLUMNS);
    return CLI_EXIT_OK;
}

int cli_features_jobs(CliContext *ctx)
{
    int code;
    const char *word = cli_word(ctx, 1), *id = cli_word(ctx, 2);
    if (!word) {
        return list_jobs(ctx);
    }
    if (!g_str_equal(word, "cancel") || !id) {
        return cli_usage(ctx, base_tr("`weir features jobs` or `weir features jobs cancel ID`",
                                      "`weir features jobs` 或 `weir features jobs cancel 编号`"));
    }
    g_autofree char *path = cli_path("/api/v1/features/historical/", id);
    g_autoptr(json_t) answer = cli_ask(ctx, "DELETE", path, NULL, &code);
    if (!answer) {
        return code;
    }
    cli_say(ctx, base_tr("%s was %s", "%s 原状态为 %s"), id, base_json_string(answer, "was", ""));
    return CLI_EXIT_OK;
}
