/* The schedule inside: schedule.c says what fires, schedule_state.c what people asked for and see of it. */
#ifndef WEIR_WAREHOUSE_SCHEDULE_INT_H
#define WEIR_WAREHOUSE_SCHEDULE_INT_H

#include "schedule/spec.h"
#include "warehouse/warehouse_int.h"

/* Of an object, whatever its schedule is now; 0 = never. */
typedef struct {
    gint64 begun_us, done_us; /* last run that began; that ended well */
    gint64 fired_us;          /* last firing that was given out */
    gint64 resumed_us;
    gint64 warned_us, missed_us; /* firing whose deadline was told of */
    bool paused;
} WarehouseRemembered;

typedef struct {
    const CatalogObject *object;
    ScheduleSpec *spec;
    ScheduleCalendar *calendar; /* NULL = none */
    bool calendar_unknown;      /* the calendar is not in weir.yml: it does not fire, and the list says so */
    GTimeZone *zone;
} WarehouseEntry;
void warehouse_entry_free(gpointer entry);

/* With the state lock. */
WarehouseRemembered *warehouse_remembered(Warehouse *warehouse, const char *id);
GPtrArray *warehouse_entries(Warehouse *warehouse, CatalogSnapshot *snapshot); /* WarehouseEntry*; borrowed */
gint64 warehouse_entry_next(Warehouse *warehouse, const WarehouseEntry *entry);
/* When the entry's deadline is to be looked at next; G_MAXINT64 = it is not. */
gint64 warehouse_deadline_next(Warehouse *warehouse, const WarehouseEntry *entry, gint64 now_us);

#endif
