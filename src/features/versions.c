/* Versions of feature views in catalog.sqlite: one row for each, with the spec whole, until it is pruned.
 *
 * The number of a version is one more than the highest that the view ever had, so a number never means
 * something else later: the newest row cannot be pruned while its view is there, and where a view is gone and
 * all its versions are pruned, features_numbers still knows how far they went. */
#include "base/text.h"
#include "base/time.h"
#include "features/registry_int.h"

#define VERSION_BYTES 24

static const char schema_sql[] =
    "CREATE TABLE IF NOT EXISTS features_versions(domain TEXT NOT NULL, view TEXT NOT NULL, version INTEGER "
    "NOT NULL, at_us INTEGER NOT NULL, user TEXT NOT NULL, hash TEXT NOT NULL, change TEXT NOT NULL, spec "
    "TEXT "
    "NOT NULL, PRIMARY KEY(domain, view, version)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS features_numbers(domain TEXT NOT NULL, view TEXT NOT NULL, last INTEGER NOT "
    "NULL, PRIMARY KEY(domain, view)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS features_entities(entity TEXT PRIMARY KEY, types TEXT NOT NULL) WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS features_archived(project TEXT PRIMARY KEY, at_us INTEGER NOT NULL, user "
    "TEXT "
    "NOT NULL) WITHOUT ROWID;";

bool features_registry_migrate(CatalogStore *store, GError **error)
{
    return catalog_store_migrate(store, "features", schema_sql, error);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static void version_free(gpointer data)
{
    FeaturesVersion *version = data;
    g_free(version->domain);
    g_free(version->view);
    g_free(version->hash);
    json_decref(version->spec);
    g_free(version);
}

GPtrArray *features_versions_read(CatalogStore *store, GError **error)
{
    g_autoptr(json_t) rows = catalog_store_sql(
        store,
        "SELECT domain, view, version, hash, spec FROM features_versions ORDER BY domain, view, version",
        NULL, 0, error);
    if (!rows) {
        return NULL;
    }
    g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(version_free);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const char *text = base_json_string(row, "spec", "");
        json_t *spec = base_json_parse(text, strlen(text), error);
        if (!spec) {
            return NULL;
        }
        FeaturesVersion *version = g_new0(FeaturesVersion, 1);
        version->domain = g_strdup(base_json_string(row, "domain", ""));
        version->view = g_strdup(base_json_string(row, "view", ""));
        version->version = (unsigned)base_json_int(row, "version", 0);
        version->hash = g_strdup(base_json_string(row, "hash", ""));
        version->spec = spec;
        g_ptr_array_add(out, version);
    }
    return g_steal_pointer(&out);
}

static const FeaturesVersion *newest_of(const GPtrArray *versions, const CatalogObject *view)
{
    const FeaturesVersion *newest = NULL;
    for (guint i = 0; i < versions->len; i++) {
        const FeaturesVersion *version = g_ptr_array_index(versions, i);
        if (g_str_equal(version->domain, view->domain) && g_str_equal(version->view, view->name)) {
            newest = version;
        }
    }
    return newest;
}

/* ---- entities ---------------------------------------------------------------------------------------------
 */

/* "user_id int64, region string": as it is kept, and as it is shown. */
static char *entity_text(const CatalogSnapshot *snapshot, const CatalogObject *entity)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GArray) types = features_entity_types(snapshot, entity, names);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++) {
        const char *type = features_type_name(g_array_index(types, FeaturesType, i));
        g_string_append_printf(out, "%s%s %s", i ? ", " : "", (const char *)g_ptr_array_index(names, i),
                               *type ? type : "?");
    }
    return g_string_free(out, FALSE);
}

static bool check_entity(const CatalogSnapshot *after, const CatalogObject *entity, const json_t *known,
                         GError **error)
{
    size_t i;
    json_t *row;
    json_array_foreach ((json_t *)(guintptr)known, i, row) {
        const char *before = base_json_string(row, "types", "");
        g_autofree char *now = entity_text(after, entity);
        if (!g_str_equal(base_json_string(row, "entity", ""), entity->full_name) ||
            g_str_equal(before, now) || strchr(before, '?')) {
            continue;
        }
        base_fail(error, BASE_E_ENTITY_TYPE, "entity `%s` is known with the key (%s); it cannot become (%s)",
                  entity->full_name, before, now);
        base_error_place(error, entity->file, entity->line, entity->column);
        base_error_hint(error,
                        "values are stored under keys of that type and would no longer be found: declare "
                        "another entity");
        base_error_not_done(error, "Nothing was applied.");
        return false;
    }
    return true;
}

static bool record_entity(CatalogStore *store, const CatalogSnapshot *applied, const CatalogObject *entity,
                          GError **error)
{
    g_autofree char *types = entity_text(applied, entity);
    const char *values[] = {entity->full_name, types};
    return catalog_store_exec(
        store,
        "INSERT INTO features_entities VALUES (?1, ?2) ON CONFLICT(entity) DO UPDATE SET "
        "types = ?2 WHERE types <> ?2",
        values, 2, error);
}

