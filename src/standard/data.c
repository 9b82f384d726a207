/* Rows behind the rules of data: the same SQL serves an exported catalog, whose rows are put into a temporary
 * table, and a project, whose tables are there. */
#include "base/time.h"
#include "engine/sql.h"
#include "standard/look.h"

#include <string.h>

/* Rows of an export that are looked at; a longer list is an error, never cut in silence. */
#define DATA_MAX_ROWS    ((size_t)1000000)
#define DATA_INSERT_ROWS 512
#define DATA_QUERY_ROWS  1000 /* of one answer: more findings than that say nothing new */

typedef struct {
    char *name;          /* quoted relation; NULL = there are no rows */
    GHashTable *columns; /* folded names */
} Data;

static void data_free(gpointer pointer)
{
    Data *data = pointer;
    g_free(data->name);
    g_hash_table_unref(data->columns);
    g_free(data);
}

static gpointer make_memo(StandardRun *run)
{
    (void)run;
    return g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, data_free);
}

static void free_memo(gpointer memo)
{
    g_hash_table_unref(memo);
}

static void add_column(Data *data, const char *name)
{
    g_hash_table_add(data->columns, g_ascii_strdown(name, -1));
}

char *standard_quote(const char *name)
{
    GString *out = g_string_new(NULL);
    engine_sql_append_name(out, name);
    return g_string_free(out, FALSE);
}

char *standard_quote_list(const GPtrArray *names, const char *prefix, const char *separator)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++) {
        g_string_append_printf(out, "%s%s", i > 0 ? separator : "", prefix);
        engine_sql_append_name(out, g_ptr_array_index(names, i));
    }
    return g_string_free(out, FALSE);
}

/* ---- an export's rows
 * --------------------------------------------------------------------------------------- */

/* Narrowest type that holds all values of a column. */
static const char *type_of_values(const json_t *rows, const char *column)
{
    bool any = false;
    bool integers = true;
    bool numbers = true;
    bool booleans = true;
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        const json_t *value = json_object_get(row, column);
        if (value == NULL || json_is_null(value)) {
            continue;
        }
        any = true;
        integers = integers && json_is_integer(value);
        numbers = numbers && json_is_number(value);
        booleans = booleans && json_is_boolean(value);
    }
    return !any ? "VARCHAR" : integers ? "BIGINT" : numbers ? "DOUBLE" : booleans ? "BOOLEAN" : "VARCHAR";
}

static void append_value(GString *sql, const json_t *value)
{
    if (value == NULL || json_is_null(value)) {
        g_string_append(sql, "NULL");
    } else if (json_is_string(value)) {
        engine_sql_append_text(sql, json_string_value(value));
    } else if (json_is_boolean(value)) {
        g_string_append(sql, json_is_true(value) ? "TRUE" : "FALSE");
    } else {
        g_autofree char *text = base_json_text(value);
        if (json_is_number(value)) {
            g_string_append(sql, text);
        } else {
            engine_sql_append_text(sql, text);
        }
    }
}

static bool insert_rows(StandardRun *run, const json_t *rows, const GPtrArray *names, const char *relation)
{
    GString *sql = g_string_new(NULL);
    bool ok = true;
    size_t n = json_array_size(rows);
    for (size_t from = 0; ok && from < n; from += DATA_INSERT_ROWS) {
        g_string_printf(sql, "INSERT INTO %s VALUES ", relation);
        for (size_t i = from; i < MIN(n, from + DATA_INSERT_ROWS); i++) {
            g_string_append(sql, i > from ? ", (" : "(");
            for (guint c = 0; c < names->len; c++) {
                g_string_append(sql, c > 0 ? ", " : "");
                append_value(sql, json_object_get(json_array_get(rows, i), g_ptr_array_index(names, c)));
            }
            g_string_append_c(sql, ')');
        }
        ok = engine_exec(run->conn, sql->str, &run->error);
    }
    g_string_free(sql, TRUE);
    return ok;
}

static void note_names(GPtrArray *names, GHashTable *seen, const char *name)
{
    char *lower = g_ascii_strdown(name, -1);
    if (g_hash_table_add(seen, lower)) {
        g_ptr_array_add(names, (gpointer)(guintptr)name);
    }
}

/* Keys of all rows, then the declared columns, which may be missing in every row. */
static GPtrArray *names_of_rows(const StandardTable *table)
{
    GPtrArray *names = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (table->rows, i, row) {
        const char *name = NULL;
        json_t *value = NULL;
        json_object_foreach (row, name, value) {
            note_names(names, seen, name);
        }
    }
    for (guint c = 0; c < table->columns->len; c++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, c);
        note_names(names, seen, column->name);
    }
    return names;
}

static bool load_rows(StandardRun *run, StandardTable *table, Data *data)
{
    if (json_array_size(table->rows) > DATA_MAX_ROWS) {
        return base_fail(&run->error, BASE_E_VALUE_INVALID, "`rows` of `%s` has more than %zu rows",
                         table->name, DATA_MAX_ROWS);
    }
    g_autoptr(GPtrArray) names = names_of_rows(table);
    if (names->len == 0) {
        return true;
    }
    g_autofree char *relation = g_strdup_printf("_weir_rows_%zu", table->index);
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql, "CREATE OR REPLACE TEMPORARY TABLE %s (", relation);
    for (guint c = 0; c < names->len; c++) {
        const char *name = g_ptr_array_index(names, c);
        g_string_append(sql, c > 0 ? ", " : "");
        engine_sql_append_name(sql, name);
        g_string_append_printf(sql, " %s", type_of_values(table->rows, name));
        add_column(data, name);
    }
    g_string_append_c(sql, ')');
    if (!engine_exec(run->conn, sql->str, &run->error) || !insert_rows(run, table->rows, names, relation)) {
        return false;
    }
    data->name = g_steal_pointer(&relation);
    return true;
}

