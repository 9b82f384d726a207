/* Column types of models: the engine's own binder tells them, and finds what a walk over names cannot (a
 * function that does not exist, a comparison of a date with a number, a column missing in GROUP BY).
 *
 * Each model is prepared in a schema of its own on a memory engine, against empty tables with the types of
 * what it reads; a level of models that do not read each other, and the tables for it, are shared out to a
 * few connections. Preparing costs 0.2 to 0.5 ms a model, so results are kept by content: the text that is
 * bound with the columns of what it reads. The same content has the same types for ever, so they stand in
 * the cache of all that reading a project finds (cache_int.h). */
#include "catalog/cache_int.h"
#include "catalog/resolve_int.h"
#include "catalog/splice_int.h"
#include "engine/sql.h"

#define BIND_PREFIX    "weir_bind_"
#define MIN_PER_THREAD 8
#define MAX_THREADS    4

/* ---- cache --------------------------------------------------------------------------------------------- */

static char *cache_get(const char *hash)
{
    g_autoptr(GBytes) bytes = catalog_cache_get(hash);
    gsize len = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    return text ? g_strndup(text, len) : NULL;
}

static void cache_put(const char *hash, const char *columns)
{
    catalog_cache_put(hash, g_bytes_new(columns, strlen(columns)));
}

/* ---- what is bound ----------------------------------------------------------------------------------------
 */

typedef struct {
    CatalogItem *item;
    char *hash;
    unsigned level;
    bool skip;     /* something that it reads is wrong or has no types yet */
    bool bound;    /* by the engine, this time */
    char *columns; /* "name\ttype\n..." */
    char *sql;     /* as it is bound */
    GArray *map;
    GError *error;
} Binding;

static void clear_binding(gpointer data)
{
    Binding *binding = data;
    g_free(binding->hash);
    g_free(binding->columns);
    g_free(binding->sql);
    g_clear_pointer(&binding->map, g_array_unref);
    g_clear_error(&binding->error);
}

typedef struct {
    CatalogBuild *build;
    GArray *bindings;      /* Binding, in the order of models */
    GHashTable *by_object; /* -> Binding index + 1 */
    GHashTable *needed;    /* objects that must exist in the engine */
    GHashTable *made;
    GHashTable *schemas; /* made in the engine */
    char *prefix;
} Types;

static Binding *binding_of(Types *types, const CatalogObject *object)
{
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(types->by_object, object));
    return index ? &g_array_index(types->bindings, Binding, index - 1) : NULL;
}

static bool has_types(const CatalogObject *object)
{
    if (catalog_node(object)->columns_open || !object->columns || object->columns->len == 0) {
        return false;
    }
    for (guint i = 0; i < object->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, i);
        if (!*column->type) {
            return false;
        }
    }
    return true;
}

/* The bindings of a level are made when all levels below have their types. */
static char *content_hash(const CatalogItem *item)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(sum, (const guchar *)engine_version(), -1);
    g_checksum_update(sum, (const guchar *)item->node->object.model->sql_resolved, -1);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (guint i = 0; i < item->columns->uses->len; i++) {
        const CatalogObject *object = g_array_index(item->columns->uses, CatalogTableUse, i).object;
        if (!g_hash_table_add(seen, (gpointer)(guintptr)object)) {
            continue;
        }
        g_checksum_update(sum, (const guchar *)object->full_name, -1);
        for (guint k = 0; k < object->columns->len; k++) {
            const CatalogColumn *column = g_ptr_array_index(object->columns, k);
            g_checksum_update(sum, (const guchar *)"\t", 1);
            g_checksum_update(sum, (const guchar *)column->name, -1);
            g_checksum_update(sum, (const guchar *)" ", 1);
            g_checksum_update(sum, (const guchar *)column->type, -1);
        }
    }
    return g_strdup(g_checksum_get_string(sum));
}

static void set_levels(Types *types, const GPtrArray *order)
{
    for (guint i = 0; i < order->len; i++) {
        CatalogItem *item = g_ptr_array_index(order, i);
        Binding binding = {.item = item};
        for (guint k = 0; k < item->columns->uses->len; k++) {
            const Binding *read =
                binding_of(types, g_array_index(item->columns->uses, CatalogTableUse, k).object);
            binding.level = read ? MAX(binding.level, read->level + 1) : binding.level;
        }
        g_array_append_val(types->bindings, binding);
        g_hash_table_insert(types->by_object, &item->node->object, GUINT_TO_POINTER(types->bindings->len));
    }
}

/* ---- into the objects
 * ----------------------------------------------------------------------------------------- */

static void set_type(CatalogColumn *column, const char *type)
{
    g_free(column->type);
    column->type = g_strdup(type);
}

/* The engine's columns, by position where the walk knew all of them, else by name. Names that the walk did
 * not know come in; pointers to those that it knew stay, since origins of other models point to them. */
