/* Checks through runs: each type on rows that hold and rows that do not; history by the run's clock; held
 * builds, waiting, waivers, rejects, health. */
#include <math.h>

#include "fixture.h"

#define DAY_US G_GINT64_CONSTANT(86400000000)

static const char ROWS[] = "SELECT * FROM (VALUES (1, 'ann@a.org', 10.0, '2026-01-01', TIMESTAMP '2026-01-01 "
                           "00:00:00'), (2, 'bob', 20.0, "
                           "'2026-13-01', TIMESTAMP '2026-01-02 00:00:00'), (3, NULL, 30.0, NULL, TIMESTAMP "
                           "'2026-01-03 00:00:00'), (3, "
                           "'eve@b.net', NULL, '2026-02-03', NULL)) v(id, mail, amount, day, made_at)\n";

static void write_model(Fixture *f, const char *name, const char *header, const char *body)
{
    g_autofree char *path = g_strdup_printf("domains/d/models/%s.sql", name);
    g_autofree char *text = g_strdup_printf("-- ---\n%s-- ---\n%s", header, body);
    fixture_write(f, path, text);
}

static bool run_at(Fixture *f, const char *select, gint64 at_us, GError **error)
{
    const char *const words[] = {select, NULL};
    WarehouseRunOptions options = {.select = select ? words : NULL, .parallel = 2, .at_us = at_us};
    return warehouse_run(f->warehouse, f->snapshot, &options, NULL, NULL, NULL, error);
}

static json_t *last_check(Fixture *f, const char *model)
{
    g_autoptr(json_t) runs = warehouse_runs(f->warehouse, model, 1, NULL);
    return json_incref(json_array_get(json_object_get(json_array_get(runs, 0), "checks"), 0));
}

