/* What reading found is kept by content: never another result than without it, and no file of it can hurt. */
#include "catalog/cache_int.h"
#include "catalog/store.h"
#include "catalog_test.h"

static void put_files(const Fixture *f, const char *second_column)
{
    g_autofree char *tables =
        g_strdup_printf("tables:\n  - name: t\n    columns:\n      - {name: id, type: bigint}\n"
                        "      - {name: %s, type: double}\n      - {name: ts, type: timestamp}\n",
                        second_column);
    put(f, "weir.yml", "name: p\n");
    put(f, "domains/d/t.yml", tables);
    put(f, "domains/d/a.sql",
        "WITH b AS (SELECT id, v, ts FROM t WHERE ts >= $start AND ts < $end)\n"
        "SELECT id, sum(v) AS s, count(*) AS n, max(ts)::DATE AS day FROM b GROUP BY id\n");
    put(f, "domains/d/c.sql", "SELECT a.*, d.t.ts FROM d.a JOIN d.t USING (id) ORDER BY n\n");
}

/* All that a reader of the catalog can ask of models. */
static char *all_of(const CatalogSnapshot *snapshot)
{
    GString *out = g_string_new(NULL);
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        g_string_append_printf(out, "%s\n", object->id);
        for (guint k = 0; object->columns && k < object->columns->len; k++) {
            const CatalogColumn *column = g_ptr_array_index(object->columns, k);
            g_string_append_printf(out, "  %s %s\n", column->name, column->type);
        }
        if (object->model) {
            g_string_append_printf(out, "  %d %s\n", object->model->uses_interval,
                                   object->model->sql_resolved);
        }
        g_autoptr(GPtrArray) edges = catalog_lineage_up(snapshot, object, NULL);
        for (guint k = 0; k < edges->len; k++) {
            const CatalogEdge *edge = g_ptr_array_index(edges, k);
            g_string_append_printf(out, "  %s.%s -%s-> %s\n", edge->from->id,
                                   edge->from_column ? edge->from_column : "", edge->how,
                                   edge->to_column ? edge->to_column : "");
        }
    }
    return g_string_free(out, FALSE);
}

static void test_what_is_kept_gives_the_same(void)
{
    Fixture f;
    fixture_open(&f);
    put_files(&f, "v");
    put_music(&f);
    catalog_cache_forget();
    g_autoptr(CatalogSnapshot) fresh = load_good(&f);
    g_autoptr(CatalogSnapshot) kept = load_good(&f);
    g_autofree char *a = all_of(fresh), *b = all_of(kept);
    g_assert_cmpstr(a, ==, b);
    g_assert_nonnull(strstr(a, "table:d.t.v -aggregated-> s"));
    fixture_close(&f);
}

static void test_a_change_below_is_seen(void)
{
    Fixture f;
    fixture_open(&f);
    put_files(&f, "v");
    catalog_cache_forget();
    g_autoptr(CatalogSnapshot) before = load_good(&f);
    put_files(&f, "w"); /* the models' texts stay */
    for (int i = 0; i < 2; i++) {
        g_autoptr(BaseDiags) diags = base_diags_new();
        g_autoptr(CatalogSnapshot) after = load(&f, diags);
        g_assert_cmpuint(base_diags_length(diags), ==, 1); /* told each time */
        g_assert_cmpint(base_diags_get(diags, 0)->code, ==, BASE_E_COLUMN_UNKNOWN);
        g_assert_null(catalog_by_id(after, "model:d.a"));
    }
    put_files(&f, "v");
    put(&f, "domains/d/t.yml",
        "tables:\n  - name: t\n    columns:\n      - {name: id, type: varchar}\n"
        "      - {name: v, type: bigint}\n      - {name: ts, type: timestamp}\n");
    g_autoptr(CatalogSnapshot) typed = load_good(&f);
    const CatalogColumn *id = g_ptr_array_index(object(typed, "model:d.c")->columns, 0);
    g_assert_cmpstr(id->type, ==, "VARCHAR");
    fixture_close(&f);
}

static void test_a_name_that_means_another_table_is_seen(void)
{
    Fixture f;
    fixture_open(&f);
    put_files(&f, "v");
    catalog_cache_forget();
    g_autoptr(CatalogSnapshot) before = load_good(&f);
    put(&f, "domains/e/m.sql", "SELECT id FROM t\n");
    g_autoptr(CatalogSnapshot) other = load_good(&f);
    g_assert_true(has_edge(other, "table:d.t", "id", "model:e.m", "id"));
    put(&f, "domains/e/t.sql", "SELECT 1::SMALLINT AS id\n");
    g_autoptr(CatalogSnapshot) after = load_good(&f);
    g_assert_true(has_edge(after, "model:e.t", "id", "model:e.m", "id"));
    g_assert_false(has_edge(after, "table:d.t", "id", "model:e.m", "id"));
    fixture_close(&f);
}

