/* Slots for queries, light and heavy apart, each first come first served; and which of the two a statement
 * is.
 *
 * A slot is a permission, not a thread: the query runs on the thread that serves its session. Thread-safe.
 */
#ifndef WEIR_SERVER_POOLS_INT_H
#define WEIR_SERVER_POOLS_INT_H

#include <glib.h>
#include <semaphore.h>
#include <stdbool.h>

typedef struct ServerPools ServerPools;
typedef enum { SERVER_LIGHT, SERVER_HEAVY, SERVER_N_WEIGHTS } ServerWeight;

/* A session's place in a queue or in a slot; zeroed memory is a ticket that holds nothing. */
typedef struct {
    sem_t *woken; /* while it waits; posted once, by who grants or cancels */
    ServerWeight weight;
    gint granted; /* atomic: who was woken reads it without the lock */
    bool cancelled;
} ServerTicket;

ServerPools *server_pools_new(unsigned light_slots, unsigned heavy_slots, bool heavy_yields);
void server_pools_free(ServerPools *pools);
/* Waits for a slot. false = cancelled meanwhile. `front`: before all who wait (a query that goes on). */
bool server_pools_enter(ServerPools *pools, ServerTicket *ticket, ServerWeight weight,
                        bool front) G_GNUC_WARN_UNUSED_RESULT;
/* Gives the slot back; nothing when the ticket holds none. */
void server_pools_leave(ServerPools *pools, ServerTicket *ticket);
/* From any thread: a wait of this ticket, now or the next, ends with false; until server_pools_renew. */
void server_pools_cancel(ServerPools *pools, ServerTicket *ticket);
void server_pools_renew(ServerPools *pools, ServerTicket *ticket);
/* What a heavy query steps aside for: the atomic count of light ones that run; NULL when heavy ones do not
 * yield. Lives as long as the pools. */
gint *server_pools_before(ServerPools *pools, ServerWeight weight);
void server_pools_counts(ServerPools *pools, ServerWeight weight, guint *ret_running, guint *ret_waiting);

/* What is known of a shape: true and its weight; false when it has not run. */
bool server_pools_known(ServerPools *pools, guint64 shape, ServerWeight *ret);
/* A first guess from the planner's rows, kept until the first run. */
ServerWeight server_pools_guess(ServerPools *pools, guint64 shape, double rows);
/* After a run: how long it took, and how much of that its own thread computed. */
void server_pools_learn(ServerPools *pools, guint64 shape, gint64 elapsed_us, gint64 cpu_us);

#endif
