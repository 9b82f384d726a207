/* Results: running a statement, chunks, columns, and the small results made from them. */
#include <sched.h>

#include "base/text.h"
#include "base/time.h"
#include "engine/duckdb/duckdb_int.h"

#define IDLE_YIELDS        20
#define IDLE_SLEEP_US      100
#define ASIDE_US           500
#define ASIDE_MAX_US       1000000
#define ASIDE_ALONE_MAX_US 10000

/* ---- the session's time zone ----------------------------------------------------------------------- */

static bool has_zone(const EngineLogical *logical)
{
    if (!logical || logical->type.id == ENGINE_TIMESTAMP_TZ || logical->type.id == ENGINE_NULL) {
        return true; /* or not known before it runs */
    }
    for (size_t i = 0; i < logical->n_children; i++) {
        if (has_zone(logical->children[i])) {
            return true;
        }
    }
    return false;
}

static void set_zone(EngineLogical *logical, EngineZone *zone)
{
    logical->zone = zone;
    for (size_t i = 0; i < logical->n_children; i++) {
        set_zone(logical->children[i], zone);
    }
}

/* Asked before the statement starts: once it streams, the connection can do nothing else. NULL: UTC, or no
 * column needs it. */
static GTimeZone *session_zone(EngineStmt *stmt)
{
    bool wanted = false;
    for (size_t i = 0; i < stmt->n_columns; i++) {
        wanted = wanted || has_zone(stmt->columns[i]);
    }
    g_autofree char *name = NULL;
    if (!wanted || !engine_query_text(stmt->conn, "SELECT current_setting('TimeZone')", &name, NULL) ||
        g_strcmp0(name, "UTC") == 0) {
        return NULL; /* an aborted transaction refuses the question, and then the statement too */
    }
    return base_time_zone(name, NULL);
}

static void read_columns(EngineResult *result)
{
    result->n_columns = duckdb_column_count(&result->result);
    result->columns = g_new0(EngineLogical *, result->n_columns);
    result->names = g_new0(char *, result->n_columns);
    result->scratch = g_new0(int64_t *, result->n_columns);
    for (size_t i = 0; i < result->n_columns; i++) {
        duckdb_logical_type type = duckdb_column_logical_type(&result->result, i);
        result->columns[i] = engine_int_logical(type);
        duckdb_destroy_logical_type(&type);
        set_zone(result->columns[i], &result->zone);
        result->names[i] = g_strdup(duckdb_column_name(&result->result, i));
    }
}

/* ---- running ----------------------------------------------------------------------------------------- */

static bool others_run(EngineConn *conn)
{
    return conn->others && g_atomic_int_get(conn->others) > 0 && !g_atomic_int_get(&conn->interrupted);
}

/* A heavy query's own thread leaves its core to light ones while the engine's threads, which give way to them
 * (EngineOptions.nice), go on with its tasks. An engine of one thread has none: then it goes on itself, a
 * step at a time, however many the others are. What the check calls an error may be none (it knows no word
 * for "finished"): the next step tells. */
static void step_aside(EngineConn *conn, duckdb_pending_result pending)
{
    unsigned max_us = conn->engine->threads > 1 ? ASIDE_MAX_US : ASIDE_ALONE_MAX_US;
    for (unsigned us = 0; us < max_us && others_run(conn); us += ASIDE_US) {
        g_usleep(ASIDE_US);
        duckdb_pending_state state = duckdb_pending_execute_check_state(pending);
        if (state != DUCKDB_PENDING_RESULT_NOT_READY && state != DUCKDB_PENDING_NO_TASKS_AVAILABLE) {
            return;
        }
    }
}

/* While other threads of the engine have the last tasks of a query, duckdb_execute_pending asks for more in a
 * busy loop: on a machine with more queries than cores that takes from them the core that they need
 * (measured: a third of the time of a small commit). Here the thread steps aside instead, and sleeps when it
 * takes long. */
bool engine_int_run_tasks(EngineConn *conn, duckdb_pending_result pending)
{
    unsigned idle = 0;
    for (;;) {
        step_aside(conn, pending);
        duckdb_pending_state state = duckdb_pending_execute_task(pending);
        if (state == DUCKDB_PENDING_RESULT_NOT_READY) {
            idle = 0;
        } else if (state != DUCKDB_PENDING_NO_TASKS_AVAILABLE) {
            return state != DUCKDB_PENDING_ERROR;
        } else if (idle++ < IDLE_YIELDS) {
            (void)sched_yield();
        } else {
            g_usleep(IDLE_SLEEP_US);
        }
    }
}

