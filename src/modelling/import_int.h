/* What the imports of other tools' projects share: notes of what stayed behind or was changed, files of the
 * new project.
 *
 * A note is {"file", "line", "object", "reason"}; line 0 = the file has no lines. */
#ifndef WEIR_MODELLING_IMPORT_INT_H
#define WEIR_MODELLING_IMPORT_INT_H

#include <stdarg.h>

#include "base/term.h"
#include "engine/engine.h"
#include "modelling/modelling.h"

void import_note(json_t *list, const char *file, unsigned line, const char *object, const char *format,
                 va_list args) G_GNUC_PRINTF(5, 0);
/* USAGE when there is a project at `out` already. */
bool import_may_write(const char *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A file below `out`, whose folders are made. */
bool import_write_text(const char *out, const char *path, const char *text,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "key: value" of a definition after `prefix`: JSON, which is YAML too; a list of maps one to a line. */
void import_put_key(GString *out, const char *prefix, const char *key, const json_t *value);
/* Lower case, - and space and dot as _; NULL when it is no name still. Caller frees. */
char *import_name(const char *text);
/* A connection of a small memory engine, which binds what was written; *ret_engine lives longer than it. */
EngineConn *import_parser(Engine **ret_engine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
