/* Prepared statements: parameters, columns known before running, binding. */
#include "engine/duckdb/duckdb_int.h"
#include "engine/sql.h"

/* The engine answers DML with one row "Count"; for a caller these are statements without rows. */
static bool has_rows(duckdb_prepared_statement statement)
{
    idx_t n = duckdb_prepared_statement_column_count(statement);
    switch ((int)duckdb_prepared_statement_type(statement)) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_EXECUTE:
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
    case DUCKDB_STATEMENT_TYPE_CALL:
    case DUCKDB_STATEMENT_TYPE_RELATION:
        return n > 0;
    case DUCKDB_STATEMENT_TYPE_INSERT:
    case DUCKDB_STATEMENT_TYPE_UPDATE:
    case DUCKDB_STATEMENT_TYPE_DELETE:
    case ENGINE_DUCKDB_STATEMENT_MERGE_INTO: {
        if (n != 1) {
            return n > 1;
        }
        const char *name = duckdb_prepared_statement_column_name(statement, 0);
        bool count = g_strcmp0(name, "Count") == 0;
        duckdb_free((void *)(uintptr_t)name);
        return !count;
    }
    default:
        return false;
    }
}

static void read_columns(EngineStmt *stmt)
{
    stmt->n_columns = stmt->has_rows ? duckdb_prepared_statement_column_count(stmt->statement) : 0;
    stmt->columns = g_new0(EngineLogical *, stmt->n_columns);
    stmt->column_names = g_new0(char *, stmt->n_columns);
    for (size_t i = 0; i < stmt->n_columns; i++) {
        const char *name = duckdb_prepared_statement_column_name(stmt->statement, i);
        stmt->column_names[i] = g_strdup(name ? name : "");
        duckdb_free((void *)(uintptr_t)name);
        duckdb_logical_type type = duckdb_prepared_statement_column_logical_type(stmt->statement, i);
        if (type) {
            stmt->columns[i] = engine_int_logical(type);
            duckdb_destroy_logical_type(&type);
        }
    }
}

static void read_params(EngineStmt *stmt)
{
    stmt->n_params = duckdb_nparams(stmt->statement);
    stmt->param_names = g_new0(char *, stmt->n_params);
    for (size_t i = 0; i < stmt->n_params; i++) {
        const char *name = duckdb_parameter_name(stmt->statement, i + 1);
        stmt->param_names[i] = g_strdup(name ? name : "");
        duckdb_free((void *)(uintptr_t)name);
    }
}

/* ---- types without a form --------------------------------------------------------------------------- */

static bool is_formless(const EngineLogical *logical)
{
    return logical && logical->type.id == ENGINE_OTHER && logical->form == ENGINE_FORM_NONE;
}

/* A column whose values cannot be read here (VARIANT, GEOMETRY) comes as the engine's own text: the SELECT
 * becomes a subquery whose columns are taken by position, those cast to text. */
