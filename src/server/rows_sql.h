/* Rows made in C as a SELECT in the engine's dialect: how SHOW and information_schema answer from facts that
 * no table holds. The rows travel as one JSON literal, which costs the parser one constant however many they
 * are. */
#ifndef WEIR_SERVER_ROWS_SQL_H
#define WEIR_SERVER_ROWS_SQL_H

#include <glib.h>
#include <stdbool.h>

typedef struct ServerRows ServerRows;

/* `columns` = "Name VARCHAR, Rows BIGINT": the engine's types; names may hold blanks when written 'in
 * quotes'. */
ServerRows *server_rows_new(const char *columns);
void server_rows_free(ServerRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerRows, server_rows_free)
/* The next value, row by row, column by column. NULL text is NULL. */
void server_rows_text(ServerRows *rows, const char *text);
void server_rows_int(ServerRows *rows, gint64 value);
void server_rows_null(ServerRows *rows);
/* NULL for all columns left of the row begun. */
void server_rows_end(ServerRows *rows);
/* A whole row of texts, NULL-terminated: those given, then NULLs. */
void server_rows_put(ServerRows *rows, ...) G_GNUC_NULL_TERMINATED;
/* Caller frees. */
char *server_rows_select(const ServerRows *rows);
/* The same with texts that compare in any case, as those of MySQL's information_schema do. Caller frees. */
char *server_rows_select_any_case(const ServerRows *rows);

#endif