static void test_each_type(void)
{
    static const struct {
        const char *check, *verdict;
        gint64 rows;
    } cases[] = {
        {"{range: {min: 1, max: 3}, column: id}", "pass", 0},
        {"{range: {min: 1, exclusive: true}, column: id}", "fail", 1},
        {"{regex: '@', column: mail}", "fail", 1},
        {"{regex: {pattern: '@', not: true}, column: mail}", "fail", 2},
        {"{regex: '^[a-z]', column: mail}", "pass", 0},
        {"{format: email, column: mail}", "fail", 1},
        {"{format: date, column: day}", "fail", 1},
        {"{length: {min: 4}, column: mail}", "fail", 1},
        {"{length: [3, 9], column: mail}", "pass", 0},
        {"{length: 3, column: mail}", "fail", 2},
        {"{not_null: [mail], warn: 0, error: 2}", "warn", 1},
        {"{not_null: [mail], warn: 0, error: 10%}", "error", 1},
        {"{not_null: [mail], error: 25%}", "pass", 1},
        {"{not_null: [mail], blocking: false}", "fail", 1},
        {"{accepted_values: {values: [1, 2, 3, 4], vanished: warn}, column: id}", "warn", 0},
        {"{accepted_values: {values: [1, 2, 3], vanished: error}, column: id}", "pass", 0},
        {"{unique: [id], where: 'amount IS NOT NULL'}", "pass", 0},
        {"{null_rate: 25%, column: mail}", "pass", 0},
        {"{null_rate: {warn: 1%, error: 50%}, column: mail}", "warn", 0},
        {"{duplicate_rate: 10%, column: id}", "fail", 0},
        {"{duplicate_rate: {max: 0.3}, columns: [id]}", "pass", 0},
        {"{distribution: {of: mean, min: 15, max: 25}, column: amount}", "pass", 0},
        {"{distribution: {of: quantile, quantile: 0.5, max: 19}, column: amount}", "fail", 0},
        {"{freshness: 1h, column: made_at}", "fail", 0},
        {"{freshness: {column: made_at, warn: 1h, error: 20000d}}", "warn", 0},
        {"{equal: {to: dim_other_f}}", "fail", 0},
        {"{equal: {to: dim_other_f, of: sum, column: amount, tolerance: 80%}}", "pass", 0},
        {"{equal: {to: dim_other_f, of: rows, columns: [id, amount]}}", "fail", 4},
        {"{sql: 'SELECT id FROM this WHERE id > 2'}", "fail", 2},
        {"{sql: 'SELECT t.id FROM app_case_f t JOIN dim_other_f o ON t.id = o.id WHERE o.amount <> "
         "t.amount'}",
         "fail", 1},
        {"{sql: 'SELECT 1 FROM this WHERE id > 9'}", "pass", 0},
        {"{sql: 'SELECT id FROM this WHERE id > 2', error: 90%}", "pass", 2},
        {"{sql: 'SELECT id FROM this WHERE id > 2', warn: 10%, error: 50%}", "warn", 2},
        {"{sql: 'SELECT id FROM this WHERE id > 2', warn: 0, error: 10%}", "error", 2},
        {"{accepted_values: [1, 7], column: mail}", "fail", 3},
        {"{schema: true}", "pass", 0},
        {"{schema: {extra: fail}}", "fail", 4},
        {"{row_count: {orange: 5, red: 10}}", "skip", 0},
        {"{anomaly: {of: mean, column: amount}}", "skip", 0},
    };
    Fixture f;
    fixture_open(&f);
    write_model(&f, "dim_other_f", "-- kind: full\n",
                "SELECT * FROM (VALUES (1, 10.0), (2, 25.0)) v(id, amount)\n");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) { /* all in one project, in one run */
        g_autofree char *name = g_strdup_printf("app_case_%zu_f", i);
        g_auto(GStrv) own = g_strsplit(cases[i].check, "app_case_f", -1);
        g_autofree char *check = g_strjoinv(name, own);
        g_autofree char *header =
            g_strdup_printf("-- kind: full\n-- columns: [{name: id}]\n-- checks:\n--   - %s\n", check);
        write_model(&f, name, header, ROWS);
    }
    fixture_apply_ok(&f);
    fixture_run_ok(&f, "dim_other_f");
    g_autoptr(GError) error = NULL;
    g_assert_false(run_at(&f, NULL, 0, &error));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].check);
        g_autofree char *name = g_strdup_printf("app_case_%zu_f", i);
        g_autoptr(json_t) runs = warehouse_runs(f.warehouse, name, 1, NULL);
        const json_t *run = json_array_get(runs, 0);
        const json_t *check = json_array_get(json_object_get(run, "checks"), 0);
        bool done = g_str_equal(base_json_string(run, "state", ""), "done");
        g_assert_cmpstr(base_json_string(check, "verdict", base_json_string(run, "message", NULL)), ==,
                        cases[i].verdict);
        g_assert_cmpint(base_json_int(check, "rows", -1), ==, cases[i].rows);
        g_assert_true(done == !base_json_bool(check, "block", true));
    }
    fixture_close(&f);
}

/* A history is made by runs at days; then the figure under test. */
static void run_history(Fixture *f, const int *counts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *sql = g_strdup_printf(
            "CREATE OR REPLACE TABLE d.ods_n_f AS SELECT i AS id FROM range(%d) r(i)", counts[i]);
        fixture_exec(f, sql);
        g_autoptr(GError) error = NULL;
        bool ok = run_at(f, "app_n_f", DAY_US * (20000 + (gint64)i), &error);
        g_assert_true(ok || i + 1 == n);
    }
}

typedef struct {
    const char *check, *verdict;
    bool block;
    const char *figure; /* NULL = none is looked at */
    double wanted;
} HistoryCase;

