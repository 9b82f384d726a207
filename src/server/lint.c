/* Judging the project by the standard; the routes that show it. */
#include "server/lint.h"
#include "server/routes_int.h"

#include <time.h>

/* Of this thread: what the rules cost, whatever else the machine does. */
static double cpu_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

char *server_lint_today(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return g_date_time_format(now, "%Y-%m-%d");
}

GPtrArray *server_lint(CatalogSnapshot *snapshot, const char *rule, StandardCatalog **ret_catalog,
                       GError **error)
{
    const json_t *settings = catalog_project_settings(snapshot);
    g_autoptr(StandardConfig) config = standard_config_new(settings);
    const StandardRule *only = rule != NULL ? standard_rule_by_id(rule) : NULL;
    if (rule != NULL && only == NULL) {
        base_fail(error, BASE_E_REFERENCE_UNKNOWN, "no rule `%s`", rule);
        base_error_hint(error, "weir lint --explain lists them");
        return NULL;
    }
    if (only != NULL) {
        standard_config_only(config, only->rule);
    }
    if (only == NULL && !standard_config_named(settings)) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)standard_finding_free); /* nothing is asked */
    }
    g_autoptr(StandardCatalog) catalog = standard_catalog_from_snapshot(snapshot);
    g_autofree char *today = server_lint_today();
    GPtrArray *findings = standard_judge(catalog, config, STANDARD_PHASES_STATIC, NULL, today, error);
    if (findings != NULL) {
        *ret_catalog = g_steal_pointer(&catalog);
    }
    return findings;
}

size_t server_lint_errors(const GPtrArray *findings)
{
    size_t n = 0;
    for (guint i = 0; i < findings->len; i++) {
        const StandardFinding *finding = g_ptr_array_index(findings, i);
        n += finding->level == STANDARD_E && finding->waived_by == NULL ? 1 : 0;
    }
    return n;
}

json_t *server_lint_to_json(const GPtrArray *findings, const char *lang)
{
    json_t *list = json_array();
    for (guint i = 0; i < findings->len; i++) {
        json_array_append_new(list, standard_finding_to_json(g_ptr_array_index(findings, i), lang));
    }
    return list;
}

json_t *server_lint_to_health(const GPtrArray *findings, const char *lang)
{
    json_t *list = json_array();
    for (guint i = 0; i < findings->len; i++) {
        const StandardFinding *finding = g_ptr_array_index(findings, i);
        const CatalogObject *at = finding->table != NULL ? finding->table->object : finding->at;
        if (at == NULL || finding->level < STANDARD_W || finding->waived_by != NULL) {
            continue;
        }
        json_t *one = standard_finding_to_json(finding, lang);
        base_json_set_string(one, "object", at->id);
        base_json_set_string(one, "level", finding->level == STANDARD_E ? "error" : "warn");
        json_array_append_new(list, one);
    }
    return list;
}

json_t *server_lint_to_diagnostics(const GPtrArray *findings, const char *lang)
{
    json_t *list = json_array();
    for (guint i = 0; i < findings->len; i++) {
        const StandardFinding *finding = g_ptr_array_index(findings, i);
        if (finding->waived_by == NULL) { /* weir lint --waived shows those */
            json_array_append_new(list, standard_finding_to_diagnostic(finding, lang));
        }
    }
    return list;
}

/* Errors of the files come as diagnostics, and what can be read is judged all the same. */
bool route_lint(ServerCall *call, GError **error)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    bool files = g_str_equal(call_query(call, "source", "files"), "files");
    if (files && !access_check(call->user, ACCESS_WRITE, NULL, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot =
        files ? server_app_read_project(call->app, diags, error) : server_app_snapshot(call->app);
    g_autoptr(StandardCatalog) catalog = NULL;
    double start = cpu_ms();
    g_autoptr(GPtrArray) findings =
        snapshot != NULL ? server_lint(snapshot, call_query(call, "rule", NULL), &catalog, error) : NULL;
    if (findings == NULL) {
        return false;
    }
    double judged = cpu_ms() - start;
    standard_config_check(snapshot, diags);
    base_diags_sort(diags);
    json_t *answer = json_object();
    json_object_set_new(answer, "judged_cpu_ms", json_real(judged));
    json_object_set_new(answer, "diagnostics", base_diags_to_json(diags));
    json_object_set_new(answer, "findings", server_lint_to_json(findings, call->lang));
    return call_json(call, answer);
}

bool route_rules(ServerCall *call, GError **error)
{
    (void)error;
    json_t *list = json_array();
    for (size_t i = 0; i < STANDARD_N_RULES; i++) {
        json_array_append_new(list, standard_rule_to_json((StandardRuleId)i));
    }
    return call_json(call, list);
}

bool route_name(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(BaseDiags) diags = base_diags_new();
    if (access_check(call->user, ACCESS_WRITE, NULL, NULL) && server_app_project(call->app)) {
        CatalogSnapshot *files = server_app_read_project(call->app, diags, NULL);
        if (files) {
            catalog_snapshot_unref(snapshot);
            snapshot = files;
        }
    }
    g_autoptr(StandardCatalog) catalog = standard_catalog_from_snapshot(snapshot);
    json_t *answer = standard_name_answer(catalog, call_query(call, "text", ""), error);
    return answer && call_json(call, answer);
}
