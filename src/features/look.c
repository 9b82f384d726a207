/* The registry for people: lists, one view, what differs between versions, search; and forgetting versions.
 */
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "features/registry_int.h"

#define SEARCH_MAX_TERMS      8
#define SEARCH_MAX_TEXT_BYTES 1024

/* ---- one view ------------------------------------------------------------------------------------ */

static const char *from_name(FeaturesFrom from)
{
    static const char *const names[] = {"table", "sql", "push", "request"};
    return names[from];
}

/* A text without a language stands for both. */
static void set_label(json_t *out, const char *key, const json_t *definition)
{
    const json_t *label = json_object_get(definition, key);
    const char *text = json_string_value(label);
    g_autofree char *en = g_strconcat(key, "_en", NULL);
    g_autofree char *zh = g_strconcat(key, "_zh", NULL);
    base_json_set_string(out, en, text ? text : base_json_string(label, "en", ""));
    base_json_set_string(out, zh, text ? text : base_json_string(label, "zh", ""));
}

static json_t *span_text(gint64 us)
{
    static const struct {
        gint64 us;
        const char *unit;
    } units[] = {{G_TIME_SPAN_DAY, "d"},
                 {G_TIME_SPAN_HOUR, "h"},
                 {G_TIME_SPAN_MINUTE, "m"},
                 {G_TIME_SPAN_SECOND, "s"}};
    for (size_t i = 0; us > 0 && i < G_N_ELEMENTS(units); i++) {
        if (us % units[i].us == 0) {
            g_autofree char *text =
                g_strdup_printf("%" G_GINT64_FORMAT "%s", us / units[i].us, units[i].unit);
            return json_string(text);
        }
    }
    return us > 0 ? json_sprintf("%.6fs", (double)us / G_USEC_PER_SEC) : json_null();
}

static json_t *keys_json(const FeaturesView *view)
{
    json_t *out = json_array();
    for (size_t i = 0; i < view->n_keys; i++) {
        const FeaturesKey *key = &view->keys[i];
        json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:s}", "name", key->name, "entity", key->entity,
                                             "stored", key->stored, "type", features_type_name(key->type)));
    }
    return out;
}

static json_t *feature_json(const FeaturesFeature *feature)
{
    json_t *out = json_object();
    base_json_set_string(out, "name", feature->name);
    base_json_set_string(out, "type", features_type_name(feature->type));
    base_json_set_string(out, "expr", feature->expr);
    json_object_set_new(out, "window", span_text(feature->window_us));
    json_t *missing = json_object_get(feature->definition, "default");
    json_object_set(out, "default", missing ? missing : json_null());
    set_label(out, "title", feature->definition);
    set_label(out, "description", feature->definition);
    json_t *tags = json_object_get(feature->definition, "tags");
    json_object_set_new(out, "tags", tags ? json_incref(tags) : json_array());
    return out;
}

static json_t *call_json(const FeaturesView *view, json_t *out)
{
    json_t *request = json_array(), *inputs = json_array();
    for (size_t i = 0; i < view->n_request; i++) {
        json_array_append_new(request, json_pack("{s:s, s:s}", "name", view->request[i].name, "type",
                                                 features_type_name(view->request[i].type)));
    }
    for (size_t i = 0; i < view->n_inputs; i++) {
        const FeaturesInput *input = &view->inputs[i];
        json_array_append_new(inputs, json_pack("{s:s, s:s, s:s, s:s}", "view", input->view, "feature",
                                                input->feature, "name", input->name, "type",
                                                features_type_name(input->type)));
    }
    json_object_set_new(out, "request", request);
    json_object_set_new(out, "inputs", inputs);
    return out;
}

static json_t *entities_json(const FeaturesView *view)
{
    json_t *out = json_array();
    for (size_t i = 0; i < view->n_keys; i++) {
        if (i == 0 || !g_str_equal(view->keys[i - 1].entity, view->keys[i].entity)) {
            json_array_append_new(out, json_string(view->keys[i].entity));
        }
    }
    return out;
}

/* What a list and a whole view both show. */
static json_t *head_json(const FeaturesView *view)
{
    json_t *out = json_object();
    base_json_set_string(out, "view", view->name);
    base_json_set_string(out, "domain", view->domain);
    base_json_set_int(out, "version", view->version);
    json_object_set_new(out, "latest", json_boolean(view->latest));
    set_label(out, "title", view->definition);
    base_json_set_string(out, "owner", base_json_string(view->definition, "owner", ""));
    json_t *tags = json_object_get(view->definition, "tags");
    json_object_set_new(out, "tags", tags ? json_incref(tags) : json_array());
    json_object_set_new(out, "entities", entities_json(view));
    base_json_set_string(out, "from", from_name(view->from));
    base_json_set_string(out, "table", view->table);
    json_object_set_new(out, "ttl", span_text(view->ttl_us));
    json_object_set_new(out, "online", json_boolean(view->online));
    base_json_set_string(out, "gone", view->gone);
    return out;
}

