/* One row of a view as bytes: the value of an entity in LMDB. Little-endian, nothing aligned.
 *
 *    0  u8   format: 1
 *    1  u8   0
 *    2  u16  n, features
 *    4  u32  murmur3 of their names, each with its NUL, in the order of the view
 *    8  i64  event time, us
 *   16  i64  created, us; lowest number = none
 *   24  u8   type of each of the n features (Feast's numbers)
 *       u8   null bits, (n + 7) / 8 bytes, the lowest bit first; 1 = null
 *       ...  one slot a feature, by its type: bool 1 byte, int32 and float 4, int64, double and timestamp 8,
 *            text, bytes and lists 8: u32 where in the heap, u32 how many bytes. A null's slot is zeros.
 *       ...  heap: bytes of texts; of a list u32 count, then its items: fixed ones as above, texts with u32
 *            length in front
 *
 * Where a slot is follows from the types alone, so a reader that has checked that names and types are the
 * view's goes straight to the features that it wants. Rows under other names or types are `other_type`. */
#include "features/online_int.h"

#define FORMAT     1
#define HEAD_BYTES 24

/* ---- bytes ------------------------------------------------------------------------------------------------
 */

static inline void store32(guint8 *at, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(at, &value, 4);
}

static inline void store64(guint8 *at, guint64 value)
{
    value = GUINT64_TO_LE(value);
    memcpy(at, &value, 8);
}

static void append32(GByteArray *out, size_t value)
{
    guint8 bytes[4];
    store32(bytes, (guint32)value);
    g_byte_array_append(out, bytes, 4);
}

/* ---- shape ------------------------------------------------------------------------------------------------
 */

/* Bytes of a value of the type that is no text and no list; 0 for these. */
static size_t fixed_bytes(FeaturesType type)
{
    switch (type) {
    case FEATURES_BOOL:
        return 1;
    case FEATURES_INT32:
    case FEATURES_FLOAT:
        return 4;
    case FEATURES_INT64:
    case FEATURES_DOUBLE:
    case FEATURES_TIMESTAMP:
        return 8;
    default:
        return 0;
    }
}

bool features_int_shape_init(FeaturesRowShape *shape, const FeaturesView *view, GError **error)
{
    *shape = (FeaturesRowShape){.view = view, .n = view->n_features};
    if (view->n_features > FEATURES_MAX_FEATURES) {
        return base_fail(error, BASE_E_VALUE_TOO_LARGE,
                         "`%s` has %" G_GSIZE_FORMAT " features; at most %" G_GSIZE_FORMAT, view->name,
                         view->n_features, FEATURES_MAX_FEATURES);
    }
    shape->types = g_new(guint8, shape->n + 1);
    shape->slots = g_new(guint32, shape->n + 1);
    size_t at = HEAD_BYTES + shape->n + (shape->n + 7) / 8;
    for (size_t i = 0; i < shape->n; i++) {
        const FeaturesFeature *feature = &view->features[i];
        size_t bytes = fixed_bytes(feature->type);
        shape->types[i] = (guint8)feature->type;
        shape->slots[i] = (guint32)at;
        shape->names = features_int_murmur3(feature->name, strlen(feature->name) + 1, shape->names);
        at += bytes ? bytes : 8;
    }
    shape->heap = at;
    return true;
}

void features_int_shape_clear(FeaturesRowShape *shape)
{
    g_clear_pointer(&shape->types, g_free);
    g_clear_pointer(&shape->slots, g_free);
}

/* ---- writing ----------------------------------------------------------------------------------------------
 */

static void store_fixed(guint8 *at, const FeaturesValue *value)
{
    guint32 bits32;
    guint64 bits64;
    switch (value->type) {
    case FEATURES_BOOL:
        *at = value->boolean;
        break;
    case FEATURES_INT32:
        store32(at, (guint32)(gint32)value->i64);
        break;
    case FEATURES_FLOAT:
        memcpy(&bits32, &value->real32, 4);
        store32(at, bits32);
        break;
    case FEATURES_DOUBLE:
        memcpy(&bits64, &value->real, 8);
        store64(at, bits64);
        break;
    default:
        store64(at, (guint64)value->i64);
        break;
    }
}

