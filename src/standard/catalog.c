/* A catalog to be judged: what an export and a project have in common. */
#include "standard/standard_int.h"

#include <string.h>

#include "base/time.h"

/* ---- words ------------------------------------------------------------------------------------------- */

typedef struct {
    const char *word;
    int value;
} Word;

static int word_value(const Word *words, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (g_ascii_strcasecmp(words[i].word, text) == 0) {
            return words[i].value;
        }
    }
    return 0;
}
#define WORD_VALUE(words, text) word_value(words, G_N_ELEMENTS(words), text)

static const Word LAYERS[] = {{"ods", STANDARD_ODS}, {"dim", STANDARD_DIM}, {"dwd", STANDARD_DWD},
                              {"dwm", STANDARD_DWM}, {"dws", STANDARD_DWS}, {"app", STANDARD_APP},
                              {"mid", STANDARD_MID}, {"tmp", STANDARD_TMP}, {"dm", STANDARD_DWM},
                              {"ads", STANDARD_APP}};
static const Word KINDS[] = {{"incremental", STANDARD_INCREMENTAL},
                             {"increment", STANDARD_INCREMENTAL},
                             {"delta", STANDARD_INCREMENTAL},
                             {"full", STANDARD_FULL},
                             {"snapshot", STANDARD_SNAPSHOT},
                             {"daily_snapshot", STANDARD_SNAPSHOT},
                             {"zipper", STANDARD_ZIPPER},
                             {"scd2", STANDARD_ZIPPER},
                             {"view", STANDARD_VIEW},
                             {"manual", STANDARD_MANUAL}};
static const Word TYPES[] = {{"event_flow", STANDARD_EVENT_FLOW},
                             {"flow", STANDARD_EVENT_FLOW},
                             {"event_mirror", STANDARD_EVENT_MIRROR},
                             {"mirror", STANDARD_EVENT_MIRROR},
                             {"dim", STANDARD_DIMENSION},
                             {"dimension", STANDARD_DIMENSION},
                             {"merge_full", STANDARD_MERGE_FULL},
                             {"etl_temp", STANDARD_ETL_TEMP},
                             {"tt_temp", STANDARD_TT_TEMP},
                             {"dbsync_temp", STANDARD_TT_TEMP},
                             {"ordinary_full", STANDARD_ORDINARY_FULL},
                             {"normal_full", STANDARD_ORDINARY_FULL}};
static const Word FACTS[] = {
    {"transaction", STANDARD_FACT_TRANSACTION},   {"periodic_snapshot", STANDARD_FACT_PERIODIC},
    {"periodic", STANDARD_FACT_PERIODIC},         {"accumulating_snapshot", STANDARD_FACT_ACCUMULATING},
    {"accumulating", STANDARD_FACT_ACCUMULATING}, {"cumulative_snapshot", STANDARD_FACT_ACCUMULATING}};
static const Word STABILITIES[] = {
    {"stable", STANDARD_STABLE}, {"exploratory", STANDARD_EXPLORATORY}, {"unstable", STANDARD_EXPLORATORY}};

const char *standard_layer_name(StandardLayer layer)
{
    static const char *const NAMES[] = {"", "ods", "dim", "dwd", "dwm", "dws", "app", "mid", "tmp"};
    return NAMES[layer];
}

StandardLayer standard_layer_by_name(const char *text)
{
    return (StandardLayer)WORD_VALUE(LAYERS, text);
}

StandardLayer standard_layer_of_name(const char *table_name)
{
    const char *end = strchr(table_name, '_');
    char prefix[4] = "";
    if (end == NULL || end - table_name > 3) {
        return STANDARD_LAYER_NONE;
    }
    memcpy(prefix, table_name, (size_t)(end - table_name));
    return standard_layer_by_name(prefix);
}

/* ---- texts ----------------------------------------------------------------------------------------------
 */

const char *standard_keep(StandardCatalog *catalog, const char *text)
{
    return text == NULL || *text == '\0' ? "" : g_string_chunk_insert_const(catalog->strings, text);
}

const char *standard_keep_lower(StandardCatalog *catalog, const char *text)
{
    g_autofree char *lower = text != NULL ? g_ascii_strdown(text, -1) : NULL;
    return standard_keep(catalog, lower);
}

