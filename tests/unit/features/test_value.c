/* Values go through the engine, through JSON and through SQL and stay what they are; what does not fit is
 * said. */
#include <math.h>

#include "online_fixture.h"

typedef struct {
    Engine *engine;
    EngineConn *conn;
} Db;

static Db db;

static EngineChunk *run(const char *sql, EngineResult **result)
{
    GError *error = NULL;
    *result = engine_query(db.conn, sql, &error);
    g_assert_no_error(error);
    EngineChunk *chunk = engine_result_next(*result, &error);
    g_assert_no_error(error);
    g_assert_nonnull(chunk);
    return chunk;
}

/* The first value of the statement as JSON, or the name of its error. */
static char *column_json(const char *sql, FeaturesType type)
{
    g_autoptr(EngineResult) result = NULL;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(GError) error = NULL;
    EngineColumn column = engine_chunk_column(run(sql, &result), 0);
    FeaturesValue value;
    if (!features_value_of_column(&column, 0, type, arena, &value, &error)) {
        return g_strdup(base_error_info(error)->name);
    }
    g_assert_cmpint(value.type, ==, type);
    GString *text = g_string_new(NULL);
    features_value_append_json(&value, text);
    return g_string_free(text, FALSE);
}

static void columns_are_read_as_their_type_or_refused(void)
{
    static const struct {
        const char *sql;
        FeaturesType type;
        const char *expected;
    } cases[] = {
        {"1::TINYINT", FEATURES_INT32, "1"},
        {"200::UTINYINT", FEATURES_INT64, "200"},
        {"-1::SMALLINT", FEATURES_DOUBLE, "-1.0"},
        {"2147483648::BIGINT", FEATURES_INT32, "VALUE_OUT_OF_RANGE"},
        {"-2147483648::BIGINT", FEATURES_INT32, "-2147483648"},
        {"9223372036854775807::HUGEINT", FEATURES_INT64, "9223372036854775807"},
        {"9223372036854775808::HUGEINT", FEATURES_INT64, "VALUE_OUT_OF_RANGE"},
        {"18446744073709551615::UBIGINT", FEATURES_INT64, "VALUE_OUT_OF_RANGE"},
        {"340282366920938463463374607431768211455::UHUGEINT", FEATURES_INT64, "VALUE_OUT_OF_RANGE"},
        {"sum(x) FROM (VALUES (1::BIGINT), (2)) t(x)", FEATURES_INT64, "3"},
        {"'7'", FEATURES_INT64, "TYPE_MISMATCH"},
        {"1.5::DOUBLE", FEATURES_INT64, "TYPE_MISMATCH"},
        {"true", FEATURES_INT64, "TYPE_MISMATCH"},
        {"1", FEATURES_BOOL, "TYPE_MISMATCH"},
        {"true", FEATURES_BOOL, "true"},
        {"0.1::FLOAT", FEATURES_FLOAT, "0.1"},
        {"0.1::FLOAT", FEATURES_DOUBLE, "0.10000000149011612"},
        {"1e300::DOUBLE", FEATURES_FLOAT, "VALUE_OUT_OF_RANGE"},
        {"'inf'::DOUBLE", FEATURES_FLOAT, "\"Infinity\""},
        {"'nan'::DOUBLE", FEATURES_DOUBLE, "\"NaN\""},
        {"12.34::DECIMAL(4,2)", FEATURES_DOUBLE, "12.34"},
        {"-0.7::DECIMAL(38,20)", FEATURES_DOUBLE, "-0.7"},
        {"'x'", FEATURES_STRING, "\"x\""},
        {"'x'::BLOB", FEATURES_STRING, "TYPE_MISMATCH"},
        {"'x'::BLOB", FEATURES_BYTES, "\"eA==\""},
        {"'x'", FEATURES_BYTES, "TYPE_MISMATCH"},
        {"'a'::ENUM('b', 'a')", FEATURES_STRING, "\"a\""},
        {"'00000000-0000-0000-0000-000000000001'::UUID", FEATURES_STRING,
         "\"00000000-0000-0000-0000-000000000001\""},
        {"DATE '1969-12-31'", FEATURES_TIMESTAMP, "\"1969-12-31T00:00:00Z\""},
        {"TIMESTAMP '2026-11-21 10:20:30.5'", FEATURES_TIMESTAMP, "\"2026-11-21T10:20:30.500Z\""},
        {"'2026-11-21 10:20:30+02'::TIMESTAMPTZ", FEATURES_TIMESTAMP, "\"2026-11-21T08:20:30Z\""},
        {"'1969-12-31 23:59:59.999999999'::TIMESTAMP_NS", FEATURES_TIMESTAMP,
         "\"1969-12-31T23:59:59.999999Z\""},
        {"'2026-01-01'::TIMESTAMP_S", FEATURES_TIMESTAMP, "\"2026-01-01T00:00:00Z\""},
        {"'infinity'::TIMESTAMP", FEATURES_TIMESTAMP, "VALUE_OUT_OF_RANGE"},
        {"'10:00'::TIME", FEATURES_TIMESTAMP, "TYPE_MISMATCH"},
        {"[1, 2]::INTEGER[]", FEATURES_INT64_LIST, "[1,2]"},
        {"[1.5, 2]::FLOAT[2]", FEATURES_FLOAT_LIST, "[1.5,2.0]"},
        {"[]::VARCHAR[]", FEATURES_STRING_LIST, "[]"},
        {"['2026-01-01'::TIMESTAMP_S]", FEATURES_TIMESTAMP_LIST, "[\"2026-01-01T00:00:00Z\"]"},
        {"[1, NULL]::INTEGER[]", FEATURES_INT32_LIST, "TYPE_MISMATCH"},
        {"[[1]]", FEATURES_INT32_LIST, "TYPE_MISMATCH"},
        {"NULL::VARCHAR", FEATURES_STRING, "null"},
        {"NULL", FEATURES_INT64, "null"},
        {"NULL::INTEGER[]", FEATURES_INT32_LIST, "null"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *sql = g_strconcat("SELECT ", cases[i].sql, NULL);
        g_autofree char *found = column_json(sql, cases[i].type);
        g_test_message("%s", sql);
        g_assert_cmpstr(found, ==, cases[i].expected);
    }
}

/* A DECIMAL gives the same bits as the engine's own cast, so that offline and online agree. */
static void decimals_are_what_the_engine_casts_them_to(void)
{
    g_autoptr(EngineResult) result = NULL;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    EngineChunk *chunk =
        run("SELECT d, d::DOUBLE, e, e::DOUBLE FROM (SELECT (hash(i) % 1000000000000000000)::DECIMAL(18,0)"
            "::DECIMAL(38,0) * 0.00000000001::DECIMAL(11,11) AS d, (hash(i) % 1000000000)::DECIMAL(18,4)"
            " / 1 * 1 AS f, (hash(i) % 99999999)::DECIMAL(12,3) AS e FROM range(500) r(i))",
            &result);
    for (size_t pair = 0; pair < 4; pair += 2) {
        EngineColumn decimal = engine_chunk_column(chunk, pair), cast = engine_chunk_column(chunk, pair + 1);
        g_assert_cmpint(decimal.type.id, ==, ENGINE_DECIMAL);
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            FeaturesValue value;
            g_assert_true(features_value_of_column(&decimal, row, FEATURES_DOUBLE, arena, &value, NULL));
            assert_value(&value, double_value(((const double *)cast.data)[row]));
        }
    }
}

