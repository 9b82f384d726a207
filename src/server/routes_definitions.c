/* Routes of definitions: plan, apply, versions, objects, search, lineage. */
#include "base/text.h"
#include "server/features_tables.h"
#include "server/lint.h"
#include "server/routes_int.h"

#define SEARCH_MAX 200

/* ---- reading the project ------------------------------------------------------------------------------ */

/* The files as they are; definition errors go to call->diagnostics and fail. Warnings come with the answer.
 */
CatalogSnapshot *route_read_project(ServerCall *call, GError **error)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot = server_app_read_project(call->app, diags, error);
    if (snapshot) {
        standard_config_check(snapshot, diags);
    }
    json_decref(call->diagnostics);
    base_diags_sort(diags);
    call->diagnostics = base_diags_to_json(diags);
    if (!snapshot) {
        return NULL;
    }
    if (base_diags_count(diags, BASE_DIAG_ERROR) > 0) {
        (void)base_diags_fail(diags, error);
        base_error_not_done(error, "Nothing was changed.");
        return NULL;
    }
    return g_steal_pointer(&snapshot);
}

/* Findings join the diagnostics; errors of the standard stop an apply, a plan shows them. */
bool route_hold_to_standard(ServerCall *call, CatalogSnapshot *after, bool stop, GError **error)
{
    g_autoptr(StandardCatalog) catalog = NULL;
    g_autoptr(GPtrArray) findings = server_lint(after, NULL, &catalog, error);
    if (!findings) {
        return false;
    }
    size_t errors = server_lint_errors(findings);
    g_autoptr(json_t) told = server_lint_to_diagnostics(findings, call->lang);
    json_array_extend(call->diagnostics, told);
    if (errors == 0 || !stop) {
        return true;
    }
    base_fail(error, BASE_E_STANDARD_BROKEN, "%zu error%s against the standard", errors,
              errors == 1 ? "" : "s");
    base_error_hint(error, "weir lint --fix mends what is mechanical");
    base_error_not_done(error, "Nothing was changed.");
    return false;
}

static CatalogDiff *diff_project(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) after = route_read_project(call, error);
    if (!after) {
        return NULL;
    }
    g_autoptr(CatalogSnapshot) before = server_app_snapshot(call->app);
    return catalog_diff(before, after);
}

/* Definitions show what is everywhere: planning and applying need the right to write in all that changes. */
bool route_may_write(const ServerCall *call, const CatalogDiff *diff, GError **error)
{
    for (guint i = 0; i < diff->changes->len; i++) {
        const CatalogChange *change = g_ptr_array_index(diff->changes, i);
        if ((change->before && !access_check(call->user, ACCESS_WRITE, change->before, error)) ||
            (change->after && !access_check(call->user, ACCESS_WRITE, change->after, error))) {
            base_error_not_done(error, "Nothing was changed.");
            return false;
        }
    }
    return true;
}

bool route_plan(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"env", NULL};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    if (base_json_string(call->body, "env", NULL)) {
        return route_environment_plan(call, error);
    }
    g_autoptr(CatalogDiff) diff = diff_project(call, error);
    if (!diff || !route_may_write(call, diff, error) ||
        !features_registry_may_apply(server_app_store(call->app), diff->after, error) ||
        !route_hold_to_standard(call, diff->after, false, error)) {
        return false;
    }
    json_t *plan = warehouse_plan_to_json(server_app_warehouse(call->app), diff, error);
    if (!plan) {
        return false;
    }
    json_object_set(plan, "warnings", call->diagnostics);
    return call_json(call, plan);
}

/* ---- apply
 * ------------------------------------------------------------------------------------------------- */

static json_t *applied_to_json(ServerCall *call, const CatalogDiff *diff, gint64 version)
{
    json_t *answer = json_object();
    base_json_set_int(answer, "version", version);
    base_json_set_string(answer, "plan", diff->id);
    base_json_set_int(answer, "added", (gint64)diff->n_added);
    base_json_set_int(answer, "changed", (gint64)diff->n_changed);
    base_json_set_int(answer, "removed", (gint64)diff->n_removed);
    json_object_set_new(answer, "unchanged", json_boolean(diff->changes->len == 0));
    json_object_set(answer, "warnings", call->diagnostics);
    return answer;
}

