/* What the files of module access share.
 *
 * The tables of users, roles, grants and tokens live in catalog.sqlite; an Access keeps all of them in memory
 * too (AccessState), so that signing in and checking rights touch no file. Every change is written first,
 * then the state is read anew as a whole and swapped under `lock`. Lock order: change_lock before lock. */
#ifndef WEIR_ACCESS_ACCESS_INT_H
#define WEIR_ACCESS_ACCESS_INT_H

#include "access/access.h"

#define ACCESS_SHA1_BYTES         20
#define ACCESS_SHA256_BYTES       32
#define ACCESS_MAX_NAME_BYTES     64
#define ACCESS_MIN_PASSWORD_BYTES 8
#define ACCESS_MAX_PASSWORD_BYTES 1024
#define ACCESS_MAX_TOKEN_BYTES    128
#define ACCESS_MAX_SQL_BYTES      (16 * 1024 * 1024)

typedef struct {
    char *name;
    char *password;                     /* argon2id, libsodium's text form; "" = a user without a password */
    guint8 sha1[ACCESS_SHA1_BYTES];     /* SHA1(SHA1(password)) */
    guint8 sha256[ACCESS_SHA256_BYTES]; /* SHA256(SHA256(password)) */
    char **roles;
    char *created;
} AccessUserRow;

typedef struct {
    char *grantee, *right, *object;
} AccessGrantRow;

typedef struct {
    char *id, *user, *note, *created;
    gint64 expires_us; /* 0 = never */
    bool once;
} AccessTokenRow;

typedef struct {
    GHashTable *users;  /* name -> AccessUserRow */
    GPtrArray *grants;  /* AccessGrantRow */
    GHashTable *tokens; /* hex of the token's hash -> AccessTokenRow */
} AccessState;

typedef struct AccessAudit AccessAudit;
typedef struct AccessCache AccessCache;

#define ACCESS_HASHES_AT_ONCE 2

/* guesses.c */
typedef struct AccessGuesses AccessGuesses;
AccessGuesses *access_guesses_new(void);
void access_guesses_free(AccessGuesses *guesses);
/* Right before and right after each comparison of a password, with nothing between that may wait: so many
 * tries at once pass uncounted as threads compare. False + SIGN_IN_PAUSED. Peer NULL: neither looks nor
 * counts. */