json_t *features_view_to_json(const FeaturesView *view)
{
    json_t *out = head_json(view);
    json_t *features = json_array();
    for (size_t i = 0; i < view->n_features; i++) {
        json_array_append_new(features, feature_json(&view->features[i]));
    }
    set_label(out, "description", view->definition);
    base_json_set_string(out, "stored", view->stored);
    base_json_set_string(out, "hash", view->hash);
    base_json_set_string(out, "relation", view->relation);
    base_json_set_string(out, "time", view->time);
    base_json_set_string(out, "created", view->created);
    base_json_set_string(out, "bound", view->exclusive ? "exclusive" : "inclusive");
    json_object_set_new(out, "keys", keys_json(view));
    json_object_set_new(out, "features", features);
    json_t *checks = json_object_get(view->definition, "checks");
    json_object_set_new(out, "checks", checks ? json_incref(checks) : json_array());
    return call_json(view, out);
}

/* ---- all ---------------------------------------------------------------------------------------------- */

static json_t *versions_json(const FeaturesRegistry *registry, const FeaturesView *view)
{
    json_t *out = json_array();
    for (guint i = 0; i < registry->views->len; i++) {
        const FeaturesView *other = g_ptr_array_index(registry->views, i);
        if (g_str_equal(other->name, view->name) && g_str_equal(other->domain, view->domain)) {
            json_array_append_new(out, json_integer(other->version));
        }
    }
    return out;
}

static json_t *services_json(const FeaturesRegistry *registry)
{
    json_t *out = json_array();
    const GPtrArray *objects = catalog_objects(registry->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind != CATALOG_FEATURE_SERVICE) {
            continue;
        }
        json_t *service = json_object();
        base_json_set_string(service, "service", object->name);
        base_json_set_string(service, "domain", object->domain);
        base_json_set_string(service, "title_en", object->title_en);
        base_json_set_string(service, "title_zh", object->title_zh);
        base_json_set_string(service, "owner", object->owner);
        json_object_set(service, "features", json_object_get(object->definition, "features"));
        json_array_append_new(out, service);
    }
    return out;
}

json_t *features_registry_list(const FeaturesRegistry *registry)
{
    json_t *views = json_array();
    for (guint i = 0; i < registry->views->len; i++) {
        const FeaturesView *view = g_ptr_array_index(registry->views, i);
        if (view->latest) {
            json_t *out = head_json(view);
            base_json_set_int(out, "features", (gint64)view->n_features);
            json_object_set_new(out, "versions", versions_json(registry, view));
            json_array_append_new(views, out);
        }
    }
    return json_pack("{s:s, s:o, s:o}", "project", features_registry_project(registry), "views", views,
                     "services", services_json(registry));
}

/* ---- search ------------------------------------------------------------------------------------------- */

typedef struct {
    char *terms[SEARCH_MAX_TERMS];
    size_t n;
} Terms;

static void append_said(GString *out, const json_t *definition)
{
    static const char *const keys[] = {"name", "title", "aliases", "tags", "description", "owner", NULL};
    g_autoptr(GString) said = g_string_new(NULL);
    for (size_t i = 0; keys[i]; i++) {
        base_json_append_texts(said, json_object_get(definition, keys[i]));
    }
    g_autofree char *folded = g_utf8_strdown(said->str, -1);
    g_string_append_printf(out, "%s\n", folded);
}

/* The feature's own words, then those of its view and entities: where a term stands decides the rank. */
static int score(const FeaturesRegistry *registry, const FeaturesView *view, const FeaturesFeature *feature,
                 const Terms *terms)
{
    g_autoptr(GString) own = g_string_new(NULL), around = g_string_new(NULL);
    append_said(own, feature->definition);
    append_said(around, view->definition);
    for (size_t i = 0; i < view->n_keys; i++) {
        const CatalogObject *entity =
            features_find(registry->snapshot, CATALOG_ENTITY, view->keys[i].entity, view->domain, NULL);
        append_said(around, entity ? entity->definition : NULL);
    }
    int total = 0;
    for (size_t i = 0; i < terms->n; i++) {
        int points = g_str_equal(feature->name, terms->terms[i]) ? 100
                     : strstr(feature->name, terms->terms[i])    ? 50
                     : strstr(own->str, terms->terms[i])         ? 30
                     : strstr(view->name, terms->terms[i])       ? 20
                     : strstr(around->str, terms->terms[i])      ? 10
                                                                 : 0;
        if (points == 0) {
            return 0;
        }
        total += points;
    }
    return total;
}

