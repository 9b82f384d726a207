/* What every online store must do: one suite, run over each. */
#include <math.h>

#include "online_fixture.h"
#include "redis_fixture.h"

#define S G_GINT64_CONSTANT(1000000)

typedef struct {
    FeaturesOnlineOptions options;
    char *dir;
    FeaturesOnline *online;
    FeaturesArena *arena;
} Store;

static RedisServer server;

static void store_open(Store *store)
{
    GError *error = NULL;
    store->online = features_online_open(&store->options, &error);
    g_assert_no_error(error);
    g_assert_nonnull(store->online);
}

static void setup(Store *store, gconstpointer user)
{
    store->options = *(const FeaturesOnlineOptions *)user;
    store->dir = g_dir_make_tmp("weir-online-XXXXXX", NULL);
    if (!strcmp(store->options.store, "lmdb")) {
        store->options.dir = store->dir;
    } else {
        store->options.url = server.url;
        redis_flush(&server);
    }
    store->arena = features_arena_new();
    store_open(store);
}

static void teardown(Store *store, gconstpointer user)
{
    (void)user;
    GError *error = NULL;
    features_online_close(store->online);
    features_arena_free(store->arena);
    g_assert_true(base_fs_remove_tree(store->dir, &error));
    g_free(store->dir);
}

/* ---- the rule --------------------------------------------------------------------------------------------
 */

static void what_is_put_is_read(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    FeaturesPut put = put_1(s->online, view, int64_value(1), 10 * S, 11 * S, int64_value(42));
    g_assert_cmpint(put.written, ==, 1);
    g_assert_cmpint(put.skipped, ==, 0);
    FeaturesRead read = get_1(s->online, view, int64_value(1), s->arena);
    g_assert_true(read.found);
    g_assert_false(read.other_type);
    g_assert_cmpint(read.event_us, ==, 10 * S);
    g_assert_cmpint(read.created_us, ==, 11 * S);
    assert_value(&read.values[0], int64_value(42));
    g_assert_false(get_1(s->online, view, int64_value(2), s->arena).found);
    g_assert_false(get_1(s->online, view, null_value(FEATURES_INT64), s->arena).found);
}

static void newer_wins_and_the_rest_is_skipped(Store *s, gconstpointer user)
{
    (void)user;
    static const struct {
        gint64 event, created;
        bool wins;
    } cases[] = {
        {10 * S, FEATURES_NO_TIME, true},
        {9 * S, 99 * S, false},
        {10 * S, FEATURES_NO_TIME, false},
        {10 * S, 5 * S, true},
        {10 * S, 5 * S, false},
        {10 * S, 4 * S, false},
        {10 * S, 5 * S + 1, true},
        {10 * S, FEATURES_NO_TIME, false},
        {10 * S + 1, FEATURES_NO_TIME, true},
        {10 * S, 99 * S, false},
        {10 * S + 1, 0, true},
        {-5 * S, 0, false},
        {10 * S + 1, -1, false},
    };
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    gint64 there = -1;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        FeaturesPut put =
            put_1(s->online, view, int64_value(1), cases[i].event, cases[i].created, int64_value((gint64)i));
        g_assert_cmpint(put.written, ==, cases[i].wins);
        g_assert_cmpint(put.skipped, ==, !cases[i].wins);
        there = cases[i].wins ? (gint64)i : there;
        FeaturesRead read = get_1(s->online, view, int64_value(1), s->arena);
        assert_value(&read.values[0], int64_value(there));
        g_assert_cmpint(read.event_us, ==, cases[there].event);
        g_assert_cmpint(read.created_us, ==, cases[there].created);
    }
}

static void times_before_1970_are_times(Store *s, gconstpointer user)
{
    (void)user;
    static const gint64 times[] = {-86400 * S - 1, -86400 * S, -S - 1, -S, -1, 0, 1, 253402300799 * S};
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:timestamp");
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        g_assert_cmpint(
            put_1(s->online, view, int64_value(1), times[i], times[i], time_value(times[i])).written, ==, 1);
        FeaturesRead read = get_1(s->online, view, int64_value(1), s->arena);
        g_assert_cmpint(read.event_us, ==, times[i]);
        g_assert_cmpint(read.created_us, ==, times[i]);
        assert_value(&read.values[0], time_value(times[i]));
        if (i) {
            g_assert_cmpint(put_1(s->online, view, int64_value(1), times[i - 1], 0, time_value(7)).skipped,
                            ==, 1);
        }
    }
}

