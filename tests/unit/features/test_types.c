#include "features/types.h"

static void names_go_both_ways(void)
{
    static const char *const words[] = {"bytes",        "string",        "int32", "int64",
                                        "double",       "float",         "bool",  "timestamp",
                                        "array(int64)", "array(string)", NULL};
    for (size_t i = 0; words[i]; i++) {
        FeaturesType type = features_type_by_name(words[i]);
        g_assert_cmpint(type, !=, FEATURES_INVALID);
        g_assert_cmpstr(features_type_name(type), ==, words[i]);
        g_assert_cmpstr(features_type_sql(type), !=, "");
    }
    g_assert_cmpint(features_type_by_name("UNIX_TIMESTAMP"), ==, FEATURES_TIMESTAMP);
    g_assert_cmpint(features_type_by_name("Float32"), ==, FEATURES_FLOAT);
    g_assert_cmpint(features_type_by_name("Array(Float64)"), ==, FEATURES_DOUBLE_LIST);
    g_assert_cmpint(features_type_by_name("int8"), ==, FEATURES_INVALID);
}

static void lists_have_items(void)
{
    g_assert_false(features_type_is_list(FEATURES_TIMESTAMP));
    g_assert_true(features_type_is_list(FEATURES_BYTES_LIST));
    g_assert_cmpint(features_type_item(FEATURES_FLOAT_LIST), ==, FEATURES_FLOAT);
    g_assert_cmpint(features_type_item(FEATURES_INT64), ==, FEATURES_INT64);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/types/names", names_go_both_ways);
    g_test_add_func("/features/types/lists", lists_have_items);
    return g_test_run();
}
