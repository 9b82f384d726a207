/* Private: what the parser and the column walk found of a model, kept by content (cache_int.h).
 *
 * Two values. By the text alone: the tables that it names. By the text and what those names mean here, with
 * their columns: outputs, origins, filters, uses. A model with a mistake is not kept: it is read anew, so
 * that it is told anew. */
#ifndef WEIR_CATALOG_WALKED_INT_H
#define WEIR_CATALOG_WALKED_INT_H

#include "catalog/catalog_int.h"

/* Sets item->names from the cache; false when the text has to be parsed. */
bool catalog_walked_names(CatalogItem *item);
/* The tables of item->tree become item->names, and are kept. Errors: STATEMENT_REFUSED. */
bool catalog_walked_read(CatalogItem *item, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The key of a walk, of item->names resolved as `context` does. Caller frees. */
char *catalog_walked_key(const CatalogItem *item, const CatalogColumnsContext *context);
bool catalog_walked_get(const CatalogItem *item, const CatalogColumnsContext *context, const char *key,
                        CatalogColumnsResult *ret);
/* Nothing is kept when the result speaks of an object that no name stands for. */
void catalog_walked_put(const CatalogItem *item, const CatalogColumnsContext *context, const char *key,
                        const CatalogColumnsResult *result);

#endif
