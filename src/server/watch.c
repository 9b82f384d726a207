/* The watcher: one thread that ends statements which run too long, which were killed, or whose client is
 * gone.
 *
 * It looks at all busy sessions every TICK_US while there are any, polls their sockets for a hang-up, and
 * interrupts; it sleeps when nothing has run for a while, so an idle server does not wake up. A stop is
 * repeated every tick until the statement has ended: the engine forgets an interrupt that comes just before
 * it starts. */
#include <poll.h>
#include <sys/socket.h>

#include "base/time.h"
#include "server/session_int.h"
#include "server/usage.h"

#define TICK_US            (50 * 1000)
#define TICKS_BEFORE_SLEEP 40
#define LIGHT_SLOTS_A_CORE                                                                                   \
    6 /* measured: fewer leave cores idle at each handing on, more make the order unfair */

/* ---- what the thread that serves a session calls
 * --------------------------------------------------------------- */

static void wake_watcher(ServerSql *sql)
{
    if (g_atomic_int_get(&sql->asleep)) {
        g_mutex_lock(&sql->lock);
        g_cond_signal(&sql->wake);
        g_mutex_unlock(&sql->lock);
    }
}

void session_begin_statement(ServerSession *session, const char *sql)
{
    gint64 timeout_us = session_timeout_us(session);
    g_mutex_lock(&session->lock);
    session->busy = true;
    session->stop = g_atomic_int_get(&session->closing) ? STOP_KILLED : STOP_NONE;
    session->statement = g_strndup(sql, SESSION_SHOWN_SQL_BYTES);
    session->command = "Query";
    session->since_us = base_time_monotonic_us();
    session->deadline_us = timeout_us > 0 ? session->since_us + timeout_us : 0;
    session->waited_us = 0;
    g_mutex_unlock(&session->lock);
    server_pools_renew(session->sql->pools, &session->ticket);
    g_atomic_int_inc(&session->sql->questions);
    g_atomic_int_inc(&session->sql->busy);
    wake_watcher(session->sql);
}

void session_end_statement(ServerSession *session)
{
    g_mutex_lock(&session->lock);
    session->busy = false;
    session->running = NULL;
    g_clear_pointer(&session->statement, g_free);
    session->command = "Sleep";
    session->since_us = base_time_monotonic_us();
    session->deadline_us = 0;
    g_mutex_unlock(&session->lock);
    g_atomic_int_add(&session->sql->busy, -1);
}

bool session_set_running(ServerSession *session, EngineConn *conn)
{
    g_mutex_lock(&session->lock);
    session->running = conn;
    bool go_on = session->stop == STOP_NONE;
    g_mutex_unlock(&session->lock);
    return go_on;
}

static bool set_running(void *user, EngineConn *conn)
{
    return session_set_running(user, conn);
}

IntakeSession session_writing(ServerSession *session, const char *zone)
{
    gint64 timeout_us = session_own_timeout_us(session);
    g_mutex_lock(&session->lock);
    session->deadline_us = timeout_us > 0 ? session->since_us + timeout_us : 0;
    g_mutex_unlock(&session->lock);
    return (IntakeSession){.zone = zone, .running = set_running, .user = session};
}

static SessionStop get_stop(ServerSession *session)
{
    g_mutex_lock(&session->lock);
    SessionStop stop = session->stop;
    g_mutex_unlock(&session->lock);
    return stop;
}

bool session_fail_stopped(ServerSession *session, GError **error)
{
    if (get_stop(session) == STOP_TIMEOUT) {
        base_fail(error, BASE_E_TIMEOUT,
                  "Query execution was interrupted, maximum statement execution time exceeded");
        base_error_hint(error, "a longer time: SET query_timeout = SECONDS, or the setting query.timeout");
        return false;
    }
    return base_fail(error, BASE_E_INTERRUPTED, "Query execution was interrupted");
}

void session_explain_stop(ServerSession *session, GError **error)
{
    if (error && *error && get_stop(session) != STOP_NONE &&
        base_error_info(*error)->code == BASE_E_INTERRUPTED) {
        g_clear_error(error);
        session_fail_stopped(session, error);
    }
}

/* ---- stopping ------------------------------------------------------------------------------------------ */

static void stop_locked(ServerSession *session, SessionStop stop)
{
    if (session->stop == STOP_NONE) {
        session->stop = stop;
    }
    if (session->running) {
        engine_conn_interrupt(session->running);
    }
    server_pools_cancel(session->sql->pools, &session->ticket);
}

void session_stop(ServerSession *session, SessionStop stop)
{
    g_mutex_lock(&session->lock);
    if (session->busy) {
        stop_locked(session, stop);
    }
    g_mutex_unlock(&session->lock);
}

static bool may_kill(const ServerSession *session, const AccessUser *by)
{
    return access_user_is_admin(by) || g_str_equal(access_user_name(by), access_user_name(session->user));
}

bool server_session_kill(ServerApp *app, guint32 id, bool close, const AccessUser *by, GError **error)
{
    ServerSql *sql = server_app_sql(app);
    g_mutex_lock(&sql->lock);
    ServerSession *session = g_hash_table_lookup(sql->sessions, GUINT_TO_POINTER(id));
    bool found = session != NULL;
    bool allowed = found && may_kill(session, by);
    if (allowed) {
        if (close) {
            g_atomic_int_set(&session->closing, 1);
            g_mutex_lock(&session->lock);
            if (session->fd >= 0) {
                shutdown(session->fd, SHUT_RD); /* wakes a session that waits for its next command */
            }
            g_mutex_unlock(&session->lock);
        }
        session_stop(session, STOP_KILLED);
    }
    g_mutex_unlock(&sql->lock);
    if (!found) {
        return base_fail(error, BASE_E_SESSION_UNKNOWN, "Unknown thread id: %u", id);
    }
    return allowed || base_fail(error, BASE_E_FORBIDDEN, "You are not owner of thread %u", id);
}

