/* Table models against a brute-force oracle: random batches, small and large, in every way of loading. */
#include "fixture.h"

static Fixture f;

/* ---- unique
 * ------------------------------------------------------------------------------------------------------- */

#define KEYS 40

typedef struct {
    bool there;
    int value, other;
    int sequence, dead_sequence; /* of a deleted key; INT_MIN = none */
} Row;

typedef struct {
    const CatalogTable *table;
    bool sequence;
    Row rows[KEYS + 1]; /* the last is the NULL key */
} Oracle;

static void oracle_apply(Oracle *o, int key, int value, int other, int sequence, bool delete)
{
    Row *row = &o->rows[key];
    if (o->sequence && ((row->there && sequence < row->sequence) || sequence < row->dead_sequence)) {
        return;
    }
    *row = (Row){.there = !delete,
                 .value = value,
                 .other = other,
                 .sequence = sequence,
                 .dead_sequence = delete && o->sequence ? sequence : G_MININT};
}

static void oracle_check(Oracle *o)
{
    GString *expected = g_string_new(NULL);
    for (int key = 0; key <= KEYS; key++) {
        const Row *row = &o->rows[key];
        if (!row->there) {
            continue;
        }
        g_string_append(expected, expected->len ? "|" : "");
        if (key == KEYS) {
            g_string_append_printf(expected, "~,%d,%d,%d", row->value, row->other, row->sequence);
        } else {
            g_string_append_printf(expected, "%d,%d,%d,%d", key, row->value, row->other, row->sequence);
        }
    }
    g_autofree char *sql =
        g_strdup_printf("SELECT k, v, w, s FROM d.%s ORDER BY k NULLS LAST", o->table->name);
    fixture_expect(&f, sql, expected->str);
    g_string_free(expected, TRUE);
}

/* One random load; `pad` rows of a key outside make the body large. */
static void unique_round(Oracle *o, int round)
{
    GString *body = g_string_new(NULL);
    bool merge = round % 3 == 1, hidden = round % 3 == 2;
    int n = g_random_int_range(1, 30), filler = round % 5 == 4 ? 90000 : 0;
    for (int i = 0; i < filler; i++) { /* a row that the next one of its key replaces */
        g_string_append_printf(body, "0,%d,0,%d%s\n", i, -1000000 + i, merge ? ",0" : hidden ? ",0" : "");
        oracle_apply(o, 0, i, 0, -1000000 + i, false);
    }
    for (int i = 0; i < n; i++) {
        int key = g_random_int_range(0, KEYS + 1), value = g_random_int_range(0, 1000),
            sequence = g_random_int_range(0, 50);
        bool delete = (merge || hidden) && g_random_int_range(0, 4) == 0;
        g_autofree char *key_text = key == KEYS ? g_strdup("\\N") : g_strdup_printf("%d", key);
        g_string_append_printf(body, "%s,%d,%d,%d", key_text, value, i, sequence);
        g_string_append(body, merge || hidden ? (delete ? ",1\n" : ",0\n") : "\n");
        oracle_apply(o, key, value, i, sequence, delete);
    }
    const char *headers = merge ? "column_separator:,\ncolumns:k,v,w,s,flag\nmerge_type:MERGE\ndelete:flag=1"
                          : hidden ? "column_separator:,\nhidden_columns:__DORIS_DELETE_SIGN__"
                                   : "column_separator:,";
    fixture_load(&f, o->table, headers, body->str);
    g_string_free(body, TRUE);
    oracle_check(o);
}

static void run_unique(const char *name, bool sequence)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, name, CATALOG_UNIQUE,
                                               sequence ? "k:BIGINT:key v:INTEGER w:INTEGER s:INTEGER:seq"
                                                        : "k:BIGINT:key v:INTEGER w:INTEGER s:INTEGER");
    Oracle o = {.table = t, .sequence = sequence};
    for (int key = 0; key <= KEYS; key++) {
        o.rows[key].dead_sequence = G_MININT;
    }
    for (int round = 0; round < 40; round++) {
        unique_round(&o, round);
    }
}

static void test_unique(void)
{
    run_unique("uniq", false);
}

static void test_unique_sequence(void)
{
    run_unique("uniqseq", true);
}

static void test_partial(void)
{
    g_autoptr(CatalogTable) t =
        fixture_create(&f, "part", CATALOG_UNIQUE, "k:BIGINT:key:notnull a:INTEGER b:VARCHAR c:DOUBLE");
    fixture_load(&f, t, "column_separator:,", "1,10,x,1.5\n2,20,y,2.5\n");
    fixture_load(&f, t, "column_separator:,\npartial_columns:true\ncolumns:k,b",
                 "1,changed\n3,new\n1,twice\n");
    fixture_expect(&f, "SELECT k, a, b, c FROM d.part ORDER BY k", "1,10,twice,1.5|2,20,y,2.5|3,~,new,~");
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_try(
        &f, t, "column_separator:,\npartial_columns:true\ncolumns:k,b\npartial_update_new_key_behavior:ERROR",
        "1,z\n9,new\n", -1, &result, &error));
    g_assert_nonnull(strstr(error->message, "append new rows in partial update"));
    intake_result_clear(&result);
    g_clear_error(&error);
    g_assert_false(fixture_try(&f, t, "column_separator:,\npartial_columns:true\ncolumns:a,b", "1,z\n", -1,
                               &result, &error));
    g_assert_nonnull(strstr(error->message, "key columns"));
    intake_result_clear(&result);
    fixture_expect(&f, "SELECT k, b FROM d.part ORDER BY k", "1,twice|2,y|3,new");
}

