/* The join against a brute-force oracle, which reads the contract of offline.h line by line. */
#include "features/join_int.h"

#include <string.h>

#define MAX_KEYS 3

/* A side as a test makes it. */
typedef struct {
    size_t n, n_keys;
    gint64 *ints[MAX_KEYS]; /* also the number of the text */
    guint64 *valid[MAX_KEYS], *offsets[MAX_KEYS];
    GString *bytes[MAX_KEYS];
    gint64 *time, *created, *order;
    FeaturesJoinKeys keys[MAX_KEYS];
    FeaturesJoinSide side;
} Rows;

static Rows *rows_new(size_t n, size_t n_keys)
{
    Rows *rows = g_new0(Rows, 1);
    rows->n = n;
    rows->n_keys = n_keys;
    for (size_t k = 0; k < n_keys; k++) {
        rows->ints[k] = g_new0(gint64, n + 1);
        rows->valid[k] = g_new(guint64, n / 64 + 1);
        memset(rows->valid[k], 0xFF, (n / 64 + 1) * sizeof(guint64));
        rows->keys[k] = (FeaturesJoinKeys){.i64 = rows->ints[k], .valid = rows->valid[k]};
    }
    rows->time = g_new0(gint64, n + 1);
    rows->side = (FeaturesJoinSide){n, n_keys, rows->keys, rows->time, NULL, NULL};
    return rows;
}

static void rows_free(Rows *rows)
{
    for (size_t k = 0; k < MAX_KEYS; k++) {
        g_free(rows->ints[k]);
        g_free(rows->valid[k]);
        g_free(rows->offsets[k]);
        if (rows->bytes[k]) {
            g_string_free(rows->bytes[k], TRUE);
        }
    }
    g_free(rows->time);
    g_free(rows->created);
    g_free(rows->order);
    g_free(rows);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rows, rows_free)

static void set_null(Rows *rows, size_t k, size_t row)
{
    rows->valid[k][row / 64] &= ~(G_GUINT64_CONSTANT(1) << (row % 64));
}

static bool has_key(const Rows *rows, size_t k, size_t row)
{
    return rows->valid[k][row / 64] >> (row % 64) & 1;
}

/* Key k becomes texts: of value v "v" times a length that takes both short and long ones. */
static void make_text(Rows *rows, size_t k)
{
    rows->offsets[k] = g_new0(guint64, rows->n + 1);
    rows->bytes[k] = g_string_new(NULL);
    for (size_t i = 0; i < rows->n; i++) {
        gint64 v = rows->ints[k][i];
        for (gint64 j = 0; has_key(rows, k, i) && j < v % 23; j++) {
            g_string_append_c(rows->bytes[k], (char)('a' + (v * 7 + j) % 5));
        }
        if (has_key(rows, k, i) && v) {
            g_string_append_printf(rows->bytes[k], "%" G_GINT64_FORMAT, v);
        }
        rows->offsets[k][i + 1] = rows->bytes[k]->len;
    }
    rows->keys[k] = (FeaturesJoinKeys){
        .offsets = rows->offsets[k], .bytes = rows->bytes[k]->str, .valid = rows->valid[k]};
}

static gint64 *some_created(size_t n, gint64 range)
{
    gint64 *created = g_new(gint64, n + 1);
    for (size_t i = 0; i < n; i++) {
        created[i] = g_test_rand_int_range(0, 8) ? g_test_rand_int_range(0, (gint32)range) : G_MININT64;
    }
    return created;
}

static Rows *random_rows(size_t n, size_t n_keys, gint32 n_values, gint32 range)
{
    Rows *rows = rows_new(n, n_keys);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n_keys; k++) {
            rows->ints[k][i] = g_test_rand_int_range(0, n_values);
            if (!g_test_rand_int_range(0, 20)) {
                set_null(rows, k, i);
            }
        }
        rows->time[i] = g_test_rand_int_range(0, 25) ? g_test_rand_int_range(0, range) : G_MININT64;
    }
    return rows;
}

/* ---- the oracle ------------------------------------------------------------------------------------- */

static bool counts(const Rows *asking, size_t a, const Rows *source, size_t s, const FeaturesJoinRules *rules)
{
    gint64 t = asking->time[a], at = source->time[s];
    if (t == G_MININT64 || at == G_MININT64 || (rules->exclusive ? at >= t : at > t) ||
        (rules->ttl_us > 0 && at < t - rules->ttl_us)) {
        return false;
    }
    if (asking->side.created_us &&
        (!source->created || source->created[s] == G_MININT64 || source->created[s] > asking->created[a])) {
        return false;
    }
    for (size_t k = 0; k < asking->n_keys; k++) {
        if (!has_key(asking, k, a) || !has_key(source, k, s) || asking->ints[k][a] != source->ints[k][s]) {
            return false;
        }
    }
    return true;
}

