/* Dates and times as MySQL reads and writes them: lenient literals (manual 9.1.3), function_date_format and
 * function_str_to_date codes (manual 12.7), week modes, TIME text that may be negative or longer than a day.
 *
 * Times of day and spans are microseconds in BIGINT between functions and 'HH:MM:SS[.ffffff]' text outside,
 * because the engine's TIME ends at 24 hours. What is no date is NULL, as in MySQL. */
#include "base/text.h"
#include "engine/duckdb/functions_date_int.h"

int function_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool function_civil_valid(const Civil *c)
{
    return c->year >= 0 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= function_month_days(c->year, c->month) && c->hour < 24 && c->minute < 60 &&
           c->second < 60;
}

static int64_t time_of_day(const Civil *c)
{
    return (((int64_t)c->hour * 60 + c->minute) * 60 + c->second) * SECOND_US + c->micros;
}

int64_t function_civil_us(const Civil *c)
{
    return base_time_days_from_civil(c->year, c->month, c->day) * DAY_US + time_of_day(c);
}

int64_t function_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

Civil function_civil_of(int64_t us)
{
    Civil c = {0};
    int64_t days = function_floor_div(us, DAY_US), rest = us - days * DAY_US;
    base_time_civil_from_days(days, &c.year, &c.month, &c.day);
    c.hour = (int)(rest / (3600 * SECOND_US));
    c.minute = (int)(rest / (60 * SECOND_US) % 60);
    c.second = (int)(rest / SECOND_US % 60);
    c.micros = (int)(rest % SECOND_US);
    return c;
}

/* Sunday is 0. */
int function_weekday_of(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

/* ---- reading literals ------------------------------------------------------------------------ */

int function_read_number(Text *text, int max_digits, int *ret_digits)
{
    int value = 0, n = 0;
    while (text->p < text->end && g_ascii_isdigit(*text->p) && n < max_digits) {
        value = value * 10 + (*text->p++ - '0');
        n++;
    }
    *ret_digits = n;
    return value;
}

void function_skip_space(Text *text)
{
    while (text->p < text->end && g_ascii_isspace(*text->p)) {
        text->p++;
    }
}

/* ".ffffff", rounding what is beyond microseconds down. */
int function_read_fraction(Text *text)
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

int function_two_digit_year(int year)
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
    c->year = function_read_number(text, long_year ? 4 : 2, &n);
    c->year = long_year ? c->year : function_two_digit_year(c->year);
    c->month = function_read_number(text, 2, &n);
    c->day = function_read_number(text, 2, &n);
    if (digits > 8) {
        c->hour = function_read_number(text, 2, &n);
        c->minute = function_read_number(text, 2, &n);
        c->second = function_read_number(text, 2, &n);
        c->micros = function_read_fraction(text);
    }
    return true;
}

static bool read_clock(Text *text, Civil *c)
{
    int n;
    c->hour = function_read_number(text, 2, &n);
    if (n == 0) {
        return false;
    }
    int *const parts[] = {&c->minute, &c->second};
    for (size_t i = 0; i < G_N_ELEMENTS(parts) && text->p < text->end && g_ascii_ispunct(*text->p); i++) {
        text->p++;
        *parts[i] = function_read_number(text, 2, &n);
        if (n == 0) {
            return false;
        }
    }
    c->micros = function_read_fraction(text);
    return true;
}

bool function_civil_from_text(const char *bytes, size_t len, Civil *c)
{
    *c = (Civil){0};
    Text text = {.p = bytes, .end = bytes + len};
    function_skip_space(&text);
    size_t digits = 0;
    while (text.p + digits < text.end && g_ascii_isdigit(text.p[digits])) {
        digits++;
    }
    int n;
    if (digits > 4) {
        return civil_from_digits(&text, digits, c) && function_civil_valid(c);
    }
    c->year = function_read_number(&text, 4, &n);
    c->year = n == 2 ? function_two_digit_year(c->year) : c->year;
    int *const parts[] = {&c->month, &c->day};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (n == 0 || text.p >= text.end || !g_ascii_ispunct(*text.p)) {
            return false;
        }
        text.p++;
        *parts[i] = function_read_number(&text, 2, &n);
    }
    if (n == 0) {
        return false;
    }
    if (text.p < text.end && (*text.p == 'T' || g_ascii_isspace(*text.p))) {
        text.p++;
        function_skip_space(&text);
        if (text.p < text.end && !read_clock(&text, c)) {
            return false;
        }
    }
    function_skip_space(&text);
    return function_civil_valid(c);
}

static bool civil_from_number(int64_t number, Civil *c)
{
    g_autofree char *text = g_strdup_printf("%06" G_GINT64_FORMAT, number);
    size_t len = strlen(text);
    if (len == 7 || len == 13) { /* YYMMDD... with a lost zero is not taken for a year of three digits */
        return false;
    }
    return function_civil_from_text(text, len, c);
}

static bool temporal_same(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 = args[0].i64;
    return true;
}

