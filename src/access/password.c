/* Digests and passwords: argon2id from libsodium for what is kept, SHA-1 and SHA-256 for the two MySQL
 * methods.
 *
 * mysql_native_password needs SHA1(SHA1(p)), the fast path of caching_sha2_password SHA256(SHA256(p)): both
 * are kept beside the argon2id text, because neither method ever shows the server the password. One argon2id
 * takes 19 MiB and two passes (OWASP's first choice); at most ACCESS_HASHES_AT_ONCE run, so that a crowd of
 * guesses cannot take the machine's memory. */
#include <openssl/evp.h>
#include <sodium.h>

#include "access/access_int.h"

#define ACCESS_ARGON2_PASSES       2
#define ACCESS_ARGON2_MEMORY_BYTES (19 * 1024 * 1024)
#define ACCESS_TOKEN_BYTES         32

bool access_crypto_init(GError **error)
{
    if (sodium_init() >= 0) {
        return true;
    }
    return base_fail(error, BASE_E_INTERNAL, "libsodium does not start");
}

void access_random(guint8 *out, size_t len)
{
    randombytes_buf(out, len);
}

void access_hash_enter(Access *access)
{
    g_mutex_lock(&access->hash_lock);
    while (access->hashes_running >= ACCESS_HASHES_AT_ONCE) {
        g_cond_wait(&access->hash_free, &access->hash_lock);
    }
    access->hashes_running++;
    g_mutex_unlock(&access->hash_lock);
}

void access_hash_leave(Access *access)
{
    g_mutex_lock(&access->hash_lock);
    access->hashes_running--;
    g_cond_signal(&access->hash_free);
    g_mutex_unlock(&access->hash_lock);
}

char *access_password_hash(Access *access, const char *password, GError **error)
{
    char text[crypto_pwhash_STRBYTES];
    access_hash_enter(access);
    int failed = crypto_pwhash_str_alg(text, password, strlen(password), ACCESS_ARGON2_PASSES,
                                       ACCESS_ARGON2_MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13);
    access_hash_leave(access);
    if (failed) {
        base_fail(error, BASE_E_MEMORY, "no memory to hash a password");
        return NULL;
    }
    return g_strdup(text);
}

bool access_password_matches(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

static void digest(const EVP_MD *md, const void *a, size_t a_len, const void *b, size_t b_len, guint8 *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && EVP_DigestInit_ex(context, md, NULL) && EVP_DigestUpdate(context, a, a_len) &&
              (b_len == 0 || EVP_DigestUpdate(context, b, b_len)) && EVP_DigestFinal_ex(context, out, NULL);
    EVP_MD_CTX_free(context);
    if (!ok) { /* a digest that is not there would let anyone in */
        g_error("openssl cannot compute a digest");
    }
}

void access_sha1(const void *a, size_t a_len, const void *b, size_t b_len, guint8 out[ACCESS_SHA1_BYTES])
{
    digest(EVP_sha1(), a, a_len, b, b_len, out);
}

void access_sha256(const void *a, size_t a_len, const void *b, size_t b_len, guint8 out[ACCESS_SHA256_BYTES])
{
    digest(EVP_sha256(), a, a_len, b, b_len, out);
}

void access_double_sha1(const void *data, size_t len, guint8 out[ACCESS_SHA1_BYTES])
{
    guint8 once[ACCESS_SHA1_BYTES];
    access_sha1(data, len, NULL, 0, once);
    access_sha1(once, sizeof once, NULL, 0, out);
    sodium_memzero(once, sizeof once);
}

void access_double_sha256(const void *data, size_t len, guint8 out[ACCESS_SHA256_BYTES])
{
    guint8 once[ACCESS_SHA256_BYTES];
    access_sha256(data, len, NULL, 0, once);
    access_sha256(once, sizeof once, NULL, 0, out);
    sodium_memzero(once, sizeof once);
}

bool access_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

char *access_hex(const guint8 *bytes, size_t len)
{
    char *text = g_malloc(2 * len + 1);
    sodium_bin2hex(text, 2 * len + 1, bytes, len);
    return text;
}

bool access_unhex(const char *text, guint8 *out, size_t len)
{
    size_t got = 0;
    return strlen(text) == 2 * len && sodium_hex2bin(out, len, text, 2 * len, NULL, &got, NULL) == 0 &&
           got == len;
}

char *access_credential_digest(Access *access, const char *name, const char *password)
{
    guint8 out[32];
    crypto_generichash_state state;
    crypto_generichash_init(&state, access->digest_key, sizeof access->digest_key, sizeof out);
    crypto_generichash_update(&state, (const guint8 *)name,
                              strlen(name) + 1); /* with NUL: no two pairs are alike */
    crypto_generichash_update(&state, (const guint8 *)password, strlen(password));
    crypto_generichash_final(&state, out, sizeof out);
    return access_hex(out, sizeof out);
}

char *access_token_text(void)
{
    guint8 bytes[ACCESS_TOKEN_BYTES];
    char text[sodium_base64_ENCODED_LEN(ACCESS_TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return g_strconcat("weir_", text, NULL);
}

/* A token is random, so one plain digest keeps it as well as a slow one would. */
char *access_token_hash(const char *token)
{
    guint8 out[ACCESS_SHA256_BYTES];
    access_sha256(token, strlen(token), NULL, 0, out);
    return access_hex(out, sizeof out);
}
