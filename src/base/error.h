/* Errors for people.
 *
 * A function that can fail returns bool (or a pointer) and takes `GError **error` last. The error
 * carries, beside its message, what a reader needs: the code (with everything the code decides:
 * HTTP status, MySQL errno, exit code, whether a retry can help), the place in the user's own file,
 * a hint, and what did not happen. Library layers return errors and do not log them.
 *
 *   return base_fail(error, BASE_E_TABLE_UNKNOWN, "no table `%s` in `%s`", table, db);
 *
 * Message: one phrase, no full stop, values in backquotes. Hint: what to do. `not_done`: a sentence,
 * such as "Nothing was loaded."
 *
 * The table of codes is base/error_codes.h: one row a code. */
#ifndef WEIR_BASE_ERROR_H
#define WEIR_BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

#include "base/json.h"

typedef enum {
#define X(name, number, http, mysql_errno, sqlstate, exit_code, retry, title_en, title_zh, text_en, text_zh) \
    BASE_E_##name = number,
#include "base/error_codes.h"
#undef X
} BaseErrorCode;

typedef struct {
    BaseErrorCode code;
    const char *name; /* "TABLE_UNKNOWN" */
    int http_status;
    int mysql_errno;
    const char *sqlstate;
    int exit_code;
    bool retry; /* the same call may succeed later */
    const char *title_en, *title_zh;
    const char *text_en, *text_zh; /* `weir explain` */
} BaseErrorInfo;

#define BASE_ERROR (base_error_quark())
GQuark base_error_quark(void);

/* Sets *error (when error is not NULL) and returns false. */
bool base_fail(GError **error, BaseErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Additions to an error just set; no-ops when error or *error is NULL or not a BASE_ERROR. */
void base_error_hint(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
void base_error_place(GError **error, const char *file, unsigned line, unsigned column);
void base_error_not_done(GError **error, const char *sentence);

/* What was added; NULL or 0 where nothing was. Borrowed from the error. */
const char *base_error_get_hint(const GError *error);
const char *base_error_get_not_done(const GError *error);
const char *base_error_get_file(const GError *error, unsigned *ret_line, unsigned *ret_column);

/* The row of the error's code. A GError of another domain (GIO, GLib) is INTERNAL. */
const BaseErrorInfo *base_error_info(const GError *error);
const BaseErrorInfo *base_error_info_of(BaseErrorCode code);
/* By "W1003", "1003" or "TABLE_UNKNOWN"; NULL when there is none. */
const BaseErrorInfo *base_error_info_by_name(const char *text);
/* All rows in order of number. */
const BaseErrorInfo *base_error_info_all(size_t *ret_n);

/* RFC 9457 problem object: type, title, status, detail, code ("W2104"), hint, not_done, file, line,
 * column. Caller owns it. Title is in `lang` ("zh" or "en"). */
json_t *base_error_to_problem(const GError *error, const char *lang);
/* The inverse, for a client of the HTTP API. */
void base_error_from_problem(GError **error, json_t *problem);

#endif
