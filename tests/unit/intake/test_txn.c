/* Labels, two phases, groups, restarts, a full disk. */
#include <unistd.h>

#include "fixture.h"

static Fixture f;
#define COLUMNS "a:BIGINT b:VARCHAR"

static void refused(BaseErrorCode code, const char *words, GError *error)
{
    g_assert_error(error, BASE_ERROR, (int)code);
    g_assert_nonnull(strstr(error->message, words));
    g_error_free(error);
}

static void restart(void)
{
    fixture_close(&f);
    fixture_open(&f);
}

typedef struct {
    const CatalogTable *table;
    int start, success, exists;
} Race;

static gpointer race_main(gpointer user)
{
    Race *race = user;
    while (!g_atomic_int_get(&race->start)) {
        g_thread_yield();
    }
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    if (fixture_try(&f, race->table, "label:one\ncolumn_separator:,", "1,x\n2,y\n", -1, &result, &error)) {
        g_atomic_int_inc(&race->success);
    } else {
        g_assert_error(error, BASE_ERROR, BASE_E_LABEL_EXISTS);
        g_assert_cmpstr(result.status, ==, "Label Already Exists");
        g_autofree char *expected = g_strdup_printf(
            "Label [one] has already been used, relate to txn [%" G_GINT64_FORMAT "]", result.txn_id);
        g_assert_cmpstr(result.message, ==, expected);
        g_assert_true(g_str_equal(result.existing_status, "RUNNING") ||
                      g_str_equal(result.existing_status, "FINISHED"));
        g_atomic_int_inc(&race->exists);
    }
    intake_result_clear(&result);
    return NULL;
}

static void test_one_label_of_fifty(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "race", CATALOG_DUPLICATE, COLUMNS);
    Race race = {.table = t};
    GThread *threads[50];
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("race", race_main, &race);
    }
    g_atomic_int_set(&race.start, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpint(race.success, ==, 1);
    g_assert_cmpint(race.exists, ==, 49);
    fixture_expect(&f, "SELECT count(*) FROM d.race", "2");
    restart();
    IntakeResult result;
    GError *error = NULL;
    g_assert_false(fixture_try(&f, t, "label:one\ncolumn_separator:,", "1,x\n", -1, &result, &error));
    g_assert_cmpstr(result.existing_status, ==, "FINISHED");
    refused(BASE_E_LABEL_EXISTS, "relate to txn [", error);
    intake_result_clear(&result);
}

static void test_failed_label_is_free(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "again", CATALOG_DUPLICATE, COLUMNS);
    IntakeResult result;
    GError *error = NULL;
    g_assert_false(fixture_try(&f, t, "label:again\ncolumn_separator:,", "1\n", -1, &result, &error));
    gint64 first = result.txn_id;
    refused(BASE_E_LOAD_REJECTED, "too many filtered rows", error);
    intake_result_clear(&result);
    error = NULL;
    g_assert_true(fixture_try(&f, t, "label:again\ncolumn_separator:,", "1,x\n", -1, &result, &error));
    g_assert_cmpint(result.txn_id, >, first);
    intake_result_clear(&result);
    fixture_expect(&f, "SELECT state FROM _weir.loads WHERE label = 'again' ORDER BY txn_id",
                   "ABORTED|VISIBLE");
}

static gint64 prepare(const CatalogTable *t, const char *label, const char *body)
{
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    g_autofree char *headers = g_strdup_printf("label:%s\ncolumn_separator:,\ntwo_phase_commit:true", label);
    g_assert_true(fixture_try(&f, t, headers, body, -1, &result, &error));
    g_assert_no_error(error);
    g_assert_true(result.two_phase);
    gint64 id = result.txn_id;
    intake_result_clear(&result);
    return id;
}

