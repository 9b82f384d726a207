/* Plans and applies: the engine is made to match the files, or left as it was. */
#include "fixture.h"

static const char TABLE[] =
    "domains:\n  - {name: d}\ntables:\n  - name: ods_a_f\n    layer: ods\n    kind: full\n    columns:\n"
    "      - {name: id, type: bigint}\n      - {name: name, type: string}\n";
static const char FULL[] = "-- ---\n-- kind: full\n-- ---\nSELECT id, name FROM ods_a_f\n";
static const char VIEW[] = "-- ---\n-- kind: view\n-- ---\nSELECT id FROM ods_a_f\n";

static void open_project(Fixture *f)
{
    fixture_open(f);
    fixture_write(f, "domains/d/d.yml", TABLE);
    fixture_write(f, "domains/d/models/dwd_a_f.sql", FULL);
    fixture_write(f, "domains/d/models/dwd_v_f.sql", VIEW);
    fixture_apply_ok(f);
    fixture_exec(f, "INSERT INTO d.ods_a_f (id, name) VALUES (1, 'x'), (2, 'y')");
    fixture_run_ok(f, NULL);
}

static json_t *plan_change(Fixture *f, const char *id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogDiff) diff = fixture_diff(f);
    g_autoptr(json_t) plan = warehouse_plan_to_json(f->warehouse, diff, &error);
    g_assert_no_error(error);
    size_t i;
    json_t *change;
    json_array_foreach (json_object_get(plan, "changes"), i, change) {
        if (g_str_equal(base_json_string(change, "id", ""), id)) {
            return json_incref(change);
        }
    }
    return NULL;
}

static void test_views_at_once(void)
{
    Fixture f;
    fixture_open(&f);
    fixture_write(&f, "domains/d/d.yml", TABLE);
    fixture_write(&f, "domains/d/models/dwd_v_f.sql", VIEW);
    fixture_apply_ok(&f);
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_v_f", "0"); /* its table is there: so is the view */
    fixture_close(&f);
}

static void test_column_added(void)
{
    Fixture f;
    open_project(&f);
    g_autofree char *more = g_strconcat(TABLE, "      - {name: age, type: int}\n", NULL);
    fixture_write(&f, "domains/d/d.yml", more);
    fixture_apply_ok(&f);
    fixture_assert(&f, "SELECT count(*) || ' ' || count(age) FROM d.ods_a_f", "2 0");
    fixture_close(&f);
}

static void test_drop(void)
{
    Fixture f;
    open_project(&f);
    fixture_remove(&f, "domains/d/models/dwd_a_f.sql");
    g_autoptr(json_t) change = plan_change(&f, "model:d.dwd_a_f");
    g_assert_true(base_json_bool(change, "drops_data", false));
    g_assert_cmpint(base_json_int(change, "rows", -1), ==, 2);
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_apply(&f, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DROP_NOT_ALLOWED);
    g_assert_nonnull(strstr(error->message, "d.dwd_a_f"));
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_a_f", "2");
    g_clear_error(&error);
    g_assert_true(fixture_apply(&f, (const char *const[]){"d.dwd_a_f", NULL}, &error));
    fixture_assert(&f, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'dwd_a_f'", "0");
    fixture_assert(&f, "SELECT count(*) FROM _weir.builds WHERE model LIKE '%dwd_a_f'", "0");
    fixture_close(&f);
}

static void test_column_dropped(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/dwd_a_f.sql",
                  "-- ---\n-- kind: full\n-- ---\nSELECT id FROM ods_a_f\n");
    fixture_write(
        &f, "domains/d/d.yml",
        "domains:\n  - {name: d}\ntables:\n  - name: ods_a_f\n    layer: ods\n    kind: full\n    columns:\n"
        "      - {name: id, type: bigint}\n");
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_apply(&f, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DROP_NOT_ALLOWED);
    g_clear_error(&error);
    fixture_assert(&f, "SELECT count(name) FROM d.ods_a_f", "2");
    g_assert_true(fixture_apply(&f, (const char *const[]){"d.ods_a_f", NULL}, &error));
    fixture_assert(
        &f, "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'ods_a_f' AND column_name = 'name'",
        "0");
    fixture_run_ok(&f, NULL);
    fixture_close(&f);
}

/* One thing that cannot be done: nothing is. */
static void test_failure(void)
{
    Fixture f;
    open_project(&f);
    gint64 version = catalog_store_current(f.store);
    fixture_write(&f, "domains/d/new.yml",
                  "tables:\n  - {name: ods_b_f, layer: ods, columns: [{name: id, type: bigint}]}\n");
    fixture_write(
        &f, "domains/d/d.yml",
        "domains:\n  - {name: d}\ntables:\n  - name: ods_a_f\n    layer: ods\n    kind: full\n    columns:\n"
        "      - {name: id, type: bigint}\n      - {name: name, type: bigint}\n"); /* 'x' is no number */
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_apply(&f, NULL, &error));
    g_assert_nonnull(error);
    g_assert_cmpstr(base_error_get_not_done(error), ==, "Nothing was applied.");
    g_assert_cmpint(catalog_store_current(f.store), ==, version);
    fixture_assert(&f, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'ods_b_f'", "0");
    fixture_assert(&f, "SELECT string_agg(name, ',' ORDER BY id) FROM d.ods_a_f", "x,y");
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_v_f", "2");
    fixture_close(&f);
}

/* Leave to drop a column is no leave to end with a version that the engine does not have: what cannot be done
 * beside the drop is found before the version row. */
