/* Training rows over a real engine: each row of the table of ways to get it wrong, and the cases that others
 * pin. */
#include <string.h>

#include "features/offline_int.h"
#include "retrieve_world.h"

#define DAY G_GINT64_CONSTANT(86400000000)

static const FeaturesAsk PLAIN = {0};

static FeaturesView *drivers(World *world, const char *rows, gint64 ttl_us)
{
    g_autofree char *sql = g_strdup_printf(
        "CREATE TABLE stats AS SELECT * FROM (VALUES %s) t(driver_id, seen, created, rate)", rows);
    run(world, sql);
    FeaturesView *view = view_add(world, "driver_stats", "stats", "driver_id:int64", "rate:int64");
    view->created = g_strdup("created");
    view->ttl_us = ttl_us;
    return view;
}

static void a_row_whose_candidates_are_stale_or_in_the_future_stays(void)
{
    World world;
    world_open(&world, 2);
    use_add(
        &world,
        drivers(&world, "(1, TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 10), (2, '2026-03-01', NULL, 20)", DAY),
        NULL, "");
    expect(&world, PLAIN,
           "(VALUES (1, TIMESTAMP '2026-02-01', 'x'), (2, '2026-02-01', 'y'), (1, '2026-01-02', 'z')) "
           "t(driver_id, event_timestamp, label)",
           "1|2026-02-01 00:00:00|x|-\n2|2026-02-01 00:00:00|y|-\n1|2026-01-02 00:00:00|z|10\n");
    world_close(&world);
}

static void rows_of_one_key_and_time_are_all_kept_in_order(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world, drivers(&world, "(1, TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 10)", 0), NULL, "");
    expect(&world, PLAIN,
           "(SELECT 1 AS driver_id, TIMESTAMP '2026-01-02' AS event_timestamp, label FROM (VALUES (3), (1), "
           "(2)) t(label))",
           "1|2026-01-02 00:00:00|3|10\n1|2026-01-02 00:00:00|1|10\n1|2026-01-02 00:00:00|2|10\n");
    world_close(&world);
}

static void views_of_different_keys_do_not_collapse_rows(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world, drivers(&world, "(1, TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 10)", 0), NULL, "");
    run(&world, "CREATE TABLE buyers AS SELECT * FROM (VALUES (7, TIMESTAMP '2026-01-01', 70), (8, "
                "'2026-01-01', 80)) t(customer_id, seen, spent)");
    use_add(&world, view_add(&world, "customers", "buyers", "customer_id:int64", "spent:int32"), NULL, "");
    expect(&world, PLAIN,
           "(VALUES (1, 7, TIMESTAMP '2026-01-02'), (1, 8, '2026-01-02')) t(driver_id, customer_id, "
           "event_timestamp)",
           "1|7|2026-01-02 00:00:00|10|70\n1|8|2026-01-02 00:00:00|10|80\n");
    world_close(&world);
}

static void composite_keys_are_not_joined_into_one_text(void)
{
    World world;
    world_open(&world, 2);
    run(&world, "CREATE TABLE pairs AS SELECT * FROM (VALUES (1, '11', TIMESTAMP '2026-01-01', 111), (11, "
                "'1', '2026-01-01', 222)) t(driver_id, customer_id, seen, n)");
    use_add(&world, view_add(&world, "pairs", "pairs", "driver_id:int64 customer_id:string", "n:int64"), NULL,
            "");
    expect(&world, PLAIN,
           "(VALUES (1, '11', TIMESTAMP '2026-01-02'), (11, '1', '2026-01-02'), (11, '11', '2026-01-02')) "
           "t(driver_id, customer_id, event_timestamp)",
           "1|11|2026-01-02 00:00:00|111\n11|1|2026-01-02 00:00:00|222\n11|11|2026-01-02 00:00:00|-\n");
    world_close(&world);
}

