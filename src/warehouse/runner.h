/* Tasks of models carried out by worker threads: what a run and a backfill have in common.
 *
 * A task is a model and, of a backfill, an interval. The graph (schedule/graph.h) says which may start; as
 * many at once as there are workers, each with a connection of its own. What needs a task that failed or was
 * held back is skipped and recorded; the others go on. */
#ifndef WEIR_WAREHOUSE_RUNNER_H
#define WEIR_WAREHOUSE_RUNNER_H

#include "schedule/graph.h"
#include "warehouse/warehouse_int.h"

typedef struct {
    const CatalogObject *model;
    gint64 start_us, end_us; /* 0, 0 = what the run's options say */
    WarehouseRun run;        /* once it ended: of its last try */
    bool ended;
} WarehouseTask;

/* `context` is the caller's and outlives it; its standing must be read. */
WarehouseRunner *warehouse_runner_new(WarehouseRunContext *context);
void warehouse_runner_free(WarehouseRunner *runner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WarehouseRunner, warehouse_runner_free)

/* Tasks are numbered from 0, in the order in which they start where nothing else decides. Priority, pool and
 * retries are those of the model's definition. */
guint warehouse_runner_add(WarehouseRunner *runner, const CatalogObject *model, gint64 start_us,
                           gint64 end_us);
void warehouse_runner_link(WarehouseRunner *runner, guint task, guint on, bool needs);
/* It was done before: counts as ended well. */
void warehouse_runner_mark_done(WarehouseRunner *runner, guint task);
size_t warehouse_runner_size(const WarehouseRunner *runner);
const WarehouseTask *warehouse_runner_task(const WarehouseRunner *runner, guint task);

/* Called for each task that ended (done, failed, held, skipped), one at a time, from the thread that ran it.
 */
typedef void (*WarehouseEnded)(guint task, const WarehouseTask *what, void *user);
typedef struct {
    unsigned parallel;  /* 0 = cores */
    WarehouseTell tell; /* may be NULL */
    void *tell_user;
    WarehouseEnded ended; /* may be NULL */
    void *ended_user;
} WarehouseRunnerOptions;
/* Until all ended. Failures of tasks are theirs; false + error when none could begin. */
bool warehouse_runner_run(WarehouseRunner *runner, const WarehouseRunnerOptions *options,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The outcome as an error: INTERRUPTED, RUN_FAILED, CHECK_FAILED of the first task that was not done. */
bool warehouse_runner_judge(const WarehouseRunner *runner, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Runs as JSON (warehouse_run_to_json), in the order of tasks; those that ended. New reference. */
json_t *warehouse_runner_to_json(const WarehouseRunner *runner);

#endif
