/* MySQL protocol: primitives, sign-in packets, answers. See codec_int.h. */
#include "server/mysql/codec_int.h"

#include "base/error.h"

/* ---- reading ----------------------------------------------------------------------------------- */

MysqlReader mysql_reader(const void *bytes, size_t len)
{
    /* An empty packet may have no bytes at all: memchr and arithmetic need an address even for none. */
    const guint8 *at = bytes != NULL ? bytes : (const guint8 *)"";
    return (MysqlReader){.at = at, .end = at + len};
}

size_t mysql_read_left(const MysqlReader *reader)
{
    return (size_t)(reader->end - reader->at);
}

const guint8 *mysql_read_bytes(MysqlReader *reader, guint64 len)
{
    if (reader->bad || len > mysql_read_left(reader)) {
        reader->bad = true;
        return NULL;
    }
    const guint8 *bytes = reader->at;
    reader->at += len;
    return bytes;
}

static guint64 read_int(MysqlReader *reader, size_t n)
{
    const guint8 *bytes = mysql_read_bytes(reader, n);
    guint64 value = 0;
    for (size_t i = 0; bytes && i < n; i++) {
        value |= (guint64)bytes[i] << (8 * i);
    }
    return value;
}

guint8 mysql_read_u8(MysqlReader *reader)
{
    return (guint8)read_int(reader, 1);
}

guint16 mysql_read_u16(MysqlReader *reader)
{
    return (guint16)read_int(reader, 2);
}

guint32 mysql_read_u24(MysqlReader *reader)
{
    return (guint32)read_int(reader, 3);
}

guint32 mysql_read_u32(MysqlReader *reader)
{
    return (guint32)read_int(reader, 4);
}

guint64 mysql_read_u64(MysqlReader *reader)
{
    return read_int(reader, 8);
}

guint64 mysql_read_lenenc(MysqlReader *reader)
{
    guint8 first = mysql_read_u8(reader);
    switch (first) {
    case 0xFB:
    case 0xFF:
        reader->bad = true;
        return 0;
    case 0xFC:
        return mysql_read_u16(reader);
    case 0xFD:
        return mysql_read_u24(reader);
    case 0xFE:
        return mysql_read_u64(reader);
    default:
        return first;
    }
}

const guint8 *mysql_read_lenenc_bytes(MysqlReader *reader, size_t *ret_len)
{
    guint64 len = mysql_read_lenenc(reader);
    const guint8 *bytes = mysql_read_bytes(reader, len);
    *ret_len = bytes ? (size_t)len : 0;
    return bytes;
}

const char *mysql_read_text(MysqlReader *reader)
{
    const guint8 *end = reader->bad ? NULL : memchr(reader->at, 0, mysql_read_left(reader));
    if (!end) {
        reader->bad = true;
        return "";
    }
    const char *text = (const char *)reader->at;
    reader->at = end + 1;
    return text;
}

/* ---- writing ----------------------------------------------------------------------------------- */

void mysql_buf_clear(MysqlBuf *buf)
{
    g_free(buf->data);
    *buf = (MysqlBuf){0};
}

void mysql_buf_grow(MysqlBuf *buf, size_t more)
{
    size_t need = buf->len + more;
    size_t cap = buf->cap ? buf->cap : 4096;
    while (cap < need) {
        cap *= 2;
    }
    buf->data = g_realloc(buf->data, cap);
    buf->cap = cap;
}

void mysql_put_bytes(MysqlBuf *buf, const void *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    memcpy(mysql_buf_reserve(buf, len), bytes, len);
    buf->len += len;
}

static void put_int(MysqlBuf *buf, guint64 value, size_t n)
{
    guint8 *out = mysql_buf_reserve(buf, n);
    for (size_t i = 0; i < n; i++) {
        out[i] = (guint8)(value >> (8 * i));
    }
    buf->len += n;
}

void mysql_put_u8(MysqlBuf *buf, guint8 value)
{
    put_int(buf, value, 1);
}

void mysql_put_u16(MysqlBuf *buf, guint16 value)
{
    put_int(buf, value, 2);
}

void mysql_put_u32(MysqlBuf *buf, guint32 value)
{
    put_int(buf, value, 4);
}

void mysql_put_u64(MysqlBuf *buf, guint64 value)
{
    put_int(buf, value, 8);
}

