/* Loads from body to rows: Stream Load's features through the real engine. */
#include <bzlib.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "fixture.h"

static Fixture f;

#define DUP "a:BIGINT b:VARCHAR c:DOUBLE"

static CatalogTable *fresh(const char *name, const char *columns)
{
    return fixture_create(&f, name, CATALOG_DUPLICATE, columns);
}

/* The load fails; its message holds `words`; nothing is in the table. */
static void expect_fail(const CatalogTable *table, const char *headers, const char *body, const char *words)
{
    g_autoptr(GError) error = NULL;
    IntakeResult result;
    g_assert_false(fixture_try(&f, table, headers, body, -1, &result, &error));
    g_assert_nonnull(error);
    if (!strstr(error->message, words)) {
        g_error("`%s` lacks `%s`", error->message, words);
    }
    if (result.status) {
        g_assert_cmpstr(result.status, ==, "Fail");
        g_assert_cmpint(result.loaded_rows, ==, 0);
    }
    intake_result_clear(&result);
}

static void test_types(void)
{
    g_autoptr(CatalogTable) t =
        fresh("types", "a:BIGINT b:VARCHAR c:DOUBLE d:DATE e:TIMESTAMP g:DECIMAL(10,2) h:BOOLEAN i:TINYINT "
                       "j:JSON k:HUGEINT l:DECIMAL(38,4) m:INTEGER[]");
    fixture_load(&f, t, "column_separator:;",
                 "1;x;1.5;2026-01-02;2026-01-02 03:04:05.5;1.25;true;-7;{\"a\": "
                 "[1]};170141183460469231731687303715884105727;12345678901234567890.12345;[1, 2]\n"
                 "\\N;\\N;\\N;\\N;\\N;\\N;\\N;\\N;\\N;\\N;\\N;\\N\n");
    fixture_expect(&f, "SELECT * EXCLUDE _weir_load_id FROM d.types ORDER BY a NULLS LAST",
                   "1,x,1.5,2026-01-02,2026-01-02 03:04:05.5,1.25,true,-7,{\"a\": "
                   "[1]},170141183460469231731687303715884105727,12345678901234567890.1235,[1,2]|"
                   "~,~,~,~,~,~,~,~,~,~,~,~");
}

static void test_columns(void)
{
    g_autoptr(CatalogTable) t = fresh("mapped", "k1:INTEGER k2:VARCHAR v:BIGINT day:DATE");
    fixture_load(&f, t,
                 "column_separator:,\ncolumns:k2,tmp,k1,day_text, v = tmp * 100 + 1, day = "
                 "str_to_date(day_text, '%Y%m%d'), k2 = upper(k2)\nwhere:k1 > 1",
                 "a,5,1,20260101\nb,6,2,20260102\nc,7,3,20261399\n");
    fixture_expect(&f, "SELECT k1, k2, v, day FROM d.mapped ORDER BY k1", "2,B,601,2026-01-02|3,C,701,~");
    fixture_expect(&f,
                   "SELECT total_rows, loaded_rows, filtered_rows, unselected_rows FROM _weir.loads ORDER BY "
                   "txn_id DESC LIMIT 1",
                   "3,2,0,1");
    expect_fail(t, "column_separator:,\ncolumns:a,b,k1=(SELECT 1)", "1,2\n", "");
    expect_fail(t, "column_separator:,\ncolumns:a,b,k1=sum(a)", "1,2\n", "");
    expect_fail(t, "column_separator:,\ncolumns:a,b,k1=nosuch+1", "1,2\n", "no field or column `nosuch`");
    expect_fail(t, "column_separator:,\ncolumns:a,b,zz=a", "1,2\n", "zz");
    expect_fail(t, "column_separator:,\ncolumns:a,b", "1,2\n", "no field of the load");
    expect_fail(t, "column_separator:,\nwhere:k1 in (select 1)", "1,2,3,4\n", "");
    expect_fail(t, "column_separator:,\nwhere:1=1) or (1=1", "1,2,3,4\n", "");
}

