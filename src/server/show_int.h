/* SHOW and DESCRIBE: show.c has the table of statements, show_rows.c and show_doris.c the rows that are made
 * in C. */
#ifndef WEIR_SERVER_SHOW_INT_H
#define WEIR_SERVER_SHOW_INT_H

#include "server/rows_sql.h"
#include "server/sql_int.h"

/* What the pattern took from the statement. */
typedef struct {
    const SqlRun *run;
    const char *schema, *name; /* of <table> or <name>; schema NULL = the session's */
    const char *database;      /* of <db>, or the session's; NULL = none */
    bool full, global;
    const char *text; /* of <text>: a string literal */
} Show;

/* Fills rows with the columns of the table. */
typedef bool (*ShowFill)(const Show *show, ServerRows *rows, GError **error);
bool show_create_table(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_create_view(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_create_database(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_variables(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_status(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_processlist(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_grants(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_warnings(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_errors(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_count_warnings(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_privileges(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_nothing(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_frontends(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_backends(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_catalogs(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_transactions(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_loads(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_stream_loads(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_load_warnings(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_partitions(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool show_tablets(const Show *show, ServerRows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The object that a statement names and the user may see; NULL + 1146. Borrowed from the session's snapshot.
 */
const CatalogObject *session_find_table(ServerSession *session, const char *schema, const char *name,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool session_run_show(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool session_run_describe(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
