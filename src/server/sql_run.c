/* One statement, whatever it is: recognised, then handed to the file that carries it out. See sql.h.
 *
 * STATEMENTS is the table of what there is: adding a statement is adding a row. */
#include "base/text.h"
#include "base/time.h"
#include "server/ddl_int.h"
#include "server/dml_int.h"
#include "server/environments.h"
#include "server/metrics.h"
#include "server/show_int.h"
#include "server/sql_int.h"

#define AUDIT_MAX_BYTES 500 /* of a statement, in the record of an edit */

/* ---- statements about the session
 * --------------------------------------------------------------------------- */

static bool run_nothing(const SqlRun *run, GError **error)
{
    (void)run;
    (void)error;
    return true;
}

static bool run_empty(const SqlRun *run, GError **error)
{
    (void)run;
    return base_fail(error, BASE_E_SQL_EMPTY, "Query was empty");
}

static bool run_set(const SqlRun *run, GError **error)
{
    return session_run_set(run->session, run->sql, run->tokens, error);
}

static bool run_use(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 1};
    const char *schema = NULL, *name = NULL;
    if (!sql_take_table(&cursor, &schema, &name, run->sql, error)) {
        return false;
    }
    return sql_at_end(&cursor) ? server_session_use(run->session, name, error)
                               : sql_fail_near(&cursor, run->sql, error);
}

static bool run_kill(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 1};
    bool query = sql_take(&cursor, "query");
    if (!query) {
        sql_take(&cursor, "connection");
    }
    gint64 id = 0;
    if (!base_text_to_int(sql_peek(&cursor)->text, 0, G_MAXUINT32, &id)) {
        return sql_fail_near(&cursor, run->sql, error);
    }
    return server_session_kill(run->session->app, (guint32)id, !query, run->session->user, error);
}

static bool run_other(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 0};
    static const char *const KNOWN[] = {"grant",   "revoke",   "call",      "load",    "export",  "import",
                                        "copy",    "attach",   "install",   "pragma",  "vacuum",  "rename",
                                        "analyze", "optimize", "backup",    "restore", "prepare", "do",
                                        "handler", "merge",    "checkpoint"};
    for (size_t i = 0; i < G_N_ELEMENTS(KNOWN); i++) {
        if (sql_is(&cursor, KNOWN[i])) {
            base_fail(error, BASE_E_STATEMENT_REFUSED, "%s is not a statement that Weir takes over SQL",
                      KNOWN[i]);
            if (i < 2) {
                base_error_hint(error, "rights are given by `roles:` in the project, or weir user grant");
            } else if (sql_is(&cursor, "load") || sql_is(&cursor, "import") || sql_is(&cursor, "copy")) {
                base_error_hint(error, "weir load TABLE FILE, or PUT /api/{db}/{table}/_stream_load");
            } else if (sql_is(&cursor, "export")) {
                base_error_hint(error, "GET or POST /api/v1/query answers in CSV, NDJSON or Parquet");
            }
            return false;
        }
    }
    return sql_fail_near(&cursor, run->sql, error);
}

/* ---- EXPLAIN
 * -------------------------------------------------------------------------------------------------- */

static bool plan_text(ServerSession *session, const char *sql, bool json, bool analyze, char **ret,
                      GError **error)
{
    g_autofree char *text = session_rewrite_to_show(session, sql, error);
    if (!text) {
        return false;
    }
    g_autofree char *explain = g_strconcat("EXPLAIN ",
                                           analyze ? "ANALYZE "
                                           : json  ? "(FORMAT JSON) "
                                                   : "",
                                           text, NULL);
    g_autoptr(EngineResult) result = engine_query(session->conn, explain, error);
    GError *failure = NULL;
    EngineChunk *chunk = result ? engine_result_next(result, &failure) : NULL;
    if (failure) {
        g_propagate_error(error, failure);
    }
    if (!chunk) {
        return false;
    }
    EngineColumn column = engine_chunk_column(chunk, engine_result_n_columns(result) - 1);
    g_autoptr(GString) plan = g_string_new(NULL);
    engine_column_append_text(&column, 0, plan);
    *ret = g_strdup(plan->str);
    return true;
}

/* One row a line, as Doris shows it ("Explain String"); FORMAT=JSON in one row, as MySQL ("EXPLAIN"). */
static bool send_plan(const SqlRun *run, const char *plan, bool json, GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT x AS ");
    engine_sql_append_name(sql, json ? "EXPLAIN" : "Explain String");
    g_string_append(sql, json ? " FROM (VALUES (" : " FROM (SELECT unnest(string_split(");
    engine_sql_append_text(sql, plan);
    g_string_append(sql, json ? ")) t(x)" : ", chr(10))) AS x) t");
    return session_run_own(run, sql->str, error);
}

