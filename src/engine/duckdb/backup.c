/* A consistent copy of the warehouse.
 *
 * Between two checkpoints the file's live blocks and headers do not change and the log only grows: bulk
 * inserts that are under way write to free blocks, which the copy does not read. So with checkpoints held off
 * (control_lock) the file and the log can be copied byte by byte while others read and write; the one thing
 * that could hurt is a commit that frees blocks which the copied log still names, hence the caller lets no
 * commit run. The copy is then opened by an engine of its own, which replays the log, and checkpointed: one
 * file comes out, and one that is known to open. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "engine/duckdb/duckdb_int.h"

#define COPY_MEMORY_BYTES                                                                                    \
    ((int64_t)2 << 30) /* a limit, not a reservation: it runs beside the server's engine */

static bool copy_bytes(int from, int to, off_t len, const char *path, GError **error)
{
    g_autofree char *buffer = NULL;
    const size_t room = 1 << 20;
    off_t at = 0;
    while (at < len) {
        loff_t in = at, out = at;
        ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(len - at), 0);
        if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
            buffer = buffer ? buffer : g_malloc(room);
            n = pread(from, buffer, MIN(room, (size_t)(len - at)), at);
            n = n > 0 ? pwrite(to, buffer, (size_t)n, at) : n;
        }
        if (n < 0 && errno != EINTR) {
            return base_fs_fail(error, errno, "write", path);
        }
        if (n == 0) {
            return base_fail(error, BASE_E_FILE_IO, "the warehouse became shorter while it was copied");
        }
        at += n > 0 ? n : 0;
    }
    return fsync(to) == 0 || base_fs_fail(error, errno, "sync", path);
}

static bool copy_fd(int from, const char *path, GError **error)
{
    struct stat status;
    if (fstat(from, &status) != 0) {
        return base_fs_fail(error, errno, "examine", path);
    }
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0) {
        return base_fs_fail(error, errno, "create", path);
    }
    bool ok = copy_bytes(from, to, status.st_size, path, error);
    close(to);
    return ok;
}

/* The log is another file than the one the engine's lock is on: it may be opened and closed freely. */
static bool copy_log(const Engine *engine, const char *copy, GError **error)
{
    g_autofree char *copy_log_path = g_strconcat(copy, ".wal", NULL);
    int from = open(engine->wal_path, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return errno == ENOENT || base_fs_fail(error, errno, "open", engine->wal_path);
    }
    bool ok = copy_fd(from, copy_log_path, error);
    close(from);
    return ok;
}

static void remove_copy(const char *copy)
{
    static const char *const suffixes[] = {"", ".wal", ".undo", ".wal.checkpoint", ".wal.recovery"};
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(copy, suffixes[i], NULL);
        unlink(path);
    }
}

/* Opening replays the log; a checkpoint brings it into the file. */
static bool fold(const char *copy, GError **error)
{
    EngineOptions options = {.path = copy, .threads = 1, .memory_bytes = COPY_MEMORY_BYTES};
    g_autoptr(Engine) engine = engine_open(&options, error);
    return engine && engine_checkpoint(engine, error);
}

static bool put_in_place(const char *copy, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    if (rename(copy, path) != 0) {
        return base_fs_fail(error, errno, "rename", copy);
    }
    return base_fs_sync_dir(folder, error);
}

static bool has_room(Engine *engine, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int64_t need = engine_file_bytes(engine) + 2 * engine_wal_bytes(engine);
    gint64 free_bytes = base_fs_free_bytes(folder);
    return free_bytes < 0 || free_bytes >= need ||
           base_fail(error, BASE_E_DISK_FULL,
                     "a copy needs %" G_GINT64_FORMAT " bytes, `%s` has %" G_GINT64_FORMAT, need, folder,
                     free_bytes);
}

static bool make_copy(Engine *engine, const char *copy, GError **error)
{
    g_mutex_lock(&engine->control_lock);
    bool ok = copy_fd(engine->fd, copy, error) && copy_log(engine, copy, error);
    g_mutex_unlock(&engine->control_lock);
    return ok && fold(copy, error);
}

bool engine_backup(Engine *engine, const char *path, GError **error)
{
    if (!engine->path) {
        return base_fail(error, BASE_E_STATEMENT_REFUSED, "a warehouse in memory has no file to copy");
    }
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        return base_fail(error, BASE_E_FILE_IO, "`%s` exists", path);
    }
    if (!has_room(engine, path, error)) {
        return false;
    }
    g_autofree char *copy = g_strconcat(path, ".copy", NULL);
    remove_copy(copy);
    bool ok = make_copy(engine, copy, error) && put_in_place(copy, path, error);
    if (!ok) {
        remove_copy(copy);
        base_error_not_done(error, "No backup was made.");
    }
    return ok;
}
