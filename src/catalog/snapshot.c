/* The immutable result: objects, edges, indexes. Made by one thread, then only read; reference-counted
 * atomically. Objects are shared between snapshots, so a copy with one table more costs its indexes only. */
#include "base/text.h"
#include "catalog/catalog_int.h"

static GHashTable *list_index(void)
{
    return g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
}

CatalogSnapshot *catalog_snapshot_new(void)
{
    CatalogSnapshot *snapshot = g_new0(CatalogSnapshot, 1);
    snapshot->refs = 1;
    snapshot->files = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_file_unref);
    snapshot->objects = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_node_unref);
    snapshot->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    snapshot->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    snapshot->by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    snapshot->edges = g_ptr_array_new_with_free_func(g_free);
    snapshot->up = list_index();
    snapshot->down = list_index();
    snapshot->strings = g_string_chunk_new(4096);
    snapshot->settings = json_object();
    snapshot->name = g_strdup("");
    snapshot->timezone = g_strdup("UTC");
    return snapshot;
}

CatalogSnapshot *catalog_snapshot_new_empty(void)
{
    CatalogSnapshot *snapshot = catalog_snapshot_new();
    catalog_snapshot_seal(snapshot);
    return snapshot;
}

CatalogSnapshot *catalog_snapshot_ref(CatalogSnapshot *snapshot)
{
    if (snapshot) {
        g_atomic_int_inc(&snapshot->refs);
    }
    return snapshot;
}

void catalog_snapshot_unref(CatalogSnapshot *snapshot)
{
    if (!snapshot || !g_atomic_int_dec_and_test(&snapshot->refs)) {
        return;
    }
    g_hash_table_unref(snapshot->by_path);
    g_hash_table_unref(snapshot->by_id);
    g_hash_table_unref(snapshot->by_name);
    g_hash_table_unref(snapshot->up);
    g_hash_table_unref(snapshot->down);
    g_ptr_array_unref(snapshot->edges);
    g_ptr_array_unref(snapshot->objects);
    g_ptr_array_unref(snapshot->files);
    g_string_chunk_free(snapshot->strings);
    g_strfreev(snapshot->domains);
    g_strfreev(snapshot->table_names);
    json_decref(snapshot->settings);
    g_free(snapshot->name);
    g_free(snapshot->timezone);
    g_free(snapshot->hash);
    g_free(snapshot->environment);
    g_free(snapshot);
}

static void index_name(CatalogSnapshot *snapshot, const char *name, CatalogNode *node)
{
    char *folded = g_ascii_strdown(name, -1);
    GPtrArray *list = g_hash_table_lookup(snapshot->by_name, folded);
    if (!list) {
        list = g_ptr_array_new();
        g_hash_table_insert(snapshot->by_name, folded, list);
    } else {
        g_free(folded);
    }
    g_ptr_array_add(list, node);
}

/* What an environment has of its own is found by either of its names. */
void catalog_snapshot_add(CatalogSnapshot *snapshot, CatalogNode *node)
{
    const CatalogObject *object = &node->object;
    g_ptr_array_add(snapshot->objects, catalog_node_ref(node));
    g_hash_table_insert(snapshot->by_id, (gpointer)(guintptr)object->id, node);
    index_name(snapshot, object->name, node);
    if (object->environment) {
        index_name(snapshot, object->plain_name, node);
        g_autofree char *id =
            g_strdup_printf("%s:%s", catalog_kind_name(object->kind), object->plain_full_name);
        g_hash_table_insert(snapshot->by_id, g_string_chunk_insert(snapshot->strings, id), node);
    }
}

static void index_edge(GHashTable *index, const CatalogObject *object, CatalogEdge *edge)
{
    GPtrArray *list = g_hash_table_lookup(index, object);
    if (!list) {
        list = g_ptr_array_new();
        g_hash_table_insert(index, (gpointer)(guintptr)object, list);
    }
    g_ptr_array_add(list, edge);
}

