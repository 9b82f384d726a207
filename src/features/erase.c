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
    bool ok = intake_delete(erase->features->intake, source->table, where, NULL, 0, &rows, error);
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

void features_push_begin(Features *features)
{
    g_mutex_lock(&features->lock);
    while (features->erasing > 0) {
        g_cond_wait(&features->changed, &features->lock);
    }
    features->pushing++;
    g_mutex_unlock(&features->lock);
}

void features_push_end(Features *features)
{
    g_mutex_lock(&features->lock);
    if (--features->pushing == 0) {
        g_cond_broadcast(&features->changed);
    }
    g_mutex_unlock(&features->lock);
}

static void keep_pushes_out(Features *features)
{
    g_mutex_lock(&features->lock);
    features->erasing++;
    while (features->pushing > 0) {
        g_cond_wait(&features->changed, &features->lock);
    }
    g_mutex_unlock(&features->lock);
}

static void let_pushes_in(Features *features)
{
    g_mutex_lock(&features->lock);
    if (--features->erasing == 0) {
        g_cond_broadcast(&features->changed);
    }
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

static bool erase_view(const Erase *erase, const FeaturesView *view, const FeaturesValue *keys,
                       GError **error)
{
    if (!features_take_view(erase->features, view, true, NULL, error)) {
        return false;
    }
    keep_pushes_out(erase->features);
    bool ok = erase_taken(erase, view, keys, error);
    let_pushes_in(erase->features);
    features_give_view(erase->features, view);
    return ok;
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
    const Erase erase = {
        .features = features, .online = online, .offline = offline, .ret = ret, .done = done};
    const GPtrArray *views = features_registry_views(registry);
    bool any = false;
    for (guint i = 0; i < views->len; i++) {
        const FeaturesView *own = g_ptr_array_index(views, i);
        GError *failed = NULL;
        FeaturesValue *values = features_arena_take(arena, MAX(own->n_keys, 1) * sizeof *values);
        bool named = !only || g_str_equal(own->name, only->name);
        bool has = named && own->from != FEATURES_FROM_REQUEST && keys_of(own, keys, arena, values, &failed);
        if (failed || (has && !erase_view(&erase, own, values, &failed))) {
            g_propagate_error(error, failed);
            return false;
        }
        any = any || has;
    }
    return any || base_fail(error, BASE_E_ENTITY_ROWS, "no feature view has exactly these keys");
}
