/* Rules of section II.5: definitions of metrics (ME). */
#include "standard/look.h"

#include <math.h>
#include <string.h>

/* ---- what a metric is
 * ------------------------------------------------------------------------------------------- */

/* As said; one that names what it is drawn from is derived. */
static StandardMetricKind kind_of(const StandardMetric *metric)
{
    StandardMetricKind said = standard_metric_kind(metric);
    return said == STANDARD_METRIC_UNSAID && *metric->of != '\0' ? STANDARD_METRIC_DERIVED : said;
}

static bool is_atomic(const StandardMetric *metric)
{
    StandardMetricKind kind = kind_of(metric);
    return kind == STANDARD_METRIC_ATOMIC || kind == STANDARD_METRIC_UNSAID;
}

/* The type of its values; "" = not said. */
static const char *data_type(const StandardMetric *metric)
{
    const char *said = standard_first_text(
        metric->raw, STANDARD_KEYS("data_type", "value_type", "dtype", "column_type", "result_type"));
    if (*said != '\0') {
        return said;
    }
    static const char *const NOT[] = {"atomic",    "base",     "basic",    "derived",
                                      "composite", "compound", "ordinary", NULL};
    const char *type = standard_raw_text(metric->raw, "type");
    return g_strv_contains(NOT, type) ? "" : type;
}

/* All that its value depends on, as one text; "" where nothing is said. Caller frees. */
static char *definition_of(const StandardMetric *metric)
{
    const char *parts[] = {metric->agg, *metric->expr != '\0' ? metric->expr : metric->column, metric->where,
                           metric->of, metric->period};
    GString *out = g_string_new(NULL);
    bool any = false;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *text = standard_squeeze(parts[i]);
        any = any || *text != '\0';
        g_string_append_printf(out, "%s|", text);
    }
    const char *dot = strrchr(metric->table, '.');
    if (any) {
        g_string_append(out, dot != NULL ? dot + 1 : metric->table);
    } else {
        g_string_truncate(out, 0);
    }
    return g_string_free(out, FALSE);
}

/* ---- ME-01 to ME-03: one name, one definition
 * --------------------------------------------------------------------- */

static void check_homonyms(StandardRun *run)
{
    g_autoptr(GHashTable) first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < run->catalog->metrics->len; i++) {
        const StandardMetric *metric = g_ptr_array_index(run->catalog->metrics, i);
        g_autofree char *name = g_strdup_printf("%s.%s", metric->domain, metric->name);
        g_autofree char *key = g_ascii_strdown(name, -1);
        char *definition = definition_of(metric);
        const char *before = g_hash_table_lookup(first, key);
        if (before == NULL) {
            g_hash_table_insert(first, g_steal_pointer(&key), definition);
            continue;
        }
        if (strcmp(before, definition) != 0) {
            StandardFinding *found =
                standard_find_metric(run, metric, "one name with two definitions", "同一名称有两种口径");
            standard_finding_evidence(found, "definition", json_string(definition));
            standard_finding_evidence(found, "other", json_string(before));
        }
        g_free(definition);
    }
}

static bool is_alias(const StandardMetric *metric)
{
    return standard_first_said(metric->raw, STANDARD_KEYS("alias_of", "same_as", "synonym_of"));
}

static void check_synonyms(StandardRun *run)
{
    g_autoptr(GHashTable) first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < run->catalog->metrics->len; i++) {
        const StandardMetric *metric = g_ptr_array_index(run->catalog->metrics, i);
        g_autofree char *definition = definition_of(metric);
        if (*definition == '\0' || is_alias(metric)) {
            continue;
        }
        const StandardMetric *other = g_hash_table_lookup(first, definition);
        if (other == NULL) {
            g_hash_table_insert(first, g_steal_pointer(&definition), (gpointer)(guintptr)metric);
        } else if (g_ascii_strcasecmp(other->name, metric->name) != 0) {
            StandardFinding *found =
                standard_find_metric(run, metric, "defined like %s", "与 %s 口径相同", other->name);
            standard_finding_evidence(found, "other", json_string(other->name));
        }
    }
}

