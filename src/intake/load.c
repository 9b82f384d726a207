/* One load from spool to acknowledgement.
 *
 * Small (it fits one block, needs no checks in SQL, one phase): parsed here, on the caller's thread, into
 * chunks in memory, so that many clients parse at once and refusals are known before anything is written;
 * then queued for the committer. Large: parsed on the engine's threads by INSERT ... SELECT ... FROM
 * weir_feed in a transaction of its own; tables with keys by way of a temporary stage, and the table held
 * while it is merged. Two-phase: the stage is a durable table, committed with the load's row as PRECOMMITTED.
 * A large append may begin before its body is whole (early.c). */
#include "base/time.h"
#include "engine/sql.h"
#include "intake/load_int.h"

/* ---- begin and end of any load
 * -------------------------------------------------------------------------------- */

char *intake_table_key(const char *schema, const char *name)
{
    g_autofree char *full = g_strconcat(schema, ".", name, NULL);
    return g_utf8_strdown(full, -1);
}

IntakeTxn *intake_txn_new(const CatalogTable *table, const char *label, const char *user, const char *peer)
{
    IntakeTxn *txn = g_new0(IntakeTxn, 1);
    txn->label = label ? g_strdup(label) : g_uuid_string_random();
    txn->db = g_strdup(table->schema);
    txn->table = g_strdup(table->name);
    txn->user = g_strdup(user ? user : "");
    txn->peer = g_strdup(peer ? peer : "");
    txn->started_us = base_time_now_us();
    txn->state = INTAKE_TXN_VISIBLE;
    return txn;
}

void intake_result_clear(IntakeResult *result)
{
    if (result) {
        g_clear_pointer(&result->label, g_free);
        g_clear_pointer(&result->message, g_free);
        g_clear_pointer(&result->error_log, g_free);
    }
}

static void fill(IntakeResult *ret, const IntakeTxn *txn)
{
    ret->txn_id = txn->txn_id;
    g_free(ret->label);
    ret->label = g_strdup(txn->label);
    ret->total_rows = txn->total_rows;
    ret->loaded_rows = txn->loaded_rows;
    ret->filtered_rows = txn->filtered_rows;
    ret->unselected_rows = txn->unselected_rows;
    ret->bytes = txn->bytes;
    ret->two_phase = txn->two_phase;
    g_free(ret->error_log);
    ret->error_log = g_strdup(txn->error_log);
    ret->load_ms = (base_time_now_us() - txn->started_us) / 1000;
}

static bool not_begun(const IntakeTxn *txn, const char *status, GError *why, IntakeResult *ret,
                      GError **error)
{
    fill(ret, txn);
    ret->status = status;
    ret->message = g_strdup(why->message);
    g_propagate_error(error, why);
    base_error_not_done(error, "Nothing was loaded.");
    return false;
}

bool intake_load_begin(Intake *intake, IntakeTxn *txn, IntakeResult *ret, GError **error)
{
    gint64 start = base_time_monotonic_us(), owner = 0;
    GError *why = NULL;
    while (!intake_txns_begin(intake->txns, txn, &ret->existing_status, &owner, &why)) {
        if (why) {
            txn->txn_id = owner;
            return not_begun(txn, "Label Already Exists", why, ret, error);
        }
        if (!intake_reserve_ids(intake, &why)) {
            return not_begun(txn, "Fail", why, ret, error);
        }
    }
    ret->begin_ms = (base_time_monotonic_us() - start) / 1000;
    return true;
}

bool intake_load_end(Intake *intake, IntakeTxn *txn, GError *why, IntakeResult *ret, GError **error)
{
    if (!why) {
        fill(ret, txn);
        ret->status = "Success";
        ret->message = g_strdup("OK");
        intake_txn_free(txn);
        return true;
    }
    txn->state = INTAKE_TXN_ABORTED;
    txn->loaded_rows = 0;
    txn->finished_us = base_time_now_us();
    g_free(txn->message);
    txn->message = g_strdup(why->message);
    fill(ret, txn);
    ret->status = "Fail";
    ret->message = g_strdup(why->message);
    intake_txns_finish(intake->txns, txn->txn_id, INTAKE_TXN_ABORTED, txn->finished_us);
    intake_commit_record(intake, txn);
    if (!base_error_get_not_done(why)) {
        base_error_not_done(&why, "Nothing was loaded.");
    }
    g_propagate_error(error, why);
    return false;
}