/* ---- parts ----------------------------------------------------------------------------------------------
 */

static void free_column(StandardColumn *column)
{
    g_free(column);
}

static void free_table(StandardTable *table)
{
    g_ptr_array_unref(table->key);
    g_ptr_array_unref(table->partitions);
    g_ptr_array_unref(table->columns);
    g_ptr_array_unref(table->reads);
    g_ptr_array_unref(table->read_by);
    standard_sql_free(table->facts);
    standard_name_free(table->name_parts);
    g_free(table);
}

static void free_root(StandardRoot *root)
{
    g_ptr_array_unref(root->aliases);
    g_free(root);
}

StandardCatalog *standard_catalog_new(void)
{
    StandardCatalog *catalog = g_new0(StandardCatalog, 1);
    catalog->strings = g_string_chunk_new(1 << 16);
    catalog->tables = g_ptr_array_new_with_free_func((GDestroyNotify)free_table);
    catalog->implied = g_ptr_array_new_with_free_func((GDestroyNotify)free_table);
    catalog->metrics = g_ptr_array_new_with_free_func(g_free);
    catalog->roots = g_ptr_array_new_with_free_func((GDestroyNotify)free_root);
    catalog->syncs = g_ptr_array_new_with_free_func(g_free);
    catalog->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    catalog->words = g_hash_table_new(g_str_hash, g_str_equal);
    return catalog;
}

void standard_catalog_free(StandardCatalog *catalog)
{
    if (catalog == NULL) {
        return;
    }
    g_ptr_array_unref(catalog->tables);
    g_ptr_array_unref(catalog->implied);
    g_ptr_array_unref(catalog->metrics);
    g_ptr_array_unref(catalog->roots);
    g_ptr_array_unref(catalog->syncs);
    g_hash_table_unref(catalog->by_name);
    g_hash_table_unref(catalog->words);
    g_string_chunk_free(catalog->strings);
    catalog_snapshot_unref(catalog->snapshot);
    g_clear_pointer(&catalog->data_only, g_hash_table_unref);
    json_decref(catalog->owned);
    g_free(catalog);
}

static StandardTable *new_table(StandardCatalog *catalog, const char *name, const char *domain)
{
    StandardTable *table = g_new0(StandardTable, 1);
    table->name = standard_keep(catalog, name);
    table->domain = standard_keep(catalog, domain);
    table->layer_text = table->kind_text = table->type_text = table->fact_text = table->grade_text = "";
    table->subject = table->process = table->dept = table->owner = table->comment = table->named_subject = "";
    table->placed_subject = "";
    table->grade = -1;
    table->keep_days = STANDARD_KEEP_UNKNOWN;
    table->readers = STANDARD_UNKNOWN;
    table->key = g_ptr_array_new();
    table->partitions = g_ptr_array_new();
    table->columns = g_ptr_array_new_with_free_func((GDestroyNotify)free_column);
    table->reads = g_ptr_array_new();
    table->read_by = g_ptr_array_new();
    table->layer = standard_layer_of_name(table->name);
    return table;
}

/* The first of two tables of one name keeps the bare name. */
static void index_table(StandardCatalog *catalog, StandardTable *table)
{
    const char *bare = standard_keep_lower(catalog, table->name);
    if (!g_hash_table_contains(catalog->by_name, bare)) {
        g_hash_table_insert(catalog->by_name, (gpointer)(guintptr)bare, table);
    }
    if (*table->domain != '\0') {
        g_autofree char *full = g_strconcat(table->domain, ".", table->name, NULL);
        g_hash_table_insert(catalog->by_name, (gpointer)(guintptr)standard_keep_lower(catalog, full), table);
    }
}

StandardTable *standard_table_new(StandardCatalog *catalog, const char *name, const char *domain)
{
    StandardTable *table = new_table(catalog, name, domain);
    table->index = catalog->tables->len;
    g_ptr_array_add(catalog->tables, table);
    index_table(catalog, table);
    return table;
}

StandardTable *standard_table_by_name(const StandardCatalog *catalog, const char *name)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    return g_hash_table_lookup(catalog->by_name, lower);
}

