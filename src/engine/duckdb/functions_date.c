/* Dates and times as MySQL reads and writes them: lenient literals (manual 9.1.3), date_format and
 * str_to_date codes (manual 12.7), week modes, TIME text that may be negative or longer than a day.
 *
 * Times of day and spans are microseconds in BIGINT between functions and 'HH:MM:SS[.ffffff]' text outside,
 * because the engine's TIME ends at 24 hours. What is no date is NULL, as in MySQL. */
#include "base/text.h"
#include "base/time.h"
#include "engine/duckdb/functions_int.h"

#define DAY_US    BASE_TIME_DAY_US
#define SECOND_US BASE_TIME_SECOND_US
/* Where both a time and a datetime can stand, shorter text is a time (MySQL's str_to_time). */
#define DATETIME_MIN_LENGTH 12
#define TIME_MAX_US         ((G_GINT64_CONSTANT(838) * 3600 + 59 * 60 + 59) * SECOND_US)

typedef struct {
    int year, month, day, hour, minute, second, micros;
} Civil;

static const char *const MONTHS[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
static const char *const DAYS[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool civil_valid(const Civil *c)
{
    return c->year >= 0 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= month_days(c->year, c->month) && c->hour < 24 && c->minute < 60 && c->second < 60;
}

static int64_t civil_us(const Civil *c)
{
    int64_t seconds = ((int64_t)c->hour * 60 + c->minute) * 60 + c->second;
    return base_time_days_from_civil(c->year, c->month, c->day) * DAY_US + seconds * SECOND_US + c->micros;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static Civil civil_of(int64_t us)
{
    Civil c = {0};
    int64_t days = floor_div(us, DAY_US), rest = us - days * DAY_US;
    base_time_civil_from_days(days, &c.year, &c.month, &c.day);
    c.hour = (int)(rest / (3600 * SECOND_US));
    c.minute = (int)(rest / (60 * SECOND_US) % 60);
    c.second = (int)(rest / SECOND_US % 60);
    c.micros = (int)(rest % SECOND_US);
    return c;
}

/* Sunday is 0. */
static int weekday_of(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

/* ---- reading literals ------------------------------------------------------------------------ */

typedef struct {
    const char *p, *end;
} Text;

static int read_number(Text *text, int max_digits, int *ret_digits)
{
    int value = 0, n = 0;
    while (text->p < text->end && g_ascii_isdigit(*text->p) && n < max_digits) {
        value = value * 10 + (*text->p++ - '0');
        n++;
    }
    *ret_digits = n;
    return value;
}

static void skip_space(Text *text)
{
    while (text->p < text->end && g_ascii_isspace(*text->p)) {
        text->p++;
    }
}

/* ".ffffff", rounding what is beyond microseconds down. */
static int read_fraction(Text *text)
{
    if (text->p >= text->end || *text->p != '.') {
        return 0;
    }
    text->p++;
    int value = 0, n = 0;
    for (; text->p < text->end && g_ascii_isdigit(*text->p); text->p++) {
        if (n < 6) {
            value = value * 10 + (*text->p - '0');
            n++;
        }
    }
    for (; n < 6; n++) {
        value *= 10;
    }
    return value;
}

static int two_digit_year(int year)
{
    return year < 70 ? 2000 + year : 1900 + year;
}

/* YYYYMMDD[hhmmss], YYMMDD[hhmmss]. */
static bool civil_from_digits(Text *text, size_t digits, Civil *c)
{
    int n;
    bool long_year = digits == 8 || digits == 14;
    if (!long_year && digits != 6 && digits != 12) {
        return false;
    }
    c->year = read_number(text, long_year ? 4 : 2, &n);
    c->year = long_year ? c->year : two_digit_year(c->year);
    c->month = read_number(text, 2, &n);
    c->day = read_number(text, 2, &n);
    if (digits > 8) {
        c->hour = read_number(text, 2, &n);
        c->minute = read_number(text, 2, &n);
        c->second = read_number(text, 2, &n);
        c->micros = read_fraction(text);
    }
    return true;
}

static bool read_clock(Text *text, Civil *c)
{
    int n;
    c->hour = read_number(text, 2, &n);
    if (n == 0) {
        return false;
    }
    int *const parts[] = {&c->minute, &c->second};
    for (size_t i = 0; i < G_N_ELEMENTS(parts) && text->p < text->end && g_ascii_ispunct(*text->p); i++) {
        text->p++;
        *parts[i] = read_number(text, 2, &n);
        if (n == 0) {
            return false;
        }
    }
    c->micros = read_fraction(text);
    return true;
}

static bool civil_from_text(const char *bytes, size_t len, Civil *c)
{
    *c = (Civil){0};
    Text text = {.p = bytes, .end = bytes + len};
    skip_space(&text);
    size_t digits = 0;
    while (text.p + digits < text.end && g_ascii_isdigit(text.p[digits])) {
        digits++;
    }
    int n;
    if (digits > 4) {
        return civil_from_digits(&text, digits, c) && civil_valid(c);
    }
    c->year = read_number(&text, 4, &n);
    c->year = n == 2 ? two_digit_year(c->year) : c->year;
    int *const parts[] = {&c->month, &c->day};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (n == 0 || text.p >= text.end || !g_ascii_ispunct(*text.p)) {
            return false;
        }
        text.p++;
        *parts[i] = read_number(&text, 2, &n);
    }
    if (n == 0) {
        return false;
    }
    if (text.p < text.end && (*text.p == 'T' || g_ascii_isspace(*text.p))) {
        text.p++;
        skip_space(&text);
        if (text.p < text.end && !read_clock(&text, c)) {
            return false;
        }
    }
    skip_space(&text);
    return civil_valid(c);
}

static bool civil_from_number(int64_t number, Civil *c)
{
    g_autofree char *text = g_strdup_printf("%06" G_GINT64_FORMAT, number);
    size_t len = strlen(text);
    if (len == 7 || len == 13) { /* YYMMDD... with a lost zero is not taken for a year of three digits */
        return false;
    }
    return civil_from_text(text, len, c);
}

static bool temporal_same(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 = args[0].i64;
    return true;
}

static bool temporal_text(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    bool ok = civil_from_text(args[0].bytes, args[0].len, &c);
    ret->cell.i64 = ok ? civil_us(&c) : 0;
    return ok;
}

static bool temporal_number(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    bool ok = civil_from_number(args[0].i64, &c);
    ret->cell.i64 = ok ? civil_us(&c) : 0;
    return ok;
}

static bool date_text(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    bool ok = civil_from_text(args[0].bytes, args[0].len, &c);
    ret->cell.i64 = ok ? base_time_days_from_civil(c.year, c.month, c.day) : 0;
    return ok;
}

/* The first argument as the type of the second: DATE + INTERVAL 1 DAY is a DATE again. */
static bool like_date(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 = floor_div(args[0].i64, DAY_US);
    return true;
}

/* ---- weeks ----------------------------------------------------------------------------------- */

static int year_days(int year)
{
    return 337 + month_days(year, 2);
}

/* Whether a year that begins on `weekday` (0 = the week's first day) has its week 1 only after these days. */
static bool week_one_later(bool first_weekday, int weekday)
{
    return first_weekday ? weekday != 0 : weekday >= 4;
}

/* MySQL's calc_week (sql-common/my_time.cc): mode bits 1 = Monday first, 2 = week 1..53 with the year that it
 * belongs to, 4 = week 1 is the first with a first weekday in it. */
static int week_of(int64_t days, unsigned mode, int *ret_year)
{
    int year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    if (!(mode & 1)) {
        mode ^= 4;
    }
    bool monday_first = mode & 1, week_year = mode & 2, first_weekday = mode & 4;
    int64_t first = base_time_days_from_civil(year, 1, 1);
    int weekday = monday_first ? (weekday_of(first) + 6) % 7 : weekday_of(first);
    if (month == 1 && day <= 7 - weekday) {
        if (!week_year && week_one_later(first_weekday, weekday)) {
            return 0;
        }
        week_year = true;
        year--;
        int length = year_days(year);
        first -= length;
        weekday = (weekday + 53 * 7 - length) % 7;
    }
    int64_t start = week_one_later(first_weekday, weekday) ? first + (7 - weekday) : first - weekday;
    *ret_year = year;
    if (week_year && days - start >= 52 * 7) {
        weekday = (weekday + year_days(year)) % 7;
        if (!week_one_later(first_weekday, weekday)) {
            *ret_year = year + 1;
            return 1;
        }
    }
    return (int)((days - start) / 7) + 1;
}

static bool week(const FunctionCell *args, FunctionResult *ret)
{
    int year;
    ret->cell.i64 = week_of(args[0].i64, (unsigned)args[1].i64 & 7, &year);
    return true;
}

static bool yearweek(const FunctionCell *args, FunctionResult *ret)
{
    int year;
    int number = week_of(args[0].i64, ((unsigned)args[1].i64 & 7) | 2, &year);
    ret->cell.i64 = (int64_t)year * 100 + number;
    return true;
}

/* ---- date_format ----------------------------------------------------------------------------- */

static const char *ordinal(int day)
{
    if (day >= 10 && day <= 19) {
        return "th";
    }
    static const char *const suffix[] = {"th", "st", "nd", "rd"};
    return suffix[day % 10 < 4 ? day % 10 : 0];
}

static int hour12(int64_t hour)
{
    return (int)((hour + 11) % 12) + 1;
}

static void append_clock(GString *out, char code, int64_t hour, const Civil *c)
{
    const char *half = hour % 24 < 12 ? "AM" : "PM";
    switch (code) {
    case 'f':
        g_string_append_printf(out, "%06d", c->micros);
        break;
    case 'H':
        g_string_append_printf(out, "%02" G_GINT64_FORMAT, hour);
        break;
    case 'k':
        g_string_append_printf(out, "%" G_GINT64_FORMAT, hour);
        break;
    case 'h':
    case 'I':
        g_string_append_printf(out, "%02d", hour12(hour));
        break;
    case 'l':
        g_string_append_printf(out, "%d", hour12(hour));
        break;
    case 'i':
        g_string_append_printf(out, "%02d", c->minute);
        break;
    case 'p':
        g_string_append(out, half);
        break;
    case 'r':
        g_string_append_printf(out, "%02d:%02d:%02d %s", hour12(hour), c->minute, c->second, half);
        break;
    case 'T':
        g_string_append_printf(out, "%02" G_GINT64_FORMAT ":%02d:%02d", hour, c->minute, c->second);
        break;
    default: /* S, s */
        g_string_append_printf(out, "%02d", c->second);
    }
}

static void append_week(GString *out, char code, int64_t days)
{
    static const struct {
        char code;
        unsigned mode;
        bool year;
    } codes[] = {{'U', 0, false}, {'u', 1, false}, {'V', 2, false},
                 {'v', 3, false}, {'X', 2, true},  {'x', 3, true}};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i].code == code) {
            int year = 0;
            int number = week_of(days, codes[i].mode, &year);
            g_string_append_printf(out, codes[i].year ? "%04d" : "%02d", codes[i].year ? year : number);
        }
    }
}

