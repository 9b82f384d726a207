/* The frame in which one model becomes its table: see build_int.h. Building is done on the run's own
 * connection, in parallel with loads; only the swap waits for the committer. A reader that has begun goes on
 * with the old table (snapshots); views are bound by name and go on. */
#include <string.h>

#include "warehouse/build_int.h"
#include "warehouse/intervals.h"

static const WarehouseFamily FAMILIES[] = {
    {.kind = CATALOG_MODEL_VIEW, .make = warehouse_view_make, .merge = warehouse_view_swap},
    {.kind = CATALOG_MODEL_FULL, .plan = warehouse_full_plan},
    {.kind = CATALOG_MODEL_MID, .plan = warehouse_full_plan},
    {.kind = CATALOG_MODEL_TEMP, .plan = warehouse_full_plan},
    {.kind = CATALOG_MODEL_SNAPSHOT,
     .plan = warehouse_snapshot_plan,
     .rows = warehouse_snapshot_rows,
     .prepare = warehouse_snapshot_prepare,
     .whole = warehouse_snapshot_whole,
     .merge = warehouse_snapshot_merge},
    {.kind = CATALOG_MODEL_INCREMENTAL,
     .strategy = CATALOG_STRATEGY_TIME_RANGE,
     .plan = warehouse_range_plan,
     .prepare = warehouse_range_prepare,
     .whole = warehouse_range_whole,
     .merge = warehouse_range_merge},
    {.kind = CATALOG_MODEL_SCD2,
     .make = warehouse_scd2_make,
     .whole = warehouse_scd2_whole,
     .merge = warehouse_scd2_merge},
    {.kind = CATALOG_MODEL_INCREMENTAL,
     .strategy = CATALOG_STRATEGY_APPEND,
     .plan = warehouse_range_plan,
     .prepare = warehouse_append_prepare,
     .whole = warehouse_append_whole,
     .merge = warehouse_append_merge},
    {.kind = CATALOG_MODEL_INCREMENTAL,
     .strategy = CATALOG_STRATEGY_MERGE,
     .plan = warehouse_range_plan,
     .prepare = warehouse_merge_prepare,
     .whole = warehouse_merge_whole,
     .merge = warehouse_merge_merge},
    {.kind = CATALOG_MODEL_INCREMENTAL,
     .strategy = CATALOG_STRATEGY_DELETE_INSERT,
     .plan = warehouse_range_plan,
     .prepare = warehouse_delete_insert_prepare,
     .whole = warehouse_delete_insert_whole,
     .merge = warehouse_delete_insert_merge},
    {.kind = CATALOG_MODEL_INCREMENTAL,
     .strategy = CATALOG_STRATEGY_INSERT_OVERWRITE,
     .plan = warehouse_overwrite_plan,
     .prepare = warehouse_overwrite_prepare,
     .whole = warehouse_overwrite_whole,
     .merge = warehouse_overwrite_merge},
    {.kind = CATALOG_MODEL_INCREMENTAL,
     .strategy = CATALOG_STRATEGY_MICROBATCH,
     .plan = warehouse_microbatch_plan,
     .rows = warehouse_microbatch_rows,
     .prepare = warehouse_microbatch_prepare,
     .whole = warehouse_range_whole,
     .merge = warehouse_range_merge},
};

/* The row of the model's kind and strategy; NULL = this version has none. */
static const WarehouseFamily *find_family(const CatalogModelInfo *info)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FAMILIES); i++) {
        const WarehouseFamily *family = &FAMILIES[i];
        if (family->kind == info->kind &&
            (family->strategy == CATALOG_STRATEGY_NONE || family->strategy == info->strategy)) {
            return family;
        }
    }
    return NULL;
}

