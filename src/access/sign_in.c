/* Signing in, by password, token or one of MySQL's two challenges.
 *
 * An unknown name costs the same work as a wrong password: it is compared with a decoy. argon2id takes tens
 * of milliseconds, and clients of HTTP send their password with each request, so a pair that was verified is
 * remembered (a keyed digest of it, in memory only) for SIGNED_IN_KEEP_US or until anything about users
 * changes. */
#include "access/access_int.h"
#include "base/time.h"

#define SIGNED_IN_KEEP_US (600 * BASE_TIME_SECOND_US)
#define SIGNED_IN_MAX     10000

static bool refuse(const char *name, GError **error)
{
    return base_fail(error, BASE_E_SIGN_IN, "Access denied for user '%s' (unknown user or wrong password)",
                     name ? name : "");
}

static AccessUser *enter(Access *access, CatalogSnapshot *snapshot, const char *name)
{
    g_mutex_lock(&access->lock);
    const AccessUserRow *row = g_hash_table_lookup(access->state->users, name);
    AccessUser *user = row ? access_user_work_out(access, snapshot, row) : NULL;
    g_mutex_unlock(&access->lock);
    return user;
}

static bool was_verified(Access *access, const char *digest)
{
    g_mutex_lock(&access->lock);
    const gint64 *at = g_hash_table_lookup(access->signed_in, digest);
    bool fresh = at && base_time_monotonic_us() - *at < SIGNED_IN_KEEP_US;
    g_mutex_unlock(&access->lock);
    return fresh;
}

/* Only when no change came between the check and now: the password may be another one since. */
static void remember(Access *access, const char *digest, guint64 generation)
{
    g_mutex_lock(&access->lock);
    if (access->generation == generation) {
        if (g_hash_table_size(access->signed_in) >= SIGNED_IN_MAX) {
            g_hash_table_remove_all(access->signed_in);
        }
        gint64 *at = g_new(gint64, 1);
        *at = base_time_monotonic_us();
        g_hash_table_replace(access->signed_in, g_strdup(digest), at);
    }
    g_mutex_unlock(&access->lock);
}

static bool verify_open(Access *access, const char *name)
{
    g_mutex_lock(&access->lock);
    const AccessUserRow *row = g_hash_table_lookup(access->state->users, name);
    bool open = row && !*row->password && access->open_in;
    g_mutex_unlock(&access->lock);
    return open;
}

/* By argon2id, in a turn to hash. */
static bool verify_slowly(Access *access, const char *name, const char *password, const char *digest)
{
    g_mutex_lock(&access->lock);
    const AccessUserRow *row = g_hash_table_lookup(access->state->users, name);
    g_autofree char *hash = g_strdup(row ? row->password : access->decoy);
    bool known = row != NULL;
    guint64 generation = access->generation;
    g_mutex_unlock(&access->lock);
    bool matches = access_password_matches(hash, password);
    if (!matches || !known) {
        return false;
    }
    remember(access, digest, generation);
    return true;
}

/* A hundred clients that begin at once with one password wait for their turns to hash; the first of them does
 * it for all: by its turn each of the others finds the pair remembered. A turn is too late for who guessed
 * wrong too often meanwhile. */
static bool verify_in_turn(Access *access, const char *name, const char *password, const char *digest,
                           const char *peer, GError **error)
{
    bool matches = false;
    access_hash_enter(access);
    if (access_guess_begin(access, name, peer, error)) {
        matches = was_verified(access, digest) || verify_slowly(access, name, password, digest);
        access_guess_end(access, name, peer, matches);
    }
    access_hash_leave(access);
    return matches;
}

