/* Threads of the MySQL port. See threads_int.h.
 *
 * One thread at a time polls, if there is a turn left for what it finds; the others sleep, and the one that
 * fell asleep last is woken first, so that those which are never needed end after IDLE_US. */
#include "server/mysql/threads_int.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"

#define EVENTS        64
#define POLL_EVERY_US 1000 /* also while there is enough to do: others may have come */
#define IDLE_US       (10 * BASE_TIME_SECOND_US)

typedef struct MysqlWorker {
    MysqlThreads *threads;
    GCond wake;
    bool asleep, has_turn;
    gint64 since_us; /* of its turn */
    GList link;      /* of those that sleep, or of those that have a turn */
} Worker;

struct MysqlThreads {
    MysqlServe serve;
    unsigned max_turns;
    gint64 stall_us;
    int epoll, nudge;
    GMutex lock;          /* guards what follows, and MysqlTurns */
    GQueue ready, parked; /* MysqlTurn */
    GQueue idle, taking;  /* Worker: that sleep, last one first; that have a turn, longest one first */
    bool polling;
    gint64 polled_us;             /* when it last did */
    gint64 poll_until_us;         /* what the one that polls sleeps till at most */
    unsigned n_workers, n_waking; /* that were woken or made, and are on their way */
    GCond ended;                  /* a worker has */
    GThread *monitor;
    GCond busy; /* the monitor sleeps until there is a turn */
    bool monitor_asleep, closing;
    bool short_of_threads; /* one could not be made: the monitor tries again */
};

/* ---- waking -------------------------------------------------------------------------------------------- */

static gpointer work(gpointer worker);

static void wake_monitor(MysqlThreads *threads)
{
    if (threads->monitor_asleep) {
        threads->monitor_asleep = false;
        g_cond_signal(&threads->busy);
    }
}

static void start_worker(MysqlThreads *threads)
{
    Worker *worker = g_new0(Worker, 1);
    worker->threads = threads;
    worker->link.data = worker;
    g_cond_init(&worker->wake);
    GError *error = NULL;
    GThread *thread = g_thread_try_new("mysql", work, worker, &error);
    if (thread) {
        threads->short_of_threads = false;
        threads->n_workers++;
        threads->n_waking++;
        g_thread_unref(thread);
        return;
    }
    if (!threads->short_of_threads) {
        base_log_error("the MySQL port could not get one more thread", error);
    }
    g_clear_error(&error);
    threads->short_of_threads = true;
    wake_monitor(threads);
    g_cond_clear(&worker->wake);
    g_free(worker);
}

/* With the lock: somebody is to serve what is ready, or to poll. */
static void wake_another(MysqlThreads *threads)
{
    unsigned wanted = threads->ready.length + !threads->polling;
    if (wanted <= threads->n_waking || threads->taking.length + threads->n_waking >= threads->max_turns) {
        return;
    }
    GList *link = g_queue_pop_head_link(&threads->idle);
    if (!link) {
        start_worker(threads);
        return;
    }
    Worker *worker = link->data;
    threads->n_waking++;
    worker->asleep = false;
    g_cond_signal(&worker->wake);
}

/* With the lock, which is given back meanwhile. False: it slept long enough, and is not needed. */
static bool sleep_until_woken(Worker *worker)
{
    MysqlThreads *threads = worker->threads;
    gint64 end_us = g_get_monotonic_time() + IDLE_US;
    worker->asleep = true;
    g_queue_push_head_link(&threads->idle, &worker->link);
    while (worker->asleep) {
        if (!g_cond_wait_until(&worker->wake, &threads->lock, end_us) && worker->asleep) {
            end_us = g_get_monotonic_time() + IDLE_US;
            if (threads->idle.length > 1) {
                g_queue_unlink(&threads->idle, &worker->link);
                return false;
            }
        }
    }
    threads->n_waking--;
    return true;
}

static void nudge(MysqlThreads *threads)
{
    const guint64 one = 1;
    if (write(threads->nudge, &one, sizeof one) != sizeof one) {
        g_warning("the MySQL port's threads could not be told: %s", g_strerror(errno));
    }
}

/* ---- polling ------------------------------------------------------------------------------------------- */

static void make_ready(MysqlThreads *threads, MysqlTurn *turn, bool late)
{
    g_queue_unlink(&threads->parked, &turn->link);
    turn->late = late;
    g_queue_push_tail_link(&threads->ready, &turn->link);
}

/* One event, and then none until it is parked again: while a connection is served nothing of it is on its
 * way. */
static bool arm(const MysqlThreads *threads, MysqlTurn *turn)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = turn};
    bool ok = epoll_ctl(threads->epoll, turn->in_set ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, turn->fd, &event) == 0;
    turn->in_set = turn->in_set || ok;
    return ok;
}

