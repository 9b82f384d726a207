/* Batches merged into histories, against models of a few lines that keep every version of a key in a list.
 * Times are days of 2024; a history is read as text: "key value from to deleted" of each version, in order.
 */
#include <glib.h>
#include <string.h>

#include "warehouse/scd2_int.h"

typedef struct {
    Engine *engine;
    EngineConn *conn;
    CatalogScd2 spec;
    bool there;
} Fixture;

static Fixture *open_fixture(CatalogScd2 spec)
{
    g_autoptr(GError) error = NULL;
    Fixture *fixture = g_new0(Fixture, 1);
    EngineOptions options = {.threads = 1};
    fixture->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    fixture->conn = engine_connect(fixture->engine, &error);
    g_assert_no_error(error);
    fixture->spec = spec;
    return fixture;
}

static void close_fixture(Fixture *fixture)
{
    engine_disconnect(fixture->conn);
    engine_unref(fixture->engine);
    g_free(fixture);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, close_fixture)

static void exec(Fixture *fixture, const char *sql)
{
    g_autoptr(GError) error = NULL;
    if (!engine_exec(fixture->conn, sql, &error)) {
        g_error("%s: %s", sql, error->message);
    }
}

static char *text(Fixture *fixture, const char *sql)
{
    g_autoptr(GError) error = NULL;
    char *out = NULL;
    bool ok = engine_query_text(fixture->conn, sql, &out, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return out ? out : g_strdup("");
}

static char *day(int n)
{
    return g_strdup_printf("TIMESTAMP '2024-01-01' + INTERVAL %d DAY", n);
}

/* One run: `select` gives k, v, u (the day of the version; may be without). */
static bool run_from(Fixture *fixture, const char *select, int run_day, const char *restate, gint64 *ret_late,
                     GError **error)
{
    static const char *const KEY[] = {"k", NULL};
    g_autofree char *run_time = day(run_day);
    g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
    Scd2 merge = {.spec = &fixture->spec,
                  .key = KEY,
                  .table = "t",
                  .stage = "stage",
                  .history = "history",
                  .changes = "changes",
                  .run_time = run_time,
                  .restate = restate,
                  .columns = columns};
    g_autofree char *at = scd2_at_sql(&merge);
    g_autofree char *stage = g_strdup_printf(
        "CREATE OR REPLACE TEMP TABLE stage AS SELECT *, %s AS _weir_at FROM (%s)", at, select);
    exec(fixture, stage);
    g_autofree char *names =
        text(fixture, "SELECT string_agg(column_name, ',' ORDER BY column_index) FROM "
                      "duckdb_columns() WHERE table_name = 'stage' AND column_name NOT LIKE "
                      "'%weir%'");
    g_auto(GStrv) parts = g_strsplit(names, ",", -1);
    for (size_t i = 0; parts[i]; i++) {
        g_ptr_array_add(columns, g_strdup(parts[i]));
    }
    merge.known = fixture->there ? columns : NULL;
    exec(fixture, "DROP TABLE IF EXISTS changes");
    if (!scd2_judge(&merge, fixture->conn, error) || !scd2_diff(&merge, fixture->conn, error)) {
        return false;
    }
    if (!fixture->there) {
        exec(fixture, "ALTER TABLE changes RENAME TO history");
        fixture->there = true;
    } else {
        exec(fixture, "BEGIN");
        bool ok = scd2_merge(&merge, fixture->conn, error);
        exec(fixture, "COMMIT");
        if (!ok) {
            return false;
        }
    }
    if (ret_late) {
        *ret_late = merge.n_late;
    }
    return true;
}

static void run(Fixture *fixture, const char *select, int run_day)
{
    g_autoptr(GError) error = NULL;
    run_from(fixture, select, run_day, NULL, NULL, &error);
    g_assert_no_error(error);
}

static const char HISTORY[] =
    "SELECT string_agg(concat_ws(' ', k, coalesce(v, '-'), date_diff('day', DATE '2024-01-01', "
    "CAST(_weir_from AS "
    "DATE)), coalesce(CAST(date_diff('day', DATE '2024-01-01', CAST(_weir_to AS DATE)) AS VARCHAR), 'open'), "
    "CASE "
    "WHEN _weir_deleted THEN 'deleted' END), '; ' ORDER BY k, _weir_from, _weir_to) FROM history";

static void assert_history(Fixture *fixture, const char *expected)
{
    g_autofree char *found = text(fixture, HISTORY);
    g_assert_cmpstr(found, ==, expected);
}

/* Whatever was merged: no overlap, from < to, one open version of a key at most. */
static void assert_sound(Fixture *fixture)
{
    g_autofree char *wrong = text(
        fixture,
        "SELECT count(*) FROM (SELECT _weir_from AS f, _weir_to AS t, lead(_weir_from) OVER (PARTITION "
        "BY k ORDER BY _weir_from) AS n FROM history) WHERE t <= f OR (n IS NOT NULL AND (t IS NULL OR t "
        "> n OR f = n))");
    g_assert_cmpstr(wrong, ==, "0");
}

static CatalogScd2 by_time(void)
{
    return (CatalogScd2){.updated_at = "u", .valid_from = "valid_from", .valid_to = "valid_to"};
}

static CatalogScd2 by_value(void)
{
    return (CatalogScd2){.check = true,
                         .first_from = CATALOG_FROM_RUN_TIME,
                         .valid_from = "valid_from",
                         .valid_to = "valid_to"};
}

#define ROW(k, v, u) "SELECT " #k " AS k, '" v "' AS v, TIMESTAMP '2024-01-01' + INTERVAL " #u " DAY AS u"
#define VALUE(k, v)  "SELECT " #k " AS k, '" v "' AS v"
#define AND_         " UNION ALL "
#define NO_ROWS      " WHERE FALSE"

/* ---- decisions --------------------------------------------------------------------------------------------
 */

static void test_later_version_closes_the_one_before(void)
{
    g_autoptr(Fixture) fixture = open_fixture(by_time());
    run(fixture, ROW(1, "a", 1) AND_ ROW(2, "x", 1), 5);
    run(fixture, ROW(1, "b", 6) AND_ ROW(2, "x", 1), 7);
    assert_history(fixture, "1 a 1 6; 1 b 6 open; 2 x 1 open");
    run(fixture, ROW(1, "b", 6) AND_ ROW(2, "x", 1), 8); /* the same batch again */
    assert_history(fixture, "1 a 1 6; 1 b 6 open; 2 x 1 open");
}

static void test_null_is_a_value_like_others(void)
{
    g_autoptr(Fixture) fixture = open_fixture(by_value());
    run(fixture, "SELECT 1 AS k, CAST(NULL AS VARCHAR) AS v", 1);
    run(fixture, "SELECT 1 AS k, CAST(NULL AS VARCHAR) AS v", 2);
    assert_history(fixture, "1 - 1 open");
    run(fixture, VALUE(1, "a"), 3);
    run(fixture, "SELECT 1 AS k, CAST(NULL AS VARCHAR) AS v", 4);
    assert_history(fixture, "1 - 1 3; 1 a 3 4; 1 - 4 open");
}

static void test_deleted_key_comes_back_where_it_was_closed(void)
{
    CatalogScd2 spec = by_time();
    spec.deletes = CATALOG_DELETES_INVALIDATE;
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, ROW(1, "a", 1), 2);
    run(fixture, ROW(1, "a", 1) NO_ROWS, 5);
    assert_history(fixture, "1 a 1 5");
    run(fixture, ROW(1, "a", 1), 8); /* with its old time: no gap, no overlap */
    assert_history(fixture, "1 a 1 5; 1 a 5 open");
    run(fixture, ROW(1, "a", 1) NO_ROWS, 10);
    run(fixture, ROW(1, "c", 12), 13); /* with a later one: it was not there in between */
    assert_history(fixture, "1 a 1 5; 1 a 5 10; 1 c 12 open");
}

