/* A user's SELECT, checked and rewritten.
 *
 * Three walks over the parser's tree, each over every node, so that no clause is a way round:
 * 1. shape: only node types that are known here; what is not known is refused;
 * 2. functions: none that reach out or reveal (functions.c);
 * 3. tables: each one that is not a CTE in scope is resolved by the catalog, checked for the right to read,
 * and written as "domain"."name". A name that the catalog does not know never reaches the engine, hence no
 *    replacement scan, no system table, no file. Where policies speak, the table becomes a subquery.
 * The engine is locked down below this (engine/duckdb/open.c): both would have to fail. */
#include "access/access_int.h"
#include "base/text.h"

const char *const ACCESS_HIDDEN_COLUMNS[] = {"_weir_load_id", NULL};

typedef struct {
    const AccessScope *scope;
    EngineConn *conn;
    GPtrArray *objects;   /* CatalogObject* read */
    GHashTable *policied; /* set "domain.name" (lower case) of tables that became subqueries, or aliases */
    bool trusted;         /* inside a policy's own SELECT: no rights, no policies */
    bool live;            /* a system table was read: the text holds only now */
} Rewrite;

/* ---- shape ---------------------------------------------------------------------------------------- */

static const char *const TYPES[] = {"BASE_TABLE",
                                    "TABLE_FUNCTION",
                                    "SUBQUERY",
                                    "JOIN",
                                    "EMPTY",
                                    "EXPRESSION_LIST",
                                    "PIVOT",
                                    "SELECT_NODE",
                                    "SET_OPERATION_NODE",
                                    "RECURSIVE_CTE_NODE",
                                    "CTE_NODE",
                                    "ORDER_MODIFIER",
                                    "LIMIT_MODIFIER",
                                    "LIMIT_PERCENT_MODIFIER",
                                    "DISTINCT_MODIFIER",
                                    "ORDER_DEFAULT",
                                    "ASCENDING",
                                    "DESCENDING",
                                    "INVALID",
                                    NULL};
static const char *const CLASSES[] = {"AGGREGATE",
                                      "CASE",
                                      "CAST",
                                      "COLUMN_REF",
                                      "COMPARISON",
                                      "CONJUNCTION",
                                      "CONSTANT",
                                      "DEFAULT",
                                      "FUNCTION",
                                      "OPERATOR",
                                      "STAR",
                                      "SUBQUERY",
                                      "WINDOW",
                                      "PARAMETER",
                                      "COLLATE",
                                      "LAMBDA",
                                      "POSITIONAL_REFERENCE",
                                      "BETWEEN",
                                      "LAMBDA_REF",
                                      "TYPE",
                                      NULL};

static bool refuse_node(const char *what, GError **error)
{
    return base_fail(error, BASE_E_STATEMENT_REFUSED, "%s cannot stand in a query here", what);
}

static bool check_object(const json_t *node, GError **error)
{
    const char *class = base_json_string(node, "class", NULL);
    const char *type = base_json_string(node, "type", NULL);
    if (class && !g_strv_contains(CLASSES, class)) {
        return refuse_node(class, error);
    }
    if (!class && type && !g_strv_contains(TYPES, type) && !g_str_has_suffix(type, "_TYPE_INFO")) {
        return refuse_node(g_str_equal(type, "SHOW_REF") ? "DESCRIBE, SHOW or SUMMARIZE" : type, error);
    }
    if (type && g_str_equal(type, "BASE_TABLE") && json_object_get(node, "at_clause") &&
        !json_is_null(json_object_get(node, "at_clause"))) {
        return refuse_node("AT (a version of a table)", error);
    }
    return true;
}

static bool check_shape(json_t *node, GError **error)
{
    size_t i;
    const char *key;
    json_t *item;
    if (json_is_object(node) && !check_object(node, error)) {
        return false;
    }
    json_array_foreach (node, i, item) {
        if (!check_shape(item, error)) {
            return false;
        }
    }
    json_object_foreach (node, key, item) {
        if (!check_shape(item, error)) {
            return false;
        }
    }
    return true;
}

/* ---- functions --------------------------------------------------------------------------------------- */

static bool visit_function(const char *name, const json_t *node, void *user, GError **error)
{
    (void)node;
    (void)user;
    const char *why = engine_sql_function_refused(name);
    return !why || base_fail(error, BASE_E_STATEMENT_REFUSED, "function `%s` is refused: %s", name, why);
}

