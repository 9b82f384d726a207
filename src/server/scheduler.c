/* The scheduler: a thread that waits for the next firing, or for what brings one nearer (a run that ended, an
 * apply, a pause), and hands what fires to workers: sources first, then models, those of one firing in one
 * run. Firings that share no model run side by side. Once a minute a worker runs the checks of tables that
 * were loaded since.
 *
 * What failed fires again only at its next time; `retries` of a model are its run's. */
#include "server/scheduler.h"
#include "base/log.h"
#include "base/time.h"
#include "server/lint.h"
#include "server/session_int.h"
#include "server/up_int.h"
#include "server/usage.h"

#define MAX_RUNS_AT_ONCE 8
/* At least so often the clock is looked at: it may have been set. */
#define LONGEST_WAIT_US (60 * BASE_TIME_SECOND_US)
#define USAGE_US        (60 * BASE_TIME_SECOND_US) /* between two writings of the record of use */
#define CHECKS_US       (60 * BASE_TIME_SECOND_US) /* between two looks at tables whose checks are due */

struct ServerScheduler {
    ServerApp *app;
    GThread *thread;
    GThreadPool *workers;
    gint stopping;
    gint checking;                                      /* a worker runs checks of tables */
    gint64 checks_us, usage_us, judged_day, pruned_day; /* of the thread alone */
};

/* ---- carrying out -------------------------------------------------------------------------------------- */

static void refresh(ServerApp *app, CatalogSnapshot *snapshot, const CatalogObject *source)
{
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

/* Models that fired at one time: their run's clock is that time. */
static bool run_models(ServerApp *app, CatalogSnapshot *snapshot, GPtrArray *names, gint64 fired_us)
{
    g_autoptr(json_t) runs = NULL;
    g_autoptr(GError) error = NULL;
    g_ptr_array_add(names, NULL);
    const WarehouseRunOptions options = {
        .select = (const char *const *)names->pdata, .at_us = fired_us, .cause = "schedule"};
    bool ok = warehouse_run(server_app_warehouse(app), snapshot, &options, tell, NULL, &runs, &error);
    access_audit(server_app_access(app), "scheduler", "run", names->pdata[0], error ? error->message : NULL,
                 ok);
    if (!ok) {
        base_log_error("scheduled run", error);
    }
    return ok;
}

static gint by_time(gconstpointer a, gconstpointer b)
{
    const WarehouseFiring *left = *(WarehouseFiring *const *)a, *right = *(WarehouseFiring *const *)b;
    return (left->fired_us > right->fired_us) - (left->fired_us < right->fired_us);
}

static void write_down(ServerApp *app, const GPtrArray *firings)
{
    for (guint i = 0; i < firings->len; i++) {
        g_autoptr(GError) error = NULL;
        if (!warehouse_fired(server_app_warehouse(app), firings->pdata[i], &error)) {
            base_log_error("schedule", error);
        }
    }
}

bool server_scheduler_carry_out(ServerApp *app, GPtrArray *firings)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(app);
    bool ok = true;
    g_ptr_array_sort(firings, by_time);
    for (guint i = 0; i < firings->len; i++) {
        const CatalogObject *object =
            catalog_by_id(snapshot, ((const WarehouseFiring *)firings->pdata[i])->id);
        if (object && object->kind == CATALOG_SOURCE) {
            refresh(app, snapshot, object);
            warehouse_note_begun(server_app_warehouse(app), object->id, base_time_now_us());
        }
    }
    for (guint i = 0; i < firings->len;) {
        gint64 fired_us = ((const WarehouseFiring *)firings->pdata[i])->fired_us;
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        for (; i < firings->len && ((const WarehouseFiring *)firings->pdata[i])->fired_us == fired_us; i++) {
            const CatalogObject *object =
                catalog_by_id(snapshot, ((const WarehouseFiring *)firings->pdata[i])->id);
            if (object && object->kind == CATALOG_MODEL) {
                g_ptr_array_add(names, (char *)(gintptr)object->full_name);
            }
        }
        ok = (names->len == 0 || run_models(app, snapshot, names, fired_us)) && ok;
    }
    write_down(app, firings);
    return ok;
}

