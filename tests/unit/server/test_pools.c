/* Slots: who gets one, in which order, and what ends a wait. */
#include "server/pools_int.h"

#define N_WAITERS 8

/* Where whoever is done with waiting says so. */
typedef struct {
    GMutex lock;
    GCond changed;
    GQueue waiters;
} Order;

typedef struct {
    ServerPools *pools;
    ServerTicket ticket;
    bool front, entered;
    Order *order;
} Waiter;

static void order_push(Order *order, Waiter *waiter)
{
    g_mutex_lock(&order->lock);
    g_queue_push_tail(&order->waiters, waiter);
    g_cond_signal(&order->changed);
    g_mutex_unlock(&order->lock);
}

static Waiter *order_pop(Order *order)
{
    g_mutex_lock(&order->lock);
    while (g_queue_is_empty(&order->waiters)) {
        g_cond_wait(&order->changed, &order->lock);
    }
    Waiter *waiter = g_queue_pop_head(&order->waiters);
    g_mutex_unlock(&order->lock);
    return waiter;
}

static gpointer run_waiter(gpointer user)
{
    Waiter *waiter = user;
    waiter->entered = server_pools_enter(waiter->pools, &waiter->ticket, SERVER_LIGHT, waiter->front);
    order_push(waiter->order, waiter);
    return NULL;
}

/* Starts it and comes back when it waits: it is one more in the queue. */
static GThread *start_waiting(Waiter *waiter)
{
    guint running = 0, before = 0, waiting = 0;
    server_pools_counts(waiter->pools, SERVER_LIGHT, &running, &before);
    GThread *thread = g_thread_new("waiter", run_waiter, waiter);
    while (waiting <= before) {
        g_thread_yield();
        server_pools_counts(waiter->pools, SERVER_LIGHT, &running, &waiting);
    }
    return thread;
}

static void assert_counts(ServerPools *pools, guint running, guint waiting)
{
    guint runs = 0, waits = 0;
    server_pools_counts(pools, SERVER_LIGHT, &runs, &waits);
    g_assert_cmpuint(runs, ==, running);
    g_assert_cmpuint(waits, ==, waiting);
}

static void test_first_come_first_served_but_who_goes_on_is_first(void)
{
    ServerPools *pools = server_pools_new(1, 1, true);
    Order order = {.waiters = G_QUEUE_INIT};
    ServerTicket holder = {0};
    g_assert_true(server_pools_enter(pools, &holder, SERVER_LIGHT, false));
    Waiter waiters[3] = {{.pools = pools, .order = &order},
                         {.pools = pools, .order = &order},
                         {.pools = pools, .order = &order, .front = true}};
    GThread *threads[3];
    for (size_t i = 0; i < G_N_ELEMENTS(waiters); i++) {
        threads[i] = start_waiting(&waiters[i]);
    }
    assert_counts(pools, 1, 3);
    server_pools_leave(pools, &holder);
    const size_t expected[] = {2, 0, 1};
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        Waiter *next = order_pop(&order);
        g_assert_true(next == &waiters[expected[i]] && next->entered);
        assert_counts(pools, 1, 2 - (guint)i);
        server_pools_leave(pools, &next->ticket);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    assert_counts(pools, 0, 0);
    server_pools_free(pools);
}

static void test_light_and_heavy_do_not_wait_for_each_other(void)
{
    ServerPools *pools = server_pools_new(1, 1, true);
    ServerTicket light = {0}, heavy = {0};
    g_assert_true(server_pools_enter(pools, &heavy, SERVER_HEAVY, false));
    g_assert_true(server_pools_enter(pools, &light, SERVER_LIGHT, false));
    g_assert_cmpint(*server_pools_before(pools, SERVER_HEAVY), ==, 1);
    g_assert_null(server_pools_before(pools, SERVER_LIGHT));
    server_pools_leave(pools, &light);
    g_assert_cmpint(*server_pools_before(pools, SERVER_HEAVY), ==, 0);
    server_pools_leave(pools, &heavy);
    server_pools_leave(pools, &heavy); /* holds none: nothing */
    server_pools_free(pools);
}

