/* What the files of warehouse share.
 *
 *   state.c     _weir.runs, _weir.intervals, _weir.builds: what was run, and what a table was built from
 *   interval.c  which time a run covers: pure arithmetic
 *   select.c    "model+", "+model", "domain:x" -> models in order
 *   hold.c      builds that checks held back: kept, shown, released
 *   build*.c    one model: build beside, check, swap in; a row for each kind (build_int.h)
 *   runner.c    tasks of models on worker threads; claims.c: runs side by side
 *   run.c       a run: models in order, stop
 *   table_checks.c  checks of tables after loads; what runs after a release
 *   plan.c      what a change costs; apply.c: makes the engine match a snapshot; recover.c: where one was cut
 *               off
 *   environment.c  tables that environments have of their own; environment_promote.c: they become
 *               production's
 *   schedule.c  what fires; schedule_state.c: pause, resume, kill, mark, deadlines */
#ifndef WEIR_WAREHOUSE_INT_H
#define WEIR_WAREHOUSE_INT_H

#include "base/fault.h"
#include "base/time.h"
#include "quality/quality.h"
#include "warehouse/warehouse.h"

/* Tables being built stand beside their target (the engine cannot move a table between schemas, and a rename
 * costs nothing whatever the size). No reader sees them: they are no objects of the catalog. What a crash
 * leaves is dropped at open. */
#define WAREHOUSE_BUILD_PREFIX "_weir_build__"
#define WAREHOUSE_MAX_PARALLEL 64u

typedef struct WarehouseRunner WarehouseRunner; /* runner.h */

struct Warehouse {
    Engine *engine;
    Intake *intake;
    CatalogStore *store;
    GMutex claim_lock; /* claims.c: who works on what */
    GCond claim_changed;
    GHashTable *claimed; /* ids of models that a run works on */
    bool claimed_all;    /* an apply works */
    unsigned waiting_for_all;
    gint has_archives;        /* atomic: _weir.archives was seen; it never goes */
    GMutex state_lock;        /* the rest */
    guint64 stop_calls;       /* of warehouse_stop: those since a run was asked for count for it */
    GPtrArray *running;       /* connections that work now (run.c) */
    GHashTable *environments; /* name -> CatalogSnapshot, as last told of (environment.c) */
    /* schedule.c */
    GHashTable *remembered; /* id -> WarehouseRemembered* */
    GHashTable *touched;    /* ids of what began since warehouse_due */
    bool look_at_all;       /* not only what follows `touched` */
    GPtrArray *entries;     /* of `entries_of` */
    CatalogSnapshot *entries_of;
    gint64 watched_since_us, next_us; /* when somebody began to look; what comes next */
    bool schedule_dirty;              /* something changed since warehouse_due */
    GCond schedule_changed;
};

/* ---- claims.c ------------------------------------------------------------------------------------- */

/* Waits until no other run works on any of the models (CatalogObject*), and no apply. */
void warehouse_claim(Warehouse *warehouse, const GPtrArray *models);
bool warehouse_try_claim(Warehouse *warehouse, const GPtrArray *models); /* does not wait */
void warehouse_release(Warehouse *warehouse, const GPtrArray *models);

