/* The HTTP API called: routes found, calls made in-process, problems shown, OpenAPI made from the table. */
#include "server/api.h"

#include "base/term.h"
#include "base/text.h"

#define API_MAX_QUERY_PARAMS 100
#define API_MAX_SEGMENTS     8

/* ---- a call ----------------------------------------------------------------------------------------- */

void server_call_init(ServerCall *call, ServerApp *app)
{
    *call = (ServerCall){.app = app, .fd = -1, .status = 200, .peer = "local", .lang = base_lang()};
    g_mutex_init(&call->cancel_lock);
}

void server_call_clear(ServerCall *call)
{
    if (call->state_free) {
        call->state_free(call->state);
    }
    access_user_unref(call->user);
    g_clear_pointer(&call->params, g_hash_table_unref);
    g_clear_pointer(&call->query, g_hash_table_unref);
    g_clear_pointer(&call->headers, g_hash_table_unref);
    g_clear_pointer(&call->answer_headers, g_hash_table_unref);
    g_clear_pointer(&call->raw, g_byte_array_unref);
    json_decref(call->body);
    json_decref(call->json);
    json_decref(call->diagnostics);
    intake_spool_free(call->upload);
    g_free(call->text);
    g_mutex_clear(&call->cancel_lock);
}

void server_call_on_cancel(ServerCall *call, void (*cancel)(void *user), void *user)
{
    g_mutex_lock(&call->cancel_lock);
    bool at_once = cancel && call->cancelled;
    call->cancel = at_once ? NULL : cancel;
    call->cancel_user = user;
    if (at_once) {
        cancel(user);
    }
    g_mutex_unlock(&call->cancel_lock);
}

/* Under the lock: whoever takes the hook away knows that it does not run any more. */
void server_call_cancel(ServerCall *call)
{
    g_mutex_lock(&call->cancel_lock);
    call->cancelled = true;
    if (call->cancel) {
        call->cancel(call->cancel_user);
        call->cancel = NULL;
    }
    g_mutex_unlock(&call->cancel_lock);
}

void server_call_set_deadline(ServerCall *call, gint64 monotonic_us)
{
    g_mutex_lock(&call->cancel_lock);
    call->deadline_us = monotonic_us;
    g_mutex_unlock(&call->cancel_lock);
}

/* ---- finding a route -------------------------------------------------------------------------------- */

/* A path cut at its slashes. */
typedef struct {
    const char *text;
    size_t len;
    bool is_param; /* of a route's path: "{name}" */
} Segment;

typedef struct {
    size_t n, n_params;
    Segment segments[API_MAX_SEGMENTS];
} Path;

/* False: it has more segments than any route. */
static bool cut(const char *text, Path *ret)
{
    ret->n = ret->n_params = 0;
    while (*text == '/') {
        const char *end = strchrnul(++text, '/');
        if (ret->n == API_MAX_SEGMENTS) {
            return false;
        }
        size_t len = (size_t)(end - text);
        bool is_param = len >= 2 && text[0] == '{';
        ret->segments[ret->n++] = (Segment){text, len, is_param};
        ret->n_params += is_param;
        text = end;
    }
    return !*text;
}

/* The paths of SERVER_ROUTES, cut once: every request is held against all of them. */
static const Path *route_paths(void)
{
    static Path *paths;
    static gsize once;
    if (g_once_init_enter(&once)) {
        paths = g_new(Path, SERVER_N_ROUTES);
        for (size_t i = 0; i < SERVER_N_ROUTES; i++) {
            bool fits = cut(SERVER_ROUTES[i].path, &paths[i]);
            g_assert(fits);
        }
        g_once_init_leave(&once, 1);
    }
    return paths;
}

/* The text of a parameter, NULL = it is none. Caller frees. */
static char *param_text(const Segment *segment)
{
    g_autofree char *raw = g_strndup(segment->text, segment->len);
    g_autofree char *value = g_uri_unescape_string(raw, NULL);
    return value && *value && g_utf8_validate(value, -1, NULL) ? g_steal_pointer(&value) : NULL;
}

static bool is_param_text(const Segment *segment)
{
    if (!memchr(segment->text, '%', segment->len)) {
        return segment->len > 0 && g_utf8_validate(segment->text, (gssize)segment->len, NULL);
    }
    g_autofree char *text = param_text(segment);
    return text != NULL;
}

