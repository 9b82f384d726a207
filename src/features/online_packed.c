/* Keys and rows for LMDB, encoded outside of its one write transaction. */
#include "features/online_int.h"

#define KEY_BYTES    (FEATURES_LMDB_KEY_MAX - FEATURES_ID_BYTES)
#define DIGEST_BYTES 32
#define SHOWN_BYTES  (KEY_BYTES - DIGEST_BYTES - 1)

/* ---- keys -------------------------------------------------------------------------------------------------
 */

static size_t count_nuls(const char *bytes, size_t len)
{
    size_t n = 0;
    for (const char *at = bytes, *end = bytes + len; len && (at = memchr(at, 0, (size_t)(end - at))); at++) {
        n++;
    }
    return n;
}

static size_t value_bytes(const FeaturesValue *value)
{
    switch (value->type) {
    case FEATURES_STRING:
    case FEATURES_BYTES:
        return 3 + value->text.len + count_nuls(value->text.bytes, value->text.len);
    case FEATURES_BOOL:
        return 2;
    case FEATURES_INT32:
    case FEATURES_FLOAT:
        return 5;
    default:
        return 9;
    }
}

static guint8 *write_text(guint8 *at, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        *at++ = (guint8)bytes[i];
        if (!bytes[i]) {
            *at++ = 0xff;
        }
    }
    *at++ = 0;
    *at++ = 0;
    return at;
}

/* As many bits as the type has, so that their order as bytes is that of the numbers; -0 and 0 are one key. */
static guint64 number_bits(const FeaturesValue *value)
{
    guint64 bits = (guint64)value->i64 ^ G_GUINT64_CONSTANT(1) << 63;
    if (value->type == FEATURES_BOOL) {
        bits = value->boolean;
    } else if (value->type == FEATURES_INT32) {
        bits = (guint32)(gint32)value->i64 ^ 1u << 31;
    } else if (value->type == FEATURES_FLOAT) {
        float real = value->real32 + 0.0F;
        guint32 half;
        memcpy(&half, &real, sizeof half);
        bits = half >> 31 ? ~half : half ^ 1u << 31;
    } else if (value->type == FEATURES_DOUBLE) {
        double real = value->real + 0.0;
        memcpy(&bits, &real, sizeof bits);
        bits = bits >> 63 ? ~bits : bits ^ G_GUINT64_CONSTANT(1) << 63;
    }
    return bits;
}

static guint8 *write_value(guint8 *at, const FeaturesValue *value)
{
    *at++ = (guint8)value->type;
    if (value->type == FEATURES_STRING || value->type == FEATURES_BYTES) {
        return write_text(at, value->text.bytes, value->text.len);
    }
    guint64 bits = number_bits(value);
    for (size_t i = value_bytes(value) - 1; i-- > 0;) {
        *at++ = (guint8)(bits >> 8 * i);
    }
    return at;
}

static void write_long_key(const FeaturesView *view, const FeaturesValue *keys, size_t bytes, guint8 *out)
{
    g_autofree guint8 *whole = g_malloc(bytes);
    guint8 *at = whole;
    for (size_t i = 0; i < view->n_keys; i++) {
        at = write_value(at, &keys[i]);
    }
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, whole, (gssize)bytes);
    gsize digest = DIGEST_BYTES;
    out[0] = 0;
    memcpy(out + 1, whole, SHOWN_BYTES);
    g_checksum_get_digest(sum, out + 1 + SHOWN_BYTES, &digest);
}

size_t features_int_entity_key(const FeaturesView *view, const FeaturesValue *keys,
                               guint8 out[FEATURES_LMDB_KEY_MAX])
{
    size_t bytes = 0;
    for (size_t i = 0; i < view->n_keys; i++) {
        bytes += value_bytes(&keys[i]);
    }
    if (bytes > KEY_BYTES) {
        write_long_key(view, keys, bytes, out + FEATURES_ID_BYTES);
        return FEATURES_LMDB_KEY_MAX;
    }
    guint8 *at = out + FEATURES_ID_BYTES;
    for (size_t i = 0; i < view->n_keys; i++) {
        at = write_value(at, &keys[i]);
    }
    return (size_t)(at - out);
}

/* ---- packed rows
 * ----------------------------------------------------------------------------------------------
 */

static gint compare(gconstpointer a, gconstpointer b, gpointer user)
{
    const FeaturesEntry *left = a, *right = b;
    const guint8 *bytes = ((const GByteArray *)user)->data;
    int order = memcmp(bytes + left->at, bytes + right->at, MIN(left->key_len, right->key_len));
    if (order == 0) {
        order = (left->key_len > right->key_len) - (left->key_len < right->key_len);
    }
    return order ? order : (left->order > right->order) - (left->order < right->order);
}

bool features_int_packed_fill(FeaturesPacked *packed, const FeaturesRowShape *shape, const FeaturesRow *rows,
                              size_t n, size_t *ret_taken, GError **error)
{
    size_t max = MIN(n, FEATURES_PACKED_ROWS), taken = 0;
    packed->bytes = g_byte_array_new();
    packed->entries = g_array_sized_new(FALSE, FALSE, sizeof(FeaturesEntry), (guint)max);
    for (; taken < max && packed->bytes->len < FEATURES_PACKED_BYTES; taken++) {
        guint8 key[FEATURES_LMDB_KEY_MAX] = {0};
        FeaturesEntry entry = {.at = packed->bytes->len, .order = (guint32)taken};
        entry.key_len = (guint32)features_int_entity_key(shape->view, rows[taken].keys, key);
        g_byte_array_append(packed->bytes, key, entry.key_len);
        if (!features_int_row_encode(shape, &rows[taken], packed->bytes, error)) {
            return false;
        }
        entry.row_len = (guint32)(packed->bytes->len - entry.at - entry.key_len);
        g_array_append_val(packed->entries, entry);
    }
    g_array_sort_with_data(packed->entries, compare, packed->bytes);
    *ret_taken = taken;
    return true;
}

void features_int_packed_clear(FeaturesPacked *packed)
{
    g_clear_pointer(&packed->bytes, g_byte_array_unref);
    g_clear_pointer(&packed->entries, g_array_unref);
}
