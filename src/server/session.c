/* Sessions: life, database, warnings, and what a statement's text may ask of them. See sql.h, session_int.h.
 */
#include "base/text.h"
#include "base/time.h"
#include "server/environments.h"
#include "server/infoschema.h"
#include "server/session_int.h"

/* ---- warnings ------------------------------------------------------------------------------------------ */

static void free_warning(gpointer data)
{
    SessionWarning *warning = data;
    g_free(warning->message);
    g_free(warning);
}

void session_warn(ServerSession *session, const char *level, guint code, const char *format, ...)
{
    if (session->warnings->len >= SESSION_MAX_WARNINGS) {
        return;
    }
    SessionWarning *warning = g_new0(SessionWarning, 1);
    warning->level = level;
    warning->code = code;
    va_list args;
    va_start(args, format);
    warning->message = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(session->warnings, warning);
}

void session_clear_warnings(ServerSession *session)
{
    if (session->warnings->len > 0) {
        g_ptr_array_set_size(session->warnings, 0);
    }
}

guint server_session_warnings(const ServerSession *session)
{
    return session->warnings->len;
}

/* ---- life ------------------------------------------------------------------------------------------------
 */

static char *host_of(const char *peer)
{
    const char *colon = strrchr(peer, ':');
    return colon ? g_strndup(peer, (size_t)(colon - peer)) : g_strdup(peer);
}

static void set_zone(ServerSession *session)
{
    GError *error = NULL;
    session->zone_set = false;
    g_clear_pointer(&session->zone, g_time_zone_unref);
    session->zone = base_time_zone(catalog_project_timezone(session->snapshot), &error);
    if (!session->zone) {
        g_clear_error(&error);
        session->zone = g_time_zone_new_utc();
    }
}

guint32 server_session_reserve_id(ServerApp *app)
{
    return (guint32)g_atomic_int_add(&server_app_sql(app)->next_id, 1) + 1;
}

ServerSession *server_session_new(ServerApp *app, AccessUser *user, const char *peer, EngineDialect dialect,
                                  GError **error)
{
    return server_session_new_as(app, server_session_reserve_id(app), user, peer, dialect, error);
}

ServerSession *server_session_new_as(ServerApp *app, guint32 id, AccessUser *user, const char *peer,
                                     EngineDialect dialect, GError **error)
{
    (void)error; /* nothing fails today: the engine connection is made at the first statement */
    ServerSession *session = g_new0(ServerSession, 1);
    session->app = app;
    session->sql = server_app_sql(app);
    session->user = access_user_ref(user);
    session->snapshot = server_app_snapshot(app);
    session->peer = g_strdup(peer);
    session->host = host_of(peer);
    session->dialect = dialect;
    session->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    session->user_variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    session->plans = NULL;
    session->warnings = g_ptr_array_new_with_free_func(free_warning);
    session->connected_us = session->since_us = base_time_monotonic_us();
    session->command = "Sleep";
    session->fd = -1;
    session->row_count = -1;
    g_mutex_init(&session->lock);
    set_zone(session);
    ServerSql *sql = session->sql;
    session->id = id;
    g_atomic_int_inc(&sql->connections);
    g_mutex_lock(&sql->lock);
    g_hash_table_insert(sql->sessions, GUINT_TO_POINTER(session->id), session);
    g_mutex_unlock(&sql->lock);
    return session;
}

void server_session_free(ServerSession *session)
{
    if (!session) {
        return;
    }
    ServerSql *sql = session->sql;
    g_mutex_lock(&sql->lock);
    g_hash_table_remove(sql->sessions, GUINT_TO_POINTER(session->id));
    g_mutex_unlock(&sql->lock);
    session_drop_plans(session);
    session_forget_transaction(session);
    engine_disconnect(session->conn);
    g_hash_table_unref(session->variables);
    g_hash_table_unref(session->user_variables);
    g_ptr_array_unref(session->warnings);
    g_clear_pointer(&session->zone, g_time_zone_unref);
    access_user_unref(session->user);
    catalog_snapshot_unref(session->snapshot);
    g_free(session->peer);
    g_free(session->edited);
    g_free(session->cipher);
    g_free(session->host);
    g_free(session->database);
    g_free(session->environment);
    g_free(session->statement);
    g_mutex_clear(&session->lock);
    g_free(session);
}

