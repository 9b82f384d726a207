/* Where SQL runs. One interface; engine/duckdb/ is the embedded engine behind it.
 *
 * An Engine is one open warehouse (a file, or memory). It is shared and thread-safe. An EngineConn
 * is a session of it: one thread at a time, except engine_conn_interrupt. Results stream: rows come
 * chunk by chunk, column-major, and are never held whole.
 *
 * Errors of the engine are mapped to Weir's codes (SQL_SYNTAX, TABLE_UNKNOWN, COLUMN_UNKNOWN,
 * TYPE_MISMATCH, VALUE_OUT_OF_RANGE, INTERRUPTED, MEMORY, DISK_FULL, CONFLICT, else SQL_FAILED) and
 * keep its message; where the engine names a position in the text, the error's place is
 * (file NULL, line, column) in that text. */
#ifndef WEIR_ENGINE_ENGINE_H
#define WEIR_ENGINE_ENGINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

typedef struct Engine Engine;
typedef struct EngineConn EngineConn;
typedef struct EngineStmt EngineStmt;
typedef struct EngineResult EngineResult;
typedef struct EngineChunk EngineChunk;

/* ---- types and values ---------------------------------------------------------------------- */

typedef enum {
    ENGINE_NULL, /* untyped NULL */
    ENGINE_BOOLEAN,
    ENGINE_INT8,
    ENGINE_INT16,
    ENGINE_INT32,
    ENGINE_INT64,
    ENGINE_INT128,
    ENGINE_UINT8,
    ENGINE_UINT16,
    ENGINE_UINT32,
    ENGINE_UINT64,
    ENGINE_UINT128,
    ENGINE_FLOAT,
    ENGINE_DOUBLE,
    ENGINE_DECIMAL, /* width, scale */
    ENGINE_TEXT,    /* UTF-8 */
    ENGINE_JSON,    /* text that is JSON */
    ENGINE_BLOB,
    ENGINE_DATE,         /* days since 1970-01-01 */
    ENGINE_TIME,         /* us since midnight */
    ENGINE_TIMESTAMP,    /* us, no zone */
    ENGINE_TIMESTAMP_TZ, /* us UTC */
    ENGINE_INTERVAL,
    ENGINE_UUID,
    ENGINE_ENUM,
    ENGINE_BIT,
    ENGINE_LIST,
    ENGINE_STRUCT,
    ENGINE_MAP,
    ENGINE_ARRAY,
    ENGINE_UNION,
    ENGINE_OTHER /* shown as the engine's own text */
} EngineTypeId;

typedef struct {
    EngineTypeId id;
    uint8_t width, scale; /* DECIMAL */
} EngineType;

/* The engine's spelling ("DECIMAL(18,2)", "BIGINT[]") of a result column: engine_result_type_text. */
const char *engine_type_name(EngineTypeId id);
/* Bytes of a value in a column or feed (its C form, see EngineColumn); 0 = it has no fixed size there. */
size_t engine_type_bytes(EngineTypeId id);

/* A value to bind. TEXT, JSON, BLOB borrow their bytes until the bind call returns. DECIMAL is bound
 * as text. */
typedef struct {
    EngineTypeId id;
    union {
        bool boolean;
        int64_t i64; /* all signed integers, DATE in days, TIME and TIMESTAMP* in us */
        uint64_t u64;
        double real; /* FLOAT, DOUBLE */
        struct {
            const char *bytes;
            size_t len;
        } text;
    };
} EngineValue;

/* Of text that may be NULL (then the value is NULL too), borrowed; of an integer. */
EngineValue engine_value_text(const char *text);
EngineValue engine_value_int(int64_t i);

/* ---- opening ------------------------------------------------------------------------------- */

typedef struct {
    const char *path;             /* of the warehouse file; NULL = memory */
    const char *spool_dir;        /* the one folder that SQL may read files from; NULL = none */
    int64_t memory_bytes;         /* 0 = 60 % of the machine's */
    unsigned threads;             /* 0 = one a core */
    int nice;                     /* how far the engine's own threads give way to the caller's; 0 to 19 */
    int64_t temp_max_bytes;       /* disk for what does not fit in memory */
    int64_t checkpoint_wal_bytes; /* engine_checkpoint_due */
} EngineOptions;

