/* SHOW CREATE TABLE, in MySQL's layout.
 *
 * Clients read this with regular expressions (SQLAlchemy, dialects/mysql/reflection.py): one column a line,
 * two spaces, backquotes, PRIMARY KEY as a line of its own, and all options on the line of ") ENGINE=". What
 * Doris writes on lines below that stands on it too. catalog_ddl_parse reads it back. */
#include "catalog/ddl_int.h"

#include <string.h>

static void append_name(GString *out, const char *name)
{
    g_string_append_c(out, '`');
    for (const char *p = name; *p; p++) {
        g_string_append(out, *p == '`' ? "``" : (char[]){*p, '\0'});
    }
    g_string_append_c(out, '`');
}

/* MySQL's escapes. */
static void append_text(GString *out, const char *text)
{
    g_string_append_c(out, '\'');
    for (const char *p = text; *p; p++) {
        if (*p == '\'' || *p == '\\') {
            g_string_append_c(out, *p);
            g_string_append_c(out, *p);
        } else if (*p == '\n') {
            g_string_append(out, "\\n");
        } else {
            g_string_append_c(out, *p);
        }
    }
    g_string_append_c(out, '\'');
}

static const char *const SHOWN[][2] = {{"BOOLEAN", "tinyint(1)"},
                                       {"TINYINT", "tinyint"},
                                       {"SMALLINT", "smallint"},
                                       {"INTEGER", "int"},
                                       {"BIGINT", "bigint"},
                                       {"HUGEINT", "largeint"},
                                       {"UTINYINT", "tinyint unsigned"},
                                       {"USMALLINT", "smallint unsigned"},
                                       {"UINTEGER", "int unsigned"},
                                       {"UBIGINT", "bigint unsigned"},
                                       {"UHUGEINT", "largeint unsigned"},
                                       {"FLOAT", "float"},
                                       {"DOUBLE", "double"},
                                       {"VARCHAR", "text"},
                                       {"BLOB", "blob"},
                                       {"DATE", "date"},
                                       {"TIMESTAMP", "datetime"},
                                       {"TIME", "time"},
                                       {"JSON", "json"},
                                       {"UUID", "varchar(36)"}};

/* As it was declared, else by the engine's type. Words small, as MySQL shows them; quoted values as they are.
 */
static void append_type(GString *out, const CatalogColumn *column)
{
    const char *type = column->type_declared && *column->type_declared ? column->type_declared : column->type;
    for (size_t i = 0; type == column->type && i < G_N_ELEMENTS(SHOWN); i++) {
        if (strcmp(type, SHOWN[i][0]) == 0) {
            g_string_append(out, SHOWN[i][1]);
            return;
        }
    }
    if (g_ascii_strcasecmp(type, "string") == 0) {
        g_string_append(out, "text"); /* as Doris shows it; MySQL's clients know no other */
        return;
    }
    if (strpbrk(type, "'\"`")) {
        g_string_append(out, type);
        return;
    }
    g_autofree char *lower = g_ascii_strdown(type, -1);
    g_string_append(out, lower);
}

static bool is_number(const char *text)
{
    return strspn(text, "0123456789.-+eE") == strlen(text) && *text;
}

static bool is_literal(const char *text)
{
    size_t len = strlen(text);
    if (len < 2 || *text != '\'' || text[len - 1] != '\'') {
        return false;
    }
    for (size_t i = 1; i + 1 < len; i++) {
        if (text[i] == '\'' && text[++i] != '\'') {
            return false;
        }
    }
    return true;
}

/* A quoted literal without its quotes. */
static char *unquoted(const char *sql)
{
    g_autoptr(GString) text = g_string_new_len(sql + 1, (gssize)strlen(sql) - 2);
    g_string_replace(text, "''", "'", 0);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static const char *keyword_of(const char *sql)
{
    return strcmp(sql, CATALOG_DDL_NOW) == 0 || strcmp(sql, CATALOG_DDL_NOW_SECOND) == 0 ? "CURRENT_TIMESTAMP"
           : strcmp(sql, "current_date") == 0                                            ? "CURRENT_DATE"
                                                                                         : NULL;
}

char *catalog_ddl_default(const CatalogColumn *column)
{
    const char *sql = column->default_sql;
    if (!sql) {
        return NULL;
    }
    const char *keyword = keyword_of(sql);
    return keyword ? g_strdup(keyword) : is_literal(sql) ? unquoted(sql) : g_strdup(sql);
}

static void append_default(GString *out, const CatalogColumn *column)
{
    const char *sql = column->default_sql;
    if (!sql) {
        g_string_append(out, column->not_null || column->key ? "" : " DEFAULT NULL");
    } else if (keyword_of(sql)) {
        g_string_append_printf(out, " DEFAULT %s", keyword_of(sql));
    } else if (is_number(sql)) {
        g_string_append_printf(out, " DEFAULT '%s'", sql);
    } else if (is_literal(sql)) {
        g_autofree char *text = unquoted(sql);
        g_string_append(out, " DEFAULT ");
        append_text(out, text);
    } else {
        g_string_append_printf(out, " DEFAULT (%s)", sql);
    }
}

static void append_column(GString *out, const CatalogColumn *column)
{
    static const char *const AGGS[] = {"", " SUM", " MIN", " MAX", " REPLACE", " REPLACE_IF_NOT_NULL"};
    g_string_append(out, "  ");
    append_name(out, column->name);
    g_string_append_c(out, ' ');
    append_type(out, column);
    g_string_append_printf(out, "%s%s", AGGS[column->agg], column->not_null ? " NOT NULL" : "");
    append_default(out, column);
    if (column->comment && *column->comment) {
        g_string_append(out, " COMMENT ");
        append_text(out, column->comment);
    }
}

static void append_keys(GString *out, const CatalogTable *table)
{
    const char *mark = "";
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(table->columns, i);
        if (column->key) {
            g_string_append(out, mark);
            append_name(out, column->name);
            mark = ",";
        }
    }
}

