/* The engine's contract, on the embedded engine: statements, results, transactions, interrupts, feeds, notes,
 * the lock-down, errors and their places, opening, backup. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "engine/engine.h"

typedef struct {
    char *dir, *path, *spool;
    Engine *engine;
    EngineConn *conn;
} Fixture;

static Engine *open_engine(const Fixture *f, GError **error)
{
    EngineOptions options = {.path = f->path,
                             .spool_dir = f->spool,
                             .threads = 2,
                             .memory_bytes = (int64_t)512 << 20,
                             .checkpoint_wal_bytes = 100000};
    return engine_open(&options, error);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    f->dir = g_dir_make_tmp("weir-engine-XXXXXX", &error);
    g_assert_no_error(error);
    f->path = g_build_filename(f->dir, "warehouse.duckdb", NULL);
    f->spool = g_build_filename(f->dir, "spool", NULL);
    g_assert_true(base_fs_mkdir(f->spool, &error));
    f->engine = open_engine(f, &error);
    g_assert_no_error(error);
    f->conn = engine_connect(f->engine, &error);
    g_assert_no_error(error);
}

static void close_engine(Fixture *f)
{
    engine_disconnect(f->conn);
    f->conn = NULL;
    engine_unref(f->engine);
    f->engine = NULL;
}

static void reopen(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    close_engine(f);
    f->engine = open_engine(f, &error);
    g_assert_no_error(error);
    f->conn = engine_connect(f->engine, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    close_engine(f);
    g_assert_true(base_fs_remove_tree(f->dir, &error));
    g_free(f->dir);
    g_free(f->path);
    g_free(f->spool);
}

static void run(EngineConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;
    bool ok = engine_exec(conn, sql, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static int64_t number(EngineConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;
    int64_t value = -1;
    bool ok = engine_query_int(conn, sql, &value, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return value;
}

static void assert_fails(EngineConn *conn, const char *sql, BaseErrorCode code)
{
    g_autoptr(GError) error = NULL;
    bool ok = engine_exec(conn, sql, &error);
    if (ok || (BaseErrorCode)error->code != code) {
        g_test_message("%s -> %s", sql, ok ? "no error" : error->message);
    }
    g_assert_false(ok);
    g_assert_error(error, BASE_ERROR, (gint)code);
}

/* ---- statements -------------------------------------------------------------------------------------- */

