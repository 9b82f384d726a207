/* An environment's tables become production's. First the definitions are applied as any others are; then one
 * transaction drops each table that has a built one beside it and renames that, with all that is known of it.
 * Between the two production is as after an apply: tables whose logic changed wait for a run. */
#include <string.h>

#include "engine/sql.h"
#include "warehouse/intervals.h"

typedef struct {
    const WarehousePromotion *ask;
    const char *name;
    CatalogSnapshot *branch;
    GHashTable *fingerprints, *builds; /* of the branch by id; of what is built by own id */
    GPtrArray *order;
    json_t *swapped, *left;
    gint64 now_us;
    char *run_id;
} Promote;

static char *own_id(const Promote *promote, const CatalogObject *model)
{
    return g_strdup_printf("%s:%s__%s", catalog_kind_name(model->kind), model->full_name, promote->name);
}

/* ---- what may be swapped --------------------------------------------------------------------------------
 */

static gint64 last_run_us(const json_t *last, const char *id)
{
    return base_json_int(json_object_get(last, id), "started_us", 0);
}

/* Time that production's table has and this one lacks. */
static bool lacks_time(EngineConn *conn, const CatalogObject *model, const char *own, bool *ret,
                       GError **error)
{
    g_autoptr(GArray) theirs = NULL, ours = NULL, stale = NULL;
    *ret = false;
    if (!warehouse_has_intervals(model)) {
        return true;
    }
    if (!warehouse_state_intervals(conn, model->id, &theirs, error) ||
        !warehouse_state_intervals(conn, own, &ours, error) ||
        !warehouse_stale_read(conn, own, &stale, error)) {
        return false;
    }
    for (guint i = 0; i < ours->len; i++) {
        warehouse_ranges_subtract(theirs, g_array_index(ours, WarehouseInterval, i));
    }
    *ret = theirs->len > 0 || stale->len > 0;
    return true;
}

/* Why the environment's table of the model cannot take the place of production's; NULL = it can. */
static bool find_why(EngineConn *conn, const Promote *promote, const CatalogObject *model, const json_t *last,
                     const WarehouseStanding *standing, const char **ret, GError **error)
{
    g_autofree char *own = own_id(promote, model);
    const char *built = g_hash_table_lookup(promote->builds, own);
    const char *wanted = g_hash_table_lookup(promote->fingerprints, model->id);
    bool stands = warehouse_built_hash(standing, model->id) != NULL, lacks = false;
    *ret = NULL;
    if (model->model->keeps_history && stands) {
        *ret = "production's table keeps its history: the new logic holds from the next run on";
    } else if (!built || g_strcmp0(built, wanted)) {
        *ret = "it is not built as it is defined";
    } else if (last_run_us(last, model->id) > last_run_us(last, own)) {
        *ret = "production's table was built after it";
    } else if (!lacks_time(conn, model, own, &lacks, error)) {
        return false;
    } else if (lacks) {
        *ret = "it lacks time that production's table has, or some of it is stale";
    }
    return true;
}

/* What goes anyway, and is made again by the run that needs it. */
static bool is_passing(const CatalogObject *model)
{
    return model->model->kind == CATALOG_MODEL_TEMP || model->model->kind == CATALOG_MODEL_MID;
}

/* Rows made from a table that stays behind are not those that production would have. */
static bool reads_any(const Promote *promote, const CatalogObject *model, GHashTable *staying)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(promote->branch, model, NULL);
    for (guint i = 0; edges && i < edges->len; i++) {
        if (g_hash_table_contains(staying, ((const CatalogEdge *)edges->pdata[i])->from)) {
            return true;
        }
    }
    return false;
}

static void leave(Promote *promote, const CatalogObject *model, const char *why)
{
    json_t *row = json_object();
    base_json_set_string(row, "model", model->full_name);
    base_json_set_string(row, "why", why);
    json_array_append_new(promote->left, row);
}

/* The models that will be swapped, in order; what is left is in promote->left. */
static GPtrArray *choose(EngineConn *conn, Promote *promote, bool *ret_ready, GError **error)
{
    g_autoptr(json_t) last = warehouse_state_last_runs(conn, error);
    WarehouseStanding standing = {0};
    if (!last || !warehouse_standing_read(conn, &standing, error)) {
        return NULL;
    }
    g_autoptr(GHashTable) staying = g_hash_table_new(NULL, NULL);
    GPtrArray *chosen = g_ptr_array_new();
    *ret_ready = true;
    bool ok = true;
    for (guint i = 0; ok && i < promote->order->len; i++) {
        const CatalogObject *model = promote->order->pdata[i];
        const CatalogObject *own = catalog_by_id(promote->ask->environment, model->id);
        g_autofree char *id = own_id(promote, model);
        bool is_own = own && own->environment;
        const char *why = NULL;
        if (!is_own && !g_hash_table_contains(promote->builds, id)) {
            continue;
        }
        ok = find_why(conn, promote, model, last, &standing, &why, error);
        bool behind = why && !is_passing(model) && !model->model->keeps_history;
        if (ok && !why && reads_any(promote, model, staying)) {
            why = "it reads a table that is not swapped";
        }
        if (ok && !why) {
            g_ptr_array_add(chosen, (gpointer)(guintptr)model);
        } else if (ok && is_own) { /* of what a promotion left behind nothing need be said */
            leave(promote, model, why);
            *ret_ready = *ret_ready && !behind;
            if (!is_passing(model)) {
                g_hash_table_add(staying, (gpointer)(guintptr)model);
            }
        }
    }
    warehouse_standing_clear(&standing);
    if (!ok) {
        g_clear_pointer(&chosen, g_ptr_array_unref);
    }
    return chosen;
}

