/* Rules of section III.3: facts (DW). */
#include "standard/look.h"

#include <string.h>

static bool in_dwd(const StandardTable *table)
{
    return table->layer == STANDARD_DWD;
}

static bool is_fact(const StandardTable *table, StandardFact fact)
{
    return table->fact == fact && (in_dwd(table) || table->layer == STANDARD_LAYER_NONE);
}

static bool has_word(const char *name, const char *const *words)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    g_auto(GStrv) parts = g_strsplit_set(lower, "_- .", -1);
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (g_strv_contains(words, parts[i])) {
            return true;
        }
    }
    return false;
}

static void check_by_day(StandardRun *run, StandardTable *table)
{
    bool one = table->kind == STANDARD_FULL || table->kind == STANDARD_ZIPPER ||
               table->kind == STANDARD_VIEW || table->kind == STANDARD_MANUAL;
    if (in_dwd(table) && !one && !standard_by_day(table)) {
        StandardFinding *found = standard_find_table(run, table, "not parted by day", "没有按天分区");
        standard_finding_set(found, "partition", "dt");
    }
}

static void check_span(StandardRun *run, StandardTable *table)
{
    if (in_dwd(table)) {
        standard_check_span(run, table);
    }
}

static void check_fact_type(StandardRun *run, StandardTable *table)
{
    if (!in_dwd(table) || table->kind == STANDARD_MANUAL) {
        return;
    }
    if (table->fact == STANDARD_FACT_NONE) {
        standard_find_table(run, table, "no type of fact declared", "没有声明事实类型");
    } else if (table->fact == STANDARD_FACT_OTHER) {
        standard_find_table(run, table, "`%s` is no type of fact", "`%s` 不是有效的事实类型",
                            table->fact_text);
    }
}

/* ---- transactions
 * --------------------------------------------------------------------------------------------------- */

static bool has_metric(StandardRun *run, const StandardTable *table)
{
    return standard_metric_draws(run, table, NULL) ||
           standard_first_said(table->raw,
                               STANDARD_KEYS("metrics", "consumers", "consumer", "used_by", "demands"));
}

static void check_needed(StandardRun *run, StandardTable *table)
{
    if (is_fact(table, STANDARD_FACT_TRANSACTION) && table->readers <= 0 && table->read_by->len == 0 &&
        !has_metric(run, table)) {
        standard_find_table(run, table, "nothing reads it and no metric is drawn from it",
                            "既没有下游读取，也没有指标取自它");
    }
}

/* What the partition holds: the time of the event, or of the load. */
static const char *partition_source(const StandardTable *table)
{
    static const char *const KEYS[] = {"partition_source",
                                       "partition_from",
                                       "partition_expr",
                                       "partition_basis",
                                       "partition_time",
                                       "partition_of",
                                       "partition_by",
                                       "dt_source",
                                       "dt_from",
                                       "dt",
                                       NULL};
    const char *said = standard_first_text(table->raw, KEYS);
    const json_t *partition = json_object_get(table->raw, "partition");
    said = *said != '\0' ? said : standard_first_text(partition, STANDARD_KEYS("from", "source", "expr"));
    return *said != '\0'                ? said
           : table->partitions->len > 0 ? (const char *)g_ptr_array_index(table->partitions, 0)
                                        : "";
}

static void check_event_time(StandardRun *run, StandardTable *table)
{
    static const char *const LOADS[] = {"load", "loaded", "etl",     "ingest",     "ingestion",
                                        "sync", "import", "process", "processing", "arrival",
                                        "run",  "batch",  "now",     "insert",     NULL};
    if (!is_fact(table, STANDARD_FACT_TRANSACTION)) {
        return;
    }
    const char *source = partition_source(table);
    const char *event =
        standard_first_text(table->raw, STANDARD_KEYS("event_time", "event_date", "event_column"));
    bool other = *event != '\0' && !standard_is_day_name(source) && g_ascii_strcasecmp(source, event) != 0 &&
                 strstr(source, event) == NULL;
    if (*source != '\0' && (has_word(source, LOADS) || other)) {
        StandardFinding *found = standard_find_table(run, table, "parted by %s, not by the time of the event",
                                                     "按 %s 分区，而不是事件时间", source);
        standard_finding_evidence(found, "partition", json_string(source));
    }
}

