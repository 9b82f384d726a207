/* Lineage as a graph: edges up and down, trees, all that is reached, Graphviz, order of models.
 *
 * An edge has columns where they are known. What an edge without columns means for a column: the whole of a
 * table goes into a product or a dashboard, so each of its columns does; between two tables it says only that
 * one is read, and the edges with columns say which. `filter` edges end a walk over columns: the column
 * decides which rows there are, it is in none of the values. */
#include "catalog/catalog_int.h"

static bool has_columns(const CatalogObject *object)
{
    return object->columns != NULL;
}

static const GPtrArray *edges_of(const CatalogSnapshot *snapshot, const CatalogObject *object, bool up)
{
    return g_hash_table_lookup(up ? snapshot->up : snapshot->down, object);
}

static bool same(const char *a, const char *b)
{
    return a && b && g_ascii_strcasecmp(a, b) == 0;
}

/* Is there an edge with columns between the two? Then the one without says nothing of columns. */
static bool has_column_edge(const GPtrArray *edges, const CatalogEdge *plain)
{
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        if (edge->from == plain->from && edge->to == plain->to && (edge->from_column || edge->to_column)) {
            return true;
        }
    }
    return false;
}

static bool concerns(const GPtrArray *edges, const CatalogEdge *edge, const char *column, bool up)
{
    const char *own = up ? edge->to_column : edge->from_column;
    const char *other = up ? edge->from_column : edge->to_column;
    const CatalogObject *far = up ? edge->from : edge->to;
    if (!column || same(own, column)) {
        return true;
    }
    if (own) {
        return false;
    }
    if (up && other) {
        return true; /* decides the rows that the column has values in */
    }
    bool tables = has_columns(far) && has_columns(up ? edge->to : edge->from);
    return !other && !tables && !has_column_edge(edges, edge);
}

static GPtrArray *select_edges(const CatalogSnapshot *snapshot, const CatalogObject *object,
                               const char *column, bool up)
{
    GPtrArray *out = g_ptr_array_new();
    const GPtrArray *edges = edges_of(snapshot, object, up);
    for (guint i = 0; edges && i < edges->len; i++) {
        CatalogEdge *edge = g_ptr_array_index(edges, i);
        if (concerns(edges, edge, column, up)) {
            g_ptr_array_add(out, edge);
        }
    }
    return out;
}

GPtrArray *catalog_lineage_up(const CatalogSnapshot *snapshot, const CatalogObject *object,
                              const char *column)
{
    return select_edges(snapshot, object, column, true);
}

GPtrArray *catalog_lineage_down(const CatalogSnapshot *snapshot, const CatalogObject *object,
                                const char *column)
{
    return select_edges(snapshot, object, column, false);
}

/* ---- walking ---------------------------------------------------------------------------------------------
 */

/* A place of the walk: an object, or one column of it. */
typedef struct {
    const CatalogObject *object;
    const char *column;
} Place;

static guint place_hash(gconstpointer data)
{
    const Place *place = data;
    return g_direct_hash(place->object) ^ (place->column ? g_str_hash(place->column) : 0);
}

static gboolean place_equal(gconstpointer a, gconstpointer b)
{
    const Place *x = a, *y = b;
    return x->object == y->object && g_strcmp0(x->column, y->column) == 0;
}

static bool is_filter(const CatalogEdge *edge)
{
    return g_str_equal(edge->how, "filter");
}

/* Where an edge leads. From a column the walk stays on columns; from an object as a whole on objects. */
static Place far_end(const CatalogEdge *edge, bool up, bool by_column)
{
    const CatalogObject *object = up ? edge->from : edge->to;
    return (Place){object, by_column ? (up ? edge->from_column : edge->to_column) : NULL};
}

