/* Who may see and do what: users, roles, grants, tokens; SQL checked and rewritten; audit.
 *
 * Rights (most specific wins nothing: they add up): read, load (write rows), write (definitions, DDL), run,
 * admin. A grant names a right and an object: "*", "domain:interactions", "table:interactions.dwd_x",
 * "layer:dws". Roles come from the project (`roles:` with `can`) and from `weir user`. `admin` may
 * everything.
 *
 * Every statement of a user passes access_rewrite before it reaches the engine, whatever door it came through
 * (MySQL text and prepared, HTTP, CLI): the parser's tree is walked, each table is resolved through the
 * catalog and checked, table functions and functions that reach out are refused. Views were checked when
 * they were applied, so reading one needs a right on the view only. */
#ifndef WEIR_ACCESS_ACCESS_H
#define WEIR_ACCESS_ACCESS_H

#include "catalog/catalog.h"
#include "catalog/store.h"
#include "engine/sql.h"

typedef enum {
    ACCESS_READ = 1,
    ACCESS_LOAD = 2,
    ACCESS_WRITE = 4,
    ACCESS_RUN = 8,
    ACCESS_ADMIN = 16
} AccessRight;

typedef struct Access Access;
/* Immutable: a signed-in user with all rights worked out against a snapshot; shared by reference. */
typedef struct AccessUser AccessUser;

