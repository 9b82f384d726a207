/* The MySQL client/server protocol as bytes -> values and values -> bytes. Nothing here touches a socket.
 *
 * Source: MySQL 8.0 "Client/Server Protocol" (dev.mysql.com/doc/dev/mysql-server), checked against what
 * libmariadb, PyMySQL, Connector/J and mysql2 read and send. Integers are little-endian.
 *
 * Reading: a MysqlReader walks one payload; a read past the end sets `bad` and gives zero, so that a
 * decoder checks once, at its end. Writing: packets are appended to a MysqlBuf, each between
 * mysql_packet_begin and mysql_packet_end, which fills in length and sequence number. */
#ifndef WEIR_SERVER_MYSQL_CODEC_INT_H
#define WEIR_SERVER_MYSQL_CODEC_INT_H

#include <glib.h>
#include <stdbool.h>

#include "engine/engine.h"

/* ---- numbers of the protocol ------------------------------------------------------------------ */

enum {
    MYSQL_CAP_LONG_PASSWORD = 1u << 0,
    MYSQL_CAP_FOUND_ROWS = 1u << 1,
    MYSQL_CAP_LONG_FLAG = 1u << 2,
    MYSQL_CAP_CONNECT_WITH_DB = 1u << 3,
    MYSQL_CAP_PROTOCOL_41 = 1u << 9,
    MYSQL_CAP_INTERACTIVE = 1u << 10,
    MYSQL_CAP_SSL = 1u << 11,
    MYSQL_CAP_TRANSACTIONS = 1u << 13,
    MYSQL_CAP_SECURE_CONNECTION = 1u << 15,
    MYSQL_CAP_MULTI_STATEMENTS = 1u << 16,
    MYSQL_CAP_MULTI_RESULTS = 1u << 17,
    MYSQL_CAP_PS_MULTI_RESULTS = 1u << 18,
    MYSQL_CAP_PLUGIN_AUTH = 1u << 19,
    MYSQL_CAP_CONNECT_ATTRS = 1u << 20,
    MYSQL_CAP_PLUGIN_AUTH_LENENC = 1u << 21,
    MYSQL_CAP_DEPRECATE_EOF = 1u << 24,
};
#define MYSQL_SERVER_CAPS                                                                                    \
    (MYSQL_CAP_LONG_PASSWORD | MYSQL_CAP_FOUND_ROWS | MYSQL_CAP_LONG_FLAG | MYSQL_CAP_CONNECT_WITH_DB |      \
     MYSQL_CAP_PROTOCOL_41 | MYSQL_CAP_INTERACTIVE | MYSQL_CAP_SSL | MYSQL_CAP_TRANSACTIONS |                \
     MYSQL_CAP_SECURE_CONNECTION | MYSQL_CAP_MULTI_STATEMENTS | MYSQL_CAP_MULTI_RESULTS |                    \
     MYSQL_CAP_PS_MULTI_RESULTS | MYSQL_CAP_PLUGIN_AUTH | MYSQL_CAP_CONNECT_ATTRS |                          \
     MYSQL_CAP_PLUGIN_AUTH_LENENC | MYSQL_CAP_DEPRECATE_EOF)

enum {
    MYSQL_STATUS_IN_TRANS = 0x0001,
    MYSQL_STATUS_AUTOCOMMIT = 0x0002,
    MYSQL_STATUS_MORE_RESULTS = 0x0008,
};

enum {
    MYSQL_COM_QUIT = 0x01,
    MYSQL_COM_INIT_DB = 0x02,
    MYSQL_COM_QUERY = 0x03,
    MYSQL_COM_FIELD_LIST = 0x04,
    MYSQL_COM_STATISTICS = 0x09,
    MYSQL_COM_PROCESS_KILL = 0x0c,
    MYSQL_COM_PING = 0x0e,
    MYSQL_COM_CHANGE_USER = 0x11,
    MYSQL_COM_STMT_PREPARE = 0x16,
    MYSQL_COM_STMT_EXECUTE = 0x17,
    MYSQL_COM_STMT_SEND_LONG_DATA = 0x18,
    MYSQL_COM_STMT_CLOSE = 0x19,
    MYSQL_COM_STMT_RESET = 0x1a,
    MYSQL_COM_SET_OPTION = 0x1b,
    MYSQL_COM_STMT_FETCH = 0x1c,
    MYSQL_COM_RESET_CONNECTION = 0x1f,
};

