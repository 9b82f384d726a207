/* What was used, put where the rules of use look for it: under the keys that an exported catalog would carry.
 */
#include "standard/look.h"

/* A copy of what is written, with the figures of use; the definition itself is shared and stays as it is. */
static json_t *with_use(StandardCatalog *catalog, const json_t *raw)
{
    json_t *copy = raw != NULL ? json_copy((json_t *)(guintptr)raw) : json_object();
    json_array_append_new(catalog->owned, copy);
    return copy;
}

static void use_column(StandardCatalog *catalog, StandardColumn *column, const json_t *columns)
{
    json_t *raw = with_use(catalog, column->raw);
    base_json_set_int(raw, "queries", base_json_int(columns, column->name, 0));
    column->raw = raw;
}

static void use_table(StandardCatalog *catalog, StandardTable *table, const json_t *use)
{
    const json_t *columns = json_object_get(use, "columns");
    json_t *raw = with_use(catalog, table->raw);
    base_json_set_int(raw, "queries", base_json_int(use, "queries", 0));
    if (json_object_get(use, "span") != NULL && json_object_get(raw, "span") == NULL) {
        json_object_set(raw, "span", json_object_get(use, "span"));
    }
    base_json_set_int(raw, "used_columns", (gint64)json_object_size(columns));
    table->raw = raw;
    table->readers = MAX(table->readers, 0) + (gint64)json_array_size(json_object_get(use, "readers"));
    for (guint c = 0; c < table->columns->len; c++) {
        use_column(catalog, g_ptr_array_index(table->columns, c), columns);
    }
}

void standard_catalog_set_usage(StandardCatalog *catalog, const json_t *usage)
{
    if (catalog->snapshot == NULL) {
        return; /* an export says its own */
    }
    if (!json_is_array(catalog->owned)) {
        json_t *list = json_array();
        if (catalog->owned != NULL) {
            json_array_append_new(list, catalog->owned);
        }
        catalog->owned = list;
    }
    for (guint t = 0; t < catalog->tables->len; t++) {
        StandardTable *table = g_ptr_array_index(catalog->tables, t);
        const json_t *use = table->object != NULL ? json_object_get(usage, table->object->full_name) : NULL;
        if (use != NULL) {
            use_table(catalog, table, use);
        }
    }
}