Access *access_open(CatalogStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void access_close(Access *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Access, access_close)

AccessUser *access_user_ref(AccessUser *user);
void access_user_unref(AccessUser *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AccessUser, access_user_unref)
const char *access_user_name(const AccessUser *user);
bool access_user_is_admin(const AccessUser *user);
/* The machine's own user: the CLI in-process and the local token. May everything. Borrowed. */
AccessUser *access_local_user(Access *access);

/* Users. Passwords are argon2id; beside them SHA1(SHA1(p)) and SHA256(SHA256(p)) for the MySQL protocol.
 * Errors: PASSWORD_WEAK, NAME_INVALID, NAME_DUPLICATE, USER_UNKNOWN. */
bool access_user_add(Access *access, const char *name, const char *password, const char *const *roles,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A user without a password, for a demonstration on one's own machine: the empty password signs in, and only
 * while access_let_open_in says so (never after opening), which its caller does when this machine alone
 * reaches the doors. */
bool access_user_add_open(Access *access, const char *name, const char *const *roles,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void access_let_open_in(Access *access, bool let_in);
bool access_user_set_password(Access *access, const char *name, const char *password,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool access_user_remove(Access *access, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool access_user_set_roles(Access *access, const char *name, const char *const *roles,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `right` is "read"..., `object` as above; to a user or a role. */
bool access_grant(Access *access, const char *grantee, const char *right, const char *object,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool access_revoke(Access *access, const char *grantee, const char *right, const char *object,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *access_users_to_json(Access *access); /* [{name, roles, grants, created}] */
json_t *access_grants_to_json(Access *access,
                              const char *grantee); /* [{grantee, right, object}]; NULL = all */
size_t access_user_count(Access *access);

/* Tokens: `weir_` + 32 random bytes; only their hash is kept. `once` = the first administrator's link: it
 * signs in one time, within `lifetime_us` (0 = no end). *ret_token is shown once; caller frees. */
bool access_token_add(Access *access, const char *user, const char *note, gint64 lifetime_us, bool once,
                      char **ret_token, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool access_token_remove(Access *access, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes the row of this token itself (signing out); nothing when there is none. */
bool access_token_end(Access *access, const char *token, GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *access_tokens_to_json(Access *access, const char *user); /* NULL = all */

/* Signing in. Failing takes as long for an unknown user as for a wrong password. `peer` ("host:port") is
 * where the password came from; NULL = a try that is counted already. Errors: SIGN_IN, SIGN_IN_PAUSED (too
 * many wrong passwords of this name from this host). */
AccessUser *access_sign_in(Access *access, CatalogSnapshot *snapshot, const char *name, const char *password,
                           const char *peer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Never blocks for the password's work: NULL when the pair was not verified lately. */
AccessUser *access_sign_in_remembered(Access *access, CatalogSnapshot *snapshot, const char *name,
                                      const char *password, const char *peer);
/* Seconds until this name's passwords are looked at again when they come from this host; 0 = now. */
unsigned access_guess_pause_s(Access *access, const char *name, const char *peer);
/* Wrong passwords in a row before tries have to wait; 0 (as opened) = any number. */
void access_guess_allow(Access *access, unsigned wrong);
/* A token's user without a wait either: NULL too for one that signs in once, which is written down. */
AccessUser *access_sign_in_token_remembered(Access *access, CatalogSnapshot *snapshot, const char *token);
/* As whom requests without credentials are, on routes that take guests; NULL when there is no such user. */
AccessUser *access_guest(Access *access, CatalogSnapshot *snapshot, const char *name);
AccessUser *access_sign_in_token(Access *access, CatalogSnapshot *snapshot, const char *token,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* mysql_native_password: `reply` 20 bytes against the 20-byte scramble (empty = no password). */
AccessUser *access_sign_in_mysql_native(Access *access, CatalogSnapshot *snapshot, const char *name,
                                        const guint8 *scramble, const guint8 *reply, size_t reply_len,
                                        const char *peer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* caching_sha2_password fast path: `reply` 32 bytes. */
AccessUser *access_sign_in_mysql_sha2(Access *access, CatalogSnapshot *snapshot, const char *name,
                                      const guint8 *scramble, const guint8 *reply, size_t reply_len,
                                      const char *peer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same user with rights worked out anew (after an apply). */
AccessUser *access_user_refresh(Access *access, CatalogSnapshot *snapshot, const AccessUser *user);

/* Rights. `object` NULL = the right on anything at all ("*"). Errors: FORBIDDEN naming user, right, object.
 */
bool access_check(const AccessUser *user, AccessRight right, const CatalogObject *object,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool access_check_domain(const AccessUser *user, AccessRight right, const char *domain,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool access_can_see(const AccessUser *user, const CatalogObject *object);
/* Policies keep rows or values of a table or model from this user. */
bool access_is_limited(const AccessUser *user, const CatalogSnapshot *snapshot, const CatalogObject *object);
/* Rows and values of `object` that no SELECT of the user fetched, hence past row filters and masks (rejected
 * and wrong rows, plans): ACCESS_READ, and where policies limit the user ACCESS_RUN beside it. */
bool access_check_raw(const AccessUser *user, const CatalogSnapshot *snapshot, const CatalogObject *object,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool access_can_see_domain(const AccessUser *user, const char *domain); /* something in it may be read */

/* ---- statements ------------------------------------------------------------------------------ */

typedef struct {
    const AccessUser *user;
    CatalogSnapshot *snapshot;
    const char *domain; /* the session's database; NULL = none */
} AccessScope;

/* A SELECT in the engine's dialect, checked and rewritten: tables as "domain"."name", bookkeeping columns
 * hidden from *, policies applied (row filters and masks, from `policies:`, when they come).
 * information_schema and the engine's own catalog are answered from views that show only what the user may
 * see. Caller frees. `ret_objects` (may be NULL): CatalogObject* that it reads, free the array. Errors:
 * SQL_SYNTAX, TABLE_UNKNOWN (1146 text of MySQL), FORBIDDEN, STATEMENT_REFUSED. */
char *access_rewrite(const AccessScope *scope, EngineConn *conn, const char *sql, GPtrArray **ret_objects,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for a model's body, as the project itself (all may be read): used when a project is applied. */

/* Tables that are no catalog objects: information_schema and the like. Gives a SELECT in the engine's dialect
 * that stands for `schema`.`table` and shows only what scope->user may see (it is trusted: not checked again,
 * not cached), or NULL without an error when there is no such table. `schema` is "" when the statement names
 * none. Caller frees. Thread: any. */
typedef char *(*AccessSystemTable)(const AccessScope *scope, const char *schema, const char *table,
                                   void *user, GError **error);
/* Once, before the first statement. */
void access_set_system_tables(Access *access, AccessSystemTable system_table, void *user);

/* Columns that every loaded table carries and no one sees in SELECT *. NULL-terminated. */
extern const char *const ACCESS_HIDDEN_COLUMNS[];

/* ---- audit ------------------------------------------------------------------------------------- */
/* Who did what: signing in and failing, DDL, grants, apply, loads, runs, denied statements. Never fails the
 * caller: a row that cannot be written is counted (access_audit_lost). */
void access_audit(Access *access, const char *user, const char *action, const char *object,
                  const char *detail, bool ok);
json_t *access_audit_to_json(Access *access, size_t limit);
guint64 access_audit_lost(Access *access);

#endif
