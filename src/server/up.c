/* `weir up`: doors opened, the address told, threads started; then signals are waited for, and all of it is
 * closed.
 *
 * Signals come through a pipe, so that nothing happens inside a handler. The first SIGINT or SIGTERM finishes
 * what runs; the second interrupts running models and queries; the third ends the process at once, which
 * loses nothing that was acknowledged. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/time.h"
#include "server/server.h"
#include "server/up_int.h"

#define LINK_LIFETIME_US (1800 * BASE_TIME_SECOND_US)
#define POISON_TICK_MS   1000

typedef struct {
    ServerApp *app;
    ServerHttp *http, *feast; /* feast: a second door, for its clients; NULL = none */
    ServerMysql *mysql;
    ServerFileWatch *watch;
    ServerScheduler *scheduler;
    ServerReporter *reporter;
    char *json_path; /* server.json, once written */
    char *link;
} Up;

/* ---- signals ---------------------------------------------------------------------------------------------
 */

static int signal_pipe[2] = {-1, -1};
static volatile sig_atomic_t n_signals;

static void on_signal(int number)
{
    int saved = errno;
    char byte = (char)number;
    n_signals++;
    if (n_signals >= 3) {
        _exit(130);
    }
    if (write(signal_pipe[1], &byte, 1) < 0) { /* the pipe is full of earlier ones: as good */
        errno = saved;
    }
    errno = saved;
}

static bool catch_signals(GError **error)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART},
                     ignore = {.sa_handler = SIG_IGN};
    n_signals = 0;
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0 || sigaction(SIGINT, &action, NULL) != 0 ||
        sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return base_fail(error, BASE_E_INTERNAL, "signals cannot be caught: %s", g_strerror(errno));
    }
    return true;
}

static void release_signals(void)
{
    struct sigaction fallback = {.sa_handler = SIG_DFL};
    (void)sigaction(SIGINT, &fallback, NULL);
    (void)sigaction(SIGTERM, &fallback, NULL);
    close(signal_pipe[0]);
    close(signal_pipe[1]);
}

/* Until a signal came, or the engine failed for good. */
static bool wait_for_end(Up *up, GError **error)
{
    struct pollfd entry = {.fd = signal_pipe[0], .events = POLLIN};
    for (;;) {
        if (poll(&entry, 1, POISON_TICK_MS) > 0) {
            char byte;
            (void)!read(signal_pipe[0], &byte, 1);
            return true;
        }
        if (engine_poisoned(server_app_engine(up->app))) {
            base_fail(error, BASE_E_INTERNAL, "the engine has failed and must be opened again");
            base_error_hint(error, "start weir up again: what was acknowledged is there");
            return false;
        }
    }
}

/* While what runs is finished: a second signal interrupts it. */
static gpointer hurry(gpointer data)
{
    Up *up = data;
    struct pollfd entry = {.fd = signal_pipe[0], .events = POLLIN};
    char byte;
    while (poll(&entry, 1, -1) >= 0 || errno == EINTR) {
        if (read(signal_pipe[0], &byte, 1) == 1) {
            if (!byte) { /* stop_hurry */
                return NULL;
            }
            warehouse_stop(server_app_warehouse(up->app));
            server_http_hurry(up->http);
            server_http_hurry(up->feast);
        }
    }
    return NULL;
}

static void stop_hurry(GThread *thread)
{
    const char end = 0;
    while (write(signal_pipe[1], &end, 1) < 0 && errno == EINTR) {
    }
    g_thread_join(thread);
}

/* ---- who gets in first
 * ------------------------------------------------------------------------------------- */

/* While there is no user at all: WEIR_ADMIN_PASSWORD makes `admin`; without it a link signs in once as the
 * machine's own user, who can make users. So no password is ever a default one, and nobody is locked out. */
static bool first_administrator(Up *up, GError **error)
{
    static const char *const ROLES[] = {"admin", NULL};
    Access *access = server_app_access(up->app);
    const char *password = g_getenv("WEIR_ADMIN_PASSWORD");
    if (access_user_count(access) > 0) {
        return true;
    }
    if (password && *password) {
        bool ok = access_user_add(access, "admin", password, ROLES, error);
        access_audit(access, "local", "user add", "admin", "WEIR_ADMIN_PASSWORD", ok);
        return ok;
    }
    g_autofree char *token = NULL;
    if (!access_token_add(access, "local", "one-time link", LINK_LIFETIME_US, true, &token, error)) {
        return false;
    }
    up->link = g_strdup_printf("%s/?token=%s", server_app_http(up->app), token);
    return true;
}

