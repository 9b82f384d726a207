/* Expressions in YAML (metrics, dimensions, features, feedback, checks, policies): parsed as `SELECT <expr>
 * FROM <table>`, their names looked up like a model's, their origins made edges. Whole SELECTs (reports,
 * alerts, tiles, checks) are looked up the same way. And what a kind asks of columns that the table of keys
 * cannot say: a metric's time is a column of its table, an entity's key of its own. */
#include "base/text.h"
#include "catalog/resolve_int.h"
#include "engine/sql.h"

#define BEFORE       "SELECT "
#define OF_MAX_DEPTH 32
#define TABLE_KINDS  (1u << CATALOG_TABLE | 1u << CATALOG_MODEL)

static const CatalogObject *named_object(CatalogBuild *build, const CatalogObject *own, const json_t *map,
                                         const char *key, guint32 kinds)
{
    bool ambiguous = false;
    const char *text = base_json_string(map, key, NULL);
    return text ? catalog_ref_find(build, kinds, text, own->domain, &ambiguous) : NULL;
}

/* The table of a metric: its own, or that of the metric it starts from. */
static const CatalogObject *metric_table(CatalogBuild *build, const CatalogObject *metric)
{
    for (int i = 0; metric && i < OF_MAX_DEPTH; i++) {
        const CatalogObject *table = named_object(build, metric, metric->definition, "table", TABLE_KINDS);
        if (table) {
            return table;
        }
        metric = named_object(build, metric, metric->definition, "of", 1u << CATALOG_METRIC);
    }
    return NULL;
}

static const CatalogObject *entity_table(CatalogBuild *build, const CatalogObject *entity)
{
    return entity ? named_object(build, entity, entity->definition, "table", TABLE_KINDS) : NULL;
}

static const CatalogObject *table_of(CatalogBuild *build, const CatalogExpr *expr)
{
    const CatalogObject *own = &expr->item->node->object;
    const BaseYaml *from = expr->map ? base_yaml_get(expr->map, "from", NULL) : NULL;
    bool ambiguous = false;
    switch (own->kind) {
    case CATALOG_METRIC:
        return metric_table(build, own);
    case CATALOG_DIMENSION: {
        const CatalogObject *table = named_object(build, own, own->definition, "table", TABLE_KINDS);
        return table ? table
                     : entity_table(
                           build, named_object(build, own, own->definition, "entity", 1u << CATALOG_ENTITY));
    }
    case CATALOG_FEATURE_VIEW:
        return catalog_features_source(build, expr->item);
    case CATALOG_RECOMMENDER:
        return from && from->text ? catalog_ref_find(build, TABLE_KINDS, from->text, own->domain, &ambiguous)
                                  : NULL;
    case CATALOG_TABLE:
    case CATALOG_MODEL:
        return own;
    case CATALOG_POLICY:
        return catalog_policy_table(build, expr->item);
    default:
        return NULL;
    }
}

static bool is_composite(const CatalogExpr *expr)
{
    const CatalogObject *own = &expr->item->node->object;
    return own->kind == CATALOG_METRIC && g_str_equal(expr->key, "expr") &&
           g_str_equal(base_json_string(own->definition, "type", ""), "composite");
}

/* The condition of an alert is over the rows of its query. */
static const BaseYaml *watched_query(const CatalogExpr *expr)
{
    bool condition = expr->item->node->object.kind == CATALOG_ALERT && g_str_equal(expr->key, "when");
    const BaseYaml *query = condition ? base_yaml_get(expr->item->yaml, "query", NULL) : NULL;
    return query && query->type == BASE_YAML_SCALAR ? query : NULL;
}

/* Texts that stand for the user who asks, as literals of the same length: places stay where they are. */
static void append_text(GString *sql, const CatalogExpr *expr)
{
    gsize from = sql->len;
    g_string_append(sql, expr->node->text);
    if (expr->item->node->object.kind == CATALOG_POLICY) {
        for (char *at; (at = strstr(sql->str + from, "$viewer.name")) != NULL;) {
            memcpy(at, "'viewername'", strlen("'viewername'"));
        }
        for (char *at; (at = strstr(sql->str + from, "$viewer.roles")) != NULL;) {
            memcpy(at, "['theroles ']", strlen("['theroles ']"));
        }
    }
}

