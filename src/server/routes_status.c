/* Routes of operation: status, settings, backup, health, metrics, the page. */
#include "base/fs.h"
#include "base/time.h"
#include "server/metrics.h"
#include "server/page_int.h"
#include "server/routes_int.h"
#include "server/sql.h"

#include <sys/stat.h>

/* ---- status ------------------------------------------------------------------------------------------- */

static gint64 count_tables(const ServerCall *call, const CatalogSnapshot *snapshot, const char *domain)
{
    gint64 n = 0;
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        n += (object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL) &&
             g_str_equal(object->domain, domain) && access_can_see(call->user, object);
    }
    return n;
}

static json_t *domains_to_json(const ServerCall *call)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const char *const *domains = catalog_domains(snapshot);
    json_t *list = json_array();
    for (size_t i = 0; domains[i]; i++) {
        if (access_can_see_domain(call->user, domains[i])) {
            json_t *row = json_object();
            base_json_set_string(row, "name", domains[i]);
            base_json_set_int(row, "tables", count_tables(call, snapshot, domains[i]));
            json_array_append_new(list, row);
        }
    }
    return list;
}

bool route_status(ServerCall *call, GError **error)
{
    (void)error;
    ServerApp *app = call->app;
    json_t *answer = json_object();
    gint64 started_us = server_app_started_us(app);
    g_autofree char *started = base_time_format_iso(started_us);
    base_json_set_string(answer, "version", WEIR_VERSION);
    base_json_set_string(answer, "engine", engine_version());
    base_json_set_string(answer, "started", started);
    base_json_set_int(answer, "uptime_ms", (base_time_now_us() - started_us) / 1000);
    base_json_set_string(answer, "http", server_app_http(app));
    base_json_set_string(answer, "mysql", server_app_mysql(app));
    base_json_set_string(answer, "user", access_user_name(call->user));
    base_json_set_int(answer, "applied_version", catalog_store_current(server_app_store(app)));
    base_json_set_int(answer, "wal_bytes", engine_wal_bytes(server_app_engine(app)));
    base_json_set_int(answer, "file_bytes", engine_file_bytes(server_app_engine(app)));
    base_json_set_int(answer, "sessions", server_metric_get(SERVER_METRIC_MYSQL_SESSIONS));
    base_json_set_string(answer, "recovery_note", engine_recovery_note(server_app_engine(app)));
    json_object_set_new(answer, "changed_files", json_boolean(server_app_files_changed(app)));
    json_object_set_new(answer, "domains", domains_to_json(call));
    if (access_user_is_admin(call->user)) {
        base_json_set_string(answer, "project", server_app_project(app));
        base_json_set_string(answer, "data", server_app_data(app));
    }
    return call_json(call, answer);
}

bool route_config(ServerCall *call, GError **error)
{
    (void)error;
    const BaseConfig *config = server_app_config(call->app);
    json_t *list = json_array();
    for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
        const BaseConfigInfo *info = base_config_info((BaseConfigKey)key);
        const char *value = base_config_text(config, (BaseConfigKey)key);
        json_t *row = json_object();
        base_json_set_string(row, "key", info->key);
        base_json_set_string(row, "value", info->secret && *value ? "***" : value);
        base_json_set_string(row, "default", info->value);
        base_json_set_string(row, "origin", base_config_origin(config, (BaseConfigKey)key));
        base_json_set_string(row, "doc_en", info->doc_en);
        base_json_set_string(row, "doc_zh", info->doc_zh);
        json_object_set_new(row, "secret", json_boolean(info->secret));
        json_array_append_new(list, row);
    }
    return call_json(call, json_pack("{s:o}", "settings", list));
}

/* ---- backup ----------------------------------------------------------------------------------------------
 */

static bool folder_is_free(const char *path, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    if (dir && g_dir_read_name(dir)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`%s` is not empty", path);
    }
    return true;
}

static gint64 file_bytes(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (gint64)info.st_size : 0;
}

/* The engine's copy comes first: the catalog's may then know versions that the copy does not need, never
 * fewer tables than it has. Definitions stand still meanwhile. */
static bool backup_to(ServerCall *call, const char *path, gint64 *ret_bytes, GError **error)
{
    ServerApp *app = call->app;
    g_autofree char *warehouse = g_build_filename(path, "warehouse.duckdb", NULL);
    g_autofree char *catalog = g_build_filename(path, "catalog.sqlite", NULL);
    g_autofree char *about = g_build_filename(path, "backup.json", NULL);
    gint64 archived = 0, online = 0;
    if (!base_fs_mkdir(path, error)) {
        return false;
    }
    lifecycle_hold(server_app_lifecycle(app));
    bool ok = engine_backup(server_app_engine(app), warehouse, error) &&
              lifecycle_backup(server_app_lifecycle(app), path, &archived, error);
    lifecycle_release(server_app_lifecycle(app));
    if (!ok || !features_backup(server_app_features(app), path, &online, error) ||
        !catalog_store_backup(server_app_store(app), catalog, error)) {
        return false;
    }
    g_autofree char *now = base_time_format_iso(base_time_now_us());
    g_autoptr(json_t) json = json_object();
    base_json_set_string(json, "weir", WEIR_VERSION);
    base_json_set_string(json, "engine", engine_version());
    base_json_set_string(json, "at", now);
    base_json_set_int(json, "version", catalog_store_current(server_app_store(app)));
    g_autofree char *text = base_json_text_pretty(json);
    *ret_bytes = file_bytes(warehouse) + file_bytes(catalog) + archived + online;
    return base_fs_write(about, text, strlen(text), 0600, error);
}

