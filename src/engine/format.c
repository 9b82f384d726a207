/* Values as text and as JSON: the hot path of MySQL text rows, CSV and JSON results.
 *
 * Scalars are written straight into the GString's memory (format_room) without printf. Nested values
 * are JSON in both forms. */
#include "base/json.h"
#include "engine/format_int.h"

#define NEST_MAX 200 /* deeper values are cut; the engine's own parser stops long before */

/* ---- scalars ---------------------------------------------------------------------------------- */

static inline FormatI128 i128_at(const EngineColumn *column, size_t row)
{
    FormatI128 value;
    memcpy(&value, (const char *)column->data + row * sizeof value, sizeof value);
    return value;
}

static FormatI128 integer_at(const EngineColumn *column, EngineForm form, size_t row)
{
    switch (form) {
    case ENGINE_FORM_I8:
        return ((const int8_t *)column->data)[row];
    case ENGINE_FORM_I16:
        return ((const int16_t *)column->data)[row];
    case ENGINE_FORM_I32:
        return ((const int32_t *)column->data)[row];
    case ENGINE_FORM_I64:
        return ((const int64_t *)column->data)[row];
    case ENGINE_FORM_U8:
        return ((const uint8_t *)column->data)[row];
    case ENGINE_FORM_U16:
        return ((const uint16_t *)column->data)[row];
    case ENGINE_FORM_U32:
        return ((const uint32_t *)column->data)[row];
    case ENGINE_FORM_I128:
        return i128_at(column, row);
    default:
        return 0;
    }
}

static char *write_decimal(char *p, const EngineColumn *column, size_t row)
{
    const EngineLogical *logical = column->logical;
    return format_decimal(p, integer_at(column, logical->form, row), column->type.scale);
}

static int64_t timestamp_at(const EngineColumn *column, size_t row)
{
    return ((const int64_t *)column->data)[row];
}

static int64_t scaled_timestamp(const EngineColumn *column, size_t row, int64_t factor)
{
    int64_t value = timestamp_at(column, row), scaled;
    bool special = value == INT64_MAX || value == -INT64_MAX;
    return special || __builtin_mul_overflow(value, factor, &scaled) ? value : scaled;
}

static char *write_other(char *p, const EngineColumn *column, size_t row)
{
    const EngineLogical *logical = column->logical;
    switch (logical->form) {
    case ENGINE_FORM_TIMESTAMP_S:
        return format_timestamp(p, scaled_timestamp(column, row, 1000000));
    case ENGINE_FORM_TIMESTAMP_MS:
        return format_timestamp(p, scaled_timestamp(column, row, 1000));
    case ENGINE_FORM_TIMESTAMP_NS:
        return format_timestamp_ns(p, timestamp_at(column, row));
    case ENGINE_FORM_TIME_NS:
        return format_time_ns(p, timestamp_at(column, row));
    case ENGINE_FORM_TIME_TZ:
        return format_time_tz(p, ((const uint64_t *)column->data)[row]);
    default:
        return p;
    }
}

