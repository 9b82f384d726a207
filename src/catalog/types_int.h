/* Private: the cache of bound types, which the store keeps from one start to the next. */
#ifndef WEIR_CATALOG_TYPES_INT_H
#define WEIR_CATALOG_TYPES_INT_H

typedef void (*CatalogTypesSave)(const char *hash, const char *columns, void *user);
/* Calls `save` for each entry, under the cache's lock. */
void catalog_types_save(CatalogTypesSave save, void *user);
void catalog_types_restore(const char *hash, const char *columns);
void catalog_types_forget(void); /* for tests and the bench */

#endif