static void exact_duplicates_in_the_source_give_one_row_the_last_stored(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world,
            drivers(&world,
                    "(1, TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-01', 10), (1, '2026-01-01', "
                    "'2026-01-01', 11), (1, '2026-01-01', '2026-01-01', 12)",
                    0),
            NULL, "");
    expect(&world, PLAIN, "(VALUES (1, TIMESTAMP '2026-01-02')) t(driver_id, event_timestamp)",
           "1|2026-01-02 00:00:00|12\n");
    world_close(&world);
}

static void null_times_and_null_keys_never_match(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world,
            drivers(&world, "(1, NULL::TIMESTAMP, NULL::TIMESTAMP, 10), (NULL, '2026-01-01', NULL, 20)", 0),
            NULL, "");
    expect(
        &world, PLAIN,
        "(VALUES (1, TIMESTAMP '2026-01-02'), (NULL, '2026-01-02'), (1, NULL)) t(driver_id, event_timestamp)",
        "1|2026-01-02 00:00:00|-\n-|2026-01-02 00:00:00|-\n1|-|-\n");
    world_close(&world);
}

static void the_newest_created_breaks_ties_whatever_the_order(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world,
            drivers(&world,
                    "(1, TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-05', 50), (1, '2026-01-01', "
                    "'2026-01-03', 30), (1, '2026-01-01', NULL, 0), (1, '2026-01-01', '2026-01-04', 40)",
                    0),
            NULL, "");
    expect(&world, PLAIN, "(VALUES (1, TIMESTAMP '2026-01-02')) t(driver_id, event_timestamp)",
           "1|2026-01-02 00:00:00|50\n");
    world_close(&world);
}

static void half_a_second_in_the_future_is_the_future(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world,
            drivers(&world,
                    "(1, TIMESTAMP '2026-01-01 10:00:00.6', NULL::TIMESTAMP, 10), (1, '2026-01-01 09:00:00', "
                    "NULL, 9)",
                    0),
            NULL, "");
    expect(&world, PLAIN,
           "(VALUES (1, TIMESTAMP '2026-01-01 10:00:00'), (1, '2026-01-01 10:00:00.6'), (1, '2026-01-01 "
           "10:00:00.599999')) t(driver_id, event_timestamp)",
           "1|2026-01-01 10:00:00|9\n1|2026-01-01 10:00:00.6|10\n1|2026-01-01 10:00:00.599999|9\n");
    world_close(&world);
}

static void all_rows_at_one_time_and_exclusive_bounds(void)
{
    World world;
    world_open(&world, 2);
    FeaturesView *view =
        drivers(&world, "(1, TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 10), (1, '2026-01-02', NULL, 20)", 0);
    use_add(&world, view, NULL, "");
    const char *asked =
        "(VALUES (1, TIMESTAMP '2026-01-02'), (1, '2026-01-02')) t(driver_id, event_timestamp)";
    expect(&world, PLAIN, asked, "1|2026-01-02 00:00:00|20\n1|2026-01-02 00:00:00|20\n");
    view->exclusive = true;
    expect(&world, PLAIN, asked, "1|2026-01-02 00:00:00|10\n1|2026-01-02 00:00:00|10\n");
    world_close(&world);
}

