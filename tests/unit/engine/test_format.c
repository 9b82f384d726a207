/* Values of every type as text and as JSON, and the shortest reals against strtod. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/format_int.h"

typedef struct {
    Engine *engine;
    EngineConn *conn;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.threads = 2, .memory_bytes = 1 << 30};
    f->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    f->conn = engine_connect(f->engine, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    engine_disconnect(f->conn);
    engine_unref(f->engine);
}

/* The first value of `select EXPR` as text (NULL for NULL) and as JSON. */
static char *show(Fixture *f, const char *expr, bool json)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *sql = g_strdup_printf("SELECT %s", expr);
    g_autoptr(EngineResult) result = engine_query(f->conn, sql, &error);
    g_assert_no_error(error);
    EngineChunk *chunk = engine_result_next(result, &error);
    g_assert_no_error(error);
    g_assert_nonnull(chunk);
    EngineColumn column = engine_chunk_column(chunk, 0);
    g_autoptr(GString) out = g_string_new(NULL);
    bool present = true;
    if (json) {
        engine_column_append_json(&column, 0, out);
    } else {
        present = engine_column_append_text(&column, 0, out);
    }
    return present ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

typedef struct {
    const char *expr, *type, *text, *json; /* json NULL: text in quotes */
} Case;

static const Case cases[] = {
    {"NULL::INTEGER", "INTEGER", NULL, "null"},
    {"true", "BOOLEAN", "true", "true"},
    {"false", "BOOLEAN", "false", "false"},
    {"(-128)::TINYINT", "TINYINT", "-128", "-128"},
    {"127::TINYINT", "TINYINT", "127", "127"},
    {"(-32768)::SMALLINT", "SMALLINT", "-32768", "-32768"},
    {"(-2147483648)::INTEGER", "INTEGER", "-2147483648", "-2147483648"},
    {"2147483647", "INTEGER", "2147483647", "2147483647"},
    {"(-9223372036854775808)::BIGINT", "BIGINT", "-9223372036854775808", "-9223372036854775808"},
    {"9223372036854775807", "BIGINT", "9223372036854775807", "9223372036854775807"},
    {"255::UTINYINT", "UTINYINT", "255", "255"},
    {"65535::USMALLINT", "USMALLINT", "65535", "65535"},
    {"4294967295::UINTEGER", "UINTEGER", "4294967295", "4294967295"},
    {"18446744073709551615::UBIGINT", "UBIGINT", "18446744073709551615", "18446744073709551615"},
    {"(-170141183460469231731687303715884105728)::HUGEINT", "HUGEINT",
     "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
    {"170141183460469231731687303715884105727::HUGEINT", "HUGEINT", "170141183460469231731687303715884105727",
     "170141183460469231731687303715884105727"},
    {"340282366920938463463374607431768211455::UHUGEINT", "UHUGEINT",
     "340282366920938463463374607431768211455", "340282366920938463463374607431768211455"},
    {"10000000000000000000::HUGEINT", "HUGEINT", "10000000000000000000", "10000000000000000000"},
    {"100000000000000000000000000000000000000::HUGEINT", "HUGEINT", "100000000000000000000000000000000000000",
     "100000000000000000000000000000000000000"},
    {"0.1::DOUBLE", "DOUBLE", "0.1", "0.1"},
    {"1::DOUBLE", "DOUBLE", "1", "1"},
    {"'-0.0'::DOUBLE", "DOUBLE", "-0", "-0"},
    {"1e20::DOUBLE", "DOUBLE", "1e20", "1e20"},
    {"1.5e-7::DOUBLE", "DOUBLE", "1.5e-7", "1.5e-7"},
    {"123456.789::DOUBLE", "DOUBLE", "123456.789", "123456.789"},
    {"1e16::DOUBLE", "DOUBLE", "10000000000000000", "10000000000000000"},
    {"0.00001::DOUBLE", "DOUBLE", "0.00001", "0.00001"},
    {"1.7976931348623157e308::DOUBLE", "DOUBLE", "1.7976931348623157e308", "1.7976931348623157e308"},
    {"5e-324::DOUBLE", "DOUBLE", "5e-324", "5e-324"},
    {"'nan'::DOUBLE", "DOUBLE", "nan", "null"},
    {"'inf'::DOUBLE", "DOUBLE", "inf", "null"},
    {"'-inf'::FLOAT", "FLOAT", "-inf", "null"},
    {"0.1::FLOAT", "FLOAT", "0.1", "0.1"},
    {"3.4028235e38::FLOAT", "FLOAT", "3.4028235e38", "3.4028235e38"},
    {"16777216::FLOAT", "FLOAT", "16777216", "16777216"},
    {"1.5::DECIMAL(4,2)", "DECIMAL(4,2)", "1.50", "1.50"},
    {"(-0.05)::DECIMAL(4,2)", "DECIMAL(4,2)", "-0.05", "-0.05"},
    {"123456.7::DECIMAL(9,1)", "DECIMAL(9,1)", "123456.7", "123456.7"},
    {"(-1234567890123.45678)::DECIMAL(18,5)", "DECIMAL(18,5)", "-1234567890123.45678",
     "-1234567890123.45678"},
    {"12345678901234567890123456789012345.678::DECIMAL(38,3)", "DECIMAL(38,3)",
     "12345678901234567890123456789012345.678", "12345678901234567890123456789012345.678"},
    {"0.00000000000000000000000000000000000001::DECIMAL(38,38)", "DECIMAL(38,38)",
     "0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"},
    {"42::DECIMAL(9,0)", "DECIMAL(9,0)", "42", "42"},
    {"'h\"i\n'", "VARCHAR", "h\"i\n", "\"h\\\"i\\n\""},
    {"''", "VARCHAR", "", "\"\""},
    {"'播放量播放量'", "VARCHAR", "播放量播放量", "\"播放量播放量\""},
    {"'{\"a\": [1,\n2]}'::JSON", "JSON", "{\"a\": [1,\n2]}", "{\"a\": [1, 2]}"},
    {"'a\\x00\\xFFb\\x5C'::BLOB", "BLOB", "a", "\"a\\\\x00\\\\xFFb\\\\x5C\""},
    {"DATE '2026-11-21'", "DATE", "2026-11-21", NULL},
    {"DATE '1969-12-31'", "DATE", "1969-12-31", NULL},
    {"DATE '0001-01-01'", "DATE", "0001-01-01", NULL},
    {"DATE '0044-03-15 (BC)'", "DATE", "0044-03-15 (BC)", NULL},
    {"DATE '2000-02-29'", "DATE", "2000-02-29", NULL},
    {"DATE '5881580-07-10'", "DATE", "5881580-07-10", NULL},
    {"DATE '5877642-06-25 (BC)'", "DATE", "5877642-06-25 (BC)", NULL},
    {"DATE 'infinity'", "DATE", "infinity", NULL},
    {"DATE '-infinity'", "DATE", "-infinity", NULL},
    {"TIME '00:00:00'", "TIME", "00:00:00", NULL},
    {"TIME '23:59:59.999999'", "TIME", "23:59:59.999999", NULL},
    {"TIME '24:00:00'", "TIME", "24:00:00", NULL},
    {"TIMESTAMP '2026-11-21 10:20:30.5'", "TIMESTAMP", "2026-11-21 10:20:30.5", NULL},
    {"TIMESTAMP '1969-12-31 23:59:59.000001'", "TIMESTAMP", "1969-12-31 23:59:59.000001", NULL},
    {"TIMESTAMP '294247-01-10 04:00:54.775806'", "TIMESTAMP", "294247-01-10 04:00:54.775806", NULL},
    {"TIMESTAMP '290309-12-22 (BC) 00:00:00'", "TIMESTAMP", "290309-12-22 (BC) 00:00:00", NULL},
    {"TIMESTAMP 'infinity'", "TIMESTAMP", "infinity", NULL},
    {"TIMESTAMP_S '2026-11-21 10:20:30'", "TIMESTAMP_S", "2026-11-21 10:20:30", NULL},
    {"TIMESTAMP_MS '2026-11-21 10:20:30.123'", "TIMESTAMP_MS", "2026-11-21 10:20:30.123", NULL},
    {"TIMESTAMP_NS '2026-11-21 10:20:30.123456789'", "TIMESTAMP_NS", "2026-11-21 10:20:30.123456789", NULL},
    {"TIMESTAMPTZ '2026-11-21 10:20:30.5+08'", "TIMESTAMP WITH TIME ZONE", "2026-11-21 02:20:30.5+00", NULL},
    {"'10:20:30.5+05:30'::TIMETZ", "TIME WITH TIME ZONE", "10:20:30.5+05:30", NULL},
    {"'10:20:30-15:59:59'::TIMETZ", "TIME WITH TIME ZONE", "10:20:30-15:59:59", NULL},
    {"'10:20:30.000000001'::TIME_NS", "TIME_NS", "10:20:30.000000001", NULL},
    {"INTERVAL '14 months 3 days 4 hours 5 minutes 6.5 seconds'", "INTERVAL",
     "1 year 2 months 3 days 04:05:06.5", NULL},
    {"INTERVAL '-1 day'", "INTERVAL", "-1 day", NULL},
    {"INTERVAL '-90 minutes'", "INTERVAL", "-01:30:00", NULL},
    {"INTERVAL '0 days'", "INTERVAL", "00:00:00", NULL},
    {"INTERVAL '200 hours'", "INTERVAL", "200:00:00", NULL},
    {"'00000000-0000-0000-0000-000000000000'::UUID", "UUID", "00000000-0000-0000-0000-000000000000", NULL},
    {"'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID", "UUID", "ffffffff-ffff-ffff-ffff-ffffffffffff", NULL},
    {"'4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'::UUID", "UUID", "4ac7a9e9-607c-4c8a-84f3-843f0191e3fd", NULL},
    {"'b'::ENUM('a', 'b')", "ENUM('a', 'b')", "b", NULL},
    {"'it''s'::ENUM('it''s')", "ENUM('it''s')", "it's", NULL},
    {"'0101110'::BIT", "BIT", "0101110", NULL},
    {"'1'::BIT", "BIT", "1", NULL},
    {"[1, NULL, 3]", "INTEGER[]", "[1,null,3]", "[1,null,3]"},
    {"[]::BIGINT[]", "BIGINT[]", "[]", "[]"},
    {"[[1.5::DECIMAL(3,1)], []]", "DECIMAL(3,1)[][]", "[[1.5],[]]", "[[1.5],[]]"},
    {"['a', 'long enough not to be inlined']", "VARCHAR[]", "[\"a\",\"long enough not to be inlined\"]",
     "[\"a\",\"long enough not to be inlined\"]"},
    {"{'a': 1, 'b': NULL, 'c': 'x'}", "STRUCT(\"a\" INTEGER, \"b\" INTEGER, \"c\" VARCHAR)",
     "{\"a\":1,\"b\":null,\"c\":\"x\"}", "{\"a\":1,\"b\":null,\"c\":\"x\"}"},
    {"{'a': {'b': [DATE '2026-11-21']}}", "STRUCT(\"a\" STRUCT(\"b\" DATE[]))",
     "{\"a\":{\"b\":[\"2026-11-21\"]}}", "{\"a\":{\"b\":[\"2026-11-21\"]}}"},
    {"row(1, 'x')", "STRUCT(INTEGER, VARCHAR)", "[1,\"x\"]", "[1,\"x\"]"},
    {"MAP {'k': 1, 'l': NULL}", "MAP(VARCHAR, INTEGER)", "{\"k\":1,\"l\":null}", "{\"k\":1,\"l\":null}"},
    {"MAP {DATE '2026-11-21': [1]}", "MAP(DATE, INTEGER[])", "{\"2026-11-21\":[1]}", "{\"2026-11-21\":[1]}"},
    {"array_value(1.5::FLOAT, 2::FLOAT)", "FLOAT[2]", "[1.5,2]", "[1.5,2]"},
    {"union_value(num := 3)", "UNION(\"num\" INTEGER)", "3", "3"},
    {"'x'::UNION(num INTEGER, txt VARCHAR)", "UNION(\"num\" INTEGER, \"txt\" VARCHAR)", "\"x\"", "\"x\""},
    {"[TIMESTAMP_S '2026-11-21 10:20:30']", "TIMESTAMP_S[]", "[\"2026-11-21 10:20:30\"]",
     "[\"2026-11-21 10:20:30\"]"},
    {"'123456789012345678901234567890123456789012345678901234567890'::BIGNUM", "BIGNUM",
     "123456789012345678901234567890123456789012345678901234567890",
     "123456789012345678901234567890123456789012345678901234567890"},
    {"'-1000000000000000000000000000000000000000000'::BIGNUM", "BIGNUM",
     "-1000000000000000000000000000000000000000000", "-1000000000000000000000000000000000000000000"},
    {"{'a': 2}::VARIANT", "VARCHAR", "{'a': 2}", NULL},
    {"'0'::BIGNUM", "BIGNUM", "0", "0"},
    {"'-7'::BIGNUM", "BIGNUM", "-7", "-7"},
};

static void test_each_type(Fixture *f, gconstpointer data)
{
    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_test_message("%s", c->expr);
        g_autofree char *text = show(f, c->expr, false);
        g_assert_cmpstr(text, ==, c->text);
        g_autofree char *json = show(f, c->expr, true);
        g_autofree char *quoted = c->json ? g_strdup(c->json) : g_strdup_printf("\"%s\"", c->text);
        g_assert_cmpstr(json, ==, quoted);
        g_autoptr(GError) error = NULL;
        g_autofree char *sql = g_strdup_printf("SELECT %s", c->expr);
        g_autoptr(EngineResult) result = engine_query(f->conn, sql, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(engine_result_type_text(result, 0), ==, c->type);
    }
}

/* What we write for a DATE, TIME, TIMESTAMP, DECIMAL, HUGEINT, UUID and INTERVAL is what the engine writes.
 */
static void test_agrees_with_the_engine(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    const char *exprs[] = {
        "DATE '1970-01-01' + ((i * 7919) % 2000000 - 1000000)::INT",
        "make_timestamp((i::HUGEINT * 920419823719 * 7 % 200000000000000000 - 100000000000000000)::BIGINT)",
        "make_timestamp_ns((i::HUGEINT * 920419823719137 % 9000000000000000000)::BIGINT)",
        "TIME '00:00:00' + to_microseconds((i * 7919191919) % 86400000000)",
        "((i::HUGEINT * 123456789123456789 - 500000000000) * 1000000007 % "
        "10000000000000000000000)::DECIMAL(38,7)",
        "((i % 9999)::DECIMAL(7,3) / 1)::DECIMAL(9,3)",
        "i::HUGEINT * 1000000007 * 1000000009 * 998244353 * (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END)",
        "md5(i::VARCHAR)::UUID",
        "to_months((i % 77)::INT - 30) + to_days((i % 13)::INT - 6) + to_microseconds(i * 77777777 - "
        "3333333333)",
        "bitstring(bin(i), 20)",
        "chr((i % 50000)::INT + 1)",
    };
    for (size_t e = 0; e < G_N_ELEMENTS(exprs); e++) {
        g_autofree char *sql =
            g_strdup_printf("SELECT v, v::VARCHAR FROM (SELECT %s AS v FROM range(10000) t(i))", exprs[e]);
        g_test_message("%s", sql);
        g_autoptr(EngineResult) rows = engine_query(f->conn, sql, &error);
        g_assert_no_error(error);
        EngineChunk *chunk;
        size_t n = 0;
        while ((chunk = engine_result_next(rows, &error))) {
            EngineColumn value = engine_chunk_column(chunk, 0), expected = engine_chunk_column(chunk, 1);
            for (size_t row = 0; row < engine_chunk_rows(chunk); row++, n++) {
                g_autoptr(GString) ours = g_string_new(NULL), theirs = g_string_new(NULL);
                g_assert_true(engine_column_append_text(&value, row, ours));
                g_assert_true(engine_column_append_text(&expected, row, theirs));
                g_assert_cmpstr(ours->str, ==, theirs->str);
            }
        }
        g_assert_no_error(error);
        g_assert_cmpuint(n, ==, 10000);
    }
}

/* ---- reals ---------------------------------------------------------------------------------------- */

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static unsigned digits_of(const char *text)
{
    unsigned n = 0;
    bool leading = true;
    for (; *text && *text != 'e'; text++) {
        if (*text >= '1' && *text <= '9') {
            leading = false;
        }
        n += *text >= '0' && *text <= '9' && !leading;
    }
    return n;
}

/* The fewest digits of %.*e that read back as `value`. */
static unsigned fewest_digits(double value)
{
    for (int precision = 0; precision < 17; precision++) {
        char text[64];
        g_snprintf(text, sizeof text, "%.*e", precision, value);
        if (strtod(text, NULL) == value) {
            return digits_of(text) ? (unsigned)precision + 1 : 0;
        }
    }
    return 17;
}

static void check_double(double value)
{
    char text[FORMAT_MAX + 1];
    char *end = format_double(text, value);
    *end = '\0';
    g_assert_cmpuint((size_t)(end - text), <, FORMAT_MAX);
    double back = strtod(text, NULL);
    g_assert_true(memcmp(&back, &value, sizeof value) == 0);
    EngineDecimal d = engine_int_shortest_double(value);
    char digits[32];
    g_snprintf(digits, sizeof digits, "%" G_GUINT64_FORMAT, (guint64)d.digits);
    g_assert_cmpuint(strlen(digits), <=, fewest_digits(value));
}

static uint64_t random_bits(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void test_doubles_are_shortest_and_read_back(void)
{
    uint64_t state = 42;
    for (int i = 0; i < 100000; i++) {
        double value = double_of(random_bits(&state));
        if (isfinite(value) && value != 0) {
            check_double(value);
        }
        check_double((double)((int64_t)(random_bits(&state) >> 40) + 1) / 1000);
        check_double((double)(random_bits(&state) >> (random_bits(&state) % 60) | 1));
    }
    for (int exponent = -1074; exponent < 1024; exponent++) { /* powers of two: the uneven interval */
        double power = ldexp(1, exponent);
        check_double(power);
        check_double(nextafter(power, 0) != 0 ? nextafter(power, 0) : power);
        check_double(isfinite(nextafter(power, INFINITY)) ? nextafter(power, INFINITY) : power);
    }
    for (int exponent = -323; exponent <= 308; exponent++) {
        char text[32];
        g_snprintf(text, sizeof text, "1e%d", exponent);
        check_double(strtod(text, NULL));
    }
    check_double(DBL_MAX);
    check_double(DBL_TRUE_MIN);
    check_double(DBL_MIN);
    check_double(9007199254740993.0);
    check_double(2.2250738585072011e-308);
}

static void test_floats_read_back(void)
{
    uint64_t state = 7;
    for (int i = 0; i < 500000; i++) {
        uint32_t bits = (uint32_t)random_bits(&state);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value) || value == 0) {
            continue;
        }
        char text[FORMAT_MAX + 1];
        char *end = format_float(text, value);
        *end = '\0';
        float back = strtof(text, NULL);
        g_assert_true(memcmp(&back, &value, sizeof value) == 0);
        EngineDecimal d = engine_int_shortest_float(value);
        g_assert_cmpuint(d.digits, <, 1000000000);
    }
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C");
    g_test_init(&argc, &argv, NULL);
    g_test_add("/format/each-type-as-text-and-json", Fixture, NULL, set_up, test_each_type, tear_down);
    g_test_add("/format/agrees-with-the-engine", Fixture, NULL, set_up, test_agrees_with_the_engine,
               tear_down);
    g_test_add_func("/format/doubles-are-shortest-and-read-back", test_doubles_are_shortest_and_read_back);
    g_test_add_func("/format/floats-read-back", test_floats_read_back);
    return g_test_run();
}
