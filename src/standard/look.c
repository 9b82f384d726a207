#include "standard/look.h"

#include <string.h>

const json_t *standard_first(const json_t *raw, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const json_t *value = json_object_get(raw, *keys);
        if (value != NULL) {
            return value;
        }
    }
    return NULL;
}

const char *standard_first_text(const json_t *raw, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const char *text = standard_raw_text(raw, *keys);
        if (*text != '\0') {
            return text;
        }
    }
    return "";
}

gint64 standard_first_int(const json_t *raw, const char *const *keys, gint64 fallback)
{
    for (; *keys != NULL; keys++) {
        if (standard_raw_has(raw, *keys)) {
            return standard_raw_int(raw, *keys, fallback);
        }
    }
    return fallback;
}

bool standard_first_bool(const json_t *raw, const char *const *keys, bool fallback)
{
    for (; *keys != NULL; keys++) {
        if (standard_raw_has(raw, *keys)) {
            return standard_raw_bool(raw, *keys, fallback);
        }
    }
    return fallback;
}

static bool said(const json_t *value)
{
    if (json_is_string(value)) {
        return *json_string_value(value) != '\0';
    }
    if (json_is_array(value) || json_is_object(value)) {
        return json_array_size(value) + json_object_size(value) > 0;
    }
    return value != NULL && !json_is_null(value) && !json_is_false(value);
}

bool standard_first_said(const json_t *raw, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        if (said(json_object_get(raw, *keys))) {
            return true;
        }
    }
    return false;
}

gint64 standard_first_count(const json_t *raw, const char *const *keys, gint64 fallback)
{
    const json_t *value = standard_first(raw, keys);
    if (json_is_array(value)) {
        return (gint64)json_array_size(value);
    }
    if (json_is_object(value)) {
        return (gint64)json_object_size(value);
    }
    return standard_first_int(raw, keys, fallback);
}

/* ---- partitions -------------------------------------------------------------------------------------------
 */

bool standard_is_day_name(const char *column)
{
    static const char *const NAMES[] = {"dt",    "ds",   "day",   "date", "pt",    "p_date",
                                        "p_day", "pday", "pdate", "ymd",  "daily", NULL};
    g_autofree char *lower = g_ascii_strdown(column, -1);
    return g_strv_contains(NAMES, lower) || g_str_has_suffix(lower, "_date") ||
           g_str_has_suffix(lower, "_day") || g_str_has_suffix(lower, "_dt");
}

/* `partition: {by: pay_time, unit: day}` */
static bool unit_is_day(const StandardTable *table)
{
    const json_t *partition =
        standard_first(table->raw, STANDARD_KEYS("partition", "partitions", "partitioned_by"));
    const char *unit = standard_first_text(partition, STANDARD_KEYS("unit", "grain"));
    unit = *unit != '\0' ? unit : standard_raw_text(table->raw, "partition_unit");
    return g_ascii_strcasecmp(unit, "day") == 0 || g_ascii_strcasecmp(unit, "hour") == 0 ||
           g_ascii_strcasecmp(unit, "daily") == 0 || g_ascii_strcasecmp(unit, "d") == 0;
}

static bool unit_is_longer(const StandardTable *table)
{
    const json_t *partition =
        standard_first(table->raw, STANDARD_KEYS("partition", "partitions", "partitioned_by"));
    const char *unit = standard_first_text(partition, STANDARD_KEYS("unit", "grain"));
    unit = *unit != '\0' ? unit
                         : standard_first_text(
                               table->raw, STANDARD_KEYS("partition_unit", "partition_grain", "frequency"));
    static const char *const LONGER[] = {"week",    "weekly", "w", "month", "monthly", "m",
                                         "quarter", "year",   "q", "y",     NULL};
    g_autofree char *lower = g_ascii_strdown(unit, -1);
    return g_strv_contains(LONGER, lower);
}

const char *standard_day_column(const StandardTable *table)
{
    for (guint i = 0; i < table->partitions->len; i++) {
        const char *name = g_ptr_array_index(table->partitions, i);
        const StandardColumn *column = standard_column_by_name(table, name);
        if (standard_is_day_name(name) || unit_is_day(table) ||
            (column != NULL &&
             (g_str_has_prefix(column->type, "date") || g_str_has_prefix(column->type, "timestamp")))) {
            return name;
        }
    }
    /* an incremental model replaces days of its time column: they are its partitions */
    const CatalogModelInfo *model = table->object != NULL ? table->object->model : NULL;
    return model != NULL ? model->time : NULL;
}

bool standard_by_day(const StandardTable *table)
{
    return standard_day_column(table) != NULL && !unit_is_longer(table);
}

bool standard_layer_between(const StandardTable *table, StandardLayer low, StandardLayer high)
{
    return table->layer >= low && table->layer <= high;
}

bool standard_above_ods(const StandardTable *table)
{
    return table->layer == STANDARD_LAYER_NONE || standard_layer_between(table, STANDARD_DIM, STANDARD_APP);
}

/* ---- codes -------------------------------------------------------------------------------------------- */

