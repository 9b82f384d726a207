/* Failures at the worst moments: just before the version row, just before the swap. */
#include "fixture.h"

#define TABLE                                                                                                \
    "domains:\n  - {name: d}\ntables:\n  - name: ods_a_f\n    layer: ods\n    kind: full\n    columns:\n"    \
    "      - {name: id, type: bigint}\n"

static void test_version_row_and_swap(void)
{
#ifndef WEIR_FAULTS
    g_test_skip("built without fault points (-Dfaults=true)");
#else
    Fixture f;
    fixture_open(&f);
    fixture_write(&f, "domains/d/d.yml", TABLE);
    fixture_write(&f, "domains/d/models/dwd_a_f.sql",
                  "-- ---\n-- kind: full\n-- ---\nSELECT id FROM ods_a_f\n");
    fixture_write(&f, "domains/d/models/dwd_v_f.sql",
                  "-- ---\n-- kind: view\n-- ---\nSELECT id FROM ods_a_f\n");
    fixture_apply_ok(&f); /* first pass */
    fixture_exec(&f, "INSERT INTO d.ods_a_f (id) VALUES (1), (2)");
    fixture_run_ok(&f, "dwd_a_f"); /* first pass */

    fixture_write(&f, "domains/d/d.yml",
                  TABLE "      - {name: age, type: int}\n  - {name: ods_b_f, layer: ods, columns: [{name: "
                        "id, type: bigint}]}\n");
    fixture_write(&f, "domains/d/models/dwd_v_f.sql",
                  "-- ---\n-- kind: view\n-- ---\nSELECT id * 10 AS id FROM ods_a_f\n");
    fixture_write(&f, "domains/d/models/dwd_w_f.sql",
                  "-- ---\n-- kind: view\n-- ---\nSELECT id FROM ods_b_f\n");
    gint64 version = catalog_store_current(f.store);
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_apply(&f, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FILE_IO);
    g_assert_cmpstr(base_error_get_not_done(error), ==, "Nothing was applied.");
    g_clear_error(&error);
    g_assert_cmpint(catalog_store_current(f.store), ==, version);
    fixture_assert(&f, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'ods_b_f'", "0");
    fixture_assert(&f, "SELECT count(*) FROM duckdb_views() WHERE view_name = 'dwd_w_f'", "0");
    fixture_assert(
        &f, "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'ods_a_f' AND column_name = 'age'",
        "0");
    fixture_assert(&f, "SELECT sum(id) FROM d.dwd_v_f", "3"); /* as it was */
    fixture_apply_ok(&f);
    fixture_assert(&f, "SELECT sum(id) FROM d.dwd_v_f", "30");

    fixture_exec(&f, "INSERT INTO d.ods_a_f (id) VALUES (3)");
    g_assert_false(fixture_run(&f, "dwd_a_f", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_RUN_FAILED);
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_a_f", "2");
    fixture_assert(&f, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%weir_build%'", "0");
    g_autofree char *state = fixture_state(&f, "dwd_a_f");
    g_assert_cmpstr(state, ==, "failed");
    fixture_run_ok(&f, "dwd_a_f");
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_a_f", "3");
    fixture_close(&f);
#endif
}

int main(int argc, char **argv)
{
    g_setenv("WEIR_FAULT", "apply.before_version=eio@2,run.before_swap=eio@2", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/warehouse/faults/all_or_nothing_at_the_worst_moment", test_version_row_and_swap);
    return g_test_run();
}
