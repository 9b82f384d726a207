#include "standard/retention.h"

#include <string.h>

#define FOREVER STANDARD_KEEP_FOREVER
#define YEARS_3 ((gint64)1095)

/* Longest span of one query, up to which so many days are kept. */
typedef struct {
    gint64 span, days;
} Span;
static const Span SPANS_V4[] = {{4, 7}, {12, 15}, {30, 33}, {90, 120}, {180, 240}, {300, 400}};
static const Span SPANS_ALIYUN[] = {{4, 7}, {12, 15}, {30, 33}, {90, 93}, {180, 183}, {300, 368}, {365, 368}};

static const struct {
    const char *name;
    const Span *spans;
    size_t n;
} PROFILES[] = {{"v4", SPANS_V4, G_N_ELEMENTS(SPANS_V4)},
                {"aliyun", SPANS_ALIYUN, G_N_ELEMENTS(SPANS_ALIYUN)}};
#define SPAN_MAX_DAYS ((gint64)400) /* the largest that a span asks for */

/* Rows in the order of StandardType, from EVENT_FLOW. */
#define KEEP(n, ...)     {.min_days = (n), .max_days = (n), __VA_ARGS__}
#define RANGE(a, b, ...) {.min_days = (a), .max_days = (b), __VA_ARGS__}
#define SPAN(a, b, ...)  {.min_days = (a), .max_days = (b), .by_span = true, __VA_ARGS__}
#define DROP             .end = STANDARD_END_DROP
#define ARCHIVE          .end = STANDARD_END_ARCHIVE
#define AFTER_RUN        .end = STANDARD_END_RUN
static const StandardRetention MATRIX[][STANDARD_N_GRADES] = {
    /* events: P0 for ever, cold after a year; P1 three years in reach, then the archive */
    [STANDARD_EVENT_FLOW - 1] = {KEEP(FOREVER, .cold_days = 365), RANGE(YEARS_3, FOREVER, ARCHIVE),
                                 KEEP(365, DROP), KEEP(180, DROP)},
    [STANDARD_EVENT_MIRROR - 1] = {KEEP(FOREVER, .cold_days = 365), RANGE(YEARS_3, FOREVER, ARCHIVE),
                                   KEEP(365, DROP), KEEP(180, DROP)},
    /* dimensions: a month and a little of daily copies; the zipper holds the history */
    [STANDARD_DIMENSION -
        1] = {RANGE(33, FOREVER, .month_ends_days = FOREVER, .zipper_days = FOREVER, ARCHIVE),
              RANGE(33, FOREVER, .month_ends_days = YEARS_3, .zipper_days = FOREVER, ARCHIVE),
              SPAN(30, SPAN_MAX_DAYS, DROP), SPAN(7, SPAN_MAX_DAYS, DROP)},
    [STANDARD_MERGE_FULL - 1] = {RANGE(2, FOREVER, .min_partitions = 2, .zipper_days = FOREVER, ARCHIVE),
                                 RANGE(2, FOREVER, .min_partitions = 2, .zipper_days = FOREVER, ARCHIVE),
                                 SPAN(2, SPAN_MAX_DAYS, .min_partitions = 2, DROP),
                                 RANGE(2, 7, .min_partitions = 2, DROP)},
    [STANDARD_ETL_TEMP - 1] = {RANGE(0, 7, AFTER_RUN), RANGE(0, 7, AFTER_RUN), RANGE(0, 7, AFTER_RUN),
                               RANGE(0, 7, AFTER_RUN)},
    /* raw sync data: only after its copy in ODS was verified, which END_ARCHIVE of the better grades says */
    [STANDARD_TT_TEMP - 1] = {RANGE(0, 93, ARCHIVE), RANGE(0, 93, ARCHIVE), RANGE(0, 33, DROP),
                              RANGE(0, 7, DROP)},
    [STANDARD_ORDINARY_FULL - 1] = {SPAN(7, FOREVER, .month_ends_days = FOREVER, ARCHIVE),
                                    SPAN(7, FOREVER, .month_ends_days = YEARS_3, ARCHIVE), SPAN(7, 365, DROP),
                                    SPAN(7, 93, DROP)},
};
/* A delta of P2 or P3 whose rows a full table holds too. */
static const StandardRetention BESIDE_FULL = KEEP(14, DROP);

static const char *const TYPE_NAMES[] = {
    [STANDARD_TYPE_NONE] = "",
    [STANDARD_EVENT_FLOW] = "event_flow",
    [STANDARD_EVENT_MIRROR] = "event_mirror",
    [STANDARD_DIMENSION] = "dim",
    [STANDARD_MERGE_FULL] = "merge_full",
    [STANDARD_ETL_TEMP] = "etl_temp",
    [STANDARD_TT_TEMP] = "tt_temp",
    [STANDARD_ORDINARY_FULL] = "ordinary_full",
    [STANDARD_TYPE_OTHER] = "",
};

const char *standard_type_name(StandardType type)
{
    return TYPE_NAMES[type];
}

bool standard_retention(int grade, StandardType type, bool full_beside, StandardRetention *ret)
{
    if (grade < 0 || grade >= STANDARD_N_GRADES || type == STANDARD_TYPE_NONE ||
        type == STANDARD_TYPE_OTHER) {
        return false;
    }
    bool events = type == STANDARD_EVENT_FLOW || type == STANDARD_EVENT_MIRROR;
    *ret = events && full_beside && grade >= 2 ? BESIDE_FULL : MATRIX[type - 1][grade];
    return true;
}

