/* The scheduler: one thread that asks every second what is due and runs it: sources first, then models.
 *
 * What failed is due again only at its next time, because warehouse_due goes by the last attempt. */
#include "base/log.h"
#include "base/time.h"
#include "server/lint.h"
#include "server/session_int.h"
#include "server/up_int.h"
#include "server/usage.h"

#define TICK_US  BASE_TIME_SECOND_US
#define USAGE_US (60 * BASE_TIME_SECOND_US) /* between two writings of the record of use */

struct ServerScheduler {
    ServerApp *app;
    GThread *thread;
    GMutex lock; /* guards stopping */
    GCond changed;
    bool stopping;
    gint64 usage_us, judged_day; /* of the thread alone */
};

static void refresh(ServerScheduler *scheduler, CatalogSnapshot *snapshot, const CatalogObject *source)
{
    ServerApp *app = scheduler->app;
    g_autoptr(GPtrArray) loads = NULL;
    g_autoptr(GError) error = NULL;
    bool ok = intake_source_refresh(server_app_intake(app), server_app_project(app), snapshot, source, &loads,
                                    &error);
    g_autofree char *files = g_strdup_printf("%u", loads ? loads->len : 0);
    access_audit(server_app_access(app), "scheduler", "refresh", source->full_name,
                 error ? error->message : NULL, ok);
    if (ok) {
        base_log(BASE_LOG_INFO, "source refreshed", "source", source->full_name, "files", files, NULL);
    } else {
        base_log_error(source->full_name, error);
    }
}

static void tell(const WarehouseStep *step, void *user)
{
    (void)user;
    g_autofree char *rows = g_strdup_printf("%" G_GINT64_FORMAT, step->rows);
    if (!g_str_equal(step->state, "running")) {
        base_log(g_str_equal(step->state, "done") ? BASE_LOG_INFO : BASE_LOG_WARN, "model", "name",
                 step->model->full_name, "state", step->state, "rows", rows, "message",
                 step->message ? step->message : "", NULL);
    }
}

static void run_models(ServerScheduler *scheduler, CatalogSnapshot *snapshot, GPtrArray *names)
{
    ServerApp *app = scheduler->app;
    g_autoptr(json_t) runs = NULL;
    g_autoptr(GError) error = NULL;
    g_ptr_array_add(names, NULL);
    const WarehouseRunOptions options = {.select = (const char *const *)names->pdata};
    bool ok = warehouse_run(server_app_warehouse(app), snapshot, &options, tell, NULL, &runs, &error);
    access_audit(server_app_access(app), "scheduler", "run", names->pdata[0], error ? error->message : NULL,
                 ok);
    if (!ok) {
        base_log_error("scheduled run", error);
    }
}

static bool is_stopping(ServerScheduler *scheduler)
{
    g_mutex_lock(&scheduler->lock);
    bool stopping = scheduler->stopping;
    g_mutex_unlock(&scheduler->lock);
    return stopping;
}

static void run_due(ServerScheduler *scheduler)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(scheduler->app);
    g_autoptr(GPtrArray) due =
        warehouse_due(server_app_warehouse(scheduler->app), snapshot, base_time_now_us());
    g_autoptr(GPtrArray) models = g_ptr_array_new();
    for (guint i = 0; due && i < due->len && !is_stopping(scheduler); i++) {
        const CatalogObject *object = catalog_by_id(snapshot, g_ptr_array_index(due, i));
        if (object && object->kind == CATALOG_SOURCE) {
            refresh(scheduler, snapshot, object);
        } else if (object) {
            g_ptr_array_add(models, (char *)(gintptr)object->full_name);
        }
    }
    if (models->len > 0 && !is_stopping(scheduler)) {
        run_models(scheduler, snapshot, models);
    }
}

static void write_usage(ServerScheduler *scheduler)
{
    ServerApp *app = scheduler->app;
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(app);
    g_autoptr(GError) error = NULL;
    scheduler->usage_us = base_time_monotonic_us();
    if (!server_usage_write(server_app_sql(app)->usage, server_app_intake(app), snapshot, &error)) {
        base_log_error("record of use", error);
    }
}

/* Once a day, after midnight UTC: what rows and use say against the standard. */
static void judge_night(ServerScheduler *scheduler)
{
    gint64 today = base_time_now_us() / BASE_TIME_DAY_US;
    bool first = scheduler->judged_day == 0;
    if (scheduler->judged_day == today) {
        return;
    }
    scheduler->judged_day = today;
    g_autoptr(json_t) findings = NULL;
    g_autoptr(GError) error = NULL;
    if (first) {
        return; /* a start is no night */
    }
    if (!server_lint_nightly(scheduler->app, &findings, &error)) {
        base_log_error("standard, nightly", error);
    } else if (json_array_size(findings) > 0) {
        g_autofree char *n = g_strdup_printf("%zu", json_array_size(findings));
        base_log(BASE_LOG_WARN, "standard, nightly", "findings", n, "more", "weir lint --rows", NULL);
    }
}

static gpointer run(gpointer data)
{
    ServerScheduler *scheduler = data;
    while (!is_stopping(scheduler)) {
        run_due(scheduler);
        judge_night(scheduler);
        if (base_time_monotonic_us() - scheduler->usage_us >= USAGE_US) {
            write_usage(scheduler);
        }
        g_mutex_lock(&scheduler->lock);
        if (!scheduler->stopping) {
            g_cond_wait_until(&scheduler->changed, &scheduler->lock, g_get_monotonic_time() + TICK_US);
        }
        g_mutex_unlock(&scheduler->lock);
    }
    write_usage(scheduler);
    return NULL;
}

ServerScheduler *server_scheduler_start(ServerApp *app)
{
    ServerScheduler *scheduler = g_new0(ServerScheduler, 1);
    scheduler->app = app;
    g_mutex_init(&scheduler->lock);
    g_cond_init(&scheduler->changed);
    scheduler->thread = g_thread_new("scheduler", run, scheduler);
    return scheduler;
}

void server_scheduler_stop(ServerScheduler *scheduler)
{
    if (!scheduler) {
        return;
    }
    g_mutex_lock(&scheduler->lock);
    scheduler->stopping = true;
    g_cond_broadcast(&scheduler->changed);
    g_mutex_unlock(&scheduler->lock);
}

void server_scheduler_free(ServerScheduler *scheduler)
{
    if (!scheduler) {
        return;
    }
    server_scheduler_stop(scheduler);
    g_thread_join(scheduler->thread);
    g_mutex_clear(&scheduler->lock);
    g_cond_clear(&scheduler->changed);
    g_free(scheduler);
}
