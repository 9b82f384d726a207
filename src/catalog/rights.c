/* What roles may and what policies hide: a word that is not understood here would give no right, or hide a
 * table from everybody, and nobody would be told. */
#include "base/text.h"
#include "catalog/catalog_int.h"

#define SUPER_RIGHT "admin"

/* The last two are kept for parts that ask for them; they give no right to tables. */
static const char *const RIGHTS[] = {"read", "load", "write", "run", SUPER_RIGHT, "ask", "export", NULL};
static const char *const MASKS[] = {"hash", "null", "redact", "partial", NULL};

static void complain_shape(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, const char *message,
                           const char *hint)
{
    BaseDiag *diag = catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "%s", message);
    base_diag_hint(diag, "%s", hint);
}

static bool is_text(const BaseYaml *node)
{
    g_autoptr(json_t) value = base_yaml_to_json(node);
    return json_is_string(value);
}

/* ---- roles ------------------------------------------------------------------------------------------ */

static void check_right(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, const char *word)
{
    for (size_t i = 0; RIGHTS[i]; i++) {
        if (g_ascii_strcasecmp(RIGHTS[i], word) == 0) {
            return;
        }
    }
    BaseDiag *diag = catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` is no right", word);
    const char *nearest = base_text_nearest(word, RIGHTS);
    base_diag_hint(diag, "%s%s%srights are read, load, write, run and admin", nearest ? "did you mean `" : "",
                   nearest ? nearest : "", nearest ? "`? " : "");
}

static void check_granted(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, const char *right,
                          const char *target)
{
    if (g_ascii_strcasecmp(right, SUPER_RIGHT) == 0 && !g_str_equal(target, "*")) {
        complain_shape(build, item, node, "the right admin is on everything or not at all", "{admin: \"*\"}");
    } else {
        catalog_note_target(build, item, CATALOG_KEY_GRANTED, node, target);
    }
}

static void check_targets(CatalogBuild *build, CatalogItem *item, const char *right, const BaseYaml *node)
{
    bool list = node->type == BASE_YAML_LIST;
    for (guint i = 0; i < (list ? node->items->len : 1); i++) {
        const BaseYaml *one = list ? g_ptr_array_index(node->items, i) : node;
        if (one->type == BASE_YAML_SCALAR && is_text(one)) {
            check_granted(build, item, one, right, one->text);
        } else {
            complain_shape(build, item, one, "a right is on something that has a name",
                           "\"*\", domain:NAME, layer:NAME, tag:NAME, table:DOMAIN.NAME or product:NAME");
        }
    }
}

/* {read: "layer:dws"}, {read: [a, b]}, "read layer:dws", or "read" for everything. */
static void check_can(CatalogBuild *build, CatalogItem *item, const BaseYaml *can)
{
    if (can->type == BASE_YAML_SCALAR && is_text(can)) {
        const char *space = strchr(can->text, ' ');
        g_autofree char *right =
            space ? g_strndup(can->text, (gsize)(space - can->text)) : g_strdup(can->text);
        check_right(build, item, can, right);
        if (space) {
            check_granted(build, item, can, right, space + strspn(space, " "));
        }
        return;
    }
    if (can->type != BASE_YAML_MAP) {
        complain_shape(build, item, can, "an entry of `can` is a right", "{read: \"layer:dws\"}, or read");
        return;
    }
    for (guint i = 0; i < can->items->len; i++) {
        const BaseYaml *right = g_ptr_array_index(can->keys, i);
        check_right(build, item, right, right->text);
        check_targets(build, item, right->text, g_ptr_array_index(can->items, i));
    }
}

static void check_rights(CatalogBuild *build, CatalogItem *item, const BaseYaml *node)
{
    if (node->type != BASE_YAML_LIST) {
        complain_shape(build, item, node, "`can` must be a list", "can: [{read: \"layer:dws\"}]");
        return;
    }
    for (guint i = 0; i < node->items->len; i++) {
        check_can(build, item, g_ptr_array_index(node->items, i));
    }
}

/* ---- policies ------------------------------------------------------------------------------------------ */

/* A plain word that is no mask can only be a column, and only where one table is meant. */
static bool is_misspelt(const CatalogItem *item, const BaseYaml *node)
{
    const BaseYaml *on = base_yaml_get(item->yaml, "on", NULL);
    bool word = base_text_is_name(node->text);
    bool single = on && on->type == BASE_YAML_SCALAR && !strpbrk(on->text, ":*");
    return word && (!single || base_text_nearest(node->text, MASKS));
}

static void check_mask(CatalogBuild *build, CatalogItem *item, const BaseYaml *node)
{
    bool null = node->type == BASE_YAML_SCALAR && base_yaml_is_null(node);
    if (null || (node->type == BASE_YAML_SCALAR && g_strv_contains(MASKS, node->text))) {
        return;
    }
    bool text = node->type == BASE_YAML_SCALAR && is_text(node);
    if (text && !is_misspelt(item, node)) {
        catalog_note_sql(build, item, "mask", node, NULL, false);
        return;
    }
    g_autofree char *message = node->type == BASE_YAML_SCALAR ? g_strdup_printf("`%s` is no mask", node->text)
                                                              : g_strdup("this is no mask");
    const char *nearest = text ? base_text_nearest(node->text, MASKS) : NULL;
    g_autofree char *hint = g_strdup_printf("%s%s%shash, null, redact, partial or a SQL expression in quotes",
                                            nearest ? "did you mean `" : "", nearest ? nearest : "",
                                            nearest ? "`? It is one of " : "");
    complain_shape(build, item, node, message, hint);
}

static void check_masks(CatalogBuild *build, CatalogItem *item, const BaseYaml *node)
{
    for (guint i = 0; node->type == BASE_YAML_MAP && i < node->items->len; i++) {
        catalog_note_target(build, item, CATALOG_KEY_DENIED, g_ptr_array_index(node->keys, i), NULL);
        check_mask(build, item, g_ptr_array_index(node->items, i));
    }
    if (node->type != BASE_YAML_MAP) {
        check_mask(build, item, node);
    }
}

static void check_denied(CatalogBuild *build, CatalogItem *item, const BaseYaml *node)
{
    bool all, list = node->type == BASE_YAML_LIST;
    if (node->type == BASE_YAML_SCALAR && base_yaml_to_bool(node, &all)) {
        return;
    }
    for (guint i = 0; i < (list ? node->items->len : 1); i++) {
        const BaseYaml *one = list ? g_ptr_array_index(node->items, i) : node;
        if (one->type == BASE_YAML_SCALAR && is_text(one)) {
            catalog_note_target(build, item, CATALOG_KEY_DENIED, one, NULL);
        } else {
            complain_shape(build, item, one, "`deny` is true, or names columns",
                           "true, or columns of what the policy is on");
        }
    }
}

bool catalog_check_rights(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (key->type == CATALOG_KEY_RIGHTS) {
        check_rights(build, item, node);
    } else if (key->type == CATALOG_KEY_MASK) {
        check_masks(build, item, node);
    } else if (key->type == CATALOG_KEY_DENIED) {
        check_denied(build, item, node);
    } else {
        return false;
    }
    return true;
}
