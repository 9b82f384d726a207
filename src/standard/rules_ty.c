/* Rules of section II.2 to II.4: types (TY), redundancy (RD), NULL (NU). */
#include "standard/look.h"

#include <string.h>

/* ---- types ----------------------------------------------------------------------------------------------
 */

/* ODS carries the types of its sources, and temporary tables are nobody's promise. */
static bool typed_layer(const StandardTable *table)
{
    return standard_above_ods(table);
}

static bool is_role(const StandardColumn *column, const char *const *roles)
{
    return g_strv_contains(roles, column->role);
}
#define IS_ROLE(column, ...) is_role(column, (const char *const[]){__VA_ARGS__, NULL})

static bool is_money(const StandardColumn *column)
{
    return IS_ROLE(column, "money", "amount", "amt", "price");
}

/* "decimal(28,6)" -> 28, 6. */
static bool decimal_of(const char *type, gint64 *ret_width, gint64 *ret_scale)
{
    static const char *const NAMES[] = {"decimal(", "numeric(", "decimalv3(", "number("};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (g_str_has_prefix(type, NAMES[i])) {
            char *end = NULL;
            *ret_width = g_ascii_strtoll(type + strlen(NAMES[i]), &end, 10);
            *ret_scale = *end == ',' ? g_ascii_strtoll(end + 1, &end, 10) : 0;
            return true;
        }
    }
    return false;
}

/* bigint(20) of MySQL is a bigint that is shown in 20 places. Caller frees. */
static char *without_places(const char *type)
{
    static const char *const INTEGERS[] = {"bigint(",    "int(",      "integer(",
                                           "mediumint(", "smallint(", "tinyint("};
    for (size_t i = 0; i < G_N_ELEMENTS(INTEGERS); i++) {
        const char *close = g_str_has_prefix(type, INTEGERS[i]) ? strchr(type, ')') : NULL;
        if (close != NULL) {
            return g_strdup_printf("%.*s%s", (int)strlen(INTEGERS[i]) - 1, type, close + 1);
        }
    }
    return g_strdup(type);
}

static bool is_text_type(const char *type)
{
    static const char *const NAMES[] = {"string", "varchar", "text", NULL};
    return g_strv_contains(NAMES, type);
}

/* 28 digits or more: the sum of a decimal(28,6) is a decimal(38,6). */
static void check_money_type(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    gint64 width = 0;
    gint64 scale = 0;
    bool good = g_str_equal(column->type, "double") || g_str_equal(column->type, "double precision") ||
                (decimal_of(column->type, &width, &scale) && width >= 28 && scale == 6);
    if (typed_layer(table) && is_money(column) && *column->type != '\0' && !good) {
        StandardFinding *found =
            standard_find_column(run, table, column, "money of type %s", "金额列的类型为 %s", column->type);
        standard_finding_evidence(found, "type", json_string(column->type));
        standard_finding_set(found, "type", "decimal(28,6)");
    }
}

static gpointer make_units(StandardRun *run)
{
    GHashTable *units = g_hash_table_new(g_str_hash, g_str_equal); /* column name -> first unit */
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, t);
        for (guint c = 0; c < table->columns->len; c++) {
            const StandardColumn *column = g_ptr_array_index(table->columns, c);
            if (*column->unit != '\0' && !g_hash_table_contains(units, column->name)) {
                g_hash_table_insert(units, (gpointer)(guintptr)column->name,
                                    (gpointer)(guintptr)column->unit);
            }
        }
    }
    return units;
}

static void free_table_of(gpointer table)
{
    g_hash_table_unref(table);
}

static void check_money_unit(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    if (!typed_layer(table) || !is_money(column)) {
        return;
    }
    GHashTable *units = standard_memo(run, "units", make_units, free_table_of);
    const char *first = g_hash_table_lookup(units, column->name);
    if (*column->unit == '\0') {
        standard_find_column(run, table, column, "money without a unit", "金额列没有写明单位");
    } else if (g_ascii_strcasecmp(first, column->unit) != 0) {
        StandardFinding *found = standard_find_column(run, table, column, "money in %s, elsewhere in %s",
                                                      "金额单位为 %s，别处为 %s", column->unit, first);
        standard_finding_evidence(found, "unit", json_string(column->unit));
        standard_finding_evidence(found, "elsewhere", json_string(first));
    }
}

