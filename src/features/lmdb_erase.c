/* Rows out of the LMDB store: of one entity, of a view, of a project. */
#include "features/lmdb_int.h"

#define ERASE_ROWS 10000 /* a transaction */

static bool erase_key(FeaturesLmdb *lmdb, MDB_txn *txn, const FeaturesView *view, const FeaturesValue *keys,
                      const guint8 *name, size_t len, bool *ret_erased, GError **error)
{
    FeaturesLmdbView there;
    if (!features_int_lmdb_find_view(lmdb, txn, name, len, &there, error)) {
        return false;
    }
    if (!there.number) {
        return true;
    }
    MDB_val value = {0};
    guint8 bytes[FEATURES_LMDB_KEY_MAX];
    features_int_lmdb_write_number(bytes, there.number);
    MDB_val key = {features_int_entity_key(view, keys, bytes), bytes};
    int code = mdb_get(txn, lmdb->rows, &key, &value);
    if (code == MDB_NOTFOUND) {
        return true;
    }
    size_t size = key.mv_size + value.mv_size;
    code = code ? code : mdb_del(txn, lmdb->rows, &key, NULL);
    if (code) {
        return features_int_lmdb_fail(error, lmdb, code, "erase");
    }
    there.rows--;
    there.bytes -= size;
    *ret_erased = true;
    return features_int_lmdb_put_view(lmdb, txn, name, len, &there, error);
}

bool features_int_lmdb_erase(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                             bool *ret_erased, GError **error)
{
    FeaturesLmdb *lmdb = (FeaturesLmdb *)online;
    guint8 name[FEATURES_LMDB_KEY_MAX];
    size_t len;
    MDB_txn *txn;
    bool erased = false;
    if (!features_int_lmdb_name(view, name, &len, error) || !features_int_lmdb_begin(lmdb, &txn, error)) {
        return false;
    }
    bool ok = erase_key(lmdb, txn, view, keys, name, len, &erased, error);
    if (!ok || !erased) {
        mdb_txn_abort(txn);
        return ok;
    }
    *ret_erased = features_int_lmdb_commit(lmdb, txn, error);
    return *ret_erased;
}

/* Up to ERASE_ROWS rows of a number. */
static int erase_rows(FeaturesLmdb *lmdb, MDB_txn *txn, guint32 number, FeaturesLmdbView *view,
                      gint64 *ret_rows)
{
    MDB_cursor *cursor;
    guint8 prefix[FEATURES_ID_BYTES];
    features_int_lmdb_write_number(prefix, number);
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

static bool erase_name(FeaturesLmdb *lmdb, GBytes *name, gint64 *ret_rows, GError **error)
{
    for (gint64 rows = ERASE_ROWS; rows == ERASE_ROWS;) {
        gsize len;
        const guint8 *bytes = g_bytes_get_data(name, &len);
        MDB_txn *txn;
        FeaturesLmdbView view;
        rows = 0;
        if (!features_int_lmdb_begin(lmdb, &txn, error)) {
            return false;
        }
        bool ok = features_int_lmdb_own_view(lmdb, txn, bytes, len, &view, error);
        int code = ok ? erase_rows(lmdb, txn, view.number, &view, &rows) : 0;
        if (!ok || code || !features_int_lmdb_put_view(lmdb, txn, bytes, len, &view, error)) {
            mdb_txn_abort(txn);
            return code ? features_int_lmdb_fail(error, lmdb, code, "erase") : false;
        }
        if (!features_int_lmdb_commit(lmdb, txn, error)) {
            return false;
        }
        *ret_rows += rows;
    }
    return true;
}

bool features_int_lmdb_erase_all(FeaturesOnline *online, const char *project, const FeaturesView *view,
                                 gint64 *ret_rows, GError **error)
{
    FeaturesLmdb *lmdb = (FeaturesLmdb *)online;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GArray) views = g_array_new(FALSE, FALSE, sizeof(FeaturesLmdbView));
    if (!features_int_lmdb_list(lmdb, project, view, names, views, error)) {
        return false;
    }
    for (guint i = 0; i < names->len; i++) {
        if (!erase_name(lmdb, names->pdata[i], ret_rows, error)) {
            return false;
        }
    }
    return true;
}