/* Ported: backfills win unless what was not known is hidden. */
static void known_at_hides_later_backfills(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world,
            drivers(&world,
                    "(1001, TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-01', 10), (1001, '2026-01-01', "
                    "'2026-01-03', 20),"
                    "(1002, '2026-01-01', '2026-01-01', 30), (1002, '2026-01-01', '2026-01-03', 40), (1003, "
                    "'2026-01-01', NULL, 50), (1004, '2026-01-01', '2026-01-05', 60)",
                    0),
            NULL, "");
    const char *asked =
        "(SELECT unnest([1001, 1002, 1003, 1004]) AS driver_id, TIMESTAMP '2026-01-02' AS event_timestamp)";
    expect(&world, PLAIN, asked,
           "1001|2026-01-02 00:00:00|20\n1002|2026-01-02 00:00:00|40\n1003|2026-01-02 "
           "00:00:00|50\n1004|2026-01-02 00:00:00|60\n");
    FeaturesAsk known = {.known_at = true, .known_at_us = G_MININT64};
    expect(&world, known, asked,
           "1001|2026-01-02 00:00:00|10\n1002|2026-01-02 00:00:00|30\n1003|2026-01-02 "
           "00:00:00|-\n1004|2026-01-02 00:00:00|-\n");
    known.known_at_us = G_GINT64_CONSTANT(1767398400000000); /* 2026-01-03 */
    expect(&world, known, asked,
           "1001|2026-01-02 00:00:00|20\n1002|2026-01-02 00:00:00|40\n1003|2026-01-02 "
           "00:00:00|-\n1004|2026-01-02 00:00:00|-\n");
    world_close(&world);
}

/* Ported: ttl of ten days, a stale row, created in the other order. */
static void the_point_in_time_case_of_customers(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world,
            drivers(&world,
                    "(1, TIMESTAMP '2023-12-31', TIMESTAMP '2023-12-31', 11), (1, '2024-01-02', "
                    "'2024-01-02', 22), (1, '2024-01-03', '2024-01-03', 33),"
                    "(2, '2023-01-03', '2023-01-03', 22), (3, '2024-01-01', '2024-01-03', 10), (3, "
                    "'2024-01-01', '2024-01-02', 20)",
                    10 * DAY),
            NULL, "");
    expect(&world, PLAIN,
           "(VALUES (1, TIMESTAMP '2024-01-01'), (1, '2024-01-02'), (2, '2024-01-01'), (3, '2024-01-03')) "
           "t(driver_id, event_timestamp)",
           "1|2024-01-01 00:00:00|11\n1|2024-01-02 00:00:00|22\n2|2024-01-01 00:00:00|-\n3|2024-01-03 "
           "00:00:00|10\n");
    world_close(&world);
}

/* The same view as origin and as destination, one view without keys, and columns of other types as they are.
 */
static void a_view_twice_under_other_keys_and_one_without_keys(void)
{
    World world;
    world_open(&world, 2);
    run(&world, "CREATE TABLE places AS SELECT * FROM (VALUES (1, TIMESTAMP '2026-01-01', 25.5::FLOAT), (2, "
                "'2026-01-01', 18)) t(location_id, seen, heat)");
    FeaturesView *places = view_add(&world, "location_stats", "places", "location_id:int32", "heat:float");
    use_add(&world, places, "origin_id", "origin__");
    use_add(&world, places, "destination_id", "destination__");
    run(&world, "CREATE TABLE rain AS SELECT DATE '2026-01-01' AS seen, true AS wet");
    use_add(&world, view_add(&world, "weather", "rain", "", "wet:bool"), NULL, "");
    expect(&world, PLAIN,
           "(SELECT 1 AS origin_id, 2::UTINYINT AS destination_id, [1, 2] AS many, {'a': 1} AS pair, "
           "TIMESTAMPTZ '2026-01-02 00:00:00+08' AS asked)",
           "1|2|[1,2]|{\"a\":1}|2026-01-01 16:00:00+00|25.5|18|true\n");
    world_close(&world);
}

