/* Data quality: checks of a table's new rows before anyone reads them, their history, waivers, rejected rows,
 * the health score.
 *
 * A check is a row of definition["checks"] (catalog/checks.c normalises them; quality/types.c has what each
 * type measures). All that can be counted in one pass over the rows is counted in one statement. Each check
 * ends with verdict   pass; fail (a check with one bar), or warn | error (one with a pair of bars); skip
 * (nothing to judge by: too little history, too small a baseline) block     the rows must not be seen: it
 * failed at error, it blocks, and no waiver covers it and, where it has them, value, baseline, z, percent.
 * They are kept in _weir.check_results, which is the history that later runs are compared with; figures of
 * rows that were held back do not count there.
 *
 * State, in the engine beside the data: _weir.check_results, _weir.failed_rows (the wrong rows of each
 * check's last run, bounded), _weir.check_waivers, _weir.rejects, _weir.health. Thread: any, one call at a
 * time per connection. */
#ifndef WEIR_QUALITY_QUALITY_H
#define WEIR_QUALITY_QUALITY_H

#include "catalog/catalog.h"

#define QUALITY_KEEP_ROWS         100       /* wrong rows kept of a check, when it does not say `keep` */
#define QUALITY_MAX_KEEP_ROWS     10000     /* the most that `keep` may say */
#define QUALITY_KEEP_TEXT_BYTES   (1 << 20) /* and most text of them */
#define QUALITY_SAMPLE_ROWS       5         /* of those, in the run's record */
#define QUALITY_SAMPLE_TEXT_BYTES 8192      /* and most text of them */
#define QUALITY_HISTORY_KEPT_US   (400 * G_GINT64_CONSTANT(86400000000))

/* Makes the tables that are not there and drops history that is too old. In a transaction of the committer.
 */
bool quality_state_open(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- checks ---------------------------------------------------------------------------------------------
 */

/* The condition that a wrong row meets, `where` included, of a normalised check; NULL for types that are not
 * about one row. `columns`: char*, as SQL writes them. Caller frees. */
char *quality_row_condition(const json_t *check, const GPtrArray *columns);

/* Rows under check. */
typedef struct {
    CatalogSnapshot *snapshot;
    const CatalogObject *model; /* a table or model */
    const char *rows_sql;       /* relation of the new rows: "s"."b" */
    const char *whole_sql;      /* relation of the table as it will be; the same for a full build */
    const char *old_sql;        /* relation of the table as it is; NULL = none */
    GTimeZone *zone;
    const char *time;       /* time column whose days (hours) are figures of their own; NULL = none */
    EngineTypeId time_type; /* of that column; TEXT writes ISO days or times */
    gint64 end_us;          /* of the interval; the run's clock where there is none */
    gint64 now_us;          /* the run's clock: the time of these figures */
} QualityRows;

typedef struct QualityOutcome QualityOutcome;
/* Runs all checks of the model on `conn`. NULL + error: a check could not be run. */
QualityOutcome *quality_check(EngineConn *conn, const QualityRows *rows,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
void quality_outcome_free(QualityOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QualityOutcome, quality_outcome_free)
/* [{name, type, column?, severity, owner?, state: ok|warn|failed|skipped, verdict, block, rows, checked?,
 * value?, baseline?, z?, percent?, message?, sample?, waived?: {by, reason, until}, new_values?,
 * vanished_values?}]; borrowed. */
json_t *quality_outcome_checks(const QualityOutcome *outcome);
/* The first failure that blocks, as a sentence; NULL = none. Borrowed. */
const char *quality_outcome_failed(const QualityOutcome *outcome);
/* Writes the outcome down. `counted`: the rows were seen, later runs compare with these figures. In a
 * transaction of the committer. */
bool quality_record(EngineConn *conn, const QualityOutcome *outcome, const char *run_id, bool counted,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The table or model that a check's `to` names; NULL + REFERENCE_UNKNOWN. */
const CatalogObject *quality_partner(CatalogSnapshot *snapshot, const CatalogObject *model, const char *to,
                                     GError **error);

/* Results, newest first: [{model, run_id, at, check, type, column, verdict, block, rows, value, ...}].
 * `model` is an id (NULL = all), `latest` only those of each model's last run. */
json_t *quality_results(EngineConn *conn, const char *model, bool latest, size_t limit,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Wrong rows that were kept: [{model, check, run_id, at, row: {...}}]. */
json_t *quality_failures(EngineConn *conn, const char *model, const char *check, size_t limit,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- waivers --------------------------------------------------------------------------------------------
 */

typedef struct {
    const char *model; /* id */
    const char *check, *reason, *user;
    gint64 at_us, until_us;
} QualityWaiver;
/* A check of the model by its name as results show it. false + REFERENCE_UNKNOWN with the nearest. */
bool quality_has_check(const CatalogObject *model, const char *check,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* In a transaction of the committer; replaces one of the same check. */
bool quality_waive(EngineConn *conn, const QualityWaiver *waiver, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{model, check, reason, user, at, until, active}] */
json_t *quality_waivers(EngineConn *conn, const char *model, gint64 now_us,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- rejects --------------------------------------------------------------------------------------------
 */

/* Whether the model puts rows aside: `rejects:`, or a check with `reject`. */
bool quality_rejects_any(const CatalogObject *model);
/* Takes the rows that must be rejected out of `rows->rows_sql`, a table, into `aside_sql`, a table that is
 * made, with the reason of each. More of them than `rejects.max` allows: *ret_failed says so (caller frees).
 */
bool quality_rejects_take(EngineConn *conn, const QualityRows *rows, const char *aside_sql,
                          gint64 *ret_rejected, char **ret_failed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Moves them from `aside_sql` into _weir.rejects and drops that table; what was rejected before of the same
 * interval goes (0, 0 = all: the table was built anew). In a transaction of the committer. */
bool quality_rejects_record(EngineConn *conn, const CatalogObject *model, const char *aside_sql,
                            const char *run_id, gint64 at_us, gint64 start_us, gint64 end_us,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{model, run_id, at, reason, rows, row (raw form), start, end}], newest first. */
json_t *quality_rejects(EngineConn *conn, const char *model, size_t limit,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Intervals that have rejected rows: [{start_us, end_us, rows}]; null = no interval. */
json_t *quality_rejects_intervals(EngineConn *conn, const char *model,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- health ---------------------------------------------------------------------------------------------
 */

/* Scores from the last results of all checks and from findings of others, such as of the standard's rules:
 * `findings` [{rule, object (id), level: error|warn, fix?}], may be NULL.
 *   score = 100 - sum over lost points of  points x weight of the asset / weight of all assets in the scope
 * points: a failing check 10 at error and 4 at warn, half of it while waived; a finding 5 and 2; a model
 * without any check 5. Weight by grade: P0 8, P1 4, P2 2, P3 and none 1. So what a repair gives back can be
 * read off. Gives {formula, weights, score, tables: [{object, grade, owner, domain, score}], owners: [{name,
 * score, assets}], domains: [...], lost: [{rule, object, owner, fix, gain_table, gain}]} with the largest
 * gain first. */
json_t *quality_health(EngineConn *conn, CatalogSnapshot *snapshot, const json_t *findings,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Keeps the scores of a day; again on a day replaces. In a transaction of the committer. */
bool quality_health_record(EngineConn *conn, const json_t *health, gint64 now_us,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{day, scope, name, score}] newest first. */
json_t *quality_health_history(EngineConn *conn, size_t limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
