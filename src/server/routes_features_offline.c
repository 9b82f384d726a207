/* Training rows over HTTP: entity files come in, jobs are begun, watched and cancelled, results go out. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/sql.h"
#include "features/jobs.h"
#include "server/features_rights.h"
#include "server/routes_int.h"
#include "server/sql.h"

#define INPUT_PREFIX     "entities-"
#define INPUT_KEPT_S     3600
#define INPUT_ID_BYTES   16
#define INLINE_MAX_ROWS  10000
#define WAIT_MAX_S       60
#define RESULT_BUFFER    (256 * 1024)
#define DEFAULT_RANGE_US (30 * BASE_TIME_DAY_US)

/* ---- files of entity rows
 * ---------------------------------------------------------------------------------- */

static char *spool_path(const ServerCall *call, const char *name)
{
    return g_build_filename(server_app_data(call->app), "spool", name, NULL);
}

static char *new_input_name(FeaturesFormat format)
{
    g_autoptr(GString) name = g_string_new(INPUT_PREFIX);
    for (size_t i = 0; i < INPUT_ID_BYTES / 4; i++) {
        g_string_append_printf(name, "%08x", g_random_int());
    }
    g_string_append_printf(name, ".%s", features_format_name(format));
    return g_string_free(g_steal_pointer(&name), FALSE);
}

/* Files that no job took. */
static void forget_inputs(const ServerCall *call)
{
    g_autofree char *dir = spool_path(call, "");
    g_autoptr(GDir) files = g_dir_open(dir, 0, NULL);
    const char *name;
    while (files && (name = g_dir_read_name(files))) {
        struct stat info;
        g_autofree char *path = g_build_filename(dir, name, NULL);
        if (g_str_has_prefix(name, INPUT_PREFIX) && stat(path, &info) == 0 &&
            time(NULL) - info.st_mtime > INPUT_KEPT_S) {
            (void)unlink(path);
        }
    }
}

static bool input_format(const char *name, FeaturesFormat *ret, GError **error)
{
    return features_format_by_name(name, ret) ||
           base_fail(error, BASE_E_REQUEST_INVALID, "`format` is parquet, csv, json or ndjson, not `%s`",
                     name);
}

bool route_features_entities(ServerCall *call, GError **error)
{
    FeaturesFormat format;
    if (!input_format(call_query(call, "format", "parquet"), &format, error)) {
        return false;
    }
    forget_inputs(call);
    const char *from = call->upload ? intake_spool_path(call->upload, error) : NULL;
    if (!from) {
        return call->upload ? false : base_fail(error, BASE_E_REQUEST_INVALID, "the request has no body");
    }
    g_autofree char *name = new_input_name(format);
    g_autofree char *path = spool_path(call, name);
    if (link(from, path) != 0) {
        return base_fs_fail(error, errno, "link", path);
    }
    return call_json(call, json_pack("{s:s, s:I}", "entities", name, "bytes",
                                     (json_int_t)intake_spool_bytes(call->upload)));
}

/* Columns of the file named like a key that is a text are texts, whatever they look like. */
static bool append_text_keys(GString *sql, EngineConn *conn, const char *path,
                             const FeaturesSelection *selection, GError **error)
{
    g_autoptr(GString) look = g_string_new("SELECT * FROM read_csv(");
    engine_sql_append_text(look, path);
    g_string_append(look, ", header = true, sample_size = -1) LIMIT 0");
    g_autoptr(EngineResult) result = engine_query(conn, look->str, error);
    unsigned n = 0;
    for (size_t i = 0; result && i < engine_result_n_columns(result); i++) {
        const char *name = engine_result_column_name(result, i);
        for (size_t k = 0; k < selection->n_keys; k++) {
            if (selection->key_types[k] == FEATURES_STRING &&
                g_ascii_strcasecmp(name, selection->keys[k]) == 0) {
                g_string_append(sql, n++ ? ", " : ", types = {");
                engine_sql_append_text(sql, name);
                g_string_append(sql, ": 'VARCHAR'");
            }
        }
    }
    g_string_append(sql, n ? "}" : "");
    return result != NULL;
}