static char *statement_of(CatalogBuild *build, const CatalogExpr *expr)
{
    const CatalogObject *table = is_composite(expr) || expr->whole ? NULL : table_of(build, expr);
    const BaseYaml *query = watched_query(expr);
    GString *sql = g_string_new(expr->whole ? "" : BEFORE);
    append_text(sql, expr);
    if (table) {
        g_string_append(sql, "\nFROM ");
        engine_sql_append_table(sql, table->domain, table->plain_name);
    } else if (query) {
        g_string_append_printf(sql, "\nFROM (%s\n) AS watched", query->text);
    }
    return g_string_free(sql, FALSE);
}

/* ---- complaints ------------------------------------------------------------------------------------------
 */

typedef struct {
    CatalogBuild *build;
    const CatalogExpr *expr;
} Asking;

static BaseDiag *complain_at(CatalogBuild *build, const CatalogExpr *expr, size_t offset, size_t len,
                             BaseErrorCode code, const char *message)
{
    const BaseYaml *node = expr->node;
    size_t before = expr->whole ? 0 : strlen(BEFORE);
    size_t at = offset == SIZE_MAX || offset < before ? 0 : offset - before;
    bool inside = offset != SIZE_MAX && at <= strlen(node->text) && !strchr(node->text, '\n');
    expr->item->failed = true;
    unsigned column = node->column + (inside ? (unsigned)at + node->quoted : 0);
    BaseDiag *diag =
        base_diags_add(build->diags, code, expr->item->file->path, node->line, column, "%s", message);
    diag->end_column = inside && len ? column + (unsigned)len : node->end_column;
    return diag;
}

static BaseDiag *complain(void *user, size_t offset, size_t len, BaseErrorCode code, const char *message)
{
    const Asking *asking = user;
    bool beyond = watched_query(asking->expr) && offset != SIZE_MAX &&
                  offset > strlen(BEFORE) + strlen(asking->expr->node->text);
    return beyond ? NULL /* in the query, which is looked at by itself */
                  : complain_at(asking->build, asking->expr, offset, len, code, message);
}

static void complain_syntax(CatalogBuild *build, const CatalogExpr *expr, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *alone = watched_query(expr) ? g_strconcat(BEFORE, expr->node->text, NULL) : NULL;
    g_autoptr(EngineTree) tree = engine_tree_parse(build->parser, alone ? alone : sql, &error);
    unsigned line = 0, column = 0;
    if (tree && alone) {
        return; /* it is the query that is wrong */
    }
    if (tree) {
        complain_at(build, expr, SIZE_MAX, 0, BASE_E_SQL_SYNTAX,
                    expr->whole ? "this is not one SELECT" : "this is not one expression");
        return;
    }
    base_error_get_file(error, &line, &column);
    BaseDiag *diag = complain_at(build, expr, line == 1 && column ? column - 1 : SIZE_MAX, 0,
                                 BASE_E_SQL_SYNTAX, error->message);
    if (expr->whole && table_of(build, expr)) {
        base_diag_hint(diag, "one SELECT whose rows are the wrong ones; `this` stands for the new table");
    }
}

/* ---- metrics of metrics
 * -------------------------------------------------------------------------------------- */

static const EngineNode *name_of_node(const EngineNode *node)
{
    return g_str_equal(engine_node_text(node, "class"), "COLUMN_REF") ? engine_node_get(node, "column_names")
                                                                      : NULL;
}

static void use_metric(CatalogBuild *build, const CatalogExpr *expr, const EngineNode *node,
                       const EngineNode *parts)
{
    g_autoptr(GString) name = g_string_new(NULL);
    for (size_t i = 0; i < engine_node_size(parts); i++) {
        g_string_append_printf(name, "%s%s", i ? "." : "", engine_node_string(engine_node_at(parts, i)));
    }
    bool ambiguous = false;
    const CatalogObject *own = &expr->item->node->object;
    const CatalogObject *metric =
        catalog_ref_find(build, 1u << CATALOG_METRIC, name->str, own->domain, &ambiguous);
    if (metric && metric != own) {
        catalog_snapshot_edge(build->snapshot, metric, NULL, own, NULL,
                              catalog_how_name(CATALOG_HOW_DERIVED));
        return;
    }
    int64_t at = 0;
    bool placed = engine_node_int(engine_node_get(node, "query_location"), &at);
    g_autofree char *message = metric ? g_strdup_printf("metric `%s` is made of itself", name->str)
                                      : g_strdup_printf("no metric `%s`", name->str);
    BaseDiag *diag = complain_at(build, expr, placed ? (size_t)at : SIZE_MAX, name->len,
                                 metric ? BASE_E_CYCLE : BASE_E_REFERENCE_UNKNOWN, message);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; !metric && i < build->snapshot->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(build->snapshot->objects, i);
        if (object->kind == CATALOG_METRIC) {
            g_ptr_array_add(names, (gpointer)(guintptr)object->name);
        }
    }
    g_ptr_array_add(names, NULL);
    if (!metric) {
        base_diag_hint_nearest(diag, name->str, (const char *const *)names->pdata);
    }
}

