/* Backfills: recorded before they begin, carried out task by task, gone on with after a stop or a crash.
 *
 * A backfill's row of _weir.backfills holds its plan: models and ranges, as decided when it was asked for.
 * All its tasks carry its id as run id, and a task's row of _weir.runs is written in the transaction of its
 * rows: what is done can always be told, and is never done twice. */
#include <string.h>

#include "warehouse/backfill_int.h"

#define ENTRY(backfill, i) g_array_index((backfill)->entries, BackfillEntry, i)
#define TASK(backfill, i)  g_array_index((backfill)->tasks, BackfillTask, i)

/* ---- the record ---------------------------------------------------------------------------------------- */

static json_t *plan_to_json(const Backfill *backfill)
{
    json_t *models = json_array();
    for (guint i = 0; i < backfill->entries->len; i++) {
        json_t *ranges = json_array();
        for (guint k = 0; k < ENTRY(backfill, i).ranges->len; k++) {
            const WarehouseInterval *range = &g_array_index(ENTRY(backfill, i).ranges, WarehouseInterval, k);
            json_array_append_new(
                ranges, json_pack("[I, I]", (json_int_t)range->start_us, (json_int_t)range->end_us));
        }
        json_array_append_new(models,
                              json_pack("{s:s, s:o}", "id", ENTRY(backfill, i).model->id, "ranges", ranges));
    }
    return json_pack("{s:b, s:I, s:I, s:o}", "descending", backfill->descending, "parallel",
                     (json_int_t)backfill->parallel, "batch", (json_int_t)backfill->batch, "models", models);
}

static bool entry_from_json(Backfill *backfill, CatalogSnapshot *snapshot, const json_t *json, GError **error)
{
    const char *id = base_json_string(json, "id", "");
    const CatalogObject *model = catalog_by_id(snapshot, id);
    if (!model || model->kind != CATALOG_MODEL) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "the backfill is of `%s`, which is no model any more", id);
        base_error_hint(error, "plan a new one");
        return false;
    }
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    size_t i;
    json_t *pair;
    json_array_foreach (json_object_get(json, "ranges"), i, pair) {
        WarehouseInterval range = {json_integer_value(json_array_get(pair, 0)),
                                   json_integer_value(json_array_get(pair, 1))};
        g_array_append_val(ranges, range);
    }
    warehouse_backfill_add(backfill, model, ranges);
    return true;
}

static Backfill *plan_from_row(CatalogSnapshot *snapshot, const json_t *row, GError **error)
{
    const char *text = base_json_string(row, "plan", "");
    g_autoptr(json_t) plan = base_json_parse(text, strlen(text), error);
    g_autoptr(Backfill) backfill = plan ? warehouse_backfill_new() : NULL;
    if (!backfill) {
        return NULL;
    }
    backfill->id = g_strdup(base_json_string(row, "id", ""));
    backfill->origin = catalog_by_id(snapshot, base_json_string(row, "model", ""));
    backfill->start_us = base_json_int(row, "start_us", 0);
    backfill->end_us = base_json_int(row, "end_us", 0);
    backfill->descending = base_json_bool(plan, "descending", false);
    backfill->parallel = (unsigned)base_json_int(plan, "parallel", 0);
    backfill->batch = base_json_int(plan, "batch", 1);
    size_t i;
    json_t *model;
    json_array_foreach (json_object_get(plan, "models"), i, model) {
        if (!entry_from_json(backfill, snapshot, model, error)) {
            return NULL;
        }
    }
    if (!backfill->origin) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "the model of the backfill is gone");
        return NULL;
    }
    return g_steal_pointer(&backfill);
}

typedef struct {
    const Backfill *backfill;
    const char *user, *state, *message;
} Record;