/* ---- rejects
 * ------------------------------------------------------------------------------------------------------- */

/* Closes the log and checks max_filter_ratio. */
static bool check_rejects(IntakeLoad *load, GError **error)
{
    IntakeTxn *txn = load->txn;
    txn->filtered_rows = intake_rejects_count(load->rejects);
    if (txn->filtered_rows == 0) {
        return true;
    }
    g_free(txn->error_log);
    txn->error_log = intake_rejects_finish(load->rejects);
    gint64 counted = txn->total_rows - txn->unselected_rows;
    if ((double)txn->filtered_rows <= load->options->max_filter_ratio * (double)counted) {
        return true;
    }
    g_autofree char *first = intake_rejects_first(load->rejects);
    base_fail(error, BASE_E_LOAD_REJECTED,
              "[DATA_QUALITY_ERROR]too many filtered rows: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
              ", first: %s",
              txn->filtered_rows, counted, first);
    base_error_hint(
        error,
        "the error log shows every rejected row with its reason; max_filter_ratio lets a share of them pass");
    return false;
}

/* ---- small
 * -------------------------------------------------------------------------------------------------------------
 */

static bool parse_small(IntakeLoad *load, IntakeParser *parser, GPtrArray *chunks, GError **error)
{
    GError *why = NULL;
    for (IntakeChunk *chunk; (chunk = intake_parser_chunk(parser, &why));) {
        g_ptr_array_add(chunks, chunk);
        load->txn->loaded_rows += (gint64)chunk->n_rows;
    }
    load->txn->total_rows = intake_parser_total_rows(parser);
    if (why) {
        g_propagate_error(error, why);
        return false;
    }
    return check_rejects(load, error);
}

static bool load_small(IntakeLoad *load, GError **error)
{
    gint64 start = base_time_monotonic_us();
    g_autoptr(IntakeParser) parser = intake_parser_new(load->reader, load->plan, load->rejects);
    g_autoptr(GPtrArray) chunks = g_ptr_array_new_with_free_func((GDestroyNotify)intake_chunk_free);
    if (!parse_small(load, parser, chunks, error)) {
        return false;
    }
    load->ret->read_ms = (base_time_monotonic_us() - start) / 1000;
    IntakeJob job = {
        .plan = chunks->len > 0 ? load->plan : NULL,
        .chunks = chunks,
        .txn = load->txn,
        .n_rows = load->txn->loaded_rows,
        .table_key = chunks->len > 0 && intake_needs_merge(load->table) ? load->key : NULL,
    };
    bool ok = intake_commit_job(load->intake, &job, error);
    load->ret->commit_ms = job.commit_ms;
    return ok;
}

/* ---- large
 * -------------------------------------------------------------------------------------------------------------
 */

static char *parquet_source(const IntakeLoad *load)
{
    GString *from = g_string_new(NULL);
    g_string_append_printf(from,
                           "(SELECT *, %" G_GINT64_FORMAT "::BIGINT AS " INTAKE_LOAD_ID
                           ", file_row_number::BIGINT AS " INTAKE_ORDER ", NULL::VARCHAR AS " INTAKE_LINE
                           " FROM read_parquet(",
                           load->txn->txn_id);
    engine_sql_append_text(from, load->parquet);
    g_string_append(from, ", file_row_number = true))");
    return g_string_free(from, FALSE);
}

static bool count_parquet(IntakeLoad *load, GError **error)
{
    GString *sql = g_string_new("SELECT count(*) FROM read_parquet(");
    engine_sql_append_text(sql, load->parquet);
    g_string_append_c(sql, ')');
    bool ok = engine_query_int(load->conn, sql->str, &load->txn->total_rows, error);
    g_string_free(sql, TRUE);
    return ok;
}

