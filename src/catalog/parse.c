/* All SQL of a project through the engine's parser at once, shared out to a few connections. A text that does
 * not parse gives no tree; the caller asks again for that one alone and gets the error with its place. */
#include "catalog/walked_int.h"

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

/* ---- beside other work --------------------------------------------------------------------------------- */

#define BATCH 32 /* texts; a query for each batch */

struct CatalogParsing {
    EngineConn *parser, *own; /* of the caller; of the thread */
    GThread *thread;          /* NULL until there is a batch */
    GAsyncQueue *queue;       /* GPtrArray of CatalogItem; an empty one ends the thread */
    GPtrArray *open;          /* not yet a batch */
};

/* The tree, and while it is warm the names in it. What fails here is asked for again alone, where it can say
 * why. */
static void parse_items(EngineConn *conn, GPtrArray *items_taken)
{
    g_autoptr(GPtrArray) items = items_taken;
    g_autofree const char **sql = g_new0(const char *, items->len + 1);
    g_autofree EngineTree **trees = g_new0(EngineTree *, items->len + 1);
    for (guint i = 0; i < items->len; i++) {
        sql[i] = ((const CatalogItem *)g_ptr_array_index(items, i))->node->object.model->sql;
    }
    engine_tree_parse_many(conn, sql, items->len, trees);
    for (guint i = 0; i < items->len; i++) {
        CatalogItem *item = g_ptr_array_index(items, i);
        item->tree = trees[i];
        bool read = item->tree && catalog_walked_read(item, NULL);
        (void)read; /* then item->names is NULL */
    }
}

static gpointer parse_queue(gpointer data)
{
    CatalogParsing *parsing = data;
    GPtrArray *items;
    while ((items = g_async_queue_pop(parsing->queue))->len > 0) {
        parse_items(parsing->own, items);
    }
    g_ptr_array_unref(items);
    return NULL;
}

CatalogParsing *catalog_parsing_begin(EngineConn *parser)
{
    CatalogParsing *parsing = g_new0(CatalogParsing, 1);
    parsing->parser = parser;
    parsing->queue = g_async_queue_new();
    parsing->open = g_ptr_array_new();
    return parsing;
}

void catalog_parsing_add(CatalogParsing *parsing, CatalogItem *item)
{
    g_ptr_array_add(parsing->open, item);
    if (parsing->open->len < BATCH) {
        return;
    }
    g_async_queue_push(parsing->queue, parsing->open);
    parsing->open = g_ptr_array_new();
    bool alone = parsing->thread || g_get_num_processors() < 2;
    if (!alone && (parsing->own = engine_connect(engine_conn_engine(parsing->parser), NULL))) {
        parsing->thread = g_thread_new("parse", parse_queue, parsing);
    }
}

void catalog_parsing_finish(CatalogParsing *parsing)
{
    GPtrArray *last = parsing->open;
    for (GPtrArray *items; (items = g_async_queue_try_pop(parsing->queue)) != NULL;) {
        parse_items(parsing->parser, items);
    }
    parse_items(parsing->parser, last);
    if (parsing->thread) {
        g_async_queue_push(parsing->queue, g_ptr_array_new());
        g_thread_join(parsing->thread);
    }
    engine_disconnect(parsing->own);
    g_async_queue_unref(parsing->queue);
    g_free(parsing);
}
