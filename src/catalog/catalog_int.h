/* Private to catalog: what the steps of reading a project hand to each other.
 *
 * load.c     files -> definitions (CatalogItem: a checked object plus where each part of it was written)
 * kinds.c    the one table of kinds and keys
 * bind.c     YAML against that table -> CatalogObject
 * values.c   values of a known form: days, zones, lives of data
 * model.c    SQL files: header, body, place
 * parse.c    all SQL of a project -> the parser's trees, in batches on several connections
 * walked.c   what parsing and walking found, kept by content; cache.c where it is kept
 * resolve.c  names -> objects; models in order; what follows from it (edges, columns, text that the engine
 * runs) columns.c  one tree -> its output columns with their origins (column-level lineage) types.c    column
 * types of models, by binding them in the engine, kept by content snapshot.c the immutable result and its
 * indexes */
#ifndef WEIR_CATALOG_CATALOG_INT_H
#define WEIR_CATALOG_CATALOG_INT_H

#include "base/yaml.h"
#include "catalog/catalog.h"
#include "engine/tree.h"

#define CATALOG_MAX_FILE_BYTES  ((size_t)16 * 1024 * 1024)
#define CATALOG_MAX_FILES       100000
#define CATALOG_MAX_NAME_BYTES  64
#define CATALOG_DEFAULT_DOMAIN  "main"     /* of tables and models outside domains/: a table needs a schema */
#define CATALOG_STATUS_EXPECTED "expected" /* of a table that a source will make at its first load */

/* ---- kinds ------------------------------------------------------------------------------------- */

typedef enum {
    CATALOG_KEY_ANY,    /* kept as written */
    CATALOG_KEY_NAME,   /* identifier */
    CATALOG_KEY_TEXT,   /* any scalar */
    CATALOG_KEY_LABEL,  /* text or {en, zh} */
    CATALOG_KEY_LABELS, /* text, list of texts, or {en, zh} of those */
    CATALOG_KEY_TEXTS,  /* text or list of texts */
    CATALOG_KEY_INT,
    CATALOG_KEY_REAL,
    CATALOG_KEY_BOOL,
    CATALOG_KEY_DURATION,    /* 10m 2h 7d */
    CATALOG_KEY_SPAN,        /* a duration, or a number of intervals */
    CATALOG_KEY_SCHEDULE,    /* cron, "every 10m", {on: upstream} */
    CATALOG_KEY_WORD,        /* one of `words` */
    CATALOG_KEY_TYPE,        /* a column type */
    CATALOG_KEY_SQL,         /* a SQL expression; with a shape also a map, or a list of both */
    CATALOG_KEY_REF,         /* name of an object of `refs` */
    CATALOG_KEY_REFS,        /* one or a list of them */
    CATALOG_KEY_TARGET,      /* policies: table, tag:x, layer:x, domain:x */
    CATALOG_KEY_FEATURES,    /* "view" or "view:feature", one or a list */
    CATALOG_KEY_MAP,         /* `shape` */
    CATALOG_KEY_MAPS,        /* list of `shape` */
    CATALOG_KEY_ROWS,        /* list of lists of `shape` */
    CATALOG_KEY_CHECKS,      /* list of checks (checks.c) */
    CATALOG_KEY_KEEP,        /* how long data is kept: 90d, 12w, 3y, forever (values.c, as those below) */
    CATALOG_KEY_DAY,         /* 2026-01-31 */
    CATALOG_KEY_KEEP_DATES,  /* days, or days of every year, one or a list */
    CATALOG_KEY_KEEP_MONTHS, /* months, or months of every year, one or a list */
    CATALOG_KEY_TIME,        /* day or time */
    CATALOG_KEY_ZONE,        /* time zone */
    CATALOG_KEY_PERIOD,      /* day, month, 15m (base/period.h) */
    CATALOG_KEY_WINDOW,      /* 7d, 12m, month, mtd */
    CATALOG_KEY_SELECT,      /* a whole SELECT, its tables and columns looked up (exprs.c) */
    CATALOG_KEY_WATCHED,     /* alerts: table, domain:x, layer:x, grade:x, owner:x, one or a list */
    CATALOG_KEY_GRANTED,     /* roles: *, domain:x, layer:x, tag:x, table:x, KIND:x */
    CATALOG_KEY_RIGHTS,      /* roles: list of {right: GRANTED}, "right" (rights.c) */
    CATALOG_KEY_MASK,        /* policies: a word, a SQL expression or {column: mask} (rights.c) */
    CATALOG_KEY_DENIED,      /* policies: true, or columns of what it is on (rights.c) */
    CATALOG_KEY_WORDS,       /* one of `words`, or a list of them */
    CATALOG_KEY_NAMED,       /* map of names to `shape` */
    CATALOG_KEY_HOURS,       /* 08:00-22:00 */
    CATALOG_KEY_SUBJECTS,    /* user:x, role:x, group:x, one or a list */
    CATALOG_KEY_COLUMN,      /* column of the object itself */
    CATALOG_KEY_COLUMNS      /* one or a list of them */
} CatalogKeyType;

