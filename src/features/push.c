/* Rows that come by push: to the warehouse, to the online store, or both. See store.h.
 *
 * A row carries the columns of the view's source: keys, event time, created, and what features are made of.
 * A row that does not fit is rejected with its reason; the others go on. What goes to the warehouse is
 * committed before anything goes online, so that a value which was served can be trained on. */
#include "base/fault.h"
#include "base/time.h"
#include "engine/sql.h"
#include "features/read_int.h"

#define PUSH_MAX_ROWS 100000
#define REJECTS_KEPT  1000 /* of one push; all are counted */
#define COMPUTED_ROWS ((size_t)1024)
#define FAILURES_MAX  1000 /* rows of one push that an expression may fail on; more and the push fails */

typedef enum { ROLE_KEY, ROLE_TIME, ROLE_CREATED, ROLE_FEATURE, ROLE_OTHER } Role;

typedef struct {
    const char *name; /* borrowed from the view or the catalog */
    Role role;
    size_t index; /* of the key or feature */
    FeaturesType type;
    const json_t *given;   /* array of the df */
    FeaturesValue *values; /* of the rows that are kept */
} Column;

typedef struct {
    Features *store;
    const FeaturesView *view;
    const CatalogObject *source; /* NULL = none */
    FeaturesArena *arena;
    GArray *columns; /* Column */
    size_t n_given, n;
    size_t *given_row;       /* of each row that is kept: its place in what was given */
    FeaturesValue *features; /* features[f * n_given + row] */
    FeaturesPushed *done;
} Push;

/* ---- columns
 * ----------------------------------------------------------------------------------------------- */

static bool role_of(const Push *push, const char *name, Column *ret)
{
    const FeaturesView *view = push->view;
    *ret = (Column){.name = name, .role = ROLE_OTHER};
    for (size_t k = 0; k < view->n_keys; k++) {
        if (g_str_equal(view->keys[k].name, name)) {
            *ret = (Column){
                .name = view->keys[k].name, .role = ROLE_KEY, .index = k, .type = view->keys[k].type};
            return true;
        }
    }
    if (!g_strcmp0(view->time, name) || !g_strcmp0(view->created, name)) {
        ret->role = !g_strcmp0(view->time, name) ? ROLE_TIME : ROLE_CREATED;
        ret->type = FEATURES_TIMESTAMP;
        return true;
    }
    if (features_view_feature(view, name, &ret->index) && !view->features[ret->index].expr) {
        ret->role = ROLE_FEATURE;
        ret->type = view->features[ret->index].type;
        return true;
    }
    const GPtrArray *known = push->source ? push->source->columns : NULL;
    for (guint i = 0; known && i < known->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(known, i);
        if (g_str_equal(column->name, name)) {
            ret->type = features_type_of_sql(column->type);
            return ret->type != FEATURES_INVALID;
        }
    }
    return false;
}

static const Column *find_column(const Push *push, Role role, size_t index)
{
    for (guint i = 0; i < push->columns->len; i++) {
        const Column *column = &g_array_index(push->columns, Column, i);
        if (column->role == role && (role == ROLE_TIME || role == ROLE_CREATED || column->index == index)) {
            return column;
        }
    }
    return NULL;
}

static bool need_columns(const Push *push, GError **error)
{
    const FeaturesView *view = push->view;
    for (size_t k = 0; k < view->n_keys; k++) {
        if (!find_column(push, ROLE_KEY, k)) {
            return base_fail(error, BASE_E_ENTITY_ROWS, "pushed rows lack the key `%s` of feature view `%s`",
                             view->keys[k].name, view->name);
        }
    }
    if (view->time && !find_column(push, ROLE_TIME, 0)) {
        return base_fail(error, BASE_E_ENTITY_ROWS,
                         "pushed rows lack the event time `%s` of feature view `%s`", view->time, view->name);
    }
    for (size_t f = 0; f < view->n_features; f++) {
        if (!view->features[f].expr && !find_column(push, ROLE_FEATURE, f)) {
            return base_fail(error, BASE_E_ENTITY_ROWS, "pushed rows lack the feature `%s` of `%s`",
                             view->features[f].name, view->name);
        }
    }
    return true;
}

