/* Reading features online: in Feast's JSON (column by column), and row by row in Weir's own. */
#include "base/time.h"
#include "features/store.h"
#include "server/features_rights.h"
#include "server/routes_int.h"

#define ROWS_MAX     10000
#define REQUESTS_MAX 100
#define QUICK_ROWS   500               /* in one call that is answered where it is read */
#define VALUES_MAX   ((size_t)2000000) /* of all answers of one call: some 250 MB while it runs */

/* One selection with the columns that were asked for. */
typedef struct {
    FeaturesSelection *selection;
    FeaturesArena *arena;
    const FeaturesValue **keys, **request;
    size_t n;
    FeaturesCell *cells;
} Asked;

static void asked_clear(Asked *asked)
{
    g_clear_pointer(&asked->selection, features_selection_unref);
    g_clear_pointer(&asked->arena, features_arena_free);
    g_clear_pointer(&asked->keys, g_free);
    g_clear_pointer(&asked->request, g_free);
}

/* ---- what is asked for ----------------------------------------------------------------------------------
 */

static bool texts_of(const json_t *list, GPtrArray *ret, GError **error)
{
    size_t i;
    const json_t *item;
    json_array_foreach (list, i, item) {
        if (!json_is_string(item)) {
            return base_fail(error, BASE_E_REQUEST_INVALID, "`features` is no list of names");
        }
        g_ptr_array_add(ret, (gpointer)(uintptr_t)json_string_value(item));
    }
    g_ptr_array_add(ret, NULL);
    return true;
}

static bool check_members(const json_t *request, GError **error)
{
    static const CallMember MEMBERS[] = {{"features", JSON_ARRAY},         {"service", JSON_STRING},
                                         {"feature_service", JSON_STRING}, {"full_feature_names", JSON_TRUE},
                                         {"full_names", JSON_TRUE},        {"statuses", JSON_TRUE},
                                         {"requests", JSON_ARRAY},         {"request_context", JSON_OBJECT}};
    return call_members(request, MEMBERS, G_N_ELEMENTS(MEMBERS), error);
}

/* `features` (list) or `service` / `feature_service` (name). */
static bool select_features(const ServerCall *call, const json_t *body, const char *full_key, Asked *asked,
                            GError **error)
{
    const json_t *features = json_object_get(body, "features");
    const char *service = base_json_string(body, "feature_service", base_json_string(body, "service", NULL));
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    if (!check_members(body, error)) {
        return false;
    }
    if ((json_is_array(features) ? 1 : 0) + (service ? 1 : 0) != 1) {
        return base_fail(error, BASE_E_REQUEST_INVALID,
                         "the request names neither `features` nor a feature service, or both");
    }
    if (!texts_of(features, names, error)) {
        return false;
    }
    asked->selection = features_selected(server_app_features(call->app),
                                         service ? NULL : (const char *const *)(void *)names->pdata, service,
                                         base_json_bool(body, full_key, false), error);
    asked->arena = features_arena_new();
    return asked->selection && server_features_may_read(call, asked->selection, error);
}

/* ---- columns of values ----------------------------------------------------------------------------------
 */

static bool column_of(const json_t *list, const char *name, FeaturesType type, size_t n, FeaturesArena *arena,
                      const FeaturesValue **ret, GError **error)
{
    FeaturesValue *values = features_arena_take(arena, MAX(n, 1) * sizeof *values);
    for (size_t row = 0; row < n; row++) {
        if (!features_value_of_json(json_array_get(list, row), type, arena, &values[row], error)) {
            g_prefix_error(error, "`%s`, row %" G_GSIZE_FORMAT ": ", name, row);
            return false;
        }
    }
    *ret = values;
    return true;
}

static bool missing(const char *what, const char *name, const json_t *given, GError **error)
{
    g_autoptr(GString) there = g_string_new(NULL);
    const char *key;
    const json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)given, key, value) {
        g_string_append_printf(there, "%s`%s`", there->len ? ", " : "", key);
    }
    base_fail(error, BASE_E_ENTITY_ROWS, "the asking rows lack the %s `%s`; they have %s", what, name,
              there->len ? there->str : "no columns");
    return false;
}