/* Tokens of the machine's own user belong to one process. */
static bool remove_old_tokens(Access *access, GError **error)
{
    g_autoptr(json_t) tokens = access_tokens_to_json(access, "local");
    size_t i;
    json_t *token;
    json_array_foreach (tokens, i, token) {
        if (!access_token_remove(access, base_json_string(token, "id", ""), error)) {
            return false;
        }
    }
    return true;
}

static bool write_server_json(Up *up, GError **error)
{
    g_autofree char *token = NULL;
    if (!access_token_add(server_app_access(up->app), "local", "server.json", 0, false, &token, error)) {
        return false;
    }
    g_autoptr(json_t) json = json_object();
    base_json_set_int(json, "pid", getpid());
    base_json_set_string(json, "http", server_app_http(up->app));
    base_json_set_string(json, "mysql", server_app_mysql(up->app));
    base_json_set_string(json, "token", token);
    base_json_set_string(json, "version", WEIR_VERSION);
    base_json_set_string(json, "project", server_app_project(up->app));
    g_autofree char *text = base_json_text_pretty(json);
    g_autofree char *path = g_build_filename(server_app_data(up->app), "server.json", NULL);
    if (!base_fs_write(path, text, strlen(text), 0600, error)) {
        return false;
    }
    up->json_path = g_steal_pointer(&path);
    return true;
}

/* ---- up
 * ------------------------------------------------------------------------------------------------------- */

static bool open_doors(Up *up, const ServerUpOptions *options, GError **error)
{
    const BaseConfig *config = server_app_config(up->app);
    const char *http =
        options->http_listen ? options->http_listen : base_config_text(config, BASE_CONFIG_HTTP_LISTEN);
    const char *mysql =
        options->mysql_listen ? options->mysql_listen : base_config_text(config, BASE_CONFIG_MYSQL_LISTEN);
    up->mysql = server_mysql_start(up->app, mysql, error);
    up->http = up->mysql ? server_http_start(up->app, http, error) : NULL;
    const char *feast = base_config_text(config, BASE_CONFIG_FEATURES_LISTEN);
    if (!up->http || (*feast && !(up->feast = server_http_start(up->app, feast, error)))) {
        return false;
    }
    bool tls = *base_config_text(config, BASE_CONFIG_TLS_CERT) != '\0';
    g_autofree char *url = g_strconcat(tls ? "https://" : "http://", server_http_address(up->http), NULL);
    server_app_set_doors(up->app, url, server_mysql_address(up->mysql));
    return true;
}

static bool start(Up *up, const ServerUpOptions *options, GError **error)
{
    const char *note = engine_recovery_note(server_app_engine(up->app));
    if (note) {
        base_log(BASE_LOG_WARN, "recovery", "note", note, NULL);
    }
    if (!remove_old_tokens(server_app_access(up->app), error) || !open_doors(up, options, error) ||
        !first_administrator(up, error) || !write_server_json(up, error)) {
        return false;
    }
    if (options->watch && server_app_project(up->app)) {
        up->watch = server_file_watch_start(up->app, error);
        if (!up->watch) {
            return false;
        }
    }
    if (options->schedule) {
        up->scheduler = server_scheduler_start(up->app);
        up->reporter = server_reporter_start(up->app);
    }
    base_log(BASE_LOG_INFO, "up", "http", server_app_http(up->app), "mysql", server_app_mysql(up->app),
             "data", server_app_data(up->app), NULL);
    if (options->ready) {
        options->ready(server_app_http(up->app), server_app_mysql(up->app), up->link, options->ready_user);
    }
    return true;
}

static void stop(Up *up)
{
    GThread *hurrying = g_thread_new("hurry", hurry, up);
    server_scheduler_stop(up->scheduler);
    if (up->scheduler) { /* no new models of a running batch */
        warehouse_stop(server_app_warehouse(up->app));
    }
    server_http_stop(up->http);
    server_http_stop(up->feast);
    server_mysql_stop(up->mysql);
    server_scheduler_free(up->scheduler);
    server_reporter_stop(up->reporter);
    server_file_watch_stop(up->watch);
    stop_hurry(hurrying);
    server_http_free(up->http);
    server_http_free(up->feast);
    if (up->json_path) {
        unlink(up->json_path);
    }
    g_free(up->json_path);
    g_free(up->link);
}

bool server_up(ServerApp *app, const ServerUpOptions *options, GError **error)
{
    Up up = {.app = app};
    if (!catch_signals(error)) {
        return false;
    }
    bool ok = start(&up, options, error) && wait_for_end(&up, error);
    if (ok) {
        base_log(BASE_LOG_INFO, "stopping: what runs is finished first", NULL);
    }
    stop(&up);
    release_signals();
    if (ok) {
        base_log(BASE_LOG_INFO, "stopped", NULL);
    }
    return ok;
}
