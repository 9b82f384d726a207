/* Schedules: reading `schedule:`, and the firings that follow from it. */
#include "schedule/spec.h"

#include <string.h>

#include "base/error.h"
#include "base/period.h"
#include "base/text.h"

#define DEFAULT_MARGIN_US (1800 * BASE_TIME_SECOND_US)
#define MAX_DEADLINE_DAYS 31
/* A calendar may leave out so many firings in a row before it is said that none will come. */
#define MAX_SKIPPED 100000

void schedule_spec_free(ScheduleSpec *spec)
{
    if (spec) {
        base_cron_free(spec->cron);
        g_free(spec->timezone);
        g_free(spec->calendar);
        g_free(spec);
    }
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool read_word(const json_t *map, const char *key, const char *const *words, int *ret, GError **error)
{
    const char *text = base_json_string(map, key, NULL);
    for (int i = 0; text && words[i]; i++) {
        if (g_str_equal(words[i], text)) {
            *ret = i;
            return true;
        }
    }
    if (!json_object_get(map, key)) {
        return true;
    }
    g_autofree char *list = g_strjoinv(", ", (char **)(guintptr)words);
    base_fail(error, BASE_E_VALUE_INVALID, "`%s` of a schedule cannot be `%s`", key, text ? text : "that");
    base_error_hint(error, "it is one of %s", list);
    return false;
}

/* "08:00", "+1 08:00" */
static bool read_clock(const char *text, gint64 *ret_us)
{
    gint64 days = 0, hour, minute;
    g_auto(GStrv) parts = g_strsplit(text, " ", 2);
    const char *clock = text;
    if (parts[0] && parts[1]) {
        if (parts[0][0] != '+' || !base_text_to_int(parts[0] + 1, 0, MAX_DEADLINE_DAYS, &days)) {
            return false;
        }
        clock = parts[1];
    }
    g_auto(GStrv) fields = g_strsplit(clock, ":", 2);
    if (!fields[0] || !fields[1] || !base_text_to_int(fields[0], 0, 23, &hour) ||
        !base_text_to_int(fields[1], 0, 59, &minute)) {
        return false;
    }
    *ret_us = days * BASE_TIME_DAY_US + (hour * 60 + minute) * 60 * BASE_TIME_SECOND_US;
    return true;
}

static bool read_deadline(ScheduleSpec *spec, const json_t *map, GError **error)
{
    const char *deadline = base_json_string(map, "deadline", NULL);
    const char *margin = base_json_string(map, "margin", NULL);
    spec->margin_us = DEFAULT_MARGIN_US;
    if (margin && !base_text_to_duration(margin, &spec->margin_us)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`margin` of a schedule is no duration: `%s`", margin);
    }
    spec->has_deadline = deadline != NULL;
    spec->deadline_is_clock = deadline && strchr(deadline, ':');
    if (!deadline) {
        return true;
    }
    if (spec->deadline_is_clock ? read_clock(deadline, &spec->deadline_us)
                                : base_text_to_duration(deadline, &spec->deadline_us)) {
        return true;
    }
    base_fail(error, BASE_E_VALUE_INVALID, "`deadline` of a schedule is not understood: `%s`", deadline);
    base_error_hint(error, "a time of day such as \"08:00\" or \"+1 08:00\", or a duration such as 2h");
    return false;
}

static bool read_when(ScheduleSpec *spec, const json_t *map, GError **error)
{
    const char *cron = base_json_string(map, "cron", NULL), *every = base_json_string(map, "every", NULL);
    const char *on = base_json_string(map, "on", NULL);
    if ((cron != NULL) + (every != NULL) + (on != NULL) != 1 || (on && !g_str_equal(on, "upstream"))) {
        base_fail(error, BASE_E_VALUE_INVALID, "`schedule` does not say when");
        base_error_hint(error, "one of `cron: \"0 2 * * *\"`, `every: 10m` and `on: upstream`");
        return false;
    }
    spec->on_upstream = on != NULL;
    if (on) {
        return true;
    }
    g_autofree char *text = every ? g_strconcat("every ", every, NULL) : g_strdup(cron);
    spec->cron = base_cron_parse(text, error);
    return spec->cron != NULL;
}

static bool known_keys(const json_t *map, GError **error)
{
    static const char *const known[] = {"cron", "every",         "on",      "timezone", "calendar",
                                        "days", "business_date", "catchup", "deadline", "margin",
                                        NULL};
    const char *key;
    json_t *value;
    json_t *walked = json_incref((json_t *)(guintptr)map);
    json_object_foreach (walked, key, value) {
        if (!g_strv_contains(known, key)) {
            const char *nearest = base_text_nearest(key, known);
            base_fail(error, BASE_E_VALUE_INVALID, "`schedule` has no key `%s`", key);
            if (nearest) {
                base_error_hint(error, "did you mean `%s`?", nearest);
            }
            json_decref(walked);
            return false;
        }
    }
    json_decref(walked);
    return true;
}

static bool read_map(ScheduleSpec *spec, const json_t *map, GError **error)
{
    static const char *const catchups[] = {"latest", "all", "none", NULL};
    static const char *const days[] = {"all", "workdays", "holidays", NULL};
    int catchup = SCHEDULE_CATCHUP_LATEST, which = SCHEDULE_EVERY_DAY;
    spec->timezone = g_strdup(base_json_string(map, "timezone", NULL));
    spec->calendar = g_strdup(base_json_string(map, "calendar", NULL));
    which = spec->calendar ? SCHEDULE_WORKDAYS : SCHEDULE_EVERY_DAY;
    g_autoptr(GTimeZone) zone = spec->timezone ? base_time_zone(spec->timezone, error) : NULL;
    if ((spec->timezone && !zone) || !known_keys(map, error) || !read_when(spec, map, error) ||
        !read_word(map, "catchup", catchups, &catchup, error) ||
        !read_word(map, "days", days, &which, error) || !read_deadline(spec, map, error)) {
        return false;
    }
    const json_t *business = json_object_get(map, "business_date");
    if (business && (!json_is_integer(business) || ABS(json_integer_value(business)) > 366)) {
        return base_fail(error, BASE_E_VALUE_INVALID,
                         "`business_date` of a schedule is a number of days, such as -1");
    }
    spec->business_days = business ? (int)json_integer_value(business) : -1;
    spec->catchup = (ScheduleCatchup)catchup;
    spec->days = (ScheduleDays)which;
    return true;
}

ScheduleSpec *schedule_spec_parse(const json_t *value, GError **error)
{
    g_autoptr(ScheduleSpec) spec = g_new0(ScheduleSpec, 1);
    spec->business_days = -1;
    spec->margin_us = DEFAULT_MARGIN_US;
    if (json_is_string(value)) {
        spec->cron = base_cron_parse(json_string_value(value), error);
        return spec->cron ? g_steal_pointer(&spec) : NULL;
    }
    if (!json_is_object(value)) {
        base_fail(error, BASE_E_VALUE_INVALID, "`schedule` is not understood");
        base_error_hint(error, "cron in quotes, \"every 10m\", {on: upstream}, or a map with cron");
        return NULL;
    }
    return read_map(spec, value, error) ? g_steal_pointer(&spec) : NULL;
}

/* ---- firings ------------------------------------------------------------------------------------------- */

static gint64 local_day(gint64 us, GTimeZone *zone)
{
    return base_period_ordinal(us, BASE_PERIOD_DAY, zone);
}

static bool on_this_day(const ScheduleSpec *spec, const ScheduleCalendar *calendar, GTimeZone *zone,
                        gint64 us)
{
    if (spec->days == SCHEDULE_EVERY_DAY) {
        return true;
    }
    bool works = schedule_calendar_works(calendar, local_day(us, zone));
    return works == (spec->days == SCHEDULE_WORKDAYS);
}

gint64 schedule_spec_next(const ScheduleSpec *spec, const ScheduleCalendar *calendar, GTimeZone *zone,
                          gint64 after_us)
{
    gint64 us = after_us;
    for (guint i = 0; spec->cron && i < MAX_SKIPPED; i++) {
        us = base_cron_next(spec->cron, us, zone);
        if (on_this_day(spec, calendar, zone, us)) {
            return us;
        }
    }
    return G_MAXINT64;
}

GArray *schedule_spec_due(const ScheduleSpec *spec, const ScheduleCalendar *calendar, GTimeZone *zone,
                          gint64 after_us, gint64 now_us, gint64 watched_since_us, guint limit)
{
    GArray *due = g_array_new(FALSE, FALSE, sizeof(gint64));
    if (spec->catchup == SCHEDULE_CATCHUP_NONE) {
        after_us = MAX(after_us, watched_since_us - 1);
    }
    gint64 us = schedule_spec_next(spec, calendar, zone, after_us);
    while (us <= now_us) {
        if (spec->catchup != SCHEDULE_CATCHUP_ALL) {
            g_array_set_size(due, 0);
        } else if (due->len >= limit) {
            g_array_remove_index(due, 0);
        }
        g_array_append_val(due, us);
        us = schedule_spec_next(spec, calendar, zone, us);
    }
    return due;
}

gint64 schedule_spec_business_day(const ScheduleSpec *spec, GTimeZone *zone, gint64 fired_us)
{
    return local_day(fired_us, zone) + spec->business_days;
}

gint64 schedule_spec_deadline(const ScheduleSpec *spec, GTimeZone *zone, gint64 fired_us)
{
    if (!spec->has_deadline) {
        return G_MAXINT64;
    }
    if (!spec->deadline_is_clock) {
        return fired_us + spec->deadline_us;
    }
    /* Clock time of a day, also of one with a clock change: the local date, then the time of day on it. */
    gint64 day = local_day(fired_us, zone) + spec->deadline_us / BASE_TIME_DAY_US;
    gint64 rest = spec->deadline_us % BASE_TIME_DAY_US;
    int year, month, date;
    base_time_civil_from_days(day, &year, &month, &date);
    g_autofree char *text = g_strdup_printf("%04d-%02d-%02d %02d:%02d:00", year, month, date,
                                            (int)(rest / BASE_TIME_SECOND_US / 3600),
                                            (int)(rest / BASE_TIME_SECOND_US / 60 % 60));
    gint64 us = G_MAXINT64;
    return base_time_parse(text, zone, &us) ? us : G_MAXINT64;
}
