/* The warehouse standard: rules as data, judged over a catalog.
 *
 * Three steps. (1) A StandardCatalog is made: from a project's snapshot with its lineage, or from the JSON
 * that another warehouse exports (`weir lint --catalog`). (2) standard_judge runs every rule that the
 * StandardConfig (`standard:` of weir.yml: profile, levels, switches, waivers) leaves on. (3) The findings
 * say rule, level, object, message and fix in English and Chinese, place, and an edit where one is
 * mechanical.
 *
 * A rule is three rows. rules.h: its id, section, object, phase, level. texts_*.c: statement, example, fix.
 * rules_<section>.c: the function that judges it; a rule whose function is missing is not judged (and
 * standard_rule_judged says so).
 *
 * Thread: a StandardCatalog is read by one thread at a time. Cost: the rules of phases S, R and G about 10 us
 * a table. */
#ifndef WEIR_STANDARD_STANDARD_H
#define WEIR_STANDARD_STANDARD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "catalog/catalog.h"

/* ---- rules as data ------------------------------------------------------------------------------ */

/* When a rule can be judged: S one object, R the registries (roots, domains, processes, metrics), G the graph
 * of what reads what, D rows, U what was used. */
typedef enum { STANDARD_S, STANDARD_R, STANDARD_G, STANDARD_D, STANDARD_U } StandardPhase;
#define STANDARD_PHASE(p)      (1u << STANDARD_##p)
#define STANDARD_PHASES_STATIC (STANDARD_PHASE(S) | STANDARD_PHASE(R) | STANDARD_PHASE(G))
#define STANDARD_PHASES_ALL    (STANDARD_PHASES_STATIC | STANDARD_PHASE(D) | STANDARD_PHASE(U))

typedef enum { STANDARD_OFF, STANDARD_I, STANDARD_W, STANDARD_E } StandardLevel;
const char *standard_level_name(StandardLevel level);              /* "error", "warning", "advice", "off" */
const char *standard_level_letter(StandardLevel level);            /* "E", "W", "I", "-" */
bool standard_level_by_name(const char *text, StandardLevel *ret); /* those, and "E", "W", "I", "warn" */

typedef enum {
#define X(name, id, section, object, phase, level) STANDARD_##name,
#include "standard/rules.h"
#undef X
    STANDARD_N_RULES
} StandardRuleId;

typedef struct {
    const char *en, *zh;
} StandardText;

typedef struct {
    StandardRuleId rule;
    const char *id;      /* "LD-04" */
    const char *section; /* "I.1"; "EX" of the extras, which are off unless asked for */
    const char *object;  /* what it judges: "ods sync" */
    StandardPhase phase;
    StandardLevel level; /* of profile v4 */
} StandardRule;
const StandardRule *standard_rule(StandardRuleId rule);
const StandardRule *standard_rule_by_id(const char *id); /* case folded; NULL when there is none */
const StandardText *standard_rule_statement(StandardRuleId rule);
const StandardText *standard_rule_example(StandardRuleId rule);
const StandardText *standard_rule_fix(StandardRuleId rule);
bool standard_rule_judged(StandardRuleId rule);
/* {id, section, object, phase, level, profiles:{v4, aliyun}, statement_en, statement_zh, example_.., fix_..};
 * a new reference. */
json_t *standard_rule_to_json(StandardRuleId rule);

/* ---- what is judged ------------------------------------------------------------------------------- */

/* In the order in which data goes; `STANDARD_LAYER_NONE` = no layer known. ads is app, dm is dwm. */
typedef enum {
    STANDARD_LAYER_NONE,
    STANDARD_ODS,
    STANDARD_DIM,
    STANDARD_DWD,
    STANDARD_DWM,
    STANDARD_DWS,
    STANDARD_APP,
    STANDARD_MID,
    STANDARD_TMP
} StandardLayer;
const char *standard_layer_name(StandardLayer layer);         /* "ods" ...; "" for NONE */
StandardLayer standard_layer_by_name(const char *text);       /* aliases too; NONE for others */
StandardLayer standard_layer_of_name(const char *table_name); /* of its prefix: "dwd_x" -> DWD */