bool intake_load_select(IntakeLoad *load, const char *sql_head, gint64 *ret_rows, GError **error)
{
    IntakeParseFeed feed = {0};
    guint64 id = 0;
    g_autofree char *from = NULL;
    if (load->parquet) {
        if (!count_parquet(load, error)) {
            return false;
        }
        from = parquet_source(load);
    } else {
        intake_parse_feed_init(&feed, load->intake, load->reader, load->plan, load->rejects,
                               load->txn->txn_id);
        id = engine_feed_add(load->intake->engine, &feed.feed);
        from = g_strdup_printf("weir_feed(%" G_GUINT64_FORMAT ")", id);
    }
    g_autofree char *select = intake_plan_select(load->plan, from);
    g_autofree char *sql = g_strconcat(sql_head, select, NULL);
    intake_rejects_bind(load->intake, load->txn->txn_id, load->rejects);
    bool ok = engine_exec_values(load->conn, sql, NULL, 0, ret_rows, error);
    intake_rejects_bind(load->intake, load->txn->txn_id, NULL);
    if (id) {
        engine_feed_remove(load->intake->engine, id);
        load->txn->total_rows += __atomic_load_n(&feed.total_rows, __ATOMIC_RELAXED);
        intake_parse_feed_clear(&feed);
    }
    return ok;
}

static bool count_rows(IntakeLoad *load, gint64 given, GError **error)
{
    IntakeTxn *txn = load->txn;
    txn->filtered_rows = intake_rejects_count(load->rejects);
    txn->loaded_rows = given;
    txn->unselected_rows = load->plan->in_sql ? txn->total_rows - txn->filtered_rows - given : 0;
    return check_rejects(load, error);
}

static bool stage_rows(IntakeLoad *load, const char *stage, const char *create, GError **error)
{
    g_autofree char *head = g_strdup_printf("%s %s AS ", create, stage);
    gint64 ignored, rows = 0;
    if (!intake_load_select(load, head, &ignored, error)) {
        return false;
    }
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM %s", stage);
    return engine_query_int(load->conn, count, &rows, error) && count_rows(load, rows, error);
}

static bool finish_large(IntakeLoad *load, GError **error)
{
    load->txn->finished_us = base_time_now_us();
    if (!intake_write_txn(load->conn, load->txn, error)) {
        return false;
    }
    gint64 start = base_time_monotonic_us();
    if (!intake_commit_txn(load->conn, load->txn->txn_id, error)) {
        return false;
    }
    load->ret->commit_ms = (base_time_monotonic_us() - start) / 1000;
    intake_txns_finish(load->intake->txns, load->txn->txn_id, load->txn->state, load->txn->finished_us);
    return true;
}

/* ---- large, as it comes
 * --------------------------------------------------------------------------------------------------- */

static bool append_large(IntakeLoad *load, GError **error)
{
    g_autofree char *target = engine_sql_table(load->table->schema, load->table->name);
    g_autofree char *head =
        g_strdup_printf("INSERT INTO %s (%s, " INTAKE_LOAD_ID ") ", target, load->plan->target_columns);
    gint64 rows = 0;
    intake_load_hold(load, true);
    bool ok = engine_begin(load->conn, error) && intake_load_append(load, head, &rows, error) &&
              count_rows(load, rows, error) && finish_large(load, error);
    if (!ok) {
        engine_rollback(load->conn);
        if (load->parked) {
            intake_load_drop_parked(load);
        }
    }
    intake_load_hold(load, false);
    return ok;
}

/* ---- large, by way of a stage
 * ----------------------------------------------------------------------------------------------- */

static bool merge_large(IntakeLoad *load, GError **error)
{
    if (!stage_rows(load, "weir_stage", "CREATE OR REPLACE TEMP TABLE", error)) {
        return false;
    }
    g_autoptr(GPtrArray) statements =
        intake_plan_merge_sql(load->plan, "temp.weir_stage", load->options->replace);
    intake_table_hold(load->intake, load->key, true);
    const IntakeMergeRun merge = {statements, load->plan->has_delete, load->txn->loaded_rows,
                                  &load->txn->txn_id, 1};
    bool ok = engine_begin(load->conn, error) && intake_merge_run(load->conn, &merge, error) &&
              finish_large(load, error);
    if (!ok) {
        engine_rollback(load->conn);
    }
    intake_table_release(load->intake, load->key, true);
    return ok;
}

/* What a later commit needs to know of the plan. */
static char *plan_text(const IntakePlan *plan, bool replace)
{
    json_t *columns = json_array();
    for (guint i = 0; i < plan->mappings->len; i++) {
        json_array_append_new(columns, json_string(((IntakeMapping *)plan->mappings->pdata[i])->name));
    }
    g_autoptr(json_t) root =
        json_pack("{s:o, s:o, s:b, s:b, s:b, s:b, s:s?}", "table", catalog_table_to_json(plan->table),
                  "columns", columns, "has_delete", plan->has_delete, "partial", plan->partial,
                  "new_key_error", plan->new_key_error, "replace", replace, "zone", plan->zone_name);
    return base_json_text(root);
}