static bool wins(const Rows *source, size_t s, size_t other)
{
    if (source->time[s] != source->time[other]) {
        return source->time[s] > source->time[other];
    }
    if (source->side.created_us && source->created[s] != source->created[other]) {
        return source->created[s] > source->created[other];
    }
    if (source->side.order && source->order[s] != source->order[other]) {
        return source->order[s] > source->order[other];
    }
    return s > other;
}

static guint32 oracle(const Rows *asking, size_t a, const Rows *source, const FeaturesJoinRules *rules)
{
    guint32 best = FEATURES_NO_ROW;
    for (size_t s = 0; s < source->n; s++) {
        if (counts(asking, a, source, s, rules) && (best == FEATURES_NO_ROW || wins(source, s, best))) {
            best = (guint32)s;
        }
    }
    return best;
}

static size_t check(const Rows *asking, const Rows *source, const FeaturesJoinRules *rules, guint64 mask)
{
    g_autofree guint32 *got = g_new(guint32, asking->n + 1);
    g_autoptr(GError) error = NULL;
    size_t found = 0;
    g_assert_true(features_join_masked(&asking->side, &source->side, rules, mask, NULL, got, &error));
    g_assert_no_error(error);
    for (size_t a = 0; a < asking->n; a++) {
        g_assert_cmpuint(got[a], ==, oracle(asking, a, source, rules));
        found += got[a] != FEATURES_NO_ROW;
    }
    return found;
}

/* ---- against the oracle ----------------------------------------------------------------------------------
 */

static void one_trial(int trial, size_t *found)
{
    size_t n_keys = (size_t)g_test_rand_int_range(0, MAX_KEYS + 1);
    gint32 n_values = g_test_rand_int_range(1, n_keys > 1 ? 4 : 40), range = g_test_rand_int_range(2, 400);
    g_autoptr(Rows) source = random_rows((size_t)g_test_rand_int_range(0, 900), n_keys, n_values, range);
    g_autoptr(Rows) asking = random_rows((size_t)g_test_rand_int_range(0, 300), n_keys, n_values, range);
    for (size_t k = 0; k < n_keys; k++) {
        if (g_test_rand_bit()) {
            make_text(source, k);
            make_text(asking, k);
        }
    }
    if (g_test_rand_bit()) {
        source->side.created_us = source->created = some_created(source->n, 12);
        asking->created = some_created(asking->n, 12);
        asking->side.created_us = g_test_rand_bit() ? asking->created : NULL;
    }
    if (g_test_rand_bit()) {
        source->side.order = source->order = g_new(gint64, source->n + 1);
        for (size_t i = 0; i < source->n; i++) {
            source->order[i] = (gint64)(source->n - i) / 2;
        }
    }
    const FeaturesJoinRules rules = {.ttl_us = g_test_rand_bit() ? g_test_rand_int_range(0, range) : 0,
                                     .exclusive = g_test_rand_bit(),
                                     .n_threads = (unsigned)g_test_rand_int_range(1, 5)};
    *found += check(asking, source, &rules, trial % 4 ? G_MAXUINT64 : 3);
}

static void random_rows_join_as_the_oracle_says(void)
{
    size_t found = 0;
    for (int trial = 0; trial < 300; trial++) {
        one_trial(trial, &found);
    }
    g_assert_cmpuint(found, >, 5000); /* of those trials some must join */
}

/* Enough rows for several partitions; times in order but for some late ones. */
static void many_partitions_on_many_threads(void)
{
    const size_t n = 200000;
    g_autoptr(Rows) source = rows_new(n, 1), asking = rows_new(500, 1);
    for (size_t i = 0; i < n; i++) {
        source->ints[0][i] = (gint64)(i % 5000) - 2500;
        source->time[i] = (gint64)(i / 5000) * 10 - (i % 97 == 0 ? 25 : 0);
    }
    for (size_t i = 0; i < asking->n; i++) {
        asking->ints[0][i] = g_test_rand_int_range(-2600, 2600);
        asking->time[i] = g_test_rand_int_range(-5, 420);
    }
    const FeaturesJoinRules rules = {.ttl_us = 60, .n_threads = 3};
    g_assert_cmpuint(check(asking, source, &rules, G_MAXUINT64), >, 200);
}

