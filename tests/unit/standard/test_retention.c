/* The tables of retention: spans, the matrix, ODS. */
#include "standard/retention.h"

static gint64 by_span(const char *profile, gint64 span)
{
    gint64 days = 0;
    g_assert_true(standard_retention_by_span(profile, span, &days));
    return days;
}

static void test_spans(void)
{
    g_assert_cmpint(by_span("v4", 0), ==, 7);
    g_assert_cmpint(by_span("v4", -3), ==, 7);
    g_assert_cmpint(by_span("v4", 12), ==, 15);
    g_assert_cmpint(by_span("v4", 13), ==, 33);
    g_assert_cmpint(by_span("v4", 300), ==, 400);
    g_assert_cmpint(by_span("v4", 301), ==, STANDARD_KEEP_FOREVER);
    g_assert_cmpint(by_span("aliyun", 90), ==, 93);
    g_assert_cmpint(by_span("ALIYUN", 365), ==, 368);
    g_assert_cmpint(by_span("aliyun", 366), ==, STANDARD_KEEP_FOREVER);
    gint64 days = 0;
    g_assert_false(standard_retention_by_span("mine", 1, &days));
}

static StandardRetention cell(int grade, StandardType type, bool full_beside)
{
    StandardRetention found;
    g_assert_true(standard_retention(grade, type, full_beside, &found));
    return found;
}

/* What the standard itself fixes; the rest of the matrix is in between. */
static void test_matrix(void)
{
    for (int grade = 0; grade < STANDARD_N_GRADES; grade++) {
        g_assert_cmpint(cell(grade, STANDARD_ETL_TEMP, false).max_days, ==, 7);
        g_assert_cmpint(cell(grade, STANDARD_TT_TEMP, false).max_days, <=, 93);
        g_assert_cmpint(cell(grade, STANDARD_MERGE_FULL, false).min_partitions, ==, 2);
    }
    for (int type = STANDARD_EVENT_FLOW; type <= STANDARD_EVENT_MIRROR; type++) {
        StandardType events = (StandardType)type;
        g_assert_cmpint(cell(0, events, true).min_days, ==, STANDARD_KEEP_FOREVER);
        g_assert_cmpint(cell(0, events, false).end, ==, STANDARD_END_NONE);
        g_assert_cmpint(cell(1, events, true).end, ==, STANDARD_END_ARCHIVE);
        g_assert_cmpint(cell(1, events, false).min_days, ==, 1095);
        g_assert_cmpint(cell(2, events, false).min_days, ==, 365);
        g_assert_cmpint(cell(2, events, true).min_days, ==, 14);
        g_assert_cmpint(cell(3, events, true).max_days, ==, 14);
    }
    for (int grade = 0; grade < 2; grade++) { /* what cannot be made again is never just dropped */
        for (int type = STANDARD_EVENT_FLOW; type <= STANDARD_ORDINARY_FULL; type++) {
            StandardEnd end = cell(grade, (StandardType)type, true).end;
            g_assert_true(type == STANDARD_ETL_TEMP || end != STANDARD_END_DROP);
        }
    }
    StandardRetention unused;
    g_assert_false(standard_retention(-1, STANDARD_EVENT_FLOW, false, &unused));
    g_assert_false(standard_retention(4, STANDARD_EVENT_FLOW, false, &unused));
    g_assert_false(standard_retention(0, STANDARD_TYPE_OTHER, false, &unused));
}

static void test_days(void)
{
    StandardRetention dim = cell(3, STANDARD_DIMENSION, false);
    g_assert_cmpint(standard_retention_days(&dim, "v4", STANDARD_UNKNOWN), ==, 7);
    g_assert_cmpint(standard_retention_days(&dim, "v4", 80), ==, 120);
    g_assert_cmpint(standard_retention_days(&dim, "aliyun", 80), ==, 93);
    g_assert_true(standard_retention_allows(&dim, "v4", 80, 120));
    g_assert_false(standard_retention_allows(&dim, "v4", 80, 121));
    g_assert_true(standard_retention_allows(&dim, "v4", STANDARD_UNKNOWN, 50));
    g_assert_false(standard_retention_allows(&dim, "v4", STANDARD_UNKNOWN, STANDARD_KEEP_FOREVER));
    StandardRetention better = cell(2, STANDARD_DIMENSION, false);
    g_assert_cmpint(standard_retention_days(&better, "v4", 1), ==, 30); /* the cell's least wins */
    StandardRetention temp = cell(1, STANDARD_ETL_TEMP, false);
    g_assert_cmpint(standard_retention_days(&temp, "v4", STANDARD_UNKNOWN), ==, 7);
}

static void test_ods(void)
{
    StandardOdsAsk delta = {.type = STANDARD_ODS_DELTA};
    g_assert_cmpint(standard_retention_ods(&delta), ==, STANDARD_KEEP_FOREVER);
    delta.full_beside = true;
    g_assert_cmpint(standard_retention_ods(&delta), ==, 14);
    StandardOdsAsk log = {.type = STANDARD_ODS_LOG, .bytes_per_day = (gint64)200 << 30};
    g_assert_cmpint(standard_retention_ods(&log), ==, 730);
    StandardOdsAsk flow = {.type = STANDARD_ODS_FLOW_FULL};
    g_assert_cmpint(standard_retention_ods(&flow), ==, STANDARD_KEEP_FOREVER);
    g_assert_cmpint(standard_ods_type_by_name("ODS-Delta"), ==, STANDARD_ODS_DELTA);
    g_assert_cmpint(standard_ods_type_by_name("tt_temp"), ==, STANDARD_ODS_RAW);
    g_assert_cmpint(standard_ods_type_by_name("delta_force"), ==, STANDARD_ODS_DELTA);
    g_assert_cmpint(standard_ods_type_by_name("deltas"), ==, STANDARD_ODS_NONE);
}

static void test_json(void)
{
    g_autoptr(json_t) json = standard_retention_to_json();
    g_assert_cmpuint(json_array_size(json_object_get(json, "matrix")), ==, 7 * 4 + 4);
    const json_t *v4 = json_object_get(json_object_get(json, "profiles"), "v4");
    g_assert_cmpint(base_json_int(json_array_get(v4, 3), "days", 0), ==, 120);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/standard/retention/spans", test_spans);
    g_test_add_func("/standard/retention/matrix", test_matrix);
    g_test_add_func("/standard/retention/days", test_days);
    g_test_add_func("/standard/retention/ods", test_ods);
    g_test_add_func("/standard/retention/json", test_json);
    return g_test_run();
}
