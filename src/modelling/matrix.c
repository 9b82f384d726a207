/* The bus matrix. Rows are business processes (facts of DWD), columns are dimensions: DIM tables and
 * entities, an entity with its table being one. A fact has a dimension where a column of it
 *   - names the entity, or a relationship to the DIM table,                       "declared"
 *   - takes its value from such a column below, or from the DIM table's own key,  "lineage"
 *   - is called as the key of a DIM table without entity.                         "name"
 * A column that is called as the key and says nothing is a hole; so is a dimension that readers of the fact,
 * or the fact itself, join without such a column. A fact may have a dimension several times: each column is a
 * role. */
#include <string.h>

#include "base/term.h"
#include "modelling/modelling.h"

typedef struct {
    const char *name, *entity; /* entity "" = none */
    StandardTable *table;      /* NULL = the entity has no table */
    GPtrArray *keys;           /* const char* */
    const CatalogObject *title;
    guint facts;
} Dim;

typedef struct {
    StandardCatalog *catalog;
    const char *domain;
    GPtrArray *dims;
    json_t *rows, *holes;
} Matrix;

static void dim_free(gpointer pointer)
{
    Dim *dim = pointer;
    g_ptr_array_unref(dim->keys);
    g_free(dim);
}

/* ---- dimensions -------------------------------------------------------------------------------------------
 */

static Dim *add_dim(Matrix *matrix, const char *name, const char *entity, StandardTable *table,
                    const CatalogObject *title)
{
    Dim *dim = g_new0(Dim, 1);
    *dim = (Dim){.name = name, .entity = entity, .table = table, .keys = g_ptr_array_new(), .title = title};
    g_ptr_array_add(matrix->dims, dim);
    return dim;
}

static bool is_unique(const StandardColumn *column)
{
    const json_t *check;
    size_t i;
    json_array_foreach (json_object_get(column->raw, "checks"), i, check) {
        if (g_strcmp0(json_string_value(check), "unique") == 0 || json_object_get(check, "unique")) {
            return true;
        }
    }
    return false;
}

static void take_keys(Dim *dim)
{
    const StandardTable *table = dim->table;
    for (guint i = 0; table && i < table->key->len; i++) {
        g_ptr_array_add(dim->keys, g_ptr_array_index(table->key, i));
    }
    for (guint i = 0; table && dim->keys->len == 0 && i < table->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, i);
        if (column->key || is_unique(column)) {
            g_ptr_array_add(dim->keys, (gpointer)(guintptr)column->name);
        }
    }
}

static void add_entities(Matrix *matrix)
{
    const GPtrArray *objects = catalog_objects(matrix->catalog->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind != CATALOG_ENTITY) {
            continue;
        }
        const char *name = base_json_string(object->definition, "table", "");
        const CatalogObject *found =
            *name != '\0' ? catalog_find(matrix->catalog->snapshot, name, object->domain, NULL) : NULL;
        Dim *dim = add_dim(matrix, object->name, object->name,
                           found ? standard_table_by_name(matrix->catalog, found->full_name) : NULL, object);
        const json_t *key = json_object_get(object->definition, "key"), *one;
        size_t k;
        json_array_foreach (key, k, one) {
            g_ptr_array_add(dim->keys, (gpointer)(guintptr)json_string_value(one));
        }
        if (json_is_string(key)) {
            g_ptr_array_add(dim->keys, (gpointer)(guintptr)json_string_value(key));
        }
    }
}

static bool has_table(const Matrix *matrix, const StandardTable *table)
{
    for (guint i = 0; i < matrix->dims->len; i++) {
        if (((const Dim *)g_ptr_array_index(matrix->dims, i))->table == table) {
            return true;
        }
    }
    return false;
}

static void add_dims(Matrix *matrix)
{
    add_entities(matrix);
    for (guint i = 0; i < matrix->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(matrix->catalog->tables, i);
        if (table->layer == STANDARD_DIM && !has_table(matrix, table)) {
            take_keys(add_dim(matrix, table->name, "", table, table->object));
        }
    }
}

