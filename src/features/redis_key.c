/* Keys and fields of Feast's Redis, to the byte.
 *
 * FEAST (feast/infra/key_encoding_utils.py, entity_key_serialization_version 3):
 *   u32 n, then for each key name, sorted by bytes: u32 2 (STRING), u32 length, name; then for each value in
 * that order: u32 type, u32 length, value (text as it is, int32 4 bytes, int64 and a time's whole seconds 8
 * bytes); then the project. All little-endian. Without entities: `__dummy_id` with the text "". FEAST09
 * (feast/storage/Redis.proto, RedisKeyV2): 1 project, 2 names sorted, 3 feast.types.Value of each. A field is
 * the murmur3 of "view:feature", little-endian (feast/infra/online_stores/helpers.py, _mmh3). */
#include "features/redis_int.h"

#define SECOND_US G_GINT64_CONSTANT(1000000)

typedef struct {
    const char *name;
    const FeaturesValue *value;
} Part;

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Part *)a)->name, ((const Part *)b)->name);
}

static GArray *parts_of(const FeaturesView *view, const FeaturesValue *keys)
{
    static const FeaturesValue dummy = {.type = FEATURES_STRING, .text = {"", 0}};
    GArray *parts = g_array_sized_new(FALSE, FALSE, sizeof(Part), (guint)view->n_keys + 1);
    for (size_t i = 0; i < view->n_keys; i++) {
        const Part part = {view->keys[i].stored, keys ? &keys[i] : NULL};
        g_array_append_val(parts, part);
    }
    if (!view->n_keys) {
        const Part part = {"__dummy_id", &dummy};
        g_array_append_val(parts, part);
    }
    g_array_sort(parts, by_name);
    return parts;
}

/* ---- writing ----------------------------------------------------------------------------------------------
 */

bool features_int_redis_has_key(const FeaturesView *view, const FeaturesValue *keys)
{
    for (size_t i = 0; i < view->n_keys; i++) {
        if (keys[i].null || (keys[i].type == FEATURES_TIMESTAMP && keys[i].i64 % SECOND_US)) {
            return false;
        }
    }
    return true;
}

static void append32(GByteArray *out, size_t value)
{
    guint32 little = GUINT32_TO_LE((guint32)value);
    g_byte_array_append(out, (const guint8 *)&little, 4);
}

static void append_number(GByteArray *out, gint64 value, size_t bytes)
{
    guint64 little = GUINT64_TO_LE((guint64)value);
    append32(out, bytes);
    g_byte_array_append(out, (const guint8 *)&little, (guint)bytes);
}

static void append_today_value(GByteArray *out, const FeaturesValue *value)
{
    append32(out, value->type);
    switch (value->type) {
    case FEATURES_INT32:
        append_number(out, value->i64, 4);
        break;
    case FEATURES_INT64:
        append_number(out, value->i64, 8);
        break;
    case FEATURES_TIMESTAMP:
        append_number(out, value->i64 / SECOND_US, 8);
        break;
    default:
        append32(out, value->text.len);
        g_byte_array_append(out, (const guint8 *)value->text.bytes, (guint)value->text.len);
        break;
    }
}

static void append_today(GByteArray *out, const GArray *parts, const char *project, bool lengths)
{
    if (lengths) {
        append32(out, parts->len);
    }
    for (guint i = 0; i < parts->len; i++) {
        const char *name = g_array_index(parts, Part, i).name;
        append32(out, FEATURES_STRING);
        if (lengths) {
            append32(out, strlen(name));
        }
        g_byte_array_append(out, (const guint8 *)name, (guint)strlen(name));
    }
    for (guint i = 0; i < parts->len; i++) {
        append_today_value(out, g_array_index(parts, Part, i).value);
    }
    g_byte_array_append(out, (const guint8 *)project, (guint)strlen(project));
}

static void append_09(GByteArray *out, const GArray *parts, const char *project)
{
    features_int_proto_bytes(out, 1, project, strlen(project));
    for (guint i = 0; i < parts->len; i++) {
        const char *name = g_array_index(parts, Part, i).name;
        features_int_proto_bytes(out, 2, name, strlen(name));
    }
    for (guint i = 0; i < parts->len; i++) {
        g_autoptr(GByteArray) value = g_byte_array_new();
        features_int_proto_value(g_array_index(parts, Part, i).value, value);
        features_int_proto_bytes(out, 3, value->data, value->len);
    }
}

static bool is_key_type(FeaturesType type)
{
    return type == FEATURES_BYTES || type == FEATURES_STRING || type == FEATURES_INT32 ||
           type == FEATURES_INT64 || type == FEATURES_TIMESTAMP;
}

