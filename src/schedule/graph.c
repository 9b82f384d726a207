/* The task graph: see the header.
 *
 * A task that waits for nothing more stands in `ready`; when its pool turns out to be full it moves to the
 * pool's own queue and comes back, one for each slot that is freed. A failed one that is to be tried again
 * stands in `delayed`, by time. */
#include "schedule/graph.h"

#include "base/error.h"

typedef enum { WAITING, READY, RUNNING, DONE, FAILED, SKIPPED } State;

typedef struct {
    guint slots, used;
    GSequence *blocked; /* tasks that may start but for the pool */
} Pool;

typedef struct {
    guint number;
    int priority;
    Pool *pool; /* NULL = none */
    ScheduleRetry retry;
    GArray *readers; /* Reader; NULL = none */
    guint waits;     /* for how many that did not end */
    guint because;
    unsigned tries;
    gint64 wake_us;
    State state;
} Task;

typedef struct {
    guint task;
    bool needs;
} Reader;

struct ScheduleGraph {
    GPtrArray *tasks;
    GHashTable *pools;  /* name -> Pool */
    GSequence *ready;   /* Task*, the first is next */
    GSequence *delayed; /* Task* by wake_us */
    GQueue skipped;     /* Task* that nobody asked for yet */
    size_t left;
    bool begun, cancelled;
};

static void task_free(gpointer data)
{
    Task *task = data;
    g_clear_pointer(&task->readers, g_array_unref);
    g_free(task);
}

static void pool_free(gpointer data)
{
    Pool *pool = data;
    g_sequence_free(pool->blocked);
    g_free(pool);
}

ScheduleGraph *schedule_graph_new(void)
{
    ScheduleGraph *graph = g_new0(ScheduleGraph, 1);
    graph->tasks = g_ptr_array_new_with_free_func(task_free);
    graph->pools = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, pool_free);
    graph->ready = g_sequence_new(NULL);
    graph->delayed = g_sequence_new(NULL);
    g_queue_init(&graph->skipped);
    return graph;
}

void schedule_graph_free(ScheduleGraph *graph)
{
    if (!graph) {
        return;
    }
    g_sequence_free(graph->ready);
    g_sequence_free(graph->delayed);
    g_queue_clear(&graph->skipped);
    g_hash_table_unref(graph->pools);
    g_ptr_array_unref(graph->tasks);
    g_free(graph);
}

gint64 schedule_retry_delay_us(const ScheduleRetry *retry, unsigned failures)
{
    double delay = (double)retry->delay_us;
    double most = retry->max_us > 0 ? (double)retry->max_us : (double)G_MAXINT64 / 4;
    for (unsigned i = 1; i < failures && delay < most; i++) {
        delay *= retry->factor > 0 ? retry->factor : 1;
    }
    return (gint64)MIN(delay, most);
}

/* ---- building ------------------------------------------------------------------------------------------ */

void schedule_graph_add_pool(ScheduleGraph *graph, const char *name, unsigned slots)
{
    Pool *pool = g_hash_table_lookup(graph->pools, name);
    if (!pool) {
        pool = g_new0(Pool, 1);
        pool->blocked = g_sequence_new(NULL);
        g_hash_table_insert(graph->pools, g_strdup(name), pool);
    }
    pool->slots = MAX(slots, 1);
}

static Pool *pool_of(ScheduleGraph *graph, const char *name)
{
    if (!name) {
        return NULL;
    }
    if (!g_hash_table_contains(graph->pools, name)) {
        schedule_graph_add_pool(graph, name, 1);
    }
    return g_hash_table_lookup(graph->pools, name);
}

guint schedule_graph_add(ScheduleGraph *graph, const ScheduleTask *spec)
{
    g_assert(!graph->begun && graph->tasks->len < SCHEDULE_MAX_TASKS);
    Task *task = g_new0(Task, 1);
    task->number = graph->tasks->len;
    task->priority = spec->priority;
    task->pool = pool_of(graph, spec->pool);
    task->retry = spec->retry;
    g_ptr_array_add(graph->tasks, task);
    graph->left++;
    return task->number;
}

