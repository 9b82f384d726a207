/* Checkpoint undo: `<warehouse>.undo`, with which a checkpoint that was cut off is taken back.
 *
 * A checkpoint writes data to blocks that were free, but it also writes metadata blocks and a database
 * header in place. A kill or power loss inside such a write leaves a block whose checksum does not fit,
 * and the warehouse does not open. So before a checkpoint everything that it may overwrite is copied
 * here and synced; after it, the copy is removed. docs/decisions/0001-checkpoint-undo.md has the whole
 * argument, also why the log (WAL) need not be copied.
 *
 * Format, little-endian: UndoHead; the file's first 12,288 bytes (main header, two database headers);
 * per block its number (u64) and its bytes; a 64-bit hash of all before. A file whose hash does not
 * fit was cut off itself, and then the checkpoint never began.
 *
 * Storage format of the engine (duckdb/storage/storage_info.hpp, single_file_block_manager.cpp): three
 * headers of 4,096 bytes, each with its checksum in the first 8; database headers begin with the
 * iteration (u64), then root, free list, block count, block size; block i lies at 12,288 + i * size. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "engine/duckdb/duckdb_int.h"

#define HEADER_BYTES    4096
#define HEADERS_BYTES   (3 * HEADER_BYTES)
#define BLOCK_BYTES_MIN 16384
#define BLOCK_BYTES_MAX 262144
#define UNDO_MAGIC      "WEIRUNDO"
#define UNDO_VERSION    1

typedef struct {
    char magic[8];
    uint32_t version, zero;
    uint64_t block_bytes, n_blocks;
    uint64_t file_bytes; /* of the warehouse: what is beyond came later */
} UndoHead;

/* ---- checksums ----------------------------------------------------------------------------------- */

/* The engine's (common/checksum.cpp), of a length that is a multiple of 8. */
static uint64_t engine_checksum(const char *bytes, size_t len)
{
    uint64_t result = 5381;
    for (size_t i = 0; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        result ^= word * UINT64_C(0xbf58476d1ce4e5b9);
    }
    return result;
}

/* Ours: MurmurHash64A's step, chained, so that order counts too. `len` is a multiple of 8. */
static uint64_t hash_more(uint64_t h, const void *data, size_t len)
{
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    const char *bytes = data;
    for (size_t i = 0; i + 8 <= len; i += 8) {
        uint64_t k;
        memcpy(&k, bytes + i, 8);
        k *= m;
        k ^= k >> 47;
        k *= m;
        h = (h ^ k) * m;
    }
    return h;
}
#define HASH_SEED UINT64_C(0x57454952)

/* ---- headers ------------------------------------------------------------------------------------- */

/* Iteration of database header `i` (1, 2), or -1 when its checksum does not fit. */
static int64_t header_iteration(const char *headers, int i)
{
    const char *header = headers + i * HEADER_BYTES;
    uint64_t stored, iteration;
    memcpy(&stored, header, 8);
    if (engine_checksum(header + 8, HEADER_BYTES - 8) != stored) {
        return -1;
    }
    memcpy(&iteration, header + 8, 8);
    return iteration <= INT64_MAX ? (int64_t)iteration : -1;
}

static int64_t last_iteration(const char *headers)
{
    return MAX(header_iteration(headers, 1), header_iteration(headers, 2));
}

/* Block size of the newer valid database header; 0 when there is none. */
static uint64_t block_bytes_of(const char *headers)
{
    int newer = header_iteration(headers, 1) > header_iteration(headers, 2) ? 1 : 2;
    if (header_iteration(headers, newer) < 0) {
        return 0;
    }
    uint64_t size;
    memcpy(&size, headers + newer * HEADER_BYTES + 8 + 32, 8);
    return size >= BLOCK_BYTES_MIN && size <= BLOCK_BYTES_MAX ? size : 0;
}

static char *undo_path(const char *path)
{
    return g_strconcat(path, ".undo", NULL);
}

/* ---- file helpers ---------------------------------------------------------------------------------- */

typedef struct {
    int fd;
} File;

static void file_clear(File *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(File, file_clear)

static bool read_at(int fd, char *bytes, size_t len, uint64_t offset, size_t *ret_len, GError **error,
                    const char *path)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = pread(fd, bytes + got, len - got, (off_t)(offset + got));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return base_fs_fail(error, errno, "read", path);
        }
        if (n == 0) {
            break;
        }
        got += (size_t)n;
    }
    *ret_len = got;
    return true;
}

static bool write_at(int fd, const char *bytes, size_t len, uint64_t offset, GError **error, const char *path)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pwrite(fd, bytes + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno != EINTR) {
            return base_fs_fail(error, errno, "write", path);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool sync_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    return base_fs_sync_dir(folder, error);
}

/* ---- writing --------------------------------------------------------------------------------------- */

typedef struct {
    int fd;
    uint64_t hash;
    const char *path;
} Writer;

static bool writer_put(Writer *writer, const void *data, size_t len, GError **error)
{
    writer->hash = hash_more(writer->hash, data, len);
    return base_fs_write_all(writer->fd, data, len, writer->path, error);
}