/* Which way data goes between an object and what a key of it names. */
typedef enum { CATALOG_FLOW_NONE, CATALOG_FLOW_IN, CATALOG_FLOW_OUT } CatalogFlow;

#define CATALOG_LAYERS       "ods|dwd|dwm|dws|app|dim|ads|dm|mid|tmp"
#define CATALOG_GRADES       "P0|P1|P2|P3"
#define CATALOG_MAX_LOOKBACK 100000 /* intervals that a run may read again */
typedef struct CatalogKey CatalogKey;
struct CatalogKey {
    const char *name; /* NULL ends a shape */
    CatalogKeyType type;
    bool required;
    guint32 refs; /* bits of CatalogKind */
    CatalogFlow flow;
    const char *words; /* "a|b|c" */
    const CatalogKey *shape;
    CatalogKeyType plain; /* ANY with a shape: what stands there when it is no map; ANY = anything */
    const char *doc_en, *doc_zh;
};

typedef struct {
    const char *name, *plural;
    const char *title_en, *title_zh;
    const CatalogKey *keys; /* own keys, after the common ones */
    bool free_name;         /* the name may be any text: terms, roles, examples */
    bool in_domain;         /* stands in a domain */
} CatalogKindInfo;

extern const CatalogKey catalog_common_keys[];
extern const CatalogKey catalog_project_keys[]; /* weir.yml */
extern const CatalogKey catalog_check_keys[];
const CatalogKindInfo *catalog_kind_info(CatalogKind kind);
/* The key of that name among common and own ones; NULL when there is none. `common` may be NULL. */
const CatalogKey *catalog_key_find(const CatalogKey *keys, const CatalogKey *common, const char *name);
/* Names of both shapes, NULL-terminated; free with g_free (names borrowed). */
const char **catalog_key_names(const CatalogKey *keys, const CatalogKey *common);

/* ---- objects while they are built ---------------------------------------------------------------- */

typedef struct {
    char *path; /* relative */
    char *text;
    size_t len;
    char *hash; /* SHA-256 of the text, hex */
    gint refs;  /* atomic; files are shared by snapshots */
} CatalogFile;
CatalogFile *catalog_file_new(const char *path, char *text_taken, size_t len);
CatalogFile *catalog_file_ref(CatalogFile *file);
void catalog_file_unref(CatalogFile *file);

