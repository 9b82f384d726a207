/* Inside training rows: columns in memory, rows fetched from the engine, and the parts of a retrieval.
 *
 *   columns.c    arrays of one type, filled from the engine's chunks
 *   fetch.c      rows of a view's source into arrays, on several connections, in passes that fit in memory
 *   asking.c     the asking rows: what columns they have, whether they will do, their keys and times
 *   retrieve.c   all of it, block by block of the asking rows
 *   windows.c    aggregates over windows, and values that arrays cannot hold: through the engine
 *   answer.c     the answer's columns as SQL over all that was found; on-demand features
 */
#ifndef WEIR_FEATURES_OFFLINE_INT_H
#define WEIR_FEATURES_OFFLINE_INT_H

#include "features/offline.h"

/* ---- columns (columns.c) ------------------------------------------------------------------------------- */

/* Bytes of all values of a text column, one behind the other. */
typedef struct {
    char *bytes;
    size_t len, room;
} FeaturesHeap;
bool features_heap_add(FeaturesHeap *heap, const char *bytes, size_t len,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    EngineTypeId
        id; /* as the engine gives it; BOOLEAN, INT32, INT64, FLOAT, DOUBLE, TIMESTAMP*, TEXT, BLOB */
    bool null_is_min; /* NULL is written as G_MININT64: times */
    size_t width;     /* of a value; 0 = text */
    guint8 *data;     /* values; NULL for text */
    guint64 *offsets; /* text: rows + 1 */
    guint64 *valid;   /* bits; bits of rows that are not filled are set */
    bool has_null;
    FeaturesHeap heap;
} FeaturesColumn;

typedef struct {
    size_t n_columns, n_rows, room;
    FeaturesColumn *columns;
} FeaturesRows;

/* The type that a feature is fetched as; 0 in *ret_width for text. false = arrays cannot hold it (lists). */
bool features_column_type(FeaturesType type, EngineTypeId *ret_id, size_t *ret_width);