bool features_int_redis_key(FeaturesLayout layout, const FeaturesView *view, const FeaturesValue *keys,
                            GByteArray *out, GError **error)
{
    for (size_t i = 0; i < view->n_keys; i++) {
        if (!is_key_type(view->keys[i].type)) {
            base_fail(error, BASE_E_VALUE_INVALID, "key `%s` of `%s` is %s, of which Feast has no keys",
                      view->keys[i].name, view->name, features_type_name(view->keys[i].type));
            base_error_hint(error, "Take string, bytes, int32, int64 or timestamp, or keep features in lmdb");
            return false;
        }
    }
    if (!features_int_redis_has_key(view, keys)) {
        base_fail(error, BASE_E_VALUE_INVALID, "a key of `%s` has a fraction of a second", view->name);
        base_error_hint(error, "Keys in Feast's Redis hold whole seconds; lmdb holds all of it");
        return false;
    }
    g_autoptr(GArray) parts = parts_of(view, keys);
    if (layout == FEATURES_LAYOUT_FEAST09) {
        append_09(out, parts, view->project);
    } else {
        append_today(out, parts, view->project, layout == FEATURES_LAYOUT_FEAST);
    }
    return true;
}

void features_int_redis_field(const char *view, const char *feature, guint8 out[4])
{
    g_autofree char *text = g_strconcat(view, ":", feature, NULL);
    guint32 hash = GUINT32_TO_LE(features_int_murmur3(text, strlen(text), 0));
    memcpy(out, &hash, 4);
}

/* ---- reading ----------------------------------------------------------------------------------------------
 */

typedef struct {
    const guint8 *at, *end;
} Bytes;

static bool next32(Bytes *bytes, guint32 *ret)
{
    if (bytes->end - bytes->at < 4) {
        return false;
    }
    memcpy(ret, bytes->at, 4);
    *ret = GUINT32_FROM_LE(*ret);
    bytes->at += 4;
    return true;
}

static bool next_text(Bytes *bytes, const char **ret, size_t *ret_len)
{
    guint32 len;
    if (!next32(bytes, &len) || len > (size_t)(bytes->end - bytes->at)) {
        return false;
    }
    *ret = (const char *)bytes->at;
    *ret_len = len;
    bytes->at += len;
    return true;
}

static bool next_value(Bytes *bytes, FeaturesValue *ret)
{
    guint32 type;
    const char *text;
    size_t len;
    guint64 bits = 0;
    if (!next32(bytes, &type) || !is_key_type((FeaturesType)type) || !next_text(bytes, &text, &len)) {
        return false;
    }
    *ret = (FeaturesValue){.type = (FeaturesType)type};
    if (type == FEATURES_STRING || type == FEATURES_BYTES) {
        ret->text.bytes = text;
        ret->text.len = len;
        return true;
    }
    if (len != (type == FEATURES_INT32 ? 4 : 8)) {
        return false;
    }
    memcpy(&bits, text, len);
    bits = GUINT64_FROM_LE(bits);
    ret->i64 = type == FEATURES_INT32 ? (gint32)(guint32)bits : (gint64)bits;
    return type != FEATURES_TIMESTAMP || !__builtin_mul_overflow(ret->i64, SECOND_US, &ret->i64);
}

static bool read_v3(Bytes bytes, FeaturesRedisKey *ret)
{
    guint32 n, type;
    if (!next32(&bytes, &n) || n == 0 || n > FEATURES_REDIS_MAX_KEYS) {
        return false;
    }
    ret->n = n;
    for (guint32 i = 0; i < n; i++) {
        if (!next32(&bytes, &type) || type != FEATURES_STRING ||
            !next_text(&bytes, &ret->parts[i].name, &ret->parts[i].len)) {
            return false;
        }
    }
    for (guint32 i = 0; i < n; i++) {
        if (!next_value(&bytes, &ret->parts[i].value)) {
            return false;
        }
    }
    ret->project = (const char *)bytes.at;
    ret->project_len = (size_t)(bytes.end - bytes.at);
    return true;
}

/* A name that ends where the next number begins. */
static bool next_name(Bytes *bytes, const char **ret, size_t *ret_len)
{
    guint32 type;
    Bytes rest = *bytes;
    if (!next32(&rest, &type) || type != FEATURES_STRING) {
        return false;
    }
    *ret = (const char *)rest.at;
    while (rest.at < rest.end && *rest.at >= 0x20) {
        rest.at++;
    }
    *ret_len = (size_t)((const char *)rest.at - *ret);
    *bytes = rest;
    return *ret_len > 0;
}

