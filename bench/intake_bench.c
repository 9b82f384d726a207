/* Loading against the engine's own ways, in one run with the same settings:
 *   csv     N rows x 8 columns: spool + load against COPY of the same file; NDJSON against INSERT ... FROM
 * read_json small   100 threads x 10-row loads, durable, against one transaction a load upsert  batches of
 * 10,000 into N rows against ON CONFLICT (with its primary key) and against the same table Usage:
 * intake_bench [csv|json|small|upsert|all] [N, default 10000000]. Prints one line of JSON a measurement. */
#include <stdio.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "intake/intake.h"

typedef struct {
    char *dir, *spool;
    Engine *engine;
    Intake *intake;
    EngineConn *conn;
    gint64 n;
} Bench;

static void must(bool ok, GError *error)
{
    if (!ok) {
        fprintf(stderr, "%s\n", error ? error->message : "failed");
        exit(1);
    }
}

static void exec(Bench *b, const char *sql)
{
    GError *error = NULL;
    must(engine_exec(b->conn, sql, &error), error);
}

static void bench_open(Bench *b)
{
    GError *error = NULL;
    b->dir = g_dir_make_tmp("weir-bench-XXXXXX", &error);
    must(b->dir != NULL, error);
    b->spool = g_build_filename(b->dir, "spool", NULL);
    must(base_fs_mkdir(b->spool, &error), error);
    g_autofree char *path = g_build_filename(b->dir, "warehouse.duckdb", NULL);
    const EngineOptions options = {
        .path = path, .spool_dir = b->spool, .temp_max_bytes = 32LL << 30, .checkpoint_wal_bytes = 32 << 20};
    b->engine = engine_open(&options, &error);
    must(b->engine != NULL, error);
    g_autoptr(BaseConfig) config = base_config_new();
    b->intake = intake_open(b->engine, b->dir, config, &error);
    must(b->intake != NULL, error);
    b->conn = engine_connect(b->engine, &error);
    must(b->conn != NULL, error);
}

static void bench_close(Bench *b)
{
    GError *error = NULL;
    engine_disconnect(b->conn);
    intake_close(b->intake);
    engine_unref(b->engine);
    must(base_fs_remove_tree(b->dir, &error), error);
    g_free(b->dir);
    g_free(b->spool);
}

static const char COLUMNS[] =
    "[{\"name\":\"id\",\"type\":\"BIGINT\"},{\"name\":\"ts\",\"type\":\"TIMESTAMP\"},"
    "{\"name\":\"n\",\"type\":\"INTEGER\"},{\"name\":\"code\",\"type\":\"VARCHAR\"},"
    "{\"name\":\"url\",\"type\":\"VARCHAR\"},{\"name\":\"x\",\"type\":\"DOUBLE\"},"
    "{\"name\":\"m\",\"type\":\"INTEGER\"},{\"name\":\"ok\",\"type\":\"BOOLEAN\"}]";
static const char DDL[] =
    "id BIGINT, ts TIMESTAMP, n INTEGER, code VARCHAR, url VARCHAR, x DOUBLE, m INTEGER, ok BOOLEAN";

static CatalogTable *make_table(Bench *b, const char *name, const char *model, const char *columns)
{
    GError *error = NULL;
    g_autoptr(json_t) list = base_json_parse(columns, strlen(columns), &error);
    g_autoptr(json_t) root =
        json_pack("{s:s, s:s, s:s, s:O}", "schema", "d", "name", name, "model", model, "columns", list);
    CatalogTable *table = catalog_table_from_json(root, &error);
    must(table != NULL, error);
    must(intake_table_create(b->intake, table, &error), error);
    return table;
}

static double seconds_since(gint64 start)
{
    return (double)(base_time_monotonic_us() - start) / 1e6;
}

/* Spools a file as an upload would come, then loads it. */
static double load_file(Bench *b, const CatalogTable *table, const char *path, const char *format)
{
    GError *error = NULL;
    gint64 start = base_time_monotonic_us();
    g_autoptr(IntakeOptions) options = intake_options_new();
    must(intake_options_set(options, "format", format, &error) &&
             intake_options_set(options, "column_separator", ",", &error) &&
             intake_options_check(options, &error),
         error);
    g_autoptr(IntakeSpool) spool = intake_spool_new(b->intake);
    g_autofree char *buffer = g_malloc(1 << 16);
    FILE *file = fopen(path, "rb");
    for (size_t n; (n = fread(buffer, 1, 1 << 16, file)) > 0;) {
        must(intake_spool_append(spool, buffer, n, &error), error);
    }
    fclose(file);
    IntakeResult result;
    must(intake_load(b->intake, table, options, spool, "bench", "local", &result, &error), error);
    intake_result_clear(&result);
    return seconds_since(start);
}

