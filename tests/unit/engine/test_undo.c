/* The undo file on its own: damage made by hand where a cut-off checkpoint could make it, undo files that
 * are broken, old, or another warehouse's, and a second interruption while damage is undone. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "engine/engine.h"

#define HEADERS_BYTES 12288
#define HEADER_BYTES  4096
#define HEAD_BYTES    40 /* UndoHead of undo.c */

static const char *program;

typedef struct {
    char *dir, *path, *undo, *wal;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    f->dir = g_dir_make_tmp("weir-undo-XXXXXX", &error);
    g_assert_no_error(error);
    f->path = g_build_filename(f->dir, "warehouse.duckdb", NULL);
    f->undo = g_strconcat(f->path, ".undo", NULL);
    f->wal = g_strconcat(f->path, ".wal", NULL);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_true(base_fs_remove_tree(f->dir, &error));
    g_free(f->dir);
    g_free(f->path);
    g_free(f->undo);
    g_free(f->wal);
}

static Engine *open_at(const char *path, GError **error)
{
    EngineOptions options = {.path = path, .threads = 2, .memory_bytes = (int64_t)256 << 20};
    return engine_open(&options, error);
}

/* A checkpointed part, a part in the log. Called in a child, which a fault point may end. */
static int build(const char *path)
{
    g_autoptr(GError) error = NULL;
    Engine *engine = open_at(path, &error);
    EngineConn *conn = engine ? engine_connect(engine, &error) : NULL;
    bool ok = conn != NULL;
    for (int i = 0; ok && i < 40; i++) { /* many tables: several pages of metadata */
        g_autofree char *sql = g_strdup_printf(
            "CREATE TABLE IF NOT EXISTS t%d AS SELECT range AS a, md5(range::VARCHAR) AS s FROM range(2000)",
            i);
        ok = engine_exec(conn, sql, &error);
    }
    ok = ok && engine_checkpoint(engine, &error) &&
         engine_exec(conn, "DELETE FROM t1 WHERE a % 2 = 0", &error) && engine_checkpoint(engine, &error) &&
         engine_exec(conn, "INSERT INTO t0 SELECT range, 'log' FROM range(500)", &error) &&
         engine_checkpoint(engine, &error);
    if (!ok) {
        fprintf(stderr, "# %s\n", error ? error->message : "?");
    }
    return ok ? 0 : 1;
}

static int run_child(const char *mode, const char *path, const char *fault)
{
    char *argv[] = {g_strdup(program), g_strdup(mode), g_strdup(path), NULL};
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "WEIR_FAULT", fault, TRUE);
    g_autoptr(GError) error = NULL;
    int status = 0;
    g_spawn_sync(NULL, argv, environment, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error);
    g_assert_no_error(error);
    g_free(argv[0]);
    g_free(argv[1]);
    g_free(argv[2]);
    return status;
}

/* The third checkpoint dies when its undo file is written and nothing else is. */
static void build_and_die(Fixture *f)
{
    int status = run_child("--build", f->path, "checkpoint.undo_written=kill@3");
    g_assert_true(WIFSIGNALED(status));
    g_assert_true(g_file_test(f->undo, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(f->wal, G_FILE_TEST_EXISTS));
}

static char *contents(const char *path, gsize *ret_len)
{
    g_autoptr(GError) error = NULL;
    char *bytes = NULL;
    g_file_get_contents(path, &bytes, ret_len, &error);
    g_assert_no_error(error);
    return bytes;
}

static void put(const char *path, const char *bytes, gsize len)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(base_fs_write(path, bytes, len, 0600, &error));
    g_assert_no_error(error);
}

static int64_t number(EngineConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;
    int64_t value = -1;
    bool ok = engine_query_int(conn, sql, &value, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return value;
}

static void assert_all_rows(Engine *engine)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineConn) conn = engine_connect(engine, &error);
    g_assert_no_error(error);
    g_assert_cmpint(number(conn, "SELECT count(*) FROM t0"), ==, 2500);
    g_assert_cmpint(number(conn, "SELECT count(*) FROM t1"), ==, 1000);
    for (int i = 2; i < 40; i++) {
        g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM t%d WHERE s = md5(a::VARCHAR)", i);
        g_assert_cmpint(number(conn, sql), ==, 2000);
    }
}

