/* Kills aimed at checkpoints.
 *
 * A child writes transactions and takes checkpoints; each transaction is a function of its number alone,
 * adds its number to `ledger`, and is acknowledged through a pipe once committed. The child ends by a
 * fault point, a SIGKILL at a random moment of a checkpoint, or a write that is torn
 * (tests/faults/torn_write.c). Then the parent opens the warehouse: the ledger must hold every acknowledged
 * transaction and at most the next one, without gaps, and every table must be what an in-memory engine makes
 * of the same transactions.
 *
 * WEIR_TEST_KILLS: how many (default 40). WEIR_TEST_SEED: repeats a run. WEIR_TEST_WITHOUT_UNDO=1
 * throws the undo file away before each open: shows that the torn writes do damage without it. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../faults/torn_write.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/engine.h"

#define KILLS_DEFAULT          40
#define COMMITS_PER_CHECKPOINT 6
#define CHECKPOINTS_PER_CHILD  4
#define ROW_GROUP              122880 /* rows; the engine's */

static const char *program;

/* ---- transactions ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static bool ok(bool result, GError **error)
{
    if (!result) {
        fprintf(stderr, "# %s\n", *error ? (*error)->message : "?");
    }
    return result;
}

static const char tables_sql[] = "CREATE TABLE IF NOT EXISTS ledger(n BIGINT);"
                                 "CREATE TABLE IF NOT EXISTS small(n BIGINT, k BIGINT, v VARCHAR);"
                                 "CREATE TABLE IF NOT EXISTS big(n BIGINT, k BIGINT, v VARCHAR, d DOUBLE);"
                                 "CREATE TABLE IF NOT EXISTS wide(n BIGINT, a INT, b INT, c VARCHAR, d DATE, "
                                 "e TIMESTAMP, f DECIMAL(18,2))";

/* What transaction `n` does. Bulk inserts of more than a row group, one of four, go straight to blocks;
 * deletes and updates make the checkpoint rewrite and free them. */
static char *transaction_sql(int64_t number)
{
    uint64_t r = mix((uint64_t)number), size = r / 10;
    long n = (long)number;
    GString *sql = g_string_new(NULL);
    switch (r % 10) {
    case 0:
    case 1:
        g_string_printf(sql,
                        "INSERT INTO small SELECT %ld, %ld * 1000 + i, repeat('x', (i %% 40)::INT) || i "
                        "FROM range(%d) t(i)",
                        n, n, (int)(size % 300 + 1));
        break;
    case 2:
        g_string_printf(sql,
                        "INSERT INTO big SELECT %ld, %ld * 1000000 + i, md5((i * %ld)::VARCHAR), i / 7 "
                        "FROM range(%d) t(i)",
                        n, n, n, (int)(size % 4 == 0 ? ROW_GROUP + size / 4 % 20000 : size / 4 % 10000));
        break;
    case 3:
        g_string_printf(sql, "DELETE FROM big WHERE n < %ld OR k %% 5 = %ld", n - 12, n % 5);
        break;
    case 4:
        g_string_printf(sql,
                        "DELETE FROM small WHERE k %% 7 = %ld; INSERT INTO small SELECT %ld, k, 'again' || k "
                        "FROM big WHERE k %% 1000 = %ld",
                        n % 7, n, n % 7);
        break;
    case 5:
        g_string_printf(sql, "UPDATE small SET v = 'u%ld' WHERE k %% 11 = %ld", n, n % 11);
        break;
    case 6:
        g_string_printf(sql, "UPDATE big SET d = d + %ld, v = v || 'y' WHERE k %% 3 = 0", n);
        break;
    case 7:
        g_string_printf(sql,
                        "CREATE OR REPLACE TABLE other%ld AS SELECT i, i * %ld AS x, 'o' || i AS s "
                        "FROM range(%d) t(i)",
                        n % 4, n, (int)(size % 5000));
        break;
    case 8:
        g_string_printf(sql, "DROP TABLE IF EXISTS other%ld; DELETE FROM wide WHERE n < %ld", n % 4, n - 20);
        break;
    default:
        g_string_printf(sql,
                        "INSERT INTO wide SELECT %ld, i, i %% 10, 'c' || (i %% 100), DATE '2026-01-01' + "
                        "(i %% 300)::INT, TIMESTAMP '2026-01-01' + to_seconds(i), i::DECIMAL(18,2) / 3 "
                        "FROM range(%d) t(i)",
                        n, (int)(size % 20000));
        break;
    }
    g_string_append_printf(sql, "; INSERT INTO ledger VALUES (%ld)", n);
    return g_string_free(sql, FALSE);
}