static bool run_explain(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 1};
    bool json = false, analyze = false, more = true;
    while (more) {
        more =
            sql_take(&cursor, "extended") || sql_take(&cursor, "verbose") || sql_take(&cursor, "partitions");
        if (sql_take(&cursor, "analyze")) {
            analyze = more = true;
        } else if (sql_take_all(&cursor, "format =")) {
            json = sql_is(&cursor, "json");
            cursor.at++;
            more = true;
        }
    }
    if (sql_is(&cursor, "insert") || sql_is(&cursor, "replace") || sql_is(&cursor, "update") ||
        sql_is(&cursor, "delete")) {
        base_fail(error, BASE_E_STATEMENT_REFUSED, "only queries are explained");
        base_error_hint(error, "explain the SELECT that finds the rows");
        return false;
    }
    if (engine_token_is_name(sql_peek(&cursor), false) && !sql_is(&cursor, "select") &&
        !sql_is(&cursor, "with") && !sql_is(&cursor, "values") && !sql_is(&cursor, "table")) {
        return session_run_describe(run, error); /* EXPLAIN t is DESCRIBE t */
    }
    g_autofree char *sql = sql_text_between(&cursor, 0, run->sql);
    g_autofree char *plan = NULL;
    return plan_text(run->session, sql, json, analyze, &plan, error) && send_plan(run, plan, json, error);
}

/* ---- the table
 * ------------------------------------------------------------------------------------------------ */

typedef bool (*RunStatement)(const SqlRun *run, GError **error);

static const struct {
    RunStatement run;
    bool keeps_warnings; /* SHOW WARNINGS speaks of the statement before */
    bool writes;
} STATEMENTS[ENGINE_STATEMENT_OTHER + 1] = {
    [ENGINE_STATEMENT_SELECT] = {.run = session_run_select},
    [ENGINE_STATEMENT_INSERT] = {.run = session_run_insert, .writes = true},
    [ENGINE_STATEMENT_REPLACE] = {.run = session_run_insert, .writes = true},
    [ENGINE_STATEMENT_UPDATE] = {.run = session_run_update, .writes = true},
    [ENGINE_STATEMENT_DELETE] = {.run = session_run_delete, .writes = true},
    [ENGINE_STATEMENT_TRUNCATE] = {.run = session_run_truncate, .writes = true},
    [ENGINE_STATEMENT_CREATE] = {.run = session_run_create, .writes = true},
    [ENGINE_STATEMENT_DROP] = {.run = session_run_drop, .writes = true},
    [ENGINE_STATEMENT_ALTER] = {.run = session_run_alter, .writes = true},
    [ENGINE_STATEMENT_SHOW] = {.run = session_run_show, .keeps_warnings = true},
    [ENGINE_STATEMENT_DESCRIBE] = {.run = session_run_describe},
    [ENGINE_STATEMENT_EXPLAIN] = {.run = run_explain},
    [ENGINE_STATEMENT_SET] = {.run = run_set},
    [ENGINE_STATEMENT_USE] = {.run = run_use},
    [ENGINE_STATEMENT_BEGIN] = {.run = session_run_begin},
    [ENGINE_STATEMENT_COMMIT] = {.run = session_run_commit},
    [ENGINE_STATEMENT_ROLLBACK] = {.run = session_run_rollback},
    [ENGINE_STATEMENT_KILL] = {.run = run_kill},
    [ENGINE_STATEMENT_LOCK] = {.run = run_nothing},
    [ENGINE_STATEMENT_EMPTY] = {.run = run_empty},
    [ENGINE_STATEMENT_OTHER] = {.run = run_other},
};

/* A text that is already planned needs no tokens: the way of small queries that repeat. */
static bool is_planned(const SqlRun *run)
{
    return run->session->plans && g_hash_table_contains(run->session->plans, run->sql);
}

/* Loads and definitions are production's: what an environment has of its own, models make. */
static bool run_kind(const SqlRun *run, EngineStatement kind, GError **error)
{
    if (STATEMENTS[kind].writes && run->session->environment) {
        base_fail(error, BASE_E_STATEMENT_REFUSED, "environment `%s` is read only over SQL",
                  run->session->environment);
        base_error_hint(error, "SET weir_environment = '' leads back to production");
        return false;
    }
    /* SET and USE lead out of an environment that cannot be read. */
    bool leads_out = kind == ENGINE_STATEMENT_SET || kind == ENGINE_STATEMENT_USE;
    if (run->session->environment && !catalog_environment(run->session->snapshot) && !leads_out) {
        g_autoptr(CatalogSnapshot) snapshot =
            server_app_environment(run->session->app, run->session->environment, error);
        if (!snapshot) {
            return false;
        }
    }
    if (STATEMENTS[kind].writes || kind == ENGINE_STATEMENT_COMMIT) {
        session_slow(run->session);
    }
    return STATEMENTS[kind].run(run, error);
}

