/* Tables of a tree that is only read, with the scope of CTEs: the rules of sql_visit.c. */
#include <string.h>

#include "engine/sql_int.h"
#include "engine/tree.h"

typedef struct Scope {
    const struct Scope *outer;
    const char *name;
    bool recurring;
} Scope;

typedef struct {
    EngineTreeVisit visit;
    void *user;
} Walk;

static bool is_cte(const EngineNode *table, const Scope *scope)
{
    const char *schema = engine_node_text(table, "schema_name");
    const char *name = engine_node_text(table, "table_name");
    bool recurring = g_ascii_strcasecmp(schema, "recurring") == 0;
    if ((*schema && !recurring) || *engine_node_text(table, "catalog_name")) {
        return false;
    }
    for (; scope; scope = scope->outer) {
        if ((scope->recurring || !recurring) && g_ascii_strcasecmp(scope->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool visit_node(const Walk *walk, const EngineNode *node, const Scope *scope, GError **error);

static bool visit_members(const Walk *walk, const EngineNode *object, const EngineNode *skip,
                          const Scope *scope, GError **error)
{
    EngineNodeIter iter = engine_node_iter(object);
    for (const EngineNode *value; (value = engine_node_next(&iter)) != NULL;) {
        if (value != skip && !visit_node(walk, value, scope, error)) {
            return false;
        }
    }
    return true;
}

/* Entry i of a cte_map with all behind it, then the rest of the query. */
static bool visit_ctes(const Walk *walk, const EngineNode *query, const EngineNode *ctes, size_t i,
                       const Scope *scope, GError **error)
{
    const EngineNode *entry = engine_node_at(engine_node_get(ctes, "map"), i);
    if (!entry) {
        return visit_members(walk, query, ctes, scope, error);
    }
    const EngineNode *value = engine_node_get(entry, "value");
    const EngineNode *body = engine_node_get(engine_node_get(value, "query"), "node");
    bool recursive = strcmp(engine_node_text(body, "type"), "RECURSIVE_CTE_NODE") == 0;
    Scope own = {.outer = scope, .name = engine_node_text(entry, "key")};
    Scope inside = own;
    inside.recurring = engine_node_size(engine_node_get(body, "key_targets")) > 0;
    return visit_node(walk, value, recursive ? &inside : scope, error) &&
           visit_ctes(walk, query, ctes, i + 1, &own, error);
}

static bool visit_node(const Walk *walk, const EngineNode *node, const Scope *scope, GError **error)
{
    if (!engine_node_is_object(node)) {
        return !engine_node_is_list(node) || visit_members(walk, node, NULL, scope, error);
    }
    const EngineNode *ctes = engine_node_get(node, "cte_map");
    if (ctes) {
        return visit_ctes(walk, node, ctes, 0, scope, error);
    }
    const char *type = engine_node_text(node, "type");
    if (strcmp(type, "SHOW_REF") == 0) {
        return sql_fail_show(error);
    }
    if (!visit_members(walk, node, NULL, scope, error)) {
        return false;
    }
    bool table = strcmp(type, "BASE_TABLE") == 0 && !is_cte(node, scope);
    return !(table || strcmp(type, "TABLE_FUNCTION") == 0) || walk->visit(node, walk->user, error);
}

bool engine_tree_visit_tables(const EngineTree *tree, EngineTreeVisit visit, void *user, GError **error)
{
    Walk walk = {.visit = visit, .user = user};
    return visit_node(&walk, engine_tree_query(tree), NULL, error);
}
