/* Rules of section II.6: kinds of tables (TK). */
#include "engine/sql.h"
#include "standard/look.h"

#include <string.h>

#define MAX_DAYS_NAMED 366 /* missing days of a table that are each named; the rest is counted */

/* ---- what is declared
 * --------------------------------------------------------------------------------------- */

static const char *kind_name(StandardKind kind)
{
    static const char *const NAMES[] = {"-", "incremental", "full", "snapshot", "zipper", "view", "manual"};
    return NAMES[kind];
}

/* The kinds that a suffix allows; NONE as first = it says nothing. In summaries `d` is how often they are
 * made. */
static const StandardKind *kinds_of_suffix(StandardTable *table)
{
    static const StandardKind NOTHING[] = {STANDARD_KIND_NONE};
    static const StandardKind INCREMENT[] = {STANDARD_INCREMENTAL, STANDARD_KIND_NONE};
    static const StandardKind FULL[] = {STANDARD_FULL, STANDARD_SNAPSHOT, STANDARD_KIND_NONE};
    static const StandardKind ALONE[] = {STANDARD_FULL, STANDARD_KIND_NONE};
    static const StandardKind DAILY[] = {STANDARD_SNAPSHOT, STANDARD_KIND_NONE};
    static const StandardKind ZIPPER[] = {STANDARD_ZIPPER, STANDARD_KIND_NONE};
    const StandardName *name = standard_table_parts(table);
    switch (name->scope) {
    case 'i':
        return INCREMENT;
    case 'f':
        return FULL;
    case 'a':
        return ALONE;
    case 'l':
        return ZIPPER;
    case 'd':
        return standard_layer_between(table, STANDARD_DWM, STANDARD_APP) ? NOTHING : DAILY;
    default:
        return NOTHING;
    }
}

static void check_kind(StandardRun *run, StandardTable *table)
{
    bool temporary = table->layer == STANDARD_MID || table->layer == STANDARD_TMP;
    if (temporary || table->kind == STANDARD_VIEW || table->kind == STANDARD_MANUAL) {
        return;
    }
    const StandardKind *kinds = kinds_of_suffix(table);
    if (table->kind == STANDARD_KIND_NONE) {
        StandardFinding *found = *table->kind_text == '\0'
                                     ? standard_find_table(run, table, "no kind declared", "没有声明表类型")
                                     : standard_find_table(run, table, "`%s` is no kind of table",
                                                           "`%s` 不是有效的表类型", table->kind_text);
        if (kinds[0] != STANDARD_KIND_NONE) {
            standard_finding_set(found, "kind", kind_name(kinds[0]));
        }
        return;
    }
    for (const StandardKind *kind = kinds; *kind != STANDARD_KIND_NONE; kind++) {
        if (*kind == table->kind) {
            return;
        }
    }
    if (kinds[0] != STANDARD_KIND_NONE) {
        StandardFinding *found =
            standard_find_table(run, table, "declared %s, but its suffix says %s", "声明为 %s，后缀表示 %s",
                                kind_name(table->kind), kind_name(kinds[0]));
        standard_finding_evidence(found, "kind", json_string(kind_name(table->kind)));
        standard_finding_evidence(found, "suffix_kind", json_string(kind_name(kinds[0])));
    }
}

/* A total that runs on: said so, or by the words of its name. */
static bool is_running_total(const StandardColumn *column)
{
    static const char *const KEYS[] = {"cumulative", "accumulated", "running_total",
                                       "running",    "is_total",    NULL};
    static const char *const ROLES[] = {"cumulative", "running_total", "total", "accumulated", NULL};
    static const char *const WORDS[] = {"td",  "cum", "acc", "accum", "accumulated", "cumulative", "running",
                                        "wtd", "mtd", "qtd", "ytd",   "itd",         NULL};
    if (standard_first_bool(column->raw, KEYS, false) || g_strv_contains(ROLES, column->role)) {
        return true;
    }
    g_autofree char *lower = g_ascii_strdown(column->name, -1);
    g_auto(GStrv) words = g_strsplit(lower, "_", -1);
    for (size_t i = 0; words[i] != NULL; i++) {
        if (g_strv_contains(WORDS, words[i])) {
            return true;
        }
    }
    return false;
}

