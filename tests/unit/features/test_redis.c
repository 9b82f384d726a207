/* Feast's Redis to the byte: vectors made with Feast's own serialiser, rows as Feast writes them, rows as
 * Feast reads them; and a server that is slow, gone, or new. */
#include <sys/socket.h>
#include <sys/un.h>

#include "base/json.h"
#include "base/time.h"
#include "online_fixture.h"
#include "redis_fixture.h"

#define S G_GINT64_CONSTANT(1000000)

static RedisServer server;

/* ---- hex
 * ---------------------------------------------------------------------------------------------------- */

static GByteArray *unhex(const char *hex)
{
    GByteArray *bytes = g_byte_array_sized_new(64); /* never NULL */
    for (; hex[0] && hex[1]; hex += 2) {
        guint8 byte = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

static char *hex_of(const void *bytes, size_t len)
{
    GString *hex = g_string_new(NULL);
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(hex, "%02x", ((const guint8 *)bytes)[i]);
    }
    return g_string_free(hex, FALSE);
}

static void assert_hex(const GByteArray *bytes, const char *hex)
{
    g_autofree char *text = hex_of(bytes->data, bytes->len);
    g_assert_cmpstr(text, ==, hex);
}

/* ---- vectors
 * ------------------------------------------------------------------------------------------------ */

/* NULL, and the test is skipped, when the data is not here. */
static json_t *vectors(void)
{
    const char *root = g_getenv("WEIR_ROOT");
    g_autofree char *path = g_build_filename(root ? root : ".", "..", "shared", "data", "feature_store",
                                             "redis_vectors.json", NULL);
    GError *error = NULL;
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_test_skip("the shared vectors are not here: ../shared/data/feature_store/redis_vectors.json");
        return NULL;
    }
    json_t *json = base_json_read_file(path, &error);
    g_assert_no_error(error);
    return json;
}

static const struct {
    const char *word, *names; /* the vector's case; keys in the order in which they are given */
    FeaturesValue keys[2];
} keys_of_vectors[] = {
    {"driver_id=1001", "driver_id:int64", {{.type = FEATURES_INT64, .i64 = 1001}}},
    {"driver_id=\"1001\" str", "driver_id:string", {{.type = FEATURES_STRING, .text = {"1001", 4}}}},
    {"customer_id=201,driver_id=1001 (given as driver,customer)",
     "driver_id:int64,customer_id:int64",
     {{.type = FEATURES_INT64, .i64 = 1001}, {.type = FEATURES_INT64, .i64 = 201}}},
    {"int64 -1", "driver_id:int64", {{.type = FEATURES_INT64, .i64 = -1}}},
    {"int32 7", "driver_id:int32", {{.type = FEATURES_INT32, .i64 = 7}}},
    {"ts", "e2:timestamp", {{.type = FEATURES_TIMESTAMP, .i64 = 1758823656 * S}}},
    {"utf8 用户ID=\"é\"", "用户ID:string", {{.type = FEATURES_STRING, .text = {"é", 2}}}},
    {"entityless __dummy_id=\"\"", "", {{0}}},
    {"bytes", "b:bytes", {{.type = FEATURES_BYTES, .text = {"\0\xff", 2}}}},
};

static void check_key(FeaturesLayout layout, const FeaturesView *view, const FeaturesValue *keys,
                      const char *hex)
{
    g_autoptr(GByteArray) written = g_byte_array_new(), given = unhex(hex);
    GError *error = NULL;
    g_assert_true(features_int_redis_key(layout, view, keys, written, &error));
    assert_hex(written, hex);
    FeaturesRedisKey key;
    g_assert_true(features_int_redis_key_read(layout, given->data, given->len, &key));
    g_assert_true(features_int_redis_key_is(&key, view->project, view));
    g_assert_false(features_int_redis_key_is(&key, "roject", NULL));
    g_assert_cmpuint(key.n, ==, MAX(view->n_keys, 1));
    for (size_t i = 0; i < key.n && view->n_keys; i++) {
        size_t own = 0; /* the view's key of that name */
        while (strncmp(view->keys[own].stored, key.parts[i].name, key.parts[i].len) != 0) {
            g_assert_cmpuint(++own, <, view->n_keys);
        }
        assert_value(&key.parts[i].value, keys[own]);
    }
    for (guint cut = 0; cut + strlen(view->project) < given->len; cut++) {
        g_assert_true(!features_int_redis_key_read(layout, given->data, cut, &key) ||
                      !features_int_redis_key_is(&key, view->project, NULL));
    }
}

