/* Column-level lineage, case by case (lineage_cases.txt), through a whole project. */
#include <glib/gstdio.h>

#include "base/fs.h"
#include "catalog/catalog_int.h"

#define CASES_FILE "lineage_cases.txt"

typedef struct {
    char *title, *sql, *expected;
} Case;

static void free_case(gpointer data)
{
    Case *c = data;
    g_free(c->title);
    g_free(c->sql);
    g_free(c->expected);
    g_free(c);
}

static const char tables_yml[] = "tables:\n"
                                 "  - name: t\n"
                                 "    columns:\n"
                                 "      - {name: id, type: bigint}\n"
                                 "      - {name: k, type: bigint}\n"
                                 "      - {name: a, type: bigint}\n"
                                 "      - {name: b, type: bigint}\n"
                                 "      - {name: c, type: bigint}\n"
                                 "      - {name: name, type: varchar}\n"
                                 "      - {name: l, type: 'bigint[]'}\n"
                                 "      - {name: st, type: 'struct(f bigint, g varchar)'}\n"
                                 "      - {name: ts, type: timestamp}\n"
                                 "      - {name: d, type: date}\n"
                                 "  - name: u\n"
                                 "    columns:\n"
                                 "      - {name: k, type: bigint}\n"
                                 "      - {name: x, type: bigint}\n"
                                 "      - {name: y, type: bigint}\n"
                                 "      - {name: uts, type: timestamp}\n"
                                 "      - {name: name, type: varchar}\n"
                                 "  - name: e\n"
                                 "    columns:\n"
                                 "      - {name: id, type: bigint}\n"
                                 "      - {name: boss, type: bigint}\n"
                                 "      - {name: pay, type: bigint}\n";

static char *cases_path(void)
{
    return g_build_filename(g_getenv("WEIR_TEST_DIR") ? g_getenv("WEIR_TEST_DIR") : ".", CASES_FILE, NULL);
}

static GPtrArray *read_cases(char **ret_head)
{
    g_autofree char *path = cases_path();
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    GPtrArray *cases = g_ptr_array_new_with_free_func(free_case);
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) blocks = g_strsplit(text, "=== ", -1);
    *ret_head = g_strdup(blocks[0]);
    for (size_t i = 1; blocks[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(blocks[i], "---\n", 2);
        char *newline = strchr(parts[0], '\n');
        Case *c = g_new0(Case, 1);
        c->title = g_strndup(parts[0], (gsize)(newline - parts[0]));
        c->sql = g_strchomp(g_strdup(newline + 1));
        c->expected = g_strdup(parts[1] ? parts[1] : "");
        g_ptr_array_add(cases, c);
    }
    return cases;
}

static void put(const char *root, const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *dir = g_path_get_dirname(full);
    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

static char *make_project(const GPtrArray *cases)
{
    char *root = g_dir_make_tmp("weir-lineage-XXXXXX", NULL);
    put(root, "weir.yml", "name: lineage\n");
    put(root, "domains/m/tables.yml", tables_yml);
    for (guint i = 0; i < cases->len; i++) {
        const Case *c = g_ptr_array_index(cases, i);
        g_autofree char *path = g_strdup_printf("domains/m/models/case_%03u.sql", i);
        put(root, path, c->sql);
    }
    return root;
}

/* ---- what was found, as text ------------------------------------------------------------------------ */

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void append_origins(GString *out, const char *label, GPtrArray *origins)
{
    g_ptr_array_sort(origins, by_text);
    g_string_append_printf(out, "%s:", label);
    for (guint i = 0; i < origins->len; i++) {
        g_string_append_printf(out, "%s %s", i ? "," : "", (const char *)g_ptr_array_index(origins, i));
    }
    g_string_append_c(out, '\n');
}

static char *origin_text(const CatalogEdge *edge, bool with_how)
{
    const char *column = edge->from_column ? edge->from_column : "*";
    return with_how ? g_strdup_printf("%s.%s %s", edge->from->name, column, edge->how)
                    : g_strdup_printf("%s.%s", edge->from->name, column);
}

static void append_object(GString *out, const CatalogSnapshot *snapshot, const CatalogObject *object)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(snapshot, object, NULL);
    g_autoptr(GPtrArray) filters = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < object->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, i);
        g_autoptr(GPtrArray) origins = g_ptr_array_new_with_free_func(g_free);
        for (guint e = 0; e < edges->len; e++) {
            const CatalogEdge *edge = g_ptr_array_index(edges, e);
            if (g_strcmp0(edge->to_column, column->name) == 0) {
                g_ptr_array_add(origins, origin_text(edge, true));
            }
        }
        g_autofree char *label = g_strdup_printf("%s %s", column->name, column->type);
        append_origins(out, label, origins);
    }
    for (guint e = 0; e < edges->len; e++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, e);
        if (edge->from_column && !edge->to_column) {
            g_assert_cmpstr(edge->how, ==, "filter");
            g_ptr_array_add(filters, origin_text(edge, false));
        }
    }
    if (filters->len) {
        append_origins(out, "filter", filters);
    }
}

