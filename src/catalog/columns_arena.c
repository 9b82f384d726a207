/* Memory of one walk, and sets of origins. Sets are small (a handful), immutable and shared. */
#include "catalog/columns_int.h"

#define BLOCK_BYTES 8192

void *walk_alloc(Walk *walk, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > walk->left || walk->at == NULL) { /* even nothing stands somewhere */
        size_t block = MAX(bytes, BLOCK_BYTES);
        walk->at = g_malloc(block);
        walk->left = block;
        g_ptr_array_add(walk->blocks, walk->at);
    }
    void *out = walk->at;
    walk->at += bytes;
    walk->left -= bytes;
    return out;
}

char *walk_text(Walk *walk, const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(walk_alloc(walk, bytes), text, bytes);
}

static Origins *origins_alloc(Walk *walk, size_t n)
{
    Origins *set = walk_alloc(walk, sizeof *set + n * sizeof set->items[0]);
    set->n = 0;
    return set;
}

const Origins *origins_one(Walk *walk, const CatalogObject *object, const char *column, CatalogHow how)
{
    Origins *set = origins_alloc(walk, 1);
    set->items[set->n++] = (CatalogOrigin){.object = object, .column = column, .how = how};
    return set;
}

static void add(Origins *set, const CatalogOrigin *origin)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set->items[i].object == origin->object && g_strcmp0(set->items[i].column, origin->column) == 0) {
            set->items[i].how = MAX(set->items[i].how, origin->how);
            return;
        }
    }
    set->items[set->n++] = *origin;
}

static bool covers(const Origins *set, const Origins *other)
{
    for (size_t i = 0; i < other->n; i++) {
        bool found = false;
        for (size_t k = 0; k < set->n && !found; k++) {
            found = set->items[k].object == other->items[i].object &&
                    set->items[k].how >= other->items[i].how &&
                    g_strcmp0(set->items[k].column, other->items[i].column) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

const Origins *origins_union(Walk *walk, const Origins *a, const Origins *b)
{
    if (!a || !b || a == b) {
        return a ? a : b;
    }
    if (covers(a, b)) {
        return a;
    }
    Origins *set = origins_alloc(walk, a->n + b->n);
    for (size_t i = 0; i < a->n; i++) {
        set->items[set->n++] = a->items[i];
    }
    for (size_t i = 0; i < b->n; i++) {
        add(set, &b->items[i]);
    }
    return set;
}

const Origins *origins_at_least(Walk *walk, const Origins *set, CatalogHow how)
{
    bool enough = true;
    for (size_t i = 0; set && i < set->n; i++) {
        enough = enough && set->items[i].how >= how;
    }
    if (!set || enough) {
        return set;
    }
    Origins *out = origins_alloc(walk, set->n);
    for (size_t i = 0; i < set->n; i++) {
        out->items[i] = set->items[i];
        out->items[i].how = MAX(out->items[i].how, how);
    }
    out->n = set->n;
    return out;
}

void walk_filter(Walk *walk, const Origins *set)
{
    walk->filters = origins_union(walk, walk->filters, origins_at_least(walk, set, CATALOG_HOW_FILTER));
}