char *warehouse_logic_hash(const CatalogObject *model)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    const CatalogModelInfo *info = model->model;
    if (model->fingerprint) { /* of an environment: what is upstream counts too */
        return g_strdup(model->fingerprint);
    }
    g_autofree char *key = info->key ? g_strjoinv(",", (char **)(guintptr)info->key) : g_strdup("");
    g_autofree char *history = warehouse_scd2_text(info->scd2);
    g_autofree char *text = g_strdup_printf("%d\n%s\n%s\n%s%s", (int)info->kind, info->time ? info->time : "",
                                            key, info->sql_resolved, history);
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
    return g_strndup(g_checksum_get_string(sum), 16);
}

/* ---- for families ---------------------------------------------------------------------------------------
 */

bool warehouse_build_go_on(Build *build, GError **error)
{
    return warehouse_stopping(build->context) < 2 ||
           base_fail(error, BASE_E_INTERRUPTED, "the run was stopped");
}

void warehouse_build_note(Build *build, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (build->notes->len) {
        g_string_append(build->notes, "; ");
    }
    g_string_append_vprintf(build->notes, format, args);
    va_end(args);
}

bool warehouse_build_drop(const Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *sql = g_strdup_printf("DROP TABLE IF EXISTS %s", build->build_sql);
    return engine_exec(conn, sql, error);
}

/* ---- checks ---------------------------------------------------------------------------------------------
 */

/* The table as it will be. */
static char *whole(Build *build)
{
    return build->replace ? g_strdup(build->build_sql) : build->family->whole(build);
}

static QualityRows rows_under_check(const Build *build, const char *rows_sql, const char *whole_sql)
{
    gint64 now_us = build->context->now_us;
    return (QualityRows){.snapshot = build->context->snapshot,
                         .model = build->model,
                         .rows_sql = rows_sql,
                         .whole_sql = whole_sql,
                         .old_sql = build->relation == WAREHOUSE_TABLE ? build->target_sql : NULL,
                         .zone = build->context->zone,
                         .time = build->time,
                         .time_type = build->time_type,
                         .end_us = build->interval.end_us ? build->interval.end_us : now_us,
                         .now_us = now_us};
}

/* Puts aside what the model rejects, before anything is said of the rest. */
static bool take_rejects(Build *build, GError **error)
{
    if (build->family->make || !quality_rejects_any(build->model)) {
        return true;
    }
    g_autofree char *name = g_strconcat(build->build_name, "_rejects", NULL);
    g_autofree char *failed = NULL;
    gint64 n = 0;
    QualityRows rows = rows_under_check(build, build->build_sql, build->build_sql);
    g_free(build->rejects_sql);
    build->rejects_sql = engine_sql_table(build->model->domain, name);
    if (!quality_rejects_take(build->conn, &rows, build->rejects_sql, &n, &failed, error)) {
        return false;
    }
    build->run->rows -= n;
    build->counts.rejected += n;
    if (n) {
        warehouse_build_note(build, "%" G_GINT64_FORMAT " rows rejected", n);
    }
    return !failed || base_fail(error, BASE_E_CHECK_FAILED, "%s", failed);
}

/* false + CHECK_FAILED when the rows must not be seen. */
bool warehouse_build_check(Build *build, const char *rows_sql, GError **error)
{
    gint64 from_us = base_time_monotonic_us();
    g_autofree char *future = build->family->whole ? whole(build) : g_strdup(rows_sql);
    QualityRows rows = rows_under_check(build, rows_sql, future);
    g_clear_pointer(&build->outcome, quality_outcome_free);
    build->outcome = quality_check(build->conn, &rows, error);
    build->run->checks_us += base_time_monotonic_us() - from_us;
    if (!build->outcome) {
        return false;
    }
    json_decref(build->run->checks);
    build->run->checks = json_incref(quality_outcome_checks(build->outcome));
    const char *failed = quality_outcome_failed(build->outcome);
    return !failed || base_fail(error, BASE_E_CHECK_FAILED, "%s", failed);
}

