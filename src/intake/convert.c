/* Text to typed columns, a column at a time: the loops are tight and the branch on the type is taken once a
 * batch.
 *
 * A cell that does not fit its type is NULL, or with strict_mode (or a NOT NULL column) refuses its row.
 * Numbers take blanks around them; integers take a fraction only when it is zero; decimals round half away
 * from zero, as Doris does; dates and times come as "2026-11-21 10:20:30.5", with T, with / or without any
 * separators; an offset (Z, +08:00) moves the time into the load's time zone. */
#include "base/text.h"
#include "base/time.h"
#include "intake/intake_int.h"

/* ---- numbers
 * ------------------------------------------------------------------------------------------------------ */

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static inline void trim(const char **p, const char **end)
{
    while (*p < *end && is_blank(**p)) {
        (*p)++;
    }
    while (*p < *end && is_blank((*end)[-1])) {
        (*end)--;
    }
}

static bool word_is(const char *p, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - p) == len && g_ascii_strncasecmp(p, word, len) == 0;
}

/* ".000" */
static bool only_zeros_after_point(const char *p, const char *end)
{
    if (p >= end || *p != '.') {
        return false;
    }
    for (p++; p < end; p++) {
        if (*p != '0') {
            return false;
        }
    }
    return true;
}

/* "1.5e3": an integer written with an exponent, as JSON writers do; exact up to 2^53. */
static bool parse_scientific(const char *p, const char *end, gint64 min, guint64 max, guint64 *ret)
{
    double value;
    if (!memchr(p, 'e', (size_t)(end - p)) && !memchr(p, 'E', (size_t)(end - p))) {
        return false;
    }
    if (!intake_parse_double(p, (size_t)(end - p), &value) ||
        !(value >= -9007199254740992.0 && value <= 9007199254740992.0) || (double)(gint64)value != value) {
        return false;
    }
    gint64 number = (gint64)value;
    *ret = (guint64)number;
    return number < 0 ? number >= min : (guint64)number <= max;
}

static inline bool parse_integer(const char *p, const char *end, gint64 min, guint64 max, guint64 *ret)
{
    trim(&p, &end);
    if (G_UNLIKELY(p == end)) {
        return false;
    }
    const char *start = p;
    bool negative = *p == '-';
    if (negative || *p == '+') {
        p++;
    }
    if (G_UNLIKELY(p == end || !is_digit(*p))) {
        if (word_is(p, end, "true") || word_is(p, end, "false")) {
            *ret = word_is(p, end, "true") ? 1 : 0;
            return !negative;
        }
        return false;
    }
    guint64 value = 0;
    size_t digits = 0;
    while (p < end && is_digit(*p)) {
        guint64 digit = (guint64)(*p++ - '0');
        if (G_UNLIKELY(++digits > 18) && (__builtin_mul_overflow(value, G_GUINT64_CONSTANT(10), &value) ||
                                          __builtin_add_overflow(value, digit, &value))) {
            return false;
        } else if (digits <= 18) {
            value = value * 10 + digit;
        }
    }
    if (G_UNLIKELY(p != end) && !only_zeros_after_point(p, end)) {
        return parse_scientific(start, end, min, max, ret);
    }
    guint64 limit = negative ? (guint64)0 - (guint64)min : max;
    if (value > limit) {
        return false;
    }
    *ret = negative ? (guint64)0 - value : value;
    return true;
}

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool parse_double_slow(const char *p, size_t len, double *ret)
{
    char small[128];
    if (len == 0 || len >= sizeof small) {
        return false;
    }
    memcpy(small, p, len);
    small[len] = '\0';
    if (memchr(small, 'x', len) || memchr(small, 'X', len) || memchr(small, '(', len)) {
        return false;
    }
    char *stop;
    *ret = g_ascii_strtod(small, &stop);
    return stop == small + len;
}

