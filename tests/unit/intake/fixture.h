/* A warehouse in a fresh folder, tables by a few words, loads by text. */
#ifndef WEIR_TESTS_INTAKE_FIXTURE_H
#define WEIR_TESTS_INTAKE_FIXTURE_H

#include "base/fs.h"
#include "intake/intake_int.h"

typedef struct {
    char *dir;
    Engine *engine;
    Intake *intake;
    EngineConn *conn;
    BaseConfig *config;
} Fixture;

static inline void fixture_open(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(f->dir, "warehouse.duckdb", NULL);
    g_autofree char *spool = g_build_filename(f->dir, "spool", NULL);
    bool made = base_fs_mkdir(spool, &error);
    g_assert_no_error(error);
    g_assert_true(made);
    const EngineOptions options = {.path = path,
                                   .spool_dir = spool,
                                   .threads = 2,
                                   .memory_bytes = 2LL << 30,
                                   .temp_max_bytes = 8LL << 30,
                                   .checkpoint_wal_bytes = 32 << 20};
    f->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    f->intake = intake_open(f->engine, f->dir, f->config, &error);
    g_assert_no_error(error);
    f->conn = engine_connect(f->engine, &error);
    g_assert_no_error(error);
}

static inline void fixture_close(Fixture *f)
{
    engine_disconnect(g_steal_pointer(&f->conn));
    intake_close(g_steal_pointer(&f->intake));
    engine_unref(g_steal_pointer(&f->engine));
}

static inline void fixture_start(Fixture *f)
{
    memset(f, 0, sizeof *f);
    f->dir = g_dir_make_tmp("weir-intake-XXXXXX", NULL);
    f->config = base_config_new();
    fixture_open(f);
}

static inline void fixture_stop(Fixture *f)
{
    fixture_close(f);
    g_autoptr(GError) error = NULL;
    bool removed = base_fs_remove_tree(f->dir, &error);
    g_assert_no_error(error);
    g_assert_true(removed);
    g_free(f->dir);
    base_config_free(f->config);
}

static inline void fixture_column_free(void *data)
{
    CatalogColumn *column = data;
    g_free(column->name);
    g_free(column->type);
    g_free(column->type_declared);
    g_free(column);
}

/* "k:BIGINT:key v:INTEGER:sum s:VARCHAR" */
static inline CatalogTable *fixture_table(const char *name, CatalogTableModel model, const char *columns)
{
    static const char *const AGGS[] = {"none", "sum", "min", "max", "replace", "replace_if_not_null", NULL};
    CatalogTable *table = g_new0(CatalogTable, 1);
    table->schema = g_strdup("d");
    table->name = g_strdup(name);
    table->model = model;
    table->columns = g_ptr_array_new_with_free_func(fixture_column_free);
    g_auto(GStrv) words = g_strsplit(columns, " ", 0);
    for (size_t i = 0; words[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(words[i], ":", 0);
        CatalogColumn *column = g_new0(CatalogColumn, 1);
        column->name = g_strdup(parts[0]);
        column->type = g_strdup(parts[1]);
        column->type_declared = g_strdup(parts[1]);
        for (size_t k = 2; parts[k]; k++) {
            column->key = column->key || strcmp(parts[k], "key") == 0;
            column->not_null = column->not_null || strcmp(parts[k], "notnull") == 0;
            if (strcmp(parts[k], "seq") == 0) {
                table->sequence = g_strdup(parts[0]);
            }
            for (unsigned a = 0; AGGS[a]; a++) {
                if (strcmp(parts[k], AGGS[a]) == 0) {
                    column->agg = (CatalogAgg)a;
                }
            }
        }
        g_ptr_array_add(table->columns, column);
    }
    return table;
}

static inline CatalogTable *fixture_create(Fixture *f, const char *name, CatalogTableModel model,
                                           const char *columns)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogTable) made = fixture_table(name, model, columns);
    CatalogTable *table = catalog_table_copy(made); /* owned as the catalog owns it */
    bool ok = intake_table_create(f->intake, table, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return table;
}

static inline IntakeOptions *fixture_options(const char *headers)
{
    IntakeOptions *options = intake_options_new();
    g_auto(GStrv) lines = g_strsplit(headers ? headers : "", "\n", 0);
    for (size_t i = 0; lines[i]; i++) {
        char *colon = strchr(lines[i], ':');
        if (!colon) {
            continue;
        }
        *colon = '\0';
        g_autoptr(GError) error = NULL;
        bool ok = intake_options_set(options, lines[i], colon + 1, &error);
        g_assert_no_error(error);
        g_assert_true(ok);
    }
    return options;
}

/* Loads `body` with "header: value" lines; true = success. The result is the caller's to clear. */
static inline bool fixture_try(Fixture *f, const CatalogTable *table, const char *headers, const char *body,
                               gssize len, IntakeResult *ret, GError **error)
{
    memset(ret, 0, sizeof *ret);
    g_autoptr(IntakeOptions) options = fixture_options(headers);
    if (!intake_options_check(options, error)) {
        return false;
    }
    g_autoptr(IntakeSpool) spool = intake_spool_new(f->intake);
    if (!intake_spool_append(spool, body, len < 0 ? strlen(body) : (size_t)len, error)) {
        return false;
    }
    return intake_load(f->intake, table, options, spool, "tester", "local", ret, error);
}

