/* What is LMDB's own: it survives kills, full disks and being opened again; it is one process's; it counts.
 */
#include <lmdb.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "online_fixture.h"

#define S G_GINT64_CONSTANT(1000000)

static const char *self;

static FeaturesOnline *try_open(const char *dir, gint64 max_bytes, GError **error)
{
    const FeaturesOnlineOptions options = {.store = "lmdb", .dir = dir, .max_bytes = max_bytes};
    return features_online_open(&options, error);
}

static FeaturesOnline *must_open(const char *dir)
{
    GError *error = NULL;
    FeaturesOnline *online = try_open(dir, 0, &error);
    g_assert_no_error(error);
    return online;
}

static char *new_dir(void)
{
    return g_dir_make_tmp("weir-lmdb-XXXXXX", NULL);
}

static void remove_dir(char *dir)
{
    g_assert_true(base_fs_remove_tree(dir, NULL));
    g_free(dir);
}

static FeaturesOnlineSize size_of(FeaturesOnline *online, const FeaturesView *view)
{
    FeaturesOnlineSize size;
    GError *error = NULL;
    g_assert_true(features_online_size(online, view, &size, &error));
    return size;
}

/* ---- opening ----------------------------------------------------------------------------------------------
 */

static void what_was_put_is_there_after_opening_again(void)
{
    char *dir = new_dir();
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    g_autoptr(TestView) later = view_new("p", "later", "id:int64", "x:int64");
    FeaturesOnline *online = must_open(dir);
    put_1(online, view, int64_value(1), S, 2 * S, int64_value(7));
    features_online_close(online);
    online = must_open(dir);
    put_1(online, later, int64_value(1), S, 2 * S, int64_value(8));
    FeaturesRead read = get_1(online, view, int64_value(1), arena);
    assert_value(&read.values[0], int64_value(7));
    g_assert_cmpint(put_1(online, view, int64_value(1), S, 2 * S, int64_value(9)).skipped, ==, 1);
    features_online_close(online);
    remove_dir(dir);
}

static void a_folder_is_open_once(void)
{
    char *dir = new_dir();
    g_autoptr(GError) error = NULL;
    FeaturesOnline *online = must_open(dir);
    g_assert_null(try_open(dir, 0, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DATA_LOCKED);
    features_online_close(online);
    online = must_open(dir);
    features_online_close(online);
    remove_dir(dir);
}

static void write_format(const char *dir, guint32 format)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi meta;
    char word[] = "format";
    guint32 little = GUINT32_TO_LE(format);
    MDB_val key = {6, word}, value = {4, &little};
    g_assert_cmpint(mdb_env_create(&env), ==, 0);
    g_assert_cmpint(mdb_env_set_maxdbs(env, 3), ==, 0);
    g_assert_cmpint(mdb_env_open(env, dir, 0, 0600), ==, 0);
    g_assert_cmpint(mdb_txn_begin(env, NULL, 0, &txn), ==, 0);
    g_assert_cmpint(mdb_dbi_open(txn, "meta", 0, &meta), ==, 0);
    g_assert_cmpint(mdb_put(txn, meta, &key, &value, 0), ==, 0);
    g_assert_cmpint(mdb_txn_commit(txn), ==, 0);
    mdb_env_close(env);
}