/* Numbers of all metadata blocks. Between checkpoints the set does not change. */
static GArray *metadata_blocks(EngineConn *conn, GError **error)
{
    g_autoptr(EngineResult) result =
        engine_query(conn, "SELECT DISTINCT block_id FROM pragma_metadata_info() ORDER BY 1", error);
    if (!result) {
        return NULL;
    }
    g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GError) failed = NULL;
    EngineChunk *chunk;
    while ((chunk = engine_result_next(result, &failed))) {
        EngineColumn column = engine_chunk_column(chunk, 0);
        g_array_append_vals(blocks, column.data, (guint)engine_chunk_rows(chunk));
    }
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return NULL;
    }
    return g_steal_pointer(&blocks);
}

/* A block that is not wholly in the file has never been written and cannot be torn. */
static bool in_file(int64_t block, uint64_t block_bytes, uint64_t file_bytes)
{
    return block >= 0 && HEADERS_BYTES + ((uint64_t)block + 1) * block_bytes <= file_bytes;
}

static bool copy_blocks(Writer *writer, int fd, const GArray *blocks, const UndoHead *head, const char *path,
                        GError **error)
{
    g_autofree char *bytes = g_malloc(head->block_bytes);
    for (guint i = 0; i < blocks->len; i++) {
        int64_t block = g_array_index(blocks, int64_t, i);
        if (!in_file(block, head->block_bytes, head->file_bytes)) {
            continue;
        }
        uint64_t offset = HEADERS_BYTES + (uint64_t)block * head->block_bytes;
        size_t got;
        if (!read_at(fd, bytes, head->block_bytes, offset, &got, error, path)) {
            return false;
        }
        if (got != head->block_bytes) {
            return base_fail(error, BASE_E_FILE_IO, "`%s` became shorter", path);
        }
        if (!writer_put(writer, &block, sizeof block, error) ||
            !writer_put(writer, bytes, head->block_bytes, error)) {
            return false;
        }
    }
    return true;
}

static bool head_fill(UndoHead *head, int fd, const char *headers, const GArray *blocks, const char *path,
                      GError **error)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return base_fs_fail(error, errno, "examine", path);
    }
    *head = (UndoHead){.version = UNDO_VERSION,
                       .block_bytes = block_bytes_of(headers),
                       .file_bytes = (uint64_t)status.st_size};
    memcpy(head->magic, UNDO_MAGIC, sizeof head->magic);
    if (!head->block_bytes) {
        return base_fail(error, BASE_E_DATA_DAMAGED, "`%s` has no valid header", path);
    }
    for (guint i = 0; i < blocks->len; i++) {
        head->n_blocks += in_file(g_array_index(blocks, int64_t, i), head->block_bytes, head->file_bytes);
    }
    return true;
}

static bool write_undo(int fd, Writer *writer, const GArray *blocks, const char *path, GError **error)
{
    g_autofree char *headers = g_malloc(HEADERS_BYTES);
    size_t got;
    UndoHead head;
    if (!read_at(fd, headers, HEADERS_BYTES, 0, &got, error, path) ||
        !head_fill(&head, fd, headers, blocks, path, error)) {
        return false;
    }
    if (!writer_put(writer, &head, sizeof head, error) ||
        !writer_put(writer, headers, HEADERS_BYTES, error) ||
        !copy_blocks(writer, fd, blocks, &head, path, error)) {
        return false;
    }
    uint64_t hash = writer->hash;
    int fault = BASE_FAULT("undo.sync");
    if (fault) {
        return base_fs_fail(error, fault, "sync", writer->path);
    }
    return base_fs_write_all(writer->fd, &hash, sizeof hash, writer->path, error) &&
           (fdatasync(writer->fd) == 0 || base_fs_fail(error, errno, "sync", writer->path)) &&
           sync_folder(path, error);
}

/* The warehouse is read through `engine_fd`, which stays open as long as the engine: closing any
 * descriptor of a file drops the process's POSIX locks on it, the engine's own included. */
