/* The handlers of the route table (routes.c) and what they share. */
#ifndef WEIR_SERVER_ROUTES_INT_H
#define WEIR_SERVER_ROUTES_INT_H

#include "server/api.h"

/* ---- shared (routes_common.c) ---- */
const char *call_param(const ServerCall *call, const char *name);                       /* of the path; "" */
const char *call_query(const ServerCall *call, const char *name, const char *fallback); /* of ?a=b */
const char *call_header(const ServerCall *call, const char *lower_name);                /* NULL when absent */
/* ?limit= between 1 and max. */
bool call_limit(const ServerCall *call, size_t fallback, size_t max, size_t *ret,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The body is an object with no keys but `known` (NULL-terminated); an absent body is an empty one. */
bool call_body(ServerCall *call, const char *const *known, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A list of texts of the body, NULL-terminated; NULL when the key is absent. false = it is no such list. */
bool call_body_texts(const ServerCall *call, const char *key, char ***ret,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Members of an object of a body that may be absent or null, but not of another type: passing over one that
 * is wrong would do something else than was asked for. JSON_TRUE stands for a truth value. */
typedef struct {
    const char *name;
    json_type type;
} CallMember;
bool call_members(const json_t *object, const CallMember *members, size_t n,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void call_answer_header(ServerCall *call, const char *name, const char *value);
bool call_json(ServerCall *call, json_t *json); /* takes it; true */
void call_audit(const ServerCall *call, const char *action, const char *object, const char *detail, bool ok);
/* An object by path parameter {id}, which the user may see. */
const CatalogObject *call_object(const ServerCall *call, const CatalogSnapshot *snapshot, const char *name,
                                 GError **error);

/* ---- definitions (routes_definitions.c) ---- */
/* The project's files; what is wrong goes to the call's diagnostics. */
CatalogSnapshot *route_read_project(ServerCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool route_may_write(const ServerCall *call, const CatalogDiff *diff,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Findings join the diagnostics; with `stop` errors of the standard fail. */
bool route_hold_to_standard(ServerCall *call, CatalogSnapshot *after, bool stop,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* plan and apply of a body with `env` (routes_environments.c). */
bool route_environment_plan(ServerCall *call, GError **error);
bool route_environment_apply(ServerCall *call, GError **error);
/* What is applied, or the environment that ?env= or the body's `env` names; a new reference. */
CatalogSnapshot *call_snapshot(const ServerCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- runs told line by line (routes_run.c) ---- */
/* A time of the body; 0 = not given. INTERVAL_INVALID. */
bool call_time(const ServerCall *call, const char *key, GTimeZone *zone, gint64 *ret,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool call_wants_lines(ServerCall *call); /* and says so in the answer's content type */
void call_tell_step(const WarehouseStep *step, void *call);
/* The last line, or the answer; takes `answer` and `failed`. */
bool call_end_lines(ServerCall *call, bool lines, json_t *answer, GError *failed,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- handlers ---- */
bool route_plan(ServerCall *call, GError **error);
bool route_apply(ServerCall *call, GError **error);
bool route_rollback(ServerCall *call, GError **error);
bool route_history(ServerCall *call, GError **error);
bool route_diff(ServerCall *call, GError **error);
bool route_lint(ServerCall *call, GError **error);
bool route_lint_data(ServerCall *call, GError **error);
bool route_name(ServerCall *call, GError **error);
bool route_rules(ServerCall *call, GError **error);
bool route_environments(ServerCall *call, GError **error);
bool route_environment(ServerCall *call, GError **error);
bool route_environment_drop(ServerCall *call, GError **error);
bool route_environment_promote(ServerCall *call, GError **error);
bool route_project(ServerCall *call, GError **error);
bool route_objects(ServerCall *call, GError **error);
bool route_object(ServerCall *call, GError **error);
bool route_search(ServerCall *call, GError **error);
bool route_lineage(ServerCall *call, GError **error);

bool route_run(ServerCall *call, GError **error);
bool route_runs(ServerCall *call, GError **error);
bool route_stop(ServerCall *call, GError **error);
bool route_intervals(ServerCall *call, GError **error);
bool route_intervals_mark(ServerCall *call, GError **error);
bool route_backfill(ServerCall *call, GError **error);
bool route_backfill_resume(ServerCall *call, GError **error);
bool route_backfills(ServerCall *call, GError **error);
bool route_schedule(ServerCall *call, GError **error);
bool route_schedule_act(ServerCall *call, GError **error);
bool route_schedule_tick(ServerCall *call, GError **error);
bool route_schedule_events(ServerCall *call, GError **error);

bool route_checks(ServerCall *call, GError **error);
bool route_checks_run(ServerCall *call, GError **error);
bool route_check_failures(ServerCall *call, GError **error);
bool route_board(ServerCall *call, GError **error);
bool route_waive(ServerCall *call, GError **error);
bool route_waivers(ServerCall *call, GError **error);
bool route_rejects(ServerCall *call, GError **error);
bool route_redrive(ServerCall *call, GError **error);
bool route_health(ServerCall *call, GError **error);

bool route_features(ServerCall *call, GError **error);
bool route_features_view(ServerCall *call, GError **error);
bool route_features_search(ServerCall *call, GError **error);
bool route_features_history(ServerCall *call, GError **error);
bool route_features_diff(ServerCall *call, GError **error);
bool route_features_prune(ServerCall *call, GError **error);
bool route_features_archive(ServerCall *call, GError **error);
bool route_features_quick(const ServerCall *call);
bool route_get_online_features(ServerCall *call, GError **error);
bool route_features_online(ServerCall *call, GError **error);
bool route_push(ServerCall *call, GError **error);
bool route_write_to_online_store(ServerCall *call, GError **error);
bool route_materialize(ServerCall *call, GError **error);
bool route_materialize_incremental(ServerCall *call, GError **error);
bool route_features_materialised(ServerCall *call, GError **error);
bool route_features_rejects(ServerCall *call, GError **error);
bool route_features_status(ServerCall *call, GError **error);
bool route_features_verify(ServerCall *call, GError **error);
bool route_features_erase(ServerCall *call, GError **error);
bool route_features_entities(ServerCall *call, GError **error);
bool route_features_historical(ServerCall *call, GError **error);
bool route_features_jobs(ServerCall *call, GError **error);
bool route_features_job(ServerCall *call, GError **error);
bool route_features_job_cancel(ServerCall *call, GError **error);
bool route_features_result(ServerCall *call, GError **error);

bool route_refresh(ServerCall *call, GError **error);
bool route_reconcile(ServerCall *call, GError **error);
bool route_ledger(ServerCall *call, GError **error);
bool route_lifecycle(ServerCall *call, GError **error);
bool route_lifecycle_apply(ServerCall *call, GError **error);
bool route_lifecycle_restore(ServerCall *call, GError **error);
bool route_lifecycle_list(ServerCall *call, GError **error);
bool route_erase(ServerCall *call, GError **error);
/* A condition that goes into a statement as it is: one expression over a row, without a query; NULL is one.
 */
bool route_check_where(const char *where, GError **error);
bool route_matrix(ServerCall *call, GError **error);
bool route_duplicates(ServerCall *call, GError **error);
bool route_new_model(ServerCall *call, GError **error);
bool route_report(ServerCall *call, GError **error);
bool route_report_send(ServerCall *call, GError **error);
bool route_alerts(ServerCall *call, GError **error);
bool route_alert(ServerCall *call, GError **error);

bool route_load_check(ServerCall *call, GError **error);
bool route_load(ServerCall *call, GError **error);
bool route_load_post(ServerCall *call);
bool route_load_may_flow(const ServerCall *call);
void route_load_flow(ServerCall *call);
bool route_load_finish(ServerCall *call, GError **error);
bool route_loads(ServerCall *call, GError **error);
bool route_query(ServerCall *call, GError **error);

bool route_stream_load_check(ServerCall *call, GError **error);
bool route_stream_load(ServerCall *call, GError **error);
bool route_stream_load_finish(ServerCall *call, GError **error);
bool route_stream_load_2pc(ServerCall *call, GError **error);
bool route_error_log(ServerCall *call, GError **error);
bool route_doris_bootstrap(ServerCall *call, GError **error);
bool route_doris_health(ServerCall *call, GError **error);
bool route_doris_backends(ServerCall *call, GError **error);
bool route_doris_schema(ServerCall *call, GError **error);
bool route_doris_query(ServerCall *call, GError **error);
bool route_doris_light_schema_change(ServerCall *call, GError **error);
bool route_doris_load_state(ServerCall *call, GError **error);
bool route_doris_load_info(ServerCall *call, GError **error);
bool route_doris_nodes_frontends(ServerCall *call, GError **error);
bool route_doris_nodes_backends(ServerCall *call, GError **error);

bool route_users(ServerCall *call, GError **error);
bool route_user_add(ServerCall *call, GError **error);
bool route_user_change(ServerCall *call, GError **error);
bool route_user_remove(ServerCall *call, GError **error);
bool route_me(ServerCall *call, GError **error);
bool route_tokens(ServerCall *call, GError **error);
bool route_token_add(ServerCall *call, GError **error);
bool route_token_remove(ServerCall *call, GError **error);
bool route_grants(ServerCall *call, GError **error);
bool route_grant(ServerCall *call, GError **error);
bool route_audit(ServerCall *call, GError **error);
/* The user with that password, as the call's own try: wrong ones are counted. SIGN_IN; SIGN_IN_PAUSED with
 * Retry-After. */
AccessUser *route_try_password(ServerCall *call, CatalogSnapshot *snapshot, const char *name,
                               const char *password, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool route_sign_in(ServerCall *call, GError **error);
bool route_sign_out(ServerCall *call, GError **error);

bool route_status(ServerCall *call, GError **error);
bool route_config(ServerCall *call, GError **error);
bool route_backup(ServerCall *call, GError **error);
bool route_openapi(ServerCall *call, GError **error);
bool route_healthz(ServerCall *call, GError **error);
bool route_metrics(ServerCall *call, GError **error);
bool route_page(ServerCall *call, GError **error);

/* A load's way in and its answer, shared by /api/v1/load and Stream Load (routes_load.c). */
typedef struct {
    CatalogSnapshot *snapshot;
    const CatalogObject *object; /* the table */
    IntakeOptions *options;
    IntakePosted *posted; /* NULL = it was not posted, or is taken */
    IntakeResult result;  /* once it is loaded, */
    GError *failed;       /* or not */
} RouteLoad;
void route_load_free(gpointer load);
/* A declared table that the user may load into; its error text is Doris's. */
const CatalogObject *route_load_table(const ServerCall *call, const CatalogSnapshot *snapshot, const char *db,
                                      const char *table, GError **error);

/* The session cookie of a token; caller frees. */
char *route_session_cookie(const ServerCall *call, const char *token);
/* The token of the session cookie that the call brings; NULL = none. Caller frees. */
char *route_session_token(const ServerCall *call);

#endif