/* ---- tables --------------------------------------------------------------------------------------- */

static bool visit_table(json_t *node, void *user, GError **error);

/* `node` becomes (tree) AS name, in place. */
static void put_subquery(json_t *node, json_t *tree, const char *name)
{
    if (!*base_json_string(node, "alias", "")) {
        json_object_set_new(node, "alias", json_string(name));
    }
    json_object_del(node, "schema_name");
    json_object_del(node, "catalog_name");
    json_object_del(node, "table_name");
    json_object_set_new(node, "type", json_string("SUBQUERY"));
    json_object_set(node, "subquery", tree);
}

/* The SELECT is the project's own: its tables are resolved, not checked. */
static bool to_subquery(Rewrite *rewrite, json_t *node, const char *select, const char *name, GError **error)
{
    g_autoptr(json_t) tree = engine_sql_parse(rewrite->conn, select, error);
    if (!tree) {
        return false;
    }
    rewrite->trusted = true;
    bool ok = engine_sql_visit_tables(tree, visit_table, rewrite, error);
    rewrite->trusted = false;
    if (ok) {
        put_subquery(node, tree, name);
    }
    return ok;
}

static bool refuse_unknown(const Rewrite *rewrite, const char *schema, const char *name, GError **error)
{
    const char *domain = *schema ? schema : rewrite->scope->domain;
    base_fail(error, BASE_E_TABLE_UNKNOWN, "Table '%s%s%s' doesn't exist", domain ? domain : "",
              domain ? "." : "", name);
    g_autoptr(GPtrArray) seen = g_ptr_array_new(); /* only what the user may see may be suggested */
    const GPtrArray *objects = catalog_objects(rewrite->scope->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if ((object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL) &&
            access_can_see(rewrite->scope->user, object)) {
            g_ptr_array_add(seen, (char *)(gintptr)(*schema ? object->plain_full_name : object->plain_name));
        }
    }
    g_ptr_array_add(seen, NULL);
    g_autofree char *word = *schema ? g_strconcat(schema, ".", name, NULL) : g_strdup(name);
    const char *nearest = base_text_nearest(word, (const char *const *)seen->pdata);
    if (nearest) {
        base_error_hint(error, "did you mean `%s`?", nearest);
    }
    return false;
}

static bool read_system_table(Rewrite *rewrite, json_t *node, const char *schema, const char *name,
                              GError **error)
{
    const Access *access = rewrite->scope->user->access;
    g_autoptr(GError) failed = NULL;
    g_autofree char *select = access->system_table ? access->system_table(rewrite->scope, schema, name,
                                                                          access->system_table_user, &failed)
                                                   : NULL;
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    if (!select) {
        return refuse_unknown(rewrite, schema, name, error);
    }
    rewrite->live = true;
    g_autoptr(json_t) tree = engine_sql_parse(rewrite->conn, select, error);
    if (!tree) {
        return false;
    }
    put_subquery(node, tree, name);
    return true;
}

/* `node` becomes a version of `object`. */
static bool read_version(Rewrite *rewrite, json_t *node, const CatalogObject *object, const char *relation,
                         GError **error)
{
    g_autofree char *select = g_strconcat("SELECT * FROM ", relation, NULL);
    g_autoptr(json_t) tree = engine_sql_parse(rewrite->conn, select, error);
    if (!tree) {
        return false;
    }
    g_hash_table_add(rewrite->policied, g_ascii_strdown(object->plain_full_name, -1));
    put_subquery(node, tree, object->plain_name);
    return true;
}

/* In a SELECT of ours "t@history" is the view of that name. */
static bool is_physical(const Rewrite *rewrite, const CatalogObject *object, const char *name)
{
    g_autofree char *view = object->model && object->model->scd2 ? catalog_history_view(object->name) : NULL;
    return rewrite->trusted && g_strcmp0(view, name) == 0;
}

