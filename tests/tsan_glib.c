/* GLib's locks told to ThreadSanitizer, for `make tsan` alone.
 *
 * Since 2.36 GMutex and GCond are futexes inside libglib, which is not instrumented: ThreadSanitizer sees
 * neither the lock nor what it orders, and would call every access under a GMutex a race. So the functions
 * that Weir calls are defined here, in the program, before the library's: each does the library's own work
 * (found by dlsym, RTLD_NEXT) and tells ThreadSanitizer about it, which then also sees lock-order inversions
 * and unlocks by the wrong thread. GLib's calls inside itself are bound within libglib and never come here; a
 * mutex is either GLib's own or ours. Threads need nothing: g_thread_new and g_thread_join are pthread_create
 * and pthread_join, which are intercepted.
 */
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

/* The macros of the same names hide the functions that are defined here. */
#undef g_once_init_enter
#undef g_once_init_leave

static struct {
    void (*mutex_init)(GMutex *);
    void (*mutex_clear)(GMutex *);
    void (*mutex_lock)(GMutex *);
    gboolean (*mutex_trylock)(GMutex *);
    void (*mutex_unlock)(GMutex *);
    void (*rec_mutex_init)(GRecMutex *);
    void (*rec_mutex_clear)(GRecMutex *);
    void (*rec_mutex_lock)(GRecMutex *);
    void (*rec_mutex_unlock)(GRecMutex *);
    void (*cond_wait)(GCond *, GMutex *);
    gboolean (*cond_wait_until)(GCond *, GMutex *, gint64);
    gboolean (*once_init_enter)(volatile void *);
    void (*once_init_leave)(volatile void *, gsize);
    GThreadPool *(*thread_pool_new)(GFunc, gpointer, gint, gboolean, GError **);
    gboolean (*thread_pool_push)(GThreadPool *, gpointer, GError **);
    void (*thread_pool_free)(GThreadPool *, gboolean, gboolean);
    void (*queue_push)(GAsyncQueue *, gpointer);
    gpointer (*queue_pop)(GAsyncQueue *);
    gpointer (*queue_try_pop)(GAsyncQueue *);
    void (*time_zone_unref)(GTimeZone *);
} real;

static void find(const char *name, void *into)
{
    void *function = dlsym(RTLD_NEXT, name);
    g_assert(function != NULL);
    *(void **)into = function;
}

__attribute__((constructor(101))) static void find_all(void)
{
    find("g_mutex_init", &real.mutex_init);
    find("g_mutex_clear", &real.mutex_clear);
    find("g_mutex_lock", &real.mutex_lock);
    find("g_mutex_trylock", &real.mutex_trylock);
    find("g_mutex_unlock", &real.mutex_unlock);
    find("g_rec_mutex_init", &real.rec_mutex_init);
    find("g_rec_mutex_clear", &real.rec_mutex_clear);
    find("g_rec_mutex_lock", &real.rec_mutex_lock);
    find("g_rec_mutex_unlock", &real.rec_mutex_unlock);
    find("g_cond_wait", &real.cond_wait);
    find("g_cond_wait_until", &real.cond_wait_until);
    find("g_once_init_enter", &real.once_init_enter);
    find("g_once_init_leave", &real.once_init_leave);
    find("g_thread_pool_new", &real.thread_pool_new);
    find("g_thread_pool_push", &real.thread_pool_push);
    find("g_thread_pool_free", &real.thread_pool_free);
    find("g_async_queue_push", &real.queue_push);
    find("g_async_queue_pop", &real.queue_pop);
    find("g_async_queue_try_pop", &real.queue_try_pop);
    find("g_time_zone_unref", &real.time_zone_unref);
}

/* ---- mutexes ---- */

void g_mutex_init(GMutex *mutex)
{
    real.mutex_init(mutex);
    __tsan_mutex_create(mutex, 0);
}

void g_mutex_clear(GMutex *mutex)
{
    __tsan_mutex_destroy(mutex, 0);
    real.mutex_clear(mutex);
}

/* A static GMutex is never initialised by call: it begins with its first lock. */
void g_mutex_lock(GMutex *mutex)
{
    __tsan_mutex_pre_lock(mutex, __tsan_mutex_linker_init);
    real.mutex_lock(mutex);
    __tsan_mutex_post_lock(mutex, __tsan_mutex_linker_init, 0);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
    const unsigned flags = __tsan_mutex_linker_init | __tsan_mutex_try_lock;
    __tsan_mutex_pre_lock(mutex, flags);
    gboolean got = real.mutex_trylock(mutex);
    __tsan_mutex_post_lock(mutex, got ? flags : flags | __tsan_mutex_try_lock_failed, 0);
    return got;
}

