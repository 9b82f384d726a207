/* Files that survive: atomic writes, fsync of file and folder, walking a project. */
#ifndef WEIR_BASE_FS_H
#define WEIR_BASE_FS_H

#include <glib.h>
#include <stdbool.h>

/* Whole file; at most `limit` bytes (FILE_TOO_LARGE). */
char *base_fs_read(const char *path, size_t limit, size_t *ret_len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes beside, fsyncs, renames, fsyncs the folder. Errors: DISK_FULL, FILE_IO. */
bool base_fs_write(const char *path, const void *data, size_t len, int mode,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* write(2) until all is written. */
bool base_fs_write_all(int fd, const void *data, size_t len, const char *path,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool base_fs_sync_dir(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool base_fs_mkdir(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* with parents, 0700 */
bool base_fs_copy(const char *from, const char *to, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* fsynced */
bool base_fs_remove_tree(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gint64 base_fs_free_bytes(const char *path); /* -1 when unknown */

/* Sets an error from errno: ENOSPC and EDQUOT are DISK_FULL, ENOENT FILE_NOT_FOUND, else FILE_IO. */
bool base_fs_fail(GError **error, int errno_value, const char *what, const char *path);

/* Calls `visit` for each regular file under `root` in sorted order; `relative` uses '/'. Hidden
 * files and folders are skipped. `visit` returns false to stop with its error. */
typedef bool (*BaseFsVisit)(const char *path, const char *relative, gpointer user, GError **error);
bool base_fs_walk(const char *root, BaseFsVisit visit, gpointer user,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Files matching a glob pattern (absolute, or relative to `root`), sorted. Free with g_ptr_array_unref. */
GPtrArray *base_fs_glob(const char *root, const char *pattern);

#endif