static void append_date(GString *out, char code, const Civil *c, int64_t days)
{
    int weekday = weekday_of(days);
    switch (code) {
    case 'a':
        g_string_append_len(out, DAYS[weekday], 3);
        break;
    case 'W':
        g_string_append(out, DAYS[weekday]);
        break;
    case 'w':
        g_string_append_printf(out, "%d", weekday);
        break;
    case 'b':
        g_string_append_len(out, MONTHS[c->month - 1], 3);
        break;
    case 'M':
        g_string_append(out, MONTHS[c->month - 1]);
        break;
    case 'c':
        g_string_append_printf(out, "%d", c->month);
        break;
    case 'm':
        g_string_append_printf(out, "%02d", c->month);
        break;
    case 'D':
        g_string_append_printf(out, "%d%s", c->day, ordinal(c->day));
        break;
    case 'd':
        g_string_append_printf(out, "%02d", c->day);
        break;
    case 'e':
        g_string_append_printf(out, "%d", c->day);
        break;
    case 'j':
        g_string_append_printf(out, "%03d", (int)(days - base_time_days_from_civil(c->year, 1, 1)) + 1);
        break;
    case 'Y':
        g_string_append_printf(out, "%04d", c->year);
        break;
    default: /* y */
        g_string_append_printf(out, "%02d", c->year % 100);
    }
}

