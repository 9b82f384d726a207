/* The spec of a feature view: what the catalog declares, resolved, as JSON that is whole in itself.
 *
 * It is made once, when a version is applied, and holds all that the view needs then: the relation, the
 * types of keys and features, the columns that it reads. Older versions are read back from it, whatever
 * became of the definition since. */
#include <string.h>

#include "base/text.h"
#include "engine/sql.h"
#include "features/registry_int.h"

/* ---- names ---------------------------------------------------------------------------------------- */

const CatalogObject *features_find(const CatalogSnapshot *snapshot, CatalogKind kind, const char *name,
                                   const char *domain, GError **error)
{
    g_autofree char *wanted = g_strdup_printf("%s:%s", catalog_kind_name(kind), name);
    g_autoptr(GError) own = NULL;
    const CatalogObject *object = catalog_find(snapshot, wanted, domain, &own);
    if (object && object->kind == kind) {
        return object;
    }
    if (own && own->code == BASE_E_NAME_AMBIGUOUS) {
        g_propagate_error(error, g_steal_pointer(&own));
        return NULL;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *one = g_ptr_array_index(objects, i);
        if (one->kind == kind) {
            g_ptr_array_add(names, (gpointer)(guintptr)one->name);
        }
    }
    base_fail(error, BASE_E_FEATURE_UNKNOWN, "no %s `%s` in project `%s`",
              kind == CATALOG_ENTITY            ? "entity"
              : kind == CATALOG_FEATURE_SERVICE ? "feature service"
                                                : "feature view",
              name, catalog_project_name(snapshot));
    g_ptr_array_add(names, NULL);
    const char *nearest = base_text_nearest(name, (const char *const *)names->pdata);
    if (nearest) {
        base_error_hint(error, "did you mean `%s`?", nearest);
    }
    return NULL;
}

static const CatalogObject *table_named(const CatalogSnapshot *snapshot, const char *name, const char *domain)
{
    const char *dot = strchr(name, '.');
    g_autofree char *schema = dot ? g_strndup(name, (gsize)(dot - name)) : NULL;
    return catalog_resolve_table(snapshot, schema, dot ? dot + 1 : name, domain, NULL);
}

/* ---- entities ----------------------------------------------------------------------------------------- */

static FeaturesType key_type(const char *text)
{
    return g_str_equal(text, "uuid") ? FEATURES_STRING : features_type_by_name(text);
}

static bool may_be_key(FeaturesType type)
{
    return type != FEATURES_INVALID && type <= FEATURES_TIMESTAMP && type != FEATURES_DOUBLE &&
           type != FEATURES_FLOAT;
}

static FeaturesType type_of_column(const GPtrArray *columns, const char *name)
{
    const CatalogColumn *column = catalog_columns_find(columns, name);
    return column && *column->type ? features_type_of_sql(column->type) : FEATURES_INVALID;
}

/* `type` is one word for all keys, or a list with one for each. */
static FeaturesType declared_key_type(const CatalogObject *entity, size_t i)
{
    const json_t *type = json_object_get(entity->definition, "type");
    const char *word = json_string_value(json_is_array(type) ? json_array_get(type, i) : type);
    return word ? key_type(word) : FEATURES_INVALID;
}

GArray *features_entity_types(const CatalogSnapshot *snapshot, const CatalogObject *entity,
                              GPtrArray *ret_names)
{
    GArray *types = g_array_new(FALSE, FALSE, sizeof(FeaturesType));
    const json_t *key = json_object_get(entity->definition, "key");
    const char *table = base_json_string(entity->definition, "table", NULL);
    const CatalogObject *source = table ? table_named(snapshot, table, entity->domain) : NULL;
    size_t n = json_is_array(key) ? json_array_size(key) : 1;
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_is_array(key) ? json_array_get(key, i) : key);
        if (!name) {
            continue;
        }
        FeaturesType type = declared_key_type(entity, i);
        if (type == FEATURES_INVALID && source) {
            type = type_of_column(source->columns, name);
        }
        g_ptr_array_add(ret_names, (gpointer)(guintptr)name);
        g_array_append_val(types, type);
    }
    return types;
}

/* ---- the spec ------------------------------------------------------------------------------------------ */