/* The definitions are applied by now: what fails here is made good by the next apply, or at start. */
static bool apply_features(ServerCall *call, CatalogSnapshot **applied, GError **error)
{
    if (features_registry_record(server_app_store(call->app), *applied, access_user_name(call->user),
                                 error) &&
        server_features_tables(call->app, applied, error)) {
        return true;
    }
    base_error_not_done(error, "The definitions are applied; the tables of pushed rows are not all there.");
    return false;
}

static bool apply_locked(ServerCall *call, char **allow_drop, GError **error)
{
    const char *wanted = base_json_string(call->body, "plan", NULL);
    g_autoptr(CatalogDiff) diff = diff_project(call, error);
    if (!diff || !route_may_write(call, diff, error)) {
        return false;
    }
    if (wanted && g_strcmp0(wanted, diff->id)) {
        base_fail(error, BASE_E_PLAN_STALE, "plan %s is stale: the files or what is applied changed since",
                  wanted);
        base_error_hint(error, "the plan is now %s: weir plan shows it", diff->id);
        base_error_not_done(error, "Nothing was changed.");
        return false;
    }
    if (diff->changes->len == 0) {
        return call_json(call,
                         applied_to_json(call, diff, catalog_store_current(server_app_store(call->app))));
    }
    if (!features_registry_may_apply(server_app_store(call->app), diff->after, error) ||
        !route_hold_to_standard(call, diff->after, true, error)) {
        return false;
    }
    gint64 version = 0;
    g_autoptr(json_t) plan = warehouse_plan_to_json(server_app_warehouse(call->app), diff, error);
    if (!plan || !warehouse_apply(server_app_warehouse(call->app), diff, (const char *const *)allow_drop,
                                  access_user_name(call->user), base_json_string(call->body, "note", NULL),
                                  &version, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) applied = catalog_snapshot_ref(diff->after);
    bool features = apply_features(call, &applied, error);
    server_app_set_snapshot(call->app, applied);
    server_app_set_files_changed(call->app, false);
    if (!features) {
        return false;
    }
    json_t *answer = applied_to_json(call, diff, version);
    json_object_set(answer, "changes", json_object_get(plan, "changes"));
    return call_json(call, answer);
}

bool route_apply(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"plan", "allow_drop", "note", "env", NULL};
    g_auto(GStrv) allow_drop = NULL;
    if (!call_body(call, KNOWN, error) || !call_body_texts(call, "allow_drop", &allow_drop, error)) {
        return false;
    }
    if (base_json_string(call->body, "env", NULL)) {
        return route_environment_apply(call, error);
    }
    server_app_lock_definitions(call->app);
    bool ok = apply_locked(call, allow_drop, error);
    server_app_unlock_definitions(call->app);
    g_autofree char *version =
        ok ? g_strdup_printf("version %" G_GINT64_FORMAT, base_json_int(call->json, "version", 0)) : NULL;
    call_audit(call, "apply", base_json_string(call->body, "plan", NULL), version, ok);
    return ok;
}

/* ---- versions
 * ------------------------------------------------------------------------------------------------ */

typedef struct {
    CatalogStore *store;
    gint64 version;
    CatalogSnapshot *snapshot;
} ReadVersion;

static bool read_version(EngineConn *parser, void *user, GError **error)
{
    ReadVersion *read = user;
    read->snapshot = catalog_store_version(read->store, read->version, parser, error);
    return read->snapshot != NULL;
}

static CatalogSnapshot *version_snapshot(ServerCall *call, gint64 version, GError **error)
{
    ReadVersion read = {.store = server_app_store(call->app), .version = version};
    return server_app_with_parser(call->app, read_version, &read, error) ? read.snapshot : NULL;
}

static bool version_of(ServerCall *call, const char *name, gint64 fallback, gint64 *ret, GError **error)
{
    const char *text = call_query(call, name, "");
    *ret = fallback;
    return !*text || base_text_to_int(text, 0, G_MAXINT32, ret) ||
           base_fail(error, BASE_E_REQUEST_INVALID, "`%s` is no version: `%s`", name, text);
}