/* Whatever it is for; money, ids, times and statuses have rules of their own. */
static bool has_length(const StandardColumn *column)
{
    static const char *const NAMES[] = {"char(", "varchar(", "nchar(", "nvarchar(", "varchar2("};
    bool own = is_money(column) || IS_ROLE(column, "id", "identifier", "time", "date", "datetime",
                                           "timestamp", "event_time", "status", "state", "enum");
    for (size_t i = 0; !own && i < G_N_ELEMENTS(NAMES); i++) {
        if (g_str_has_prefix(column->type, NAMES[i])) {
            return true;
        }
    }
    return false;
}

static void check_text(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    bool text =
        IS_ROLE(column, "text", "name", "string") && *column->type != '\0' && !is_text_type(column->type);
    if (typed_layer(table) && (text || has_length(column))) {
        StandardFinding *found =
            standard_find_column(run, table, column, "text of type %s", "文本列的类型为 %s", column->type);
        standard_finding_evidence(found, "type", json_string(column->type));
        standard_finding_set(found, "type", "string");
    }
}

static void check_id(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    static const char *const GOOD[] = {"bigint",  "int64",           "int8",    "long",
                                       "hugeint", "bigint unsigned", "ubigint", NULL};
    g_autofree char *type = without_places(column->type);
    if (typed_layer(table) && IS_ROLE(column, "id", "identifier") && *type != '\0' &&
        !g_strv_contains(GOOD, type)) {
        StandardFinding *found =
            standard_find_column(run, table, column, "an id of type %s", "ID 列的类型为 %s", column->type);
        standard_finding_evidence(found, "type", json_string(column->type));
        standard_finding_set(found, "type", "bigint");
    }
}

static bool is_time_type(const char *type)
{
    return is_text_type(type) || g_str_has_prefix(type, "date") || g_str_has_prefix(type, "timestamp");
}

static void check_time(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    if (typed_layer(table) && IS_ROLE(column, "time", "date", "datetime", "timestamp", "event_time") &&
        *column->type != '\0' && !is_time_type(column->type)) {
        StandardFinding *found =
            standard_find_column(run, table, column, "a time of type %s", "时间列的类型为 %s", column->type);
        standard_finding_evidence(found, "type", json_string(column->type));
    }
}

static void check_status(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    if (typed_layer(table) && IS_ROLE(column, "status", "state", "enum") && *column->type != '\0' &&
        !is_text_type(column->type)) {
        StandardFinding *found = standard_find_column(run, table, column, "a status of type %s",
                                                      "状态列的类型为 %s", column->type);
        standard_finding_evidence(found, "type", json_string(column->type));
        standard_finding_set(found, "type", "string");
    }
}

/* Types that hold the same values: a sum widens a decimal or an integer, and that is no other type. */
static char *type_family(const char *type)
{
    gint64 width = 0;
    gint64 scale = 0;
    if (decimal_of(type, &width, &scale)) {
        return g_strdup_printf("decimal(*,%" G_GINT64_FORMAT ")", scale);
    }
    static const char *const BIG[] = {"bigint", "int64", "int8", "long", "hugeint", "int128", NULL};
    static const char *const MIDDLE[] = {"int", "integer", "int32", "int4", NULL};
    if (is_text_type(type)) {
        return g_strdup("string");
    }
    g_autofree char *plain = without_places(type);
    return g_strdup(g_strv_contains(BIG, plain) ? "bigint" : g_strv_contains(MIDDLE, plain) ? "int" : plain);
}

typedef struct {
    const char *name;
    GPtrArray *families; /* char* */
    json_t *where;       /* [{table, type}] */
    const StandardTable *first;
} NameTypes;

static void name_types_free(gpointer pointer)
{
    NameTypes *types = pointer;
    g_ptr_array_unref(types->families);
    json_decref(types->where);
    g_free(types);
}

static void note_type(GHashTable *names, GPtrArray *order, const StandardTable *table,
                      const StandardColumn *column)
{
    NameTypes *types = g_hash_table_lookup(names, column->name);
    if (types == NULL) {
        types = g_new0(NameTypes, 1);
        types->name = column->name;
        types->families = g_ptr_array_new_with_free_func(g_free);
        types->where = json_array();
        types->first = table;
        g_hash_table_insert(names, (gpointer)(guintptr)column->name, types);
        g_ptr_array_add(order, types);
    }
    g_autofree char *family = type_family(column->type);
    if (!standard_any(types->families, family)) {
        g_ptr_array_add(types->families, g_steal_pointer(&family));
        json_array_append_new(types->where,
                              json_pack("{s:s, s:s}", "table", table->name, "type", column->type));
    }
}

