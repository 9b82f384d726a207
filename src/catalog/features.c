/* Entities and feature views: where the rows of a view come from, what its features stand on. Their types are
 * told in feature_types.c.
 *
 * A view has one of four sources: a table, model or stream (`source`); a SELECT of its own (`sql`), which is
 * read as a model is, though it is no object of the project; rows that are pushed (`push`); or a call: fields
 * of the request and features of other views (`request`, `inputs`: on demand). What expressions may name
 * stands as columns of one relation in each case, so that one walk finds unknown names and lineage, and one
 * prepare in the parser's engine finds types and what else is wrong. */
#include "base/text.h"
#include "catalog/resolve_int.h"

#define TABLE_KINDS (1u << CATALOG_TABLE | 1u << CATALOG_MODEL)
#define SEPARATOR   "__" /* between view and feature in full names */

/* ---- names -------------------------------------------------------------------------------------- */

static void check_separator(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, const char *what)
{
    if (node && node->type == BASE_YAML_SCALAR && strstr(node->text, SEPARATOR)) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_NAME_INVALID, "`%s` is no name for %s",
                                          node->text, what);
        base_diag_hint(diag, "`__` stands between view and feature in full names");
    }
}

static void check_feature_name(CatalogBuild *build, CatalogItem *item, const BaseYaml *node)
{
    static const char *const reserved[] = {"event_timestamp", "created_timestamp", NULL};
    check_separator(build, item, node, "a feature");
    if (node && node->type == BASE_YAML_SCALAR && g_strv_contains(reserved, node->text)) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_NAME_INVALID,
                                          "`%s` is reserved: no feature can have that name", node->text);
        base_diag_hint(diag, "it is the time of rows; another name, with `expr: %s`", node->text);
    }
}

/* Names of views are keys in stores and have no domain there; case does not tell them apart. "x_v2" is where
 * version 2 of `x` is stored. */
static const CatalogItem *clashes(const CatalogItem *a, const CatalogItem *b)
{
    const char *x = a->node->object.name, *y = b->node->object.name;
    if (g_ascii_strcasecmp(x, y) == 0) {
        return b;
    }
    size_t len = strlen(y);
    gint64 number;
    bool version = g_ascii_strncasecmp(x, y, len) == 0 && strncmp(x + len, "_v", 2) == 0 &&
                   base_text_to_int(x + len + 2, 1, G_MAXUINT32, &number);
    return version ? b : NULL;
}

static void check_view_names(CatalogBuild *build)
{
    for (guint i = 0; i < build->items->len; i++) {
        CatalogItem *item = g_ptr_array_index(build->items, i);
        for (guint k = 0; item->node->object.kind == CATALOG_FEATURE_VIEW && k < build->items->len; k++) {
            const CatalogItem *other = g_ptr_array_index(build->items, k);
            bool same = g_ascii_strcasecmp(item->node->object.name, other->node->object.name) == 0;
            if (k == i || other->node->object.kind != CATALOG_FEATURE_VIEW || item->duplicate ||
                other->duplicate || (same && k > i) || !clashes(item, other)) {
                continue;
            }
            BaseDiag *diag =
                catalog_complain(build, item, base_yaml_get(item->yaml, "name", NULL), BASE_E_NAME_DUPLICATE,
                                 same ? "feature view `%s` is defined in another domain too"
                                      : "`%s` is how a version of another feature view is stored",
                                 item->node->object.name);
            base_diag_hint(diag,
                           "the other one is in %s:%u; names of feature views hold for the whole project",
                           other->node->object.file, other->node->object.line);
        }
    }
}

/* ---- entities ----------------------------------------------------------------------------------------- */

static void check_key_type(CatalogBuild *build, CatalogItem *item, const BaseYaml *node)
{
    static const char *const words[] = {"int32", "int64",     "string", "bytes",
                                        "bool",  "timestamp", "uuid",   NULL};
    if (node->type != BASE_YAML_SCALAR || g_strv_contains(words, node->text)) {
        return;
    }
    BaseDiag *diag =
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`type` cannot be `%s`", node->text);
    const char *nearest = base_text_nearest(node->text, words);
    base_diag_hint(diag, "%s%s%sone of int32, int64, string, bytes, bool, timestamp, uuid",
                   nearest ? "did you mean `" : "", nearest ? nearest : "", nearest ? "`? It is " : "");
}