/* `relation`: what is read, in SQL; NULL = the object itself, which `node` names already. */
static bool apply_policy(Rewrite *rewrite, json_t *node, const CatalogObject *object, const char *relation,
                         GError **error)
{
    g_autoptr(AccessPolicy) policy = NULL;
    if (rewrite->trusted) {
        return true;
    }
    if (!access_policy_of(rewrite->scope->user, rewrite->scope->snapshot, object, &policy, error)) {
        return false;
    }
    if (!policy) {
        return !relation || read_version(rewrite, node, object, relation, error);
    }
    g_autofree char *select = access_policy_select(policy, object, relation);
    g_hash_table_add(rewrite->policied, g_ascii_strdown(object->plain_full_name, -1));
    return to_subquery(rewrite, node, select, object->plain_name, error);
}

/* What the statement calls an environment's own table: either of its names. */
static const char *bare_name(const CatalogObject *object, const char *name)
{
    return g_ascii_strcasecmp(name, object->name) == 0 ? object->name : object->plain_name;
}

/* `name`: as written, with its version if it has one. */
static bool use_object(Rewrite *rewrite, json_t *node, const CatalogObject *object, const char *name,
                       GError **error)
{
    g_autofree char *relation = NULL;

    if (!rewrite->trusted && !access_check(rewrite->scope->user, ACCESS_READ, object, error)) {
        return false;
    }
    if (!g_ptr_array_find(rewrite->objects, object, NULL)) {
        g_ptr_array_add(rewrite->objects, (gpointer)(gintptr)object);
    }
    if (is_physical(rewrite, object, name)) {
        return true;
    }
    if (!catalog_version_sql(object, name, &relation, error)) {
        return false;
    }
    json_object_del(node, "catalog_name");
    json_object_set_new(node, "schema_name", json_string(object->domain));
    json_object_set_new(node, "table_name", json_string(object->name));
    if (object->environment && !*base_json_string(node, "alias", "")) {
        json_object_set_new(node, "alias", json_string(bare_name(object, name)));
        g_hash_table_add(rewrite->policied, g_ascii_strdown(object->plain_full_name, -1));
    }
    return apply_policy(rewrite, node, object, relation, error);
}

/* "music__dev", as a session may call the database, becomes "music". */
static void leave_environment(const Rewrite *rewrite, char *schema)
{
    const char *environment = catalog_environment(rewrite->scope->snapshot);
    g_autofree char *suffix = environment ? g_strconcat("__", environment, NULL) : NULL;
    if (suffix && g_str_has_suffix(schema, suffix)) {
        schema[strlen(schema) - strlen(suffix)] = '\0';
    }
}

static bool visit_table(json_t *node, void *user, GError **error)
{
    Rewrite *rewrite = user;
    if (g_str_equal(base_json_string(node, "type", ""), "TABLE_FUNCTION")) {
        const char *name = base_json_string(json_object_get(node, "function"), "function_name", "");
        return access_table_function_allowed(name) ||
               base_fail(error, BASE_E_STATEMENT_REFUSED, "table function `%s` is refused", name);
    }
    const char *catalog = base_json_string(node, "catalog_name", "");
    g_autofree char *schema = g_strdup(base_json_string(node, "schema_name", ""));
    g_autofree char *name = g_strdup(base_json_string(node, "table_name", ""));
    /* Doris calls its own tables' catalog "internal", MySQL "def". */
    if (*catalog && g_ascii_strcasecmp(catalog, "internal") && g_ascii_strcasecmp(catalog, "def")) {
        g_autofree char *whole = g_strconcat(catalog, ".", schema, NULL);
        return refuse_unknown(rewrite, whole, name, error);
    }
    leave_environment(rewrite, schema);
    bool ambiguous = false;
    const CatalogObject *object = catalog_resolve_table(rewrite->scope->snapshot, *schema ? schema : NULL,
                                                        name, rewrite->scope->domain, &ambiguous);
    if (ambiguous) {
        base_fail(error, BASE_E_NAME_AMBIGUOUS, "`%s` is in several domains", name);
        base_error_hint(error, "write domain.%s", name);
        return false;
    }
    return object ? use_object(rewrite, node, object, name, error)
                  : read_system_table(rewrite, node, schema, name, error);
}

/* ---- afterwards ------------------------------------------------------------------------------------- */

