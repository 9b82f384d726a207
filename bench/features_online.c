/* Reading the online store against Redis, in one run on one machine.
 *
 *   features_online ENTITIES SECONDS [PORT]
 *
 * One view of 10 double features, ENTITIES rows, keys user_00000000.. drawn at random. Prints one line of
 * JSON: reads a second and latencies of Weir's LMDB store through features_online_get (values decoded), one
 * thread and two; of 100 entities x 250 features; loads; and, where a Redis listens on 127.0.0.1:PORT, of GET
 * (one packed value of the same bytes) and HMGET (10 fields), one connection, no pipelining, and of Weir's
 * own Redis store. */
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "features/online.h"

enum { FEATURES = 10, WIDE = 250, BATCH = 100, WIDE_ENTITIES = 10000, KEY_BYTES = 13 };

static void must(bool ok, GError *error)
{
    if (!ok) {
        fprintf(stderr, "%s\n", error ? error->message : "failed");
        exit(1);
    }
}

static gint64 now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- a view ---------------------------------------------------------------------------------------------
 */

static FeaturesView *view_of(const char *name, size_t n)
{
    FeaturesView *view = g_new0(FeaturesView, 1);
    view->project = g_strdup("bench");
    view->name = g_strdup(name);
    view->stored = g_strdup(name);
    view->n_keys = 1;
    view->keys = g_new0(FeaturesKey, 1);
    view->keys[0] = (FeaturesKey){g_strdup("user"), g_strdup("user"), g_strdup("user"), FEATURES_STRING};
    view->n_features = n;
    view->features = g_new0(FeaturesFeature, n);
    for (size_t i = 0; i < n; i++) {
        view->features[i].name = g_strdup_printf("feature_%zu", i);
        view->features[i].type = FEATURES_DOUBLE;
    }
    return view;
}

static void write_key(char key[KEY_BYTES + 1], gint64 user)
{
    g_snprintf(key, KEY_BYTES + 1, "user_%08d", (int)user);
}

static FeaturesValue key_value(const char *key)
{
    return (FeaturesValue){.type = FEATURES_STRING, .text = {key, KEY_BYTES}};
}

/* Rows a second; `each` rows a call, in the order of their keys or in one that jumps about. */
static double load(FeaturesOnline *online, const FeaturesView *view, gint64 n, gint64 each, gint64 time,
                   bool shuffled)
{
    g_autofree FeaturesRow *rows = g_new(FeaturesRow, each);
    g_autofree FeaturesValue *keys = g_new(FeaturesValue, each),
                             *values = g_new(FeaturesValue, view->n_features);
    g_autofree char *texts = g_malloc((gsize)each * (KEY_BYTES + 1));
    for (size_t i = 0; i < view->n_features; i++) {
        values[i] = (FeaturesValue){.type = FEATURES_DOUBLE, .real = (double)i / 7};
    }
    gint64 start = now_ns();
    for (gint64 at = 0; at < n; at += each) {
        gint64 some = MIN(each, n - at);
        for (gint64 i = 0; i < some; i++) {
            char *text = texts + i * (KEY_BYTES + 1);
            write_key(text, shuffled ? (at + i) * 1000003 % n : at + i);
            keys[i] = key_value(text);
            rows[i] = (FeaturesRow){&keys[i], time, FEATURES_NO_TIME, values};
        }
        FeaturesPut put;
        GError *error = NULL;
        must(features_online_put(online, view, rows, (size_t)some, &put, &error), error);
    }
    return (double)n * 1e9 / (double)(now_ns() - start);
}

/* ---- reading --------------------------------------------------------------------------------------------
 */

typedef struct {
    double per_second, p50_us, p99_us;
} Speed;

typedef struct {
    GArray *took; /* guint32 ns */
    gint64 start_ns, end_ns;
} Clock;

static void clock_start(Clock *clock, double seconds)
{
    clock->took = g_array_sized_new(FALSE, FALSE, sizeof(guint32), 1 << 22);
    clock->start_ns = now_ns();
    clock->end_ns = clock->start_ns + (gint64)(seconds * 1e9);
}

static gint by_size(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return (left > right) - (left < right);
}