enum {
    MYSQL_TYPE_DECIMAL = 0,
    MYSQL_TYPE_TINY = 1,
    MYSQL_TYPE_SHORT = 2,
    MYSQL_TYPE_LONG = 3,
    MYSQL_TYPE_FLOAT = 4,
    MYSQL_TYPE_DOUBLE = 5,
    MYSQL_TYPE_NULL = 6,
    MYSQL_TYPE_TIMESTAMP = 7,
    MYSQL_TYPE_LONGLONG = 8,
    MYSQL_TYPE_INT24 = 9,
    MYSQL_TYPE_DATE = 10,
    MYSQL_TYPE_TIME = 11,
    MYSQL_TYPE_DATETIME = 12,
    MYSQL_TYPE_YEAR = 13,
    MYSQL_TYPE_VARCHAR = 15,
    MYSQL_TYPE_BIT = 16,
    MYSQL_TYPE_JSON = 245,
    MYSQL_TYPE_NEWDECIMAL = 246,
    MYSQL_TYPE_ENUM = 247,
    MYSQL_TYPE_SET = 248,
    MYSQL_TYPE_TINY_BLOB = 249,
    MYSQL_TYPE_MEDIUM_BLOB = 250,
    MYSQL_TYPE_LONG_BLOB = 251,
    MYSQL_TYPE_BLOB = 252,
    MYSQL_TYPE_VAR_STRING = 253,
    MYSQL_TYPE_STRING = 254,
    MYSQL_TYPE_GEOMETRY = 255,
};

enum { MYSQL_FLAG_NOT_NULL = 1, MYSQL_FLAG_BLOB = 16, MYSQL_FLAG_UNSIGNED = 32, MYSQL_FLAG_BINARY = 128 };
enum { MYSQL_CHARSET_UTF8MB4 = 45, MYSQL_CHARSET_BINARY = 63 };

#define MYSQL_SCRAMBLE_BYTES 20
#define MYSQL_PACKET_SPLIT   0xFFFFFFu /* a packet of this length is continued by the next one */
#define MYSQL_NATIVE_PLUGIN  "mysql_native_password"
#define MYSQL_SHA2_PLUGIN    "caching_sha2_password"

/* Limits on what a client may send (docs/reference: "limits"). */
#define MYSQL_MAX_SIGN_IN_BYTES (64u * 1024u)         /* any packet before sign-in is over */
#define MYSQL_MAX_PACKET_BYTES  (64u * 1024u * 1024u) /* max_allowed_packet */
#define MYSQL_MAX_PARAMS        65535u
#define MYSQL_MAX_STATEMENTS    4096u /* open prepared statements of a session */
/* What all of these hold until they are closed: texts, parameters, what SEND_LONG_DATA brought. */
#define MYSQL_MAX_HELD_BYTES (256u * 1024u * 1024u)

/* ---- reading ----------------------------------------------------------------------------------- */

typedef struct {
    const guint8 *at, *end;
    bool bad;
} MysqlReader;

MysqlReader mysql_reader(const void *bytes, size_t len);
size_t mysql_read_left(const MysqlReader *reader);
guint8 mysql_read_u8(MysqlReader *reader);
guint16 mysql_read_u16(MysqlReader *reader);
guint32 mysql_read_u24(MysqlReader *reader);
guint32 mysql_read_u32(MysqlReader *reader);
guint64 mysql_read_u64(MysqlReader *reader);
/* Length-encoded integer; 0xFB (NULL) and 0xFF are bad. */
guint64 mysql_read_lenenc(MysqlReader *reader);
/* `len` bytes in place; NULL and bad when there are fewer. */
const guint8 *mysql_read_bytes(MysqlReader *reader, guint64 len);
const guint8 *mysql_read_lenenc_bytes(MysqlReader *reader, size_t *ret_len);
/* Up to and without the next NUL, which must be there; in place, NUL-terminated. */
const char *mysql_read_text(MysqlReader *reader);

/* ---- writing ----------------------------------------------------------------------------------- */

typedef struct {
    guint8 *data;
    size_t len, cap;
    size_t packet; /* offset of the open packet's header */
    guint8 seq;    /* of the next packet */
} MysqlBuf;