static void test_delete_type(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "del", CATALOG_UNIQUE, "k:BIGINT:key v:INTEGER");
    fixture_load(&f, t, "column_separator:,", "1,1\n2,2\n3,3\n");
    fixture_load(&f, t, "column_separator:,\nmerge_type:DELETE\ncolumns:k", "1\n3\n");
    fixture_expect(&f, "SELECT k, v FROM d.del", "2,2");
    g_autoptr(CatalogTable) dup = fixture_create(&f, "deldup", CATALOG_DUPLICATE, "k:BIGINT v:INTEGER");
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture_try(&f, dup, "merge_type:DELETE", "1\t2\n", -1, &result, &error));
    g_assert_nonnull(strstr(error->message, "only supported in unique tables"));
    intake_result_clear(&result);
}

/* ---- aggregate
 * ------------------------------------------------------------------------------------------------------- */

typedef struct {
    bool there, has_replace, has_if;
    gint64 sum;
    int min, max, replace, if_not_null;
} Sums;

static void test_aggregate(void)
{
    g_autoptr(CatalogTable) t =
        fixture_create(&f, "agg", CATALOG_AGGREGATE,
                       "k:INTEGER:key g:VARCHAR:key s:BIGINT:sum lo:INTEGER:min hi:INTEGER:max "
                       "r:INTEGER:replace i:INTEGER:replace_if_not_null");
    Sums sums[20] = {0};
    for (int round = 0; round < 40; round++) {
        GString *body = g_string_new(NULL);
        int n = round % 8 == 7 ? 60000 : g_random_int_range(1, 50);
        for (int i = 0; i < n; i++) {
            int key = g_random_int_range(0, 20), v = g_random_int_range(-100, 100);
            bool no_replace = g_random_int_range(0, 3) == 0, no_if = g_random_int_range(0, 2) == 0;
            g_autofree char *replace = no_replace ? g_strdup("\\N") : g_strdup_printf("%d", v),
                            *if_text = no_if ? g_strdup("\\N") : g_strdup_printf("%d", v);
            g_string_append_printf(body, "%d,%s,%d,%d,%d,%s,%s\n", key / 2, key % 2 ? "\\N" : "g", v, v, v,
                                   replace, if_text);
            Sums *s = &sums[key];
            s->min = s->there ? MIN(s->min, v) : v;
            s->max = s->there ? MAX(s->max, v) : v;
            s->sum += v;
            s->has_replace = !no_replace;
            s->replace = v;
            if (!no_if) {
                s->has_if = true;
                s->if_not_null = v;
            }
            s->there = true;
        }
        fixture_load(&f, t, "column_separator:,", body->str);
        g_string_free(body, TRUE);
        GString *expected = g_string_new(NULL);
        for (int key = 0; key < 20; key++) {
            const Sums *s = &sums[key];
            if (s->there) {
                g_autofree char *replace = s->has_replace ? g_strdup_printf("%d", s->replace) : g_strdup("~");
                g_autofree char *if_text = s->has_if ? g_strdup_printf("%d", s->if_not_null) : g_strdup("~");
                g_string_append_printf(expected, "%s%d,%s,%" G_GINT64_FORMAT ",%d,%d,%s,%s",
                                       expected->len ? "|" : "", key / 2, key % 2 ? "~" : "g", s->sum, s->min,
                                       s->max, replace, if_text);
            }
        }
        fixture_expect(&f, "SELECT k, g, s, lo, hi, r, i FROM d.agg ORDER BY k, g NULLS LAST", expected->str);
        g_string_free(expected, TRUE);
    }
}

static void test_insert_by_key(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "ins", CATALOG_UNIQUE, "k:BIGINT:key v:VARCHAR");
    static const char *const COLUMNS[] = {"k", "v", NULL};
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 2; i++) {
        g_assert_true(
            intake_insert(f.intake, t, COLUMNS,
                          i ? "SELECT i, 'sel' FROM range(3) r(i)" : "VALUES (1, 'a'), (2, 'b'), (1, 'c')",
                          NULL, 0, NULL, NULL, "u", &result, &error));
        g_assert_no_error(error);
        intake_result_clear(&result);
        fixture_expect(&f, "SELECT k, v FROM d.ins ORDER BY k", i ? "0,sel|1,sel|2,sel" : "1,c|2,b");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture_start(&f);
    g_test_add_func("/models/unique: the latest row of a key, NULL keys included", test_unique);
    g_test_add_func("/models/unique with a sequence: the greatest, deleted keys stay deleted",
                    test_unique_sequence);
    g_test_add_func("/models/partial updates keep the other columns", test_partial);
    g_test_add_func("/models/merge type DELETE", test_delete_type);
    g_test_add_func("/models/aggregate: five functions", test_aggregate);
    g_test_add_func("/models/SQL inserts follow the model", test_insert_by_key);
    int code = g_test_run();
    fixture_stop(&f);
    return code;
}