static void use_metrics(CatalogBuild *build, const CatalogExpr *expr, const EngineNode *node)
{
    const EngineNode *parts = name_of_node(node);
    if (parts) {
        use_metric(build, expr, node, parts);
        return;
    }
    EngineNodeIter iter = engine_node_iter(node);
    for (const EngineNode *member; (member = engine_node_next(&iter)) != NULL;) {
        use_metrics(build, expr, member);
    }
}

/* ---- columns
 * ---------------------------------------------------------------------------------------------------- */

/* What Weir and the engine keep of themselves: its columns are theirs to know. */
static CatalogNode system_table = {.object = {.kind = CATALOG_TABLE,
                                              .id = (char *)"",
                                              .domain = (char *)"",
                                              .name = (char *)"",
                                              .full_name = (char *)"",
                                              .plain_name = (char *)"",
                                              .plain_full_name = (char *)""},
                                   .columns_open = true};

static bool is_system(const char *schema)
{
    return *schema == '_' || g_ascii_strcasecmp(schema, "information_schema") == 0;
}

static const CatalogObject *find_table(void *user, const char *schema, const char *name, bool *ret_ambiguous)
{
    const Asking *asking = user;
    const CatalogObject *own = table_of(asking->build, asking->expr);
    bool rows = own && asking->expr->whole && !*schema && g_ascii_strcasecmp(name, "this") == 0;
    if (rows || (asking->expr->whole && is_system(schema))) {
        *ret_ambiguous = false;
        return rows ? own : &system_table.object;
    }
    if (own && g_str_equal(own->name, name) && g_str_equal(own->domain, schema)) {
        *ret_ambiguous = false; /* what a view's SELECT gives is no table of the project */
        return own;
    }
    return catalog_resolve_table(asking->build->snapshot, schema, name,
                                 asking->expr->item->node->object.domain, ret_ambiguous);
}

static const GPtrArray *columns_of(void *user, const CatalogObject *object, bool *ret_open)
{
    const Asking *asking = user;
    if (object == &system_table.object) {
        *ret_open = true;
        return NULL;
    }
    return catalog_known_columns(asking->build, object, ret_open);
}

static const char *const *table_names(void *user)
{
    const Asking *asking = user;
    return catalog_build_table_names(asking->build);
}

static const CatalogObject *implied(void *user, const char *name)
{
    const Asking *asking = user;
    bool ambiguous = false;
    const CatalogObject *own = &asking->expr->item->node->object;
    return entity_table(asking->build,
                        catalog_ref_find(asking->build, 1u << CATALOG_ENTITY, name, own->domain, &ambiguous));
}

static CatalogHow how_of(const CatalogExpr *expr, CatalogHow found)
{
    const CatalogObject *own = &expr->item->node->object;
    if (g_str_equal(expr->key, "where")) {
        return CATALOG_HOW_FILTER;
    }
    bool aggregates = own->kind == CATALOG_METRIC || (expr->map && base_yaml_get(expr->map, "window", NULL));
    return MAX(found, aggregates ? CATALOG_HOW_AGGREGATED : CATALOG_HOW_DIRECT);
}

static void add_edges(CatalogBuild *build, const CatalogExpr *expr, const CatalogColumnsResult *result)
{
    const CatalogObject *own = &expr->item->node->object;
    const BaseYaml *name = own->kind == CATALOG_FEATURE_VIEW ? base_yaml_get(expr->map, "name", NULL) : NULL;
    bool feature = name && name->type == BASE_YAML_SCALAR && g_str_equal(expr->key, "expr");
    const CatalogOrigins *origins = result->n_outputs ? result->outputs[0].origins : NULL;
    for (size_t i = 0; origins && i < origins->n; i++) {
        const CatalogOrigin *origin = &origins->items[i];
        if (own->kind == CATALOG_FEATURE_VIEW) {
            catalog_features_edge(build, expr->item, origin, feature ? name->text : NULL,
                                  how_of(expr, origin->how));
        } else if (origin->column) {
            catalog_snapshot_edge(build->snapshot, origin->object, origin->column, own,
                                  feature ? name->text : NULL, catalog_how_name(how_of(expr, origin->how)));
        }
    }
}