void catalog_bind_entity(CatalogBuild *build, CatalogItem *item)
{
    const BaseYaml *type = base_yaml_get(item->yaml, "type", NULL);
    const BaseYaml *key = base_yaml_get(item->yaml, "key", NULL);
    check_separator(build, item, base_yaml_get(item->yaml, "name", NULL), "an entity");
    if (type && type->type == BASE_YAML_SCALAR) {
        check_key_type(build, item, type);
    }
    for (guint i = 0; type && type->type == BASE_YAML_LIST && i < type->items->len; i++) {
        check_key_type(build, item, g_ptr_array_index(type->items, i));
    }
    guint n = key && key->type == BASE_YAML_LIST ? key->items->len : 1;
    if (type && type->type == BASE_YAML_LIST && type->items->len != n) {
        catalog_complain(build, item, type, BASE_E_VALUE_INVALID, "%u types for %u key columns",
                         type->items->len, n);
    }
}

/* The name of the source's column for key i of an entity, as `entities` says it. */
static const BaseYaml *key_node(const BaseYaml *use, const char *key, guint i)
{
    const BaseYaml *node = base_yaml_get(use, "key", NULL);
    if (node && node->type == BASE_YAML_MAP) {
        return base_yaml_get(node, key, NULL);
    }
    return node && node->type == BASE_YAML_LIST && i < node->items->len ? g_ptr_array_index(node->items, i)
                                                                        : node;
}

/* ---- the sources
 * -------------------------------------------------------------------------------------------- */

static void bind_query(CatalogBuild *build, CatalogItem *view, const BaseYaml *sql)
{
    const CatalogObject *own = &view->node->object;
    CatalogItem *item = g_new0(CatalogItem, 1);
    item->file = view->file;
    item->query_of = view;
    item->node =
        catalog_node_new(CATALOG_MODEL, *own->domain ? own->domain : CATALOG_DEFAULT_DOMAIN, own->name);
    CatalogObject *object = &item->node->object;
    CatalogModelInfo *model = item->node->model_owned = g_new0(CatalogModelInfo, 1);
    g_autofree char *text = g_strdup(sql->text);
    g_strchomp(text);
    if (g_str_has_suffix(text, ";")) {
        text[strlen(text) - 1] = '\0';
    }
    model->kind = CATALOG_MODEL_VIEW;
    model->sql = g_strdup(text);
    model->sql_resolved = g_strdup(text);
    model->sql_line = sql->line;
    model->key = (const char *const *)g_new0(char *, 1);
    object->model = model;
    object->definition = json_object();
    object->columns = item->node->columns_owned =
        g_ptr_array_new_with_free_func((GDestroyNotify)catalog_column_free);
    item->node->columns_open = true;
    const char **texts[] = {&object->file,           &object->title_en,       &object->title_zh,
                            &object->description_en, &object->description_zh, &object->owner,
                            &object->grade,          &object->status,         &object->layer};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        *texts[i] = g_strdup(i == 0 ? own->file : "");
    }
    catalog_node_seal(item->node);
    g_ptr_array_add(build->items, item);
    g_hash_table_insert(build->by_node, object, item);
    view->query = item;
    view->node->query_owned = catalog_node_ref(item->node);
    view->node->features_owned->query = object;
}

/* Which keys go with which source; the bits of SOURCES. */
static const struct {
    const char *key;
    bool source, on_demand, push;
} VIEW_KEYS[] = {
    {"source", true, false, false},  {"sql", true, false, false},    {"push", false, false, true},
    {"request", false, true, false}, {"inputs", false, true, false}, {"entities", true, false, true},
    {"time", true, false, true},     {"created", true, false, true}, {"ttl", true, false, true},
    {"bound", true, false, true},    {"where", true, false, false},  {"schedule", true, false, true},
};

bool catalog_view_is_push(const CatalogItem *item)
{
    return base_json_bool(item->node->object.definition, "push", false);
}

static bool is_on_demand(const CatalogItem *item)
{
    return base_yaml_get(item->yaml, "request", NULL) || base_yaml_get(item->yaml, "inputs", NULL);
}

