/* The keys of definitions as data: what `weir explain KIND` and the reference page show. Made from the table
 * of kinds.c, so a key cannot be known to the parser and unknown to the page. */
#include "catalog/catalog_int.h"

#define MAX_DEPTH 4 /* a shape may hold itself (conditions) */

/* Of those whose values have a form: values.c. */
static const char *const TYPES[] = {
    [CATALOG_KEY_NAME] = "name",
    [CATALOG_KEY_TEXT] = "text",
    [CATALOG_KEY_LABEL] = "text or {en, zh}",
    [CATALOG_KEY_LABELS] = "texts or {en, zh}",
    [CATALOG_KEY_TEXTS] = "text or list of texts",
    [CATALOG_KEY_INT] = "integer",
    [CATALOG_KEY_REAL] = "number",
    [CATALOG_KEY_BOOL] = "true or false",
    [CATALOG_KEY_DURATION] = "duration",
    [CATALOG_KEY_SPAN] = "duration or number of intervals",
    [CATALOG_KEY_SCHEDULE] = "schedule",
    [CATALOG_KEY_WORD] = "word",
    [CATALOG_KEY_TYPE] = "column type",
    [CATALOG_KEY_SQL] = "SQL expression",
    [CATALOG_KEY_REF] = "reference",
    [CATALOG_KEY_REFS] = "reference or list of them",
    [CATALOG_KEY_TARGET] = "table, tag:x, layer:x or domain:x",
    [CATALOG_KEY_SELECT] = "SELECT",
    [CATALOG_KEY_WATCHED] = "table, domain:x, layer:x, grade:x, owner:x or list of them",
    [CATALOG_KEY_GRANTED] = "*, domain:x, layer:x, tag:x, table:x or product:x",
    [CATALOG_KEY_RIGHTS] = "list of {right: object}",
    [CATALOG_KEY_MASK] = "word, SQL expression or {column: mask}",
    [CATALOG_KEY_DENIED] = "true, column or list of columns",
    [CATALOG_KEY_WORDS] = "word or list of words",
    [CATALOG_KEY_NAMED] = "map of names",
    [CATALOG_KEY_FEATURES] = "view, view:feature or list of them",
    [CATALOG_KEY_MAP] = "map",
    [CATALOG_KEY_MAPS] = "list of maps",
    [CATALOG_KEY_ROWS] = "list of lists of maps",
    [CATALOG_KEY_CHECKS] = "list of checks",
    [CATALOG_KEY_COLUMN] = "column",
    [CATALOG_KEY_COLUMNS] = "column or list of columns",
    [CATALOG_KEY_ANY] = "any",
};

static const char *type_text(CatalogKeyType type)
{
    const char *form = catalog_form_doc(type);
    return form ? form : (size_t)type < G_N_ELEMENTS(TYPES) && TYPES[type] ? TYPES[type] : "any";
}

static json_t *refs_json(guint32 refs)
{
    json_t *kinds = json_array();
    for (int kind = 0; kind < CATALOG_N_KINDS; kind++) {
        if (refs & (1u << kind)) {
            json_array_append_new(kinds, json_string(catalog_kind_name(kind)));
        }
    }
    return kinds;
}

static json_t *keys_json(const CatalogKey *keys, int depth)
{
    json_t *list = json_array();
    for (const CatalogKey *key = keys; key && key->name; key++) {
        json_t *row = json_pack("{s:s, s:s, s:b, s:s, s:s}", "name", key->name, "type", type_text(key->type),
                                "required", (int)key->required, "doc_en", key->doc_en ? key->doc_en : "",
                                "doc_zh", key->doc_zh ? key->doc_zh : "");
        if (key->words) {
            base_json_set_string(row, "words", key->words);
        }
        if (key->refs) {
            json_object_set_new(row, "refs", refs_json(key->refs));
        }
        if (key->shape && depth < MAX_DEPTH) {
            json_object_set_new(row, "keys", keys_json(key->shape, depth + 1));
        }
        json_array_append_new(list, row);
    }
    return list;
}

json_t *catalog_kind_to_json(CatalogKind kind)
{
    const CatalogKindInfo *info = catalog_kind_info(kind);
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "kind", info->name, "plural", info->plural, "title_en",
                     info->title_en, "title_zh", info->title_zh, "keys", keys_json(info->keys, 0));
}

json_t *catalog_common_keys_to_json(void)
{
    return keys_json(catalog_common_keys, 0);
}

json_t *catalog_project_keys_to_json(void)
{
    return keys_json(catalog_project_keys, 0);
}