/* The file as what stands after FROM; caller frees. */
static char *input_relation(const ServerCall *call, const char *path, const FeaturesSelection *selection,
                            GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    bool csv = g_str_has_suffix(path, ".csv");
    g_string_append(sql, csv                                  ? "(SELECT * FROM read_csv("
                         : g_str_has_suffix(path, ".parquet") ? "(SELECT * FROM read_parquet("
                                                              : "(SELECT * FROM read_json_auto(");
    engine_sql_append_text(sql, path);
    if (csv) {
        g_string_append(sql, ", header = true, sample_size = -1");
    } else if (!g_str_has_suffix(path, ".parquet")) {
        g_string_append(sql, ", sample_size = -1");
    }
    if (!conn || (csv && !append_text_keys(sql, conn, path, selection, error))) {
        return NULL;
    }
    g_string_append(sql, "))");
    return g_string_free(g_steal_pointer(&sql), FALSE);
}

/* ---- what becomes of a job
 * ---------------------------------------------------------------------------------- */

typedef struct {
    ServerApp *app;
    AccessUser *user;
    char *input; /* file to be removed; NULL = none */
    char *table; /* "domain.name"; NULL = the rows stay a file */
} JobEnd;

static void job_end_free(gpointer data)
{
    JobEnd *end = data;
    if (end->input) {
        (void)unlink(end->input);
    }
    access_user_unref(end->user);
    g_free(end->input);
    g_free(end->table);
    g_free(end);
}

/* The type of a column of a table for a column of the answer. */
static const char *table_type(const char *type)
{
    static const char *const KEPT[] = {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT",
                                       "FLOAT",   "DOUBLE",  "DATE",     "VARCHAR", NULL};
    return g_strv_contains(KEPT, type)           ? type
           : g_str_has_prefix(type, "TIMESTAMP") ? "DATETIME(6)"
           : g_str_has_prefix(type, "DECIMAL")   ? type
           : g_str_equal(type, "UTINYINT") || g_str_equal(type, "USMALLINT") || g_str_equal(type, "UINTEGER")
               ? "BIGINT"
               : "STRING";
}

static bool make_table(const JobEnd *end, const GPtrArray *names, const GPtrArray *types, GError **error)
{
    g_autoptr(ServerSession) session =
        server_session_new(end->app, end->user, "features", ENGINE_DIALECT_WEIR, error);
    g_auto(GStrv) parts = g_strsplit(end->table, ".", 2);
    g_autoptr(GString) sql = g_string_new("CREATE TABLE IF NOT EXISTS ");
    engine_sql_append_table(sql, parts[0], parts[1]);
    for (guint i = 0; i < names->len; i++) {
        g_string_append(sql, i ? ", " : " (");
        engine_sql_append_name(sql, g_ptr_array_index(names, i));
        g_string_append_printf(sql, " %s", table_type(g_ptr_array_index(types, i)));
    }
    g_string_append_c(sql, ')');
    ServerSqlResult result = {0};
    bool ok = session && server_sql_run(session, sql->str, NULL, 0, NULL, &result, error);
    g_free(result.info);
    return ok;
}

static bool fill_table(const JobEnd *end, const char *path, const char *label, const GPtrArray *names,
                       GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(end->app);
    const CatalogObject *object = catalog_find(snapshot, end->table, NULL, error);
    if (!object || !object->table) {
        return object &&
               base_fail(error, BASE_E_TABLE_UNKNOWN, "`%s` is no table that rows go into", end->table);
    }
    g_autofree const char **columns = g_new0(const char *, names->len + 1);
    g_autoptr(GString) select = g_string_new("SELECT ");
    for (guint i = 0; i < names->len; i++) {
        const CatalogColumn *column = catalog_table_column(object->table, g_ptr_array_index(names, i));
        columns[i] = g_ptr_array_index(names, i);
        if (!column) {
            return base_fail(error, BASE_E_COLUMN_UNKNOWN, "table `%s` has no column `%s`", end->table,
                             columns[i]);
        }
        g_string_append(select, i ? ", CAST(" : "CAST(");
        engine_sql_append_name(select, columns[i]);
        g_string_append_printf(select, " AS %s)", column->type);
    }
    g_string_append(select, " FROM read_parquet(");
    engine_sql_append_text(select, path);
    g_string_append_c(select, ')');
    IntakeResult result = {0};
    bool ok = intake_insert(server_app_intake(end->app), object->table, columns, select->str, NULL, 0, NULL,
                            label, access_user_name(end->user), &result, error);
    intake_result_clear(&result);
    return ok;
}

static bool into_table(const char *path, const char *label, void *user, GError **error)
{
    const JobEnd *end = user;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free),
                         types = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(end->app), error);
    g_autoptr(GString) sql = g_string_new("SELECT * FROM read_parquet(");
    engine_sql_append_text(sql, path);
    g_string_append(sql, ") LIMIT 0");
    g_autoptr(EngineResult) result = conn ? engine_query(conn, sql->str, error) : NULL;
    for (size_t i = 0; result && i < engine_result_n_columns(result); i++) {
        g_ptr_array_add(names, g_strdup(engine_result_column_name(result, i)));
        g_ptr_array_add(types, g_strdup(engine_result_type_text(result, i)));
    }
    return result && make_table(end, names, types, error) && fill_table(end, path, label, names, error);
}