/* Exact for up to 15 digits and powers of ten up to 22 (Clinger); the rest by strtod. */
bool intake_parse_double(const char *text, size_t len, double *ret)
{
    const char *p = text, *end = text + len;
    trim(&p, &end);
    const char *start = p;
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    bool negative = p > start && *start == '-';
    guint64 mantissa = 0;
    int digits = 0, exponent = 0;
    for (; p < end && is_digit(*p); p++, digits++) {
        mantissa = mantissa * 10 + (guint64)(*p - '0');
    }
    if (p < end && *p == '.') {
        for (p++; p < end && is_digit(*p); p++, digits++, exponent--) {
            mantissa = mantissa * 10 + (guint64)(*p - '0');
        }
    }
    if (p != end || digits == 0 || digits > 15 || exponent < -22) {
        return parse_double_slow(start, (size_t)(end - start), ret);
    }
    double value = (double)mantissa / POWERS[-exponent];
    *ret = negative ? -value : value;
    return true;
}

/* "-12.345e1" as value * 10^scale. At most 18 digits: width <= 18. */
#define DECIMAL_DIGITS 18

/* The digits after an "e": -1000..1000. */
static bool parse_exponent(const char *text, size_t len, int *ret)
{
    char digits[9] = "";
    gint64 value = 0;
    if (len >= sizeof digits) {
        return false;
    }
    memcpy(digits, text, len);
    if (!base_text_to_int(digits[0] == '+' ? digits + 1 : digits, -1000, 1000, &value)) {
        return false;
    }
    *ret = (int)value;
    return true;
}

/* Appends a digit; false when it does not fit. */
static bool push_digit(guint64 *value, unsigned digit)
{
    if (*value > G_MAXINT64 / 10 - 1) {
        return false;
    }
    *value = *value * 10 + digit;
    return true;
}

/* The first `place` digits of p..e (which may hold one point) as a number, filled up with zeros; the digit
 * after them rounds it half up. */
static bool parse_digits(const char *p, const char *e, const char *point, ptrdiff_t place, guint64 *ret)
{
    guint64 value = 0;
    bool any = false, round_up = false;
    for (const char *d = p; d < e; d++) {
        if (d == point) {
            continue;
        }
        if (!is_digit(*d) || (place > 0 && !push_digit(&value, (unsigned)(*d - '0')))) {
            return false;
        }
        round_up = place == 0 ? *d >= '5' : round_up;
        any = true;
        place--;
    }
    for (; place > 0 && value != 0; place--) {
        if (!push_digit(&value, 0)) {
            return false;
        }
    }
    *ret = value + (round_up ? 1 : 0);
    return any;
}

bool intake_parse_decimal(const char *text, size_t len, unsigned width, unsigned scale, gint64 *ret)
{
    const char *p = text, *end = text + len;
    trim(&p, &end);
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    const char *e = p;
    while (e < end && *e != 'e' && *e != 'E') {
        e++;
    }
    int exponent = 0;
    if (e < end && !parse_exponent(e + 1, (size_t)(end - e - 1), &exponent)) {
        return false;
    }
    const char *point = memchr(p, '.', (size_t)(e - p));
    ptrdiff_t whole = (point ? point : e) - p;
    guint64 value = 0, limit = 1;
    if (!parse_digits(p, e, point, whole + exponent + (ptrdiff_t)scale, &value)) {
        return false;
    }
    for (unsigned i = 0; i < MIN(width, DECIMAL_DIGITS); i++) {
        limit *= 10;
    }
    if (value >= limit) {
        return false;
    }
    *ret = negative ? -(gint64)value : (gint64)value;
    return true;
}

/* ---- dates and times
 * --------------------------------------------------------------------------------------------------- */

static bool take_digits(const char **p, const char *end, int min, int max, int *ret)
{
    int n = 0, value = 0;
    while (n < max && *p < end && is_digit(**p)) {
        value = value * 10 + (*(*p)++ - '0');
        n++;
    }
    *ret = value;
    return n >= min;
}

static inline bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from the civil calendar (Hinnant's algorithm), for years 0..9999. */
static inline gint32 days_of(int year, int month, int day)
{
    int y = year - (month <= 2);
    int era = (y >= 0 ? y : y - 399) / 400;
    int yoe = y - era * 400;
    int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static bool make_date(int year, int month, int day, gint32 *ret)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1 || day > DAYS[month - 1] + (month == 2 && is_leap(year))) {
        return false;
    }
    *ret = days_of(year, month, day);
    return true;
}

