/* Accepting. See acceptor.h. */
#include "server/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

#define PAUSE_MS 100 /* when the process has no file descriptors left */

struct ServerAcceptor {
    char *name;
    int listen_fd, stop_fd;
    ServerAccepted accepted;
    void *user;
    GThread *thread;
};

static void accept_one(const ServerAcceptor *acceptor, struct pollfd *stop)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    int fd =
        accept4(acceptor->listen_fd, (struct sockaddr *)(void *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        acceptor->accepted(acceptor->user, fd, &address, len);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        base_log(BASE_LOG_ERROR, "a client could not be accepted", "door", acceptor->name, "reason",
                 g_strerror(errno), NULL);
        poll(stop, 1, PAUSE_MS);
    }
}

static gpointer accept_all(gpointer data)
{
    const ServerAcceptor *acceptor = data;
    struct pollfd polls[2] = {{.fd = acceptor->listen_fd, .events = POLLIN},
                              {.fd = acceptor->stop_fd, .events = POLLIN}};
    while (poll(polls, 2, -1) >= 0 || errno == EINTR) {
        if (polls[1].revents) {
            break;
        }
        accept_one(acceptor, &polls[1]);
    }
    return NULL;
}

ServerAcceptor *server_acceptor_start(const char *name, int listen_fd, ServerAccepted accepted, void *user,
                                      GError **error)
{
    ServerAcceptor *acceptor = g_new0(ServerAcceptor, 1);
    acceptor->name = g_strdup(name);
    acceptor->listen_fd = listen_fd;
    acceptor->accepted = accepted;
    acceptor->user = user;
    acceptor->stop_fd = eventfd(0, EFD_CLOEXEC);
    int reason = errno;
    acceptor->thread = acceptor->stop_fd >= 0 ? g_thread_try_new(name, accept_all, acceptor, error) : NULL;
    if (acceptor->thread) {
        return acceptor;
    }
    if (acceptor->stop_fd < 0) {
        base_fail(error, BASE_E_FILE_IO, "connections cannot be accepted: %s", g_strerror(reason));
    }
    server_acceptor_stop(acceptor);
    return NULL;
}

void server_acceptor_stop(ServerAcceptor *acceptor)
{
    if (!acceptor) {
        return;
    }
    const guint64 one = 1;
    if (acceptor->thread) {
        if (write(acceptor->stop_fd, &one, sizeof one) != sizeof one) {
            g_warning("%s could not be told to stop: %s", acceptor->name, g_strerror(errno));
        }
        g_thread_join(acceptor->thread);
    }
    close(acceptor->listen_fd);
    if (acceptor->stop_fd >= 0) {
        close(acceptor->stop_fd);
    }
    g_free(acceptor->name);
    g_free(acceptor);
}
