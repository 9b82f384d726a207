/* The declared world: a project folder read, checked and resolved into an immutable snapshot.
 *
 * A CatalogSnapshot is never changed once made; readers hold a reference and the server swaps the
 * pointer on apply. Everything else reads the catalog: the loader knows the table, the planner the
 * change, the lineage the columns. */
#ifndef WEIR_CATALOG_CATALOG_H
#define WEIR_CATALOG_CATALOG_H

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"
#include "base/json.h"
#include "engine/engine.h"

/* Kinds, in the order in which they are listed. catalog/kinds.c has one row for each: its plural key in
 * YAML, its own keys with types, what they refer to, titles. */
typedef enum {
    CATALOG_DOMAIN,
    CATALOG_SOURCE,
    CATALOG_STREAM,
    CATALOG_TABLE,
    CATALOG_MODEL,
    CATALOG_ENTITY,
    CATALOG_DIMENSION,
    CATALOG_METRIC,
    CATALOG_FEATURE_VIEW,
    CATALOG_FEATURE_SERVICE,
    CATALOG_PRODUCT,
    CATALOG_RECOMMENDER,
    CATALOG_DASHBOARD,
    CATALOG_REPORT,
    CATALOG_ALERT,
    CATALOG_ROLE,
    CATALOG_POLICY,
    CATALOG_TERM,
    CATALOG_EXAMPLE,
    CATALOG_PLUGIN,
    CATALOG_ROOT,
    CATALOG_N_KINDS
} CatalogKind;
const char *catalog_kind_name(CatalogKind kind);               /* "feature_view" */
const char *catalog_kind_plural(CatalogKind kind);             /* "feature_views", the YAML key */
bool catalog_kind_by_name(const char *text, CatalogKind *ret); /* either form */
/* The keys that a kind takes beside the common ones, those, and those of weir.yml: [{name, type, required,
 * words?, refs?, doc_en, doc_zh, keys?}]; a kind as {kind, plural, title_en, title_zh, keys}. New references.
 */
json_t *catalog_kind_to_json(CatalogKind kind);
json_t *catalog_common_keys_to_json(void);
json_t *catalog_project_keys_to_json(void);

typedef struct CatalogSnapshot CatalogSnapshot;
typedef struct CatalogObject CatalogObject;

/* ---- columns, tables ------------------------------------------------------------------------- */

typedef enum { CATALOG_DUPLICATE, CATALOG_UNIQUE, CATALOG_AGGREGATE } CatalogTableModel;
typedef enum {
    CATALOG_AGG_NONE,
    CATALOG_AGG_SUM,
    CATALOG_AGG_MIN,
    CATALOG_AGG_MAX,
    CATALOG_AGG_REPLACE,
    CATALOG_AGG_REPLACE_IF_NOT_NULL
} CatalogAgg;

typedef struct {
    char *name;
    char *type;          /* the engine's: "BIGINT", "DECIMAL(18,2)" */
    char *type_declared; /* as written, for SHOW CREATE TABLE: "LARGEINT", "datetime(3)" */
    bool key, not_null;
    CatalogAgg agg;
    char *default_sql; /* NULL = none */
    char *comment;
    bool history; /* the kind scd2 writes it, not the model's SELECT */
} CatalogColumn;

/* A table that data is loaded into: declared in YAML, by CREATE TABLE, or inferred by a source. */
typedef struct {
    char *schema, *name; /* domain and bare name */
    CatalogTableModel model;
    GPtrArray *columns; /* CatalogColumn*, keys first */
    char *sequence;     /* UNIQUE: column that decides the winner; NULL = the later row */
    char *comment;
    json_t *properties; /* of CREATE TABLE: partition, distribution, PROPERTIES; kept to be shown */
} CatalogTable;
void catalog_table_free(CatalogTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CatalogTable, catalog_table_free)
CatalogTable *catalog_table_copy(const CatalogTable *table);
const CatalogColumn *catalog_table_column(const CatalogTable *table, const char *name); /* case folded */
/* Wherever the table speaks of it: sequence and the clauses that CREATE TABLE had too. False: there is no
 * such column, or another one has the name. */
