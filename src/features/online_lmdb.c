/* The online store in LMDB: one file in the data folder, read in place by any number of threads.
 *
 * Three databases in it:
 *   meta   "format" -> u32 1, "next" -> u32 the number that the next view gets
 *   names  project NUL stored-name NUL (key-name NUL)... -> u32 number, u32 0, u64 rows, u64 bytes
 *   rows   number (4 bytes, big-endian), key of the entity -> packed row (online_row.c)
 * A number stands for one view version of one project under one list of keys and is never given again, so no
 * name is ever compared with a part of another. Counts change in the transaction of the rows they count.
 *
 * A read takes a parked read transaction (MDB_NOTLS: it belongs to no thread), renews it, looks up, and parks
 * it again; nothing is held between calls, so the file does not grow on behalf of idle readers. Writes go
 * through group commit; a commit is synced before it returns. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/text.h"
#include "features/online_int.h"

#define FORMAT        1
#define DEFAULT_BYTES (G_GINT64_CONSTANT(64) << 30)
#define READERS       64   /* parked */
#define MAX_READERS   1022 /* at the same time */
#define VIEW_NAME_MAX FEATURES_LMDB_KEY_MAX
#define ERASE_ROWS    10000 /* a transaction */
#define IDS_KEPT      4096  /* names that a reader remembers */

typedef struct {
    MDB_txn *txn;
    GHashTable *numbers; /* GBytes name -> number */
} Reader;

typedef struct {
    FeaturesOnline base;
    char *dir;
    int lock; /* descriptor of the folder, locked */
    MDB_env *env;
    MDB_dbi meta, names, rows;
    gint64 max_bytes;
    FeaturesGroup group;
    Reader *parked[READERS]; /* atomic */
} Lmdb;

typedef struct {
    guint32 number;
    guint64 rows, bytes;
} View;

#define VIEW_BYTES 24

/* ---- errors
 * ------------------------------------------------------------------------------------------------ */

static bool fail(GError **error, const Lmdb *lmdb, int code, const char *what)
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
        base_fail(error, BASE_E_DATA_DAMAGED, "%s: the online store in %s is damaged: %s", what, lmdb->dir,
                  mdb_strerror(code));
        base_error_hint(error, "Move the folder away, start again and materialise: it can be made anew");
        return false;
    case MDB_VERSION_MISMATCH:
        return base_fail(error, BASE_E_FORMAT_NEWER, "the online store in %s was written by another LMDB",
                         lmdb->dir);
    case MDB_PANIC:
        base_fail(error, BASE_E_FILE_IO, "%s: a write to %s failed before", what, lmdb->dir);
        base_error_hint(error, "Look at the disk, then start Weir again: what was acknowledged is there");
        return false;
    case MDB_READERS_FULL:
        return base_fail(error, BASE_E_TOO_MANY, "more than %d reads at the same time", MAX_READERS);
    default:
        break;
    }
    return code > 0 ? base_fs_fail(error, code, what, lmdb->dir)
                    : base_fail(error, BASE_E_INTERNAL, "%s: %s", what, mdb_strerror(code));
}

/* ---- names
 * ------------------------------------------------------------------------------------------------- */

static guint32 load32(const void *bytes)
{
    guint32 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_LE(value);
}

static guint64 load64(const void *bytes)
{
    guint64 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_LE(value);
}

static bool load_view(const MDB_val *bytes, View *ret)
{
    if (bytes->mv_size != VIEW_BYTES) {
        return false;
    }
    const guint8 *at = bytes->mv_data;
    *ret = (View){.number = load32(at), .rows = load64(at + 8), .bytes = load64(at + 16)};
    return true;
}

static void store_view(const View *view, guint8 out[VIEW_BYTES])
{
    const guint32 number[2] = {GUINT32_TO_LE(view->number), 0};
    const guint64 counts[2] = {GUINT64_TO_LE(view->rows), GUINT64_TO_LE(view->bytes)};
    memcpy(out, number, 8);
    memcpy(out + 8, counts, 16);
}