static void a_newer_format_and_foreign_files_are_refused(void)
{
    char *dir = new_dir();
    g_autoptr(GError) error = NULL;
    features_online_close(must_open(dir));
    write_format(dir, 2);
    g_assert_null(try_open(dir, 0, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FORMAT_NEWER);
    g_clear_error(&error);
    g_autofree char *path = g_build_filename(dir, "data.mdb", NULL), *junk = g_strnfill(20000, 'j');
    g_assert_true(g_file_set_contents(path, junk, 20000, NULL));
    g_assert_null(try_open(dir, 0, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DATA_DAMAGED);
    remove_dir(dir);
}

/* ---- counting, copying
 * -------------------------------------------------------------------------------------- */

static void sizes_are_exact(void)
{
    char *dir = new_dir();
    GError *error = NULL;
    bool erased;
    FeaturesOnline *online = must_open(dir);
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:string");
    g_autoptr(TestView) other = view_new("p", "stats_v2", "id:int64", "x:string");
    g_assert_cmpint(size_of(online, view).rows, ==, 0);
    for (gint64 i = 0; i < 10; i++) {
        put_1(online, view, int64_value(i), S, S, text_value("abc"));
    }
    put_1(online, other, int64_value(1), S, S, text_value("abc"));
    FeaturesOnlineSize size = size_of(online, view), one = size_of(online, other);
    g_assert_cmpint(size.rows, ==, 10);
    g_assert_cmpint(size.bytes, ==, 10 * one.bytes);
    put_1(online, view, int64_value(1), 2 * S, S, text_value("abcdef"));
    g_assert_cmpint(size_of(online, view).rows, ==, 10);
    g_assert_cmpint(size_of(online, view).bytes, ==, size.bytes + 3);
    FeaturesValue key = int64_value(1);
    g_assert_true(features_online_erase(online, view, &key, &erased, &error));
    g_assert_cmpint(size_of(online, view).rows, ==, 9);
    g_assert_cmpint(size_of(online, view).bytes, ==, size.bytes - one.bytes);
    g_assert_cmpint(size_of(online, NULL).rows, ==, 10);
    gint64 rows;
    g_assert_true(features_online_erase_all(online, "p", view, &rows, &error));
    g_assert_cmpint(size_of(online, view).rows, ==, 0);
    g_assert_cmpint(size_of(online, view).bytes, ==, 0);
    features_online_close(online);
    remove_dir(dir);
}

static void a_backup_is_a_store_of_its_own(void)
{
    char *dir = new_dir();
    GError *error = NULL;
    g_autofree char *copy = g_build_filename(dir, "copy", NULL), *data = g_build_filename(dir, "data", NULL);
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    FeaturesOnline *online = must_open(data);
    put_1(online, view, int64_value(1), S, S, int64_value(1));
    g_assert_true(features_online_backup(online, copy, &error));
    put_1(online, view, int64_value(1), 2 * S, S, int64_value(2));
    FeaturesOnline *backup = must_open(copy);
    FeaturesRead read = get_1(backup, view, int64_value(1), arena);
    assert_value(&read.values[0], int64_value(1));
    put_1(backup, view, int64_value(2), S, S, int64_value(5));
    features_online_close(backup);
    g_assert_false(get_1(online, view, int64_value(2), arena).found);
    features_online_close(online);
    remove_dir(dir);
}

/* ---- full
 * --------------------------------------------------------------------------------------------------- */

static bool put_large(FeaturesOnline *online, const FeaturesView *view, gint64 id, const char *text,
                      GError **error)
{
    FeaturesValue key = int64_value(id), value = text_value(text);
    const FeaturesRow row = {&key, S, S, &value};
    FeaturesPut put;
    return features_online_put(online, view, &row, 1, &put, error);
}

static void a_full_store_loses_nothing(void)
{
    char *dir = new_dir();
    g_autofree char *text = g_strnfill(50000, 'x');
    g_autoptr(GError) error = NULL;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:string");
    FeaturesOnline *online = try_open(dir, 1 << 20, &error);
    gint64 n = 0;
    while (put_large(online, view, n, text, &error)) {
        g_assert_cmpint(++n, <, 100);
    }
    g_assert_error(error, BASE_ERROR, BASE_E_DISK_FULL);
    g_assert_nonnull(strstr(base_error_get_hint(error), "features.online_max"));
    g_assert_cmpint(n, >, 5);
    for (gint64 i = 0; i < n; i++) {
        FeaturesRead read = get_1(online, view, int64_value(i), arena);
        assert_value(&read.values[0], text_value(text));
    }
    g_assert_cmpint(size_of(online, view).rows, ==, n);
    features_online_close(online);
    g_clear_error(&error);
    online = try_open(dir, 8 << 20, &error); /* a larger one takes it over */
    g_assert_true(put_large(online, view, n, text, &error));
    g_assert_cmpint(size_of(online, view).rows, ==, n + 1);
    features_online_close(online);
    remove_dir(dir);
}

/* In a process of its own: faults are read once. */
static void a_full_disk_loses_nothing(void)
{
#ifdef WEIR_FAULTS
    if (!g_test_subprocess()) {
        g_setenv("WEIR_FAULT", "online.commit=enospc@3", TRUE);
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
        g_unsetenv("WEIR_FAULT");
        g_test_trap_assert_passed();
        return;
    }
    char *dir = new_dir();
    g_autoptr(GError) error = NULL;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:string");
    FeaturesOnline *online = must_open(dir); /* the first commit */
    g_assert_true(put_large(online, view, 1, "a", &error));
    g_assert_false(put_large(online, view, 2, "b", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DISK_FULL);
    g_clear_error(&error);
    g_assert_true(get_1(online, view, int64_value(1), arena).found);
    g_assert_false(get_1(online, view, int64_value(2), arena).found);
    g_assert_true(put_large(online, view, 2, "b", &error));
    g_assert_cmpint(size_of(online, view).rows, ==, 2);
    features_online_close(online);
    remove_dir(dir);
#else
    g_test_skip("built without faults");
#endif
}

/* ---- killed
 * ------------------------------------------------------------------------------------------------- */

enum { ENTITIES = 40, FEATURES = 12 };

static FeaturesView *kill_view(void)
{
    g_autoptr(GString) names = g_string_new("s:string");
    for (int i = 1; i < FEATURES; i++) {
        g_string_append_printf(names, ",f%d:int64", i);
    }
    return view_new("p", "stats", "id:int64", names->str);
}

/* All entities at one time; every feature says which. */
static void put_round(FeaturesOnline *online, const FeaturesView *view, gint64 time)
{
    FeaturesValue keys[ENTITIES], values[FEATURES];
    FeaturesRow rows[ENTITIES];
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, time);
    values[0] = text_value(text);
    for (int i = 1; i < FEATURES; i++) {
        values[i] = int64_value(time);
    }
    for (int i = 0; i < ENTITIES; i++) {
        keys[i] = int64_value(i);
        rows[i] = (FeaturesRow){&keys[i], time, FEATURES_NO_TIME, values};
    }
    must_put(online, view, rows, ENTITIES);
}

/* What materialising does meanwhile: rows that are older than what is there. */
static gpointer put_older(gpointer user)
{
    g_autoptr(TestView) view = kill_view();
    for (gint64 time = 1;; time = time % 50 + 1) {
        put_round(user, view, time);
    }
    return NULL;
}

static void child(const char *dir, int first, int fd)
{
    g_autoptr(TestView) view = kill_view();
    FeaturesOnline *online = must_open(dir);
    g_thread_new("older", put_older, online);
    for (int n = first;; n++) {
        put_round(online, view, 1000 + n);
        if (write(fd, &n, sizeof n) != (ssize_t)sizeof n) {
            _exit(3);
        }
    }
}

/* Runs the child until it dies; gives the last number that it was told is durable. */
static int run_child(const char *dir, int first, const char *fault, int kill_at)
{
    int pipes[2], status, last = first - 1, n;
    g_assert_cmpint(pipe(pipes), ==, 0);
    g_autofree char *number = g_strdup_printf("%d", first), *fd = g_strdup_printf("%d", pipes[1]);
    pid_t pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        if (fault) {
            g_setenv("WEIR_FAULT", fault, TRUE);
        }
        execl(self, self, "--child", dir, number, fd, (char *)NULL);
        _exit(4);
    }
    close(pipes[1]);
    while (read(pipes[0], &n, sizeof n) == (ssize_t)sizeof n) {
        g_assert_cmpint(n, ==, last + 1);
        last = n;
        if (n == kill_at) {
            kill(pid, SIGKILL); /* while the next one is under way */
        }
    }
    close(pipes[0]);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

/* Gives the newest time that is there. */
static gint64 check_rows(const char *dir, gint64 acknowledged)
{
    g_autoptr(TestView) view = kill_view();
    g_autoptr(FeaturesArena) arena = features_arena_new();
    FeaturesOnline *online = must_open(dir);
    gint64 newest = 0, found = 0;
    for (int i = 0; i < ENTITIES; i++) {
        FeaturesRead read = get_1(online, view, int64_value(i), arena);
        gint64 time = read.found ? read.event_us : 0;
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, time);
        found += read.found;
        g_assert_cmpint(time, >=, acknowledged);
        for (int f = 1; read.found && f < FEATURES; f++) {
            assert_value(&read.values[f], int64_value(time));
        }
        if (read.found) {
            assert_value(&read.values[0], text_value(text));
        }
        newest = MAX(newest, time);
    }
    g_assert_cmpint(size_of(online, view).rows, ==, found);
    features_online_close(online);
    return newest;
}

static void a_kill_leaves_whole_rows_and_the_newest(void)
{
    static const char *const faults[] = {
#ifdef WEIR_FAULTS
        "online.commit=kill@2", "online.committed=kill@2", "online.commit=kill@9", "online.committed=kill@9",
#endif
        NULL};
    gint64 kills = 8;
    const char *more = g_getenv("WEIR_KILLS");
    char *dir = new_dir();
    int next = 0;
    if (more) {
        g_assert_true(base_text_to_int(more, 1, 100000, &kills));
    }
    for (gint64 i = 0; i < kills; i++) {
        gint64 faulty = i < (gint64)G_N_ELEMENTS(faults) - 1 ? i : (gint64)G_N_ELEMENTS(faults) - 1;
        int last = run_child(dir, next, faults[faulty], next + (int)(i * 7 % 23));
        gint64 newest = check_rows(dir, last >= 0 ? 1000 + last : 0);
        next = MAX(last + 1, (int)newest - 1000 + 1);
        next = MAX(next, 0);
    }
    remove_dir(dir);
}

int main(int argc, char **argv)
{
    gint64 first, fd;
    self = argv[0];
    if (argc == 5 && !strcmp(argv[1], "--child") && base_text_to_int(argv[3], 0, G_MAXINT, &first) &&
        base_text_to_int(argv[4], 0, G_MAXINT, &fd)) {
        child(argv[2], (int)first, (int)fd);
    }
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/lmdb/opened again", what_was_put_is_there_after_opening_again);
    g_test_add_func("/features/lmdb/open once", a_folder_is_open_once);
    g_test_add_func("/features/lmdb/newer and foreign", a_newer_format_and_foreign_files_are_refused);
    g_test_add_func("/features/lmdb/sizes", sizes_are_exact);
    g_test_add_func("/features/lmdb/backup", a_backup_is_a_store_of_its_own);
    g_test_add_func("/features/lmdb/full store", a_full_store_loses_nothing);
    g_test_add_func("/features/lmdb/full disk", a_full_disk_loses_nothing);
    g_test_add_func("/features/lmdb/kill", a_kill_leaves_whole_rows_and_the_newest);
    return g_test_run();
}