static void test_a_statement_knows_its_columns_and_parameters(Fixture *f, gconstpointer data)
{
    (void)data;
    run(f->conn, "CREATE TABLE t(a INTEGER, b DECIMAL(10,2), c VARCHAR)");
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineStmt) stmt =
        engine_prepare(f->conn, "SELECT a, b AS beta, c FROM t WHERE a = $id AND c = $name", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(engine_stmt_n_columns(stmt), ==, 3);
    g_assert_cmpstr(engine_stmt_column_name(stmt, 1), ==, "beta");
    g_assert_cmpint(engine_stmt_column_type(stmt, 0).id, ==, ENGINE_INT32);
    g_assert_cmpint(engine_stmt_column_type(stmt, 1).id, ==, ENGINE_DECIMAL);
    g_assert_cmpint(engine_stmt_column_type(stmt, 1).width, ==, 10);
    g_assert_cmpint(engine_stmt_column_type(stmt, 1).scale, ==, 2);
    g_assert_cmpuint(engine_stmt_n_params(stmt), ==, 2);
    size_t i;
    g_assert_true(engine_stmt_param_index(stmt, "name", &i));
    g_assert_cmpstr(engine_stmt_param_name(stmt, i), ==, "name");
    g_assert_cmpint(engine_stmt_param_type(stmt, i).id, ==, ENGINE_TEXT);
    g_assert_false(engine_stmt_param_index(stmt, "other", &i));

    const char *without_rows[] = {
        "INSERT INTO t VALUES (1, 2, 'x')",
        "DELETE FROM t",
        "UPDATE t SET a = 1",
        "CREATE TABLE u(a INT)",
        "BEGIN",
        "SET TimeZone = 'UTC'",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE IF EXISTS z",
        "MERGE INTO t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED THEN DELETE"};
    for (size_t s = 0; s < G_N_ELEMENTS(without_rows); s++) {
        g_autoptr(EngineStmt) other = engine_prepare(f->conn, without_rows[s], &error);
        g_assert_no_error(error);
        g_test_message("%s", without_rows[s]);
        g_assert_cmpuint(engine_stmt_n_columns(other), ==, 0);
    }
    g_autoptr(EngineStmt) returning =
        engine_prepare(f->conn, "INSERT INTO t(a) VALUES (1) RETURNING a", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(engine_stmt_n_columns(returning), ==, 1);
}

static void test_values_are_bound_by_type(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run(f->conn, "CREATE TABLE t(b BOOLEAN, i8 TINYINT, i64 BIGINT, u64 UBIGINT, r DOUBLE, dec "
                 "DECIMAL(18,3), s VARCHAR, "
                 "raw BLOB, d DATE, tm TIME, ts TIMESTAMP, tz TIMESTAMPTZ, n INTEGER)");
    const EngineValue values[] = {
        {.id = ENGINE_BOOLEAN, .boolean = true},
        {.id = ENGINE_INT8, .i64 = -128},
        {.id = ENGINE_INT64, .i64 = INT64_MIN},
        {.id = ENGINE_UINT64, .u64 = UINT64_MAX},
        {.id = ENGINE_DOUBLE, .real = 0.5},
        {.id = ENGINE_DECIMAL, .text = {"-12.375", 7}},
        {.id = ENGINE_TEXT, .text = {"a\0b", 3}},
        {.id = ENGINE_BLOB, .text = {"\xff\x00", 2}},
        {.id = ENGINE_DATE, .i64 = 20778},
        {.id = ENGINE_TIME, .i64 = 1500000},
        {.id = ENGINE_TIMESTAMP, .i64 = 1},
        {.id = ENGINE_TIMESTAMP_TZ, .i64 = 1},
        {.id = ENGINE_NULL},
    };
    int64_t changed = 0;
    g_assert_true(engine_exec_values(f->conn, "INSERT INTO t VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", values,
                                     G_N_ELEMENTS(values), &changed, &error));
    g_assert_no_error(error);
    g_assert_cmpint(changed, ==, 1);
    g_autoptr(json_t) rows = engine_query_json(f->conn, "SELECT * FROM t", NULL, 0, 10, &error);
    g_assert_no_error(error);
    g_autofree char *text = base_json_text(json_array_get(rows, 0));
    g_assert_cmpstr(
        text, ==,
        "{\"b\":true,\"i8\":-128,\"i64\":-9223372036854775808,\"u64\":\"18446744073709551615\",\"r\":0.5,"
        "\"dec\":-12.375,\"s\":\"a\\u0000b\",\"raw\":\"\\\\xFF\\\\x00\",\"d\":\"2026-11-21\","
        "\"tm\":\"00:00:01.5\",\"ts\":\"1970-01-01 00:00:00.000001\","
        "\"tz\":\"1970-01-01 00:00:00.000001+00\",\"n\":null}");
    const EngineValue large = {.id = ENGINE_INT8, .i64 = 128};
    g_assert_false(engine_exec_values(f->conn, "SELECT ?", &large, 1, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_VALUE_OUT_OF_RANGE);
    g_clear_error(&error);
    g_assert_false(engine_exec_values(f->conn, "SELECT ?", NULL, 0, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_SQL_FAILED);
}

static void test_a_statement_runs_again_with_other_values(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineStmt) stmt = engine_prepare(f->conn, "SELECT sum(range) FROM range(?)", &error);
    g_assert_no_error(error);
    for (int64_t n = 1; n < 5; n++) {
        EngineValue value = {.id = ENGINE_INT64, .i64 = n};
        g_assert_true(engine_stmt_bind(stmt, 0, &value, &error));
        g_autoptr(EngineResult) result = engine_stmt_run(stmt, &error);
        g_assert_no_error(error);
        EngineChunk *chunk = engine_result_next(result, &error);
        EngineColumn column = engine_chunk_column(chunk, 0);
        g_autoptr(GString) text = g_string_new(NULL);
        engine_column_append_text(&column, 0, text);
        g_autofree char *expected = g_strdup_printf("%d", (int)(n * (n - 1) / 2));
        g_assert_cmpstr(text->str, ==, expected);
        g_assert_null(engine_result_next(result, &error));
        g_assert_no_error(error);
    }
}

static void test_changed_rows_are_counted(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    int64_t changed;
    run(f->conn, "CREATE TABLE t AS SELECT * FROM range(10)");
    g_assert_true(engine_exec_values(f->conn, "DELETE FROM t WHERE range < 3", NULL, 0, &changed, &error));
    g_assert_cmpint(changed, ==, 3);
    g_assert_true(engine_exec_values(f->conn, "UPDATE t SET range = 0", NULL, 0, &changed, &error));
    g_assert_cmpint(changed, ==, 7);
    g_assert_true(engine_exec_values(f->conn, "CREATE TABLE u(a INT)", NULL, 0, &changed, &error));
    g_assert_cmpint(changed, ==, 0);
    g_assert_no_error(error);
}

/* ---- results ------------------------------------------------------------------------------------------- */

static int64_t resident_bytes(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_file_get_contents("/proc/self/statm", &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) fields = g_strsplit(text, " ", 3);
    return g_ascii_strtoll(fields[1], NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void test_five_million_rows_stream_in_bounded_memory(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    /* 5 M rows of 100 bytes: half a gigabyte if they were held */
    g_autoptr(EngineResult) result =
        engine_query(f->conn, "SELECT i, repeat('x', 100) FROM range(5000000) t(i)", &error);
    g_assert_no_error(error);
    int64_t before = resident_bytes(), rows = 0, sum = 0;
    EngineChunk *chunk;
    while ((chunk = engine_result_next(result, &error))) {
        size_t n = engine_chunk_rows(chunk);
        g_assert_cmpuint(n, <=, ENGINE_CHUNK_ROWS);
        EngineColumn column = engine_chunk_column(chunk, 0);
        for (size_t i = 0; i < n; i++) {
            sum += ((const int64_t *)column.data)[i];
        }
        rows += (int64_t)n;
    }
    g_assert_no_error(error);
    g_assert_cmpint(rows, ==, 5000000);
    g_assert_cmpint(sum, ==, INT64_C(12499997500000));
    g_assert_cmpint(resident_bytes() - before, <, 100 << 20);
}

static void test_an_error_in_the_middle_of_a_result_is_reported(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineResult) result = engine_query(
        f->conn, "SELECT CASE WHEN i = 1500000 THEN error('row is bad') ELSE i END FROM range(2000000) t(i)",
        &error);
    g_assert_no_error(error);
    int64_t rows = 0;
    EngineChunk *chunk;
    while ((chunk = engine_result_next(result, &error))) {
        rows += (int64_t)engine_chunk_rows(chunk);
    }
    g_assert_error(error, BASE_ERROR, BASE_E_SQL_FAILED);
    g_assert_nonnull(strstr(error->message, "row is bad"));
    g_assert_cmpint(rows, <, 2000000);
    g_clear_error(&error);
    g_assert_null(engine_result_next(result, &error)); /* and stays at its end */
    g_assert_no_error(error);
}

static void test_a_result_may_be_dropped_half_read(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 20; i++) {
        g_autoptr(EngineResult) result = engine_query(f->conn, "SELECT * FROM range(10000000)", &error);
        g_assert_nonnull(engine_result_next(result, &error));
        g_assert_no_error(error);
    }
    g_assert_cmpint(number(f->conn, "SELECT 42"), ==, 42);
}

static void test_nulls_and_no_rows(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_assert_true(engine_query_text(f->conn, "SELECT NULL", &text, &error));
    g_assert_null(text);
    g_assert_true(engine_query_text(f->conn, "SELECT 1 WHERE false", &text, &error));
    g_assert_null(text);
    g_autoptr(EngineResult) result = engine_query(f->conn, "SELECT 1 AS x WHERE false", &error);
    g_assert_cmpuint(engine_result_n_columns(result), ==, 1);
    g_assert_cmpstr(engine_result_column_name(result, 0), ==, "x");
    g_assert_null(engine_result_next(result, &error));
    g_assert_no_error(error);
    g_autoptr(EngineResult) mixed =
        engine_query(f->conn, "SELECT CASE WHEN i % 2 = 0 THEN i END FROM range(5000) t(i)", &error);
    int64_t nulls = 0;
    EngineChunk *chunk;
    while ((chunk = engine_result_next(mixed, &error))) {
        EngineColumn column = engine_chunk_column(chunk, 0);
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            nulls += engine_column_is_null(&column, row);
        }
    }
    g_assert_cmpint(nulls, ==, 2500);
}

static void test_small_results_as_json(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    EngineValue three = {.id = ENGINE_INT64, .i64 = 3};
    g_autoptr(json_t) rows =
        engine_query_json(f->conn, "SELECT i, [i] AS l FROM range(?) t(i) ORDER BY i", &three, 1, 2, &error);
    g_assert_no_error(error);
    g_autofree char *text = base_json_text(rows);
    g_assert_cmpstr(text, ==, "[{\"i\":0,\"l\":[0]},{\"i\":1,\"l\":[1]}]");
}

static void test_times_with_zone_are_shown_in_the_sessions_zone(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    const char *sql = "SELECT TIMESTAMPTZ '2026-07-01 12:00:00+00'";
    g_autofree char *utc = NULL, *shanghai = NULL, *nested = NULL;
    g_assert_true(engine_query_text(f->conn, sql, &utc, &error));
    g_assert_cmpstr(utc, ==, "2026-07-01 12:00:00+00");
    run(f->conn, "SET TimeZone = 'Asia/Shanghai'");
    g_assert_true(engine_query_text(f->conn, sql, &shanghai, &error));
    g_assert_cmpstr(shanghai, ==, "2026-07-01 20:00:00+08");
    g_assert_true(
        engine_query_text(f->conn, "SELECT {'at': [TIMESTAMPTZ '2026-07-01 12:00:00+00']}", &nested, &error));
    g_assert_cmpstr(nested, ==, "{\"at\":[\"2026-07-01 20:00:00+08\"]}");
    /* every offset change of a zone with summer time, as the engine shows it */
    run(f->conn, "SET TimeZone = 'America/St_Johns'");
    g_autoptr(EngineResult) result = engine_query(
        f->conn,
        "SELECT t, t::VARCHAR FROM (SELECT to_timestamp(i * 1800.0 * 37) AS t FROM range(30000) r(i))",
        &error);
    g_assert_no_error(error);
    EngineChunk *chunk;
    while ((chunk = engine_result_next(result, &error))) {
        EngineColumn ours = engine_chunk_column(chunk, 0), theirs = engine_chunk_column(chunk, 1);
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            g_autoptr(GString) a = g_string_new(NULL), b = g_string_new(NULL);
            engine_column_append_text(&ours, row, a);
            engine_column_append_text(&theirs, row, b);
            g_assert_cmpstr(a->str, ==, b->str);
        }
    }
    g_assert_no_error(error);
}

