/* The project held against the warehouse standard that its weir.yml names. */
#ifndef WEIR_SERVER_LINT_H
#define WEIR_SERVER_LINT_H

#include "server/app.h"
#include "standard/standard.h"

/* Findings of the static rules (StandardFinding*) of a snapshot; with `rule` (NULL = all) of that rule only.
 * An empty list when weir.yml names no `standard:` and no rule is asked for. What is wrong in `standard:`
 * goes to `diags` (may be NULL). NULL + NOT_FOUND for an unknown rule. */
GPtrArray *server_lint(CatalogSnapshot *snapshot, const char *rule, StandardCatalog **ret_catalog,
                       BaseDiags *diags, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Counts without what is waived. */
size_t server_lint_errors(const GPtrArray *findings);
json_t *server_lint_to_json(const GPtrArray *findings, const char *lang);
json_t *server_lint_to_diagnostics(const GPtrArray *findings, const char *lang);
char *server_lint_today(void); /* "2026-11-22"; caller frees */

#endif
