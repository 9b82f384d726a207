/* The online store in LMDB: one file in the data folder, read in place by any number of threads.
 *
 * Three databases in it:
 *   meta   "format" -> u32 1, "next" -> u32 the number that the next view gets
 *   names  project NUL stored-name NUL (key-name NUL)... -> u32 number, u32 0, u64 rows, u64 bytes
 *   rows   number (4 bytes, big-endian), key of the entity -> packed row (online_row.c)
 * A number stands for one view version of one project under one list of keys and is never given again, so no
 * name is ever compared with a part of another. Counts change in the transaction of the rows they count.
 *
 * Here: the folder, the environment, its transactions that write, size and backup. Names and numbers are in
 * lmdb_names.c, reads in lmdb_read.c; puts (lmdb_write.c) go through group commit; erasures in lmdb_erase.c.
 * A commit is synced before it returns. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/text.h"
#include "features/lmdb_int.h"

#define FORMAT        1
#define DEFAULT_BYTES (G_GINT64_CONSTANT(64) << 30)

/* ---- errors ---- */

bool features_int_lmdb_fail(GError **error, const FeaturesLmdb *lmdb, int code, const char *what)
{
    switch (code) {
    case MDB_MAP_FULL: {
        g_autofree char *size = base_text_from_bytes(lmdb->max_bytes);
        base_fail(error, BASE_E_DISK_FULL, "the online store is full: %s", size);
        base_error_hint(error, "Raise features.online_max, or erase views that nobody reads");
        return false;
    }
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        base_fail(error, BASE_E_DATA_DAMAGED, "cannot %s: the online store in %s is damaged: %s", what,
                  lmdb->dir, mdb_strerror(code));
        base_error_hint(error, "Move the folder away, start again and materialise: it can be made anew");
        return false;
    case MDB_VERSION_MISMATCH:
        return base_fail(error, BASE_E_FORMAT_NEWER, "the online store in %s was written by another LMDB",
                         lmdb->dir);
    case MDB_PANIC:
        base_fail(error, BASE_E_FILE_IO, "cannot %s: a write to %s failed before", what, lmdb->dir);
        base_error_hint(error, "Look at the disk, then start Weir again: what was acknowledged is there");
        return false;
    case MDB_READERS_FULL:
        return base_fail(error, BASE_E_TOO_MANY, "more than %d reads at the same time",
                         FEATURES_LMDB_MAX_READERS);
    default:
        break;
    }
    return code > 0 ? base_fs_fail(error, code, what, lmdb->dir)
                    : base_fail(error, BASE_E_INTERNAL, "cannot %s the online store: %s", what,
                                mdb_strerror(code));
}

/* ---- transactions that write ---- */

bool features_int_lmdb_begin(FeaturesLmdb *lmdb, MDB_txn **ret, GError **error)
{
    int code = mdb_txn_begin(lmdb->env, NULL, 0, ret);
    return !code || features_int_lmdb_fail(error, lmdb, code, "write");
}

bool features_int_lmdb_commit(FeaturesLmdb *lmdb, MDB_txn *txn, GError **error)
{
    int code = BASE_FAULT("online.commit");
    if (code) {
        mdb_txn_abort(txn);
    } else {
        code = mdb_txn_commit(txn);
    }
    if (!code) {
        code = BASE_FAULT("online.committed");
    }
    return !code || features_int_lmdb_fail(error, lmdb, code, "write");
}

/* ---- size, backup, close ---- */

static bool lmdb_size(FeaturesOnline *online, const FeaturesView *view, FeaturesOnlineSize *ret,
                      GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GArray) views = g_array_new(FALSE, FALSE, sizeof(FeaturesLmdbView));
    if (!features_int_lmdb_list((FeaturesLmdb *)online, NULL, view, names, views, error)) {
        return false;
    }
    *ret = (FeaturesOnlineSize){0};
    for (guint i = 0; i < views->len; i++) {
        ret->rows += (gint64)g_array_index(views, FeaturesLmdbView, i).rows;
        ret->bytes += (gint64)g_array_index(views, FeaturesLmdbView, i).bytes;
    }
    return true;
}

