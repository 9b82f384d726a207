/* Values: compared, read from columns of the engine, shown as JSON and as SQL. */
#include <math.h>

#include "base/time.h"
#include "features/types.h"

/* ---- equality ------------------------------------------------------------------------------------------ */

bool features_value_equal(const FeaturesValue *a, const FeaturesValue *b)
{
    if (a->type != b->type || a->null != b->null) {
        return false;
    }
    if (a->null) {
        return true;
    }
    switch (a->type) {
    case FEATURES_BYTES:
    case FEATURES_STRING:
        return a->text.len == b->text.len &&
               (!a->text.len || !memcmp(a->text.bytes, b->text.bytes, a->text.len));
    case FEATURES_BOOL:
        return a->boolean == b->boolean;
    case FEATURES_FLOAT:
        return !memcmp(&a->real32, &b->real32, sizeof a->real32);
    case FEATURES_DOUBLE:
        return !memcmp(&a->real, &b->real, sizeof a->real);
    case FEATURES_INT32:
    case FEATURES_INT64:
    case FEATURES_TIMESTAMP:
        return a->i64 == b->i64;
    default:
        break;
    }
    bool equal = a->list.n == b->list.n;
    for (size_t i = 0; equal && i < a->list.n; i++) {
        equal = features_value_equal(&a->list.items[i], &b->list.items[i]);
    }
    return equal;
}

/* ---- from a column of the engine ---------------------------------------------------------------------- */

static bool of_wrong_type(const EngineColumn *column, FeaturesType type, GError **error)
{
    return base_fail(error, BASE_E_TYPE_MISMATCH, "a value of type %s where %s is expected",
                     engine_type_name(column->type.id), features_type_name(type));
}

static bool is_number(const EngineColumn *column)
{
    EngineTypeId id = column->type.id;
    return (id >= ENGINE_INT8 && id <= ENGINE_UINT128) || id == ENGINE_FLOAT || id == ENGINE_DOUBLE ||
           id == ENGINE_DECIMAL;
}

static bool int_of_column(const EngineColumn *column, size_t row, FeaturesValue *ret, GError **error)
{
    gint64 min = ret->type == FEATURES_INT32 ? G_MININT32 : G_MININT64;
    gint64 max = ret->type == FEATURES_INT32 ? G_MAXINT32 : G_MAXINT64;
    EngineTypeId id = column->type.id;
    if (id < ENGINE_INT8 || id > ENGINE_UINT128) {
        return of_wrong_type(column, ret->type, error);
    }
    if (!engine_column_int(column, row, &ret->i64) || ret->i64 < min || ret->i64 > max) {
        g_autoptr(GString) text = g_string_new(NULL);
        engine_column_append_text(column, row, text);
        return base_fail(error, BASE_E_VALUE_OUT_OF_RANGE, "%s does not fit %s", text->str,
                         features_type_name(ret->type));
    }
    return true;
}

static bool real_of_column(const EngineColumn *column, size_t row, FeaturesValue *ret, GError **error)
{
    double real;
    if (!is_number(column) || !engine_column_real(column, row, &real)) {
        return of_wrong_type(column, ret->type, error);
    }
    if (ret->type == FEATURES_DOUBLE) {
        ret->real = real;
        return true;
    }
    if (column->type.id == ENGINE_FLOAT) {
        ret->real32 = ((const float *)column->data)[row]; /* bits of a NaN too */
        return true;
    }
    ret->real32 = (float)real;
    if (isinf(ret->real32) && !isinf(real)) {
        return base_fail(error, BASE_E_VALUE_OUT_OF_RANGE, "%g does not fit float", real);
    }
    return true;
}

static bool text_of_column(const EngineColumn *column, size_t row, FeaturesArena *arena, FeaturesValue *ret,
                           GError **error)
{
    switch (column->type.id) {
    case ENGINE_BLOB:
        if (ret->type == FEATURES_STRING) {
            return of_wrong_type(column, ret->type, error);
        }
        ret->text.bytes = engine_column_bytes(column, row, &ret->text.len);
        return true;
    case ENGINE_TEXT:
    case ENGINE_JSON:
        if (ret->type == FEATURES_BYTES) {
            return of_wrong_type(column, ret->type, error);
        }
        ret->text.bytes = engine_column_bytes(column, row, &ret->text.len);
        return true;
    case ENGINE_ENUM:
    case ENGINE_UUID: {
        if (ret->type == FEATURES_BYTES) {
            return of_wrong_type(column, ret->type, error);
        }
        g_autoptr(GString) text = g_string_new(NULL);
        engine_column_append_text(column, row, text);
        char *copy = features_arena_take(arena, text->len);
        memcpy(copy, text->str, text->len);
        ret->text.bytes = copy;
        ret->text.len = text->len;
        return true;
    }
    default:
        return of_wrong_type(column, ret->type, error);
    }
}