static void check_names_apart(StandardRun *run)
{
    g_autoptr(GHashTable) first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < run->catalog->metrics->len; i++) {
        const StandardMetric *metric = g_ptr_array_index(run->catalog->metrics, i);
        g_autofree char *key = g_ascii_strdown(metric->name, -1);
        const StandardMetric *other = g_hash_table_lookup(first, key);
        if (other == NULL) {
            g_hash_table_insert(first, g_steal_pointer(&key), (gpointer)(guintptr)metric);
        } else if (g_ascii_strcasecmp(other->domain, metric->domain) != 0 && !is_alias(metric)) {
            g_autofree char *domains = g_strdup_printf("%s, %s", other->domain, metric->domain);
            StandardFinding *found = standard_find_metric(run, metric, "the name of different metrics in %s",
                                                          "在 %s 中是不同的指标", domains);
            standard_finding_evidence(found, "domains", json_string(domains));
        }
    }
}

/* ---- ME-04, ME-05, ME-14: where metrics stand
 * ----------------------------------------------------------------------- */

typedef struct {
    const char *metric;
    StandardTable *table;
    const char *column;
    char *at; /* grain and period; "" = not said */
} Outlet;

static void outlet_free(gpointer pointer)
{
    Outlet *outlet = pointer;
    g_free(outlet->at);
    g_free(outlet);
}

static char *text_of_value(const json_t *value)
{
    return json_is_string(value) ? g_strdup(json_string_value(value))
           : value != NULL       ? base_json_text(value)
                                 : g_strdup("");
}

static void add_outlet(GPtrArray *outlets, StandardTable *table, const char *metric, const char *column,
                       const json_t *raw)
{
    const json_t *grain = standard_first(raw, STANDARD_KEYS("grain", "dimensions", "dims"));
    grain = grain != NULL
                ? grain
                : standard_first(table->raw, STANDARD_KEYS("grain", "grains", "dimensions", "dims"));
    const json_t *period = standard_first(raw, STANDARD_KEYS("period"));
    period = period != NULL ? period : standard_first(table->raw, STANDARD_KEYS("period"));
    g_autofree char *grain_text = text_of_value(grain);
    g_autofree char *period_text = text_of_value(period);
    g_autofree char *key =
        grain == NULL && table->key->len > 0 ? standard_join(table->key) : g_strdup(grain_text);
    Outlet *outlet = g_new0(Outlet, 1);
    *outlet = (Outlet){
        .metric = metric, .table = table, .column = column, .at = g_strdup_printf("%s|%s", key, period_text)};
    g_ptr_array_add(outlets, outlet);
}

/* {"metrics": ["trade_amt"]} or [{"name", "grain", "period"}] of a table. */
static void list_outlets(GPtrArray *outlets, StandardTable *table)
{
    const json_t *list = standard_first(table->raw, STANDARD_KEYS("metrics", "produces", "publishes"));
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        const char *name = json_is_string(one) ? json_string_value(one)
                                               : standard_first_text(one, STANDARD_KEYS("metric", "name"));
        const char *column = standard_first_text(one, STANDARD_KEYS("column"));
        add_outlet(outlets, table, name, *column != '\0' ? column : name, one);
    }
    for (guint c = 0; c < table->columns->len; c++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, c);
        const char *name = standard_first_text(column->raw, STANDARD_KEYS("metric", "metric_name"));
        if (*name != '\0') {
            add_outlet(outlets, table, name, column->name, column->raw);
        }
    }
}

static GPtrArray *outlets_of(StandardRun *run)
{
    GPtrArray *outlets = g_ptr_array_new_with_free_func(outlet_free);
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, t);
        bool layer =
            table->layer == STANDARD_LAYER_NONE || standard_layer_between(table, STANDARD_DWM, STANDARD_APP);
        if (layer && table->kind != STANDARD_VIEW) {
            list_outlets(outlets, table);
        }
    }
    return outlets;
}

/* A table that only passes the metric on from another outlet is no second one. */
static bool passes_on(const Outlet *outlet, const Outlet *other)
{
    return g_ptr_array_find(outlet->table->reads, other->table, NULL) ||
           g_ptr_array_find(other->table->reads, outlet->table, NULL);
}

