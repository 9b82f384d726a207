/* What the files of quality share.
 *
 *   types.c    the table of types; names of checks
 *   check.c    one run: scans, judges, rows kept, the outcome
 *   level.c    arithmetic of verdicts: bars, z, change, psi, chi2; no SQL
 *   rows.c     types about single rows: one filtered count each
 *   keys.c     unique, relationship, equal, sql, schema: a query each
 *   figures.c  row_count, freshness, rates, distribution, anomaly: a figure and its history
 *   series.c   figures over time: of runs, or of days in the table itself
 *   record.c   tables of state, results
 *   waive.c    waivers;  rejects.c  rejected rows;  health.c  scores */
#ifndef WEIR_QUALITY_QUALITY_INT_H
#define WEIR_QUALITY_QUALITY_INT_H

#include <math.h>

#include "base/time.h"
#include "engine/sql.h"
#include "quality/quality.h"

/* ---- level.c --------------------------------------------------------------------------------------------
 */

typedef enum { QUALITY_PASS, QUALITY_WARN, QUALITY_ERROR, QUALITY_SKIP } QualityLevel;

/* More than the bar, and not by the rounding of doubles alone. */
bool quality_beyond(double value, double bar);
/* Bars of figures where more is worse; NAN = none. Beyond, not at, is a failure. */
QualityLevel quality_level_above(double value, double warn, double error);
typedef enum { QUALITY_TREND_ABS, QUALITY_TREND_UP, QUALITY_TREND_DOWN } QualityTrend;
QualityTrend quality_trend_by_name(const char *name); /* up, spike; down, drop; else ABS */
/* How far `value` goes the way that counts: |value|, value, or -value. */
double quality_trend_apply(QualityTrend trend, double value);
/* (value - baseline) / baseline in percent; NAN when the baseline is 0. */
double quality_percent(double value, double baseline);

typedef struct {
    guint n;
    double mean, sd; /* of the sample (n - 1); NAN below two */
} QualitySpread;
QualitySpread quality_spread(const double *values, guint n);
/* How many standard deviations `value` is from the history, which does not hold it (a window that did would
 * bound |z| by (n - 1) / sqrt(n)). A flat history: 0 for its own value, else NAN. */
double quality_z(const QualitySpread *history, double value);

/* Both over the same bins, as counts. */
double quality_psi(const double *baseline, const double *now, guint n);
/* The probability that `now` comes from the distribution of `baseline`: Pearson's test. */
double quality_chi2(const double *baseline, const double *now, guint n);

/* ---- a run ----------------------------------------------------------------------------------------------
 */

/* Expressions over one relation, in one statement. */
typedef struct {
    const char *from;
    GPtrArray *expressions; /* char* */
    GHashTable *index;      /* expression -> number + 1 */
    json_t *values;         /* {c0: ...}; once run */
} QualityScan;

typedef struct QualityCheck QualityCheck;
typedef struct QualityRun QualityRun;

typedef struct {
    const char *name;
    bool holds; /* an error blocks, unless the check says otherwise */
    /* Adds what it counts to the scans. NULL = nothing. */
    bool (*prepare)(QualityRun *run, QualityCheck *check, GError **error);
    /* The scans are done: sets level and figures. */
    bool (*judge)(QualityRun *run, QualityCheck *check, GError **error);
} QualityType;
extern const QualityType QUALITY_TYPES[];
const QualityType *quality_type_by_name(const char *name); /* NULL = none */

#define QUALITY_MAX_SLOTS 4u
struct QualityCheck {
    const json_t *definition;
    const QualityType *type;
    char *name;
    GPtrArray *columns; /* quoted */
    QualityScan *scan;
    guint slots[QUALITY_MAX_SLOTS];
    guint n_slots;
    char *condition;   /* of a wrong row of rows_sql */
    char *failing_sql; /* SELECT of the wrong rows, without LIMIT; else made from the condition */
    /* outcome */
    QualityLevel level;
    bool pair;                          /* it has two bars */
    gint64 n_failed, n_checked;         /* n_checked < 0 = not counted */
    double value, baseline, z, percent; /* NAN = none */
    char *message;
    json_t *kept;  /* wrong rows */
    json_t *extra; /* more members of the result */
    char *detail;  /* kept for the next run */
};

struct QualityRun {
    EngineConn *conn;
    const QualityRows *rows;
    GPtrArray *checks; /* QualityCheck* */
    QualityScan rows_scan, whole_scan;
    QualityScan *whole;  /* &rows_scan where the relations are one */
    GHashTable *history; /* check name -> GArray of QualityPoint; NULL = not read yet */
    GHashTable *details; /* check name -> char* */
    json_t *waivers;
};

