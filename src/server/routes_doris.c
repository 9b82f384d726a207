/* What Doris's connectors ask over HTTP beside loading: nodes, columns of a table, small statements, states
 * of labels.
 *
 * Fields and texts are those of fe/.../httpv2/rest; which client calls what is in the comments of the
 * handlers. */
#include "base/text.h"
#include "base/time.h"
#include "server/raw.h"
#include "server/routes_int.h"
#include "server/sql.h"

#define DORIS_MAX_ROWS  100000
#define DORIS_MAX_BYTES (64 * 1024 * 1024)

static json_t *envelope(json_t *data)
{
    json_t *answer = json_object();
    base_json_set_string(answer, "msg", "success");
    base_json_set_int(answer, "code", 0);
    json_object_set_new(answer, "data", data ? data : json_null());
    base_json_set_int(answer, "count", 0);
    return answer;
}

/* "127.0.0.1:8030" -> host and port; a Host header wins, because that is how the client reached us. */
static char *host_and_port(const ServerCall *call, const char *address, gint64 *ret_port)
{
    const char *scheme = strstr(address, "://");
    const char *text = call_header(call, "host");
    text = text ? text : scheme ? scheme + 3 : address;
    const char *colon = strrchr(text, ':');
    *ret_port = call->tls ? 443 : 80;
    if (!colon || !base_text_to_int(colon + 1, 1, 65535, ret_port)) {
        return g_strdup(text);
    }
    return g_strndup(text, (gsize)(colon - text));
}

/* Vector: `msg` must be "success". */
bool route_doris_bootstrap(ServerCall *call, GError **error)
{
    (void)error;
    json_t *data = json_object();
    base_json_set_int(data, "replayedJournalId", 0);
    base_json_set_int(data, "queryPort", 0);
    base_json_set_int(data, "rpcPort", 0);
    base_json_set_string(data, "version", WEIR_VERSION);
    return call_json(call, envelope(data));
}

bool route_doris_health(ServerCall *call, GError **error)
{
    (void)error;
    return call_json(call,
                     envelope(json_pack("{s:i, s:i}", "online_backend_num", 1, "total_backend_num", 1)));
}

/* Flink, Spark, Kafka: this one port is front end and back end at once, so a load needs no redirect. */
bool route_doris_backends(ServerCall *call, GError **error)
{
    (void)error;
    gint64 port;
    g_autofree char *host = host_and_port(call, server_app_http(call->app), &port);
    json_t *backend = json_object();
    base_json_set_string(backend, "ip", host);
    base_json_set_int(backend, "http_port", port);
    json_object_set_new(backend, "is_alive", json_true());
    return call_json(call, envelope(json_pack("{s:[o]}", "backends", backend)));
}

/* ---- _schema --------------------------------------------------------------------------------------------
 */

/* "decimal(18,2)" -> DECIMAL, 18, 2. */
static void set_type(json_t *column, const char *declared)
{
    size_t len = strcspn(declared, "( ");
    g_autofree char *word = g_strndup(declared, len);
    g_autofree char *name = g_ascii_strup(word, -1);
    gint64 precision = 0, scale = 0;
    if (declared[len] == '(') {
        g_auto(GStrv) parts = g_strsplit_set(declared + len + 1, ",)", 3);
        (void)base_text_to_int(parts[0] ? g_strstrip(parts[0]) : "", 0, 65535, &precision);
        (void)base_text_to_int(parts[0] && parts[1] ? g_strstrip(parts[1]) : "", 0, 65535, &scale);
    }
    base_json_set_string(column, "type", g_str_has_prefix(name, "DECIMAL") ? "DECIMALV3" : name);
    if (g_str_has_prefix(name, "DECIMAL")) {
        base_json_set_int(column, "precision", precision);
        base_json_set_int(column, "scale", scale);
    }
}

static const char *agg_word(CatalogAgg agg)
{
    switch (agg) {
    case CATALOG_AGG_SUM:
        return "SUM";
    case CATALOG_AGG_MIN:
        return "MIN";
    case CATALOG_AGG_MAX:
        return "MAX";
    case CATALOG_AGG_REPLACE:
        return "REPLACE";
    case CATALOG_AGG_REPLACE_IF_NOT_NULL:
        return "REPLACE_IF_NOT_NULL";
    case CATALOG_AGG_NONE:
        break;
    }
    return "";
}

static json_t *columns_to_json(const GPtrArray *columns)
{
    json_t *list = json_array();
    for (guint i = 0; columns && i < columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(columns, i);
        json_t *row = json_object();
        base_json_set_string(row, "name", column->name);
        set_type(row, column->type_declared && *column->type_declared ? column->type_declared : column->type);
        base_json_set_string(row, "comment", column->comment ? column->comment : "");
        base_json_set_string(row, "aggregation_type", agg_word(column->agg));
        json_array_append_new(list, row);
    }
    return list;
}

static const char *keys_word(const CatalogObject *object)
{
    if (!object->table) {
        return "DUP_KEYS";
    }
    return object->table->model == CATALOG_UNIQUE      ? "UNIQUE_KEYS"
           : object->table->model == CATALOG_AGGREGATE ? "AGG_KEYS"
                                                       : "DUP_KEYS";
}

