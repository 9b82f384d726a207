/* Rows of SHOW statements that Doris has and its connectors read. See show_int.h. */
#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "server/raw.h"
#include "server/server.h"
#include "server/show_int.h"

#define MAX_LOADS          10000
#define MAX_WARNINGS_BYTES (1024u * 1024u)
#define MAX_WARNING_ROWS   10000

/* ---- the one node
 * ------------------------------------------------------------------------------------------------ */

static gint64 port_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    gint64 port = 0;
    return colon && base_text_to_int(colon + 1, 0, 65535, &port) ? port : 0;
}

/* "http://127.0.0.1:8030" -> "127.0.0.1": connectors write the scheme themselves. */
static char *host_of(const char *address)
{
    const char *scheme = strstr(address, "://");
    const char *host = scheme ? scheme + 3 : address;
    const char *colon = strrchr(host, ':');
    return colon ? g_strndup(host, (size_t)(colon - host)) : g_strdup("127.0.0.1");
}

static char *started_text(const Show *show)
{
    return base_time_format(server_app_started_us(show->run->session->app), show->run->session->zone);
}

static char *now_text(const Show *show)
{
    gint64 now_us = base_time_now_us();
    return base_time_format(now_us - now_us % BASE_TIME_SECOND_US, show->run->session->zone);
}

bool show_frontends(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    ServerApp *app = show->run->session->app;
    g_autofree char *host = host_of(server_app_http(app));
    g_autofree char *started = started_text(show);
    g_autofree char *now = now_text(show);
    server_rows_text(rows, "weir");
    server_rows_text(rows, host);
    server_rows_int(rows, 0);
    server_rows_int(rows, port_of(server_app_http(app)));
    server_rows_int(rows, port_of(server_app_mysql(app)));
    server_rows_int(rows, 0);
    server_rows_int(rows, -1);
    server_rows_put(rows, "FOLLOWER", "true", "0", "true", "true", "0", started, now, "true", "",
                    SERVER_MYSQL_VERSION, "Yes", NULL);
    return true;
}

bool show_backends(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    ServerApp *app = show->run->session->app;
    g_autofree char *host = host_of(server_app_http(app));
    g_autofree char *started = started_text(show);
    g_autofree char *now = now_text(show);
    gint64 free_bytes = base_fs_free_bytes(server_app_data(app));
    g_autofree char *used =
        g_strdup_printf("%" G_GINT64_FORMAT " B", engine_file_bytes(server_app_engine(app)));
    g_autofree char *available = g_strdup_printf("%" G_GINT64_FORMAT " B", MAX(free_bytes, 0));
    server_rows_int(rows, 1);
    server_rows_text(rows, host);
    server_rows_int(rows, 0);
    server_rows_int(rows, 0);
    server_rows_int(rows, port_of(server_app_http(app)));
    server_rows_int(rows, 0);
    server_rows_int(rows, -1);
    server_rows_text(rows, started);
    server_rows_text(rows, now);
    server_rows_text(rows, "true");
    server_rows_text(rows, "false");
    server_rows_int(rows, catalog_objects(show->run->session->snapshot)->len);
    server_rows_put(rows, used, available, available, "", "", SERVER_MYSQL_VERSION, NULL);
    return true;
}

bool show_catalogs(const Show *show, ServerRows *rows, GError **error)
{
    (void)show;
    (void)error;
    server_rows_int(rows, 0);
    server_rows_put(rows, "internal", "internal", "Yes", "UNRECORDED", NULL);
    return true;
}

/* ---- loads
 * ----------------------------------------------------------------------------------------------------------
 */

typedef void (*PutLoad)(ServerRows *rows, const json_t *load);

static bool put_loads(const Show *show, ServerRows *rows, PutLoad put, GError **error)
{
    ServerSession *session = show->run->session;
    g_autoptr(json_t) loads =
        intake_loads(server_app_intake(session->app), show->database, NULL, NULL, MAX_LOADS, error);
    if (!loads) {
        return false;
    }
    g_autoptr(ServerRaw) raw = server_raw_new(session->user, session->snapshot);
    size_t i = 0;
    json_t *load = NULL;
    json_array_foreach (loads, i, load) {
        const char *db = base_json_string(load, "db", "");
        bool ambiguous = false;
        const CatalogObject *object = catalog_resolve_table(
            session->snapshot, db, base_json_string(load, "table", ""), NULL, &ambiguous);
        if (object ? access_can_see(session->user, object) : access_can_see_domain(session->user, db)) {
            server_raw_hide_load(raw, object, load);
            put(rows, load);
        }
    }
    return true;
}

static const char *text_of(const json_t *load, const char *key)
{
    return base_json_string(load, key, NULL);
}

