/* An open project and data folder. See app.h.
 *
 * Order of opening: lock file, store, access, then definitions in a thread of their own (reader.h) beside
 * engine, intake, warehouse; snapshot, sessions; closing is the reverse. <data>/lock is held with flock for
 * the life of the process: a killed process leaves no stale lock.
 */
#include "server/app.h"

#include "server/features_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "server/environments.h"
#include "server/infoschema.h"
#include "server/reader.h"
#include "server/sql.h"

struct ServerApp {
    char *project, *data;
    BaseConfig *config;
    int lock_fd;
    Engine *engine;
    CatalogStore *store;
    Access *access;
    Intake *intake;
    Warehouse *warehouse;
    Reconcile *reconcile;
    Lifecycle *lifecycle;
    Report *report;
    Features *features;
    FeaturesJobs *feature_jobs;
    ServerSql *sql;
    struct ServerEnvironments *environments;
    GMutex snapshot_lock; /* held for a pointer's swap only */
    CatalogSnapshot *snapshot;
    GMutex definitions_lock;
    GMutex parser_lock; /* guards the memory engine */
    Engine *parser_engine;
    EngineConn *parser;
    ServerReader *reader;
    bool ends_soon; /* one command that reads the project, not a server */
    char *http, *mysql;
    gint64 started_us;
    gint files_changed; /* atomic */
};

/* ---- opening --------------------------------------------------------------------------------------- */

static void fail_locked(const char *data, GError **error)
{
    g_autofree char *path = g_build_filename(data, "server.json", NULL);
    g_autoptr(json_t) server = base_json_read_file(path, NULL);
    const char *http = base_json_string(server, "http", NULL);
    base_fail(error, BASE_E_DATA_LOCKED, "another process has `%s` open%s%s", data, http ? ", serving " : "",
              http ? http : "");
    base_error_hint(error, "stop it, or choose another folder with --data");
}