static void test_two_phases(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "two", CATALOG_DUPLICATE, COLUMNS);
    g_autoptr(CatalogTable) u = fixture_create(&f, "twokeys", CATALOG_UNIQUE, "a:BIGINT:key b:VARCHAR");
    fixture_load(&f, u, "column_separator:,", "1,old\n2,old\n");
    gint64 by_id = prepare(t, "p1", "1,x\n"), by_label = prepare(t, "p2", "2,y\n"),
           gone = prepare(t, "p3", "3,z\n"), keys = prepare(u, "p4", "1,new\n1,newer\n");
    fixture_expect(&f, "SELECT count(*) FROM d.two", "0");
    restart();
    fixture_expect(&f, "SELECT count(*) FROM d.two", "0");
    gint64 id = 0;
    GError *error = NULL;
    IntakeResult result;
    g_assert_false(fixture_try(&f, t, "label:p1", "9\t9\n", -1, &result, &error));
    g_assert_cmpstr(result.existing_status, ==, "PRECOMMITTED");
    g_assert_cmpint(result.txn_id, ==, by_id);
    intake_result_clear(&result);
    g_clear_error(&error);
    g_assert_true(intake_commit(f.intake, "d", by_id, NULL, &id, &error));
    g_assert_cmpint(id, ==, by_id);
    g_assert_true(intake_commit(f.intake, "d", 0, "p2", &id, &error));
    g_assert_cmpint(id, ==, by_label);
    g_assert_true(intake_abort(f.intake, "d", gone, NULL, &id, &error));
    g_assert_true(intake_commit(f.intake, "d", keys, NULL, &id, &error));
    g_assert_no_error(error);
    fixture_expect(&f, "SELECT a, b FROM d.two ORDER BY a", "1,x|2,y");
    fixture_expect(&f, "SELECT a, b FROM d.twokeys ORDER BY a", "1,newer|2,old");

    g_autofree char *already =
        g_strdup_printf("transaction [%" G_GINT64_FORMAT "] is already VISIBLE, not pre-committed.", by_id);
    g_assert_false(intake_commit(f.intake, "d", by_id, NULL, &id, &error));
    refused(BASE_E_TXN_STATE, already, g_steal_pointer(&error));
    g_assert_false(intake_abort(f.intake, "d", by_id, NULL, &id, &error));
    refused(BASE_E_TXN_STATE, "is already VISIBLE, could not abort", g_steal_pointer(&error));
    g_assert_false(intake_commit(f.intake, "d", gone, NULL, &id, &error));
    refused(BASE_E_TXN_STATE, "is already aborted", g_steal_pointer(&error));
    g_assert_false(intake_commit(f.intake, "d", 999999999, NULL, &id, &error));
    refused(BASE_E_TXN_UNKNOWN, "transaction [999999999] not found.", g_steal_pointer(&error));
    g_assert_false(intake_commit(f.intake, "other", by_id, NULL, &id, &error));
    refused(BASE_E_TXN_UNKNOWN, "not found.", g_steal_pointer(&error));
    fixture_expect(&f, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'txn_%'", "0");
    fixture_load(&f, t, "label:p3\ncolumn_separator:,", "3,again\n");
}

static void test_overdue(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "late", CATALOG_DUPLICATE, COLUMNS);
    gint64 id = prepare(t, "late", "1,x\n"), ignored;
    fixture_close(&f);
    g_autoptr(GError) error = NULL;
    g_assert_true(base_config_set(f.config, "load.precommit_timeout", "1s", &error));
    fixture_open(&f);
    g_autofree char *sql =
        g_strdup_printf("SELECT state FROM _weir.loads WHERE txn_id = %" G_GINT64_FORMAT, id);
    g_autofree char *state = NULL;
    for (int i = 0; i < 600 && g_strcmp0(state, "ABORTED") != 0;
         i++) { /* waits for the event, bounded by a minute */
        g_free(state);
        state = fixture_query(&f, sql);
        f.intake->next_expiry_us = 0;
        intake_committer_poke(f.intake);
        g_usleep(100000);
    }
    g_assert_cmpstr(state, ==, "ABORTED");
    g_assert_false(intake_commit(f.intake, "d", id, NULL, &ignored, &error));
    g_clear_error(&error);
    g_assert_true(base_config_set(f.config, "load.precommit_timeout", "1h", &error));
}

/* A client that has claimed a load waits for the committer: so the committer may not wait for it. */
static void test_overdue_is_claimed(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "claimed", CATALOG_DUPLICATE, COLUMNS);
    gint64 id = prepare(t, "claimed", "1,x\n"), claimed = 0, ignored;
    g_autoptr(GError) error = NULL;
    g_assert_true(intake_txns_claim(f.intake->txns, "d", id, NULL, false, &claimed, &error));
    alarm(60); /* a committer that waits would wait for ever */
    bool ok = intake_abort_overdue(f.intake, f.conn, id, &error);
    alarm(0);
    g_assert_no_error(error);
    g_assert_true(ok);
    intake_txns_release(f.intake->txns, id);
    g_assert_true(intake_commit(f.intake, "d", id, NULL, &ignored, &error));
    fixture_expect(&f, "SELECT count(*) FROM d.claimed", "1");
}

typedef struct {
    GPtrArray *tables;
    gint begun, done; /* atomic */
    bool ok;
} Erase;

static bool erase_work(EngineConn *conn, void *user, GError **error)
{
    (void)user;
    return engine_exec(conn, "DELETE FROM d.erased WHERE a = 1", error);
}

static bool no_work(EngineConn *conn, void *user, GError **error)
{
    (void)conn, (void)user, (void)error;
    return true;
}

static gpointer erase_main(gpointer data)
{
    Erase *erase = data;
    g_autoptr(GError) error = NULL;
    g_atomic_int_set(&erase->begun, 1);
    erase->ok = intake_transact_on(f.intake, erase->tables, erase_work, NULL, &error);
    g_atomic_int_set(&erase->done, 1);
    return NULL;
}

