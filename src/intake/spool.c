/* A body in flight: bytes in memory up to load.spool_memory, then a file in <data>/spool. One writer, then
 * any number of readers by offset: pread, not mmap, so that resident memory stays small whatever the size.
 *
 * The body of a load that may begin early (intake_spool_let_flow) gathers in a flow instead of the file. When
 * the first half of load.stream_memory came within load.stream_wait, and a large load may run now, the load
 * begins (`flowing`) and reads what comes as it comes; when not, what gathered goes to the file. A load that
 * waited too long for its client parks: what comes from then on goes to the file too (`parked`). */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "intake/intake_int.h"

#define BEGIN_PART 8 /* of load.stream_memory: from so much on a load may begin */

struct IntakeSpool {
    Intake *intake;
    GByteArray *memory; /* NULL once on disk */
    int fd;             /* -1 while in memory */
    char *path;         /* of the spool's own file */
    char *copy_path;    /* a file in the spool folder made for the engine */
    bool owned;         /* `path` is removed on free */
    bool failed;
    gint64 bytes;
    bool may_flow;
    IntakeFlow *flow; /* NULL = none; holds one of intake->flows_max */
    gint64 flow_from_us;
    gint64 taken_bytes; /* by the flow's readers; the file of a parked load begins there */
    GMutex lock;        /* guards what follows, and the file while the load runs */
    bool flowing, parked, dropped;
    bool has_slot; /* of a large load, until the load takes it over */
};

IntakeSpool *intake_spool_new(Intake *intake)
{
    IntakeSpool *spool = g_new0(IntakeSpool, 1);
    spool->intake = intake;
    spool->memory = g_byte_array_new();
    spool->fd = -1;
    spool->owned = true;
    g_mutex_init(&spool->lock);
    return spool;
}

static void give_flow_back(IntakeSpool *spool)
{
    if (spool->flow) {
        intake_flow_free(g_steal_pointer(&spool->flow));
        (void)g_atomic_int_dec_and_test(&spool->intake->flows);
    }
}