void g_mutex_unlock(GMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    real.mutex_unlock(mutex);
    __tsan_mutex_post_unlock(mutex, 0);
}

void g_rec_mutex_init(GRecMutex *mutex)
{
    real.rec_mutex_init(mutex);
    __tsan_mutex_create(mutex, __tsan_mutex_write_reentrant);
}

void g_rec_mutex_clear(GRecMutex *mutex)
{
    __tsan_mutex_destroy(mutex, 0);
    real.rec_mutex_clear(mutex);
}

void g_rec_mutex_lock(GRecMutex *mutex)
{
    const unsigned flags = __tsan_mutex_linker_init | __tsan_mutex_write_reentrant;
    __tsan_mutex_pre_lock(mutex, flags);
    real.rec_mutex_lock(mutex);
    __tsan_mutex_post_lock(mutex, flags, 0);
}

void g_rec_mutex_unlock(GRecMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    real.rec_mutex_unlock(mutex);
    __tsan_mutex_post_unlock(mutex, 0);
}

/* ---- conditions: what they order is ordered by their mutex, given up and taken again ---- */

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    __tsan_mutex_post_unlock(mutex, 0);
    real.cond_wait(cond, mutex);
    __tsan_mutex_pre_lock(mutex, 0);
    __tsan_mutex_post_lock(mutex, 0, 0);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_us)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    __tsan_mutex_post_unlock(mutex, 0);
    gboolean woken = real.cond_wait_until(cond, mutex, end_us);
    __tsan_mutex_pre_lock(mutex, 0);
    __tsan_mutex_post_lock(mutex, 0, 0);
    return woken;
}

/* ---- once ---- */

gboolean g_once_init_enter(volatile void *location)
{
    gboolean mine = real.once_init_enter(location);
    __tsan_acquire((void *)(gsize)location);
    return mine;
}

void g_once_init_leave(volatile void *location, gsize value)
{
    __tsan_release((void *)(gsize)location);
    real.once_init_leave(location, value);
}

/* ---- counts: GLib's are atomic, but inside the library ---- */

void(g_atomic_ref_count_inc)(gatomicrefcount *count)
{
    __atomic_fetch_add(count, 1, __ATOMIC_ACQ_REL);
}

gboolean(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
    return __atomic_fetch_sub(count, 1, __ATOMIC_ACQ_REL) == 1;
}

void g_time_zone_unref(GTimeZone *zone)
{
    if (zone != NULL) { /* what was read of it comes before the last unref's free */
        __tsan_release(zone);
        __tsan_acquire(zone);
    }
    real.time_zone_unref(zone);
}

/* ---- pools: a push comes before the task, a task before the end of a waiting free ---- */

/* The handle is freed by GLib's own threads in an order that is not seen: reading it is not looked at. */
#define UNSEEN __attribute__((no_sanitize("thread")))

typedef struct {
    GFunc run;
    gpointer user;
    char pushed, done; /* two addresses that ThreadSanitizer orders by */
} Pool;

static void run_task(gpointer task, gpointer user)
{
    Pool *p = user;
    __tsan_acquire(&p->pushed);
    p->run(task, p->user);
    __tsan_release(&p->done);
}

GThreadPool *g_thread_pool_new(GFunc run, gpointer user, gint max_threads, gboolean exclusive, GError **error)
{
    Pool *p = g_new0(Pool, 1); /* never freed: a pool that is not waited for may outlive its handle */
    *p = (Pool){.run = run, .user = user};
    return real.thread_pool_new(run_task, p, max_threads, exclusive, error);
}

UNSEEN gboolean g_thread_pool_push(GThreadPool *pool, gpointer task, GError **error)
{
    __tsan_release(&((Pool *)pool->user_data)->pushed);
    return real.thread_pool_push(pool, task, error);
}

UNSEEN void g_thread_pool_free(GThreadPool *pool, gboolean immediate, gboolean wait)
{
    Pool *p = pool->user_data;
    real.thread_pool_free(pool, immediate, wait);
    if (wait) {
        __tsan_acquire(&p->done);
    }
}

/* ---- queues: a push comes before its pop ---- */

void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    __tsan_release(queue);
    real.queue_push(queue, data);
}

gpointer g_async_queue_pop(GAsyncQueue *queue)
{
    gpointer data = real.queue_pop(queue);
    __tsan_acquire(queue);
    return data;
}

gpointer g_async_queue_try_pop(GAsyncQueue *queue)
{
    gpointer data = real.queue_try_pop(queue);
    __tsan_acquire(queue);
    return data;
}
