/* Statements of users: what is allowed gives the right rows, and no trick reaches a table without a right. */
#include "world.h"

#include "base/time.h"

static World world;

static char *rewrite(AccessUser *user, const char *domain, const char *sql, GError **error)
{
    AccessScope scope = {user, world.snapshot, domain};
    return access_rewrite(&scope, world.conn, sql, NULL, error);
}

/* The rows as JSON text. */
static char *rows_of(AccessUser *user, const char *domain, const char *sql)
{
    GError *error = NULL;
    g_autofree char *text = rewrite(user, domain, sql, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) rows = engine_query_json(world.conn, text, NULL, 0, 1000, &error);
    if (error) {
        g_test_message("%s -> %s", sql, text);
    }
    g_assert_no_error(error);
    return base_json_text(rows);
}

static void assert_rows(AccessUser *user, const char *domain, const char *sql, const char *expected)
{
    g_autofree char *rows = rows_of(user, domain, sql);
    g_test_message("%s", sql);
    g_assert_cmpstr(rows, ==, expected);
}

static void assert_refused(AccessUser *user, const char *domain, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = rewrite(user, domain, sql, &error);
    if (text) {
        g_test_message("not refused: %s -> %s", sql, text);
    }
    g_assert_null(text);
    g_assert_nonnull(error);
    int code = (int)base_error_info(error)->code;
    g_assert_true(code == BASE_E_FORBIDDEN || code == BASE_E_TABLE_UNKNOWN ||
                  code == BASE_E_STATEMENT_REFUSED || code == BASE_E_SQL_SYNTAX ||
                  code == BASE_E_NAME_AMBIGUOUS);
    g_assert_null(strstr(error->message, "0000")); /* the pin */
}

static void test_allowed_statements_run_and_hide_bookkeeping(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "ann", "clerk");
    static const struct {
        const char *domain, *sql, *rows;
    } cases[] = {
        {"shop", "SELECT * FROM orders WHERE id = 1", "[{\"id\":1,\"amount\":10}]"},
        {NULL, "SELECT * FROM orders WHERE id = 1", "[{\"id\":1,\"amount\":10}]"},
        {NULL, "select SHOP.Orders.AMOUNT as a from Shop.ORDERS where id=2", "[{\"a\":20}]"},
        {"shop", "SELECT o.* FROM orders o JOIN people p USING (id) WHERE id = 1",
         "[{\"id\":1,\"amount\":10}]"},
        {"shop", "WITH t AS (SELECT * FROM orders) SELECT count(*) AS n FROM t", "[{\"n\":2}]"},
        {"shop", "WITH secrets AS (SELECT 5 AS x) SELECT x FROM secrets", "[{\"x\":5}]"},
        {"shop",
         "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT max(n) AS m "
         "FROM r",
         "[{\"m\":3}]"},
        {"shop", "SELECT (SELECT max(amount) FROM orders) AS m", "[{\"m\":20}]"},
        {"shop", "SELECT sum(i) AS s FROM range(4) t(i)", "[{\"s\":6}]"},
        {"shop", "SELECT u FROM unnest([3, 4]) t(u) WHERE u > 3", "[{\"u\":4}]"},
        {"shop", "FROM orders SELECT id WHERE amount = 20", "[{\"id\":2}]"},
        {"shop", "VALUES (1)", "[{\"col0\":1}]"},
        {"shop", "SELECT 1 AS x UNION ALL SELECT id FROM orders WHERE id = 2 ORDER BY x DESC LIMIT 1",
         "[{\"x\":2}]"},
        {"shop", "SELECT DISTINCT ON (id) id FROM orders ORDER BY id LIMIT 1", "[{\"id\":1}]"},
        {"shop", "SELECT id, row_number() OVER (ORDER BY amount DESC) AS r FROM orders QUALIFY r = 1",
         "[{\"id\":2,\"r\":1}]"},
        {"shop", "SELECT list_transform([1, 2], lambda x: x + 1)[2] AS l, CASE WHEN true THEN 'a' END AS c",
         "[{\"l\":3,\"c\":\"a\"}]"},
        {"shop", "SELECT x.amount FROM orders o, LATERAL (SELECT o.amount) x WHERE o.id = 1",
         "[{\"amount\":10}]"},
        {"shop", "SELECT internal.shop.orders.id FROM internal.shop.orders WHERE id = 1", NULL},
        {"shop", "SELECT a.id FROM orders a ASOF JOIN people b ON a.id >= b.id ORDER BY 1 LIMIT 1",
         "[{\"id\":1}]"},
        {"shop", "SELECT * FROM (PIVOT orders ON id IN (1, 2) USING sum(amount) GROUP BY ALL)", NULL},
        {"shop", "SELECT CAST('2026-01-02' AS DATE) + INTERVAL 1 DAY > DATE '2026-01-02' AS later",
         "[{\"later\":true}]"},
        {"shop", "SELECT _weir_load_id AS l FROM orders LIMIT 1", "[{\"l\":7}]"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (cases[i].rows) {
            assert_rows(user, cases[i].domain, cases[i].sql, cases[i].rows);
        }
    }
}