void server_session_reset(ServerSession *session)
{
    session_forget_transaction(session);
    session_drop_plans(session);
    g_hash_table_remove_all(session->variables);
    g_hash_table_remove_all(session->user_variables);
    if (!session->environment_by_use) {
        g_clear_pointer(&session->environment, g_free);
    }
    session_clear_warnings(session);
    session->found_rows = 0;
    session->row_count = -1;
    set_zone(session);
}

const char *session_zone_name(const ServerSession *session)
{
    const char *name = server_session_variable(session, "time_zone");
    return g_ascii_strcasecmp(name, "SYSTEM") == 0 ? catalog_project_timezone(session->snapshot) : name;
}

EngineConn *session_conn(ServerSession *session, GError **error)
{
    if (!session->conn) {
        session->conn = engine_connect(server_app_engine(session->app), error);
        session->zone_set = false;
    }
    if (session->conn && !session->zone_set) {
        if (!engine_set_time_zone(session->conn, session_zone_name(session), error)) {
            return NULL;
        }
        session->zone_set = true;
    }
    return session->conn;
}

/* What the session reads. Of an environment that is gone, or fits what is applied no more, nothing: names
 * must not come to mean production's tables in silence. */
static CatalogSnapshot *current_snapshot(const ServerSession *session)
{
    g_autoptr(GError) error = NULL;
    CatalogSnapshot *snapshot = server_app_environment(session->app, session->environment, &error);
    return snapshot ? snapshot : catalog_snapshot_new_empty();
}

void session_renew(ServerSession *session)
{
    g_autoptr(CatalogSnapshot) applied = server_app_snapshot(session->app);
    g_autoptr(AccessUser) user = access_user_refresh(server_app_access(session->app), applied, session->user);
    g_autoptr(CatalogSnapshot) now =
        session->environment ? current_snapshot(session) : g_steal_pointer(&applied);
    if (now == session->snapshot && (!user || user == session->user)) {
        return;
    }
    session_drop_plans(session);
    catalog_snapshot_unref(session->snapshot);
    session->snapshot = g_steal_pointer(&now);
    if (user) {
        g_mutex_lock(&session->lock);
        access_user_unref(session->user);
        session->user = g_steal_pointer(&user);
        g_mutex_unlock(&session->lock);
    }
    if (!g_hash_table_contains(session->variables, "time_zone")) {
        set_zone(session);
    }
}

AccessScope session_scope(const ServerSession *session)
{
    return (AccessScope){.user = session->user, .snapshot = session->snapshot, .domain = session->database};
}

/* ---- small answers
 * ------------------------------------------------------------------------------------------ */

guint32 server_session_id(const ServerSession *session)
{
    return session->id;
}

const char *server_session_database(const ServerSession *session)
{
    return session->database;
}

AccessUser *server_session_user(const ServerSession *session)
{
    return session->user;
}

GTimeZone *server_session_zone(const ServerSession *session)
{
    return session->zone;
}

bool server_session_in_transaction(const ServerSession *session)
{
    return session->in_transaction;
}

bool server_session_autocommit(const ServerSession *session)
{
    return g_str_equal(server_session_variable(session, "autocommit"), "ON");
}

bool server_session_closing(ServerSession *session)
{
    return g_atomic_int_get(&session->closing) != 0;
}

void server_session_set_socket(ServerSession *session, int fd)
{
    g_mutex_lock(&session->lock);
    session->fd = fd;
    g_mutex_unlock(&session->lock);
}

void server_session_set_cipher(ServerSession *session, const char *name)
{
    g_free(session->cipher);
    session->cipher = g_strdup(name);
}