static void check_one_type(StandardRun *run)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) order = g_ptr_array_new_with_free_func(name_types_free);
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, t);
        for (guint c = 0; typed_layer(table) && c < table->columns->len; c++) {
            const StandardColumn *column = g_ptr_array_index(table->columns, c);
            if (*column->type != '\0') {
                note_type(names, order, table, column);
            }
        }
    }
    for (guint i = 0; i < order->len; i++) {
        const NameTypes *types = g_ptr_array_index(order, i);
        if (types->families->len > 1) {
            g_autofree char *list = standard_join(types->families);
            StandardFinding *found = standard_find(run, types->name, types->first, types->first->object,
                                                   "one column name, %u types: %s", "同名列有 %u 种类型：%s",
                                                   types->families->len, list);
            standard_finding_evidence(found, "tables", json_incref(types->where));
        }
    }
}

/* ---- redundancy -------------------------------------------------------------------------------------------
 */

/* Tables that take the value of the column, by lineage. */
static gint64 readers_of_column(const StandardRun *run, const StandardTable *table,
                                const StandardColumn *column)
{
    if (column->downstream != STANDARD_UNKNOWN || table->object == NULL) {
        return column->downstream;
    }
    g_autoptr(GPtrArray) edges = catalog_lineage_down(run->catalog->snapshot, table->object, column->name);
    g_autoptr(GHashTable) readers = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        g_hash_table_add(readers, (gpointer)(guintptr)edge->to);
    }
    return g_hash_table_size(readers);
}

static void check_redundant(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    gint64 least = standard_config_limit(run->config, "redundant_readers", 3);
    gint64 readers = column->redundant ? readers_of_column(run, table, column) : STANDARD_UNKNOWN;
    if (readers != STANDARD_UNKNOWN && readers < least) {
        StandardFinding *found = standard_find_column(
            run, table, column, "a redundant column that %" G_GINT64_FORMAT " tables use",
            "冗余字段只有 %" G_GINT64_FORMAT " 张下游表使用", readers);
        standard_finding_evidence(found, "downstream", json_integer(readers));
    }
}

static gint64 delay_minutes(const json_t *raw)
{
    gint64 hours =
        standard_first_int(raw, STANDARD_KEYS("delay_h", "delay_hours", "wait_h", "wait_hours"), 0);
    return standard_first_int(
        raw, STANDARD_KEYS("delay_min", "delay_minutes", "delay", "wait_min", "wait_minutes"), hours * 60);
}

static void check_delay(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    gint64 minutes = column->redundant ? delay_minutes(column->raw) : 0;
    if (minutes > standard_config_limit(run->config, "delay_min", 30)) {
        StandardFinding *found = standard_find_column(
            run, table, column, "waiting for it makes the table %" G_GINT64_FORMAT " minutes late",
            "等待该字段使产出推迟 %" G_GINT64_FORMAT " 分钟", minutes);
        standard_finding_evidence(found, "delay_min", json_integer(minutes));
    }
}

static void check_repeats(StandardRun *run, StandardTable *table)
{
    const StandardAlike *alike = standard_alike(run, table);
    if (alike != NULL) {
        StandardFinding *found =
            standard_find_table(run, table, "%u of %u columns stand in %s too", "%u / %u 列与 %s 重复",
                                alike->common, table->columns->len, alike->table->name);
        standard_finding_evidence(found, "other", json_string(alike->table->name));
        standard_finding_evidence(found, "common", json_integer(alike->common));
        standard_finding_evidence(found, "columns", json_integer(table->columns->len));
    }
}

/* ---- NULL
 * -------------------------------------------------------------------------------------------------- */

/* A column that may be NULL says so with a reason, or names the value that stands for nothing. */
static bool null_allowed(const StandardColumn *column)
{
    return standard_first_said(column->raw,
                               STANDARD_KEYS("null_reason", "nullable_reason", "allow_null", "null_ok"));
}

