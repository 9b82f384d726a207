/* Which time a run covers. No state, no engine: what is done comes in, what to run goes out.
 *
 * An instant is microseconds UTC. A TIMESTAMP or DATE column has no zone: its values are local time of the
 * project, so the interval is shown to it as local time. A DATE column holds whole days, so its intervals are
 * whole local days: a run at noon takes today as far as it has come, and does not write it down as done. */
#include "warehouse/warehouse_int.h"

static gint64 local_us(gint64 us, GTimeZone *zone)
{
    if (!zone) {
        return us;
    }
    gint64 seconds = us / BASE_TIME_SECOND_US - (us % BASE_TIME_SECOND_US < 0);
    gint interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, seconds);
    return us + g_time_zone_get_offset(zone, interval) * BASE_TIME_SECOND_US;
}

static gint64 floor_day(gint64 us, const WarehouseIntervalAsk *ask)
{
    return ask->by_day && us > WAREHOUSE_BEGINNING_US ? base_time_day_start(us, ask->zone) : us;
}

static gint64 ceil_day(gint64 us, const WarehouseIntervalAsk *ask)
{
    if (!ask->by_day || base_time_day_start(us, ask->zone) == us) {
        return us;
    }
    return base_time_next_day(us, ask->zone);
}

static gint64 default_start(const WarehouseIntervalAsk *ask, const GArray *done)
{
    if (ask->rebuild || done->len == 0) {
        return WAREHOUSE_BEGINNING_US;
    }
    const WarehouseInterval *first = &g_array_index(done, WarehouseInterval, 0);
    if (first->start_us > WAREHOUSE_BEGINNING_US) {
        return WAREHOUSE_BEGINNING_US;
    }
    return floor_day(MAX(first->end_us - ask->lookback_us, WAREHOUSE_BEGINNING_US), ask);
}

bool warehouse_interval_decide(const WarehouseIntervalAsk *ask, const GArray *done,
                               WarehouseInterval *ret_run, WarehouseInterval *ret_done, GError **error)
{
    if (ask->start_us && ask->end_us && ask->start_us >= ask->end_us) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "start is not before end");
    }
    WarehouseInterval run;
    run.end_us = ceil_day(ask->end_us ? ask->end_us : ask->now_us, ask);
    run.start_us = ask->start_us ? floor_day(ask->start_us, ask) : default_start(ask, done);
    if (run.start_us >= run.end_us) {
        if (ask->start_us || ask->end_us) {
            base_fail(error, BASE_E_INTERVAL_INVALID, "nothing lies between start and end");
            base_error_hint(error, "give --start as well, or an --end later than what has been run");
            return false;
        }
        run.end_us = run.start_us; /* the clock went back: nothing to do */
    }
    *ret_run = run;
    gint64 finished = floor_day(ask->now_us, ask);
    ret_done->start_us = run.start_us;
    ret_done->end_us = MAX(MIN(run.end_us, finished), run.start_us);
    return true;
}

static gint by_start(gconstpointer a, gconstpointer b)
{
    const WarehouseInterval *left = a, *right = b;
    return (left->start_us > right->start_us) - (left->start_us < right->start_us);
}

void warehouse_interval_add(GArray *done, WarehouseInterval interval)
{
    if (interval.start_us >= interval.end_us) {
        return;
    }
    g_array_append_val(done, interval);
    g_array_sort(done, by_start);
    guint last = 0;
    for (guint i = 1; i < done->len; i++) {
        WarehouseInterval *kept = &g_array_index(done, WarehouseInterval, last);
        const WarehouseInterval *next = &g_array_index(done, WarehouseInterval, i);
        if (next->start_us <= kept->end_us) {
            kept->end_us = MAX(kept->end_us, next->end_us);
        } else {
            g_array_index(done, WarehouseInterval, ++last) = *next;
        }
    }
    g_array_set_size(done, last + 1);
}

EngineValue warehouse_interval_value(gint64 us, EngineTypeId type, GTimeZone *zone)
{
    EngineValue value = {.id = ENGINE_TIMESTAMP, .i64 = us};
    if (type == ENGINE_TIMESTAMP_TZ) {
        value.id = ENGINE_TIMESTAMP_TZ;
        return value;
    }
    value.i64 = us <= WAREHOUSE_BEGINNING_US ? WAREHOUSE_BEGINNING_US : local_us(us, zone);
    if (type == ENGINE_DATE) {
        value.id = ENGINE_DATE;
        value.i64 = value.i64 / BASE_TIME_DAY_US - (value.i64 % BASE_TIME_DAY_US < 0);
    }
    return value;
}

gint64 warehouse_day_of(gint64 us, GTimeZone *zone)
{
    return warehouse_interval_value(us, ENGINE_DATE, zone).i64;
}

char *warehouse_interval_literal(gint64 us, EngineTypeId type, GTimeZone *zone)
{
    EngineValue value = warehouse_interval_value(us, type, zone);
    gint64 days = value.id == ENGINE_DATE ? value.i64
                                          : value.i64 / BASE_TIME_DAY_US - (value.i64 % BASE_TIME_DAY_US < 0);
    int year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    if (value.id == ENGINE_DATE) {
        return g_strdup_printf("DATE '%04d-%02d-%02d'", year, month, day);
    }
    gint64 rest = value.i64 - days * BASE_TIME_DAY_US;
    gint64 seconds = rest / BASE_TIME_SECOND_US;
    return g_strdup_printf("%s '%04d-%02d-%02d %02d:%02d:%02d.%06d%s'",
                           value.id == ENGINE_TIMESTAMP_TZ ? "TIMESTAMPTZ" : "TIMESTAMP", year, month, day,
                           (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60),
                           (int)(rest % BASE_TIME_SECOND_US), value.id == ENGINE_TIMESTAMP_TZ ? "+00" : "");
}
