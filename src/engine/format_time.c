/* Dates, times, intervals and UUIDs as text, in the engine's own spelling: "2026-11-21 10:20:30.5",
 * "0044-03-15 (BC)", "infinity", "1 year 2 months 3 days 04:05:06". Proleptic Gregorian calendar. */
#include "engine/format_int.h"

#define DAY_US    INT64_C(86400000000)
#define SECOND_US INT64_C(1000000)

static char *write_text(char *p, const char *text)
{
    size_t len = strlen(text);
    memcpy(p, text, len);
    return p + len;
}

/* Days since 1970-01-01 as year, month, day: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", civil_from_days. */
static int64_t civil(int64_t days, unsigned *ret_month, unsigned *ret_day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *ret_day = doy - (153 * mp + 2) / 5 + 1;
    *ret_month = mp < 10 ? mp + 3 : mp - 9;
    return (int64_t)yoe + era * 400 + (*ret_month <= 2);
}

static char *write_date(char *p, int64_t days)
{
    unsigned month, day;
    int64_t year = civil(days, &month, &day);
    uint64_t shown = (uint64_t)(year <= 0 ? 1 - year : year);
    if (shown < 10000) {
        p = format_pair(p, (unsigned)(shown / 100));
        p = format_pair(p, (unsigned)(shown % 100));
    } else {
        p = format_u64(p, shown);
    }
    *p++ = '-';
    p = format_pair(p, month);
    *p++ = '-';
    p = format_pair(p, day);
    return year <= 0 ? write_text(p, " (BC)") : p;
}

/* Decimals of a second without zeros at the end; nothing for 0. */
static char *write_fraction(char *p, uint64_t fraction, unsigned digits)
{
    if (!fraction) {
        return p;
    }
    *p++ = '.';
    unsigned i = digits;
    for (; i >= 2; i -= 2) {
        memcpy(p + i - 2, format_pairs + 2 * (fraction % 100), 2);
        fraction /= 100;
    }
    if (i) {
        *p = (char)('0' + fraction % 10);
    }
    p += digits;
    while (p[-1] == '0') {
        p--;
    }
    return p;
}

/* `seconds` since midnight, any number of hours. */
static char *write_clock(char *p, uint64_t seconds)
{
    uint64_t hours = seconds / 3600;
    p = hours < 100 ? format_pair(p, (unsigned)hours) : format_u64(p, hours);
    *p++ = ':';
    p = format_pair(p, (unsigned)(seconds / 60 % 60));
    *p++ = ':';
    return format_pair(p, (unsigned)(seconds % 60));
}

char *format_date(char *p, int32_t days)
{
    if (days == INT32_MAX || days == -INT32_MAX) {
        return write_text(p, days > 0 ? "infinity" : "-infinity");
    }
    return write_date(p, days);
}

char *format_time(char *p, int64_t us)
{
    p = write_clock(p, (uint64_t)(us / SECOND_US));
    return write_fraction(p, (uint64_t)(us % SECOND_US), 6);
}

static char *write_timestamp(char *p, int64_t us)
{
    int64_t days = us / DAY_US, rest = us % DAY_US;
    if (rest < 0) {
        rest += DAY_US;
        days--;
    }
    p = write_date(p, days);
    *p++ = ' ';
    return format_time(p, rest);
}

static bool is_infinite(int64_t value)
{
    return value == INT64_MAX || value == -INT64_MAX;
}

char *format_timestamp(char *p, int64_t us)
{
    if (is_infinite(us)) {
        return write_text(p, us > 0 ? "infinity" : "-infinity");
    }
    return write_timestamp(p, us);
}

/* "+08", "-03:30", "+00:19:32" */
static char *write_offset(char *p, int32_t seconds)
{
    *p++ = seconds < 0 ? '-' : '+';
    uint32_t s = (uint32_t)(seconds < 0 ? -seconds : seconds);
    p = format_pair(p, s / 3600 % 100);
    if (s % 3600) {
        *p++ = ':';
        p = format_pair(p, s / 60 % 60);
    }
    if (s % 60) {
        *p++ = ':';
        p = format_pair(p, s % 60);
    }
    return p;
}

