/* A run: the models that words select, each after what it reads, one try of each or as many as its `retries`
 * say. Runs without a common model go side by side (claims.c). */
#include "base/fault.h"
#include "schedule/spec.h"
#include "warehouse/runner.h"

/* ---- order --------------------------------------------------------------------------------------------- */

/* Models that `model` reads, directly or by way of models that are not in `numbers`; each once. */
static void find_reads(CatalogSnapshot *snapshot, const CatalogObject *model, GHashTable *numbers,
                       GHashTable *seen, GArray *ret)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(snapshot, model, NULL);
    for (guint i = 0; edges && i < edges->len; i++) {
        const CatalogEdge *edge = edges->pdata[i];
        if (edge->from_column || edge->to_column || edge->from == model ||
            !g_hash_table_add(seen, (gpointer)(guintptr)edge->from)) {
            continue;
        }
        gpointer number;
        if (g_hash_table_lookup_extended(numbers, edge->from, NULL, &number)) {
            guint task = GPOINTER_TO_UINT(number);
            g_array_append_val(ret, task);
        } else {
            find_reads(snapshot, edge->from, numbers, seen, ret);
        }
    }
}

GArray *warehouse_reads(CatalogSnapshot *snapshot, const CatalogObject *model, GHashTable *numbers)
{
    GArray *reads = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    find_reads(snapshot, model, numbers, seen, reads);
    return reads;
}

/* Whether `from` comes, by reading or waiting, after `to`. The graph has no circle. */
static bool comes_after(const GPtrArray *before, guint from, guint to, GHashTable *seen)
{
    if (from == to) {
        return true;
    }
    if (!g_hash_table_add(seen, GUINT_TO_POINTER(from))) {
        return false;
    }
    const GArray *list = before->pdata[from];
    for (guint i = 0; i < list->len; i++) {
        if (comes_after(before, g_array_index(list, guint, i), to, seen)) {
            return true;
        }
    }
    return false;
}

/* A check `relationship` looks at a table that the model may not read: it is built first, unless that would
 * go in a circle. */
static void add_waits(WarehouseRunner *runner, CatalogSnapshot *snapshot, guint number, GHashTable *numbers,
                      const GPtrArray *before)
{
    const CatalogObject *model = warehouse_runner_task(runner, number)->model;
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(model->definition, "checks"), i, check) {
        const char *to = base_json_string(check, "to", NULL);
        const CatalogObject *partner = to ? quality_partner(snapshot, model, to, NULL) : NULL;
        gpointer other;
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        if (partner && g_hash_table_lookup_extended(numbers, partner, NULL, &other) &&
            !comes_after(before, GPOINTER_TO_UINT(other), number, seen)) {
            guint task = GPOINTER_TO_UINT(other);
            g_array_append_val(before->pdata[number], task);
            warehouse_runner_link(runner, number, task, false);
        }
    }
}

static void add_models(WarehouseRunner *runner, CatalogSnapshot *snapshot, const GPtrArray *models)
{
    g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);
    g_autoptr(GPtrArray) before = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    for (guint i = 0; i < models->len; i++) {
        g_hash_table_insert(numbers, models->pdata[i],
                            GUINT_TO_POINTER(warehouse_runner_add(runner, models->pdata[i], 0, 0)));
    }
    for (guint i = 0; i < models->len; i++) {
        /* What goes on with old data is looked at when its turn comes (runner.c). */
        bool proceeds = warehouse_hold_proceeds(models->pdata[i]);
        GArray *reads = warehouse_reads(snapshot, models->pdata[i], numbers);
        g_ptr_array_add(before, reads);
        for (guint k = 0; k < reads->len; k++) {
            warehouse_runner_link(runner, i, g_array_index(reads, guint, k), !proceeds);
        }
    }
    for (guint i = 0; i < models->len; i++) {
        add_waits(runner, snapshot, i, numbers, before);
    }
}

/* ---- the run ------------------------------------------------------------------------------------------- */

static bool check_options(const WarehouseRunOptions *options, GError **error)
{
    if (options->full && options->restate_us) {
        return base_fail(error, BASE_E_INTERVAL_INVALID,
                         "a full rebuild wipes all versions, restating those from a time on: not both");
    }
    if (options->full && (options->start_us || options->end_us)) {
        return base_fail(error, BASE_E_INTERVAL_INVALID,
                         "a full rebuild takes all history: it has no start and end");
    }
    if (options->start_us && options->end_us && options->start_us >= options->end_us) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "start is not before end");
    }
    return true;
}