static inline void fixture_load(Fixture *f, const CatalogTable *table, const char *headers, const char *body)
{
    g_autoptr(GError) error = NULL;
    IntakeResult result;
    bool ok = fixture_try(f, table, headers, body, -1, &result, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_assert_cmpstr(result.status, ==, "Success");
    intake_result_clear(&result);
}

/* A load that begins while its body comes, as the server does it. */
typedef struct {
    Fixture *f;
    const CatalogTable *table;
    IntakeOptions *options;
    IntakeSpool *spool;
    GThread *thread; /* of the load, once it has begun */
    IntakeResult result;
    GError *error;
    bool begun, ok, refused; /* refused: the body was not taken */
    gint over;               /* atomic: the load has ended */
    GMutex lock;
    GCond changed;
    bool room;
} FixtureFlow;

static inline gpointer fixture_flow_load(gpointer data)
{
    FixtureFlow *flow = data;
    flow->ok = intake_load(flow->f->intake, flow->table, flow->options, flow->spool, "tester", "local",
                           &flow->result, &flow->error);
    g_atomic_int_set(&flow->over, 1);
    if (flow->begun) {
        intake_spool_drop(flow->spool);
    }
    return NULL;
}

static inline void fixture_flow_begin(FixtureFlow *flow, Fixture *f, const CatalogTable *table,
                                      const char *headers)
{
    memset(flow, 0, sizeof *flow);
    flow->f = f;
    flow->table = table;
    flow->options = fixture_options(headers);
    g_autoptr(GError) error = NULL;
    bool ok = intake_options_check(flow->options, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    flow->spool = intake_spool_new(f->intake);
    if (intake_load_may_flow(table, flow->options)) {
        intake_spool_let_flow(flow->spool);
    }
    g_mutex_init(&flow->lock);
    g_cond_init(&flow->changed);
}

static inline void fixture_flow_room(void *user)
{
    FixtureFlow *flow = user;
    g_mutex_lock(&flow->lock);
    flow->room = true;
    g_cond_signal(&flow->changed);
    g_mutex_unlock(&flow->lock);
}

/* In pieces of `piece` bytes; waits for room as the server does. */
static inline void fixture_flow_send(FixtureFlow *flow, const char *data, size_t len, size_t piece)
{
    for (size_t at = 0; at < len && !flow->refused; at += piece) {
        g_autoptr(GError) error = NULL;
        if (!intake_spool_append(flow->spool, data + at, MIN(piece, len - at), &error)) {
            flow->refused = true;
            return;
        }
        if (!flow->thread && intake_spool_flows(flow->spool)) {
            flow->begun = true;
            flow->thread = g_thread_new("load", fixture_flow_load, flow);
        }
        flow->room = false;
        if (flow->thread && intake_spool_on_room(flow->spool, fixture_flow_room, flow)) {
            g_mutex_lock(&flow->lock);
            while (!flow->room) {
                g_cond_wait(&flow->changed, &flow->lock);
            }
            g_mutex_unlock(&flow->lock);
        }
    }
}

/* The body is whole, or it never will be; waits for the load. `result`, `error` and `ok` say how it ended. */
static inline void fixture_flow_finish(FixtureFlow *flow, bool whole)
{
    if (whole) {
        intake_spool_end(flow->spool);
    } else {
        intake_spool_cut(flow->spool);
    }
    if (flow->thread) {
        g_thread_join(flow->thread);
    } else {
        fixture_flow_load(flow);
    }
    g_clear_pointer(&flow->spool, intake_spool_free);
}

static inline void fixture_flow_clear(FixtureFlow *flow)
{
    intake_spool_free(flow->spool);
    intake_options_free(flow->options);
    intake_result_clear(&flow->result);
    g_clear_error(&flow->error);
    g_mutex_clear(&flow->lock);
    g_cond_clear(&flow->changed);
}

/* All rows of a query as text: columns by ",", rows by "|", NULL as "~". */
static inline char *fixture_query(Fixture *f, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineResult) result = engine_query(f->conn, sql, &error);
    g_assert_no_error(error);
    GString *out = g_string_new(NULL);
    for (EngineChunk *chunk; (chunk = engine_result_next(result, &error));) {
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            g_string_append(out, out->len ? "|" : "");
            for (size_t i = 0; i < engine_result_n_columns(result); i++) {
                EngineColumn column = engine_chunk_column(chunk, i);
                g_string_append(out, i ? "," : "");
                if (!engine_column_append_text(&column, row, out)) {
                    g_string_append_c(out, '~');
                }
            }
        }
    }
    g_assert_no_error(error);
    return g_string_free(out, FALSE);
}

static inline void fixture_expect(Fixture *f, const char *sql, const char *expected)
{
    g_autofree char *got = fixture_query(f, sql);
    g_assert_cmpstr(got, ==, expected);
}

/* Until the load has set its rows aside; there is no other stage. */
static inline void fixture_wait_until_parked(FixtureFlow *flow)
{
    for (;;) {
        g_autofree char *n = fixture_query(
            flow->f,
            "SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_weir' AND table_name LIKE 'txn_%'");
        if (strcmp(n, "1") == 0) {
            return;
        }
        g_assert_false(g_atomic_int_get(&flow->over));
        g_usleep(10000);
    }
}

/* A load that has parked after the first `len` bytes of its body. */
static inline void fixture_flow_begin_parked(FixtureFlow *flow, Fixture *f, const CatalogTable *table,
                                             const char *headers, const char *body, size_t len)
{
    f->intake->stream_wait_us = G_MAXINT64;
    fixture_flow_begin(flow, f, table, headers);
    size_t at = 0;
    while (!intake_spool_flows(flow->spool)) { /* it begins below, where it has no time to wait */
        g_autoptr(GError) error = NULL;
        g_assert_true(at < len && intake_spool_append(flow->spool, body + at, 997, &error));
        at += 997;
    }
    f->intake->stream_wait_us = 0;
    fixture_flow_send(flow, body + at, len - at, 997);
    fixture_wait_until_parked(flow);
}

#endif