/* Columns of `names` out of {name: [values]}; all lists are of one length. */
static bool take_columns(const json_t *given, const json_t *also, const char *what, const char *const *names,
                         const FeaturesType *types, size_t n_names, Asked *asked, const FeaturesValue ***ret,
                         GError **error)
{
    *ret = g_new0(const FeaturesValue *, n_names + 1);
    for (size_t i = 0; i < n_names; i++) {
        const json_t *list = json_object_get(given, names[i]);
        list = list ? list : json_object_get(also, names[i]);
        if (!json_is_array(list)) {
            return missing(what, names[i], given, error);
        }
        if (json_array_size(list) != asked->n) {
            return base_fail(error, BASE_E_ENTITY_ROWS, "All entity rows must have the same columns.");
        }
        if (!column_of(list, names[i], types[i], asked->n, asked->arena, &(*ret)[i], error)) {
            return false;
        }
    }
    return true;
}

/* `used` is what requests of the same call took before. */
static bool serve(const ServerCall *call, Asked *asked, size_t *used, GError **error)
{
    *used += asked->n * asked->selection->n_picks;
    if (*used > VALUES_MAX) {
        base_fail(error, BASE_E_REQUEST_INVALID, "one call asks for more than %" G_GSIZE_FORMAT " values",
                  VALUES_MAX);
        base_error_hint(error, "ask for fewer rows or features at a time");
        return false;
    }
    return features_serve(server_app_features(call->app), asked->selection, asked->keys, asked->request,
                          asked->n, G_MININT64, asked->arena, &asked->cells, error);
}

/* ---- Feast's answer
 * ---------------------------------------------------------------------------------------- */

#define TIME_TEXT_MAX_BYTES 48

/* The event time of a row as JSON, kept while the next column has the same one: features of one view do. */
typedef struct {
    gint64 us;
    size_t len;
    char text[TIME_TEXT_MAX_BYTES];
} TimeText;

static void append_time(GString *out, TimeText *kept, gint64 us)
{
    if (kept->len == 0 || kept->us != us) {
        const FeaturesValue at = {.type = FEATURES_TIMESTAMP, .i64 = us == FEATURES_NO_TIME ? 0 : us};
        gsize from = out->len;
        features_value_append_json(&at, out);
        kept->us = us;
        kept->len = MIN(out->len - from, sizeof kept->text);
        memcpy(kept->text, out->str + from, kept->len);
        return;
    }
    g_string_append_len(out, kept->text, (gssize)kept->len);
}

static void append_status(GString *out, FeaturesStatus status)
{
    static const char *const QUOTED[] = {"\"INVALID\"", "\"PRESENT\"", "\"NULL_VALUE\"", "\"NOT_FOUND\"",
                                         "\"OUTSIDE_MAX_AGE\""};
    g_string_append(out, QUOTED[status]);
}

static void append_key_column(const Asked *asked, size_t k, TimeText *times, GString *out)
{
    g_string_append(out, "{\"values\":[");
    for (size_t row = 0; row < asked->n; row++) {
        g_string_append(out, row ? "," : "");
        features_value_append_json(&asked->keys[k][row], out);
    }
    g_string_append(out, "],\"statuses\":[");
    for (size_t row = 0; row < asked->n; row++) {
        g_string_append(out, row ? "," : "");
        append_status(out, FEATURES_PRESENT);
    }
    g_string_append(out, "],\"event_timestamps\":[");
    for (size_t row = 0; row < asked->n; row++) {
        g_string_append(out, row ? "," : "");
        append_time(out, &times[row], FEATURES_NO_TIME);
    }
    g_string_append(out, "]}");
}

static void append_pick(const FeaturesCell *cells, size_t n, TimeText *times, GString *out)
{
    g_string_append(out, "{\"values\":[");
    for (size_t row = 0; row < n; row++) {
        g_string_append(out, row ? "," : "");
        features_value_append_json(&cells[row].value, out);
    }
    g_string_append(out, "],\"statuses\":[");
    for (size_t row = 0; row < n; row++) {
        g_string_append(out, row ? "," : "");
        append_status(out, cells[row].status);
    }
    g_string_append(out, "],\"event_timestamps\":[");
    for (size_t row = 0; row < n; row++) {
        g_string_append(out, row ? "," : "");
        append_time(out, &times[row], cells[row].event_us);
    }
    g_string_append(out, "]}");
}

