/* Kind scd2: a batch is merged into the history of its keys (scd2_int.h).
 *
 * In the engine stand a table `_weir_history__t` with the versions, and over it two views that readers see:
 * `t`, what is valid now, and `t@history`, all versions. The names of valid_from and valid_to, what stands at
 * an open end, days in place of times: all that is in the views.
 *
 * What the SELECT gives is a temporary table of the run's connection; what it changes is the table beside. A
 * SELECT that reads $start and $end gives the source day by day, and the versions of a day begin with it.
 * Logic that changed holds for what comes; the history is only ever wiped by --full. */
#include <string.h>

#include "warehouse/build_int.h"
#include "warehouse/scd2_int.h"

#define STAGE       "_weir_stage"
#define MAX_BATCHES 20000 /* days of one run; longer is asked for in parts */
#define KEY_COMMENT "key: "

typedef struct {
    Scd2 merge;
    char *history_name, *history_sql, *run_time, *restate;
    bool exists;    /* the history is there */
    bool fresh;     /* it is made by this run */
    bool replaces;  /* and takes the place of one */
    GString *alter; /* statements that bring its columns to those of the SELECT */
    gint64 n_inserted, n_ended, n_late;
} State;

static void state_free(gpointer data)
{
    State *state = data;
    g_clear_pointer(&state->merge.columns, g_ptr_array_unref);
    g_clear_pointer(&state->merge.known, g_ptr_array_unref);
    g_string_free(state->alter, TRUE);
    g_free(state->history_name);
    g_free(state->history_sql);
    g_free(state->run_time);
    g_free(state->restate);
    g_free(state);
}

/* ---- columns ----------------------------------------------------------------------------------------------
 */

typedef struct {
    GPtrArray *names, *types; /* char* */
} Columns;

static void columns_clear(Columns *columns)
{
    g_clear_pointer(&columns->names, g_ptr_array_unref);
    g_clear_pointer(&columns->types, g_ptr_array_unref);
}

/* Without those of the kind itself. */
static bool read_columns(EngineConn *conn, const char *relation, Columns *ret, GError **error)
{
    g_autofree char *sql = g_strdup_printf("DESCRIBE SELECT * FROM %s", relation);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, 100000, error);
    if (!rows) {
        return false;
    }
    *ret = (Columns){g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free)};
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const char *name = base_json_string(row, "column_name", "");
        if (!g_str_has_prefix(name, "_weir_")) {
            g_ptr_array_add(ret->names, g_strdup(name));
            g_ptr_array_add(ret->types, g_strdup(base_json_string(row, "column_type", "")));
        }
    }
    return true;
}

static const char *type_of(const Columns *columns, const char *name)
{
    for (guint i = 0; i < columns->names->len; i++) {
        if (g_ascii_strcasecmp(columns->names->pdata[i], name) == 0) {
            return columns->types->pdata[i];
        }
    }
    return NULL;
}

/* ---- columns that changed
 * ----------------------------------------------------------------------------------- */

static void alter(Build *build, const char *what, const char *name, const char *rest)
{
    State *state = build->state;
    g_string_append_printf(state->alter, "ALTER TABLE %s %s ", state->history_sql, what);
    engine_sql_append_name(state->alter, name);
    g_string_append_printf(state->alter, "%s;", rest);
}

static bool refuse_columns(Build *build, const char *name, const char *what, GError **error)
{
    base_fail(error, BASE_E_RUN_FAILED, "schema_change: the column `%s` of `%s` %s", name,
              build->model->full_name, what);
    base_error_hint(error, "on_schema_change: append_new_columns takes new columns into the history");
    return false;
}

/* The policy: a column that is new comes in (older versions have NULL), or is left out, or fails the run. One
 * that the SELECT no longer gives stays, and new versions have NULL; sync takes it away, and with ignore,
 * whose rows have the table's columns or none, it fails the run too. */