/* Every one of these names vault.secrets, a file, or the engine's own tables, in a way that has once worked
 * somewhere. */
/* clang-format off */
static const char *const TRICKS[] = {
    "SELECT * FROM vault.secrets",
    "SELECT * FROM secrets",
    "SELECT * FROM \"vault\".\"secrets\"",
    "SELECT * FROM VAULT.SeCrEtS",
    "SELECT * FROM \"VAULT\".\"SECRETS\"",
    "SELECT * FROM/**/vault/* x */./**/secrets -- orders",
    "SELECT * FROM internal.vault.secrets",
    "SELECT * FROM memory.vault.secrets",
    "SELECT * FROM warehouse.vault.secrets",
    "FROM vault.secrets",
    "TABLE vault.secrets",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM vault.secrets)",
    "SELECT (SELECT pin FROM vault.secrets LIMIT 1)",
    "SELECT 1 IN (SELECT id FROM vault.secrets)",
    "SELECT * FROM orders WHERE id = ANY (SELECT id FROM vault.secrets)",
    "SELECT * FROM orders ORDER BY (SELECT pin FROM vault.secrets)",
    "SELECT * FROM orders LIMIT (SELECT id FROM vault.secrets)",
    "SELECT * FROM orders LIMIT 1 OFFSET (SELECT id FROM vault.secrets)",
    "SELECT id FROM orders GROUP BY id HAVING max(amount) > (SELECT count(*) FROM vault.secrets)",
    "SELECT id FROM orders QUALIFY row_number() OVER (ORDER BY (SELECT pin FROM vault.secrets)) = 1",
    "SELECT sum(amount) FILTER (WHERE id IN (SELECT id FROM vault.secrets)) FROM orders",
    "SELECT sum(amount) OVER (PARTITION BY (SELECT pin FROM vault.secrets)) FROM orders",
    "SELECT CASE WHEN true THEN (SELECT pin FROM vault.secrets) END",
    "SELECT list_transform([1], lambda x: (SELECT pin FROM vault.secrets))",
    "SELECT {'a': (SELECT pin FROM vault.secrets)}",
    "SELECT [x FOR x IN (SELECT list(pin) FROM vault.secrets)]",
    "SELECT ARRAY(SELECT pin FROM vault.secrets)",
    "SELECT DISTINCT ON ((SELECT pin FROM vault.secrets)) id FROM orders",
    "SELECT * REPLACE ((SELECT pin FROM vault.secrets) AS id) FROM orders",
    "SELECT COLUMNS(c -> (SELECT count(*) > 0 FROM vault.secrets)) FROM orders",
    "WITH orders AS (SELECT * FROM vault.secrets) SELECT * FROM orders",
    "WITH a AS (SELECT 1), b AS (SELECT * FROM vault.secrets) SELECT * FROM a",
    "WITH secrets AS (SELECT * FROM secrets) SELECT * FROM secrets",
    "WITH secrets AS (SELECT 1) SELECT * FROM vault.secrets",
    "WITH secrets AS (SELECT 1 AS x) SELECT * FROM secrets, (SELECT * FROM vault.secrets) s",
    "SELECT * FROM (WITH secrets AS (SELECT 1 AS x) SELECT * FROM secrets) a, secrets",
    "SELECT * FROM (WITH secrets AS (SELECT 1) SELECT 1) UNION ALL SELECT id FROM secrets",
    "WITH RECURSIVE r AS (SELECT id FROM vault.secrets UNION ALL SELECT id + 1 FROM r WHERE id < 3) SELECT * FROM r",
    "WITH a AS MATERIALIZED (SELECT * FROM secrets), secrets AS (SELECT 1) SELECT * FROM a",
    "SELECT * FROM orders, vault.secrets",
    "SELECT * FROM orders JOIN vault.secrets USING (id)",
    "SELECT * FROM orders NATURAL JOIN vault.secrets",
    "SELECT * FROM orders POSITIONAL JOIN vault.secrets",
    "SELECT * FROM orders o ASOF JOIN vault.secrets s ON o.id >= s.id",
    "SELECT * FROM orders SEMI JOIN vault.secrets USING (id)",
    "SELECT * FROM orders ANTI JOIN vault.secrets USING (id)",
    "SELECT * FROM orders o JOIN people p ON o.id = (SELECT max(id) FROM vault.secrets)",
    "SELECT * FROM orders o, LATERAL (SELECT * FROM vault.secrets s WHERE s.id = o.id) x",
    "SELECT * FROM orders UNION SELECT id, 1 FROM vault.secrets",
    "SELECT id FROM orders EXCEPT SELECT id FROM vault.secrets",
    "SELECT id FROM orders INTERSECT SELECT id FROM vault.secrets",
    "SELECT * FROM (VALUES ((SELECT pin FROM vault.secrets))) t(x)",
    "VALUES ((SELECT pin FROM vault.secrets))",
    "SELECT * FROM unnest((SELECT list(pin) FROM vault.secrets))",
    "SELECT unnest((SELECT list(pin) FROM vault.secrets))",
    "SELECT * FROM range((SELECT id FROM vault.secrets))",
    "SELECT * FROM vault.secrets TABLESAMPLE 10%",
    "SELECT * FROM vault.secrets USING SAMPLE 1",
    "SELECT * FROM orders AT (VERSION => 1)",
    "PIVOT vault.secrets ON pin IN ('0000') USING count(*)",
    "SELECT * FROM (PIVOT vault.secrets ON pin IN ('0000') USING count(*))",
    "PIVOT vault.secrets ON pin USING count(*)",
    "UNPIVOT vault.secrets ON id INTO NAME n VALUE v",
    "SELECT * FROM (UNPIVOT vault.secrets ON id INTO NAME n VALUE v)",
    "DESCRIBE vault.secrets",
    "SUMMARIZE vault.secrets",
    "SHOW vault.secrets",
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "SELECT * FROM (DESCRIBE vault.secrets)",
    "SELECT * FROM (SUMMARIZE vault.secrets)",
    "SELECT * FROM (SUMMARIZE orders)",
    "SELECT * FROM (SHOW TABLES)",
    "FROM (SHOW ALL TABLES)",
    "SELECT * FROM query('SELECT * FROM vault.secrets')",
    "SELECT * FROM query_table('vault.secrets')",
    "SELECT * FROM query_table(['orders', 'vault.secrets'])",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM vault.secrets'))",
    "SELECT json_serialize_plan('SELECT * FROM vault.secrets')",
    "SELECT * FROM histogram(vault.secrets, pin)",
    "SELECT * FROM histogram_values(secrets, pin)",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM duckdb_columns",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM DuckDB_Secrets()",
    "SELECT * FROM pragma_table_info('vault.secrets')",
    "SELECT * FROM pragma_storage_info('vault.secrets')",
    "SELECT * FROM system.main.duckdb_tables()",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_catalog.pg_tables",
    "SELECT * FROM pg_tables",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM \"INFORMATION_SCHEMA\".\"COLUMNS\"",
    "SELECT * FROM system.information_schema.tables",
    "SELECT * FROM _weir.loads",
    "SELECT * FROM main.orders",
    "SELECT * FROM temp.orders",
    "SELECT * FROM weir_feed(1)",
    "SELECT * FROM 'secrets.csv'",
    "SELECT * FROM \"secrets.csv\"",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'https://example.com/x.parquet'",
    "SELECT * FROM '*.csv'",
    "WITH \"/tmp/x.csv\" AS (SELECT 1) SELECT * FROM \"/tmp/x.csv\"",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM READ_CSV_AUTO('/etc/passwd')",
    "SELECT * FROM \"read_csv\"('/etc/passwd')",
    "SELECT * FROM system.main.read_text('/etc/passwd')",
    "SELECT * FROM read_blob('*')",
    "SELECT * FROM read_parquet('x'), orders",
    "SELECT * FROM parquet_scan('x')",
    "SELECT * FROM read_json('x')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM seq_scan('orders')",
    "SELECT * FROM checkpoint()",
    "SELECT * FROM test_all_types()",
    "SELECT * FROM sql_auto_complete('SELECT')",
    "SELECT getenv('PATH')",
    "SELECT current_setting('memory_limit')",
    "SELECT 'memory_limit'.current_setting()",
    "SELECT list_transform(['PATH'], lambda x: getenv(x))",
    "SELECT * FROM orders WHERE getenv('PATH') IS NULL",
    "SELECT getvariable('x')",
    "SELECT nextval('s')",
    "SELECT pg_get_viewdef(1)",
    "SELECT stats(id) FROM orders",
    "SELECT weir_reject(1, 2, 'x')",
    "SELECT * FROM ?",
    "SELECT * FROM $1",
    "SELECT * FROM query_table(?)",
    "SELECT * FROM query($sql)",
    "COPY vault.secrets TO '/tmp/x.csv'",
    "COPY (SELECT * FROM orders) TO '/tmp/x.csv'",
    "COPY orders FROM '/etc/passwd'",
    "ATTACH '/tmp/x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '1GB'",
    "PRAGMA database_list",
    "CALL duckdb_tables()",
    "EXPORT DATABASE '/tmp/x'",
    "CREATE TABLE x AS SELECT * FROM vault.secrets",
    "CREATE MACRO m() AS TABLE SELECT * FROM vault.secrets",
    "INSERT INTO orders SELECT id, 1 FROM vault.secrets",
    "DELETE FROM vault.secrets",
    "UPDATE orders SET id = (SELECT id FROM vault.secrets)",
    "MERGE INTO orders USING vault.secrets ON false WHEN NOT MATCHED THEN INSERT",
    "WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x",
    "EXPLAIN SELECT * FROM vault.secrets",
    "PREPARE p AS SELECT * FROM vault.secrets",
    "EXECUTE p",
    "SELECT 1; SELECT * FROM vault.secrets",
    "SELECT * FROM annex.cellar",
    "",
    ";",
};
/* clang-format on */

