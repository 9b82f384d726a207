/* Rules of section IV on word roots and metric names. */
#include "standard/look.h"

#include <string.h>

/* ---- words --------------------------------------------------------------------------------------------- */

static bool is_layer_word(const char *word)
{
    return standard_layer_by_name(word) != STANDARD_LAYER_NONE;
}

/* Words that the grammar of names itself uses. */
static bool is_grammar_word(const char *word)
{
    static const char *const WORDS[] = {"is", "dt", "hh", "mi", "col", NULL};
    return g_strv_contains(WORDS, word);
}

/* `words`: the part of `name` that is judged. */
static void judge_words(StandardRun *run, const char *words, const char *name, const StandardTable *table,
                        const StandardColumn *column)
{
    char word[128];
    const char *at = words;
    for (bool first = true; at != NULL; first = false) {
        const char *end = strchr(at, '_');
        size_t len = end != NULL ? (size_t)(end - at) : strlen(at);
        bool last = end == NULL;
        bool fits = len < sizeof word;
        g_strlcpy(word, at, MIN(len + 1, sizeof word));
        at = end != NULL ? end + 1 : NULL;
        bool given = (column == NULL && first && is_layer_word(word)) ||
                     (column == NULL && last && standard_is_refresh(word)) ||
                     (column == NULL && strcmp(word, "manual") == 0) || len == 0;
        given = given || (column != NULL && is_grammar_word(word));
        if (!given && fits && !standard_word_registered(run->catalog, word)) {
            StandardFinding *finding =
                standard_find(run, word, table, NULL, "`%1$s` in `%2$s` is no registered root",
                              "`%2$s` 中的 `%1$s` 不是已登记的词根", word, name);
            if (finding != NULL) {
                finding->column = column;
            }
        }
    }
}

/* Columns of ODS keep the names of their source. Of a part of a job the name of its target counts. */
static void judge_table_words(StandardRun *run, StandardTable *table)
{
    const char *target = standard_table_parts(table)->mid_target;
    judge_words(run, target != NULL ? target : table->name, table->name, table, NULL);
    for (guint i = 0; table->layer != STANDARD_ODS && i < table->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, i);
        judge_words(run, column->name, column->name, table, column);
    }
}

static void nm_02(StandardRun *run)
{
    for (guint i = 0; run->catalog->roots_given && i < run->catalog->tables->len; i++) {
        judge_table_words(run, g_ptr_array_index(run->catalog->tables, i));
    }
    size_t i = 0;
    const json_t *domain = NULL;
    /* of a project they are folders, whose names are no parts of the names of tables */
    bool exported = run->catalog->snapshot == NULL;
    const json_t *domains = run->catalog->roots_given && exported ? run->catalog->domains : NULL;
    json_array_foreach (domains, i, domain) {
        const char *name = json_is_string(domain)
                               ? json_string_value(domain)
                               : standard_first_text(domain, STANDARD_KEYS("name", "code"));
        judge_words(run, name, name, NULL, NULL);
    }
}

static bool same_meaning(const StandardRoot *a, const StandardRoot *b)
{
    bool en = *a->title_en != '\0' && g_ascii_strcasecmp(a->title_en, b->title_en) == 0;
    bool zh = *a->title_zh != '\0' && strcmp(a->title_zh, b->title_zh) == 0;
    return en || zh || standard_any(a->aliases, b->code) || standard_any(b->aliases, a->code);
}

/* One meaning twice: the root that came second is told. One root with two meanings: the root. */
static void nm_03(StandardRun *run)
{
    const GPtrArray *roots = run->catalog->roots;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < roots->len; i++) {
        const StandardRoot *later = g_ptr_array_index(roots, i);
        const json_t *meanings = json_object_get(later->raw, "meanings");
        if (!g_hash_table_add(seen, (gpointer)(guintptr)later->code) || json_array_size(meanings) > 1) {
            standard_find(run, later->code, NULL, later->object, "the root `%s` has more than one meaning",
                          "词根 `%s` 有多个含义", later->code);
        }
        for (guint k = 0; k < i; k++) {
            const StandardRoot *first = g_ptr_array_index(roots, k);
            if (strcmp(first->code, later->code) != 0 && same_meaning(first, later)) {
                standard_find(run, later->code, NULL, later->object,
                              "the roots `%2$s` and `%1$s` mean the same", "词根 `%2$s` 与 `%1$s` 含义相同",
                              later->code, first->code);
            }
        }
    }
}

/* ---- ratios ----------------------------------------------------------------------------------------------
 */

static const char *const RATIOS[] = {"rate", "ratio", NULL};
static const char *const PERCENTS[] = {"pct", "percent", "percentage", "proportion", "share", "scale", NULL};

/* A share that is counted (share_cnt), addressed (share_url) or a text is none. */
static bool is_wrong_ratio(const char *name, bool said)
{
    return !standard_ends_in(name, RATIOS) && (said || standard_ends_in(name, PERCENTS));
}

static bool is_text_type(const char *type)
{
    static const char *const TEXTS[] = {"string", "varchar", "text", "char"};
    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        if (g_str_has_prefix(type, TEXTS[i])) {
            return true;
        }
    }
    return false;
}

