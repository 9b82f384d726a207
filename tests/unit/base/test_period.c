/* Periods of the calendar in named zones. */
#include "base/error.h"
#include "base/period.h"

static gint64 at(const char *text)
{
    gint64 us = 0;
    g_assert_true(base_time_parse(text, NULL, &us));
    return us;
}

typedef struct {
    const char *zone, *period, *us, *start, *end; /* UTC */
} Case;

static const Case CASES[] = {
    {"UTC", "day", "2026-11-21 10:00:00", "2026-11-21 00:00:00", "2026-11-22 00:00:00"},
    {"Asia/Shanghai", "1d", "2026-11-20 16:30:00", "2026-11-20 16:00:00", "2026-11-21 16:00:00"},
    /* 23 and 25 hours */
    {"America/New_York", "daily", "2026-03-08 12:00:00", "2026-03-08 05:00:00", "2026-03-09 04:00:00"},
    {"America/New_York", "day", "2026-11-01 12:00:00", "2026-11-01 04:00:00", "2026-11-02 05:00:00"},
    /* a midnight that is skipped (Santiago, 2026-09-06), and one that comes twice (2026-04-05) */
    {"America/Santiago", "day", "2026-09-06 12:00:00", "2026-09-06 04:00:00", "2026-09-07 03:00:00"},
    {"America/Santiago", "day", "2026-04-05 03:30:00", "2026-04-04 03:00:00", "2026-04-05 04:00:00"},
    {"UTC", "week", "2018-01-18 10:00:00", "2018-01-15 00:00:00", "2018-01-22 00:00:00"},
    {"UTC", "week", "2018-01-15 00:00:00", "2018-01-15 00:00:00", "2018-01-22 00:00:00"},
    {"UTC", "week", "1969-12-31 23:00:00", "1969-12-29 00:00:00", "1970-01-05 00:00:00"},
    {"UTC", "month", "2024-02-29 10:00:00", "2024-02-01 00:00:00", "2024-03-01 00:00:00"},
    {"UTC", "quarter", "2024-12-31 10:00:00", "2024-10-01 00:00:00", "2025-01-01 00:00:00"},
    {"UTC", "year", "1969-05-31 10:00:00", "1969-01-01 00:00:00", "1970-01-01 00:00:00"},
    {"America/New_York", "hour", "2026-11-01 06:30:00", "2026-11-01 06:00:00", "2026-11-01 07:00:00"},
    {"Asia/Kolkata", "hour", "2026-11-01 06:20:00", "2026-11-01 05:30:00", "2026-11-01 06:30:00"},
    {"UTC", "15m", "2026-11-01 06:20:00", "2026-11-01 06:15:00", "2026-11-01 06:30:00"},
    {"UTC", "5m", "1969-12-31 23:59:59", "1969-12-31 23:55:00", "1970-01-01 00:00:00"},
};

static void test_bounds(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const Case *c = &CASES[i];
        g_test_message("case %zu", i);
        g_autoptr(GTimeZone) zone = base_time_zone(c->zone, NULL);
        BasePeriod period;
        g_assert_true(base_period_by_name(c->period, &period));
        gint64 us = at(c->us);
        g_assert_cmpint(base_period_floor(us, period, zone), ==, at(c->start));
        g_assert_cmpint(base_period_shift(us, 1, period, zone), ==, at(c->end));
        g_assert_cmpint(base_period_ceil(us, period, zone), ==, us == at(c->start) ? us : at(c->end));
        g_assert_cmpint(base_period_ordinal(at(c->end) - 1, period, zone), ==,
                        base_period_ordinal(us, period, zone));
    }
}

/* Starts and numbers are each other's inverse over a hundred years, and no period is empty. */
static void test_no_gap(void)
{
    static const char *const zones[] = {"UTC", "America/Santiago", "Asia/Shanghai", "Europe/Berlin"};
    for (size_t z = 0; z < G_N_ELEMENTS(zones); z++) {
        g_autoptr(GTimeZone) zone = base_time_zone(zones[z], NULL);
        for (BasePeriod period = BASE_PERIOD_DAY; period < BASE_N_PERIODS; period++) {
            gint64 last = base_period_ordinal(at("2040-01-01"), period, zone);
            for (gint64 n = base_period_ordinal(at("1970-01-02"), period, zone); n < last; n++) {
                gint64 start = base_period_start(n, period, zone);
                g_assert_cmpint(base_period_ordinal(start, period, zone), ==, n);
                g_assert_cmpint(base_period_start(n + 1, period, zone), >, start);
            }
        }
    }
}

static void test_names(void)
{
    BasePeriod period;
    for (BasePeriod p = BASE_PERIOD_MINUTE; p < BASE_N_PERIODS; p++) {
        g_assert_true(base_period_by_name(base_period_name(p), &period));
        g_assert_cmpint(period, ==, p);
    }
    g_assert_true(base_period_by_name("Monthly", &period));
    g_assert_cmpint(period, ==, BASE_PERIOD_MONTH);
    g_assert_false(base_period_by_name("fortnight", &period));
    g_assert_false(base_period_by_name("", &period));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/period/starts_and_ends", test_bounds);
    g_test_add_func("/base/period/numbers_follow_without_gap", test_no_gap);
    g_test_add_func("/base/period/names", test_names);
    return g_test_run();
}