/* Opens; `note` is what the recovery must say (a part of it; NULL: nothing). */
static void assert_opens(Fixture *f, const char *note)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Engine) engine = open_at(f->path, &error);
    g_assert_no_error(error);
    if (note) {
        g_assert_nonnull(engine_recovery_note(engine));
        g_assert_nonnull(strstr(engine_recovery_note(engine), note));
    } else {
        g_assert_cmpstr(engine_recovery_note(engine), ==, NULL);
    }
    g_assert_false(g_file_test(f->undo, G_FILE_TEST_EXISTS));
    assert_all_rows(engine);
}

/* Noise over `len` bytes at `offset`. */
static void scribble(const char *path, off_t offset, size_t len)
{
    int fd = open(path, O_WRONLY);
    g_assert_cmpint(fd, >=, 0);
    g_autofree char *noise = g_malloc(len);
    for (size_t i = 0; i < len; i++) {
        noise[i] = (char)g_test_rand_int_range(0, 256);
    }
    g_assert_cmpint(pwrite(fd, noise, len, offset), ==, (ssize_t)len);
    close(fd);
}

/* Tears each metadata block that the undo file names, and the header that is not in force. */
static void damage(Fixture *f)
{
    gsize len;
    g_autofree char *undo = contents(f->undo, &len);
    uint64_t block_bytes, n_blocks;
    memcpy(&block_bytes, undo + 16, 8);
    memcpy(&n_blocks, undo + 24, 8);
    g_assert_cmpuint(n_blocks, >, 0);
    for (uint64_t i = 0; i < n_blocks; i++) {
        uint64_t block;
        memcpy(&block, undo + HEAD_BYTES + HEADERS_BYTES + i * (8 + block_bytes), 8);
        scribble(f->path, (off_t)(HEADERS_BYTES + block * block_bytes),
                 4096 + (size_t)g_test_rand_int_range(0, 4096));
    }
    uint64_t first, second;
    memcpy(&first, undo + HEAD_BYTES + HEADER_BYTES + 8, 8);
    memcpy(&second, undo + HEAD_BYTES + 2 * HEADER_BYTES + 8, 8);
    scribble(f->path, first > second ? 2 * HEADER_BYTES : HEADER_BYTES, 100);
}

static void test_torn_blocks_and_header_are_put_back(Fixture *f, gconstpointer data)
{
    (void)data;
    build_and_die(f);
    gsize len, undo_len;
    g_autofree char *file = contents(f->path, &len), *undo = contents(f->undo, &undo_len);
    damage(f);
    unlink(f->undo);
    g_autoptr(GError) error = NULL;
    g_assert_null(open_at(f->path, &error)); /* without the undo file it is lost */
    g_assert_error(error, BASE_ERROR, BASE_E_DATA_DAMAGED);
    put(f->undo, undo, undo_len);
    assert_opens(f, "has been undone");
    assert_opens(f, NULL);
}

static void test_an_interruption_while_damage_is_undone_does_no_harm(Fixture *f, gconstpointer data)
{
    (void)data;
    build_and_die(f);
    damage(f);
    for (int i = 0; i < 3; i++) {
        int status = run_child("--open", f->path, "undo.between=kill");
        g_assert_true(WIFSIGNALED(status));
        g_assert_true(g_file_test(f->undo, G_FILE_TEST_EXISTS));
    }
    assert_opens(f, "has been undone");
}

static void test_an_undo_file_that_is_not_whole_is_dropped(Fixture *f, gconstpointer data)
{
    (void)data;
    build_and_die(f);
    gsize len, file_len, wal_len;
    g_autofree char *undo = contents(f->undo, &len), *file = contents(f->path, &file_len),
                    *wal = contents(f->wal, &wal_len);
    const gsize cuts[] = {0,       1,       39,     40, HEADERS_BYTES, HEAD_BYTES + HEADERS_BYTES + 7,
                          len / 2, len - 8, len - 1};
    for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
        put(f->path, file, file_len);
        put(f->wal, wal, wal_len);
        put(f->undo, undo, cuts[i]);
        assert_opens(f, NULL);
    }
    for (int i = 0; i < 20; i++) { /* one bit, anywhere */
        put(f->path, file, file_len);
        put(f->wal, wal, wal_len);
        gsize at = (gsize)g_test_rand_int_range(0, (gint32)len);
        char bit = (char)(1 << g_test_rand_int_range(0, 8));
        undo[at] = (char)(undo[at] ^ bit);
        put(f->undo, undo, len);
        assert_opens(f, NULL);
        undo[at] = (char)(undo[at] ^ bit);
    }
}

