/* Rows into the LMDB store: packed outside of its one write transaction, and many threads' puts in one. */
#include "features/lmdb_int.h"

typedef struct {
    FeaturesGroupJob job; /* first */
    guint8 name[FEATURES_LMDB_KEY_MAX];
    size_t name_len;
    FeaturesPacked packed;
    FeaturesPut done;
} Put;

/* One row: looked up, and written where it wins. */
static bool put_row(FeaturesLmdb *lmdb, MDB_cursor *cursor, guint8 *bytes, const FeaturesEntry *entry,
                    FeaturesLmdbView *view, FeaturesPut *done, GError **error)
{
    gint64 event, created, there_event, there_created;
    features_int_lmdb_write_number(bytes, view->number);
    MDB_val key = {entry->key_len, bytes}, there, row = {entry->row_len, bytes + entry->key_len};
    int code = mdb_cursor_get(cursor, &key, &there, MDB_SET);
    bool found = code == 0;
    if (code && code != MDB_NOTFOUND) {
        return features_int_lmdb_fail(error, lmdb, code, "write");
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
        return features_int_lmdb_fail(error, lmdb, code, "write");
    }
    view->rows += !found;
    view->bytes += row.mv_size + (found ? 0 : key.mv_size) - old_bytes;
    done->written++;
    return true;
}

static bool put_one(FeaturesLmdb *lmdb, MDB_txn *txn, Put *put, GError **error)
{
    MDB_cursor *cursor;
    FeaturesLmdbView view;
    put->done = (FeaturesPut){0};
    if (!features_int_lmdb_own_view(lmdb, txn, put->name, put->name_len, &view, error)) {
        return false;
    }
    int code = mdb_cursor_open(txn, lmdb->rows, &cursor);
    if (code) {
        return features_int_lmdb_fail(error, lmdb, code, "write");
    }
    bool ok = true;
    for (guint i = 0; ok && i < put->packed.entries->len; i++) {
        const FeaturesEntry *entry = &g_array_index(put->packed.entries, FeaturesEntry, i);
        ok = put_row(lmdb, cursor, put->packed.bytes->data + entry->at, entry, &view, &put->done, error);
    }
    mdb_cursor_close(cursor);
    return ok && features_int_lmdb_put_view(lmdb, txn, put->name, put->name_len, &view, error);
}

static bool put_group(void *user, FeaturesGroupJob *const *jobs, size_t n, GError **error)
{
    FeaturesLmdb *lmdb = user;
    MDB_txn *txn;
    if (!features_int_lmdb_begin(lmdb, &txn, error)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!put_one(lmdb, txn, (Put *)jobs[i], error)) {
            mdb_txn_abort(txn);
            return false;
        }
    }
    return features_int_lmdb_commit(lmdb, txn, error);
}

static bool put_some(FeaturesLmdb *lmdb, const FeaturesRowShape *shape, const FeaturesRow *rows, size_t n,
                     Put *put, size_t *ret_taken, GError **error)
{
    g_auto(FeaturesPacked) packed = {0};
    if (!features_int_packed_fill(&packed, shape, rows, n, ret_taken, error)) {
        return false;
    }
    put->packed = packed;
    put->job = (FeaturesGroupJob){.bytes = packed.bytes->len};
    return features_int_group_do(&lmdb->group, &put->job, put_group, lmdb, error);
}

bool features_int_lmdb_put(FeaturesOnline *online, const FeaturesView *view, const FeaturesRow *rows,
                           size_t n, FeaturesPut *ret, GError **error)
{
    FeaturesLmdb *lmdb = (FeaturesLmdb *)online;
    g_auto(FeaturesRowShape) shape = {0};
    Put put = {0};
    if (!features_int_shape_init(&shape, view, error) ||
        !features_int_lmdb_name(view, put.name, &put.name_len, error)) {
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
