/* The online store in Redis, in Feast's layout: what Feast writes is read, what Weir writes Feast reads.
 *
 * One hash for each project and entity (redis_key.c); in it, of each view "v" (its stored name):
 *   murmur3("v:feature")  feast.types.Value; a null is empty (FEAST, FEAST2) or not there (FEAST09)
 *   _ts:v                 google.protobuf.Timestamp of the event; whole seconds in FEAST09
 *   _ex:v                 FEAST09: event time + ttl in whole seconds, or 253402300799
 *   _weir:v               Weir's own, which Feast passes over, for what `_ts:v` cannot say. Only where there
 * is a created time, or in FEAST09 a fraction of a second: u8 n, the n bytes of the `_ts:v` it belongs to, u8
 * m, m bytes Timestamp of the event, then, where there is a created time, u8 1 and its Timestamp. When
 * `_ts:v` is another one, Feast wrote since, and it says nothing. The rule (newer event, newer created, else
 * skipped) is kept by a script in the server, so it holds between writers too, Feast's own and Weir's others.
 * Nothing expires: a ttl is judged when a value is read. */
#include "base/time.h"
#include "features/redis_int.h"

#define PIPE_COMMANDS 512
#define PIPE_BYTES    ((size_t)512 << 10)
#define NEVER_SECONDS G_GINT64_CONSTANT(253402300799)
#define SCAN_COUNT    1000

typedef struct {
    FeaturesOnline base;
    FeaturesRedis *redis;
    FeaturesLayout layout;
    FeaturesScript put, erase, erase_key;
} Store;

/* ---- scripts
 * ------------------------------------------------------------------------------------------------ */

/* Reads a Timestamp: seconds, nanoseconds. A varint of ten bytes is a negative number; its complement is
 * small enough for Lua's numbers. */
#define LUA_TIME                                                                                             \
    "local function time(b)\n"                                                                               \
    "  local out, i = {0, 0}, 1\n"                                                                           \
    "  while i <= #b do\n"                                                                                   \
    "    local field, v, c, m, n = math.floor(string.byte(b, i) / 8), 0, 0, 1, 0\n"                          \
    "    repeat\n"                                                                                           \
    "      i = i + 1\n"                                                                                      \
    "      local x = string.byte(b, i) or 0\n"                                                               \
    "      if n < 9 then v = v + x % 128 * m; c = c + (127 - x % 128) * m end\n"                             \
    "      m, n = m * 128, n + 1\n"                                                                          \
    "    until x < 128 or n == 10\n"                                                                         \
    "    out[field] = n == 10 and -c - 1 or v\n"                                                             \
    "    i = i + 1\n"                                                                                        \
    "  end\n"                                                                                                \
    "  return out[1], out[2]\n"                                                                              \
    "end\n"

/* KEYS: the entity. ARGV: _ts field, _weir field, its value or "", event seconds, nanoseconds, created
 * seconds or
 * "", nanoseconds, number of arguments to set, field, value, ..., then fields to take away. */
static const char PUT[] = LUA_TIME
    "local key = KEYS[1]\n"
    "local there = redis.call('HMGET', key, ARGV[1], ARGV[2])\n"
    "local own = there[2]\n"
    "if there[1] then\n"
    "  local s, ns = time(there[1])\n"
    "  local cs, cns\n"
    "  local n = own and string.byte(own, 1) or 0\n"
    "  if own and string.sub(own, 2, 1 + n) == there[1] then\n"
    "    local m = string.byte(own, 2 + n) or 0\n"
    "    s, ns = time(string.sub(own, 3 + n, 2 + n + m))\n"
    "    if #own > 2 + n + m then cs, cns = time(string.sub(own, 4 + n + m)) end\n"
    "  end\n"
    "  local es, ens = tonumber(ARGV[4]), tonumber(ARGV[5])\n"
    "  if s > es or (s == es and ns > ens) then return 0 end\n"
    "  if s == es and ns == ens then\n"
    "    local ds, dns = tonumber(ARGV[6]), tonumber(ARGV[7])\n"
    "    if not ds then return 0 end\n"
    "    if cs and (cs > ds or (cs == ds and cns >= dns)) then return 0 end\n"
    "  end\n"
    "end\n"
    "local last = 8 + tonumber(ARGV[8])\n"
    "for i = 9, last, 1000 do redis.call('HSET', key, unpack(ARGV, i, math.min(i + 999, last))) end\n"
    "if ARGV[3] ~= '' then redis.call('HSET', key, ARGV[2], ARGV[3])\n"
    "elseif own then redis.call('HDEL', key, ARGV[2]) end\n"
    "for i = last + 1, #ARGV, 1000 do redis.call('HDEL', key, unpack(ARGV, i, math.min(i + 999, #ARGV))) "
    "end\n"
    "return 1\n";

