/* Help for who models: what a project is like as a whole, and new models written for it.
 *
 *   modelling_matrix       the bus matrix: processes against dimensions, with what is missing
 *   modelling_duplicates   the same thing computed twice, and one name for two things
 *   modelling_new          a model of a layer over a table, which passes the standard
 *   modelling_import_dbt   a dbt project as a project of Weir, with a list of what stayed behind
 *
 * Results are JSON, as the HTTP API and `--json` give them. Thread: any; a StandardCatalog is read by one
 * thread at a time. */
#ifndef WEIR_MODELLING_MODELLING_H
#define WEIR_MODELLING_MODELLING_H

#include "catalog/catalog.h"
#include "standard/standard.h"

/* ---- dbt (dbt.c) ---------------------------------------------------------------------------------- */

/* Reads the dbt project in folder `dir` and writes a project of Weir into `out`, which has no weir.yml yet.
 * There is no Jinja here: ref, source, var, this, config and `{% if is_incremental() %}` carry over, and what
 * is anything else is listed and its model kept as a draft (drafts/, which Weir does not read); so is what
 * reads such a model, and what Weir finds wrong once it is written. What is written can be applied.
 * *ret: {"project", "out", "domain", "models", "snapshots", "seeds", "sources", "checks", "files": [..],
 *   "changed": [{"file", "line", "object", "reason"}],   carried over, but not to the letter
 *   "left": [{"file", "line", "object", "reason"}]}      not carried over
 * Reasons are in the language in use. Errors: FILE_NOT_FOUND, DEFINITIONS_INVALID (dbt_project.yml cannot be
 * read), NAME_INVALID, USAGE (there is a project at `out`), FILE_IO, DISK_FULL. */
bool modelling_import_dbt(const char *dir, const char *out, json_t **ret,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