/* Of an object as a whole one edge for each neighbour is enough. */
static GPtrArray *steps(const CatalogSnapshot *snapshot, const Place *place, bool up)
{
    GPtrArray *edges = select_edges(snapshot, place->object, place->column, up);
    if (place->column) {
        return edges;
    }
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    GPtrArray *out = g_ptr_array_new();
    for (guint i = 0; i < edges->len; i++) {
        CatalogEdge *edge = g_ptr_array_index(edges, i);
        if (g_hash_table_add(seen, (gpointer)(guintptr)(up ? edge->from : edge->to))) {
            g_ptr_array_add(out, edge);
        }
    }
    g_ptr_array_unref(edges);
    return out;
}

/* ---- tree
 * --------------------------------------------------------------------------------------------------- */

#define TREE_MAX_NODES 20000
#define TREE_MAX_DEPTH 500

typedef struct {
    const CatalogSnapshot *snapshot;
    bool up;
    size_t n_nodes;
    GPtrArray *path; /* Place* from the root */
} Tree;

static json_t *node_json(const Place *place, const char *how)
{
    json_t *node = json_object();
    base_json_set_string(node, "object", place->object->full_name);
    base_json_set_string(node, "id", place->object->id);
    base_json_set_string(node, "kind", catalog_kind_name(place->object->kind));
    if (place->column) {
        base_json_set_string(node, "column", place->column);
    }
    if (how) {
        base_json_set_string(node, "how", how);
    }
    return node;
}

static bool on_path(const Tree *tree, const Place *place)
{
    for (guint i = 0; i < tree->path->len; i++) {
        if (place_equal(g_ptr_array_index(tree->path, i), place)) {
            return true;
        }
    }
    return false;
}

static json_t *tree_from(Tree *tree, Place *place, const char *how, bool leaf)
{
    json_t *node = node_json(place, how);
    json_t *children = json_array();
    json_object_set_new(node, "children", children);
    tree->n_nodes++;
    if (leaf || tree->path->len >= TREE_MAX_DEPTH) {
        return node;
    }
    g_ptr_array_add(tree->path, place);
    g_autoptr(GPtrArray) edges = steps(tree->snapshot, place, tree->up);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(place_hash, place_equal, g_free, NULL);
    for (guint i = 0; i < edges->len && tree->n_nodes < TREE_MAX_NODES; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        Place far = far_end(edge, tree->up, place->column != NULL || !has_columns(place->object));
        if (on_path(tree, &far) || !g_hash_table_add(seen, g_memdup2(&far, sizeof far))) {
            continue;
        }
        bool ends = place->column && is_filter(edge);
        json_array_append_new(children, tree_from(tree, &far, edge->how, ends));
    }
    g_ptr_array_set_size(tree->path, (gint)tree->path->len - 1);
    return node;
}

json_t *catalog_lineage_tree(const CatalogSnapshot *snapshot, const CatalogObject *object, const char *column,
                             bool up)
{
    Tree tree = {.snapshot = snapshot, .up = up, .path = g_ptr_array_new()};
    Place root = {object, column};
    json_t *json = tree_from(&tree, &root, NULL, false);
    if (tree.n_nodes >= TREE_MAX_NODES) {
        json_object_set_new(json, "truncated", json_true());
    }
    g_ptr_array_unref(tree.path);
    return json;
}

/* ---- graph
 * ------------------------------------------------------------------------------------------------- */

typedef struct {
    const CatalogSnapshot *snapshot;
    GHashTable *places;  /* seen, both as set and owner */
    GHashTable *objects; /* object -> json node */
    GHashTable *edges;   /* seen */
    json_t *nodes, *links;
} Graph;

static void graph_node(Graph *graph, const Place *place)
{
    json_t *node = g_hash_table_lookup(graph->objects, place->object);
    if (!node) {
        node = json_object();
        base_json_set_string(node, "id", place->object->id);
        base_json_set_string(node, "kind", catalog_kind_name(place->object->kind));
        base_json_set_string(node, "name", place->object->full_name);
        json_object_set_new(node, "columns", json_array());
        json_array_append_new(graph->nodes, node);
        g_hash_table_insert(graph->objects, (gpointer)(guintptr)place->object, node);
    }
    json_t *columns = json_object_get(node, "columns");
    size_t i;
    json_t *known;
    json_array_foreach (columns, i, known) {
        if (g_strcmp0(json_string_value(known), place->column) == 0) {
            return;
        }
    }
    if (place->column) {
        json_array_append_new(columns, json_string(place->column));
    }
}

