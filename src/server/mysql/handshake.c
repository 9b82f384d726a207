/* Signing in over the MySQL protocol.
 *
 * The greeting offers mysql_native_password, which every client knows; one that answers with
 * caching_sha2_password is followed (MySQL 9's clients know nothing else), any other is switched to native.
 * caching_sha2_password: the fast answer is checked against the stored hash; when it does not fit, the client
 * is asked for the password itself, over TLS as it is, else encrypted with our RSA key. Nothing says whether
 * the user or the password was wrong. */
#include <openssl/rand.h>

#include "base/log.h"
#include "server/metrics.h"
#include "server/mysql/client_int.h"
#include "server/server.h"

#define SHA2_FAST_OK  0x03
#define SHA2_FULL     0x04
#define SHA2_WANT_KEY 0x02

/* ---- packets
 * --------------------------------------------------------------------------------------------------- */

static bool next_packet(MysqlClient *client)
{
    return mysql_link_flush(&client->link, NULL) &&
           mysql_link_read(&client->link, false, MYSQL_SIGN_IN_TIMEOUT_MS) == MYSQL_READ_OK;
}

/* Random, without NUL (ends a text) and '$' (separates parts of a stored hash). */
static bool make_scramble(guint8 *scramble)
{
    if (RAND_bytes(scramble, MYSQL_SCRAMBLE_BYTES) != 1) {
        return false;
    }
    for (size_t i = 0; i < MYSQL_SCRAMBLE_BYTES; i++) {
        scramble[i] &= 0x7F;
        if (scramble[i] == 0 || scramble[i] == '$') {
            scramble[i]++;
        }
    }
    return true;
}

/* ---- passwords
 * -------------------------------------------------------------------------------------------------- */

static AccessUser *check_password(MysqlClient *client, const char *name, const char *password,
                                  const char *peer, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(client->app);
    return access_sign_in(server_app_access(client->app), snapshot, name, password, peer, error);
}

static AccessUser *check_native(MysqlClient *client, const char *name, const guint8 *reply, size_t len,
                                GError **error)
{
    if (len == 0) {
        return check_password(client, name, "", client->peer, error);
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(client->app);
    return access_sign_in_mysql_native(server_app_access(client->app), snapshot, name, client->scramble,
                                       reply, len, client->peer, error);
}

static AccessUser *check_fast(MysqlClient *client, const char *name, const guint8 *reply, size_t len,
                              GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(client->app);
    AccessUser *user = access_sign_in_mysql_sha2(server_app_access(client->app), snapshot, name,
                                                 client->scramble, reply, len, client->peer, error);
    if (user) {
        const guint8 fast_ok = SHA2_FAST_OK;
        mysql_put_auth_more(&client->link.out, &fast_ok, 1);
    }
    return user;
}

/* A password came encrypted: XORed with the scramble, then RSA-OAEP. Caller frees; NULL = malformed. */
static char *decrypt_password(MysqlClient *client, const GByteArray *packet)
{
    g_autofree guint8 *plain = NULL;
    size_t len = 0;
    if (!mysql_tls_decrypt(client->tls, packet->data, packet->len, &plain, &len, NULL) || len == 0) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        plain[i] ^= client->scramble[i % MYSQL_SCRAMBLE_BYTES];
    }
    return plain[len - 1] == 0 ? g_strdup((const char *)plain) : NULL;
}

static bool send_public_key(MysqlClient *client)
{
    const char *key = mysql_tls_public_key(client->tls, NULL);
    if (!key) {
        return false;
    }
    mysql_put_auth_more(&client->link.out, key, strlen(key));
    return next_packet(client);
}

/* The password itself. Caller frees; NULL = the client gave none. */
static char *ask_password(MysqlClient *client)
{
    const guint8 full = SHA2_FULL;
    mysql_put_auth_more(&client->link.out, &full, 1);
    if (!next_packet(client)) {
        return NULL;
    }
    const GByteArray *packet = client->link.packet;
    if (client->link.tls) {
        bool ended = packet->len > 0 && packet->data[packet->len - 1] == 0;
        return ended ? g_strdup((const char *)packet->data) : NULL;
    }
    if (packet->len == 1 && packet->data[0] == SHA2_WANT_KEY && !send_public_key(client)) {
        return NULL;
    }
    return decrypt_password(client, client->link.packet);
}