/* Only a SELECT is planned with parameters. For every other statement the values are written into its text.
 */
static bool run_inlined(SqlRun *run, GError **error)
{
    g_autofree char *text = sql_inline_values(run, error);
    if (!text) {
        return false;
    }
    g_autoptr(GPtrArray) tokens = session_tokens(run->session, text, error);
    if (!tokens) {
        return false;
    }
    SqlRun inlined = *run;
    inlined.sql = text;
    inlined.tokens = tokens;
    inlined.values = NULL;
    inlined.n_values = 0;
    return run_kind(&inlined, engine_sql_kind(tokens), error);
}

static bool run_any(SqlRun *run, GError **error)
{
    if (is_planned(run)) {
        session_clear_warnings(run->session);
        return session_run_select(run, error);
    }
    g_autoptr(GPtrArray) tokens = session_tokens(run->session, run->sql, error);
    if (!tokens) {
        return false;
    }
    run->tokens = tokens;
    EngineStatement kind = engine_sql_kind(tokens);
    if (!STATEMENTS[kind].keeps_warnings) {
        session_clear_warnings(run->session);
    }
    if (run->n_values > 0 && kind != ENGINE_STATEMENT_SELECT) {
        return run_inlined(run, error);
    }
    return run_kind(run, kind, error);
}

static void note_outcome(SqlRun *run, bool ok, gint64 elapsed_us, const GError *error)
{
    ServerSession *session = run->session;
    server_metric_add(SERVER_METRIC_QUERIES, 1);
    server_metric_add(SERVER_METRIC_QUERY_SECONDS, elapsed_us);
    server_metric_add(SERVER_METRIC_QUERY_ROWS, run->ret->rows);
    session->row_count = !ok || run->ret->has_rows ? -1 : run->ret->changed;
    if (!ok) {
        server_metric_add(SERVER_METRIC_QUERY_ERRORS, 1);
        session_clear_warnings(session);
        session_warn(session, "Error", (guint)base_error_info(error)->mysql_errno, "%s", error->message);
        const char *hint = base_error_get_hint(error);
        if (hint) {
            session_warn(session, "Note", 1105, "%s", hint);
        }
    }
    run->ret->warnings = session->warnings->len;
}

/* Every edit of a table that is kept by hand has a record of who made it and how. */
static void audit_edit(SqlRun *run, bool ok)
{
    ServerSession *session = run->session;
    if (session->edited) {
        g_autofree char *detail = g_strndup(run->sql, AUDIT_MAX_BYTES);
        g_autofree char *valid = g_utf8_make_valid(detail, -1);
        access_audit(server_app_access(session->app), access_user_name(session->user), "edit",
                     session->edited, valid, ok);
        g_clear_pointer(&session->edited, g_free);
    }
}

static bool run_noted(SqlRun *run, bool (*work)(SqlRun *, void *, GError **), void *user, GError **error)
{
    gint64 start_us = base_time_monotonic_us();
    *run->ret = (ServerSqlResult){0};
    session_renew(run->session);
    session_begin_statement(run->session, run->sql);
    GError *failure = NULL;
    bool ok = work(run, user, &failure);
    note_outcome(run, ok, base_time_monotonic_us() - start_us, failure);
    audit_edit(run, ok);
    session_end_statement(run->session);
    if (!ok) {
        g_propagate_error(error, failure);
    }
    return ok;
}

static bool work_any(SqlRun *run, void *user, GError **error)
{
    (void)user;
    return run_any(run, error);
}

bool server_sql_run(ServerSession *session, const char *sql, const EngineValue *values, size_t n_values,
                    const ServerSink *sink, ServerSqlResult *ret, GError **error)
{
    SqlRun run = {
        .session = session, .sql = sql, .values = values, .n_values = n_values, .sink = sink, .ret = ret};
    return run_noted(&run, work_any, NULL, error);
}

/* ---- prepared
 * ------------------------------------------------------------------------------------------------- */

struct ServerStmt {
    ServerSession *session;
    char *sql;
    bool select;
    size_t n_params, n_columns; /* as they were when it was prepared */
    SessionPlan *plan;          /* of a SELECT; NULL = to be made again */
    EngineStmt *shape;          /* whose columns are shown; NULL = the plan's */
    guint64 epoch;              /* session->plan_epoch that it was made in */
};

