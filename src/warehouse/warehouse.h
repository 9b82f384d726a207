/* Models become tables: plans are carried out, runs are made and recorded, checks hold data back.
 *
 * apply: makes schemas (domains), loaded tables and views match the snapshot. run: builds tables from models
 * in order of what they read, independent ones in parallel; each into a new table that is checked and swapped
 * in inside one transaction, with its row of _weir.runs. A failed check leaves readers with what they had. */
#ifndef WEIR_WAREHOUSE_WAREHOUSE_H
#define WEIR_WAREHOUSE_WAREHOUSE_H

#include "catalog/catalog.h"
#include "catalog/store.h"
#include "intake/intake.h"
#include "quality/quality.h"

typedef struct Warehouse Warehouse;
Warehouse *warehouse_open(Engine *engine, Intake *intake, CatalogStore *store,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void warehouse_close(Warehouse *warehouse);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Warehouse, warehouse_close)

/* The plan as JSON: {id, changes:[{type, kind, id, name, diff, breaking, reason, rebuild, reaches:[...],
 * rows, seconds, drops_data, impossible?: why it cannot be done in place}], added, changed, removed}. Rows
 * and seconds of a rebuild come from the last runs and table sizes. */
json_t *warehouse_plan_to_json(Warehouse *warehouse, const CatalogDiff *diff,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Carries `diff` out. `allow_drop` (NULL-terminated full names; NULL = none): tables with data that may go;
 * else DROP_NOT_ALLOWED names them and nothing is done. On failure everything is as before. The version row
 * is written last, with `note` (may be NULL). */
bool warehouse_apply(Warehouse *warehouse, const CatalogDiff *diff, const char *const *allow_drop,
                     const char *user, const char *note, gint64 *ret_version,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An apply that was cut off is taken back or, where its version row was written, finished: what it touched is
 * made what `applied`, the last version, says. To be called when the warehouse was opened, before anything
 * else uses it; each apply begins with the same. Nothing to do costs one look. */
bool warehouse_recover(Warehouse *warehouse, CatalogSnapshot *applied,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One step of a run, told as it happens (from the thread that runs it; serialised). */
typedef struct {
    const CatalogObject *model;
    const char *state; /* "running", "retrying", "done", "skipped", "failed", "held" (a check held it back) */
    gint64 rows, start_us, end_us; /* interval of incremental models, 0 = none */
    gint64 elapsed_us;
    const char *message; /* of a failure or failed check; NULL */
    size_t done, total;
} WarehouseStep;
typedef void (*WarehouseTell)(const WarehouseStep *step, void *user);

typedef struct {
    const char *const *select; /* NULL-terminated "model", "model+", "+model", "domain:x"; NULL = all */
    gint64 start_us, end_us;   /* 0 = what is missing since the last run, plus lookback */
    gint64 at_us;              /* the run's clock: intervals, versions, checks; 0 = now */
    gint64 business_day;       /* days since 1970-01-01; 0 = by the clock or the interval */
    bool release;              /* rows that a check held back are taken from where they are kept */
    gint64 restate_us;         /* scd2: versions from then on are made anew from the source; 0 = not */
    bool full;                 /* rebuild incremental models from all history */
    unsigned parallel;         /* 0 = cores */
    const char *cause; /* who asked, for the record: "manual" (NULL), "schedule", "backfill", "release" */
} WarehouseRunOptions;
/* Whether runs of the model are by interval. */
bool warehouse_has_intervals(const CatalogObject *model);
/* The local day of an instant: days since 1970-01-01. */
gint64 warehouse_day_of(gint64 us, GTimeZone *zone);
/* false + RUN_FAILED or CHECK_FAILED when any model failed (others that do not read it still run; those that
 * do are skipped). *ret_runs: what _weir.runs now holds for this run. */
bool warehouse_run(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseRunOptions *options,
                   WarehouseTell tell, void *user, json_t **ret_runs,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What that run would do, in order: [{model, kind, strategy, action: build|rebuild|merge|view, start, end,
 * batches: [{batch, start, end}], message}]. Writes nothing. NULL + error. */
json_t *warehouse_dry_run(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseRunOptions *options,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Ctrl-C: running models finish, no new ones start; called again: interrupts. */
void warehouse_stop(Warehouse *warehouse);

/* [{run_id, model, state, start, end, business_date, rows, bytes, started, elapsed_ms, build_ms, checks_ms,
 * swap_ms, cause, lane, attempt, sql, checks:[...], message}] newest first. */
json_t *warehouse_runs(Warehouse *warehouse, const char *model, size_t limit,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Those that were at work between two times (0 = open), each with its lane: for a chart of time. */
json_t *warehouse_runs_between(Warehouse *warehouse, const char *model, gint64 from_us, gint64 to_us,
                               size_t limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Forgets runs that began longer ago. */
bool warehouse_prune_runs(Warehouse *warehouse, gint64 keep_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Waits until no run, apply or other claim works, and lets none begin until it is released (claims.c). */
void warehouse_claim_all(Warehouse *warehouse);
void warehouse_release_all(Warehouse *warehouse);

/* ---- intervals ---------------------------------------------------------------------------------- */

typedef struct {
    gint64 start_us, end_us; /* 0 = from the start of history, to now */
    gint64 at_us;            /* the clock; 0 = now */
} WarehouseIntervalsAsk;
/* {model, unit, timezone, lookback, done: [[start, end]] merged, missing: [start] of whole units that a run
 * would take (also those of lookback), stale: [start], n_missing, n_again (of missing: done, but looked back
 * at), n_stale}. Times are local to the project, half-open; start null = from the beginning.
 * INTERVAL_INVALID: the model is not built by interval. */
json_t *warehouse_intervals(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *model,
                            const WarehouseIntervalsAsk *ask, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum { WAREHOUSE_MARK_DONE, WAREHOUSE_MARK_MISSING, WAREHOUSE_MARK_STALE } WarehouseMark;
/* Sets what is known of an interval, by hand. STALE takes a table too: rows of it changed over the interval
 * (a source was repaired): done time of all that depends on it, by lineage and each reader's own window, is
 * stale. */
bool warehouse_mark(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *object,
                    WarehouseMark mark, gint64 start_us, gint64 end_us,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* INPUT_ARCHIVED when days of the interval of a table are in the archive alone: what is not there cannot be
 * repaired. */
bool warehouse_archived_check(EngineConn *conn, const CatalogObject *table, gint64 start_us, gint64 end_us,
                              GTimeZone *zone, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- backfill ----------------------------------------------------------------------------------- */

typedef struct {
    const CatalogObject *model;
    gint64 start_us, end_us; /* half-open; widened to whole units */
    bool downstream;         /* and all that depends on it, by each model's own window */
    bool restate;            /* done intervals too */
    bool descending;         /* newest first */
    bool dry_run;
    unsigned parallel; /* 0 = cores */
    gint64 batch;      /* units of one task; 0 = 1 */
    gint64 now_us;     /* the clock; 0 = now */
    const char *user;
} WarehouseBackfillAsk;
/* *ret_plan: {id (null: nothing was begun), model, start, end, order, models: [{model, kind, unit, intervals,
 * start, end, seconds, rows}], intervals, tasks, seconds, left_out: [{model, why}]}; seconds null = a model
 * was never run. Recorded before it begins; errors as of warehouse_run. */
bool warehouse_backfill(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseBackfillAsk *ask,
                        WarehouseTell tell, void *user, json_t **ret_plan, json_t **ret_runs,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Goes on with one that was stopped, failed, or whose process died. */
bool warehouse_backfill_resume(Warehouse *warehouse, CatalogSnapshot *snapshot, const char *id,
                               WarehouseTell tell, void *user, json_t **ret_plan, json_t **ret_runs,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{id, model, state (running, done, failed, stopped, interrupted), start, end, tasks, done, user, created,
 * ended, message}] newest first. */
json_t *warehouse_backfills(Warehouse *warehouse, size_t limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- schedule ----------------------------------------------------------------------------------- */

/* A schedule that fired. */
typedef struct {
    char *id;            /* of a model or source */
    gint64 fired_us;     /* the run's clock */
    gint64 business_day; /* that the run is about: days since 1970-01-01 */
} WarehouseFiring;
/* What has fired up to `now_us` and was not given out yet: WarehouseFiring*; free with g_ptr_array_unref.
 * Each is given once (what never ran fires at once): whoever asks runs it and tells warehouse_fired when that
 * ended. Thread-safe, as all of this. */
GPtrArray *warehouse_due(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us);
/* The firing's run has ended, well or not: it does not come again after a restart. */
bool warehouse_fired(Warehouse *warehouse, const WarehouseFiring *firing,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A model or source began at `us`: what follows it is due. */
void warehouse_note_begun(Warehouse *warehouse, const char *id, gint64 us);
/* Until the next firing, or until something changed that brings one nearer; at most `most_us`. */
void warehouse_schedule_wait(Warehouse *warehouse, gint64 most_us);
void warehouse_schedule_wake(Warehouse *warehouse);

typedef enum {
    WAREHOUSE_SCHEDULE_PAUSE,
    WAREHOUSE_SCHEDULE_RESUME,
    WAREHOUSE_SCHEDULE_KILL,      /* interrupts what runs of it now; it is not tried again */
    WAREHOUSE_SCHEDULE_MARK_DONE, /* what is due counts as run */
    WAREHOUSE_SCHEDULE_MARK_DUE   /* it fires at once */
} WarehouseScheduleAct;
/* Kept: holds after a restart. */
bool warehouse_schedule_set(Warehouse *warehouse, const CatalogObject *object, WarehouseScheduleAct act,
                            gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{object, kind, schedule, state (on, paused, no calendar), catchup, fired, begun, done, next, deadline,
 * predicted, late}] of all that has a schedule. */
json_t *warehouse_schedule_list(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Looks at open deadlines: an event `late` once for a firing whose predicted finish is past its deadline, and
 * `missed` once when it passed. */
bool warehouse_deadlines(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 now_us,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{object, kind (late, missed), at, at_us, fired, deadline, predicted}] after `since_us`, oldest first. */
json_t *warehouse_schedule_events(Warehouse *warehouse, gint64 since_us, size_t limit,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- environments (environment.c, environment_promote.c) ----
 *
 * `environment` is a snapshot of catalog_environment_new. What it has of its own stands beside production's
 * tables as "name__environment", built by warehouse_run with that snapshot; the rest is production's. */

/* {environment, models: [{model, id, table, kind, state, rows, built}], own, shared, to_build} of its own
 * models; state: built, to_build, held, history (production's table keeps its history: see promote). */
json_t *warehouse_environment_to_json(Warehouse *warehouse, CatalogSnapshot *environment,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Keeps the branch's definitions as the environment's, and drops of its tables those that it has not of its
 * own any more. Nothing is built. */
bool warehouse_environment_apply(Warehouse *warehouse, CatalogSnapshot *environment, CatalogSnapshot *branch,
                                 const char *user, const char *note,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Drops what it built, then forgets it. */
bool warehouse_environment_drop(Warehouse *warehouse, const char *name,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    CatalogSnapshot *environment;
    const CatalogDiff *diff; /* production's definitions -> the branch's */
    gint64 base;             /* version that the branch was compared with */
    const char *const *allow_drop;
    bool unbuilt; /* also when something is not built, or is behind: the next run builds it */
    const char *user, *note;
} WarehousePromotion;
/* Applies the definitions, then swaps in what is built of them, in one transaction, without building
 * anything. A process that dies between the two leaves tables to be built, or promoted again. What keeps
 * history and stands in production is not swapped: its new logic holds from the next run on.
 * *ret: {version, swapped: [model], left: [{model, why}]}. ENVIRONMENT_BEHIND: production has moved on, or
 * something is not built. */
bool warehouse_environment_promote(Warehouse *warehouse, const WarehousePromotion *promotion, json_t **ret,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An environment is as this snapshot says: what production changes is marked stale in it. NULL name: all are
 * forgotten. */
void warehouse_note_environment(Warehouse *warehouse, const char *name, CatalogSnapshot *snapshot);

/* ---- what checks held back (board.c) ---- */

/* [{model, id, owner, run_id, at, since, rows, reason, checks: [those that block], waiting: [models]}],
 * oldest first.
 */
json_t *warehouse_board(Warehouse *warehouse, CatalogSnapshot *snapshot,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Runs the checks of a table or model over its rows as they stand, at the clock `now_us` (0 = now). A
 * blocking failure of a table puts it on the board, and what reads it waits; passing takes it off.
 * *ret_checks as of quality_outcome_checks; the caller's. REFERENCE_UNKNOWN: it has none. */
bool warehouse_check(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *object,
                     gint64 now_us, json_t **ret_checks, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for each table with checks that was loaded after they last ran, or is held: of those that `models`
 * (CatalogObject*, NULL = all there are) read. */
bool warehouse_check_loaded(Warehouse *warehouse, CatalogSnapshot *snapshot, const GPtrArray *models,
                            gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As the tick of `weir up`: all tables; then runs what waited for one that passes now. */
bool warehouse_check_tick(Warehouse *warehouse, CatalogSnapshot *snapshot,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Signs a waiver; when the model is held the rows that were kept come in, all other checks in force (a run
 * makes them again where that is not possible: views, histories, logic that changed since); of a held table
 * the checks are made again. Then runs what waited for it. *ret_runs: of these runs; NULL = nothing was held.
 */
bool warehouse_waive(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *model,
                     const QualityWaiver *waiver, json_t **ret_runs,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Runs again each interval of the model that has rejected rows. */
bool warehouse_redrive(Warehouse *warehouse, CatalogSnapshot *snapshot, const CatalogObject *model,
                       json_t **ret_runs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
