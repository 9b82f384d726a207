/* Reading the LMDB store: parked read transactions, and rows by key.
 *
 * A read takes a parked read transaction (MDB_NOTLS: it belongs to no thread), renews it, looks up, and parks
 * it again; nothing is held between calls, so the file does not grow on behalf of idle readers. */
#include "features/lmdb_int.h"

#define IDS_KEPT 4096 /* names that a reader remembers */

/* ---- readers ---- */

void features_int_lmdb_reader_free(FeaturesLmdbReader *reader)
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
    return place % FEATURES_LMDB_PARKED;
}

FeaturesLmdbReader *features_int_lmdb_reader_take(FeaturesLmdb *lmdb, GError **error)
{
    unsigned first = first_place();
    for (unsigned i = 0; i < FEATURES_LMDB_PARKED; i++) {
        FeaturesLmdbReader **place = &lmdb->parked[(first + i) % FEATURES_LMDB_PARKED];
        FeaturesLmdbReader *reader = __atomic_load_n(place, __ATOMIC_RELAXED)
                                         ? __atomic_exchange_n(place, NULL, __ATOMIC_ACQUIRE)
                                         : NULL;
        if (!reader) {
            continue;
        }
        int code = mdb_txn_renew(reader->txn);
        if (!code) {
            return reader;
        }
        features_int_lmdb_reader_free(reader);
        features_int_lmdb_fail(error, lmdb, code, "read");
        return NULL;
    }
    FeaturesLmdbReader *reader = g_new0(FeaturesLmdbReader, 1);
    int code = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &reader->txn);
    if (code) {
        g_free(reader);
        features_int_lmdb_fail(error, lmdb, code, "read");
        return NULL;
    }
    reader->numbers = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    return reader;
}

void features_int_lmdb_reader_give(FeaturesLmdb *lmdb, FeaturesLmdbReader *reader)
{
    unsigned first = first_place();
    mdb_txn_reset(reader->txn);
    for (unsigned i = 0; i < FEATURES_LMDB_PARKED; i++) {
        FeaturesLmdbReader *none = NULL;
        if (__atomic_compare_exchange_n(&lmdb->parked[(first + i) % FEATURES_LMDB_PARKED], &none, reader,
                                        false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
            return;
        }
    }
    features_int_lmdb_reader_free(reader);
}

/* 0 when nothing was ever put under that name. */
static bool reader_number(FeaturesLmdb *lmdb, FeaturesLmdbReader *reader, const guint8 *name, size_t len,
                          guint32 *ret, GError **error)
{
    g_autoptr(GBytes) key = g_bytes_new_static(name, len);
    *ret = GPOINTER_TO_UINT(g_hash_table_lookup(reader->numbers, key));
    if (*ret) {
        return true;
    }
    FeaturesLmdbView view;
    if (!features_int_lmdb_find_view(lmdb, reader->txn, name, len, &view, error)) {
        return false;
    }
    if (!view.number) {
        return true;
    }
    if (g_hash_table_size(reader->numbers) >= IDS_KEPT) {
        g_hash_table_remove_all(reader->numbers);
    }
    g_hash_table_insert(reader->numbers, g_bytes_new(name, len), GUINT_TO_POINTER(view.number));
    *ret = view.number;
    return true;
}

/* ---- get ---- */

typedef struct {
    const FeaturesView *view;
    const FeaturesValue *keys;
    size_t n;
    const size_t *features;
    size_t n_features;
    FeaturesArena *arena;
} Get;

static bool get_rows(FeaturesLmdb *lmdb, FeaturesLmdbReader *reader, const Get *get, guint32 number,
                     FeaturesRead *ret, GError **error)
{
    g_auto(FeaturesRowShape) shape = {0};
    guint8 key[FEATURES_LMDB_KEY_MAX];
    features_int_lmdb_write_number(key, number);
    if (!features_int_shape_init(&shape, get->view, error)) {
        return false;
    }
    for (size_t i = 0; i < get->n; i++) {
        const FeaturesValue *keys = get->keys + i * get->view->n_keys;
        if (features_int_any_null(keys, get->view->n_keys)) {
            continue;
        }
        MDB_val text = {features_int_entity_key(get->view, keys, key), key}, row;
        int code = mdb_get(reader->txn, lmdb->rows, &text, &row);
        if (code == MDB_NOTFOUND) {
            continue;
        }
        if (code) {
            return features_int_lmdb_fail(error, lmdb, code, "read");
        }
        if (!features_int_row_decode(&shape, row.mv_data, row.mv_size, get->features, get->n_features,
                                     get->arena, &ret[i], error)) {
            return false;
        }
    }
    return true;
}

bool features_int_lmdb_get(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                           size_t n, const size_t *features, size_t n_features, FeaturesArena *arena,
                           FeaturesRead *ret, GError **error)
{
    FeaturesLmdb *lmdb = (FeaturesLmdb *)online;
    const Get get = {view, keys, n, features, n_features, arena};
    guint8 name[FEATURES_LMDB_KEY_MAX];
    size_t len;
    guint32 number;
    if (!features_int_lmdb_name(view, name, &len, error)) {
        return false;
    }
    FeaturesLmdbReader *reader = features_int_lmdb_reader_take(lmdb, error);
    if (!reader) {
        return false;
    }
    bool ok = reader_number(lmdb, reader, name, len, &number, error) &&
              (!number || get_rows(lmdb, reader, &get, number, ret, error));
    features_int_lmdb_reader_give(lmdb, reader);
    return ok;
}