static size_t heap_bytes(const FeaturesValue *value)
{
    if (!features_type_is_list(value->type)) {
        return value->text.len;
    }
    size_t item = fixed_bytes(features_type_item(value->type));
    size_t bytes = 4 + item * value->list.n;
    for (size_t i = 0; item == 0 && i < value->list.n; i++) {
        bytes += 4 + value->list.items[i].text.len;
    }
    return bytes;
}

static void append_heap(GByteArray *out, const FeaturesValue *value)
{
    if (!features_type_is_list(value->type)) {
        g_byte_array_append(out, (const guint8 *)value->text.bytes, (guint)value->text.len);
        return;
    }
    size_t bytes = fixed_bytes(features_type_item(value->type));
    append32(out, value->list.n);
    for (size_t i = 0; i < value->list.n; i++) {
        const FeaturesValue *item = &value->list.items[i];
        guint8 fixed[8];
        if (bytes) {
            store_fixed(fixed, item);
            g_byte_array_append(out, fixed, (guint)bytes);
        } else {
            append32(out, item->text.len);
            g_byte_array_append(out, (const guint8 *)item->text.bytes, (guint)item->text.len);
        }
    }
}

static bool put_value(const FeaturesRowShape *shape, size_t i, const FeaturesValue *value, size_t start,
                      GByteArray *out, GError **error)
{
    if (value->null) {
        out->data[start + HEAD_BYTES + shape->n + i / 8] |= (guint8)(1u << i % 8);
        return true;
    }
    if (fixed_bytes(value->type)) {
        store_fixed(out->data + start + shape->slots[i], value);
        return true;
    }
    size_t bytes = heap_bytes(value), at = out->len - start - shape->heap;
    if (bytes > FEATURES_VALUE_MAX_BYTES || at + bytes > FEATURES_ROW_MAX_BYTES) {
        return base_fail(error, BASE_E_VALUE_TOO_LARGE,
                         "feature `%s` of `%s` holds %" G_GSIZE_FORMAT " bytes; at most %" G_GSIZE_FORMAT
                         " a value and %" G_GSIZE_FORMAT " a row",
                         shape->view->features[i].name, shape->view->name, bytes, FEATURES_VALUE_MAX_BYTES,
                         FEATURES_ROW_MAX_BYTES);
    }
    append_heap(out, value);
    store32(out->data + start + shape->slots[i], (guint32)at);
    store32(out->data + start + shape->slots[i] + 4, (guint32)bytes);
    return true;
}

bool features_int_row_encode(const FeaturesRowShape *shape, const FeaturesRow *row, GByteArray *out,
                             GError **error)
{
    size_t start = out->len;
    g_byte_array_set_size(out, (guint)(start + shape->heap));
    guint8 *head = out->data + start;
    memset(head, 0, shape->heap);
    head[0] = FORMAT;
    head[2] = (guint8)shape->n;
    head[3] = (guint8)(shape->n >> 8);
    store32(head + 4, shape->names);
    store64(head + 8, (guint64)row->event_us);
    store64(head + 16, (guint64)row->created_us);
    memcpy(head + HEAD_BYTES, shape->types, shape->n);
    for (size_t i = 0; i < shape->n; i++) {
        if (!put_value(shape, i, &row->values[i], start, out, error)) {
            g_byte_array_set_size(out, (guint)start);
            return false;
        }
    }
    return true;
}

/* ---- reading ----------------------------------------------------------------------------------------------
 */

bool features_int_row_times(const guint8 *bytes, size_t len, gint64 *ret_event_us, gint64 *ret_created_us)
{
    if (len < HEAD_BYTES || bytes[0] != FORMAT) {
        return false;
    }
    *ret_event_us = (gint64)features_int_load64(bytes + 8);
    *ret_created_us = (gint64)features_int_load64(bytes + 16);
    return true;
}