/* A metric of the registry that names several tables, or stands there twice with a table each. */
static void check_registered_outlets(StandardRun *run)
{
    g_autoptr(GHashTable) first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < run->catalog->metrics->len; i++) {
        const StandardMetric *metric = g_ptr_array_index(run->catalog->metrics, i);
        const json_t *list = standard_first(
            metric->raw, STANDARD_KEYS("tables", "outlets", "produced_by", "published_in", "served_from"));
        if (json_is_array(list) && json_array_size(list) > 1) {
            standard_find_metric(run, metric, "made by several tables", "由多张表产出");
            continue;
        }
        g_autofree char *grain = text_of_value(standard_first(metric->raw, STANDARD_KEYS("grain", "dims")));
        g_autofree char *name = g_ascii_strdown(metric->name, -1);
        char *key = g_strdup_printf("%s|%s|%s|%s", metric->domain, name, grain, metric->period);
        const StandardMetric *other = *metric->table != '\0' ? g_hash_table_lookup(first, key) : NULL;
        if (other != NULL && g_ascii_strcasecmp(other->table, metric->table) != 0) {
            standard_find_metric(run, metric, "made by several tables: %s and %s", "由多张表产出：%s 和 %s",
                                 other->table, metric->table);
        }
        if (other == NULL && *metric->table != '\0') {
            g_hash_table_insert(first, key, (gpointer)(guintptr)metric);
        } else {
            g_free(key);
        }
    }
}

static void check_one_outlet(StandardRun *run)
{
    check_registered_outlets(run);
    g_autoptr(GPtrArray) outlets = outlets_of(run);
    for (guint i = 0; i < outlets->len; i++) {
        const Outlet *outlet = g_ptr_array_index(outlets, i);
        for (guint k = 0; k < i; k++) {
            const Outlet *other = g_ptr_array_index(outlets, k);
            if (outlet->table != other->table && g_ascii_strcasecmp(outlet->metric, other->metric) == 0 &&
                g_str_equal(outlet->at, other->at) && !passes_on(outlet, other)) {
                g_autofree char *tables = g_strdup_printf("%s, %s", other->table->name, outlet->table->name);
                StandardFinding *found =
                    standard_find(run, outlet->metric, outlet->table, outlet->table->object,
                                  "made by several tables: %s", "由多张表产出：%s", tables);
                standard_finding_evidence(found, "tables", json_string(tables));
            }
        }
    }
}

/* "trade_amt_7d" counts as "trade_amt". */
static bool is_registered(StandardRun *run, const char *name)
{
    if (standard_metric_by_name(run, name) != NULL) {
        return true;
    }
    const char *cut = strrchr(name, '_');
    g_autofree char *stem =
        cut != NULL && standard_is_period(cut + 1) ? g_strndup(name, (gsize)(cut - name)) : NULL;
    return stem != NULL && standard_metric_by_name(run, stem) != NULL;
}

static void check_bound(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    static const char *const ROLES[] = {"measure", "metric", "money", "count",
                                        "amount",  "ratio",  "rate",  NULL};
    bool layer = standard_layer_between(table, STANDARD_DWM, STANDARD_APP);
    if (!layer || !g_strv_contains(ROLES, column->role)) {
        return;
    }
    const char *bound = standard_first_text(column->raw, STANDARD_KEYS("metric", "metric_name"));
    if (*bound != '\0'
            ? run->catalog->metrics->len == 0 || is_registered(run, bound)
            : is_registered(run, column->name) || standard_metric_draws(run, table, column->name)) {
        return;
    }
    StandardFinding *found = standard_find_column(
        run, table, column, "a metric column without a registered metric", "指标列没有绑定已登记的指标");
    if (table->stability == STANDARD_EXPLORATORY) {
        standard_finding_level(found, STANDARD_W);
    }
}

/* Values that an export gives: [{"table", "value"}], or {"dws_a": 100}. */
static void compare_said(StandardRun *run, const StandardMetric *metric)
{
    const json_t *said = standard_first(metric->raw, STANDARD_KEYS("published", "values", "outlets"));
    const json_t *first = NULL;
    size_t i = 0;
    const json_t *one = NULL;
    json_t *value = NULL;
    const char *name = NULL;
    json_t *map = json_is_object(said) ? (json_t *)(guintptr)said : NULL;
    bool differs = false;
    json_array_foreach (said, i, one) {
        const json_t *now = json_object_get(one, "value");
        first = first != NULL ? first : now;
        differs = differs || fabs(json_number_value(now) - json_number_value(first)) >
                                 1e-9 * fabs(json_number_value(first));
    }
    json_object_foreach (map, name, value) {
        first = first != NULL ? first : value;
        differs = differs || fabs(json_number_value(value) - json_number_value(first)) >
                                 1e-9 * fabs(json_number_value(first));
    }
    if (differs) {
        StandardFinding *found =
            standard_find_metric(run, metric, "its published values differ", "各处发布的数值不同");
        standard_finding_evidence(found, "values", json_incref((json_t *)(guintptr)said));
    }
}

