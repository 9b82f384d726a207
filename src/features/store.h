/* The feature store: one contract from training to serving.
 *
 * features/registry.h  what is declared, versions, selections
 * features/offline.h   training rows, point in time
 * features/jobs.h      training rows as jobs
 * features/online.h    the online store: LMDB or Redis
 * here                 the store as one thing: materialise, push, read, erase
 *
 * A Features is opened once with the data folder, shared and thread-safe. */
#ifndef WEIR_FEATURES_STORE_H
#define WEIR_FEATURES_STORE_H

#include "base/config.h"
#include "features/offline.h"
#include "features/online.h"
#include "features/registry.h"
#include "intake/intake.h"

typedef struct Features Features;

/* Opens the online store that the settings name (features.online: lmdb in <data>/online, or redis). A Redis
 * that does not answer is no error here: calls that need it say PEER_UNREACHABLE. */
Features *features_open(Engine *engine, CatalogStore *store, Intake *intake, const char *data_dir,
                        const BaseConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_close(Features *features);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Features, features_close)

/* After an apply, and at start: records versions and swaps the registry. */
bool features_refresh(Features *features, CatalogSnapshot *applied, const char *user,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
FeaturesRegistry *features_registry(Features *features);             /* a new reference */
FeaturesOnline *features_online(Features *features, GError **error); /* borrowed */
/* A copy of the online store as `<path>/online`, which a restore puts back; *ret_bytes 0 = there is nothing
 * to copy (Redis; never used). To be taken after the warehouse's copy: then it holds at least the rows of
 * every interval that is recorded there. */
bool features_backup(Features *features, const char *path, gint64 *ret_bytes,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- materialise (features/materialise.c) ---------------------------------------------------------- */

typedef struct {
    const FeaturesView *view;
    gint64 start_us, end_us; /* both included */
    gint64 rejected;         /* rows that broke a check, counted before the newest are picked */
    gint64 read, written, skipped,
        late; /* late: rows behind `start` that were committed since the last time */
    gint64 duration_us;
} FeaturesMaterialised;

typedef struct {
    GArray *items;              /* FeaturesMaterialised */
    FeaturesRegistry *registry; /* that their views are of */
} FeaturesMaterialisedList;
void features_materialised_free(FeaturesMaterialisedList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeaturesMaterialisedList, features_materialised_free)

/* Event times in [start_us, end_us] of each view (NULL-terminated names; NULL = all that are online) go to
 * the online store. Types are checked before anything is written (FEATURE_TYPE: feature, found, expected).
 * The interval is recorded once its rows are durable. One run at a time for each view: another waits or fails
 * with CONFLICT when `wait` is false. */
bool features_materialise(Features *features, const char *const *views, gint64 start_us, gint64 end_us,
                          bool wait, FeaturesTell tell, void *tell_user, const gint *cancel,
                          FeaturesMaterialisedList **ret_done, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From where the last one ended (the first time: end - ttl, or everything), and what was committed to the
 * source since, however old its event time is. */
bool features_materialise_incremental(Features *features, const char *const *views, gint64 end_us, bool wait,
                                      FeaturesTell tell, void *tell_user, const gint *cancel,
                                      FeaturesMaterialisedList **ret_done,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{view, version, start, end, read, written, late, rejected, slices, at}] newest first. One for each slice
 * of a run; older ones are folded into the intervals that they make up (features.history_keep). */
json_t *features_materialised(Features *features, const char *view, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows that broke a check, newest first: [{view, version, at, way, reason, row}]; `view` NULL = all. */
json_t *features_rejects(Features *features, const char *view, size_t limit,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- push (features/push.c) -------------------------------------------------------------------------- */

typedef enum { FEATURES_TO_ONLINE = 1, FEATURES_TO_OFFLINE = 2 } FeaturesTo; /* bits */

typedef struct {
    gint64 rows, written, skipped, rejected;
    json_t *rejects; /* [{row, feature?, reason}], the first FEATURES_REJECTS_SHOWN; new reference */
} FeaturesPushed;
#define FEATURES_REJECTS_SHOWN 100
/* `df` = {column: [values]} of one length: keys, time, created, features; extra columns are refused. Rows
 * that break a type or a check are rejected with their reason and do not stop the others. Offline rows are
 * committed before online ones are written. */
bool features_push(Features *features, const char *view, const json_t *df, unsigned to, const char *user,
                   FeaturesPushed *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_pushed_clear(FeaturesPushed *pushed);

/* A push writes offline and then online. Between the two calls there is none to any version of the view of
 * that name, so that nothing comes between its halves, which would leave the second: erasures and prunes.
 * (erase.c) */
void features_keep_pushes_out(Features *features, const char *name);
void features_let_pushes_in(Features *features, const char *name);

/* ---- read online (features/selected.c, serve.c) ----------------------------------------------------------
 */

/* As features_select of the registry that there is now. What was asked for lately is remembered until
 * definitions change: a selection is the larger part of a small read. */
FeaturesSelection *features_selected(Features *features, const char *const *refs, const char *service,
                                     bool full_names, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
    FEATURES_PRESENT = 1,
    FEATURES_NULL_VALUE = 2,
    FEATURES_NOT_FOUND = 3,
    FEATURES_OUTSIDE_MAX_AGE = 4 /* with its value */
} FeaturesStatus;
const char *features_status_name(FeaturesStatus status); /* "PRESENT" */

/* The answer, column-major: cells[pick * n_rows + row]; values live in the arena. */
typedef struct FeaturesCell {
    FeaturesValue value;
    FeaturesStatus status;
    gint64 event_us; /* FEATURES_NO_TIME = none */
} FeaturesCell;

/* `keys`: for each selection->keys[k] a column of n values, `request` likewise (NULL = the selection asks for
 * none). now_us decides ttl (G_MININT64 = the clock). */
bool features_serve(Features *features, const FeaturesSelection *selection, const FeaturesValue *const *keys,
                    const FeaturesValue *const *request, size_t n, gint64 now_us, FeaturesArena *arena,
                    FeaturesCell **ret_cells, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- trust (features/status.c, verify.c)
 * -------------------------------------------------------------------- */

/* A profile of training rows in `table` of `conn`, against which what is served is held from now on (see
 * profile.h). */
bool features_trained(Features *features, EngineConn *conn, const FeaturesSelection *selection,
                      const char *table, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{view, version, newest (event time in the source), lag_seconds, materialised_to, online_rows, rejected,
 *   features: [{name, type, rows, nulls, distinct, min, max, served, null, not_found, outside_max_age, psi,
 *   drift: "none" | "some" | "much"}]}]; `view` NULL = every newest version. Figures of the source are over
 * its last ttl (without ttl: all of it). */
json_t *features_status(Features *features, const char *view, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Prometheus's text: served values by view and status. */
void features_metrics_print(Features *features, GString *out);

/* Draws at most `n` entities of a view and compares what is online with what training rows would say at the
 * end of what was materialised: {view, version, at, drawn, equal, newer_online, missing_online, different:
 * [{keys, feature, offline, online}]}. newer_online: an event time behind that end was pushed since; no
 * disagreement. */
json_t *features_verify(Features *features, const char *view, gint64 n,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- forgetting (features/prune.c) -----------------------------------------------------------------------
 */

/* Folds old intervals, drops old rejects, as the settings say; once a day. */
bool features_forget_old(Features *features, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All that is kept under a version, before features_registry_prune forgets the version itself: values online,
 * intervals, rejects, profiles. Not its table of pushed rows. */
bool features_forget_version(Features *features, const FeaturesView *view, gint64 *ret_online_rows,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- erase (features/erase.c) -----------------------------------------------------------------------------
 */

typedef struct {
    gint64 online_rows, offline_rows;
} FeaturesErased;
/* One entity (`keys`: {join key: value}) from all views that have it, all versions, or from `view` alone. */
bool features_erase(Features *features, const json_t *keys, const char *view, bool online, bool offline,
                    FeaturesErased *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