/* ARGV: fields of a view, _ts first. What is left when no view has a row there any more goes too. */
static const char ERASE[] =
    "local key = KEYS[1]\n"
    "if redis.call('TYPE', key).ok ~= 'hash' or redis.call('HEXISTS', key, ARGV[1]) == 0 then return 0 end\n"
    "for i = 1, #ARGV, 1000 do redis.call('HDEL', key, unpack(ARGV, i, math.min(i + 999, #ARGV))) end\n"
    "for _, field in ipairs(redis.call('HKEYS', key)) do\n"
    "  if string.sub(field, 1, 4) == '_ts:' then return 1 end\n"
    "end\n"
    "redis.call('DEL', key)\n"
    "return 1\n";

/* All views of an entity; gives how many rows that were. */
static const char ERASE_KEY[] = "local key, n = KEYS[1], 0\n"
                                "if redis.call('TYPE', key).ok ~= 'hash' then return 0 end\n"
                                "for _, field in ipairs(redis.call('HKEYS', key)) do\n"
                                "  if string.sub(field, 1, 4) == '_ts:' then n = n + 1 end\n"
                                "end\n"
                                "if n > 0 then redis.call('DEL', key) end\n"
                                "return n\n";

/* ---- names of fields
 * ------------------------------------------------------------------------------------------ */

typedef struct {
    const FeaturesView *view;
    char *ts, *own, *expiry;
    guint8 (*features)[4]; /* of all features of the view */
} Fields;

static void fields_init(Fields *fields, const FeaturesView *view)
{
    fields->view = view;
    fields->ts = g_strconcat("_ts:", view->stored, NULL);
    fields->own = g_strconcat("_weir:", view->stored, NULL);
    fields->expiry = g_strconcat("_ex:", view->stored, NULL);
    fields->features = g_malloc(4 * (view->n_features + 1));
    for (size_t i = 0; i < view->n_features; i++) {
        features_int_redis_field(view->stored, view->features[i].name, fields->features[i]);
    }
}

static void fields_clear(Fields *fields)
{
    g_free(fields->ts);
    g_free(fields->own);
    g_free(fields->expiry);
    g_free(fields->features);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fields, fields_clear)

/* ---- put
 * -------------------------------------------------------------------------------------------------------- */

/* What `_weir:v` holds; empty when `_ts:v` says all. */
static void append_own(const Store *store, const FeaturesRow *row, const GByteArray *ts, GByteArray *out)
{
    bool whole = store->layout != FEATURES_LAYOUT_FEAST09 || row->event_us % BASE_TIME_SECOND_US == 0;
    bool created = row->created_us != FEATURES_NO_TIME;
    if (whole && !created) {
        return;
    }
    g_autoptr(GByteArray) event = g_byte_array_new();
    features_int_proto_time(row->event_us, true, event);
    const guint8 ts_len = (guint8)ts->len, event_len = (guint8)event->len, one = 1;
    g_byte_array_append(out, &ts_len, 1);
    g_byte_array_append(out, ts->data, ts->len);
    g_byte_array_append(out, &event_len, 1);
    g_byte_array_append(out, event->data, event->len);
    if (created) {
        g_byte_array_append(out, &one, 1);
        features_int_proto_time(row->created_us, true, out);
    }
}

static void pipe_time(FeaturesPipe *pipe, gint64 us)
{
    gint64 seconds = us / BASE_TIME_SECOND_US - (us % BASE_TIME_SECOND_US < 0);
    features_int_pipe_int(pipe, seconds);
    features_int_pipe_int(pipe, (us - seconds * BASE_TIME_SECOND_US) * 1000);
}