/* Checks and policies are about tables, they are not made from them. */
static bool shapes_lineage(CatalogKind kind)
{
    return kind != CATALOG_TABLE && kind != CATALOG_MODEL && kind != CATALOG_POLICY && kind != CATALOG_ALERT;
}

static void check_subject(CatalogBuild *build, const CatalogExpr *expr, const CatalogColumnsResult *query,
                          const BaseYaml *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < query->n_outputs; i++) {
        const char *output = query->outputs[i].name;
        if (!output || name->type != BASE_YAML_SCALAR || g_ascii_strcasecmp(output, name->text) == 0) {
            return; /* it is there, or may be: the engine names it */
        }
        g_ptr_array_add(names, (gpointer)(guintptr)output);
    }
    g_ptr_array_add(names, NULL);
    BaseDiag *diag = catalog_complain(build, expr->item, name, BASE_E_COLUMN_UNKNOWN,
                                      "the query has no column `%s`", name->text);
    base_diag_hint_nearest(diag, name->text, (const char *const *)names->pdata);
}

/* `by` of an alert names columns of its query. */
static void check_subjects(CatalogBuild *build, const CatalogExpr *expr, const CatalogColumnsResult *query)
{
    bool alert = expr->item->node->object.kind == CATALOG_ALERT;
    const BaseYaml *by = alert && !query->open ? base_yaml_get(expr->item->yaml, "by", NULL) : NULL;
    bool list = by && by->type == BASE_YAML_LIST;
    for (guint i = 0; by && i < (list ? by->items->len : 1); i++) {
        check_subject(build, expr, query, list ? g_ptr_array_index(by->items, i) : by);
    }
}

static void resolve_columns(CatalogBuild *build, CatalogExpr *expr, const char *sql)
{
    Asking asking = {.build = build, .expr = expr};
    CatalogColumnsContext context = {.sql = sql,
                                     .table = find_table,
                                     .columns = columns_of,
                                     .table_names = table_names,
                                     .complain = complain,
                                     .implied = implied,
                                     .user = &asking};
    CatalogColumnsResult result;
    catalog_columns_run(expr->tree, &context, &result);
    CatalogKind kind = expr->item->node->object.kind;
    if (expr->whole) {
        check_subjects(build, expr, &result);
    } else if (result.n_outputs != 1) {
        complain_at(build, expr, SIZE_MAX, 0, BASE_E_VALUE_INVALID, "this is not one expression");
    } else if (shapes_lineage(kind)) {
        add_edges(build, expr, &result);
    }
    catalog_columns_clear(&result);
}

/* ---- what kinds ask
 * -------------------------------------------------------------------------------------------- */

static void need_column(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, const char *name,
                        const CatalogObject *table)
{
    bool open = true;
    const GPtrArray *columns = table ? catalog_known_columns(build, table, &open) : NULL;
    if (columns && !open && !catalog_columns_find(columns, name)) {
        catalog_complain_column(build, item, node, name, table);
    }
}

/* The columns that key `key` names: they must be there, and they flow into the object. */
static void need_key_column(CatalogBuild *build, CatalogItem *item, const char *key,
                            const CatalogObject *table, CatalogHow how)
{
    const BaseYaml *node = base_yaml_get(item->yaml, key, NULL);
    guint n = node && node->type == BASE_YAML_LIST ? node->items->len : node ? 1 : 0;
    for (guint i = 0; table && i < n; i++) {
        const BaseYaml *name = node->type == BASE_YAML_LIST ? g_ptr_array_index(node->items, i) : node;
        if (name->type != BASE_YAML_SCALAR) {
            continue;
        }
        need_column(build, item, name, name->text, table);
        const CatalogColumn *column = catalog_columns_find(table->columns, name->text);
        if (column) {
            catalog_snapshot_edge(build->snapshot, table, column->name, &item->node->object, NULL,
                                  catalog_how_name(how));
        }
    }
}