/* Scalars of bounded length. Returns the end, or NULL when the type is none of these. */
static char *write_scalar(char *p, const EngineColumn *column, size_t row)
{
    const void *data = column->data;
    switch (column->type.id) {
    case ENGINE_BOOLEAN: {
        bool value = ((const bool *)data)[row];
        memcpy(p, value ? "true" : "false", 5);
        return p + (value ? 4 : 5);
    }
    case ENGINE_INT8:
        return format_i64(p, ((const int8_t *)data)[row]);
    case ENGINE_INT16:
        return format_i64(p, ((const int16_t *)data)[row]);
    case ENGINE_INT32:
        return format_i64(p, ((const int32_t *)data)[row]);
    case ENGINE_INT64:
        return format_i64(p, ((const int64_t *)data)[row]);
    case ENGINE_INT128:
        return format_i128(p, i128_at(column, row));
    case ENGINE_UINT8:
        return format_u64(p, ((const uint8_t *)data)[row]);
    case ENGINE_UINT16:
        return format_u64(p, ((const uint16_t *)data)[row]);
    case ENGINE_UINT32:
        return format_u64(p, ((const uint32_t *)data)[row]);
    case ENGINE_UINT64:
        return format_u64(p, ((const uint64_t *)data)[row]);
    case ENGINE_UINT128:
        return format_u128(p, (FormatU128)i128_at(column, row));
    case ENGINE_FLOAT:
        return format_float(p, ((const float *)data)[row]);
    case ENGINE_DOUBLE:
        return format_double(p, ((const double *)data)[row]);
    case ENGINE_DECIMAL:
        return write_decimal(p, column, row);
    case ENGINE_DATE:
        return format_date(p, ((const int32_t *)data)[row]);
    case ENGINE_TIME:
        return format_time(p, ((const int64_t *)data)[row]);
    case ENGINE_TIMESTAMP:
        return format_timestamp(p, timestamp_at(column, row));
    case ENGINE_TIMESTAMP_TZ:
        return format_timestamp_tz(p, timestamp_at(column, row),
                                   ((const EngineLogical *)column->logical)->zone);
    case ENGINE_INTERVAL:
        return format_interval(p, (const EngineInterval *)data + row);
    case ENGINE_UUID:
        return format_uuid(p, i128_at(column, row));
    case ENGINE_OTHER:
        return write_other(p, column, row);
    default:
        return NULL;
    }
}

/* ---- values of any length ---------------------------------------------------------------------- */

static const char *enum_word(const EngineColumn *column, size_t row, size_t *ret_len)
{
    const EngineLogical *logical = column->logical;
    size_t i = (size_t)integer_at(column, logical->form, row);
    *ret_len = i < logical->n_words ? logical->word_lengths[i] : 0;
    return i < logical->n_words ? logical->words[i] : "";
}

/* Bits: the first byte counts the padding bits at the start of the second. */
static void append_bits(const EngineColumn *column, size_t row, GString *out)
{
    size_t len;
    const uint8_t *bytes = (const uint8_t *)engine_column_bytes(column, row, &len);
    if (len < 2) {
        return;
    }
    size_t n = (len - 1) * 8;
    for (size_t i = bytes[0]; i < n; i++) {
        format_char(out, (bytes[1 + i / 8] >> (7 - i % 8)) & 1 ? '1' : '0');
    }
}

/* BIGNUM: 3 bytes of header whose top bit is set for positive numbers, then the magnitude with the
 * most significant byte first; of a negative number all bits are inverted. */
static void append_bignum(const EngineColumn *column, size_t row, GString *out)
{
    size_t len;
    const uint8_t *bytes = (const uint8_t *)engine_column_bytes(column, row, &len);
    if (len < 4) {
        return;
    }
    bool negative = !(bytes[0] & 0x80);
    size_t n = 1, max = (len - 3) * 8 / 29 + 2; /* limbs of nine decimal digits hold 29.9 bits each */
    g_autofree uint32_t *limbs = g_new0(uint32_t, max);
    for (size_t i = 3; i < len; i++) {
        uint64_t carry = negative ? (uint8_t)~bytes[i] : bytes[i];
        for (size_t j = 0; j < n; j++) {
            uint64_t value = (uint64_t)limbs[j] * 256 + carry;
            limbs[j] = (uint32_t)(value % 1000000000);
            carry = value / 1000000000;
        }
        if (carry) {
            limbs[n++] = (uint32_t)carry;
        }
    }
    char *p = format_room(out, n * 9 + 2);
    if (negative) {
        *p++ = '-';
    }
    p = format_u64(p, limbs[n - 1]);
    for (size_t i = n - 1; i-- > 0;) {
        char digits[FORMAT_MAX];
        size_t have = (size_t)(format_u64(digits, limbs[i]) - digits);
        memset(p, '0', 9 - have);
        memcpy(p + 9 - have, digits, have);
        p += 9;
    }
    format_took(out, p);
}

/* ---- JSON -------------------------------------------------------------------------------------- */

static void append_json(const EngineColumn *column, size_t row, GString *out, unsigned depth);

static void append_list(const EngineColumn *column, uint64_t start, uint64_t n, GString *out, unsigned depth)
{
    EngineColumn child = engine_int_child(column, 0);
    format_char(out, '[');
    for (uint64_t i = 0; i < n; i++) {
        if (i) {
            format_char(out, ',');
        }
        append_json(&child, start + i, out, depth + 1);
    }
    format_char(out, ']');
}