static void nm_04(StandardRun *run)
{
    for (guint i = 0; i < run->catalog->metrics->len; i++) {
        const StandardMetric *metric = g_ptr_array_index(run->catalog->metrics, i);
        const char *role = standard_raw_text(metric->raw, "role");
        bool said = strcmp(metric->type, "ratio") == 0 || strcmp(metric->agg, "ratio") == 0 ||
                    strcmp(role, "ratio") == 0 || strcmp(role, "rate") == 0 ||
                    standard_raw_bool(metric->raw, "ratio", false);
        if (is_wrong_ratio(metric->name, said)) {
            standard_find_metric(run, metric, "the ratio `%s` bears neither rate nor ratio",
                                 "比率类指标 `%s` 未使用 rate 或 ratio 词根", metric->name);
        }
    }
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        for (guint c = 0; c < table->columns->len; c++) {
            const StandardColumn *column = g_ptr_array_index(table->columns, c);
            bool said = column->role_said &&
                        (strcmp(column->role, "ratio") == 0 || strcmp(column->role, "rate") == 0);
            bool other = !said && (column->role_said || is_text_type(column->type));
            if (!other && is_wrong_ratio(column->name, said) && table->layer != STANDARD_ODS) {
                standard_find_column(run, table, column, "the ratio `%s` bears neither rate nor ratio",
                                     "比率字段 `%s` 未使用 rate 或 ratio 词根", column->name);
            }
        }
    }
}

static void nm_21(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    g_auto(GStrv) words = g_strsplit(column->name, "_", -1);
    for (char **word = words; table->layer != STANDARD_ODS && *word != NULL; word++) {
        if (strlen(*word) == 1 && g_ascii_isalpha(**word)) {
            standard_find_column(run, table, column, "`%2$s` in `%1$s` is too short to be read",
                                 "`%1$s` 中的 `%2$s` 过于简略", column->name, *word);
        }
    }
}

/* ---- names of metrics: modifiers, root, aggregation, period
 * ------------------------------------------------- */

typedef struct {
    char **words;
    guint n, root; /* root = index of the last base root; n = there is none */
} MetricName;

static void split_metric(const StandardRun *run, const StandardMetric *metric, MetricName *name)
{
    name->words = g_strsplit(metric->name, "_", -1);
    name->n = name->root = g_strv_length(name->words);
    for (guint i = 0; i < name->n; i++) {
        if (standard_is_base_root(run->catalog, name->words[i])) {
            name->root = i;
        }
    }
}

static bool is_ordinary(const StandardMetric *metric)
{
    return strcmp(metric->type, "ordinary") == 0 || standard_metric_kind(metric) == STANDARD_METRIC_COMPOSITE;
}

static void nm_30(StandardRun *run, const StandardMetric *metric)
{
    MetricName name = {0};
    split_metric(run, metric, &name);
    if (name.root == name.n) {
        standard_find_metric(run, metric, "the metric `%s` has no base root (cnt, amt, ratio ...)",
                             "指标 `%s` 不含基础词根（cnt、amt、ratio 等）", metric->name);
    }
    g_strfreev(name.words);
}

static void nm_31(StandardRun *run, const StandardMetric *metric)
{
    MetricName name = {0};
    split_metric(run, metric, &name);
    for (guint i = 0; run->catalog->roots_given && i < name.root; i++) {
        if (!standard_word_registered(run->catalog, name.words[i])) {
            standard_find_metric(run, metric, "the modifier `%2$s` of `%1$s` is not registered",
                                 "指标 `%1$s` 的业务修饰词 `%2$s` 未登记", metric->name, name.words[i]);
        }
    }
    g_strfreev(name.words);
}

/* A word that means a time, whether or not it is on the list. */
static bool is_dateish(const char *word)
{
    static const char *const TIMES[] = {"hour",    "day",    "week",      "month",  "quarter",
                                        "year",    "today",  "yesterday", "daily",  "weekly",
                                        "monthly", "yearly", "hourly",    "recent", "now"};
    bool digits = g_ascii_isdigit(*word) && word[strspn(word, "0123456789")] != '\0';
    for (size_t i = 0; i < G_N_ELEMENTS(TIMES); i++) {
        if (strstr(word, TIMES[i]) != NULL) {
            return true;
        }
    }
    return digits || g_str_has_prefix(word, "last") || g_str_has_prefix(word, "past") ||
           g_str_has_prefix(word, "near");
}

static void judge_after_root(StandardRun *run, const StandardMetric *metric, bool dates)
{
    MetricName name = {0};
    split_metric(run, metric, &name);
    for (guint i = name.root + 1; i < name.n && !is_ordinary(metric); i++) {
        const char *word = name.words[i];
        bool listed = standard_is_period(word) || standard_is_aggregation(word) ||
                      standard_is_base_root(run->catalog, word);
        if (listed || is_dateish(word) != dates) {
            continue;
        }
        if (dates) {
            standard_find_metric(
                run, metric, "the period `%2$s` of `%1$s` is not on the list (1d, 7d, 1w, td ...)",
                "指标 `%1$s` 的日期修饰词 `%2$s` 不在清单中（1d、7d、1w、td 等）", metric->name, word);
        } else {
            standard_find_metric(
                run, metric, "the aggregation `%2$s` of `%1$s` is not on the list (avg, max, mtd ...)",
                "指标 `%1$s` 的聚合修饰词 `%2$s` 不在清单中（avg、max、mtd 等）", metric->name, word);
        }
    }
    g_strfreev(name.words);
}

