/* Text to typed values: what is taken, what is refused, with numbers and dates against the C library. */
#include "base/time.h"
#include "intake/intake_int.h"

/* The value as text; "bad" when refused. */
static char *convert(EngineTypeId id, unsigned width, unsigned scale, const char *text)
{
    IntakeField field = {.name = (char *)"f",
                         .type = {id, (guint8)width, (guint8)scale},
                         .time_digits = 6,
                         .type_text = (char *)"T"};
    g_autoptr(GTimeZone) zone = base_time_zone("Asia/Shanghai", NULL);
    IntakeConvert convert = {&field, true, zone};
    IntakeCell cell = {.bytes = text, .len = (guint32)strlen(text)};
    union {
        gint64 i;
        double d;
        gint32 i32;
        bool b;
        gint8 i8;
        gint16 i16;
        guint8 u8;
        guint64 u;
        float f;
    } value = {0};
    guint64 nulls = 0;
    guint8 bad = 0;
    intake_convert(&convert, &cell, 1, 1, &value, &nulls, &bad);
    if (bad) {
        g_assert_true(nulls & 1);
        return g_strdup("bad");
    }
    switch (id) {
    case ENGINE_INT8:
        return g_strdup_printf("%d", value.i8);
    case ENGINE_INT16:
        return g_strdup_printf("%d", value.i16);
    case ENGINE_UINT8:
        return g_strdup_printf("%u", value.u8);
    case ENGINE_INT32:
    case ENGINE_DATE:
        return g_strdup_printf("%d", value.i32);
    case ENGINE_UINT64:
        return g_strdup_printf("%" G_GUINT64_FORMAT, value.u);
    case ENGINE_DOUBLE:
        return g_strdup_printf("%.17g", value.d);
    case ENGINE_FLOAT:
        return g_strdup_printf("%.9g", (double)value.f);
    case ENGINE_BOOLEAN:
        return g_strdup(value.b ? "true" : "false");
    default:
        return g_strdup_printf("%" G_GINT64_FORMAT, value.i);
    }
}

