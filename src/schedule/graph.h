/* A graph of tasks: which may start now, in what order, and what becomes of those that wait for one that
 * failed. It knows no threads, no clock and no work: the caller asks for the next task, does it, says how it
 * ended and what time it is. So a run of models, a backfill and a test all use the same loop.
 *
 * A task starts when all that it waits for has ended, its pool has a free slot, and its delay after a failure
 * is over. Of those that may start, the one of highest priority does, then the one added first. Every call
 * costs O(log n) amortised; nothing looks at tasks that did not change. Not thread-safe: one lock of the
 * caller's around each call. */
#ifndef WEIR_SCHEDULE_GRAPH_H
#define WEIR_SCHEDULE_GRAPH_H

#include <glib.h>
#include <stdbool.h>

#define SCHEDULE_MAX_TASKS 10000000u

typedef struct ScheduleGraph ScheduleGraph;
ScheduleGraph *schedule_graph_new(void);
void schedule_graph_free(ScheduleGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScheduleGraph, schedule_graph_free)

/* After a failure: tried again `times` times, first after `delay_us`, then each time `factor` times later, at
 * most `max_us` (0 = no bound). */
typedef struct {
    unsigned times;
    gint64 delay_us;
    double factor; /* 0 = 1 */
    gint64 max_us;
} ScheduleRetry;
/* The delay before try number `failures` + 1. */
gint64 schedule_retry_delay_us(const ScheduleRetry *retry, unsigned failures);

typedef struct {
    int priority;     /* higher starts first */
    const char *pool; /* NULL = none */
    ScheduleRetry retry;
} ScheduleTask;

/* A pool that nobody declared has one slot. Before the first task of it. */
void schedule_graph_add_pool(ScheduleGraph *graph, const char *name, unsigned slots);
/* Tasks are numbered from 0. */
guint schedule_graph_add(ScheduleGraph *graph, const ScheduleTask *task);
/* `task` starts after `on` ended; with `needs` only if it ended well, else it is skipped. */
void schedule_graph_link(ScheduleGraph *graph, guint task, guint on, bool needs);
/* All is added. false + CYCLE when tasks wait for each other. */
bool schedule_graph_begin(ScheduleGraph *graph, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts the next task; false = none may start now. */
bool schedule_graph_take(ScheduleGraph *graph, gint64 now_us, guint *ret_task);
/* Ends a task that was taken. A failure that is to be tried again (true is given back) waits for its delay
 * and is taken once more; `retry` false makes a failure final. */
bool schedule_graph_finish(ScheduleGraph *graph, guint task, bool ok, bool retry, gint64 now_us);
/* Tasks that will never start, each told once: *ret_because is the one it needed (itself after a cancel). */
bool schedule_graph_next_skipped(ScheduleGraph *graph, guint *ret_task, guint *ret_because);
/* Nothing new starts, nothing is tried again: all that did not begin is skipped. */
void schedule_graph_cancel(ScheduleGraph *graph);
/* Before the graph ended: `task` counts as done without having run (it was done before). Only before the
 * first take. */
void schedule_graph_mark_done(ScheduleGraph *graph, guint task);

/* When a delayed task may start again; G_MAXINT64 = none waits for a time. */
gint64 schedule_graph_wake_us(const ScheduleGraph *graph);
unsigned schedule_graph_tries(const ScheduleGraph *graph, guint task); /* how often it was taken */
size_t schedule_graph_left(const ScheduleGraph *graph); /* neither ended nor skipped; 0 = all is over */

#endif