static void check_increase(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    if (table->kind == STANDARD_INCREMENTAL && is_running_total(column)) {
        standard_find_column(run, table, column, "a running total in an incremental table",
                             "增量表中的累计字段");
    }
}

static void check_increment_by_day(StandardRun *run, StandardTable *table)
{
    if (table->kind == STANDARD_INCREMENTAL && !standard_by_day(table)) {
        StandardFinding *found =
            standard_find_table(run, table, "incremental, and not parted by day", "增量表没有按天分区");
        standard_finding_set(found, "partition", "dt");
    }
}

static void check_full_partition(StandardRun *run, StandardTable *table)
{
    if (table->kind == STANDARD_FULL && table->partitions->len > 0) {
        g_autofree char *list = standard_join(table->partitions);
        StandardFinding *found =
            standard_find_table(run, table, "a full table parted by %s", "全量表按 %s 分区", list);
        standard_finding_evidence(found, "partitions", json_string(list));
    }
}

static void check_zipper_partition(StandardRun *run, StandardTable *table)
{
    if (table->kind == STANDARD_ZIPPER && table->partitions->len > 0) {
        g_autofree char *list = standard_join(table->partitions);
        StandardFinding *found =
            standard_find_table(run, table, "a zipper parted by %s", "拉链表按 %s 分区", list);
        standard_finding_evidence(found, "partitions", json_string(list));
    }
}

/* Rows of a partition that are of another day. */
static void check_days_of_rows(StandardRun *run, StandardTable *table, const char *day)
{
    const char *date = standard_first_text(table->raw, STANDARD_KEYS("data_date", "as_of", "date_column"));
    date = *date != '\0' ? date : "data_date";
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (table->rows, i, row) {
        const char *partition = standard_raw_text(row, day);
        const char *of = standard_raw_text(row, date);
        if (*of != '\0' && *partition != '\0' && strcmp(partition, of) != 0) {
            StandardFinding *found = standard_find_table(run, table, "the partition %s holds the state of %s",
                                                         "分区 %s 含有 %s 的状态", partition, of);
            standard_finding_evidence(found, "partition", json_string(partition));
            return;
        }
    }
}

static void check_snapshot_by_day(StandardRun *run, StandardTable *table)
{
    if (table->kind != STANDARD_SNAPSHOT) {
        return;
    }
    if (!standard_by_day(table) && table->object == NULL) {
        standard_find_table(run, table, "a snapshot that is not parted by day", "快照表没有按天分区");
    } else if (standard_day_column(table) != NULL) {
        check_days_of_rows(run, table, standard_day_column(table));
    }
}

/* ---- increments
 * -------------------------------------------------------------------------------------------- */

/* What an increment's rows must be later than: said by an export. */
static const char *cursor_of(StandardRun *run, StandardTable *table)
{
    const char *cursor =
        standard_first_text(table->raw, STANDARD_KEYS("cursor", "cursor_column", "time", "updated_at"));
    if (*cursor != '\0') {
        return cursor;
    }
    static const char *const NAMES[] = {"updated_at", "update_time", "gmt_modified", "modified_at"};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (standard_data_column(run, table, NAMES[i])) {
            return NAMES[i];
        }
    }
    return "";
}

