/* How long data of a warehouse lives: the life-cycle matrix of grade and table type, the table of access
 * spans, the rules of ODS. Data and arithmetic alone: no catalog, no clock.
 *
 * Sources: the grades and types of section II.7 of the standard (P0 and P1 cannot be made again; temporary
 * data 7 days, raw sync data 93 days, a delta beside a full table 14 days, the day before is kept), its span
 * table of III.2 and III.3; the values that the standard leaves open are Weir's own.
 *
 * Days are partitions of a day. Nothing here deletes: it says what the rules allow. */
#ifndef WEIR_STANDARD_RETENTION_H
#define WEIR_STANDARD_RETENTION_H

#include <glib.h>
#include <stdbool.h>

#include "base/json.h"
#include "standard/standard.h"

#define STANDARD_N_GRADES 4 /* P0 to P3 */

typedef enum {
    STANDARD_END_NONE,    /* there is no end */
    STANDARD_END_DROP,    /* may be dropped when its days are over */
    STANDARD_END_ARCHIVE, /* goes to the archive when its days are over, and is never dropped without it */
    STANDARD_END_RUN      /* dropped after the run that made it, or when its days are over */
} StandardEnd;

/* What the matrix says of one grade and type. */
typedef struct {
    gint64 min_days, max_days; /* a declared life within both needs no reason; STANDARD_KEEP_FOREVER */
    bool by_span;              /* what queries read decides, between the two */
    gint64 cold_days;          /* moved to cheap storage after; 0 = never */
    gint64 month_ends_days;    /* last days of months stay so long; 0 = they are nothing special */
    gint64 zipper_days;        /* the history as a zipper stays so long; 0 = none asked for */
    gint64 min_partitions;     /* that stay whatever the days say */
    StandardEnd end;
} StandardRetention;

/* Which cell. `grade` 0 to 3; `type` one of the seven (others: false). `full_beside` = a full table with the
 * same rows exists (a delta then needs 14 days); matters for EVENT_FLOW and EVENT_MIRROR of P2 and P3. */
bool standard_retention(int grade, StandardType type, bool full_beside, StandardRetention *ret);

/* The longest span that one query of three months read -> days to keep. STANDARD_KEEP_FOREVER where the table
 * has no row: keep, and look at it. `profile` "v4" (the standard) or "aliyun"; false when it is another.
 * span_days < 0 counts as 0. */
bool standard_retention_by_span(const char *profile, gint64 span_days, gint64 *ret_days);

/* The days that the rules ask for: the cell, with what was read where the cell goes by span (span_days < 0 =
 * not known: the cell's least). STANDARD_KEEP_FOREVER = for ever. */
gint64 standard_retention_days(const StandardRetention *cell, const char *profile, gint64 span_days);
/* A declared life agrees with the cell. */
bool standard_retention_allows(const StandardRetention *cell, const char *profile, gint64 span_days,
                               gint64 keep_days);

/* ---- ODS (III.1) ------------------------------------------------------------------------------------ */

typedef enum {
    STANDARD_ODS_NONE,        /* a word that names none of them */
    STANDARD_ODS_FLOW_FULL,   /* events, each load all of its time */
    STANDARD_ODS_LOG,         /* logs: by law or contract */
    STANDARD_ODS_MIRROR_FULL, /* a copy of a table, daily */
    STANDARD_ODS_DELTA,       /* changes since the last load */
    STANDARD_ODS_TEMP,        /* temporary data of a job */
    STANDARD_ODS_RAW          /* sync data before repeats are dropped */
} StandardOdsType;
/* "ods_delta", "flow full", "mirror", "log", "bdsync", ...: by the words in it. */
StandardOdsType standard_ods_type_by_name(const char *text);

typedef struct {
    StandardOdsType type;
    bool full_beside;     /* DELTA: a full table of the same rows exists */
    bool reproducible;    /* FLOW_FULL: can be made again from elsewhere */
    gint64 bytes_per_day; /* LOG; 0 = not known */
} StandardOdsAsk;
/* Days; STANDARD_KEEP_FOREVER; STANDARD_KEEP_UNKNOWN where the standard leaves it to what is needed. */
gint64 standard_retention_ods(const StandardOdsAsk *ask);

/* ---- as data ------------------------------------------------------------------------------------------ */

/* {"profiles": {"v4": [{"span": 4, "days": 7}...], ...}, "matrix": [{"grade", "type", "min_days", ...}]};
 * null = for ever. New reference. */
json_t *standard_retention_to_json(void);
/* "event_flow"...; "" for none of the seven. */
const char *standard_type_name(StandardType type);

#endif
