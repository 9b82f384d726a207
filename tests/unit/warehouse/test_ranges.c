/* Merged ranges of time, and the units that are missing in them. */
#include "warehouse/intervals.h"

static gint64 at(const char *text, GTimeZone *zone)
{
    gint64 us = 0;
    g_assert_true(base_time_parse(text, zone, &us));
    return us;
}

static GArray *ranges_of(const char *const *texts)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    for (size_t i = 0; texts[i]; i += 2) {
        WarehouseInterval range = {at(texts[i], NULL), at(texts[i + 1], NULL)};
        g_array_append_val(ranges, range);
    }
    warehouse_ranges_normalise(ranges);
    return ranges;
}
#define RANGES(...) ranges_of((const char *const[]){__VA_ARGS__, NULL})

static void assert_ranges(const GArray *got, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < got->len; i++) {
        const WarehouseInterval *range = &g_array_index(got, WarehouseInterval, i);
        g_autofree char *start = base_time_format(range->start_us, NULL);
        g_autofree char *end = base_time_format(range->end_us, NULL);
        g_string_append_printf(text, "%s%.10s %.10s", i ? ", " : "", start, end);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_algebra(void)
{
    g_autoptr(GArray) ranges = RANGES("2026-01-05", "2026-01-07", "2026-01-01", "2026-01-03", "2026-01-03",
                                      "2026-01-04", "2026-01-09", "2026-01-09");
    assert_ranges(ranges, "2026-01-01 2026-01-04, 2026-01-05 2026-01-07");
    g_autoptr(GArray) other = RANGES("2026-01-02", "2026-01-06", "2026-01-08", "2026-01-09");
    g_autoptr(GArray) both = warehouse_ranges_intersect(ranges, other);
    assert_ranges(both, "2026-01-02 2026-01-04, 2026-01-05 2026-01-06");
    warehouse_ranges_subtract(ranges, (WarehouseInterval){at("2026-01-02", NULL), at("2026-01-03", NULL)});
    assert_ranges(ranges, "2026-01-01 2026-01-02, 2026-01-03 2026-01-04, 2026-01-05 2026-01-07");
    warehouse_ranges_subtract(ranges, (WarehouseInterval){at("2026-01-03", NULL), at("2026-01-03", NULL)});
    g_assert_cmpuint(ranges->len, ==, 3);
}

static gint64 missing(const GArray *done, const char *start, const char *end, BasePeriod unit,
                      gint64 lookback)
{
    WarehouseInterval window = {at(start, NULL), at(end, NULL)};
    g_autoptr(GArray) units = warehouse_units_missing(done, window, unit, NULL, lookback);
    return warehouse_units_count(units);
}

static void test_missing(void)
{
    g_autoptr(GArray) done = RANGES("2020-01-01", "2020-01-02", "2020-01-03", "2020-01-06");
    g_assert_cmpint(missing(done, "2020-01-01", "2020-01-02", BASE_PERIOD_DAY, 0), ==, 0);
    g_assert_cmpint(missing(done, "2020-01-01", "2020-01-04", BASE_PERIOD_DAY, 0), ==, 1);
    g_assert_cmpint(missing(done, "2020-01-03", "2020-01-08", BASE_PERIOD_DAY, 0), ==, 2);
    g_assert_cmpint(missing(done, "2020-01-03", "2020-01-08", BASE_PERIOD_DAY, 2), ==, 4);
    g_assert_cmpint(missing(done, "2020-01-05", "2020-01-08", BASE_PERIOD_DAY, 9), ==, 3);
    g_assert_cmpint(missing(done, "2020-01-06 00:00:05", "2020-01-06 23:59:59", BASE_PERIOD_DAY, 0), ==, 0);
    g_assert_cmpint(missing(done, "2020-01-01", "2020-02-01", BASE_PERIOD_MONTH, 0), ==, 1); /* not whole */
}

/* A million hours, every other of a thousand days done: what counts is the number of gaps. */
static void test_million(void)
{
    g_autoptr(GTimeZone) zone = base_time_zone("America/New_York", NULL);
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    gint64 start_us = at("1930-01-01", zone),
           end_us = start_us + G_GINT64_CONSTANT(3600) * 1000000 * BASE_TIME_SECOND_US;
    for (gint64 i = 0; i < 1000; i++) {
        WarehouseInterval day = {start_us + 2 * i * BASE_TIME_DAY_US,
                                 start_us + (2 * i + 1) * BASE_TIME_DAY_US};
        g_array_append_val(done, day);
    }
    g_autoptr(GArray) units =
        warehouse_units_missing(done, (WarehouseInterval){start_us, end_us}, BASE_PERIOD_HOUR, zone, 0);
    g_assert_cmpint(warehouse_units_count(units), ==, 1000000 - 24000);
    g_assert_cmpuint(units->len, ==, 1000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/warehouse/ranges/algebra", test_algebra);
    g_test_add_func("/warehouse/ranges/missing_units", test_missing);
    g_test_add_func("/warehouse/ranges/a_million_units", test_million);
    return g_test_run();
}
