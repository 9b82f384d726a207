/* The end of data: what goes, what is archived, why; archives that were read back; restore; erasure.
 *
 * A plan says for each partition of each table with grade and type: keep, archive or drop, with four reasons
 * (law and contract, the matrix of the standard, the span of access, the needs of readers) and the proof that
 * nothing is lost. Partitions are counted by the business date in their rows. An archive is Parquet under
 * <data>/archive/<domain>/<table>/dt=<day>/, written, fsynced, read back and compared by count and checksum
 * before one transaction of the committer deletes the rows and records it in _weir.archives and
 * _weir.lifecycle. A process killed anywhere in between loses nothing: the next apply goes on. */
#ifndef WEIR_LIFECYCLE_LIFECYCLE_H
#define WEIR_LIFECYCLE_LIFECYCLE_H

#include "catalog/catalog.h"
#include "intake/intake.h"
#include "warehouse/warehouse.h"

typedef struct Lifecycle Lifecycle;
/* Borrows engine and intake; makes _weir.archives and _weir.lifecycle. One apply, restore or erasure at a
 * time. */
Lifecycle *lifecycle_open(Engine *engine, Intake *intake, const char *data_dir,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void lifecycle_close(Lifecycle *lifecycle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lifecycle, lifecycle_close)

typedef struct {
    CatalogSnapshot *snapshot;
    const json_t *usage;        /* as standard_catalog_set_usage takes it; NULL = no record */
    const CatalogObject *table; /* NULL = all */
    const char *at; /* "2026-11-22": the day it is decided for; NULL = today in the project's zone */
    const char *user;
} LifecycleAsk;

/* *ret: {id, at, profile, tables: [{table, grade, type, layer, kind, column, unit, keep_days, span_days,
 * rows, partitions, bytes, state: "governed" | "zipper" (stays for ever) | "rebuilt" (whole by each
 * run: its life is that of its inputs) | "reported" (nothing can be decided: see notes), notes: [{en, zh}],
 * ranges: [{decision, first, last, partitions, rows, bytes, reasons: {hold, matrix, access, readers: {agrees,
 * why_en, why_zh}}, proof, proof_en, proof_zh}]}], totals: {keep, archive, drop: {partitions, rows, bytes}}};
 * days null = for ever, bytes are estimated. `id` changes with anything that the plan says. Thread: any.
 * Cost: one scan of the day column of each table with grade and type. Errors: INTERVAL_INVALID, SQL_FAILED.
 */
bool lifecycle_plan(Lifecycle *lifecycle, const LifecycleAsk *ask, json_t **ret,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Carries a plan out. `plan_id` NULL = what the plan says now; else PLAN_STALE when it says something else.
 * *ret: {id, at, archived, dropped: {partitions, rows}, done: [{table, action, first, last, rows}]}. What was
 * done before a failure stays done. Errors: PLAN_STALE, INTERVAL_INVALID (a day to come), ARCHIVE_DIFFERS,
 * CONFLICT (a partition changed while it was archived), DISK_FULL, FILE_IO. */
bool lifecycle_apply(Lifecycle *lifecycle, const LifecycleAsk *ask, const char *plan_id, json_t **ret,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts the archived rows of the partition that holds `day` ("2026-01-01") back; they stay for
 * LIFECYCLE_RESTORED_DAYS at the least. The archive stays as well. *ret: {table, partition, rows, parts,
 * left_out: [columns that the table no longer has]}. Errors: REFERENCE_UNKNOWN (no such archive),
 * ARCHIVE_DIFFERS, CONFLICT (rows of its keys are there). */
#define LIFECYCLE_RESTORED_DAYS 7
bool lifecycle_restore(Lifecycle *lifecycle, const LifecycleAsk *ask, const char *day, json_t **ret,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* [{table, first, last, part, path, rows, bytes, state: archived | restored | replaced, at}] and
 * [{at, plan, table, action, first, last, rows, path, detail, user}], newest first. */
json_t *lifecycle_archives(Lifecycle *lifecycle, const CatalogObject *table,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *lifecycle_history(Lifecycle *lifecycle, size_t limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Nothing is archived, restored or erased until it is released: tables and archives that are copied meanwhile
 * fit together. */
void lifecycle_hold(Lifecycle *lifecycle);
void lifecycle_release(Lifecycle *lifecycle);
/* All archive files into `folder`/archive, with the lifecycle held: links, or copies on another file system.
 * Errors: DISK_FULL, FILE_IO. */
bool lifecycle_backup(Lifecycle *lifecycle, const char *folder, gint64 *ret_bytes,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Erasure. Of a person: every table that carries the entity's column (`entity:` of a column, and where
 * lineage takes its value) loses the rows of `key`. Of a condition: the rows of one table for which `where`
 * holds (checked by the caller: one expression over a row). In production, in what environments have of their
 * own, in builds that checks held back, and among keys that were deleted. Rows go from the tables in one
 * transaction, then from their archives, each rewritten. It waits for runs and applies, and they wait for it.
 * `dry` counts only. *ret: {subject, tables: [{table, part: "table" | "held" | "deleted", columns, rows}],
 * archives: [{table, partition, rows}], rows, archived_rows, not_possible: [{en, zh}], dry}. The record in
 * _weir.lifecycle holds counts and a digest of the key, not the key. Holds do not stop it: it is a duty. */
typedef struct {
    LifecycleAsk ask;
    const CatalogObject *entity; /* with key; else ask.table with where */
    const char *key;
    const char *where;
    Warehouse *warehouse;
    const GPtrArray *environments; /* CatalogSnapshot*; NULL = none */
    const GPtrArray *unread;       /* char*: names of those that cannot be read; NULL = none */
    bool dry;
} LifecycleErase;
bool lifecycle_erase(Lifecycle *lifecycle, const LifecycleErase *erase, json_t **ret,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