static void a_written_null_is_a_null(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    put_1(s->online, view, int64_value(1), S, FEATURES_NO_TIME, int64_value(5));
    put_1(s->online, view, int64_value(1), 2 * S, FEATURES_NO_TIME, null_value(FEATURES_INT64));
    FeaturesRead read = get_1(s->online, view, int64_value(1), s->arena);
    g_assert_true(read.found);
    g_assert_cmpint(read.event_us, ==, 2 * S);
    g_assert_true(read.values[0].null);
}

static void a_batch_may_come_in_any_order(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    enum { ENTITIES = 7, TIMES = 11, ROWS = ENTITIES * TIMES };
    FeaturesRow rows[ROWS];
    FeaturesValue keys[ROWS], values[ROWS];
    gint64 expected = 0, best[ENTITIES] = {0};
    for (gint64 i = 0; i < ROWS; i++) {
        gint64 mixed = i * 31 % ROWS, entity = mixed % ENTITIES, time = 1 + mixed / ENTITIES;
        keys[i] = int64_value(entity);
        values[i] = int64_value(entity * 1000 + time);
        rows[i] = (FeaturesRow){&keys[i], time * S, FEATURES_NO_TIME, &values[i]};
        expected += time > best[entity];
        best[entity] = MAX(best[entity], time);
    }
    FeaturesPut put = must_put(s->online, view, rows, ROWS);
    g_assert_cmpint(put.written, ==, expected);
    g_assert_cmpint(put.written + put.skipped, ==, ROWS);
    put = must_put(s->online, view, rows, ROWS);
    g_assert_cmpint(put.written, ==, 0);
    FeaturesRead read[ENTITIES];
    for (gint64 i = 0; i < ENTITIES; i++) {
        keys[i] = int64_value(i);
    }
    must_get(s->online, view, keys, ENTITIES, s->arena, read);
    for (gint64 i = 0; i < ENTITIES; i++) {
        assert_value(&read[i].values[0], int64_value(i * 1000 + TIMES));
    }
}

/* ---- names and keys --------------------------------------------------------------------------------------
 */

static void views_projects_and_versions_stay_apart(Store *s, gconstpointer user)
{
    (void)user;
    static const char *const names[][2] = {
        {"prod", "stats"}, {"prod", "stats_v2"}, {"nonprod", "stats"}, {"pro", "dstats"}};
    TestView *views[G_N_ELEMENTS(names)];
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        views[i] = view_new(names[i][0], names[i][1], "id:int64", "x:int64");
        put_1(s->online, views[i], int64_value(1), S, FEATURES_NO_TIME, int64_value((gint64)i));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        FeaturesRead read = get_1(s->online, views[i], int64_value(1), s->arena);
        assert_value(&read.values[0], int64_value((gint64)i));
        view_free(views[i]);
    }
}

static void composite_keys_are_not_glued(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) view = view_new("p", "trips", "from:string,to:string", "x:int64");
    static const char *const pairs[][2] = {{"a", "bc"}, {"ab", "c"}, {"", "abc"}, {"abc", ""}, {"bc", "a"}};
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        FeaturesValue keys[] = {text_value(pairs[i][0]), text_value(pairs[i][1])},
                      value = int64_value((gint64)i);
        const FeaturesRow row = {keys, S, FEATURES_NO_TIME, &value};
        must_put(s->online, view, &row, 1);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        FeaturesValue keys[] = {text_value(pairs[i][0]), text_value(pairs[i][1])};
        FeaturesRead read;
        must_get(s->online, view, keys, 1, s->arena, &read);
        assert_value(&read.values[0], int64_value((gint64)i));
    }
}

