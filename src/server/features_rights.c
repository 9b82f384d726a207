/* Who may do what with feature views. See features_rights.h. */
#include "server/features_rights.h"

const CatalogObject *server_features_object(const CatalogSnapshot *snapshot, CatalogKind kind,
                                            const char *domain, const char *name)
{
    g_autofree char *id =
        g_strdup_printf("%s:%s%s%s", catalog_kind_name(kind), domain, *domain ? "." : "", name);
    return catalog_by_id(snapshot, id);
}

bool server_features_may(const ServerCall *call, const CatalogSnapshot *snapshot, const FeaturesView *view,
                         AccessRight right, GError **error)
{
    const CatalogObject *object =
        server_features_object(snapshot, CATALOG_FEATURE_VIEW, view->domain, view->name);
    return object ? access_check(call->user, right, object, error)
                  : access_check_domain(call->user, right, view->domain, error);
}

bool server_features_may_read(const ServerCall *call, const FeaturesSelection *selection, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    for (size_t u = 0; u < selection->n_uses; u++) {
        if (!server_features_may(call, snapshot, selection->uses[u].view, ACCESS_READ, error)) {
            return false;
        }
    }
    return true;
}