static void keys_are_feasts(void)
{
    g_autoptr(json_t) all = vectors();
    size_t i;
    json_t *vector;
    if (!all) {
        return;
    }
    const char *project = base_json_string(all, "project", NULL);
    g_assert_cmpuint(json_array_size(json_object_get(all, "entity_keys")), ==, G_N_ELEMENTS(keys_of_vectors));
    json_array_foreach (json_object_get(all, "entity_keys"), i, vector) {
        g_assert_cmpstr(base_json_string(vector, "case", ""), ==, keys_of_vectors[i].word);
        g_autoptr(TestView) view = view_new(project, "v", keys_of_vectors[i].names, "x:int64");
        check_key(FEATURES_LAYOUT_FEAST, view, keys_of_vectors[i].keys,
                  base_json_string(vector, "v3_redis_key_hex", ""));
        check_key(FEATURES_LAYOUT_FEAST2, view, keys_of_vectors[i].keys,
                  base_json_string(vector, "v2_redis_key_hex", ""));
    }
}

/* Version 2 has no lengths of names: short names, and texts whose length or bytes look like a name. */
static void keys_of_version_2_are_read_as_they_were_meant(void)
{
    g_autofree char *text = g_strnfill(1200, 'a');
    const size_t lengths[] = {0, 1, 2, 32, 97, 255, 256, 609, 0x261, 0x361, 1200};
    static const char *const views[] = {"a:string", "a:string,b:string", "a:string,b:int64",
                                        "ab:int32,abc:string", "a:string,b:string,c:string"};
    for (size_t i = 0; i < G_N_ELEMENTS(lengths) * G_N_ELEMENTS(views) * 2; i++) {
        g_autoptr(TestView) view = view_new("prod", "v", views[i / 2 % G_N_ELEMENTS(views)], "x:int64");
        FeaturesValue keys[3];
        for (size_t k = 0; k < view->n_keys; k++) {
            keys[k] = (FeaturesValue){.type = view->keys[k].type, .i64 = 2};
            if (keys[k].type == FEATURES_STRING) {
                keys[k].text.bytes = i % 2 ? text : "\2\0\0\0a\4\0\0\0\10\0\0\0prod";
                keys[k].text.len = i % 2 ? lengths[(i / 10 + k) % G_N_ELEMENTS(lengths)] : 17;
            }
        }
        GError *error = NULL;
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        FeaturesRedisKey key;
        g_assert_true(features_int_redis_key(FEATURES_LAYOUT_FEAST2, view, keys, bytes, &error));
        g_assert_true(features_int_redis_key_read(FEATURES_LAYOUT_FEAST2, bytes->data, bytes->len, &key));
        g_assert_true(features_int_redis_key_is(&key, "prod", view));
        for (size_t k = 0; k < view->n_keys; k++) {
            assert_value(&key.parts[k].value, keys[k]);
        }
    }
}

static void keys_are_those_of_0_9(void)
{
    static const struct {
        const char *names;
        FeaturesValue keys[2];
    } cases[] = {{"driver_id:int64", {{.type = FEATURES_INT64, .i64 = 1001}}},
                 {"driver_id:string,customer_id:int64",
                  {{.type = FEATURES_STRING, .text = {"d1", 2}}, {.type = FEATURES_INT64, .i64 = 201}}}};
    g_autoptr(json_t) all = vectors();
    size_t i;
    json_t *vector;
    if (!all) {
        return;
    }
    g_assert_cmpuint(json_array_size(json_object_get(all, "feast09")), ==, G_N_ELEMENTS(cases));
    json_array_foreach (json_object_get(all, "feast09"), i, vector) {
        g_autoptr(TestView) view =
            view_new(base_json_string(vector, "project", ""), "v", cases[i].names, "x:int64");
        check_key(FEATURES_LAYOUT_FEAST09, view, cases[i].keys,
                  base_json_string(vector, "redis_key_hex", ""));
    }
}

