/* Which time a run covers. */
#include "warehouse/warehouse_int.h"

static gint64 at(const char *text)
{
    gint64 us = 0;
    g_assert_true(base_time_parse(text, NULL, &us));
    return us;
}

static GArray *done_list(const char *const *texts)
{
    GArray *done = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    for (size_t i = 0; texts && texts[i]; i += 2) {
        gint64 start = g_str_equal(texts[i], "-") ? WAREHOUSE_BEGINNING_US : at(texts[i]);
        warehouse_interval_add(done, (WarehouseInterval){start, at(texts[i + 1])});
    }
    return done;
}

static void assert_instant(gint64 us, const char *text)
{
    g_autofree char *got = us == WAREHOUSE_BEGINNING_US ? g_strdup("-") : base_time_format(us, NULL);
    g_assert_cmpstr(got, ==, text);
}

typedef struct {
    const char *zone;
    bool by_day, rebuild;
    const char *lookback_hours, *now, *asked_start, *asked_end;
    const char *done[5];
    const char *start, *end, *finished;
} Case;

static const Case CASES[] = {
    /* the first run takes all history up to now */
    {"UTC",
     false,
     false,
     "0",
     "2026-11-21 10:20:30",
     NULL,
     NULL,
     {NULL},
     "-",
     "2026-11-21 10:20:30",
     "2026-11-21 10:20:30"},
    /* later ones from where the last ended, less lookback */
    {"UTC",
     false,
     false,
     "2",
     "2026-11-21 10:00:00",
     NULL,
     NULL,
     {"-", "2026-11-21 09:50:00"},
     "2026-11-21 07:50:00",
     "2026-11-21 10:00:00",
     "2026-11-21 10:00:00"},
    /* a gap is gone back to */
    {"UTC",
     false,
     false,
     "0",
     "2026-11-21 10:00:00",
     NULL,
     NULL,
     {"-", "2026-11-01 00:00:00", "2026-11-05 00:00:00", "2026-11-21 09:00:00"},
     "2026-11-01 00:00:00",
     "2026-11-21 10:00:00",
     "2026-11-21 10:00:00"},
    /* history that is missing at its beginning too */
    {"UTC",
     false,
     false,
     "0",
     "2026-11-21 10:00:00",
     NULL,
     NULL,
     {"2026-11-05 00:00:00", "2026-11-06 00:00:00"},
     "-",
     "2026-11-21 10:00:00",
     "2026-11-21 10:00:00"},
    /* days: today is run as far as it has come, and not written down as done */
    {"UTC",
     true,
     false,
     "0",
     "2026-11-21 10:00:00",
     NULL,
     NULL,
     {NULL},
     "-",
     "2026-11-22 00:00:00",
     "2026-11-21 00:00:00"},
    {"UTC",
     true,
     false,
     "0",
     "2026-11-21 23:00:00",
     NULL,
     NULL,
     {"-", "2026-11-21 00:00:00"},
     "2026-11-21 00:00:00",
     "2026-11-22 00:00:00",
     "2026-11-21 00:00:00"},
    /* lookback of part of a day takes that whole day */
    {"UTC",
     true,
     false,
     "2",
     "2026-11-21 23:00:00",
     NULL,
     NULL,
     {"-", "2026-11-21 00:00:00"},
     "2026-11-20 00:00:00",
     "2026-11-22 00:00:00",
     "2026-11-21 00:00:00"},
    /* days are the project's: 00:30 in Shanghai is the day before in UTC */
    {"Asia/Shanghai",
     true,
     false,
     "0",
     "2026-11-20 16:30:00",
     NULL,
     NULL,
     {"-", "2026-11-19 16:00:00"},
     "2026-11-19 16:00:00",
     "2026-11-21 16:00:00",
     "2026-11-20 16:00:00"},
    /* a day that a clock change makes 25 hours long is one day */
    {"America/New_York",
     true,
     false,
     "0",
     "2026-11-01 12:00:00",
     NULL,
     NULL,
     {"-", "2026-11-01 04:00:00"},
     "2026-11-01 04:00:00",
     "2026-11-02 05:00:00",
     "2026-11-01 04:00:00"},
    /* what is asked for, widened to whole days */
    {"UTC",
     true,
     false,
     "24",
     "2026-11-21 10:00:00",
     "2026-11-03 05:00:00",
     "2026-11-04 00:00:00",
     {"-", "2026-11-21 00:00:00"},
     "2026-11-03 00:00:00",
     "2026-11-04 00:00:00",
     "2026-11-04 00:00:00"},
    {"UTC",
     false,
     false,
     "24",
     "2026-11-21 10:00:00",
     "2026-11-03 05:00:00",
     NULL,
     {"-", "2026-11-21 00:00:00"},
     "2026-11-03 05:00:00",
     "2026-11-21 10:00:00",
     "2026-11-21 10:00:00"},
    /* time that is still to come is run when asked for, and never done */
    {"UTC",
     false,
     false,
     "0",
     "2026-11-21 10:00:00",
     "2026-11-20 00:00:00",
     "2026-12-01 00:00:00",
     {NULL},
     "2026-11-20 00:00:00",
     "2026-12-01 00:00:00",
     "2026-11-21 10:00:00"},
    /* a rebuild forgets what was done */
    {"UTC",
     false,
     true,
     "0",
     "2026-11-21 10:00:00",
     NULL,
     NULL,
     {"-", "2026-11-21 09:00:00"},
     "-",
     "2026-11-21 10:00:00",
     "2026-11-21 10:00:00"},
};

