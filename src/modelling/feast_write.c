/* Files of the new project: one for each object. What Weir finds wrong in them is taken out again and listed,
 * until nothing is wrong. */
#include <glib/gstdio.h>

#include "modelling/feast_int.h"

static const char *folder_of(const FeastNode *node)
{
    return g_str_equal(node->section, "feature_views")      ? "views"
           : g_str_equal(node->section, "feature_services") ? "services"
                                                            : node->section;
}

static void put_object(GString *out, const char *section, const json_t *definition)
{
    const char *key, *start = "  - ";
    json_t *value;
    g_string_append_printf(out, "%s:\n", section);
    json_object_foreach ((json_t *)(guintptr)definition, key, value) {
        import_put_key(out, start, key, value);
        start = "    ";
    }
}

static bool write_node(FeastImport *import, FeastNode *node, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (node->left) {
        g_autofree char *path = node->written ? g_build_filename(import->out, node->written, NULL) : NULL;
        (void)(path && g_unlink(path) != 0); /* it may not have been written yet */
        g_clear_pointer(&node->written, g_free);
        return true;
    }
    if (node->source) {
        put_object(text, "sources", node->source);
    }
    put_object(text, node->section, node->definition);
    if (!node->written) {
        node->written = g_strdup_printf("domains/%s/%s/%s.yml", node->domain, folder_of(node), node->name);
    }
    return import_write_text(import->out, node->written, text->str, error);
}

static bool write_project(FeastImport *import, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *name = base_json_string(json_array_get(import->domains, 0), "name", "feast");
    g_string_append_printf(text, "name: %s\ntimezone: UTC\n", name);
    if (json_array_size(import->domains) > 0) {
        import_put_key(text, "", "domains", import->domains);
    }
    return import_write_text(import->out, "weir.yml", text->str, error) &&
           import_write_text(import->out, ".gitignore", ".weir/\n", error);
}

static FeastNode *node_of_file(const FeastImport *import, const char *file)
{
    for (guint i = 0; i < import->nodes->len; i++) {
        FeastNode *node = g_ptr_array_index(import->nodes, i);
        if (node->written && g_strcmp0(node->written, file) == 0) {
            return node;
        }
    }
    return NULL;
}

/* true in *ret_any when something had to be taken out. */
static bool judge(FeastImport *import, EngineConn *conn, bool *ret_any, GError **error)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot = catalog_load(import->out, conn, NULL, diags, error);
    *ret_any = false;
    for (size_t i = 0; snapshot && i < base_diags_length(diags); i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        FeastNode *node = diag->severity == BASE_DIAG_ERROR ? node_of_file(import, diag->file) : NULL;
        if (node && !node->left) {
            node->left = *ret_any = true;
            feast_left(import, node->name, "%s", diag->message);
        }
    }
    for (size_t i = 0; snapshot && !*ret_any && i < base_diags_length(diags); i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        if (diag->severity == BASE_DIAG_ERROR) { /* of no object: nothing can be taken out for it */
            feast_left(import, diag->file ? diag->file : "weir.yml", "%s", diag->message);
        }
    }
    return snapshot != NULL;
}

bool feast_write(FeastImport *import, GError **error)
{
    g_autoptr(Engine) engine = NULL;
    g_autoptr(EngineConn) conn = import_parser(&engine, error);
    bool any = true;
    if (!conn || !write_project(import, error)) {
        return false;
    }
    while (any) {
        for (guint i = 0; i < import->nodes->len; i++) {
            if (!write_node(import, g_ptr_array_index(import->nodes, i), error)) {
                return false;
            }
        }
        if (!judge(import, conn, &any, error)) {
            return false;
        }
    }
    for (guint i = 0; i < import->nodes->len; i++) {
        const FeastNode *node = g_ptr_array_index(import->nodes, i);
        if (!node->left) {
            json_array_append_new(import->files, json_string(node->written));
        }
    }
    return true;
}
