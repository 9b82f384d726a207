/* A request from its first header to its handler. The states are in http_int.h. */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/term.h"
#include "base/text.h"
#include "base/time.h"
#include "server/http/http_int.h"
#include "server/listen.h"
#include "server/metrics.h"
#include "server/routes_int.h"

/* ---- life ---------------------------------------------------------------------------------------------- */

HttpRequest *http_request_ref(HttpRequest *request)
{
    g_atomic_ref_count_inc(&request->refs);
    return request;
}

void http_request_unref(HttpRequest *request)
{
    if (!g_atomic_ref_count_dec(&request->refs)) {
        return;
    }
    if (request->posted) { /* nobody hears it, but what was done is noted */
        (void)request->route->finish(&request->call, &request->error);
    }
    server_call_clear(&request->call);
    g_clear_error(&request->error);
    g_clear_pointer(&request->filling, g_byte_array_unref);
    g_clear_pointer(&request->writing, g_byte_array_unref);
    g_byte_array_unref(request->stream);
    g_mutex_clear(&request->upload_lock);
    g_mutex_clear(&request->lock);
    g_cond_clear(&request->changed);
    g_free(request->method);
    g_free(request->path);
    g_free(request->peer);
    g_free(request);
}

static char *peer_text(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return server_address_text(info ? info->client_addr : NULL);
}

/* MHD leaves percent signs alone (http.c gives it an identity), so that %2F in a name is no path separator.
 */
static char *decode(const char *text, bool form)
{
    g_autofree char *copy = g_strdup(text ? text : "");
    for (char *p = copy; form && *p; p++) {
        *p = *p == '+' ? ' ' : *p;
    }
    char *plain = g_uri_unescape_string(copy, NULL);
    return plain && base_text_utf8_valid(plain, strlen(plain)) ? plain : (g_free(plain), NULL);
}

static enum MHD_Result take_value(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    HttpRequest *request = user;
    if (kind == MHD_HEADER_KIND) {
        char *text = g_strstrip(g_strdup(value ? value : ""));
        request->malformed = request->malformed || (!g_ascii_strcasecmp(name, "content-length") &&
                                                    call_header(&request->call, "content-length"));
        if (base_text_utf8_valid(text, strlen(text))) {
            g_hash_table_replace(request->call.headers, g_ascii_strdown(name, -1), text);
            return MHD_YES;
        }
        g_free(text);
        if (!request->error) {
            (void)base_fail(&request->error, BASE_E_REQUEST_INVALID, "header `%s` is not valid UTF-8", name);
        }
        return MHD_YES;
    }
    char *key = decode(name, true), *text = decode(value, true);
    if (key && text) {
        g_hash_table_replace(request->call.query, key, text);
    } else {
        g_free(key);
        g_free(text);
        if (!request->error) {
            (void)base_fail(&request->error, BASE_E_REQUEST_INVALID, "the query string is not valid UTF-8");
        }
    }
    return MHD_YES;
}

static const char *language_of(const ServerCall *call)
{
    const char *own = call_header(call, "x-weir-lang"), *accept = call_header(call, "accept-language");
    const char *text = own ? own : accept;
    return !text ? base_lang() : g_str_has_prefix(text, "zh") ? "zh" : "en";
}

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/* Where a body ends must be beyond doubt: what a proxy in front reads otherwise would be another request (RFC
 * 9112, 6.3). MHD takes the first of two lengths and any coding. */
static void check_framing(HttpRequest *request)
{
    const char *encoding = call_header(&request->call, "transfer-encoding");
    bool both = encoding && call_header(&request->call, "content-length");
    bool unknown = encoding && g_ascii_strcasecmp(encoding, "chunked");
    request->malformed = request->malformed || both || unknown;
    if (request->malformed && !request->error) {
        (void)base_fail(&request->error, BASE_E_REQUEST_INVALID,
                        both ? "please do not set both content_length and transfer-encoding"
                             : "the length of the body is in doubt");
    }
}

