/* Models become tables; checks hold data back; nothing is half done. */
#include "fixture.h"

#define TABLES                                                                                               \
    "tables:\n  - name: ods_event_i\n    layer: ods\n    kind: incremental\n    columns:\n"                  \
    "      - {name: id, type: bigint}\n      - {name: event_at, type: datetime}\n      - {name: amount, "    \
    "type: "                                                                                                 \
    "bigint}\n"

static const char DETAIL[] =
    "-- ---\n-- kind: incremental\n-- time: event_at\n-- key: [id]\n-- lookback: 1h\n-- columns:\n"
    "--   - {name: id, checks: [not_null, unique]}\n"
    "--   - {name: amount, checks: [{between: [0, 1000]}]}\n-- ---\n"
    "SELECT id, event_at, amount FROM ods_event_i WHERE event_at >= $start AND event_at < $end\n";
static const char DAY[] =
    "-- ---\n-- kind: incremental\n-- time: dt\n-- key: [dt]\n-- lookback: 1h\n-- ---\n"
    "SELECT CAST(event_at AS DATE) AS dt, sum(amount)::BIGINT AS amount, count(*) AS n FROM dwd_event_i\n"
    "WHERE event_at >= $start AND event_at < $end GROUP BY 1\n";
static const char TOTAL[] = "-- ---\n-- kind: full\n-- ---\nSELECT count(*) AS days, sum(amount)::BIGINT AS "
                            "amount FROM dws_event_1d_i\n";
static const char LOOK[] = "-- ---\n-- kind: view\n-- ---\nSELECT * FROM app_total_f\n";

static void write_project(Fixture *f)
{
    fixture_write(f, "domains/d/d.yml", "domains:\n  - {name: d}\n" TABLES);
    fixture_write(f, "domains/d/models/dwd_event_i.sql", DETAIL);
    fixture_write(f, "domains/d/models/dws_event_1d_i.sql", DAY);
    fixture_write(f, "domains/d/models/app_total_f.sql", TOTAL);
    fixture_write(f, "domains/d/models/app_look_f.sql", LOOK);
}

static void open_project(Fixture *f)
{
    fixture_open(f);
    write_project(f);
    fixture_apply_ok(f);
    fixture_exec(f,
                 "INSERT INTO d.ods_event_i (id, event_at, amount) VALUES (1, '2026-01-01 10:00:00', 5), (2, "
                 "'2026-01-01 23:59:59', 7), "
                 "(3, '2026-01-02 00:00:00', 11)");
}

/* An event so many minutes ago. */
static void add_event(Fixture *f, int id, int minutes_ago, int amount)
{
    g_autofree char *at = base_time_format(base_time_now_us() - minutes_ago * 60 * BASE_TIME_SECOND_US, NULL);
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO d.ods_event_i (id, event_at, amount) VALUES (%d, '%s', %d)", id, at, amount);
    fixture_exec(f, sql);
}