static void fields_are_feasts(void)
{
    g_autoptr(json_t) all = vectors();
    size_t i;
    json_t *vector;
    if (!all) {
        return;
    }
    json_array_foreach (json_object_get(all, "hash_fields"), i, vector) {
        const char *text = base_json_string(vector, "text", "");
        guint32 hash = features_int_murmur3(text, strlen(text), 0);
        g_assert_cmpuint(hash, ==, (guint32)base_json_int(vector, "murmur3_32_seed0", -1));
        g_auto(GStrv) sides = g_strsplit(text, ":", 2);
        if (sides[0] && sides[1]) {
            guint8 field[4];
            features_int_redis_field(sides[0], sides[1], field);
            g_autofree char *hex = hex_of(field, 4);
            g_assert_cmpstr(hex, ==, base_json_string(vector, "field_hex", ""));
        }
    }
    g_assert_cmpuint(i, >, 0);
}

#define LIST(of, ...)                                                                                        \
    {                                                                                                        \
        .type = of, .list = {                                                                                \
            (const FeaturesValue[]){__VA_ARGS__},                                                            \
            sizeof((const FeaturesValue[]){__VA_ARGS__}) / sizeof(FeaturesValue)                             \
        }                                                                                                    \
    }

static void values_are_feasts(void)
{
    const struct {
        const char *word;
        FeaturesValue value;
    } cases[] = {
        {"int64 1", int64_value(1)},
        {"int64 0", int64_value(0)},
        {"int64 -1", int64_value(-1)},
        {"int32 -1", int32_value(-1)},
        {"float 0.5", float_value(0.5F)},
        {"float 0", float_value(0)},
        {"double 0.5", double_value(0.5)},
        {"bool false", bool_value(false)},
        {"bool true", bool_value(true)},
        {"string \"\"", text_value("")},
        {"string abc", text_value("abc")},
        {"bytes 00ff", bytes_value("\0\xff", 2)},
        {"unix_ts 1600000000", time_value(1600000000 * S)},
        {"unset", null_value(FEATURES_INT64)},
        {"null_val", null_value(FEATURES_INT64)},
        {"int64_list [1,2,3]", LIST(FEATURES_INT64_LIST, int64_value(1), int64_value(2), int64_value(3))},
        {"int64_list []", list_value(FEATURES_INT64_LIST, NULL, 0)},
        {"double_list[0.5]", LIST(FEATURES_DOUBLE_LIST, double_value(0.5))},
        {"string_list[a,]", LIST(FEATURES_STRING_LIST, text_value("a"), text_value(""))},
        {"bool_list", LIST(FEATURES_BOOL_LIST, bool_value(true), bool_value(false))},
        {"float_list", LIST(FEATURES_FLOAT_LIST, float_value(1), float_value(2))},
        {"map{a:1}", {.type = FEATURES_INVALID}},
        {"json", {.type = FEATURES_INVALID}},
    };
    g_autoptr(json_t) all = vectors();
    g_autoptr(FeaturesArena) arena = features_arena_new();
    size_t i;
    json_t *vector;
    if (!all) {
        return;
    }
    g_assert_cmpuint(json_array_size(json_object_get(all, "values")), ==, G_N_ELEMENTS(cases));
    json_array_foreach (json_object_get(all, "values"), i, vector) {
        const FeaturesValue *value = &cases[i].value;
        const char *hex = base_json_string(vector, "hex", "");
        g_autoptr(GByteArray) written = g_byte_array_new(), given = unhex(hex);
        FeaturesValue read;
        g_assert_cmpstr(base_json_string(vector, "case", ""), ==, cases[i].word);
        bool other = value->type == FEATURES_INVALID;
        FeaturesType type = other ? FEATURES_INT64 : value->type;
        g_assert_cmpint(features_int_proto_read(given->data, given->len, type, arena, &read), ==,
                        other ? FEATURES_PROTO_OTHER : FEATURES_PROTO_VALUE);
        if (other) {
            continue;
        }
        assert_value(&read, *value);
        if (strcmp(cases[i].word, "null_val") != 0) { /* another spelling of what Feast writes as nothing */
            features_int_proto_value(value, written);
            assert_hex(written, hex);
        }
        bool wrong = given->len && !value->null;
        FeaturesType next = type == FEATURES_STRING ? FEATURES_INT64 : FEATURES_STRING;
        g_assert_cmpint(features_int_proto_read(given->data, given->len, next, arena, &read), ==,
                        wrong ? FEATURES_PROTO_OTHER : FEATURES_PROTO_VALUE);
    }
}