typedef struct {
    const FeaturesView *view;
    const FeaturesFeature *feature;
    int score;
} Hit;

static gint by_score(gconstpointer a, gconstpointer b)
{
    const Hit *x = a, *y = b;
    int order = strcmp(x->view->name, y->view->name);
    return x->score != y->score ? y->score - x->score
           : order              ? order
                                : strcmp(x->feature->name, y->feature->name);
}

static void split_terms(const char *text, Terms *terms)
{
    g_autofree char *folded = g_utf8_strdown(text, -1);
    g_auto(GStrv) parts = g_strsplit_set(folded, " \t\n,", -1);
    for (size_t i = 0; parts[i] && terms->n < SEARCH_MAX_TERMS; i++) {
        if (*parts[i]) {
            terms->terms[terms->n++] = g_strdup(parts[i]);
        }
    }
}

static json_t *hit_json(const Hit *hit)
{
    json_t *out = feature_json(hit->feature);
    base_json_set_string(out, "view", hit->view->name);
    base_json_set_int(out, "version", hit->view->version);
    base_json_set_string(out, "domain", hit->view->domain);
    json_object_set_new(out, "entities", entities_json(hit->view));
    return out;
}

json_t *features_registry_search(const FeaturesRegistry *registry, const char *text, size_t limit,
                                 GError **error)
{
    if (strlen(text) > SEARCH_MAX_TEXT_BYTES || !base_text_utf8_valid(text, strlen(text))) {
        base_fail(error, BASE_E_REQUEST_INVALID, "a search text is UTF-8 of at most %d bytes",
                  SEARCH_MAX_TEXT_BYTES);
        return NULL;
    }
    Terms terms = {0};
    split_terms(text, &terms);
    g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(Hit));
    for (guint i = 0; terms.n && i < registry->views->len; i++) {
        const FeaturesView *view = g_ptr_array_index(registry->views, i);
        for (size_t k = 0; view->latest && k < view->n_features; k++) {
            Hit hit = {.view = view, .feature = &view->features[k]};
            hit.score = score(registry, view, hit.feature, &terms);
            if (hit.score > 0) {
                g_array_append_val(hits, hit);
            }
        }
    }
    g_array_sort(hits, by_score);
    json_t *out = json_array();
    for (guint i = 0; i < hits->len && i < limit; i++) {
        json_array_append_new(out, hit_json(&g_array_index(hits, Hit, i)));
    }
    for (size_t i = 0; i < terms.n; i++) {
        g_free(terms.terms[i]);
    }
    return out;
}

/* ---- what differs ---------------------------------------------------------------------------------------
 */

static bool equal_or_both_null(const json_t *a, const json_t *b)
{
    bool no_a = !a || json_is_null(a), no_b = !b || json_is_null(b);
    return no_a || no_b ? no_a && no_b : json_equal(a, b);
}

static void note_change(json_t *changed, const char *what, json_t *before, json_t *after)
{
    json_array_append_new(changed,
                          json_pack("{s:s, s:O?, s:O?}", "what", what, "before", before, "after", after));
}

static void compare_keys(json_t *before, json_t *after, const char *prefix, const char *const *keys,
                         json_t *changed)
{
    for (size_t i = 0; keys[i]; i++) {
        json_t *a = json_object_get(before, keys[i]), *b = json_object_get(after, keys[i]);
        if (!equal_or_both_null(a, b)) {
            g_autofree char *what = g_strconcat(prefix, keys[i], NULL);
            note_change(changed, what, a, b);
        }
    }
}

static json_t *diff_json(json_t *before, json_t *after)
{
    static const char *const of_view[] = {"from",  "relation", "time",    "created", "ttl",
                                          "bound", "keys",     "request", "inputs",  NULL};
    static const char *const of_feature[] = {"type", "expr", "window", "default", NULL};
    json_t *added = json_array(), *removed = json_array(), *changed = json_array();
    const json_t *old = json_object_get(before, "features"), *now = json_object_get(after, "features");
    compare_keys(before, after, "", of_view, changed);
    size_t i;
    json_t *feature;
    json_array_foreach ((json_t *)(guintptr)now, i, feature) {
        const char *name = base_json_string(feature, "name", "");
        json_t *was = base_json_find(old, "name", name);
        g_autofree char *prefix = g_strdup_printf("%s.", name);
        if (was) {
            compare_keys(was, feature, prefix, of_feature, changed);
        } else {
            json_array_append_new(added, json_string(name));
        }
    }
    json_array_foreach ((json_t *)(guintptr)old, i, feature) {
        const char *name = base_json_string(feature, "name", "");
        if (!base_json_find(now, "name", name)) {
            json_array_append_new(removed, json_string(name));
        }
    }
    return json_pack("{s:o, s:o, s:o}", "added", added, "removed", removed, "changed", changed);
}