static bool take_column(Push *push, const char *name, const json_t *given, GError **error)
{
    Column column;
    if (!role_of(push, name, &column)) {
        base_fail(error, BASE_E_VALUE_INVALID, "feature view `%s` takes no column `%s`", push->view->name,
                  name);
        base_error_hint(error, "its keys, times and the columns that its features are made of");
        return false;
    }
    if (!json_is_array(given)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "column `%s` is no list of values", name);
    }
    if (push->columns->len > 0 && json_array_size(given) != push->n_given) {
        return base_fail(error, BASE_E_VALUE_INVALID,
                         "column `%s` has %" G_GSIZE_FORMAT " values, others have %" G_GSIZE_FORMAT, name,
                         json_array_size(given), push->n_given);
    }
    push->n_given = json_array_size(given);
    column.given = given;
    g_array_append_val(push->columns, column);
    return true;
}

static bool take_columns(Push *push, const json_t *df, GError **error)
{
    const char *name;
    json_t *given;
    json_object_foreach ((json_t *)(uintptr_t)df, name, given) {
        if (!take_column(push, name, given, error)) {
            return false;
        }
    }
    if (push->n_given > PUSH_MAX_ROWS) {
        return base_fail(error, BASE_E_VALUE_INVALID, "more than %d rows in one push", PUSH_MAX_ROWS);
    }
    return need_columns(push, error);
}

/* ---- rows
 * ------------------------------------------------------------------------------------------------------ */

static void reject(Push *push, size_t row, const char *column, const char *reason)
{
    push->done->rejected++;
    if (json_array_size(push->done->rejects) < FEATURES_REJECTS_SHOWN) {
        json_array_append_new(push->done->rejects, json_pack("{s:I, s:s?, s:s}", "row", (json_int_t)row,
                                                             "column", column, "reason", reason));
    }
}

/* Row `row` of what was given as the next one that is kept; false = it is rejected. */
static bool take_row(Push *push, size_t row)
{
    for (guint i = 0; i < push->columns->len; i++) {
        Column *column = &g_array_index(push->columns, Column, i);
        g_autoptr(GError) why = NULL;
        FeaturesValue *value = &column->values[push->n];
        if (!features_value_of_json(json_array_get(column->given, row), column->type, push->arena, value,
                                    &why)) {
            reject(push, row, column->name, why->message);
            return false;
        }
        if (value->null && (column->role == ROLE_KEY || column->role == ROLE_TIME)) {
            reject(push, row, column->name,
                   column->role == ROLE_KEY ? "the key is null" : "the event time is null");
            return false;
        }
    }
    return true;
}

static void take_rows(Push *push)
{
    for (guint i = 0; i < push->columns->len; i++) {
        Column *column = &g_array_index(push->columns, Column, i);
        column->values = features_arena_take(push->arena, MAX(push->n_given, 1) * sizeof(FeaturesValue));
    }
    push->given_row = features_arena_take(push->arena, MAX(push->n_given, 1) * sizeof(size_t));
    for (size_t row = 0; row < push->n_given; row++) {
        if (take_row(push, row)) {
            push->given_row[push->n++] = row;
        }
    }
}

/* A view with `created` gets now where the rows do not say it. */
static void fill_created(Push *push)
{
    if (!push->view->created || find_column(push, ROLE_CREATED, 0)) {
        return;
    }
    Column column = {.name = push->view->created, .role = ROLE_CREATED, .type = FEATURES_TIMESTAMP};
    column.values = features_arena_take(push->arena, MAX(push->n, 1) * sizeof(FeaturesValue));
    const FeaturesValue now = {.type = FEATURES_TIMESTAMP, .i64 = base_time_now_us()};
    for (size_t row = 0; row < push->n; row++) {
        column.values[row] = now;
    }
    g_array_append_val(push->columns, column);
}

/* ---- to the warehouse
 * -------------------------------------------------------------------------------------------- */

static FeaturesTable table_of(const Push *push, const char **names, FeaturesType *types,
                              const FeaturesValue **columns)
{
    for (guint i = 0; i < push->columns->len; i++) {
        const Column *column = &g_array_index(push->columns, Column, i);
        names[i] = column->name;
        types[i] = column->type;
        columns[i] = column->values;
    }
    return (FeaturesTable){
        .n_columns = push->columns->len, .n = push->n, .names = names, .types = types, .columns = columns};
}

