/* Arguments of Jinja calls: literals become JSON, anything else is refused. */
#include "modelling/dbt_int.h"

static void assert_arguments(const char *text, const char *expected)
{
    g_autoptr(json_t) call = dbt_arguments(text);
    g_autofree char *got = call ? base_json_text(call) : NULL;
    g_assert_cmpstr(got, ==, expected);
}

static void test_literals_become_json(void)
{
    assert_arguments("", "{\"args\":[],\"kwargs\":{}}");
    assert_arguments("'a', \"b\"", "{\"args\":[\"a\",\"b\"],\"kwargs\":{}}");
    assert_arguments("x = 1, y=-2.5, z=True, n=none",
                     "{\"args\":[],\"kwargs\":{\"x\":1,\"y\":-2.5,\"z\":true,\"n\":null}}");
    assert_arguments("l=['a', ('b',),], m={'k': [1], 'j': {}}",
                     "{\"args\":[],\"kwargs\":{\"l\":[\"a\",[\"b\"]],\"m\":{\"k\":[1],\"j\":{}}}}");
    assert_arguments("'it\\'s', 'a' 'b',", "{\"args\":[\"it's\",\"ab\"],\"kwargs\":{}}");
}

static void test_what_is_no_literal_is_refused(void)
{
    static const char *const TEXTS[] = {"x",      "var('a')", "'a' ~ 'b'", "'open", "[1",   "{'a'}",
                                        "{1: 2}", "a=",       "1 2",       "x==1",  "1.2.3"};
    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        g_autoptr(json_t) call = dbt_arguments(TEXTS[i]);
        g_assert_null(call);
    }
    g_autofree char *deep = g_strnfill(100000, '[');
    g_autoptr(json_t) call = dbt_arguments(deep);
    g_assert_null(call);
}

static void test_names_of_tables_are_folded_or_refused(void)
{
    g_autofree char *dashed = import_name("Stg-Orders 2"), *none = import_name("2nd"),
                    *empty = import_name("");
    g_assert_cmpstr(dashed, ==, "stg_orders_2");
    g_assert_null(none);
    g_assert_null(empty);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/modelling/literals_become_json", test_literals_become_json);
    g_test_add_func("/modelling/what_is_no_literal_is_refused", test_what_is_no_literal_is_refused);
    g_test_add_func("/modelling/names_of_tables_are_folded_or_refused",
                    test_names_of_tables_are_folded_or_refused);
    return g_test_run();
}
