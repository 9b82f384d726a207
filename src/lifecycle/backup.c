/* Archives go into a backup: beside the copy of the tables, as hard links where that can be, else as copies.
 * An archive file is never written twice (erasure writes a new one and takes the old name away), so a link
 * keeps what it was. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "lifecycle/lifecycle_int.h"

void lifecycle_hold(Lifecycle *lifecycle)
{
    g_mutex_lock(&lifecycle->lock);
}

void lifecycle_release(Lifecycle *lifecycle)
{
    g_mutex_unlock(&lifecycle->lock);
}

typedef struct {
    const char *folder;
    gint64 bytes;
} Backup;

static bool take_file(const char *path, const char *relative, gpointer user, GError **error)
{
    Backup *backup = user;
    g_autofree char *to = g_build_filename(backup->folder, "archive", relative, NULL);
    g_autofree char *dir = g_path_get_dirname(to);
    struct stat info;
    if (!base_fs_mkdir(dir, error)) {
        return false;
    }
    if (stat(path, &info) != 0) {
        return base_fs_fail(error, errno, "read", path);
    }
    backup->bytes += (gint64)info.st_size;
    return link(path, to) == 0 ? base_fs_sync_dir(dir, error) : base_fs_copy(path, to, error);
}

bool lifecycle_backup(Lifecycle *lifecycle, const char *folder, gint64 *ret_bytes, GError **error)
{
    Backup backup = {.folder = folder};
    bool ok = !g_file_test(lifecycle->archive_dir, G_FILE_TEST_IS_DIR) ||
              base_fs_walk(lifecycle->archive_dir, take_file, &backup, error);
    *ret_bytes = backup.bytes;
    return ok;
}