static bool time_of_column(const EngineColumn *column, size_t row, FeaturesValue *ret, GError **error)
{
    EngineTypeId id = column->type.id;
    if (engine_column_time(column, row, &ret->i64)) {
        return true;
    }
    return id == ENGINE_TIMESTAMP || id == ENGINE_TIMESTAMP_TZ || id == ENGINE_DATE
               ? base_fail(error, BASE_E_VALUE_OUT_OF_RANGE,
                           "a time that is not finite does not fit timestamp")
               : of_wrong_type(column, ret->type, error);
}

static bool list_of_column(const EngineColumn *column, size_t row, FeaturesArena *arena, FeaturesValue *ret,
                           GError **error)
{
    EngineColumn child;
    size_t first, n;
    if (!engine_column_items(column, row, &child, &first, &n)) {
        return of_wrong_type(column, ret->type, error);
    }
    FeaturesType type = features_type_item(ret->type);
    FeaturesValue *items = features_arena_take(arena, n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        if (!features_value_of_column(&child, first + i, type, arena, &items[i], error)) {
            return false;
        }
        if (items[i].null) {
            return base_fail(error, BASE_E_TYPE_MISMATCH, "a NULL inside a value of type %s",
                             features_type_name(ret->type));
        }
    }
    ret->list.items = items;
    ret->list.n = n;
    return true;
}

bool features_value_of_column(const EngineColumn *column, size_t row, FeaturesType type, FeaturesArena *arena,
                              FeaturesValue *ret, GError **error)
{
    *ret = (FeaturesValue){.type = type, .null = true};
    if (column->type.id == ENGINE_NULL || engine_column_is_null(column, row)) {
        return true;
    }
    ret->null = false;
    switch (type) {
    case FEATURES_BOOL:
        if (column->type.id != ENGINE_BOOLEAN) {
            return of_wrong_type(column, type, error);
        }
        ret->boolean = ((const bool *)column->data)[row];
        return true;
    case FEATURES_INT32:
    case FEATURES_INT64:
        return int_of_column(column, row, ret, error);
    case FEATURES_FLOAT:
    case FEATURES_DOUBLE:
        return real_of_column(column, row, ret, error);
    case FEATURES_STRING:
    case FEATURES_BYTES:
        return text_of_column(column, row, arena, ret, error);
    case FEATURES_TIMESTAMP:
        return time_of_column(column, row, ret, error);
    case FEATURES_INVALID:
        return of_wrong_type(column, type, error);
    default:
        return list_of_column(column, row, arena, ret, error);
    }
}

/* ---- as JSON --------------------------------------------------------------------------------------------
 */