static void times_are_feasts(void)
{
    g_autoptr(json_t) all = vectors();
    size_t i;
    json_t *vector;
    if (!all) {
        return;
    }
    json_array_foreach (json_object_get(all, "timestamps"), i, vector) {
        const char *hex = base_json_string(vector, "hex", "");
        gint64 nanos = base_json_int(vector, "nanos", -1), read_us;
        gint64 us = base_json_int(vector, "seconds", 0) * S + nanos / 1000;
        g_autoptr(GByteArray) written = g_byte_array_new(), given = unhex(hex);
        g_assert_true(features_int_proto_read_time(given->data, given->len, &read_us));
        g_assert_cmpint(read_us, ==, us);
        features_int_proto_time(us, true, written);
        if (nanos % 1000 == 0) { /* Weir has no nanoseconds to write */
            assert_hex(written, hex);
        }
    }
    g_assert_cmpuint(i, >, 0);
}

/* ---- what stands in the server
 * ------------------------------------------------------------------------------ */

static FeaturesOnline *open_store(const char *layout)
{
    GError *error = NULL;
    const FeaturesOnlineOptions options = {.store = "redis", .url = server.url, .layout = layout};
    redis_flush(&server);
    FeaturesOnline *online = features_online_open(&options, &error);
    g_assert_no_error(error);
    return online;
}

/* HGETALL as {field in hex: value in hex}. */
static GHashTable *hash_at(const FeaturesView *view, const FeaturesValue *key, FeaturesLayout layout)
{
    GError *error = NULL;
    g_auto(FeaturesPipe) pipe = {0};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    FeaturesRedis *redis = features_int_redis_new(server.url, 0, NULL);
    GHashTable *hash = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_assert_true(features_int_redis_key(layout, view, key, bytes, &error));
    features_int_pipe_init(&pipe);
    features_int_pipe_command(&pipe, "HGETALL");
    features_int_pipe_arg(&pipe, bytes->data, bytes->len);
    g_autoptr(GPtrArray) replies = features_int_redis_run(redis, &pipe, &error);
    g_assert_no_error(error);
    const FeaturesReply *reply = replies->pdata[0];
    for (size_t i = 0; i + 1 < features_int_reply_size(reply); i += 2) {
        size_t field_len, len;
        const char *field = features_int_reply_text(features_int_reply_item(reply, i), &field_len);
        const char *value = features_int_reply_text(features_int_reply_item(reply, i + 1), &len);
        g_hash_table_insert(hash, hex_of(field, field_len), hex_of(value, len));
    }
    features_int_redis_free(redis);
    return hash;
}

static const char *at(GHashTable *hash, const char *field)
{
    g_autofree char *hex = hex_of(field, strlen(field));
    return g_hash_table_lookup(hash, hex);
}

