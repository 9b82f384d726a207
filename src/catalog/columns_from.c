/* FROM: tables, subqueries, CTEs, joins, functions, VALUES, pivots. */
#include "base/term.h"
#include "base/text.h"
#include "catalog/columns_int.h"

void scope_init(Scope *scope, Scope *outer, const Cte *ctes)
{
    *scope = (Scope){.outer = outer, .ctes = ctes, .visible = g_array_new(FALSE, FALSE, sizeof(Visible))};
}

void scope_clear(Scope *scope)
{
    g_array_unref(scope->visible);
}

void relation_rename(Walk *walk, Relation *relation, const EngineNode *aliases)
{
    size_t n = engine_node_size(aliases);
    if (n == 0) {
        return;
    }
    size_t total = relation->open ? MAX(n, relation->n_columns) : relation->n_columns;
    Column *columns = walk_alloc(walk, sizeof(Column) * total);
    for (size_t i = 0; i < total; i++) {
        columns[i] =
            i < relation->n_columns ? relation->columns[i] : (Column){.type = "", .origins = relation->rows};
        if (i < n) {
            columns[i].name = walk_text(walk, engine_node_string(engine_node_at(aliases, i)));
        }
    }
    relation->columns = columns;
    relation->n_columns = total;
}

void scope_add(Walk *walk, Scope *scope, const Relation *relation)
{
    Relation *copy = walk_alloc(walk, sizeof *copy);
    *copy = *relation;
    copy->next = scope->relations;
    scope->relations = copy;
    for (size_t i = 0; i < copy->n_columns; i++) {
        Visible visible = {.relation = copy, .column = copy->columns[i]};
        g_array_append_val(scope->visible, visible);
    }
}

/* ---- tables ------------------------------------------------------------------------------------------- */

static const Cte *find_cte(const Cte *ctes, const char *name)
{
    for (; ctes; ctes = ctes->next) {
        if (g_ascii_strcasecmp(ctes->name, name) == 0) {
            return ctes;
        }
    }
    return NULL;
}

static void complain_table(Walk *walk, const EngineNode *node, const char *schema, const char *name,
                           bool ambiguous)
{
    g_autofree char *full = *schema ? g_strdup_printf("%s.%s", schema, name) : g_strdup(name);
    size_t offset = node_offset(node);
    if (ambiguous) {
        BaseDiag *diag = walk_complain(walk, offset, strlen(full), BASE_E_NAME_AMBIGUOUS,
                                       "`%s` is a table of more than one domain", full);
        if (diag) {
            base_diag_hint(diag, "write domain.%s", name);
        }
        return;
    }
    BaseDiag *diag = walk_complain(walk, offset, strlen(full), BASE_E_TABLE_UNKNOWN,
                                   base_tr("no table or model `%s`", "没有表或模型 `%s`"), full);
    if (!diag) {
        return;
    }
    const char *const *names = walk->context->table_names(walk->context->user);
    const char *nearest = base_text_nearest(full, names);
    nearest = nearest ? nearest : base_text_nearest(name, names);
    if (nearest) {
        base_diag_hint(diag, base_tr("did you mean `%s`?", "是否想写 `%s`？"), nearest);
    }
}

static void fill_table(Walk *walk, const CatalogObject *object, Relation *ret)
{
    bool open = false;
    const GPtrArray *columns = walk->context->columns(walk->context->user, object, &open);
    size_t n = columns ? columns->len : 0;
    Column *out = walk_alloc(walk, sizeof(Column) * n);
    for (size_t i = 0; i < n; i++) {
        const CatalogColumn *column = g_ptr_array_index(columns, i);
        out[i] = (Column){.name = column->name,
                          .type = column->type,
                          .origins = origins_one(walk, object, column->name, CATALOG_HOW_DIRECT)};
    }
    ret->columns = out;
    ret->n_columns = n;
    ret->open = open || !columns;
    ret->object = object;
    ret->schema = object->domain;
    ret->rows = origins_one(walk, object, NULL, CATALOG_HOW_DIRECT);
}