static bool add_word(guint8 *out, size_t *len, const char *word)
{
    size_t bytes = strlen(word) + 1;
    if (*len + bytes > VIEW_NAME_MAX) {
        return false;
    }
    memcpy(out + *len, word, bytes);
    *len += bytes;
    return true;
}

/* `keys` false: only as far as names of the view's other key lists have it too. */
static bool write_name(const FeaturesView *view, bool keys, guint8 out[VIEW_NAME_MAX], size_t *ret_len,
                       GError **error)
{
    *ret_len = 0;
    bool fits = add_word(out, ret_len, view->project) && add_word(out, ret_len, view->stored);
    for (size_t i = 0; fits && keys && i < view->n_keys; i++) {
        fits = add_word(out, ret_len, view->keys[i].stored);
    }
    return fits || base_fail(error, BASE_E_VALUE_TOO_LARGE,
                             "the names of `%s`, its project and its keys hold more than %d bytes",
                             view->name, VIEW_NAME_MAX);
}

static void write_number(guint8 *key, guint32 number)
{
    number = GUINT32_TO_BE(number);
    memcpy(key, &number, FEATURES_ID_BYTES);
}

/* ---- readers
 * ----------------------------------------------------------------------------------------------- */

static void reader_free(Reader *reader)
{
    if (reader) {
        mdb_txn_abort(reader->txn);
        g_hash_table_unref(reader->numbers);
        g_free(reader);
    }
}

/* Threads begin at different places, so that they seldom want the same one. */
static unsigned first_place(void)
{
    static guint threads;
    static __thread guint place; /* from 1 */
    if (!place) {
        place = g_atomic_int_add(&threads, 1) + 1;
    }
    return place % READERS;
}

static Reader *reader_take(Lmdb *lmdb, GError **error)
{
    unsigned first = first_place();
    for (unsigned i = 0; i < READERS; i++) {
        Reader **place = &lmdb->parked[(first + i) % READERS];
        Reader *reader = __atomic_load_n(place, __ATOMIC_RELAXED)
                             ? __atomic_exchange_n(place, NULL, __ATOMIC_ACQUIRE)
                             : NULL;
        if (!reader) {
            continue;
        }
        int code = mdb_txn_renew(reader->txn);
        if (!code) {
            return reader;
        }
        reader_free(reader);
        fail(error, lmdb, code, "reading");
        return NULL;
    }
    Reader *reader = g_new0(Reader, 1);
    int code = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &reader->txn);
    if (code) {
        g_free(reader);
        fail(error, lmdb, code, "reading");
        return NULL;
    }
    reader->numbers = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    return reader;
}

static void reader_give(Lmdb *lmdb, Reader *reader)
{
    unsigned first = first_place();
    mdb_txn_reset(reader->txn);
    for (unsigned i = 0; i < READERS; i++) {
        Reader *none = NULL;
        if (__atomic_compare_exchange_n(&lmdb->parked[(first + i) % READERS], &none, reader, false,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
            return;
        }
    }
    reader_free(reader);
}

/* 0 when nothing was ever put under that name. */
static bool reader_number(Lmdb *lmdb, Reader *reader, const guint8 *name, size_t len, guint32 *ret,
                          GError **error)
{
    g_autoptr(GBytes) key = g_bytes_new_static(name, len);
    *ret = GPOINTER_TO_UINT(g_hash_table_lookup(reader->numbers, key));
    if (*ret) {
        return true;
    }
    MDB_val text = {len, (void *)(guintptr)name}, bytes;
    View view;
    int code = mdb_get(reader->txn, lmdb->names, &text, &bytes);
    if (code == MDB_NOTFOUND) {
        return true;
    }
    if (code || !load_view(&bytes, &view)) {
        return fail(error, lmdb, code ? code : MDB_CORRUPTED, "reading");
    }
    if (g_hash_table_size(reader->numbers) >= IDS_KEPT) {
        g_hash_table_remove_all(reader->numbers);
    }
    g_hash_table_insert(reader->numbers, g_bytes_new(name, len), GUINT_TO_POINTER(view.number));
    *ret = view.number;
    return true;
}

/* ---- get
 * --------------------------------------------------------------------------------------------------- */

static bool any_null(const FeaturesValue *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (keys[i].null) {
            return true;
        }
    }
    return false;
}