/* ---- transactions ---------------------------------------------------------------------------------------
 */

static void test_a_rollback_leaves_nothing_and_a_commit_stays(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run(f->conn, "CREATE TABLE t(a INT)");
    g_assert_true(engine_begin(f->conn, &error));
    run(f->conn, "INSERT INTO t VALUES (1)");
    engine_rollback(f->conn);
    g_assert_cmpint(number(f->conn, "SELECT count(*) FROM t"), ==, 0);
    g_assert_true(engine_begin(f->conn, &error));
    run(f->conn, "INSERT INTO t VALUES (2)");
    g_assert_true(engine_commit(f->conn, &error));
    engine_rollback(f->conn); /* nothing to roll back: harmless */
    reopen(f);
    g_assert_cmpint(number(f->conn, "SELECT sum(a) FROM t"), ==, 2);
}

static void test_writers_of_one_row_conflict(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run(f->conn, "CREATE TABLE t AS SELECT 1 AS a");
    g_autoptr(EngineConn) other = engine_connect(f->engine, &error);
    run(f->conn, "BEGIN; UPDATE t SET a = 2");
    run(other, "BEGIN");
    assert_fails(other, "UPDATE t SET a = 3", BASE_E_CONFLICT);
    engine_rollback(other);
    g_assert_true(engine_commit(f->conn, &error));
    g_assert_cmpint(number(other, "SELECT a FROM t"), ==, 2);
}

typedef struct {
    EngineConn *conn;
    gint done; /* atomic */
} Interrupter;

/* An interrupt before the query begins is forgotten, so it comes again until the query is over. */
static gpointer interrupt_until_done(gpointer data)
{
    Interrupter *interrupter = data;
    while (!g_atomic_int_get(&interrupter->done)) {
        double progress = engine_conn_progress(interrupter->conn);
        g_assert_true(progress == -1 || (progress >= 0 && progress <= 1));
        engine_conn_interrupt(interrupter->conn);
        g_thread_yield();
    }
    return NULL;
}

static void test_an_interrupt_from_another_thread_stops_a_query(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    Interrupter interrupter = {.conn = f->conn};
    GThread *thread = g_thread_new("interrupt", interrupt_until_done, &interrupter);
    g_autofree char *text = NULL;
    bool ok = engine_query_text(
        f->conn,
        "SELECT count(*) FROM range(100000000) a JOIN range(100000000) b ON a.range % 7 = b.range % 5", &text,
        &error);
    g_atomic_int_set(&interrupter.done, 1);
    g_thread_join(thread);
    g_assert_false(ok);
    g_assert_error(error, BASE_ERROR, BASE_E_INTERRUPTED);
    g_assert_cmpint(number(f->conn, "SELECT 1"), ==, 1);
}