static void graph_edge(Graph *graph, const CatalogEdge *edge)
{
    if (!g_hash_table_add(graph->edges, (gpointer)(guintptr)edge)) {
        return;
    }
    json_t *link = json_object();
    base_json_set_string(link, "from", edge->from->id);
    base_json_set_string(link, "to", edge->to->id);
    base_json_set_string(link, "from_column", edge->from_column);
    base_json_set_string(link, "to_column", edge->to_column);
    base_json_set_string(link, "how", edge->how);
    json_array_append_new(graph->links, link);
    graph_node(graph, &(Place){edge->from, edge->from_column});
    graph_node(graph, &(Place){edge->to, edge->to_column});
}

static void graph_walk(Graph *graph, const Place *root, bool up)
{
    g_autoptr(GQueue) queue = g_queue_new();
    g_hash_table_remove_all(graph->places);
    Place *first = g_memdup2(root, sizeof *root);
    g_hash_table_add(graph->places, first);
    g_queue_push_tail(queue, first);
    while (!g_queue_is_empty(queue)) {
        const Place *place = g_queue_pop_head(queue);
        g_autoptr(GPtrArray) edges = select_edges(graph->snapshot, place->object, place->column, up);
        bool by_column = place->column || !has_columns(place->object);
        for (guint i = 0; i < edges->len; i++) {
            const CatalogEdge *edge = g_ptr_array_index(edges, i);
            graph_edge(graph, edge);
            Place far = far_end(edge, up, by_column);
            if ((place->column && is_filter(edge)) || g_hash_table_contains(graph->places, &far)) {
                continue;
            }
            Place *next = g_memdup2(&far, sizeof far);
            g_hash_table_add(graph->places, next);
            g_queue_push_tail(queue, next);
        }
    }
}

json_t *catalog_lineage_graph(const CatalogSnapshot *snapshot, const CatalogObject *object,
                              const char *column, bool up, bool down)
{
    Graph graph = {.snapshot = snapshot, .nodes = json_array(), .links = json_array()};
    graph.places = g_hash_table_new_full(place_hash, place_equal, g_free, NULL);
    graph.objects = g_hash_table_new(g_direct_hash, g_direct_equal);
    graph.edges = g_hash_table_new(g_direct_hash, g_direct_equal);
    Place root = {object, column};
    graph_node(&graph, &root);
    if (up) {
        graph_walk(&graph, &root, true);
    }
    if (down) {
        graph_walk(&graph, &root, false);
    }
    g_hash_table_unref(graph.places);
    g_hash_table_unref(graph.objects);
    g_hash_table_unref(graph.edges);
    return json_pack("{s:o, s:o}", "nodes", graph.nodes, "edges", graph.links);
}

/* ---- Graphviz
 * ------------------------------------------------------------------------------------------------ */

static void append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p++) {
        g_string_append(out, *p == '"' ? "\\\"" : *p == '\\' ? "\\\\" : (char[]){*p, 0});
    }
    g_string_append_c(out, '"');
}

char *catalog_lineage_dot(const json_t *graph)
{
    GString *out =
        g_string_new("digraph lineage {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(graph, "nodes"), i, entry) {
        g_autofree char *label = g_strdup_printf("%s\n%s", base_json_string(entry, "name", ""),
                                                 base_json_string(entry, "kind", ""));
        g_auto(GStrv) lines = g_strsplit(label, "\n", 2);
        g_autofree char *joined = g_strjoinv("\\n", lines);
        g_string_append(out, "  ");
        append_quoted(out, base_json_string(entry, "id", ""));
        g_string_append_printf(out, " [label=\"%s\"];\n", joined); /* names and kinds hold no quotes */
    }
    json_array_foreach (json_object_get(graph, "edges"), i, entry) {
        const char *from = base_json_string(entry, "from_column", NULL);
        const char *to = base_json_string(entry, "to_column", NULL);
        g_string_append(out, "  ");
        append_quoted(out, base_json_string(entry, "from", ""));
        g_string_append(out, " -> ");
        append_quoted(out, base_json_string(entry, "to", ""));
        g_autofree char *label = g_strdup_printf("%s%s%s", from ? from : "", to ? " > " : "", to ? to : "");
        g_string_append(out, " [label=");
        append_quoted(out, label);
        g_string_append(out, is_filter(&(CatalogEdge){.how = base_json_string(entry, "how", "")})
                                 ? ", style=dashed];\n"
                                 : "];\n");
    }
    g_string_append(out, "}\n");
    return g_string_free(out, FALSE);
}