static bool path_matches(const Path *route, const Path *path)
{
    if (route->n != path->n) {
        return false;
    }
    for (size_t i = 0; i < path->n; i++) {
        const Segment *wanted = &route->segments[i], *given = &path->segments[i];
        if (!wanted->is_param &&
            (wanted->len != given->len || memcmp(wanted->text, given->text, given->len) != 0)) {
            return false;
        }
    }
    for (size_t i = 0; i < path->n; i++) {
        if (route->segments[i].is_param && !is_param_text(&path->segments[i])) {
            return false;
        }
    }
    return true;
}

static GHashTable *path_params(const Path *route, const Path *path)
{
    GHashTable *params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (size_t i = 0; i < path->n; i++) {
        const Segment *name = &route->segments[i];
        if (name->is_param) {
            g_hash_table_replace(params, g_strndup(name->text + 1, name->len - 2),
                                 param_text(&path->segments[i]));
        }
    }
    return params;
}

static void append_method(GString *methods, const char *method)
{
    if (!strstr(methods->str, method)) {
        g_string_append_printf(methods, "%s%s", methods->len ? ", " : "", method);
    }
}

/* Of several that match, the one with the fewest parameters: a fixed word before a {name}. */
const ServerRoute *server_route_find(const char *method, const char *path, GHashTable **ret_params,
                                     GError **error)
{
    g_autoptr(GString) methods = NULL;
    const Path *paths = route_paths();
    const char *wanted = g_str_equal(method, "HEAD") ? "GET" : method;
    Path given;
    size_t found = SERVER_N_ROUTES;
    bool fits = cut(path, &given);
    for (size_t i = 0; i < SERVER_N_ROUTES && fits; i++) {
        if (!path_matches(&paths[i], &given)) {
            continue;
        }
        if (!g_str_equal(SERVER_ROUTES[i].method, wanted)) {
            methods = methods ? methods : g_string_new(NULL);
            append_method(methods, SERVER_ROUTES[i].method);
        } else if (found == SERVER_N_ROUTES || paths[i].n_params < paths[found].n_params) {
            found = i;
        }
    }
    if (found == SERVER_N_ROUTES) {
        base_fail(error, BASE_E_ROUTE_UNKNOWN, "%s %s is no address of the API", method, path);
        base_error_hint(error, methods ? "the methods here are: %s" : "see /api/openapi.json%s",
                        methods ? methods->str : "");
        return NULL;
    }
    *ret_params = path_params(&paths[found], &given);
    return &SERVER_ROUTES[found];
}

/* ---- problems --------------------------------------------------------------------------------------- */

static json_t *stream_load_problem(const GError *error)
{
    json_t *answer = json_object();
    base_json_set_int(answer, "TxnId", -1);
    base_json_set_string(answer, "Label", "");
    base_json_set_string(answer, "Comment", "");
    base_json_set_string(answer, "TwoPhaseCommit", "false");
    base_json_set_string(answer, "Status", "Fail");
    base_json_set_string(answer, "Message", error->message);
    static const char *const ZEROS[] = {"NumberTotalRows",      "NumberLoadedRows", "NumberFilteredRows",
                                        "NumberUnselectedRows", "LoadBytes",        "LoadTimeMs"};
    for (size_t i = 0; i < G_N_ELEMENTS(ZEROS); i++) {
        base_json_set_int(answer, ZEROS[i], 0);
    }
    return answer;
}

static json_t *doris_problem(const GError *error, int status)
{
    json_t *answer = json_object();
    base_json_set_string(answer, "msg", status == 401 ? "Unauthorized" : "Internal Error");
    base_json_set_int(answer, "code", status == 401 || status == 404 ? status : 1);
    base_json_set_string(answer, "data", error->message);
    base_json_set_int(answer, "count", 0);
    return answer;
}