static void rows_lie_as_feast_writes_them(void)
{
    FeaturesOnline *online = open_store("feast");
    g_autoptr(TestView) view = view_new("my_project", "driver_hourly_stats", "driver_id:int64",
                                        "conv_rate:float,avg_daily_trips:int64");
    FeaturesValue key = int64_value(1001), values[] = {float_value(0.5F), null_value(FEATURES_INT64)};
    const FeaturesRow row = {&key, 1600000000 * S + 123456, FEATURES_NO_TIME, values};
    must_put(online, view, &row, 1);
    g_autoptr(GHashTable) hash = hash_at(view, &key, FEATURES_LAYOUT_FEAST);
    g_assert_cmpuint(g_hash_table_size(hash), ==, 3);
    g_assert_cmpstr(g_hash_table_lookup(hash, "6160e3da"), ==, "350000003f");
    g_assert_cmpstr(g_hash_table_lookup(hash, "18a5e5a3"), ==, "");
    g_assert_cmpstr(at(hash, "_ts:driver_hourly_stats"), ==, "0880a0f8fa05108094ef3a");
    features_online_close(online);
}

static void rows_of_0_9_have_no_nulls_and_whole_seconds(void)
{
    FeaturesOnline *online = open_store("feast-0.9");
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(TestView) view = view_new("my_project", "driver_hourly_stats", "driver_id:int64",
                                        "conv_rate:float,avg_daily_trips:int64");
    view->ttl_us = 3600 * S;
    FeaturesValue key = int64_value(1001), values[] = {float_value(0.5F), int64_value(7)};
    FeaturesRow row = {&key, 1600000000 * S - 1, FEATURES_NO_TIME, values};
    must_put(online, view, &row, 1);
    values[1] = null_value(FEATURES_INT64);
    row.event_us = 1600000000 * S;
    must_put(online, view, &row, 1);
    g_autoptr(GHashTable) hash = hash_at(view, &key, FEATURES_LAYOUT_FEAST09);
    g_assert_cmpstr(g_hash_table_lookup(hash, "6160e3da"), ==, "350000003f");
    g_assert_null(
        g_hash_table_lookup(hash, "18a5e5a3")); /* the older 7 does not live on under the newer time */
    g_assert_cmpstr(at(hash, "_ts:driver_hourly_stats"), ==, "0880a0f8fa05");
    g_assert_cmpstr(at(hash, "_ex:driver_hourly_stats"), ==, "0890bcf8fa05");
    g_assert_null(at(hash, "_weir:driver_hourly_stats"));
    row.event_us++; /* a time that 0.9 has no place for */
    g_assert_cmpint(must_put(online, view, &row, 1).written, ==, 1);
    g_assert_cmpint(get_1(online, view, key, arena).event_us, ==, row.event_us);
    g_assert_cmpint(must_put(online, view, &row, 1).skipped, ==, 1);
    features_online_close(online);
}

/* HSET of text and bytes given as hex. */
static void feast_writes(const FeaturesView *view, const FeaturesValue *key, const char *const *pairs)
{
    GError *error = NULL;
    g_auto(FeaturesPipe) pipe = {0};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    FeaturesRedis *redis = features_int_redis_new(server.url, 0, NULL);
    g_assert_true(features_int_redis_key(FEATURES_LAYOUT_FEAST, view, key, bytes, &error));
    features_int_pipe_init(&pipe);
    features_int_pipe_command(&pipe, "HSET");
    features_int_pipe_arg(&pipe, bytes->data, bytes->len);
    for (size_t i = 0; pairs[i]; i++) {
        bool text = i % 2 == 0 && pairs[i][0] == '_';
        g_autoptr(GByteArray) value = unhex(text ? "" : pairs[i]);
        if (text) {
            features_int_pipe_text(&pipe, pairs[i]);
        } else {
            features_int_pipe_arg(&pipe, value->data, value->len);
        }
    }
    g_autoptr(GPtrArray) replies = features_int_redis_run(redis, &pipe, &error);
    g_assert_no_error(error);
    features_int_redis_free(redis);
}