static void take_columns(Binding *binding)
{
    CatalogNode *node = binding->item->node;
    CatalogColumnsResult *result = binding->item->columns;
    g_auto(GStrv) lines = g_strsplit(binding->columns, "\n", -1);
    guint n = g_strv_length(lines);
    g_autoptr(GPtrArray) before = g_ptr_array_new();
    for (guint i = 0; i < node->columns_owned->len; i++) {
        g_ptr_array_add(before, g_ptr_array_index(node->columns_owned, i));
    }
    bool by_position = !result->open && result->n_outputs == n - 1;
    g_ptr_array_set_free_func(node->columns_owned, NULL);
    g_ptr_array_set_size(node->columns_owned, 0);
    g_ptr_array_set_free_func(node->columns_owned, (GDestroyNotify)catalog_column_free);
    for (guint i = 0; i + 1 < n; i++) {
        char *tab = strchr(lines[i], '\t');
        *tab = '\0';
        CatalogColumn *column = (CatalogColumn *)(guintptr)catalog_columns_find(before, lines[i]);
        if (column) {
            g_ptr_array_remove(before, column);
            set_type(column, tab + 1);
        } else {
            column = catalog_column_new(lines[i], tab + 1);
        }
        g_ptr_array_add(node->columns_owned, column);
        if (by_position) {
            result->outputs[i].name = column->name;
        }
    }
    for (guint i = 0; i < before->len; i++) { /* the walk named it otherwise: kept alive for the origins */
        g_ptr_array_add(binding->item->stale, g_ptr_array_index(before, i));
    }
    node->columns_open = false;
    catalog_add_history_columns(node);
}

/* ---- the engine
 * -------------------------------------------------------------------------------------------------- */

static bool make_schema(Types *types, EngineConn *conn, const char *domain, GError **error)
{
    if (g_hash_table_contains(types->schemas, domain)) {
        return true;
    }
    g_autofree char *name = g_strconcat(types->prefix, domain, NULL);
    g_autoptr(GString) sql = g_string_new("CREATE SCHEMA ");
    engine_sql_append_name(sql, name);
    g_hash_table_add(types->schemas, g_strdup(domain));
    return engine_exec(conn, sql->str, error);
}

static void append_table(Types *types, GString *sql, const CatalogObject *object)
{
    g_autofree char *schema = g_strconcat(types->prefix, object->domain, NULL);
    g_string_append(sql, "CREATE TABLE ");
    engine_sql_append_table(sql, schema, object->name);
    g_string_append_c(sql, '(');
    for (guint i = 0; i < object->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, i);
        g_string_append(sql, i ? ", " : "");
        engine_sql_append_name(sql, column->name);
        g_string_append_printf(sql, " %s", column->type);
    }
    g_string_append(sql, ");\n");
}

static void complain_table(Types *types, const CatalogObject *object, const GError *error)
{
    CatalogItem *item = g_hash_table_lookup(types->build->by_node, object);
    if (item) {
        catalog_complain(types->build, item, item->yaml, (BaseErrorCode)error->code, "%s", error->message);
    }
}

static bool is_nested(EngineTypeId id)
{
    return id == ENGINE_LIST || id == ENGINE_STRUCT || id == ENGINE_MAP || id == ENGINE_ARRAY ||
           id == ENGINE_UNION || id == ENGINE_ENUM || id == ENGINE_OTHER;
}

static void append_column(GString *out, const char *name, const char *type)
{
    for (const char *p = name; *p; p++) {
        g_string_append_c(out, *p == '\t' || *p == '\n' ? ' ' : *p);
    }
    g_string_append_printf(out, "\t%s\n", type);
}

/* Types inside types have no short code: the engine describes them in text. */
static char *describe(EngineConn *conn, const char *sql, GError **error)
{
    g_autofree char *text = g_strdup_printf("DESCRIBE %s", sql);
    g_autoptr(json_t) rows = engine_query_json(conn, text, NULL, 0, 10000, error);
    if (!rows) {
        return NULL;
    }
    GString *out = g_string_new(NULL);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        append_column(out, base_json_string(row, "column_name", ""),
                      base_json_string(row, "column_type", ""));
    }
    return g_string_free(out, FALSE);
}

