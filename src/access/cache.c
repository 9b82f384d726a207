/* Rewritten text by (rights, domain, statement) for one snapshot.
 *
 * Two generations: what is asked for again moves to the young one; when that is full the old one is dropped.
 * So a lookup is one or two hash lookups, the memory is bounded by count and by length of text, and a new
 * snapshot empties it. */
#include "access/access_int.h"

#define CACHE_GENERATION_ENTRIES 2048
#define CACHE_MAX_KEY_BYTES      (16 * 1024)
#define CACHE_GENERATION_BYTES   (16 * 1024 * 1024)

typedef struct {
    gatomicrefcount refs;
    char *text;
    GPtrArray *objects; /* CatalogObject*, of the cache's snapshot */
} Entry;

struct AccessCache {
    GMutex lock;
    CatalogSnapshot *snapshot;
    GHashTable *young, *old;
    size_t young_bytes;
};

static void entry_unref(gpointer data)
{
    Entry *entry = data;
    if (g_atomic_ref_count_dec(&entry->refs)) {
        g_free(entry->text);
        g_ptr_array_unref(entry->objects);
        g_free(entry);
    }
}

static GHashTable *generation_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_unref);
}

AccessCache *access_cache_new(void)
{
    AccessCache *cache = g_new0(AccessCache, 1);
    g_mutex_init(&cache->lock);
    cache->young = generation_new();
    cache->old = generation_new();
    return cache;
}

void access_cache_free(AccessCache *cache)
{
    if (!cache) {
        return;
    }
    g_hash_table_unref(cache->young);
    g_hash_table_unref(cache->old);
    catalog_snapshot_unref(cache->snapshot);
    g_mutex_clear(&cache->lock);
    g_free(cache);
}

static void insert(AccessCache *cache, const char *key, Entry *entry)
{
    size_t bytes = strlen(key) + strlen(entry->text);
    if (g_hash_table_size(cache->young) >= CACHE_GENERATION_ENTRIES ||
        cache->young_bytes + bytes > CACHE_GENERATION_BYTES) {
        g_hash_table_unref(cache->old);
        cache->old = cache->young;
        cache->young = generation_new();
        cache->young_bytes = 0;
    }
    cache->young_bytes += bytes;
    g_atomic_ref_count_inc(&entry->refs);
    g_hash_table_replace(cache->young, g_strdup(key), entry);
}

char *access_cache_get(AccessCache *cache, CatalogSnapshot *snapshot, const char *key,
                       GPtrArray **ret_objects)
{
    char *text = NULL;
    g_mutex_lock(&cache->lock);
    Entry *entry = cache->snapshot == snapshot ? g_hash_table_lookup(cache->young, key) : NULL;
    if (!entry && cache->snapshot == snapshot) {
        entry = g_hash_table_lookup(cache->old, key);
        if (entry) { /* insert may drop the old generation, and the entry's last reference with it */
            g_atomic_ref_count_inc(&entry->refs);
            insert(cache, key, entry);
            entry_unref(entry);
        }
    }
    if (entry) {
        text = g_strdup(entry->text);
        if (ret_objects) {
            *ret_objects = g_ptr_array_copy(entry->objects, NULL, NULL);
        }
    }
    g_mutex_unlock(&cache->lock);
    return text;
}

void access_cache_put(AccessCache *cache, CatalogSnapshot *snapshot, const char *key, const char *text,
                      const GPtrArray *objects)
{
    if (strlen(key) > CACHE_MAX_KEY_BYTES || strlen(text) > 4 * CACHE_MAX_KEY_BYTES) {
        return;
    }
    Entry *entry = g_new0(Entry, 1);
    g_atomic_ref_count_init(&entry->refs);
    entry->text = g_strdup(text);
    entry->objects = g_ptr_array_new();
    for (guint i = 0; i < objects->len; i++) {
        g_ptr_array_add(entry->objects, g_ptr_array_index(objects, i));
    }
    g_mutex_lock(&cache->lock);
    if (cache->snapshot != snapshot) {
        catalog_snapshot_unref(cache->snapshot);
        cache->snapshot = catalog_snapshot_ref(snapshot);
        g_hash_table_remove_all(cache->young);
        g_hash_table_remove_all(cache->old);
        cache->young_bytes = 0;
    }
    insert(cache, key, entry);
    g_mutex_unlock(&cache->lock);
    entry_unref(entry);
}
