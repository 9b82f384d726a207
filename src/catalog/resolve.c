/* Names -> objects, for the whole project: references in YAML, tables in SQL; models in the order in which
 * they read each other; their columns and where those come from. */
#include "base/text.h"
#include "catalog/resolve_int.h"
#include "catalog/splice_int.h"
#include "catalog/walked_int.h"
#include "engine/sql.h"

/* ---- parsing ---------------------------------------------------------------------------------------- */

static size_t offset_of_place(const char *sql, unsigned line, unsigned column)
{
    size_t at = 0;
    for (unsigned l = 1; l < line && sql[at]; at++) {
        l += sql[at] == '\n';
    }
    return MIN(at + (column ? column - 1 : 0), strlen(sql));
}

void catalog_complain_model(CatalogBuild *build, CatalogItem *item, size_t offset, size_t len,
                            BaseErrorCode code, const char *message, const char *hint)
{
    unsigned line, column;
    catalog_model_place(item, offset, &line, &column);
    item->failed = true;
    BaseDiag *diag = base_diags_add(build->diags, code, item->file->path, line, column, "%s", message);
    if (len) {
        diag->end_column = column + (unsigned)len;
    }
    if (hint) {
        base_diag_hint(diag, "%s", hint);
    }
}

/* An error of the engine, placed in `sql`, which is the body itself or was made from it (`map`). */
void catalog_complain_engine(CatalogBuild *build, CatalogItem *item, const char *sql, const GArray *map,
                             const GError *error)
{
    unsigned line = 0, column = 0;
    base_error_get_file(error, &line, &column);
    size_t offset = line ? offset_of_place(sql, line, column) : 0;
    /* the engine lists candidates below its message */
    g_auto(GStrv) parts = g_strsplit(error->message, "\n", 2);
    const char *hint = base_error_get_hint(error);
    g_autofree char *rest = !hint && parts[0] && parts[1] ? g_strdup(g_strstrip(parts[1])) : NULL;
    catalog_complain_model(build, item, map ? catalog_splice_back(map, offset) : offset, 0,
                           base_error_info(error)->code, parts[0] ? parts[0] : "", hint ? hint : rest);
}

static bool is_model(const CatalogItem *item)
{
    return item->node->object.kind == CATALOG_MODEL && !item->duplicate && *item->node->object.model->sql;
}

static bool parse_model(CatalogBuild *build, CatalogItem *item, GError **error)
{
    item->tree =
        item->tree ? item->tree : engine_tree_parse(build->parser, item->node->object.model->sql, error);
    return item->tree && (item->names || catalog_walked_read(item, error));
}

/* Texts that are known are not parsed. */
void catalog_note_text(CatalogBuild *build, CatalogItem *item)
{
    if (is_model(item) && !catalog_walked_names(item)) {
        catalog_parsing_add(build->parsing, item);
    }
}

static GPtrArray *parse_models(CatalogBuild *build)
{
    GPtrArray *models = g_ptr_array_new();
    catalog_parsing_finish(g_steal_pointer(&build->parsing));
    for (guint i = 0; i < build->items->len; i++) {
        CatalogItem *item = g_ptr_array_index(build->items, i);
        g_autoptr(GError) error = NULL;
        if (!is_model(item)) {
            continue;
        }
        g_ptr_array_add(models, item);
        if (!item->names && !parse_model(build, item, &error)) {
            g_clear_pointer(&item->tree, engine_tree_free);
            catalog_complain_engine(build, item, item->node->object.model->sql, NULL, error);
        }
    }
    return models;
}

/* ---- what reads what ----------------------------------------------------------------------------------- */

typedef struct {
    CatalogBuild *build;
    CatalogItem *item;
} Reading;

static void find_reads(CatalogBuild *build, CatalogItem *item)
{
    item->reads = g_ptr_array_new();
    for (guint i = 0; item->names && i < item->names->len; i++) {
        const CatalogTableName *name = g_ptr_array_index(item->names, i);
        const CatalogObject *object =
            catalog_resolve_table(build->snapshot, name->schema, name->name, item->node->object.domain, NULL);
        CatalogItem *other = object ? g_hash_table_lookup(build->by_node, object) : NULL;
        if (other && other->node->object.kind == CATALOG_MODEL &&
            !g_ptr_array_find(item->reads, other, NULL)) {
            g_ptr_array_add(item->reads, other);
        }
    }
}

enum { WHITE, GREY, BLACK };

typedef struct {
    CatalogItem *item;
    guint next;
} Step;

