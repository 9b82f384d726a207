/* Private to standard: the tables of checks and words, and the making of catalogs. */
#ifndef WEIR_STANDARD_STANDARD_INT_H
#define WEIR_STANDARD_STANDARD_INT_H

#include "standard/standard.h"

/* One array for each section; a row with rule STANDARD_N_RULES ends it. */
#define STANDARD_CHECKS_END {.rule = STANDARD_N_RULES}
extern const StandardCheck standard_checks_ld[]; /* I.1 */
extern const StandardCheck standard_checks_sj[]; /* I.2, I.3: SJ */
extern const StandardCheck standard_checks_pr[]; /* I.3: PR */
extern const StandardCheck standard_checks_lr[]; /* II.1 */
extern const StandardCheck standard_checks_ty[]; /* II.2 to II.4: TY, RD, NU */
extern const StandardCheck standard_checks_me[]; /* II.5 */
extern const StandardCheck standard_checks_tk[]; /* II.6 */
extern const StandardCheck standard_checks_lc[]; /* II.7 */
extern const StandardCheck standard_checks_od[]; /* III.1 */
extern const StandardCheck standard_checks_dm[]; /* III.2 */
extern const StandardCheck standard_checks_dw[]; /* III.3 */
extern const StandardCheck standard_checks_ds[]; /* III.4 */
extern const StandardCheck standard_checks_nm[]; /* IV: names of tables and fields */
extern const StandardCheck standard_checks_nr[]; /* IV: roots and metrics */
extern const StandardCheck standard_checks_ex[]; /* beside the standard */

/* texts.c: words of every rule, by rule. */
typedef struct {
    StandardText statement, example, fix;
} StandardRuleWords;
extern const StandardRuleWords standard_rule_words[STANDARD_N_RULES];

/* rules.c: the check of a rule; NULL when it has none. */
const StandardCheck *standard_check_of(StandardRuleId rule);

/* catalog.c: what both ways of making a catalog use. Texts are kept with the catalog; NULL becomes "". */
StandardCatalog *standard_catalog_new(void);
const char *standard_keep(StandardCatalog *catalog, const char *text);
const char *standard_keep_lower(StandardCatalog *catalog, const char *text);
StandardTable *standard_table_new(StandardCatalog *catalog, const char *name, const char *domain);
StandardColumn *standard_column_new(StandardTable *table);
/* Layer, kind, type, grade, subject, ... that are read the same way from an export and from a definition. */
void standard_table_read_raw(StandardCatalog *catalog, StandardTable *table);
void standard_column_read_raw(StandardCatalog *catalog, StandardColumn *column);
/* `to` reads `from`; each pair once. */
void standard_table_link(StandardTable *from, StandardTable *to);
/* The table of that name, or one that stands for it and is not judged itself. */
StandardTable *standard_table_implied(StandardCatalog *catalog, const char *name);
/* Readers counted, roles derived, words indexed: last step. */
void standard_catalog_finish(StandardCatalog *catalog);
StandardRoot *standard_root_new(StandardCatalog *catalog, const char *code);
StandardMetric *standard_metric_new(StandardCatalog *catalog, const char *name);
void standard_metric_read_raw(StandardCatalog *catalog, StandardMetric *metric);
void standard_root_read_raw(StandardCatalog *catalog, StandardRoot *root);

/* finding.c */
typedef struct {
    gpointer value;
    GDestroyNotify destroy;
} StandardMemo;
void standard_memo_free(void *memo);

/* config.c: the waiver that covers a finding of `rule` on `object` on day `today`. */
typedef struct {
    char *rule, *object, *owner, *reason, *until;
    GPatternSpec *pattern;
} StandardWaiver;
const StandardWaiver *standard_config_waiver(const StandardConfig *config, const StandardFinding *finding,
                                             const char *today);

/* roles.c: the role of a column where none is said. */
const char *standard_role_of(const StandardColumn *column);
/* sql.c */
void standard_sql_free(void *facts);
/* words.c: the roots that the standard ships. `aliases` are words for it in either language, by commas. */
typedef struct {
    const char *code, *category, *title_en, *title_zh, *type, *additivity, *aliases;
} StandardSeedRoot;
extern const StandardSeedRoot standard_seed_roots[];
extern const size_t STANDARD_N_SEED_ROOTS;
void standard_words_index(StandardCatalog *catalog);
/* place.c: file, line and column of a finding in a project. */
void standard_place(StandardRun *run, StandardFinding *finding);

#endif