static Speed clock_stop(Clock *clock)
{
    GArray *took = clock->took;
    Speed speed = {.per_second = took->len * 1e9 / (double)(now_ns() - clock->start_ns)};
    g_array_sort(took, by_size);
    speed.p50_us = g_array_index(took, guint32, took->len / 2) / 1e3;
    speed.p99_us = g_array_index(took, guint32, (guint)((guint64)took->len * 99 / 100)) / 1e3;
    g_array_unref(took);
    return speed;
}

typedef struct {
    FeaturesOnline *online;
    const FeaturesView *view;
    gint64 entities;
    size_t each; /* entities a call */
    double seconds;
    guint32 seed;
    Speed speed;
} Reading;

static gpointer read_weir(gpointer user)
{
    Reading *reading = user;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(reading->seed);
    g_autofree size_t *all = g_new(size_t, reading->view->n_features);
    g_autofree FeaturesValue *keys = g_new(FeaturesValue, reading->each);
    g_autofree FeaturesRead *read = g_new(FeaturesRead, reading->each);
    g_autofree char *texts = g_malloc(reading->each * (KEY_BYTES + 1));
    for (size_t i = 0; i < reading->view->n_features; i++) {
        all[i] = i;
    }
    Clock clock;
    clock_start(&clock, reading->seconds);
    for (gint64 before = now_ns(), after; before < clock.end_ns; before = after) {
        for (size_t i = 0; i < reading->each; i++) {
            char *text = texts + i * (KEY_BYTES + 1);
            write_key(text, g_rand_int_range(random, 0, (gint32)reading->entities));
            keys[i] = key_value(text);
        }
        before = now_ns();
        GError *error = NULL;
        features_arena_reset(arena);
        must(features_online_get(reading->online, reading->view, keys, reading->each, all,
                                 reading->view->n_features, arena, read, &error),
             error);
        must(read[0].found, NULL);
        after = now_ns();
        const guint32 took = (guint32)(after - before);
        g_array_append_val(clock.took, took);
    }
    reading->speed = clock_stop(&clock);
    return NULL;
}

static Speed weir_speed(FeaturesOnline *online, const FeaturesView *view, gint64 entities, size_t each,
                        double seconds)
{
    Reading reading = {
        .online = online, .view = view, .entities = entities, .each = each, .seconds = seconds, .seed = 1};
    read_weir(&reading);
    return reading.speed;
}

static double two_threads(FeaturesOnline *online, const FeaturesView *view, gint64 entities, double seconds)
{
    Reading readings[2];
    GThread *threads[2];
    for (guint32 i = 0; i < 2; i++) {
        readings[i] = (Reading){.online = online,
                                .view = view,
                                .entities = entities,
                                .each = 1,
                                .seconds = seconds,
                                .seed = i + 1};
        threads[i] = g_thread_new("reader", read_weir, &readings[i]);
    }
    for (int i = 0; i < 2; i++) {
        g_thread_join(threads[i]);
    }
    return readings[0].speed.per_second + readings[1].speed.per_second;
}

/* ---- redis ------------------------------------------------------------------------------------------------
 */

static void redis_load(redisContext *redis, gint64 entities)
{
    g_autofree char *packed = g_strnfill(24 + FEATURES * 9 + 2, 'x');
    for (gint64 at = 0; at < entities; at += 500) {
        gint64 n = MIN(500, entities - at);
        for (gint64 i = 0; i < n; i++) {
            char key[KEY_BYTES + 1];
            write_key(key, at + i);
            redisAppendCommand(redis, "SET s:%s %s", key, packed);
            redisAppendCommand(redis,
                               "HSET h:%s 0 12345678 1 12345678 2 12345678 3 12345678 4 12345678 5 12345678 "
                               "6 12345678 7 12345678 8 12345678 9 12345678",
                               key);
        }
        for (gint64 i = 0; i < 2 * n; i++) {
            void *reply = NULL;
            must(redisGetReply(redis, &reply) == REDIS_OK, NULL);
            freeReplyObject(reply);
        }
    }
}

