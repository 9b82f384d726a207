/* When something runs: the value of `schedule:` and the calendars of weir.yml, read once and asked often.
 * Pure: the clock and the zone are given. */
#ifndef WEIR_SCHEDULE_SPEC_H
#define WEIR_SCHEDULE_SPEC_H

#include "base/json.h"
#include "base/time.h"

/* ---- calendars ----------------------------------------------------------------------------------------- */

/* weir.yml: calendars: {cn: {weekend: [sat, sun], holidays: ["2026-10-01", ...], workdays: ["2026-10-10"]}}.
 * Without `weekend`: Saturday and Sunday. `workdays` are those that a weekend or holiday would hide. */
typedef struct ScheduleCalendar ScheduleCalendar;
ScheduleCalendar *schedule_calendar_parse(const json_t *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void schedule_calendar_free(ScheduleCalendar *calendar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScheduleCalendar, schedule_calendar_free)
bool schedule_calendar_works(const ScheduleCalendar *calendar, gint64 day); /* days since 1970-01-01 */
/* The first workday at or after `day`, or at or before it; at most ten years away, else `day`. */
gint64 schedule_calendar_workday(const ScheduleCalendar *calendar, gint64 day, bool forward);

/* ---- schedules ----------------------------------------------------------------------------------------- */

typedef enum { SCHEDULE_CATCHUP_LATEST, SCHEDULE_CATCHUP_ALL, SCHEDULE_CATCHUP_NONE } ScheduleCatchup;
typedef enum { SCHEDULE_EVERY_DAY, SCHEDULE_WORKDAYS, SCHEDULE_HOLIDAYS } ScheduleDays;

/* "0 2 * * *", "every 10m", or a map with
 *   cron | every | on: upstream     when it fires (one of them)
 *   timezone                        of cron, days and deadline; the project's when not given
 *   calendar, days                  a calendar of weir.yml; workdays (when not given), holidays or all
 *   business_date                   days from the day of firing to the day that the run is about; -1
 *   catchup                         latest (when not given), all, none: firings that nobody was there for
 *   deadline                        "08:00" of the day of firing ("+1 08:00": of the day after), or "2h"
 *   margin                          how long before the deadline a late finish is to be told; 30m */
typedef struct {
    BaseCron *cron; /* NULL = on upstream */
    bool on_upstream;
    char *timezone, *calendar; /* NULL = none */
    ScheduleDays days;
    int business_days;
    ScheduleCatchup catchup;
    bool has_deadline, deadline_is_clock;
    gint64 deadline_us; /* after firing, or after the start of its local day */
    gint64 margin_us;
} ScheduleSpec;
/* NULL + VALUE_INVALID. */
ScheduleSpec *schedule_spec_parse(const json_t *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void schedule_spec_free(ScheduleSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScheduleSpec, schedule_spec_free)

/* The first firing strictly after; G_MAXINT64 = none (on upstream, or the calendar leaves no day).
 * `calendar` may be NULL. */
gint64 schedule_spec_next(const ScheduleSpec *spec, const ScheduleCalendar *calendar, GTimeZone *zone,
                          gint64 after_us);
/* Firings in (after, now] that are to be run now, oldest first: gint64. `watched_since_us` is when somebody
 * began to look: firings before it were missed, and the policy of catchup decides. At most `limit`, the
 * newest. Free with g_array_unref. */
GArray *schedule_spec_due(const ScheduleSpec *spec, const ScheduleCalendar *calendar, GTimeZone *zone,
                          gint64 after_us, gint64 now_us, gint64 watched_since_us, guint limit);
/* Days since 1970-01-01 that a firing is about. */
gint64 schedule_spec_business_day(const ScheduleSpec *spec, GTimeZone *zone, gint64 fired_us);
/* When what fired then must be finished; G_MAXINT64 = no deadline. */
gint64 schedule_spec_deadline(const ScheduleSpec *spec, GTimeZone *zone, gint64 fired_us);

#endif
