#include "lifecycle/decide.h"

#include <string.h>

#include "base/json.h"
#include "base/time.h"

static const char *const DECISIONS[] = {"keep", "archive", "drop"};
static const char *const REASONS[] = {"hold", "matrix", "access", "readers"};
static const char *const PROOFS[] = {"none", "rebuild", "archive", "archived"};

const char *lifecycle_decision_name(LifecycleDecision decision)
{
    return DECISIONS[decision];
}

const char *lifecycle_reason_name(LifecycleReason reason)
{
    return REASONS[reason];
}

const char *lifecycle_proof_name(LifecycleProof proof)
{
    return PROOFS[proof];
}

bool lifecycle_why_agrees(LifecycleWhy why)
{
    return why == LIFECYCLE_NO_HOLD || why == LIFECYCLE_EXPIRED || why == LIFECYCLE_SPAN_OVER ||
           why == LIFECYCLE_SPAN_UNKNOWN || why == LIFECYCLE_SPAN_NONE || why == LIFECYCLE_NO_READER ||
           why == LIFECYCLE_READERS_PAST;
}

static void free_note(gpointer note)
{
    json_decref(note);
}

void lifecycle_policy_init(LifecyclePolicy *policy)
{
    memset(policy, 0, sizeof *policy);
    policy->grade = -1;
    policy->days = policy->matrix_days = LIFECYCLE_NEVER;
    policy->declared_days = STANDARD_KEEP_UNKNOWN;
    policy->span_days = STANDARD_UNKNOWN;
    policy->readers_from = LIFECYCLE_NEVER;
    policy->keep_dates = g_array_new(FALSE, FALSE, sizeof(gint64));
    policy->keep_months = g_array_new(FALSE, FALSE, sizeof(gint64));
    policy->notes = g_ptr_array_new_with_free_func(free_note);
}

void lifecycle_policy_clear(LifecyclePolicy *policy)
{
    g_clear_pointer(&policy->hold_reason, g_free);
    g_clear_pointer(&policy->readers_name, g_free);
    g_clear_pointer(&policy->keep_dates, g_array_unref);
    g_clear_pointer(&policy->keep_months, g_array_unref);
    g_clear_pointer(&policy->notes, g_ptr_array_unref);
}

/* ---- the four reasons ------------------------------------------------------------------------------- */

static bool listed(const GArray *list, gint64 with_year, gint64 without)
{
    for (guint i = 0; i < list->len; i++) {
        gint64 one = g_array_index(list, gint64, i);
        if (one == with_year || one == without) {
            return true;
        }
    }
    return false;
}

/* Any day of the partition stands in one of the lists. */
static LifecycleWhy special_day(const LifecyclePolicy *policy, const LifecyclePartition *partition)
{
    bool any = policy->keep_dates->len > 0 || policy->keep_months->len > 0;
    for (gint64 day = partition->first_day; any && day <= partition->last_day; day++) {
        int year, month, of_month;
        base_time_civil_from_days(day, &year, &month, &of_month);
        gint64 short_date = month * 100 + of_month;
        if (listed(policy->keep_dates, (gint64)year * 10000 + short_date, short_date)) {
            return LIFECYCLE_KEEP_DATE;
        }
        if (listed(policy->keep_months, (gint64)year * 100 + month, month)) {
            return LIFECYCLE_KEEP_MONTH;
        }
    }
    return LIFECYCLE_NO_HOLD;
}

static LifecycleWhy by_hold(const LifecyclePolicy *policy, const LifecyclePartition *partition, gint64 today)
{
    if (policy->held && (policy->hold_until == LIFECYCLE_NEVER || today <= policy->hold_until)) {
        return LIFECYCLE_HELD;
    }
    if (partition->restored_until != 0 && today <= partition->restored_until) {
        return LIFECYCLE_RESTORED;
    }
    return partition->undated ? LIFECYCLE_NO_HOLD : special_day(policy, partition);
}

static bool older(const LifecyclePartition *partition, gint64 today, gint64 days)
{
    return days != LIFECYCLE_NEVER && today - partition->last_day > days;
}