static void append_feast(const Asked *asked, GString *out)
{
    const FeaturesSelection *selection = asked->selection;
    TimeText *times = features_arena_take(asked->arena, MAX(asked->n, 1) * sizeof *times);
    memset(times, 0, asked->n * sizeof *times);
    g_string_append(out, "{\"results\":[");
    for (size_t k = 0; k < selection->n_keys; k++) {
        g_string_append(out, k ? "," : "");
        append_key_column(asked, k, times, out);
    }
    for (size_t p = 0; p < selection->n_picks; p++) {
        g_string_append(out, p || selection->n_keys ? "," : "");
        append_pick(asked->cells + p * asked->n, asked->n, times, out);
    }
    g_string_append(out, "],\"metadata\":{\"feature_names\":[");
    for (size_t k = 0; k < selection->n_keys; k++) {
        g_string_append(out, k ? "," : "");
        base_json_append_string(out, selection->keys[k], strlen(selection->keys[k]));
    }
    for (size_t p = 0; p < selection->n_picks; p++) {
        g_string_append(out, p || selection->n_keys ? "," : "");
        base_json_append_string(out, selection->picks[p].name, strlen(selection->picks[p].name));
    }
    g_string_append(out, "]}}\n");
}

static bool answer_text(ServerCall *call, GString *text)
{
    call->text_len = text->len;
    call->text = g_string_free(text, FALSE);
    call->content_type = "application/json";
    return true;
}

/* All columns are as long as the longest key column; take_columns refuses what differs. */
static bool count_rows(const json_t *entities, Asked *asked, GError **error)
{
    const char *name;
    json_t *list;
    if (!json_is_object(entities)) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "`entities` is no object of lists");
    }
    json_object_foreach ((json_t *)(uintptr_t)entities, name, list) {
        asked->n = MAX(asked->n, json_array_size(list));
    }
    return asked->n <= ROWS_MAX ||
           base_fail(error, BASE_E_REQUEST_INVALID, "more than %d rows in one call", ROWS_MAX);
}

static bool ask_feast(ServerCall *call, Asked *asked, GError **error)
{
    const json_t *entities = json_object_get(call->body, "entities"),
                 *context = json_object_get(call->body, "request_context");
    if (!select_features(call, call->body, "full_feature_names", asked, error) ||
        !count_rows(entities, asked, error)) {
        return false;
    }
    const FeaturesSelection *selection = asked->selection;
    size_t used = 0;
    return take_columns(entities, NULL, "key", selection->keys, selection->key_types, selection->n_keys,
                        asked, &asked->keys, error) &&
           take_columns(entities, context, "request field", selection->request, selection->request_types,
                        selection->n_request, asked, &asked->request, error) &&
           serve(call, asked, &used, error);
}

static bool has_computed(const FeaturesSelection *selection)
{
    for (size_t u = 0; u < selection->n_uses; u++) {
        if (selection->uses[u].view->from == FEATURES_FROM_REQUEST) {
            return true;
        }
    }
    return false;
}

/* Whether a view that is computed on demand may be among what is asked for. */
static bool may_compute(const ServerCall *call)
{
    g_autoptr(FeaturesRegistry) registry = features_registry(server_app_features(call->app));
    const GPtrArray *views = features_registry_views(registry);
    bool any = false;
    for (guint i = 0; !any && i < views->len; i++) {
        any = ((const FeaturesView *)g_ptr_array_index(views, i))->from == FEATURES_FROM_REQUEST;
    }
    Asked asked = {0};
    any = any && select_features(call, call->body, "full_feature_names", &asked, NULL) &&
          has_computed(asked.selection);
    asked_clear(&asked);
    return any;
}

static size_t n_rows(const json_t *body)
{
    const char *name;
    json_t *list;
    size_t n = json_array_size(json_object_get(body, "rows"));
    json_object_foreach (json_object_get(body, "entities"), name, list) {
        n = MAX(n, json_array_size(list));
    }
    return n;
}

/* LMDB is memory. What a view computes on demand is asked of the engine, Redis may be slow, and many rows
 * take their time: those wait on a worker. */
bool route_features_quick(const ServerCall *call)
{
    return g_str_equal(base_config_text(server_app_config(call->app), BASE_CONFIG_FEATURES_ONLINE), "lmdb") &&
           !json_object_get(call->body, "requests") && n_rows(call->body) <= QUICK_ROWS && !may_compute(call);
}

bool route_get_online_features(ServerCall *call, GError **error)
{
    Asked asked = {0};
    bool ok = ask_feast(call, &asked, error);
    if (ok) {
        GString *text = g_string_sized_new(256 + asked.n * asked.selection->n_picks * 64);
        append_feast(&asked, text);
        ok = answer_text(call, text);
    }
    asked_clear(&asked);
    return ok;
}

