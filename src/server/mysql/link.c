/* Sockets and TLS of the MySQL port. See link_int.h. */
#include "server/mysql/link_int.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/time.h"
#include "server/mysql/tls_int.h"

#define READ_CHUNK_BYTES (16u * 1024u)

void mysql_link_init(MysqlLink *link, int fd)
{
    *link = (MysqlLink){
        .fd = fd, .packet = g_byte_array_new(), .max_packet = MYSQL_MAX_SIGN_IN_BYTES, .exact = true};
}

void mysql_link_clear(MysqlLink *link)
{
    if (link->tls) {
        if (!link->broken) {
            SSL_shutdown(link->tls);
        }
        SSL_free(link->tls);
    }
    mysql_buf_clear(&link->out);
    g_free(link->in);
    g_byte_array_unref(link->packet);
    close(link->fd);
}

/* ---- one transfer ------------------------------------------------------------------------------- */

typedef enum { IO_DONE, IO_WAIT_READ, IO_WAIT_WRITE, IO_GONE } Io;

static Io tls_result(MysqlLink *link, int result)
{
    switch (SSL_get_error(link->tls, result)) {
    case SSL_ERROR_WANT_READ:
        return IO_WAIT_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WAIT_WRITE;
    default:
        ERR_clear_error();
        return IO_GONE;
    }
}