/* ---- objects reached
 * ------------------------------------------------------------------------------------------- */

static GPtrArray *reached(const CatalogSnapshot *snapshot, const CatalogObject *object, bool up)
{
    GPtrArray *out = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_hash_table_add(seen, (gpointer)(guintptr)object);
    const CatalogObject *at = object;
    for (guint next = 0;; next++) {
        const GPtrArray *edges = edges_of(snapshot, at, up);
        for (guint i = 0; edges && i < edges->len; i++) {
            const CatalogEdge *edge = g_ptr_array_index(edges, i);
            const CatalogObject *far = up ? edge->from : edge->to;
            if (g_hash_table_add(seen, (gpointer)(guintptr)far)) {
                g_ptr_array_add(out, (gpointer)(guintptr)far);
            }
        }
        if (next >= out->len) {
            return out;
        }
        at = g_ptr_array_index(out, next);
    }
}

GPtrArray *catalog_downstream(const CatalogSnapshot *snapshot, const CatalogObject *object)
{
    return reached(snapshot, object, false);
}

GPtrArray *catalog_upstream(const CatalogSnapshot *snapshot, const CatalogObject *object)
{
    return reached(snapshot, object, true);
}

/* ---- order of models
 * ---------------------------------------------------------------------------------------------- */

static GPtrArray *models_below(const CatalogSnapshot *snapshot, const CatalogObject *object)
{
    GPtrArray *out = g_ptr_array_new();
    const GPtrArray *edges = edges_of(snapshot, object, false);
    for (guint i = 0; edges && i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        if (edge->to->kind == CATALOG_MODEL && !edge->from_column && !edge->to_column) {
            g_ptr_array_add(out, (gpointer)(guintptr)edge->to);
        }
    }
    return out;
}

/* Kahn's algorithm over the sorted models, so that the order is the same each time. */
GPtrArray *catalog_model_order(const CatalogSnapshot *snapshot, GError **error)
{
    g_autoptr(GHashTable) waits = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    guint n = 0;
    for (guint i = 0; i < snapshot->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(snapshot->objects, i);
        if (object->kind != CATALOG_MODEL) {
            continue;
        }
        n++;
        guint reads = 0;
        const GPtrArray *edges = edges_of(snapshot, object, true);
        for (guint k = 0; edges && k < edges->len; k++) {
            const CatalogEdge *edge = g_ptr_array_index(edges, k);
            reads += edge->from->kind == CATALOG_MODEL && !edge->from_column && !edge->to_column;
        }
        g_hash_table_insert(waits, (gpointer)(guintptr)object, GUINT_TO_POINTER(reads));
        if (reads == 0) {
            g_ptr_array_add(order, (gpointer)(guintptr)object);
        }
    }
    for (guint i = 0; i < order->len; i++) {
        g_autoptr(GPtrArray) below = models_below(snapshot, g_ptr_array_index(order, i));
        for (guint k = 0; k < below->len; k++) {
            gpointer model = g_ptr_array_index(below, k);
            guint left = GPOINTER_TO_UINT(g_hash_table_lookup(waits, model)) - 1;
            g_hash_table_insert(waits, model, GUINT_TO_POINTER(left));
            if (left == 0) {
                g_ptr_array_add(order, model);
            }
        }
    }
    if (order->len < n) {
        base_fail(error, BASE_E_CYCLE, "%u models read each other in a circle", n - order->len);
        return NULL;
    }
    return g_steal_pointer(&order);
}
