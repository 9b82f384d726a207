/* Text: UTF-8, widths on a terminal, nearest words, identifiers. */
#ifndef WEIR_BASE_TEXT_H
#define WEIR_BASE_TEXT_H

#include <glib.h>
#include <stdbool.h>

/* Columns that `text` takes on a terminal: East-Asian wide is 2, combining is 0. */
size_t base_text_width(const char *text);
/* At most `width` columns, with "…" where cut. Caller frees. */
char *base_text_fit(const char *text, size_t width);

/* The nearest of `names` (NULL-terminated) by edit distance with transpositions, case folded;
 * NULL when none is within a third of the word's length. Borrowed from names. */
const char *base_text_nearest(const char *word, const char *const *names);

/* [a-z][a-z0-9_]*, at most 64 bytes. */
bool base_text_is_name(const char *text);

/* Checked parsing: the whole text must be the number. */
bool base_text_to_int(const char *text, gint64 min, gint64 max, gint64 *ret);
bool base_text_to_real(const char *text, double *ret);
/* "64", "64KB", "1.5GiB" -> bytes; K M G T with or without i and B are powers of 1024. */
bool base_text_to_bytes(const char *text, gint64 *ret_bytes);
/* "250ms", "10s", "2h", "7d", "2w" -> microseconds. A bare number is refused. */
bool base_text_to_duration(const char *text, gint64 *ret_us);
/* "90", "90d", "12w", "18m" (months of 30 days), "3y" (of 365) -> days, fewer than BASE_TEXT_MAX_DAYS. */
#define BASE_TEXT_MAX_DAYS 100000000
bool base_text_to_days(const char *text, gint64 *ret_days);
/* "${NAME}" is what the environment has under it ("" = nothing); caller frees. */
char *base_text_expand_env(const char *text);
char *base_text_from_bytes(gint64 bytes); /* "1.4 GB" */
char *base_text_from_count(gint64 n);     /* "1,000,000" */
char *base_text_from_duration(gint64 us); /* "3.4s", "2m 10s" */

/* Glob match with * ? [..] and ** across '/'. */
bool base_text_glob(const char *pattern, const char *path);
bool base_text_utf8_valid(const char *text, size_t len);
/* Line diff of two texts in unified form without headers; caller frees. Linear space. */
char *base_text_diff(const char *before, const char *after, unsigned context);

#endif