static void complain_cycle(CatalogBuild *build, const GArray *stack, CatalogItem *again)
{
    g_autoptr(GString) path = g_string_new(NULL);
    bool inside = false;
    build->cyclic = true;
    for (guint i = 0; i < stack->len; i++) {
        CatalogItem *item = g_array_index(stack, Step, i).item;
        inside = inside || item == again;
        if (inside) {
            g_string_append_printf(path, "%s -> ", item->node->object.full_name);
        }
    }
    g_string_append(path, again->node->object.full_name);
    CatalogItem *last = g_array_index(stack, Step, stack->len - 1).item;
    g_autofree char *message = g_strdup_printf("models read each other in a circle: %s", path->str);
    catalog_complain_model(build, last, 0, 0, BASE_E_CYCLE, message, "let one of them read an earlier layer");
}

/* Depth first, with a stack of its own: a chain of models may be longer than a thread's stack is deep. */
static void order_from(CatalogBuild *build, CatalogItem *root, GPtrArray *order)
{
    g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(Step));
    Step first = {.item = root};
    root->state = GREY;
    g_array_append_val(stack, first);
    while (stack->len > 0) {
        Step *step = &g_array_index(stack, Step, stack->len - 1);
        if (step->next >= step->item->reads->len) {
            step->item->state = BLACK;
            g_ptr_array_add(order, step->item);
            g_array_set_size(stack, stack->len - 1);
            continue;
        }
        CatalogItem *other = g_ptr_array_index(step->item->reads, step->next++);
        if (other->state == GREY) {
            complain_cycle(build, stack, other);
        } else if (other->state == WHITE && other->reads) {
            Step next = {.item = other};
            other->state = GREY;
            g_array_append_val(stack, next);
        }
    }
}

static GPtrArray *order_models(CatalogBuild *build, const GPtrArray *models)
{
    GPtrArray *order = g_ptr_array_new();
    for (guint i = 0; i < models->len; i++) {
        find_reads(build, g_ptr_array_index(models, i));
    }
    for (guint i = 0; i < models->len; i++) {
        CatalogItem *item = g_ptr_array_index(models, i);
        if (item->state == WHITE) {
            order_from(build, item, order);
        }
    }
    return order;
}

/* ---- columns
 * ----------------------------------------------------------------------------------------------- */

static const CatalogObject *find_table(void *user, const char *schema, const char *name, bool *ret_ambiguous)
{
    const Reading *reading = user;
    return catalog_resolve_table(reading->build->snapshot, schema, name, reading->item->node->object.domain,
                                 ret_ambiguous);
}

const GPtrArray *catalog_known_columns(const CatalogBuild *build, const CatalogObject *object, bool *ret_open)
{
    const CatalogItem *item = g_hash_table_lookup(build->by_node, object);
    bool model_failed = item && item->failed && object->kind == CATALOG_MODEL && object->columns->len == 0;
    *ret_open = catalog_node(object)->columns_open || model_failed;
    return object->columns;
}

static const GPtrArray *columns_of(void *user, const CatalogObject *object, bool *ret_open)
{
    const Reading *reading = user;
    return catalog_known_columns(reading->build, object, ret_open);
}

const char *const *catalog_build_table_names(CatalogBuild *build)
{
    if (!build->table_names) {
        build->table_names = g_ptr_array_new();
        for (guint i = 0; i < build->snapshot->objects->len; i++) {
            const CatalogObject *object = g_ptr_array_index(build->snapshot->objects, i);
            if (object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL) {
                g_ptr_array_add(build->table_names, (gpointer)(guintptr)object->name);
                g_ptr_array_add(build->table_names, (gpointer)(guintptr)object->full_name);
            }
        }
        g_ptr_array_add(build->table_names, NULL);
    }
    return (const char *const *)build->table_names->pdata;
}

static const char *const *table_names(void *user)
{
    const Reading *reading = user;
    g_mutex_lock(&reading->build->walk_lock);
    const char *const *names = catalog_build_table_names(reading->build);
    g_mutex_unlock(&reading->build->walk_lock);
    return names;
}

static BaseDiag *complain(void *user, size_t offset, size_t len, BaseErrorCode code, const char *message)
{
    const Reading *reading = user;
    unsigned line, column;
    catalog_model_place(reading->item, offset == SIZE_MAX ? 0 : offset, &line, &column);
    reading->item->failed = true;
    g_mutex_lock(&reading->build->walk_lock);
    BaseDiag *diag =
        base_diags_add(reading->build->diags, code, reading->item->file->path, line, column, "%s", message);
    g_mutex_unlock(&reading->build->walk_lock);
    diag->end_column = offset == SIZE_MAX ? 0 : column + (unsigned)len;
    return diag;
}