/* ---- the request
 * --------------------------------------------------------------------------------------------- */

static FeaturesSelection *select_features(ServerCall *call, GError **error)
{
    g_auto(GStrv) features = NULL;
    const char *service = base_json_string(call->body, "service", NULL);
    if (!call_body_texts(call, "features", &features, error)) {
        return NULL;
    }
    if (!features == !service) {
        base_fail(error, BASE_E_REQUEST_INVALID, "name either `features` or a `service`");
        return NULL;
    }
    g_autoptr(FeaturesRegistry) registry = features_registry(server_app_features(call->app));
    g_autoptr(FeaturesSelection) selection = features_select(
        registry, (const char *const *)features, service,
        base_json_bool(call->body, "full_feature_names", base_json_bool(call->body, "full_names", false)),
        error);
    return selection && server_features_may_read(call, selection, error) ? g_steal_pointer(&selection) : NULL;
}

/* {column: [values]} as a file of lines. */
static char *write_rows(const ServerCall *call, const json_t *rows, GError **error)
{
    const char *name;
    const json_t *values;
    size_t n = 0;
    g_autoptr(GString) text = g_string_new(NULL);
    json_object_foreach ((json_t *)(guintptr)rows, name, values) {
        n = MAX(n, json_array_size(values));
    }
    if (n > INLINE_MAX_ROWS) {
        base_fail(error, BASE_E_REQUEST_INVALID,
                  "%zu rows in a request: send a file when they are more than %d", n, INLINE_MAX_ROWS);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        g_autoptr(json_t) row = json_object();
        json_object_foreach ((json_t *)(guintptr)rows, name, values) {
            if (json_array_size(values) != n) {
                base_fail(error, BASE_E_REQUEST_INVALID, "column `%s` has %zu values, another %zu", name,
                          json_array_size(values), n);
                return NULL;
            }
            json_object_set(row, name, json_array_get(values, i));
        }
        g_autofree char *line = base_json_text(row);
        g_string_append_printf(text, "%s\n", line);
    }
    g_autofree char *file = new_input_name(FEATURES_NDJSON);
    char *path = spool_path(call, file);
    if (!base_fs_write(path, text->str, text->len, 0600, error)) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

static char *uploaded_file(const ServerCall *call, const char *name, GError **error)
{
    char *path = strchr(name, '/') || !g_str_has_prefix(name, INPUT_PREFIX) ? NULL : spool_path(call, name);
    if (!path || access(path, R_OK) != 0) {
        g_clear_pointer(&path, g_free);
        base_fail(error, BASE_E_FILE_NOT_FOUND, "no uploaded entity rows `%s`", name);
        base_error_hint(error, "they are kept for an hour, and for one retrieval");
    }
    return path;
}

static char *checked_sql(const ServerCall *call, const json_t *entities, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    const AccessScope scope = {call->user, snapshot, base_json_string(entities, "database", NULL)};
    g_autofree char *select =
        conn ? access_rewrite(&scope, conn, base_json_string(entities, "sql", ""), NULL, error) : NULL;
    return select ? g_strdup_printf("(%s)", select) : NULL;
}

/* `entities`: {"sql", "database"?} | {"upload"} | {"rows": {column: [values]}}; absent = all there are. */
static bool take_entities(ServerCall *call, FeaturesJobSpec *spec, JobEnd *end, GError **error)
{
    const json_t *entities = json_object_get(call->body, "entities");
    const char *upload = base_json_string(entities, "upload", NULL);
    const json_t *rows = json_object_get(entities, "rows");
    if (!entities || json_is_null(entities)) {
        return true;
    }
    if (json_object_get(entities, "sql")) {
        spec->relation = checked_sql(call, entities, error);
        return spec->relation != NULL;
    }
    if (!upload && !json_is_object(rows)) {
        return base_fail(error, BASE_E_REQUEST_INVALID,
                         "`entities` is {\"sql\"}, {\"upload\"} or {\"rows\"}");
    }
    end->input = upload ? uploaded_file(call, upload, error) : write_rows(call, rows, error);
    spec->relation = end->input ? input_relation(call, end->input, spec->selection, error) : NULL;
    return spec->relation != NULL;
}

static bool take_time(const ServerCall *call, const char *key, gint64 fallback, gint64 *ret, GError **error)
{
    const char *text = base_json_string(call->body, key, NULL);
    *ret = fallback;
    return !text || base_time_parse(text, NULL, ret) ||
           base_fail(error, BASE_E_INTERVAL_INVALID, "`%s` is no time: `%s`", key, text);
}

static gint64 default_range(const FeaturesSelection *selection)
{
    gint64 longest = 0;
    for (size_t u = 0; u < selection->n_uses; u++) {
        const FeaturesView *view = selection->uses[u].view;
        longest = view->from == FEATURES_FROM_REQUEST ? longest : MAX(longest, view->ttl_us);
    }
    return longest ? longest : DEFAULT_RANGE_US;
}

/* Times of a retrieval without entities; `known_at`: true = each row's own time, or a time. */
static bool take_times(const ServerCall *call, FeaturesJobSpec *spec, GError **error)
{
    const json_t *known = json_object_get(call->body, "known_at");
    bool range = json_object_get(call->body, "start") || json_object_get(call->body, "end");
    if (spec->relation && (range || base_json_bool(call->body, "snapshot", false))) {
        return base_fail(error, BASE_E_REQUEST_INVALID,
                         "`start`, `end` and `snapshot` are for a retrieval without entity rows");
    }
    spec->snapshot = base_json_bool(call->body, "snapshot", false);
    spec->known_at = known && !json_is_null(known) && !json_is_false(known);
    spec->known_at_us = G_MININT64;
    return take_time(call, "end", base_time_now_us(), &spec->end_us, error) &&
           take_time(call, "start", spec->end_us - default_range(spec->selection), &spec->start_us, error) &&
           (!json_is_string(known) || take_time(call, "known_at", 0, &spec->known_at_us, error));
}

/* Where the rows go: `format` of the result, or `table`. */
static bool take_output(const ServerCall *call, FeaturesJobSpec *spec, JobEnd *end, GError **error)
{
    const char *table = base_json_string(call->body, "table", NULL);
    if (!table) {
        return input_format(base_json_string(call->body, "format", "parquet"), &spec->format, error);
    }
    g_auto(GStrv) parts = g_strsplit(table, ".", 2);
    if (g_strv_length(parts) != 2 || !base_text_is_name(parts[0]) || !base_text_is_name(parts[1])) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`table` is domain.name, not `%s`", table);
    }
    end->table = g_strdup(table);
    spec->out = g_strdup(table);
    spec->end = into_table;
    return access_check_domain(call->user, ACCESS_WRITE, parts[0], error);
}

