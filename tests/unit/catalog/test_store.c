/* Differences between snapshots; versions kept and brought back; search. */
#include "catalog/store.h"
#include "catalog_test.h"

typedef struct {
    Fixture base;
    char *data;
    CatalogStore *store;
} StoreFixture;

static void store_open(StoreFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    fixture_open(&fixture->base);
    fixture->data = g_dir_make_tmp("weir-store-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->store = catalog_store_open(fixture->data, &error);
    g_assert_no_error(error);
}

static void store_close(StoreFixture *fixture)
{
    catalog_store_close(fixture->store);
    g_assert_true(base_fs_remove_tree(fixture->data, NULL));
    g_free(fixture->data);
    fixture_close(&fixture->base);
}

static void reopen(StoreFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    catalog_store_close(fixture->store);
    fixture->store = catalog_store_open(fixture->data, &error);
    g_assert_no_error(error);
}

static CatalogSnapshot *applied(StoreFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    CatalogSnapshot *snapshot = catalog_store_applied(fixture->store, fixture->base.conn, &error);
    g_assert_no_error(error);
    return snapshot;
}

/* Applies what the files say; the version. */
static gint64 apply(StoreFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogSnapshot) before = applied(fixture);
    g_autoptr(CatalogSnapshot) after = load_good(&fixture->base);
    g_autoptr(CatalogDiff) diff = catalog_diff(before, after);
    gint64 version = 0;
    g_assert_true(catalog_store_apply(fixture->store, diff, "ann", "because", &version, &error));
    g_assert_no_error(error);
    return version;
}

/* The difference that one changed file makes. */
static CatalogDiff *change(const Fixture *fixture, const char *path, const char *text)
{
    g_autoptr(CatalogSnapshot) before = load_good(fixture);
    put(fixture, path, text);
    g_autoptr(CatalogSnapshot) after = load_good(fixture);
    return catalog_diff(before, after);
}

static const CatalogChange *change_of(const CatalogDiff *diff, const char *id)
{
    for (guint i = 0; i < diff->changes->len; i++) {
        const CatalogChange *one = g_ptr_array_index(diff->changes, i);
        if (g_str_equal((one->after ? one->after : one->before)->id, id)) {
            return one;
        }
    }
    return NULL;
}

/* ---- difference ------------------------------------------------------------------------------------------
 */

static const char base_yml[] = "tables:\n  - name: ods_a\n    columns:\n      - {name: id, type: bigint}\n"
                               "      - {name: v, type: int}\n      - {name: w, type: int}\n";

static void put_chain(const Fixture *fixture)
{
    put(fixture, "weir.yml", "name: chain\n");
    put(fixture, "domains/d/t.yml", base_yml);
    put(fixture, "domains/d/dwd_a.sql", "-- ---\n-- kind: full\n-- ---\nSELECT id, v FROM ods_a\n");
    put(fixture, "domains/d/dws_a.sql",
        "-- ---\n-- kind: full\n-- ---\nSELECT id, sum(v) AS s FROM dwd_a GROUP BY id\n");
    put(fixture, "domains/d/app_v.sql", "SELECT s FROM dws_a\n");
}

static void test_nothing_changed_is_no_difference(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    g_autoptr(CatalogSnapshot) one = load_good(&fixture);
    g_autoptr(CatalogSnapshot) two = load_good(&fixture);
    g_autoptr(CatalogDiff) diff = catalog_diff(one, two);
    g_assert_cmpuint(diff->changes->len, ==, 0);
    fixture_close(&fixture);
}

static void test_a_comment_changes_text_but_rebuilds_nothing(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_chain(&fixture);
    g_autoptr(CatalogDiff) diff = change(&fixture, "domains/d/dwd_a.sql",
                                         "-- ---\n-- kind: full\n-- ---\nselect id,  v -- why\nFROM ods_a\n");
    g_assert_cmpuint(diff->changes->len, ==, 1);
    const CatalogChange *one = g_ptr_array_index(diff->changes, 0);
    g_assert_false(one->rebuild);
    g_assert_false(one->breaking);
    g_assert_nonnull(strstr(one->diff, "-SELECT id, v FROM ods_a"));
    g_assert_nonnull(strstr(one->diff, "+select id,  v -- why"));
    g_assert_cmpuint(one->reaches->len, ==, 2);
    fixture_close(&fixture);
}