/* What restate_from means, it means of histories: where none is among the models it would change nothing. */
static bool check_restate(const WarehouseRunOptions *options, const GPtrArray *models, GError **error)
{
    for (guint i = 0; options->restate_us && i < models->len; i++) {
        const CatalogObject *model = models->pdata[i];
        if (model->model && model->model->kind == CATALOG_MODEL_SCD2) {
            return true;
        }
    }
    if (!options->restate_us) {
        return true;
    }
    base_fail(error, BASE_E_INTERVAL_INVALID,
              "restating from a time is for models of kind scd2: none is asked for");
    base_error_hint(error, "weir run MODEL --start --end makes a part of another model anew, "
                           "weir backfill --restate with all that depends");
    return false;
}

gint64 warehouse_business_day(const WarehouseRunContext *context, const CatalogObject *model)
{
    const WarehouseRunOptions *options = context->options;
    if (options->business_day) {
        return options->business_day;
    }
    if (options->end_us || options->start_us) {
        return warehouse_day_of(options->end_us ? options->end_us - 1 : options->start_us, context->zone);
    }
    const json_t *schedule = json_object_get(model->definition, "schedule");
    g_autoptr(ScheduleSpec) spec = schedule ? schedule_spec_parse(schedule, NULL) : NULL;
    g_autoptr(GTimeZone) zone = spec && spec->timezone ? base_time_zone(spec->timezone, NULL) : NULL;
    GTimeZone *clock = zone ? zone : context->zone;
    return spec ? schedule_spec_business_day(spec, clock, context->now_us)
                : warehouse_day_of(context->now_us, clock) - 1;
}

char *warehouse_new_run_id(gint64 now_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(now_us / BASE_TIME_SECOND_US);
    g_autofree char *stamp = g_date_time_format(time, "%Y%m%dT%H%M%S");
    return g_strdup_printf("%s_%04x", stamp, g_random_int() & 0xffff);
}

bool warehouse_context_open(WarehouseRunContext *context, GError **error)
{
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(context->snapshot), error);
    g_autoptr(EngineConn) conn = zone ? engine_connect(context->warehouse->engine, error) : NULL;
    if (!conn || !warehouse_standing_read(conn, &context->standing, error)) {
        return false;
    }
    context->held = warehouse_hold_read(conn, error);
    if (!context->held) {
        warehouse_standing_clear(&context->standing);
        return false;
    }
    gint64 wall_us = base_time_now_us();
    context->now_us = context->options->at_us ? context->options->at_us : wall_us;
    context->zone = g_steal_pointer(&zone);
    context->run_id = warehouse_new_run_id(wall_us);
    return true;
}

void warehouse_context_close(WarehouseRunContext *context)
{
    g_clear_pointer(&context->zone, g_time_zone_unref);
    g_clear_pointer(&context->run_id, g_free);
    warehouse_standing_clear(&context->standing);
    g_clear_pointer(&context->held, g_hash_table_unref);
}

/* Whether a model that was held when the run began is done now. */
static bool released_any(const WarehouseRunContext *context, const WarehouseRunner *runner)
{
    for (guint i = 0; g_hash_table_size(context->held) > 0 && i < warehouse_runner_size(runner); i++) {
        const WarehouseTask *task = warehouse_runner_task(runner, i);
        if (task->ended && g_str_equal(task->run.state, "done") &&
            g_hash_table_contains(context->held, task->model->id)) {
            return true;
        }
    }
    return false;
}

/* With the models claimed. */
static bool run_models(WarehouseRunContext *context, const GPtrArray *models,
                       const WarehouseRunnerOptions *how, json_t **ret_runs, bool *ret_released,
                       GError **error)
{
    if (!warehouse_context_open(context, error)) {
        return false;
    }
    g_autoptr(WarehouseRunner) runner = warehouse_runner_new(context);
    add_models(runner, context->snapshot, models);
    bool ok = warehouse_runner_run(runner, how, error) && warehouse_runner_judge(runner, error);
    if (ret_runs) {
        *ret_runs = warehouse_runner_to_json(runner);
    }
    *ret_released = released_any(context, runner);
    g_autoptr(GError) failure = NULL;
    if (!warehouse_drop_temps(context->warehouse, context->snapshot, models, &failure) && ok) {
        g_propagate_error(error, g_steal_pointer(&failure));
        ok = false;
    }
    warehouse_context_close(context);
    return ok;
}