/* A merge deletes a row and has not committed: who would delete it too waits, and other work goes on. */
static void test_rows_have_one_writer(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "erased", CATALOG_UNIQUE, "a:BIGINT:key b:VARCHAR");
    fixture_load(&f, t, "column_separator:,", "1,x\n2,y\n");
    g_autoptr(GError) error = NULL;
    intake_table_hold(f.intake, "d.erased", true);
    g_assert_true(engine_begin(f.conn, &error));
    g_assert_true(engine_exec(f.conn, "DELETE FROM d.erased WHERE a = 1", &error));
    Erase erase = {.tables = g_ptr_array_new()};
    char *const names[] = {"d.erased", "d.another", "d.erased"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_ptr_array_add(erase.tables, names[i]);
    }
    GThread *thread = g_thread_new("erase", erase_main, &erase);
    while (!g_atomic_int_get(&erase.begun)) {
        g_thread_yield();
    }
    for (int i = 0; i < 50; i++) { /* in the queue behind it, were it there */
        g_assert_true(intake_transact(f.intake, no_work, NULL, &error));
    }
    g_assert_false(g_atomic_int_get(&erase.done));
    g_assert_true(engine_commit(f.conn, &error));
    intake_table_release(f.intake, "d.erased", true);
    g_thread_join(thread);
    g_assert_true(erase.ok);
    g_ptr_array_unref(erase.tables);
    fixture_expect(&f, "SELECT a FROM d.erased", "2");
}

static void test_ids_grow(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "ids", CATALOG_DUPLICATE, COLUMNS);
    gint64 last = 0;
    for (int i = 0; i < 4; i++) {
        IntakeResult result;
        GError *error = NULL;
        bool ok = fixture_try(&f, t, "column_separator:,", i % 2 ? "1\n" : "1,x\n", -1, &result, &error);
        g_assert_true(ok == (i % 2 == 0));
        g_clear_error(&error);
        g_assert_cmpint(result.txn_id, >, last);
        last = result.txn_id;
        intake_result_clear(&result);
        restart();
    }
}

/* ---- groups
 * ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const CatalogTable *table, *keyed;
    int index, acknowledged;
} Writer;

static gpointer writer_main(gpointer user)
{
    Writer *w = user;
    for (int i = 0; i < 25; i++) {
        bool bad = (i + w->index) % 7 == 0;
        g_autofree char *label = g_strdup_printf("label:w%d_%d\ncolumn_separator:,", w->index, i);
        g_autofree char *body =
            g_strdup_printf("%d,%d\n%d,x%s\n", w->index, i, w->index, bad ? ",too,many" : "");
        IntakeResult result;
        g_autoptr(GError) error = NULL;
        bool ok = fixture_try(&f, i % 3 ? w->table : w->keyed, label, body, -1, &result, &error);
        g_assert_true(ok == !bad);
        w->acknowledged += ok && i % 3;
        intake_result_clear(&result);
    }
    return NULL;
}

static void test_group(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "grouped", CATALOG_DUPLICATE, COLUMNS);
    g_autoptr(CatalogTable) k = fixture_create(&f, "groupkeys", CATALOG_UNIQUE, "a:BIGINT:key b:VARCHAR");
    Writer writers[20];
    GThread *threads[20];
    int acknowledged = 0;
    for (int i = 0; i < 20; i++) {
        writers[i] = (Writer){t, k, i, 0};
        threads[i] = g_thread_new("writer", writer_main, &writers[i]);
    }
    for (int i = 0; i < 20; i++) {
        g_thread_join(threads[i]);
        acknowledged += writers[i].acknowledged;
    }
    g_autofree char *expected = g_strdup_printf("%d,%d", acknowledged * 2, acknowledged);
    fixture_expect(&f, "SELECT count(*), count(DISTINCT _weir_load_id) FROM d.grouped", expected);
    fixture_expect(&f, "SELECT count(*), count(DISTINCT a) FROM d.groupkeys", "20,20");
    fixture_expect(
        &f, "SELECT count(*) FROM (SELECT txn_id FROM _weir.loads GROUP BY txn_id HAVING count(*) > 1)", "0");
}

/* Work that fails inside a group takes nobody with it. */
static bool failing(EngineConn *conn, void *user, GError **error)
{
    (void)user;
    return engine_exec(conn, "INSERT INTO d.grouped SELECT error('no'), 'x', 1", error);
}

static gpointer fail_main(gpointer user)
{
    (void)user;
    for (int i = 0; i < 30; i++) {
        IntakeJob job = {.work = failing};
        GError *error = NULL;
        g_assert_false(intake_commit_job(f.intake, &job, &error));
        g_error_free(error);
    }
    return NULL;
}