/* Numbers are compared as numbers and times as times, in whatever form each is written; else texts. */
static void append_not_after(GString *sql, const char *column, const char *watermark)
{
    g_autoptr(GString) bar = g_string_new(NULL);
    engine_sql_append_text(bar, watermark);
    g_autofree char *time = standard_time_sql(column);
    g_autofree char *bar_time = standard_time_sql(bar->str);
    g_string_append_printf(
        sql,
        "CASE WHEN TRY_CAST(CAST(%s AS VARCHAR) AS DECIMAL(38, 9)) IS NOT NULL AND TRY_CAST(%s AS "
        "DECIMAL(38, 9)) IS NOT NULL THEN TRY_CAST(CAST(%s AS VARCHAR) AS DECIMAL(38, 9)) <= "
        "TRY_CAST(%s AS DECIMAL(38, 9)) WHEN %s IS NOT NULL AND %s IS NOT NULL THEN %s <= %s ELSE "
        "CAST(%s AS VARCHAR) <= %s END",
        column, bar->str, column, bar->str, time, bar_time, time, bar_time, column, bar->str);
}

static void append_old_rows(GString *sql, const StandardTable *table, const char *cursor,
                            const char *watermark, const char *day)
{
    g_autofree char *column = standard_quote(cursor);
    if (*watermark != '\0') {
        append_not_after(sql, column, watermark);
    } else {
        g_autofree char *partition = standard_quote(day);
        g_autofree char *row_time = standard_time_sql(column);
        g_autofree char *day_time = standard_time_sql(partition);
        gint64 window = standard_first_int(table->raw, STANDARD_KEYS("lookback_days", "late_days"), 0);
        g_string_append_printf(sql, "CAST(%s AS DATE) < CAST(%s AS DATE) - %" G_GINT64_FORMAT, row_time,
                               day_time, window);
    }
}

static void check_since_last(StandardRun *run, StandardTable *table)
{
    const char *data = table->kind == STANDARD_INCREMENTAL ? standard_data(run, table) : NULL;
    const char *cursor = data != NULL ? cursor_of(run, table) : "";
    const json_t *said =
        standard_first(table->raw, STANDARD_KEYS("watermark", "last_watermark", "last_export"));
    g_autofree char *watermark =
        said != NULL && !json_is_null(said) ? standard_value_text(said) : g_strdup("");
    const char *day = data != NULL ? standard_data_day(run, table) : NULL;
    bool against_day = day != NULL && strcmp(day, cursor) != 0;
    if (*cursor == '\0' || !standard_data_column(run, table, cursor) ||
        (*watermark == '\0' && !against_day)) {
        return;
    }
    g_autoptr(GString) sql = g_string_new(NULL);
    g_autofree char *column = standard_quote(cursor);
    g_string_printf(sql, "SELECT count(*) AS n, CAST(min(%s) AS VARCHAR) AS oldest FROM %s WHERE ", column,
                    data);
    append_old_rows(sql, table, cursor, watermark, day);
    g_autoptr(json_t) rows = standard_data_query(run, sql->str);
    const json_t *row = json_array_get(rows, 0);
    gint64 n = base_json_int(row, "n", 0);
    if (n > 0) {
        StandardFinding *found = standard_find_table(
            run, table, "%" G_GINT64_FORMAT " rows are older than what was exported last, from %s on",
            "%" G_GINT64_FORMAT " 行早于上次导出，最早 %s", n, base_json_string(row, "oldest", "?"));
        standard_finding_evidence(found, "rows", json_integer(n));
        standard_finding_evidence(found, "watermark", json_string(watermark));
    }
}

/* Columns of the rows, less the key, the partition and what changes by itself; NULL when none is left. */
static char *content_columns(StandardRun *run, const StandardTable *table, const char *day)
{
    static const char *const CLOCKS[] = {"updated_at", "update_time", "gmt_modified", "etl_time", "load_time",
                                         "_seq",       NULL};
    g_autofree char *relation =
        g_strdup_printf("SELECT * FROM %s LIMIT 0", standard_data(run, (StandardTable *)(guintptr)table));
    g_autoptr(EngineStmt) stmt = engine_prepare(run->conn, relation, &run->error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; stmt != NULL && i < engine_stmt_n_columns(stmt); i++) {
        const char *name = engine_stmt_column_name(stmt, i);
        if (!standard_any(table->key, name) && g_ascii_strcasecmp(name, day) != 0 &&
            !g_strv_contains(CLOCKS, name)) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    return names->len > 0 ? standard_quote_list(names, "", ", ") : NULL;
}

static bool has_columns(StandardRun *run, StandardTable *table, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++) {
        if (!standard_data_column(run, table, g_ptr_array_index(names, i))) {
            return false;
        }
    }
    return names->len > 0;
}

