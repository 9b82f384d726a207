/* What fired is carried out: by the scheduler's workers, and by POST /api/v1/schedule/tick. */
#ifndef WEIR_SERVER_SCHEDULER_H
#define WEIR_SERVER_SCHEDULER_H

#include "server/app.h"

/* Sources first, then models, firing by firing (WarehouseFiring*). Failures are logged and recorded; false =
 * there was one. */
bool server_scheduler_carry_out(ServerApp *app, GPtrArray *firings);

#endif