/* All checks of one model, over one history. */
static void assert_cases(const HistoryCase *cases, size_t n_cases, const int *counts, size_t n)
{
    Fixture f;
    fixture_open(&f);
    fixture_write(&f, "domains/d/tables.yml",
                  "tables:\n  - {name: ods_n_f, columns: [{name: id, type: bigint}]}\n");
    g_autoptr(GString) header = g_string_new("-- kind: full\n-- checks:\n");
    for (size_t i = 0; i < n_cases; i++) {
        g_string_append_printf(header, "--   - %s\n", cases[i].check);
    }
    write_model(&f, "app_n_f", header->str, "SELECT id FROM ods_n_f\n");
    fixture_apply_ok(&f);
    run_history(&f, counts, n);
    g_autoptr(json_t) runs = warehouse_runs(f.warehouse, "app_n_f", 1, NULL);
    const json_t *checks = json_object_get(json_array_get(runs, 0), "checks");
    for (size_t i = 0; i < n_cases; i++) {
        const json_t *result = json_array_get(checks, i);
        g_test_message("%s", cases[i].check);
        g_assert_cmpstr(base_json_string(result, "verdict", NULL), ==, cases[i].verdict);
        g_assert_true(base_json_bool(result, "block", !cases[i].block) == cases[i].block);
        if (cases[i].figure) {
            double is = base_json_real(result, cases[i].figure, (double)NAN);
            g_assert_cmpfloat(fabs(is - cases[i].wanted), <, 1e-3);
        }
    }
    fixture_close(&f);
}

static void test_history(void)
{
    static const int drop[] = {100, 102, 98, 101, 99, 100, 103, 97, 100, 100, 10};
    static const int flat[] = {50, 50, 50, 50, 50, 50, 50, 0};
    static const int fall[] = {100, 80}, few[] = {10, 5}, rise[] = {100, 107};
    static const int week[] = {10, 50, 50, 50, 50, 50, 50, 20};
    static const HistoryCase of_drop[] = {
        {"{anomaly: {direction: spike}}", "pass", false, "z", -51.025},
        {"{anomaly: {direction: both, strong: true}}", "fail", true, "z", -51.025},
        {"{anomaly: {warn: 2, error: 60}}", "warn", false, "z", -51.025},
        {"{anomaly: {min_points: 11}}", "skip", false, NULL, 0},
        {"{anomaly: {days: 7}}", "fail", false, NULL, 0}};
    static const HistoryCase of_flat[] = {
        {"{anomaly: {flat_history_fails: true}}", "fail", false, "baseline", 50},
        {"{anomaly: true}", "pass", false, "baseline", 50}};
    static const HistoryCase of_fall[] = {
        {"{row_count: {orange: 5, red: 10, trend: abs, strong: true}}", "error", true, "percent", -20},
        {"{row_count: {orange: 5, red: 10, trend: up}}", "pass", false, "percent", -20},
        {"{row_count: {orange: 5, red: 10, trend: down}}", "error", false, "percent", -20}};
    static const HistoryCase of_few[] = {
        {"{row_count: {orange: 5, red: 10, min_row_count: 100}}", "skip", false, NULL, 0}};
    static const HistoryCase of_rise[] = {{"{row_count: {orange: 5, red: 10}}", "warn", false, "percent", 7}};
    static const HistoryCase of_week[] = {
        {"{row_count: {red: 10, baseline: same_weekday}}", "error", false, "percent", 100},
        {"{row_count: {red: 10, baseline: mean_7d}}", "error", false, "baseline", 310.0 / 7}};
    assert_cases(of_drop, G_N_ELEMENTS(of_drop), drop, G_N_ELEMENTS(drop));
    assert_cases(of_flat, G_N_ELEMENTS(of_flat), flat, G_N_ELEMENTS(flat));
    assert_cases(of_fall, G_N_ELEMENTS(of_fall), fall, 2);
    assert_cases(of_few, 1, few, 2);
    assert_cases(of_rise, 1, rise, 2);
    assert_cases(of_week, G_N_ELEMENTS(of_week), week, G_N_ELEMENTS(week));
}

