/* Rules of section II.1: which layer may read which.
 *
 *   from \ to  ODS  DIM  DWD  DWM  DWS  APP
 *   ODS         .   sw   ok   E    E    E     LR-04 (sw = switch dim_reads_ods)
 *   DIM         E   ok   ok   ok   ok   ok    LR-05
 *   DWD         E   ok   ok   ok   W    W     LR-01, LR-06
 *   DWM         E   ok   E    W    ok   W     LR-03, LR-06
 *   DWS         E   E    E    E    ok   ok
 *   APP         E   E    E    E    E    . */
#include "standard/look.h"

#include <string.h>

static void lr_01(StandardRun *run, StandardTable *from, StandardTable *to)
{
    if (from->layer == STANDARD_DWD && to->layer == STANDARD_DWS && !from->low_use && !to->low_use) {
        standard_find_edge(
            run, from, to,
            "DWS `%2$s` is computed straight from DWD `%1$s` (%3$d readers): no DWM lies between",
            "DWS 表 `%2$s` 直接由 DWD 表 `%1$s`（%3$d 个下游）计算，中间没有 DWM", from->name, to->name,
            (int)from->readers);
    }
}

static void lr_02(StandardRun *run, StandardTable *table)
{
    if (table->layer != STANDARD_DWS) {
        return;
    }
    g_autoptr(GPtrArray) inputs = g_ptr_array_new();
    standard_inputs(table, inputs);
    for (guint i = 0; i < inputs->len; i++) {
        const StandardTable *detail = g_ptr_array_index(inputs, i);
        const char *subject = standard_subject_placed(detail);
        for (guint k = 0; detail->layer == STANDARD_DWD && k < inputs->len; k++) {
            const StandardTable *middle = g_ptr_array_index(inputs, k);
            if (middle->layer == STANDARD_DWM && *subject != '\0' &&
                g_ascii_strcasecmp(subject, standard_subject_placed(middle)) == 0) {
                StandardFinding *finding =
                    standard_find_table(run, table, "reads DWD `%s` and DWM `%s`, both of subject `%s`",
                                        "同时读取主题 `%3$s` 的 DWD 表 `%1$s` 和 DWM 表 `%2$s`", detail->name,
                                        middle->name, subject);
                standard_finding_word(finding, detail->name);
            }
        }
    }
}

static void lr_03(StandardRun *run, StandardTable *from, StandardTable *to)
{
    if (from->layer == STANDARD_DWM && to->layer == STANDARD_DWM && standard_same_subject(from, to)) {
        standard_find_edge(run, from, to, "DWM `%2$s` is built from DWM `%1$s` of the same subject `%3$s`",
                           "DWM 表 `%2$s` 由同主题 `%3$s` 的 DWM 表 `%1$s` 构建", from->name, to->name,
                           standard_subject(to));
    }
}

static void lr_04(StandardRun *run, StandardTable *from, StandardTable *to)
{
    bool dim = to->layer == STANDARD_DIM && !standard_config_dim_reads_ods(run->config);
    bool high = to->layer == STANDARD_DWM || to->layer == STANDARD_DWS || to->layer == STANDARD_APP;
    if (from->layer == STANDARD_ODS && (dim || high)) {
        standard_find_edge(run, from, to, "%3$s `%2$s` reads ODS `%1$s`; only DWD may",
                           "%3$s 表 `%2$s` 读取了 ODS 表 `%1$s`，只有 DWD 可以", from->name, to->name,
                           standard_layer_name(to->layer));
    }
}

static bool is_reverse(StandardLayer from, StandardLayer to)
{
    static const bool REVERSE[9][9] = {
        [STANDARD_DIM] = {[STANDARD_ODS] = true},
        [STANDARD_DWD] = {[STANDARD_ODS] = true},
        [STANDARD_DWM] = {[STANDARD_ODS] = true, [STANDARD_DWD] = true},
        [STANDARD_DWS] =
            {[STANDARD_ODS] = true, [STANDARD_DIM] = true, [STANDARD_DWD] = true, [STANDARD_DWM] = true},
        [STANDARD_APP] = {[STANDARD_ODS] = true,
                          [STANDARD_DIM] = true,
                          [STANDARD_DWD] = true,
                          [STANDARD_DWM] = true,
                          [STANDARD_DWS] = true},
    };
    return REVERSE[from][to];
}

static void lr_05(StandardRun *run, StandardTable *from, StandardTable *to)
{
    if (is_reverse(from->layer, to->layer)) {
        standard_find_edge(run, from, to, "%3$s `%2$s` reads %4$s `%1$s`, which lies above it",
                           "%3$s 表 `%2$s` 反向依赖 %4$s 表 `%1$s`", from->name, to->name,
                           standard_layer_name(to->layer), standard_layer_name(from->layer));
    }
}

static void lr_06(StandardRun *run, StandardTable *from, StandardTable *to)
{
    bool below = from->layer == STANDARD_DWD || from->layer == STANDARD_DWM;
    if (below && to->layer == STANDARD_APP && to->stability != STANDARD_EXPLORATORY) {
        standard_find_edge(run, from, to,
                           "APP `%2$s` reads %3$s `%1$s`, past DWS, and is not marked exploratory",
                           "APP 表 `%2$s` 越过 DWS 读取 %3$s 表 `%1$s`，且未标记为探索性", from->name,
                           to->name, standard_layer_name(from->layer));
    }
}

static void lr_07(StandardRun *run, StandardTable *table)
{
    bool model = table->is_model && table->layer >= STANDARD_DWD && table->layer <= STANDARD_DWS;
    if ((model || table->layer == STANDARD_APP) && table->stability == STANDARD_STABILITY_NONE) {
        StandardFinding *finding =
            standard_find_table(run, table, "`%s` does not say whether it is stable or exploratory",
                                "`%s` 未说明是稳定还是探索性", table->name);
        standard_finding_fix(finding, "declare `stability: stable` or `stability: exploratory`",
                             "声明 `stability: stable` 或 `stability: exploratory`");
    }
}

const StandardCheck standard_checks_lr[] = {
    {STANDARD_LR_01, .edge = lr_01},  {STANDARD_LR_02, .table = lr_02},
    {STANDARD_LR_03, .edge = lr_03},  {STANDARD_LR_04, .edge = lr_04},
    {STANDARD_LR_05, .edge = lr_05},  {STANDARD_LR_06, .edge = lr_06},
    {STANDARD_LR_07, .table = lr_07}, STANDARD_CHECKS_END,
};
