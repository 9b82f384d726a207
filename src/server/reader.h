/* What the definitions are, read while the other parts of the app open.
 *
 * One thread reads what is applied and then, when the command that opened the app will ask for it, the
 * project's files: most of what `weir plan` waits for, beside the opening of the warehouse instead of after
 * it. The thread takes the app's parser as anybody else does (server_app_with_parser). */
#ifndef WEIR_SERVER_READER_H
#define WEIR_SERVER_READER_H

#include "server/app.h"

typedef struct ServerReader ServerReader;

/* The store is open, and stays open until the reader is freed. */
ServerReader *server_reader_start(ServerApp *app, bool with_project);
/* Waits for the thread. */
void server_reader_free(ServerReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerReader, server_reader_free)

/* What files declare as applied, and the tables that only SQL or a source made. Once. */
CatalogSnapshot *server_reader_applied(ServerReader *reader, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether the project is read ahead and the caller is the first to ask: then, and only then, it has to take
 * it with server_reader_project, which waits. */
bool server_reader_claim(ServerReader *reader);
/* What is wrong goes to `diags`. Errors as catalog_load. */
CatalogSnapshot *server_reader_project(ServerReader *reader, BaseDiags *diags,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What was read ahead no longer fits what is applied: the next to ask reads anew. */
void server_reader_forget(ServerReader *reader);

/* Reads the project now, in the caller's thread. */
CatalogSnapshot *server_reader_read(ServerApp *app, BaseDiags *diags,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
