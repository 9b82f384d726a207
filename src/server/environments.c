/* See environments.h. */
#include "server/environments.h"

#include "base/log.h"
#include "catalog/store.h"

typedef struct {
    CatalogSnapshot *production; /* that it was put over */
    CatalogSnapshot *snapshot;
} Kept;

struct ServerEnvironments {
    GMutex lock;
    GHashTable *kept;   /* name -> Kept */
    guint64 generation; /* raised by each change */
};

static void free_kept(gpointer data)
{
    Kept *kept = data;
    catalog_snapshot_unref(kept->production);
    catalog_snapshot_unref(kept->snapshot);
    g_free(kept);
}

ServerEnvironments *server_environments_new(void)
{
    ServerEnvironments *environments = g_new0(ServerEnvironments, 1);
    g_mutex_init(&environments->lock);
    environments->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_kept);
    return environments;
}

void server_environments_free(ServerEnvironments *environments)
{
    if (environments) {
        g_hash_table_unref(environments->kept);
        g_mutex_clear(&environments->lock);
        g_free(environments);
    }
}

/* ---- reading ------------------------------------------------------------------------------------------- */

typedef struct {
    ServerApp *app;
    const char *name;
    CatalogSnapshot *branch, *production;
    gint64 base;
    CatalogSnapshot *snapshot;
} Reading;

static bool read_branch(EngineConn *parser, void *user, GError **error)
{
    Reading *reading = user;
    reading->branch = catalog_store_environment(server_app_store(reading->app), reading->name, parser,
                                                &reading->base, error);
    return reading->branch != NULL;
}

CatalogSnapshot *server_app_branch(ServerApp *app, const char *name, gint64 *ret_base, GError **error)
{
    Reading reading = {.app = app, .name = name};
    if (!server_app_with_parser(app, read_branch, &reading, error)) {
        return NULL;
    }
    if (ret_base) {
        *ret_base = reading.base;
    }
    return reading.branch;
}

static bool put_over(EngineConn *parser, void *user, GError **error)
{
    Reading *reading = user;
    g_autoptr(GPtrArray) live = catalog_store_live_tables(server_app_store(reading->app), error);
    reading->snapshot = live ? catalog_environment_new(reading->branch, reading->production, reading->name,
                                                       parser, live, error)
                             : NULL;
    return reading->snapshot != NULL;
}

CatalogSnapshot *server_app_environment_of(ServerApp *app, CatalogSnapshot *branch, const char *name,
                                           GError **error)
{
    g_autoptr(CatalogSnapshot) production = server_app_snapshot(app);
    Reading reading = {.app = app, .name = name, .branch = branch, .production = production};
    return server_app_with_parser(app, put_over, &reading, error) ? reading.snapshot : NULL;
}

/* ---- keeping ------------------------------------------------------------------------------------------- */

static CatalogSnapshot *look_up(ServerEnvironments *environments, const char *name,
                                const CatalogSnapshot *production, guint64 *ret_generation)
{
    g_mutex_lock(&environments->lock);
    const Kept *kept = g_hash_table_lookup(environments->kept, name);
    CatalogSnapshot *snapshot =
        kept && kept->production == production ? catalog_snapshot_ref(kept->snapshot) : NULL;
    *ret_generation = environments->generation;
    g_mutex_unlock(&environments->lock);
    return snapshot;
}

/* What was read while something changed is not kept. */
static void keep(ServerEnvironments *environments, const char *name, CatalogSnapshot *production,
                 CatalogSnapshot *snapshot, guint64 generation)
{
    g_mutex_lock(&environments->lock);
    if (environments->generation == generation) {
        Kept *kept = g_new0(Kept, 1);
        *kept = (Kept){catalog_snapshot_ref(production), catalog_snapshot_ref(snapshot)};
        g_hash_table_replace(environments->kept, g_strdup(name), kept);
    }
    g_mutex_unlock(&environments->lock);
}

CatalogSnapshot *server_app_environment(ServerApp *app, const char *name, GError **error)
{
    g_autoptr(CatalogSnapshot) production = server_app_snapshot(app);
    ServerEnvironments *environments = server_app_environments(app);
    guint64 generation = 0;
    if (!name || !*name) {
        return g_steal_pointer(&production);
    }
    CatalogSnapshot *known = look_up(environments, name, production, &generation);
    if (known) {
        return known;
    }
    g_autoptr(CatalogSnapshot) branch = server_app_branch(app, name, NULL, error);
    Reading reading = {.app = app, .name = name, .branch = branch, .production = production};
    if (!branch || !server_app_with_parser(app, put_over, &reading, error)) {
        return NULL;
    }
    keep(environments, name, production, reading.snapshot, generation);
    warehouse_note_environment(server_app_warehouse(app), name, reading.snapshot);
    return reading.snapshot;
}

void server_app_environments_changed(ServerApp *app)
{
    ServerEnvironments *environments = server_app_environments(app);
    g_mutex_lock(&environments->lock);
    environments->generation++;
    g_hash_table_remove_all(environments->kept);
    g_mutex_unlock(&environments->lock);
    warehouse_note_environment(server_app_warehouse(app), NULL, NULL);
    g_autoptr(GError) unread = NULL;
    g_autoptr(json_t) rows = catalog_store_environments(server_app_store(app), &unread);
    if (!rows) {
        base_log_error("environments", unread);
    }
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const char *name = base_json_string(row, "name", "");
        g_autoptr(GError) error = NULL;
        g_autoptr(CatalogSnapshot) snapshot = server_app_environment(app, name, &error);
        if (!snapshot) { /* whoever asks for it is told */
            base_log_error(name, error);
        }
    }
}