typedef struct {
    const CatalogSnapshot *snapshot;
    const CatalogObject *view;
    const json_t *definition;
    const CatalogObject *source; /* table or model; NULL for the other kinds */
    const GPtrArray *columns;    /* of what is read; NULL = not known */
    json_t *meaning, *reads, *pins;
} Spec;

static void note_read(Spec *spec, const CatalogObject *table, const char *column)
{
    json_t *list = json_object_get(spec->reads, table->full_name);
    if (!list) {
        list = json_array();
        json_object_set_new(spec->reads, table->full_name, list);
    }
    size_t i;
    json_t *known;
    json_array_foreach (list, i, known) {
        if (column && g_ascii_strcasecmp(json_string_value(known), column) == 0) {
            return;
        }
    }
    if (column) {
        json_array_append_new(list, json_string(column));
    }
}

/* What a definition says of the source's column for key `stored` of an entity: its name there. */
static const char *column_for_key(const json_t *use, const char *stored, size_t i)
{
    const json_t *key = json_object_get(use, "key");
    const char *name = json_is_object(key)  ? base_json_string(key, stored, NULL)
                       : json_is_array(key) ? json_string_value(json_array_get(key, i))
                                            : json_string_value(key);
    return name ? name : stored;
}

static bool add_key(Spec *spec, const CatalogObject *entity, const char *stored, const char *name,
                    FeaturesType type, json_t *keys, GError **error)
{
    type = type != FEATURES_INVALID ? type : type_of_column(spec->columns, name);
    const CatalogColumn *column = catalog_columns_find(spec->columns, name);
    if (column && *column->type && may_be_key(type) && !features_type_takes(type, column->type)) {
        base_fail(error, BASE_E_FEATURE_TYPE, "key `%s` of entity `%s` is %s, but the source has it as %s",
                  name, entity->name, features_type_name(type), column->type);
        base_error_hint(error, "cast it in a `sql:` of the view");
        return false;
    }
    if (!may_be_key(type)) {
        base_fail(error, BASE_E_FEATURE_TYPE, "the type of key `%s` of entity `%s` is not known", name,
                  entity->name);
        base_error_hint(error, "declare `type` on the entity: int32, int64, string, bytes, bool, timestamp");
        return false;
    }
    json_array_append_new(keys, json_pack("{s:s, s:s, s:s, s:s}", "name", name, "entity", entity->name,
                                          "stored", stored, "type", features_type_name(type)));
    if (spec->source) {
        note_read(spec, spec->source, name);
    }
    return true;
}

static const char *entity_of_use(const json_t *use)
{
    return json_is_string(use) ? json_string_value(use) : base_json_string(use, "entity", "");
}

/* Of an entity that stands twice in a view the keys are told apart by their columns. */
static bool stands_twice(const Spec *spec, const char *entity)
{
    const json_t *uses = json_object_get(spec->definition, "entities");
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(uses); i++) {
        n += g_str_equal(entity_of_use(json_array_get(uses, i)), entity);
    }
    return n > 1;
}

static bool add_entity(Spec *spec, const json_t *use, json_t *keys, GError **error)
{
    const char *text = entity_of_use(use);
    bool twice = stands_twice(spec, text);
    const CatalogObject *entity =
        features_find(spec->snapshot, CATALOG_ENTITY, text, spec->view->domain, error);
    if (!entity) {
        return false;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GArray) types = features_entity_types(spec->snapshot, entity, names);
    for (guint i = 0; i < names->len; i++) {
        const char *stored = g_ptr_array_index(names, i);
        const char *name = json_is_object(use) ? column_for_key(use, stored, i) : stored;
        if (!add_key(spec, entity, twice ? name : stored, name, g_array_index(types, FeaturesType, i), keys,
                     error)) {
            return false;
        }
    }
    return true;
}

static bool add_keys(Spec *spec, GError **error)
{
    json_t *keys = json_array();
    json_object_set_new(spec->meaning, "keys", keys);
    const json_t *entities = json_object_get(spec->definition, "entities");
    size_t n = json_is_array(entities) ? json_array_size(entities) : entities ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        if (!add_entity(spec, json_is_array(entities) ? json_array_get(entities, i) : entities, keys,
                        error)) {
            return false;
        }
    }
    return true;
}

