/* The same logic in several places, told by what is computed and not by what it is called.
 *
 * An output expression is brought to one form: aliases and casts away, operands of + * AND OR = sorted, each
 * column as the column at the root of its lineage (up through tables that hand it on as it is). With an
 * aggregate the conditions of WHERE belong to it, without those on the run's interval. Then
 *   - repeated: one form under one name in several models;
 *   - synonyms: one form under several names;
 *   - homonyms: one name with several forms; a sum of the column of the same name is that metric still;
 *   - queries: models that ask the same (the canonical text of rule LD-21).
 * Looked at are models whose outermost SELECT names its columns; one behind a WITH is seen as far as its
 * columns can be followed. */
#include <string.h>

#include "engine/sql.h"
#include "modelling/modelling.h"

#define FOLLOW_MAX_DEPTH 32

typedef struct {
    StandardTable *table;
    char *name, *form, *shown;
    bool measure, rolled; /* rolled: a sum of the column of its own name */
} Output;

typedef struct {
    StandardCatalog *catalog;
    EngineConn *conn;
    StandardTable *table;   /* being read */
    const GPtrArray *edges; /* CatalogEdge*: into it */
    const char *column;
    GPtrArray *outputs; /* Output* */
    bool open, sums;
    guint n_computing, n_columns;
} Reader;

static void output_free(gpointer pointer)
{
    Output *output = pointer;
    g_free(output->name);
    g_free(output->form);
    g_free(output->shown);
    g_free(output);
}

/* ---- columns at the root
 * ----------------------------------------------------------------------------------- */

/* "domain.table.column" where the value first stands. Caller frees. */
static char *root_of(const Reader *reader, const CatalogObject *object, const char *column, guint depth)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(reader->catalog->snapshot, object, column);
    const CatalogEdge *only = NULL;
    guint n = 0;
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        bool value = edge->from_column && edge->to_column && g_ascii_strcasecmp(edge->to_column, column) == 0;
        n += value ? 1 : 0;
        only = value ? edge : only;
    }
    bool passed = n == 1 && g_str_equal(only->how, "direct") && depth < FOLLOW_MAX_DEPTH;
    return passed ? root_of(reader, only->from, only->from_column, depth + 1)
                  : g_strdup_printf("%s.%s", object->full_name, column);
}

/* The table whose column the SELECT means: among those that the output's lineage names. */
static char *resolve(Reader *reader, const json_t *names)
{
    size_t n = json_array_size(names);
    const char *name = json_string_value(json_array_get(names, n - 1));
    const CatalogEdge *found = NULL;
    guint hits = 0;
    for (guint i = 0; name && i < reader->edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(reader->edges, i);
        bool match = edge->from_column && g_ascii_strcasecmp(edge->from_column, name) == 0 &&
                     (!found || found->from != edge->from);
        hits += match ? 1 : 0;
        found = match ? edge : found;
    }
    if (hits != 1) {
        reader->open = true; /* of a WITH, or of two tables: which is not known here */
        return g_strdup("?");
    }
    return root_of(reader, found->from, found->from_column, 0);
}

/* ---- one form
 * ------------------------------------------------------------------------------------------------- */

static json_t *form_of(Reader *reader, const json_t *node);

static int by_text(const void *a, const void *b)
{
    g_autofree char *left = base_json_text(*(json_t *const *)a), *right = base_json_text(*(json_t *const *)b);
    return strcmp(left, right);
}

static json_t *list_of(Reader *reader, const json_t *list, bool sorted)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        g_ptr_array_add(items, form_of(reader, json_array_get(list, i)));
    }
    if (sorted) {
        g_ptr_array_sort(items, by_text);
    }
    for (guint i = 0; i < items->len; i++) {
        json_array_append_new(out, g_ptr_array_index(items, i));
    }
    return out;
}

static bool commutes(const char *class, const char *type, const char *function)
{
    return g_str_equal(class, "CONJUNCTION") || g_str_equal(function, "+") || g_str_equal(function, "*") ||
           g_str_equal(type, "COMPARE_EQUAL") || g_str_equal(type, "COMPARE_NOTEQUAL");
}

static json_t *members_of(Reader *reader, const json_t *node, bool sorted)
{
    static const char *const AWAY[] = {"alias", "query_location", "left", "right", NULL};
    json_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(guintptr)node, key, value) {
        if (!g_strv_contains(AWAY, key)) {
            json_object_set_new(out, key,
                                json_is_array(value)
                                    ? list_of(reader, value, sorted && g_str_equal(key, "children"))
                                    : form_of(reader, value));
        }
    }
    if (json_object_get(node, "left")) {
        g_autoptr(json_t) sides =
            json_pack("[O, O]", json_object_get(node, "left"), json_object_get(node, "right"));
        json_object_set_new(out, "sides", list_of(reader, sides, sorted));
    }
    return out;
}

