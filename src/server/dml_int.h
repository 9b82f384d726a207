/* INSERT (insert.c), UPDATE, DELETE, TRUNCATE (change.c), and transactions of them (transaction.c). */
#ifndef WEIR_SERVER_DML_INT_H
#define WEIR_SERVER_DML_INT_H

#include "server/sql_int.h"

typedef enum { WRITE_INSERT, WRITE_UPDATE, WRITE_DELETE } SessionWriteType;

/* A write that was checked and can be carried out, now or at COMMIT. */
typedef struct {
    SessionWriteType type;
    CatalogSnapshot *snapshot; /* keeps `object` */
    const CatalogObject *object;
    char **columns;    /* INSERT: names, NULL-terminated */
    char *select;      /* INSERT: text in the engine's dialect; NULL = `cells` */
    char *set, *where; /* UPDATE, DELETE; where NULL = all rows */
    char *label;       /* NULL = made */
    char *zone;        /* the session's when it was given */
    GPtrArray *cells;  /* INSERT of literals: char *, row by row, NULL = NULL */
    gint64 rows;       /* of the cells; of others what matched when the statement was given, -1 = not known */
    size_t bytes;      /* that it holds */
} SessionWrite;
void session_write_free(SessionWrite *write);

/* Now, or at COMMIT when a transaction is open. Takes `write` over. */
bool session_write(const SqlRun *run, SessionWrite *write, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The table that a write names, with the right to load into it. */
const CatalogObject *session_writable(ServerSession *session, const char *schema, const char *name,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool session_run_insert(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* and REPLACE */
bool session_run_update(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_run_delete(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_run_truncate(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_run_begin(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_run_commit(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_run_rollback(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
