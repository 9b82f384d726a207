/* What the files of engine/sql_*.c share. */
#ifndef WEIR_ENGINE_SQL_INT_H
#define WEIR_ENGINE_SQL_INT_H

#include "engine/sql.h"

/* How text becomes tokens. The MySQL modes are those of its variable sql_mode. */
typedef enum {
    SQL_MYSQL = 1 << 0,
    SQL_ANSI_QUOTES = 1 << 1,          /* "x" is a name */
    SQL_NO_BACKSLASH_ESCAPES = 1 << 2, /* \ is a plain character */
    SQL_PIPES_AS_CONCAT = 1 << 3       /* || joins strings */
} SqlFlags;

SqlFlags sql_mode_flags(const char *mode); /* of the variable's value */
GPtrArray *sql_tokenize(const char *sql, SqlFlags flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* SQL_SYNTAX at byte `at` of `sql`, with line and column. Returns false. */
bool sql_fail_at(GError **error, const char *sql, size_t at, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* Adds the place of byte `at` to the error that is set. */
/* sql_coerce.c: a text that MySQL can take for no number and no date, and that is no array or object. */
bool sql_is_plain_text(const char *text);
void sql_place_at(GError **error, const char *sql, size_t at);

static inline const EngineToken *sql_token(const GPtrArray *tokens, size_t i)
{
    return g_ptr_array_index(tokens, i < tokens->len ? i : tokens->len - 1);
}

/* sql_visit.c: STATEMENT_REFUSED for DESCRIBE and its like inside a query. */
bool sql_fail_show(GError **error);

#endif
