/* Rules of section I.3: cohesion, one place for common logic, the same result at any time. */
#include "standard/standard_int.h"

#include <string.h>

/* What a fact is about, for the comparison with others. */
static const char *about(const StandardTable *table)
{
    const char *subject = standard_subject(table);
    return *subject != '\0' ? subject : *table->process != '\0' ? table->process : table->domain;
}

static void pr_01(StandardRun *run, StandardTable *table)
{
    const StandardTable *first = NULL;
    for (guint i = 0; table->layer == STANDARD_DWD && i < table->reads->len; i++) {
        const StandardTable *from = g_ptr_array_index(table->reads, i);
        if (from->layer != STANDARD_DWD || *about(from) == '\0') {
            continue;
        }
        const StandardTable *other = first != NULL ? first : *about(table) != '\0' ? table : NULL;
        if (other != NULL && g_ascii_strcasecmp(about(other), about(from)) != 0) {
            StandardFinding *finding = standard_find_table(
                run, table, "`%1$s` joins facts of two subjects: `%2$s` and `%3$s`",
                "`%1$s` 关联了两个主题的事实：`%2$s` 与 `%3$s`", table->name, about(other), about(from));
            standard_finding_word(finding, from->name);
            return;
        }
        first = from;
    }
}

static void pr_02(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    const json_t *apps = standard_raw_array(column->raw, "apps");
    apps = apps != NULL ? apps : standard_raw_array(column->raw, "used_by");
    bool core = table->layer != STANDARD_APP && !g_str_has_suffix(table->name, "_ext") &&
                strstr(table->name, "_ext_") == NULL;
    if (core && json_array_size(apps) == 1) {
        const char *app = json_string_value(json_array_get(apps, 0));
        standard_find_column(run, table, column, "only `%2$s` reads `%1$s`, which stands in a core model",
                             "核心模型中的 `%1$s` 只有 `%2$s` 使用", column->name, app != NULL ? app : "?");
    }
}

/* ---- logic in several places -----------------------------------------------------------------------------
 */

typedef struct {
    StandardTable *first;
    guint n;
    const char *alias;
} Copies;

/* One table: columns bear no qualifier, so the table belongs to the meaning. */
static char *expression_key(const StandardSql *sql, const StandardExpression *expression)
{
    return sql->tables->len == 1
               ? g_strconcat(g_ptr_array_index(sql->tables, 0), ": ", expression->canonical, NULL)
               : g_strdup(expression->canonical);
}

static GHashTable *count_copies(StandardRun *run, bool apps, guint min_operators)
{
    GHashTable *copies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        const StandardSql *sql = (table->layer == STANDARD_APP) == apps ? standard_sql(table) : NULL;
        for (guint e = 0; sql != NULL && sql->ok && e < sql->expressions->len; e++) {
            const StandardExpression *expression = g_ptr_array_index(sql->expressions, e);
            if (expression->n_operators < min_operators || (!apps && expression->filter)) {
                continue;
            }
            char *key = expression_key(sql, expression);
            Copies *copy = g_hash_table_lookup(copies, key);
            if (copy == NULL) {
                copy = g_new0(Copies, 1);
                copy->first = table;
                copy->n = 1;
                copy->alias = expression->alias;
                g_hash_table_insert(copies, key, copy);
            } else {
                copy->n += copy->first != table ? 1 : 0;
                g_free(key);
            }
        }
    }
    return copies;
}

static gpointer count_common(StandardRun *run)
{
    return count_copies(run, false, (guint)standard_config_limit(run->config, "expression_operators", 1));
}

static gpointer count_of_apps(StandardRun *run)
{
    return count_copies(run, true, 1);
}

static void judge_copies(StandardRun *run, StandardTable *table, GHashTable *copies, guint min_operators,
                         bool apps)
{
    const StandardSql *sql = standard_sql(table);
    for (guint e = 0; sql->ok && e < sql->expressions->len; e++) {
        const StandardExpression *expression = g_ptr_array_index(sql->expressions, e);
        if (expression->n_operators < min_operators || (!apps && expression->filter)) {
            continue;
        }
        g_autofree char *key = expression_key(sql, expression);
        const Copies *copy = g_hash_table_lookup(copies, key);
        if (copy == NULL || copy->n < 2 || copy->first == table) {
            continue;
        }
        StandardFinding *finding =
            standard_find_table(run, table, "`%1$s` computes `%2$s` as `%3$s` and others do (%4$u models)",
                                "`%1$s` 与 `%3$s` 等 %4$u 个模型重复实现 `%2$s`", table->name,
                                expression->canonical, copy->first->name, copy->n);
        standard_finding_evidence(finding, "expression", json_string(expression->canonical));
        if (apps && copy->n >= 3 && finding != NULL) {
            finding->level = run->level >= STANDARD_W ? STANDARD_E : run->level;
        }
        return; /* one finding a table */
    }
}