static void test_deletion_as_a_version_lasts_until_the_key_is_back(void)
{
    CatalogScd2 spec = by_time();
    spec.deletes = CATALOG_DELETES_NEW_RECORD;
    spec.is_deleted = "is_deleted";
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, ROW(1, "a", 1), 2);
    run(fixture, ROW(1, "a", 1) NO_ROWS, 5);
    run(fixture, ROW(1, "a", 1) NO_ROWS, 6);
    assert_history(fixture, "1 a 1 5; 1 a 5 open deleted");
    run(fixture, ROW(1, "a", 1), 8);
    assert_history(fixture, "1 a 1 5; 1 a 5 8 deleted; 1 a 8 open");
    run(fixture, ROW(1, "a", 1) NO_ROWS, 9);
    run(fixture, ROW(1, "b", 11), 12);
    assert_history(fixture, "1 a 1 5; 1 a 5 8 deleted; 1 a 8 9; 1 a 9 11 deleted; 1 b 11 open");
}

static void test_delta_never_means_delete(void)
{
    CatalogScd2 spec = by_time();
    spec.deletes = CATALOG_DELETES_INVALIDATE;
    spec.delta = true;
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, ROW(1, "a", 1) AND_ ROW(2, "x", 1), 2);
    run(fixture, ROW(2, "y", 3), 4);
    assert_history(fixture, "1 a 1 open; 2 x 1 3; 2 y 3 open");
}