static void need_keys(CatalogBuild *build, CatalogItem *item, const char *type, const char *const *keys)
{
    for (size_t i = 0; keys[i]; i++) {
        if (!base_yaml_get(item->yaml, keys[i], NULL)) {
            const char *article = strchr("aeiou", type[0]) ? "an" : "a";
            catalog_complain(build, item, base_yaml_get(item->yaml, "type", NULL), BASE_E_KEY_MISSING,
                             "%s %s metric has no `%s`", article, type, keys[i]);
        }
    }
}

static void check_metric(CatalogBuild *build, CatalogItem *item)
{
    static const char *const atomic[] = {"table", "agg", NULL};
    static const char *const derived[] = {"of", NULL};
    static const char *const composite[] = {"expr", NULL};
    const CatalogObject *metric = &item->node->object;
    const char *type = base_json_string(metric->definition, "type", "");
    if (g_str_equal(type, "atomic")) {
        need_keys(build, item, type, atomic);
        const char *agg = base_json_string(metric->definition, "agg", "");
        const BaseYaml *node = base_yaml_get(item->yaml, "agg", NULL);
        if (*agg && !g_str_equal(agg, "count") && !base_yaml_get(item->yaml, "expr", NULL)) {
            BaseDiag *diag =
                catalog_complain(build, item, node, BASE_E_KEY_MISSING, "`agg: %s` has no `expr`", agg);
            base_diag_hint(diag, "expr: names the column or expression");
        }
    } else if (g_str_equal(type, "derived")) {
        need_keys(build, item, type, derived);
    } else if (g_str_equal(type, "composite")) {
        need_keys(build, item, type, composite);
    }
    need_key_column(build, item, "time", metric_table(build, metric), CATALOG_HOW_FILTER);
}

/* Fields of a stream go to the columns of the same names. */
static void check_stream(CatalogBuild *build, CatalogItem *item)
{
    const CatalogObject *stream = &item->node->object;
    const CatalogObject *to = named_object(build, stream, stream->definition, "to", 1u << CATALOG_TABLE);
    size_t i;
    json_t *field;
    json_array_foreach (json_object_get(stream->definition, "schema"), i, field) {
        const char *name = base_json_string(field, "name", "");
        const CatalogColumn *column = to ? catalog_columns_find(to->columns, name) : NULL;
        if (column) {
            catalog_snapshot_edge(build->snapshot, stream, name, to, column->name,
                                  catalog_how_name(CATALOG_HOW_DIRECT));
        }
    }
}

static void check_kind(CatalogBuild *build, CatalogItem *item)
{
    const CatalogObject *object = &item->node->object;
    if (!item->yaml) {
        return;
    }
    if (object->kind == CATALOG_METRIC) {
        check_metric(build, item);
    } else if (object->kind == CATALOG_FEATURE_VIEW) {
        catalog_check_feature_view(build, item);
    } else if (object->kind == CATALOG_STREAM) {
        check_stream(build, item);
    } else if (object->kind == CATALOG_ENTITY) {
        const CatalogObject *table = entity_table(build, object);
        need_key_column(build, item, "key", table, CATALOG_HOW_DIRECT);
    }
}

void catalog_resolve_expressions(CatalogBuild *build)
{
    guint n = build->exprs->len;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < n; i++) {
        g_ptr_array_add(texts, statement_of(build, &g_array_index(build->exprs, CatalogExpr, i)));
    }
    g_autofree EngineTree **trees = g_new0(EngineTree *, n + 1);
    catalog_parse_many(build->parser, (const char *const *)texts->pdata, n, trees);
    for (guint i = 0; i < n; i++) {
        CatalogExpr *expr = &g_array_index(build->exprs, CatalogExpr, i);
        const char *sql = g_ptr_array_index(texts, i);
        expr->tree = trees[i];
        if (!expr->tree) {
            complain_syntax(build, expr, sql);
        } else if (is_composite(expr)) {
            use_metrics(build, expr, engine_node_get(engine_tree_query(expr->tree), "select_list"));
        } else if (expr->whole || watched_query(expr) || table_of(build, expr)) {
            resolve_columns(build, expr, sql);
        }
    }
    for (guint i = 0; i < build->items->len; i++) {
        check_kind(build, g_ptr_array_index(build->items, i));
    }
}
