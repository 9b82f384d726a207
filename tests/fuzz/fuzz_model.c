/* Any bytes as a model's file: header, body, names, columns, types. Either a model or a complaint comes of
 * it, every complaint stands inside the file, and every edge joins objects that are there. */
#include "catalog/catalog_int.h"
#include "fuzz.h"

#define MAX_INPUT_BYTES 16384

static const char table_yml[] =
    "tables:\n  - name: t\n    columns:\n      - {name: a, type: bigint}\n"
    "      - {name: b, type: varchar}\n      - {name: ts, type: timestamp}\n"
    "  - name: u\n    columns: [{name: a, type: bigint}, {name: x, type: double}]\n";

static Engine *engine;
static EngineConn *conn;

/* The engine keeps pointers in arenas of its own, where a leak checker cannot see them: all is closed before
 * it looks. */
static void disconnect(void)
{
    engine_disconnect(conn);
    engine_unref(engine);
}

static EngineConn *connection(void)
{
    if (!conn) {
        g_autoptr(GError) error = NULL;
        EngineOptions options = {.threads = 1};
        engine = engine_open(&options, &error);
        conn = engine ? engine_connect(engine, &error) : NULL;
        if (!conn) {
            g_error("no engine: %s", error->message);
        }
        g_assert_cmpint(atexit(disconnect), ==, 0);
    }
    return conn;
}

static void check_places(const BaseDiags *diags, unsigned lines)
{
    for (size_t i = 0; i < base_diags_length(diags); i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        if (diag->file && (diag->line < 1 || diag->line > lines + 1 || diag->column < 1)) {
            g_error("a complaint stands outside of the file: %u:%u %s", diag->line, diag->column,
                    diag->message);
        }
    }
}

static void check_edges(const CatalogSnapshot *snapshot)
{
    for (guint i = 0; i < snapshot->edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(snapshot->edges, i);
        if (catalog_by_id(snapshot, edge->from->id) != edge->from ||
            catalog_by_id(snapshot, edge->to->id) != edge->to) {
            g_error("an edge joins what is not there");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MAX_INPUT_BYTES || memchr(data, '\0', size) ||
        !g_utf8_validate((const char *)data, (gssize)size, NULL)) {
        return 0; /* refused before it comes so far */
    }
    unsigned lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_file_unref);
    g_ptr_array_add(files, catalog_file_new("domains/d/t.yml", g_strdup(table_yml), strlen(table_yml)));
    g_ptr_array_add(files, catalog_file_new("domains/d/m.sql", g_strndup((const char *)data, size), size));
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot = catalog_load_files(files, connection(), NULL, false, diags);
    check_places(diags, lines);
    check_edges(snapshot);
    if (!catalog_by_id(snapshot, "model:d.m") && base_diags_count(diags, BASE_DIAG_ERROR) == 0) {
        g_error("no model and no complaint");
    }
    return 0;
}