typedef struct {
    EngineConn *conn;
    GMutex lock;
    bool committing; /* under `lock` */
    gint done;       /* atomic */
} Nag;

static gpointer interrupt_commits(gpointer data)
{
    Nag *nag = data;
    while (!g_atomic_int_get(&nag->done)) {
        g_mutex_lock(&nag->lock);
        if (nag->committing) {
            engine_conn_interrupt(nag->conn);
        }
        g_mutex_unlock(&nag->lock);
    }
    return NULL;
}

static void set_committing(Nag *nag, bool committing)
{
    g_mutex_lock(&nag->lock);
    nag->committing = committing;
    g_mutex_unlock(&nag->lock);
}

static void test_a_commit_is_not_interrupted(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run(f->conn, "CREATE TABLE t(a INT)");
    Nag nag = {.conn = f->conn};
    g_mutex_init(&nag.lock);
    GThread *thread = g_thread_new("nag", interrupt_commits, &nag);
    for (int i = 0; i < 100; i++) {
        run(f->conn, "BEGIN; INSERT INTO t VALUES (1)");
        set_committing(&nag, true);
        bool ok = engine_commit(f->conn, &error);
        set_committing(&nag, false);
        g_assert_no_error(error);
        g_assert_true(ok);
    }
    g_atomic_int_set(&nag.done, 1);
    g_thread_join(thread);
    g_mutex_clear(&nag.lock);
    g_assert_cmpint(number(f->conn, "SELECT count(*) FROM t"), ==, 100);
}

/* ---- errors ----------------------------------------------------------------------------------------------
 */

static void test_errors_have_codes_and_places(Fixture *f, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *sql;
        BaseErrorCode code;
        unsigned line, column;
    } failing[] = {
        {"SELECT * FORM t", BASE_E_SQL_SYNTAX, 1, 15},
        {"SELECT\n  a,\n  nope FROM t", BASE_E_COLUMN_UNKNOWN, 3, 3},
        {"SELECT '中文', nope FROM t", BASE_E_COLUMN_UNKNOWN, 1, 18},
        {"SELECT * FROM missing", BASE_E_TABLE_UNKNOWN, 1, 15},
        {"SELECT * FROM nowhere.t", BASE_E_DATABASE_UNKNOWN, 1, 15},
        {"DROP TABLE missing", BASE_E_TABLE_UNKNOWN, 0, 0},
        {"CREATE TABLE t(a INT)", BASE_E_TABLE_EXISTS, 0, 0},
        {"SELECT nofunction(1)", BASE_E_FUNCTION_UNKNOWN, 1, 8},
        {"SELECT a, count(*) FROM (VALUES (1)) t(a)", BASE_E_GROUP_BY_MISSING, 1, 8},
        {"SELECT a FROM t x, t y", BASE_E_NAME_AMBIGUOUS, 1, 8},
        {"SELECT 'abc'::INT", BASE_E_TYPE_MISMATCH, 1, 13},
        {"SELECT 300::TINYINT", BASE_E_VALUE_OUT_OF_RANGE, 1, 11},
        {"INSERT INTO t VALUES (99999999999)", BASE_E_VALUE_OUT_OF_RANGE, 1, 23},
        {"SELECT 9223372036854775807 + 1", BASE_E_VALUE_OUT_OF_RANGE, 0, 0},
    };
    run(f->conn, "CREATE TABLE t(a INT)");
    for (size_t i = 0; i < G_N_ELEMENTS(failing); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(EngineResult) result = engine_query(f->conn, failing[i].sql, &error);
        g_test_message("%s -> %s", failing[i].sql, error ? error->message : "none");
        if (result) {
            g_assert_null(engine_result_next(result, &error));
        }
        g_assert_error(error, BASE_ERROR, (gint)failing[i].code);
        unsigned line = 0, column = 0;
        g_assert_null(base_error_get_file(error, &line, &column));
        g_assert_cmpuint(line, ==, failing[i].line);
        g_assert_cmpuint(column, ==, failing[i].column);
        g_assert_null(strchr(error->message, '{')); /* the engine's JSON does not leak */
    }
}

static void test_a_query_larger_than_memory_spills_or_says_so(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.memory_bytes = (int64_t)64 << 20, .threads = 1, .temp_max_bytes = 1 << 20};
    g_autofree char *path = g_build_filename(f->dir, "small.duckdb", NULL);
    options.path = path;
    g_autoptr(Engine) engine = engine_open(&options, &error);
    g_assert_no_error(error);
    EngineConn *conn = engine_connect(engine, &error);
    g_autofree char *text = NULL;
    g_assert_false(engine_query_text(conn, "SELECT list(i || repeat('x', 200)) FROM range(3000000) t(i)",
                                     &text, &error));
    g_assert_true(g_error_matches(error, BASE_ERROR, BASE_E_MEMORY) ||
                  g_error_matches(error, BASE_ERROR, BASE_E_DISK_FULL));
    g_clear_error(&error);
    /* 300 MB sorted in 512 MB of memory and a temporary folder: the lock-down allows it */
    int64_t n = number(
        f->conn,
        "SELECT count(*) FROM (SELECT i || repeat('x', 100) AS s FROM range(3000000) t(i) ORDER BY s)");
    g_assert_cmpint(n, ==, 3000000);
    engine_disconnect(conn);
}

/* ---- lock-down -------------------------------------------------------------------------------------------
 */

