/* When a graph of tasks will have ended, were each to take as long as it is said to. */
#ifndef WEIR_SCHEDULE_FORECAST_H
#define WEIR_SCHEDULE_FORECAST_H

#include "schedule/graph.h"

/* Plays the graph (begun, none taken; it is used up) on `workers` at once from `now_us` on: ret_finish_us[i]
 * is when task i ends. `duration_us[i]` may be 0. O(n log n). */
void schedule_forecast(ScheduleGraph *graph, const gint64 *duration_us, unsigned workers, gint64 now_us,
                       gint64 *ret_finish_us);

#endif
