/* How one model becomes its table: what the files build*.c share.
 *
 *   build.c               the frame: a table is built beside its target, judged, checked, and swapped in
 *   build_rows.c          running SQL of an interval into the table beside the target
 *   build_full.c          kinds view, full
 *   build_incremental.c   kind incremental: strategies
 *   build_scd2.c          kind scd2
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

typedef struct Build Build;

typedef struct {
    CatalogModelKind kind;
    CatalogStrategy strategy; /* CATALOG_STRATEGY_NONE: any, of this kind */
    bool intervals;           /* runs by interval, and keeps what is done in _weir.intervals */
    bool (*make)(Build *build, GError **error);    /* all of it, where no table is made; NULL = the frame */
    bool (*plan)(Build *build, GError **error);    /* never NULL where make is NULL */
    bool (*rows)(Build *build, GError **error);    /* NULL = warehouse_build_rows */
    bool (*prepare)(Build *build, GError **error); /* NULL = nothing to judge */
    char *(*whole)(Build *build);                  /* a relation in SQL; caller frees */
    bool (*merge)(Build *build, EngineConn *conn, GError **error); /* on the committer: may not wait */
} WarehouseFamily;

struct Build {
    const WarehouseRunContext *context;
    EngineConn *conn; /* the run's own */
    const CatalogObject *model;
    const WarehouseFamily *family;
    WarehouseRun *run;
    char *build_name;             /* bare */
    char *build_sql, *target_sql; /* quoted */
    char *hash;                   /* of the model's logic */
    WarehouseRelation relation;   /* under the model's name, when the run began */
    bool exists;                  /* the table is there, and this model made it */
    bool changed;                 /* and from other logic */
    EngineTypeId time_type;       /* of the column that intervals cut by */
    WarehouseInterval interval;   /* of the batch at work; 0, 0 = none */
    WarehouseInterval done;       /* what of it may be written down as done */
    GArray *batches;              /* WarehouseInterval, in order; NULL = `interval` alone */
    GArray *intervals;            /* of the model, as read; then as they will be */
    bool replace;                 /* the build becomes the table; else it is merged in */
    bool keep_hash;               /* merged into a table that is still to be built anew */
    bool clash;                   /* rows outside the interval have keys of the new ones */
    bool last;                    /* of the batches */
    GString *notes;               /* sentences for the run's record when it is done; "" = none */
    gpointer state;               /* the family's own */
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
/* The transaction of the swap, with the run's row. */
bool warehouse_build_swap(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- build_rows.c ---------------------------------------------------------------------------------------
 */

/* Runs SQL that may name $start and $end, which are those of build->interval. */
bool warehouse_build_exec(Build *build, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* CREATE TABLE build AS the model's SELECT; the count goes to run->rows. */
bool warehouse_build_rows(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The type of `column` among the model's: from the catalog, else from the engine. */
bool warehouse_build_time_type(Build *build, const char *column, EngineTypeId *ret,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* alias."column" >= start AND alias."column" < end of build->interval. Caller frees. */
char *warehouse_build_inside(const Build *build, const char *alias, const char *column);

/* ---- families -------------------------------------------------------------------------------------------
 */

/* build_full.c */
bool warehouse_view_make(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_view_swap(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_full_plan(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* build_incremental.c: time_range, and models with `time` and no strategy */
bool warehouse_range_plan(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_range_prepare(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_range_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_range_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* build_scd2.c */
bool warehouse_scd2_make(Build *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *warehouse_scd2_whole(Build *build) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_scd2_merge(Build *build, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What of a header the views depend on; "" for NULL. Caller frees. */
char *warehouse_scd2_text(const CatalogScd2 *spec);

#endif