static void test_what_sql_must_not_do_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    static const char *const refused[] = {
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_csv('SPOOL/../outside.csv')",
        "SELECT * FROM read_text('/dev/stdin')",
        "SELECT * FROM read_parquet('http://127.0.0.1:1/x.parquet')",
        "COPY (SELECT 1) TO '/tmp/weir-engine-out.csv'",
        "EXPORT DATABASE '/tmp/weir-engine-export'",
        "ATTACH '/tmp/weir-engine-other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE SECRET (TYPE s3)",
        "SET threads = 1",
        "SET GLOBAL memory_limit = '1GB'",
        "SET memory_limit = '1GB'",
        "RESET memory_limit",
        "PRAGMA memory_limit = '1GB'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "SET temp_directory = '/tmp'",
        "SET checkpoint_threshold = '1KB'",
        "SET profiling_output = '/tmp/weir-engine-profile'",
        "SET log_query_path = '/tmp/weir-engine-log'",
        "SET debug_checkpoint_abort = 'before_header'",
        "SET storage_compatibility_version = 'v0.10.2'",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_auto(GStrv) parts = g_strsplit(refused[i], "SPOOL", 2);
        g_autofree char *sql = g_strjoinv(f->spool, parts);
        g_autoptr(GError) error = NULL;
        bool ok = engine_exec(f->conn, sql, &error);
        g_test_message("%s -> %s", sql, error ? error->message : "done");
        g_assert_false(ok);
        g_assert_true(g_error_matches(error, BASE_ERROR, BASE_E_STATEMENT_REFUSED) ||
                      g_error_matches(error, BASE_ERROR, BASE_E_TABLE_UNKNOWN) ||
                      g_error_matches(error, BASE_ERROR, BASE_E_SQL_FAILED) ||
                      g_error_matches(error, BASE_ERROR, BASE_E_FILE_IO));
    }
    /* what must go on working: the spool folder, the session's time zone */
    g_autofree char *csv = g_build_filename(f->spool, "a.csv", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(base_fs_write(csv, "a\n1\n2\n", 6, 0600, &error));
    g_autofree char *sql = g_strdup_printf("SELECT sum(a)::BIGINT FROM read_csv('%s')", csv);
    g_assert_cmpint(number(f->conn, sql), ==, 3);
    run(f->conn, "SET TimeZone = 'Asia/Shanghai'");
}

/* ---- feeds ------------------------------------------------------------------------------------------------
 */

typedef struct {
    EngineFeed feed;
    gint next, opened, closed; /* atomic */
    int n_batches, fail_at;
    gint unwanted; /* columns asked for though not projected */
} TestFeed;

static void *feed_open(EngineFeed *feed, GError **error)
{
    (void)error;
    g_atomic_int_inc(&((TestFeed *)feed)->opened);
    return feed;
}

static void feed_close(void *local)
{
    g_atomic_int_inc(&((TestFeed *)local)->closed);
}

static bool feed_next(EngineFeed *feed, void *local, EngineBatch *batch, GError **error)
{
    TestFeed *test = (TestFeed *)feed;
    g_assert_true(local == feed);
    int b = g_atomic_int_add(&test->next, 1);
    if (test->fail_at && b == test->fail_at) {
        base_fail(error, BASE_E_LOAD_BODY, "line %d is broken", b);
        base_error_hint(error, "look at it");
        return false;
    }
    if (b >= test->n_batches) {
        engine_batch_set_rows(batch, 0);
        return true;
    }
    for (size_t row = 0; row < 1000; row++) {
        int64_t n = (int64_t)b * 1000 + (int64_t)row;
        if (engine_batch_wanted(batch, 0)) {
            ((int64_t *)engine_batch_data(batch, 0))[row] = n;
        }
        if (engine_batch_wanted(batch, 1)) {
            char text[64];
            int len = g_snprintf(text, sizeof text, n % 2 ? "%d" : "row number %d of the feed", (int)n);
            engine_batch_set_bytes(batch, 1, row, text, (size_t)len);
        }
        if (engine_batch_wanted(batch, 2)) {
            ((int64_t *)engine_batch_data(batch, 2))[row] = n % 1000 - 500;
            if (n % 10 == 0) {
                engine_batch_set_null(batch, 2, row);
            }
        }
        if (engine_batch_wanted(batch, 3)) {
            ((bool *)engine_batch_data(batch, 3))[row] = n % 3 == 0;
        }
    }
    engine_batch_set_rows(batch, 1000);
    return true;
}

static const char *const feed_names[] = {"n", "s", "d", "b"};
static const EngineType feed_types[] = {{.id = ENGINE_INT64},
                                        {.id = ENGINE_TEXT},
                                        {.id = ENGINE_DECIMAL, .width = 6, .scale = 2},
                                        {.id = ENGINE_BOOLEAN}};

static TestFeed make_feed(int n_batches, int fail_at)
{
    return (TestFeed){.feed = {.n_columns = 4,
                               .names = feed_names,
                               .types = feed_types,
                               .max_threads = 2,
                               .open = feed_open,
                               .next = feed_next,
                               .close = feed_close},
                      .n_batches = n_batches,
                      .fail_at = fail_at};
}

static char *feed_sql(const char *format, uint64_t id)
{
    g_autofree char *call = g_strdup_printf("weir_feed(%" G_GUINT64_FORMAT ")", (guint64)id);
    g_auto(GStrv) parts = g_strsplit(format, "FEED", -1);
    return g_strjoinv(call, parts);
}

static void test_a_feed_fills_a_table_from_several_threads(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    TestFeed test = make_feed(1000, 0);
    uint64_t id = engine_feed_add(f->engine, &test.feed);
    g_autofree char *sql = feed_sql("CREATE TABLE t AS SELECT * FROM FEED", id);
    run(f->conn, sql);
    engine_feed_remove(f->engine, id);
    g_assert_cmpint(test.opened, ==, test.closed);
    g_autofree char *text = NULL;
    g_assert_true(engine_query_text(
        f->conn,
        "SELECT count(*) || ' ' || sum(n) || ' ' || count(DISTINCT n) || ' ' || sum(d) || ' ' "
        "|| count(d) || ' ' || count_if(b) || ' ' || count_if(s = CASE WHEN n % 2 = 1 THEN n::VARCHAR "
        "ELSE 'row number ' || n || ' of the feed' END) FROM t",
        &text, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "1000000 499999500000 1000000 0.00 900000 333334 1000000");
    g_autofree char *again = feed_sql("SELECT * FROM FEED", id);
    assert_fails(f->conn, again, BASE_E_SQL_FAILED); /* removed */
}

static void test_a_feed_is_asked_only_for_what_is_read(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    static const char *const queries[] = {"SELECT count(*) FROM FEED", "SELECT count(s) FROM FEED",
                                          "SELECT count(*) FROM FEED WHERE n >= 0"};
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        TestFeed test = make_feed(50, 0);
        uint64_t id = engine_feed_add(f->engine, &test.feed);
        g_autofree char *sql = feed_sql(queries[i], id);
        g_assert_cmpint(number(f->conn, sql), ==, 50000);
        engine_feed_remove(f->engine, id);
    }
}

