/* The plan: partitions judged, put together into ranges, told with their reasons. */
#include "lifecycle/lifecycle_int.h"

#include <string.h>

/* ---- ranges ------------------------------------------------------------------------------------------ */

static void judge_partitions(LifecyclePlan *plan, LifecycleTable *table)
{
    LifecycleRange *open = NULL;
    for (guint i = 0; table->partitions && i < table->partitions->len; i++) {
        const LifecyclePartition *one = &g_array_index(table->partitions, LifecyclePartition, i);
        LifecycleVerdict verdict = lifecycle_decide(&table->policy, one, plan->world.today);
        if (!open || !lifecycle_verdict_equal(&open->verdict, &verdict)) {
            open = g_new0(LifecycleRange, 1);
            *open = (LifecycleRange){.table = table, .from = i, .verdict = verdict};
            g_ptr_array_add(plan->ranges, open);
        }
        open->to = i;
        open->rows += one->rows;
    }
}

/* ---- JSON ------------------------------------------------------------------------------------------------
 */

static const LifecyclePartition *partition_at(const LifecycleRange *range, guint i)
{
    return &g_array_index(range->table->partitions, LifecyclePartition, i);
}

static json_t *day_json(const LifecyclePartition *partition, gint64 day)
{
    g_autofree char *text = partition->undated ? NULL : lifecycle_day_text(day);
    return text ? json_string(text) : json_null();
}

static json_t *reasons_json(const LifecycleRange *range)
{
    json_t *reasons = json_object();
    for (int i = 0; i < LIFECYCLE_N_REASONS; i++) {
        LifecycleWhy why = range->verdict.why[i];
        g_autofree char *en = lifecycle_why_text(&range->table->policy, why, false),
                        *zh = lifecycle_why_text(&range->table->policy, why, true);
        json_object_set_new(reasons, lifecycle_reason_name((LifecycleReason)i),
                            json_pack("{s:b, s:s, s:s}", "agrees", (int)lifecycle_why_agrees(why), "why_en",
                                      en, "why_zh", zh));
    }
    return reasons;
}

static const char *proof_text(LifecycleProof proof, bool chinese)
{
    static const struct {
        const char *en, *zh;
    } TEXTS[] = {
        [LIFECYCLE_PROOF_NONE] = {"", ""},
        [LIFECYCLE_PROOF_BUILD] =
            {"all that it is made from is there or in the archive for these days, and its definition gives "
             "the same rows each time",
             "这些日期的全部输入仍在或已归档，且其定义每次产生相同的行"},
        [LIFECYCLE_PROOF_ARCHIVE] =
            {"goes to Parquet, which is read back and compared before anything is deleted",
             "先写入 Parquet，回读比对一致后才删除"},
        [LIFECYCLE_PROOF_ARCHIVED] =
            {"an archive of these rows exists; it is compared before anything is deleted",
             "已有这些行的归档，比对一致后才删除"},
    };
    return chinese ? TEXTS[proof].zh : TEXTS[proof].en;
}

static json_t *range_json(const LifecycleRange *range)
{
    const LifecyclePartition *first = partition_at(range, range->from),
                             *last = partition_at(range, range->to);
    return json_pack(
        "{s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:s, s:s, s:s}", "decision",
        lifecycle_decision_name(range->verdict.decision), "first", day_json(first, first->first_day), "last",
        day_json(last, last->last_day), "partitions", (json_int_t)(range->to - range->from + 1), "rows",
        (json_int_t)range->rows, "bytes", (json_int_t)(range->rows * range->table->row_bytes), "reasons",
        reasons_json(range), "proof", lifecycle_proof_name(range->verdict.proof), "proof_en",
        proof_text(range->verdict.proof, false), "proof_zh", proof_text(range->verdict.proof, true));
}

static json_t *days_json(gint64 days)
{
    return days == LIFECYCLE_NEVER ? json_null() : json_integer(days);
}

/* What somebody should look at. */
static void add_notes(LifecycleTable *table)
{
    LifecyclePolicy *policy = &table->policy;
    if (policy->open) {
        lifecycle_note(policy, "the standard leaves its life open: name `policy` and `lifecycle.keep`",
                       "标准未规定其保留期：请写明 `policy` 和 `lifecycle.keep`");
    } else if (!policy->ruled && !policy->zipper && !policy->whole) {
        lifecycle_note(policy, "no grade or no type: nothing of it goes; declare `grade` and `type`",
                       "未声明等级或类型，全部保留；请声明 `grade` 和 `type`");
    }
    if (table->governed && table->exists && !table->day_sql) {
        lifecycle_note(policy,
                       "no column with the day of a row: its life cannot be counted; name `partition`",
                       "没有业务日期列，无法计算保留期；请写明 `partition`");
    }
    if (policy->span_days >= 0 && policy->access_days == LIFECYCLE_NEVER) {
        lifecycle_note(policy, "a query reads further back than the table of spans knows",
                       "有查询的访问跨度超出规定");
    }
    bool temporary = policy->type == STANDARD_ETL_TEMP || policy->type == STANDARD_TT_TEMP;
    if (temporary && policy->ruled && policy->declared_days > policy->matrix_days) {
        lifecycle_note(policy, "declared longer than temporary data may live",
                       "声明的保留期超过临时数据的上限");
    }
    if (policy->cold_days > 0) {
        lifecycle_note(policy, "cold after a year by the standard: Weir keeps it in the warehouse file",
                       "按标准一年后转冷；Weir 仍保存在数仓文件中");
    }
}