/* ---- what a column says
 * -------------------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
    return g_ascii_strcasecmp(a, b) == 0;
}

static const char *bare(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static bool relates(const json_t *checks, const Dim *dim, const char *column)
{
    size_t i;
    const json_t *check;
    json_array_foreach (checks, i, check) {
        const json_t *to = json_object_get(check, "relationship");
        to = json_is_object(to) ? to : check;
        const char *table = base_json_string(to, "to", ""),
                   *of = base_json_string(to, "column", base_json_string(check, "column", ""));
        if (dim->table && same(bare(table), dim->table->name) && (column == NULL || same(of, column))) {
            return true;
        }
    }
    return false;
}

static bool declares(const StandardTable *table, const StandardColumn *column, const Dim *dim)
{
    const char *entity = standard_raw_text(column->raw, "entity");
    return (*dim->entity != '\0' && same(bare(entity), dim->entity)) ||
           relates(json_object_get(column->raw, "checks"), dim, NULL) ||
           relates(json_object_get(table->raw, "checks"), dim, column->name);
}

/* The value comes as it is from a column that says so, or from the key of the DIM table. */
static bool inherits(const Matrix *matrix, const StandardTable *table, const char *column, const Dim *dim,
                     guint depth)
{
    bool found = false;
    g_autoptr(GPtrArray) edges = catalog_lineage_up(matrix->catalog->snapshot, table->object, column);
    for (guint i = 0; !found && depth < 8 && i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        if (!edge->from_column || !edge->to_column || !same(edge->to_column, column)) {
            continue;
        }
        StandardTable *from = standard_table_by_name(matrix->catalog, edge->from->full_name);
        const StandardColumn *source = from ? standard_column_by_name(from, edge->from_column) : NULL;
        bool key = from && from == dim->table && standard_any(dim->keys, edge->from_column);
        found =
            key ||
            (source && (declares(from, source, dim) || inherits(matrix, from, source->name, dim, depth + 1)));
    }
    return found;
}

/* The key itself, or <role>_<key>: the role in *ret ("" = the plain key). A key of one plain word such as
 * `id` or `dt` must be the whole name. */
static bool named_as(const char *column, const char *key, char **ret)
{
    g_autofree char *tail = g_strconcat("_", key, NULL);
    bool whole = same(column, key);
    bool role = strchr(key, '_') && g_str_has_suffix(column, tail);
    if (whole || role) {
        *ret = role && !whole ? g_strndup(column, strlen(column) - strlen(tail)) : g_strdup("");
    }
    return whole || role;
}

static char *role_of(const char *column, const Dim *dim)
{
    char *role = NULL;
    for (guint i = 0; i < dim->keys->len && !role; i++) {
        if (!named_as(column, g_ptr_array_index(dim->keys, i), &role)) {
            role = NULL;
        }
    }
    return role ? role : g_strdup(column);
}

static bool called_as(const char *column, const Dim *dim)
{
    for (guint i = 0; i < dim->keys->len; i++) {
        g_autofree char *role = NULL;
        if (named_as(column, g_ptr_array_index(dim->keys, i), &role)) {
            return true;
        }
    }
    return false;
}

/* ---- cells, holes
 * ------------------------------------------------------------------------------------------------ */

static void add_hole(Matrix *matrix, const StandardTable *fact, const char *process, const Dim *dim,
                     const char *column, char *reason_taken)
{
    json_array_append_new(matrix->holes,
                          json_pack("{s:s, s:s, s:s, s:s?, s:s}", "process", process, "fact", fact->name,
                                    "dimension", dim->name, "column", column, "reason", reason_taken));
    g_free(reason_taken);
}

static const char *how_of(const Matrix *matrix, const StandardTable *fact, const StandardColumn *column,
                          const Dim *dim)
{
    return declares(fact, column, dim)                                    ? "declared"
           : fact->object && inherits(matrix, fact, column->name, dim, 0) ? "lineage"
           : *dim->entity == '\0' && called_as(column->name, dim)         ? "name"
                                                                          : NULL;
}

static bool reads(const StandardTable *table, const StandardTable *other)
{
    return other && g_ptr_array_find(table->reads, other, NULL);
}

