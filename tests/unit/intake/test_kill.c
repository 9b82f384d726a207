/* kill -9 while loading: what was acknowledged is there once, what was not is there whole or not at all.
 *
 * A child loads with labels over a growing number, into a duplicate and a unique table, small, large (begun
 * before their bodies are whole, every other one parked) and two-phase, and writes to a pipe what was
 * acknowledged; it dies at a fault point or at a random time. The parent opens the same folder and compares.
 * WEIR_KILLS=N for more than the default. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "fixture.h"

#ifdef __SANITIZE_THREAD__
#define WITH_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#ifdef WITH_TSAN
/* A checkpoint of the engine holds more locks at once than the detector of deadlocks has room for. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "detect_deadlocks=0";
}
#endif

#define ROWS_SMALL 7
#define ROWS_LARGE 30000

static CatalogTable *tables(bool keyed)
{
    g_autoptr(CatalogTable) raw =
        keyed ? fixture_table("keyed", CATALOG_UNIQUE, "k:BIGINT:key:notnull load:BIGINT")
              : fixture_table("plain", CATALOG_DUPLICATE, "k:BIGINT load:BIGINT");
    return catalog_table_copy(raw);
}

/* Load n: every third is large, every fourth into the keyed table, every fifth in two phases. */
static int rows_of(int n)
{
    return n % 9 == 8 ? ROWS_LARGE : ROWS_SMALL;
}

static void tell(int fd, int n)
{
    if (write(fd, &n, sizeof n) != (ssize_t)sizeof n) {
        _exit(3);
    }
}

/* One that begins before its body is whole; every other one is parked at once. */
static bool load_flowing(Fixture *f, const CatalogTable *table, const char *headers, const GString *body,
                         bool parks, GError **error)
{
    FixtureFlow flow;
    size_t half = parks ? body->len / 2 : 0;
    if (parks) {
        fixture_flow_begin_parked(&flow, f, table, headers, body->str, half);
    } else {
        f->intake->stream_wait_us = G_MAXINT64;
        fixture_flow_begin(&flow, f, table, headers);
    }
    fixture_flow_send(&flow, body->str + half, body->len - half, 997);
    fixture_flow_finish(&flow, true);
    bool ok = flow.ok;
    if (!ok) {
        g_propagate_error(error, g_steal_pointer(&flow.error));
    }
    fixture_flow_clear(&flow);
    return ok;
}

static void child(const char *dir, int first, int fd)
{
    Fixture f = {.dir = g_strdup(dir), .config = base_config_new()};
    fixture_open(&f);
    f.intake->spool_memory = 4096;
    f.intake->stream_memory = 64 * 1024;
    g_autoptr(CatalogTable) plain = tables(false);
    g_autoptr(CatalogTable) keyed = tables(true);
    for (int n = first;; n++) {
        g_autofree char *headers = g_strdup_printf("label:load_%d\ncolumn_separator:,%s", n,
                                                   n % 5 == 4 ? "\ntwo_phase_commit:true" : "");
        GString *body = g_string_new(NULL);
        for (int i = 0; i < rows_of(n); i++) {
            g_string_append_printf(body, "%d,%d\n", n % 4 == 3 ? i : n * 100000 + i, n);
        }
        IntakeResult result = {0};
        g_autoptr(GError) error = NULL;
        bool flows = rows_of(n) == ROWS_LARGE && n % 4 != 3 && n % 5 != 4;
        bool ok = flows ? load_flowing(&f, plain, headers, body, n / 9 % 2 == 0, &error)
                        : fixture_try(&f, n % 4 == 3 ? keyed : plain, headers, body->str, (gssize)body->len,
                                      &result, &error);
        gint64 id;
        if (ok && result.two_phase) {
            ok = intake_commit(f.intake, "d", result.txn_id, NULL, &id, &error);
        }
        if (!ok) {
            fprintf(stderr, "load %d: %s\n", n, error->message);
            _exit(2);
        }
        intake_result_clear(&result);
        g_string_free(body, TRUE);
        tell(fd, n);
    }
}

