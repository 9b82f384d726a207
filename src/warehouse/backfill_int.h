/* A backfill inside: what it will do, and the tasks of that. backfill_plan.c decides, backfill.c records and
 * carries out. */
#ifndef WEIR_WAREHOUSE_BACKFILL_INT_H
#define WEIR_WAREHOUSE_BACKFILL_INT_H

#include "warehouse/intervals.h"
#include "warehouse/runner.h"

#define WAREHOUSE_MAX_BACKFILL_TASKS 500000

typedef struct {
    const CatalogObject *model;
    bool whole;     /* not by interval: built once, after all that it reads */
    GArray *ranges; /* WarehouseInterval, whole units; empty when whole */
    gint64 n_units;
    gint64 unit_us; /* estimated time of one unit (whole: of the build); -1 = never run */
    double unit_rows;
} BackfillEntry;

/* A task: one entry, some units. */
typedef struct {
    guint entry;
    gint64 start_us, end_us; /* 0, 0 = whole */
} BackfillTask;
typedef struct {
    guint task, on;
    bool needs;
} BackfillLink;

typedef struct {
    char *id;
    const CatalogObject *origin;
    gint64 start_us, end_us;
    bool descending;
    unsigned parallel;
    gint64 batch;
    GArray *entries;  /* BackfillEntry, each after what it reads */
    GArray *tasks;    /* BackfillTask, in the order in which they start where nothing else decides */
    GArray *links;    /* BackfillLink */
    json_t *left_out; /* [{model, why}] */
} Backfill;
void warehouse_backfill_free(Backfill *backfill);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Backfill, warehouse_backfill_free)
Backfill *warehouse_backfill_new(void);
void warehouse_backfill_add(Backfill *backfill, const CatalogObject *model, GArray *ranges); /* takes them */

/* Decides entries from what is done now. */
Backfill *warehouse_backfill_decide(EngineConn *conn, CatalogSnapshot *snapshot,
                                    const WarehouseBackfillAsk *ask, GTimeZone *zone,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Tasks and links from the entries. */
bool warehouse_backfill_expand(Backfill *backfill, CatalogSnapshot *snapshot, GTimeZone *zone,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Estimates, from past runs; then the plan as people see it. */
bool warehouse_backfill_estimate(EngineConn *conn, Backfill *backfill,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *warehouse_backfill_to_json(const Backfill *backfill, GTimeZone *zone);

#endif