static const struct {
    EngineTypeId id;
    unsigned width, scale;
    const char *text, *expected;
} CASES[] = {
    {ENGINE_INT8, 0, 0, "127", "127"},
    {ENGINE_INT8, 0, 0, "-128", "-128"},
    {ENGINE_INT8, 0, 0, "128", "bad"},
    {ENGINE_INT8, 0, 0, "-129", "bad"},
    {ENGINE_INT32, 0, 0, " 42 ", "42"},
    {ENGINE_INT32, 0, 0, "+7", "7"},
    {ENGINE_INT32, 0, 0, "", "bad"},
    {ENGINE_INT32, 0, 0, "-", "bad"},
    {ENGINE_INT32, 0, 0, "1.0", "1"},
    {ENGINE_INT32, 0, 0, "1.5", "bad"},
    {ENGINE_INT32, 0, 0, "1x", "bad"},
    {ENGINE_INT32, 0, 0, "1e3", "1000"},
    {ENGINE_INT32, 0, 0, "2147483648", "bad"},
    {ENGINE_INT32, 0, 0, "true", "1"},
    {ENGINE_INT64, 0, 0, "9223372036854775807", "9223372036854775807"},
    {ENGINE_INT64, 0, 0, "-9223372036854775808", "-9223372036854775808"},
    {ENGINE_INT64, 0, 0, "9223372036854775808", "bad"},
    {ENGINE_INT64, 0, 0, "99999999999999999999999", "bad"},
    {ENGINE_INT64, 0, 0, "00000000000000000000000012", "12"},
    {ENGINE_UINT64, 0, 0, "18446744073709551615", "18446744073709551615"},
    {ENGINE_UINT64, 0, 0, "18446744073709551616", "bad"},
    {ENGINE_UINT8, 0, 0, "-1", "bad"},
    {ENGINE_DOUBLE, 0, 0, "1.5", "1.5"},
    {ENGINE_DOUBLE, 0, 0, "-0.1", "-0.10000000000000001"},
    {ENGINE_DOUBLE, 0, 0, "1e400", "inf"},
    {ENGINE_DOUBLE, 0, 0, "1e-7", "9.9999999999999995e-08"},
    {ENGINE_DOUBLE, 0, 0, ".5", "0.5"},
    {ENGINE_DOUBLE, 0, 0, "5.", "5"},
    {ENGINE_DOUBLE, 0, 0, ".", "bad"},
    {ENGINE_DOUBLE, 0, 0, "0x10", "bad"},
    {ENGINE_DOUBLE, 0, 0, "1 2", "bad"},
    {ENGINE_DOUBLE, 0, 0, "123456789012345678901234567890", "1.2345678901234568e+29"},
    {ENGINE_DECIMAL, 10, 2, "1.005", "101"},
    {ENGINE_DECIMAL, 10, 2, "-1.005", "-101"},
    {ENGINE_DECIMAL, 10, 2, "1.004", "100"},
    {ENGINE_DECIMAL, 10, 2, "99999999.99", "9999999999"},
    {ENGINE_DECIMAL, 10, 2, "99999999.995", "bad"},
    {ENGINE_DECIMAL, 10, 2, "1.2e1", "1200"},
    {ENGINE_DECIMAL, 10, 2, "120e-1", "1200"},
    {ENGINE_DECIMAL, 10, 2, "", "bad"},
    {ENGINE_DECIMAL, 10, 2, "1.2.3", "bad"},
    {ENGINE_DECIMAL, 18, 0, "999999999999999999", "999999999999999999"},
    {ENGINE_DECIMAL, 5, 5, "0.999994", "99999"},
    {ENGINE_DATE, 0, 0, "1970-01-01", "0"},
    {ENGINE_DATE, 0, 0, "2000-02-29", "11016"},
    {ENGINE_DATE, 0, 0, "1900-02-29", "bad"},
    {ENGINE_DATE, 0, 0, "20000229", "11016"},
    {ENGINE_DATE, 0, 0, "2000/2/29", "11016"},
    {ENGINE_DATE, 0, 0, "2000-13-01", "bad"},
    {ENGINE_DATE, 0, 0, "2000-02-29 23:59:59", "11016"},
    {ENGINE_DATE, 0, 0, "0001-01-01", "-719162"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01 00:00:01", "1000000"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01T00:00:00.5", "500000"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01 00:00:00.1234567", "123457"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01 00:00:00Z", "28800000000"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01 08:00:00+08:00", "28800000000"},
    {ENGINE_TIMESTAMP, 0, 0, "19700101000001", "1000000"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01 24:00:00", "bad"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01 1:2", "3720000000"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01", "0"},
    {ENGINE_TIMESTAMP, 0, 0, "1969-12-31 23:59:59", "-1000000"},
    {ENGINE_TIMESTAMP, 0, 0, "1970-01-01 00:00:00 x", "bad"},
    {ENGINE_BOOLEAN, 0, 0, "TRUE", "true"},
    {ENGINE_BOOLEAN, 0, 0, "0", "false"},
    {ENGINE_BOOLEAN, 0, 0, "2", "true"},
    {ENGINE_BOOLEAN, 0, 0, "maybe", "bad"},
    {ENGINE_FLOAT, 0, 0, "0.1", "0.100000001"},
    {ENGINE_INT16, 0, 0, "-32768", "-32768"},
};

static void test_values(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_test_message("%d `%s`", (int)CASES[i].id, CASES[i].text);
        g_autofree char *got = convert(CASES[i].id, CASES[i].width, CASES[i].scale, CASES[i].text);
        g_assert_cmpstr(got, ==, CASES[i].expected);
    }
}

static void test_doubles_equal_strtod(void)
{
    for (int i = 0; i < 20000; i++) {
        g_autofree char *text = g_strdup_printf("%.*g", g_random_int_range(1, 18),
                                                g_random_double_range(-1e9, 1e9) * (i % 3 ? 1 : 1e-6));
        double value;
        g_assert_true(intake_parse_double(text, strlen(text), &value));
        g_assert_true(value == g_ascii_strtod(text, NULL));
    }
}

static void test_dates_equal_calendar(void)
{
    for (gint64 day = -700000; day < 2900000; day += 997) {
        int y, m, d;
        base_time_civil_from_days(day, &y, &m, &d);
        if (y < 0 || y > 9999) {
            continue;
        }
        g_autofree char *text = g_strdup_printf("%04d-%02d-%02d", y, m, d);
        gint32 got;
        g_assert_true(intake_parse_date(text, strlen(text), &got));
        g_assert_cmpint(got, ==, day);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/convert/values are taken exactly or refused", test_values);
    g_test_add_func("/convert/doubles equal strtod bit for bit", test_doubles_equal_strtod);
    g_test_add_func("/convert/dates equal the calendar", test_dates_equal_calendar);
    return g_test_run();
}
