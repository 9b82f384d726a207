/* Private: what reading a project found, kept by content.
 *
 * A key is the SHA-1 (40 hex digits) of everything that the value depends on, so a value is never wrong, only
 * unused. One cache for the process; the store keeps it in <data>/catalog.cache from one start to the next.
 * Thread: any. */
#ifndef WEIR_CATALOG_CACHE_INT_H
#define WEIR_CATALOG_CACHE_INT_H

#include <glib.h>
#include <stdbool.h>

#define CATALOG_CACHE_KEY_BYTES 40
/* In memory; past it, what the latest reading did not use goes. */
#define CATALOG_CACHE_MAX_BYTES ((size_t)256 * 1024 * 1024)

/* A new reference; NULL when it is not known. */
GBytes *catalog_cache_get(const char *key);
void catalog_cache_put(const char *key, GBytes *value_taken);
/* For tests and the bench. */
void catalog_cache_forget(void);

/* Adds what the file holds. A file that is absent, cut off, damaged or of another format adds nothing. */
void catalog_cache_load(const char *path);
/* Writes what this process used, and of the rest at most as much again, when there is something new; the file
 * is replaced whole, so a reader sees the old one or the new one. Errors: DISK_FULL, FILE_IO. */
bool catalog_cache_save(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