bool route_backup(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"path", NULL};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    const char *path = base_json_string(call->body, "path", "");
    if (!g_path_is_absolute(path)) {
        return base_fail(error, BASE_E_REQUEST_INVALID,
                         "`path` must be an absolute path of a folder on the server");
    }
    gint64 bytes = 0, start_us = base_time_monotonic_us();
    server_app_lock_definitions(call->app);
    bool ok = folder_is_free(path, error) && backup_to(call, path, &bytes, error);
    server_app_unlock_definitions(call->app);
    call_audit(call, "backup", path, NULL, ok);
    if (!ok) {
        return false;
    }
    json_t *answer = json_object();
    base_json_set_string(answer, "path", path);
    base_json_set_int(answer, "bytes", bytes);
    base_json_set_int(answer, "version", catalog_store_current(server_app_store(call->app)));
    base_json_set_int(answer, "elapsed_ms", (base_time_monotonic_us() - start_us) / 1000);
    return call_json(call, answer);
}

/* ---- health, metrics, openapi
 * ------------------------------------------------------------------------------- */

bool route_openapi(ServerCall *call, GError **error)
{
    (void)error;
    return call_json(call, server_openapi());
}

bool route_healthz(ServerCall *call, GError **error)
{
    (void)error;
    bool well = !engine_poisoned(server_app_engine(call->app));
    call->status = well ? 200 : 503;
    return call_json(call, json_pack("{s:s}", "status", well ? "ok" : "failed"));
}

static bool is_loopback(const char *peer)
{
    return g_str_has_prefix(peer, "127.") || g_str_has_prefix(peer, "[::1]") || g_str_equal(peer, "local");
}

/* Numbers tell little, but not nothing: strangers from other machines sign in. */
bool route_metrics(ServerCall *call, GError **error)
{
    if (!call->user && !is_loopback(call->peer)) {
        return base_fail(error, BASE_E_SIGN_IN, "/metrics needs a sign-in from other machines");
    }
    Engine *engine = server_app_engine(call->app);
    g_autoptr(GString) out = g_string_new(NULL);
    server_metrics_print(out);
    features_metrics_print(server_app_features(call->app), out);
    g_string_append_printf(
        out,
        "# HELP weir_engine_wal_bytes Bytes of the write-ahead log\n# TYPE weir_engine_wal_bytes gauge\n"
        "weir_engine_wal_bytes %" G_GINT64_FORMAT "\n"
        "# HELP weir_engine_file_bytes Bytes of the warehouse file\n# TYPE weir_engine_file_bytes gauge\n"
        "weir_engine_file_bytes %" G_GINT64_FORMAT "\n"
        "# HELP weir_audit_lost_total Audit rows that could not be written\n"
        "# TYPE weir_audit_lost_total counter\nweir_audit_lost_total %" G_GUINT64_FORMAT "\n",
        engine_wal_bytes(engine), engine_file_bytes(engine), access_audit_lost(server_app_access(call->app)));
    call->text_len = out->len;
    call->text = g_string_free(g_steal_pointer(&out), FALSE);
    call->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return true;
}

/* ---- the page
 * -------------------------------------------------------------------------------------------------- */

#define PAGE_CSP                                                                                             \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri "  \
    "'none'; "                                                                                               \
    "form-action 'self'; frame-ancestors 'none'"

/* /?token=...: the one-time link becomes a session, and the address loses the token. */
static bool enter_by_link(ServerCall *call, const char *token, GError **error)
{
    Access *access = server_app_access(call->app);
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(AccessUser) user = access_sign_in_token(access, snapshot, token, error);
    access_audit(access, user ? access_user_name(user) : "", "sign in", "link", call->peer, user != NULL);
    g_autofree char *session = NULL;
    if (!user || !access_token_add(access, access_user_name(user), "session", 12 * 3600 * BASE_TIME_SECOND_US,
                                   false, &session, error)) {
        return false;
    }
    g_autofree char *cookie = route_session_cookie(call, session);
    call_answer_header(call, "Set-Cookie", cookie);
    call_answer_header(call, "Location", "/");
    call->status = 303;
    call->text = g_strdup("");
    call->content_type = "text/plain";
    return true;
}

bool route_page(ServerCall *call, GError **error)
{
    const char *token = call_query(call, "token", NULL);
    if (token && g_str_equal(call->path, "/")) {
        return enter_by_link(call, token, error);
    }
    for (size_t i = 0; i < SERVER_N_PAGE_FILES; i++) {
        if (g_str_equal(call->path, SERVER_PAGE_FILES[i].path)) {
            call->text_len = SERVER_PAGE_FILES[i].len;
            call->text = g_memdup2(SERVER_PAGE_FILES[i].bytes, call->text_len);
            call->content_type = SERVER_PAGE_FILES[i].type;
            call_answer_header(call, "Content-Security-Policy", PAGE_CSP);
            call_answer_header(call, "Cache-Control", "no-cache");
            return true;
        }
    }
    return base_fail(error, BASE_E_ROUTE_UNKNOWN, "no page `%s`", call->path);
}