static bool run_transaction(EngineConn *conn, int64_t n, GError **error)
{
    g_autofree char *sql = transaction_sql(n);
    if (!engine_begin(conn, error)) {
        return false;
    }
    if (engine_exec(conn, sql, error) && engine_commit(conn, error)) {
        return true;
    }
    engine_rollback(conn);
    return false;
}

/* ---- the child --------------------------------------------------------------------------------------- */

static void tell(int64_t value)
{
    ssize_t n = write(STDOUT_FILENO, &value, sizeof value);
    if (n != sizeof value) {
        _exit(3);
    }
}

#define CHECKPOINT_BEGINS (-1)
#define FULL_NOT_REACHED  9

static Engine *open_warehouse(const char *path, GError **error)
{
    EngineOptions options = {.path = path, .threads = 2, .memory_bytes = (int64_t)512 << 20};
    return engine_open(&options, error);
}

static void arm(long n, uint64_t seed, int mode)
{
    void (*torn)(long, uint64_t, int);
    *(void **)&torn = dlsym(RTLD_DEFAULT, "torn_arm");
    if (torn) {
        torn(n, seed, mode);
    }
}

typedef struct {
    const char *path;
    Engine *engine;
    EngineConn *conn;
    int64_t n; /* transactions committed */
    bool disk_full;
} Child;

static bool child_open(Child *c, GError **error)
{
    c->engine = open_warehouse(c->path, error);
    c->conn = c->engine ? engine_connect(c->engine, error) : NULL;
    return c->conn && engine_exec(c->conn, tables_sql, error) &&
           engine_query_int(c->conn, "SELECT coalesce(max(n), 0) FROM ledger", &c->n, error);
}

static void child_close(Child *c)
{
    engine_disconnect(c->conn);
    engine_unref(c->engine);
}

/* The disk was full and has room again. What failed must have said so and must not be there; a poisoned
 * engine is opened anew. */
static bool after_full_disk(Child *c, GError **error)
{
    if (!c->disk_full || !g_error_matches(*error, BASE_ERROR, BASE_E_DISK_FULL)) {
        return ok(false, error);
    }
    g_clear_error(error);
    arm(1, 0, 0);
    c->disk_full = false;
    int64_t before = c->n;
    if (engine_poisoned(c->engine)) {
        child_close(c);
        return ok(child_open(c, error), error) && c->n == before;
    }
    return ok(engine_query_int(c->conn, "SELECT coalesce(max(n), 0) FROM ledger", &c->n, error), error) &&
           c->n == before;
}

static bool child_commit(Child *c)
{
    g_autoptr(GError) error = NULL;
    if (!run_transaction(c->conn, c->n + 1, &error)) {
        return after_full_disk(c, &error);
    }
    tell(++c->n);
    return true;
}

static bool child_checkpoint(Child *c)
{
    g_autoptr(GError) error = NULL;
    tell(CHECKPOINT_BEGINS);
    return engine_checkpoint(c->engine, &error) || after_full_disk(c, &error);
}

/* Arguments: path, torn write's number (0: none), seed, mode, checkpoint from which it counts (0: the open).
 */
