/* Merged ranges of time, and the units that they hold. Pure. */
#include "warehouse/intervals.h"

#define AT(ranges, i)  g_array_index(ranges, WarehouseInterval, i)
#define UNIT(units, i) g_array_index(units, WarehouseUnits, i)
#define NEW(type)      g_array_new(FALSE, FALSE, sizeof(type))

static gint by_start(gconstpointer a, gconstpointer b)
{
    const WarehouseInterval *left = a, *right = b;
    return (left->start_us > right->start_us) - (left->start_us < right->start_us);
}

void warehouse_ranges_normalise(GArray *ranges)
{
    g_array_sort(ranges, by_start);
    guint n = 0;
    for (guint i = 0; i < ranges->len; i++) {
        WarehouseInterval next = AT(ranges, i);
        if (next.start_us >= next.end_us) {
            continue;
        }
        if (n > 0 && next.start_us <= AT(ranges, n - 1).end_us) {
            AT(ranges, n - 1).end_us = MAX(AT(ranges, n - 1).end_us, next.end_us);
        } else {
            AT(ranges, n++) = next;
        }
    }
    g_array_set_size(ranges, n);
}

GArray *warehouse_ranges_copy(const GArray *ranges)
{
    GArray *copy = NEW(WarehouseInterval);
    if (ranges->len > 0) {
        g_array_append_vals(copy, ranges->data, ranges->len);
    }
    return copy;
}

void warehouse_ranges_subtract(GArray *ranges, WarehouseInterval interval)
{
    g_autoptr(GArray) rest = NEW(WarehouseInterval);
    for (guint i = 0; i < ranges->len; i++) {
        WarehouseInterval whole = AT(ranges, i);
        WarehouseInterval before = {whole.start_us, MIN(whole.end_us, interval.start_us)};
        WarehouseInterval after = {MAX(whole.start_us, interval.end_us), whole.end_us};
        if (interval.start_us >= interval.end_us) {
            g_array_append_val(rest, whole);
            continue;
        }
        if (before.start_us < before.end_us) {
            g_array_append_val(rest, before);
        }
        if (after.start_us < after.end_us) {
            g_array_append_val(rest, after);
        }
    }
    g_array_set_size(ranges, 0);
    if (rest->len > 0) {
        g_array_append_vals(ranges, rest->data, rest->len);
    }
}

GArray *warehouse_ranges_intersect(const GArray *a, const GArray *b)
{
    GArray *both = NEW(WarehouseInterval);
    for (guint i = 0, k = 0; i < a->len && k < b->len;) {
        WarehouseInterval common = {MAX(AT(a, i).start_us, AT(b, k).start_us),
                                    MIN(AT(a, i).end_us, AT(b, k).end_us)};
        if (common.start_us < common.end_us) {
            g_array_append_val(both, common);
        }
        if (AT(a, i).end_us < AT(b, k).end_us) {
            i++;
        } else {
            k++;
        }
    }
    return both;
}

GArray *warehouse_ranges_clip(const GArray *ranges, WarehouseInterval window)
{
    g_autoptr(GArray) one = NEW(WarehouseInterval);
    g_array_append_val(one, window);
    return warehouse_ranges_intersect(ranges, one);
}

/* ---- units --------------------------------------------------------------------------------------------- */

static void add_units(GArray *units, gint64 first, gint64 end)
{
    if (first >= end) {
        return;
    }
    if (units->len > 0 && UNIT(units, units->len - 1).end >= first) {
        UNIT(units, units->len - 1).end = MAX(UNIT(units, units->len - 1).end, end);
        return;
    }
    WarehouseUnits more = {first, end};
    g_array_append_val(units, more);
}

/* Numbers of the units that an interval touches. */
static WarehouseUnits touching(WarehouseInterval interval, BasePeriod unit, GTimeZone *zone)
{
    return (WarehouseUnits){base_period_ordinal(interval.start_us, unit, zone),
                            base_period_ordinal(interval.end_us - 1, unit, zone) + 1};
}

GArray *warehouse_units_missing(const GArray *done, WarehouseInterval window, BasePeriod unit,
                                GTimeZone *zone, gint64 lookback)
{
    GArray *missing = NEW(WarehouseUnits);
    gint64 first = base_period_ordinal(base_period_ceil(window.start_us, unit, zone), unit, zone);
    gint64 end = base_period_ordinal(window.end_us, unit, zone); /* the one that it ends in is not whole */
    g_autoptr(GArray) gaps = NEW(WarehouseInterval);
    if (first >= end) {
        return missing;
    }
    WarehouseInterval whole = {base_period_start(first, unit, zone), base_period_start(end, unit, zone)};
    g_array_append_val(gaps, whole);
    for (guint i = 0; i < done->len && gaps->len > 0; i++) {
        WarehouseInterval last = AT(gaps, gaps->len - 1);
        if (AT(done, i).start_us >= last.end_us) {
            break;
        }
        if (AT(done, i).end_us <= last.start_us) {
            continue;
        }
        WarehouseInterval before = {last.start_us, AT(done, i).start_us};
        WarehouseInterval after = {AT(done, i).end_us, last.end_us};
        g_array_set_size(gaps, gaps->len - 1);
        if (before.start_us < before.end_us) {
            g_array_append_val(gaps, before);
        }
        if (after.start_us < after.end_us) {
            g_array_append_val(gaps, after);
        }
    }
    for (guint i = 0; i < gaps->len; i++) {
        WarehouseUnits units = touching(AT(gaps, i), unit, zone);
        add_units(missing, MAX(units.first - lookback, first), units.end);
    }
    return missing;
}

GArray *warehouse_units_touching(const GArray *ranges, BasePeriod unit, GTimeZone *zone)
{
    GArray *units = NEW(WarehouseUnits);
    for (guint i = 0; i < ranges->len; i++) {
        WarehouseUnits touched = touching(AT(ranges, i), unit, zone);
        add_units(units, touched.first, touched.end);
    }
    return units;
}

GArray *warehouse_units_ranges(const GArray *units, BasePeriod unit, GTimeZone *zone)
{
    GArray *ranges = NEW(WarehouseInterval);
    for (guint i = 0; i < units->len; i++) {
        WarehouseInterval range = {base_period_start(UNIT(units, i).first, unit, zone),
                                   base_period_start(UNIT(units, i).end, unit, zone)};
        g_array_append_val(ranges, range);
    }
    return ranges;
}

gint64 warehouse_units_count(const GArray *units)
{
    gint64 n = 0;
    for (guint i = 0; i < units->len; i++) {
        n += UNIT(units, i).end - UNIT(units, i).first;
    }
    return n;
}
