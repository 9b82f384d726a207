/* How one model becomes its table: what the files build*.c share.
 *
 *   build.c               the frame: a table is built beside its target, judged, checked, and swapped in
 *   build_rows.c          running SQL of an interval into the table beside the target
 *   build_full.c          kinds view, full
 *   build_scd2.c          kind scd2
 *   build_incremental.c   kind incremental, by time: time_range
 *   build_merge.c         append, merge, delete+insert
 *   build_batches.c       microbatch, insert_overwrite; batch.c: the arithmetic of batches
 *   build_snapshot.c      kind snapshot
 *   build_held.c          rows that a check held back, released; build_size.c: bytes of rows
 *   build_keys.c          keys of a batch: NULL, twice, the same in the table
 *   build_columns.c       on_schema_change
 *
 * A kind (or a strategy of one) is a row of FAMILIES in build.c: a WarehouseFamily. The frame calls its
 * functions in this order, all on the thread of the run's worker, except `merge`:
 *
 *   plan      what to run: build->replace, the interval or the batches
 *   rows      makes the table build_sql with the rows of build->interval
 *   prepare   judges those rows, brings columns together, makes what else `merge` needs
 *   (checks)  over build_sql, and over the table as it will be: `whole`
 *   merge     in the committer's transaction, together with the run's row and what is known of the model
 *
 * With build->replace the table beside becomes the table (DROP, RENAME): `whole` and `merge` are not called.
 * A failure anywhere leaves readers with what they had; the table beside is dropped. */
#ifndef WEIR_WAREHOUSE_BUILD_INT_H
#define WEIR_WAREHOUSE_BUILD_INT_H

#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

#define WAREHOUSE_MAX_BATCHES 100000 /* of one run */

typedef struct Build Build;

/* A column of the run, of the table, or of both. */
typedef struct {
    char *name, *quoted;
    char *old_type, *new_type; /* in the table, in the run; NULL = not there */
} WarehouseColumn;
void warehouse_column_free(gpointer column);

typedef enum {
    WAREHOUSE_BATCH_HOUR,
    WAREHOUSE_BATCH_DAY,
    WAREHOUSE_BATCH_MONTH,
    WAREHOUSE_BATCH_YEAR
} WarehouseBatchSize;

typedef struct {
    CatalogModelKind kind;
    CatalogStrategy strategy;                      /* CATALOG_STRATEGY_NONE: any, of this kind */
    bool (*make)(Build *build, GError **error);    /* all of it, where no table is made; NULL = the frame */
    bool (*plan)(Build *build, GError **error);    /* never NULL where make is NULL */
    bool (*rows)(Build *build, GError **error);    /* NULL = warehouse_build_rows */
    bool (*prepare)(Build *build, GError **error); /* NULL = nothing to judge */
    char *(*whole)(Build *build);                  /* a relation in SQL; caller frees */
    bool (*merge)(Build *build, EngineConn *conn, GError **error); /* on the committer: may not wait */
} WarehouseFamily;

/* Rows of a run: in = written + rejected + deduplicated + unselected. */
typedef struct {
    gint64 in;           /* given by the SELECT, and the row of unknown members */
    gint64 written;      /* swapped in */
    gint64 rejected;     /* put aside by checks */
    gint64 deduplicated; /* gave way to a later one of their key; of scd2 also those that say nothing new */
    gint64 unselected;   /* outside the interval, with `outside: count`; of scd2 late versions */
} WarehouseCounts;

