/* Private to engine/format*.c: writing scalars into memory that the caller has reserved. Each function
 * writes at `p` and returns the end; FORMAT_MAX bytes are always enough. */
#ifndef WEIR_ENGINE_FORMAT_INT_H
#define WEIR_ENGINE_FORMAT_INT_H

#include <string.h>

#include "engine/engine_int.h"

__extension__ typedef __int128 FormatI128;
__extension__ typedef unsigned __int128 FormatU128;

#define FORMAT_MAX 64

extern const char format_pairs[201]; /* "00" .. "99" */

char *format_u64(char *p, uint64_t value);
char *format_i64(char *p, int64_t value);
char *format_u128(char *p, FormatU128 value);
char *format_i128(char *p, FormatI128 value);
char *format_decimal(char *p, FormatI128 value, unsigned scale);
char *format_double(char *p, double value); /* nan, inf, -inf too */
char *format_float(char *p, float value);
char *format_date(char *p, int32_t days);
char *format_time(char *p, int64_t us);
char *format_timestamp(char *p, int64_t us);
char *format_timestamp_tz(char *p, int64_t us, EngineZone *zone);
char *format_timestamp_ns(char *p, int64_t ns);
char *format_time_ns(char *p, int64_t ns);
char *format_time_tz(char *p, uint64_t bits);
char *format_interval(char *p, const EngineInterval *value);
char *format_uuid(char *p, FormatI128 value);

static inline char *format_pair(char *p, unsigned value)
{
    memcpy(p, format_pairs + 2 * value, 2);
    return p + 2;
}

/* Makes room for n bytes after the end of `out`; format_took says how far they were used. */
static inline char *format_room(GString *out, size_t n)
{
    if (G_UNLIKELY(out->len + n >= out->allocated_len)) {
        gsize len = out->len;
        g_string_set_size(out, len + n + len / 2);
        g_string_truncate(out, len);
    }
    return out->str + out->len;
}

static inline void format_took(GString *out, const char *end)
{
    out->len = (gsize)(end - out->str);
    out->str[out->len] = '\0';
}

static inline void format_append(GString *out, const char *bytes, size_t len)
{
    char *p = format_room(out, len);
    memcpy(p, bytes, len);
    format_took(out, p + len);
}

static inline void format_char(GString *out, char c)
{
    char *p = format_room(out, 1);
    *p = c;
    format_took(out, p + 1);
}

#endif