/* ---- swapping --------------------------------------------------------------------------------------------
 */

static bool rename_table(EngineConn *conn, const char *schema, const char *from, const char *to,
                         GError **error)
{
    g_autofree char *old = engine_sql_table(schema, from);
    return warehouse_rename_table(conn, old, to, error);
}

static bool drop_production(EngineConn *conn, const WarehouseStanding *standing, const CatalogObject *model,
                            GError **error)
{
    return warehouse_drop_relation(conn, model->domain, model->name,
                                   warehouse_relation(standing, model->domain, model->name), error) &&
           warehouse_drop_history(conn, standing, model, error);
}

/* Views are made anew: they name what they read. */
static bool swap_relation(EngineConn *conn, const Promote *promote, const WarehouseStanding *standing,
                          const CatalogObject *model, GError **error)
{
    g_autofree char *own = g_strdup_printf("%s__%s", model->name, promote->name);
    if (!drop_production(conn, standing, model, error)) {
        return false;
    }
    if (model->model->kind == CATALOG_MODEL_VIEW) {
        g_autofree char *sql = warehouse_view_sql(conn, promote->branch, model, error);
        return sql && engine_exec(conn, sql, error);
    }
    if (model->model->kind != CATALOG_MODEL_SCD2) {
        return rename_table(conn, model->domain, own, model->name, error);
    }
    g_autofree char *from = catalog_history_table(own), *to = catalog_history_table(model->name);
    return rename_table(conn, model->domain, from, to, error) && warehouse_scd2_views(conn, model, error);
}

/* Intervals and what of them is stale go with the table. */
static bool swap_state(EngineConn *conn, const CatalogObject *model, const char *own, GError **error)
{
    static const char *const TABLES[] = {"intervals", "stale"};
    EngineValue values[] = {engine_value_text(model->id), engine_value_text(own)};
    for (size_t i = 0; i < G_N_ELEMENTS(TABLES); i++) {
        g_autofree char *clear = g_strdup_printf("DELETE FROM _weir.%s WHERE model = $1", TABLES[i]);
        g_autofree char *move = g_strdup_printf("UPDATE _weir.%s SET model = $1 WHERE model = $2", TABLES[i]);
        if (!engine_exec_values(conn, clear, values, 1, NULL, error) ||
            !engine_exec_values(conn, move, values, 2, NULL, error)) {
            return false;
        }
    }
    return warehouse_hold_release(conn, model->id, 0, 0, error);
}

static bool rows_built(EngineConn *conn, const char *own, gint64 *ret, GError **error)
{
    EngineValue value = engine_value_text(own);
    g_autoptr(json_t) rows =
        engine_query_json(conn, "SELECT n_rows FROM _weir.builds WHERE model = $1", &value, 1, 1, error);
    *ret = base_json_int(json_array_get(rows, 0), "n_rows", 0);
    return rows != NULL;
}

static bool record(EngineConn *conn, const Promote *promote, const CatalogObject *model, gint64 rows,
                   GError **error)
{
    g_autofree char *message = g_strdup_printf("promoted from environment `%s`", promote->name);
    WarehouseRun run = {.run_id = promote->run_id,
                        .model = model->id,
                        .state = "done",
                        .rows = rows,
                        .started_us = promote->now_us,
                        .sql = (char *)(guintptr)model->model->sql_resolved,
                        .attempt = 1,
                        .cause = "promote",
                        .message = message};
    g_autofree char *hash = warehouse_logic_hash(model);
    return warehouse_state_set_build(conn, model, hash, promote->run_id, rows, error) &&
           warehouse_state_add_run(conn, &run, error);
}

typedef struct {
    const Promote *promote;
    const GPtrArray *chosen;
} Swap;

