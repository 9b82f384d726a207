/* All SQL of a project through the engine's parser at once, shared out to a few connections. A text that does
 * not parse gives no tree; the caller asks again for that one alone and gets the error with its place. */
#include "catalog/catalog_int.h"

#define MIN_PER_THREAD 32
#define MAX_THREADS    8

typedef struct {
    EngineConn *conn;
    const char *const *sql;
    EngineTree **trees;
    size_t n;
} Batch;

static gpointer parse_batch(gpointer data)
{
    Batch *batch = data;
    engine_tree_parse_many(batch->conn, batch->sql, batch->n, batch->trees);
    return NULL;
}

void catalog_parse_many(EngineConn *parser, const char *const *sql, size_t n, EngineTree **ret_trees)
{
    EngineConn *conns[MAX_THREADS] = {parser};
    GThread *threads[MAX_THREADS] = {0};
    Batch batches[MAX_THREADS];
    if (n == 0) {
        return;
    }
    size_t wanted = MIN(MIN((size_t)g_get_num_processors(), MAX_THREADS), n / MIN_PER_THREAD);
    size_t n_threads = 1;
    while (n_threads < wanted && (conns[n_threads] = engine_connect(engine_conn_engine(parser), NULL))) {
        n_threads++;
    }
    size_t share = (n + n_threads - 1) / n_threads;
    for (size_t i = 0; i < n_threads; i++) {
        size_t from = MIN(i * share, n);
        batches[i] = (Batch){
            .conn = conns[i], .sql = sql + from, .trees = ret_trees + from, .n = MIN(share, n - from)};
        if (i > 0) {
            threads[i] = g_thread_new("parse", parse_batch, &batches[i]);
        }
    }
    parse_batch(&batches[0]);
    for (size_t i = 1; i < n_threads; i++) {
        g_thread_join(threads[i]);
        engine_disconnect(conns[i]);
    }
}