static bool lmdb_backup(FeaturesOnline *online, const char *dir, GError **error)
{
    FeaturesLmdb *lmdb = (FeaturesLmdb *)online;
    if (!base_fs_mkdir(dir, error)) {
        return false;
    }
    int code = mdb_env_copy2(lmdb->env, dir, MDB_CP_COMPACT);
    if (code) {
        return features_int_lmdb_fail(error, lmdb, code, "copy");
    }
    g_autofree char *path = g_build_filename(dir, "data.mdb", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    code = fd < 0 || fsync(fd) ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return code ? base_fs_fail(error, code, "copy", path) : base_fs_sync_dir(dir, error);
}

static void lmdb_close(FeaturesOnline *online)
{
    FeaturesLmdb *lmdb = (FeaturesLmdb *)online;
    for (unsigned i = 0; i < FEATURES_LMDB_PARKED; i++) {
        features_int_lmdb_reader_free(lmdb->parked[i]);
    }
    if (lmdb->env) {
        mdb_env_close(lmdb->env);
    }
    if (lmdb->lock >= 0) {
        close(lmdb->lock);
    }
    features_int_group_clear(&lmdb->group);
    g_free(lmdb->dir);
    g_free(lmdb);
}

/* LMDB in one process may be open once only; the folder's lock keeps others out as well. */
static bool lock_dir(FeaturesLmdb *lmdb, GError **error)
{
    lmdb->lock = open(lmdb->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lmdb->lock < 0) {
        return base_fs_fail(error, errno, "open", lmdb->dir);
    }
    if (flock(lmdb->lock, LOCK_EX | LOCK_NB)) {
        return errno == EWOULDBLOCK
                   ? base_fail(error, BASE_E_DATA_LOCKED, "the online store in %s is in use", lmdb->dir)
                   : base_fs_fail(error, errno, "lock", lmdb->dir);
    }
    return true;
}

/* Gives the format that is there, or writes this one; the numbers begin with 1. */
static int read_format(FeaturesLmdb *lmdb, MDB_txn *txn, guint32 *ret)
{
    char format_word[] = "format", next_word[] = "next";
    guint32 one = GUINT32_TO_LE(FORMAT);
    MDB_val key = {6, format_word}, value;
    int code = mdb_get(txn, lmdb->meta, &key, &value);
    *ret = FORMAT;
    if (code == MDB_NOTFOUND) {
        MDB_val next = {4, next_word}, number = {4, &one};
        value = number;
        code = mdb_put(txn, lmdb->meta, &key, &value, 0);
        return code ? code : mdb_put(txn, lmdb->meta, &next, &number, 0);
    }
    if (!code && value.mv_size == 4) {
        *ret = features_int_load32(value.mv_data);
    }
    return code ? code : value.mv_size == 4 ? 0 : MDB_CORRUPTED;
}

static bool open_databases(FeaturesLmdb *lmdb, GError **error)
{
    MDB_txn *txn;
    guint32 format = 0;
    if (!features_int_lmdb_begin(lmdb, &txn, error)) {
        return false;
    }
    int code = mdb_dbi_open(txn, "meta", MDB_CREATE, &lmdb->meta);
    code = code ? code : mdb_dbi_open(txn, "names", MDB_CREATE, &lmdb->names);
    code = code ? code : mdb_dbi_open(txn, "rows", MDB_CREATE, &lmdb->rows);
    code = code ? code : read_format(lmdb, txn, &format);
    if (!code && format <= FORMAT) {
        return features_int_lmdb_commit(lmdb, txn, error);
    }
    mdb_txn_abort(txn);
    return code ? features_int_lmdb_fail(error, lmdb, code, "open")
                : base_fail(error, BASE_E_FORMAT_NEWER,
                            "the online store in %s has format %u; this program knows up to %u", lmdb->dir,
                            (unsigned)format, FORMAT);
}

static bool open_env(FeaturesLmdb *lmdb, GError **error)
{
    int code = mdb_env_create(&lmdb->env);
    if (code) {
        lmdb->env = NULL;
        return features_int_lmdb_fail(error, lmdb, code, "open");
    }
    code = mdb_env_set_maxdbs(lmdb->env, 3);
    code = code ? code : mdb_env_set_maxreaders(lmdb->env, FEATURES_LMDB_MAX_READERS);
    code = code ? code : mdb_env_set_mapsize(lmdb->env, (size_t)lmdb->max_bytes);
    code = code ? code : mdb_env_open(lmdb->env, lmdb->dir, MDB_NOTLS | MDB_NORDAHEAD, 0600);
    if (code == ENOMEM) {
        base_fail(error, BASE_E_MEMORY,
                  "no room in the address space for an online store of features.online_max");
        base_error_hint(error, "Lower features.online_max, or the process's limit on memory is too low");
        return false;
    }
    return !code || features_int_lmdb_fail(error, lmdb, code, "open");
}

static const FeaturesOnlineClass lmdb_class = {
    .name = "lmdb",
    .put = features_int_lmdb_put,
    .get = features_int_lmdb_get,
    .erase = features_int_lmdb_erase,
    .erase_all = features_int_lmdb_erase_all,
    .size = lmdb_size,
    .backup = lmdb_backup,
    .close = lmdb_close,
};

/* The map is made as large as the file may grow: it is address space, not memory, and the file itself grows
 * only by what is written. So no map ever has to move under a reader. */
FeaturesOnline *features_int_lmdb_open(const FeaturesOnlineOptions *options, GError **error)
{
    FeaturesLmdb *lmdb = g_new0(FeaturesLmdb, 1);
    gint64 page = sysconf(_SC_PAGESIZE), bytes = options->max_bytes > 0 ? options->max_bytes : DEFAULT_BYTES;
    lmdb->base.class = &lmdb_class;
    lmdb->dir = g_strdup(options->dir);
    lmdb->lock = -1;
    lmdb->max_bytes = MAX(bytes / page, 16) * page;
    features_int_group_init(&lmdb->group);
    if (!base_fs_mkdir(lmdb->dir, error) || !lock_dir(lmdb, error) || !open_env(lmdb, error) ||
        !open_databases(lmdb, error)) {
        lmdb_close(&lmdb->base);
        return NULL;
    }
    return &lmdb->base;
}
