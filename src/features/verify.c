/* Offline and online held against each other. See store.h. */
#include "base/time.h"
#include "engine/sql.h"
#include "features/read_int.h"

#define ASKING     "_weir_features_verify"
#define OFFLINE    "_weir_features_offline"
#define VERIFY_MAX 10000
#define SHOWN      100

/* Entities at random, each asking at the end of what was materialised. */
static bool draw(EngineConn *conn, const FeaturesView *view, gint64 at_us, gint64 n, GError **error)
{
    g_autoptr(GString) keys = g_string_new(NULL);
    g_autoptr(GString) sql = g_string_new("CREATE OR REPLACE TEMP TABLE " ASKING " AS SELECT *, ");
    for (size_t k = 0; k < view->n_keys; k++) {
        g_string_append(keys, k ? ", CAST(" : "CAST(");
        engine_sql_append_name(keys, view->keys[k].name);
        g_string_append_printf(keys, " AS %s) AS ", features_type_sql(view->keys[k].type));
        engine_sql_append_name(keys, view->keys[k].name);
    }
    g_string_append_printf(
        sql, "make_timestamptz(%" G_GINT64_FORMAT ") AS event_timestamp FROM (SELECT DISTINCT %s FROM %s",
        at_us, keys->str, view->relation);
    for (size_t k = 0; k < view->n_keys; k++) {
        g_string_append(sql, k ? " AND " : " WHERE ");
        engine_sql_append_name(sql, view->keys[k].name);
        g_string_append(sql, " IS NOT NULL");
    }
    g_string_append_printf(sql, ") ORDER BY random() LIMIT %" G_GINT64_FORMAT, n);
    return engine_exec(conn, sql->str, error);
}

typedef struct {
    Features *features;
    FeaturesRegistry *registry;
    const FeaturesView *view;
    EngineConn *conn;
    gint64 at_us;
    FeaturesArena *arena;
    gint64 drawn, equal, newer, missing;
    json_t *different;
} Verify;

static bool ask_offline(Verify *verify, GError **error)
{
    const FeaturesView *view = verify->view;
    g_autoptr(FeaturesSelection) selection = features_select_view(verify->registry, view, error);
    const FeaturesAsk ask = {.selection = selection,
                             .relation = ASKING,
                             .memory_bytes = features_retrieval_memory(verify->features),
                             .known_at_us = G_MININT64};
    return selection && engine_exec(verify->conn, "DROP TABLE IF EXISTS " OFFLINE, error) &&
           features_retrieve(verify->conn, &ask, OFFLINE, NULL, NULL, NULL, error);
}

static void tell_difference(Verify *verify, const FeaturesValue *keys, size_t feature,
                            const FeaturesValue *offline, const FeaturesValue *online)
{
    const FeaturesView *view = verify->view;
    g_autoptr(GString) text = g_string_new("{\"keys\":{");
    for (size_t k = 0; k < view->n_keys; k++) {
        g_string_append(text, k ? "," : "");
        base_json_append_string(text, view->keys[k].name, strlen(view->keys[k].name));
        g_string_append_c(text, ':');
        features_value_append_json(&keys[k], text);
    }
    g_string_append(text, "},\"feature\":");
    base_json_append_string(text, view->features[feature].name, strlen(view->features[feature].name));
    g_string_append(text, ",\"offline\":");
    features_value_append_json(offline, text);
    g_string_append(text, ",\"online\":");
    features_value_append_json(online, text);
    g_string_append_c(text, '}');
    json_t *row = base_json_parse(text->str, text->len, NULL);
    if (row) {
        json_array_append_new(verify->different, row);
    }
}

/* Online without a row is the same as offline without a value. */
static void compare(Verify *verify, const FeaturesValue *keys, const FeaturesValue *offline,
                    const FeaturesRead *read)
{
    const FeaturesView *view = verify->view;
    bool there = read->found && !read->other_type, same = true, any = false;
    verify->drawn++;
    if (there && read->event_us > verify->at_us) {
        verify->newer++;
        return;
    }
    for (size_t f = 0; f < view->n_features; f++) {
        FeaturesValue online = {.type = view->features[f].type, .null = true};
        any = any || !offline[f].null;
        if (there && !(view->ttl_us > 0 && verify->at_us - read->event_us > view->ttl_us)) {
            online = read->values[f];
        }
        if (online.null && view->features[f].missing.type != FEATURES_INVALID) {
            online = view->features[f].missing;
        }
        if (!features_value_equal(&offline[f], &online)) {
            same = false;
            if (json_array_size(verify->different) < SHOWN) {
                tell_difference(verify, keys, f, &offline[f], &online);
            }
        }
    }
    verify->equal += same;
    verify->missing += !there && any;
}

