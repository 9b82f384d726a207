/* POST /api/v1/query: one statement, its rows streamed as JSON, NDJSON, CSV or Parquet.
 *
 * Rows are written as they come: nothing is held but one buffer of QUERY_BUFFER_BYTES. An error after the
 * first byte ends the connection without the last chunk, so that no client takes half an answer for a whole
 * one. */
#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "server/environments.h"
#include "server/routes_int.h"
#include "server/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define QUERY_BUFFER_BYTES (64 * 1024)
#define QUERY_MAX_PARAMS   10000
#define PARQUET_READ_BYTES (256 * 1024)

typedef enum { FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV, FORMAT_PARQUET } Format;

static const struct {
    const char *word, *type;
} FORMATS[] = {[FORMAT_JSON] = {"json", "application/json"},
               [FORMAT_NDJSON] = {"ndjson", "application/x-ndjson"},
               [FORMAT_CSV] = {"csv", "text/csv; charset=utf-8"},
               [FORMAT_PARQUET] = {"parquet", "application/vnd.apache.parquet"}};

typedef struct {
    ServerCall *call;
    ServerSession *session;
    Format format;
    GString *out;
    gint64 rows, max_rows, started_us;
    bool truncated, has_columns, gone;
    GPtrArray *keys; /* char*: "\"name\":" ready to be written */
} Query;

/* ---- values in ----------------------------------------------------------------------------------------- */

static bool bind_value(const json_t *json, EngineValue *value, size_t index, GError **error)
{
    *value = (EngineValue){.id = ENGINE_NULL};
    if (json_is_string(json)) {
        value->id = ENGINE_TEXT;
        value->text.bytes = json_string_value(json);
        value->text.len = json_string_length(json);
    } else if (json_is_integer(json)) {
        value->id = ENGINE_INT64;
        value->i64 = json_integer_value(json);
    } else if (json_is_real(json)) {
        value->id = ENGINE_DOUBLE;
        value->real = json_real_value(json);
    } else if (json_is_boolean(json)) {
        value->id = ENGINE_BOOLEAN;
        value->boolean = json_is_true(json);
    } else if (!json_is_null(json)) {
        return base_fail(error, BASE_E_REQUEST_INVALID,
                         "parameter %zu is neither a text, a number, true, false nor null", index + 1);
    }
    return true;
}

static bool bind_values(const json_t *list, GArray *values, GError **error)
{
    size_t i;
    json_t *item;
    if (!list || json_is_null(list)) {
        return true;
    }
    if (!json_is_array(list) || json_array_size(list) > QUERY_MAX_PARAMS) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`params` must be a list of at most %d values",
                         QUERY_MAX_PARAMS);
    }
    json_array_foreach (list, i, item) {
        EngineValue value;
        if (!bind_value(item, &value, i, error)) {
            return false;
        }
        g_array_append_val(values, value);
    }
    return true;
}

/* ---- rows out ---------------------------------------------------------------------------------------------
 */

static bool flush(Query *query, bool always, GError **error)
{
    if (query->out->len < QUERY_BUFFER_BYTES && !always) {
        return true;
    }
    server_session_wait_begin(query->session);
    bool ok = query->call->write(query->call->write_user, query->out->str, query->out->len);
    server_session_wait_end(query->session);
    g_string_truncate(query->out, 0);
    query->gone = !ok;
    return ok || base_fail(error, BASE_E_INTERRUPTED, "the client is gone");
}

static void append_csv(GString *out, const char *text, size_t len)
{
    bool quote = len == 0;
    for (size_t i = 0; i < len && !quote; i++) {
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    }
    if (!quote) {
        g_string_append_len(out, text, (gssize)len);
        return;
    }
    g_string_append_c(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') {
            g_string_append_c(out, '"');
        }
        g_string_append_c(out, text[i]);
    }
    g_string_append_c(out, '"');
}

static void json_columns(Query *query, const EngineResult *result)
{
    g_string_append(query->out, "{\"columns\":[");
    for (size_t i = 0; i < engine_result_n_columns(result); i++) {
        const char *type = engine_result_type_text(result, i);
        g_string_append(query->out, i ? ",{\"name\":" : "{\"name\":");
        base_json_append_string(query->out, engine_result_column_name(result, i),
                                strlen(engine_result_column_name(result, i)));
        g_string_append(query->out, ",\"type\":");
        base_json_append_string(query->out, type, strlen(type));
        g_string_append_c(query->out, '}');
    }
    g_string_append(query->out, "],\"rows\":[");
}

