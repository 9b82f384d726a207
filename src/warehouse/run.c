/* Many models: each starts when all that it reads, among those of the run, is done; as many at once as there
 * are workers, each worker with a connection of its own. What reads a model that failed or was held back is
 * skipped; the others go on. */
#include "warehouse/warehouse_int.h"

typedef enum { NODE_WAITING, NODE_RUNNING, NODE_FINISHED } NodeState;

typedef struct {
    const CatalogObject *model;
    GPtrArray *needs; /* Node*: models that it reads */
    GPtrArray *waits; /* Node*: models that its checks look at */
    NodeState state;
    WarehouseRun run; /* valid once FINISHED */
    size_t number;
} Node;

typedef struct {
    WarehouseRunContext context;
    Warehouse *warehouse;
    GMutex lock;
    GCond changed;
    GPtrArray *nodes; /* Node*, in order */
    size_t n_finished;
    WarehouseTell tell;
    void *tell_user;
} Runner;

static void node_free(gpointer data)
{
    Node *node = data;
    g_ptr_array_unref(node->needs);
    g_ptr_array_unref(node->waits);
    warehouse_run_clear(&node->run);
    g_free(node);
}

/* ---- order -------------------------------------------------------------------------------------------- */

/* Whether `from` comes, by reading or waiting, after `to`. The graph has no circle. */
static bool comes_after(const Node *from, const Node *to, GHashTable *seen)
{
    if (from == to) {
        return true;
    }
    if (!g_hash_table_add(seen, (gpointer)(guintptr)from)) {
        return false;
    }
    for (guint i = 0; i < from->needs->len + from->waits->len; i++) {
        const Node *next =
            i < from->needs->len ? from->needs->pdata[i] : from->waits->pdata[i - from->needs->len];
        if (comes_after(next, to, seen)) {
            return true;
        }
    }
    return false;
}

/* A check `relationship` looks at a table that the model may not read: it is built first, unless that would
 * go in a circle. */
static void add_waits(CatalogSnapshot *snapshot, Node *node, GHashTable *by_model)
{
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(node->model->definition, "checks"), i, check) {
        const char *to = base_json_string(check, "to", NULL);
        const CatalogObject *partner = to ? warehouse_check_partner(snapshot, node->model, to, NULL) : NULL;
        Node *other = partner ? g_hash_table_lookup(by_model, partner) : NULL;
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        if (other && !comes_after(other, node, seen)) {
            g_ptr_array_add(node->waits, other);
        }
    }
}

static GPtrArray *make_nodes(CatalogSnapshot *snapshot, const GPtrArray *models)
{
    GPtrArray *nodes = g_ptr_array_new_with_free_func(node_free);
    g_autoptr(GHashTable) by_model = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < models->len; i++) {
        Node *node = g_new0(Node, 1);
        node->model = models->pdata[i];
        node->needs = g_ptr_array_new();
        node->waits = g_ptr_array_new();
        node->number = i;
        g_ptr_array_add(nodes, node);
        g_hash_table_insert(by_model, models->pdata[i], node);
    }
    for (guint i = 0; i < nodes->len; i++) {
        Node *node = nodes->pdata[i];
        g_autoptr(GPtrArray) above = catalog_upstream(snapshot, node->model);
        for (guint k = 0; above && k < above->len; k++) {
            Node *need = g_hash_table_lookup(by_model, above->pdata[k]);
            if (need && need != node) {
                g_ptr_array_add(node->needs, need);
            }
        }
    }
    for (guint i = 0; i < nodes->len; i++) {
        add_waits(snapshot, nodes->pdata[i], by_model);
    }
    return nodes;
}

static bool all_finished(const GPtrArray *nodes)
{
    for (guint i = 0; i < nodes->len; i++) {
        if (((const Node *)nodes->pdata[i])->state != NODE_FINISHED) {
            return false;
        }
    }
    return true;
}

/* With the lock. */
static bool is_ready(const Node *node)
{
    return node->state == NODE_WAITING && all_finished(node->needs) && all_finished(node->waits);
}

static const Node *failed_need(const Node *node)
{
    for (guint i = 0; i < node->needs->len; i++) {
        const Node *need = node->needs->pdata[i];
        if (!g_str_equal(need->run.state, "done")) {
            return need;
        }
    }
    return NULL;
}

/* ---- telling --------------------------------------------------------------------------------------------
 */

/* With the lock: calls are one at a time and in order. */
static void tell(Runner *runner, const Node *node, const char *state)
{
    if (!runner->tell) {
        return;
    }
    const WarehouseRun *run = &node->run;
    WarehouseStep step = {
        .model = node->model, .state = state, .done = runner->n_finished, .total = runner->nodes->len};
    if (node->state == NODE_FINISHED) {
        step.rows = run->rows;
        step.start_us =
            run->start_us > WAREHOUSE_BEGINNING_US ? run->start_us : 0; /* all history has no start */
        step.end_us = run->end_us;
        step.elapsed_us = run->elapsed_us;
        step.message = run->message;
    }
    runner->tell(&step, runner->tell_user);
}

