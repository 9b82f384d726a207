/* Sources: files load once, changed ones again; snapshots replace; tables are inferred; http is asked only
 * for what is new. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "intake/source_int.h"

static Fixture f;
static char *root;

static void put(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A source as the catalog would give it. */
static GPtrArray *definitions; /* what the sources of the tests are made of */

static CatalogObject source_of(const char *definition)
{
    g_autoptr(GError) error = NULL;
    json_t *json = base_json_parse(definition, strlen(definition), &error);
    g_assert_no_error(error);
    g_ptr_array_add(definitions, json);
    return (CatalogObject){.kind = CATALOG_SOURCE,
                           .name = "src",
                           .domain = "d",
                           .id = "source:d.src",
                           .full_name = "d.src",
                           .file = "s.yml",
                           .definition = json};
}

/* "table:loaded" or "table:skipped" of each load. */
static char *refresh(const CatalogObject *source)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) loads = NULL;
    GString *out = g_string_new(NULL);
    bool ok = intake_source_refresh(f.intake, root, NULL, source, &loads, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    for (guint i = 0; i < loads->len; i++) {
        const IntakeSourceLoad *load = loads->pdata[i];
        if (load->skipped) {
            g_string_append_printf(out, "%s:skipped ", load->table);
        } else {
            g_string_append_printf(out, "%s:%" G_GINT64_FORMAT " ", load->table, load->result.loaded_rows);
        }
    }
    return g_string_free(out, FALSE);
}

static void expect(const CatalogObject *source, const char *expected)
{
    g_autofree char *got = refresh(source);
    g_assert_cmpstr(got, ==, expected);
}

static void test_files(void)
{
    put("a1.csv", "id,name,at\n1,x,2026-01-01 00:00:00\n2,\"y, z\",2026-01-02 00:00:00\n");
    CatalogObject source = source_of("{\"connector\":\"file\",\"tables\":[{\"name\":\"events\",\"path\":\"a*."
                                     "csv\",\"format\":\"csv_with_names\"}]}");
    expect(&source, "d.events:2 ");
    expect(&source, "d.events:skipped ");
    put("a2.csv", "at,id,name\n2026-01-03 00:00:00,3,w\n");
    expect(&source, "d.events:skipped d.events:1 ");
    fixture_close(&f);
    fixture_open(&f);
    expect(&source, "d.events:skipped d.events:skipped ");
    fixture_expect(&f, "SELECT id, name, \"at\" FROM d.events ORDER BY id",
                   "1,x,2026-01-01 00:00:00|2,y, z,2026-01-02 00:00:00|3,w,2026-01-03 00:00:00");
    fixture_expect(&f,
                   "SELECT data_type FROM duckdb_columns() WHERE table_name = 'events' ORDER BY column_index",
                   "BIGINT|VARCHAR|TIMESTAMP|BIGINT");
}

static void test_snapshot(void)
{
    put("full.json", "[\n {\"k\": 1, \"v\": {\"a\": 1}},\n {\"k\": 2, \"v\": null}\n]\n");
    CatalogObject source = source_of("{\"connector\":\"file\",\"tables\":[{\"name\":\"full\",\"path\":\"full."
                                     "json\",\"mode\":\"snapshot\"}]}");
    expect(&source, "d.full:2 ");
    put("full.json", "{\"k\": 7, \"v\": 8}\n{\"k\": 9}\n{\"k\": 10}\n");
    expect(&source, "d.full:3 ");
    fixture_expect(&f, "SELECT k FROM d.full ORDER BY k", "7|9|10");
}

static void test_keys(void)
{
    put("keyed.ndjson", "{\"id\": 1, \"v\": 1.5}\n{\"id\": 2, \"v\": 2}\n");
    CatalogObject source = source_of("{\"connector\":\"file\",\"tables\":[{\"name\":\"t\",\"path\":\"keyed."
                                     "ndjson\",\"key\":[\"id\"],\"to\":\"kept\"}]}");
    expect(&source, "d.kept:2 ");
    put("keyed.ndjson", "{\"id\": 2, \"v\": 2.25}\n{\"id\": 3, \"v\": 3}\n\n");
    expect(&source, "d.kept:2 ");
    fixture_expect(&f, "SELECT id, v FROM d.kept ORDER BY id", "1,1.5|2,2.25|3,3");
    source = source_of("{\"connector\":\"file\",\"tables\":[{\"name\":\"t\",\"path\":\"keyed."
                       "ndjson\",\"key\":\"id\",\"columns\":\"id\",\"to\":\"kept_one\"}]}");
    expect(&source, "d.kept_one:2 ");
    put("keyed.ndjson", "{\"id\": 3, \"v\": 4}\n");
    expect(&source, "d.kept_one:1 ");
    fixture_expect(&f, "SELECT id, v FROM d.kept_one ORDER BY id", "2,~|3,~");
}