static void append_errors(GString *out, const BaseDiags *diags, const char *file)
{
    for (size_t i = 0; i < base_diags_length(diags); i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        if (g_strcmp0(diag->file, file) == 0) {
            g_auto(GStrv) lines = g_strsplit(diag->message, "\n", 2);
            g_string_append_printf(out, "error W%d %u:%u: %s", diag->code, diag->line, diag->column,
                                   lines[0]);
            g_string_append_printf(out, "%s%s\n", diag->hint ? " | " : "", diag->hint ? diag->hint : "");
        }
    }
}

static char *found_text(const CatalogSnapshot *snapshot, const BaseDiags *diags, guint i)
{
    g_autofree char *id = g_strdup_printf("model:m.case_%03u", i);
    g_autofree char *file = g_strdup_printf("domains/m/models/case_%03u.sql", i);
    GString *out = g_string_new(NULL);
    const CatalogObject *object = catalog_by_id(snapshot, id);
    if (object) {
        append_object(out, snapshot, object);
    }
    append_errors(out, diags, file);
    return g_string_free(out, FALSE);
}

/* ---- tests ------------------------------------------------------------------------------------------------
 */

typedef struct {
    Engine *engine;
    EngineConn *conn;
} Fixture;

static void open_engine(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.threads = 1};
    fixture->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    fixture->conn = engine_connect(fixture->engine, &error);
    g_assert_no_error(error);
}

static void close_engine(Fixture *fixture)
{
    engine_disconnect(fixture->conn);
    engine_unref(fixture->engine);
}

static void test_cases(void)
{
    g_autofree char *head = NULL;
    g_autoptr(GPtrArray) cases = read_cases(&head);
    g_autofree char *root = make_project(cases);
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(GError) error = NULL;
    Fixture fixture;
    open_engine(&fixture);
    g_autoptr(CatalogSnapshot) snapshot = catalog_load(root, fixture.conn, NULL, diags, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(cases->len, >=, 60);
    g_autoptr(GString) all = g_string_new(head);
    guint wrong = 0;
    for (guint i = 0; i < cases->len; i++) {
        const Case *c = g_ptr_array_index(cases, i);
        g_autofree char *found = found_text(snapshot, diags, i);
        g_string_append_printf(all, "=== %s\n%s\n---\n%s", c->title, c->sql, found);
        if (!g_str_equal(found, c->expected)) {
            g_test_message("%s\n%s\nexpected:\n%sfound:\n%s", c->title, c->sql, c->expected, found);
            wrong++;
        }
    }
    g_autofree char *path = cases_path();
    if (g_getenv("REGEN")) {
        g_assert_true(g_file_set_contents(path, all->str, -1, NULL));
    } else {
        g_assert_cmpuint(wrong, ==, 0);
    }
    g_assert_true(base_fs_remove_tree(root, NULL));
    close_engine(&fixture);
}

/* Functions of the engine that are aggregates, or can only be windows. */
static void test_aggregates_are_the_engines(void)
{
    Fixture fixture;
    g_autoptr(GError) error = NULL;
    open_engine(&fixture);
    g_autoptr(json_t) rows = engine_query_json(
        fixture.conn,
        "SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE function_type = 'aggregate' AND "
        "function_name NOT IN ('cume_dist', 'dense_rank', 'fill', 'first_value', 'lag', 'last_value', "
        "'lead', "
        "'nth_value', 'ntile', 'percent_rank', 'rank', 'rank_dense', 'row_number')",
        NULL, 0, 10000, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(rows), >, 60);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const char *name = base_json_string(row, "name", "");
        if (!catalog_is_aggregate(name)) {
            g_test_message("%s is an aggregate of the engine", name);
            g_test_fail();
        }
    }
    g_assert_false(catalog_is_aggregate("upper"));
    close_engine(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/catalog/lineage/cases", test_cases);
    g_test_add_func("/catalog/lineage/aggregates_are_the_engines", test_aggregates_are_the_engines);
    return g_test_run();
}
