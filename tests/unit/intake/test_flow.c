/* Loads whose rows are inserted while their body comes: cut anywhere, stalled, cut off, refused, parked. */
#include <sys/stat.h>
#include <zlib.h>

#include "base/time.h"
#include "fixture.h"

#define STREAM_MEMORY (128 * 1024) /* so that bodies of megabytes have many segments */

static void start(Fixture *f)
{
    fixture_start(f);
    f->intake->spool_memory = 1000;
    f->intake->stream_memory = STREAM_MEMORY;
    f->intake->stream_wait_us = 3600 * BASE_TIME_SECOND_US; /* a slow machine changes nothing */
}

static guint files_in_spool(const Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(f->intake->spool_dir, 0, &error);
    g_assert_no_error(error);
    guint n = 0;
    while (g_dir_read_name(dir)) {
        n++;
    }
    return n;
}

/* {"id":7,"name":"ключ-七-7"} a line, or as elements of an array. */
static GString *json_rows(int from, int to, bool array)
{
    GString *body = g_string_new(array ? "[" : NULL);
    for (int i = from; i < to; i++) {
        g_string_append_printf(body, "%s{\"id\":%d,\"name\":\"\u043a\u043b\u044e\u0447-\u4e03-%d\"}%s",
                               array && i > from ? "," : "", i, i, array ? " " : "\n");
    }
    return array ? g_string_append_c(body, ']') : body;
}

static void expect_rows(Fixture *f, const char *table, int n)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT count(*), count(DISTINCT id), min(id), max(id), count(*) FILTER (WHERE name = "
        "'\u043a\u043b\u044e\u0447-\u4e03-' || id) FROM d.%s",
        table);
    g_autofree char *expected = g_strdup_printf("%d,%d,0,%d,%d", n, n, n - 1, n);
    fixture_expect(f, sql, expected);
}

static void expect_success(const FixtureFlow *flow, gint64 rows, size_t bytes)
{
    g_assert_no_error(flow->error);
    g_assert_true(flow->ok);
    g_assert_cmpstr(flow->result.status, ==, "Success");
    g_assert_cmpint(flow->result.total_rows, ==, rows);
    g_assert_cmpint(flow->result.loaded_rows, ==, rows);
    g_assert_cmpint(flow->result.bytes, ==, (gint64)bytes);
}

/* A whole body, of which the load began before it was whole. */
static void load_flowing(FixtureFlow *flow, Fixture *f, const CatalogTable *t, const char *headers,
                         const char *body, size_t len, size_t piece)
{
    fixture_flow_begin(flow, f, t, headers);
    fixture_flow_send(flow, body, len, piece);
    g_assert_nonnull(flow->thread);
    fixture_flow_finish(flow, true);
}

/* ---- what is cut anywhere
 * --------------------------------------------------------------------------------------- */

static void load_json(const char *headers, bool array, size_t piece)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    FixtureFlow flow;
    fixture_flow_begin(&flow, &f, t, headers);
    GString *body = json_rows(0, 60000, array);
    fixture_flow_send(&flow, body->str, body->len, piece);
    g_assert_nonnull(flow.thread); /* it began before its body was whole */
    g_assert_cmpuint(files_in_spool(&f), ==, 0);
    fixture_flow_finish(&flow, true);
    expect_success(&flow, 60000, body->len);
    expect_rows(&f, "t", 60000);
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

static void test_json_lines(void)
{
    load_json("format:json\nread_json_by_line:true", false, 997);
    load_json("format:json\nread_json_by_line:true", false, 70000);
}

static void test_json_array(void)
{
    load_json("format:json\nstrip_outer_array:true", true, 1009);
}