/* Figures of rows that no one saw are no history: a bad day does not become the measure of the next. */
static void test_held_figures_do_not_count(void)
{
    static const int counts[] = {100, 10, 10};
    static const HistoryCase second[] = {
        {"{row_count: {red: 50, strong: true}}", "error", true, "baseline", 100}};
    assert_cases(second, 1, counts, 2);
    Fixture f;
    fixture_open(&f);
    fixture_write(&f, "domains/d/tables.yml",
                  "tables:\n  - {name: ods_n_f, columns: [{name: id, type: bigint}]}\n");
    write_model(&f, "app_n_f", "-- kind: full\n-- checks:\n--   - {row_count: {red: 50, strong: true}}\n",
                "SELECT id FROM ods_n_f\n");
    fixture_apply_ok(&f);
    for (size_t i = 0; i < 3; i++) {
        g_autofree char *sql = g_strdup_printf(
            "CREATE OR REPLACE TABLE d.ods_n_f AS SELECT i AS id FROM range(%d) r(i)", counts[i]);
        fixture_exec(&f, sql);
        g_autoptr(GError) error = NULL;
        g_assert_true(run_at(&f, "app_n_f", DAY_US * (20000 + (gint64)i), &error) == (i == 0));
    }
    g_autoptr(json_t) check = last_check(&f, "app_n_f");
    g_assert_cmpfloat(base_json_real(check, "baseline", 0), ==, 100);
    fixture_assert(&f, "SELECT count(*) FROM d.app_n_f", "100");
    fixture_assert(&f, "SELECT count(*) FROM d._weir_held__app_n_f", "10");
    fixture_close(&f);
}

/* Days of the table itself are the history of a model with a time column. */
static void test_days_of_the_table(void)
{
    Fixture f;
    fixture_open(&f);
    fixture_write(&f, "domains/d/tables.yml",
                  "tables:\n  - {name: ods_t_i, columns: [{name: made_at, type: datetime}]}\n");
    write_model(&f, "dwd_t_i",
                "-- kind: incremental\n-- time: made_at\n-- checks:\n--   - {anomaly: {season: day_of_week, "
                "min_points: 3}}\n",
                "SELECT made_at FROM ods_t_i WHERE made_at >= $start AND made_at < $end\n");
    fixture_apply_ok(&f);
    fixture_exec(&f,
                 "CREATE OR REPLACE TABLE d.ods_t_i AS SELECT TIMESTAMP '2026-01-01' + INTERVAL (d) DAY "
                 "+ INTERVAL (i) "
                 "SECOND AS made_at FROM range(35) r(d), range(100) s(i) WHERE i < CASE WHEN d % 7 = 0 THEN "
                 "10 + d // 7 ELSE 100 END");
    g_autoptr(GError) error = NULL;
    bool ok =
        run_at(&f, "dwd_t_i", DAY_US * (20454 + 29), &error); /* the day before was day 28, a quiet one */
    g_assert_no_error(error);
    g_assert_true(ok);
    g_autoptr(json_t) quiet = last_check(&f, "dwd_t_i");
    g_assert_cmpstr(base_json_string(quiet, "verdict", NULL), ==, "pass");
    g_assert_cmpfloat(base_json_real(quiet, "value", 0), ==, 14);
    g_assert_cmpfloat(base_json_real(quiet, "baseline", 0), ==, 11.5);
    fixture_close(&f);
}

