/* Environments: a branch's definitions over production's. What means the same in both is production's own
 * object, so that its table is shared; the rest is the environment's own, under names of its own. What means
 * the same is told by fingerprints, which carry those of everything upstream. */
#include <string.h>

#include "base/text.h"
#include "catalog/catalog_int.h"

#define MAX_NAME_BYTES    32
#define FINGERPRINT_BYTES 16

bool catalog_environment_name_ok(const char *name, GError **error)
{
    static const char *const TAKEN[] = {"prod", "production", NULL};
    bool ok = base_text_is_name(name) && strlen(name) <= MAX_NAME_BYTES && !strstr(name, "__") &&
              !g_str_has_suffix(name, "_") && !g_strv_contains(TAKEN, name);
    if (!ok) {
        base_fail(error, BASE_E_NAME_INVALID, "`%s` is not a name for an environment", name);
        base_error_hint(error, "a-z, 0-9 and single _, at most %d, not prod or production", MAX_NAME_BYTES);
    }
    return ok;
}

/* ---- fingerprints -------------------------------------------------------------------------------------- */

/* Keys that describe a model, or say when it runs: its rows are the same whatever they are. */
static const char *const DESCRIBING[] = {"title",    "description", "owner",    "grade",   "tags",
                                         "aliases",  "status",      "until",    "layer",   "columns",
                                         "schedule", "retries",     "priority", "pool",    "on_hold",
                                         "deadline", "lifecycle",   "rollups",  "catchup", "calendar"};

typedef struct {
    CatalogSnapshot *snapshot;
    GHashTable *known; /* id -> fingerprint */
} Work;

static void sum_text(GChecksum *sum, const char *text)
{
    g_checksum_update(sum, (const guchar *)(text ? text : ""), -1);
    g_checksum_update(sum, (const guchar *)"\n", 1);
}

static void sum_definition(GChecksum *sum, const CatalogObject *model)
{
    g_autoptr(json_t) said = json_copy(model->definition);
    for (size_t i = 0; i < G_N_ELEMENTS(DESCRIBING); i++) {
        json_object_del(said, DESCRIBING[i]);
    }
    char *text = json_dumps(said, JSON_SORT_KEYS | JSON_COMPACT);
    sum_text(sum, text);
    free(text);
}

static void sum_table(GChecksum *sum, const CatalogTable *table)
{
    sum_text(sum, table->sequence);
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(table->columns, i);
        g_autofree char *text =
            g_strdup_printf("%s %s %d %d %d %d", column->name, column->type, (int)table->model, column->key,
                            column->not_null, (int)column->agg);
        sum_text(sum, text);
    }
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *fingerprint_of(Work *work, const CatalogObject *object);

/* Upstream is known already: models come in order, tables read nothing. */
static void sum_upstream(Work *work, GChecksum *sum, const CatalogObject *model)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(work->snapshot, model, NULL);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (guint i = 0; edges && i < edges->len; i++) {
        const CatalogObject *from = ((const CatalogEdge *)g_ptr_array_index(edges, i))->from;
        bool table = from->kind == CATALOG_TABLE || from->kind == CATALOG_MODEL;
        if (table && from != model && g_hash_table_add(seen, (gpointer)(guintptr)from)) {
            g_ptr_array_add(lines, g_strdup_printf("%s.%s %s", from->domain, from->plain_name,
                                                   fingerprint_of(work, from)));
        }
    }
    g_ptr_array_sort(lines, by_text);
    for (guint i = 0; i < lines->len; i++) {
        sum_text(sum, g_ptr_array_index(lines, i));
    }
}

