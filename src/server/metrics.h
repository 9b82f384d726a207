/* Counters of /metrics: process-wide, atomic, cheap enough for hot paths. One table gives name, type and
 * help. */
#ifndef WEIR_SERVER_METRICS_H
#define WEIR_SERVER_METRICS_H

#include <glib.h>

/* X(id, name, type, help) */
#define SERVER_METRIC_TABLE(X)                                                                               \
    X(HTTP_REQUESTS, "weir_http_requests_total", "counter", "HTTP requests answered")                        \
    X(HTTP_ERRORS, "weir_http_errors_total", "counter", "HTTP requests answered with status 400 or above")   \
    X(HTTP_ACTIVE, "weir_http_requests_active", "gauge", "HTTP requests in progress")                        \
    X(HTTP_SECONDS, "weir_http_request_seconds_sum", "counter_us", "Time in HTTP requests")                  \
    X(QUERIES, "weir_queries_total", "counter", "SQL statements run, through all doors")                     \
    X(QUERY_ERRORS, "weir_query_errors_total", "counter", "SQL statements that failed")                      \
    X(QUERY_SECONDS, "weir_query_seconds_sum", "counter_us", "Time in SQL statements")                       \
    X(QUERY_ROWS, "weir_query_rows_total", "counter", "Rows sent to clients")                                \
    X(LOADS, "weir_loads_total", "counter", "Loads that succeeded")                                          \
    X(LOAD_ERRORS, "weir_load_errors_total", "counter", "Loads that failed")                                 \
    X(LOAD_ROWS, "weir_load_rows_total", "counter", "Rows loaded")                                           \
    X(LOAD_BYTES, "weir_load_bytes_total", "counter", "Bytes received by loads")                             \
    X(LOAD_SECONDS, "weir_load_seconds_sum", "counter_us", "Time in loads")                                  \
    X(MYSQL_SESSIONS, "weir_mysql_sessions", "gauge", "MySQL sessions now")                                  \
    X(MYSQL_CONNECTIONS, "weir_mysql_connections_total", "counter", "MySQL connections accepted")            \
    X(SIGN_IN_FAILURES, "weir_sign_in_failures_total", "counter", "Sign-ins refused")

typedef enum {
#define X(id, name, type, help) SERVER_METRIC_##id,
    SERVER_METRIC_TABLE(X)
#undef X
        SERVER_N_METRICS
} ServerMetric;

void server_metric_add(ServerMetric metric, gint64 n);
gint64 server_metric_get(ServerMetric metric);
/* All of the table in Prometheus's text format. */
void server_metrics_print(GString *out);

#endif
