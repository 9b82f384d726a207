/* Rows of a view's source as the engine gives them, and how far they were read: used by materialise.c,
 * push.c, status.c and verify.c. */
#ifndef WEIR_FEATURES_READ_INT_H
#define WEIR_FEATURES_READ_INT_H

#include "features/store_int.h"

/* "SELECT keys, _weir_event, _weir_created (us), _weir_order (of storing), features FROM relation", keys and
 * features by their names, with everything cast to its declared type. */
char *features_read_sql(EngineConn *conn, const FeaturesView *view);
/* A time column of a source as TIMESTAMP WITH TIME ZONE; one without zone is UTC, as the session is. */
void features_append_instant(GString *sql, const char *column);
bool features_view_has_windows(const FeaturesView *view);
/* All features of exactly this version. */
FeaturesSelection *features_select_view(FeaturesRegistry *registry, const FeaturesView *view,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What was materialised of a view (intervals.c). */
typedef struct {
    gint64 end_us; /* up to where nothing was left out; G_MININT64 = there was no run */
    gint64 rejected;
    char *mark; /* features_changes_mark of the last run; NULL = none; owned */
} FeaturesPast;
bool features_past_read(EngineConn *conn, const FeaturesView *view, FeaturesPast *ret,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
typedef struct {
    gint64 start_us, end_us, read, written, late, rejected;
    const char *mark; /* borrowed */
} FeaturesInterval;
/* A slice that was materialised, with the rows that it rejected: [{..., "reason"}]. */
bool features_interval_record(Features *features, const FeaturesView *view, const FeaturesInterval *interval,
                              const json_t *rejects, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Those of runs before `before_us`; in the committer's transaction. */
bool features_intervals_fold(EngineConn *conn, gint64 before_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same rows of a view with aggregates over windows: those that hold at `end_us`, one for each entity, and
 * that is their event time. They are computed here into a temporary table of `conn`; no transaction may be
 * open. `memory_bytes` as in FeaturesAsk. Caller frees. */
char *features_read_windows(EngineConn *conn, FeaturesRegistry *registry, const FeaturesView *view,
                            gint64 end_us, gint64 memory_bytes, const gint *cancel,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The first check of the view's features that a row of it breaks, as text; NULL for a row that is good. NULL
 * = the view has no checks. Caller frees. */
char *features_check_sql(const FeaturesView *view);
/* Keeps rows that were rejected: [{..., "reason"}]. `way` is "push" or "materialise". With `also` what it
 * does with `user` is in the same transaction. (rejects.c) */
bool features_rejects_record(Features *features, const FeaturesView *view, const char *way,
                             const json_t *rejects, IntakeWork also, void *user,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Those that are too old or too many; in the committer's transaction. */
bool features_rejects_trim(Features *features, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* FEATURE_TYPE when a column of the source does not fit the type that is declared for it. */
bool features_read_check(EngineConn *conn, const FeaturesView *view,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows of one chunk of that statement; valid until the next fill. Rows without key or time are left out. */
typedef struct {
    FeaturesArena *arena;
    FeaturesValue *values; /* of all rows */
    FeaturesRow *rows;
    size_t n;
} FeaturesBatch;
void features_batch_init(FeaturesBatch *batch, const FeaturesView *view);
void features_batch_clear(FeaturesBatch *batch);
bool features_batch_fill(FeaturesBatch *batch, const FeaturesView *view, const EngineChunk *chunk,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
