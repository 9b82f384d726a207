#include "base/error.h"
#include "base/time.h"

static GTimeZone *zone(const char *name)
{
    GError *error = NULL;
    GTimeZone *found = base_time_zone(name, &error);
    g_assert_no_error(error);
    return found;
}

/* UTC text -> us */
static gint64 at(const char *text)
{
    gint64 us = 0;
    g_assert_true(base_time_parse(text, NULL, &us));
    return us;
}

static void assert_time(gint64 us, const char *expected)
{
    g_autofree char *text = base_time_format_iso(us);
    g_assert_cmpstr(text, ==, expected);
}

static void days_and_dates_agree_over_four_thousand_years(void)
{
    int before_day = 0;
    for (gint64 day = -900000; day < 900000; day++) {
        int y = 0;
        int m = 0;
        int d = 0;
        base_time_civil_from_days(day, &y, &m, &d);
        g_assert_cmpint(base_time_days_from_civil(y, m, d), ==, day);
        g_assert_true(day == -900000 || d == before_day + 1 || (d == 1 && before_day >= 28));
        before_day = d;
    }
    g_assert_cmpint(base_time_days_from_civil(2000, 2, 29), ==, 11016);
}

static void times_are_read_in_all_their_forms(void)
{
    assert_time(at("2026-11-21"), "2026-11-21T00:00:00Z");
    assert_time(at("2026-11-21 10:20"), "2026-11-21T10:20:00Z");
    assert_time(at("2026-11-21T10:20:30.5Z"), "2026-11-21T10:20:30.5Z");
    assert_time(at("2026-11-21 10:20:30.1234567+08:00"), "2026-11-21T02:20:30.123456Z");
    assert_time(at("2026-11-21 10:20:30-0330"), "2026-11-21T13:50:30Z");
    assert_time(at("0001-01-01"), "0001-01-01T00:00:00Z");
}

static void what_is_not_a_time_is_refused(void)
{
    const char *const texts[] = {"",
                                 "2026",
                                 "2026-13-01",
                                 "2026-02-29",
                                 "2026-1-1",
                                 "2026-01-01x",
                                 "2026-01-01 24:00:00",
                                 "2026-01-01 10:60",
                                 "2026-01-01 ",
                                 "2026-01-01 10:00:00.",
                                 "2026-01-01 10:00:00+99:00"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        gint64 us = 0;
        g_assert_false(base_time_parse(texts[i], NULL, &us));
    }
}

static void local_time_is_read_in_its_zone(void)
{
    g_autoptr(GTimeZone) shanghai = zone("Asia/Shanghai");
    gint64 us = 0;
    g_assert_true(base_time_parse("2026-11-21 08:00:00", shanghai, &us));
    assert_time(us, "2026-11-21T00:00:00Z");
    g_autofree char *text = base_time_format(us, shanghai);
    g_assert_cmpstr(text, ==, "2026-11-21 08:00:00");
}

static void a_time_that_the_clock_skips_moves_forward(void)
{
    g_autoptr(GTimeZone) berlin = zone("Europe/Berlin"); /* 2026-03-29 02:00 -> 03:00 */
    gint64 us = 0;
    g_assert_true(base_time_parse("2026-03-29 02:30:00", berlin, &us));
    g_autofree char *text = base_time_format(us, berlin);
    g_assert_cmpstr(text, ==, "2026-03-29 03:30:00");
}

static void a_time_that_comes_twice_is_its_first(void)
{
    g_autoptr(GTimeZone) berlin = zone("Europe/Berlin"); /* 2026-10-25 03:00 -> 02:00 */
    gint64 us = 0;
    g_assert_true(base_time_parse("2026-10-25 02:30:00", berlin, &us));
    assert_time(us, "2026-10-25T00:30:00Z");
}

static void days_have_23_to_25_hours(void)
{
    g_autoptr(GTimeZone) berlin = zone("Europe/Berlin");
    gint64 spring = base_time_day_start(at("2026-03-29 12:00"), berlin);
    gint64 autumn = base_time_day_start(at("2026-10-25 12:00"), berlin);
    assert_time(spring, "2026-03-28T23:00:00Z");
    g_assert_cmpint((base_time_next_day(spring, berlin) - spring) / (3600 * BASE_TIME_SECOND_US), ==, 23);
    g_assert_cmpint((base_time_next_day(autumn, berlin) - autumn) / (3600 * BASE_TIME_SECOND_US), ==, 25);
}

