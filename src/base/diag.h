/* Diagnostics: everything that is wrong with a set of definitions, collected and shown together.
 *
 * A diagnostic points at what the user wrote (file, line, column range), never at generated SQL.
 * Printed form:
 *   error[W1003]: unknown key `shedule` in a model
 *     --> domains/songs/models/dim_songs.sql:5:4
 *      |
 *    5 | -- shedule: daily
 *      |    ^^^^^^^
 *      = hint: did you mean `schedule`?
 *      = more: weir explain W1003
 */
#ifndef WEIR_BASE_DIAG_H
#define WEIR_BASE_DIAG_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"

typedef enum { BASE_DIAG_ERROR, BASE_DIAG_WARNING, BASE_DIAG_NOTE } BaseDiagSeverity;

typedef struct {
    BaseErrorCode code;
    BaseDiagSeverity severity;
    char *file;                  /* relative to the project, NULL when there is none */
    unsigned line;               /* from 1; 0 = no line */
    unsigned column, end_column; /* from 1, in bytes; end is exclusive */
    char *message;
    char *hint; /* NULL when there is none */
    char *rule; /* of the warehouse standard, shown in place of the code: "LD-04"; NULL otherwise */
} BaseDiag;

/* A list of diagnostics; not safe for two threads at once. */
typedef struct BaseDiags BaseDiags;

BaseDiags *base_diags_new(void);
void base_diags_free(BaseDiags *diags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseDiags, base_diags_free)

/* Adds an error and returns it, so that the caller can set hint and end_column; borrowed. */
BaseDiag *base_diags_add(BaseDiags *diags, BaseErrorCode code, const char *file, unsigned line,
                         unsigned column, const char *format, ...) G_GNUC_PRINTF(6, 7);
BaseDiag *base_diags_warn(BaseDiags *diags, BaseErrorCode code, const char *file, unsigned line,
                          unsigned column, const char *format, ...) G_GNUC_PRINTF(6, 7);
void base_diag_hint(BaseDiag *diag, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* "did you mean `x`?" from the nearest of `names` (NULL-terminated), if one is near enough. */
void base_diag_hint_nearest(BaseDiag *diag, const char *word, const char *const *names);

/* Moves all of `from` to the end of `to`. */
void base_diags_move(BaseDiags *from, BaseDiags *to);
size_t base_diags_count(const BaseDiags *diags, BaseDiagSeverity severity);
size_t base_diags_length(const BaseDiags *diags);
const BaseDiag *base_diags_get(const BaseDiags *diags, size_t i);
/* By file, line, column. */
void base_diags_sort(BaseDiags *diags);

/* Prints all with source lines read from `root`/file, a summary line, and `not_done`. */
void base_diags_print(const BaseDiags *diags, FILE *out, const char *root, bool color, const char *not_done);
/* [{code, severity, file, line, column, end_column, message, hint}] */
json_t *base_diags_to_json(const BaseDiags *diags);
/* Sets an error that sums the diagnostics up: DEFINITIONS_INVALID "3 errors in 2 files". */
bool base_diags_fail(const BaseDiags *diags, GError **error);

#endif
