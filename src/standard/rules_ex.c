/* Rules beside the standard, known from other tools; off unless `standard.rules` names them. */
#include "standard/standard_int.h"

#include <string.h>

static bool is_layer_above(const StandardTable *table)
{
    return table->layer != STANDARD_DWD && table->layer != STANDARD_DIM && table->layer != STANDARD_ODS &&
           table->layer != STANDARD_MID && table->layer != STANDARD_TMP;
}

/* A place of the file system, or a database of three parts. */
static bool is_hard_coded(const char *name)
{
    const char *dot = strchr(name, '.');
    return strchr(name, '/') != NULL || (dot != NULL && strchr(dot + 1, '.') != NULL);
}

static void ex_03(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = table->sql != NULL ? standard_sql(table) : NULL;
    for (guint i = 0; sql != NULL && sql->ok && i < sql->tables->len; i++) {
        const char *name = g_ptr_array_index(sql->tables, i);
        if (is_hard_coded(name)) {
            standard_find_table(run, table, "`%1$s` names `%2$s` by its place", "`%1$s` 写死了 `%2$s` 的位置",
                                table->name, name);
        }
    }
}

static void ex_04(StandardRun *run, StandardTable *from, StandardTable *to)
{
    if (from->layer == STANDARD_ODS && is_layer_above(to) && to->reads->len > 1) {
        standard_find_edge(run, from, to, "`%2$s` joins the source table `%1$s`",
                           "`%2$s` 直接关联源表 `%1$s`", from->name, to->name);
    }
}

static void ex_05(StandardRun *run, StandardTable *table)
{
    if (table->layer == STANDARD_ODS && table->readers == 0) {
        standard_find_table(run, table, "nothing reads `%s`", "`%s` 没有下游", table->name);
    }
}

static void ex_06(StandardRun *run, StandardTable *table)
{
    guint n = 0;
    for (guint i = 0; table->is_model && i < table->read_by->len; i++) {
        n += ((const StandardTable *)g_ptr_array_index(table->read_by, i))->layer == table->layer ? 1 : 0;
    }
    if ((gint64)n > standard_config_limit(run->config, "fanout", 3)) {
        standard_find_table(run, table, "%2$u models of its own layer read `%1$s`",
                            "同层有 %2$u 个模型读取 `%1$s`", table->name, n);
    }
}

static void ex_07(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = table->sql != NULL ? standard_sql(table) : NULL;
    if (sql != NULL && sql->ok && (gint64)sql->n_joins > standard_config_limit(run->config, "joins", 7)) {
        standard_find_table(run, table, "`%1$s` has %2$u joins", "`%1$s` 有 %2$u 个关联", table->name,
                            sql->n_joins);
    }
}

static void ex_08(StandardRun *run, StandardTable *table)
{
    for (guint i = 0; i < table->reads->len; i++) {
        StandardTable *near = g_ptr_array_index(table->reads, i);
        for (guint k = 0; k < near->reads->len; k++) {
            StandardTable *far = g_ptr_array_index(near->reads, k);
            bool alone = near->read_by->len == 1 && far->layer != STANDARD_DIM;
            if (alone && g_ptr_array_find(table->reads, far, NULL)) {
                standard_find_table(run, table, "`%1$s` reads `%2$s` and, through `%3$s`, reads it again",
                                    "`%1$s` 读取 `%2$s`，又通过 `%3$s` 再次读取", table->name, far->name,
                                    near->name);
            }
        }
    }
}

static guint count_views(const StandardTable *table, guint guard)
{
    guint deepest = 0;
    for (guint i = 0; guard < 64 && i < table->reads->len; i++) {
        const StandardTable *from = g_ptr_array_index(table->reads, i);
        deepest = from->kind == STANDARD_VIEW ? MAX(deepest, count_views(from, guard + 1)) : deepest;
    }
    return table->kind == STANDARD_VIEW ? deepest + 1 : 0;
}

static void ex_09(StandardRun *run, StandardTable *table)
{
    guint n = count_views(table, 0);
    if (n >= 4) {
        standard_find_table(run, table, "`%1$s` is the last of %2$u views on each other",
                            "`%1$s` 之下嵌套了 %2$u 层视图", table->name, n);
    }
}

/* Checks of the object, after columns' own were put with them. */
static bool has_check(const StandardTable *table, const char *type)
{
    size_t i = 0;
    const json_t *check = NULL;
    json_array_foreach (json_object_get(table->raw, "checks"), i, check) {
        if (type == NULL || strcmp(standard_raw_text(check, "type"), type) == 0 ||
            standard_raw_has(check, type)) {
            return true;
        }
    }
    return false;
}

static void ex_10(StandardRun *run, StandardTable *table)
{
    if (table->is_model && table->layer != STANDARD_TMP && !has_check(table, "unique")) {
        standard_find_table(run, table, "no check says that a row of `%s` is unique", "`%s` 没有唯一性检查",
                            table->name);
    }
}

static void ex_11(StandardRun *run, const StandardSync *sync)
{
    if (!standard_raw_has(sync->raw, "freshness")) {
        standard_find(run, *sync->source != '\0' ? sync->source : sync->job, sync->target, sync->object,
                      "nothing says how fresh `%s` must be", "`%s` 未声明时效", sync->source);
    }
}

