/* What source.c, source_http.c and infer.c share. */
#ifndef WEIR_INTAKE_SOURCE_INT_H
#define WEIR_INTAKE_SOURCE_INT_H

#include "intake/intake_int.h"

typedef struct {
    Intake *intake;
    const char *root;
    const CatalogObject *source;
    const char *zone; /* the project's; NULL = UTC */
    GPtrArray *loads; /* IntakeSourceLoad* */
} IntakeSourceRun;

IntakeOptions *intake_source_options(json_t *entry, const char *path, GError **error);
GPtrArray *intake_source_files(const char *root, const CatalogObject *source, json_t *entry, GError **error);
char *intake_source_label(const CatalogObject *source, const CatalogTable *table, const char *path,
                          const char *version);
bool intake_source_load_spool(IntakeSourceRun *run, const CatalogTable *table, json_t *entry,
                              IntakeSpool *spool, const char *path, const char *version,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool intake_source_refresh_http(IntakeSourceRun *run, const CatalogTable *table, json_t *entry,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* GETs an entry's address into a new spool; *ret_version tells it from what was there before. NULL without
 * error when the server says that nothing changed since `known` (an earlier version; NULL = none). */
IntakeSpool *intake_source_fetch(Intake *intake, const CatalogObject *source, json_t *entry,
                                 const char *known, char **ret_url, char **ret_version, GError **error);

#endif