static void pipe_expiry(FeaturesPipe *pipe, const Fields *fields, gint64 event_us)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gint64 us, ttl_us = fields->view->ttl_us;
    bool never = ttl_us <= 0 || __builtin_add_overflow(event_us, ttl_us, &us);
    features_int_proto_time(never ? NEVER_SECONDS * BASE_TIME_SECOND_US : us, false, bytes);
    features_int_pipe_text(pipe, fields->expiry);
    features_int_pipe_arg(pipe, bytes->data, bytes->len);
}

static bool pipe_values(const Store *store, FeaturesPipe *pipe, const Fields *fields, const FeaturesRow *row,
                        GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (size_t i = 0; i < fields->view->n_features; i++) {
        if (row->values[i].null && store->layout == FEATURES_LAYOUT_FEAST09) {
            continue;
        }
        g_byte_array_set_size(bytes, 0);
        features_int_proto_value(&row->values[i], bytes);
        if (bytes->len > FEATURES_VALUE_MAX_BYTES) {
            return base_fail(error, BASE_E_VALUE_TOO_LARGE,
                             "feature `%s` of `%s` holds %u bytes; at most %" G_GSIZE_FORMAT,
                             fields->view->features[i].name, fields->view->name, bytes->len,
                             FEATURES_VALUE_MAX_BYTES);
        }
        features_int_pipe_arg(pipe, fields->features[i], 4);
        features_int_pipe_arg(pipe, bytes->data, bytes->len);
    }
    return true;
}

static size_t n_nulls(const FeaturesView *view, const FeaturesRow *row)
{
    size_t n = 0;
    for (size_t i = 0; i < view->n_features; i++) {
        n += row->values[i].null;
    }
    return n;
}

static bool pipe_row(Store *store, FeaturesPipe *pipe, const Fields *fields, const FeaturesRow *row,
                     GError **error)
{
    g_autoptr(GByteArray) key = g_byte_array_new(), ts = g_byte_array_new(), own = g_byte_array_new();
    bool old = store->layout == FEATURES_LAYOUT_FEAST09;
    size_t nulls = old ? n_nulls(fields->view, row) : 0;
    if (!features_int_redis_key(store->layout, fields->view, row->keys, key, error)) {
        return false;
    }
    features_int_proto_time(row->event_us, !old, ts);
    append_own(store, row, ts, own);
    features_int_pipe_script(pipe, &store->put, key->data, key->len);
    features_int_pipe_text(pipe, fields->ts);
    features_int_pipe_text(pipe, fields->own);
    features_int_pipe_arg(pipe, own->data, own->len);
    pipe_time(pipe, row->event_us);
    if (row->created_us != FEATURES_NO_TIME) {
        pipe_time(pipe, row->created_us);
    } else {
        features_int_pipe_text(pipe, "");
        features_int_pipe_text(pipe, "");
    }
    features_int_pipe_int(pipe, (gint64)(2 * (1 + old + fields->view->n_features - nulls)));
    features_int_pipe_text(pipe, fields->ts);
    features_int_pipe_arg(pipe, ts->data, ts->len);
    if (old) {
        pipe_expiry(pipe, fields, row->event_us);
    }
    if (!pipe_values(store, pipe, fields, row, error)) {
        return false;
    }
    for (size_t i = 0; nulls && i < fields->view->n_features; i++) {
        if (row->values[i].null) {
            features_int_pipe_arg(pipe, fields->features[i], 4);
        }
    }
    return true;
}

static bool is_full(const FeaturesPipe *pipe)
{
    return pipe->counts->len >= PIPE_COMMANDS || pipe->bytes->len >= PIPE_BYTES;
}

