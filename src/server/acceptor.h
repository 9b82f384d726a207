/* Accepts connections on a listening socket, on a thread of its own, and hands them on. */
#ifndef WEIR_SERVER_ACCEPTOR_H
#define WEIR_SERVER_ACCEPTOR_H

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>

typedef struct ServerAcceptor ServerAcceptor;

/* `fd` is the taker's, without blocking and closed at exec. On the acceptor's thread; must not block. */
typedef void (*ServerAccepted)(void *user, int fd, const struct sockaddr_storage *address, socklen_t len);

/* Takes `listen_fd` over, also when it fails. `name` is the thread's, and the door's in the log. */
ServerAcceptor *server_acceptor_start(const char *name, int listen_fd, ServerAccepted accepted, void *user,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes the listening socket; nothing is handed on any more when it returns. NULL is none. */
void server_acceptor_stop(ServerAcceptor *acceptor);

#endif
