/* INSERT, DELETE and UPDATE by SQL, so that table models hold for them too. VALUES and changes of rows join
 * the committer's group; what holds a SELECT, which may take long, runs on a connection of its own. There
 * only the merge into a table with keys holds that table, and a DELETE or UPDATE all the time. */
#include "base/time.h"
#include "engine/sql.h"
#include "intake/intake_int.h"

#define ROW_NUMBER "_weir_row"

typedef struct {
    const EngineValue *values;
    size_t n_values;
    const IntakeSession *session;
    IntakeTxn *txn;
    char *sql;        /* INSERT, or the stage's CREATE */
    GPtrArray *merge; /* NULL for tables without keys */
    gint64 rows;
} Insert;

/* ---- whose statement it is
 * ---------------------------------------------------------------------------------------------------- */

static const char *zone_of(const IntakeSession *session)
{
    return session ? session->zone : NULL;
}

/* Around what the statement does before its commit: a stop reaches `conn` there and nowhere else. */
static bool begin_work(const IntakeSession *session, EngineConn *conn, GError **error)
{
    return !session || !session->running || session->running(session->user, conn) ||
           base_fail(error, BASE_E_INTERRUPTED, "the statement was stopped");
}

static void end_work(const IntakeSession *session)
{
    if (session && session->running) {
        (void)session->running(session->user, NULL);
    }
}

/* Whether a subquery is in it: that may take any time, for which the committer would stand still. Most texts
 * do not have the letters, and are not cut into tokens. */
static bool has_select(const char *sql)
{
    bool found = false;
    for (const char *at = sql; !found && (at = strpbrk(at, "sS")); at++) {
        found = g_ascii_strncasecmp(at, "select", strlen("select")) == 0;
    }
    g_autoptr(GPtrArray) tokens = found ? engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, NULL) : NULL;
    found = false;
    for (guint i = 0; tokens && !found && i < tokens->len; i++) {
        found = engine_token_is(tokens->pdata[i], "select");
    }
    return found;
}

/* ---- INSERT
 * ---------------------------------------------------------------------------------------------------- */

static bool is_values(const char *sql)
{
    while (g_ascii_isspace(*sql) || *sql == '(') {
        sql++;
    }
    return g_ascii_strncasecmp(sql, "VALUES", 6) == 0;
}

/* A datetime with the decimals that its column keeps, rounded as loads do. */
static char *round_time(const char *sql, const CatalogColumn *column)
{
    int digits = intake_time_digits(column);
    if (digits == 6 || strcmp(column->type, "TIMESTAMP") != 0) {
        return g_strdup(sql);
    }
    return g_strdup_printf("make_timestamp(CAST(round(epoch_us(%s), %d) AS BIGINT))", sql, digits - 6);
}

/* CAST(s.c AS T), and for VARCHAR(n) an error where the text does not fit, as MySQL's strict mode gives it
 * and Stream Load refuses the row. The error passes through the engine with its code (errors.c there). */
static void append_cast(GString *casts, const CatalogColumn *column, const char *name, bool numbered)
{
    guint32 limit = intake_text_limit(column);
    if (limit == 0) {
        g_autofree char *source = g_strconcat("s.", name, NULL);
        bool date = g_str_equal(column->type, "DATE"), timestamp = g_str_equal(column->type, "TIMESTAMP");
        g_autofree char *cast = date        ? g_strdup_printf("fn_as_date(%s)", source)
                                : timestamp ? g_strdup_printf("fn_as_timestamp(%s)", source)
                                            : intake_cast_text(source, column->type, false);
        g_autofree char *rounded = round_time(cast, column);
        g_string_append(casts, rounded);
        return;
    }
    g_autofree char *message =
        g_strdup_printf("\001%u\001Data too long for column '%s'%s", (unsigned)BASE_E_TEXT_TOO_LONG,
                        column->name, numbered ? " at row " : "");
    g_string_append_printf(casts, "CASE WHEN strlen(CAST(s.%s AS VARCHAR)) > %u THEN CAST(error(", name,
                           limit);
    engine_sql_append_text(casts, message);
    g_string_append_printf(casts, "%s || chr(1)) AS VARCHAR) ELSE CAST(s.%s AS %s) END",
                           numbered ? " || s." ROW_NUMBER : "", name, column->type);
}

static bool has_limits(const CatalogTable *table, const char *const *columns)
{
    for (size_t i = 0; columns[i]; i++) {
        const CatalogColumn *column = catalog_table_column(table, columns[i]);
        if (column && intake_text_limit(column) > 0) {
            return true;
        }
    }
    return false;
}