static bool redis_put(FeaturesOnline *online, const FeaturesView *view, const FeaturesRow *rows, size_t n,
                      FeaturesPut *ret, GError **error)
{
    Store *store = (Store *)online;
    g_auto(Fields) fields = {0};
    g_auto(FeaturesPipe) pipe = {0};
    fields_init(&fields, view);
    features_int_pipe_init(&pipe);
    for (size_t i = 0; i < n; i++) {
        if (!pipe_row(store, &pipe, &fields, &rows[i], error)) {
            return false;
        }
        if (!is_full(&pipe) && i + 1 < n) {
            continue;
        }
        g_autoptr(GPtrArray) replies = features_int_redis_run(store->redis, &pipe, error);
        if (!replies) {
            return false;
        }
        for (guint j = 0; j < replies->len; j++) {
            bool written = features_int_reply_int(replies->pdata[j]) == 1;
            ret->written += written;
            ret->skipped += !written;
        }
        features_int_pipe_reset(&pipe);
    }
    return true;
}

/* ---- get
 * -------------------------------------------------------------------------------------------------------- */

typedef struct {
    Store *store;
    const Fields *fields;
    const size_t *features;
    size_t n_features;
    FeaturesArena *arena;
} Get;

static bool read_own(const char *own, size_t len, const char *ts, size_t ts_len, FeaturesRead *ret)
{
    const guint8 *at = (const guint8 *)own, *end = at + len;
    if (len < 2 || at[0] != ts_len || len < 2 + ts_len || memcmp(at + 1, ts, ts_len)) {
        return true; /* of another row: Feast wrote since */
    }
    at += 1 + ts_len;
    size_t event_len = *at++;
    if (event_len > (size_t)(end - at) || !features_int_proto_read_time(at, event_len, &ret->event_us)) {
        return false;
    }
    at += event_len;
    return at == end ||
           (*at == 1 && features_int_proto_read_time(at + 1, (size_t)(end - at - 1), &ret->created_us));
}

/* Of one entity: _ts, _weir, then the features. */
static bool read_row(const Get *get, const FeaturesReply *reply, FeaturesRead *ret)
{
    if (features_int_reply_size(reply) != get->n_features + 2) {
        return false;
    }
    size_t ts_len, len;
    const char *ts = features_int_reply_text(features_int_reply_item(reply, 0), &ts_len);
    const char *own = features_int_reply_text(features_int_reply_item(reply, 1), &len);
    if (!ts) {
        return true;
    }
    ret->found = true;
    if (!features_int_proto_read_time(ts, ts_len, &ret->event_us) ||
        (own && !read_own(own, len, ts, ts_len, ret))) {
        return false;
    }
    FeaturesValue *values = features_arena_take(get->arena, get->n_features * sizeof *values);
    for (size_t i = 0; i < get->n_features; i++) {
        const char *bytes = features_int_reply_text(features_int_reply_item(reply, 2 + i), &len);
        FeaturesType type = get->fields->view->features[get->features[i]].type;
        FeaturesProto read = features_int_proto_read(bytes ? bytes : "", len, type, get->arena, &values[i]);
        if (read == FEATURES_PROTO_BAD) {
            return false;
        }
        ret->other_type = ret->other_type || read == FEATURES_PROTO_OTHER;
    }
    ret->values = ret->other_type ? NULL : values;
    return true;
}

static bool pipe_get(const Get *get, FeaturesPipe *pipe, const FeaturesValue *keys, GError **error)
{
    g_autoptr(GByteArray) key = g_byte_array_new();
    if (!features_int_redis_key(get->store->layout, get->fields->view, keys, key, error)) {
        return false;
    }
    features_int_pipe_command(pipe, "HMGET");
    features_int_pipe_arg(pipe, key->data, key->len);
    features_int_pipe_text(pipe, get->fields->ts);
    features_int_pipe_text(pipe, get->fields->own);
    for (size_t i = 0; i < get->n_features; i++) {
        features_int_pipe_arg(pipe, get->fields->features[get->features[i]], 4);
    }
    return true;
}

/* `places`: which of ret each command of the pipe is for. */
static bool run_get(const Get *get, FeaturesPipe *pipe, GArray *places, FeaturesRead *ret, GError **error)
{
    g_autoptr(GPtrArray) replies =
        pipe->counts->len ? features_int_redis_run(get->store->redis, pipe, error) : NULL;
    if (!replies) {
        return pipe->counts->len == 0;
    }
    for (guint i = 0; i < replies->len; i++) {
        if (!read_row(get, replies->pdata[i], &ret[g_array_index(places, size_t, i)])) {
            return base_fail(error, BASE_E_DATA_DAMAGED, "a row of `%s` in Redis is damaged",
                             get->fields->view->name);
        }
    }
    features_int_pipe_reset(pipe);
    g_array_set_size(places, 0);
    return true;
}

