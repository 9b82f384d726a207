/* The http connector: one GET an entry, into the spool, with limits on time and size.
 *
 * What the server said about the version (ETag, else Last-Modified) is kept in _weir.source_versions and sent
 * with the next request, so that an unchanged file is not even sent; a server that says neither is told apart
 * by the body's SHA-256. */
#include <curl/curl.h>

#include "base/text.h"
#include "intake/source_int.h"

#define CONNECT_TIMEOUT_S  15
#define TRANSFER_TIMEOUT_S 3600
#define LOW_SPEED_BYTES    1 /* a second, over LOW_SPEED_S: slower is given up */
#define LOW_SPEED_S        60
#define MAX_REDIRECTS      5

typedef struct {
    IntakeSpool *spool;
    GChecksum *hash;
    GError *error;
    char *etag, *modified;
} Fetch;

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    Fetch *fetch = user;
    g_checksum_update(fetch->hash, (const guchar *)data, (gssize)(size * n));
    return intake_spool_append(fetch->spool, data, size * n, &fetch->error) ? size * n : 0;
}

static void take_header(const char *line, size_t len, const char *name, char **ret)
{
    size_t n = strlen(name);
    if (len > n && g_ascii_strncasecmp(line, name, n) == 0) {
        g_free(*ret);
        *ret = g_strstrip(g_strndup(line + n, len - n));
    }
}

static size_t on_header(char *data, size_t size, size_t n, void *user)
{
    Fetch *fetch = user;
    take_header(data, size * n, "etag:", &fetch->etag);
    take_header(data, size * n, "last-modified:", &fetch->modified);
    return size * n;
}

static char *address(const CatalogObject *source, json_t *entry)
{
    const json_t *connection = json_object_get(source->definition, "connection");
    const char *base =
        json_is_string(connection) ? json_string_value(connection) : base_json_string(connection, "url", "");
    const char *url = base_json_string(entry, "url", base_json_string(entry, "path", ""));
    g_autofree char *full = strstr(url, "://") ? g_strdup(url) : g_strconcat(base, url, NULL);
    return base_text_expand_env(full);
}

/* `connection.headers`, and the condition of a version known. */
static struct curl_slist *headers_of(const CatalogObject *source, const char *known)
{
    struct curl_slist *list = NULL;
    json_t *headers = json_object_get(json_object_get(source->definition, "connection"), "headers");
    const char *name;
    json_t *value;
    json_object_foreach (headers, name, value) {
        g_autofree char *expanded =
            base_text_expand_env(json_is_string(value) ? json_string_value(value) : "");
        g_autofree char *line = g_strdup_printf("%s: %s", name, expanded);
        list = curl_slist_append(list, line);
    }
    if (known && g_str_has_prefix(known, "etag ")) {
        g_autofree char *line = g_strconcat("If-None-Match: ", known + 5, NULL);
        list = curl_slist_append(list, line);
    } else if (known && g_str_has_prefix(known, "modified ")) {
        g_autofree char *line = g_strconcat("If-Modified-Since: ", known + 9, NULL);
        list = curl_slist_append(list, line);
    }
    return list;
}

static void set_options(CURL *curl, Fetch *fetch, const char *url, struct curl_slist *headers,
                        gint64 max_bytes)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TRANSFER_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)LOW_SPEED_S);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max_bytes);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
}

static bool perform(CURL *curl, Fetch *fetch, const char *url, long *ret_status, GError **error)
{
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    if (fetch->error) {
        g_propagate_error(error, g_steal_pointer(&fetch->error));
        return false;
    }
    if (code != CURLE_OK) {
        return base_fail(error, BASE_E_SOURCE_UNREACHABLE, "`%s`: %s", url, curl_easy_strerror(code));
    }
    if (*ret_status != 200 && *ret_status != 304) {
        return base_fail(error, BASE_E_SOURCE_UNREACHABLE, "`%s` answered %ld", url, *ret_status);
    }
    return true;
}

