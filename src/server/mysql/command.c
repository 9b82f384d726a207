/* Commands of a signed-in client, one after another. COMMANDS is the table of those that there are. */
#include "base/text.h"
#include "base/time.h"
#include "server/mysql/client_int.h"

typedef void (*Serve)(MysqlClient *client, const guint8 *bytes, size_t len);

static void put_ok(MysqlClient *client)
{
    MysqlOk ok = {.status = mysql_status(client)};
    mysql_put_ok(&client->link.out, &ok);
}

static void put_done(MysqlClient *client, bool ok, GError *error)
{
    if (ok) {
        put_ok(client);
    } else {
        mysql_put_error(client, error);
    }
    g_clear_error(&error);
}

/* A payload as text; NULL when it is no UTF-8 text, and then an ERR was put. Caller frees. */
static char *text_of(MysqlClient *client, const guint8 *bytes, size_t len)
{
    if (memchr(bytes, 0, len) || !base_text_utf8_valid((const char *)bytes, len)) {
        mysql_put_err(&client->link.out, 1300, "HY000",
                      "Invalid utf8mb4 character string: the statement is not UTF-8 text");
        return NULL;
    }
    return g_strndup((const char *)bytes, len);
}

/* ---- COM_QUERY
 * --------------------------------------------------------------------------------------------------- */

static bool run_one(MysqlClient *client, const char *sql, bool more)
{
    GError *error = NULL;
    ServerSqlResult outcome = {0};
    MysqlResult result = {.client = client};
    ServerSink sink = mysql_result_sink(&result);
    bool ok = server_sql_run(client->session, sql, NULL, 0, &sink, &outcome, &error);
    mysql_put_outcome(client, ok, &outcome, more, error);
    mysql_result_clear(&result);
    g_clear_error(&error);
    g_free(outcome.info);
    return ok;
}

/* The statements of a text; the first that fails ends it. */
static void run_several(MysqlClient *client, const char *sql)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) parts = server_sql_split(client->session, sql, &error);
    if (!parts || parts->len < 2) {
        g_clear_error(&error); /* the statement itself will say it */
        run_one(client, sql, false);
        return;
    }
    for (guint i = 0; i < parts->len && !client->link.broken; i++) {
        if (!run_one(client, g_ptr_array_index(parts, i), i + 1 < parts->len)) {
            return;
        }
    }
}

static void com_query(MysqlClient *client, const guint8 *bytes, size_t len)
{
    g_autofree char *sql = text_of(client, bytes, len);
    if (sql && client->multi_statements && strchr(sql, ';')) {
        run_several(client, sql);
    } else if (sql) {
        run_one(client, sql, false);
    }
}

/* ---- small commands
 * -------------------------------------------------------------------------------------------------- */

static void com_init_db(MysqlClient *client, const guint8 *bytes, size_t len)
{
    g_autofree char *database = text_of(client, bytes, len);
    if (database) {
        GError *error = NULL;
        bool ok = server_session_use(client->session, database, &error);
        put_done(client, ok, error);
    }
}

/* The columns of a table: what command lines ask for to complete words. The pattern behind the name is for
 * columns; clients send it empty. */
static void com_field_list(MysqlClient *client, const guint8 *bytes, size_t len)
{
    size_t name_len = strnlen((const char *)bytes, len);
    g_autofree char *table = text_of(client, bytes, name_len);
    if (!table) {
        return;
    }
    g_autoptr(GString) sql = g_string_new("SELECT * FROM `");
    for (const char *at = table; *at; at++) {
        g_string_append_len(sql, "``", *at == '`' ? 2 : 0);
        g_string_append_len(sql, at, *at == '`' ? 0 : 1);
    }
    g_string_append(sql, "` LIMIT 0");
    GError *error = NULL;
    g_autoptr(ServerStmt) stmt = server_stmt_prepare(client->session, sql->str, &error);
    if (!stmt) {
        mysql_put_error(client, error);
        g_clear_error(&error);
        return;
    }
    const char *database = server_session_database(client->session);
    for (size_t i = 0; i < server_stmt_n_columns(stmt); i++) {
        mysql_put_column(&client->link.out, database ? database : "", table, server_stmt_column_name(stmt, i),
                         mysql_column_type(server_stmt_column_type(stmt, i)), true);
    }
    MysqlOk ok = {.status = mysql_status(client)};
    mysql_put_end(&client->link.out, client->caps, &ok);
}

static void com_statistics(MysqlClient *client, const guint8 *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    g_autofree char *text = server_sql_statistics(client->app);
    mysql_packet_begin(&client->link.out);
    mysql_put_bytes(&client->link.out, text, strlen(text));
    mysql_packet_end(&client->link.out);
}

static void com_process_kill(MysqlClient *client, const guint8 *bytes, size_t len)
{
    MysqlReader reader = mysql_reader(bytes, len);
    guint32 id = mysql_read_u32(&reader);
    GError *error = NULL;
    bool ok = server_session_kill(client->app, id, true, server_session_user(client->session), &error);
    put_done(client, ok, error);
}

static void com_ping(MysqlClient *client, const guint8 *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    put_ok(client);
}

static void com_set_option(MysqlClient *client, const guint8 *bytes, size_t len)
{
    MysqlReader reader = mysql_reader(bytes, len);
    guint16 option = mysql_read_u16(&reader);
    if (reader.bad || option > 1) {
        mysql_put_err(&client->link.out, 1047, "08S01", "Unknown command");
        return;
    }
    client->multi_statements = option == 0; /* MYSQL_OPTION_MULTI_STATEMENTS_ON */
    mysql_put_eof(&client->link.out, mysql_status(client), 0);
}

