/* Environments: which tables stand, and that production's state is not touched. */
#include "fixture.h"

static const char TABLE[] =
    "domains:\n  - {name: d}\ntables:\n  - name: ods_a_f\n    layer: ods\n    kind: full\n    columns:\n"
    "      - {name: id, type: bigint}\n      - {name: name, type: string}\n";
static const char ROWS[] = "-- ---\n-- kind: full\n-- ---\nSELECT id, name FROM ods_a_f\n";
static const char SUM[] = "-- ---\n-- kind: full\n-- ---\nSELECT count(*) AS n FROM dwd_a_f\n";
static const char SUM_CHANGED[] = "-- ---\n-- kind: full\n-- ---\nSELECT count(*) * 10 AS n FROM dwd_a_f\n";
static const char TOP[] = "-- ---\n-- kind: view\n-- ---\nSELECT d.dws_a_f.n + 1 AS n FROM d.dws_a_f\n";
static const char STANDING[] =
    "SELECT string_agg(name, ' ' ORDER BY name) FROM (SELECT table_name AS name FROM "
    "duckdb_tables() WHERE schema_name = 'd' UNION ALL SELECT view_name FROM "
    "duckdb_views() WHERE schema_name = 'd')";

static void open_project(Fixture *f)
{
    fixture_open(f);
    fixture_write(f, "domains/d/d.yml", TABLE);
    fixture_write(f, "domains/d/models/dwd_a_f.sql", ROWS);
    fixture_write(f, "domains/d/models/dws_a_f.sql", SUM);
    fixture_write(f, "domains/d/models/dws_v_f.sql", TOP);
    fixture_apply_ok(f);
    fixture_exec(f, "INSERT INTO d.ods_a_f (id, name) VALUES (1, 'x'), (2, 'y')");
    fixture_run_ok(f, NULL);
}

/* The files as environment dev over what is applied. */
static CatalogSnapshot *environment(Fixture *f, CatalogDiff **ret_diff)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) live = catalog_store_live_tables(f->store, &error);
    *ret_diff = fixture_diff(f);
    CatalogSnapshot *snapshot =
        catalog_environment_new((*ret_diff)->after, f->snapshot, "dev", f->parser, live, &error);
    g_assert_no_error(error);
    return snapshot;
}

static CatalogSnapshot *apply(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogDiff) diff = NULL;
    CatalogSnapshot *snapshot = environment(f, &diff);
    g_assert_true(warehouse_environment_apply(f->warehouse, snapshot, diff->after, "me", NULL, &error));
    g_assert_no_error(error);
    return snapshot;
}

static void run(Fixture *f, CatalogSnapshot *snapshot)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) runs = NULL;
    const WarehouseRunOptions options = {0};
    g_assert_true(warehouse_run(f->warehouse, snapshot, &options, NULL, NULL, &runs, &error));
    g_assert_no_error(error);
}

/* What the whole of production's state is, in one text. */
static char *production_state(Fixture *f)
{
    return fixture_text(f,
                        "SELECT string_agg(t, ';' ORDER BY t) FROM (SELECT model || hash || run_id AS t FROM "
                        "_weir.builds WHERE environment IS NULL UNION ALL SELECT model || state || run_id "
                        "FROM _weir.runs WHERE NOT ends_with(model, '__dev'))");
}

static void test_only_what_differs_stands_beside(void)
{
    Fixture f;
    open_project(&f);
    fixture_assert(&f, STANDING, "dwd_a_f dws_a_f dws_v_f ods_a_f");
    g_autofree char *before = production_state(&f);
    fixture_write(&f, "domains/d/models/dws_a_f.sql", SUM_CHANGED);
    g_autoptr(CatalogSnapshot) dev = apply(&f);
    run(&f, dev);
    fixture_assert(&f, STANDING, "dwd_a_f dws_a_f dws_a_f__dev dws_v_f dws_v_f__dev ods_a_f");
    fixture_assert(&f, "SELECT n FROM d.dws_v_f", "3");
    fixture_assert(&f, "SELECT n FROM d.dws_v_f__dev", "21");
    g_autofree char *after = production_state(&f);
    g_assert_cmpstr(before, ==, after);
    g_autoptr(GError) error = NULL;
    g_assert_true(warehouse_environment_drop(f.warehouse, "dev", &error));
    fixture_assert(&f, STANDING, "dwd_a_f dws_a_f dws_v_f ods_a_f");
    fixture_assert(&f, "SELECT count(*) FROM _weir.builds WHERE environment IS NOT NULL", "0");
    fixture_close(&f);
}

static void test_what_is_shared_again_goes(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/dws_a_f.sql", SUM_CHANGED);
    g_autoptr(CatalogSnapshot) dev = apply(&f);
    run(&f, dev);
    fixture_write(&f, "domains/d/models/dws_a_f.sql", SUM);
    g_autoptr(CatalogSnapshot) same = apply(&f);
    fixture_assert(&f, STANDING, "dwd_a_f dws_a_f dws_v_f ods_a_f");
    g_assert_true(catalog_by_id(same, "model:d.dws_a_f") == catalog_by_id(f.snapshot, "model:d.dws_a_f"));
    fixture_close(&f);
}

static void test_promotion_renames(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/dws_a_f.sql", SUM_CHANGED);
    g_autoptr(CatalogSnapshot) dev = apply(&f);
    run(&f, dev);
    g_autoptr(CatalogDiff) diff = fixture_diff(&f);
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    const WarehousePromotion promotion = {.environment = dev, .diff = diff, .base = 1, .user = "me"};
    g_assert_true(warehouse_environment_promote(f.warehouse, &promotion, &answer, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(json_object_get(answer, "swapped")), ==, 2);
    fixture_assert(&f, STANDING, "dwd_a_f dws_a_f dws_v_f ods_a_f");
    fixture_assert(&f, "SELECT n FROM d.dws_v_f", "21");
    fixture_assert(&f, "SELECT count(*) FROM _weir.builds WHERE environment IS NOT NULL", "0");
    /* production knows what it has: its own run builds nothing that it would not have built anyway */
    g_autofree char *hash = warehouse_logic_hash(catalog_by_id(diff->after, "model:d.dws_a_f"));
    fixture_assert(&f, "SELECT hash FROM _weir.builds WHERE model = 'model:d.dws_a_f'", hash);
    fixture_close(&f);
}

/* Names of an environment's tables are not to be had. */
static void test_names_are_kept_free(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/dws_a_f.sql", SUM_CHANGED);
    g_autoptr(CatalogSnapshot) dev = apply(&f);
    run(&f, dev);
    fixture_write(&f, "domains/d/models/dws_a_f__dev.sql", ROWS);
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_apply(&f, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_NAME_DUPLICATE);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/warehouse/environment/beside", test_only_what_differs_stands_beside);
    g_test_add_func("/warehouse/environment/shared_again", test_what_is_shared_again_goes);
    g_test_add_func("/warehouse/environment/promotion", test_promotion_renames);
    g_test_add_func("/warehouse/environment/names", test_names_are_kept_free);
    return g_test_run();
}
