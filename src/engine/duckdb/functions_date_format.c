/* date_format and str_to_date: dates written and read by the codes of MySQL's manual 12.7. */
#include "engine/duckdb/functions_date_int.h"

static const char *const MONTHS[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
static const char *const DAYS[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

/* ---- function_date_format ----------------------------------------------------------------------------- */

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

void function_append_clock(GString *out, char code, int64_t hour, const Civil *c)
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
            int number = function_week_of(days, codes[i].mode, &year);
            g_string_append_printf(out, codes[i].year ? "%04d" : "%02d", codes[i].year ? year : number);
        }
    }
}

static void append_date(GString *out, char code, const Civil *c, int64_t days)
{
    int weekday = function_weekday_of(days);
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

bool function_date_format(const FunctionCell *args, FunctionResult *ret)
{
    Civil c = function_civil_of(args[0].i64);
    int64_t days = function_floor_div(args[0].i64, DAY_US);
    const char *end = args[1].bytes + args[1].len;
    for (const char *p = args[1].bytes; p < end; p++) {
        if (*p != '%' || p + 1 == end) {
            g_string_append_c(ret->text, *p);
            continue;
        }
        p++;
        if (strchr("fHkhIliprTSs", *p)) {
            function_append_clock(ret->text, *p, c.hour, &c);
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

/* ---- function_str_to_date ----------------------------------------------------------------------------- */

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
    *ret = function_read_number(text, digits, &n);
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
        s->c.year = function_read_number(text, 4, &n);
        s->c.year = n == 2 ? function_two_digit_year(s->c.year) : s->c.year;
        return n > 0;
    case 'y':
        s->c.year = function_two_digit_year(function_read_number(text, 2, &n));
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
        int digits = 0, value = function_read_number(&dot, 6, &digits);
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
    int weekday = sunday ? function_weekday_of(first) : (function_weekday_of(first) + 6) % 7;
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
    return function_civil_valid(&s->c);
}

bool function_str_to_date(const FunctionCell *args, FunctionResult *ret)
{
    Text text = {.p = args[0].bytes, .end = args[0].bytes + args[0].len};
    Scanned s = {.day_of_year = -1, .weekday = -1, .week = -1, .week_year = -1};
    const char *end = args[1].bytes + args[1].len;
    for (const char *p = args[1].bytes; p < end && text.p <= text.end; p++) {
        if (g_ascii_isspace(*p)) {
            function_skip_space(&text);
            continue;
        }
        if (*p == '%' && p + 1 < end) {
            function_skip_space(&text);
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
    ret->cell.i64 = function_civil_us(&s.c);
    return true;
}