static Io receive(MysqlLink *link, void *into, size_t len, size_t *ret_n)
{
    if (link->tls) {
        ERR_clear_error();
        int n = SSL_read(link->tls, into, (int)len);
        *ret_n = n > 0 ? (size_t)n : 0;
        return n > 0 ? IO_DONE : tls_result(link, n);
    }
    ssize_t n = 0;
    do {
        n = recv(link->fd, into, len, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    *ret_n = n > 0 ? (size_t)n : 0;
    return n > 0 ? IO_DONE : n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? IO_WAIT_READ : IO_GONE;
}

static Io transmit(MysqlLink *link, const void *from, size_t len, size_t *ret_n)
{
    if (link->tls) {
        ERR_clear_error();
        int n = SSL_write(link->tls, from, (int)MIN(len, G_MAXINT));
        *ret_n = n > 0 ? (size_t)n : 0;
        return n > 0 ? IO_DONE : tls_result(link, n);
    }
    ssize_t n = 0;
    do {
        n = send(link->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    *ret_n = n > 0 ? (size_t)n : 0;
    return n >= 0 ? IO_DONE : errno == EAGAIN || errno == EWOULDBLOCK ? IO_WAIT_WRITE : IO_GONE;
}

/* 1 = ready, 0 = time is up, -1 = broken. */
static int poll_for(const MysqlLink *link, Io what, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = link->fd, .events = what == IO_WAIT_WRITE ? POLLOUT : POLLIN};
    gint64 until_us = base_time_monotonic_us() + (gint64)timeout_ms * 1000;
    int left_ms = timeout_ms;
    for (;;) {
        int n = poll(&poll_fd, 1, left_ms);
        if (n >= 0 || errno != EINTR) {
            return n;
        }
        if (timeout_ms >= 0) {
            left_ms = (int)CLAMP((until_us - base_time_monotonic_us()) / 1000, 0, timeout_ms);
        }
    }
}

static int wait_for(const MysqlLink *link, Io what, int timeout_ms)
{
    if (timeout_ms == 0) {
        return poll_for(link, what, 0);
    }
    if (link->wait_begin) {
        link->wait_begin(link->wait_user);
    }
    int ready = poll_for(link, what, timeout_ms);
    if (link->wait_end) {
        link->wait_end(link->wait_user);
    }
    return ready;
}

/* ---- reading ------------------------------------------------------------------------------------ */

bool mysql_link_has_input(const MysqlLink *link)
{
    return link->in_len > link->in_at || (link->tls && SSL_has_pending(link->tls));
}

static void make_room(MysqlLink *link)
{
    if (link->in_at > 0) {
        memmove(link->in, link->in + link->in_at, link->in_len - link->in_at);
        link->in_len -= link->in_at;
        link->in_at = 0;
    }
    if (link->in_cap - link->in_len < READ_CHUNK_BYTES) {
        link->in_cap = MAX(link->in_cap, READ_CHUNK_BYTES) * 2;
        link->in = g_realloc(link->in, link->in_cap);
    }
}

/* Waits until `want` bytes are in link->in (want is small: a header) or gives what is there. */
static MysqlRead fill(MysqlLink *link, size_t want, int timeout_ms)
{
    while (link->in_len - link->in_at < want) {
        make_room(link);
        size_t n = 0;
        size_t room = link->exact ? want - (link->in_len - link->in_at) : link->in_cap - link->in_len;
        Io io = receive(link, link->in + link->in_len, room, &n);
        link->in_len += n;
        if (io == IO_GONE) {
            link->broken = true;
            return MYSQL_READ_CLOSED;
        }
        int ready = io == IO_DONE ? 1 : wait_for(link, io, timeout_ms);
        if (ready <= 0) {
            return ready == 0 ? MYSQL_READ_TIMEOUT : MYSQL_READ_CLOSED;
        }
    }
    return MYSQL_READ_OK;
}

static MysqlRead read_body(MysqlLink *link, size_t len)
{
    while (len > 0) {
        MysqlRead got = fill(link, link->exact ? MIN(len, READ_CHUNK_BYTES) : 1, MYSQL_READ_TIMEOUT_MS);
        if (got != MYSQL_READ_OK) {
            return got;
        }
        size_t n = MIN(len, link->in_len - link->in_at);
        g_byte_array_append(link->packet, link->in + link->in_at, (guint)n);
        link->in_at += n;
        len -= n;
    }
    return MYSQL_READ_OK;
}

MysqlRead mysql_link_read(MysqlLink *link, bool new_command, int idle_ms)
{
    g_byte_array_set_size(link->packet, 0);
    for (bool first = true;; first = false) {
        MysqlRead got = fill(link, 1, first ? idle_ms : MYSQL_READ_TIMEOUT_MS);
        if (first && got == MYSQL_READ_TIMEOUT) {
            return MYSQL_READ_NOTHING;
        }
        got = got == MYSQL_READ_OK ? fill(link, 4, MYSQL_READ_TIMEOUT_MS) : got;
        if (got != MYSQL_READ_OK) {
            return got;
        }
        MysqlReader header = mysql_reader(link->in + link->in_at, 4);
        size_t len = mysql_read_u24(&header);
        guint8 seq = mysql_read_u8(&header);
        link->in_at += 4;
        if (first && new_command) {
            link->out.seq = 0;
        }
        if (seq != link->out.seq) {
            return MYSQL_READ_SEQUENCE;
        }
        link->out.seq++;
        if (len > link->max_packet - link->packet->len) {
            return MYSQL_READ_TOO_LARGE;
        }
        got = read_body(link, len);
        if (got != MYSQL_READ_OK || len < MYSQL_PACKET_SPLIT) {
            return got;
        }
    }
}

/* ---- sending ------------------------------------------------------------------------------------ */

bool mysql_link_flush(MysqlLink *link, GError **error)
{
    size_t sent = 0;
    while (!link->broken && sent < link->out.len) {
        size_t n = 0;
        Io io = transmit(link, link->out.data + sent, link->out.len - sent, &n);
        sent += n;
        link->broken = io == IO_GONE || (io != IO_DONE && wait_for(link, io, MYSQL_SEND_TIMEOUT_MS) <= 0);
    }
    link->out.len = 0;
    if (link->out.cap > 4 * MYSQL_SEND_AT_BYTES) { /* one huge row must not cost memory for ever */
        guint8 seq = link->out.seq;
        mysql_buf_clear(&link->out);
        link->out.seq = seq;
    }
    return !link->broken || base_fail(error, BASE_E_INTERRUPTED, "the client is gone or does not read");
}

/* ---- TLS ----------------------------------------------------------------------------------------- */

static Io accept_step(MysqlLink *link)
{
    ERR_clear_error();
    int done = SSL_accept(link->tls);
    return done == 1 ? IO_DONE : tls_result(link, done);
}

const char *mysql_link_cipher(const MysqlLink *link)
{
    return link->tls ? SSL_get_cipher_name(link->tls) : NULL;
}

bool mysql_link_start_tls(MysqlLink *link, MysqlTls *tls, GError **error)
{
    SSL_CTX *context = mysql_tls_context(tls, error);
    if (!context) {
        return false;
    }
    link->tls = SSL_new(context);
    if (!link->tls || SSL_set_fd(link->tls, link->fd) != 1) {
        return base_fail(error, BASE_E_MEMORY, "TLS could not start");
    }
    for (;;) {
        Io io = accept_step(link);
        if (io == IO_DONE) {
            return true;
        }
        if (io == IO_GONE || wait_for(link, io, MYSQL_SIGN_IN_TIMEOUT_MS) <= 0) {
            link->broken = true;
            return base_fail(error, BASE_E_PROTOCOL, "TLS handshake failed");
        }
    }
}
