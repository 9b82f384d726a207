/* A cursor over the tokens of a statement. See sql_int.h. */
#include "server/sql_int.h"

const EngineToken *sql_peek(const SqlCursor *cursor)
{
    return g_ptr_array_index(cursor->tokens, MIN(cursor->at, cursor->tokens->len - 1));
}

bool sql_is(const SqlCursor *cursor, const char *word)
{
    return engine_token_is(sql_peek(cursor), word);
}

bool sql_take(SqlCursor *cursor, const char *word)
{
    if (!sql_is(cursor, word)) {
        return false;
    }
    cursor->at++;
    return true;
}

bool sql_take_all(SqlCursor *cursor, const char *words)
{
    g_auto(GStrv) all = g_strsplit(words, " ", -1);
    SqlCursor next = *cursor;
    for (char **word = all; *word; word++) {
        if (!sql_take(&next, *word)) {
            return false;
        }
    }
    *cursor = next;
    return true;
}

const char *sql_take_name(SqlCursor *cursor)
{
    const EngineToken *token = sql_peek(cursor);
    if (!engine_token_is_name(token, false)) {
        return NULL;
    }
    cursor->at++;
    return token->text;
}

bool sql_at_end(const SqlCursor *cursor)
{
    const EngineToken *token = sql_peek(cursor);
    return token->type == ENGINE_TOKEN_END || engine_token_is(token, ";");
}

bool sql_take_table(SqlCursor *cursor, const char **ret_schema, const char **ret_name, const char *sql,
                    GError **error)
{
    const char *parts[3] = {NULL, NULL, NULL};
    int n = 0;
    do {
        parts[n] = sql_take_name(cursor);
        if (!parts[n++]) {
            return sql_fail_near(cursor, sql, error);
        }
    } while (n < 3 && sql_take(cursor, "."));
    *ret_name = parts[n - 1];
    *ret_schema = n > 1 ? parts[n - 2] : NULL;
    return true;
}

static void place_of(const char *sql, size_t at, unsigned *ret_line, unsigned *ret_column)
{
    *ret_line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < at && sql[i]; i++) {
        if (sql[i] == '\n') {
            (*ret_line)++;
            line_start = i + 1;
        }
    }
    *ret_column = (unsigned)(at - line_start) + 1;
}

bool sql_fail_near(const SqlCursor *cursor, const char *sql, GError **error)
{
    const EngineToken *token = sql_peek(cursor);
    unsigned line = 0, column = 0;
    place_of(sql, token->start, &line, &column);
    g_autofree char *near =
        g_utf8_substring(sql + token->start, 0, MIN(80, g_utf8_strlen(sql + token->start, 400)));
    base_fail(error, BASE_E_SQL_SYNTAX,
              "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server "
              "version "
              "for the right syntax to use near '%s' at line %u",
              near, line);
    base_error_place(error, NULL, line, column);
    return false;
}

char *sql_text_between(const SqlCursor *cursor, guint end, const char *sql)
{
    size_t start = sql_peek(cursor)->start;
    if (end == 0 || end >= cursor->tokens->len) {
        end = cursor->tokens->len - 1;
    }
    const EngineToken *last = g_ptr_array_index(cursor->tokens, end);
    return last->start > start ? g_strndup(sql + start, last->start - start) : g_strdup("");
}
