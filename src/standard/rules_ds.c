/* Rules of section III.4: aggregates (DS). */
#include "standard/look.h"

#include <math.h>
#include <string.h>

static bool is_aggregate(const StandardTable *table)
{
    return table->layer == STANDARD_DWM || table->layer == STANDARD_DWS;
}

static bool is_measure(const StandardColumn *column)
{
    static const char *const ROLES[] = {"measure", "metric", "money", "count",
                                        "amount",  "ratio",  "fact",  NULL};
    return g_strv_contains(ROLES, column->role);
}

static bool is_dimension(const StandardColumn *column)
{
    static const char *const ROLES[] = {"dim", "dimension", NULL};
    return g_strv_contains(ROLES, column->role) ||
           standard_first_said(column->raw, STANDARD_KEYS("dimension"));
}

/* ---- DS-01: the same result as its detail
 * ----------------------------------------------------------------------------------- */

static StandardTable *detail_of(StandardRun *run, StandardTable *table)
{
    const char *said =
        standard_first_text(table->raw, STANDARD_KEYS("detail", "detail_table", "source_detail"));
    if (*said != '\0') {
        return standard_table_by_name(run->catalog, said);
    }
    StandardTable *detail = NULL;
    for (guint i = 0; i < table->reads->len; i++) {
        StandardTable *input = g_ptr_array_index(table->reads, i);
        if (input->layer == STANDARD_DWD || input->layer == STANDARD_DWM) {
            if (detail != NULL) {
                return NULL; /* of several details none is the detail */
            }
            detail = input;
        }
    }
    return detail;
}

/* May be added up over everything: money and counts, unless it is said otherwise or its name is of distinct
 * ones. */
static bool is_additive(const StandardColumn *column)
{
    static const char *const ADDITIVE[] = {"money", "count", "measure", "amount", "metric", NULL};
    const char *said = standard_first_text(column->raw, STANDARD_KEYS("additive", "additivity"));
    if (*said != '\0') {
        return g_str_equal(said, "full") || g_str_equal(said, "true") || g_str_equal(said, "additive") ||
               g_str_equal(said, "yes");
    }
    static const char *const NOT[] = {"ucnt",  "uv",   "avg", "max",  "min",  "price",
                                      "ratio", "rate", "bal", "last", "uniq", NULL};
    g_autofree char *lower = g_ascii_strdown(column->name, -1);
    g_auto(GStrv) words = g_strsplit(lower, "_", -1);
    for (size_t i = 0; words[i] != NULL; i++) {
        if (g_strv_contains(NOT, words[i])) {
            return false;
        }
    }
    return g_strv_contains(ADDITIVE, column->role);
}

/* The column of the detail that is summed. */
static const char *source_column(StandardRun *run, StandardTable *detail, const StandardColumn *column)
{
    const char *said =
        standard_first_text(column->raw, STANDARD_KEYS("of", "sum_of", "from", "source_column"));
    said = *said != '\0' ? said : column->name;
    return standard_data_column(run, detail, said) ? said : NULL;
}

/* Both have the day: compared day by day, since the detail may be kept longer. */
static const char *common_day(StandardRun *run, StandardTable *table, StandardTable *detail)
{
    const char *day = standard_data_day(run, table);
    return day != NULL && standard_data_column(run, detail, day) ? day : NULL;
}

static void compare_sums(StandardRun *run, StandardTable *table, StandardTable *detail,
                         const StandardColumn *column)
{
    const char *from = source_column(run, detail, column);
    if (from == NULL || !standard_data_column(run, table, column->name)) {
        return;
    }
    const char *day = common_day(run, table, detail);
    g_autofree char *group = day != NULL ? standard_quote(day) : g_strdup("'all'");
    g_autofree char *own = standard_quote(column->name);
    g_autofree char *other = standard_quote(from);
    g_autofree char *sql = g_strdup_printf(
        "SELECT CAST(a.g AS VARCHAR) AS g, a.v AS have, coalesce(b.v, 0) AS want FROM (SELECT %s AS g, "
        "sum(%s) AS v FROM %s "
        "GROUP BY 1) AS a LEFT JOIN (SELECT %s AS g, sum(%s) AS v FROM %s GROUP BY 1) AS b ON a.g = b.g "
        "WHERE abs(coalesce(a.v, 0) - coalesce(b.v, 0)) > 1e-6 * greatest(1, abs(coalesce(b.v, 0))) ORDER BY "
        "1",
        group, own, standard_data(run, table), group, other, standard_data(run, detail));
    g_autoptr(json_t) rows = standard_data_query(run, sql);
    if (json_array_size(rows) > 0) {
        const json_t *row = json_array_get(rows, 0);
        g_autofree char *have = standard_value_text(json_object_get(row, "have"));
        g_autofree char *want = standard_value_text(json_object_get(row, "want"));
        StandardFinding *found = standard_find_table(run, table, "%s is %s, the detail %s gives %s (%s)",
                                                     "%s 为 %s，明细 %s 为 %s（%s）", column->name, have,
                                                     detail->name, want, base_json_string(row, "g", ""));
        standard_finding_evidence(found, "column", json_string(column->name));
        standard_finding_evidence(found, "rows", json_incref((json_t *)(guintptr)rows));
    }
}

