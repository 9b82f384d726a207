/* The engine's hot paths, beside a peer in the same run.
 *
 *   engine_bench format [ROWS]      8 mixed columns fetched and written as text rows, against printf
 *   engine_bench feed DIR [ROWS]    a feed INSERTed from two threads, against the engine's own generator
 *   engine_bench open DIR           opening, connecting, one small query
 * Prints one line of JSON. */
#include <stdio.h>
#include <time.h>

#include "base/text.h"
#include "base/time.h"
#include "engine/engine.h"

static void must(bool ok, GError **error)
{
    if (!ok) {
        fprintf(stderr, "engine_bench: %s\n", *error ? (*error)->message : "failed");
        exit(1);
    }
}

static double seconds_since(gint64 start_us)
{
    return (double)(base_time_monotonic_us() - start_us) / 1e6;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static Engine *open_at(const char *path)
{
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.path = path};
    Engine *engine = engine_open(&options, &error);
    must(engine != NULL, &error);
    return engine;
}

static EngineConn *connect_to(Engine *engine)
{
    g_autoptr(GError) error = NULL;
    EngineConn *conn = engine_connect(engine, &error);
    must(conn != NULL, &error);
    return conn;
}

/* ---- format ------------------------------------------------------------------------------------------ */

static const char rows_sql[] =
    "CREATE TABLE t AS SELECT i AS id, TIMESTAMP '2026-01-01' + to_milliseconds(i * 37) AS ts, (i * 7919 % "
    "100000)::INT AS n, "
    "['CN', 'US', 'DE', 'JP'][1 + i % 4] AS country, 'https://example.com/' || md5(i::VARCHAR)[:10] AS url, "
    "(i * 7919 % 1000003) / 1000 AS price, (i % 50)::INT AS q, i % 3 = 0 AS flag, "
    "((i * 31) % 10000000)::DECIMAL(12,2) / 100 AS amount FROM range(%) t(i)";

typedef void (*WriteRow)(const EngineColumn *columns, size_t n, size_t row, GString *out);

static void write_ours(const EngineColumn *columns, size_t n, size_t row, GString *out)
{
    for (size_t i = 0; i < n; i++) {
        gsize at = out->len;
        g_string_append_c(out, 0); /* the length of a MySQL text value */
        engine_column_append_text(&columns[i], row, out);
        out->str[at] = (char)(out->len - at - 1);
    }
}

static void write_printf(const EngineColumn *columns, size_t n, size_t row, GString *out)
{
    for (size_t i = 0; i < n; i++) {
        const EngineColumn *c = &columns[i];
        size_t len;
        g_string_append_c(out, 0);
        switch (c->type.id) {
        case ENGINE_INT64:
            g_string_append_printf(out, "%" G_GINT64_FORMAT, ((const int64_t *)c->data)[row]);
            break;
        case ENGINE_INT32:
            g_string_append_printf(out, "%d", ((const int32_t *)c->data)[row]);
            break;
        case ENGINE_DOUBLE:
            g_string_append_printf(out, "%.17g", ((const double *)c->data)[row]);
            break;
        case ENGINE_TEXT: {
            const char *bytes = engine_column_bytes(c, row, &len);
            g_string_append_len(out, bytes, (gssize)len);
            break;
        }
        case ENGINE_TIMESTAMP: {
            g_autofree char *text = base_time_format(((const int64_t *)c->data)[row], NULL);
            g_string_append(out, text);
            break;
        }
        default:
            engine_column_append_text(c, row, out);
        }
    }
}

static double fetch(EngineConn *conn, WriteRow write, int64_t *ret_bytes)
{
    g_autoptr(GError) error = NULL;
    gint64 start = base_time_monotonic_us();
    g_autoptr(EngineResult) result =
        engine_query(conn, "SELECT id, ts, n, country, url, price, q, amount FROM t", &error);
    must(result != NULL, &error);
    size_t n = engine_result_n_columns(result);
    g_autofree EngineColumn *columns = g_new0(EngineColumn, n);
    g_autoptr(GString) out = g_string_sized_new(1 << 20);
    EngineChunk *chunk;
    *ret_bytes = 0;
    while ((chunk = engine_result_next(result, &error))) {
        for (size_t i = 0; i < n; i++) {
            columns[i] = engine_chunk_column(chunk, i);
        }
        for (size_t row = 0; write && row < engine_chunk_rows(chunk); row++) {
            write(columns, n, row, out);
        }
        *ret_bytes += (int64_t)out->len;
        g_string_truncate(out, 0);
    }
    must(error == NULL, &error);
    return seconds_since(start);
}

static void bench_format(gint64 rows)
{
    Engine *engine = open_at(NULL);
    EngineConn *conn = connect_to(engine);
    g_autoptr(GError) error = NULL;
    g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, rows);
    g_auto(GStrv) parts = g_strsplit(rows_sql, "range(%)", 2);
    g_autofree char *sql = g_strdup_printf("%srange(%s)%s", parts[0], count, parts[1]);
    must(engine_exec(conn, sql, &error), &error);
    int64_t bytes;
    double cpu[4] = {cpu_seconds()}, wall[4];
    const WriteRow writers[] = {NULL, write_ours, write_printf};
    for (int i = 0; i < 3; i++) {
        wall[i] = fetch(conn, writers[i], &bytes);
        cpu[i + 1] = cpu_seconds();
    }
    double read = cpu[1] - cpu[0], ours = cpu[2] - cpu[1] - read, peer = cpu[3] - cpu[2] - read;
    printf("{\"rows\": %" G_GINT64_FORMAT
           ", \"fetch_mrow_s\": %.2f, \"ours_mrow_s\": %.2f, \"printf_mrow_s\": %.2f, "
           "\"ours_cpu_ns_row\": %.1f, \"printf_cpu_ns_row\": %.1f}\n",
           rows, (double)rows / wall[0] / 1e6, (double)rows / wall[1] / 1e6, (double)rows / wall[2] / 1e6,
           ours / (double)rows * 1e9, peer / (double)rows * 1e9);
    engine_disconnect(conn);
    engine_unref(engine);
}

