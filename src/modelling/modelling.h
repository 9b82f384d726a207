/* Help for who models: what a project is like as a whole, and new models written for it.
 *
 *   modelling_matrix       the bus matrix: processes against dimensions, with what is missing
 *   modelling_duplicates   the same thing computed twice, and one name for two things
 *   modelling_new          a model of a layer over a table, which passes the standard
 *   modelling_import_dbt   a dbt project as a project of Weir, with a list of what stayed behind
 *   modelling_import_feast the same for a registry of Feast
 *
 * Results are JSON, as the HTTP API and `--json` give them. Thread: any; a StandardCatalog is read by one
 * thread at a time. */
#ifndef WEIR_MODELLING_MODELLING_H
#define WEIR_MODELLING_MODELLING_H

#include "catalog/catalog.h"
#include "standard/standard.h"

/* ---- the whole project (matrix.c, duplicates.c) ------------------------------------------------------ */

/* {"dimensions": [{name, entity, table, key, title, facts, conformed}],
 *  "rows": [{process, domain, fact, grain, fact_type, dimensions: {name: [{column, role, how}]}}],
 *  "holes": [{process, fact, dimension, column | null, reason}]}; `domain` NULL = all. New reference. */
json_t *modelling_matrix(StandardCatalog *catalog, const char *domain);

#define MODELLING_MAX_UNCOVERED 20
/* How much of what was read in a domain DWS answered, from the record of use ({"domain.table": {queries,
 * columns}}): [{domain, reads, dws_reads, share, uncovered: [{table, layer, queries, metrics, dimensions}]}],
 * the most read first; [] = nothing was read yet. New reference. */
json_t *modelling_coverage(const StandardCatalog *catalog, const json_t *usage);

/* {"repeated" | "synonyms": [{expression, columns: [{table, column, expression, file, line}]}],
 *  "homonyms": [{name, columns}], "queries": [{tables: [2]}], "expressions": n that were compared}. `conn`
 * parses. New reference. Cost: about 1 ms a model. */
json_t *modelling_duplicates(StandardCatalog *catalog, EngineConn *conn);

/* ---- new models (new.c) --------------------------------------------------------------------------- */

typedef struct {
    const char *layer, *from;              /* "dwd"; the table below */
    const char *name, *domain;             /* NULL = by the grammar of names; that of the table below */
    const char *owner, *grade;             /* NULL = those of the table below (P2) */
    const char *process, *unit, *consumer; /* NULL = not given */
    const char *const *by; /* DWM, DWS, APP: dimensions, NULL-terminated; NULL = ids and entities */
} ModellingNew;
/* The text of a model: nothing is written. *ret: {"name", "domain", "path": "domains/d/models/n.sql", "text",
 * "unregistered_metrics": bool (it is marked exploratory then)}. Errors: REFERENCE_UNKNOWN, TABLE_UNKNOWN,
 * COLUMN_UNKNOWN, VALUE_INVALID (that layer is not made from this one), USAGE (money without a unit, nothing
 * to sum by), NAME_INVALID. */
bool modelling_new(StandardCatalog *catalog, const ModellingNew *ask, json_t **ret,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

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

/* ---- Feast (feast.c) ------------------------------------------------------------------------------ */

/* Reads a registry of Feast, `from` = its file or the repository (a folder with feature_store.yaml), and
 * writes a project of Weir into `out`, which has no weir.yml yet: a domain for each project of Feast, its
 * entities, views and services under their names, and a table for each source that views read. What is not
 * exact is listed; what is computed in Python becomes a draft (drafts/, which Weir does not read). What is
 * written can be applied. *ret: {"out", "domains": [..], "entities", "tables", "views", "services", "files":
 * [..], "drafts": [..], "changed", "left": as of modelling_import_dbt, "line" 0} Errors: FILE_NOT_FOUND,
 * FILE_TOO_LARGE, DEFINITIONS_INVALID (no registry), VALUE_TOO_LARGE, USAGE (there is a project at `out`; the
 * registry is no file), FILE_IO, DISK_FULL. */
bool modelling_import_feast(const char *from, const char *out, json_t **ret,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