void catalog_snapshot_edge(CatalogSnapshot *snapshot, const CatalogObject *from, const char *from_column,
                           const CatalogObject *to, const char *to_column, const char *how)
{
    CatalogEdge *edge = g_new0(CatalogEdge, 1);
    edge->from = from;
    edge->to = to;
    edge->from_column = from_column ? g_string_chunk_insert_const(snapshot->strings, from_column) : NULL;
    edge->to_column = to_column ? g_string_chunk_insert_const(snapshot->strings, to_column) : NULL;
    edge->how = how;
    g_ptr_array_add(snapshot->edges, edge);
    index_edge(snapshot->up, to, edge);
    index_edge(snapshot->down, from, edge);
}

/* ---- sealing ----------------------------------------------------------------------------------------- */

static gint by_kind_then_name(gconstpointer a, gconstpointer b)
{
    const CatalogObject *x = *(const CatalogObject *const *)a;
    const CatalogObject *y = *(const CatalogObject *const *)b;
    return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->full_name, y->full_name);
}

static bool is_table(const CatalogObject *object)
{
    return object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **sorted_keys(GHashTable *set)
{
    GHashTableIter iter;
    gpointer key;
    GPtrArray *list = g_ptr_array_new();
    g_hash_table_iter_init(&iter, set);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_ptr_array_add(list, g_strdup(key));
    }
    g_ptr_array_sort(list, by_text);
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

static void seal_names(CatalogSnapshot *snapshot)
{
    g_autoptr(GHashTable) domains = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) tables = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < snapshot->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(snapshot->objects, i);
        if (*object->domain) {
            g_hash_table_add(domains, (gpointer)(guintptr)object->domain);
        }
        if (object->kind == CATALOG_DOMAIN) {
            g_hash_table_add(domains, (gpointer)(guintptr)object->name);
        }
        if (is_table(object)) {
            g_hash_table_add(tables, (gpointer)(guintptr)object->plain_full_name);
            g_hash_table_add(tables, (gpointer)(guintptr)object->plain_name);
        }
    }
    snapshot->domains = sorted_keys(domains);
    snapshot->table_names = sorted_keys(tables);
}

static void seal_hash(CatalogSnapshot *snapshot)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint i = 0; i < snapshot->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(snapshot->objects, i);
        g_checksum_update(sum, (const guchar *)object->id, -1);
        g_checksum_update(sum, (const guchar *)object->hash, -1);
    }
    g_autofree char *settings = base_json_text(snapshot->settings);
    g_checksum_update(sum, (const guchar *)settings, -1);
    snapshot->hash = g_strdup(g_checksum_get_string(sum));
}

static void seal_files(CatalogSnapshot *snapshot)
{
    for (guint i = 0; i < snapshot->files->len; i++) {
        CatalogFile *file = g_ptr_array_index(snapshot->files, i);
        g_hash_table_insert(snapshot->by_path, file->path, file);
    }
}

