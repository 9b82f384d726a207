/* A batch merged into a history: what files scd2*.c share. No run, no catalog: a connection, names, a spec.
 *
 *   scd2_sql.c     SQL with the names of one history filled in
 *   scd2_judge.c   a batch is fit to be merged: keys, times, duplicates
 *   scd2_diff.c    batch against history -> the table of changes
 *   scd2_chain.c   keys with several versions in a batch, or with versions put between old ones
 *   scd2_merge.c   the table of changes into the history: in one transaction
 *   build_scd2.c   the kind in the frame of build.c
 *
 * The history is a table with the columns of the model's SELECT and three more: _weir_from, _weir_to (NULL =
 * open) and _weir_deleted. Of a key no two versions overlap, each has from < to, one at most is open; (key,
 * from) names a version. Times are TIMESTAMP, local time of the project. How readers see them (names, an end
 * in place of NULL, days) is the views' part, so that changing it touches no row.
 *
 * Only versions of keys that the batch touches are read after the first join, and only those that change are
 * written: `_weir_to` of versions that close, and new rows. */
#ifndef WEIR_WAREHOUSE_SCD2_INT_H
#define WEIR_WAREHOUSE_SCD2_INT_H

#include "catalog/catalog.h"
#include "engine/sql.h"

#define SCD2_FROM    CATALOG_HISTORY_FROM
#define SCD2_TO      CATALOG_HISTORY_TO
#define SCD2_DELETED CATALOG_HISTORY_DELETED
#define SCD2_AT      "_weir_at" /* of a row of the batch: the time of its version */

typedef struct {
    const CatalogScd2 *spec;
    const char *const *key; /* NULL-terminated */
    const char *table;      /* "domain.name", for messages */
    const char *stage;      /* relation of the batch: the columns of the SELECT and _weir_at */
    const char *history;    /* quoted name of the table of versions */
    const char *changes;    /* quoted name of the table that scd2_diff makes */
    const char *run_time;   /* SQL literal: TIMESTAMP '...' */
    const char *restate;    /* the same: versions from then on are made anew; NULL */
    GPtrArray *columns;     /* char*: of the batch, without _weir_at */
    GPtrArray *known;       /* char*: of the history, without its own three; NULL = there is no history yet */
    bool duplicates;        /* out, scd2_judge: the batch has keys with several rows */
    bool closed;            /* out, scd2_diff: versions that are closed already change too */
    gint64 n_inserted, n_ended;     /* out, scd2_diff: versions */
    gint64 n_begun, n_same, n_late; /* out, scd2_diff: rows of the batch that begin a version, say
                                       nothing new, came too late to count */
} Scd2;

/* ---- scd2_sql.c -----------------------------------------------------------------------------------------
 */

/* SQL with words in braces filled in: {stage} {past} (the history; while restating, as it was then) {history}
 * {changes} {run} {key}; {key:b} = b."k1", b."k2"; {b=o} = b."k1" = o."k1" AND ...; {columns}, {columns:b};
 * {u:o} = the time of version of a row o of the history; {differs:b,o} = a compared column differs;
 * {first} = where the first version of a key begins. Caller frees. */
char *scd2_sql(const Scd2 *s, const char *text);
bool scd2_exec(const Scd2 *s, EngineConn *conn, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool scd2_count(const Scd2 *s, EngineConn *conn, const char *text, gint64 *ret,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool scd2_has(const GPtrArray *names, const char *name); /* case folded */

/* ---- the steps -------------------------------------------------------------------------------------------
 */

/* The version's time of a row of the SELECT, as the column _weir_at of the batch. Caller frees. */
char *scd2_at_sql(const Scd2 *s);
/* Errors: RUN_FAILED, whose message begins with null_key, null_updated_at or duplicate_key and has samples.
 * With {latest_by} the other rows leave the batch, which must be a table of `conn`. */
bool scd2_judge(Scd2 *s, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Makes `changes`: _weir_op i (a row to insert), u (version key, _weir_old ends at _weir_to), f (and begins
 * at _weir_from), d (goes). Of a history that is not there yet it is the history itself. */
bool scd2_diff(Scd2 *s, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Part of scd2_diff: keys of the temporary table _weir_slow. */
bool scd2_chain(Scd2 *s, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* In the caller's transaction, on any connection. `changes` is gone afterwards. */
bool scd2_merge(const Scd2 *s, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
