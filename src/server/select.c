/* SELECT: from a client's text to chunks in a sink. See sql.h for pools and weights.
 *
 * Text in MySQL's dialect is translated, every text is checked and rewritten by access, then planned by the
 * engine. Plans are kept in the session by text (SESSION_MAX_PLANS, least recently used goes first), unless
 * the text depends on variables, user functions or relations that are made anew for each statement. */
#include "base/text.h"
#include "base/time.h"
#include "server/infoschema.h"
#include "server/sql_int.h"
#include "server/usage.h"

/* ---- text ------------------------------------------------------------------------------------------------
 */

GPtrArray *session_tokens(const ServerSession *session, const char *sql, GError **error)
{
    return session->dialect == ENGINE_DIALECT_MYSQL
               ? engine_sql_tokens_in_mode(sql, server_session_variable(session, "sql_mode"), error)
               : engine_sql_tokens(sql, session->dialect, error);
}

GPtrArray *server_sql_split(const ServerSession *session, const char *sql, GError **error)
{
    g_autoptr(GPtrArray) tokens = session_tokens(session, sql, error);
    return tokens ? engine_sql_split_tokens(sql, tokens) : NULL;
}

char *session_translate(ServerSession *session, const char *sql, GError **error)
{
    if (session->dialect != ENGINE_DIALECT_MYSQL) {
        return g_strdup(sql);
    }
    return engine_sql_from_mysql(sql, session_variable_literal, session, error);
}

static char *check(ServerSession *session, const char *sql, bool *ret_keep, GPtrArray **ret_objects,
                   GError **error)
{
    EngineConn *conn = session_conn(session, error);
    if (!conn) {
        return NULL;
    }
    AccessScope scope = session_scope(session);
    guint64 before = server_infoschema_calls();
    char *text = access_rewrite(&scope, conn, sql, ret_objects, error);
    *ret_keep = !session->used_variable && server_infoschema_calls() == before;
    return text;
}

/* NULL = as it is. */
static char *wrap_having(const ServerSession *session, const char *sql)
{
    if (session->dialect != ENGINE_DIALECT_MYSQL || !strcasestr(sql, "having")) {
        return NULL;
    }
    g_autoptr(GPtrArray) tokens = session_tokens(session, sql, NULL);
    return tokens ? sql_wrap_having(sql, tokens) : NULL;
}

static char *rewrite(ServerSession *session, const char *sql, bool *ret_keep, GPtrArray **ret_objects,
                     GError **error)
{
    session->used_variable = false;
    g_autofree char *wrapped = wrap_having(session, sql);
    g_autofree char *translated = session_translate(session, wrapped ? wrapped : sql, error);
    return translated ? check(session, translated, ret_keep, ret_objects, error) : NULL;
}

char *session_rewrite(ServerSession *session, const char *sql, bool *ret_keep, GError **error)
{
    return rewrite(session, sql, ret_keep, NULL, error);
}

char *session_rewrite_to_show(ServerSession *session, const char *sql, GError **error)
{
    bool keep = false;
    g_autoptr(GPtrArray) objects = NULL;
    g_autofree char *text = rewrite(session, sql, &keep, &objects, error);
    for (guint i = 0; text && i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (!access_check(session->user, ACCESS_RUN, object, NULL) &&
            access_is_limited(session->user, session->snapshot, object)) {
            base_fail(error, BASE_E_FORBIDDEN,
                      "a policy limits what you see of `%s`: its plans are not shown", object->full_name);
            return NULL;
        }
    }
    return g_steal_pointer(&text);
}

/* A statement's shape: its tokens with literals left out and lists of them made one, so that IN (1, 2) and IN
 * (3) are alike. FNV-1a. */
static guint64 shape_of(const GPtrArray *tokens)
{
    guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);
    const char *before = "";
    for (guint i = 0; tokens && i + 1 < tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        bool literal = token->type == ENGINE_TOKEN_NUMBER || token->type == ENGINE_TOKEN_TEXT ||
                       token->type == ENGINE_TOKEN_PARAM;
        const char *text = literal ? "?" : token->text;
        if ((literal || g_str_equal(text, ",")) && (*before == '?' || (literal && *before == ','))) {
            before = literal ? "?" : before;
            continue;
        }
        for (const char *at = text; *at; at++) {
            hash = (hash ^ (guint8)g_ascii_tolower(*at)) * G_GUINT64_CONSTANT(0x100000001b3);
        }
        hash = (hash ^ ' ') * G_GUINT64_CONSTANT(0x100000001b3);
        before = text;
    }
    return hash;
}