static void test_another_select_rebuilds_all_that_is_built_on_it(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_chain(&fixture);
    g_autoptr(CatalogDiff) diff =
        change(&fixture, "domains/d/dwd_a.sql",
               "-- ---\n-- kind: full\n-- ---\nSELECT id, v FROM ods_a WHERE w > 0\n");
    g_assert_true(change_of(diff, "model:d.dwd_a")->rebuild);
    g_assert_false(change_of(diff, "model:d.dwd_a")->breaking);
    g_assert_true(change_of(diff, "model:d.dws_a")->rebuild);
    const CatalogChange *view = change_of(diff, "model:d.app_v"); /* a view is never built */
    g_assert_true(!view || !view->rebuild);
    fixture_close(&fixture);
}

static void test_a_column_that_goes_breaks_and_says_who_reads_it(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_chain(&fixture);
    put(&fixture, "domains/d/dws_a.sql",
        "-- ---\n-- kind: full\n-- ---\nSELECT id, count(*) AS s FROM dwd_a GROUP BY id\n");
    put(&fixture, "domains/d/p.yml",
        "metrics:\n  - {name: v_sum, type: atomic, table: dwd_a, agg: sum, expr: v}\n");
    g_autoptr(CatalogSnapshot) before = load_good(&fixture);
    put(&fixture, "domains/d/p.yml", "terms: []\n");
    put(&fixture, "domains/d/dwd_a.sql", "-- ---\n-- kind: full\n-- ---\nSELECT id FROM ods_a\n");
    g_autoptr(CatalogSnapshot) after = load_good(&fixture);
    g_autoptr(CatalogDiff) diff = catalog_diff(before, after);
    const CatalogChange *one = change_of(diff, "model:d.dwd_a");
    g_assert_true(one->breaking);
    g_assert_cmpstr(one->breaking_reason, ==, "column `v` goes; d.v_sum reads it");
    g_assert_cmpint(change_of(diff, "metric:d.v_sum")->type, ==, CATALOG_REMOVED);
    fixture_close(&fixture);
}

static void test_another_type_breaks_and_flows_down(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_chain(&fixture);
    g_autoptr(CatalogDiff) diff =
        change(&fixture, "domains/d/t.yml",
               "tables:\n  - name: ods_a\n    columns:\n      - {name: id, type: bigint}\n"
               "      - {name: v, type: double}\n      - {name: w, type: int}\n");
    g_assert_true(change_of(diff, "table:d.ods_a")->breaking);
    g_assert_nonnull(strstr(change_of(diff, "table:d.ods_a")->breaking_reason, "INTEGER into DOUBLE"));
    g_assert_true(change_of(diff, "model:d.dwd_a")->rebuild);
    g_assert_true(change_of(diff, "model:d.dws_a")->rebuild);
    fixture_close(&fixture);
}

static void test_another_key_breaks(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_chain(&fixture);
    g_autoptr(CatalogDiff) diff =
        change(&fixture, "domains/d/dwd_a.sql",
               "-- ---\n-- kind: full\n-- key: [id]\n-- ---\nSELECT id, v FROM ods_a\n");
    const CatalogChange *one = change_of(diff, "model:d.dwd_a");
    g_assert_true(one->breaking);
    g_assert_true(one->rebuild);
    fixture_close(&fixture);
}

static void test_a_title_changes_nothing_that_breaks(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_chain(&fixture);
    g_autoptr(CatalogDiff) diff =
        change(&fixture, "domains/d/dwd_a.sql",
               "-- ---\n-- kind: full\n-- title: A\n-- ---\nSELECT id, v FROM ods_a\n");
    g_assert_cmpuint(diff->changes->len, ==, 1);
    const CatalogChange *one = g_ptr_array_index(diff->changes, 0);
    g_assert_false(one->breaking);
    g_assert_false(one->rebuild);
    fixture_close(&fixture);
}

/* ---- versions
 * ---------------------------------------------------------------------------------------------- */

