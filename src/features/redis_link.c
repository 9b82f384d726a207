/* Connections to one Redis server: an address, idle connections, and commands sent together.
 *
 * A connection is taken for one call and put back after it. hiredis connects, writes commands and reads
 * answers; waiting is done here with poll, so that writing and reading go on at the same time (a server that
 * waits for its answers to be read cannot stop one that waits for its commands to be taken) and no answer is
 * waited for longer than timeout_ms. A connection that failed is closed. One that had been idle may have been
 * closed by the server: when not one answer has come, the commands are sent again over a new one, once; they
 * are all harmless to repeat. */
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/time.h>

#include "base/text.h"
#include "base/time.h"
#include "features/redis_int.h"

#define DEFAULT_PORT       6379
#define DEFAULT_TIMEOUT_MS 2000
#define IDLE_MAX           64 /* connections kept */

struct FeaturesRedis {
    char *shown;  /* the address without its password */
    char *socket; /* path; NULL = host and port */
    char *host, *user, *password;
    int port;
    gint64 db, timeout_ms;
    GMutex mutex;
    GPtrArray *idle; /* redisContext* */
};

/* ---- the address ------------------------------------------------------------------------------------------
 */

static bool refuse_tls(GError **error)
{
    base_fail(error, BASE_E_CONFIG_INVALID,
              "rediss:// needs TLS, which this program does not speak with Redis");
    base_error_hint(error,
                    "Run a TLS tunnel (stunnel, ghostunnel) on this machine and name its local address: "
                    "redis://127.0.0.1:PORT/0");
    return false;
}

static bool parse_db(FeaturesRedis *redis, GUri *uri)
{
    const char *path = g_uri_get_path(uri), *query = g_uri_get_query(uri);
    const char *text =
        redis->socket ? (query && g_str_has_prefix(query, "db=") ? query + 3 : "") : path + (path[0] == '/');
    return !*text || base_text_to_int(text, 0, G_MAXINT32, &redis->db);
}

static bool parse_url(FeaturesRedis *redis, const char *url, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(url ? url : "", G_URI_FLAGS_HAS_PASSWORD, NULL);
    const char *scheme = uri ? g_uri_get_scheme(uri) : "";
    if (!strcmp(scheme, "rediss")) {
        return refuse_tls(error);
    }
    bool local = !strcmp(scheme, "unix");
    const char *host = uri ? g_uri_get_host(uri) : NULL;
    if (uri && local) {
        redis->socket = g_strdup(g_uri_get_path(uri));
    }
    if ((!local && (strcmp(scheme, "redis") || !host || !*host)) || (local && !*redis->socket) ||
        !parse_db(redis, uri)) {
        base_fail(error, BASE_E_CONFIG_INVALID, "features.redis is no address of a Redis server");
        base_error_hint(error, "Write redis://[user:password@]host:port/db or unix:///path/to/socket");
        return false;
    }
    redis->host = g_strdup(host);
    redis->port = g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : DEFAULT_PORT;
    redis->user = g_strdup(g_uri_get_user(uri));
    redis->password = g_strdup(g_uri_get_password(uri));
    redis->shown = local ? g_strdup(redis->socket) : g_strdup_printf("%s:%d", redis->host, redis->port);
    return true;
}

static void context_free(gpointer context)
{
    redisFree(context);
}

FeaturesRedis *features_int_redis_new(const char *url, gint64 timeout_ms, GError **error)
{
    FeaturesRedis *redis = g_new0(FeaturesRedis, 1);
    g_mutex_init(&redis->mutex);
    redis->idle = g_ptr_array_new_with_free_func(context_free);
    redis->timeout_ms = timeout_ms > 0 ? timeout_ms : DEFAULT_TIMEOUT_MS;
    if (!parse_url(redis, url, error)) {
        features_int_redis_free(redis);
        return NULL;
    }
    return redis;
}

