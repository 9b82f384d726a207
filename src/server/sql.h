/* One session's SQL, whatever door it came through: MySQL text, MySQL prepared, HTTP, CLI.
 *
 * A statement is recognised (engine_sql_kind), translated (MySQL doors), checked and rewritten (access), and
 * run: SELECT on a connection of the light or heavy pool; INSERT, DELETE, UPDATE, TRUNCATE through the
 * intake; CREATE, DROP, ALTER TABLE through catalog and intake; SHOW, DESCRIBE, SET, USE, KILL, EXPLAIN by
 * server/show.c and server/session.c. Rows go to a sink.
 *
 * Light and heavy. A SELECT takes a slot of its pool, first come first served, before it runs
 * (query.light_slots, query.heavy_slots), so that many small queries beside a few large ones do not wait for
 * them. Which pool: statements are told apart by their shape (text without literals). A shape seen before
 * goes by what it took: a moving average above 10 ms is heavy, below 5 ms light again. A new shape goes by
 * the planner's estimate: heavy when the rows that its operators handle add up to more than 2,000,000. Time
 * spent waiting for the client to read does not count, and the slot is free meanwhile.
 *
 * Transactions. Each statement commits on its own (autocommit). In a transaction (BEGIN, or autocommit = 0)
 * INSERT, UPDATE and DELETE are checked when they are given and carried out at COMMIT, in order; ROLLBACK
 * forgets them. Reads of the transaction do not see them (as in Doris). */
#ifndef WEIR_SERVER_SQL_H
#define WEIR_SERVER_SQL_H

#include "server/app.h"

/* All sessions of an app, the slots in which their queries run, and the watcher that ends what runs too long
 * or for nobody. The app makes it after everything else is open and frees it before anything is closed, when
 * no session is left. */
typedef struct ServerSql ServerSql;
ServerSql *server_sql_new(ServerApp *app, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void server_sql_free(ServerSql *sql);

typedef struct ServerSession ServerSession;

/* Where rows go. `columns` once, then `chunk` any number of times. A call returns false (with error) to stop,
 * as when the client is gone. Statements without rows call neither. */
typedef struct {
    bool (*columns)(void *user, const EngineResult *result, GError **error);
    bool (*chunk)(void *user, const EngineChunk *chunk, GError **error);
    void *user;
} ServerSink;

typedef struct {
    gint64 changed; /* rows changed by DML */
    gint64 rows;    /* rows sent */
    guint warnings;
    char *info; /* of INSERT: Doris's {'label':..., 'status':..., 'txnId':...}; caller frees */
    bool has_rows;
} ServerSqlResult;

ServerSession *server_session_new(ServerApp *app, AccessUser *user, const char *peer, EngineDialect dialect,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same with an id from server_session_reserve_id: doors that tell the client its id before it has signed
 * in. */
guint32 server_session_reserve_id(ServerApp *app);
ServerSession *server_session_new_as(ServerApp *app, guint32 id, AccessUser *user, const char *peer,
                                     EngineDialect dialect, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void server_session_free(ServerSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerSession, server_session_free)
guint32 server_session_id(const ServerSession *session);
const char *server_session_database(const ServerSession *session); /* NULL = none */
/* "db", or "db__dev": db of environment dev. */
bool server_session_use(ServerSession *session, const char *database,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
const char *server_session_environment(const ServerSession *session); /* NULL = production */
/* From now on names mean what they mean in that environment, and nothing can be written. NULL or "" =
 * production. ENVIRONMENT_UNKNOWN. */
bool server_session_set_environment(ServerSession *session, const char *name,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Variables, transaction and plans as at sign-in (COM_RESET_CONNECTION); the database stays, as in MySQL. */
void server_session_reset(ServerSession *session);
/* Another thread: stops the running statement (KILL QUERY), and with `close` marks the session to end (KILL).
 */
bool server_session_kill(ServerApp *app, guint32 id, bool close, const AccessUser *by,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool server_session_closing(ServerSession *session);
GTimeZone *server_session_zone(const ServerSession *session);  /* borrowed until the next statement */
AccessUser *server_session_user(const ServerSession *session); /* borrowed */
bool server_session_autocommit(const ServerSession *session);
bool server_session_in_transaction(const ServerSession *session);
guint server_session_warnings(const ServerSession *session);
/* A system variable of the session as text ("" when there is none); borrowed until the next statement. */
const char *server_session_variable(const ServerSession *session, const char *name);
/* The client's socket: while a statement runs it is watched, and a hang-up interrupts the statement. -1 =
 * none. It must stay open until the session is freed. */
void server_session_set_socket(ServerSession *session, int fd);
/* TLS's cipher, for SHOW STATUS; NULL = in the clear. */
void server_session_set_cipher(ServerSession *session, const char *name);
/* `slow` is called before anything that may take long, on the thread that runs the statement: all but light
 * queries and what only looks or sets. */
void server_session_set_slow(ServerSession *session, void (*slow)(void *user), void *user);
/* Around a wait for a client that reads slowly, inside a sink's call: the session's query slot is free for
 * others meanwhile. */
void server_session_wait_begin(ServerSession *session);
void server_session_wait_end(ServerSession *session);

/* "Uptime: 12  Threads: 3  Questions: 40 ...", as COM_STATISTICS shows it. Caller frees. */
char *server_sql_statistics(ServerApp *app);

/* The statements of a text, char *, as the session's sql_mode reads it; free with g_ptr_array_unref. */
GPtrArray *server_sql_split(const ServerSession *session, const char *sql,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Runs one statement. `values` for ? or $1.. (may be NULL). */
bool server_sql_run(ServerSession *session, const char *sql, const EngineValue *values, size_t n_values,
                    const ServerSink *sink, ServerSqlResult *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Prepared: translated, checked and planned once; run many times. */
typedef struct ServerStmt ServerStmt;
ServerStmt *server_stmt_prepare(ServerSession *session, const char *sql,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void server_stmt_free(ServerStmt *stmt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerStmt, server_stmt_free)
size_t server_stmt_n_params(const ServerStmt *stmt);
size_t server_stmt_n_columns(const ServerStmt *stmt);
const char *server_stmt_column_name(const ServerStmt *stmt, size_t i);
EngineType server_stmt_column_type(const ServerStmt *stmt, size_t i);
bool server_stmt_run(ServerStmt *stmt, const EngineValue *values, size_t n_values, const ServerSink *sink,
                     ServerSqlResult *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