/* ---- before an apply
 * --------------------------------------------------------------------------------------- */

static bool check_archived(CatalogStore *store, const CatalogSnapshot *after, GError **error)
{
    const char *project = catalog_project_name(after);
    g_autoptr(json_t) rows = catalog_store_sql(
        store, "SELECT 1 AS one FROM features_archived WHERE project = ?1", &project, 1, error);
    if (!rows || json_array_size(rows) == 0) {
        return rows != NULL;
    }
    base_fail(error, BASE_E_PROJECT_ARCHIVED, "project `%s` is archived", project);
    base_error_hint(error, "weir features unarchive");
    base_error_not_done(error, "Nothing was applied.");
    return false;
}

bool features_registry_may_apply(CatalogStore *store, const CatalogSnapshot *after, GError **error)
{
    if (!check_archived(store, after, error)) {
        return false;
    }
    g_autoptr(json_t) known =
        catalog_store_sql(store, "SELECT entity, types FROM features_entities", NULL, 0, error);
    const GPtrArray *objects = catalog_objects(after);
    bool ok = known != NULL;
    for (guint i = 0; ok && i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind == CATALOG_ENTITY) {
            ok = check_entity(after, object, known, error);
        } else if (object->kind == CATALOG_FEATURE_VIEW) {
            g_autoptr(json_t) spec = features_spec_make(after, object, error);
            ok = spec != NULL;
            if (!ok) {
                base_error_place(error, object->file, object->line, object->column);
                base_error_not_done(error, "Nothing was applied.");
            }
        }
    }
    return ok;
}

/* ---- after it
 * ------------------------------------------------------------------------------------------------ */

static bool write_version(CatalogStore *store, const CatalogObject *view, unsigned version, json_t *spec,
                          const char *user, const char *change, GError **error)
{
    char number[VERSION_BYTES], at[VERSION_BYTES];
    g_snprintf(number, sizeof number, "%u", version);
    g_snprintf(at, sizeof at, "%" G_GINT64_FORMAT, base_time_now_us());
    g_autofree char *hash = features_spec_hash(spec);
    g_autofree char *text = base_json_text(spec);
    const char *values[] = {view->domain, view->name, number, at, user ? user : "", hash, change, text};
    const char *names[] = {view->domain, view->name, number};
    return catalog_store_exec(store,
                              "INSERT OR IGNORE INTO features_versions VALUES (?1, ?2, CAST(?3 AS INTEGER), "
                              "CAST(?4 AS INTEGER), ?5, ?6, ?7, ?8)",
                              values, G_N_ELEMENTS(values), error) &&
           catalog_store_exec(store,
                              "INSERT INTO features_numbers VALUES (?1, ?2, CAST(?3 AS INTEGER)) ON "
                              "CONFLICT(domain, view) DO UPDATE SET last = max(last, excluded.last)",
                              names, G_N_ELEMENTS(names), error);
}

static bool last_number(CatalogStore *store, const CatalogObject *view, unsigned *ret, GError **error)
{
    const char *names[] = {view->domain, view->name};
    g_autoptr(json_t) rows = catalog_store_sql(
        store, "SELECT last FROM features_numbers WHERE domain = ?1 AND view = ?2", names, 2, error);
    *ret = rows ? (unsigned)base_json_int(json_array_get(rows, 0), "last", 0) : 0;
    return rows != NULL;
}

static bool record_view(CatalogStore *store, const CatalogSnapshot *applied, const CatalogObject *view,
                        const GPtrArray *versions, const char *user, GError **error)
{
    g_autoptr(json_t) spec = features_spec_make(applied, view, NULL);
    if (!spec) { /* its source went after it was applied: what is kept stays the newest */
        return true;
    }
    const FeaturesVersion *newest = newest_of(versions, view);
    g_autofree char *hash = features_spec_hash(spec);
    if (newest && g_str_equal(newest->hash, hash)) {
        return true;
    }
    unsigned last = 0;
    return last_number(store, view, &last, error) &&
           write_version(store, view, last + 1, spec, user, newest ? "changed" : "added", error);
}

bool features_registry_record(CatalogStore *store, const CatalogSnapshot *applied, const char *user,
                              GError **error)
{
    g_autoptr(GPtrArray) versions = features_versions_read(store, error);
    const GPtrArray *objects = catalog_objects(applied);
    bool ok = versions != NULL;
    for (guint i = 0; ok && i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind == CATALOG_FEATURE_VIEW) {
            ok = record_view(store, applied, object, versions, user, error);
        } else if (object->kind == CATALOG_ENTITY) {
            ok = record_entity(store, applied, object, error);
        }
    }
    return ok;
}
