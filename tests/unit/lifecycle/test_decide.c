/* The decision table: every grade and type over three years of days, and each reason alone. */
#include <string.h>

#include "lifecycle/lifecycle_int.h"

#define TODAY  G_GINT64_CONSTANT(20000) /* 2024-10-04 */
#define ALWAYS G_MAXINT64

/* A table as its definition says it. */
typedef struct {
    json_t *json;
    StandardCatalog *catalog;
    CatalogObject object;
    LifecyclePolicy policy;
} Table;

/* `definition` is JSON with ' for ". */
static void table_init(Table *table, const char *profile, const char *definition)
{
    g_autofree char *text = g_strdelimit(g_strdup(definition), "'", '"');
    g_autofree char *export = g_strdup_printf("{\"tables\": [%s]}", text);
    GError *error = NULL;
    memset(table, 0, sizeof *table);
    table->json = base_json_parse(export, strlen(export), &error);
    g_assert_no_error(error);
    table->catalog = standard_catalog_from_json(table->json, &error);
    g_assert_no_error(error);
    table->object.definition = json_array_get(json_object_get(table->json, "tables"), 0);
    lifecycle_policy_init(&table->policy);
    lifecycle_policy_read(&table->policy, &table->object, table->catalog->tables->pdata[0], table->catalog,
                          profile);
}

static void table_clear(Table *table)
{
    lifecycle_policy_clear(&table->policy);
    standard_catalog_free(table->catalog);
    json_decref(table->json);
}

static bool is_month_end(gint64 day)
{
    int year, month, of_month, next;
    base_time_civil_from_days(day, &year, &month, &of_month);
    base_time_civil_from_days(day + 1, &year, &next, &of_month);
    return month != next;
}

static LifecyclePartition partition(gint64 age, bool rebuildable)
{
    return (LifecyclePartition){.first_day = TODAY - age,
                                .last_day = TODAY - age,
                                .rows = 1,
                                .newer = (guint)MAX(age, 0),
                                .month_end = is_month_end(TODAY - age),
                                .rebuildable = rebuildable};
}

static LifecycleDecision decide(const Table *table, gint64 age, bool rebuildable)
{
    LifecyclePartition one = partition(age, rebuildable);
    return lifecycle_decide(&table->policy, &one, TODAY).decision;
}

static LifecycleDecision decision_of(const char *definition, gint64 age, bool rebuildable)
{
    Table table;
    table_init(&table, "v4", definition);
    LifecycleDecision found = decide(&table, age, rebuildable);
    table_clear(&table);
    return found;
}

/* The figures of the matrix, written down once more: days, days of month ends, and what becomes of the rest
 * when it can be built again. */
#define K LIFECYCLE_KEEP
#define A LIFECYCLE_ARCHIVE
#define D LIFECYCLE_DROP
static const struct {
    const char *type;
    struct {
        gint64 days, month_ends;
        LifecycleDecision then;
    } cells[4];
} MATRIX[] = {
    {"event_flow", {{ALWAYS, 0, K}, {1095, 0, A}, {365, 0, D}, {180, 0, D}}},
    {"event_mirror", {{ALWAYS, 0, K}, {1095, 0, A}, {365, 0, D}, {180, 0, D}}},
    {"dim", {{33, ALWAYS, A}, {33, 1095, A}, {30, 0, D}, {7, 0, D}}},
    {"merge_full", {{2, 0, A}, {2, 0, A}, {2, 0, D}, {7, 0, D}}},
    {"etl_temp", {{7, 0, D}, {7, 0, D}, {7, 0, D}, {7, 0, D}}},
    {"tt_temp", {{93, 0, A}, {93, 0, A}, {33, 0, D}, {7, 0, D}}},
    {"ordinary_full", {{7, ALWAYS, A}, {7, 1095, A}, {7, 0, D}, {7, 0, D}}},
};

