/* Is what the warehouse holds what the source holds? Compare, list, repair; account for every row of a load;
 * compare layers through the metrics that both carry.
 *
 * Two relations are compared by count and by sums of row hashes over buckets of the key (one scan each when
 * they are equal), then row by row inside the buckets that differ. A table is compared with its source by
 * replaying what the source holds now, with the same definition, into a shadow table: so columns, filters,
 * rejects and table models count in the same way on both sides. */
#ifndef WEIR_RECONCILE_RECONCILE_H
#define WEIR_RECONCILE_RECONCILE_H

#include "catalog/catalog.h"
#include "intake/intake.h"
#include "warehouse/warehouse.h"

#define RECONCILE_MAX_LISTED 10000 /* differences listed in an answer */

typedef struct Reconcile Reconcile;
/* Borrows all; one comparison with a source runs at a time, and drops what an interrupted one left. */
Reconcile *reconcile_new(Engine *engine, Intake *intake, Warehouse *warehouse);
void reconcile_free(Reconcile *reconcile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reconcile, reconcile_free)

typedef struct {
    const char *const *key;     /* NULL-terminated; NULL = the key of the target, else all columns */
    const char *const *columns; /* compared beside the key; NULL = all that both have */
    const char *where;          /* SQL over both sides; NULL = all rows */
    size_t limit;               /* differences listed; 0 = RECONCILE_MAX_LISTED */
} ReconcileAsk;

/* Compares two tables or models; `source` is taken to be right. *ret: {source, target, key:[...],
 * columns:[...], source_rows, target_rows, equal, n_missing, n_extra, n_different, missing:[[key values]],
 * extra:[[key values]], different:[[[key values], [columns]]], listed_all, buckets, buckets_different}.
 * missing = in the source alone. Keys are compared with NULL equal to NULL; values by the target's type: a
 * key of the source that is none of that type is missing, and shown as text. Errors: COLUMN_UNKNOWN,
 * VALUE_INVALID, SQL_FAILED, CONFLICT. Thread: any. */
bool reconcile_tables(Reconcile *reconcile, const CatalogObject *source, const CatalogObject *target,
                      const ReconcileAsk *ask, json_t **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    ReconcileAsk ask;
    bool repair; /* write what is missing or different */
    /* with repair: delete what the source no longer has. Without it only where an entry has mode snapshot or
     * cdc: a file that was taken away is no deletion elsewhere */
    bool delete_extra;
    bool refill;      /* then build again what was made from the rows concerned */
    const char *root; /* the project's folder, in which the sources' files are */
} ReconcileSourceAsk;
/* Compares a loaded table with the sources that load it (`sources.tables[].to`). Rows that came another way
 * (Stream Load, INSERT) are no business of the source: their keys are left out and counted as `other`.
 * *ret: as above with {other, repaired: {deleted, inserted} | null, left?: extra rows not deleted, range:
 * {start, end} | null, touched: [[start, end]] (time whose rows differ, in hours; null as range),
 * stale:[models], refilled:[runs] | null}. A repair marks done time of what depends on the touched time as
 * stale; a refill builds that again, and what is not built by interval. A repair is one transaction; when the
 * table was loaded between comparison and repair nothing is done (CONFLICT). Errors: SOURCE_NONE, and as
 * above. */
bool reconcile_source(Reconcile *reconcile, CatalogSnapshot *snapshot, const CatalogObject *table,
                      const ReconcileSourceAsk *ask, json_t **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The tables that some source loads: CatalogObject*, borrowed; free the array. */
GPtrArray *reconcile_sourced_tables(CatalogSnapshot *snapshot);

/* The ledger: at each hop and day where the rows went that came in, [{table, day, hop: load | run, loads,
 * rows_in, written, rejected, deduplicated, deleted, unselected, present, gone, balanced}]. Of a load:
 * deduplicated = older than what the table holds of its key, beaten within the load, or added up with another
 * (aggregate); deleted = rows that asked for a deletion; `present` counts rows of the table by the load that
 * wrote them; gone = written - present: replaced by newer rows of their keys, deleted, or lost. Of a run of a
 * model: rows of its SELECT, those that checks rejected, gave way to a later one of their key (scd2: or say
 * nothing that the history does not), lay outside the interval (scd2: came too late); present and gone null.
 * balanced = in is the sum of where they went, and no load has more rows (of a table that only grows: other
 * than) than it wrote. `table` NULL = all. */
json_t *reconcile_ledger(Reconcile *reconcile, CatalogSnapshot *snapshot, const CatalogObject *table,
                         unsigned days, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Difference of a day's rows of each loaded table against the day before and the same weekday before:
 * [{table, day, rows, yesterday, same_weekday, change, weekday_change, state: ok|warn|empty}]. `day_us` lies
 * in the day. */
json_t *reconcile_daily(Reconcile *reconcile, CatalogSnapshot *snapshot, gint64 day_us,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Each additive atomic metric against every coarser table that carries a column of its name, day by day:
 * [{metric, detail, table, column, days, days_different, first_day, detail_value, table_value, equal}]. */
json_t *reconcile_layers(Reconcile *reconcile, CatalogSnapshot *snapshot,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