/* A SELECT streams; anything else is run to its end here, which gives the count of changed rows. */
static bool execute(EngineStmt *stmt, duckdb_result *ret, GError **error)
{
    duckdb_pending_result pending = NULL;
    duckdb_state state = stmt->is_select ? duckdb_pending_prepared_streaming(stmt->statement, &pending)
                                         : duckdb_pending_prepared(stmt->statement, &pending);
    bool ok = state == DuckDBSuccess;
    if (g_atomic_int_get(&stmt->conn->interrupted)) {
        duckdb_interrupt(stmt->conn->connection); /* making it pending forgot what came meanwhile */
    }
    ok = ok && engine_int_run_tasks(stmt->conn, pending);
    if (!ok) {
        engine_int_fail(stmt->conn->engine, error, duckdb_pending_error(pending), stmt->sql);
    } else if (duckdb_execute_pending(pending, ret) != DuckDBSuccess) {
        ok = engine_int_fail(stmt->conn->engine, error, duckdb_result_error(ret), stmt->sql);
        duckdb_destroy_result(ret);
    }
    duckdb_destroy_pending(&pending);
    return ok;
}

static bool execute_counted(EngineStmt *stmt, duckdb_result *ret, GError **error)
{
    if (stmt->is_select) {
        return execute(stmt, ret, error);
    }
    engine_int_change_begin(stmt->conn);
    bool ok = execute(stmt, ret, error);
    engine_int_change_end(stmt->conn);
    return ok;
}

EngineResult *engine_stmt_run(EngineStmt *stmt, GError **error)
{
    duckdb_result raw;
    g_atomic_int_set(&stmt->conn->interrupted, 0);
    GTimeZone *zone = session_zone(stmt);
    if (!execute_counted(stmt, &raw, error)) {
        g_clear_pointer(&zone, g_time_zone_unref);
        return NULL;
    }
    EngineResult *result = g_new0(EngineResult, 1);
    result->zone.zone = zone;
    result->conn = stmt->conn;
    result->stmt = stmt;
    result->result = raw;
    result->chunk.result = result;
    if (duckdb_result_return_type(raw) == DUCKDB_RESULT_TYPE_QUERY_RESULT) {
        read_columns(result);
    } else {
        result->changed = duckdb_result_return_type(raw) == DUCKDB_RESULT_TYPE_CHANGED_ROWS
                              ? (int64_t)duckdb_rows_changed(&result->result)
                              : 0;
        result->finished = true;
    }
    return result;
}

EngineResult *engine_query(EngineConn *conn, const char *sql, GError **error)
{
    g_autoptr(EngineStmt) stmt = engine_prepare(conn, sql, error);
    EngineResult *result = stmt ? engine_stmt_run(stmt, error) : NULL;
    if (result) {
        result->owns_stmt = true;
        stmt = NULL;
    }
    return result;
}

static void drop_chunk(EngineResult *result)
{
    if (result->chunk.chunk) {
        duckdb_destroy_data_chunk(&result->chunk.chunk);
    }
    result->chunk.rows = 0;
}

/* The engine keeps a half-read query alive, with its threads, snapshot and feeds, until the connection's
 * next one begins. Preparing one, whatever comes of it, ends it now. */
static void end_query(EngineConn *conn)
{
    duckdb_prepared_statement statement = NULL;
    duckdb_state ignored = duckdb_prepare(conn->connection, "SELECT NULL", &statement);
    (void)ignored; /* in an aborted transaction it fails, after it has done what it is called for */
    duckdb_destroy_prepare(&statement);
}

void engine_result_free(EngineResult *result)
{
    if (!result) {
        return;
    }
    drop_chunk(result);
    duckdb_destroy_result(&result->result);
    if (!result->finished) {
        end_query(result->conn);
    }
    for (size_t i = 0; i < result->n_columns; i++) {
        engine_int_logical_free(result->columns[i]);
        g_free(result->names[i]);
        g_free(result->scratch[i]);
    }
    g_free(result->columns);
    g_free(result->names);
    g_free(result->scratch);
    g_clear_pointer(&result->zone.zone, g_time_zone_unref);
    if (result->owns_stmt) {
        engine_stmt_free(result->stmt);
    }
    g_free(result);
}

size_t engine_result_n_columns(const EngineResult *result)
{
    return result->n_columns;
}

const char *engine_result_column_name(const EngineResult *result, size_t i)
{
    return i < result->n_columns ? result->names[i] : NULL;
}

EngineType engine_result_column_type(const EngineResult *result, size_t i)
{
    return i < result->n_columns ? result->columns[i]->type : (EngineType){.id = ENGINE_NULL};
}

const char *engine_result_type_text(const EngineResult *result, size_t i)
{
    return i < result->n_columns ? result->columns[i]->text : NULL;
}