static int child(char **argv)
{
    gint64 torn_at = 0, seed = 0, mode = 0, armed_at = 0;
    if (!base_text_to_int(argv[3], 0, G_MAXINT, &torn_at) ||
        !base_text_to_int(argv[4], 0, G_MAXINT64, &seed) || !base_text_to_int(argv[5], 0, 99, &mode) ||
        !base_text_to_int(argv[6], 0, 99, &armed_at)) {
        return 2;
    }
    Child c = {.path = argv[2], .disk_full = mode == TORN_FULL};
    g_autoptr(GError) error = NULL;
    if (armed_at == 0) {
        arm(torn_at, (uint64_t)seed, torn_at ? (int)mode : 0);
    }
    if (!ok(child_open(&c, &error), &error)) {
        return 4;
    }
    for (int round = 1; round <= CHECKPOINTS_PER_CHILD; round++) {
        if (mode == TORN_FULL && round == armed_at) { /* commits may hit it too */
            arm(torn_at, (uint64_t)seed, torn_at ? (int)mode : 0);
        }
        for (int i = 0; i < COMMITS_PER_CHECKPOINT; i++) {
            if (!child_commit(&c)) {
                return 6;
            }
        }
        if (mode != TORN_FULL && round == armed_at) {
            arm(torn_at, (uint64_t)seed, torn_at ? (int)mode : 0);
        }
        if (!child_checkpoint(&c)) {
            return 7;
        }
    }
    child_close(&c);
    return mode == TORN_FULL && c.disk_full ? FULL_NOT_REACHED : 0;
}

/* ---- the parent --------------------------------------------------------------------------------------- */

typedef struct {
    char *dir, *path, *undo, *model_path;
    Engine *model; /* a warehouse that nobody kills */
    EngineConn *model_conn;
    int64_t model_n;
    int64_t acked;
    uint64_t seed;
    unsigned ended[8]; /* how children ended */
    unsigned undone;
} Run;

enum { BY_FAULT, BY_MOMENT, BY_TEAR, BY_POWER, BY_NOTHING, N_WAYS };

static const char *const fault_points[] = {"undo.sync=kill",      "checkpoint.undo_written=kill",
                                           "checkpoint.run=kill", "checkpoint.done=kill",
                                           "fs.write=kill",       "undo.between=kill"};

static GPid spawn(char **argv, char **environment, int *ret_out)
{
    GPid pid;
    g_autoptr(GError) error = NULL;
    g_spawn_async_with_pipes(NULL, argv, environment, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                             ret_out, NULL, &error);
    g_assert_no_error(error);
    return pid;
}

/* Reads acknowledgements until the child ends; kills it `delay_us` after its checkpoint number `kill_at`. */
static void follow(Run *run, GPid pid, int out, int kill_at, unsigned delay_us)
{
    int64_t value;
    int checkpoints = 0;
    ssize_t n;
    while ((n = read(out, &value, sizeof value)) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        g_assert_cmpint(n, ==, sizeof value);
        if (value == CHECKPOINT_BEGINS) {
            if (++checkpoints == kill_at) {
                g_usleep(delay_us);
                kill(pid, SIGKILL);
            }
        } else {
            g_assert_cmpint(value, >, run->acked);
            run->acked = value;
        }
    }
    close(out);
}

static char *table_sums(EngineConn *conn)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) tables = engine_query_json(
        conn, "SELECT table_name AS t FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1", NULL, 0,
        1000, &error);
    g_assert_no_error(error);
    GString *out = g_string_new(NULL);
    size_t i;
    json_t *row;
    json_array_foreach (tables, i, row) {
        const char *name = base_json_string(row, "t", "");
        g_autofree char *sql = g_strdup_printf(
            "SELECT count(*)::VARCHAR || ' ' || coalesce(sum(hash(x)), 0)::VARCHAR FROM %s x", name);
        g_autofree char *sum = NULL;
        ok(engine_query_text(conn, sql, &sum, &error), &error);
        g_assert_no_error(error);
        g_string_append_printf(out, "%s %s\n", name, sum);
    }
    return g_string_free(out, FALSE);
}

