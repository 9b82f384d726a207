/* Periods of the calendar: the hours, days, weeks, months that time is cut into, in a named zone.
 *
 * Every period has a number (its ordinal); the next one has the next number. So a range of periods is a range
 * of numbers, however long the single ones are: a day with a clock change has 23 or 25 hours and one number.
 * Half-open: a period ends where the next one starts. Weeks start on Monday. Hours and parts of them stand
 * where the zone's offset on 1 January 2000 puts them, so a zone that moves by half an hour keeps whole ones.
 * All functions are pure; a NULL zone is UTC. */
#ifndef WEIR_BASE_PERIOD_H
#define WEIR_BASE_PERIOD_H

#include "base/time.h"

typedef enum {
    BASE_PERIOD_MINUTE,
    BASE_PERIOD_FIVE_MINUTES,
    BASE_PERIOD_QUARTER_HOUR,
    BASE_PERIOD_HALF_HOUR,
    BASE_PERIOD_HOUR,
    BASE_PERIOD_DAY,
    BASE_PERIOD_WEEK,
    BASE_PERIOD_MONTH,
    BASE_PERIOD_QUARTER,
    BASE_PERIOD_YEAR,
    BASE_N_PERIODS
} BasePeriod;

/* "day", "days", "daily", "d", "1d", "hour", "1h", "5m", "15m", "30m", ... */
bool base_period_by_name(const char *text, BasePeriod *ret);
const char *base_period_name(BasePeriod period); /* "day" */

gint64 base_period_ordinal(gint64 us, BasePeriod period, GTimeZone *zone); /* of the period that holds `us` */
gint64 base_period_start(gint64 ordinal, BasePeriod period, GTimeZone *zone);
/* The start of the period that holds `us`; the first start at or after it. */
gint64 base_period_floor(gint64 us, BasePeriod period, GTimeZone *zone);
gint64 base_period_ceil(gint64 us, BasePeriod period, GTimeZone *zone);
/* The start of the period `n` after (before, when negative) the one that holds `us`. */
gint64 base_period_shift(gint64 us, gint64 n, BasePeriod period, GTimeZone *zone);
/* The longest that one lasts, for estimates. */
gint64 base_period_length_us(BasePeriod period);

#endif