/* Kind of a table (II.6): how it is filled. VIEW has no data of its own; MANUAL is kept by hand. */
typedef enum {
    STANDARD_KIND_NONE,
    STANDARD_INCREMENTAL,
    STANDARD_FULL,
    STANDARD_SNAPSHOT,
    STANDARD_ZIPPER,
    STANDARD_VIEW,
    STANDARD_MANUAL
} StandardKind;
/* Type of a table (II.7). */
typedef enum {
    STANDARD_TYPE_NONE,
    STANDARD_EVENT_FLOW,
    STANDARD_EVENT_MIRROR,
    STANDARD_DIMENSION,
    STANDARD_MERGE_FULL,
    STANDARD_ETL_TEMP,
    STANDARD_TT_TEMP,
    STANDARD_ORDINARY_FULL,
    STANDARD_TYPE_OTHER /* a word that is none of the seven: read type_text (ods_delta, ods_log, ...) */
} StandardType;
typedef enum {
    STANDARD_FACT_NONE,
    STANDARD_FACT_TRANSACTION,
    STANDARD_FACT_PERIODIC,
    STANDARD_FACT_ACCUMULATING,
    STANDARD_FACT_OTHER
} StandardFact;
typedef enum { STANDARD_STABILITY_NONE, STANDARD_STABLE, STANDARD_EXPLORATORY } StandardStability;

/* Words that are neither of the enum's values leave it NONE; `raw` has them as written. */
typedef struct StandardTable StandardTable;
typedef struct StandardColumn StandardColumn;

#define STANDARD_KEEP_UNKNOWN ((gint64) - 1) /* nothing said */
#define STANDARD_KEEP_FOREVER G_MAXINT64     /* said: no end (null in an exported catalog) */
#define STANDARD_UNKNOWN      ((gint64) - 1)

struct StandardColumn {
    const char *name;
    const char *type; /* as declared, lower case ("decimal(28,6)"); "" = not known */
    const char *role; /* money, count, ratio, measure, dim, id, status, text, time, bool, ...; "" = not said.
                         Where it is not said it is derived from name and type (roles.c) */
    bool role_said;
    const char *unit, *comment; /* "" when not given; a title counts as comment */
    bool redundant;
    bool key;
    gint64 downstream; /* tables that read it; STANDARD_UNKNOWN */
    const json_t *raw; /* the column as written: every other key; NULL when there is none */
};

struct StandardTable {
    const char *name;       /* bare */
    const char *domain;     /* data domain; "" = none */
    StandardLayer layer;    /* declared, else by prefix */
    const char *layer_text; /* as declared; "" = not declared */
    StandardKind kind;
    const char *kind_text;
    StandardType type;
    const char *type_text;
    StandardFact fact;
    const char *fact_text;
    StandardStability stability;
    int grade; /* 0..3 = P0..P3; -1 = none or not one of them (grade_text) */
    const char *grade_text;
    const char *subject, *process, *dept, *owner, *comment; /* "" when not given */
    const char *named_subject;  /* the subject that the name says by the grammar; "" = none */
    const char *placed_subject; /* that a shorter name says by its place; "" = none */
    bool low_use;
    gint64 keep_days;            /* STANDARD_KEEP_* */
    gint64 readers;              /* tables and others that read it: given, else counted */
    GPtrArray *key, *partitions; /* const char* */
    bool partitions_said;        /* `partitions` was given, may be empty */
    GPtrArray *columns;          /* StandardColumn* */
    GPtrArray *reads;            /* StandardTable*: what it reads, each once */
    GPtrArray *read_by;          /* StandardTable* */
    const char *sql;             /* one SELECT (or a whole statement of another warehouse); NULL = none */
    const json_t *rows;          /* array of objects: sample or all rows of an exported catalog; NULL */
    const json_t *raw;           /* everything as written */
    const CatalogObject *object; /* in a project; NULL = exported */
    bool is_model;               /* it is made from others by SQL */
    bool implied;                /* read, but not described: stands in `reads` only, not in `tables` */
    void *facts;                 /* standard_sql: made when first asked for */
    void *name_parts;            /* standard_table_parts: likewise */
    size_t index;
};