static char *shown_as_text(const EngineStmt *stmt)
{
    g_autoptr(GString) out = g_string_new("SELECT ");
    bool wanted = false;
    for (size_t i = 0; i < stmt->n_columns; i++) {
        bool cast = is_formless(stmt->columns[i]);
        wanted = wanted || cast;
        g_string_append_printf(out, "%s#%zu%s AS ", i ? ", " : "", i + 1, cast ? "::VARCHAR" : "");
        engine_sql_append_name(out, stmt->column_names[i]);
    }
    g_string_append_printf(out, " FROM (%s\n)", stmt->sql);
    return wanted ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

static EngineStmt *prepare(EngineConn *conn, const char *sql, GError **error)
{
    g_autoptr(EngineStmt) stmt = g_new0(EngineStmt, 1);
    stmt->conn = conn;
    stmt->sql = g_strdup(sql);
    if (duckdb_prepare(conn->connection, sql, &stmt->statement) != DuckDBSuccess) {
        engine_int_fail(conn->engine, error, duckdb_prepare_error(stmt->statement), sql);
        return NULL;
    }
    stmt->has_rows = has_rows(stmt->statement);
    stmt->is_select = duckdb_prepared_statement_type(stmt->statement) == DUCKDB_STATEMENT_TYPE_SELECT;
    read_columns(stmt);
    read_params(stmt);
    return g_steal_pointer(&stmt);
}

EngineStmt *engine_prepare(EngineConn *conn, const char *sql, GError **error)
{
    g_autoptr(EngineStmt) stmt = prepare(conn, sql, error);
    /* With parameters whose types are not known yet the engine shows one column "unknown": that is no form.
     */
    bool known = stmt && stmt->is_select && engine_stmt_n_params(stmt) == 0;
    g_autofree char *text = known ? shown_as_text(stmt) : NULL;
    if (!text) {
        return g_steal_pointer(&stmt);
    }
    EngineStmt *wrapped = prepare(conn, text, NULL); /* a SELECT that cannot be a subquery stays as it is */
    return wrapped ? wrapped : g_steal_pointer(&stmt);
}

void engine_stmt_free(EngineStmt *stmt)
{
    if (!stmt) {
        return;
    }
    for (size_t i = 0; i < stmt->n_columns; i++) {
        engine_int_logical_free(stmt->columns[i]);
        g_free(stmt->column_names[i]);
    }
    for (size_t i = 0; i < stmt->n_params; i++) {
        g_free(stmt->param_names[i]);
    }
    g_free(stmt->columns);
    g_free(stmt->column_names);
    g_free(stmt->param_names);
    if (stmt->statement) {
        duckdb_destroy_prepare(&stmt->statement);
    }
    g_free(stmt->sql);
    g_free(stmt);
}

size_t engine_stmt_n_params(const EngineStmt *stmt)
{
    return stmt->n_params;
}

const char *engine_stmt_param_name(const EngineStmt *stmt, size_t i)
{
    return i < stmt->n_params ? stmt->param_names[i] : NULL;
}

EngineType engine_stmt_param_type(const EngineStmt *stmt, size_t i)
{
    EngineType none = {.id = ENGINE_NULL};
    duckdb_logical_type type = duckdb_param_logical_type(stmt->statement, i + 1);
    if (!type) {
        return none;
    }
    EngineLogical *logical = engine_int_logical(type);
    duckdb_destroy_logical_type(&type);
    EngineType result =
        logical->type.id == ENGINE_OTHER && logical->form == ENGINE_FORM_NONE ? none : logical->type;
    engine_int_logical_free(logical);
    return result;
}

size_t engine_stmt_n_columns(const EngineStmt *stmt)
{
    return stmt->n_columns;
}

const char *engine_stmt_column_name(const EngineStmt *stmt, size_t i)
{
    return i < stmt->n_columns ? stmt->column_names[i] : NULL;
}

EngineType engine_stmt_column_type(const EngineStmt *stmt, size_t i)
{
    if (i >= stmt->n_columns || !stmt->columns[i]) {
        return (EngineType){.id = ENGINE_NULL};
    }
    return stmt->columns[i]->type;
}

bool engine_stmt_param_index(const EngineStmt *stmt, const char *name, size_t *ret_i)
{
    for (size_t i = 0; i < stmt->n_params; i++) {
        if (g_ascii_strcasecmp(stmt->param_names[i], name) == 0) {
            *ret_i = i;
            return true;
        }
    }
    return false;
}

static duckdb_state bind_value(duckdb_prepared_statement statement, idx_t i, const EngineValue *v)
{
    switch (v->id) {
    case ENGINE_NULL:
        return duckdb_bind_null(statement, i);
    case ENGINE_BOOLEAN:
        return duckdb_bind_boolean(statement, i, v->boolean);
    case ENGINE_INT8:
        return duckdb_bind_int8(statement, i, (int8_t)v->i64);
    case ENGINE_INT16:
        return duckdb_bind_int16(statement, i, (int16_t)v->i64);
    case ENGINE_INT32:
        return duckdb_bind_int32(statement, i, (int32_t)v->i64);
    case ENGINE_INT64:
        return duckdb_bind_int64(statement, i, v->i64);
    case ENGINE_UINT8:
        return duckdb_bind_uint8(statement, i, (uint8_t)v->u64);
    case ENGINE_UINT16:
        return duckdb_bind_uint16(statement, i, (uint16_t)v->u64);
    case ENGINE_UINT32:
        return duckdb_bind_uint32(statement, i, (uint32_t)v->u64);
    case ENGINE_UINT64:
        return duckdb_bind_uint64(statement, i, v->u64);
    case ENGINE_FLOAT:
        return duckdb_bind_float(statement, i, (float)v->real);
    case ENGINE_DOUBLE:
        return duckdb_bind_double(statement, i, v->real);
    case ENGINE_DATE:
        return duckdb_bind_date(statement, i, (duckdb_date){(int32_t)v->i64});
    case ENGINE_TIME:
        return duckdb_bind_time(statement, i, (duckdb_time){v->i64});
    case ENGINE_TIMESTAMP:
        return duckdb_bind_timestamp(statement, i, (duckdb_timestamp){v->i64});
    case ENGINE_TIMESTAMP_TZ:
        return duckdb_bind_timestamp_tz(statement, i, (duckdb_timestamp){v->i64});
    case ENGINE_BLOB:
        return duckdb_bind_blob(statement, i, v->text.bytes, v->text.len);
    default: /* TEXT, JSON, DECIMAL and whatever else comes as text; the engine casts */
        return duckdb_bind_varchar_length(statement, i, v->text.bytes, v->text.len);
    }
}

/* Integers narrower than 64 bits must fit: a cast in silence would store another number. */
static bool fits(const EngineValue *v)
{
    switch (v->id) {
    case ENGINE_INT8:
        return v->i64 >= INT8_MIN && v->i64 <= INT8_MAX;
    case ENGINE_INT16:
        return v->i64 >= INT16_MIN && v->i64 <= INT16_MAX;
    case ENGINE_INT32:
    case ENGINE_DATE:
        return v->i64 >= INT32_MIN && v->i64 <= INT32_MAX;
    case ENGINE_UINT8:
        return v->u64 <= UINT8_MAX;
    case ENGINE_UINT16:
        return v->u64 <= UINT16_MAX;
    case ENGINE_UINT32:
        return v->u64 <= UINT32_MAX;
    default:
        return true;
    }
}

EngineValue engine_value_text(const char *text)
{
    EngineValue value = {.id = ENGINE_NULL};
    if (text) {
        value.id = ENGINE_TEXT;
        value.text.bytes = text;
        value.text.len = strlen(text);
    }
    return value;
}

EngineValue engine_value_int(int64_t i)
{
    return (EngineValue){.id = ENGINE_INT64, .i64 = i};
}

bool engine_stmt_bind(EngineStmt *stmt, size_t i, const EngineValue *value, GError **error)
{
    if (i >= stmt->n_params) {
        return base_fail(error, BASE_E_SQL_FAILED, "parameter %zu of a statement with %zu", i + 1,
                         stmt->n_params);
    }
    if (!fits(value)) {
        return base_fail(error, BASE_E_VALUE_OUT_OF_RANGE,
                         "value %" G_GINT64_FORMAT " is out of range for %s", value->i64,
                         engine_type_name(value->id));
    }
    if (bind_value(stmt->statement, i + 1, value) != DuckDBSuccess) {
        const char *reason = duckdb_prepare_error(stmt->statement);
        return reason ? engine_int_fail(stmt->conn->engine, error, reason, NULL)
                      : base_fail(error, BASE_E_TYPE_MISMATCH, "a value does not fit parameter %zu", i + 1);
    }
    return true;
}
