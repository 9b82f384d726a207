#include "fixture.h"

#include "base/fs.h"

static void open_all(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(f->data, "warehouse.duckdb", NULL);
    g_autofree char *spool = g_build_filename(f->data, "spool", NULL);
    g_assert_true(base_fs_mkdir(spool, &error));
    f->engine = engine_open(&(EngineOptions){.path = path,
                                             .spool_dir = spool,
                                             .memory_bytes = 1 << 30,
                                             .threads = 2,
                                             .checkpoint_wal_bytes = 16 << 20},
                            &error);
    g_assert_no_error(error);
    f->store = catalog_store_open(f->data, &error);
    g_assert_no_error(error);
    f->intake = intake_open(f->engine, f->data, f->config, &error);
    g_assert_no_error(error);
    f->warehouse = warehouse_open(f->engine, f->intake, f->store, &error);
    g_assert_no_error(error);
    f->conn = engine_connect(f->engine, &error);
    g_assert_no_error(error);
    f->snapshot = catalog_store_applied(f->store, f->parser, &error);
    g_assert_no_error(error);
}

static void close_all(Fixture *f)
{
    g_clear_pointer(&f->conn, engine_disconnect);
    g_clear_pointer(&f->warehouse, warehouse_close);
    g_clear_pointer(&f->intake, intake_close);
    g_clear_pointer(&f->snapshot, catalog_snapshot_unref);
    g_clear_pointer(&f->store, catalog_store_close);
    g_clear_pointer(&f->engine, engine_unref);
}

void fixture_open(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    *f = (Fixture){.root = g_dir_make_tmp("weir-warehouse-XXXXXX", &error)};
    g_assert_no_error(error);
    f->data = g_build_filename(f->root, ".weir", NULL);
    g_assert_true(base_fs_mkdir(f->data, &error));
    f->config = base_config_new();
    f->parser_engine = engine_open(&(EngineOptions){.threads = 1, .memory_bytes = 256 << 20}, &error);
    g_assert_no_error(error);
    f->parser = engine_connect(f->parser_engine, &error);
    g_assert_no_error(error);
    fixture_write(f, "weir.yml", "name: test\ntimezone: UTC\n");
    open_all(f);
}

void fixture_close(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    close_all(f);
    engine_disconnect(f->parser);
    engine_unref(f->parser_engine);
    base_config_free(f->config);
    g_assert_true(base_fs_remove_tree(f->root, &error));
    g_free(f->root);
    g_free(f->data);
}

void fixture_reopen(Fixture *f)
{
    close_all(f);
    open_all(f);
}

void fixture_write(Fixture *f, const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *whole = g_build_filename(f->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(whole);
    g_assert_true(base_fs_mkdir(folder, &error));
    g_assert_true(base_fs_write(whole, text, strlen(text), 0644, &error));
}

void fixture_remove(Fixture *f, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *whole = g_build_filename(f->root, path, NULL);
    g_assert_true(base_fs_remove_tree(whole, &error));
}

CatalogDiff *fixture_diff(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(GPtrArray) live = catalog_store_live_tables(f->store, &error);
    g_assert_no_error(error);
    g_autoptr(CatalogSnapshot) files = catalog_load(f->root, f->parser, live, diags, &error);
    g_assert_no_error(error);
    if (base_diags_count(diags, BASE_DIAG_ERROR) > 0) {
        base_diags_print(diags, stderr, f->root, false, NULL);
        g_test_fail_printf("the test's own project has errors");
    }
    return catalog_diff(f->snapshot, files);
}

bool fixture_apply(Fixture *f, const char *const *allow, GError **error)
{
    g_autoptr(CatalogDiff) diff = fixture_diff(f);
    gint64 version = 0;
    if (!warehouse_apply(f->warehouse, diff, allow, "test", NULL, &version, error)) {
        return false;
    }
    g_assert_cmpint(version, >, 0);
    CatalogSnapshot *after = catalog_snapshot_ref(diff->after);
    catalog_snapshot_unref(f->snapshot);
    f->snapshot = after;
    return true;
}

void fixture_apply_ok(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    bool ok = fixture_apply(f, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static bool exec_work(EngineConn *conn, void *user, GError **error)
{
    return engine_exec(conn, user, error);
}

void fixture_exec(Fixture *f, const char *sql)
{
    g_autoptr(GError) error = NULL;
    bool ok = intake_transact(f->intake, exec_work, (gpointer)(guintptr)sql, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

char *fixture_text(Fixture *f, const char *sql)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    bool ok = engine_query_text(f->conn, sql, &text, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return text;
}

void fixture_assert(Fixture *f, const char *sql, const char *expected)
{
    g_autofree char *text = fixture_text(f, sql);
    g_assert_cmpstr(text, ==, expected);
}

bool fixture_run(Fixture *f, const char *select, GError **error)
{
    const char *const words[] = {select, NULL};
    WarehouseRunOptions options = {.select = select ? words : NULL, .parallel = 2};
    return warehouse_run(f->warehouse, f->snapshot, &options, NULL, NULL, NULL, error);
}

void fixture_run_ok(Fixture *f, const char *select)
{
    g_autoptr(GError) error = NULL;
    bool ok = fixture_run(f, select, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

char *fixture_state(Fixture *f, const char *model)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) runs = warehouse_runs(f->warehouse, model, 1, &error);
    g_assert_no_error(error);
    return g_strdup(base_json_string(json_array_get(runs, 0), "state", NULL));
}
