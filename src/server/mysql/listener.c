/* The MySQL port: accepts, hands clients to its threads (threads_int.h), and ends them all when the server
 * stops.
 *
 * Stopping: the listening socket is closed first, then every client's socket is shut down (which wakes whom
 * it is parked with) and what it runs is interrupted by the hang-up that the watcher sees; then the clients
 * are waited for, and the threads. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "server/acceptor.h"
#include "server/listen.h"
#include "server/metrics.h"
#include "server/mysql/client_int.h"
#include "server/server.h"

#define KEEPALIVE_IDLE_S     60
#define KEEPALIVE_INTERVAL_S 20
#define KEEPALIVE_COUNT      3
#define SEND_BUFFER_BYTES    (1024 * 1024)

struct ServerMysql {
    ServerApp *app;
    MysqlTls *tls;
    MysqlThreads *threads;
    char *address;
    ServerAcceptor *acceptor;
    guint max_sessions;
    GMutex lock; /* guards what follows */
    GCond ended;
    GHashTable *clients; /* set of fd */
};

/* ---- a client
 * ------------------------------------------------------------------------------------------------------ */

void mysql_give_way(void *user)
{
    MysqlClient *client = user;
    mysql_threads_give_way(client->server->threads, &client->turn);
}

static void wait_begin(void *user)
{
    MysqlClient *client = user;
    mysql_give_way(client);
    if (client->session) {
        server_session_wait_begin(client->session);
    }
}

static void wait_end(void *user)
{
    MysqlClient *client = user;
    if (client->session) {
        server_session_wait_end(client->session);
    }
}

static void leave(ServerMysql *server, int fd)
{
    g_mutex_lock(&server->lock);
    g_hash_table_remove(server->clients, GINT_TO_POINTER(fd));
    g_cond_signal(&server->ended);
    g_mutex_unlock(&server->lock);
    server_metric_add(SERVER_METRIC_MYSQL_SESSIONS, -1);
}

static MysqlClient *new_client(ServerMysql *server, int fd, char *peer)
{
    MysqlClient *client = g_new0(MysqlClient, 1);
    client->turn.fd = fd;
    client->server = server;
    client->app = server->app;
    client->tls = server->tls;
    client->peer = peer;
    client->id = server_session_reserve_id(server->app);
    client->statements = g_hash_table_new_full(NULL, NULL, NULL, mysql_free_statement);
    mysql_link_init(&client->link, fd);
    client->link.wait_begin = wait_begin;
    client->link.wait_end = wait_end;
    client->link.wait_user = client;
    return client;
}

static void end_client(MysqlClient *client)
{
    g_hash_table_unref(client->statements);
    server_session_free(client->session);
    client->session = NULL; /* the link's end may wait */
    /* The descriptor is taken off the list before it is closed, so that stop never shuts down another's. */
    leave(client->server, client->turn.fd);
    mysql_link_clear(&client->link);
    g_free(client->peer);
    g_free(client);
}

static MysqlNext welcome(MysqlClient *client)
{
    mysql_give_way(client); /* it waits for the client, and checks a password */
    if (!mysql_sign_in(client)) {
        return MYSQL_OVER;
    }
    return mysql_link_has_input(&client->link) ? MYSQL_AGAIN : MYSQL_PARK;
}

static MysqlNext serve(MysqlTurn *turn)
{
    MysqlClient *client = (MysqlClient *)turn;
    MysqlNext next = MYSQL_OVER;
    if (!client->session) {
        next = welcome(client);
    } else if (turn->late) {
        mysql_say_read_error(client, MYSQL_READ_TIMEOUT);
    } else {
        next = mysql_serve_command(client);
    }
    if (next == MYSQL_OVER) {
        end_client(client);
    } else if (next == MYSQL_PARK) {
        turn->deadline_us = base_time_monotonic_us() + MIN(mysql_idle_us(client), G_MAXINT64 / 2);
    }
    return next;
}

/* ---- accepting
 * ------------------------------------------------------------------------------------------------------ */

static void set_option(int fd, int level, int option, int value)
{
    /* Tuning only: a refused option changes speed or patience, not what is right. */
    (void)!setsockopt(fd, level, option, &value, sizeof value);
}