/* What stands for feature i of a view: as declared, else as its expression gives it. */
static FeaturesType feature_type(const CatalogObject *view, size_t i)
{
    const json_t *feature = json_array_get(json_object_get(view->definition, "features"), i);
    const char *declared = base_json_string(feature, "type", NULL);
    const GPtrArray *types = view->features ? view->features->types : NULL;
    const CatalogColumn *bound = types && i < types->len ? g_ptr_array_index(types, i) : NULL;
    return declared                ? features_type_by_name(declared)
           : bound && *bound->type ? features_type_of_sql(bound->type)
                                   : FEATURES_INVALID;
}

static bool check_feature_type(const CatalogObject *view, size_t i, FeaturesType type, GError **error)
{
    const GPtrArray *types = view->features ? view->features->types : NULL;
    const CatalogColumn *bound = types && i < types->len ? g_ptr_array_index(types, i) : NULL;
    const json_t *feature = json_array_get(json_object_get(view->definition, "features"), i);
    const char *name = base_json_string(feature, "name", "");
    if (type == FEATURES_INVALID) {
        base_fail(error, BASE_E_FEATURE_TYPE, "the type of feature `%s` of `%s` is not known", name,
                  view->full_name);
        base_error_hint(error, "declare it: type: int64, double, string, ...");
        return false;
    }
    if (bound && *bound->type && !features_type_takes(type, bound->type)) {
        base_fail(error, BASE_E_FEATURE_TYPE,
                  "feature `%s` of `%s` is declared %s, but what it is read from is %s", name,
                  view->full_name, features_type_name(type), bound->type);
        base_error_hint(error, "declare the type that it has, or cast it: expr: \"CAST(%s AS %s)\"", name,
                        features_type_sql(type));
        return false;
    }
    return true;
}

static bool add_feature(Spec *spec, size_t i, json_t *features, GError **error)
{
    const json_t *feature = json_array_get(json_object_get(spec->definition, "features"), i);
    const char *name = base_json_string(feature, "name", "");
    const char *expr = base_json_string(feature, "expr", NULL);
    const char *window = base_json_string(feature, "window", NULL);
    FeaturesType type = feature_type(spec->view, i);
    if (!check_feature_type(spec->view, i, type, error)) {
        return false;
    }
    json_t *out = json_pack("{s:s, s:s}", "name", name, "type", features_type_name(type));
    json_array_append_new(features, out);
    if (expr) {
        base_json_set_string(out, "expr", expr);
    } else if (spec->source) {
        note_read(spec, spec->source, name);
    }
    gint64 window_us = 0;
    if (window && base_text_to_duration(window, &window_us)) {
        base_json_set_int(out, "window_us", window_us);
    }
    json_t *missing = json_object_get(feature, "default");
    if (!missing || json_is_null(missing)) {
        return true;
    }
    json_object_set(out, "default", missing);
    g_autoptr(FeaturesArena) arena = features_arena_new();
    FeaturesValue value;
    if (!features_value_of_json(missing, type, arena, &value, error)) {
        g_prefix_error(error, "the default of feature `%s` of `%s`: ", name, spec->view->full_name);
        return false;
    }
    return true;
}

static bool add_features(Spec *spec, GError **error)
{
    json_t *features = json_array();
    json_object_set_new(spec->meaning, "features", features);
    for (size_t i = 0; i < json_array_size(json_object_get(spec->definition, "features")); i++) {
        if (!add_feature(spec, i, features, error)) {
            return false;
        }
    }
    return true;
}

/* ---- where rows come from --------------------------------------------------------------------------------
 */

static void set_relation(Spec *spec, const char *inner)
{
    const char *where = base_json_string(spec->definition, "where", NULL);
    g_autofree char *filtered =
        where ? g_strdup_printf("(SELECT * FROM %s AS source WHERE %s\n)", inner, where) : NULL;
    base_json_set_string(spec->meaning, "relation", filtered ? filtered : inner);
}

