/* Query slots and learned weights. See pools_int.h and sql.h. */
#include "server/pools_int.h"

#include <errno.h>

#define HEAVY_ABOVE_US 10000.0
#define LIGHT_BELOW_US 5000.0
#define HEAVY_ROWS     2e6
#define FEW_ROWS       1e5  /* its own thread does them alone */
#define LEARN_RATE     0.25 /* weight of the newest run in the moving average */
#define MAX_SHAPES     8192 /* then the table is begun anew: shapes in use are learned again in one run each */

typedef struct {
    unsigned slots;
    gint running;   /* atomic: others read it without the lock */
    GQueue waiting; /* ServerTicket * */
} Pool;

typedef struct {
    double elapsed_us; /* < 0: only guessed */
    double rows;       /* as planned */
    ServerWeight weight;
} Shape;

struct ServerPools {
    GMutex lock; /* guards everything here and in tickets */
    Pool pools[SERVER_N_WEIGHTS];
    bool heavy_yields;
    GMutex shapes_lock;
    GHashTable *shapes; /* guint64 * -> Shape */
};

ServerPools *server_pools_new(unsigned light_slots, unsigned heavy_slots, bool heavy_yields)
{
    ServerPools *pools = g_new0(ServerPools, 1);
    g_mutex_init(&pools->lock);
    g_mutex_init(&pools->shapes_lock);
    pools->heavy_yields = heavy_yields;
    pools->pools[SERVER_LIGHT].slots = light_slots;
    pools->pools[SERVER_HEAVY].slots = heavy_slots;
    g_queue_init(&pools->pools[SERVER_LIGHT].waiting);
    g_queue_init(&pools->pools[SERVER_HEAVY].waiting);
    pools->shapes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return pools;
}

void server_pools_free(ServerPools *pools)
{
    if (!pools) {
        return;
    }
    g_hash_table_unref(pools->shapes);
    g_mutex_clear(&pools->lock);
    g_mutex_clear(&pools->shapes_lock);
    g_free(pools);
}

/* ---- slots ------------------------------------------------------------------------------------------- */

/* Called with the lock, which is given back meanwhile. A ticket that waits is in its queue until it is
 * granted (then the granter took it out) or gives up. It sleeps on a semaphore of its own: the one that is
 * woken has its slot already and needs no lock, which at that moment the next one leaving wants. */
static bool wait_for_slot(ServerPools *pools, Pool *pool, ServerTicket *ticket, bool front)
{
    sem_t woken;
    (void)sem_init(&woken, 0, 0); /* fails for a value that is too large, and this is 0 */
    ticket->woken = &woken;
    if (front) {
        g_queue_push_head(&pool->waiting, ticket);
    } else {
        g_queue_push_tail(&pool->waiting, ticket);
    }
    g_mutex_unlock(&pools->lock);
    while (sem_wait(&woken) != 0 && errno == EINTR) {
    }
    (void)sem_destroy(&woken);
    if (!g_atomic_int_get(&ticket->granted)) {
        g_mutex_lock(&pools->lock);
        g_queue_remove(&pool->waiting, ticket);
        g_mutex_unlock(&pools->lock);
        return false;
    }
    return true;
}

bool server_pools_enter(ServerPools *pools, ServerTicket *ticket, ServerWeight weight, bool front)
{
    g_mutex_lock(&pools->lock);
    Pool *pool = &pools->pools[weight];
    ticket->weight = weight;
    ticket->granted = false;
    if (!ticket->cancelled && ((unsigned)pool->running >= pool->slots || !g_queue_is_empty(&pool->waiting))) {
        return wait_for_slot(pools, pool, ticket, front);
    }
    if (!ticket->cancelled) {
        g_atomic_int_inc(&pool->running);
        ticket->granted = true;
    }
    bool entered = ticket->granted;
    g_mutex_unlock(&pools->lock);
    return entered;
}

/* The next one that waits gets the slot, which it owns from then on; NULL = nobody waits. What was cancelled
 * is on its way out. */
static sem_t *hand_on(Pool *pool)
{
    ServerTicket *next = g_queue_pop_head(&pool->waiting);
    while (next && next->cancelled) {
        next = g_queue_pop_head(&pool->waiting);
    }
    sem_t *woken = next ? g_steal_pointer(&next->woken) : NULL;
    if (next) {
        g_atomic_int_set(&next->granted, true);
    }
    return woken;
}