/* Rows whose content equals that of the row of their key in the partition before. */
static void check_unchanged(StandardRun *run, StandardTable *table)
{
    const char *data = table->kind == STANDARD_INCREMENTAL ? standard_data(run, table) : NULL;
    const char *day = data != NULL ? standard_data_day(run, table) : NULL;
    if (day == NULL || !has_columns(run, table, table->key)) {
        return;
    }
    g_autofree char *content = content_columns(run, table, day);
    if (content == NULL) {
        return;
    }
    g_autofree char *key = standard_quote_list(table->key, "", ", ");
    g_autofree char *order = standard_quote(day);
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) AS n, count(*) FILTER (WHERE now_row = before_row) AS same FROM "
                        "(SELECT row(%s) AS now_row, "
                        "lag(row(%s)) OVER (PARTITION BY %s ORDER BY %s) AS before_row FROM %s) AS versions",
                        content, content, key, order, data);
    g_autoptr(json_t) rows = standard_data_query(run, sql);
    gint64 same = base_json_int(json_array_get(rows, 0), "same", 0);
    gint64 all = base_json_int(json_array_get(rows, 0), "n", 0);
    gint64 allowed = standard_config_limit(run->config, "unchanged_percent", 0);
    if (same * 100 > allowed * all) {
        StandardFinding *found = standard_find_table(
            run, table, "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " rows are equal to their version before",
            "%" G_GINT64_FORMAT " / %" G_GINT64_FORMAT " 行与上一版本相同", same, all);
        standard_finding_evidence(found, "rows", json_integer(same));
    }
}

/* ---- full loads
 * ---------------------------------------------------------------------------------------------- */

/* Rows that are known: said, or the largest of the loads before. */
static gint64 known_rows(const StandardTable *table)
{
    gint64 known = standard_first_count(table->raw,
                                        STANDARD_KEYS("known_keys", "known_rows", "expected_rows",
                                                      "previous_rows", "source_rows", "total_rows"),
                                        -1);
    const json_t *loads = standard_first(table->raw, STANDARD_KEYS("loads", "load_rows", "runs"));
    for (size_t i = 0; i + 1 < json_array_size(loads); i++) {
        const json_t *load = json_array_get(loads, i);
        gint64 rows = json_is_integer(load)
                          ? json_integer_value(load)
                          : standard_first_int(load, STANDARD_KEYS("rows", "n", "count"), 0);
        known = MAX(known, rows);
    }
    return known;
}

static gint64 loaded_rows(StandardRun *run, StandardTable *table)
{
    gint64 rows = standard_first_count(
        table->raw, STANDARD_KEYS("loaded_keys", "loaded_rows", "load_keys", "reported_rows", "row_count"),
        -1);
    const json_t *loads = standard_first(table->raw, STANDARD_KEYS("loads", "load_rows", "runs"));
    const json_t *last = json_array_get(loads, json_array_size(loads) - (json_array_size(loads) > 0 ? 1 : 0));
    if (last != NULL) {
        rows = json_is_integer(last) ? json_integer_value(last)
                                     : standard_first_int(last, STANDARD_KEYS("rows", "n", "count"), -1);
    }
    const char *data = rows < 0 ? standard_data(run, table) : NULL;
    if (data != NULL) {
        g_autofree char *sql = g_strdup_printf("SELECT count(*) AS n FROM %s", data);
        g_autoptr(json_t) counts = standard_data_query(run, sql);
        rows = base_json_int(json_array_get(counts, 0), "n", -1);
    }
    return rows;
}

