/* Numbers as text. Reals are the shortest text that reads back as the same number, plain where that
 * is short ("0.00001" to 17 digits), else with an exponent ("1.5e20"); an integral real has no point. */
#include <math.h>

#include "engine/format_int.h"

const char format_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

static unsigned count_digits(uint64_t value)
{
    unsigned n = 1;
    for (; value >= 10000; value /= 10000) {
        n += 4;
    }
    return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* Exactly `n` digits, with zeros in front. */
static char *write_digits(char *p, uint64_t value, unsigned n)
{
    char *end = p + n, *q = end;
    while (q - p >= 2) {
        q -= 2;
        memcpy(q, format_pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (q > p) {
        *p = (char)('0' + value % 10);
    }
    return end;
}

char *format_u64(char *p, uint64_t value)
{
    return write_digits(p, value, count_digits(value));
}

char *format_i64(char *p, int64_t value)
{
    if (value < 0) {
        *p++ = '-';
        return format_u64(p, 0 - (uint64_t)value);
    }
    return format_u64(p, (uint64_t)value);
}

#define TEN19 UINT64_C(10000000000000000000)

char *format_u128(char *p, FormatU128 value)
{
    if (value <= UINT64_MAX) {
        return format_u64(p, (uint64_t)value);
    }
    p = format_u128(p, value / TEN19);
    return write_digits(p, (uint64_t)(value % TEN19), 19);
}

char *format_i128(char *p, FormatI128 value)
{
    if (value < 0) {
        *p++ = '-';
        return format_u128(p, 0 - (FormatU128)value);
    }
    return format_u128(p, (FormatU128)value);
}

static char *insert_point(char *digits, char *end, unsigned scale)
{
    memmove(end - scale + 1, end - scale, scale);
    *(end - scale) = '.';
    (void)digits;
    return end + 1;
}

/* Up to 18 digits: integer part and fraction apart, in 64 bits. */
static char *format_short_decimal(char *p, uint64_t magnitude, unsigned scale)
{
    static const uint64_t powers[] = {UINT64_C(1),
                                      UINT64_C(10),
                                      UINT64_C(100),
                                      UINT64_C(1000),
                                      UINT64_C(10000),
                                      UINT64_C(100000),
                                      UINT64_C(1000000),
                                      UINT64_C(10000000),
                                      UINT64_C(100000000),
                                      UINT64_C(1000000000),
                                      UINT64_C(10000000000),
                                      UINT64_C(100000000000),
                                      UINT64_C(1000000000000),
                                      UINT64_C(10000000000000),
                                      UINT64_C(100000000000000),
                                      UINT64_C(1000000000000000),
                                      UINT64_C(10000000000000000),
                                      UINT64_C(100000000000000000),
                                      UINT64_C(1000000000000000000)};
    p = format_u64(p, magnitude / powers[scale]);
    if (!scale) {
        return p;
    }
    *p++ = '.';
    return write_digits(p, magnitude % powers[scale], scale);
}

char *format_decimal(char *p, FormatI128 value, unsigned scale)
{
    if (value < 0) {
        *p++ = '-';
    }
    FormatU128 magnitude = value < 0 ? 0 - (FormatU128)value : (FormatU128)value;
    if (magnitude <= UINT64_MAX && scale <= 18) {
        return format_short_decimal(p, (uint64_t)magnitude, scale);
    }
    char digits[FORMAT_MAX];
    size_t n = (size_t)(format_u128(digits, magnitude) - digits);
    if (n <= scale) { /* one zero before the point */
        size_t zeros = scale + 1 - n;
        memset(p, '0', zeros);
        memcpy(p + zeros, digits, n);
        n += zeros;
    } else {
        memcpy(p, digits, n);
    }
    return scale ? insert_point(p, p + n, scale) : p + n;
}

static char *write_plain(char *p, uint64_t digits, int exponent, int n)
{
    int point = n + exponent; /* digits before the point */
    if (exponent >= 0) {
        p = write_digits(p, digits, (unsigned)n);
        memset(p, '0', (size_t)exponent);
        return p + exponent;
    }
    if (point > 0) {
        char *end = write_digits(p, digits, (unsigned)n);
        return insert_point(p, end, (unsigned)-exponent);
    }
    memcpy(p, "0.", 2);
    memset(p + 2, '0', (size_t)-point);
    return write_digits(p + 2 - point, digits, (unsigned)n);
}

static char *write_scientific(char *p, uint64_t digits, int exponent, int n)
{
    char *end = write_digits(p, digits, (unsigned)n);
    if (n > 1) {
        end = insert_point(p, end, (unsigned)(n - 1));
    }
    *end++ = 'e';
    return format_i64(end, exponent + n - 1);
}

static char *write_real(char *p, EngineDecimal d)
{
    int n = (int)count_digits(d.digits);
    int magnitude = d.exponent + n - 1; /* of the first digit */
    return magnitude >= -5 && magnitude < 17 ? write_plain(p, d.digits, d.exponent, n)
                                             : write_scientific(p, d.digits, d.exponent, n);
}

static char *write_special(char *p, bool is_nan, bool negative)
{
    const char *text = is_nan ? "nan" : negative ? "-inf" : "inf";
    size_t len = strlen(text);
    memcpy(p, text, len);
    return p + len;
}

char *format_double(char *p, double value)
{
    if (!isfinite(value)) {
        return write_special(p, isnan(value), value < 0);
    }
    if (signbit(value)) {
        *p++ = '-';
    }
    if (value == 0) {
        *p++ = '0';
        return p;
    }
    return write_real(p, engine_int_shortest_double(value));
}

char *format_float(char *p, float value)
{
    if (!isfinite(value)) {
        return write_special(p, isnan(value), value < 0);
    }
    if (signbit(value)) {
        *p++ = '-';
    }
    if (value == 0) {
        *p++ = '0';
        return p;
    }
    return write_real(p, engine_int_shortest_float(value));
}

char *engine_put_int(char *out, int64_t value)
{
    return format_i64(out, value);
}

char *engine_put_double(char *out, double value)
{
    return format_double(out, value);
}

char *engine_put_float(char *out, float value)
{
    return format_float(out, value);
}
