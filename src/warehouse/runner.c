/* Tasks of models on worker threads: see the header. */
#include "warehouse/runner.h"

#include "base/text.h"
#include "warehouse/intervals.h"

#define DEFAULT_RETRY_DELAY_US (60 * BASE_TIME_SECOND_US)
#define DEFAULT_RETRY_MAX_US   (3600 * BASE_TIME_SECOND_US)
#define MAX_RETRIES            1000

struct WarehouseRunner {
    WarehouseRunContext *context;
    Warehouse *warehouse;
    GMutex lock;
    GCond changed;
    ScheduleGraph *graph;
    GArray *tasks; /* WarehouseTask */
    size_t n_ended;
    bool held_now; /* a check of this run held rows back */
    bool cancelled;
    int lanes; /* workers that have begun */
    WarehouseRunnerOptions options;
};

/* ---- building ------------------------------------------------------------------------------------------ */

static void task_clear(gpointer data)
{
    warehouse_run_clear(&((WarehouseTask *)data)->run);
}

/* Pools of weir.yml: {name: slots}. */
static void add_pools(ScheduleGraph *graph, const CatalogSnapshot *snapshot)
{
    json_t *pools = json_object_get(catalog_project_settings(snapshot), "pools");
    const char *name;
    json_t *slots;
    json_object_foreach (pools, name, slots) {
        schedule_graph_add_pool(graph, name, (unsigned)CLAMP(json_integer_value(slots), 1, 100000));
    }
}

WarehouseRunner *warehouse_runner_new(WarehouseRunContext *context)
{
    WarehouseRunner *runner = g_new0(WarehouseRunner, 1);
    runner->context = context;
    runner->warehouse = context->warehouse;
    runner->graph = schedule_graph_new();
    runner->tasks = g_array_new(FALSE, TRUE, sizeof(WarehouseTask));
    g_array_set_clear_func(runner->tasks, task_clear);
    g_mutex_init(&runner->lock);
    g_cond_init(&runner->changed);
    add_pools(runner->graph, context->snapshot);
    return runner;
}

void warehouse_runner_free(WarehouseRunner *runner)
{
    if (runner) {
        schedule_graph_free(runner->graph);
        g_array_unref(runner->tasks);
        g_cond_clear(&runner->changed);
        g_mutex_clear(&runner->lock);
        g_free(runner);
    }
}

static gint64 duration_of(const json_t *map, const char *key, gint64 fallback_us)
{
    gint64 us;
    const char *text = base_json_string(map, key, NULL);
    return text && base_text_to_duration(text, &us) ? us : fallback_us;
}

static ScheduleRetry retry_of(const CatalogObject *model)
{
    const json_t *retries = json_object_get(model->definition, "retries");
    if (!retries) {
        return (ScheduleRetry){0};
    }
    return (ScheduleRetry){.times = (unsigned)CLAMP(base_json_int(retries, "times", 1), 0, MAX_RETRIES),
                           .delay_us = duration_of(retries, "delay", DEFAULT_RETRY_DELAY_US),
                           .factor = base_json_real(retries, "factor", 2),
                           .max_us = duration_of(retries, "max", DEFAULT_RETRY_MAX_US)};
}

guint warehouse_runner_add(WarehouseRunner *runner, const CatalogObject *model, gint64 start_us,
                           gint64 end_us)
{
    WarehouseTask task = {.model = model, .start_us = start_us, .end_us = end_us};
    g_array_append_val(runner->tasks, task);
    ScheduleTask spec = {.priority =
                             (int)CLAMP(base_json_int(model->definition, "priority", 0), -1000000, 1000000),
                         .pool = base_json_string(model->definition, "pool", NULL),
                         .retry = retry_of(model)};
    return schedule_graph_add(runner->graph, &spec);
}

void warehouse_runner_link(WarehouseRunner *runner, guint task, guint on, bool needs)
{
    schedule_graph_link(runner->graph, task, on, needs);
}

void warehouse_runner_mark_done(WarehouseRunner *runner, guint task)
{
    schedule_graph_mark_done(runner->graph, task);
    runner->n_ended++;
}