/* The two newest loads of a project's full table, as its runs are on record. */
static bool runs_of(StandardRun *run, const StandardTable *table, gint64 *ret_known, gint64 *ret_loaded)
{
    g_autoptr(GString) sql =
        g_string_new("SELECT n_rows AS n FROM _weir.runs WHERE state = 'done' AND model = ");
    engine_sql_append_text(sql, table->object->id);
    g_string_append(sql, " ORDER BY started_us DESC LIMIT 2");
    g_autoptr(json_t) rows = standard_data_query(run, sql->str);
    *ret_loaded = base_json_int(json_array_get(rows, 0), "n", -1);
    *ret_known = base_json_int(json_array_get(rows, 1), "n", -1);
    return json_array_size(rows) == 2;
}

static void check_whole_load(StandardRun *run, StandardTable *table)
{
    if (table->kind != STANDARD_FULL) {
        return;
    }
    gint64 known = known_rows(table);
    gint64 loaded = known > 0 ? loaded_rows(run, table) : -1;
    if (known < 0 && table->object != NULL && table->object->model != NULL && run->conn != NULL &&
        !runs_of(run, table, &known, &loaded)) {
        return;
    }
    gint64 least = standard_config_limit(run->config, "full_load_percent", 50);
    if (known > 0 && loaded >= 0 && loaded * 100 < least * known) {
        StandardFinding *found = standard_find_table(
            run, table, "the load holds %" G_GINT64_FORMAT " rows of %" G_GINT64_FORMAT " known",
            "本次加载 %" G_GINT64_FORMAT " 行，已知 %" G_GINT64_FORMAT " 行", loaded, known);
        standard_finding_evidence(found, "rows", json_integer(loaded));
        standard_finding_evidence(found, "known", json_integer(known));
    }
}

/* ---- snapshots
 * ------------------------------------------------------------------------------------------------ */

static void add_day(GHashTable *days, const char **like, const char *text)
{
    gint64 day = 0;
    if (standard_day_parse(text, &day)) {
        *like = strchr(text, '-') != NULL ? "yyyy-mm-dd" : "yyyymmdd";
        g_hash_table_add(days, GINT_TO_POINTER((int)day));
    }
}

/* Days that are there: `dates` of an export, else those of its rows or of the table. *ret_like: how they are
 * written. */
static GHashTable *days_of(StandardRun *run, StandardTable *table, const char **ret_like)
{
    GHashTable *days = g_hash_table_new(g_direct_hash, g_direct_equal);
    const json_t *dates = standard_first(table->raw, STANDARD_KEYS("dates", "partition_dates", "days"));
    size_t i = 0;
    const json_t *value = NULL;
    json_array_foreach (dates, i, value) {
        g_autofree char *text = standard_value_text(value);
        add_day(days, ret_like, text);
    }
    const char *data = dates == NULL ? standard_data(run, table) : NULL;
    const char *day = data != NULL ? standard_data_day(run, table) : NULL;
    if (day == NULL) {
        return days;
    }
    g_autofree char *column = standard_quote(day);
    g_autofree char *sql = g_strdup_printf("SELECT DISTINCT CAST(%s AS VARCHAR) AS d FROM %s", column, data);
    /* of days there may be more than of findings */
    g_autoptr(json_t) rows = engine_query_json(run->conn, sql, NULL, 0, 100000, &run->error);
    json_array_foreach (rows, i, value) {
        add_day(days, ret_like, base_json_string(value, "d", ""));
    }
    return days;
}

static int compare_days(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;
    return (x > y) - (x < y);
}

static GArray *sorted_days(GHashTable *days)
{
    GArray *sorted = g_array_new(FALSE, FALSE, sizeof(int));
    GHashTableIter iter;
    gpointer day = NULL;
    g_hash_table_iter_init(&iter, days);
    while (g_hash_table_iter_next(&iter, &day, NULL)) {
        int value = GPOINTER_TO_INT(day);
        g_array_append_val(sorted, value);
    }
    g_array_sort(sorted, compare_days);
    return sorted;
}

