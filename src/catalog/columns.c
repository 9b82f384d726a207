/* Column-level lineage of one SELECT: from the parser's tree to output columns with their origins.
 *
 * The walk does what a binder does with names, and nothing that it does with values: scopes of FROM, CTEs,
 * correlated subqueries, USING, stars, aliases. It finds unknown tables and columns itself, at the byte where
 * they stand, so that the engine need not be asked first. Where something cannot be known here (a pivot over
 * data, a table function's columns) the result is `open`: no false complaint, and the engine names the rest.
 *
 * How: direct = the same value; derived = computed from it; aggregated = from many rows of it; filter = it
 * decides which rows there are (WHERE, JOIN, HAVING, QUALIFY, GROUP BY, ORDER BY, DISTINCT ON). */
#include <stdarg.h>

#include "catalog/columns_int.h"

const char *catalog_how_name(CatalogHow how)
{
    static const char *const names[] = {"direct", "derived", "aggregated", "filter"};
    return names[how];
}

/* The engine writes "no position" as 2^64-1, which no int64 is. */
size_t node_offset(const EngineNode *node)
{
    int64_t at = 0;
    return engine_node_int(engine_node_get(node, "query_location"), &at) && at >= 0 ? (size_t)at : NOWHERE;
}

BaseDiag *walk_complain(Walk *walk, size_t offset, size_t len, BaseErrorCode code, const char *format, ...)
{
    if (walk->quiet) {
        return NULL;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    return walk->context->complain(walk->context->user, offset, len, code, message);
}

/* ---- ORDER BY, DISTINCT ON, LIMIT -----------------------------------------------------------------------
 */

static void filter_by(Walk *walk, const EngineNode *expr, Scope *scope, const Relation *out)
{
    const EngineNode *value = engine_node_get(engine_node_get(expr, "value"), "value");
    int64_t n = 0;
    if (g_str_equal(engine_node_text(expr, "class"), "CONSTANT") && engine_node_int(value, &n)) {
        /* a position in the select list */
        if (n >= 1 && (size_t)n <= out->n_columns) {
            walk_filter(walk, out->columns[n - 1].origins);
        }
        return;
    }
    walk_filter(walk, walk_expr(walk, expr, scope).origins);
}

static void walk_modifiers(Walk *walk, const EngineNode *node, Scope *scope, const Relation *out)
{
    size_t i, k;
    const EngineNode *modifier, *entry;
    scope->alias_first = true;
    engine_node_foreach(engine_node_get(node, "modifiers"), i, modifier)
    {
        engine_node_foreach(engine_node_get(modifier, "orders"), k, entry)
        {
            filter_by(walk, engine_node_get(entry, "expression"), scope, out);
        }
        engine_node_foreach(engine_node_get(modifier, "distinct_on_targets"), k, entry)
        {
            filter_by(walk, entry, scope, out);
        }
        static const char *const limits[] = {"limit", "offset"};
        for (size_t l = 0; l < G_N_ELEMENTS(limits); l++) {
            const EngineNode *limit = engine_node_get(modifier, limits[l]);
            if (engine_node_is_object(limit)) {
                walk_filter(walk, walk_expr(walk, limit, scope).origins);
            }
        }
    }
    scope->alias_first = false;
}

/* ---- names of outputs
 * -------------------------------------------------------------------------------------- */

/* The engine's name of an item without alias, where it is simple; NULL = left to the engine. */
static const char *item_name(Walk *walk, const EngineNode *item)
{
    const char *alias = engine_node_text(item, "alias");
    if (*alias) {
        return walk_text(walk, alias);
    }
    const EngineNode *names = engine_node_get(item, "column_names");
    if (engine_node_size(names) > 0) {
        return walk_text(walk, engine_node_string(engine_node_at(names, engine_node_size(names) - 1)));
    }
    const char *function = engine_node_text(item, "function_name");
    if (g_str_equal(engine_node_text(item, "class"), "FUNCTION") && g_str_equal(function, "count_star")) {
        return "count_star()";
    }
    return NULL;
}

/* A relation has each name once: the engine adds _1, _2. */
static void number_duplicates(Walk *walk, Column *columns, size_t n)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < n; i++) {
        if (!columns[i].name) {
            continue;
        }
        char *folded = g_ascii_strdown(columns[i].name, -1);
        if (g_hash_table_add(seen, folded)) {
            continue;
        }
        for (unsigned k = 1;; k++) {
            g_autofree char *numbered = g_strdup_printf("%s_%u", columns[i].name, k);
            if (g_hash_table_add(seen, g_ascii_strdown(numbered, -1))) {
                columns[i].name = walk_text(walk, numbered);
                break;
            }
        }
    }
}

static void set_columns(Walk *walk, Relation *relation, const GArray *columns)
{
    Column *copy = walk_alloc(walk, sizeof(Column) * columns->len);
    if (columns->len) {
        memcpy(copy, columns->data, sizeof(Column) * columns->len);
    }
    number_duplicates(walk, copy, columns->len);
    relation->columns = copy;
    relation->n_columns = columns->len;
}

