/* Serving: the HTTP and MySQL doors, and the life cycle of `weir up`. */
#ifndef WEIR_SERVER_SERVER_H
#define WEIR_SERVER_SERVER_H

#include "server/app.h"

/* server/http/: libmicrohttpd's epoll pool; handlers run on workers; uploads are streamed to spools. */
typedef struct ServerHttp ServerHttp;
ServerHttp *server_http_start(ServerApp *app, const char *listen, GError **error) G_GNUC_WARN_UNUSED_RESULT;
const char *server_http_address(const ServerHttp *http); /* "127.0.0.1:8030", the real port */
/* Requests that run may finish (queries for half a minute). */
void server_http_stop(ServerHttp *http);
/* While server_http_stop waits, from another thread: cancels queries now. NULL does nothing. */
void server_http_hurry(ServerHttp *http);
void server_http_free(ServerHttp *http); /* after stop */

/* server/mysql/: one thread for each session. Clients compare the number in front. */
#define SERVER_MYSQL_VERSION "8.0.33-Weir-" WEIR_VERSION
typedef struct ServerMysql ServerMysql;
ServerMysql *server_mysql_start(ServerApp *app, const char *listen, GError **error) G_GNUC_WARN_UNUSED_RESULT;
const char *server_mysql_address(const ServerMysql *mysql);
void server_mysql_stop(ServerMysql *mysql);

/* `weir up`: both doors, <data>/server.json, the first administrator, the watcher of project files (told to
 * the log: `weir plan` shows what changed; with `auto_apply` changes without errors or drops are applied),
 * the scheduler that runs what is due. Returns when SIGINT or SIGTERM came and everything is finished.
 * `ready` is called once with the addresses and the one-time link (NULL when users exist). */
typedef struct {
    const char *http_listen, *mysql_listen; /* NULL = from the config */
    bool watch, schedule;
    void (*ready)(const char *http, const char *mysql, const char *link, void *user);
    void *ready_user;
} ServerUpOptions;
bool server_up(ServerApp *app, const ServerUpOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