static void test_failure_beside_drop(void)
{
    static const char *const CANNOT[] = {
        "    model: unique\n    key: [id]\n    columns:\n      - {name: id, type: bigint}\n",
        "    columns:\n      - {name: id, type: bigint}\n      - {name: n, type: bigint, not_null: true}\n",
    };
    Fixture f;
    open_project(&f);
    gint64 version = catalog_store_current(f.store);
    fixture_write(&f, "domains/d/models/dwd_a_f.sql",
                  "-- ---\n-- kind: full\n-- ---\nSELECT id FROM ods_a_f\n");
    fixture_write(&f, "domains/d/models/dwd_v_f.sql",
                  "-- ---\n-- kind: view\n-- ---\nSELECT id FROM ods_a_f\n");
    for (size_t i = 0; i < G_N_ELEMENTS(CANNOT); i++) {
        g_autofree char *text = g_strconcat(
            "domains:\n  - {name: d}\ntables:\n  - name: ods_a_f\n    layer: ods\n", CANNOT[i], NULL);
        fixture_write(&f, "domains/d/d.yml", text);
        g_autoptr(GError) error = NULL;
        g_assert_false(fixture_apply(&f, (const char *const[]){"d.ods_a_f", NULL}, &error));
        g_assert_cmpstr(base_error_get_not_done(error), ==, "Nothing was applied.");
        g_assert_cmpint(catalog_store_current(f.store), ==, version);
        fixture_assert(&f, "SELECT string_agg(name, ',' ORDER BY id) FROM d.ods_a_f", "x,y");
    }
    fixture_close(&f);
}

static void test_rename(void)
{
    Fixture f;
    open_project(&f);
    fixture_remove(&f, "domains/d/models/dwd_a_f.sql");
    fixture_write(&f, "domains/d/models/dwd_c_f.sql", FULL);
    g_autoptr(json_t) added = plan_change(&f, "model:d.dwd_c_f");
    g_autoptr(json_t) removed = plan_change(&f, "model:d.dwd_a_f");
    g_assert_nonnull(strstr(base_json_string(added, "note", ""), "d.dwd_a_f"));
    g_assert_nonnull(strstr(base_json_string(removed, "note", ""), "d.dwd_c_f"));
    g_assert_cmpint(base_json_int(added, "rows", -1), ==, 2); /* what it reads */
    g_assert_cmpfloat(base_json_real(added, "seconds", -1), >=, 0);
    fixture_close(&f);
}

/* A table of a killed apply that no definition knows is in nobody's way while it is empty. */
static void test_orphan(void)
{
    Fixture f;
    open_project(&f);
    fixture_exec(&f, "CREATE TABLE d.ods_b_f (other VARCHAR, _weir_load_id BIGINT)");
    fixture_write(&f, "domains/d/new.yml",
                  "tables:\n  - {name: ods_b_f, layer: ods, columns: [{name: id, type: bigint}]}\n");
    fixture_apply_ok(&f);
    fixture_assert(&f,
                   "SELECT string_agg(column_name, ',' ORDER BY column_index) FROM duckdb_columns() WHERE "
                   "table_name = 'ods_b_f'",
                   "id,_weir_load_id");
    fixture_exec(&f, "CREATE TABLE d.ods_c_f AS SELECT 1 AS other");
    fixture_write(&f, "domains/d/new.yml",
                  "tables:\n  - {name: ods_b_f, layer: ods, columns: [{name: id, type: bigint}]}\n"
                  "  - {name: ods_c_f, layer: ods, columns: [{name: id, type: bigint}]}\n");
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_apply(&f, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_TABLE_EXISTS);
    fixture_assert(&f, "SELECT other FROM d.ods_c_f", "1");
    fixture_close(&f);
}

/* full -> view and back: one name, one thing. */
static void test_kind_changes(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/dwd_a_f.sql",
                  "-- ---\n-- kind: view\n-- ---\nSELECT id, name FROM ods_a_f\n");
    fixture_apply_ok(&f);
    fixture_assert(&f, "SELECT count(*) FROM duckdb_views() WHERE view_name = 'dwd_a_f'", "1");
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_a_f", "2");
    fixture_write(&f, "domains/d/models/dwd_a_f.sql", FULL);
    fixture_apply_ok(&f);
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_a_f", "2"); /* still the view, until it is run */
    fixture_run_ok(&f, NULL);
    fixture_assert(&f, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'dwd_a_f'", "1");
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_a_f", "2");
    fixture_close(&f);
}

static void test_restart(void)
{
    Fixture f;
    open_project(&f);
    fixture_reopen(&f);
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_a_f", "2");
    fixture_run_ok(&f, NULL);
    g_autoptr(CatalogDiff) diff = fixture_diff(&f);
    g_assert_cmpuint(diff->changes->len, ==, 0);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/warehouse/apply/a_view_over_a_loaded_table_is_there_at_once", test_views_at_once);
    g_test_add_func("/warehouse/apply/a_column_is_added_in_place", test_column_added);
    g_test_add_func("/warehouse/apply/a_drop_of_data_needs_leave", test_drop);
    g_test_add_func("/warehouse/apply/so_does_a_dropped_column", test_column_dropped);
    g_test_add_func("/warehouse/apply/a_failure_leaves_all_as_before", test_failure);
    g_test_add_func("/warehouse/apply/a_failure_beside_a_drop_does_too", test_failure_beside_drop);
    g_test_add_func("/warehouse/apply/a_plan_knows_a_rename", test_rename);
    g_test_add_func("/warehouse/apply/an_empty_orphan_gives_way", test_orphan);
    g_test_add_func("/warehouse/apply/a_model_changes_its_kind", test_kind_changes);
    g_test_add_func("/warehouse/apply/a_restart_changes_nothing", test_restart);
    return g_test_run();
}