static void all_types_of_features_come_as_they_are(void)
{
    World world;
    world_open(&world, 2);
    run(&world,
        "CREATE TABLE all_types AS SELECT 1 AS id, TIMESTAMP '2026-01-01' AS seen, 'a text longer than "
        "twelve bytes' AS s, 'x'::BLOB AS b, 7 AS i, "
        "8::BIGINT AS l, 1.5::DOUBLE AS d, 0.5::FLOAT AS f, true AS t, TIMESTAMPTZ '2026-01-01 "
        "01:02:03.000004+00' AS ts, ['a', 'b'] AS list "
        "UNION ALL SELECT 2, '2026-01-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL");
    use_add(&world,
            view_add(&world, "all", "all_types", "id:int64",
                     "s:string b:bytes i:int32 l:int64 d:double f:float t:bool ts:timestamp "
                     "list:array(string) more:array(int64)=[i,%l]"),
            NULL, "");
    expect(&world, PLAIN, "(SELECT unnest([3, 1, 2]) AS id, TIMESTAMP '2026-01-02' AS event_timestamp)",
           "3|2026-01-02 00:00:00|-|-|-|-|-|-|-|-|-|-\n"
           "1|2026-01-02 00:00:00|a text longer than twelve bytes|x|7|8|1.5|0.5|true|2026-01-01 "
           "01:02:03.000004+00|[\"a\",\"b\"]|[7,8]\n"
           "2|2026-01-02 00:00:00|-|-|-|-|-|-|-|-|-|[null,null]\n");
    world_close(&world);
}

static void sources_that_are_queries_and_lists_of_them(void)
{
    World world;
    world_open(&world, 2);
    run(&world, "CREATE TABLE raw AS SELECT i % 10 AS id, TIMESTAMP '2026-01-01' + to_days((i // 10)::INT) "
                "AS seen, i AS n FROM range(100) t(i)");
    use_add(&world,
            view_add(&world, "q", "(SELECT id, seen, n, [n] AS ns FROM raw WHERE n % 2 = 0)", "id:int64",
                     "n:int64 ns:array(int64)"),
            NULL, "");
    use_add(&world, view_add(&world, "w", "(SELECT * FROM raw WHERE n < 50)", "id:int64", "n:int64"), NULL,
            "w__");
    expect(&world, PLAIN, "(SELECT unnest([4, 5]) AS id, TIMESTAMP '2026-01-09' AS event_timestamp)",
           "4|2026-01-09 00:00:00|84|[84]|44\n5|2026-01-09 00:00:00|-|-|45\n");
    world_close(&world);
}

static void times_as_texts_and_dates(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world, drivers(&world, "(1, TIMESTAMP '2026-01-01 12:00:00', NULL::TIMESTAMP, 10)", 0), NULL,
            "");
    expect(&world, PLAIN,
           "(VALUES (1, '2026-01-01 12:00:00'), (1, '2026-01-01 11:59:59.999999'), (1, "
           "'2026-01-01T20:00:00+08:00')) t(driver_id, event_timestamp)",
           "1|2026-01-01 12:00:00|10\n1|2026-01-01 11:59:59.999999|-\n1|2026-01-01T20:00:00+08:00|10\n");
    expect(&world, PLAIN, "(VALUES (1, DATE '2026-01-02'), (1, '2026-01-01')) t(driver_id, day)",
           "1|2026-01-02|10\n1|2026-01-01|-\n");
    expect_failure(&world, PLAIN, "(VALUES (1, 'soon')) t(driver_id, event_timestamp)", BASE_E_ENTITY_ROWS,
                   "`soon`");
    world_close(&world);
}

