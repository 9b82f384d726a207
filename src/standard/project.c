/* A catalog from a project: its tables and models with their lineage, its metrics, sources, roots, domains.
 */
#include "standard/standard_int.h"

#include <string.h>

typedef struct {
    StandardCatalog *catalog;
    GHashTable *by_object; /* CatalogObject* -> StandardTable* */
} Maker;

/* Definitions list columns in the same order as the object most of the time. */
static const json_t *raw_column(const json_t *list, size_t guess, const char *name)
{
    const json_t *item = json_array_get(list, guess);
    if (item != NULL && g_ascii_strcasecmp(base_json_string(item, "name", ""), name) == 0) {
        return item;
    }
    size_t i = 0;
    json_array_foreach (list, i, item) {
        if (g_ascii_strcasecmp(base_json_string(item, "name", ""), name) == 0) {
            return item;
        }
    }
    return NULL;
}

static void add_columns(Maker *maker, StandardTable *table)
{
    const GPtrArray *columns = table->object->columns;
    const json_t *list = json_object_get(table->raw, "columns");
    for (guint i = 0; columns != NULL && i < columns->len; i++) {
        const CatalogColumn *from = g_ptr_array_index(columns, i);
        StandardColumn *column = standard_column_new(table);
        column->name = from->name;
        const char *type = from->type_declared != NULL ? from->type_declared : from->type;
        column->type = standard_keep_lower(maker->catalog, type);
        column->comment = standard_keep(maker->catalog, from->comment);
        column->key = from->key;
        column->raw = raw_column(list, i, from->name);
        standard_column_read_raw(maker->catalog, column);
    }
}

static void add_table(Maker *maker, const CatalogObject *object)
{
    StandardTable *table = standard_table_new(maker->catalog, object->name, object->domain);
    table->object = object;
    table->raw = object->definition;
    table->is_model = object->kind == CATALOG_MODEL;
    standard_table_read_raw(maker->catalog, table);
    if (*table->comment == '\0') {
        table->comment = *object->title_en != '\0' ? object->title_en : object->title_zh;
    }
    if (object->model != NULL) {
        table->sql = object->model->sql;
        table->kind = table->kind == STANDARD_KIND_NONE ? STANDARD_VIEW : table->kind;
    }
    add_columns(maker, table);
    g_hash_table_insert(maker->by_object, (gpointer)(guintptr)object, table);
}

/* Tables that read a column: other objects count too. */
static gint64 count_readers(Maker *maker, const CatalogObject *object, const char *column)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_down(maker->catalog->snapshot, object, column);
    g_autoptr(GHashTable) readers = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        g_hash_table_add(readers, (gpointer)(guintptr)edge->to);
    }
    return g_hash_table_size(readers);
}

static void link_table(Maker *maker, StandardTable *table)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_down(maker->catalog->snapshot, table->object, NULL);
    gint64 others = 0;
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        if (edge->from_column != NULL || edge->to_column != NULL) {
            continue;
        }
        StandardTable *reader = g_hash_table_lookup(maker->by_object, edge->to);
        if (reader != NULL && reader != table) {
            standard_table_link(table, reader);
        }
        others += reader == NULL ? 1 : 0;
    }
    table->readers =
        table->readers == STANDARD_UNKNOWN ? (gint64)table->read_by->len + others : table->readers;
    for (guint i = 0; i < table->columns->len; i++) {
        StandardColumn *column = g_ptr_array_index(table->columns, i);
        if (column->redundant && column->downstream == STANDARD_UNKNOWN) {
            column->downstream = count_readers(maker, table->object, column->name);
        }
    }
}

static void add_metric(Maker *maker, const CatalogObject *object)
{
    StandardMetric *metric = standard_metric_new(maker->catalog, object->name);
    metric->object = object;
    metric->domain = object->domain;
    metric->raw = object->definition;
    standard_metric_read_raw(maker->catalog, metric);
}

static void add_root(Maker *maker, const CatalogObject *object)
{
    StandardRoot *root =
        standard_root_new(maker->catalog, base_json_string(object->definition, "code", object->name));
    root->object = object;
    root->raw = object->definition;
    standard_root_read_raw(maker->catalog, root);
    maker->catalog->roots_given = true;
}