/* A run of a model ended well at `us`. */
void warehouse_note_done(Warehouse *warehouse, const char *id, gint64 us);
/* Reads when everything last began, and what was asked for, at open. */
bool warehouse_schedule_open(Warehouse *warehouse, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void warehouse_schedule_close(Warehouse *warehouse);
/* Interrupts what runs of a model now (run.c). */
void warehouse_interrupt(Warehouse *warehouse, const char *model);

/* ---- interval.c --------------------------------------------------------------------------------- */

/* Half-open, microseconds UTC. */
typedef struct {
    gint64 start_us, end_us;
} WarehouseInterval;

/* Before everything: the start of an interval that takes all history, 0001-01-01. */
#define WAREHOUSE_BEGINNING_US (G_GINT64_CONSTANT(-62135596800) * BASE_TIME_SECOND_US)

typedef struct {
    bool by_day; /* the time column is a DATE: intervals are whole local days */
    gint64 lookback_us;
    GTimeZone *zone;
    gint64 now_us;
    gint64 start_us, end_us; /* asked for; 0 = not */
    bool rebuild;            /* take all history */
} WarehouseIntervalAsk;

/* Decides the interval of a run. `done` = merged intervals already run (WarehouseInterval, in order).
 *   asked for: that, widened to whole days where by_day.
 *   rebuild, or nothing done yet, or history missing at its beginning: from the beginning.
 *   else: from the end of the first gapless stretch, less lookback (to the start of its day where by_day).
 * The end is now; where by_day the end of today, so that today's rows are in it. *ret_done is what may be
 * written down as done: an unfinished day is not, the next run takes it again. Errors: INTERVAL_INVALID. */
bool warehouse_interval_decide(const WarehouseIntervalAsk *ask, const GArray *done,
                               WarehouseInterval *ret_run, WarehouseInterval *ret_done,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds `interval` to sorted, disjoint `done` and keeps it so. Empty ones add nothing. */
void warehouse_interval_add(GArray *done, WarehouseInterval interval);
/* An instant as a value of the time column's type: TIMESTAMP and DATE are local time of the project,
 * TIMESTAMP_TZ is UTC. */
EngineValue warehouse_interval_value(gint64 us, EngineTypeId type, GTimeZone *zone);
/* The same as a SQL literal. Caller frees. */
char *warehouse_interval_literal(gint64 us, EngineTypeId type, GTimeZone *zone);

/* ---- state.c -------------------------------------------------------------------------------------- */

/* One row of _weir.runs. */
typedef struct {
    char *run_id;
    const char *model;       /* id; borrowed */
    const char *state;       /* done, failed, held, skipped */
    gint64 start_us, end_us; /* 0, 0 = none; start may be WAREHOUSE_BEGINNING_US */
    gint64 rows, started_us, elapsed_us;
    char *sql, *message;       /* NULL = none */
    json_t *checks;            /* array; NULL = none */
    BaseErrorCode code;        /* of what failed; not kept */
    int lane;                  /* worker of its run, from 0 */
    unsigned attempt;          /* of its run, from 1; 0 = it did not begin */
    const char *cause;         /* who asked: "manual", "schedule", "backfill"; borrowed, NULL = manual */
    gint64 business_day;       /* that it is about: days since 1970-01-01; 0 = not known */
    gint64 bytes;              /* of its rows, before compression; an estimate. 0 = not known */
    gint64 checks_us, swap_us; /* of elapsed_us; what remains is building */
} WarehouseRun;
void warehouse_run_clear(WarehouseRun *run);
/* runs.c: as warehouse_runs gives it. */
json_t *warehouse_run_to_json(const WarehouseRun *run);

bool warehouse_state_open(Warehouse *warehouse, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Inside a transaction of the committer. */
bool warehouse_state_add_run(EngineConn *conn, const WarehouseRun *run,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* counts.c: makes _weir.run_counts; forgets those of runs that are forgotten. */
bool warehouse_counts_open(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_counts_prune(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Replaces the intervals of a model. */
bool warehouse_state_set_intervals(EngineConn *conn, const char *model, const GArray *done,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What the model's table was built from: the hash of its logic. */
bool warehouse_state_set_build(EngineConn *conn, const CatalogObject *model, const char *hash,
                               const char *run_id, gint64 rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_state_forget(EngineConn *conn, const char *model, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From any connection. */
bool warehouse_state_intervals(EngineConn *conn, const char *model, GArray **ret,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of any table of (model, start_us, end_us): "intervals", "stale". Writing replaces a model's. */
bool warehouse_state_read_ranges(EngineConn *conn, const char *table, const char *model, GArray **ret,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_state_write_ranges(EngineConn *conn, const char *table, const char *model,
                                  const GArray *ranges, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Columns k and v of all rows, as texts: k -> v. NULL + error. */
GHashTable *warehouse_query_map(EngineConn *conn, const char *sql, const EngineValue *values, size_t n_values,
                                GError **error);
/* {"model id": {"rows", "elapsed_ms", "at_us"}} of the last run that was done; for plans and schedules. */
json_t *warehouse_state_last_runs(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What stands in the engine under all names, and what models were built from: read once for a run or an apply
 * (each of the engine's lists costs a walk over all tables). It is not kept up: a run or an apply looks at a
 * name before it changes it. */
typedef enum { WAREHOUSE_NOTHING, WAREHOUSE_TABLE, WAREHOUSE_VIEW } WarehouseRelation;
typedef struct {
    GHashTable *relations; /* "schema.name" -> "table", "view" */
    GHashTable *builds;    /* model id -> hash */
} WarehouseStanding;
bool warehouse_standing_read(EngineConn *conn, WarehouseStanding *ret,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void warehouse_standing_clear(WarehouseStanding *standing);
WarehouseRelation warehouse_relation(const WarehouseStanding *standing, const char *schema, const char *name);
const char *warehouse_built_hash(const WarehouseStanding *standing,
                                 const char *model); /* NULL = never built */
/* "a BIGINT, b VARCHAR" of a table that is there: equal text = equal columns. */
bool warehouse_columns_text(EngineConn *conn, const char *schema, const char *name, char **ret,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The bare name of the table that holds the rows of a model or table: of scd2 that of its history. Caller
 * frees. */
char *warehouse_table_of(const CatalogObject *object);
/* Of scd2: the table of the history and the view of it. */
bool warehouse_drop_history(EngineConn *conn, const WarehouseStanding *standing, const CatalogObject *object,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_drop_relation(EngineConn *conn, const char *schema, const char *name,
                             WarehouseRelation relation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "s"."old" becomes "s"."name". */
bool warehouse_rename_table(EngineConn *conn, const char *table_sql, const char *name,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- select.c --------------------------------------------------------------------------------------- */

/* Models that the words name, in an order in which each comes after what it reads; borrowed. NULL +
 * REFERENCE_UNKNOWN, CYCLE. Words: "m", "m+" (and all that reads it), "+m" (and all that it reads), "+m+",
 * "domain:x", "layer:dws", "tag:x". */
GPtrArray *warehouse_select(CatalogSnapshot *snapshot, const char *const *words,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- hold.c -------------------------------------------------------------------------------------------- */

/* Held builds stand beside their table under this name, until a run or a waiver brings rows in; one a model.
 */
#define WAREHOUSE_HELD_PREFIX "_weir_held__"

bool warehouse_hold_open(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Models that are held: id -> full name; read when a run begins. */
GHashTable *warehouse_hold_read(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Keeps `build_sql` ("s"."b"; NULL = there is none) as the held build of the run's model, with the hash of
 * its logic and whether it was to replace the table. On the committer. */
bool warehouse_hold_keep(EngineConn *conn, const CatalogObject *model, const WarehouseRun *run, gint64 at_us,
                         const char *build_sql, const char *hash, bool replaces,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* State of a model in the run that asks; NULL = it is not part of it. */
typedef const char *(*WarehouseStateOf)(const CatalogObject *model, void *user);
/* It is declared `on_hold: proceed`. */
bool warehouse_hold_proceeds(const CatalogObject *model);
/* The held model that `model` has to wait for: one that it reads, itself or through others that were not made
 * anew; NULL = none. What is declared `on_hold: proceed` waits for nothing. */
const CatalogObject *warehouse_hold_awaited(CatalogSnapshot *snapshot, GHashTable *held,
                                            const CatalogObject *model, WarehouseStateOf state_of,
                                            void *user);
/* New rows of that interval are in (0, 0: all, or the model goes): what was held of it is no more. On the
 * committer. */
bool warehouse_hold_release(EngineConn *conn, const char *model, gint64 start_us, gint64 end_us,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- table_checks.c -------------------------------------------------------------------------------------
 */

/* Runs the models whose last run waited for rows that a check held back, and that need not wait any more. */
bool warehouse_run_freed(Warehouse *warehouse, CatalogSnapshot *snapshot, gint64 at_us, WarehouseTell tell,
                         void *user, json_t **ret_runs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- build.c ------------------------------------------------------------------------------------------- */

typedef struct {
    Warehouse *warehouse;
    CatalogSnapshot *snapshot;
    const WarehouseRunOptions *options;
    GTimeZone *zone;
    char *run_id;
    gint64 now_us; /* the run's clock: --at, else the wall's */
    guint64 stop_base;
    WarehouseStanding standing; /* when the run began */
    GHashTable *held;           /* then: warehouse_hold_read */
    const char *cause;          /* of the run's rows */
    const char *note;           /* first sentence of its record; NULL = none */
    int lane;                   /* of the task */
    unsigned attempt;
} WarehouseRunContext;
/* run.c: the clock, the zone, a new id, what stands; from warehouse, snapshot and options. */
bool warehouse_context_open(WarehouseRunContext *context, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void warehouse_context_close(WarehouseRunContext *context);
char *warehouse_new_run_id(gint64 now_us);
/* Numbers (values of `numbers`, by CatalogObject*) of what `model` reads, directly or by way of objects that
 * are not in it; guint, each once. Free with g_array_unref. */
GArray *warehouse_reads(CatalogSnapshot *snapshot, const CatalogObject *model, GHashTable *numbers);
guint64 warehouse_stop_count(Warehouse *warehouse);
/* From here on, until told otherwise, the connection is interrupted by the second stop. */
void warehouse_set_running(Warehouse *warehouse, EngineConn *conn, const char *model, guint64 stop_base,
                           bool running);

/* Runs one model on `conn` and writes its row of _weir.runs. `ret` is filled whatever happens; its state says
 * what: done, failed, held. The row's own failure to be written is the state failed. */
void warehouse_build(const WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                     size_t number, WarehouseRun *ret);
/* The day that a run of the model is about: as asked for; else the last day of the interval asked for; else
 * by the clock and the model's schedule (`business_date`), the day before when it says nothing. */
gint64 warehouse_business_day(const WarehouseRunContext *context, const CatalogObject *model);
/* The hash of what a model's rows depend on: SQL, kind, time, key. Caller frees. */
char *warehouse_logic_hash(const CatalogObject *model);
/* temp.c: tables of kinds temp and mid whose time is over: those of `models`, which are claimed, and others
 * that no run works on. */
bool warehouse_drop_temps(Warehouse *warehouse, CatalogSnapshot *snapshot, const GPtrArray *models,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* build.c: what a run of the model would do: {model, kind, strategy, action, start, end, batches: [{batch,
 * start, end}], message}. NULL + error. */
json_t *warehouse_build_dry(const WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* body.c: the model's SELECT with the columns of bookkeeping left out of every "*". Caller frees. */
char *warehouse_body(EngineConn *conn, CatalogSnapshot *snapshot, const CatalogObject *model, GError **error);
/* CREATE OR REPLACE VIEW of a model of kind view. Caller frees. */
char *warehouse_view_sql(EngineConn *conn, CatalogSnapshot *snapshot, const CatalogObject *model,
                         GError **error);

/* apply.c: with everything claimed (warehouse_claim_all). */
bool warehouse_apply_claimed(Warehouse *warehouse, const CatalogDiff *diff, const char *const *allow_drop,
                             const char *user, const char *note, gint64 *ret_version,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_is_view(const CatalogObject *object); /* a model of kind view; NULL is none */
/* Of a model of kind view; one that cannot be bound before the next run is left to that run. What stands
 * under its name may be the table that the model was before. Inside a transaction of the committer. */
bool warehouse_make_view(EngineConn *conn, const WarehouseStanding *standing, CatalogSnapshot *snapshot,
                         const CatalogObject *model, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* recover.c: notes what the apply will touch, in the transaction that comes before all else that it does. */
bool warehouse_recover_begin(EngineConn *conn, const CatalogDiff *diff,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All of it was done, or taken back. */
bool warehouse_recover_end(Warehouse *warehouse, const CatalogDiff *diff,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With everything claimed. */
bool warehouse_recover_claimed(Warehouse *warehouse, CatalogSnapshot *applied,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- environment.c --------------------------------------------------------------------------------------
 */

/* Of `models` those that a run in this snapshot may build: in an environment its own. */
void warehouse_keep_own(const CatalogSnapshot *snapshot, GPtrArray *models);
/* In an environment only its own may be changed: REFERENCE_UNKNOWN. */
bool warehouse_may_change(const CatalogSnapshot *snapshot, const CatalogObject *object,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Environments as last told of: CatalogSnapshot*, references; never NULL. */
GPtrArray *warehouse_environments_noted(Warehouse *warehouse);
/* What an environment (NULL = any) has built, by the ids of its own: "model:d.x__dev" -> hash. NULL + error.
 */
GHashTable *warehouse_environment_builds(EngineConn *conn, const char *name, GError **error);
/* "model:d.x__dev" -> d, x__dev; both the caller's. */
void warehouse_environment_table(const char *id, char **ret_domain, char **ret_name);
/* Tables, views and all that is known of them; inside a transaction of the committer. */
bool warehouse_environment_forget(EngineConn *conn, const WarehouseStanding *standing, const char *id,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* build_scd2.c: both views over the history that stands. */
bool warehouse_scd2_views(EngineConn *conn, const CatalogObject *model,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- plan.c ----------------------------------------------------------------------------------------------
 */

/* The change takes away a table, or a column of one, that may hold data. */
bool warehouse_change_drops(const CatalogChange *change);
/* A table cannot change so in place (its key, its model): why. */
bool warehouse_change_can(const CatalogChange *change, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* 0 go on, 1 start nothing new, 2 give up what runs. */
int warehouse_stopping(const WarehouseRunContext *context);

#endif
