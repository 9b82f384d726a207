/* Data comes in: loads with labels, exactly once.
 *
 * A load is: a body (spool) + options -> rows -> one engine transaction that holds the rows, and the row of
 * _weir.loads with its label. Acknowledged = committed and fsynced. Repeating a label repeats nothing.
 * One committer thread does all writes to loaded tables: it takes everything that queued while the last
 * commit ran and commits it as one transaction (group commit, no timer); a load that fails in a group is
 * taken out and the others go on. It also takes the checkpoints.
 *
 * A load's life: RUNNING (memory only) -> PREPARED (two-phase: rows in a staging table, durable) -> VISIBLE |
 * ABORTED. Doris's words are kept on the wire: PREPARE, PRECOMMITTED, COMMITTED, VISIBLE, ABORTED. */
#ifndef WEIR_INTAKE_INTAKE_H
#define WEIR_INTAKE_INTAKE_H

#include "base/config.h"
#include "catalog/catalog.h"
#include "engine/engine.h"

/* Hidden column of every loaded table: the transaction that wrote the row. */
#define INTAKE_LOAD_ID "_weir_load_id"

typedef struct Intake Intake;

/* Makes schema _weir and its tables, reads labels, empties <data>/spool, aborts what is overdue, starts the
 * committer. `snapshot` resolves nothing: tables are given. */
