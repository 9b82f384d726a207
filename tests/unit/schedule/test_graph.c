/* The task graph: order, pools, retries, skips, forecasts. */
#include "base/error.h"
#include "base/time.h"
#include "schedule/forecast.h"
#include "schedule/graph.h"

static guint add(ScheduleGraph *graph, int priority, const char *pool)
{
    return schedule_graph_add(graph, &(ScheduleTask){.priority = priority, .pool = pool});
}

static void begin(ScheduleGraph *graph)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(schedule_graph_begin(graph, &error));
}

static void take(ScheduleGraph *graph, gint64 now_us, gint expected)
{
    guint task = G_MAXUINT;
    bool took = schedule_graph_take(graph, now_us, &task);
    g_assert_cmpint(took ? (gint)task : -1, ==, expected);
}

static void assert_skipped(ScheduleGraph *graph, gint expected, gint because)
{
    guint task, why;
    bool any = schedule_graph_next_skipped(graph, &task, &why);
    g_assert_cmpint(any ? (gint)task : -1, ==, expected);
    g_assert_true(!any || (gint)why == because);
}

static void test_order(void)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    guint a = add(graph, 0, NULL), b = add(graph, 0, NULL), c = add(graph, 5, NULL), d = add(graph, 0, NULL);
    schedule_graph_link(graph, d, a, true);
    schedule_graph_link(graph, d, b, true);
    begin(graph);
    take(graph, 0, (gint)c); /* priority, then the order of adding */
    take(graph, 0, (gint)a);
    take(graph, 0, (gint)b);
    take(graph, 0, -1);
    g_assert_false(schedule_graph_finish(graph, b, true, false, 0));
    take(graph, 0, -1);
    g_assert_false(schedule_graph_finish(graph, a, true, false, 0));
    take(graph, 0, (gint)d);
    schedule_graph_finish(graph, c, true, false, 0);
    schedule_graph_finish(graph, d, true, false, 0);
    g_assert_cmpuint(schedule_graph_left(graph), ==, 0);
}

static void test_circle(void)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    guint a = add(graph, 0, NULL), b = add(graph, 0, NULL);
    schedule_graph_link(graph, a, b, true);
    schedule_graph_link(graph, b, a, false);
    g_autoptr(GError) error = NULL;
    g_assert_false(schedule_graph_begin(graph, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_CYCLE);
}

/* What needs a failed task is skipped, and what needs that; what only comes after it is not. */
static void test_skip(void)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    guint a = add(graph, 0, NULL), b = add(graph, 0, NULL), c = add(graph, 0, NULL), d = add(graph, 0, NULL);
    schedule_graph_link(graph, b, a, true);
    schedule_graph_link(graph, c, b, true);
    schedule_graph_link(graph, d, b, false);
    begin(graph);
    take(graph, 0, (gint)a);
    schedule_graph_finish(graph, a, false, true, 0);
    assert_skipped(graph, (gint)b, (gint)a);
    assert_skipped(graph, (gint)c, (gint)b);
    assert_skipped(graph, -1, 0);
    take(graph, 0, (gint)d);
    schedule_graph_finish(graph, d, true, false, 0);
    g_assert_cmpuint(schedule_graph_left(graph), ==, 0);
}

static void test_pools(void)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    schedule_graph_add_pool(graph, "heavy", 2);
    guint first = add(graph, 0, "heavy");
    add(graph, 0, "heavy");
    guint third = add(graph, 0, "heavy"), urgent = add(graph, 9, "heavy"), free_one = add(graph, 0, NULL);
    begin(graph);
    take(graph, 0, (gint)urgent);
    take(graph, 0, (gint)first);
    take(graph, 0, (gint)free_one); /* two of the pool stand back, and hold nobody up */
    take(graph, 0, -1);
    schedule_graph_finish(graph, urgent, true, false, 0);
    take(graph, 0, 1);
    take(graph, 0, -1);
    schedule_graph_finish(graph, first, false, false, 0);
    take(graph, 0, (gint)third);
}

static void test_retries(void)
{
    ScheduleRetry retry = {.times = 3, .delay_us = 10, .factor = 2, .max_us = 30};
    g_assert_cmpint(schedule_retry_delay_us(&retry, 1), ==, 10);
    g_assert_cmpint(schedule_retry_delay_us(&retry, 2), ==, 20);
    g_assert_cmpint(schedule_retry_delay_us(&retry, 3), ==, 30);
    g_assert_cmpint(schedule_retry_delay_us(&retry, 1000000), ==, 30);
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    guint task = schedule_graph_add(graph, &(ScheduleTask){.retry = retry});
    guint reader = add(graph, 0, NULL);
    schedule_graph_link(graph, reader, task, true);
    begin(graph);
    gint64 clock = 100;
    for (unsigned failures = 1; failures <= 3; failures++) {
        take(graph, clock, (gint)task);
        g_assert_true(schedule_graph_finish(graph, task, false, true, clock));
        gint64 wake = schedule_graph_wake_us(graph);
        g_assert_cmpint(wake, ==, clock + schedule_retry_delay_us(&retry, failures));
        take(graph, wake - 1, -1);
        clock = wake;
    }
    take(graph, clock, (gint)task);
    g_assert_cmpuint(schedule_graph_tries(graph, task), ==, 4);
    g_assert_false(schedule_graph_finish(graph, task, false, true, clock));
    g_assert_cmpint(schedule_graph_wake_us(graph), ==, G_MAXINT64);
    assert_skipped(graph, (gint)reader, (gint)task);
}

