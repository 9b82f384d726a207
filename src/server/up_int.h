/* The threads of `weir up` beside the doors. */
#ifndef WEIR_SERVER_UP_INT_H
#define WEIR_SERVER_UP_INT_H

#include "server/app.h"

/* watch_files.c: tells the log when the project's files differ from what is applied. */
typedef struct ServerFileWatch ServerFileWatch;
ServerFileWatch *server_file_watch_start(ServerApp *app, GError **error);
void server_file_watch_stop(ServerFileWatch *watch);

/* scheduler.c: runs what is due. */
typedef struct ServerScheduler ServerScheduler;
ServerScheduler *server_scheduler_start(ServerApp *app);
/* The running batch finishes first; once more stops it at once. */
void server_scheduler_stop(ServerScheduler *scheduler);
void server_scheduler_free(ServerScheduler *scheduler);

/* reporter.c: sends reports, looks at alerts. Stop waits for a message that is being sent. */
typedef struct ServerReporter ServerReporter;
ServerReporter *server_reporter_start(ServerApp *app);
void server_reporter_stop(ServerReporter *reporter);

#endif
