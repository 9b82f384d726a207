/* Rows of the MySQL protocol. See rows_int.h.
 *
 * Every row is written in two passes over its columns: the first finds the bytes of texts, so that the room
 * is known; the second writes without checks. */
#include "server/mysql/rows_int.h"

#include <math.h>

#include "base/time.h"

#define FIXED_MAX_BYTES  48 /* the longest of the fixed encoders' outputs, with its length byte */
#define LENENC_MAX_BYTES 9
#define TEXT_NULL        0xFB
#define ZONE_STEP_US     (900 * BASE_TIME_SECOND_US) /* zones change their offset on quarter hours */

typedef struct RowColumn RowColumn;
/* Writes the value and returns the end of the output, or NULL when MySQL has no such value. */
typedef guint8 *(*PutFixed)(RowColumn *column, size_t row, guint8 *out);

struct RowColumn {
    EngineColumn column;
    EngineTypeId id;
    PutFixed put; /* NULL = bytes */
    bool borrow;  /* bytes lie in the chunk; else they are formatted into `scratch` */
    GString *scratch;
    const char *bytes; /* of the row at hand; NULL = NULL */
    size_t len;
    /* the last day written: most neighbours share it */
    gint64 day;
    guint16 year;
    guint8 month, day_of_month;
    bool day_ok;
    char day_text[10];
    /* the last offset looked up */
    GTimeZone *zone;
    gint64 zone_step, zone_offset_us;
};

struct MysqlRows {
    size_t n_columns, fixed_bytes;
    bool binary;
    GTimeZone *zone;
    RowColumn columns[];
};

/* ---- digits ------------------------------------------------------------------------------------------ */

static const char DIGITS[200] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

static inline void put_two(guint8 *out, guint value)
{
    memcpy(out, DIGITS + 2 * value, 2);
}

