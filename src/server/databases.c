/* Databases that no file declares. A domain of the project is a database; so is a name made by CREATE
 * DATABASE, which lives in catalog.sqlite (server_databases) and becomes a domain of the snapshot with its
 * first table. */
#include "base/text.h"
#include "server/session_int.h"

static const char SCHEMA[] =
    "CREATE TABLE IF NOT EXISTS server_databases (name TEXT PRIMARY KEY, made_by TEXT NOT NULL);";

bool session_databases_open(ServerSql *sql, GError **error)
{
    CatalogStore *store = server_app_store(sql->app);
    if (!catalog_store_migrate(store, "server_databases", SCHEMA, error)) {
        return false;
    }
    g_autoptr(json_t) rows = catalog_store_sql(store, "SELECT name FROM server_databases", NULL, 0, error);
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        g_hash_table_add(sql->databases, g_strdup(base_json_string(row, "name", "")));
    }
    return rows != NULL;
}

bool session_database_is_live(ServerSql *sql, const char *name)
{
    g_mutex_lock(&sql->databases_lock);
    bool live = g_hash_table_contains(sql->databases, name);
    g_mutex_unlock(&sql->databases_lock);
    return live;
}

bool session_database_add(ServerSession *session, const char *name, GError **error)
{
    ServerSql *sql = session->sql;
    if (!base_text_is_name(name)) {
        return base_fail(error, BASE_E_NAME_INVALID, "`%s` is no name for a database", name);
    }
    const char *const values[] = {name, access_user_name(session->user)};
    if (!catalog_store_exec(server_app_store(sql->app),
                            "INSERT OR IGNORE INTO server_databases (name, made_by) VALUES (?1, ?2)", values,
                            2, error)) {
        return false;
    }
    g_mutex_lock(&sql->databases_lock);
    g_hash_table_add(sql->databases, g_strdup(name));
    g_mutex_unlock(&sql->databases_lock);
    return true;
}

bool session_database_remove(ServerSession *session, const char *name, GError **error)
{
    ServerSql *sql = session->sql;
    const char *const values[] = {name};
    if (!catalog_store_exec(server_app_store(sql->app), "DELETE FROM server_databases WHERE name = ?1",
                            values, 1, error)) {
        return false;
    }
    g_mutex_lock(&sql->databases_lock);
    g_hash_table_remove(sql->databases, name);
    g_mutex_unlock(&sql->databases_lock);
    return true;
}
