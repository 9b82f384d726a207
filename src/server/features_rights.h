/* Who may do what with feature views. */
#ifndef WEIR_SERVER_FEATURES_RIGHTS_H
#define WEIR_SERVER_FEATURES_RIGHTS_H

#include "features/registry.h"
#include "server/routes_int.h"

/* A feature view or service by its domain ("" = none) and bare name; NULL = it is declared no more. */
const CatalogObject *server_features_object(const CatalogSnapshot *snapshot, CatalogKind kind,
                                            const char *domain, const char *name);
/* The caller has `right` on the view; on its domain when it is declared no more. */
bool server_features_may(const ServerCall *call, const CatalogSnapshot *snapshot, const FeaturesView *view,
                         AccessRight right, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The caller may read every view of the selection. */
bool server_features_may_read(const ServerCall *call, const FeaturesSelection *selection,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
