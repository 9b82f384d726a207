/* What the files of reconcile share: compare.c, source.c, ledger.c, layers.c. */
#ifndef WEIR_RECONCILE_INT_H
#define WEIR_RECONCILE_INT_H

#include "base/time.h"
#include "engine/sql.h"
#include "reconcile/reconcile.h"

#define RECONCILE_BUCKETS 1024
#define RECONCILE_SCHEMA  "_weir"
#define RECONCILE_SHADOW  "source:"     /* + domain.table: what the source holds */
#define RECONCILE_DIFF    "difference:" /* + domain.table: keys that differ */
#define RECONCILE_MAX_KEY 64

struct Reconcile {
    Engine *engine;
    Intake *intake;
    Warehouse *warehouse;
    GMutex lock; /* one comparison with a source at a time */
};

/* One side by side comparison. Relations are quoted names or SELECTs in parentheses. */
typedef struct {
    const char *source_sql, *target_sql;
    GPtrArray *key, *columns; /* CatalogColumn* of the target, borrowed */
    const char *where;
    bool types_differ;    /* of a key column: the source may hold keys that are none of the target's type */
    const char *diff_sql; /* quoted table to make with the differences; NULL = a temporary one */
    size_t limit;
} ReconcileComparison;
/* Fills the answer's counts and lists. On `conn`, inside the caller's transaction. */
bool reconcile_compare(EngineConn *conn, const ReconcileComparison *comparison, json_t *answer,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Key and compared columns by the ask; the arrays are filled with columns of `target` that `source` has. */
bool reconcile_columns(const CatalogObject *source, const CatalogObject *target, const ReconcileAsk *ask,
                       GPtrArray *key, GPtrArray *columns, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Is a column of the key of another type in `source`? */
bool reconcile_types_differ(const CatalogObject *source, const GPtrArray *key);

char *reconcile_list(const GPtrArray *columns, const char *alias); /* alias."a", alias."b"; caller frees */

#endif
