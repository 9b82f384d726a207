/* The project held against the warehouse standard that its weir.yml names. */
#ifndef WEIR_SERVER_LINT_H
#define WEIR_SERVER_LINT_H

#include "server/app.h"
#include "standard/standard.h"

/* Findings of the static rules (StandardFinding*) of a snapshot; with `rule` (NULL = all) of that rule only.
 * An empty list when weir.yml names no `standard:` and no rule is asked for. NULL + NOT_FOUND for an unknown
 * rule. */
GPtrArray *server_lint(CatalogSnapshot *snapshot, const char *rule, StandardCatalog **ret_catalog,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Counts without what is waived. */
size_t server_lint_errors(const GPtrArray *findings);
/* Findings of the rules of data over built tables, and, without `models`, of the rules of use. `models`
 * (NULL-terminated names; NULL = all) are those whose rows are looked at. As server_lint in the rest. */
GPtrArray *server_lint_data(ServerApp *app, CatalogSnapshot *snapshot, const char *const *models,
                            const char *rule, StandardCatalog **ret_catalog,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes the record of use and judges the rules of data and use: what a night does. *ret_findings: a list,
 * new reference. */
bool server_lint_nightly(ServerApp *app, json_t **ret_findings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What the rules of data say of the models that `runs` (as warehouse_run gives them) built; NULL = nothing.
 * New reference. */
json_t *server_lint_run(ServerApp *app, CatalogSnapshot *snapshot, const json_t *runs, const char *lang);
json_t *server_lint_to_json(const GPtrArray *findings, const char *lang);
/* What quality_health takes: [{rule, object (id), level: error | warn, fix}]; without what is waived, mere
 * advice, and what belongs to no object. New reference. */
json_t *server_lint_to_health(const GPtrArray *findings, const char *lang);
/* Without what is waived. */
json_t *server_lint_to_diagnostics(const GPtrArray *findings, const char *lang);
char *server_lint_today(void); /* "2026-11-22"; caller frees */

#endif