static void test_psi_from_run_to_run(void)
{
    Fixture f;
    fixture_open(&f);
    fixture_write(&f, "domains/d/tables.yml",
                  "tables:\n  - {name: ods_n_f, columns: [{name: id, type: bigint}]}\n");
    write_model(
        &f, "app_n_f",
        "-- kind: full\n-- checks:\n--   - {distribution: {of: psi, warn: 0.1, error: 0.25}, column: id}\n",
        "SELECT id FROM ods_n_f\n");
    fixture_apply_ok(&f);
    static const struct {
        const char *rows, *verdict;
    } days[] = {{"SELECT i AS id FROM range(1000) r(i)", "skip"},
                {"SELECT i AS id FROM range(0, 1000, 2) r(i)", "pass"},
                {"SELECT i // 4 AS id FROM range(1000) r(i)", "error"}};
    for (size_t i = 0; i < G_N_ELEMENTS(days); i++) {
        g_autofree char *sql = g_strconcat("CREATE OR REPLACE TABLE d.ods_n_f AS ", days[i].rows, NULL);
        fixture_exec(&f, sql);
        g_autoptr(GError) error = NULL;
        (void)!run_at(&f, "app_n_f", DAY_US * (20000 + (gint64)i), &error);
        g_autoptr(json_t) check = last_check(&f, "app_n_f");
        g_assert_cmpstr(base_json_string(check, "verdict", error ? error->message : NULL), ==,
                        days[i].verdict);
    }
    fixture_close(&f);
}

static void test_failed_rows_are_kept(void)
{
    Fixture f;
    fixture_open(&f);
    write_model(&f, "app_case_f",
                "-- kind: full\n-- checks:\n--   - {not_null: [mail], keep: 1}\n--   - {range: {min: 2}, "
                "column: id}\n",
                ROWS);
    fixture_apply_ok(&f);
    g_autoptr(GError) error = NULL;
    g_assert_false(run_at(&f, "app_case_f", 0, &error));
    fixture_assert(
        &f,
        "SELECT string_agg(check_name || ' ' || failed_row, '; ' ORDER BY check_name) FROM _weir.failed_rows",
        "not_null(mail) {\"mail\":null}; range(id) {\"id\":1}");
    g_autoptr(json_t) failures = quality_failures(f.conn, NULL, "range(id)", 10, &error);
    g_assert_cmpint(base_json_int(json_object_get(json_array_get(failures, 0), "row"), "id", 0), ==, 1);
    fixture_close(&f);
}

static void test_rejects(void)
{
    Fixture f;
    fixture_open(&f);
    write_model(&f, "app_case_f",
                "-- kind: full\n-- rejects: {when: 'amount > 25', reason: too dear, max: 3}\n-- checks:\n--  "
                " - {format: email, "
                "column: mail, reject: true}\n--   - {row_count: {min: 2}}\n",
                ROWS);
    fixture_apply_ok(&f);
    for (int i = 0; i < 2; i++) { /* again gives the same */
        fixture_run_ok(&f, "app_case_f");
        fixture_assert(&f, "SELECT string_agg(id, ',' ORDER BY id) FROM d.app_case_f", "1,3");
        fixture_assert(
            &f, "SELECT string_agg(reason || ' ' || (raw ->> 'id'), '; ' ORDER BY reason) FROM _weir.rejects",
            "format(mail) 2; too dear 3");
    }
    write_model(&f, "app_case_f", "-- kind: full\n-- rejects: {when: 'id > 1', max: 50%}\n", ROWS);
    fixture_apply_ok(&f);
    g_autoptr(GError) error = NULL;
    g_assert_false(run_at(&f, "app_case_f", 0, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_CHECK_FAILED);
    fixture_assert(&f, "SELECT count(*) FROM d.app_case_f", "2");
    fixture_assert(&f, "SELECT count(*) FROM duckdb_tables() WHERE starts_with(table_name, '_weir_build__')",
                   "0");
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/warehouse/quality/each_type", test_each_type);
    g_test_add_func("/warehouse/quality/history", test_history);
    g_test_add_func("/warehouse/quality/held_figures_do_not_count", test_held_figures_do_not_count);
    g_test_add_func("/warehouse/quality/days_of_the_table", test_days_of_the_table);
    g_test_add_func("/warehouse/quality/psi_from_run_to_run", test_psi_from_run_to_run);
    g_test_add_func("/warehouse/quality/failed_rows_are_kept", test_failed_rows_are_kept);
    g_test_add_func("/warehouse/quality/rejects", test_rejects);
    return g_test_run();
}