static void append_map(const EngineColumn *column, size_t row, GString *out, unsigned depth)
{
    EngineListEntry entry = ((const EngineListEntry *)column->data)[row];
    EngineColumn keys = engine_int_child(column, 0), values = engine_int_child(column, 1);
    g_autoptr(GString) key = g_string_new(NULL);
    format_char(out, '{');
    for (uint64_t i = 0; i < entry.length; i++) {
        if (i) {
            format_char(out, ',');
        }
        g_string_truncate(key, 0);
        engine_column_append_text(&keys, entry.offset + i, key);
        base_json_append_string(out, key->str, key->len);
        format_char(out, ':');
        append_json(&values, entry.offset + i, out, depth + 1);
    }
    format_char(out, '}');
}

/* A struct without names (ROW) is an array. */
static void append_struct(const EngineColumn *column, size_t row, GString *out, unsigned depth)
{
    const EngineLogical *logical = column->logical;
    bool named = logical->n_children && logical->names[0] && logical->names[0][0];
    format_char(out, named ? '{' : '[');
    for (size_t i = 0; i < logical->n_children; i++) {
        if (i) {
            format_char(out, ',');
        }
        if (named) {
            base_json_append_string(out, logical->names[i], strlen(logical->names[i]));
            format_char(out, ':');
        }
        EngineColumn child = engine_int_child(column, i);
        append_json(&child, row, out, depth + 1);
    }
    format_char(out, named ? '}' : ']');
}

static void append_union(const EngineColumn *column, size_t row, GString *out, unsigned depth)
{
    const EngineLogical *logical = column->logical;
    EngineColumn tags = engine_int_child(column, 0);
    size_t member = (size_t)((const uint8_t *)tags.data)[row] + 1;
    if (member >= logical->n_children) {
        format_append(out, "null", 4);
        return;
    }
    EngineColumn child = engine_int_child(column, member);
    append_json(&child, row, out, depth + 1);
}

static void append_nested(const EngineColumn *column, size_t row, GString *out, unsigned depth)
{
    const EngineLogical *logical = column->logical;
    if (depth > NEST_MAX) {
        format_append(out, "null", 4);
        return;
    }
    switch (column->type.id) {
    case ENGINE_LIST: {
        EngineListEntry entry = ((const EngineListEntry *)column->data)[row];
        append_list(column, entry.offset, entry.length, out, depth);
        break;
    }
    case ENGINE_ARRAY:
        append_list(column, row * logical->array_size, logical->array_size, out, depth);
        break;
    case ENGINE_MAP:
        append_map(column, row, out, depth);
        break;
    case ENGINE_UNION:
        append_union(column, row, out, depth);
        break;
    default:
        append_struct(column, row, out, depth);
        break;
    }
}

/* A JSON value goes in as it is, except that line ends, which can only be white space in it, become
 * blanks: a row stays on one line. */
static void append_raw_json(const EngineColumn *column, size_t row, GString *out)
{
    size_t len;
    const char *bytes = engine_column_bytes(column, row, &len);
    char *p = format_room(out, len);
    for (size_t i = 0; i < len; i++) {
        p[i] = bytes[i] == '\n' || bytes[i] == '\r' ? ' ' : bytes[i];
    }
    format_took(out, p + len);
}

/* Bytes that need not be text: as the engine shows a BLOB, "\xAB" for what is not printable ASCII. */
static void append_blob_json(const EngineColumn *column, size_t row, GString *out)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t len;
    const uint8_t *bytes = (const uint8_t *)engine_column_bytes(column, row, &len);
    format_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];
        if (c >= 32 && c < 127 && c != '"' && c != '\\') {
            format_char(out, (char)c);
        } else {
            char escaped[] = {'\\', '\\', 'x', hex[c >> 4], hex[c & 15]};
            format_append(out, escaped, sizeof escaped);
        }
    }
    format_char(out, '"');
}

