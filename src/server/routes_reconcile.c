/* Routes of reconciliation: a table against its source, two tables, the ledger. */
#include "base/time.h"
#include "engine/sql.h"
#include "server/routes_int.h"

#define LEDGER_MAX_DAYS 400

bool route_check_where(const char *where, GError **error)
{
    g_autoptr(GPtrArray) tokens = where ? engine_sql_tokens(where, ENGINE_DIALECT_WEIR, error) : NULL;
    int depth = 0;
    bool ok = !where || tokens;
    for (guint i = 0; ok && tokens && i < tokens->len; i++) {
        const EngineToken *token = tokens->pdata[i];
        depth += engine_token_is(token, "(") ? 1 : engine_token_is(token, ")") ? -1 : 0;
        if (depth < 0 || engine_token_is(token, ";") || engine_token_is(token, "select") ||
            engine_token_is(token, "from") || token->type == ENGINE_TOKEN_PARAM) {
            return base_fail(error, BASE_E_VALUE_INVALID,
                             "`where` is one condition over a row, without a query");
        }
    }
    return ok;
}

static const CatalogObject *table_named(const ServerCall *call, const CatalogSnapshot *snapshot,
                                        const char *name, AccessRight right, GError **error)
{
    const CatalogObject *object = catalog_find(snapshot, name, NULL, error);
    if (object && object->kind != CATALOG_TABLE && object->kind != CATALOG_MODEL) {
        base_fail(error, BASE_E_TABLE_UNKNOWN, "`%s` is a %s, not a table", name,
                  catalog_kind_name(object->kind));
        return NULL;
    }
    return object && access_check(call->user, right, object, error) ? object : NULL;
}

/* Key values of rows are shown past row filters and masks: that is for whoever may run the table. */
static bool reconcile_pair(ServerCall *call, CatalogSnapshot *snapshot, const ReconcileAsk *ask, json_t **ret,
                           GError **error)
{
    const CatalogObject *source =
        table_named(call, snapshot, base_json_string(call->body, "source", ""), ACCESS_RUN, error);
    const CatalogObject *target =
        source ? table_named(call, snapshot, base_json_string(call->body, "table", ""), ACCESS_RUN, error)
               : NULL;
    return target && reconcile_tables(server_app_reconcile(call->app), source, target, ask, ret, error);
}

static bool reconcile_one(ServerCall *call, CatalogSnapshot *snapshot, const CatalogObject *table,
                          const ReconcileAsk *ask, json_t **ret, GError **error)
{
    ReconcileSourceAsk whole = {.ask = *ask,
                                .repair = base_json_bool(call->body, "repair", false),
                                .delete_extra = base_json_bool(call->body, "delete", false),
                                .refill = base_json_bool(call->body, "refill", false),
                                .root = server_app_project(call->app)};
    bool may = whole.repair ? access_check(call->user, ACCESS_LOAD, table, error) &&
                                  access_check_raw(call->user, snapshot, table, error)
                            : access_check(call->user, ACCESS_RUN, table, error);
    bool ok = may && reconcile_source(server_app_reconcile(call->app), snapshot, table, &whole, ret, error);
    if (ok && whole.repair) {
        g_autofree char *text = base_json_text(json_object_get(*ret, "repaired"));
        call_audit(call, "repair", table->full_name, text, true);
    }
    return ok;
}

/* All tables that sources load, or the one named. */
static bool reconcile_sources(ServerCall *call, CatalogSnapshot *snapshot, const ReconcileAsk *ask,
                              json_t *list, GError **error)
{
    const char *name = base_json_string(call->body, "table", NULL);
    g_autoptr(GPtrArray) tables = name ? g_ptr_array_new() : reconcile_sourced_tables(snapshot);
    if (name) {
        const CatalogObject *table = table_named(call, snapshot, name, ACCESS_READ, error);
        if (!table) {
            return false;
        }
        g_ptr_array_add(tables, (gpointer)(guintptr)table);
    }
    for (guint i = 0; i < tables->len; i++) {
        json_t *answer = NULL;
        if (!reconcile_one(call, snapshot, tables->pdata[i], ask, &answer, error)) {
            return false;
        }
        json_array_append_new(list, answer);
    }
    return true;
}