static void values_go_through_sql(void)
{
    const FeaturesValue ints[] = {int64_value(G_MININT64), int64_value(0)},
                        texts[] = {text_value("it's"), text_value("")};
    const FeaturesValue values[] = {
        int64_value(G_MININT64),
        int32_value(-5),
        double_value(0.1),
        double_value(NAN),
        double_value(-INFINITY),
        double_value(-0.0),
        double_value(5e-324),
        float_value(0.1F),
        bool_value(true),
        text_value("it's"),
        text_value(""),
        {.type = FEATURES_STRING, .text = {"a\0'b", 4}},
        bytes_value("\0'\\\xff", 4),
        bytes_value("", 0),
        time_value(-1),
        time_value(1600000000123456),
        null_value(FEATURES_TIMESTAMP),
        list_value(FEATURES_INT64_LIST, ints, 2),
        list_value(FEATURES_STRING_LIST, texts, 2),
        list_value(FEATURES_FLOAT_LIST, NULL, 0),
        null_value(FEATURES_STRING_LIST),
    };
    g_autoptr(GString) sql = g_string_new("SELECT ");
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_string_append(sql, i ? ", " : "");
        features_value_append_sql(&values[i], sql);
    }
    g_autoptr(EngineResult) result = NULL;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    EngineChunk *chunk = run(sql->str, &result);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        EngineColumn column = engine_chunk_column(chunk, i);
        FeaturesValue value;
        GError *error = NULL;
        g_assert_cmpstr(engine_result_type_text(result, i), ==, features_type_sql(values[i].type));
        g_assert_true(features_value_of_column(&column, 0, values[i].type, arena, &value, &error));
        g_assert_no_error(error);
        if (isnan(values[i].type == FEATURES_DOUBLE && !values[i].null ? values[i].real : 0)) {
            g_assert_true(isnan(value.real));
        } else {
            assert_value(&value, values[i]);
        }
    }
}