static const CatalogObject *find_table(const ServerCall *call, const CatalogSnapshot *snapshot,
                                       GError **error)
{
    bool ambiguous = false;
    const char *table = call_param(call, "table");
    const CatalogObject *object =
        catalog_resolve_table(snapshot, call_param(call, "db"), table, NULL, &ambiguous);
    if (!object) {
        base_fail(error, BASE_E_TABLE_UNKNOWN, "unknown table, tableName=%s", table);
        return NULL;
    }
    if (!access_can_see(call->user, object)) {
        (void)!access_check(call->user, ACCESS_READ, object, error);
        return NULL;
    }
    return object;
}

bool route_doris_schema(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *object = find_table(call, snapshot, error);
    if (!object) {
        return false;
    }
    json_t *data = json_object();
    base_json_set_int(data, "status", 200);
    base_json_set_string(data, "tableType", "OLAP");
    base_json_set_string(data, "keysType", keys_word(object));
    json_object_set_new(data, "properties", columns_to_json(object->columns));
    return call_json(call, envelope(data));
}

/* Flink asks before it adds or drops a column: every table here can, in place. */
bool route_doris_light_schema_change(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *object = find_table(call, snapshot, error);
    return object && access_check(call->user, ACCESS_WRITE, object, error) && call_json(call, envelope(NULL));
}

/* ---- /api/query
 * -------------------------------------------------------------------------------------------- */

typedef struct {
    json_t *meta;
    GString *rows; /* JSON text of the list of rows */
    size_t n_columns, n_rows;
} Collected;

static bool on_columns(void *user, const EngineResult *result, GError **error)
{
    (void)error;
    Collected *collected = user;
    collected->n_columns = engine_result_n_columns(result);
    for (size_t i = 0; i < collected->n_columns; i++) {
        json_t *column = json_object();
        base_json_set_string(column, "name", engine_result_column_name(result, i));
        base_json_set_string(column, "type", engine_result_type_text(result, i));
        json_array_append_new(collected->meta, column);
    }
    return true;
}

static bool on_chunk(void *user, const EngineChunk *chunk, GError **error)
{
    Collected *collected = user;
    for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
        if (++collected->n_rows > DORIS_MAX_ROWS || collected->rows->len > DORIS_MAX_BYTES) {
            return base_fail(
                error, BASE_E_REQUEST_INVALID,
                "the result has more than %d rows or %d bytes; /api/v1/query streams larger ones",
                DORIS_MAX_ROWS, DORIS_MAX_BYTES);
        }
        g_string_append(collected->rows, collected->n_rows > 1 ? ",[" : "[");
        for (size_t i = 0; i < collected->n_columns; i++) {
            EngineColumn column = engine_chunk_column(chunk, i);
            g_string_append(collected->rows, i ? "," : "");
            if (engine_column_is_null(&column, row)) {
                g_string_append(collected->rows, "null");
            } else {
                engine_column_append_json(&column, row, collected->rows);
            }
        }
        g_string_append_c(collected->rows, ']');
    }
    return true;
}

/* In the result's own order of members: text is put together, rows are not parsed again. */
static char *result_text(const Collected *collected, bool has_rows, gint64 time_ms)
{
    if (!has_rows) {
        return g_strdup_printf("{\"msg\":\"success\",\"code\":0,\"data\":{\"type\":\"exec_status\","
                               "\"status\":{},\"time\":%" G_GINT64_FORMAT "},\"count\":0}",
                               time_ms);
    }
    g_autofree char *meta = base_json_text(collected->meta);
    return g_strdup_printf(
        "{\"msg\":\"success\",\"code\":0,\"data\":{\"type\":\"result_set\",\"meta\":%s,\"data\":[%s],"
        "\"status\":{},\"time\":%" G_GINT64_FORMAT "},\"count\":0}",
        meta, collected->rows->str, time_ms);
}

static bool run_statement(ServerCall *call, ServerSession *session, const char *sql, GError **error)
{
    g_autoptr(json_t) meta = json_array();
    g_autoptr(GString) rows = g_string_new(NULL);
    Collected collected = {.meta = meta, .rows = rows};
    const ServerSink sink = {on_columns, on_chunk, &collected};
    ServerSqlResult result = {0};
    gint64 start_us = base_time_monotonic_us();
    bool ok = server_sql_run(session, sql, NULL, 0, &sink, &result, error);
    g_free(result.info);
    if (!ok) {
        return false;
    }
    call->text = result_text(&collected, result.has_rows || collected.n_columns > 0,
                             (base_time_monotonic_us() - start_us) / 1000);
    call->content_type = "application/json";
    return true;
}

bool route_doris_query(ServerCall *call, GError **error)
{
    const char *sql = base_json_string(call->body, "stmt", NULL);
    if (!sql) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "Missing statement request body");
    }
    g_autoptr(ServerSession) session =
        server_session_new(call->app, call->user, call->peer, ENGINE_DIALECT_MYSQL, error);
    if (!session) {
        return false;
    }
    server_session_set_socket(session, call->fd);
    const char *db = call_param(call, "db");
    return server_session_use(session, db, error) && run_statement(call, session, sql, error);
}