static void what_is_missing_is_said_before_any_work(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world, drivers(&world, "(1, TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 10)", 0), NULL, "");
    expect_failure(&world, PLAIN, "(SELECT 1 AS driver, TIMESTAMP '2026-01-01' AS event_timestamp)",
                   BASE_E_ENTITY_ROWS, "lack `driver_id` (key of view `driver_stats`)");
    expect_failure(&world, PLAIN, "(SELECT 1 AS driver_id)", BASE_E_ENTITY_ROWS, "no column of times");
    expect_failure(&world, PLAIN,
                   "(SELECT 1 AS driver_id, TIMESTAMP '2026-01-01' AS a, TIMESTAMP '2026-01-01' AS b)",
                   BASE_E_ENTITY_ROWS, "several columns of times");
    expect_failure(&world, PLAIN, "(SELECT '1' AS driver_id, TIMESTAMP '2026-01-01' AS event_timestamp)",
                   BASE_E_ENTITY_ROWS, "cannot be compared");
    expect_failure(&world, PLAIN, "(SELECT 1 AS driver_id, 5 AS event_timestamp)", BASE_E_ENTITY_ROWS,
                   "not a time");
    expect_failure(&world, PLAIN,
                   "(SELECT 1 AS driver_id, TIMESTAMP '2026-01-01' AS event_timestamp, 2 AS Rate)",
                   BASE_E_FEATURE_COLLISION, "`Rate`");
    FeaturesAsk named = {.time = "when"};
    expect_failure(&world, named, "(SELECT 1 AS driver_id, TIMESTAMP '2026-01-01' AS event_timestamp)",
                   BASE_E_ENTITY_ROWS, "`when`");
    world_close(&world);
}

static void without_asking_rows_all_or_a_snapshot(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world,
            drivers(&world,
                    "(1, TIMESTAMP '2025-01-01 10:00:00', TIMESTAMP '2025-01-01 10:00:01', 10), (1, "
                    "'2025-01-01 10:00:00', '2025-01-01 10:00:02', 20),"
                    "(2, '2025-01-01 12:00:00', NULL, 30), (2, '2024-01-01', NULL, 5), (1, '2025-01-02 "
                    "09:00:00', NULL, 40)",
                    DAY),
            NULL, "");
    FeaturesAsk all = {.start_us = G_GINT64_CONSTANT(1735725600000000),
                       .end_us = G_GINT64_CONSTANT(1735812000000000)}; /* one day to 2025-01-02 10:00 */
    expect(&world, all, NULL,
           "1|2025-01-01 10:00:00+00|20\n1|2025-01-02 09:00:00+00|40\n2|2025-01-01 12:00:00+00|30\n");
    all.snapshot = true;
    expect(&world, all, NULL, "1|2025-01-02 10:00:00+00|40\n2|2025-01-02 10:00:00+00|30\n");
    world_close(&world);
}

static void windows_end_at_the_asking_row(void)
{
    World world;
    world_open(&world, 2);
    run(&world, "CREATE TABLE paid AS SELECT * FROM (VALUES ('a', TIMESTAMP '2026-01-01', TIMESTAMP "
                "'2026-01-01', 1), ('a', '2026-01-02', '2026-01-09', 2), ('a', '2026-01-03', '2026-01-03', "
                "4), ('b', '2026-01-02', '2026-01-02', 8)) t(who, seen, created, amount)");
    FeaturesView *view = view_add(&world, "paid", "paid", "who:string",
                                  "total:int64=sum(amount) n:int64=count(*) last:int64=amount");
    view->created = g_strdup("created");
    view->features[0].window_us = 2 * DAY;
    view->features[1].window_us = DAY;
    use_add(&world, view, NULL, "");
    const char *asked =
        "(VALUES ('a', TIMESTAMP '2026-01-03'), ('a', '2026-01-02 23:59:59.999999'), ('b', '2026-02-01'), "
        "('c', '2026-01-03'), (NULL, '2026-01-03'), ('a', NULL)) t(who, event_timestamp)";
    expect(&world, PLAIN, asked,
           "a|2026-01-03 00:00:00|6|1|4\na|2026-01-02 23:59:59.999999|3|1|2\nb|2026-02-01 "
           "00:00:00|-|0|8\nc|2026-01-03 00:00:00|-|0|-\n-|2026-01-03 00:00:00|-|0|-\na|-|-|0|-\n");
    const FeaturesAsk known = {.known_at = true, .known_at_us = G_MININT64};
    expect(&world, known, "(VALUES ('a', TIMESTAMP '2026-01-03')) t(who, event_timestamp)",
           "a|2026-01-03 00:00:00|4|1|4\n");
    view->exclusive = true;
    expect(&world, PLAIN, "(VALUES ('a', TIMESTAMP '2026-01-03')) t(who, event_timestamp)",
           "a|2026-01-03 00:00:00|2|0|2\n");
    world_close(&world);
}