void intake_spool_free(IntakeSpool *spool)
{
    if (!spool) {
        return;
    }
    if (spool->memory) {
        g_byte_array_unref(spool->memory);
    }
    give_flow_back(spool);
    if (spool->has_slot) {
        intake_large_end(spool->intake);
    }
    g_mutex_clear(&spool->lock);
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

static bool make_file(IntakeSpool *spool, GError **error)
{
    spool->path = new_path(spool->intake);
    spool->fd = open(spool->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (spool->fd < 0) {
        int code = errno;
        g_clear_pointer(&spool->path, g_free);
        return base_fs_fail(error, code, "create", spool->intake->spool_dir);
    }
    return true;
}

/* Moves what is in memory to a file of its own. */
static bool to_disk(IntakeSpool *spool, GError **error)
{
    if (!make_file(spool, error)) {
        return false;
    }
    if (spool->memory->len > 0 && !write_out(spool, spool->memory->data, spool->memory->len, error)) {
        return false;
    }
    g_clear_pointer(&spool->memory, g_byte_array_unref);
    return true;
}

/* ---- flows
 * ---------------------------------------------------------------------------------------------------- */

static bool flow_to_disk(IntakeSpool *spool, GError **error)
{
    if (!make_file(spool, error)) {
        return false;
    }
    g_autofree char *buffer = g_malloc(INTAKE_BLOCK_BYTES);
    for (size_t n; (n = intake_flow_take(spool->flow, buffer, INTAKE_BLOCK_BYTES)) > 0;) {
        if (!write_out(spool, buffer, n, error)) {
            return false;
        }
    }
    return true;
}

/* Past load.spool_memory: to the file, or to a flow when the load may have one and there are not too many. */
static bool leave_memory(IntakeSpool *spool, GError **error)
{
    Intake *intake = spool->intake;
    if (!spool->may_flow || intake->stream_memory == 0) {
        return to_disk(spool, error);
    }
    if ((guint)g_atomic_int_add(&intake->flows, 1) >= intake->flows_max) {
        (void)g_atomic_int_dec_and_test(&intake->flows);
        return to_disk(spool, error);
    }
    spool->flow = intake_flow_new(intake->stream_memory);
    intake_flow_append(spool->flow, g_steal_pointer(&spool->memory));
    return true;
}

/* Whether the load begins, or what gathered goes to the file: there is enough, or it was too long coming.
 * @locks: held. */
static bool decide(IntakeSpool *spool, GError **error)
{
    bool late = base_time_monotonic_us() - spool->flow_from_us > spool->intake->stream_wait_us;
    if (!late && intake_flow_held(spool->flow) < spool->intake->stream_memory / BEGIN_PART) {
        return true;
    }
    spool->flowing = spool->has_slot = !late && intake_large_try(spool->intake);
    if (spool->flowing) {
        return true;
    }
    if (!flow_to_disk(spool, error)) {
        return false;
    }
    give_flow_back(spool);
    return true;
}

/* `given` holds the data and may be taken; NULL = it is copied. */
static bool append_flow(IntakeSpool *spool, const void *data, size_t len, GByteArray **given, GError **error)
{
    bool ok = true;
    g_mutex_lock(&spool->lock);
    if (spool->parked) {
        ok = spool->dropped || write_out(spool, data, len, error);
    } else {
        GByteArray *piece = given ? g_steal_pointer(given) : NULL;
        if (!piece) {
            piece = g_byte_array_append(g_byte_array_sized_new((guint)len), data, (guint)len);
        }
        intake_flow_append(spool->flow, piece);
        ok = spool->flowing || decide(spool, error);
    }
    g_mutex_unlock(&spool->lock);
    return ok;
}

void intake_spool_let_flow(IntakeSpool *spool)
{
    spool->may_flow = true;
    spool->flow_from_us = base_time_monotonic_us();
}

bool intake_spool_flows(const IntakeSpool *spool)
{
    return spool->flowing;
}

gint64 intake_spool_segment_bytes(const IntakeSpool *spool)
{
    return spool->intake->stream_memory / 2;
}

bool intake_spool_take_slot(IntakeSpool *spool)
{
    bool had = spool->has_slot;
    spool->has_slot = false;
    return had;
}

bool intake_spool_on_room(IntakeSpool *spool, void (*room)(void *user), void *user)
{
    return spool->flowing && intake_flow_on_room(spool->flow, room, user);
}

void intake_spool_end(IntakeSpool *spool)
{
    if (spool->flow) {
        intake_flow_end(spool->flow);
    }
}

void intake_spool_cut(IntakeSpool *spool)
{
    if (spool->flowing) {
        GError *why = NULL;
        base_fail(&why, BASE_E_INTERRUPTED, "the body ended before it was whole");
        base_error_not_done(&why, "Nothing was loaded.");
        intake_flow_fail(spool->flow, why);
    }
}

void intake_spool_drop(IntakeSpool *spool)
{
    if (spool->flowing) {
        g_mutex_lock(&spool->lock);
        spool->dropped = true;
        g_mutex_unlock(&spool->lock);
        intake_flow_drop(spool->flow);
    }
}

bool intake_spool_wait(IntakeSpool *spool, gint64 bytes, gint64 wait_us, bool *ret_late, GError **error)
{
    *ret_late = false;
    return !spool->flow || intake_flow_wait(spool->flow, bytes, wait_us, ret_late, error);
}

bool intake_spool_park(IntakeSpool *spool, GError **error)
{
    g_mutex_lock(&spool->lock);
    bool ok = flow_to_disk(spool, error);
    spool->parked = true;
    g_mutex_unlock(&spool->lock);
    return ok;
}

/* ---- writing
 * ---------------------------------------------------------------------------------------------------- */

static bool append(IntakeSpool *spool, const void *data, size_t len, GByteArray **given, GError **error)
{
    gint64 limit = spool->intake->max_bytes;
    if ((gint64)len > limit - spool->bytes) {
        base_fail(error, BASE_E_LOAD_TOO_LARGE,
                  "body size exceeds the limit of %" G_GINT64_FORMAT " bytes set by load.max_bytes", limit);
        base_error_hint(error, "raise load.max_bytes, or send the data in several loads");
        return false;
    }
    if (spool->memory && spool->bytes + (gint64)len > spool->intake->spool_memory &&
        !leave_memory(spool, error)) {
        return false;
    }
    bool ok = true;
    if (spool->memory) {
        g_byte_array_append(spool->memory, data, (guint)len);
    } else if (spool->flow) {
        ok = append_flow(spool, data, len, given, error);
    } else {
        ok = write_out(spool, data, len, error);
    }
    if (ok) {
        __atomic_add_fetch(&spool->bytes, (gint64)len, __ATOMIC_RELAXED);
    }
    return ok;
}

static bool append_or_fail(IntakeSpool *spool, const void *data, size_t len, GByteArray **given,
                           GError **error)
{
    if (spool->failed) {
        return base_fail(error, BASE_E_FILE_IO, "the upload failed before");
    }
    GError *why = NULL;
    if (append(spool, data, len, given, &why)) {
        return true;
    }
    spool->failed = true;
    base_error_not_done(&why, "Nothing was loaded.");
    if (spool->flowing) {
        intake_flow_fail(spool->flow, g_error_copy(why));
    }
    g_propagate_error(error, why);
    return false;
}

bool intake_spool_append(IntakeSpool *spool, const void *data, size_t len, GError **error)
{
    return append_or_fail(spool, data, len, NULL, error);
}

bool intake_spool_give(IntakeSpool *spool, GByteArray **bytes, GError **error)
{
    return append_or_fail(spool, (*bytes)->data, (*bytes)->len, bytes, error);
}

bool intake_spool_has_room(const IntakeSpool *spool, size_t len)
{
    return spool->memory && spool->bytes + (gint64)len <= spool->intake->spool_memory;
}

gint64 intake_spool_bytes(const IntakeSpool *spool)
{
    return __atomic_load_n(&spool->bytes, __ATOMIC_RELAXED);
}

gint64 intake_spool_left(const IntakeSpool *spool, gint64 offset)
{
    return spool->flow && !spool->parked ? intake_flow_held(spool->flow) : spool->bytes - offset;
}

bool intake_spool_at_end(const IntakeSpool *spool, gint64 offset)
{
    return spool->flow && !spool->parked ? intake_flow_ended(spool->flow) : offset >= spool->bytes;
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
    g_mutex_init(&spool->lock);
    spool->path = g_strdup(path);
    spool->bytes = info.st_size;
    return spool;
}

bool intake_spool_read(IntakeSpool *spool, gint64 offset, void *buffer, size_t len, size_t *ret_n,
                       GError **error)
{
    if (spool->flow && !spool->parked) { /* in order, once */
        *ret_n = intake_flow_take(spool->flow, buffer, len);
        spool->taken_bytes += (gint64)*ret_n;
        return true;
    }
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
        n = pread(spool->fd, buffer, want, offset - (spool->parked ? spool->taken_bytes : 0));
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return base_fs_fail(error, errno, "read", spool->path);
    }
    if (n == 0) {
        return base_fail(error, BASE_E_FILE_IO, "`%s` has become shorter while it was read", spool->path);
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