static void find_missing_day(StandardRun *run, StandardTable *table, int day, const char *like)
{
    g_autofree char *text = standard_day_show(day, like);
    g_autofree char *object = g_strdup_printf("%s@%s", table->name, text);
    StandardFinding *found =
        standard_find(run, object, table, table->object, "the day %s is missing", "缺少 %s 这一天", text);
    standard_finding_evidence(found, "partition", json_string(text));
}

static void check_each_day(StandardRun *run, StandardTable *table)
{
    if (table->kind != STANDARD_SNAPSHOT) {
        return;
    }
    const char *like = "";
    g_autoptr(GHashTable) days = days_of(run, table, &like);
    g_autoptr(GArray) sorted = sorted_days(days);
    guint named = 0;
    for (guint i = 1; i < sorted->len; i++) {
        for (int day = g_array_index(sorted, int, i - 1) + 1; day < g_array_index(sorted, int, i); day++) {
            if (named++ < MAX_DAYS_NAMED) {
                find_missing_day(run, table, day, like);
            }
        }
    }
    if (named > MAX_DAYS_NAMED) {
        standard_find_table(run, table, "%u days are missing in all", "总共缺少 %u 天", named);
    }
}

/* Columns and keys that say that a row was deleted: such a row accounts for the key's absence later. */
static char *not_deleted(StandardRun *run, StandardTable *table, const char *alias)
{
    static const char *const NAMES[] = {"is_deleted", "deleted", "is_delete", "_deleted", "delete_flag"};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (standard_data_column(run, table, NAMES[i])) {
            return g_strdup_printf("NOT coalesce(TRY_CAST(%s.%s AS BOOLEAN), FALSE)", alias, NAMES[i]);
        }
    }
    return g_strdup("TRUE");
}

/* Deleted keys that an export names: scalars, or objects with the key's columns. */
static bool named_deleted(const StandardTable *table, const json_t *row)
{
    const json_t *list =
        standard_first(table->raw, STANDARD_KEYS("deleted", "deletes", "deleted_keys", "delete_records"));
    g_autofree char *key = standard_key_text(row, table->key);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (list, i, item) {
        g_autofree char *text = json_is_object(item)  ? standard_key_text(item, table->key)
                                : json_is_array(item) ? base_json_text(item)
                                                      : standard_value_text(item);
        if (strcmp(text, key) == 0) {
            return true;
        }
    }
    return false;
}

static char *lost_keys_sql(StandardRun *run, StandardTable *table, const char *data, const char *day)
{
    g_autofree char *key = standard_quote_list(table->key, "", ", ");
    g_autofree char *before_key = standard_quote_list(table->key, "b.", ", ");
    g_autofree char *column = standard_quote(day);
    g_autofree char *alive = not_deleted(run, table, "b");
    GString *same = g_string_new(NULL);
    for (guint i = 0; i < table->key->len; i++) {
        g_autofree char *name = standard_quote(g_ptr_array_index(table->key, i));
        g_string_append_printf(same, " AND a.%s IS NOT DISTINCT FROM b.%s", name, name);
    }
    char *sql = g_strdup_printf(
        "WITH days AS (SELECT d, lead(d) OVER (ORDER BY d) AS next_d FROM (SELECT DISTINCT %s AS d FROM %s) "
        "AS each_day) "
        "SELECT DISTINCT %s, CAST(days.next_d AS VARCHAR) AS _weir_day FROM %s AS b JOIN days ON b.%s = "
        "days.d WHERE "
        "days.next_d IS NOT NULL AND %s AND NOT EXISTS (SELECT 1 FROM %s AS a WHERE a.%s = days.next_d%s) "
        "ORDER BY _weir_day, %s",
        column, data, before_key, data, column, alive, data, column, same->str, key);
    g_string_free(same, TRUE);
    return sql;
}

