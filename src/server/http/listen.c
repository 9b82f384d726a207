/* Listening sockets: "127.0.0.1:8030", "[::1]:0", ":8030" (all addresses), "localhost:8030". */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "server/http/http_int.h"

#define LISTEN_BACKLOG 1024

static bool split(const char *listen_on, char **ret_host, char **ret_port, GError **error)
{
    const char *colon = strrchr(listen_on, ':');
    gint64 port;
    if (!colon || !base_text_to_int(colon + 1, 0, 65535, &port)) {
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s` is no address to listen on", listen_on);
        base_error_hint(error, "write HOST:PORT, such as 127.0.0.1:8030");
        return false;
    }
    g_autofree char *host = g_strndup(listen_on, (gsize)(colon - listen_on));
    size_t len = strlen(host);
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        *ret_host = g_strndup(host + 1, len - 2);
    } else {
        *ret_host = g_strdup(g_str_equal(host, "*") ? "" : host);
    }
    *ret_port = g_strdup(colon + 1);
    return true;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static char *address_text(int fd, bool *ret_loopback)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    struct sockaddr *address = (struct sockaddr *)&storage;
    if (getsockname(fd, address, &len) != 0 || getnameinfo(address, len, host, sizeof host, port, sizeof port,
                                                           NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return NULL;
    }
    *ret_loopback = is_loopback(address);
    return strchr(host, ':') ? g_strdup_printf("[%s]:%s", host, port) : g_strdup_printf("%s:%s", host, port);
}

static int open_socket(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, info->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int http_listen(const char *listen_on, char **ret_address, bool *ret_loopback, GError **error)
{
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    if (!split(listen_on, &host, &port, error)) {
        return -1;
    }
    int failed = getaddrinfo(*host ? host : NULL, port, &hints, &list);
    if (failed) {
        (void)base_fail(error, BASE_E_CONFIG_INVALID, "`%s` is no address to listen on: %s", listen_on,
                        gai_strerror(failed));
        return -1;
    }
    int fd = open_socket(list);
    int why = errno;
    freeaddrinfo(list);
    if (fd < 0) {
        (void)base_fail(error, why == EADDRINUSE ? BASE_E_ADDRESS_IN_USE : BASE_E_CONFIG_INVALID,
                        "cannot listen on %s: %s", listen_on, g_strerror(why));
        if (why == EADDRINUSE) {
            base_error_hint(error, "another program has the port; port 0 takes a free one");
        }
        return -1;
    }
    *ret_address = address_text(fd, ret_loopback);
    return fd;
}