static void assert_no_builds(Fixture *f)
{
    fixture_assert(f, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%weir_build%'", "0");
}

static void test_layers(void)
{
    Fixture f;
    open_project(&f);
    fixture_run_ok(&f, NULL);
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_event_i", "3");
    fixture_assert(&f, "SELECT string_agg(dt || '=' || amount, ' ' ORDER BY dt) FROM d.dws_event_1d_i",
                   "2026-01-01=12 2026-01-02=11");
    fixture_assert(&f, "SELECT days || ' ' || amount FROM d.app_look_f", "2 23");
    fixture_assert(&f,
                   "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'dwd_event_i' AND column_name "
                   "LIKE '\\_weir%' ESCAPE '\\'",
                   "0");
    assert_no_builds(&f);
    fixture_close(&f);
}

static void test_twice(void)
{
    Fixture f;
    open_project(&f);
    fixture_run_ok(&f, NULL);
    g_autofree char *before =
        fixture_text(&f, "SELECT string_agg(t::VARCHAR, ';' ORDER BY id) FROM d.dwd_event_i t");
    fixture_run_ok(&f, NULL);
    fixture_run_ok(&f, NULL);
    fixture_assert(&f, "SELECT string_agg(t::VARCHAR, ';' ORDER BY id) FROM d.dwd_event_i t", before);
    fixture_assert(&f, "SELECT days || ' ' || amount FROM d.app_look_f", "2 23");
    fixture_assert(&f, "SELECT count(*) FROM _weir.runs WHERE state = 'done'", "12");
    fixture_close(&f);
}

static void test_lookback(void)
{
    Fixture f;
    open_project(&f);
    fixture_run_ok(&f, NULL);
    add_event(&f, 10, 30, 100);  /* late, within the lookback */
    add_event(&f, 11, 300, 200); /* later than that */
    fixture_run_ok(&f, "dwd_event_i");
    fixture_assert(&f, "SELECT string_agg(id::VARCHAR, ',' ORDER BY id) FROM d.dwd_event_i", "1,2,3,10");
    /* what came too late is fetched by asking for its time */
    g_autoptr(GError) error = NULL;
    const char *const select[] = {"dwd_event_i", NULL};
    WarehouseRunOptions options = {.select = select,
                                   .start_us = base_time_now_us() - 6 * 3600 * BASE_TIME_SECOND_US};
    g_assert_true(warehouse_run(f.warehouse, f.snapshot, &options, NULL, NULL, NULL, &error));
    fixture_assert(&f, "SELECT string_agg(id::VARCHAR, ',' ORDER BY id) FROM d.dwd_event_i", "1,2,3,10,11");
    fixture_close(&f);
}

/* A row whose time changed is the same row by its key: it is moved, not doubled. */
static void test_key_moves(void)
{
    Fixture f;
    open_project(&f);
    fixture_run_ok(&f, NULL);
    fixture_exec(&f, "DELETE FROM d.ods_event_i WHERE id = 1");
    add_event(&f, 1, 10, 50);
    fixture_run_ok(&f, "dwd_event_i");
    fixture_assert(&f, "SELECT count(*) || ' ' || sum(amount) FROM d.dwd_event_i", "3 68");
    fixture_close(&f);
}

static void test_outside(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/dwd_wide_i.sql",
                  "-- ---\n-- kind: incremental\n-- time: event_at\n-- ---\nSELECT id, event_at + INTERVAL "
                  "400 DAY AS event_at "
                  "FROM ods_event_i "
                  "WHERE event_at >= $start AND event_at < $end\n");
    fixture_apply_ok(&f);
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_run(&f, "dwd_wide_i", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_RUN_FAILED);
    g_assert_nonnull(strstr(error->message, "outside the interval"));
    assert_no_builds(&f);
    fixture_close(&f);
}

static void test_held(void)
{
    Fixture f;
    open_project(&f);
    fixture_run_ok(&f, NULL);
    add_event(&f, 20, 5, 5000); /* more than the check lets through */
    add_event(&f, 21, 5, 1);
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_run(&f, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_CHECK_FAILED);
    g_autofree char *held = fixture_state(&f, "dwd_event_i");
    g_autofree char *waiting = fixture_state(&f, "dws_event_1d_i");
    g_assert_cmpstr(held, ==, "held");
    g_assert_cmpstr(waiting, ==, "waiting");
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_event_i", "3"); /* the good row waits with the bad one */
    fixture_assert(&f, "SELECT days || ' ' || amount FROM d.app_look_f", "2 23");
    g_autoptr(json_t) runs = warehouse_runs(f.warehouse, "dwd_event_i", 1, NULL);
    g_autofree char *checks = base_json_text(json_object_get(json_array_get(runs, 0), "checks"));
    g_assert_nonnull(strstr(checks, "\"between\""));
    g_assert_nonnull(strstr(checks, "5000")); /* a sample of what failed */
    assert_no_builds(&f);
    /* mended at the source: the next run takes both */
    fixture_exec(&f, "UPDATE d.ods_event_i SET amount = 500 WHERE id = 20");
    fixture_run_ok(&f, NULL);
    fixture_assert(&f, "SELECT count(*) || ' ' || sum(amount) FROM d.dwd_event_i", "5 524");
    fixture_close(&f);
}