json_t *server_call_problem(ServerCall *call, const ServerRoute *route, const GError *error)
{
    ServerStyle style = route ? route->style : SERVER_STYLE_PROBLEM;
    call->status = base_error_info(error)->http_status;
    if (style == SERVER_STYLE_STREAM_LOAD) {
        call->status = 200; /* the verdict is in the JSON: research of Doris's clients, 1.1 */
        return stream_load_problem(error);
    }
    if (style == SERVER_STYLE_DORIS) {
        json_t *answer = doris_problem(error, call->status);
        call->status = call->status == 401 ? 401 : 200;
        return answer;
    }
    if (call->status < 400) { /* LOAD_REJECTED is 200 in Stream Load only */
        call->status = 422;
    }
    json_t *problem = base_error_to_problem(error, call->lang);
    base_json_set_int(problem, "status", call->status);
    if (call->diagnostics) {
        json_object_set(problem, "diagnostics", call->diagnostics);
    }
    if (call->json) { /* what a failed handler has to tell beside its error */
        json_object_update_missing(problem, call->json);
    }
    return problem;
}

/* ---- in-process -----------------------------------------------------------------------------------------
 */

static void parse_query(const char *text, GHashTable *query)
{
    GHashTableIter iter;
    gpointer key, value;
    g_autoptr(GHashTable) parsed =
        text ? g_uri_parse_params(text, -1, "&", G_URI_PARAMS_WWW_FORM, NULL) : NULL;
    if (!parsed || g_hash_table_size(parsed) > API_MAX_QUERY_PARAMS) {
        return;
    }
    g_hash_table_iter_init(&iter, parsed);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_hash_table_replace(query, g_strdup(key), g_strdup(value));
    }
}

static bool collect(void *user, const void *data, size_t len)
{
    g_string_append_len(user, data, (gssize)len);
    return true;
}

static bool run_call(ServerCall *call, const ServerRoute *route, GError **error)
{
    return (!route->right || access_check(call->user, route->right, NULL, error)) &&
           (!route->check || route->check(call, error)) && route->handler(call, error);
}

/* The answer as JSON, whatever the handler made: streamed JSON is parsed, other text is {"text": ...}. */
static json_t *answer_json(ServerCall *call, const GString *streamed, GError **error)
{
    if (call->json) {
        return json_incref(call->json);
    }
    bool is_json =
        call->content_type && strstr(call->content_type, "json") && !strstr(call->content_type, "ndjson");
    const char *text = call->text ? call->text : streamed->str;
    size_t len = call->text ? (call->text_len ? call->text_len : strlen(call->text)) : streamed->len;
    if (len == 0) {
        return json_null();
    }
    return is_json ? base_json_parse(text, len, error) : json_pack("{s:s%}", "text", text, len);
}

typedef struct {
    const char *method, *path_and_query;
    json_t *body;
    IntakeSpool *upload;
    ServerWrite write;
    void *write_user;
} InProcess;

static json_t *call_in_process(ServerCall *call, const InProcess *in, const ServerRoute **ret_route,
                               GError **error)
{
    const char *mark = strchr(in->path_and_query, '?');
    g_autofree char *path = mark ? g_strndup(in->path_and_query, (gsize)(mark - in->path_and_query))
                                 : g_strdup(in->path_and_query);
    g_autoptr(GString) streamed = g_string_new(NULL);
    call->upload = in->upload;
    call->method = in->method;
    call->path = path;
    call->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    call->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    call->user = access_user_ref(access_local_user(server_app_access(call->app)));
    call->body = in->body ? json_incref(in->body) : NULL;
    call->write = in->write ? in->write : collect;
    call->write_user = in->write ? in->write_user : streamed;
    parse_query(mark ? mark + 1 : NULL, call->query);
    *ret_route = server_route_find(in->method, path, &call->params, error);
    json_t *answer =
        *ret_route && run_call(call, *ret_route, error) ? answer_json(call, streamed, error) : NULL;
    call->path = NULL;
    call->upload = NULL; /* stays the caller's */
    return answer;
}

json_t *server_api_call(ServerApp *app, const char *method, const char *path_and_query, json_t *body,
                        IntakeSpool *upload, ServerWrite write, void *write_user, GError **error)
{
    ServerCall call;
    const ServerRoute *route;
    const InProcess in = {method, path_and_query, body, upload, write, write_user};
    server_call_init(&call, app);
    json_t *answer = call_in_process(&call, &in, &route, error);
    server_call_clear(&call);
    return answer;
}

json_t *server_api_call_full(ServerApp *app, const char *method, const char *path_and_query, json_t *body,
                             IntakeSpool *upload, ServerWrite write, void *write_user, int *ret_status)
{
    ServerCall call;
    const ServerRoute *route = NULL;
    g_autoptr(GError) error = NULL;
    const InProcess in = {method, path_and_query, body, upload, write, write_user};
    server_call_init(&call, app);
    json_t *answer = call_in_process(&call, &in, &route, &error);
    if (!answer) {
        answer = server_call_problem(&call, route, error);
    }
    *ret_status = call.status;
    server_call_clear(&call);
    return answer;
}

