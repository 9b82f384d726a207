/* A body that is read while it still comes: a queue of pieces in memory between one writer (the upload) and
 * the threads that parse. What was read is gone.
 *
 * Nobody who reads waits here. A statement takes what there is; when there is nothing more it ends, and the
 * load's own thread waits (intake_flow_wait) for as much as makes the next statement worth while, or for the
 * end. So no thread of the engine ever waits for a client. The writer does not wait either: when the queue is
 * full it asks to be called when there is room, and reads no more from its socket until then. */
#include "base/time.h"
#include "intake/intake_int.h"

/* More would not fit the clock. */
#define MAX_WAIT_US (G_GINT64_CONSTANT(86400000) * BASE_TIME_SECOND_US)

struct IntakeFlow {
    GMutex lock; /* guards all */
    GCond changed;
    GQueue pieces;     /* GByteArray* */
    size_t at;         /* bytes of the first one that were read */
    gint64 held_bytes; /* in the pieces, not read */
    gint64 max_bytes;
    bool waits; /* a reader does, for more than there is */
    bool ended, dropped;
    GError *failed;
    void (*room)(void *user);
    void *room_user;
};

IntakeFlow *intake_flow_new(gint64 max_bytes)
{
    IntakeFlow *flow = g_new0(IntakeFlow, 1);
    g_mutex_init(&flow->lock);
    g_cond_init(&flow->changed);
    g_queue_init(&flow->pieces);
    flow->max_bytes = max_bytes;
    return flow;
}

/* @locks: held, or nobody else is there. */
static void clear_pieces(IntakeFlow *flow)
{
    for (GByteArray *piece; (piece = g_queue_pop_head(&flow->pieces));) {
        g_byte_array_unref(piece);
    }
    flow->at = 0;
    flow->held_bytes = 0;
}

void intake_flow_free(IntakeFlow *flow)
{
    if (flow) {
        clear_pieces(flow);
        g_clear_error(&flow->failed);
        g_mutex_clear(&flow->lock);
        g_cond_clear(&flow->changed);
        g_free(flow);
    }
}

/* A quarter, while there are readers at work: what is further ahead has left the processor's caches when they
 * come to it. */
static bool is_full(const IntakeFlow *flow)
{
    return flow->held_bytes >= (flow->waits ? flow->max_bytes : flow->max_bytes / 4);
}

/* Unlocks, and calls who waits for room when there is some now. */
static void unlock_with_room(IntakeFlow *flow)
{
    void (*room)(void *user) = NULL;
    void *user = flow->room_user;
    if (!is_full(flow)) {
        room = flow->room;
        flow->room = NULL;
    }
    g_mutex_unlock(&flow->lock);
    if (room) {
        room(user);
    }
}

void intake_flow_append(IntakeFlow *flow, GByteArray *piece)
{
    g_mutex_lock(&flow->lock);
    if (flow->dropped || flow->failed || piece->len == 0) {
        g_byte_array_unref(piece);
    } else {
        g_queue_push_tail(&flow->pieces, piece);
        flow->held_bytes += (gint64)piece->len;
        g_cond_broadcast(&flow->changed);
    }
    g_mutex_unlock(&flow->lock);
}

bool intake_flow_on_room(IntakeFlow *flow, void (*room)(void *user), void *user)
{
    g_mutex_lock(&flow->lock);
    bool full = is_full(flow);
    if (full) {
        flow->room = room;
        flow->room_user = user;
    }
    g_mutex_unlock(&flow->lock);
    return full;
}

size_t intake_flow_take(IntakeFlow *flow, void *buffer, size_t len)
{
    size_t taken = 0;
    g_mutex_lock(&flow->lock);
    while (taken < len && flow->held_bytes > 0) {
        GByteArray *piece = g_queue_peek_head(&flow->pieces);
        size_t n = MIN(piece->len - flow->at, len - taken);
        memcpy((char *)buffer + taken, piece->data + flow->at, n);
        taken += n;
        flow->at += n;
        flow->held_bytes -= (gint64)n;
        if (flow->at == piece->len) {
            g_byte_array_unref(g_queue_pop_head(&flow->pieces));
            flow->at = 0;
        }
    }
    unlock_with_room(flow);
    return taken;
}

gint64 intake_flow_held(IntakeFlow *flow)
{
    g_mutex_lock(&flow->lock);
    gint64 bytes = flow->held_bytes;
    g_mutex_unlock(&flow->lock);
    return bytes;
}

bool intake_flow_ended(IntakeFlow *flow)
{
    g_mutex_lock(&flow->lock);
    bool ended = flow->ended && !flow->failed && flow->held_bytes == 0;
    g_mutex_unlock(&flow->lock);
    return ended;
}

void intake_flow_end(IntakeFlow *flow)
{
    g_mutex_lock(&flow->lock);
    flow->ended = !flow->failed;
    g_cond_broadcast(&flow->changed);
    g_mutex_unlock(&flow->lock);
}

void intake_flow_fail(IntakeFlow *flow, GError *why)
{
    g_mutex_lock(&flow->lock);
    if (flow->ended || flow->failed) {
        g_error_free(why);
    } else {
        flow->failed = why;
        clear_pieces(flow);
    }
    g_cond_broadcast(&flow->changed);
    unlock_with_room(flow);
}

void intake_flow_drop(IntakeFlow *flow)
{
    g_mutex_lock(&flow->lock);
    flow->dropped = true;
    clear_pieces(flow);
    unlock_with_room(flow);
}

bool intake_flow_wait(IntakeFlow *flow, gint64 bytes, gint64 wait_us, bool *ret_late, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + MIN(wait_us, MAX_WAIT_US);
    bool late = false;
    g_mutex_lock(&flow->lock);
    flow->waits = true;
    unlock_with_room(flow); /* what was full is not so any more */
    g_mutex_lock(&flow->lock);
    while (!flow->failed && !flow->ended && flow->held_bytes < bytes && !late) {
        if (wait_us < 0) {
            g_cond_wait(&flow->changed, &flow->lock);
        } else {
            late = !g_cond_wait_until(&flow->changed, &flow->lock, until_us);
        }
    }
    bool ok = !flow->failed;
    if (!ok && error) {
        *error = g_error_copy(flow->failed);
    }
    flow->waits = false;
    *ret_late = late && !flow->ended && flow->held_bytes < bytes;
    g_mutex_unlock(&flow->lock);
    return ok;
}