static LifecycleWhy by_matrix(const LifecyclePolicy *policy, const LifecyclePartition *partition,
                              gint64 today)
{
    if (policy->zipper) {
        return LIFECYCLE_ZIPPER;
    }
    if (policy->whole) {
        return LIFECYCLE_WHOLE;
    }
    if (!policy->ruled) {
        return policy->open ? LIFECYCLE_OPEN : LIFECYCLE_NO_RULE;
    }
    if (partition->undated) {
        return LIFECYCLE_UNDATED;
    }
    if (policy->days == LIFECYCLE_NEVER) {
        return LIFECYCLE_FOREVER;
    }
    if (!older(partition, today, policy->days)) {
        return LIFECYCLE_WITHIN;
    }
    if (partition->month_end && policy->month_end_days != 0 &&
        !older(partition, today, policy->month_end_days)) {
        return LIFECYCLE_MONTH_END;
    }
    return (gint64)partition->newer < policy->min_partitions ? LIFECYCLE_NEWEST : LIFECYCLE_EXPIRED;
}

static bool temporary(const LifecyclePolicy *policy)
{
    return policy->type == STANDARD_ETL_TEMP || policy->type == STANDARD_TT_TEMP;
}

static LifecycleWhy by_access(const LifecyclePolicy *policy, const LifecyclePartition *partition,
                              gint64 today)
{
    if (temporary(policy)) {
        return LIFECYCLE_SPAN_NONE;
    }
    if (policy->span_days < 0) {
        return LIFECYCLE_SPAN_UNKNOWN;
    }
    if (policy->access_days == LIFECYCLE_NEVER) {
        return LIFECYCLE_SPAN_UNDEFINED;
    }
    return partition->undated || older(partition, today, policy->access_days) ? LIFECYCLE_SPAN_OVER
                                                                              : LIFECYCLE_SPAN_WITHIN;
}

static LifecycleWhy by_readers(const LifecyclePolicy *policy, const LifecyclePartition *partition)
{
    if (!policy->readers) {
        return LIFECYCLE_NO_READER;
    }
    if (policy->readers_all) {
        return LIFECYCLE_READERS_ALL;
    }
    if (partition->behind) {
        return LIFECYCLE_READER_BEHIND;
    }
    return policy->readers_from != LIFECYCLE_NEVER && partition->last_day >= policy->readers_from
               ? LIFECYCLE_READERS_NEED
               : LIFECYCLE_READERS_PAST;
}

/* ---- the decision -------------------------------------------------------------------------------------- */

/* All four agree: how it goes. P0 and P1, temporary data of a job aside, never without an archive. */
static void decide_end(const LifecyclePolicy *policy, const LifecyclePartition *partition,
                       LifecycleVerdict *verdict)
{
    bool precious = (policy->grade <= 1 && policy->type != STANDARD_ETL_TEMP) ||
                    policy->end == STANDARD_END_ARCHIVE || policy->end == STANDARD_END_NONE;
    if (!precious && !policy->archive_wanted && (partition->rebuildable || partition->archived)) {
        verdict->decision = LIFECYCLE_DROP;
        verdict->proof = partition->rebuildable ? LIFECYCLE_PROOF_BUILD : LIFECYCLE_PROOF_ARCHIVED;
    } else if (!policy->archive_refused) {
        verdict->decision = LIFECYCLE_ARCHIVE;
        verdict->proof = partition->archived ? LIFECYCLE_PROOF_ARCHIVED : LIFECYCLE_PROOF_ARCHIVE;
    }
}

LifecycleVerdict lifecycle_decide(const LifecyclePolicy *policy, const LifecyclePartition *partition,
                                  gint64 today)
{
    LifecycleVerdict verdict = {.decision = LIFECYCLE_KEEP, .proof = LIFECYCLE_PROOF_NONE};
    verdict.why[LIFECYCLE_BY_HOLD] = by_hold(policy, partition, today);
    verdict.why[LIFECYCLE_BY_MATRIX] = by_matrix(policy, partition, today);
    verdict.why[LIFECYCLE_BY_ACCESS] = by_access(policy, partition, today);
    verdict.why[LIFECYCLE_BY_READERS] = by_readers(policy, partition);
    bool all = true;
    for (size_t i = 0; i < LIFECYCLE_N_REASONS; i++) {
        all = all && lifecycle_why_agrees(verdict.why[i]);
    }
    if (all) {
        decide_end(policy, partition, &verdict);
    }
    return verdict;
}

bool lifecycle_verdict_equal(const LifecycleVerdict *a, const LifecycleVerdict *b)
{
    return a->decision == b->decision && a->proof == b->proof && memcmp(a->why, b->why, sizeof a->why) == 0;
}

/* ---- words --------------------------------------------------------------------------------------------- */

static char *day_text(gint64 day)
{
    if (day == LIFECYCLE_NEVER) {
        return g_strdup("∞");
    }
    int year, month, of_month;
    base_time_civil_from_days(day, &year, &month, &of_month);
    return g_strdup_printf("%04d-%02d-%02d", year, month, of_month);
}