static void check_source(CatalogBuild *build, CatalogItem *item)
{
    bool source = base_yaml_get(item->yaml, "source", NULL), sql = base_yaml_get(item->yaml, "sql", NULL);
    bool push = catalog_view_is_push(item), on_demand = is_on_demand(item);
    if (source + sql + push + on_demand != 1) {
        BaseDiag *diag = catalog_complain(
            build, item, base_yaml_get(item->yaml, "name", NULL),
            (source + sql + push + on_demand) > 0 ? BASE_E_VALUE_INVALID : BASE_E_KEY_MISSING,
            "a feature view has one of `source`, `sql`, `push: true`, or `request` "
            "and `inputs`");
        base_diag_hint(diag, "source: a table, model or stream; request and inputs: computed on demand");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(VIEW_KEYS); i++) {
        const BaseYaml *key = NULL;
        bool fits = push ? VIEW_KEYS[i].push : on_demand ? VIEW_KEYS[i].on_demand : VIEW_KEYS[i].source;
        if (base_yaml_get(item->yaml, VIEW_KEYS[i].key, &key) && !fits &&
            !g_str_equal(VIEW_KEYS[i].key, "push")) {
            catalog_complain(build, item, key, BASE_E_VALUE_INVALID, "`%s` does not go with %s",
                             VIEW_KEYS[i].key,
                             push        ? "`push`"
                             : on_demand ? "`request` and `inputs`"
                                         : "`source` and `sql`");
        }
    }
    if ((source || sql) && !base_yaml_get(item->yaml, "time", NULL)) {
        BaseDiag *diag = catalog_complain(build, item, base_yaml_get(item->yaml, "name", NULL),
                                          BASE_E_KEY_MISSING, "a feature view has no `time`");
        base_diag_hint(diag, "the column with the time at which a row's values became true");
    }
}

static void bind_feature(CatalogBuild *build, CatalogItem *item, const BaseYaml *feature)
{
    const BaseYaml *expr = base_yaml_get(feature, "expr", NULL), *key = NULL;
    check_feature_name(build, item, base_yaml_get(feature, "name", NULL));
    if (is_on_demand(item) && !expr) {
        catalog_complain(build, item, feature, BASE_E_KEY_MISSING, "a feature on demand has no `expr`");
    }
    if (catalog_view_is_push(item) && expr) {
        BaseDiag *diag =
            catalog_complain(build, item, expr, BASE_E_VALUE_INVALID, "what is pushed is the feature");
        base_diag_hint(diag, "take `expr` out, or compute it in a view with `inputs`");
    }
    if (catalog_view_is_push(item) && !base_yaml_get(feature, "type", NULL)) {
        catalog_complain(build, item, feature, BASE_E_KEY_MISSING, "a feature that is pushed has no `type`");
    }
    if (base_yaml_get(feature, "window", &key) && (!expr || is_on_demand(item))) {
        BaseDiag *diag =
            catalog_complain(build, item, key, BASE_E_VALUE_INVALID, "`window` is of an aggregate");
        base_diag_hint(diag, "expr: \"sum(amount)\", window: 7d, over a source");
    }
}

void catalog_bind_feature_view(CatalogBuild *build, CatalogItem *item)
{
    CatalogFeatures *info = item->node->features_owned = g_new0(CatalogFeatures, 1);
    info->types = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_column_free);
    item->node->object.features = info;
    check_separator(build, item, base_yaml_get(item->yaml, "name", NULL), "a feature view");
    check_source(build, item);
    const BaseYaml *features = base_yaml_get(item->yaml, "features", NULL);
    for (guint i = 0; features && features->type == BASE_YAML_LIST && i < features->items->len; i++) {
        const BaseYaml *feature = g_ptr_array_index(features->items, i);
        if (feature->type == BASE_YAML_MAP) {
            bind_feature(build, item, feature);
        }
    }
    const BaseYaml *sql = base_yaml_get(item->yaml, "sql", NULL);
    if (sql && sql->type == BASE_YAML_SCALAR && *sql->text) {
        bind_query(build, item, sql);
    }
}

/* Where a stream lands is what is read of it. */
static const CatalogObject *named_source(const CatalogBuild *build, const CatalogObject *view)
{
    bool ambiguous = false;
    const char *text = base_json_string(view->definition, "source", NULL);
    const CatalogObject *source =
        text ? catalog_ref_find(build, TABLE_KINDS | 1u << CATALOG_STREAM, text, view->domain, &ambiguous)
             : NULL;
    const char *to =
        source && source->kind == CATALOG_STREAM ? base_json_string(source->definition, "to", NULL) : NULL;
    if (source && source->kind == CATALOG_STREAM) {
        return to ? catalog_ref_find(build, TABLE_KINDS, to, source->domain, &ambiguous) : NULL;
    }
    return source;
}