static const char *state_of(const LifecycleTable *table)
{
    return table->policy.zipper                ? "zipper"
           : table->policy.whole               ? "rebuilt"
           : table->governed && table->day_sql ? "governed"
                                               : "reported";
}

static json_t *table_json(const LifecycleTable *table)
{
    const LifecyclePolicy *policy = &table->policy;
    json_t *notes = json_array();
    for (guint i = 0; i < policy->notes->len; i++) {
        json_array_append(notes, policy->notes->pdata[i]);
    }
    const StandardTable *standard = table->standard;
    g_autofree char *grade = policy->grade >= 0 ? g_strdup_printf("P%d", policy->grade) : g_strdup("");
    const char *type = standard_type_name(policy->type);
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:s, s:o, s:o}", "table",
                     table->object->full_name, "grade", grade, "type",
                     *type || !standard ? type : standard->type_text, "layer", table->object->layer, "column",
                     table->day_column, "unit", table->unit, "keep_days",
                     policy->ruled ? days_json(policy->days) : json_null(), "matrix_days",
                     policy->ruled ? days_json(policy->matrix_days) : json_null(), "span_days",
                     policy->span_days >= 0 ? json_integer(policy->span_days) : json_null(), "partitions",
                     (json_int_t)(table->partitions ? table->partitions->len : 0), "rows",
                     (json_int_t)table->rows, "bytes", (json_int_t)(table->rows * table->row_bytes), "state",
                     state_of(table), "notes", notes, "ranges", json_array());
}

static void add_total(json_t *totals, const json_t *range)
{
    json_t *total = json_object_get(totals, base_json_string(range, "decision", ""));
    static const char *const KEYS[] = {"partitions", "rows", "bytes"};
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        base_json_set_int(total, KEYS[i],
                          base_json_int(total, KEYS[i], 0) + base_json_int(range, KEYS[i], 0));
    }
}

/* "20261122-7c1e2a90": the day, and a hash of all that is said. */
static char *plan_id(const json_t *tables, gint64 today)
{
    g_autofree char *text = base_json_text(tables);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    int year, month, day;
    base_time_civil_from_days(today, &year, &month, &day);
    return g_strdup_printf("%04d%02d%02d-%.8s", year, month, day, digest);
}

static void plan_json(LifecyclePlan *plan, const LifecycleAsk *ask)
{
    json_t *tables = json_array(), *current = NULL;
    json_t *totals = json_pack("{s:{}, s:{}, s:{}}", "keep", "archive", "drop");
    guint r = 0;
    for (guint i = 0; i < plan->world.tables->len; i++) {
        LifecycleTable *table = plan->world.tables->pdata[i];
        if (ask->table && table->object != ask->table) {
            continue;
        }
        add_notes(table);
        current = table_json(table);
        json_array_append_new(tables, current);
        for (; r < plan->ranges->len && ((LifecycleRange *)plan->ranges->pdata[r])->table == table; r++) {
            json_t *range = range_json(plan->ranges->pdata[r]);
            add_total(totals, range);
            json_array_append_new(json_object_get(current, "ranges"), range);
        }
    }
    g_autofree char *id = plan_id(tables, plan->world.today), *at = lifecycle_day_text(plan->world.today);
    plan->json = json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", id, "at", at, "profile", plan->world.profile,
                           "tables", tables, "totals", totals);
}

bool lifecycle_plan_make(LifecyclePlan *plan, Lifecycle *lifecycle, const LifecycleAsk *ask, GError **error)
{
    memset(plan, 0, sizeof *plan);
    plan->ranges = g_ptr_array_new_with_free_func(g_free);
    if (!lifecycle_world_open(&plan->world, lifecycle, ask, error)) {
        return false;
    }
    for (guint i = 0; i < plan->world.tables->len; i++) {
        LifecycleTable *table = plan->world.tables->pdata[i];
        if (!table->governed || (ask->table && table->object != ask->table)) {
            continue;
        }
        if (!lifecycle_world_judge(&plan->world, table, error)) {
            return false;
        }
        if (table->day_sql) {
            judge_partitions(plan, table);
        }
    }
    plan_json(plan, ask);
    return true;
}

void lifecycle_plan_clear(LifecyclePlan *plan)
{
    g_clear_pointer(&plan->json, json_decref);
    g_clear_pointer(&plan->ranges, g_ptr_array_unref);
    lifecycle_world_close(&plan->world);
}

bool lifecycle_plan(Lifecycle *lifecycle, const LifecycleAsk *ask, json_t **ret, GError **error)
{
    LifecyclePlan plan;
    bool ok = lifecycle_plan_make(&plan, lifecycle, ask, error);
    if (ok) {
        *ret = json_incref(plan.json);
    }
    lifecycle_plan_clear(&plan);
    return ok;
}