json_t *features_registry_diff(const FeaturesRegistry *registry, const char *before, const char *after,
                               GError **error)
{
    const FeaturesView *a = features_registry_view(registry, before, error);
    const FeaturesView *b = a ? features_registry_view(registry, after, error) : NULL;
    if (!b) {
        return NULL;
    }
    g_autoptr(json_t) x = features_view_to_json(a);
    g_autoptr(json_t) y = features_view_to_json(b);
    json_t *out = diff_json(x, y);
    json_object_set_new(out, "before", json_sprintf("%s@v%u", a->name, a->version));
    json_object_set_new(out, "after", json_sprintf("%s@v%u", b->name, b->version));
    return out;
}

/* ---- history --------------------------------------------------------------------------------------------
 */

static json_t *whole_of(const json_t *row, FeaturesArena *arena, GError **error)
{
    const char *text = base_json_string(row, "spec", "");
    g_autoptr(json_t) spec = base_json_parse(text, strlen(text), error);
    FeaturesViewName name = {.project = "",
                             .domain = base_json_string(row, "domain", ""),
                             .name = base_json_string(row, "view", ""),
                             .version = (unsigned)base_json_int(row, "version", 0)};
    FeaturesView *view = spec ? features_view_new(&name, spec, arena, error) : NULL;
    json_t *out = view ? features_view_to_json(view) : NULL;
    features_view_free(view);
    return out;
}

/* One line of the history; `before` is the version below, NULL for the first. */
static json_t *history_row(const json_t *row, json_t *before, json_t *after)
{
    json_t *out = json_object();
    base_json_set_string(out, "domain", base_json_string(row, "domain", ""));
    base_json_set_string(out, "view", base_json_string(row, "view", ""));
    base_json_set_int(out, "version", base_json_int(row, "version", 0));
    base_json_set_time(out, "at", base_json_int(row, "at_us", 0));
    base_json_set_string(out, "user", base_json_string(row, "user", ""));
    base_json_set_string(out, "hash", base_json_string(row, "hash", ""));
    base_json_set_string(out, "change", base_json_string(row, "change", ""));
    json_object_set_new(out, "diff", before ? diff_json(before, after) : json_null());
    return out;
}

static bool same_view(const json_t *a, const json_t *b)
{
    return a && b && g_str_equal(base_json_string(a, "view", ""), base_json_string(b, "view", "")) &&
           g_str_equal(base_json_string(a, "domain", ""), base_json_string(b, "domain", ""));
}

json_t *features_registry_history(CatalogStore *store, const char *view, GError **error)
{
    const char *dot = view ? strchr(view, '.') : NULL;
    g_autofree char *domain = dot ? g_strndup(view, (gsize)(dot - view)) : NULL;
    const char *values[] = {dot ? dot + 1 : view, domain};
    g_autoptr(json_t) rows = catalog_store_sql(store,
                                               "SELECT domain, view, version, at_us, user, hash, change, "
                                               "spec FROM features_versions WHERE (?1 IS NULL OR "
                                               "view = ?1 COLLATE NOCASE) AND (?2 IS NULL OR domain = ?2 "
                                               "COLLATE NOCASE) ORDER BY view, domain, version "
                                               "DESC",
                                               values, G_N_ELEMENTS(values), error);
    if (!rows) {
        return NULL;
    }
    if (view && json_array_size(rows) == 0) {
        base_fail(error, BASE_E_FEATURE_UNKNOWN, "no version of a feature view `%s` is kept", view);
        return NULL;
    }
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(json_t) out = json_array();
    g_autoptr(json_t) whole = json_array_size(rows) ? whole_of(json_array_get(rows, 0), arena, error) : NULL;
    for (size_t i = 0; whole && i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *below = json_array_get(rows, i + 1);
        json_t *next = below ? whole_of(below, arena, error) : json_null();
        if (!next) {
            return NULL;
        }
        json_array_append_new(out, history_row(row, same_view(row, below) ? next : NULL, whole));
        json_decref(whole);
        whole = next;
    }
    return json_array_size(out) == json_array_size(rows) ? g_steal_pointer(&out) : NULL;
}

