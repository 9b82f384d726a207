/* What erase.c and erase_places.c share: where rows of a person, or of a condition, stand. */
#ifndef WEIR_LIFECYCLE_ERASE_INT_H
#define WEIR_LIFECYCLE_ERASE_INT_H

#include "lifecycle/lifecycle_int.h"

typedef enum {
    ERASE_TABLE,   /* production's or an environment's */
    ERASE_HELD,    /* a build of it that a check held back */
    ERASE_DELETED, /* keys that were deleted from it: they leave a mark beside a table with a sequence */
} ErasePart;

/* One table of the engine that is concerned. */
typedef struct {
    const CatalogObject *object; /* that it is of */
    ErasePart part;
    GPtrArray *columns;         /* char*: those of the person that it has; empty with a condition */
    char *schema, *name;        /* of the engine's table */
    char *relation, *condition; /* as SQL; the condition is over a row */
    gint64 rows;
} ErasePlace;

typedef struct {
    Lifecycle *lifecycle;
    const LifecycleErase *erase;
    GPtrArray *places; /* ErasePlace* */
    char *subject;     /* for the record: without the key */
    json_t *archives, *not_possible;
    gint64 archived_rows;
} Erasing;

void erase_place_free(gpointer place);
/* What is not reached, each once. */
void erase_note(Erasing *erasing, const char *en, const char *zh);
/* Fills places and subject; all places stand. */
bool erase_find_places(Erasing *erasing, EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
