/* The door to the server. <data>/server.json says where one runs; when it answers, calls go there over HTTP,
 * else the project is opened in this process and the same routes are called directly. */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/text.h"
#include "cli/cli_int.h"
#include "server/api.h"
#include "server/app.h"

#define CLIENT_CONNECT_TIMEOUT_MS 3000L
#define CLIENT_MAX_ANSWER_BYTES   ((size_t)1024 * 1024 * 1024)
#define CLIENT_MAX_INFO_BYTES     ((size_t)64 * 1024)

struct CliClient {
    char *base; /* "http://127.0.0.1:8030"; NULL = in-process */
    char *token;
    CURL *curl;
    ServerApp *app;
};

/* One answer as it comes. */
typedef struct {
    CURL *curl;
    CliSink sink; /* of a good answer; NULL = kept */
    void *user;
    GString *text;
    bool stopped;           /* the sink, the limit or Ctrl-C said so */
    BaseProgress *progress; /* of an upload; NULL = none */
} Answer;

json_t *cli_server_info(const CliContext *ctx)
{
    if (ctx->data == NULL) {
        return NULL;
    }
    g_autofree char *path = g_build_filename(ctx->data, "server.json", NULL);
    size_t len = 0;
    g_autofree char *text = base_fs_read(path, CLIENT_MAX_INFO_BYTES, &len, NULL);
    return text == NULL ? NULL : base_json_parse(text, len, NULL);
}

bool cli_server_alive(const json_t *info)
{
    gint64 pid = base_json_int(info, "pid", 0);
    return pid > 0 && pid <= G_MAXINT && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

void cli_client_free(CliClient *client)
{
    if (client == NULL) {
        return;
    }
    if (client->curl != NULL) {
        curl_easy_cleanup(client->curl);
    }
    server_app_close(client->app);
    g_free(client->base);
    g_free(client->token);
    g_free(client);
}

/* ---- opening ---- */

static CliClient *open_remote(const json_t *info, GError **error)
{
    const char *base = base_json_string(info, "http", NULL);
    if (base == NULL || !cli_server_alive(info)) {
        return NULL;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        base_fail(error, BASE_E_INTERNAL, "libcurl does not start");
        return NULL;
    }
    CliClient *client = g_new0(CliClient, 1);
    client->base = g_strdup(base);
    client->token = g_strdup(base_json_string(info, "token", ""));
    client->curl = curl_easy_init();
    return client;
}

/* Verbs that look at what is there: a data folder that is not there was misspelt, and is not made for them.
 */
static bool only_looks(const char *verb)
{
    static const char *const VERBS[] = {
        "ls",     "show",     "search", "lineage", "history", "diff",   "runs",     "loads",      "intervals",
        "checks", "rejects",  "health", "ledger",  "matrix",  "board",  "audit",    "lifecycle",  "alerts",
        "report", "schedule", "waive",  "redrive", "erase",   "backup", "rollback", "duplicates", NULL};
    return g_strv_contains(VERBS, verb);
}

static bool may_open(const CliContext *ctx, GError **error)
{
    const char *named = cli_text(ctx, "data");
    if (named == NULL || !only_looks(ctx->verb->name) || g_file_test(ctx->data, G_FILE_TEST_EXISTS)) {
        return true;
    }
    base_fail(error, BASE_E_FILE_NOT_FOUND, base_tr("no data folder `%s`", "没有数据目录 `%s`"), ctx->data);
    base_error_hint(
        error, "%s",
        base_tr("weir apply, weir load and weir up make it", "weir apply、weir load、weir up 会创建它"));
    return false;
}

static ServerApp *open_app(CliContext *ctx, GError **error)
{
    if (ctx->data == NULL && !cli_project_need(ctx, error)) {
        return NULL;
    }
    if (!may_open(ctx, error)) {
        return NULL;
    }
    BaseConfig *config = cli_config_load(ctx, error);
    if (config == NULL) {
        return NULL;
    }
    ServerAppOptions options = {
        .project = ctx->project, .data = ctx->data, .config = config, .reads_project = ctx->reads_project};
    return server_app_open(&options, error);
}

bool cli_client_open(CliContext *ctx, GError **error)
{
    if (ctx->client != NULL) {
        return true;
    }
    GError *why = NULL;
    g_autoptr(json_t) info = cli_server_info(ctx);
    ctx->client = info == NULL ? NULL : open_remote(info, &why);
    if (ctx->client == NULL && why == NULL) {
        ServerApp *app = open_app(ctx, &why);
        if (app != NULL) {
            ctx->client = g_new0(CliClient, 1);
            ctx->client->app = app;
        }
    }
    if (why != NULL) {
        g_propagate_error(error, why);
        return false;
    }
    return true;
}

/* ---- answers ---- */

static bool keep_problem(CliContext *ctx, json_t *problem, GError **error)
{
    json_decref(ctx->problem);
    ctx->problem = problem;
    base_error_from_problem(error, problem);
    return false;
}

static size_t on_data(char *data, size_t size, size_t n, void *user)
{
    Answer *answer = user;
    size_t len = size * n;
    long status = 0;
    if (cli_cancel_pressed()) {
        answer->stopped = true;
        return 0;
    }
    curl_easy_getinfo(answer->curl, CURLINFO_RESPONSE_CODE, &status);
    if (answer->sink != NULL && status < 400) {
        answer->stopped = !answer->sink(answer->user, data, len);
        return answer->stopped ? 0 : len;
    }
    if (answer->text->len + len > CLIENT_MAX_ANSWER_BYTES) {
        answer->stopped = true;
        return 0;
    }
    g_string_append_len(answer->text, data, (gssize)len);
    return len;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s: %s", name, value);
    return curl_slist_append(list, line);
}

typedef struct {
    const char *method, *path, *accept;
    const char *body; /* JSON text; NULL = none */
    FILE *file;       /* upload; NULL = none */
    curl_off_t file_bytes;
    BaseProgress *progress; /* of the upload */
} Request;

/* Called at least once a second, also while nothing comes. */
static int on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    Answer *answer = user;
    (void)down_total;
    (void)down;
    if (answer->progress != NULL) {
        base_progress_set(answer->progress, (gint64)up, (gint64)up_total, "");
    }
    answer->stopped = answer->stopped || cli_cancel_pressed();
    return answer->stopped ? 1 : 0;
}

