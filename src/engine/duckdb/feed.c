/* Feeds: rows from C as `FROM weir_feed(ID)`, the fastest way into a table (measured 1.35 times COPY).
 *
 * One table function serves all feeds. Binding looks the id up; ids are random, so that no SQL can
 * guess another's. Each engine thread has a Local with the feed's own state. Only projected columns
 * are wanted. Errors keep their code and hint on the way through the engine (engine_int_pack_error). */
#include <sys/random.h>

#include "engine/duckdb/duckdb_int.h"

/* In the library since 1.5, not in older headers: assigns without a second UTF-8 check. */
void duckdb_unsafe_vector_assign_string_element_len(duckdb_vector vector, idx_t index, const char *text,
                                                    idx_t len) __attribute__((weak));

typedef struct {
    duckdb_vector vector; /* NULL: not wanted */
    void *data;           /* where the feed writes */
    uint64_t *valid;      /* NULL: no NULL yet */
    int64_t *scratch;     /* narrow DECIMAL: the feed writes int64 here */
    size_t items, room;   /* LIST: of all rows of the batch */
} BatchColumn;

struct EngineBatch {
    const EngineFeed *feed;
    BatchColumn *columns;
    size_t rows;
};

typedef struct {
    EngineFeed *feed;
    void *local;
    bool opened, done;
    EngineBatch batch;
} Local;

/* Which column of the feed each column of the output is; one for a query, shared by its threads. */
typedef struct {
    size_t n;
    size_t index[]; /* SIZE_MAX: none (count(*) reads a row number that nobody looks at) */
} Projection;

/* ---- errors ------------------------------------------------------------------------------------ */

char *engine_int_pack_error(const GError *error)
{
    const char *hint = base_error_get_hint(error);
    return g_strdup_printf("\001%u\001%s\001%s", base_error_info(error)->code, error->message,
                           hint ? hint : "");
}

/* ---- batches ----------------------------------------------------------------------------------- */

bool engine_batch_wanted(const EngineBatch *batch, size_t column)
{
    return batch->columns[column].vector != NULL;
}

void *engine_batch_data(EngineBatch *batch, size_t column)
{
    return batch->columns[column].data;
}

void engine_batch_set_null(EngineBatch *batch, size_t column, size_t row)
{
    BatchColumn *c = &batch->columns[column];
    if (!c->valid) {
        duckdb_vector_ensure_validity_writable(c->vector);
        c->valid = duckdb_vector_get_validity(c->vector);
    }
    c->valid[row / 64] &= ~(UINT64_C(1) << (row % 64));
}

static void set_bytes(duckdb_vector vector, void *data, size_t row, const char *bytes, size_t len)
{
    if (len <= 12) { /* lies in the string itself */
        duckdb_string_t *string = (duckdb_string_t *)data + row;
        memset(string, 0, sizeof *string);
        string->value.inlined.length = (uint32_t)len;
        memcpy(string->value.inlined.inlined, bytes, len);
    } else if (duckdb_unsafe_vector_assign_string_element_len) {
        duckdb_unsafe_vector_assign_string_element_len(vector, row, bytes, len);
    } else {
        duckdb_vector_assign_string_element_len(vector, row, bytes, len);
    }
}

void engine_batch_set_bytes(EngineBatch *batch, size_t column, size_t row, const char *bytes, size_t len)
{
    BatchColumn *c = &batch->columns[column];
    set_bytes(c->vector, c->data, row, bytes, len);
}

size_t engine_batch_set_list(EngineBatch *batch, size_t column, size_t row, size_t n)
{
    BatchColumn *c = &batch->columns[column];
    size_t first = c->items;
    c->items += n;
    if (c->items > c->room) {
        c->room = MAX(c->items, MAX(c->room * 2, (size_t)ENGINE_CHUNK_ROWS));
        duckdb_list_vector_reserve(c->vector, c->room);
    }
    ((duckdb_list_entry *)c->data)[row] = (duckdb_list_entry){.offset = first, .length = n};
    return first;
}

void *engine_batch_items(EngineBatch *batch, size_t column)
{
    return duckdb_vector_get_data(duckdb_list_vector_get_child(batch->columns[column].vector));
}