/* Sums of both tables by the columns that are in both keys. */
static void compare_outlets(StandardRun *run, const Outlet *a, const Outlet *b)
{
    g_autoptr(GPtrArray) shared = g_ptr_array_new();
    for (guint i = 0; i < a->table->key->len; i++) {
        const char *name = g_ptr_array_index(a->table->key, i);
        if (standard_any(b->table->key, name) && standard_data_column(run, a->table, name) &&
            standard_data_column(run, b->table, name)) {
            g_ptr_array_add(shared, (gpointer)(guintptr)name);
        }
    }
    if (shared->len == 0 || shared->len < MAX(a->table->key->len, b->table->key->len)) {
        return; /* of another grain: not the same figure */
    }
    g_autofree char *keys = standard_quote_list(shared, "", ", ");
    g_autofree char *left = standard_quote(a->column);
    g_autofree char *right = standard_quote(b->column);
    g_autofree char *sql = g_strdup_printf(
        "SELECT %s, x.v AS value, y.v AS other FROM (SELECT %s, sum(%s) AS v FROM %s GROUP BY %s) AS x JOIN "
        "(SELECT %s, "
        "sum(%s) AS v FROM %s GROUP BY %s) AS y USING (%s) WHERE x.v IS DISTINCT FROM y.v ORDER BY %s",
        keys, keys, left, standard_data(run, a->table), keys, keys, right, standard_data(run, b->table), keys,
        keys, keys);
    g_autoptr(json_t) rows = standard_data_query(run, sql);
    if (json_array_size(rows) > 0) {
        g_autofree char *tables = g_strdup_printf("%s, %s", a->table->name, b->table->name);
        g_autofree char *key = standard_key_text(json_array_get(rows, 0), shared);
        StandardFinding *found =
            standard_find(run, a->metric, a->table, a->table->object, "differs between %s, first at %s",
                          "在 %s 中数值不同，首个键 %s", tables, key);
        standard_finding_evidence(found, "tables", json_string(tables));
        standard_finding_evidence(found, "key", json_string(key));
    }
}

static void check_published(StandardRun *run)
{
    for (guint i = 0; i < run->catalog->metrics->len; i++) {
        compare_said(run, g_ptr_array_index(run->catalog->metrics, i));
    }
    g_autoptr(GPtrArray) outlets = outlets_of(run);
    for (guint i = 0; i < outlets->len; i++) {
        const Outlet *a = g_ptr_array_index(outlets, i);
        for (guint k = 0; k < i; k++) {
            const Outlet *b = g_ptr_array_index(outlets, k);
            bool same = a->table != b->table && g_ascii_strcasecmp(a->metric, b->metric) == 0;
            if (same && standard_data(run, a->table) != NULL && standard_data(run, b->table) != NULL &&
                standard_data_column(run, a->table, a->column) &&
                standard_data_column(run, b->table, b->column)) {
                compare_outlets(run, b, a);
            }
        }
    }
}

/* ---- ME-06 to ME-13: what a definition holds
 * ----------------------------------------------------------------------------- */

static void add_missing(GPtrArray *missing, bool there, const char *what)
{
    if (!there) {
        g_ptr_array_add(missing, (gpointer)(guintptr)what);
    }
}

static void find_missing(StandardRun *run, const StandardMetric *metric, const GPtrArray *missing)
{
    if (missing->len > 0) {
        g_autofree char *list = standard_join(missing);
        StandardFinding *found = standard_find_metric(run, metric, "not set: %s", "未填写：%s", list);
        standard_finding_evidence(found, "missing", json_string(list));
    }
}

static void check_place(StandardRun *run, const StandardMetric *metric)
{
    if (!is_atomic(metric)) {
        return;
    }
    g_autoptr(GPtrArray) missing = g_ptr_array_new();
    add_missing(missing, standard_first_said(metric->raw, STANDARD_KEYS("product_line", "product", "line")),
                "product_line");
    add_missing(missing,
                standard_first_said(metric->raw, STANDARD_KEYS("segment", "business_segment", "business_unit",
                                                               "biz_segment", "business_line")),
                "segment");
    add_missing(missing,
                *metric->domain != '\0' ||
                    standard_first_said(metric->raw, STANDARD_KEYS("data_domain", "subject_domain")),
                "domain");
    add_missing(missing, standard_first_said(metric->raw, STANDARD_KEYS("process", "business_process")),
                "process");
    find_missing(run, metric, missing);
}