/* A wrong reply is one guess; the password that is asked for then is not another. */
static AccessUser *check_sha2(MysqlClient *client, const char *name, const guint8 *reply, size_t len,
                              GError **error)
{
    if (len == 0 || (len == 1 && reply[0] == 0)) {
        return check_password(client, name, "", client->peer, error);
    }
    GError *failed = NULL;
    AccessUser *user = check_fast(client, name, reply, len, &failed);
    if (user || g_error_matches(failed, BASE_ERROR, BASE_E_SIGN_IN_PAUSED)) {
        if (failed) {
            g_propagate_error(error, failed);
        }
        return user;
    }
    g_clear_error(&failed);
    g_autofree char *password = ask_password(client);
    return password ? check_password(client, name, password, NULL, error) : NULL;
}

/* Switches the client to `plugin` with a new scramble; its reply is link.packet. */
static bool switch_plugin(MysqlClient *client, const char *plugin)
{
    if (!make_scramble(client->scramble)) {
        return false;
    }
    mysql_put_auth_switch(&client->link.out, plugin, client->scramble);
    return next_packet(client);
}

static bool is_plugin(const MysqlSignIn *sign_in, const char *plugin)
{
    return sign_in->plugin && g_str_equal(sign_in->plugin, plugin);
}

/* `name` is a copy: the packet that sign_in points into is overwritten by the next one. *ret_used: a password
 * was sent. */
static AccessUser *authenticate(MysqlClient *client, const MysqlSignIn *sign_in, const char *name, bool fresh,
                                bool *ret_used, GError **error)
{
    const guint8 *reply = sign_in->auth;
    size_t len = sign_in->auth_len;
    bool sha2 = is_plugin(sign_in, MYSQL_SHA2_PLUGIN);
    bool native = !sign_in->plugin || is_plugin(sign_in, MYSQL_NATIVE_PLUGIN);
    /* A sha2 reply to our native greeting may be missing or not; one that is 32 bytes used the greeting's
     * scramble. */
    if (fresh || (sha2 && len != 32 && len != 0) || (sha2 && len == 0) || (!sha2 && !native)) {
        if (!switch_plugin(client, sha2 ? MYSQL_SHA2_PLUGIN : MYSQL_NATIVE_PLUGIN)) {
            return NULL;
        }
        reply = client->link.packet->data;
        len = client->link.packet->len;
    }
    *ret_used = len > 1;
    return sha2 ? check_sha2(client, name, reply, len, error) : check_native(client, name, reply, len, error);
}

/* ---- outcome
 * ------------------------------------------------------------------------------------------------------ */

static char *host_of(const MysqlClient *client)
{
    const char *colon = strrchr(client->peer, ':');
    return g_strndup(client->peer, colon ? (size_t)(colon - client->peer) : strlen(client->peer));
}

static void refuse(MysqlClient *client, const char *name, bool used_password)
{
    g_autofree char *host = host_of(client);
    g_autofree char *text = g_strdup_printf("Access denied for user '%s'@'%s' (using password: %s)", name,
                                            host, used_password ? "YES" : "NO");
    server_metric_add(SERVER_METRIC_SIGN_IN_FAILURES, 1);
    access_audit(server_app_access(client->app), name, "sign_in", "mysql", client->peer, false);
    base_log(BASE_LOG_WARN, "sign-in refused", "door", "mysql", "user", name, "peer", client->peer, NULL);
    mysql_put_err(&client->link.out, 1045, "28000", text);
    (void)!mysql_link_flush(&client->link, NULL);
}

/* Takes the error. */
static bool refuse_for_now(MysqlClient *client, const char *name, GError *error)
{
    server_metric_add(SERVER_METRIC_SIGN_IN_FAILURES, 1);
    access_audit(server_app_access(client->app), name, "sign_in", "mysql", client->peer, false);
    mysql_put_error(client, error);
    (void)!mysql_link_flush(&client->link, NULL);
    g_error_free(error);
    return false;
}