/* Two tables: which of them is made from which, and so how to mend it, only their models know. */
static bool check_pair_only_reads(const json_t *body, GError **error)
{
    static const char *const CHANGES[] = {"repair", "delete", "refill"};
    for (size_t i = 0; i < G_N_ELEMENTS(CHANGES); i++) {
        if (base_json_bool(body, CHANGES[i], false)) {
            base_fail(error, BASE_E_VALUE_INVALID, "two tables are only compared: there is no `%s` of them",
                      CHANGES[i]);
            base_error_hint(
                error, "name the one table, to repair it from its source; or run the model that makes it");
            base_error_not_done(error, "Nothing was compared.");
            return false;
        }
    }
    return true;
}

bool route_reconcile(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"table", "source", "key",    "columns", "where",
                                        "limit", "repair", "delete", "refill",  NULL};
    g_auto(GStrv) key = NULL, columns = NULL;
    if (!call_body(call, KNOWN, error) || !call_body_texts(call, "key", &key, error) ||
        !call_body_texts(call, "columns", &columns, error)) {
        return false;
    }
    ReconcileAsk ask = {.key = (const char *const *)key,
                        .columns = (const char *const *)columns,
                        .where = base_json_string(call->body, "where", NULL),
                        .limit = (size_t)CLAMP(base_json_int(call->body, "limit", RECONCILE_MAX_LISTED), 1,
                                               RECONCILE_MAX_LISTED)};
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(json_t) list = json_array();
    json_t *answer = NULL;
    if (!route_check_where(ask.where, error)) {
        return false;
    }
    if (!base_json_string(call->body, "source", NULL)) {
        return reconcile_sources(call, snapshot, &ask, list, error) &&
               call_json(call, json_pack("{s:O}", "reconciled", list));
    }
    if (!check_pair_only_reads(call->body, error) || !reconcile_pair(call, snapshot, &ask, &answer, error)) {
        return false;
    }
    json_array_append_new(list, answer);
    return call_json(call, json_pack("{s:O}", "reconciled", list));
}

/* ?table=&days=&view=loads|daily|layers&at= */
bool route_ledger(ServerCall *call, GError **error)
{
    size_t days;
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    if (!access_check(call->user, ACCESS_RUN, NULL, error) ||
        !call_limit(call, 30, LEDGER_MAX_DAYS, &days, error)) {
        return false;
    }
    const char *view = call_query(call, "view", "loads"), *name = call_query(call, "table", NULL);
    Reconcile *reconcile = server_app_reconcile(call->app);
    json_t *rows = NULL;
    if (g_str_equal(view, "layers")) {
        rows = reconcile_layers(reconcile, snapshot, error);
    } else if (g_str_equal(view, "daily")) {
        g_autoptr(GTimeZone) zone = base_time_zone(catalog_project_timezone(snapshot), error);
        const char *at = call_query(call, "at", NULL);
        gint64 day_us = base_time_now_us();
        if (!zone || (at && !base_time_parse(at, zone, &day_us))) {
            return zone && base_fail(error, BASE_E_INTERVAL_INVALID, "`at` is no time: `%s`", at);
        }
        rows = reconcile_daily(reconcile, snapshot, day_us, error);
    } else if (g_str_equal(view, "loads")) {
        const CatalogObject *table = name ? table_named(call, snapshot, name, ACCESS_READ, error) : NULL;
        rows = name && !table ? NULL : reconcile_ledger(reconcile, snapshot, table, (unsigned)days, error);
    } else {
        return base_fail(error, BASE_E_VALUE_INVALID, "`view` is loads, daily or layers, not `%s`", view);
    }
    return rows && call_json(call, json_pack("{s:o}", "ledger", rows));
}