static void check_no_key_lost(StandardRun *run, StandardTable *table)
{
    const char *data = table->kind == STANDARD_SNAPSHOT ? standard_data(run, table) : NULL;
    const char *day = data != NULL ? standard_data_day(run, table) : NULL;
    if (day == NULL || !has_columns(run, table, table->key)) {
        return;
    }
    g_autofree char *sql = lost_keys_sql(run, table, data, day);
    g_autoptr(json_t) rows = standard_data_query(run, sql);
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        if (named_deleted(table, row)) {
            continue;
        }
        g_autofree char *key = standard_key_text(row, table->key);
        g_autofree char *object = g_strdup_printf("%s:%s", table->name, key);
        const char *lost = base_json_string(row, "_weir_day", "");
        StandardFinding *found = standard_find(run, object, table, table->object,
                                               "the key %s is gone on %s without a record of deletion",
                                               "键 %s 在 %s 消失，且没有删除记录", key, lost);
        standard_finding_evidence(found, "partition", json_string(lost));
    }
}

/* ---- zippers
 * --------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *from, *to; /* columns; NULL = none */
    bool closed_day;       /* `to` is the last day that is still valid */
} Validity;

static const char *first_column(StandardRun *run, StandardTable *table, const char *said,
                                const char *const *names)
{
    if (*said != '\0' && standard_data_column(run, table, said)) {
        return said;
    }
    for (; *names != NULL; names++) {
        if (standard_data_column(run, table, *names)) {
            return *names;
        }
    }
    return NULL;
}

static Validity validity_of(StandardRun *run, StandardTable *table)
{
    static const char *const FROM[] = {"valid_from",    "start_date",     "begin_date",
                                       "start_dt",      "start_time",     "effective_from",
                                       "dw_start_date", "dbt_valid_from", NULL};
    static const char *const TO[] = {"valid_to",    "end_date",    "end_dt",       "end_time", "effective_to",
                                     "expire_date", "dw_end_date", "dbt_valid_to", NULL};
    const char *convention =
        standard_first_text(table->raw, STANDARD_KEYS("convention", "interval", "end_convention"));
    return (Validity){
        .from = first_column(
            run, table, standard_first_text(table->raw, STANDARD_KEYS("valid_from", "from_column")), FROM),
        .to = first_column(run, table,
                           standard_first_text(table->raw, STANDARD_KEYS("valid_to", "to_column")), TO),
        .closed_day = strstr(convention, "closed") != NULL ||
                      standard_first_bool(table->raw, STANDARD_KEYS("closed_day", "closed"), false)};
}

/* Open end: NULL, or a day that never comes. */
static char *open_sql(const char *to)
{
    g_autofree char *column = standard_quote(to);
    return g_strdup_printf("(%s IS NULL OR left(CAST(%s AS VARCHAR), 4) = '9999')", column, column);
}

static bool zipper_of(StandardRun *run, StandardTable *table, const char **ret_data, Validity *ret)
{
    *ret_data = table->kind == STANDARD_ZIPPER ? standard_data(run, table) : NULL;
    if (*ret_data == NULL || !has_columns(run, table, table->key)) {
        return false;
    }
    *ret = validity_of(run, table);
    return ret->to != NULL;
}

static void check_one_open(StandardRun *run, StandardTable *table)
{
    const char *data = NULL;
    Validity valid;
    if (!zipper_of(run, table, &data, &valid)) {
        return;
    }
    g_autofree char *key = standard_quote_list(table->key, "", ", ");
    g_autofree char *open = open_sql(valid.to);
    g_autofree char *sql =
        g_strdup_printf("SELECT %s, count(*) AS _weir_open FROM %s WHERE %s GROUP BY %s HAVING count(*) > 1 "
                        "ORDER BY %s",
                        key, data, open, key, key);
    g_autoptr(json_t) rows = standard_data_query(run, sql);
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        g_autofree char *text = standard_key_text(row, table->key);
        g_autofree char *object = g_strdup_printf("%s:%s", table->name, text);
        gint64 n = base_json_int(row, "_weir_open", 0);
        StandardFinding *found =
            standard_find(run, object, table, table->object, "the key %s has %" G_GINT64_FORMAT " open rows",
                          "键 %s 有 %" G_GINT64_FORMAT " 条开链记录", text, n);
        standard_finding_evidence(found, "key", json_string(text));
        standard_finding_evidence(found, "open_rows", json_integer(n));
    }
}