StandardTable *standard_table_implied(StandardCatalog *catalog, const char *name)
{
    StandardTable *table = standard_table_by_name(catalog, name);
    const char *dot = strrchr(name, '.');
    if (table == NULL && dot != NULL) {
        table = standard_table_by_name(catalog, dot + 1);
    }
    if (table == NULL) {
        table = new_table(catalog, dot != NULL ? dot + 1 : name, "");
        table->implied = true;
        g_ptr_array_add(catalog->implied, table);
        index_table(catalog, table);
    }
    return table;
}

StandardColumn *standard_column_new(StandardTable *table)
{
    StandardColumn *column = g_new0(StandardColumn, 1);
    column->name = column->type = column->role = column->unit = column->comment = "";
    column->downstream = STANDARD_UNKNOWN;
    g_ptr_array_add(table->columns, column);
    return column;
}

const StandardColumn *standard_column_by_name(const StandardTable *table, const char *name)
{
    for (guint i = 0; i < table->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, i);
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

void standard_table_link(StandardTable *from, StandardTable *to)
{
    if (!g_ptr_array_find(to->reads, from, NULL)) {
        g_ptr_array_add(to->reads, from);
        g_ptr_array_add(from->read_by, to);
    }
}

/* ---- keys ------------------------------------------------------------------------------------------------
 */

static const char *first_text(const json_t *raw, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const char *text = standard_raw_text(raw, *keys);
        if (*text != '\0') {
            return text;
        }
    }
    return "";
}
/* The same where a value may also be {en, zh}. */
static const char *first_label(const json_t *raw, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const json_t *value = json_object_get(raw, *keys);
        const char *text = json_is_object(value)
                               ? base_json_string(value, "en", base_json_string(value, "zh", ""))
                               : json_string_value(value);
        if (text != NULL && *text != '\0') {
            return text;
        }
    }
    return "";
}
#define FIRST_LABEL(raw, ...) first_label(raw, (const char *const[]){__VA_ARGS__, NULL})
#define FIRST_TEXT(raw, ...)  first_text(raw, (const char *const[]){__VA_ARGS__, NULL})

/* Text, list of texts, or list of {name}. */
static bool read_names(StandardCatalog *catalog, const json_t *value, GPtrArray *to)
{
    if (value == NULL || json_is_null(value)) {
        return value != NULL;
    }
    if (!json_is_array(value)) {
        const char *text =
            json_is_object(value) ? FIRST_TEXT(value, "by", "name", "column") : json_string_value(value);
        if (text != NULL && *text != '\0') {
            g_ptr_array_add(to, (gpointer)(guintptr)standard_keep(catalog, text));
        }
        return true;
    }
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (value, i, one) {
        read_names(catalog, one, to);
    }
    return true;
}

static void read_keep(StandardTable *table, const json_t *raw)
{
    static const char *const KEYS[] = {"keep_days", "keep", "lifecycle", "retention_days", "ttl_days"};
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        const json_t *value = json_object_get(raw, KEYS[i]);
        if (value == NULL) {
            continue;
        }
        const json_t *inner = json_is_object(value) ? json_object_get(value, "keep") : value;
        gint64 us = 0;
        if (catalog_keep_parse(inner, false, &us)) {
            table->keep_days = us == CATALOG_KEEP_FOREVER ? STANDARD_KEEP_FOREVER : us / BASE_TIME_DAY_US;
        }
        return;
    }
}

static int grade_of(const char *text)
{
    return (text[0] == 'P' || text[0] == 'p') && text[1] >= '0' && text[1] <= '3' && text[2] == '\0'
               ? text[1] - '0'
               : -1;
}

static void read_stability(StandardTable *table, const json_t *raw)
{
    table->stability = (StandardStability)WORD_VALUE(STABILITIES, standard_raw_text(raw, "stability"));
    if (standard_raw_bool(raw, "exploratory", false)) {
        table->stability = STANDARD_EXPLORATORY;
    } else if (standard_raw_bool(raw, "stable", false)) {
        table->stability = STANDARD_STABLE;
    }
    table->low_use = standard_raw_bool(raw, "low_use", false);
}

