/* Rows in memory as a feed of the engine: columns go in as they are, nothing is written as text. */
#include "features/offline_int.h"
#include "features/store_int.h"

/* Where one value goes: a row of a column, or an item of a list in it. */
typedef struct {
    EngineBatch *batch;
    size_t column;
    bool fixed, item; /* fixed: it has a place in `data`; else it is bytes */
    void *data;
    const char *name;
} Place;

/* The engine trusts text to be UTF-8, with any zero bytes; what another program wrote to a store need not be.
 */
static bool is_utf8(const char *text, size_t len)
{
    const char *end, *stop = text + len;
    while (!g_utf8_validate_len(text, (gsize)(stop - text), &end)) {
        if (*end != '\0') {
            return false;
        }
        text = end + 1;
    }
    return true;
}

static bool put_bytes(const Place *place, size_t at, const FeaturesValue *value, GError **error)
{
    const char *bytes = value->text.bytes;
    size_t len = value->text.len;
    if (value->type == FEATURES_STRING && !is_utf8(bytes, len)) {
        return base_fail(error, BASE_E_TYPE_MISMATCH, "a text of column `%s` is not UTF-8", place->name);
    }
    if (place->item) {
        engine_batch_set_item_bytes(place->batch, place->column, at, bytes, len);
    } else {
        engine_batch_set_bytes(place->batch, place->column, at, bytes, len);
    }
    return true;
}

static bool put_scalar(const Place *place, size_t at, const FeaturesValue *value, GError **error)
{
    if (!place->fixed) {
        return put_bytes(place, at, value, error);
    }
    switch (value->type) {
    case FEATURES_BOOL:
        ((bool *)place->data)[at] = value->boolean;
        return true;
    case FEATURES_INT32:
        ((gint32 *)place->data)[at] = (gint32)value->i64;
        return true;
    case FEATURES_FLOAT:
        ((float *)place->data)[at] = value->real32;
        return true;
    case FEATURES_DOUBLE:
        ((double *)place->data)[at] = value->real;
        return true;
    default:
        ((gint64 *)place->data)[at] = value->i64;
        return true;
    }
}

static bool put_list(Place *place, size_t row, const FeaturesValue *list, GError **error)
{
    size_t first = engine_batch_set_list(place->batch, place->column, row, list->list.n);
    place->data = engine_batch_items(place->batch, place->column);
    for (size_t i = 0; i < list->list.n; i++) {
        if (!put_scalar(place, first + i, &list->list.items[i], error)) {
            return false;
        }
    }
    return true;
}

static bool put_column(const FeaturesFeed *feed, EngineBatch *batch, size_t column, size_t from, size_t n,
                       GError **error)
{
    const FeaturesValue *values = feed->rows->columns[column] + from;
    bool list = feed->types[column].id == ENGINE_LIST;
    Place place = {.batch = batch,
                   .column = column,
                   .fixed = engine_type_bytes(list ? feed->items[column] : feed->types[column].id) > 0,
                   .item = list,
                   .data = engine_batch_data(batch, column),
                   .name = feed->names[column]};
    for (size_t row = 0; row < n; row++) {
        const FeaturesValue *value = &values[row];
        if (value->null) {
            engine_batch_set_null(batch, column, row);
        } else if (value->type != feed->rows->types[column]) {
            return base_fail(error, BASE_E_TYPE_MISMATCH, "a value of column `%s` is %s, expected %s",
                             place.name, features_type_name(value->type),
                             features_type_name(feed->rows->types[column]));
        } else if (!(list ? put_list(&place, row, value, error) : put_scalar(&place, row, value, error))) {
            return false;
        }
    }
    return true;
}

/* ---- the feed -------------------------------------------------------------------------------------------
 */

/* How many rows this reading has given: a statement may be run again. */
static void *feed_open(EngineFeed *feed, GError **error)
{
    (void)feed;
    (void)error;
    return g_new0(size_t, 1);
}

static bool feed_next(EngineFeed *base, void *local, EngineBatch *batch, GError **error)
{
    const FeaturesFeed *feed = (const FeaturesFeed *)base;
    size_t *given = local, from = *given, n = MIN((size_t)ENGINE_CHUNK_ROWS, feed->rows->n - from);
    gint64 *row = engine_batch_wanted(batch, feed->rows->n_columns)
                      ? engine_batch_data(batch, feed->rows->n_columns)
                      : NULL;
    for (size_t i = 0; row && i < n; i++) {
        row[i] = (gint64)(from + i);
    }
    for (size_t c = 0; c < feed->rows->n_columns; c++) {
        if (engine_batch_wanted(batch, c) && !put_column(feed, batch, c, from, n, error)) {
            return false;
        }
    }
    *given += n;
    engine_batch_set_rows(batch, n);
    return true;
}

/* A type that is none is left ENGINE_NULL: the engine refuses the feed. */
static void set_type(FeaturesFeed *feed, size_t column, FeaturesType type)
{
    size_t width;
    bool list = features_type_is_list(type);
    feed->types[column].id = list ? ENGINE_LIST : ENGINE_NULL;
    (void)!features_column_type(features_type_item(type),
                                list ? &feed->items[column] : &feed->types[column].id, &width);
}

void features_feed_init(FeaturesFeed *feed, const FeaturesTable *rows)
{
    *feed = (FeaturesFeed){.rows = rows,
                           .names = g_new(const char *, rows->n_columns + 1),
                           .types = g_new0(EngineType, rows->n_columns + 1),
                           .items = g_new0(EngineTypeId, rows->n_columns + 1)};
    for (size_t c = 0; c < rows->n_columns; c++) {
        feed->names[c] = rows->names[c];
        set_type(feed, c, rows->types[c]);
    }
    feed->names[rows->n_columns] = FEATURES_FEED_ROW;
    feed->types[rows->n_columns].id = ENGINE_INT64;
    feed->feed = (EngineFeed){.n_columns = rows->n_columns + 1,
                              .names = feed->names,
                              .types = feed->types,
                              .items = feed->items,
                              .max_threads = 1, /* rows stay in order */
                              .rows_estimate = (gint64)rows->n,
                              .open = feed_open,
                              .next = feed_next,
                              .close = g_free};
}

void features_feed_clear(FeaturesFeed *feed)
{
    g_free(feed->names);
    g_free(feed->types);
    g_free(feed->items);
    *feed = (FeaturesFeed){0};
}