static void test_no_trick_reaches_a_forbidden_table(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "eve", "clerk");
    for (size_t i = 0; i < G_N_ELEMENTS(TRICKS); i++) {
        assert_refused(user, "shop", TRICKS[i]);
        assert_refused(user, NULL, TRICKS[i]);
        assert_refused(user, "vault", TRICKS[i]);
    }
}

static void test_a_name_in_two_domains_is_ambiguous_without_one(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "bob", "clerk");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = rewrite(user, NULL, "SELECT * FROM items", &error);
    g_assert_null(text);
    g_assert_error(error, BASE_ERROR, BASE_E_NAME_AMBIGUOUS);
    assert_rows(user, "shop", "SELECT count(*) AS n FROM items", "[{\"n\":0}]");
}

static void test_an_unknown_table_has_mysqls_text_and_no_forbidden_hint(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "carl", "clerk");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = rewrite(user, "shop", "SELECT * FROM secretz", &error);
    g_assert_null(text);
    g_assert_error(error, BASE_ERROR, BASE_E_TABLE_UNKNOWN);
    g_assert_cmpstr(error->message, ==, "Table 'shop.secretz' doesn't exist");
    const char *hint = base_error_get_hint(error);
    g_assert_true(!hint || !strstr(hint, "secrets"));
    g_clear_error(&error);
    g_free(rewrite(user, "shop", "SELECT * FROM ordrs", &error));
    g_assert_cmpstr(base_error_get_hint(error), ==, "did you mean `orders`?");
}