typedef struct {
    const FeaturesView *view;
    const FeaturesValue *keys;
    size_t n;
    const size_t *features;
    size_t n_features;
    FeaturesArena *arena;
} Get;

static bool get_rows(Lmdb *lmdb, Reader *reader, const Get *get, guint32 number, FeaturesRead *ret,
                     GError **error)
{
    g_auto(FeaturesRowShape) shape = {0};
    guint8 key[FEATURES_LMDB_KEY_MAX];
    write_number(key, number);
    if (!features_int_shape_init(&shape, get->view, error)) {
        return false;
    }
    for (size_t i = 0; i < get->n; i++) {
        const FeaturesValue *keys = get->keys + i * get->view->n_keys;
        if (any_null(keys, get->view->n_keys)) {
            continue;
        }
        MDB_val text = {features_int_entity_key(get->view, keys, key), key}, row;
        int code = mdb_get(reader->txn, lmdb->rows, &text, &row);
        if (code == MDB_NOTFOUND) {
            continue;
        }
        if (code) {
            return fail(error, lmdb, code, "reading");
        }
        if (!features_int_row_decode(&shape, row.mv_data, row.mv_size, get->features, get->n_features,
                                     get->arena, &ret[i], error)) {
            return false;
        }
    }
    return true;
}

static bool lmdb_get(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys, size_t n,
                     const size_t *features, size_t n_features, FeaturesArena *arena, FeaturesRead *ret,
                     GError **error)
{
    Lmdb *lmdb = (Lmdb *)online;
    const Get get = {view, keys, n, features, n_features, arena};
    guint8 name[VIEW_NAME_MAX];
    size_t len;
    guint32 number;
    if (!write_name(view, true, name, &len, error)) {
        return false;
    }
    Reader *reader = reader_take(lmdb, error);
    if (!reader) {
        return false;
    }
    bool ok = reader_number(lmdb, reader, name, len, &number, error) &&
              (!number || get_rows(lmdb, reader, &get, number, ret, error));
    reader_give(lmdb, reader);
    return ok;
}

/* ---- transactions that write
 * -------------------------------------------------------------------------------- */

static bool begin(Lmdb *lmdb, MDB_txn **ret, GError **error)
{
    int code = mdb_txn_begin(lmdb->env, NULL, 0, ret);
    return !code || fail(error, lmdb, code, "writing");
}

static bool commit(Lmdb *lmdb, MDB_txn *txn, GError **error)
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
    return !code || fail(error, lmdb, code, "writing");
}

static bool put_view(Lmdb *lmdb, MDB_txn *txn, const guint8 *name, size_t len, const View *view,
                     GError **error)
{
    guint8 bytes[VIEW_BYTES];
    store_view(view, bytes);
    MDB_val key = {len, (void *)(guintptr)name}, value = {sizeof bytes, bytes};
    int code = mdb_put(txn, lmdb->names, &key, &value, 0);
    return !code || fail(error, lmdb, code, "writing");
}

static bool next_number(Lmdb *lmdb, MDB_txn *txn, guint32 *ret, GError **error)
{
    char word[] = "next";
    MDB_val key = {4, word}, value;
    int code = mdb_get(txn, lmdb->meta, &key, &value);
    if (code || value.mv_size != 4) {
        return fail(error, lmdb, code ? code : MDB_CORRUPTED, "writing");
    }
    *ret = load32(value.mv_data);
    guint32 after = GUINT32_TO_LE(*ret + 1);
    value = (MDB_val){4, &after};
    code = mdb_put(txn, lmdb->meta, &key, &value, 0);
    return !code || fail(error, lmdb, code, "writing");
}

