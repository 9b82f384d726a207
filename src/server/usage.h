/* The record of use: which tables and columns were read, by whom, how far back. It feeds the rules of use of
 * the warehouse standard and retention by access span.
 *
 * Noting a query costs one look into a table under a lock: texts are taken apart when the record is written,
 * once a minute and before it is read. Written is one row of _weir.usage a day, table, set of columns and
 * reader. The columns are those of the table that the statement's words name (all of them under `*`); the
 * oldest day is the earliest day that the statement names, and `whole` counts queries that name none. Rows
 * older than SERVER_USAGE_DAYS go. */
#ifndef WEIR_SERVER_USAGE_H
#define WEIR_SERVER_USAGE_H

#include "catalog/catalog.h"
#include "intake/intake.h"

#define SERVER_USAGE_DAYS      92
#define SERVER_USAGE_MAX_TEXTS 4096u /* of queries between two writings; more are counted as lost */

typedef struct ServerUsage ServerUsage;
ServerUsage *server_usage_new(void);
void server_usage_free(ServerUsage *usage);
/* `text` is a checked statement in the engine's dialect (tables as "domain"."name"). Thread: any. */
void server_usage_note(ServerUsage *usage, const char *reader, const char *text);
/* Writes what was noted. Thread: any but the committer. */
bool server_usage_write(ServerUsage *usage, Intake *intake, CatalogSnapshot *snapshot,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* {"domain.name": {"queries", "readers": [..], "span": days or absent, "columns": {name: queries}}} of the
 * last SERVER_USAGE_DAYS. New reference. */
json_t *server_usage_read(EngineConn *conn, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint64 server_usage_lost(ServerUsage *usage);

#endif
