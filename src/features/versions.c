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

/* ---- pushed rows ---- */

static const json_t *meaning_of(const json_t *spec, const char *key)
{
    return json_object_get(json_object_get(spec, "meaning"), key);
}

static bool same_member(const json_t *a, const json_t *b, const char *key)
{
    const json_t *x = meaning_of(a, key), *y = meaning_of(b, key);
    return (!x && !y) || (x && y && json_equal(x, y));
}

static const char *type_in(const json_t *spec, const char *feature)
{
    const json_t *features = meaning_of(spec, "features");
    for (size_t i = 0; i < json_array_size(features); i++) {
        if (g_str_equal(base_json_string(json_array_get(features, i), "name", ""), feature)) {
            return base_json_string(json_array_get(features, i), "type", "");
        }
    }
    return NULL;
}

static bool same_rows(const json_t *a, const json_t *b)
{
    const json_t *features = meaning_of(a, "features");
    bool same = same_member(a, b, "keys") && same_member(a, b, "time") && same_member(a, b, "created");
    for (size_t i = 0; same && i < json_array_size(features); i++) {
        const char *name = base_json_string(json_array_get(features, i), "name", "");
        const char *other = type_in(b, name);
        same = !other || g_str_equal(other, type_in(a, name));
    }
    return same;
}

static bool is_push(const json_t *spec)
{
    return g_strcmp0(json_string_value(meaning_of(spec, "from")), "push") == 0;
}

/* A feature that the newest version does not have may be one of an older version, whose column is there
 * still, of another type. */
static bool table_takes(const CatalogSnapshot *snapshot, const json_t *spec, const json_t *newest)
{
    const CatalogObject *object =
        catalog_find(snapshot, json_string_value(meaning_of(newest, "table")), NULL, NULL);
    const json_t *features = meaning_of(spec, "features");
    for (size_t i = 0; object && object->table && i < json_array_size(features); i++) {
        const char *name = base_json_string(json_array_get(features, i), "name", "");
        const CatalogColumn *column =
            type_in(newest, name) ? NULL : catalog_table_column(object->table, name);
        if (column && features_type_of_sql(column->type) != features_type_by_name(type_in(spec, name))) {
            return false;
        }
    }
    return true;
}

