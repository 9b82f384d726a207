/* Types of features: the words that declare them, and what an expression gives, found by preparing it in the
 * parser's engine over columns with the types of the view's source. */
#include <string.h>

#include "catalog/resolve_int.h"
#include "engine/sql.h"

#define ALIAS "source"

const char *catalog_feature_type_sql(const char *word)
{
    static const char *const types[][2] = {{"int32", "INTEGER"},
                                           {"int64", "BIGINT"},
                                           {"float", "FLOAT"},
                                           {"double", "DOUBLE"},
                                           {"string", "VARCHAR"},
                                           {"bytes", "BLOB"},
                                           {"bool", "BOOLEAN"},
                                           {"timestamp", "TIMESTAMP WITH TIME ZONE"},
                                           {"array(int32)", "INTEGER[]"},
                                           {"array(int64)", "BIGINT[]"},
                                           {"array(float)", "FLOAT[]"},
                                           {"array(double)", "DOUBLE[]"},
                                           {"array(string)", "VARCHAR[]"},
                                           {"array(bytes)", "BLOB[]"},
                                           {"array(bool)", "BOOLEAN[]"},
                                           {"array(timestamp)", "TIMESTAMP WITH TIME ZONE[]"}};
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_str_equal(types[i][0], word)) {
            return types[i][1];
        }
    }
    return "";
}

/* ---- expressions --------------------------------------------------------------------------------------- */

typedef struct {
    CatalogBuild *build;
    CatalogItem *item;
    char *from;        /* "FROM (SELECT CAST(NULL AS BIGINT) AS a, ...) AS source" */
    const char *first; /* a column of it */
} Binding;