static void test_a_version_comes_back_as_it_was_applied(void)
{
    StoreFixture fixture;
    store_open(&fixture);
    put_music(&fixture.base);
    g_assert_cmpint(catalog_store_current(fixture.store), ==, 0);
    g_assert_cmpint(apply(&fixture), ==, 1);
    g_autoptr(CatalogSnapshot) files = load_good(&fixture.base);
    put(&fixture.base, "domains/users/models/dim_user.sql",
        "-- ---\n-- kind: full\n-- columns: [{name: user_id, entity: "
        "customer}]\n-- ---\nSELECT user_id, plan FROM ods_user_f\n");
    g_assert_cmpint(apply(&fixture), ==, 2);
    reopen(&fixture);
    g_assert_cmpint(catalog_store_current(fixture.store), ==, 2);
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogSnapshot) first = catalog_store_version(fixture.store, 1, fixture.base.conn, &error);
    g_assert_no_error(error);
    g_autoptr(CatalogSnapshot) second = applied(&fixture);
    g_assert_cmpstr(catalog_snapshot_hash(first), ==, catalog_snapshot_hash(files));
    g_assert_cmpstr(catalog_snapshot_hash(second), !=, catalog_snapshot_hash(first));
    g_assert_nonnull(catalog_columns_find(object(first, "model:users.dim_user")->columns, "email"));
    g_assert_null(catalog_columns_find(object(second, "model:users.dim_user")->columns, "email"));
    g_assert_null(catalog_store_version(fixture.store, 9, fixture.base.conn, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_VERSION_UNKNOWN);
    store_close(&fixture);
}

static void test_history_tells_of_versions_and_of_one_object(void)
{
    StoreFixture fixture;
    store_open(&fixture);
    put_chain(&fixture.base);
    apply(&fixture);
    put(&fixture.base, "domains/d/app_v.sql", "SELECT s + 1 AS s FROM dws_a\n");
    apply(&fixture);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) all = catalog_store_history(fixture.store, NULL, &error);
    g_assert_cmpuint(json_array_size(all), ==, 2);
    g_assert_cmpint(base_json_int(json_array_get(all, 0), "version", 0), ==, 2);
    g_assert_cmpint(base_json_int(json_array_get(all, 0), "changed", 0), ==, 1);
    g_assert_cmpint(base_json_int(json_array_get(all, 1), "added", 0), ==, 4);
    g_assert_cmpstr(base_json_string(json_array_get(all, 0), "user", ""), ==, "ann");
    g_autoptr(json_t) one = catalog_store_history(fixture.store, "model:d.app_v", &error);
    g_assert_cmpuint(json_array_size(one), ==, 2);
    g_assert_nonnull(
        strstr(base_json_string(json_array_get(one, 0), "diff", ""), "+SELECT s + 1 AS s FROM dws_a"));
    g_autoptr(json_t) quiet = catalog_store_history(fixture.store, "model:d.dwd_a", &error);
    g_assert_cmpuint(json_array_size(quiet), ==, 1);
    store_close(&fixture);
}

