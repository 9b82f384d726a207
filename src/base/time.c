/* Time: one number inside, calendars and zones at the edge. GLib reads the zones; the civil calendar is
 * H. Hinnant's "chrono-Compatible Low-Level Date Algorithms". */
#include "base/time.h"

#include <time.h>

#include "base/error.h"
#include "base/time_int.h"

gint64 base_time_now_us(void)
{
    return g_get_real_time();
}

gint64 base_time_monotonic_us(void)
{
    return g_get_monotonic_time();
}

gint64 base_time_thread_cpu_us(void)
{
    struct timespec spent;
    return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent) == 0
               ? (gint64)spent.tv_sec * BASE_TIME_SECOND_US + spent.tv_nsec / 1000
               : 0;
}

GTimeZone *base_time_zone(const char *name, GError **error)
{
    /* An empty name is the machine's zone to GLib, a path may lead out of the zone folder, and 8 is eight
     * hours without a direction: none is a zone. */
    bool plain = name[0] != '\0' && name[0] != '/' && name[0] != ':' && !g_ascii_isdigit(name[0]) &&
                 strstr(name, "..") == NULL;
    GTimeZone *zone = plain ? g_time_zone_new_identifier(name) : NULL;
    if (zone == NULL) {
        base_fail(error, BASE_E_TIMEZONE_UNKNOWN, "no time zone `%s`", name);
        base_error_hint(error, "write an IANA name such as Asia/Shanghai, or an offset such as +08:00");
    }
    return zone;
}

gint64 base_time_floor_div(gint64 a, gint64 b)
{
    gint64 q = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

gint64 base_time_offset_us(gint64 us, GTimeZone *zone)
{
    if (zone == NULL) {
        return 0;
    }
    int interval =
        g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, base_time_floor_div(us, BASE_TIME_SECOND_US));
    return (gint64)g_time_zone_get_offset(zone, interval) * BASE_TIME_SECOND_US;
}