static const char *fingerprint_of(Work *work, const CatalogObject *object)
{
    const char *known = g_hash_table_lookup(work->known, object->id);
    if (known) {
        return known;
    }
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    sum_text(sum, catalog_project_timezone(work->snapshot));
    sum_text(sum, object->full_name);
    if (object->model) {
        g_autofree char *meaning = catalog_sql_meaning(object->model->sql_resolved);
        sum_text(sum, catalog_model_kind_name(object->model->kind));
        sum_text(sum, meaning);
        sum_definition(sum, object);
        sum_upstream(work, sum, object);
    } else if (object->table) {
        sum_table(sum, object->table);
    }
    char *text = g_strndup(g_checksum_get_string(sum), FINGERPRINT_BYTES);
    g_hash_table_insert(work->known, g_strdup(object->id), text);
    return text;
}

GHashTable *catalog_fingerprints(CatalogSnapshot *snapshot, GError **error)
{
    g_autoptr(GPtrArray) order = catalog_model_order(snapshot, error);
    if (!order) {
        return NULL;
    }
    Work work = {.snapshot = snapshot,
                 .known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    for (guint i = 0; i < order->len; i++) {
        (void)fingerprint_of(&work, g_ptr_array_index(order, i));
    }
    for (guint i = 0; i < snapshot->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(snapshot->objects, i);
        if (object->kind == CATALOG_TABLE) {
            (void)fingerprint_of(&work, object);
        }
    }
    return work.known;
}

/* ---- what is an environment's own ------------------------------------------------------------------------
 */

/* A loaded table that a model reads must be production's: loads go there. */
static bool check_table(CatalogSnapshot *branch, GHashTable *ours, GHashTable *theirs,
                        const CatalogObject *table, GError **error)
{
    const char *there = g_hash_table_lookup(theirs, table->id);
    g_autoptr(GPtrArray) readers = catalog_downstream(branch, table);
    bool read = false;
    for (guint i = 0; i < readers->len; i++) {
        read = read || ((const CatalogObject *)g_ptr_array_index(readers, i))->kind == CATALOG_MODEL;
    }
    if (!read || (there && g_str_equal(there, g_hash_table_lookup(ours, table->id)))) {
        return true;
    }
    base_fail(error, BASE_E_ENVIRONMENT_TABLE,
              there ? "table `%s` is not as it is in production" : "table `%s` is not in production",
              table->full_name);
    base_error_hint(error, "an environment shares loaded tables: apply this one to production first");
    base_error_place(error, table->file, table->line, table->column);
    return false;
}

/* The name that `object` takes must be free. */
static bool add_own(CatalogSnapshot *production, const char *name, const CatalogObject *object,
                    const char *fingerprint, GHashTable *own, GError **error)
{
    g_autofree char *taken = g_strdup_printf("%s__%s", object->name, name);
    if (catalog_resolve_table(production, object->domain, taken, NULL, NULL)) {
        return base_fail(error, BASE_E_NAME_DUPLICATE,
                         "`%s.%s` is in production: environment `%s` needs the name", object->domain, taken,
                         name);
    }
    g_hash_table_insert(own, g_strdup(object->id), g_strdup(fingerprint));
    return true;
}

/* Tables of kinds temp and mid do not stand between runs: who reads one has it made. Readers come later in
 * the order. */
static bool add_passing(CatalogSnapshot *branch, CatalogSnapshot *production, const char *name,
                        GHashTable *ours, GHashTable *own, GError **error)
{
    g_autoptr(GPtrArray) order = catalog_model_order(branch, error);
    for (guint i = order ? order->len : 0; i > 0; i--) {
        const CatalogObject *model = g_ptr_array_index(order, i - 1);
        g_autoptr(GPtrArray) edges =
            g_hash_table_contains(own, model->id) ? catalog_lineage_up(branch, model, NULL) : NULL;
        for (guint k = 0; edges && k < edges->len; k++) {
            const CatalogObject *from = ((const CatalogEdge *)g_ptr_array_index(edges, k))->from;
            bool passing = from->model && (from->model->kind == CATALOG_MODEL_TEMP ||
                                           from->model->kind == CATALOG_MODEL_MID);
            if (passing && !g_hash_table_contains(own, from->id) &&
                !add_own(production, name, from, g_hash_table_lookup(ours, from->id), own, error)) {
                return false;
            }
        }
    }
    return order != NULL;
}

/* id -> fingerprint of the models that production has not, or otherwise. */
static GHashTable *find_own(CatalogSnapshot *branch, CatalogSnapshot *production, const char *name,
                            GError **error)
{
    g_autoptr(GHashTable) ours = catalog_fingerprints(branch, error);
    g_autoptr(GHashTable) theirs = ours ? catalog_fingerprints(production, error) : NULL;
    g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; theirs && i < branch->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(branch->objects, i);
        if (object->kind == CATALOG_TABLE && object->table &&
            !check_table(branch, ours, theirs, object, error)) {
            return NULL;
        }
        const char *fingerprint =
            object->kind == CATALOG_MODEL ? g_hash_table_lookup(ours, object->id) : NULL;
        if (!fingerprint || !g_strcmp0(g_hash_table_lookup(theirs, object->id), fingerprint)) {
            continue;
        }
        if (!add_own(production, name, object, fingerprint, own, error)) {
            return NULL;
        }
    }
    return theirs && add_passing(branch, production, name, ours, own, error) ? g_steal_pointer(&own) : NULL;
}

