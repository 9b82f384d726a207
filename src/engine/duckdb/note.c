/* Note functions: name(BIGINT, BIGINT, VARCHAR) -> BOOLEAN, called back into C for its side effect. */
#include "engine/duckdb/duckdb_int.h"

typedef struct {
    EngineNote note;
    void *user;
} Note;

static bool is_valid(const uint64_t *valid, idx_t row)
{
    return !valid || ((valid[row / 64] >> (row % 64)) & 1);
}

static void note_function(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    const Note *note = duckdb_scalar_function_get_extra_info(info);
    duckdb_vector texts = duckdb_data_chunk_get_vector(input, 2);
    const int64_t *handles = duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0));
    const int64_t *rows = duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 1));
    EngineColumn text = {.type = {.id = ENGINE_TEXT},
                         .data = duckdb_vector_get_data(texts),
                         .valid = duckdb_vector_get_validity(texts)};
    const uint64_t *handles_valid = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(input, 0));
    const uint64_t *rows_valid = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(input, 1));
    bool *results = duckdb_vector_get_data(output);
    idx_t n = duckdb_data_chunk_get_size(input);
    for (idx_t i = 0; i < n; i++) {
        size_t len = 0;
        const char *bytes = engine_column_is_null(&text, i) ? NULL : engine_column_bytes(&text, i, &len);
        int64_t handle = is_valid(handles_valid, i) ? handles[i] : 0;
        int64_t row = is_valid(rows_valid, i) ? rows[i] : 0;
        results[i] = note->note(note->user, handle, row, bytes, len);
    }
}

bool engine_add_note_function(Engine *engine, const char *name, EngineNote note, void *user, GError **error)
{
    Note *extra = g_new(Note, 1);
    *extra = (Note){note, user};
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_logical_type bigint = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_logical_type varchar = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_logical_type boolean = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    duckdb_scalar_function_set_name(function, name);
    duckdb_scalar_function_add_parameter(function, bigint);
    duckdb_scalar_function_add_parameter(function, bigint);
    duckdb_scalar_function_add_parameter(function, varchar);
    duckdb_scalar_function_set_return_type(function, boolean);
    duckdb_scalar_function_set_volatile(function);         /* never folded or left out */
    duckdb_scalar_function_set_special_handling(function); /* called for NULL too */
    duckdb_scalar_function_set_extra_info(function, extra, g_free);
    duckdb_scalar_function_set_function(function, note_function);
    g_mutex_lock(&engine->control_lock);
    bool ok = duckdb_register_scalar_function(engine->control->connection, function) == DuckDBSuccess;
    g_mutex_unlock(&engine->control_lock);
    duckdb_destroy_logical_type(&bigint);
    duckdb_destroy_logical_type(&varchar);
    duckdb_destroy_logical_type(&boolean);
    duckdb_destroy_scalar_function(&function);
    return ok || base_fail(error, BASE_E_INTERNAL, "the engine refuses the function %s", name);
}