bool catalog_table_rename_column(CatalogTable *table, const char *from,
                                 const char *to) G_GNUC_WARN_UNUSED_RESULT;
json_t *catalog_table_to_json(const CatalogTable *table);
CatalogTable *catalog_table_from_json(json_t *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* catalog/ddl.c: a CREATE TABLE statement of Doris or of the standard. What has no meaning on one
 * machine is kept in properties and named in `warnings` (char*). Errors: SQL_SYNTAX, VALUE_INVALID. */
CatalogTable *catalog_ddl_parse(const char *sql, const char *default_schema, bool *ret_if_not_exists,
                                GPtrArray *warnings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* MySQL's layout (backquotes, two spaces, ") ENGINE=OLAP"); caller frees. */
char *catalog_ddl_show(const CatalogTable *table);
/* The default of a column as information_schema shows it: a literal without quotes; NULL = none. Caller
 * frees. */
char *catalog_ddl_default(const CatalogColumn *column);
/* A type of Doris, MySQL or the engine as the engine's; NULL + VALUE_INVALID. Caller frees. */
char *catalog_ddl_type(const char *declared, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- objects ---------------------------------------------------------------------------------- */

typedef enum {
    CATALOG_MODEL_VIEW,
    CATALOG_MODEL_FULL,
    CATALOG_MODEL_INCREMENTAL,
    CATALOG_MODEL_SNAPSHOT,
    CATALOG_MODEL_SCD2,
    CATALOG_MODEL_MID, /* full, dropped a while after its last build */
    CATALOG_MODEL_TEMP /* full, dropped when the run that made it ends */
} CatalogModelKind;
const char *catalog_model_kind_name(CatalogModelKind kind); /* the YAML word */

/* How rows of a run join those that are there. */
typedef enum {
    CATALOG_STRATEGY_NONE,
    CATALOG_STRATEGY_APPEND,
    CATALOG_STRATEGY_MERGE,
    CATALOG_STRATEGY_DELETE_INSERT,
    CATALOG_STRATEGY_INSERT_OVERWRITE,
    CATALOG_STRATEGY_TIME_RANGE,
    CATALOG_STRATEGY_MICROBATCH,
    CATALOG_STRATEGY_TIMESTAMP, /* SCD2 */
    CATALOG_STRATEGY_CHECK      /* SCD2 */
} CatalogStrategy;
const char *catalog_strategy_name(CatalogStrategy strategy); /* the YAML word; "" for NONE */

typedef enum {
    CATALOG_DELETES_IGNORE,
    CATALOG_DELETES_INVALIDATE,
    CATALOG_DELETES_NEW_RECORD
} CatalogDeletes;
typedef enum { CATALOG_FROM_UPDATED_AT, CATALOG_FROM_RUN_TIME, CATALOG_FROM_EPOCH } CatalogFirstFrom;
typedef enum {
    CATALOG_DUPLICATES_ERROR,
    CATALOG_DUPLICATES_CHAIN,
    CATALOG_DUPLICATES_LATEST
} CatalogDuplicates;

/* What a model of kind scd2 says of its history. */
typedef struct {
    bool check;                    /* strategy check; else timestamp */
    const char *updated_at;        /* column with the time of a version; NULL = the run's time */
    const char *const *check_cols; /* NULL-terminated; NULL = all columns */
    CatalogDeletes deletes;
    CatalogFirstFrom first_from;
    CatalogDuplicates duplicates;
    const char *latest_by; /* DUPLICATES_LATEST */
    bool splice;           /* late versions go between their neighbours; else they are counted */
    bool delta;            /* the input holds changes only: what is not in it is not deleted */
    bool closed_day;       /* valid_from and valid_to are dates, both included */
    const char *open_end;  /* what stands in valid_to of open versions; NULL = NULL */
    const char *valid_from, *valid_to;
    const char *is_deleted; /* DELETES_NEW_RECORD; else NULL */
} CatalogScd2;

typedef struct {
    CatalogModelKind kind;
    const char *sql;          /* body without header, as written */
    const char *sql_resolved; /* every table as domain.name; what the engine runs. $start, $end kept */
    unsigned sql_line;        /* line of the file on which the body starts, from 1 */
    CatalogStrategy strategy; /* INCREMENTAL: as written, else by its keys (catalog/strategy.c); SCD2 */
    bool keeps_history;       /* changed logic holds for new rows; only a full rebuild makes old ones anew */
    const char *time;         /* INCREMENTAL: column; NULL otherwise */
    const char *const *key;   /* NULL-terminated, may be empty */
    gint64 lookback_us;       /* a duration; 0 = none */
    gint64 lookback_batches;  /* a number of intervals; 0 = none. Never both */
    const char *schedule;     /* NULL = none */
    bool uses_interval;       /* has $start or $end */
    const CatalogScd2 *scd2;  /* SCD2 only */
} CatalogModelInfo;

/* A feature that an on-demand view may name. */
typedef struct {
    const char *view; /* as written: "driver_stats", "driver_stats@v2" */
    const char *feature;
    const char *name; /* how expressions name it: the feature's name, "view__feature" where two have it */
} CatalogFeatureInput;

typedef struct {
    /* Of a view with `sql`: what its SELECT means: model->sql_resolved, columns; else NULL. */
    const CatalogObject *query;
    /* One for each feature, in order: `type` is the engine's of its expression, `type_declared` the engine's
     * of what the feature says; "" = not known, not said. CatalogColumn* */
    const GPtrArray *types;
    size_t n_inputs; /* of an on-demand view; whole views written out */
    const CatalogFeatureInput *inputs;
} CatalogFeatures;

struct CatalogObject {
    CatalogKind kind;
    const char *name;      /* bare; of what an environment has of its own: "name__environment" */
    const char *domain;    /* "" for objects outside any domain */
    const char *id;        /* "kind:domain.name", unique: "model:interactions.dwd_play_event_i" */
    const char *full_name; /* "domain.name", or "name" outside any domain */
    /* What definitions and SQL call it: as above, but in an environment without "__environment". */
    const char *plain_name, *plain_full_name;
    const char *environment; /* that it is built in; NULL = production */
    const char *fingerprint; /* of what its rows depend on, all upstream with it; NULL = production */
    const char *file;        /* relative to the project */
    unsigned line, column;
    const char *title_en, *title_zh, *description_en, *description_zh; /* "" when not given */
    const char *owner, *grade, *status, *layer;                        /* "" when not given */
    /* The whole definition as JSON, keys as written; borrowed. Of a TABLE, MODEL or FEATURE_VIEW (there of
     * its features, as columns) with checks, "checks" is normalised: all checks of columns and of the object
     * as flat objects
     *   {"type": "not_null", "column"?: name, "columns"?: [names], "severity": "error" | "warn", "where"?:
     * SQL, "name"?, "owner"?, "warn"?, "error"?, "blocking"?, "reject"?, "keep"?, and the arguments of the
     * type} catalog/checks.c has the types, catalog/kinds.c their arguments. */
    json_t *definition;
    const char *text;                /* canonical YAML (and SQL) text: what diff and history show */
    const char *hash;                /* of text; equal hash = equal meaning */
    const CatalogTable *table;       /* TABLE, and what CREATE TABLE made; NULL otherwise */
    const CatalogModelInfo *model;   /* MODEL only */
    const CatalogFeatures *features; /* FEATURE_VIEW only */
    /* Columns of a TABLE or MODEL: name and the engine's type ("" = not known). For a model they come from
     * binding its SQL. NULL for other kinds.
     * A table that a source will make at its first load (`sources.tables[].to`, declared nowhere) is a TABLE
     * with status "expected", `table` NULL and no columns; there is nothing to create for it. */
    const GPtrArray *columns; /* CatalogColumn* */
};

/* The column of that name in CatalogColumn*s, which may be NULL; case does not count. NULL = none. */
const CatalogColumn *catalog_columns_find(const GPtrArray *columns, const char *name);

/* The engine's type that a feature's type is kept as: "int64" -> "BIGINT", "array(float)" -> "FLOAT[]"; ""
 * for any other word. */
const char *catalog_feature_type_sql(const char *word);

/* A parameter of models ($start, $end: the interval of a run; $business_date: the day that it is about, as a
 * DATE, $ds: as '2026-01-31', $bizdate: as '20260131') -> a literal of its type; NULL = there is none. */
const char *catalog_parameter_sample(const char *parameter);

/* "1%", "0.01" -> 0.01; a number of rows such as "10" is itself. false = it is neither. */
bool catalog_check_share(const char *text, double *ret);

/* ---- reading a project ----------------------------------------------------------------------- */

/* The nearest folder at or above `start` with a weir.yml; NULL + PROJECT_NOT_FOUND. Caller frees. */
char *catalog_find_project(const char *start, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads every *.yml and *.sql under `root`. `parser` is a connection of a memory engine (any content),
 * used to parse SQL and to bind models for their column types. `live` are tables that exist in the warehouse
 * but in no file (made by CREATE TABLE or inferred by a source): CatalogTable*; may be NULL. All that is
 * wrong goes to `diags`; a snapshot is returned even then (without the objects that are wrong), so that ls
 * and show work on a broken project. NULL + error only when the folder cannot be read. */
CatalogSnapshot *catalog_load(const char *root, EngineConn *parser, const GPtrArray *live, BaseDiags *diags,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Any reading leaves the empty tables that it bound models to in the parser's engine; this drops them, when
 * nobody waits for it any more. Errors: the engine's. */
bool catalog_tidy(EngineConn *parser, GError **error) G_GNUC_WARN_UNUSED_RESULT;
CatalogSnapshot *catalog_snapshot_new_empty(void);
CatalogSnapshot *catalog_snapshot_ref(CatalogSnapshot *snapshot);
void catalog_snapshot_unref(CatalogSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CatalogSnapshot, catalog_snapshot_unref)
/* A copy of `snapshot` with `table` added or replaced (CREATE TABLE while serving), or removed. */
CatalogSnapshot *catalog_snapshot_with_table(CatalogSnapshot *snapshot, const CatalogTable *table);
CatalogSnapshot *catalog_snapshot_without_table(CatalogSnapshot *snapshot, const char *schema,
                                                const char *name);

const char *catalog_project_name(const CatalogSnapshot *snapshot);
const char *catalog_project_timezone(const CatalogSnapshot *snapshot);   /* "UTC" when not given */
const json_t *catalog_project_settings(const CatalogSnapshot *snapshot); /* weir.yml whole */
/* A definition file as it was read, by its path in the project; NULL when it is not one. Borrowed. */
const char *catalog_file_text(const CatalogSnapshot *snapshot, const char *path, size_t *ret_len);
const char *catalog_snapshot_hash(const CatalogSnapshot *snapshot); /* of all objects */

/* All objects by kind then name; borrowed. */
const GPtrArray *catalog_objects(const CatalogSnapshot *snapshot);
const CatalogObject *catalog_by_id(const CatalogSnapshot *snapshot, const char *id);
/* By bare name, domain.name, or kind:name; `domain` (may be NULL) is searched first. NULL + REFERENCE_UNKNOWN
 * with the nearest name, or NAME_AMBIGUOUS. */
const CatalogObject *catalog_find(const CatalogSnapshot *snapshot, const char *name, const char *domain,
                                  GError **error);
/* A table or model that SQL in `domain` means by [schema.]name; NULL when there is none (no error) or when
 * it is ambiguous (*ret_ambiguous). Case folded. */
const CatalogObject *catalog_resolve_table(const CatalogSnapshot *snapshot, const char *schema,
                                           const char *name, const char *domain, bool *ret_ambiguous);
/* Domain names, sorted, NULL-terminated; borrowed. They are the databases. */
const char *const *catalog_domains(const CatalogSnapshot *snapshot);
/* The same for a name with a version of an scd2 model: "t@history", "t@2026-01-01 10:00:00", and as
 * engine_sql_parse writes them; catalog_resolve_table takes such a name too and gives the model. *ret_sql is
 * what the name means in SQL, a relation in the engine, without alias; NULL = the name has no version. Caller
 * frees it. Errors: VALUE_INVALID for what is no point in time. */
bool catalog_version_sql(const CatalogObject *object, const char *name, char **ret_sql,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "t@history": the view of all versions; "_weir_history__t": the table below both views. Caller frees. */
char *catalog_history_view(const char *name);
char *catalog_history_table(const char *name);
#define CATALOG_HISTORY_FROM    "_weir_from"
#define CATALOG_HISTORY_TO      "_weir_to"
#define CATALOG_HISTORY_DELETED "_weir_deleted"

/* For "did you mean": full and bare names of all tables and models, NULL-terminated; borrowed. */
const char *const *catalog_table_names(const CatalogSnapshot *snapshot);

/* The object with all that is known of it: definition, columns, place, up- and downstream. New reference. */
json_t *catalog_object_to_json(const CatalogSnapshot *snapshot, const CatalogObject *object, bool whole);

/* ---- lineage ----------------------------------------------------------------------------------- */

/* Columns of an edge: both NULL = the one reads, makes or uses the other; both set = the value of a column;
 * from_column alone = the column decides which rows `to` has ("filter"), or goes into an object without
 * columns (a metric); to_column alone = the column counts rows of `from`. For feature views and services a
 * feature stands as column. */
typedef struct {
    const CatalogObject *from, *to;
    const char *from_column, *to_column;
    const char
        *how; /* "direct" (same value), "derived" (expression), "aggregated", "filter" (decides rows) */
} CatalogEdge;
/* Edges into (up) or out of (down) an object; `column` NULL = all. CatalogEdge* borrowed; free the array. */
GPtrArray *catalog_lineage_up(const CatalogSnapshot *snapshot, const CatalogObject *object,
                              const char *column);
GPtrArray *catalog_lineage_down(const CatalogSnapshot *snapshot, const CatalogObject *object,
                                const char *column);
/* The whole tree as JSON {object, column?, kind, how?, children:[...]}, each node once on a path. */
json_t *catalog_lineage_tree(const CatalogSnapshot *snapshot, const CatalogObject *object, const char *column,
                             bool up);
/* All nodes and edges reachable: {"nodes":[{id,kind,name,columns}],
 * "edges":[{from,to,from_column,to_column,how}]}. */
json_t *catalog_lineage_graph(const CatalogSnapshot *snapshot, const CatalogObject *object,
                              const char *column, bool up, bool down);
char *catalog_lineage_dot(const json_t *graph);
json_t *catalog_lineage_openlineage(const CatalogSnapshot *snapshot, const json_t *graph);
/* Objects reached downstream of `object` (any kind), nearest first; borrowed; free the array. */
GPtrArray *catalog_downstream(const CatalogSnapshot *snapshot, const CatalogObject *object);
GPtrArray *catalog_upstream(const CatalogSnapshot *snapshot, const CatalogObject *object);
/* Models in an order in which each comes after what it reads. NULL + CYCLE. Free the array. */
GPtrArray *catalog_model_order(const CatalogSnapshot *snapshot, GError **error);

/* ---- who is told, and when ------------------------------------------------------------------------ */

/* A plain address as mail servers take it without quotes. */
bool catalog_is_mail_address(const char *text);
bool catalog_is_url(const char *text); /* http, https */
/* "08:00-22:00", or over midnight "22:00-06:00" -> minutes of the day; 24:00 is its end. */
bool catalog_notice_hours(const char *text, int *ret_from, int *ret_to) G_GNUC_WARN_UNUSED_RESULT;

/* ---- values of a known form (values.c) ------------------------------------------------------------ */

/* "2026-01-31" or "20260131" -> days since 1970-01-01. */
bool catalog_day_parse(const char *text, gint64 *ret_day) G_GNUC_WARN_UNUSED_RESULT;
/* "2020-11-11", "20201111" or, of every year, "11-11" -> year * 10000 + month * 100 + day; year 0 = every. */
bool catalog_keep_date_parse(const char *text, gint64 *ret) G_GNUC_WARN_UNUSED_RESULT;
/* "2020-02", "202002" or, of every year, "02" -> year * 100 + month; year 0 = every. */
bool catalog_keep_month_parse(const char *text, gint64 *ret) G_GNUC_WARN_UNUSED_RESULT;
/* `lifecycle: {keep: ...}`: a number of days, "90d" "12w" "18m" "3y", "forever" or null. `passing`: of a mid
 * or temp model, where a duration such as "2h" holds too (and "30m" are minutes). */
#define CATALOG_KEEP_FOREVER G_MAXINT64
bool catalog_keep_parse(const json_t *keep, bool passing, gint64 *ret_us) G_GNUC_WARN_UNUSED_RESULT;

/* ---- environments (environment.c) --------------------------------------------------------------
 *
 * An environment is a branch's definitions beside production's. What means the same in both is production's
 * object itself; a model that does not, and all that reads it, is the environment's own: the same definition
 * under the name "name__environment", whose references lead to own ones where there are. */

/* NAME_INVALID unless: a-z, 0-9 and _, no __, not "prod" or "production". */
bool catalog_environment_name_ok(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* id -> fingerprint of every model and table: what its rows depend on, upstream included. What only
 * describes (titles, owners) or says when (schedules) is not in it. NULL + CYCLE. Free with
 * g_hash_table_unref. */
GHashTable *catalog_fingerprints(CatalogSnapshot *snapshot, GError **error);
/* `branch` as environment `name` over `production`. Roles and policies are production's. `live` as of
 * catalog_load. NULL + ENVIRONMENT_TABLE: a model reads a loaded table that production has not, or
 * otherwise; NAME_DUPLICATE: production has an object of a name that the environment needs. */
CatalogSnapshot *catalog_environment_new(CatalogSnapshot *branch, CatalogSnapshot *production,
                                         const char *name, EngineConn *parser, const GPtrArray *live,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The environment that a snapshot is of; NULL = production's. */
const char *catalog_environment(const CatalogSnapshot *snapshot);

/* ---- difference --------------------------------------------------------------------------------- */

typedef enum { CATALOG_ADDED, CATALOG_CHANGED, CATALOG_REMOVED } CatalogChangeType;
typedef struct {
    CatalogChangeType type;
    const CatalogObject *before, *after; /* NULL when added / removed; borrowed from the snapshots */
    char *diff;                          /* unified lines */
    bool breaking;         /* a column that others read is gone or changed its type; a key or grain changed */
    char *breaking_reason; /* NULL when not breaking */
    bool rebuild;          /* the model's data must be made again */
    GPtrArray *reaches;    /* CatalogObject* downstream, in the snapshot that has them */
} CatalogChange;
typedef struct {
    char *id;           /* 8 hex digits: hash of both snapshots */
    GPtrArray *changes; /* CatalogChange* */
    size_t n_added, n_changed, n_removed;
    CatalogSnapshot *before, *after; /* references */
} CatalogDiff;
CatalogDiff *catalog_diff(CatalogSnapshot *before, CatalogSnapshot *after);
void catalog_diff_free(CatalogDiff *diff);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CatalogDiff, catalog_diff_free)

#endif