static HttpRequest *request_new(ServerHttp *http, struct MHD_Connection *connection, const char *url,
                                const char *method)
{
    HttpRequest *request = g_new0(HttpRequest, 1);
    ServerCall *call = &request->call;
    g_atomic_ref_count_init(&request->refs);
    g_mutex_init(&request->upload_lock);
    g_mutex_init(&request->lock);
    g_cond_init(&request->changed);
    request->http = http;
    request->connection = connection;
    request->method = g_strdup(method);
    request->path = g_strdup(url);
    request->peer = peer_text(connection);
    request->started_us = base_time_monotonic_us();
    request->stream = g_byte_array_new();
    server_call_init(call, http->app);
    call->method = request->method;
    call->path = request->path;
    call->peer = request->peer;
    call->tls = http->tls;
    call->fd = socket_of(connection);
    call->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    call->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, take_value, request);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_value, request);
    call->lang = language_of(call);
    check_framing(request);
    const char *length = call_header(call, "content-length");
    request->has_body = (length && !g_str_equal(length, "0")) || call_header(call, "transfer-encoding");
    const char *expect = call_header(call, "expect");
    request->expects_continue = expect && !g_ascii_strcasecmp(expect, "100-continue");
    call->write = http_write;
    call->write_user = request;
    GError *unknown = NULL;
    request->route = server_route_find(method, url, &call->params, &unknown);
    if (unknown && !request->error) {
        g_propagate_error(&request->error, g_steal_pointer(&unknown));
    }
    g_clear_error(&unknown);
    return request;
}

/* false: the server stops, no new request begins. */
static bool enlist(ServerHttp *http, HttpRequest *request)
{
    g_mutex_lock(&http->lock);
    bool ok = !http->stopping;
    if (ok) {
        g_hash_table_add(http->active, request);
        if (http->watcher_sleeps) { /* a wake costs more than many a request */
            http->watcher_sleeps = false;
            g_cond_signal(&http->begun);
        }
    }
    g_mutex_unlock(&http->lock);
    server_metric_add(SERVER_METRIC_HTTP_ACTIVE, ok ? 1 : 0);
    return ok;
}

void http_on_completed(void *user, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode code)
{
    (void)connection;
    ServerHttp *http = user;
    HttpRequest *request = *state;
    if (!request) {
        return;
    }
    *state = NULL;
    g_mutex_lock(&request->lock);
    request->gone = true;
    bool running = !request->handled;
    if (request->writer_waits) {
        g_cond_broadcast(&request->changed);
    }
    g_mutex_unlock(&request->lock);
    if (running && code != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        server_call_cancel(&request->call);
        http_cut(request);
    }
    g_mutex_lock(&http->lock);
    g_hash_table_remove(http->active, request);
    if (http->stopping) {
        g_cond_broadcast(&http->changed);
    }
    g_mutex_unlock(&http->lock);
    server_metric_add(SERVER_METRIC_HTTP_ACTIVE, -1);
    http_request_unref(request);
}

/* ---- jobs -------------------------------------------------------------------------------------------------
 */

void http_push(GThreadPool *pool, HttpRequest *request)
{
    (void)!g_thread_pool_push(pool, http_request_ref(request),
                              NULL); /* fails only when a thread cannot be made: the job waits */
}

static enum MHD_Result answer_stopping(HttpRequest *request);

/* From MHD's threads: once the pools are closing, an answer that says so. With `suspend` the job's end
 * resumes the connection; both happen under the locks, so that no job can end before its connection is
 * suspended. */