/* Outside brackets. */
static bool has_limit(const GPtrArray *tokens)
{
    int depth = 0;
    for (guint i = 0; tokens && i < tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        depth += engine_token_is(token, "(") - engine_token_is(token, ")");
        if (depth == 0 && engine_token_is(token, "limit")) {
            return true;
        }
    }
    return false;
}

/* ---- plans ----------------------------------------------------------------------------------------------
 */

static bool prepare(SessionPlan *plan, GError **error)
{
    g_clear_pointer(&plan->stmt, engine_stmt_free);
    plan->steady = engine_changes(engine_conn_engine(plan->conn), &plan->version);
    plan->stmt = engine_prepare(plan->conn, plan->text, error);
    return plan->stmt != NULL;
}

/* Still right for the data as it is now. */
static bool is_fresh(const SessionPlan *plan)
{
    unsigned version = 0;
    return plan->stmt && plan->steady && engine_changes(engine_conn_engine(plan->conn), &version) &&
           version == plan->version;
}

/* Takes `text` over; prepared when it first runs, or at once with session_plan_new. */
static SessionPlan *plan_of(ServerSession *session, char *text, bool keep)
{
    SessionPlan *plan = g_new0(SessionPlan, 1);
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(text, ENGINE_DIALECT_WEIR, NULL);
    plan->text = text;
    plan->conn = session->conn;
    plan->shape = shape_of(tokens);
    plan->limited = has_limit(tokens);
    plan->keep = keep;
    return plan;
}

/* `sql`, which failed, with MySQL's coercions; NULL when they are not for it. */
static char *coerce(ServerSession *session, const char *sql, const GError *failure)
{
    bool types = g_error_matches(failure, BASE_ERROR, BASE_E_SQL_FAILED) ||
                 g_error_matches(failure, BASE_ERROR, BASE_E_TYPE_MISMATCH) ||
                 g_error_matches(failure, BASE_ERROR, BASE_E_VALUE_OUT_OF_RANGE);
    return types && session->dialect == ENGINE_DIALECT_MYSQL ? engine_sql_coerce(session->conn, sql, NULL)
                                                             : NULL;
}

static SessionPlan *coerced(ServerSession *session, const SessionPlan *plan, const GError *failure)
{
    char *text = coerce(session, plan->text, failure);
    return text ? plan_of(session, text, plan->keep) : NULL;
}

static bool works(EngineConn *conn, const char *select, bool run, GError **error)
{
    if (!run) {
        g_autoptr(EngineStmt) stmt = engine_prepare(conn, select, error);
        return stmt != NULL;
    }
    g_autofree char *first = g_strdup_printf("SELECT * FROM (%s) LIMIT 1", select);
    g_autoptr(EngineResult) result = engine_query(conn, first, error);
    GError *failure = NULL;
    bool ok = result && (engine_result_next(result, &failure) || !failure);
    if (failure) {
        g_propagate_error(error, failure);
    }
    return ok;
}

/* The same, stopped as the statement is: by time, KILL and its client's end. */
static bool works_until_stopped(ServerSession *session, const char *select, bool run, GError **error)
{
    const IntakeSession by = session_writing(session, NULL);
    bool ok = (by.running(by.user, session->conn) || session_fail_stopped(session, error)) &&
              works(session->conn, select, run, error);
    (void)by.running(by.user, NULL);
    session_explain_stop(session, error);
    return ok;
}

char *session_coerce(ServerSession *session, char *select, bool run, GError **error)
{
    if (session->dialect != ENGINE_DIALECT_MYSQL) {
        return select;
    }
    GError *failure = NULL;
    if (works_until_stopped(session, select, run, &failure)) {
        return select;
    }
    g_autofree char *text = coerce(session, select, failure);
    bool ok = text && works_until_stopped(session, text, run, NULL);
    g_free(select);
    if (!ok) {
        g_propagate_error(error, failure);
        return NULL;
    }
    g_error_free(failure);
    return g_steal_pointer(&text);
}