void features_spec_follow(json_t *spec, const FeaturesVersion *newest, unsigned next,
                          const CatalogSnapshot *snapshot)
{
    if (!newest || !is_push(spec)) {
        return;
    }
    bool stays =
        is_push(newest->spec) && same_rows(spec, newest->spec) && table_takes(snapshot, spec, newest->spec);
    const char *table = json_string_value(meaning_of(stays ? newest->spec : spec, "table"));
    const char *dot = strchr(table, '.');
    g_autofree char *domain = g_strndup(table, (gsize)(dot - table));
    g_autofree char *name = stays ? g_strdup(dot + 1) : g_strdup_printf("%s_v%u", dot + 1, next);
    features_spec_set_table(spec, domain, name);
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

bool features_registry_may_write(CatalogStore *store, const char *project, GError **error)
{
    bool archived = false;
    if (!features_registry_archived(store, project, &archived, error) || !archived) {
        return !archived;
    }
    base_fail(error, BASE_E_PROJECT_ARCHIVED, "project `%s` is archived", project);
    base_error_hint(error, "weir features unarchive");
    return false;
}

typedef struct {
    CatalogStore *store;
    const CatalogSnapshot *after;
    const GPtrArray *versions;
    const CatalogObject *object; /* that is checked */
} Check;

static bool last_number(CatalogStore *store, const CatalogObject *view, unsigned *ret, GError **error)
{
    const char *names[] = {view->domain, view->name};
    g_autoptr(json_t) rows = catalog_store_sql(
        store, "SELECT last FROM features_numbers WHERE domain = ?1 AND view = ?2", names, 2, error);
    *ret = rows ? (unsigned)base_json_int(json_array_get(rows, 0), "last", 0) : 0;
    return rows != NULL;
}

/* The version that the view will have. */
static bool next_number(const Check *check, const CatalogObject *view, unsigned *ret, GError **error)
{
    const FeaturesVersion *newest = newest_of(check->versions, view);
    unsigned last = 0;
    if (!last_number(check->store, view, &last, error)) {
        return false;
    }
    g_autoptr(json_t) spec = features_spec_make(check->after, view, error);
    if (!spec) {
        return false;
    }
    features_spec_follow(spec, newest, last + 1, check->after);
    g_autofree char *hash = features_spec_hash(spec);
    *ret = newest && g_str_equal(newest->hash, hash) ? newest->version : last + 1;
    return true;
}

static bool is_kept(const GPtrArray *versions, const CatalogObject *view, gint64 number)
{
    for (guint i = 0; i < versions->len; i++) {
        const FeaturesVersion *version = g_ptr_array_index(versions, i);
        if (version->version == number && g_str_equal(version->view, view->name) &&
            g_str_equal(version->domain, view->domain)) {
            return true;
        }
    }
    return false;
}

/* "view@v2" must be there, or come with this apply. */
static bool check_pin(const Check *check, const char *ref, GError **error)
{
    const char *at = strchr(ref, '@');
    gint64 wanted = 0;
    g_autofree char *number = at ? g_strndup(at + 1, strcspn(at + 1, ":")) : NULL;
    if (!number || g_ascii_strcasecmp(number, "latest") == 0) {
        return true;
    }
    g_autofree char *name = g_strndup(ref, (gsize)(at - ref));
    const CatalogObject *view =
        features_find(check->after, CATALOG_FEATURE_VIEW, name, check->object->domain, error);
    unsigned next = 0;
    if (!view || !next_number(check, view, &next, error)) {
        return false;
    }
    bool numbered =
        g_ascii_tolower(number[0]) == 'v' && base_text_to_int(number + 1, 1, G_MAXUINT32, &wanted);
    if (numbered && (wanted == next || is_kept(check->versions, view, wanted))) {
        return true;
    }
    base_fail(error, BASE_E_FEATURE_UNKNOWN, "feature view `%s` has no version `%s`", view->full_name,
              number);
    base_error_hint(error, "it is v%u with this apply; weir features history %s", next, view->name);
    return false;
}

static bool check_refs(const Check *check, const char *key, GError **error)
{
    const json_t *refs = json_object_get(check->object->definition, key);
    size_t n = json_is_array(refs) ? json_array_size(refs) : refs ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *ref = json_is_array(refs) ? json_array_get(refs, i) : refs;
        const char *text = json_is_string(ref) ? json_string_value(ref) : base_json_string(ref, "view", "");
        if (!check_pin(check, text, error)) {
            return false;
        }
    }
    return true;
}

static bool check_object(const Check *check, const json_t *entities, GError **error)
{
    const CatalogObject *object = check->object;
    if (object->kind == CATALOG_ENTITY) {
        return check_entity(check->after, object, entities, error);
    }
    if (object->kind == CATALOG_FEATURE_SERVICE) {
        return check_refs(check, "features", error);
    }
    if (object->kind != CATALOG_FEATURE_VIEW) {
        return true;
    }
    g_autoptr(json_t) spec = features_spec_make(check->after, object, error);
    return spec && check_refs(check, "inputs", error);
}

/* Each service must be what a call can ask for: keys that are renamed, columns of one name. */
static bool check_services(CatalogStore *store, const CatalogSnapshot *after, GError **error)
{
    g_autoptr(FeaturesRegistry) registry = NULL;
    const GPtrArray *objects = catalog_objects(after);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind != CATALOG_FEATURE_SERVICE) {
            continue;
        }
        if (!registry) {
            registry = features_registry_load(store, (CatalogSnapshot *)(guintptr)after, error);
        }
        g_autoptr(FeaturesSelection) selection =
            registry ? features_select(registry, NULL, object->full_name, true, error) : NULL;
        if (!selection) {
            base_error_place(error, object->file, object->line, object->column);
            base_error_not_done(error, "Nothing was applied.");
            return false;
        }
    }
    return true;
}

