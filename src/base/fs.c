/* Files: whole reads under a limit, writes that are all there or not at all after a crash, walking and
 * globbing. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/text.h"

#define FS_MAX_DEPTH  64
#define FS_COPY_BYTES ((size_t)1024 * 1024)

bool base_fs_fail(GError **error, int errno_value, const char *what, const char *path)
{
    BaseErrorCode code = BASE_E_FILE_IO;
    if (errno_value == ENOSPC || errno_value == EDQUOT) {
        code = BASE_E_DISK_FULL;
    } else if (errno_value == ENOENT) {
        code = BASE_E_FILE_NOT_FOUND;
    }
    return base_fail(error, code, "cannot %s `%s`: %s", what, path, g_strerror(errno_value));
}

static int open_retry(const char *path, int flags, int mode)
{
    int fd = -1;
    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* ---- reading ---- */

static ssize_t read_retry(int fd, void *buffer, size_t len)
{
    ssize_t n = -1;
    do {
        n = read(fd, buffer, len);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* Grows as it reads: the size that stat gives is not to be trusted for pipes and /proc. */
static char *read_all(int fd, const char *path, size_t limit, size_t *ret_len, GError **error)
{
    struct stat info;
    size_t room = 64 * 1024;
    if (fstat(fd, &info) == 0 && info.st_size > 0) {
        room = (size_t)MIN((guint64)info.st_size, (guint64)limit) + 1;
    }
    g_autofree char *buffer = g_malloc(room + 1);
    size_t len = 0;
    for (;;) {
        if (len == room) {
            room *= 2;
            buffer = g_realloc(buffer, room + 1);
        }
        ssize_t n = read_retry(fd, buffer + len, room - len);
        if (n < 0) {
            base_fs_fail(error, errno, "read", path);
            return NULL;
        }
        if (n == 0) {
            break;
        }
        len += (size_t)n;
        if (len > limit) {
            base_fail(error, BASE_E_FILE_TOO_LARGE, "`%s` is larger than %zu bytes", path, limit);
            return NULL;
        }
    }
    buffer[len] = '\0';
    if (ret_len != NULL) {
        *ret_len = len;
    }
    return g_steal_pointer(&buffer);
}

char *base_fs_read(const char *path, size_t limit, size_t *ret_len, GError **error)
{
    int fd = open_retry(path, O_RDONLY, 0);
    if (fd < 0) {
        base_fs_fail(error, errno, "open", path);
        return NULL;
    }
    char *text = read_all(fd, path, limit, ret_len, error);
    close(fd);
    return text;
}

/* ---- writing ---- */

bool base_fs_write_all(int fd, const void *data, size_t len, const char *path, GError **error)
{
    const char *at = data;
    while (len > 0) {
        int fault = BASE_FAULT("fs.write");
        ssize_t n = fault != 0 ? -1 : write(fd, at, len);
        int why = fault != 0 ? fault : errno;
        if (n < 0 && why == EINTR) {
            continue;
        }
        if (n < 0) {
            return base_fs_fail(error, why, "write", path);
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool base_fs_sync_dir(const char *path, GError **error)
{
    int fd = open_retry(path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return base_fs_fail(error, errno, "open", path);
    }
    bool ok = fsync(fd) == 0 || base_fs_fail(error, errno, "sync", path);
    close(fd);
    return ok;
}

static bool sync_parent(const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    return base_fs_sync_dir(dir, error);
}

static bool fill(int fd, const void *data, size_t len, int mode, const char *path, GError **error)
{
    if (fchmod(fd, (mode_t)mode) != 0) {
        return base_fs_fail(error, errno, "set the mode of", path);
    }
    if (!base_fs_write_all(fd, data, len, path, error)) {
        return false;
    }
    return fsync(fd) == 0 || base_fs_fail(error, errno, "sync", path);
}

/* The new name takes the place of the old in one step; the folder is synced so that it stays after power
 * loss. */
static bool put_in_place(const char *temporary, const char *path, GError **error)
{
    if (rename(temporary, path) != 0) {
        return base_fs_fail(error, errno, "rename to", path);
    }
    return sync_parent(path, error);
}

bool base_fs_write(const char *path, const void *data, size_t len, int mode, GError **error)
{
    g_autofree char *temporary = g_strconcat(path, ".tmp.XXXXXX", NULL);
    int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        return base_fs_fail(error, errno, "create", path);
    }
    bool ok = fill(fd, data, len, mode, path, error);
    if (close(fd) != 0 && ok) {
        ok = base_fs_fail(error, errno, "close", path);
    }
    ok = ok && put_in_place(temporary, path, error);
    if (!ok) {
        unlink(temporary);
    }
    return ok;
}

bool base_fs_mkdir(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0700) != 0) {
        return base_fs_fail(error, errno, "create folder", path);
    }
    return true;
}

static bool copy_bytes(int from, int to, const char *from_path, const char *to_path, GError **error)
{
    g_autofree char *buffer = g_malloc(FS_COPY_BYTES);
    for (;;) {
        ssize_t n = read_retry(from, buffer, FS_COPY_BYTES);
        if (n < 0) {
            return base_fs_fail(error, errno, "read", from_path);
        }
        if (n == 0) {
            break;
        }
        if (!base_fs_write_all(to, buffer, (size_t)n, to_path, error)) {
            return false;
        }
    }
    return fsync(to) == 0 || base_fs_fail(error, errno, "sync", to_path);
}

static bool copy_to(int from, const char *from_path, const char *to_path, GError **error)
{
    struct stat info;
    if (fstat(from, &info) != 0) {
        return base_fs_fail(error, errno, "read", from_path);
    }
    g_autofree char *temporary = g_strconcat(to_path, ".tmp.XXXXXX", NULL);
    int to = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (to < 0) {
        return base_fs_fail(error, errno, "create", to_path);
    }
    bool ok = fchmod(to, info.st_mode & 0777) == 0 || base_fs_fail(error, errno, "set the mode of", to_path);
    ok = ok && copy_bytes(from, to, from_path, to_path, error);
    if (close(to) != 0 && ok) {
        ok = base_fs_fail(error, errno, "close", to_path);
    }
    ok = ok && put_in_place(temporary, to_path, error);
    if (!ok) {
        unlink(temporary);
    }
    return ok;
}

bool base_fs_copy(const char *from, const char *to, GError **error)
{
    int fd = open_retry(from, O_RDONLY, 0);
    if (fd < 0) {
        return base_fs_fail(error, errno, "open", from);
    }
    bool ok = copy_to(fd, from, to, error);
    close(fd);
    return ok;
}

/* ---- folders ---- */

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, sorted by bytes; NULL with errno's error. */
static GPtrArray *list_names(const char *path, GError **error)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        base_fs_fail(error, errno, "open folder", path);
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    errno = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            g_ptr_array_add(names, g_strdup(entry->d_name));
        }
    }
    int why = errno;
    closedir(dir);
    if (why != 0) {
        base_fs_fail(error, why, "read folder", path);
        g_ptr_array_unref(names);
        return NULL;
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

static bool remove_at(const char *path, int depth, GError **error)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return errno == ENOENT || base_fs_fail(error, errno, "remove", path);
    }
    if (!S_ISDIR(info.st_mode)) {
        return unlink(path) == 0 || errno == ENOENT || base_fs_fail(error, errno, "remove", path);
    }
    if (depth > FS_MAX_DEPTH) {
        return base_fail(error, BASE_E_FILE_IO, "`%s` is nested too deep", path);
    }
    g_autoptr(GPtrArray) names = list_names(path, error);
    if (names == NULL) {
        return false;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *child = g_build_filename(path, g_ptr_array_index(names, i), NULL);
        if (!remove_at(child, depth + 1, error)) {
            return false;
        }
    }
    return rmdir(path) == 0 || errno == ENOENT || base_fs_fail(error, errno, "remove", path);
}

