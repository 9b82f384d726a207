/* JSON: jansson, plus what Weir adds. The only header that includes jansson.h.
 *
 * Integers are 64-bit and exact. Objects keep the order of insertion. */
#ifndef WEIR_BASE_JSON_H
#define WEIR_BASE_JSON_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* Parses one document of at most `limit` bytes. Errors: JSON_INVALID with line and column. */
json_t *base_json_parse(const char *text, size_t len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *base_json_read_file(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Compact text; caller frees with g_free. */
char *base_json_text(const json_t *value);
char *base_json_text_pretty(const json_t *value);

/* Member access that does not fail: `fallback` when the key is absent or of another type. */
const char *base_json_string(const json_t *object, const char *key, const char *fallback);
gint64 base_json_int(const json_t *object, const char *key, gint64 fallback);
double base_json_real(const json_t *object, const char *key, double fallback); /* takes integers too */
bool base_json_bool(const json_t *object, const char *key, bool fallback);
/* The entry of a list of objects whose text `key` is that; NULL = none. It is the list's. */
json_t *base_json_find(const json_t *list, const char *key, const char *text);
/* Values that are a list, or its one entry alone (`key: a` is `key: [a]`). NULL behind the last; the entries
 * are the value's. */
size_t base_json_n_entries(const json_t *value);
json_t *base_json_entry(const json_t *value, size_t i);
/* All texts in a value, however deep, each on a line of its own after what `out` has. */
void base_json_append_texts(GString *out, const json_t *value);

/* json_object_set_new for text that may be NULL (sets null) . */
void base_json_set_string(json_t *object, const char *key, const char *value);
void base_json_set_int(json_t *object, const char *key, gint64 value);
/* As 2026-11-21T10:20:30Z; 0 = null. */
void base_json_set_time(json_t *object, const char *key, gint64 us);

/* Appends `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD. */
void base_json_append_string(GString *out, const char *text, size_t len);

#endif