void engine_batch_set_item_bytes(EngineBatch *batch, size_t column, size_t item, const char *bytes,
                                 size_t len)
{
    duckdb_vector items = duckdb_list_vector_get_child(batch->columns[column].vector);
    set_bytes(items, duckdb_vector_get_data(items), item, bytes, len);
}

void engine_batch_set_rows(EngineBatch *batch, size_t rows)
{
    batch->rows = MIN(rows, ENGINE_CHUNK_ROWS);
}

static bool is_narrow_decimal(EngineType type)
{
    return type.id == ENGINE_DECIMAL && type.width <= 9;
}

static void batch_begin(EngineBatch *batch, const Projection *projection, duckdb_data_chunk output)
{
    batch->rows = 0;
    for (size_t i = 0; i < projection->n; i++) {
        if (projection->index[i] == SIZE_MAX) {
            continue;
        }
        BatchColumn *c = &batch->columns[projection->index[i]];
        c->vector = duckdb_data_chunk_get_vector(output, i);
        c->valid = NULL;
        c->items = c->room = 0;
        c->data = c->scratch ? (void *)c->scratch : duckdb_vector_get_data(c->vector);
    }
}

/* DECIMALs of up to 9 digits are stored in 16 or 32 bits. */
static void batch_end(EngineBatch *batch)
{
    for (size_t i = 0; i < batch->feed->n_columns; i++) {
        BatchColumn *c = &batch->columns[i];
        if (c->vector && batch->feed->types[i].id == ENGINE_LIST) {
            duckdb_list_vector_set_size(c->vector, c->items);
        }
        if (!c->vector || !c->scratch) {
            continue;
        }
        void *data = duckdb_vector_get_data(c->vector);
        for (size_t row = 0; row < batch->rows; row++) {
            if (batch->feed->types[i].width <= 4) {
                ((int16_t *)data)[row] = (int16_t)c->scratch[row];
            } else {
                ((int32_t *)data)[row] = (int32_t)c->scratch[row];
            }
        }
    }
}

/* ---- the table function -------------------------------------------------------------------------- */

static EngineFeed *find_feed(Engine *engine, uint64_t id)
{
    g_mutex_lock(&engine->feeds_lock);
    EngineFeed *feed = g_hash_table_lookup(engine->feeds, &id);
    g_mutex_unlock(&engine->feeds_lock);
    return feed;
}

static duckdb_logical_type type_of(const EngineFeed *feed, size_t column)
{
    if (feed->types[column].id != ENGINE_LIST) {
        return engine_int_type_of(feed->types[column]);
    }
    duckdb_logical_type item = feed->items && feed->items[column] != ENGINE_DECIMAL
                                   ? engine_int_type_of((EngineType){.id = feed->items[column]})
                                   : NULL;
    duckdb_logical_type list = item ? duckdb_create_list_type(item) : NULL;
    if (item) {
        duckdb_destroy_logical_type(&item);
    }
    return list;
}

static void bind_columns(duckdb_bind_info info, const EngineFeed *feed)
{
    for (size_t i = 0; i < feed->n_columns; i++) {
        duckdb_logical_type type = type_of(feed, i);
        if (!type) {
            duckdb_bind_set_error(info, "a feed's column has a type that feeds cannot give");
            return;
        }
        duckdb_bind_add_result_column(info, feed->names[i], type);
        duckdb_destroy_logical_type(&type);
    }
    if (feed->rows_estimate > 0) {
        duckdb_bind_set_cardinality(info, (idx_t)feed->rows_estimate, false);
    }
}

static void feed_bind(duckdb_bind_info info)
{
    Engine *engine = duckdb_bind_get_extra_info(info);
    duckdb_value value = duckdb_bind_get_parameter(info, 0);
    uint64_t id = (uint64_t)duckdb_get_int64(value);
    duckdb_destroy_value(&value);
    EngineFeed *feed = find_feed(engine, id);
    if (!feed) {
        duckdb_bind_set_error(info, "no such feed");
        return;
    }
    g_atomic_int_inc(&feed->n_plans);
    bind_columns(info, feed);
    duckdb_bind_set_bind_data(info, feed, NULL); /* borrowed: engine_feed_remove comes after the query */
}

