/* Text functions of MySQL that the engine has not, or not with this meaning. */
#include <math.h>

#include "base/text.h"
#include "engine/duckdb/functions_int.h"

/* The number that a text begins with, 0 without one. */
static bool real_of(const FunctionCell *args, FunctionResult *ret)
{
    g_autofree char *text = g_strndup(args[0].bytes, MIN(args[0].len, 256));
    g_strchug(text);
    text[strspn(text, "0123456789+-.eE")] = '\0'; /* no inf, no 0x */
    ret->cell.real = g_ascii_strtod(text, NULL);
    return true;
}

/* CAST(s AS SIGNED): the whole number that the text begins with, 0 without one; at most what fits. */
static bool signed_of(const FunctionCell *args, FunctionResult *ret)
{
    g_autofree char *text = g_strndup(args[0].bytes, MIN(args[0].len, 256));
    ret->cell.i64 = g_ascii_strtoll(text, NULL, 10);
    return true;
}

/* The count-th occurrence of `needle` from the left: where it begins, or NULL. */
static const char *find_nth(const FunctionCell *text, const FunctionCell *needle, int64_t count)
{
    const char *p = text->bytes, *end = text->bytes + text->len;
    for (;;) {
        const char *found = memmem(p, (size_t)(end - p), needle->bytes, needle->len);
        if (!found || --count == 0) {
            return found;
        }
        p = found + needle->len;
    }
}

static int64_t count_of(const FunctionCell *text, const FunctionCell *needle)
{
    int64_t n = 0;
    const char *p = text->bytes, *end = text->bytes + text->len;
    while ((p = memmem(p, (size_t)(end - p), needle->bytes, needle->len))) {
        n++;
        p += needle->len;
    }
    return n;
}

static bool substring_index(const FunctionCell *args, FunctionResult *ret)
{
    int64_t count = args[2].i64;
    const char *start = args[0].bytes, *end = start + args[0].len;
    if (args[1].len == 0 || count == 0) {
        return true;
    }
    if (count < 0) {
        int64_t from_left = count_of(&args[0], &args[1]) + count + 1;
        const char *found = from_left > 0 ? find_nth(&args[0], &args[1], from_left) : NULL;
        start = found ? found + args[1].len : start;
    } else {
        const char *found = find_nth(&args[0], &args[1], count);
        end = found ? found : end;
    }
    g_string_append_len(ret->text, start, end - start);
    return true;
}

static bool find_in_set(const FunctionCell *args, FunctionResult *ret)
{
    const char *p = args[1].bytes, *end = p + args[1].len;
    ret->cell.i64 = 0;
    if (args[1].len == 0 || memchr(args[0].bytes, ',', args[0].len)) {
        return true;
    }
    for (int64_t i = 1;; i++) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        size_t len = (size_t)((comma ? comma : end) - p);
        if (len == args[0].len && memcmp(p, args[0].bytes, len) == 0) {
            ret->cell.i64 = i;
            return true;
        }
        if (!comma) {
            return true;
        }
        p = comma + 1;
    }
}

/* CONV: 64 bits unsigned; a negative target base shows a signed number (manual 12.6.2). */
static bool conv(const FunctionCell *args, FunctionResult *ret)
{
    int64_t from = args[1].i64 < 0 ? -args[1].i64 : args[1].i64,
            to = args[2].i64 < 0 ? -args[2].i64 : args[2].i64;
    if (from < 2 || from > 36 || to < 2 || to > 36) {
        return false;
    }
    g_autofree char *text = g_strndup(args[0].bytes, args[0].len);
    g_strstrip(text);
    bool minus = *text == '-';
    guint64 value = g_ascii_strtoull(text + minus, NULL, (guint)from);
    value = minus ? (guint64)0 - value : value;
    bool show_minus = args[2].i64 < 0 && (gint64)value < 0;
    value = show_minus ? (guint64)0 - value : value;
    char digits[65];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % (guint64)to];
        value /= (guint64)to;
    } while (value);
    g_string_append(ret->text, show_minus ? "-" : "");
    g_string_append_len(ret->text, digits + at, (gssize)(sizeof digits - at));
    return true;
}

/* CRC-32 of ISO 3309, reflected polynomial. */
static bool crc32_of(const FunctionCell *args, FunctionResult *ret)
{
    guint32 crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < args[0].len; i++) {
        crc ^= (guint8)args[0].bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    ret->cell.i64 = (int64_t)(crc ^ 0xFFFFFFFFu);
    return true;
}

/* SHA-224 is not offered by GLib: NULL, as for any length that is unknown. */
static bool sha2(const FunctionCell *args, FunctionResult *ret)
{
    GChecksumType type;
    switch (args[1].i64) {
    case 0:
    case 256:
        type = G_CHECKSUM_SHA256;
        break;
    case 384:
        type = G_CHECKSUM_SHA384;
        break;
    case 512:
        type = G_CHECKSUM_SHA512;
        break;
    default:
        return false;
    }
    g_autofree char *hex = g_compute_checksum_for_data(type, (const guchar *)args[0].bytes, args[0].len);
    g_string_append(ret->text, hex);
    return true;
}