static bool null_checked(const StandardTable *table, const StandardColumn *column, bool measures)
{
    bool dimension = IS_ROLE(column, "dim", "dimension") ||
                     standard_first_said(column->raw, STANDARD_KEYS("dimension", "entity"));
    bool measure = IS_ROLE(column, "measure", "money", "count", "metric", "amount", "ratio", "rate", "fact");
    /* columns of a layer under DWD are as the source has them; a measure's kind must be said in a fact */
    return standard_above_ods(table) && !null_allowed(column) && (measures ? measure : dimension);
}

/* The key and the partition of a few rows in which the column is NULL. */
static void show_rows(StandardRun *run, StandardTable *table, const StandardColumn *column, const char *data,
                      StandardFinding *found)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    for (guint i = 0; i < table->key->len + table->partitions->len; i++) {
        const char *name = i < table->key->len ? g_ptr_array_index(table->key, i)
                                               : g_ptr_array_index(table->partitions, i - table->key->len);
        if (standard_data_column(run, table, name) && !standard_any(columns, name)) {
            g_ptr_array_add(columns, (gpointer)(guintptr)name);
        }
    }
    if (columns->len == 0) {
        return;
    }
    g_autofree char *list = standard_quote_list(columns, "", ", ");
    g_autofree char *name = standard_quote(column->name);
    g_autofree char *sql =
        g_strdup_printf("SELECT %s FROM %s WHERE %s IS NULL ORDER BY ALL LIMIT 3", list, data, name);
    json_t *rows = standard_data_query(run, sql);
    if (rows != NULL) {
        standard_finding_evidence(found, "sample", rows);
    }
}

/* All columns in one scan. */
static void count_nulls(StandardRun *run, StandardTable *table, bool measures)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    g_autoptr(GString) sql = g_string_new("SELECT ");
    const char *data = NULL;
    for (guint c = 0; c < table->columns->len; c++) {
        StandardColumn *column = g_ptr_array_index(table->columns, c);
        if (null_checked(table, column, measures) && (data = standard_data(run, table)) != NULL &&
            standard_data_column(run, table, column->name)) {
            g_autofree char *name = standard_quote(column->name);
            g_string_append_printf(sql, "%scount(*) - count(%s) AS c%u", columns->len > 0 ? ", " : "", name,
                                   columns->len);
            g_ptr_array_add(columns, column);
        }
    }
    if (columns->len == 0) {
        return;
    }
    g_string_append_printf(sql, " FROM %s", data);
    g_autoptr(json_t) counts = standard_data_query(run, sql->str);
    for (guint i = 0; counts != NULL && i < columns->len; i++) {
        g_autofree char *name = g_strdup_printf("c%u", i);
        const StandardColumn *column = g_ptr_array_index(columns, i);
        gint64 n = base_json_int(json_array_get(counts, 0), name, 0);
        if (n > 0) {
            StandardFinding *found =
                measures ? standard_find_column(run, table, column,
                                                "a measure that is NULL in %" G_GINT64_FORMAT " rows",
                                                "度量列有 %" G_GINT64_FORMAT " 行为空", n)
                         : standard_find_column(run, table, column,
                                                "a dimension that is NULL in %" G_GINT64_FORMAT " rows",
                                                "维度列有 %" G_GINT64_FORMAT " 行为空", n);
            standard_finding_evidence(found, "rows", json_integer(n));
            show_rows(run, table, column, data, found);
        }
    }
}

static void check_null_dimensions(StandardRun *run, StandardTable *table)
{
    count_nulls(run, table, false);
}

static void check_null_measures(StandardRun *run, StandardTable *table)
{
    count_nulls(run, table, true);
}

const StandardCheck standard_checks_ty[] = {
    {.rule = STANDARD_TY_01, .column = check_money_type},
    {.rule = STANDARD_TY_02, .column = check_money_unit},
    {.rule = STANDARD_TY_03, .column = check_text},
    {.rule = STANDARD_TY_04, .column = check_id},
    {.rule = STANDARD_TY_05, .column = check_time},
    {.rule = STANDARD_TY_06, .column = check_status},
    {.rule = STANDARD_TY_07, .catalog = check_one_type},
    {.rule = STANDARD_RD_01, .column = check_redundant},
    {.rule = STANDARD_RD_02, .column = check_delay},
    {.rule = STANDARD_RD_03, .table = check_repeats},
    {.rule = STANDARD_NU_01, .table = check_null_dimensions},
    {.rule = STANDARD_NU_02, .table = check_null_measures},
    STANDARD_CHECKS_END,
};