/* ---- a project's table
 * ---------------------------------------------------------------------------------------- */

static bool find_relation(StandardRun *run, StandardTable *table, Data *data)
{
    g_autoptr(GString) sql =
        g_string_new("SELECT column_name AS name FROM duckdb_columns() WHERE schema_name = ");
    engine_sql_append_text(sql, table->object->domain);
    g_string_append(sql, " AND table_name = ");
    engine_sql_append_text(sql, table->object->name);
    g_autoptr(json_t) columns = engine_query_json(run->conn, sql->str, NULL, 0, 10000, &run->error);
    if (columns == NULL) {
        return false;
    }
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (columns, i, row) {
        add_column(data, base_json_string(row, "name", ""));
    }
    if (json_array_size(columns) > 0) {
        g_autofree char *schema = standard_quote(table->object->domain);
        g_autofree char *name = standard_quote(table->object->name);
        data->name = g_strdup_printf("%s.%s", schema, name);
    }
    return true;
}

void standard_data_allow(StandardCatalog *catalog, StandardTable *table)
{
    if (catalog->data_only == NULL) {
        catalog->data_only = g_hash_table_new(NULL, NULL);
    }
    g_hash_table_add(catalog->data_only, table);
}

static bool may_look(const StandardRun *run, const StandardTable *table)
{
    return run->conn != NULL && run->error == NULL &&
           (run->catalog->data_only == NULL || g_hash_table_contains(run->catalog->data_only, table));
}

static const Data *data_of(StandardRun *run, StandardTable *table)
{
    GHashTable *memo = standard_memo(run, "data", make_memo, free_memo);
    Data *data = g_hash_table_lookup(memo, table);
    if (data == NULL) {
        data = g_new0(Data, 1);
        data->columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(memo, table, data);
        if (may_look(run, table)) {
            bool ok = table->rows != NULL     ? load_rows(run, table, data)
                      : table->object != NULL ? find_relation(run, table, data)
                                              : true;
            (void)ok; /* run->error says it */
        }
    }
    return data;
}

const char *standard_data(StandardRun *run, StandardTable *table)
{
    return data_of(run, table)->name;
}

bool standard_data_column(StandardRun *run, StandardTable *table, const char *column)
{
    g_autofree char *lower = g_ascii_strdown(column, -1);
    return g_hash_table_contains(data_of(run, table)->columns, lower);
}

const char *standard_data_day(StandardRun *run, StandardTable *table)
{
    const char *day = standard_day_column(table);
    day = day != NULL ? day : "dt";
    return standard_data_column(run, table, day) ? day : NULL;
}

char *standard_time_sql(const char *expression)
{
    return g_strdup_printf(
        "coalesce(TRY_CAST(CAST(%s AS VARCHAR) AS TIMESTAMP), try_strptime(CAST(%s AS VARCHAR), "
        "['%%Y%%m%%d', '%%Y%%m%%d%%H%%M%%S']))",
        expression, expression);
}

json_t *standard_data_query(StandardRun *run, const char *sql)
{
    if (run->conn == NULL || run->error != NULL) {
        return NULL;
    }
    g_autofree char *limited = g_strdup_printf("SELECT * FROM (%s) AS found LIMIT %d", sql, DATA_QUERY_ROWS);
    return engine_query_json(run->conn, limited, NULL, 0, DATA_QUERY_ROWS, &run->error);
}

/* ---- values
 * --------------------------------------------------------------------------------------------------- */

char *standard_value_text(const json_t *value)
{
    if (value == NULL || json_is_null(value)) {
        return g_strdup("NULL");
    }
    return json_is_string(value) ? g_strdup(json_string_value(value)) : base_json_text(value);
}

char *standard_key_text(const json_t *row, const GPtrArray *key)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < key->len; i++) {
        g_autofree char *text = standard_value_text(json_object_get(row, g_ptr_array_index(key, i)));
        g_string_append_printf(out, "%s%s", i > 0 ? "," : "", text);
    }
    return g_string_free(out, FALSE);
}

static bool digits(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!g_ascii_isdigit(text[i])) {
            return false;
        }
    }
    return true;
}

static int number(const char *text, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool standard_day_parse(const char *text, gint64 *ret_days)
{
    size_t len = strlen(text);
    bool dashed = len >= 10 && text[4] == '-' && text[7] == '-' && digits(text, 4) && digits(text + 5, 2) &&
                  digits(text + 8, 2);
    if (!dashed && !(len == 8 && digits(text, 8))) {
        return false;
    }
    int year = number(text, 4);
    int month = number(text + (dashed ? 5 : 4), 2);
    int day = number(text + (dashed ? 8 : 6), 2);
    if (year < 1 || !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year)) {
        return false;
    }
    *ret_days = base_time_days_from_civil(year, month, day);
    return true;
}

char *standard_day_show(gint64 days, const char *like)
{
    int year = 0;
    int month = 0;
    int day = 0;
    base_time_civil_from_days(days, &year, &month, &day);
    return strchr(like, '-') != NULL ? g_strdup_printf("%04d-%02d-%02d", year, month, day)
                                     : g_strdup_printf("%04d%02d%02d", year, month, day);
}