typedef struct {
    const char *name, *domain;
    const char *type;  /* atomic, derived, composite, base, ordinary, ...; "" = not said */
    const char *table; /* that it comes from or is published in; "" */
    const char *column, *expr, *agg, *of, *where, *unit, *period;
    const char *title_en, *title_zh, *description;
    const json_t *raw;
    const CatalogObject *object;
} StandardMetric;

/* A word root. category: "base" (ends a metric: cnt, amt), "date" (7d), "aggregation" (avg), "layer",
 * "department", "domain", "subject", "word". */
typedef struct {
    const char *code;
    const char *title_en, *title_zh, *category, *type, *additivity;
    GPtrArray *aliases; /* const char*: words that mean it and may not stand in names; titles too */
    const json_t *raw;  /* may be a JSON string */
    const CatalogObject *object;
    bool shipped; /* of the seed, not of the project */
} StandardRoot;

typedef struct {
    const char *source, *job, *table; /* "" when not given; table = what it fills */
    const StandardTable *target;      /* NULL when not in the catalog */
    const json_t *raw;
    const CatalogObject *object; /* of a project: the source */
} StandardSync;

typedef struct StandardCatalog {
    GPtrArray *tables;  /* StandardTable*, as given; of a project by domain and name */
    GPtrArray *implied; /* StandardTable*: read, but not described */
    GPtrArray *metrics; /* StandardMetric* */
    GPtrArray *roots;   /* StandardRoot*: the project's or export's only */
    GPtrArray *syncs;   /* StandardSync* */
    /* Members of an exported catalog that are kept as they are; NULL when not given. In a project they are
     * made in the same form: processes [{name, domain, business_line, object_id}], domains [{name, title}],
     * buckets [{name, ranges, column}]. */
    const json_t *buckets, *values, *processes, *domains, *departments, *jobs;
    const json_t *raw; /* whole export; NULL for a project */
    CatalogSnapshot *snapshot;
    json_t *owned;       /* made JSON, kept alive */
    GHashTable *by_name; /* folded bare name and domain.name -> StandardTable* */
    GHashTable *words;   /* every registered word -> StandardRoot* (or NULL for a bare word) */
    GStringChunk *strings;
    GHashTable *data_only; /* StandardTable* whose rows may be looked at; NULL = all */
    bool roots_given;      /* the catalog has a registry of roots: rules on words can be judged */
} StandardCatalog;

/* The applied or read project. Holds a reference to the snapshot. */
StandardCatalog *standard_catalog_from_snapshot(CatalogSnapshot *snapshot);
/* {"tables": [...], "syncs": [...], "metrics": [...], "roots": [...], "buckets": [...], ...}; a lone object
 * with "catalog" in it is opened. Holds a reference to `json`. Errors: VALUE_INVALID. */