struct Build {
    const WarehouseRunContext *context;
    EngineConn *conn; /* the run's own */
    const CatalogObject *model;
    const WarehouseFamily *family;
    WarehouseRun *run;
    char *build_name;             /* bare */
    char *build_sql, *target_sql; /* quoted */
    char *body;                   /* the SELECT as it is run */
    char *hash;                   /* of the model's logic */
    WarehouseRelation relation;   /* under the model's name, when the run began */
    bool exists;                  /* the table is there, and this model made it */
    bool changed;                 /* and from other logic */
    const char *time;             /* column that intervals cut by; NULL = none. Borrowed */
    EngineTypeId time_type;       /* its type; TEXT writes ISO days or times */
    WarehouseInterval interval;   /* of the batch at work; 0, 0 = none */
    WarehouseInterval done;       /* what of it may be written down as done */
    GArray *batches;              /* WarehouseInterval, in order; NULL = `interval` alone */
    GArray *intervals;            /* of the model, as read; then as they will be */
    bool replace;                 /* the build becomes the table; else it is merged in */
    bool keep_hash;               /* merged into a table that is still to be built anew */
    WarehouseBatchSize batch_size;
    bool by_partition;  /* intervals are widened to batch_size */
    bool judged;        /* what is looked at once a run */
    gint64 begin_us;    /* of the first batch */
    GPtrArray *columns; /* WarehouseColumn*: of the table after the run; with !replace, after columns_meet */
    GPtrArray *drops;   /* WarehouseColumn*: those that go; NULL = none */
    bool clash;         /* rows outside the interval have keys of the new ones */
    bool idle;          /* there is no batch: nothing but the run's row is written */
    bool began;         /* the table beside is there: more rows are added to it */
    gint64 beside_rows; /* in it */
    bool released;      /* the rows are those that a check held back (build_held.c) */
    gint64 swap_from_us, swapped_us; /* monotonic: the swap under way; those of earlier batches */
    bool last;                       /* of the batches */
    QualityOutcome *outcome;         /* of the checks; NULL = not run yet */
    char *rejects_sql;               /* quoted: rows put aside; NULL = none are */
    WarehouseCounts counts;          /* of all batches */
    GString *notes;                  /* sentences for the run's record when it is done; "" = none */
    gpointer state;                  /* the family's own */
    GDestroyNotify state_free;
};

/* ---- build.c: for families ------------------------------------------------------------------------------
 */