static void test_an_error_of_a_feed_arrives_whole(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run(f->conn, "CREATE TABLE t(n BIGINT)");
    TestFeed test = make_feed(100, 37);
    uint64_t id = engine_feed_add(f->engine, &test.feed);
    g_autofree char *sql = feed_sql("INSERT INTO t SELECT n FROM FEED", id);
    g_assert_false(engine_exec(f->conn, sql, &error));
    engine_feed_remove(f->engine, id);
    g_assert_error(error, BASE_ERROR, BASE_E_LOAD_BODY);
    g_assert_cmpstr(error->message, ==, "line 37 is broken");
    g_assert_cmpstr(base_error_get_hint(error), ==, "look at it");
    g_assert_cmpint(test.opened, ==, test.closed);
    g_assert_cmpint(number(f->conn, "SELECT count(*) FROM t"), ==, 0);
}

/* Row n: NULL when n % 7 is 0, else a list of n % 5 numbers and one of as many texts. */
static bool lists_next(EngineFeed *feed, void *local, EngineBatch *batch, GError **error)
{
    (void)local;
    (void)error;
    TestFeed *test = (TestFeed *)feed;
    int b = test->next++;
    engine_batch_set_rows(batch, b < test->n_batches ? ENGINE_CHUNK_ROWS : 0);
    for (size_t row = 0; b < test->n_batches && row < ENGINE_CHUNK_ROWS; row++) {
        size_t n = (size_t)b * ENGINE_CHUNK_ROWS + row;
        if (n % 7 == 0) {
            engine_batch_set_null(batch, 0, row);
            engine_batch_set_null(batch, 1, row);
            continue;
        }
        size_t numbers = engine_batch_set_list(batch, 0, row, n % 5);
        size_t texts = engine_batch_set_list(batch, 1, row, n % 5);
        for (size_t i = 0; i < n % 5; i++) {
            char text[64];
            int len = g_snprintf(text, sizeof text, i % 2 ? "%zu" : "item number %zu of a list", n + i);
            ((int64_t *)engine_batch_items(batch, 0))[numbers + i] = (int64_t)(n + i);
            engine_batch_set_item_bytes(batch, 1, texts + i, text, (size_t)len);
        }
    }
    return true;
}

static void test_a_feed_gives_lists(Fixture *f, gconstpointer data)
{
    (void)data;
    static const EngineType types[] = {{.id = ENGINE_LIST}, {.id = ENGINE_LIST}};
    static const EngineTypeId items[] = {ENGINE_INT64, ENGINE_TEXT}, none[] = {ENGINE_INT64, ENGINE_DECIMAL};
    TestFeed test = {.feed = {.n_columns = 2,
                              .names = feed_names,
                              .types = types,
                              .items = items,
                              .max_threads = 1,
                              .next = lists_next},
                     .n_batches = 50};
    uint64_t id = engine_feed_add(f->engine, &test.feed);
    g_autofree char *sql = feed_sql("CREATE TABLE t AS SELECT * FROM FEED", id);
    run(f->conn, sql);
    g_assert_cmpint(number(f->conn, "SELECT count(*) FROM t"), ==, 50 * ENGINE_CHUNK_ROWS);
    g_assert_cmpint(
        number(
            f->conn,
            "SELECT count(*) FROM t WHERE n IS NOT DISTINCT FROM CASE WHEN rowid % 7 > 0 THEN "
            "list_transform(range(rowid % 5), lambda i: rowid + i) END AND s IS NOT DISTINCT FROM CASE WHEN "
            "rowid % 7 > 0 THEN list_transform(range(rowid % 5), lambda i: CASE WHEN i % 2 = 1 THEN "
            "CAST(rowid + i AS VARCHAR) ELSE 'item number ' || (rowid + i) || ' of a list' END) END"),
        ==, 50 * ENGINE_CHUNK_ROWS);
    test.feed.items = none;
    g_autofree char *again = feed_sql("SELECT * FROM FEED", id);
    assert_fails(f->conn, again, BASE_E_SQL_FAILED);
    test.feed.items = NULL;
    assert_fails(f->conn, again, BASE_E_SQL_FAILED);
    engine_feed_remove(f->engine, id);
}

static void test_a_feed_may_be_left_early(Fixture *f, gconstpointer data)
{
    (void)data;
    TestFeed test = make_feed(1000000, 0);
    uint64_t id = engine_feed_add(f->engine, &test.feed);
    g_autofree char *sql = feed_sql("SELECT count(*) FROM (SELECT n FROM FEED LIMIT 10)", id);
    g_assert_cmpint(number(f->conn, sql), ==, 10);
    g_autofree char *half = feed_sql("SELECT n FROM FEED", id);
    g_autoptr(GError) error = NULL;
    EngineResult *result = engine_query(f->conn, half, &error);
    g_assert_nonnull(engine_result_next(result, &error));
    engine_result_free(result);
    engine_feed_remove(f->engine, id);
    g_assert_cmpint(test.opened, ==, test.closed);
    g_assert_cmpint(test.next, <, 1000000);
}

typedef struct {
    Fixture *f;
    int failures;
} Worker;