static void on_demand_features_and_defaults(void)
{
    World world;
    world_open(&world, 2);
    FeaturesView *view = drivers(&world, "(1, TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 10)", 0);
    view->features[0].missing = (FeaturesValue){.type = FEATURES_INT64, .i64 = -1};
    size_t from = use_add(&world, view, NULL, NULL);
    FeaturesView *odfv = view_add(&world, "sums", "", "", "plus:double=rate%+%val twice:int64=rate%*%2");
    odfv->from = FEATURES_FROM_REQUEST;
    odfv->n_inputs = odfv->n_request = 1;
    odfv->inputs = g_new0(FeaturesInput, 1);
    odfv->inputs[0] = (FeaturesInput){.name = (char *)(guintptr) "rate", .type = FEATURES_INT64};
    odfv->request = g_new0(FeaturesField, 1);
    odfv->request[0] = (FeaturesField){(char *)(guintptr) "val", FEATURES_DOUBLE};
    size_t use = use_add(&world, odfv, NULL, "");
    world.uses[use].inputs = g_malloc0(sizeof *world.uses[use].inputs);
    world.uses[use].inputs[0].use = from;
    world.request[0] = "val";
    world.request_types[0] = FEATURES_DOUBLE;
    world.selection.n_request = 1;
    expect(&world, PLAIN,
           "(VALUES (1, TIMESTAMP '2026-01-02', 0.5, 'kept'), (2, '2026-01-02', 1.5, 'kept')) t(driver_id, "
           "event_timestamp, val, rate)",
           "1|2026-01-02 00:00:00|0.5|kept|10.5|20\n2|2026-01-02 00:00:00|1.5|kept|0.5|-2\n");
    expect_failure(&world, PLAIN, "(VALUES (1, TIMESTAMP '2026-01-02')) t(driver_id, event_timestamp)",
                   BASE_E_ENTITY_ROWS, "`val` (field of the request)");
    world_close(&world);
}

/* The whole way against SQL that says the contract, in one pass, in many, and in blocks. */
static void many_rows_with_little_memory_are_the_same(void)
{
    World world;
    world_open(&world, 2);
    run(&world,
        "SELECT setseed(0.5); CREATE TABLE stats AS SELECT (random() * 3000)::INT AS id, 'k' || (random() * "
        "3)::INT AS part, TIMESTAMP '2026-01-01' + to_minutes((random() * 50000)::INT) AS seen, "
        "CASE WHEN random() < 0.9 THEN TIMESTAMP '2026-01-01' + to_days((random() * 4)::INT) END AS created, "
        "i AS n, 'value ' || i AS t FROM range(300000) r(i)");
    run(&world, "CREATE TABLE asked AS SELECT (random() * 3100)::INT AS id, 'k' || (random() * 3)::INT AS "
                "part, TIMESTAMP '2026-01-01' + to_minutes((random() * 52000)::INT) AS event_timestamp, i AS "
                "label FROM range(150000) r(i)");
    FeaturesView *view = view_add(&world, "big", "stats", "id:int64 part:string", "n:int64 t:string");
    view->created = g_strdup("created");
    view->ttl_us = 2 * DAY;
    use_add(&world, view, NULL, "");
    run(&world,
        "CREATE TABLE oracle AS SELECT a.label, s.n, s.t FROM asked a LEFT JOIN stats s ON s.id = a.id AND "
        "s.part = a.part AND s.seen <= a.event_timestamp AND s.seen >= a.event_timestamp - INTERVAL 2 DAY "
        "QUALIFY row_number() OVER (PARTITION BY a.label ORDER BY s.seen DESC, s.created DESC NULLS LAST, "
        "s.rowid DESC) = 1");
    gint64 budgets[] = {0, 8 << 20, 3 << 20};
    for (size_t i = 0; i < G_N_ELEMENTS(budgets); i++) {
        FeaturesAsk how = {.selection = &world.selection, .relation = "asked", .memory_bytes = budgets[i]};
        g_autoptr(GError) error = NULL;
        g_assert_true(features_retrieve(world.conn, &how, "answer", NULL, NULL, NULL, &error));
        gint64 wrong, found, order;
        g_assert_true(engine_query_int(world.conn,
                                       "SELECT count(*) FROM answer a FULL JOIN oracle o USING (label) WHERE "
                                       "a.n IS DISTINCT FROM o.n OR a.t IS DISTINCT FROM o.t",
                                       &wrong, &error));
        g_assert_true(engine_query_int(world.conn, "SELECT count(n) FROM answer", &found, &error));
        g_assert_true(
            engine_query_int(world.conn, "SELECT count(*) FROM answer WHERE label = rowid", &order, &error));
        g_assert_cmpint(wrong, ==, 0);
        g_assert_cmpint(found, >, 50000);
        g_assert_cmpint(order, ==, 150000);
    }
    world_close(&world);
}

