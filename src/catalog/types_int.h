/* Private: the cache of bound types, which the store keeps from one start to the next. */
#ifndef WEIR_CATALOG_TYPES_INT_H
#define WEIR_CATALOG_TYPES_INT_H

#include "catalog/catalog_int.h"

/* The columns of a model as the cache keeps them: "name\ttype\n"... Caller frees. */
char *catalog_types_text(const GPtrArray *columns);
void catalog_types_restore(const char *hash, const char *columns);
void catalog_types_forget(void); /* for tests and the bench */

#endif
