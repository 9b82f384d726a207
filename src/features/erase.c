/* Taking one entity out of the feature store. See store.h. */
#include "engine/sql.h"
#include "features/store_int.h"

typedef struct {
    Features *features;
    bool online, offline;
    FeaturesErased *ret;
    GHashTable *done; /* what was deleted where, of tables */
} Erase;

/* The view's keys out of {join key: value}; false without an error: the view has other keys. */
static bool keys_of(const FeaturesView *view, const json_t *keys, FeaturesArena *arena, FeaturesValue *ret,
                    GError **error)
{
    if (view->n_keys != json_object_size(keys)) {
        return false;
    }
    for (size_t k = 0; k < view->n_keys; k++) {
        const json_t *given = json_object_get(keys, view->keys[k].stored);
        given = given ? given : json_object_get(keys, view->keys[k].name);
        if (!given) {
            return false;
        }
        if (!features_value_of_json(given, view->keys[k].type, arena, &ret[k], error)) {
            g_prefix_error(error, "key `%s`: ", view->keys[k].name);
            return false;
        }
        if (ret[k].null) {
            return base_fail(error, BASE_E_ENTITY_ROWS, "key `%s` is null", view->keys[k].name);
        }
    }
    return true;
}

static char *where_of(const FeaturesView *view, const FeaturesValue *keys)
{
    GString *sql = g_string_new(NULL);
    for (size_t k = 0; k < view->n_keys; k++) {
        g_string_append(sql, k ? " AND " : "");
        engine_sql_append_name(sql, view->keys[k].name);
        g_string_append(sql, " = ");
        features_value_append_sql(&keys[k], sql);
    }
    return g_string_free(sql, FALSE);
}

static bool has_keys(const CatalogTable *table, const FeaturesView *view)
{
    for (size_t k = 0; k < view->n_keys; k++) {
        if (!catalog_table_column(table, view->keys[k].name)) {
            return false;
        }
    }
    return view->n_keys > 0;
}

/* Versions of a view may read one table or several. Rows of a table that a model makes are erased where they
 * come from (weir erase). */
static bool erase_offline(const Erase *erase, const FeaturesView *view, const FeaturesValue *keys,
                          GError **error)
{
    g_autoptr(CatalogSnapshot) applied = features_applied(erase->features);
    const CatalogObject *source = view->table ? catalog_find(applied, view->table, NULL, NULL) : NULL;
    if (!source || !source->table || !has_keys(source->table, view)) {
        return true;
    }
    g_autofree char *where = where_of(view, keys);
    if (!g_hash_table_add(erase->done, g_strdup_printf("%s %s", source->id, where))) {
        return true;
    }
    gint64 rows = 0;
    bool ok = intake_delete(erase->features->intake, source->table, where, NULL, 0, NULL, &rows, error);
    erase->ret->offline_rows += rows;
    return ok;
}

typedef struct {
    const FeaturesView *view;
    const FeaturesValue *keys;
} Rejects;

/* A key in a row that was kept is as it was pushed, or as the engine shows it: a time as text in any zone or
 * as seconds, bytes as base64 or with \x. */
static void append_kept_key(GString *sql, const char *name, const FeaturesValue *key)
{
    g_autoptr(GString) kept = g_string_new("(row_json ->> ");
    g_autoptr(GString) value = g_string_new(NULL);
    engine_sql_append_text(kept, name);
    g_string_append_c(kept, ')');
    features_value_append_sql(key, value);
    if (key->type == FEATURES_TIMESTAMP) {
        g_string_append_printf(sql,
                               " AND (TRY_CAST(%s AS TIMESTAMP WITH TIME ZONE) = %s OR round(TRY_CAST(%s AS "
                               "DOUBLE) * 1000000) = epoch_us(%s))",
                               kept->str, value->str, kept->str, value->str);
    } else if (key->type == FEATURES_BYTES) {
        g_string_append_printf(sql, " AND %s IN (CAST(%s AS VARCHAR), to_base64(%s))", kept->str, value->str,
                               value->str);
    } else {
        g_string_append_printf(sql, " AND %s = CAST(%s AS VARCHAR)", kept->str, value->str);
    }
}

static bool delete_rejects(EngineConn *conn, void *user, GError **error)
{
    const Rejects *rejects = user;
    GString *sql = g_string_new("DELETE FROM _weir.feature_rejects WHERE view = $1 AND version = $2");
    for (size_t k = 0; k < rejects->view->n_keys; k++) {
        append_kept_key(sql, rejects->view->keys[k].name, &rejects->keys[k]);
    }
    const EngineValue values[] = {engine_value_text(rejects->view->name),
                                  engine_value_int(rejects->view->version)};
    bool ok = engine_exec_values(conn, sql->str, values, G_N_ELEMENTS(values), NULL, error);
    g_string_free(sql, TRUE);
    return ok;
}

/* Rows of it that broke a check are kept too; they count as no rows of the view. */
static bool erase_rejects(Features *features, const FeaturesView *view, const FeaturesValue *keys,
                          GError **error)
{
    Rejects rejects = {.view = view, .keys = keys};
    return view->n_keys == 0 || intake_transact(features->intake, delete_rejects, &rejects, error);
}

/* ---- pushes ----------------------------------------------------------------------------------------------
 */

typedef struct {
    unsigned pushing;
    unsigned closed; /* by so many, who wait until nobody is pushing or have waited */
} FeaturesGate;