static bool prepare_two_phase(IntakeLoad *load, GError **error)
{
    g_autofree char *stage = intake_stage_name(load->txn->txn_id);
    load->txn->state = INTAKE_TXN_PREPARED;
    load->txn->plan = plan_text(load->plan, load->options->replace);
    bool ok = engine_begin(load->conn, error) && stage_rows(load, stage, "CREATE TABLE", error) &&
              finish_large(load, error);
    if (!ok) {
        engine_rollback(load->conn);
        return false;
    }
    (void)BASE_FAULT("txn.prepared");
    return true;
}

/* The temporary stage goes, and with a connection that was interrupted nothing is kept. */
static void clean_large(IntakeLoad *load, bool ok)
{
    GError *why = NULL;
    if (!engine_exec(load->conn, "DROP TABLE IF EXISTS temp.weir_stage", &why)) {
        g_clear_error(&why);
        ok = false;
    }
    if (!ok) {
        engine_disconnect(g_steal_pointer(&load->conn));
    }
}

/* A small load needs none: it would hold one of few while it waits for its commit. */
static bool take_conn(IntakeLoad *load, GError **error)
{
    return load->conn || (load->conn = intake_conn_take_in(load->intake, load->options->timezone, error));
}

static bool load_large(IntakeLoad *load, GError **error)
{
    Intake *intake = load->intake;
    if (!take_conn(load, error)) {
        return false;
    }
    if (!load->flows || !intake_spool_take_slot(load->spool)) {
        intake_large_begin(intake);
    }
    gint64 start = base_time_monotonic_us();
    load->deadline_us = start + load->options->timeout_s * BASE_TIME_SECOND_US;
    intake_running_add(intake, load->txn->txn_id, load->conn, load->deadline_us);
    bool ok;
    if (load->options->two_phase) {
        ok = prepare_two_phase(load, error);
    } else {
        bool by_stage = load->options->replace || intake_needs_merge(load->table);
        ok = by_stage ? merge_large(load, error) : append_large(load, error);
    }
    intake_running_remove(intake, load->txn->txn_id);
    bool late = base_time_monotonic_us() > load->deadline_us;
    if (!ok && late && error && g_error_matches(*error, BASE_ERROR, BASE_E_INTERRUPTED)) {
        g_clear_error(error);
        base_fail(error, BASE_E_TIMEOUT,
                  "the load took longer than its timeout of %" G_GINT64_FORMAT " seconds",
                  load->options->timeout_s);
    }
    load->ret->write_ms = (base_time_monotonic_us() - start - load->waited_us) / 1000 - load->ret->commit_ms;
    clean_large(load, ok);
    intake_large_end(intake);
    intake_committer_poke(intake);
    return ok;
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------------------
 */

static bool parquet_header(IntakeLoad *load, GError **error)
{
    load->parquet = intake_spool_path(load->spool, error);
    if (!load->parquet || !take_conn(load, error)) {
        return false;
    }
    GString *sql = g_string_new("SELECT * FROM read_parquet(");
    engine_sql_append_text(sql, load->parquet);
    g_string_append(sql, ") LIMIT 0");
    g_autofree char *text = g_string_free(sql, FALSE);
    g_autoptr(EngineStmt) statement = engine_prepare(load->conn, text, error);
    if (!statement) {
        base_error_not_done(error, "Nothing was loaded.");
        return false;
    }
    load->header = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < engine_stmt_n_columns(statement); i++) {
        g_ptr_array_add(load->header, g_strdup(engine_stmt_column_name(statement, i)));
    }
    return true;
}

static bool read_header(IntakeLoad *load, GError **error)
{
    g_autofree const char **names = g_new0(const char *, load->table->columns->len + 1);
    for (guint i = 0; i < load->table->columns->len; i++) {
        names[i] = ((CatalogColumn *)load->table->columns->pdata[i])->name;
    }
    load->reader = intake_reader_new(load->intake, load->spool, load->options, error);
    return load->reader && intake_reader_header(load->reader, names, &load->header, error);
}