static void test_late_version_is_counted_or_spliced(void)
{
    g_autoptr(GError) error = NULL;
    gint64 late = 0;
    CatalogScd2 spec = by_time();
    spec.delta = true;
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, ROW(1, "a", 1), 2);
    run(fixture, ROW(1, "c", 9), 10);
    g_assert_true(run_from(fixture, ROW(1, "b", 5), 11, NULL, &late, &error));
    g_assert_cmpint(late, ==, 1);
    assert_history(fixture, "1 a 1 9; 1 c 9 open");
    g_assert_true(run_from(fixture, ROW(1, "a", 1), 12, NULL, &late, &error)); /* known, not late */
    g_assert_cmpint(late, ==, 0);
    fixture->spec.splice = true;
    run(fixture, ROW(1, "b", 5), 13);
    assert_history(fixture, "1 a 1 5; 1 b 5 9; 1 c 9 open");
    run(fixture, ROW(1, "b", 5), 14);
    run(fixture, ROW(1, "z", 0), 15); /* before the first */
    assert_history(fixture, "1 z 0 1; 1 a 1 5; 1 b 5 9; 1 c 9 open");
}

static void test_splice_knows_when_the_key_was_deleted(void)
{
    CatalogScd2 spec = by_time();
    spec.deletes = CATALOG_DELETES_INVALIDATE;
    spec.splice = true;
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, ROW(1, "a", 1), 2);
    run(fixture, ROW(1, "a", 1) NO_ROWS, 5);
    run(fixture, ROW(1, "d", 9), 10);
    assert_history(fixture, "1 a 1 5; 1 d 9 open");
    fixture->spec.delta = true;
    run(fixture, ROW(1, "b", 3), 11); /* before the deletion */
    assert_history(fixture, "1 a 1 3; 1 b 3 5; 1 d 9 open");
    run(fixture, ROW(1, "c", 7), 12); /* after it */
    assert_history(fixture, "1 a 1 3; 1 b 3 5; 1 c 7 9; 1 d 9 open");
}

static void test_chain_makes_a_version_of_each_row(void)
{
    CatalogScd2 spec = by_time();
    spec.duplicates = CATALOG_DUPLICATES_CHAIN;
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, ROW(1, "b", 3) AND_ ROW(1, "a", 1) AND_ ROW(2, "x", 2), 4);
    assert_history(fixture, "1 a 1 3; 1 b 3 open; 2 x 2 open");
    run(fixture, ROW(1, "d", 8) AND_ ROW(1, "b", 3) AND_ ROW(1, "c", 6) AND_ ROW(1, "c", 6), 9);
    assert_history(fixture, "1 a 1 3; 1 b 3 6; 1 c 6 8; 1 d 8 open; 2 x 2 open");
}

static void test_chain_with_check_leaves_out_what_did_not_change(void)
{
    CatalogScd2 spec = by_value();
    static const char *const COLS[] = {"v", NULL};
    spec.updated_at = "u";
    spec.check_cols = COLS;
    spec.first_from = CATALOG_FROM_UPDATED_AT;
    spec.duplicates = CATALOG_DUPLICATES_CHAIN;
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, ROW(1, "a", 1) AND_ ROW(1, "a", 2) AND_ ROW(1, "b", 3), 4);
    assert_history(fixture, "1 a 1 3; 1 b 3 open");
    run(fixture, ROW(1, "b", 5) AND_ ROW(1, "a", 6) AND_ ROW(1, "a", 7), 8);
    assert_history(fixture, "1 a 1 3; 1 b 3 6; 1 a 6 open");
}