static void test_an_old_undo_file_does_not_turn_time_back(Fixture *f, gconstpointer data)
{
    (void)data;
    build_and_die(f);
    gsize len;
    g_autofree char *undo = contents(f->undo, &len);
    assert_opens(f, "has been undone"); /* and closes with a checkpoint of its own */
    put(f->undo, undo, len);            /* as if its removal had not reached the disk */
    assert_opens(f, NULL);
}

static void test_an_undo_file_of_another_warehouse_is_not_applied(Fixture *f, gconstpointer data)
{
    (void)data;
    build_and_die(f);
    gsize len;
    g_autofree char *undo = contents(f->undo, &len);
    unlink(f->path);
    unlink(f->wal);
    unlink(f->undo);
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.path = f->path};
    Engine *fresh = engine_open(&options, &error); /* iteration lower than the undo file's */
    g_assert_no_error(error);
    engine_unref(fresh);
    put(f->undo, undo, len);
    g_autoptr(Engine) engine = open_at(f->path, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(engine_recovery_note(engine), "another warehouse"));
    g_autoptr(EngineConn) conn = engine_connect(engine, &error);
    g_assert_cmpint(number(conn, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 't0'"), ==, 0);
}

static void test_a_running_warehouse_is_not_put_back(Fixture *f, gconstpointer data)
{
    (void)data;
    build_and_die(f);
    gsize len;
    g_autofree char *undo = contents(f->undo, &len);
    g_autoptr(GError) error = NULL;
    Engine *engine = open_at(f->path, &error);
    g_assert_no_error(error);
    put(f->undo, undo, len); /* as it is while a checkpoint runs */
    int status = run_child("--open", f->path, "");
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 8); /* DATA_LOCKED */
    g_assert_true(g_file_test(f->undo, G_FILE_TEST_EXISTS));
    engine_unref(engine);
    assert_opens(f, NULL);
}

static void test_a_kill_while_the_file_is_made_leaves_none(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autofree char *fresh = g_strconcat(f->path, ".new", NULL);
    put(fresh, "half", 4);
    g_autoptr(GError) error = NULL;
    g_autoptr(Engine) engine = open_at(f->path, &error);
    g_assert_no_error(error);
    g_assert_false(g_file_test(fresh, G_FILE_TEST_EXISTS));
}

static int open_only(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Engine) engine = open_at(path, &error);
    return engine ? 0 : g_error_matches(error, BASE_ERROR, BASE_E_DATA_LOCKED) ? 8 : 1;
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--build") == 0) {
        return build(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "--open") == 0) {
        return open_only(argv[2]);
    }
    program = argv[0];
    g_test_init(&argc, &argv, NULL);
    ADD("/undo/torn-blocks-and-header-are-put-back", test_torn_blocks_and_header_are_put_back);
    ADD("/undo/an-interruption-while-damage-is-undone-does-no-harm",
        test_an_interruption_while_damage_is_undone_does_no_harm);
    ADD("/undo/an-undo-file-that-is-not-whole-is-dropped", test_an_undo_file_that_is_not_whole_is_dropped);
    ADD("/undo/an-old-undo-file-does-not-turn-time-back", test_an_old_undo_file_does_not_turn_time_back);
    ADD("/undo/an-undo-file-of-another-warehouse-is-not-applied",
        test_an_undo_file_of_another_warehouse_is_not_applied);
    ADD("/undo/a-running-warehouse-is-not-put-back", test_a_running_warehouse_is_not_put_back);
    ADD("/undo/a-kill-while-the-file-is-made-leaves-none", test_a_kill_while_the_file_is_made_leaves_none);
    return g_test_run();
}
