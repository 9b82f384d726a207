/* Private to the column walk (columns*.c): scopes, relations, origins. Everything lives in the walk's arena.
 */
#ifndef WEIR_CATALOG_COLUMNS_INT_H
#define WEIR_CATALOG_COLUMNS_INT_H

#include "catalog/catalog_int.h"

/* Queries nest; a hostile one must not take the stack. */
#define COLUMNS_MAX_DEPTH 200
/* And what is walked again (recursions) must end: about a hundred times the largest honest query. */
#define COLUMNS_MAX_STEPS 2000000
#define NOWHERE           SIZE_MAX

typedef CatalogOutput Column;
typedef CatalogOrigins Origins;

/* Something that stands in FROM: a table, a subquery, a CTE, a function. */
typedef struct Relation Relation;
struct Relation {
    Relation *next;
    const char *alias;  /* NULL = has none */
    const char *schema; /* of a table */
    const Column *columns;
    size_t n_columns;
    bool open;                   /* may have columns that are not known */
    const CatalogObject *object; /* of a table */
    const Origins *rows;         /* the objects whose rows these are */
};

/* What `*` gives and what an unqualified name may mean, in order. */
typedef struct {
    const Relation *relation;
    Column column;
} Visible;

typedef struct Cte Cte;
struct Cte {
    Cte *next;
    const char *name;
    Relation relation;
};

typedef struct Names Names; /* parameters of lambdas */
struct Names {
    const Names *next;
    const char *name;
};

typedef struct Scope Scope;
struct Scope {
    Scope *outer;
    Relation *relations; /* newest first */
    GArray *visible;     /* Visible */
    const Cte *ctes;
    const EngineNode *select_list;
    const Names *lambdas;
    const Visible *star;        /* what COLUMNS(...) stands for at the moment */
    bool alias_first;           /* in ORDER BY */
    struct AliasValue *aliases; /* of select_list; made at the first use */
};

typedef struct {
    const CatalogColumnsContext *context;
    CatalogColumnsResult *result;
    GPtrArray *blocks; /* of the arena */
    char *at;
    size_t left;
    const Origins *filters;
    bool quiet; /* second pass of a recursive CTE: complain no more */
    unsigned depth;
    size_t steps;
} Walk;

typedef struct {
    const Origins *origins;
    const char *type; /* "" = not known */
} Value;

/* columns_arena.c */
void *walk_alloc(Walk *walk, size_t bytes);
char *walk_text(Walk *walk, const char *text);
const Origins *origins_one(Walk *walk, const CatalogObject *object, const char *column, CatalogHow how);
const Origins *origins_union(Walk *walk, const Origins *a, const Origins *b);
/* Each origin at least as far as `how`. */
const Origins *origins_at_least(Walk *walk, const Origins *set, CatalogHow how);
void walk_filter(Walk *walk, const Origins *set);

/* columns.c */
size_t node_offset(const EngineNode *node);
BaseDiag *walk_complain(Walk *walk, size_t offset, size_t len, BaseErrorCode code, const char *format, ...)
    G_GNUC_PRINTF(5, 6);
/* A query node in `outer`; columns, openness, rows. */
void walk_query(Walk *walk, const EngineNode *node, Scope *outer, const Cte *ctes, Relation *ret);

/* columns_from.c */
void walk_from(Walk *walk, const EngineNode *node, Scope *scope);
void scope_init(Scope *scope, Scope *outer, const Cte *ctes);
void scope_clear(Scope *scope);
void relation_rename(Walk *walk, Relation *relation, const EngineNode *aliases);
void scope_add(Walk *walk, Scope *scope, const Relation *relation);

/* columns_expr.c */
Value walk_expr(Walk *walk, const EngineNode *node, Scope *scope);
Value walk_list(Walk *walk, const EngineNode *list, Scope *scope); /* of expressions, together */
const Origins *scope_rows(Walk *walk, const Scope *scope);

/* columns_star.c */
/* The STAR node in an expression that makes it many; NULL when it is one column. */
const EngineNode *find_star(const EngineNode *node);
/* Appends the columns that a select item with a STAR becomes; *ret_open when they are not all known. */
void walk_star_item(Walk *walk, const EngineNode *item, const EngineNode *star, Scope *scope, GArray *out,
                    bool *ret_open);

#endif