/* Of two errors of one statement the first is what the user is told. */
static SessionPlan *prepare_coerced(ServerSession *session, SessionPlan *plan, GError *failure,
                                    GError **error)
{
    SessionPlan *again = coerced(session, plan, failure);
    session_plan_free(plan);
    if (again && prepare(again, NULL)) {
        g_error_free(failure);
        return again;
    }
    session_plan_free(again);
    g_propagate_error(error, failure);
    return NULL;
}

SessionPlan *session_plan_new(ServerSession *session, const char *sql, GError **error)
{
    bool keep = false;
    char *text = session_rewrite(session, sql, &keep, error);
    SessionPlan *plan = text ? plan_of(session, text, keep) : NULL;
    GError *failure = NULL;
    return plan && !prepare(plan, &failure) ? prepare_coerced(session, plan, failure, error) : plan;
}

void session_plan_free(SessionPlan *plan)
{
    if (!plan) {
        return;
    }
    engine_stmt_free(plan->stmt);
    g_free(plan->text);
    g_free(plan);
}

void session_drop_plans(ServerSession *session)
{
    g_clear_pointer(&session->plans, g_hash_table_unref);
    session->plan_epoch++;
}

static void free_plan(gpointer plan)
{
    session_plan_free(plan);
}

static void drop_oldest(GHashTable *plans)
{
    GHashTableIter iter;
    gpointer key = NULL, value = NULL, oldest = NULL;
    guint64 used = G_MAXUINT64;
    g_hash_table_iter_init(&iter, plans);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const SessionPlan *plan = value;
        if (plan->used < used) {
            used = plan->used;
            oldest = key;
        }
    }
    g_hash_table_remove(plans, oldest);
}

static void keep_plan(ServerSession *session, const char *sql, SessionPlan *plan)
{
    if (!session->plans) {
        session->plans = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_plan);
    }
    if (g_hash_table_size(session->plans) >= SESSION_MAX_PLANS) {
        drop_oldest(session->plans);
    }
    g_hash_table_insert(session->plans, g_strdup(sql), plan);
}

/* ---- light or heavy
 * ----------------------------------------------------------------------------------------- */

static double sum_rows(const json_t *node)
{
    double rows = 0;
    const json_t *info = json_object_get(node, "extra_info");
    const char *text = base_json_string(info, "Estimated Cardinality", NULL);
    gint64 own = 0;
    if (text && base_text_to_int(text, 0, G_MAXINT64, &own)) {
        rows += (double)own;
    }
    size_t i = 0;
    json_t *child = NULL;
    json_array_foreach (json_object_get(node, "children"), i, child) {
        rows += sum_rows(child);
    }
    return rows;
}

/* The rows that the planner expects its operators to handle; 0 when it cannot say (statements with
 * parameters). A guess only: no error is worth failing the statement for, which will run into it itself. */
static double estimate_rows(SessionPlan *plan)
{
    if (plan->stmt && engine_stmt_n_params(plan->stmt) > 0) {
        return 0;
    }
    g_autofree char *explain = g_strconcat("EXPLAIN (FORMAT JSON) ", plan->text, NULL);
    g_autoptr(EngineResult) result = engine_query(plan->conn, explain, NULL);
    EngineChunk *chunk =
        result && engine_result_n_columns(result) == 2 ? engine_result_next(result, NULL) : NULL;
    if (!chunk || engine_chunk_rows(chunk) == 0) {
        return 0;
    }
    EngineColumn column = engine_chunk_column(chunk, 1);
    size_t len = 0;
    const char *text = engine_column_bytes(&column, 0, &len);
    g_autoptr(json_t) tree = text ? base_json_parse(text, len, NULL) : NULL;
    double rows = 0;
    size_t i = 0;
    json_t *node = NULL;
    json_array_foreach (tree, i, node) {
        rows += sum_rows(node);
    }
    return rows;
}

static ServerWeight weigh(ServerSession *session, SessionPlan *plan)
{
    ServerWeight weight = SERVER_LIGHT;
    if (!server_pools_known(session->sql->pools, plan->shape, &weight)) {
        weight = server_pools_guess(session->sql->pools, plan->shape, estimate_rows(plan));
    }
    return weight;
}

