/* The feature store as one thing: opened, refreshed, closed. See store.h. */
#include <sys/stat.h>

#include "base/time.h"
#include "features/profile.h"
#include "features/store_int.h"

static bool make_tables(EngineConn *conn, void *user, GError **error)
{
    (void)user;
    static const char TABLES[] =
        "CREATE TABLE IF NOT EXISTS _weir.feature_intervals (view VARCHAR NOT NULL, version BIGINT NOT NULL, "
        "start_us BIGINT NOT NULL, end_us BIGINT NOT NULL, n_read BIGINT NOT NULL, n_written BIGINT NOT "
        "NULL, "
        "n_late BIGINT NOT NULL, n_rejected BIGINT NOT NULL, mark VARCHAR, at_us BIGINT NOT NULL);"
        "ALTER TABLE _weir.feature_intervals ADD COLUMN IF NOT EXISTS since_us BIGINT;" /* of a folded row: */
        "ALTER TABLE _weir.feature_intervals ADD COLUMN IF NOT EXISTS n_slices BIGINT;" /* NULL = it is none
                                                                                         */
        "CREATE TABLE IF NOT EXISTS _weir.feature_rejects (view VARCHAR NOT NULL, version BIGINT NOT NULL, "
        "at_us BIGINT NOT NULL, way VARCHAR NOT NULL, reason VARCHAR NOT NULL, row_json VARCHAR NOT NULL);"
        "CREATE TABLE IF NOT EXISTS _weir.feature_profiles (view VARCHAR NOT NULL, version BIGINT NOT NULL, "
        "feature VARCHAR NOT NULL, at_us BIGINT NOT NULL, profile VARCHAR NOT NULL);"
        "CREATE TABLE IF NOT EXISTS _weir.feature_jobs (id VARCHAR NOT NULL, user_name VARCHAR, format "
        "VARCHAR "
        "NOT NULL, out VARCHAR, asked_us BIGINT NOT NULL, state VARCHAR, started_us BIGINT, ended_us BIGINT, "
        "n_rows BIGINT, bytes BIGINT, problem VARCHAR)"; /* state NULL = it has not ended */
    return engine_exec(conn, TABLES, error);
}

Features *features_open(Engine *engine, CatalogStore *store, Intake *intake, const char *data_dir,
                        const BaseConfig *config, GError **error)
{
    if (!features_registry_migrate(store, error) || !intake_transact(intake, make_tables, NULL, error)) {
        return NULL;
    }
    Features *features = g_new0(Features, 1);
    features->engine = engine;
    features->store = store;
    features->intake = intake;
    features->config = config;
    features->online_dir = g_build_filename(data_dir, "online", NULL);
    features->served =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)features_served_free);
    features->selections =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)features_selection_unref);
    features->gates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    features->busy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    features->idle = g_ptr_array_new_with_free_func((GDestroyNotify)engine_disconnect);
    g_mutex_init(&features->lock);
    g_cond_init(&features->changed);
    return features;
}

void features_close(Features *features)
{
    if (!features) {
        return;
    }
    g_ptr_array_unref(features->idle);
    g_clear_pointer(&features->calculator, engine_unref);
    g_clear_pointer(&features->online, features_online_close);
    g_hash_table_unref(features->selections);
    g_clear_pointer(&features->registry, features_registry_unref);
    g_clear_pointer(&features->applied, catalog_snapshot_unref);
    g_hash_table_unref(features->busy);
    g_hash_table_unref(features->gates);
    g_hash_table_unref(features->served);
    g_free(features->online_dir);
    g_mutex_clear(&features->lock);
    g_cond_clear(&features->changed);
    g_free(features);
}

bool features_refresh(Features *features, CatalogSnapshot *applied, const char *user, GError **error)
{
    if (!features_registry_record(features->store, applied, user, error)) {
        return false;
    }
    FeaturesRegistry *registry = features_registry_load(features->store, applied, error);
    if (!registry) {
        return false;
    }
    g_mutex_lock(&features->lock);
    FeaturesRegistry *before = features->registry;
    CatalogSnapshot *snapshot = features->applied;
    features->registry = registry;
    features->applied = catalog_snapshot_ref(applied);
    g_hash_table_remove_all(features->selections);
    g_mutex_unlock(&features->lock);
    g_clear_pointer(&before, features_registry_unref);
    g_clear_pointer(&snapshot, catalog_snapshot_unref);
    return true;
}

FeaturesRegistry *features_registry(Features *features)
{
    g_mutex_lock(&features->lock);
    FeaturesRegistry *registry = features_registry_ref(features->registry);
    g_mutex_unlock(&features->lock);
    return registry;
}

CatalogSnapshot *features_applied(Features *features)
{
    g_mutex_lock(&features->lock);
    CatalogSnapshot *applied = catalog_snapshot_ref(features->applied);
    g_mutex_unlock(&features->lock);
    return applied;
}

gint64 features_retrieval_memory(Features *features)
{
    return base_config_int(features->config, BASE_CONFIG_FEATURES_RETRIEVAL_MEMORY);
}

FeaturesOnline *features_online(Features *features, GError **error)
{
    g_mutex_lock(&features->lock);
    if (!features->online) {
        const FeaturesOnlineOptions options = {
            .store = base_config_text(features->config, BASE_CONFIG_FEATURES_ONLINE),
            .dir = features->online_dir,
            .max_bytes = base_config_int(features->config, BASE_CONFIG_FEATURES_ONLINE_MAX),
            .url = base_config_text(features->config, BASE_CONFIG_FEATURES_REDIS),
            .layout = base_config_text(features->config, BASE_CONFIG_FEATURES_REDIS_LAYOUT)};
        features->online = features_online_open(&options, error);
    }
    FeaturesOnline *online = features->online;
    g_mutex_unlock(&features->lock);
    return online;
}

bool features_backup(Features *features, const char *path, gint64 *ret_bytes, GError **error)
{
    g_autofree char *data = g_build_filename(features->online_dir, "data.mdb", NULL);
    g_autofree char *to = g_build_filename(path, "online", NULL);
    g_autofree char *copy = g_build_filename(to, "data.mdb", NULL);
    struct stat info;
    *ret_bytes = 0;
    if (!g_file_test(data, G_FILE_TEST_EXISTS)) {
        return true;
    }
    FeaturesOnline *online = features_online(features, error);
    if (!online || !features_online_backup(online, to, error)) {
        return false;
    }
    *ret_bytes = stat(copy, &info) == 0 ? (gint64)info.st_size : 0;
    return true;
}