static bool read_v2(Bytes bytes, FeaturesRedisKey *ret)
{
    Bytes after[FEATURES_REDIS_MAX_KEYS + 1]; /* so many names */
    size_t names = 0;
    for (after[0] = bytes; names < FEATURES_REDIS_MAX_KEYS; names++) {
        after[names + 1] = after[names];
        if (!next_name(&after[names + 1], &ret->parts[names].name, &ret->parts[names].len)) {
            break;
        }
    }
    for (ret->n = names; ret->n > 0; ret->n--) {
        Bytes rest = after[ret->n];
        size_t values = 0;
        while (values < ret->n && next_value(&rest, &ret->parts[values].value)) {
            values++;
        }
        if (values == ret->n) {
            ret->project = (const char *)rest.at;
            ret->project_len = (size_t)(rest.end - rest.at);
            return true;
        }
    }
    return false;
}

/* The value's own type is the member that is set. Texts are borrowed: a key's Value has one member. */
static bool read_09_value(const FeaturesProtoField *field, FeaturesValue *ret)
{
    const guint8 *at = field->bytes, *end = at + field->len;
    FeaturesProtoField member;
    if (!features_int_proto_next(&at, end, &member) || at != end ||
        !is_key_type((FeaturesType)member.field)) {
        return false;
    }
    *ret = (FeaturesValue){.type = (FeaturesType)member.field};
    bool text = ret->type == FEATURES_STRING || ret->type == FEATURES_BYTES;
    if (member.wire != (text ? 2u : 0u)) {
        return false;
    }
    if (text) {
        ret->text.bytes = (const char *)member.bytes;
        ret->text.len = member.len;
        return true;
    }
    ret->i64 = ret->type == FEATURES_INT32 ? (gint32)(guint32)member.number : (gint64)member.number;
    return ret->type != FEATURES_TIMESTAMP || !__builtin_mul_overflow(ret->i64, SECOND_US, &ret->i64);
}

static bool read_09(Bytes bytes, FeaturesRedisKey *ret)
{
    FeaturesProtoField field;
    size_t values = 0;
    while (features_int_proto_next(&bytes.at, bytes.end, &field)) {
        if (field.wire != 2 || field.field > 3 || MAX(ret->n, values) >= FEATURES_REDIS_MAX_KEYS) {
            return false;
        }
        if (field.field == 1) {
            ret->project = (const char *)field.bytes;
            ret->project_len = field.len;
        } else if (field.field == 2) {
            ret->parts[ret->n].name = (const char *)field.bytes;
            ret->parts[ret->n++].len = field.len;
        } else if (!read_09_value(&field, &ret->parts[values++].value)) {
            return false;
        }
    }
    return bytes.at == bytes.end && ret->project && ret->n && ret->n == values;
}

bool features_int_redis_key_read(FeaturesLayout layout, const void *bytes, size_t len, FeaturesRedisKey *ret)
{
    *ret = (FeaturesRedisKey){0};
    const Bytes all = {bytes, (const guint8 *)bytes + len};
    switch (layout) {
    case FEATURES_LAYOUT_FEAST:
        return read_v3(all, ret);
    case FEATURES_LAYOUT_FEAST2:
        return read_v2(all, ret);
    default:
        return read_09(all, ret);
    }
}

static bool same(const char *bytes, size_t len, const char *text)
{
    return len == strlen(text) && !memcmp(bytes, text, len);
}

bool features_int_redis_key_is(const FeaturesRedisKey *key, const char *project, const FeaturesView *view)
{
    if (!same(key->project, key->project_len, project)) {
        return false;
    }
    if (!view) {
        return true;
    }
    g_autoptr(GArray) parts = parts_of(view, NULL);
    bool is = parts->len == key->n;
    for (guint i = 0; is && i < parts->len; i++) {
        is = same(key->parts[i].name, key->parts[i].len, g_array_index(parts, Part, i).name);
    }
    return is;
}

/* SCAN's pattern may find more; what is found is read and compared whole. */
void features_int_redis_pattern(FeaturesLayout layout, const char *project, GByteArray *out)
{
    g_autoptr(GByteArray) exact = g_byte_array_new();
    if (layout != FEATURES_LAYOUT_FEAST09) {
        g_byte_array_append(exact, (const guint8 *)project, (guint)strlen(project));
        g_byte_array_append(out, (const guint8 *)"*", 1);
    } else {
        features_int_proto_bytes(exact, 1, project, strlen(project));
    }
    for (guint i = 0; i < exact->len; i++) {
        if (memchr("*?[]^\\", exact->data[i], 6)) {
            g_byte_array_append(out, (const guint8 *)"\\", 1);
        }
        g_byte_array_append(out, &exact->data[i], 1);
    }
    if (layout == FEATURES_LAYOUT_FEAST09) {
        g_byte_array_append(out, (const guint8 *)"*", 1);
    }
}
