/* Trees over yyjson's immutable document: the text is copied once and read in place; a value is 16 bytes. */
#include <string.h>
#include <yyjson.h>

#include "engine/tree_int.h"

/* Walks are recursive: as deep as the other form of the tree can be (JSON_PARSER_MAX_DEPTH of jansson). */
#define MAX_DEPTH 2048

struct EngineTree {
    yyjson_doc *doc;
    char *text; /* the document's strings point into it */
};

static yyjson_val *value(const EngineNode *node)
{
    return (yyjson_val *)(guintptr)node;
}

static const EngineNode *node_of(const yyjson_val *value)
{
    return (const EngineNode *)value;
}

static size_t depth_of(const char *text, size_t len)
{
    size_t depth = 0, deepest = 0;
    for (const char *p = text, *end = text + len; p < end; p++) {
        if (*p == '"') {
            for (p++; p < end && *p != '"'; p++) {
                p += *p == '\\';
            }
        } else if (*p == '{' || *p == '[') {
            deepest = MAX(deepest, ++depth);
        } else if ((*p == '}' || *p == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

EngineTree *engine_tree_of(const char *text, size_t len)
{
    if (depth_of(text, len) > MAX_DEPTH) {
        return NULL;
    }
    g_autoptr(EngineTree) tree = g_new0(EngineTree, 1);
    tree->text = g_malloc(len + YYJSON_PADDING_SIZE);
    memcpy(tree->text, text, len);
    memset(tree->text + len, 0, YYJSON_PADDING_SIZE);
    tree->doc = yyjson_read_opts(tree->text, len, YYJSON_READ_INSITU, NULL, NULL);
    yyjson_val *root = yyjson_doc_get_root(tree->doc);
    if (!yyjson_is_false(yyjson_obj_get(root, "error")) ||
        yyjson_arr_size(yyjson_obj_get(root, "statements")) != 1) {
        return NULL;
    }
    return g_steal_pointer(&tree);
}

void engine_tree_free(EngineTree *tree)
{
    if (tree) {
        yyjson_doc_free(tree->doc);
        g_free(tree->text);
        g_free(tree);
    }
}

const EngineNode *engine_tree_query(const EngineTree *tree)
{
    yyjson_val *statements = yyjson_obj_get(yyjson_doc_get_root(tree->doc), "statements");
    return node_of(yyjson_obj_get(yyjson_arr_get_first(statements), "node"));
}

const EngineNode *engine_node_get(const EngineNode *object, const char *key)
{
    return node_of(yyjson_obj_get(value(object), key));
}

const EngineNode *engine_node_at(const EngineNode *list, size_t i)
{
    return node_of(yyjson_arr_get(value(list), i));
}

size_t engine_node_size(const EngineNode *list)
{
    return yyjson_arr_size(value(list));
}

bool engine_node_is_object(const EngineNode *node)
{
    return yyjson_is_obj(value(node));
}

bool engine_node_is_list(const EngineNode *node)
{
    return yyjson_is_arr(value(node));
}

bool engine_node_is_true(const EngineNode *node)
{
    return yyjson_is_true(value(node));
}

const char *engine_node_string(const EngineNode *node)
{
    return yyjson_get_str(value(node));
}

const char *engine_node_text(const EngineNode *object, const char *key)
{
    const char *text = engine_node_string(engine_node_get(object, key));
    return text ? text : "";
}

bool engine_node_int(const EngineNode *node, int64_t *ret)
{
    yyjson_val *number = value(node);
    if (!yyjson_is_int(number) || (yyjson_is_uint(number) && yyjson_get_uint(number) > INT64_MAX)) {
        return false;
    }
    *ret = yyjson_get_sint(number);
    return true;
}

char *engine_node_to_json(const EngineNode *node)
{
    char *text = yyjson_val_write(value(node), YYJSON_WRITE_NOFLAG, NULL);
    char *copy = g_strdup(text ? text : "null");
    free(text);
    return copy;
}

EngineNodeIter engine_node_iter(const EngineNode *node)
{
    yyjson_val *container = value(node);
    bool object = yyjson_is_obj(container);
    size_t n = object ? yyjson_obj_size(container) : yyjson_arr_size(container);
    return (EngineNodeIter){.at = n ? unsafe_yyjson_get_first(container) : NULL, .left = n, .object = object};
}

const EngineNode *engine_node_next(EngineNodeIter *iter)
{
    if (iter->left == 0) {
        return NULL;
    }
    yyjson_val *at = (yyjson_val *)(guintptr)iter->at;
    if (iter->object) { /* keys and values stand side by side */
        iter->key = node_of(at++);
    }
    iter->left--;
    iter->at = iter->left ? unsafe_yyjson_get_next(at) : NULL;
    return node_of(at);
}
