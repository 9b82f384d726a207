/* Schedules and calendars. */
#include <string.h>

#include "base/error.h"
#include "base/period.h"
#include "schedule/spec.h"

static json_t *json(const char *text)
{
    json_t *value = base_json_parse(text, strlen(text), NULL);
    g_assert_nonnull(value);
    return value;
}

static ScheduleSpec *spec_of(const char *text)
{
    g_autoptr(json_t) value = json(text);
    g_autoptr(GError) error = NULL;
    ScheduleSpec *spec = schedule_spec_parse(value, &error);
    g_assert_no_error(error);
    return spec;
}

static gint64 at(const char *text, GTimeZone *zone)
{
    gint64 us = 0;
    g_assert_true(base_time_parse(text, zone, &us));
    return us;
}

static void test_refused(void)
{
    static const char *const bad[] = {
        "[7]",
        "{}",
        "{\"cron\": \"0 2 * * *\", \"every\": \"10m\"}",
        "{\"on\": \"sundays\"}",
        "{\"cron\": \"0 2 * *\"}",
        "{\"cron\": \"0 2 * * *\", \"catch_up\": \"all\"}",
        "{\"cron\": \"0 2 * * *\", \"catchup\": \"some\"}",
        "{\"cron\": \"0 2 * * *\", \"days\": \"mondays\"}",
        "{\"cron\": \"0 2 * * *\", \"timezone\": \"Mars/Olympus\"}",
        "{\"cron\": \"0 2 * * *\", \"deadline\": \"25:00\"}",
        "{\"cron\": \"0 2 * * *\", \"margin\": \"soon\"}",
        "{\"cron\": \"0 2 * * *\", \"business_date\": \"yesterday\"}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_autoptr(json_t) value = json(bad[i]);
        g_autoptr(GError) error = NULL;
        g_assert_null(schedule_spec_parse(value, &error));
        g_assert_nonnull(error);
    }
}

/* Golden Week: 1 to 7 October 2026 off, Saturday 10 October worked. */
static void test_calendar(void)
{
    g_autoptr(json_t) value =
        json("{\"holidays\": [\"2026-10-01..2026-10-07\"], \"workdays\": [\"2026-10-10\"]}");
    g_autoptr(ScheduleCalendar) calendar = schedule_calendar_parse(value, NULL);
    g_autoptr(ScheduleSpec) spec = spec_of("{\"cron\": \"0 2 * * *\", \"calendar\": \"cn\"}");
    g_autoptr(GTimeZone) zone = base_time_zone("Asia/Shanghai", NULL);
    static const char *const fires[] = {"2026-09-30 02:00", "2026-10-08 02:00", "2026-10-09 02:00",
                                        "2026-10-10 02:00", "2026-10-12 02:00"};
    gint64 us = at("2026-09-29 12:00", zone);
    for (size_t i = 0; i < G_N_ELEMENTS(fires); i++) {
        us = schedule_spec_next(spec, calendar, zone, us);
        g_assert_cmpint(us, ==, at(fires[i], zone));
    }
    gint64 day = base_time_days_from_civil(2026, 10, 3);
    g_assert_cmpint(schedule_calendar_workday(calendar, day, true), ==,
                    base_time_days_from_civil(2026, 10, 8));
    g_assert_cmpint(schedule_calendar_workday(calendar, day, false), ==,
                    base_time_days_from_civil(2026, 9, 30));
    g_autoptr(ScheduleSpec) off =
        spec_of("{\"cron\": \"0 2 * * *\", \"calendar\": \"cn\", \"days\": \"holidays\"}");
    g_assert_cmpint(schedule_spec_next(off, calendar, zone, at("2026-09-29 12:00", zone)), ==,
                    at("2026-10-01 02:00", zone));
}

static void test_catchup(void)
{
    gint64 last = at("2026-11-01 02:00", NULL), now = at("2026-11-05 03:00", NULL);
    gint64 since = at("2026-11-04 12:00", NULL);
    static const struct {
        const char *policy;
        guint n;
        const char *first;
    } cases[] = {
        {"latest", 1, "2026-11-05 02:00"}, {"all", 4, "2026-11-02 02:00"}, {"none", 1, "2026-11-05 02:00"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("{\"cron\": \"0 2 * * *\", \"catchup\": \"%s\"}", cases[i].policy);
        g_autoptr(ScheduleSpec) spec = spec_of(text);
        g_autoptr(GArray) due = schedule_spec_due(spec, NULL, NULL, last, now, since, 100);
        g_assert_cmpuint(due->len, ==, cases[i].n);
        g_assert_cmpint(g_array_index(due, gint64, 0), ==, at(cases[i].first, NULL));
    }
    g_autoptr(ScheduleSpec) none = spec_of("{\"cron\": \"0 2 * * *\", \"catchup\": \"none\"}");
    g_autoptr(GArray) missed = schedule_spec_due(none, NULL, NULL, last, now, now, 100);
    g_assert_cmpuint(missed->len, ==, 0); /* nobody was there at two */
    g_autoptr(ScheduleSpec) all = spec_of("{\"cron\": \"0 2 * * *\", \"catchup\": \"all\"}");
    g_autoptr(GArray) newest = schedule_spec_due(all, NULL, NULL, last, now, since, 2);
    g_assert_cmpuint(newest->len, ==, 2);
    g_assert_cmpint(g_array_index(newest, gint64, 0), ==, at("2026-11-04 02:00", NULL));
}

static void test_business_date_and_deadline(void)
{
    g_autoptr(GTimeZone) zone = base_time_zone("America/New_York", NULL);
    g_autoptr(ScheduleSpec) spec = spec_of("{\"cron\": \"30 0 * * *\", \"deadline\": \"+1 08:00\"}");
    gint64 fired = at("2026-11-01 00:30", zone); /* a day of 25 hours */
    g_assert_cmpint(schedule_spec_business_day(spec, zone, fired), ==,
                    base_time_days_from_civil(2026, 10, 31));
    g_assert_cmpint(schedule_spec_deadline(spec, zone, fired), ==, at("2026-11-02 08:00", zone));
    g_autoptr(ScheduleSpec) within = spec_of("{\"cron\": \"30 0 * * *\", \"deadline\": \"2h\"}");
    g_assert_cmpint(schedule_spec_deadline(within, zone, fired), ==, fired + 7200 * BASE_TIME_SECOND_US);
    g_autoptr(ScheduleSpec) plain = spec_of("\"30 0 * * *\"");
    g_assert_cmpint(schedule_spec_deadline(plain, zone, fired), ==, G_MAXINT64);
    g_autoptr(ScheduleSpec) upstream = spec_of("{\"on\": \"upstream\"}");
    g_assert_cmpint(schedule_spec_next(upstream, NULL, zone, fired), ==, G_MAXINT64);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedule/spec/what_is_no_schedule", test_refused);
    g_test_add_func("/schedule/spec/calendar", test_calendar);
    g_test_add_func("/schedule/spec/catchup", test_catchup);
    g_test_add_func("/schedule/spec/business_date_and_deadline", test_business_date_and_deadline);
    return g_test_run();
}