static bool on_columns(void *user, const EngineResult *result, GError **error)
{
    Query *query = user;
    query->has_columns = true;
    for (size_t i = 0; i < engine_result_n_columns(result); i++) {
        const char *name = engine_result_column_name(result, i);
        GString *key = g_string_new(NULL);
        base_json_append_string(key, name, strlen(name));
        g_string_append_c(key, ':');
        g_ptr_array_add(query->keys, g_string_free(key, FALSE));
        if (query->format == FORMAT_CSV) {
            g_string_append(query->out, i ? "," : "");
            append_csv(query->out, name, strlen(name));
        }
    }
    if (query->format == FORMAT_CSV) {
        g_string_append(query->out, "\r\n");
    } else if (query->format == FORMAT_JSON) {
        json_columns(query, result);
    }
    return flush(query, false, error);
}

static void append_json_row(Query *query, const EngineColumn *columns, size_t n, size_t row)
{
    bool object = query->format == FORMAT_NDJSON;
    if (!object && query->rows > 0) {
        g_string_append_c(query->out, ',');
    }
    g_string_append_c(query->out, object ? '{' : '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            g_string_append_c(query->out, ',');
        }
        if (object) {
            g_string_append(query->out, g_ptr_array_index(query->keys, i));
        }
        if (engine_column_is_null(&columns[i], row)) {
            g_string_append(query->out, "null");
        } else {
            engine_column_append_json(&columns[i], row, query->out);
        }
    }
    g_string_append(query->out, object ? "}\n" : "]");
}

static void append_csv_row(Query *query, const EngineColumn *columns, size_t n, size_t row, GString *cell)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            g_string_append_c(query->out, ',');
        }
        g_string_truncate(cell, 0);
        if (engine_column_append_text(&columns[i], row, cell)) {
            append_csv(query->out, cell->str, cell->len);
        }
    }
    g_string_append(query->out, "\r\n");
}

static bool on_chunk(void *user, const EngineChunk *chunk, GError **error)
{
    Query *query = user;
    size_t n = query->keys->len, rows = engine_chunk_rows(chunk);
    g_autofree EngineColumn *columns = g_new(EngineColumn, n);
    g_autoptr(GString) cell = g_string_new(NULL);
    for (size_t i = 0; i < n; i++) {
        columns[i] = engine_chunk_column(chunk, i);
    }
    for (size_t row = 0; row < rows; row++) {
        if (query->max_rows >= 0 && query->rows >= query->max_rows) {
            query->truncated = true;
            return base_fail(error, BASE_E_INTERRUPTED, "max_rows is reached");
        }
        if (query->format == FORMAT_CSV) {
            append_csv_row(query, columns, n, row, cell);
        } else {
            append_json_row(query, columns, n, row);
        }
        query->rows++;
        if (!flush(query, false, error)) {
            return false;
        }
    }
    return true;
}

/* ---- the end
 * ------------------------------------------------------------------------------------------------ */

static void append_tail(Query *query, const ServerSqlResult *result)
{
    gint64 elapsed_ms = (base_time_monotonic_us() - query->started_us) / 1000;
    if (query->has_columns) {
        g_string_append_printf(query->out,
                               "],\"row_count\":%" G_GINT64_FORMAT
                               ",\"truncated\":%s,\"elapsed_ms\":%" G_GINT64_FORMAT "}\n",
                               query->rows, query->truncated ? "true" : "false", elapsed_ms);
        return;
    }
    g_string_append_printf(query->out,
                           "{\"changed\":%" G_GINT64_FORMAT ",\"elapsed_ms\":%" G_GINT64_FORMAT ",\"info\":",
                           result->changed, elapsed_ms);
    if (result->info) {
        base_json_append_string(query->out, result->info, strlen(result->info));
    } else {
        g_string_append(query->out, "null");
    }
    g_string_append(query->out, "}\n");
}

static bool finish(Query *query, const ServerSqlResult *result, GError **error)
{
    if (query->format == FORMAT_JSON || !query->has_columns) {
        append_tail(query, result);
    }
    return flush(query, true, error);
}

/* ---- Parquet
 * --------------------------------------------------------------------------------------------------- */

static void interrupt(void *user)
{
    engine_conn_interrupt(user);
}

/* The statement is checked as a SELECT, then Weir's own COPY writes it inside the spool folder, and the file
 * is sent. */