static bool own_view(Lmdb *lmdb, MDB_txn *txn, const guint8 *name, size_t len, View *ret, GError **error)
{
    MDB_val key = {len, (void *)(guintptr)name}, value;
    int code = mdb_get(txn, lmdb->names, &key, &value);
    if (code == MDB_NOTFOUND) {
        *ret = (View){0};
        return next_number(lmdb, txn, &ret->number, error);
    }
    return (!code && load_view(&value, ret)) || fail(error, lmdb, code ? code : MDB_CORRUPTED, "writing");
}

/* ---- put
 * --------------------------------------------------------------------------------------------------- */

typedef struct {
    FeaturesGroupJob job; /* first */
    guint8 name[VIEW_NAME_MAX];
    size_t name_len;
    FeaturesPacked packed;
    FeaturesPut done;
} Put;

/* One row: looked up, and written where it wins. */
static bool put_row(Lmdb *lmdb, MDB_cursor *cursor, guint8 *bytes, const FeaturesEntry *entry, View *view,
                    FeaturesPut *done, GError **error)
{
    gint64 event, created, there_event, there_created;
    write_number(bytes, view->number);
    MDB_val key = {entry->key_len, bytes}, there, row = {entry->row_len, bytes + entry->key_len};
    int code = mdb_cursor_get(cursor, &key, &there, MDB_SET);
    bool found = code == 0;
    if (code && code != MDB_NOTFOUND) {
        return fail(error, lmdb, code, "writing");
    }
    if (found && features_int_row_times(there.mv_data, there.mv_size, &there_event, &there_created) &&
        features_int_row_times(row.mv_data, row.mv_size, &event, &created) &&
        !features_int_wins(event, created, there_event, there_created)) {
        done->skipped++;
        return true;
    }
    guint64 old_bytes = found ? there.mv_size : 0;
    key = (MDB_val){entry->key_len, bytes};
    code = mdb_cursor_put(cursor, &key, &row, found ? MDB_CURRENT : 0);
    if (code) {
        return fail(error, lmdb, code, "writing");
    }
    view->rows += !found;
    view->bytes += row.mv_size + (found ? 0 : key.mv_size) - old_bytes;
    done->written++;
    return true;
}

static bool put_one(Lmdb *lmdb, MDB_txn *txn, Put *put, GError **error)
{
    MDB_cursor *cursor;
    View view;
    put->done = (FeaturesPut){0};
    if (!own_view(lmdb, txn, put->name, put->name_len, &view, error)) {
        return false;
    }
    int code = mdb_cursor_open(txn, lmdb->rows, &cursor);
    if (code) {
        return fail(error, lmdb, code, "writing");
    }
    bool ok = true;
    for (guint i = 0; ok && i < put->packed.entries->len; i++) {
        const FeaturesEntry *entry = &g_array_index(put->packed.entries, FeaturesEntry, i);
        ok = put_row(lmdb, cursor, put->packed.bytes->data + entry->at, entry, &view, &put->done, error);
    }
    mdb_cursor_close(cursor);
    return ok && put_view(lmdb, txn, put->name, put->name_len, &view, error);
}

static bool put_group(void *user, FeaturesGroupJob *const *jobs, size_t n, GError **error)
{
    Lmdb *lmdb = user;
    MDB_txn *txn;
    if (!begin(lmdb, &txn, error)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!put_one(lmdb, txn, (Put *)jobs[i], error)) {
            mdb_txn_abort(txn);
            return false;
        }
    }
    return commit(lmdb, txn, error);
}

static bool put_some(Lmdb *lmdb, const FeaturesRowShape *shape, const FeaturesRow *rows, size_t n, Put *put,
                     size_t *ret_taken, GError **error)
{
    g_auto(FeaturesPacked) packed = {0};
    if (!features_int_packed_fill(&packed, shape, rows, n, ret_taken, error)) {
        return false;
    }
    put->packed = packed;
    put->job = (FeaturesGroupJob){.bytes = packed.bytes->len};
    return features_int_group_do(&lmdb->group, &put->job, put_group, lmdb, error);
}

