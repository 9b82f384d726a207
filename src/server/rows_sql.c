/* Rows as a SELECT. See rows_sql.h. */
#include "server/rows_sql.h"

#include "base/json.h"
#include "engine/sql.h"

struct ServerRows {
    GPtrArray *names;   /* char * */
    GPtrArray *types;   /* char * */
    GString *structure; /* of from_json */
    GString *json;
    guint column; /* of the next value */
};

/* "'Full Name' VARCHAR" or "Name VARCHAR" */
static void add_column(ServerRows *rows, const char *text)
{
    bool quoted = *text == '\'';
    const char *end = quoted ? strchr(text + 1, '\'') : strchr(text, ' ');
    g_return_if_fail(end != NULL);
    char *name =
        quoted ? g_strndup(text + 1, (size_t)(end - text - 1)) : g_strndup(text, (size_t)(end - text));
    g_ptr_array_add(rows->names, name);
    g_string_append(rows->structure, rows->names->len > 1 ? "," : "");
    base_json_append_string(rows->structure, name, strlen(name));
    g_string_append_c(rows->structure, ':');
    const char *type = end + 1 + (quoted ? 1 : 0);
    base_json_append_string(rows->structure, type, strlen(type));
    g_ptr_array_add(rows->types, g_strdup(type));
}

ServerRows *server_rows_new(const char *columns)
{
    ServerRows *rows = g_new0(ServerRows, 1);
    rows->names = g_ptr_array_new_with_free_func(g_free);
    rows->types = g_ptr_array_new_with_free_func(g_free);
    rows->structure = g_string_new("[{");
    rows->json = g_string_new("[");
    g_auto(GStrv) parts = g_strsplit(columns, ", ", -1);
    for (char **part = parts; *part; part++) {
        add_column(rows, g_strstrip(*part));
    }
    g_string_append(rows->structure, "}]");
    return rows;
}

void server_rows_free(ServerRows *rows)
{
    if (!rows) {
        return;
    }
    g_ptr_array_unref(rows->names);
    g_ptr_array_unref(rows->types);
    g_string_free(rows->structure, TRUE);
    g_string_free(rows->json, TRUE);
    g_free(rows);
}

static void begin_value(ServerRows *rows)
{
    if (rows->column == 0) {
        g_string_append(rows->json, rows->json->len > 1 ? ",{" : "{");
    } else {
        g_string_append_c(rows->json, ',');
    }
    const char *name = g_ptr_array_index(rows->names, rows->column);
    base_json_append_string(rows->json, name, strlen(name));
    g_string_append_c(rows->json, ':');
}

static void end_value(ServerRows *rows)
{
    if (++rows->column == rows->names->len) {
        g_string_append_c(rows->json, '}');
        rows->column = 0;
    }
}

void server_rows_text(ServerRows *rows, const char *text)
{
    begin_value(rows);
    if (text) {
        base_json_append_string(rows->json, text, strlen(text));
    } else {
        g_string_append(rows->json, "null");
    }
    end_value(rows);
}

void server_rows_int(ServerRows *rows, gint64 value)
{
    begin_value(rows);
    g_string_append_printf(rows->json, "%" G_GINT64_FORMAT, value);
    end_value(rows);
}

void server_rows_null(ServerRows *rows)
{
    server_rows_text(rows, NULL);
}

void server_rows_end(ServerRows *rows)
{
    while (rows->column != 0) {
        server_rows_null(rows);
    }
}

void server_rows_put(ServerRows *rows, ...)
{
    va_list args;
    va_start(args, rows);
    for (const char *text = va_arg(args, const char *); text; text = va_arg(args, const char *)) {
        server_rows_text(rows, text);
    }
    va_end(args);
    server_rows_end(rows);
}

char *server_rows_select(const ServerRows *rows)
{
    GString *sql = g_string_new("SELECT unnest(from_json(");
    g_autofree char *json = g_strconcat(rows->json->str, "]", NULL);
    engine_sql_append_text(sql, json);
    g_string_append(sql, ", ");
    engine_sql_append_text(sql, rows->structure->str);
    g_string_append(sql, "), recursive := true)");
    return g_string_free(sql, FALSE);
}

char *server_rows_select_any_case(const ServerRows *rows)
{
    g_autofree char *select = server_rows_select(rows);
    g_autoptr(GString) sql = g_string_new("SELECT ");
    for (guint i = 0; i < rows->names->len; i++) {
        g_string_append(sql, i > 0 ? ", " : "");
        engine_sql_append_name(sql, g_ptr_array_index(rows->names, i));
        if (g_str_equal(g_ptr_array_index(rows->types, i), "VARCHAR")) {
            g_string_append(sql, " COLLATE NOCASE AS ");
            engine_sql_append_name(sql, g_ptr_array_index(rows->names, i));
        }
    }
    g_string_append_printf(sql, " FROM (%s)", select);
    return g_strdup(sql->str);
}