static void check_same_result(StandardRun *run, StandardTable *table)
{
    StandardTable *detail = is_aggregate(table) ? detail_of(run, table) : NULL;
    if (detail == NULL || standard_data(run, table) == NULL || standard_data(run, detail) == NULL) {
        return;
    }
    for (guint c = 0; c < table->columns->len; c++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, c);
        if (is_additive(column)) {
            compare_sums(run, table, detail, column);
        }
    }
}

/* ---- what an aggregate declares
 * ------------------------------------------------------------------------------------------------ */

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ["day", "Shop"] -> "day,shop": a grain is the set of its columns. Caller frees. */
static char *grain_text(const json_t *grain)
{
    if (!json_is_array(grain)) {
        return base_json_text(grain);
    }
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    size_t i = 0;
    const json_t *word = NULL;
    json_array_foreach (grain, i, word) {
        g_autofree char *text = standard_value_text(word);
        g_ptr_array_add(words, g_ascii_strdown(text, -1));
    }
    g_ptr_array_sort(words, compare_texts);
    return standard_join(words);
}

static gint64 count_grains(const json_t *grains)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t i = 0;
    const json_t *grain = NULL;
    json_array_foreach (grains, i, grain) {
        g_hash_table_add(seen, grain_text(grain));
    }
    return g_hash_table_size(seen);
}

static gint64 levels_of(StandardTable *table)
{
    const json_t *grains =
        standard_first(table->raw, STANDARD_KEYS("grains", "levels_of_aggregation", "grouping_sets"));
    const json_t *grain = standard_first(table->raw, STANDARD_KEYS("grain"));
    bool lists = json_is_array(json_array_get(grain, 0));
    gint64 n = json_is_array(grains) ? count_grains(grains) : lists ? count_grains(grain) : 1;
    if (n <= 1 && table->sql != NULL) {
        g_autofree char *sql = standard_squeeze(table->sql);
        n = strstr(sql, "grouping sets") != NULL || strstr(sql, "rollup(") != NULL ||
                    strstr(sql, "cube(") != NULL || strstr(sql, "with rollup") != NULL ||
                    strstr(sql, "with cube") != NULL
                ? 2
                : n;
    }
    return n;
}

