/* One model becomes its table.
 *
 * full         CREATE TABLE build AS body; checks; then in one transaction of the committer: DROP TABLE,
 * RENAME, state. A reader that has begun goes on with the old table (snapshots), views are bound by name and
 * go on. incremental  the body for the interval into a build table; checks; then in one transaction: DELETE
 * what lies in the interval or has a key of the new rows, INSERT them, state. Running an interval again gives
 * the same table. With nothing there yet, or logic that changed, all history is built and swapped in as with
 * full. view         CREATE OR REPLACE VIEW, when it is not there or changed; then checks.
 *
 * Building is done on the run's own connection, in parallel with loads; only the swap waits for the
 * committer. */
#include <string.h>

#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

typedef struct {
    const WarehouseRunContext *context;
    EngineConn *conn;
    const CatalogObject *model;
    WarehouseRun *run;
    char *build_name;             /* bare */
    char *build_sql, *target_sql; /* quoted */
    char *hash;
    EngineTypeId time_type;
    WarehouseInterval interval, done;
    GArray *intervals; /* of the model, as read; then as they will be */
    bool has_interval;
    bool replace;   /* the build becomes the table; else it is merged in */
    bool keep_hash; /* merged into a table that is still to be built anew */
    bool clash;     /* rows outside the interval have keys of the new ones */
    WarehouseRelation relation;
} Build;

char *warehouse_logic_hash(const CatalogObject *model)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    const CatalogModelInfo *info = model->model;
    g_autofree char *key = info->key ? g_strjoinv(",", (char **)(guintptr)info->key) : g_strdup("");
    g_autofree char *text = g_strdup_printf("%d\n%s\n%s\n%s", (int)info->kind, info->time ? info->time : "",
                                            key, info->sql_resolved);
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
    return g_strndup(g_checksum_get_string(sum), 16);
}

char *warehouse_view_sql(const CatalogObject *model)
{
    g_autofree char *name = warehouse_name(model->domain, model->name);
    return g_strdup_printf("CREATE OR REPLACE VIEW %s AS %s", name, model->model->sql_resolved);
}

static void build_clear(Build *build)
{
    g_free(build->build_name);
    g_free(build->build_sql);
    g_free(build->target_sql);
    g_free(build->hash);
    g_clear_pointer(&build->intervals, g_array_unref);
}

/* ---- the interval ---------------------------------------------------------------------------------- */

static EngineTypeId time_type_by_name(const char *type)
{
    if (g_ascii_strcasecmp(type, "DATE") == 0) {
        return ENGINE_DATE;
    }
    bool zoned =
        g_ascii_strncasecmp(type, "TIMESTAMP WITH", 14) == 0 || g_ascii_strcasecmp(type, "TIMESTAMPTZ") == 0;
    return zoned ? ENGINE_TIMESTAMP_TZ : ENGINE_TIMESTAMP;
}

/* The body with $start and $end as literals: what prepares without parameters. */
static char *body_with_literals(const CatalogObject *model, GError **error)
{
    const char *sql = model->model->sql_resolved;
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, error);
    if (!tokens) {
        return NULL;
    }
    GString *out = g_string_new(NULL);
    size_t at = 0;
    for (guint i = 0; i < tokens->len; i++) {
        const EngineToken *token = tokens->pdata[i];
        if (token->type == ENGINE_TOKEN_PARAM &&
            (g_str_equal(token->text, "$start") || g_str_equal(token->text, "$end"))) {
            g_string_append_len(out, sql + at, (gssize)(token->start - at));
            g_string_append(out, "TIMESTAMP '2000-01-01'");
            at = token->end;
        }
    }
    g_string_append(out, sql + at);
    return g_string_free(out, FALSE);
}

