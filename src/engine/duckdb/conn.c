/* Sessions: connect, interrupt, transactions, statements without rows. */
#include "engine/duckdb/duckdb_int.h"

/* What each connection needs; allowed_configs in open.c names these. Errors as JSON carry exact
 * positions; progress is known only with the progress bar enabled, which must not print. */
static const char *const session_settings[] = {
    "SET errors_as_json=true",
    "SET enable_progress_bar_print=false",
    "SET enable_progress_bar=true",
};

/* A statement that changes no data. */
static bool exec_quietly(EngineConn *conn, const char *sql, GError **error)
{
    duckdb_result result;
    bool ok = duckdb_query(conn->connection, sql, &result) == DuckDBSuccess;
    if (!ok) {
        engine_int_fail(conn->engine, error, duckdb_result_error(&result), sql);
    }
    duckdb_destroy_result(&result);
    return ok;
}

static bool set_up(EngineConn *conn, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(session_settings); i++) {
        if (!exec_quietly(conn, session_settings[i], error)) {
            return false;
        }
    }
    return true;
}

EngineConn *engine_int_connect(Engine *engine, bool hold, GError **error)
{
    g_autoptr(EngineConn) conn = g_new0(EngineConn, 1);
    g_mutex_init(&conn->stop_lock);
    if (duckdb_connect(engine->database, &conn->connection) != DuckDBSuccess) {
        base_fail(error, BASE_E_SQL_FAILED, "the engine refused a connection");
        return NULL;
    }
    conn->engine = engine;
    conn->holds = hold;
    if (hold) {
        engine_ref(engine);
    }
    /* the control connection sets its own, once the functions are there */
    bool ok = set_up(conn, error) && (!hold || exec_quietly(conn, ENGINE_FUNCTIONS_SEARCH_PATH, error));
    return ok ? g_steal_pointer(&conn) : NULL;
}

EngineConn *engine_connect(Engine *engine, GError **error)
{
    return engine_int_connect(engine, true, error);
}

void engine_disconnect(EngineConn *conn)
{
    if (!conn) {
        return;
    }
    engine_stmt_free(conn->parser);
    engine_stmt_free(conn->printer);
    duckdb_destroy_prepare(&conn->begin);
    duckdb_destroy_prepare(&conn->commit);
    if (conn->connection) {
        duckdb_disconnect(&conn->connection);
    }
    if (conn->holds) {
        engine_unref(conn->engine);
    }
    g_mutex_clear(&conn->stop_lock);
    g_free(conn->zone);
    g_free(conn);
}

Engine *engine_conn_engine(EngineConn *conn)
{
    return conn->engine;
}

void engine_conn_interrupt(EngineConn *conn)
{
    g_atomic_int_set(&conn->interrupted, 1);
    g_mutex_lock(&conn->stop_lock);
    if (!conn->committing) {
        duckdb_interrupt(conn->connection);
    }
    g_mutex_unlock(&conn->stop_lock);
}

/* A COMMIT that is interrupted while it waits for the disk says that it failed, after its data is durable. An
 * interrupt from before is forgotten by the engine as the COMMIT begins. */
static void set_committing(EngineConn *conn, bool committing)
{
    g_mutex_lock(&conn->stop_lock);
    conn->committing = committing;
    g_mutex_unlock(&conn->stop_lock);
}

void engine_conn_yield_to(EngineConn *conn, gint *others)
{
    conn->others = others;
}

double engine_conn_progress(EngineConn *conn)
{
    double percent = duckdb_query_progress(conn->connection).percentage;
    return percent < 0 ? -1 : percent / 100;
}

bool engine_conn_keep_order(EngineConn *conn, bool keep, GError **error)
{
    return exec_quietly(conn,
                        keep ? "SET SESSION preserve_insertion_order=true"
                             : "SET SESSION preserve_insertion_order=false",
                        error);
}