static void keys_of_each_type_are_found(Store *s, gconstpointer user)
{
    (void)user;
    g_autofree char *large = g_strnfill(3000, 'k'), *larger = g_strconcat(large, "!", NULL);
    const FeaturesValue keys[] = {
        int64_value(G_MININT64),   int32_value(-7),    text_value("用户é"),        text_value(""),
        text_value(large),         text_value(larger), bytes_value("\0\xff\0", 3), time_value(-5 * S),
        time_value(1700000000 * S)};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *key = g_strdup_printf("id:%s", features_type_name(keys[i].type));
        g_autofree char *name = g_strdup_printf("of_%s", features_type_name(keys[i].type));
        g_autoptr(TestView) view = view_new("p", name, key, "x:int64");
        put_1(s->online, view, keys[i], S, FEATURES_NO_TIME, int64_value((gint64)i));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *key = g_strdup_printf("id:%s", features_type_name(keys[i].type));
        g_autofree char *name = g_strdup_printf("of_%s", features_type_name(keys[i].type));
        g_autoptr(TestView) view = view_new("p", name, key, "x:int64");
        FeaturesRead read = get_1(s->online, view, keys[i], s->arena);
        g_assert_true(read.found);
        assert_value(&read.values[0], int64_value((gint64)i));
    }
}

static void a_view_without_entities_has_one_row(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) view = view_new("p", "totals", "", "x:int64");
    put_1(s->online, view, int64_value(0), S, FEATURES_NO_TIME, int64_value(9));
    FeaturesRead read = get_1(s->online, view, int64_value(0), s->arena);
    g_assert_true(read.found);
    assert_value(&read.values[0], int64_value(9));
}

/* ---- values ----------------------------------------------------------------------------------------------
 */

static void every_value_comes_back_as_it_was(Store *s, gconstpointer user)
{
    (void)user;
    g_autofree char *large = g_strnfill(1 << 20, 'x');
    const FeaturesValue ints[] = {int64_value(1), int64_value(G_MININT64), int64_value(0)};
    const FeaturesValue shorts[] = {int32_value(-1), int32_value(G_MAXINT32)};
    const FeaturesValue reals[] = {double_value(NAN), double_value(-0.0), double_value(1e308)};
    const FeaturesValue floats[] = {float_value(0.1F), float_value(-INFINITY)};
    const FeaturesValue bools[] = {bool_value(true), bool_value(false)};
    const FeaturesValue texts[] = {text_value(""), text_value("a"), text_value("漢字")};
    const FeaturesValue blobs[] = {bytes_value("\0", 1), bytes_value("", 0)};
    const FeaturesValue times[] = {time_value(-1), time_value(0), time_value(1600000000123456)};
    const FeaturesValue values[] = {
        int64_value(G_MAXINT64),
        int64_value(G_MININT64),
        int64_value(0),
        int32_value(G_MININT32),
        int32_value(-1),
        double_value(0.1),
        double_value(NAN),
        double_value(-INFINITY),
        double_value(-0.0),
        double_value(5e-324),
        float_value(0.1F),
        float_value(NAN),
        float_value(0),
        bool_value(true),
        bool_value(false),
        text_value(""),
        text_value("é 漢字 \xf0\x9f\x9a\x97"),
        text_value(large),
        bytes_value("a\0b", 3),
        bytes_value("", 0),
        time_value(0),
        time_value(1600000000123456),
        time_value(-1),
        list_value(FEATURES_INT64_LIST, ints, 3),
        list_value(FEATURES_INT64_LIST, NULL, 0),
        list_value(FEATURES_INT32_LIST, shorts, 2),
        list_value(FEATURES_DOUBLE_LIST, reals, 3),
        list_value(FEATURES_FLOAT_LIST, floats, 2),
        list_value(FEATURES_BOOL_LIST, bools, 2),
        list_value(FEATURES_STRING_LIST, texts, 3),
        list_value(FEATURES_STRING_LIST, NULL, 0),
        list_value(FEATURES_BYTES_LIST, blobs, 2),
        list_value(FEATURES_TIMESTAMP_LIST, times, 3),
        list_value(FEATURES_TIMESTAMP_LIST, NULL, 0),
    };
    g_autoptr(GString) features = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_string_append_printf(features, "%sf%zu:%s", i ? "," : "", i, features_type_name(values[i].type));
    }
    g_autoptr(TestView) view = view_new("p", "types", "id:int64", features->str);
    FeaturesValue key = int64_value(1);
    const FeaturesRow row = {&key, S, FEATURES_NO_TIME, values};
    must_put(s->online, view, &row, 1);
    FeaturesRead read = get_1(s->online, view, key, s->arena);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        assert_value(&read.values[i], values[i]);
    }
}

