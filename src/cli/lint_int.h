/* Private to lint: parts of the verb. */
#ifndef WEIR_CLI_LINT_INT_H
#define WEIR_CLI_LINT_INT_H

#include "cli/cli_int.h"
#include "standard/standard.h"

/* Of diagnostics [{code, severity, file, line, column, message, hint}]. */
void cli_lint_github(const json_t *list);
void cli_lint_sarif(const json_t *list);
int cli_lint_explain(const CliContext *ctx, const StandardRule *rule);
/* lint_fix.c: carries out the edits of findings in the project's files; says what it did. `before` gets the
 * text of each file as it was (path -> text); *ret_n = edits done. */
bool cli_lint_fix(const CliContext *ctx, const json_t *findings, GHashTable *before, guint *ret_n,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool cli_lint_take_back(GHashTable *before, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *cli_lint_key(const json_t *finding); /* rule and object; caller frees */

#endif