static bool bring_together(Build *build, const Columns *old, const Columns *new, GError **error)
{
    State *state = build->state;
    const char *policy = base_json_string(build->model->definition, "on_schema_change", "append_new_columns");
    bool fail = g_str_equal(policy, "fail"), ignore = g_str_equal(policy, "ignore");
    bool sync = g_str_has_prefix(policy, "sync");
    for (guint i = state->merge.columns->len; i > 0; i--) {
        const char *name = state->merge.columns->pdata[i - 1];
        if (type_of(old, name)) {
            continue;
        }
        if (fail) {
            return refuse_columns(build, name, "is new", error);
        }
        if (ignore) {
            g_ptr_array_remove_index(state->merge.columns, i - 1);
        } else {
            g_autofree char *type = g_strconcat(" ", type_of(new, name), NULL);
            alter(build, "ADD COLUMN", name, type);
        }
    }
    for (guint i = old->names->len; i > 0; i--) {
        const char *name = old->names->pdata[i - 1];
        if (type_of(new, name)) {
            continue;
        }
        if (fail || ignore) {
            return refuse_columns(build, name, "is gone", error);
        }
        if (sync) {
            alter(build, "DROP COLUMN", name, "");
            g_ptr_array_remove_index(state->merge.known, i - 1);
        }
    }
    return true;
}

/* The table of changes has types that hold the old and the new values. */
static bool widen(Build *build, const Columns *old, GError **error)
{
    State *state = build->state;
    Columns both = {0};
    const char *policy = base_json_string(build->model->definition, "on_schema_change", "append_new_columns");
    if (g_str_equal(policy, "ignore") || !read_columns(build->conn, build->build_sql, &both, error)) {
        return g_str_equal(policy, "ignore");
    }
    bool ok = true;
    for (guint i = 0; ok && i < state->merge.known->len; i++) {
        const char *name = state->merge.known->pdata[i];
        const char *type = type_of(&both, name), *was = type_of(old, name);
        if (!type || g_str_equal(type, was)) {
            continue;
        }
        g_autofree char *what = g_strdup_printf("was %s and needs %s now", was, type);
        g_autofree char *rest = g_strconcat(" TYPE ", type, NULL);
        ok = !g_str_equal(policy, "fail") || refuse_columns(build, name, what, error);
        alter(build, "ALTER COLUMN", name, rest);
    }
    columns_clear(&both);
    return ok;
}

/* ---- views ----------------------------------------------------------------------------------------------
 */

static void append_ends(GString *out, const CatalogScd2 *spec)
{
    g_autofree char *end =
        spec->open_end ? g_strdup_printf("TIMESTAMP '%s'", spec->open_end) : g_strdup("NULL");
    if (spec->closed_day) {
        g_string_append(out, ", CAST(" SCD2_FROM " AS DATE) AS ");
        engine_sql_append_name(out, spec->valid_from);
        g_string_append_printf(out, ", coalesce(CAST(" SCD2_TO " AS DATE) - 1, CAST(%s AS DATE)) AS ", end);
    } else {
        g_string_append(out, ", " SCD2_FROM " AS ");
        engine_sql_append_name(out, spec->valid_from);
        g_string_append_printf(out, ", coalesce(" SCD2_TO ", CAST(%s AS TIMESTAMP)) AS ", end);
    }
    engine_sql_append_name(out, spec->valid_to);
    if (spec->is_deleted) {
        g_string_append(out, ", " SCD2_DELETED " AS ");
        engine_sql_append_name(out, spec->is_deleted);
    }
}

/* A version that begins and ends within a day holds on no day. */
static char *view_sql(const CatalogObject *model, const GPtrArray *columns, const char *view,
                      const char *where)
{
    GString *out = g_string_new("CREATE OR REPLACE VIEW ");
    g_autofree char *name = engine_sql_table(model->domain, view);
    g_autofree char *table = warehouse_table_of(model);
    g_autofree char *history = engine_sql_table(model->domain, table);
    g_string_append_printf(out, "%s AS SELECT ", name);
    for (guint i = 0; i < columns->len; i++) {
        g_string_append(out, i ? ", " : "");
        engine_sql_append_name(out, columns->pdata[i]);
    }
    append_ends(out, model->model->scd2);
    g_string_append_printf(out, " FROM %s%s", history, where);
    return g_string_free(out, FALSE);
}

static bool make_views(EngineConn *conn, const CatalogObject *model, const GPtrArray *columns, GError **error)
{
    g_autofree char *name = catalog_history_view(model->name);
    g_autofree char *all =
        view_sql(model, columns, name,
                 model->model->scd2->closed_day ? " WHERE " SCD2_TO " IS NULL OR CAST(" SCD2_TO
                                                  " AS DATE) > CAST(" SCD2_FROM " AS DATE)"
                                                : "");
    g_autofree char *now =
        view_sql(model, columns, model->name, " WHERE " SCD2_TO " IS NULL AND NOT " SCD2_DELETED);
    return engine_exec(conn, all, error) && engine_exec(conn, now, error);
}