/* The largest share of reads that want the same part: a number, or of [{filter, share}]. */
static double subset_share(const StandardTable *table)
{
    static const char *const KEYS[] = {"subset_share", "filter_share",  "same_filter_share",
                                       "filters",      "filter_shares", NULL};
    const json_t *said = standard_first(table->raw, KEYS);
    double most = json_number_value(said);
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (said, i, one) {
        most = MAX(most, json_number_value(standard_first(one, STANDARD_KEYS("share", "ratio"))));
    }
    const char *name = NULL;
    json_t *value = NULL;
    json_t *map = json_is_object(said) ? (json_t *)(guintptr)said : NULL;
    json_object_foreach (map, name, value) {
        most = MAX(most, json_number_value(value));
    }
    return most;
}

static void check_subset(StandardRun *run, StandardTable *table)
{
    double share = is_fact(table, STANDARD_FACT_TRANSACTION) ? subset_share(table) : 0;
    bool there = standard_first_said(table->raw, STANDARD_KEYS("subset", "subsets", "has_subset"));
    if (!there && share * 100 >= (double)standard_config_limit(run->config, "filter_percent", 80)) {
        StandardFinding *found =
            standard_find_table(run, table, "%.3g %% of its reads want the same part of it",
                                "%.3g%% 的读取只用同一部分", share * 100);
        standard_finding_evidence(found, "share", json_real(share));
    }
}

static guint joined_readers(const StandardTable *fact, const StandardTable *dim)
{
    guint n = 0;
    for (guint i = 0; i < fact->read_by->len; i++) {
        const StandardTable *reader = g_ptr_array_index(fact->read_by, i);
        n += g_ptr_array_find(reader->reads, dim, NULL) ? 1 : 0;
    }
    return n;
}

static void check_degenerate(StandardRun *run, StandardTable *table)
{
    gint64 limit = standard_config_limit(run->config, "join_readers", 3);
    if (!is_fact(table, STANDARD_FACT_TRANSACTION)) {
        return;
    }
    for (guint r = 0; r < table->read_by->len; r++) {
        const StandardTable *reader = g_ptr_array_index(table->read_by, r);
        for (guint i = 0; i < reader->reads->len; i++) {
            const StandardTable *dim = g_ptr_array_index(reader->reads, i);
            guint n = dim->layer == STANDARD_DIM ? joined_readers(table, dim) : 0;
            if ((gint64)n >= limit) {
                StandardFinding *found = standard_find_table(run, table, "%u readers join it to %s",
                                                             "%u 个下游把它与 %s 关联", n, dim->name);
                standard_finding_evidence(found, "dimension", json_string(dim->name));
                standard_finding_evidence(found, "readers", json_integer(n));
                return;
            }
        }
    }
}

/* ---- periodic snapshots
 * --------------------------------------------------------------------------------------------------- */

static const char *const PERIODS[] = {"hour",  "day",    "week",    "month",     "quarter", "year", "hourly",
                                      "daily", "weekly", "monthly", "quarterly", "yearly",  "h",    "d",
                                      "w",     "m",      "q",       "y",         "1h",      "1d",   "1w",
                                      "1m",    "1q",     "1y",      NULL};

static void add_periods(GPtrArray *periods, const json_t *value)
{
    size_t i = 0;
    const json_t *one = NULL;
    const char *text = json_string_value(value);
    if (text != NULL && !standard_any(periods, text)) {
        g_ptr_array_add(periods, (gpointer)(guintptr)text);
    }
    json_array_foreach (value, i, one) {
        add_periods(periods, one);
    }
}

/* Words of a grain that are periods: [["shop", "day"], ["shop", "month"]]. */
static void add_grain_periods(GPtrArray *periods, const json_t *grain)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    add_periods(words, grain);
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        if (g_strv_contains(PERIODS, word) && !standard_any(periods, word)) {
            g_ptr_array_add(periods, (gpointer)(guintptr)word);
        }
    }
}

