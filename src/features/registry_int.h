/* Private to the registry: what its files hand to each other.
 *
 * spec.c      a view of a catalog snapshot -> its spec (JSON, whole in itself)
 * view.c      a spec -> FeaturesView
 * versions.c  specs in catalog.sqlite: one row for each version
 * registry.c  the picture of all views, by name
 * select.c    what a call asks for
 * look.c      JSON for people
 *
 * A spec: {"meaning": {what makes a version}, "reads": {table: [columns]}, "pins": {view: version},
 * "online", "definition"}. */
#ifndef WEIR_FEATURES_REGISTRY_INT_H
#define WEIR_FEATURES_REGISTRY_INT_H

#include "features/registry.h"

/* An object of `kind` by its name as written in `domain`; NULL + FEATURE_UNKNOWN. */
const CatalogObject *features_find(const CatalogSnapshot *snapshot, CatalogKind kind, const char *name,
                                   const char *domain, GError **error);

typedef struct {
    char *domain, *view;
    unsigned version;
    char *hash;
    json_t *spec;
} FeaturesVersion;

/* ---- spec.c ---------------------------------------------------------------------------------------- */

/* Errors: FEATURE_TYPE (a type that is not known), FEATURE_UNKNOWN (what it names is not there). New
 * reference. */
json_t *features_spec_make(const CatalogSnapshot *snapshot, const CatalogObject *view,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The table of pushed rows of a view: "<domain>._weir_push__<view>". */
#define FEATURES_PUSH_PREFIX "_weir_push__"
#define FEATURES_PUSH_TIME   "event_timestamp" /* where the view says no other */
void features_spec_set_table(json_t *spec, const char *domain, const char *table);
/* The spec of a view whose newest version is `newest` (NULL = none): pushed rows stay in its table (as
 * `snapshot` has it) while what is in it keeps its types; else they go to a new one, of version `next`. */
void features_spec_follow(json_t *spec, const FeaturesVersion *newest, unsigned next,
                          const CatalogSnapshot *snapshot);
/* Hex, 64. Caller frees. */
char *features_spec_hash(const json_t *spec);
/* Why the spec's tables cannot be read in this snapshot; NULL = they can. Caller frees. */
char *features_spec_gone(const json_t *spec, const CatalogSnapshot *snapshot);
/* Types of the keys of an entity where it says them: INVALID = by the view's source. GArray of FeaturesType.
 */
GArray *features_entity_types(const CatalogSnapshot *snapshot, const CatalogObject *entity,
                              GPtrArray *ret_names);

/* ---- view.c ---------------------------------------------------------------------------------------- */

typedef struct {
    const char *project, *domain, *name;
    unsigned version;
    bool latest;
} FeaturesViewName;
/* Defaults live in `arena`. */
FeaturesView *features_view_new(const FeaturesViewName *name, const json_t *spec, FeaturesArena *arena,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void features_view_free(FeaturesView *view);

/* ---- versions.c -------------------------------------------------------------------------------------- */

/* All that are kept, by domain, view, version upwards. GPtrArray of FeaturesVersion*. */
GPtrArray *features_versions_read(CatalogStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- registry.c -------------------------------------------------------------------------------------- */

struct FeaturesRegistry {
    gint refs; /* atomic */
    CatalogSnapshot *snapshot;
    GPtrArray *views;    /* FeaturesView*, owned */
    GHashTable *by_name; /* folded bare name -> GPtrArray of views, newest first */
    FeaturesArena *arena;
};

#endif