static enum MHD_Result push_from_mhd(GThreadPool *pool, HttpRequest *request, bool suspend)
{
    ServerHttp *http = request->http;
    g_mutex_lock(&http->lock);
    bool ok = !http->closed;
    if (ok && suspend) {
        g_mutex_lock(&request->lock);
        request->suspended = true;
        MHD_suspend_connection(request->connection);
        g_mutex_unlock(&request->lock);
    }
    if (ok) {
        http_push(pool, request);
    }
    g_mutex_unlock(&http->lock);
    return ok ? MHD_YES : answer_stopping(request);
}

/* The pools are closing: what has not begun is told so, from MHD's thread. */
void http_say_stopping(HttpRequest *request)
{
    if (!request->error) {
        base_fail(&request->error, BASE_E_INTERRUPTED, "the server stops");
        base_error_not_done(&request->error, "Nothing was done.");
    }
    http_finish(request);
}

void http_push_or_stop(HttpRequest *request)
{
    ServerHttp *http = request->http;
    g_mutex_lock(&http->lock);
    bool ok = !http->closed;
    if (ok) {
        http_push(http->workers, request);
    }
    g_mutex_unlock(&http->lock);
    if (!ok) {
        http_say_stopping(request);
    }
}

static enum MHD_Result answer_stopping(HttpRequest *request)
{
    http_say_stopping(request);
    return http_answer(request);
}

/* Signs in and checks; request->error says what is wrong. */
static void check(HttpRequest *request)
{
    if (!request->checked && !request->error && http_sign_in(request, &request->error) &&
        request->route->check) {
        (void)request->route->check(&request->call, &request->error);
    }
    if (!request->checked && !request->error && request->route->upload) {
        request->call.upload = intake_spool_new(server_app_intake(request->http->app));
        if (request->route->may_flow && request->route->may_flow(&request->call)) {
            intake_spool_let_flow(request->call.upload);
        }
    }
    request->checked = true;
}

static GByteArray *upload_buffer(void)
{
    return g_byte_array_sized_new(HTTP_UPLOAD_BUFFER_BYTES + HTTP_CONNECTION_MEMORY_BYTES);
}

void http_write_out(HttpRequest *request, GByteArray **bytes)
{
    if (!request->error && (*bytes)->len > 0) {
        (void)!intake_spool_give(request->call.upload, bytes, &request->error);
    }
    if (*bytes) {
        g_byte_array_set_size(*bytes, 0);
    } else {
        *bytes = upload_buffer();
    }
}

/* True: the body is whole, its handler is next. */
bool http_end_write(HttpRequest *request)
{
    g_mutex_lock(&request->lock);
    request->write_running = false;
    bool handle = request->handle_after_write;
    if (!handle) {
        http_resume_locked(request);
    }
    g_mutex_unlock(&request->lock);
    return handle;
}

/* A job of the door pool: the check before the body, or a full buffer to the spool. */
void http_job_door(gpointer data, gpointer user)
{
    (void)user;
    HttpRequest *request = data;
    bool waits = false;
    g_mutex_lock(&request->lock);
    bool writing = request->write_running;
    g_mutex_unlock(&request->lock);
    if (writing) {
        http_write_out(request, &request->writing);
        waits = http_flow_written(request);
    } else {
        check(request);
    }
    if (!waits && http_end_write(request)) {
        http_push(request->http->workers, request);
    }
    http_request_unref(request);
}

static void parse_body(HttpRequest *request)
{
    ServerCall *call = &request->call;
    if (!request->error && !request->route->upload && !call->body && request->filling &&
        request->filling->len > 0) {
        call->body =
            base_json_parse((const char *)request->filling->data, request->filling->len, &request->error);
    } else if (!request->error && request->route->upload && request->filling) {
        http_write_out(request, &request->filling);
        intake_spool_end(request->call.upload);
    }
}

/* Everything from here to the answer. */
static void run_handler(HttpRequest *request)
{
    if (!request->error) {
        (void)request->route->handler(&request->call, &request->error);
    }
    g_clear_pointer(&request->call.upload, intake_spool_free); /* the disk is free before the client hears */
    if (request->error && base_log_enabled(BASE_LOG_DEBUG)) {
        base_log_error(request->path, request->error);
    }
    http_finish(request);
}

