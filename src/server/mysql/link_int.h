/* One client's connection: packets in and out of a socket, plain or TLS, with limits and time limits.
 *
 * The socket is non-blocking; every wait is a poll with a time limit. Only the thread that serves the
 * connection reads and writes; another thread may only shutdown(2) the socket to wake it. */
#ifndef WEIR_SERVER_MYSQL_LINK_INT_H
#define WEIR_SERVER_MYSQL_LINK_INT_H

#include "server/mysql/codec_int.h"

typedef struct MysqlTls MysqlTls; /* tls_int.h */

#define MYSQL_SEND_AT_BYTES (256u * 1024u) /* rows are sent when this much is encoded */
#define MYSQL_SEND_TIMEOUT_MS                                                                                \
    60000 /* a client that does not read for this long is gone (net_write_timeout) */
#define MYSQL_READ_TIMEOUT_MS    30000 /* a packet that has begun must go on (net_read_timeout) */
#define MYSQL_SIGN_IN_TIMEOUT_MS 10000 /* connect_timeout */

typedef struct {
    int fd;
    void *tls;    /* SSL *, NULL = plain */
    MysqlBuf out; /* out.seq is the sequence number of the next packet either way */
    guint8 *in;   /* received and not consumed: in[in_at, in_len) */
    size_t in_at, in_len, in_cap;
    GByteArray *packet; /* the payload last read */
    size_t max_packet;  /* limit on a payload */
    bool exact;  /* read no byte beyond the packet: what follows an SSLRequest at once belongs to TLS */
    bool broken; /* nothing more can be sent or read */
    /* Around a wait for the client (may be NULL): whoever serves it may let others run meanwhile. */
    void (*wait_begin)(void *user);
    void (*wait_end)(void *user);
    void *wait_user;
} MysqlLink;

void mysql_link_init(MysqlLink *link, int fd);
void mysql_link_clear(MysqlLink *link); /* closes */

typedef enum {
    MYSQL_READ_OK,
    MYSQL_READ_CLOSED,  /* the client went away, or the server stops */
    MYSQL_READ_NOTHING, /* not a byte of it in `idle_ms` */
    MYSQL_READ_TIMEOUT, /* it began, and did not go on */
    MYSQL_READ_TOO_LARGE,
    MYSQL_READ_SEQUENCE /* packets out of order */
} MysqlRead;
/* The next payload into link->packet. `new_command`: its sequence number starts at 0. `idle_ms` is how long
 * to wait for its first byte. Memory grows with what has arrived, not with what a header announces. */
MysqlRead mysql_link_read(MysqlLink *link, bool new_command, int idle_ms);
/* Bytes behind the payload last read have come already: no poll would tell. */
bool mysql_link_has_input(const MysqlLink *link);
/* Sends all that was put into link->out. Errors: INTERRUPTED (the client is gone or does not read). */
bool mysql_link_flush(MysqlLink *link, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Name of TLS's cipher; NULL = in the clear. */
const char *mysql_link_cipher(const MysqlLink *link);
/* Puts TLS on the connection, after an SSLRequest. */
bool mysql_link_start_tls(MysqlLink *link, MysqlTls *tls, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