char *server_sql_statistics(ServerApp *app)
{
    ServerSql *sql = server_app_sql(app);
    g_mutex_lock(&sql->lock);
    guint threads = g_hash_table_size(sql->sessions);
    g_mutex_unlock(&sql->lock);
    gint64 uptime = MAX((base_time_monotonic_us() - sql->started_us) / BASE_TIME_SECOND_US, 1);
    gint questions = g_atomic_int_get(&sql->questions);
    return g_strdup_printf("Uptime: %" G_GINT64_FORMAT
                           "  Threads: %u  Questions: %d  Slow queries: 0  Opens: 0  "
                           "Open tables: 0  Queries per second avg: %.3f",
                           uptime, threads, questions, (double)questions / (double)uptime);
}

/* ---- databases
 * ----------------------------------------------------------------------------------------------- */

bool session_database_exists(ServerSession *session, const char *name)
{
    for (const char *const *at = SERVER_SYSTEM_DATABASES; *at; at++) {
        if (g_ascii_strcasecmp(*at, name) == 0) {
            return true;
        }
    }
    return (g_strv_contains(catalog_domains(session->snapshot), name) &&
            access_can_see_domain(session->user, name)) ||
           (session_database_is_live(session->sql, name) &&
            access_check_domain(session->user, ACCESS_WRITE, name, NULL));
}

bool session_database_unknown(GError **error, const char *name)
{
    return base_fail(error, BASE_E_DATABASE_UNKNOWN, "Unknown database '%s'", name);
}

const char *server_session_environment(const ServerSession *session)
{
    return session->environment;
}

bool server_session_set_environment(ServerSession *session, const char *name, GError **error)
{
    if (name && *name) {
        g_autoptr(CatalogSnapshot) snapshot = server_app_environment(session->app, name, error);
        if (!snapshot) {
            return false;
        }
    }
    session_drop_plans(session);
    g_free(session->environment);
    session->environment = name && *name ? g_strdup(name) : NULL;
    session->environment_by_use = false;
    session_renew(session);
    return true;
}

/* "music__dev": database music of environment dev. A database of that very name comes first; a plain name
 * leads back out of an environment that was entered so. */
static bool enter_by_name(ServerSession *session, char *name, GError **error)
{
    char *mark = g_strrstr(name, "__");
    if (!mark || mark == name || session_database_exists(session, name)) {
        return !session->environment_by_use || server_session_set_environment(session, NULL, error);
    }
    if (!server_session_set_environment(session, mark + 2, NULL)) {
        return true; /* told as an unknown database */
    }
    *mark = '\0';
    session->environment_by_use = true;
    return true;
}

bool server_session_use(ServerSession *session, const char *database, GError **error)
{
    session_renew(session);
    /* Doris names a database with its catalog: internal.db */
    g_autofree char *name =
        g_strdup(g_str_has_prefix(database, "internal.") ? database + strlen("internal.") : database);
    if (!enter_by_name(session, name, error)) {
        return false;
    }
    if (!session_database_exists(session, name)) {
        session_database_unknown(error, name);
        const char *near = base_text_nearest(name, catalog_domains(session->snapshot));
        if (near && access_can_see_domain(session->user, near)) {
            base_error_hint(error, "did you mean `%s`?", near);
        }
        return false;
    }
    session_drop_plans(session); /* names without a database mean other tables now */
    g_mutex_lock(&session->lock);
    g_free(session->database);
    session->database = g_strdup(name);
    g_mutex_unlock(&session->lock);
    return true;
}

void server_session_set_slow(ServerSession *session, void (*slow)(void *user), void *user)
{
    session->slow = slow;
    session->slow_user = user;
}

void session_slow(ServerSession *session)
{
    if (session->slow) {
        session->slow(session->slow_user);
    }
}

/* ---- waiting for the client
 * ------------------------------------------------------------------------------------ */

void server_session_wait_begin(ServerSession *session)
{
    session->wait_from_us = base_time_monotonic_us();
    if (session->has_slot) {
        server_pools_leave(session->sql->pools, &session->ticket);
    }
}

void server_session_wait_end(ServerSession *session)
{
    /* When the wait for a slot is cancelled, the interrupted query ends on its own at its next chunk. */
    if (session->has_slot &&
        !server_pools_enter(session->sql->pools, &session->ticket, session->ticket.weight, true)) {
        session->has_slot = false;
    }
    session->waited_us += base_time_monotonic_us() - session->wait_from_us;
}