static void rows_that_feast_wrote_are_read(void)
{
    FeaturesOnline *online = open_store("feast");
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(TestView) view = view_new("my_project", "driver_hourly_stats", "driver_id:int64",
                                        "conv_rate:float,acc_rate:float,avg_daily_trips:int64");
    FeaturesValue key = int64_value(1001), old = int64_value(1002),
                  values[] = {float_value(1), float_value(2), int64_value(3)};
    feast_writes(view, &key,
                 (const char *const[]){"6160e3da", "350000003f", "fa5e58ad", "980100", "18a5e5a3", "2001",
                                       "_ts:driver_hourly_stats", "0880a0f8fa0510959aef3a", NULL});
    FeaturesRead read = get_1(online, view, key, arena);
    g_assert_true(read.found);
    g_assert_cmpint(read.event_us, ==, 1600000000 * S + 123456);
    g_assert_cmpint(read.created_us, ==, FEATURES_NO_TIME);
    assert_value(&read.values[0], float_value(0.5F));
    g_assert_true(read.values[1].null);
    assert_value(&read.values[2], int64_value(1));
    /* 789 ns of Feast's time are newer than Weir's same microsecond, older than its next */
    FeaturesRow row = {&key, 1600000000 * S + 123456, 5, values};
    g_assert_cmpint(must_put(online, view, &row, 1).skipped, ==, 1);
    row.event_us++;
    g_assert_cmpint(must_put(online, view, &row, 1).written, ==, 1);
    g_assert_cmpint(get_1(online, view, key, arena).created_us, ==, 5);
    /* Feast writes over it and knows no created: Weir's belongs to a row that is gone */
    feast_writes(
        view, &key,
        (const char *const[]){"6160e3da", "350000003f", "_ts:driver_hourly_stats", "0890bcf8fa05", NULL});
    read = get_1(online, view, key, arena);
    g_assert_cmpint(read.event_us, ==, 1600003600 * S);
    g_assert_cmpint(read.created_us, ==, FEATURES_NO_TIME);
    row.event_us = 1600003600 * S;
    g_assert_cmpint(must_put(online, view, &row, 1).written, ==, 1);
    /* a value of a kind that Weir has not; bytes that are no message */
    feast_writes(
        view, &old,
        (const char *const[]){"6160e3da", "a201090a070a016112022001", "_ts:driver_hourly_stats", "", NULL});
    read = get_1(online, view, old, arena);
    g_assert_true(read.found && read.other_type);
    g_assert_cmpint(read.event_us, ==, 0);
    feast_writes(view, &old, (const char *const[]){"6160e3da", "35000000", NULL});
    static const size_t first[] = {0};
    g_autoptr(GError) error = NULL;
    g_assert_false(features_online_get(online, view, &old, 1, first, 1, arena, &read, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DATA_DAMAGED);
    features_online_close(online);
}

static void what_is_no_key_of_a_project_is_left_alone(void)
{
    static const char *const others[][2] = {
        {"prod", "x"}, {"nonprod", "x"}, {"anything:prod", "x"}, {"*", "prod"}};
    GError *error = NULL;
    FeaturesOnline *online = open_store("feast");
    g_autoptr(TestView) view = view_new("prod", "stats", "id:string", "x:int64");
    g_autoptr(TestView) glued = view_new("nonprod", "stats", "id:string", "x:int64");
    FeaturesRedis *redis = features_int_redis_new(server.url, 0, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_ptr_array_unref(redis_do(redis, (const char *const[]){"SET", others[i][0], others[i][1], NULL}));
    }
    put_1(online, view, text_value("a"), S, FEATURES_NO_TIME, int64_value(1));
    put_1(online, glued, text_value("prod"), S, FEATURES_NO_TIME, int64_value(1));
    gint64 rows;
    g_assert_true(features_online_erase_all(online, "prod", NULL, &rows, &error));
    g_assert_cmpint(rows, ==, 1);
    g_autoptr(GPtrArray) size = redis_do(redis, (const char *const[]){"DBSIZE", NULL});
    g_assert_cmpint(features_int_reply_int(size->pdata[0]), ==, G_N_ELEMENTS(others) + 1);
    features_int_redis_free(redis);
    features_online_close(online);
}

/* ---- a server that is slow, gone, new
 * -------------------------------------------------------------------------- */

static void scripts_that_were_flushed_are_loaded_again(void)
{
    FeaturesOnline *online = open_store("feast");
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    FeaturesRedis *redis = features_int_redis_new(server.url, 0, NULL);
    FeaturesValue keys[1500];
    FeaturesRow rows[1500];
    for (gint64 time = 1; time < 4; time++) {
        for (gint64 i = 0; i < 1500; i++) {
            keys[i] = int64_value(i);
            rows[i] = (FeaturesRow){&keys[i], time, FEATURES_NO_TIME, &keys[i]};
        }
        g_ptr_array_unref(redis_do(redis, (const char *const[]){"SCRIPT", "FLUSH", NULL}));
        FeaturesPut put = must_put(online, view, rows, 1500);
        g_assert_cmpint(put.written, ==, 1500);
    }
    features_int_redis_free(redis);
    features_online_close(online);
}

static void assert_unreachable(FeaturesOnline *online, const FeaturesView *view)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    static const size_t first[] = {0};
    FeaturesValue key = int64_value(1);
    FeaturesRead read;
    FeaturesPut put;
    const FeaturesRow row = {&key, S, FEATURES_NO_TIME, &key};
    g_assert_false(features_online_get(online, view, &key, 1, first, 1, arena, &read, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_PEER_UNREACHABLE);
    g_clear_error(&error);
    g_assert_false(features_online_put(online, view, &row, 1, &put, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_PEER_UNREACHABLE);
}

static void a_server_that_comes_back_is_used_again(void)
{
    FeaturesOnline *online = open_store("feast");
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    put_1(online, view, int64_value(1), S, FEATURES_NO_TIME, int64_value(1));
    redis_server_stop(&server);
    assert_unreachable(online, view);
    redis_server_start(&server, NULL);
    g_assert_false(get_1(online, view, int64_value(1), arena).found);
    put_1(online, view, int64_value(1), S, FEATURES_NO_TIME, int64_value(1));
    /* the connection that lies idle is one to a server that is no more */
    redis_server_stop(&server);
    redis_server_start(&server, NULL);
    g_assert_cmpint(put_1(online, view, int64_value(1), S, FEATURES_NO_TIME, int64_value(1)).written, ==, 1);
    redis_server_stop(&server);
    redis_server_start(&server, NULL);
    g_assert_false(get_1(online, view, int64_value(1), arena).found);
    features_online_close(online);
}

/* A socket that is listened on and never answered. */
static void a_silent_server_is_given_up(void)
{
    GError *error = NULL;
    g_autofree char *path = g_build_filename(server.dir, "silent", NULL),
                    *url = g_strconcat("unix://", path, NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 8), ==, 0);
    const FeaturesOnlineOptions options = {.store = "redis", .url = url, .timeout_ms = 150};
    FeaturesOnline *online = features_online_open(&options, &error);
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    gint64 start_us = base_time_monotonic_us();
    assert_unreachable(online, view);
    gint64 took_us = base_time_monotonic_us() - start_us;
    g_assert_cmpint(took_us, >=, 300000);
    g_assert_cmpint(took_us, <, 10 * S);
    features_online_close(online);
    close(fd);
}

static void a_password_is_given_and_never_shown(void)
{
    GError *error = NULL;
    g_autofree char *good = g_strconcat("unix://:s%40cret@", server.socket, NULL),
                    *bad = g_strconcat("unix://:wrong1@", server.socket, NULL);
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    FeaturesOnlineOptions options = {.store = "redis", .url = good};
    redis_server_stop(&server);
    redis_server_start(&server, "s@cret");
    FeaturesOnline *online = features_online_open(&options, &error);
    g_assert_no_error(error);
    put_1(online, view, int64_value(1), S, FEATURES_NO_TIME, int64_value(1));
    features_online_close(online);
    options.url = bad;
    online = features_online_open(&options, &error);
    FeaturesPut put;
    FeaturesValue key = int64_value(1);
    const FeaturesRow row = {&key, S, FEATURES_NO_TIME, &key};
    g_assert_false(features_online_put(online, view, &row, 1, &put, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_PEER_UNREACHABLE);
    g_assert_null(strstr(error->message, "wrong1"));
    g_assert_nonnull(strstr(base_error_get_hint(error), "password"));
    g_clear_error(&error);
    features_online_close(online);
    redis_server_stop(&server);
    redis_server_start(&server, NULL);
}

static void addresses_are_checked(void)
{
    static const char *const bad[] = {"rediss://host:6380/0", "http://host", "redis://",
                                      "redis://host/x",       "host:6379",   "",
                                      "redis://host:99999/0"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        const FeaturesOnlineOptions options = {.store = "redis", .url = bad[i]};
        g_assert_null(features_online_open(&options, &error));
        g_assert_error(error, BASE_ERROR, BASE_E_CONFIG_INVALID);
        g_assert_nonnull(base_error_get_hint(error));
    }
    g_autoptr(GError) error = NULL;
    const FeaturesOnlineOptions options = {.store = "redis", .url = "redis://host", .layout = "feast-2"};
    g_assert_null(features_online_open(&options, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_CONFIG_INVALID);
}

static void keys_with_a_fraction_have_no_place(void)
{
    FeaturesOnline *online = open_store("feast");
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(TestView) view = view_new("p", "stats", "at:timestamp", "x:int64");
    g_autoptr(TestView) real = view_new("p", "stats", "at:double", "x:int64");
    FeaturesValue key = time_value(S + 1), other = double_value(1), value = int64_value(1);
    FeaturesRow row = {&key, S, FEATURES_NO_TIME, &value};
    GError *error = NULL;
    FeaturesPut put;
    g_assert_false(features_online_put(online, view, &row, 1, &put, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_VALUE_INVALID);
    g_clear_error(&error);
    g_assert_false(get_1(online, view, key, arena).found);
    row.keys = &other;
    g_assert_false(features_online_put(online, real, &row, 1, &put, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_VALUE_INVALID);
    g_clear_error(&error);
    features_online_close(online);
}

static void no_redis(void)
{
    g_test_skip("redis-server is not installed (Debian: redis-server)");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(void);
    } live[] = {
        {"/features/redis/rows as feast writes", rows_lie_as_feast_writes_them},
        {"/features/redis/rows of 0.9", rows_of_0_9_have_no_nulls_and_whole_seconds},
        {"/features/redis/rows that feast wrote", rows_that_feast_wrote_are_read},
        {"/features/redis/other keys are left", what_is_no_key_of_a_project_is_left_alone},
        {"/features/redis/keys with a fraction", keys_with_a_fraction_have_no_place},
        {"/features/redis/scripts are loaded again", scripts_that_were_flushed_are_loaded_again},
        {"/features/redis/a server comes back", a_server_that_comes_back_is_used_again},
        {"/features/redis/a silent server", a_silent_server_is_given_up},
        {"/features/redis/passwords", a_password_is_given_and_never_shown},
    };
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/redis/vectors/keys", keys_are_feasts);
    g_test_add_func("/features/redis/keys of version 2", keys_of_version_2_are_read_as_they_were_meant);
    g_test_add_func("/features/redis/vectors/keys of 0.9", keys_are_those_of_0_9);
    g_test_add_func("/features/redis/vectors/fields", fields_are_feasts);
    g_test_add_func("/features/redis/vectors/values", values_are_feasts);
    g_test_add_func("/features/redis/vectors/times", times_are_feasts);
    g_test_add_func("/features/redis/addresses", addresses_are_checked);
    bool redis = redis_server_new(&server);
    for (size_t i = 0; i < G_N_ELEMENTS(live); i++) {
        g_test_add_func(live[i].path, redis ? live[i].test : no_redis);
    }
    int code = g_test_run();
    if (redis) {
        redis_server_free(&server);
    }
    return code;
}