/* False without an error: it is wrong. */
static bool verify(Access *access, const char *name, const char *password, const char *peer, GError **error)
{
    bool fits = strlen(name) <= ACCESS_MAX_NAME_BYTES && strlen(password) <= ACCESS_MAX_PASSWORD_BYTES;
    if (!access_guess_begin(access, name, peer, error)) {
        return false;
    }
    g_autofree char *digest = fits && *password ? access_credential_digest(access, name, password) : NULL;
    if (digest && !was_verified(access, digest)) {
        return verify_in_turn(access, name, password, digest, peer, error);
    }
    bool matches = digest || (fits && verify_open(access, name));
    access_guess_end(access, name, peer, matches);
    return matches;
}

AccessUser *access_sign_in_remembered(Access *access, CatalogSnapshot *snapshot, const char *name,
                                      const char *password, const char *peer)
{
    if (!*password || strlen(name) > ACCESS_MAX_NAME_BYTES || strlen(password) > ACCESS_MAX_PASSWORD_BYTES ||
        !access_guess_begin(access, name, peer, NULL)) {
        return NULL;
    }
    g_autofree char *digest = access_credential_digest(access, name, password);
    return was_verified(access, digest) ? enter(access, snapshot, name) : NULL;
}

AccessUser *access_sign_in(Access *access, CatalogSnapshot *snapshot, const char *name, const char *password,
                           const char *peer, GError **error)
{
    GError *paused = NULL;
    bool matches = verify(access, name, password, peer, &paused);
    AccessUser *user = matches ? enter(access, snapshot, name) : NULL;
    if (paused) {
        g_propagate_error(error, paused);
    } else if (!user) {
        refuse(name, error);
    }
    return user;
}

AccessUser *access_guest(Access *access, CatalogSnapshot *snapshot, const char *name)
{
    return *name ? enter(access, snapshot, name) : NULL;
}

/* ---- MySQL --------------------------------------------------------------------------------------- */

static bool stored(Access *access, const char *name, guint8 sha1[ACCESS_SHA1_BYTES],
                   guint8 sha256[ACCESS_SHA256_BYTES])
{
    memset(sha1, 0, ACCESS_SHA1_BYTES);
    memset(sha256, 0, ACCESS_SHA256_BYTES);
    g_mutex_lock(&access->lock);
    const AccessUserRow *row = g_hash_table_lookup(access->state->users, name ? name : "");
    if (row) {
        memcpy(sha1, row->sha1, ACCESS_SHA1_BYTES);
        memcpy(sha256, row->sha256, ACCESS_SHA256_BYTES);
    }
    g_mutex_unlock(&access->lock);
    return row != NULL;
}

/* reply = SHA1(p) XOR SHA1(scramble + SHA1(SHA1(p))) */
AccessUser *access_sign_in_mysql_native(Access *access, CatalogSnapshot *snapshot, const char *name,
                                        const guint8 *scramble, const guint8 *reply, size_t reply_len,
                                        const char *peer, GError **error)
{
    guint8 sha1[ACCESS_SHA1_BYTES], sha256[ACCESS_SHA256_BYTES], mix[ACCESS_SHA1_BYTES],
        got[ACCESS_SHA1_BYTES];
    if (!access_guess_begin(access, name, peer, error)) {
        return NULL;
    }
    bool known = stored(access, name, sha1, sha256);
    AccessUser *user = NULL;
    if (reply_len == ACCESS_SHA1_BYTES) {
        access_sha1(scramble, 20, sha1, sizeof sha1, mix);
        for (size_t i = 0; i < sizeof mix; i++) {
            mix[i] ^= reply[i];
        }
        access_sha1(mix, sizeof mix, NULL, 0, got);
        bool matches = access_equal(got, sha1, sizeof got);
        user = matches && known ? enter(access, snapshot, name) : NULL;
    }
    access_guess_end(access, name, peer, user != NULL);
    if (!user) {
        refuse(name, error);
    }
    return user;
}