/* ---- answers
 * -------------------------------------------------------------------------------------------------- */

static json_t *job_to_json(const ServerCall *call, const FeaturesJob *job)
{
    json_t *out = json_pack("{s:s, s:s, s:s, s:f, s:s}", "id", job->id, "state", job->state, "phase",
                            job->phase, "share", job->share, "format", features_format_name(job->format));
    base_json_set_time(out, "started", job->started_us);
    base_json_set_time(out, "ended", job->ended_us);
    json_object_set_new(out, "rows", job->rows < 0 ? json_null() : json_integer(job->rows));
    base_json_set_int(out, "bytes", job->bytes);
    base_json_set_string(out, "out", job->out);
    base_json_set_string(out, "user", job->user);
    g_autofree char *result =
        job->path ? g_strdup_printf("/api/v1/features/historical/%s/result", job->id) : NULL;
    base_json_set_string(out, "result", result);
    json_object_set_new(out, "error",
                        job->error ? base_error_to_problem(job->error, call->lang) : json_null());
    return out;
}

static bool get_job(const ServerCall *call, const char *id, gint64 wait_us, FeaturesJob *ret, GError **error)
{
    FeaturesJobs *jobs = server_app_feature_jobs(call->app);
    if (!features_jobs_get(jobs, id, wait_us, ret, error)) {
        return false;
    }
    if (access_user_is_admin(call->user) || g_strcmp0(ret->user, access_user_name(call->user)) == 0) {
        return true;
    }
    features_job_clear(ret);
    return base_fail(error, BASE_E_FEATURE_JOB, "no retrieval `%s`, or it ended too long ago", id);
}

static bool wait_of(gint64 seconds, gint64 *ret_us, GError **error)
{
    *ret_us = seconds * BASE_TIME_SECOND_US;
    return (seconds >= 0 && seconds <= WAIT_MAX_S) ||
           base_fail(error, BASE_E_REQUEST_INVALID, "`wait` is 0 to %d seconds", WAIT_MAX_S);
}

