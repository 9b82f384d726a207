/* Time: int64 microseconds since 1970-01-01 UTC everywhere; zones and calendars at the edge. */
#ifndef WEIR_BASE_TIME_H
#define WEIR_BASE_TIME_H

#include <glib.h>
#include <stdbool.h>

#define BASE_TIME_SECOND_US G_GINT64_CONSTANT(1000000)
#define BASE_TIME_DAY_US    (G_GINT64_CONSTANT(86400) * BASE_TIME_SECOND_US)

gint64 base_time_now_us(void);        /* wall clock */
gint64 base_time_monotonic_us(void);  /* for durations */
gint64 base_time_thread_cpu_us(void); /* what the calling thread has computed */

/* A time zone: IANA name or "+08:00". NULL with TIMEZONE_UNKNOWN. */
GTimeZone *base_time_zone(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "2026-11-21", "2026-11-21 10:20:30[.123456]", with T, with Z or +08:00. Text without an offset is
 * local time in `zone` (NULL = UTC); a time that a clock change skips moves forward. */
bool base_time_parse(const char *text, GTimeZone *zone, gint64 *ret_us);
/* "2026-11-21 10:20:30" with as many of six decimals as are not zero. Caller frees. */
char *base_time_format(gint64 us, GTimeZone *zone);
char *base_time_format_iso(gint64 us); /* 2026-11-21T10:20:30Z */
/* "3 minutes ago" / "3 分钟前" */
char *base_time_format_relative(gint64 us, gint64 now_us, const char *lang);

/* Civil calendar, proleptic Gregorian. Days since 1970-01-01. */
gint64 base_time_days_from_civil(int year, int month, int day);
void base_time_civil_from_days(gint64 days, int *ret_year, int *ret_month, int *ret_day);
/* Start of the local day that holds `us`, and of the next one (23 to 25 hours later). */
gint64 base_time_day_start(gint64 us, GTimeZone *zone);
gint64 base_time_next_day(gint64 us, GTimeZone *zone);

/* Five-field cron in local time; "every 10m" too. */
typedef struct BaseCron BaseCron;
BaseCron *base_cron_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void base_cron_free(BaseCron *cron);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseCron, base_cron_free)
/* The first time strictly after `after_us`. A time skipped by a clock change fires at the change;
 * one that comes twice fires once. */
gint64 base_cron_next(const BaseCron *cron, gint64 after_us, GTimeZone *zone);

#endif
