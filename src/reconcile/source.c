/* A loaded table against the sources that load it.
 *
 * What the sources hold now is replayed into a shadow table of the same columns and model (their files are
 * read again, with the same options), then compared. Keys that the table has from elsewhere (Stream Load,
 * INSERT) are left out on both sides. A repair is one transaction of the committer; it is refused when
 * anything was loaded into the table since the comparison began. */
#include "reconcile/reconcile_int.h"

#define REPLAYED    "_weir_load_id IN (SELECT txn_id FROM _weir.loads WHERE starts_with(label, 'source.'))"
#define FOREIGN     "temp.weir_foreign"
#define MAX_TOUCHED 1000 /* stretches of time told apart */

typedef struct {
    Reconcile *reconcile;
    CatalogSnapshot *snapshot;
    const CatalogObject *table;
    const ReconcileSourceAsk *ask;
    GPtrArray *key, *columns; /* CatalogColumn*, borrowed */
    char *shadow_name, *diff_name;
    char *shadow_sql, *diff_sql, *target_sql;
    gint64 last_load; /* the newest load of the table when the comparison began */
    bool deletes;     /* rows that the source no longer has may go */
    json_t *answer;
} Work;

static void work_clear(Work *work)
{
    g_clear_pointer(&work->key, g_ptr_array_unref);
    g_clear_pointer(&work->columns, g_ptr_array_unref);
    g_free(work->shadow_name);
    g_free(work->diff_name);
    g_free(work->shadow_sql);
    g_free(work->diff_sql);
    g_free(work->target_sql);
    g_clear_pointer(&work->answer, json_decref);
}

/* ---- which sources ----------------------------------------------------------------------------------------
 */

static const CatalogObject *entry_target(CatalogSnapshot *snapshot, const CatalogObject *source,
                                         const json_t *entry)
{
    const char *to = base_json_string(entry, "to", NULL);
    g_auto(GStrv) parts = g_strsplit(to ? to : "", ".", 2);
    bool ambiguous = false;
    return to ? catalog_resolve_table(snapshot, parts[1] ? parts[0] : NULL, parts[1] ? parts[1] : parts[0],
                                      source->domain, &ambiguous)
              : NULL;
}

typedef bool (*EntryFn)(const CatalogObject *source, size_t entry, json_t *definition, void *user,
                        GError **error);

/* Each entry of a source that loads `table` (NULL = any table). */
static bool each_entry(CatalogSnapshot *snapshot, const CatalogObject *table, EntryFn visit, void *user,
                       GError **error)
{
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *source = objects->pdata[i];
        json_t *entries =
            source->kind == CATALOG_SOURCE ? json_object_get(source->definition, "tables") : NULL;
        for (size_t j = 0; j < json_array_size(entries); j++) {
            json_t *entry = json_array_get(entries, j);
            const CatalogObject *target = entry_target(snapshot, source, entry);
            if (target && (!table || target == table) && !visit(source, j, entry, user, error)) {
                return false;
            }
        }
    }
    return true;
}

typedef struct {
    CatalogSnapshot *snapshot;
    GPtrArray *tables;
} Sourced;

static bool add_table(const CatalogObject *source, size_t entry, json_t *definition, void *user,
                      GError **error)
{
    (void)entry;
    (void)error;
    Sourced *sourced = user;
    const CatalogObject *table = entry_target(sourced->snapshot, source, definition);
    if (table->table && !g_ptr_array_find(sourced->tables, table, NULL)) {
        g_ptr_array_add(sourced->tables, (gpointer)(guintptr)table);
    }
    return true;
}

GPtrArray *reconcile_sourced_tables(CatalogSnapshot *snapshot)
{
    Sourced sourced = {snapshot, g_ptr_array_new()};
    (void)each_entry(snapshot, NULL, add_table, &sourced, NULL); /* add_table does not fail */
    return sourced.tables;
}

/* ---- the shadow -------------------------------------------------------------------------------------------
 */

typedef struct {
    Work *work;
    CatalogTable *shadow;
    size_t n;
} Replay;

static bool replay_entry(const CatalogObject *source, size_t entry, json_t *definition, void *user,
                         GError **error)
{
    Replay *replay = user;
    g_autoptr(GPtrArray) loads = NULL;
    replay->n++;
    replay->work->deletes = replay->work->deletes ||
                            g_str_equal(base_json_string(definition, "mode", ""), "snapshot") ||
                            g_str_equal(base_json_string(definition, "mode", ""), "cdc");
    return intake_source_replay(replay->work->reconcile->intake, replay->work->ask->root, source, entry,
                                replay->shadow, catalog_project_timezone(replay->work->snapshot), &loads,
                                error);
}