static json_t *form_of(Reader *reader, const json_t *node)
{
    const char *class = base_json_string(node, "class", "");
    if (g_str_equal(class, "CAST")) {
        return form_of(reader, json_object_get(node, "child"));
    }
    if (g_str_equal(class, "COLUMN_REF")) {
        reader->n_columns++;
        g_autofree char *root = resolve(reader, json_object_get(node, "column_names"));
        return json_pack("{s:s}", "column", root);
    }
    if (g_str_equal(class, "PARAMETER") || g_str_equal(class, "SUBQUERY") || g_str_equal(class, "STAR")) {
        reader->open = true;
        return json_null();
    }
    if (!json_is_object(node)) {
        return json_is_string(node) ? json_string(json_string_value(node)) : json_deep_copy(node);
    }
    const char *function = base_json_string(node, "function_name", "");
    static const char *const COMPUTING[] = {"FUNCTION",   "CASE",        "OPERATOR", "WINDOW",
                                            "COMPARISON", "CONJUNCTION", "BETWEEN",  NULL};
    reader->n_computing += g_strv_contains(COMPUTING, class) ? 1 : 0;
    reader->sums = reader->sums || (g_str_equal(class, "FUNCTION") && standard_is_aggregate(function));
    return members_of(reader, node, commutes(class, base_json_string(node, "type", ""), function));
}

/* Conditions of WHERE, without those on the interval of a run. */
static void add_conditions(Reader *reader, const json_t *where, json_t *list)
{
    if (g_str_equal(base_json_string(where, "type", ""), "CONJUNCTION_AND")) {
        for (size_t i = 0; i < json_array_size(json_object_get(where, "children")); i++) {
            add_conditions(reader, json_array_get(json_object_get(where, "children"), i), list);
        }
        return;
    }
    g_autofree char *text = base_json_text(where);
    if (where && !strstr(text, "\"PARAMETER\"")) {
        json_array_append_new(list, form_of(reader, where));
    }
}

/* ---- one model
 * ------------------------------------------------------------------------------------------------------ */

static char *shown(Reader *reader, const json_t *expression)
{
    g_autoptr(json_t) tree = engine_sql_parse(reader->conn, "SELECT 1", NULL);
    json_t *bare = json_deep_copy(expression);
    json_object_del(bare, "alias");
    json_object_set_new(json_object_get(tree, "node"), "select_list", json_pack("[o]", bare));
    g_autofree char *sql = engine_sql_print(reader->conn, tree, NULL);
    return g_strdup(sql && g_str_has_prefix(sql, "SELECT ") ? sql + 7 : reader->column);
}

/* sum(play_cnt) AS play_cnt: the metric itself, rolled up. */
static bool rolls_up(const json_t *expression, const char *name)
{
    const json_t *child = expression;
    while (child && !g_str_equal(base_json_string(child, "class", ""), "COLUMN_REF")) {
        const char *class = base_json_string(child, "class", "");
        bool function = g_str_equal(class, "FUNCTION") || g_str_equal(class, "OPERATOR");
        const json_t *children = json_object_get(child, "children");
        child = g_str_equal(class, "CAST")                  ? json_object_get(child, "child")
                : function && json_array_size(children) > 0 ? json_array_get(children, 0)
                                                            : NULL;
    }
    const json_t *names = json_object_get(child, "column_names");
    const char *column = json_string_value(json_array_get(names, json_array_size(names) - (names ? 1 : 0)));
    return column && g_ascii_strcasecmp(column, name) == 0;
}

/* count(*) is another thing for each set of tables. */
static char *tables_of(const StandardTable *table)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < table->reads->len; i++) {
        g_string_append_printf(out, "%s ", ((const StandardTable *)g_ptr_array_index(table->reads, i))->name);
    }
    return g_string_free(out, FALSE);
}

static bool is_measure(const StandardTable *table, const char *name)
{
    static const char *const ROLES[] = {"money", "count", "ratio", "measure", NULL};
    const StandardColumn *column = standard_column_by_name(table, name);
    return column && g_strv_contains(ROLES, column->role);
}

static void add_output(Reader *reader, const json_t *node, const json_t *expression)
{
    const char *name = base_json_string(expression, "alias", "");
    if (*name == '\0') {
        return;
    }
    reader->column = name;
    reader->open = reader->sums = false;
    reader->n_computing = reader->n_columns = 0;
    g_autoptr(json_t) form = form_of(reader, expression), conditions = json_array();
    bool sums = reader->sums;
    if (sums) {
        add_conditions(reader, json_object_get(node, "where_clause"), conditions);
    }
    bool trivial = reader->n_computing + reader->n_columns < 3; /* lower(x), coalesce(x, -1): cleaning */
    if (reader->open || (trivial && !sums)) {
        return;
    }
    g_autofree char *text = base_json_text(form), *where = base_json_text(conditions);
    g_autofree char *of = sums ? tables_of(reader->table) : g_strdup("");
    Output *output = g_new0(Output, 1);
    *output = (Output){.table = reader->table,
                       .name = g_strdup(name),
                       .form = g_strconcat(of, text, where, NULL),
                       .shown = shown(reader, expression),
                       .measure = sums || is_measure(reader->table, name),
                       .rolled = rolls_up(expression, name)};
    g_ptr_array_add(reader->outputs, output);
}

