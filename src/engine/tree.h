/* The parser's tree to read from: the same objects as engine_sql_parse gives, in one block of memory.
 *
 * A tree of json_t is made to be changed (access rewrites it); a catalog reads thousands of trees once. Here
 * a tree is the serialised text, read in place, with one array of values: a tenth of the allocations.
 * Immutable; any thread reads. Nodes are borrowed from their tree. NULL is a node that is not there: every
 * function takes it and answers as for an absent member, so lookups are chained without checks. */
#ifndef WEIR_ENGINE_TREE_H
#define WEIR_ENGINE_TREE_H

#include "engine/engine.h"

typedef struct EngineTree EngineTree;
typedef struct EngineNode EngineNode; /* a value of the tree: object, list, text, number, truth */

/* One SELECT. Errors as engine_sql_parse. */
EngineTree *engine_tree_parse(EngineConn *conn, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Many at once, in a few queries: one statement of the engine costs 0.1 ms whatever it does. ret_trees[n]:
 * NULL where a text does not parse; engine_tree_parse tells why. */
void engine_tree_parse_many(EngineConn *conn, const char *const *sql, size_t n, EngineTree **ret_trees);
void engine_tree_free(EngineTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EngineTree, engine_tree_free)
/* The query node: {"type": "SELECT_NODE", ...}. */
const EngineNode *engine_tree_query(const EngineTree *tree);

const EngineNode *engine_node_get(const EngineNode *object, const char *key);
const EngineNode *engine_node_at(const EngineNode *list, size_t i);
size_t engine_node_size(const EngineNode *list); /* 0 for what is no list */
bool engine_node_is_object(const EngineNode *node);
bool engine_node_is_list(const EngineNode *node);
bool engine_node_is_true(const EngineNode *node);
const char *engine_node_string(const EngineNode *node); /* NULL for what is no text */
/* The text of a member; "" when there is none. */
const char *engine_node_text(const EngineNode *object, const char *key);
/* false for what is no whole number, or one that int64 does not hold. */
bool engine_node_int(const EngineNode *node, int64_t *ret);
/* As JSON; caller frees. */
char *engine_node_to_json(const EngineNode *node);

/* The entries of a list or the values of an object, in order. */
typedef struct {
    const void *at;
    size_t left;
    bool object;
    const EngineNode *key;
} EngineNodeIter;
EngineNodeIter engine_node_iter(const EngineNode *node);
const EngineNode *engine_node_next(EngineNodeIter *iter); /* NULL at the end */

/* for each `entry` of `list` with its index `i`, both declared by the caller */
#define engine_node_foreach(list, i, entry)                                                                  \
    for (EngineNodeIter iter_##entry = engine_node_iter(list), *once_##entry = ((i) = 0, &iter_##entry);     \
         ((entry) = engine_node_next(once_##entry)) != NULL; (i)++)

/* Every table of the tree, as engine_sql_visit_tables; the tree is not changed. */
typedef bool (*EngineTreeVisit)(const EngineNode *table, void *user, GError **error);
bool engine_tree_visit_tables(const EngineTree *tree, EngineTreeVisit visit, void *user,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