/* What was measured, in the transaction that makes the rows seen or holds them back. */
static bool record_quality(const Build *build, EngineConn *conn, bool seen, GError **error)
{
    const WarehouseRun *run = build->run;
    return (!build->outcome || quality_record(conn, build->outcome, run->run_id, seen, error)) &&
           (!build->rejects_sql ||
            quality_rejects_record(conn, build->model, build->rejects_sql, run->run_id,
                                   build->context->now_us, build->replace ? 0 : build->interval.start_us,
                                   build->replace ? 0 : build->interval.end_us, error));
}

/* ---- swapping in ----------------------------------------------------------------------------------------
 */

static bool swap_replace(Build *build, EngineConn *conn, GError **error)
{
    return warehouse_drop_relation(conn, build->model->domain, build->model->name, build->relation, error) &&
           warehouse_rename_table(conn, build->build_sql, build->model->name, error);
}

/* On the committer: the rows, what is known of them and, with the last of them, the run's row; or nothing. */
static bool swap_work(EngineConn *conn, void *user, GError **error)
{
    Build *build = user;
    WarehouseRun *run = build->run;
    bool in_place = !build->replace || build->family->make;
    if (build->idle) {
        return warehouse_state_add_run(conn, run, error);
    }
    /* Merges hold the user's predicates. */
    if (!engine_set_time_zone(conn, catalog_project_timezone(build->context->snapshot), error)) {
        return false;
    }
    if (!(in_place ? build->family->merge(build, conn, error) : swap_replace(build, conn, error))) {
        return false;
    }
    run->elapsed_us = base_time_now_us() - run->started_us;
    run->swap_us = build->swapped_us + base_time_monotonic_us() - build->swap_from_us;
    return (!build->intervals ||
            (warehouse_state_set_intervals(conn, build->model->id, build->intervals, error) &&
             warehouse_stale_spread(build->context->warehouse, conn, build->context->snapshot, build->model,
                                    build->interval, true, build->context->zone, error))) &&
           (build->keep_hash ||
            warehouse_state_set_build(conn, build->model, build->hash, run->run_id, run->rows, error)) &&
           record_quality(build, conn, true, error) &&
           (!build->last || !g_hash_table_contains(build->context->held, build->model->id) ||
            warehouse_hold_release(conn, build->model->id, build->replace ? 0 : run->start_us,
                                   build->replace ? 0 : run->end_us, error)) &&
           (!build->last ||
            (warehouse_state_add_run(conn, run, error) && warehouse_counts_record(build, conn, error)));
}

bool warehouse_build_swap(Build *build, GError **error)
{
    build->run->state = "done";
    if (build->last && build->notes->len) {
        build->run->message = g_strdup(build->notes->str);
    }
    if (BASE_FAULT("run.before_swap")) {
        return base_fail(error, BASE_E_RUN_FAILED, "a fault was asked for before the swap");
    }
    build->swap_from_us = base_time_monotonic_us();
    bool ok = intake_transact(build->context->warehouse->intake, swap_work, build, error);
    build->swapped_us += base_time_monotonic_us() - build->swap_from_us;
    return ok;
}

/* ---- making ---------------------------------------------------------------------------------------------
 */

/* The table beside is judged, checked and swapped in. */
static bool bring_in(Build *build, GError **error)
{
    const WarehouseFamily *family = build->family;
    bool fresh = !build->released; /* held rows are without rejects, and have their row of unknown members */
    if ((fresh && (!take_rejects(build, error) || !warehouse_build_unknown(build, error))) ||
        (family->prepare && !family->prepare(build, error))) {
        return false;
    }
    if (build->intervals && build->done.end_us > build->done.start_us) {
        warehouse_interval_add(build->intervals, build->done);
    }
    return warehouse_counts_written(build, error) && warehouse_build_go_on(build, error) &&
           warehouse_build_check(build, build->build_sql, error) && warehouse_build_go_on(build, error) &&
           warehouse_build_swap(build, error);
}