/* The type of the model's time column: from the catalog, else from the engine. */
static bool time_type(Build *build, GError **error)
{
    const CatalogObject *model = build->model;
    const char *time = model->model->time;
    build->time_type = ENGINE_TIMESTAMP;
    for (guint i = 0; time && model->columns && i < model->columns->len; i++) {
        const CatalogColumn *column = model->columns->pdata[i];
        if (g_ascii_strcasecmp(column->name, time) == 0 && *column->type) {
            build->time_type = time_type_by_name(column->type);
            return true;
        }
    }
    if (!time) {
        return true;
    }
    g_autofree char *body = body_with_literals(model, error);
    g_autoptr(GString) sql = g_string_new("SELECT ");
    engine_sql_append_name(sql, time);
    g_string_append_printf(sql, " FROM (%s) AS body", body ? body : "");
    g_autoptr(EngineStmt) stmt = body ? engine_prepare(build->conn, sql->str, error) : NULL;
    if (!stmt) {
        return false;
    }
    EngineTypeId id = engine_stmt_column_type(stmt, 0).id;
    build->time_type = id == ENGINE_DATE || id == ENGINE_TIMESTAMP_TZ ? id : ENGINE_TIMESTAMP;
    return true;
}

/* Decides what to run, and whether the result replaces the table or is merged into it. */
static bool decide(Build *build, GError **error)
{
    const CatalogObject *model = build->model;
    const WarehouseRunOptions *options = build->context->options;
    const char *built = warehouse_built_hash(&build->context->standing, model->id);
    if (!warehouse_state_intervals(build->conn, model->id, &build->intervals, error)) {
        return false;
    }
    bool exists = build->relation == WAREHOUSE_TABLE && built;
    bool changed = exists && !g_str_equal(built, build->hash);
    bool asked = options->start_us || options->end_us;
    build->replace = !exists || options->full || (changed && !asked);
    build->keep_hash = changed && asked && !options->full;
    build->has_interval = model->model->kind == CATALOG_MODEL_INCREMENTAL;
    if (!build->has_interval) {
        build->replace = true;
        return true;
    }
    if (!exists || options->full || (changed && !asked)) {
        g_array_set_size(build->intervals, 0);
    }
    WarehouseIntervalAsk ask = {.by_day = build->time_type == ENGINE_DATE,
                                .lookback_us = model->model->lookback_us,
                                .zone = build->context->zone,
                                .now_us = build->context->now_us,
                                .start_us = options->start_us,
                                .end_us = options->end_us,
                                .rebuild = build->replace};
    if (!warehouse_interval_decide(&ask, build->intervals, &build->interval, &build->done, error)) {
        return false;
    }
    warehouse_interval_add(build->intervals, build->done);
    build->run->start_us = build->interval.start_us;
    build->run->end_us = build->interval.end_us;
    return true;
}

/* ---- building ---------------------------------------------------------------------------------------- */

static bool bind_instant(Build *build, EngineStmt *stmt, const char *name, gint64 us, GError **error)
{
    size_t i;
    if (!engine_stmt_param_index(stmt, name, &i)) {
        return true;
    }
    EngineValue value = warehouse_interval_value(us, build->time_type, build->context->zone);
    return engine_stmt_bind(stmt, i, &value, error);
}

static bool drain(EngineResult *result, GError **error)
{
    g_autoptr(GError) failure = NULL;
    while (engine_result_next(result, &failure)) {
    }
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    return true;
}

/* An interrupt that came between two statements found nothing to stop. */
static bool go_on(Build *build, GError **error)
{
    return warehouse_stopping(build->context) < 2 ||
           base_fail(error, BASE_E_INTERRUPTED, "the run was stopped");
}

/* Runs SQL that may name $start and $end. */
static bool exec_interval(Build *build, const char *sql, GError **error)
{
    g_autoptr(EngineStmt) stmt = engine_prepare(build->conn, sql, error);
    if (!stmt || !bind_instant(build, stmt, "start", build->interval.start_us, error) ||
        !bind_instant(build, stmt, "end", build->interval.end_us, error) || !go_on(build, error)) {
        return false; /* an interrupt while it was prepared stopped nothing either */
    }
    g_autoptr(EngineResult) result = engine_stmt_run(stmt, error);
    return result && drain(result, error);
}