static bool take_date(const char **p, const char *end, bool *ret_compact, gint32 *ret)
{
    int year, month, day;
    const char *q = *p;
    *ret_compact = false;
    if (!take_digits(&q, end, 4, 4, &year)) {
        return false;
    }
    if (q < end && (*q == '-' || *q == '/')) {
        char mark = *q++;
        if (!take_digits(&q, end, 1, 2, &month) || q >= end || *q != mark) {
            return false;
        }
        q++;
        if (!take_digits(&q, end, 1, 2, &day)) {
            return false;
        }
    } else {
        *ret_compact = true;
        if (!take_digits(&q, end, 2, 2, &month) || !take_digits(&q, end, 2, 2, &day)) {
            return false;
        }
    }
    *p = q;
    return make_date(year, month, day, ret);
}

/* ".123456789": microseconds, the seventh digit rounds. */
static bool take_fraction(const char **p, const char *end, gint64 *ret_us)
{
    gint64 us = 0;
    int n = 0;
    const char *q = *p + 1;
    for (; q < end && is_digit(*q); q++, n++) {
        if (n < 6) {
            us = us * 10 + (*q - '0');
        } else if (n == 6 && *q >= '5') {
            us++;
        }
    }
    if (n == 0) {
        return false;
    }
    for (; n < 6; n++) {
        us *= 10;
    }
    *p = q;
    *ret_us = us;
    return true;
}

/* "Z", "+08:00", "+0800", "+08"; the rest of the text. */
static bool take_offset(const char *p, const char *end, gint64 *ret_us)
{
    if (end - p == 1 && (*p == 'Z' || *p == 'z')) {
        *ret_us = 0;
        return true;
    }
    if (p >= end || (*p != '+' && *p != '-')) {
        return false;
    }
    gint64 sign = *p++ == '-' ? -1 : 1;
    int hours, minutes = 0;
    if (!take_digits(&p, end, 2, 2, &hours) || hours > 14) {
        return false;
    }
    if (p < end && *p == ':') {
        p++;
    }
    if (p < end && (!take_digits(&p, end, 2, 2, &minutes) || minutes > 59)) {
        return false;
    }
    *ret_us = sign * (hours * 60 + minutes) * 60 * BASE_TIME_SECOND_US;
    return p == end;
}

static gint64 local_of_utc(gint64 us, GTimeZone *zone)
{
    if (!zone) {
        return us;
    }
    gint64 seconds =
        us >= 0 ? us / BASE_TIME_SECOND_US : -((-us + BASE_TIME_SECOND_US - 1) / BASE_TIME_SECOND_US);
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, seconds);
    return us + g_time_zone_get_offset(zone, interval) * BASE_TIME_SECOND_US;
}