static void check(Run *run)
{
    if (g_getenv("WEIR_TEST_WITHOUT_UNDO")) {
        unlink(run->undo);
    }
    g_autoptr(GError) error = NULL;
    Engine *engine = open_warehouse(run->path, &error);
    g_assert_no_error(error);
    run->undone += engine_recovery_note(engine) != NULL;
    g_assert_false(g_file_test(run->undo, G_FILE_TEST_EXISTS));
    EngineConn *conn = engine_connect(engine, &error);
    g_assert_no_error(error);
    g_assert_true(engine_exec(conn, tables_sql, &error));
    g_assert_no_error(error);
    int64_t last, count;
    g_assert_true(engine_query_int(conn, "SELECT coalesce(max(n), 0) FROM ledger", &last, &error));
    g_assert_true(engine_query_int(conn, "SELECT count(*) FROM ledger", &count, &error));
    g_assert_cmpint(count, ==, last);
    g_assert_cmpint(last, >=, run->acked);
    g_assert_cmpint(last, <=, run->acked + 1);
    while (run->model_n < last) {
        bool done = run_transaction(run->model_conn, ++run->model_n, &error);
        g_assert_no_error(error);
        g_assert_true(done);
        if (run->model_n % 20 == 0) {
            g_assert_true(engine_checkpoint(run->model, &error));
        }
    }
    g_autofree char *expected = table_sums(run->model_conn), *found = table_sums(conn);
    g_assert_cmpstr(found, ==, expected);
    run->acked = last;
    engine_disconnect(conn);
    /* not closed by the engine's own last checkpoint every time: the log must be replayable twice */
    engine_unref(engine);
}

static int wait_for(GPid pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        g_assert_cmpint(errno, ==, EINTR);
    }
    g_spawn_close_pid(pid);
    return status;
}

static void one_kill(Run *run, unsigned number)
{
    uint64_t r = mix(run->seed + number);
    unsigned way = (unsigned)(r % 4);
    bool aimed = r >> 32 & 1; /* at what a checkpoint writes in place: a handful of writes */
    g_autofree char *torn_at =
        g_strdup_printf("%u", way >= BY_TEAR ? (unsigned)(r / 4 % (aimed ? 6 : 60) + 1) : 0);
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)(r >> 8) & G_MAXINT64);
    g_autofree char *mode =
        g_strdup_printf("%d", (way == BY_POWER ? TORN_POWER : TORN_KILL) | (aimed ? TORN_IN_PLACE : 0));
    unsigned at = (unsigned)(r / 256 % CHECKPOINTS_PER_CHILD);
    g_autofree char *armed_at = g_strdup_printf("%u", at);
    char *argv[] = {g_strdup(program), g_strdup("--child"), run->path, torn_at, seed, mode, armed_at, NULL};
    g_auto(GStrv) environment = g_get_environ();
    if (way == BY_FAULT) {
        g_autofree char *fault = g_strdup_printf("%s@%u", fault_points[r / 4 % G_N_ELEMENTS(fault_points)],
                                                 (unsigned)(r / 64 % CHECKPOINTS_PER_CHILD + 1));
        environment = g_environ_setenv(environment, "WEIR_FAULT", fault, TRUE);
    } else if (way >= BY_TEAR) {
        g_assert_nonnull(g_getenv("WEIR_TORN_WRITE"));
        environment = g_environ_setenv(environment, "LD_PRELOAD", g_getenv("WEIR_TORN_WRITE"), TRUE);
    }
    int out;
    GPid pid = spawn(argv, environment, &out);
    follow(run, pid, out, way == BY_MOMENT ? (int)at + 1 : 0, (unsigned)(r / 1024 % 40000));
    int status = wait_for(pid);
    bool died = WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == TORN_EXIT);
    if (g_getenv("WEIR_TEST_VERBOSE") || (!died && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))) {
        g_test_message("kill %u: way %u, torn at %s, from %s: status %d", number, way, torn_at, armed_at,
                       status);
    }
    g_assert_true(died || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    run->ended[died ? way : BY_NOTHING]++;
    g_free(argv[0]);
    g_free(argv[1]);
}

