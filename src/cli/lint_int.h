/* Private to lint: parts of the verb. */
#ifndef WEIR_CLI_LINT_INT_H
#define WEIR_CLI_LINT_INT_H

#include "cli/cli_int.h"
#include "standard/standard.h"

/* Of diagnostics [{code, severity, file, line, column, message, hint}]. */
void cli_lint_github(const json_t *list);
void cli_lint_sarif(const json_t *list);
int cli_lint_explain(const CliContext *ctx, const StandardRule *rule);
/* lint_fix.c: carries out the edits of findings in the project's files; says what it did. *ret_n = edits
 * done. */
bool cli_lint_fix(const CliContext *ctx, const json_t *findings, guint *ret_n,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