static bool take_clock(const char **p, const char *end, bool compact, gint64 *ret_us)
{
    int hour, minute = 0, second = 0;
    gint64 us = 0;
    const char *q = *p;
    if (!take_digits(&q, end, compact ? 2 : 1, 2, &hour)) {
        return false;
    }
    if (!compact && q < end && *q == ':') {
        q++;
        if (!take_digits(&q, end, 1, 2, &minute)) {
            return false;
        }
        if (q < end && *q == ':') {
            q++;
            if (!take_digits(&q, end, 1, 2, &second)) {
                return false;
            }
        }
    } else if (compact && (!take_digits(&q, end, 2, 2, &minute) || !take_digits(&q, end, 2, 2, &second))) {
        return false;
    }
    if (q < end && *q == '.' && !take_fraction(&q, end, &us)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *p = q;
    *ret_us = ((gint64)hour * 3600 + minute * 60 + second) * BASE_TIME_SECOND_US + us;
    return true;
}

static gint64 round_to(gint64 us, int digits)
{
    gint64 unit = 1;
    for (int i = digits; i < 6; i++) {
        unit *= 10;
    }
    gint64 rest = us % unit;
    if (rest < 0) {
        rest += unit;
    }
    return us - rest + (rest * 2 >= unit && unit > 1 ? unit : 0);
}

bool intake_parse_datetime(const char *text, size_t len, int digits, GTimeZone *zone, gint64 *ret_us)
{
    const char *p = text, *end = text + len;
    trim(&p, &end);
    bool compact;
    gint32 days;
    gint64 clock = 0;
    if (!take_date(&p, end, &compact, &days)) {
        return false;
    }
    if (p < end && (*p == ' ' || *p == 'T' || *p == 't')) {
        p++;
        compact = compact && p + 2 < end && p[2] != ':';
        if (!take_clock(&p, end, compact, &clock)) {
            return false;
        }
    } else if (p < end && compact && !take_clock(&p, end, true, &clock)) {
        return false;
    }
    gint64 us = days * BASE_TIME_DAY_US + clock;
    while (p < end && *p == ' ') {
        p++;
    }
    if (p < end) {
        gint64 offset;
        if (!take_offset(p, end, &offset)) {
            return false;
        }
        us = local_of_utc(us - offset, zone);
    }
    *ret_us = digits >= 6 ? us : round_to(us, digits);
    return true;
}

bool intake_parse_date(const char *text, size_t len, gint32 *ret_days)
{
    const char *p = text, *end = text + len;
    trim(&p, &end);
    bool compact;
    const char *q = p;
    if (!take_date(&q, end, &compact, ret_days)) {
        return false;
    }
    if (q == end) {
        return true;
    }
    gint64 us;
    if (!intake_parse_datetime(p, (size_t)(end - p), 6, NULL, &us)) {
        return false;
    }
    *ret_days =
        (gint32)((us - (us % BASE_TIME_DAY_US + BASE_TIME_DAY_US) % BASE_TIME_DAY_US) / BASE_TIME_DAY_US);
    return true;
}

static bool parse_bool(const char *p, const char *end, bool *ret)
{
    if ((end - p == 4 && memcmp(p, "true", 4) == 0) || (end - p == 5 && memcmp(p, "false", 5) == 0)) {
        *ret = *p == 't';
        return true;
    }
    trim(&p, &end);
    if (end - p == 1 && (*p == '0' || *p == '1')) {
        *ret = *p == '1';
        return true;
    }
    if (word_is(p, end, "true") || word_is(p, end, "t") || word_is(p, end, "yes")) {
        *ret = true;
        return true;
    }
    if (word_is(p, end, "false") || word_is(p, end, "f") || word_is(p, end, "no")) {
        *ret = false;
        return true;
    }
    guint64 number;
    if (!parse_integer(p, end, G_MININT64, G_MAXINT64, &number)) {
        return false;
    }
    *ret = number != 0;
    return true;
}

/* ---- columns
 * -------------------------------------------------------------------------------------------------------------
 */

static inline void set_null(const IntakeConvert *convert, guint64 *nulls, guint8 *bad, size_t row,
                            bool was_value)
{
    nulls[row / 64] |= G_GUINT64_CONSTANT(1) << (row % 64);
    if (convert->field->not_null) {
        bad[row] = was_value ? 1 : 2;
    } else if (was_value && convert->strict) {
        bad[row] = 1;
    }
}

/* One loop a type; PARSE sets `out[row]` and says whether it could. */
#define CONVERT_LOOP(ctype, PARSE)                                                                           \
    do {                                                                                                     \
        ctype *out = data;                                                                                   \
        for (size_t row = 0; row < n_rows; row++) {                                                          \
            const IntakeCell *cell = cells + row * stride;                                                   \
            const char *p = cell->bytes;                                                                     \
            if (G_UNLIKELY(p == NULL)) {                                                                     \
                set_null(convert, nulls, bad, row, false);                                                   \
                continue;                                                                                    \
            }                                                                                                \
            const char *end = p + cell->len;                                                                 \
            if (G_UNLIKELY(!(PARSE))) {                                                                      \
                set_null(convert, nulls, bad, row, true);                                                    \
            }                                                                                                \
        }                                                                                                    \
    } while (0)

#define CONVERT_INTEGER(ctype, min, max)                                                                     \
    do {                                                                                                     \
        guint64 number = 0;                                                                                  \
        CONVERT_LOOP(ctype, parse_integer(p, end, min, max, &number) && (out[row] = (ctype)number, true));   \
    } while (0)

/* True when all bytes are ASCII; eight at a time. */
static inline bool is_ascii(const char *p, size_t len)
{
    guint64 all = 0, word;
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        memcpy(&word, p + i, 8);
        all |= word;
    }
    for (; i < len; i++) {
        all |= (unsigned char)p[i];
    }
    return (all & G_GUINT64_CONSTANT(0x8080808080808080)) == 0;
}

