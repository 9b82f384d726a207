/* What time of a model is done, missing, stale: ranges of time, cut into the model's unit.
 *
 * Ranges are kept merged (WarehouseInterval, sorted, disjoint), never as rows of single units, so that a
 * million units cost what their gaps cost. A unit is an hour, a day, a month ... of the project's zone
 * (base/period.h); half-open like everything. */
#ifndef WEIR_WAREHOUSE_INTERVALS_H
#define WEIR_WAREHOUSE_INTERVALS_H

#include "base/period.h"
#include "warehouse/warehouse_int.h"

/* ---- ranges.c: pure ------------------------------------------------------------------------------------ */

/* Sorts and merges what was appended; empty ones go. */
void warehouse_ranges_normalise(GArray *ranges);
GArray *warehouse_ranges_copy(const GArray *ranges);
void warehouse_ranges_subtract(GArray *ranges, WarehouseInterval interval);
/* What both have; a new array. */
GArray *warehouse_ranges_intersect(const GArray *a, const GArray *b);
GArray *warehouse_ranges_clip(const GArray *ranges, WarehouseInterval window);

/* Units by their numbers, half-open. */
typedef struct {
    gint64 first, end;
} WarehouseUnits;
/* Whole units of the window that `done` does not cover whole: WarehouseUnits, sorted, disjoint. With
 * `lookback` > 0 also those that have, among the next `lookback` of the window, one that is not done. */
GArray *warehouse_units_missing(const GArray *done, WarehouseInterval window, BasePeriod unit,
                                GTimeZone *zone, gint64 lookback);
/* Units that touch the ranges, and those ranges widened to whole units. */
GArray *warehouse_units_touching(const GArray *ranges, BasePeriod unit, GTimeZone *zone);
GArray *warehouse_units_ranges(const GArray *units, BasePeriod unit, GTimeZone *zone);
gint64 warehouse_units_count(const GArray *units);

/* ---- window.c: what models cut time into, and how far they read -----------------------------------------
 */

/* `batch_size`, `grain` or the unit of `partition`; a day when none is given. */
BasePeriod warehouse_unit(const CatalogObject *model);
/* Units that a run takes again before the first that is not done. */
gint64 warehouse_lookback_units(const CatalogObject *model);
/* Where the model's history starts (`begin`, `start`); 0 = not said. */
gint64 warehouse_history_start(const CatalogObject *model, GTimeZone *zone);
/* How long before $start the model's SELECT looks; 0 = it does not. */
gint64 warehouse_sql_reach_us(const CatalogObject *model);
/* How long before a unit the model reads, at most. */
gint64 warehouse_reach_us(const CatalogObject *model);
/* The time of `reader` that is affected when what it reads changed over `ranges`: widened to its units, and
 * later by as far as it looks back (lookback, and the largest `$start - INTERVAL ...` of its SQL). */
GArray *warehouse_window(const CatalogObject *reader, const GArray *ranges, GTimeZone *zone);

/* Ranges (values of `ranges`, by CatalogObject*) of all that `model` reads directly, in one. */
GArray *warehouse_read_ranges(CatalogSnapshot *snapshot, const CatalogObject *model, GHashTable *ranges);

/* Everything that reads `origin`, directly or not, with its affected time. */
typedef struct {
    const CatalogObject *model;
    GArray *ranges;
} WarehouseAffected;
/* In an order in which each comes after what it reads; `origin` itself is not in it. Free with
 * g_array_unref. NULL + CYCLE. */
GArray *warehouse_affected(CatalogSnapshot *snapshot, const CatalogObject *origin, const GArray *ranges,
                           GTimeZone *zone, GError **error);

/* ---- archived.c ---------------------------------------------------------------------------------------
 */

/* Whether anything can be archived at all: who keeps the end of data has opened this warehouse. */
bool warehouse_has_archives(Warehouse *warehouse, EngineConn *conn, bool *ret,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* INPUT_ARCHIVED when something that the model reads is archived in the interval, or as far before it as the
 * SELECT looks. */
bool warehouse_inputs_check(EngineConn *conn, CatalogSnapshot *snapshot, const CatalogObject *model,
                            WarehouseInterval interval, GTimeZone *zone,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- stale.c: _weir.stale -------------------------------------------------------------------------------
 */

/* Inside a transaction of the committer. `origin` changed over the interval: done time of all that depends on
 * it is stale; what the model itself had stale there is not any more when `built`. */
bool warehouse_stale_spread(Warehouse *warehouse, EngineConn *conn, CatalogSnapshot *snapshot,
                            const CatalogObject *origin, WarehouseInterval interval, bool built,
                            GTimeZone *zone, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_stale_read(EngineConn *conn, const char *model, GArray **ret,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool warehouse_stale_write(EngineConn *conn, const char *model, const GArray *ranges,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
