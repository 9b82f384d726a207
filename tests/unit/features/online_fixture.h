/* Views and rows made by hand, and the stores that the conformance suite runs over. */
#ifndef WEIR_TESTS_ONLINE_FIXTURE_H
#define WEIR_TESTS_ONLINE_FIXTURE_H

#include "base/fs.h"
#include "features/online.h"

/* "driver_id:int64,city:string" -> columns; freed with view_free. */
typedef struct {
    const char *name;
    FeaturesType type;
} Column;

static inline GArray *columns_of(const char *text)
{
    GArray *columns = g_array_new(FALSE, TRUE, sizeof(Column));
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (char **part = parts; *part && **part; part++) {
        g_auto(GStrv) sides = g_strsplit(*part, ":", 2);
        Column column = {g_intern_string(sides[0]), features_type_by_name(sides[1])};
        g_assert_cmpint(column.type, !=, FEATURES_INVALID);
        g_array_append_val(columns, column);
    }
    return columns;
}

static inline FeaturesView *view_new(const char *project, const char *stored, const char *keys,
                                     const char *features)
{
    FeaturesView *view = g_new0(FeaturesView, 1);
    g_autoptr(GArray) k = columns_of(keys), f = columns_of(features);
    view->project = g_strdup(project);
    view->name = g_strdup(stored);
    view->stored = g_strdup(stored);
    view->version = 1;
    view->n_keys = k->len;
    view->keys = g_new0(FeaturesKey, k->len + 1);
    for (guint i = 0; i < k->len; i++) {
        const Column *column = &g_array_index(k, Column, i);
        view->keys[i] = (FeaturesKey){.name = g_strdup(column->name),
                                      .entity = g_strdup(column->name),
                                      .stored = g_strdup(column->name),
                                      .type = column->type};
    }
    view->n_features = f->len;
    view->features = g_new0(FeaturesFeature, f->len + 1);
    for (guint i = 0; i < f->len; i++) {
        const Column *column = &g_array_index(f, Column, i);
        view->features[i] = (FeaturesFeature){.name = g_strdup(column->name), .type = column->type};
    }
    return view;
}

static inline void view_free(FeaturesView *view)
{
    for (size_t i = 0; i < view->n_keys; i++) {
        g_free(view->keys[i].name);
        g_free(view->keys[i].entity);
        g_free(view->keys[i].stored);
    }
    for (size_t i = 0; i < view->n_features; i++) {
        g_free(view->features[i].name);
    }
    g_free(view->keys);
    g_free(view->features);
    g_free(view->project);
    g_free(view->name);
    g_free(view->stored);
    g_free(view);
}
typedef FeaturesView TestView;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestView, view_free)

static inline FeaturesValue int64_value(gint64 i)
{
    return (FeaturesValue){.type = FEATURES_INT64, .i64 = i};
}

static inline FeaturesValue int32_value(gint32 i)
{
    return (FeaturesValue){.type = FEATURES_INT32, .i64 = i};
}

static inline FeaturesValue double_value(double real)
{
    return (FeaturesValue){.type = FEATURES_DOUBLE, .real = real};
}

static inline FeaturesValue float_value(float real)
{
    return (FeaturesValue){.type = FEATURES_FLOAT, .real32 = real};
}

static inline FeaturesValue bool_value(bool boolean)
{
    return (FeaturesValue){.type = FEATURES_BOOL, .boolean = boolean};
}

static inline FeaturesValue time_value(gint64 us)
{
    return (FeaturesValue){.type = FEATURES_TIMESTAMP, .i64 = us};
}

static inline FeaturesValue text_value(const char *text)
{
    return (FeaturesValue){.type = FEATURES_STRING, .text = {text, strlen(text)}};
}

static inline FeaturesValue bytes_value(const char *bytes, size_t len)
{
    return (FeaturesValue){.type = FEATURES_BYTES, .text = {bytes, len}};
}

static inline FeaturesValue list_value(FeaturesType type, const FeaturesValue *items, size_t n)
{
    return (FeaturesValue){.type = type, .list = {items, n}};
}

static inline FeaturesValue null_value(FeaturesType type)
{
    return (FeaturesValue){.type = type, .null = true};
}

/* ---- calls that must go well ----------------------------------------------------------------------------
 */

static inline FeaturesPut must_put(FeaturesOnline *online, const FeaturesView *view, const FeaturesRow *rows,
                                   size_t n)
{
    GError *error = NULL;
    FeaturesPut put;
    bool ok = features_online_put(online, view, rows, n, &put, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return put;
}

/* One row with one key and one feature. */
static inline FeaturesPut put_1(FeaturesOnline *online, const FeaturesView *view, FeaturesValue key,
                                gint64 event_us, gint64 created_us, FeaturesValue value)
{
    const FeaturesRow row = {&key, event_us, created_us, &value};
    return must_put(online, view, &row, 1);
}

/* All features of the entities. */
static inline void must_get(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                            size_t n, FeaturesArena *arena, FeaturesRead *ret)
{
    GError *error = NULL;
    g_autofree size_t *all = g_new(size_t, view->n_features + 1);
    for (size_t i = 0; i < view->n_features; i++) {
        all[i] = i;
    }
    bool ok = features_online_get(online, view, keys, n, all, view->n_features, arena, ret, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static inline FeaturesRead get_1(FeaturesOnline *online, const FeaturesView *view, FeaturesValue key,
                                 FeaturesArena *arena)
{
    FeaturesRead read;
    must_get(online, view, &key, 1, arena, &read);
    return read;
}

#define assert_value(a, b)                                                                                   \
    G_STMT_START                                                                                             \
    {                                                                                                        \
        g_autoptr(GString) text_a_ = g_string_new(NULL), text_b_ = g_string_new(NULL);                       \
        const FeaturesValue value_b_ = (b);                                                                  \
        features_value_append_json((a), text_a_);                                                            \
        features_value_append_json(&value_b_, text_b_);                                                      \
        g_assert_cmpstr(text_a_->str, ==, text_b_->str);                                                     \
        g_assert_true(features_value_equal((a), &value_b_));                                                 \
    }                                                                                                        \
    G_STMT_END

#endif