static void test_missing(void)
{
    CatalogObject source =
        source_of("{\"connector\":\"file\",\"tables\":[{\"name\":\"t\",\"path\":\"nothing*.csv\"}]}");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) loads = NULL;
    g_assert_false(intake_source_refresh(f.intake, root, NULL, &source, &loads, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FILE_NOT_FOUND);
}

/* ---- http
 * ----------------------------------------------------------------------------------------------------------
 */

typedef struct {
    int listener;
    int answered, unchanged; /* atomic */
} Server;

/* Answers GETs with an ETag; 304 when the client has it. */
static gpointer server_main(gpointer user)
{
    Server *server = user;
    for (int client; (client = accept(server->listener, NULL, NULL)) >= 0; close(client)) {
        char request[4096] = "";
        size_t n = 0;
        while (n < sizeof request - 1 && !strstr(request, "\r\n\r\n")) {
            ssize_t got = read(client, request + n, sizeof request - 1 - n);
            if (got <= 0) {
                break;
            }
            n += (size_t)got;
            request[n] = '\0';
        }
        bool known = strstr(request, "If-None-Match: \"v1\"") != NULL,
             missing = strstr(request, "GET /missing") != NULL;
        const char *answer = missing
                                 ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                             : known ? "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"
                                     : "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 12\r\nConnection: "
                                       "close\r\n\r\na,b\n1,x\n2,y\n";
        g_atomic_int_inc(known ? &server->unchanged : &server->answered);
        g_assert_cmpint(write(client, answer, strlen(answer)), ==, (ssize_t)strlen(answer));
    }
    return NULL;
}

static void test_http(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    Server server = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    g_assert_cmpint(bind(server.listener, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(server.listener, 8), ==, 0);
    g_assert_cmpint(getsockname(server.listener, (struct sockaddr *)&address, &len), ==, 0);
    GThread *thread = g_thread_new("http", server_main, &server);
    g_autofree char *text =
        g_strdup_printf("{\"connector\":\"http\",\"connection\":{\"url\":\"http://"
                        "127.0.0.1:%d\"},\"tables\":[{\"name\":\"web\",\"url\":\"/data.csv\"}]}",
                        ntohs(address.sin_port));
    CatalogObject source = source_of(text);
    expect(&source, "d.web:2 ");
    g_autoptr(CatalogTable) made = intake_source_infer(f.intake, root, &source, 0, NULL);
    g_assert_cmpuint(made->columns->len, ==, 2);
    expect(&source, "d.web:skipped ");
    g_assert_cmpint(g_atomic_int_get(&server.unchanged), >=, 1);
    fixture_expect(&f, "SELECT a, b FROM d.web ORDER BY a", "1,x|2,y");
    g_autofree char *bad = g_strdup_printf(
        "{\"connector\":\"http\",\"tables\":[{\"name\":\"web2\",\"url\":\"http://127.0.0.1:%d/missing\"}]}",
        ntohs(address.sin_port));
    CatalogObject missing = source_of(bad);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) loads = NULL;
    g_assert_false(intake_source_refresh(f.intake, root, NULL, &missing, &loads, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_SOURCE_UNREACHABLE);
    shutdown(server.listener, SHUT_RDWR);
    close(server.listener);
    g_thread_join(thread);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    definitions = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    g_setenv("no_proxy", "*", TRUE);
    fixture_start(&f);
    root = g_dir_make_tmp("weir-source-XXXXXX", NULL);
    g_test_add_func("/source/a file loads once, over restarts; header names map", test_files);
    g_test_add_func("/source/a snapshot takes the place of all rows", test_snapshot);
    g_test_add_func("/source/keys make a unique table", test_keys);
    g_test_add_func("/source/no file is an error", test_missing);
    g_test_add_func("/source/http asks only for what is new", test_http);
    int code = g_test_run();
    g_autoptr(GError) error = NULL;
    g_assert_true(base_fs_remove_tree(root, &error));
    g_ptr_array_unref(definitions);
    fixture_stop(&f);
    return code;
}