/* ---- feed -------------------------------------------------------------------------------------------- */

typedef struct {
    EngineFeed feed;
    gint next; /* atomic: the next batch */
    gint n_batches;
} BenchFeed;

static bool bench_next(EngineFeed *feed, void *local, EngineBatch *batch, GError **error)
{
    BenchFeed *bench = (BenchFeed *)feed;
    (void)local;
    (void)error;
    gint b = g_atomic_int_add(&bench->next, 1);
    size_t rows = b < bench->n_batches ? ENGINE_CHUNK_ROWS : 0;
    int64_t *id = engine_batch_data(batch, 0), *ts = engine_batch_data(batch, 1);
    double *price = engine_batch_data(batch, 3);
    for (size_t row = 0; row < rows; row++) {
        int64_t i = (int64_t)b * ENGINE_CHUNK_ROWS + (int64_t)row;
        id[row] = i;
        ts[row] = INT64_C(1767225600000000) + i * 37000;
        price[row] = (double)(i * 7919 % 1000003) / 1000;
        char url[] = "https://example.com/0000000000";
        int64_t v = i * 7919 % 10000000000;
        for (size_t d = sizeof url - 2; v; v /= 10) {
            url[d--] = (char)('0' + v % 10);
        }
        engine_batch_set_bytes(batch, 2, row, url, sizeof url - 1);
    }
    engine_batch_set_rows(batch, rows);
    return true;
}

static double timed(EngineConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;
    gint64 start = base_time_monotonic_us();
    must(engine_exec(conn, sql, &error), &error);
    return seconds_since(start);
}

static void bench_feed(const char *dir, gint64 rows)
{
    static const char *const names[] = {"id", "ts", "url", "price"};
    static const EngineType types[] = {
        {.id = ENGINE_INT64}, {.id = ENGINE_TIMESTAMP}, {.id = ENGINE_TEXT}, {.id = ENGINE_DOUBLE}};
    g_autofree char *path = g_build_filename(dir, "feed.duckdb", NULL);
    Engine *engine = open_at(path);
    EngineConn *conn = connect_to(engine);
    BenchFeed bench = {
        .feed = {.n_columns = 4, .names = names, .types = types, .max_threads = 2, .next = bench_next},
        .n_batches = (gint)(rows / ENGINE_CHUNK_ROWS)};
    uint64_t id = engine_feed_add(engine, &bench.feed);
    timed(conn, "CREATE OR REPLACE TABLE t(id BIGINT, ts TIMESTAMP, url VARCHAR, price DOUBLE)");
    g_autofree char *insert =
        g_strdup_printf("INSERT INTO t SELECT * FROM weir_feed(%" G_GUINT64_FORMAT ")", (guint64)id);
    double feed = timed(conn, insert);
    engine_feed_remove(engine, id);
    g_autofree char *own = g_strdup_printf("CREATE OR REPLACE TABLE u AS SELECT * FROM t");
    double copy = timed(conn, own);
    printf("{\"rows\": %" G_GINT64_FORMAT
           ", \"feed_s\": %.3f, \"table_copy_s\": %.3f, \"feed_mrow_s\": %.2f}\n",
           rows, feed, copy, (double)rows / feed / 1e6);
    engine_disconnect(conn);
    engine_unref(engine);
}

/* ---- open --------------------------------------------------------------------------------------------- */

static void bench_open(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "open.duckdb", NULL);
    engine_unref(open_at(path));
    gint64 start = base_time_monotonic_us();
    Engine *engine = open_at(path);
    double opened = seconds_since(start);
    start = base_time_monotonic_us();
    EngineConn *conn = connect_to(engine);
    double connected = seconds_since(start);
    const int n = 2000;
    g_autoptr(GError) error = NULL;
    start = base_time_monotonic_us();
    for (int i = 0; i < n; i++) {
        int64_t value;
        must(engine_query_int(conn, "SELECT 42", &value, &error), &error);
    }
    printf("{\"open_ms\": %.2f, \"connect_ms\": %.3f, \"select_us\": %.1f}\n", opened * 1e3, connected * 1e3,
           seconds_since(start) / n * 1e6);
    engine_disconnect(conn);
    engine_unref(engine);
}

int main(int argc, char **argv)
{
    gint64 rows = 10000000;
    const char *what = argc > 1 ? argv[1] : "";
    bool format = strcmp(what, "format") == 0, feed = strcmp(what, "feed") == 0;
    const char *count = argc > (format ? 2 : 3) ? argv[format ? 2 : 3] : NULL;
    if ((count && !base_text_to_int(count, 1, 1000000000, &rows)) || (!format && argc < 3)) {
        fprintf(stderr, "usage: engine_bench format [ROWS] | feed DIR [ROWS] | open DIR\n");
        return 2;
    }
    if (format) {
        bench_format(rows);
    } else if (feed) {
        bench_feed(argv[2], rows);
    } else {
        bench_open(argv[2]);
    }
    return 0;
}
