/* The rules of data and of use: judged over built tables. */
#include "base/log.h"
#include "server/lint.h"
#include "server/routes_int.h"
#include "server/session_int.h"
#include "server/usage.h"

/* Only the rows of these tables are looked at, and of what they are made from: aggregates are compared with
 * it. */
static bool choose(StandardCatalog *catalog, CatalogSnapshot *snapshot, const char *const *models,
                   GHashTable *wanted, GError **error)
{
    for (size_t i = 0; models && models[i]; i++) {
        const CatalogObject *object = catalog_find(snapshot, models[i], NULL, error);
        if (!object) {
            return false;
        }
        for (guint t = 0; t < catalog->tables->len; t++) {
            StandardTable *table = g_ptr_array_index(catalog->tables, t);
            if (table->object == object) {
                g_hash_table_add(wanted, table);
            }
        }
    }
    GHashTableIter iter;
    gpointer one = NULL;
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &one, NULL)) {
        StandardTable *table = one;
        for (guint r = 0; r < table->reads->len; r++) {
            standard_data_allow(catalog, g_ptr_array_index(table->reads, r));
        }
        standard_data_allow(catalog, table);
    }
    return true;
}

static void keep_wanted(GPtrArray *findings, GHashTable *wanted)
{
    for (guint i = findings->len; i-- > 0;) {
        const StandardFinding *finding = g_ptr_array_index(findings, i);
        if (!finding->table || !g_hash_table_contains(wanted, finding->table)) {
            g_ptr_array_remove_index(findings, i);
        }
    }
}

GPtrArray *server_lint_data(ServerApp *app, CatalogSnapshot *snapshot, const char *const *models,
                            const char *rule, StandardCatalog **ret_catalog, GError **error)
{
    const json_t *settings = catalog_project_settings(snapshot);
    g_autoptr(StandardConfig) config = standard_config_new(settings);
    const StandardRule *only = rule ? standard_rule_by_id(rule) : NULL;
    if (rule && !only) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no rule `%s`", rule);
        base_error_hint(error, "weir lint --explain lists them");
        return NULL;
    }
    if (only) {
        standard_config_only(config, only->rule);
    }
    g_autoptr(StandardCatalog) catalog = standard_catalog_from_snapshot(snapshot);
    g_autoptr(GHashTable) wanted = g_hash_table_new(NULL, NULL);
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(app), error);
    g_autoptr(json_t) usage = conn ? server_usage_read(conn, error) : NULL;
    if (!usage || (models && !choose(catalog, snapshot, models, wanted, error))) {
        return NULL;
    }
    standard_catalog_set_usage(catalog, usage);
    bool judged = only || standard_config_named(settings);
    unsigned phases = STANDARD_PHASE(D) | (models ? 0 : STANDARD_PHASE(U));
    g_autofree char *today = server_lint_today();
    g_autoptr(GPtrArray) findings = standard_judge(catalog, config, judged ? phases : 0, conn, today, error);
    if (findings && models) {
        keep_wanted(findings, wanted);
    }
    if (findings) {
        *ret_catalog = g_steal_pointer(&catalog);
    }
    return g_steal_pointer(&findings);
}

bool server_lint_nightly(ServerApp *app, json_t **ret_findings, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(app);
    g_autoptr(StandardCatalog) catalog = NULL;
    if (!server_usage_write(server_app_sql(app)->usage, server_app_intake(app), snapshot, error)) {
        return false;
    }
    g_autoptr(GPtrArray) findings = server_lint_data(app, snapshot, NULL, NULL, &catalog, error);
    if (findings) {
        *ret_findings = server_lint_to_json(findings, "en");
    }
    return findings != NULL;
}

/* Of the models of a run that were built; NULL when there is nothing to say, or nothing can be said: a run
 * that succeeded is not failed by it. */
json_t *server_lint_run(ServerApp *app, CatalogSnapshot *snapshot, const json_t *runs, const char *lang)
{
    if (!standard_config_named(catalog_project_settings(snapshot))) {
        return NULL;
    }
    g_autoptr(GPtrArray) models = g_ptr_array_new();
    size_t i = 0;
    const json_t *run = NULL;
    json_array_foreach (runs, i, run) {
        if (g_str_equal(base_json_string(run, "state", ""), "done")) {
            g_ptr_array_add(models, (gpointer)(guintptr)base_json_string(run, "model", ""));
        }
    }
    if (models->len == 0) {
        return NULL;
    }
    g_ptr_array_add(models, NULL);
    g_autoptr(StandardCatalog) catalog = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) findings =
        server_lint_data(app, snapshot, (const char *const *)models->pdata, NULL, &catalog, &error);
    if (!findings) {
        base_log_error("rules of data", error);
        return NULL;
    }
    return findings->len > 0 ? server_lint_to_json(findings, lang) : NULL;
}

/* ?model=a&rule=TK-09: of one model, of one rule; all without. What was noted of queries is written first. */
/* A finding shows keys of rows, and may compare tables: all are needed, past policies. */
static bool may_see_rows(const ServerCall *call, const CatalogSnapshot *snapshot, GError **error)
{
    const GPtrArray *objects = catalog_objects(snapshot);
    bool ok = access_check(call->user, ACCESS_READ, NULL, error);
    bool runs = ok && access_check(call->user, ACCESS_RUN, NULL, NULL);
    for (guint i = 0; ok && !runs && i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        ok = (object->kind != CATALOG_TABLE && object->kind != CATALOG_MODEL) ||
             access_check_raw(call->user, snapshot, object, error);
    }
    return ok;
}

bool route_lint_data(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    if (!may_see_rows(call, snapshot, error)) {
        return false;
    }
    const char *model = call_query(call, "model", "");
    g_auto(GStrv) models = *model ? g_strsplit(model, ",", -1) : NULL;
    g_autoptr(StandardCatalog) catalog = NULL;
    if (!server_usage_write(server_app_sql(call->app)->usage, server_app_intake(call->app), snapshot,
                            error)) {
        return false;
    }
    g_autoptr(GPtrArray) findings = server_lint_data(call->app, snapshot, (const char *const *)models,
                                                     call_query(call, "rule", NULL), &catalog, error);
    if (!findings) {
        return false;
    }
    return call_json(
        call, json_pack("{s:[], s:o}", "diagnostics", "findings", server_lint_to_json(findings, call->lang)));
}