static void wide_rows_give_what_was_asked_in_its_order(Store *s, gconstpointer user)
{
    (void)user;
    enum { WIDE = 250 };
    g_autoptr(GString) features = g_string_new(NULL);
    FeaturesValue values[WIDE], key = int64_value(1);
    for (size_t i = 0; i < WIDE; i++) {
        g_string_append_printf(features, "%sf%zu:%s", i ? "," : "", i, i % 3 ? "double" : "string");
        values[i] = i % 3 ? double_value((double)i) : text_value("t");
    }
    values[7] = null_value(FEATURES_DOUBLE);
    g_autoptr(TestView) view = view_new("p", "wide", "id:int64", features->str);
    const FeaturesRow row = {&key, S, FEATURES_NO_TIME, values};
    must_put(s->online, view, &row, 1);
    static const size_t asked[] = {249, 0, 7, 7, 124};
    FeaturesRead read;
    GError *error = NULL;
    g_assert_true(
        features_online_get(s->online, view, &key, 1, asked, G_N_ELEMENTS(asked), s->arena, &read, &error));
    for (size_t i = 0; i < G_N_ELEMENTS(asked); i++) {
        assert_value(&read.values[i], values[asked[i]]);
    }
}

static void another_type_is_seen(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) before = view_new("p", "stats", "id:int64", "x:int64");
    g_autoptr(TestView) after = view_new("p", "stats", "id:int64", "x:string");
    put_1(s->online, before, int64_value(1), S, FEATURES_NO_TIME, int64_value(5));
    FeaturesRead read = get_1(s->online, after, int64_value(1), s->arena);
    g_assert_true(read.found);
    g_assert_true(read.other_type);
    put_1(s->online, after, int64_value(1), 2 * S, FEATURES_NO_TIME, text_value("five"));
    read = get_1(s->online, after, int64_value(1), s->arena);
    g_assert_false(read.other_type);
    assert_value(&read.values[0], text_value("five"));
    g_assert_true(get_1(s->online, before, int64_value(1), s->arena).other_type);
}

static void what_does_not_fit_is_refused(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) view = view_new("p", "stats", "id:string", "x:string");
    g_autofree char *large = g_strnfill((17 << 20), 'x');
    FeaturesValue keys[] = {text_value("a"), text_value(large), null_value(FEATURES_STRING), int64_value(1)};
    FeaturesValue values[] = {text_value(large), text_value("v"), int64_value(1)};
    const struct {
        FeaturesRow row;
        BaseErrorCode code;
    } cases[] = {{{&keys[0], S, S, &values[0]}, BASE_E_VALUE_TOO_LARGE},
                 {{&keys[1], S, S, &values[1]}, BASE_E_VALUE_TOO_LARGE},
                 {{&keys[2], S, S, &values[1]}, BASE_E_KEY_NULL},
                 {{&keys[3], S, S, &values[1]}, BASE_E_TYPE_MISMATCH},
                 {{&keys[0], S, S, &values[2]}, BASE_E_FEATURE_TYPE},
                 {{&keys[0], FEATURES_NO_TIME, S, &values[1]}, BASE_E_VALUE_INVALID}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        FeaturesPut put;
        g_assert_false(features_online_put(s->online, view, &cases[i].row, 1, &put, &error));
        g_assert_error(error, BASE_ERROR, (gint)cases[i].code);
    }
    g_assert_false(get_1(s->online, view, text_value("a"), s->arena).found);
}

/* ---- erase -----------------------------------------------------------------------------------------------
 */

static void put_many(Store *s, const FeaturesView *view, gint64 n)
{
    g_autofree FeaturesRow *rows = g_new(FeaturesRow, n);
    g_autofree FeaturesValue *keys = g_new(FeaturesValue, n);
    for (gint64 i = 0; i < n; i++) {
        keys[i] = int64_value(i);
        rows[i] = (FeaturesRow){&keys[i], S, FEATURES_NO_TIME, &keys[i]};
    }
    g_assert_cmpint(must_put(s->online, view, rows, (size_t)n).written, ==, n);
}