void catalog_snapshot_seal(CatalogSnapshot *snapshot)
{
    seal_files(snapshot);
    g_ptr_array_sort(snapshot->objects, by_kind_then_name);
    seal_names(snapshot);
    seal_hash(snapshot);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

const char *catalog_environment(const CatalogSnapshot *snapshot)
{
    return snapshot->environment;
}

const char *catalog_project_name(const CatalogSnapshot *snapshot)
{
    return snapshot->name;
}

const char *catalog_project_timezone(const CatalogSnapshot *snapshot)
{
    return snapshot->timezone;
}

const json_t *catalog_project_settings(const CatalogSnapshot *snapshot)
{
    return snapshot->settings;
}

const char *catalog_file_text(const CatalogSnapshot *snapshot, const char *path, size_t *ret_len)
{
    const CatalogFile *file = g_hash_table_lookup(snapshot->by_path, path);
    if (file == NULL) {
        return NULL;
    }
    *ret_len = file->len;
    return file->text;
}

const char *catalog_snapshot_hash(const CatalogSnapshot *snapshot)
{
    return snapshot->hash;
}

const GPtrArray *catalog_objects(const CatalogSnapshot *snapshot)
{
    return snapshot->objects;
}

const CatalogObject *catalog_by_id(const CatalogSnapshot *snapshot, const char *id)
{
    return g_hash_table_lookup(snapshot->by_id, id);
}

const char *const *catalog_domains(const CatalogSnapshot *snapshot)
{
    return (const char *const *)snapshot->domains;
}

const char *const *catalog_table_names(const CatalogSnapshot *snapshot)
{
    return (const char *const *)snapshot->table_names;
}

static const GPtrArray *named(const CatalogSnapshot *snapshot, const char *name)
{
    g_autofree char *folded = g_ascii_strdown(name, -1);
    return g_hash_table_lookup(snapshot->by_name, folded);
}

static const CatalogObject *resolve_plain(const CatalogSnapshot *snapshot, const char *schema,
                                          const char *name, const char *domain, bool *ret_ambiguous)
{
    const GPtrArray *list = named(snapshot, name);
    const CatalogObject *only = NULL;
    size_t n = 0;
    if (ret_ambiguous) {
        *ret_ambiguous = false;
    }
    for (guint i = 0; list && i < list->len; i++) {
        const CatalogObject *object = g_ptr_array_index(list, i);
        if (!is_table(object)) {
            continue;
        }
        if (schema && *schema) {
            if (g_ascii_strcasecmp(object->domain, schema) == 0) {
                return object;
            }
            continue;
        }
        if (domain && g_ascii_strcasecmp(object->domain, domain) == 0) {
            return object;
        }
        only = object;
        n++;
    }
    if (n > 1 && ret_ambiguous) {
        *ret_ambiguous = true;
    }
    return n == 1 ? only : NULL;
}

const CatalogObject *catalog_resolve_table(const CatalogSnapshot *snapshot, const char *schema,
                                           const char *name, const char *domain, bool *ret_ambiguous)
{
    bool ambiguous = false;
    const CatalogObject *object = resolve_plain(snapshot, schema, name, domain, &ambiguous);
    g_autofree char *base = object || ambiguous ? NULL : catalog_version_base(name);
    if (base) {
        object = resolve_plain(snapshot, schema, base, domain, &ambiguous);
        object = object && object->model && object->model->scd2 ? object : NULL;
    }
    if (ret_ambiguous) {
        *ret_ambiguous = ambiguous;
    }
    return object;
}

/* ---- finding by any name ---------------------------------------------------------------------------------
 */

typedef struct {
    bool has_kind;
    CatalogKind kind;
    const char *domain; /* of the text; NULL */
    const char *name;
} Wanted;

static void parse_wanted(const char *text, Wanted *wanted, char **store)
{
    *store = g_strdup(text);
    char *at = *store;
    char *colon = strchr(at, ':');
    if (colon) {
        *colon = '\0';
        wanted->has_kind = catalog_kind_by_name(at, &wanted->kind);
        if (wanted->has_kind) {
            at = colon + 1;
        } else {
            *colon = ':';
        }
    }
    char *dot = strchr(at, '.');
    if (dot) {
        *dot = '\0';
        wanted->domain = at;
        at = dot + 1;
    }
    wanted->name = at;
}

/* Names of free text may hold dots: they are compared whole first. */
static const CatalogObject *find_whole(const CatalogSnapshot *snapshot, const char *text)
{
    const GPtrArray *list = named(snapshot, text);
    return list && list->len == 1 ? g_ptr_array_index(list, 0) : NULL;
}

static bool nearest_fail(const CatalogSnapshot *snapshot, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < snapshot->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(snapshot->objects, i);
        g_ptr_array_add(names, (gpointer)(guintptr)object->name);
        g_ptr_array_add(names, (gpointer)(guintptr)object->full_name);
    }
    g_ptr_array_add(names, NULL);
    base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no object `%s`", name);
    const char *nearest = base_text_nearest(name, (const char *const *)names->pdata);
    if (nearest) {
        base_error_hint(error, "did you mean `%s`?", nearest);
    }
    return false;
}

