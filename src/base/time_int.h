/* Local time resolution, shared by time.c and cron.c. */
#ifndef WEIR_BASE_TIME_INT_H
#define WEIR_BASE_TIME_INT_H

#include "base/time.h"

typedef enum { BASE_TIME_ONCE, BASE_TIME_TWICE, BASE_TIME_SKIPPED } BaseTimeFold;

/* Where a wall-clock time stands in UTC. ONCE: first == last. TWICE: both passes. SKIPPED: `first` is the
 * moment of the change, `last` the time as far after it as the wall clock would have been (02:30 -> 03:30).
 */
typedef struct {
    BaseTimeFold fold;
    gint64 first, last;
} BaseTimeLocal;

BaseTimeLocal base_time_from_local(gint64 local_us, GTimeZone *zone);
/* Wall clock minus UTC, in us. NULL zone = UTC. */
gint64 base_time_offset_us(gint64 us, GTimeZone *zone);
gint64 base_time_floor_div(gint64 a, gint64 b);

#endif