void features_int_redis_free(FeaturesRedis *redis)
{
    if (redis) {
        g_ptr_array_unref(redis->idle);
        g_mutex_clear(&redis->mutex);
        g_free(redis->shown);
        g_free(redis->socket);
        g_free(redis->host);
        g_free(redis->user);
        g_free(redis->password);
        g_free(redis);
    }
}

/* ---- commands ---------------------------------------------------------------------------------------------
 */

void features_int_pipe_init(FeaturesPipe *pipe)
{
    pipe->bytes = g_byte_array_new();
    pipe->lengths = g_array_new(FALSE, FALSE, sizeof(size_t));
    pipe->counts = g_array_new(FALSE, FALSE, sizeof(size_t));
    pipe->scripts = g_ptr_array_new();
}

void features_int_pipe_clear(FeaturesPipe *pipe)
{
    g_clear_pointer(&pipe->bytes, g_byte_array_unref);
    g_clear_pointer(&pipe->lengths, g_array_unref);
    g_clear_pointer(&pipe->counts, g_array_unref);
    g_clear_pointer(&pipe->scripts, g_ptr_array_unref);
}

void features_int_pipe_reset(FeaturesPipe *pipe)
{
    g_byte_array_set_size(pipe->bytes, 0);
    g_array_set_size(pipe->lengths, 0);
    g_array_set_size(pipe->counts, 0);
    g_ptr_array_set_size(pipe->scripts, 0);
}

void features_int_pipe_command(FeaturesPipe *pipe, const char *word)
{
    const size_t none = 0;
    g_array_append_val(pipe->counts, none);
    g_ptr_array_add(pipe->scripts, NULL);
    features_int_pipe_text(pipe, word);
}

void features_int_pipe_arg(FeaturesPipe *pipe, const void *bytes, size_t len)
{
    g_byte_array_append(pipe->bytes, bytes, (guint)len);
    g_array_append_val(pipe->lengths, len);
    g_array_index(pipe->counts, size_t, pipe->counts->len - 1)++;
}

void features_int_pipe_text(FeaturesPipe *pipe, const char *text)
{
    features_int_pipe_arg(pipe, text, strlen(text));
}

void features_int_pipe_int(FeaturesPipe *pipe, gint64 value)
{
    char text[ENGINE_NUMBER_MAX_BYTES];
    features_int_pipe_arg(pipe, text, (size_t)(engine_put_int(text, value) - text));
}

void features_int_script_init(FeaturesScript *script, const char *text)
{
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA1, text, -1);
    script->text = text;
    memcpy(script->digest, digest, sizeof script->digest);
}

void features_int_pipe_script(FeaturesPipe *pipe, const FeaturesScript *script, const void *key,
                              size_t key_len)
{
    features_int_pipe_command(pipe, "EVALSHA");
    pipe->scripts->pdata[pipe->scripts->len - 1] = (gpointer)(guintptr)script;
    features_int_pipe_text(pipe, script->digest);
    features_int_pipe_text(pipe, "1");
    features_int_pipe_arg(pipe, key, key_len);
}

/* Gives all commands to the connection's buffer. */
static bool append_commands(redisContext *context, const FeaturesPipe *pipe)
{
    g_autofree const char **words = g_new(const char *, pipe->lengths->len + 1);
    const size_t *lengths = (const size_t *)(const void *)pipe->lengths->data;
    const char *at = (const char *)pipe->bytes->data;
    for (guint i = 0; i < pipe->lengths->len; i++) {
        words[i] = at;
        at += lengths[i];
    }
    size_t word = 0;
    for (guint i = 0; i < pipe->counts->len; i++) {
        size_t n = g_array_index(pipe->counts, size_t, i);
        if (redisAppendCommandArgv(context, (int)n, words + word, lengths + word) != REDIS_OK) {
            return false;
        }
        word += n;
    }
    return true;
}

/* ---- sending and waiting
 * ----------------------------------------------------------------------------------- */