static bool insert_work(EngineConn *conn, void *user, GError **error)
{
    const Record *record = user;
    const Backfill *backfill = record->backfill;
    g_autoptr(json_t) plan = plan_to_json(backfill);
    g_autofree char *text = base_json_text(plan);
    EngineValue values[] = {engine_value_text(backfill->id),        engine_value_text(backfill->origin->id),
                            engine_value_int(backfill->start_us),   engine_value_int(backfill->end_us),
                            engine_value_text("running"),           engine_value_text(text),
                            engine_value_int(backfill->tasks->len), engine_value_text(record->user),
                            engine_value_int(base_time_now_us())};
    return engine_exec_values(conn,
                              "INSERT INTO _weir.backfills (id, model, start_us, end_us, state, plan, tasks, "
                              "user_name, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                              values, G_N_ELEMENTS(values), NULL, error);
}

static bool state_work(EngineConn *conn, void *user, GError **error)
{
    const Record *record = user;
    bool running = g_str_equal(record->state, "running");
    EngineValue values[] = {engine_value_text(record->backfill->id), engine_value_text(record->state),
                            running ? engine_value_text(NULL) : engine_value_int(base_time_now_us()),
                            engine_value_text(record->message)};
    return engine_exec_values(
        conn, "UPDATE _weir.backfills SET state = $2, ended_us = $3, message = $4 WHERE id = $1", values,
        G_N_ELEMENTS(values), NULL, error);
}

/* ---- carrying out -------------------------------------------------------------------------------------- */

static char *task_key(const char *model, gint64 start_us, gint64 end_us)
{
    return g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, model, start_us, end_us);
}

/* Tasks that earlier tries of the backfill have done. */
static GHashTable *done_tasks(EngineConn *conn, const char *id, GError **error)
{
    EngineValue value = engine_value_text(id);
    g_autoptr(json_t) rows = engine_query_json(
        conn, "SELECT model, start_us, end_us FROM _weir.runs WHERE run_id = $1 AND state = 'done'", &value,
        1, 10000000, error);
    if (!rows) {
        return NULL;
    }
    GHashTable *done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        g_hash_table_add(done, task_key(base_json_string(row, "model", ""), base_json_int(row, "start_us", 0),
                                        base_json_int(row, "end_us", 0)));
    }
    return done;
}

static void fill_runner(WarehouseRunner *runner, const Backfill *backfill, GHashTable *done)
{
    for (guint i = 0; i < backfill->tasks->len; i++) {
        const BackfillTask *task = &TASK(backfill, i);
        warehouse_runner_add(runner, ENTRY(backfill, task->entry).model, task->start_us, task->end_us);
    }
    for (guint i = 0; i < backfill->links->len; i++) {
        const BackfillLink *link = &g_array_index(backfill->links, BackfillLink, i);
        warehouse_runner_link(runner, link->task, link->on, link->needs);
    }
    for (guint i = 0; i < backfill->tasks->len; i++) {
        const BackfillTask *task = &TASK(backfill, i);
        g_autofree char *key = task_key(ENTRY(backfill, task->entry).model->id, task->start_us, task->end_us);
        if (g_hash_table_contains(done, key)) {
            warehouse_runner_mark_done(runner, i);
        }
    }
}

/* With the models claimed. */
static bool carry_out(WarehouseRunContext *context, const Backfill *backfill, WarehouseTell tell, void *user,
                      json_t **ret_runs, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(context->warehouse->engine, error);
    g_autoptr(GHashTable) done = conn ? done_tasks(conn, backfill->id, error) : NULL;
    if (!done || !warehouse_context_open(context, error)) {
        return false;
    }
    g_free(context->run_id);
    context->run_id = g_strdup(backfill->id);
    g_autoptr(WarehouseRunner) runner = warehouse_runner_new(context);
    fill_runner(runner, backfill, done);
    const WarehouseRunnerOptions how = {.parallel = backfill->parallel, .tell = tell, .tell_user = user};
    bool ok = warehouse_runner_run(runner, &how, error) && warehouse_runner_judge(runner, error);
    if (ret_runs) {
        *ret_runs = warehouse_runner_to_json(runner);
    }
    warehouse_context_close(context);
    return ok;
}

