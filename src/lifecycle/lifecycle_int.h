/* What the files of lifecycle share:
 *
 *   decide.c      one partition: the decision table
 *   policy.c      a table's definition and the standard -> what its partitions are judged by
 *   partitions.c  which partitions there are; what SQL says about days
 *   world.c       all tables together: readers, what can be built again
 *   plan.c        the plan as JSON
 *   archive.c     Parquet written, read back, compared; restored
 *   apply.c       a plan carried out
 *   erase.c       rows of a person; erase_places.c: where they stand
 *   state.c       _weir.archives, _weir.lifecycle */
#ifndef WEIR_LIFECYCLE_INT_H
#define WEIR_LIFECYCLE_INT_H

#include "base/fault.h"
#include "base/time.h"
#include "engine/sql.h"
#include "lifecycle/decide.h"
#include "lifecycle/lifecycle.h"
#include "standard/look.h"

#define LIFECYCLE_MAX_PARTITIONS 1000000
#define LIFECYCLE_MAX_ARCHIVES   1000000
#define LIFECYCLE_SAMPLE_ROWS    1000 /* from which the bytes of a row are estimated */

struct Lifecycle {
    Engine *engine;
    Intake *intake;
    char *archive_dir, *spool_dir;
    GMutex lock;  /* one apply, restore or erasure at a time */
    gint spooled; /* atomic: names of spool files */
};

/* ---- partitions.c ------------------------------------------------------------------------------------- */

typedef struct {
    char *name, *type;
} LifecycleColumn;
/* Columns of a table as the engine has it, hidden ones too; empty when there is no such table. */
GPtrArray *lifecycle_columns(EngineConn *conn, const char *schema, const char *name, GError **error);

typedef struct {
    const CatalogObject *object;
    StandardTable *standard; /* NULL = none of that name */
    LifecyclePolicy policy;
    bool governed;      /* its partitions are judged */
    char *relation;     /* "schema"."name" */
    GPtrArray *columns; /* LifecycleColumn*; read with the partitions */
    char *day_column;   /* NULL = it has no partitions */
    char *day_sql;      /* DATE of a row */
    const char *unit;   /* day, week, month, quarter, year */
    GArray *partitions; /* LifecyclePartition by day, the undated last; NULL = not read */
    GHashTable *days;   /* gint64* every day of partitions that are there or in the archive */
    gint64 rows, row_bytes;
    gint64 reach_days; /* how long its rows are kept in truth, readers included; -1 = not worked out */
    bool exists;
} LifecycleTable;

