/* Addresses of sockets. See listen.h. */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

#define BACKLOG 1024

char *server_address_text(const struct sockaddr *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    char host[INET6_ADDRSTRLEN];
    if (address && address->sa_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host)) {
        return g_strdup_printf("%s:%u", host, ntohs(v4->sin_port));
    }
    if (address && address->sa_family == AF_INET6 && inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host)) {
        return g_strdup_printf("[%s]:%u", host, ntohs(v6->sin6_port));
    }
    return g_strdup("unknown");
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

/* Caller frees both. */
static bool split(const char *address, const char *setting, char **ret_host, char **ret_port, GError **error)
{
    const char *colon = strrchr(address, ':');
    const char *port = colon ? colon + 1 : address;
    gint64 number;
    if (!base_text_to_int(port, 0, 65535, &number)) {
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s` is no address to listen on", address);
        base_error_hint(error, "%s is HOST:PORT, such as 127.0.0.1:0 (a free port)", setting);
        return false;
    }
    g_autofree char *host = g_strndup(address, colon ? (gsize)(colon - address) : 0);
    size_t len = strlen(host);
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        *ret_host = g_strndup(host + 1, len - 2);
    } else {
        *ret_host = g_strdup(g_str_equal(host, "*") ? "" : host);
    }
    *ret_port = g_strdup(port);
    return true;
}

static int open_socket(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, info->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int fail_listen(const char *address, const char *setting, int why, GError **error)
{
    base_fail(error, why == EADDRINUSE ? BASE_E_ADDRESS_IN_USE : BASE_E_CONFIG_INVALID,
              "cannot listen on %s: %s", address, g_strerror(why));
    if (why == EADDRINUSE) {
        base_error_hint(error, "another program has the port; %s with port 0 takes a free one", setting);
    } else {
        base_error_hint(error, "see %s", setting);
    }
    return -1;
}

int server_listen(const char *address, const char *setting, char **ret_address, bool *ret_loopback,
                  GError **error)
{
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *list = NULL;
    if (!split(address, setting, &host, &port, error)) {
        return -1;
    }
    int failed = getaddrinfo(*host ? host : NULL, port, &hints, &list);
    if (failed) {
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s` is no address to listen on: %s", address,
                  gai_strerror(failed));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *info = list; info && fd < 0; info = info->ai_next) {
        fd = open_socket(info);
    }
    int why = errno;
    freeaddrinfo(list);
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof own;
    if (fd < 0) {
        return fail_listen(address, setting, why, error);
    }
    (void)getsockname(fd, (struct sockaddr *)&own, &len); /* fails for what is no socket, and this is one */
    *ret_address = server_address_text((struct sockaddr *)&own);
    if (ret_loopback) {
        *ret_loopback = is_loopback((struct sockaddr *)&own);
    }
    return fd;
}