/* What became of it is written down whatever it is; a failure to write goes on top of the other. */
static bool end_record(Warehouse *warehouse, const Backfill *backfill, bool ok, GError *failure,
                       GError **error)
{
    bool stopped = failure && g_error_matches(failure, BASE_ERROR, BASE_E_INTERRUPTED);
    Record record = {.backfill = backfill,
                     .state = ok        ? "done"
                              : stopped ? "stopped"
                                        : "failed",
                     .message = failure ? failure->message : NULL};
    g_autoptr(GError) unwritten = NULL;
    if (!intake_transact(warehouse->intake, state_work, &record, &unwritten)) {
        if (ok) {
            g_propagate_error(error, g_steal_pointer(&unwritten));
            return false;
        }
        g_prefix_error(&failure, "%s; then: ", unwritten->message);
    }
    if (!ok) {
        base_error_hint(&failure, "weir backfill --resume %s goes on with what is not done", backfill->id);
        g_propagate_error(error, failure);
    }
    return ok;
}

static bool work_off(Warehouse *warehouse, CatalogSnapshot *snapshot, const Backfill *backfill,
                     WarehouseTell tell, void *user, json_t **ret_runs, GError **error)
{
    g_autoptr(GPtrArray) models = g_ptr_array_new();
    for (guint i = 0; i < backfill->entries->len; i++) {
        g_ptr_array_add(models, (gpointer)(guintptr)ENTRY(backfill, i).model);
    }
    GError *unchecked = NULL;
    if (!warehouse_check_loaded(warehouse, snapshot, models, 0, &unchecked)) {
        return end_record(warehouse, backfill, false, unchecked, error);
    }
    const WarehouseRunOptions options = {.parallel = backfill->parallel};
    WarehouseRunContext context = {.warehouse = warehouse,
                                   .snapshot = snapshot,
                                   .options = &options,
                                   .cause = "backfill",
                                   .stop_base = warehouse_stop_count(warehouse)};
    GError *failure = NULL;
    warehouse_claim(warehouse, models);
    bool ok = carry_out(&context, backfill, tell, user, ret_runs, &failure);
    warehouse_release(warehouse, models);
    return end_record(warehouse, backfill, ok, failure, error);
}

/* ---- asked for ----------------------------------------------------------------------------------------- */

/* Before it begins: a backfill that must stop half-way helps nobody. What it makes itself is there in time.
 */
static bool inputs_are_there(Warehouse *warehouse, EngineConn *conn, CatalogSnapshot *snapshot,
                             const Backfill *backfill, GTimeZone *zone, GError **error)
{
    bool kept = false;
    if (!warehouse_has_archives(warehouse, conn, &kept, error)) {
        return false;
    }
    for (guint i = 0; kept && i < backfill->entries->len; i++) {
        const BackfillEntry *entry = &ENTRY(backfill, i);
        for (guint k = 0; k < entry->ranges->len; k++) {
            if (!warehouse_inputs_check(conn, snapshot, entry->model,
                                        g_array_index(entry->ranges, WarehouseInterval, k), zone, error)) {
                return false;
            }
        }
    }
    return true;
}

static Backfill *plan(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseBackfillAsk *ask,
                      json_t **ret_plan, GError **error)
{
    WarehouseBackfillAsk asked = *ask;
    asked.now_us = ask->now_us ? ask->now_us : base_time_now_us();
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    g_autoptr(EngineConn) conn = zone ? engine_connect(warehouse->engine, error) : NULL;
    g_autoptr(Backfill) backfill =
        conn ? warehouse_backfill_decide(conn, snapshot, &asked, zone, error) : NULL;
    if (!backfill || !warehouse_backfill_expand(backfill, snapshot, zone, error) ||
        !warehouse_backfill_estimate(conn, backfill, error) ||
        !inputs_are_there(warehouse, conn, snapshot, backfill, zone, error)) {
        return NULL;
    }
    g_autofree char *run_id = warehouse_new_run_id(base_time_now_us());
    backfill->id = g_strconcat("bf_", run_id, NULL);
    *ret_plan = warehouse_backfill_to_json(backfill, zone);
    return g_steal_pointer(&backfill);
}

