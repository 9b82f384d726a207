/* Prepared statements: COM_STMT_*. See client_int.h. */
#include "base/error.h"
#include "server/mysql/client_int.h"

void mysql_free_statement(gpointer data)
{
    MysqlStatement *statement = data;
    if (!statement) {
        return;
    }
    for (size_t i = 0; i < statement->n_params; i++) {
        g_clear_pointer(&statement->long_data[i], g_byte_array_unref);
    }
    g_clear_error(&statement->long_data_error);
    server_stmt_free(statement->stmt);
    g_free(statement->long_data);
    g_free(statement->types);
    g_free(statement);
}

static void put_definitions_end(MysqlClient *client)
{
    if (!(client->caps & MYSQL_CAP_DEPRECATE_EOF)) {
        mysql_put_eof(&client->link.out, mysql_status(client), 0);
    }
}

static void put_prepared(MysqlClient *client, const MysqlStatement *statement)
{
    size_t n_columns = MIN(server_stmt_n_columns(statement->stmt), G_MAXUINT16);
    mysql_put_prepare_ok(&client->link.out, statement->id, (guint16)n_columns, (guint16)statement->n_params,
                         (guint16)server_session_warnings(client->session));
    MysqlColumnType text = mysql_column_type((EngineType){.id = ENGINE_TEXT});
    for (size_t i = 0; i < statement->n_params; i++) {
        mysql_put_column(&client->link.out, "", "", "?", text, false);
    }
    if (statement->n_params > 0) {
        put_definitions_end(client);
    }
    for (size_t i = 0; i < n_columns; i++) {
        mysql_put_column(&client->link.out, "", "", server_stmt_column_name(statement->stmt, i),
                         mysql_column_type(server_stmt_column_type(statement->stmt, i)), false);
    }
    if (n_columns > 0) {
        put_definitions_end(client);
    }
}

static MysqlStatement *prepare(MysqlClient *client, const char *sql, GError **error)
{
    if (g_hash_table_size(client->statements) >= MYSQL_MAX_STATEMENTS) {
        base_fail(error, BASE_E_TOO_MANY, "a session may have %u prepared statements open",
                  MYSQL_MAX_STATEMENTS);
        return NULL;
    }
    ServerStmt *stmt = server_stmt_prepare(client->session, sql, error);
    if (!stmt) {
        return NULL;
    }
    if (server_stmt_n_params(stmt) > MYSQL_MAX_PARAMS) {
        server_stmt_free(stmt);
        base_fail(error, BASE_E_REQUEST_INVALID, "a statement may have %u parameters", MYSQL_MAX_PARAMS);
        return NULL;
    }
    MysqlStatement *statement = g_new0(MysqlStatement, 1);
    statement->id = ++client->next_statement;
    statement->stmt = stmt;
    statement->n_params = server_stmt_n_params(stmt);
    statement->types = g_new0(guint8, 2 * statement->n_params);
    statement->long_data = g_new0(GByteArray *, statement->n_params);
    g_hash_table_insert(client->statements, GUINT_TO_POINTER(statement->id), statement);
    return statement;
}

void mysql_com_prepare(MysqlClient *client, const char *sql)
{
    GError *error = NULL;
    MysqlStatement *statement = prepare(client, sql, &error);
    if (statement) {
        put_prepared(client, statement);
    } else {
        mysql_put_error(client, error);
        g_clear_error(&error);
    }
}

static MysqlStatement *find(MysqlClient *client, const guint8 *bytes, size_t len)
{
    MysqlReader reader = mysql_reader(bytes, len);
    return g_hash_table_lookup(client->statements, GUINT_TO_POINTER(mysql_read_u32(&reader)));
}

static void put_unknown(MysqlClient *client, const char *command)
{
    g_autofree char *text = g_strdup_printf("Unknown prepared statement handler given to %s", command);
    mysql_put_err(&client->link.out, 1243, "HY000", text);
}

static void forget_long_data(MysqlStatement *statement)
{
    for (size_t i = 0; i < statement->n_params; i++) {
        g_clear_pointer(&statement->long_data[i], g_byte_array_unref);
    }
    g_clear_error(&statement->long_data_error);
}

static bool execute(MysqlStatement *statement, const guint8 *bytes, size_t len, MysqlResult *result,
                    ServerSqlResult *outcome, GError **error)
{
    if (statement->long_data_error) {
        g_propagate_error(error, g_steal_pointer(&statement->long_data_error));
        return false;
    }
    MysqlExecute execute = {0};
    g_autofree EngineValue *values = g_new0(EngineValue, statement->n_params);
    GStringChunk *arena = g_string_chunk_new(256);
    ServerSink sink = mysql_result_sink(result);
    bool ok = mysql_parse_execute(bytes, len, statement->n_params, statement->types, &statement->has_types,
                                  statement->long_data, values, arena, &execute, error) &&
              server_stmt_run(statement->stmt, values, statement->n_params, &sink, outcome, error);
    g_string_chunk_free(arena);
    return ok;
}

void mysql_com_execute(MysqlClient *client, const guint8 *bytes, size_t len)
{
    MysqlStatement *statement = find(client, bytes, len);
    if (!statement) {
        put_unknown(client, "mysqld_stmt_execute");
        return;
    }
    GError *error = NULL;
    ServerSqlResult outcome = {0};
    MysqlResult result = {.client = client, .binary = true};
    bool ok = execute(statement, bytes, len, &result, &outcome, &error);
    mysql_put_outcome(client, ok, &outcome, false, error);
    mysql_result_clear(&result);
    forget_long_data(statement);
    g_clear_error(&error);
    g_free(outcome.info);
}

void mysql_com_long_data(MysqlClient *client, const guint8 *bytes, size_t len)
{
    MysqlStatement *statement = find(client, bytes, len);
    MysqlReader reader = mysql_reader(bytes, len);
    mysql_read_u32(&reader);
    size_t param = mysql_read_u16(&reader);
    if (!statement || reader.bad || statement->long_data_error) {
        return;
    }
    if (param >= statement->n_params) {
        base_fail(&statement->long_data_error, BASE_E_REQUEST_INVALID,
                  "Incorrect arguments to mysqld_stmt_send_long_data");
        return;
    }
    if (!statement->long_data[param]) {
        statement->long_data[param] = g_byte_array_new();
    }
    size_t more = mysql_read_left(&reader);
    if (more > MYSQL_MAX_PACKET_BYTES - statement->long_data[param]->len) {
        base_fail(&statement->long_data_error, BASE_E_REQUEST_INVALID,
                  "a parameter is longer than max_allowed_packet (%u)", MYSQL_MAX_PACKET_BYTES);
        return;
    }
    g_byte_array_append(statement->long_data[param], reader.at, (guint)more);
}

void mysql_com_close(MysqlClient *client, const guint8 *bytes, size_t len)
{
    MysqlStatement *statement = find(client, bytes, len);
    if (statement) {
        g_hash_table_remove(client->statements, GUINT_TO_POINTER(statement->id));
    }
}

void mysql_com_stmt_reset(MysqlClient *client, const guint8 *bytes, size_t len)
{
    MysqlStatement *statement = find(client, bytes, len);
    if (!statement) {
        put_unknown(client, "mysqld_stmt_reset");
        return;
    }
    forget_long_data(statement);
    MysqlOk ok = {.status = mysql_status(client)};
    mysql_put_ok(&client->link.out, &ok);
}