static bool copy_parquet(Query *query, const char *sql, const char *path, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(query->call->app), error);
    g_autoptr(CatalogSnapshot) snapshot =
        server_app_environment(query->call->app, server_session_environment(query->session), error);
    if (!conn || !snapshot) {
        return false;
    }
    AccessScope scope = {query->call->user, snapshot, server_session_database(query->session)};
    g_autofree char *select = access_rewrite(&scope, conn, sql, NULL, error);
    if (!select) {
        return false;
    }
    g_autoptr(GString) copy = g_string_new("COPY (");
    g_string_append_printf(copy, "%s) TO ", select);
    engine_sql_append_text(copy, path);
    g_string_append(copy, " (FORMAT parquet, COMPRESSION zstd)");
    gint64 timeout_us = base_config_int(server_app_config(query->call->app), BASE_CONFIG_QUERY_TIMEOUT);
    server_call_set_deadline(query->call, base_time_monotonic_us() + timeout_us);
    server_call_on_cancel(query->call, interrupt, conn);
    bool ok = engine_exec(conn, copy->str, error);
    server_call_on_cancel(query->call, NULL, NULL);
    return ok;
}

static bool send_file(Query *query, const char *path, GError **error)
{
    g_autofree char *buffer = g_malloc(PARQUET_READ_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return base_fs_fail(error, errno, "open", path);
    }
    ssize_t n;
    bool ok = true;
    while (ok && (n = read(fd, buffer, PARQUET_READ_BYTES)) > 0) {
        ok = query->call->write(query->call->write_user, buffer, (size_t)n);
    }
    close(fd);
    return ok || base_fail(error, BASE_E_INTERRUPTED, "the client is gone");
}

static bool run_parquet(Query *query, const char *sql, GError **error)
{
    static gint counter;
    g_autofree char *name = g_strdup_printf("query-%d.parquet", g_atomic_int_add(&counter, 1));
    g_autofree char *path = g_build_filename(server_app_data(query->call->app), "spool", name, NULL);
    bool ok = copy_parquet(query, sql, path, error) && send_file(query, path, error);
    unlink(path);
    return ok;
}

/* ---- the route
 * -------------------------------------------------------------------------------------------------- */

static Format format_of(const ServerCall *call)
{
    const char *word = call_query(call, "format", "");
    const char *accept = call_header(call, "accept");
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        if (g_str_equal(word, FORMATS[i].word)) {
            return (Format)i;
        }
    }
    if (!accept || *word) {
        return FORMAT_JSON;
    }
    return strstr(accept, "ndjson") || strstr(accept, "jsonlines") ? FORMAT_NDJSON
           : strstr(accept, "text/csv")                            ? FORMAT_CSV
           : strstr(accept, "parquet")                             ? FORMAT_PARQUET
                                                                   : FORMAT_JSON;
}

static void cancel(void *user)
{
    Query *query = user;
    ServerApp *app = query->call->app;
    (void)!server_session_kill(app, server_session_id(query->session), true,
                               access_local_user(server_app_access(app)), NULL);
}

static bool run(Query *query, GError **error)
{
    const json_t *body = query->call->body;
    const char *sql = base_json_string(body, "sql", NULL);
    const char *database = base_json_string(body, "database", NULL);
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(EngineValue));
    if (!sql) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "the body lacks `sql`");
    }
    const char *environment = base_json_string(body, "env", NULL);
    if ((environment && !server_session_set_environment(query->session, environment, error)) ||
        (database && !server_session_use(query->session, database, error)) ||
        !bind_values(json_object_get(body, "params"), values, error)) {
        return false;
    }
    if (query->format == FORMAT_PARQUET) {
        return run_parquet(query, sql, error);
    }
    const ServerSink sink = {on_columns, on_chunk, query};
    ServerSqlResult result = {0};
    g_autoptr(GError) failed = NULL;
    bool ok = server_sql_run(query->session, sql, (const EngineValue *)(void *)values->data, values->len,
                             &sink, &result, &failed);
    if (ok || query->truncated) {
        ok = finish(query, &result, error);
    } else {
        g_propagate_error(error, g_steal_pointer(&failed));
    }
    g_free(result.info);
    return ok;
}

bool route_query(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"sql", "database", "params", "max_rows", "env", NULL};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    g_autoptr(ServerSession) session =
        server_session_new(call->app, call->user, call->peer, ENGINE_DIALECT_WEIR, error);
    if (!session) {
        return false;
    }
    g_autoptr(GString) out = g_string_sized_new(QUERY_BUFFER_BYTES + 4096);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    Query query = {.call = call,
                   .session = session,
                   .format = format_of(call),
                   .out = out,
                   .keys = keys,
                   .max_rows = base_json_int(call->body, "max_rows", -1),
                   .started_us = base_time_monotonic_us()};
    call->content_type = FORMATS[query.format].type;
    server_session_set_socket(session, call->fd);
    server_call_on_cancel(call, cancel, &query);
    bool ok = run(&query, error);
    server_call_on_cancel(call, NULL, NULL);
    return ok;
}
