/* Calendars: which days are worked on. */
#include "base/error.h"
#include "base/period.h"
#include "schedule/spec.h"

#define FIRST_WEEKDAY 3 /* 1970-01-01 was a Thursday; Monday = 0 */
#define MAX_DAYS      100000
#define MAX_SEARCH    3660

struct ScheduleCalendar {
    bool weekend[7];                 /* Monday first */
    GHashTable *holidays, *workdays; /* sets of day numbers */
};

void schedule_calendar_free(ScheduleCalendar *calendar)
{
    if (calendar) {
        g_hash_table_unref(calendar->holidays);
        g_hash_table_unref(calendar->workdays);
        g_free(calendar);
    }
}

static bool read_weekend(ScheduleCalendar *calendar, const json_t *list, GError **error)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    size_t i;
    json_t *entry;
    if (!list) {
        calendar->weekend[5] = calendar->weekend[6] = true;
        return true;
    }
    json_array_foreach (list, i, entry) {
        const char *text = json_is_string(entry) ? json_string_value(entry) : "";
        size_t day = 0;
        while (day < G_N_ELEMENTS(names) && g_ascii_strcasecmp(names[day], text) != 0) {
            day++;
        }
        if (day == G_N_ELEMENTS(names)) {
            base_fail(error, BASE_E_VALUE_INVALID, "`weekend` of a calendar cannot hold `%s`", text);
            base_error_hint(error, "days are mon, tue, wed, thu, fri, sat, sun");
            return false;
        }
        calendar->weekend[day] = true;
    }
    return true;
}

/* Dates, or "2026-10-01..2026-10-07". */
static bool read_range(GHashTable *days, const char *text)
{
    gint64 from, to;
    g_auto(GStrv) ends = g_strsplit(text, "..", 2);
    if (!ends[0] || !base_time_parse(ends[0], NULL, &from) ||
        !base_time_parse(ends[1] ? ends[1] : ends[0], NULL, &to)) {
        return false;
    }
    gint64 last = base_period_ordinal(to, BASE_PERIOD_DAY, NULL);
    for (gint64 day = base_period_ordinal(from, BASE_PERIOD_DAY, NULL);
         day <= last && g_hash_table_size(days) < MAX_DAYS; day++) {
        g_hash_table_add(days, GINT_TO_POINTER((gint)day));
    }
    return true;
}

static bool read_days(GHashTable *days, const json_t *map, const char *key, GError **error)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(map, key), i, entry) {
        if (!json_is_string(entry) || !read_range(days, json_string_value(entry))) {
            base_fail(error, BASE_E_VALUE_INVALID, "`%s` of a calendar holds what is no date", key);
            base_error_hint(error, "dates as \"2026-10-01\" or \"2026-10-01..2026-10-07\"");
            return false;
        }
    }
    return true;
}

ScheduleCalendar *schedule_calendar_parse(const json_t *value, GError **error)
{
    g_autoptr(ScheduleCalendar) calendar = g_new0(ScheduleCalendar, 1);
    calendar->holidays = g_hash_table_new(NULL, NULL);
    calendar->workdays = g_hash_table_new(NULL, NULL);
    if (value && !json_is_object(value)) {
        base_fail(error, BASE_E_VALUE_INVALID, "a calendar is a map");
        base_error_hint(error, "{weekend: [sat, sun], holidays: [...], workdays: [...]}");
        return NULL;
    }
    return read_weekend(calendar, json_object_get(value, "weekend"), error) &&
                   read_days(calendar->holidays, value, "holidays", error) &&
                   read_days(calendar->workdays, value, "workdays", error)
               ? g_steal_pointer(&calendar)
               : NULL;
}

bool schedule_calendar_works(const ScheduleCalendar *calendar, gint64 day)
{
    gint64 weekday = ((day + FIRST_WEEKDAY) % 7 + 7) % 7;
    if (!calendar) {
        return weekday < 5;
    }
    gpointer key = GINT_TO_POINTER((gint)day);
    return g_hash_table_contains(calendar->workdays, key) ||
           (!g_hash_table_contains(calendar->holidays, key) && !calendar->weekend[weekday]);
}

gint64 schedule_calendar_workday(const ScheduleCalendar *calendar, gint64 day, bool forward)
{
    for (gint64 i = 0; i < MAX_SEARCH; i++) {
        gint64 at = forward ? day + i : day - i;
        if (schedule_calendar_works(calendar, at)) {
            return at;
        }
    }
    return day;
}