static bool take_lock(ServerApp *app, GError **error)
{
    g_autofree char *path = g_build_filename(app->data, "lock", NULL);
    app->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (app->lock_fd < 0) {
        return base_fs_fail(error, errno, "open", path);
    }
    if (flock(app->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    if (errno != EWOULDBLOCK) {
        return base_fs_fail(error, errno, "lock", path);
    }
    fail_locked(app->data, error);
    return false;
}

static bool open_engine(ServerApp *app, GError **error)
{
    g_autofree char *path = g_build_filename(app->data, "warehouse.duckdb", NULL);
    g_autofree char *spool = g_build_filename(app->data, "spool", NULL);
    if (!base_fs_mkdir(spool, error)) {
        return false;
    }
    EngineOptions options = {.path = path,
                             .spool_dir = spool,
                             .memory_bytes = base_config_int(app->config, BASE_CONFIG_ENGINE_MEMORY),
                             .threads = (unsigned)base_config_int(app->config, BASE_CONFIG_ENGINE_THREADS),
                             .nice = (int)base_config_int(app->config, BASE_CONFIG_ENGINE_NICE),
                             .temp_max_bytes = base_config_int(app->config, BASE_CONFIG_ENGINE_TEMP_MAX),
                             .checkpoint_wal_bytes =
                                 base_config_int(app->config, BASE_CONFIG_CHECKPOINT_WAL)};
    app->engine = engine_open(&options, error);
    return app->engine != NULL;
}

/* With the parser's lock held. */
static EngineConn *parser_get(ServerApp *app, GError **error)
{
    if (!app->parser_engine) {
        EngineOptions options = {.threads = 1, .memory_bytes = 256 * 1024 * 1024};
        app->parser_engine = engine_open(&options, error);
    }
    if (app->parser_engine && !app->parser) {
        app->parser = engine_connect(app->parser_engine, error);
    }
    return app->parser;
}

bool server_app_with_parser(ServerApp *app, ServerParserWork work, void *user, GError **error)
{
    g_mutex_lock(&app->parser_lock);
    EngineConn *parser = parser_get(app, error);
    bool ok = parser && work(parser, user, error);
    g_autoptr(GError) untidy = NULL; /* a command that ends soon takes its engine with it */
    if (parser && !app->ends_soon && !catalog_tidy(parser, &untidy)) {
        base_log_error("empty tables stay in the parser's engine", untidy); /* they cost memory, no more */
    }
    g_mutex_unlock(&app->parser_lock);
    return ok;
}

/* Passwords' digests and all data are in there: nobody else's, whatever made the folder. */
static bool close_folder(const char *path, GError **error)
{
    if (chmod(path, 0700) == 0 && access(path, W_OK) == 0) {
        return true;
    }
    base_fail(error, BASE_E_FILE_IO, "the data folder `%s` cannot be written: it is %s", path,
              errno == EROFS ? "on read-only storage" : "not yours");
    base_error_hint(error,
                    "-D names another folder; a server that runs on it is asked without writing there");
    return false;
}

static bool open_parts(ServerApp *app, GError **error)
{
    if (!base_fs_mkdir(app->data, error) || !close_folder(app->data, error) || !take_lock(app, error)) {
        return false;
    }
    app->store = catalog_store_open(app->data, error);
    app->access = app->store ? access_open(app->store, error) : NULL;
    if (!app->access) {
        return false;
    }
    access_guess_allow(app->access,
                       (unsigned)base_config_int(app->config, BASE_CONFIG_SIGN_IN_WRONG_PASSWORDS));
    app->reader = server_reader_start(app, app->ends_soon);
    app->intake = open_engine(app, error) ? intake_open(app->engine, app->data, app->config, error) : NULL;
    app->warehouse = app->intake ? warehouse_open(app->engine, app->intake, app->store, error) : NULL;
    app->snapshot = app->warehouse ? server_reader_applied(app->reader, error) : NULL;
    g_autoptr(GError) cut = NULL; /* the next apply, or start, tries again */
    if (app->snapshot && !warehouse_recover(app->warehouse, app->snapshot, &cut)) {
        base_log_error("what stands may differ from what is applied", cut);
    }
    if (!app->snapshot ||
        !warehouse_prune_runs(app->warehouse, base_config_int(app->config, BASE_CONFIG_RUNS_KEEP), error)) {
        return false;
    }
    app->report = report_new(app->engine, app->intake, app->access, app->config);
    app->reconcile = reconcile_new(app->engine, app->intake, app->warehouse);
    app->lifecycle = lifecycle_open(app->engine, app->intake, app->data, error);
    app->features = app->lifecycle
                        ? features_open(app->engine, app->store, app->intake, app->data, app->config, error)
                        : NULL;
    const CatalogSnapshot *applied = app->snapshot;
    if (!app->features || !server_features_tables(app, &app->snapshot, error) ||
        !features_refresh(app->features, app->snapshot, "", error)) {
        return false;
    }
    if (app->snapshot != applied) { /* tables came that were not there when the project was read */
        server_reader_forget(app->reader);
    }
    g_autofree char *spool = g_build_filename(app->data, "spool", NULL);
    g_autofree char *results = g_build_filename(app->data, "retrievals", NULL);
    app->feature_jobs = features_jobs_open(app->features, spool, results, error);
    if (!app->feature_jobs) {
        return false;
    }
    access_set_system_tables(app->access, server_infoschema_select, app);
    server_app_environments_changed(app);
    app->sql = server_sql_new(app, error);
    return app->sql != NULL;
}

static char *absolute(const char *path)
{
    return g_canonicalize_filename(path, NULL);
}

ServerApp *server_app_open(const ServerAppOptions *options, GError **error)
{
    g_autoptr(ServerApp) app = g_new0(ServerApp, 1);
    app->config = options->config ? options->config : base_config_new();
    app->lock_fd = -1;
    app->environments = server_environments_new();
    app->started_us = base_time_now_us();
    g_mutex_init(&app->snapshot_lock);
    g_mutex_init(&app->definitions_lock);
    g_mutex_init(&app->parser_lock);
    app->ends_soon = options->reads_project;
    app->project = options->project ? absolute(options->project) : NULL;
    if (options->data) {
        app->data = absolute(options->data);
    } else if (app->project) {
        app->data = g_build_filename(app->project, ".weir", NULL);
    } else {
        base_fail(error, BASE_E_USAGE, "neither a project nor a data folder is named");
        return NULL;
    }
    return open_parts(app, error) ? g_steal_pointer(&app) : NULL;
}

void server_app_close(ServerApp *app)
{
    if (!app) {
        return;
    }
    server_reader_free(app->reader);
    features_jobs_close(app->feature_jobs); /* their ends have sessions */
    server_sql_free(app->sql);
    features_close(app->features);
    report_free(app->report);
    reconcile_free(app->reconcile);
    lifecycle_close(app->lifecycle);
    warehouse_close(app->warehouse);
    server_environments_free(app->environments);
    intake_close(app->intake);
    access_close(app->access);
    catalog_snapshot_unref(app->snapshot);
    catalog_store_close(app->store);
    engine_disconnect(app->parser);
    engine_unref(app->parser_engine);
    engine_unref(app->engine);
    if (app->lock_fd >= 0) {
        close(app->lock_fd);
    }
    base_config_free(app->config);
    g_mutex_clear(&app->snapshot_lock);
    g_mutex_clear(&app->definitions_lock);
    g_mutex_clear(&app->parser_lock);
    g_free(app->project);
    g_free(app->data);
    g_free(app->http);
    g_free(app->mysql);
    g_free(app);
}

/* ---- parts -----------------------------------------------------------------------------------------------
 */

const char *server_app_project(ServerApp *app)
{
    return app->project;
}

const char *server_app_data(ServerApp *app)
{
    return app->data;
}

const BaseConfig *server_app_config(ServerApp *app)
{
    return app->config;
}

Engine *server_app_engine(ServerApp *app)
{
    return app->engine;
}

CatalogStore *server_app_store(ServerApp *app)
{
    return app->store;
}

Access *server_app_access(ServerApp *app)
{
    return app->access;
}

Intake *server_app_intake(ServerApp *app)
{
    return app->intake;
}

Warehouse *server_app_warehouse(ServerApp *app)
{
    return app->warehouse;
}

Reconcile *server_app_reconcile(ServerApp *app)
{
    return app->reconcile;
}

Lifecycle *server_app_lifecycle(ServerApp *app)
{
    return app->lifecycle;
}

Report *server_app_report(ServerApp *app)
{
    return app->report;
}

Features *server_app_features(ServerApp *app)
{
    return app->features;
}

FeaturesJobs *server_app_feature_jobs(ServerApp *app)
{
    return app->feature_jobs;
}

struct ServerSql *server_app_sql(ServerApp *app)
{
    return app->sql;
}

struct ServerEnvironments *server_app_environments(ServerApp *app)
{
    return app->environments;
}

const char *server_app_http(ServerApp *app)
{
    return app->http ? app->http : "";
}

const char *server_app_mysql(ServerApp *app)
{
    return app->mysql ? app->mysql : "";
}

void server_app_set_doors(ServerApp *app, const char *http, const char *mysql)
{
    app->http = g_strdup(http);
    app->mysql = g_strdup(mysql);
}

gint64 server_app_started_us(ServerApp *app)
{
    return app->started_us;
}

bool server_app_files_changed(ServerApp *app)
{
    return g_atomic_int_get(&app->files_changed) != 0;
}

void server_app_set_files_changed(ServerApp *app, bool changed)
{
    g_atomic_int_set(&app->files_changed, changed);
}

/* ---- definitions
 * ---------------------------------------------------------------------------------------------- */

CatalogSnapshot *server_app_snapshot(ServerApp *app)
{
    g_mutex_lock(&app->snapshot_lock);
    CatalogSnapshot *snapshot = catalog_snapshot_ref(app->snapshot);
    g_mutex_unlock(&app->snapshot_lock);
    return snapshot;
}

void server_app_set_snapshot(ServerApp *app, CatalogSnapshot *snapshot)
{
    g_mutex_lock(&app->snapshot_lock);
    CatalogSnapshot *before = app->snapshot;
    app->snapshot = catalog_snapshot_ref(snapshot);
    g_mutex_unlock(&app->snapshot_lock);
    catalog_snapshot_unref(before);
    g_autoptr(GError) stale = NULL;
    if (app->features && !features_refresh(app->features, snapshot, "", &stale)) {
        base_log_error("features are served by the definitions before", stale);
    }
    if (app->warehouse) { /* schedules may have changed */
        warehouse_schedule_wake(app->warehouse);
    }
}

void server_app_lock_definitions(ServerApp *app)
{
    g_mutex_lock(&app->definitions_lock);
}

void server_app_unlock_definitions(ServerApp *app)
{
    g_mutex_unlock(&app->definitions_lock);
}

CatalogSnapshot *server_app_read_project(ServerApp *app, BaseDiags *diags, GError **error)
{
    if (!app->project) {
        base_fail(error, BASE_E_PROJECT_NOT_FOUND, "the server was started without a project");
        base_error_hint(error, "start it with -p PROJECT");
        return NULL;
    }
    return server_reader_claim(app->reader) ? server_reader_project(app->reader, diags, error)
                                            : server_reader_read(app, diags, error);
}
