/* Training rows, beside the SQL that others run for them, in one engine and one run.
 *
 *   features_offline DB [ASKING SOURCE ENTITIES RUNS]
 *
 * The source has SOURCE rows of ENTITIES entities in the order of time, a tenth of them at the time of the
 * row before with another `created`; the asking rows have random entities (one in twenty unknown) and times.
 * ttl 30 days, three features. Each way leaves its rows in a temporary table; they must be the same, bit for
 * bit. Prints one line of JSON: least wall time and CPU time of each way. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"
#include "base/time.h"
#include "features/offline.h"

#define MAX_RUNS 20

static void must(bool ok, GError **error)
{
    if (!ok) {
        fprintf(stderr, "features_offline: %s\n", *error ? (*error)->message : "failed");
        exit(1);
    }
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void exec(EngineConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;
    must(engine_exec(conn, sql, &error), &error);
}

static const char SOURCE[] =
    "CREATE TABLE stats AS SELECT (i * 7919 %% %" G_GINT64_FORMAT ")::BIGINT AS driver_id, "
    "TIMESTAMP '2026-01-01' + to_hours((i // %" G_GINT64_FORMAT
    " * 9 // 10 * 21 + i * 7919 %% %" G_GINT64_FORMAT
    " %% 24)::INT) AS at_time, TIMESTAMP '2026-01-01' + to_minutes((i // %" G_GINT64_FORMAT
    ")::INT) AS created, (i * 31 %% 1000003) / 1000 AS conv_rate, (i %% 977)::FLOAT / 977 AS acc_rate, "
    "(i %% 5003)::INT AS trips FROM range(%" G_GINT64_FORMAT ") t(i)";
static const char ASKING[] =
    "CREATE TABLE asked AS SELECT (hash(i) %% %" G_GINT64_FORMAT "::UBIGINT)::BIGINT AS driver_id, "
    "TIMESTAMP '2026-01-01' + to_seconds((hash(i + 1000000007) %% 7000000::UBIGINT)::INT) AS "
    "event_timestamp, "
    "i AS label FROM range(%" G_GINT64_FORMAT ") t(i)";

/* The best ASOF form: time and created packed into one key. */
static const char ASOF[] =
    "CREATE OR REPLACE TEMP TABLE by_asof AS SELECT e.*, CASE WHEN s.at_time >= e.event_timestamp - INTERVAL "
    "30 "
    "DAY THEN "
    "s.conv_rate END AS conv_rate, CASE WHEN s.at_time >= e.event_timestamp - INTERVAL 30 DAY THEN "
    "s.acc_rate END AS "
    "acc_rate, CASE WHEN s.at_time >= e.event_timestamp - INTERVAL 30 DAY THEN s.trips END AS trips FROM "
    "asked e ASOF "
    "LEFT JOIN (SELECT *, (epoch_us(at_time)::HUGEINT << 54) + epoch_us(created) AS k FROM stats) s ON "
    "e.driver_id = "
    "s.driver_id AND (epoch_us(e.event_timestamp)::HUGEINT << 54) + 18014398509481983 >= s.k";
/* As feast-spark does: a join on the range, and the first of each asking row's rows. */
static const char FEAST[] =
    "CREATE OR REPLACE TEMP TABLE feast AS SELECT e.*, r.conv_rate, r.acc_rate, r.trips FROM asked e LEFT "
    "JOIN (SELECT * "
    "FROM (SELECT e.label, s.conv_rate, s.acc_rate, s.trips, row_number() OVER (PARTITION BY e.label ORDER "
    "BY s.at_time "
    "DESC, s.created DESC) AS n FROM asked e JOIN stats s ON s.driver_id = e.driver_id AND s.at_time <= "
    "e.event_timestamp AND s.at_time >= e.event_timestamp - INTERVAL 30 DAY) WHERE n = 1) r ON r.label = "
    "e.label";

/* ---- ours ------------------------------------------------------------------------------------------------
 */

static FeaturesKey key = {.name = (char[]){"driver_id"}, .type = FEATURES_INT64};
static FeaturesFeature features[] = {{.name = (char[]){"conv_rate"}, .type = FEATURES_DOUBLE},
                                     {.name = (char[]){"acc_rate"}, .type = FEATURES_FLOAT},
                                     {.name = (char[]){"trips"}, .type = FEATURES_INT32}};
static FeaturesView view = {.name = (char[]){"driver_stats"},
                            .from = FEATURES_FROM_TABLE,
                            .relation = (char[]){"stats"},
                            .time = (char[]){"at_time"},
                            .created = (char[]){"created"},
                            .ttl_us = 30 * G_GINT64_CONSTANT(86400000000),
                            .n_keys = 1,
                            .keys = &key,
                            .n_features = 3,
                            .features = features};