/* Of a release the rows are there already. */
static bool make_rows(Build *build, GError **error)
{
    if (build->released) {
        return true;
    }
    return (build->family->rows ? build->family->rows : warehouse_build_rows)(build, error) &&
           warehouse_build_measure(build, error);
}

/* What of the interval may be written down as done: batches that are over. */
static void set_interval(Build *build, WarehouseInterval interval)
{
    gint64 finished = warehouse_batch_floor(build->context->now_us, build->batch_size, build->context->zone);
    build->interval = build->done = interval;
    build->done.end_us = CLAMP(finished, interval.start_us, interval.end_us);
}

static WarehouseInterval batch_at(const Build *build, guint i)
{
    return g_array_index(build->batches, WarehouseInterval, i);
}

/* The table is made or built anew: the rows of all batches, then one swap. */
static bool make_all_batches(Build *build, GError **error)
{
    guint n = build->batches->len;
    WarehouseInterval whole = {build->begin_us, build->begin_us};
    if (n > 0) {
        whole = (WarehouseInterval){batch_at(build, 0).start_us, batch_at(build, n - 1).end_us};
    }
    /* A SELECT that is cut by its rows' time alone gives the same rows in one go. */
    bool one_go = n == 0 || !build->model->model->uses_interval;
    for (guint i = 0; i < (one_go ? 1 : n); i++) {
        set_interval(build, one_go ? whole : batch_at(build, i));
        if (!make_rows(build, error)) {
            return false;
        }
    }
    set_interval(build, whole);
    return bring_in(build, error);
}

/* Each batch is a commit: what is done stays done when a later one fails. */
static bool make_each_batch(Build *build, GError **error)
{
    build->idle = build->batches->len == 0;
    if (build->idle) {
        return warehouse_build_swap(build, error);
    }
    for (guint i = 0; i < build->batches->len; i++) {
        build->last = i + 1 == build->batches->len;
        build->began = false;
        build->beside_rows = 0;
        set_interval(build, batch_at(build, i));
        if (!make_rows(build, error) || !bring_in(build, error)) {
            g_prefix_error(error, "batch %u of %u: ", i + 1, build->batches->len);
            return false;
        }
    }
    return true;
}

/* The run's record names all that it covers. */
static void note_interval(Build *build)
{
    build->run->start_us = build->interval.start_us;
    build->run->end_us = build->interval.end_us;
    if (build->batches && build->batches->len > 0) {
        build->run->start_us = batch_at(build, 0).start_us;
        build->run->end_us = batch_at(build, build->batches->len - 1).end_us;
    }
}

static bool plan(Build *build, GError **error)
{
    build->time = build->model->model->time;
    if ((build->time && !warehouse_build_time_type(build, error)) || !build->family->plan(build, error)) {
        return false;
    }
    note_interval(build);
    if (build->changed && build->model->model->keeps_history && !build->replace) {
        warehouse_build_note(build, "the logic changed: it holds from this run on, older rows stay");
    } else if (build->exists && build->replace && build->context->options->full &&
               build->model->model->keeps_history) {
        warehouse_build_note(build, "rebuilt in full: what its sources no longer hold is gone");
    }
    return true;
}

static bool make_table(Build *build, GError **error)
{
    if (build->context->note) {
        warehouse_build_note(build, "%s", build->context->note);
    }
    if (!plan(build, error) ||
        (build->context->options->release && !warehouse_build_take_held(build, error)) ||
        (!build->released && !warehouse_build_inputs(build, error))) {
        return false;
    }
    if (build->batches) {
        return (build->replace ? make_all_batches : make_each_batch)(build, error);
    }
    return make_rows(build, error) && bring_in(build, error);
}

static bool find(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    build->family = find_family(info);
    if (!build->family) {
        return base_fail(error, BASE_E_RUN_FAILED, "this version does not run models of kind `%s` %s",
                         catalog_model_kind_name(info->kind), catalog_strategy_name(info->strategy));
    }
    build->body = warehouse_body(build->conn, build->context->snapshot, build->model, error);
    return build->body != NULL;
}