/* ---- row by row
 * ---------------------------------------------------------------------------------------------- */

/* rows [{key: value}] turned into columns. */
static bool take_fields(const json_t *rows, const char *what, const char *const *names,
                        const FeaturesType *types, size_t n_names, Asked *asked, const FeaturesValue ***ret,
                        GError **error)
{
    *ret = g_new0(const FeaturesValue *, n_names + 1);
    for (size_t i = 0; i < n_names; i++) {
        FeaturesValue *values = features_arena_take(asked->arena, MAX(asked->n, 1) * sizeof *values);
        for (size_t row = 0; row < asked->n; row++) {
            const json_t *given = json_array_get(rows, row), *value = json_object_get(given, names[i]);
            if (!value) {
                return missing(what, names[i], given, error);
            }
            if (!features_value_of_json(value, types[i], asked->arena, &values[row], error)) {
                g_prefix_error(error, "`%s`, row %" G_GSIZE_FORMAT ": ", names[i], row);
                return false;
            }
        }
        (*ret)[i] = values;
    }
    return true;
}

static void append_row(const Asked *asked, size_t row, bool statuses, GString *out)
{
    const FeaturesSelection *selection = asked->selection;
    g_string_append_c(out, '{');
    for (size_t p = 0; p < selection->n_picks; p++) {
        g_string_append(out, p ? "," : "");
        base_json_append_string(out, selection->picks[p].name, strlen(selection->picks[p].name));
        g_string_append_c(out, ':');
        features_value_append_json(&asked->cells[p * asked->n + row].value, out);
    }
    if (statuses) {
        g_string_append(out, selection->n_picks ? ",\"_status\":{" : "\"_status\":{");
        for (size_t p = 0; p < selection->n_picks; p++) {
            g_string_append(out, p ? "," : "");
            base_json_append_string(out, selection->picks[p].name, strlen(selection->picks[p].name));
            g_string_append_printf(out, ":\"%s\"",
                                   features_status_name(asked->cells[p * asked->n + row].status));
        }
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, '}');
}

static bool answer_request(const ServerCall *call, const json_t *request, size_t *used, GString *out,
                           GError **error)
{
    Asked asked = {0};
    const json_t *rows = json_object_get(request, "rows");
    asked.n = json_array_size(rows);
    bool ok =
        json_is_array(rows) && asked.n <= ROWS_MAX
            ? true
            : base_fail(error, BASE_E_REQUEST_INVALID, "`rows` is no list of at most %d rows", ROWS_MAX);
    ok = ok && select_features(call, request, "full_names", &asked, error);
    ok = ok &&
         take_fields(rows, "key", asked.selection->keys, asked.selection->key_types, asked.selection->n_keys,
                     &asked, &asked.keys, error) &&
         take_fields(rows, "request field", asked.selection->request, asked.selection->request_types,
                     asked.selection->n_request, &asked, &asked.request, error) &&
         serve(call, &asked, used, error);
    if (ok) {
        g_string_append(out, "{\"rows\":[");
        for (size_t row = 0; row < asked.n; row++) {
            g_string_append(out, row ? "," : "");
            append_row(&asked, row, base_json_bool(request, "statuses", false), out);
        }
        g_string_append(out, "]}");
    }
    asked_clear(&asked);
    return ok;
}

/* One request, or many ({"requests": [...]}) in one call. */
bool route_features_online(ServerCall *call, GError **error)
{
    const json_t *requests = json_object_get(call->body, "requests"), *request;
    g_autoptr(GString) out = g_string_new(NULL);
    size_t i, used = 0;
    if (!check_members(call->body, error)) {
        return false;
    }
    if (!json_is_array(requests)) {
        if (!answer_request(call, call->body, &used, out, error)) {
            return false;
        }
        g_string_append_c(out, '\n');
        return answer_text(call, g_steal_pointer(&out));
    }
    if (json_array_size(requests) > REQUESTS_MAX) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "more than %d requests in one call", REQUESTS_MAX);
    }
    g_string_append(out, "{\"answers\":[");
    json_array_foreach (requests, i, request) {
        g_string_append(out, i ? "," : "");
        if (!answer_request(call, request, &used, out, error)) {
            g_prefix_error(error, "request %" G_GSIZE_FORMAT ": ", i);
            return false;
        }
    }
    g_string_append(out, "]}\n");
    return answer_text(call, g_steal_pointer(&out));
}
