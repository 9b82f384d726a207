/* What the rules know of a table's SQL. */
#include "standard/standard.h"

static StandardCatalog *with_sql(const char *const *queries)
{
    g_autoptr(json_t) tables = json_array();
    for (size_t i = 0; queries[i] != NULL; i++) {
        g_autofree char *name = g_strdup_printf("dwd_t%zu", i);
        json_array_append_new(tables, json_pack("{s:s, s:s}", "name", name, "sql", queries[i]));
    }
    g_autoptr(json_t) json = json_pack("{s:O}", "tables", tables);
    GError *error = NULL;
    StandardCatalog *catalog = standard_catalog_from_json(json, &error);
    g_assert_no_error(error);
    return catalog;
}

static const StandardSql *facts(StandardCatalog *catalog, guint i)
{
    const StandardSql *sql = standard_sql(g_ptr_array_index(catalog->tables, i));
    g_assert_true(sql->ok);
    return sql;
}

static void depends_on_the_moment(void)
{
    static const struct {
        const char *sql;
        bool bad;
    } CASES[] = {
        {"SELECT * FROM a WHERE dt = current_date", true},
        {"SELECT now() FROM a", true},
        {"SELECT a.now FROM a", false},
        {"SELECT id AS today FROM a", false},
        {"SELECT unix_timestamp() FROM a", true},
        {"SELECT unix_timestamp(paid_at) FROM a", false},
        {"SELECT * FROM a LIMIT 10", true},
        {"SELECT * FROM a ORDER BY id LIMIT 10", false},
        {"SELECT * FROM (SELECT * FROM a LIMIT 5) ORDER BY id", true},
        {"SELECT * FROM (SELECT * FROM a ORDER BY id LIMIT 5) b", false},
        {"SELECT row_number() OVER (PARTITION BY k) FROM a", true},
        {"SELECT row_number() OVER (PARTITION BY k ORDER BY id) FROM a", false},
        {"SELECT * FROM a WHERE dt = (SELECT max(dt) FROM a)", true},
        {"SELECT k, max(dt) FROM a GROUP BY k", false},
        {"SELECT * FROM a WHERE dt = '${biz_date}'", false},
        {"SELECT * FROM a WHERE dt = ${biz_date}", false},
        {"SELECT 'current_date' FROM a -- now()", false},
        {"SELECT `id` FROM `a` WHERE x = rand()", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(StandardCatalog) catalog = with_sql((const char *const[]){CASES[i].sql, NULL});
        const StandardSql *sql = facts(catalog, 0);
        bool bad = sql->moment != NULL || sql->bare_limit || sql->row_number_open || sql->max_partition;
        if (bad != CASES[i].bad) {
            g_error("%s: moment %s limit %d row_number %d max %d", CASES[i].sql, sql->moment, sql->bare_limit,
                    sql->row_number_open, sql->max_partition);
        }
    }
}

static void queries_that_mean_the_same_are_equal(void)
{
    static const char *const SAME[][2] = {
        {"SELECT o.id, o.amt AS a FROM ods_o o", "select x.id, x.amt b\nfrom ods_o as x -- other names"},
        {"SELECT id FROM ods_o", "SELECT t.id FROM ods_o t"},
        {"WITH a AS (SELECT id FROM ods_o) SELECT * FROM a",
         "WITH b AS (SELECT id FROM ods_o) SELECT * FROM b"},
        {"SELECT a.id, b.n FROM x a JOIN y b ON a.id = b.id",
         "SELECT p.id, q.n FROM x p INNER JOIN y q ON p.id = q.id"},
        {"SELECT sum(x) AS total FROM t GROUP BY k", "SELECT sum(x) s FROM t GROUP BY k"},
    };
    static const char *const OTHER[][2] = {
        {"SELECT id FROM ods_o", "SELECT id FROM ods_p"},
        {"SELECT a.id FROM x a JOIN y b ON a.id = b.id", "SELECT b.id FROM x a JOIN y b ON a.id = b.id"},
        {"SELECT CAST(x AS INT) FROM t", "SELECT CAST(x AS TEXT) FROM t"},
        {"SELECT 'A' FROM t", "SELECT 'a' FROM t"},
        {"SELECT a FROM t WHERE b", "SELECT a FROM t WHERE NOT b"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(SAME); i++) {
        g_autoptr(StandardCatalog) catalog = with_sql((const char *const[]){SAME[i][0], SAME[i][1], NULL});
        g_assert_cmpstr(facts(catalog, 0)->canonical, ==, facts(catalog, 1)->canonical);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(OTHER); i++) {
        g_autoptr(StandardCatalog) catalog = with_sql((const char *const[]){OTHER[i][0], OTHER[i][1], NULL});
        g_assert_cmpstr(facts(catalog, 0)->canonical, !=, facts(catalog, 1)->canonical);
    }
}

static char *tables_of(const char *query)
{
    g_autoptr(StandardCatalog) catalog = with_sql((const char *const[]){query, NULL});
    const StandardSql *sql = facts(catalog, 0);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < sql->tables->len; i++) {
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "",
                               (const char *)g_ptr_array_index(sql->tables, i));
    }
    return g_string_free(out, FALSE);
}