static void test_matrix(void)
{
    for (size_t t = 0; t < G_N_ELEMENTS(MATRIX); t++) {
        for (int grade = 0; grade < 4; grade++) {
            g_autofree char *definition =
                g_strdup_printf("{'name': 'x', 'grade': 'P%d', 'type': '%s'}", grade, MATRIX[t].type);
            gint64 days = MATRIX[t].cells[grade].days, ends = MATRIX[t].cells[grade].month_ends;
            Table table;
            table_init(&table, "v4", definition);
            for (gint64 age = -1; age <= 1130; age++) {
                bool kept = age <= days || (ends != 0 && is_month_end(TODAY - age) && age <= ends);
                g_assert_cmpint(decide(&table, age, true), ==, kept ? K : MATRIX[t].cells[grade].then);
            }
            table_clear(&table);
        }
    }
}

static void test_precious_data_is_never_dropped(void)
{
    for (size_t t = 0; t < G_N_ELEMENTS(MATRIX); t++) {
        for (int grade = 0; grade < 2 && !g_str_equal(MATRIX[t].type, "etl_temp"); grade++) {
            g_autofree char *definition = g_strdup_printf(
                "{'name': 'x', 'grade': 'P%d', 'type': '%s', 'lifecycle': {'archive': false}}", grade,
                MATRIX[t].type);
            for (gint64 age = 0; age < 2000; age += 7) {
                g_assert_cmpint(decision_of(definition, age, true), ==, K);
            }
        }
    }
}

#define P3_WITH(text) "{'name': 'x', 'grade': 'P3', 'type': 'event_flow', 'lifecycle': {" text "}}"

static void test_what_cannot_be_built_again_is_archived(void)
{
    g_assert_cmpint(decision_of(P3_WITH(""), 181, true), ==, D);
    g_assert_cmpint(decision_of(P3_WITH(""), 181, false), ==, A);
    g_assert_cmpint(decision_of(P3_WITH("'archive': false"), 181, false), ==, K);
    g_assert_cmpint(decision_of(P3_WITH("'archive': true"), 181, true), ==, A);
    Table table;
    table_init(&table, "v4", P3_WITH(""));
    LifecyclePartition one = partition(181, false);
    one.archived = true; /* restored, and still as in the archive */
    LifecycleVerdict verdict = lifecycle_decide(&table.policy, &one, TODAY);
    g_assert_cmpint(verdict.decision, ==, D);
    g_assert_cmpint(verdict.proof, ==, LIFECYCLE_PROOF_ARCHIVED);
    table_clear(&table);
}

static void test_nothing_declared_stays(void)
{
    g_assert_cmpint(decision_of("{'name': 'x'}", 5000, true), ==, K);
    g_assert_cmpint(decision_of("{'name': 'x', 'grade': 'P3'}", 5000, true), ==, K);
    g_assert_cmpint(decision_of("{'name': 'x', 'type': 'event_flow'}", 5000, true), ==, K);
    /* a name that says temporary is enough; more than seven days cannot be had */
    g_assert_cmpint(decision_of("{'name': 'tmp_x'}", 8, true), ==, D);
    g_assert_cmpint(decision_of("{'name': 'mid_x', 'lifecycle': {'keep': '90d'}}", 8, true), ==, D);
    g_assert_cmpint(decision_of("{'name': 'tmp_x', 'lifecycle': {'keep': '3d'}}", 4, true), ==, D);
}

static void test_declared_life_lengthens(void)
{
    g_assert_cmpint(decision_of(P3_WITH("'keep': '400d'"), 400, true), ==, K);
    g_assert_cmpint(decision_of(P3_WITH("'keep': '400d'"), 401, true), ==, D);
    g_assert_cmpint(decision_of(P3_WITH("'keep': '30d'"), 180, true), ==, K);
}