static void test_checkout_writes_what_differs_and_names_what_is_extra(void)
{
    StoreFixture fixture;
    store_open(&fixture);
    put_chain(&fixture.base);
    apply(&fixture);
    g_autoptr(CatalogSnapshot) before = load_good(&fixture.base);
    put(&fixture.base, "domains/d/app_v.sql", "SELECT s + 1 AS s FROM dws_a\n");
    put(&fixture.base, "domains/d/app_w.sql", "SELECT s FROM app_v\n");
    take_away(&fixture.base, "domains/d/dws_a.sql");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) written = NULL, extra = NULL;
    g_assert_true(catalog_store_checkout(fixture.store, 1, fixture.base.root, &written, &extra, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(written->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(written, 0), ==, "domains/d/app_v.sql");
    g_assert_cmpstr(g_ptr_array_index(written, 1), ==, "domains/d/dws_a.sql");
    g_assert_cmpuint(extra->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(extra, 0), ==, "domains/d/app_w.sql");
    take_away(&fixture.base, "domains/d/app_w.sql");
    g_autoptr(CatalogSnapshot) after = load_good(&fixture.base);
    g_assert_cmpstr(catalog_snapshot_hash(before), ==, catalog_snapshot_hash(after));
    store_close(&fixture);
}

static void test_live_tables_are_read_by_models_and_kept(void)
{
    StoreFixture fixture;
    store_open(&fixture);
    g_autoptr(GError) error = NULL;
    bool if_not_exists = false;
    g_autoptr(CatalogTable) table =
        catalog_ddl_parse("CREATE TABLE d.made (id BIGINT, v INT)", "d", &if_not_exists, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(catalog_store_put_live(fixture.store, table, "sql", &error));
    reopen(&fixture);
    g_autoptr(GPtrArray) live = catalog_store_live_tables(fixture.store, &error);
    g_assert_cmpuint(live->len, ==, 1);
    put(&fixture.base, "weir.yml", "name: live\n");
    put(&fixture.base, "domains/d/app_m.sql", "SELECT v FROM made\n");
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot =
        catalog_load(fixture.base.root, fixture.base.conn, live, diags, &error);
    g_assert_cmpuint(base_diags_length(diags), ==, 0);
    g_assert_true(has_edge(snapshot, "table:d.made", "v", "model:d.app_m", "v"));
    g_assert_true(catalog_store_remove_live(fixture.store, "d", "made", &error));
    g_autoptr(GPtrArray) none = catalog_store_live_tables(fixture.store, &error);
    g_assert_cmpuint(none->len, ==, 0);
    store_close(&fixture);
}

static void test_a_snapshot_with_a_table_more_leaves_the_old_one_alone(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_chain(&fixture);
    g_autoptr(CatalogSnapshot) before = load_good(&fixture);
    bool if_not_exists = false;
    g_autoptr(CatalogTable) table =
        catalog_ddl_parse("CREATE TABLE d.made (id BIGINT)", "d", &if_not_exists, NULL, NULL);
    g_autoptr(CatalogSnapshot) with = catalog_snapshot_with_table(before, table);
    g_autoptr(CatalogSnapshot) without = catalog_snapshot_without_table(with, "d", "made");
    g_assert_null(catalog_by_id(before, "table:d.made"));
    g_assert_nonnull(catalog_resolve_table(with, "D", "MADE", NULL, NULL));
    g_assert_null(catalog_by_id(without, "table:d.made"));
    g_assert_true(has_edge(with, "table:d.ods_a", "id", "model:d.dwd_a", "id"));
    g_assert_cmpstr(catalog_snapshot_hash(without), ==, catalog_snapshot_hash(before));
    fixture_close(&fixture);
}

/* ---- search
 * --------------------------------------------------------------------------------------------------- */

static void expect_search(StoreFixture *fixture, const char *text, const char *lang, const char *id,
                          const char *matched)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) hits = catalog_store_search(fixture->store, text, lang, 10, &error);
    g_assert_no_error(error);
    g_test_message("search %s", text);
    const json_t *first = json_array_get(hits, 0);
    g_assert_cmpstr(base_json_string(first, "id", ""), ==, id);
    g_assert_cmpstr(base_json_string(first, "matched", ""), ==, matched);
}

static void test_search_finds_by_parts_in_both_languages(void)
{
    StoreFixture fixture;
    store_open(&fixture);
    put_music(&fixture.base);
    apply(&fixture);
    expect_search(&fixture, "播放量", "zh", "metric:interactions.play_cnt", "title");
    expect_search(&fixture, "次数", "zh", "metric:interactions.play_cnt", "aliases");
    expect_search(&fixture, "streams", "en", "metric:interactions.play_cnt", "aliases");
    expect_search(&fixture, "play_cnt", "en", "metric:interactions.play_cnt", "name");
    expect_search(&fixture, "PLAY_CNT", "en", "metric:interactions.play_cnt", "name");
    expect_search(&fixture, "dim_us", "en", "model:users.dim_user", "name");
    expect_search(&fixture, "套餐", "zh", "model:users.dim_user", "columns");
    expect_search(&fixture, "listener", "en", "term:heavy listener", "name");
    expect_search(&fixture, "secs_7d", "en", "feature_view:interactions.user_listening", "columns");
    expect_search(&fixture, "播放，明细", "zh", "model:interactions.dwd_play_event_i", "title");
    g_autoptr(GError) error = NULL;
    const char *const odd[] = {"", "  ", "%", "_", "\"", "' OR 1=1 --", "NEAR(", "zzzzzz", "*", "\\"};
    for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_autoptr(json_t) none = catalog_store_search(fixture.store, odd[i], "en", 10, &error);
        g_assert_no_error(error);
        g_assert_true(json_is_array(none));
        g_assert_true(json_array_size(none) == 0 || g_str_equal(odd[i], "_"));
    }
    store_close(&fixture);
}

