/* The keys of definitions as data: what `weir explain KIND` and the reference page show. Made from the table
 * of kinds.c, so a key cannot be known to the parser and unknown to the page. */
#include "catalog/catalog_int.h"

#define MAX_DEPTH 4 /* a shape may hold itself (conditions) */

static const char *type_text(CatalogKeyType type)
{
    const char *form = catalog_form_doc(type);
    if (form) {
        return form;
    }
    switch (type) {
    case CATALOG_KEY_NAME:
        return "name";
    case CATALOG_KEY_TEXT:
        return "text";
    case CATALOG_KEY_LABEL:
        return "text or {en, zh}";
    case CATALOG_KEY_LABELS:
        return "texts or {en, zh}";
    case CATALOG_KEY_TEXTS:
        return "text or list of texts";
    case CATALOG_KEY_INT:
        return "integer";
    case CATALOG_KEY_REAL:
        return "number";
    case CATALOG_KEY_BOOL:
        return "true or false";
    case CATALOG_KEY_DURATION:
        return "duration";
    case CATALOG_KEY_SPAN:
        return "duration or number of intervals";
    case CATALOG_KEY_SCHEDULE:
        return "schedule";
    case CATALOG_KEY_WORD:
        return "word";
    case CATALOG_KEY_TYPE:
        return "column type";
    case CATALOG_KEY_SQL:
        return "SQL expression";
    case CATALOG_KEY_REF:
        return "reference";
    case CATALOG_KEY_REFS:
        return "reference or list of them";
    case CATALOG_KEY_TARGET:
        return "table, tag:x, layer:x or domain:x";
    case CATALOG_KEY_SELECT:
        return "SELECT";
    case CATALOG_KEY_WATCHED:
        return "table, domain:x, layer:x, grade:x, owner:x or list of them";
    case CATALOG_KEY_GRANTED:
        return "*, domain:x, layer:x, tag:x, table:x or product:x";
    case CATALOG_KEY_RIGHTS:
        return "list of {right: object}";
    case CATALOG_KEY_MASK:
        return "word, SQL expression or {column: mask}";
    case CATALOG_KEY_DENIED:
        return "true, column or list of columns";
    case CATALOG_KEY_WORDS:
        return "word or list of words";
    case CATALOG_KEY_NAMED:
        return "map of names";
    case CATALOG_KEY_FEATURES:
        return "view, view:feature or list of them";
    case CATALOG_KEY_MAP:
        return "map";
    case CATALOG_KEY_MAPS:
        return "list of maps";
    case CATALOG_KEY_ROWS:
        return "list of lists of maps";
    case CATALOG_KEY_CHECKS:
        return "list of checks";
    case CATALOG_KEY_COLUMN:
        return "column";
    case CATALOG_KEY_COLUMNS:
        return "column or list of columns";
    default:
        return "any";
    }
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