static inline guint count_digits(guint64 value)
{
    guint n = 1;
    for (; value >= 10000; value /= 10000) {
        n += 4;
    }
    return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

static inline guint8 *put_digits(guint8 *out, guint64 value)
{
    guint8 *end = out + count_digits(value), *at = end;
    while (value > G_MAXUINT32) {
        at -= 2;
        put_two(at, (guint)(value % 100));
        value /= 100;
    }
    guint32 rest = (guint32)value; /* divided at half the cost */
    for (; rest >= 100; rest /= 100) {
        at -= 2;
        put_two(at, rest % 100);
    }
    if (rest >= 10) {
        put_two(at - 2, rest);
    } else {
        at[-1] = (guint8)('0' + rest);
    }
    return end;
}

/* Text with its length byte, which is patched once the end is known. */
static inline guint8 *finish_text(guint8 *start, guint8 *end)
{
    *start = (guint8)(end - start - 1);
    return end;
}

static inline guint8 *put_text_unsigned(guint8 *out, guint64 value)
{
    return finish_text(out, put_digits(out + 1, value));
}

static inline guint8 *put_text_signed(guint8 *out, gint64 value)
{
    if (value >= 0) {
        return put_text_unsigned(out, (guint64)value);
    }
    out[1] = '-';
    return finish_text(out, put_digits(out + 2, 0 - (guint64)value));
}

#define INTEGER(name, type, text)                                                                            \
    static guint8 *text_##name(RowColumn *column, size_t row, guint8 *out)                                   \
    {                                                                                                        \
        return text(out, ((const type *)column->column.data)[row]);                                          \
    }                                                                                                        \
    static guint8 *binary_##name(RowColumn *column, size_t row, guint8 *out)                                 \
    {                                                                                                        \
        memcpy(out, (const type *)column->column.data + row, sizeof(type));                                  \
        return out + sizeof(type);                                                                           \
    }
INTEGER(i8, gint8, put_text_signed)
INTEGER(i16, gint16, put_text_signed)
INTEGER(i32, gint32, put_text_signed)
INTEGER(i64, gint64, put_text_signed)
INTEGER(u8, guint8, put_text_unsigned)
INTEGER(u16, guint16, put_text_unsigned)
INTEGER(u32, guint32, put_text_unsigned)
INTEGER(u64, guint64, put_text_unsigned)
#undef INTEGER

static guint8 *text_bool(RowColumn *column, size_t row, guint8 *out)
{
    out[0] = 1;
    out[1] = ((const bool *)column->column.data)[row] ? '1' : '0';
    return out + 2;
}

static guint8 *binary_bool(RowColumn *column, size_t row, guint8 *out)
{
    *out = ((const bool *)column->column.data)[row] ? 1 : 0;
    return out + 1;
}

static guint8 *text_float(RowColumn *column, size_t row, guint8 *out)
{
    float value = ((const float *)column->column.data)[row];
    return isfinite(value) ? finish_text(out, (guint8 *)engine_put_float((char *)out + 1, value)) : NULL;
}

static guint8 *text_double(RowColumn *column, size_t row, guint8 *out)
{
    double value = ((const double *)column->column.data)[row];
    return isfinite(value) ? finish_text(out, (guint8 *)engine_put_double((char *)out + 1, value)) : NULL;
}

static guint8 *binary_float(RowColumn *column, size_t row, guint8 *out)
{
    float value = ((const float *)column->column.data)[row];
    memcpy(out, &value, sizeof value);
    return isfinite(value) ? out + sizeof value : NULL;
}

static guint8 *binary_double(RowColumn *column, size_t row, guint8 *out)
{
    double value = ((const double *)column->column.data)[row];
    memcpy(out, &value, sizeof value);
    return isfinite(value) ? out + sizeof value : NULL;
}

/* ---- dates and times ------------------------------------------------------------------------------------
 */

static void set_day(RowColumn *column, gint64 day)
{
    column->day = day;
    column->day_ok = day >= -719528 && day <= 2932896; /* 0000-01-01 to 9999-12-31 */
    if (!column->day_ok) {
        return;
    }
    int year = 0, month = 0, day_of_month = 0;
    base_time_civil_from_days(day, &year, &month, &day_of_month);
    column->year = (guint16)year;
    column->month = (guint8)month;
    column->day_of_month = (guint8)day_of_month;
    guint8 *text = (guint8 *)column->day_text;
    put_two(text, (guint)year / 100);
    put_two(text + 2, (guint)year % 100);
    text[4] = '-';
    put_two(text + 5, (guint)month);
    text[7] = '-';
    put_two(text + 8, (guint)day_of_month);
}

static inline bool use_day(RowColumn *column, gint64 day)
{
    if (G_UNLIKELY(day != column->day)) {
        set_day(column, day);
    }
    return column->day_ok;
}

static inline guint8 *put_fraction(guint8 *out, guint micros)
{
    if (micros == 0) {
        return out;
    }
    *out = '.';
    put_two(out + 1, micros / 10000);
    put_two(out + 3, micros / 100 % 100);
    put_two(out + 5, micros % 100);
    return out + 7;
}

static inline guint8 *put_clock(guint8 *out, gint64 us)
{
    guint seconds = (guint)(us / BASE_TIME_SECOND_US);
    put_two(out, seconds / 3600);
    out[2] = ':';
    put_two(out + 3, seconds / 60 % 60);
    out[5] = ':';
    put_two(out + 6, seconds % 60);
    return put_fraction(out + 8, (guint)(us % BASE_TIME_SECOND_US));
}

static guint8 *text_date(RowColumn *column, size_t row, guint8 *out)
{
    if (!use_day(column, ((const gint32 *)column->column.data)[row])) {
        return NULL;
    }
    out[0] = 10;
    memcpy(out + 1, column->day_text, 10);
    return out + 11;
}

static guint8 *store_day(const RowColumn *column, guint8 *out)
{
    out[0] = (guint8)column->year;
    out[1] = (guint8)(column->year >> 8);
    out[2] = column->month;
    out[3] = column->day_of_month;
    return out + 4;
}

static guint8 *binary_date(RowColumn *column, size_t row, guint8 *out)
{
    if (!use_day(column, ((const gint32 *)column->column.data)[row])) {
        return NULL;
    }
    out[0] = 4;
    return store_day(column, out + 1);
}

static inline gint64 floor_day(gint64 us, gint64 *ret_rest_us)
{
    gint64 day = us / BASE_TIME_DAY_US;
    gint64 rest = us % BASE_TIME_DAY_US;
    *ret_rest_us = rest < 0 ? rest + BASE_TIME_DAY_US : rest;
    return rest < 0 ? day - 1 : day;
}

static guint8 *put_text_timestamp(RowColumn *column, gint64 us, guint8 *out)
{
    gint64 rest = 0;
    if (!use_day(column, floor_day(us, &rest))) {
        return NULL;
    }
    memcpy(out + 1, column->day_text, 10);
    out[11] = ' ';
    return finish_text(out, put_clock(out + 12, rest));
}

static guint8 *store_clock(gint64 us, guint8 *out)
{
    guint seconds = (guint)(us / BASE_TIME_SECOND_US);
    out[0] = (guint8)(seconds / 3600);
    out[1] = (guint8)(seconds / 60 % 60);
    out[2] = (guint8)(seconds % 60);
    return out + 3;
}

static guint8 *store_micros(gint64 us, guint8 *out)
{
    guint32 micros = (guint32)(us % BASE_TIME_SECOND_US);
    for (int i = 0; i < 4; i++) {
        *out++ = (guint8)(micros >> (8 * i));
    }
    return out;
}

static guint8 *put_binary_timestamp(RowColumn *column, gint64 us, guint8 *out)
{
    gint64 rest = 0;
    if (!use_day(column, floor_day(us, &rest))) {
        return NULL;
    }
    bool micros = rest % BASE_TIME_SECOND_US != 0;
    out[0] = rest == 0 ? 4 : micros ? 11 : 7;
    guint8 *end = store_day(column, out + 1);
    if (rest != 0) {
        end = store_clock(rest, end);
    }
    return micros ? store_micros(rest, end) : end;
}

/* Microseconds to add to UTC at `us`; the zone is asked once for each quarter of an hour. */
static gint64 to_zone(RowColumn *column, gint64 us)
{
    gint64 step = us / ZONE_STEP_US;
    if (step != column->zone_step) {
        int interval =
            g_time_zone_find_interval(column->zone, G_TIME_TYPE_UNIVERSAL, us / BASE_TIME_SECOND_US);
        column->zone_step = step;
        column->zone_offset_us =
            interval < 0 ? 0 : g_time_zone_get_offset(column->zone, interval) * BASE_TIME_SECOND_US;
    }
    /* infinities lie outside every day that can be shown: no overflow before that is found out */
    return us > G_MAXINT64 - BASE_TIME_DAY_US || us < G_MININT64 + BASE_TIME_DAY_US
               ? us
               : us + column->zone_offset_us;
}

static inline gint64 us_at(const RowColumn *column, size_t row)
{
    return ((const gint64 *)column->column.data)[row];
}

static guint8 *text_timestamp(RowColumn *column, size_t row, guint8 *out)
{
    return put_text_timestamp(column, us_at(column, row), out);
}

static guint8 *binary_timestamp(RowColumn *column, size_t row, guint8 *out)
{
    return put_binary_timestamp(column, us_at(column, row), out);
}

static guint8 *text_timestamp_tz(RowColumn *column, size_t row, guint8 *out)
{
    return put_text_timestamp(column, to_zone(column, us_at(column, row)), out);
}

static guint8 *binary_timestamp_tz(RowColumn *column, size_t row, guint8 *out)
{
    return put_binary_timestamp(column, to_zone(column, us_at(column, row)), out);
}

static guint8 *text_time(RowColumn *column, size_t row, guint8 *out)
{
    return finish_text(out, put_clock(out + 1, us_at(column, row)));
}

static guint8 *binary_time(RowColumn *column, size_t row, guint8 *out)
{
    gint64 us = us_at(column, row);
    bool micros = us % BASE_TIME_SECOND_US != 0;
    if (us == 0) {
        *out = 0;
        return out + 1;
    }
    out[0] = micros ? 12 : 8;
    out[1] = 0;                          /* not negative */
    gint64 days = us / BASE_TIME_DAY_US; /* 24:00:00 is a time to the engine */
    out[2] = (guint8)days;
    out[3] = out[4] = out[5] = 0;
    guint8 *end = store_clock(us % BASE_TIME_DAY_US, out + 6);
    return micros ? store_micros(us, end) : end;
}

/* ---- the encoder of a column -----------------------------------------------------------------------------
 */

static const struct {
    PutFixed text, binary;
    bool borrow;
} ENCODERS[ENGINE_OTHER + 1] = {
    [ENGINE_BOOLEAN] = {text_bool, binary_bool, false},
    [ENGINE_INT8] = {text_i8, binary_i8, false},
    [ENGINE_INT16] = {text_i16, binary_i16, false},
    [ENGINE_INT32] = {text_i32, binary_i32, false},
    [ENGINE_INT64] = {text_i64, binary_i64, false},
    [ENGINE_UINT8] = {text_u8, binary_u8, false},
    [ENGINE_UINT16] = {text_u16, binary_u16, false},
    [ENGINE_UINT32] = {text_u32, binary_u32, false},
    [ENGINE_UINT64] = {text_u64, binary_u64, false},
    [ENGINE_FLOAT] = {text_float, binary_float, false},
    [ENGINE_DOUBLE] = {text_double, binary_double, false},
    [ENGINE_DATE] = {text_date, binary_date, false},
    [ENGINE_TIME] = {text_time, binary_time, false},
    [ENGINE_TIMESTAMP] = {text_timestamp, binary_timestamp, false},
    [ENGINE_TIMESTAMP_TZ] = {text_timestamp_tz, binary_timestamp_tz, false},
    [ENGINE_TEXT] = {NULL, NULL, true},
    [ENGINE_JSON] = {NULL, NULL, true},
    [ENGINE_BLOB] = {NULL, NULL, true},
};

MysqlRows *mysql_rows_new(const EngineType *types, size_t n_columns, GTimeZone *zone, bool binary)
{
    MysqlRows *rows = g_malloc0(sizeof(MysqlRows) + n_columns * sizeof(RowColumn));
    rows->n_columns = n_columns;
    rows->binary = binary;
    rows->zone = g_time_zone_ref(zone);
    rows->fixed_bytes = 4 + 1 + (n_columns + 9) / 8;
    for (size_t i = 0; i < n_columns; i++) {
        RowColumn *column = &rows->columns[i];
        column->id = types[i].id;
        column->put = binary ? ENCODERS[column->id].binary : ENCODERS[column->id].text;
        column->borrow = ENCODERS[column->id].borrow;
        column->zone = zone;
        column->zone_step = G_MININT64;
        column->day = G_MININT64;
        if (!column->put && !column->borrow) {
            column->scratch = g_string_sized_new(64);
        }
        rows->fixed_bytes += column->put ? FIXED_MAX_BYTES : LENENC_MAX_BYTES + ENGINE_SHORT_BYTES;
    }
    return rows;
}

void mysql_rows_free(MysqlRows *rows)
{
    if (!rows) {
        return;
    }
    for (size_t i = 0; i < rows->n_columns; i++) {
        if (rows->columns[i].scratch) {
            g_string_free(rows->columns[i].scratch, TRUE);
        }
    }
    g_time_zone_unref(rows->zone);
    g_free(rows);
}

/* ---- a row
 * ------------------------------------------------------------------------------------------------- */

/* First pass: where the bytes of a text value are. */
static void find_bytes(RowColumn *column, size_t row)
{
    column->bytes = NULL;
    column->len = 0;
    if (engine_column_is_null(&column->column, row)) {
        return;
    }
    if (column->borrow) {
        column->bytes = engine_column_bytes(&column->column, row, &column->len);
        return;
    }
    g_string_truncate(column->scratch, 0);
    if (engine_column_append_text(&column->column, row, column->scratch)) {
        column->bytes = column->scratch->str;
        column->len = column->scratch->len;
    }
}

static size_t measure(MysqlRows *rows, size_t row)
{
    size_t need = rows->fixed_bytes;
    for (size_t i = 0; i < rows->n_columns; i++) {
        if (!rows->columns[i].put) {
            find_bytes(&rows->columns[i], row);
            need += rows->columns[i].len;
        }
    }
    return need;
}

static inline guint8 *put_value(RowColumn *column, size_t row, guint8 *out)
{
    if (column->put) {
        return engine_column_is_null(&column->column, row) ? NULL : column->put(column, row, out);
    }
    if (!column->bytes) {
        return NULL;
    }
    size_t len = column->len;
    if (len <= ENGINE_SHORT_BYTES && column->borrow) { /* one move, whatever the length */
        *out = (guint8)len;
        memcpy(out + 1, column->bytes, ENGINE_SHORT_BYTES);
        return out + 1 + len;
    }
    guint8 *end = mysql_store_lenenc(out, len);
    memcpy(end, column->bytes, len);
    return end + len;
}

static guint8 *put_text_row(MysqlRows *rows, size_t row, guint8 *out)
{
    for (size_t i = 0; i < rows->n_columns; i++) {
        guint8 *end = put_value(&rows->columns[i], row, out);
        if (!end) {
            *out = TEXT_NULL;
            end = out + 1;
        }
        out = end;
    }
    return out;
}

static guint8 *put_binary_row(MysqlRows *rows, size_t row, guint8 *out)
{
    size_t null_bytes = (rows->n_columns + 9) / 8;
    *out++ = 0;
    guint8 *nulls = out;
    memset(nulls, 0, null_bytes);
    out += null_bytes;
    for (size_t i = 0; i < rows->n_columns; i++) {
        guint8 *end = put_value(&rows->columns[i], row, out);
        if (end) {
            out = end;
        } else {
            nulls[(i + 2) / 8] |= (guint8)(1u << ((i + 2) % 8));
        }
    }
    return out;
}

size_t mysql_rows_put(MysqlRows *rows, MysqlBuf *buf, const EngineChunk *chunk, size_t row,
                      size_t stop_at_bytes)
{
    for (size_t i = 0; i < rows->n_columns; i++) {
        rows->columns[i].column = engine_chunk_column(chunk, i);
    }
    size_t n = engine_chunk_rows(chunk);
    while (row < n && buf->len < stop_at_bytes) {
        mysql_buf_reserve(buf, measure(rows, row));
        buf->packet = buf->len;
        guint8 *out = buf->data + buf->len + 4;
        out = rows->binary ? put_binary_row(rows, row, out) : put_text_row(rows, row, out);
        buf->len = (size_t)(out - buf->data);
        mysql_packet_end(buf);
        row++;
    }
    return row;
}