static gpointer feed_worker(gpointer data)
{
    Worker *worker = data;
    g_autoptr(GError) error = NULL;
    EngineConn *conn = engine_connect(worker->f->engine, &error);
    for (int i = 0; conn && i < 30; i++) {
        TestFeed test = make_feed(20, 0);
        uint64_t id = engine_feed_add(worker->f->engine, &test.feed);
        g_autofree char *sql = feed_sql("SELECT sum(n)::BIGINT FROM FEED", id);
        int64_t sum = 0;
        worker->failures += !engine_query_int(conn, sql, &sum, NULL) || sum != 199990000;
        engine_feed_remove(worker->f->engine, id);
        worker->failures += test.opened != test.closed;
    }
    worker->failures += conn == NULL;
    engine_disconnect(conn);
    return NULL;
}

static void test_feeds_of_several_sessions_do_not_meet(Fixture *f, gconstpointer data)
{
    (void)data;
    Worker workers[4];
    GThread *threads[4];
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (Worker){.f = f};
        threads[i] = g_thread_new("feed", feed_worker, &workers[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        g_thread_join(threads[i]);
        g_assert_cmpint(workers[i].failures, ==, 0);
    }
}

/* ---- notes ------------------------------------------------------------------------------------------------
 */

typedef struct {
    gint calls, nulls; /* atomic */
    gint64 rows;
    GMutex lock;
} Notes;

static bool take_note(void *user, int64_t handle, int64_t row, const char *text, size_t len)
{
    Notes *notes = user;
    g_assert_cmpint(handle, ==, 7);
    g_atomic_int_inc(&notes->calls);
    if (!text) {
        g_atomic_int_inc(&notes->nulls);
    } else {
        g_assert_true(len >= 4 && memcmp(text, "row ", 4) == 0);
    }
    g_mutex_lock(&notes->lock);
    notes->rows += row;
    g_mutex_unlock(&notes->lock);
    return row % 2 == 0;
}

static void test_a_note_function_is_called_for_each_row(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    Notes notes = {0};
    g_mutex_init(&notes.lock);
    g_assert_true(engine_add_note_function(f->engine, "weir_test_note", take_note, &notes, &error));
    g_assert_cmpint(
        number(f->conn,
               "SELECT count_if(weir_test_note(7, i, CASE WHEN i % 10 = 0 THEN NULL ELSE 'row ' || i END)) "
               "FROM range(200000) t(i)"),
        ==, 100000);
    g_assert_cmpint(notes.calls, ==, 200000);
    g_assert_cmpint(notes.nulls, ==, 20000);
    g_assert_cmpint(notes.rows, ==, INT64_C(19999900000));
    notes.calls = 0; /* volatile: constant arguments are not folded into one call */
    g_assert_cmpint(number(f->conn, "SELECT count_if(weir_test_note(7, 2, 'row x')) FROM range(5000)"), ==,
                    5000);
    g_assert_cmpint(notes.calls, ==, 5000);
    g_mutex_clear(&notes.lock);
}

/* ---- files ------------------------------------------------------------------------------------------------
 */

static void test_the_log_grows_until_a_checkpoint(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run(f->conn, "CREATE TABLE t(a BIGINT, s VARCHAR)");
    g_assert_false(engine_checkpoint_due(f->engine));
    for (int i = 0; i < 20; i++) {
        run(f->conn, "INSERT INTO t SELECT range, md5(range::VARCHAR) FROM range(1000)");
    }
    g_assert_true(engine_checkpoint_due(f->engine));
    int64_t log = engine_wal_bytes(f->engine), file = engine_file_bytes(f->engine);
    g_assert_cmpint(log, >, 100000);
    g_assert_true(engine_checkpoint(f->engine, &error));
    g_assert_no_error(error);
    g_assert_cmpint(engine_wal_bytes(f->engine), ==, 0);
    g_assert_cmpint(engine_file_bytes(f->engine), >, file);
    g_assert_false(engine_checkpoint_due(f->engine));
    g_autofree char *undo = g_strconcat(f->path, ".undo", NULL);
    g_assert_false(g_file_test(undo, G_FILE_TEST_EXISTS));
}

static void test_a_checkpoint_does_not_wait(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run(f->conn, "CREATE TABLE t AS SELECT * FROM range(1000000)");
    g_autoptr(EngineConn) reader = engine_connect(f->engine, &error);
    g_autoptr(EngineResult) half = engine_query(reader, "SELECT * FROM t", &error);
    g_assert_nonnull(engine_result_next(half, &error));
    g_autoptr(EngineConn) old_reader = engine_connect(f->engine, &error);
    run(old_reader, "BEGIN; SELECT count(*) FROM t");
    run(f->conn, "DELETE FROM t WHERE range < 500");
    bool ok = engine_checkpoint(f->engine, &error); /* done, or refused at once */
    g_assert_true(ok || g_error_matches(error, BASE_ERROR, BASE_E_CONFLICT));
    g_clear_error(&error);
    run(old_reader, "COMMIT");
    /* an open writer refuses it, and nothing is harmed */
    run(f->conn, "BEGIN; INSERT INTO t VALUES (-1)");
    ok = engine_checkpoint(f->engine, &error);
    g_assert_true(ok || g_error_matches(error, BASE_ERROR, BASE_E_CONFLICT));
    g_assert_true(engine_commit(f->conn, NULL));
    g_assert_false(engine_poisoned(f->engine));
    int64_t rows = 0;
    EngineChunk *chunk;
    g_clear_error(&error);
    while ((chunk = engine_result_next(half, &error))) {
        rows += (int64_t)engine_chunk_rows(chunk);
    }
    g_assert_no_error(error);
    g_assert_cmpint(rows, >, 990000); /* its own snapshot, to the end */
    g_assert_cmpint(number(f->conn, "SELECT count(*) FROM t"), ==, 999501);
}

static void test_a_file_is_opened_once(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_null(open_engine(f, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DATA_LOCKED);
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) { /* another process; its copy of this one's list is told apart by the path */
        g_autofree char *link_path = g_strconcat(f->path, ".link", NULL);
        if (symlink(f->path, link_path) != 0) {
            _exit(2);
        }
        EngineOptions options = {.path = link_path, .threads = 1};
        g_autoptr(GError) refused = NULL;
        Engine *second = engine_open(&options, &refused);
        _exit(!second && g_error_matches(refused, BASE_ERROR, BASE_E_DATA_LOCKED) ? 0 : 1);
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_what_is_no_warehouse_is_said_to_be_damaged(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(f->dir, "other", NULL);
    g_autofree char *noise = g_strnfill(20000, 'x');
    g_assert_true(base_fs_write(path, noise, 20000, 0600, &error));
    EngineOptions options = {.path = path};
    g_assert_null(engine_open(&options, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DATA_DAMAGED);
    g_clear_error(&error);
    g_autofree char *nowhere = g_build_filename(f->dir, "no", "folder", "x", NULL);
    options.path = nowhere;
    g_assert_null(engine_open(&options, &error));
    g_assert_nonnull(error);
}

static void test_a_backup_is_a_warehouse_with_all_commits(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    run(f->conn, "CREATE TABLE t AS SELECT range AS a, md5(range::VARCHAR) AS s FROM range(300000)");
    g_assert_true(engine_checkpoint(f->engine, &error));
    run(f->conn, "INSERT INTO t SELECT range, 'in the log' FROM range(1000)");
    g_autoptr(EngineConn) writer = engine_connect(f->engine, &error);
    run(writer,
        "BEGIN; INSERT INTO t SELECT range, 'open' FROM range(200000)"); /* not committed: not in it */
    g_autofree char *path = g_build_filename(f->dir, "copy.duckdb", NULL);
    g_assert_true(engine_backup(f->engine, path, &error));
    g_assert_no_error(error);
    g_assert_true(engine_commit(writer, &error));
    g_assert_cmpint(number(f->conn, "SELECT count(*) FROM t"), ==, 501000);
    EngineOptions options = {.path = path};
    g_autoptr(Engine) copy = engine_open(&options, &error);
    g_assert_no_error(error);
    g_assert_cmpint(engine_wal_bytes(copy), ==, 0);
    EngineConn *conn = engine_connect(copy, &error);
    g_assert_cmpint(number(conn, "SELECT count(*) FROM t"), ==, 301000);
    g_assert_cmpint(number(conn, "SELECT count(*) FROM t WHERE s = 'in the log'"), ==, 1000);
    engine_disconnect(conn);
    g_assert_false(engine_backup(f->engine, path, &error)); /* exists */
    g_assert_error(error, BASE_ERROR, BASE_E_FILE_IO);
    /* the copy did not take the warehouse's lock away */
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(f->path, O_RDWR);
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        _exit(fd >= 0 && fcntl(fd, F_SETLK, &lock) != 0 ? 0 : 1);
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/engine/a-statement-knows-its-columns-and-parameters",
        test_a_statement_knows_its_columns_and_parameters);
    ADD("/engine/values-are-bound-by-type", test_values_are_bound_by_type);
    ADD("/engine/a-statement-runs-again-with-other-values", test_a_statement_runs_again_with_other_values);
    ADD("/engine/changed-rows-are-counted", test_changed_rows_are_counted);
    ADD("/engine/five-million-rows-stream-in-bounded-memory",
        test_five_million_rows_stream_in_bounded_memory);
    ADD("/engine/an-error-in-the-middle-of-a-result-is-reported",
        test_an_error_in_the_middle_of_a_result_is_reported);
    ADD("/engine/a-result-may-be-dropped-half-read", test_a_result_may_be_dropped_half_read);
    ADD("/engine/nulls-and-no-rows", test_nulls_and_no_rows);
    ADD("/engine/small-results-as-json", test_small_results_as_json);
    ADD("/engine/times-with-zone-are-shown-in-the-sessions-zone",
        test_times_with_zone_are_shown_in_the_sessions_zone);
    ADD("/engine/a-rollback-leaves-nothing-and-a-commit-stays",
        test_a_rollback_leaves_nothing_and_a_commit_stays);
    ADD("/engine/writers-of-one-row-conflict", test_writers_of_one_row_conflict);
    ADD("/engine/an-interrupt-from-another-thread-stops-a-query",
        test_an_interrupt_from_another_thread_stops_a_query);
    ADD("/engine/a-commit-is-not-interrupted", test_a_commit_is_not_interrupted);
    ADD("/engine/errors-have-codes-and-places", test_errors_have_codes_and_places);
    ADD("/engine/a-query-larger-than-memory-spills-or-says-so",
        test_a_query_larger_than_memory_spills_or_says_so);
    ADD("/engine/what-sql-must-not-do-is-refused", test_what_sql_must_not_do_is_refused);
    ADD("/engine/a-feed-fills-a-table-from-several-threads", test_a_feed_fills_a_table_from_several_threads);
    ADD("/engine/a-feed-is-asked-only-for-what-is-read", test_a_feed_is_asked_only_for_what_is_read);
    ADD("/engine/an-error-of-a-feed-arrives-whole", test_an_error_of_a_feed_arrives_whole);
    ADD("/engine/a-feed-gives-lists", test_a_feed_gives_lists);
    ADD("/engine/a-feed-may-be-left-early", test_a_feed_may_be_left_early);
    ADD("/engine/feeds-of-several-sessions-do-not-meet", test_feeds_of_several_sessions_do_not_meet);
    ADD("/engine/a-note-function-is-called-for-each-row", test_a_note_function_is_called_for_each_row);
    ADD("/engine/the-log-grows-until-a-checkpoint", test_the_log_grows_until_a_checkpoint);
    ADD("/engine/a-checkpoint-does-not-wait", test_a_checkpoint_does_not_wait);
    ADD("/engine/a-file-is-opened-once", test_a_file_is_opened_once);
    ADD("/engine/what-is-no-warehouse-is-said-to-be-damaged",
        test_what_is_no_warehouse_is_said_to_be_damaged);
    ADD("/engine/a-backup-is-a-warehouse-with-all-commits", test_a_backup_is_a_warehouse_with_all_commits);
    return g_test_run();
}