static bool to_offline(Push *push, const char *user, GError **error)
{
    if (!push->source || !push->source->table) {
        base_fail(error, BASE_E_VALUE_INVALID,
                  "rows of feature view `%s` are made by a model or a query: they cannot be pushed offline",
                  push->view->name);
        base_error_hint(error, "push to the online store, or load the table that the model reads");
        return false;
    }
    g_autofree const char **names = g_new0(const char *, push->columns->len + 1);
    g_autofree FeaturesType *types = g_new(FeaturesType, push->columns->len);
    g_autofree const FeaturesValue **columns = g_new(const FeaturesValue *, push->columns->len);
    const FeaturesTable rows = table_of(push, names, types, columns);
    FeaturesFeed feed;
    features_feed_init(&feed, &rows);
    guint64 id = engine_feed_add(push->store->engine, &feed.feed);
    g_autoptr(GString) sql = g_string_new("SELECT ");
    for (size_t i = 0; names[i]; i++) {
        g_string_append(sql, i ? ", " : "");
        engine_sql_append_name(sql, names[i]);
    }
    g_string_append_printf(sql, " FROM weir_feed(%" G_GUINT64_FORMAT ")", id);
    IntakeResult result = {0};
    bool ok = intake_insert(push->store->intake, push->source->table, names, sql->str, NULL, 0, NULL, NULL,
                            user, &result, error);
    intake_result_clear(&result);
    engine_feed_remove(push->store->engine, id);
    features_feed_clear(&feed);
    return ok;
}

/* ---- features of the rows, and their checks
 * ------------------------------------------------------------------------ */

/* Row `from` in the place of row `to`, everywhere. */
static void move_row(Push *push, size_t from, size_t to)
{
    push->given_row[to] = push->given_row[from];
    for (guint i = 0; i < push->columns->len; i++) {
        FeaturesValue *values = g_array_index(push->columns, Column, i).values;
        values[to] = values[from];
    }
    for (size_t f = 0; f < push->view->n_features; f++) {
        FeaturesValue *values = push->features + f * push->n_given;
        values[to] = values[from];
    }
}

typedef struct {
    Push *push;
    FeaturesTable table;
    size_t *wanted, n_wanted; /* features with an expression */
    bool *bad;                /* rows that an expression fails on */
    size_t n_bad;
} Compute;

static bool is_of_value(const GError *why)
{
    return g_error_matches(why, BASE_ERROR, BASE_E_TYPE_MISMATCH) ||
           g_error_matches(why, BASE_ERROR, BASE_E_VALUE_OUT_OF_RANGE);
}

/* Where an expression fails, halves are tried until the rows are found that it fails on: they are rejected
 * and stop nothing. */
static bool compute_rows(Compute *compute, size_t from, size_t n, GError **error)
{
    Push *push = compute->push;
    FeaturesTable part = compute->table;
    g_autofree const FeaturesValue **columns = g_new(const FeaturesValue *, part.n_columns + 1);
    FeaturesValue *out = features_arena_take(push->arena, compute->n_wanted * n * sizeof *out);
    g_autoptr(GError) why = NULL;
    for (size_t c = 0; c < part.n_columns; c++) {
        columns[c] = part.columns[c] + from;
    }
    part.columns = columns;
    part.n = n;
    if (features_calculate(push->store, push->view, &part, compute->wanted, compute->n_wanted, push->arena,
                           out, &why)) {
        for (size_t w = 0; w < compute->n_wanted; w++) {
            memcpy(push->features + compute->wanted[w] * push->n_given + from, out + w * n, n * sizeof *out);
        }
        return true;
    }
    if (!is_of_value(why) || compute->n_bad >= FAILURES_MAX) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (n == 1) {
        reject(push, push->given_row[from], NULL, why->message);
        compute->bad[from] = true;
        compute->n_bad++;
        return true;
    }
    return compute_rows(compute, from, n / 2, error) && compute_rows(compute, from + n / 2, n - n / 2, error);
}

