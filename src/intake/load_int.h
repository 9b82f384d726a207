/* One load at work: what load.c and early.c share. */
#ifndef WEIR_INTAKE_LOAD_INT_H
#define WEIR_INTAKE_LOAD_INT_H

#include "intake/intake_int.h"

typedef struct {
    Intake *intake;
    const CatalogTable *table;
    const IntakeOptions *options;
    IntakeSpool *spool;
    IntakeTxn *txn;
    IntakeResult *ret;
    IntakeRejects *rejects;
    IntakeReader *reader;
    IntakePlan *plan;
    EngineConn *conn;
    GPtrArray *header;
    const char *parquet; /* path */
    char *key;
    gint64 deadline_us;
    gint64 waited_us; /* for the client, while the transaction was open */
    bool flows;       /* the body still comes */
    bool holds, parked;
} IntakeLoad;

/* ---- load.c ---- */
/* Runs `sql_head` SELECT over the source; rows given on in *ret_rows (-1 = not known). */
bool intake_load_select(IntakeLoad *load, const char *sql_head, gint64 *ret_rows,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- early.c ---- */
/* Takes the table, shared, or gives it back; nothing when it is so already. */
void intake_load_hold(IntakeLoad *load, bool holds);
/* Inserts all rows of the body, inside of the transaction that is open; it may be another one afterwards. */
bool intake_load_append(IntakeLoad *load, const char *sql_head, gint64 *ret_rows,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After a rollback: what is set aside goes. */
void intake_load_drop_parked(IntakeLoad *load);

#endif
