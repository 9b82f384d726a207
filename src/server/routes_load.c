/* Routes of loads: /api/v1/load, Stream Load with its two-phase commit, rejected rows, the list of loads.
 *
 * Stream Load follows Doris to the word (be/src/http/action/stream_load.cpp, stream_load_2pc.cpp; stream-load
 * manual): clients read its texts with regular expressions. HTTP status is 200, the verdict is `Status`. */
#include "base/text.h"
#include "server/metrics.h"
#include "server/raw.h"
#include "server/routes_int.h"
#include "server/session_int.h"

#define LOADS_MAX 10000

void route_load_free(gpointer data)
{
    RouteLoad *load = data;
    if (load) {
        intake_options_free(load->options);
        intake_result_clear(&load->result);
        g_clear_error(&load->failed);
        catalog_snapshot_unref(load->snapshot);
        g_free(load);
    }
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RouteLoad, route_load_free)

static RouteLoad *load_begin(const ServerCall *call)
{
    RouteLoad *load = g_new0(RouteLoad, 1);
    load->snapshot = server_app_snapshot(call->app);
    load->options = intake_options_new();
    return load;
}

/* Old clients write default_cluster:db. */
static const char *bare_db(const char *db)
{
    const char *colon = strchr(db, ':');
    return colon ? colon + 1 : db;
}