bool access_guess_begin(Access *access, const char *name, const char *peer,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void access_guess_end(Access *access, const char *name, const char *peer, bool right);

struct Access {
    CatalogStore *store; /* borrowed */
    GMutex change_lock;  /* one change of users, grants, tokens at a time */
    GMutex lock;         /* guards what follows */
    AccessState *state;
    guint64 generation;     /* of state: a verified password is remembered only within one */
    GHashTable *signed_in;  /* digest of name and password -> when it was verified (gint64 *) */
    GHashTable *worked_out; /* name -> AccessUser of `worked_out_for` and `generation` */
    CatalogSnapshot *worked_out_for;
    bool open_in;          /* users without a password may sign in */
    char *decoy;           /* argon2id of no password: what an unknown user is compared with */
    guint8 digest_key[32]; /* of signed_in; new in each process */
    GMutex hash_lock;      /* argon2id takes memory: at most ACCESS_HASHES_AT_ONCE */
    GCond hash_free;
    unsigned hashes_running;
    AccessUser *local;
    AccessAudit *audit;
    AccessCache *cache;
    AccessGuesses *guesses;
    gint guesses_allowed; /* atomic; 0 = any number */
    AccessSystemTable system_table;
    void *system_table_user;
};

typedef enum {
    ACCESS_OBJECT_ALL,
    ACCESS_OBJECT_DOMAIN,
    ACCESS_OBJECT_LAYER,
    ACCESS_OBJECT_TABLE, /* a table or model */
    ACCESS_OBJECT_TAG,
    ACCESS_OBJECT_KIND /* any other kind by name: "metric:plays" */
} AccessObjectType;

typedef struct {
    unsigned rights; /* AccessRight bits */
    AccessObjectType type;
    CatalogKind kind; /* of KIND */
    char *name;       /* may hold * and ? */
} AccessRule;

struct AccessUser {
    gatomicrefcount refs;
    Access *access; /* borrowed: users do not outlive it */
    char *name;
    bool admin;
    bool local;
    char **roles;        /* from the store and the project, sorted */
    GPtrArray *rules;    /* AccessRule */
    GHashTable *domains; /* set: something in it may be read */
    char *fingerprint;   /* equal = sees the same */
};

/* ---- state (access.c) ---- */
bool access_reload(Access *access, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Runs one statement of change and reloads. */
bool access_change(Access *access, const char *sql, const char *const *values, size_t n_values,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool access_name_ok(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *access_now_text(void);

/* ---- passwords (password.c): the only file that knows sodium and openssl's digests ---- */
bool access_crypto_init(GError **error) G_GNUC_WARN_UNUSED_RESULT;
void access_random(guint8 *out, size_t len);
char *access_password_hash(Access *access, const char *password, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Between access_hash_enter and access_hash_leave: a turn to hash, for which callers wait. */
bool access_password_matches(const char *hash, const char *password);
void access_hash_enter(Access *access);
void access_hash_leave(Access *access);
void access_double_sha1(const void *data, size_t len, guint8 out[ACCESS_SHA1_BYTES]);
void access_double_sha256(const void *data, size_t len, guint8 out[ACCESS_SHA256_BYTES]);
void access_sha1(const void *a, size_t a_len, const void *b, size_t b_len, guint8 out[ACCESS_SHA1_BYTES]);
void access_sha256(const void *a, size_t a_len, const void *b, size_t b_len, guint8 out[ACCESS_SHA256_BYTES]);
bool access_equal(const void *a, const void *b, size_t len); /* constant time */
char *access_hex(const guint8 *bytes, size_t len);
bool access_unhex(const char *text, guint8 *out, size_t len);
/* A keyed digest of name and password, hex: to remember that the pair was verified. */
char *access_credential_digest(Access *access, const char *name, const char *password);
char *access_token_text(void);
char *access_token_hash(const char *token);

/* ---- rights (grants.c) ---- */
bool access_right_parse(const char *text, unsigned *ret_rights);
bool access_rule_parse(const char *object, AccessRule *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void access_rule_free(AccessRule *rule);
/* The user of a row with rights against `snapshot`; a new reference. Call with access->lock held. */
AccessUser *access_user_work_out(Access *access, CatalogSnapshot *snapshot, const AccessUserRow *row);
unsigned access_rights_on(const AccessUser *user, const CatalogObject *object);

/* ---- policies (policy.c) ---- */
/* What policies say about one table for one user; NULL when nothing. */
typedef struct {
    GPtrArray *filters; /* char*: SQL conditions, all must hold */
    GHashTable *masks;  /* column -> SQL expression */
} AccessPolicy;
bool access_policy_of(const AccessUser *user, const CatalogSnapshot *snapshot, const CatalogObject *object,
                      AccessPolicy **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void access_policy_free(AccessPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AccessPolicy, access_policy_free)
/* SELECT of the object's columns with masks and filters. Caller frees. */
char *access_policy_select(const AccessPolicy *policy, const CatalogObject *object, const char *relation);

/* ---- functions (functions.c) ---- */
bool access_table_function_allowed(const char *name);

/* ---- rewritten text (cache.c) ---- */
AccessCache *access_cache_new(void);
void access_cache_free(AccessCache *cache);
char *access_cache_get(AccessCache *cache, CatalogSnapshot *snapshot, const char *key,
                       GPtrArray **ret_objects);
void access_cache_put(AccessCache *cache, CatalogSnapshot *snapshot, const char *key, const char *text,
                      const GPtrArray *objects);

/* ---- audit (audit.c) ---- */
AccessAudit *access_audit_start(CatalogStore *store);
void access_audit_stop(AccessAudit *audit);

#endif