static void look_for_joins(Matrix *matrix, const StandardTable *fact, const char *process, const Dim *dim)
{
    g_autoptr(GString) readers = g_string_new(NULL);
    for (guint i = 0; i < fact->read_by->len; i++) {
        const StandardTable *reader = g_ptr_array_index(fact->read_by, i);
        if (reads(reader, dim->table)) {
            g_string_append_printf(readers, "%s%s", readers->len ? ", " : "", reader->name);
        }
    }
    if (reads(fact, dim->table)) {
        add_hole(matrix, fact, process, dim, NULL,
                 g_strdup(base_tr("its SELECT joins it and keeps no key of it",
                                  "其 SELECT 关联了该维度但没有保留其键")));
    } else if (readers->len > 0) {
        add_hole(matrix, fact, process, dim, NULL,
                 g_strdup_printf(base_tr("readers join it anyway: %s", "下游自行关联：%s"), readers->str));
    }
}

static json_t *cell_of(Matrix *matrix, const StandardTable *fact, const char *process, Dim *dim)
{
    json_t *roles = json_array();
    const char *silent = NULL;
    for (guint i = 0; fact != dim->table && i < fact->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(fact->columns, i);
        const char *how = how_of(matrix, fact, column, dim);
        if (how) {
            g_autofree char *role = role_of(column->name, dim);
            json_array_append_new(
                roles, json_pack("{s:s, s:s, s:s}", "column", column->name, "role", role, "how", how));
        } else if (called_as(column->name, dim)) {
            silent = column->name;
        }
    }
    if (silent) {
        add_hole(matrix, fact, process, dim, silent,
                 g_strdup_printf(
                     base_tr("`%s` is called as its key, and neither entity nor relationship is declared",
                             "`%s` 与其键同名，但未声明实体或关系"),
                     silent));
    } else if (json_array_size(roles) == 0) {
        look_for_joins(matrix, fact, process, dim);
    }
    dim->facts += json_array_size(roles) > 0 ? 1 : 0;
    return roles;
}

/* ---- rows
 * ----------------------------------------------------------------------------------------------------------
 */

