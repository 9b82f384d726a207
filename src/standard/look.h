/* What several checks ask of a table: keys under any of their names, partitions by day, texts of evidence. */
#ifndef WEIR_STANDARD_LOOK_H
#define WEIR_STANDARD_LOOK_H

#include "standard/retention.h"
#include "standard/standard_int.h"

#define STANDARD_KEYS(...)                                                                                   \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }

/* The first of `keys` that `raw` has (also as null); NULL = none. */
const json_t *standard_first(const json_t *raw, const char *const *keys);
const char *standard_first_text(const json_t *raw, const char *const *keys); /* "" = none */
gint64 standard_first_int(const json_t *raw, const char *const *keys, gint64 fallback);
bool standard_first_bool(const json_t *raw, const char *const *keys, bool fallback);
/* There, and neither null, "", false nor empty. */
bool standard_first_said(const json_t *raw, const char *const *keys);
/* How many things a key names: a number as it is, a list by its length; `fallback` otherwise. */
gint64 standard_first_count(const json_t *raw, const char *const *keys, gint64 fallback);

/* Parted by day (or finer within a day): a partition column called or typed as a day, or {by, unit}. */
bool standard_by_day(const StandardTable *table);
/* The column that is the day of a partition; NULL = none. */
const char *standard_day_column(const StandardTable *table);
bool standard_is_day_name(const char *column);
bool standard_layer_between(const StandardTable *table, StandardLayer low, StandardLayer high);
/* DIM, DWD, DWM, DWS, APP, or nothing said: where the standard's rules of content hold. */
bool standard_above_ods(const StandardTable *table);

/* What a metric says that it is, under any of the keys for it. */
typedef enum {
    STANDARD_METRIC_UNSAID,
    STANDARD_METRIC_ATOMIC,
    STANDARD_METRIC_DERIVED,
    STANDARD_METRIC_COMPOSITE
} StandardMetricKind;
StandardMetricKind standard_metric_kind(const StandardMetric *metric);
/* By bare name or domain.name; NULL = none. */
const StandardMetric *standard_metric_by_name(StandardRun *run, const char *name);
/* Some metric is drawn from the table (`column` NULL), or from that column of it. */
bool standard_metric_draws(StandardRun *run, const StandardTable *table, const char *column);
/* Why a value departs from the rule: `reason`, also inside `lifecycle`; "" = none. */
const char *standard_reason(const StandardTable *table);
/* A full table with the same rows stands beside this one: said, or found by name. */
bool standard_full_beside(const StandardRun *run, const StandardTable *table);
/* What it is in ODS, by its type and kind. */
StandardOdsType standard_ods_type(const StandardTable *table);
/* The longest span that one query of the last three months read of it: said, or of the record of use;
 * STANDARD_UNKNOWN. */
gint64 standard_span_days(const StandardTable *table);
/* Reports the table when its declared life is not what its span of access asks for (DM-08, DW-02). */
void standard_check_span(StandardRun *run, StandardTable *table);
/* Profile of the tables of spans. */
const char *standard_span_profile(const StandardRun *run);

/* The earlier table of the same layer that has most of this one's columns, and more than the limit
 * `duplicate_percent`, where neither reads the other; NULL = none. */
typedef struct {
    const StandardTable *table;
    guint common; /* columns */
} StandardAlike;
const StandardAlike *standard_alike(StandardRun *run, const StandardTable *table);

/* What a code may be, said with the column or with a check: a list of values, of {value} or of {code}, or an
 * object by value. NULL = not said. */
const json_t *standard_accepted(const StandardTable *table, const StandardColumn *column);
char *standard_code_text(const json_t *one); /* of that list; caller frees */
bool standard_accepts(const json_t *accepted, const char *value);

/* "33 d", "∞"; caller frees. */
char *standard_days_show(gint64 days);
json_t *standard_days_json(gint64 days); /* null = for ever */
/* "a, b, c" of texts; caller frees. */
char *standard_join(const GPtrArray *texts);
/* One text without white space outside quotes, lower case: equal = the same expression. Caller frees. */
char *standard_squeeze(const char *expression);

/* ---- data.c: rows by SQL ------------------------------------------------------------------------------- */

/* The relation that holds a table's rows: of an exported catalog its `rows`, put into a temporary table of
 * run->conn; of a project the table itself. NULL = there are none (a table that was never built), or
 * run->error is set. Borrowed from the run. */
const char *standard_data(StandardRun *run, StandardTable *table);
/* The relation has that column. */
bool standard_data_column(StandardRun *run, StandardTable *table, const char *column);
/* The column of its rows that is the day: the partition, else `dt` (NM-25) where there is such a column;
 * NULL = none, or no rows. */
const char *standard_data_day(StandardRun *run, StandardTable *table);
/* Rows of a query; NULL + run->error when it fails. New reference. */
json_t *standard_data_query(StandardRun *run, const char *sql);
/* Quoted identifier, list of them with `prefix` before each; caller frees. */
char *standard_quote(const char *name);
char *standard_quote_list(const GPtrArray *names, const char *prefix, const char *separator);
/* The time that an expression of any type says, as TIMESTAMP: 2024-05-01 08:00:00, 2024-05-01T08:00:00,
 * 20240501, 20240501080000; NULL where it says none. Caller frees. */
char *standard_time_sql(const char *expression);
/* How many words a name has before the periods and aggregations that a metric's name ends in. */
guint standard_words_before_tail(char *const *words);
/* order_cnt, and order_cnt_7d as a metric is called; not cnt_order. */
bool standard_ends_in(const char *name, const char *const *roots);
/* What a table reads; in place of a part of a job or a temporary table what that reads. */
void standard_inputs(const StandardTable *table, GPtrArray *to);
/* A value of the row as text; "NULL"; several joined by ",". Caller frees. */
char *standard_value_text(const json_t *value);
char *standard_key_text(const json_t *row, const GPtrArray *key);
/* The same day in the form in which `like` is written ("20240229" or "2024-02-29"); days since 1970-01-01.
 * false when `text` begins with no day. */
bool standard_day_parse(const char *text, gint64 *ret_days);
char *standard_day_show(gint64 days, const char *like);

#endif