/* ---- SELECT
 * --------------------------------------------------------------------------------------------------- */

static void walk_select_list(Walk *walk, const EngineNode *list, Scope *scope, Relation *ret)
{
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(Column));
    size_t i;
    const EngineNode *item;
    engine_node_foreach(list, i, item)
    {
        const EngineNode *star = find_star(item);
        if (star) {
            walk_star_item(walk, item, star, scope, columns, &ret->open);
            continue;
        }
        Value value = walk_expr(walk, item, scope);
        Column column = {.name = item_name(walk, item), .type = value.type, .origins = value.origins};
        g_array_append_val(columns, column);
    }
    set_columns(walk, ret, columns);
}

static bool is_aggregated(const Origins *origins)
{
    for (size_t i = 0; origins && i < origins->n; i++) {
        if (origins->items[i].how == CATALOG_HOW_AGGREGATED) {
            return true;
        }
    }
    return false;
}

static void walk_groups(Walk *walk, const EngineNode *node, Scope *scope, const Relation *out)
{
    size_t i;
    const EngineNode *group;
    engine_node_foreach(engine_node_get(node, "group_expressions"), i, group)
    {
        filter_by(walk, group, scope, out);
    }
    /* GROUP BY ALL: by every output that is no aggregate */
    bool all = g_str_equal(engine_node_text(node, "aggregate_handling"), "FORCE_AGGREGATES");
    for (i = 0; all && i < out->n_columns; i++) {
        if (!is_aggregated(out->columns[i].origins)) {
            walk_filter(walk, out->columns[i].origins);
        }
    }
}

static void walk_select(Walk *walk, const EngineNode *node, Scope *outer, const Cte *ctes, Relation *ret)
{
    Scope scope;
    scope_init(&scope, outer, ctes);
    scope.select_list = engine_node_get(node, "select_list");
    walk_from(walk, engine_node_get(node, "from_table"), &scope);
    static const char *const filters[] = {"where_clause", "having", "qualify"};
    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        const EngineNode *expr = engine_node_get(node, filters[i]);
        if (engine_node_is_object(expr)) {
            walk_filter(walk, walk_expr(walk, expr, &scope).origins);
        }
    }
    walk_select_list(walk, scope.select_list, &scope, ret);
    walk_groups(walk, node, &scope, ret);
    walk_modifiers(walk, node, &scope, ret);
    ret->rows = scope_rows(walk, &scope);
    scope_clear(&scope);
}

/* ---- set operations
 * --------------------------------------------------------------------------------------------- */