/* A CatalogObject is the first member; objects are shared between snapshots. */
typedef struct CatalogNode {
    CatalogObject object;
    gint refs; /* atomic */
    CatalogTable *table_owned;
    CatalogModelInfo *model_owned;
    GPtrArray *columns_owned;
    bool live;         /* from CREATE TABLE or a source, not from files */
    bool columns_open; /* the columns are not (all) known */
    CatalogFeatures *features_owned;
    struct CatalogNode *query_owned; /* FEATURE_VIEW with sql */
    char *history_clash; /* a column of the SELECT with the name of one of the history's; NULL = none */
} CatalogNode;
CatalogNode *catalog_node_new(CatalogKind kind, const char *domain, const char *name);
/* The same under the name "name__environment"; before it is added to a snapshot. */
void catalog_node_rename(CatalogNode *node, const char *environment, const char *fingerprint);
CatalogNode *catalog_node_ref(CatalogNode *node);
void catalog_node_unref(CatalogNode *node);
static inline CatalogNode *catalog_node(const CatalogObject *object)
{
    return (CatalogNode *)(guintptr)object;
}
CatalogColumn *catalog_column_new(const char *name, const char *type);
void catalog_column_free(CatalogColumn *column);
/* Sets text and hash from definition (and body). */
void catalog_node_seal(CatalogNode *node);
/* The node of a live table, sealed. */
CatalogNode *catalog_node_from_table(const CatalogTable *table);

typedef struct CatalogColumnsResult CatalogColumnsResult;
typedef struct CatalogParsing CatalogParsing;
typedef struct CatalogItem CatalogItem;

/* A table as a model's text names it. */
typedef struct {
    char *schema, *name; /* schema "" when none */
} CatalogTableName;

/* An object with the YAML it came from. */
struct CatalogItem {
    CatalogNode *node;
    const BaseYaml *yaml; /* the definition's map; NULL for a file without header */
    CatalogFile *file;
    size_t body_offset;            /* MODEL: of the body in the file */
    bool failed;                   /* something is wrong with it: left out of the snapshot */
    bool duplicate;                /* its name is taken */
    EngineTree *tree;              /* MODEL: the parser's, until it has been walked; NULL when not needed */
    char *text_key;                /* MODEL: of the text alone (walked.c) */
    GPtrArray *names;              /* MODEL: CatalogTableName*, tables that it names; NULL: not parsed */
    int state;                     /* resolve.c */
    unsigned level;                /* resolve.c: above all models that it reads */
    GPtrArray *reads;              /* MODEL: models that it reads, each once: CatalogItem* */
    CatalogColumnsResult *columns; /* MODEL */
    GPtrArray *stale;              /* CatalogColumn* whose names origins still point to */
    CatalogItem *query;            /* FEATURE_VIEW with `sql`: the SELECT, read as a model is */
    CatalogItem *query_of;         /* the view of such a SELECT, which is no object of the project */
    CatalogNode *inputs;           /* on-demand FEATURE_VIEW: what expressions name, as columns */
};

/* A name that was written somewhere and must be an object. */
typedef struct {
    CatalogItem *item;
    const BaseYaml *node; /* the scalar */
    const char *key;      /* "table" */
    guint32 kinds;
    CatalogFlow flow;
    CatalogKeyType type; /* REF, TARGET, FEATURES */
    const char *text;    /* the name where it is a part of the scalar; NULL = all of it */
    bool optional;       /* may not exist yet */
    const BaseYaml *map; /* the map it stands in */
} CatalogRef;

/* An expression that was written somewhere. */
typedef struct {
    CatalogItem *item;
    const BaseYaml *node;
    const char *key;
    const BaseYaml *map;
    bool whole; /* a SELECT, no expression */
    EngineTree *tree;
} CatalogExpr;

typedef struct {
    const char *root;    /* NULL when read from the store */
    GPtrArray *files;    /* CatalogFile* */
    GPtrArray *docs;     /* BaseYaml*: keep positions alive */
    GPtrArray *items;    /* CatalogItem* */
    GHashTable *by_node; /* CatalogObject* -> CatalogItem* */
    GArray *refs;        /* CatalogRef */
    GArray *exprs;       /* CatalogExpr */
    BaseDiags *diags;
    CatalogSnapshot *snapshot; /* in the making */
    json_t *settings;
    char *name, *timezone;
    char *project_file; /* "weir.yml" once seen */
    EngineConn *parser;
    CatalogParsing *parsing; /* of the models' texts, until they are asked for */
    GPtrArray *table_names;  /* borrowed names, NULL at the end; made when asked for */
    bool cyclic;             /* models read each other in a circle */
    GMutex walk_lock;        /* diags, table_names and parser, while several threads walk models */
} CatalogBuild;