/* domain.table.column of a table that became a subquery: its alias is the bare name. */
static void shorten_references(const Rewrite *rewrite, json_t *node)
{
    size_t i;
    const char *key;
    json_t *item;
    json_t *names = json_object_get(node, "column_names");
    if (json_array_size(names) >= 3 && !g_strcmp0(base_json_string(node, "class", NULL), "COLUMN_REF")) {
        const char *written = json_string_value(json_array_get(names, 0));
        const char *table = json_string_value(json_array_get(names, 1));
        g_autofree char *domain = g_strdup(written ? written : "");
        leave_environment(rewrite, domain);
        json_array_set_new(names, 0, json_string(domain));
        g_autofree char *full = g_strconcat(domain, ".", table ? table : "", NULL);
        g_autofree char *folded = g_ascii_strdown(full, -1);
        if (g_hash_table_contains(rewrite->policied, folded)) {
            json_array_remove(names, 0);
        }
    }
    json_array_foreach (node, i, item) {
        shorten_references(rewrite, item);
    }
    json_object_foreach (node, key, item) {
        shorten_references(rewrite, item);
    }
}

/* What is left unqualified is a CTE; one that looks like a path is refused all the same. */
static bool check_left_over(json_t *node, GError **error)
{
    size_t i;
    const char *key;
    json_t *item;
    if (!g_strcmp0(base_json_string(node, "type", NULL), "BASE_TABLE") &&
        !*base_json_string(node, "schema_name", "") &&
        strpbrk(base_json_string(node, "table_name", ""), "/\\*?:")) {
        return base_fail(error, BASE_E_STATEMENT_REFUSED, "`%s` is no name of a table",
                         base_json_string(node, "table_name", ""));
    }
    json_array_foreach (node, i, item) {
        if (!check_left_over(item, error)) {
            return false;
        }
    }
    json_object_foreach (node, key, item) {
        if (!check_left_over(item, error)) {
            return false;
        }
    }
    return true;
}

static bool is_loaded_table(const char *schema, const char *table, void *user)
{
    const Rewrite *rewrite = user;
    bool ambiguous = false;
    const CatalogObject *object =
        catalog_resolve_table(rewrite->scope->snapshot, schema, table, NULL, &ambiguous);
    return object && object->kind == CATALOG_TABLE;
}

static char *rewrite_tree(Rewrite *rewrite, json_t *tree, GError **error)
{
    if (!check_shape(tree, error) || !engine_sql_visit_functions(tree, visit_function, NULL, error) ||
        !engine_sql_visit_tables(tree, visit_table, rewrite, error) || !check_left_over(tree, error)) {
        return NULL;
    }
    if (g_hash_table_size(rewrite->policied) > 0 || catalog_environment(rewrite->scope->snapshot)) {
        shorten_references(rewrite, tree);
    }
    if (!engine_sql_hide_columns(tree, ACCESS_HIDDEN_COLUMNS, is_loaded_table, rewrite, error)) {
        return NULL;
    }
    return engine_sql_print(rewrite->conn, tree, error);
}

static char *rewrite_anew(Rewrite *rewrite, const char *sql, GError **error)
{
    g_autoptr(json_t) tree = engine_sql_parse(rewrite->conn, sql, error);
    return tree ? rewrite_tree(rewrite, tree, error) : NULL;
}

char *access_rewrite(const AccessScope *scope, EngineConn *conn, const char *sql, GPtrArray **ret_objects,
                     GError **error)
{
    if (strlen(sql) > ACCESS_MAX_SQL_BYTES) {
        base_fail(error, BASE_E_SQL_SYNTAX, "the statement is longer than %d bytes", ACCESS_MAX_SQL_BYTES);
        return NULL;
    }
    AccessCache *cache = scope->user->access->cache;
    g_autofree char *key =
        g_strconcat(scope->user->fingerprint, "\n", scope->domain ? scope->domain : "", "\n", sql, NULL);
    bool kept = !catalog_environment(scope->snapshot); /* the cache is of one snapshot: production's */
    char *known = kept ? access_cache_get(cache, scope->snapshot, key, ret_objects) : NULL;
    if (known) {
        return known;
    }
    g_autoptr(GPtrArray) objects = g_ptr_array_new();
    g_autoptr(GHashTable) policied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Rewrite rewrite = {.scope = scope, .conn = conn, .objects = objects, .policied = policied};
    char *text = rewrite_anew(&rewrite, sql, error);
    if (text && kept && !rewrite.live) {
        access_cache_put(cache, scope->snapshot, key, text, objects);
    }
    if (text && ret_objects) {
        *ret_objects = g_steal_pointer(&objects);
    }
    return text;
}
