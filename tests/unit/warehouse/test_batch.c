/* Batches of local time: pure arithmetic. */
#include "warehouse/build_int.h"

typedef struct {
    const char *zone, *size;
    const char *now, *begin, *start, *end;
    gint64 lookback;
    bool rebuild;
    const char *done[3];      /* one stretch; "-" = the beginning */
    const char *first, *last; /* starts of batches, in UTC; NULL = none */
    guint n;
} Case;

static const Case CASES[] = {
    /* N before the current one */
    {"UTC",
     "day",
     "2024-10-01 15:30:00",
     "2024-01-01",
     NULL,
     NULL,
     3,
     false,
     {"2024-01-01", "2024-09-30"},
     "2024-09-28 00:00:00",
     "2024-10-01 00:00:00",
     4},
    /* clamped to begin */
    {"UTC",
     "day",
     "2024-01-02 08:00:00",
     "2024-01-01",
     NULL,
     NULL,
     3,
     false,
     {"2024-01-01", "2024-01-02"},
     "2024-01-01 00:00:00",
     "2024-01-02 00:00:00",
     2},
    /* a window that is asked for knows no lookback */
    {"UTC",
     "day",
     "2024-10-01 15:30:00",
     "2024-01-01",
     "2024-05-01",
     "2024-05-03",
     3,
     false,
     {"2024-01-01", "2024-09-30"},
     "2024-05-01 00:00:00",
     "2024-05-02 00:00:00",
     2},
    /* the first load, at the very start of a batch that it does not take */
    {"UTC",
     "day",
     "2024-01-02 00:00:00",
     "2024-01-01",
     NULL,
     NULL,
     3,
     true,
     {NULL},
     "2024-01-01 00:00:00",
     "2024-01-01 00:00:00",
     1},
    /* what was missed is made up for */
    {"UTC",
     "day",
     "2024-01-10 12:00:00",
     "2024-01-01",
     NULL,
     NULL,
     0,
     false,
     {"2024-01-01", "2024-01-04"},
     "2024-01-04 00:00:00",
     "2024-01-10 00:00:00",
     7},
    /* nothing before begin */
    {"UTC",
     "month",
     "2024-03-10 12:00:00",
     "2024-02-15",
     NULL,
     NULL,
     0,
     true,
     {NULL},
     "2024-02-01 00:00:00",
     "2024-03-01 00:00:00",
     2},
    {"UTC",
     "year",
     "2024-03-10 12:00:00",
     "2020-01-01",
     NULL,
     NULL,
     0,
     true,
     {NULL},
     "2020-01-01 00:00:00",
     "2024-01-01 00:00:00",
     5},
    {"UTC",
     "hour",
     "2024-03-10 02:30:00",
     "2024-03-10",
     NULL,
     NULL,
     0,
     true,
     {NULL},
     "2024-03-10 00:00:00",
     "2024-03-10 02:00:00",
     3},
    /* local days: of 23 hours on 10 March, of 25 on 3 November */
    {"America/New_York",
     "day",
     "2024-03-11 12:00:00",
     "2024-03-10",
     NULL,
     NULL,
     0,
     true,
     {NULL},
     "2024-03-10 05:00:00",
     "2024-03-11 04:00:00",
     2},
    {"America/New_York",
     "hour",
     "2024-03-11 04:00:00",
     "2024-03-10",
     NULL,
     NULL,
     0,
     true,
     {NULL},
     "2024-03-10 05:00:00",
     "2024-03-11 03:00:00",
     23},
    {"America/New_York",
     "hour",
     "2024-11-04 05:00:00",
     "2024-11-03",
     NULL,
     NULL,
     0,
     true,
     {NULL},
     "2024-11-03 04:00:00",
     "2024-11-04 04:00:00",
     25},
    /* a clock before begin */
    {"UTC", "day", "2023-01-01 12:00:00", "2024-01-01", NULL, NULL, 0, true, {NULL}, NULL, NULL, 0},
};

static gint64 instant(const char *text, GTimeZone *zone)
{
    gint64 us = 0;
    g_assert_true(!text || base_time_parse(text, zone, &us));
    return us;
}

static void assert_case(const Case *c)
{
    g_autoptr(GTimeZone) zone = base_time_zone(c->zone, NULL);
    WarehouseBatchAsk ask = {.zone = zone,
                             .now_us = instant(c->now, NULL),
                             .begin_us = instant(c->begin, zone),
                             .lookback_batches = c->lookback,
                             .start_us = instant(c->start, zone),
                             .end_us = instant(c->end, zone),
                             .rebuild = c->rebuild};
    g_assert_true(warehouse_batch_size_by_name(c->size, &ask.size));
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    if (c->done[0]) {
        warehouse_interval_add(done,
                               (WarehouseInterval){instant(c->done[0], zone), instant(c->done[1], zone)});
    }
    g_autoptr(GArray) batches = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_true(warehouse_batches_decide(&ask, done, &batches, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(batches->len, ==, c->n);
    for (guint i = 1; i < batches->len; i++) {
        g_assert_cmpint(g_array_index(batches, WarehouseInterval, i - 1).end_us, ==,
                        g_array_index(batches, WarehouseInterval, i).start_us);
    }
    if (c->n > 0) {
        g_autofree char *first =
            base_time_format(g_array_index(batches, WarehouseInterval, 0).start_us, NULL);
        g_autofree char *last =
            base_time_format(g_array_index(batches, WarehouseInterval, c->n - 1).start_us, NULL);
        g_assert_cmpstr(first, ==, c->first);
        g_assert_cmpstr(last, ==, c->last);
    }
}

static void test_batches_are_decided_as_the_clock_and_the_past_say(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_test_message("case %zu", i);
        assert_case(&CASES[i]);
    }
}

static void test_too_many_batches_are_refused_by_a_named_limit(void)
{
    WarehouseBatchAsk ask = {.size = WAREHOUSE_BATCH_HOUR,
                             .now_us = instant("2024-01-01", NULL),
                             .begin_us = instant("1900-01-01", NULL),
                             .rebuild = true};
    g_autoptr(GArray) batches = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_false(warehouse_batches_decide(&ask, NULL, &batches, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_INTERVAL_INVALID);
}

static void test_without_begin_the_first_load_is_one_batch_of_all_history(void)
{
    WarehouseBatchAsk ask = {.size = WAREHOUSE_BATCH_DAY,
                             .now_us = instant("2024-01-01 10:00:00", NULL),
                             .begin_us = WAREHOUSE_BEGINNING_US,
                             .rebuild = true};
    g_autoptr(GArray) batches = NULL;
    g_assert_true(warehouse_batches_decide(&ask, NULL, &batches, NULL));
    g_assert_cmpuint(batches->len, ==, 1);
    g_assert_cmpint(g_array_index(batches, WarehouseInterval, 0).start_us, ==, WAREHOUSE_BEGINNING_US);
    g_assert_cmpint(g_array_index(batches, WarehouseInterval, 0).end_us, ==, instant("2024-01-02", NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/batch/decide", test_batches_are_decided_as_the_clock_and_the_past_say);
    g_test_add_func("/batch/limit", test_too_many_batches_are_refused_by_a_named_limit);
    g_test_add_func("/batch/no-begin", test_without_begin_the_first_load_is_one_batch_of_all_history);
    return g_test_run();
}