static void put_transaction(ServerRows *rows, const json_t *load)
{
    const char *state = base_json_string(load, "state", "");
    const char *started = text_of(load, "started"), *finished = text_of(load, "finished");
    bool visible = g_str_equal(state, "VISIBLE");
    g_autofree char *coordinator = g_strconcat("BE: ", base_json_string(load, "peer", ""), NULL);
    server_rows_int(rows, base_json_int(load, "txn_id", 0));
    server_rows_text(rows, text_of(load, "label"));
    server_rows_text(rows, coordinator);
    server_rows_text(rows, state);
    server_rows_text(rows, "BACKEND_STREAMING");
    server_rows_text(rows, started);
    server_rows_text(rows, finished);
    server_rows_text(rows, visible ? finished : NULL);
    server_rows_text(rows, visible ? finished : NULL);
    server_rows_text(rows, finished);
    server_rows_text(rows, g_str_equal(state, "ABORTED") ? text_of(load, "message") : "");
    server_rows_int(rows, 0);
    server_rows_int(rows, -1);
    server_rows_int(rows, 600000);
    server_rows_text(rows, "");
    server_rows_int(rows, base_json_int(load, "txn_id", 0));
}

bool show_transactions(const Show *show, ServerRows *rows, GError **error)
{
    return put_loads(show, rows, put_transaction, error);
}

static void put_load(ServerRows *rows, const json_t *load)
{
    const char *state = base_json_string(load, "state", "");
    bool done = g_str_equal(state, "VISIBLE"), failed = g_str_equal(state, "ABORTED");
    const char *started = text_of(load, "started"), *finished = text_of(load, "finished");
    g_autofree char *task = g_strdup_printf(
        "cluster:N/A; timeout(s):600; loaded:%" G_GINT64_FORMAT "; filtered:%" G_GINT64_FORMAT,
        base_json_int(load, "loaded", 0), base_json_int(load, "filtered", 0));
    server_rows_int(rows, base_json_int(load, "txn_id", 0));
    server_rows_text(rows, text_of(load, "label"));
    server_rows_text(rows, done ? "FINISHED" : failed ? "CANCELLED" : "LOADING");
    server_rows_text(rows, done ? "100.00%" : "0.00%");
    server_rows_text(rows, "INSERT");
    server_rows_null(rows);
    server_rows_text(rows, task);
    server_rows_text(rows, failed ? text_of(load, "message") : NULL);
    server_rows_text(rows, started);
    server_rows_text(rows, started);
    server_rows_text(rows, started);
    server_rows_text(rows, started);
    server_rows_text(rows, finished);
    server_rows_text(rows, text_of(load, "error_log"));
    server_rows_text(rows, "{}");
    server_rows_int(rows, base_json_int(load, "txn_id", 0));
    server_rows_put(rows, "{}", base_json_string(load, "user", ""), "", NULL);
}

bool show_loads(const Show *show, ServerRows *rows, GError **error)
{
    return put_loads(show, rows, put_load, error);
}

static void put_stream_load(ServerRows *rows, const json_t *load)
{
    server_rows_text(rows, text_of(load, "label"));
    server_rows_text(rows, text_of(load, "db"));
    server_rows_text(rows, text_of(load, "table"));
    server_rows_text(rows, text_of(load, "peer"));
    server_rows_text(rows, text_of(load, "status"));
    server_rows_text(rows, text_of(load, "message"));
    server_rows_text(rows, base_json_string(load, "error_log", "N/A"));
    static const char *const COUNTS[] = {"rows", "loaded", "filtered", "unselected", "bytes"};
    for (size_t i = 0; i < G_N_ELEMENTS(COUNTS); i++) {
        server_rows_int(rows, base_json_int(load, COUNTS[i], 0));
    }
    server_rows_put(rows, base_json_string(load, "started", ""), base_json_string(load, "finished", ""),
                    base_json_string(load, "user", ""), "", NULL);
}

bool show_stream_loads(const Show *show, ServerRows *rows, GError **error)
{
    return put_loads(show, rows, put_stream_load, error);
}

/* ON 'http://host/api/_load_error_log?file=NAME': the rows that a load refused, with reasons. */
bool show_load_warnings(const Show *show, ServerRows *rows, GError **error)
{
    const char *name = strstr(show->text, "file=");
    name = name ? name + strlen("file=") : show->text;
    g_autofree char *path = intake_error_log(server_app_intake(show->run->session->app), name);
    if (!path) {
        return base_fail(error, BASE_E_FILE_NOT_FOUND, "no error log `%s`", name);
    }
    g_autofree char *text = base_fs_read(path, MAX_WARNINGS_BYTES, NULL, error);
    if (!text) {
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", MAX_WARNING_ROWS);
    for (char **line = lines; *line; line++) {
        if (**line) {
            server_rows_int(rows, -1);
            server_rows_put(rows, "N/A", *line, NULL);
        }
    }
    return true;
}

/* ---- layout: one partition, one tablet
 * --------------------------------------------------------------------------------- */

bool show_partitions(const Show *show, ServerRows *rows, GError **error)
{
    const CatalogObject *object = session_find_table(show->run->session, show->schema, show->name, error);
    if (!object) {
        return false;
    }
    server_rows_int(rows, 1);
    server_rows_text(rows, object->name);
    server_rows_int(rows, 1);
    server_rows_put(rows, "", "NORMAL", "", "", "", NULL);
    return true;
}

bool show_tablets(const Show *show, ServerRows *rows, GError **error)
{
    if (!session_find_table(show->run->session, show->schema, show->name, error)) {
        return false;
    }
    for (int i = 0; i < 5; i++) {
        server_rows_int(rows, i == 2 || i == 4 ? 1 : 0);
    }
    server_rows_int(rows, 0);
    server_rows_null(rows);
    server_rows_text(rows, "NORMAL");
    return true;
}
