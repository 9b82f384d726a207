/* A definition as canonical YAML: keys in the order of the table of kinds, one form for each value, so that
 * two files that mean the same give the same text, and a diff shows what changed in meaning only.
 *
 * Lists of maps stand one entry a line in flow form; nested maps are indented blocks. */
#include "catalog/catalog_int.h"

static bool plain_char(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '$' ||
           (guchar)c >= 0x80;
}

/* Words that YAML 1.2 would read as something other than text, or that break the flow form, get quotes. */
static bool needs_quotes(const char *text)
{
    if (!*text || !(g_ascii_isalpha(*text) || *text == '_' || (guchar)*text >= 0x80)) {
        return true;
    }
    static const char *const words[] = {"true", "false", "null",  "True", "False",
                                        "Null", "TRUE",  "FALSE", "NULL", NULL};
    if (g_strv_contains(words, text)) {
        return true;
    }
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (!plain_char(text[i]) && !(text[i] == ' ' && i + 1 < len && text[i + 1] != '#')) {
            return true;
        }
    }
    return false;
}

static void append_scalar(GString *out, const json_t *value)
{
    if (json_is_string(value) && !needs_quotes(json_string_value(value))) {
        g_string_append(out, json_string_value(value));
        return;
    }
    g_autofree char *text = base_json_text(value); /* JSON's quoted strings are YAML's */
    g_string_append(out, text);
}

static void append_flow(GString *out, const CatalogKey *keys, const json_t *value);

static void append_flow_pair(GString *out, const CatalogKey *key, const char *name, const json_t *value,
                             bool *first)
{
    g_string_append(out, *first ? "" : ", ");
    *first = false;
    g_autoptr(json_t) key_text = json_string(name);
    append_scalar(out, key_text);
    g_string_append(out, ": ");
    append_flow(out, key ? key->shape : NULL, value);
}

static void append_flow(GString *out, const CatalogKey *keys, const json_t *value)
{
    if (json_is_array(value)) {
        g_string_append_c(out, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            g_string_append(out, i ? ", " : "");
            append_flow(out, keys, json_array_get(value, i));
        }
        g_string_append_c(out, ']');
        return;
    }
    if (!json_is_object(value)) {
        append_scalar(out, value);
        return;
    }
    g_string_append_c(out, '{');
    bool first = true;
    for (const CatalogKey *key = keys; key && key->name; key++) {
        const json_t *member = json_object_get(value, key->name);
        if (member) {
            append_flow_pair(out, key, key->name, member, &first);
        }
    }
    const char *name;
    json_t *member;
    json_object_foreach ((json_t *)(guintptr)value, name, member) {
        if (!catalog_key_find(keys, NULL, name)) {
            append_flow_pair(out, NULL, name, member, &first);
        }
    }
    g_string_append_c(out, '}');
}

static void append_entry(GString *out, const CatalogKey *key, const char *name, const json_t *value)
{
    g_string_append_printf(out, "%s:", name);
    const CatalogKey *shape = key ? key->shape : NULL;
    bool block = json_is_array(value) && json_array_size(value) > 0 &&
                 !json_is_string(json_array_get(value, 0)) && !json_is_number(json_array_get(value, 0));
    if (!block) {
        g_string_append_c(out, ' ');
        append_flow(out, shape, value);
        g_string_append_c(out, '\n');
        return;
    }
    g_string_append_c(out, '\n');
    for (size_t i = 0; i < json_array_size(value); i++) {
        g_string_append(out, "  - ");
        append_flow(out, shape, json_array_get(value, i));
        g_string_append_c(out, '\n');
    }
}

static void append_keys(GString *out, const CatalogKey *keys, const json_t *definition)
{
    for (const CatalogKey *key = keys; key->name; key++) {
        const json_t *value = json_object_get(definition, key->name);
        if (value) {
            append_entry(out, key, key->name, value);
        }
    }
}

char *catalog_canonical(CatalogKind kind, const json_t *definition)
{
    const CatalogKey *own = catalog_kind_info(kind)->keys;
    GString *out = g_string_new(NULL);
    append_keys(out, catalog_common_keys, definition);
    append_keys(out, own, definition);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(guintptr)definition, name, value) {
        if (!catalog_key_find(own, catalog_common_keys, name)) {
            append_entry(out, NULL, name, value);
        }
    }
    return g_string_free(out, FALSE);
}