static void test_policies_filter_rows_and_mask_columns(void)
{
    g_autoptr(AccessUser) pat = world_user(&world, "pat", NULL);
    assert_rows(pat, "shop", "SELECT * FROM people", "[{\"id\":1,\"phone\":\"***\",\"country\":\"CN\"}]");
    assert_rows(pat, "shop", "SELECT phone FROM people p WHERE p.phone LIKE '138%'", "[]");
    assert_rows(pat, "shop", "SELECT shop.people.phone AS x, people.id FROM shop.people",
                "[{\"x\":\"***\",\"id\":1}]");
    assert_rows(pat, "shop", "SELECT count(*) AS n FROM orders JOIN people USING (id)", "[{\"n\":1}]");
    assert_rows(pat, "shop", "WITH people AS (SELECT * FROM people) SELECT phone FROM people",
                "[{\"phone\":\"***\"}]");
    g_autoptr(GError) error = NULL;
    g_free(rewrite(pat, "shop", "SELECT _weir_load_id FROM people", &error));
    g_assert_no_error(error); /* refused by the engine: the subquery has no such column */
    g_autoptr(AccessUser) dora = world_user(&world, "dora", "clerk");
    assert_rows(dora, "shop", "SELECT phone FROM people WHERE id = 2", "[{\"phone\":\"13900000000\"}]");
}