static void test_checks(void)
{
    static const struct {
        const char *check;
        const char *state;
        const char *rows;
    } cases[] = {{"{not_null: [id]}", "failed", "1"},
                 {"{unique: [grp, id]}", "failed", "1"},
                 {"{unique: [id]}", "failed", "2"},
                 {"{accepted_values: [a, b], column: grp}", "failed", "1"},
                 {"{accepted_values: [a, b, c], column: grp}", "ok", "0"},
                 {"{accepted_values: [1, 2, 3], column: id}", "failed", "1"},
                 {"{between: [1, 3], column: id}", "failed", "1"},
                 {"{between: [1, 3], column: id, severity: warn}", "warn", "1"},
                 {"{between: [1, 3], column: id, where: \"grp <> 'c'\"}", "ok", "0"},
                 {"{relationship: {column: id, to: ods_event_i}}", "failed", "1"},
                 {"{row_count: {min: 6}}", "ok", "0"},
                 {"{row_count: {min: 7}}", "failed", "1"},
                 {"{row_count: {max: 5}}", "failed", "1"}};
    Fixture f;
    open_project(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].check);
        g_autofree char *model = g_strdup_printf("-- ---\n-- kind: full\n-- checks:\n--   - %s\n-- ---\n"
                                                 "SELECT * FROM (VALUES (1, 'a'), (1, 'b'), (2, 'a'), (2, "
                                                 "'a'), (NULL, 'b'), (9, 'c')) v(id, grp)\n",
                                                 cases[i].check);
        fixture_write(&f, "domains/d/models/app_check_f.sql", model);
        fixture_apply_ok(&f);
        g_autoptr(GError) error = NULL;
        bool ok = fixture_run(&f, "app_check_f", &error);
        g_assert_true(ok == !g_str_equal(cases[i].state, "failed"));
        g_autoptr(json_t) runs = warehouse_runs(f.warehouse, "app_check_f", 1, NULL);
        const json_t *check = json_array_get(json_object_get(json_array_get(runs, 0), "checks"), 0);
        g_assert_cmpstr(base_json_string(check, "state", NULL), ==, cases[i].state);
        g_autofree char *rows = g_strdup_printf("%" G_GINT64_FORMAT, base_json_int(check, "rows", -1));
        g_assert_cmpstr(rows, ==, cases[i].rows);
    }
    fixture_close(&f);
}

/* unique must hold in the whole table, not only among the new rows. */
static void test_unique_over_history(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(
        &f, "domains/d/models/dwd_amount_i.sql",
        "-- ---\n-- kind: incremental\n-- time: event_at\n-- lookback: 1h\n-- checks:\n--   - {unique: "
        "[amount]}\n-- ---\n"
        "SELECT id, event_at, amount FROM ods_event_i WHERE event_at >= $start AND event_at < $end\n");
    fixture_apply_ok(&f);
    fixture_run_ok(&f, "dwd_amount_i");
    add_event(&f, 30, 5, 7); /* 7 is there since January */
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_run(&f, "dwd_amount_i", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_CHECK_FAILED);
    fixture_assert(&f, "SELECT count(*) FROM d.dwd_amount_i", "3");
    fixture_close(&f);
}

static void test_failure(void)
{
    Fixture f;
    open_project(&f);
    fixture_run_ok(&f, NULL);
    fixture_write(&f, "domains/d/models/app_other_f.sql",
                  "-- ---\n-- kind: full\n-- ---\nSELECT count(*) AS n FROM dwd_event_i\n");
    fixture_write(&f, "domains/d/models/dws_event_1d_i.sql",
                  "-- ---\n-- kind: incremental\n-- time: dt\n-- key: [dt]\n-- ---\nSELECT CAST(event_at AS "
                  "DATE) AS dt, "
                  "sum(CAST('x' || amount AS BIGINT))::BIGINT AS amount, count(*) AS n FROM dwd_event_i "
                  "WHERE event_at >= "
                  "$start AND event_at < $end GROUP BY 1\n");
    fixture_apply_ok(&f);
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_run(&f, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_RUN_FAILED);
    g_assert_nonnull(strstr(error->message, "d.dws_event_1d_i"));
    g_autofree char *failed = fixture_state(&f, "dws_event_1d_i");
    g_autofree char *skipped = fixture_state(&f, "app_total_f");
    g_autofree char *other = fixture_state(&f, "app_other_f");
    g_assert_cmpstr(failed, ==, "failed");
    g_assert_cmpstr(skipped, ==, "skipped");
    g_assert_cmpstr(other, ==, "done");
    fixture_assert(&f, "SELECT count(*) FROM d.dws_event_1d_i", "2"); /* as before */
    fixture_assert(&f, "SELECT days || ' ' || amount FROM d.app_look_f", "2 23");
    assert_no_builds(&f);
    fixture_close(&f);
}