/* ---- putting together ------------------------------------------------------------------------------------
 */

static bool is_guard(const CatalogObject *object)
{
    return object->kind == CATALOG_ROLE || object->kind == CATALOG_POLICY;
}

/* The node of the branch, the one that production has in its stead, or none: who may read what, and what is
 * shared, is production's to say. */
static CatalogNode *chosen(CatalogNode *node, CatalogSnapshot *production)
{
    const CatalogObject *object = &node->object;
    bool shared = object->kind == CATALOG_TABLE || (object->kind == CATALOG_MODEL && !object->environment);
    if (is_guard(object)) {
        return NULL;
    }
    return shared ? (CatalogNode *)(guintptr)catalog_by_id(production, object->id) : node;
}

static CatalogSnapshot *put_together(CatalogSnapshot *branch, CatalogSnapshot *production, const char *name)
{
    CatalogSnapshot *snapshot = catalog_snapshot_new();
    for (guint i = 0; i < branch->files->len; i++) {
        g_ptr_array_add(snapshot->files, catalog_file_ref(g_ptr_array_index(branch->files, i)));
    }
    for (guint i = 0; i < branch->objects->len; i++) {
        CatalogNode *node = chosen(g_ptr_array_index(branch->objects, i), production);
        if (node) {
            catalog_snapshot_add(snapshot, node);
        }
    }
    for (guint i = 0; i < production->objects->len; i++) {
        CatalogNode *node = g_ptr_array_index(production->objects, i);
        if (is_guard(&node->object)) {
            catalog_snapshot_add(snapshot, node);
        }
    }
    for (guint i = 0; i < branch->edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(branch->edges, i);
        const CatalogObject *from = catalog_by_id(snapshot, edge->from->id);
        const CatalogObject *to = catalog_by_id(snapshot, edge->to->id);
        if (from && to) {
            catalog_snapshot_edge(snapshot, from, edge->from_column, to, edge->to_column, edge->how);
        }
    }
    catalog_snapshot_settle(snapshot, branch);
    snapshot->environment = g_strdup(name);
    catalog_snapshot_seal(snapshot);
    return snapshot;
}

CatalogSnapshot *catalog_environment_new(CatalogSnapshot *branch, CatalogSnapshot *production,
                                         const char *name, EngineConn *parser, const GPtrArray *live,
                                         GError **error)
{
    g_autoptr(GHashTable) own = find_own(branch, production, name, error);
    if (!own) {
        return NULL;
    }
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_file_unref);
    for (guint i = 0; i < branch->files->len; i++) {
        g_ptr_array_add(files, catalog_file_ref(g_ptr_array_index(branch->files, i)));
    }
    g_autoptr(CatalogSnapshot) renamed = catalog_load_environment(files, parser, live, name, own);
    return put_together(renamed, production, name);
}