static char *cache_file(const Fixture *f)
{
    return g_build_filename(f->root, ".weir", "catalog.cache", NULL);
}

static void keep(const Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = g_build_filename(f->root, ".weir", NULL);
    g_autoptr(CatalogStore) store = catalog_store_open(data, &error);
    g_assert_no_error(error);
    g_assert_true(catalog_store_keep(store, &error));
}

/* A project that was read and whose file was written; nothing is known in memory. */
typedef struct {
    Fixture f;
    char *path, *bytes, *all; /* of the file; all that the project says */
    gsize len;
} Kept;

static void kept_open(Kept *kept)
{
    fixture_open(&kept->f);
    put_files(&kept->f, "v");
    catalog_cache_forget();
    g_autoptr(CatalogSnapshot) fresh = load_good(&kept->f);
    kept->all = all_of(fresh);
    keep(&kept->f);
    kept->path = cache_file(&kept->f);
    g_assert_true(g_file_get_contents(kept->path, &kept->bytes, &kept->len, NULL));
    catalog_cache_forget();
}

static void kept_close(Kept *kept)
{
    g_free(kept->path);
    g_free(kept->bytes);
    g_free(kept->all);
    fixture_close(&kept->f);
}

/* Reading it again says the same. */
static void assert_same(const Kept *kept)
{
    g_autoptr(CatalogSnapshot) again = load_good(&kept->f);
    g_autofree char *all = all_of(again);
    g_assert_cmpstr(kept->all, ==, all);
}

static void test_the_file_brings_it_to_the_next_start(void)
{
    Kept kept;
    kept_open(&kept);
    g_autofree char *after = NULL;
    gsize after_len;
    catalog_cache_load(kept.path);
    assert_same(&kept);
    g_assert_cmpint(g_remove(kept.path), ==, 0);
    keep(&kept.f); /* all was known: nothing new to write */
    g_assert_false(g_file_get_contents(kept.path, &after, &after_len, NULL));
    kept_close(&kept);
}

static void test_a_damaged_file_is_as_none(void)
{
    Kept kept;
    kept_open(&kept);
    for (gsize cut = 0; cut < kept.len + 8; cut += MAX(1, kept.len / 40)) {
        g_autofree char *bytes = g_memdup2(kept.bytes, kept.len);
        gsize n = MIN(cut, kept.len - 1);
        bool flip = cut % 2;
        bytes[n] ^= 0x40;
        catalog_cache_forget();
        g_assert_true(g_file_set_contents(kept.path, bytes, (gssize)(flip ? kept.len : n), NULL));
        catalog_cache_load(kept.path);
        assert_same(&kept);
    }
    kept_close(&kept);
}

/* A value that is not what is looked for there (a collision, a bug of a former version) is read anew. */
static void test_a_value_that_does_not_fit_is_not_taken(void)
{
    Kept kept;
    kept_open(&kept);
    for (gsize at = 24; at + 44 <= kept.len;) { /* every value cut in half under its own key */
        const char *whole = kept.bytes;
        guint32 bytes;
        memcpy(&bytes, whole + at + CATALOG_CACHE_KEY_BYTES, sizeof bytes);
        g_autofree char *key = g_strndup(whole + at, CATALOG_CACHE_KEY_BYTES);
        g_autofree char *text = g_strndup(whole + at + 44, bytes);
        if (!strchr(text, '\t')) { /* types are text */
            catalog_cache_put(key, g_bytes_new(whole + at + 44, bytes / 2));
        }
        at += 44 + bytes;
    }
    assert_same(&kept);
    kept_close(&kept);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/catalog/cache/what is kept gives the same", test_what_is_kept_gives_the_same);
    g_test_add_func("/catalog/cache/a change below is seen", test_a_change_below_is_seen);
    g_test_add_func("/catalog/cache/a name that means another table is seen",
                    test_a_name_that_means_another_table_is_seen);
    g_test_add_func("/catalog/cache/the file brings it to the next start",
                    test_the_file_brings_it_to_the_next_start);
    g_test_add_func("/catalog/cache/a damaged file is as none", test_a_damaged_file_is_as_none);
    g_test_add_func("/catalog/cache/a value that does not fit is not taken",
                    test_a_value_that_does_not_fit_is_not_taken);
    return g_test_run();
}