static void tune(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
}

static void refuse(int fd)
{
    MysqlBuf out = {0};
    mysql_put_err(&out, 1040, "08004", "Too many connections");
    (void)!send(fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    mysql_buf_clear(&out);
    close(fd);
}

static bool join(ServerMysql *server, int fd)
{
    g_mutex_lock(&server->lock);
    bool fits = g_hash_table_size(server->clients) < server->max_sessions;
    if (fits) {
        g_hash_table_add(server->clients, GINT_TO_POINTER(fd));
    }
    g_mutex_unlock(&server->lock);
    return fits;
}

static void take_in(void *user, int fd, const struct sockaddr_storage *address, socklen_t len)
{
    (void)len;
    ServerMysql *server = user;
    server_metric_add(SERVER_METRIC_MYSQL_CONNECTIONS, 1);
    if (!join(server, fd)) {
        refuse(fd);
        return;
    }
    server_metric_add(SERVER_METRIC_MYSQL_SESSIONS, 1);
    tune(fd);
    MysqlClient *client =
        new_client(server, fd, server_address_text((const struct sockaddr *)(const void *)address));
    GError *error = NULL;
    if (!mysql_threads_add(server->threads, &client->turn, &error)) {
        base_log_error("a MySQL client is sent away", error);
        g_clear_error(&error);
        mysql_put_err(&client->link.out, 1040, "08004", "Too many connections");
        (void)!mysql_link_flush(&client->link, NULL);
        end_client(client);
    }
}

/* ---- start and stop
 * ------------------------------------------------------------------------------------------------ */

static void free_server(ServerMysql *server)
{
    mysql_threads_free(server->threads);
    mysql_tls_free(server->tls);
    g_hash_table_unref(server->clients);
    g_mutex_clear(&server->lock);
    g_cond_clear(&server->ended);
    g_free(server->address);
    g_free(server);
}

ServerMysql *server_mysql_start(ServerApp *app, const char *listen, GError **error)
{
    g_autofree char *address = NULL;
    int fd = server_listen(listen, "mysql.listen", &address, NULL, error);
    if (fd < 0) {
        return NULL;
    }
    unsigned turns = (unsigned)base_config_int(server_app_config(app), BASE_CONFIG_MYSQL_TURNS);
    MysqlThreads *threads = mysql_threads_new(turns > 0 ? turns : MYSQL_TURNS_A_CORE * g_get_num_processors(),
                                              MYSQL_STALL_US, serve, error);
    if (!threads) {
        close(fd);
        return NULL;
    }
    ServerMysql *server = g_new0(ServerMysql, 1);
    server->app = app;
    server->threads = threads;
    server->tls = mysql_tls_new(server_app_config(app), server_app_data(app));
    server->address = g_steal_pointer(&address);
    server->max_sessions = (guint)base_config_int(server_app_config(app), BASE_CONFIG_MYSQL_MAX_SESSIONS);
    g_mutex_init(&server->lock);
    g_cond_init(&server->ended);
    server->clients = g_hash_table_new(NULL, NULL);
    server->acceptor = server_acceptor_start("mysql-accept", fd, take_in, server, error);
    if (!server->acceptor) {
        free_server(server);
        return NULL;
    }
    return server;
}

const char *server_mysql_address(const ServerMysql *mysql)
{
    return mysql->address;
}

static void end_clients(ServerMysql *server)
{
    g_mutex_lock(&server->lock);
    GHashTableIter iter;
    gpointer fd = NULL;
    g_hash_table_iter_init(&iter, server->clients);
    while (g_hash_table_iter_next(&iter, &fd, NULL)) {
        shutdown(GPOINTER_TO_INT(fd), SHUT_RDWR);
    }
    while (g_hash_table_size(server->clients) > 0) {
        g_cond_wait(&server->ended, &server->lock);
    }
    g_mutex_unlock(&server->lock);
}

void server_mysql_stop(ServerMysql *server)
{
    if (!server) {
        return;
    }
    server_acceptor_stop(server->acceptor);
    end_clients(server);
    free_server(server);
}