static void set_request(CliClient *client, CURL *curl, const Request *request, Answer *answer)
{
    g_autofree char *url = g_strconcat(client->base, request->path, NULL);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, answer);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* the server is this machine's own */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CLIENT_CONNECT_TIMEOUT_MS);
    if (g_str_has_prefix(client->base, "https://127.") ||
        g_str_has_prefix(client->base, "https://localhost") ||
        g_str_has_prefix(client->base, "https://[::1]")) {
        /* Loopback with the server's own certificate: its name is not ours to check, and the token file is.
         */
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (request->file != NULL) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READDATA, request->file);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, request->file_bytes);
    } else if (request->body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    }
}

static struct curl_slist *make_headers(const CliClient *client, const Request *request)
{
    g_autofree char *bearer = g_strconcat("Bearer ", client->token, NULL);
    struct curl_slist *headers = add_header(NULL, "Authorization", bearer);
    headers = add_header(headers, "X-Weir-Lang", base_lang());
    headers = add_header(headers, "Accept", request->accept == NULL ? "application/json" : request->accept);
    if (request->file == NULL) {
        headers = curl_slist_append(headers, "Expect:");
    }
    return request->body == NULL ? headers : add_header(headers, "Content-Type", "application/json");
}

static bool fail_curl(const CliClient *client, CURLcode code, const Answer *answer, GError **error)
{
    if (answer->stopped) {
        return base_fail(error, BASE_E_INTERRUPTED, "%s", base_tr("stopped", "已停止"));
    }
    base_fail(error, BASE_E_SERVER_UNREACHABLE, "%s: %s", client->base, curl_easy_strerror(code));
    base_error_hint(error, base_tr("`weir up` starts the server", "`weir up` 启动服务"));
    return false;
}

/* Done over HTTP: good answers are in answer->text or went to the sink. */
static bool perform(CliContext *ctx, CURL *curl, const Request *request, Answer *answer, GError **error)
{
    answer->curl = curl;
    answer->progress = request->progress;
    set_request(ctx->client, curl, request, answer);
    struct curl_slist *headers = make_headers(ctx->client, request);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        return fail_curl(ctx->client, code, answer, error);
    }
    if (status < 400) {
        return true;
    }
    json_t *problem = base_json_parse(answer->text->str, answer->text->len, NULL);
    if (problem != NULL && json_is_object(problem)) {
        return keep_problem(ctx, problem, error);
    }
    json_decref(problem);
    return base_fail(error, BASE_E_INTERNAL, "%s answered %ld", request->path, status);
}

static json_t *call_remote(CliContext *ctx, const Request *request, GError **error)
{
    Answer answer = {.text = g_string_new(NULL)};
    json_t *value = NULL;
    if (perform(ctx, ctx->client->curl, request, &answer, error)) {
        value = answer.text->len == 0 ? json_object()
                                      : base_json_parse(answer.text->str, answer.text->len, error);
    }
    g_string_free(answer.text, TRUE);
    return value;
}

/* ---- calls ---- */

typedef struct {
    CliSink sink;
    void *user;
} Writer;

static bool on_write(void *user, const void *data, size_t len)
{
    const Writer *writer = user;
    return !cli_cancel_pressed() && writer->sink(writer->user, data, len);
}

static json_t *call_app(CliContext *ctx, const char *method, const char *path, json_t *body,
                        IntakeSpool *upload, CliSink sink, void *user, GError **error)
{
    int status = 200;
    Writer writer = {sink, user};
    json_t *answer = server_api_call_full(ctx->client->app, method, path, body, upload,
                                          sink == NULL ? NULL : on_write, &writer, &status);
    if (status >= 400) {
        if (answer == NULL) {
            base_fail(error, BASE_E_INTERNAL, "%s answered %d", path, status);
            return NULL;
        }
        keep_problem(ctx, answer, error);
        return NULL;
    }
    return answer == NULL ? json_object() : answer;
}