bool features_registry_may_apply(CatalogStore *store, const CatalogSnapshot *after, GError **error)
{
    if (!features_registry_may_write(store, catalog_project_name(after), error)) {
        base_error_not_done(error, "Nothing was applied.");
        return false;
    }
    g_autoptr(json_t) entities =
        catalog_store_sql(store, "SELECT entity, types FROM features_entities", NULL, 0, error);
    g_autoptr(GPtrArray) versions = entities ? features_versions_read(store, error) : NULL;
    const GPtrArray *objects = catalog_objects(after);
    for (guint i = 0; versions && i < objects->len; i++) {
        Check check = {.store = store, .after = after, .versions = versions};
        check.object = g_ptr_array_index(objects, i);
        if (!check_object(&check, entities, error)) {
            base_error_place(error, check.object->file, check.object->line, check.object->column);
            base_error_not_done(error, "Nothing was applied.");
            return false;
        }
    }
    return versions && check_services(store, after, error);
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

/* Which versions of its inputs an on-demand view is made of now: what it goes on with once it is old. */
static void pin_inputs(json_t *spec, const CatalogSnapshot *applied, const CatalogObject *view,
                       const GPtrArray *versions)
{
    json_t *pins = json_object_get(spec, "pins");
    size_t i;
    json_t *input;
    json_array_foreach ((json_t *)(guintptr)meaning_of(spec, "inputs"), i, input) {
        const char *name = base_json_string(input, "view", "");
        const CatalogObject *from =
            strchr(name, '@') ? NULL : features_find(applied, CATALOG_FEATURE_VIEW, name, view->domain, NULL);
        const FeaturesVersion *newest = from ? newest_of(versions, from) : NULL;
        if (newest) {
            base_json_set_int(pins, name, newest->version);
        }
    }
}

static bool record_view(CatalogStore *store, const CatalogSnapshot *applied, const CatalogObject *view,
                        const GPtrArray *versions, const char *user, GError **error)
{
    g_autoptr(json_t) spec = features_spec_make(applied, view, NULL);
    if (!spec) { /* its source went after it was applied: what is kept stays the newest */
        return true;
    }
    const FeaturesVersion *newest = newest_of(versions, view);
    unsigned last = 0;
    if (!last_number(store, view, &last, error)) {
        return false;
    }
    features_spec_follow(spec, newest, last + 1, applied);
    pin_inputs(spec, applied, view, versions);
    g_autofree char *hash = features_spec_hash(spec);
    return (newest && g_str_equal(newest->hash, hash)) ||
           write_version(store, view, last + 1, spec, user, newest ? "changed" : "added", error);
}

static bool record_views(CatalogStore *store, const CatalogSnapshot *applied, const char *user,
                         bool on_demand, GError **error)
{
    g_autoptr(GPtrArray) versions = features_versions_read(store, error);
    const GPtrArray *objects = catalog_objects(applied);
    bool ok = versions != NULL;
    for (guint i = 0; ok && i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        const CatalogFeatures *info = object->features;
        if (object->kind == CATALOG_FEATURE_VIEW && on_demand == (info && info->n_inputs > 0)) {
            ok = record_view(store, applied, object, versions, user, error);
        }
    }
    return ok;
}

bool features_registry_record(CatalogStore *store, const CatalogSnapshot *applied, const char *user,
                              GError **error)
{
    const GPtrArray *objects = catalog_objects(applied);
    bool ok =
        record_views(store, applied, user, false, error) && record_views(store, applied, user, true, error);
    for (guint i = 0; ok && i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        ok = object->kind != CATALOG_ENTITY || record_entity(store, applied, object, error);
    }
    return ok;
}
