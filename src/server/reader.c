/* Reading definitions beside the opening of the app. See reader.h. */
#include "server/reader.h"

#include "base/log.h"

typedef struct {
    bool done;
    CatalogSnapshot *snapshot;
    GError *error;
} Read;

struct ServerReader {
    ServerApp *app;
    GThread *thread;
    bool with_project;
    BaseDiags *diags; /* of the project */
    GMutex lock;
    GCond changed;
    Read applied, project; /* under the lock, as what follows */
    bool claimed;
};

static void tell(ServerReader *reader, Read *read, CatalogSnapshot *snapshot_taken, GError *error_taken)
{
    g_mutex_lock(&reader->lock);
    read->snapshot = snapshot_taken;
    read->error = error_taken;
    read->done = true;
    g_cond_broadcast(&reader->changed);
    g_mutex_unlock(&reader->lock);
}

/* ---- the project --------------------------------------------------------------------------------------- */

typedef struct {
    ServerApp *app;
    BaseDiags *diags;
    const GPtrArray *live;
    ServerReader *ahead; /* is told before the parser is tidied up; NULL = the caller waits for all */
    CatalogSnapshot *snapshot;
} Reading;

static bool load_project(EngineConn *parser, void *user, GError **error)
{
    Reading *reading = user;
    reading->snapshot =
        catalog_load(server_app_project(reading->app), parser, reading->live, reading->diags, error);
    if (reading->snapshot && reading->ahead) {
        tell(reading->ahead, &reading->ahead->project, reading->snapshot, NULL);
    }
    return reading->snapshot != NULL;
}

static CatalogSnapshot *read_project(ServerApp *app, BaseDiags *diags, ServerReader *ahead, GError **error)
{
    g_autoptr(GPtrArray) live = catalog_store_live_tables(server_app_store(app), error);
    Reading reading = {.app = app, .diags = diags, .live = live, .ahead = ahead};
    bool ok = live && server_app_with_parser(app, load_project, &reading, error);
    return ok ? reading.snapshot : NULL;
}

static void keep(ServerApp *app)
{
    g_autoptr(GError) unkept = NULL;
    if (!catalog_store_keep(server_app_store(app), &unkept)) { /* the next reading is slower, nothing else */
        base_log_error("what was read of the project is not kept", unkept);
    }
}

CatalogSnapshot *server_reader_read(ServerApp *app, BaseDiags *diags, GError **error)
{
    CatalogSnapshot *snapshot = read_project(app, diags, NULL, error);
    if (snapshot) {
        keep(app);
    }
    return snapshot;
}

/* ---- what is applied ----------------------------------------------------------------------------------- */

static bool load_applied(EngineConn *parser, void *user, GError **error)
{
    Reading *reading = user;
    reading->snapshot = catalog_store_applied(server_app_store(reading->app), parser, error);
    return reading->snapshot != NULL;
}

static CatalogSnapshot *read_applied(ServerApp *app, GError **error)
{
    Reading reading = {.app = app};
    g_autoptr(GPtrArray) live = catalog_store_live_tables(server_app_store(app), error);
    if (!live || !server_app_with_parser(app, load_applied, &reading, error)) {
        return NULL;
    }
    for (guint i = 0; i < live->len; i++) {
        const CatalogTable *table = g_ptr_array_index(live, i);
        bool ambiguous = false;
        if (!catalog_resolve_table(reading.snapshot, table->schema, table->name, NULL, &ambiguous)) {
            CatalogSnapshot *with = catalog_snapshot_with_table(reading.snapshot, table);
            catalog_snapshot_unref(reading.snapshot);
            reading.snapshot = with;
        }
    }
    return reading.snapshot;
}

/* ---- the thread ---------------------------------------------------------------------------------------- */

static gpointer read_all(gpointer data)
{
    ServerReader *reader = data;
    GError *error = NULL;
    CatalogSnapshot *snapshot = read_applied(reader->app, &error);
    bool go_on = snapshot != NULL && reader->with_project;
    tell(reader, &reader->applied, snapshot, error);
    if (!go_on) {
        return NULL;
    }
    GError *why = NULL;
    if (read_project(reader->app, reader->diags, reader, &why)) {
        keep(reader->app); /* beside what the taker does with it */
    } else {
        tell(reader, &reader->project, NULL, why);
    }
    return NULL;
}

static CatalogSnapshot *take(ServerReader *reader, Read *read, GError **error)
{
    g_mutex_lock(&reader->lock);
    while (!read->done) {
        g_cond_wait(&reader->changed, &reader->lock);
    }
    CatalogSnapshot *snapshot = g_steal_pointer(&read->snapshot);
    GError *why = g_steal_pointer(&read->error);
    g_mutex_unlock(&reader->lock);
    if (why) {
        g_propagate_error(error, why);
    }
    return snapshot;
}

ServerReader *server_reader_start(ServerApp *app, bool with_project)
{
    ServerReader *reader = g_new0(ServerReader, 1);
    reader->app = app;
    reader->with_project = with_project && server_app_project(app);
    reader->diags = base_diags_new();
    g_mutex_init(&reader->lock);
    g_cond_init(&reader->changed);
    reader->thread = g_thread_new("definitions", read_all, reader);
    return reader;
}

CatalogSnapshot *server_reader_applied(ServerReader *reader, GError **error)
{
    return take(reader, &reader->applied, error);
}

bool server_reader_claim(ServerReader *reader)
{
    g_mutex_lock(&reader->lock);
    bool free_to_take = reader->with_project && !reader->claimed;
    reader->claimed = true;
    g_mutex_unlock(&reader->lock);
    return free_to_take;
}

CatalogSnapshot *server_reader_project(ServerReader *reader, BaseDiags *diags, GError **error)
{
    CatalogSnapshot *snapshot = take(reader, &reader->project, error);
    base_diags_move(reader->diags, diags);
    return snapshot;
}

void server_reader_forget(ServerReader *reader)
{
    if (server_reader_claim(reader)) {
        g_autoptr(GError) ignored = NULL; /* of a reading that nobody asked for */
        catalog_snapshot_unref(take(reader, &reader->project, &ignored));
    }
}

static void read_clear(Read *read)
{
    catalog_snapshot_unref(read->snapshot);
    g_clear_error(&read->error);
}

void server_reader_free(ServerReader *reader)
{
    if (!reader) {
        return;
    }
    g_thread_join(reader->thread);
    read_clear(&reader->applied);
    read_clear(&reader->project);
    base_diags_free(reader->diags);
    g_mutex_clear(&reader->lock);
    g_cond_clear(&reader->changed);
    g_free(reader);
}