/* ---- running
 * -------------------------------------------------------------------------------------------------- */

static bool is_integer(EngineTypeId id)
{
    return (id >= ENGINE_INT8 && id <= ENGINE_INT64) || (id >= ENGINE_UINT8 && id <= ENGINE_UINT64);
}

/* Drivers send numbers as text. Where the plan wants an integer, the text becomes one: else the engine would
 * plan anew for a text parameter at each run, and may cast the column instead of the value. */
static EngineValue fit_value(EngineType want, const EngineValue *value)
{
    gint64 number = 0;
    if (value->id != ENGINE_TEXT || !is_integer(want.id) || value->text.len == 0 || value->text.len > 20) {
        return *value;
    }
    char text[24] = "";
    memcpy(text, value->text.bytes, value->text.len);
    if (!base_text_to_int(text, G_MININT64, G_MAXINT64, &number)) {
        return *value;
    }
    return (EngineValue){.id = ENGINE_INT64, .i64 = number};
}

static bool bind_values(SessionPlan *plan, const EngineValue *values, size_t n_values, GError **error)
{
    size_t n_params = engine_stmt_n_params(plan->stmt);
    if (n_params != n_values) {
        return base_fail(error, BASE_E_REQUEST_INVALID,
                         "the statement has %zu parameters and %zu values were given", n_params, n_values);
    }
    for (size_t i = 0; i < n_params; i++) {
        EngineValue value = fit_value(engine_stmt_param_type(plan->stmt, i), &values[i]);
        if (!engine_stmt_bind(plan->stmt, i, &value, error)) {
            return false;
        }
    }
    return true;
}

/* sql_select_limit, by which drivers cut results (setMaxRows). */
static gint64 rows_wanted(const SessionPlan *plan, const ServerSession *session)
{
    const char *limit = plan->limited ? NULL : g_hash_table_lookup(session->variables, "sql_select_limit");
    gint64 rows = 0; /* 2^64 - 1, the default, is no gint64 */
    return limit && base_text_to_int(limit, 0, G_MAXINT64, &rows) ? rows : G_MAXINT64;
}

static bool send_rows(const SessionPlan *plan, EngineResult *result, const SqlRun *run, GError **error)
{
    gint64 wanted = rows_wanted(plan, run->session);
    GError *failure = NULL;
    /* the first rows before anything is said: what fails until here may be read another way (run_coerced) */
    EngineChunk *chunk = wanted > 0 ? engine_result_next(result, &failure) : NULL;
    if (failure) {
        g_propagate_error(error, failure);
        return false;
    }
    if (run->sink && !run->sink->columns(run->sink->user, result, error)) {
        return false;
    }
    for (; chunk; chunk = run->ret->rows < wanted ? engine_result_next(result, &failure) : NULL) {
        engine_chunk_cut(chunk, (size_t)MIN(wanted - run->ret->rows, ENGINE_CHUNK_ROWS));
        run->ret->rows += (gint64)engine_chunk_rows(chunk);
        if (run->sink && !run->sink->chunk(run->sink->user, chunk, error)) {
            return false;
        }
    }
    if (failure) {
        g_propagate_error(error, failure);
    }
    return !failure;
}

/* Starts the plan where it is right without a transaction. *ret_done: it was, and *ret is the outcome. */
static EngineResult *start_fresh(SessionPlan *plan, const SqlRun *run, bool *ret_done, GError **error)
{
    GError *failure = NULL;
    bool ready = is_fresh(plan) || prepare(plan, &failure);
    EngineResult *result = NULL;
    if (ready && plan->steady && bind_values(plan, run->values, run->n_values, &failure)) {
        result = engine_stmt_run(plan->stmt, &failure);
    }
    /* The data that the result reads was fixed when it started: compare now. */
    *ret_done = failure ? !ready || is_fresh(plan) : is_fresh(plan);
    if (*ret_done && failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
    }
    g_clear_error(&failure);
    if (!*ret_done) {
        g_clear_pointer(&result, engine_result_free);
    }
    return result;
}