static void check_one_period(StandardRun *run, StandardTable *table)
{
    if (!is_fact(table, STANDARD_FACT_PERIODIC)) {
        return;
    }
    g_autoptr(GPtrArray) periods = g_ptr_array_new();
    add_periods(periods, standard_first(table->raw, STANDARD_KEYS("period", "periods", "snapshot_period",
                                                                  "statistic_period")));
    add_grain_periods(periods, standard_first(table->raw, STANDARD_KEYS("grain", "grains")));
    bool standard_period = periods->len == 1 && (g_strv_contains(PERIODS, g_ptr_array_index(periods, 0)) ||
                                                 standard_is_period(g_ptr_array_index(periods, 0)));
    if (!standard_period) {
        g_autofree char *list = standard_join(periods);
        StandardFinding *found = standard_find_table(run, table, "no single standard period (%s)",
                                                     "没有唯一的标准周期（%s）", *list != '\0' ? list : "-");
        standard_finding_evidence(found, "periods", json_string(list));
    }
}

static bool is_process(const StandardRun *run, const StandardTable *table, const char *word)
{
    static const char *const EVENTS[] = {
        "order", "trade",   "pay",    "payment", "transaction", "trans",  "txn",  "event",   "log", "click",
        "bill",  "invoice", "refund", "ship",    "shipment",    "detail", "flow", "request", NULL};
    size_t i = 0;
    const json_t *process = NULL;
    json_array_foreach (run->catalog->processes, i, process) {
        const char *name =
            json_is_string(process) ? json_string_value(process) : standard_raw_text(process, "name");
        if (g_ascii_strcasecmp(name, word) == 0) {
            return true;
        }
    }
    return g_strv_contains(EVENTS, word) || g_ascii_strcasecmp(table->process, word) == 0;
}

/* order_id, pay_no: the identity of an event. */
static bool is_event_id(const StandardRun *run, const StandardTable *table, const char *name)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    const char *cut = strrchr(lower, '_');
    static const char *const IDS[] = {"id", "no", "sn", "code", "key", "number", NULL};
    if (cut == NULL || !g_strv_contains(IDS, cut + 1)) {
        return false;
    }
    g_autofree char *stem = g_strndup(lower, (gsize)(cut - lower));
    const char *last = strrchr(stem, '_');
    return is_process(run, table, last != NULL ? last + 1 : stem);
}

static void check_period_grain(StandardRun *run, StandardTable *table)
{
    if (!is_fact(table, STANDARD_FACT_PERIODIC)) {
        return;
    }
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    for (guint i = 0; i < table->key->len; i++) {
        g_ptr_array_add(parts, g_ptr_array_index(table->key, i));
    }
    add_periods(parts, standard_first(table->raw, STANDARD_KEYS("grain", "grains")));
    for (guint i = 0; i < parts->len; i++) {
        const char *part = g_ptr_array_index(parts, i);
        bool bare = i >= table->key->len && is_process(run, table, part);
        if (bare || is_event_id(run, table, part) || g_str_equal(part, "transaction") ||
            g_str_equal(part, "event")) {
            StandardFinding *found = standard_find_table(
                run, table, "%s in its key is an event, not a period", "主键中的 %s 是事件，不是周期", part);
            standard_finding_evidence(found, "column", json_string(part));
            return;
        }
    }
}

static void check_finer_fact(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    const char *grain = standard_first_text(column->raw, STANDARD_KEYS("grain", "level", "fact_grain"));
    static const char *const WORDS[] = {"transaction", "event", "detail", "line", "item_line", NULL};
    if (is_fact(table, STANDARD_FACT_PERIODIC) && *grain != '\0' &&
        (g_strv_contains(WORDS, grain) || is_process(run, table, grain))) {
        StandardFinding *found =
            standard_find_column(run, table, column, "a fact of the grain %s", "该事实的粒度为 %s", grain);
        standard_finding_evidence(found, "grain", json_string(grain));
    }
}

/* ---- accumulating snapshots
 * -------------------------------------------------------------------------------------------------- */

