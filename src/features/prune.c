/* What the feature store forgets: what is older than its settings say, and all that is kept of a version. See
 * store.h. */
#include "base/time.h"
#include "features/read_int.h"

static bool forget_old(EngineConn *conn, void *user, GError **error)
{
    Features *features = user;
    gint64 keep_us = base_config_int(features->config, BASE_CONFIG_FEATURES_HISTORY_KEEP);
    return features_intervals_fold(conn, base_time_now_us() - keep_us, error) &&
           features_rejects_trim(features, conn, error);
}

bool features_forget_old(Features *features, GError **error)
{
    return intake_transact(features->intake, forget_old, features, error);
}

static bool forget_version(EngineConn *conn, void *user, GError **error)
{
    static const char *const TABLES[] = {"feature_intervals", "feature_rejects", "feature_profiles"};
    const FeaturesView *view = user;
    const EngineValue values[] = {engine_value_text(view->name), engine_value_int(view->version)};
    for (size_t i = 0; i < G_N_ELEMENTS(TABLES); i++) {
        g_autofree char *sql =
            g_strdup_printf("DELETE FROM _weir.%s WHERE view = $1 AND version = $2", TABLES[i]);
        if (!engine_exec_values(conn, sql, values, G_N_ELEMENTS(values), NULL, error)) {
            return false;
        }
    }
    return true;
}

bool features_forget_version(Features *features, const FeaturesView *view, gint64 *ret_online_rows,
                             GError **error)
{
    bool kept = view->from != FEATURES_FROM_REQUEST; /* of one on demand there is nothing online */
    FeaturesOnline *online = kept ? features_online(features, error) : NULL;
    *ret_online_rows = 0;
    if ((kept && !online) || !features_take_view(features, view, true, NULL, error)) {
        return false;
    }
    bool ok = (!kept || features_online_erase_all(online, view->project, view, ret_online_rows, error)) &&
              intake_transact(features->intake, forget_version, (void *)(guintptr)view, error);
    features_give_view(features, view);
    return ok;
}