static void tables_are_found(void)
{
    static const char *const CASES[][2] = {
        {"SELECT 1 FROM a, b.c x JOIN d ON true", "a b.c d"},
        {"WITH w AS (SELECT 1 FROM a) SELECT * FROM w JOIN b USING (id)", "a b"},
        {"SELECT extract(year FROM dt), trim(both ' ' FROM s) FROM a", "a"},
        {"SELECT 1 FROM a WHERE x IS DISTINCT FROM y AND id IN (SELECT id FROM b)", "a b"},
        {"SELECT 1 FROM range(10) r, a", "a"},
        {"SELECT 1 FROM (SELECT * FROM a) s LEFT JOIN b ON s.id = b.id", "a b"},
        {"INSERT OVERWRITE TABLE z SELECT 1 FROM a UNION ALL SELECT 1 FROM b", "a b"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *found = tables_of(CASES[i][0]);
        g_assert_cmpstr(found, ==, CASES[i][1]);
    }
}

static void stars_groups_and_inserts(void)
{
    g_autoptr(StandardCatalog) catalog = with_sql((const char *const[]){
        "SELECT a.*, count(*) FROM a", "SELECT count(*), a * b FROM a",
        "WITH w AS (SELECT * FROM a) SELECT id FROM w", "INSERT INTO t SELECT 1",
        "INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING", "INSERT OVERWRITE TABLE t SELECT 1",
        "SELECT k, max(v) FROM a GROUP BY k", "SELECT k, sum(v) FROM a GROUP BY k",
        "SELECT sum(v) OVER (PARTITION BY k) FROM a", NULL});
    g_assert_true(facts(catalog, 0)->star);
    g_assert_false(facts(catalog, 1)->star);
    g_assert_false(facts(catalog, 2)->star);
    g_assert_true(facts(catalog, 3)->insert_into);
    g_assert_false(facts(catalog, 4)->insert_into);
    g_assert_false(facts(catalog, 5)->insert_into);
    g_assert_cmpuint(facts(catalog, 6)->n_sums, ==, 0);
    g_assert_cmpuint(facts(catalog, 7)->n_sums, ==, 1);
    g_assert_false(facts(catalog, 8)->aggregate);
    g_assert_true(facts(catalog, 8)->window);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/standard/sql/what depends on the moment is seen", depends_on_the_moment);
    g_test_add_func("/standard/sql/queries that mean the same are equal",
                    queries_that_mean_the_same_are_equal);
    g_test_add_func("/standard/sql/tables are found", tables_are_found);
    g_test_add_func("/standard/sql/stars, groups, inserts", stars_groups_and_inserts);
    return g_test_run();
}
