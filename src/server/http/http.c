/* The HTTP door: opened, watched, closed. See http_int.h. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/time.h"
#include "server/http/http_int.h"
#include "server/listen.h"

#define WATCH_TICK_US      (100 * 1000)
#define TELL_EVERY_US      (60 * BASE_TIME_SECOND_US)
#define STOP_GRACE_US      (30 * BASE_TIME_SECOND_US)
#define STOP_ANSWERS_US    (2 * BASE_TIME_SECOND_US)
#define TLS_FILE_MAX_BYTES (1024 * 1024)

/* ---- the watcher -----------------------------------------------------------------------------------------
 */

/* A suspended connection is not read, so MHD does not see its client leave: this thread looks, while handlers
 * run. */
static void look(HttpRequest *request, gint64 now_us)
{
    struct pollfd entry = {.fd = request->call.fd, .events = POLLRDHUP};
    g_mutex_lock(&request->call.cancel_lock);
    bool late = request->call.deadline_us > 0 && now_us > request->call.deadline_us;
    bool wants = request->call.cancel != NULL;
    g_mutex_unlock(&request->call.cancel_lock);
    bool left =
        wants && entry.fd >= 0 && poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR));
    if (wants && (late || left)) {
        server_call_cancel(&request->call);
    }
}

static gpointer watch(gpointer data)
{
    ServerHttp *http = data;
    g_mutex_lock(&http->lock);
    while (http->watching) {
        if (g_hash_table_size(http->active) == 0) {
            http->watcher_sleeps = true;
            g_cond_wait(&http->begun, &http->lock);
            continue;
        }
        gint64 until_us = g_get_monotonic_time() + WATCH_TICK_US;
        while (http->watching && g_cond_wait_until(&http->begun, &http->lock, until_us)) {
        }
        gint64 now_us = base_time_monotonic_us();
        GHashTableIter iter;
        gpointer request;
        g_hash_table_iter_init(&iter, http->active);
        while (g_hash_table_iter_next(&iter, &request, NULL)) {
            look(request, now_us);
        }
    }
    g_mutex_unlock(&http->lock);
    return NULL;
}

/* ---- opening ---------------------------------------------------------------------------------------------
 */

static size_t keep_escapes(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return strlen(text);
}

static void log_mhd(void *user, const char *format, va_list args) G_GNUC_PRINTF(2, 0);
static void log_mhd(void *user, const char *format, va_list args)
{
    (void)user;
    g_autofree char *text = g_strdup_vprintf(format, args);
    base_log(BASE_LOG_DEBUG, "http", "detail", g_strstrip(text), NULL);
}

static bool read_tls(ServerHttp *http, GError **error)
{
    const BaseConfig *config = server_app_config(http->app);
    const char *cert = base_config_text(config, BASE_CONFIG_TLS_CERT),
               *key = base_config_text(config, BASE_CONFIG_TLS_KEY);
    if (!*cert) {
        return true;
    }
    http->tls = true;
    http->tls_cert = base_fs_read(cert, TLS_FILE_MAX_BYTES, NULL, error);
    http->tls_key = http->tls_cert ? base_fs_read(key, TLS_FILE_MAX_BYTES, NULL, error) : NULL;
    return http->tls_key != NULL;
}

/* Accepted here and not by MHD, whose threads take whatever is there when they wake: most clients of a burst
 * would be one thread's. Handed over, they go by their descriptors, which are mostly one after another. */
static void take_in(void *user, int fd, const struct sockaddr_storage *address, socklen_t len)
{
    ServerHttp *http = user;
    const struct sockaddr *peer = (const struct sockaddr *)(const void *)address;
    if (MHD_add_connection(http->daemon, fd, peer, len) != MHD_YES && /* which closes it */
        base_time_monotonic_us() - http->refused_us > TELL_EVERY_US) {
        http->refused_us = base_time_monotonic_us();
        base_log(BASE_LOG_WARN, "an HTTP client was sent away", "reason", g_strerror(errno), "most",
                 G_STRINGIFY(HTTP_MAX_CONNECTIONS), NULL);
    }
}

static bool start_daemon(ServerHttp *http, GError **error)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | MHD_USE_ITC | (http->tls ? MHD_USE_TLS : 0U);
    /* two a core: a connection stays with its thread, and with one some would wait while a core is idle */
    unsigned threads = CLAMP(2 * g_get_num_processors(), 4, 16);
    const struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, http->tls_cert},
                                         {MHD_OPTION_HTTPS_MEM_KEY, 0, http->tls_key},
                                         {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    /* an increment as large as the memory: an upload is read into all of it that is free, not into half */
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, http_on_request, http, MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, http, MHD_OPTION_CONNECTION_LIMIT,
        HTTP_MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)HTTP_CONNECTION_MEMORY_BYTES,
        MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, NULL, MHD_OPTION_ARRAY, http->tls ? tls : none, MHD_OPTION_END);
    if (http->daemon) {
        return true;
    }
    return base_fail(error, BASE_E_CONFIG_INVALID,
                     http->tls ? "HTTP does not start: the certificate or key is refused"
                               : "HTTP does not start");
}