static void feed_init(duckdb_init_info info)
{
    const EngineFeed *feed = duckdb_init_get_bind_data(info);
    size_t n = duckdb_init_get_column_count(info);
    Projection *projection = g_malloc(sizeof *projection + n * sizeof projection->index[0]);
    projection->n = n;
    for (size_t i = 0; i < n; i++) {
        idx_t index = duckdb_init_get_column_index(info, i);
        projection->index[i] = index < feed->n_columns ? index : SIZE_MAX;
    }
    duckdb_init_set_max_threads(info, MAX(feed->max_threads, 1));
    duckdb_init_set_init_data(info, projection, g_free);
}

static void local_free(void *data)
{
    Local *local = data;
    if (local->opened && local->feed->close) {
        local->feed->close(local->local);
    }
    for (size_t i = 0; i < local->feed->n_columns; i++) {
        g_free(local->batch.columns[i].scratch);
    }
    g_free(local->batch.columns);
    g_free(local);
}

static void feed_local_init(duckdb_init_info info)
{
    Local *local = g_new0(Local, 1);
    local->feed = duckdb_init_get_bind_data(info);
    local->batch.feed = local->feed;
    local->batch.columns = g_new0(BatchColumn, local->feed->n_columns);
    for (size_t i = 0; i < local->feed->n_columns; i++) {
        if (is_narrow_decimal(local->feed->types[i])) {
            local->batch.columns[i].scratch = g_new0(int64_t, ENGINE_CHUNK_ROWS);
        }
    }
    g_autoptr(GError) error = NULL;
    local->local = local->feed->open ? local->feed->open(local->feed, &error) : NULL;
    local->opened = !error;
    duckdb_init_set_init_data(info, local, local_free);
    if (error) {
        g_autofree char *packed = engine_int_pack_error(error);
        duckdb_init_set_error(info, packed);
    }
}

static void feed_function(duckdb_function_info info, duckdb_data_chunk output)
{
    Local *local = duckdb_function_get_local_init_data(info);
    const Projection *projection = duckdb_function_get_init_data(info);
    if (local->done) {
        duckdb_data_chunk_set_size(output, 0);
        return;
    }
    batch_begin(&local->batch, projection, output);
    g_autoptr(GError) error = NULL;
    if (!local->feed->next(local->feed, local->local, &local->batch, &error)) {
        local->done = true;
        g_autofree char *packed =
            error ? engine_int_pack_error(error) : g_strdup("a feed failed without a reason");
        duckdb_function_set_error(info, packed);
        return;
    }
    batch_end(&local->batch);
    local->done = local->batch.rows == 0;
    duckdb_data_chunk_set_size(output, local->batch.rows);
}

bool engine_int_feed_install(EngineConn *conn, Engine *engine, GError **error)
{
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_logical_type id = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_table_function_set_name(function, "weir_feed");
    duckdb_table_function_add_parameter(function, id);
    duckdb_table_function_set_extra_info(function, engine, NULL);
    duckdb_table_function_set_bind(function, feed_bind);
    duckdb_table_function_set_init(function, feed_init);
    duckdb_table_function_set_local_init(function, feed_local_init);
    duckdb_table_function_set_function(function, feed_function);
    duckdb_table_function_supports_projection_pushdown(function, true);
    bool ok = duckdb_register_table_function(conn->connection, function) == DuckDBSuccess;
    duckdb_destroy_logical_type(&id);
    duckdb_destroy_table_function(&function);
    return ok || base_fail(error, BASE_E_INTERNAL, "the engine refuses the function weir_feed");
}

/* ---- the registry -------------------------------------------------------------------------------- */

static uint64_t random_id(void)
{
    uint64_t id = 0;
    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id) {
        id = (uint64_t)g_random_int() << 32 | g_random_int();
    }
    return id >> 1; /* fits BIGINT */
}

uint64_t engine_feed_add(Engine *engine, EngineFeed *feed)
{
    g_mutex_lock(&engine->feeds_lock);
    uint64_t *id = g_new(uint64_t, 1);
    do {
        *id = random_id();
    } while (*id == 0 || g_hash_table_contains(engine->feeds, id));
    uint64_t result = *id;
    g_hash_table_insert(engine->feeds, id, feed);
    g_mutex_unlock(&engine->feeds_lock);
    return result;
}

void engine_feed_remove(Engine *engine, uint64_t id)
{
    g_mutex_lock(&engine->feeds_lock);
    g_hash_table_remove(engine->feeds, &id);
    g_mutex_unlock(&engine->feeds_lock);
}