bool warehouse_scd2_views(EngineConn *conn, const CatalogObject *model, GError **error)
{
    g_autofree char *table = warehouse_table_of(model);
    g_autofree char *history = engine_sql_table(model->domain, table);
    Columns columns = {0};
    bool ok = read_columns(conn, history, &columns, error) && make_views(conn, model, columns.names, error);
    columns_clear(&columns);
    return ok;
}

/* Columns of the SELECT, then those that it no longer gives: older versions have values in them. */
static GPtrArray *shown_columns(const State *state)
{
    GPtrArray *shown = g_ptr_array_new(); /* borrowed */
    g_ptr_array_extend(shown, state->merge.columns, NULL, NULL);
    for (guint i = 0; state->merge.known && i < state->merge.known->len; i++) {
        if (!scd2_has(state->merge.columns, state->merge.known->pdata[i])) {
            g_ptr_array_add(shown, state->merge.known->pdata[i]);
        }
    }
    return shown;
}

static bool replace_views(const Build *build, EngineConn *conn, GError **error)
{
    g_autoptr(GPtrArray) columns = shown_columns(build->state);
    return (build->relation != WAREHOUSE_TABLE || /* of another kind, once */
            warehouse_drop_relation(conn, build->model->domain, build->model->name, build->relation,
                                    error)) &&
           make_views(conn, build->model, columns, error);
}

/* ---- the history's key ------------------------------------------------------------------------------------
 */

static char *key_text(const Build *build)
{
    g_autofree char *list = g_strjoinv(", ", (char **)(guintptr)build->model->model->key);
    return g_strconcat(KEY_COMMENT, list, NULL);
}

static bool note_key(const Build *build, EngineConn *conn, GError **error)
{
    const State *state = build->state;
    g_autofree char *key = key_text(build);
    g_autoptr(GString) sql = g_string_new("COMMENT ON TABLE ");
    g_string_append_printf(sql, "%s IS ", state->history_sql);
    engine_sql_append_text(sql, key);
    return engine_exec(conn, sql->str, error);
}

/* Versions of one key are nothing to those of another. */
static bool check_key(const Build *build, GError **error)
{
    const State *state = build->state;
    g_autofree char *key = key_text(build), *was = NULL;
    g_autoptr(GString) sql = g_string_new("SELECT comment FROM duckdb_tables() WHERE schema_name = ");
    engine_sql_append_text(sql, build->model->domain);
    g_string_append(sql, " AND table_name = ");
    engine_sql_append_text(sql, state->history_name);
    if (!engine_query_text(build->conn, sql->str, &was, error)) {
        return false;
    }
    if (!was || g_str_equal(was, key)) {
        return true;
    }
    base_fail(error, BASE_E_RUN_FAILED, "the history of `%s` has the %s, not the %s", build->model->full_name,
              was, key);
    base_error_hint(error, "weir run %s --full wipes the history and begins a new one", build->model->name);
    return false;
}

/* ---- one batch
 * ---------------------------------------------------------------------------------------------- */

static bool read_stage(Build *build, GError **error)
{
    State *state = build->state;
    g_autofree char *at = scd2_at_sql(&state->merge);
    g_autofree char *sql = g_strdup_printf("CREATE OR REPLACE TEMP TABLE " STAGE
                                           " AS SELECT *, %s AS " SCD2_AT " FROM (%s\n) AS body",
                                           at, build->body);
    return warehouse_build_exec(build, sql, error);
}

static bool read_names(Build *build, Columns *new, Columns *old, GError **error)
{
    State *state = build->state;
    g_clear_pointer(&state->merge.columns, g_ptr_array_unref);
    g_clear_pointer(&state->merge.known, g_ptr_array_unref);
    g_string_truncate(state->alter, 0);
    if (!read_columns(build->conn, STAGE, new, error)) {
        return false;
    }
    state->merge.columns = g_ptr_array_copy(new->names, (GCopyFunc)(void (*)(void))g_strdup, NULL);
    g_ptr_array_set_free_func(state->merge.columns, g_free);
    if (state->fresh) {
        return true;
    }
    if (!read_columns(build->conn, state->history_sql, old, error)) {
        return false;
    }
    state->merge.known = g_ptr_array_copy(old->names, (GCopyFunc)(void (*)(void))g_strdup, NULL);
    g_ptr_array_set_free_func(state->merge.known, g_free);
    return bring_together(build, old, new, error);
}

/* For the ledger: rows that gave way to the latest of their key, and those that say nothing new, are
 * deduplicated; late ones are left out. */