/* A name with a version ("t@history") is called by the table's own. */
static const char *plain_name(const CatalogObject *object, const char *name)
{
    g_autofree char *base = catalog_version_base(name);
    return base && object->model && object->model->scd2 ? object->plain_name : name;
}

static void check_version(Walk *walk, const EngineNode *node, const CatalogObject *object, const char *name)
{
    g_autofree char *sql = NULL;
    g_autoptr(GError) error = NULL;
    if (!catalog_version_sql(object, name, &sql, &error)) {
        BaseDiag *diag =
            walk_complain(walk, node_offset(node), strlen(name), BASE_E_VALUE_INVALID, "%s", error->message);
        if (diag) {
            base_diag_hint(diag, "%s", base_error_get_hint(error));
        }
    }
}

static void walk_table(Walk *walk, const EngineNode *node, Scope *scope)
{
    const char *schema = engine_node_text(node, "schema_name");
    const char *name = engine_node_text(node, "table_name");
    const char *alias = engine_node_text(node, "alias");
    Relation relation = {.alias = walk_text(walk, *alias ? alias : name)};
    bool recurring = g_ascii_strcasecmp(schema, "recurring") == 0;
    const Cte *cte = !*schema || recurring ? find_cte(scope->ctes, name) : NULL;
    if (cte) {
        const char *own = relation.alias;
        relation = cte->relation;
        relation.alias = own;
    } else {
        bool ambiguous = false;
        const CatalogObject *object = walk->context->table(walk->context->user, schema, name, &ambiguous);
        if (!object) {
            complain_table(walk, node, schema, name, ambiguous);
            relation.open = true;
        } else {
            fill_table(walk, object, &relation);
            relation.alias = *alias ? relation.alias : walk_text(walk, plain_name(object, name));
            check_version(walk, node, object, name);
            CatalogTableUse use = {.offset = node_offset(node),
                                   .object = object,
                                   .schema = walk_text(walk, schema),
                                   .name = walk_text(walk, name),
                                   .aliased = *alias != '\0'};
            if (!walk->quiet) {
                g_array_append_val(walk->result->uses, use);
            }
        }
    }
    relation_rename(walk, &relation, engine_node_get(node, "column_name_alias"));
    scope_add(walk, scope, &relation);
}

static void walk_subquery(Walk *walk, const EngineNode *node, Scope *scope)
{
    const char *alias = engine_node_text(node, "alias");
    Relation relation = {0};
    walk_query(walk, engine_node_get(engine_node_get(node, "subquery"), "node"), scope, scope->ctes,
               &relation);
    relation.alias = *alias ? walk_text(walk, alias) : NULL;
    relation_rename(walk, &relation, engine_node_get(node, "column_name_alias"));
    scope_add(walk, scope, &relation);
}

/* unnest, range and generate_series have one column of their own name; others are the engine's to know. */
static void walk_function(Walk *walk, const EngineNode *node, Scope *scope)
{
    static const char *const simple[] = {"unnest", "range", "generate_series", NULL};
    const EngineNode *function = engine_node_get(node, "function");
    const char *name = engine_node_text(function, "function_name");
    const char *alias = engine_node_text(node, "alias");
    Value value = walk_list(walk, engine_node_get(function, "children"), scope);
    Relation relation = {.alias = walk_text(walk, *alias ? alias : name)};
    relation.rows = origins_at_least(walk, value.origins, CATALOG_HOW_DERIVED);
    relation.open = true;
    if (g_strv_contains(simple, name)) {
        Column *column = walk_alloc(walk, sizeof *column);
        *column = (Column){.name = walk_text(walk, name), .type = "", .origins = relation.rows};
        relation.columns = column;
        relation.n_columns = 1;
        relation.open = g_str_equal(engine_node_text(node, "with_ordinality"), "WITH_ORDINALITY") ||
                        engine_node_size(engine_node_get(function, "children")) == 0;
        /* unnest of a list of structs may give a column for each field */
        relation.open = relation.open || g_str_equal(name, "unnest");
    }
    relation_rename(walk, &relation, engine_node_get(node, "column_name_alias"));
    scope_add(walk, scope, &relation);
}