static bool open_door(ServerHttp *http, int fd, GError **error)
{
    if (!start_daemon(http, error)) {
        close(fd);
        return false;
    }
    http->acceptor = server_acceptor_start("http-accept", fd, take_in, http, error);
    if (!http->acceptor) {
        MHD_stop_daemon(http->daemon);
    }
    return http->acceptor != NULL;
}

static void warn_if_open(const ServerHttp *http, bool loopback)
{
    if (!loopback && !http->tls) {
        base_log(BASE_LOG_WARN,
                 "HTTP is open to other machines WITHOUT TLS: passwords and data travel in the clear",
                 "address", http->address, "fix", "set tls.cert and tls.key, or listen on 127.0.0.1", NULL);
    }
}

void server_http_free(ServerHttp *http)
{
    if (!http) {
        return;
    }
    g_hash_table_unref(http->active);
    g_mutex_clear(&http->lock);
    g_cond_clear(&http->changed);
    g_cond_clear(&http->begun);
    g_free(http->address);
    g_free(http->tls_cert);
    g_free(http->tls_key);
    g_free(http);
}

ServerHttp *server_http_start(ServerApp *app, const char *listen, GError **error)
{
    ServerHttp *http = g_new0(ServerHttp, 1);
    bool loopback = false;
    http->app = app;
    http->active = g_hash_table_new(NULL, NULL);
    g_mutex_init(&http->lock);
    g_cond_init(&http->changed);
    g_cond_init(&http->begun);
    int fd =
        read_tls(http, error) ? server_listen(listen, "http.listen", &http->address, &loopback, error) : -1;
    if (fd < 0) {
        server_http_free(http);
        return NULL;
    }
    http->workers = g_thread_pool_new(http_job_handle, http, HTTP_WORKERS, FALSE, NULL);
    http->doors = g_thread_pool_new(http_job_door, http, HTTP_DOOR_WORKERS, FALSE, NULL);
    http->watching = true;
    if (!open_door(http, fd, error)) {
        g_thread_pool_free(http->workers, FALSE, TRUE);
        g_thread_pool_free(http->doors, FALSE, TRUE);
        server_http_free(http);
        return NULL;
    }
    http->watcher = g_thread_new("http-watch", watch, http);
    warn_if_open(http, loopback);
    return http;
}

const char *server_http_address(const ServerHttp *http)
{
    return http->address;
}

/* ---- closing ----------------------------------------------------------------------------------------------
 */

static void cut(gpointer request, gpointer user)
{
    (void)user;
    http_cut(request);
}

/* What runs may finish; after STOP_GRACE_US queries are cancelled. Suspended connections must be gone before
 * MHD stops, so the wait for them has no end: loads do finish. */
static void wait_for_requests(ServerHttp *http)
{
    gint64 deadline_us = g_get_monotonic_time() + STOP_GRACE_US;
    bool cancelled = false;
    g_mutex_lock(&http->lock);
    http->stopping = true;
    while (g_hash_table_size(http->active) > 0 && !cancelled && !http->hurry) {
        cancelled = !g_cond_wait_until(&http->changed, &http->lock, deadline_us);
    }
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func((GDestroyNotify)http_request_unref);
    GHashTableIter iter;
    gpointer request;
    g_hash_table_iter_init(&iter, http->active);
    while (g_hash_table_iter_next(&iter, &request, NULL)) {
        server_call_cancel(&((HttpRequest *)request)->call);
        g_ptr_array_add(left, http_request_ref(request));
    }
    http->closed = true;
    http->watching = false;
    g_cond_broadcast(&http->changed);
    g_cond_broadcast(&http->begun);
    g_mutex_unlock(&http->lock);
    g_ptr_array_foreach(left, cut, NULL); /* takes http->lock */
}

/* Every handler has returned, what was posted ends too; MHD still has to send what they said. A client that
 * does not read is not waited for. */
static void wait_for_answers(ServerHttp *http)
{
    g_mutex_lock(&http->lock);
    while (http->n_posted > 0) { /* their connections are suspended */
        g_cond_wait(&http->changed, &http->lock);
    }
    gint64 deadline_us = g_get_monotonic_time() + STOP_ANSWERS_US;
    while (g_hash_table_size(http->active) > 0 &&
           g_cond_wait_until(&http->changed, &http->lock, deadline_us)) {
    }
    g_mutex_unlock(&http->lock);
}

void server_http_hurry(ServerHttp *http)
{
    if (!http) {
        return;
    }
    g_mutex_lock(&http->lock);
    http->hurry = true;
    g_cond_broadcast(&http->changed);
    g_mutex_unlock(&http->lock);
}

void server_http_stop(ServerHttp *http)
{
    if (!http) {
        return;
    }
    server_acceptor_stop(http->acceptor);
    wait_for_requests(http);
    g_thread_join(http->watcher);
    g_thread_pool_free(http->doors, FALSE, TRUE);
    g_thread_pool_free(http->workers, FALSE, TRUE);
    wait_for_answers(http);
    MHD_stop_daemon(http->daemon);
}