static bool answer_job(ServerCall *call, const char *id, gint64 wait_us, GError **error)
{
    FeaturesJob job;
    if (!get_job(call, id, wait_us, &job, error)) {
        return false;
    }
    json_t *answer = job_to_json(call, &job);
    features_job_clear(&job);
    return call_json(call, answer);
}

/* ---- routes
 * --------------------------------------------------------------------------------------------------- */

bool route_features_historical(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"features", "service",  "full_names", "full_feature_names",
                                        "entities", "time",     "start",      "end",
                                        "snapshot", "known_at", "format",     "table",
                                        "wait",     NULL};
    gint64 wait_us;
    if (!call_body(call, KNOWN, error) || !wait_of(base_json_int(call->body, "wait", 0), &wait_us, error)) {
        return false;
    }
    JobEnd *end = g_new0(JobEnd, 1);
    end->app = call->app;
    end->user = access_user_ref(call->user);
    FeaturesJobSpec spec = {.end_user = end,
                            .end_free = job_end_free,
                            .user = g_strdup(access_user_name(call->user)),
                            .time = g_strdup(base_json_string(call->body, "time", NULL))};
    spec.selection = select_features(call, error);
    if (!spec.selection || !take_entities(call, &spec, end, error) || !take_times(call, &spec, error) ||
        !take_output(call, &spec, end, error)) {
        features_job_spec_clear(&spec);
        return false;
    }
    g_autofree char *id = features_jobs_start(server_app_feature_jobs(call->app), &spec, error);
    call_audit(call, "retrieve features", id ? id : "", NULL, id != NULL);
    call->status = 202;
    return id && answer_job(call, id, wait_us, error);
}

bool route_features_jobs(ServerCall *call, GError **error)
{
    (void)error;
    const char *user = access_user_is_admin(call->user) ? NULL : access_user_name(call->user);
    g_autoptr(GArray) jobs = features_jobs_list(server_app_feature_jobs(call->app), user);
    json_t *list = json_array();
    for (guint i = 0; i < jobs->len; i++) {
        json_array_append_new(list, job_to_json(call, &g_array_index(jobs, FeaturesJob, i)));
    }
    return call_json(call, json_pack("{s:o}", "jobs", list));
}

bool route_features_job(ServerCall *call, GError **error)
{
    gint64 seconds, wait_us;
    const char *wait = call_query(call, "wait", "0");
    return (base_text_to_int(wait, 0, WAIT_MAX_S, &seconds) ||
            base_fail(error, BASE_E_REQUEST_INVALID, "`wait` is 0 to %d seconds", WAIT_MAX_S)) &&
           wait_of(seconds, &wait_us, error) && answer_job(call, call_param(call, "id"), wait_us, error);
}

bool route_features_job_cancel(ServerCall *call, GError **error)
{
    FeaturesJob job;
    if (!get_job(call, call_param(call, "id"), 0, &job, error)) {
        return false;
    }
    g_autofree char *before = g_strdup(job.state);
    features_job_clear(&job);
    return features_jobs_cancel(server_app_feature_jobs(call->app), call_param(call, "id"), error) &&
           call_json(call, json_pack("{s:s}", "was", before));
}

static bool send_result(ServerCall *call, int fd, GError **error)
{
    g_autofree char *buffer = g_malloc(RESULT_BUFFER);
    ssize_t n;
    while ((n = read(fd, buffer, RESULT_BUFFER)) > 0) {
        if (!call->write(call->write_user, buffer, (size_t)n)) {
            return base_fail(error, BASE_E_INTERRUPTED, "the client is gone");
        }
    }
    return n == 0 || base_fs_fail(error, errno, "read", "the result");
}

bool route_features_result(ServerCall *call, GError **error)
{
    static const char *const TYPES[] = {[FEATURES_PARQUET] = "application/vnd.apache.parquet",
                                        [FEATURES_CSV] = "text/csv; charset=utf-8",
                                        [FEATURES_JSON] = "application/json",
                                        [FEATURES_NDJSON] = "application/x-ndjson"};
    FeaturesJob job;
    if (!get_job(call, call_param(call, "id"), 0, &job, error)) {
        return false;
    }
    bool ok = job.path || base_fail(error, BASE_E_CONFLICT, "retrieval `%s` is %s and has no result to read",
                                    job.id, job.state);
    int fd = ok ? open(job.path, O_RDONLY | O_CLOEXEC) : -1;
    ok = ok && (fd >= 0 || base_fs_fail(error, errno, "open", job.path));
    call->content_type = TYPES[job.format];
    features_job_clear(&job);
    ok = ok && send_result(call, fd, error);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}