/* "a.b.c.d", and short forms: 127.1 is 127.0.0.1. */
static bool inet_aton(const FunctionCell *args, FunctionResult *ret)
{
    g_autofree char *text = g_strndup(args[0].bytes, args[0].len);
    g_auto(GStrv) parts = g_strsplit(text, ".", 5);
    guint n = g_strv_length(parts);
    gint64 value = 0, part = 0;
    if (n < 1 || n > 4) {
        return false;
    }
    for (guint i = 0; i < n; i++) {
        if (!base_text_to_int(parts[i], 0, 255, &part)) {
            return false;
        }
        value = i + 1 == n ? (value << (8 * (5 - n))) + part : (value << 8) + part;
    }
    ret->cell.i64 = value;
    return true;
}

static bool inet_ntoa(const FunctionCell *args, FunctionResult *ret)
{
    int64_t n = args[0].i64;
    if (n < 0 || n > 0xFFFFFFFFll) {
        return false;
    }
    g_string_append_printf(ret->text, "%d.%d.%d.%d", (int)(n >> 24), (int)(n >> 16 & 255),
                           (int)(n >> 8 & 255), (int)(n & 255));
    return true;
}

/* A number that is rounded already, as text: thousands grouped, exactly `decimals` behind the point. */
static bool group_thousands(const FunctionCell *args, FunctionResult *ret)
{
    int decimals = (int)CLAMP(args[1].i64, 0, 30);
    g_autofree char *number = g_strndup(args[0].bytes, args[0].len);
    double real;
    if (strpbrk(number, "eE") && base_text_to_real(number, &real)) {
        g_free(number);
        number = g_strdup_printf("%.*f", decimals, real);
    }
    const char *digits = number + (*number == '-');
    const char *point = strchr(digits, '.');
    size_t whole = point ? (size_t)(point - digits) : strlen(digits);
    if (!g_ascii_isdigit(*digits)) {
        return false;
    }
    g_string_append(ret->text, *number == '-' ? "-" : "");
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0) {
            g_string_append_c(ret->text, ',');
        }
        g_string_append_c(ret->text, digits[i]);
    }
    const char *fraction = point ? point + 1 : "";
    g_string_append(ret->text, decimals > 0 ? "." : "");
    for (int i = 0; i < decimals; i++) {
        g_string_append_c(ret->text, *fraction ? *fraction++ : '0');
    }
    return true;
}

/* MySQL's soundex: as long as it gets, at least four characters; vowels do not separate equal codes. */
static bool soundex(const FunctionCell *args, FunctionResult *ret)
{
    static const char codes[] = "01230120022455012623010202";
    char last = 0;
    for (size_t i = 0; i < args[0].len; i++) {
        if (!g_ascii_isalpha(args[0].bytes[i])) {
            continue;
        }
        char upper = g_ascii_toupper(args[0].bytes[i]), code = codes[upper - 'A'];
        if (ret->text->len == 0) {
            g_string_append_c(ret->text, upper);
            last = code;
        } else if (code != '0' && code != last) {
            g_string_append_c(ret->text, code);
            last = code;
        }
    }
    while (ret->text->len > 0 && ret->text->len < 4) {
        g_string_append_c(ret->text, '0');
    }
    return true;
}

static bool div_int(const FunctionCell *args, FunctionResult *ret)
{
    if (args[1].i64 == 0 || (args[0].i64 == INT64_MIN && args[1].i64 == -1)) {
        return false;
    }
    ret->cell.i64 = args[0].i64 / args[1].i64;
    return true;
}

static bool div_real(const FunctionCell *args, FunctionResult *ret)
{
    double quotient = trunc(args[0].real / args[1].real);
    if (args[1].real == 0 || !(fabs(quotient) < 9.2e18)) {
        return false;
    }
    ret->cell.i64 = (int64_t)quotient;
    return true;
}

#define T_TEXT DUCKDB_TYPE_VARCHAR
#define T_BLOB DUCKDB_TYPE_BLOB
#define T_INT  DUCKDB_TYPE_BIGINT
#define T_REAL DUCKDB_TYPE_DOUBLE

const FunctionInfo FUNCTIONS_TEXT[] = {
    {"fn_real", T_REAL, {T_TEXT}, real_of},
    {"fn_signed", T_INT, {T_TEXT}, signed_of},
    {"substring_index", T_TEXT, {T_TEXT, T_TEXT, T_INT}, substring_index},
    {"find_in_set", T_INT, {T_TEXT, T_TEXT}, find_in_set},
    {"conv", T_TEXT, {T_TEXT, T_INT, T_INT}, conv},
    {"crc32", T_INT, {T_TEXT}, crc32_of},
    {"crc32", T_INT, {T_BLOB}, crc32_of},
    {"sha2", T_TEXT, {T_TEXT, T_INT}, sha2},
    {"sha2", T_TEXT, {T_BLOB, T_INT}, sha2},
    {"inet_aton", T_INT, {T_TEXT}, inet_aton},
    {"inet_ntoa", T_TEXT, {T_INT}, inet_ntoa},
    {"fn_group_thousands", T_TEXT, {T_TEXT, T_INT}, group_thousands},
    {"soundex", T_TEXT, {T_TEXT}, soundex},
    {"fn_div", T_INT, {T_INT, T_INT}, div_int},
    {"fn_div", T_INT, {T_REAL, T_REAL}, div_real},
};
const size_t FUNCTIONS_TEXT_N = G_N_ELEMENTS(FUNCTIONS_TEXT);