void schedule_graph_link(ScheduleGraph *graph, guint number, guint on, bool needs)
{
    Task *task = graph->tasks->pdata[number], *before = graph->tasks->pdata[on];
    Reader reader = {number, needs};
    if (!before->readers) {
        before->readers = g_array_new(FALSE, FALSE, sizeof(Reader));
    }
    g_array_append_val(before->readers, reader);
    task->waits++;
}

static gint by_rank(gconstpointer a, gconstpointer b, gpointer user)
{
    (void)user;
    const Task *left = a, *right = b;
    if (left->priority != right->priority) {
        return left->priority > right->priority ? -1 : 1;
    }
    return (left->number > right->number) - (left->number < right->number);
}

static gint by_wake(gconstpointer a, gconstpointer b, gpointer user)
{
    const Task *left = a, *right = b;
    if (left->wake_us != right->wake_us) {
        return left->wake_us < right->wake_us ? -1 : 1;
    }
    return by_rank(a, b, user);
}

static void make_ready(ScheduleGraph *graph, Task *task)
{
    task->state = READY;
    g_sequence_insert_sorted(graph->ready, task, by_rank, NULL);
}

/* ---- ending -------------------------------------------------------------------------------------------- */

static void skip(ScheduleGraph *graph, Task *task, guint because)
{
    task->state = SKIPPED;
    task->because = because;
    graph->left--;
    g_queue_push_tail(&graph->skipped, task);
}

/* Tells all that waited for `first` that it is over; those skipped by that are over too. */
static void release_readers(ScheduleGraph *graph, Task *first)
{
    GQueue over = G_QUEUE_INIT;
    g_queue_push_tail(&over, first);
    for (Task *task = g_queue_pop_head(&over); task; task = g_queue_pop_head(&over)) {
        for (guint i = 0; task->readers && i < task->readers->len; i++) {
            const Reader *link = &g_array_index(task->readers, Reader, i);
            Task *reader = graph->tasks->pdata[link->task];
            reader->waits--;
            if (reader->state != WAITING) {
                continue;
            }
            if (link->needs && task->state != DONE) {
                skip(graph, reader, task->number);
                g_queue_push_tail(&over, reader);
            } else if (reader->waits == 0 && graph->begun) {
                make_ready(graph, reader);
            }
        }
    }
}

/* Kahn's walk over a copy of the counts: what it does not reach stands in a circle. */
static bool has_circle(const ScheduleGraph *graph)
{
    g_autofree guint *waits = g_new(guint, MAX(graph->tasks->len, 1));
    g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(guint));
    guint reached = 0;
    for (guint i = 0; i < graph->tasks->len; i++) {
        waits[i] = ((const Task *)graph->tasks->pdata[i])->waits;
        if (waits[i] == 0) {
            g_array_append_val(open, i);
        }
    }
    while (open->len > 0) {
        const Task *task = graph->tasks->pdata[g_array_index(open, guint, open->len - 1)];
        g_array_set_size(open, open->len - 1);
        reached++;
        for (guint i = 0; task->readers && i < task->readers->len; i++) {
            guint reader = g_array_index(task->readers, Reader, i).task;
            if (--waits[reader] == 0) {
                g_array_append_val(open, reader);
            }
        }
    }
    return reached < graph->tasks->len;
}

bool schedule_graph_begin(ScheduleGraph *graph, GError **error)
{
    if (has_circle(graph)) {
        return base_fail(error, BASE_E_CYCLE, "tasks wait for each other in a circle");
    }
    for (guint i = 0; i < graph->tasks->len; i++) {
        Task *task = graph->tasks->pdata[i];
        if (task->state == DONE) {
            release_readers(graph, task);
        }
    }
    graph->begun = true;
    for (guint i = 0; i < graph->tasks->len; i++) {
        Task *task = graph->tasks->pdata[i];
        if (task->state == WAITING && task->waits == 0) {
            make_ready(graph, task);
        }
    }
    return true;
}

void schedule_graph_mark_done(ScheduleGraph *graph, guint number)
{
    Task *task = graph->tasks->pdata[number];
    g_assert(!graph->begun && task->state == WAITING);
    task->state = DONE;
    graph->left--;
}

