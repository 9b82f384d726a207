/* A catalog from the JSON that another warehouse exports: {"tables": [...], "syncs": [...], ...}. */
#include "base/error.h"
#include "base/text.h"
#include "standard/standard_int.h"

#include <string.h>

/* A list that may hold names alone: the name of an item and, where it is an object, that object. */
static const char *item_name(const json_t *item, const char *key, const json_t **ret_raw)
{
    *ret_raw = json_is_object(item) ? item : NULL;
    return json_is_string(item) ? json_string_value(item) : base_json_string(item, key, "");
}

static void read_columns(StandardCatalog *catalog, StandardTable *table)
{
    const json_t *list = json_object_get(table->raw, "columns");
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (list, i, item) {
        StandardColumn *column = standard_column_new(table);
        column->name = standard_keep(catalog, item_name(item, "name", &column->raw));
        column->type = standard_keep_lower(catalog, standard_raw_text(column->raw, "type"));
        standard_column_read_raw(catalog, column);
    }
    const char *name = NULL;
    json_t *value = NULL;
    json_t *map = json_is_object(list) ? (json_t *)(guintptr)list : NULL;
    json_object_foreach (map, name, value) {
        StandardColumn *column = standard_column_new(table);
        column->name = standard_keep(catalog, name);
        column->raw = json_is_object(value) ? value : NULL;
        column->type = standard_keep_lower(catalog, json_is_string(value) ? json_string_value(value)
                                                                          : standard_raw_text(value, "type"));
        standard_column_read_raw(catalog, column);
    }
}

static bool read_table(StandardCatalog *catalog, const json_t *item, GError **error)
{
    const json_t *raw = NULL;
    const char *name = item_name(item, "name", &raw);
    if (*name == '\0') {
        return base_fail(error, BASE_E_VALUE_INVALID, "a table of the catalog has no name");
    }
    const char *dot = strrchr(name, '.');
    g_autofree char *schema = dot != NULL ? g_strndup(name, (gsize)(dot - name)) : NULL;
    const char *domain = standard_raw_text(raw, "domain");
    StandardTable *table =
        standard_table_new(catalog, dot != NULL ? dot + 1 : name, *domain != '\0' ? domain : schema);
    table->raw = raw;
    standard_table_read_raw(catalog, table);
    const char *sql = standard_raw_text(raw, standard_raw_has(raw, "sql") ? "sql" : "query");
    table->sql = *sql != '\0' ? sql : NULL;
    table->rows = standard_raw_array(raw, "rows");
    read_columns(catalog, table);
    return true;
}

static void link_names(StandardCatalog *catalog, StandardTable *table, const char *key)
{
    const json_t *list = json_object_get(table->raw, key);
    size_t i = 0;
    const json_t *item = NULL;
    if (json_is_string(list)) {
        standard_table_link(standard_table_implied(catalog, json_string_value(list)), table);
    }
    json_array_foreach (list, i, item) {
        const json_t *raw = NULL;
        const char *name = item_name(item, "name", &raw);
        name = *name != '\0' ? name : standard_raw_text(raw, "table");
        if (*name != '\0') {
            standard_table_link(standard_table_implied(catalog, name), table);
        }
    }
}

/* What the SQL reads, where the export does not say it. */
static void link_sql(StandardCatalog *catalog, StandardTable *table)
{
    const StandardSql *sql = standard_sql(table);
    for (guint i = 0; sql->ok && i < sql->tables->len; i++) {
        StandardTable *from = standard_table_implied(catalog, g_ptr_array_index(sql->tables, i));
        if (from != table) {
            standard_table_link(from, table);
        }
    }
}

static void read_reads(StandardCatalog *catalog, StandardTable *table)
{
    static const char *const KEYS[] = {"reads", "inputs", "depends_on", "upstream"};
    bool said = false;
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        said = said || standard_raw_has(table->raw, KEYS[i]);
        link_names(catalog, table, KEYS[i]);
    }
    if (!said && table->sql != NULL) {
        link_sql(catalog, table);
    }
    table->is_model = table->reads->len > 0 || table->sql != NULL;
}

/* [{"from", "to"}] or [["from", "to"]]. */
static void read_edges(StandardCatalog *catalog, const json_t *list)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (list, i, item) {
        const char *from = json_is_array(item) ? json_string_value(json_array_get(item, 0))
                                               : base_json_string(item, "from", NULL);
        const char *to = json_is_array(item) ? json_string_value(json_array_get(item, 1))
                                             : base_json_string(item, "to", NULL);
        if (from != NULL && to != NULL) {
            StandardTable *reader = standard_table_implied(catalog, to);
            standard_table_link(standard_table_implied(catalog, from), reader);
            reader->is_model = true;
        }
    }
}

static bool read_tables(StandardCatalog *catalog, const json_t *list, GError **error)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (list, i, item) {
        if (!read_table(catalog, item, error)) {
            return false;
        }
    }
    for (guint t = 0; t < catalog->tables->len; t++) {
        read_reads(catalog, g_ptr_array_index(catalog->tables, t));
    }
    return true;
}