/* No other code of this process may open the warehouse file itself: closing any descriptor of it drops
 * the POSIX lock that keeps other processes out. (engine_backup copies it; stat is harmless.)
 *
 * Opens, replays the log, and, where a checkpoint was cut off, first puts the file back to what it
 * was before that checkpoint (engine/duckdb/checkpoint.c says how). Locks the engine down: no file
 * outside spool_dir, no network, no extensions, no settings.
 * Errors: DATA_LOCKED, DATA_DAMAGED, FORMAT_NEWER, DISK_FULL, FILE_IO. */
Engine *engine_open(const EngineOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
Engine *engine_ref(Engine *engine);
/* The last unref checkpoints (when it can) and closes. */
void engine_unref(Engine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_unref)

const char *engine_version(void); /* "DuckDB v1.5.6" */
/* What engine_open did that an operator should know ("a checkpoint was undone"); NULL = nothing. */
const char *engine_recovery_note(const Engine *engine);

/* Checkpoints are the caller's: they stop commits while they run, so the committer takes them.
 * `due` is true when the log is larger than checkpoint_wal_bytes. engine_checkpoint fails with
 * CONFLICT when a transaction is in the way (harmless; try later). Never blocks behind a reader. */
bool engine_checkpoint_due(Engine *engine);
bool engine_checkpoint(Engine *engine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
int64_t engine_wal_bytes(Engine *engine);
int64_t engine_file_bytes(Engine *engine);

/* After an internal fatal error every statement fails until the engine is opened again; true then.
 * The owner closes all connections, unrefs and opens anew. */
bool engine_poisoned(Engine *engine);

/* A consistent copy of the warehouse as a new file at `path`, which must not exist, while others read
 * and prepare writes. The caller lets no commit run meanwhile (the committer calls it). The copy has been
 * opened and checkpointed, so it is one file that is known to be whole. To restore: put it in the place of
 * the warehouse and remove `<warehouse>.wal*` and `.undo`. Errors: DISK_FULL, FILE_IO. */
bool engine_backup(Engine *engine, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- sessions ------------------------------------------------------------------------------- */

EngineConn *engine_connect(Engine *engine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void engine_disconnect(EngineConn *conn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EngineConn, engine_disconnect)
Engine *engine_conn_engine(EngineConn *conn); /* borrowed */

/* Stops what the connection runs, from any thread; what it ran fails with INTERRUPTED. Nothing happens while
 * it is in engine_commit: a COMMIT ends as it would. */
void engine_conn_interrupt(EngineConn *conn);
/* While the atomic *others is not 0, what this connection runs stops for some milliseconds after each of its
 * steps: so that those others have the core. NULL = it does not. `others` must live until it is set anew. */
void engine_conn_yield_to(EngineConn *conn, gint *others);
/* 0..1, or -1 when unknown; from any thread. */
double engine_conn_progress(EngineConn *conn);
/* The session's time zone: what now(), date arithmetic on TIMESTAMP_TZ and casts to local time go by. An IANA
 * name or an offset such as "+08:00"; TIMEZONE_UNKNOWN for an offset that no zone of the engine has. UTC at
 * first, and with NULL. Costs nothing when the session has that zone already. TRAP: a plan may hold constants
 * of the zone that it was made under: statements that were prepared keep to it. */
bool engine_set_time_zone(EngineConn *conn, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether statements planned from now on give rows, and insert them, in the order of their source. Off at
 * first. */
bool engine_conn_keep_order(EngineConn *conn, bool keep, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs one or more statements without a result that matters. */
bool engine_exec(EngineConn *conn, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With values for ?1.. or $1.. and the number of rows changed. `ret_changed` may be NULL. */
bool engine_exec_values(EngineConn *conn, const char *sql, const EngineValue *values, size_t n_values,
                        int64_t *ret_changed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool engine_begin(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool engine_commit(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void engine_rollback(EngineConn *conn); /* never fails: what cannot be undone is gone already */

/* TRAP: a plan of this engine holds statistics of the data that it was made for (ranges of columns, for
 * filters that are always false, for packing sort and group keys). Run again after the data changed it gives
 * WRONG ROWS; DuckDB makes a plan anew only when definitions changed. So: prepare and run inside one
 * transaction (then the plan's statistics cover all that the transaction sees), or run a kept plan only while
 * nothing changed: engine_changes gives a number that is another after every commit, and is true when no
 * commit is in progress. Take it before engine_prepare (true needed) and compare after engine_stmt_run,
 * before rows are used (true and the same needed). */
bool engine_changes(Engine *engine, unsigned *ret_version);

/* ---- statements ----------------------------------------------------------------------------- */

EngineStmt *engine_prepare(EngineConn *conn, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void engine_stmt_free(EngineStmt *stmt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EngineStmt, engine_stmt_free)
size_t engine_stmt_n_params(const EngineStmt *stmt);
/* Name of parameter i (from 0) without "$"; borrowed until the statement is freed. */
const char *engine_stmt_param_name(const EngineStmt *stmt, size_t i);
EngineType engine_stmt_param_type(const EngineStmt *stmt, size_t i); /* NULL when not known */
/* Columns of the result, known before it runs; 0 for a statement without rows. Where they depend on
 * parameters (FROM range(?)) there is one column "unknown" of type NULL; the result has the true ones. */
size_t engine_stmt_n_columns(const EngineStmt *stmt);
const char *engine_stmt_column_name(const EngineStmt *stmt, size_t i);
EngineType engine_stmt_column_type(const EngineStmt *stmt, size_t i);
bool engine_stmt_bind(EngineStmt *stmt, size_t i, const EngineValue *value,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* true + index when the statement has a parameter of that name. */
bool engine_stmt_param_index(const EngineStmt *stmt, const char *name, size_t *ret_i);

/* Starts it; rows come from engine_result_next. The statement must outlive the result, and one
 * result is open at a time on a connection. */
EngineResult *engine_stmt_run(EngineStmt *stmt, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Prepare, run; the result owns the statement. */
EngineResult *engine_query(EngineConn *conn, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void engine_result_free(EngineResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EngineResult, engine_result_free)
size_t engine_result_n_columns(const EngineResult *result);
const char *engine_result_column_name(const EngineResult *result, size_t i);
EngineType engine_result_column_type(const EngineResult *result, size_t i);
const char *engine_result_type_text(const EngineResult *result, size_t i); /* "BIGINT[]" */
int64_t engine_result_changed(const EngineResult *result); /* rows changed by DML; 0 otherwise */

/* The next chunk, NULL at the end (then *error is not set) or on failure. Borrowed until the next
 * call or engine_result_free. At most ENGINE_CHUNK_ROWS rows. */
#define ENGINE_CHUNK_ROWS 2048
EngineChunk *engine_result_next(EngineResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
size_t engine_chunk_rows(const EngineChunk *chunk);
void engine_chunk_cut(EngineChunk *chunk, size_t rows); /* to at most the first rows */

/* Raw access to one column of a chunk: `data` is an array of the type's C form: int8_t..int64_t,
 * uint8_t.., bool, float, double; DATE int32_t days; TIME, TIMESTAMP* int64_t us. Other types: use
 * the functions below. `valid` NULL = no NULLs, else bit row%64 of word row/64 is 1 for a value. */
typedef struct {
    EngineType type;
    const void *data;
    const uint64_t *valid;
    void *vector;        /* the engine's own; opaque */
    const void *logical; /* the engine's own type; opaque */
} EngineColumn;
EngineColumn engine_chunk_column(const EngineChunk *chunk, size_t i);
static inline bool engine_column_is_null(const EngineColumn *column, size_t row)
{
    return column->valid && !((column->valid[row / 64] >> (row % 64)) & 1);
}
/* Bytes of a TEXT, JSON or BLOB value; borrowed from the chunk. ENGINE_SHORT_BYTES can be read at any of
 * them, however short it is. */
#define ENGINE_SHORT_BYTES 12
const char *engine_column_bytes(const EngineColumn *column, size_t row, size_t *ret_len);

/* engine/column.c: one value that is not NULL as a plain C value, whatever width it is kept in. False when
 * the column is of no such type, or the value does not fit. */
bool engine_column_int(const EngineColumn *column, size_t row, int64_t *ret);     /* any integer */
bool engine_column_real(const EngineColumn *column, size_t row, double *ret);     /* numbers, DECIMAL too */
bool engine_column_time(const EngineColumn *column, size_t row, int64_t *ret_us); /* DATE, TIMESTAMPs; below a
                                                                                  us: floored; not infinity */
/* Rows [*ret_first, *ret_first + *ret_n) of *ret_items are the items of a LIST or ARRAY value. */
bool engine_column_items(const EngineColumn *column, size_t row, EngineColumn *ret_items, size_t *ret_first,
                         size_t *ret_n);

/* engine/format.c: any value as text, as Weir shows it everywhere: shortest round-trip reals,
 * "2026-11-21 10:20:30.5", nested values as JSON. NULL appends nothing and returns false. */
bool engine_column_append_text(const EngineColumn *column, size_t row, GString *out);
/* A number as engine_column_append_text writes it ("0.1", "1.5e20", "1" without a point, "nan", "inf",
 * "-inf"), at `out`, where ENGINE_NUMBER_MAX_BYTES are enough; not terminated. Returns the end. */
#define ENGINE_NUMBER_MAX_BYTES 32
char *engine_put_int(char *out, int64_t value);
char *engine_put_double(char *out, double value);
char *engine_put_float(char *out, float value);
/* As a JSON value: numbers bare (NaN and infinities null; 128-bit and DECIMAL as numbers), text quoted. */
void engine_column_append_json(const EngineColumn *column, size_t row, GString *out);

/* ---- small results ---------------------------------------------------------------------------- */

/* First column of the first row as text, NULL when there is no row or it is NULL; caller frees.
 * `found` may be NULL. For settings, counts and tests. */
bool engine_query_text(EngineConn *conn, const char *sql, char **ret_text,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool engine_query_int(EngineConn *conn, const char *sql, int64_t *ret,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All rows as JSON [{column: value}]; for small results only (at most `max_rows`). */
json_t *engine_query_json(EngineConn *conn, const char *sql, const EngineValue *values, size_t n_values,
                          size_t max_rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- feeding rows in ------------------------------------------------------------------------- */

/* A feed gives rows to the engine: `... FROM weir_feed(ID)`. The engine calls `next` from up to
 * max_threads threads of its own, each with a local state, until it gives 0 rows. Nothing in a feed
 * may block for long: it holds an engine thread. */
typedef struct EngineBatch EngineBatch;
typedef struct EngineFeed EngineFeed;
struct EngineFeed {
    size_t n_columns;
    const char *const *names;
    const EngineType *types;   /* integers, FLOAT, DOUBLE, BOOLEAN, TEXT, BLOB, DATE, TIMESTAMP, DECIMAL as
                                  int64 <= 18 digits; LISTs of them (but of DECIMAL) */
    const EngineTypeId *items; /* what each LIST is of; NULL = there are no lists */
    unsigned max_threads;
    int64_t rows_estimate; /* for the planner; 0 = unknown */
    /* A thread's state; called once in each thread before `next`. NULL + error = the query fails. */
    void *(*open)(EngineFeed *feed, GError **error);
    /* Fills `batch` and sets its row count with engine_batch_set_rows; 0 rows = this thread is done. */
    bool (*next)(EngineFeed *feed, void *local, EngineBatch *batch, GError **error);
    void (*close)(void *local);
    gint n_plans; /* atomic; the engine counts how often a plan was made that reads it */
};
/* Makes weir_feed(*ret_id) readable; `feed` is borrowed until engine_feed_remove, which may be called
 * once no query reads it. */
uint64_t engine_feed_add(Engine *engine, EngineFeed *feed);
void engine_feed_remove(Engine *engine, uint64_t id);

/* Writing one batch of at most ENGINE_CHUNK_ROWS rows. Only columns that the query reads are wanted:
 * skip others. `data` is the array of the type's C form (as in EngineColumn; BOOLEAN bool). */
bool engine_batch_wanted(const EngineBatch *batch, size_t column);
void *engine_batch_data(EngineBatch *batch, size_t column);
void engine_batch_set_null(EngineBatch *batch, size_t column, size_t row);
/* TEXT must be valid UTF-8 (base_text_utf8_valid). Copies. */
void engine_batch_set_bytes(EngineBatch *batch, size_t column, size_t row, const char *bytes, size_t len);
/* A LIST of n items, NULL of none; returns the index of the first. engine_batch_items is the array of the
 * items of all lists of the column so far: the next list may move it. Bytes of items are set as those of
 * rows. */
size_t engine_batch_set_list(EngineBatch *batch, size_t column, size_t row, size_t n);
void *engine_batch_items(EngineBatch *batch, size_t column);
void engine_batch_set_item_bytes(EngineBatch *batch, size_t column, size_t item, const char *bytes,
                                 size_t len);
void engine_batch_set_rows(EngineBatch *batch, size_t rows);

/* A SQL function `name(BIGINT handle, BIGINT row, VARCHAR text) -> BOOLEAN` that calls back into C
 * with side effects (volatile): how an expression tells the load of a row that it refuses. */
typedef bool (*EngineNote)(void *user, int64_t handle, int64_t row, const char *text, size_t len);
bool engine_add_note_function(Engine *engine, const char *name, EngineNote note, void *user,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
