/* Training rows: for each asking row the newest feature values that were there at its time.
 *
 * The contract (docs/explanation/point-in-time.md). For an asking row with keys K and time t, and a view with
 * ttl T, a row s of the view's source counts when all its keys are equal to K and none is NULL, its event
 * time is not NULL, s.time <= t (exclusive: <), and, where T > 0, s.time >= t - T. With `known_at` only rows
 * whose `created` is not NULL and <= the asking row's time (or the time given) count. Of those the newest
 * event time wins, then the newest created (NULL is oldest), then the row stored last. Each asking row gives
 * exactly one row, in its place, with all its columns; features are NULL where no row counts. Times are us; a
 * time without a zone is UTC. */
#ifndef WEIR_FEATURES_OFFLINE_H
#define WEIR_FEATURES_OFFLINE_H

#include "features/registry.h"

/* ---- the kernel (features/join.c): arrays in, winners out ---------------------------------------- */

/* One side: `n` rows; n_keys key columns. A key column is of one type on both sides: integers as i64, or
 * bytes as (offset, length) into `bytes`. `valid` bit arrays may be NULL (all valid). */
typedef struct {
    const gint64 *i64;      /* integers; else NULL */
    const guint64 *offsets; /* n + 1, into bytes; else NULL */
    const char *bytes;
    const guint64 *valid;
} FeaturesJoinKeys;

typedef struct {
    size_t n_rows, n_keys;
    const FeaturesJoinKeys *keys;
    const gint64 *time_us;    /* G_MININT64 = NULL: never matches */
    const gint64 *created_us; /* sources: G_MININT64 = NULL; NULL = the source has none. Asking rows: what was
                                 known until when; NULL = no such bound */
    const gint64 *order;      /* sources: the larger was stored later; NULL = as they stand */
} FeaturesJoinSide;

typedef struct {
    gint64 ttl_us; /* 0 = none */
    bool exclusive;
    unsigned n_threads;
} FeaturesJoinRules;

#define FEATURES_NO_ROW G_MAXUINT32
/* ret_row[i] = row of `source` that wins for row i of `asking`, or FEATURES_NO_ROW. At most 2^32 - 2 rows a
 * side. Errors: MEMORY, INTERRUPTED (`*cancel` not 0; may be NULL). */
bool features_join(const FeaturesJoinSide *asking, const FeaturesJoinSide *source,
                   const FeaturesJoinRules *rules, const gint *cancel, guint32 *ret_row,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- retrieval --------------------------------------------------------------------------------------- */

typedef struct {
    const FeaturesSelection *selection;
    /* Asking rows: a relation of the engine (after FROM), its time column (NULL = `event_timestamp`, else the
     * only column of a time type, else ENTITY_ROWS). NULL relation = all entities and event times of the
     * views in [start_us, end_us]. */
    const char *relation, *time;
    gint64 start_us, end_us;
    bool snapshot;       /* without asking rows: one row for each entity, at end_us */
    bool known_at;       /* hides what was not known yet (`created_before`) */
    gint64 known_at_us;  /* G_MININT64 = at each asking row's own time */
    gint64 memory_bytes; /* 0 = a quarter of the engine's: more is done in several passes */
} FeaturesAsk;

typedef struct {
    gint64 asked, done; /* asking rows; asked = -1 while it is not known */
    const char *phase;  /* "reading", "joining", "writing" */
} FeaturesProgress;
typedef void (*FeaturesTell)(const FeaturesProgress *progress, void *user);

/* Leaves the rows as the temporary table `into` of `conn`, columns: those of the asking rows as they are,
 * then the picks. Everything is checked before any work: ENTITY_ROWS (which key, request field or time is
 * missing, what columns there are; types that cannot be compared), FEATURE_COLLISION (a pick named like an
 * asking column). *cancel may be NULL. */
bool features_retrieve(EngineConn *conn, const FeaturesAsk *ask, const char *into, FeaturesTell tell,
                       void *tell_user, const gint *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