static char *version_of(const Fetch *fetch)
{
    if (fetch->etag && *fetch->etag) {
        return g_strconcat("etag ", fetch->etag, NULL);
    }
    if (fetch->modified && *fetch->modified) {
        return g_strconcat("modified ", fetch->modified, NULL);
    }
    return g_strconcat("sha256 ", g_checksum_get_string(fetch->hash), NULL);
}

IntakeSpool *intake_source_fetch(Intake *intake, const CatalogObject *source, json_t *entry,
                                 const char *known, char **ret_url, char **ret_version, GError **error)
{
    static gsize once = 0;
    if (g_once_init_enter(&once)) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        g_once_init_leave(&once, 1);
    }
    g_autofree char *url = address(source, entry);
    Fetch fetch = {.spool = intake_spool_new(intake), .hash = g_checksum_new(G_CHECKSUM_SHA256)};
    struct curl_slist *headers = headers_of(source, known);
    CURL *curl = curl_easy_init();
    set_options(curl, &fetch, url, headers, intake->max_bytes);
    long status = 0;
    bool ok = perform(curl, &fetch, url, &status, error);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    *ret_version = ok && status == 200 ? version_of(&fetch) : NULL;
    *ret_url = g_steal_pointer(&url);
    g_checksum_free(fetch.hash);
    g_free(fetch.etag);
    g_free(fetch.modified);
    if (!ok || status == 304) {
        intake_spool_free(fetch.spool);
        return NULL;
    }
    return fetch.spool;
}

/* ---- versions
 * ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *source, *table, *url, *version;
} Version;

static bool save_version(EngineConn *conn, void *user, GError **error)
{
    const Version *v = user;
    const EngineValue values[] = {engine_value_text(v->source), engine_value_text(v->table),
                                  engine_value_text(v->url), engine_value_text(v->version)};
    return engine_exec(conn,
                       "CREATE TABLE IF NOT EXISTS _weir.source_versions (source VARCHAR, tbl VARCHAR, url "
                       "VARCHAR, version VARCHAR)",
                       error) &&
           engine_exec_values(conn,
                              "DELETE FROM _weir.source_versions WHERE source = $1 AND tbl = $2 AND url = $3",
                              values, 3, NULL, error) &&
           engine_exec_values(conn, "INSERT INTO _weir.source_versions VALUES ($1, $2, $3, $4)", values, 4,
                              NULL, error);
}

/* NULL when none is known. */
static char *known_version(Intake *intake, const Version *v)
{
    g_autoptr(GError) why = NULL;
    EngineConn *conn = intake_conn_take(intake, &why);
    if (!conn) {
        return NULL;
    }
    const EngineValue values[] = {engine_value_text(v->source), engine_value_text(v->table),
                                  engine_value_text(v->url)};
    g_autoptr(json_t) rows = engine_query_json(
        conn, "SELECT version FROM _weir.source_versions WHERE source = $1 AND tbl = $2 AND url = $3", values,
        3, 1, &why);
    intake_conn_give(intake, conn);
    const char *version = rows ? base_json_string(json_array_get(rows, 0), "version", NULL) : NULL;
    return g_strdup(version); /* no table yet: nothing known */
}

bool intake_source_refresh_http(IntakeSourceRun *run, const CatalogTable *table, json_t *entry,
                                GError **error)
{
    g_autofree char *url = address(run->source, entry),
                    *full = g_strdup_printf("%s.%s", table->schema, table->name);
    Version v = {run->source->full_name, full, url, NULL};
    g_autofree char *known = known_version(run->intake, &v);
    g_autofree char *fetched = NULL, *version = NULL;
    GError *why = NULL;
    g_autoptr(IntakeSpool) spool =
        intake_source_fetch(run->intake, run->source, entry, known, &fetched, &version, &why);
    if (why) {
        g_propagate_error(error, why);
        return false;
    }
    if (!spool) {
        IntakeSourceLoad *load = g_new0(IntakeSourceLoad, 1);
        load->table = g_strdup(full);
        load->path = g_strdup(url);
        load->skipped = true;
        g_ptr_array_add(run->loads, load);
        return true;
    }
    if (!intake_source_load_spool(run, table, entry, spool, url, version, error)) {
        return false;
    }
    v.version = version;
    return intake_transact(run->intake, save_version, &v, error);
}
