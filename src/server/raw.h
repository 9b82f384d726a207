/* What is told of tables and made of their rows: results of checks, runs, loads.
 *
 * Their samples, figures and messages hold values as they were stored or came in, past row filters and masks.
 * Who may not see those (access_check_raw) is told the rest: that it was, when, how it ended. */
#ifndef WEIR_SERVER_RAW_H
#define WEIR_SERVER_RAW_H

#include "access/access.h"

/* What one user may see, asked once for each object. One thread. Borrows both. */
typedef struct ServerRaw ServerRaw;
ServerRaw *server_raw_new(const AccessUser *user, const CatalogSnapshot *snapshot);
void server_raw_free(ServerRaw *raw);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerRaw, server_raw_free)

/* Rows of `object` themselves. */
bool server_raw_may_read(ServerRaw *raw, const CatalogObject *object);
/* The rest takes out of a row what the user may not see; who may run an object sees how that goes. `object`
 * NULL = it is no more: an administrator's. */
void server_raw_hide_run(ServerRaw *raw, const CatalogObject *object, json_t *run); /* or held, or backfill */
void server_raw_hide_check(ServerRaw *raw, const CatalogObject *object, json_t *check);
/* Who loaded knows the rows. The name of a load's error log opens it to anyone (intake/rejects.c), so it is
 * shown to no one else who may not see them. */
void server_raw_hide_load(ServerRaw *raw, const CatalogObject *object, json_t *load);

#endif