static void test_first_version_begins_where_the_model_says(void)
{
    CatalogScd2 spec = by_time();
    spec.first_from = CATALOG_FROM_EPOCH;
    g_autoptr(Fixture) epoch = open_fixture(spec);
    run(epoch, ROW(1, "a", 3), 5);
    run(epoch, ROW(1, "a", 3) AND_ ROW(2, "x", 6), 7);
    assert_history(epoch, "1 a -19723 open; 2 x -19723 open");
    epoch->spec.splice = true;
    epoch->spec.delta = true;
    run(epoch, ROW(1, "z", 1), 8); /* the epoch is the older one's now */
    assert_history(epoch, "1 z -19723 3; 1 a 3 open; 2 x -19723 open");
    CatalogScd2 check = by_value();
    check.first_from = CATALOG_FROM_EPOCH;
    g_autoptr(Fixture) by_check = open_fixture(check);
    run(by_check, ROW(1, "a", 3), 5);
    run(by_check, ROW(1, "a", 3) AND_ ROW(2, "x", 6), 7); /* a key that comes later is new then */
    assert_history(by_check, "1 a -19723 open; 2 x 7 open");
    spec.first_from = CATALOG_FROM_RUN_TIME;
    g_autoptr(Fixture) by_run = open_fixture(spec);
    run(by_run, ROW(1, "a", 3), 5);
    run(by_run, ROW(1, "a", 3) AND_ ROW(2, "x", 6), 7);
    assert_history(by_run, "1 a 5 open; 2 x 7 open");
    run(by_run, ROW(1, "b", 4), 8); /* newer, but history began later: it takes the place */
    assert_history(by_run, "1 b 5 open; 2 x 7 open");
}

static void test_run_at_the_same_time_replaces_what_it_made(void)
{
    CatalogScd2 spec = by_value();
    spec.deletes = CATALOG_DELETES_INVALIDATE;
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, VALUE(1, "a"), 1);
    run(fixture, VALUE(1, "b") AND_ VALUE(2, "x"), 3);
    run(fixture, VALUE(1, "c"), 3);
    assert_history(fixture, "1 a 1 3; 1 c 3 open");
    g_autoptr(GError) error = NULL;
    gint64 late = 0;
    g_assert_true(run_from(fixture, VALUE(1, "q"), 2, NULL, &late, &error)); /* a run before the last */
    g_assert_cmpint(late, ==, 1);
    assert_history(fixture, "1 a 1 3; 1 c 3 open");
}

static void assert_refused(Fixture *fixture, const char *select, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(run_from(fixture, select, 5, NULL, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_RUN_FAILED);
    g_assert_true(g_str_has_prefix(error->message, name));
}

static void test_batches_that_cannot_be_merged_are_refused(void)
{
    g_autoptr(Fixture) fixture = open_fixture(by_time());
    run(fixture, ROW(1, "a", 1), 2);
    assert_refused(fixture, "SELECT CAST(NULL AS INTEGER) AS k, 'a' AS v, TIMESTAMP '2024-01-01' AS u",
                   "null_key");
    assert_refused(fixture, "SELECT 1 AS k, 'a' AS v, CAST(NULL AS TIMESTAMP) AS u", "null_updated_at");
    assert_refused(fixture, ROW(1, "a", 1) AND_ ROW(1, "b", 2), "duplicate_key: 1 keys have several rows");
    fixture->spec.duplicates = CATALOG_DUPLICATES_CHAIN;
    assert_refused(fixture, ROW(1, "a", 2) AND_ ROW(1, "b", 2), "duplicate_key");
    fixture->spec.duplicates = CATALOG_DUPLICATES_LATEST;
    fixture->spec.latest_by = "u";
    assert_refused(fixture, ROW(1, "a", 2) AND_ ROW(1, "b", 2), "duplicate_key");
    assert_history(fixture, "1 a 1 open");
    run(fixture, ROW(1, "a", 2) AND_ ROW(1, "b", 3), 5);
    assert_history(fixture, "1 a 1 3; 1 b 3 open");
}

static void test_restating_makes_versions_anew_from_a_time_on(void)
{
    CatalogScd2 spec = by_time();
    spec.deletes = CATALOG_DELETES_INVALIDATE;
    spec.duplicates = CATALOG_DUPLICATES_CHAIN;
    g_autoptr(Fixture) fixture = open_fixture(spec);
    run(fixture, ROW(1, "a", 1) AND_ ROW(1, "wrong", 5) AND_ ROW(2, "x", 1) AND_ ROW(3, "p", 2), 6);
    run(fixture, ROW(1, "a", 1) AND_ ROW(1, "wrong", 5) AND_ ROW(1, "d", 8) AND_ ROW(2, "x", 1), 9);
    assert_history(fixture, "1 a 1 5; 1 wrong 5 8; 1 d 8 open; 2 x 1 open; 3 p 2 9");
    g_autofree char *from = day(4);
    g_autoptr(GError) error = NULL;
    run_from(fixture,
             ROW(1, "a", 1) AND_ ROW(1, "right", 6) AND_ ROW(1, "d", 8) AND_ ROW(2, "x", 1)
                 AND_ ROW(4, "n", 3),
             20, from, NULL, &error);
    g_assert_no_error(error);
    /* what was before stays; key 3 keeps the time at which it was found gone; key 4 is known from then on */
    assert_history(fixture, "1 a 1 6; 1 right 6 8; 1 d 8 open; 2 x 1 open; 3 p 2 9; 4 n 4 open");
    assert_sound(fixture);
}

/* ---- random histories -------------------------------------------------------------------------------------
 */

#define KEYS   6
#define DAYS   20
#define ROUNDS 2

typedef struct {
    int k, v, u;
} Row;

static char *select_of(const GArray *rows)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);
        g_string_append_printf(out,
                               "%sSELECT %d AS k, '%d' AS v, TIMESTAMP '2024-01-01' + INTERVAL %d DAY AS u",
                               i ? " UNION ALL " : "", row->k, row->v, row->u);
    }
    if (rows->len == 0) {
        g_string_append(out, "SELECT 1 AS k, '' AS v, TIMESTAMP '2024-01-01' AS u WHERE FALSE");
    }
    return g_string_free(out, FALSE);
}

