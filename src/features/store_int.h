/* What the files behind store.h share. */
#ifndef WEIR_FEATURES_STORE_INT_H
#define WEIR_FEATURES_STORE_INT_H

#include "features/store.h"

struct Features {
    Engine *engine;
    CatalogStore *store;
    Intake *intake;
    char *online_dir;
    const BaseConfig *config;
    GMutex lock; /* guards the members below; held for short work only */
    GCond changed;
    FeaturesRegistry *registry;
    CatalogSnapshot *applied;
    FeaturesOnline *online; /* opened at first use */
    GHashTable *selections; /* what was asked for -> FeaturesSelection of `registry` (selected.c) */
    GHashTable *served;     /* stored name -> FeaturesServed; entries live as long as this */
    GHashTable *busy;       /* stored names of views that are being materialised */
    GHashTable *gates;      /* a view's name -> FeaturesGate, while anybody is at it (erase.c) */
    gint rejected;          /* atomic: rows that were kept as rejected since the start */
    Engine *calculator;     /* memory engine of on-demand features; no tables are in reach of it */
    GPtrArray *idle;        /* EngineConn* of it */
};

/* What was served of a view's version; borrowed. */
struct FeaturesServed *features_served_of(Features *features, const FeaturesView *view);
CatalogSnapshot *features_applied(Features *features); /* a new reference */
gint64 features_retrieval_memory(Features *features);  /* as in FeaturesAsk; of a setting */

/* One at a time materialises a view, or erases in it: what was read before an erasure must not be written
 * after it. With `wait` it waits until *cancel (may be NULL) is set; CONFLICT. (materialise.c) */
bool features_take_view(Features *features, const FeaturesView *view, bool wait, const gint *cancel,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_give_view(Features *features, const FeaturesView *view);
/* Pushes to any version of the view of that name; they wait while they are kept out. (erase.c) */
void features_push_begin(Features *features, const char *name);
void features_push_end(Features *features, const char *name);

/* ---- on-demand features (on_demand.c) ---- */

/* Rows in columns: columns[c][row], `n` rows. */
typedef struct {
    size_t n_columns, n;
    const char **names;
    const FeaturesType *types;
    const FeaturesValue *const *columns;
} FeaturesTable;
/* They as a feed of the engine (feed.c): the columns, and after them FEATURES_FEED_ROW (0, 1, 2, ...). Rows
 * come in order, and again each time it is read. `rows` is borrowed. */
#define FEATURES_FEED_ROW "_weir_row"
typedef struct {
    EngineFeed feed;
    const FeaturesTable *rows;
    const char **names;
    EngineType *types;
    EngineTypeId *items;
} FeaturesFeed;
void features_feed_init(FeaturesFeed *feed, const FeaturesTable *rows);
void features_feed_clear(FeaturesFeed *feed);
typedef struct {
    const char *sql;
    FeaturesType type;
} FeaturesExpr;
/* Expressions over each row: ret[e * n + row], in `arena`. */
bool features_evaluate(Features *features, const FeaturesTable *rows, const FeaturesExpr *exprs,
                       size_t n_exprs, FeaturesArena *arena, FeaturesValue *ret,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Features `wanted` of an on-demand view over each row: ret[w * n + row], in `arena`. */
bool features_calculate(Features *features, const FeaturesView *view, const FeaturesTable *rows,
                        const size_t *wanted, size_t n_wanted, FeaturesArena *arena, FeaturesValue *ret,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- what was committed since (changes.c) ---- */

/* Where a reader stands in the commits of a view's source. Taken by two calls around the begin of the reading
 * transaction: `low` before it (features_changes_low), the mark inside it. The text is opaque. Caller frees.
 */
gint64 features_changes_low(Features *features);
char *features_changes_mark(EngineConn *conn, const CatalogObject *source, gint64 low,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A condition on rows of the source that holds for all that were committed since `mark` was taken: "TRUE"
 * when that is not known row by row, "FALSE" when nothing was. Caller frees. */
char *features_changes_since(EngineConn *conn, const CatalogObject *source, const char *mark,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