/* An interrupt that came between two statements found nothing to stop: INTERRUPTED. */
bool warehouse_build_go_on(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds a sentence to the record of the run. */
void warehouse_build_note(Build *build, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* DROP TABLE IF EXISTS of the table beside. */
bool warehouse_build_drop(const Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Checks of the model over a relation: CHECK_FAILED when the rows must not be seen. */
bool warehouse_build_check(Build *build, const char *rows_sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* build_held.c: the rows that a check held back become the table beside, when they are of this logic and
 * interval; else they are built again, which the run's record says. */
bool warehouse_build_take_held(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* build_size.c: run->bytes = the rows so far by the mean size of those beside. */
bool warehouse_build_measure(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* build_unknown.c: the row of unknown members, into the table beside. */
bool warehouse_build_unknown(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The transaction of the swap, with the run's row. */
bool warehouse_build_swap(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- build_rows.c ---------------------------------------------------------------------------------------
 */

/* Runs SQL that may name the parameters of models; $start and $end are those of build->interval. */
bool warehouse_build_exec(Build *build, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* CREATE TABLE build AS the model's SELECT; the count goes to run->rows. */
bool warehouse_build_rows(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of another SELECT. A second call before the swap adds to the first. */
bool warehouse_build_rows_of(Build *build, const char *select, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The type of build->time: from the catalog, else from the engine. */
bool warehouse_build_time_type(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* build->time of `alias` as what can be compared with times: NULL where a text is none. Caller frees. */
char *warehouse_build_time_sql(const Build *build, const char *alias);
/* alias."column" >= start AND alias."column" < end of build->interval. Caller frees. */
char *warehouse_build_inside(const Build *build, const char *alias);

/* ---- archived.c -------------------------------------------------------------------------------------- */

/* INPUT_ARCHIVED when the run would make time again whose input is in the archive alone; after `plan`. */
bool warehouse_build_inputs(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- counts.c ---------------------------------------------------------------------------------------- */

/* Counts what is about to be swapped in; before the swap. */
bool warehouse_counts_written(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With the run's row; nothing for families that make no table beside. */
bool warehouse_counts_record(const Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- families -------------------------------------------------------------------------------------------
 */

/* build_full.c */
bool warehouse_view_make(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_view_swap(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_full_plan(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* build_incremental.c */
bool warehouse_range_plan(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_range_prepare(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_range_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_range_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `outside: count`. */
bool warehouse_counts_outside(const Build *build);
/* Rows of the run outside its interval: RUN_FAILED, or left out and counted. A key makes them no question. */
bool warehouse_judge_outside(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* build_merge.c */
bool warehouse_append_prepare(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_append_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_append_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_delete_insert_prepare(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_delete_insert_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_delete_insert_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_merge_prepare(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_merge_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_merge_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* build_batches.c */
bool warehouse_microbatch_plan(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_microbatch_rows(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_microbatch_prepare(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_overwrite_plan(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_overwrite_prepare(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_overwrite_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_overwrite_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* build_snapshot.c */
bool warehouse_snapshot_plan(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_snapshot_rows(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_snapshot_prepare(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_snapshot_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_snapshot_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* --full of a run that names this model, by its own or its full name. */
bool warehouse_build_may_wipe(const Build *build);

/* ---- build_keys.c -----------------------------------------------------------------------------------------
 */

bool warehouse_has_key(const Build *build);
bool warehouse_key_has(const Build *build, const char *column);
/* Rows `a` and `b` have one key, as SQL. Caller frees. */
char *warehouse_key_match(const Build *build, const char *a, const char *b);
/* KEY_NULL; `dup_in_batch` carried out, and KEY_DUPLICATE where the key is there twice and one_row or the
 * definition forbids it. A model without a key has nothing to judge. */
bool warehouse_keys_judge(Build *build, bool one_row, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- build_columns.c --------------------------------------------------------------------------------------
 */

/* Columns of a table in order. `old`: their types are old_type, else new_type. */
bool warehouse_columns_read(EngineConn *conn, const char *table_sql, bool old, GPtrArray **ret,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Settles build->columns and build->drops by on_schema_change: SCHEMA_CHANGED. Only with !replace. */
bool warehouse_columns_meet(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* ALTER TABLE as settled; in the transaction of the swap, before rows are changed. */
bool warehouse_columns_alter(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All columns of `alias`, which is the table as it is (`old`) or the run, with the types that they will have;
 * those that are not there are NULL. Caller frees, as of the next two. */
char *warehouse_columns_select(const Build *build, const char *alias, bool old);
char *warehouse_columns_names(const Build *build);
char *warehouse_columns_values(const Build *build, const char *alias);
/* INSERT of the rows of the run. */
bool warehouse_columns_insert(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- batch.c
 * ----------------------------------------------------------------------------------------------- */

typedef struct {
    WarehouseBatchSize size;
    GTimeZone *zone;
    gint64 now_us;
    gint64 begin_us;         /* WAREHOUSE_BEGINNING_US = not said */
    gint64 lookback_batches; /* N = the current one and N before it */
    gint64 lookback_us;
    gint64 start_us, end_us; /* asked for; 0 = not */
    bool rebuild;
} WarehouseBatchAsk;
bool warehouse_batch_size_by_name(const char *word, WarehouseBatchSize *ret);
/* Start of the batch that holds `us`, of the next one, and `us` itself or the next start after it. */
gint64 warehouse_batch_floor(gint64 us, WarehouseBatchSize size, GTimeZone *zone);
gint64 warehouse_batch_next(gint64 us, WarehouseBatchSize size, GTimeZone *zone);
gint64 warehouse_batch_ceil(gint64 us, WarehouseBatchSize size, GTimeZone *zone);
/* The batches of a run (WarehouseInterval, in order; caller unrefs).
 *   asked for: those that [start, end) touches.
 *   rebuild, or nothing done: from begin on; without begin one batch of all history.
 *   else: those that are not done, and the current one with as many before it as lookback says.
 * None are before begin, unless asked for; the last is the one that holds now (a run at its very start does
 * not take it). Errors: INTERVAL_INVALID. */
bool warehouse_batches_decide(const WarehouseBatchAsk *ask, const GArray *done, GArray **ret,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* build_scd2.c */
bool warehouse_scd2_make(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_scd2_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_scd2_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What of a header the views depend on; "" for NULL. Caller frees. */
char *warehouse_scd2_text(const CatalogScd2 *spec);

#endif
