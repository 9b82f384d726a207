/* MySQL protocol: the binary parameters of COM_STMT_EXECUTE. See codec_int.h.
 *
 * A number that a client had to send as DOUBLE though it is whole (JavaScript has no other) becomes an
 * integer: an integer compares with a BIGINT key without casting the column. */
#include <math.h>

#include "base/error.h"
#include "base/time.h"
#include "server/mysql/codec_int.h"

#define MAX_EXACT_DOUBLE 9007199254740992.0 /* 2^53 */

/* An integer of `n` bytes, sign-extended unless unsigned. */
static EngineValue read_integer(MysqlReader *reader, size_t n, bool is_unsigned)
{
    guint64 raw = n == 1   ? mysql_read_u8(reader)
                  : n == 2 ? mysql_read_u16(reader)
                  : n == 4 ? mysql_read_u32(reader)
                           : mysql_read_u64(reader);
    if (is_unsigned && raw > G_MAXINT64) {
        return (EngineValue){.id = ENGINE_UINT64, .u64 = raw};
    }
    if (is_unsigned || n == 8) {
        return engine_value_int((gint64)raw);
    }
    guint64 sign = G_GUINT64_CONSTANT(1) << (8 * n - 1);
    return engine_value_int((gint64)((raw ^ sign) - sign));
}

static EngineValue read_real(MysqlReader *reader, bool is_double)
{
    double value = 0;
    if (is_double) {
        guint64 bits = mysql_read_u64(reader);
        memcpy(&value, &bits, sizeof value);
    } else {
        guint32 bits = mysql_read_u32(reader);
        float single = 0;
        memcpy(&single, &bits, sizeof single);
        value = (double)single;
    }
    if (fabs(value) < MAX_EXACT_DOUBLE && trunc(value) == value) {
        return engine_value_int((gint64)value);
    }
    return (EngineValue){.id = ENGINE_DOUBLE, .real = value};
}

/* DATE, DATETIME, TIMESTAMP: length 0, 4, 7 or 11. */
static EngineValue read_datetime(MysqlReader *reader, bool is_date)
{
    guint8 len = mysql_read_u8(reader);
    if (len != 0 && len != 4 && len != 7 && len != 11) {
        reader->bad = true;
    }
    int year = len >= 4 ? mysql_read_u16(reader) : 0;
    int month = len >= 4 ? mysql_read_u8(reader) : 0;
    int day = len >= 4 ? mysql_read_u8(reader) : 0;
    gint64 seconds = 0;
    if (len >= 7) {
        seconds = mysql_read_u8(reader) * 3600;
        seconds += mysql_read_u8(reader) * 60;
        seconds += mysql_read_u8(reader);
    }
    gint64 micros = len == 11 ? mysql_read_u32(reader) : 0;
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > 31) {
        return (EngineValue){.id = ENGINE_NULL}; /* the zero date: no such day */
    }
    gint64 days = base_time_days_from_civil(year, month, day);
    if (is_date && seconds == 0 && micros == 0) {
        return (EngineValue){.id = ENGINE_DATE, .i64 = days};
    }
    return (EngineValue){.id = ENGINE_TIMESTAMP,
                         .i64 = days * BASE_TIME_DAY_US + seconds * BASE_TIME_SECOND_US + micros};
}

/* TIME: length 0, 8 or 12. What is not a time of day (negative, a day or more) goes as text. */
static EngineValue read_time(MysqlReader *reader, GStringChunk *arena)
{
    guint8 len = mysql_read_u8(reader);
    if (len != 0 && len != 8 && len != 12) {
        reader->bad = true;
    }
    bool negative = len >= 8 && mysql_read_u8(reader) != 0;
    guint32 days = len >= 8 ? mysql_read_u32(reader) : 0;
    guint hours = len >= 8 ? mysql_read_u8(reader) : 0;
    guint minutes = len >= 8 ? mysql_read_u8(reader) : 0;
    guint seconds = len >= 8 ? mysql_read_u8(reader) : 0;
    guint32 micros = len == 12 ? mysql_read_u32(reader) : 0;
    if (!negative && days == 0 && hours < 24) {
        gint64 whole = hours * 3600 + minutes * 60 + seconds;
        return (EngineValue){.id = ENGINE_TIME, .i64 = whole * BASE_TIME_SECOND_US + micros};
    }
    g_autofree char *text = g_strdup_printf("%s%" G_GUINT64_FORMAT ":%02u:%02u.%06u", negative ? "-" : "",
                                            (guint64)days * 24 + hours, minutes, seconds, micros);
    const char *kept = g_string_chunk_insert(arena, text);
    return (EngineValue){.id = ENGINE_TEXT, .text = {kept, strlen(kept)}};
}