static bool drop_shadow(Work *work, GError **error)
{
    Intake *intake = work->reconcile->intake;
    return !intake_table_exists(intake, RECONCILE_SCHEMA, work->shadow_name) ||
           intake_table_drop(intake, RECONCILE_SCHEMA, work->shadow_name, error);
}

static bool make_shadow(Work *work, GError **error)
{
    g_autoptr(CatalogTable) shadow = catalog_table_copy(work->table->table);
    g_free(shadow->schema);
    g_free(shadow->name);
    shadow->schema = g_strdup(RECONCILE_SCHEMA);
    shadow->name = g_strdup(work->shadow_name);
    Replay replay = {work, shadow, 0};
    if (!drop_shadow(work, error) || !intake_table_create(work->reconcile->intake, shadow, error) ||
        !each_entry(work->snapshot, work->table, replay_entry, &replay, error)) {
        return false;
    }
    if (replay.n == 0) {
        base_fail(error, BASE_E_SOURCE_NONE, "no source loads `%s`", work->table->full_name);
        base_error_hint(error, "name two tables to compare them: weir reconcile SOURCE_TABLE %s",
                        work->table->name);
        return false;
    }
    return true;
}

/* ---- comparing --------------------------------------------------------------------------------------------
 */

static char *last_load_sql(const Work *work)
{
    GString *sql = g_string_new("SELECT coalesce(max(txn_id), 0) FROM _weir.loads WHERE db = ");
    engine_sql_append_text(sql, work->table->domain);
    g_string_append(sql, " AND tbl = ");
    engine_sql_append_text(sql, work->table->name);
    return g_string_free(sql, FALSE);
}

/* Keys of rows that came another way, in a temporary table; *ret_n of them. */
static bool find_foreign(Work *work, EngineConn *conn, gint64 *ret_n, GError **error)
{
    g_autofree char *keys = reconcile_list(work->key, NULL);
    g_autofree char *sql = g_strdup_printf(
        "CREATE OR REPLACE TEMP TABLE weir_foreign AS SELECT DISTINCT %s FROM %s WHERE NOT (%s)", keys,
        work->target_sql, REPLAYED);
    return engine_exec(conn, sql, error) &&
           engine_query_int(conn, "SELECT count(*) FROM " FOREIGN, ret_n, error);
}

static char *without_foreign(const Work *work, const char *relation, bool any)
{
    g_autofree char *match = intake_key_match(work->key, "f", "r");
    return any ? g_strdup_printf("(SELECT * FROM %s AS r WHERE NOT EXISTS (SELECT 1 FROM " FOREIGN
                                 " AS f WHERE %s))",
                                 relation, match)
               : g_strdup(relation);
}

static bool compare(Work *work, EngineConn *conn, GError **error)
{
    gint64 foreign = 0;
    g_autofree char *last = last_load_sql(work);
    if (!engine_query_int(conn, last, &work->last_load, error) ||
        !find_foreign(work, conn, &foreign, error)) {
        return false;
    }
    base_json_set_int(work->answer, "other", foreign);
    g_autofree char *source = without_foreign(work, work->shadow_sql, foreign > 0),
                    *target = without_foreign(work, work->target_sql, foreign > 0);
    ReconcileComparison comparison = {.source_sql = source,
                                      .target_sql = target,
                                      .key = work->key,
                                      .columns = work->columns,
                                      .where = work->ask->ask.where,
                                      .diff_sql = work->diff_sql,
                                      .limit =
                                          work->ask->ask.limit ? work->ask->ask.limit : RECONCILE_MAX_LISTED};
    return reconcile_compare(conn, &comparison, work->answer, error) &&
           engine_exec(conn, "DROP TABLE " FOREIGN, error);
}

/* One transaction: what is compared is one moment of the table. */
static bool compare_once(Work *work, EngineConn *conn, GError **error)
{
    if (!engine_begin(conn, error)) {
        return false;
    }
    if (compare(work, conn, error) && engine_commit(conn, error)) {
        return true;
    }
    engine_rollback(conn);
    return false;
}

/* ---- the range of time concerned
 * --------------------------------------------------------------------------- */