/* ---- the watcher ----------------------------------------------------------------------------------------
 */

/* Marks sessions whose time is up; lists the sockets of the others that run. */
static void check_deadlines(ServerSql *sql, GArray *polls, GPtrArray *polled)
{
    gint64 now_us = base_time_monotonic_us();
    GHashTableIter iter;
    gpointer value = NULL;
    g_hash_table_iter_init(&iter, sql->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        ServerSession *session = value;
        g_mutex_lock(&session->lock);
        if (session->busy && session->stop != STOP_NONE) {
            stop_locked(session, session->stop);
        } else if (session->busy && session->deadline_us > 0 && now_us > session->deadline_us) {
            stop_locked(session, STOP_TIMEOUT);
        } else if (session->busy && session->fd >= 0) {
            struct pollfd entry = {.fd = session->fd, .events = POLLRDHUP};
            g_array_append_val(polls, entry);
            g_ptr_array_add(polled, session);
        }
        g_mutex_unlock(&session->lock);
    }
}

static void check_sockets(GArray *polls, GPtrArray *polled)
{
    if (polls->len == 0 || poll((struct pollfd *)(void *)polls->data, polls->len, 0) <= 0) {
        return;
    }
    for (guint i = 0; i < polls->len; i++) {
        if (g_array_index(polls, struct pollfd, i).revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) {
            session_stop(g_ptr_array_index(polled, i), STOP_GONE);
        }
    }
}

static gpointer watch(gpointer data)
{
    ServerSql *sql = data;
    g_autoptr(GArray) polls = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    g_autoptr(GPtrArray) polled = g_ptr_array_new();
    g_mutex_lock(&sql->lock);
    for (guint quiet = 0; !sql->closing;) {
        if (quiet < TICKS_BEFORE_SLEEP) {
            g_cond_wait_until(&sql->wake, &sql->lock, g_get_monotonic_time() + TICK_US);
        } else {
            g_atomic_int_set(&sql->asleep, 1);
            /* A statement that began before `asleep` was set did not signal. */
            if (g_atomic_int_get(&sql->busy) == 0) {
                g_cond_wait(&sql->wake, &sql->lock);
            }
            g_atomic_int_set(&sql->asleep, 0);
            quiet = 0;
        }
        quiet = g_atomic_int_get(&sql->busy) > 0 ? 0 : quiet + 1;
        g_array_set_size(polls, 0);
        g_ptr_array_set_size(polled, 0);
        check_deadlines(sql, polls, polled);
        check_sockets(polls, polled);
    }
    g_mutex_unlock(&sql->lock);
    return NULL;
}

/* ---- all sessions
 * ------------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
    guint32 left = ((const ServerSession *)a)->id, right = ((const ServerSession *)b)->id;
    return (left > right) - (left < right);
}

void session_visit_all(ServerSql *sql, SessionVisit visit, void *user)
{
    g_mutex_lock(&sql->lock);
    g_autoptr(GList) ids = g_list_sort(g_hash_table_get_values(sql->sessions), by_id);
    for (GList *at = ids; at; at = at->next) {
        ServerSession *session = at->data;
        g_mutex_lock(&session->lock);
        visit(session, user);
        g_mutex_unlock(&session->lock);
    }
    g_mutex_unlock(&sql->lock);
}

ServerSql *server_sql_new(ServerApp *app, GError **error)
{
    const BaseConfig *config = server_app_config(app);
    unsigned light_slots = (unsigned)base_config_int(config, BASE_CONFIG_QUERY_LIGHT_SLOTS);
    ServerSql *sql = g_new0(ServerSql, 1);
    sql->app = app;
    sql->started_us = base_time_monotonic_us();
    sql->pools = server_pools_new(light_slots > 0 ? light_slots : LIGHT_SLOTS_A_CORE * g_get_num_processors(),
                                  (unsigned)base_config_int(config, BASE_CONFIG_QUERY_HEAVY_SLOTS),
                                  base_config_bool(config, BASE_CONFIG_QUERY_HEAVY_YIELDS));
    g_mutex_init(&sql->lock);
    g_mutex_init(&sql->databases_lock);
    g_cond_init(&sql->wake);
    sql->sessions = g_hash_table_new(NULL, NULL);
    sql->usage = server_usage_new();
    sql->databases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!session_databases_open(sql, error)) {
        server_sql_free(sql);
        return NULL;
    }
    sql->watcher = g_thread_new("sql-watch", watch, sql);
    return sql;
}

void server_sql_free(ServerSql *sql)
{
    if (!sql) {
        return;
    }
    g_mutex_lock(&sql->lock);
    sql->closing = true;
    g_cond_signal(&sql->wake);
    g_mutex_unlock(&sql->lock);
    if (sql->watcher) {
        g_thread_join(sql->watcher);
    }
    g_warn_if_fail(g_hash_table_size(sql->sessions) == 0);
    g_hash_table_unref(sql->sessions);
    g_hash_table_unref(sql->databases);
    server_usage_free(sql->usage);
    g_mutex_clear(&sql->databases_lock);
    server_pools_free(sql->pools);
    g_mutex_clear(&sql->lock);
    g_cond_clear(&sql->wake);
    g_free(sql);
}