const json_t *standard_accepted(const StandardTable *table, const StandardColumn *column)
{
    static const char *const KEYS[] = {"accepted", "accepted_values", "enum",     "values", "code_set",
                                       "codes",    "expected",        "baseline", NULL};
    const json_t *said = standard_first(column->raw, KEYS);
    const json_t *values = json_is_object(said) && json_object_get(said, "values") != NULL
                               ? json_object_get(said, "values")
                               : said;
    const json_t *checks = json_object_get(table->raw, "checks");
    size_t i = 0;
    const json_t *check = NULL;
    json_array_foreach (checks, i, check) {
        if (g_str_equal(base_json_string(check, "type", ""), "accepted_values") &&
            g_ascii_strcasecmp(base_json_string(check, "column", ""), column->name) == 0) {
            values = json_object_get(check, "values");
        }
    }
    return json_array_size(values) + json_object_size(values) > 0 ? values : NULL;
}

char *standard_code_text(const json_t *one)
{
    const json_t *value = json_is_object(one) ? standard_first(one, STANDARD_KEYS("value", "code")) : one;
    return standard_value_text(value);
}

bool standard_accepts(const json_t *accepted, const char *value)
{
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (accepted, i, one) {
        g_autofree char *text = standard_code_text(one);
        if (strcmp(text, value) == 0) {
            return true;
        }
    }
    return json_is_object(accepted) && json_object_get(accepted, value) != NULL;
}

/* ---- metrics --------------------------------------------------------------------------------------- */

/* An export may write the kind under `kind` and a data type under `type`, or the kind under `type`. */
StandardMetricKind standard_metric_kind(const StandardMetric *metric)
{
    static const char *const KEYS[] = {"type", "kind", "class", "metric_type", "level"};
    static const struct {
        const char *word;
        StandardMetricKind kind;
    } WORDS[] = {{"atomic", STANDARD_METRIC_ATOMIC},       {"base", STANDARD_METRIC_ATOMIC},
                 {"basic", STANDARD_METRIC_ATOMIC},        {"derived", STANDARD_METRIC_DERIVED},
                 {"composite", STANDARD_METRIC_COMPOSITE}, {"compound", STANDARD_METRIC_COMPOSITE}};
    for (size_t k = 0; k < G_N_ELEMENTS(KEYS); k++) {
        const char *text = standard_raw_text(metric->raw, KEYS[k]);
        for (size_t w = 0; w < G_N_ELEMENTS(WORDS); w++) {
            if (g_ascii_strcasecmp(text, WORDS[w].word) == 0) {
                return WORDS[w].kind;
            }
        }
    }
    return STANDARD_METRIC_UNSAID;
}

/* Keys of a metric: its name, "@table", "@table.column". The first metric of a key stays. */
static void index_metric(GHashTable *index, const StandardMetric *metric)
{
    const char *dot = strrchr(metric->table, '.');
    const char *from = dot != NULL ? dot + 1 : metric->table;
    char *keys[] = {g_strdup(metric->name), g_strdup_printf("@%s", from),
                    g_strdup_printf("@%s.%s", from, metric->column),
                    g_strdup_printf("@%s.%s", from, metric->expr)};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        char *key = g_ascii_strdown(keys[i], -1);
        g_free(keys[i]);
        if (g_hash_table_contains(index, key)) {
            g_free(key);
        } else {
            g_hash_table_insert(index, key, (gpointer)(guintptr)metric);
        }
    }
}

static gpointer make_metrics(StandardRun *run)
{
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < run->catalog->metrics->len; i++) {
        index_metric(index, g_ptr_array_index(run->catalog->metrics, i));
    }
    return index;
}

static void free_metrics(gpointer index)
{
    g_hash_table_unref(index);
}

static const StandardMetric *metric_at(StandardRun *run, const char *key)
{
    g_autofree char *folded = g_ascii_strdown(key, -1);
    return g_hash_table_lookup(standard_memo(run, "metrics", make_metrics, free_metrics), folded);
}

const StandardMetric *standard_metric_by_name(StandardRun *run, const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *bare = dot != NULL ? dot + 1 : name;
    return *bare != '\0' && *bare != '@' ? metric_at(run, bare) : NULL;
}

bool standard_metric_draws(StandardRun *run, const StandardTable *table, const char *column)
{
    g_autofree char *key =
        column != NULL ? g_strdup_printf("@%s.%s", table->name, column) : g_strdup_printf("@%s", table->name);
    return metric_at(run, key) != NULL;
}

/* ---- retention
 * ---------------------------------------------------------------------------------------------- */

const char *standard_reason(const StandardTable *table)
{
    const json_t *lifecycle = json_object_get(table->raw, "lifecycle");
    const char *reason = standard_first_text(lifecycle, STANDARD_KEYS("reason"));
    return *reason != '\0'
               ? reason
               : standard_first_text(table->raw, STANDARD_KEYS("keep_reason", "reason", "retention_reason"));
}

/* "ods_order_delta" -> "ods_order" */
static char *stem_of(const char *name)
{
    static const char *const ENDINGS[] = {"_delta", "_di", "_i", "_inc", "_incremental", "_log"};
    for (size_t i = 0; i < G_N_ELEMENTS(ENDINGS); i++) {
        if (g_str_has_suffix(name, ENDINGS[i])) {
            return g_strndup(name, strlen(name) - strlen(ENDINGS[i]));
        }
    }
    return NULL;
}