const CatalogObject *catalog_features_source(const CatalogBuild *build, const CatalogItem *item)
{
    return item->query    ? &item->query->node->object
           : item->inputs ? &item->inputs->object
                          : named_source(build, &item->node->object);
}

/* ---- inputs of on-demand views ----------------------------------------------------------------------------
 */

typedef struct {
    GArray *inputs; /* CatalogFeatureInput */
    CatalogNode *node;
} Inputs;

static void add_input(Inputs *inputs, const char *view, const char *feature)
{
    CatalogFeatureInput input = {
        .view = g_strdup(view), .feature = g_strdup(feature), .name = g_strdup(feature)};
    g_array_append_val(inputs->inputs, input);
}

static void add_ref(const CatalogBuild *build, Inputs *inputs, const CatalogObject *own, const char *ref)
{
    bool ambiguous = false;
    const char *colon = strchr(ref, ':');
    g_autofree char *asked = colon ? g_strndup(ref, (gsize)(colon - ref)) : g_strdup(ref);
    g_autofree char *name = g_strndup(asked, strcspn(asked, "@"));
    const CatalogObject *view =
        catalog_ref_find(build, 1u << CATALOG_FEATURE_VIEW, name, own->domain, &ambiguous);
    size_t i;
    json_t *feature;
    if (colon) {
        add_input(inputs, asked, colon + 1);
        return;
    }
    json_array_foreach (view ? json_object_get(view->definition, "features") : NULL, i, feature) {
        add_input(inputs, asked, base_json_string(feature, "name", ""));
    }
}

/* Where two inputs, or an input and a field, have one name, the view's stands before it. */
static void name_inputs(Inputs *inputs)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    const GPtrArray *columns = inputs->node->columns_owned;
    for (guint i = 0; i < columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(columns, i);
        g_hash_table_insert(seen, column->name, GUINT_TO_POINTER(1));
    }
    for (guint i = 0; i < inputs->inputs->len; i++) {
        const char *name = g_array_index(inputs->inputs, CatalogFeatureInput, i).feature;
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(seen, name));
        g_hash_table_insert(seen, (gpointer)(guintptr)name, GUINT_TO_POINTER(n + 1));
    }
    for (guint i = 0; i < inputs->inputs->len; i++) {
        CatalogFeatureInput *input = &g_array_index(inputs->inputs, CatalogFeatureInput, i);
        if (GPOINTER_TO_UINT(g_hash_table_lookup(seen, input->feature)) > 1) {
            g_autofree char *view = g_strndup(input->view, strcspn(input->view, "@"));
            const char *dot = strchr(view, '.');
            g_free((gpointer)(guintptr)input->name);
            input->name = g_strdup_printf("%s" SEPARATOR "%s", dot ? dot + 1 : view, input->feature);
        }
        g_ptr_array_add(inputs->node->columns_owned, catalog_column_new(input->name, ""));
    }
}

static void resolve_inputs(CatalogBuild *build, CatalogItem *item)
{
    const CatalogObject *own = &item->node->object;
    Inputs inputs = {.inputs = g_array_new(FALSE, FALSE, sizeof(CatalogFeatureInput))};
    inputs.node = item->inputs =
        catalog_node_new(CATALOG_MODEL, *own->domain ? own->domain : CATALOG_DEFAULT_DOMAIN, own->name);
    inputs.node->columns_owned = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_column_free);
    inputs.node->object.columns = inputs.node->columns_owned;
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(own->definition, "request"), i, entry) {
        const char *type = catalog_feature_type_sql(base_json_string(entry, "type", ""));
        g_ptr_array_add(inputs.node->columns_owned,
                        catalog_column_new(base_json_string(entry, "name", ""), type));
    }
    const json_t *refs = json_object_get(own->definition, "inputs");
    if (json_is_string(refs)) {
        add_ref(build, &inputs, own, json_string_value(refs));
    }
    json_array_foreach ((json_t *)(guintptr)refs, i, entry) {
        if (json_is_string(entry)) {
            add_ref(build, &inputs, own, json_string_value(entry));
        }
    }
    name_inputs(&inputs);
    item->node->features_owned->n_inputs = inputs.inputs->len;
    item->node->features_owned->inputs = (CatalogFeatureInput *)(void *)g_array_free(inputs.inputs, FALSE);
}