/* Hours of the table's time column in which rows differ, as they are and as they should be. */
static char *touched_sql(const Work *work, const char *time)
{
    g_autofree char *column = engine_sql_name(time), *match = intake_key_match(work->key, "d", "r");
    return g_strdup_printf(
        "WITH r AS (SELECT %s AS t FROM %s AS r WHERE EXISTS (SELECT 1 FROM %s AS d WHERE %s) UNION ALL "
        "SELECT %s "
        "FROM %s AS r WHERE EXISTS (SELECT 1 FROM %s AS d WHERE %s)), h AS (SELECT DISTINCT "
        "date_trunc('hour', "
        "t::TIMESTAMP) AS h FROM r WHERE t IS NOT NULL), g AS (SELECT h, h - INTERVAL 1 HOUR * row_number() "
        "OVER "
        "(ORDER BY h) AS island FROM h) SELECT strftime(min(h), '%%Y-%%m-%%d %%H:%%M:%%S') AS start, "
        "strftime(max(h) + INTERVAL 1 HOUR, '%%Y-%%m-%%d %%H:%%M:%%S') AS \"end\" FROM g GROUP BY island "
        "ORDER BY "
        "min(h) LIMIT %d",
        column, work->target_sql, work->diff_sql, match, column, work->shadow_sql, work->diff_sql, match,
        MAX_TOUCHED + 1);
}

/* `touched` and, from its first to its last, `range`; null when the table has no time column or nothing
 * differs. More stretches than a few are taken as one. */
static bool find_touched(Work *work, EngineConn *conn, GError **error)
{
    const char *time = base_json_string(work->table->definition, "time", NULL);
    json_object_set_new(work->answer, "range", json_null());
    json_object_set_new(work->answer, "touched", json_null());
    if (!time || base_json_bool(work->answer, "equal", false)) {
        return true;
    }
    g_autofree char *sql = touched_sql(work, time);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, MAX_TOUCHED + 1, error);
    size_t n = json_array_size(rows);
    if (!rows || n == 0) {
        return rows != NULL;
    }
    json_t *range = json_pack("{s:O, s:O}", "start", json_object_get(json_array_get(rows, 0), "start"), "end",
                              json_object_get(json_array_get(rows, n - 1), "end"));
    json_object_set_new(work->answer, "range", range);
    json_t *touched = json_array();
    for (size_t i = 0; n <= MAX_TOUCHED && i < n; i++) {
        const json_t *row = json_array_get(rows, i);
        json_array_append_new(
            touched, json_pack("[O, O]", json_object_get(row, "start"), json_object_get(row, "end")));
    }
    if (n > MAX_TOUCHED) {
        json_array_append_new(
            touched, json_pack("[O, O]", json_object_get(range, "start"), json_object_get(range, "end")));
    }
    json_object_set_new(work->answer, "touched", touched);
    return true;
}

/* Rows in the archive are not lost: written again they would be there twice once it is restored. */
static bool check_archive(Work *work, EngineConn *conn, GError **error)
{
    const json_t *touched = json_object_get(work->answer, "touched");
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(work->snapshot), error);
    size_t i;
    json_t *range;
    json_array_foreach (touched, i, range) {
        gint64 start_us = 0, end_us = 0;
        if (!zone || !base_time_parse(json_string_value(json_array_get(range, 0)), zone, &start_us) ||
            !base_time_parse(json_string_value(json_array_get(range, 1)), zone, &end_us) ||
            !warehouse_archived_check(conn, work->table, start_us, end_us, zone, error)) {
            base_error_not_done(error, "Nothing was repaired.");
            return false;
        }
    }
    return zone != NULL;
}

static bool mark_range(Work *work, const char *start, const char *end, GTimeZone *zone, GError **error)
{
    gint64 start_us = 0, end_us = 0;
    if (!base_time_parse(start, zone, &start_us) || !base_time_parse(end, zone, &end_us)) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "the range of the repaired rows is no time");
    }
    return warehouse_mark(work->reconcile->warehouse, work->snapshot, work->table, WAREHOUSE_MARK_STALE,
                          start_us, end_us, error);
}