void mysql_put_zeros(MysqlBuf *buf, size_t n)
{
    memset(mysql_buf_reserve(buf, n), 0, n);
    buf->len += n;
}

guint8 *mysql_store_lenenc(guint8 *out, guint64 value)
{
    size_t n = value < 251 ? 0 : value <= 0xFFFF ? 2 : value <= 0xFFFFFF ? 3 : 8;
    if (n == 0) {
        *out = (guint8)value;
        return out + 1;
    }
    *out++ = n == 2 ? 0xFC : n == 3 ? 0xFD : 0xFE;
    for (size_t i = 0; i < n; i++) {
        *out++ = (guint8)(value >> (8 * i));
    }
    return out;
}

void mysql_put_lenenc(MysqlBuf *buf, guint64 value)
{
    guint8 *out = mysql_buf_reserve(buf, 9);
    buf->len += (size_t)(mysql_store_lenenc(out, value) - out);
}

void mysql_put_lenenc_bytes(MysqlBuf *buf, const void *bytes, size_t len)
{
    mysql_put_lenenc(buf, len);
    mysql_put_bytes(buf, bytes, len);
}

void mysql_put_lenenc_text(MysqlBuf *buf, const char *text)
{
    mysql_put_lenenc_bytes(buf, text, strlen(text));
}

void mysql_packet_begin(MysqlBuf *buf)
{
    buf->packet = buf->len;
    mysql_put_zeros(buf, 4);
}

static void store_header(guint8 *header, size_t len, guint8 seq)
{
    header[0] = (guint8)len;
    header[1] = (guint8)(len >> 8);
    header[2] = (guint8)(len >> 16);
    header[3] = seq;
}

/* Moves everything after a full packet four bytes on, to make room for the next header. */
static void split_packet(MysqlBuf *buf)
{
    size_t left = buf->len - buf->packet - 4;
    while (left >= MYSQL_PACKET_SPLIT) {
        mysql_buf_reserve(buf, 4);
        store_header(buf->data + buf->packet, MYSQL_PACKET_SPLIT, buf->seq++);
        size_t next = buf->packet + 4 + MYSQL_PACKET_SPLIT;
        left -= MYSQL_PACKET_SPLIT;
        memmove(buf->data + next + 4, buf->data + next, left);
        buf->packet = next;
        buf->len += 4;
    }
}

void mysql_packet_end(MysqlBuf *buf)
{
    if (G_UNLIKELY(buf->len - buf->packet - 4 >= MYSQL_PACKET_SPLIT)) {
        split_packet(buf);
    }
    store_header(buf->data + buf->packet, buf->len - buf->packet - 4, buf->seq++);
}

/* ---- sign-in ----------------------------------------------------------------------------------- */

void mysql_put_greeting(MysqlBuf *buf, const char *version, guint32 id, const guint8 *scramble,
                        guint16 status)
{
    mysql_packet_begin(buf);
    mysql_put_u8(buf, 10);
    mysql_put_bytes(buf, version, strlen(version) + 1);
    mysql_put_u32(buf, id);
    mysql_put_bytes(buf, scramble, 8);
    mysql_put_u8(buf, 0);
    mysql_put_u16(buf, MYSQL_SERVER_CAPS & 0xFFFF);
    mysql_put_u8(buf, MYSQL_CHARSET_UTF8MB4);
    mysql_put_u16(buf, status);
    mysql_put_u16(buf, (guint16)(MYSQL_SERVER_CAPS >> 16));
    mysql_put_u8(buf, MYSQL_SCRAMBLE_BYTES + 1);
    mysql_put_zeros(buf, 10);
    mysql_put_bytes(buf, scramble + 8, MYSQL_SCRAMBLE_BYTES - 8);
    mysql_put_u8(buf, 0);
    mysql_put_bytes(buf, MYSQL_NATIVE_PLUGIN, sizeof MYSQL_NATIVE_PLUGIN);
    mysql_packet_end(buf);
}

