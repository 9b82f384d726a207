/* Private to engine/duckdb: the one header that includes <duckdb.h>. */
#ifndef WEIR_ENGINE_DUCKDB_INT_H
#define WEIR_ENGINE_DUCKDB_INT_H

#include <duckdb.h>

#include "engine/engine_int.h"

/* Types that the library has and older headers have not. */
#define ENGINE_DUCKDB_TYPE_GEOMETRY        40
#define ENGINE_DUCKDB_TYPE_VARIANT         41
#define ENGINE_DUCKDB_TYPE_TIMESTAMP_TZ_NS 42
#define ENGINE_DUCKDB_STATEMENT_MERGE_INTO 30

struct Engine {
    gint refs;
    gint poisoned; /* atomic */
    duckdb_database database;
    EngineConn *control; /* for checkpoints and the engine's own questions; under control_lock */
    GMutex control_lock;
    char *path;     /* NULL: memory */
    int fd;         /* of the file, for reading; closed after the database, because closing any
                     * descriptor of a file drops the process's POSIX locks on it. -1: memory */
    bool claimed;   /* path is in the process's list of open warehouses */
    char *wal_path; /* NULL: memory */
    char *recovery_note;
    int64_t checkpoint_wal_bytes;
    unsigned threads; /* that work for queries, the caller of one included */
    GMutex feeds_lock;
    GHashTable *feeds; /* uint64_t* id -> EngineFeed*, under feeds_lock */
    uint64_t next_feed;
    gint changes_begun, changes_ended; /* atomic: engine_changes */
};

struct EngineConn {
    Engine *engine;
    bool holds; /* a reference to engine; the control connection does not */
    duckdb_connection connection;
    EngineStmt *parser, *printer;            /* sql_tree.c: prepared at first use */
    duckdb_prepared_statement begin, commit; /* conn.c: the same */
    gint interrupted;    /* atomic: engine_conn_interrupt came since the statement began */
    GMutex stop_lock;    /* guards `committing` */
    bool committing;     /* no interrupt may come through */
    gint *others;        /* atomic: engine_conn_yield_to; NULL = none */
    bool in_transaction; /* what it changes is seen at COMMIT */
    char *zone;          /* of the last engine_set_time_zone; NULL = UTC */
};

struct EngineStmt {
    EngineConn *conn;
    char *sql;
    duckdb_prepared_statement statement;
    bool has_rows;
    bool is_select; /* reads only: its result streams */
    size_t n_columns;
    EngineLogical **columns; /* of the result; made on demand, NULL when types are not known yet */
    char **column_names;
    size_t n_params;
    char **param_names;
};

struct EngineChunk {
    EngineResult *result;
    duckdb_data_chunk chunk; /* NULL: none */
    size_t rows;
};

struct EngineResult {
    EngineConn *conn;
    EngineStmt *stmt;
    bool owns_stmt; /* engine_query: freed with the result */
    duckdb_result result;
    bool finished;
    size_t n_columns;
    EngineLogical **columns;
    char **names;
    int64_t changed;
    EngineChunk chunk;
    EngineZone zone;
    int64_t **scratch; /* per column: timestamps of other units, as microseconds */
};

/* errors.c: sets *error from an engine message (JSON with errors_as_json, or plain), marks the
 * engine poisoned after a fatal one. `sql` (may be NULL) turns positions into line and column. */
bool engine_int_fail(Engine *engine, GError **error, const char *message, const char *sql);
/* "Binder Error: no such ...": the plain form of an engine message. Caller frees. */
char *engine_int_message(const char *message);

/* feed.c: a GError as text that engine_int_fail turns back into it. Caller frees. */
char *engine_int_pack_error(const GError *error);

/* conn.c: around what may change data; nothing inside a transaction. */
void engine_int_change_begin(EngineConn *conn);
void engine_int_change_end(EngineConn *conn);

/* conn.c: a connection that holds no reference to its engine. */
/* Runs a pending statement to where its result is ready; false = it failed (duckdb_pending_error). result.c
 */
bool engine_int_run_tasks(EngineConn *conn, duckdb_pending_result pending);

EngineConn *engine_int_connect(Engine *engine, bool hold, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* types.c */
EngineLogical *engine_int_logical(duckdb_logical_type type);
void engine_int_logical_free(EngineLogical *logical);
/* The engine's type for a column of a feed; destroy with duckdb_destroy_logical_type. NULL: not a feed's
 * type. */
duckdb_logical_type engine_int_type_of(EngineType type);

/* feed.c, note.c: what engine_open registers. */
bool engine_int_feed_install(EngineConn *conn, Engine *engine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* functions.c: MySQL's functions; a session finds the macros through its search path. */
#define ENGINE_FUNCTIONS_SEARCH_PATH "SET search_path='main,weir_fn.main'"
bool engine_functions_install(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* undo.c: puts the file back to what it was before a checkpoint that was cut off. *ret_note is set
 * when there was something to say. */
bool engine_int_undo_recover(const char *path, char **ret_note, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Copies what a checkpoint may overwrite; `engine_fd` reads the warehouse. */
bool engine_int_undo_write(EngineConn *conn, int engine_fd, const char *path,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool engine_int_undo_remove(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