static void append_version(GString *out, int k, int v, int from, int to, bool deleted)
{
    g_autofree char *end = to < 0 ? g_strdup("open") : g_strdup_printf("%d", to);
    g_string_append_printf(out, "%s%d %d %d %s%s", out->len ? "; " : "", k, v, from, end,
                           deleted ? " deleted" : "");
}

/* Changes in any order, in batches of any size, twice: the versions in order of time. */
static void test_shuffled_changes_make_the_same_history(void)
{
    CatalogScd2 spec = by_time();
    spec.delta = spec.splice = true;
    spec.duplicates = CATALOG_DUPLICATES_CHAIN;
    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(Fixture) fixture = open_fixture(spec);
        g_autoptr(GString) expected = g_string_new(NULL);
        g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Row));
        for (int k = 0; k < KEYS; k++) {
            int last = -1;
            for (int u = 0; u < DAYS; u++) {
                if (g_test_rand_int_range(0, 5) == 0) {
                    Row row = {k, g_test_rand_int_range(0, 3), u};
                    if (last >= 0) {
                        const Row *before = &g_array_index(all, Row, (guint)last);
                        append_version(expected, k, before->v, before->u, u, false);
                    }
                    last = (int)all->len;
                    g_array_append_val(all, row);
                }
            }
            if (last >= 0) {
                append_version(expected, k, g_array_index(all, Row, (guint)last).v,
                               g_array_index(all, Row, (guint)last).u, -1, false);
            }
        }
        for (guint i = all->len; i > 1; i--) {
            guint j = (guint)g_test_rand_int_range(0, (gint32)i);
            Row row = g_array_index(all, Row, i - 1);
            g_array_index(all, Row, i - 1) = g_array_index(all, Row, j);
            g_array_index(all, Row, j) = row;
        }
        for (guint at = 0; at < all->len;) {
            g_autoptr(GArray) batch = g_array_new(FALSE, FALSE, sizeof(Row));
            guint n = (guint)g_test_rand_int_range(1, 9);
            n = MIN(n, all->len - at);
            g_array_append_vals(batch, &g_array_index(all, Row, at), n);
            g_autofree char *select = select_of(batch);
            run(fixture, select, DAYS);
            if (g_test_rand_bit()) {
                run(fixture, select, DAYS + 1);
            }
            assert_sound(fixture);
            at += n;
        }
        assert_history(fixture, expected->str);
    }
}

typedef struct {
    int v, u, from, to; /* to < 0 = open */
    bool deleted;
} Version;

/* A source that is changed, deleted from and restored, read whole each day. The model says for one key and
 * one day what the rules of the kind say. */