/* Connect attributes: pairs of length-encoded texts inside one length-encoded block. */
static char *parse_attributes(MysqlReader *reader)
{
    size_t len = 0;
    const guint8 *block = mysql_read_lenenc_bytes(reader, &len);
    if (block == NULL) {
        return NULL;
    }
    MysqlReader attributes = mysql_reader(block, len);
    char *program = NULL;
    while (!attributes.bad && mysql_read_left(&attributes) > 0) {
        size_t key_len = 0, value_len = 0;
        const guint8 *key = mysql_read_lenenc_bytes(&attributes, &key_len);
        const guint8 *value = mysql_read_lenenc_bytes(&attributes, &value_len);
        if (!attributes.bad && !program && key_len == 12 && memcmp(key, "program_name", 12) == 0) {
            program = g_strndup((const char *)value, MIN(value_len, 64));
        }
    }
    return program;
}

/* Auth response, database, plugin, attributes: the part that both sign-in packets share the idea of. */
static void parse_auth(MysqlReader *reader, guint32 caps, MysqlSignIn *ret)
{
    if (caps & MYSQL_CAP_PLUGIN_AUTH_LENENC) {
        ret->auth = mysql_read_lenenc_bytes(reader, &ret->auth_len);
    } else if (caps & MYSQL_CAP_SECURE_CONNECTION) {
        ret->auth_len = mysql_read_u8(reader);
        ret->auth = mysql_read_bytes(reader, ret->auth_len);
    } else {
        const char *text = mysql_read_text(reader);
        ret->auth = (const guint8 *)text;
        ret->auth_len = strlen(text);
    }
}

static void parse_tail(MysqlReader *reader, guint32 caps, MysqlSignIn *ret)
{
    /* Some clients set PLUGIN_AUTH and end the packet early. */
    if ((caps & MYSQL_CAP_PLUGIN_AUTH) && mysql_read_left(reader) > 0) {
        ret->plugin = mysql_read_text(reader);
    }
    if ((caps & MYSQL_CAP_CONNECT_ATTRS) && mysql_read_left(reader) > 0) {
        ret->program = parse_attributes(reader);
    }
}

static bool sign_in_done(const MysqlReader *reader, MysqlSignIn *ret, GError **error)
{
    if (!reader->bad) {
        return true;
    }
    g_clear_pointer(&ret->program, g_free);
    return base_fail(error, BASE_E_PROTOCOL, "sign-in packet is cut short");
}

bool mysql_parse_sign_in(const void *bytes, size_t len, MysqlSignIn *ret, GError **error)
{
    *ret = (MysqlSignIn){0};
    MysqlReader reader = mysql_reader(bytes, len);
    ret->caps = mysql_read_u32(&reader);
    if (!(ret->caps & MYSQL_CAP_PROTOCOL_41)) {
        return base_fail(error, BASE_E_PROTOCOL, "client does not speak protocol 4.1");
    }
    ret->max_packet = mysql_read_u32(&reader);
    ret->charset = mysql_read_u8(&reader);
    mysql_read_bytes(&reader, 23);
    if ((ret->caps & MYSQL_CAP_SSL) && mysql_read_left(&reader) == 0) {
        ret->ssl_request = true;
        return sign_in_done(&reader, ret, error);
    }
    ret->user = mysql_read_text(&reader);
    parse_auth(&reader, ret->caps, ret);
    if ((ret->caps & MYSQL_CAP_CONNECT_WITH_DB) && mysql_read_left(&reader) > 0) {
        ret->database = mysql_read_text(&reader);
    }
    parse_tail(&reader, ret->caps, ret);
    return sign_in_done(&reader, ret, error);
}

bool mysql_parse_change_user(const void *bytes, size_t len, guint32 caps, MysqlSignIn *ret, GError **error)
{
    *ret = (MysqlSignIn){.caps = caps};
    MysqlReader reader = mysql_reader(bytes, len);
    ret->user = mysql_read_text(&reader);
    /* Here the response always has a one-byte length (LENENC does not apply). */
    parse_auth(&reader, caps & ~(guint32)MYSQL_CAP_PLUGIN_AUTH_LENENC, ret);
    ret->database = mysql_read_text(&reader);
    if (mysql_read_left(&reader) >= 2) {
        ret->charset = (guint8)mysql_read_u16(&reader);
    }
    parse_tail(&reader, caps, ret);
    return sign_in_done(&reader, ret, error);
}

