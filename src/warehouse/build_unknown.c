/* The row of a dimension for members that are not known (`unknown_member: true`): its key is -1 and each
 * other column the sentinel of its type, so that facts whose key was filled with -1 join it and relationships
 * hold. A row with that key which the SELECT gives itself stands. */
#include <string.h>

#include "warehouse/build_int.h"

#define UNKNOWN_DAY "1900-01-01"

static bool begins(const char *type, const char *word)
{
    return g_ascii_strncasecmp(type, word, strlen(word)) == 0;
}

/* An expression; "NULL" where the type has no such value. */
static const char *sentinel(const char *type, bool key)
{
    static const char *const SIGNED[] = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"};
    for (size_t i = 0; i < G_N_ELEMENTS(SIGNED); i++) {
        if (g_ascii_strcasecmp(type, SIGNED[i]) == 0) {
            return "-1";
        }
    }
    if (begins(type, "DECIMAL") || begins(type, "DOUBLE") || begins(type, "FLOAT")) {
        return key ? "-1" : "0";
    }
    return strchr(type, '[')                                 ? "NULL"
           : begins(type, "VARCHAR") || begins(type, "TEXT") ? "'-1'"
           : begins(type, "BOOLEAN")                         ? "false"
           : begins(type, "DATE")                            ? "DATE '" UNKNOWN_DAY "'"
           : begins(type, "TIMESTAMP")                       ? "TIMESTAMP '" UNKNOWN_DAY " 00:00:00'"
           : begins(type, "UUID")                            ? "NULL"
           : begins(type, "U")                               ? "0" /* UINTEGER ... */
                                                             : "NULL";
}

static bool is_key(const CatalogModelInfo *info, const char *name)
{
    for (const char *const *key = info->key; *key; key++) {
        if (g_ascii_strcasecmp(*key, name) == 0) {
            return true;
        }
    }
    return false;
}

static char *insert_sql(const Build *build)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GString) values = g_string_new(NULL);
    g_autoptr(GString) match = g_string_new(NULL);
    const GPtrArray *columns = build->model->columns;
    for (guint i = 0; i < columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(columns, i);
        bool key = is_key(build->model->model, column->name);
        const char *value = sentinel(column->type, key);
        g_string_append(names, i ? ", " : "");
        engine_sql_append_name(names, column->name);
        g_string_append_printf(values, "%s%s", i ? ", " : "", value);
        if (key) {
            g_string_append(match, match->len ? " AND " : "");
            engine_sql_append_name(match, column->name);
            g_string_append_printf(match, " = %s", value);
        }
    }
    return g_strdup_printf("INSERT INTO %s (%s) SELECT %s WHERE NOT EXISTS (SELECT 1 FROM %s WHERE %s)",
                           build->build_sql, names->str, values->str, build->build_sql, match->str);
}

bool warehouse_build_unknown(Build *build, GError **error)
{
    if (!base_json_bool(build->model->definition, "unknown_member", false)) {
        return true;
    }
    g_autofree char *sql = insert_sql(build);
    gint64 n = 0;
    bool done = engine_exec_values(build->conn, sql, NULL, 0, &n, error);
    build->run->rows += done ? n : 0;
    build->counts.in += done ? n : 0;
    return done;
}