static bool lmdb_put(FeaturesOnline *online, const FeaturesView *view, const FeaturesRow *rows, size_t n,
                     FeaturesPut *ret, GError **error)
{
    Lmdb *lmdb = (Lmdb *)online;
    g_auto(FeaturesRowShape) shape = {0};
    Put put = {0};
    if (!features_int_shape_init(&shape, view, error) ||
        !write_name(view, true, put.name, &put.name_len, error)) {
        return false;
    }
    for (size_t at = 0, taken; at < n; at += taken) {
        if (!put_some(lmdb, &shape, rows + at, n - at, &put, &taken, error)) {
            return false;
        }
        ret->written += put.done.written;
        ret->skipped += put.done.skipped;
    }
    return true;
}

/* ---- erase
 * ------------------------------------------------------------------------------------------------- */

static bool erase_key(Lmdb *lmdb, MDB_txn *txn, const FeaturesView *view, const FeaturesValue *keys,
                      const guint8 *name, size_t len, bool *ret_erased, GError **error)
{
    MDB_val name_key = {len, (void *)(guintptr)name}, value;
    View there;
    int code = mdb_get(txn, lmdb->names, &name_key, &value);
    if (code == MDB_NOTFOUND) {
        return true;
    }
    if (code || !load_view(&value, &there)) {
        return fail(error, lmdb, code ? code : MDB_CORRUPTED, "erasing");
    }
    guint8 bytes[FEATURES_LMDB_KEY_MAX];
    write_number(bytes, there.number);
    MDB_val key = {features_int_entity_key(view, keys, bytes), bytes};
    code = mdb_get(txn, lmdb->rows, &key, &value);
    if (code == MDB_NOTFOUND) {
        return true;
    }
    size_t size = key.mv_size + value.mv_size;
    code = code ? code : mdb_del(txn, lmdb->rows, &key, NULL);
    if (code) {
        return fail(error, lmdb, code, "erasing");
    }
    there.rows--;
    there.bytes -= size;
    *ret_erased = true;
    return put_view(lmdb, txn, name, len, &there, error);
}

static bool lmdb_erase(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                       bool *ret_erased, GError **error)
{
    Lmdb *lmdb = (Lmdb *)online;
    guint8 name[VIEW_NAME_MAX];
    size_t len;
    MDB_txn *txn;
    bool erased = false;
    if (!write_name(view, true, name, &len, error) || !begin(lmdb, &txn, error)) {
        return false;
    }
    bool ok = erase_key(lmdb, txn, view, keys, name, len, &erased, error);
    if (!ok || !erased) {
        mdb_txn_abort(txn);
        return ok;
    }
    *ret_erased = commit(lmdb, txn, error);
    return *ret_erased;
}