/* With the lock. */
static void finish(Runner *runner, Node *node)
{
    node->state = NODE_FINISHED;
    runner->n_finished++;
    warehouse_note_begun(runner->warehouse, node->model->id, node->run.started_us);
    tell(runner, node, node->run.state);
    g_cond_broadcast(&runner->changed);
}

/* ---- workers ---------------------------------------------------------------------------------------------
 */

static bool record_skip(EngineConn *conn, void *user, GError **error)
{
    return warehouse_state_add_run(conn, user, error);
}

/* With the lock. */
static void skip(Runner *runner, Node *node, const char *why)
{
    node->run = (WarehouseRun){.run_id = g_strdup(runner->context.run_id),
                               .model = node->model->id,
                               .state = "skipped",
                               .started_us = base_time_now_us(),
                               .message = g_strdup(why)};
    g_autoptr(GError) error = NULL;
    if (!intake_transact(runner->warehouse->intake, record_skip, &node->run, &error)) {
        g_free(node->run.message);
        node->run.message = g_strdup_printf("%s; and that could not be recorded: %s", why, error->message);
    }
    finish(runner, node);
}

/* With the lock. The next model to run; skips those that cannot. NULL = none is ready now. */
static Node *next_node(Runner *runner)
{
    int stop = warehouse_stopping(&runner->context);
    for (guint i = 0; i < runner->nodes->len; i++) {
        Node *node = runner->nodes->pdata[i];
        if (!is_ready(node)) {
            continue;
        }
        const Node *failed = failed_need(node);
        if (stop) {
            skip(runner, node, "stopped before it began");
        } else if (failed) {
            g_autofree char *why =
                g_strdup_printf("it reads `%s`, which was not made", failed->model->full_name);
            skip(runner, node, why);
        } else {
            return node;
        }
    }
    return NULL;
}

/* The connection can be interrupted from here on. */
static void set_running(Warehouse *warehouse, EngineConn *conn, bool running)
{
    g_mutex_lock(&warehouse->state_lock);
    if (running) {
        g_ptr_array_add(warehouse->running, conn);
    } else {
        g_ptr_array_remove_fast(warehouse->running, conn);
    }
    g_mutex_unlock(&warehouse->state_lock);
}

static void run_node(Runner *runner, EngineConn *conn, Node *node)
{
    node->state = NODE_RUNNING;
    tell(runner, node, "running");
    g_mutex_unlock(&runner->lock);
    WarehouseRun run;
    set_running(runner->warehouse, conn, true);
    warehouse_build(&runner->context, conn, node->model, node->number, &run);
    set_running(runner->warehouse, conn, false);
    g_mutex_lock(&runner->lock);
    node->run = run;
    finish(runner, node);
}

/* A worker without a connection leaves the work to the others; the last one's failure fails its model. */
static void fail_node(Runner *runner, Node *node, const GError *error)
{
    node->run = (WarehouseRun){.run_id = g_strdup(runner->context.run_id),
                               .model = node->model->id,
                               .state = "failed",
                               .started_us = base_time_now_us(),
                               .message = g_strdup(error->message),
                               .code = BASE_E_RUN_FAILED};
    finish(runner, node);
}

static gpointer work(gpointer data)
{
    Runner *runner = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineConn) conn = engine_connect(runner->warehouse->engine, &error);
    /* Local time in a model is the project's, as it is in $start and $end. */
    if (conn && !engine_set_time_zone(conn, catalog_project_timezone(runner->context.snapshot), &error)) {
        g_clear_pointer(&conn, engine_disconnect);
    }
    g_mutex_lock(&runner->lock);
    while (runner->n_finished < runner->nodes->len) {
        Node *node = next_node(runner);
        if (runner->n_finished == runner->nodes->len) {
            break;
        }
        if (!node) {
            g_cond_wait(&runner->changed, &runner->lock);
        } else if (conn) {
            run_node(runner, conn, node);
        } else {
            fail_node(runner, node, error);
        }
    }
    g_mutex_unlock(&runner->lock);
    return NULL;
}

static void run_workers(Runner *runner, unsigned asked)
{
    unsigned n = asked ? asked : g_get_num_processors();
    n = MIN(MIN(n, WAREHOUSE_MAX_PARALLEL), MAX(runner->nodes->len, 1));
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    for (unsigned i = 1; i < n; i++) {
        g_ptr_array_add(threads, g_thread_new("weir-run", work, runner));
    }
    work(runner);
    for (guint i = 0; i < threads->len; i++) {
        g_thread_join(threads->pdata[i]);
    }
}

/* ---- the run
 * ------------------------------------------------------------------------------------------------ */