json_t *cli_call(CliContext *ctx, const char *method, const char *path, json_t *body, GError **error)
{
    if (!cli_client_open(ctx, error)) {
        return NULL;
    }
    if (ctx->client->app != NULL) {
        return call_app(ctx, method, path, body, NULL, NULL, NULL, error);
    }
    g_autofree char *text = body == NULL ? NULL : base_json_text(body);
    Request request = {.method = method, .path = path, .body = text};
    return call_remote(ctx, &request, error);
}

bool cli_call_stream(CliContext *ctx, const char *method, const char *path, json_t *body, const char *accept,
                     CliSink sink, void *user, GError **error)
{
    if (!cli_client_open(ctx, error)) {
        return false;
    }
    if (ctx->client->app != NULL) {
        g_autoptr(json_t) answer = call_app(ctx, method, path, body, NULL, sink, user, error);
        return answer != NULL;
    }
    g_autofree char *text = body == NULL ? NULL : base_json_text(body);
    Request request = {.method = method, .path = path, .accept = accept, .body = text};
    Answer answer = {.sink = sink, .user = user, .text = g_string_new(NULL)};
    bool ok = perform(ctx, ctx->client->curl, &request, &answer, error);
    g_string_free(answer.text, TRUE);
    return ok;
}

json_t *cli_call_text(CliContext *ctx, const char *path, CliSink sink, GError **error)
{
    if (!cli_client_open(ctx, error)) {
        return NULL;
    }
    if (ctx->client->app != NULL) {
        return call_app(ctx, "GET", path, NULL, NULL, NULL, NULL, error);
    }
    return cli_call_stream(ctx, "GET", path, NULL, "*/*", sink, NULL, error) ? json_object() : NULL;
}

static json_t *upload_app(CliContext *ctx, const char *path, const char *file, GError **error)
{
    g_autoptr(IntakeSpool) spool = intake_spool_open(server_app_intake(ctx->client->app), file, error);
    return spool == NULL ? NULL : call_app(ctx, "PUT", path, NULL, spool, NULL, NULL, error);
}

json_t *cli_call_upload(CliContext *ctx, const char *path, const char *file, BaseProgress *progress,
                        GError **error)
{
    if (!cli_client_open(ctx, error)) {
        return NULL;
    }
    if (ctx->client->app != NULL) {
        return upload_app(ctx, path, file, error);
    }
    FILE *in = fopen(file, "rbe");
    struct stat info;
    if (in == NULL || fstat(fileno(in), &info) != 0) {
        base_fs_fail(error, errno, "open", file);
        if (in != NULL) {
            fclose(in);
        }
        return NULL;
    }
    Request request = {.method = "PUT",
                       .path = path,
                       .file = in,
                       .file_bytes = (curl_off_t)info.st_size,
                       .progress = progress};
    json_t *value = call_remote(ctx, &request, error);
    fclose(in);
    return value;
}

bool cli_call_stop(CliContext *ctx, GError **error)
{
    if (ctx->client->app != NULL) {
        g_autoptr(json_t) body = json_object();
        g_autoptr(json_t) answer =
            server_api_call(ctx->client->app, "POST", "/api/v1/stop", body, NULL, NULL, NULL, error);
        return answer != NULL;
    }
    /* A handle of its own: the other one is busy with the run. */
    CURL *curl = curl_easy_init();
    Request request = {.method = "POST", .path = "/api/v1/stop", .body = "{}"};
    Answer answer = {.text = g_string_new(NULL)};
    bool ok = perform(ctx, curl, &request, &answer, error);
    g_string_free(answer.text, TRUE);
    curl_easy_cleanup(curl);
    return ok;
}

/* ---- paths ---- */

char *cli_path(const char *prefix, const char *text)
{
    g_autofree char *escaped = g_uri_escape_string(text, NULL, FALSE);
    return g_strconcat(prefix, escaped, NULL);
}

void cli_query_add(GString *path, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
    g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') == NULL ? '?' : '&', name, escaped);
}

json_t *cli_ask(CliContext *ctx, const char *method, const char *path, json_t *body, int *ret_exit)
{
    GError *error = NULL;
    g_autoptr(json_t) answer = cli_call(ctx, method, path, body, &error);
    *ret_exit = answer == NULL ? cli_fail(ctx, error) : ctx->json ? cli_print_json(answer) : CLI_EXIT_OK;
    return ctx->json ? NULL : g_steal_pointer(&answer);
}

int cli_show_list(CliContext *ctx, const char *path, const char *key, const CliColumn *columns)
{
    int code;
    g_autoptr(json_t) answer = cli_ask(ctx, "GET", path, NULL, &code);
    if (answer != NULL) {
        cli_print_table(json_object_get(answer, key), columns);
    }
    return code;
}
