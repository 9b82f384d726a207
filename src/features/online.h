/* The online store: the newest row of each entity of a view, read by key.
 *
 * One interface; online_lmdb.c (default) and online_redis.c are behind it, and
 * tests/unit/features/test_online.c runs one suite over both. Every way in (materialise, push, stream) has
 * one rule: a row with a newer event time wins; of the same event time the newer created wins (NULL is
 * oldest); what is equal or older is skipped. A NULL that was written is a NULL.
 *
 * Formats: docs/reference/online-formats.md. Feast's layouts of Redis have no place for `created`: it stands
 * in a field `_weir:<view>` of the entity's hash, which Feast passes over.
 *
 * A FeaturesOnline is shared and thread-safe. What a put returned true for is durable (LMDB: synced; Redis:
 * as the server is configured). */
#ifndef WEIR_FEATURES_ONLINE_H
#define WEIR_FEATURES_ONLINE_H

#include "features/registry.h"

typedef struct FeaturesOnline FeaturesOnline;

typedef struct {
    const char *store;  /* "lmdb" or "redis" */
    const char *dir;    /* lmdb: folder, made when absent */
    gint64 max_bytes;   /* lmdb: how large the file may grow; 0 = 64 GiB */
    const char *url;    /* redis: redis://[user:password@]host:port/db or unix:///path?db=0; rediss:// is
                           refused (CONFIG_INVALID): there is no TLS */
    const char *layout; /* redis: "feast" (entity key v3), "feast-v2" or "feast-0.9" */
    gint64 timeout_ms;  /* redis: connect and each answer; 0 = 2000 */
} FeaturesOnlineOptions;
/* Errors: DATA_LOCKED, DATA_DAMAGED, FORMAT_NEWER, DISK_FULL, FILE_IO; redis: PEER_UNREACHABLE. */
FeaturesOnline *features_online_open(const FeaturesOnlineOptions *options,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_online_close(FeaturesOnline *online);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeaturesOnline, features_online_close)
const char *features_online_name(const FeaturesOnline *online); /* "lmdb", "redis" */

#define FEATURES_NO_TIME G_MININT64

typedef struct {
    const FeaturesValue *keys; /* view->n_keys, none null */
    gint64 event_us;
    gint64 created_us;           /* FEATURES_NO_TIME = none */
    const FeaturesValue *values; /* view->n_features, of their types or null */
} FeaturesRow;

typedef struct {
    gint64 written, skipped; /* skipped: equal or older than what is there */
} FeaturesPut;

/* All or, after an error, any of the rows are there; doing it again is harmless. Rows of one entity may come
 * in any order: they count as if each came alone, one after the other. Checked before anything is written:
 * KEY_NULL, TYPE_MISMATCH (a key), FEATURE_TYPE, VALUE_INVALID (no event time; a key that Redis cannot hold),
 * VALUE_TOO_LARGE. Errors: DISK_FULL, FILE_IO, PEER_UNREACHABLE. Puts of several threads share a commit. */
bool features_online_put(FeaturesOnline *online, const FeaturesView *view, const FeaturesRow *rows, size_t n,
                         FeaturesPut *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    bool found;
    bool other_type; /* was written under types that the view no longer has; then no values */
    gint64 event_us, created_us;
    const FeaturesValue *values; /* as many as features were asked for; in the arena */
} FeaturesRead;

/* Rows of `n` entities, keys[i * view->n_keys]; `features` are indexes into the view's. A NULL key finds
 * nothing. ret[n]. Doubled keys are looked up once by the caller. Errors: PEER_UNREACHABLE, DATA_DAMAGED. */
bool features_online_get(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                         size_t n, const size_t *features, size_t n_features, FeaturesArena *arena,
                         FeaturesRead *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One entity in one view: true + *ret_erased. */
bool features_online_erase(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                           bool *ret_erased, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All rows of a view's version, or (view NULL) of exactly this project. */
bool features_online_erase_all(FeaturesOnline *online, const char *project, const FeaturesView *view,
                               gint64 *ret_rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    gint64 rows, bytes; /* redis: -1 = not known without a scan; lmdb: exact */
} FeaturesOnlineSize;
/* Of a view version; view NULL = of everything. */
bool features_online_size(FeaturesOnline *online, const FeaturesView *view, FeaturesOnlineSize *ret,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A consistent copy into `dir` while it is used (weir backup). Redis: nothing to do. */
bool features_online_backup(FeaturesOnline *online, const char *dir,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