static char *bound_columns(EngineConn *conn, const char *sql, GError **error)
{
    g_autoptr(EngineStmt) stmt = engine_prepare(conn, sql, error);
    if (!stmt) {
        return NULL;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t i = 0; i < engine_stmt_n_columns(stmt); i++) {
        EngineType type = engine_stmt_column_type(stmt, i);
        if (is_nested(type.id)) {
            return describe(conn, sql, error);
        }
        g_autofree char *decimal = g_strdup_printf("DECIMAL(%u,%u)", type.width, type.scale);
        const char *name = type.id == ENGINE_DECIMAL ? decimal
                           : type.id == ENGINE_NULL  ? "INTEGER" /* as CREATE TABLE AS makes it */
                                                     : engine_type_name(type.id);
        append_column(out, engine_stmt_column_name(stmt, i), name);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *catalog_bound_columns(EngineConn *conn, const char *sql, GError **error)
{
    g_autofree char *text = g_strconcat(engine_version(), "\n", sql, NULL);
    g_autofree char *key = g_compute_checksum_for_string(G_CHECKSUM_SHA1, text, -1);
    char *columns = cache_get(key);
    if (!columns && (columns = bound_columns(conn, sql, error)) != NULL) {
        cache_put(key, columns);
    }
    return columns;
}

/* ---- many at once
 * ----------------------------------------------------------------------------------------- */

typedef struct {
    EngineConn *conns[MAX_THREADS];
    guint n;
    bool optimizes; /* slower, not wrong */
} Pool;

/* Without its optimiser a prepare costs half; only the types are wanted. Not every engine lets one say so. */
static void pool_open(Pool *pool, EngineConn *parser, guint wanted)
{
    Engine *engine = engine_conn_engine(parser);
    wanted = MIN(MIN(wanted / MIN_PER_THREAD + 1, MAX_THREADS), g_get_num_processors());
    while (pool->n < wanted && (pool->conns[pool->n] = engine_connect(engine, NULL))) {
        pool->optimizes = !engine_exec(pool->conns[pool->n], "PRAGMA disable_optimizer", NULL);
        pool->n++;
    }
}

static void pool_close(Pool *pool)
{
    for (guint i = 0; i < pool->n; i++) {
        engine_disconnect(pool->conns[i]);
    }
}

typedef struct {
    Types *types;
    EngineConn *conn;
    const GPtrArray *jobs; /* shared */
    gint *next;            /* the job that nobody has begun; atomic */
    guint first, step;     /* or this worker's own */
    bool failed;
} Worker;

/* `ret_workers` has room for MAX_THREADS. How many there were. */
static guint share_out(Types *types, Pool *pool, const GPtrArray *jobs, GThreadFunc work, Worker *ret_workers)
{
    GThread *threads[MAX_THREADS] = {0};
    guint n = MIN(pool->n, jobs->len / MIN_PER_THREAD + 1);
    gint next = 0;
    for (guint i = 0; i < n; i++) {
        ret_workers[i] = (Worker){
            .types = types, .conn = pool->conns[i], .jobs = jobs, .next = &next, .first = i, .step = n};
        if (i > 0) {
            threads[i] = g_thread_new("bind", work, &ret_workers[i]);
        }
    }
    if (n > 0) {
        work(&ret_workers[0]);
    }
    for (guint i = 1; i < n; i++) {
        g_thread_join(threads[i]);
    }
    return n;
}

/* ---- tables -------------------------------------------------------------------------------------------- */

static bool make_schemas(Types *types, const GPtrArray *objects)
{
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        g_autoptr(GError) error = NULL;
        if (!make_schema(types, types->build->parser, object->domain, &error)) {
            complain_table(types, object, error);
            return false;
        }
    }
    return true;
}

/* All of a worker's tables in one go. */
static gpointer make_some(gpointer data)
{
    Worker *worker = data;
    g_autoptr(GString) sql = g_string_new("BEGIN;");
    for (guint i = worker->first; i < worker->jobs->len; i += worker->step) {
        append_table(worker->types, sql, g_ptr_array_index(worker->jobs, i));
    }
    g_string_append(sql, "COMMIT;");
    worker->failed = !engine_exec(worker->conn, sql->str, NULL);
    return NULL;
}

/* Some table of it is wrong: one by one, to tell which. */
static void make_singly(Worker *worker)
{
    engine_rollback(worker->conn);
    for (guint i = worker->first; i < worker->jobs->len; i += worker->step) {
        const CatalogObject *object = g_ptr_array_index(worker->jobs, i);
        g_autoptr(GString) sql = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        append_table(worker->types, sql, object);
        if (!engine_exec(worker->conn, sql->str, &error)) {
            complain_table(worker->types, object, error);
        }
    }
}

static void make_tables(Types *types, Pool *pool, const GPtrArray *objects)
{
    Worker workers[MAX_THREADS];
    for (guint i = 0; i < objects->len; i++) {
        g_hash_table_add(types->made, g_ptr_array_index(objects, i));
    }
    if (objects->len == 0 || !make_schemas(types, objects)) {
        return;
    }
    guint n = share_out(types, pool, objects, make_some, workers);
    for (guint i = 0; i < n; i++) {
        if (workers[i].failed) {
            make_singly(&workers[i]);
        }
    }
}

/* ---- models -------------------------------------------------------------------------------------------- */

static void bind_one(const Types *types, EngineConn *conn, Binding *binding)
{
    const CatalogItem *item = binding->item;
    g_autoptr(GString) sql = g_string_new(NULL);
    binding->map = g_array_new(FALSE, FALSE, sizeof(CatalogSplice));
    if (catalog_splice(item->node->object.model->sql, item->columns, types->prefix, sql, binding->map)) {
        binding->sql = g_string_free(g_steal_pointer(&sql), FALSE);
        binding->columns = bound_columns(conn, binding->sql, &binding->error);
        binding->bound = true;
    }
}

static gpointer bind_some(gpointer data)
{
    Worker *worker = data;
    for (gint i; (guint)(i = g_atomic_int_add(worker->next, 1)) < worker->jobs->len;) {
        bind_one(worker->types, worker->conn, g_ptr_array_index(worker->jobs, i));
    }
    return NULL;
}

/* ---- levels
 * ---------------------------------------------------------------------------------------------------------
 */

static bool prepare_binding(Binding *binding)
{
    CatalogItem *item = binding->item;
    if (item->failed || !item->names) {
        return false;
    }
    for (guint i = 0; i < item->columns->uses->len; i++) {
        if (!has_types(g_array_index(item->columns->uses, CatalogTableUse, i).object)) {
            return false;
        }
    }
    binding->hash = content_hash(item);
    binding->columns = cache_get(binding->hash);
    return true;
}

static void need_tables(Types *types, const Binding *binding, GPtrArray *tables)
{
    const GArray *uses = binding->item->columns->uses;
    for (guint i = 0; i < uses->len; i++) {
        const CatalogObject *object = g_array_index(uses, CatalogTableUse, i).object;
        if (!g_hash_table_contains(types->made, object) && !g_ptr_array_find(tables, object, NULL)) {
            g_ptr_array_add(tables, (gpointer)(guintptr)object);
        }
    }
}

static void finish_binding(Types *types, Binding *binding)
{
    if (binding->error) {
        catalog_complain_engine(types->build, binding->item, binding->sql, binding->map, binding->error);
    }
    if (!binding->columns) {
        return;
    }
    if (binding->bound) {
        cache_put(binding->hash, binding->columns);
    }
    take_columns(binding);
}

static void do_level(Types *types, Pool *pool, unsigned level, bool *ret_more)
{
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    g_autoptr(GPtrArray) tables = g_ptr_array_new();
    for (guint i = 0; i < types->bindings->len; i++) {
        Binding *binding = &g_array_index(types->bindings, Binding, i);
        *ret_more = *ret_more || binding->level > level;
        if (binding->level == level && prepare_binding(binding) && !binding->columns) {
            g_ptr_array_add(wanted, binding);
            need_tables(types, binding, tables);
        }
    }
    if (wanted->len > 0) {
        if (pool->n == 0) {
            pool_open(pool, types->build->parser, types->bindings->len);
        }
        Worker workers[MAX_THREADS];
        make_tables(types, pool, tables);
        share_out(types, pool, wanted, bind_some, workers);
    }
    for (guint i = 0; i < types->bindings->len; i++) {
        Binding *binding = &g_array_index(types->bindings, Binding, i);
        if (binding->level == level) {
            finish_binding(types, binding);
        }
    }
}

/* ---- what stays behind ----------------------------------------------------------------------------------
 */

bool catalog_tidy(EngineConn *parser, GError **error)
{
    g_autofree char *drops = NULL;
    return engine_query_text(parser,
                             "SELECT string_agg('DROP SCHEMA \"' || replace(schema_name, '\"', '\"\"') || "
                             "'\" CASCADE', ';') FROM duckdb_schemas() WHERE starts_with(schema_name, "
                             "'" BIND_PREFIX "')",
                             &drops, error) &&
           (!drops || engine_exec(parser, drops, error));
}

void catalog_bind_types(CatalogBuild *build, GPtrArray *order)
{
    static gint counter;
    Types types = {.build = build,
                   .bindings = g_array_new(FALSE, FALSE, sizeof(Binding)),
                   .by_object = g_hash_table_new(g_direct_hash, g_direct_equal),
                   .made = g_hash_table_new(g_direct_hash, g_direct_equal),
                   .schemas = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    types.prefix = g_strdup_printf(BIND_PREFIX "%d_", g_atomic_int_add(&counter, 1));
    g_array_set_clear_func(types.bindings, clear_binding);
    set_levels(&types, order);
    Pool pool = {0};
    bool more = types.bindings->len > 0;
    for (unsigned level = 0; more; level++) {
        more = false;
        do_level(&types, &pool, level, &more);
    }
    pool_close(&pool);
    g_array_unref(types.bindings);
    g_hash_table_unref(types.by_object);
    g_hash_table_unref(types.made);
    g_hash_table_unref(types.schemas);
    g_free(types.prefix);
}