/* What depends on the rows concerned is stale; without a time column, all that was ever done. */
static bool mark_stale(Work *work, GError **error)
{
    const json_t *touched = json_object_get(work->answer, "touched");
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(work->snapshot), error);
    if (!zone) {
        return false;
    }
    if (!json_is_array(touched)) {
        g_autofree char *now = base_time_format(base_time_now_us() + BASE_TIME_DAY_US, zone);
        return mark_range(work, "0001-01-01", now, zone, error);
    }
    size_t i;
    json_t *range;
    json_array_foreach (touched, i, range) {
        if (!mark_range(work, json_string_value(json_array_get(range, 0)),
                        json_string_value(json_array_get(range, 1)), zone, error)) {
            return false;
        }
    }
    return true;
}

/* ---- repairing --------------------------------------------------------------------------------------------
 */

static bool repair_in(EngineConn *conn, void *user, GError **error)
{
    Work *work = user;
    gint64 last = 0;
    g_autofree char *sql = last_load_sql(work);
    if (!engine_query_int(conn, sql, &last, error)) {
        return false;
    }
    if (last != work->last_load) {
        base_fail(error, BASE_E_CONFLICT, "`%s` was loaded while it was compared", work->table->full_name);
        base_error_not_done(error, "Nothing was repaired.");
        base_error_hint(error, "run it again");
        return false;
    }
    g_autoptr(GPtrArray) statements =
        intake_repair_sql(work->table->table, work->key, work->diff_sql, work->shadow_sql);
    json_t *repaired = json_object();
    json_object_set_new(work->answer, "repaired", repaired);
    gint64 deleted = 0, inserted = 0;
    for (guint i = 0; i < statements->len; i++) {
        int64_t changed = 0;
        if (!engine_exec_values(conn, statements->pdata[i], NULL, 0, &changed, error)) {
            return false;
        }
        deleted += i == 0 ? changed : 0;
        inserted += i + 1 == statements->len ? changed : 0;
    }
    base_json_set_int(repaired, "deleted", deleted);
    base_json_set_int(repaired, "inserted", inserted);
    return true;
}

static bool repair_rows(Work *work, GError **error)
{
    g_autofree char *key = intake_table_key(work->table->domain, work->table->name);
    g_autoptr(GPtrArray) tables = g_ptr_array_new();
    g_ptr_array_add(tables, key);
    return intake_transact_on(work->reconcile->intake, tables, repair_in, work, error);
}

static bool repair(Work *work, EngineConn *conn, GError **error)
{
    json_object_set_new(work->answer, "repaired", json_null());
    if (!work->ask->repair || base_json_bool(work->answer, "equal", false)) {
        return true;
    }
    gint64 left = work->deletes ? 0 : base_json_int(work->answer, "n_extra", 0);
    base_json_set_int(work->answer, "left", left);
    g_autofree char *keep = g_strdup_printf("DELETE FROM %s WHERE _weir_how = 'extra'", work->diff_sql);
    /* Marked before, so that a crash cannot lose it, and after, for a run that ended in between. */
    return check_archive(work, conn, error) && (work->deletes || engine_exec(conn, keep, error)) &&
           mark_stale(work, error) && repair_rows(work, error) && mark_stale(work, error);
}

/* ---- refilling --------------------------------------------------------------------------------------------
 */

/* Models downstream, as ids in the answer. */
static GPtrArray *dependents(Work *work)
{
    g_autoptr(GPtrArray) down = catalog_downstream(work->snapshot, work->table);
    GPtrArray *models = g_ptr_array_new();
    json_t *names = json_array();
    for (guint i = 0; i < down->len; i++) {
        const CatalogObject *object = down->pdata[i];
        if (object->kind == CATALOG_MODEL) {
            g_ptr_array_add(models, (gpointer)(guintptr)object);
            json_array_append_new(names, json_string(object->full_name));
        }
    }
    json_object_set_new(work->answer, "stale", names);
    return models;
}

static void add_runs(json_t *list, json_t *runs)
{
    json_array_extend(list, runs);
    json_decref(runs);
}

static bool refill_whole(Work *work, const CatalogObject *model, json_t *list, GError **error)
{
    const char *const words[] = {model->full_name, NULL};
    const CatalogModelInfo *info = model->model;
    bool full =
        info->kind == CATALOG_MODEL_INCREMENTAL && !info->keeps_history; /* history is not made twice */
    const WarehouseRunOptions options = {.select = words, .full = full, .cause = "backfill"};
    json_t *runs = NULL;
    bool ok = warehouse_run(work->reconcile->warehouse, work->snapshot, &options, NULL, NULL, &runs, error);
    add_runs(list, runs);
    return ok;
}