/* ---- OpenAPI ----------------------------------------------------------------------------------------------
 */

static json_t *type_of(const char *word)
{
    if (word[0] == '[') {
        g_autofree char *item = g_strndup(word + 1, strlen(word) - 2);
        return json_pack("{s:s, s:o}", "type", "array", "items", type_of(item));
    }
    return g_str_equal(word, "any") ? json_object() : json_pack("{s:s}", "type", word);
}

/* "sql!:string limit:integer names:[string]": a ! is a key that must be there. */
static json_t *schema_of(const char *fields)
{
    json_t *properties = json_object(), *required = json_array(), *schema;
    g_auto(GStrv) words = g_strsplit(fields ? fields : "", " ", -1);
    for (size_t i = 0; words[i] && words[i][0]; i++) {
        char *colon = strchr(words[i], ':');
        bool must = colon[-1] == '!';
        g_autofree char *name = g_strndup(words[i], (gsize)(colon - words[i]) - must);
        json_object_set_new(properties, name, type_of(colon + 1));
        if (must) {
            json_array_append_new(required, json_string(name));
        }
    }
    schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
    if (json_array_size(required) > 0) {
        json_object_set(schema, "required", required);
    }
    json_decref(required);
    return schema;
}

static json_t *path_parameters(const char *path)
{
    json_t *list = json_array();
    for (const char *open = strchr(path, '{'); open; open = strchr(open + 1, '{')) {
        const char *name = open + 1;
        json_array_append_new(list, json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", name, strcspn(name, "}"),
                                              "in", "path", "required", 1, "schema", "type", "string"));
    }
    return list;
}

static json_t *operation(const ServerRoute *route)
{
    json_t *op = json_object(), *responses = json_object();
    base_json_set_string(op, "summary", route->title);
    json_object_set_new(op, "parameters", path_parameters(route->path));
    if (route->upload) {
        json_object_set_new(op, "requestBody",
                            json_pack("{s:{s:{s:{s:s, s:s}}}}", "content", "application/octet-stream",
                                      "schema", "type", "string", "format", "binary"));
    } else if (route->body_schema) {
        json_object_set_new(op, "requestBody",
                            json_pack("{s:{s:{s:o}}}", "content", "application/json", "schema",
                                      schema_of(route->body_schema)));
    }
    json_object_set_new(responses, "200",
                        json_pack("{s:s, s:{s:{s:o}}}", "description", "The answer", "content",
                                  "application/json", "schema", schema_of(route->answer_schema)));
    json_object_set_new(responses, "default",
                        json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", "What went wrong (RFC 9457)",
                                  "content", "application/problem+json", "schema", "$ref",
                                  "#/components/schemas/Problem"));
    json_object_set_new(op, "responses", responses);
    if (route->is_public) {
        json_object_set_new(op, "security", json_array());
    }
    return op;
}

static const char PROBLEM_FIELDS[] = "type:string title:string status:integer detail:string code:string "
                                     "hint:string not_done:string file:string "
                                     "line:integer column:integer diagnostics:[object]";

json_t *server_openapi(void)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < SERVER_N_ROUTES; i++) {
        const ServerRoute *route = &SERVER_ROUTES[i];
        json_t *path = json_object_get(paths, route->path);
        if (!path) {
            path = json_object();
            json_object_set_new(paths, route->path, path);
        }
        g_autofree char *method = g_ascii_strdown(route->method, -1);
        json_object_set_new(path, method, operation(route));
    }
    return json_pack(
        "{s:s, s:{s:s, s:s}, s:o, s:{s:{s:o}, s:{s:{s:s, s:s}, s:{s:s, s:s}}}, s:[{s:[]}, {s:[]}]}",
        "openapi", "3.1.0", "info", "title", "Weir", "version", WEIR_VERSION, "paths", paths, "components",
        "schemas", "Problem", schema_of(PROBLEM_FIELDS), "securitySchemes", "basic", "type", "http", "scheme",
        "basic", "bearer", "type", "http", "scheme", "bearer", "security", "basic", "bearer");
}