static void read_readers(StandardTable *table, const json_t *raw)
{
    const json_t *readers = json_object_get(raw, "readers");
    table->readers = json_is_array(readers) ? (gint64)json_array_size(readers)
                                            : standard_raw_int(raw, "readers", STANDARD_UNKNOWN);
}

void standard_table_read_raw(StandardCatalog *catalog, StandardTable *table)
{
    const json_t *raw = table->raw;
    table->layer_text = standard_keep(catalog, FIRST_TEXT(raw, "layer", "class"));
    StandardLayer declared = standard_layer_by_name(table->layer_text);
    table->layer = declared != STANDARD_LAYER_NONE ? declared : table->layer;
    table->kind_text = standard_keep(catalog, FIRST_TEXT(raw, "kind", "table_kind"));
    table->kind = (StandardKind)WORD_VALUE(KINDS, table->kind_text);
    table->type_text = standard_keep(catalog, FIRST_TEXT(raw, "type", "table_type", "data_type"));
    table->type =
        *table->type_text == '\0' ? STANDARD_TYPE_NONE : (StandardType)WORD_VALUE(TYPES, table->type_text);
    if (*table->type_text != '\0' && table->type == STANDARD_TYPE_NONE) {
        table->type = STANDARD_TYPE_OTHER;
    }
    table->fact_text = standard_keep(catalog, standard_raw_text(raw, "fact_type"));
    table->fact = (StandardFact)WORD_VALUE(FACTS, table->fact_text);
    if (*table->fact_text != '\0' && table->fact == STANDARD_FACT_NONE) {
        table->fact = STANDARD_FACT_OTHER;
    }
    table->grade_text = standard_keep(catalog, standard_raw_text(raw, "grade"));
    table->grade = grade_of(table->grade_text);
    table->subject = standard_keep(catalog, standard_raw_text(raw, "subject"));
    table->process = standard_keep(catalog, FIRST_TEXT(raw, "process", "business_process"));
    table->dept = standard_keep(catalog, FIRST_TEXT(raw, "dept", "department"));
    table->owner = standard_keep(catalog, standard_raw_text(raw, "owner"));
    table->comment = standard_keep(catalog, FIRST_LABEL(raw, "comment", "description", "title"));
    read_stability(table, raw);
    read_keep(table, raw);
    read_readers(table, raw);
    read_names(catalog, json_object_get(raw, json_object_get(raw, "key") != NULL ? "key" : "primary_key"),
               table->key);
    const json_t *partitions = json_object_get(raw, "partitions");
    partitions = partitions != NULL ? partitions : json_object_get(raw, "partition");
    table->partitions_said = read_names(catalog, partitions, table->partitions);
}

void standard_column_read_raw(StandardCatalog *catalog, StandardColumn *column)
{
    const json_t *raw = column->raw;
    column->role = standard_keep_lower(catalog, standard_raw_text(raw, "role"));
    column->role_said = *column->role != '\0';
    column->unit = standard_keep(catalog, standard_raw_text(raw, "unit"));
    column->redundant = standard_raw_bool(raw, "redundant", false);
    column->key = standard_raw_bool(raw, "key", false) || column->key;
    const json_t *downstream = json_object_get(raw, "downstream");
    column->downstream = json_is_array(downstream) ? (gint64)json_array_size(downstream)
                                                   : standard_raw_int(raw, "downstream", column->downstream);
    if (*column->comment == '\0') {
        column->comment = standard_keep(catalog, FIRST_LABEL(raw, "comment", "description", "title"));
    }
}

StandardRoot *standard_root_new(StandardCatalog *catalog, const char *code)
{
    StandardRoot *root = g_new0(StandardRoot, 1);
    root->code = standard_keep(catalog, code);
    root->title_en = root->title_zh = root->category = root->type = root->additivity = "";
    root->aliases = g_ptr_array_new();
    g_ptr_array_add(catalog->roots, root);
    return root;
}

/* Text, or {en, zh}. */
static void read_label(StandardCatalog *catalog, const json_t *raw, const char *const *keys,
                       const char **ret_en, const char **ret_zh)
{
    for (; *keys != NULL; keys++) {
        const json_t *value = json_object_get(raw, *keys);
        const char *text = json_string_value(value);
        if (value == NULL) {
            continue;
        }
        *ret_en = standard_keep(catalog, text != NULL ? text : standard_raw_text(value, "en"));
        *ret_zh = standard_keep(catalog, text != NULL ? text : standard_raw_text(value, "zh"));
        return;
    }
}