/* Offered to others, by a product. */
static void judge_products(StandardRun *run, bool contract)
{
    const CatalogSnapshot *snapshot = run->catalog->snapshot;
    const GPtrArray *objects = snapshot != NULL ? catalog_objects(snapshot) : NULL;
    for (guint i = 0; objects != NULL && i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind != CATALOG_PRODUCT) {
            continue;
        }
        if (contract && !standard_raw_has(object->definition, "contract")) {
            standard_find(run, object->name, NULL, object, "the product `%s` promises nothing",
                          "数据产品 `%s` 没有契约", object->name);
        } else if (!contract && *object->description_en == '\0' && *object->description_zh == '\0') {
            standard_find(run, object->name, NULL, object, "the product `%s` is not described",
                          "数据产品 `%s` 没有说明", object->name);
        }
    }
}

static void ex_12(StandardRun *run)
{
    judge_products(run, false);
}

static void ex_13(StandardRun *run)
{
    judge_products(run, true);
}

static void ex_14(StandardRun *run, StandardTable *from, StandardTable *to)
{
    if (from->grade >= 0 && to->grade >= 0 && from->grade > to->grade && from->layer != STANDARD_MID) {
        StandardFinding *finding = standard_find_table(
            run, from, "`%1$s` is graded P%3$d, yet `%2$s` of P%4$d stands on it",
            "`%1$s` 等级为 P%3$d，下游 `%2$s` 为 P%4$d", from->name, to->name, from->grade, to->grade);
        g_autofree char *grade = g_strdup_printf("P%d", to->grade);
        standard_finding_set(finding, "grade", grade);
    }
}

static void ex_15(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = table->sql != NULL ? standard_sql(table) : NULL;
    if (sql == NULL || !sql->ok) {
        return;
    }
    if (sql->star) {
        standard_finding_word(
            standard_find_table(run, table, "`%s` selects *", "`%s` 使用了 SELECT *", table->name), "SELECT");
    } else if (table->object != NULL && !has_check(table, NULL)) {
        standard_find_table(run, table, "`%s` has no check", "`%s` 没有任何检查", table->name);
    }
}

static bool is_tagged(const json_t *raw, const char *tag)
{
    const json_t *tags = json_object_get(raw, "tags");
    const char *one = json_string_value(tags);
    bool found = one != NULL && strcmp(one, tag) == 0;
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (tags, i, item) {
        found = found || (json_is_string(item) && strcmp(json_string_value(item), tag) == 0);
    }
    return found;
}

/* Any policy on the tag, the column, or its table. */
static bool has_policy(const StandardRun *run, const StandardTable *table, const StandardColumn *column)
{
    const GPtrArray *objects =
        run->catalog->snapshot != NULL ? catalog_objects(run->catalog->snapshot) : NULL;
    for (guint i = 0; objects != NULL && i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        const char *on = object->kind == CATALOG_POLICY ? standard_raw_text(object->definition, "on") : "";
        g_autofree char *whole = g_strdup_printf("%s.%s", table->name, column->name);
        if (strcmp(on, "tag:pii") == 0 || g_str_has_suffix(on, whole) || strcmp(on, table->name) == 0) {
            return true;
        }
    }
    return false;
}

static void ex_16(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    if (is_tagged(column->raw, "pii") && !has_policy(run, table, column)) {
        standard_find_column(run, table, column, "no policy hides the personal data in `%s`",
                             "个人数据 `%s` 没有脱敏策略", column->name);
    }
}

/* What several jobs write, in an export that names them. */
static void ex_02(StandardRun *run, StandardTable *table)
{
    const json_t *writers = json_object_get(table->raw, "writers");
    if (json_array_size(writers) > 1 && !standard_raw_bool(table->raw, "merged", false)) {
        standard_find_table(run, table, "%2$d jobs write `%1$s`", "%2$d 个任务写 `%1$s`", table->name,
                            (int)json_array_size(writers));
    }
}

static void ex_01(StandardRun *run)
{
    size_t i = 0;
    const json_t *job = NULL;
    json_array_foreach (run->catalog->jobs, i, job) {
        size_t n = json_array_size(json_object_get(job, "targets"));
        if (n > 1) {
            const char *name = standard_raw_text(job, "name");
            standard_find(run, name, NULL, NULL, "the job `%1$s` writes %2$d tables",
                          "任务 `%1$s` 写了 %2$d 张表", name, (int)n);
        }
    }
}

const StandardCheck standard_checks_ex[] = {
    {STANDARD_EX_01, .catalog = ex_01},
    {STANDARD_EX_02, .table = ex_02},
    {STANDARD_EX_03, .table = ex_03},
    {STANDARD_EX_04, .edge = ex_04},
    {STANDARD_EX_05, .table = ex_05},
    {STANDARD_EX_06, .table = ex_06},
    {STANDARD_EX_07, .table = ex_07},
    {STANDARD_EX_08, .table = ex_08},
    {STANDARD_EX_09, .table = ex_09},
    {STANDARD_EX_10, .table = ex_10},
    {STANDARD_EX_11, .sync = ex_11},
    {STANDARD_EX_12, .catalog = ex_12},
    {STANDARD_EX_13, .catalog = ex_13},
    {STANDARD_EX_14, .edge = ex_14},
    {STANDARD_EX_15, .table = ex_15},
    {STANDARD_EX_16, .column = ex_16},
    STANDARD_CHECKS_END,
};