static void test_rebuild(void)
{
    Fixture f;
    open_project(&f);
    fixture_run_ok(&f, NULL);
    fixture_write(&f, "domains/d/models/dwd_event_i.sql",
                  "-- ---\n-- kind: incremental\n-- time: event_at\n-- key: [id]\n-- lookback: 1h\n-- ---\n"
                  "SELECT id, event_at, amount * 2 AS amount, 'v2' AS version FROM ods_event_i WHERE "
                  "event_at >= $start "
                  "AND event_at < $end\n");
    fixture_apply_ok(&f);
    fixture_run_ok(&f, NULL);
    fixture_assert(&f, "SELECT sum(amount) || ' ' || min(version) FROM d.dwd_event_i",
                   "46 v2"); /* all history */
    fixture_close(&f);
}

/* A reader in the middle sees one state; a view goes on over the swapped table. */
static void test_readers(void)
{
    Fixture f;
    open_project(&f);
    fixture_run_ok(&f, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(engine_begin(f.conn, &error));
    fixture_assert(&f, "SELECT amount FROM d.app_look_f", "23");
    add_event(&f, 40, 5, 100);
    fixture_run_ok(&f, NULL);
    fixture_assert(&f, "SELECT amount FROM d.app_look_f", "23");
    g_assert_true(engine_commit(f.conn, &error));
    fixture_assert(&f, "SELECT amount FROM d.app_look_f", "123");
    fixture_close(&f);
}

/* ---- order and stopping -----------------------------------------------------------------------------------
 */

typedef struct {
    GString *text;
    Warehouse *warehouse;
    const char *stop_at;
} Log;

static void log_step(const WarehouseStep *step, void *user)
{
    Log *log = user;
    g_string_append_printf(log->text, "%s:%s ", step->model->name, step->state);
    if (log->stop_at && g_str_equal(step->model->name, log->stop_at) && g_str_equal(step->state, "running")) {
        warehouse_stop(log->warehouse);
    }
}

static void assert_before(const char *text, const char *first, const char *second)
{
    const char *a = strstr(text, first), *b = strstr(text, second);
    g_assert_nonnull(a);
    g_assert_nonnull(b);
    g_assert_true(a < b);
}

static void test_order(void)
{
    Fixture f;
    open_project(&f);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    Log log = {.text = text};
    WarehouseRunOptions options = {.parallel = 4};
    g_assert_true(warehouse_run(f.warehouse, f.snapshot, &options, log_step, &log, NULL, &error));
    assert_before(text->str, "dwd_event_i:done", "dws_event_1d_i:running");
    assert_before(text->str, "dws_event_1d_i:done", "app_total_f:running");
    assert_before(text->str, "app_total_f:done", "app_look_f:running");
    fixture_close(&f);
}

/* A check may look at a model that is not read: that one is built first. Two that look at each other go on
 * all the same. */
static void test_check_order(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/aa_first_f.sql",
                  "-- ---\n-- kind: full\n-- layer: app\n-- checks:\n--   - {relationship: {column: id, to: "
                  "zz_last_f}}\n-- ---\nSELECT 1 AS id\n");
    fixture_write(&f, "domains/d/models/zz_last_f.sql",
                  "-- ---\n-- kind: full\n-- layer: app\n-- ---\nSELECT 1 AS id UNION ALL SELECT 2\n");
    fixture_apply_ok(&f);
    fixture_run_ok(&f, NULL);
    fixture_write(&f, "domains/d/models/zz_last_f.sql",
                  "-- ---\n-- kind: full\n-- layer: app\n-- checks:\n--   - {relationship: {column: id, to: "
                  "aa_first_f}, severity: warn}\n-- ---\n"
                  "SELECT 1 AS id UNION ALL SELECT 2\n");
    fixture_apply_ok(&f);
    fixture_run_ok(&f, NULL);
    fixture_close(&f);
}

