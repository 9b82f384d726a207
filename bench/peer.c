/* The peer of the load benches: DuckDB's own ways, in-process, with the settings that Weir uses.
 *
 *   peer copy DB FILE csv|json      COPY FILE INTO plays (a fresh file), seconds until committed
 *   peer commits DB THREADS ROWS S  one durable transaction for each load of ROWS rows, for S seconds
 *   peer upsert DB ROWS BATCH N     ON CONFLICT DO UPDATE, N batches of BATCH rows into ROWS rows
 *   peer scd2 DB ROWS CHANGES N     the SQL of dbt's snapshot (strategy timestamp, merge), N batches
 *   peer query DB SQL N             the statement prepared once and ad hoc, N times, in-process
 * Prints one line of JSON. */
#include <duckdb.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static duckdb_database database;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(duckdb_connection conn, const char *sql)
{
    duckdb_result result;
    if (duckdb_query(conn, sql, &result) == DuckDBError) {
        fprintf(stderr, "peer: %s: %s\n", sql, duckdb_result_error(&result));
        exit(1);
    }
    duckdb_destroy_result(&result);
}

static duckdb_connection open_database(const char *path)
{
    duckdb_connection conn;
    if (duckdb_open(path, &database) == DuckDBError || duckdb_connect(database, &conn) == DuckDBError) {
        fprintf(stderr, "peer: cannot open %s\n", path);
        exit(1);
    }
    must(conn, "SET preserve_insertion_order = false");
    must(conn, "SET storage_compatibility_version = 'latest'");
    return conn;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double *values, size_t n, double p)
{
    qsort(values, n, sizeof *values, compare);
    return n ? values[(size_t)((double)(n - 1) * p)] : 0;
}

#define PLAYS                                                                                                \
    "(id BIGINT, ts TIMESTAMP, user_id INTEGER, country VARCHAR, url VARCHAR, seconds DOUBLE, song_id "      \
    "INTEGER, "                                                                                              \
    "skipped BOOLEAN)"

static int bench_copy(char **args)
{
    duckdb_connection conn = open_database(args[0]);
    must(conn, "CREATE TABLE plays " PLAYS);
    char sql[4096];
    const char *options =
        strcmp(args[2], "json") == 0 ? "FORMAT json" : "FORMAT csv, HEADER false, DELIMITER ','";
    snprintf(sql, sizeof sql, "COPY plays FROM '%s' (%s)", args[1], options);
    double start = now();
    must(conn, sql);
    printf("{\"seconds\": %.3f}\n", now() - start);
    return 0;
}

typedef struct {
    unsigned id, rows;
    double until;
    double *latencies;
    size_t n, room;
} Writer;

static void *write_loads(void *data)
{
    Writer *writer = data;
    duckdb_connection conn;
    if (duckdb_connect(database, &conn) == DuckDBError) {
        exit(1);
    }
    while (now() < writer->until && writer->n < writer->room) {
        double start = now();
        must(conn, "BEGIN");
        duckdb_appender appender;
        if (duckdb_appender_create(conn, NULL, "small", &appender) == DuckDBError) {
            exit(1);
        }
        for (unsigned row = 0; row < writer->rows; row++) {
            duckdb_append_int64(appender, (int64_t)writer->n);
            duckdb_append_int32(appender, (int32_t)row);
            duckdb_append_varchar(appender, "CN");
            duckdb_append_double(appender, 1.5);
            duckdb_append_bool(appender, true);
            duckdb_appender_end_row(appender);
        }
        duckdb_appender_destroy(&appender);
        must(conn, "COMMIT");
        writer->latencies[writer->n++] = now() - start;
    }
    duckdb_disconnect(&conn);
    return NULL;
}

