/* One MySQL client: its link, its session, its prepared statements. Used by the thread that serves it. */
#ifndef WEIR_SERVER_MYSQL_CLIENT_INT_H
#define WEIR_SERVER_MYSQL_CLIENT_INT_H

#include "server/mysql/link_int.h"
#include "server/mysql/threads_int.h"
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
    size_t held, held_long;  /* of the session's MYSQL_MAX_HELD_BYTES: all of it, long_data's part */
    size_t *session_held;    /* the client's */
} MysqlStatement;

typedef struct ServerMysql ServerMysql;

typedef struct {
    MysqlTurn turn; /* first: what the threads have is the client */
    ServerMysql *server;
    ServerApp *app;
    MysqlTls *tls;
    MysqlLink link;
    guint32 id, caps;
    char *peer;             /* "127.0.0.1:51234" */
    ServerSession *session; /* NULL until signed in */
    bool multi_statements;
    GHashTable *statements; /* id -> MysqlStatement */
    guint32 next_statement;
    size_t held; /* by statements */
    guint8 scramble[MYSQL_SCRAMBLE_BYTES];
} MysqlClient;

/* ---- handshake.c ---- */
/* Greeting to OK: makes client->session. false: an ERR was put and sent where one could be; the connection
 * ends. */
bool mysql_sign_in(MysqlClient *client) G_GNUC_WARN_UNUSED_RESULT;
/* COM_CHANGE_USER (body after the command byte). */
bool mysql_change_user(MysqlClient *client, const void *bytes, size_t len) G_GNUC_WARN_UNUSED_RESULT;

/* ---- command.c ---- */
/* The next command, if it has come. MYSQL_OVER: the client quits, or something broke. */
MysqlNext mysql_serve_command(MysqlClient *client);
/* How long the client may be silent before it is sent away (MYSQL_READ_TIMEOUT). */
gint64 mysql_idle_us(const MysqlClient *client);
void mysql_say_read_error(MysqlClient *client, MysqlRead got);
/* ERR from an error, in MySQL's words where clients match them (errors.c). */
void mysql_put_error(MysqlClient *client, const GError *error);
guint16 mysql_status(const MysqlClient *client);
void mysql_drop_statements(MysqlClient *client);

/* ---- listener.c ---- */
/* What follows may take long: the client's thread leaves its turn to others. */
void mysql_give_way(void *client);

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