static bool make(Build *build, GError **error)
{
    return find(build, error) && (build->family->make ? build->family->make : make_table)(build, error);
}

/* ---- the outcome ----------------------------------------------------------------------------------------
 */

static bool drop_rejects(const Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *sql =
        build->rejects_sql ? g_strdup_printf("DROP TABLE IF EXISTS %s", build->rejects_sql) : NULL;
    return !sql || engine_exec(conn, sql, error);
}

/* A held build is kept under another name; of any other failure nothing stays. */
static bool record_work(EngineConn *conn, void *user, GError **error)
{
    Build *build = user;
    bool held = g_str_equal(build->run->state, "held");
    const char *kept = build->family && build->family->make ? NULL : build->build_sql;
    if (held && (!record_quality(build, conn, false, error) ||
                 !warehouse_hold_keep(conn, build->model, build->run, build->context->now_us, kept,
                                      build->hash, build->replace, error))) {
        return false;
    }
    return warehouse_build_drop(build, conn, error) && drop_rejects(build, conn, error) &&
           warehouse_state_add_run(conn, build->run, error);
}

static char *explain(const GError *error)
{
    const char *hint = base_error_get_hint(error);
    return hint ? g_strdup_printf("%s (%s)", error->message, hint) : g_strdup(error->message);
}

/* The run's row of a model that was not swapped in. What cannot even be recorded is told with the failure. */
static void record_failure(Build *build, const GError *failure)
{
    WarehouseRun *run = build->run;
    run->state = g_error_matches(failure, BASE_ERROR, BASE_E_CHECK_FAILED) ? "held" : "failed";
    g_free(run->message);
    run->message = explain(failure);
    run->code = failure->domain == BASE_ERROR ? (BaseErrorCode)failure->code : BASE_E_INTERNAL;
    run->elapsed_us = base_time_now_us() - run->started_us;
    g_autoptr(GError) error = NULL;
    if (!intake_transact(build->context->warehouse->intake, record_work, build, &error)) {
        g_autofree char *message = g_steal_pointer(&run->message);
        run->message = g_strdup_printf("%s; and the run could not be recorded: %s", message, error->message);
    }
}

static void build_init(Build *build, size_t number)
{
    const WarehouseRunContext *context = build->context;
    const CatalogObject *model = build->model;
    const char *built = warehouse_built_hash(&context->standing, model->id);
    build->hash = warehouse_logic_hash(model);
    build->build_name =
        g_strdup_printf(WAREHOUSE_BUILD_PREFIX "%s__%s_%zu", model->name, context->run_id, number);
    build->build_sql = engine_sql_table(model->domain, build->build_name);
    build->target_sql = engine_sql_table(model->domain, model->name);
    build->relation = warehouse_relation(&context->standing, model->domain, model->name);
    build->exists = build->relation == WAREHOUSE_TABLE && built;
    build->changed = build->exists && !g_str_equal(built, build->hash);
    build->time_type = ENGINE_TIMESTAMP;
    build->batch_size = WAREHOUSE_BATCH_DAY;
    build->last = true;
    build->notes = g_string_new(NULL);
}

static void build_clear(Build *build)
{
    if (build->state_free) {
        build->state_free(build->state);
    }
    g_free(build->build_name);
    g_free(build->build_sql);
    g_free(build->target_sql);
    g_free(build->body);
    g_free(build->hash);
    g_free(build->rejects_sql);
    g_clear_pointer(&build->outcome, quality_outcome_free);
    g_string_free(build->notes, TRUE);
    g_clear_pointer(&build->intervals, g_array_unref);
    g_clear_pointer(&build->batches, g_array_unref);
    g_clear_pointer(&build->columns, g_ptr_array_unref);
    g_clear_pointer(&build->drops, g_ptr_array_unref);
}