static void model_day(GArray *versions, bool there, Row row, int run_day, const CatalogScd2 *spec)
{
    Version *last = versions->len ? &g_array_index(versions, Version, versions->len - 1) : NULL;
    bool open = last && last->to < 0, live = open && !last->deleted;
    if (!there) {
        if (live) {
            last->to = run_day;
            Version gone = {last->v, last->u, run_day, -1, true};
            if (spec->deletes == CATALOG_DELETES_NEW_RECORD) {
                g_array_append_val(versions, gone);
            }
        }
        return;
    }
    int at = spec->check ? run_day : row.u;
    Version next = {row.v, row.u, at, -1, false};
    if (live && (spec->check ? row.v == last->v : row.u == last->u)) {
        return;
    }
    if (last && !live) { /* it is back */
        int closed = open ? last->from : last->to;
        next.from = at > closed ? at : open ? run_day : closed;
    }
    if (open) {
        last->to = next.from;
    }
    g_array_append_val(versions, next);
}

static void run_days(CatalogScd2 spec)
{
    g_autoptr(Fixture) fixture = open_fixture(spec);
    Row rows[KEYS];
    bool there[KEYS];
    GArray *versions[KEYS];
    for (int k = 0; k < KEYS; k++) {
        versions[k] = g_array_new(FALSE, FALSE, sizeof(Version));
        rows[k] = (Row){k, 0, 0};
        there[k] = g_test_rand_bit();
    }
    for (int today = 1; today < DAYS; today++) {
        g_autoptr(GArray) batch = g_array_new(FALSE, FALSE, sizeof(Row));
        for (int k = 0; k < KEYS; k++) {
            int what = g_test_rand_int_range(0, 6);
            there[k] = what == 0 ? !there[k] : there[k]; /* what comes back has its old time */
            if (what == 1) {
                rows[k] = (Row){k, g_test_rand_int_range(0, 3), today};
            }
            if (there[k]) {
                g_array_append_val(batch, rows[k]);
            }
            model_day(versions[k], there[k], rows[k], today, &spec);
        }
        g_autofree char *select = select_of(batch);
        run(fixture, select, today);
        run(fixture, select, today); /* the same batch at the same time */
    }
    g_autoptr(GString) expected = g_string_new(NULL);
    for (int k = 0; k < KEYS; k++) {
        for (guint i = 0; i < versions[k]->len; i++) {
            const Version *version = &g_array_index(versions[k], Version, i);
            append_version(expected, k, version->v, version->from, version->to, version->deleted);
        }
        g_array_unref(versions[k]);
    }
    assert_history(fixture, expected->str);
    assert_sound(fixture);
}

static void test_days_of_a_source_make_the_history_of_the_model(void)
{
    static const char *const COLS[] = {"v", NULL};
    for (int round = 0; round < ROUNDS; round++) {
        CatalogScd2 time = by_time(), value = by_value();
        value.check_cols = COLS;
        value.deletes = time.deletes = round % 2 ? CATALOG_DELETES_INVALIDATE : CATALOG_DELETES_NEW_RECORD;
        run_days(time);
        run_days(value);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scd2/later", test_later_version_closes_the_one_before);
    g_test_add_func("/scd2/null", test_null_is_a_value_like_others);
    g_test_add_func("/scd2/revival", test_deleted_key_comes_back_where_it_was_closed);
    g_test_add_func("/scd2/new_record", test_deletion_as_a_version_lasts_until_the_key_is_back);
    g_test_add_func("/scd2/delta", test_delta_never_means_delete);
    g_test_add_func("/scd2/late", test_late_version_is_counted_or_spliced);
    g_test_add_func("/scd2/splice_deleted", test_splice_knows_when_the_key_was_deleted);
    g_test_add_func("/scd2/chain", test_chain_makes_a_version_of_each_row);
    g_test_add_func("/scd2/chain_check", test_chain_with_check_leaves_out_what_did_not_change);
    g_test_add_func("/scd2/first", test_first_version_begins_where_the_model_says);
    g_test_add_func("/scd2/same_run", test_run_at_the_same_time_replaces_what_it_made);
    g_test_add_func("/scd2/refused", test_batches_that_cannot_be_merged_are_refused);
    g_test_add_func("/scd2/restate", test_restating_makes_versions_anew_from_a_time_on);
    g_test_add_func("/scd2/shuffled", test_shuffled_changes_make_the_same_history);
    g_test_add_func("/scd2/days", test_days_of_a_source_make_the_history_of_the_model);
    return g_test_run();
}