/* By whoever polls, so that no event of theirs is on its way to another. */
static void end_late_ones(MysqlThreads *threads)
{
    gint64 now_us = base_time_monotonic_us(), next_us = G_MAXINT64;
    if (now_us < threads->poll_until_us) {
        return;
    }
    for (GList *at = threads->parked.head, *next; at; at = next) {
        MysqlTurn *turn = at->data;
        next = at->next;
        if (turn->deadline_us <= now_us) {
            (void)!epoll_ctl(threads->epoll, EPOLL_CTL_DEL, turn->fd, NULL); /* it is in the set */
            turn->in_set = false;
            make_ready(threads, turn, true);
        } else {
            next_us = MIN(next_us, turn->deadline_us);
        }
    }
    threads->poll_until_us = next_us;
}

static void take_event(MysqlThreads *threads, const struct epoll_event *event)
{
    MysqlTurn *turn = event->data.ptr;
    guint64 count;
    if (turn) {
        make_ready(threads, turn, false);
    } else if (read(threads->nudge, &count, sizeof count) != sizeof count) {
        g_warning("the MySQL port's threads were told nothing: %s", g_strerror(errno));
    }
}

/* With the lock, which is given back meanwhile. */
static void poll_once(MysqlThreads *threads, bool waits)
{
    struct epoll_event events[EVENTS];
    gint64 left_us = threads->poll_until_us - base_time_monotonic_us();
    int timeout_ms = !waits                                 ? 0
                     : threads->poll_until_us == G_MAXINT64 ? -1
                                                            : (int)CLAMP(left_us / 1000 + 1, 0, G_MAXINT);
    threads->polling = true;
    g_mutex_unlock(&threads->lock);
    int n = epoll_wait(threads->epoll, events, EVENTS, timeout_ms);
    g_mutex_lock(&threads->lock);
    threads->polling = false;
    for (int i = 0; i < n; i++) {
        take_event(threads, &events[i]);
    }
    threads->polled_us = base_time_monotonic_us();
    if (n < EVENTS) { /* whose event is not among them has not spoken in time */
        end_late_ones(threads);
    }
}

/* ---- turns --------------------------------------------------------------------------------------------- */

static void begin_turn(Worker *worker, MysqlTurn *turn)
{
    MysqlThreads *threads = worker->threads;
    turn->worker = worker;
    worker->has_turn = true;
    worker->since_us = base_time_monotonic_us();
    g_queue_push_tail_link(&threads->taking, &worker->link);
    wake_monitor(threads);
}

static void end_turn(Worker *worker)
{
    if (worker->has_turn) {
        worker->has_turn = false;
        g_queue_unlink(&worker->threads->taking, &worker->link);
    }
}

/* With the lock. NULL = the worker is not needed any more. */
static MysqlTurn *next_turn(Worker *worker)
{
    MysqlThreads *threads = worker->threads;
    for (;;) {
        bool may = threads->taking.length < threads->max_turns;
        if (may && !threads->polling && !g_queue_is_empty(&threads->ready) &&
            base_time_monotonic_us() - threads->polled_us > POLL_EVERY_US) {
            poll_once(threads, false); /* clients that are always ready must not keep the others out */
            continue;
        }
        GList *link = may ? g_queue_pop_head_link(&threads->ready) : NULL;
        if (link) {
            begin_turn(worker, link->data);
            wake_another(threads);
            return link->data;
        }
        if (threads->closing) {
            return NULL;
        }
        if (may && !threads->polling) {
            poll_once(threads, true);
        } else if (!sleep_until_woken(worker)) {
            return NULL;
        }
    }
}

static void put_back(MysqlThreads *threads, MysqlTurn *turn, MysqlNext next)
{
    turn->worker = NULL;
    bool armed = next == MYSQL_PARK && arm(threads, turn);
    if (next == MYSQL_PARK && !armed) {
        base_log(BASE_LOG_ERROR, "a MySQL client is sent away", "reason", g_strerror(errno), NULL);
        shutdown(turn->fd, SHUT_RDWR); /* it is served once more, and ends */
    }
    if (!armed) {
        g_queue_push_tail_link(&threads->ready, &turn->link);
        return;
    }
    g_queue_push_tail_link(&threads->parked, &turn->link);
    if (turn->deadline_us < threads->poll_until_us) {
        threads->poll_until_us = turn->deadline_us;
        if (threads->polling) {
            nudge(threads);
        }
    }
}

