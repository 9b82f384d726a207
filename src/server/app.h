/* An open project + data folder: everything that the server serves and the CLI does in-process.
 *
 * One process has a data folder open at a time (DATA_LOCKED names its address). The CLI first looks for
 * <data>/server.json (address and local token of a running server) and speaks HTTP to it; else it opens the
 * App itself and calls the same routes in-process (server/api.h). */
#ifndef WEIR_SERVER_APP_H
#define WEIR_SERVER_APP_H

#include "access/access.h"
#include "base/config.h"
#include "catalog/catalog.h"
#include "catalog/store.h"
#include "features/jobs.h"
#include "intake/intake.h"
#include "lifecycle/lifecycle.h"
#include "reconcile/reconcile.h"
#include "report/report.h"
#include "warehouse/warehouse.h"

typedef struct ServerApp ServerApp;

typedef struct {
    const char *project; /* folder with weir.yml; NULL = none (only the applied state is served) */
    const char *data;    /* data folder; NULL = <project>/.weir */
    BaseConfig *config;  /* taken over */
    bool reads_project;  /* a command that asks for it and ends: read it while the rest opens */
} ServerAppOptions;
ServerApp *server_app_open(const ServerAppOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void server_app_close(ServerApp *app);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerApp, server_app_close)

const char *server_app_project(ServerApp *app); /* NULL when there is none */
const char *server_app_data(ServerApp *app);
const BaseConfig *server_app_config(ServerApp *app);
Engine *server_app_engine(ServerApp *app);
CatalogStore *server_app_store(ServerApp *app);
Access *server_app_access(ServerApp *app);
Intake *server_app_intake(ServerApp *app);
Warehouse *server_app_warehouse(ServerApp *app);
Reconcile *server_app_reconcile(ServerApp *app);
Lifecycle *server_app_lifecycle(ServerApp *app);
Report *server_app_report(ServerApp *app);
Features *server_app_features(ServerApp *app);
FeaturesJobs *server_app_feature_jobs(ServerApp *app);
/* Sessions and query slots (server/sql.h): made by server_sql_new when the app opens, freed first when it
 * closes. */
struct ServerSql *server_app_sql(ServerApp *app);
struct ServerEnvironments *server_app_environments(ServerApp *app); /* server/environments.h */

/* The applied snapshot: a new reference; never blocks behind an apply. */
CatalogSnapshot *server_app_snapshot(ServerApp *app);
void server_app_set_snapshot(ServerApp *app, CatalogSnapshot *snapshot); /* takes a reference of its own */
/* One apply or DDL at a time. */
void server_app_lock_definitions(ServerApp *app);
void server_app_unlock_definitions(ServerApp *app);
/* Runs `work` with a connection of a small memory engine: to parse and bind SQL. One at a time. */
typedef bool (*ServerParserWork)(EngineConn *parser, void *user, GError **error);
bool server_app_with_parser(ServerApp *app, ServerParserWork work, void *user,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Where the doors are, once they are open ("" before), and since when (wall clock, us). Borrowed, set once.
 */
const char *server_app_http(ServerApp *app);
const char *server_app_mysql(ServerApp *app);
void server_app_set_doors(ServerApp *app, const char *http, const char *mysql);
gint64 server_app_started_us(ServerApp *app);
/* Whether the watcher saw project files that differ from what is applied. */
bool server_app_files_changed(ServerApp *app);
void server_app_set_files_changed(ServerApp *app, bool changed);
/* The project's files as they are now. Errors as catalog_load; what is wrong is in `diags`. */
CatalogSnapshot *server_app_read_project(ServerApp *app, BaseDiags *diags,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