static void check_tables(ServerScheduler *scheduler)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(scheduler->app);
    g_autoptr(GError) error = NULL;
    if (!warehouse_check_tick(server_app_warehouse(scheduler->app), snapshot, &error)) {
        base_log_error("checks of tables", error);
    }
    g_atomic_int_set(&scheduler->checking, 0);
}

/* No firings: the checks of tables. */
static void work(gpointer data, gpointer user)
{
    ServerScheduler *scheduler = user;
    GPtrArray *firings = data;
    if (!g_atomic_int_get(&scheduler->stopping)) {
        if (firings->len == 0) {
            check_tables(scheduler);
        } else {
            server_scheduler_carry_out(scheduler->app, firings);
        }
    }
    g_ptr_array_unref(firings);
}

/* Never two at a time: a check may take longer than a minute. */
static void begin_checks(ServerScheduler *scheduler)
{
    if (base_time_monotonic_us() - scheduler->checks_us >= CHECKS_US &&
        g_atomic_int_compare_and_exchange(&scheduler->checking, 0, 1)) {
        scheduler->checks_us = base_time_monotonic_us();
        g_thread_pool_push(scheduler->workers, g_ptr_array_new(), NULL);
    }
}

/* ---- waiting ------------------------------------------------------------------------------------------- */

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

/* Once a day. */
static void forget_old_runs(ServerScheduler *scheduler)
{
    gint64 day = base_time_now_us() / BASE_TIME_DAY_US;
    g_autoptr(GError) error = NULL;
    if (scheduler->pruned_day == day) {
        return;
    }
    scheduler->pruned_day = day;
    const BaseConfig *config = server_app_config(scheduler->app);
    if (!warehouse_prune_runs(server_app_warehouse(scheduler->app),
                              base_config_int(config, BASE_CONFIG_RUNS_KEEP), &error)) {
        base_log_error("runs", error);
    }
    g_autoptr(GError) features = NULL;
    if (!features_forget_old(server_app_features(scheduler->app), &features)) {
        base_log_error("features", features);
    }
}

/* Results hold people's data: they go when their time is over. */
static void forget_old_retrievals(ServerScheduler *scheduler)
{
    g_autoptr(GError) error = NULL;
    if (!features_jobs_forget_old(server_app_feature_jobs(scheduler->app), base_time_now_us(), &error)) {
        base_log_error("retrievals", error);
    }
}

static gpointer run(gpointer data)
{
    ServerScheduler *scheduler = data;
    Warehouse *warehouse = server_app_warehouse(scheduler->app);
    while (!g_atomic_int_get(&scheduler->stopping)) {
        g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(scheduler->app);
        g_autoptr(GError) error = NULL;
        GPtrArray *firings = warehouse_due(warehouse, snapshot, base_time_now_us());
        if (firings->len > 0) {
            g_thread_pool_push(scheduler->workers, firings, NULL);
        } else {
            g_ptr_array_unref(firings);
        }
        if (!warehouse_deadlines(warehouse, snapshot, base_time_now_us(), &error)) {
            base_log_error("deadlines", error);
        }
        judge_night(scheduler);
        begin_checks(scheduler);
        if (base_time_monotonic_us() - scheduler->usage_us >= USAGE_US) {
            write_usage(scheduler);
        }
        forget_old_runs(scheduler);
        forget_old_retrievals(scheduler);
        warehouse_schedule_wait(warehouse, LONGEST_WAIT_US);
    }
    write_usage(scheduler);
    return NULL;
}

ServerScheduler *server_scheduler_start(ServerApp *app)
{
    ServerScheduler *scheduler = g_new0(ServerScheduler, 1);
    scheduler->app = app;
    scheduler->workers = g_thread_pool_new(work, scheduler, MAX_RUNS_AT_ONCE, FALSE, NULL);
    scheduler->thread = g_thread_new("scheduler", run, scheduler);
    return scheduler;
}

void server_scheduler_stop(ServerScheduler *scheduler)
{
    if (scheduler) {
        g_atomic_int_set(&scheduler->stopping, 1);
        warehouse_schedule_wake(server_app_warehouse(scheduler->app));
    }
}

void server_scheduler_free(ServerScheduler *scheduler)
{
    if (!scheduler) {
        return;
    }
    server_scheduler_stop(scheduler);
    g_thread_join(scheduler->thread);
    g_thread_pool_free(scheduler->workers, FALSE, TRUE);
    g_free(scheduler);
}