/* Names that begin with `prefix`, as GBytes; a prefix ends with NUL, so it is a whole word of them. */
static bool names_under(Lmdb *lmdb, MDB_txn *txn, const guint8 *prefix, size_t len, GPtrArray *out,
                        GArray *views, GError **error)
{
    MDB_cursor *cursor;
    int code = mdb_cursor_open(txn, lmdb->names, &cursor);
    if (code) {
        return fail(error, lmdb, code, "reading");
    }
    MDB_val key = {len, (void *)(guintptr)prefix}, value;
    code = len ? mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
               : mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    while (!code && key.mv_size >= len && (!len || !memcmp(key.mv_data, prefix, len))) {
        View view;
        if (!load_view(&value, &view)) {
            code = MDB_CORRUPTED;
            break;
        }
        g_ptr_array_add(out, g_bytes_new(key.mv_data, key.mv_size));
        g_array_append_val(views, view);
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return !code || code == MDB_NOTFOUND || fail(error, lmdb, code, "reading");
}

/* Up to ERASE_ROWS rows of a number. */
static int erase_rows(Lmdb *lmdb, MDB_txn *txn, guint32 number, View *view, gint64 *ret_rows)
{
    MDB_cursor *cursor;
    guint8 prefix[FEATURES_ID_BYTES];
    write_number(prefix, number);
    int code = mdb_cursor_open(txn, lmdb->rows, &cursor);
    if (code) {
        return code;
    }
    MDB_val key = {sizeof prefix, prefix}, value;
    code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!code && !memcmp(key.mv_data, prefix, sizeof prefix) && *ret_rows < ERASE_ROWS) {
        view->rows--;
        view->bytes -= key.mv_size + value.mv_size;
        ++*ret_rows;
        code = mdb_cursor_del(cursor, 0);
        /* after a deletion, the next one is the one that has come to its place */
        code = code ? code : mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? 0 : code;
}

static bool erase_name(Lmdb *lmdb, GBytes *name, gint64 *ret_rows, GError **error)
{
    for (gint64 rows = ERASE_ROWS; rows == ERASE_ROWS;) {
        gsize len;
        const guint8 *bytes = g_bytes_get_data(name, &len);
        MDB_txn *txn;
        View view;
        rows = 0;
        if (!begin(lmdb, &txn, error)) {
            return false;
        }
        bool ok = own_view(lmdb, txn, bytes, len, &view, error);
        int code = ok ? erase_rows(lmdb, txn, view.number, &view, &rows) : 0;
        if (!ok || code || !put_view(lmdb, txn, bytes, len, &view, error)) {
            mdb_txn_abort(txn);
            return code ? fail(error, lmdb, code, "erasing") : false;
        }
        if (!commit(lmdb, txn, error)) {
            return false;
        }
        *ret_rows += rows;
    }
    return true;
}

/* The names and counts of a view, of a project (view NULL), or of all (both NULL), as one moment has them. */
static bool list_names(Lmdb *lmdb, const char *project, const FeaturesView *view, GPtrArray *names,
                       GArray *views, GError **error)
{
    guint8 prefix[VIEW_NAME_MAX];
    size_t len = 0;
    if (view ? !write_name(view, false, prefix, &len, error) : project && !add_word(prefix, &len, project)) {
        return view ? false : base_fail(error, BASE_E_VALUE_TOO_LARGE, "the project's name is too long");
    }
    Reader *reader = reader_take(lmdb, error);
    if (!reader) {
        return false;
    }
    bool ok = names_under(lmdb, reader->txn, prefix, len, names, views, error);
    reader_give(lmdb, reader);
    return ok;
}

static bool lmdb_erase_all(FeaturesOnline *online, const char *project, const FeaturesView *view,
                           gint64 *ret_rows, GError **error)
{
    Lmdb *lmdb = (Lmdb *)online;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GArray) views = g_array_new(FALSE, FALSE, sizeof(View));
    if (!list_names(lmdb, project, view, names, views, error)) {
        return false;
    }
    for (guint i = 0; i < names->len; i++) {
        if (!erase_name(lmdb, names->pdata[i], ret_rows, error)) {
            return false;
        }
    }
    return true;
}

static bool lmdb_size(FeaturesOnline *online, const FeaturesView *view, FeaturesOnlineSize *ret,
                      GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GArray) views = g_array_new(FALSE, FALSE, sizeof(View));
    if (!list_names((Lmdb *)online, NULL, view, names, views, error)) {
        return false;
    }
    *ret = (FeaturesOnlineSize){0};
    for (guint i = 0; i < views->len; i++) {
        ret->rows += (gint64)g_array_index(views, View, i).rows;
        ret->bytes += (gint64)g_array_index(views, View, i).bytes;
    }
    return true;
}

/* ---- backup, open, close
 * ------------------------------------------------------------------------------------- */