static void check_source(StandardRun *run, const StandardMetric *metric)
{
    if (!is_atomic(metric) || *metric->table == '\0') {
        return;
    }
    const StandardTable *table = standard_table_by_name(run->catalog, metric->table);
    const char *dot = strrchr(metric->table, '.');
    StandardLayer layer =
        table != NULL ? table->layer : standard_layer_of_name(dot != NULL ? dot + 1 : metric->table);
    const char *process = standard_first_text(metric->raw, STANDARD_KEYS("process", "business_process"));
    bool other = table != NULL && *process != '\0' && *table->process != '\0' &&
                 g_ascii_strcasecmp(process, table->process) != 0;
    if (layer != STANDARD_DWD || other) {
        StandardFinding *found =
            other ? standard_find_metric(run, metric, "drawn from %s, the detail of another process",
                                         "取自 %s，属于另一业务过程", metric->table)
                  : standard_find_metric(run, metric, "drawn from %s, which is no detail table",
                                         "取自 %s，不是明细表", metric->table);
        standard_finding_evidence(found, "source", json_string(metric->table));
    }
}

static bool has_chinese(const char *text)
{
    for (; *text != '\0'; text += g_utf8_skip[(guchar)*text]) {
        if (g_unichar_get_script(g_utf8_get_char(text)) == G_UNICODE_SCRIPT_HAN) {
            return true;
        }
    }
    return false;
}

static void check_words(StandardRun *run, const StandardMetric *metric)
{
    static const char *const EN[] = {"name_en", "en_name", "english_name", "en", NULL};
    static const char *const ZH[] = {"name_zh", "zh_name", "cn_name", "name_cn", "chinese_name",
                                     "zh",      "cn",      "label",   NULL};
    if (!is_atomic(metric)) {
        return;
    }
    g_autoptr(GPtrArray) missing = g_ptr_array_new();
    bool en_key = standard_first(metric->raw, EN) != NULL;
    add_missing(missing,
                en_key ? standard_first_said(metric->raw, EN)
                       : *metric->name != '\0' && !has_chinese(metric->name),
                "name_en");
    add_missing(missing,
                standard_first_said(metric->raw, ZH) || has_chinese(metric->title_zh) ||
                    has_chinese(metric->title_en),
                "name_zh");
    add_missing(missing,
                *metric->description != '\0' ||
                    standard_first_said(
                        metric->raw, STANDARD_KEYS("summary", "description", "desc", "comment", "caliber")),
                "summary");
    find_missing(run, metric, missing);
}

/* A function that is not set by itself may stand in the expression: "sum(amt)". */
static const char *function_of(const StandardMetric *metric)
{
    static const char *const CALLS[] = {"sum", "count", "avg", "min", "max", "count_distinct"};
    const char *said = *metric->agg != '\0'
                           ? metric->agg
                           : standard_first_text(metric->raw, STANDARD_KEYS("func", "aggregate"));
    bool key =
        standard_first(metric->raw, STANDARD_KEYS("agg", "function", "aggregation", "func", "aggregate"));
    for (size_t i = 0; !key && i < G_N_ELEMENTS(CALLS); i++) {
        size_t len = strlen(CALLS[i]);
        if (g_ascii_strncasecmp(metric->expr, CALLS[i], len) == 0 && metric->expr[len] == '(') {
            return CALLS[i];
        }
    }
    return said;
}

/* The column of "sum(amt)"; NULL when it is no call of one name. Caller frees. */
static char *argument_of(const char *expr)
{
    const char *open = strchr(expr, '(');
    const char *close = open != NULL ? strchr(open, ')') : NULL;
    if (close == NULL || close[1] != '\0') {
        return NULL;
    }
    char *name = g_strndup(open + 1, (gsize)(close - open - 1));
    return g_strstrip(name);
}