static void test_cancel(void)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    guint a = add(graph, 0, NULL), b = add(graph, 0, "one"), c = add(graph, 0, "one"),
          d = add(graph, 0, NULL);
    schedule_graph_link(graph, d, a, true);
    begin(graph);
    take(graph, 0, (gint)a);
    take(graph, 0, (gint)b);
    take(graph, 0, -1);
    schedule_graph_cancel(graph);
    assert_skipped(graph, (gint)c, (gint)c);
    assert_skipped(graph, (gint)d, (gint)d);
    schedule_graph_finish(graph, a, true, true, 0);
    g_assert_false(schedule_graph_finish(graph, b, false, true, 0));
    take(graph, G_MAXINT64 - 1, -1);
    g_assert_cmpuint(schedule_graph_left(graph), ==, 0);
}

static void test_marked(void)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    guint a = add(graph, 0, NULL), b = add(graph, 0, NULL), c = add(graph, 0, NULL);
    schedule_graph_link(graph, b, a, true);
    schedule_graph_link(graph, c, b, true);
    schedule_graph_mark_done(graph, a);
    schedule_graph_mark_done(graph, b);
    begin(graph);
    g_assert_cmpuint(schedule_graph_left(graph), ==, 1);
    take(graph, 0, (gint)c);
}

/* Ten thousand tasks in layers of a hundred, each waiting for three: all run once, in an order that fits. */
static void test_large(void)
{
    enum { N = 10000, WIDTH = 100 };
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    for (guint i = 0; i < N; i++) {
        add(graph, (int)(i % 7), i % 3 ? NULL : "pool");
        for (guint k = 0; i >= WIDTH && k < 3; k++) {
            schedule_graph_link(graph, i, i - i % WIDTH - WIDTH + (i * 31 + k * 7) % WIDTH, true);
        }
    }
    begin(graph);
    g_autofree bool *ended = g_new0(bool, N);
    guint task, n = 0;
    while (schedule_graph_take(graph, 0, &task)) {
        for (guint k = 0; task >= WIDTH && k < 3; k++) {
            g_assert_true(ended[task - task % WIDTH - WIDTH + (task * 31 + k * 7) % WIDTH]);
        }
        g_assert_false(ended[task]);
        ended[task] = true;
        schedule_graph_finish(graph, task, true, false, 0);
        n++;
    }
    g_assert_cmpuint(n, ==, N);
    g_assert_cmpuint(schedule_graph_left(graph), ==, 0);
}

/* a (10) and b (30) before c (5), d (50) alone: on two workers a b, then d, then c. */
static void test_forecast(void)
{
    g_autoptr(ScheduleGraph) graph = schedule_graph_new();
    guint a = add(graph, 0, NULL), b = add(graph, 0, NULL), c = add(graph, 0, NULL);
    add(graph, 0, NULL);
    schedule_graph_link(graph, c, a, true);
    schedule_graph_link(graph, c, b, true);
    begin(graph);
    gint64 finish[4];
    schedule_forecast(graph, (const gint64[]){10, 30, 5, 50}, 2, 1000, finish);
    g_assert_cmpint(finish[0], ==, 1010);
    g_assert_cmpint(finish[1], ==, 1030);
    g_assert_cmpint(finish[3], ==, 1060);
    g_assert_cmpint(finish[2], ==, 1035);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedule/graph/order_and_priority", test_order);
    g_test_add_func("/schedule/graph/a_circle_is_refused", test_circle);
    g_test_add_func("/schedule/graph/what_needs_a_failed_one_is_skipped", test_skip);
    g_test_add_func("/schedule/graph/pools_bound_and_hold_nobody_else", test_pools);
    g_test_add_func("/schedule/graph/retries_back_off", test_retries);
    g_test_add_func("/schedule/graph/cancel", test_cancel);
    g_test_add_func("/schedule/graph/done_before", test_marked);
    g_test_add_func("/schedule/graph/ten_thousand_tasks", test_large);
    g_test_add_func("/schedule/graph/forecast", test_forecast);
    return g_test_run();
}