static void test_spans(void)
{
    static const struct {
        const char *profile;
        gint64 span, days;
    } SPANS[] = {{"v4", 20, 33},       {"v4", 90, 120},      {"v4", 300, 400},
                 {"v4", 301, ALWAYS},  {"aliyun", 20, 33},   {"aliyun", 90, 93},
                 {"aliyun", 300, 368}, {"aliyun", 365, 368}, {"aliyun", 366, ALWAYS}};
    for (size_t i = 0; i < G_N_ELEMENTS(SPANS); i++) {
        g_autofree char *definition = g_strdup_printf(
            "{'name': 'dim_x', 'grade': 'P3', 'type': 'dim', 'span': %" G_GINT64_FORMAT "}", SPANS[i].span);
        gint64 days = SPANS[i].days;
        Table table;
        table_init(&table, SPANS[i].profile, definition);
        g_assert_cmpint(decide(&table, days == ALWAYS ? 5000 : days, true), ==, K);
        g_assert_cmpint(decide(&table, days == ALWAYS ? 9000 : days + 1, true), ==, days == ALWAYS ? K : D);
        table_clear(&table);
    }
    /* queries that the matrix would leave without rows */
    static const char FLOW[] = "{'name': 'x', 'grade': 'P3', 'type': 'event_flow', 'span': 300}";
    g_assert_cmpint(decision_of(FLOW, 400, true), ==, K);
    g_assert_cmpint(decision_of(FLOW, 401, true), ==, D);
}

static void test_ods(void)
{
    static const char BESIDE[] =
        "{'name': 'ods_x', 'grade': 'P3', 'type': 'event_mirror', 'full_table': 'ods_y'}";
    g_assert_cmpint(decision_of(BESIDE, 14, false), ==, K);
    g_assert_cmpint(decision_of(BESIDE, 15, false), ==, A);
#define ODS_P3(type, more) "{'name': 'ods_x', 'layer': 'ods', 'grade': 'P3', 'type': '" type "'" more "}"
    g_assert_cmpint(decision_of(ODS_P3("ods_delta", ""), 9000, false), ==, K);
    g_assert_cmpint(decision_of(ODS_P3("ods_log", ""), 9000, false), ==, K);
    g_assert_cmpint(decision_of(ODS_P3("ods_log", ", 'lifecycle': {'keep': '730d'}"), 731, false), ==, A);
    g_assert_cmpint(decision_of(ODS_P3("ods_temp", ""), 8, true), ==, D);
}

static void test_holds_win(void)
{
    static const char *const KEPT[] = {
        P3_WITH("'hold': {'until': '2024-10-04', 'reason': 'law'}"), /* its last day is today */
        P3_WITH("'hold': {'reason': 'case 7'}"),
        P3_WITH("'hold': [{'until': '2020-01-01'}, {'until': '2030-01-01'}]"),
        P3_WITH("'hold': {'until': 'next year'}"), /* what cannot be read holds all */
        P3_WITH("'keep_dates': ['2021-11-32']"),
        P3_WITH("'keep_dates': ['2021-11-11']"),
        P3_WITH("'keep_dates': ['11-11']"),
        P3_WITH("'keep_months': ['2021-11']"),
        P3_WITH("'keep_months': ['11']"),
    };
    static const char *const GONE[] = {
        P3_WITH("'hold': {'until': '2024-10-03', 'reason': 'law'}"),
        P3_WITH("'keep_dates': ['2020-11-11', '11-12']"),
        P3_WITH("'keep_months': ['2020-11', '10']"),
    };
    gint64 age = TODAY - base_time_days_from_civil(2021, 11, 11);
    for (size_t i = 0; i < G_N_ELEMENTS(KEPT); i++) {
        g_assert_cmpint(decision_of(KEPT[i], age, true), ==, K);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(GONE); i++) {
        g_assert_cmpint(decision_of(GONE[i], age, true), ==, D);
    }
}

static void test_readers(void)
{
    Table table;
    table_init(&table, "v4", P3_WITH(""));
    table.policy.readers = true;
    table.policy.readers_from = TODAY - 300;
    g_assert_cmpint(decide(&table, 300, true), ==, K);
    g_assert_cmpint(decide(&table, 301, true), ==, D);
    LifecyclePartition behind = partition(301, true);
    behind.behind = true;
    g_assert_cmpint(lifecycle_decide(&table.policy, &behind, TODAY).decision, ==, K);
    table.policy.readers_all = true;
    g_assert_cmpint(decide(&table, 5000, true), ==, K);
    table_clear(&table);
}