/* What the header says of a column that the SELECT gives. */
static void describe_column(const CatalogObject *object, CatalogColumn *column)
{
    for (size_t i = 0; object->model->key[i]; i++) {
        column->key = column->key || g_ascii_strcasecmp(object->model->key[i], column->name) == 0;
    }
    size_t i;
    json_t *said;
    json_array_foreach (json_object_get(object->definition, "columns"), i, said) {
        if (g_ascii_strcasecmp(base_json_string(said, "name", ""), column->name) != 0) {
            continue;
        }
        const json_t *title = json_object_get(said, "title");
        title = title ? title : json_object_get(json_object_get(said, "dimension"), "title");
        const char *text = json_is_string(title)
                               ? json_string_value(title)
                               : base_json_string(title, "en", base_json_string(title, "zh", ""));
        const char *comment = base_json_string(said, "comment", text);
        g_free(column->comment);
        column->comment = g_strdup(comment);
        column->not_null = base_json_bool(said, "not_null", false);
    }
}

void catalog_set_model_columns(CatalogItem *item, const CatalogColumnsResult *result)
{
    CatalogNode *node = item->node;
    g_ptr_array_set_size(node->columns_owned, 0);
    node->columns_open = result->open;
    for (size_t i = 0; i < result->n_outputs; i++) {
        const CatalogOutput *output = &result->outputs[i];
        if (!output->name) {
            node->columns_open = true;
            continue;
        }
        CatalogColumn *column = catalog_column_new(output->name, output->type ? output->type : "");
        describe_column(&node->object, column);
        g_ptr_array_add(node->columns_owned, column);
    }
    catalog_add_history_columns(node);
}

static void set_resolved(CatalogItem *item, const CatalogColumnsResult *result)
{
    CatalogModelInfo *model = item->node->model_owned;
    g_autoptr(GString) text = g_string_new(NULL);
    model->uses_interval = result->uses_interval;
    if (catalog_splice(model->sql, result, "", text, NULL)) {
        g_free((gpointer)(guintptr)model->sql_resolved);
        model->sql_resolved = g_string_free(g_steal_pointer(&text), FALSE);
    }
}

static void no_columns(CatalogItem *item)
{
    item->columns->uses = g_array_new(FALSE, FALSE, sizeof(CatalogTableUse));
    item->columns->schemas = g_array_new(FALSE, FALSE, sizeof(CatalogTableUse));
    item->columns->open = true;
    item->node->columns_open = true;
}

/* A text whose names were kept, but not what the walk found. */
static bool parse_again(CatalogBuild *build, CatalogItem *item)
{
    g_autoptr(GError) error = NULL;
    g_mutex_lock(&build->walk_lock);
    bool ok = parse_model(build, item, &error);
    if (!ok) { /* it did once: another engine, no memory */
        catalog_complain_engine(build, item, item->node->object.model->sql, NULL, error);
    }
    g_mutex_unlock(&build->walk_lock);
    return ok;
}

/* The walk, or what it found the last time that the same text stood on the same columns. */
static void walk_model(CatalogBuild *build, CatalogItem *item, const CatalogColumnsContext *context)
{
    g_autofree char *key = catalog_walked_key(item, context);
    if (!item->failed && catalog_walked_get(item, context, key, item->columns)) {
        g_clear_pointer(&item->tree, engine_tree_free);
        return;
    }
    if (!item->tree && !parse_again(build, item)) {
        no_columns(item);
        return;
    }
    catalog_columns_run(item->tree, context, item->columns);
    if (!item->failed) {
        catalog_walked_put(item, context, key, item->columns);
    }
    g_clear_pointer(&item->tree, engine_tree_free);
}

static void resolve_model(CatalogBuild *build, CatalogItem *item)
{
    Reading reading = {.build = build, .item = item};
    CatalogColumnsContext context = {.sql = item->node->object.model->sql,
                                     .table = find_table,
                                     .columns = columns_of,
                                     .table_names = table_names,
                                     .complain = complain,
                                     .user = &reading};
    item->columns = g_new0(CatalogColumnsResult, 1);
    item->stale = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_column_free);
    if (!item->names) {
        no_columns(item);
        return;
    }
    walk_model(build, item, &context);
    catalog_set_model_columns(item, item->columns);
    set_resolved(item, item->columns);
}

/* ---- many models at once --------------------------------------------------------------------------------
 */

#define WALKS_PER_THREAD 32
#define MAX_WALKERS      8

typedef struct {
    CatalogBuild *build;
    const GPtrArray *level; /* models that do not read each other */
    gint next;              /* the one that nobody has begun; atomic */
} Walkers;