static size_t position_of(const Relation *relation, const char *name)
{
    for (size_t i = 0; name && i < relation->n_columns; i++) {
        if (relation->columns[i].name && g_ascii_strcasecmp(relation->columns[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static const char *common_type(const char *a, const char *b)
{
    return a && b && g_str_equal(a, b) ? a : "";
}

static void merge_column(Walk *walk, Column *into, const Column *from)
{
    into->origins = origins_union(walk, into->origins, from->origins);
    into->type = common_type(into->type, from->type);
}

static void unite(Walk *walk, Relation *left, const Relation *right, bool by_name)
{
    size_t room = left->n_columns + (by_name ? right->n_columns : 0);
    Column *columns = walk_alloc(walk, sizeof(Column) * room);
    size_t n = left->n_columns;
    if (n) {
        memcpy(columns, left->columns, sizeof(Column) * n);
    }
    for (size_t i = 0; i < right->n_columns; i++) {
        size_t at = by_name ? position_of(left, right->columns[i].name) : i;
        if (at < left->n_columns) {
            merge_column(walk, &columns[at], &right->columns[i]);
        } else if (by_name) {
            columns[n++] = right->columns[i];
        }
    }
    left->columns = columns;
    left->n_columns = n;
    left->open = left->open || right->open;
    left->rows = origins_union(walk, left->rows, right->rows);
}

static void walk_set(Walk *walk, const EngineNode *node, Scope *outer, const Cte *ctes, Relation *ret)
{
    const char *type = engine_node_text(node, "setop_type");
    bool removes = g_str_equal(type, "EXCEPT") || g_str_equal(type, "INTERSECT");
    const EngineNode *children = engine_node_get(node, "children");
    const EngineNode *pair[] = {engine_node_get(node, "left"), engine_node_get(node, "right")};
    size_t n = children ? engine_node_size(children) : 2;
    for (size_t i = 0; i < n; i++) {
        Relation part = {0};
        walk_query(walk, children ? engine_node_at(children, i) : pair[i], outer, ctes, i ? &part : ret);
        for (size_t k = 0; i && removes && k < part.n_columns; k++) {
            walk_filter(walk, part.columns[k].origins); /* its rows decide which stay */
        }
        if (i && !removes) {
            unite(walk, ret, &part, g_str_equal(type, "UNION_BY_NAME"));
        }
    }
    Scope scope;
    scope_init(&scope, outer, ctes);
    scope_add(walk, &scope, ret); /* ORDER BY names the result */
    walk_modifiers(walk, node, &scope, ret);
    scope_clear(&scope);
}

/* ---- CTEs
 * ----------------------------------------------------------------------------------------------------------
 */

static size_t origins_total(const Relation *relation)
{
    size_t n = 0;
    for (size_t i = 0; i < relation->n_columns; i++) {
        n += relation->columns[i].origins ? relation->columns[i].origins->n : 0;
    }
    return n;
}

/* What the recursive part adds may flow round: its columns are united until nothing new comes. Only the
 * first pass complains. */
static void walk_recursive(Walk *walk, const EngineNode *node, Scope *outer, const Cte *ctes,
                           const EngineNode *aliases, Relation *ret)
{
    walk_query(walk, engine_node_get(node, "left"), outer, ctes, ret);
    relation_rename(walk, ret, aliases);
    bool quiet = walk->quiet;
    for (size_t pass = 0; pass <= ret->n_columns + 1; pass++) {
        Cte self = {
            .next = (Cte *)(guintptr)ctes, .name = engine_node_text(node, "cte_name"), .relation = *ret};
        Relation part = {0};
        size_t before = origins_total(ret);
        walk_query(walk, engine_node_get(node, "right"), outer, &self, &part);
        unite(walk, ret, &part, false);
        walk->quiet = true;
        if (origins_total(ret) == before) {
            break;
        }
    }
    walk->quiet = quiet;
}

static const Cte *walk_ctes(Walk *walk, const EngineNode *node, Scope *outer, const Cte *ctes)
{
    size_t i;
    const EngineNode *entry;
    engine_node_foreach(engine_node_get(engine_node_get(node, "cte_map"), "map"), i, entry)
    {
        const EngineNode *value = engine_node_get(entry, "value");
        const EngineNode *body = engine_node_get(engine_node_get(value, "query"), "node");
        const EngineNode *aliases = engine_node_get(value, "aliases");
        Cte *cte = walk_alloc(walk, sizeof *cte);
        *cte = (Cte){.next = (Cte *)(guintptr)ctes, .name = walk_text(walk, engine_node_text(entry, "key"))};
        if (g_str_equal(engine_node_text(body, "type"), "RECURSIVE_CTE_NODE")) {
            const Cte *inner = walk_ctes(walk, body, outer, ctes);
            walk_recursive(walk, body, outer, inner, aliases, &cte->relation);
        } else {
            walk_query(walk, body, outer, ctes, &cte->relation);
            relation_rename(walk, &cte->relation, aliases);
        }
        ctes = cte;
    }
    return ctes;
}

void walk_query(Walk *walk, const EngineNode *node, Scope *outer, const Cte *ctes, Relation *ret)
{
    if (++walk->steps > COLUMNS_MAX_STEPS) {
        ret->open = true;
        return;
    }
    if (walk->depth >= COLUMNS_MAX_DEPTH) {
        walk_complain(walk, NOWHERE, 0, BASE_E_SQL_FAILED, "queries are nested more than %d deep",
                      COLUMNS_MAX_DEPTH);
        ret->open = true;
        return;
    }
    walk->depth++;
    const char *type = engine_node_text(node, "type");
    const Cte *inner = walk_ctes(walk, node, outer, ctes);
    if (g_str_equal(type, "SELECT_NODE")) {
        walk_select(walk, node, outer, inner, ret);
    } else if (g_str_equal(type, "SET_OPERATION_NODE")) {
        walk_set(walk, node, outer, inner, ret);
    } else if (g_str_equal(type, "RECURSIVE_CTE_NODE")) {
        walk_recursive(walk, node, outer, inner, engine_node_get(node, "aliases"), ret);
    } else {
        ret->open = true;
    }
    walk->depth--;
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------------ */

void catalog_columns_run(const EngineTree *tree, const CatalogColumnsContext *context,
                         CatalogColumnsResult *ret)
{
    *ret = (CatalogColumnsResult){.uses = g_array_new(FALSE, FALSE, sizeof(CatalogTableUse)),
                                  .schemas = g_array_new(FALSE, FALSE, sizeof(CatalogTableUse))};
    Walk walk = {.context = context, .result = ret, .blocks = g_ptr_array_new_with_free_func(g_free)};
    ret->arena = walk.blocks;
    Relation out = {0};
    walk_query(&walk, engine_tree_query(tree), NULL, NULL, &out);
    ret->outputs = (CatalogOutput *)(guintptr)out.columns;
    ret->n_outputs = out.n_columns;
    ret->open = out.open || walk.steps > COLUMNS_MAX_STEPS;
    if (walk.steps > COLUMNS_MAX_STEPS) {
        walk_complain(&walk, NOWHERE, 0, BASE_E_SQL_FAILED, "the query is too large to be followed");
    }
    ret->filters = walk.filters;
}

void catalog_columns_clear(CatalogColumnsResult *result)
{
    g_clear_pointer(&result->uses, g_array_unref);
    g_clear_pointer(&result->schemas, g_array_unref);
    if (result->arena) {
        g_ptr_array_unref(result->arena);
        result->arena = NULL;
    }
}