/* A group of many rows, most of them not known yet: the last known one is found, wherever it is. */
static void the_last_known_row_of_a_long_group(void)
{
    const size_t n = 5000;
    g_autoptr(Rows) source = rows_new(n, 0), asking = rows_new(600, 0);
    source->side.created_us = source->created = g_new(gint64, n);
    asking->side.created_us = asking->created = g_new(gint64, asking->n);
    for (size_t i = 0; i < n; i++) {
        source->time[i] = (gint64)i / 2;
        source->created[i] = g_test_rand_int_range(0, 100) ? 1000000 : g_test_rand_int_range(0, 50);
    }
    for (size_t i = 0; i < asking->n; i++) {
        asking->time[i] = g_test_rand_int_range(-1, 2600);
        asking->created[i] = g_test_rand_int_range(-1, 60);
    }
    const FeaturesJoinRules rules = {.n_threads = 2};
    g_assert_cmpuint(check(asking, source, &rules, G_MAXUINT64), >, 300);
}

/* ---- by name ------------------------------------------------------------------------------------------ */

static guint32 ask_one(Rows *source, gint64 key, gint64 time, const FeaturesJoinRules *rules)
{
    g_autoptr(Rows) asking = rows_new(1, 1);
    g_autoptr(GError) error = NULL;
    guint32 got;
    asking->ints[0][0] = key;
    asking->time[0] = time;
    g_assert_true(features_join(&asking->side, &source->side, rules, NULL, &got, &error));
    return got;
}

static void bounds_are_exact_to_the_microsecond(void)
{
    g_autoptr(Rows) source = rows_new(1, 1);
    source->ints[0][0] = 7;
    source->time[0] = 1000000;
    const FeaturesJoinRules ttl = {.ttl_us = 500, .n_threads = 1}, open = {.ttl_us = 500, .exclusive = true};
    g_assert_cmpuint(ask_one(source, 7, 1000000, &ttl), ==, 0);
    g_assert_cmpuint(ask_one(source, 7, 999999, &ttl), ==, FEATURES_NO_ROW);
    g_assert_cmpuint(ask_one(source, 7, 1000500, &ttl), ==, 0);
    g_assert_cmpuint(ask_one(source, 7, 1000501, &ttl), ==, FEATURES_NO_ROW);
    g_assert_cmpuint(ask_one(source, 7, 1000000, &open), ==, FEATURES_NO_ROW);
    g_assert_cmpuint(ask_one(source, 7, 1000001, &open), ==, 0);
    g_assert_cmpuint(ask_one(source, 8, 1000000, &ttl), ==, FEATURES_NO_ROW);
}

static void times_at_the_ends_of_the_calendar(void)
{
    g_autoptr(Rows) source = rows_new(2, 1);
    source->time[0] = -G_MAXINT64; /* the engine's -infinity */
    source->time[1] = G_MAXINT64;
    const FeaturesJoinRules rules = {.ttl_us = 10}, open = {0};
    g_assert_cmpuint(ask_one(source, 0, -G_MAXINT64, &rules), ==, 0);
    g_assert_cmpuint(ask_one(source, 0, 0, &rules), ==, FEATURES_NO_ROW);
    g_assert_cmpuint(ask_one(source, 0, 0, &open), ==, 0);
    g_assert_cmpuint(ask_one(source, 0, G_MAXINT64, &rules), ==, 1);
}

static void composite_keys_are_not_one_text(void)
{
    g_autoptr(Rows) source = rows_new(2, 2), asking = rows_new(3, 2);
    static const gint64 drivers[] = {1, 11, 111}, customers[] = {11, 1, 0};
    for (size_t i = 0; i < 3; i++) {
        asking->ints[0][i] = drivers[i];
        asking->ints[1][i] = customers[i];
        if (i < 2) {
            source->ints[0][i] = drivers[i];
            source->ints[1][i] = customers[i];
        }
    }
    const FeaturesJoinRules rules = {.n_threads = 1};
    g_assert_cmpuint(check(asking, source, &rules, G_MAXUINT64), ==, 2);
}

static void a_cancelled_join_says_so(void)
{
    g_autoptr(Rows) source = rows_new(10, 1), asking = rows_new(10, 1);
    const FeaturesJoinRules rules = {.n_threads = 2};
    const gint cancel = 1;
    guint32 got[10];
    g_autoptr(GError) error = NULL;
    g_assert_false(features_join(&asking->side, &source->side, &rules, &cancel, got, &error));
    g_assert_cmpint(base_error_info(error)->code, ==, BASE_E_INTERRUPTED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/join/oracle", random_rows_join_as_the_oracle_says);
    g_test_add_func("/features/join/partitions", many_partitions_on_many_threads);
    g_test_add_func("/features/join/last_known", the_last_known_row_of_a_long_group);
    g_test_add_func("/features/join/microseconds", bounds_are_exact_to_the_microsecond);
    g_test_add_func("/features/join/ends", times_at_the_ends_of_the_calendar);
    g_test_add_func("/features/join/composite", composite_keys_are_not_one_text);
    g_test_add_func("/features/join/cancel", a_cancelled_join_says_so);
    return g_test_run();
}