static gint64 erase_all(Store *s, const char *project, const FeaturesView *view)
{
    GError *error = NULL;
    gint64 rows;
    bool ok = features_online_erase_all(s->online, project, view, &rows, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return rows;
}

static void one_entity_is_erased_from_one_view(Store *s, gconstpointer user)
{
    (void)user;
    GError *error = NULL;
    g_autoptr(TestView) a = view_new("p", "a", "id:int64", "x:int64");
    g_autoptr(TestView) b = view_new("p", "b", "id:int64", "x:int64");
    put_many(s, a, 3);
    put_many(s, b, 3);
    FeaturesValue key = int64_value(1);
    bool erased;
    g_assert_true(features_online_erase(s->online, a, &key, &erased, &error));
    g_assert_true(erased);
    g_assert_true(features_online_erase(s->online, a, &key, &erased, &error));
    g_assert_false(erased);
    g_assert_false(get_1(s->online, a, key, s->arena).found);
    g_assert_true(get_1(s->online, b, key, s->arena).found);
    g_assert_true(get_1(s->online, a, int64_value(2), s->arena).found);
    /* what was erased is not remembered: an older row comes in */
    g_assert_cmpint(put_1(s->online, a, key, 1, FEATURES_NO_TIME, int64_value(8)).written, ==, 1);
}

static void prod_never_touches_nonprod(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) prod = view_new("prod", "stats", "id:int64", "x:int64");
    g_autoptr(TestView) prod2 = view_new("prod", "more", "id:int64", "x:int64");
    g_autoptr(TestView) nonprod = view_new("nonprod", "stats", "id:int64", "x:int64");
    g_autoptr(TestView) prods = view_new("prods", "stats", "id:int64", "x:int64");
    g_autoptr(TestView) odd = view_new("p*[o]?d", "stats", "id:int64", "x:int64");
    put_many(s, prod, 20);
    put_many(s, prod2, 10);
    put_many(s, nonprod, 7);
    put_many(s, prods, 5);
    put_many(s, odd, 3);
    g_assert_cmpint(erase_all(s, "p*[o]?d", NULL), ==, 3);
    g_assert_cmpint(erase_all(s, "prod", prod2), ==, 10);
    g_assert_true(get_1(s->online, prod, int64_value(0), s->arena).found);
    g_assert_cmpint(erase_all(s, "prod", NULL), ==, 20);
    g_assert_cmpint(erase_all(s, "prod", NULL), ==, 0);
    g_assert_cmpint(erase_all(s, "ro", NULL), ==, 0);
    for (gint64 i = 0; i < 7; i++) {
        g_assert_true(get_1(s->online, nonprod, int64_value(i), s->arena).found);
        g_assert_false(get_1(s->online, prod, int64_value(i), s->arena).found);
    }
    g_assert_cmpint(erase_all(s, "nonprod", NULL), ==, 7);
    g_assert_cmpint(erase_all(s, "prods", NULL), ==, 5);
}

static void a_view_is_erased_with_all_its_rows(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    g_autoptr(TestView) next = view_new("p", "stats_v2", "id:int64", "x:int64");
    put_many(s, view, 25000);
    put_many(s, next, 2);
    g_assert_cmpint(erase_all(s, "p", view), ==, 25000);
    g_assert_cmpint(erase_all(s, "p", view), ==, 0);
    g_assert_false(get_1(s->online, view, int64_value(24999), s->arena).found);
    g_assert_true(get_1(s->online, next, int64_value(1), s->arena).found);
    put_many(s, view, 3);
    g_assert_cmpint(erase_all(s, "p", NULL), ==, 5);
}

/* ---- threads ---------------------------------------------------------------------------------------------
 */

enum { WRITERS = 4, ROUNDS = 60, SHARED = 5 };

typedef struct {
    Store *store;
    FeaturesView *view;
    gint64 writer, written, skipped;
} Writer;

/* Each writes the same entities at times of its own; the feature says the time it was written with. */
static gpointer write_rows(gpointer user)
{
    Writer *writer = user;
    for (gint64 round = 0; round < ROUNDS; round++) {
        FeaturesRow rows[SHARED];
        FeaturesValue keys[SHARED], values[SHARED];
        for (gint64 i = 0; i < SHARED; i++) {
            gint64 time = 1 + (round * 37 % ROUNDS) * WRITERS + writer->writer;
            keys[i] = int64_value(i);
            values[i] = int64_value(time);
            rows[i] = (FeaturesRow){&keys[i], time, FEATURES_NO_TIME, &values[i]};
        }
        FeaturesPut put = must_put(writer->store->online, writer->view, rows, SHARED);
        writer->written += put.written;
        writer->skipped += put.skipped;
    }
    return NULL;
}

typedef struct {
    Store *store;
    FeaturesView *view;
    gint stop;
    gint64 reads;
} Reading;