static bool make_plan(ServerStmt *stmt, GError **error)
{
    g_clear_pointer(&stmt->plan, session_plan_free);
    stmt->plan = session_plan_new(stmt->session, stmt->sql, error);
    stmt->epoch = stmt->session->plan_epoch;
    return stmt->plan != NULL;
}

static bool plan_is_good(const ServerStmt *stmt)
{
    return stmt->plan && stmt->plan->keep && stmt->epoch == stmt->session->plan_epoch;
}

static size_t count_params(const GPtrArray *tokens)
{
    size_t n = 0;
    for (guint i = 0; i < tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        n += token->type == ENGINE_TOKEN_PARAM;
    }
    return n;
}

/* One column "unknown" without a type: the engine does not know them before it has the values. */
static bool hangs_on_values(const EngineStmt *stmt)
{
    return engine_stmt_n_params(stmt) > 0 && engine_stmt_n_columns(stmt) == 1 &&
           engine_stmt_column_type(stmt, 0).id == ENGINE_NULL &&
           g_str_equal(engine_stmt_column_name(stmt, 0), "unknown");
}

/* The columns that the client is told: where they hang on values, those that the statement has with NULL for
 * each. Clients compare their number with that of the result; what has none then has none here. */
static void describe(ServerStmt *stmt, const GPtrArray *tokens)
{
    stmt->n_columns = engine_stmt_n_columns(stmt->plan->stmt);
    if (!hangs_on_values(stmt->plan->stmt)) {
        return;
    }
    g_autofree EngineValue *nulls = g_new0(EngineValue, MAX(stmt->n_params, 1));
    const SqlRun run = {.session = stmt->session,
                        .sql = stmt->sql,
                        .tokens = tokens,
                        .values = nulls,
                        .n_values = stmt->n_params};
    bool keep = false;
    g_autofree char *inlined = sql_inline_values(&run, NULL);
    g_autofree char *text = inlined ? session_rewrite(stmt->session, inlined, &keep, NULL) : NULL;
    stmt->shape = text ? engine_prepare(stmt->plan->conn, text, NULL) : NULL;
    stmt->n_columns = stmt->shape ? engine_stmt_n_columns(stmt->shape) : 0;
}

ServerStmt *server_stmt_prepare(ServerSession *session, const char *sql, GError **error)
{
    session_renew(session);
    session_clear_warnings(session);
    g_autoptr(GPtrArray) tokens = session_tokens(session, sql, error);
    if (!tokens) {
        return NULL;
    }
    g_autoptr(ServerStmt) stmt = g_new0(ServerStmt, 1);
    stmt->session = session;
    stmt->sql = g_strdup(sql);
    stmt->select = engine_sql_kind(tokens) == ENGINE_STATEMENT_SELECT;
    stmt->n_params = count_params(tokens);
    if (stmt->select && !make_plan(stmt, error)) {
        return NULL;
    }
    if (stmt->plan) {
        stmt->n_params = engine_stmt_n_params(stmt->plan->stmt);
        describe(stmt, tokens);
    }
    return g_steal_pointer(&stmt);
}

void server_stmt_free(ServerStmt *stmt)
{
    if (!stmt) {
        return;
    }
    session_plan_free(stmt->plan);
    engine_stmt_free(stmt->shape);
    g_free(stmt->sql);
    g_free(stmt);
}

size_t server_stmt_n_params(const ServerStmt *stmt)
{
    return stmt->n_params;
}

size_t server_stmt_n_columns(const ServerStmt *stmt)
{
    return stmt->n_columns;
}

const char *server_stmt_column_name(const ServerStmt *stmt, size_t i)
{
    return engine_stmt_column_name(stmt->shape ? stmt->shape : stmt->plan->stmt, i);
}

EngineType server_stmt_column_type(const ServerStmt *stmt, size_t i)
{
    return engine_stmt_column_type(stmt->shape ? stmt->shape : stmt->plan->stmt, i);
}

static bool work_stmt(SqlRun *run, void *user, GError **error)
{
    ServerStmt *stmt = user;
    if (!stmt->select) {
        return run_any(run, error);
    }
    session_clear_warnings(run->session);
    return (plan_is_good(stmt) || make_plan(stmt, error)) &&
           session_plan_run(run->session, stmt->plan, run, error);
}

bool server_stmt_run(ServerStmt *stmt, const EngineValue *values, size_t n_values, const ServerSink *sink,
                     ServerSqlResult *ret, GError **error)
{
    SqlRun run = {.session = stmt->session,
                  .sql = stmt->sql,
                  .values = values,
                  .n_values = n_values,
                  .sink = sink,
                  .ret = ret};
    return run_noted(&run, work_stmt, stmt, error);
}