void mysql_put_auth_switch(MysqlBuf *buf, const char *plugin, const guint8 *scramble)
{
    mysql_packet_begin(buf);
    mysql_put_u8(buf, 0xFE);
    mysql_put_bytes(buf, plugin, strlen(plugin) + 1);
    mysql_put_bytes(buf, scramble, MYSQL_SCRAMBLE_BYTES);
    mysql_put_u8(buf, 0);
    mysql_packet_end(buf);
}

void mysql_put_auth_more(MysqlBuf *buf, const void *bytes, size_t len)
{
    mysql_packet_begin(buf);
    mysql_put_u8(buf, 0x01);
    mysql_put_bytes(buf, bytes, len);
    mysql_packet_end(buf);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static void put_ok_body(MysqlBuf *buf, guint8 header, const MysqlOk *ok)
{
    mysql_packet_begin(buf);
    mysql_put_u8(buf, header);
    mysql_put_lenenc(buf, ok->changed);
    mysql_put_lenenc(buf, ok->last_id);
    mysql_put_u16(buf, ok->status);
    mysql_put_u16(buf, ok->warnings);
    /* Without SESSION_TRACK (not offered) the info is the rest of the packet, with no length of its own;
     * but clients since 5.7 read a length-encoded text when there is something to read. libmysqlclient,
     * libmariadb and Connector/J all read net_field_length() here, so the length is written. */
    if (ok->info && *ok->info) {
        mysql_put_lenenc_text(buf, ok->info);
    }
    mysql_packet_end(buf);
}

void mysql_put_ok(MysqlBuf *buf, const MysqlOk *ok)
{
    put_ok_body(buf, 0x00, ok);
}

void mysql_put_eof(MysqlBuf *buf, guint16 status, guint16 warnings)
{
    mysql_packet_begin(buf);
    mysql_put_u8(buf, 0xFE);
    mysql_put_u16(buf, warnings);
    mysql_put_u16(buf, status);
    mysql_packet_end(buf);
}

void mysql_put_end(MysqlBuf *buf, guint32 caps, const MysqlOk *ok)
{
    if (caps & MYSQL_CAP_DEPRECATE_EOF) {
        put_ok_body(buf, 0xFE, ok);
    } else {
        mysql_put_eof(buf, ok->status, ok->warnings);
    }
}

void mysql_put_err(MysqlBuf *buf, guint16 number, const char *sqlstate, const char *message)
{
    mysql_packet_begin(buf);
    mysql_put_u8(buf, 0xFF);
    mysql_put_u16(buf, number);
    mysql_put_u8(buf, '#');
    mysql_put_bytes(buf, sqlstate, 5);
    mysql_put_bytes(buf, message, strlen(message));
    mysql_packet_end(buf);
}

/* One row for each type of the engine; what is not named is shown as text. */
static const struct {
    guint8 type, decimals;
    guint16 flags;
    guint32 length;
} COLUMN_TYPES[ENGINE_OTHER + 1] = {
    [ENGINE_NULL] = {MYSQL_TYPE_NULL, 0, MYSQL_FLAG_BINARY, 0},
    [ENGINE_BOOLEAN] = {MYSQL_TYPE_TINY, 0, MYSQL_FLAG_BINARY,
                        1}, /* TINYINT(1) is what clients call boolean */
    [ENGINE_INT8] = {MYSQL_TYPE_TINY, 0, MYSQL_FLAG_BINARY, 4},
    [ENGINE_INT16] = {MYSQL_TYPE_SHORT, 0, MYSQL_FLAG_BINARY, 6},
    [ENGINE_INT32] = {MYSQL_TYPE_LONG, 0, MYSQL_FLAG_BINARY, 11},
    [ENGINE_INT64] = {MYSQL_TYPE_LONGLONG, 0, MYSQL_FLAG_BINARY, 20},
    [ENGINE_INT128] = {MYSQL_TYPE_NEWDECIMAL, 0, MYSQL_FLAG_BINARY, 40},
    [ENGINE_UINT8] = {MYSQL_TYPE_TINY, 0, MYSQL_FLAG_BINARY | MYSQL_FLAG_UNSIGNED, 3},
    [ENGINE_UINT16] = {MYSQL_TYPE_SHORT, 0, MYSQL_FLAG_BINARY | MYSQL_FLAG_UNSIGNED, 5},
    [ENGINE_UINT32] = {MYSQL_TYPE_LONG, 0, MYSQL_FLAG_BINARY | MYSQL_FLAG_UNSIGNED, 10},
    [ENGINE_UINT64] = {MYSQL_TYPE_LONGLONG, 0, MYSQL_FLAG_BINARY | MYSQL_FLAG_UNSIGNED, 20},
    [ENGINE_UINT128] = {MYSQL_TYPE_NEWDECIMAL, 0, MYSQL_FLAG_BINARY | MYSQL_FLAG_UNSIGNED, 39},
    [ENGINE_FLOAT] = {MYSQL_TYPE_FLOAT, 31, MYSQL_FLAG_BINARY, 12},
    [ENGINE_DOUBLE] = {MYSQL_TYPE_DOUBLE, 31, MYSQL_FLAG_BINARY, 22},
    [ENGINE_DECIMAL] = {MYSQL_TYPE_NEWDECIMAL, 0, MYSQL_FLAG_BINARY, 0},
    [ENGINE_JSON] = {MYSQL_TYPE_JSON, 0, 0, G_MAXUINT32},
    [ENGINE_BLOB] = {MYSQL_TYPE_BLOB, 0, MYSQL_FLAG_BINARY | MYSQL_FLAG_BLOB, G_MAXUINT32},
    [ENGINE_DATE] = {MYSQL_TYPE_DATE, 0, MYSQL_FLAG_BINARY, 10},
    [ENGINE_TIME] = {MYSQL_TYPE_TIME, 6, MYSQL_FLAG_BINARY, 17},
    [ENGINE_TIMESTAMP] = {MYSQL_TYPE_DATETIME, 6, MYSQL_FLAG_BINARY, 26},
    [ENGINE_TIMESTAMP_TZ] = {MYSQL_TYPE_DATETIME, 6, MYSQL_FLAG_BINARY, 26},
};

MysqlColumnType mysql_column_type(EngineType type)
{
    g_return_val_if_fail(type.id <= ENGINE_OTHER, (MysqlColumnType){0});
    MysqlColumnType ret = {.type = COLUMN_TYPES[type.id].type,
                           .decimals = COLUMN_TYPES[type.id].decimals,
                           .flags = COLUMN_TYPES[type.id].flags,
                           .length = COLUMN_TYPES[type.id].length,
                           .charset = MYSQL_CHARSET_BINARY};
    if (type.id == ENGINE_DECIMAL) {
        ret.decimals = type.scale;
        ret.length = type.width + 1u + (type.scale > 0);
    } else if (type.id == ENGINE_JSON) {
        ret.charset = MYSQL_CHARSET_UTF8MB4;
    } else if (ret.type == 0) {
        ret = (MysqlColumnType){
            .type = MYSQL_TYPE_VAR_STRING, .charset = MYSQL_CHARSET_UTF8MB4, .length = 65535u * 4u};
    }
    return ret;
}

void mysql_put_column(MysqlBuf *buf, const char *schema, const char *table, const char *name,
                      MysqlColumnType type, bool field_list)
{
    mysql_packet_begin(buf);
    mysql_put_lenenc_text(buf, "def");
    mysql_put_lenenc_text(buf, schema);
    mysql_put_lenenc_text(buf, table);
    mysql_put_lenenc_text(buf, table);
    mysql_put_lenenc_text(buf, name);
    mysql_put_lenenc_text(buf, name);
    mysql_put_u8(buf, 0x0C);
    mysql_put_u16(buf, type.charset);
    mysql_put_u32(buf, type.length);
    mysql_put_u8(buf, type.type);
    mysql_put_u16(buf, type.flags);
    mysql_put_u8(buf, type.decimals);
    mysql_put_u16(buf, 0);
    if (field_list) {
        mysql_put_u8(buf, 0xFB); /* the default value: NULL */
    }
    mysql_packet_end(buf);
}

void mysql_put_prepare_ok(MysqlBuf *buf, guint32 id, guint16 n_columns, guint16 n_params, guint16 warnings)
{
    mysql_packet_begin(buf);
    mysql_put_u8(buf, 0x00);
    mysql_put_u32(buf, id);
    mysql_put_u16(buf, n_columns);
    mysql_put_u16(buf, n_params);
    mysql_put_u8(buf, 0);
    mysql_put_u16(buf, warnings);
    mysql_packet_end(buf);
}
