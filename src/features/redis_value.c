/* Protocol Buffers as far as Feast's Redis needs them: feast.types.Value (Value.proto of Feast) and
 * google.protobuf.Timestamp. A member's field number is its type's number. Written as Feast's serialiser
 * does: a set member even where it is the default, repeated numbers packed. */
#include "features/redis_int.h"

#define FRACTION_FIELD 2047 /* of a Value: us below the second, packed; only when one of them is not 0 */
#define SECOND_US      G_GINT64_CONSTANT(1000000)
#define MAX_SECONDS    (G_MAXINT64 / SECOND_US - 1)

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* ---- writing ----------------------------------------------------------------------------------------------
 */

void features_int_proto_varint(GByteArray *out, guint64 value)
{
    guint8 bytes[10];
    guint n = 0;
    do {
        bytes[n++] = (guint8)(value | 0x80);
        value >>= 7;
    } while (value);
    bytes[n - 1] &= 0x7f;
    g_byte_array_append(out, bytes, n);
}

static void append_tag(GByteArray *out, unsigned field, unsigned wire)
{
    features_int_proto_varint(out, field << 3 | wire);
}

void features_int_proto_bytes(GByteArray *out, unsigned field, const void *bytes, size_t len)
{
    append_tag(out, field, WIRE_BYTES);
    features_int_proto_varint(out, len);
    g_byte_array_append(out, bytes, (guint)len);
}

static gint64 floor_seconds(gint64 us)
{
    return us / SECOND_US - (us % SECOND_US < 0);
}

static unsigned wire_of(FeaturesType type)
{
    switch (type) {
    case FEATURES_BYTES:
    case FEATURES_STRING:
        return WIRE_BYTES;
    case FEATURES_DOUBLE:
        return WIRE_64;
    case FEATURES_FLOAT:
        return WIRE_32;
    default:
        return WIRE_VARINT;
    }
}

/* A number without its tag. */
static void append_number(GByteArray *out, const FeaturesValue *value)
{
    guint64 bits64;
    guint32 bits32;
    switch (value->type) {
    case FEATURES_DOUBLE:
        memcpy(&bits64, &value->real, 8);
        bits64 = GUINT64_TO_LE(bits64);
        g_byte_array_append(out, (const guint8 *)&bits64, 8);
        break;
    case FEATURES_FLOAT:
        memcpy(&bits32, &value->real32, 4);
        bits32 = GUINT32_TO_LE(bits32);
        g_byte_array_append(out, (const guint8 *)&bits32, 4);
        break;
    case FEATURES_BOOL:
        features_int_proto_varint(out, value->boolean);
        break;
    case FEATURES_TIMESTAMP:
        features_int_proto_varint(out, (guint64)floor_seconds(value->i64));
        break;
    default:
        features_int_proto_varint(out, (guint64)value->i64);
        break;
    }
}

static void append_list(GByteArray *out, const FeaturesValue *value)
{
    g_autoptr(GByteArray) items = g_byte_array_new(), list = g_byte_array_new();
    bool text = wire_of(features_type_item(value->type)) == WIRE_BYTES;
    for (size_t i = 0; i < value->list.n; i++) {
        const FeaturesValue *item = &value->list.items[i];
        if (text) {
            features_int_proto_bytes(list, 1, item->text.bytes, item->text.len);
        } else {
            append_number(items, item);
        }
    }
    if (items->len) {
        features_int_proto_bytes(list, 1, items->data, items->len);
    }
    features_int_proto_bytes(out, value->type, list->data, list->len);
}

static void append_fractions(GByteArray *out, const FeaturesValue *times, size_t n)
{
    g_autoptr(GByteArray) packed = g_byte_array_new();
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        gint64 below = times[i].i64 - floor_seconds(times[i].i64) * SECOND_US;
        any = any || below;
        features_int_proto_varint(packed, (guint64)below);
    }
    if (any) {
        features_int_proto_bytes(out, FRACTION_FIELD, packed->data, packed->len);
    }
}

void features_int_proto_value(const FeaturesValue *value, GByteArray *out)
{
    if (value->null) {
        return;
    }
    if (features_type_is_list(value->type)) {
        append_list(out, value);
        if (value->type == FEATURES_TIMESTAMP_LIST) {
            append_fractions(out, value->list.items, value->list.n);
        }
    } else if (wire_of(value->type) == WIRE_BYTES) {
        features_int_proto_bytes(out, value->type, value->text.bytes, value->text.len);
    } else {
        append_tag(out, value->type, wire_of(value->type));
        append_number(out, value);
        if (value->type == FEATURES_TIMESTAMP) {
            append_fractions(out, value, 1);
        }
    }
}