static void append_real(const FeaturesValue *value, GString *out)
{
    double real = value->type == FEATURES_FLOAT ? (double)value->real32 : value->real;
    if (isnan(real) || isinf(real)) {
        g_string_append(out, isnan(real) ? "\"NaN\"" : real > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    char text[ENGINE_NUMBER_MAX_BYTES];
    char *end =
        value->type == FEATURES_FLOAT ? engine_put_float(text, value->real32) : engine_put_double(text, real);
    size_t len = (size_t)(end - text);
    g_string_append_len(out, text, (gssize)len);
    if (!memchr(text, '.', len) && !memchr(text, 'e', len)) {
        g_string_append_len(out, ".0", 2); /* so that a reader of JSON takes it for a real */
    }
}

static void append_digits(GString *out, unsigned value, unsigned n)
{
    char text[8];
    for (unsigned i = n; i-- > 0; value /= 10) {
        text[i] = (char)('0' + value % 10);
    }
    g_string_append_len(out, text, n);
}

/* 2026-11-21T10:20:30[.123[456]], years of at least four digits. */
static void append_time(gint64 us, GString *out)
{
    gint64 seconds = us / 1000000 - (us % 1000000 < 0), days = seconds / 86400 - (seconds % 86400 < 0);
    unsigned fraction = (unsigned)(us - seconds * 1000000), second = (unsigned)(seconds - days * 86400);
    int year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    if (year < 0) {
        g_string_append_c(out, '-');
        year = -year;
    }
    if (year > 9999) {
        g_string_append_printf(out, "%d", year);
    } else {
        append_digits(out, (unsigned)year, 4);
    }
    const struct {
        char before;
        unsigned value;
    } parts[] = {{'-', (unsigned)month},
                 {'-', (unsigned)day},
                 {'T', second / 3600},
                 {':', second / 60 % 60},
                 {':', second % 60}};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_string_append_c(out, parts[i].before);
        append_digits(out, parts[i].value, 2);
    }
    if (fraction) {
        bool whole_ms = fraction % 1000 == 0;
        g_string_append_c(out, '.');
        append_digits(out, whole_ms ? fraction / 1000 : fraction, whole_ms ? 3 : 6);
    }
}

static void append_base64(const FeaturesValue *value, GString *out)
{
    g_autofree char *text = g_base64_encode((const guchar *)value->text.bytes, value->text.len);
    g_string_append_c(out, '"');
    g_string_append(out, text);
    g_string_append_c(out, '"');
}

static void append_int(gint64 value, GString *out)
{
    char text[ENGINE_NUMBER_MAX_BYTES];
    g_string_append_len(out, text, engine_put_int(text, value) - text);
}

void features_value_append_json(const FeaturesValue *value, GString *out)
{
    if (value->null) {
        g_string_append_len(out, "null", 4);
        return;
    }
    switch (value->type) {
    case FEATURES_STRING:
        base_json_append_string(out, value->text.bytes, value->text.len);
        return;
    case FEATURES_BYTES:
        append_base64(value, out);
        return;
    case FEATURES_INT32:
    case FEATURES_INT64:
        append_int(value->i64, out);
        return;
    case FEATURES_FLOAT:
    case FEATURES_DOUBLE:
        append_real(value, out);
        return;
    case FEATURES_BOOL:
        g_string_append(out, value->boolean ? "true" : "false");
        return;
    case FEATURES_TIMESTAMP:
        g_string_append_c(out, '"');
        append_time(value->i64, out);
        g_string_append_len(out, "Z\"", 2);
        return;
    case FEATURES_INVALID:
        g_string_append_len(out, "null", 4);
        return;
    default:
        break;
    }
    g_string_append_c(out, '[');
    for (size_t i = 0; i < value->list.n; i++) {
        if (i) {
            g_string_append_c(out, ',');
        }
        features_value_append_json(&value->list.items[i], out);
    }
    g_string_append_c(out, ']');
}

/* ---- as SQL ---------------------------------------------------------------------------------------------
 */

/* A NUL cannot stand in the text of a statement: it is put together with chr(0). */
static void append_sql_text(const FeaturesValue *value, GString *out)
{
    g_string_append(out, "('");
    for (size_t i = 0; i < value->text.len; i++) {
        char c = value->text.bytes[i];
        if (c == '\0') {
            g_string_append(out, "' || chr(0) || '");
        } else {
            g_string_append_len(out, c == '\'' ? "''" : &c, c == '\'' ? 2 : 1);
        }
    }
    g_string_append(out, "')");
}

static void append_sql_bytes(const FeaturesValue *value, GString *out)
{
    g_string_append_c(out, '\'');
    for (size_t i = 0; i < value->text.len; i++) {
        g_string_append_printf(out, "\\x%02X", (unsigned)(guint8)value->text.bytes[i]);
    }
    g_string_append_c(out, '\'');
}

static void append_sql_real(const FeaturesValue *value, GString *out)
{
    char text[ENGINE_NUMBER_MAX_BYTES];
    char *end = value->type == FEATURES_FLOAT ? engine_put_float(text, value->real32)
                                              : engine_put_double(text, value->real);
    g_string_append_c(out, '\'');
    g_string_append_len(out, text, end - text);
    g_string_append_c(out, '\'');
}

static void append_sql_bare(const FeaturesValue *value, GString *out)
{
    switch (value->type) {
    case FEATURES_STRING:
        append_sql_text(value, out);
        return;
    case FEATURES_BYTES:
        append_sql_bytes(value, out);
        return;
    case FEATURES_INT32:
    case FEATURES_INT64: /* quoted: a minus binds weaker than the cast, and the lowest number has no literal
                          */
        g_string_append_c(out, '\'');
        append_int(value->i64, out);
        g_string_append_c(out, '\'');
        return;
    case FEATURES_FLOAT:
    case FEATURES_DOUBLE:
        append_sql_real(value, out);
        return;
    case FEATURES_BOOL:
        g_string_append(out, value->boolean ? "true" : "false");
        return;
    case FEATURES_TIMESTAMP:
        g_string_append_c(out, '\'');
        append_time(value->i64, out);
        g_string_append(out, "+00'");
        return;
    default:
        g_string_append(out, "NULL");
        return;
    }
}

void features_value_append_sql(const FeaturesValue *value, GString *out)
{
    if (value->null || value->type == FEATURES_INVALID) {
        g_string_append(out, "NULL");
    } else if (features_type_is_list(value->type)) {
        g_string_append_c(out, '[');
        for (size_t i = 0; i < value->list.n; i++) {
            g_string_append(out, i ? ", " : "");
            features_value_append_sql(&value->list.items[i], out);
        }
        g_string_append_c(out, ']');
    } else {
        append_sql_bare(value, out);
    }
    if (value->type != FEATURES_INVALID) {
        g_string_append(out, "::");
        g_string_append(out, features_type_sql(value->type));
    }
}