void server_pools_leave(ServerPools *pools, ServerTicket *ticket)
{
    sem_t *woken = NULL;
    g_mutex_lock(&pools->lock);
    if (ticket->granted) {
        Pool *pool = &pools->pools[ticket->weight];
        ticket->granted = false;
        woken = hand_on(pool); /* then `running` does not change */
        if (!woken) {
            g_atomic_int_add(&pool->running, -1);
        }
    }
    g_mutex_unlock(&pools->lock);
    if (woken) {
        (void)sem_post(woken); /* fails only past SEM_VALUE_MAX */
    }
}

void server_pools_cancel(ServerPools *pools, ServerTicket *ticket)
{
    g_mutex_lock(&pools->lock);
    ticket->cancelled = true;
    sem_t *woken = g_steal_pointer(&ticket->woken);
    if (woken) {
        (void)sem_post(woken);
    }
    g_mutex_unlock(&pools->lock);
}

void server_pools_renew(ServerPools *pools, ServerTicket *ticket)
{
    g_mutex_lock(&pools->lock);
    ticket->cancelled = false;
    g_mutex_unlock(&pools->lock);
}

gint *server_pools_before(ServerPools *pools, ServerWeight weight)
{
    return weight == SERVER_HEAVY && pools->heavy_yields ? &pools->pools[SERVER_LIGHT].running : NULL;
}

void server_pools_counts(ServerPools *pools, ServerWeight weight, guint *ret_running, guint *ret_waiting)
{
    g_mutex_lock(&pools->lock);
    *ret_running = (guint)pools->pools[weight].running;
    *ret_waiting = g_queue_get_length(&pools->pools[weight].waiting);
    g_mutex_unlock(&pools->lock);
}

/* ---- weights ------------------------------------------------------------------------------------------ */

static Shape *get_shape(ServerPools *pools, guint64 shape)
{
    Shape *known = g_hash_table_lookup(pools->shapes, &shape);
    if (known) {
        return known;
    }
    if (g_hash_table_size(pools->shapes) >= MAX_SHAPES) {
        g_hash_table_remove_all(pools->shapes);
    }
    known = g_new0(Shape, 1);
    known->elapsed_us = -1;
    g_hash_table_insert(pools->shapes, g_memdup2(&shape, sizeof shape), known);
    return known;
}

bool server_pools_known(ServerPools *pools, guint64 shape, ServerWeight *ret)
{
    g_mutex_lock(&pools->shapes_lock);
    const Shape *known = g_hash_table_lookup(pools->shapes, &shape);
    if (known) {
        *ret = known->weight;
    }
    g_mutex_unlock(&pools->shapes_lock);
    return known != NULL;
}

ServerWeight server_pools_guess(ServerPools *pools, guint64 shape, double rows)
{
    g_mutex_lock(&pools->shapes_lock);
    Shape *known = get_shape(pools, shape);
    if (known->elapsed_us < 0) {
        known->rows = rows;
        known->weight = rows > HEAVY_ROWS ? SERVER_HEAVY : SERVER_LIGHT;
    }
    ServerWeight weight = known->weight;
    g_mutex_unlock(&pools->shapes_lock);
    return weight;
}

void server_pools_learn(ServerPools *pools, guint64 shape, gint64 elapsed_us, gint64 cpu_us)
{
    g_mutex_lock(&pools->shapes_lock);
    Shape *known = get_shape(pools, shape);
    /* On a busy machine a short query waits for a core longer than it runs; counted as work, the wait would
     * send it among the heavy ones, to wait more. The work of a large one is done by other threads too. */
    double elapsed = known->rows <= FEW_ROWS ? (double)MIN(elapsed_us, 2 * cpu_us) : (double)elapsed_us;
    known->elapsed_us =
        known->elapsed_us < 0 ? elapsed : known->elapsed_us + LEARN_RATE * (elapsed - known->elapsed_us);
    if (known->elapsed_us > HEAVY_ABOVE_US) {
        known->weight = SERVER_HEAVY;
    } else if (known->elapsed_us < LIGHT_BELOW_US) {
        known->weight = SERVER_LIGHT;
    }
    g_mutex_unlock(&pools->shapes_lock);
}