static void ours(EngineConn *conn)
{
    char *keys[] = {key.name, NULL};
    FeaturesUse use = {.view = &view, .name = view.name, .keys = keys};
    FeaturesPick picks[] = {{.feature = 0, .name = features[0].name},
                            {.feature = 1, .name = features[1].name},
                            {.feature = 2, .name = features[2].name}};
    const char *names[] = {key.name};
    FeaturesType types[] = {FEATURES_INT64};
    const FeaturesSelection selection = {.n_uses = 1,
                                         .uses = &use,
                                         .n_picks = 3,
                                         .picks = picks,
                                         .n_keys = 1,
                                         .keys = names,
                                         .key_types = types};
    const FeaturesAsk ask = {.selection = &selection, .relation = "asked"};
    g_autoptr(GError) error = NULL;
    must(features_retrieve(conn, &ask, "ours", NULL, NULL, NULL, &error), &error);
}

/* ---- timing -----------------------------------------------------------------------------------------------
 */

typedef struct {
    double wall, cpu;
} Cost;

static void time_one(EngineConn *conn, const char *sql, Cost *least)
{
    gint64 start = base_time_monotonic_us();
    double cpu = cpu_seconds();
    if (sql) {
        exec(conn, sql);
    } else {
        ours(conn);
    }
    least->wall = fmin(least->wall, (double)(base_time_monotonic_us() - start) / 1e6);
    least->cpu = fmin(least->cpu, cpu_seconds() - cpu);
}

static gint64 differences(EngineConn *conn, const char *other)
{
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM ours a FULL JOIN %s b USING (label) WHERE "
                                           "a.driver_id IS DISTINCT FROM b.driver_id OR "
                                           "a.event_timestamp IS DISTINCT FROM b.event_timestamp OR "
                                           "a.conv_rate IS DISTINCT FROM b.conv_rate OR a.acc_rate "
                                           "IS DISTINCT FROM b.acc_rate OR a.trips IS DISTINCT FROM b.trips",
                                           other);
    int64_t n;
    g_autoptr(GError) error = NULL;
    must(engine_query_int(conn, sql, &n, &error), &error);
    return n;
}

static void print_cost(const char *name, const Cost *cost)
{
    printf("\"%s_s\": %.3f, \"%s_cpu_s\": %.3f, ", name, cost->wall, name, cost->cpu);
}

static void bench(EngineConn *conn, gint64 asking, gint64 source, gint64 entities, gint64 runs)
{
    Cost mine = {1e9, 1e9}, asof = mine, feast = mine;
    g_autofree char *make = g_strdup_printf(SOURCE, entities, entities, entities, entities, source);
    g_autofree char *ask = g_strdup_printf(ASKING, entities * 21 / 20, asking);
    exec(conn, make);
    exec(conn, ask);
    exec(conn, "CHECKPOINT");
    for (gint64 i = 0; i < runs; i++) {
        time_one(conn, NULL, &mine);
        time_one(conn, ASOF, &asof);
        if (i < (runs + 1) / 2) {
            time_one(conn, FEAST, &feast);
        }
    }
    int64_t found;
    g_autoptr(GError) error = NULL;
    must(engine_query_int(conn, "SELECT count(trips) FROM ours", &found, &error), &error);
    printf("{\"asking\": %" G_GINT64_FORMAT ", \"source\": %" G_GINT64_FORMAT ", \"found\": %" G_GINT64_FORMAT
           ", ",
           asking, source, (gint64)found);
    print_cost("weir", &mine);
    print_cost("asof", &asof);
    print_cost("feast", &feast);
    printf("\"differences\": %" G_GINT64_FORMAT "}\n",
           differences(conn, "by_asof") + differences(conn, "feast"));
}

int main(int argc, char **argv)
{
    gint64 n[] = {1000000, 10000000, 100000, 5};
    for (int i = 2; i < argc && i < 6; i++) {
        if (!base_text_to_int(argv[i], 1, i == 5 ? MAX_RUNS : 1000000000, &n[i - 2])) {
            argc = 1;
        }
    }
    if (argc < 2) {
        fprintf(stderr, "usage: features_offline DB [ASKING SOURCE ENTITIES RUNS]\n");
        return 2;
    }
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.path = argv[1]};
    Engine *engine = engine_open(&options, &error);
    must(engine != NULL, &error);
    EngineConn *conn = engine_connect(engine, &error);
    must(conn != NULL, &error);
    bench(conn, n[0], n[1], n[2], n[3]);
    engine_disconnect(conn);
    engine_unref(engine);
    return 0;
}