static bool redis_get(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys, size_t n,
                      const size_t *features, size_t n_features, FeaturesArena *arena, FeaturesRead *ret,
                      GError **error)
{
    g_auto(Fields) fields = {0};
    g_auto(FeaturesPipe) pipe = {0};
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(size_t));
    fields_init(&fields, view);
    features_int_pipe_init(&pipe);
    const Get get = {(Store *)online, &fields, features, n_features, arena};
    for (size_t i = 0; i < n; i++) {
        if (!features_int_redis_has_key(view, keys + i * view->n_keys)) {
            continue;
        }
        if (!pipe_get(&get, &pipe, keys + i * view->n_keys, error)) {
            return false;
        }
        g_array_append_val(places, i);
        if (is_full(&pipe) && !run_get(&get, &pipe, places, ret, error)) {
            return false;
        }
    }
    return run_get(&get, &pipe, places, ret, error);
}

/* ---- erase
 * ------------------------------------------------------------------------------------------------------ */

static void pipe_erase(Store *store, FeaturesPipe *pipe, const Fields *fields, const void *key, size_t len)
{
    features_int_pipe_script(pipe, &store->erase, key, len);
    features_int_pipe_text(pipe, fields->ts);
    features_int_pipe_text(pipe, fields->own);
    features_int_pipe_text(pipe, fields->expiry);
    for (size_t i = 0; i < fields->view->n_features; i++) {
        features_int_pipe_arg(pipe, fields->features[i], 4);
    }
}

static bool run_erase(Store *store, FeaturesPipe *pipe, gint64 *ret_rows, GError **error)
{
    if (!pipe->counts->len) {
        return true;
    }
    g_autoptr(GPtrArray) replies = features_int_redis_run(store->redis, pipe, error);
    for (guint i = 0; replies && i < replies->len; i++) {
        *ret_rows += features_int_reply_int(replies->pdata[i]);
    }
    features_int_pipe_reset(pipe);
    return replies != NULL;
}

static bool redis_erase(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                        bool *ret_erased, GError **error)
{
    Store *store = (Store *)online;
    g_auto(Fields) fields = {0};
    g_auto(FeaturesPipe) pipe = {0};
    g_autoptr(GByteArray) key = g_byte_array_new();
    gint64 rows = 0;
    if (!features_int_redis_has_key(view, keys)) {
        return true;
    }
    if (!features_int_redis_key(store->layout, view, keys, key, error)) {
        return false;
    }
    fields_init(&fields, view);
    features_int_pipe_init(&pipe);
    pipe_erase(store, &pipe, &fields, key->data, key->len);
    bool ok = run_erase(store, &pipe, &rows, error);
    *ret_erased = ok && rows > 0;
    return ok;
}

/* One step of SCAN: a page of keys and where to go on; "0" = the end. NULL + error. */
static GPtrArray *scan(Store *store, const GByteArray *pattern, const char *cursor, GError **error)
{
    g_auto(FeaturesPipe) pipe = {0};
    features_int_pipe_init(&pipe);
    features_int_pipe_command(&pipe, "SCAN");
    features_int_pipe_text(&pipe, cursor);
    features_int_pipe_text(&pipe, "MATCH");
    features_int_pipe_arg(&pipe, pattern->data, pattern->len);
    features_int_pipe_text(&pipe, "COUNT");
    features_int_pipe_int(&pipe, SCAN_COUNT);
    return features_int_redis_run(store->redis, &pipe, error);
}