/* The stale units of a model, from the first to the last; all of its history when that is stale. */
static bool refill_stale(Work *work, const CatalogObject *model, json_t *list, GError **error)
{
    const WarehouseIntervalsAsk all = {0};
    g_autoptr(json_t) intervals =
        warehouse_intervals(work->reconcile->warehouse, work->snapshot, model, &all, error);
    const json_t *stale = json_object_get(intervals, "stale");
    size_t n = json_array_size(stale);
    if (!intervals || n == 0) {
        return intervals != NULL;
    }
    const char *first = json_string_value(json_array_get(stale, 0)),
               *last = json_string_value(json_array_get(stale, n - 1));
    g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(work->snapshot), error);
    WarehouseBackfillAsk ask = {.model = model};
    if (!json_is_array(json_object_get(work->answer, "touched")) || !first ||
        !base_time_parse(first, zone, &ask.start_us) || !base_time_parse(last, zone, &ask.end_us)) {
        return zone && refill_whole(work, model, list, error);
    }
    ask.end_us++; /* widened to the end of its unit */
    json_t *plan = NULL, *runs = NULL;
    bool ok =
        warehouse_backfill(work->reconcile->warehouse, work->snapshot, &ask, NULL, NULL, &plan, &runs, error);
    json_decref(plan);
    add_runs(list, runs);
    return ok;
}

static bool refill_model(Work *work, const CatalogObject *model, json_t *list, GError **error)
{
    if (model->model->kind == CATALOG_MODEL_VIEW) {
        return true; /* shows what it reads */
    }
    return warehouse_has_intervals(model) ? refill_stale(work, model, list, error)
                                          : refill_whole(work, model, list, error);
}

/* One after the other, each after what it reads. */
static bool refill(Work *work, GError **error)
{
    json_object_set_new(work->answer, "refilled", json_null());
    bool changed = json_is_object(json_object_get(work->answer, "repaired"));
    g_autoptr(GPtrArray) models = dependents(work);
    if (!changed || !work->ask->refill || models->len == 0) {
        return true;
    }
    g_autoptr(GPtrArray) order = catalog_model_order(work->snapshot, error);
    json_t *list = json_array();
    json_object_set_new(work->answer, "refilled", list);
    bool ok = order != NULL;
    for (guint i = 0; ok && i < order->len; i++) {
        ok = !g_ptr_array_find(models, order->pdata[i], NULL) ||
             refill_model(work, order->pdata[i], list, error);
    }
    return ok;
}

/* ---- what an interrupted comparison left
 * ------------------------------------------------------------------- */

static bool drop_left_overs(EngineConn *conn, void *user, GError **error)
{
    (void)user;
    g_autoptr(json_t) rows = engine_query_json(
        conn,
        "SELECT table_name AS name FROM duckdb_tables() WHERE schema_name = '" RECONCILE_SCHEMA
        "' AND (starts_with(table_name, '" RECONCILE_SHADOW "') OR starts_with(table_name, '" RECONCILE_DIFF
        "') OR starts_with(table_name, 'del:" RECONCILE_SCHEMA "." RECONCILE_SHADOW "'))",
        NULL, 0, 100000, error);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        g_autofree char *name = engine_sql_table(RECONCILE_SCHEMA, base_json_string(row, "name", ""));
        g_autofree char *sql = g_strconcat("DROP TABLE ", name, NULL);
        if (!engine_exec(conn, sql, error)) {
            return false;
        }
    }
    return rows != NULL;
}

/* ---- face -------------------------------------------------------------------------------------------------
 */

static json_t *names_of(const GPtrArray *columns)
{
    json_t *names = json_array();
    for (guint i = 0; i < columns->len; i++) {
        json_array_append_new(names, json_string(((const CatalogColumn *)columns->pdata[i])->name));
    }
    return names;
}

static void describe(json_t *answer, const char *source, const CatalogObject *target, const GPtrArray *key,
                     const GPtrArray *columns)
{
    base_json_set_string(answer, "source", source);
    base_json_set_string(answer, "target", target->full_name);
    json_object_set_new(answer, "key", names_of(key));
    json_object_set_new(answer, "columns", names_of(columns));
}

static bool run(Work *work, EngineConn *conn, GError **error)
{
    return make_shadow(work, error) && compare_once(work, conn, error) && find_touched(work, conn, error) &&
           repair(work, conn, error) && refill(work, error);
}