static bool date_format(const FunctionCell *args, FunctionResult *ret)
{
    Civil c = civil_of(args[0].i64);
    int64_t days = floor_div(args[0].i64, DAY_US);
    const char *end = args[1].bytes + args[1].len;
    for (const char *p = args[1].bytes; p < end; p++) {
        if (*p != '%' || p + 1 == end) {
            g_string_append_c(ret->text, *p);
            continue;
        }
        p++;
        if (strchr("fHkhIliprTSs", *p)) {
            append_clock(ret->text, *p, c.hour, &c);
        } else if (strchr("aWwbMcmDdejYy", *p)) {
            append_date(ret->text, *p, &c, days);
        } else if (strchr("UuVvXx", *p)) {
            append_week(ret->text, *p, days);
        } else { /* %% and what has no meaning stand for the character */
            g_string_append_c(ret->text, *p);
        }
    }
    return true;
}

/* ---- str_to_date ----------------------------------------------------------------------------- */

typedef struct {
    Civil c;
    int day_of_year, weekday, week, week_year; /* -1 = not given */
    char week_code;
    int half; /* 0 none, 1 AM, 2 PM */
    bool hour12;
} Scanned;

/* The index of the name at the text, by its first three letters or in full. */
static int read_name(Text *text, const char *const *names, int n, bool full)
{
    for (int i = 0; i < n; i++) {
        size_t len = full ? strlen(names[i]) : 3;
        if ((size_t)(text->end - text->p) >= len && g_ascii_strncasecmp(text->p, names[i], len) == 0) {
            text->p += len;
            return i;
        }
    }
    return -1;
}

