/* The forecast: the graph itself, played with a clock that jumps from one end to the next. */
#include "schedule/forecast.h"

typedef struct {
    guint task;
    gint64 end_us;
} Running;

static gint by_end(gconstpointer a, gconstpointer b, gpointer user)
{
    (void)user;
    const Running *left = a, *right = b;
    if (left->end_us != right->end_us) {
        return left->end_us < right->end_us ? -1 : 1;
    }
    return (left->task > right->task) - (left->task < right->task);
}

static void start_all(ScheduleGraph *graph, GSequence *running, const gint64 *duration_us, unsigned workers,
                      gint64 clock_us)
{
    guint task;
    while (g_sequence_get_length(running) < (gint)workers && schedule_graph_take(graph, clock_us, &task)) {
        Running *entry = g_new(Running, 1);
        *entry = (Running){task, clock_us + MAX(duration_us[task], 0)};
        g_sequence_insert_sorted(running, entry, by_end, NULL);
    }
}

void schedule_forecast(ScheduleGraph *graph, const gint64 *duration_us, unsigned workers, gint64 now_us,
                       gint64 *ret_finish_us)
{
    GSequence *running = g_sequence_new(g_free);
    start_all(graph, running, duration_us, MAX(workers, 1), now_us);
    while (!g_sequence_is_empty(running)) {
        GSequenceIter *first = g_sequence_get_begin_iter(running);
        const Running ended = *(const Running *)g_sequence_get(first);
        g_sequence_remove(first);
        ret_finish_us[ended.task] = ended.end_us;
        schedule_graph_finish(graph, ended.task, true, false, ended.end_us);
        start_all(graph, running, duration_us, MAX(workers, 1), ended.end_us);
    }
    g_sequence_free(running);
}