void catalog_resolve_feature_inputs(CatalogBuild *build)
{
    check_view_names(build);
    for (guint i = 0; i < build->items->len; i++) {
        CatalogItem *item = g_ptr_array_index(build->items, i);
        if (item->node->object.kind == CATALOG_FEATURE_VIEW && is_on_demand(item)) {
            resolve_inputs(build, item);
        }
    }
}

/* ---- edges
 * ------------------------------------------------------------------------------------------------- */

static const CatalogFeatureInput *input_named(const CatalogItem *item, const char *name)
{
    const CatalogFeatures *info = item->node->features_owned;
    for (size_t i = 0; i < info->n_inputs; i++) {
        if (g_ascii_strcasecmp(info->inputs[i].name, name) == 0) {
            return &info->inputs[i];
        }
    }
    return NULL;
}

const CatalogObject *catalog_input_view(const CatalogBuild *build, const CatalogItem *item,
                                        const CatalogFeatureInput *input)
{
    bool ambiguous = false;
    g_autofree char *name = g_strndup(input->view, strcspn(input->view, "@"));
    return catalog_ref_find(build, 1u << CATALOG_FEATURE_VIEW, name, item->node->object.domain, &ambiguous);
}

static void edge_input(CatalogBuild *build, CatalogItem *item, const CatalogOrigin *origin,
                       const char *feature, CatalogHow how)
{
    const CatalogFeatureInput *input = input_named(item, origin->column);
    const CatalogObject *view = input ? catalog_input_view(build, item, input) : NULL;
    if (view) {
        catalog_snapshot_edge(build->snapshot, view, input->feature, &item->node->object, feature,
                              catalog_how_name(how));
    }
}

static void edge_query(CatalogBuild *build, CatalogItem *item, const CatalogOrigin *origin,
                       const char *feature, CatalogHow how)
{
    const CatalogColumnsResult *result = item->query->columns;
    for (size_t i = 0; result && i < result->n_outputs; i++) {
        const CatalogOutput *output = &result->outputs[i];
        if (!output->name || g_ascii_strcasecmp(output->name, origin->column) != 0) {
            continue;
        }
        for (size_t k = 0; output->origins && k < output->origins->n; k++) {
            const CatalogOrigin *from = &output->origins->items[k];
            catalog_snapshot_edge(build->snapshot, from->object, from->column, &item->node->object, feature,
                                  catalog_how_name(MAX(how, from->how)));
        }
    }
}

void catalog_features_edge(CatalogBuild *build, CatalogItem *item, const CatalogOrigin *origin,
                           const char *feature, CatalogHow how)
{
    if (!origin->column) {
        return;
    }
    if (item->inputs) {
        edge_input(build, item, origin, feature, how);
    } else if (item->query && origin->object == &item->query->node->object) {
        edge_query(build, item, origin, feature, how);
    } else {
        catalog_snapshot_edge(build->snapshot, origin->object, origin->column, &item->node->object, feature,
                              catalog_how_name(how));
    }
}

/* ---- columns of the source
 * ------------------------------------------------------------------------------------ */

/* A column that a view reads: it must be there, and it flows into the view. */
static void read_column(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, const char *name,
                        const char *feature, CatalogHow how)
{
    const CatalogObject *source = catalog_features_source(build, item);
    bool open = true;
    const GPtrArray *columns = source ? catalog_known_columns(build, source, &open) : NULL;
    const CatalogColumn *column = catalog_columns_find(columns, name);
    if (columns && !open && !column) {
        catalog_complain_column(build, item, node, name, source);
    } else if (column) {
        CatalogOrigin origin = {.object = source, .column = column->name};
        catalog_features_edge(build, item, &origin, feature, how);
    }
}

static void check_time(CatalogBuild *build, CatalogItem *item, const char *key)
{
    const BaseYaml *node = base_yaml_get(item->yaml, key, NULL);
    if (node && node->type == BASE_YAML_SCALAR) {
        read_column(build, item, node, node->text, NULL, CATALOG_HOW_FILTER);
    }
}

static void complain_key_feature(CatalogBuild *build, CatalogItem *item, const char *key)
{
    const BaseYaml *features = base_yaml_get(item->yaml, "features", NULL);
    for (guint i = 0; features && features->type == BASE_YAML_LIST && i < features->items->len; i++) {
        const BaseYaml *name = base_yaml_get(g_ptr_array_index(features->items, i), "name", NULL);
        if (name && name->type == BASE_YAML_SCALAR && g_ascii_strcasecmp(name->text, key) == 0) {
            BaseDiag *diag = catalog_complain(build, item, name, BASE_E_NAME_DUPLICATE,
                                              "feature `%s` has the name of a key of the view", key);
            base_diag_hint(diag, "another name, with `expr: %s`", key);
        }
    }
}