static void generate(Bench *b, const char *path, const char *format)
{
    g_autofree char *sql = g_strdup_printf(
        "COPY (SELECT i AS id, TIMESTAMP '2026-01-01' + to_seconds(i::BIGINT) AS ts, (hash(i) %% "
        "100000)::INTEGER AS n, "
        "chr(97 + (i %% 26)::INTEGER) || chr(97 + (i %% 7)::INTEGER) AS code, 'https://example.org/p/' || "
        "lpad((hash(i) %% 100000000)::VARCHAR, 8, '0') AS url, "
        "round((hash(i + 1) %% 1000000)::DOUBLE / 1000, 3) AS x, (i %% 1000)::INTEGER AS m, i %% 3 = 0 AS ok "
        "FROM range(%" G_GINT64_FORMAT ") r(i)) TO '%s' (%s)",
        b->n, path, format);
    exec(b, sql);
}

static void bench_bulk(Bench *b, const char *kind)
{
    bool json = strcmp(kind, "json") == 0;
    g_autofree char *path = g_strdup_printf("%s/input.%s", b->spool, kind);
    generate(b, path, json ? "FORMAT json" : "FORMAT csv, HEADER false");
    g_autofree char *peer = g_strdup_printf(
        json ? "INSERT INTO d.peer%d SELECT * FROM read_json('%s', format = 'newline_delimited', columns = "
               "{id: 'BIGINT', ts: 'TIMESTAMP', n: 'INTEGER', code: 'VARCHAR', url: 'VARCHAR', x: 'DOUBLE', "
               "m: 'INTEGER', ok: 'BOOLEAN'})"
             : "COPY d.peer%d FROM '%s' (FORMAT csv, HEADER false, DELIMITER ',')",
        0, path);
    exec(b, "CREATE SCHEMA IF NOT EXISTS d");
    for (int round = 0; round < 2; round++) {
        g_autofree char *ddl = g_strdup_printf("CREATE OR REPLACE TABLE d.peer0 (%s)", DDL);
        exec(b, ddl);
        gint64 start = base_time_monotonic_us();
        exec(b, peer);
        double theirs = seconds_since(start);
        g_autofree char *name = g_strdup_printf("load_%s%d", kind, round);
        g_autoptr(CatalogTable) table = make_table(b, name, "duplicate", COLUMNS);
        double ours = load_file(b, table, path, kind);
        g_autofree char *drop = g_strdup_printf("DROP TABLE d.%s", name);
        exec(b, drop);
        printf("{\"bench\": \"%s\", \"rows\": %" G_GINT64_FORMAT
               ", \"weir_s\": %.3f, \"peer_s\": %.3f, \"ratio\": %.2f}\n",
               kind, b->n, ours, theirs, theirs / ours);
        fflush(stdout);
    }
}

/* ---- small loads
 * ------------------------------------------------------------------------------------------------ */

typedef struct {
    Bench *b;
    const CatalogTable *table; /* NULL: the peer */
    gint64 until_us, done;
    GArray *latencies;
} Client;

static const char ROWS[] = "1,2026-01-01 00:00:00,2,ab,https://example.org/p/00000001,1.5,3,true\n";

static void one_load(Client *c, IntakeOptions *options, EngineConn *conn)
{
    GError *error = NULL;
    if (!c->table) {
        must(engine_exec(conn,
                         "BEGIN; INSERT INTO d.each SELECT 1, TIMESTAMP '2026-01-01', 2, 'ab', "
                         "'https://example.org/p/00000001', 1.5, 3, true "
                         "FROM range(10); COMMIT",
                         &error),
             error);
        return;
    }
    g_autoptr(IntakeSpool) spool = intake_spool_new(c->b->intake);
    for (int i = 0; i < 10; i++) {
        must(intake_spool_append(spool, ROWS, sizeof ROWS - 1, &error), error);
    }
    IntakeResult result;
    must(intake_load(c->b->intake, c->table, options, spool, "bench", "local", &result, &error), error);
    intake_result_clear(&result);
}