static const CatalogObject *pick(GPtrArray *found, const char *name, const char *domain, GError **error)
{
    if (found->len > 1 && domain) { /* those of the domain come first */
        g_autoptr(GPtrArray) own = g_ptr_array_new();
        for (guint i = 0; i < found->len; i++) {
            const CatalogObject *object = g_ptr_array_index(found, i);
            if (g_ascii_strcasecmp(object->domain, domain) == 0) {
                g_ptr_array_add(own, g_ptr_array_index(found, i));
            }
        }
        if (own->len == 1) {
            return g_ptr_array_index(own, 0);
        }
    }
    if (found->len == 1) {
        return g_ptr_array_index(found, 0);
    }
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < found->len; i++) {
        const CatalogObject *object = g_ptr_array_index(found, i);
        g_string_append_printf(list, "%s%s", i ? ", " : "", object->id);
    }
    base_fail(error, BASE_E_NAME_AMBIGUOUS, "`%s` names more than one object", name);
    base_error_hint(error, "one of %s", list->str);
    return NULL;
}

const CatalogObject *catalog_find(const CatalogSnapshot *snapshot, const char *name, const char *domain,
                                  GError **error)
{
    const CatalogObject *whole = catalog_by_id(snapshot, name);
    whole = whole ? whole : find_whole(snapshot, name);
    if (whole) {
        return whole;
    }
    Wanted wanted = {0};
    g_autofree char *store = NULL;
    parse_wanted(name, &wanted, &store);
    const GPtrArray *list = named(snapshot, wanted.name);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    for (guint i = 0; list && i < list->len; i++) {
        const CatalogObject *object = g_ptr_array_index(list, i);
        if ((!wanted.has_kind || object->kind == wanted.kind) &&
            (!wanted.domain || g_ascii_strcasecmp(object->domain, wanted.domain) == 0)) {
            g_ptr_array_add(found, g_ptr_array_index(list, i));
        }
    }
    if (found->len == 0) {
        nearest_fail(snapshot, name, error);
        return NULL;
    }
    return pick(found, name, domain, error);
}

/* ---- copies with one table changed ------------------------------------------------------------------------
 */

void catalog_snapshot_settle(CatalogSnapshot *snapshot, const CatalogSnapshot *as)
{
    json_decref(snapshot->settings);
    snapshot->settings = json_incref(as->settings);
    g_free(snapshot->name);
    g_free(snapshot->timezone);
    snapshot->name = g_strdup(as->name);
    snapshot->timezone = g_strdup(as->timezone);
}

static CatalogSnapshot *copy_with(CatalogSnapshot *snapshot, const char *drop_id, CatalogNode *add)
{
    CatalogSnapshot *copy = catalog_snapshot_new();
    for (guint i = 0; i < snapshot->files->len; i++) {
        g_ptr_array_add(copy->files, catalog_file_ref(g_ptr_array_index(snapshot->files, i)));
    }
    for (guint i = 0; i < snapshot->objects->len; i++) {
        CatalogNode *node = g_ptr_array_index(snapshot->objects, i);
        if (!drop_id || !g_str_equal(node->object.id, drop_id)) {
            catalog_snapshot_add(copy, node);
        }
    }
    if (add) {
        catalog_snapshot_add(copy, add);
    }
    for (guint i = 0; i < snapshot->edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(snapshot->edges, i);
        const CatalogObject *from = catalog_by_id(copy, edge->from->id);
        const CatalogObject *to = catalog_by_id(copy, edge->to->id);
        if (from && to) {
            catalog_snapshot_edge(copy, from, edge->from_column, to, edge->to_column, edge->how);
        }
    }
    catalog_snapshot_settle(copy, snapshot);
    catalog_snapshot_seal(copy);
    return copy;
}

CatalogSnapshot *catalog_snapshot_with_table(CatalogSnapshot *snapshot, const CatalogTable *table)
{
    CatalogNode *node = catalog_node_from_table(table);
    CatalogSnapshot *copy = copy_with(snapshot, node->object.id, node);
    catalog_node_unref(node);
    return copy;
}

CatalogSnapshot *catalog_snapshot_without_table(CatalogSnapshot *snapshot, const char *schema,
                                                const char *name)
{
    g_autofree char *id = g_strdup_printf("table:%s.%s", schema, name);
    return copy_with(snapshot, id, NULL);
}