static bool scan_number(Text *text, int digits, int *ret)
{
    int n;
    *ret = read_number(text, digits, &n);
    return n > 0;
}

static bool scan_half(Text *text, Scanned *s)
{
    if (text->end - text->p < 2 || g_ascii_toupper(text->p[1]) != 'M') {
        return false;
    }
    char c = g_ascii_toupper(text->p[0]);
    s->half = c == 'A' ? 1 : c == 'P' ? 2 : 0;
    text->p += 2;
    return s->half != 0;
}

static bool scan_ordinal(Text *text, Scanned *s)
{
    if (!scan_number(text, 2, &s->c.day) || text->end - text->p < 2) {
        return false;
    }
    text->p += 2;
    return true;
}

static bool scan_code(Text *text, char code, Scanned *s);

static bool scan_all(Text *text, const char *format, Scanned *s)
{
    for (const char *p = format; *p; p++) {
        bool ok = *p == '%'
                      ? scan_code(text, *++p, s)
                      : text->p < text->end && (*text->p == ':' || !g_ascii_isalnum(*text->p)) && *text->p++;
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool scan_date_code(Text *text, char code, Scanned *s)
{
    int n;
    switch (code) {
    case 'Y':
        s->c.year = read_number(text, 4, &n);
        s->c.year = n == 2 ? two_digit_year(s->c.year) : s->c.year;
        return n > 0;
    case 'y':
        s->c.year = two_digit_year(read_number(text, 2, &n));
        return n > 0;
    case 'm':
    case 'c':
        return scan_number(text, 2, &s->c.month);
    case 'M':
    case 'b':
        s->c.month = read_name(text, MONTHS, 12, code == 'M') + 1;
        return s->c.month > 0;
    case 'd':
    case 'e':
        return scan_number(text, 2, &s->c.day);
    case 'D':
        return scan_ordinal(text, s);
    case 'j':
        return scan_number(text, 3, &s->day_of_year);
    case 'a':
    case 'W':
        s->weekday = read_name(text, DAYS, 7, code == 'W');
        return s->weekday >= 0;
    case 'w':
        return scan_number(text, 1, &s->weekday);
    case 'X':
    case 'x':
        return scan_number(text, 4, &s->week_year);
    default: /* U u V v */
        s->week_code = code;
        return scan_number(text, 2, &s->week);
    }
}

static bool scan_code(Text *text, char code, Scanned *s)
{
    switch (code) {
    case 'H':
    case 'k':
        return scan_number(text, 2, &s->c.hour);
    case 'h':
    case 'I':
    case 'l':
        s->hour12 = true;
        return scan_number(text, 2, &s->c.hour);
    case 'i':
        return scan_number(text, 2, &s->c.minute);
    case 's':
    case 'S':
        return scan_number(text, 2, &s->c.second);
    case 'p':
        return scan_half(text, s);
    case 'f': {
        Text dot = {.p = text->p, .end = text->end};
        int digits = 0, value = read_number(&dot, 6, &digits);
        text->p = dot.p;
        for (int i = digits; i < 6; i++) {
            value *= 10;
        }
        s->c.micros = value;
        return digits > 0;
    }
    case 'r':
        return scan_all(text, "%I:%i:%S %p", s);
    case 'T':
        return scan_all(text, "%H:%i:%S", s);
    case '%':
        return text->p < text->end && *text->p++ == '%';
    default:
        return code && strchr("YymcMbdeDjaWwXxUuVv", code) && scan_date_code(text, code, s);
    }
}

/* %X%V %W: the day of a week that is numbered. */
static bool day_of_week(Scanned *s)
{
    bool sunday = s->week_code == 'U' || s->week_code == 'V';
    bool strict = s->week_code == 'V' || s->week_code == 'v';
    int year = strict ? s->week_year : s->c.year;
    if (year < 0 || s->week > 53 || (strict && s->week == 0)) {
        return false;
    }
    int64_t first = base_time_days_from_civil(year, 1, 1);
    int weekday = sunday ? weekday_of(first) : (weekday_of(first) + 6) % 7;
    int64_t days = sunday ? (weekday == 0 ? 0 : 7) - weekday + (s->week - 1) * 7 + s->weekday
                          : (weekday <= 3 ? 0 : 7) - weekday + (s->week - 1) * 7 + (s->weekday + 6) % 7;
    base_time_civil_from_days(first + days, &s->c.year, &s->c.month, &s->c.day);
    return true;
}

static bool scanned_finish(Scanned *s)
{
    if (s->hour12) {
        if (s->c.hour < 1 || s->c.hour > 12) {
            return false;
        }
        s->c.hour = s->c.hour % 12 + (s->half == 2 ? 12 : 0);
    }
    if (s->day_of_year > 0) {
        int64_t days = base_time_days_from_civil(s->c.year, 1, 1) + s->day_of_year - 1;
        base_time_civil_from_days(days, &s->c.year, &s->c.month, &s->c.day);
    }
    if (s->week >= 0 && s->weekday >= 0 && !day_of_week(s)) {
        return false;
    }
    return civil_valid(&s->c);
}

static bool str_to_date(const FunctionCell *args, FunctionResult *ret)
{
    Text text = {.p = args[0].bytes, .end = args[0].bytes + args[0].len};
    Scanned s = {.day_of_year = -1, .weekday = -1, .week = -1, .week_year = -1};
    const char *end = args[1].bytes + args[1].len;
    for (const char *p = args[1].bytes; p < end && text.p <= text.end; p++) {
        if (g_ascii_isspace(*p)) {
            skip_space(&text);
            continue;
        }
        if (*p == '%' && p + 1 < end) {
            skip_space(&text);
            if (text.p >= text.end) {
                break; /* the text may end early */
            }
            if (!scan_code(&text, *++p, &s)) {
                return false;
            }
        } else if (text.p >= text.end) {
            break;
        } else if (*text.p++ != *p) {
            return false;
        }
    }
    if (!scanned_finish(&s)) {
        return false;
    }
    ret->cell.i64 = civil_us(&s.c);
    return true;
}

/* ---- TIME ------------------------------------------------------------------------------------ */

/* '[-][D ]HH[:MM[:SS[.f]]]', 'HHMMSS', or the time of a datetime. */
static bool time_from_text(const char *bytes, size_t len, int64_t *ret_us)
{
    Civil c;
    if (len >= DATETIME_MIN_LENGTH && civil_from_text(bytes, len, &c)) {
        *ret_us = (((int64_t)c.hour * 60 + c.minute) * 60 + c.second) * SECOND_US + c.micros;
        return true;
    }
    Text text = {.p = bytes, .end = bytes + len};
    skip_space(&text);
    bool minus = text.p < text.end && *text.p == '-';
    text.p += minus;
    int n, days = 0, first = read_number(&text, 7, &n);
    if (n == 0) {
        return false;
    }
    int64_t hour = first, minute = 0, second = 0;
    if (text.p < text.end && *text.p == ' ') {
        skip_space(&text);
        days = first;
        hour = read_number(&text, 3, &n);
    }
    if (text.p < text.end && *text.p == ':') {
        text.p++;
        minute = read_number(&text, 2, &n);
        if (text.p < text.end && *text.p == ':') {
            text.p++;
            second = read_number(&text, 2, &n);
        }
    } else if (days == 0) { /* HHMMSS: the right-most digits are seconds */
        second = hour % 100;
        minute = hour / 100 % 100;
        hour /= 10000;
    }
    int micros = read_fraction(&text);
    if (minute > 59 || second > 59) {
        return false;
    }
    int64_t us = ((((int64_t)days * 24 + hour) * 60 + minute) * 60 + second) * SECOND_US + micros;
    *ret_us = CLAMP(minus ? -us : us, -TIME_MAX_US, TIME_MAX_US);
    return true;
}

static bool time_us_text(const FunctionCell *args, FunctionResult *ret)
{
    return time_from_text(args[0].bytes, args[0].len, &ret->cell.i64);
}

static bool time_us_timestamp(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 = args[0].i64 - floor_div(args[0].i64, DAY_US) * DAY_US;
    return true;
}

static bool time_us_number(const FunctionCell *args, FunctionResult *ret)
{
    int64_t n = args[0].i64, a = n < 0 ? -n : n;
    if (a > 8385959 || a / 100 % 100 > 59 || a % 100 > 59) {
        return false;
    }
    int64_t us = ((a / 10000 * 60 + a / 100 % 100) * 60 + a % 100) * SECOND_US;
    ret->cell.i64 = n < 0 ? -us : us;
    return true;
}

static bool time_us_interval(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 =
        ((int64_t)args[0].interval.months * 30 + args[0].interval.days) * DAY_US + args[0].interval.micros;
    return true;
}

static void append_time(GString *out, int64_t us)
{
    us = CLAMP(us, -TIME_MAX_US, TIME_MAX_US);
    int64_t a = us < 0 ? -us : us;
    g_string_append_printf(out, "%s%02d:%02d:%02d", us < 0 ? "-" : "", (int)(a / (3600 * SECOND_US)),
                           (int)(a / (60 * SECOND_US) % 60), (int)(a / SECOND_US % 60));
    if (a % SECOND_US) {
        g_string_append_printf(out, ".%06d", (int)(a % SECOND_US));
    }
}

static bool time_text(const FunctionCell *args, FunctionResult *ret)
{
    append_time(ret->text, args[0].i64);
    return true;
}

static bool time_format(const FunctionCell *args, FunctionResult *ret)
{
    int64_t us = args[0].i64, a = us < 0 ? -us : us;
    int64_t hour = a / (3600 * SECOND_US);
    Civil c = civil_of(a % DAY_US);
    if (us < 0) {
        g_string_append_c(ret->text, '-');
    }
    const char *end = args[1].bytes + args[1].len;
    for (const char *p = args[1].bytes; p < end; p++) {
        if (*p != '%' || p + 1 == end) {
            g_string_append_c(ret->text, *p);
        } else if (strchr("fHkhIliprTSs", *++p)) {
            append_clock(ret->text, *p, hour, &c);
        } else if (strchr("cdemYyMbaWwDj", *p)) {
            g_string_append(ret->text, strchr("Y", *p) ? "0000" : strchr("ce", *p) ? "0" : "00");
        } else {
            g_string_append_c(ret->text, *p);
        }
    }
    return true;
}

/* A point for timediff: microseconds since 1970 of a datetime, since midnight of a time. */
static bool point_text(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    if (args[0].len >= DATETIME_MIN_LENGTH && civil_from_text(args[0].bytes, args[0].len, &c)) {
        ret->cell.i64 = civil_us(&c);
        return true;
    }
    return time_us_text(args, ret);
}

static bool add_time_timestamp(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 = args[0].i64 + args[1].i64;
    return true;
}

static bool add_time_time(const FunctionCell *args, FunctionResult *ret)
{
    append_time(ret->text, args[0].i64 + args[1].i64);
    return true;
}

static void append_datetime(GString *out, int64_t us)
{
    Civil c = civil_of(us);
    g_string_append_printf(out, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
                           c.second);
    if (c.micros) {
        g_string_append_printf(out, ".%06d", c.micros);
    }
}

static bool add_time_text(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    int64_t us;
    if (args[0].len >= DATETIME_MIN_LENGTH && civil_from_text(args[0].bytes, args[0].len, &c)) {
        append_datetime(ret->text, civil_us(&c) + args[1].i64);
        return true;
    }
    if (!time_from_text(args[0].bytes, args[0].len, &us)) {
        return false;
    }
    append_time(ret->text, us + args[1].i64);
    return true;
}

/* ---- intervals of two units ------------------------------------------------------------------ */

/* fn_interval('1:30', 'hour_minute'): numbers are taken from the right, so that '30' is 30 minutes. */
static bool interval_of(const FunctionCell *args, FunctionResult *ret)
{
    static const char *const UNITS[] = {"year", "month", "day", "hour", "minute", "second", "microsecond"};
    g_autofree char *unit = g_ascii_strdown(args[1].bytes, (gssize)args[1].len);
    g_auto(GStrv) ends = g_strsplit(unit, "_", 2);
    int from = -1, to = -1;
    for (int i = 0; i < (int)G_N_ELEMENTS(UNITS) && ends[0] && ends[1]; i++) {
        from = strcmp(ends[0], UNITS[i]) == 0 ? i : from;
        to = strcmp(ends[1], UNITS[i]) == 0 ? i : to;
    }
    if (from < 0 || to < from) {
        return false;
    }
    int64_t found[G_N_ELEMENTS(UNITS)], parts[G_N_ELEMENTS(UNITS)] = {0};
    size_t n_found = 0;
    bool minus = false;
    const char *p = args[0].bytes, *end = p + args[0].len;
    while (p < end && n_found < G_N_ELEMENTS(found)) {
        minus = minus || (n_found == 0 && *p == '-');
        if (!g_ascii_isdigit(*p)) {
            p++;
            continue;
        }
        const char *start = p;
        int64_t value = 0;
        for (; p < end && g_ascii_isdigit(*p) && value < 1000000000; p++) {
            value = value * 10 + (*p - '0');
        }
        bool fraction = to == 6 && start > args[0].bytes && start[-1] == '.';
        for (int64_t digits = p - start; fraction && digits < 6; digits++) {
            value *= 10;
        }
        found[n_found++] = value;
    }
    for (size_t i = 0; i < n_found && to - (int)i >= from; i++) {
        parts[to - (int)i] = found[n_found - 1 - i] * (minus ? -1 : 1);
    }
    ret->cell.interval.months = (int32_t)(parts[0] * 12 + parts[1]);
    ret->cell.interval.days = (int32_t)parts[2];
    ret->cell.interval.micros = ((parts[3] * 60 + parts[4]) * 60 + parts[5]) * SECOND_US + parts[6];
    return n_found > 0;
}

/* ---- zones ----------------------------------------------------------------------------------- */

static GTimeZone *zone_of(const FunctionCell *name)
{
    g_autofree char *text = g_strndup(name->bytes, name->len);
    if (g_ascii_strcasecmp(text, "SYSTEM") == 0) {
        return g_time_zone_new_local();
    }
    return base_time_zone(text, NULL);
}

static bool convert_tz(const FunctionCell *args, FunctionResult *ret)
{
    g_autoptr(GTimeZone) from = zone_of(&args[1]);
    g_autoptr(GTimeZone) to = from ? zone_of(&args[2]) : NULL;
    if (!to) {
        return false;
    }
    int64_t seconds = floor_div(args[0].i64, SECOND_US), micros = args[0].i64 - seconds * SECOND_US;
    int interval = g_time_zone_adjust_time(from, G_TIME_TYPE_STANDARD, &seconds);
    int64_t utc = seconds - g_time_zone_get_offset(from, interval);
    interval = g_time_zone_find_interval(to, G_TIME_TYPE_UNIVERSAL, utc);
    ret->cell.i64 = (utc + g_time_zone_get_offset(to, interval)) * SECOND_US + micros;
    return true;
}

#define T_TEXT DUCKDB_TYPE_VARCHAR
#define T_INT  DUCKDB_TYPE_BIGINT
#define T_DATE DUCKDB_TYPE_DATE
#define T_TIME DUCKDB_TYPE_TIME
#define T_TS   DUCKDB_TYPE_TIMESTAMP
#define T_TZ   DUCKDB_TYPE_TIMESTAMP_TZ
#define T_SPAN DUCKDB_TYPE_INTERVAL

const FunctionInfo FUNCTIONS_DATE[] = {
    {"fn_temporal", T_DATE, {T_DATE}, temporal_same},
    {"fn_temporal", T_TS, {T_TS}, temporal_same},
    {"fn_temporal", T_TZ, {T_TZ}, temporal_same},
    {"fn_temporal", T_TS, {T_TEXT}, temporal_text},
    {"fn_temporal", T_TS, {T_INT}, temporal_number},
    {"fn_date", T_DATE, {T_TEXT}, date_text},
    {"fn_like", T_DATE, {T_TS, T_DATE}, like_date},
    {"fn_like", T_TS, {T_TS, T_TS}, temporal_same},
    {"fn_like", T_TZ, {T_TZ, T_TZ}, temporal_same},
    {"fn_week", T_INT, {T_DATE, T_INT}, week},
    {"fn_yearweek", T_INT, {T_DATE, T_INT}, yearweek},
    {"fn_date_format", T_TEXT, {T_TS, T_TEXT}, date_format},
    {"fn_str_to_date", T_TS, {T_TEXT, T_TEXT}, str_to_date},
    {"fn_time_us", T_INT, {T_TEXT}, time_us_text},
    {"fn_time_us", T_INT, {T_TS}, time_us_timestamp},
    {"fn_time_us", T_INT, {T_TIME}, temporal_same},
    {"fn_time_us", T_INT, {T_INT}, time_us_number},
    {"fn_time_us", T_INT, {T_SPAN}, time_us_interval},
    {"fn_time_text", T_TEXT, {T_INT}, time_text},
    {"fn_time_format", T_TEXT, {T_INT, T_TEXT}, time_format},
    {"fn_point_us", T_INT, {T_TEXT}, point_text},
    {"fn_point_us", T_INT, {T_TS}, temporal_same},
    {"fn_point_us", T_INT, {T_TIME}, temporal_same},
    {"fn_add_time", T_TS, {T_TS, T_INT}, add_time_timestamp},
    {"fn_add_time", T_TEXT, {T_TIME, T_INT}, add_time_time},
    {"fn_add_time", T_TEXT, {T_TEXT, T_INT}, add_time_text},
    {"fn_interval", T_SPAN, {T_TEXT, T_TEXT}, interval_of},
    {"fn_convert_tz", T_TS, {T_TS, T_TEXT, T_TEXT}, convert_tz},
};
const size_t FUNCTIONS_DATE_N = G_N_ELEMENTS(FUNCTIONS_DATE);