/* The type of the column that the function takes. */
static const char *argument_type(StandardRun *run, const StandardMetric *metric)
{
    const char *said = standard_first_text(
        metric->raw, STANDARD_KEYS("column_type", "arg_type", "input_type", "source_type"));
    const StandardTable *table =
        *metric->table != '\0' ? standard_table_by_name(run->catalog, metric->table) : NULL;
    g_autofree char *argument = argument_of(metric->expr);
    const char *name = *metric->column != '\0' ? metric->column : argument != NULL ? argument : metric->expr;
    const StandardColumn *column = table != NULL ? standard_column_by_name(table, name) : NULL;
    return *said != '\0' ? said : column != NULL ? column->type : data_type(metric);
}

static void check_function(StandardRun *run, const StandardMetric *metric)
{
    static const char *const NUMERIC[] = {"sum",        "avg",    "average",  "mean", "median",
                                          "percentile", "stddev", "variance", NULL};
    static const char *const TEXTS[] = {"string",   "varchar", "text", "char", "date", "timestamp",
                                        "datetime", "boolean", "bool", "json", "blob"};
    if (!is_atomic(metric)) {
        return;
    }
    const char *function = function_of(metric);
    if (*function == '\0') {
        StandardFinding *found = standard_find_metric(run, metric, "no function set", "没有设置函数");
        standard_finding_evidence(found, "function", json_string(""));
        return;
    }
    g_autofree char *type = g_ascii_strdown(argument_type(run, metric), -1);
    bool text = false;
    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        text = text || g_str_has_prefix(type, TEXTS[i]);
    }
    if (text && g_strv_contains(NUMERIC, function)) {
        StandardFinding *found =
            standard_find_metric(run, metric, "%s over %s", "函数 %s 不适用于 %s 列", function, type);
        standard_finding_evidence(found, "function", json_string(function));
        standard_finding_evidence(found, "type", json_string(type));
    }
}

/* "count_distinct" and "user_id" -> "count(distinct user_id)". Caller frees; NULL = not all is said. */
static char *expression_of(const StandardMetric *metric)
{
    const char *function = function_of(metric);
    const char *column = standard_first_text(metric->raw, STANDARD_KEYS("column", "field", "measure"));
    if (*function == '\0' || *column == '\0') {
        return NULL;
    }
    g_autofree char *text = g_str_equal(function, "count_distinct")
                                ? g_strdup_printf("count(distinct %s)", column)
                                : g_strdup_printf("%s(%s)", function, column);
    return standard_squeeze(text);
}

static void check_expression(StandardRun *run, const StandardMetric *metric)
{
    g_autofree char *expected = is_atomic(metric) && *metric->expr != '\0' ? expression_of(metric) : NULL;
    if (expected == NULL) {
        return;
    }
    g_autofree char *stored = standard_squeeze(metric->expr);
    g_autofree char *inner = standard_squeeze(metric->column);
    if (strcmp(stored, expected) != 0 && strcmp(stored, inner) != 0) {
        StandardFinding *found =
            standard_find_metric(run, metric, "its expression is %s, its function gives %s",
                                 "表达式为 %s，按函数应为 %s", stored, expected);
        standard_finding_evidence(found, "expr", json_string(stored));
        standard_finding_evidence(found, "expected", json_string(expected));
    }
}

static char *sql_of(const StandardMetric *metric)
{
    g_autofree char *made = expression_of(metric);
    const char *expr = strchr(metric->expr, '(') != NULL || made == NULL ? metric->expr : made;
    if (*expr == '\0' || *metric->table == '\0') {
        return NULL;
    }
    g_autofree char *sql = *metric->where != '\0' ? g_strdup_printf("select %s from %s where %s", expr,
                                                                    metric->table, metric->where)
                                                  : g_strdup_printf("select %s from %s", expr, metric->table);
    return standard_squeeze(sql);
}

/* Without the alias of its one column: "select sum(a) as x from t". */
static char *sql_without_alias(const char *sql)
{
    g_autofree char *squeezed = standard_squeeze(sql);
    g_autoptr(GRegex) alias = g_regex_new("\\) ?as [a-z0-9_]+ from ", 0, 0, NULL);
    g_autofree char *plain = g_regex_replace(alias, squeezed, -1, 0, ") from ", 0, NULL);
    g_autoptr(GRegex) joined = g_regex_new("\\)from ", 0, 0, NULL);
    char *text = g_regex_replace(joined, plain, -1, 0, ") from ", 0, NULL);
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] == ';') {
        text[len - 1] = '\0';
    }
    return text;
}