static bool build_rows(Build *build, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("CREATE TABLE %s AS %s", build->build_sql, build->model->model->sql_resolved);
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM %s", build->build_sql);
    int64_t n = 0;
    if (!exec_interval(build, sql, error) || !engine_query_int(build->conn, count, &n, error)) {
        return false;
    }
    build->run->rows = n;
    return true;
}

/* t."time" >= start AND t."time" < end, as SQL; FALSE for a model that is merged by its key alone. */
static char *inside(Build *build, const char *alias)
{
    if (!build->model->model->time) {
        return g_strdup("FALSE");
    }
    g_autoptr(GString) column = g_string_new(alias);
    g_string_append_c(column, '.');
    engine_sql_append_name(column, build->model->model->time);
    g_autofree char *start =
        warehouse_interval_literal(build->interval.start_us, build->time_type, build->context->zone);
    g_autofree char *end =
        warehouse_interval_literal(build->interval.end_us, build->time_type, build->context->zone);
    return g_strdup_printf("%s >= %s AND %s < %s", column->str, start, column->str, end);
}

/* EXISTS: a new row has the key of the row `alias`. NULL when the model has no key. */
static char *same_key(Build *build, const char *alias)
{
    const char *const *key = build->model->model->key;
    if (!key || !key[0]) {
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "EXISTS (SELECT 1 FROM %s AS fresh WHERE ", build->build_sql);
    for (size_t i = 0; key[i]; i++) {
        g_autoptr(GString) name = g_string_new(NULL);
        engine_sql_append_name(name, key[i]);
        g_string_append_printf(text, "%sfresh.%s = %s.%s", i ? " AND " : "", name->str, alias, name->str);
    }
    g_string_append_c(text, ')');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Rows outside the interval would not be found by the next run of it: refused, unless a key finds them. */
static bool check_inside(Build *build, GError **error)
{
    const CatalogModelInfo *info = build->model->model;
    if (!info->time || (info->key && info->key[0])) {
        return true;
    }
    g_autofree char *condition = inside(build, "b");
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM %s AS b WHERE (%s) IS NOT TRUE", build->build_sql, condition);
    int64_t n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    if (n) {
        base_fail(error, BASE_E_RUN_FAILED,
                  "%" G_GINT64_FORMAT " rows have `%s` outside the interval of the run", n, info->time);
        base_error_hint(error, "filter by `%s >= $start AND %s < $end`, or give the model a key", info->time,
                        info->time);
        return false;
    }
    return true;
}

/* Merging needs the table to have the build's columns. *ret_same false = the model must be built anew. */
static bool same_columns(Build *build, bool *ret_same, GError **error)
{
    g_autofree char *old = NULL, *new = NULL;
    if (!warehouse_columns_text(build->conn, build->model->domain, build->model->name, &old, error) ||
        !warehouse_columns_text(build->conn, build->model->domain, build->build_name, &new, error)) {
        return false;
    }
    *ret_same = g_strcmp0(old, new) == 0;
    return true;
}

static bool find_clash(Build *build, GError **error)
{
    g_autofree char *key = same_key(build, "t");
    if (build->replace || !key) {
        return true;
    }
    g_autofree char *condition = inside(build, "t");
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s AS t WHERE (%s) IS NOT TRUE AND %s",
                                           build->target_sql, condition, key);
    int64_t n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    build->clash = n > 0;
    return true;
}

static bool drop_build(EngineConn *conn, const char *build_sql, GError **error)
{
    g_autofree char *sql = g_strdup_printf("DROP TABLE IF EXISTS %s", build_sql);
    return engine_exec(conn, sql, error);
}