/* ---- forgetting -------------------------------------------------------------------------------------------
 */

/* A definition that names this version, "view@v2" with or without a feature. */
static bool names_version(const json_t *refs, const FeaturesView *view)
{
    size_t n = json_is_array(refs) ? json_array_size(refs) : refs ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *ref = json_is_array(refs) ? json_array_get(refs, i) : refs;
        const char *text = json_is_string(ref) ? json_string_value(ref) : base_json_string(ref, "view", "");
        g_autofree char *name = g_strndup(text, strcspn(text, ":"));
        const char *dot = strchr(name, '.');
        g_autofree char *wanted = g_strdup_printf("%s@v%u", view->name, view->version);
        if (g_ascii_strcasecmp(dot ? dot + 1 : name, wanted) == 0) {
            return true;
        }
    }
    return false;
}

static bool fail_in_use(const FeaturesView *view, const char *by, GError **error)
{
    base_fail(error, BASE_E_FEATURE_IN_USE, "`%s@v%u` %s", view->name, view->version, by);
    base_error_not_done(error, "Nothing was forgotten.");
    return false;
}

/* Views computed of it: by name, or as an older version that was made of it. */
static bool check_views(const FeaturesRegistry *registry, const FeaturesView *view, GError **error)
{
    g_autofree char *wanted = g_strdup_printf("%s@v%u", view->name, view->version);
    for (guint i = 0; i < registry->views->len; i++) {
        const FeaturesView *other = g_ptr_array_index(registry->views, i);
        for (size_t k = 0; k < other->n_inputs; k++) {
            const char *name = other->inputs[k].view, *dot = strchr(name, '.');
            if (g_ascii_strcasecmp(dot ? dot + 1 : name, wanted) == 0) {
                g_autofree char *by = g_strdup_printf("is an input of `%s@v%u`", other->name, other->version);
                return fail_in_use(view, by, error);
            }
        }
    }
    return true;
}

static bool check_use(const FeaturesRegistry *registry, const FeaturesView *view, GError **error)
{
    if (view->latest) {
        return fail_in_use(view, "is the newest version", error);
    }
    const GPtrArray *objects = catalog_objects(registry->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind == CATALOG_FEATURE_SERVICE &&
            names_version(json_object_get(object->definition, "features"), view)) {
            g_autofree char *by = g_strdup_printf("is pinned by feature service `%s`", object->full_name);
            return fail_in_use(view, by, error);
        }
    }
    return check_views(registry, view, error);
}

const FeaturesView *features_registry_prunable(const FeaturesRegistry *registry, const char *version,
                                               GError **error)
{
    if (!strchr(version, '@')) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` names no version", version);
        base_error_hint(error, "such as %s@v1", version);
        return NULL;
    }
    const FeaturesView *view = features_registry_view(registry, version, error);
    return view && check_use(registry, view, error) ? view : NULL;
}

bool features_registry_prune(CatalogStore *store, const FeaturesRegistry *registry, const char *version,
                             GError **error)
{
    const FeaturesView *view = features_registry_prunable(registry, version, error);
    if (!view) {
        return false;
    }
    g_autofree char *number = g_strdup_printf("%u", view->version);
    const char *values[] = {view->domain, view->name, number};
    return catalog_store_exec(store,
                              "DELETE FROM features_versions WHERE domain = ?1 AND view = ?2 AND version = "
                              "CAST(?3 AS INTEGER)",
                              values, G_N_ELEMENTS(values), error);
}

/* ---- archived projects
 * ------------------------------------------------------------------------------------- */

bool features_registry_archive(CatalogStore *store, const char *project, bool archive, const char *user,
                               GError **error)
{
    g_autofree char *at = g_strdup_printf("%" G_GINT64_FORMAT, base_time_now_us());
    const char *values[] = {project, at, user ? user : ""};
    return archive ? catalog_store_exec(store,
                                        "INSERT OR IGNORE INTO features_archived VALUES (?1, CAST(?2 AS "
                                        "INTEGER), ?3)",
                                        values, 3, error)
                   : catalog_store_exec(store, "DELETE FROM features_archived WHERE project = ?1", values, 1,
                                        error);
}

bool features_registry_archived(CatalogStore *store, const char *project, bool *ret, GError **error)
{
    g_autoptr(json_t) rows = catalog_store_sql(
        store, "SELECT 1 AS one FROM features_archived WHERE project = ?1", &project, 1, error);
    *ret = rows && json_array_size(rows) > 0;
    return rows != NULL;
}