static void check_sql(StandardRun *run, const StandardMetric *metric)
{
    const char *stored = standard_first_text(metric->raw, STANDARD_KEYS("sql", "generated_sql", "query"));
    g_autofree char *made = is_atomic(metric) && *stored != '\0' ? sql_of(metric) : NULL;
    if (made == NULL) {
        return;
    }
    g_autofree char *expected = sql_without_alias(made);
    g_autofree char *have = sql_without_alias(stored);
    if (strcmp(have, expected) != 0) {
        StandardFinding *found = standard_find_metric(run, metric, "its SQL is not what its expression gives",
                                                      "保存的 SQL 与表达式不一致");
        standard_finding_evidence(found, "expected", json_string(expected));
    }
}

static void check_derived(StandardRun *run, const StandardMetric *metric)
{
    static const char *const NARROWING[] = {"dimensions", "dims",      "modifiers", "by",    "where",
                                            "filter",     "period",    "window",    "grain", "granularity",
                                            "modifier",   "dimension", "offset",    NULL};
    if (kind_of(metric) != STANDARD_METRIC_DERIVED) {
        return;
    }
    const StandardMetric *base = standard_metric_by_name(run, metric->of);
    bool unknown = base == NULL && *metric->of != '\0' && run->catalog->metrics->len > 1;
    g_autoptr(GPtrArray) missing = g_ptr_array_new();
    add_missing(missing, *metric->of != '\0' && !unknown && (base == NULL || is_atomic(base)),
                "atomic metric");
    add_missing(missing, standard_first_said(metric->raw, NARROWING), "dimension or modifier");
    find_missing(run, metric, missing);
}

static void note_difference(GPtrArray *differs, const char *own, const char *base, const char *what)
{
    g_autofree char *a = standard_squeeze(own);
    g_autofree char *b = standard_squeeze(base);
    if (*a != '\0' && *b != '\0' && strcmp(a, b) != 0) {
        g_ptr_array_add(differs, (gpointer)(guintptr)what);
    }
}

static void check_inherits(StandardRun *run, const StandardMetric *metric)
{
    const StandardMetric *base =
        kind_of(metric) == STANDARD_METRIC_DERIVED ? standard_metric_by_name(run, metric->of) : NULL;
    if (base == NULL || base == metric) {
        return;
    }
    g_autoptr(GPtrArray) differs = g_ptr_array_new();
    note_difference(differs, data_type(metric), data_type(base), "type");
    g_autofree char *own = text_of_value(json_object_get(metric->raw, "precision"));
    g_autofree char *other = text_of_value(json_object_get(base->raw, "precision"));
    note_difference(differs, own, other, "precision");
    note_difference(differs, metric->unit, base->unit, "unit");
    g_autofree char *additive =
        text_of_value(standard_first(metric->raw, STANDARD_KEYS("additive", "additivity")));
    g_autofree char *base_additive =
        text_of_value(standard_first(base->raw, STANDARD_KEYS("additive", "additivity")));
    note_difference(differs, additive, base_additive, "additivity");
    if (differs->len > 0) {
        g_autofree char *list = standard_join(differs);
        StandardFinding *found = standard_find_metric(run, metric, "not inherited from %s: %s",
                                                      "未继承 %s 的属性：%s", base->name, list);
        standard_finding_evidence(found, "base", json_string(base->name));
        standard_finding_evidence(found, "differs", json_string(list));
    }
}

const StandardCheck standard_checks_me[] = {
    {.rule = STANDARD_ME_01, .catalog = check_homonyms},
    {.rule = STANDARD_ME_02, .catalog = check_synonyms},
    {.rule = STANDARD_ME_03, .catalog = check_names_apart},
    {.rule = STANDARD_ME_04, .catalog = check_one_outlet},
    {.rule = STANDARD_ME_05, .column = check_bound},
    {.rule = STANDARD_ME_06, .metric = check_place},
    {.rule = STANDARD_ME_07, .metric = check_source},
    {.rule = STANDARD_ME_08, .metric = check_words},
    {.rule = STANDARD_ME_09, .metric = check_function},
    {.rule = STANDARD_ME_10, .metric = check_expression},
    {.rule = STANDARD_ME_11, .metric = check_sql},
    {.rule = STANDARD_ME_12, .metric = check_derived},
    {.rule = STANDARD_ME_13, .metric = check_inherits},
    {.rule = STANDARD_ME_14, .catalog = check_published},
    STANDARD_CHECKS_END,
};
