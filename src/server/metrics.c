/* Counters of /metrics. */
#include "server/metrics.h"

#include <stdatomic.h>

static _Atomic gint64 values[SERVER_N_METRICS];

static const struct {
    const char *name, *type, *help;
} table[] = {
#define X(id, name, type, help) {name, type, help},
    SERVER_METRIC_TABLE(X)
#undef X
};

void server_metric_add(ServerMetric metric, gint64 n)
{
    atomic_fetch_add_explicit(&values[metric], n, memory_order_relaxed);
}

gint64 server_metric_get(ServerMetric metric)
{
    return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

void server_metrics_print(GString *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        gboolean in_us = g_str_equal(table[i].type, "counter_us");
        gint64 value = server_metric_get((ServerMetric)i);
        g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", table[i].name, table[i].help,
                               table[i].name, in_us ? "counter" : table[i].type);
        if (in_us) {
            g_string_append_printf(out, "%s %" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT "\n", table[i].name,
                                   value / 1000000, value % 1000000);
        } else {
            g_string_append_printf(out, "%s %" G_GINT64_FORMAT "\n", table[i].name, value);
        }
    }
}