/* Features with an expression, over the columns of the rows. */
static bool compute(Push *push, GError **error)
{
    const FeaturesView *view = push->view;
    g_autofree size_t *wanted = g_new(size_t, view->n_features);
    g_autofree const char **names = g_new(const char *, push->columns->len);
    g_autofree FeaturesType *types = g_new(FeaturesType, push->columns->len);
    g_autofree const FeaturesValue **columns = g_new(const FeaturesValue *, push->columns->len);
    g_autofree bool *bad = g_new0(bool, push->n + 1);
    Compute own = {
        .push = push, .table = table_of(push, names, types, columns), .wanted = wanted, .bad = bad};
    for (size_t f = 0; f < view->n_features; f++) {
        if (view->features[f].expr && view->features[f].window_us == 0) {
            wanted[own.n_wanted++] = f;
        }
    }
    for (size_t at = 0; own.n_wanted && at < push->n; at += COMPUTED_ROWS) {
        if (!compute_rows(&own, at, MIN(push->n - at, COMPUTED_ROWS), error)) {
            return false;
        }
    }
    size_t kept = 0;
    for (size_t row = 0; own.n_bad && row < push->n; row++) {
        if (!bad[row]) {
            move_row(push, row, kept++);
        }
    }
    push->n = own.n_bad ? kept : push->n;
    return true;
}

static bool gather_features(Push *push, GError **error)
{
    const FeaturesView *view = push->view;
    push->features =
        features_arena_take(push->arena, MAX(view->n_features * push->n_given, 1) * sizeof *push->features);
    for (size_t f = 0; f < view->n_features; f++) {
        FeaturesValue *own = push->features + f * push->n_given;
        const Column *column = find_column(push, ROLE_FEATURE, f);
        for (size_t row = 0; row < push->n; row++) {
            own[row] =
                column ? column->values[row] : (FeaturesValue){.type = view->features[f].type, .null = true};
        }
    }
    return compute(push, error);
}

/* Keys and features by name, as checks see a row. */
static bool judge(Push *push, const char *check, FeaturesValue *ret, GError **error)
{
    const FeaturesView *view = push->view;
    size_t width = view->n_keys + view->n_features;
    g_autofree const char **names = g_new(const char *, width);
    g_autofree FeaturesType *types = g_new(FeaturesType, width);
    g_autofree const FeaturesValue **columns = g_new(const FeaturesValue *, width);
    for (size_t c = 0; c < width; c++) {
        bool key = c < view->n_keys;
        size_t f = c - view->n_keys;
        names[c] = key ? view->keys[c].name : view->features[f].name;
        types[c] = key ? view->keys[c].type : view->features[f].type;
        columns[c] = key ? find_column(push, ROLE_KEY, c)->values : push->features + f * push->n_given;
    }
    const FeaturesTable table = {
        .n_columns = width, .n = push->n, .names = names, .types = types, .columns = columns};
    const FeaturesExpr expr = {.sql = check, .type = FEATURES_STRING};
    return features_evaluate(push->store, &table, &expr, 1, push->arena, ret, error);
}

/* Rows that break a check go aside; the first of them are kept with their reasons. */
static bool check_rows(Push *push, GError **error)
{
    g_autofree char *check = features_check_sql(push->view);
    if (!check || push->n == 0) {
        return true;
    }
    FeaturesValue *reasons = features_arena_take(push->arena, push->n * sizeof *reasons);
    g_autoptr(json_t) rejects = json_array();
    if (!judge(push, check, reasons, error)) {
        return false;
    }
    size_t kept = 0;
    for (size_t row = 0; row < push->n; row++) {
        if (reasons[row].null) {
            move_row(push, row, kept++);
            continue;
        }
        g_autofree char *reason = g_strndup(reasons[row].text.bytes, reasons[row].text.len);
        const char *colon = strchr(reason, ':'); /* the feature's name stands before it */
        g_autofree char *feature = colon ? g_strndup(reason, (gsize)(colon - reason)) : NULL;
        reject(push, push->given_row[row], feature, reason);
        if (json_array_size(rejects) >= REJECTS_KEPT) {
            continue;
        }
        json_t *kept_row = json_object();
        for (guint i = 0; i < push->columns->len; i++) {
            const Column *column = &g_array_index(push->columns, Column, i);
            json_object_set(kept_row, column->name, json_array_get(column->given, push->given_row[row]));
        }
        base_json_set_string(kept_row, "reason", reason);
        json_array_append_new(rejects, kept_row);
    }
    push->n = kept;
    return features_rejects_record(push->store, push->view, "push", rejects, NULL, NULL, error);
}

/* ---- to the online store
 * ------------------------------------------------------------------------------------------- */

static gint64 time_of(const Column *column, size_t row, gint64 fallback)
{
    return column && !column->values[row].null ? column->values[row].i64 : fallback;
}