size_t warehouse_runner_size(const WarehouseRunner *runner)
{
    return runner->tasks->len;
}

const WarehouseTask *warehouse_runner_task(const WarehouseRunner *runner, guint task)
{
    return &g_array_index(runner->tasks, WarehouseTask, task);
}

/* ---- telling ------------------------------------------------------------------------------------------- */

/* With the lock: calls are one at a time and in order. */
static void tell(WarehouseRunner *runner, const WarehouseTask *task, const char *state)
{
    if (!runner->options.tell) {
        return;
    }
    const WarehouseRun *run = &task->run;
    WarehouseStep step = {
        .model = task->model, .state = state, .done = runner->n_ended, .total = runner->tasks->len};
    step.start_us = task->start_us;
    step.end_us = task->end_us;
    if (run->state) {
        step.rows = run->rows;
        step.start_us =
            run->start_us > WAREHOUSE_BEGINNING_US ? run->start_us : 0; /* all history has no start */
        step.end_us = run->end_us;
        step.elapsed_us = run->elapsed_us;
        step.message = run->message;
    }
    runner->options.tell(&step, runner->options.tell_user);
}

/* With the lock: `task` is over. */
static void end_task(WarehouseRunner *runner, guint number)
{
    WarehouseTask *task = &g_array_index(runner->tasks, WarehouseTask, number);
    task->ended = true;
    runner->n_ended++;
    runner->held_now = runner->held_now || g_str_equal(task->run.state, "held");
    if (!g_str_equal(task->run.state, "skipped") && !g_str_equal(task->run.state, "waiting")) {
        warehouse_note_begun(runner->warehouse, task->model->id, task->run.started_us);
    }
    if (g_str_equal(task->run.state, "done")) {
        warehouse_note_done(runner->warehouse, task->model->id, task->run.started_us + task->run.elapsed_us);
    }
    tell(runner, task, task->run.state);
    if (runner->options.ended) {
        runner->options.ended(number, task, runner->options.ended_user);
    }
}

/* ---- skipping ------------------------------------------------------------------------------------------ */