/* Names of all checks of an object, each once: char*; free with g_ptr_array_unref. */
GPtrArray *quality_check_names(const CatalogObject *model);
/* The number of the expression in the scan. */
guint quality_scan_add(QualityScan *scan, char *expression_taken);
/* Of slot i: a number; NAN for NULL. */
double quality_slot(const QualityCheck *check, guint i);
const json_t *quality_slot_json(const QualityCheck *check, guint i);
void quality_add_slot(QualityCheck *check, QualityScan *scan, char *expression_taken);
/* " FILTER (WHERE ...)" of the check's `where`; "" without. Caller frees. */
char *quality_filter(const QualityCheck *check);
const char *quality_where(const QualityCheck *check); /* "TRUE" without */
char *quality_quote(const char *name);
/* rows->time as what can be compared with times. Caller frees. */
char *quality_time(const QualityRows *rows);
char *quality_join(const GPtrArray *parts, const char *suffix, const char *separator);
void quality_append_literal(GString *out, const json_t *value);
/* Level by the count of wrong rows and the check's bars or severity. */
void quality_judge_rows(QualityCheck *check, gint64 n_failed, gint64 n_checked);
/* The level of a failure of a check with one bar. */
QualityLevel quality_severity(const QualityCheck *check);
void quality_say(QualityCheck *check, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A number as people write it. Caller frees. */
char *quality_number(double value);
/* A bar of the definition: a number, a share text; NAN when not given. */
double quality_bar(const QualityCheck *check, const char *key);

/* ---- series.c -------------------------------------------------------------------------------------------
 */

typedef struct {
    gint64 at_us;    /* UTC, or local for buckets */
    gint64 local_us; /* local wall clock as if it were UTC */
    double value;
} QualityPoint;
/* History of the check's figure, oldest first, without the figure under test, which is *ret_value (NAN =
 * there is none) at *ret_local_us. Of runs: `value` is it. Of buckets: `figure` (SQL) is asked for each. */
bool quality_series(QualityRun *run, QualityCheck *check, const char *figure, double value, double empty,
                    gint64 back_us, GArray **ret_points, QualityPoint *ret_now,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether the check's figure is one of time buckets. */
bool quality_by_bucket(const QualityRun *run, const QualityCheck *check);
/* The detail that the last counted run kept; NULL = none. Borrowed. */
bool quality_last_detail(QualityRun *run, const QualityCheck *check, const char **ret,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
gint64 quality_local_us(gint64 us, GTimeZone *zone);

/* ---- types ----------------------------------------------------------------------------------------------
 */

/* rows.c */
bool quality_rows_prepare(QualityRun *run, QualityCheck *check, GError **error);
bool quality_rows_judge(QualityRun *run, QualityCheck *check, GError **error);
/* keys.c */
bool quality_unique_judge(QualityRun *run, QualityCheck *check, GError **error);
bool quality_relationship_judge(QualityRun *run, QualityCheck *check, GError **error);
char *quality_relationship_condition(CatalogSnapshot *snapshot, const CatalogObject *model,
                                     const json_t *check, GError **error);
bool quality_sql_prepare(QualityRun *run, QualityCheck *check, GError **error);
bool quality_sql_judge(QualityRun *run, QualityCheck *check, GError **error);
bool quality_equal_judge(QualityRun *run, QualityCheck *check, GError **error);
bool quality_schema_judge(QualityRun *run, QualityCheck *check, GError **error);
/* figures.c */
bool quality_row_count_prepare(QualityRun *run, QualityCheck *check, GError **error);
bool quality_row_count_judge(QualityRun *run, QualityCheck *check, GError **error);
bool quality_figure_prepare(QualityRun *run, QualityCheck *check, GError **error);
bool quality_freshness_judge(QualityRun *run, QualityCheck *check, GError **error);
bool quality_rate_judge(QualityRun *run, QualityCheck *check, GError **error);
bool quality_distribution_judge(QualityRun *run, QualityCheck *check, GError **error);
bool quality_anomaly_judge(QualityRun *run, QualityCheck *check, GError **error);
/* shape.c: psi and chi2. */
bool quality_shape_judge(QualityRun *run, QualityCheck *check, GError **error);

/* ---- record.c, waive.c ----------------------------------------------------------------------------------
 */

/* The active waiver of a check: {by, reason, until}; borrowed from run->waivers, NULL = none. */
bool quality_waiver_of(QualityRun *run, const char *check, const json_t **ret,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

struct QualityOutcome {
    json_t *checks;
    char *model;
    char *failed;
    gint64 at_us;
    json_t *kept;    /* [{check, rows: [...]}] */
    json_t *details; /* {check: text} */
};

#endif