bool route_diff(ServerCall *call, GError **error)
{
    gint64 current = catalog_store_current(server_app_store(call->app)), from, to;
    if (!access_check(call->user, ACCESS_WRITE, NULL, error) ||
        !version_of(call, "from", MAX(current - 1, 0), &from, error) ||
        !version_of(call, "to", current, &to, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) before = version_snapshot(call, from, error);
    g_autoptr(CatalogSnapshot) after = before ? version_snapshot(call, to, error) : NULL;
    if (!after) {
        return false;
    }
    g_autoptr(CatalogDiff) diff = catalog_diff(before, after);
    json_t *answer = warehouse_plan_to_json(server_app_warehouse(call->app), diff, error);
    if (!answer) {
        return false;
    }
    base_json_set_int(answer, "from", from);
    base_json_set_int(answer, "to", to);
    return call_json(call, answer);
}

bool route_history(ServerCall *call, GError **error)
{
    const char *name = call_query(call, "object", NULL);
    g_autofree char *id = NULL;
    g_autoptr(GError) missing = NULL;
    if (name) { /* an object that is gone has a history too, for those who may see everything */
        g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
        const CatalogObject *object = call_object(call, snapshot, name, &missing);
        if (!object &&
            (!access_user_is_admin(call->user) || base_error_info(missing)->code == BASE_E_NAME_AMBIGUOUS)) {
            g_propagate_error(error, g_steal_pointer(&missing));
            return false;
        }
        id = g_strdup(object ? object->id : name);
    }
    json_t *versions = catalog_store_history(server_app_store(call->app), id, error);
    if (!versions) {
        return false;
    }
    if (missing && json_array_size(versions) == 0) { /* there never was one of that name */
        json_decref(versions);
        g_propagate_error(error, g_steal_pointer(&missing));
        return false;
    }
    json_t *answer = json_pack("{s:o}", "versions", versions);
    base_json_set_int(answer, "current", catalog_store_current(server_app_store(call->app)));
    return call_json(call, answer);
}

static json_t *texts_to_json(const GPtrArray *texts)
{
    json_t *list = json_array();
    for (guint i = 0; texts && i < texts->len; i++) {
        json_array_append_new(list, json_string(g_ptr_array_index(texts, i)));
    }
    return list;
}

bool route_rollback(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"version", NULL};
    if (!call_body(call, KNOWN, error) || !access_check(call->user, ACCESS_WRITE, NULL, error)) {
        return false;
    }
    gint64 version = base_json_int(call->body, "version", -1);
    if (version < 1) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`version` must be a version's number");
    }
    if (!server_app_project(call->app)) {
        return base_fail(error, BASE_E_PROJECT_NOT_FOUND, "the server was started without a project");
    }
    g_autoptr(GPtrArray) written = NULL;
    g_autoptr(GPtrArray) extra = NULL;
    server_app_lock_definitions(call->app);
    bool ok = catalog_store_checkout(server_app_store(call->app), version, server_app_project(call->app),
                                     &written, &extra, error);
    server_app_unlock_definitions(call->app);
    g_autofree char *detail = g_strdup_printf("%" G_GINT64_FORMAT, version);
    call_audit(call, "rollback", NULL, detail, ok);
    if (!ok) {
        return false;
    }
    json_t *answer = json_object();
    base_json_set_int(answer, "version", version);
    json_object_set_new(answer, "written", texts_to_json(written));
    json_object_set_new(answer, "extra", texts_to_json(extra));
    return call_json(call, answer);
}

/* ---- objects
 * --------------------------------------------------------------------------------------------------- */

static json_t *domains_to_json(const ServerCall *call, const CatalogSnapshot *snapshot)
{
    json_t *list = json_array();
    const char *const *domains = catalog_domains(snapshot);
    for (size_t i = 0; domains[i]; i++) {
        if (access_can_see_domain(call->user, domains[i])) {
            json_array_append_new(list, json_string(domains[i]));
        }
    }
    return list;
}