static int bench_commits(char **args)
{
    duckdb_connection conn = open_database(args[0]);
    must(conn, "CREATE TABLE small (id BIGINT, n INTEGER, country VARCHAR, seconds DOUBLE, ok BOOLEAN)");
    unsigned threads = (unsigned)strtoul(args[1], NULL, 10);
    double seconds = strtod(args[3], NULL), start = now();
    Writer *writers = calloc(threads, sizeof *writers);
    pthread_t *ids = calloc(threads, sizeof *ids);
    for (unsigned i = 0; i < threads; i++) {
        writers[i] = (Writer){
            .id = i, .rows = (unsigned)strtoul(args[2], NULL, 10), .until = start + seconds, .room = 1000000};
        writers[i].latencies = calloc(writers[i].room, sizeof(double));
        pthread_create(&ids[i], NULL, write_loads, &writers[i]);
    }
    size_t total = 0;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        total += writers[i].n;
    }
    double took = now() - start, *all = calloc(total + 1, sizeof *all);
    size_t at = 0;
    for (unsigned i = 0; i < threads; i++) {
        memcpy(all + at, writers[i].latencies, writers[i].n * sizeof *all);
        at += writers[i].n;
    }
    printf("{\"loads_per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n", (double)total / took,
           1e3 * percentile(all, total, 0.5), 1e3 * percentile(all, total, 0.99));
    return 0;
}

static int bench_upsert(char **args)
{
    duckdb_connection conn = open_database(args[0]);
    char sql[1024];
    must(conn, "CREATE TABLE big (id BIGINT PRIMARY KEY, a DOUBLE, b INTEGER, c VARCHAR, ts TIMESTAMP)");
    snprintf(sql, sizeof sql,
             "INSERT INTO big SELECT i, i * 0.5, i %% 1000, 'c' || i %% 97, TIMESTAMP '2026-01-01' + "
             "to_seconds(i) "
             "FROM range(%s) t(i)",
             args[1]);
    must(conn, sql);
    must(conn, "CHECKPOINT");
    unsigned n = (unsigned)strtoul(args[3], NULL, 10);
    double *times = calloc(n, sizeof *times);
    for (unsigned i = 0; i < n; i++) {
        snprintf(sql, sizeof sql,
                 "CREATE OR REPLACE TEMP TABLE batch AS SELECT DISTINCT ON (id) (random() * %s * "
                 "1.1)::BIGINT AS id, 1.5 AS a, "
                 "%u AS b, 'x' AS c, TIMESTAMP '2026-02-01' AS ts FROM range(%s)",
                 args[1], i, args[2]);
        must(conn, sql);
        double start = now();
        must(conn, "INSERT INTO big SELECT * FROM batch ON CONFLICT (id) DO UPDATE SET a = excluded.a, b = "
                   "excluded.b, "
                   "c = excluded.c, ts = excluded.ts");
        times[i] = now() - start;
    }
    printf("{\"batch_ms\": %.2f}\n", 1e3 * percentile(times, n, 0.5));
    return 0;
}

/* What dbt-duckdb runs for a snapshot with strategy timestamp (dbt-adapters, snapshots/helpers.sql and
 * snapshot_merge.sql), its names kept, Jinja filled in. */
static const char SNAPSHOT_STAGING[] =
    "CREATE OR REPLACE TEMP TABLE snapshot__dbt_tmp AS WITH snapshot_query AS (SELECT * FROM source), "
    "snapshotted_data AS (SELECT *, id AS dbt_unique_key FROM snapshot WHERE dbt_valid_to IS NULL), "
    "insertions_source_data AS (SELECT *, id AS dbt_unique_key, updated_at AS dbt_updated_at, updated_at AS "
    "dbt_valid_from, nullif(updated_at, updated_at) AS dbt_valid_to, md5(coalesce(CAST(id AS VARCHAR), '') "
    "|| '|' || "
    "coalesce(CAST(updated_at AS VARCHAR), '')) AS dbt_scd_id FROM snapshot_query), "
    "updates_source_data AS (SELECT *, id AS dbt_unique_key, updated_at AS dbt_updated_at, updated_at AS "
    "dbt_valid_from, updated_at AS dbt_valid_to FROM snapshot_query), "
    "insertions AS (SELECT 'insert' AS dbt_change_type, source_data.* FROM insertions_source_data AS "
    "source_data LEFT "
    "JOIN snapshotted_data ON snapshotted_data.dbt_unique_key = source_data.dbt_unique_key WHERE "
    "snapshotted_data.dbt_unique_key IS NULL OR snapshotted_data.dbt_valid_from < source_data.updated_at), "
    "updates AS (SELECT 'update' AS dbt_change_type, source_data.*, snapshotted_data.dbt_scd_id FROM "
    "updates_source_data AS source_data JOIN snapshotted_data ON snapshotted_data.dbt_unique_key = "
    "source_data.dbt_unique_key WHERE snapshotted_data.dbt_valid_from < source_data.updated_at) "
    "SELECT * FROM insertions UNION ALL SELECT * FROM updates";

