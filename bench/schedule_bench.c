/* Task starts a second, and the gap between a task that ended and the one that waited for it: the graph of
 * tasks handed to threads, tasks that do nothing.
 *
 *   schedule_bench [TASKS] [THREADS]     layers of 100, each task waits for three of the layer before */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "schedule/graph.h"

#define WIDTH 100u

typedef struct {
    GMutex lock;
    GCond changed;
    ScheduleGraph *graph;
    guint n;
    gint64 *ended_us, *gap_us;
} Bench;

static guint read_of(guint task, guint k)
{
    return task - task % WIDTH - WIDTH + (task * 31 + k * 7) % WIDTH;
}

static void note_gap(Bench *bench, guint task, gint64 now_us)
{
    gint64 last_us = 0;
    for (guint k = 0; task >= WIDTH && k < 3; k++) {
        last_us = MAX(last_us, bench->ended_us[read_of(task, k)]);
    }
    bench->gap_us[task] = last_us ? now_us - last_us : 0;
}

static gpointer work(gpointer data)
{
    Bench *bench = data;
    g_mutex_lock(&bench->lock);
    while (schedule_graph_left(bench->graph) > 0) {
        guint task;
        if (!schedule_graph_take(bench->graph, 0, &task)) {
            g_cond_wait(&bench->changed, &bench->lock);
            continue;
        }
        g_mutex_unlock(&bench->lock);
        gint64 now_us = g_get_monotonic_time(); /* the task: it notes when it began */
        g_mutex_lock(&bench->lock);
        note_gap(bench, task, now_us);
        bench->ended_us[task] = g_get_monotonic_time();
        schedule_graph_finish(bench->graph, task, true, false, 0);
        g_cond_broadcast(&bench->changed);
    }
    g_mutex_unlock(&bench->lock);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    gint64 n = 10000, threads = 2;
    if ((argc > 1 && !base_text_to_int(argv[1], 1, 10000000, &n)) ||
        (argc > 2 && !base_text_to_int(argv[2], 1, 64, &threads))) {
        return 2;
    }
    Bench bench = {.n = (guint)n, .graph = schedule_graph_new()};
    bench.ended_us = g_new0(gint64, n);
    bench.gap_us = g_new0(gint64, n);
    for (guint i = 0; i < bench.n; i++) {
        schedule_graph_add(bench.graph, &(ScheduleTask){.priority = (int)(i % 7)});
        for (guint k = 0; i >= WIDTH && k < 3; k++) {
            schedule_graph_link(bench.graph, i, read_of(i, k), true);
        }
    }
    gint64 start_us = g_get_monotonic_time();
    if (!schedule_graph_begin(bench.graph, NULL)) {
        return 1;
    }
    GThread *workers[64];
    for (gint64 i = 0; i < threads; i++) {
        workers[i] = g_thread_new("bench", work, &bench);
    }
    for (gint64 i = 0; i < threads; i++) {
        g_thread_join(workers[i]);
    }
    double seconds = (double)(g_get_monotonic_time() - start_us) / 1e6;
    qsort(bench.gap_us, bench.n, sizeof(gint64), by_size);
    printf("{\"tasks\": %u, \"threads\": %d, \"seconds\": %.4f, \"starts_per_second\": %.0f, \"gap_p50_us\": "
           "%" G_GINT64_FORMAT ", \"gap_p99_us\": %" G_GINT64_FORMAT "}\n",
           bench.n, (int)threads, seconds, bench.n / seconds, bench.gap_us[bench.n / 2],
           bench.gap_us[bench.n * 99 / 100]);
    schedule_graph_free(bench.graph);
    g_free(bench.ended_us);
    g_free(bench.gap_us);
    return 0;
}