bool engine_exec(EngineConn *conn, const char *sql, GError **error)
{
    engine_int_change_begin(conn);
    bool ok = exec_quietly(conn, sql, error);
    engine_int_change_end(conn);
    return ok;
}

bool engine_exec_values(EngineConn *conn, const char *sql, const EngineValue *values, size_t n_values,
                        int64_t *ret_changed, GError **error)
{
    g_autoptr(EngineStmt) stmt = engine_prepare(conn, sql, error);
    if (!stmt) {
        return false;
    }
    if (n_values != stmt->n_params) {
        return base_fail(error, BASE_E_SQL_FAILED, "%zu values for %zu parameters", n_values, stmt->n_params);
    }
    for (size_t i = 0; i < n_values; i++) {
        if (!engine_stmt_bind(stmt, i, &values[i], error)) {
            return false;
        }
    }
    g_autoptr(EngineResult) result = engine_stmt_run(stmt, error);
    if (!result) {
        return false;
    }
    g_autoptr(GError) failed = NULL;
    while (engine_result_next(result, &failed)) {
    }
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    if (ret_changed) {
        *ret_changed = result->changed;
    }
    return true;
}

/* BEGIN and COMMIT: prepared once, and run as engine_int_run_tasks does. Through duckdb_query this thread
 * would spin for as long as another one of the engine waits for the disk. */
static bool exec_kept(EngineConn *conn, const char *sql, duckdb_prepared_statement *kept, GError **error)
{
    if (!*kept && duckdb_prepare(conn->connection, sql, kept) != DuckDBSuccess) {
        engine_int_fail(conn->engine, error, duckdb_prepare_error(*kept), sql);
        duckdb_destroy_prepare(kept);
        return false;
    }
    duckdb_pending_result pending = NULL;
    duckdb_result result;
    bool ok =
        duckdb_pending_prepared(*kept, &pending) == DuckDBSuccess && engine_int_run_tasks(conn, pending);
    if (!ok) {
        engine_int_fail(conn->engine, error, duckdb_pending_error(pending), sql);
    } else {
        ok = duckdb_execute_pending(pending, &result) == DuckDBSuccess;
        if (!ok) {
            engine_int_fail(conn->engine, error, duckdb_result_error(&result), sql);
        }
        duckdb_destroy_result(&result);
    }
    duckdb_destroy_pending(&pending);
    return ok;
}

bool engine_begin(EngineConn *conn, GError **error)
{
    conn->in_transaction = exec_kept(conn, "BEGIN TRANSACTION", &conn->begin, error);
    return conn->in_transaction;
}

bool engine_commit(EngineConn *conn, GError **error)
{
    conn->in_transaction = false;
    engine_int_change_begin(conn);
    set_committing(conn, true);
    bool ok = exec_kept(conn, "COMMIT", &conn->commit, error);
    set_committing(conn, false);
    engine_int_change_end(conn);
    return ok;
}

void engine_rollback(EngineConn *conn)
{
    conn->in_transaction = false;
    duckdb_result result;
    (void)duckdb_query(conn->connection, "ROLLBACK", &result);
    duckdb_destroy_result(&result);
}

/* ---- changes
 * ------------------------------------------------------------------------------------------------ */

void engine_int_change_begin(EngineConn *conn)
{
    if (!conn->in_transaction) {
        g_atomic_int_inc(&conn->engine->changes_begun);
    }
}

void engine_int_change_end(EngineConn *conn)
{
    if (!conn->in_transaction) {
        g_atomic_int_inc(&conn->engine->changes_ended);
    }
}

bool engine_changes(Engine *engine, unsigned *ret_version)
{
    /* ended first: a change that begins in between is then seen as one in progress */
    gint ended = g_atomic_int_get(&engine->changes_ended);
    gint begun = g_atomic_int_get(&engine->changes_begun);
    *ret_version = (unsigned)begun;
    return begun == ended;
}