static gpointer walk_some(gpointer data)
{
    Walkers *walkers = data;
    for (gint i; (guint)(i = g_atomic_int_add(&walkers->next, 1)) < walkers->level->len;) {
        resolve_model(walkers->build, g_ptr_array_index(walkers->level, (guint)i));
    }
    return NULL;
}

static void walk_level(CatalogBuild *build, const GPtrArray *level)
{
    GThread *threads[MAX_WALKERS] = {0};
    Walkers walkers = {.build = build, .level = level};
    guint n = MIN(MIN(g_get_num_processors(), MAX_WALKERS), level->len / WALKS_PER_THREAD + 1);
    for (guint i = 1; i < n; i++) {
        threads[i] = g_thread_new("walk", walk_some, &walkers);
    }
    walk_some(&walkers);
    for (guint i = 1; i < n; i++) {
        g_thread_join(threads[i]);
    }
}

/* Models level by level: one reads the columns of levels below its own only. */
static void walk_models(CatalogBuild *build, const GPtrArray *order)
{
    g_autoptr(GPtrArray) levels = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < order->len; i++) {
        CatalogItem *item = g_ptr_array_index(order, i);
        for (guint k = 0; k < item->reads->len; k++) {
            const CatalogItem *read = g_ptr_array_index(item->reads, k);
            item->level = MAX(item->level, read->level + 1);
        }
        if (item->level >= levels->len) {
            g_ptr_array_add(levels, g_ptr_array_new());
        }
        g_ptr_array_add(g_ptr_array_index(levels, item->level), item);
    }
    for (guint i = 0; i < levels->len; i++) {
        walk_level(build, g_ptr_array_index(levels, i));
    }
}

/* ---- edges
 * --------------------------------------------------------------------------------------------------- */

static void edge(CatalogBuild *build, const CatalogOrigin *origin, const CatalogObject *to,
                 const char *column, CatalogHow how)
{
    catalog_snapshot_edge(build->snapshot, origin->object, origin->column, to, column, catalog_how_name(how));
}

static void add_edges(CatalogBuild *build, CatalogItem *item)
{
    const CatalogObject *object = &(item->query_of ? item->query_of : item)->node->object;
    const CatalogColumnsResult *result = item->columns;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (guint i = 0; i < result->uses->len; i++) {
        const CatalogObject *from = g_array_index(result->uses, CatalogTableUse, i).object;
        if (g_hash_table_add(seen, (gpointer)(guintptr)from)) {
            CatalogOrigin rows = {.object = from};
            edge(build, &rows, object, NULL, CATALOG_HOW_DIRECT);
        }
    }
    for (size_t i = 0; !item->query_of && i < result->n_outputs; i++) { /* a view has its features' */
        const CatalogOutput *output = &result->outputs[i];
        for (size_t k = 0; output->name && output->origins && k < output->origins->n; k++) {
            edge(build, &output->origins->items[k], object, output->name, output->origins->items[k].how);
        }
    }
    for (size_t i = 0; result->filters && i < result->filters->n; i++) {
        if (result->filters->items[i].column) {
            edge(build, &result->filters->items[i], object, NULL, CATALOG_HOW_FILTER);
        }
    }
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------- */

static void check_header_columns(CatalogBuild *build, CatalogItem *item)
{
    const CatalogObject *object = &item->node->object;
    const BaseYaml *list = item->yaml ? base_yaml_get(item->yaml, "columns", NULL) : NULL;
    for (guint i = 0;
         !item->node->columns_open && list && list->type == BASE_YAML_LIST && i < list->items->len; i++) {
        const BaseYaml *name = base_yaml_get(g_ptr_array_index(list->items, i), "name", NULL);
        if (name && name->type == BASE_YAML_SCALAR && !catalog_columns_find(object->columns, name->text)) {
            catalog_complain_column(build, item, name, name->text, object);
        }
    }
}

void catalog_resolve(CatalogBuild *build)
{
    catalog_resolve_references(build);
    g_autoptr(GPtrArray) models = parse_models(build);
    g_autoptr(GPtrArray) order = order_models(build, models);
    if (build->cyclic) { /* there is no level on which the circle could stand */
        for (guint i = 0; i < order->len; i++) {
            resolve_model(build, g_ptr_array_index(order, i));
        }
    } else {
        walk_models(build, order);
    }
    catalog_bind_types(build, order);
    for (guint i = 0; i < order->len; i++) {
        CatalogItem *item = g_ptr_array_index(order, i);
        check_header_columns(build, item);
        catalog_check_history_columns(build, item);
        add_edges(build, item);
    }
    catalog_resolve_own_columns(build);
    catalog_resolve_feature_inputs(build);
    catalog_resolve_expressions(build);
    catalog_bind_features(build);
}