/* Offsets change rarely: within one quarter of an hour after 1970 there is one (every zone's
 * transitions since then fall on quarters), so that the last one found serves most values. */
static int32_t zone_offset(EngineZone *zone, int64_t us)
{
    if (!zone || !zone->zone) {
        return 0;
    }
    int64_t quarter = us / (900 * SECOND_US);
    if (us < 0 || !zone->known || zone->quarter != quarter) {
        int64_t seconds = us / SECOND_US - (us % SECOND_US < 0);
        gint interval = g_time_zone_find_interval(zone->zone, G_TIME_TYPE_UNIVERSAL, seconds);
        zone->offset = interval < 0 ? 0 : g_time_zone_get_offset(zone->zone, interval);
        zone->quarter = quarter;
        zone->known = us >= 0;
    }
    return zone->offset;
}

char *format_timestamp_tz(char *p, int64_t us, EngineZone *zone)
{
    if (is_infinite(us)) {
        return format_timestamp(p, us);
    }
    int32_t offset = zone_offset(zone, us);
    int64_t local;
    if (__builtin_add_overflow(us, offset * SECOND_US, &local)) {
        local = us;
        offset = 0;
    }
    return write_offset(write_timestamp(p, local), offset);
}

char *format_timestamp_ns(char *p, int64_t ns)
{
    if (is_infinite(ns)) {
        return format_timestamp(p, ns);
    }
    int64_t seconds = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        seconds--;
    }
    p = write_timestamp(p, seconds * SECOND_US);
    return write_fraction(p, (uint64_t)rest, 9);
}

char *format_time_ns(char *p, int64_t ns)
{
    p = write_clock(p, (uint64_t)(ns / 1000000000));
    return write_fraction(p, (uint64_t)(ns % 1000000000), 9);
}

/* dtime_tz_t: microseconds << 24 | (MAX_OFFSET - offset seconds), so that values sort by instant. */
#define TIME_TZ_MAX_OFFSET (16 * 3600 - 1)

char *format_time_tz(char *p, uint64_t bits)
{
    p = format_time(p, (int64_t)(bits >> 24));
    return write_offset(p, TIME_TZ_MAX_OFFSET - (int32_t)(bits & 0xffffff));
}

static char *write_unit(char *p, char *start, int64_t value, const char *unit)
{
    if (!value) {
        return p;
    }
    if (p != start) {
        *p++ = ' ';
    }
    p = format_i64(p, value);
    *p++ = ' ';
    p = write_text(p, unit);
    if (value != 1 && value != -1) {
        *p++ = 's';
    }
    return p;
}

char *format_interval(char *p, const EngineInterval *value)
{
    char *start = p;
    p = write_unit(p, start, value->months / 12, "year");
    p = write_unit(p, start, value->months % 12, "month");
    p = write_unit(p, start, value->days, "day");
    if (value->micros || p == start) {
        if (p != start) {
            *p++ = ' ';
        }
        uint64_t us = (uint64_t)value->micros;
        if (value->micros < 0) {
            *p++ = '-';
            us = 0 - us;
        }
        p = write_clock(p, us / SECOND_US);
        p = write_fraction(p, us % SECOND_US, 6);
    }
    return p;
}

/* Stored as a signed number with the top bit flipped, so that it sorts as text does. */
char *format_uuid(char *p, FormatI128 value)
{
    static const char hex[] = "0123456789abcdef";
    FormatU128 bits = (FormatU128)value ^ ((FormatU128)1 << 127);
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            *p++ = '-';
        }
        *p++ = hex[(unsigned)(bits >> (124 - 4 * i)) & 15];
    }
    return p;
}
