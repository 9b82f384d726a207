/* Periods: see the header. Days and longer ones are counted on the local calendar, parts of a day in UTC,
 * moved by the part of the zone's offset that is less than one of them. */
#include "base/period.h"

#include "base/time_int.h"

#define MINUTE_US     (60 * BASE_TIME_SECOND_US)
#define REFERENCE_US  (G_GINT64_CONSTANT(946684800) * BASE_TIME_SECOND_US) /* 2000-01-01 */
#define EPOCH_WEEKDAY 3 /* 1970-01-01 was a Thursday; Monday = 0 */

typedef struct {
    const char *name;
    const char *const *others;
    gint64 length_us;
} Period;

#define NAMES(...)                                                                                           \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }
static const Period PERIODS[BASE_N_PERIODS] = {
    [BASE_PERIOD_MINUTE] = {"minute", NAMES("minutes", "1m", "1min"), MINUTE_US},
    [BASE_PERIOD_FIVE_MINUTES] = {"five_minute", NAMES("five_minutes", "5m", "5min"), 5 * MINUTE_US},
    [BASE_PERIOD_QUARTER_HOUR] = {"quarter_hour", NAMES("15m", "15min"), 15 * MINUTE_US},
    [BASE_PERIOD_HALF_HOUR] = {"half_hour", NAMES("30m", "30min"), 30 * MINUTE_US},
    [BASE_PERIOD_HOUR] = {"hour", NAMES("hours", "hourly", "h", "1h"), 60 * MINUTE_US},
    [BASE_PERIOD_DAY] = {"day", NAMES("days", "daily", "d", "1d"), 25 * 60 * MINUTE_US},
    [BASE_PERIOD_WEEK] = {"week", NAMES("weeks", "weekly", "w", "1w"), 7 * BASE_TIME_DAY_US},
    [BASE_PERIOD_MONTH] = {"month", NAMES("months", "monthly", "m", "1mo"), 31 * BASE_TIME_DAY_US},
    [BASE_PERIOD_QUARTER] = {"quarter", NAMES("quarters", "quarterly", "q"), 92 * BASE_TIME_DAY_US},
    [BASE_PERIOD_YEAR] = {"year", NAMES("years", "yearly", "y", "1y"), 366 * BASE_TIME_DAY_US},
};

bool base_period_by_name(const char *text, BasePeriod *ret)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    for (guint i = 0; i < BASE_N_PERIODS; i++) {
        if (g_str_equal(lower, PERIODS[i].name) || g_strv_contains(PERIODS[i].others, lower)) {
            *ret = (BasePeriod)i;
            return true;
        }
    }
    return false;
}

const char *base_period_name(BasePeriod period)
{
    return PERIODS[period].name;
}

gint64 base_period_length_us(BasePeriod period)
{
    return PERIODS[period].length_us;
}

/* ---- local days ---------------------------------------------------------------------------------------- */

static gint64 months_of_days(gint64 days)
{
    int year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    return (gint64)year * 12 + month - 1;
}

static gint64 days_of_months(gint64 months)
{
    gint64 year = base_time_floor_div(months, 12);
    return base_time_days_from_civil((int)year, (int)(months - year * 12) + 1, 1);
}

static gint64 ordinal_of_day(gint64 days, BasePeriod period)
{
    switch (period) {
    case BASE_PERIOD_WEEK:
        return base_time_floor_div(days + EPOCH_WEEKDAY, 7);
    case BASE_PERIOD_MONTH:
        return months_of_days(days);
    case BASE_PERIOD_QUARTER:
        return base_time_floor_div(months_of_days(days), 3);
    case BASE_PERIOD_YEAR:
        return base_time_floor_div(months_of_days(days), 12);
    default:
        return days;
    }
}

static gint64 first_day(gint64 ordinal, BasePeriod period)
{
    switch (period) {
    case BASE_PERIOD_WEEK:
        return ordinal * 7 - EPOCH_WEEKDAY;
    case BASE_PERIOD_MONTH:
        return days_of_months(ordinal);
    case BASE_PERIOD_QUARTER:
        return days_of_months(ordinal * 3);
    case BASE_PERIOD_YEAR:
        return days_of_months(ordinal * 12);
    default:
        return ordinal;
    }
}

/* ---- instants ------------------------------------------------------------------------------------------ */

static gint64 part_shift(BasePeriod period, GTimeZone *zone)
{
    gint64 offset = base_time_offset_us(REFERENCE_US, zone);
    gint64 length = PERIODS[period].length_us;
    return offset - base_time_floor_div(offset, length) * length;
}

gint64 base_period_ordinal(gint64 us, BasePeriod period, GTimeZone *zone)
{
    if (period < BASE_PERIOD_DAY) {
        return base_time_floor_div(us + part_shift(period, zone), PERIODS[period].length_us);
    }
    gint64 days = base_time_floor_div(us + base_time_offset_us(us, zone), BASE_TIME_DAY_US);
    gint64 ordinal = ordinal_of_day(days, period);
    /* A clock set back over midnight shows the evening before again: what has begun does not end for that. */
    while (base_period_start(ordinal + 1, period, zone) <= us) {
        ordinal++;
    }
    return ordinal;
}

gint64 base_period_start(gint64 ordinal, BasePeriod period, GTimeZone *zone)
{
    if (period < BASE_PERIOD_DAY) {
        return ordinal * PERIODS[period].length_us - part_shift(period, zone);
    }
    return base_time_from_local(first_day(ordinal, period) * BASE_TIME_DAY_US, zone).first;
}

gint64 base_period_floor(gint64 us, BasePeriod period, GTimeZone *zone)
{
    return base_period_start(base_period_ordinal(us, period, zone), period, zone);
}

gint64 base_period_ceil(gint64 us, BasePeriod period, GTimeZone *zone)
{
    gint64 ordinal = base_period_ordinal(us, period, zone);
    gint64 start = base_period_start(ordinal, period, zone);
    return start == us ? us : base_period_start(ordinal + 1, period, zone);
}

gint64 base_period_shift(gint64 us, gint64 n, BasePeriod period, GTimeZone *zone)
{
    return base_period_start(base_period_ordinal(us, period, zone) + n, period, zone);
}
