/* Any bytes as YAML: nothing but a tree or diagnostics, places inside the file, and JSON of every tree. */
#include "base/yaml.h"
#include "fuzz.h"

static void check_places(const BaseYaml *node, unsigned lines)
{
    if (node->line < 1 || node->line > lines || node->column < 1) {
        g_error("a node stands outside of the file: %u:%u", node->line, node->column);
    }
    for (guint i = 0; node->items != NULL && i < node->items->len; i++) {
        check_places(g_ptr_array_index(node->items, i), lines);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    unsigned lines = 2; /* an end mark may stand behind the last line */
    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n' ? 1 : 0;
    }
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseYaml) root = base_yaml_parse(text, size, "fuzz.yml", 0, 0, diags);
    if (root == NULL && base_diags_count(diags, BASE_DIAG_ERROR) == 0) {
        g_error("no tree and no error");
    }
    if (root != NULL) {
        check_places(root, lines);
        g_autoptr(json_t) json = base_yaml_to_json(root);
        g_autofree char *out = base_json_text(json);
    }
    return 0;
}