static void walk_values(Walk *walk, const EngineNode *node, Scope *scope)
{
    const EngineNode *rows = engine_node_get(node, "values");
    const EngineNode *names = engine_node_get(node, "expected_names");
    const char *alias = engine_node_text(node, "alias");
    size_t n = engine_node_size(engine_node_at(rows, 0));
    Column *columns = walk_alloc(walk, sizeof(Column) * n);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("col%zu", i);
        const char *given = engine_node_string(engine_node_at(names, i));
        columns[i] = (Column){.name = walk_text(walk, given ? given : name), .type = ""};
    }
    size_t r, c;
    const EngineNode *row, *expr;
    engine_node_foreach(rows, r, row)
    {
        engine_node_foreach(row, c, expr)
        {
            Value value = walk_expr(walk, expr, scope);
            if (c < n) {
                columns[c].origins = origins_union(walk, columns[c].origins, value.origins);
            }
        }
    }
    Relation relation = {.alias = walk_text(walk, alias), .columns = columns, .n_columns = n};
    relation_rename(walk, &relation, engine_node_get(node, "column_name_alias"));
    scope_add(walk, scope, &relation);
}

/* ---- joins -----------------------------------------------------------------------------------------------
 */

static Visible *find_visible(GArray *visible, guint from, guint to, const char *name)
{
    for (guint i = from; i < to; i++) {
        Visible *column = &g_array_index(visible, Visible, i);
        if (column->column.name && g_ascii_strcasecmp(column->column.name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

/* USING (k): one column k, left's value (right's in a RIGHT join, either's in a FULL one); both decide rows.
 */
static void merge_using(Walk *walk, const EngineNode *join, Scope *scope, guint from, guint start,
                        const char *name)
{
    const char *type = engine_node_text(join, "join_type");
    Visible *left = find_visible(scope->visible, from, start, name);
    Visible *right = find_visible(scope->visible, start, scope->visible->len, name);
    if (left) {
        walk_filter(walk, left->column.origins);
    }
    if (right) {
        walk_filter(walk, right->column.origins);
    }
    if (!left || !right) {
        return;
    }
    if (g_str_equal(type, "RIGHT")) {
        left->column.origins = right->column.origins;
        left->column.type = right->column.type;
    } else if ((g_str_equal(type, "FULL") || g_str_equal(type, "OUTER"))) {
        left->column.origins = origins_at_least(
            walk, origins_union(walk, left->column.origins, right->column.origins), CATALOG_HOW_DERIVED);
    }
    g_array_remove_index(scope->visible, (guint)(right - &g_array_index(scope->visible, Visible, 0)));
}

static bool any_open(const Relation *from, const Relation *until)
{
    for (; from != until; from = from->next) {
        if (from->open) {
            return true;
        }
    }
    return false;
}

typedef struct {
    guint visible;    /* before the left side */
    guint middle;     /* before the right side */
    Relation *before; /* relations before the left side */
    Relation *left;   /* newest of the left side */
} JoinMarks;

/* The tree keeps the names of USING without their places: behind the join's own stands USING, then the name.
 */
static size_t using_place(const char *sql, size_t offset, const char *name)
{
    size_t len = strlen(sql), word = strlen(name);
    bool behind = false;
    for (size_t i = offset < len ? offset : 0; i < len; i++) {
        bool starts = i == 0 || !(g_ascii_isalnum(sql[i - 1]) || sql[i - 1] == '_');
        if (starts && !behind && g_ascii_strncasecmp(sql + i, "using", 5) == 0) {
            behind = true;
        } else if (starts && behind && g_ascii_strncasecmp(sql + i, name, word) == 0 &&
                   !(g_ascii_isalnum(sql[i + word]) || sql[i + word] == '_')) {
            return i;
        }
    }
    return offset;
}

static void check_using(Walk *walk, const EngineNode *join, Scope *scope, const JoinMarks *marks,
                        const char *name)
{
    bool in_left = find_visible(scope->visible, marks->visible, marks->middle, name);
    bool in_right = find_visible(scope->visible, marks->middle, scope->visible->len, name);
    bool open_left = any_open(marks->left, marks->before);
    bool open_right = any_open(scope->relations, marks->left);
    if ((in_left || open_left) && (in_right || open_right)) {
        return;
    }
    guint from = in_left || open_left ? marks->middle : marks->visible;
    guint to = in_left || open_left ? scope->visible->len : marks->middle;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = from; i < to; i++) {
        g_ptr_array_add(names, (gpointer)(guintptr)g_array_index(scope->visible, Visible, i).column.name);
    }
    g_ptr_array_add(names, NULL);
    size_t at = using_place(walk->context->sql, node_offset(join), name);
    BaseDiag *diag = walk_complain(walk, at, strlen(name), BASE_E_COLUMN_UNKNOWN,
                                   "no column `%s` on the %s side of the join", name,
                                   in_left || open_left ? "right" : "left");
    if (diag) {
        base_diag_hint_nearest(diag, name, (const char *const *)names->pdata);
    }
}

static void join_natural(Walk *walk, const EngineNode *join, Scope *scope, const JoinMarks *marks)
{
    for (guint i = marks->visible; i < marks->middle; i++) {
        const char *name = g_array_index(scope->visible, Visible, i).column.name;
        if (name && find_visible(scope->visible, marks->middle, scope->visible->len, name)) {
            merge_using(walk, join, scope, marks->visible, marks->middle, name);
        }
    }
}

static void walk_join(Walk *walk, const EngineNode *node, Scope *scope)
{
    JoinMarks marks = {.visible = scope->visible->len, .before = scope->relations};
    walk_from(walk, engine_node_get(node, "left"), scope);
    marks.middle = scope->visible->len;
    marks.left = scope->relations;
    walk_from(walk, engine_node_get(node, "right"), scope);
    const EngineNode *condition = engine_node_get(node, "condition");
    if (engine_node_is_object(condition)) {
        walk_filter(walk, walk_expr(walk, condition, scope).origins);
    }
    size_t i;
    const EngineNode *name;
    engine_node_foreach(engine_node_get(node, "using_columns"), i, name)
    {
        const char *text = engine_node_string(name);
        check_using(walk, node, scope, &marks, text);
        merge_using(walk, node, scope, marks.visible, marks.middle, text);
    }
    if (g_str_equal(engine_node_text(node, "ref_type"), "NATURAL")) {
        join_natural(walk, node, scope, &marks);
    }
    const char *type = engine_node_text(node, "join_type");
    if (g_str_equal(type, "SEMI") || g_str_equal(type, "ANTI")) { /* the right side only decides rows */
        g_array_set_size(scope->visible, marks.middle);
        for (Relation *r = scope->relations; r != marks.left; r = r->next) {
            walk_filter(walk, r->rows);
        }
        scope->relations = marks.left;
    }
}

/* ---- pivots -----------------------------------------------------------------------------------------------
 */

static bool in_list(const EngineNode *list, const char *name)
{
    size_t i;
    const EngineNode *entry;
    engine_node_foreach(list, i, entry)
    {
        if (engine_node_string(entry) && g_ascii_strcasecmp(engine_node_string(entry), name) == 0) {
            return true;
        }
    }
    return false;
}

static bool uses_name(const Origins *used, const Origins *column)
{
    for (size_t i = 0; column && used && i < used->n; i++) {
        if (column->n == 1 && used->items[i].object == column->items[0].object &&
            g_strcmp0(used->items[i].column, column->items[0].column) == 0) {
            return true;
        }
    }
    return false;
}

static void append(GArray *out, const char *name, const Origins *origins)
{
    Column column = {.name = name, .type = "", .origins = origins};
    g_array_append_val(out, column);
}

static void keep_groups(const EngineNode *node, const Scope *inner, const Origins *used, GArray *out)
{
    const EngineNode *groups = engine_node_get(node, "groups");
    for (guint i = 0; i < inner->visible->len; i++) {
        const Column *column = &g_array_index(inner->visible, Visible, i).column;
        bool keep = engine_node_size(groups) ? in_list(groups, column->name ? column->name : "")
                                             : !uses_name(used, column->origins);
        if (keep) {
            g_array_append_val(out, *column);
        }
    }
}

typedef struct {
    Scope *inner;
    GHashTable *taken; /* names of columns that become rows */
    const Origins *values;
} Unpivot;

static void take_column(Walk *walk, Unpivot *unpivot, const char *name)
{
    const Visible *column = find_visible(unpivot->inner->visible, 0, unpivot->inner->visible->len, name);
    if (column) {
        unpivot->values = origins_union(walk, unpivot->values, column->column.origins);
        g_hash_table_add(unpivot->taken, (gpointer)(guintptr)column->column.name);
    }
}

/* An entry names its columns as values, as a column, or as a star. */
static void take_entry(Walk *walk, Unpivot *unpivot, const EngineNode *entry)
{
    size_t i;
    const EngineNode *value;
    engine_node_foreach(engine_node_get(entry, "values"), i, value)
    {
        take_column(walk, unpivot, engine_node_text(value, "value"));
    }
    const EngineNode *expr = engine_node_get(entry, "star_expr");
    const EngineNode *star = find_star(expr);
    const EngineNode *names = engine_node_get(expr, "column_names");
    if (star) {
        g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(Column));
        bool open = false;
        walk_star_item(walk, expr, star, unpivot->inner, columns, &open);
        for (guint k = 0; k < columns->len; k++) {
            const char *name = g_array_index(columns, Column, k).name;
            take_column(walk, unpivot, name ? name : "");
        }
    } else if (engine_node_size(names) > 0) {
        take_column(walk, unpivot, engine_node_string(engine_node_at(names, engine_node_size(names) - 1)));
    }
}

static void walk_unpivot(Walk *walk, const EngineNode *node, Scope *inner, GArray *out)
{
    const EngineNode *pivot = engine_node_at(engine_node_get(node, "pivots"), 0);
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    Unpivot unpivot = {.inner = inner, .taken = taken};
    size_t i;
    const EngineNode *entry;
    engine_node_foreach(engine_node_get(pivot, "entries"), i, entry)
    {
        take_entry(walk, &unpivot, entry);
    }
    for (guint v = 0; v < inner->visible->len; v++) {
        const Column *column = &g_array_index(inner->visible, Visible, v).column;
        if (!column->name || !g_hash_table_contains(taken, column->name)) {
            g_array_append_val(out, *column);
        }
    }
    const char *name = engine_node_string(engine_node_at(engine_node_get(pivot, "unpivot_names"), 0));
    append(out, walk_text(walk, name ? name : "name"), NULL);
    engine_node_foreach(engine_node_get(node, "unpivot_names"), i, entry)
    {
        append(out, walk_text(walk, engine_node_string(entry)), unpivot.values);
    }
}

/* Names: the value, with the aggregate's alias behind it where there are several. */
static void walk_pivot_columns(Walk *walk, const EngineNode *node, Scope *inner, GArray *out, bool *ret_open)
{
    const EngineNode *aggregates = engine_node_get(node, "aggregates");
    const EngineNode *pivots = engine_node_get(node, "pivots");
    const EngineNode *pivot = engine_node_at(pivots, 0);
    Value keys = walk_list(walk, engine_node_get(pivot, "pivot_expressions"), inner);
    Value all = walk_list(walk, aggregates, inner);
    keep_groups(node, inner, origins_union(walk, keys.origins, all.origins), out);
    *ret_open = engine_node_size(pivots) != 1 || engine_node_size(aggregates) == 0;
    size_t i, k;
    const EngineNode *entry, *aggregate;
    engine_node_foreach(engine_node_get(pivot, "entries"), i, entry)
    {
        const EngineNode *value =
            engine_node_get(engine_node_at(engine_node_get(entry, "values"), 0), "value");
        const char *alias = engine_node_text(entry, "alias");
        g_autofree char *plain = *alias                      ? g_strdup(alias)
                                 : engine_node_string(value) ? g_strdup(engine_node_string(value))
                                                             : engine_node_to_json(value);
        engine_node_foreach(aggregates, k, aggregate)
        {
            const char *own = engine_node_text(aggregate, "alias");
            g_autofree char *name = engine_node_size(aggregates) > 1 || *own
                                        ? g_strdup_printf("%s_%s", plain, own)
                                        : g_strdup(plain);
            const Origins *origins = origins_union(walk, walk_expr(walk, aggregate, inner).origins,
                                                   origins_at_least(walk, keys.origins, CATALOG_HOW_DERIVED));
            append(out, *own || engine_node_size(aggregates) == 1 ? walk_text(walk, name) : NULL, origins);
        }
    }
}

static void walk_pivot(Walk *walk, const EngineNode *node, Scope *scope)
{
    Scope inner;
    scope_init(&inner, scope->outer, scope->ctes);
    walk_from(walk, engine_node_get(node, "source"), &inner);
    g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(Column));
    Relation relation = {.open = any_open(inner.relations, NULL)};
    if (engine_node_size(engine_node_get(node, "unpivot_names")) > 0) {
        walk_unpivot(walk, node, &inner, out);
    } else {
        bool open = false;
        walk_pivot_columns(walk, node, &inner, out, &open);
        relation.open = relation.open || open;
    }
    relation.rows = scope_rows(walk, &inner);
    scope_clear(&inner);
    const char *alias = engine_node_text(node, "alias");
    relation.alias = *alias ? walk_text(walk, alias) : NULL;
    Column *columns = walk_alloc(walk, sizeof(Column) * out->len);
    if (out->len) {
        memcpy(columns, out->data, sizeof(Column) * out->len);
    }
    relation.columns = columns;
    relation.n_columns = out->len;
    relation_rename(walk, &relation, engine_node_get(node, "column_name_alias"));
    scope_add(walk, scope, &relation);
}

void walk_from(Walk *walk, const EngineNode *node, Scope *scope)
{
    const char *type = engine_node_text(node, "type");
    if (!engine_node_is_object(node) || g_str_equal(type, "EMPTY") || walk->depth >= COLUMNS_MAX_DEPTH) {
        return;
    }
    walk->depth++;
    if (g_str_equal(type, "BASE_TABLE")) {
        walk_table(walk, node, scope);
    } else if (g_str_equal(type, "JOIN")) {
        walk_join(walk, node, scope);
    } else if (g_str_equal(type, "SUBQUERY")) {
        walk_subquery(walk, node, scope);
    } else if (g_str_equal(type, "TABLE_FUNCTION")) {
        walk_function(walk, node, scope);
    } else if (g_str_equal(type, "EXPRESSION_LIST")) {
        walk_values(walk, node, scope);
    } else if (g_str_equal(type, "PIVOT")) {
        walk_pivot(walk, node, scope);
    } else {
        Relation unknown = {.open = true};
        scope_add(walk, scope, &unknown);
    }
    walk->depth--;
}