static void com_reset_connection(MysqlClient *client, const guint8 *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    mysql_drop_statements(client);
    server_session_reset(client->session);
    put_ok(client);
}

static void com_change_user(MysqlClient *client, const guint8 *bytes, size_t len)
{
    mysql_give_way(client); /* a password's hash takes long */
    /* The packet is read while further packets come into the same buffer. */
    g_autofree guint8 *body = g_memdup2(bytes, len);
    if (!mysql_change_user(client, body, len)) {
        client->link.broken = true; /* a failed change of user ends the connection */
    }
}

static void com_prepare(MysqlClient *client, const guint8 *bytes, size_t len)
{
    g_autofree char *sql = text_of(client, bytes, len);
    if (sql) {
        mysql_com_prepare(client, sql);
    }
}

static void com_fetch(MysqlClient *client, const guint8 *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    mysql_put_err(&client->link.out, 1421, "HY000",
                  "The statement has no open cursor: rows are streamed with execute");
}

/* SEND_LONG_DATA and CLOSE have no answer, not even an error. */
static const Serve COMMANDS[MYSQL_COM_RESET_CONNECTION + 1] = {
    [MYSQL_COM_INIT_DB] = com_init_db,
    [MYSQL_COM_QUERY] = com_query,
    [MYSQL_COM_FIELD_LIST] = com_field_list,
    [MYSQL_COM_STATISTICS] = com_statistics,
    [MYSQL_COM_PROCESS_KILL] = com_process_kill,
    [MYSQL_COM_PING] = com_ping,
    [MYSQL_COM_CHANGE_USER] = com_change_user,
    [MYSQL_COM_STMT_PREPARE] = com_prepare,
    [MYSQL_COM_STMT_EXECUTE] = mysql_com_execute,
    [MYSQL_COM_STMT_SEND_LONG_DATA] = mysql_com_long_data,
    [MYSQL_COM_STMT_CLOSE] = mysql_com_close,
    [MYSQL_COM_STMT_RESET] = mysql_com_stmt_reset,
    [MYSQL_COM_SET_OPTION] = com_set_option,
    [MYSQL_COM_STMT_FETCH] = com_fetch,
    [MYSQL_COM_RESET_CONNECTION] = com_reset_connection,
};

/* ---- the loop
 * ------------------------------------------------------------------------------------------------------- */

void mysql_drop_statements(MysqlClient *client)
{
    g_hash_table_remove_all(client->statements);
}

gint64 mysql_idle_us(const MysqlClient *client)
{
    gint64 limit_us = base_config_int(server_app_config(client->app), BASE_CONFIG_MYSQL_IDLE_TIMEOUT);
    gint64 seconds = 0;
    if (base_text_to_int(server_session_variable(client->session, "wait_timeout"), 1, G_MAXINT32, &seconds)) {
        limit_us = MIN(limit_us, seconds * BASE_TIME_SECOND_US);
    }
    return limit_us;
}

void mysql_say_read_error(MysqlClient *client, MysqlRead got)
{
    switch (got) {
    case MYSQL_READ_TIMEOUT:
        mysql_put_err(&client->link.out, 4031, "HY000",
                      "The client was disconnected by the server because of inactivity. See wait_timeout and "
                      "mysql.idle_timeout for configuring this behavior.");
        break;
    case MYSQL_READ_TOO_LARGE:
        mysql_put_err(&client->link.out, 1153, "08S01",
                      "Got a packet bigger than 'max_allowed_packet' bytes");
        break;
    case MYSQL_READ_SEQUENCE:
        mysql_put_err(&client->link.out, 1156, "08S01", "Got packets out of order");
        break;
    case MYSQL_READ_OK:
    case MYSQL_READ_NOTHING:
    case MYSQL_READ_CLOSED:
        break;
    }
    (void)!mysql_link_flush(&client->link, NULL);
}

static void serve_one(MysqlClient *client, const GByteArray *packet)
{
    guint8 command = packet->len > 0 ? packet->data[0] : 0;
    if (command >= G_N_ELEMENTS(COMMANDS) || !COMMANDS[command]) {
        mysql_put_err(&client->link.out, 1047, "08S01", "Unknown command");
        return;
    }
    COMMANDS[command](client, packet->data + 1, packet->len - 1);
}

/* A large statement must not cost memory for ever. */
static void trim_packet(MysqlLink *link)
{
    if (link->packet->len > 1024u * 1024u) {
        g_byte_array_unref(link->packet);
        link->packet = g_byte_array_new();
    }
}

MysqlNext mysql_serve_command(MysqlClient *client)
{
    MysqlLink *link = &client->link;
    link->max_packet = MYSQL_MAX_PACKET_BYTES;
    link->exact = false;
    if (server_session_closing(client->session)) {
        return MYSQL_OVER;
    }
    MysqlRead got = mysql_link_read(link, true, 0);
    if (got == MYSQL_READ_NOTHING) {
        return MYSQL_PARK;
    }
    if (got != MYSQL_READ_OK) {
        mysql_say_read_error(client, got);
        return MYSQL_OVER;
    }
    if (link->packet->len > 0 && link->packet->data[0] == MYSQL_COM_QUIT) {
        return MYSQL_OVER;
    }
    serve_one(client, link->packet);
    trim_packet(link);
    bool ends = link->broken || !mysql_link_flush(link, NULL) || server_session_closing(client->session);
    return ends ? MYSQL_OVER : mysql_link_has_input(link) ? MYSQL_AGAIN : MYSQL_PARK;
}