/* SELECT CAST(c AS T).., load id[, order] FROM (the client's) s(columns) */
static bool make_sql(const CatalogTable *table, const char *const *columns, const char *select_sql,
                     gint64 txn_id, Insert *insert, GError **error)
{
    bool keys = intake_needs_merge(table);
    /* rows of VALUES have numbers that the client knows; to number a SELECT's would stop its threads */
    bool numbered = is_values(select_sql) && has_limits(table, columns);
    GString *names = g_string_new(NULL), *casts = g_string_new(NULL);
    for (size_t i = 0; columns[i]; i++) {
        const CatalogColumn *column = catalog_table_column(table, columns[i]);
        if (!column) {
            g_string_free(names, TRUE);
            g_string_free(casts, TRUE);
            return base_fail(error, BASE_E_COLUMN_UNKNOWN, "no column `%s` in `%s.%s`", columns[i],
                             table->schema, table->name);
        }
        GString *name = g_string_new(NULL);
        engine_sql_append_name(name, column->name);
        g_string_append_printf(names, "%s%s", i ? ", " : "", name->str);
        g_string_append(casts, i ? ", " : "");
        append_cast(casts, column, name->str, numbered);
        g_string_append_printf(casts, " AS %s", name->str);
        g_string_free(name, TRUE);
    }
    g_autofree char *target = engine_sql_table(table->schema, table->name);
    GString *sql = g_string_new(NULL);
    if (keys) {
        g_string_append(sql, "CREATE OR REPLACE TEMP TABLE weir_stage AS ");
    } else {
        g_string_append_printf(sql, "INSERT INTO %s (%s, " INTAKE_LOAD_ID ") ", target, names->str);
    }
    g_string_append_printf(sql, "SELECT %s, %" G_GINT64_FORMAT "::BIGINT AS " INTAKE_LOAD_ID "%s FROM ",
                           casts->str, txn_id, keys ? ", row_number() OVER () AS " INTAKE_ORDER : "");
    g_string_append_printf(sql,
                           numbered ? "(SELECT *, row_number() OVER () AS " ROW_NUMBER
                                      " FROM (%s) AS v(%s)) AS s"
                                    : "(%s) AS s(%s)",
                           select_sql, names->str);
    insert->sql = g_string_free(sql, FALSE);
    if (keys) {
        const IntakeMerging merging = {table, columns, false, false, false, false};
        insert->merge = intake_merge_sql(&merging, "temp.weir_stage");
    }
    g_string_free(names, TRUE);
    g_string_free(casts, TRUE);
    return true;
}

static bool count_stage(EngineConn *conn, Insert *insert, GError **error)
{
    return !insert->merge ||
           engine_query_int(conn, "SELECT count(*) FROM temp.weir_stage", &insert->rows, error);
}

static bool run_merge(EngineConn *conn, const Insert *insert, GError **error)
{
    const IntakeMergeRun merge = {insert->merge, false, insert->rows, &insert->txn->txn_id, 1};
    return intake_merge_run(conn, &merge, error);
}

static bool fill_stage(EngineConn *conn, Insert *insert, GError **error)
{
    if (!engine_exec_values(conn, insert->sql, insert->values, insert->n_values, &insert->rows, error) ||
        !count_stage(conn, insert, error)) {
        return false;
    }
    insert->txn->total_rows = insert->txn->loaded_rows = insert->rows;
    return true;
}

static bool insert_values(EngineConn *conn, void *user, GError **error)
{
    Insert *insert = user;
    bool ok = begin_work(insert->session, conn, error) && fill_stage(conn, insert, error) &&
              (!insert->merge || run_merge(conn, insert, error));
    end_work(insert->session);
    return ok;
}

static bool by_committer(Intake *intake, Insert *insert, const char *key, GError **error)
{
    IntakeJob job = {.work = insert_values,
                     .user = insert,
                     .zone = zone_of(insert->session),
                     .txn = insert->txn,
                     .table_key = insert->merge ? key : NULL};
    return intake_commit_job(intake, &job, error);
}

static bool commit_own(Intake *intake, EngineConn *conn, Insert *insert, GError **error)
{
    insert->txn->finished_us = base_time_now_us();
    if (!intake_write_txn(conn, insert->txn, error) || !intake_commit_txn(conn, insert->txn->txn_id, error)) {
        return false;
    }
    intake_txns_finish(intake->txns, insert->txn->txn_id, INTAKE_TXN_VISIBLE, insert->txn->finished_us);
    return true;
}

/* On a connection of its own. */
static bool by_itself(Intake *intake, Insert *insert, const char *key, GError **error)
{
    EngineConn *conn = intake_conn_take_in(intake, zone_of(insert->session), error);
    if (!conn) {
        return false;
    }
    bool keys = insert->merge != NULL;
    intake_large_begin(intake);
    intake_running_add(intake, insert->txn->txn_id, conn, G_MAXINT64);
    bool ok = begin_work(insert->session, conn, error) && (!keys || fill_stage(conn, insert, error));
    if (ok) {
        intake_table_hold(intake, key, keys);
        ok = engine_begin(conn, error) &&
             (keys ? run_merge(conn, insert, error) : fill_stage(conn, insert, error));
        end_work(insert->session);
        ok = ok && commit_own(intake, conn, insert, error);
        if (!ok) {
            engine_rollback(conn);
        }
        intake_table_release(intake, key, keys);
    }
    end_work(insert->session);
    intake_running_remove(intake, insert->txn->txn_id);
    intake_large_end(intake);
    GError *why = NULL;
    if (ok && keys && !engine_exec(conn, "DROP TABLE IF EXISTS temp.weir_stage", &why)) {
        g_clear_error(&why);
    }
    if (ok) {
        intake_conn_give(intake, conn);
    } else {
        engine_disconnect(conn);
    }
    intake_committer_poke(intake);
    return ok;
}

