/* The MySQL port: accepts, hands clients to its threads (threads_int.h), and ends them all when the server
 * stops.
 *
 * Stopping: the listening socket is closed first, then every client's socket is shut down (which wakes whom
 * it is parked with) and what it runs is interrupted by the hang-up that the watcher sees; then the clients
 * are waited for, and the threads. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "server/acceptor.h"
#include "server/metrics.h"
#include "server/mysql/client_int.h"
#include "server/server.h"

#define BACKLOG              256
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
        mysql_say_idle(client);
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

static char *peer_text(const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
        return g_strdup_printf("%s:%u", text, ntohs(v4->sin_port));
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return g_strdup_printf("%s:%u", text, ntohs(v6->sin6_port));
}

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
    MysqlClient *client = new_client(server, fd, peer_text(address));
    GError *error = NULL;
    if (!mysql_threads_add(server->threads, &client->turn, &error)) {
        base_log_error("a MySQL client is sent away", error);
        g_clear_error(&error);
        mysql_put_err(&client->link.out, 1040, "08004", "Too many connections");
        (void)!mysql_link_flush(&client->link, NULL);
        end_client(client);
    }
}

/* ---- listening
 * ----------------------------------------------------------------------------------------------------- */

/* "host:port", "[v6]:port", ":port", "port". Caller frees both. */
static bool split_address(const char *listen, char **ret_host, char **ret_port, GError **error)
{
    const char *colon = strrchr(listen, ':');
    gint64 number = 0;
    const char *port = colon ? colon + 1 : listen;
    if (!base_text_to_int(port, 0, 65535, &number)) {
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s` is no address to listen on", listen);
        base_error_hint(error, "mysql.listen is HOST:PORT, such as 127.0.0.1:9030");
        return false;
    }
    g_autofree char *host = colon ? g_strndup(listen, (size_t)(colon - listen)) : g_strdup("");
    size_t len = strlen(host);
    bool brackets = len >= 2 && host[0] == '[' && host[len - 1] == ']';
    *ret_host = brackets ? g_strndup(host + 1, len - 2) : g_steal_pointer(&host);
    *ret_port = g_strdup(port);
    return true;
}

static int bind_one(const struct addrinfo *info)
{
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, info->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

static int listen_on(const char *listen, GError **error)
{
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;
    if (!split_address(listen, &host, &port, error)) {
        return -1;
    }
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    int status = getaddrinfo(*host ? host : NULL, port, &hints, &all);
    if (status != 0) {
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s`: %s", listen, gai_strerror(status));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *info = all; info && fd < 0; info = info->ai_next) {
        fd = bind_one(info);
    }
    int reason = errno;
    freeaddrinfo(all);
    if (fd < 0) {
        base_fail(error, BASE_E_FILE_IO, "cannot listen on `%s`: %s", listen, g_strerror(reason));
        base_error_hint(error, reason == EADDRINUSE
                                   ? "the port is taken; mysql.listen with port 0 picks a free one"
                                   : "see mysql.listen");
    }
    return fd;
}

static char *own_address(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)(void *)&address, &len) != 0) {
        return g_strdup("");
    }
    g_autofree char *text = peer_text(&address);
    if (address.ss_family == AF_INET) {
        return g_steal_pointer(&text);
    }
    char *colon = strrchr(text, ':');
    return g_strdup_printf("[%.*s]%s", (int)(colon - text), text, colon);
}

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
    int fd = listen_on(listen, error);
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
    server->address = own_address(fd);
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