bool standard_full_beside(const StandardRun *run, const StandardTable *table)
{
    static const char *const KEYS[] = {"full_table",  "has_full", "has_full_table", "full_beside", "full",
                                       "full_exists", NULL};
    const json_t *said = standard_first(table->raw, KEYS);
    if (said != NULL) {
        return standard_first_said(table->raw, KEYS);
    }
    static const char *const ENDINGS[] = {"", "_full", "_f", "_a", "_df", "_all", "_base"};
    g_autofree char *stem = stem_of(table->name);
    for (size_t i = 0; stem != NULL && i < G_N_ELEMENTS(ENDINGS); i++) {
        g_autofree char *name = g_strconcat(stem, ENDINGS[i], NULL);
        const StandardTable *other = standard_table_by_name(run->catalog, name);
        if (other != NULL && other != table && !other->implied && other->kind != STANDARD_INCREMENTAL) {
            return true;
        }
    }
    return false;
}

StandardOdsType standard_ods_type(const StandardTable *table)
{
    if (table->layer != STANDARD_ODS && table->layer != STANDARD_LAYER_NONE) {
        return STANDARD_ODS_NONE;
    }
    StandardOdsType type = standard_ods_type_by_name(table->type_text);
    bool full = type == STANDARD_ODS_FLOW_FULL || type == STANDARD_ODS_MIRROR_FULL;
    return full && table->kind == STANDARD_INCREMENTAL ? STANDARD_ODS_DELTA : type;
}

gint64 standard_span_days(const StandardTable *table)
{
    return standard_first_int(table->raw,
                              STANDARD_KEYS("span", "span_days", "max_span", "max_span_days", "access_span",
                                            "max_access_span", "access_span_days"),
                              STANDARD_UNKNOWN);
}

const char *standard_span_profile(const StandardRun *run)
{
    const char *profile = standard_config_profile(run->config);
    gint64 days = 0;
    return standard_retention_by_span(profile, 0, &days) ? profile : "v4";
}

/* ---- texts
 * -------------------------------------------------------------------------------------------------- */

char *standard_days_show(gint64 days)
{
    return days == STANDARD_KEEP_FOREVER   ? g_strdup("∞")
           : days == STANDARD_KEEP_UNKNOWN ? g_strdup("?")
                                           : g_strdup_printf("%" G_GINT64_FORMAT " d", days);
}

json_t *standard_days_json(gint64 days)
{
    return days == STANDARD_KEEP_FOREVER ? json_null() : json_integer(days);
}

char *standard_join(const GPtrArray *texts)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < texts->len; i++) {
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", (const char *)g_ptr_array_index(texts, i));
    }
    return g_string_free(out, FALSE);
}

guint standard_words_before_tail(char *const *words)
{
    guint n = g_strv_length((char **)(guintptr)words);
    while (n > 1 && (standard_is_period(words[n - 1]) || standard_is_aggregation(words[n - 1]))) {
        n--;
    }
    return n;
}

bool standard_ends_in(const char *name, const char *const *roots)
{
    g_auto(GStrv) words = g_strsplit(name, "_", -1);
    guint n = standard_words_before_tail(words);
    return n > 0 && g_strv_contains(roots, words[n - 1]);
}

/* ---- what is read --------------------------------------------------------------------------------- */

static void add_inputs(const StandardTable *table, GPtrArray *to, guint depth)
{
    for (guint i = 0; depth < 16 && i < table->reads->len; i++) {
        StandardTable *input = g_ptr_array_index(table->reads, i);
        bool passing = input->layer == STANDARD_MID || input->layer == STANDARD_TMP;
        if (passing) {
            add_inputs(input, to, depth + 1);
        } else if (input != table && !g_ptr_array_find(to, input, NULL)) {
            g_ptr_array_add(to, input);
        }
    }
}

void standard_inputs(const StandardTable *table, GPtrArray *to)
{
    add_inputs(table, to, 0);
}

/* A space stays where it parts two words. */
char *standard_squeeze(const char *expression)
{
    GString *out = g_string_new(NULL);
    char quote = '\0';
    for (const char *c = expression; *c != '\0'; c++) {
        if (quote != '\0') {
            g_string_append_c(out, *c);
            quote = *c == quote ? '\0' : quote;
        } else if (*c == '\'' || *c == '"') {
            quote = *c;
            g_string_append_c(out, *c);
        } else if (g_ascii_isspace(*c)) {
            bool word_before =
                out->len > 0 && (g_ascii_isalnum(out->str[out->len - 1]) || out->str[out->len - 1] == '_');
            while (g_ascii_isspace(c[1])) {
                c++;
            }
            if (word_before && (g_ascii_isalnum(c[1]) || c[1] == '_')) {
                g_string_append_c(out, ' ');
            }
        } else {
            g_string_append_c(out, g_ascii_tolower(*c));
        }
    }
    return g_string_free(out, FALSE);
}