int64_t engine_result_changed(const EngineResult *result)
{
    return result->changed;
}

/* ---- fetching ------------------------------------------------------------------------------------------ */

#define REASON_TRIES 4

static bool is_interrupt(const char *message)
{
    return strstr(message, "\"INTERRUPT\"") || g_str_has_prefix(message, "INTERRUPT");
}

/* Runs the statement again, dropping its rows, until it fails. The reason, or NULL; caller frees. */
static char *run_for_reason(EngineStmt *stmt)
{
    duckdb_result result;
    g_autoptr(GError) ignored = NULL;
    if (!execute(stmt, &result, &ignored)) {
        return NULL;
    }
    duckdb_data_chunk chunk;
    while ((chunk = duckdb_fetch_chunk(result))) {
        duckdb_destroy_data_chunk(&chunk);
    }
    const char *message = duckdb_result_error(&result);
    char *reason = message && !is_interrupt(message) ? g_strdup(message) : NULL;
    duckdb_destroy_result(&result);
    return reason;
}

/* When one of the engine's threads fails while rows are fetched, the engine interrupts the others and then
 * often reports that interrupt instead of the failure (SimpleBufferedData::ExecuteTaskInternal, 1.5). Nobody
 * having interrupted, the reason is found by running the SELECT again. */
static void fail_fetch(EngineResult *result, const char *message, GError **error)
{
    EngineConn *conn = result->conn;
    bool lost = is_interrupt(message) && !g_atomic_int_get(&conn->interrupted);
    g_autofree char *reason = NULL;
    for (int i = 0; lost && !reason && i < REASON_TRIES && !g_atomic_int_get(&conn->interrupted); i++) {
        reason = run_for_reason(result->stmt);
    }
    if (lost && !reason && !g_atomic_int_get(&conn->interrupted)) {
        base_fail(error, BASE_E_SQL_FAILED,
                  "the query failed while its rows were read, and the engine lost the reason");
        return;
    }
    engine_int_fail(conn->engine, error, reason ? reason : message, result->stmt->sql);
}

EngineChunk *engine_result_next(EngineResult *result, GError **error)
{
    drop_chunk(result);
    while (!result->finished) {
        result->chunk.chunk = duckdb_fetch_chunk(result->result);
        if (!result->chunk.chunk) {
            result->finished = true;
            const char *message = duckdb_result_error(&result->result);
            if (message) {
                fail_fetch(result, message, error);
            }
            return NULL;
        }
        result->chunk.rows = duckdb_data_chunk_get_size(result->chunk.chunk);
        if (result->chunk.rows > 0) {
            return &result->chunk;
        }
        drop_chunk(result);
    }
    return NULL;
}

size_t engine_chunk_rows(const EngineChunk *chunk)
{
    return chunk->rows;
}

void engine_chunk_cut(EngineChunk *chunk, size_t rows)
{
    chunk->rows = MIN(chunk->rows, rows);
}

/* Seconds or milliseconds as microseconds. The type's range is that of microseconds (the engine
 * refuses others), and its infinities are the ends of int64, which stay. */
static const int64_t *scaled(EngineResult *result, size_t i, const int64_t *data, size_t rows, int64_t factor)
{
    if (!result->scratch[i]) {
        result->scratch[i] = g_new(int64_t, ENGINE_CHUNK_ROWS);
    }
    for (size_t row = 0; row < rows; row++) {
        int64_t value = data[row];
        bool special = value == INT64_MAX || value == -INT64_MAX;
        if (special || __builtin_mul_overflow(value, factor, &result->scratch[i][row])) {
            result->scratch[i][row] = value; /* a NULL's place holds anything */
        }
    }
    return result->scratch[i];
}

static EngineColumn column_of(duckdb_vector vector, const EngineLogical *logical)
{
    return (EngineColumn){.type = logical->type,
                          .data = duckdb_vector_get_data(vector),
                          .valid = duckdb_vector_get_validity(vector),
                          .vector = vector,
                          .logical = logical};
}

EngineColumn engine_chunk_column(const EngineChunk *chunk, size_t i)
{
    EngineResult *result = chunk->result;
    EngineColumn column = column_of(duckdb_data_chunk_get_vector(chunk->chunk, i), result->columns[i]);
    EngineForm form = result->columns[i]->form;
    if (form == ENGINE_FORM_TIMESTAMP_S || form == ENGINE_FORM_TIMESTAMP_MS) {
        int64_t factor = form == ENGINE_FORM_TIMESTAMP_S ? 1000000 : 1000;
        column.data = scaled(result, i, column.data, chunk->rows, factor);
    }
    return column;
}