/* A job of the worker pool. */
void http_job_handle(gpointer data, gpointer user)
{
    (void)user;
    HttpRequest *request = data;
    if (http_flow_handle(request)) {
        http_request_unref(request);
        return;
    }
    check(request);
    parse_body(request);
    run_handler(request);
    http_request_unref(request);
}

/* ---- body
 * -------------------------------------------------------------------------------------------------- */

/* Whether the client sends its body without waiting for 100-continue: bytes lie in the socket. */
static bool sends_already(const HttpRequest *request)
{
    int bytes = 0;
    return request->call.fd >= 0 && ioctl(request->call.fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

static bool body_is_small_enough(const HttpRequest *request)
{
    gint64 bytes = 0;
    const char *length = call_header(&request->call, "content-length");
    return !length || (base_text_to_int(length, 0, G_MAXINT64, &bytes) && bytes <= HTTP_MAX_DRAIN_BYTES);
}

/* The check is done. A refused request is answered before its body; but a client that is sending would see a
 * reset instead of the answer, so its body is read and dropped first. */
static enum MHD_Result after_check(HttpRequest *request)
{
    bool waits = request->expects_continue && !sends_already(request);
    request->phase = HTTP_BODY;
    if (request->error && (waits || request->malformed || !body_is_small_enough(request))) {
        http_finish(request);
        return http_answer(request);
    }
    return MHD_YES;
}

static enum MHD_Result take_upload(HttpRequest *request, const char *data, size_t *len)
{
    if (request->filling->len >= HTTP_UPLOAD_BUFFER_BYTES) {
        g_mutex_lock(&request->lock);
        bool busy = request->write_running;
        if (busy) {
            request->suspended = true;
            MHD_suspend_connection(request->connection);
        } else {
            GByteArray *full = request->filling;
            request->filling = request->writing;
            request->writing = full;
            request->write_running = true;
        }
        g_mutex_unlock(&request->lock);
        if (busy) {
            return MHD_YES;
        }
        if (push_from_mhd(request->http->doors, request, false) != MHD_YES) {
            return MHD_NO;
        }
    }
    /* All of it, over the limit too: what MHD keeps it gives again only when more comes from the socket, and
     * after the last bytes nothing comes. */
    g_byte_array_append(request->filling, (const guint8 *)data, (guint)*len);
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result drop(HttpRequest *request, size_t *len)
{
    request->drained_bytes += (gint64)*len;
    *len = 0;
    return request->drained_bytes > HTTP_MAX_DRAIN_BYTES ? MHD_NO : MHD_YES;
}

/* request->error is set by a write job too; its end is seen under the lock. */
static bool has_failed(HttpRequest *request)
{
    g_mutex_lock(&request->lock);
    bool failed = !request->write_running && request->error;
    g_mutex_unlock(&request->lock);
    return failed;
}

static enum MHD_Result take_body(HttpRequest *request, const char *data, size_t *len)
{
    if (!request->filling) {
        request->filling = g_byte_array_new();
        request->writing = g_byte_array_new();
    }
    if (has_failed(request)) {
        return drop(request, len);
    }
    if (request->route->upload) {
        return take_upload(request, data, len);
    }
    if (request->filling->len + *len > HTTP_MAX_BODY_BYTES) {
        (void)base_fail(&request->error, BASE_E_REQUEST_INVALID, "the body is longer than %d bytes",
                        HTTP_MAX_BODY_BYTES);
        return drop(request, len);
    }
    g_byte_array_append(request->filling, (const guint8 *)data, (guint)*len);
    *len = 0;
    return MHD_YES;
}

/* A small upload that is whole, checked, and still in memory. */
static bool may_post(const HttpRequest *request)
{
    return request->route && request->route->post && request->checked && !request->error &&
           request->call.upload && request->filling && request->filling->len <= HTTP_MAX_POST_BYTES &&
           intake_spool_has_room(request->call.upload, request->filling->len);
}

static void suspend(HttpRequest *request)
{
    g_mutex_lock(&request->lock);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    g_mutex_unlock(&request->lock);
}

/* The connection is suspended before the work can end. What is not taken goes the way of every handler. */
static enum MHD_Result post(HttpRequest *request)
{
    ServerHttp *http = request->http;
    http_write_out(request, &request->filling);
    suspend(request);
    g_mutex_lock(&http->lock);
    http->n_posted++;
    g_mutex_unlock(&http->lock);
    request->call.posted = http_posted;
    request->call.posted_user = http_request_ref(request);
    if (!request->error && request->route->post(&request->call)) {
        return MHD_YES;
    }
    http_request_unref(request);
    g_mutex_lock(&http->lock);
    http->n_posted--;
    g_mutex_unlock(&http->lock);
    http_push_or_stop(request);
    return MHD_YES;
}

/* A small request that reads what is in memory: waking a thread for it would cost more than its work. */
static bool answers_at_once(HttpRequest *request)
{
    ServerCall *call = &request->call;
    if (!request->route || !request->route->quick || request->error || !request->filling ||
        request->filling->len > HTTP_MAX_POST_BYTES || (!call->user && !http_sign_in_remembered(request))) {
        return false;
    }
    check(request);
    parse_body(request);
    return request->error || request->route->quick(call);
}

/* A write that still runs hands over to the handler itself. */
static enum MHD_Result handle(HttpRequest *request)
{
    request->phase = HTTP_HANDLING;
    g_mutex_lock(&request->lock);
    bool later = request->write_running;
    request->handle_after_write = later;
    if (later) {
        request->suspended = true;
        MHD_suspend_connection(request->connection);
    }
    g_mutex_unlock(&request->lock);
    if (later) {
        return MHD_YES;
    }
    if (request->flow_begun) {
        return push_from_mhd(request->http->workers, request, true);
    }
    if (answers_at_once(request)) {
        run_handler(request);
        return http_answer(request);
    }
    return may_post(request) ? post(request) : push_from_mhd(request->http->workers, request, true);
}

/* ---- MHD's callback
 * -------------------------------------------------------------------------------------------- */

/* false: a job of the door pool does it, or answers the error. */
static bool checked_at_once(HttpRequest *request)
{
    bool early = request->route && (request->route->upload || request->route->quick);
    if (!request->error && early && http_sign_in_remembered(request)) {
        check(request);
    }
    return request->checked && !request->error;
}

static enum MHD_Result begin(ServerHttp *http, struct MHD_Connection *connection, const char *url,
                             const char *method, void **state)
{
    HttpRequest *request = request_new(http, connection, url, method);
    if (!enlist(http, request)) {
        http_request_unref(request);
        return MHD_NO;
    }
    *state = request;
    if (!request->has_body) {
        request->phase = HTTP_BODY;
        return MHD_YES;
    }
    if (checked_at_once(request)) {
        request->phase = HTTP_BODY;
        return MHD_YES;
    }
    request->phase = HTTP_CHECKING;
    return push_from_mhd(http->doors, request, true);
}

enum MHD_Result http_on_request(void *user, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *data, size_t *data_len,
                                void **state)
{
    (void)version;
    HttpRequest *request = *state;
    if (!request) {
        return begin(user, connection, url, method, state);
    }
    switch (request->phase) {
    case HTTP_HEAD:
    case HTTP_CHECKING:
        return after_check(request);
    case HTTP_BODY:
        return *data_len > 0 ? take_body(request, data, data_len) : handle(request);
    case HTTP_HANDLING:
        return http_answer(request);
    case HTTP_ANSWERING:
        break;
    }
    *data_len = 0;
    return MHD_YES;
}
