/* What features look like in use: trained on, served, and how far apart the two are.
 *
 * A training profile is taken of the rows of each retrieval: share of NULLs, and the shares of values in
 * bins, ten by the deciles of a number, the commonest values of anything else. Served values are counted by
 * status, and a random sample of them is kept in memory. Drift is the population stability index of the
 * sample over the bins of the newest profile: sum of (s - t) ln(s / t), a share of nothing taken as 0.0001.
 * By custom below 0.1 nothing changed, from 0.25 on the feature is another one. */
#ifndef WEIR_FEATURES_PROFILE_H
#define WEIR_FEATURES_PROFILE_H

#include "features/registry.h"

/* Profiles of the picks of `selection` in `table` of `conn`: [{view, version, feature, profile}]. */
json_t *features_profile_take(EngineConn *conn, const FeaturesSelection *selection, const char *table,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- what was served ---- */

typedef struct FeaturesServed FeaturesServed; /* of one view; thread-safe */
FeaturesServed *features_served_new(size_t n_features);
void features_served_free(FeaturesServed *served);
/* `n` cells of one feature: statuses are counted, one value at random may enter the sample. */
struct FeaturesCell;
void features_served_lock(FeaturesServed *served);
void features_served_note(FeaturesServed *served, size_t feature, const struct FeaturesCell *cells, size_t n);
void features_served_unlock(FeaturesServed *served);
/* {"served": n, "null": share, "not_found": share, "outside_max_age": share, "sampled": n} and, with a
 * profile, "psi" (NULL when there is too little to say). */
json_t *features_served_to_json(FeaturesServed *served, size_t feature, const json_t *profile);
gint64 features_served_count(FeaturesServed *served, size_t feature, unsigned status);

#endif