static bool run_in_transaction(SessionPlan *plan, const SqlRun *run, GError **error)
{
    if (!engine_begin(plan->conn, error)) {
        return false;
    }
    bool ok = prepare(plan, error) && bind_values(plan, run->values, run->n_values, error);
    g_autoptr(EngineResult) result = ok ? engine_stmt_run(plan->stmt, error) : NULL;
    ok = result && send_rows(plan, result, run, error);
    g_clear_pointer(&result, engine_result_free);
    engine_rollback(plan->conn); /* it only read */
    return ok;
}

static bool run_plan(SessionPlan *plan, const SqlRun *run, GError **error)
{
    bool done = false;
    g_autoptr(EngineResult) result = start_fresh(plan, run, &done, error);
    return done ? result && send_rows(plan, result, run, error) : run_in_transaction(plan, run, error);
}

static bool run_in_slot(ServerSession *session, SessionPlan *plan, const SqlRun *run, GError **error)
{
    if (!session_set_running(session, plan->conn)) {
        return session_fail_stopped(session, error);
    }
    engine_conn_yield_to(plan->conn, server_pools_before(session->sql->pools, session->ticket.weight));
    bool ok = run_plan(plan, run, error);
    engine_conn_yield_to(plan->conn, NULL);
    session_set_running(session, NULL);
    if (!ok) {
        session_explain_stop(session, error);
    }
    return ok;
}

bool session_plan_run(ServerSession *session, SessionPlan *plan, const SqlRun *run, GError **error)
{
    ServerPools *pools = session->sql->pools;
    ServerWeight weight = weigh(session, plan);
    if (weight == SERVER_HEAVY) {
        session_slow(session);
    }
    if (!server_pools_enter(pools, &session->ticket, weight, false)) {
        return session_fail_stopped(session, error);
    }
    session->has_slot = true;
    gint64 start_us = base_time_monotonic_us(), cpu_us = base_time_thread_cpu_us();
    gint64 waited_us = session->waited_us;
    run->ret->has_rows = true;
    bool ok = run_in_slot(session, plan, run, error);
    session->has_slot = false;
    server_pools_leave(pools, &session->ticket);
    if (ok) {
        waited_us = session->waited_us - waited_us;
        server_pools_learn(pools, plan->shape, base_time_monotonic_us() - start_us - waited_us,
                           base_time_thread_cpu_us() - cpu_us);
        session->found_rows = run->ret->rows;
        server_usage_note(session->sql->usage, access_user_name(session->user), plan->text);
    }
    return ok;
}

/* Runs what failed with MySQL's coercions; the plan that ran is *plan. */
static bool run_coerced(const SqlRun *run, SessionPlan **plan, GError *failure, GError **error)
{
    SessionPlan *again = run->ret->rows == 0 ? coerced(run->session, *plan, failure) : NULL;
    if (again && session_plan_run(run->session, again, run, NULL)) {
        g_error_free(failure);
        session_plan_free(*plan);
        *plan = again;
        return true;
    }
    session_plan_free(again);
    g_propagate_error(error, failure);
    return false;
}

bool session_run_select(const SqlRun *run, GError **error)
{
    ServerSession *session = run->session;
    SessionPlan *plan = session->plans ? g_hash_table_lookup(session->plans, run->sql) : NULL;
    if (plan) {
        plan->used = ++session->plan_clock;
        return session_plan_run(session, plan, run, error);
    }
    bool keep = false;
    char *text = session_rewrite(session, run->sql, &keep, error);
    if (!text) {
        return false;
    }
    plan = plan_of(session, text, keep);
    GError *failure = NULL;
    bool ok = session_plan_run(session, plan, run, &failure) || run_coerced(run, &plan, failure, error);
    if (ok && plan->keep) {
        plan->used = ++session->plan_clock;
        keep_plan(session, run->sql, plan);
    } else {
        session_plan_free(plan);
    }
    return ok;
}

bool session_run_own(const SqlRun *run, const char *sql, GError **error)
{
    ServerSession *session = run->session;
    bool keep = false;
    char *text = check(session, sql, &keep, NULL, error);
    if (!text) {
        return false;
    }
    SessionPlan *plan = plan_of(session, text, false);
    plan->limited = true;
    SqlRun own = *run;
    own.values = NULL;
    own.n_values = 0;
    bool ok = session_plan_run(session, plan, &own, error);
    session_plan_free(plan);
    return ok;
}