/* A row of the export that stands for all others: city = 'ALL'. */
static bool has_total_row(const StandardTable *table)
{
    static const char *const TOTALS[] = {"ALL", "__ALL__", "TOTAL", "全部", "合计", "总计"};
    for (size_t i = 0; i < json_array_size(table->rows); i++) {
        const char *key = NULL;
        json_t *value = NULL;
        json_object_foreach (json_array_get(table->rows, i), key, value) {
            for (size_t t = 0; json_is_string(value) && t < G_N_ELEMENTS(TOTALS); t++) {
                if (g_ascii_strcasecmp(json_string_value(value), TOTALS[t]) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void check_one_level(StandardRun *run, StandardTable *table)
{
    gint64 n = is_aggregate(table) ? levels_of(table) : 1;
    n += n == 1 && is_aggregate(table) && has_total_row(table) ? 1 : 0;
    if (n > 1) {
        StandardFinding *found =
            standard_find_table(run, table, "%" G_GINT64_FORMAT " levels of aggregation in one table",
                                "一张表中有 %" G_GINT64_FORMAT " 个汇总粒度", n);
        standard_finding_evidence(found, "count", json_integer(n));
    }
}

static void check_asked_dimensions(StandardRun *run, StandardTable *table)
{
    const json_t *asked = standard_first(
        table->raw, STANDARD_KEYS("asked_dims", "requested_dims", "used_dims", "demanded_dims"));
    g_autoptr(GPtrArray) unused = g_ptr_array_new();
    for (guint c = 0; is_aggregate(table) && c < table->columns->len; c++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, c);
        bool wanted = true;
        if (json_is_array(asked)) {
            g_autofree char *list = base_json_text(asked);
            g_autofree char *name = g_strdup_printf("\"%s\"", column->name);
            wanted = strstr(list, name) != NULL;
        } else {
            const json_t *used = standard_first(column->raw, STANDARD_KEYS("used", "reads", "queries"));
            wanted =
                used == NULL ? column->downstream != 0 : json_is_true(used) || json_integer_value(used) > 0;
        }
        if (is_dimension(column) && !wanted) {
            g_ptr_array_add(unused, (gpointer)(guintptr)column->name);
        }
    }
    if (unused->len > 0) {
        g_autofree char *list = standard_join(unused);
        StandardFinding *found = standard_find_table(run, table, "dimensions that nobody asks for: %s",
                                                     "无人使用的维度：%s", list);
        standard_finding_evidence(found, "columns", json_string(list));
    }
}

static void check_dimensions(StandardRun *run, StandardTable *table)
{
    static const char *const KEYS[] = {"dimensions", "dims", "grain", "grains", "group_by", NULL};
    bool said = standard_first_said(table->raw, KEYS) ||
                (table->key->len > 0 &&
                 standard_first(table->raw, STANDARD_KEYS("dimensions", "dims", "grain", "grains")) == NULL);
    for (guint c = 0; !said && c < table->columns->len; c++) {
        said = is_dimension(g_ptr_array_index(table->columns, c));
    }
    if (is_aggregate(table) && table->kind != STANDARD_VIEW && !said) {
        standard_find_table(run, table, "no dimensions of aggregation declared", "没有声明汇总维度");
    }
}

static void find_level(StandardRun *run, StandardTable *table, const char *name)
{
    g_autofree char *object = g_strdup_printf("%s.%s", table->name, name);
    standard_find(run, object, table, table->object, "a dimension with a hierarchy and no level of it",
                  "维度有层级，却没有声明汇总到哪一级");
}

/* {"dimensions": [{"name": "category", "level": "leaf"}]}, or columns with a hierarchy. */
static void check_levels(StandardRun *run, StandardTable *table)
{
    static const char *const LEVELS[] = {"level", "rollup_level", "hierarchy_level", NULL};
    if (!is_aggregate(table)) {
        return;
    }
    const json_t *levels = standard_first(table->raw, STANDARD_KEYS("levels", "rollup_levels"));
    const json_t *list = standard_first(table->raw, STANDARD_KEYS("dimensions", "dims"));
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        const char *name = standard_first_text(one, STANDARD_KEYS("name", "column", "dim"));
        if (json_is_object(one) && !standard_first_said(one, LEVELS) &&
            json_object_get(levels, name) == NULL) {
            find_level(run, table, name);
        }
    }
    for (guint c = 0; c < table->columns->len; c++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, c);
        const json_t *dimension = json_object_get(column->raw, "dimension");
        bool hierarchy = standard_first_said(column->raw, STANDARD_KEYS("hierarchy", "levels")) ||
                         standard_first_said(dimension, STANDARD_KEYS("hierarchy"));
        if (hierarchy && !standard_first_said(column->raw, LEVELS) &&
            !standard_first_said(dimension, LEVELS) && json_object_get(levels, column->name) == NULL) {
            find_level(run, table, column->name);
        }
    }
}

static void check_measures(StandardRun *run, StandardTable *table)
{
    bool said = standard_first_said(table->raw, STANDARD_KEYS("measures", "facts", "metrics"));
    for (guint c = 0; !said && c < table->columns->len; c++) {
        said = is_measure(g_ptr_array_index(table->columns, c));
    }
    if (is_aggregate(table) && table->kind != STANDARD_VIEW && !said) {
        standard_find_table(run, table, "no measures declared", "没有声明度量");
    }
}

/* ---- use
 * ---------------------------------------------------------------------------------------------------------------------------
 */

/* Readers of another team than the maker's: of a list with owners, else all that are counted. */
static gint64 other_readers(const StandardTable *table, bool *ret_known)
{
    const json_t *readers = json_object_get(table->raw, "readers");
    const char *team = *table->owner != '\0'
                           ? table->owner
                           : standard_first_text(table->raw, STANDARD_KEYS("team", "maker", "dept"));
    gint64 n = 0;
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (readers, i, one) {
        const char *who = json_is_object(one)
                              ? standard_first_text(one, STANDARD_KEYS("team", "owner", "dept", "name"))
                              : json_string_value(one);
        n += *team == '\0' || g_strcmp0(who, team) != 0 ? 1 : 0;
    }
    *ret_known = json_is_array(readers) && *team != '\0';
    return json_is_array(readers) ? n : table->readers;
}

static void check_public(StandardRun *run, StandardTable *table)
{
    bool teams = false;
    gint64 others = other_readers(table, &teams);
    gint64 queries =
        standard_first_int(table->raw, STANDARD_KEYS("queries", "analysis_queries", "query_count"), 0);
    if (table->layer == STANDARD_DWS && others < (teams ? 1 : 2) &&
        queries < standard_config_limit(run->config, "analysis_queries", 30)) {
        StandardFinding *found = standard_find_table(run, table, "%" G_GINT64_FORMAT " others read it",
                                                     "只有 %" G_GINT64_FORMAT " 个其他使用方", others);
        standard_finding_evidence(found, "readers", json_integer(others));
    }
}

/* ---- domains and names
 * ----------------------------------------------------------------------------------------------------------------
 */

static void check_one_domain(StandardRun *run, StandardTable *table)
{
    if (!is_aggregate(table)) {
        return;
    }
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    if (*table->domain != '\0') {
        g_ptr_array_add(domains, (gpointer)(guintptr)table->domain);
    }
    g_autoptr(GPtrArray) inputs = g_ptr_array_new();
    standard_inputs(table, inputs);
    for (guint i = 0; i < inputs->len; i++) {
        const StandardTable *input = g_ptr_array_index(inputs, i);
        bool fact = input->layer != STANDARD_DIM && *input->domain != '\0';
        if (fact && !standard_any(domains, input->domain)) {
            g_ptr_array_add(domains, (gpointer)(guintptr)input->domain);
        }
    }
    if (domains->len > 1) {
        g_autofree char *list = standard_join(domains);
        StandardFinding *found =
            standard_find_table(run, table, "facts of several domains: %s", "涉及多个域的事实：%s", list);
        standard_finding_evidence(found, "domains", json_string(list));
    }
}

static void check_period_name(StandardRun *run, StandardTable *table)
{
    if (table->layer != STANDARD_DWS) {
        return;
    }
    const char *said =
        standard_first_text(table->raw, STANDARD_KEYS("period", "statistic_period", "stat_period"));
    g_autofree char *lower = g_ascii_strdown(table->name, -1);
    g_auto(GStrv) words = g_strsplit(lower, "_", -1);
    const char *period = "";
    for (size_t i = 1; words[i] != NULL && words[0] != NULL; i++) {
        period = standard_is_period(words[i]) && (!standard_is_refresh(words[i]) || *period == '\0')
                     ? words[i]
                     : period;
    }
    /* a refresh letter alone ("_d") is how often it is made, not what it sums */
    bool named = *period != '\0' && strlen(period) > 1;
    if (!named) {
        standard_find_table(run, table, "its name does not carry its period", "表名没有体现统计周期");
    } else if (*said != '\0' && standard_is_period(said) && g_ascii_strcasecmp(said, period) != 0 &&
               strcmp(period, "nd") != 0) {
        standard_find_table(run, table, "its name says %s, its period is %s", "表名为 %s，统计周期为 %s",
                            period, said);
    }
}

const StandardCheck standard_checks_ds[] = {
    {.rule = STANDARD_DS_01, .table = check_same_result},
    {.rule = STANDARD_DS_02, .table = check_one_level},
    {.rule = STANDARD_DS_03, .table = check_asked_dimensions},
    {.rule = STANDARD_DS_04, .table = check_dimensions},
    {.rule = STANDARD_DS_05, .table = check_levels},
    {.rule = STANDARD_DS_06, .table = check_measures},
    {.rule = STANDARD_DS_07, .table = check_public},
    {.rule = STANDARD_DS_08, .table = check_one_domain},
    {.rule = STANDARD_DS_09, .table = check_period_name},
    STANDARD_CHECKS_END,
};