static void asking_rows_of_a_table_with_gaps_keep_their_order(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world, drivers(&world, "(1, TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 10)", 0), NULL, "");
    run(&world, "CREATE TABLE asked AS SELECT i % 2 AS driver_id, TIMESTAMP '2026-01-02' AS event_timestamp, "
                "i AS label FROM range(300000) t(i); DELETE FROM asked WHERE label % 3 = 0");
    FeaturesAsk how = {.selection = &world.selection, .relation = "asked"};
    g_autoptr(GError) error = NULL;
    g_assert_true(features_retrieve(world.conn, &how, "answer", NULL, NULL, NULL, &error));
    gint64 unordered;
    g_assert_true(engine_query_int(world.conn,
                                   "SELECT count(*) FROM (SELECT label, row_number() OVER (ORDER BY rowid) "
                                   "AS a, row_number() OVER (ORDER BY label) AS b FROM answer) WHERE a <> b",
                                   &unordered, &error));
    g_assert_cmpint(unordered, ==, 0);
    expect(&world, PLAIN, "(SELECT driver_id, event_timestamp FROM asked WHERE false)", "");
    world_close(&world);
}

/* A model that is a view has no stored order, and asking whether it has one does no harm. */
static void a_source_and_asking_rows_that_are_views_of_the_engine(void)
{
    World world;
    world_open(&world, 2);
    FeaturesView *view = drivers(
        &world,
        "(1, TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-01', 10), (1, '2026-01-01', '2026-01-01', 12)", 0);
    run(&world, "CREATE VIEW stats_view AS SELECT * FROM stats; CREATE VIEW asked AS SELECT 1 AS driver_id, "
                "TIMESTAMP '2026-01-02' AS event_timestamp");
    g_free(view->relation);
    view->relation = g_strdup("stats_view");
    use_add(&world, view, NULL, "");
    g_autoptr(GError) error = NULL;
    FeaturesAsk how = {.relation = "asked"};
    g_autofree char *first = ask(&world, &how, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 5; i++) {
        expect(&world, PLAIN, "asked", first);
    }
    world_close(&world);
}

static void request_fields_of_another_kind_are_refused(void)
{
    World world;
    world_open(&world, 2);
    FeaturesView *odfv = view_add(&world, "sums", "", "", "twice:double=val%*%2");
    odfv->from = FEATURES_FROM_REQUEST;
    odfv->n_request = 1;
    odfv->request = g_new0(FeaturesField, 1);
    odfv->request[0] = (FeaturesField){(char *)(guintptr) "val", FEATURES_DOUBLE};
    use_add(&world, odfv, NULL, "");
    world.request[0] = "val";
    world.request_types[0] = FEATURES_DOUBLE;
    world.selection.n_request = 1;
    expect(&world, PLAIN, "(SELECT 2 AS val, TIMESTAMP '2026-01-02' AS event_timestamp)",
           "2|2026-01-02 00:00:00|4\n");
    expect_failure(&world, PLAIN, "(SELECT '2' AS val, TIMESTAMP '2026-01-02' AS event_timestamp)",
                   BASE_E_ENTITY_ROWS, "`val` is VARCHAR");
    world_close(&world);
}