EngineColumn engine_int_child(const EngineColumn *column, size_t i)
{
    const EngineLogical *logical = column->logical;
    duckdb_vector vector = column->vector, child;
    switch (logical->type.id) {
    case ENGINE_ARRAY:
        child = duckdb_array_vector_get_child(vector);
        break;
    case ENGINE_LIST:
        child = duckdb_list_vector_get_child(vector);
        break;
    case ENGINE_MAP: /* a list of structs (key, value) */
        child = duckdb_struct_vector_get_child(duckdb_list_vector_get_child(vector), i);
        break;
    default:
        child = duckdb_struct_vector_get_child(vector, i);
        break;
    }
    EngineColumn result = column_of(child, logical->children[i]);
    EngineForm form = logical->children[i]->form;
    if (form == ENGINE_FORM_TIMESTAMP_S || form == ENGINE_FORM_TIMESTAMP_MS) {
        result.type.id = ENGINE_OTHER; /* not scaled to microseconds as whole columns are */
    }
    return result;
}

const char *engine_column_bytes(const EngineColumn *column, size_t row, size_t *ret_len)
{
    /* duckdb_string_t: length, then up to 12 bytes in place, else 4 bytes of prefix and a pointer. */
    const duckdb_string_t *string = (const duckdb_string_t *)column->data + row;
    *ret_len = string->value.inlined.length;
    return *ret_len <= 12 ? string->value.inlined.inlined : string->value.pointer.ptr;
}

bool engine_query_text(EngineConn *conn, const char *sql, char **ret_text, GError **error)
{
    g_autoptr(EngineResult) result = engine_query(conn, sql, error);
    if (!result) {
        return false;
    }
    g_autoptr(GError) failed = NULL;
    EngineChunk *chunk = engine_result_next(result, &failed);
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    bool found = false;
    if (chunk && result->n_columns > 0) {
        EngineColumn column = engine_chunk_column(chunk, 0);
        found = engine_column_append_text(&column, 0, text);
    }
    *ret_text = found ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
    return true;
}

bool engine_query_int(EngineConn *conn, const char *sql, int64_t *ret, GError **error)
{
    g_autofree char *text = NULL;
    if (!engine_query_text(conn, sql, &text, error)) {
        return false;
    }
    gint64 value;
    if (!text || !base_text_to_int(text, G_MININT64, G_MAXINT64, &value)) {
        return base_fail(error, BASE_E_SQL_FAILED, "expected an integer, got `%s`", text ? text : "NULL");
    }
    *ret = value;
    return true;
}

/* Integers beyond 64 bits, which a JSON library cannot hold, become text. */
static json_t *value_json(const EngineColumn *column, size_t row, GString *text)
{
    g_string_assign(text, "[");
    engine_column_append_json(column, row, text);
    g_string_append_c(text, ']');
    g_autoptr(json_t) list = base_json_parse(text->str, text->len, NULL);
    if (list) {
        return json_incref(json_array_get(list, 0));
    }
    return json_stringn(text->str + 1, text->len - 2);
}

static json_t *row_json(const EngineResult *result, const EngineColumn *columns, size_t row)
{
    json_t *object = json_object();
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; i < result->n_columns; i++) {
        json_object_set_new(object, result->names[i], value_json(&columns[i], row, text));
    }
    return object;
}

static bool append_rows(json_t *rows, EngineResult *result, size_t max_rows, GError **error)
{
    g_autofree EngineColumn *columns = g_new0(EngineColumn, result->n_columns);
    g_autoptr(GError) failed = NULL;
    EngineChunk *chunk;
    while (json_array_size(rows) < max_rows && (chunk = engine_result_next(result, &failed))) {
        for (size_t i = 0; i < result->n_columns; i++) {
            columns[i] = engine_chunk_column(chunk, i);
        }
        for (size_t row = 0; row < chunk->rows && json_array_size(rows) < max_rows; row++) {
            json_array_append_new(rows, row_json(result, columns, row));
        }
    }
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    return true;
}

json_t *engine_query_json(EngineConn *conn, const char *sql, const EngineValue *values, size_t n_values,
                          size_t max_rows, GError **error)
{
    g_autoptr(EngineStmt) stmt = engine_prepare(conn, sql, error);
    if (!stmt) {
        return NULL;
    }
    for (size_t i = 0; i < n_values; i++) {
        if (!engine_stmt_bind(stmt, i, &values[i], error)) {
            return NULL;
        }
    }
    g_autoptr(EngineResult) result = engine_stmt_run(stmt, error);
    g_autoptr(json_t) rows = json_array();
    return result && append_rows(rows, result, max_rows, error) ? g_steal_pointer(&rows) : NULL;
}
