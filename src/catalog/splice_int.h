/* Private: splice.c, a text with some names replaced, and the way back. */
#ifndef WEIR_CATALOG_SPLICE_INT_H
#define WEIR_CATALOG_SPLICE_INT_H

#include "catalog/catalog_int.h"

typedef struct {
    size_t out, out_end; /* bytes of the new text */
    size_t in, in_end;   /* bytes of the old one */
} CatalogSplice;

/* Appends `sql` with each table that was used as "<prefix><domain>"."<name>"; with a prefix the parameters
 * too. `map` (may be NULL) gets the CatalogSplices. False when a name does not stand where the tree says. */
bool catalog_splice(const char *sql, const CatalogColumnsResult *result, const char *prefix, GString *out,
                    GArray *map);
/* The byte of the old text for one of the new. */
size_t catalog_splice_back(const GArray *map, size_t offset);

#endif