static void leave_pool(ScheduleGraph *graph, Task *task)
{
    Pool *pool = task->pool;
    if (!pool) {
        return;
    }
    pool->used--;
    GSequenceIter *first = g_sequence_get_begin_iter(pool->blocked);
    if (!g_sequence_iter_is_end(first)) {
        Task *next = g_sequence_get(first);
        g_sequence_remove(first);
        make_ready(graph, next);
    }
}

bool schedule_graph_finish(ScheduleGraph *graph, guint number, bool ok, bool retry, gint64 now_us)
{
    Task *task = graph->tasks->pdata[number];
    g_assert(task->state == RUNNING);
    leave_pool(graph, task);
    if (!ok && retry && !graph->cancelled && task->tries <= task->retry.times) {
        task->state = READY;
        task->wake_us = now_us + schedule_retry_delay_us(&task->retry, task->tries);
        g_sequence_insert_sorted(graph->delayed, task, by_wake, NULL);
        return true;
    }
    task->state = ok ? DONE : FAILED;
    graph->left--;
    release_readers(graph, task);
    return false;
}

bool schedule_graph_next_skipped(ScheduleGraph *graph, guint *ret_task, guint *ret_because)
{
    const Task *task = g_queue_pop_head(&graph->skipped);
    if (task) {
        *ret_task = task->number;
        *ret_because = task->because;
    }
    return task != NULL;
}

void schedule_graph_cancel(ScheduleGraph *graph)
{
    graph->cancelled = true;
    GHashTableIter pools;
    gpointer pool;
    g_hash_table_iter_init(&pools, graph->pools);
    while (g_hash_table_iter_next(&pools, NULL, &pool)) {
        GSequence *blocked = ((Pool *)pool)->blocked;
        g_sequence_remove_range(g_sequence_get_begin_iter(blocked), g_sequence_get_end_iter(blocked));
    }
    g_sequence_remove_range(g_sequence_get_begin_iter(graph->ready), g_sequence_get_end_iter(graph->ready));
    g_sequence_remove_range(g_sequence_get_begin_iter(graph->delayed),
                            g_sequence_get_end_iter(graph->delayed));
    for (guint i = 0; i < graph->tasks->len; i++) {
        Task *task = graph->tasks->pdata[i];
        if (task->state == WAITING || task->state == READY) {
            skip(graph, task, task->number);
        }
    }
}

/* ---- starting ------------------------------------------------------------------------------------------ */

static void wake_delayed(ScheduleGraph *graph, gint64 now_us)
{
    for (;;) {
        GSequenceIter *first = g_sequence_get_begin_iter(graph->delayed);
        Task *task = g_sequence_iter_is_end(first) ? NULL : g_sequence_get(first);
        if (!task || task->wake_us > now_us) {
            return;
        }
        g_sequence_remove(first);
        make_ready(graph, task);
    }
}

bool schedule_graph_take(ScheduleGraph *graph, gint64 now_us, guint *ret_task)
{
    wake_delayed(graph, now_us);
    for (;;) {
        GSequenceIter *first = g_sequence_get_begin_iter(graph->ready);
        if (g_sequence_iter_is_end(first)) {
            return false;
        }
        Task *task = g_sequence_get(first);
        g_sequence_remove(first);
        if (task->pool && task->pool->used >= task->pool->slots) {
            g_sequence_insert_sorted(task->pool->blocked, task, by_rank, NULL);
            continue;
        }
        if (task->pool) {
            task->pool->used++;
        }
        task->state = RUNNING;
        task->tries++;
        *ret_task = task->number;
        return true;
    }
}

gint64 schedule_graph_wake_us(const ScheduleGraph *graph)
{
    GSequenceIter *first = g_sequence_get_begin_iter(graph->delayed);
    return g_sequence_iter_is_end(first) ? G_MAXINT64 : ((const Task *)g_sequence_get(first))->wake_us;
}

unsigned schedule_graph_tries(const ScheduleGraph *graph, guint task)
{
    return ((const Task *)graph->tasks->pdata[task])->tries;
}

size_t schedule_graph_left(const ScheduleGraph *graph)
{
    return graph->left;
}