static gpointer read_rows(gpointer user)
{
    Reading *reading = user;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    gint64 seen[SHARED] = {0};
    while (!g_atomic_int_get(&reading->stop)) {
        for (gint64 i = 0; i < SHARED; i++) {
            features_arena_reset(arena);
            FeaturesRead read = get_1(reading->store->online, reading->view, int64_value(i), arena);
            if (read.found) {
                g_assert_cmpint(read.values[0].i64, ==, read.event_us);
                g_assert_cmpint(read.event_us, >=, seen[i]);
                seen[i] = read.event_us;
            }
            reading->reads++;
        }
    }
    return NULL;
}

static void writers_at_once_leave_the_newest(Store *s, gconstpointer user)
{
    (void)user;
    g_autoptr(TestView) view = view_new("p", "stats", "id:int64", "x:int64");
    Writer writers[WRITERS];
    GThread *threads[WRITERS];
    Reading reading = {.store = s, .view = view};
    GThread *reader = g_thread_new("reader", read_rows, &reading);
    gint64 written = 0, skipped = 0;
    for (gint64 i = 0; i < WRITERS; i++) {
        writers[i] = (Writer){.store = s, .view = view, .writer = i};
        threads[i] = g_thread_new("writer", write_rows, &writers[i]);
    }
    for (gint64 i = 0; i < WRITERS; i++) {
        g_thread_join(threads[i]);
        written += writers[i].written;
        skipped += writers[i].skipped;
    }
    g_atomic_int_set(&reading.stop, 1);
    g_thread_join(reader);
    g_assert_cmpint(written + skipped, ==, WRITERS * ROUNDS * SHARED);
    g_assert_cmpint(written, >=, SHARED);
    for (gint64 i = 0; i < SHARED; i++) {
        FeaturesRead read = get_1(s->online, view, int64_value(i), s->arena);
        g_assert_cmpint(read.event_us, ==, ROUNDS * WRITERS);
    }
}

/* ---- main ------------------------------------------------------------------------------------------------
 */

typedef void (*Test)(Store *, gconstpointer);

static const struct {
    const char *name;
    Test test;
} tests[] = {
    {"what is put is read", what_is_put_is_read},
    {"newer wins, the rest is skipped", newer_wins_and_the_rest_is_skipped},
    {"times before 1970", times_before_1970_are_times},
    {"a written null is a null", a_written_null_is_a_null},
    {"a batch in any order", a_batch_may_come_in_any_order},
    {"views, projects and versions apart", views_projects_and_versions_stay_apart},
    {"composite keys are not glued", composite_keys_are_not_glued},
    {"keys of each type", keys_of_each_type_are_found},
    {"a view without entities", a_view_without_entities_has_one_row},
    {"every value as it was", every_value_comes_back_as_it_was},
    {"wide rows", wide_rows_give_what_was_asked_in_its_order},
    {"another type is seen", another_type_is_seen},
    {"what does not fit is refused", what_does_not_fit_is_refused},
    {"one entity is erased", one_entity_is_erased_from_one_view},
    {"prod never touches nonprod", prod_never_touches_nonprod},
    {"a view is erased", a_view_is_erased_with_all_its_rows},
    {"writers at once", writers_at_once_leave_the_newest},
};

static void add_all(const char *store, const FeaturesOnlineOptions *options)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/features/online/%s/%s", store, tests[i].name);
        g_test_add(path, Store, options, setup, tests[i].test, teardown);
    }
}

static void no_redis(void)
{
    g_test_skip("redis-server is not installed (Debian: redis-server)");
}

int main(int argc, char **argv)
{
    static const FeaturesOnlineOptions lmdb = {.store = "lmdb"};
    static const FeaturesOnlineOptions feast = {.store = "redis", .layout = "feast"};
    static const FeaturesOnlineOptions feast2 = {.store = "redis", .layout = "feast-v2"};
    static const FeaturesOnlineOptions feast09 = {.store = "redis", .layout = "feast-0.9"};
    g_test_init(&argc, &argv, NULL);
    add_all("lmdb", &lmdb);
    bool redis = redis_server_new(&server);
    if (redis) {
        add_all("redis", &feast);
        add_all("redis-v2", &feast2);
        add_all("redis-0.9", &feast09);
    } else {
        g_test_add_func("/features/online/redis", no_redis);
    }
    int code = g_test_run();
    if (redis) {
        redis_server_free(&server);
    }
    return code;
}