StandardCatalog *standard_catalog_from_json(json_t *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void standard_catalog_free(StandardCatalog *catalog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StandardCatalog, standard_catalog_free)
StandardTable *standard_table_by_name(const StandardCatalog *catalog, const char *name); /* NULL = none */
/* Looks at the rows of this table, and of others so named, only. */
void standard_data_allow(StandardCatalog *catalog, StandardTable *table);
/* What was used, of a project: {"domain.name": {"queries", "readers": [..], "span", "columns": {name:
 * queries}}}. The rules of use then see it. */
void standard_catalog_set_usage(StandardCatalog *catalog, const json_t *usage);
/* As declared, else as named; "" = not known. */
const char *standard_subject(const StandardTable *table);
/* The same; of a name shorter than the grammar asks for what follows the layer: dwd_pay_app -> pay. */
const char *standard_subject_placed(const StandardTable *table);
bool standard_same_subject(const StandardTable *a, const StandardTable *b); /* false when not known */
const StandardColumn *standard_column_by_name(const StandardTable *table, const char *name);

/* Readers of raw keys that do not fail; a table's `raw` may be NULL. */
const char *standard_raw_text(const json_t *raw, const char *key);            /* "" when absent */
gint64 standard_raw_int(const json_t *raw, const char *key, gint64 fallback); /* 12 and "12" */
bool standard_raw_bool(const json_t *raw, const char *key, bool fallback);    /* true, "true", "on", 1 */
bool standard_raw_has(const json_t *raw, const char *key);                    /* there, and not null */
const json_t *standard_raw_array(const json_t *raw, const char *key);         /* NULL when no array */
bool standard_any(const GPtrArray *texts, const char *text);                  /* case folded */

/* ---- SQL of a table, as facts (sql.c) ---------------------------------------------------------------- */

typedef struct {
    bool ok; /* it could be read */
    bool group_by, distinct, join, union_all, where, aggregate, window;
    bool filled_in;              /* a parameter, ${...} or {{...}} stands in it */
    bool star;                   /* SELECT * or t.* at the top */
    bool order_by;               /* a LIMIT that counts stands under one */
    bool bare_limit;             /* a LIMIT, TOP or FETCH without ORDER BY */
    bool insert_into;            /* an INSERT without OVERWRITE, ON CONFLICT or REPLACE */
    bool row_number_open;        /* row_number() without ORDER BY in its window */
    bool max_partition;          /* "newest partition" instead of the business date */
    const char *moment;          /* first call that gives another answer each time: "current_date"; NULL */
    guint n_joins, n_aggregates; /* of aggregates: calls that are no window */
    guint n_sums;          /* aggregates that add up, not those that choose a value (min, max, any_value) */
    const char *canonical; /* the query without names of aliases, comments, case: equal = the same query */
    GPtrArray *tables;     /* const char*: names after FROM and JOIN, as written, CTE names left out */
    GPtrArray *codings;    /* char*: codes written into the query, "status: 1 = paid", each once */
    /* Output expressions that are more than a column: alias and canonical text with tables in place of
     * aliases. */
    GPtrArray *expressions; /* StandardExpression* */
} StandardSql;
typedef struct {
    const char *alias; /* "" = none */
    const char *canonical;
    guint n_operators; /* how much logic is in it: operators, CASE, calls that do more than change a form */
    bool aggregate;
    bool filter; /* a condition of WHERE */
} StandardExpression;
/* Made once, kept with the table. Never NULL; `ok` is false where there is no SQL. */
const StandardSql *standard_sql(StandardTable *table);
bool standard_is_aggregate(const char *function);

/* ---- words and names (words.c, name.c) ----------------------------------------------------------------- */

/* Parts of a table's name by the grammar of section IV. NULL = not there. Points into `parts`. */
typedef struct {
    StandardLayer layer;
    const char *layer_text, *dept, *domain, *subject, *period, *refresh;
    const char **words; /* what stands between subject and period, NULL-terminated */
    char **parts;       /* all, split at "_" */
    char frequency;     /* d h w m q y, 0 = none said */
    char scope;         /* i f d l a, 0 = none said */
    bool manual;        /* dwd_<domain>_manual_... */
    bool empty_part;    /* a__b, a_ */
    guint mid_number;   /* mid_<target>_<n>; G_MAXUINT = none */
    bool mid_digit;     /* it is written as one digit */
    bool mid_dim;
    char *mid_target;
} StandardName;
StandardName *standard_name_parse(const StandardCatalog *catalog, const char *table_name);
void standard_name_free(StandardName *name);
/* Of a table's own name: made once, kept with the table. */
const StandardName *standard_table_parts(StandardTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StandardName, standard_name_free)
/* `weir name`: a phrase -> {phrase, name | null (a word that no root knows, or a period alone), parts,
 * unknown, has_root, type}; a name with underscores -> {name, kind, parts, findings}. Errors: VALUE_INVALID.
 */
json_t *standard_name_answer(const StandardCatalog *catalog, const char *text,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool standard_is_period(const char *word);      /* 1d, 7d, 30d, td, 1w, nd, cm ... */
bool standard_is_refresh(const char *word);     /* i f d w l a h m q y, di df ds dl hi hf ... */
bool standard_is_aggregation(const char *word); /* avg wtd mtd qtd ytd max min last acc p50 ... */
bool standard_is_base_root(const StandardCatalog *catalog, const char *word); /* cnt amt ratio ... */
/* The root registered under that code; NULL = none (or one of the shipped set). Case matters. */
const StandardRoot *standard_root_of_word(const StandardCatalog *catalog, const char *word);
/* A registered or shipped root, a period or a number. */
bool standard_word_registered(const StandardCatalog *catalog, const char *word);
bool standard_is_keyword(const char *word); /* of SQL: order, select, ... */

/* ---- judging ----------------------------------------------------------------------------------------------
 */

typedef enum { STANDARD_EDIT_NONE, STANDARD_EDIT_RENAME_COLUMN, STANDARD_EDIT_SET } StandardEditKind;

typedef struct {
    StandardRuleId rule;
    StandardLevel level;
    char *object; /* `dws_u`, `ods_o->app_r`, `dwd_o.pay_amt`, `dwd_o_d@2024-02-29`, `dim_u_l:1` ... */
    char *message_en, *message_zh;
    char *fix_en, *fix_zh;      /* NULL = the rule's own */
    const StandardTable *table; /* NULL when it is about something else */
    const StandardColumn *column;
    const StandardTable *from;            /* of an edge: what `table` reads; NULL */
    const CatalogObject *at;              /* the object in whose file it stands; NULL */
    char *word;                           /* of the SQL at which it stands; NULL */
    char *file;                           /* relative to the project; NULL = none */
    unsigned line, column_no, end_column; /* from 1; 0 = none */
    json_t *evidence;                     /* numbers, paths, sample keys; NULL */
    StandardEditKind edit;
    char *edit_key, *edit_value; /* RENAME: new name in value; SET: key and value (YAML text) */
    char *waived_by, *waived_until, *waived_reason; /* NULL = not waived */
} StandardFinding;

typedef struct StandardConfig StandardConfig;
typedef struct StandardRun {
    StandardCatalog *catalog;
    const StandardConfig *config;
    EngineConn *conn;    /* of a memory engine, to judge rows by SQL; NULL = phase D is not judged */
    StandardRuleId rule; /* being judged */
    StandardLevel level;
    GPtrArray *findings; /* StandardFinding* */
    GHashTable *seen;    /* "domain object" of the rule's findings */
    GError *error;       /* set by a check that could not do its work; ends the run */
    GHashTable *memo;    /* what several rules share: standard_memo */
} StandardRun;

/* A check looks at one thing and reports. Exactly one function of a row is set. */
typedef struct {
    StandardRuleId rule;
    void (*table)(StandardRun *run, StandardTable *table);
    void (*column)(StandardRun *run, StandardTable *table, const StandardColumn *column);
    /* What reads what: `from` is read by `to`. */
    void (*edge)(StandardRun *run, StandardTable *from, StandardTable *to);
    void (*metric)(StandardRun *run, const StandardMetric *metric);
    void (*sync)(StandardRun *run, const StandardSync *sync);
    void (*catalog)(StandardRun *run); /* all at once */
} StandardCheck;

/* Reports a finding of run->rule; returned so that more can be said; borrowed. English and Chinese formats
 * take the same values in the same order (Chinese may use %1$s). The same (rule, object) is reported once: a
 * second time NULL is returned, which all standard_finding_* accept. */
#define STANDARD_PRINTF(en, zh, args)                                                                        \
    __attribute__((format(printf, en, args))) __attribute__((format(printf, zh, args)))
StandardFinding *standard_find_table(StandardRun *run, const StandardTable *table, const char *en,
                                     const char *zh, ...) STANDARD_PRINTF(3, 4, 5);
StandardFinding *standard_find_column(StandardRun *run, const StandardTable *table,
                                      const StandardColumn *column, const char *en, const char *zh, ...)
    STANDARD_PRINTF(4, 5, 6);
StandardFinding *standard_find_edge(StandardRun *run, const StandardTable *from, const StandardTable *to,
                                    const char *en, const char *zh, ...) STANDARD_PRINTF(4, 5, 6);
StandardFinding *standard_find_metric(StandardRun *run, const StandardMetric *metric, const char *en,
                                      const char *zh, ...) STANDARD_PRINTF(3, 4, 5);
/* `object` names anything else (copied); `table` and `at` may be NULL. */
StandardFinding *standard_find(StandardRun *run, const char *object, const StandardTable *table,
                               const CatalogObject *at, const char *en, const char *zh, ...)
    STANDARD_PRINTF(5, 6, 7);
void standard_finding_fix(StandardFinding *finding, const char *en, const char *zh, ...)
    STANDARD_PRINTF(2, 3, 4);
void standard_finding_level(StandardFinding *finding,
                            StandardLevel level); /* never above the configured one */
void standard_finding_evidence(StandardFinding *finding, const char *key, json_t *value_taken);
/* A word of the object's SQL (or definition) that it points at: "current_date". */
void standard_finding_word(StandardFinding *finding, const char *word);
void standard_finding_rename(StandardFinding *finding, const char *new_name); /* of the column */
void standard_finding_set(StandardFinding *finding, const char *key,
                          const char *value); /* in its definition */
/* A value that several checks share: made by `make` at the first call with `key`, freed with the run. */
gpointer standard_memo(StandardRun *run, const char *key, gpointer (*make)(StandardRun *run),
                       GDestroyNotify destroy);

/* ---- configuration
 * ------------------------------------------------------------------------------------------ */

/* `standard:` of weir.yml:
 *   standard:
 *     profile: v4                      # v4 | aliyun | own (nothing is on but what `rules` names)
 *     layers: {dwm: on, dim_reads_ods: true}
 *     rules: {LD-06: off, TY-01: warning, EX-07: error}
 *     limits: {depth: 10, joins: 7, ...}
 *     departments: [mkt, fin]
 *     waivers:
 *       - {rule: LR-06, object: "app_*", owner: ann, reason: "until the dws is there", until: 2027-03-01}
 * `settings` is catalog_project_settings() or NULL (profile v4). What is wrong there does nothing. */
StandardConfig *standard_config_new(const json_t *settings);
/* What is wrong in `standard:` of a project's files beyond what their keys say: rules, levels and limits that
 * there are not. Each where it stands. */
void standard_config_check(const CatalogSnapshot *snapshot, BaseDiags *diags);
void standard_config_free(StandardConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StandardConfig, standard_config_free)
bool standard_config_named(const json_t *settings); /* does weir.yml name a profile? */
StandardLevel standard_config_level(const StandardConfig *config, StandardRuleId rule);
/* `--rule`: all others off, this one on, unless it is of DWM and the project has none. */
void standard_config_only(StandardConfig *config, StandardRuleId rule);
const char *standard_config_profile(const StandardConfig *config); /* "v4" */
bool standard_config_dwm(const StandardConfig *config);            /* layers.dwm */
bool standard_config_dwm_said(const StandardConfig *config);
bool standard_config_dim_reads_ods(const StandardConfig *config);
gint64 standard_config_limit(const StandardConfig *config, const char *name, gint64 fallback);
bool standard_config_department(const StandardConfig *config, const char *word, bool *ret_any_named);

/* Judges the rules of `phases` (bits). `today` = "YYYY-MM-DD": when waivers end. Returns StandardFinding*
 * sorted by file, line, rule, object; waived ones are in it. NULL + error when a check could not run. */
GPtrArray *standard_judge(StandardCatalog *catalog, const StandardConfig *config, unsigned phases,
                          EngineConn *conn, const char *today, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* {"rule", "level", "object", "message", "fix", "file"?, "line"?, "column"?, "message_en", "message_zh",
 * "fix_en", "fix_zh", "evidence"?, "edit"?, "waived"?}; message and fix in `lang` ("zh" or "en"). */
json_t *standard_finding_to_json(const StandardFinding *finding, const char *lang);
/* As a diagnostic: {code: "LD-04", severity: "error" | "warning" | "note", message, hint, file, line, ...}.
 */
json_t *standard_finding_to_diagnostic(const StandardFinding *finding, const char *lang);
void standard_finding_free(StandardFinding *finding);

#endif
