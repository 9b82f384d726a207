/* A small warehouse in memory, and views and selections made by hand. */
#ifndef WEIR_TEST_RETRIEVE_WORLD_H
#define WEIR_TEST_RETRIEVE_WORLD_H

#include "features/offline.h"

#define MAX_USES  8
#define MAX_PICKS 16

typedef struct {
    Engine *engine;
    EngineConn *conn;
    GPtrArray *views; /* FeaturesView* */
    FeaturesSelection selection;
    FeaturesUse uses[MAX_USES];
    FeaturesPick picks[MAX_PICKS];
    const char *keys[MAX_PICKS], *request[MAX_PICKS];
    FeaturesType key_types[MAX_PICKS], request_types[MAX_PICKS];
} World;

static void world_open(World *world, unsigned threads)
{
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.threads = threads};
    *world = (World){.views = g_ptr_array_new()};
    world->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    world->conn = engine_connect(world->engine, &error);
    g_assert_no_error(error);
    world->selection = (FeaturesSelection){.uses = world->uses,
                                           .picks = world->picks,
                                           .keys = world->keys,
                                           .key_types = world->key_types,
                                           .request = world->request,
                                           .request_types = world->request_types};
}

static void view_free(FeaturesView *view)
{
    for (size_t i = 0; i < view->n_keys; i++) {
        g_free(view->keys[i].name);
    }
    for (size_t i = 0; i < view->n_features; i++) {
        g_free(view->features[i].name);
        g_free(view->features[i].expr);
    }
    g_free(view->keys);
    g_free(view->features);
    g_free(view->name);
    g_free(view->relation);
    g_free(view->time);
    g_free(view->created);
    g_free(view->inputs);
    g_free(view->request);
    g_free(view);
}

static void world_close(World *world)
{
    for (size_t u = 0; u < world->selection.n_uses; u++) {
        g_strfreev(world->uses[u].keys);
        g_free(world->uses[u].name);
        g_free(world->uses[u].inputs);
    }
    for (guint i = 0; i < world->views->len; i++) {
        view_free(g_ptr_array_index(world->views, i));
    }
    g_ptr_array_unref(world->views);
    engine_disconnect(world->conn);
    engine_unref(world->engine);
}

static void run(World *world, const char *sql)
{
    g_autoptr(GError) error = NULL;
    bool ok = engine_exec(world->conn, sql, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

/* keys and features are "name:type name:type=expression of the source"; a % in an expression stands for a
 * blank. */
static FeaturesView *view_add(World *world, const char *name, const char *relation, const char *keys,
                              const char *features)
{
    FeaturesView *view = g_new0(FeaturesView, 1);
    g_auto(GStrv) k = g_strsplit(keys, " ", -1);
    g_auto(GStrv) f = g_strsplit(features, " ", -1);
    *view = (FeaturesView){.name = g_strdup(name),
                           .version = 1,
                           .from = FEATURES_FROM_TABLE,
                           .relation = g_strdup(relation),
                           .time = g_strdup("seen"),
                           .keys = g_new0(FeaturesKey, g_strv_length(k) + 1),
                           .features = g_new0(FeaturesFeature, g_strv_length(f) + 1)};
    for (size_t i = 0; *keys && k[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(k[i], ":", 2);
        view->keys[view->n_keys].name = g_strdup(parts[0]);
        view->keys[view->n_keys++].type = features_type_by_name(parts[1]);
    }
    for (size_t i = 0; f[i]; i++) {
        g_auto(GStrv) halves = g_strsplit(f[i], "=", 2);
        g_auto(GStrv) parts = g_strsplit(halves[0], ":", 2);
        FeaturesFeature *feature = &view->features[view->n_features++];
        feature->name = g_strdup(parts[0]);
        feature->type = features_type_by_name(parts[1]);
        feature->expr = halves[1] ? g_strdelimit(g_strdup(halves[1]), "%", ' ') : NULL;
    }
    g_ptr_array_add(world->views, view);
    return view;
}

static void need_key(World *world, const char *name, FeaturesType type)
{
    FeaturesSelection *s = &world->selection;
    for (size_t i = 0; i < s->n_keys; i++) {
        if (g_str_equal(world->keys[i], name)) {
            return;
        }
    }
    world->keys[s->n_keys] = name;
    world->key_types[s->n_keys++] = type;
}

/* All features of the view are picked, under the prefix; keys renamed to `keys` (blank-separated; NULL = as
 * they are). */
static size_t use_add(World *world, FeaturesView *view, const char *keys, const char *prefix)
{
    FeaturesSelection *s = &world->selection;
    FeaturesUse *use = &world->uses[s->n_uses];
    *use = (FeaturesUse){.view = view, .name = g_strdup(view->name)};
    use->keys = keys ? g_strsplit(keys, " ", -1) : g_new0(char *, view->n_keys + 1);
    for (size_t i = 0; i < view->n_keys; i++) {
        use->keys[i] = keys ? use->keys[i] : g_strdup(view->keys[i].name);
        need_key(world, use->keys[i], view->keys[i].type);
    }
    for (size_t i = 0; prefix && i < view->n_features; i++) {
        g_autofree char *name = g_strconcat(prefix, view->features[i].name, NULL);
        world->picks[s->n_picks++] =
            (FeaturesPick){.use = s->n_uses, .feature = i, .name = (char *)(guintptr)g_intern_string(name)};
    }
    return s->n_uses++;
}

/* Rows of the answer, each "a|b|c", NULL as "-", one a line. */
static char *ask(World *world, FeaturesAsk *how, GError **error)
{
    how->selection = &world->selection;
    if (!features_retrieve(world->conn, how, "answer", NULL, NULL, NULL, error)) {
        return NULL;
    }
    g_autoptr(GError) failed = NULL;
    g_autoptr(EngineResult) result =
        engine_query(world->conn, "SELECT * FROM answer ORDER BY rowid", &failed);
    g_assert_no_error(failed);
    GString *out = g_string_new(NULL);
    EngineChunk *chunk;
    while ((chunk = engine_result_next(result, &failed))) {
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            for (size_t i = 0; i < engine_result_n_columns(result); i++) {
                EngineColumn column = engine_chunk_column(chunk, i);
                g_string_append(out, i ? "|" : "");
                if (!engine_column_append_text(&column, row, out)) {
                    g_string_append_c(out, '-');
                }
            }
            g_string_append_c(out, '\n');
        }
    }
    g_assert_no_error(failed);
    return g_string_free(out, FALSE);
}

static void expect(World *world, FeaturesAsk how, const char *relation, const char *rows)
{
    g_autoptr(GError) error = NULL;
    how.relation = relation;
    g_autofree char *got = ask(world, &how, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(got, ==, rows);
}

/* The message has `part`. */
static void expect_failure(World *world, FeaturesAsk how, const char *relation, BaseErrorCode code,
                           const char *part)
{
    g_autoptr(GError) error = NULL;
    how.relation = relation;
    g_autofree char *got = ask(world, &how, &error);
    g_assert_null(got);
    g_assert_cmpint(base_error_info(error)->code, ==, code);
    if (!strstr(error->message, part)) {
        g_error("`%s` does not say `%s`", error->message, part);
    }
}

#endif