static Speed redis_speed(redisContext *redis, const char *command, gint64 entities, double seconds)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    Clock clock;
    clock_start(&clock, seconds);
    for (gint64 before = now_ns(), after; before < clock.end_ns; before = after) {
        char key[KEY_BYTES + 1];
        write_key(key, g_rand_int_range(random, 0, (gint32)entities));
        before = now_ns();
        redisReply *reply = redisCommand(redis, command, key);
        must(reply && reply->type != REDIS_REPLY_ERROR && reply->type != REDIS_REPLY_NIL, NULL);
        freeReplyObject(reply);
        after = now_ns();
        const guint32 took = (guint32)(after - before);
        g_array_append_val(clock.took, took);
    }
    return clock_stop(&clock);
}

/* ---- main
 * -------------------------------------------------------------------------------------------------- */

static void print_speed(const char *name, Speed speed)
{
    printf(", \"%s\": {\"per_second\": %.0f, \"p50_us\": %.2f, \"p99_us\": %.2f}", name, speed.per_second,
           speed.p50_us, speed.p99_us);
}

static FeaturesOnline *open_store(const char *store, const char *dir, const char *url)
{
    GError *error = NULL;
    const FeaturesOnlineOptions options = {.store = store, .dir = dir, .url = url};
    FeaturesOnline *online = features_online_open(&options, &error);
    must(online != NULL, error);
    return online;
}

static void bench_lmdb(gint64 entities, double seconds)
{
    GError *error = NULL;
    char *dir = g_dir_make_tmp("weir-bench-XXXXXX", NULL);
    FeaturesOnline *online = open_store("lmdb", dir, NULL);
    FeaturesView *view = view_of("ten", FEATURES), *wide = view_of("wide", WIDE);
    printf("{\"entities\": %" G_GINT64_FORMAT ", \"load_rows_per_second\": %.0f", entities,
           load(online, view, entities, 8192, 1, false));
    printf(", \"overwrite_ordered_rows_per_second\": %.0f", load(online, view, entities, 2048, 2, false));
    printf(", \"overwrite_shuffled_rows_per_second\": %.0f", load(online, view, entities, 2048, 3, true));
    printf(", \"single_puts_per_second\": %.0f", load(online, view, 200, 1, 4, false));
    load(online, wide, WIDE_ENTITIES, 1000, 1, false);
    print_speed("lmdb_1x10", weir_speed(online, view, entities, 1, seconds));
    printf(", \"lmdb_1x10_two_threads_per_second\": %.0f", two_threads(online, view, entities, seconds));
    print_speed("lmdb_100x10", weir_speed(online, view, entities, BATCH, seconds));
    print_speed("lmdb_100x250", weir_speed(online, wide, WIDE_ENTITIES, BATCH, seconds));
    features_online_close(online);
    must(base_fs_remove_tree(dir, &error), error);
}

static void bench_redis(gint64 entities, double seconds, int port)
{
    g_autofree char *url = g_strdup_printf("redis://127.0.0.1:%d", port);
    redisContext *redis = redisConnect("127.0.0.1", port);
    must(redis && !redis->err, NULL);
    redis_load(redis, entities);
    print_speed("redis_get", redis_speed(redis, "GET s:%s", entities, seconds));
    print_speed("redis_hmget_10", redis_speed(redis, "HMGET h:%s 0 1 2 3 4 5 6 7 8 9", entities, seconds));
    FeaturesOnline *online = open_store("redis", NULL, url);
    FeaturesView *view = view_of("ten", FEATURES);
    printf(", \"redis_store_load_rows_per_second\": %.0f",
           load(online, view, MIN(entities, 100000), 8192, 1, false));
    print_speed("redis_store_1x10", weir_speed(online, view, MIN(entities, 100000), 1, seconds));
    print_speed("redis_store_100x10", weir_speed(online, view, MIN(entities, 100000), BATCH, seconds));
    features_online_close(online);
    redisFree(redis);
}

int main(int argc, char **argv)
{
    gint64 entities, port = 0;
    double seconds;
    if (argc < 3 || !base_text_to_int(argv[1], 100, 99999999, &entities) ||
        !base_text_to_real(argv[2], &seconds) || (argc > 3 && !base_text_to_int(argv[3], 1, 65535, &port))) {
        fprintf(stderr, "features_online ENTITIES SECONDS [PORT of a Redis that may be filled]\n");
        return 2;
    }
    bench_lmdb(entities, seconds);
    if (port) {
        bench_redis(entities, seconds, (int)port);
    }
    printf("}\n");
    return 0;
}