/* Columns differ from the table's: all history again, unless only an interval was asked for. */
static bool rebuild_all(Build *build, GError **error)
{
    const WarehouseRunOptions *options = build->context->options;
    if (options->start_us || options->end_us) {
        base_fail(error, BASE_E_RUN_FAILED, "the columns of `%s` changed: an interval alone cannot be run",
                  build->model->full_name);
        base_error_hint(error, "run it without --start and --end");
        return false;
    }
    build->replace = true;
    build->keep_hash = false;
    g_array_set_size(build->intervals, 0);
    build->interval.start_us = build->done.start_us = build->run->start_us = WAREHOUSE_BEGINNING_US;
    warehouse_interval_add(build->intervals, build->done);
    return drop_build(build->conn, build->build_sql, error) && build_rows(build, error);
}

/* ---- checks -------------------------------------------------------------------------------------------- */

/* The table as it will be. */
static char *whole(Build *build)
{
    if (build->replace) {
        return g_strdup(build->build_sql);
    }
    g_autofree char *old = inside(build, "t");
    g_autofree char *key = build->clash ? same_key(build, "t") : NULL;
    return g_strdup_printf(
        "(SELECT * FROM %s AS t WHERE (%s) IS NOT TRUE%s%s UNION ALL BY NAME SELECT * FROM %s)",
        build->target_sql, old, key ? " AND NOT " : "", key ? key : "", build->build_sql);
}

/* false + CHECK_FAILED when the rows must not be seen. */
static bool check(Build *build, const char *rows_sql, GError **error)
{
    g_autofree char *future = g_str_equal(rows_sql, build->build_sql) ? whole(build) : g_strdup(rows_sql);
    WarehouseCheckRows rows = {.snapshot = build->context->snapshot,
                               .model = build->model,
                               .rows_sql = rows_sql,
                               .whole_sql = future,
                               .old_sql = build->relation == WAREHOUSE_TABLE ? build->target_sql : NULL,
                               .zone = build->context->zone,
                               .time_type = build->time_type,
                               .end_us =
                                   build->has_interval ? build->interval.end_us : build->context->now_us};
    g_autofree char *failed = NULL;
    if (!warehouse_checks_run(build->conn, &rows, &build->run->checks, &failed, error)) {
        return false;
    }
    return !failed || base_fail(error, BASE_E_CHECK_FAILED, "%s", failed);
}

/* ---- swapping in -----------------------------------------------------------------------------------------
 */

static bool swap_replace(Build *build, EngineConn *conn, GError **error)
{
    if (!warehouse_drop_relation(conn, build->model->domain, build->model->name, build->relation, error)) {
        return false;
    }
    g_autoptr(GString) sql = g_string_new("ALTER TABLE ");
    g_string_append_printf(sql, "%s RENAME TO ", build->build_sql);
    engine_sql_append_name(sql, build->model->name);
    return engine_exec(conn, sql->str, error);
}

static bool swap_merge(Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *condition = inside(build, "t");
    g_autofree char *key = build->clash ? same_key(build, "t") : NULL;
    g_autofree char *delete_sql = g_strdup_printf("DELETE FROM %s AS t WHERE (%s)%s%s", build->target_sql,
                                                  condition, key ? " OR " : "", key ? key : "");
    g_autofree char *insert_sql =
        g_strdup_printf("INSERT INTO %s SELECT * FROM %s", build->target_sql, build->build_sql);
    return engine_exec(conn, delete_sql, error) && engine_exec(conn, insert_sql, error) &&
           drop_build(conn, build->build_sql, error);
}

static bool swap_view(Build *build, EngineConn *conn, GError **error)
{
    if (build->relation == WAREHOUSE_TABLE &&
        !warehouse_drop_relation(conn, build->model->domain, build->model->name, build->relation, error)) {
        return false;
    }
    g_autofree char *sql = warehouse_view_sql(build->model);
    return engine_exec(conn, sql, error);
}

/* On the committer: the rows, what is known of them and the run's row, or nothing. */
static bool swap_work(EngineConn *conn, void *user, GError **error)
{
    Build *build = user;
    WarehouseRun *run = build->run;
    bool view = build->model->model->kind == CATALOG_MODEL_VIEW;
    if (!(view ? swap_view : build->replace ? swap_replace : swap_merge)(build, conn, error)) {
        return false;
    }
    run->elapsed_us = base_time_now_us() - run->started_us;
    return (!build->has_interval ||
            warehouse_state_set_intervals(conn, build->model->id, build->intervals, error)) &&
           (build->keep_hash ||
            warehouse_state_set_build(conn, build->model->id, build->hash, run->run_id, run->rows, error)) &&
           warehouse_state_add_run(conn, run, error);
}