bool engine_int_undo_write(EngineConn *conn, int engine_fd, const char *path, GError **error)
{
    g_autoptr(GArray) blocks = metadata_blocks(conn, error);
    if (!blocks) {
        return false;
    }
    g_autofree char *undo = undo_path(path);
    g_auto(File) out = {open(undo, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (out.fd < 0) {
        return base_fs_fail(error, errno, "create", undo);
    }
    Writer writer = {.fd = out.fd, .hash = HASH_SEED, .path = undo};
    return write_undo(engine_fd, &writer, blocks, path, error);
}

bool engine_int_undo_remove(const char *path, GError **error)
{
    g_autofree char *undo = undo_path(path);
    if (unlink(undo) != 0 && errno != ENOENT) {
        return base_fs_fail(error, errno, "remove", undo);
    }
    return sync_folder(path, error);
}

/* ---- recovery --------------------------------------------------------------------------------------- */

typedef struct {
    const UndoHead *head;
    const char *headers;
    const char *blocks;
} Undo;

/* False: cut off while it was written. */
static bool undo_parse(const char *bytes, size_t len, Undo *undo)
{
    const UndoHead *head = (const void *)bytes;
    if (len < sizeof *head + HEADERS_BYTES + 8 || memcmp(head->magic, UNDO_MAGIC, sizeof head->magic) != 0 ||
        head->version != UNDO_VERSION || head->block_bytes < BLOCK_BYTES_MIN ||
        head->block_bytes > BLOCK_BYTES_MAX || head->block_bytes % 8 != 0) {
        return false;
    }
    size_t fixed = sizeof *head + HEADERS_BYTES + 8, each = 8 + head->block_bytes;
    if (head->n_blocks > len / each || fixed + head->n_blocks * each != len) {
        return false;
    }
    uint64_t stored;
    memcpy(&stored, bytes + len - 8, 8);
    undo->head = head;
    undo->headers = bytes + sizeof *head;
    undo->blocks = undo->headers + HEADERS_BYTES;
    return hash_more(HASH_SEED, bytes, len - 8) == stored;
}

/* Only one process may put a file back, and none while another has it open: the engine's own lock. */
static bool lock_file(int fd, const char *path, GError **error)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &lock) == 0) {
        return true;
    }
    return errno == EACCES || errno == EAGAIN
               ? base_fail(error, BASE_E_DATA_LOCKED, "`%s` is open in another process", path)
               : base_fs_fail(error, errno, "lock", path);
}

/* Blocks first, synced, then headers: cut off at any place, doing it again has the same result. */
static bool put_back(int fd, const Undo *undo, const char *path, GError **error)
{
    const char *p = undo->blocks;
    for (uint64_t i = 0; i < undo->head->n_blocks; i++) {
        uint64_t block;
        memcpy(&block, p, 8);
        if (!write_at(fd, p + 8, undo->head->block_bytes, HEADERS_BYTES + block * undo->head->block_bytes,
                      error, path)) {
            return false;
        }
        p += 8 + undo->head->block_bytes;
    }
    int fault = BASE_FAULT("undo.between");
    if (fault) {
        return base_fs_fail(error, fault, "write", path);
    }
    return (fdatasync(fd) == 0 || base_fs_fail(error, errno, "sync", path)) &&
           write_at(fd, undo->headers, HEADERS_BYTES, 0, error, path) &&
           (fdatasync(fd) == 0 || base_fs_fail(error, errno, "sync", path));
}

/* A checkpoint writes the database header that is not in force, so the one in force must still be there,
 * byte for byte; else another file has been put in the place of the one that the undo belongs to (a
 * restored backup). */
static bool is_stranger(const char *headers, const Undo *undo)
{
    int in_force = header_iteration(undo->headers, 1) > header_iteration(undo->headers, 2) ? 1 : 2;
    size_t at = (size_t)in_force * HEADER_BYTES;
    return memcmp(headers + at, undo->headers + at, HEADER_BYTES) != 0;
}

static bool apply(int fd, const Undo *undo, const char *path, char **ret_note, GError **error)
{
    g_autofree char *headers = g_malloc0(HEADERS_BYTES);
    size_t got;
    if (!read_at(fd, headers, HEADERS_BYTES, 0, &got, error, path)) {
        return false;
    }
    if (last_iteration(headers) > last_iteration(undo->headers)) {
        return true; /* the new header is whole: the checkpoint had finished */
    }
    if (is_stranger(headers, undo)) {
        *ret_note = g_strdup("an undo file that belongs to another warehouse file was removed");
        return true;
    }
    *ret_note = g_strdup_printf("a checkpoint was cut off and has been undone (%" G_GUINT64_FORMAT
                                " metadata blocks put back)",
                                (guint64)undo->head->n_blocks);
    return put_back(fd, undo, path, error);
}

bool engine_int_undo_recover(const char *path, char **ret_note, GError **error)
{
    g_autofree char *undo_file = undo_path(path);
    if (!g_file_test(undo_file, G_FILE_TEST_EXISTS)) {
        return true;
    }
    g_auto(File) file = {open(path, O_RDWR | O_CLOEXEC)};
    if (file.fd < 0) {
        return errno == ENOENT ? engine_int_undo_remove(path, error)
                               : base_fs_fail(error, errno, "open", path);
    }
    if (!lock_file(file.fd, path, error)) {
        return false;
    }
    g_autoptr(GError) failed = NULL;
    g_autoptr(GMappedFile) map = g_mapped_file_new(undo_file, FALSE, &failed);
    if (!map) {
        return base_fail(error, BASE_E_FILE_IO, "cannot read `%s`: %s", undo_file, failed->message);
    }
    Undo undo;
    if (undo_parse(g_mapped_file_get_contents(map), g_mapped_file_get_length(map), &undo) &&
        !apply(file.fd, &undo, path, ret_note, error)) {
        return false;
    }
    return engine_int_undo_remove(path, error);
}