/* What stands after FROM: columns with the types of the source, no rows. NULL when a type is not known. */
static char *binding_from(const CatalogObject *source)
{
    g_autoptr(GString) out = g_string_new(" FROM (SELECT ");
    if (!source || !source->columns || source->columns->len == 0 || catalog_node(source)->columns_open) {
        return NULL;
    }
    for (guint i = 0; i < source->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(source->columns, i);
        if (!*column->type) {
            return NULL;
        }
        g_string_append_printf(out, "%sCAST(NULL AS %s) AS ", i ? ", " : "", column->type);
        engine_sql_append_name(out, column->name);
    }
    g_string_append(out, ") AS " ALIAS);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool is_windowed(const json_t *feature)
{
    return json_object_get(feature, "window") != NULL;
}

/* The statement of feature i, or of all with (without) a window when i is SIZE_MAX. A row's feature stands
 * beside a column, so that an aggregate fails; HAVING makes anything but an aggregate fail. */
static char *binding_sql(const Binding *binding, size_t i, bool windowed)
{
    const json_t *features = json_object_get(binding->item->node->object.definition, "features");
    GString *sql = g_string_new("SELECT ");
    if (!windowed) {
        engine_sql_append_name(sql, binding->first);
    } else {
        g_string_append(sql, "1");
    }
    for (size_t k = 0; k < json_array_size(features); k++) {
        const json_t *feature = json_array_get(features, k);
        const char *expr = base_json_string(feature, "expr", NULL);
        if (expr && (i == SIZE_MAX ? is_windowed(feature) == windowed : k == i)) {
            g_string_append_printf(sql, ", (%s)", expr);
        }
    }
    g_string_append(sql, binding->from);
    g_string_append(sql, windowed ? " HAVING TRUE" : "");
    return g_string_free(sql, FALSE);
}

static const BaseYaml *expr_node(const CatalogItem *item, size_t i)
{
    const BaseYaml *features = base_yaml_get(item->yaml, "features", NULL);
    const BaseYaml *feature = features && features->type == BASE_YAML_LIST && i < features->items->len
                                  ? g_ptr_array_index(features->items, (guint)i)
                                  : NULL;
    return base_yaml_get(feature, "expr", NULL);
}

static void complain_feature(const Binding *binding, size_t i, bool windowed, const GError *error)
{
    EngineConn *conn = binding->build->parser;
    g_autofree char *other = binding_sql(binding, i, !windowed);
    g_autofree char *columns = catalog_bound_columns(conn, other, NULL);
    const BaseYaml *node = expr_node(binding->item, i);
    if (columns) {
        BaseDiag *diag = catalog_complain(binding->build, binding->item, node, BASE_E_VALUE_INVALID,
                                          windowed ? "with a window it must be an aggregate"
                                                   : "an aggregate needs a window");
        base_diag_hint(diag, windowed ? "such as sum(x), or take `window` out" : "window: 7d");
        return;
    }
    g_auto(GStrv) parts = g_strsplit(error->message, "\n", 2);
    BaseDiag *diag = catalog_complain(binding->build, binding->item, node, base_error_info(error)->code, "%s",
                                      parts[0] ? parts[0] : "");
    const char *hint = base_error_get_hint(error);
    if (hint) {
        base_diag_hint(diag, "%s", hint);
    }
}

/* An expression that makes several rows of one, or none: WHERE takes no such function, outside a subquery. */
static bool makes_rows(const Binding *binding, const char *expr)
{
    g_autofree char *folded = g_ascii_strdown(expr, -1);
    g_autoptr(GString) sql = g_string_new("SELECT ");
    if (!strstr(folded, "unnest")) {
        return false;
    }
    engine_sql_append_name(sql, binding->first);
    g_string_append_printf(sql, "%s WHERE (%s) IS NULL", binding->from, expr);
    g_autofree char *columns = catalog_bound_columns(binding->build->parser, sql->str, NULL);
    return !columns;
}

static void check_rows(const Binding *binding, size_t i, const char *expr)
{
    if (makes_rows(binding, expr)) {
        BaseDiag *diag = catalog_complain(binding->build, binding->item, expr_node(binding->item, i),
                                          BASE_E_VALUE_INVALID, "it makes several rows of one");
        base_diag_hint(diag,
                       "a subquery makes one value of a list: (SELECT sum(x) FROM unnest(list) AS t(x))");
    }
}

/* One statement for all; when it fails, one for each, to tell which. */
static void bind_group(const Binding *binding, bool windowed)
{
    const CatalogObject *view = &binding->item->node->object;
    const json_t *features = json_object_get(view->definition, "features");
    EngineConn *conn = binding->build->parser;
    g_autofree char *sql = binding_sql(binding, SIZE_MAX, windowed);
    g_autofree char *columns = catalog_bound_columns(conn, sql, NULL);
    g_auto(GStrv) lines = columns ? g_strsplit(columns, "\n", -1) : NULL;
    for (size_t i = 0, at = 1; i < json_array_size(features); i++) {
        const json_t *feature = json_array_get(features, i);
        if (!json_object_get(feature, "expr") || is_windowed(feature) != windowed) {
            continue;
        }
        g_autoptr(GError) error = NULL;
        g_autofree char *own_sql = columns ? NULL : binding_sql(binding, i, windowed);
        g_autofree char *own = columns ? NULL : catalog_bound_columns(conn, own_sql, &error);
        g_auto(GStrv) own_lines = own ? g_strsplit(own, "\n", -1) : NULL;
        const char *line = lines ? lines[at++] : own_lines ? own_lines[1] : NULL;
        const char *tab = line ? strrchr(line, '\t') : NULL;
        CatalogColumn *type = g_ptr_array_index(view->features->types, (guint)i);
        if (tab) {
            g_free(type->type);
            type->type = g_strdup(tab + 1);
            if (!windowed) {
                check_rows(binding, i, base_json_string(feature, "expr", ""));
            }
        } else if (error) {
            complain_feature(binding, i, windowed, error);
        }
    }
}

/* ---- views --------------------------------------------------------------------------------------------- */

static void bind_view(CatalogBuild *build, CatalogItem *item);

/* The types of inputs: as declared, else as the other view has them. */
static void type_inputs(CatalogBuild *build, CatalogItem *item)
{
    const CatalogFeatures *info = item->node->features_owned;
    for (size_t i = 0; i < info->n_inputs; i++) {
        const CatalogObject *view = catalog_input_view(build, item, &info->inputs[i]);
        CatalogItem *other = view ? g_hash_table_lookup(build->by_node, view) : NULL;
        CatalogColumn *column = (CatalogColumn *)(guintptr)catalog_columns_find(item->inputs->columns_owned,
                                                                                info->inputs[i].name);
        if (!other || strchr(info->inputs[i].view, '@')) {
            continue; /* the types of older versions are known to whoever keeps them */
        }
        bind_view(build, other);
        const CatalogColumn *type = catalog_columns_find(view->features->types, info->inputs[i].feature);
        if (type && column) {
            g_free(column->type);
            column->type = g_strdup(*type->type_declared ? type->type_declared : type->type);
        }
    }
}

static void start_types(CatalogBuild *build, CatalogItem *item)
{
    const CatalogObject *source = catalog_features_source(build, item);
    size_t i;
    json_t *feature;
    json_array_foreach (json_object_get(item->node->object.definition, "features"), i, feature) {
        const char *name = base_json_string(feature, "name", "");
        const CatalogColumn *column =
            source && !json_object_get(feature, "expr") ? catalog_columns_find(source->columns, name) : NULL;
        const char *declared = catalog_feature_type_sql(base_json_string(feature, "type", ""));
        CatalogColumn *type = catalog_column_new(name, column                       ? column->type
                                                       : catalog_view_is_push(item) ? declared
                                                                                    : "");
        g_free(type->type_declared);
        type->type_declared = g_strdup(declared);
        g_ptr_array_add((GPtrArray *)(guintptr)item->node->object.features->types, type);
    }
}

enum { UNSEEN, ENTERED, DONE };

static void bind_view(CatalogBuild *build, CatalogItem *item)
{
    if (item->state == ENTERED) {
        catalog_complain(build, item, base_yaml_get(item->yaml, "inputs", NULL), BASE_E_CYCLE,
                         "on-demand views are computed of each other in a circle: `%s`",
                         item->node->object.name);
    }
    if (item->state != UNSEEN) {
        return;
    }
    item->state = ENTERED;
    item->failed = item->failed || (item->query && item->query->failed);
    start_types(build, item);
    if (item->inputs) {
        type_inputs(build, item);
    }
    const CatalogObject *source = catalog_features_source(build, item);
    Binding binding = {.build = build, .item = item, .from = binding_from(source)};
    if (binding.from && !item->failed) {
        binding.first = ((const CatalogColumn *)g_ptr_array_index(source->columns, 0))->name;
        bind_group(&binding, false);
        bind_group(&binding, true);
    }
    g_free(binding.from);
    item->state = DONE;
}

void catalog_bind_features(CatalogBuild *build)
{
    for (guint i = 0; i < build->items->len; i++) {
        CatalogItem *item = g_ptr_array_index(build->items, i);
        if (item->node->object.kind == CATALOG_FEATURE_VIEW) {
            bind_view(build, item);
        }
    }
}