static void test_objects_read_are_told_from_the_cache_too(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "gil", "clerk");
    AccessScope scope = {user, world.snapshot, "shop"};
    for (int i = 0; i < 2; i++) {
        g_autoptr(GPtrArray) objects = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *text =
            access_rewrite(&scope, world.conn, "SELECT * FROM orders o, people, orders", &objects, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(objects->len, ==, 2);
        g_assert_cmpstr(((const CatalogObject *)g_ptr_array_index(objects, 0))->full_name, ==, "shop.orders");
    }
}

static void test_cached_text_of_one_user_never_serves_another(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "hal", "admin");
    const char *sql = "SELECT pin FROM vault.secrets";
    assert_rows(user, "shop", sql, "[{\"pin\":\"0000\"}]");
    assert_rows(user, "shop", sql, "[{\"pin\":\"0000\"}]");
    g_autoptr(AccessUser) other = world_user(&world, "ian", "clerk");
    assert_refused(other, "shop", sql);
}

static void test_a_right_that_is_revoked_is_gone_at_once(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "joe", NULL);
    g_autoptr(GError) error = NULL;
    assert_refused(user, "shop", "SELECT * FROM orders");
    g_assert_true(access_grant(world.access, "joe", "read", "table:shop.orders", &error));
    g_autoptr(AccessUser) with = access_user_refresh(world.access, world.snapshot, user);
    assert_rows(with, "shop", "SELECT count(*) AS n FROM orders", "[{\"n\":2}]");
    assert_refused(with, "shop", "SELECT * FROM people");
    g_assert_true(access_revoke(world.access, "joe", "read", "table:shop.orders", &error));
    g_autoptr(AccessUser) without = access_user_refresh(world.access, world.snapshot, with);
    assert_refused(without, "shop", "SELECT count(*) AS n FROM orders");
}