/* The first moment in (low, high] that has another offset than low. */
static gint64 find_change(gint64 low, gint64 high, GTimeZone *zone)
{
    gint64 offset = base_time_offset_us(low, zone);
    gint64 lo = base_time_floor_div(low, BASE_TIME_SECOND_US);
    gint64 hi = base_time_floor_div(high, BASE_TIME_SECOND_US);
    while (hi - lo > 1) {
        gint64 mid = lo + (hi - lo) / 2;
        if (base_time_offset_us(mid * BASE_TIME_SECOND_US, zone) == offset) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return hi * BASE_TIME_SECOND_US;
}

BaseTimeLocal base_time_from_local(gint64 local_us, GTimeZone *zone)
{
    /* Offsets are under a day, so the two that can apply are those a day before and a day after. */
    gint64 before = base_time_offset_us(local_us - BASE_TIME_DAY_US, zone);
    gint64 after = base_time_offset_us(local_us + BASE_TIME_DAY_US, zone);
    gint64 early = local_us - before;
    gint64 late = local_us - after;
    if (before == after) {
        return (BaseTimeLocal){BASE_TIME_ONCE, early, early};
    }
    bool early_good = base_time_offset_us(early, zone) == before;
    bool late_good = base_time_offset_us(late, zone) == after;
    if (early_good && late_good) {
        return (BaseTimeLocal){BASE_TIME_TWICE, MIN(early, late), MAX(early, late)};
    }
    if (early_good || late_good) {
        gint64 only = early_good ? early : late;
        return (BaseTimeLocal){BASE_TIME_ONCE, only, only};
    }
    return (BaseTimeLocal){BASE_TIME_SKIPPED,
                           find_change(local_us - BASE_TIME_DAY_US, local_us + BASE_TIME_DAY_US, zone),
                           early};
}

/* ---- civil calendar ---- */

gint64 base_time_days_from_civil(int year, int month, int day)
{
    gint64 y = (gint64)year - (month <= 2 ? 1 : 0);
    gint64 era = base_time_floor_div(y, 400);
    gint64 year_of_era = y - era * 400;
    gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* Days for which 32 bits are enough below: some 25,000 years to both sides. */
#define CIVIL_NEAR_DAYS 10000000
#define CIVIL_NEAR_ERAS 82 /* of 400 years, added so that nothing is negative */

/* Cassio Neri and Lorenz Schneider, "Euclidean affine functions and their application to calendar algorithms"
 * (2022), section 6: no division but by constants of 32 bits. */
static void civil_from_near_days(gint64 days, int *ret_year, int *ret_month, int *ret_day)
{
    guint32 n = (guint32)(days + 719468 + 146097 * CIVIL_NEAR_ERAS) * 4 + 3;
    guint32 century = n / 146097;
    guint64 of_century = (guint64)2939745 * (n % 146097 / 4 * 4 + 3);
    guint32 day_of_year = (guint32)of_century / 2939745 / 4; /* of a year that begins in March */
    guint32 month = 2141 * day_of_year + 197913;
    bool next_year = day_of_year >= 306;
    *ret_year = (int)(100 * century + (guint32)(of_century >> 32) + next_year) - 400 * CIVIL_NEAR_ERAS;
    *ret_month = (int)(month >> 16) - (next_year ? 12 : 0);
    *ret_day = (int)((month & 0xFFFF) / 2141) + 1;
}

void base_time_civil_from_days(gint64 days, int *ret_year, int *ret_month, int *ret_day)
{
    if (days > -CIVIL_NEAR_DAYS && days < CIVIL_NEAR_DAYS) {
        civil_from_near_days(days, ret_year, ret_month, ret_day);
        return;
    }
    gint64 z = days + 719468;
    gint64 era = base_time_floor_div(z, 146097);
    gint64 doe = z - era * 146097;
    gint64 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    gint64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    gint64 mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = month;
    *ret_year = (int)(yoe + era * 400 + (month <= 2 ? 1 : 0));
}

gint64 base_time_day_start(gint64 us, GTimeZone *zone)
{
    gint64 day = base_time_floor_div(us + base_time_offset_us(us, zone), BASE_TIME_DAY_US);
    return base_time_from_local(day * BASE_TIME_DAY_US, zone).first;
}

gint64 base_time_next_day(gint64 us, GTimeZone *zone)
{
    gint64 day = base_time_floor_div(us + base_time_offset_us(us, zone), BASE_TIME_DAY_US);
    BaseTimeLocal next = base_time_from_local((day + 1) * BASE_TIME_DAY_US, zone);
    /* A clock set back over midnight has the next midnight twice, and `us` may stand between. */
    return next.first > us ? next.first : next.last;
}

/* ---- reading ---- */

/* Exactly `n` digits. */
static bool take_digits(const char **at, int n, int *ret)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (!g_ascii_isdigit((*at)[i])) {
            return false;
        }
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += n;
    *ret = value;
    return true;
}

static bool take_char(const char **at, char c)
{
    if (**at != c) {
        return false;
    }
    (*at)++;
    return true;
}

static int days_in_month(int year, int month)
{
    gint64 first = base_time_days_from_civil(year, month, 1);
    gint64 next = month == 12 ? base_time_days_from_civil(year + 1, 1, 1)
                              : base_time_days_from_civil(year, month + 1, 1);
    return (int)(next - first);
}

static bool take_date(const char **at, gint64 *ret_days)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!take_digits(at, 4, &year) || !take_char(at, '-') || !take_digits(at, 2, &month) ||
        !take_char(at, '-') || !take_digits(at, 2, &day)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *ret_days = base_time_days_from_civil(year, month, day);
    return true;
}

/* .1 to .123456; more digits are cut, as the engine does. */
static bool take_fraction(const char **at, gint64 *ret_us)
{
    *ret_us = 0;
    if (!take_char(at, '.')) {
        return true;
    }
    if (!g_ascii_isdigit(**at)) {
        return false;
    }
    gint64 unit = BASE_TIME_SECOND_US / 10;
    for (; g_ascii_isdigit(**at); (*at)++) {
        *ret_us += unit * (**at - '0');
        unit /= 10;
    }
    return true;
}

static bool take_clock(const char **at, gint64 *ret_us)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    gint64 fraction = 0;
    if (!take_digits(at, 2, &hour) || !take_char(at, ':') || !take_digits(at, 2, &minute)) {
        return false;
    }
    if (take_char(at, ':') && (!take_digits(at, 2, &second) || !take_fraction(at, &fraction))) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *ret_us = ((gint64)hour * 3600 + (gint64)minute * 60 + second) * BASE_TIME_SECOND_US + fraction;
    return true;
}