bool base_fs_remove_tree(const char *path, GError **error)
{
    return remove_at(path, 0, error);
}

gint64 base_fs_free_bytes(const char *path)
{
    struct statvfs info;
    if (statvfs(path, &info) != 0) {
        return -1;
    }
    return (gint64)info.f_bavail * (gint64)info.f_frsize;
}

typedef struct {
    BaseFsVisit visit;
    gpointer user;
} Walk;

/* Linked files are read, linked folders are not followed: they could lead back to where we stand. */
static bool walk_at(const Walk *walk, const char *path, const char *relative, int depth, GError **error)
{
    if (depth > FS_MAX_DEPTH) {
        return base_fail(error, BASE_E_FILE_IO, "`%s` is nested too deep", path);
    }
    g_autoptr(GPtrArray) names = list_names(path, error);
    if (names == NULL) {
        return false;
    }
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        struct stat link;
        struct stat info;
        if (name[0] == '.') {
            continue;
        }
        g_autofree char *child = g_build_filename(path, name, NULL);
        g_autofree char *child_relative =
            *relative == '\0' ? g_strdup(name) : g_strconcat(relative, "/", name, NULL);
        if (lstat(child, &link) != 0) {
            continue; /* gone since */
        }
        info = link;
        if (S_ISLNK(link.st_mode) && stat(child, &info) != 0) {
            continue; /* a link to nowhere */
        }
        bool ok = true;
        if (S_ISREG(info.st_mode)) {
            ok = walk->visit(child, child_relative, walk->user, error);
        } else if (S_ISDIR(link.st_mode)) {
            ok = walk_at(walk, child, child_relative, depth + 1, error);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool base_fs_walk(const char *root, BaseFsVisit visit, gpointer user, GError **error)
{
    Walk walk = {visit, user};
    return walk_at(&walk, root, "", 0, error);
}

/* ---- globs: part by part, so that only folders that can match are read ---- */

static void glob_at(const char *dir, char **parts, int depth, GHashTable *found);

static void glob_one(const char *dir, const char *name, char **rest, int depth, GHashTable *found)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    struct stat info;
    if (stat(path, &info) != 0) {
        return;
    }
    if (rest[0] == NULL && S_ISREG(info.st_mode)) {
        g_hash_table_add(found, g_steal_pointer(&path));
    } else if (rest[0] != NULL && S_ISDIR(info.st_mode)) {
        glob_at(path, rest, depth + 1, found);
    }
}

static bool is_real_dir(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void glob_at(const char *dir, char **parts, int depth, GHashTable *found)
{
    const char *part = parts[0];
    if (depth > FS_MAX_DEPTH) {
        return;
    }
    if (strpbrk(part, "*?[") == NULL) {
        glob_one(dir, part, parts + 1, depth, found);
        return;
    }
    bool any_depth = strcmp(part, "**") == 0;
    char *files_too[] = {(char[]){"*"}, NULL};
    if (any_depth) {
        glob_at(dir, parts[1] == NULL ? files_too : parts + 1, depth + 1, found);
    }
    g_autoptr(GPtrArray) names = list_names(dir, NULL); /* a folder that cannot be read matches nothing */
    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (name[0] == '.' && part[0] != '.') {
            continue;
        }
        if (any_depth && is_real_dir(dir, name)) {
            glob_one(dir, name, parts, depth, found);
        } else if (!any_depth && base_text_glob(part, name)) {
            glob_one(dir, name, parts + 1, depth, found);
        }
    }
}

GPtrArray *base_fs_glob(const char *root, const char *pattern)
{
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool absolute = g_path_is_absolute(pattern);
    g_auto(GStrv) all = g_strsplit(pattern, "/", -1);
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    for (char **part = all; *part != NULL; part++) {
        if (**part != '\0' && strcmp(*part, ".") != 0) {
            g_ptr_array_add(parts, *part);
        }
    }
    g_ptr_array_add(parts, NULL);
    if (parts->len > 1) {
        glob_at(absolute ? "/" : root, (char **)parts->pdata, 0, found);
    }
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer path = NULL;
    g_hash_table_iter_init(&iter, found);
    while (g_hash_table_iter_next(&iter, &path, NULL)) {
        g_ptr_array_add(paths, path);
        g_hash_table_iter_steal(&iter);
    }
    g_ptr_array_sort(paths, compare_names);
    return paths;
}