static void test_special_partitions(void)
{
    Table table;
    table_init(&table, "v4",
               "{'name': 'x', 'grade': 'P3', 'type': 'merge_full', 'lifecycle': {'partitions': 3}}");
    LifecyclePartition one = partition(100, true);
    one.newer = 2; /* old, but one of the newest three */
    g_assert_cmpint(lifecycle_decide(&table.policy, &one, TODAY).decision, ==, K);
    one.newer = 3;
    g_assert_cmpint(lifecycle_decide(&table.policy, &one, TODAY).decision, ==, D);
    one.restored_until = TODAY;
    g_assert_cmpint(lifecycle_decide(&table.policy, &one, TODAY).decision, ==, K);
    one.restored_until = TODAY - 1;
    one.undated = true;
    g_assert_cmpint(lifecycle_decide(&table.policy, &one, TODAY).decision, ==, K);
    /* a month counts from its last day */
    LifecyclePartition month = {.first_day = TODAY - 37, .last_day = TODAY - 7, .rows = 1, .newer = 9};
    g_assert_cmpint(lifecycle_decide(&table.policy, &month, TODAY).decision, ==, K);
    table_clear(&table);
    g_assert_cmpint(decision_of("{'name': 'x', 'grade': 'P3', 'type': 'dim', 'kind': 'zipper'}", 9000, true),
                    ==, K);
}

/* An applied version may hold what `plan` would refuse now. */
static void test_what_is_not_understood_holds_all(void)
{
    static const char *const DOUBTS[] = {
        "'keep': '3 years'",
        "'keep': '12mo'",
        "'keep': '900x'",
        "'keep': '-5d'",
        "'keep': []",
        "'hold': {'until': 'x'}",
        "'hold': 5",
        "'keep_dates': ['soon']",
        "'keep_months': '13'",
        "'keep_dates': {}",
        "'partitions': 'two'",
        "'archive': 'maybe'",
        "'keep_months': [null]",
        "'hold': [{'until': ''}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(DOUBTS); i++) {
        g_autofree char *json = g_strdup_printf(
            "{'name': 'x', 'grade': 'P3', 'type': 'event_flow', 'lifecycle': {%s}}", DOUBTS[i]);
        g_test_message("%s", DOUBTS[i]);
        g_assert_cmpint(decision_of(json, 9000, true), ==, K);
    }
    g_assert_cmpint(decision_of("{'name': 'x', 'grade': 'P3', 'type': 'event_flow', 'lifecycle': {'keep': "
                                "'3y', 'hold': false}}",
                                9000, true),
                    !=, K);
}

static void test_each_reason_has_words(void)
{
    Table table;
    table_init(&table, "v4", P3_WITH(""));
    for (int why = LIFECYCLE_NO_HOLD; why <= LIFECYCLE_READER_BEHIND; why++) {
        g_autofree char *en = lifecycle_why_text(&table.policy, (LifecycleWhy)why, false),
                        *zh = lifecycle_why_text(&table.policy, (LifecycleWhy)why, true);
        g_assert_cmpstr(en, !=, "");
        g_assert_cmpstr(zh, !=, "");
        g_assert_null(strchr(en, '%'));
    }
    table_clear(&table);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lifecycle/matrix", test_matrix);
    g_test_add_func("/lifecycle/precious", test_precious_data_is_never_dropped);
    g_test_add_func("/lifecycle/not_rebuildable", test_what_cannot_be_built_again_is_archived);
    g_test_add_func("/lifecycle/nothing_declared", test_nothing_declared_stays);
    g_test_add_func("/lifecycle/declared", test_declared_life_lengthens);
    g_test_add_func("/lifecycle/spans", test_spans);
    g_test_add_func("/lifecycle/ods", test_ods);
    g_test_add_func("/lifecycle/holds", test_holds_win);
    g_test_add_func("/lifecycle/readers", test_readers);
    g_test_add_func("/lifecycle/special", test_special_partitions);
    g_test_add_func("/lifecycle/doubts", test_what_is_not_understood_holds_all);
    g_test_add_func("/lifecycle/words", test_each_reason_has_words);
    return g_test_run();
}