bool route_project(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(BaseDiags) diags = base_diags_new();
    if (g_str_equal(call_query(call, "source", ""), "files")) {
        CatalogSnapshot *files = access_check(call->user, ACCESS_WRITE, NULL, error)
                                     ? server_app_read_project(call->app, diags, error)
                                     : NULL;
        if (!files) {
            return false;
        }
        catalog_snapshot_unref(snapshot);
        snapshot = files;
    }
    json_t *answer = json_object();
    base_json_set_string(answer, "name", catalog_project_name(snapshot));
    base_json_set_string(answer, "timezone", catalog_project_timezone(snapshot));
    base_json_set_int(answer, "version", catalog_store_current(server_app_store(call->app)));
    json_object_set_new(answer, "domains", domains_to_json(call, snapshot));
    base_json_set_string(answer, "hash", catalog_snapshot_hash(snapshot));
    base_json_set_int(answer, "objects", catalog_objects(snapshot)->len);
    base_json_set_string(answer, "project", server_app_project(call->app));
    base_diags_sort(diags);
    json_object_set_new(answer, "diagnostics", base_diags_to_json(diags));
    return call_json(call, answer);
}

static json_t *object_to_json(const CatalogObject *object)
{
    json_t *row = json_object();
    base_json_set_string(row, "id", object->id);
    base_json_set_string(row, "kind", catalog_kind_name(object->kind));
    base_json_set_string(row, "name", object->name);
    base_json_set_string(row, "domain", object->domain);
    base_json_set_string(row, "full_name", object->full_name);
    base_json_set_string(row, "title_en", object->title_en);
    base_json_set_string(row, "title_zh", object->title_zh);
    base_json_set_string(row, "layer", object->layer);
    base_json_set_string(row, "owner", object->owner);
    base_json_set_string(row, "grade", object->grade);
    base_json_set_string(row, "status", object->status);
    base_json_set_string(row, "file", object->file);
    base_json_set_int(row, "line", object->line);
    return row;
}

static bool refuse_kind(const char *word, GError **error)
{
    const char *names[CATALOG_N_KINDS + 1] = {0};
    for (int i = 0; i < CATALOG_N_KINDS; i++) {
        names[i] = catalog_kind_plural((CatalogKind)i);
    }
    const char *nearest = base_text_nearest(word, names);
    base_fail(error, BASE_E_REQUEST_INVALID, "`%s` is no kind of object", word);
    if (nearest) {
        base_error_hint(error, "did you mean `%s`?", nearest);
    }
    return false;
}

bool route_objects(ServerCall *call, GError **error)
{
    CatalogKind kind = CATALOG_N_KINDS;
    const char *word = call_query(call, "kind", NULL), *domain = call_query(call, "domain", NULL);
    const char *layer = call_query(call, "layer", NULL);
    if (word && !catalog_kind_by_name(word, &kind)) {
        return refuse_kind(word, error);
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const GPtrArray *objects = catalog_objects(snapshot);
    json_t *list = json_array();
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if ((!word || object->kind == kind) && (!domain || g_str_equal(domain, object->domain)) &&
            (!layer || !g_ascii_strcasecmp(layer, object->layer)) && access_can_see(call->user, object)) {
            json_array_append_new(list, object_to_json(object));
        }
    }
    return call_json(call, json_pack("{s:o}", "objects", list));
}

bool route_object(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *object = call_object(call, snapshot, call_param(call, "id"), error);
    if (!object) {
        return false;
    }
    json_t *json =
        catalog_object_to_json(snapshot, object, !g_str_equal(call_query(call, "whole", "1"), "0"));
    const WarehouseIntervalsAsk ask = {0};
    if (object->kind == CATALOG_MODEL && object->model->kind == CATALOG_MODEL_INCREMENTAL) {
        json_t *intervals =
            warehouse_intervals(server_app_warehouse(call->app), snapshot, object, &ask, NULL);
        if (intervals) {                           /* a model without time has none */
            json_object_del(intervals, "missing"); /* may be many: weir intervals lists them */
            json_object_del(intervals, "stale");
            json_object_set_new(json, "intervals", intervals);
        }
    }
    return call_json(call, json);
}