/* A stream is read where it lands. */
static const CatalogObject *source_table(const Spec *spec, const char *name, GError **error)
{
    const CatalogObject *table = table_named(spec->snapshot, name, spec->view->domain);
    if (table) {
        return table;
    }
    g_autofree char *wanted = g_strdup_printf("stream:%s", name);
    const CatalogObject *stream = catalog_find(spec->snapshot, wanted, spec->view->domain, NULL);
    const char *to =
        stream && stream->kind == CATALOG_STREAM ? base_json_string(stream->definition, "to", NULL) : NULL;
    table = to ? table_named(spec->snapshot, to, stream->domain) : NULL;
    if (!table) {
        base_fail(error, BASE_E_FEATURE_UNKNOWN, "feature view `%s` reads `%s`, which is no table",
                  spec->view->full_name, name);
        base_error_hint(error, "a stream needs `to`: the table that it lands in");
    }
    return table;
}

static bool set_table(Spec *spec, const char *name, GError **error)
{
    spec->source = source_table(spec, name, error);
    if (!spec->source) {
        return false;
    }
    spec->columns = spec->source->columns;
    g_autoptr(GString) table = g_string_new(NULL);
    engine_sql_append_table(table, spec->source->domain, spec->source->name);
    base_json_set_string(spec->meaning, "from", "table");
    base_json_set_string(spec->meaning, "table", spec->source->full_name);
    set_relation(spec, table->str);
    return true;
}

static void set_times(Spec *spec)
{
    static const char *const keys[] = {"time", "created", NULL};
    for (size_t i = 0; keys[i]; i++) {
        const char *column = base_json_string(spec->definition, keys[i], NULL);
        if (column) {
            base_json_set_string(spec->meaning, keys[i], column);
            if (spec->source) {
                note_read(spec, spec->source, column);
            }
        }
    }
    gint64 ttl_us = 0;
    const char *ttl = base_json_string(spec->definition, "ttl", NULL);
    if (ttl && base_text_to_duration(ttl, &ttl_us)) {
        base_json_set_int(spec->meaning, "ttl_us", ttl_us);
    }
    if (g_str_equal(base_json_string(spec->definition, "bound", ""), "exclusive")) {
        json_object_set_new(spec->meaning, "exclusive", json_true());
    }
}

/* Columns that expressions use: the lineage knows them. */
static void note_lineage(Spec *spec)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(spec->snapshot, spec->view, NULL);
    for (guint i = 0; i < edges->len; i++) {
        const CatalogEdge *edge = g_ptr_array_index(edges, i);
        bool table = edge->from->kind == CATALOG_TABLE || edge->from->kind == CATALOG_MODEL;
        if (table) {
            note_read(spec, edge->from, edge->from_column);
        }
    }
}

static void set_query(Spec *spec, const CatalogObject *query)
{
    g_autofree char *inner = g_strdup_printf("(%s\n)", query->model->sql_resolved);
    base_json_set_string(spec->meaning, "from", "sql");
    spec->columns = query->columns;
    set_relation(spec, inner);
}

void features_spec_set_table(json_t *spec, const char *domain, const char *table)
{
    json_t *meaning = json_object_get(spec, "meaning");
    g_autofree char *full = g_strdup_printf("%s.%s", domain, table);
    g_autoptr(GString) relation = g_string_new(NULL);
    engine_sql_append_table(relation, domain, table);
    base_json_set_string(meaning, "table", full);
    base_json_set_string(meaning, "relation", relation->str);
}

static FeaturesType type_of_input(const Spec *spec, const CatalogFeatureInput *input, GError **error)
{
    g_autofree char *name = g_strndup(input->view, strcspn(input->view, "@"));
    const CatalogObject *view =
        features_find(spec->snapshot, CATALOG_FEATURE_VIEW, name, spec->view->domain, error);
    const json_t *features = view ? json_object_get(view->definition, "features") : NULL;
    for (size_t i = 0; i < json_array_size(features); i++) {
        if (g_str_equal(base_json_string(json_array_get(features, i), "name", ""), input->feature)) {
            return feature_type(view, i);
        }
    }
    if (view && !strchr(input->view, '@')) {
        base_fail(error, BASE_E_FEATURE_UNKNOWN, "feature view `%s` has no feature `%s`", view->full_name,
                  input->feature);
    }
    return FEATURES_INVALID; /* of an older version: it is known once versions are */
}