static void check_text(const IntakeConvert *convert, const IntakeCell *cells, size_t stride, size_t n_rows,
                       guint64 *nulls, guint8 *bad)
{
    const IntakeField *field = convert->field;
    for (size_t row = 0; row < n_rows; row++) {
        const IntakeCell *cell = cells + row * stride;
        if (G_UNLIKELY(!cell->bytes)) {
            set_null(convert, nulls, bad, row, false);
            continue;
        }
        if (G_UNLIKELY(!is_ascii(cell->bytes, cell->len)) && !base_text_utf8_valid(cell->bytes, cell->len)) {
            bad[row] = 3;
        } else if (G_UNLIKELY(field->max_bytes > 0 && cell->len > field->max_bytes)) {
            bad[row] = 4;
        } else if (field->is_json && !intake_json_text_valid(cell->bytes, cell->len)) {
            set_null(convert, nulls, bad, row, true);
        }
    }
}

static void convert_decimal(const IntakeConvert *convert, const IntakeCell *cells, size_t stride,
                            size_t n_rows, void *data, guint64 *nulls, guint8 *bad)
{
    const unsigned width = convert->field->type.width, scale = convert->field->type.scale;
    CONVERT_LOOP(gint64, intake_parse_decimal(p, (size_t)(end - p), width, scale, &out[row]));
}

static void convert_real(const IntakeConvert *convert, const IntakeCell *cells, size_t stride, size_t n_rows,
                         void *data, guint64 *nulls, guint8 *bad)
{
    double number = 0;
    if (convert->field->type.id == ENGINE_DOUBLE) {
        CONVERT_LOOP(double, intake_parse_double(p, (size_t)(end - p), &out[row]));
    } else {
        CONVERT_LOOP(float,
                     intake_parse_double(p, (size_t)(end - p), &number) && (out[row] = (float)number, true));
    }
}

static void convert_time(const IntakeConvert *convert, const IntakeCell *cells, size_t stride, size_t n_rows,
                         void *data, guint64 *nulls, guint8 *bad)
{
    if (convert->field->type.id == ENGINE_DATE) {
        CONVERT_LOOP(gint32, intake_parse_date(p, (size_t)(end - p), &out[row]));
    } else {
        const int digits = convert->field->time_digits;
        CONVERT_LOOP(gint64, intake_parse_datetime(p, (size_t)(end - p), digits, convert->zone, &out[row]));
    }
}

static void convert_bool(const IntakeConvert *convert, const IntakeCell *cells, size_t stride, size_t n_rows,
                         void *data, guint64 *nulls, guint8 *bad)
{
    CONVERT_LOOP(bool, parse_bool(p, end, &out[row]));
}