/* What one connection reads after another committed. */
static void readers_see_one_state_of_the_warehouse(void)
{
    World world;
    world_open(&world, 4);
    run(&world, "CREATE TABLE t AS SELECT 1 AS a");
    g_autoptr(GError) error = NULL;
    FeaturesReaders readers;
    g_assert_true(features_readers_open(&readers, world.conn, &error));
    g_assert_cmpuint(readers.n, >, 1);
    g_autoptr(EngineConn) writer = engine_connect(world.engine, &error);
    g_assert_true(engine_exec(writer, "INSERT INTO t VALUES (2)", &error));
    for (size_t i = 0; i < readers.n; i++) {
        gint64 n;
        g_assert_true(engine_query_int(readers.conns[i], "SELECT count(*) FROM t", &n, &error));
        g_assert_cmpint(n, ==, 1);
    }
    g_assert_true(features_readers_close(&readers, true, &error));
    world_close(&world);
}

static void a_cancelled_retrieval_leaves_nothing(void)
{
    World world;
    world_open(&world, 2);
    use_add(&world, drivers(&world, "(1, TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 10)", 0), NULL, "");
    const gint cancel = 1;
    FeaturesAsk how = {.selection = &world.selection,
                       .relation = "(SELECT 1 AS driver_id, TIMESTAMP '2026-01-02' AS event_timestamp)"};
    g_autoptr(GError) error = NULL;
    g_assert_false(features_retrieve(world.conn, &how, "answer", NULL, NULL, &cancel, &error));
    g_assert_cmpint(base_error_info(error)->code, ==, BASE_E_INTERRUPTED);
    g_clear_error(&error);
    gint64 tables;
    g_assert_true(engine_query_int(world.conn, "SELECT count(*) FROM duckdb_tables() WHERE temporary",
                                   &tables, &error));
    g_assert_cmpint(tables, ==, 0);
    world_close(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/features/retrieve/" #name, name)
    T(a_row_whose_candidates_are_stale_or_in_the_future_stays);
    T(rows_of_one_key_and_time_are_all_kept_in_order);
    T(views_of_different_keys_do_not_collapse_rows);
    T(composite_keys_are_not_joined_into_one_text);
    T(exact_duplicates_in_the_source_give_one_row_the_last_stored);
    T(null_times_and_null_keys_never_match);
    T(the_newest_created_breaks_ties_whatever_the_order);
    T(half_a_second_in_the_future_is_the_future);
    T(all_rows_at_one_time_and_exclusive_bounds);
    T(known_at_hides_later_backfills);
    T(the_point_in_time_case_of_customers);
    T(a_view_twice_under_other_keys_and_one_without_keys);
    T(all_types_of_features_come_as_they_are);
    T(sources_that_are_queries_and_lists_of_them);
    T(times_as_texts_and_dates);
    T(what_is_missing_is_said_before_any_work);
    T(without_asking_rows_all_or_a_snapshot);
    T(windows_end_at_the_asking_row);
    T(on_demand_features_and_defaults);
    T(many_rows_with_little_memory_are_the_same);
    T(asking_rows_of_a_table_with_gaps_keep_their_order);
    T(a_source_and_asking_rows_that_are_views_of_the_engine);
    T(request_fields_of_another_kind_are_refused);
    T(readers_see_one_state_of_the_warehouse);
    T(a_cancelled_retrieval_leaves_nothing);
    return g_test_run();
}