static int bench_scd2(char **args)
{
    duckdb_connection conn = open_database(args[0]);
    char sql[1024];
    snprintf(sql, sizeof sql,
             "CREATE TABLE snapshot AS SELECT i AS id, 'c' || i %% 97 AS city, i * 0.5 AS score, TIMESTAMP "
             "'2026-01-01' "
             "AS updated_at, md5(CAST(i AS VARCHAR) || '|2026-01-01 00:00:00') AS dbt_scd_id, TIMESTAMP "
             "'2026-01-01' AS "
             "dbt_updated_at, TIMESTAMP '2026-01-01' AS dbt_valid_from, CAST(NULL AS TIMESTAMP) AS "
             "dbt_valid_to FROM "
             "range(%s) t(i)",
             args[1]);
    must(conn, sql);
    must(conn, "CHECKPOINT");
    unsigned n = (unsigned)strtoul(args[3], NULL, 10);
    double *times = calloc(n, sizeof *times);
    for (unsigned i = 0; i < n; i++) {
        snprintf(sql, sizeof sql,
                 "CREATE OR REPLACE TABLE source AS SELECT (i * 97 + %u) %% %s AS id, 'x' AS city, 1.5 AS "
                 "score, TIMESTAMP "
                 "'2026-02-01' + INTERVAL %u DAY AS updated_at FROM range(%s) t(i)",
                 i, args[1], i, args[2]);
        must(conn, sql);
        double start = now();
        must(conn, SNAPSHOT_STAGING);
        must(conn, "BEGIN");
        must(
            conn,
            "UPDATE snapshot SET dbt_valid_to = s.dbt_valid_to FROM snapshot__dbt_tmp s WHERE s.dbt_scd_id = "
            "snapshot.dbt_scd_id AND s.dbt_change_type = 'update' AND snapshot.dbt_valid_to IS NULL");
        must(conn, "INSERT INTO snapshot SELECT id, city, score, updated_at, dbt_scd_id, dbt_updated_at, "
                   "dbt_valid_from, "
                   "dbt_valid_to FROM snapshot__dbt_tmp WHERE dbt_change_type = 'insert'");
        must(conn, "COMMIT");
        times[i] = now() - start;
    }
    printf("{\"batch_ms\": %.2f}\n", 1e3 * percentile(times, n, 0.5));
    return 0;
}

static int bench_query(char **args)
{
    duckdb_config config;
    duckdb_create_config(&config);
    duckdb_set_config(config, "access_mode", "READ_ONLY");
    duckdb_connection conn;
    if (duckdb_open_ext(args[0], &database, config, NULL) == DuckDBError ||
        duckdb_connect(database, &conn) == DuckDBError) {
        fprintf(stderr, "peer: cannot open %s\n", args[0]);
        return 1;
    }
    unsigned n = (unsigned)strtoul(args[2], NULL, 10);
    double *times = calloc(n, sizeof *times);
    for (unsigned i = 0; i < n; i++) {
        double start = now();
        must(conn, args[1]);
        times[i] = now() - start;
    }
    printf("{\"p50_ms\": %.4f, \"p99_ms\": %.4f}\n", 1e3 * percentile(times, n, 0.5),
           1e3 * percentile(times, n, 0.99));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "copy") == 0) {
        return bench_copy(argv + 2);
    }
    if (argc == 6 && strcmp(argv[1], "commits") == 0) {
        return bench_commits(argv + 2);
    }
    if (argc == 6 && strcmp(argv[1], "upsert") == 0) {
        return bench_upsert(argv + 2);
    }
    if (argc == 6 && strcmp(argv[1], "scd2") == 0) {
        return bench_scd2(argv + 2);
    }
    if (argc == 5 && strcmp(argv[1], "query") == 0) {
        return bench_query(argv + 2);
    }
    fprintf(stderr, "usage: peer copy|commits|upsert|scd2|query ...\n");
    return 2;
}