static void test_a_cancelled_ticket_neither_waits_nor_takes_a_slot(void)
{
    ServerPools *pools = server_pools_new(1, 1, true);
    Order order = {.waiters = G_QUEUE_INIT};
    ServerTicket holder = {0};
    g_assert_true(server_pools_enter(pools, &holder, SERVER_LIGHT, false));
    Waiter gone = {.pools = pools, .order = &order}, next = {.pools = pools, .order = &order};
    GThread *first = start_waiting(&gone), *second = start_waiting(&next);
    server_pools_cancel(pools, &gone.ticket);
    server_pools_cancel(pools, &gone.ticket);
    g_assert_true(order_pop(&order) == &gone);
    g_assert_false(gone.entered);
    g_assert_false(server_pools_enter(pools, &gone.ticket, SERVER_LIGHT, false)); /* until it is renewed */
    server_pools_leave(pools, &holder);
    g_assert_true(order_pop(&order) == &next && next.entered);
    server_pools_leave(pools, &next.ticket);
    server_pools_renew(pools, &gone.ticket);
    g_assert_true(server_pools_enter(pools, &gone.ticket, SERVER_LIGHT, false));
    server_pools_leave(pools, &gone.ticket);
    g_thread_join(first);
    g_thread_join(second);
    assert_counts(pools, 0, 0);
    server_pools_free(pools);
}

typedef struct {
    ServerPools *pools;
    ServerTicket ticket;
    gint *inside, *most, *entered;
} Crowd;

static gpointer run_crowd(gpointer user)
{
    Crowd *crowd = user;
    for (int i = 0; i < 2000; i++) {
        if (!server_pools_enter(crowd->pools, &crowd->ticket, SERVER_LIGHT, i % 7 == 0)) {
            server_pools_renew(crowd->pools, &crowd->ticket);
            continue;
        }
        gint inside = g_atomic_int_add(crowd->inside, 1) + 1;
        for (gint most = g_atomic_int_get(crowd->most);
             inside > most && !g_atomic_int_compare_and_exchange(crowd->most, most, inside);
             most = g_atomic_int_get(crowd->most)) {
        }
        g_atomic_int_inc(crowd->entered);
        g_atomic_int_add(crowd->inside, -1);
        server_pools_leave(crowd->pools, &crowd->ticket);
    }
    return NULL;
}

/* Whoever is cancelled at any moment, no slot is lost and none is given twice. */
static void test_a_crowd_never_exceeds_the_slots_and_loses_none(void)
{
    ServerPools *pools = server_pools_new(2, 1, true);
    gint inside = 0, most = 0, entered = 0;
    Crowd crowds[N_WAITERS];
    GThread *threads[N_WAITERS];
    for (size_t i = 0; i < N_WAITERS; i++) {
        crowds[i] = (Crowd){.pools = pools, .inside = &inside, .most = &most, .entered = &entered};
        threads[i] = g_thread_new("crowd", run_crowd, &crowds[i]);
    }
    for (int i = 0; i < 5000; i++) {
        server_pools_cancel(pools, &crowds[i % N_WAITERS].ticket);
        g_thread_yield();
    }
    for (size_t i = 0; i < N_WAITERS; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpint(most, <=, 2);
    g_assert_cmpint(entered, >, 0);
    assert_counts(pools, 0, 0);
    server_pools_free(pools);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pools/order", test_first_come_first_served_but_who_goes_on_is_first);
    g_test_add_func("/pools/apart", test_light_and_heavy_do_not_wait_for_each_other);
    g_test_add_func("/pools/cancel", test_a_cancelled_ticket_neither_waits_nor_takes_a_slot);
    g_test_add_func("/pools/crowd", test_a_crowd_never_exceeds_the_slots_and_loses_none);
    return g_test_run();
}