/* Runs the child until it dies; returns the last number acknowledged (first - 1 = none). */
static int run_child(const char *self, const char *dir, int first, const char *fault, int kill_after_ms)
{
    int pipes[2];
    g_assert_cmpint(pipe(pipes), ==, 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        g_autofree char *n = g_strdup_printf("%d", first), *fd = g_strdup_printf("%d", pipes[1]);
        g_auto(GStrv) environment = g_get_environ();
        if (fault) {
            environment = g_environ_setenv(environment, "WEIR_FAULT", fault, TRUE);
        }
        char *words[] = {
            (char *)(uintptr_t)self, (char *)(uintptr_t)"--child", (char *)(uintptr_t)dir, n, fd, NULL};
        execve(self, words, environment);
        _exit(4);
    }
    close(pipes[1]);
    if (!fault) {
        g_usleep((gulong)kill_after_ms * 1000);
        kill(pid, SIGKILL);
    }
    int last = first - 1, n;
    while (read(pipes[0], &n, sizeof n) == (ssize_t)sizeof n) {
        g_assert_cmpint(n, ==, last + 1);
        last = n;
    }
    close(pipes[0]);
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

static void check(Fixture *f, int acknowledged, int *ret_next)
{
    fixture_expect(f,
                   "SELECT count(*) FROM (SELECT label FROM _weir.loads WHERE state <> 'ABORTED' GROUP BY "
                   "label HAVING count(*) > 1)",
                   "0");
    /* Every load of the plain table is whole, and there exactly when its label is. */
    g_autofree char *broken =
        fixture_query(f, "SELECT l.label FROM _weir.loads l LEFT JOIN (SELECT load, _weir_load_id, count(*) "
                         "AS n FROM d.plain GROUP BY ALL) p "
                         "ON p._weir_load_id = l.txn_id WHERE tbl = 'plain' AND state = 'VISIBLE' AND (p.n "
                         "IS DISTINCT FROM l.loaded_rows OR l.label <> 'load_' || p.load)");
    g_assert_cmpstr(broken, ==, "");
    fixture_expect(f,
                   "SELECT count(*) FROM d.plain WHERE _weir_load_id NOT IN (SELECT txn_id FROM _weir.loads "
                   "WHERE state = 'VISIBLE')",
                   "0");
    fixture_expect(f, "SELECT count(*) - count(DISTINCT k) FROM d.keyed", "0");
    fixture_expect(f,
                   "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'txn_%' AND table_name NOT IN "
                   "(SELECT 'txn_' || txn_id FROM _weir.loads WHERE state = 'PRECOMMITTED')",
                   "0");
    fixture_expect(f,
                   "SELECT count(*) FROM d.keyed WHERE _weir_load_id NOT IN (SELECT txn_id FROM _weir.loads "
                   "WHERE state = 'VISIBLE')",
                   "0");
    g_autofree char *text = fixture_query(
        f, "SELECT coalesce(max(substr(label, 6)::INTEGER), -1) FROM _weir.loads WHERE state = 'VISIBLE'");
    gint64 highest;
    g_assert_true(base_text_to_int(text, -1, G_MAXINT32, &highest));
    g_assert_cmpint(highest, >=, acknowledged);
    g_assert_cmpint(highest, <=, acknowledged + 1);
    g_autofree char *count = fixture_query(f, "SELECT count(*) FROM _weir.loads WHERE state = 'VISIBLE'");
    g_autofree char *expected = g_strdup_printf("%d", (int)highest + 1);
    g_assert_cmpstr(count, ==, expected);
    *ret_next = (int)highest + 1;
}

/* A load that was prepared and not committed is finished, as its client would. */
static void finish_prepared(Fixture *f)
{
    g_autofree char *labels = fixture_query(f, "SELECT label FROM _weir.loads WHERE state = 'PRECOMMITTED'");
    if (*labels) {
        gint64 id;
        g_autoptr(GError) error = NULL;
        g_assert_true(intake_abort(f->intake, "d", 0, labels, &id, &error));
        g_assert_no_error(error);
    }
}

static const char *self_path;

static void test_kills(void)
{
    static const char *const FAULTS[] = {"load.before_commit=kill@4", "load.after_commit=kill@3",
                                         "txn.prepared=kill@1",       "load.before_commit=kill@11",
                                         "load.after_commit=kill@9",  "spool.write=kill@2",
                                         "load.parked=kill@1"};
    gint64 kills = 24;
    const char *wanted = g_getenv("WEIR_KILLS");
    g_assert_true(!wanted || base_text_to_int(wanted, 1, 1000000, &kills));
    Fixture f;
    fixture_start(&f);
    g_autoptr(CatalogTable) plain = tables(false);
    g_autoptr(CatalogTable) keyed = tables(true);
    g_autoptr(GError) error = NULL;
    g_assert_true(intake_table_create(f.intake, plain, &error));
    g_assert_true(intake_table_create(f.intake, keyed, &error));
    int next = 0;
    for (gint64 i = 0; i < kills; i++) {
        fixture_close(&f);
        const char *fault = i % 2 ? FAULTS[(i / 2) % (gint64)G_N_ELEMENTS(FAULTS)] : NULL;
        int acknowledged = run_child(self_path, f.dir, next, fault, g_random_int_range(150, 900));
        fixture_open(&f);
        check(&f, acknowledged, &next);
        finish_prepared(&f);
    }
    g_test_message("%d loads over %d kills", next, (int)kills);
    g_assert_cmpint(next, >, (int)kills);
    fixture_stop(&f);
}

/* ---- ids ------------------------------------------------------------------------------------------------
 */

static IntakeTxn *new_txn(const char *label)
{
    IntakeTxn *txn = g_new0(IntakeTxn, 1);
    txn->label = g_strdup(label);
    txn->db = g_strdup("d");
    txn->table = g_strdup("plain");
    return txn;
}

/* Begins a load, tells its id and dies before anything of it is on disk. */
static void child_begins(const char *dir, int fd)
{
    Fixture f = {.dir = g_strdup(dir), .config = base_config_new()};
    fixture_open(&f);
    IntakeTxn *txn = new_txn("begun");
    IntakeResult result = {0};
    g_autoptr(GError) error = NULL;
    if (!intake_load_begin(f.intake, txn, &result, &error)) {
        fprintf(stderr, "%s\n", error->message);
        _exit(2);
    }
    tell(fd, (int)txn->txn_id);
    kill(getpid(), SIGKILL);
}

static int begin_and_die(const char *dir)
{
    int pipes[2], status, id = 0;
    g_assert_cmpint(pipe(pipes), ==, 0);
    pid_t pid = fork();
    if (pid == 0) {
        g_autofree char *fd = g_strdup_printf("%d", pipes[1]);
        execl(self_path, self_path, "--begin", dir, fd, (char *)NULL);
        _exit(4);
    }
    close(pipes[1]);
    g_assert_cmpint(read(pipes[0], &id, sizeof id), ==, sizeof id);
    close(pipes[0]);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return id;
}

static void test_ids(void)
{
    Fixture f;
    fixture_start(&f);
    fixture_close(&f);
    fixture_open(&f);
    g_assert_cmpint(engine_wal_bytes(f.engine), ==, 0); /* opening alone writes nothing */
    int highest = 0;
    for (int i = 0; i < 3; i++) {
        fixture_close(&f);
        int id = begin_and_die(f.dir);
        g_assert_cmpint(id, >, highest);
        highest = id;
        fixture_open(&f);
        IntakeTxn *txn = new_txn("next");
        IntakeResult result = {0};
        g_autoptr(GError) error = NULL;
        g_assert_true(intake_load_begin(f.intake, txn, &result, &error));
        g_assert_cmpint(txn->txn_id, >, highest);
        highest = (int)txn->txn_id;
        intake_txns_finish(f.intake->txns, txn->txn_id, INTAKE_TXN_ABORTED, 0);
        intake_txn_free(txn);
    }
    fixture_stop(&f);
}

int main(int argc, char **argv)
{
    gint64 begin_fd;
    if (argc == 4 && strcmp(argv[1], "--begin") == 0 && base_text_to_int(argv[3], 0, 1024, &begin_fd)) {
        child_begins(argv[2], (int)begin_fd);
    }
    if (argc == 5 && strcmp(argv[1], "--child") == 0) {
        gint64 first, fd;
        if (!base_text_to_int(argv[3], 0, G_MAXINT32, &first) || !base_text_to_int(argv[4], 0, 1024, &fd)) {
            return 5;
        }
        child(argv[2], (int)first, (int)fd);
    }
    self_path = argv[0];
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kill/what is acknowledged is there once", test_kills);
    g_test_add_func("/kill/no id is given twice", test_ids);
    return g_test_run();
}