static EngineValue read_bytes(MysqlReader *reader, guint8 type)
{
    size_t len = 0;
    const guint8 *bytes = mysql_read_lenenc_bytes(reader, &len);
    const char *text = bytes ? (const char *)bytes : "";
    /* Clients send Buffers as BLOB and text as VAR_STRING; drivers that send all text as BLOB (MariaDB's
     * do, when it is long) are told apart by the bytes. */
    bool blob =
        type >= MYSQL_TYPE_TINY_BLOB && type <= MYSQL_TYPE_BLOB && !g_utf8_validate(text, (gssize)len, NULL);
    return (EngineValue){.id = blob ? ENGINE_BLOB : ENGINE_TEXT, .text = {text, len}};
}

static EngineValue read_param(MysqlReader *reader, guint8 type, bool is_unsigned, GStringChunk *arena)
{
    switch (type) {
    case MYSQL_TYPE_NULL:
        return (EngineValue){.id = ENGINE_NULL};
    case MYSQL_TYPE_TINY:
        return read_integer(reader, 1, is_unsigned);
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_YEAR:
        return read_integer(reader, 2, is_unsigned);
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_INT24:
        return read_integer(reader, 4, is_unsigned);
    case MYSQL_TYPE_LONGLONG:
        return read_integer(reader, 8, is_unsigned);
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
        return read_real(reader, type == MYSQL_TYPE_DOUBLE);
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
        return read_datetime(reader, type == MYSQL_TYPE_DATE);
    case MYSQL_TYPE_TIME:
        return read_time(reader, arena);
    default:
        return read_bytes(reader, type);
    }
}

static bool read_types(MysqlReader *reader, size_t n_params, guint8 *types, bool *has_types, GError **error)
{
    if (mysql_read_u8(reader) == 1) {
        const guint8 *sent = mysql_read_bytes(reader, 2 * n_params);
        if (!sent) {
            return base_fail(error, BASE_E_PROTOCOL, "COM_STMT_EXECUTE is cut short in its types");
        }
        memcpy(types, sent, 2 * n_params);
        *has_types = true;
    }
    return *has_types || base_fail(error, BASE_E_PROTOCOL, "COM_STMT_EXECUTE gives no parameter types");
}

bool mysql_parse_execute(const void *bytes, size_t len, size_t n_params, guint8 *types, bool *has_types,
                         GByteArray *const *long_data, EngineValue *values, GStringChunk *arena,
                         MysqlExecute *ret, GError **error)
{
    MysqlReader reader = mysql_reader(bytes, len);
    ret->id = mysql_read_u32(&reader);
    ret->flags = mysql_read_u8(&reader);
    mysql_read_u32(&reader); /* iteration count: always 1 */
    if (reader.bad) {
        return base_fail(error, BASE_E_PROTOCOL, "COM_STMT_EXECUTE is cut short");
    }
    if (n_params == 0) {
        return true;
    }
    const guint8 *nulls = mysql_read_bytes(&reader, (n_params + 7) / 8);
    if (!nulls) {
        return base_fail(error, BASE_E_PROTOCOL, "COM_STMT_EXECUTE is cut short");
    }
    if (!read_types(&reader, n_params, types, has_types, error)) {
        return false;
    }
    for (size_t i = 0; i < n_params; i++) {
        if (long_data && long_data[i]) {
            values[i] = (EngineValue){.id = types[2 * i] == MYSQL_TYPE_VAR_STRING ? ENGINE_TEXT : ENGINE_BLOB,
                                      .text = {(const char *)long_data[i]->data, long_data[i]->len}};
            if (g_utf8_validate(values[i].text.bytes ? values[i].text.bytes : "", (gssize)values[i].text.len,
                                NULL)) {
                values[i].id = ENGINE_TEXT;
            }
        } else if (nulls[i / 8] & (1u << (i % 8))) {
            values[i] = (EngineValue){.id = ENGINE_NULL};
        } else {
            values[i] = read_param(&reader, types[2 * i], (types[2 * i + 1] & 0x80) != 0, arena);
        }
    }
    return !reader.bad || base_fail(error, BASE_E_PROTOCOL, "COM_STMT_EXECUTE is cut short in its values");
}
