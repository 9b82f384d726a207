/* The functions of MySQL and Doris that the engine has not.
 *
 * Two kinds. Row functions in C, registered with the database, so every session and view sees them; most are
 * named fn_... and are the parts that macros are made of. Macros (functions_macros.c), for all that the
 * engine's own functions can say: they live in an attached memory database "weir_fn" that is on every
 * session's search path, so they are stored in no file and no schema of a user, and are made anew at each
 * start. Views and models may use both. Names that the engine knows with another meaning (length, week, now)
 * are not replaced; the MySQL dialect (sql_mysql_call.c) calls mysql_length and so on instead. */
#include "engine/duckdb/functions_int.h"

/* ---- cells ----------------------------------------------------------------------------------- */

static void read_cell(duckdb_type type, const void *data, idx_t row, FunctionCell *cell)
{
    switch (type) {
    case DUCKDB_TYPE_DATE:
        cell->i64 = ((const int32_t *)data)[row];
        break;
    case DUCKDB_TYPE_DOUBLE:
        cell->real = ((const double *)data)[row];
        break;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB: {
        /* the engine's API takes the string by a pointer that is not const, and does not write */
        duckdb_string_t *string = (duckdb_string_t *)(uintptr_t)data + row;
        cell->bytes = duckdb_string_t_data(string);
        cell->len = duckdb_string_t_length(*string);
        break;
    }
    case DUCKDB_TYPE_INTERVAL:
        cell->interval = ((const duckdb_interval *)data)[row];
        break;
    default:
        cell->i64 = ((const int64_t *)data)[row];
    }
}

static void write_cell(duckdb_type type, duckdb_vector vector, void *data, idx_t row,
                       const FunctionResult *value)
{
    switch (type) {
    case DUCKDB_TYPE_DATE:
        ((int32_t *)data)[row] = (int32_t)value->cell.i64;
        break;
    case DUCKDB_TYPE_DOUBLE:
        ((double *)data)[row] = value->cell.real;
        break;
    case DUCKDB_TYPE_VARCHAR:
        duckdb_vector_assign_string_element_len(vector, row, value->text->str, value->text->len);
        break;
    case DUCKDB_TYPE_INTERVAL:
        ((duckdb_interval *)data)[row] = value->cell.interval;
        break;
    default:
        ((int64_t *)data)[row] = value->cell.i64;
    }
}

/* ---- running one chunk ----------------------------------------------------------------------- */

typedef struct {
    const void *data[FUNCTION_MAX_ARGS];
    uint64_t *valid[FUNCTION_MAX_ARGS];
    size_t n;
} Inputs;

static void inputs_of(const FunctionInfo *info, duckdb_data_chunk chunk, Inputs *inputs)
{
    for (inputs->n = 0; inputs->n < FUNCTION_MAX_ARGS && info->args[inputs->n]; inputs->n++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, inputs->n);
        inputs->data[inputs->n] = duckdb_vector_get_data(vector);
        inputs->valid[inputs->n] = duckdb_vector_get_validity(vector);
    }
}

static bool read_row(const FunctionInfo *info, const Inputs *inputs, idx_t row, FunctionCell *cells)
{
    for (size_t i = 0; i < inputs->n; i++) {
        if (inputs->valid[i] && !duckdb_validity_row_is_valid(inputs->valid[i], row)) {
            return false;
        }
        read_cell(info->args[i], inputs->data[i], row, &cells[i]);
    }
    return true;
}

static void run(duckdb_function_info function, duckdb_data_chunk chunk, duckdb_vector output)
{
    const FunctionInfo *info = duckdb_scalar_function_get_extra_info(function);
    Inputs inputs;
    inputs_of(info, chunk, &inputs);
    void *out = duckdb_vector_get_data(output);
    duckdb_vector_ensure_validity_writable(output);
    uint64_t *out_valid = duckdb_vector_get_validity(output);
    g_autoptr(GString) text = g_string_new(NULL);
    idx_t rows = duckdb_data_chunk_get_size(chunk);
    for (idx_t row = 0; row < rows; row++) {
        FunctionCell cells[FUNCTION_MAX_ARGS] = {0};
        FunctionResult value = {.text = text};
        g_string_truncate(text, 0);
        if (read_row(info, &inputs, row, cells) && info->row(cells, &value)) {
            write_cell(info->result, output, out, row, &value);
        } else {
            duckdb_validity_set_row_invalid(out_valid, row);
        }
    }
}

/* ---- registering ----------------------------------------------------------------------------- */

static duckdb_scalar_function make_function(const FunctionInfo *info)
{
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(function, info->name);
    for (size_t i = 0; i < FUNCTION_MAX_ARGS && info->args[i]; i++) {
        duckdb_logical_type type = duckdb_create_logical_type(info->args[i]);
        duckdb_scalar_function_add_parameter(function, type);
        duckdb_destroy_logical_type(&type);
    }
    duckdb_logical_type result = duckdb_create_logical_type(info->result);
    duckdb_scalar_function_set_return_type(function, result);
    duckdb_destroy_logical_type(&result);
    /* the row of the table is const and outlives the database: nothing to free */
    duckdb_scalar_function_set_extra_info(function, (void *)(uintptr_t)info, NULL);
    duckdb_scalar_function_set_function(function, run);
    return function;
}

/* Registers the rows [first, first + n) of one name as overloads. */
static bool register_overloads(EngineConn *conn, const FunctionInfo *infos, size_t n, GError **error)
{
    duckdb_scalar_function_set set = duckdb_create_scalar_function_set(infos->name);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        duckdb_scalar_function function = make_function(&infos[i]);
        ok = ok && duckdb_add_scalar_function_to_set(set, function) == DuckDBSuccess;
        duckdb_destroy_scalar_function(&function);
    }
    ok = ok && duckdb_register_scalar_function_set(conn->connection, set) == DuckDBSuccess;
    duckdb_destroy_scalar_function_set(&set);
    return ok || base_fail(error, BASE_E_INTERNAL, "the function %s could not be registered", infos->name);
}

static bool register_all(EngineConn *conn, const FunctionInfo *infos, size_t n, GError **error)
{
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && strcmp(infos[end].name, infos[i].name) == 0) {
            end++;
        }
        if (!register_overloads(conn, infos + i, end - i, error)) {
            return false;
        }
        i = end;
    }
    return true;
}

/* All macros in one transaction, each as it is written: half of the cost of a statement by itself. */
static bool make_macros(EngineConn *conn, GError **error)
{
    g_autofree char *all = g_strjoinv(";\n", (char **)(guintptr)FUNCTIONS_MACROS);
    g_autofree char *sql =
        g_strconcat("PRAGMA disable_optimizer; BEGIN;\n", all, ";\nCOMMIT; PRAGMA enable_optimizer", NULL);
    return engine_exec(conn, sql, error);
}

bool engine_functions_install(EngineConn *conn, GError **error)
{
    return register_all(conn, FUNCTIONS_DATE, FUNCTIONS_DATE_N, error) &&
           register_all(conn, FUNCTIONS_TEXT, FUNCTIONS_TEXT_N, error) &&
           register_all(conn, FUNCTIONS_PERIOD, FUNCTIONS_PERIOD_N, error) &&
           engine_exec(conn, "ATTACH ':memory:' AS weir_fn", error) &&
           engine_exec(conn, ENGINE_FUNCTIONS_SEARCH_PATH, error) && make_macros(conn, error);
}