static void account(Build *build, gint64 n_in, gint64 n_judged)
{
    const State *state = build->state;
    build->counts.in += n_in;
    build->counts.written += state->merge.n_begun;
    build->counts.deduplicated += n_in - n_judged + state->merge.n_same;
    build->counts.unselected += state->merge.n_late;
}

static bool make_changes(Build *build, GError **error)
{
    State *state = build->state;
    Columns new = {0}, old = {0};
    gint64 n_in = 0, n_judged = 0;
    bool ok = read_names(build, &new, &old, error) &&
              engine_query_int(build->conn, "SELECT count(*) FROM " STAGE, &n_in, error) &&
              scd2_judge(&state->merge, build->conn, error) &&
              engine_query_int(build->conn, "SELECT count(*) FROM " STAGE, &n_judged, error) &&
              warehouse_build_go_on(build, error) && scd2_diff(&state->merge, build->conn, error) &&
              (state->fresh || widen(build, &old, error));
    columns_clear(&new);
    columns_clear(&old);
    if (!ok) {
        return false;
    }
    account(build, n_in, n_judged);
    state->n_inserted += state->merge.n_inserted;
    state->n_ended += state->merge.n_ended;
    state->n_late += state->merge.n_late;
    return true;
}

/* What will be valid: the rows of the batch, and those that it does not speak of. */
char *warehouse_scd2_whole(Build *build)
{
    State *state = build->state;
    const CatalogScd2 *spec = state->merge.spec;
    bool rest = !state->fresh && (spec->delta || spec->deletes == CATALOG_DELETES_IGNORE);
    return scd2_sql(
        &state->merge,
        rest ? "(SELECT {columns:b} FROM {stage} b UNION ALL BY NAME SELECT {known:o} FROM {past} o WHERE "
               "o." SCD2_TO " IS NULL AND NOT o." SCD2_DELETED
               " AND NOT EXISTS (SELECT 1 FROM {stage} b WHERE {b=o}))"
             : "(SELECT {columns} FROM {stage})");
}

/* On the committer. */
static bool put_in(const Build *build, EngineConn *conn, GError **error)
{
    const State *state = build->state;
    if (!state->fresh) {
        return (!state->alter->len || engine_exec(conn, state->alter->str, error)) &&
               scd2_merge(&state->merge, conn, error);
    }
    g_autofree char *drop = g_strdup_printf("DROP TABLE %s", state->history_sql);
    return (!state->replaces || engine_exec(conn, drop, error)) &&
           warehouse_rename_table(conn, build->build_sql, state->history_name, error) &&
           note_key(build, conn, error);
}

bool warehouse_scd2_merge(Build *build, EngineConn *conn, GError **error)
{
    const State *state = build->state;
    const char *built = warehouse_built_hash(&build->context->standing, build->model->id);
    bool views = state->fresh || state->alter->len || build->relation != WAREHOUSE_VIEW ||
                 g_strcmp0(built, build->hash) != 0;
    return put_in(build, conn, error) && (!views || replace_views(build, conn, error));
}

static void note_outcome(Build *build)
{
    const State *state = build->state;
    build->run->rows = state->n_inserted;
    warehouse_build_note(build, "%" G_GINT64_FORMAT " versions new, %" G_GINT64_FORMAT " ended",
                         state->n_inserted, state->n_ended);
    if (state->n_late) {
        warehouse_build_note(
            build, "%" G_GINT64_FORMAT " late versions ignored (late_versions: splice takes them in)",
            state->n_late);
    }
}

static bool run_batch(Build *build, GError **error)
{
    State *state = build->state;
    gint64 at_us = build->interval.end_us ? build->interval.start_us : build->context->now_us;
    g_free(state->run_time);
    state->run_time = warehouse_interval_literal(at_us, ENGINE_TIMESTAMP, build->context->zone);
    state->merge.run_time = state->run_time;
    state->merge.n_inserted = state->merge.n_ended = 0;
    state->merge.n_begun = state->merge.n_same = state->merge.n_late = 0;
    state->merge.closed = false;
    if (!read_stage(build, error) || !make_changes(build, error)) {
        return false;
    }
    if (build->last) {
        note_outcome(build);
    }
    if (build->intervals) {
        warehouse_interval_add(build->intervals, build->interval);
    }
    if (!warehouse_build_go_on(build, error) ||
        !warehouse_build_check(build, "(SELECT * EXCLUDE (" SCD2_AT ") FROM " STAGE ")", error) ||
        !warehouse_build_go_on(build, error) || !warehouse_build_swap(build, error)) {
        return false;
    }
    state->fresh = state->replaces = false;
    state->merge.restate = NULL;
    build->relation = WAREHOUSE_VIEW;
    return true;
}

