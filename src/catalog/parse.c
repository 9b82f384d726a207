/* All SQL of a project through the engine's parser at once.
 *
 * One statement of the engine costs about 0.1 ms whatever it does, so trees are asked for in batches: one
 * query takes a list of texts and gives a list of trees, and a few connections share the lists. A text that
 * does not parse gives no tree; the caller asks again for that one alone and gets the error with its place.
 */
#include "catalog/catalog_int.h"
#include "engine/sql.h"

#define MIN_PER_THREAD 32
#define MAX_THREADS    4
#define SEPARATOR      '\001'

static const char parse_sql[] =
    "SELECT json_serialize_sql(x, skip_null := true, skip_empty := true, skip_default := true) "
    "FROM (SELECT unnest(string_split($1, chr(1))) AS x)";

typedef struct {
    EngineConn *conn;
    const char *const *sql;
    json_t **trees;
    size_t n;
} Batch;

static json_t *tree_of(const char *text, size_t len)
{
    g_autoptr(json_t) tree = base_json_parse(text, len, NULL);
    if (!tree || base_json_bool(tree, "error", true) ||
        json_array_size(json_object_get(tree, "statements")) != 1) {
        return NULL;
    }
    return g_steal_pointer(&tree);
}

static EngineStmt *prepare(const Batch *batch, const char *joined, size_t len)
{
    EngineStmt *stmt = engine_prepare(batch->conn, parse_sql, NULL);
    EngineValue value = {.id = ENGINE_TEXT, .text = {joined, len}};
    if (stmt && !engine_stmt_bind(stmt, 0, &value, NULL)) {
        g_clear_pointer(&stmt, engine_stmt_free);
    }
    return stmt;
}

static gpointer parse_batch(gpointer data)
{
    Batch *batch = data;
    g_autoptr(GString) joined = g_string_new(NULL);
    for (size_t i = 0; i < batch->n; i++) {
        if (i) {
            g_string_append_c(joined, SEPARATOR);
        }
        for (const char *p = batch->sql[i]; *p; p++) { /* a separator inside is no SQL in any case */
            g_string_append_c(joined, *p == SEPARATOR ? '\002' : *p);
        }
    }
    g_autoptr(EngineStmt) stmt = prepare(batch, joined->str, joined->len);
    g_autoptr(EngineResult) result = stmt ? engine_stmt_run(stmt, NULL) : NULL;
    EngineChunk *chunk;
    size_t at = 0;
    while (result && (chunk = engine_result_next(result, NULL)) != NULL) {
        EngineColumn column = engine_chunk_column(chunk, 0);
        for (size_t row = 0; row < engine_chunk_rows(chunk) && at < batch->n; row++, at++) {
            size_t len = 0;
            const char *bytes =
                engine_column_is_null(&column, row) ? NULL : engine_column_bytes(&column, row, &len);
            batch->trees[at] = bytes ? tree_of(bytes, len) : NULL;
        }
    }
    return NULL;
}

void catalog_parse_many(EngineConn *parser, const char *const *sql, size_t n, json_t **ret_trees)
{
    EngineConn *conns[MAX_THREADS] = {parser};
    GThread *threads[MAX_THREADS] = {0};
    Batch batches[MAX_THREADS];
    memset(ret_trees, 0, sizeof(json_t *) * n);
    size_t wanted = MIN(MIN((size_t)g_get_num_processors(), MAX_THREADS), n / MIN_PER_THREAD);
    size_t n_threads = 1;
    while (n_threads < wanted && (conns[n_threads] = engine_connect(engine_conn_engine(parser), NULL))) {
        n_threads++;
    }
    size_t share = (n + n_threads - 1) / n_threads;
    for (size_t i = 0; i < n_threads; i++) {
        size_t from = MIN(i * share, n);
        batches[i] = (Batch){.conn = conns[i],
                             .sql = n ? sql + from : sql,
                             .trees = n ? ret_trees + from : ret_trees,
                             .n = MIN(share, n - from)};
        if (i > 0) {
            threads[i] = g_thread_new("parse", parse_batch, &batches[i]);
        }
    }
    if (n > 0) {
        parse_batch(&batches[0]);
    }
    for (size_t i = 1; i < n_threads; i++) {
        g_thread_join(threads[i]);
        engine_disconnect(conns[i]);
    }
}

json_t *catalog_tree_node(const json_t *tree)
{
    json_t *statements = json_object_get(tree, "statements");
    json_t *first = statements ? json_array_get(statements, 0) : (json_t *)(guintptr)tree;
    json_t *node = json_object_get(first, "node");
    return node ? node : first;
}
