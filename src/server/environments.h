/* Environments while serving: each put together from its branch and what is applied, kept until either
 * changes. Thread-safe. */
#ifndef WEIR_SERVER_ENVIRONMENTS_H
#define WEIR_SERVER_ENVIRONMENTS_H

#include "server/app.h"

typedef struct ServerEnvironments ServerEnvironments;
ServerEnvironments *server_environments_new(void);
void server_environments_free(ServerEnvironments *environments);

/* The environment's snapshot over what is applied now; a new reference. `name` NULL or "" is production's.
 * Blocks for the reading of the branch's definitions when either changed. ENVIRONMENT_UNKNOWN,
 * ENVIRONMENT_TABLE. */
CatalogSnapshot *server_app_environment(ServerApp *app, const char *name,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The branch's own definitions, and the version that they were compared with. */
CatalogSnapshot *server_app_branch(ServerApp *app, const char *name, gint64 *ret_base,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `branch` put over what is applied, as environment `name` would be. */
CatalogSnapshot *server_app_environment_of(ServerApp *app, CatalogSnapshot *branch, const char *name,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An environment was applied, promoted or dropped: it is read anew. All are told to the warehouse. */
void server_app_environments_changed(ServerApp *app);

#endif
