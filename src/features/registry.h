/* What is declared of features, resolved: views with their keys and columns, services, versions; and
 * selections: which features a call asks for, by name.
 *
 * A FeaturesRegistry is an immutable picture made of a catalog snapshot and of the versions kept in
 * catalog.sqlite; readers hold a reference, the owner swaps it after an apply.
 *
 * Versions: the first definition of a view that is applied is v1; each later one that changes its schema or
 * meaning (keys, types, features, expressions, source, where, time, created, ttl, bound; not titles, owners,
 * tags) is the next. All are kept until they are pruned. `view` alone means the newest, `view@v2` and
 * `view@latest` say which; in a store, v1 has the view's bare name and vN "<view>_vN", as Feast names them.
 */
#ifndef WEIR_FEATURES_REGISTRY_H
#define WEIR_FEATURES_REGISTRY_H

#include "catalog/catalog.h"
#include "catalog/store.h"
#include "features/types.h"

typedef struct {
    char *name;   /* column of the source that carries it */
    char *entity; /* name of the entity */
    char *stored; /* the entity's own name for it: what the online key is made of; most often = name */
    FeaturesType type;
} FeaturesKey;

typedef struct {
    char *name;
    FeaturesType type;
    char *expr;            /* over columns of the source; NULL = the column of that name. With a window an
                              aggregate ("sum(amount)"). Of an on-demand view: over its inputs and request */
    gint64 window_us;      /* 0 = none */
    FeaturesValue missing; /* what stands for no value (`default`); type INVALID = NULL stays NULL */
    json_t *definition;    /* as written: title, description, tags, checks; borrowed from the view's */
} FeaturesFeature;

typedef enum {
    FEATURES_FROM_TABLE,  /* table or model of the catalog */
    FEATURES_FROM_SQL,    /* a query of the view's own */
    FEATURES_FROM_PUSH,   /* rows come by push only; Weir keeps their table */
    FEATURES_FROM_REQUEST /* on demand: computed from other features and the request */
} FeaturesFrom;

typedef struct {
    char *name;
    FeaturesType type;
} FeaturesField;

/* A feature of another view that expressions of an on-demand view may name. */
typedef struct {
    char *view; /* as features_registry_view takes it: "driver_stats", "driver_stats@v2" */
    char *feature;
    char *name; /* how expressions name it: the feature's name, "view__feature" where two have that name */
    FeaturesType type;
} FeaturesInput;

typedef struct FeaturesView FeaturesView;
struct FeaturesView {
    char *project, *domain, *name; /* bare name */
    unsigned version;              /* from 1 */
    char *stored;                  /* "driver_stats", "driver_stats_v2" */
    char *hash;                    /* of schema and meaning */
    bool latest;
    FeaturesFrom from;
    /* What to read, in the engine: a table's full name or a query in brackets, with `where` applied: usable
     * after FROM. Of an older version the relation that it named then. NULL for REQUEST. */
    char *relation;
    char *table;          /* full name of the catalog's table or model, or of the push table; else NULL */
    char *time, *created; /* columns of the relation; NULL = none */
    gint64 ttl_us;        /* 0 = no bound */
    bool exclusive;       /* `bound: exclusive`: a row at the very time of the asking row does not count */
    bool online;
    size_t n_keys;
    FeaturesKey *keys; /* in the order of the view's entities; none = one row for all */
    size_t n_features;
    FeaturesFeature *features;
    size_t n_request; /* REQUEST: fields that come with the call; expressions name them */
    FeaturesField *request;
    size_t n_inputs; /* REQUEST; may be 0 */
    FeaturesInput *inputs;
    char *gone;         /* why the source cannot be read any more; NULL = it can */
    json_t *definition; /* as it was applied */
};
/* Before rows of the source are read (training rows, materialise): COLUMN_UNKNOWN when a column or table
 * that this version reads has gone since. Values that are in a store are still read. */