/* Of a list: those with a time, each once. One without a name is another. */
static gint64 count_milestones(const json_t *list)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        const char *said = standard_first_text(one, STANDARD_KEYS("name", "milestone", "process", "step"));
        const char *name = json_is_string(one) ? json_string_value(one) : said;
        bool timed = !json_is_object(one) ||
                     standard_first_said(one, STANDARD_KEYS("time", "column", "at", "timestamp"));
        if (timed) {
            g_hash_table_add(seen, *name != '\0' ? g_ascii_strdown(name, -1) : g_strdup_printf("#%zu", i));
        }
    }
    return g_hash_table_size(seen);
}

static void check_milestones(StandardRun *run, StandardTable *table)
{
    if (!is_fact(table, STANDARD_FACT_ACCUMULATING)) {
        return;
    }
    const json_t *list = standard_first(table->raw, STANDARD_KEYS("milestones", "processes", "steps"));
    gint64 n = json_is_object(list)    ? (gint64)json_object_size(list)
               : json_is_integer(list) ? json_integer_value(list)
                                       : count_milestones(list);
    if (n < 2) {
        StandardFinding *found = standard_find_table(
            run, table, "%" G_GINT64_FORMAT " milestones with a time; two or more are asked for",
            "有时间的里程碑只有 %" G_GINT64_FORMAT " 个，至少需要两个", n);
        standard_finding_evidence(found, "count", json_integer(n));
    }
}

static bool is_lag(const StandardColumn *column)
{
    static const char *const ROLES[] = {"lag", "duration", "interval", NULL};
    static const char *const WORDS[] = {"lag", "dur", "duration", "elapsed", "interval", NULL};
    return g_strv_contains(ROLES, column->role) || has_word(column->name, WORDS) ||
           strstr(column->name, "_to_") != NULL;
}

static void check_lags(StandardRun *run, StandardTable *table)
{
    bool any =
        standard_first_said(table->raw, STANDARD_KEYS("lags", "intervals", "durations", "lag_measures"));
    for (guint c = 0; !any && c < table->columns->len; c++) {
        any = is_lag(g_ptr_array_index(table->columns, c));
    }
    if (is_fact(table, STANDARD_FACT_ACCUMULATING) && !any) {
        standard_find_table(run, table, "no measure of the time between milestones",
                            "没有里程碑之间的时长度量");
    }
}

static void check_few(StandardRun *run, StandardTable *table)
{
    if (!is_fact(table, STANDARD_FACT_ACCUMULATING)) {
        return;
    }
    guint n = 0;
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        const StandardTable *other = g_ptr_array_index(run->catalog->tables, t);
        n += is_fact(other, STANDARD_FACT_ACCUMULATING) &&
                     g_ascii_strcasecmp(other->process, table->process) == 0
                 ? 1
                 : 0;
    }
    if ((gint64)n > standard_config_limit(run->config, "accumulating", 3)) {
        StandardFinding *found = standard_find_table(
            run, table, "one of %u accumulating snapshots of one process", "同一过程的 %u 张累积快照之一", n);
        standard_finding_evidence(found, "count", json_integer(n));
    }
}

const StandardCheck standard_checks_dw[] = {
    {.rule = STANDARD_DW_01, .table = check_by_day},
    {.rule = STANDARD_DW_02, .table = check_span},
    {.rule = STANDARD_DW_03, .table = check_fact_type},
    {.rule = STANDARD_DW_04, .table = check_needed},
    {.rule = STANDARD_DW_05, .table = check_event_time},
    {.rule = STANDARD_DW_06, .table = check_subset},
    {.rule = STANDARD_DW_07, .table = check_degenerate},
    {.rule = STANDARD_DW_08, .table = check_one_period},
    {.rule = STANDARD_DW_09, .table = check_period_grain},
    {.rule = STANDARD_DW_10, .column = check_finer_fact},
    {.rule = STANDARD_DW_11, .table = check_milestones},
    {.rule = STANDARD_DW_12, .table = check_lags},
    {.rule = STANDARD_DW_13, .table = check_few},
    STANDARD_CHECKS_END,
};