/* Column, unit and relation, from the definition. */
void lifecycle_table_place(LifecycleTable *table);
/* intake_transact of what changes rows of that table. */
bool lifecycle_transact_on(Lifecycle *lifecycle, const CatalogObject *table, IntakeWork work, void *user,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void lifecycle_table_release(LifecycleTable *table); /* what is in it */
/* Reads columns, partitions and sizes. */
bool lifecycle_table_read(LifecycleTable *table, EngineConn *conn, const char *zone,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* day_sql between two days; caller frees. `undated` rows have none. */
char *lifecycle_range_sql(const LifecycleTable *table, gint64 first_day, gint64 last_day);
char *lifecycle_day_text(gint64 day); /* "2026-01-01"; caller frees */

/* ---- policy.c --------------------------------------------------------------------------------------------
 */

/* All but what readers ask for. */
void lifecycle_policy_read(LifecyclePolicy *policy, const CatalogObject *object, StandardTable *standard,
                           StandardCatalog *catalog, const char *profile);
void lifecycle_note(LifecyclePolicy *policy, const char *en, const char *zh);
/* Days that it is kept for by itself: the matrix and the span. */
gint64 lifecycle_policy_days(const LifecyclePolicy *policy);

/* ---- world.c
 * ----------------------------------------------------------------------------------------------- */

typedef struct {
    Lifecycle *lifecycle;
    CatalogSnapshot *snapshot;
    StandardCatalog *catalog;
    EngineConn *conn;
    GTimeZone *zone;
    const char *zone_name, *profile;
    gint64 today;      /* the day that it is decided for */
    gint64 clock_day;  /* the day that it is */
    json_t *archives;  /* {table: [rows of _weir.archives]} */
    GPtrArray *tables; /* LifecycleTable* */
    GHashTable *by_id; /* id -> LifecycleTable* */
} LifecycleWorld;
bool lifecycle_world_open(LifecycleWorld *world, Lifecycle *lifecycle, const LifecycleAsk *ask,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void lifecycle_world_close(LifecycleWorld *world);
/* Reads the partitions of a table and says of each what a decision needs to know. */
bool lifecycle_world_judge(LifecycleWorld *world, LifecycleTable *table,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- state.c
 * -------------------------------------------------------------------------------------------------- */

bool lifecycle_state_open(Lifecycle *lifecycle, GError **error) G_GNUC_WARN_UNUSED_RESULT;
typedef struct {
    const char *plan, *table, *action, *path, *detail, *user;
    gint64 first_day, last_day, rows; /* days LIFECYCLE_NEVER = NULL */
} LifecycleEvent;
/* Inside a transaction of the committer. */
bool lifecycle_state_event(EngineConn *conn, const LifecycleEvent *event,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Rows of _weir.archives that are not replaced: {tbl, first_day, last_day, part, path, n_rows, n_bytes,
 * checksum, sha256, state, at_us}; `table` NULL = all. */
json_t *lifecycle_state_archives(EngineConn *conn, const char *table, GError **error);

/* ---- archive.c
 * -------------------------------------------------------------------------------------------------- */

/* One archive file. */
typedef struct {
    gint64 first_day, last_day, part, rows, bytes;
    char *path; /* below the archive folder */
    char *checksum, *sha256;
    bool reused; /* it was there already, with the same content */
} LifecycleArchive;
void lifecycle_archive_clear(LifecycleArchive *archive);

/* Rows and checksum of a relation with these columns; caller frees *ret_checksum. */
bool lifecycle_checksum(EngineConn *conn, const GPtrArray *columns, const char *relation, const char *where,
                        gint64 *ret_rows, char **ret_checksum, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes the rows of a partition, reads the file back and compares, moves it to its place with a manifest
 * beside it. An archive of these days with the same content (`known`: the table's rows of _weir.archives; may
 * be NULL) is used again after its file was read. */
bool lifecycle_archive_write(Lifecycle *lifecycle, EngineConn *conn, const LifecycleTable *table,
                             gint64 first_day, gint64 last_day, const json_t *known, LifecycleArchive *ret,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* In the transaction that deletes the rows: the row of _weir.archives; older parts whose rows were restored
 * are in this one, and replaced. */
bool lifecycle_archive_record(EngineConn *conn, const char *table, const LifecycleArchive *archive,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An archive's file brought where the engine may read it, its digest compared. *ret_select = a SELECT of its
 * rows with the types of `columns` (those that the file has; the names of others of the file go to
 * `left_out`, may be NULL). Remove *ret_path when done. Caller frees both. */
bool lifecycle_archive_read(Lifecycle *lifecycle, EngineConn *conn, const GPtrArray *columns,
                            const json_t *archive, char **ret_path, char **ret_select, GPtrArray *ret_columns,
                            json_t *left_out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The number of a new part of that day; 0 + error. */
gint64 lifecycle_archive_next(EngineConn *conn, const char *table, gint64 first_day, GError **error);
/* Writes the rows of a relation as part archive->part of the days; for erasure too. */
bool lifecycle_archive_put(Lifecycle *lifecycle, EngineConn *conn, const char *domain, const char *name,
                           const GPtrArray *columns, const char *relation, const char *where,
                           LifecycleArchive *archive, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *lifecycle_spool_path(Lifecycle *lifecycle); /* a new name in the spool; caller frees */

/* ---- plan.c
 * ------------------------------------------------------------------------------------------------------- */

/* A stretch of partitions with one decision. */
typedef struct {
    LifecycleTable *table;
    guint from, to; /* indices into table->partitions, both included */
    LifecycleVerdict verdict;
    gint64 rows;
} LifecycleRange;
typedef struct {
    LifecycleWorld world;
    GPtrArray *ranges; /* LifecycleRange*, by table, then day */
    json_t *json;
} LifecyclePlan;
bool lifecycle_plan_make(LifecyclePlan *plan, Lifecycle *lifecycle, const LifecycleAsk *ask,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void lifecycle_plan_clear(LifecyclePlan *plan);

#endif