static bool temporal_text(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    bool ok = function_civil_from_text(args[0].bytes, args[0].len, &c);
    ret->cell.i64 = ok ? function_civil_us(&c) : 0;
    return ok;
}

static bool temporal_number(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    bool ok = civil_from_number(args[0].i64, &c);
    ret->cell.i64 = ok ? function_civil_us(&c) : 0;
    return ok;
}

static bool date_text(const FunctionCell *args, FunctionResult *ret)
{
    Civil c;
    bool ok = function_civil_from_text(args[0].bytes, args[0].len, &c);
    ret->cell.i64 = ok ? base_time_days_from_civil(c.year, c.month, c.day) : 0;
    return ok;
}

/* The first argument as the type of the second: DATE + INTERVAL 1 DAY is a DATE again. */
static bool like_date(const FunctionCell *args, FunctionResult *ret)
{
    ret->cell.i64 = function_floor_div(args[0].i64, DAY_US);
    return true;
}

/* Whole months from the first to the second, towards 0: TIMESTAMPDIFF(MONTH, ..). The engine's date_sub takes
 * the last day of a month for a whole one (2024-01-31 to 2024-02-29), MySQL does not. */
static bool months_between(const FunctionCell *args, FunctionResult *ret)
{
    bool back = args[0].i64 > args[1].i64;
    Civil from = function_civil_of(args[back].i64), to = function_civil_of(args[!back].i64);
    int64_t months = ((int64_t)to.year - from.year) * 12 + to.month - from.month;
    int64_t begun = from.day * DAY_US + time_of_day(&from), ended = to.day * DAY_US + time_of_day(&to);
    months -= ended < begun;
    ret->cell.i64 = back ? -months : months;
    return true;
}

/* ---- weeks ----------------------------------------------------------------------------------- */

static int year_days(int year)
{
    return 337 + function_month_days(year, 2);
}

/* Whether a year that begins on `weekday` (0 = the week's first day) has its week 1 only after these days. */
static bool week_one_later(bool first_weekday, int weekday)
{
    return first_weekday ? weekday != 0 : weekday >= 4;
}

/* MySQL's calc_week (sql-common/my_time.cc): mode bits 1 = Monday first, 2 = week 1..53 with the year that it
 * belongs to, 4 = week 1 is the first with a first weekday in it. */
int function_week_of(int64_t days, unsigned mode, int *ret_year)
{
    int year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    if (!(mode & 1)) {
        mode ^= 4;
    }
    bool monday_first = mode & 1, week_year = mode & 2, first_weekday = mode & 4;
    int64_t first = base_time_days_from_civil(year, 1, 1);
    int weekday = monday_first ? (function_weekday_of(first) + 6) % 7 : function_weekday_of(first);
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
    ret->cell.i64 = function_week_of(args[0].i64, (unsigned)args[1].i64 & 7, &year);
    return true;
}

static bool yearweek(const FunctionCell *args, FunctionResult *ret)
{
    int year;
    int number = function_week_of(args[0].i64, ((unsigned)args[1].i64 & 7) | 2, &year);
    ret->cell.i64 = (int64_t)year * 100 + number;
    return true;
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
    int64_t seconds = function_floor_div(args[0].i64, SECOND_US), micros = args[0].i64 - seconds * SECOND_US;
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
    {"fn_months_between", T_INT, {T_TS, T_TS}, months_between},
    {"fn_week", T_INT, {T_DATE, T_INT}, week},
    {"fn_yearweek", T_INT, {T_DATE, T_INT}, yearweek},
    {"fn_date_format", T_TEXT, {T_TS, T_TEXT}, function_date_format},
    {"fn_str_to_date", T_TS, {T_TEXT, T_TEXT}, function_str_to_date},
    {"fn_time_us", T_INT, {T_TEXT}, function_time_us_text},
    {"fn_time_us", T_INT, {T_TS}, function_time_us_timestamp},
    {"fn_time_us", T_INT, {T_TIME}, temporal_same},
    {"fn_time_us", T_INT, {T_INT}, function_time_us_number},
    {"fn_time_us", T_INT, {T_SPAN}, function_time_us_interval},
    {"fn_time_text", T_TEXT, {T_INT}, function_time_text},
    {"fn_time_format", T_TEXT, {T_INT, T_TEXT}, function_time_format},
    {"fn_point_us", T_INT, {T_TEXT}, function_point_text},
    {"fn_point_us", T_INT, {T_TS}, temporal_same},
    {"fn_point_us", T_INT, {T_TIME}, temporal_same},
    {"fn_add_time", T_TS, {T_TS, T_INT}, function_add_time_timestamp},
    {"fn_add_time", T_TEXT, {T_TIME, T_INT}, function_add_time_time},
    {"fn_add_time", T_TEXT, {T_TEXT, T_INT}, function_add_time_text},
    {"fn_interval", T_SPAN, {T_TEXT, T_TEXT}, function_interval_of},
    {"fn_convert_tz", T_TS, {T_TS, T_TEXT, T_TEXT}, convert_tz},
};
const size_t FUNCTIONS_DATE_N = G_N_ELEMENTS(FUNCTIONS_DATE);