static bool lmdb_backup(FeaturesOnline *online, const char *dir, GError **error)
{
    Lmdb *lmdb = (Lmdb *)online;
    if (!base_fs_mkdir(dir, error)) {
        return false;
    }
    int code = mdb_env_copy2(lmdb->env, dir, MDB_CP_COMPACT);
    if (code) {
        return fail(error, lmdb, code, "copying");
    }
    g_autofree char *path = g_build_filename(dir, "data.mdb", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    code = fd < 0 || fsync(fd) ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return code ? base_fs_fail(error, code, "copying", path) : base_fs_sync_dir(dir, error);
}

static void lmdb_close(FeaturesOnline *online)
{
    Lmdb *lmdb = (Lmdb *)online;
    for (unsigned i = 0; i < READERS; i++) {
        reader_free(lmdb->parked[i]);
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
static bool lock_dir(Lmdb *lmdb, GError **error)
{
    lmdb->lock = open(lmdb->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lmdb->lock < 0) {
        return base_fs_fail(error, errno, "opening", lmdb->dir);
    }
    if (flock(lmdb->lock, LOCK_EX | LOCK_NB)) {
        return errno == EWOULDBLOCK
                   ? base_fail(error, BASE_E_DATA_LOCKED, "the online store in %s is in use", lmdb->dir)
                   : base_fs_fail(error, errno, "locking", lmdb->dir);
    }
    return true;
}

/* Gives the format that is there, or writes this one; the numbers begin with 1. */
static int read_format(Lmdb *lmdb, MDB_txn *txn, guint32 *ret)
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
        *ret = load32(value.mv_data);
    }
    return code ? code : value.mv_size == 4 ? 0 : MDB_CORRUPTED;
}

static bool open_databases(Lmdb *lmdb, GError **error)
{
    MDB_txn *txn;
    guint32 format = 0;
    if (!begin(lmdb, &txn, error)) {
        return false;
    }
    int code = mdb_dbi_open(txn, "meta", MDB_CREATE, &lmdb->meta);
    code = code ? code : mdb_dbi_open(txn, "names", MDB_CREATE, &lmdb->names);
    code = code ? code : mdb_dbi_open(txn, "rows", MDB_CREATE, &lmdb->rows);
    code = code ? code : read_format(lmdb, txn, &format);
    if (!code && format <= FORMAT) {
        return commit(lmdb, txn, error);
    }
    mdb_txn_abort(txn);
    return code ? fail(error, lmdb, code, "opening")
                : base_fail(error, BASE_E_FORMAT_NEWER,
                            "the online store in %s has format %u; this program knows up to %u", lmdb->dir,
                            (unsigned)format, FORMAT);
}

static bool open_env(Lmdb *lmdb, GError **error)
{
    int code = mdb_env_create(&lmdb->env);
    if (code) {
        lmdb->env = NULL;
        return fail(error, lmdb, code, "opening");
    }
    code = mdb_env_set_maxdbs(lmdb->env, 3);
    code = code ? code : mdb_env_set_maxreaders(lmdb->env, MAX_READERS);
    code = code ? code : mdb_env_set_mapsize(lmdb->env, (size_t)lmdb->max_bytes);
    code = code ? code : mdb_env_open(lmdb->env, lmdb->dir, MDB_NOTLS | MDB_NORDAHEAD, 0600);
    if (code == ENOMEM) {
        base_fail(error, BASE_E_MEMORY,
                  "no room in the address space for an online store of features.online_max");
        base_error_hint(error, "Lower features.online_max, or the process's limit on memory is too low");
        return false;
    }
    return !code || fail(error, lmdb, code, "opening");
}

static const FeaturesOnlineClass lmdb_class = {
    .name = "lmdb",
    .put = lmdb_put,
    .get = lmdb_get,
    .erase = lmdb_erase,
    .erase_all = lmdb_erase_all,
    .size = lmdb_size,
    .backup = lmdb_backup,
    .close = lmdb_close,
};

/* The map is made as large as the file may grow: it is address space, not memory, and the file itself grows
 * only by what is written. So no map ever has to move under a reader. */
FeaturesOnline *features_int_lmdb_open(const FeaturesOnlineOptions *options, GError **error)
{
    Lmdb *lmdb = g_new0(Lmdb, 1);
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