static bool unreachable(const FeaturesRedis *redis, const char *why, GError **error)
{
    base_fail(error, BASE_E_PEER_UNREACHABLE, "Redis at %s: %s", redis->shown, why);
    base_error_hint(error, "Look whether it runs and whether features.redis names it");
    return false;
}

static bool late(const FeaturesRedis *redis, GError **error)
{
    g_autofree char *why = g_strdup_printf("no answer within %" G_GINT64_FORMAT " ms", redis->timeout_ms);
    return unreachable(redis, why, error);
}

/* Waits until the socket can do something, or the deadline has come. */
static bool wait_for(const FeaturesRedis *redis, const redisContext *context, bool write, gint64 deadline_us,
                     GError **error)
{
    struct pollfd poll_fd = {.fd = context->fd, .events = (short)(POLLIN | (write ? POLLOUT : 0))};
    for (;;) {
        gint64 left_us = deadline_us - base_time_monotonic_us();
        int n = left_us > 0 ? poll(&poll_fd, 1, (int)((left_us + 999) / 1000)) : 0;
        if (n > 0) {
            return true;
        }
        if (n == 0) {
            return late(redis, error);
        }
        if (errno != EINTR) {
            return unreachable(redis, g_strerror(errno), error);
        }
    }
}

static bool next_reply(const FeaturesRedis *redis, redisContext *context, bool *written, redisReply **ret,
                       GError **error)
{
    gint64 deadline_us = base_time_monotonic_us() + redis->timeout_ms * 1000;
    void *reply = NULL;
    for (;;) {
        int done = 0;
        if (redisGetReplyFromReader(context, &reply) != REDIS_OK) {
            return unreachable(redis, context->errstr, error);
        }
        if (reply) {
            *ret = reply;
            return true;
        }
        if (!*written) {
            if (redisBufferWrite(context, &done) != REDIS_OK) {
                return unreachable(redis, context->errstr, error);
            }
            *written = done != 0;
        }
        if (!wait_for(redis, context, !*written, deadline_us, error)) {
            return false;
        }
        if (redisBufferRead(context) != REDIS_OK) {
            return unreachable(redis, context->errstr, error);
        }
    }
}

static bool exchange(const FeaturesRedis *redis, redisContext *context, const FeaturesPipe *pipe,
                     GPtrArray *replies, GError **error)
{
    bool written = false;
    if (!append_commands(context, pipe)) {
        return unreachable(redis, context->errstr, error);
    }
    while (replies->len < pipe->counts->len) {
        redisReply *reply;
        if (!next_reply(redis, context, &written, &reply, error)) {
            return false;
        }
        g_ptr_array_add(replies, reply);
    }
    return true;
}

/* ---- answers ----------------------------------------------------------------------------------------------
 */

static GPtrArray *replies_new(void)
{
    return g_ptr_array_new_with_free_func(freeReplyObject);
}

static bool refused(const FeaturesRedis *redis, const redisReply *reply, GError **error)
{
    if (g_str_has_prefix(reply->str, "OOM")) {
        base_fail(error, BASE_E_DISK_FULL, "Redis at %s is full: %s", redis->shown, reply->str);
        base_error_hint(error, "Raise its maxmemory, or erase views that nobody reads");
        return false;
    }
    if (g_str_has_prefix(reply->str, "WRONGTYPE")) {
        return base_fail(error, BASE_E_DATA_DAMAGED, "Redis at %s: a key of a feature is no hash",
                         redis->shown);
    }
    base_fail(error, BASE_E_PEER_UNREACHABLE, "Redis at %s refuses: %s", redis->shown, reply->str);
    if (g_str_has_prefix(reply->str, "NOAUTH") || g_str_has_prefix(reply->str, "WRONGPASS") ||
        g_str_has_prefix(reply->str, "NOPERM")) {
        base_error_hint(error, "features.redis must carry a user and password that may do this");
    } else if (g_str_has_prefix(reply->str, "MOVED") || g_str_has_prefix(reply->str, "CROSSSLOT")) {
        base_error_hint(error, "It is a cluster; Weir speaks with one server");
    }
    return false;
}