static char *json_again(const char *text, FeaturesType type)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    g_assert_nonnull(json);
    FeaturesValue value;
    bool ok = features_value_of_json(json, type, arena, &value, &error);
    json_decref(json); /* nothing of it is borrowed */
    if (!ok) {
        return g_strdup(base_error_info(error)->name);
    }
    GString *out = g_string_new(NULL);
    features_value_append_json(&value, out);
    return g_string_free(out, FALSE);
}

static void json_is_read_strictly(void)
{
    static const struct {
        const char *json;
        FeaturesType type;
        const char *expected;
    } cases[] = {
        {"1", FEATURES_INT64, "1"},
        {"\"1\"", FEATURES_INT64, "TYPE_MISMATCH"},
        {"1.5", FEATURES_INT64, "TYPE_MISMATCH"},
        {"1.0", FEATURES_INT64, "TYPE_MISMATCH"},
        {"true", FEATURES_INT64, "TYPE_MISMATCH"},
        {"2147483648", FEATURES_INT32, "VALUE_OUT_OF_RANGE"},
        {"-2147483648", FEATURES_INT32, "-2147483648"},
        {"1", FEATURES_DOUBLE, "1.0"},
        {"0.1", FEATURES_FLOAT, "0.1"},
        {"1e39", FEATURES_FLOAT, "VALUE_OUT_OF_RANGE"},
        {"\"NaN\"", FEATURES_DOUBLE, "\"NaN\""},
        {"\"-Infinity\"", FEATURES_FLOAT, "\"-Infinity\""},
        {"\"nan\"", FEATURES_DOUBLE, "TYPE_MISMATCH"},
        {"1e20", FEATURES_DOUBLE, "1e20"},
        {"1", FEATURES_BOOL, "TYPE_MISMATCH"},
        {"false", FEATURES_BOOL, "false"},
        {"\"a\\u0000b\"", FEATURES_STRING, "\"a\\u0000b\""},
        {"7", FEATURES_STRING, "TYPE_MISMATCH"},
        {"\"AP8=\"", FEATURES_BYTES, "\"AP8=\""},
        {"\"\"", FEATURES_BYTES, "\"\""},
        {"\"AP8\"", FEATURES_BYTES, "TYPE_MISMATCH"},
        {"\"A===\"", FEATURES_BYTES, "TYPE_MISMATCH"},
        {"\"AP 8\"", FEATURES_BYTES, "TYPE_MISMATCH"},
        {"\"2026-11-21T10:20:30.25+02:00\"", FEATURES_TIMESTAMP, "\"2026-11-21T08:20:30.250Z\""},
        {"\"2026-11-21 10:20:30\"", FEATURES_TIMESTAMP, "\"2026-11-21T10:20:30Z\""},
        {"1600000000", FEATURES_TIMESTAMP, "\"2020-09-13T12:26:40Z\""},
        {"-0.000001", FEATURES_TIMESTAMP, "\"1969-12-31T23:59:59.999999Z\""},
        {"9223372036854775807", FEATURES_TIMESTAMP, "VALUE_OUT_OF_RANGE"},
        {"1e30", FEATURES_TIMESTAMP, "VALUE_OUT_OF_RANGE"},
        {"\"soon\"", FEATURES_TIMESTAMP, "TYPE_MISMATCH"},
        {"[1,2]", FEATURES_INT64_LIST, "[1,2]"},
        {"[]", FEATURES_STRING_LIST, "[]"},
        {"[1,null]", FEATURES_INT64_LIST, "TYPE_MISMATCH"},
        {"[1,\"a\"]", FEATURES_INT64_LIST, "TYPE_MISMATCH"},
        {"1", FEATURES_INT64_LIST, "TYPE_MISMATCH"},
        {"{}", FEATURES_STRING, "TYPE_MISMATCH"},
        {"null", FEATURES_STRING, "null"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = json_again(cases[i].json, cases[i].type);
        g_test_message("%s as %s", cases[i].json, features_type_name(cases[i].type));
        g_assert_cmpstr(found, ==, cases[i].expected);
    }
}

static void times_have_no_three_or_six_digits(void)
{
    static const struct {
        gint64 us;
        const char *text;
    } cases[] = {
        {0, "\"1970-01-01T00:00:00Z\""},
        {1000, "\"1970-01-01T00:00:00.001Z\""},
        {1, "\"1970-01-01T00:00:00.000001Z\""},
        {-1000000, "\"1969-12-31T23:59:59Z\""},
        {951782400000000, "\"2000-02-29T00:00:00Z\""},
        {-62135596800000000, "\"0001-01-01T00:00:00Z\""},
        {253402300799999999, "\"9999-12-31T23:59:59.999999Z\""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        FeaturesValue value = time_value(cases[i].us);
        features_value_append_json(&value, text);
        g_assert_cmpstr(text->str, ==, cases[i].text);
    }
}

static void engine_types_fit_or_do_not(void)
{
    static const struct {
        const char *sql;
        FeaturesType stored;
        FeaturesType takes, refuses;
    } cases[] = {
        {"INTEGER", FEATURES_INT32, FEATURES_INT64, FEATURES_FLOAT},
        {"BIGINT", FEATURES_INT64, FEATURES_INT64, FEATURES_INT32},
        {"HUGEINT", FEATURES_INT64, FEATURES_INT64, FEATURES_DOUBLE},
        {"SMALLINT", FEATURES_INT32, FEATURES_FLOAT, FEATURES_STRING},
        {"FLOAT", FEATURES_FLOAT, FEATURES_DOUBLE, FEATURES_INT64},
        {"DOUBLE", FEATURES_DOUBLE, FEATURES_DOUBLE, FEATURES_FLOAT},
        {"DECIMAL(18,2)", FEATURES_DOUBLE, FEATURES_DOUBLE, FEATURES_INT64},
        {"VARCHAR", FEATURES_STRING, FEATURES_STRING, FEATURES_BYTES},
        {"ENUM('a', 'b')", FEATURES_STRING, FEATURES_STRING, FEATURES_BYTES},
        {"DATE", FEATURES_TIMESTAMP, FEATURES_TIMESTAMP, FEATURES_STRING},
        {"TIMESTAMP WITH TIME ZONE", FEATURES_TIMESTAMP, FEATURES_TIMESTAMP, FEATURES_INT64},
        {"INTEGER[]", FEATURES_INT32_LIST, FEATURES_INT64_LIST, FEATURES_INT32},
        {"DECIMAL(4,1)[]", FEATURES_DOUBLE_LIST, FEATURES_DOUBLE_LIST, FEATURES_DOUBLE},
        {"FLOAT[3]", FEATURES_FLOAT_LIST, FEATURES_DOUBLE_LIST, FEATURES_FLOAT},
        {"TIMESTAMP WITH TIME ZONE[]", FEATURES_TIMESTAMP_LIST, FEATURES_TIMESTAMP_LIST, FEATURES_TIMESTAMP},
    };
    static const char *const none[] = {
        "INTERVAL", "TIME", "INTEGER[][]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "", "[]"};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].sql);
        g_assert_cmpint(features_type_of_sql(cases[i].sql), ==, cases[i].stored);
        g_assert_true(features_type_takes(cases[i].stored, cases[i].sql));
        g_assert_true(features_type_takes(cases[i].takes, cases[i].sql));
        g_assert_false(features_type_takes(cases[i].refuses, cases[i].sql));
        g_assert_false(features_type_takes(FEATURES_INVALID, cases[i].sql));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        g_assert_cmpint(features_type_of_sql(none[i]), ==, FEATURES_INVALID);
        g_assert_false(features_type_takes(FEATURES_INT64, none[i]));
    }
}

static void an_arena_gives_memory_that_stays(void)
{
    g_autoptr(FeaturesArena) arena = features_arena_new();
    for (int round = 0; round < 3; round++) {
        guint8 *pieces[300];
        for (size_t i = 0; i < 300; i++) {
            size_t bytes = i * i % 4000 + (i == 150 ? 100000 : 0);
            pieces[i] = features_arena_take(arena, bytes);
            g_assert_cmpuint((guintptr)pieces[i] % 16, ==, 0);
            memset(pieces[i], (int)i, bytes);
        }
        for (size_t i = 0; i < 300; i++) {
            size_t bytes = i * i % 4000 + (i == 150 ? 100000 : 0);
            g_assert_true(bytes == 0 || (pieces[i][0] == (guint8)i && pieces[i][bytes - 1] == (guint8)i));
        }
        features_arena_reset(arena);
    }
}

int main(int argc, char **argv)
{
    GError *error = NULL;
    const EngineOptions options = {.threads = 1};
    g_test_init(&argc, &argv, NULL);
    db.engine = engine_open(&options, &error);
    g_assert_no_error(error);
    db.conn = engine_connect(db.engine, &error);
    g_assert_no_error(error);
    g_test_add_func("/features/value/columns", columns_are_read_as_their_type_or_refused);
    g_test_add_func("/features/value/decimals", decimals_are_what_the_engine_casts_them_to);
    g_test_add_func("/features/value/sql", values_go_through_sql);
    g_test_add_func("/features/value/json", json_is_read_strictly);
    g_test_add_func("/features/value/times", times_have_no_three_or_six_digits);
    g_test_add_func("/features/value/types of the engine", engine_types_fit_or_do_not);
    g_test_add_func("/features/value/arena", an_arena_gives_memory_that_stays);
    int code = g_test_run();
    engine_disconnect(db.conn);
    engine_unref(db.engine);
    return code;
}