static bool enter(MysqlClient *client, AccessUser *user, const char *database, GError **error)
{
    server_session_free(client->session);
    client->session =
        server_session_new_as(client->app, client->id, user, client->peer, ENGINE_DIALECT_MYSQL, error);
    if (!client->session) {
        return false;
    }
    server_session_set_socket(client->session, client->link.fd);
    server_session_set_slow(client->session, mysql_give_way, client);
    server_session_set_cipher(client->session, mysql_link_cipher(&client->link));
    return !database || !*database || server_session_use(client->session, database, error);
}

static bool finish(MysqlClient *client, AccessUser *user, const char *name, const char *database,
                   bool used_password)
{
    GError *error = NULL;
    if (!user) {
        refuse(client, name, used_password);
        return false;
    }
    access_audit(server_app_access(client->app), name, "sign_in", "mysql", client->peer, true);
    if (!enter(client, user, database, &error)) {
        mysql_put_error(client, error);
        g_clear_error(&error);
        (void)!mysql_link_flush(&client->link, NULL);
        return false;
    }
    MysqlOk ok = {.status = mysql_status(client)};
    mysql_put_ok(&client->link.out, &ok);
    return mysql_link_flush(&client->link, NULL);
}

static bool fail_packet(MysqlClient *client, GError *error)
{
    if (!client->link.broken) {
        mysql_put_err(&client->link.out, 1043, "08S01", error ? error->message : "Bad handshake");
        (void)!mysql_link_flush(&client->link, NULL);
    }
    g_clear_error(&error);
    return false;
}

/* ---- the two ways in
 * ------------------------------------------------------------------------------------------------ */

static bool check_and_finish(MysqlClient *client, MysqlSignIn *sign_in, bool fresh)
{
    g_autofree char *name = g_strdup(sign_in->user);
    g_autofree char *database = g_strdup(sign_in->database);
    bool used_password = false;
    GError *error = NULL;
    g_clear_pointer(&sign_in->program, g_free);
    g_autoptr(AccessUser) user = authenticate(client, sign_in, name, fresh, &used_password, &error);
    if (g_error_matches(error, BASE_ERROR, BASE_E_SIGN_IN_PAUSED)) {
        return refuse_for_now(client, name, error);
    }
    g_clear_error(&error); /* what is told of a wrong password is MySQL's own text */
    return finish(client, user, name, database, used_password);
}

static bool start_tls(MysqlClient *client)
{
    GError *error = NULL;
    if (mysql_link_start_tls(&client->link, client->tls, &error)) {
        return true;
    }
    if (!client->link.broken) {
        base_log_error("TLS", error);
    }
    g_clear_error(&error);
    return false;
}

bool mysql_sign_in(MysqlClient *client)
{
    if (!make_scramble(client->scramble)) {
        return false;
    }
    mysql_put_greeting(&client->link.out, SERVER_MYSQL_VERSION, client->id, client->scramble,
                       MYSQL_STATUS_AUTOCOMMIT);
    GError *error = NULL;
    MysqlSignIn sign_in = {0};
    if (!next_packet(client)) {
        return fail_packet(client, NULL);
    }
    if (!mysql_parse_sign_in(client->link.packet->data, client->link.packet->len, &sign_in, &error)) {
        return fail_packet(client, error);
    }
    if (sign_in.ssl_request) {
        if (!start_tls(client) || !next_packet(client)) {
            return false;
        }
        if (!mysql_parse_sign_in(client->link.packet->data, client->link.packet->len, &sign_in, &error)) {
            return fail_packet(client, error);
        }
        if (sign_in.ssl_request) {
            return fail_packet(client, NULL);
        }
    }
    client->caps = sign_in.caps & MYSQL_SERVER_CAPS;
    client->multi_statements = (client->caps & MYSQL_CAP_MULTI_STATEMENTS) != 0;
    return check_and_finish(client, &sign_in, false);
}

bool mysql_change_user(MysqlClient *client, const void *bytes, size_t len)
{
    GError *error = NULL;
    MysqlSignIn sign_in = {0};
    mysql_drop_statements(client);
    if (!mysql_parse_change_user(bytes, len, client->caps, &sign_in, &error)) {
        return fail_packet(client, error);
    }
    size_t limit = client->link.max_packet;
    client->link.max_packet = MYSQL_MAX_SIGN_IN_BYTES;
    bool ok = check_and_finish(client, &sign_in, true);
    client->link.max_packet = limit;
    return ok;
}
