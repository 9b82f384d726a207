/* <data>/catalog.cache, format 1:
 *   "WEIRCC01"  16 bytes: MD5 of all that follows  { key 40 hex digits  length u32  value }...
 * Numbers are little-endian. The digest tells a file that was cut off or written over; it is no protection
 * against someone who may write into the data folder. */
#include "catalog/cache_int.h"

#include <string.h>

#include "base/fs.h"

#define MAGIC        "WEIRCC01"
#define MAGIC_BYTES  8
#define DIGEST_BYTES 16
#define HEAD_BYTES   (MAGIC_BYTES + DIGEST_BYTES)
#define ENTRY_BYTES  (CATALOG_CACHE_KEY_BYTES + 4)

typedef struct {
    GBytes *value;
    bool used; /* by this process */
} Entry;

static GMutex lock;
static GHashTable *entries; /* key -> Entry*; under lock, as all below */
static size_t total_bytes;
static bool changed;

static void free_entry(gpointer data)
{
    Entry *entry = data;
    total_bytes -= g_bytes_get_size(entry->value);
    g_bytes_unref(entry->value);
    g_free(entry);
}

static gboolean is_unused(gpointer key, gpointer value, gpointer user)
{
    (void)key;
    (void)user;
    return !((Entry *)value)->used;
}

static void make_room(void)
{
    if (total_bytes <= CATALOG_CACHE_MAX_BYTES) {
        return;
    }
    g_hash_table_foreach_remove(entries, is_unused, NULL);
    if (total_bytes > CATALOG_CACHE_MAX_BYTES / 2) {
        g_hash_table_remove_all(entries);
    }
}

static void insert(char *key_taken, GBytes *value_taken, bool used)
{
    if (!entries) {
        entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_entry);
    }
    Entry *entry = g_new0(Entry, 1);
    *entry = (Entry){.value = value_taken, .used = used};
    total_bytes += g_bytes_get_size(value_taken);
    g_hash_table_replace(entries, key_taken, entry);
    make_room();
}

GBytes *catalog_cache_get(const char *key)
{
    g_mutex_lock(&lock);
    Entry *entry = entries ? g_hash_table_lookup(entries, key) : NULL;
    GBytes *value = entry ? g_bytes_ref(entry->value) : NULL;
    if (entry) {
        entry->used = true;
    }
    g_mutex_unlock(&lock);
    return value;
}

void catalog_cache_put(const char *key, GBytes *value_taken)
{
    g_mutex_lock(&lock);
    insert(g_strdup(key), value_taken, true);
    changed = true;
    g_mutex_unlock(&lock);
}

void catalog_cache_forget(void)
{
    g_mutex_lock(&lock);
    g_clear_pointer(&entries, g_hash_table_unref);
    changed = false;
    g_mutex_unlock(&lock);
}

/* ---- the file ------------------------------------------------------------------------------------------ */

static void digest_of(const void *data, size_t len, guint8 *ret)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_MD5);
    gsize bytes = DIGEST_BYTES;
    g_checksum_update(sum, data, (gssize)len);
    g_checksum_get_digest(sum, ret, &bytes);
}

static bool is_whole(const char *data, size_t len)
{
    guint8 digest[DIGEST_BYTES];
    if (len < HEAD_BYTES || memcmp(data, MAGIC, MAGIC_BYTES) != 0) {
        return false;
    }
    digest_of(data + HEAD_BYTES, len - HEAD_BYTES, digest);
    return memcmp(digest, data + MAGIC_BYTES, DIGEST_BYTES) == 0;
}

void catalog_cache_load(const char *path)
{
    gsize len = 0;
    char *data = NULL;
    if (!g_file_get_contents(path, &data, &len, NULL)) {
        return;
    }
    g_autoptr(GBytes) file = g_bytes_new_take(data, len);
    if (!is_whole(data, len)) {
        return;
    }
    g_mutex_lock(&lock);
    for (size_t at = HEAD_BYTES; len - at >= ENTRY_BYTES;) {
        guint32 bytes;
        memcpy(&bytes, data + at + CATALOG_CACHE_KEY_BYTES, sizeof bytes);
        size_t size = GUINT32_FROM_LE(bytes);
        if (size > len - at - ENTRY_BYTES) {
            break;
        }
        insert(g_strndup(data + at, CATALOG_CACHE_KEY_BYTES),
               g_bytes_new_from_bytes(file, at + ENTRY_BYTES, size), false);
        at += ENTRY_BYTES + size;
    }
    g_mutex_unlock(&lock);
}

static void append_entry(GByteArray *out, const char *key, GBytes *value)
{
    gsize size = 0;
    const void *data = g_bytes_get_data(value, &size);
    guint32 bytes = GUINT32_TO_LE((guint32)size);
    g_byte_array_append(out, (const guint8 *)key, CATALOG_CACHE_KEY_BYTES);
    g_byte_array_append(out, (const guint8 *)&bytes, sizeof bytes);
    g_byte_array_append(out, data, (guint)size);
}

/* What is used first; the rest is what another branch of the project may want again. */
static void append_entries(GByteArray *out, bool used, size_t max_bytes)
{
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, entries);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Entry *entry = value;
        if (entry->used == used && strlen(key) == CATALOG_CACHE_KEY_BYTES &&
            out->len + g_bytes_get_size(entry->value) + ENTRY_BYTES <= max_bytes) {
            append_entry(out, key, entry->value);
        }
    }
}

bool catalog_cache_save(const char *path, GError **error)
{
    g_mutex_lock(&lock);
    g_autoptr(GByteArray) out = NULL;
    if (changed && entries) {
        out = g_byte_array_new();
        g_byte_array_set_size(out, HEAD_BYTES);
        append_entries(out, true, CATALOG_CACHE_MAX_BYTES);
        append_entries(out, false, MIN(2 * (size_t)out->len, CATALOG_CACHE_MAX_BYTES));
        changed = false;
    }
    g_mutex_unlock(&lock);
    if (!out) {
        return true;
    }
    memcpy(out->data, MAGIC, MAGIC_BYTES);
    digest_of(out->data + HEAD_BYTES, out->len - HEAD_BYTES, out->data + MAGIC_BYTES);
    return base_fs_write(path, out->data, out->len, 0600, error);
}