static gpointer client_main(gpointer user)
{
    Client *c = user;
    GError *error = NULL;
    g_autoptr(IntakeOptions) options = intake_options_new();
    must(intake_options_set(options, "column_separator", ",", &error) &&
             intake_options_check(options, &error),
         error);
    g_autoptr(EngineConn) conn = engine_connect(c->b->engine, &error);
    must(conn != NULL, error);
    while (base_time_monotonic_us() < c->until_us) {
        gint64 start = base_time_monotonic_us();
        one_load(c, options, conn);
        gint64 took = base_time_monotonic_us() - start;
        g_array_append_val(c->latencies, took);
        c->done++;
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

static double clients(Bench *b, const CatalogTable *table, double *ret_p99_ms)
{
    enum { N = 100, SECONDS = 4 };
    Client all[N];
    GThread *threads[N];
    gint64 start = base_time_monotonic_us(), done = 0;
    for (int i = 0; i < N; i++) {
        all[i] = (Client){b, table, start + SECONDS * BASE_TIME_SECOND_US, 0,
                          g_array_new(FALSE, FALSE, sizeof(gint64))};
        threads[i] = g_thread_new("client", client_main, &all[i]);
    }
    g_autoptr(GArray) latencies = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (int i = 0; i < N; i++) {
        g_thread_join(threads[i]);
        done += all[i].done;
        g_array_append_vals(latencies, all[i].latencies->data, all[i].latencies->len);
        g_array_unref(all[i].latencies);
    }
    qsort(latencies->data, latencies->len, sizeof(gint64), by_value);
    *ret_p99_ms = (double)g_array_index(latencies, gint64, latencies->len * 99 / 100) / 1000;
    return (double)done / seconds_since(start);
}

static void bench_small(Bench *b)
{
    g_autoptr(CatalogTable) table = make_table(b, "small", "duplicate", COLUMNS);
    g_autofree char *ddl = g_strdup_printf("CREATE TABLE d.each (%s)", DDL);
    exec(b, ddl);
    double peer_p99, p99, peer = clients(b, NULL, &peer_p99), ours = clients(b, table, &p99);
    printf("{\"bench\": \"small\", \"weir_loads_s\": %.0f, \"peer_loads_s\": %.0f, \"ratio\": %.1f, "
           "\"weir_p99_ms\": %.1f, \"peer_p99_ms\": %.1f}\n",
           ours, peer, ours / peer, p99, peer_p99);
}

/* ---- upserts
 * ------------------------------------------------------------------------------------------------------- */

static const char KEYED[] = "[{\"name\":\"k\",\"type\":\"BIGINT\",\"key\":true,\"not_null\":true},{\"name\":"
                            "\"x\",\"type\":\"DOUBLE\"},"
                            "{\"name\":\"n\",\"type\":\"INTEGER\"},{\"name\":\"s\",\"type\":\"VARCHAR\"},{"
                            "\"name\":\"ts\",\"type\":\"TIMESTAMP\"}]";

static double upsert_ours(Bench *b, const CatalogTable *table, const char *path)
{
    return load_file(b, table, path, "csv");
}

static void bench_upsert(Bench *b)
{
    const int rounds = 6;
    g_autoptr(CatalogTable) table = make_table(b, "up", "unique", KEYED);
    g_autofree char *fill = g_strdup_printf(
        "INSERT INTO d.up SELECT i, i / 7, i %% 1000, 'name ' || i, TIMESTAMP '2026-01-01', 0 FROM "
        "range(%" G_GINT64_FORMAT ") r(i);"
        "CREATE TABLE d.pk (k BIGINT PRIMARY KEY, x DOUBLE, n INTEGER, s VARCHAR, ts TIMESTAMP);"
        "INSERT INTO d.pk SELECT k, x, n, s, ts FROM d.up",
        b->n);
    exec(b, fill);
    double ours = 0, theirs = 0;
    for (int i = 0; i < rounds; i++) {
        g_autofree char *path = g_strdup_printf("%s/batch%d.csv", b->spool, i);
        g_autofree char *make = g_strdup_printf(
            "COPY (SELECT (hash(i + %d) %% %" G_GINT64_FORMAT
            ")::BIGINT AS k, i / 3 AS x, i AS n, 'new ' || i AS s, TIMESTAMP '2026-02-01' AS ts "
            "FROM range(10000) r(i) QUALIFY row_number() OVER (PARTITION BY k) = 1) TO '%s' (FORMAT csv, "
            "HEADER false)",
            i * 10000, b->n * 11 / 10, path);
        exec(b, make);
        ours += upsert_ours(b, table, path);
        g_autofree char *peer =
            g_strdup_printf("INSERT INTO d.pk SELECT * FROM read_csv('%s', header = false, columns = {k: "
                            "'BIGINT', x: 'DOUBLE', n: 'INTEGER', s: 'VARCHAR', "
                            "ts: 'TIMESTAMP'}) ON CONFLICT DO UPDATE SET x = excluded.x, n = excluded.n, s = "
                            "excluded.s, ts = excluded.ts",
                            path);
        gint64 start = base_time_monotonic_us();
        exec(b, peer);
        theirs += seconds_since(start);
    }
    printf("{\"bench\": \"upsert\", \"rows\": %" G_GINT64_FORMAT
           ", \"batch\": 10000, \"weir_ms\": %.1f, \"on_conflict_ms\": %.1f, \"ratio\": %.1f}\n",
           b->n, ours * 1000 / rounds, theirs * 1000 / rounds, theirs / ours);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "all";
    Bench b = {.n = 10000000};
    if (argc > 2 && !base_text_to_int(argv[2], 1000, G_MAXINT32, &b.n)) {
        fprintf(stderr, "the number of rows is 1000 or more\n");
        return 2;
    }
    bool all = strcmp(what, "all") == 0;
    bench_open(&b);
    if (all || strcmp(what, "csv") == 0) {
        bench_bulk(&b, "csv");
    }
    if (all || strcmp(what, "json") == 0) {
        bench_bulk(&b, "json");
    }
    if (all || strcmp(what, "small") == 0) {
        bench_small(&b);
    }
    if (all || strcmp(what, "upsert") == 0) {
        bench_upsert(&b);
    }
    bench_close(&b);
    return 0;
}
