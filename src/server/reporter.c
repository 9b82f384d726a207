/* The reporter: one thread that sends reports and looks at alerts when they are due. A thread of its own,
 * because a mail server may take its time. What cannot be sent is logged and audited; a report is tried again
 * at its next time, an alert at its next look. */
#include "base/log.h"
#include "base/time.h"
#include "server/up_int.h"

struct ServerReporter {
    ServerApp *app;
    GThread *thread;
    GMutex lock; /* guards stopping */
    GCond changed;
    bool stopping;
};

static void tell(const CatalogObject *object, const char *what, const GError *error, void *user)
{
    ServerReporter *reporter = user;
    if (error) {
        base_log_error(object->full_name, error);
    }
    if (g_str_equal(what, "report")) {
        access_audit(server_app_access(reporter->app), "reporter", "send report", object->full_name,
                     error ? error->message : NULL, !error);
    }
}

static gpointer run(gpointer data)
{
    ServerReporter *reporter = data;
    g_mutex_lock(&reporter->lock);
    while (!reporter->stopping) {
        g_mutex_unlock(&reporter->lock);
        gint64 now_us = base_time_now_us();
        g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(reporter->app);
        gint64 next_us = report_tick(server_app_report(reporter->app), snapshot, now_us, tell, reporter);
        g_mutex_lock(&reporter->lock);
        if (!reporter->stopping) {
            gint64 wait_us = MAX(next_us - base_time_now_us(), BASE_TIME_SECOND_US / 10);
            g_cond_wait_until(&reporter->changed, &reporter->lock, g_get_monotonic_time() + wait_us);
        }
    }
    g_mutex_unlock(&reporter->lock);
    return NULL;
}

ServerReporter *server_reporter_start(ServerApp *app)
{
    ServerReporter *reporter = g_new0(ServerReporter, 1);
    reporter->app = app;
    g_mutex_init(&reporter->lock);
    g_cond_init(&reporter->changed);
    reporter->thread = g_thread_new("reporter", run, reporter);
    return reporter;
}

void server_reporter_stop(ServerReporter *reporter)
{
    if (!reporter) {
        return;
    }
    g_mutex_lock(&reporter->lock);
    reporter->stopping = true;
    g_cond_broadcast(&reporter->changed);
    g_mutex_unlock(&reporter->lock);
    g_thread_join(reporter->thread);
    g_cond_clear(&reporter->changed);
    g_mutex_clear(&reporter->lock);
    g_free(reporter);
}