/* On the committer: all or nothing. */
static bool swap_work(EngineConn *conn, void *user, GError **error)
{
    const Swap *swap = user;
    WarehouseStanding standing = {0};
    bool ok = warehouse_standing_read(conn, &standing, error);
    for (guint i = 0; ok && i < swap->chosen->len; i++) {
        const CatalogObject *model = swap->chosen->pdata[i];
        g_autofree char *own = own_id(swap->promote, model);
        gint64 rows = 0;
        ok = rows_built(conn, own, &rows, error) &&
             swap_relation(conn, swap->promote, &standing, model, error) &&
             swap_state(conn, model, own, error) && record(conn, swap->promote, model, rows, error);
    }
    WarehouseStanding after = {0}; /* tables that moved are not the environment's any more */
    ok = ok && warehouse_standing_read(conn, &after, error);
    for (guint i = 0; ok && i < swap->chosen->len; i++) {
        g_autofree char *own = own_id(swap->promote, swap->chosen->pdata[i]);
        ok = warehouse_environment_forget(conn, &after, own, error);
    }
    warehouse_standing_clear(&standing);
    warehouse_standing_clear(&after);
    return ok;
}

/* ---- the whole -------------------------------------------------------------------------------------------
 */

static bool not_ready(const Promote *promote, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL);
    size_t i;
    json_t *row;
    json_array_foreach (promote->left, i, row) {
        g_string_append_printf(list, "%s`%s` (%s)", i ? ", " : "", base_json_string(row, "model", ""),
                               base_json_string(row, "why", ""));
    }
    base_fail(error, BASE_E_ENVIRONMENT_BEHIND, "environment `%s` is not ready: %s", promote->name,
              list->str);
    base_error_hint(error, "weir run --env %s, then promote; or --unbuilt: the next run builds them",
                    promote->name);
    base_error_not_done(error, "Nothing was promoted.");
    return false;
}

/* Others' changes must not be undone. A promotion that was cut off has made production what the branch is. */
static bool check_base(const Promote *promote, gint64 current, GError **error)
{
    if (promote->ask->base == current || promote->ask->diff->changes->len == 0) {
        return true;
    }
    base_fail(error, BASE_E_ENVIRONMENT_BEHIND,
              "production is at version %" G_GINT64_FORMAT ", environment `%s` was applied over version "
              "%" G_GINT64_FORMAT,
              current, promote->name, promote->ask->base);
    base_error_hint(error, "bring the branch up to date, then weir apply --env %s", promote->name);
    base_error_not_done(error, "Nothing was promoted.");
    return false;
}

static bool promote_claimed(Warehouse *warehouse, Promote *promote, gint64 *ret_version, GError **error)
{
    const WarehousePromotion *ask = promote->ask;
    bool ready = false;
    *ret_version = catalog_store_current(warehouse->store);
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    promote->builds = conn ? warehouse_environment_builds(conn, promote->name, error) : NULL;
    g_autoptr(GPtrArray) chosen = promote->builds && check_base(promote, *ret_version, error)
                                      ? choose(conn, promote, &ready, error)
                                      : NULL;
    if (!chosen || (!ready && !ask->unbuilt && !not_ready(promote, error))) {
        return false;
    }
    if (ask->diff->changes->len > 0 && !warehouse_apply_claimed(warehouse, ask->diff, ask->allow_drop,
                                                                ask->user, ask->note, ret_version, error)) {
        return false;
    }
    if (BASE_FAULT("environment.before_swap")) {
        return base_fail(error, BASE_E_RUN_FAILED, "a fault was asked for before the swap");
    }
    Swap swap = {promote, chosen};
    if (!intake_transact(warehouse->intake, swap_work, &swap, error)) {
        base_error_not_done(error,
                            "The definitions are applied; the tables were not swapped in. Promote again, "
                            "or run the models.");
        return false;
    }
    for (guint i = 0; i < chosen->len; i++) {
        json_array_append_new(promote->swapped,
                              json_string(((const CatalogObject *)chosen->pdata[i])->full_name));
    }
    return catalog_store_put_environment(warehouse->store, promote->name, *ret_version, promote->branch,
                                         ask->user, ask->note, error);
}

bool warehouse_environment_promote(Warehouse *warehouse, const WarehousePromotion *ask, json_t **ret,
                                   GError **error)
{
    gint64 version = 0, now_us = base_time_now_us();
    g_autoptr(GPtrArray) order = catalog_model_order(ask->diff->after, error);
    g_autoptr(GHashTable) fingerprints = order ? catalog_fingerprints(ask->diff->after, error) : NULL;
    if (!fingerprints) {
        return false;
    }
    g_autofree char *run_id = warehouse_new_run_id(now_us);
    Promote promote = {.ask = ask,
                       .name = catalog_environment(ask->environment),
                       .branch = ask->diff->after,
                       .fingerprints = fingerprints,
                       .order = order,
                       .swapped = json_array(),
                       .left = json_array(),
                       .now_us = now_us,
                       .run_id = run_id};
    warehouse_claim_all(warehouse);
    bool ok = promote_claimed(warehouse, &promote, &version, error);
    warehouse_release_all(warehouse);
    g_clear_pointer(&promote.builds, g_hash_table_unref);
    *ret = json_object();
    base_json_set_int(*ret, "version", version);
    json_object_set_new(*ret, "swapped", promote.swapped);
    json_object_set_new(*ret, "left", promote.left);
    return ok;
}