static bool is_bare(const EngineColumn *column, const char *text)
{
    switch (column->type.id) {
    case ENGINE_BOOLEAN:
    case ENGINE_INT8:
    case ENGINE_INT16:
    case ENGINE_INT32:
    case ENGINE_INT64:
    case ENGINE_INT128:
    case ENGINE_UINT8:
    case ENGINE_UINT16:
    case ENGINE_UINT32:
    case ENGINE_UINT64:
    case ENGINE_UINT128:
    case ENGINE_DECIMAL:
        return true;
    case ENGINE_FLOAT:
    case ENGINE_DOUBLE: /* digits, not nan or inf */
        return (text[0] >= '0' && text[0] <= '9') || (text[0] == '-' && text[1] != 'i');
    default:
        return false;
    }
}

static void append_scalar_json(const EngineColumn *column, size_t row, GString *out)
{
    char text[FORMAT_MAX];
    char *end = write_scalar(text, column, row);
    size_t len = (size_t)(end - text);
    if (is_bare(column, text)) {
        format_append(out, text, len);
    } else if (column->type.id == ENGINE_FLOAT || column->type.id == ENGINE_DOUBLE) {
        format_append(out, "null", 4);
    } else {
        char *p = format_room(out, len + 2);
        *p++ = '"';
        memcpy(p, text, len);
        p[len] = '"';
        format_took(out, p + len + 1);
    }
}

static void append_json(const EngineColumn *column, size_t row, GString *out, unsigned depth)
{
    size_t len;
    if (engine_column_is_null(column, row)) {
        format_append(out, "null", 4);
        return;
    }
    switch (column->type.id) {
    case ENGINE_NULL:
        format_append(out, "null", 4);
        return;
    case ENGINE_TEXT: {
        const char *bytes = engine_column_bytes(column, row, &len);
        base_json_append_string(out, bytes, len);
        return;
    }
    case ENGINE_ENUM: {
        const char *word = enum_word(column, row, &len);
        base_json_append_string(out, word, len);
        return;
    }
    case ENGINE_JSON:
        append_raw_json(column, row, out);
        return;
    case ENGINE_BLOB:
        append_blob_json(column, row, out);
        return;
    case ENGINE_BIT:
        format_char(out, '"');
        append_bits(column, row, out);
        format_char(out, '"');
        return;
    case ENGINE_LIST:
    case ENGINE_STRUCT:
    case ENGINE_MAP:
    case ENGINE_ARRAY:
    case ENGINE_UNION:
        append_nested(column, row, out, depth);
        return;
    case ENGINE_OTHER:
        if (((const EngineLogical *)column->logical)->form == ENGINE_FORM_BIGNUM) {
            append_bignum(column, row, out);
            return;
        }
        break;
    default:
        break;
    }
    append_scalar_json(column, row, out);
}

void engine_column_append_json(const EngineColumn *column, size_t row, GString *out)
{
    append_json(column, row, out, 0);
}

/* ---- text -------------------------------------------------------------------------------------- */

static bool append_long(const EngineColumn *column, size_t row, GString *out)
{
    size_t len;
    switch (column->type.id) {
    case ENGINE_NULL:
        return false;
    case ENGINE_ENUM: {
        const char *word = enum_word(column, row, &len);
        format_append(out, word, len);
        return true;
    }
    case ENGINE_BIT:
        append_bits(column, row, out);
        return true;
    default:
        append_json(column, row, out, 0);
        return true;
    }
}

bool engine_column_append_text(const EngineColumn *column, size_t row, GString *out)
{
    if (engine_column_is_null(column, row)) {
        return false;
    }
    EngineTypeId id = column->type.id;
    if (id == ENGINE_TEXT || id == ENGINE_JSON || id == ENGINE_BLOB) {
        size_t len;
        const char *bytes = engine_column_bytes(column, row, &len);
        format_append(out, bytes, len);
        return true;
    }
    if (id == ENGINE_OTHER && ((const EngineLogical *)column->logical)->form == ENGINE_FORM_BIGNUM) {
        append_bignum(column, row, out);
        return true;
    }
    char *p = format_room(out, FORMAT_MAX);
    char *end = write_scalar(p, column, row);
    if (!end) {
        return append_long(column, row, out);
    }
    format_took(out, end);
    return true;
}