static void read_aliases(StandardCatalog *catalog, const json_t *value, GPtrArray *to)
{
    if (json_is_object(value)) {
        read_names(catalog, json_object_get(value, "en"), to);
        read_names(catalog, json_object_get(value, "zh"), to);
    } else if (value != NULL) {
        read_names(catalog, value, to);
    }
}

void standard_root_read_raw(StandardCatalog *catalog, StandardRoot *root)
{
    const json_t *raw = root->raw;
    static const char *const TITLES[] = {"title", "meaning", "means", "zh", "description", NULL};
    read_label(catalog, raw, TITLES, &root->title_en, &root->title_zh);
    root->category = standard_keep_lower(catalog, FIRST_TEXT(raw, "category", "kind", "type_of"));
    root->type = standard_keep(catalog, standard_raw_text(raw, "type"));
    root->additivity = standard_keep(catalog, standard_raw_text(raw, "additivity"));
    read_aliases(catalog, json_object_get(raw, "aliases"), root->aliases);
    read_aliases(catalog, json_object_get(raw, "synonyms"), root->aliases);
}

StandardMetric *standard_metric_new(StandardCatalog *catalog, const char *name)
{
    StandardMetric *metric = g_new0(StandardMetric, 1);
    metric->name = standard_keep(catalog, name);
    g_ptr_array_add(catalog->metrics, metric);
    return metric;
}

void standard_metric_read_raw(StandardCatalog *catalog, StandardMetric *metric)
{
    const json_t *raw = metric->raw;
    metric->domain =
        standard_keep(catalog, metric->domain != NULL ? metric->domain : standard_raw_text(raw, "domain"));
    metric->type = standard_keep_lower(catalog, FIRST_TEXT(raw, "type", "kind"));
    metric->table = standard_keep(catalog, FIRST_TEXT(raw, "table", "source"));
    metric->column = standard_keep(catalog, standard_raw_text(raw, "column"));
    metric->expr = standard_keep(catalog, FIRST_TEXT(raw, "expr", "expression", "definition"));
    metric->agg = standard_keep_lower(catalog, FIRST_TEXT(raw, "agg", "function", "aggregation"));
    metric->of = standard_keep(catalog, FIRST_TEXT(raw, "of", "base", "atomic", "parent"));
    metric->where = standard_keep(catalog, FIRST_TEXT(raw, "where", "filter"));
    metric->unit = standard_keep(catalog, standard_raw_text(raw, "unit"));
    metric->period = standard_keep(catalog, FIRST_TEXT(raw, "period", "window"));
    metric->description = standard_keep(catalog, FIRST_LABEL(raw, "description", "summary"));
    metric->title_en = metric->title_zh = "";
    static const char *const TITLES[] = {"title", NULL};
    read_label(catalog, raw, TITLES, &metric->title_en, &metric->title_zh);
}

/* ---- the end ----------------------------------------------------------------------------------------------
 */

static void read_name(StandardCatalog *catalog, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    table->named_subject = standard_keep(catalog, name->subject);
    bool placed = !name->manual && name->layer >= STANDARD_DWD && name->layer <= STANDARD_APP &&
                  name->subject == NULL && g_strcmp0(name->dept, table->dept) != 0;
    table->placed_subject = standard_keep(catalog, placed ? name->dept : NULL);
}

void standard_catalog_finish(StandardCatalog *catalog)
{
    for (guint i = 0; i < catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(catalog->tables, i);
        table->readers = table->readers == STANDARD_UNKNOWN ? (gint64)table->read_by->len : table->readers;
        read_name(catalog, table);
        for (guint c = 0; c < table->columns->len; c++) {
            StandardColumn *column = g_ptr_array_index(table->columns, c);
            column->key = column->key || standard_any(table->key, column->name);
            column->role = column->role_said ? column->role : standard_role_of(column);
        }
    }
    standard_words_index(catalog);
}
