/* Batches: time cut at local hours, days, months or years of the project's zone. Pure arithmetic. */
#include "warehouse/build_int.h"

#define HOUR_US (G_GINT64_CONSTANT(3600) * BASE_TIME_SECOND_US)

bool warehouse_batch_size_by_name(const char *word, WarehouseBatchSize *ret)
{
    static const char *const WORDS[] = {"hour", "day", "month", "year"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (g_str_equal(word, WORDS[i])) {
            *ret = (WarehouseBatchSize)i;
            return true;
        }
    }
    return false;
}

/* Local midnight of a day; one that a clock change skips is the first instant after it. */
static gint64 midnight(int year, int month, GTimeZone *zone)
{
    g_autofree char *text = g_strdup_printf("%04d-%02d-01", year, month);
    gint64 us = 0;
    return base_time_parse(text, zone, &us) ? us : WAREHOUSE_BEGINNING_US;
}

static void local_month(gint64 us, GTimeZone *zone, int *ret_year, int *ret_month)
{
    int day;
    base_time_civil_from_days(warehouse_interval_value(us, ENGINE_DATE, zone).i64, ret_year, ret_month, &day);
}

gint64 warehouse_batch_floor(gint64 us, WarehouseBatchSize size, GTimeZone *zone)
{
    int year, month;
    switch (size) {
    case WAREHOUSE_BATCH_HOUR: {
        gint64 into = warehouse_interval_value(us, ENGINE_TIMESTAMP, zone).i64 % HOUR_US;
        return us - (into < 0 ? into + HOUR_US : into);
    }
    case WAREHOUSE_BATCH_DAY:
        return base_time_day_start(us, zone);
    case WAREHOUSE_BATCH_MONTH:
        local_month(us, zone, &year, &month);
        return midnight(year, month, zone);
    case WAREHOUSE_BATCH_YEAR:
        local_month(us, zone, &year, &month);
        return midnight(year, 1, zone);
    }
    return us;
}

gint64 warehouse_batch_next(gint64 us, WarehouseBatchSize size, GTimeZone *zone)
{
    int year, month;
    switch (size) {
    case WAREHOUSE_BATCH_HOUR:
        return warehouse_batch_floor(us, size, zone) + HOUR_US;
    case WAREHOUSE_BATCH_DAY:
        return base_time_next_day(us, zone);
    case WAREHOUSE_BATCH_MONTH:
        local_month(us, zone, &year, &month);
        return month == 12 ? midnight(year + 1, 1, zone) : midnight(year, month + 1, zone);
    case WAREHOUSE_BATCH_YEAR:
        local_month(us, zone, &year, &month);
        return midnight(year + 1, 1, zone);
    }
    return us;
}

gint64 warehouse_batch_ceil(gint64 us, WarehouseBatchSize size, GTimeZone *zone)
{
    gint64 floor_us = warehouse_batch_floor(us, size, zone);
    return floor_us == us ? us : warehouse_batch_next(us, size, zone);
}

static bool is_done(const GArray *done, WarehouseInterval batch)
{
    for (guint i = 0; done && i < done->len; i++) {
        const WarehouseInterval *stretch = &g_array_index(done, WarehouseInterval, i);
        if (stretch->start_us <= batch.start_us && stretch->end_us >= batch.end_us) {
            return true;
        }
    }
    return false;
}

/* From which batch on all are taken again. */
static gint64 look_back(const WarehouseBatchAsk *ask, gint64 end_us)
{
    gint64 start_us = warehouse_batch_floor(end_us - 1, ask->size, ask->zone);
    for (gint64 i = 0; i < ask->lookback_batches && start_us > ask->begin_us; i++) {
        start_us = warehouse_batch_floor(start_us - 1, ask->size, ask->zone);
    }
    if (ask->lookback_us > 0) {
        start_us = MIN(start_us, warehouse_batch_floor(ask->now_us - ask->lookback_us, ask->size, ask->zone));
    }
    return start_us;
}

static bool add(GArray *batches, WarehouseInterval batch, GError **error)
{
    if (batches->len >= WAREHOUSE_MAX_BATCHES) {
        base_fail(error, BASE_E_INTERVAL_INVALID, "the run would take more than %d batches",
                  WAREHOUSE_MAX_BATCHES);
        base_error_hint(error, "a larger batch_size, a later begin, or --start and --end for a part of it");
        return false;
    }
    g_array_append_val(batches, batch);
    return true;
}

/* Every batch of [from, end): those that are not done, and from `again_us` on all. */
static bool cut(const WarehouseBatchAsk *ask, const GArray *done, gint64 from_us, gint64 again_us,
                gint64 end_us, GArray *batches, GError **error)
{
    while (from_us < end_us) {
        WarehouseInterval batch = {from_us, warehouse_batch_next(from_us, ask->size, ask->zone)};
        if ((batch.start_us >= again_us || !is_done(done, batch)) && !add(batches, batch, error)) {
            return false;
        }
        from_us = batch.end_us;
    }
    return true;
}

bool warehouse_batches_decide(const WarehouseBatchAsk *ask, const GArray *done, GArray **ret, GError **error)
{
    g_autoptr(GArray) batches = g_array_new(FALSE, FALSE, sizeof(WarehouseInterval));
    bool has_begin = ask->begin_us > WAREHOUSE_BEGINNING_US;
    gint64 begin_us = has_begin ? warehouse_batch_floor(ask->begin_us, ask->size, ask->zone) : ask->begin_us;
    gint64 end_us = warehouse_batch_ceil(ask->end_us ? ask->end_us : ask->now_us, ask->size, ask->zone);
    bool first = ask->rebuild || !done || done->len == 0;
    bool ok;
    if (ask->start_us) {
        gint64 start_us = warehouse_batch_floor(ask->start_us, ask->size, ask->zone);
        ok = cut(ask, NULL, start_us, start_us, end_us, batches, error);
        if (ok && batches->len == 0) {
            return base_fail(error, BASE_E_INTERVAL_INVALID, "nothing lies between start and end");
        }
    } else if (first && !has_begin) {
        ok = end_us <= begin_us || add(batches, (WarehouseInterval){begin_us, end_us}, error);
    } else if (first) {
        ok = cut(ask, NULL, begin_us, begin_us, end_us, batches, error);
    } else {
        gint64 again_us = MAX(look_back(ask, end_us), begin_us);
        gint64 from_us = has_begin ? begin_us : g_array_index(done, WarehouseInterval, 0).end_us;
        from_us = MIN(warehouse_batch_floor(from_us, ask->size, ask->zone), again_us);
        ok = cut(ask, done, from_us, again_us, end_us, batches, error);
    }
    if (!ok) {
        return false;
    }
    *ret = g_steal_pointer(&batches);
    return true;
}