/* Z, +08:00, +0800, +08. */
static bool take_offset(const char **at, bool *ret_has, gint64 *ret_us)
{
    *ret_us = 0;
    *ret_has = **at != '\0';
    if (!*ret_has || take_char(at, 'Z') || take_char(at, 'z')) {
        return true;
    }
    int sign = **at == '-' ? -1 : 1;
    if (!take_char(at, '+') && !take_char(at, '-')) {
        return false;
    }
    int hours = 0;
    int minutes = 0;
    if (!take_digits(at, 2, &hours)) {
        return false;
    }
    bool colon = take_char(at, ':');
    if ((colon || **at != '\0') && !take_digits(at, 2, &minutes)) {
        return false;
    }
    if (hours > 18 || minutes > 59) {
        return false;
    }
    *ret_us = sign * ((gint64)hours * 3600 + (gint64)minutes * 60) * BASE_TIME_SECOND_US;
    return true;
}

bool base_time_parse(const char *text, GTimeZone *zone, gint64 *ret_us)
{
    gint64 days = 0;
    gint64 clock_us = 0;
    gint64 offset_us = 0;
    bool has_offset = false;
    const char *at = text;
    if (!take_date(&at, &days)) {
        return false;
    }
    if (*at != '\0') {
        bool separated = take_char(&at, ' ') || take_char(&at, 'T') || take_char(&at, 't');
        if (!separated || !take_clock(&at, &clock_us) || !take_offset(&at, &has_offset, &offset_us)) {
            return false;
        }
    }
    if (*at != '\0') {
        return false;
    }
    gint64 local = days * BASE_TIME_DAY_US + clock_us;
    if (has_offset || zone == NULL) {
        *ret_us = local - offset_us;
        return true;
    }
    BaseTimeLocal found = base_time_from_local(local, zone);
    *ret_us = found.fold == BASE_TIME_SKIPPED ? found.last : found.first;
    return true;
}

/* ---- writing ---- */

static char *format(gint64 local_us, char separator, const char *suffix)
{
    gint64 days = base_time_floor_div(local_us, BASE_TIME_DAY_US);
    gint64 clock_us = local_us - days * BASE_TIME_DAY_US;
    int seconds = (int)(clock_us / BASE_TIME_SECOND_US);
    int fraction = (int)(clock_us % BASE_TIME_SECOND_US);
    int year = 0;
    int month = 0;
    int day = 0;
    base_time_civil_from_days(days, &year, &month, &day);
    char decimals[16] = "";
    if (fraction != 0) {
        int len = g_snprintf(decimals, sizeof decimals, ".%06d", fraction);
        while (decimals[len - 1] == '0') {
            decimals[--len] = '\0';
        }
    }
    return g_strdup_printf("%04d-%02d-%02d%c%02d:%02d:%02d%s%s", year, month, day, separator, seconds / 3600,
                           seconds / 60 % 60, seconds % 60, decimals, suffix);
}

char *base_time_format(gint64 us, GTimeZone *zone)
{
    return format(us + base_time_offset_us(us, zone), ' ', "");
}

char *base_time_format_iso(gint64 us)
{
    return format(us, 'T', "Z");
}

char *base_time_format_relative(gint64 us, gint64 now_us, const char *lang)
{
    static const struct {
        gint64 seconds;
        const char *en, *zh;
    } UNITS[] = {{31536000, "year", "年"}, {2592000, "month", "个月"}, {86400, "day", "天"},
                 {3600, "hour", "小时"},   {60, "minute", "分钟"},     {1, "second", "秒"}};
    bool zh = g_strcmp0(lang, "zh") == 0;
    bool future = us > now_us;
    gint64 seconds = (future ? us - now_us : now_us - us) / BASE_TIME_SECOND_US;
    for (size_t i = 0; i < G_N_ELEMENTS(UNITS); i++) {
        gint64 n = seconds / UNITS[i].seconds;
        if (n == 0) {
            continue;
        }
        if (zh) {
            return g_strdup_printf("%" G_GINT64_FORMAT " %s%s", n, UNITS[i].zh, future ? "后" : "前");
        }
        return g_strdup_printf("%s%" G_GINT64_FORMAT " %s%s%s", future ? "in " : "", n, UNITS[i].en,
                               n == 1 ? "" : "s", future ? "" : " ago");
    }
    return g_strdup(zh ? "刚刚" : "just now");
}