static char *process_of(const Matrix *matrix, const StandardTable *fact)
{
    if (*fact->process != '\0') {
        return g_strdup(fact->process);
    }
    g_autoptr(StandardName) name = standard_name_parse(matrix->catalog, fact->name);
    g_autoptr(GString) out = g_string_new(name->subject ? name->subject : fact->name);
    for (const char **word = name->words; word && *word; word++) {
        g_string_append_printf(out, "_%s", *word);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static json_t *texts(const GPtrArray *list)
{
    json_t *array = json_array();
    for (guint i = 0; i < list->len; i++) {
        json_array_append_new(array, json_string(g_ptr_array_index(list, i)));
    }
    return array;
}

static void add_row(Matrix *matrix, const StandardTable *fact)
{
    g_autofree char *process = process_of(matrix, fact);
    json_t *cells = json_object();
    for (guint i = 0; i < matrix->dims->len; i++) {
        Dim *dim = g_ptr_array_index(matrix->dims, i);
        json_t *roles = cell_of(matrix, fact, process, dim);
        if (json_array_size(roles) > 0) {
            json_object_set(cells, dim->name, roles);
        }
        json_decref(roles);
    }
    json_array_append_new(matrix->rows,
                          json_pack("{s:s, s:s, s:s, s:o, s:s, s:o}", "process", process, "domain",
                                    fact->domain, "fact", fact->name, "grain", texts(fact->key), "fact_type",
                                    fact->fact_text, "dimensions", cells));
}

static json_t *dims_json(const Matrix *matrix)
{
    json_t *list = json_array();
    for (guint i = 0; i < matrix->dims->len; i++) {
        const Dim *dim = g_ptr_array_index(matrix->dims, i);
        json_array_append_new(list, json_pack("{s:s, s:s?, s:s?, s:o, s:s, s:i, s:b}", "name", dim->name,
                                              "entity", *dim->entity != '\0' ? dim->entity : NULL, "table",
                                              dim->table ? dim->table->name : NULL, "key", texts(dim->keys),
                                              "title", dim->title ? dim->title->title_en : "", "facts",
                                              (int)dim->facts, "conformed", dim->facts > 1));
    }
    return list;
}

static int by_process(const void *a, const void *b)
{
    const StandardTable *left = *(StandardTable *const *)a, *right = *(StandardTable *const *)b;
    int order = strcmp(left->domain, right->domain);
    return order ? order : strcmp(left->name, right->name);
}

json_t *modelling_matrix(StandardCatalog *catalog, const char *domain)
{
    g_autoptr(GPtrArray) dims = g_ptr_array_new_with_free_func(dim_free);
    g_autoptr(GPtrArray) facts = g_ptr_array_new();
    Matrix matrix = {
        .catalog = catalog, .domain = domain, .dims = dims, .rows = json_array(), .holes = json_array()};
    add_dims(&matrix);
    for (guint i = 0; i < catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(catalog->tables, i);
        bool asked = !domain || g_str_equal(table->domain, domain);
        if (table->layer == STANDARD_DWD && asked && table->kind != STANDARD_MANUAL) {
            g_ptr_array_add(facts, table);
        }
    }
    g_ptr_array_sort(facts, by_process);
    for (guint i = 0; i < facts->len; i++) {
        add_row(&matrix, g_ptr_array_index(facts, i));
    }
    return json_pack("{s:o, s:o, s:o}", "dimensions", dims_json(&matrix), "rows", matrix.rows, "holes",
                     matrix.holes);
}

/* ---- coverage
 * ----------------------------------------------------------------------------------------------------------
 */

typedef struct {
    gint64 all, covered;
    json_t *uncovered;
} Cover;

static void cover_free(gpointer pointer)
{
    json_decref(((Cover *)pointer)->uncovered);
    g_free(pointer);
}

/* The columns that were read, measures apart from the rest. */
static json_t *pair_of(const StandardTable *table, const json_t *use, gint64 queries)
{
    static const char *const MEASURES[] = {"money", "count", "ratio", "measure", NULL};
    json_t *metrics = json_array(), *dims = json_array();
    const char *name;
    json_t *n;
    json_object_foreach (json_object_get((json_t *)(guintptr)use, "columns"), name, n) {
        const StandardColumn *column = standard_column_by_name(table, name);
        bool measure = column && g_strv_contains(MEASURES, column->role);
        json_array_append_new(measure ? metrics : dims, json_string(name));
    }
    return json_pack("{s:s, s:s, s:I, s:o, s:o}", "table", table->name, "layer",
                     standard_layer_name(table->layer), "queries", (json_int_t)queries, "metrics", metrics,
                     "dimensions", dims);
}

static void add_use(GHashTable *covers, const StandardTable *table, const json_t *use)
{
    gint64 queries = base_json_int(use, "queries", 0);
    Cover *cover = g_hash_table_lookup(covers, table->domain);
    if (queries == 0 || table->layer < STANDARD_DWD || table->layer > STANDARD_DWS) {
        return;
    }
    if (!cover) {
        cover = g_new0(Cover, 1);
        cover->uncovered = json_array();
        g_hash_table_insert(covers, (gpointer)(guintptr)table->domain, cover);
    }
    cover->all += queries;
    cover->covered += table->layer == STANDARD_DWS ? queries : 0;
    if (table->layer != STANDARD_DWS) {
        json_array_append_new(cover->uncovered, pair_of(table, use, queries));
    }
}

static int by_queries(const void *a, const void *b)
{
    gint64 left = base_json_int(*(json_t *const *)a, "queries", 0),
           right = base_json_int(*(json_t *const *)b, "queries", 0);
    return left < right ? 1 : left > right ? -1 : 0;
}

static json_t *top(const json_t *list)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    json_t *best = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        g_ptr_array_add(sorted, json_array_get(list, i));
    }
    g_ptr_array_sort(sorted, by_queries);
    for (guint i = 0; i < sorted->len && i < MODELLING_MAX_UNCOVERED; i++) {
        json_array_append(best, g_ptr_array_index(sorted, i));
    }
    return best;
}

json_t *modelling_coverage(const StandardCatalog *catalog, const json_t *usage)
{
    g_autoptr(GHashTable) covers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, cover_free);
    for (guint i = 0; i < catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(catalog->tables, i);
        const json_t *use = table->object ? json_object_get(usage, table->object->full_name) : NULL;
        if (use) {
            add_use(covers, table, use);
        }
    }
    json_t *list = json_array();
    GHashTableIter iter;
    gpointer domain, value;
    g_hash_table_iter_init(&iter, covers);
    while (g_hash_table_iter_next(&iter, &domain, &value)) {
        const Cover *cover = value;
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:f, s:o}", "domain", (const char *)domain, "reads",
                            (json_int_t)cover->all, "dws_reads", (json_int_t)cover->covered, "share",
                            (double)cover->covered / (double)cover->all, "uncovered", top(cover->uncovered)));
    }
    return list;
}