/* reply = SHA256(p) XOR SHA256(SHA256(SHA256(p)) + scramble) */
AccessUser *access_sign_in_mysql_sha2(Access *access, CatalogSnapshot *snapshot, const char *name,
                                      const guint8 *scramble, const guint8 *reply, size_t reply_len,
                                      const char *peer, GError **error)
{
    guint8 sha1[ACCESS_SHA1_BYTES], sha256[ACCESS_SHA256_BYTES], mix[ACCESS_SHA256_BYTES],
        got[ACCESS_SHA256_BYTES];
    if (!access_guess_begin(access, name, peer, error)) {
        return NULL;
    }
    bool known = stored(access, name, sha1, sha256);
    AccessUser *user = NULL;
    if (reply_len == ACCESS_SHA256_BYTES) {
        access_sha256(sha256, sizeof sha256, scramble, 20, mix);
        for (size_t i = 0; i < sizeof mix; i++) {
            mix[i] ^= reply[i];
        }
        access_sha256(mix, sizeof mix, NULL, 0, got);
        bool matches = access_equal(got, sha256, sizeof got);
        user = matches && known ? enter(access, snapshot, name) : NULL;
    }
    access_guess_end(access, name, peer, user != NULL);
    if (!user) {
        refuse(name, error);
    }
    return user;
}

/* ---- tokens ------------------------------------------------------------------------------------------ */

/* Looked up by the token's digest: what the time of a lookup tells is about digests, not tokens. */
static bool find_token(Access *access, const char *hash, char **ret_user, char **ret_once_id)
{
    g_mutex_lock(&access->lock);
    const AccessTokenRow *row = g_hash_table_lookup(access->state->tokens, hash);
    bool valid = row && (row->expires_us == 0 || row->expires_us > base_time_now_us());
    if (valid) {
        *ret_user = g_strdup(row->user);
        *ret_once_id = row->once ? g_strdup(row->id) : NULL;
    }
    g_mutex_unlock(&access->lock);
    return valid;
}

/* Two that come at once: only the one that finds the row still there gets in. */
static bool use_up(Access *access, const char *id, GError **error)
{
    const char *const values[] = {id};
    g_mutex_lock(&access->change_lock);
    g_autoptr(json_t) rows =
        catalog_store_sql(access->store, "SELECT id FROM access_tokens WHERE id = ?", values, 1, error);
    bool ok = rows && json_array_size(rows) == 1 &&
              access_change(access, "DELETE FROM access_tokens WHERE id = ?", values, 1, error);
    g_mutex_unlock(&access->change_lock);
    return ok;
}

static AccessUser *enter_by_token(Access *access, CatalogSnapshot *snapshot, const char *name)
{
    return g_str_equal(name, "local") ? access_user_ref(access->local) : enter(access, snapshot, name);
}

AccessUser *access_sign_in_token_remembered(Access *access, CatalogSnapshot *snapshot, const char *token)
{
    g_autofree char *name = NULL;
    g_autofree char *once_id = NULL;
    if (strlen(token) > ACCESS_MAX_TOKEN_BYTES) {
        return NULL;
    }
    g_autofree char *hash = access_token_hash(token);
    return find_token(access, hash, &name, &once_id) && !once_id ? enter_by_token(access, snapshot, name)
                                                                 : NULL;
}

AccessUser *access_sign_in_token(Access *access, CatalogSnapshot *snapshot, const char *token, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *once_id = NULL;
    AccessUser *user = NULL;
    if (token && strlen(token) <= ACCESS_MAX_TOKEN_BYTES) {
        g_autofree char *hash = access_token_hash(token);
        g_autoptr(GError) failed = NULL;
        if (find_token(access, hash, &name, &once_id) && (!once_id || use_up(access, once_id, &failed))) {
            user = enter_by_token(access, snapshot, name);
        }
        if (failed) {
            g_propagate_error(error, g_steal_pointer(&failed));
            return NULL;
        }
    }
    if (!user) {
        base_fail(error, BASE_E_SIGN_IN, "the token is unknown, used or expired");
    }
    return user;
}