static json_t *results(const Runner *runner, size_t *ret_failed, size_t *ret_held, const Node **ret_first)
{
    json_t *runs = json_array();
    *ret_failed = *ret_held = 0;
    *ret_first = NULL;
    for (guint i = 0; i < runner->nodes->len; i++) {
        const Node *node = runner->nodes->pdata[i];
        json_array_append_new(runs, warehouse_run_to_json(&node->run));
        bool held = g_str_equal(node->run.state, "held");
        bool failed = g_str_equal(node->run.state, "failed");
        *ret_held += held;
        *ret_failed += failed;
        if ((held || failed) && !*ret_first) {
            *ret_first = node;
        }
    }
    return runs;
}

static bool judge(const Runner *runner, json_t **ret_runs, GError **error)
{
    size_t n_failed, n_held;
    const Node *first;
    g_autoptr(json_t) runs = results(runner, &n_failed, &n_held, &first);
    if (ret_runs) {
        *ret_runs = g_steal_pointer(&runs);
    }
    int stop = warehouse_stopping(&runner->context);
    if (stop && (!first || first->run.code == BASE_E_INTERRUPTED)) {
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

static bool check_options(const WarehouseRunOptions *options, GError **error)
{
    if (options->full && (options->start_us || options->end_us)) {
        return base_fail(error, BASE_E_INTERVAL_INVALID,
                         "a full rebuild takes all history: it has no start and end");
    }
    if (options->start_us && options->end_us && options->start_us >= options->end_us) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "start is not before end");
    }
    return true;
}

static char *new_run_id(gint64 now_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(now_us / BASE_TIME_SECOND_US);
    g_autofree char *stamp = g_date_time_format(time, "%Y%m%dT%H%M%S");
    return g_strdup_printf("%s_%04x", stamp, g_random_int() & 0xffff);
}

static bool run_models(WarehouseRunContext *context, WarehouseTell tell_step, void *user, json_t **ret_runs,
                       GError **error)
{
    g_autoptr(GPtrArray) models = warehouse_select(context->snapshot, context->options->select, error);
    g_autoptr(GTimeZone) zone =
        models ? base_time_zone(catalog_project_timezone(context->snapshot), error) : NULL;
    if (!zone) {
        return false;
    }
    g_autoptr(EngineConn) conn = engine_connect(context->warehouse->engine, error);
    if (!conn || !warehouse_standing_read(conn, &context->standing, error)) {
        return false;
    }
    gint64 wall_us = base_time_now_us();
    context->now_us = context->options->at_us ? context->options->at_us : wall_us;
    context->zone = zone;
    g_autofree char *run_id = new_run_id(wall_us);
    context->run_id = run_id;
    g_autoptr(GPtrArray) nodes = make_nodes(context->snapshot, models);
    Runner runner = {.warehouse = context->warehouse,
                     .nodes = nodes,
                     .tell = tell_step,
                     .tell_user = user,
                     .context = *context};
    g_mutex_init(&runner.lock);
    g_cond_init(&runner.changed);
    run_workers(&runner, context->options->parallel);
    bool ok = judge(&runner, ret_runs, error);
    g_cond_clear(&runner.changed);
    g_mutex_clear(&runner.lock);
    warehouse_standing_clear(&context->standing);
    return ok;
}

bool warehouse_run(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseRunOptions *options,
                   WarehouseTell tell_step, void *user, json_t **ret_runs, GError **error)
{
    if (!check_options(options, error)) {
        return false;
    }
    WarehouseRunContext context = {.warehouse = warehouse, .snapshot = snapshot, .options = options};
    g_mutex_lock(&warehouse->state_lock);
    context.stop_base = warehouse->stop_calls;
    g_mutex_unlock(&warehouse->state_lock);
    g_mutex_lock(&warehouse->run_lock);
    g_mutex_lock(&warehouse->state_lock);
    warehouse->current_base = context.stop_base;
    g_mutex_unlock(&warehouse->state_lock);
    bool ok = run_models(&context, tell_step, user, ret_runs, error);
    g_mutex_unlock(&warehouse->run_lock);
    return ok;
}

/* ---- stopping ---------------------------------------------------------------------------------------------
 */

int warehouse_stopping(const WarehouseRunContext *context)
{
    g_mutex_lock(&context->warehouse->state_lock);
    guint64 calls = context->warehouse->stop_calls - context->stop_base;
    g_mutex_unlock(&context->warehouse->state_lock);
    return (int)MIN(calls, 2);
}

void warehouse_stop(Warehouse *warehouse)
{
    g_mutex_lock(&warehouse->state_lock);
    warehouse->stop_calls++;
    bool interrupt = warehouse->stop_calls - warehouse->current_base >= 2;
    for (guint i = 0; interrupt && i < warehouse->running->len; i++) {
        engine_conn_interrupt(warehouse->running->pdata[i]);
    }
    g_mutex_unlock(&warehouse->state_lock);
}