static char *system_table(const AccessScope *scope, const char *schema, const char *table, void *user,
                          GError **error)
{
    (void)scope;
    (void)error;
    g_assert_true(user == &world);
    bool mine = !g_ascii_strcasecmp(schema, "information_schema") && !g_ascii_strcasecmp(table, "tables");
    return mine ? g_strdup("SELECT * FROM (VALUES ('orders')) t(TABLE_NAME)") : NULL;
}

static void test_system_tables_are_what_the_server_says(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "kim", "clerk");
    access_set_system_tables(world.access, system_table, &world);
    assert_rows(user, "shop",
                "SELECT table_name AS n FROM INFORMATION_SCHEMA.tables t WHERE t.TABLE_NAME LIKE 'o%'",
                "[{\"n\":\"orders\"}]");
    assert_rows(user, "shop", "SELECT tables.table_name AS n FROM information_schema.TABLES",
                "[{\"n\":\"orders\"}]");
    assert_refused(user, "shop", "SELECT * FROM information_schema.columns");
    access_set_system_tables(world.access, NULL, NULL);
}

/* Figures for a reader of the log; what is asserted is that text from the cache is the same text. */
static void test_text_from_the_cache_is_the_text_made_anew(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "lea", "clerk");
    gint64 anew_us = 0, cached_us = 0;
    for (int i = 0; i < 200; i++) {
        g_autofree char *sql =
            g_strdup_printf("SELECT id, sum(amount) FROM orders o JOIN people p USING (id) WHERE "
                            "id > %d GROUP BY id ORDER BY 2 DESC LIMIT 10",
                            i);
        gint64 start_us = base_time_monotonic_us();
        g_autofree char *first = rewrite(user, "shop", sql, NULL);
        gint64 middle_us = base_time_monotonic_us();
        g_autofree char *again = rewrite(user, "shop", sql, NULL);
        cached_us += base_time_monotonic_us() - middle_us;
        anew_us += middle_us - start_us;
        g_assert_nonnull(first);
        g_assert_cmpstr(again, ==, first);
    }
    g_test_message("anew %.1f us, from the cache %.2f us", (double)anew_us / 200, (double)cached_us / 200);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    world_open(&world);
    g_test_add_func("/access/rewrite/allowed", test_allowed_statements_run_and_hide_bookkeeping);
    g_test_add_func("/access/rewrite/tricks", test_no_trick_reaches_a_forbidden_table);
    g_test_add_func("/access/rewrite/ambiguous", test_a_name_in_two_domains_is_ambiguous_without_one);
    g_test_add_func("/access/rewrite/unknown", test_an_unknown_table_has_mysqls_text_and_no_forbidden_hint);
    g_test_add_func("/access/rewrite/policies", test_policies_filter_rows_and_mask_columns);
    g_test_add_func("/access/rewrite/objects", test_objects_read_are_told_from_the_cache_too);
    g_test_add_func("/access/rewrite/cache-users", test_cached_text_of_one_user_never_serves_another);
    g_test_add_func("/access/rewrite/revoked", test_a_right_that_is_revoked_is_gone_at_once);
    g_test_add_func("/access/rewrite/system-tables", test_system_tables_are_what_the_server_says);
    g_test_add_func("/access/rewrite/cache", test_text_from_the_cache_is_the_text_made_anew);
    int failed = g_test_run();
    world_close(&world);
    return failed;
}