static void run_init(Run *run)
{
    gint64 seed = g_test_rand_int() & G_MAXINT32;
    const char *text = g_getenv("WEIR_TEST_SEED");
    g_assert_true(!text || base_text_to_int(text, 0, G_MAXINT64, &seed));
    g_test_message("WEIR_TEST_SEED=%" G_GINT64_FORMAT, seed);
    g_autoptr(GError) error = NULL;
    *run = (Run){.seed = (uint64_t)seed};
    run->dir = g_dir_make_tmp("weir-kill-XXXXXX", &error);
    g_assert_no_error(error);
    run->path = g_build_filename(run->dir, "warehouse.duckdb", NULL);
    run->undo = g_strconcat(run->path, ".undo", NULL);
    run->model_path = g_build_filename(run->dir, "model.duckdb", NULL);
    run->model = open_warehouse(run->model_path, &error);
    g_assert_no_error(error);
    run->model_conn = engine_connect(run->model, &error);
    g_assert_true(engine_exec(run->model_conn, tables_sql, &error));
}

static void run_clear(Run *run)
{
    g_autoptr(GError) error = NULL;
    engine_disconnect(run->model_conn);
    engine_unref(run->model);
    g_assert_true(base_fs_remove_tree(run->dir, &error));
    g_free(run->dir);
    g_free(run->path);
    g_free(run->undo);
    g_free(run->model_path);
}

static gint64 count_of(gint64 fallback)
{
    const char *text = g_getenv("WEIR_TEST_KILLS");
    g_assert_true(!text || base_text_to_int(text, 1, 1000000, &fallback));
    return fallback;
}

static void test_kills(void)
{
    gint64 kills = count_of(KILLS_DEFAULT);
    Run run;
    run_init(&run);
    for (unsigned i = 0; i < kills; i++) {
        one_kill(&run, i);
        check(&run);
    }
    g_test_message("%u by fault point, %u at a moment, %u by a torn write, %u by power, %u not at all; %u "
                   "checkpoints undone, %" G_GINT64_FORMAT " transactions",
                   run.ended[BY_FAULT], run.ended[BY_MOMENT], run.ended[BY_TEAR], run.ended[BY_POWER],
                   run.ended[BY_NOTHING], run.undone, run.acked);
    g_assert_cmpuint(run.ended[BY_NOTHING], <, (guint)kills);
    run_clear(&run);
}

/* Each child meets a full disk once, at another write, says DISK_FULL, and goes on when there is room. */
static void test_full_disks(void)
{
    Run run;
    run_init(&run);
    unsigned reached = 0;
    gint64 children = count_of(40) / 4 + 1;
    for (unsigned i = 0; i < children; i++) {
        uint64_t r = mix(run.seed + i);
        g_autofree char *at = g_strdup_printf("%u", (unsigned)(r % 50 + 1));
        char *argv[] = {g_strdup(program),
                        g_strdup("--child"),
                        run.path,
                        at,
                        g_strdup("1"),
                        g_strdup_printf("%d", TORN_FULL),
                        g_strdup_printf("%u", (unsigned)(r / 64 % 3 + 1)),
                        NULL};
        g_assert_nonnull(g_getenv("WEIR_TORN_WRITE"));
        g_auto(GStrv) environment = g_get_environ();
        environment = g_environ_setenv(environment, "LD_PRELOAD", g_getenv("WEIR_TORN_WRITE"), TRUE);
        int out;
        GPid pid = spawn(argv, environment, &out);
        follow(&run, pid, out, 0, 0);
        int status = wait_for(pid);
        g_assert_true(WIFEXITED(status));
        g_assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FULL_NOT_REACHED);
        reached += WEXITSTATUS(status) == 0;
        check(&run);
        g_free(argv[0]);
        g_free(argv[1]);
        g_free(argv[4]);
        g_free(argv[5]);
        g_free(argv[6]);
    }
    g_test_message("%u full disks", reached);
    g_assert_cmpuint(reached, >, 0);
    run_clear(&run);
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "--child") == 0) {
        return child(argv);
    }
    program = argv[0];
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kill/every-acknowledged-commit-survives-a-kill-in-a-checkpoint", test_kills);
    g_test_add_func("/kill/a-full-disk-is-said-and-harms-nothing", test_full_disks);
    return g_test_run();
}