static bool is_unknown_script(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && g_str_has_prefix(reply->str, "NOSCRIPT");
}

const char *features_int_reply_text(const FeaturesReply *reply, size_t *ret_len)
{
    bool text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
    *ret_len = text ? reply->len : 0;
    return text ? reply->str : NULL;
}

gint64 features_int_reply_int(const FeaturesReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

size_t features_int_reply_size(const FeaturesReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

const FeaturesReply *features_int_reply_item(const FeaturesReply *reply, size_t i)
{
    return reply->element[i];
}

/* ---- connections
 * ------------------------------------------------------------------------------------------- */

static bool greet(const FeaturesRedis *redis, redisContext *context, GError **error)
{
    g_auto(FeaturesPipe) pipe = {0};
    features_int_pipe_init(&pipe);
    if (redis->password) {
        features_int_pipe_command(&pipe, "AUTH");
        if (redis->user && *redis->user) {
            features_int_pipe_text(&pipe, redis->user);
        }
        features_int_pipe_text(&pipe, redis->password);
    }
    if (redis->db) {
        features_int_pipe_command(&pipe, "SELECT");
        features_int_pipe_int(&pipe, redis->db);
    }
    g_autoptr(GPtrArray) replies = replies_new();
    if (!exchange(redis, context, &pipe, replies, error)) {
        return false;
    }
    for (guint i = 0; i < replies->len; i++) {
        const redisReply *reply = replies->pdata[i];
        if (reply->type == REDIS_REPLY_ERROR) {
            return refused(redis, reply, error);
        }
    }
    return true;
}

static redisContext *connect_new(FeaturesRedis *redis, GError **error)
{
    const struct timeval timeout = {.tv_sec = redis->timeout_ms / 1000,
                                    .tv_usec = redis->timeout_ms % 1000 * 1000};
    redisContext *context = redis->socket ? redisConnectUnixWithTimeout(redis->socket, timeout)
                                          : redisConnectWithTimeout(redis->host, redis->port, timeout);
    if (!context || context->err) {
        unreachable(redis, context ? context->errstr : "no memory", error);
        g_clear_pointer(&context, redisFree);
        return NULL;
    }
    context->flags &= ~REDIS_BLOCK;
    int flags = fcntl(context->fd, F_GETFL);
    if (flags < 0 || fcntl(context->fd, F_SETFL, flags | O_NONBLOCK) ||
        fcntl(context->fd, F_SETFD, FD_CLOEXEC)) {
        unreachable(redis, g_strerror(errno), error);
        redisFree(context);
        return NULL;
    }
    if (!redis->socket && redisEnableKeepAlive(context) != REDIS_OK) {
        unreachable(redis, context->errstr, error);
        redisFree(context);
        return NULL;
    }
    if (!greet(redis, context, error)) {
        redisFree(context);
        return NULL;
    }
    return context;
}

static redisContext *take_idle(FeaturesRedis *redis)
{
    g_mutex_lock(&redis->mutex);
    redisContext *context =
        redis->idle->len ? g_ptr_array_steal_index(redis->idle, redis->idle->len - 1) : NULL;
    g_mutex_unlock(&redis->mutex);
    return context;
}

static void give_back(FeaturesRedis *redis, redisContext *context)
{
    g_mutex_lock(&redis->mutex);
    if (redis->idle->len < IDLE_MAX) {
        g_ptr_array_add(redis->idle, g_steal_pointer(&context));
    }
    g_mutex_unlock(&redis->mutex);
    g_clear_pointer(&context, redisFree);
}

static void drop_idle(FeaturesRedis *redis)
{
    g_mutex_lock(&redis->mutex);
    g_ptr_array_set_size(redis->idle, 0);
    g_mutex_unlock(&redis->mutex);
}

/* A connection over which `pipe` has been answered. */
static redisContext *exchanged(FeaturesRedis *redis, const FeaturesPipe *pipe, GPtrArray *replies,
                               GError **error)
{
    g_autoptr(GError) why = NULL;
    redisContext *context = take_idle(redis);
    if (context) {
        if (exchange(redis, context, pipe, replies, &why)) {
            return context;
        }
        bool closed = context->err == REDIS_ERR_EOF || context->err == REDIS_ERR_IO;
        redisFree(context);
        drop_idle(redis);
        if (!closed || replies->len) {
            g_propagate_error(error, g_steal_pointer(&why));
            return NULL;
        }
    }
    context = connect_new(redis, error);
    if (context && !exchange(redis, context, pipe, replies, error)) {
        g_clear_pointer(&context, redisFree);
    }
    return context;
}

/* ---- scripts
 * ------------------------------------------------------------------------------------------------ */

/* Loads a script and repeats the commands whose script the server did not know: it was started anew, or its
 * scripts were flushed. `which`: the places of these commands. */
static void add_again(const FeaturesPipe *pipe, const GPtrArray *replies, FeaturesPipe *again, GArray *which)
{
    const guint8 *at = pipe->bytes->data;
    const FeaturesScript *loaded = NULL;
    size_t word = 0;
    for (guint i = 0; i < replies->len; i++) {
        size_t end = word + g_array_index(pipe->counts, size_t, i);
        const FeaturesScript *script = is_unknown_script(replies->pdata[i]) ? pipe->scripts->pdata[i] : NULL;
        if (script && script != loaded) {
            const guint none = G_MAXUINT;
            features_int_pipe_command(again, "SCRIPT");
            features_int_pipe_text(again, "LOAD");
            features_int_pipe_text(again, script->text);
            g_array_append_val(which, none);
            loaded = script;
        }
        if (script) {
            features_int_pipe_command(again, "EVALSHA");
            g_array_append_val(which, i);
        }
        for (bool first = true; word < end; word++, first = false) {
            size_t len = g_array_index(pipe->lengths, size_t, word);
            if (script && !first) {
                features_int_pipe_arg(again, at, len);
            }
            at += len;
        }
    }
}

static bool send_scripts(FeaturesRedis *redis, redisContext *context, const FeaturesPipe *pipe,
                         GPtrArray *replies, GError **error)
{
    g_auto(FeaturesPipe) again = {0};
    g_autoptr(GArray) which = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GPtrArray) answers = replies_new();
    features_int_pipe_init(&again);
    add_again(pipe, replies, &again, which);
    if (!again.counts->len) {
        return true;
    }
    if (!exchange(redis, context, &again, answers, error)) {
        return false;
    }
    for (guint i = 0; i < which->len; i++) {
        guint place = g_array_index(which, guint, i);
        if (place != G_MAXUINT) {
            gpointer unknown = replies->pdata[place];
            replies->pdata[place] = answers->pdata[i];
            answers->pdata[i] = unknown;
        }
    }
    return true;
}

GPtrArray *features_int_redis_run(FeaturesRedis *redis, const FeaturesPipe *pipe, GError **error)
{
    g_autoptr(GPtrArray) replies = replies_new();
    redisContext *context = exchanged(redis, pipe, replies, error);
    if (!context) {
        return NULL;
    }
    if (!send_scripts(redis, context, pipe, replies, error)) {
        redisFree(context);
        return NULL;
    }
    give_back(redis, context);
    for (guint i = 0; i < replies->len; i++) {
        const redisReply *reply = replies->pdata[i];
        if (reply->type == REDIS_REPLY_ERROR) {
            refused(redis, reply, error);
            return NULL;
        }
    }
    return g_steal_pointer(&replies);
}
