/* Names of views in the LMDB store, the numbers that they stand for, and the counts of their rows. */
#include "features/lmdb_int.h"

#define VIEW_BYTES 24

/* ---- bytes ---- */

static bool load_view(const MDB_val *bytes, FeaturesLmdbView *ret)
{
    if (bytes->mv_size != VIEW_BYTES) {
        return false;
    }
    const guint8 *at = bytes->mv_data;
    *ret = (FeaturesLmdbView){.number = features_int_load32(at),
                              .rows = features_int_load64(at + 8),
                              .bytes = features_int_load64(at + 16)};
    return ret->number != 0;
}

static void store_view(const FeaturesLmdbView *view, guint8 out[VIEW_BYTES])
{
    const guint32 number[2] = {GUINT32_TO_LE(view->number), 0};
    const guint64 counts[2] = {GUINT64_TO_LE(view->rows), GUINT64_TO_LE(view->bytes)};
    memcpy(out, number, 8);
    memcpy(out + 8, counts, 16);
}

static bool add_word(guint8 *out, size_t *len, const char *word)
{
    size_t bytes = strlen(word) + 1;
    if (*len + bytes > FEATURES_LMDB_KEY_MAX) {
        return false;
    }
    memcpy(out + *len, word, bytes);
    *len += bytes;
    return true;
}

/* `keys` false: only as far as names of the view's other key lists have it too. */
static bool write_name(const FeaturesView *view, bool keys, guint8 out[FEATURES_LMDB_KEY_MAX],
                       size_t *ret_len, GError **error)
{
    *ret_len = 0;
    bool fits = add_word(out, ret_len, view->project) && add_word(out, ret_len, view->stored);
    for (size_t i = 0; fits && keys && i < view->n_keys; i++) {
        fits = add_word(out, ret_len, view->keys[i].stored);
    }
    return fits || base_fail(error, BASE_E_VALUE_TOO_LARGE,
                             "the names of `%s`, its project and its keys hold more than %d bytes",
                             view->name, FEATURES_LMDB_KEY_MAX);
}

bool features_int_lmdb_name(const FeaturesView *view, guint8 out[FEATURES_LMDB_KEY_MAX], size_t *ret_len,
                            GError **error)
{
    return write_name(view, true, out, ret_len, error);
}

/* ---- one view ---- */

bool features_int_lmdb_find_view(FeaturesLmdb *lmdb, MDB_txn *txn, const guint8 *name, size_t len,
                                 FeaturesLmdbView *ret, GError **error)
{
    MDB_val key = {len, (void *)(guintptr)name}, value;
    int code = mdb_get(txn, lmdb->names, &key, &value);
    *ret = (FeaturesLmdbView){0};
    if (code == MDB_NOTFOUND) {
        return true;
    }
    return (!code && load_view(&value, ret)) ||
           features_int_lmdb_fail(error, lmdb, code ? code : MDB_CORRUPTED, "read");
}

static bool next_number(FeaturesLmdb *lmdb, MDB_txn *txn, guint32 *ret, GError **error)
{
    char word[] = "next";
    MDB_val key = {4, word}, value;
    int code = mdb_get(txn, lmdb->meta, &key, &value);
    if (code || value.mv_size != 4) {
        return features_int_lmdb_fail(error, lmdb, code ? code : MDB_CORRUPTED, "write");
    }
    *ret = features_int_load32(value.mv_data);
    guint32 after = GUINT32_TO_LE(*ret + 1);
    value = (MDB_val){4, &after};
    code = mdb_put(txn, lmdb->meta, &key, &value, 0);
    return !code || features_int_lmdb_fail(error, lmdb, code, "write");
}

bool features_int_lmdb_own_view(FeaturesLmdb *lmdb, MDB_txn *txn, const guint8 *name, size_t len,
                                FeaturesLmdbView *ret, GError **error)
{
    return features_int_lmdb_find_view(lmdb, txn, name, len, ret, error) &&
           (ret->number || next_number(lmdb, txn, &ret->number, error));
}

bool features_int_lmdb_put_view(FeaturesLmdb *lmdb, MDB_txn *txn, const guint8 *name, size_t len,
                                const FeaturesLmdbView *view, GError **error)
{
    guint8 bytes[VIEW_BYTES];
    store_view(view, bytes);
    MDB_val key = {len, (void *)(guintptr)name}, value = {sizeof bytes, bytes};
    int code = mdb_put(txn, lmdb->names, &key, &value, 0);
    return !code || features_int_lmdb_fail(error, lmdb, code, "write");
}

/* ---- many ---- */

/* Names that begin with `prefix`, as GBytes; a prefix ends with NUL, so it is a whole word of them. */
static bool names_under(FeaturesLmdb *lmdb, MDB_txn *txn, const guint8 *prefix, size_t len, GPtrArray *out,
                        GArray *views, GError **error)
{
    MDB_cursor *cursor;
    int code = mdb_cursor_open(txn, lmdb->names, &cursor);
    if (code) {
        return features_int_lmdb_fail(error, lmdb, code, "read");
    }
    MDB_val key = {len, (void *)(guintptr)prefix}, value;
    code = len ? mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
               : mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    while (!code && key.mv_size >= len && (!len || !memcmp(key.mv_data, prefix, len))) {
        FeaturesLmdbView view;
        if (!load_view(&value, &view)) {
            code = MDB_CORRUPTED;
            break;
        }
        g_ptr_array_add(out, g_bytes_new(key.mv_data, key.mv_size));
        g_array_append_val(views, view);
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return !code || code == MDB_NOTFOUND || features_int_lmdb_fail(error, lmdb, code, "read");
}

bool features_int_lmdb_list(FeaturesLmdb *lmdb, const char *project, const FeaturesView *view,
                            GPtrArray *names, GArray *views, GError **error)
{
    guint8 prefix[FEATURES_LMDB_KEY_MAX];
    size_t len = 0;
    if (view ? !write_name(view, false, prefix, &len, error) : project && !add_word(prefix, &len, project)) {
        return view ? false : base_fail(error, BASE_E_VALUE_TOO_LARGE, "the project's name is too long");
    }
    FeaturesLmdbReader *reader = features_int_lmdb_reader_take(lmdb, error);
    if (!reader) {
        return false;
    }
    bool ok = names_under(lmdb, reader->txn, prefix, len, names, views, error);
    features_int_lmdb_reader_give(lmdb, reader);
    return ok;
}
