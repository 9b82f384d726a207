/* Addresses of sockets: listening at one, and one as text. */
#ifndef WEIR_SERVER_LISTEN_H
#define WEIR_SERVER_LISTEN_H

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>

/* A listening socket, without blocking and closed at exec: at "127.0.0.1:8030", "[::1]:0", "localhost:8030",
 * ":8030", "*:8030" or "8030" (all addresses). `setting` is the one that says so, for errors. *ret_address is
 * where it really is (port 0 takes a free one; caller frees), *ret_loopback whether only this machine reaches
 * it. -1: CONFIG_INVALID, ADDRESS_IN_USE. */
int server_listen(const char *address, const char *setting, char **ret_address, bool *ret_loopback,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "127.0.0.1:51234", "[::1]:51234"; "unknown" for NULL or another family. Caller frees. */
char *server_address_text(const struct sockaddr *address);

#endif