bool features_view_readable(const FeaturesView *view, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "domain.name", or the bare name in no domain. Caller frees. */
char *features_view_full_name(const FeaturesView *view);
/* Index of a feature; false when the view has none of that name. */
bool features_view_feature(const FeaturesView *view, const char *name, size_t *ret);

typedef struct FeaturesRegistry FeaturesRegistry;

/* Makes its tables in catalog.sqlite (once for a store). */
bool features_registry_migrate(CatalogStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Before an apply: what must not happen. ENTITY_TYPE when an entity that is known changes its key's type,
 * PROJECT_ARCHIVED when the project is archived. */
bool features_registry_may_apply(CatalogStore *store, const CatalogSnapshot *after,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After an apply, and at start: writes a version for each view that changed; idempotent. */
bool features_registry_record(CatalogStore *store, const CatalogSnapshot *applied, const char *user,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
FeaturesRegistry *features_registry_load(CatalogStore *store, CatalogSnapshot *applied,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
FeaturesRegistry *features_registry_ref(FeaturesRegistry *registry);
void features_registry_unref(FeaturesRegistry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeaturesRegistry, features_registry_unref)

const char *features_registry_project(const FeaturesRegistry *registry);
/* All views, newest version of each first, by name; FeaturesView* borrowed. */
const GPtrArray *features_registry_views(const FeaturesRegistry *registry);
/* "view", "domain.view", "view@v2", "view@latest". FEATURE_UNKNOWN with the nearest name. Borrowed. */
const FeaturesView *features_registry_view(const FeaturesRegistry *registry, const char *name,
                                           GError **error);

/* ---- selections ---------------------------------------------------------------------------------- */

/* A view as one selection uses it: under an alias, with its keys renamed (the same view as origin and as
 * destination). */
typedef struct {
    const FeaturesView *view; /* borrowed; the selection holds a reference to the registry */
    char *name;  /* alias, else the view as it was asked for: "driver_stats", "driver_stats@v2" */
    char **keys; /* name of view->keys[i] in the asking rows */
    struct {
        size_t use, feature;
    } *inputs; /* REQUEST: where view->inputs[i] comes from: in uses, before this one; NULL otherwise */
} FeaturesUse;

/* One column of the answer. */
typedef struct {
    size_t use;     /* in uses */
    size_t feature; /* in uses[use].view->features */
    char *name;     /* "conv_rate", or "driver_stats__conv_rate" with full names */
} FeaturesPick;

typedef struct {
    gint refs; /* atomic */
    FeaturesRegistry *registry;
    size_t n_uses;
    FeaturesUse *uses; /* views that are read, also those that only on-demand features need */
    size_t n_picks;
    FeaturesPick *picks; /* in the order asked for */
    size_t n_request;
    const char **request; /* fields that asking rows must carry for on-demand features; borrowed */
    FeaturesType *request_types;
    size_t n_keys;
    const char **keys; /* all key columns that asking rows must carry, each once; borrowed */
    FeaturesType *key_types;
} FeaturesSelection;

/* `features` = refs "view:feature", "view" (all of it), "view@v2:feature"; `service` = a feature service;
 * exactly one is given (the other NULL). Errors, before any work: FEATURE_UNKNOWN (which view or feature,
 * where it was looked for, the nearest name), FEATURE_COLLISION (two columns of one name: which),
 * VALUE_INVALID. */
FeaturesSelection *features_select(FeaturesRegistry *registry, const char *const *features,
                                   const char *service, bool full_names,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
FeaturesSelection *features_selection_ref(FeaturesSelection *selection);
void features_selection_unref(FeaturesSelection *selection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeaturesSelection, features_selection_unref)

/* ---- to look at ------------------------------------------------------------------------------------ */
/* Views with counts, versions, entities, owners; one view whole with all its versions. New references. */
json_t *features_registry_list(const FeaturesRegistry *registry);
json_t *features_view_to_json(const FeaturesView *view);
/* Features whose name, titles, aliases, tags, description, view or entities hold all words of `text`, in
 * Chinese and English, best first: [{view, version, domain, entities, name, type, ...}]. New reference. */
json_t *features_registry_search(const FeaturesRegistry *registry, const char *text, size_t limit,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* [{domain, view, version, at, user, hash, change, diff}] by view, newest first; `diff` against the version
 * below, as features_registry_diff. `view` NULL = all. */
json_t *features_registry_history(CatalogStore *store, const char *view,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What differs between two versions ("view@v2", "view@v3"): {"added", "removed", "changed": [{what, before,
 * after}]}. */
json_t *features_registry_diff(const FeaturesRegistry *registry, const char *before, const char *after,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An old version, "view@v1", that may be forgotten; NULL + FEATURE_IN_USE for the newest and for one that a
 * service pins or a view is computed of. */
const FeaturesView *features_registry_prunable(const FeaturesRegistry *registry, const char *version,
                                               GError **error);
/* Forgets it; the same errors. */
bool features_registry_prune(CatalogStore *store, const FeaturesRegistry *registry, const char *version,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An archived project takes no applies, no pushes, nothing is materialised of it: PROJECT_ARCHIVED. */
bool features_registry_may_write(CatalogStore *store, const char *project,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool features_registry_archive(CatalogStore *store, const char *project, bool archive, const char *user,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool features_registry_archived(CatalogStore *store, const char *project, bool *ret,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The table of pushed rows of a view with `push`, as it must be for all versions that write to it. Caller
 * frees. */
CatalogTable *features_registry_push_table(const FeaturesRegistry *registry, const FeaturesView *view,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
