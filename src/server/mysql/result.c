/* Results of statements to a client: columns, rows, what ends them. See client_int.h. */
#include "server/mysql/client_int.h"
#include "server/mysql/rows_int.h"

guint16 mysql_status(const MysqlClient *client)
{
    guint16 status = 0;
    if (!client->session || server_session_autocommit(client->session)) {
        status |= MYSQL_STATUS_AUTOCOMMIT;
    }
    if (client->session && server_session_in_transaction(client->session)) {
        status |= MYSQL_STATUS_IN_TRANS;
    }
    return status;
}

static bool send_columns(void *user, const EngineResult *engine_result, GError **error)
{
    (void)error;
    MysqlResult *result = user;
    MysqlClient *client = result->client;
    size_t n = engine_result_n_columns(engine_result);
    g_autofree EngineType *types = g_new(EngineType, n);
    mysql_packet_begin(&client->link.out);
    mysql_put_lenenc(&client->link.out, n);
    mysql_packet_end(&client->link.out);
    for (size_t i = 0; i < n; i++) {
        types[i] = engine_result_column_type(engine_result, i);
        mysql_put_column(&client->link.out, "", "", engine_result_column_name(engine_result, i),
                         mysql_column_type(types[i]), false);
    }
    if (!(client->caps & MYSQL_CAP_DEPRECATE_EOF)) {
        mysql_put_eof(&client->link.out, mysql_status(client), 0);
    }
    result->rows = mysql_rows_new(types, n, server_session_zone(client->session), result->binary);
    return true;
}

static bool send_chunk(void *user, const EngineChunk *chunk, GError **error)
{
    MysqlResult *result = user;
    MysqlLink *link = &result->client->link;
    size_t n = engine_chunk_rows(chunk);
    for (size_t row = 0; row < n;) {
        row = mysql_rows_put(result->rows, &link->out, chunk, row, MYSQL_SEND_AT_BYTES);
        if (link->out.len >= MYSQL_SEND_AT_BYTES && !mysql_link_flush(link, error)) {
            return false;
        }
    }
    return true;
}

ServerSink mysql_result_sink(MysqlResult *result)
{
    return (ServerSink){.columns = send_columns, .chunk = send_chunk, .user = result};
}

void mysql_result_clear(MysqlResult *result)
{
    mysql_rows_free(result->rows);
    result->rows = NULL;
}

void mysql_put_outcome(MysqlClient *client, bool ok, const ServerSqlResult *result, bool more,
                       const GError *error)
{
    if (!ok) {
        mysql_put_error(client, error);
        return;
    }
    MysqlOk packet = {.changed = (guint64)MAX(result->changed, 0),
                      .status = (guint16)(mysql_status(client) | (more ? MYSQL_STATUS_MORE_RESULTS : 0)),
                      .warnings = (guint16)MIN(result->warnings, G_MAXUINT16),
                      .info = result->info};
    if (result->has_rows) {
        packet.info = NULL;
        mysql_put_end(&client->link.out, client->caps, &packet);
    } else {
        mysql_put_ok(&client->link.out, &packet);
    }
}