static void read_model(Reader *reader)
{
    const CatalogObject *object = reader->table->object;
    if (!object || !object->model || !object->model->sql_resolved) {
        return;
    }
    g_autoptr(GPtrArray) edges = catalog_lineage_up(reader->catalog->snapshot, object, NULL);
    g_autoptr(json_t) tree = engine_sql_parse(reader->conn, object->model->sql_resolved, NULL);
    reader->edges = edges;
    const json_t *node = json_object_get(tree, "node"), *list = json_object_get(node, "select_list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        add_output(reader, node, json_array_get(list, i));
    }
}

/* ---- findings
 * -------------------------------------------------------------------------------------------------------- */

/* Groups of outputs by one of their texts: text -> GPtrArray of Output*, in the order in which they were
 * found. */
static GHashTable *group(const GPtrArray *outputs, bool by_form)
{
    GHashTable *groups =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < outputs->len; i++) {
        Output *output = g_ptr_array_index(outputs, i);
        g_autofree char *key = by_form ? g_strdup(output->form) : g_ascii_strdown(output->name, -1);
        GPtrArray *list = g_hash_table_lookup(groups, key);
        if (!by_form && output->rolled) {
            continue;
        }
        if (!list) {
            list = g_ptr_array_new();
            g_hash_table_insert(groups, g_strdup(key), list);
        }
        g_ptr_array_add(list, output);
    }
    return groups;
}

static json_t *place(const Output *output)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i}", "table", output->table->name, "column", output->name,
                     "expression", output->shown, "file", output->table->object->file, "line",
                     (int)output->table->object->line);
}

static bool all_alike(const GPtrArray *list, bool names)
{
    const Output *first = g_ptr_array_index(list, 0);
    for (guint i = 1; i < list->len; i++) {
        const Output *output = g_ptr_array_index(list, i);
        if (names ? g_ascii_strcasecmp(output->name, first->name) != 0
                  : !g_str_equal(output->form, first->form)) {
            return false;
        }
    }
    return true;
}

/* The lists of a group, in the order of their first outputs. */
static void report(const GPtrArray *outputs, bool by_form, json_t *repeated, json_t *other)
{
    g_autoptr(GHashTable) groups = group(outputs, by_form);
    for (guint i = 0; i < outputs->len; i++) {
        const Output *output = g_ptr_array_index(outputs, i);
        g_autofree char *key = by_form ? g_strdup(output->form) : g_ascii_strdown(output->name, -1);
        const GPtrArray *list = g_hash_table_lookup(groups, key);
        if (!list || list->len < 2 || g_ptr_array_index(list, 0) != output ||
            (!by_form && !output->measure)) {
            continue;
        }
        bool alike = all_alike(list, by_form);
        json_t *same = by_form && !output->rolled ? repeated : NULL; /* one metric at two grains is no copy */
        json_t *to = alike ? same : other;
        json_t *places = to ? json_array() : NULL;
        for (guint k = 0; places && k < list->len; k++) {
            json_array_append_new(places, place(g_ptr_array_index(list, k)));
        }
        if (to) {
            json_array_append_new(to, json_pack("{s:s, s:o}", by_form ? "expression" : "name",
                                                by_form ? output->shown : output->name, "columns", places));
        }
    }
}

static json_t *same_queries(StandardCatalog *catalog)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    json_t *list = json_array();
    for (guint i = 0; i < catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(catalog->tables, i);
        const StandardSql *sql = table->sql ? standard_sql(table) : NULL;
        const StandardTable *first = sql && sql->ok ? g_hash_table_lookup(seen, sql->canonical) : NULL;
        if (first) {
            json_array_append_new(list, json_pack("{s:[s, s]}", "tables", first->name, table->name));
        } else if (sql && sql->ok) {
            g_hash_table_insert(seen, (gpointer)(guintptr)sql->canonical, table);
        }
    }
    return list;
}

json_t *modelling_duplicates(StandardCatalog *catalog, EngineConn *conn)
{
    g_autoptr(GPtrArray) outputs = g_ptr_array_new_with_free_func(output_free);
    Reader reader = {.catalog = catalog, .conn = conn, .outputs = outputs};
    for (guint i = 0; i < catalog->tables->len; i++) {
        reader.table = g_ptr_array_index(catalog->tables, i);
        read_model(&reader);
    }
    json_t *repeated = json_array(), *synonyms = json_array(), *homonyms = json_array();
    report(outputs, true, repeated, synonyms);
    report(outputs, false, NULL, homonyms);
    return json_pack("{s:o, s:o, s:o, s:o, s:i}", "repeated", repeated, "synonyms", synonyms, "homonyms",
                     homonyms, "queries", same_queries(catalog), "expressions", (int)outputs->len);
}