static gpointer work(gpointer data)
{
    Worker *worker = data;
    MysqlThreads *threads = worker->threads;
    MysqlTurn *turn;
    g_mutex_lock(&threads->lock);
    threads->n_waking--;
    while ((turn = next_turn(worker)) != NULL) {
        g_mutex_unlock(&threads->lock);
        MysqlNext next = threads->serve(turn);
        g_mutex_lock(&threads->lock);
        end_turn(worker);
        if (next != MYSQL_OVER) {
            put_back(threads, turn, next);
        }
    }
    threads->n_workers--;
    g_cond_signal(&threads->ended);
    g_mutex_unlock(&threads->lock);
    g_cond_clear(&worker->wake);
    g_free(worker);
    return NULL;
}

void mysql_threads_give_way(MysqlThreads *threads, MysqlTurn *turn)
{
    g_mutex_lock(&threads->lock);
    if (turn->worker->has_turn) {
        end_turn(turn->worker);
        wake_another(threads);
    }
    g_mutex_unlock(&threads->lock);
}

/* ---- the monitor -----------------------------------------------------------------------------------------
 */

static void end_stalled(MysqlThreads *threads)
{
    gint64 before_us = base_time_monotonic_us() - threads->stall_us;
    GList *first;
    while ((first = threads->taking.head) && ((const Worker *)first->data)->since_us < before_us) {
        end_turn(first->data);
        wake_another(threads);
    }
}

static gpointer watch(gpointer data)
{
    MysqlThreads *threads = data;
    g_mutex_lock(&threads->lock);
    while (!threads->closing) {
        if (threads->taking.length == 0 && !threads->short_of_threads) {
            threads->monitor_asleep = true;
            g_cond_wait(&threads->busy, &threads->lock);
        } else {
            (void)g_cond_wait_until(&threads->busy, &threads->lock,
                                    g_get_monotonic_time() + threads->stall_us);
            end_stalled(threads);
            wake_another(threads);
        }
    }
    g_mutex_unlock(&threads->lock);
    return NULL;
}

/* ---- all of it --------------------------------------------------------------------------------------------
 */

MysqlThreads *mysql_threads_new(unsigned turns, gint64 stall_us, MysqlServe serve, GError **error)
{
    MysqlThreads *threads = g_new0(MysqlThreads, 1);
    threads->serve = serve;
    threads->max_turns = turns;
    threads->stall_us = stall_us;
    threads->poll_until_us = G_MAXINT64;
    g_mutex_init(&threads->lock);
    g_cond_init(&threads->ended);
    g_cond_init(&threads->busy);
    threads->epoll = epoll_create1(EPOLL_CLOEXEC);
    threads->nudge = eventfd(0, EFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    bool ok = threads->epoll >= 0 && threads->nudge >= 0 &&
              epoll_ctl(threads->epoll, EPOLL_CTL_ADD, threads->nudge, &event) == 0;
    int reason = errno;
    threads->monitor = ok ? g_thread_try_new("mysql-monitor", watch, threads, error) : NULL;
    if (!ok) {
        base_fail(error, BASE_E_FILE_IO, "the MySQL port cannot poll: %s", g_strerror(reason));
    }
    if (!threads->monitor) {
        g_clear_pointer(&threads, mysql_threads_free);
    }
    return threads;
}

void mysql_threads_free(MysqlThreads *threads)
{
    if (!threads) {
        return;
    }
    g_mutex_lock(&threads->lock);
    threads->closing = true;
    g_cond_signal(&threads->busy);
    for (GList *link; (link = g_queue_pop_head_link(&threads->idle)) != NULL;) {
        Worker *worker = link->data;
        threads->n_waking++;
        worker->asleep = false;
        g_cond_signal(&worker->wake);
    }
    if (threads->polling) {
        nudge(threads);
    }
    while (threads->n_workers > 0) {
        g_cond_wait(&threads->ended, &threads->lock);
    }
    g_mutex_unlock(&threads->lock);
    if (threads->monitor) {
        g_thread_join(threads->monitor);
    }
    if (threads->epoll >= 0) {
        close(threads->epoll);
    }
    if (threads->nudge >= 0) {
        close(threads->nudge);
    }
    g_mutex_clear(&threads->lock);
    g_cond_clear(&threads->ended);
    g_cond_clear(&threads->busy);
    g_free(threads);
}

bool mysql_threads_add(MysqlThreads *threads, MysqlTurn *turn, GError **error)
{
    turn->link.data = turn;
    g_mutex_lock(&threads->lock);
    g_queue_push_tail_link(&threads->ready, &turn->link);
    wake_another(threads);
    bool served = threads->n_workers > 0;
    if (!served) {
        g_queue_unlink(&threads->ready, &turn->link);
    }
    g_mutex_unlock(&threads->lock);
    return served || base_fail(error, BASE_E_MEMORY, "the MySQL port could not get a thread");
}