static FeaturesRow *gather_rows(const Push *push)
{
    const FeaturesView *view = push->view;
    size_t width = view->n_keys + view->n_features;
    gint64 now_us = base_time_now_us();
    const Column *event = find_column(push, ROLE_TIME, 0), *created = find_column(push, ROLE_CREATED, 0);
    FeaturesRow *rows = features_arena_take(push->arena, push->n * sizeof *rows);
    FeaturesValue *cells = features_arena_take(push->arena, push->n * width * sizeof *cells);
    for (size_t row = 0; row < push->n; row++) {
        FeaturesValue *own = cells + row * width;
        for (size_t k = 0; k < view->n_keys; k++) {
            own[k] = find_column(push, ROLE_KEY, k)->values[row];
        }
        for (size_t f = 0; f < view->n_features; f++) {
            own[view->n_keys + f] = push->features[f * push->n_given + row];
        }
        rows[row] = (FeaturesRow){.keys = own,
                                  .values = own + view->n_keys,
                                  .event_us = time_of(event, row, now_us),
                                  .created_us = time_of(created, row, FEATURES_NO_TIME)};
    }
    return rows;
}

static bool can_go_online(const FeaturesView *view, GError **error)
{
    for (size_t f = 0; f < view->n_features; f++) {
        if (view->features[f].window_us > 0) {
            base_fail(error, BASE_E_VALUE_INVALID,
                      "feature `%s` of `%s` is an aggregate over a window: one row does not give its value",
                      view->features[f].name, view->name);
            base_error_hint(error, "push offline, then materialise");
            return false;
        }
    }
    return true;
}

static bool to_online(Push *push, GError **error)
{
    const FeaturesView *view = push->view;
    FeaturesOnline *online = features_online(push->store, error);
    if (!online) {
        return false;
    }
    FeaturesPut put = {0};
    bool ok = features_online_put(online, view, gather_rows(push), push->n, &put, error);
    push->done->written = put.written;
    push->done->skipped = put.skipped;
    return ok;
}

/* ---- the call
 * ---------------------------------------------------------------------------------------------------------
 */

static bool push_rows(Push *push, const json_t *df, unsigned to, const char *user, GError **error)
{
    if (push->view->from == FEATURES_FROM_REQUEST) {
        return base_fail(error, BASE_E_VALUE_INVALID,
                         "feature view `%s` is computed on demand: it takes no rows", push->view->name);
    }
    if (((to & FEATURES_TO_ONLINE) && !can_go_online(push->view, error)) || !take_columns(push, df, error)) {
        return false;
    }
    take_rows(push);
    fill_created(push);
    push->done->rows = (gint64)push->n_given;
    if (!gather_features(push, error) || !check_rows(push, error)) {
        return false;
    }
    if (push->n == 0) {
        return true;
    }
    bool ok = !(to & FEATURES_TO_OFFLINE) || to_offline(push, user, error);
    (void)BASE_FAULT("features-push-between");
    return ok && (!(to & FEATURES_TO_ONLINE) || to_online(push, error));
}

/* The view is looked up again where it can no longer be pruned. */
static bool push_taken(Features *features, const char *view, const json_t *df, unsigned to, const char *user,
                       FeaturesPushed *ret, GError **error)
{
    g_autoptr(FeaturesRegistry) registry = features_registry(features);
    g_autoptr(CatalogSnapshot) applied = features_applied(features);
    g_autoptr(FeaturesArena) arena = features_arena_new();
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(Column));
    const FeaturesView *own = features_registry_view(registry, view, error);
    if (!own) {
        return false;
    }
    Push push = {.store = features,
                 .view = own,
                 .source = own->table ? catalog_find(applied, own->table, NULL, NULL) : NULL,
                 .arena = arena,
                 .columns = columns,
                 .done = ret};
    return push_rows(&push, df, to, user, error);
}

bool features_push(Features *features, const char *view, const json_t *df, unsigned to, const char *user,
                   FeaturesPushed *ret, GError **error)
{
    *ret = (FeaturesPushed){.rejects = json_array()};
    g_autoptr(FeaturesRegistry) registry = features_registry(features);
    const FeaturesView *named = features_registry_view(registry, view, error);
    if (!named) {
        return false;
    }
    features_push_begin(features, named->name);
    bool ok = push_taken(features, view, df, to, user, ret, error);
    features_push_end(features, named->name);
    return ok;
}

void features_pushed_clear(FeaturesPushed *pushed)
{
    g_clear_pointer(&pushed->rejects, json_decref);
}