static void test_functions(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "told", CATALOG_UNIQUE, "k:INTEGER:key v:VARCHAR");
    static const char *const CALLS[] = {"current_setting('temp_directory')", "current_query()",
                                        "weir_reject(k, 1, 'bad row')", "getenv('HOME')",
                                        "upper(string_agg('x' ORDER BY main.weir_reject(k, 1, 'x')))"};
    for (size_t i = 0; i < G_N_ELEMENTS(CALLS); i++) {
        g_autofree char *columns = g_strdup_printf("column_separator:,\ncolumns:k,x,v=%s", CALLS[i]);
        g_autofree char *where = g_strdup_printf("column_separator:,\nwhere:%s IS NULL", CALLS[i]);
        g_autofree char *gone =
            g_strdup_printf("column_separator:,\nmerge_type:MERGE\ndelete:%s IS NULL", CALLS[i]);
        expect_fail(t, columns, "1,2\n", "is refused: ");
        expect_fail(t, where, "1,2\n", "is refused: ");
        expect_fail(t, gone, "1,2\n", "is refused: ");
    }
    fixture_expect(&f, "SELECT count(*) FROM d.told", "0");
}

static void test_rejects(void)
{
    g_autoptr(CatalogTable) t = fresh("rejects", "a:BIGINT:notnull b:VARCHAR c:INTEGER");
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    const char *body = "1,x,1\n2,y\n\\N,z,3\n4,w,zz\nbad,q,5\n6,\xff\xfe,6\n7,ok,7\n";
    g_assert_false(fixture_try(&f, t, "column_separator:,\nmax_filter_ratio:0.3", body, -1, &result, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_LOAD_REJECTED);
    g_assert_nonnull(strstr(result.message, "too many filtered rows"));
    g_assert_cmpint(result.total_rows, ==, 7);
    g_assert_cmpint(result.filtered_rows, ==, 4);
    g_autofree char *path = intake_error_log(f.intake, result.error_log);
    g_autofree char *log = NULL;
    g_assert_true(g_file_get_contents(path, &log, NULL, NULL));
    g_assert_nonnull(
        strstr(log, "Reason: actual column number in csv file is less than schema column number"));
    g_assert_nonnull(strstr(log, ". src line [2,y]; "));
    g_assert_nonnull(strstr(log, "null value for not null column"));
    intake_result_clear(&result);
    g_clear_error(&error);
    fixture_expect(&f, "SELECT count(*) FROM d.rejects", "0");

    g_assert_true(fixture_try(&f, t, "column_separator:,\nmax_filter_ratio:0.9\nstrict_mode:true", body, -1,
                              &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(result.filtered_rows, ==, 5);
    g_assert_cmpint(result.loaded_rows, ==, 2);
    intake_result_clear(&result);
    fixture_expect(&f, "SELECT a, b, c FROM d.rejects ORDER BY a", "1,x,1|7,ok,7");
    g_assert_null(intake_error_log(f.intake, "../warehouse.duckdb"));
    g_assert_null(intake_error_log(f.intake, "0123456789abcdef0123456789abcdef.log"));
}

static void test_rejects_in_sql(void)
{
    g_autoptr(CatalogTable) t = fresh("sqlrejects", "a:BIGINT b:HUGEINT:notnull");
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    g_assert_true(fixture_try(&f, t, "column_separator:,\nmax_filter_ratio:0.5", "1,5\n2,x\n3,7\n", -1,
                              &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(result.filtered_rows, ==, 1);
    g_assert_cmpint(result.loaded_rows, ==, 2);
    g_assert_cmpint(result.unselected_rows, ==, 0);
    g_autofree char *path = intake_error_log(f.intake, result.error_log);
    g_autofree char *log = NULL;
    g_assert_true(g_file_get_contents(path, &log, NULL, NULL));
    g_assert_nonnull(strstr(log, "src line [2,x]"));
    intake_result_clear(&result);
}

static void test_lengths(void)
{
    g_autoptr(CatalogTable) t = fresh("lengths", "a:VARCHAR");
    CatalogColumn *column = t->columns->pdata[0];
    g_free(column->type_declared);
    column->type_declared = g_strdup("varchar(3)");
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    g_assert_true(fixture_try(&f, t, "max_filter_ratio:0.9", "abc\nabcd\n中\n中a\n", -1, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(result.filtered_rows, ==, 2);
    intake_result_clear(&result);
}

static void test_json(void)
{
    g_autoptr(CatalogTable) t = fresh("json", "a:BIGINT b:VARCHAR c:DOUBLE");
    fixture_load(&f, t, "format:json",
                 "{\"a\":1,\"b\":\"x\\n\\u00e9\",\"c\":1.5}\n\n  "
                 "{\"c\":null,\"a\":12345678901234567,\"b\":{\"k\":[1,2.50]}}\r\n");
    fixture_load(&f, t, "format:json\nstrip_outer_array:true", " [ {\"a\":3,\"b\":true} , {\"a\":4} ]\n");
    fixture_load(&f, t,
                 "format:json\nstrip_outer_array:true\njson_root:$.data.rows\njsonpaths:[\"$.id\",\"$.deep."
                 "list[1]\"]\ncolumns:a,b",
                 "{\"data\":{\"rows\":[{\"id\":5,\"deep\":{\"list\":[0,\"one\"]}},{\"id\":6}]}}");
    fixture_load(&f, t, "format:json\njsonpaths:[\"$.x\",\"$.y\"]\ncolumns:tmp,b,a=tmp*10",
                 "{\"x\":7,\"y\":\"seven\"}");
    fixture_expect(&f, "SELECT a, b, c FROM d.json ORDER BY a",
                   "1,x\né,1.5|3,true,~|4,~,~|5,one,~|6,~,~|70,seven,~|12345678901234567,{\"k\":[1,2.50]},~");
    expect_fail(t, "format:json", "{\"a\":1\n{\"a\":2}\n", "too many filtered rows: 1 of 2");
    expect_fail(t, "format:json", "[{\"a\":1}]", "strip_outer_array` must be TRUE");
    expect_fail(t, "format:json", "{\"zz\":1}", "All fields is null");
    expect_fail(t, "format:json\nstrip_outer_array:true", "[{\"a\":1},{\"a\":2}", "cut off");
    expect_fail(t, "format:json\nstrip_outer_array:true", "[{\"a\":1},{\"a\":]", "Parse json data failed");
}

/* More than a block of each format, so that the parallel path runs. */
static void test_large(void)
{
    g_autoptr(CatalogTable) t = fresh("large", DUP);
    GString *csv = g_string_new(NULL), *json = g_string_new(NULL), *array = g_string_new("[");
    gint64 n = 120000, sum = 0, deleted;
    g_autoptr(GError) error = NULL;
    for (gint64 i = 0; i < n; i++) {
        g_string_append_printf(csv, "%" G_GINT64_FORMAT ",\"text, %" G_GINT64_FORMAT "\nline\",%g\n", i, i,
                               (double)i / 2);
        g_string_append_printf(json,
                               "{\"a\":%" G_GINT64_FORMAT ",\"b\":\"t%" G_GINT64_FORMAT "\",\"c\":%g}\n", i,
                               i, (double)i / 2);
        g_string_append_printf(array, "%s{\"b\":\"[t,%" G_GINT64_FORMAT "\\\"\",\"a\":%" G_GINT64_FORMAT "}",
                               i ? ",\n" : "", i, i);
        sum += i;
    }
    g_string_append_c(array, ']');
    g_assert_cmpuint(array->len, >, 3 * INTAKE_BLOCK_BYTES);
    g_autofree char *expected =
        g_strdup_printf("%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT, n, sum, n);
    fixture_load(&f, t, "column_separator:,\nenclose:\"", csv->str);
    fixture_expect(&f, "SELECT count(*), sum(a)::BIGINT, count(DISTINCT b) FROM d.large", expected);
    fixture_expect(&f, "SELECT b FROM d.large WHERE a = 77777", "text, 77777\nline");
    g_assert_true(intake_delete(f.intake, t, NULL, NULL, 0, NULL, &deleted, &error));
    g_assert_cmpint(deleted, ==, n);
    fixture_load(&f, t, "format:json", json->str);
    fixture_expect(&f, "SELECT count(*), sum(a)::BIGINT, count(DISTINCT b) FROM d.large", expected);
    g_assert_true(intake_delete(f.intake, t, NULL, NULL, 0, NULL, &deleted, &error));
    g_assert_cmpint(deleted, ==, n);
    fixture_load(&f, t, "format:json\nstrip_outer_array:true", array->str);
    fixture_expect(&f, "SELECT count(*), sum(a)::BIGINT, count(DISTINCT b) FROM d.large", expected);
    fixture_expect(&f, "SELECT b FROM d.large WHERE a = 77777", "[t,77777\"");
    g_string_free(csv, TRUE);
    g_string_free(json, TRUE);
    g_string_free(array, TRUE);
}

static GByteArray *packed(IntakeCompression how, const char *text)
{
    GByteArray *out = g_byte_array_new();
    g_byte_array_set_size(out, (guint)strlen(text) * 2 + 4096);
    size_t n = 0;
    if (how == INTAKE_GZ || how == INTAKE_DEFLATE) {
        z_stream z = {0};
        g_assert_cmpint(deflateInit2(&z, 6, Z_DEFLATED, how == INTAKE_GZ ? 31 : 15, 8, Z_DEFAULT_STRATEGY),
                        ==, Z_OK);
        z.next_in = (Bytef *)(uintptr_t)text;
        z.avail_in = (uInt)strlen(text);
        z.next_out = out->data;
        z.avail_out = out->len;
        g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
        n = z.total_out;
        deflateEnd(&z);
    } else if (how == INTAKE_BZ2) {
        unsigned len = out->len;
        g_assert_cmpint(BZ2_bzBuffToBuffCompress((char *)out->data, &len, (char *)(uintptr_t)text,
                                                 (unsigned)strlen(text), 1, 0, 0),
                        ==, BZ_OK);
        n = len;
    } else if (how == INTAKE_LZ4) {
        n = LZ4F_compressFrame(out->data, out->len, text, strlen(text), NULL);
    } else {
        n = ZSTD_compress(out->data, out->len, text, strlen(text), 3);
    }
    g_byte_array_set_size(out, (guint)n);
    return out;
}

static void test_compressed(void)
{
    static const struct {
        const char *name;
        IntakeCompression how;
    } WAYS[] = {{"gz", INTAKE_GZ},
                {"bz2", INTAKE_BZ2},
                {"lz4", INTAKE_LZ4},
                {"zstd", INTAKE_ZSTD},
                {"deflate", INTAKE_DEFLATE}};
    g_autoptr(CatalogTable) t = fresh("packed", DUP);
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 150000; i++) {
        g_string_append_printf(text, "%d\ttext %d\t1.5\n", i, i * 7);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(WAYS); i++) {
        g_autoptr(GByteArray) body = packed(WAYS[i].how, text->str);
        if (WAYS[i].how != INTAKE_DEFLATE) { /* a second member */
            g_autoptr(GByteArray) more = packed(WAYS[i].how, "150000\tlast\t2\n");
            g_byte_array_append(body, more->data, more->len);
        }
        g_autofree char *headers = g_strdup_printf("compress_type:%s", WAYS[i].name);
        IntakeResult result;
        g_autoptr(GError) error = NULL;
        g_assert_true(fixture_try(&f, t, headers, (char *)body->data, body->len, &result, &error));
        g_assert_no_error(error);
        g_assert_cmpint(result.loaded_rows, ==, WAYS[i].how == INTAKE_DEFLATE ? 150000 : 150001);
        intake_result_clear(&result);
        g_assert_false(fixture_try(&f, t, headers, (char *)body->data, body->len / 2, &result, &error));
        g_assert_error(error, BASE_ERROR, BASE_E_FORMAT_INVALID);
        intake_result_clear(&result);
        g_clear_error(&error);
        g_assert_false(fixture_try(&f, t, headers, "this is not packed at all, is it", -1, &result, &error));
        g_assert_error(error, BASE_ERROR, BASE_E_FORMAT_INVALID);
        intake_result_clear(&result);
    }
    g_string_free(text, TRUE);
}

static void test_header_line(void)
{
    g_autoptr(CatalogTable) t = fresh("named", DUP);
    fixture_load(&f, t, "column_separator:,\nformat:csv_with_names",
                 "\xEF\xBB\xBF"
                 "B,C,a\nx,1.5,1\n");
    fixture_load(&f, t, "column_separator:,\nformat:csv_with_names_and_types",
                 "p,q,r\nINT,STRING,DOUBLE\n2,y,2.5\n");
    fixture_load(&f, t, "column_separator:,\nskip_lines:2", "junk\njunk\n3,z,3.5\n");
    fixture_expect(&f, "SELECT a, b, c FROM d.named ORDER BY a", "1,x,1.5|2,y,2.5|3,z,3.5");
}

static void test_empty(void)
{
    g_autoptr(CatalogTable) t = fresh("empty", DUP);
    fixture_load(&f, t, "label:nothing", "");
    fixture_load(&f, t, "format:json", "\n");
    fixture_load(&f, t, "format:json\nstrip_outer_array:true", "[]");
    fixture_expect(&f, "SELECT count(*) FROM d.empty", "0");
    fixture_expect(&f, "SELECT state, total_rows FROM _weir.loads WHERE label = 'nothing'", "VISIBLE,0");
}

static void test_parquet(void)
{
    g_autoptr(CatalogTable) t = fresh("parquet", DUP);
    g_autofree char *path = g_build_filename(f.dir, "spool", "in.parquet", NULL);
    g_autofree char *sql = g_strdup_printf(
        "COPY (SELECT i::INTEGER AS a, 'r' || i AS B, i / 2 AS c, 1 AS other FROM range(50000) r(i)) TO '%s'",
        path);
    g_autofree char *ignored = fixture_query(&f, sql);
    g_autofree char *body = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &body, &len, NULL));
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    g_assert_true(fixture_try(&f, t, "format:parquet\nwhere:a >= 40000", body, (gssize)len, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(result.total_rows, ==, 50000);
    g_assert_cmpint(result.loaded_rows, ==, 10000);
    g_assert_cmpint(result.unselected_rows, ==, 40000);
    intake_result_clear(&result);
    fixture_expect(&f, "SELECT count(*), min(a), max(b) FROM d.parquet", "10000,40000,r49999");
    g_assert_false(fixture_try(&f, t, "format:parquet", "PAR1 not really", -1, &result, &error));
    g_assert_nonnull(error);
    intake_result_clear(&result);
}

static void test_limits(void)
{
    g_autoptr(CatalogTable) t = fresh("limits", "a:VARCHAR");
    f.intake->max_line_bytes = 1000;
    g_autofree char *line = g_strnfill(4 * INTAKE_BLOCK_BYTES, 'x');
    expect_fail(t, NULL, line, "load.max_line_bytes");
    f.intake->max_line_bytes = 16 << 20;
    gint64 before = f.intake->max_bytes;
    f.intake->max_bytes = 100000;
    expect_fail(t, NULL, line, "load.max_bytes");
    g_autofree char *zeros = g_strnfill(1000000, '0');
    g_autoptr(GByteArray) bomb = packed(INTAKE_GZ, zeros);
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_try(&f, t, "compress_type:gz", (char *)bomb->data, bomb->len, &result, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_LOAD_TOO_LARGE);
    intake_result_clear(&result);
    f.intake->max_bytes = before;
}

static void test_insert(void)
{
    g_autoptr(CatalogTable) t = fresh("inserted", DUP);
    static const char *const COLUMNS[] = {"b", "a", NULL};
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    EngineValue value = {.id = ENGINE_INT64, .i64 = 9};
    g_assert_true(intake_insert(f.intake, t, COLUMNS, "VALUES ('x', 1), (NULL, $1)", &value, 1, NULL, "ins",
                                "u", &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(result.loaded_rows, ==, 2);
    intake_result_clear(&result);
    g_assert_true(intake_insert(f.intake, t, COLUMNS, "SELECT 's' || i, i FROM range(5) r(i)", NULL, 0, NULL,
                                NULL, "u", &result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(result.loaded_rows, ==, 5);
    intake_result_clear(&result);
    g_assert_false(intake_insert(f.intake, t, COLUMNS, "VALUES ('x', 'no number')", NULL, 0, NULL, NULL, "u",
                                 &result, &error));
    intake_result_clear(&result);
    g_clear_error(&error);
    g_assert_false(
        intake_insert(f.intake, t, COLUMNS, "VALUES ('x', 1)", NULL, 0, NULL, "ins", "u", &result, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_LABEL_EXISTS);
    intake_result_clear(&result);
    g_clear_error(&error);
    gint64 rows;
    g_assert_true(intake_update(f.intake, t, "b = 'upd'", "a < 2", NULL, 0, NULL, &rows, &error));
    g_assert_cmpint(rows, ==, 3);
    g_assert_true(intake_delete(f.intake, t, "a >= $1", &value, 1, NULL, &rows, &error));
    g_assert_cmpint(rows, ==, 1);
    g_assert_no_error(error);
    fixture_expect(&f, "SELECT a, b FROM d.inserted ORDER BY a, b", "0,upd|1,upd|1,upd|2,s2|3,s3|4,s4");
}

/* Somebody who stops a statement as soon as it works, again and again until it does not any more. */
typedef struct {
    GMutex lock;
    EngineConn *conn; /* under `lock` */
    gint over;        /* atomic */
    bool begun, stopped;
} Stopper;

static gpointer stop_at_work(gpointer data)
{
    Stopper *stopper = data;
    while (!g_atomic_int_get(&stopper->over)) {
        g_mutex_lock(&stopper->lock);
        if (stopper->conn) {
            engine_conn_interrupt(stopper->conn);
        }
        g_mutex_unlock(&stopper->lock);
        g_thread_yield();
    }
    return NULL;
}

static bool stopper_running(void *user, EngineConn *conn)
{
    Stopper *stopper = user;
    g_mutex_lock(&stopper->lock);
    stopper->conn = conn;
    stopper->begun = stopper->begun || conn;
    g_mutex_unlock(&stopper->lock);
    return !stopper->stopped;
}

static bool write_as(const CatalogTable *t, int how, const char *expression, const IntakeSession *by,
                     GError **error)
{
    gint64 rows = 0;
    IntakeResult result = {0};
    const char *const columns[] = {"a", NULL};
    g_autofree char *text = g_strdup_printf(how == 0 ? "VALUES (%s)" : "a = %s", expression);
    bool ok = how == 0   ? intake_insert(f.intake, t, columns, text, NULL, 0, by, NULL, "u", &result, error)
              : how == 1 ? intake_update(f.intake, t, text, NULL, NULL, 0, by, &rows, error)
                         : intake_delete(f.intake, t, text, NULL, 0, by, &rows, error);
    intake_result_clear(&result);
    return ok;
}

static void test_stopped(void)
{
    g_autoptr(CatalogTable) t = fresh("stopped", "a:BIGINT");
    IntakeResult result;
    const char *const columns[] = {"a", NULL};
    g_autoptr(GError) error = NULL;
    g_assert_true(intake_insert(f.intake, t, columns, "SELECT 1 FROM range(300000)", NULL, 0, NULL, NULL, "u",
                                &result, &error));
    intake_result_clear(&result);
    /* by the committer, and beside it; minutes without a stop */
    static const char *const SLOW[] = {
        "length(md5(md5(md5(md5(repeat(a::VARCHAR, 20000))))))",
        "(SELECT sum(x.range * y.range) FROM range(10000000) x, range(1000000) y)"};
    for (int how = 0; how < 3; how++) {
        for (size_t i = how == 2 ? 0 : 1; i < G_N_ELEMENTS(SLOW); i++) {
            for (int before = 0; before < 2; before++) {
                Stopper stopper = {.stopped = before};
                const IntakeSession by = {.running = stopper_running, .user = &stopper};
                g_mutex_init(&stopper.lock);
                GThread *thread = g_thread_new("stop", stop_at_work, &stopper);
                bool ok = write_as(t, how, SLOW[i], &by, &error);
                g_assert_null(stopper.conn);
                g_assert_true(stopper.begun);
                g_atomic_int_set(&stopper.over, 1);
                g_thread_join(thread);
                g_mutex_clear(&stopper.lock);
                g_assert_false(ok);
                g_assert_error(error, BASE_ERROR, BASE_E_INTERRUPTED);
                g_clear_error(&error);
            }
        }
    }
    fixture_expect(&f, "SELECT count(*), sum(a) FROM d.stopped", "300000,300000");
    g_assert_true(write_as(t, 0, "(SELECT 7)", NULL, &error));
    g_assert_true(write_as(t, 2, "(SELECT 7)", NULL, &error));
    fixture_expect(&f, "SELECT count(*), sum(a) FROM d.stopped", "300000,300000");
}

static void test_alter(void)
{
    g_autoptr(CatalogTable) before = fresh("altered", "a:INTEGER b:VARCHAR");
    fixture_load(&f, before, "column_separator:,", "1,x\n");
    g_autoptr(CatalogTable) raw = fixture_table("altered", CATALOG_DUPLICATE, "a:BIGINT c:DOUBLE");
    g_autoptr(CatalogTable) after = catalog_table_copy(raw);
    g_autoptr(GError) error = NULL;
    g_assert_true(intake_table_alter(f.intake, before, after, &error));
    g_assert_no_error(error);
    fixture_load(&f, after, "column_separator:,", "5000000000,2.5\n");
    fixture_expect(&f, "SELECT a, c FROM d.altered ORDER BY a", "1,~|5000000000,2.5");
    g_assert_true(intake_table_exists(f.intake, "D", "Altered"));
    g_assert_true(intake_table_drop(f.intake, "d", "altered", &error));
    g_assert_false(intake_table_exists(f.intake, "d", "altered"));
}

static void test_listed(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) loads = intake_loads(f.intake, "d", "nothing", NULL, 10, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(loads), ==, 1);
    json_t *load = json_array_get(loads, 0);
    g_assert_cmpstr(base_json_string(load, "state", ""), ==, "VISIBLE");
    g_assert_cmpstr(base_json_string(load, "table", ""), ==, "empty");
    g_assert_cmpstr(base_json_string(load, "user", ""), ==, "tester");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture_start(&f);
    g_test_add_func("/load/every type arrives", test_types);
    g_test_add_func("/load/columns map, compute and filter; nothing else gets in", test_columns);
    g_test_add_func("/load/expressions call no function that queries may not", test_functions);
    g_test_add_func("/load/rejected rows are counted and explained", test_rejects);
    g_test_add_func("/load/rejects found in SQL too", test_rejects_in_sql);
    g_test_add_func("/load/texts longer than declared are rejected", test_lengths);
    g_test_add_func("/load/JSON in its shapes", test_json);
    g_test_add_func("/load/bodies of many blocks", test_large);
    g_test_add_func("/load/compressed bodies, cut and broken ones", test_compressed);
    g_test_add_func("/load/header lines", test_header_line);
    g_test_add_func("/load/empty bodies are loads", test_empty);
    g_test_add_func("/load/Parquet", test_parquet);
    g_test_add_func("/load/limits are named", test_limits);
    g_test_add_func("/load/SQL inserts, updates, deletes", test_insert);
    g_test_add_func("/load/what SQL writes can be stopped until it commits", test_stopped);
    g_test_add_func("/load/tables change in place", test_alter);
    g_test_add_func("/load/loads are listed", test_listed);
    int code = g_test_run();
    fixture_stop(&f);
    return code;
}