static bool has_key(const CatalogTable *table)
{
    for (guint i = 0; i < table->columns->len; i++) {
        if (((const CatalogColumn *)g_ptr_array_index(table->columns, i))->key) {
            return true;
        }
    }
    return false;
}

/* Whether PRIMARY KEY says the same: then clients see it. */
static bool is_primary(const CatalogTable *table)
{
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(table->columns, i);
        if (column->key && !column->not_null) {
            return false;
        }
    }
    return table->model == CATALOG_UNIQUE && has_key(table);
}

static void append_elements(GString *out, const CatalogTable *table)
{
    for (guint i = 0; i < table->columns->len; i++) {
        g_string_append(out, i > 0 ? ",\n" : "");
        append_column(out, g_ptr_array_index(table->columns, i));
    }
    if (is_primary(table)) {
        g_string_append(out, ",\n  PRIMARY KEY (");
        append_keys(out, table);
        g_string_append_c(out, ')');
    }
    size_t i;
    json_t *index;
    json_array_foreach (json_object_get(table->properties, "indexes"), i, index) {
        g_string_append_printf(out, ",\n  %s", json_string_value(index));
    }
}

static void append_properties(GString *out, json_t *properties)
{
    if (json_object_size(properties) == 0) {
        return;
    }
    g_string_append(out, " PROPERTIES (");
    const char *key, *mark = "";
    json_t *value;
    json_object_foreach (properties, key, value) {
        g_string_append(out, mark);
        append_text(out, key);
        g_string_append(out, "=");
        append_text(out, json_string_value(value));
        mark = ", ";
    }
    g_string_append_c(out, ')');
}

/* A table of SQL keeps its clause as written; one of YAML names a column, or {by, unit}. */
static void append_partition(GString *out, const json_t *partition)
{
    const char *text = json_string_value(partition);
    const char *by = text ? text : base_json_string(partition, "by", NULL);
    const char *unit = text ? NULL : base_json_string(partition, "unit", NULL);
    if (!by) {
        return;
    }
    if (text && strpbrk(text, " (")) {
        g_string_append_printf(out, " %s", text);
        return;
    }
    g_autoptr(GString) name = g_string_new(NULL);
    append_name(name, by);
    if (unit) {
        g_string_append_printf(out, " AUTO PARTITION BY RANGE(date_trunc(%s, '%s')) ()", name->str, unit);
    } else {
        g_string_append_printf(out, " PARTITION BY RANGE(%s) ()", name->str);
    }
}

static void append_options(GString *out, const CatalogTable *table)
{
    static const char *const MODELS[] = {"DUPLICATE", "UNIQUE", "AGGREGATE"};
    static const char *const CLAUSES[] = {"distribution", "order_by", "rollup"};
    g_string_append(out, ") ENGINE=OLAP");
    if (has_key(table) && !is_primary(table)) {
        g_string_append_printf(out, " %s KEY(", MODELS[table->model]);
        append_keys(out, table);
        g_string_append_c(out, ')');
    }
    g_string_append(out, " DEFAULT CHARSET=utf8mb4");
    if (table->comment && *table->comment) {
        g_string_append(out, " COMMENT=");
        append_text(out, table->comment);
    }
    append_partition(out, json_object_get(table->properties, "partition"));
    for (size_t i = 0; i < G_N_ELEMENTS(CLAUSES); i++) {
        const char *text = base_json_string(table->properties, CLAUSES[i], NULL);
        if (text) {
            g_string_append_printf(out, " %s", text);
        }
    }
    append_properties(out, json_object_get(table->properties, "properties"));
}

char *catalog_ddl_show(const CatalogTable *table)
{
    GString *out = g_string_new("CREATE TABLE ");
    append_name(out, table->name);
    g_string_append(out, " (\n");
    append_elements(out, table);
    g_string_append_c(out, '\n');
    append_options(out, table);
    return g_string_free(out, FALSE);
}