static void pr_03(StandardRun *run, StandardTable *table)
{
    if (table->sql != NULL && table->layer != STANDARD_APP) {
        judge_copies(run, table,
                     standard_memo(run, "pr.common", count_common, (GDestroyNotify)g_hash_table_unref),
                     (guint)standard_config_limit(run->config, "expression_operators", 1), false);
    }
}

static void pr_04(StandardRun *run, StandardTable *table)
{
    if (table->sql != NULL && table->layer == STANDARD_APP) {
        judge_copies(run, table,
                     standard_memo(run, "pr.apps", count_of_apps, (GDestroyNotify)g_hash_table_unref), 1,
                     true);
    }
}

static void pr_05(StandardRun *run, StandardTable *table)
{
    bool copy = standard_raw_has(table->raw, "copy_of") || standard_raw_bool(table->raw, "redundant", false);
    gint64 unread =
        standard_raw_int(table->raw, "unread_days", standard_raw_int(table->raw, "days_since_read", -1));
    if (copy && unread >= standard_config_limit(run->config, "unread_days", 90)) {
        standard_find_table(run, table, "the copy `%1$s` was not read for %2$d days",
                            "冗余副本 `%1$s` 已 %2$d 天未被读取", table->name, (int)unread);
    }
}

/* ---- the same result at any time --------------------------------------------------------------------------
 */

static void pr_06(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = table->sql != NULL ? standard_sql(table) : NULL;
    if (sql == NULL || !sql->ok) {
        return;
    }
    const char *word = sql->moment != NULL    ? sql->moment
                       : sql->bare_limit      ? "LIMIT"
                       : sql->row_number_open ? "row_number"
                       : sql->max_partition   ? "max"
                                              : NULL;
    if (word != NULL) {
        StandardFinding *finding =
            standard_find_table(run, table, "the result of `%1$s` depends on when it runs: `%2$s`",
                                "`%1$s` 的结果取决于运行时刻：`%2$s`", table->name, word);
        standard_finding_word(finding, word);
    }
}

static bool is_append(const json_t *raw)
{
    static const char *const KEYS[] = {"strategy", "write", "write_mode", "mode", "load"};
    static const char *const WORDS[] = {"append", "insert", "insert_into", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        g_autofree char *word = g_ascii_strdown(standard_raw_text(raw, KEYS[i]), -1);
        if (g_strv_contains(WORDS, g_strdelimit(word, " ", '_'))) {
            return true;
        }
    }
    return false;
}

static void pr_07(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = standard_sql(table);
    bool keyed = table->key->len > 0 || standard_raw_has(table->raw, "dedup_key");
    if ((sql->ok && sql->insert_into) || (table->is_model && is_append(table->raw)) ||
        (table->object == NULL && is_append(table->raw))) {
        if (!keyed) {
            standard_find_table(run, table, "a second run of `%s` would write its rows twice",
                                "`%s` 重跑会重复写入数据", table->name);
        }
    }
}

static bool same_run(const json_t *one, const json_t *other)
{
    static const char *const KEYS[] = {"table",  "model",    "version",   "logic",
                                       "inputs", "interval", "partition", "dt"};
    bool same = true;
    for (size_t n = 0; n < G_N_ELEMENTS(KEYS); n++) {
        const json_t *left = json_object_get(one, KEYS[n]);
        const json_t *right = json_object_get(other, KEYS[n]);
        same = same && (left == right || json_equal(left, right));
    }
    return same;
}

/* Runs of one version on one input with two results. `table` NULL: each run names its own. */
static void compare_runs(StandardRun *run, const json_t *runs, const StandardTable *table)
{
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *one = json_array_get(runs, i);
        const char *said = standard_raw_text(one, standard_raw_has(one, "table") ? "table" : "model");
        const char *name = table != NULL ? table->name : said;
        for (size_t k = 0; k < i; k++) {
            const json_t *other = json_array_get(runs, k);
            if (same_run(one, other) &&
                !json_equal(json_object_get(one, "checksum"), json_object_get(other, "checksum"))) {
                standard_find(run, name, table, table != NULL ? table->object : NULL,
                              "two runs of `%s` on the same inputs differ",
                              "`%s` 在相同输入上的两次运行结果不同", name);
            }
        }
    }
}

static void pr_08(StandardRun *run)
{
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        compare_runs(run, standard_raw_array(table->raw, "runs"), table);
    }
    compare_runs(run, standard_raw_array(run->catalog->raw, "runs"), NULL);
}

const StandardCheck standard_checks_pr[] = {
    {STANDARD_PR_01, .table = pr_01}, {STANDARD_PR_02, .column = pr_02},  {STANDARD_PR_03, .table = pr_03},
    {STANDARD_PR_04, .table = pr_04}, {STANDARD_PR_05, .table = pr_05},   {STANDARD_PR_06, .table = pr_06},
    {STANDARD_PR_07, .table = pr_07}, {STANDARD_PR_08, .catalog = pr_08}, STANDARD_CHECKS_END,
};
