/* information_schema, performance_schema and mysql as relations: what clients browse.
 *
 * access_rewrite asks for each relation that a statement names and puts the SELECT that it gets in its place,
 * so that joins, WHERE and LIKE of clients work on real rows. Only what the user may see is in them. */
#ifndef WEIR_SERVER_INFOSCHEMA_H
#define WEIR_SERVER_INFOSCHEMA_H

#include "access/access.h"

/* AccessSystemTable; `user` is the ServerApp. */
char *server_infoschema_select(const AccessScope *scope, const char *schema, const char *table, void *user,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How often the calling thread has asked for a relation: a statement that did is not kept as a plan. */
guint64 server_infoschema_calls(void);
/* Names of the system databases, NULL-terminated: "information_schema", "mysql", "performance_schema", "sys".
 */
extern const char *const SERVER_SYSTEM_DATABASES[];

#endif