static bool run(IntakeLoad *load, GError **error)
{
    gint64 start = base_time_monotonic_us();
    bool ok =
        load->options->format == INTAKE_PARQUET ? parquet_header(load, error) : read_header(load, error);
    if (!ok) {
        return false;
    }
    load->plan = intake_plan_new(load->intake, load->table, load->options, load->header, error);
    if (!load->plan) {
        return false;
    }
    if (load->options->json_auto && load->reader) {
        load->plan->json.by_line = intake_reader_split(load->reader) == INTAKE_SPLIT_LINES;
        load->plan->json.strip_outer_array = intake_reader_split(load->reader) == INTAKE_SPLIT_ARRAY;
    }
    load->ret->put_ms = (base_time_monotonic_us() - start) / 1000;
    bool small = load->reader && !load->plan->in_sql && !load->options->two_phase &&
                 !load->options->replace && intake_reader_is_small(load->reader);
    return small ? load_small(load, error) : load_large(load, error);
}

/* The engine names the file that the body is in, which is nobody's but the server's. */
static void hide_path(const IntakeLoad *load, GError *why)
{
    if (why && load->parquet && g_str_has_prefix(load->parquet, load->intake->spool_dir)) {
        g_autoptr(GString) text = g_string_new(why->message);
        g_string_replace(text, load->parquet, "the body", 0);
        g_free(why->message);
        why->message = g_strdup(text->str);
    }
}

static void load_clear(IntakeLoad *load)
{
    intake_conn_give(load->intake, load->conn);
    intake_plan_unref(load->plan);
    intake_reader_free(load->reader);
    intake_rejects_free(load->rejects);
    g_clear_pointer(&load->header, g_ptr_array_unref);
    g_free(load->key);
}

/* group_commit_<hex>_<hex>, as Doris names what it groups. */
static char *group_label(void)
{
    return g_strdup_printf("group_commit_%08x%08x_%08x%08x", g_random_int(), g_random_int(), g_random_int(),
                           g_random_int());
}

IntakeTxn *intake_load_txn(const CatalogTable *table, const IntakeOptions *options, const IntakeSpool *spool,
                           const char *user, const char *peer)
{
    g_autofree char *made_up = options->label || options->group == INTAKE_GROUP_OFF ? NULL : group_label();
    IntakeTxn *txn = intake_txn_new(table, options->label ? options->label : made_up, user, peer);
    txn->two_phase = options->two_phase;
    txn->bytes = intake_spool_bytes(spool);
    return txn;
}

bool intake_load_may_flow(const CatalogTable *table, const IntakeOptions *options)
{
    bool whole = options->format == INTAKE_JSON && !options->read_json_by_line &&
                 (!options->strip_outer_array || options->json_root);
    return options->checked && options->format != INTAKE_PARQUET && !whole && !options->json_auto &&
           !options->two_phase && !options->replace && !intake_needs_merge(table);
}

bool intake_load(Intake *intake, const CatalogTable *table, const IntakeOptions *options, IntakeSpool *spool,
                 const char *user, const char *peer, IntakeResult *ret, GError **error)
{
    memset(ret, 0, sizeof *ret);
    ret->group = options->group;
    if (!intake_spool_flows(spool)) {
        intake_spool_end(spool);
    }
    IntakeTxn *txn = intake_load_txn(table, options, spool, user, peer);
    if (!intake_load_begin(intake, txn, ret, error)) {
        intake_txn_free(txn);
        return false;
    }
    IntakeLoad load = {.intake = intake,
                       .table = table,
                       .options = options,
                       .spool = spool,
                       .txn = txn,
                       .ret = ret,
                       .rejects = intake_rejects_new(intake),
                       .flows = intake_spool_flows(spool),
                       .key = intake_table_key(table->schema, table->name)};
    GError *why = NULL;
    if (!options->checked) {
        base_fail(&why, BASE_E_INTERNAL, "the load's options were not checked");
    } else if (load.flows && !intake_load_may_flow(table, options)) {
        base_fail(&why, BASE_E_INTERNAL, "this load cannot begin before its body is whole");
    } else if (intake_check_healthy(intake, &why)) {
        bool ok = run(&load, &why);
        if (!ok && !why) {
            base_fail(&why, BASE_E_INTERNAL, "the load failed without a reason");
        }
    }
    hide_path(&load, why);
    if (why && !txn->error_log) {
        txn->error_log = intake_rejects_finish(load.rejects);
    }
    txn->bytes = intake_spool_bytes(spool);
    load_clear(&load);
    return intake_load_end(intake, txn, why, ret, error);
}