static void test_decide(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const Case *c = &CASES[i];
        g_test_message("case %zu", i);
        g_autoptr(GTimeZone) zone = base_time_zone(c->zone, NULL);
        g_autoptr(GArray) done = done_list(c->done);
        WarehouseIntervalAsk ask = {.by_day = c->by_day,
                                    .rebuild = c->rebuild,
                                    .zone = zone,
                                    .now_us = at(c->now),
                                    .lookback_us = g_ascii_strtoll(c->lookback_hours, NULL, 10) * 3600 *
                                                   BASE_TIME_SECOND_US,
                                    .start_us = c->asked_start ? at(c->asked_start) : 0,
                                    .end_us = c->asked_end ? at(c->asked_end) : 0};
        WarehouseInterval run, finished;
        g_autoptr(GError) error = NULL;
        g_assert_true(warehouse_interval_decide(&ask, done, &run, &finished, &error));
        assert_instant(run.start_us, c->start);
        assert_instant(run.end_us, c->end);
        assert_instant(finished.start_us, c->start);
        assert_instant(finished.end_us, c->finished);
    }
}

static void test_refused(void)
{
    g_autoptr(GArray) done = done_list((const char *const[]){"-", "2026-11-21 09:00:00", NULL});
    WarehouseIntervalAsk ask = {
        .now_us = at("2026-11-21 10:00:00"), .start_us = at("2026-11-02"), .end_us = at("2026-11-01")};
    WarehouseInterval run, finished;
    g_autoptr(GError) error = NULL;
    g_assert_false(warehouse_interval_decide(&ask, done, &run, &finished, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_INTERVAL_INVALID);
    g_clear_error(&error);
    ask.start_us = 0; /* all of it was run already */
    g_assert_false(warehouse_interval_decide(&ask, done, &run, &finished, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_INTERVAL_INVALID);
}

static void test_add(void)
{
    g_autoptr(GArray) done = done_list(
        (const char *const[]){"2026-01-03", "2026-01-05", "2026-01-01", "2026-01-02", "2026-01-04",
                              "2026-01-07", "2026-01-09", "2026-01-09", "2026-01-02", "2026-01-03", NULL});
    g_assert_cmpuint(done->len, ==, 1);
    assert_instant(g_array_index(done, WarehouseInterval, 0).start_us, "2026-01-01 00:00:00");
    assert_instant(g_array_index(done, WarehouseInterval, 0).end_us, "2026-01-07 00:00:00");
    warehouse_interval_add(done, (WarehouseInterval){at("2026-02-01"), at("2026-02-02")});
    g_assert_cmpuint(done->len, ==, 2);
}

static void test_values(void)
{
    g_autoptr(GTimeZone) zone = base_time_zone("Asia/Shanghai", NULL);
    gint64 us = at("2026-11-20 16:30:00.25");
    g_autofree char *local = warehouse_interval_literal(us, ENGINE_TIMESTAMP, zone);
    g_autofree char *day = warehouse_interval_literal(us, ENGINE_DATE, zone);
    g_autofree char *utc = warehouse_interval_literal(us, ENGINE_TIMESTAMP_TZ, zone);
    g_autofree char *first = warehouse_interval_literal(WAREHOUSE_BEGINNING_US, ENGINE_DATE, zone);
    g_assert_cmpstr(local, ==, "TIMESTAMP '2026-11-21 00:30:00.250000'");
    g_assert_cmpstr(day, ==, "DATE '2026-11-21'");
    g_assert_cmpstr(utc, ==, "TIMESTAMPTZ '2026-11-20 16:30:00.250000+00'");
    g_assert_cmpstr(first, ==, "DATE '0001-01-01'");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/warehouse/interval/what_a_run_covers", test_decide);
    g_test_add_func("/warehouse/interval/nothing_between_is_refused", test_refused);
    g_test_add_func("/warehouse/interval/done_stretches_merge", test_add);
    g_test_add_func("/warehouse/interval/instants_as_the_columns_type", test_values);
    return g_test_run();
}