static bool swap(Build *build, GError **error)
{
    build->run->state = "done";
    if (BASE_FAULT("run.before_swap")) {
        return base_fail(error, BASE_E_RUN_FAILED, "a fault was asked for before the swap");
    }
    return intake_transact(build->context->warehouse->intake, swap_work, build, error);
}

/* ---- kinds
 * ------------------------------------------------------------------------------------------------- */

static bool make_table(Build *build, GError **error)
{
    if (!time_type(build, error) || !decide(build, error)) {
        return false;
    }
    bool same = true;
    if (!build_rows(build, error) || (!build->replace && !same_columns(build, &same, error)) ||
        (!same && !rebuild_all(build, error))) {
        return false;
    }
    return go_on(build, error) && (!build->has_interval || check_inside(build, error)) &&
           find_clash(build, error) && check(build, build->build_sql, error) && go_on(build, error) &&
           swap(build, error);
}

static bool make_view(Build *build, GError **error)
{
    g_autofree char *rows = g_strdup_printf("(%s)", build->model->model->sql_resolved);
    return check(build, rows, error) && swap(build, error);
}

static bool make(Build *build, GError **error)
{
    switch (build->model->model->kind) {
    case CATALOG_MODEL_VIEW:
        return make_view(build, error);
    case CATALOG_MODEL_FULL:
    case CATALOG_MODEL_INCREMENTAL:
        return make_table(build, error);
    case CATALOG_MODEL_SNAPSHOT:
    case CATALOG_MODEL_SCD2:
        break;
    }
    base_fail(error, BASE_E_RUN_FAILED, "this version does not run models of kind `%s`",
              build->model->model->kind == CATALOG_MODEL_SNAPSHOT ? "snapshot" : "scd2");
    base_error_hint(error, "kinds that run: view, full, incremental");
    return false;
}

/* ---- the outcome
 * ------------------------------------------------------------------------------------------- */

static bool record_work(EngineConn *conn, void *user, GError **error)
{
    Build *build = user;
    return drop_build(conn, build->build_sql, error) && warehouse_state_add_run(conn, build->run, error);
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
    run->message = explain(failure);
    run->code = failure->domain == BASE_ERROR ? (BaseErrorCode)failure->code : BASE_E_INTERNAL;
    run->elapsed_us = base_time_now_us() - run->started_us;
    g_autoptr(GError) error = NULL;
    if (!intake_transact(build->context->warehouse->intake, record_work, build, &error)) {
        g_autofree char *message = g_steal_pointer(&run->message);
        run->message = g_strdup_printf("%s; and the run could not be recorded: %s", message, error->message);
    }
}

void warehouse_build(const WarehouseRunContext *context, EngineConn *conn, const CatalogObject *model,
                     size_t number, WarehouseRun *ret)
{
    *ret = (WarehouseRun){.run_id = g_strdup(context->run_id),
                          .model = model->id,
                          .state = "failed",
                          .started_us = base_time_now_us(),
                          .sql = g_strdup(model->model->sql_resolved)};
    Build build = {.context = context, .conn = conn, .model = model, .run = ret};
    build.hash = warehouse_logic_hash(model);
    build.build_name =
        g_strdup_printf(WAREHOUSE_BUILD_PREFIX "%s__%s_%zu", model->name, context->run_id, number);
    build.build_sql = warehouse_name(model->domain, build.build_name);
    build.target_sql = warehouse_name(model->domain, model->name);
    build.relation = warehouse_relation(&context->standing, model->domain, model->name);
    g_autoptr(GError) error = NULL;
    if (!make(&build, &error)) {
        record_failure(&build, error);
    }
    build_clear(&build);
}
