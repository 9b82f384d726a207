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

/* ---- beside other work --------------------------------------------------------------------------------- */

#define BATCH 128 /* texts; a query for each batch */

typedef struct {
    GPtrArray *sql;   /* const char * */
    GPtrArray *slots; /* EngineTree ** */
} Texts;

struct CatalogParsing {
    EngineConn *parser, *own; /* of the caller; of the thread */
    GThread *thread;          /* NULL until there is a batch */
    GAsyncQueue *queue;       /* Texts*; one without texts ends the thread */
    Texts *open;              /* not yet a batch */
};

static Texts *texts_new(void)
{
    Texts *texts = g_new0(Texts, 1);
    texts->sql = g_ptr_array_new();
    texts->slots = g_ptr_array_new();
    return texts;
}

static void texts_free(Texts *texts)
{
    g_ptr_array_unref(texts->sql);
    g_ptr_array_unref(texts->slots);
    g_free(texts);
}

static void parse_texts(EngineConn *conn, Texts *texts)
{
    g_autofree EngineTree **trees = g_new0(EngineTree *, texts->sql->len + 1);
    engine_tree_parse_many(conn, (const char *const *)texts->sql->pdata, texts->sql->len, trees);
    for (guint i = 0; i < texts->slots->len; i++) {
        *(EngineTree **)g_ptr_array_index(texts->slots, i) = trees[i];
    }
    texts_free(texts);
}

static gpointer parse_queue(gpointer data)
{
    CatalogParsing *parsing = data;
    Texts *texts;
    while ((texts = g_async_queue_pop(parsing->queue))->sql->len > 0) {
        parse_texts(parsing->own, texts);
    }
    texts_free(texts);
    return NULL;
}

CatalogParsing *catalog_parsing_begin(EngineConn *parser)
{
    CatalogParsing *parsing = g_new0(CatalogParsing, 1);
    parsing->parser = parser;
    parsing->queue = g_async_queue_new();
    parsing->open = texts_new();
    return parsing;
}

void catalog_parsing_add(CatalogParsing *parsing, const char *sql, EngineTree **ret_tree)
{
    g_ptr_array_add(parsing->open->sql, (gpointer)(guintptr)sql);
    g_ptr_array_add(parsing->open->slots, ret_tree);
    if (parsing->open->sql->len < BATCH) {
        return;
    }
    g_async_queue_push(parsing->queue, parsing->open);
    parsing->open = texts_new();
    bool alone = parsing->thread || g_get_num_processors() < 2;
    if (!alone && (parsing->own = engine_connect(engine_conn_engine(parsing->parser), NULL))) {
        parsing->thread = g_thread_new("parse", parse_queue, parsing);
    }
}

void catalog_parsing_finish(CatalogParsing *parsing)
{
    Texts *last = parsing->open;
    for (Texts *texts; (texts = g_async_queue_try_pop(parsing->queue)) != NULL;) {
        parse_texts(parsing->parser, texts);
    }
    parse_texts(parsing->parser, last);
    if (parsing->thread) {
        g_async_queue_push(parsing->queue, texts_new());
        g_thread_join(parsing->thread);
    }
    engine_disconnect(parsing->own);
    g_async_queue_unref(parsing->queue);
    g_free(parsing);
}