static void read_metrics(StandardCatalog *catalog, const json_t *list)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (list, i, item) {
        const json_t *raw = NULL;
        StandardMetric *metric = standard_metric_new(catalog, item_name(item, "name", &raw));
        metric->raw = raw;
        standard_metric_read_raw(catalog, metric);
    }
}

static void read_roots(StandardCatalog *catalog, const json_t *list)
{
    catalog->roots_given = list != NULL && !json_is_null(list);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (list, i, item) {
        const json_t *raw = NULL;
        const char *name = item_name(item, "code", &raw);
        static const char *const NAMES[] = {"root", "name", "word"};
        for (size_t n = 0; *name == '\0' && n < G_N_ELEMENTS(NAMES); n++) {
            name = standard_raw_text(raw, NAMES[n]);
        }
        StandardRoot *root = standard_root_new(catalog, name);
        root->raw = raw;
        standard_root_read_raw(catalog, root);
    }
    const char *code = NULL;
    json_t *value = NULL;
    json_t *map = json_is_object(list) ? (json_t *)(guintptr)list : NULL;
    json_object_foreach (map, code, value) {
        StandardRoot *root = standard_root_new(catalog, code);
        root->raw = json_is_object(value) ? value : NULL;
        standard_root_read_raw(catalog, root);
        if (json_is_string(value)) {
            root->title_en = root->title_zh = standard_keep(catalog, json_string_value(value));
        }
    }
}

static void read_syncs(StandardCatalog *catalog, const json_t *list)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (list, i, item) {
        StandardSync *sync = g_new0(StandardSync, 1);
        sync->raw = item;
        sync->source = standard_keep(catalog, standard_raw_text(item, "source"));
        sync->job =
            standard_keep(catalog, standard_raw_text(item, standard_raw_has(item, "job") ? "job" : "name"));
        const char *table = standard_raw_text(item, "table");
        table = *table != '\0' ? table : standard_raw_text(item, "target");
        sync->table = standard_keep(catalog, *table != '\0' ? table : standard_raw_text(item, "to"));
        sync->target = *sync->table != '\0' ? standard_table_by_name(catalog, sync->table) : NULL;
        g_ptr_array_add(catalog->syncs, sync);
    }
}

/* A key written wrong would leave its part of the catalog unjudged, in silence. Others, which an export may
 * have for its own ends, are let be. */
static bool check_keys(json_t *raw, GError **error)
{
    static const char *const MAIN[] = {"tables",      "edges",     "syncs",      "metrics", "roots",
                                       "domains",     "processes", "jobs",       "buckets", "values",
                                       "departments", "standard",  "dimensions", "runs",    NULL};
    static const char *const OTHERS[] = {"dims",      "shared_dims", "role_names", "roles",
                                         "dim_roles", "related",     "relations",  NULL};
    bool any = json_object_size(raw) == 0;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach (raw, key, value) {
        bool known = g_strv_contains(MAIN, key) || g_strv_contains(OTHERS, key);
        const char *nearest = known ? NULL : base_text_nearest(key, MAIN);
        any = any || known;
        if (nearest != NULL) {
            base_fail(error, BASE_E_VALUE_INVALID, "`%s` is no key of a catalog", key);
            base_error_hint(error, "did you mean `%s`?", nearest);
            return false;
        }
    }
    if (!any) {
        base_fail(error, BASE_E_VALUE_INVALID, "nothing in the catalog is judged: it has no `tables`");
        base_error_hint(error, "its keys are those of docs/reference/lint-catalog.md");
    }
    return any;
}

static bool check_shape(json_t *raw, GError **error)
{
    static const char *const LISTS[] = {"tables", "syncs", "metrics"};
    if (!json_is_object(raw)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "a catalog is an object such as {\"tables\": [...]}");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(LISTS); i++) {
        const json_t *list = json_object_get(raw, LISTS[i]);
        if (list != NULL && !json_is_array(list)) {
            return base_fail(error, BASE_E_VALUE_INVALID, "`%s` of a catalog is a list", LISTS[i]);
        }
    }
    return check_keys(raw, error);
}

StandardCatalog *standard_catalog_from_json(json_t *json, GError **error)
{
    json_t *inner = json_object_get(json, "catalog");
    json_t *raw = json_is_object(inner) ? inner : json;
    if (!check_shape(raw, error)) {
        return NULL;
    }
    g_autoptr(StandardCatalog) catalog = standard_catalog_new();
    catalog->owned = json_incref(json);
    catalog->raw = raw;
    read_roots(catalog, json_object_get(raw, "roots"));
    if (!read_tables(catalog, json_object_get(raw, "tables"), error)) {
        return NULL;
    }
    read_edges(catalog, json_object_get(raw, "edges"));
    read_metrics(catalog, json_object_get(raw, "metrics"));
    read_syncs(catalog, json_object_get(raw, "syncs"));
    catalog->buckets = json_object_get(raw, "buckets");
    catalog->values = json_object_get(raw, "values");
    catalog->processes = json_object_get(raw, "processes");
    catalog->domains = json_object_get(raw, "domains");
    catalog->departments = json_object_get(raw, "departments");
    catalog->jobs = json_object_get(raw, "jobs");
    standard_catalog_finish(catalog);
    return g_steal_pointer(&catalog);
}