static bool set_inputs(Spec *spec, GError **error)
{
    const CatalogFeatures *info = spec->view->features;
    json_t *inputs = json_array(), *request = json_array();
    base_json_set_string(spec->meaning, "from", "request");
    json_object_set_new(spec->meaning, "inputs", inputs);
    json_object_set_new(spec->meaning, "request", request);
    for (size_t i = 0; i < info->n_inputs; i++) {
        g_autoptr(GError) own = NULL;
        FeaturesType type = type_of_input(spec, &info->inputs[i], &own);
        if (own) {
            g_propagate_error(error, g_steal_pointer(&own));
            return false;
        }
        json_array_append_new(inputs, json_pack("{s:s, s:s, s:s, s:s}", "view", info->inputs[i].view,
                                                "feature", info->inputs[i].feature, "name",
                                                info->inputs[i].name, "type", features_type_name(type)));
    }
    size_t i;
    json_t *field;
    json_array_foreach (json_object_get(spec->definition, "request"), i, field) {
        json_array_append_new(request, json_pack("{s:s, s:s}", "name", base_json_string(field, "name", ""),
                                                 "type", base_json_string(field, "type", "")));
    }
    return true;
}

static bool set_source(Spec *spec, json_t *out, GError **error)
{
    const char *source = base_json_string(spec->definition, "source", NULL);
    const CatalogObject *view = spec->view;
    if (source) {
        return set_table(spec, source, error);
    }
    if (view->features && view->features->query) {
        set_query(spec, view->features->query);
        return true;
    }
    if (base_json_bool(spec->definition, "push", false)) {
        g_autofree char *table = g_strconcat(FEATURES_PUSH_PREFIX, view->name, NULL);
        base_json_set_string(spec->meaning, "from", "push");
        base_json_set_string(spec->meaning, "time", FEATURES_PUSH_TIME);
        features_spec_set_table(out, *view->domain ? view->domain : "main", table);
        return true;
    }
    if (view->features && (json_object_get(spec->definition, "request") || view->features->n_inputs)) {
        return set_inputs(spec, error);
    }
    return base_fail(error, BASE_E_FEATURE_UNKNOWN, "feature view `%s` has no source", view->full_name);
}

json_t *features_spec_make(const CatalogSnapshot *snapshot, const CatalogObject *view, GError **error)
{
    Spec spec = {.snapshot = snapshot, .view = view, .definition = view->definition};
    g_autoptr(json_t) out = json_object();
    spec.meaning = json_object();
    spec.reads = json_object();
    spec.pins = json_object();
    json_object_set_new(out, "meaning", spec.meaning);
    json_object_set_new(out, "reads", spec.reads);
    json_object_set_new(out, "pins", spec.pins);
    json_object_set_new(out, "online", json_boolean(base_json_bool(view->definition, "online", true)));
    json_object_set(out, "definition", view->definition);
    if (!set_source(&spec, out, error) || !add_keys(&spec, error)) {
        return NULL;
    }
    set_times(&spec);
    if (!add_features(&spec, error)) {
        return NULL;
    }
    note_lineage(&spec);
    return g_steal_pointer(&out);
}

char *features_spec_hash(const json_t *spec)
{
    char *text = json_dumps(json_object_get(spec, "meaning"), JSON_COMPACT | JSON_SORT_KEYS);
    char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    free(text);
    return hash;
}

char *features_spec_gone(const json_t *spec, const CatalogSnapshot *snapshot)
{
    const char *name;
    const json_t *columns;
    json_object_foreach ((json_t *)(guintptr)json_object_get(spec, "reads"), name, columns) {
        const CatalogObject *table = table_named(snapshot, name, NULL);
        if (!table) {
            return g_strdup_printf("it reads table `%s`, which is gone", name);
        }
        size_t i;
        json_t *column;
        json_array_foreach (columns, i, column) {
            if (table->columns && table->columns->len &&
                !catalog_columns_find(table->columns, json_string_value(column))) {
                return g_strdup_printf("it reads column `%s` of `%s`, which is gone",
                                       json_string_value(column), name);
            }
        }
    }
    return NULL;
}
