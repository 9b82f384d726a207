/* A session, as the files behind server/sql.h see it.
 *
 * A session belongs to one thread at a time. What others read or touch while a statement runs (state for the
 * process list, stop, the connection to interrupt) is guarded by session->lock. Lock order: ServerSql.lock,
 * then session->lock; the pools' lock is a leaf. */
#ifndef WEIR_SERVER_SESSION_INT_H
#define WEIR_SERVER_SESSION_INT_H

#include "intake/intake.h"
#include "server/pools_int.h"
#include "server/sql.h"
#include "server/sysvars.h"

#define SESSION_MAX_PLANS          64u /* prepared SELECTs kept by text */
#define SESSION_MAX_WARNINGS       64u /* max_error_count */
#define SESSION_MAX_USER_VARS      1024u
#define SESSION_MAX_TXN_STATEMENTS 10000u
#define SESSION_MAX_TXN_BYTES      (256u * 1024u * 1024u)
#define SESSION_SHOWN_SQL_BYTES    65536u /* of a statement in the process list */

typedef enum { STOP_NONE, STOP_KILLED, STOP_TIMEOUT, STOP_GONE, STOP_SERVER } SessionStop;

typedef struct {
    const char *level; /* "Note", "Warning", "Error" */
    guint code;
    char *message;
} SessionWarning;

typedef struct SessionPlan SessionPlan;

struct ServerSession {
    ServerApp *app;
    ServerSql *sql;
    AccessUser *user;
    CatalogSnapshot *snapshot; /* that user, plans and names refer to; renewed at each statement */
    char *environment;         /* that it reads; NULL = production */
    bool environment_by_use;   /* it came with a database's name */
    char *peer, *host;
    char *edited; /* table of kind manual that the statement writes to; NULL = none */
    char *cipher; /* of TLS; NULL = in the clear */
    EngineDialect dialect;
    guint32 id;
    char *database;             /* NULL = none; written under lock */
    GHashTable *variables;      /* name -> value: what differs from the defaults */
    GHashTable *user_variables; /* name -> literal of the engine's dialect */
    GTimeZone *zone;
    EngineConn *conn;  /* made at first use */
    bool zone_set;     /* conn goes by the session's time_zone */
    GHashTable *plans; /* text -> SessionPlan */
    guint64 plan_clock;
    guint64
        plan_epoch; /* raised when plans made before must not be used again: SET, USE, an apply, a grant */
    GPtrArray *warnings; /* SessionWarning, of the last statement */
    gint64 found_rows, row_count;
    bool in_transaction;
    char *transaction_label;
    GPtrArray *transaction; /* SessionWrite (dml_int.h) that COMMIT will do; NULL = none yet */
    size_t transaction_bytes;
    gint64 connected_us;
    void (*slow)(void *user); /* see server_session_set_slow; NULL = none */
    void *slow_user;

    /* Set while a statement is translated when it asks for what changes by itself (a clock, ROW_COUNT()). */
    bool used_variable;

    GMutex lock; /* guards what follows */
    ServerTicket ticket;
    bool has_slot;
    bool busy;
    gint closing; /* atomic */
    SessionStop stop;
    EngineConn *running;            /* to interrupt */
    char *statement;                /* that runs, or NULL */
    const char *command;            /* "Query", "Sleep" */
    gint64 since_us, deadline_us;   /* monotonic; 0 = none */
    gint64 waited_us, wait_from_us; /* for a slow client */
    int fd;
};

struct ServerSql {
    ServerApp *app;
    ServerPools *pools;
    struct ServerUsage *usage; /* what was read (server/usage.h) */
    GMutex databases_lock;
    GHashTable *databases; /* set of names: made by CREATE DATABASE, declared in no file (databases.c) */
    gint64 started_us;
    gint next_id, questions, connections, busy;
    GMutex lock; /* guards what follows */
    GCond wake;
    GHashTable *sessions; /* id -> ServerSession, borrowed */
    GThread *watcher;
    gint asleep; /* atomic: the watcher waits to be woken */
    bool closing;
};

/* ---- session.c ---- */
/* What follows may take long. */
void session_slow(ServerSession *session);
void session_warn(ServerSession *session, const char *level, guint code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
void session_clear_warnings(ServerSession *session);
/* A database that exists and of which the user may see something (or a system one). */
bool session_database_exists(ServerSession *session, const char *name);
bool session_database_unknown(GError **error, const char *name);
/* The session's time_zone, SYSTEM resolved; borrowed, until the next SET or session_renew. */
const char *session_zone_name(const ServerSession *session);
/* The session's connection; NULL + error. */
EngineConn *session_conn(ServerSession *session, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Takes the applied snapshot (of the session's environment) and the user's rights as they are now; drops
 * plans when either changed. An environment that is gone leaves the session in production. */
void session_renew(ServerSession *session);
AccessScope session_scope(const ServerSession *session);
void session_drop_plans(ServerSession *session);
void session_forget_transaction(ServerSession *session);
/* AccessVariable of engine_sql_from_mysql; `user` is the session. */
char *session_variable_literal(const char *name, void *user, GError **error);

/* What the transaction collected is carried out (transaction.c); nothing to do is success. */
bool session_commit(ServerSession *session, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- variables.c ---- */
bool session_set_variable(ServerSession *session, const char *name, const char *value,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* SET ...; tokens of `sql`. */
bool session_run_set(ServerSession *session, const char *sql, const GPtrArray *tokens,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* query_timeout, max_execution_time, query.timeout: the least that is set. */
gint64 session_timeout_us(const ServerSession *session);
/* query_timeout where the session has set it; 0 = it has not. */
gint64 session_own_timeout_us(const ServerSession *session);

/* ---- databases.c ---- */
bool session_databases_open(ServerSql *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_database_is_live(ServerSql *sql, const char *name);
bool session_database_add(ServerSession *session, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_database_remove(ServerSession *session, const char *name,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- watch.c ---- */
/* Around a statement: makes it visible, killable and limited in time. */
void session_begin_statement(ServerSession *session, const char *sql);
void session_end_statement(ServerSession *session);
/* While the engine runs for the session: what to interrupt (NULL = nothing any more). false = already
 * stopped. */
bool session_set_running(ServerSession *session, EngineConn *conn);
/* The session as the intake knows it, from here on until the statement ends: its own query_timeout limits
 * what it writes; query.timeout, which is for queries, does not. Borrows `zone`. */
IntakeSession session_writing(ServerSession *session, const char *zone);
/* An INTERRUPTED error becomes what stopped the statement (TIMEOUT, or 1317). */
void session_explain_stop(ServerSession *session, GError **error);
bool session_fail_stopped(ServerSession *session, GError **error);
void session_stop(ServerSession *session, SessionStop stop);
/* Each session, under ServerSql.lock and its own lock: for the process list. */
typedef void (*SessionVisit)(const ServerSession *session, void *user);
void session_visit_all(ServerSql *sql, SessionVisit visit, void *user);

#endif