void features_int_proto_time(gint64 us, bool fraction, GByteArray *out)
{
    gint64 seconds = floor_seconds(us), nanos = (us - seconds * SECOND_US) * 1000;
    if (seconds) {
        append_tag(out, 1, WIRE_VARINT);
        features_int_proto_varint(out, (guint64)seconds);
    }
    if (fraction && nanos) {
        append_tag(out, 2, WIRE_VARINT);
        features_int_proto_varint(out, (guint64)nanos);
    }
}

/* ---- reading ----------------------------------------------------------------------------------------------
 */

static bool next_varint(const guint8 **at, const guint8 *end, guint64 *ret)
{
    *ret = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        guint8 byte = *(*at)++;
        *ret |= (guint64)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

static guint64 little_endian(const guint8 *at, unsigned n)
{
    guint64 value = 0;
    for (unsigned i = n; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}

bool features_int_proto_next(const guint8 **at, const guint8 *end, FeaturesProtoField *ret)
{
    const guint8 *p = *at;
    guint64 tag, len;
    if (p == end || !next_varint(&p, end, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) {
        return false;
    }
    *ret = (FeaturesProtoField){.field = (unsigned)(tag >> 3), .wire = tag & 7};
    unsigned fixed = ret->wire == WIRE_64 ? 8 : ret->wire == WIRE_32 ? 4 : 0;
    if (ret->wire == WIRE_VARINT) {
        if (!next_varint(&p, end, &ret->number)) {
            return false;
        }
    } else if (fixed) {
        if ((size_t)(end - p) < fixed) {
            return false;
        }
        ret->number = little_endian(p, fixed);
        p += fixed;
    } else if (ret->wire == WIRE_BYTES) {
        if (!next_varint(&p, end, &len) || len > (size_t)(end - p)) {
            return false;
        }
        ret->bytes = p;
        ret->len = len;
        p += len;
    } else {
        return false; /* groups are of no message here */
    }
    *at = p;
    return true;
}

static bool time_of_seconds(gint64 seconds, gint64 below_us, gint64 *ret_us)
{
    *ret_us = 0;
    if (seconds > MAX_SECONDS || seconds < -MAX_SECONDS || below_us < 0 || below_us >= SECOND_US) {
        return false;
    }
    *ret_us = seconds * SECOND_US + below_us;
    return true;
}

/* A number as it stands on the wire; false when it is none of the type. */
static bool set_number(FeaturesValue *ret, guint64 number)
{
    guint32 half = (guint32)number;
    switch (ret->type) {
    case FEATURES_DOUBLE:
        memcpy(&ret->real, &number, 8);
        return true;
    case FEATURES_FLOAT:
        memcpy(&ret->real32, &half, 4);
        return true;
    case FEATURES_BOOL:
        ret->boolean = number != 0;
        return true;
    case FEATURES_INT32:
        ret->i64 = (gint32)half;
        return true;
    case FEATURES_TIMESTAMP:
        return time_of_seconds((gint64)number, 0, &ret->i64);
    default:
        ret->i64 = (gint64)number;
        return true;
    }
}

static void set_text(FeaturesValue *ret, const guint8 *bytes, size_t len, FeaturesArena *arena)
{
    char *copy = features_arena_take(arena, len);
    memcpy(copy, bytes, len);
    ret->text.bytes = copy;
    ret->text.len = len;
}

/* Numbers packed into one field. */
static bool unpack(const FeaturesProtoField *field, FeaturesType type, GArray *items)
{
    const guint8 *at = field->bytes, *end = at + field->len;
    unsigned wire = wire_of(type), fixed = wire == WIRE_64 ? 8 : wire == WIRE_32 ? 4 : 0;
    while (at < end) {
        FeaturesValue item = {.type = type};
        guint64 number;
        if (fixed ? (size_t)(end - at) < fixed : !next_varint(&at, end, &number)) {
            return false;
        }
        if (fixed) {
            number = little_endian(at, fixed);
            at += fixed;
        }
        if (!set_number(&item, number)) {
            return false;
        }
        g_array_append_val(items, item);
    }
    return true;
}

static bool read_items(const FeaturesProtoField *list, FeaturesType type, FeaturesArena *arena, GArray *items)
{
    const guint8 *at = list->bytes, *end = at + list->len;
    FeaturesProtoField field;
    while (features_int_proto_next(&at, end, &field)) {
        FeaturesValue item = {.type = type};
        if (field.field != 1) {
            continue;
        }
        if (field.wire == wire_of(type)) {
            if (field.wire == WIRE_BYTES) {
                set_text(&item, field.bytes, field.len, arena);
            } else if (!set_number(&item, field.number)) {
                return false;
            }
            g_array_append_val(items, item);
        } else if (field.wire != WIRE_BYTES || !unpack(&field, type, items)) {
            return false;
        }
    }
    return at == end;
}

static bool read_list(const FeaturesProtoField *field, FeaturesArena *arena, FeaturesValue *ret)
{
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(FeaturesValue));
    if (!read_items(field, features_type_item(ret->type), arena, items)) {
        return false;
    }
    FeaturesValue *copy = features_arena_take(arena, items->len * sizeof *copy);
    memcpy(copy, items->data ? items->data : "", items->len * sizeof *copy);
    ret->list.items = copy;
    ret->list.n = items->len;
    return true;
}

static bool read_member(const FeaturesProtoField *field, FeaturesArena *arena, FeaturesValue *ret)
{
    ret->null = false;
    if (features_type_is_list(ret->type)) {
        return field->wire == WIRE_BYTES && read_list(field, arena, ret);
    }
    if (field->wire != wire_of(ret->type)) {
        return false;
    }
    if (field->wire == WIRE_BYTES) {
        set_text(ret, field->bytes, field->len, arena);
        return true;
    }
    return set_number(ret, field->number);
}

/* The us that whole seconds left out; as many as there are times, else it is not Weir's field. */
static bool add_fractions(const FeaturesProtoField *field, FeaturesArena *arena, FeaturesValue *ret)
{
    bool list = ret->type == FEATURES_TIMESTAMP_LIST;
    const guint8 *at = field->bytes, *end = at + field->len;
    size_t n = list ? ret->list.n : 1;
    FeaturesValue *times = features_arena_take(arena, n * sizeof *times);
    memcpy(times, list ? ret->list.items : ret, n * sizeof *times);
    for (size_t i = 0; i < n; i++) {
        guint64 below;
        if (!next_varint(&at, end, &below) || below >= (guint64)SECOND_US) {
            return false;
        }
        times[i].i64 += (gint64)below;
    }
    if (list) {
        ret->list.items = times;
    } else {
        *ret = times[0];
    }
    return at == end;
}

FeaturesProto features_int_proto_read(const void *bytes, size_t len, FeaturesType type, FeaturesArena *arena,
                                      FeaturesValue *ret)
{
    const guint8 *at = bytes, *end = at + len;
    FeaturesProtoField field, fractions = {0};
    FeaturesProto found = FEATURES_PROTO_VALUE;
    *ret = (FeaturesValue){.type = type, .null = true};
    while (features_int_proto_next(&at, end, &field)) {
        if (field.field == (unsigned)type) { /* of several members the last one counts */
            *ret = (FeaturesValue){.type = type};
            if (!read_member(&field, arena, ret)) {
                return FEATURES_PROTO_BAD;
            }
            found = FEATURES_PROTO_VALUE;
        } else if (field.field == FRACTION_FIELD && field.wire == WIRE_BYTES) {
            fractions = field;
        } else {
            /* 19 is Feast's null_val */
            *ret = (FeaturesValue){.type = type, .null = true};
            found = field.field == 19 ? FEATURES_PROTO_VALUE : FEATURES_PROTO_OTHER;
        }
    }
    if (at != end) {
        return FEATURES_PROTO_BAD;
    }
    bool times = type == FEATURES_TIMESTAMP || type == FEATURES_TIMESTAMP_LIST;
    if (fractions.bytes && times && !ret->null && !add_fractions(&fractions, arena, ret)) {
        return FEATURES_PROTO_BAD;
    }
    return found;
}

bool features_int_proto_read_time(const void *bytes, size_t len, gint64 *ret_us)
{
    const guint8 *at = bytes, *end = at + len;
    FeaturesProtoField field;
    gint64 seconds = 0, nanos = 0;
    while (features_int_proto_next(&at, end, &field)) {
        seconds = field.field == 1 && field.wire == WIRE_VARINT ? (gint64)field.number : seconds;
        nanos = field.field == 2 && field.wire == WIRE_VARINT ? (gint64)field.number : nanos;
    }
    return at == end && nanos >= 0 && time_of_seconds(seconds, nanos / 1000, ret_us);
}