Intake *intake_open(Engine *engine, const char *data_dir, const BaseConfig *config,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Finishes what is queued, then stops. */
void intake_close(Intake *intake);
/* False once the engine must be opened anew (engine_poisoned): every call fails until then. The owner closes
 * the intake, then the engine, and opens both again. */
bool intake_healthy(Intake *intake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Intake, intake_close)

/* ---- spool: a body in flight ----------------------------------------------------------------- */
/* Small bodies stay in memory, larger ones go to <data>/spool/<n>. One writer, then readers. */
typedef struct IntakeSpool IntakeSpool;
IntakeSpool *intake_spool_new(Intake *intake);
/* Errors: LOAD_TOO_LARGE, DISK_FULL. After an error the spool can only be freed. */
bool intake_spool_append(IntakeSpool *spool, const void *data, size_t len,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same; the array itself may be taken, and is NULL then. */
bool intake_spool_give(IntakeSpool *spool, GByteArray **bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gint64 intake_spool_bytes(const IntakeSpool *spool);
/* Whether `len` bytes more stay in memory. */
bool intake_spool_has_room(const IntakeSpool *spool, size_t len);
/* Before the first byte, of a load that intake_load_may_flow: it may begin before its body is whole. Once
 * intake_spool_flows, whoever writes the body begins intake_load on another thread and goes on: asks after
 * each append for room, says at the end that the body is whole, or that it never will be, and lets the rest
 * go when the load has ended before its body. Any thread. */
void intake_spool_let_flow(IntakeSpool *spool);
bool intake_spool_flows(const IntakeSpool *spool);
/* False: more may be appended. True: not before `room` was called (once, from any thread; it must not block).
 */
bool intake_spool_on_room(IntakeSpool *spool, void (*room)(void *user), void *user);
void intake_spool_end(IntakeSpool *spool);
void intake_spool_cut(IntakeSpool *spool);
void intake_spool_drop(IntakeSpool *spool);
/* Reads a file in place instead of a body (not removed on free). */
IntakeSpool *intake_spool_open(Intake *intake, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A file that the engine may read (inside <data>/spool) with the spool's bytes; kept until the spool is
 * freed. NULL + error. */
const char *intake_spool_path(IntakeSpool *spool, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void intake_spool_free(IntakeSpool *spool); /* removes its file */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakeSpool, intake_spool_free)

/* ---- options ------------------------------------------------------------------------------------- */

typedef enum { INTAKE_CSV, INTAKE_JSON, INTAKE_PARQUET } IntakeFormat;
typedef enum { INTAKE_APPEND, INTAKE_DELETE, INTAKE_MERGE } IntakeMerge;
typedef enum { INTAKE_GROUP_OFF, INTAKE_GROUP_SYNC, INTAKE_GROUP_ASYNC } IntakeGroup;
typedef enum {
    INTAKE_PLAIN,
    INTAKE_GZ,
    INTAKE_BZ2,
    INTAKE_LZ4,
    INTAKE_ZSTD,
    INTAKE_DEFLATE
} IntakeCompression;

/* intake/options.c: one table gives name, type, check and doc of each Stream Load header; adding a header
 * is adding a row. */
typedef struct IntakeOptions IntakeOptions;
IntakeOptions *intake_options_new(void);
void intake_options_free(IntakeOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakeOptions, intake_options_free)
/* One header; names case folded, unknown ones ignored (as Doris does). Errors: LOAD_HEADER with Doris's text.
 */
bool intake_options_set(IntakeOptions *options, const char *name, const char *value,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Checks that span headers (merge_type and delete, label and group_commit, ...). Must be called after the
 * last set and before intake_load. */
bool intake_options_check(IntakeOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "header `colums` is not known, did you mean `columns`?"; NULL when no name looks misspelt. */
const char *intake_options_warnings(const IntakeOptions *options);
/* The zone of a load that names none (header `timezone`): the project's. UTC without. */
void intake_options_default_zone(IntakeOptions *options, const char *zone);
/* Header i of the table and what it means, for docs; false past the end. */
bool intake_options_header(size_t i, const char **ret_name, const char **ret_doc);
/* Format and compression from a file's name: .csv .tsv .json .jsonl .ndjson .parquet with .gz .zst ... */
void intake_options_from_filename(IntakeOptions *options, const char *path);

/* ---- loading ----------------------------------------------------------------------------------- */

typedef struct {
    gint64 txn_id;
    char *label;
    const char *status;          /* "Success", "Label Already Exists", "Fail", "Publish Timeout" */
    const char *existing_status; /* RUNNING, PRECOMMITTED, FINISHED with Label Already Exists; else NULL */
    char *message;               /* "OK" on success */
    bool two_phase;
    IntakeGroup group;
    gint64 total_rows, loaded_rows, filtered_rows, unselected_rows, bytes;
    gint64 load_ms, begin_ms, put_ms, read_ms, write_ms, commit_ms;
    char *error_log; /* name of the rejects file; NULL = none */
} IntakeResult;
void intake_result_clear(IntakeResult *result);

/* Loads `spool` into `table`. Blocks until committed (or prepared, or queued with async_mode). Always fills
 * *ret (a failed load has status Fail and a message as well as *error); false + error for Fail and for
 * Label Already Exists. `user`, `peer` go to the load's row.
 * Thread: any, many at once. */
bool intake_load(Intake *intake, const CatalogTable *table, const IntakeOptions *options, IntakeSpool *spool,
                 const char *user, const char *peer, IntakeResult *ret,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether such a load may begin before its body is whole: rows that are appended to a table without keys, in
 * a format that is cut into rows as it comes. */
bool intake_load_may_flow(const CatalogTable *table, const IntakeOptions *options);

/* The same without waiting, for a small load of plain rows (no expressions, no phases, a body in memory):
 * parsed on the caller's thread, without a file or the engine, and queued. False: it is not such a load, or
 * something is wrong with it; nothing was done, intake_load says what. True: `done` is called once, on the
 * committer's thread, for which all loads wait: it hands `posted` on and returns. The options and the spool
 * may be freed at once, the snapshot that the table is of must live until intake_posted_end. */
typedef struct IntakePosted IntakePosted;
typedef void (*IntakeDone)(void *user, IntakePosted *posted);
bool intake_load_post(Intake *intake, CatalogSnapshot *snapshot, const CatalogTable *table,
                      const IntakeOptions *options, IntakeSpool *spool, const char *user, const char *peer,
                      IntakeDone done, void *done_user);
/* What became of it, as intake_load says it; on any thread, once: `posted` is freed. */
bool intake_posted_end(IntakePosted *posted, IntakeResult *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* INSERT INTO ... VALUES / SELECT, DELETE, UPDATE, TRUNCATE by SQL, through the same committer, so that table
 * models hold: `select_sql` gives the columns named, in the engine's dialect, already checked. What holds a
 * subquery, or is one, works beside the committer. */
typedef struct {
    /* What clocks and local times in the statement, and in defaults of columns, go by (engine_set_time_zone);
     * NULL = UTC. */
    const char *zone;
    /* How the statement is stopped: told the connection that works for it, and NULL when none does any more
     * (it commits then, or has ended); false = it is stopped already. On any thread; must not block. NULL =
     * nobody stops it. A statement that was stopped fails with INTERRUPTED and has changed nothing. */
    bool (*running)(void *user, EngineConn *conn);
    void *user;
} IntakeSession; /* NULL: a session of nobody, at UTC */
bool intake_insert(Intake *intake, const CatalogTable *table, const char *const *columns,
                   const char *select_sql, const EngineValue *values, size_t n_values,
                   const IntakeSession *session, const char *label, const char *user, IntakeResult *ret,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool intake_delete(Intake *intake, const CatalogTable *table, const char *where_sql,
                   const EngineValue *values, size_t n_values, const IntakeSession *session, gint64 *ret_rows,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `set` = "a = 1, b = c + 1" of columns that are no keys. */
bool intake_update(Intake *intake, const CatalogTable *table, const char *set_sql, const char *where_sql,
                   const EngineValue *values, size_t n_values, const IntakeSession *session, gint64 *ret_rows,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Two-phase: by id (> 0) or by label. `db` is the database of the request. Errors: TXN_UNKNOWN, TXN_STATE
 * with Doris's texts. */
bool intake_commit(Intake *intake, const char *db, gint64 txn_id, const char *label, gint64 *ret_txn_id,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool intake_abort(Intake *intake, const char *db, gint64 txn_id, const char *label, gint64 *ret_txn_id,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The id below which every load has ended, committed or not: rows with a smaller INTAKE_LOAD_ID than this are
 * all there for a transaction that begins after the call. */
gint64 intake_oldest_open(Intake *intake);

/* [{txn_id, label, db, table, state, status, user, peer, message, rows, loaded, filtered, unselected, bytes,
 * started, finished, error_log}] newest first. `db`, `label` (LIKE pattern) and `state` may be NULL. */
json_t *intake_loads(Intake *intake, const char *db, const char *label, const char *state, size_t limit,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Path of a rejects file by its name; NULL when there is none (names are checked: no way out of the folder).
 */
char *intake_error_log(Intake *intake, const char *name);

/* ---- tables ------------------------------------------------------------------------------------- */
/* intake/table.c: makes, changes, drops the engine's table for a CatalogTable (with the hidden columns). */
/* An empty one that stands under the name (its definition was never kept: the process died) is made anew;
 * TABLE_EXISTS: it has rows. */
bool intake_table_create(Intake *intake, const CatalogTable *table, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds, drops, widens columns; VALUE_INVALID says what cannot be done in place. All of it or nothing; what is
 * as `after` says already is left, so that a change that was cut off before its definition was kept can be
 * made again. */
bool intake_table_alter(Intake *intake, const CatalogTable *before, const CatalogTable *after,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same where columns of `after` are some of `before` under other names: `renames` is old name, new name,
 * ..., in the order in which they are given; borrowed strings. */
bool intake_table_alter_renamed(Intake *intake, const CatalogTable *before, const GPtrArray *renames,
                                const CatalogTable *after, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Makes the engine's table what `table` says, whatever stands of it: columns that it does not know go, with
 * what is in them. For what was cut off. */
bool intake_table_match(Intake *intake, const CatalogTable *table, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether intake_table_alter could do it, by the definitions alone; the same errors. */
bool intake_table_can_alter(const CatalogTable *before, const CatalogTable *after,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A table that is not there is dropped already. */
bool intake_table_drop(Intake *intake, const char *schema, const char *name,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool intake_table_exists(Intake *intake, const char *schema, const char *name);
/* The table in the schema _weir that keeps the deleted keys of a table with a sequence. Caller frees. */
char *intake_tombstones_name(const char *schema, const char *name);

/* ---- any other write ------------------------------------------------------------------------------ */
/* Runs `work` on the committer's thread inside one transaction of its own: how runs swap tables. Returns
 * false and rolls back when `work` fails. Its connection is at UTC; `work` may set another zone. */
typedef bool (*IntakeWork)(EngineConn *conn, void *user, GError **error);
bool intake_transact(Intake *intake, IntakeWork work, void *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for work that changes rows of tables that are loaded: `tables` (char*, of intake_table_key) are
 * its own while it runs, so that it meets no merge of a large load or other such work. */
bool intake_transact_on(Intake *intake, const GPtrArray *tables, IntakeWork work, void *user,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "schema.name" for it. Caller frees. */
char *intake_table_key(const char *schema, const char *name);

/* ---- sources -------------------------------------------------------------------------------------- */
/* intake/source.c: refreshes what a `sources:` object names (connector file, http) into its ODS tables: one
 * load a file, labelled by source, table, path, size and time, so that a file loads once. */
typedef struct {
    char *table;
    char *path;
    bool skipped;
    IntakeResult result;
} IntakeSourceLoad;
/* The table that a source's entry loads into, inferred from the first file when it is not declared; NULL +
 * error. */
CatalogTable *intake_source_infer(Intake *intake, const char *root, const CatalogObject *source, size_t entry,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* IntakeSourceLoad*; the first failure stops it and is the error (what was loaded stays, and is in
 * *ret_loads). */
bool intake_source_refresh(Intake *intake, const char *root, const CatalogSnapshot *snapshot,
                           const CatalogObject *source, GPtrArray **ret_loads,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Loads all that entry `entry` of `source` holds now into `into` (a table of its own, of the same columns and
 * model as the entry's table), whatever was loaded before: what the table would be. `zone`: the project's. */
bool intake_source_replay(Intake *intake, const char *root, const CatalogObject *source, size_t entry,
                          const CatalogTable *into, const char *zone, GPtrArray **ret_loads,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* a."k1" IS NOT DISTINCT FROM b."k1" AND ... over CatalogColumn*; caller frees. */
char *intake_key_match(const GPtrArray *key, const char *a, const char *b);
/* Statements (char*) that bring the keys listed in `diff_sql` (quoted; _weir_how 'missing', 'different' or
 * 'extra', and the columns `key`) in line with `shadow_sql`, a table of the same columns: to run in order in
 * one transaction of the committer. */
GPtrArray *intake_repair_sql(const CatalogTable *table, const GPtrArray *key, const char *diff_sql,
                             const char *shadow_sql);

#endif