bool standard_retention_by_span(const char *profile, gint64 span_days, gint64 *ret_days)
{
    for (size_t p = 0; p < G_N_ELEMENTS(PROFILES); p++) {
        if (g_ascii_strcasecmp(PROFILES[p].name, profile) != 0) {
            continue;
        }
        *ret_days = FOREVER;
        for (size_t i = PROFILES[p].n; i-- > 0 && span_days <= PROFILES[p].spans[i].span;) {
            *ret_days = PROFILES[p].spans[i].days;
        }
        return true;
    }
    return false;
}

gint64 standard_retention_days(const StandardRetention *cell, const char *profile, gint64 span_days)
{
    gint64 days = cell->min_days;
    gint64 asked = 0;
    if (cell->by_span && span_days >= 0 && standard_retention_by_span(profile, span_days, &asked)) {
        days = CLAMP(asked, cell->min_days, cell->max_days);
    }
    /* temporary data: the most that is allowed is what it gets */
    return cell->min_days == 0 ? cell->max_days : days;
}

bool standard_retention_allows(const StandardRetention *cell, const char *profile, gint64 span_days,
                               gint64 keep_days)
{
    if (cell->by_span && span_days >= 0) {
        return keep_days == standard_retention_days(cell, profile, span_days);
    }
    return keep_days >= cell->min_days && keep_days <= cell->max_days;
}

/* ---- ODS -------------------------------------------------------------------------------------------------
 */

#define LOG_LARGE_BYTES ((gint64)100 << 30) /* a day */
#define LOG_LARGE_DAYS  ((gint64)730)       /* 24 months */

StandardOdsType standard_ods_type_by_name(const char *text)
{
    static const struct {
        const char *word;
        StandardOdsType type;
    } WORDS[] = {{"bdsync", STANDARD_ODS_RAW},
                 {"tt", STANDARD_ODS_RAW},
                 {"dbsync", STANDARD_ODS_RAW},
                 {"raw", STANDARD_ODS_RAW},
                 {"delta", STANDARD_ODS_DELTA},
                 {"incremental", STANDARD_ODS_DELTA},
                 {"increment", STANDARD_ODS_DELTA},
                 {"temp", STANDARD_ODS_TEMP},
                 {"tmp", STANDARD_ODS_TEMP},
                 {"mirror", STANDARD_ODS_MIRROR_FULL},
                 {"snapshot", STANDARD_ODS_MIRROR_FULL},
                 {"log", STANDARD_ODS_LOG},
                 {"flow", STANDARD_ODS_FLOW_FULL}};
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_auto(GStrv) words = g_strsplit_set(lower, "_- ", -1);
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (g_strv_contains((const char *const *)words, WORDS[i].word)) {
            return WORDS[i].type;
        }
    }
    return STANDARD_ODS_NONE;
}

gint64 standard_retention_ods(const StandardOdsAsk *ask)
{
    switch (ask->type) {
    case STANDARD_ODS_FLOW_FULL:
        return ask->reproducible ? STANDARD_KEEP_UNKNOWN : FOREVER;
    case STANDARD_ODS_LOG:
        return ask->bytes_per_day > LOG_LARGE_BYTES ? LOG_LARGE_DAYS : STANDARD_KEEP_UNKNOWN;
    case STANDARD_ODS_DELTA:
        return ask->full_beside ? 14 : FOREVER;
    case STANDARD_ODS_TEMP:
        return 7;
    case STANDARD_ODS_NONE:
    case STANDARD_ODS_MIRROR_FULL:
    case STANDARD_ODS_RAW:
        break;
    }
    return STANDARD_KEEP_UNKNOWN;
}

/* ---- as data
 * ------------------------------------------------------------------------------------------------ */

static json_t *days_json(gint64 days)
{
    return days == FOREVER ? json_null() : json_integer(days);
}

static json_t *cell_json(int grade, StandardType type, bool full_beside)
{
    static const char *const ENDS[] = {"none", "drop", "archive", "after_run"};
    StandardRetention cell;
    if (!standard_retention(grade, type, full_beside, &cell)) {
        return json_null();
    }
    g_autofree char *grade_text = g_strdup_printf("P%d", grade);
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:b, s:o, s:o, s:o, s:I, s:s}", "grade", grade_text, "type",
                     standard_type_name(type), "full_beside", (int)full_beside, "min_days",
                     days_json(cell.min_days), "max_days", days_json(cell.max_days), "by_span",
                     (int)cell.by_span, "cold_days", days_json(cell.cold_days), "month_ends_days",
                     days_json(cell.month_ends_days), "zipper_days", days_json(cell.zipper_days),
                     "min_partitions", (json_int_t)cell.min_partitions, "end", ENDS[cell.end]);
}

json_t *standard_retention_to_json(void)
{
    json_t *profiles = json_object();
    for (size_t p = 0; p < G_N_ELEMENTS(PROFILES); p++) {
        json_t *spans = json_array();
        for (size_t i = 0; i < PROFILES[p].n; i++) {
            json_array_append_new(spans,
                                  json_pack("{s:I, s:I}", "span", (json_int_t)PROFILES[p].spans[i].span,
                                            "days", (json_int_t)PROFILES[p].spans[i].days));
        }
        json_object_set_new(profiles, PROFILES[p].name, spans);
    }
    json_t *matrix = json_array();
    for (int type = STANDARD_EVENT_FLOW; type <= STANDARD_ORDINARY_FULL; type++) {
        for (int grade = 0; grade < STANDARD_N_GRADES; grade++) {
            json_array_append_new(matrix, cell_json(grade, (StandardType)type, false));
            if (grade >= 2 && type <= STANDARD_EVENT_MIRROR) {
                json_array_append_new(matrix, cell_json(grade, (StandardType)type, true));
            }
        }
    }
    return json_pack("{s:o, s:o}", "profiles", profiles, "matrix", matrix);
}