static void test_failing_neighbour(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "neighbour", CATALOG_DUPLICATE, COLUMNS);
    GThread *bad = g_thread_new("bad", fail_main, NULL);
    for (int i = 0; i < 40; i++) {
        fixture_load(&f, t, "column_separator:,", "1,x\n");
    }
    g_thread_join(bad);
    fixture_expect(&f, "SELECT count(*) FROM d.neighbour", "40");
}

#define ALL_LOADS                                                                                            \
    "SELECT string_agg(l::VARCHAR, chr(10) ORDER BY txn_id) FROM (SELECT * FROM _weir.loads WHERE tbl = "    \
    "'moved') AS l"
/* What format 1 was: the columns of the view, as a table. */
#define TO_FORMAT_1                                                                                          \
    "CREATE TABLE _weir.old AS SELECT * FROM _weir.loads; DROP VIEW _weir.loads; DROP TABLE "                \
    "_weir.load_log; ALTER TABLE _weir.old RENAME TO loads; UPDATE _weir.format SET version = 1"

static void test_format_1(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "moved", CATALOG_DUPLICATE, COLUMNS);
    g_autoptr(GError) error = NULL;
    IntakeResult result; /* its row is committed before those of later loads */
    g_assert_false(fixture_try(&f, t, "label:no\ncolumn_separator:,", "a\"b\\\n", -1, &result, &error));
    g_clear_error(&error);
    intake_result_clear(&result);
    fixture_load(&f, t, "label:moved\ncolumn_separator:,", "1,x\n2,y\n");
    fixture_load(&f, t, "label:partly\ncolumn_separator:,\nmax_filter_ratio:1", "1,x\n2\n");
    gint64 id = prepare(t, "moved_later", "3,z\n");
    g_autofree char *before = fixture_query(&f, ALL_LOADS);
    g_assert_nonnull(strstr(before, "moved_later"));
    g_assert_true(engine_exec(f.conn, TO_FORMAT_1, &error));
    g_assert_no_error(error);
    restart();
    g_autofree char *after = fixture_query(&f, ALL_LOADS);
    g_assert_cmpstr(after, ==, before);
    fixture_expect(&f, "SELECT max(version) FROM _weir.format", "2");
    restart();
    gint64 done = 0;
    g_assert_true(intake_commit(f.intake, "d", id, NULL, &done, &error));
    g_assert_no_error(error);
    fixture_expect(&f, "SELECT count(*) FROM d.moved", "4");
    fixture_expect(&f, "SELECT state, plan FROM _weir.loads WHERE label = 'moved_later'", "VISIBLE,~");
}

/* Plans of groups are kept; definitions that change between groups make them anew, once. */
static void test_plans_are_kept(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "kept", CATALOG_DUPLICATE, COLUMNS);
    for (int i = 0; i < 3; i++) {
        g_autofree char *name = g_strdup_printf("kept_%d", i);
        fixture_load(&f, t, "column_separator:,", "1,x\n");
        fixture_load(&f, t, "column_separator:,", "1000000,a longer text that is not inlined\n");
        g_autoptr(CatalogTable) other = fixture_create(&f, name, CATALOG_DUPLICATE, COLUMNS);
        fixture_load(&f, other, "column_separator:,", "-7,y\n");
    }
    fixture_load(&f, t, "column_separator:,", "-5,\\N\n");
    fixture_expect(&f, "SELECT count(*), sum(a), max(length(b)), count(b) FROM d.kept", "7,2999998,33,6");
    fixture_expect(&f, "SELECT sum(a) FROM d.kept WHERE a < 0", "-5");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture_start(&f);
    g_test_add_func("/txn/of fifty loads with one label one succeeds, before and after a restart",
                    test_one_label_of_fifty);
    g_test_add_func("/txn/the label of a failed load is free", test_failed_label_is_free);
    g_test_add_func("/txn/prepared loads survive a restart; both phases answer in Doris's words",
                    test_two_phases);
    g_test_add_func("/txn/a prepared load that nobody commits is aborted", test_overdue);
    g_test_add_func("/txn/a prepared load that a client has at hand is not aborted", test_overdue_is_claimed);
    g_test_add_func("/txn/rows of a table are deleted by one at a time", test_rows_have_one_writer);
    g_test_add_func("/txn/ids grow over restarts", test_ids_grow);
    g_test_add_func("/txn/groups hold every acknowledged load once", test_group);
    g_test_add_func("/txn/a failing neighbour takes nobody with it", test_failing_neighbour);
    g_test_add_func("/txn/a warehouse of format 1 is moved", test_format_1);
    g_test_add_func("/txn/plans of groups are kept over changed definitions", test_plans_are_kept);
    int code = g_test_run();
    fixture_stop(&f);
    return code;
}