/* What is taken, so that two sources that take the same thing give the same text: mysql.host.shop.orders. */
static char *source_identity(const CatalogObject *object, const json_t *table)
{
    const json_t *connection = json_object_get(object->definition, "connection");
    const char *host = standard_raw_text(connection, "host");
    static const char *const KEYS[] = {"database", "table", "path", "url", "topic", "query"};
    GString *text = g_string_new(base_json_string(object->definition, "connector", ""));
    if (*host != '\0') {
        g_string_append_printf(text, ".%s", host);
    }
    const char *database = standard_raw_text(connection, "database");
    if (*database != '\0' && !standard_raw_has(table, "database")) {
        g_string_append_printf(text, ".%s", database);
    }
    bool any = false;
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        const char *value = standard_raw_text(table, KEYS[i]);
        if (*value != '\0') {
            g_string_append_printf(text, ".%s", value);
            any = any || i > 0;
        }
    }
    if (!any) {
        g_string_append_printf(text, ".%s", standard_raw_text(table, "name"));
    }
    return g_string_free(text, FALSE);
}

static void add_syncs(Maker *maker, const CatalogObject *object)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_object_get(object->definition, "tables"), i, item) {
        StandardSync *sync = g_new0(StandardSync, 1);
        g_autofree char *identity = source_identity(object, item);
        sync->source = standard_keep(maker->catalog, identity);
        sync->job = object->name;
        sync->table = standard_keep(maker->catalog, standard_raw_text(item, "to"));
        sync->raw = item;
        sync->object = object;
        const CatalogObject *target =
            *sync->table != '\0' ? catalog_find(maker->catalog->snapshot, sync->table, object->domain, NULL)
                                 : NULL;
        sync->target = target != NULL ? g_hash_table_lookup(maker->by_object, target) : NULL;
        g_ptr_array_add(maker->catalog->syncs, sync);
    }
}

/* A domain and the business processes that it registers, in the form of an export. */
static void add_domain(Maker *maker, const CatalogObject *object)
{
    json_t *owned = maker->catalog->owned;
    json_t *domain = json_object();
    base_json_set_string(domain, "name", object->name);
    json_array_append_new(json_object_get(owned, "domains"), domain);
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(object->definition, "processes"), i, item) {
        json_t *process = json_is_object(item) ? json_copy(item) : json_object();
        if (json_is_string(item)) {
            json_object_set(process, "name", item);
        }
        base_json_set_string(process, "domain", object->name);
        base_json_set_string(process, "object_id", object->id);
        json_array_append_new(json_object_get(owned, "processes"), process);
    }
}

/* Tables that Weir keeps for itself (rows pushed to feature views) are nobody's to name or to grade. */
static bool is_own(const CatalogObject *object)
{
    return g_str_has_prefix(object->name, "_weir_");
}

static void add_object(Maker *maker, const CatalogObject *object)
{
    switch (object->kind) {
    case CATALOG_TABLE:
    case CATALOG_MODEL:
        if (!is_own(object)) {
            add_table(maker, object);
        }
        break;
    case CATALOG_METRIC:
        add_metric(maker, object);
        break;
    case CATALOG_ROOT:
        add_root(maker, object);
        break;
    case CATALOG_DOMAIN:
        add_domain(maker, object);
        break;
    default:
        break;
    }
}

StandardCatalog *standard_catalog_from_snapshot(CatalogSnapshot *snapshot)
{
    StandardCatalog *catalog = standard_catalog_new();
    catalog->snapshot = catalog_snapshot_ref(snapshot);
    catalog->owned = json_pack("{s:[], s:[]}", "domains", "processes");
    g_autoptr(GHashTable) by_object = g_hash_table_new(NULL, NULL);
    Maker maker = {.catalog = catalog, .by_object = by_object};
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        add_object(&maker, g_ptr_array_index(objects, i));
    }
    for (guint i = 0; i < catalog->tables->len; i++) {
        link_table(&maker, g_ptr_array_index(catalog->tables, i));
    }
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind == CATALOG_SOURCE) {
            add_syncs(&maker, object);
        }
    }
    catalog->domains = json_object_get(catalog->owned, "domains");
    catalog->processes = json_object_get(catalog->owned, "processes");
    standard_catalog_finish(catalog);
    return catalog;
}