bool intake_insert(Intake *intake, const CatalogTable *table, const char *const *columns,
                   const char *select_sql, const EngineValue *values, size_t n_values,
                   const IntakeSession *session, const char *label, const char *user, IntakeResult *ret,
                   GError **error)
{
    memset(ret, 0, sizeof *ret);
    IntakeTxn *txn = intake_txn_new(table, label, user, "sql");
    if (!intake_load_begin(intake, txn, ret, error)) {
        intake_txn_free(txn);
        return false;
    }
    Insert insert = {.values = values, .n_values = n_values, .session = session, .txn = txn};
    g_autofree char *key = intake_table_key(table->schema, table->name);
    GError *why = NULL;
    bool ok = intake_check_healthy(intake, &why) &&
              make_sql(table, columns, select_sql, txn->txn_id, &insert, &why) &&
              (is_values(select_sql) && !has_select(select_sql) ? by_committer(intake, &insert, key, &why)
                                                                : by_itself(intake, &insert, key, &why));
    if (!ok && !why) {
        base_fail(&why, BASE_E_INTERNAL, "the insert failed without a reason");
    }
    g_free(insert.sql);
    g_clear_pointer(&insert.merge, g_ptr_array_unref);
    return intake_load_end(intake, txn, why, ret, error);
}

/* ---- DELETE and UPDATE
 * ------------------------------------------------------------------------------------------------ */

typedef struct {
    char *sql;
    const EngineValue *values;
    size_t n_values;
    const IntakeSession *session;
    gint64 rows;
} Change;

static bool change_rows(EngineConn *conn, void *user, GError **error)
{
    Change *change = user;
    bool ok = begin_work(change->session, conn, error) &&
              engine_exec_values(conn, change->sql, change->values, change->n_values, &change->rows, error);
    end_work(change->session);
    return ok;
}

/* On a connection of its own, as a large merge. */
static bool change_by_itself(Intake *intake, Change *change, const char *key, GError **error)
{
    EngineConn *conn = intake_conn_take_in(intake, zone_of(change->session), error);
    if (!conn) {
        return false;
    }
    intake_large_begin(intake);
    intake_table_hold(intake, key, true);
    bool ok =
        engine_begin(conn, error) && change_rows(conn, change, error) && intake_commit_txn(conn, 0, error);
    if (!ok) {
        engine_rollback(conn);
    }
    intake_table_release(intake, key, true);
    intake_large_end(intake);
    if (ok) {
        intake_conn_give(intake, conn);
    } else {
        engine_disconnect(conn);
    }
    intake_committer_poke(intake);
    return ok;
}

static bool run_change(Intake *intake, const CatalogTable *table, Change *change, gint64 *ret_rows,
                       GError **error)
{
    g_autofree char *key = intake_table_key(table->schema, table->name);
    IntakeJob job = {.work = change_rows, .user = change, .zone = zone_of(change->session), .table_key = key};
    bool ok = has_select(change->sql)
                  ? intake_check_healthy(intake, error) && change_by_itself(intake, change, key, error)
                  : intake_commit_job(intake, &job, error);
    g_free(change->sql);
    if (ok) {
        *ret_rows = change->rows;
    }
    return ok;
}

bool intake_delete(Intake *intake, const CatalogTable *table, const char *where_sql,
                   const EngineValue *values, size_t n_values, const IntakeSession *session, gint64 *ret_rows,
                   GError **error)
{
    g_autofree char *target = engine_sql_table(table->schema, table->name);
    Change change = {.values = values, .n_values = n_values, .session = session};
    change.sql = where_sql ? g_strdup_printf("DELETE FROM %s WHERE %s", target, where_sql)
                           : g_strdup_printf("DELETE FROM %s", target);
    return run_change(intake, table, &change, ret_rows, error);
}

bool intake_update(Intake *intake, const CatalogTable *table, const char *set_sql, const char *where_sql,
                   const EngineValue *values, size_t n_values, const IntakeSession *session, gint64 *ret_rows,
                   GError **error)
{
    g_autofree char *target = engine_sql_table(table->schema, table->name);
    Change change = {.values = values, .n_values = n_values, .session = session};
    change.sql = where_sql ? g_strdup_printf("UPDATE %s SET %s WHERE %s", target, set_sql, where_sql)
                           : g_strdup_printf("UPDATE %s SET %s", target, set_sql);
    return run_change(intake, table, &change, ret_rows, error);
}
