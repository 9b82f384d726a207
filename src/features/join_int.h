/* Inside the join: for its unit tests. */
#ifndef WEIR_FEATURES_JOIN_INT_H
#define WEIR_FEATURES_JOIN_INT_H

#include "features/offline.h"

/* features_join with only some bits of each key's hash: keys collide, answers stay. */
bool features_join_masked(const FeaturesJoinSide *asking, const FeaturesJoinSide *source,
                          const FeaturesJoinRules *rules, guint64 hash_mask, const gint *cancel,
                          guint32 *ret_row, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