static void test_select(void)
{
    Fixture f;
    open_project(&f);
    static const struct {
        const char *word, *models;
    } cases[] = {{"dwd_event_i", "dwd_event_i "},
                 {"dws_event_1d_i+", "dws_event_1d_i app_total_f app_look_f "},
                 {"+dws_event_1d_i", "dwd_event_i dws_event_1d_i "},
                 {"layer:dws", "dws_event_1d_i "},
                 {"domain:d", "dwd_event_i dws_event_1d_i app_total_f app_look_f "},
                 {"ods_event_i+", "dwd_event_i dws_event_1d_i app_total_f app_look_f "}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) models =
            warehouse_select(f.snapshot, (const char *const[]){cases[i].word, NULL}, &error);
        g_assert_no_error(error);
        g_autoptr(GString) names = g_string_new(NULL);
        for (guint k = 0; k < models->len; k++) {
            g_string_append_printf(names, "%s ", ((const CatalogObject *)models->pdata[k])->name);
        }
        g_assert_cmpstr(names->str, ==, cases[i].models);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(warehouse_select(f.snapshot, (const char *const[]){"dwd_evnt_i", NULL}, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_REFERENCE_UNKNOWN);
    g_clear_error(&error);
    g_assert_null(warehouse_select(f.snapshot, (const char *const[]){"ods_event_i", NULL}, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_REFERENCE_UNKNOWN);
    fixture_close(&f);
}

static void test_stop(void)
{
    Fixture f;
    open_project(&f);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    Log log = {.text = text, .warehouse = f.warehouse, .stop_at = "dws_event_1d_i"};
    WarehouseRunOptions options = {.parallel = 1};
    g_assert_false(warehouse_run(f.warehouse, f.snapshot, &options, log_step, &log, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_INTERRUPTED);
    g_assert_nonnull(strstr(text->str, "dws_event_1d_i:done")); /* what runs is finished */
    g_assert_nonnull(strstr(text->str, "app_total_f:skipped"));
    g_clear_error(&error);
    fixture_run_ok(&f, NULL); /* a later run is not stopped by an earlier stop */
    fixture_close(&f);
}

static void test_leftovers(void)
{
    Fixture f;
    open_project(&f);
    fixture_exec(&f, "CREATE TABLE d._weir_build__app_total_f__x_1 AS SELECT 1 AS i");
    fixture_reopen(&f);
    assert_no_builds(&f);
    fixture_run_ok(&f, NULL);
    fixture_assert(&f, "SELECT amount FROM d.app_look_f", "23");
    fixture_close(&f);
}

/* Local time is the project's: 20:00 UTC is the next day in Shanghai. */
static void test_zone(void)
{
    Fixture f;
    fixture_open(&f);
    fixture_write(&f, "weir.yml", "name: test\ntimezone: Asia/Shanghai\n");
    fixture_write(&f, "domains/d/d.yml", "domains:\n  - {name: d}\n");
    fixture_write(&f, "domains/d/models/app_zone_f.sql",
                  "-- ---\n-- kind: full\n-- ---\nSELECT CAST(CAST('2026-01-01 20:00:00+00' AS TIMESTAMPTZ) "
                  "AS DATE) AS dt\n");
    fixture_apply_ok(&f);
    fixture_run_ok(&f, NULL);
    fixture_assert(&f, "SELECT dt FROM d.app_zone_f", "2026-01-02");
    fixture_close(&f);
}

static void test_due(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/app_total_f.sql",
                  "-- ---\n-- kind: full\n-- schedule: \"0 3 * * *\"\n-- ---\nSELECT count(*) AS days, "
                  "sum(amount)::BIGINT AS amount FROM dws_event_1d_i\n");
    fixture_apply_ok(&f);
    gint64 now = base_time_now_us();
    g_autoptr(GPtrArray) first = warehouse_due(f.warehouse, f.snapshot, now);
    g_assert_cmpuint(first->len, ==, 1);
    g_assert_cmpstr(((const WarehouseFiring *)first->pdata[0])->id, ==, "model:d.app_total_f");
    g_autoptr(GPtrArray) again = warehouse_due(f.warehouse, f.snapshot, now);
    g_assert_cmpuint(again->len, ==, 0); /* given once */
    fixture_run_ok(&f, NULL);
    g_autoptr(GPtrArray) soon = warehouse_due(f.warehouse, f.snapshot, now + 60 * BASE_TIME_SECOND_US);
    g_autoptr(GPtrArray) tomorrow =
        warehouse_due(f.warehouse, f.snapshot, now + 25 * 3600 * BASE_TIME_SECOND_US);
    g_assert_cmpuint(tomorrow->len, ==, 1);
    g_assert_cmpuint(soon->len, <=, 1); /* 03:00 may lie in this minute */
    fixture_close(&f);
}

static void test_follows(void)
{
    Fixture f;
    open_project(&f);
    fixture_write(&f, "domains/d/models/app_total_f.sql",
                  "-- ---\n-- kind: full\n-- schedule: {on: upstream}\n-- ---\nSELECT count(*) AS days, "
                  "sum(amount)::BIGINT AS amount FROM dws_event_1d_i\n");
    fixture_apply_ok(&f);
    fixture_run_ok(&f, NULL);
    g_autoptr(GPtrArray) rest = warehouse_due(f.warehouse, f.snapshot, base_time_now_us());
    g_assert_cmpuint(rest->len, ==, 0);
    fixture_run_ok(&f, "dwd_event_i");
    g_autoptr(GPtrArray) due = warehouse_due(f.warehouse, f.snapshot, base_time_now_us());
    g_assert_cmpuint(due->len, ==, 1);
    g_assert_cmpstr(((const WarehouseFiring *)due->pdata[0])->id, ==, "model:d.app_total_f");
    fixture_reopen(&f); /* it was given out, but not run: after a restart it still is due */
    g_autoptr(GPtrArray) again = warehouse_due(f.warehouse, f.snapshot, base_time_now_us());
    g_assert_cmpuint(again->len, ==, 1);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/warehouse/run/layers_are_built_in_order", test_layers);
    g_test_add_func("/warehouse/run/running_again_changes_nothing", test_twice);
    g_test_add_func("/warehouse/run/late_rows_come_in_by_lookback", test_lookback);
    g_test_add_func("/warehouse/run/a_key_finds_a_row_whose_time_moved", test_key_moves);
    g_test_add_func("/warehouse/run/rows_outside_the_interval_are_refused", test_outside);
    g_test_add_func("/warehouse/run/a_failed_check_holds_data_back", test_held);
    g_test_add_func("/warehouse/run/each_check_counts_what_fails", test_checks);
    g_test_add_func("/warehouse/run/unique_holds_over_all_history", test_unique_over_history);
    g_test_add_func("/warehouse/run/a_failure_leaves_readers_what_they_had", test_failure);
    g_test_add_func("/warehouse/run/changed_logic_is_built_for_all_history", test_rebuild);
    g_test_add_func("/warehouse/run/readers_see_one_state", test_readers);
    g_test_add_func("/warehouse/run/a_model_starts_after_what_it_reads", test_order);
    g_test_add_func("/warehouse/run/what_a_check_looks_at_is_built_first", test_check_order);
    g_test_add_func("/warehouse/run/words_select_models", test_select);
    g_test_add_func("/warehouse/run/a_model_follows_its_upstream", test_follows);
    g_test_add_func("/warehouse/run/stop_finishes_what_runs", test_stop);
    g_test_add_func("/warehouse/run/leftovers_of_a_crash_go_at_open", test_leftovers);
    g_test_add_func("/warehouse/run/local_time_is_the_projects", test_zone);
    g_test_add_func("/warehouse/run/due_is_given_once", test_due);
    return g_test_run();
}