/* Versions of a key side by side: where one begins before the other ended, or later than it ended. A gap
 * after a version that is marked as a deletion, or a table that says that gaps are deletions, is no finding.
 */
static char *breaks_sql(StandardRun *run, StandardTable *table, const char *data, const Validity *valid)
{
    g_autofree char *key = standard_quote_list(table->key, "", ", ");
    g_autofree char *from = standard_quote(valid->from);
    g_autofree char *to = standard_quote(valid->to);
    g_autofree char *alive = not_deleted(run, table, "z");
    bool gaps = standard_first_bool(table->raw, STANDARD_KEYS("gaps_are_deletes", "gaps_allowed"),
                                    table->object != NULL);
    g_autofree char *open = open_sql(valid->to);
    g_autofree char *from_time = standard_time_sql(from);
    g_autofree char *to_time = standard_time_sql(to);
    g_autofree char *end = valid->closed_day
                               ? g_strdup_printf("CAST(CAST(%s AS DATE) + 1 AS TIMESTAMP)", to_time)
                               : g_strdup(to_time);
    return g_strdup_printf("SELECT %s, CAST(min(CASE WHEN next_from < ended THEN next_from ELSE ended END) "
                           "AS VARCHAR) AS _weir_at, "
                           "bool_or(next_from < ended) AS _weir_overlap FROM (SELECT %s, "
                           "CASE WHEN %s THEN TIMESTAMP '9999-12-31' ELSE %s END AS ended, %s AS alive, "
                           "lead(%s) OVER (PARTITION BY %s ORDER BY %s, %s NULLS LAST) AS next_from "
                           "FROM %s AS z) AS versions WHERE next_from < ended%s GROUP BY %s ORDER BY %s",
                           key, key, open, end, alive, from_time, key, from_time, to, data,
                           gaps ? "" : " OR (next_from > ended AND alive)", key, key);
}

static void check_versions(StandardRun *run, StandardTable *table)
{
    const char *data = NULL;
    Validity valid;
    if (!zipper_of(run, table, &data, &valid) || valid.from == NULL) {
        return;
    }
    g_autofree char *sql = breaks_sql(run, table, data, &valid);
    g_autoptr(json_t) rows = standard_data_query(run, sql);
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        g_autofree char *text = standard_key_text(row, table->key);
        g_autofree char *object = g_strdup_printf("%s:%s", table->name, text);
        const char *at = base_json_string(row, "_weir_at", "?");
        StandardFinding *found =
            base_json_bool(row, "_weir_overlap", false)
                ? standard_find(run, object, table, table->object, "versions of the key %s overlap at %s",
                                "键 %s 的版本在 %s 重叠", text, at)
                : standard_find(run, object, table, table->object, "versions of the key %s leave a gap at %s",
                                "键 %s 的版本在 %s 断档", text, at);
        standard_finding_evidence(found, "at", json_string(at));
    }
}

const StandardCheck standard_checks_tk[] = {
    {.rule = STANDARD_TK_01, .table = check_kind},
    {.rule = STANDARD_TK_02, .table = check_since_last},
    {.rule = STANDARD_TK_03, .column = check_increase},
    {.rule = STANDARD_TK_04, .table = check_unchanged},
    {.rule = STANDARD_TK_05, .table = check_increment_by_day},
    {.rule = STANDARD_TK_06, .table = check_whole_load},
    {.rule = STANDARD_TK_07, .table = check_full_partition},
    {.rule = STANDARD_TK_08, .table = check_snapshot_by_day},
    {.rule = STANDARD_TK_09, .table = check_each_day},
    {.rule = STANDARD_TK_10, .table = check_no_key_lost},
    {.rule = STANDARD_TK_11, .table = check_versions},
    {.rule = STANDARD_TK_12, .table = check_one_open},
    {.rule = STANDARD_TK_13, .table = check_zipper_partition},
    STANDARD_CHECKS_END,
};