static bool compare_chunk(Verify *verify, FeaturesOnline *online, const EngineChunk *chunk, GError **error)
{
    const FeaturesView *view = verify->view;
    size_t n = engine_chunk_rows(chunk), n_keys = view->n_keys, n_features = view->n_features;
    FeaturesValue *keys = features_arena_take(verify->arena, MAX(n * n_keys, 1) * sizeof *keys);
    FeaturesValue *offline = features_arena_take(verify->arena, n * n_features * sizeof *offline);
    FeaturesRead *reads = features_arena_take(verify->arena, n * sizeof *reads);
    size_t *wanted = features_arena_take(verify->arena, n_features * sizeof *wanted);
    for (size_t c = 0; c < n_keys + n_features; c++) {
        bool key = c < n_keys;
        size_t f = c - n_keys;
        EngineColumn column = engine_chunk_column(chunk, c);
        for (size_t row = 0; row < n; row++) {
            FeaturesValue *value = key ? &keys[row * n_keys + c] : &offline[row * n_features + f];
            if (!features_value_of_column(&column, row, key ? view->keys[c].type : view->features[f].type,
                                          verify->arena, value, error)) {
                return false;
            }
        }
    }
    for (size_t f = 0; f < n_features; f++) {
        wanted[f] = f;
    }
    if (!features_online_get(online, view, keys, n, wanted, n_features, verify->arena, reads, error)) {
        return false;
    }
    for (size_t row = 0; row < n; row++) {
        compare(verify, keys + row * n_keys, offline + row * n_features, &reads[row]);
    }
    return true;
}

static bool compare_all(Verify *verify, GError **error)
{
    const FeaturesView *view = verify->view;
    FeaturesOnline *online = features_online(verify->features, error);
    g_autoptr(GString) sql = g_string_new("SELECT ");
    for (size_t k = 0; k < view->n_keys; k++) {
        engine_sql_append_name(sql, view->keys[k].name);
        g_string_append(sql, ", ");
    }
    for (size_t f = 0; f < view->n_features; f++) {
        g_string_append(sql, f ? ", CAST(" : "CAST(");
        engine_sql_append_name(sql, view->features[f].name);
        g_string_append_printf(sql, " AS %s)", features_type_sql(view->features[f].type));
    }
    g_string_append(sql, " FROM " OFFLINE);
    g_autoptr(EngineResult) result = online ? engine_query(verify->conn, sql->str, error) : NULL;
    GError *failed = NULL;
    bool ok = result != NULL;
    for (EngineChunk *chunk; ok && (chunk = engine_result_next(result, &failed));) {
        ok = compare_chunk(verify, online, chunk, error);
        features_arena_reset(verify->arena);
    }
    if (ok && failed) {
        g_propagate_error(error, failed);
        return false;
    }
    g_clear_error(&failed);
    return ok;
}

static json_t *answer(const Verify *verify)
{
    json_t *json = json_object();
    base_json_set_string(json, "view", verify->view->name);
    base_json_set_int(json, "version", verify->view->version);
    base_json_set_time(json, "at", verify->at_us);
    base_json_set_int(json, "drawn", verify->drawn);
    base_json_set_int(json, "equal", verify->equal);
    base_json_set_int(json, "newer_online", verify->newer);
    base_json_set_int(json, "missing_online", verify->missing);
    json_object_set(json, "different", verify->different);
    return json;
}

json_t *features_verify(Features *features, const char *view, gint64 n, GError **error)
{
    g_autoptr(FeaturesRegistry) registry = features_registry(features);
    g_autoptr(EngineConn) conn = engine_connect(features->engine, error);
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(json_t) different = json_array();
    const FeaturesView *own = conn ? features_registry_view(registry, view, error) : NULL;
    Verify verify = {.features = features,
                     .registry = registry,
                     .view = own,
                     .conn = conn,
                     .arena = arena,
                     .different = different};
    FeaturesPast past = {0};
    if (!own || !features_view_readable(own, error) || !features_past_read(conn, own, &past, error)) {
        return NULL;
    }
    g_free(past.mark);
    verify.at_us = past.end_us;
    if (own->from == FEATURES_FROM_REQUEST || past.end_us == G_MININT64) {
        base_fail(error, BASE_E_VALUE_INVALID, "nothing of feature view `%s` was materialised", own->name);
        base_error_hint(error, "weir features materialize-incremental --view %s", own->name);
        return NULL;
    }
    return draw(conn, own, verify.at_us, CLAMP(n, 1, VERIFY_MAX), error) && ask_offline(&verify, error) &&
                   compare_all(&verify, error)
               ? answer(&verify)
               : NULL;
}
