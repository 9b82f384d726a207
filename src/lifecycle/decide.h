/* What becomes of one partition: the decision table alone. No catalog, no clock, no data.
 *
 * keep = the longest of law or contract (holds, days and months that stay), the matrix of grade and type
 * (with what is declared), the span of access, and what readers need. Something goes only when all four
 * agree; P0 and P1 go to the archive and are never dropped; the others are dropped when they can be built
 * again, or are in the archive already, and archived otherwise. Days are days since 1970-01-01. */
#ifndef WEIR_LIFECYCLE_DECIDE_H
#define WEIR_LIFECYCLE_DECIDE_H

#include "standard/retention.h"

#define LIFECYCLE_NEVER G_MAXINT64 /* of days: without end */

typedef enum { LIFECYCLE_KEEP, LIFECYCLE_ARCHIVE, LIFECYCLE_DROP } LifecycleDecision;
const char *lifecycle_decision_name(LifecycleDecision decision); /* "keep", "archive", "drop" */

typedef enum {
    LIFECYCLE_BY_HOLD,
    LIFECYCLE_BY_MATRIX,
    LIFECYCLE_BY_ACCESS,
    LIFECYCLE_BY_READERS,
    LIFECYCLE_N_REASONS
} LifecycleReason;
const char *lifecycle_reason_name(LifecycleReason reason); /* "hold", "matrix", "access", "readers" */

/* What a reason says. The first of each group, and those marked so, agree to an end. */
typedef enum {
    LIFECYCLE_NO_HOLD, /* agrees */
    LIFECYCLE_HELD,
    LIFECYCLE_KEEP_DATE,
    LIFECYCLE_KEEP_MONTH,
    LIFECYCLE_RESTORED, /* brought back from the archive a few days ago */

    LIFECYCLE_EXPIRED, /* agrees */
    LIFECYCLE_WITHIN,
    LIFECYCLE_FOREVER,
    LIFECYCLE_MONTH_END,
    LIFECYCLE_NEWEST,  /* one of the newest partitions that always stay */
    LIFECYCLE_NO_RULE, /* no grade or no type: nobody said that it may go */
    LIFECYCLE_OPEN,    /* the standard leaves it to a policy that is not written */
    LIFECYCLE_ZIPPER,
    LIFECYCLE_UNDATED,
    LIFECYCLE_WHOLE, /* each run builds the table anew */

    LIFECYCLE_SPAN_OVER,    /* agrees */
    LIFECYCLE_SPAN_UNKNOWN, /* agrees: no query on record names a day */
    LIFECYCLE_SPAN_NONE,    /* agrees: not asked of temporary data */
    LIFECYCLE_SPAN_WITHIN,
    LIFECYCLE_SPAN_UNDEFINED, /* longer than the table of spans knows */

    LIFECYCLE_NO_READER,    /* agrees */
    LIFECYCLE_READERS_PAST, /* agrees: they read newer days only */
    LIFECYCLE_READERS_NEED,
    LIFECYCLE_READERS_ALL, /* one is built from all of it */
    LIFECYCLE_READER_BEHIND
} LifecycleWhy;
bool lifecycle_why_agrees(LifecycleWhy why);

typedef enum {
    LIFECYCLE_PROOF_NONE,
    LIFECYCLE_PROOF_BUILD,   /* its inputs are there and its definition always gives the same */
    LIFECYCLE_PROOF_ARCHIVE, /* goes into an archive that is read back and compared first */
    LIFECYCLE_PROOF_ARCHIVED /* is in a verified archive already */
} LifecycleProof;
const char *lifecycle_proof_name(LifecycleProof proof); /* "none", "rebuild", "archive", "archived" */

typedef struct {
    int grade; /* 0..3; -1 = none */
    StandardType type;
    bool ruled;            /* grade and type say how long */
    bool open;             /* the standard leaves it open */
    bool zipper, whole;    /* see LifecycleWhy */
    gint64 days;           /* the matrix with what is declared; LIFECYCLE_NEVER */
    gint64 matrix_days;    /* the matrix alone */
    gint64 declared_days;  /* STANDARD_KEEP_* */
    gint64 month_end_days; /* 0 = month ends are nothing special */
    gint64 cold_days;      /* 0 = none; told, nothing is done */
    gint64 min_partitions;
    StandardEnd end;
    bool archive_wanted, archive_refused; /* lifecycle.archive: true, false */
    gint64 span_days;                     /* the longest of one query; STANDARD_UNKNOWN */
    gint64 access_days;                   /* what that asks for; LIFECYCLE_NEVER = the table has no row */
    bool held;
    gint64 hold_until; /* day; LIFECYCLE_NEVER */
    char *hold_reason;
    GArray *keep_dates;  /* gint64: year * 10000 + month * 100 + day; year 0 = of every year */
    GArray *keep_months; /* gint64: year * 100 + month; year 0 = of every year */
    bool readers;        /* something reads it */
    bool readers_all;
    gint64 readers_from; /* the oldest day that readers need; LIFECYCLE_NEVER = none */
    char *readers_name;  /* the reader that decides; NULL */
    GPtrArray *notes;    /* json {en, zh}; what should be looked at */
} LifecyclePolicy;
void lifecycle_policy_init(LifecyclePolicy *policy);
void lifecycle_policy_clear(LifecyclePolicy *policy);

typedef struct {
    gint64 first_day, last_day;
    gint64 rows;
    bool undated;   /* rows whose day is NULL or no day */
    bool month_end; /* the last partition of its month */
    guint newer;    /* partitions after it, undated ones not counted */
    bool behind;    /* a reader has not built this day yet */
    bool rebuildable;
    bool archived;         /* all its rows are in a verified archive */
    gint64 restored_until; /* day; 0 = was not restored */
} LifecyclePartition;

typedef struct {
    LifecycleDecision decision;
    LifecycleWhy why[LIFECYCLE_N_REASONS];
    LifecycleProof proof;
} LifecycleVerdict;

/* `today` = the day that it is decided for. */
LifecycleVerdict lifecycle_decide(const LifecyclePolicy *policy, const LifecyclePartition *partition,
                                  gint64 today);
bool lifecycle_verdict_equal(const LifecycleVerdict *a, const LifecycleVerdict *b);
/* A sentence; caller frees. */
char *lifecycle_why_text(const LifecyclePolicy *policy, LifecycleWhy why, bool chinese);

#endif