static void check_key(CatalogBuild *build, CatalogItem *item, const BaseYaml *use, const char *key, guint i)
{
    const BaseYaml *column = use->type == BASE_YAML_MAP ? key_node(use, key, i) : NULL;
    if (column && column->type != BASE_YAML_SCALAR) {
        catalog_complain(build, item, column, BASE_E_VALUE_INVALID,
                         "`key` must be a column, or {key: column}");
        return;
    }
    const char *name = column ? column->text : key;
    complain_key_feature(build, item, name);
    read_column(build, item, column ? column : use, name, NULL, CATALOG_HOW_DIRECT);
}

static void check_entity_use(CatalogBuild *build, CatalogItem *item, const BaseYaml *use)
{
    bool ambiguous = false;
    const BaseYaml *name = use->type == BASE_YAML_MAP ? base_yaml_get(use, "entity", NULL) : use;
    const CatalogObject *entity =
        name && name->type == BASE_YAML_SCALAR
            ? catalog_ref_find(build, 1u << CATALOG_ENTITY, name->text, item->node->object.domain, &ambiguous)
            : NULL;
    const json_t *key = entity ? json_object_get(entity->definition, "key") : NULL;
    const BaseYaml *said = base_yaml_get(use, "key", NULL), *unknown = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < (json_is_array(key) ? json_array_size(key) : key ? 1 : 0); i++) {
        const char *text = json_string_value(json_is_array(key) ? json_array_get(key, i) : key);
        g_ptr_array_add(names, (gpointer)(guintptr)(text ? text : ""));
        check_key(build, item, use, text ? text : "", (guint)i);
    }
    if (said && said->type == BASE_YAML_SCALAR && names->len > 1) {
        catalog_complain(build, item, said, BASE_E_VALUE_INVALID, "entity `%s` has %u keys: {key: column}",
                         entity->name, names->len);
    }
    g_ptr_array_add(names, NULL);
    for (guint i = 0; entity && said && said->type == BASE_YAML_MAP && i < said->keys->len; i++) {
        unknown = g_ptr_array_index(said->keys, i);
        if (!g_strv_contains((const char *const *)names->pdata, unknown->text)) {
            BaseDiag *diag = catalog_complain(build, item, unknown, BASE_E_KEY_UNKNOWN,
                                              "entity `%s` has no key `%s`", entity->name, unknown->text);
            base_diag_hint_nearest(diag, unknown->text, (const char *const *)names->pdata);
        }
    }
}

static void check_landing(CatalogBuild *build, CatalogItem *item)
{
    bool ambiguous = false;
    const BaseYaml *node = base_yaml_get(item->yaml, "source", NULL);
    const CatalogObject *stream =
        node && node->type == BASE_YAML_SCALAR
            ? catalog_ref_find(build, 1u << CATALOG_STREAM, node->text, item->node->object.domain, &ambiguous)
            : NULL;
    if (stream && !catalog_features_source(build, item)) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_VALUE_INVALID,
                                          "stream `%s` lands in no table", stream->name);
        base_diag_hint(diag, "give the stream `to`: a table");
    }
}

void catalog_check_feature_view(CatalogBuild *build, CatalogItem *item)
{
    check_landing(build, item);
    check_time(build, item, "time");
    check_time(build, item, "created");
    const BaseYaml *entities = base_yaml_get(item->yaml, "entities", NULL);
    guint n = entities && entities->type == BASE_YAML_LIST ? entities->items->len : entities ? 1 : 0;
    for (guint i = 0; i < n; i++) {
        check_entity_use(build, item,
                         entities->type == BASE_YAML_LIST ? g_ptr_array_index(entities->items, i) : entities);
    }
    const BaseYaml *features = base_yaml_get(item->yaml, "features", NULL);
    for (guint i = 0; features && features->type == BASE_YAML_LIST && i < features->items->len; i++) {
        const BaseYaml *feature = g_ptr_array_index(features->items, i);
        const BaseYaml *name = base_yaml_get(feature, "name", NULL);
        if (name && name->type == BASE_YAML_SCALAR && !base_yaml_get(feature, "expr", NULL) &&
            !item->inputs) {
            read_column(build, item, name, name->text, name->text, CATALOG_HOW_DIRECT);
        }
    }
}