/* bind.c */
void catalog_bind_file(CatalogBuild *build, CatalogFile *file);
void catalog_bind_object(CatalogBuild *build, CatalogFile *file, CatalogKind kind, const BaseYaml *map,
                         const char *model_name, size_t body_offset);
BaseDiag *catalog_complain(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, BaseErrorCode code,
                           const char *format, ...) G_GNUC_PRINTF(5, 6);
/* A value against its key: complains, or notes what is looked at later (names, columns, SQL). */
void catalog_check_value(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                         const BaseYaml *map);
/* The domain that a path says: domains/<d>/...; caller frees; NULL when none. */
char *catalog_path_domain(const char *path);
/* values.c: a value of a known form; false when the key's type has none. */
bool catalog_check_form(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node);
const char *catalog_form_doc(CatalogKeyType type); /* NULL when it has none */
/* bind.c: what is written there is SQL, or a name: looked at when all names are known. */
void catalog_note_sql(CatalogBuild *build, CatalogItem *item, const char *key, const BaseYaml *node,
                      const BaseYaml *map, bool whole);
void catalog_note_target(CatalogBuild *build, CatalogItem *item, CatalogKeyType type, const BaseYaml *node,
                         const char *text);
/* rights.c: what roles may and policies hide; false when the key is of another type. */
bool catalog_check_rights(CatalogBuild *build, CatalogItem *item, const CatalogKey *key,
                          const BaseYaml *node);
/* refs.c: the table that a policy is on; NULL when it is on none or many. */
const CatalogObject *catalog_policy_table(const CatalogBuild *build, const CatalogItem *item);
/* checks.c: normalises column checks and model checks into definition["checks"]. */
void catalog_bind_checks(CatalogBuild *build, CatalogItem *item);
/* tables.c: CatalogTable of a `tables:` definition. */
void catalog_bind_table(CatalogBuild *build, CatalogItem *item);
/* Canonical YAML of a definition, keys in the kind's order. */
char *catalog_canonical(CatalogKind kind, const json_t *definition);

/* notice.c: reports and alerts, once all names and columns are known; `channels:` of weir.yml. */
void catalog_check_notices(CatalogBuild *build);
void catalog_check_channels(CatalogBuild *build, CatalogItem *place, const BaseYaml *doc);

/* model.c */
void catalog_bind_model_file(CatalogBuild *build, CatalogFile *file);
void catalog_bind_model(CatalogBuild *build, CatalogItem *item);
/* other_words.c: hints at the key that an unknown word means, or that is spelled nearly so. `names`: the
 * keys. */
void catalog_hint_key(BaseDiag *diag, const char *word, const char *const *names);

/* strategy.c: strategy, lookback and what they need of other keys; complains where they do not fit. */
void catalog_bind_strategy(CatalogBuild *build, CatalogItem *item, CatalogModelInfo *model);
CatalogModelKind catalog_model_kind_by_name(const char *text);
/* scd2.c: the header of kind scd2 -> CatalogScd2. */
void catalog_bind_scd2(CatalogBuild *build, CatalogItem *item);
void catalog_scd2_free(CatalogScd2 *scd2);
/* Adds valid_from, valid_to, is_deleted to the columns that the SELECT gives. */
void catalog_add_history_columns(CatalogNode *node);
/* Once columns are known: none of the SELECT may have the name of one of those. */
void catalog_check_history_columns(CatalogBuild *build, CatalogItem *item);
/* version.c: the name before "@version"; NULL when the name has none. Caller frees. */
char *catalog_version_base(const char *name);
/* Line and column (from 1) in the file of a byte offset in the body. */
void catalog_model_place(const CatalogItem *item, size_t offset, unsigned *ret_line, unsigned *ret_column);
/* ods_, dwd_, ... ; NULL when the name has no layer prefix. */
const char *catalog_layer_of(const char *name);

