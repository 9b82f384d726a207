/* Answers: whole ones, and streams with back-pressure. */
#include "base/time.h"
#include "server/http/http_int.h"
#include "server/metrics.h"

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    (void)!MHD_add_response_header(response, name, value);
}

static void add_headers(const HttpRequest *request, struct MHD_Response *response, const char *type)
{
    const ServerCall *call = &request->call;
    bool has_cache = call->answer_headers && g_hash_table_contains(call->answer_headers, "Cache-Control");
    GHashTableIter iter;
    gpointer name, value;
    add_header(response, "Content-Type", type);
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Referrer-Policy", "no-referrer");
    if (!has_cache) {
        add_header(response, "Cache-Control", "no-store");
    }
    if (call->status == 401) { /* not Basic: a browser would show its own window over our page */
        add_header(response, "WWW-Authenticate", "Bearer realm=\"weir\"");
    }
    if (call->answer_headers) {
        g_hash_table_iter_init(&iter, call->answer_headers);
        while (g_hash_table_iter_next(&iter, &name, &value)) {
            add_header(response, name, value);
        }
    }
}

/* ---- streams ----------------------------------------------------------------------------------------- */

void http_resume_locked(HttpRequest *request)
{
    if (request->suspended && !request->gone) {
        request->suspended = false;
        MHD_resume_connection(request->connection);
    }
}

bool http_write(void *user, const void *data, size_t len)
{
    HttpRequest *request = user;
    g_mutex_lock(&request->lock);
    while (!request->gone && request->stream->len - request->stream_offset > HTTP_STREAM_BUFFER_BYTES) {
        request->writer_waits = true;
        g_cond_wait(&request->changed, &request->lock);
    }
    bool ok = !request->gone;
    if (ok) {
        if (request->stream_offset == request->stream->len) {
            g_byte_array_set_size(request->stream, 0);
            request->stream_offset = 0;
        }
        g_byte_array_append(request->stream, data, (guint)len);
        request->streaming = true;
        request->answer_ready = true;
        http_resume_locked(request);
    }
    g_mutex_unlock(&request->lock);
    return ok;
}

static ssize_t read_stream(void *user, uint64_t position, char *out, size_t max)
{
    (void)position;
    HttpRequest *request = user;
    ssize_t n = 0;
    g_mutex_lock(&request->lock);
    size_t left = request->stream->len - request->stream_offset;
    if (left > 0) {
        n = (ssize_t)MIN(left, max);
        memcpy(out, request->stream->data + request->stream_offset, (size_t)n);
        request->stream_offset += (size_t)n;
        if (left - (size_t)n <=
            HTTP_STREAM_BUFFER_BYTES / 2) { /* not at each read: the writer works in strides */
            g_cond_broadcast(&request->changed);
        }
    } else if (request->handled) {
        n = request->failed_late ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        request->suspended = true;
        MHD_suspend_connection(request->connection);
    }
    g_mutex_unlock(&request->lock);
    return n;
}

static void release(void *user)
{
    http_request_unref(user);
}

/* ---- whole answers --------------------------------------------------------------------------------------
 */

/* Doris prints its answers pretty, with a newline. */
static char *json_text(const HttpRequest *request)
{
    bool pretty = request->route && request->route->style != SERVER_STYLE_PROBLEM;
    char *text = pretty ? json_dumps(request->call.json, JSON_INDENT(4) | JSON_ENCODE_ANY)
                        : json_dumps(request->call.json, JSON_COMPACT | JSON_ENCODE_ANY);
    char *line = g_strconcat(text ? text : "null", "\n", NULL);
    free(text);
    return line;
}

static struct MHD_Response *whole(HttpRequest *request)
{
    ServerCall *call = &request->call;
    const char *type = call->content_type ? call->content_type : "text/plain; charset=utf-8";
    if (request->error || (call->json && !call->text)) {
        bool problem = request->error && (!request->route || request->route->style == SERVER_STYLE_PROBLEM);
        type = problem ? "application/problem+json" : "application/json";
        g_clear_pointer(&call->text, g_free);
        call->text = json_text(request);
        call->text_len = 0;
    }
    if (!call->text) {
        call->text = g_strdup("");
    }
    size_t len = call->text_len ? call->text_len : strlen(call->text);
    struct MHD_Response *response = MHD_create_response_from_buffer(len, call->text, MHD_RESPMEM_PERSISTENT);
    add_headers(request, response, type);
    return response;
}

/* On MHD's thread: the posted work is done. */
static void finish_posted(HttpRequest *request)
{
    g_mutex_lock(&request->lock);
    bool posted = request->posted;
    request->posted = false;
    g_mutex_unlock(&request->lock);
    if (posted) {
        (void)request->route->finish(&request->call, &request->error);
        http_finish(request);
    }
}

enum MHD_Result http_answer(HttpRequest *request)
{
    ServerCall *call = &request->call;
    struct MHD_Response *response;
    finish_posted(request);
    request->phase = HTTP_ANSWERING;
    g_mutex_lock(&request->lock);
    bool streaming = request->streaming;
    g_mutex_unlock(&request->lock);
    if (streaming) {
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64 * 1024, read_stream,
                                                     http_request_ref(request), release);
        add_headers(request, response, call->content_type ? call->content_type : "application/octet-stream");
    } else {
        response = whole(request);
    }
    enum MHD_Result result = MHD_queue_response(request->connection, (unsigned)call->status, response);
    MHD_destroy_response(response);
    return result;
}

void http_posted(void *user)
{
    HttpRequest *request = user;
    ServerHttp *http = request->http;
    g_mutex_lock(&request->lock);
    request->posted = true;
    request->handled = true;
    http_resume_locked(request);
    g_mutex_unlock(&request->lock);
    http_request_unref(request);
    g_mutex_lock(&http->lock);
    if (--http->n_posted == 0) {
        g_cond_broadcast(&http->changed);
    }
    g_mutex_unlock(&http->lock);
}

void http_finish(HttpRequest *request)
{
    ServerCall *call = &request->call;
    g_mutex_lock(&request->lock);
    bool streaming = request->streaming;
    g_mutex_unlock(&request->lock);
    if (request->error && !streaming) {
        json_t *problem = server_call_problem(call, request->route, request->error);
        json_decref(call->json);
        call->json = problem;
    }
    server_metric_add(SERVER_METRIC_HTTP_REQUESTS, 1);
    server_metric_add(SERVER_METRIC_HTTP_ERRORS, call->status >= 400 || request->error ? 1 : 0);
    server_metric_add(SERVER_METRIC_HTTP_SECONDS, base_time_monotonic_us() - request->started_us);
    g_mutex_lock(&request->lock);
    request->handled = true;
    request->failed_late = streaming && request->error;
    request->answer_ready = true;
    http_resume_locked(request);
    g_mutex_unlock(&request->lock);
}