void features_rows_init(FeaturesRows *rows, size_t n_columns);
/* What column i holds; before the first reserve. */
void features_rows_set(FeaturesRows *rows, size_t i, EngineTypeId id, bool null_is_min);
/* Room for that many rows; memory is touched only where rows are written. MEMORY. */
bool features_rows_reserve(FeaturesRows *rows, size_t n, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_rows_clear(FeaturesRows *rows);
/* Bytes that one row takes, text left out. */
size_t features_rows_width(const FeaturesRows *rows);
FeaturesJoinKeys features_rows_keys(const FeaturesRows *rows, size_t i);

/* One writer of rows [from, from + n) of `rows`; several at once, each with its own heaps, when `from` is a
 * multiple of 64. */
typedef struct {
    FeaturesRows *rows;
    size_t from, n;
    FeaturesHeap *heaps; /* a column */
    bool *has_null;      /* a column */
    size_t heap_bytes;
} FeaturesWriter;
void features_writer_init(FeaturesWriter *writer, FeaturesRows *rows, size_t from);
/* Columns of the chunk are those of the rows, in order. TYPE_MISMATCH, MEMORY. */
bool features_writer_add(FeaturesWriter *writer, const EngineChunk *chunk,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Puts the writers' rows one behind the other; a gap of less than 64 rows may stay, with no time (column
 * `time`). Clears the writers. */
bool features_writers_end(FeaturesWriter *writers, size_t n, size_t time,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_writer_clear(FeaturesWriter *writer);

/* ---- fetching (fetch.c) -----------------------------------------------------------------------------------
 */

#define FEATURES_MAX_READERS 8

/* Connections that see one state of the warehouse. conns[0] is the caller's. */
typedef struct {
    EngineConn *conns[FEATURES_MAX_READERS];
    size_t n;
    unsigned threads; /* of the engine */
} FeaturesReaders;
/* Begins a transaction on `conn`, and on others that it opens. */
bool features_readers_open(FeaturesReaders *readers, EngineConn *conn,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Ends them; commits the caller's when `commit`. */
bool features_readers_close(FeaturesReaders *readers, bool commit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A source as it is fetched. */
typedef struct {
    const char *select;   /* the list */
    const char *relation; /* after FROM */
    const char *where;    /* "" = all */
    const char *keys;     /* the key columns, comma-separated, cast; "" = none: it cannot be split */
    const char *rowid;    /* name of the stored order; NULL = none: one connection */
    bool local;           /* a temporary table: one connection */
    size_t time;          /* column of the select */
} FeaturesSource;

/* A part of the keys: hash % modulus = remainder. */
typedef struct {
    guint64 modulus, remainder;
} FeaturesPass;

/* `rows` has its columns set. *ret_full = it would take more than `budget_bytes`: nothing is kept. */
bool features_fetch(const FeaturesReaders *readers, const FeaturesSource *source, const FeaturesPass *pass,
                    gint64 budget_bytes, const gint *cancel, FeaturesRows *rows, bool *ret_full,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- the asking rows (asking.c)
 * ------------------------------------------------------------------------------ */

typedef struct {
    char *name, *type; /* the engine's spelling */
} FeaturesAskColumn;

typedef struct {
    GArray *columns; /* FeaturesAskColumn */
    char *relation;
    const char *rowid; /* its column of row numbers: 0, 1, 2, ... */
    bool staged;       /* relation is a temporary table to be dropped */
    gint64 n_rows;
    size_t time;  /* column */
    size_t *keys; /* of selection->keys: column */
} FeaturesAsking;

/* Columns of a relation: FeaturesAskColumn. */
GArray *features_columns_of(EngineConn *conn, const char *relation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool features_asking_open(FeaturesAsking *asking, EngineConn *conn, const FeaturesAsk *ask,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_asking_clear(FeaturesAsking *asking);
/* The asking rows of no relation: SQL after FROM; caller frees. */
char *features_asking_all(EngineConn *conn, const FeaturesAsk *ask, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A time column as us: what to select, given the engine's spelling of its type; NULL = it is none. */
char *features_time_sql(const char *column, const char *type, bool *ret_zone);
/* "make_timestamptz(..)"; infinity where it does not reach. */
void features_append_time(GString *sql, gint64 us, bool zone);

/* Rows [from, from + n) of the asking rows: columns of rows: one a key, then the time, then the rowid. */
typedef struct {
    size_t n;
    FeaturesRows rows;
    guint32 *place;        /* of row i in the block */
    gint64 min_us, max_us; /* of times; min > max = none */
} FeaturesBlock;
bool features_block_read(FeaturesBlock *block, EngineConn *conn, const FeaturesAsking *asking,
                         const FeaturesSelection *selection, gint64 from, gint64 n, const gint *cancel,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_block_clear(FeaturesBlock *block);
static inline const gint64 *features_block_times(const FeaturesBlock *block)
{
    return (const gint64 *)(const void *)block->rows.columns[block->rows.n_columns - 2].data;
}

/* ---- a retrieval (retrieve.c)
 * --------------------------------------------------------------------------------- */

typedef enum {
    FEATURES_BY_ARRAY,  /* fetched with the keys */
    FEATURES_BY_ROW,    /* looked up for the rows that won */
    FEATURES_BY_WINDOW, /* an aggregate over a window */
    FEATURES_BY_EXPR    /* on demand */
} FeaturesHow;

/* A feature that is picked or that an on-demand feature needs, and where its values are in the answer. */
typedef struct {
    size_t use, feature;
    FeaturesHow how;
    /* BY_ARRAY: values of the block, by place */
    EngineTypeId id;
    size_t width;
    guint8 *data;
    guint64 *offsets; /* text: where it begins in the heap */
    guint32 *lens;
    guint8 *has; /* a row */
    FeaturesHeap heap;
    /* BY_ROW, BY_WINDOW: its column of a temporary table beside the block */
    char *table, *column;
    char *missing; /* what stands for a row that the table has not, SQL */
} FeaturesWanted;

typedef struct {
    EngineConn *conn;
    const FeaturesAsk *ask;
    const FeaturesSelection *selection;
    FeaturesReaders readers;
    FeaturesAsking asking;
    FeaturesBlock block;
    FeaturesWanted *wanted;
    size_t n_wanted;
    gint64 budget_bytes;
    const gint *cancel;
    GPtrArray *temps; /* char*: temporary tables to be dropped */
} FeaturesRetrieval;

/* A use's source, looked at once for a use. */
typedef struct {
    const FeaturesUse *use;
    bool time_zone, created_zone;            /* TIMESTAMP WITH TIME ZONE */
    bool local;                              /* a temporary table of `conn` */
    char *relation, *time_sql, *created_sql; /* created NULL = none */
    char **keys, *keys_sql;                  /* cast; all of them, comma-separated */
    char *rowid;                             /* NULL = none */
} FeaturesUsed;
/* A table has a stored order, also behind the view's own `where`: *ret_relation with its column *ret_rowid. A
 * query has none (both NULL). `columns`: features_columns_of the view's relation. Free both. */
void features_stored_order(EngineConn *conn, const FeaturesView *view, const GArray *columns,
                           char **ret_relation, char **ret_rowid);
/* The order of a query's rows: which of two that tie in everything wins is decided by their values, so that
 * it is the same one each time. */
void features_append_hash_order(GString *sql, const FeaturesView *view);
void features_append_feature(GString *sql, const FeaturesFeature *feature); /* its column or expression */
char *features_feature_sql(const FeaturesFeature *feature); /* cast to its type; caller frees */

/* ---- through the engine (windows.c)
 * ------------------------------------------------------------------------ */

/* Windowed features of a use, for the block: tables and columns of their wanted are set. */
bool features_windows(FeaturesRetrieval *r, const FeaturesUsed *used, size_t use,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* BY_ROW features of a use: winners[place] = rowid, G_MININT64 = none. */
bool features_lookup(FeaturesRetrieval *r, const FeaturesUsed *used, size_t use, const gint64 *winners,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- the answer (answer.c) -------------------------------------------------------------------------------
 */

/* The block's rows into `into`, which the first block makes. */
bool features_answer(FeaturesRetrieval *r, gint64 from, const char *into,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