/* With the lock. */
static FeaturesGate *gate_of(Features *features, const char *name)
{
    FeaturesGate *gate = g_hash_table_lookup(features->gates, name);
    if (!gate) {
        gate = g_new0(FeaturesGate, 1);
        g_hash_table_insert(features->gates, g_strdup(name), gate);
    }
    return gate;
}

static void changed(Features *features, const char *name)
{
    const FeaturesGate *gate = gate_of(features, name);
    if (gate->pushing == 0 && gate->closed == 0) {
        g_hash_table_remove(features->gates, name);
    }
    g_cond_broadcast(&features->changed);
}

void features_push_begin(Features *features, const char *name)
{
    g_mutex_lock(&features->lock);
    while (gate_of(features, name)->closed > 0) {
        g_cond_wait(&features->changed, &features->lock);
    }
    gate_of(features, name)->pushing++;
    g_mutex_unlock(&features->lock);
}

void features_push_end(Features *features, const char *name)
{
    g_mutex_lock(&features->lock);
    gate_of(features, name)->pushing--;
    changed(features, name);
    g_mutex_unlock(&features->lock);
}

void features_keep_pushes_out(Features *features, const char *name)
{
    g_mutex_lock(&features->lock);
    gate_of(features, name)->closed++;
    while (gate_of(features, name)->pushing > 0) {
        g_cond_wait(&features->changed, &features->lock);
    }
    g_mutex_unlock(&features->lock);
}

void features_let_pushes_in(Features *features, const char *name)
{
    g_mutex_lock(&features->lock);
    gate_of(features, name)->closed--;
    changed(features, name);
    g_mutex_unlock(&features->lock);
}

/* ---- one view --------------------------------------------------------------------------------------------
 */

/* First offline: a run that materialises between the two would bring the row back. */
static bool erase_taken(const Erase *erase, const FeaturesView *view, const FeaturesValue *keys,
                        GError **error)
{
    FeaturesOnline *store = erase->online ? features_online(erase->features, error) : NULL;
    bool erased = false;
    if ((erase->online && !store) ||
        (erase->offline &&
         (!erase_offline(erase, view, keys, error) || !erase_rejects(erase->features, view, keys, error))) ||
        (erase->online && !features_online_erase(store, view, keys, &erased, error))) {
        return false;
    }
    erase->ret->online_rows += erased;
    return true;
}

typedef struct {
    const FeaturesView *view;
    FeaturesValue *keys;
} Target;

/* The versions of one view: they are taken first, since that may wait for a run, and pushes only then are
 * kept out. */
static bool erase_versions(const Erase *erase, const Target *targets, guint n, GError **error)
{
    const char *name = targets[0].view->name;
    guint taken = 0;
    while (taken < n && features_take_view(erase->features, targets[taken].view, true, NULL, error)) {
        taken++;
    }
    bool ok = taken == n;
    if (ok) {
        features_keep_pushes_out(erase->features, name);
        for (guint i = 0; ok && i < n; i++) {
            ok = erase_taken(erase, targets[i].view, targets[i].keys, error);
        }
        features_let_pushes_in(erase->features, name);
    }
    for (guint i = 0; i < taken; i++) {
        features_give_view(erase->features, targets[i].view);
    }
    return ok;
}

/* Versions that have exactly these keys, those of a view one after the other. */
static bool find_targets(const FeaturesRegistry *registry, const FeaturesView *only, const json_t *keys,
                         FeaturesArena *arena, GArray *ret, GError **error)
{
    const GPtrArray *views = features_registry_views(registry);
    for (guint i = 0; i < views->len; i++) {
        const FeaturesView *own = g_ptr_array_index(views, i);
        GError *failed = NULL;
        Target target = {own, features_arena_take(arena, MAX(own->n_keys, 1) * sizeof *target.keys)};
        bool named = !only || g_str_equal(own->name, only->name);
        if (named && own->from != FEATURES_FROM_REQUEST && keys_of(own, keys, arena, target.keys, &failed)) {
            g_array_append_val(ret, target);
        }
        if (failed) {
            g_propagate_error(error, failed);
            return false;
        }
    }
    return ret->len > 0 || base_fail(error, BASE_E_ENTITY_ROWS, "no feature view has exactly these keys");
}

static bool erase_all(const Erase *erase, const GArray *targets, GError **error)
{
    for (guint from = 0, to = 1; from < targets->len; from = to++) {
        const Target *first = &g_array_index(targets, Target, from);
        while (to < targets->len &&
               g_str_equal(g_array_index(targets, Target, to).view->name, first->view->name)) {
            to++;
        }
        if (!erase_versions(erase, first, to - from, error)) {
            return false;
        }
    }
    return true;
}

bool features_erase(Features *features, const json_t *keys, const char *view, bool online, bool offline,
                    FeaturesErased *ret, GError **error)
{
    *ret = (FeaturesErased){0};
    g_autoptr(FeaturesRegistry) registry = features_registry(features);
    g_autoptr(FeaturesArena) arena = features_arena_new();
    const FeaturesView *only = view ? features_registry_view(registry, view, error) : NULL;
    if ((view && !only) || !json_is_object(keys) || json_object_size(keys) == 0) {
        return error && *error ? false
                               : base_fail(error, BASE_E_ENTITY_ROWS, "the keys of the entity are not given");
    }
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GArray) targets = g_array_new(FALSE, FALSE, sizeof(Target));
    const Erase erase = {
        .features = features, .online = online, .offline = offline, .ret = ret, .done = done};
    return find_targets(registry, only, keys, arena, targets, error) && erase_all(&erase, targets, error);
}