/* ---- the file
 * ----------------------------------------------------------------------------------------------------- */

static void test_backup_is_a_store_of_its_own(void)
{
    StoreFixture fixture;
    store_open(&fixture);
    put_chain(&fixture.base);
    apply(&fixture);
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("weir-backup-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "catalog.sqlite", NULL);
    g_assert_true(catalog_store_backup(fixture.store, path, &error));
    g_autoptr(CatalogStore) copy = catalog_store_open(dir, &error);
    g_assert_no_error(error);
    g_assert_cmpint(catalog_store_current(copy), ==, 1);
    g_clear_pointer(&copy, catalog_store_close);
    g_assert_true(base_fs_remove_tree(dir, NULL));
    store_close(&fixture);
}

static void test_a_newer_format_is_refused(void)
{
    StoreFixture fixture;
    store_open(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(catalog_store_exec(fixture.store, "PRAGMA user_version = 99", NULL, 0, &error));
    catalog_store_close(fixture.store);
    fixture.store = catalog_store_open(fixture.data, &error);
    g_assert_null(fixture.store);
    g_assert_error(error, BASE_ERROR, BASE_E_FORMAT_NEWER);
    store_close(&fixture);
}

static void test_modules_keep_tables_beside(void)
{
    StoreFixture fixture;
    store_open(&fixture);
    g_autoptr(GError) error = NULL;
    const char *script = "CREATE TABLE IF NOT EXISTS own(a TEXT, b INTEGER)";
    g_assert_true(catalog_store_migrate(fixture.store, "own", script, &error));
    g_assert_true(catalog_store_migrate(fixture.store, "own", script, &error));
    const char *values[] = {"it's", NULL};
    g_assert_true(catalog_store_exec(fixture.store, "INSERT INTO own VALUES (?, ?)", values, 2, &error));
    g_autoptr(json_t) rows =
        catalog_store_sql(fixture.store, "SELECT a, b, 1 AS n FROM own", NULL, 0, &error);
    g_autofree char *text = base_json_text(rows);
    g_assert_cmpstr(text, ==, "[{\"a\":\"it's\",\"b\":null,\"n\":1}]");
    g_assert_false(catalog_store_exec(fixture.store, "INSERT INTO nowhere VALUES (1)", NULL, 0, &error));
    g_assert_nonnull(error);
    store_close(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/catalog/diff/nothing_changed_is_no_difference", test_nothing_changed_is_no_difference);
    g_test_add_func("/catalog/diff/a_comment_rebuilds_nothing",
                    test_a_comment_changes_text_but_rebuilds_nothing);
    g_test_add_func("/catalog/diff/another_select_rebuilds_all_on_it",
                    test_another_select_rebuilds_all_that_is_built_on_it);
    g_test_add_func("/catalog/diff/a_column_that_goes_breaks",
                    test_a_column_that_goes_breaks_and_says_who_reads_it);
    g_test_add_func("/catalog/diff/another_type_breaks_and_flows_down",
                    test_another_type_breaks_and_flows_down);
    g_test_add_func("/catalog/diff/another_key_breaks", test_another_key_breaks);
    g_test_add_func("/catalog/diff/a_title_breaks_nothing", test_a_title_changes_nothing_that_breaks);
    g_test_add_func("/catalog/store/a_version_comes_back", test_a_version_comes_back_as_it_was_applied);
    g_test_add_func("/catalog/store/history", test_history_tells_of_versions_and_of_one_object);
    g_test_add_func("/catalog/store/checkout", test_checkout_writes_what_differs_and_names_what_is_extra);
    g_test_add_func("/catalog/store/live_tables", test_live_tables_are_read_by_models_and_kept);
    g_test_add_func("/catalog/snapshot/a_table_more",
                    test_a_snapshot_with_a_table_more_leaves_the_old_one_alone);
    g_test_add_func("/catalog/search/parts_in_both_languages", test_search_finds_by_parts_in_both_languages);
    g_test_add_func("/catalog/store/backup", test_backup_is_a_store_of_its_own);
    g_test_add_func("/catalog/store/a_newer_format_is_refused", test_a_newer_format_is_refused);
    g_test_add_func("/catalog/store/modules_keep_tables_beside", test_modules_keep_tables_beside);
    return g_test_run();
}
