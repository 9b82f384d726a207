/* TIME: text that may be negative or longer than a day, held as microseconds; time added to time; intervals
 * of two units (MySQL's manual 11.2.3, 9.1.3). */
#include "engine/duckdb/functions_date_int.h"

/* ---- TIME ------------------------------------------------------------------------------------ */

/* '[-][D ]HH[:MM[:SS[.f]]]', 'HHMMSS', or the time of a datetime. */
static bool time_from_text(const char *bytes, size_t len, int64_t *ret_us)
{
    Civil c;
    if (len >= DATETIME_MIN_LENGTH && function_civil_from_text(bytes, len, &c)) {
        *ret_us = (((int64_t)c.hour * 60 + c.minute) * 60 + c.second) * SECOND_US + c.micros;
        return true;
    }
    Text text = {.p = bytes, .end = bytes + len};
    function_skip_space(&text);
    bool minus = text.p < text.end && *text.p == '-';
    text.p += minus;
    int n, days = 0, first = function_read_number(&text, 7, &n);
    if (n == 0) {
        return false;
    }
    int64_t hour = first, minute = 0, second = 0;
    if (text.p < text.end && *text.p == ' ') {
        function_skip_space(&text);
        days = first;
        hour = function_read_number(&text, 3, &n);
    }
    if (text.p < text.end && *text.p == ':') {
        text.p++;
        minute = function_read_number(&text, 2, &n);
        if (text.p < text.end && *text.p == ':') {
            text.p++;
            second = function_read_number(&text, 2, &n);
        }
    } else if (days == 0) { /* HHMMSS: the right-most digits are seconds */
        second = hour % 100;
        minute = hour / 100 % 100;
        hour /= 10000;
    }
    int micros = function_read_fraction(&text);
    if (minute > 59 || second > 59) {
        return false;
    }
    int64_t us = ((((int64_t)days * 24 + hour) * 60 + minute) * 60 + second) * SECOND_US + micros;
    *ret_us = CLAMP(minus ? -us : us, -TIME_MAX_US, TIME_MAX_US);
    return true;
}

bool function_time_us_text(const FunctionCell *args, FunctionResult *ret)
{
    return time_from_text(args[0].bytes, args[0].len, &ret->cell.i64);
}

bool function_time_us_timestamp(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 = args[0].i64 - function_floor_div(args[0].i64, DAY_US) * DAY_US;
    return true;
}

bool function_time_us_number(const FunctionCell *args, FunctionResult *ret)
{
    int64_t n = args[0].i64, a = n < 0 ? -n : n;
    if (a > 8385959 || a / 100 % 100 > 59 || a % 100 > 59) {
        return false;
    }
    int64_t us = ((a / 10000 * 60 + a / 100 % 100) * 60 + a % 100) * SECOND_US;
    ret->cell.i64 = n < 0 ? -us : us;
    return true;
}

bool function_time_us_interval(const FunctionCell *args, FunctionResult *ret)
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

bool function_time_text(const FunctionCell *args, FunctionResult *ret)
{
    append_time(ret->text, args[0].i64);
    return true;
}

bool function_time_format(const FunctionCell *args, FunctionResult *ret)
{
    int64_t us = args[0].i64, a = us < 0 ? -us : us;
    int64_t hour = a / (3600 * SECOND_US);
    Civil c = function_civil_of(a % DAY_US);
    if (us < 0) {
        g_string_append_c(ret->text, '-');
    }
    const char *end = args[1].bytes + args[1].len;
    for (const char *p = args[1].bytes; p < end; p++) {
        if (*p != '%' || p + 1 == end) {
            g_string_append_c(ret->text, *p);
        } else if (strchr("fHkhIliprTSs", *++p)) {
            function_append_clock(ret->text, *p, hour, &c);
        } else if (strchr("cdemYyMbaWwDj", *p)) {
            g_string_append(ret->text, strchr("Y", *p) ? "0000" : strchr("ce", *p) ? "0" : "00");
        } else {
            g_string_append_c(ret->text, *p);
        }
    }
    return true;
}

/* A point for timediff: microseconds since 1970 of a datetime, since midnight of a time. */
bool function_point_text(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    if (args[0].len >= DATETIME_MIN_LENGTH && function_civil_from_text(args[0].bytes, args[0].len, &c)) {
        ret->cell.i64 = function_civil_us(&c);
        return true;
    }
    return function_time_us_text(args, ret);
}

bool function_add_time_timestamp(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 = args[0].i64 + args[1].i64;
    return true;
}

bool function_add_time_time(const FunctionCell *args, FunctionResult *ret)
{
    append_time(ret->text, args[0].i64 + args[1].i64);
    return true;
}

static void append_datetime(GString *out, int64_t us)
{
    Civil c = function_civil_of(us);
    g_string_append_printf(out, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
                           c.second);
    if (c.micros) {
        g_string_append_printf(out, ".%06d", c.micros);
    }
}

bool function_add_time_text(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    int64_t us;
    if (args[0].len >= DATETIME_MIN_LENGTH && function_civil_from_text(args[0].bytes, args[0].len, &c)) {
        append_datetime(ret->text, function_civil_us(&c) + args[1].i64);
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
bool function_interval_of(const FunctionCell *args, FunctionResult *ret)
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