static void nm_32(StandardRun *run, const StandardMetric *metric)
{
    judge_after_root(run, metric, true);
}

static void nm_33(StandardRun *run, const StandardMetric *metric)
{
    judge_after_root(run, metric, false);
}

/* Modifiers that are one registered word or one business process together. */
static bool is_one_modifier(const StandardRun *run, const MetricName *name)
{
    g_autoptr(GString) joined = g_string_new(name->words[0]);
    for (guint i = 1; i < name->root; i++) {
        g_string_append_printf(joined, "_%s", name->words[i]);
    }
    size_t i = 0;
    const json_t *process = NULL;
    json_array_foreach (run->catalog->processes, i, process) {
        const char *text =
            json_is_string(process) ? json_string_value(process) : standard_raw_text(process, "name");
        if (strcmp(text, joined->str) == 0) {
            return true;
        }
    }
    return standard_root_of_word(run->catalog, joined->str) != NULL;
}

static void nm_34(StandardRun *run, const StandardMetric *metric)
{
    MetricName name = {0};
    split_metric(run, metric, &name);
    bool plain =
        name.root + 1 == name.n && (name.root == 1 || (name.root > 1 && is_one_modifier(run, &name)));
    if (standard_metric_kind(metric) == STANDARD_METRIC_ATOMIC && !plain) {
        standard_find_metric(run, metric, "the base metric `%s` is not one business modifier and a root",
                             "基础指标 `%s` 不是“一个业务修饰词 + 词根”", metric->name);
    }
    g_strfreev(name.words);
}

static const StandardMetric *metric_by_name(const StandardCatalog *catalog, const char *text)
{
    for (guint i = 0; i < catalog->metrics->len; i++) {
        const StandardMetric *metric = g_ptr_array_index(catalog->metrics, i);
        if (g_ascii_strcasecmp(metric->name, text) == 0) {
            return metric;
        }
    }
    return NULL;
}

/* More than its base says: a modifier, an aggregation or a period; and the same root. */
static void nm_35(StandardRun *run, const StandardMetric *metric)
{
    if (standard_metric_kind(metric) != STANDARD_METRIC_DERIVED) {
        return;
    }
    MetricName name = {0};
    MetricName base = {0};
    split_metric(run, metric, &name);
    const StandardMetric *of = *metric->of != '\0' ? metric_by_name(run->catalog, metric->of) : NULL;
    if (of != NULL) {
        split_metric(run, of, &base);
    }
    bool poor = name.root < name.n && name.root < 2 && name.root + 1 == name.n;
    bool other = of != NULL && name.root < name.n && base.root < base.n &&
                 strcmp(name.words[name.root], base.words[base.root]) != 0;
    if (poor || other) {
        standard_find_metric(
            run, metric,
            "the derived metric `%s` does not say what it adds to its base (modifiers, then the base's root)",
            "派生指标 `%s` 未体现其修饰词（应为多个修饰词 + 基础指标的词根）", metric->name);
    }
    g_strfreev(name.words);
    g_strfreev(base.words);
}

static bool is_field_name(const char *name)
{
    bool ok = g_ascii_islower(*name) && !g_str_has_suffix(name, "_");
    for (const char *c = name; ok && *c != '\0'; c++) {
        ok = (g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '_') && !(*c == '_' && c[1] == '_');
    }
    return ok;
}

static void nm_36(StandardRun *run, const StandardMetric *metric)
{
    StandardMetricKind kind = standard_metric_kind(metric);
    bool derived = kind == STANDARD_METRIC_DERIVED || kind == STANDARD_METRIC_ATOMIC;
    if (!derived && !is_field_name(metric->name)) {
        standard_find_metric(run, metric, "the metric `%s` does not keep to the rules of field names",
                             "指标 `%s` 不符合字段命名规则", metric->name);
    }
}

const StandardCheck standard_checks_nr[] = {
    {STANDARD_NM_02, .catalog = nm_02}, {STANDARD_NM_03, .catalog = nm_03},
    {STANDARD_NM_04, .catalog = nm_04}, {STANDARD_NM_21, .column = nm_21},
    {STANDARD_NM_30, .metric = nm_30},  {STANDARD_NM_31, .metric = nm_31},
    {STANDARD_NM_32, .metric = nm_32},  {STANDARD_NM_33, .metric = nm_33},
    {STANDARD_NM_34, .metric = nm_34},  {STANDARD_NM_35, .metric = nm_35},
    {STANDARD_NM_36, .metric = nm_36},  STANDARD_CHECKS_END,
};