static void load_fixed(const guint8 *at, FeaturesValue *ret)
{
    guint32 bits32;
    guint64 bits64;
    switch (ret->type) {
    case FEATURES_BOOL:
        ret->boolean = *at != 0;
        break;
    case FEATURES_INT32:
        ret->i64 = (gint32)features_int_load32(at);
        break;
    case FEATURES_FLOAT:
        bits32 = features_int_load32(at);
        memcpy(&ret->real32, &bits32, 4);
        break;
    case FEATURES_DOUBLE:
        bits64 = features_int_load64(at);
        memcpy(&ret->real, &bits64, 8);
        break;
    default:
        ret->i64 = (gint64)features_int_load64(at);
        break;
    }
}

static void load_text(const guint8 *at, size_t len, FeaturesArena *arena, FeaturesValue *ret)
{
    char *copy = features_arena_take(arena, len);
    memcpy(copy, at, len);
    ret->text.bytes = copy;
    ret->text.len = len;
}

/* `n` was checked against `len`: a list of a few bytes cannot ask for much memory. */
static bool load_items(const guint8 *at, size_t len, FeaturesArena *arena, FeaturesValue *ret)
{
    FeaturesType type = features_type_item(ret->type);
    size_t n = features_int_load32(at), fixed = fixed_bytes(type), left = len - 4;
    if (n > left / (fixed ? fixed : 4)) {
        return false;
    }
    FeaturesValue *items = features_arena_take(arena, n * sizeof *items);
    at += 4;
    for (size_t i = 0; i < n; i++) {
        size_t text = !fixed && left >= 4 ? features_int_load32(at) : 0, step = fixed ? fixed : 4 + text;
        if (step > left) {
            return false;
        }
        items[i] = (FeaturesValue){.type = type};
        if (fixed) {
            load_fixed(at, &items[i]);
        } else {
            load_text(at + 4, text, arena, &items[i]);
        }
        at += step;
        left -= step;
    }
    ret->list.items = items;
    ret->list.n = n;
    return left == 0;
}

static bool load_value(const FeaturesRowShape *shape, size_t i, const guint8 *bytes, size_t len,
                       FeaturesArena *arena, FeaturesValue *ret)
{
    const guint8 *slot = bytes + shape->slots[i];
    bool null = (bytes[HEAD_BYTES + shape->n + i / 8] >> i % 8) & 1;
    *ret = (FeaturesValue){.type = (FeaturesType)shape->types[i], .null = null};
    if (null) {
        return true;
    }
    if (fixed_bytes(ret->type)) {
        load_fixed(slot, ret);
        return true;
    }
    size_t heap = len - shape->heap, at = features_int_load32(slot), n = features_int_load32(slot + 4);
    if (at > heap || n > heap - at) {
        return false;
    }
    if (features_type_is_list(ret->type)) {
        return n >= 4 && load_items(bytes + shape->heap + at, n, arena, ret);
    }
    load_text(bytes + shape->heap + at, n, arena, ret);
    return true;
}

bool features_int_row_decode(const FeaturesRowShape *shape, const guint8 *bytes, size_t len,
                             const size_t *features, size_t n_features, FeaturesArena *arena,
                             FeaturesRead *ret, GError **error)
{
    *ret = (FeaturesRead){.found = true};
    bool whole = features_int_row_times(bytes, len, &ret->event_us, &ret->created_us);
    size_t n = whole ? bytes[2] | (size_t)bytes[3] << 8 : 0;
    if (whole && (n != shape->n || features_int_load32(bytes + 4) != shape->names || len < HEAD_BYTES + n ||
                  memcmp(bytes + HEAD_BYTES, shape->types, n))) {
        ret->other_type = true;
        return true;
    }
    whole = whole && len >= shape->heap;
    FeaturesValue *values = whole ? features_arena_take(arena, n_features * sizeof *values) : NULL;
    for (size_t i = 0; whole && i < n_features; i++) {
        whole = load_value(shape, features[i], bytes, len, arena, &values[i]);
    }
    ret->values = values;
    return whole ||
           base_fail(error, BASE_E_DATA_DAMAGED, "a stored row of `%s` is damaged", shape->view->name);
}