/* load.c */
/* Definition files under `root`, without what .weirignore names: CatalogFile*. What cannot be read goes to
 * diags. */
GPtrArray *catalog_project_files(const char *root, BaseDiags *diags,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `keep_wrong`: objects with mistakes stay (an applied version is what it is, whatever went under it). */
CatalogSnapshot *catalog_load_files(GPtrArray *files_taken, EngineConn *parser, const GPtrArray *live,
                                    bool keep_wrong, BaseDiags *diags);
/* Models among the keys of `own` (id -> fingerprint) are the environment's own (catalog_node_rename). */
CatalogSnapshot *catalog_load_environment(GPtrArray *files_taken, EngineConn *parser, const GPtrArray *live,
                                          const char *environment, GHashTable *own);

/* parse.c: trees of many statements at once, in parallel. trees[i] is NULL where it does not parse. */
void catalog_parse_many(EngineConn *parser, const char *const *sql, size_t n, EngineTree **ret_trees);
/* The same for models that come one after the other, beside other work: tree and names. Items stay where they
 * are until catalog_parsing_finish, which takes its share of what is left; only then are those there, and
 * NULL where it does not parse. */
CatalogParsing *catalog_parsing_begin(EngineConn *parser);
void catalog_parsing_add(CatalogParsing *parsing, CatalogItem *item);
void catalog_parsing_finish(CatalogParsing *parsing);

/* resolve.c: the text of a model, when it is one whose text is not known, goes to build->parsing. */
void catalog_note_text(CatalogBuild *build, CatalogItem *item);
/* All names, models in order, columns, edges, types. */
void catalog_resolve(CatalogBuild *build);

/* refs.c */
void catalog_resolve_references(CatalogBuild *build);
void catalog_resolve_own_columns(CatalogBuild *build);
const CatalogObject *catalog_ref_find(const CatalogBuild *build, guint32 kinds, const char *text,
                                      const char *own, bool *ret_ambiguous);
void catalog_complain_column(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, const char *name,
                             const CatalogObject *table);

/* exprs.c: expressions of metrics, features, dimensions...; what else a kind asks of its columns. */
void catalog_resolve_expressions(CatalogBuild *build);

/* columns.c */
typedef enum {
    CATALOG_HOW_DIRECT,
    CATALOG_HOW_DERIVED,
    CATALOG_HOW_AGGREGATED,
    CATALOG_HOW_FILTER
} CatalogHow;
const char *catalog_how_name(CatalogHow how);
typedef struct {
    const CatalogObject *object;
    const char *column; /* NULL: its rows (count(*)) */
    CatalogHow how;
} CatalogOrigin;
typedef struct {
    size_t n;
    CatalogOrigin items[];
} CatalogOrigins; /* each (object, column) once; immutable */
typedef struct {
    const char *name; /* NULL: the engine names it */
    const char *type; /* "" = not known; of a direct column or a CAST */
    const CatalogOrigins *origins;
} CatalogOutput;
typedef struct {
    size_t offset; /* in the text */
    const CatalogObject *object;
    const char *schema, *name; /* as written; schema "" when none */
    bool aliased;
} CatalogTableUse;
struct CatalogColumnsResult {
    CatalogOutput *outputs;
    size_t n_outputs;
    const CatalogOrigins *filters; /* what decides rows */
    GArray *uses;                  /* CatalogTableUse */
    GArray *schemas; /* CatalogTableUse: domains before columns (domain.t.c); name = the domain as written */
    bool open;       /* the outputs are not all known */
    bool uses_interval;
    void *arena; /* owns all of it */
};
/* What the walk asks of its caller. */
typedef struct {
    const char *sql;
    /* An object by name; NULL = not found or ambiguous. */
    const CatalogObject *(*table)(void *user, const char *schema, const char *name, bool *ret_ambiguous);
    /* Columns of an object; *ret_open: there may be more. */
    const GPtrArray *(*columns)(void *user, const CatalogObject *object, bool *ret_open);
    const char *const *(*table_names)(void *user);
    /* offset SIZE_MAX = nowhere in particular. */
    BaseDiag *(*complain)(void *user, size_t offset, size_t len, BaseErrorCode code, const char *message);
    /* A table that a name before a dot means though it is not in FROM (an entity in a metric's filter); may
     * be NULL. */
    const CatalogObject *(*implied)(void *user, const char *name);
    void *user;
} CatalogColumnsContext;
void catalog_columns_run(const EngineTree *tree, const CatalogColumnsContext *context,
                         CatalogColumnsResult *ret);
void catalog_columns_clear(CatalogColumnsResult *result);
bool catalog_is_aggregate(const char *function); /* columns_names.c */

/* features.c: entities, feature views and what they read. */
void catalog_bind_entity(CatalogBuild *build, CatalogItem *item);
void catalog_bind_feature_view(CatalogBuild *build, CatalogItem *item);
/* What the expressions of a view stand on: table, model, its SELECT, or the inputs of an on-demand one; NULL
 * = nothing that is known. */
const CatalogObject *catalog_features_source(const CatalogBuild *build, const CatalogItem *item);
/* Once names are known: the inputs of on-demand views. */
void catalog_resolve_feature_inputs(CatalogBuild *build);
/* Once the columns of models are known: keys, times, plain features; edges to them. */
void catalog_check_feature_view(CatalogBuild *build, CatalogItem *item);
/* An edge from what an expression of the view reads; columns of its SELECT lead on to where they come from.
 * `feature` NULL = its rows. */
void catalog_features_edge(CatalogBuild *build, CatalogItem *item, const CatalogOrigin *origin,
                           const char *feature, CatalogHow how);
/* The view that an input names, of whatever version; NULL = none of that name. */
const CatalogObject *catalog_input_view(const CatalogBuild *build, const CatalogItem *item,
                                        const CatalogFeatureInput *input);
bool catalog_view_is_push(const CatalogItem *item);

/* feature_types.c. Last: the engine's types of all features. */
void catalog_bind_features(CatalogBuild *build);

/* types.c */
/* "name\ttype\n..." of the columns of a statement, by preparing it; kept by content. Caller frees. */
char *catalog_bound_columns(EngineConn *conn, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void catalog_bind_types(CatalogBuild *build, GPtrArray *order);

/* snapshot.c */
struct CatalogSnapshot {
    gint refs;
    GPtrArray *files;
    GHashTable *by_path; /* of a file -> CatalogFile; made when it is sealed */
    GPtrArray *objects;
    GHashTable *by_id;     /* id -> object */
    GHashTable *by_name;   /* folded bare name -> GPtrArray of objects */
    GPtrArray *edges;      /* CatalogEdge* in edge_store order */
    GHashTable *up, *down; /* object -> GPtrArray of CatalogEdge* */
    GStringChunk *strings;
    char **domains;
    char **table_names;
    json_t *settings;
    char *name, *timezone, *hash;
    char *environment; /* NULL = production */
};
CatalogSnapshot *catalog_snapshot_new(void);
/* Takes a reference to node. */
void catalog_snapshot_add(CatalogSnapshot *snapshot, CatalogNode *node);
void catalog_snapshot_edge(CatalogSnapshot *snapshot, const CatalogObject *from, const char *from_column,
                           const CatalogObject *to, const char *to_column, const char *how);
/* Sorts and makes indexes, hash; before it only by_id and by_name may be used. */
void catalog_snapshot_seal(CatalogSnapshot *snapshot);
/* Settings, name and time zone of another. */
void catalog_snapshot_settle(CatalogSnapshot *snapshot, const CatalogSnapshot *as);
/* The words of a statement: comments, white space and the case of keywords are no change of meaning. Caller
 * frees. */
char *catalog_sql_meaning(const char *sql);

#endif
