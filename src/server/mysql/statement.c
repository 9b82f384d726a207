/* Prepared statements: COM_STMT_*. See client_int.h. */
#include "base/error.h"
#include "server/mysql/client_int.h"

#define LONG_DATA_BYTES 64u /* of an empty parameter's buffer */

/* ---- what a session holds -------------------------------------------------------------------------------
 */

static bool hold(MysqlStatement *statement, size_t bytes, GError **error)
{
    if (bytes > MYSQL_MAX_HELD_BYTES - *statement->session_held) {
        base_fail(error, BASE_E_STATEMENT_TOO_LARGE,
                  "the prepared statements of a session and their parameters are larger than %u bytes",
                  MYSQL_MAX_HELD_BYTES);
        base_error_hint(error, "close statements that are not needed, and send values with the execute");
        return false;
    }
    statement->held += bytes;
    *statement->session_held += bytes;
    return true;
}

static void let_go(MysqlStatement *statement, size_t bytes)
{
    statement->held -= bytes;
    *statement->session_held -= bytes;
}

static void forget_long_data(MysqlStatement *statement)
{
    for (size_t i = 0; i < statement->n_params; i++) {
        g_clear_pointer(&statement->long_data[i], g_byte_array_unref);
    }
    g_clear_error(&statement->long_data_error);
    let_go(statement, statement->held_long);
    statement->held_long = 0;
}

void mysql_free_statement(gpointer data)
{
    MysqlStatement *statement = data;
    if (!statement) {
        return;
    }
    forget_long_data(statement);
    let_go(statement, statement->held);
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
    statement->stmt = stmt;
    statement->session_held = &client->held;
    statement->n_params = server_stmt_n_params(stmt);
    statement->types = g_new0(guint8, 2 * statement->n_params);
    statement->long_data = g_new0(GByteArray *, statement->n_params);
    if (!hold(statement, strlen(sql) + statement->n_params * (2 + sizeof *statement->long_data), error)) {
        mysql_free_statement(statement);
        return NULL;
    }
    statement->id = ++client->next_statement;
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

static bool take_long_data(MysqlStatement *statement, size_t param, const guint8 *bytes, size_t len,
                           GError **error)
{
    if (param >= statement->n_params) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "Incorrect arguments to mysqld_stmt_send_long_data");
    }
    GByteArray **data = &statement->long_data[param];
    size_t bytes_held = len + (*data ? 0 : LONG_DATA_BYTES);
    if (len > MYSQL_MAX_PACKET_BYTES - (*data ? (*data)->len : 0)) {
        return base_fail(error, BASE_E_STATEMENT_TOO_LARGE,
                         "a parameter is longer than max_allowed_packet (%u)", MYSQL_MAX_PACKET_BYTES);
    }
    if (!hold(statement, bytes_held, error)) {
        return false;
    }
    statement->held_long += bytes_held;
    *data = *data ? *data : g_byte_array_new();
    g_byte_array_append(*data, bytes, (guint)len);
    return true;
}

/* What came before one that is refused is of no use. */
void mysql_com_long_data(MysqlClient *client, const guint8 *bytes, size_t len)
{
    MysqlStatement *statement = find(client, bytes, len);
    MysqlReader reader = mysql_reader(bytes, len);
    mysql_read_u32(&reader);
    size_t param = mysql_read_u16(&reader);
    if (!statement || reader.bad || statement->long_data_error) {
        return;
    }
    GError *error = NULL;
    if (!take_long_data(statement, param, reader.at, mysql_read_left(&reader), &error)) {
        forget_long_data(statement);
        statement->long_data_error = error;
    }
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
