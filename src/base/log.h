/* Log: logfmt lines on stderr. Only server and cli log; libraries return errors. Thread-safe. */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

#include <glib.h>
#include <stdbool.h>

typedef enum { BASE_LOG_ERROR, BASE_LOG_WARN, BASE_LOG_INFO, BASE_LOG_DEBUG } BaseLogLevel;

bool base_log_set_level(const char *name); /* false: no such level */
bool base_log_enabled(BaseLogLevel level);

/* base_log(BASE_LOG_INFO, "load done", "label", label, "rows", "12", NULL): pairs of texts, NULL ends. */
void base_log(BaseLogLevel level, const char *message, ...) G_GNUC_NULL_TERMINATED;
/* With `what` and the error's code, hint and place. */
void base_log_error(const char *what, const GError *error);

#endif
