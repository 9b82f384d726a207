/* A body in flight: bytes in memory up to load.spool_memory, then a file in <data>/spool. One writer, then
 * any number of readers by offset: pread, not mmap, so that resident memory stays small whatever the size. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "intake/intake_int.h"

struct IntakeSpool {
    Intake *intake;
    GByteArray *memory; /* NULL once on disk */
    int fd;             /* -1 while in memory */
    char *path;         /* of the spool's own file */
    char *copy_path;    /* a file in the spool folder made for the engine */
    bool owned;         /* `path` is removed on free */
    bool failed;
    gint64 bytes;
};

IntakeSpool *intake_spool_new(Intake *intake)
{
    IntakeSpool *spool = g_new0(IntakeSpool, 1);
    spool->intake = intake;
    spool->memory = g_byte_array_new();
    spool->fd = -1;
    spool->owned = true;
    return spool;
}

void intake_spool_free(IntakeSpool *spool)
{
    if (!spool) {
        return;
    }
    if (spool->memory) {
        g_byte_array_unref(spool->memory);
    }
    if (spool->fd >= 0) {
        close(spool->fd);
    }
    if (spool->path && spool->owned) {
        (void)unlink(spool->path);
    }
    if (spool->copy_path) {
        (void)unlink(spool->copy_path);
    }
    g_free(spool->path);
    g_free(spool->copy_path);
    g_free(spool);
}

static char *new_path(Intake *intake)
{
    gint64 n = g_atomic_pointer_add(&intake->next_spool, 1);
    return g_strdup_printf("%s/%" G_GINT64_FORMAT, intake->spool_dir, n);
}

static bool write_out(IntakeSpool *spool, const void *data, size_t len, GError **error)
{
    int fault = BASE_FAULT("spool.write");
    if (fault) {
        return base_fs_fail(error, fault, "write", spool->path);
    }
    return base_fs_write_all(spool->fd, data, len, spool->path, error);
}

/* Moves what is in memory to a file of its own. */
static bool to_disk(IntakeSpool *spool, GError **error)
{
    spool->path = new_path(spool->intake);
    spool->fd = open(spool->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (spool->fd < 0) {
        int code = errno;
        g_clear_pointer(&spool->path, g_free);
        return base_fs_fail(error, code, "create", spool->intake->spool_dir);
    }
    if (spool->memory->len > 0 && !write_out(spool, spool->memory->data, spool->memory->len, error)) {
        return false;
    }
    g_clear_pointer(&spool->memory, g_byte_array_unref);
    return true;
}

static bool append(IntakeSpool *spool, const void *data, size_t len, GError **error)
{
    gint64 limit = spool->intake->max_bytes;
    if ((gint64)len > limit - spool->bytes) {
        base_fail(error, BASE_E_LOAD_TOO_LARGE,
                  "body size exceeds the limit of %" G_GINT64_FORMAT " bytes set by load.max_bytes", limit);
        base_error_hint(error, "raise load.max_bytes, or send the data in several loads");
        return false;
    }
    if (spool->memory && spool->bytes + (gint64)len > spool->intake->spool_memory && !to_disk(spool, error)) {
        return false;
    }
    if (spool->memory) {
        g_byte_array_append(spool->memory, data, (guint)len);
    } else if (!write_out(spool, data, len, error)) {
        return false;
    }
    spool->bytes += (gint64)len;
    return true;
}

bool intake_spool_append(IntakeSpool *spool, const void *data, size_t len, GError **error)
{
    if (spool->failed) {
        return base_fail(error, BASE_E_FILE_IO, "the upload failed before");
    }
    if (!append(spool, data, len, error)) {
        spool->failed = true;
        base_error_not_done(error, "Nothing was loaded.");
        return false;
    }
    return true;
}

bool intake_spool_has_room(const IntakeSpool *spool, size_t len)
{
    return spool->memory && spool->bytes + (gint64)len <= spool->intake->spool_memory;
}

gint64 intake_spool_bytes(const IntakeSpool *spool)
{
    return spool->bytes;
}

bool intake_spool_in_memory(const IntakeSpool *spool)
{
    return spool->memory != NULL;
}

IntakeSpool *intake_spool_open(Intake *intake, const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        base_fs_fail(error, errno, "open", path);
        return NULL;
    }
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        base_fail(error, BASE_E_FILE_IO, "`%s` is not a file", path);
        return NULL;
    }
    if (info.st_size > intake->max_bytes) {
        close(fd);
        base_fail(error, BASE_E_LOAD_TOO_LARGE,
                  "`%s` exceeds the limit of %" G_GINT64_FORMAT " bytes set by load.max_bytes", path,
                  intake->max_bytes);
        base_error_hint(error, "raise load.max_bytes, or split the file");
        return NULL;
    }
    IntakeSpool *spool = g_new0(IntakeSpool, 1);
    spool->intake = intake;
    spool->fd = fd;
    spool->path = g_strdup(path);
    spool->bytes = info.st_size;
    return spool;
}

bool intake_spool_read(const IntakeSpool *spool, gint64 offset, void *buffer, size_t len, size_t *ret_n,
                       GError **error)
{
    if (offset >= spool->bytes) {
        *ret_n = 0;
        return true;
    }
    size_t want = MIN(len, (size_t)(spool->bytes - offset));
    if (spool->memory) {
        memcpy(buffer, spool->memory->data + offset, want);
        *ret_n = want;
        return true;
    }
    ssize_t n;
    do {
        n = pread(spool->fd, buffer, want, offset);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return base_fs_fail(error, errno, "read", spool->path);
    }
    *ret_n = (size_t)n;
    return true;
}

/* A hard link costs nothing; across file systems it is a copy. */
static bool link_or_copy(IntakeSpool *spool, const char *to, GError **error)
{
    if (link(spool->path, to) == 0) {
        return true;
    }
    return base_fs_copy(spool->path, to, error);
}

const char *intake_spool_path(IntakeSpool *spool, GError **error)
{
    if (spool->copy_path) {
        return spool->copy_path;
    }
    if (spool->memory && !to_disk(spool, error)) {
        return NULL;
    }
    if (spool->owned) {
        return spool->path;
    }
    g_autofree char *copy = new_path(spool->intake);
    if (!link_or_copy(spool, copy, error)) {
        return NULL;
    }
    spool->copy_path = g_steal_pointer(&copy);
    return spool->copy_path;
}