static char *days_text(gint64 days)
{
    return days == LIFECYCLE_NEVER ? g_strdup("∞") : g_strdup_printf("%" G_GINT64_FORMAT, days);
}

/* Texts with %1 = grade and type, %2 = a number of days, %3 = a name, %4 = another. */
static const struct {
    LifecycleWhy why;
    const char *en, *zh;
} TEXTS[] = {
    {LIFECYCLE_NO_HOLD, "no hold", "没有保留令"},
    {LIFECYCLE_HELD, "held until %4: %3", "保留令至 %4：%3"},
    {LIFECYCLE_KEEP_DATE, "a day of keep_dates", "属于 keep_dates 中的日期"},
    {LIFECYCLE_KEEP_MONTH, "a month of keep_months", "属于 keep_months 中的月份"},
    {LIFECYCLE_RESTORED, "restored from the archive a few days ago", "刚从归档恢复"},
    {LIFECYCLE_EXPIRED, "%1: older than %2 days", "%1：已超过 %2 天"},
    {LIFECYCLE_WITHIN, "%1: kept %2 days", "%1：保留 %2 天"},
    {LIFECYCLE_FOREVER, "%1: for ever", "%1：永久保留"},
    {LIFECYCLE_MONTH_END, "%1: month ends stay", "%1：保留月末分区"},
    {LIFECYCLE_NEWEST, "%1: the newest partitions stay", "%1：保留最新的分区"},
    {LIFECYCLE_NO_RULE, "no grade or no type is declared", "未声明等级或类型"},
    {LIFECYCLE_OPEN, "%1: the standard leaves it open, and `lifecycle.keep` says nothing",
     "%1：标准未规定，且没有写 `lifecycle.keep`"},
    {LIFECYCLE_ZIPPER, "a zipper is kept for ever", "拉链表永久保留"},
    {LIFECYCLE_UNDATED, "rows without a day", "没有业务日期的行"},
    {LIFECYCLE_WHOLE, "each run builds the whole table", "每次运行都重建整张表"},
    {LIFECYCLE_SPAN_OVER, "queries of three months ask for %2 days", "近三个月的查询要求保留 %2 天"},
    {LIFECYCLE_SPAN_UNKNOWN, "no query of three months says how far back it reads",
     "近三个月的查询都没有指明日期"},
    {LIFECYCLE_SPAN_NONE, "not asked of temporary data", "临时数据不看访问跨度"},
    {LIFECYCLE_SPAN_WITHIN, "queries of three months ask for %2 days", "近三个月的查询要求保留 %2 天"},
    {LIFECYCLE_SPAN_UNDEFINED, "a query read further back than the table of spans knows: look at it",
     "有查询的访问跨度超出规定，请先核查"},
    {LIFECYCLE_NO_READER, "nothing reads it", "没有下游"},
    {LIFECYCLE_READERS_PAST, "readers need newer days only", "下游只需要更新的日期"},
    {LIFECYCLE_READERS_NEED, "%3 needs the days from %4 on", "%3 需要 %4 起的数据"},
    {LIFECYCLE_READERS_ALL, "%3 is built from all of it", "%3 由全部数据构建"},
    {LIFECYCLE_READER_BEHIND, "a reader has not built these days yet", "下游尚未构建这些日期"},
};

static void append_value(GString *out, const LifecyclePolicy *policy, LifecycleWhy why, char which)
{
    bool access = why == LIFECYCLE_SPAN_OVER || why == LIFECYCLE_SPAN_WITHIN;
    g_autofree char *days = days_text(access ? policy->access_days : policy->days);
    g_autofree char *day = day_text(why == LIFECYCLE_HELD ? policy->hold_until : policy->readers_from);
    const char *name = why == LIFECYCLE_HELD ? policy->hold_reason : policy->readers_name;
    if (which == '1') {
        g_string_append_printf(out, "P%d %s", policy->grade, standard_type_name(policy->type));
    } else {
        g_string_append(out, which == '2' ? days : which == '3' ? (name ? name : "?") : day);
    }
}

char *lifecycle_why_text(const LifecyclePolicy *policy, LifecycleWhy why, bool chinese)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        const char *text = TEXTS[i].why == why ? (chinese ? TEXTS[i].zh : TEXTS[i].en) : "";
        for (; *text; text++) {
            if (*text == '%') {
                append_value(out, policy, why, *++text);
            } else {
                g_string_append_c(out, *text);
            }
        }
    }
    return g_string_free(out, FALSE);
}
