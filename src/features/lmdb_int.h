/* Private to the LMDB store: what its parts share. */
#ifndef WEIR_FEATURES_LMDB_INT_H
#define WEIR_FEATURES_LMDB_INT_H

#include <lmdb.h>

#include "features/online_int.h"

#define FEATURES_LMDB_PARKED      64   /* readers kept */
#define FEATURES_LMDB_MAX_READERS 1022 /* at the same time */

/* A read transaction that is used again; no other thread has it while one does. */
typedef struct {
    MDB_txn *txn;
    GHashTable *numbers; /* GBytes name -> number */
} FeaturesLmdbReader;

typedef struct {
    FeaturesOnline base;
    char *dir;
    int lock; /* descriptor of the folder, locked */
    MDB_env *env;
    MDB_dbi meta, names, rows;
    gint64 max_bytes;
    FeaturesGroup group;
    FeaturesLmdbReader *parked[FEATURES_LMDB_PARKED]; /* atomic */
} FeaturesLmdb;

/* ---- the file (online_lmdb.c) ---- */

/* The error of LMDB's `code`, or of errno where it is above 0; false. `what` could not be done: "open",
 * "read". */
bool features_int_lmdb_fail(GError **error, const FeaturesLmdb *lmdb, int code, const char *what);
bool features_int_lmdb_begin(FeaturesLmdb *lmdb, MDB_txn **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The transaction is gone, also after an error. */
bool features_int_lmdb_commit(FeaturesLmdb *lmdb, MDB_txn *txn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- names and what they stand for (lmdb_names.c) ---- */

typedef struct {
    guint32 number; /* from 1; 0 = nothing was ever put under the name */
    guint64 rows, bytes;
} FeaturesLmdbView;

/* The name of a view under its list of keys. VALUE_TOO_LARGE. */
bool features_int_lmdb_name(const FeaturesView *view, guint8 out[FEATURES_LMDB_KEY_MAX], size_t *ret_len,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool features_int_lmdb_find_view(FeaturesLmdb *lmdb, MDB_txn *txn, const guint8 *name, size_t len,
                                 FeaturesLmdbView *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As it stands, or with the next number; it is there once it was put. */
bool features_int_lmdb_own_view(FeaturesLmdb *lmdb, MDB_txn *txn, const guint8 *name, size_t len,
                                FeaturesLmdbView *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool features_int_lmdb_put_view(FeaturesLmdb *lmdb, MDB_txn *txn, const guint8 *name, size_t len,
                                const FeaturesLmdbView *view, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The names (GBytes) and counts (FeaturesLmdbView) of a view under whatever keys, of a project (view NULL),
 * or of all (both NULL), as one moment has them. */
bool features_int_lmdb_list(FeaturesLmdb *lmdb, const char *project, const FeaturesView *view,
                            GPtrArray *names, GArray *views, GError **error) G_GNUC_WARN_UNUSED_RESULT;

static inline void features_int_lmdb_write_number(guint8 *key, guint32 number)
{
    number = GUINT32_TO_BE(number);
    memcpy(key, &number, FEATURES_ID_BYTES);
}

/* ---- reading (lmdb_read.c) ---- */

FeaturesLmdbReader *features_int_lmdb_reader_take(FeaturesLmdb *lmdb,
                                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_int_lmdb_reader_give(FeaturesLmdb *lmdb, FeaturesLmdbReader *reader);
void features_int_lmdb_reader_free(FeaturesLmdbReader *reader); /* NULL is harmless */

/* ---- the store's functions: lmdb_read.c, lmdb_write.c, lmdb_erase.c ---- */

bool features_int_lmdb_get(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                           size_t n, const size_t *features, size_t n_features, FeaturesArena *arena,
                           FeaturesRead *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool features_int_lmdb_put(FeaturesOnline *online, const FeaturesView *view, const FeaturesRow *rows,
                           size_t n, FeaturesPut *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool features_int_lmdb_erase(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                             bool *ret_erased, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool features_int_lmdb_erase_all(FeaturesOnline *online, const char *project, const FeaturesView *view,
                                 gint64 *ret_rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