bool warehouse_backfill(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseBackfillAsk *ask,
                        WarehouseTell tell, void *user, json_t **ret_plan, json_t **ret_runs, GError **error)
{
    g_autoptr(Backfill) backfill = plan(warehouse, snapshot, ask, ret_plan, error);
    if (!backfill) {
        return false;
    }
    if (ask->dry_run || backfill->tasks->len == 0) {
        json_object_set_new(*ret_plan, "id", json_null());
        return true;
    }
    Record record = {.backfill = backfill, .user = ask->user};
    return intake_transact(warehouse->intake, insert_work, &record, error) &&
           work_off(warehouse, snapshot, backfill, tell, user, ret_runs, error);
}

bool warehouse_backfill_resume(Warehouse *warehouse, CatalogSnapshot *snapshot, const char *id,
                               WarehouseTell tell, void *user, json_t **ret_plan, json_t **ret_runs,
                               GError **error)
{
    EngineValue value = engine_value_text(id);
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
    g_autoptr(EngineConn) conn = zone ? engine_connect(warehouse->engine, error) : NULL;
    g_autoptr(json_t) rows =
        conn ? engine_query_json(conn, "SELECT * FROM _weir.backfills WHERE id = $1", &value, 1, 1, error)
             : NULL;
    if (!rows) {
        return false;
    }
    const json_t *row = json_array_get(rows, 0);
    if (!row) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no backfill `%s`", id);
        base_error_hint(error, "weir backfill list shows them");
        return false;
    }
    if (g_str_equal(base_json_string(row, "state", ""), "running")) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "the backfill `%s` is running", id);
    }
    g_autoptr(Backfill) backfill = plan_from_row(snapshot, row, error);
    if (!backfill || !warehouse_backfill_expand(backfill, snapshot, zone, error) ||
        !warehouse_backfill_estimate(conn, backfill, error)) {
        return false;
    }
    *ret_plan = warehouse_backfill_to_json(backfill, zone);
    Record record = {.backfill = backfill, .state = "running"};
    return intake_transact(warehouse->intake, state_work, &record, error) &&
           work_off(warehouse, snapshot, backfill, tell, user, ret_runs, error);
}

/* ---- listed -------------------------------------------------------------------------------------------- */

static void set_time(json_t *json, const char *key, const json_t *row, const char *column)
{
    base_json_set_time(json, key, base_json_int(row, column, 0));
}

json_t *warehouse_backfills(Warehouse *warehouse, size_t limit, GError **error)
{
    EngineValue value = engine_value_int((gint64)limit);
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(json_t) rows =
        conn ? engine_query_json(
                   conn,
                   "SELECT b.id, b.model, b.start_us, b.end_us, b.state, b.tasks, b.user_name, "
                   "b.created_us, b.ended_us, b.message, (SELECT count(*) FROM _weir.runs r "
                   "WHERE r.run_id = b.id AND r.state = 'done') AS n_done FROM _weir.backfills b "
                   "ORDER BY b.created_us DESC LIMIT $1",
                   &value, 1, limit, error)
             : NULL;
    if (!rows) {
        return NULL;
    }
    json_t *list = json_array(), *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_t *json = json_object();
        base_json_set_string(json, "id", base_json_string(row, "id", ""));
        base_json_set_string(json, "model", base_json_string(row, "model", ""));
        base_json_set_string(json, "state", base_json_string(row, "state", ""));
        set_time(json, "start", row, "start_us");
        set_time(json, "end", row, "end_us");
        base_json_set_int(json, "tasks", base_json_int(row, "tasks", 0));
        base_json_set_int(json, "done", base_json_int(row, "n_done", 0));
        base_json_set_string(json, "user", base_json_string(row, "user_name", NULL));
        set_time(json, "created", row, "created_us");
        set_time(json, "ended", row, "ended_us");
        base_json_set_string(json, "message", base_json_string(row, "message", NULL));
        json_array_append_new(list, json);
    }
    return list;
}
