/* Private to the online stores: the table that a store fills, and what stores share. */
#ifndef WEIR_FEATURES_ONLINE_INT_H
#define WEIR_FEATURES_ONLINE_INT_H

#include "features/online.h"

/* What a client chooses and what a store must hold: checked before anything is written (VALUE_TOO_LARGE). */
#define FEATURES_VALUE_MAX_BYTES ((size_t)16 << 20) /* one value */
#define FEATURES_ROW_MAX_BYTES   ((size_t)64 << 20) /* one packed row */
#define FEATURES_KEY_MAX_BYTES   ((size_t)64 << 10) /* the key of an entity */
#define FEATURES_MAX_FEATURES    ((size_t)65535)    /* of a view */

/* The functions of a store. All may be called from any thread, may block (LMDB: on the disk when it writes;
 * Redis: at most timeout_ms for each answer), and fail as online.h says. Arguments have been checked by
 * online.c: types of keys and values are the view's, no key of a put or an erase is null, n > 0. */
typedef struct {
    const char *name;
    bool (*put)(FeaturesOnline *online, const FeaturesView *view, const FeaturesRow *rows, size_t n,
                FeaturesPut *ret, GError **error);
    bool (*get)(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys, size_t n,
                const size_t *features, size_t n_features, FeaturesArena *arena, FeaturesRead *ret,
                GError **error); /* ret is all not found */
    bool (*erase)(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                  bool *ret_erased, GError **error);
    bool (*erase_all)(FeaturesOnline *online, const char *project, const FeaturesView *view, gint64 *ret_rows,
                      GError **error);
    bool (*size)(FeaturesOnline *online, const FeaturesView *view, FeaturesOnlineSize *ret, GError **error);
    bool (*backup)(FeaturesOnline *online, const char *dir, GError **error);
    void (*close)(FeaturesOnline *online); /* no call runs any more */
} FeaturesOnlineClass;

struct FeaturesOnline { /* a store's own struct begins with it */
    const FeaturesOnlineClass *class;
};

FeaturesOnline *features_int_lmdb_open(const FeaturesOnlineOptions *options,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

FeaturesOnline *features_int_redis_open(const FeaturesOnlineOptions *options,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The rule of all stores: newer event, then newer created. FEATURES_NO_TIME is the lowest number. */
static inline bool features_int_wins(gint64 event_us, gint64 created_us, gint64 there_event_us,
                                     gint64 there_created_us)
{
    return event_us != there_event_us ? event_us > there_event_us : created_us > there_created_us;
}

static inline bool features_int_any_null(const FeaturesValue *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (keys[i].null) {
            return true;
        }
    }
    return false;
}

/* Little-endian, wherever it lies. */
static inline guint32 features_int_load32(const void *bytes)
{
    guint32 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_LE(value);
}

static inline guint64 features_int_load64(const void *bytes)
{
    guint64 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_LE(value);
}

/* MurmurHash3_x86_32 (A. Appleby, public domain description), which names the fields of Feast's hashes. */
guint32 features_int_murmur3(const void *bytes, size_t len, guint32 seed);

/* ---- packed rows (online_row.c; format in docs/reference/online-formats.md) --------------------------- */

/* How rows of a view lie in memory; made once a call. Borrows the view. */
typedef struct {
    const FeaturesView *view;
    size_t n;
    guint32 names; /* murmur3 of the features' names, each with its NUL, in order */
    guint8 *types;
    guint32 *slots; /* where each feature's fixed bytes are, from the start of the row */
    size_t heap;    /* where the bytes of texts and lists begin */
} FeaturesRowShape;
/* VALUE_TOO_LARGE: more than FEATURES_MAX_FEATURES. */
bool features_int_shape_init(FeaturesRowShape *shape, const FeaturesView *view,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_int_shape_clear(FeaturesRowShape *shape);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FeaturesRowShape, features_int_shape_clear)

/* Appends the row to `out`. VALUE_TOO_LARGE names the feature. */
bool features_int_row_encode(const FeaturesRowShape *shape, const FeaturesRow *row, GByteArray *out,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* False when the bytes are no row of this format. */
bool features_int_row_times(const guint8 *bytes, size_t len, gint64 *ret_event_us, gint64 *ret_created_us);
/* Values come to lie in the arena. DATA_DAMAGED. */
bool features_int_row_decode(const FeaturesRowShape *shape, const guint8 *bytes, size_t len,
                             const size_t *features, size_t n_features, FeaturesArena *arena,
                             FeaturesRead *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- what LMDB is given (online_packed.c) ----------------------------------------------------------------
 */

#define FEATURES_LMDB_KEY_MAX 511 /* of LMDB as Debian builds it */
#define FEATURES_ID_BYTES     4   /* in front of each key: the view's number, big-endian */

/* Writes the key of an entity after FEATURES_ID_BYTES, which stay as they are; gives its length with them.
 *   for each key, in the order of the view: u8 type, then bool 1 byte, int32 and float 4, int64, double and
 *   timestamp 8, big-endian with the sign so that bytes are ordered as numbers are; text with 00 as 00 ff,
 * and 00 00 after it. So rows that come in the order of their keys are written page after page: that is what
 * makes a large put fast. What would be too long for LMDB is u8 0, the first 474 bytes of that and the
 * SHA-256 of all of it. No key is null. */
size_t features_int_entity_key(const FeaturesView *view, const FeaturesValue *keys,
                               guint8 out[FEATURES_LMDB_KEY_MAX]);

typedef struct {
    size_t at; /* of the key, in bytes; the row follows it */
    guint32 key_len, row_len;
    guint32 order; /* in which it came */
} FeaturesEntry;

/* Rows packed and sorted by key; of one key in the order in which they came. */
typedef struct {
    GByteArray *bytes;
    GArray *entries; /* FeaturesEntry */
} FeaturesPacked;
/* Takes rows until n or about FEATURES_PACKED_BYTES are reached; gives how many. */
#define FEATURES_PACKED_BYTES ((size_t)8 << 20)
#define FEATURES_PACKED_ROWS  ((size_t)8192)
bool features_int_packed_fill(FeaturesPacked *packed, const FeaturesRowShape *shape, const FeaturesRow *rows,
                              size_t n, size_t *ret_taken, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_int_packed_clear(FeaturesPacked *packed);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FeaturesPacked, features_int_packed_clear)

/* ---- group commit (online_group.c) ------------------------------------------------------------------------
 */

/* Puts of many threads that wait at the same time are carried out by one of them as one commit. */
typedef struct FeaturesGroupJob FeaturesGroupJob;
struct FeaturesGroupJob {
    size_t bytes; /* how large it is */
    bool done, ok;
    GError *error;
};
/* Carries out all `jobs`, or, with false and *error, none. Called by one thread at a time. */
typedef bool (*FeaturesGroupRun)(void *user, FeaturesGroupJob *const *jobs, size_t n, GError **error);

typedef struct {
    GMutex mutex;
    GCond changed;
    GPtrArray *waiting; /* FeaturesGroupJob* */
    bool busy;          /* a thread carries jobs out */
} FeaturesGroup;
void features_int_group_init(FeaturesGroup *group);
void features_int_group_clear(FeaturesGroup *group);
/* Returns once `job` is done. When a group fails, each of its jobs is tried alone. */
bool features_int_group_do(FeaturesGroup *group, FeaturesGroupJob *job, FeaturesGroupRun run, void *user,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
