/* Private: what resolve.c offers to types.c and exprs.c. */
#ifndef WEIR_CATALOG_RESOLVE_INT_H
#define WEIR_CATALOG_RESOLVE_INT_H

#include "catalog/catalog_int.h"

/* At a byte of the model's body; `len` and `hint` may be 0 and NULL. */
void catalog_complain_model(CatalogBuild *build, CatalogItem *item, size_t offset, size_t len,
                            BaseErrorCode code, const char *message, const char *hint);
void catalog_complain_engine(CatalogBuild *build, CatalogItem *item, const char *sql, const GArray *map,
                             const GError *error);
const GPtrArray *catalog_known_columns(const CatalogBuild *build, const CatalogObject *object,
                                       bool *ret_open);
const char *const *catalog_build_table_names(CatalogBuild *build);
void catalog_set_model_columns(CatalogItem *item, const CatalogColumnsResult *result);

#endif