void warehouse_build(const WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                     size_t number, WarehouseRun *ret)
{
    *ret = (WarehouseRun){.run_id = g_strdup(context->run_id),
                          .model = model->id,
                          .state = "failed",
                          .started_us = base_time_now_us(),
                          .lane = context->lane,
                          .attempt = context->attempt,
                          .cause = context->cause,
                          .business_day = warehouse_business_day(context, model),
                          .sql = g_strdup(model->model->sql_resolved)};
    Build build = {.context = context, .conn = conn, .model = model, .run = ret};
    build_init(&build, number);
    g_autoptr(GError) error = NULL;
    if (!make(&build, &error)) {
        record_failure(&build, error);
    }
    build_clear(&build);
}

/* ---- a dry run -------------------------------------------------------------------------------------------
 */

static void set_time(json_t *object, const char *key, gint64 us)
{
    base_json_set_time(object, key, us > WAREHOUSE_BEGINNING_US ? us : 0);
}

/* 2026, 202611, 20261122 or 20261122T17, in local time: the batch's name. */
static char *batch_name(const Build *build, gint64 us)
{
    static const size_t LENGTHS[] = {[WAREHOUSE_BATCH_HOUR] = 13,
                                     [WAREHOUSE_BATCH_DAY] = 10,
                                     [WAREHOUSE_BATCH_MONTH] = 7,
                                     [WAREHOUSE_BATCH_YEAR] = 4};
    if (us <= WAREHOUSE_BEGINNING_US) {
        return g_strdup("all");
    }
    g_autofree char *text = base_time_format(us, build->context->zone);
    GString *name = g_string_new(NULL);
    for (size_t i = 0; i < LENGTHS[build->batch_size] && text[i]; i++) {
        if (g_ascii_isdigit(text[i])) {
            g_string_append_c(name, text[i]);
        } else if (text[i] == ' ') {
            g_string_append_c(name, 'T');
        }
    }
    return g_string_free(name, FALSE);
}

static json_t *batches_to_json(const Build *build)
{
    json_t *list = json_array();
    for (guint i = 0; build->batches && i < build->batches->len; i++) {
        WarehouseInterval batch = batch_at(build, i);
        g_autofree char *name = batch_name(build, batch.start_us);
        json_t *entry = json_object();
        base_json_set_string(entry, "batch", name);
        set_time(entry, "start", batch.start_us);
        set_time(entry, "end", batch.end_us);
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *dry_to_json(const Build *build)
{
    const CatalogModelInfo *info = build->model->model;
    const char *strategy = catalog_strategy_name(info->strategy);
    const char *action = info->kind == CATALOG_MODEL_VIEW ? "view"
                         : build->family->make            ? "merge"
                         : !build->exists                 ? "build"
                         : build->replace                 ? "rebuild"
                                                          : "merge";
    json_t *row = json_object();
    base_json_set_string(row, "model", build->model->full_name);
    base_json_set_string(row, "kind", catalog_model_kind_name(info->kind));
    base_json_set_string(row, "strategy", *strategy ? strategy : NULL);
    base_json_set_string(row, "action", action);
    set_time(row, "start", build->run->start_us);
    set_time(row, "end", build->run->end_us > 0 ? build->run->end_us : WAREHOUSE_BEGINNING_US);
    json_object_set_new(row, "batches", batches_to_json(build));
    base_json_set_string(row, "message", build->notes->len ? build->notes->str : NULL);
    return row;
}

json_t *warehouse_build_dry(const WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                            GError **error)
{
    WarehouseRun run = {.model = model->id, .business_day = warehouse_business_day(context, model)};
    Build build = {.context = context, .conn = conn, .model = model, .run = &run};
    build_init(&build, 0);
    bool ok = find(&build, error) && (build.family->make || plan(&build, error));
    json_t *row = ok ? dry_to_json(&build) : NULL;
    build_clear(&build);
    warehouse_run_clear(&run);
    return row;
}