/* ---- labels
 * ------------------------------------------------------------------------------------------------- */

static json_t *find_load(const ServerCall *call, GError **error)
{
    const char *label = call_query(call, "label", "");
    g_autofree char *escaped = NULL;
    GString *pattern = g_string_new(NULL); /* a label with _ is no pattern */
    for (const char *p = label; *p; p++) {
        if (strchr("%_\\", *p)) {
            g_string_append_c(pattern, '\\');
        }
        g_string_append_c(pattern, *p);
    }
    escaped = g_string_free(pattern, FALSE);
    if (!access_check_domain(call->user, ACCESS_LOAD, call_param(call, "db"), error)) {
        return NULL;
    }
    g_autoptr(json_t) loads =
        intake_loads(server_app_intake(call->app), call_param(call, "db"), escaped, NULL, 1, error);
    if (!loads) {
        return NULL;
    }
    json_t *load = json_array_get(loads, 0);
    if (!load) {
        return json_null();
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(ServerRaw) raw = server_raw_new(call->user, snapshot);
    bool ambiguous = false;
    server_raw_hide_load(raw,
                         catalog_resolve_table(snapshot, call_param(call, "db"),
                                               base_json_string(load, "table", ""), NULL, &ambiguous),
                         load);
    return json_incref(load);
}

bool route_doris_load_state(ServerCall *call, GError **error)
{
    g_autoptr(json_t) load = find_load(call, error);
    return load && call_json(call, envelope(json_string(base_json_string(load, "state", "UNKNOWN"))));
}

bool route_doris_load_info(ServerCall *call, GError **error)
{
    g_autoptr(json_t) load = find_load(call, error);
    if (!load) {
        return false;
    }
    const char *state = base_json_string(load, "state", "UNKNOWN");
    bool aborted = g_str_equal(state, "ABORTED");
    const char *log = base_json_string(load, "error_log", NULL);
    g_autofree char *url = log ? g_strconcat("/api/_load_error_log?file=", log, NULL) : g_strdup("");
    json_t *info = json_object();
    base_json_set_string(info, "dbName", call_param(call, "db"));
    base_json_set_string(info, "label", call_query(call, "label", ""));
    base_json_set_string(info, "state",
                         aborted                         ? "CANCELLED"
                         : g_str_equal(state, "VISIBLE") ? "FINISHED"
                                                         : state);
    base_json_set_string(info, "failMsg", aborted ? base_json_string(load, "message", "") : "");
    base_json_set_string(info, "trackingUrl", url);
    json_t *answer = json_object();
    json_object_set_new(answer, "jobInfo", info);
    base_json_set_string(answer, "status", "OK");
    return call_json(call, answer);
}

/* ---- nodes, for Spark
 * ------------------------------------------------------------------------------------------ */

static json_t *node_table(const char *const *names, json_t *row)
{
    json_t *columns = json_array();
    for (size_t i = 0; names[i]; i++) {
        json_array_append_new(columns, json_string(names[i]));
    }
    return envelope(json_pack("{s:o, s:[o]}", "columnNames", columns, "rows", row));
}

static gint64 port_of(const char *address)
{
    gint64 port = 0;
    const char *colon = strrchr(address, ':');
    return colon && base_text_to_int(colon + 1, 1, 65535, &port) ? port : 0;
}

bool route_doris_nodes_frontends(ServerCall *call, GError **error)
{
    (void)error;
    static const char *const NAMES[] = {
        "Name", "Host",     "EditLogPort", "HttpPort", "QueryPort", "RpcPort", "ArrowFlightSqlPort",
        "Role", "IsMaster", "Alive",       "Version",  NULL};
    gint64 port;
    g_autofree char *host = host_and_port(call, server_app_http(call->app), &port);
    json_t *row = json_pack("[s, s, s, o, o, s, s, s, s, s, s]", "fe_weir", host, "0",
                            json_sprintf("%" G_GINT64_FORMAT, port),
                            json_sprintf("%" G_GINT64_FORMAT, port_of(server_app_mysql(call->app))), "0",
                            "-1", "FOLLOWER", "true", "true", WEIR_VERSION);
    return call_json(call, node_table(NAMES, row));
}

bool route_doris_nodes_backends(ServerCall *call, GError **error)
{
    (void)error;
    static const char *const NAMES[] = {"BackendId", "Host",     "HeartbeatPort",      "BePort",
                                        "HttpPort",  "BrpcPort", "ArrowFlightSqlPort", "Alive",
                                        "Version",   NULL};
    gint64 port;
    g_autofree char *host = host_and_port(call, server_app_http(call->app), &port);
    json_t *row = json_pack("[s, s, s, s, o, s, s, s, s]", "1", host, "0", "0",
                            json_sprintf("%" G_GINT64_FORMAT, port), "0", "-1", "true", WEIR_VERSION);
    return call_json(call, node_table(NAMES, row));
}