void mysql_buf_clear(MysqlBuf *buf); /* frees */
void mysql_buf_grow(MysqlBuf *buf, size_t more);
static inline guint8 *mysql_buf_reserve(MysqlBuf *buf, size_t more)
{
    if (G_UNLIKELY(buf->cap - buf->len < more)) {
        mysql_buf_grow(buf, more);
    }
    return buf->data + buf->len;
}
void mysql_put_u8(MysqlBuf *buf, guint8 value);
void mysql_put_u16(MysqlBuf *buf, guint16 value);
void mysql_put_u32(MysqlBuf *buf, guint32 value);
void mysql_put_u64(MysqlBuf *buf, guint64 value);
void mysql_put_zeros(MysqlBuf *buf, size_t n);
void mysql_put_lenenc(MysqlBuf *buf, guint64 value);
void mysql_put_bytes(MysqlBuf *buf, const void *bytes, size_t len);
void mysql_put_lenenc_bytes(MysqlBuf *buf, const void *bytes, size_t len);
void mysql_put_lenenc_text(MysqlBuf *buf, const char *text);
/* Raw forms for the row encoders; the caller has reserved the room. Return the new end. */
guint8 *mysql_store_lenenc(guint8 *out, guint64 value);

void mysql_packet_begin(MysqlBuf *buf);
/* Packets of 2^24-1 bytes and more are split, with the empty tail that the protocol asks for. */
void mysql_packet_end(MysqlBuf *buf);

/* ---- sign-in ----------------------------------------------------------------------------------- */

/* HandshakeV10. */
void mysql_put_greeting(MysqlBuf *buf, const char *version, guint32 id, const guint8 *scramble,
                        guint16 status);

typedef struct {
    guint32 caps, max_packet;
    guint8 charset;
    bool ssl_request; /* only caps, max_packet, charset are set: TLS comes next */
    const char *user; /* borrowed from the payload, as all below */
    const guint8 *auth;
    size_t auth_len;
    const char *database; /* NULL = none */
    const char *plugin;   /* NULL = not named */
    char *program;        /* program_name of the connect attributes; NULL; caller frees */
} MysqlSignIn;
/* HandshakeResponse41 or SSLRequest. Errors: PROTOCOL. */
bool mysql_parse_sign_in(const void *bytes, size_t len, MysqlSignIn *ret,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Body of COM_CHANGE_USER (after the command byte); `caps` as negotiated. */
bool mysql_parse_change_user(const void *bytes, size_t len, guint32 caps, MysqlSignIn *ret,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void mysql_put_auth_switch(MysqlBuf *buf, const char *plugin, const guint8 *scramble);
void mysql_put_auth_more(MysqlBuf *buf, const void *bytes, size_t len);

/* ---- answers ------------------------------------------------------------------------------------ */

typedef struct {
    guint64 changed, last_id;
    guint16 status, warnings;
    const char *info; /* NULL = none */
} MysqlOk;
void mysql_put_ok(MysqlBuf *buf, const MysqlOk *ok);
/* End of rows: an OK with header 0xFE where the client knows DEPRECATE_EOF, else EOF. */
void mysql_put_end(MysqlBuf *buf, guint32 caps, const MysqlOk *ok);
void mysql_put_eof(MysqlBuf *buf, guint16 status, guint16 warnings);
void mysql_put_err(MysqlBuf *buf, guint16 number, const char *sqlstate, const char *message);

/* How a type of the engine is shown to a MySQL client. */
typedef struct {
    guint8 type, decimals, charset;
    guint16 flags;
    guint32 length;
} MysqlColumnType;
MysqlColumnType mysql_column_type(EngineType type);
/* Column definition 41. `fallback` != NULL adds the default value of COM_FIELD_LIST. */
void mysql_put_column(MysqlBuf *buf, const char *schema, const char *table, const char *name,
                      MysqlColumnType type, bool field_list);
void mysql_put_prepare_ok(MysqlBuf *buf, guint32 id, guint16 n_columns, guint16 n_params, guint16 warnings);

/* ---- parameters of a prepared statement ----------------------------------------------------------- */

typedef struct {
    guint32 id;
    guint8 flags;
} MysqlExecute;
/* Body of COM_STMT_EXECUTE after the command byte.
 *   types      in/out  2 * n_params bytes, kept from one execute to the next (clients send them once)
 *   has_types  in/out
 *   long_data  in      n_params entries, not NULL where COM_STMT_SEND_LONG_DATA gave the value; may be NULL
 *   values     out     n_params; TEXT and BLOB borrow from `bytes`, from long_data, or from `arena` (numbers
 * that have no other form), so all three outlive the use Errors: PROTOCOL. */
bool mysql_parse_execute(const void *bytes, size_t len, size_t n_params, guint8 *types, bool *has_types,
                         GByteArray *const *long_data, EngineValue *values, GStringChunk *arena,
                         MysqlExecute *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