/* Keys of exactly this project (and of the view's entities) among those of a page. */
static void pipe_erase_keys(Store *store, FeaturesPipe *pipe, const FeaturesReply *page, const char *project,
                            const Fields *fields)
{
    for (size_t i = 0; i < features_int_reply_size(page); i++) {
        size_t len;
        const char *bytes = features_int_reply_text(features_int_reply_item(page, i), &len);
        FeaturesRedisKey key;
        if (!bytes || !features_int_redis_key_read(store->layout, bytes, len, &key) ||
            !features_int_redis_key_is(&key, project, fields->view)) {
            continue;
        }
        if (fields->view) {
            pipe_erase(store, pipe, fields, bytes, len);
        } else {
            features_int_pipe_script(pipe, &store->erase_key, bytes, len);
        }
    }
}

static bool redis_erase_all(FeaturesOnline *online, const char *project, const FeaturesView *view,
                            gint64 *ret_rows, GError **error)
{
    Store *store = (Store *)online;
    g_auto(Fields) fields = {0};
    g_auto(FeaturesPipe) pipe = {0};
    g_autoptr(GByteArray) pattern = g_byte_array_new();
    g_autofree char *cursor = g_strdup("0");
    if (view) {
        fields_init(&fields, view);
    }
    features_int_pipe_init(&pipe);
    features_int_redis_pattern(store->layout, project, pattern);
    do {
        g_autoptr(GPtrArray) replies = scan(store, pattern, cursor, error);
        if (!replies) {
            return false;
        }
        const FeaturesReply *reply = replies->pdata[0];
        size_t len = 0;
        const char *next = features_int_reply_size(reply) == 2
                               ? features_int_reply_text(features_int_reply_item(reply, 0), &len)
                               : NULL;
        if (!next) {
            return base_fail(error, BASE_E_PEER_UNREACHABLE,
                             "Redis gives no answer to SCAN that can be read");
        }
        g_free(cursor);
        cursor = g_strndup(next, len);
        pipe_erase_keys(store, &pipe, features_int_reply_item(reply, 1), project, &fields);
        if (!run_erase(store, &pipe, ret_rows, error)) {
            return false;
        }
    } while (strcmp(cursor, "0") != 0);
    return true;
}

/* ---- the rest
 * ---------------------------------------------------------------------------------------------------- */

static bool redis_size(FeaturesOnline *online, const FeaturesView *view, FeaturesOnlineSize *ret,
                       GError **error)
{
    (void)online, (void)view, (void)error;
    *ret = (FeaturesOnlineSize){.rows = -1, .bytes = -1};
    return true;
}

static bool redis_backup(FeaturesOnline *online, const char *dir, GError **error)
{
    (void)online, (void)dir, (void)error;
    return true;
}

static void redis_close(FeaturesOnline *online)
{
    Store *store = (Store *)online;
    features_int_redis_free(store->redis);
    g_free(store);
}

static const FeaturesOnlineClass redis_class = {
    .name = "redis",
    .put = redis_put,
    .get = redis_get,
    .erase = redis_erase,
    .erase_all = redis_erase_all,
    .size = redis_size,
    .backup = redis_backup,
    .close = redis_close,
};

FeaturesOnline *features_int_redis_open(const FeaturesOnlineOptions *options, GError **error)
{
    static const char *const names[] = {[FEATURES_LAYOUT_FEAST] = "feast",
                                        [FEATURES_LAYOUT_FEAST2] = "feast-v2",
                                        [FEATURES_LAYOUT_FEAST09] = "feast-0.9"};
    const char *name = options->layout ? options->layout : names[FEATURES_LAYOUT_FEAST];
    size_t layout = 0;
    while (layout < G_N_ELEMENTS(names) && strcmp(names[layout], name) != 0) {
        layout++;
    }
    if (layout == G_N_ELEMENTS(names)) {
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s` is no layout of Redis", name);
        base_error_hint(error, "features.redis_layout is feast, feast-v2 or feast-0.9");
        return NULL;
    }
    FeaturesRedis *redis = features_int_redis_new(options->url, options->timeout_ms, error);
    if (!redis) {
        return NULL;
    }
    Store *store = g_new0(Store, 1);
    store->base.class = &redis_class;
    store->redis = redis;
    store->layout = (FeaturesLayout)layout;
    features_int_script_init(&store->put, PUT);
    features_int_script_init(&store->erase, ERASE);
    features_int_script_init(&store->erase_key, ERASE_KEY);
    return &store->base;
}
