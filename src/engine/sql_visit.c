/* Walks over the engine's tree: tables with the scope of CTEs, functions.
 *
 * The walk is over every object, not over known node types, so that a new kind of node cannot hide a table.
 * Two objects matter: a query node (it has "cte_map") opens a scope, and an object of type BASE_TABLE or
 * TABLE_FUNCTION is a table. What names a CTE there: an unqualified name (or recurring.name, inside a
 * recursion USING KEY) equal, case folded, to an entry of an enclosing cte_map. The body of an entry sees the
 * entries before it, and itself only when it is a RECURSIVE_CTE_NODE; measured on the engine: in WITH t AS
 * (SELECT * FROM t) the inner t is the base table. */
#include "engine/sql_int.h"

typedef struct Scope {
    const struct Scope *outer;
    const char *name;
    bool recurring; /* the body of a recursion USING KEY: recurring.name too is the CTE */
} Scope;

typedef struct {
    EngineTableVisit visit;
    void *user;
} TableWalk;

static bool in_scope(const Scope *scope, const char *name, bool recurring)
{
    for (; scope; scope = scope->outer) {
        if ((scope->recurring || !recurring) && g_ascii_strcasecmp(scope->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_cte(const json_t *table, const Scope *scope)
{
    const char *schema = base_json_string(table, "schema_name", "");
    bool recurring = g_ascii_strcasecmp(schema, "recurring") == 0;
    return (*schema == '\0' || recurring) && *base_json_string(table, "catalog_name", "") == '\0' &&
           in_scope(scope, base_json_string(table, "table_name", ""), recurring);
}

static bool walk_tables(const TableWalk *walk, json_t *node, const Scope *scope, GError **error);

static bool walk_members(const TableWalk *walk, json_t *object, const char *skip, const Scope *scope,
                         GError **error)
{
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        if ((!skip || strcmp(key, skip) != 0) && !walk_tables(walk, value, scope, error)) {
            return false;
        }
    }
    return true;
}

/* Entry i of a cte_map with all behind it, then the rest of the query: recursion keeps the scopes on the
 * stack. */
static bool walk_ctes(const TableWalk *walk, json_t *query, json_t *map, size_t i, const Scope *scope,
                      GError **error)
{
    json_t *entry = json_array_get(map, i);
    if (!entry) {
        return walk_members(walk, query, "cte_map", scope, error);
    }
    json_t *value = json_object_get(entry, "value");
    json_t *body = json_object_get(json_object_get(value, "query"), "node");
    bool recursive = strcmp(base_json_string(body, "type", ""), "RECURSIVE_CTE_NODE") == 0;
    Scope own = {.outer = scope, .name = base_json_string(entry, "key", "")};
    Scope inside = own;
    inside.recurring = json_array_size(json_object_get(body, "key_targets")) > 0;
    return walk_tables(walk, value, recursive ? &inside : scope, error) &&
           walk_ctes(walk, query, map, i + 1, &own, error);
}

bool sql_fail_show(GError **error)
{
    base_fail(error, BASE_E_STATEMENT_REFUSED, "DESCRIBE, SHOW and SUMMARIZE cannot stand inside a query");
    base_error_hint(error, "SHOW COLUMNS FROM t and information_schema.columns answer the same");
    return false;
}

static bool walk_object(const TableWalk *walk, json_t *object, const Scope *scope, GError **error)
{
    const char *type = base_json_string(object, "type", "");
    json_t *ctes = json_object_get(object, "cte_map");
    if (ctes) {
        return walk_ctes(walk, object, json_object_get(ctes, "map"), 0, scope, error);
    }
    if (strcmp(type, "SHOW_REF") == 0) {
        return sql_fail_show(error);
    }
    bool base = strcmp(type, "BASE_TABLE") == 0;
    /* Members first: the visit may replace the object's content. */
    if (!walk_members(walk, object, NULL, scope, error)) {
        return false;
    }
    if ((base && !is_cte(object, scope)) || strcmp(type, "TABLE_FUNCTION") == 0) {
        return walk->visit(object, walk->user, error);
    }
    return true;
}

static bool walk_tables(const TableWalk *walk, json_t *node, const Scope *scope, GError **error)
{
    if (json_is_object(node)) {
        return walk_object(walk, node, scope, error);
    }
    size_t i;
    json_t *item;
    json_array_foreach (node, i, item) {
        if (!walk_tables(walk, item, scope, error)) {
            return false;
        }
    }
    return true;
}

bool engine_sql_visit_tables(json_t *tree, EngineTableVisit visit, void *user, GError **error)
{
    TableWalk walk = {.visit = visit, .user = user};
    return walk_tables(&walk, tree, NULL, error);
}

/* ---- functions ------------------------------------------------------------------------------- */

static bool walk_functions(const json_t *node, bool of_table, EngineFunctionVisit visit, void *user,
                           GError **error)
{
    const json_t *item;
    size_t i;
    json_array_foreach (node, i, item) {
        if (!walk_functions(item, false, visit, user, error)) {
            return false;
        }
    }
    if (!json_is_object(node)) {
        return true;
    }
    const char *name = base_json_string(node, "function_name", NULL);
    if (name && !of_table && !visit(name, node, user, error)) {
        return false;
    }
    bool table = strcmp(base_json_string(node, "type", ""), "TABLE_FUNCTION") == 0;
    for (void *at = json_object_iter((json_t *)(uintptr_t)node); at;
         at = json_object_iter_next((json_t *)(uintptr_t)node, at)) {
        bool function = table && strcmp(json_object_iter_key(at), "function") == 0;
        if (!walk_functions(json_object_iter_value(at), function, visit, user, error)) {
            return false;
        }
    }
    return true;
}

bool engine_sql_visit_functions(const json_t *tree, EngineFunctionVisit visit, void *user, GError **error)
{
    return walk_functions(tree, false, visit, user, error);
}