static void a_day_whose_midnight_is_skipped_starts_at_the_change(void)
{
    g_autoptr(GTimeZone) cairo = zone("Africa/Cairo"); /* 2024-04-26 00:00 -> 01:00 */
    gint64 start = base_time_day_start(at("2024-04-26 12:00"), cairo);
    g_autofree char *text = base_time_format(start, cairo);
    g_assert_cmpstr(text, ==, "2024-04-26 01:00:00");
    g_assert_cmpint(base_time_next_day(at("2024-04-25 12:00"), cairo), ==, start);
}

static void next_day_always_moves_forward(void)
{
    /* St. John's set its clock back at 00:01, so that a midnight came twice. */
    const char *const names[] = {"America/St_Johns", "America/Sao_Paulo", "Pacific/Apia",
                                 "Australia/Lord_Howe"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GTimeZone) here = zone(names[i]);
        for (gint64 us = at("2005-01-01"); us < at("2012-12-31"); us += 17 * 60 * BASE_TIME_SECOND_US * 7) {
            g_assert_cmpint(base_time_next_day(us, here), >, us);
            g_assert_cmpint(base_time_day_start(us, here), <=, us);
        }
    }
}

static void zones_are_names_or_offsets_and_never_paths(void)
{
    const char *const wrong[] = {"", "Mars/Olympus", "../../etc/passwd", "/etc/localtime",
                                 "Asia/Shanghai/.."};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(base_time_zone(wrong[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_E_TIMEZONE_UNKNOWN);
    }
    g_autoptr(GTimeZone) offset = zone("-03:30");
    g_autofree char *text = base_time_format(at("2026-01-01 12:00"), offset);
    g_assert_cmpstr(text, ==, "2026-01-01 08:30:00");
}

static void relative_times_speak_both_languages(void)
{
    gint64 now = at("2026-11-21 12:00");
    g_autofree char *ago = base_time_format_relative(now - 180 * BASE_TIME_SECOND_US, now, "en");
    g_autofree char *zh = base_time_format_relative(now - 180 * BASE_TIME_SECOND_US, now, "zh");
    g_autofree char *ahead = base_time_format_relative(now + BASE_TIME_DAY_US, now, "en");
    g_assert_cmpstr(ago, ==, "3 minutes ago");
    g_assert_cmpstr(zh, ==, "3 分钟前");
    g_assert_cmpstr(ahead, ==, "in 1 day");
}

/* ---- cron ---- */

static void assert_next(const char *schedule, const char *zone_name, const char *after, const char *expected)
{
    GError *error = NULL;
    g_autoptr(BaseCron) cron = base_cron_parse(schedule, &error);
    g_assert_no_error(error);
    g_autoptr(GTimeZone) here = zone(zone_name);
    assert_time(base_cron_next(cron, at(after), here), expected);
}

static void cron_finds_the_next_time(void)
{
    assert_next("*/10 * * * *", "UTC", "2026-11-21 10:00", "2026-11-21T10:10:00Z");
    assert_next("0 2 * * *", "Asia/Shanghai", "2026-11-21 00:00", "2026-11-21T18:00:00Z");
    assert_next("0 0 1 jan *", "UTC", "2026-11-21", "2027-01-01T00:00:00Z");
    assert_next("30 9 * * mon-fri", "UTC", "2026-11-21", "2026-11-23T09:30:00Z");
    assert_next("0 0 * * 7", "UTC", "2026-11-21", "2026-11-22T00:00:00Z");
    assert_next("0 0 29 2 *", "UTC", "2096-03-01", "2104-02-29T00:00:00Z");
    assert_next("5-7,50/5 0 * * *", "UTC", "2026-11-21 00:07", "2026-11-21T00:50:00Z");
    assert_next("@daily", "UTC", "2026-11-21 00:00", "2026-11-22T00:00:00Z");
    assert_next("59 23 31 12 *", "UTC", "2026-12-31 23:59:00", "2027-12-31T23:59:00Z");
}

static void day_of_month_or_day_of_week_when_both_are_given(void)
{
    assert_next("0 0 13 * fri", "UTC", "2026-11-08", "2026-11-13T00:00:00Z");
    assert_next("0 0 14 * fri", "UTC", "2026-11-13 12:00", "2026-11-14T00:00:00Z");
}

static void a_skipped_time_fires_at_the_change_once(void)
{
    assert_next("30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29T01:00:00Z");
    assert_next("30 2 * * *", "Europe/Berlin", "2026-03-29 01:00", "2026-03-30T00:30:00Z");
    assert_next("*/20 2 * * *", "Europe/Berlin", "2026-03-29 01:00", "2026-03-30T00:00:00Z");
}

static void a_time_that_comes_twice_fires_once(void)
{
    assert_next("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", "2026-10-25T00:30:00Z");
    assert_next("30 2 * * *", "Europe/Berlin", "2026-10-25 00:30", "2026-10-26T01:30:00Z");
    assert_next("30 2 * * *", "Europe/Berlin", "2026-10-25 01:10", "2026-10-26T01:30:00Z");
}

static void intervals_keep_to_the_wall_clock(void)
{
    assert_next("every 10m", "UTC", "2026-11-21 10:01", "2026-11-21T10:10:00Z");
    assert_next("every 10m", "UTC", "2026-11-21 10:10", "2026-11-21T10:20:00Z");
    assert_next("every 1d", "Asia/Shanghai", "2026-11-21 00:00", "2026-11-21T16:00:00Z");
    assert_next("every 6h", "Europe/Berlin", "2026-10-24 22:00", "2026-10-25T05:00:00Z");
    assert_next("every 30m", "Europe/Berlin", "2026-10-25 00:45", "2026-10-25T01:00:00Z");
}

static void the_next_time_is_always_later(void)
{
    const char *const schedules[] = {"*/7 * * * *", "0 0 * * *", "every 45m", "every 5h", "every 2d"};
    g_autoptr(GTimeZone) here = zone("America/New_York");
    for (size_t i = 0; i < G_N_ELEMENTS(schedules); i++) {
        g_autoptr(BaseCron) cron = base_cron_parse(schedules[i], NULL);
        for (gint64 us = at("2026-10-30"); us < at("2026-11-04"); us += 599 * BASE_TIME_SECOND_US) {
            g_assert_cmpint(base_cron_next(cron, us, here), >, us);
        }
    }
}

static void what_is_not_a_schedule_is_refused_with_a_hint(void)
{
    const char *const texts[] = {
        "",          "* * * *",     "60 * * * *",  "* 24 * * *",  "* * 0 * *",  "* * * 13 *",
        "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *",   "0 0 30 2 *", "every",
        "every 10",  "every 0s",    "@sometimes",  "* * * * * *", "1, * * * *", "- * * * *"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", texts[i]);
        g_assert_null(base_cron_parse(texts[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_E_VALUE_INVALID);
    }
}

#define ADD(f) g_test_add_func("/time/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(days_and_dates_agree_over_four_thousand_years);
    ADD(times_are_read_in_all_their_forms);
    ADD(what_is_not_a_time_is_refused);
    ADD(local_time_is_read_in_its_zone);
    ADD(a_time_that_the_clock_skips_moves_forward);
    ADD(a_time_that_comes_twice_is_its_first);
    ADD(days_have_23_to_25_hours);
    ADD(a_day_whose_midnight_is_skipped_starts_at_the_change);
    ADD(next_day_always_moves_forward);
    ADD(zones_are_names_or_offsets_and_never_paths);
    ADD(relative_times_speak_both_languages);
    ADD(cron_finds_the_next_time);
    ADD(day_of_month_or_day_of_week_when_both_are_given);
    ADD(a_skipped_time_fires_at_the_change_once);
    ADD(a_time_that_comes_twice_fires_once);
    ADD(intervals_keep_to_the_wall_clock);
    ADD(the_next_time_is_always_later);
    ADD(what_is_not_a_schedule_is_refused_with_a_hint);
    return g_test_run();
}