void intake_convert(const IntakeConvert *convert, const IntakeCell *cells, size_t stride, size_t n_rows,
                    void *data, guint64 *nulls, guint8 *bad)
{
    switch (convert->field->type.id) {
    case ENGINE_INT8:
        CONVERT_INTEGER(gint8, G_MININT8, G_MAXINT8);
        break;
    case ENGINE_INT16:
        CONVERT_INTEGER(gint16, G_MININT16, G_MAXINT16);
        break;
    case ENGINE_INT32:
        CONVERT_INTEGER(gint32, G_MININT32, G_MAXINT32);
        break;
    case ENGINE_INT64:
        CONVERT_INTEGER(gint64, G_MININT64, G_MAXINT64);
        break;
    case ENGINE_UINT8:
        CONVERT_INTEGER(guint8, 0, G_MAXUINT8);
        break;
    case ENGINE_UINT16:
        CONVERT_INTEGER(guint16, 0, G_MAXUINT16);
        break;
    case ENGINE_UINT32:
        CONVERT_INTEGER(guint32, 0, G_MAXUINT32);
        break;
    case ENGINE_UINT64:
        CONVERT_INTEGER(guint64, 0, G_MAXUINT64);
        break;
    case ENGINE_FLOAT:
    case ENGINE_DOUBLE:
        convert_real(convert, cells, stride, n_rows, data, nulls, bad);
        break;
    case ENGINE_DECIMAL:
        convert_decimal(convert, cells, stride, n_rows, data, nulls, bad);
        break;
    case ENGINE_DATE:
    case ENGINE_TIMESTAMP:
        convert_time(convert, cells, stride, n_rows, data, nulls, bad);
        break;
    case ENGINE_BOOLEAN:
        convert_bool(convert, cells, stride, n_rows, data, nulls, bad);
        break;
    default:
        check_text(convert, cells, stride, n_rows, nulls, bad);
        break;
    }
}

/* ---- types
 * -----------------------------------------------------------------------------------------------------------------
 */

size_t intake_type_bytes(EngineTypeId id)
{
    if (id == ENGINE_TEXT) {
        return sizeof(IntakeCell);
    }
    size_t bytes = engine_type_bytes(id);
    return bytes ? bytes : sizeof(gint64); /* DECIMAL as a number */
}

static bool decimal_type(const char *type, EngineType *ret)
{
    g_auto(GStrv) parts = g_strsplit_set(type, "(,)", 4);
    gint64 width, scale = 0;
    if (g_strv_length(parts) < 3 || !base_text_to_int(g_strstrip(parts[1]), 1, 18, &width) ||
        (g_strv_length(parts) == 4 && !base_text_to_int(g_strstrip(parts[2]), 0, width, &scale))) {
        return false;
    }
    *ret = (EngineType){ENGINE_DECIMAL, (guint8)width, (guint8)scale};
    return true;
}

/* The engine's types that are fed as such; all others come as TEXT and are cast in SQL. */
bool intake_type_simple(const char *type, EngineType *ret)
{
    static const struct {
        const char *name;
        EngineTypeId id;
    } SIMPLE[] = {
        {"BOOLEAN", ENGINE_BOOLEAN},    {"TINYINT", ENGINE_INT8},     {"SMALLINT", ENGINE_INT16},
        {"INTEGER", ENGINE_INT32},      {"INT", ENGINE_INT32},        {"BIGINT", ENGINE_INT64},
        {"UTINYINT", ENGINE_UINT8},     {"USMALLINT", ENGINE_UINT16}, {"UINTEGER", ENGINE_UINT32},
        {"UBIGINT", ENGINE_UINT64},     {"FLOAT", ENGINE_FLOAT},      {"REAL", ENGINE_FLOAT},
        {"DOUBLE", ENGINE_DOUBLE},      {"VARCHAR", ENGINE_TEXT},     {"TEXT", ENGINE_TEXT},
        {"STRING", ENGINE_TEXT},        {"DATE", ENGINE_DATE},        {"TIMESTAMP", ENGINE_TIMESTAMP},
        {"DATETIME", ENGINE_TIMESTAMP}, {"JSON", ENGINE_JSON},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(SIMPLE); i++) {
        if (g_ascii_strcasecmp(type, SIMPLE[i].name) == 0) {
            *ret = (EngineType){SIMPLE[i].id, 0, 0};
            return true;
        }
    }
    if (g_ascii_strncasecmp(type, "VARCHAR(", 8) == 0) {
        *ret = (EngineType){ENGINE_TEXT, 0, 0};
        return true;
    }
    if (g_ascii_strncasecmp(type, "DECIMAL(", 8) == 0 || g_ascii_strncasecmp(type, "NUMERIC(", 8) == 0) {
        return decimal_type(type, ret);
    }
    return false;
}