const CatalogObject *route_load_table(const ServerCall *call, const CatalogSnapshot *snapshot, const char *db,
                                      const char *table, GError **error)
{
    bool ambiguous = false;
    const CatalogObject *object =
        catalog_resolve_table(snapshot, db ? bare_db(db) : NULL, table, NULL, &ambiguous);
    if (!object && db && !ambiguous && !g_strv_contains(catalog_domains(snapshot), bare_db(db)) &&
        !session_database_is_live(server_app_sql(call->app), bare_db(db))) {
        base_fail(error, BASE_E_DATABASE_UNKNOWN, "unknown database, databaseName=%s", bare_db(db));
        return NULL;
    }
    if (!object) {
        base_fail(error, ambiguous ? BASE_E_NAME_AMBIGUOUS : BASE_E_TABLE_UNKNOWN, "%s, tableName=%s",
                  ambiguous ? "ambiguous table" : "unknown table", table);
        const char *nearest = base_text_nearest(table, catalog_table_names(snapshot));
        if (nearest && access_user_is_admin(call->user)) {
            base_error_hint(error, "did you mean `%s`?", nearest);
        }
        return NULL;
    }
    if (!access_check(call->user, ACCESS_LOAD, object, error)) {
        return NULL;
    }
    if (!object->table) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` is a model: its rows come from its SQL, not from loads",
                  object->full_name);
        return NULL;
    }
    return object;
}

static bool set_all(IntakeOptions *options, GHashTable *values, GError **error)
{
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!intake_options_set(options, name, value, error)) {
            return false;
        }
    }
    return true;
}

static bool load_keep(ServerCall *call, RouteLoad *load)
{
    call->state = load;
    call->state_free = route_load_free;
    return true;
}

static void count_load(const IntakeResult *result, bool ok)
{
    server_metric_add(ok ? SERVER_METRIC_LOADS : SERVER_METRIC_LOAD_ERRORS, 1);
    server_metric_add(SERVER_METRIC_LOAD_ROWS, ok ? result->loaded_rows : 0);
    server_metric_add(SERVER_METRIC_LOAD_BYTES, result->bytes);
    server_metric_add(SERVER_METRIC_LOAD_SECONDS, result->load_ms * 1000);
}

static char *error_url(const ServerCall *call, const char *log)
{
    const char *host = call_header(call, "host");
    const char *http = server_app_http(call->app);
    g_autofree char *name = g_uri_escape_string(log, NULL, FALSE);
    if (!host && !*http) {
        return g_strconcat("/api/_load_error_log?file=", name, NULL);
    }
    return g_strdup_printf("%s%s/api/_load_error_log?file=%s",
                           host ? (call->tls ? "https://" : "http://") : "", host ? host : http, name);
}

/* ---- /api/v1/load ----------------------------------------------------------------------------------------
 */

bool route_load_check(ServerCall *call, GError **error)
{
    g_autoptr(RouteLoad) load = load_begin(call);
    g_autofree char *name = g_strdup(call_param(call, "table"));
    char *dot = strchr(name, '.');
    if (dot) {
        *dot = '\0';
    }
    load->object = route_load_table(call, load->snapshot, dot ? name : NULL, dot ? dot + 1 : name, error);
    if (!load->object) {
        return false;
    }
    const char *filename = call_query(call, "filename", NULL);
    if (filename) {
        intake_options_from_filename(load->options, filename);
        g_hash_table_remove(call->query, "filename");
    }
    /* Weir's own door does not turn what it cannot read into NULL; Doris's does, unless asked. */
    if (!intake_options_set(load->options, "strict_mode", "true", error) ||
        !set_all(load->options, call->query, error) ||
        (call->headers && !set_all(load->options, call->headers, error)) ||
        !intake_options_check(load->options, error)) {
        base_error_not_done(error, "Nothing was loaded.");
        return false;
    }
    intake_options_default_zone(load->options, catalog_project_timezone(load->snapshot));
    return load_keep(call, g_steal_pointer(&load));
}

static json_t *result_to_json(const ServerCall *call, const IntakeResult *result)
{
    json_t *answer = json_object();
    g_autofree char *url = result->error_log ? error_url(call, result->error_log) : NULL;
    base_json_set_string(answer, "label", result->label);
    base_json_set_int(answer, "txn_id", result->txn_id);
    base_json_set_string(answer, "load_status", result->status);
    base_json_set_string(answer, "message", result->message);
    base_json_set_int(answer, "total", result->total_rows);
    base_json_set_int(answer, "loaded", result->loaded_rows);
    base_json_set_int(answer, "filtered", result->filtered_rows);
    base_json_set_int(answer, "unselected", result->unselected_rows);
    base_json_set_int(answer, "bytes", result->bytes);
    base_json_set_int(answer, "load_ms", result->load_ms);
    base_json_set_string(answer, "error_log", url);
    return answer;
}

static void note_load(const ServerCall *call)
{
    const RouteLoad *load = call->state;
    count_load(&load->result, !load->failed);
    call_audit(call, "load", load->object->full_name, load->result.label, !load->failed);
}

/* Loads and waits; how it ended stands in call->state. */
static bool run_load(ServerCall *call, GError **error)
{
    RouteLoad *load = call->state;
    if (!call->upload) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "there is no body to load");
    }
    (void)!intake_load(server_app_intake(call->app), load->object->table, load->options, call->upload,
                       access_user_name(call->user), call->peer, &load->result, &load->failed);
    note_load(call);
    return true;
}

bool route_load_may_flow(const ServerCall *call)
{
    const RouteLoad *load = call->state;
    return intake_load_may_flow(load->object->table, load->options);
}

void route_load_flow(ServerCall *call)
{
    (void)!run_load(call, NULL);
}

static void loaded(void *user, IntakePosted *posted)
{
    ServerCall *call = user;
    ((RouteLoad *)call->state)->posted = posted;
    call->posted(call->posted_user);
}

static void take_posted(const ServerCall *call)
{
    RouteLoad *load = call->state;
    if (load->posted) {
        (void)!intake_posted_end(g_steal_pointer(&load->posted), &load->result, &load->failed);
        note_load(call);
    }
}

bool route_load_post(ServerCall *call)
{
    const RouteLoad *load = call->state;
    return call->upload &&
           intake_load_post(server_app_intake(call->app), load->snapshot, load->object->table, load->options,
                            call->upload, access_user_name(call->user), call->peer, loaded, call);
}

/* What was ignored and looks like a mistake is said after the message, whatever became of the load. */
static void add_warnings(RouteLoad *load)
{
    const char *warnings = intake_options_warnings(load->options);
    if (warnings) {
        char *message =
            g_strdup_printf("%s (warning: %s)", load->result.message ? load->result.message : "", warnings);
        g_free(load->result.message);
        load->result.message = message;
    }
}

bool route_load_finish(ServerCall *call, GError **error)
{
    RouteLoad *load = call->state;
    take_posted(call);
    add_warnings(load);
    call_json(call, result_to_json(call, &load->result));
    if (load->failed) {
        g_propagate_error(error, g_steal_pointer(&load->failed));
        return false;
    }
    return true;
}

bool route_load(ServerCall *call, GError **error)
{
    return run_load(call, error) && route_load_finish(call, error);
}

bool route_loads(ServerCall *call, GError **error)
{
    size_t limit, i;
    if (!call_limit(call, 100, LOADS_MAX, &limit, error)) {
        return false;
    }
    g_autoptr(json_t) rows =
        intake_loads(server_app_intake(call->app), call_query(call, "db", NULL),
                     call_query(call, "label", NULL), call_query(call, "state", NULL), limit, error);
    if (!rows) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    g_autoptr(ServerRaw) raw = server_raw_new(call->user, snapshot);
    json_t *list = json_array(), *row;
    json_array_foreach (rows, i, row) {
        bool ambiguous = false;
        const CatalogObject *object = catalog_resolve_table(
            snapshot, base_json_string(row, "db", ""), base_json_string(row, "table", ""), NULL, &ambiguous);
        if (access_user_is_admin(call->user) || (object && access_can_see(call->user, object))) {
            server_raw_hide_load(raw, object, row);
            json_array_append(list, row);
        }
    }
    return call_json(call, json_pack("{s:o}", "loads", list));
}

/* ---- Stream Load
 * -------------------------------------------------------------------------------------------- */

static bool check_framing(const ServerCall *call, GError **error)
{
    const char *length = call_header(call, "content-length");
    const char *encoding = call_header(call, "transfer-encoding");
    bool chunked = encoding && !g_ascii_strcasecmp(encoding, "chunked");
    if (length && chunked) {
        return base_fail(error, BASE_E_LOAD_HEADER,
                         "please do not set both content_length and transfer-encoding");
    }
    if (!length && !chunked && call_header(call, "host")) {
        return base_fail(
            error, BASE_E_LOAD_HEADER,
            "content_length is empty and transfer-encoding!=chunked, please set content_length or "
            "transfer-encoding=chunked");
    }
    gint64 bytes = 0, limit = base_config_int(server_app_config(call->app), BASE_CONFIG_LOAD_MAX_BYTES);
    if (length && !base_text_to_int(length, 0, G_MAXINT64, &bytes)) {
        return base_fail(error, BASE_E_LOAD_HEADER, "invalid content length: %s", length);
    }
    if (bytes > limit) {
        return base_fail(error, BASE_E_LOAD_TOO_LARGE,
                         "body size %" G_GINT64_FORMAT
                         " bytes (%.2f MiB) exceeds the limit of %" G_GINT64_FORMAT
                         " bytes (%.2f MiB) set by load.max_bytes (streaming_load_max_mb)",
                         bytes, (double)bytes / 1048576, limit, (double)limit / 1048576);
    }
    return true;
}

bool route_stream_load_check(ServerCall *call, GError **error)
{
    g_autoptr(RouteLoad) load = load_begin(call);
    if (!check_framing(call, error) || !set_all(load->options, call->headers, error) ||
        !intake_options_check(load->options, error)) {
        return false;
    }
    intake_options_default_zone(load->options, catalog_project_timezone(load->snapshot));
    load->object =
        route_load_table(call, load->snapshot, call_param(call, "db"), call_param(call, "table"), error);
    return load->object && load_keep(call, g_steal_pointer(&load));
}

/* The answer is written as text, in the form that Doris prints: of a load of ten rows it would otherwise cost
 * more than the rows. */
static void put_name(GString *out, const char *name)
{
    g_string_append(out, out->len > 1 ? ",\n    \"" : "\n    \"");
    g_string_append(out, name);
    g_string_append(out, "\": ");
}

static void put_int(GString *out, const char *name, gint64 value)
{
    char digits[ENGINE_NUMBER_MAX_BYTES];
    put_name(out, name);
    g_string_append_len(out, digits, engine_put_int(digits, value) - digits);
}

static void put_text(GString *out, const char *name, const char *text)
{
    put_name(out, name);
    base_json_append_string(out, text ? text : "", text ? strlen(text) : 0);
}

static void put_times(GString *out, const IntakeResult *result, bool grouped)
{
    put_int(out, "LoadBytes", result->bytes);
    put_int(out, "LoadTimeMs", result->load_ms);
    if (!grouped) {
        put_int(out, "BeginTxnTimeMs", result->begin_ms);
    }
    put_int(out, "StreamLoadPutTimeMs", result->put_ms);
    put_int(out, "ReadDataTimeMs", result->read_ms);
    put_int(out, "WriteDataTimeMs", result->write_ms);
    if (!grouped) {
        put_int(out, "CommitAndPublishTimeMs", result->commit_ms);
    }
}

/* The fields and their order are the manual's. */
static void stream_load_answer(ServerCall *call, const IntakeResult *result, const char *comment)
{
    GString *out = g_string_sized_new(1024);
    bool grouped = result->group != INTAKE_GROUP_OFF;
    g_string_append_c(out, '{');
    put_int(out, "TxnId", result->txn_id);
    put_text(out, "Label", result->label);
    put_text(out, "Comment", comment);
    if (grouped) {
        put_name(out, "GroupCommit");
        g_string_append(out, "true");
    } else {
        put_text(out, "TwoPhaseCommit", result->two_phase ? "true" : "false");
    }
    put_text(out, "Status", result->status);
    if (result->existing_status) {
        put_text(out, "ExistingJobStatus", result->existing_status);
    }
    put_text(out, "Message", result->message);
    put_int(out, "NumberTotalRows", result->total_rows);
    put_int(out, "NumberLoadedRows", result->loaded_rows);
    put_int(out, "NumberFilteredRows", result->filtered_rows);
    put_int(out, "NumberUnselectedRows", result->unselected_rows);
    put_times(out, result, grouped);
    if (result->error_log) {
        g_autofree char *url = error_url(call, result->error_log);
        put_text(out, "ErrorURL", url);
    }
    g_string_append(out, "\n}\n");
    call->text_len = out->len;
    call->text = g_string_free(out, FALSE);
    call->content_type = "application/json";
}

bool route_stream_load_finish(ServerCall *call, GError **error)
{
    (void)error; /* the verdict stands in the answer */
    RouteLoad *load = call->state;
    IntakeResult *result = &load->result;
    take_posted(call);
    if (!result->status) {
        result->status = load->failed ? "Fail" : "Success";
    }
    if (!result->message) {
        result->message = g_strdup(load->failed ? load->failed->message : "OK");
    }
    add_warnings(load);
    stream_load_answer(call, result, call_header(call, "comment"));
    return true;
}

bool route_stream_load(ServerCall *call, GError **error)
{
    return run_load(call, error) && route_stream_load_finish(call, error);
}

static json_t *two_phase_answer(const char *status, const char *text)
{
    return json_pack("{s:s, s:s}", "status", status, "msg", text);
}

static bool two_phase(ServerCall *call, gint64 txn_id, const char *label, bool commit, GError **error)
{
    const char *db = bare_db(call_param(call, "db"));
    gint64 done = 0;
    Intake *intake = server_app_intake(call->app);
    bool ok = commit ? intake_commit(intake, db, txn_id, label, &done, error)
                     : intake_abort(intake, db, txn_id, label, &done, error);
    call_audit(call, commit ? "load commit" : "load abort", db, label, ok);
    if (!ok) {
        return false;
    }
    g_autofree char *text =
        label && txn_id == 0
            ? g_strdup_printf("label [%s] %s successfully.", label, commit ? "commit" : "abort")
            : g_strdup_printf("transaction [%" G_GINT64_FORMAT "] %s successfully.", done,
                              commit ? "commit" : "abort");
    return call_json(call, two_phase_answer("Success", text));
}

/* Who may load into a prepared load's table may end it. An unknown one is the intake's to answer, for those
 * who may load into the database at all. */
static bool may_end(const ServerCall *call, gint64 txn_id, const char *label, GError **error)
{
    const char *db = bare_db(call_param(call, "db"));
    g_autoptr(json_t) rows =
        intake_loads(server_app_intake(call->app), db, NULL, "PRECOMMITTED", LOADS_MAX, error);
    if (!rows) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        bool same = label ? g_str_equal(base_json_string(row, "label", ""), label)
                          : base_json_int(row, "txn_id", 0) == txn_id;
        bool ambiguous = false;
        const CatalogObject *object =
            same ? catalog_resolve_table(snapshot, db, base_json_string(row, "table", ""), NULL, &ambiguous)
                 : NULL;
        if (object) {
            return access_check(call->user, ACCESS_LOAD, object, error);
        }
    }
    return access_check_domain(call->user, ACCESS_LOAD, db, NULL) || access_can_see_domain(call->user, db) ||
           access_check_domain(call->user, ACCESS_LOAD, db, error);
}

/* Errors are 200 too: {"status": "Fail", "msg": ...}. */
bool route_stream_load_2pc(ServerCall *call, GError **error)
{
    (void)error;
    const char *id = call_header(call, "txn_id"), *label = call_header(call, "label");
    const char *operation = call_header(call, "txn_operation");
    bool commit = operation && !g_ascii_strcasecmp(operation, "commit");
    gint64 txn_id = 0;
    bool ok = false;
    g_autoptr(GError) failed = NULL;
    if (!id && !label) {
        base_fail(&failed, BASE_E_LOAD_HEADER, "No transaction id or label selected.");
    } else if (!commit && (!operation || g_ascii_strcasecmp(operation, "abort"))) {
        base_fail(&failed, BASE_E_LOAD_HEADER, "transaction operation should be 'commit' or 'abort'");
    } else if (id && !base_text_to_int(id, 1, G_MAXINT64, &txn_id)) {
        base_fail(&failed, BASE_E_LOAD_HEADER, "convert txn_id [%s] failed", id);
    } else {
        const char *by_label = id ? NULL : label;
        ok = may_end(call, txn_id, by_label, &failed) && two_phase(call, txn_id, by_label, commit, &failed);
    }
    if (!ok) {
        call_json(call, two_phase_answer("Fail", failed->message));
    }
    return true;
}

/* ---- rejected rows
 * ------------------------------------------------------------------------------------------- */

bool route_error_log(ServerCall *call, GError **error)
{
    const char *name = call_query(call, "file", "");
    g_autofree char *path = intake_error_log(server_app_intake(call->app), name);
    if (!path) {
        return base_fail(error, BASE_E_FILE_NOT_FOUND, "no log of rejected rows `%s`", name);
    }
    gsize len = 0;
    g_autoptr(GError) failed = NULL;
    if (!g_file_get_contents(path, &call->text, &len, &failed)) {
        return base_fail(error, BASE_E_FILE_NOT_FOUND, "no log of rejected rows `%s`: %s", name,
                         failed->message);
    }
    call->text_len = len;
    call->content_type = "text/plain; charset=utf-8";
    return true;
}