/* ---- which batches
 * ------------------------------------------------------------------------------------------ */

/* A SELECT that reads $start and $end is run for whole days: those asked for, those since the restated time,
 * else those from the end of what is done to the day of the run's clock. */
static bool plan_days(Build *build, GError **error)
{
    const WarehouseRunOptions *options = build->context->options;
    GTimeZone *zone = build->context->zone;
    if (!warehouse_state_intervals(build->conn, build->model->id, &build->intervals, error)) {
        return false;
    }
    const WarehouseInterval *last =
        build->intervals->len ? &g_array_index(build->intervals, WarehouseInterval, build->intervals->len - 1)
                              : NULL;
    gint64 today = base_time_day_start(build->context->now_us, zone);
    gint64 start = options->start_us     ? options->start_us
                   : options->restate_us ? options->restate_us
                   : last                ? MIN(last->end_us, today)
                                         : today;
    gint64 end = options->end_us ? options->end_us : base_time_next_day(build->context->now_us, zone);
    build->batches = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    for (gint64 day = base_time_day_start(start, zone); day < end; day = base_time_next_day(day, zone)) {
        WarehouseInterval batch = {day, base_time_next_day(day, zone)};
        g_array_append_val(build->batches, batch);
        if (build->batches->len > MAX_BATCHES) {
            return base_fail(error, BASE_E_INTERVAL_INVALID, "more than %d days in one run", MAX_BATCHES);
        }
    }
    return true;
}

/* What cannot be made anew is not taken away. */
static bool plan_restate(Build *build, GError **error)
{
    State *state = build->state;
    gint64 from_us = build->context->options->restate_us;
    if (!from_us || state->fresh) {
        return true;
    }
    if (state->merge.spec->check && !state->merge.spec->updated_at && !build->model->model->uses_interval) {
        base_fail(error, BASE_E_RUN_FAILED,
                  "`%s` cannot be restated: its SELECT knows the values of now only, not when they changed",
                  build->model->full_name);
        base_error_hint(error,
                        "give it `updated_at`, or read the days of a kept source by $start and $end; --full "
                        "wipes the history");
        return false;
    }
    state->restate = warehouse_interval_literal(from_us, ENGINE_TIMESTAMP, build->context->zone);
    state->merge.restate = state->restate;
    return true;
}

static void begin(Build *build)
{
    const CatalogObject *model = build->model;
    const WarehouseRunOptions *options = build->context->options;
    State *state = g_new0(State, 1);
    build->state = state;
    build->state_free = state_free;
    state->alter = g_string_new(NULL);
    state->history_name = catalog_history_table(model->name);
    state->history_sql = engine_sql_table(model->domain, state->history_name);
    state->exists =
        warehouse_relation(&build->context->standing, model->domain, state->history_name) == WAREHOUSE_TABLE;
    bool named = options->select && options->select[0];
    state->replaces = state->exists && options->full && named;
    state->fresh = !state->exists || state->replaces;
    state->merge = (Scd2){.spec = model->model->scd2,
                          .key = model->model->key,
                          .table = model->full_name,
                          .stage = STAGE,
                          .history = state->history_sql,
                          .changes = build->build_sql};
    if (state->exists && options->full && !named) {
        warehouse_build_note(build, "the history was kept: --full wipes it only for models that are named");
    }
}

bool warehouse_scd2_make(Build *build, GError **error)
{
    begin(build);
    State *state = build->state;
    if ((!state->fresh && !check_key(build, error)) || !plan_restate(build, error) ||
        (build->model->model->uses_interval && !plan_days(build, error))) {
        return false;
    }
    guint n = build->batches ? build->batches->len : 1;
    for (guint i = 0; i < n; i++) {
        if (build->batches) {
            build->interval = g_array_index(build->batches, WarehouseInterval, i);
            build->run->start_us = build->run->start_us ? build->run->start_us : build->interval.start_us;
            build->run->end_us = build->interval.end_us;
        }
        build->last = i + 1 == n;
        if (!run_batch(build, error)) {
            return false;
        }
    }
    return true;
}

char *warehouse_scd2_text(const CatalogScd2 *spec)
{
    if (!spec) {
        return g_strdup("");
    }
    return g_strdup_printf("\n%s,%s,%s,%s,%d", spec->valid_from, spec->valid_to,
                           spec->is_deleted ? spec->is_deleted : "", spec->open_end ? spec->open_end : "NULL",
                           spec->closed_day);
}