static bool record_skips(EngineConn *conn, void *user, GError **error)
{
    const GPtrArray *runs = user;
    for (guint i = 0; i < runs->len; i++) {
        if (!warehouse_state_add_run(conn, runs->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

/* The state of the last task of a model that has ended. */
static const char *state_of(const CatalogObject *model, void *user)
{
    const WarehouseRunner *runner = user;
    for (guint i = runner->tasks->len; i > 0; i--) {
        const WarehouseTask *task = &g_array_index(runner->tasks, WarehouseTask, i - 1);
        if (task->model == model && task->ended) {
            return task->run.state;
        }
    }
    return NULL;
}

/* With the lock. The model that checks hold back, now or since an earlier run, and that the task would read.
 */
static const CatalogObject *awaited_by(WarehouseRunner *runner, const WarehouseTask *task)
{
    if (!runner->held_now && g_hash_table_size(runner->context->held) == 0) {
        return NULL;
    }
    return warehouse_hold_awaited(runner->context->snapshot, runner->context->held, task->model, state_of,
                                  runner);
}

static char *why_waiting(const CatalogObject *held)
{
    return g_strdup_printf("it reads `%s`, whose new rows a check holds back", held->full_name);
}

static char *why_skipped(const WarehouseRunner *runner, guint task, guint because)
{
    if (task == because) {
        return g_strdup("stopped before it began");
    }
    const CatalogObject *needed = g_array_index(runner->tasks, WarehouseTask, because).model;
    return g_strdup_printf("it reads `%s`, which was not made", needed->full_name);
}

/* With the lock. Those that will never start are recorded in one transaction. */
static void end_skipped(WarehouseRunner *runner)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GPtrArray) runs = g_ptr_array_new();
    guint number, because;
    while (schedule_graph_next_skipped(runner->graph, &number, &because)) {
        WarehouseTask *task = &g_array_index(runner->tasks, WarehouseTask, number);
        const CatalogObject *held = number == because ? NULL : awaited_by(runner, task);
        warehouse_run_clear(&task->run);
        task->run =
            (WarehouseRun){.run_id = g_strdup(runner->context->run_id),
                           .model = task->model->id,
                           .state = held ? "waiting" : "skipped",
                           .start_us = task->start_us,
                           .end_us = task->end_us,
                           .started_us = base_time_now_us(),
                           .cause = runner->context->cause,
                           .message = held ? why_waiting(held) : why_skipped(runner, number, because)};
        g_array_append_val(numbers, number);
        g_ptr_array_add(runs, &task->run);
    }
    g_autoptr(GError) error = NULL;
    bool recorded = runs->len == 0 || intake_transact(runner->warehouse->intake, record_skips, runs, &error);
    for (guint i = 0; i < numbers->len; i++) {
        WarehouseRun *run = runs->pdata[i];
        if (!recorded) {
            g_autofree char *why = g_steal_pointer(&run->message);
            run->message = g_strdup_printf("%s; and that could not be recorded: %s", why, error->message);
        }
        end_task(runner, g_array_index(numbers, guint, i));
    }
}

/* ---- workers ------------------------------------------------------------------------------------------- */

static void copy_relation(const WarehouseStanding *from, const char *schema, const char *name,
                          WarehouseStanding *to)
{
    char *key = g_strconcat(schema, ".", name, NULL);
    const char *relation = g_hash_table_lookup(from->relations, key);
    if (relation) {
        g_hash_table_insert(to->relations, key, g_strdup(relation));
    } else {
        g_free(key);
    }
}

/* What the task's own build may know of the engine's tables: a copy, as others change the common one. With
 * the lock. */
static void standing_of(const WarehouseRunner *runner, const CatalogObject *model, WarehouseStanding *ret)
{
    const WarehouseStanding *all = &runner->context->standing;
    g_autofree char *table = warehouse_table_of(model);
    const char *hash = g_hash_table_lookup(all->builds, model->id);
    ret->relations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    ret->builds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    copy_relation(all, model->domain, model->name, ret);
    copy_relation(all, model->domain, table, ret);
    if (hash) {
        g_hash_table_insert(ret->builds, g_strdup(model->id), g_strdup(hash));
    }
}

/* With the lock: the next task of the model finds its table. */
static void note_standing(WarehouseRunner *runner, const CatalogObject *model)
{
    bool history = model->model->kind == CATALOG_MODEL_SCD2; /* a view over the table of versions */
    bool view = model->model->kind == CATALOG_MODEL_VIEW || history;
    WarehouseStanding *all = &runner->context->standing;
    char *key = g_strconcat(model->domain, ".", model->name, NULL);
    g_hash_table_insert(all->relations, key, g_strdup(view ? "view" : "table"));
    if (history) {
        g_autofree char *table = warehouse_table_of(model);
        g_hash_table_insert(all->relations, g_strconcat(model->domain, ".", table, NULL), g_strdup("table"));
    }
    g_hash_table_insert(all->builds, g_strdup(model->id), warehouse_logic_hash(model));
}

/* A model that this run failed to make, of those that the task reads; NULL = none. Its link does not stop it
 * when it proceeds on hold: that is about rows held back, not about failures. */
static const CatalogObject *failed_above(WarehouseRunner *runner, const WarehouseTask *task)
{
    if (!warehouse_hold_proceeds(task->model)) {
        return NULL;
    }
    g_autoptr(GPtrArray) edges = catalog_lineage_up(runner->context->snapshot, task->model, NULL);
    for (guint i = 0; edges && i < edges->len; i++) {
        const CatalogObject *above = ((const CatalogEdge *)edges->pdata[i])->from;
        const char *state = state_of(above, runner);
        if (state && (g_str_equal(state, "failed") || g_str_equal(state, "skipped"))) {
            return above;
        }
    }
    return NULL;
}

/* With the lock. true: the task does not run now, and that is its outcome. */
static bool turn_back(WarehouseRunner *runner, guint number)
{
    WarehouseTask *task = &g_array_index(runner->tasks, WarehouseTask, number);
    const CatalogObject *held = awaited_by(runner, task);
    const CatalogObject *failed = held ? NULL : failed_above(runner, task);
    if (!held && !failed) {
        return false;
    }
    warehouse_run_clear(&task->run);
    task->run = (WarehouseRun){.run_id = g_strdup(runner->context->run_id),
                               .model = task->model->id,
                               .state = held ? "waiting" : "skipped",
                               .start_us = task->start_us,
                               .end_us = task->end_us,
                               .started_us = base_time_now_us(),
                               .cause = runner->context->cause};
    task->run.message =
        held ? why_waiting(held) : g_strdup_printf("it reads `%s`, which was not made", failed->full_name);
    g_autoptr(GPtrArray) runs = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_ptr_array_add(runs, &task->run);
    if (!intake_transact(runner->warehouse->intake, record_skips, runs, &error)) {
        g_autofree char *why = g_steal_pointer(&task->run.message);
        task->run.message = g_strdup_printf("%s; and that could not be recorded: %s", why, error->message);
    }
    (void)schedule_graph_finish(runner->graph, number, false, false, base_time_monotonic_us());
    end_task(runner, number);
    end_skipped(runner);
    g_cond_broadcast(&runner->changed);
    return true;
}

/* ---- what is stale --------------------------------------------------------------------------------------
 */

/* A run that was asked for no interval takes what is stale too. Rows of `append` would be there twice, and a
 * table that is built anew has nothing stale. */
static bool takes_stale(const WarehouseRunContext *context, const CatalogObject *model)
{
    const WarehouseRunOptions *options = context->options;
    const CatalogModelInfo *info = model->model;
    const char *built = warehouse_built_hash(&context->standing, model->id);
    g_autofree char *hash = warehouse_logic_hash(model);
    return !options->start_us && !options->end_us && !options->full && !options->restate_us &&
           !options->release && warehouse_has_intervals(model) && info->strategy != CATALOG_STRATEGY_APPEND &&
           built && (info->keeps_history || g_str_equal(built, hash));
}

/* What cannot be made again stays stale: input that is in the archive alone; all history of a microbatch that
 * says no `begin`, which is not cut into batches (--full makes it anew). */
static bool can_make(const WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                     WarehouseInterval range)
{
    bool archives = false;
    if (model->model->strategy == CATALOG_STRATEGY_MICROBATCH && range.start_us <= WAREHOUSE_BEGINNING_US) {
        return false;
    }
    return warehouse_has_archives(context->warehouse, conn, &archives, NULL) &&
           (!archives || warehouse_inputs_check(conn, context->snapshot, model, range, context->zone, NULL));
}

/* Stale stretches in whole units that can be made again; NULL when nothing is stale. */
static GArray *stale_ranges(const WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                            guint *ret_left)
{
    g_autoptr(GArray) stale = NULL;
    *ret_left = 0;
    if (!takes_stale(context, model) || !warehouse_stale_read(conn, model->id, &stale, NULL) ||
        stale->len == 0) {
        return NULL;
    }
    BasePeriod unit = warehouse_unit(model);
    g_autoptr(GArray) units = warehouse_units_touching(stale, unit, context->zone);
    GArray *ranges = warehouse_units_ranges(units, unit, context->zone);
    for (guint i = ranges->len; i > 0; i--) {
        if (!can_make(context, conn, model, g_array_index(ranges, WarehouseInterval, i - 1))) {
            g_array_remove_index(ranges, i - 1);
            ++*ret_left;
        }
    }
    return ranges;
}

static char *note_stale(guint n_made, guint n_left)
{
    GString *note = g_string_new(NULL);
    if (n_made) {
        g_string_append_printf(note, "%u stale stretch%s made again", n_made, n_made == 1 ? "" : "es");
    }
    if (n_left) {
        g_string_append_printf(note, "%s%u stale stretch%s cannot be made again", n_made ? "; " : "", n_left,
                               n_left == 1 ? "" : "es");
    }
    return g_string_free(note, FALSE);
}

/* Each stretch is a build of its own with a row of its own; *ret is the one that failed, or the last. */
static bool build_stale(const WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                        const GArray *stale, guint number, WarehouseRun *ret)
{
    for (guint i = 0; i < stale->len; i++) {
        const WarehouseInterval *range = &g_array_index(stale, WarehouseInterval, i);
        WarehouseRunOptions options = *context->options;
        WarehouseRunContext again = *context;
        options.start_us = range->start_us;
        options.end_us = range->end_us;
        again.options = &options;
        again.cause = "stale";
        warehouse_build(&again, conn, model, number, ret);
        if (!g_str_equal(ret->state, "done")) {
            return false;
        }
        warehouse_run_clear(ret);
    }
    return true;
}

/* What is stale, then what the run is for; the run's record says how much was stale. */
static void build_all(WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                      guint number, WarehouseRun *ret)
{
    guint n_left = 0;
    g_autoptr(GArray) stale = stale_ranges(context, conn, model, &n_left);
    g_autofree char *note = stale ? note_stale(stale->len, n_left) : NULL;
    context->note = note;
    if (!stale || build_stale(context, conn, model, stale, number, ret)) {
        warehouse_build(context, conn, model, number, ret);
    }
    context->note = NULL;
}

/* ---- a task ---------------------------------------------------------------------------------------------
 */

/* With the lock; leaves it while the model is built. */
static void run_task(WarehouseRunner *runner, EngineConn *conn, guint number, int lane)
{
    if (turn_back(runner, number)) {
        return;
    }
    WarehouseTask *task = &g_array_index(runner->tasks, WarehouseTask, number);
    warehouse_run_clear(&task->run);
    task->run = (WarehouseRun){0};
    unsigned tries = schedule_graph_tries(runner->graph, number);
    tell(runner, task, "running");
    WarehouseRunContext context = *runner->context;
    WarehouseRunOptions options = *context.options;
    if (task->end_us) {
        options.start_us = task->start_us;
        options.end_us = task->end_us;
    }
    context.options = &options;
    context.lane = lane;
    context.attempt = tries;
    standing_of(runner, task->model, &context.standing);
    g_mutex_unlock(&runner->lock);
    WarehouseRun run;
    warehouse_set_running(runner->warehouse, conn, task->model->id, context.stop_base, true);
    build_all(&context, conn, task->model, number, &run);
    warehouse_set_running(runner->warehouse, conn, task->model->id, context.stop_base, false);
    warehouse_standing_clear(&context.standing);
    g_mutex_lock(&runner->lock);
    task = &g_array_index(runner->tasks, WarehouseTask, number);
    task->run = run;
    bool ok = g_str_equal(run.state, "done");
    if (ok) {
        note_standing(runner, task->model);
    }
    bool retry = g_str_equal(run.state, "failed") && run.code != BASE_E_INTERRUPTED;
    if (schedule_graph_finish(runner->graph, number, ok, retry, base_time_monotonic_us())) {
        tell(runner, task, "retrying");
    } else {
        end_task(runner, number);
    }
    end_skipped(runner);
    g_cond_broadcast(&runner->changed);
}

/* A worker without a connection leaves the work to the others; the last one's failure fails its task. With
 * the lock. */
static void fail_task(WarehouseRunner *runner, guint number, const GError *error)
{
    WarehouseTask *task = &g_array_index(runner->tasks, WarehouseTask, number);
    task->run = (WarehouseRun){.run_id = g_strdup(runner->context->run_id),
                               .model = task->model->id,
                               .state = "failed",
                               .started_us = base_time_now_us(),
                               .message = g_strdup(error->message),
                               .code = BASE_E_RUN_FAILED};
    schedule_graph_finish(runner->graph, number, false, false, 0);
    end_task(runner, number);
    end_skipped(runner);
    g_cond_broadcast(&runner->changed);
}

/* With the lock. */
static void cancel_when_stopped(WarehouseRunner *runner)
{
    if (!runner->cancelled && warehouse_stopping(runner->context)) {
        runner->cancelled = true;
        schedule_graph_cancel(runner->graph);
        end_skipped(runner);
        g_cond_broadcast(&runner->changed);
    }
}

/* With the lock: until something ended, or a delay is over. */
static void wait_for_change(WarehouseRunner *runner)
{
    gint64 wake_us = schedule_graph_wake_us(runner->graph);
    if (wake_us == G_MAXINT64) {
        g_cond_wait(&runner->changed, &runner->lock);
    } else {
        /* Both clocks are the monotonic one. A stop tells nobody: it is looked for while a delay is waited
         * for. */
        g_cond_wait_until(&runner->changed, &runner->lock,
                          MIN(wake_us, g_get_monotonic_time() + BASE_TIME_SECOND_US));
    }
}

static gpointer work(gpointer data)
{
    WarehouseRunner *runner = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineConn) conn = engine_connect(runner->warehouse->engine, &error);
    /* Local time in a model is the project's, as it is in $start and $end. */
    if (conn && !engine_set_time_zone(conn, catalog_project_timezone(runner->context->snapshot), &error)) {
        g_clear_pointer(&conn, engine_disconnect);
    }
    g_mutex_lock(&runner->lock);
    int lane = runner->lanes++;
    while (schedule_graph_left(runner->graph) > 0) {
        guint number;
        cancel_when_stopped(runner);
        if (schedule_graph_take(runner->graph, base_time_monotonic_us(), &number)) {
            conn ? run_task(runner, conn, number, lane) : fail_task(runner, number, error);
        } else if (schedule_graph_left(runner->graph) > 0) {
            wait_for_change(runner);
        }
    }
    g_mutex_unlock(&runner->lock);
    return NULL;
}

bool warehouse_runner_run(WarehouseRunner *runner, const WarehouseRunnerOptions *options, GError **error)
{
    runner->options = *options;
    if (!schedule_graph_begin(runner->graph, error)) {
        return false;
    }
    unsigned n = options->parallel ? options->parallel : g_get_num_processors();
    n = MIN(MIN(n, WAREHOUSE_MAX_PARALLEL), (unsigned)MAX(schedule_graph_left(runner->graph), 1));
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    for (unsigned i = 1; i < n; i++) {
        g_ptr_array_add(threads, g_thread_new("weir-run", work, runner));
    }
    work(runner);
    for (guint i = 0; i < threads->len; i++) {
        g_thread_join(threads->pdata[i]);
    }
    return true;
}

/* ---- the outcome --------------------------------------------------------------------------------------- */

json_t *warehouse_runner_to_json(const WarehouseRunner *runner)
{
    json_t *runs = json_array();
    for (guint i = 0; i < runner->tasks->len; i++) {
        const WarehouseTask *task = &g_array_index(runner->tasks, WarehouseTask, i);
        if (task->ended) {
            json_array_append_new(runs, warehouse_run_to_json(&task->run));
        }
    }
    return runs;
}

bool warehouse_runner_judge(const WarehouseRunner *runner, GError **error)
{
    size_t n_failed = 0, n_held = 0;
    const WarehouseTask *first = NULL;
    for (guint i = 0; i < runner->tasks->len; i++) {
        const WarehouseTask *task = &g_array_index(runner->tasks, WarehouseTask, i);
        bool held =
            task->ended && (g_str_equal(task->run.state, "held") || g_str_equal(task->run.state, "waiting"));
        bool failed = task->ended && g_str_equal(task->run.state, "failed");
        n_held += held;
        n_failed += failed;
        first = first ? first : held || failed ? task : NULL;
    }
    if (warehouse_stopping(runner->context) && (!first || first->run.code == BASE_E_INTERRUPTED)) {
        base_fail(error, BASE_E_INTERRUPTED, "the run was stopped before all models were made");
        base_error_not_done(error, "Models that were not made are as before.");
        return false;
    }
    if (!first) {
        return true;
    }
    base_fail(error, n_failed ? BASE_E_RUN_FAILED : BASE_E_CHECK_FAILED, "`%s`: %s%s",
              first->model->full_name, first->run.message, n_failed + n_held > 1 ? " (and others)" : "");
    base_error_place(error, first->model->file, first->model->line, first->model->column);
    base_error_not_done(error, "Readers see what they saw before.");
    return false;
}