bool route_search(ServerCall *call, GError **error)
{
    size_t limit;
    const char *text = call_query(call, "q", "");
    if (!call_limit(call, 20, SEARCH_MAX, &limit, error)) {
        return false;
    }
    /* More than asked for: what the user may not see is taken out. */
    g_autoptr(json_t) found = catalog_store_search(server_app_store(call->app), text,
                                                   call_query(call, "lang", call->lang), SEARCH_MAX, error);
    if (!found) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    json_t *list = json_array(), *row;
    size_t i;
    json_array_foreach (found, i, row) {
        const CatalogObject *object = catalog_by_id(snapshot, base_json_string(row, "id", ""));
        if (object && access_can_see(call->user, object) && json_array_size(list) < limit) {
            json_array_append(list, row);
        }
    }
    return call_json(call, json_pack("{s:o}", "results", list));
}

/* ---- lineage
 * ------------------------------------------------------------------------------------------------------ */

static bool lineage_graph(ServerCall *call, const CatalogSnapshot *snapshot, const CatalogObject *object,
                          bool up, bool down, GError **error)
{
    const char *format = call_query(call, "format", "tree"), *column = call_query(call, "column", NULL);
    g_autoptr(json_t) graph = catalog_lineage_graph(snapshot, object, column, up, down);
    if (g_str_equal(format, "graph")) {
        return call_json(call, g_steal_pointer(&graph));
    }
    if (g_str_equal(format, "openlineage")) {
        return call_json(call, catalog_lineage_openlineage(snapshot, graph));
    }
    if (g_str_equal(format, "dot")) {
        call->text = catalog_lineage_dot(graph);
        call->content_type = "text/vnd.graphviz; charset=utf-8";
        return true;
    }
    return base_fail(error, BASE_E_REQUEST_INVALID,
                     "`%s` is no format of lineage (tree, graph, dot, openlineage)", format);
}

/* Of what is no table, the columns are those that something comes from or goes to. */
static bool has_column(const CatalogSnapshot *snapshot, const CatalogObject *object, const char *column)
{
    const json_t *features = json_object_get(object->definition, "features");
    if (catalog_columns_find(object->columns, column) || base_json_find(features, "name", column)) {
        return true;
    }
    g_autoptr(GPtrArray) up = catalog_lineage_up(snapshot, object, NULL),
                         down = catalog_lineage_down(snapshot, object, NULL);
    for (guint i = 0; i < up->len + down->len; i++) {
        const CatalogEdge *edge = i < up->len ? up->pdata[i] : down->pdata[i - up->len];
        if (g_strcmp0(i < up->len ? edge->to_column : edge->from_column, column) == 0) {
            return true;
        }
    }
    return false;
}

static bool refuse_column(const CatalogObject *object, const char *column, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; object->columns && i < object->columns->len; i++) {
        g_ptr_array_add(names, ((const CatalogColumn *)object->columns->pdata[i])->name);
    }
    g_ptr_array_add(names, NULL);
    const char *nearest = base_text_nearest(column, (const char *const *)names->pdata);
    base_fail(error, BASE_E_COLUMN_UNKNOWN, "%s `%s` has no column `%s`", catalog_kind_name(object->kind),
              object->full_name, column);
    if (nearest) {
        base_error_hint(error, "did you mean `%s`?", nearest);
    }
    return false;
}

bool route_lineage(ServerCall *call, GError **error)
{
    const char *direction = call_query(call, "direction", "up"), *column = call_query(call, "column", NULL);
    bool both = g_str_equal(direction, "both");
    bool up = both || g_str_equal(direction, "up"), down = both || g_str_equal(direction, "down");
    if (!up && !down) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`%s` is no direction (up, down, both)", direction);
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *object = call_object(call, snapshot, call_param(call, "id"), error);
    if (!object) {
        return false;
    }
    if (column && !has_column(snapshot, object, column)) {
        return refuse_column(object, column, error);
    }
    if (g_str_equal(call_query(call, "format", "tree"), "tree") && !both) {
        return call_json(call, catalog_lineage_tree(snapshot, object, column, up));
    }
    return lineage_graph(call, snapshot, object, up, down, error);
}
