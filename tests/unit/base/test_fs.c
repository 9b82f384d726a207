#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static char *root;

static char *in_root(const char *relative)
{
    return g_build_filename(root, relative, NULL);
}

static void put(const char *relative, const char *text)
{
    g_autofree char *path = in_root(relative);
    g_autofree char *dir = g_path_get_dirname(path);
    g_assert_true(base_fs_mkdir(dir, NULL));
    g_assert_true(base_fs_write(path, text, strlen(text), 0640, NULL));
}

static void a_written_file_reads_back_with_its_mode_and_nothing_beside_it(void)
{
    g_autoptr(GError) error = NULL;
    put("w/a.txt", "one");
    put("w/a.txt", "two");
    g_autofree char *path = in_root("w/a.txt");
    size_t len = 0;
    g_autofree char *text = base_fs_read(path, 100, &len, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "two");
    g_assert_cmpuint(len, ==, 3);
    struct stat info;
    g_assert_cmpint(stat(path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 0777, ==, 0640);
    g_autofree char *dir = in_root("w");
    g_autoptr(GPtrArray) all = base_fs_glob(dir, "*");
    g_assert_cmpuint(all->len, ==, 1);
}

static void a_failed_write_leaves_the_old_file(void)
{
    g_autoptr(GError) error = NULL;
    put("ro/a.txt", "old");
    g_autofree char *missing = in_root("nowhere/a.txt");
    g_assert_false(base_fs_write(missing, "x", 1, 0600, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FILE_NOT_FOUND);
}

static void a_file_past_the_limit_is_not_read(void)
{
    g_autoptr(GError) error = NULL;
    put("big", "12345");
    g_autofree char *path = in_root("big");
    g_autofree char *exact = base_fs_read(path, 5, NULL, &error);
    g_assert_cmpstr(exact, ==, "12345");
    g_assert_null(base_fs_read(path, 4, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FILE_TOO_LARGE);
}

static void a_full_disk_is_its_own_error(void)
{
    g_autoptr(GError) error = NULL;
    int fd = open("/dev/full", O_WRONLY);
    g_assert_cmpint(fd, >=, 0);
    g_assert_false(base_fs_write_all(fd, "x", 1, "/dev/full", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DISK_FULL);
    close(fd);
}

static void a_copy_is_equal_and_replaces(void)
{
    GString *large = g_string_new(NULL);
    for (int i = 0; i < 300000; i++) {
        g_string_append_printf(large, "%d,", i);
    }
    put("c/from", large->str);
    put("c/to", "old");
    g_autofree char *from = in_root("c/from");
    g_autofree char *to = in_root("c/to");
    g_assert_true(base_fs_copy(from, to, NULL));
    g_autofree char *text = base_fs_read(to, large->len, NULL, NULL);
    g_assert_cmpstr(text, ==, large->str);
    g_string_free(large, TRUE);
}

static bool collect(const char *path, const char *relative, gpointer user, GError **error)
{
    (void)path;
    (void)error;
    g_string_append_printf(user, "%s ", relative);
    return true;
}

static void a_walk_is_sorted_skips_hidden_and_never_circles(void)
{
    put("t/b.yml", "");
    put("t/a/z.sql", "");
    put("t/.git/x", "");
    put("t/a/.hidden", "");
    g_autofree char *link = in_root("t/a/loop");
    g_autofree char *top = in_root("t");
    g_assert_cmpint(symlink(top, link), ==, 0);
    GString *seen = g_string_new(NULL);
    g_assert_true(base_fs_walk(top, collect, seen, NULL));
    g_assert_cmpstr(seen->str, ==, "a/z.sql b.yml ");
    g_string_free(seen, TRUE);
}

static char *glob_names(const char *pattern)
{
    g_autoptr(GPtrArray) paths = base_fs_glob(root, pattern);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        g_string_append_printf(out, "%s ", path + strlen(root) + 1);
    }
    return g_string_free(out, FALSE);
}

static void globs_find_files_at_any_depth_once(void)
{
    put("g/a.csv", "");
    put("g/x/b.csv", "");
    put("g/x/y/c.csv", "");
    put("g/x/y/c.txt", "");
    g_autofree char *flat = glob_names("g/*.csv");
    g_autofree char *deep = glob_names("g/**/*.csv");
    g_autofree char *all = glob_names("g/x/**");
    g_autofree char *twice = glob_names("g/**/**/c.csv");
    g_autofree char *plain = glob_names("./g//x/b.csv");
    g_autofree char *none = glob_names("g/*.parquet");
    g_assert_cmpstr(flat, ==, "g/a.csv ");
    g_assert_cmpstr(deep, ==, "g/a.csv g/x/b.csv g/x/y/c.csv ");
    g_assert_cmpstr(all, ==, "g/x/b.csv g/x/y/c.csv g/x/y/c.txt ");
    g_assert_cmpstr(twice, ==, "g/x/y/c.csv ");
    g_assert_cmpstr(plain, ==, "g/x/b.csv ");
    g_assert_cmpstr(none, ==, "");
    g_autofree char *absolute = g_strdup_printf("%s/g/x/*.csv", root);
    g_autoptr(GPtrArray) found = base_fs_glob("/nonexistent", absolute);
    g_assert_cmpuint(found->len, ==, 1);
}

static void removing_a_tree_does_not_follow_links(void)
{
    put("keep/me", "x");
    put("r/d/file", "x");
    g_autofree char *link = in_root("r/d/link");
    g_autofree char *keep = in_root("keep");
    g_assert_cmpint(symlink(keep, link), ==, 0);
    g_autofree char *tree = in_root("r");
    g_assert_true(base_fs_remove_tree(tree, NULL));
    g_assert_true(base_fs_remove_tree(tree, NULL));
    g_assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
    g_autofree char *me = in_root("keep/me");
    g_assert_true(g_file_test(me, G_FILE_TEST_EXISTS));
}

static void free_space_is_known_or_minus_one(void)
{
    g_assert_cmpint(base_fs_free_bytes(root), >, 0);
    g_assert_cmpint(base_fs_free_bytes("/nonexistent/x"), ==, -1);
}

#define ADD(f) g_test_add_func("/fs/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    root = g_dir_make_tmp("weir-fs-XXXXXX", NULL);
    ADD(a_written_file_reads_back_with_its_mode_and_nothing_beside_it);
    ADD(a_failed_write_leaves_the_old_file);
    ADD(a_file_past_the_limit_is_not_read);
    ADD(a_full_disk_is_its_own_error);
    ADD(a_copy_is_equal_and_replaces);
    ADD(a_walk_is_sorted_skips_hidden_and_never_circles);
    ADD(globs_find_files_at_any_depth_once);
    ADD(removing_a_tree_does_not_follow_links);
    ADD(free_space_is_known_or_minus_one);
    int status = g_test_run();
    g_assert_true(base_fs_remove_tree(root, NULL));
    g_free(root);
    return status;
}