/* Line breaks, quotes and separators inside of the quotes. */
static void test_csv_quoted(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT text:VARCHAR");
    FixtureFlow flow;
    fixture_flow_begin(&flow, &f, t, "format:csv_with_names\ncolumn_separator:,\nenclose:\"\nescape:\\");
    GString *body = g_string_new("id,text\n");
    for (int i = 0; i < 60000; i++) {
        g_string_append_printf(body, "%d,\"one, \u4e8c\nthree\n\n%d\"\n", i, i);
    }
    fixture_flow_send(&flow, body->str, body->len, 1013);
    g_assert_nonnull(flow.thread);
    fixture_flow_finish(&flow, true);
    expect_success(&flow, 60000, body->len);
    fixture_expect(
        &f,
        "SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE text = 'one, \u4e8c' || chr(10) || "
        "'three' || chr(10) || chr(10) || id) FROM d.t",
        "60000,60000,60000");
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

static GByteArray *gzip(const GString *body)
{
    GByteArray *packed = g_byte_array_new();
    g_byte_array_set_size(packed, (guint)compressBound(body->len) + 64);
    z_stream z = {.next_in = (Bytef *)body->str,
                  .avail_in = (uInt)body->len,
                  .next_out = packed->data,
                  .avail_out = packed->len};
    g_assert_cmpint(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
    g_byte_array_set_size(packed, (guint)z.total_out);
    deflateEnd(&z);
    return packed;
}

static void test_gzip(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    GString *body = json_rows(0, 120000, false);
    g_autoptr(GByteArray) packed = gzip(body);
    static const char HEADERS[] = "format:json\nread_json_by_line:true\ncompress_type:gz";
    FixtureFlow flow;
    load_flowing(&flow, &f, t, HEADERS, (const char *)packed->data, packed->len - 5, 991);
    g_assert_error(flow.error, BASE_ERROR, BASE_E_FORMAT_INVALID); /* whole as it is, it is cut off */
    fixture_expect(&f, "SELECT count(*) FROM d.t", "0");
    fixture_flow_clear(&flow);

    load_flowing(&flow, &f, t, HEADERS, (const char *)packed->data, packed->len, 991);
    expect_success(&flow, 120000, packed->len);
    expect_rows(&f, "t", 120000);
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

/* ---- rejects
 * ---------------------------------------------------------------------------------------------------- */

static GString *rows_with_faults(int n, int every)
{
    GString *body = g_string_new(NULL);
    for (int i = 0; i < n; i++) {
        g_string_append_printf(body, i % every == 0 ? "{\"id\":\"bad-%d\"}\n" : "{\"id\":%d}\n", i);
    }
    return body;
}

/* Those of every segment are in one log, judged over the whole body. */
static void test_rejects(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT");
    GString *body = rows_with_faults(100000, 1000);
    FixtureFlow flow;
    load_flowing(&flow, &f, t,
                 "format:json\nread_json_by_line:true\nstrict_mode:true\nmax_filter_ratio:0.001", body->str,
                 body->len, 997);
    g_assert_no_error(flow.error);
    g_assert_cmpint(flow.result.total_rows, ==, 100000);
    g_assert_cmpint(flow.result.filtered_rows, ==, 100);
    g_assert_cmpint(flow.result.loaded_rows, ==, 99900);
    g_autofree char *path = intake_error_log(f.intake, flow.result.error_log);
    g_autofree char *log = NULL;
    g_assert_true(g_file_get_contents(path, &log, NULL, NULL));
    for (int i = 0; i < 100000; i += 1000) {
        g_autofree char *line = g_strdup_printf("{\"id\":\"bad-%d\"}", i);
        g_assert_nonnull(strstr(log, line));
    }
    fixture_flow_clear(&flow);

    load_flowing(&flow, &f, t,
                 "format:json\nread_json_by_line:true\nstrict_mode:true\nmax_filter_ratio:0.0009", body->str,
                 body->len, 997);
    g_assert_error(flow.error, BASE_ERROR, BASE_E_LOAD_REJECTED);
    g_assert_cmpint(flow.result.filtered_rows, ==, 100);
    fixture_expect(&f, "SELECT count(*) FROM d.t", "99900"); /* of the first alone */
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

/* Rows that the WHERE leaves out are counted over all statements. */
static void test_where(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    GString *body = json_rows(0, 60000, false);
    FixtureFlow flow;
    load_flowing(&flow, &f, t, "format:json\nread_json_by_line:true\nwhere:id % 3 = 0", body->str, body->len,
                 997);
    g_assert_no_error(flow.error);
    g_assert_cmpint(flow.result.total_rows, ==, 60000);
    g_assert_cmpint(flow.result.loaded_rows, ==, 20000);
    g_assert_cmpint(flow.result.unselected_rows, ==, 40000);
    fixture_expect(&f, "SELECT count(*), sum(id % 3) FROM d.t", "20000,0");
    fixture_flow_clear(&flow);

    /* the engine need not read a row to know this */
    load_flowing(&flow, &f, t, "format:json\nread_json_by_line:true\nwhere:1 = 0", body->str, body->len, 997);
    g_assert_no_error(flow.error);
    g_assert_cmpint(flow.result.loaded_rows, ==, 0);
    g_assert_cmpint(flow.result.bytes, ==, (gint64)body->len);
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

/* ---- bodies that end badly
 * ------------------------------------------------------------------------------------------ */

/* Nothing of it is there, its label is free, and while it ran the label was not. */
static void test_cut_off(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    static const char HEADERS[] = "format:json\nread_json_by_line:true\nlabel:once";
    GString *body = json_rows(0, 60000, false);
    FixtureFlow flow, second;
    fixture_flow_begin(&flow, &f, t, HEADERS);
    fixture_flow_send(&flow, body->str, body->len, 997); /* at its end at least one segment was taken */
    g_assert_nonnull(flow.thread);

    fixture_flow_begin(&second, &f, t, HEADERS);
    fixture_flow_send(&second, "{\"id\":1}\n", 9, 9);
    fixture_flow_finish(&second, true);
    g_assert_error(second.error, BASE_ERROR, BASE_E_LABEL_EXISTS);
    g_assert_cmpstr(second.result.existing_status, ==, "RUNNING");
    fixture_flow_clear(&second);

    fixture_flow_finish(&flow, false);
    g_assert_error(flow.error, BASE_ERROR, BASE_E_INTERRUPTED);
    g_assert_cmpstr(flow.result.status, ==, "Fail");
    fixture_expect(&f, "SELECT count(*) FROM d.t", "0");
    fixture_flow_clear(&flow);

    load_flowing(&flow, &f, t, HEADERS, body->str, body->len, 4096);
    expect_success(&flow, 60000, body->len);
    expect_rows(&f, "t", 60000);
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

/* The rest of a body whose load has failed is taken and thrown away; a cut-off array fails at its end. */
static void test_broken(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    static const char HEADERS[] = "format:json\nstrip_outer_array:true";
    GString *body = json_rows(0, 60000, true);
    FixtureFlow flow;
    load_flowing(&flow, &f, t, HEADERS, body->str, body->len - 1, 997);
    g_assert_error(flow.error, BASE_ERROR, BASE_E_FORMAT_INVALID);
    fixture_flow_clear(&flow);

    body->str[body->len / 4] = '\1';
    fixture_flow_begin(&flow, &f, t, HEADERS);
    fixture_flow_send(&flow, body->str, body->len, 997);
    g_assert_false(flow.refused);
    fixture_flow_finish(&flow, true);
    g_assert_error(flow.error, BASE_ERROR, BASE_E_FORMAT_INVALID);
    fixture_expect(&f, "SELECT count(*) FROM d.t", "0");
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

static void test_too_large(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    GString *body = json_rows(0, 60000, false);
    f.intake->max_bytes = (gint64)body->len / 2;
    FixtureFlow flow;
    fixture_flow_begin(&flow, &f, t, "format:json\nread_json_by_line:true");
    fixture_flow_send(&flow, body->str, body->len, 997);
    g_assert_true(flow.refused);
    fixture_flow_finish(&flow, true); /* what came was not whole, whatever is said now */
    g_assert_error(flow.error, BASE_ERROR, BASE_E_LOAD_TOO_LARGE);
    fixture_expect(&f, "SELECT count(*) FROM d.t", "0");
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

/* ---- slow clients
 * ----------------------------------------------------------------------------------------------- */

/* While its client sleeps there is no transaction of it: checkpoints are taken, the table can be changed. */
static void test_parked(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    fixture_load(&f, t, "column_separator:,", "-1,before\n");
    GString *body = json_rows(0, 60000, false);
    FixtureFlow flow;
    fixture_flow_begin_parked(&flow, &f, t, "format:json\nread_json_by_line:true", body->str, body->len / 2);
    fixture_expect(&f, "SELECT count(*) FROM d.t", "1");
    g_autoptr(GError) error = NULL;
    bool ok = engine_checkpoint(f.engine, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_autoptr(CatalogTable) made = fixture_table("t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR n:INTEGER");
    g_autoptr(CatalogTable) wider = catalog_table_copy(made);
    ok = intake_table_alter(f.intake, t, wider, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    fixture_flow_send(&flow, body->str + body->len / 2, body->len - body->len / 2, 997);
    g_assert_cmpuint(files_in_spool(&f), ==, 1);
    fixture_flow_finish(&flow, true);
    expect_success(&flow, 60000, body->len);
    g_assert_cmpuint(files_in_spool(&f), ==, 0);
    ok = engine_exec(f.conn, "DELETE FROM d.t WHERE id < 0", &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    expect_rows(&f, "t", 60000);
    fixture_expect(&f, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'txn_%'", "0");
    fixture_expect(&f, "SELECT loaded_rows, bytes > 1000000 FROM _weir.loads ORDER BY txn_id DESC LIMIT 1",
                   "60000,true");
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

static void test_parked_cut_off(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    GString *body = json_rows(0, 60000, false);
    FixtureFlow flow;
    fixture_flow_begin_parked(&flow, &f, t, "format:json\nread_json_by_line:true", body->str, body->len / 2);
    fixture_flow_finish(&flow, false);
    g_assert_error(flow.error, BASE_ERROR, BASE_E_INTERRUPTED);
    g_assert_cmpuint(files_in_spool(&f), ==, 0);
    fixture_expect(&f, "SELECT count(*) FROM d.t", "0");
    fixture_expect(&f, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'txn_%'", "0");
    fixture_flow_clear(&flow);
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

/* The stage of a load that was parked when the process ended goes at the start, a prepared load's stays. */
static void test_parked_stage_is_dropped(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT");
    g_autoptr(GError) error = NULL;
    IntakeResult result;
    bool ok = fixture_try(&f, t, "two_phase_commit:true", "7\n", -1, &result, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_assert_true(engine_exec(f.conn, "CREATE TABLE _weir.txn_999 AS SELECT 1 AS id", &error));
    fixture_close(&f);
    fixture_open(&f);
    g_autofree char *left = g_strdup_printf("txn_%" G_GINT64_FORMAT, result.txn_id);
    fixture_expect(&f, "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'txn_%'", left);
    gint64 id;
    ok = intake_commit(f.intake, "d", result.txn_id, NULL, &id, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    fixture_expect(&f, "SELECT id FROM d.t", "7");
    intake_result_clear(&result);
    fixture_stop(&f);
}

/* ---- which bodies
 * ----------------------------------------------------------------------------------------------- */

static void expect_file(Fixture *f, const CatalogTable *t, const GString *body, guint files)
{
    FixtureFlow flow;
    fixture_flow_begin(&flow, f, t, "format:json\nread_json_by_line:true");
    fixture_flow_send(&flow, body->str, body->len, 997);
    g_assert_null(flow.thread);
    g_assert_cmpuint(files_in_spool(f), ==, files);
    fixture_flow_finish(&flow, true);
    expect_success(&flow, 6000, body->len);
    g_assert_cmpuint(files_in_spool(f), ==, 0);
    fixture_flow_clear(&flow);
}

/* All others go by the file, as ever. */
static void test_others(void)
{
    Fixture f;
    start(&f);
    g_autoptr(CatalogTable) keyed = fixture_create(&f, "k", CATALOG_UNIQUE, "id:BIGINT:key name:VARCHAR");
    g_autoptr(CatalogTable) t = fixture_create(&f, "t", CATALOG_DUPLICATE, "id:BIGINT name:VARCHAR");
    GString *body = json_rows(0, 6000, false);
    expect_file(&f, keyed, body, 1);
    f.intake->stream_memory = 0;
    expect_file(&f, t, body, 1);
    f.intake->stream_memory = STREAM_MEMORY;
    f.intake->stream_wait_us = -1; /* its first segment is late */
    expect_file(&f, t, body, 1);
    f.intake->stream_wait_us = 3600 * BASE_TIME_SECOND_US;
    f.intake->flows_max = 0;
    expect_file(&f, t, body, 1);
    f.intake->flows_max = 2;
    f.intake->large_running += f.intake->large_max;
    FixtureFlow flow;
    fixture_flow_begin(&flow, &f, t, "format:json\nread_json_by_line:true");
    fixture_flow_send(&flow, body->str, body->len, 997);
    g_assert_null(flow.thread); /* no large load may begin now */
    g_assert_cmpuint(files_in_spool(&f), ==, 1);
    f.intake->large_running -= f.intake->large_max;
    fixture_flow_finish(&flow, true);
    expect_success(&flow, 6000, body->len);
    fixture_flow_clear(&flow);
    f.intake->stream_memory = 64 << 20; /* less than a segment: in memory to its end */
    expect_file(&f, t, body, 0);
    g_assert_cmpint(f.intake->flows, ==, 0);
    g_assert_cmpuint(f.intake->large_running, ==, 0);
    expect_rows(&f, "k", 6000);
    fixture_expect(&f, "SELECT count(*) FROM d.t", "30000");
    g_string_free(body, TRUE);
    fixture_stop(&f);
}

static gpointer wait_for_place(gpointer intake)
{
    intake_large_begin(intake);
    return NULL;
}

static unsigned waiting_for_place(Intake *intake)
{
    g_mutex_lock(&intake->large_lock);
    unsigned n = intake->large_waiting;
    g_mutex_unlock(&intake->large_lock);
    return n;
}

/* A place that comes free is of the load that waits for it, also while that one has not woken yet. */
static void test_place_in_turn(void)
{
    Fixture f;
    start(&f);
    for (unsigned i = 0; i < f.intake->large_max; i++) {
        g_assert_true(intake_large_try(f.intake));
    }
    g_assert_false(intake_large_try(f.intake));
    GThread *thread = g_thread_new("waits", wait_for_place, f.intake);
    while (waiting_for_place(f.intake) == 0) {
        g_thread_yield();
    }
    f.intake->large_max++; /* free, and nobody was woken */
    g_assert_false(intake_large_try(f.intake));
    intake_large_end(f.intake);
    g_thread_join(thread);
    g_assert_true(intake_large_try(f.intake));
    while (f.intake->large_running > 0) {
        intake_large_end(f.intake);
    }
    fixture_stop(&f);
}

static void append_piece(IntakeFlow *flow, const char *bytes, guint len)
{
    intake_flow_append(flow, g_byte_array_append(g_byte_array_new(), (const guint8 *)bytes, len));
}

/* A writer that does as it is told holds no more than a quarter of load.stream_memory and one piece. */
static void test_bounded(void)
{
    IntakeFlow *flow = intake_flow_new(40000);
    char buffer[4000];
    FixtureFlow waits = {0};
    g_mutex_init(&waits.lock);
    g_cond_init(&waits.changed);
    for (int i = 0; i < 3; i++) {
        g_assert_false(intake_flow_on_room(flow, fixture_flow_room, &waits));
        append_piece(flow, buffer, sizeof buffer);
    }
    g_assert_true(intake_flow_on_room(flow, fixture_flow_room, &waits));
    g_assert_cmpuint(intake_flow_take(flow, buffer, 2000), ==, 2000);
    g_assert_false(waits.room);
    g_assert_cmpuint(intake_flow_take(flow, buffer, 1), ==, 1);
    g_assert_true(waits.room);
    g_assert_cmpint(intake_flow_held(flow), ==, 9999);
    g_assert_true(intake_flow_take(flow, buffer, sizeof buffer) == sizeof buffer); /* over a piece's end */
    intake_flow_free(flow);
    g_mutex_clear(&waits.lock);
    g_cond_clear(&waits.changed);
}

static gpointer wait_for_all(gpointer flow)
{
    bool late;
    g_assert_true(intake_flow_wait(flow, 40000, -1, &late, NULL));
    return NULL;
}

/* A reader that waits for more than a quarter gets it, though the writer was told before that it is full. */
static void test_room_for_who_waits(void)
{
    IntakeFlow *flow = intake_flow_new(40000);
    char buffer[12000] = {0};
    FixtureFlow waits = {0};
    g_mutex_init(&waits.lock);
    g_cond_init(&waits.changed);
    append_piece(flow, buffer, sizeof buffer);
    g_assert_true(intake_flow_on_room(flow, fixture_flow_room, &waits));
    GThread *reader = g_thread_new("reader", wait_for_all, flow);
    g_mutex_lock(&waits.lock);
    while (!waits.room) {
        g_cond_wait(&waits.changed, &waits.lock);
    }
    g_mutex_unlock(&waits.lock);
    for (int i = 0; i < 3; i++) {
        g_assert_false(intake_flow_on_room(flow, fixture_flow_room, &waits));
        append_piece(flow, buffer, sizeof buffer);
    }
    g_thread_join(reader);
    intake_flow_free(flow);
    g_mutex_clear(&waits.lock);
    g_cond_clear(&waits.changed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/flow/lines of JSON are cut anywhere", test_json_lines);
    g_test_add_func("/flow/an array of JSON is cut anywhere", test_json_array);
    g_test_add_func("/flow/a quoted field may hold line breaks", test_csv_quoted);
    g_test_add_func("/flow/a compressed body", test_gzip);
    g_test_add_func("/flow/rejects are of the whole body", test_rejects);
    g_test_add_func("/flow/rows left out are of the whole body", test_where);
    g_test_add_func("/flow/a body cut off leaves nothing", test_cut_off);
    g_test_add_func("/flow/a broken body leaves nothing", test_broken);
    g_test_add_func("/flow/a body that is too large leaves nothing", test_too_large);
    g_test_add_func("/flow/a load whose client sleeps parks", test_parked);
    g_test_add_func("/flow/a parked load that is cut off leaves nothing", test_parked_cut_off);
    g_test_add_func("/flow/a start drops what was parked", test_parked_stage_is_dropped);
    g_test_add_func("/flow/other loads go by the file", test_others);
    g_test_add_func("/flow/places of large loads go in turn", test_place_in_turn);
    g_test_add_func("/flow/a flow is bounded", test_bounded);
    g_test_add_func("/flow/there is room for who waits", test_room_for_who_waits);
    return g_test_run();
}