/* What waited for a model that is released runs too; its runs come after those asked for. */
static bool run_freed(const WarehouseRunContext *context, WarehouseTell tell_step, void *user,
                      json_t **ret_runs, GError **error)
{
    g_autoptr(json_t) more = NULL;
    bool ok = warehouse_run_freed(context->warehouse, context->snapshot, context->options->at_us, tell_step,
                                  user, &more, error);
    if (ret_runs && more) {
        json_array_extend(*ret_runs, more);
    }
    return ok;
}

bool warehouse_run(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseRunOptions *options,
                   WarehouseTell tell_step, void *user, json_t **ret_runs, GError **error)
{
    g_autoptr(GPtrArray) models =
        check_options(options, error) ? warehouse_select(snapshot, options->select, error) : NULL;
    if (models) {
        warehouse_keep_own(snapshot, models);
    }
    if (!models || !check_restate(options, models, error) ||
        !warehouse_check_loaded(warehouse, snapshot, models, options->at_us, error)) {
        return false;
    }
    WarehouseRunContext context = {.warehouse = warehouse,
                                   .snapshot = snapshot,
                                   .options = options,
                                   .cause = options->cause ? options->cause : "manual",
                                   .stop_base = warehouse_stop_count(warehouse)};
    const WarehouseRunnerOptions how = {.parallel = options->parallel, .tell = tell_step, .tell_user = user};
    bool released = false;
    warehouse_claim(warehouse, models);
    bool ok = run_models(&context, models, &how, ret_runs, &released, error);
    warehouse_release(warehouse, models);
    return released ? run_freed(&context, tell_step, user, ret_runs, ok ? error : NULL) && ok : ok;
}

/* ---- stopping ------------------------------------------------------------------------------------------ */

/* A connection at work, and the count of stops when its run was asked for. */
typedef struct {
    EngineConn *conn;
    const char *model; /* id; the snapshot's */
    guint64 stop_base;
} Working;

guint64 warehouse_stop_count(Warehouse *warehouse)
{
    g_mutex_lock(&warehouse->state_lock);
    guint64 calls = warehouse->stop_calls;
    g_mutex_unlock(&warehouse->state_lock);
    return calls;
}

void warehouse_set_running(Warehouse *warehouse, EngineConn *conn, const char *model, guint64 stop_base,
                           bool running)
{
    g_mutex_lock(&warehouse->state_lock);
    if (running) {
        Working *working = g_new(Working, 1);
        *working = (Working){conn, model, stop_base};
        g_ptr_array_add(warehouse->running, working);
    }
    for (guint i = 0; !running && i < warehouse->running->len; i++) {
        if (((const Working *)warehouse->running->pdata[i])->conn == conn) {
            g_ptr_array_remove_index_fast(warehouse->running, i);
            break;
        }
    }
    g_mutex_unlock(&warehouse->state_lock);
}

void warehouse_interrupt(Warehouse *warehouse, const char *model)
{
    g_mutex_lock(&warehouse->state_lock);
    for (guint i = 0; i < warehouse->running->len; i++) {
        const Working *working = warehouse->running->pdata[i];
        if (g_str_equal(working->model, model)) {
            engine_conn_interrupt(working->conn);
        }
    }
    g_mutex_unlock(&warehouse->state_lock);
}

int warehouse_stopping(const WarehouseRunContext *context)
{
    return (int)MIN(warehouse_stop_count(context->warehouse) - context->stop_base, 2);
}

void warehouse_stop(Warehouse *warehouse)
{
    g_mutex_lock(&warehouse->state_lock);
    warehouse->stop_calls++;
    for (guint i = 0; i < warehouse->running->len; i++) {
        const Working *working = warehouse->running->pdata[i];
        if (warehouse->stop_calls - working->stop_base >= 2) {
            engine_conn_interrupt(working->conn);
        }
    }
    g_mutex_unlock(&warehouse->state_lock);
}
