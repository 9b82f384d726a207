/* Private: how a tree is made from the serialised text. */
#ifndef WEIR_ENGINE_TREE_INT_H
#define WEIR_ENGINE_TREE_INT_H

#include "engine/tree.h"

/* NULL when it is no JSON that is read here, says that the statement does not parse, holds no or several
 * statements, or is nested deeper than what walks over a tree may go down. */
EngineTree *engine_tree_of(const char *text, size_t len);

#endif