/* What the work left, whatever came of it; the first failure is the one that is told. */
static bool clean_up(Work *work, EngineConn *conn, bool ok, GError **error)
{
    g_autofree char *sql = g_strdup_printf("DROP TABLE IF EXISTS %s", work->diff_sql);
    GError *why = NULL;
    bool clean = engine_exec(conn, sql, &why) && drop_shadow(work, &why);
    if (ok && !clean) {
        g_propagate_error(error, why);
        return false;
    }
    g_clear_error(&why);
    return ok;
}

static bool compare_source(Work *work, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(work->reconcile->engine, error);
    if (!conn || !intake_transact(work->reconcile->intake, drop_left_overs, NULL, error) ||
        !engine_set_time_zone(conn, catalog_project_timezone(work->snapshot), error) ||
        !reconcile_columns(work->table, work->table, &work->ask->ask, work->key, work->columns, error)) {
        return false;
    }
    work->shadow_name = g_strconcat(RECONCILE_SHADOW, work->table->full_name, NULL);
    work->diff_name = g_strconcat(RECONCILE_DIFF, work->table->full_name, NULL);
    work->shadow_sql = engine_sql_table(RECONCILE_SCHEMA, work->shadow_name);
    work->diff_sql = engine_sql_table(RECONCILE_SCHEMA, work->diff_name);
    work->target_sql = engine_sql_table(work->table->domain, work->table->name);
    describe(work->answer, "source", work->table, work->key, work->columns);
    return clean_up(work, conn, run(work, conn, error), error);
}

bool reconcile_source(Reconcile *reconcile, CatalogSnapshot *snapshot, const CatalogObject *table,
                      const ReconcileSourceAsk *ask, json_t **ret, GError **error)
{
    if (!table->table) {
        return base_fail(error, BASE_E_SOURCE_NONE, "`%s` is no loaded table: no source loads it",
                         table->full_name);
    }
    Work work = {.reconcile = reconcile,
                 .snapshot = snapshot,
                 .table = table,
                 .ask = ask,
                 .deletes = ask->delete_extra,
                 .key = g_ptr_array_new(),
                 .columns = g_ptr_array_new(),
                 .answer = json_object()};
    g_mutex_lock(&reconcile->lock);
    bool ok = compare_source(&work, error);
    g_mutex_unlock(&reconcile->lock);
    *ret = ok ? g_steal_pointer(&work.answer) : NULL;
    work_clear(&work);
    return ok;
}

bool reconcile_tables(Reconcile *reconcile, const CatalogObject *source, const CatalogObject *target,
                      const ReconcileAsk *ask, json_t **ret, GError **error)
{
    g_autoptr(GPtrArray) key = g_ptr_array_new(), columns = g_ptr_array_new();
    g_autoptr(json_t) answer = json_object();
    g_autoptr(EngineConn) conn = engine_connect(reconcile->engine, error);
    if (!conn || !reconcile_columns(source, target, ask, key, columns, error)) {
        return false;
    }
    g_autofree char *source_sql = engine_sql_table(source->domain, source->name),
                    *target_sql = engine_sql_table(target->domain, target->name);
    describe(answer, source->full_name, target, key, columns);
    ReconcileComparison comparison = {.source_sql = source_sql,
                                      .target_sql = target_sql,
                                      .key = key,
                                      .columns = columns,
                                      .where = ask->where,
                                      .types_differ = reconcile_types_differ(source, key),
                                      .limit = ask->limit ? ask->limit : RECONCILE_MAX_LISTED};
    if (!engine_begin(conn, error)) {
        return false;
    }
    bool ok = reconcile_compare(conn, &comparison, answer, error);
    engine_rollback(conn); /* it only read */
    *ret = ok ? g_steal_pointer(&answer) : NULL;
    return ok;
}

/* ---- life -------------------------------------------------------------------------------------------------
 */

Reconcile *reconcile_new(Engine *engine, Intake *intake, Warehouse *warehouse)
{
    Reconcile *reconcile = g_new0(Reconcile, 1);
    reconcile->engine = engine;
    reconcile->intake = intake;
    reconcile->warehouse = warehouse;
    g_mutex_init(&reconcile->lock);
    return reconcile;
}

void reconcile_free(Reconcile *reconcile)
{
    if (reconcile) {
        g_mutex_clear(&reconcile->lock);
        g_free(reconcile);
    }
}
