/* One MySQL client: its link, its session, its prepared statements. Used by one thread. */
#ifndef WEIR_SERVER_MYSQL_CLIENT_INT_H
#define WEIR_SERVER_MYSQL_CLIENT_INT_H

#include "server/mysql/link_int.h"
#include "server/mysql/tls_int.h"
#include "server/sql.h"

typedef struct {
    guint32 id;
    ServerStmt *stmt;
    size_t n_params;
    guint8 *types; /* 2 * n_params, as the client sent them last */
    bool has_types;
    GByteArray **long_data;  /* n_params entries */
    GError *long_data_error; /* told at the next execute: SEND_LONG_DATA has no answer */
} MysqlStatement;

typedef struct {
    ServerApp *app;
    MysqlTls *tls;
    MysqlLink link;
    guint32 id, caps;
    char *peer;             /* "127.0.0.1:51234" */
    ServerSession *session; /* NULL until signed in */
    bool multi_statements;
    GHashTable *statements; /* id -> MysqlStatement */
    guint32 next_statement;
    guint8 scramble[MYSQL_SCRAMBLE_BYTES];
} MysqlClient;

/* ---- handshake.c ---- */
/* Greeting to OK: makes client->session. false: an ERR was put and sent where one could be; the connection
 * ends. */
bool mysql_sign_in(MysqlClient *client) G_GNUC_WARN_UNUSED_RESULT;
/* COM_CHANGE_USER (body after the command byte). */
bool mysql_change_user(MysqlClient *client, const void *bytes, size_t len) G_GNUC_WARN_UNUSED_RESULT;

/* ---- command.c ---- */
/* Serves commands until the client quits or something breaks. */
void mysql_serve_commands(MysqlClient *client);
/* ERR from an error, in MySQL's words where clients match them (errors.c). */
void mysql_put_error(MysqlClient *client, const GError *error);
guint16 mysql_status(const MysqlClient *client);
void mysql_drop_statements(MysqlClient *client);

/* ---- statement.c: COM_STMT_* ---- */
void mysql_com_prepare(MysqlClient *client, const char *sql);
void mysql_com_execute(MysqlClient *client, const guint8 *bytes, size_t len);
void mysql_com_long_data(MysqlClient *client, const guint8 *bytes, size_t len);
void mysql_com_close(MysqlClient *client, const guint8 *bytes, size_t len);
void mysql_com_stmt_reset(MysqlClient *client, const guint8 *bytes, size_t len);
void mysql_free_statement(gpointer statement);

/* ---- result.c: rows to the link ---- */
typedef struct {
    MysqlClient *client;
    bool binary;
    void *rows; /* MysqlRows, made with the columns */
} MysqlResult;
ServerSink mysql_result_sink(MysqlResult *result);
void mysql_result_clear(MysqlResult *result);
/* OK, end of rows or ERR after a statement; `more`: another statement's result follows. */
void mysql_put_outcome(MysqlClient *client, bool ok, const ServerSqlResult *result, bool more,
                       const GError *error);

#endif
