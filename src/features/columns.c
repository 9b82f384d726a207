/* Columns in memory: arrays that the engine's chunks are copied into. */
#include "features/offline_int.h"

#include <string.h>

#define HEAP_FIRST ((size_t)64 << 10)

/* ---- types -------------------------------------------------------------------------------------------- */

bool features_column_type(FeaturesType type, EngineTypeId *ret_id, size_t *ret_width)
{
    static const EngineTypeId ids[] = {
        [FEATURES_BYTES] = ENGINE_BLOB,    [FEATURES_STRING] = ENGINE_TEXT,
        [FEATURES_INT32] = ENGINE_INT32,   [FEATURES_INT64] = ENGINE_INT64,
        [FEATURES_DOUBLE] = ENGINE_DOUBLE, [FEATURES_FLOAT] = ENGINE_FLOAT,
        [FEATURES_BOOL] = ENGINE_BOOLEAN,  [FEATURES_TIMESTAMP] = ENGINE_TIMESTAMP_TZ};
    if ((size_t)type >= G_N_ELEMENTS(ids) || type == FEATURES_INVALID) {
        return false;
    }
    *ret_id = ids[type];
    *ret_width = engine_type_bytes(ids[type]);
    return true;
}

/* ---- memory ------------------------------------------------------------------------------------------- */

static bool grow(void *pointer, size_t bytes, GError **error)
{
    void **at = pointer;
    void *grown = g_try_realloc(*at, bytes ? bytes : 1);
    if (!grown) {
        return base_fail(error, BASE_E_MEMORY, "not enough memory for rows of features");
    }
    *at = grown;
    return true;
}

bool features_heap_add(FeaturesHeap *heap, const char *bytes, size_t len, GError **error)
{
    if (heap->len + len > heap->room) {
        size_t room = MAX(MAX(heap->room * 2, heap->len + len), HEAP_FIRST);
        if (!grow(&heap->bytes, room, error)) {
            return false;
        }
        heap->room = room;
    }
    if (len > 0) {
        memcpy(heap->bytes + heap->len, bytes, len);
    }
    heap->len += len;
    return true;
}

void features_rows_init(FeaturesRows *rows, size_t n_columns)
{
    *rows = (FeaturesRows){.n_columns = n_columns, .columns = g_new0(FeaturesColumn, n_columns)};
}

void features_rows_set(FeaturesRows *rows, size_t i, EngineTypeId id, bool null_is_min)
{
    rows->columns[i].id = id;
    rows->columns[i].width = engine_type_bytes(id);
    rows->columns[i].null_is_min = null_is_min;
}

bool features_rows_reserve(FeaturesRows *rows, size_t n, GError **error)
{
    if (n <= rows->room && rows->room > 0) {
        return true;
    }
    size_t room = (n + 63) / 64 * 64 + 64, words = rows->room / 64;
    for (size_t i = 0; i < rows->n_columns; i++) {
        FeaturesColumn *column = &rows->columns[i];
        bool ok = column->width ? grow(&column->data, room * column->width, error)
                                : grow(&column->offsets, (room + 1) * sizeof *column->offsets, error);
        if (!ok || !grow(&column->valid, room / 64 * sizeof *column->valid, error)) {
            return false;
        }
        memset(column->valid + words, 0xFF, (room / 64 - words) * sizeof *column->valid);
        if (!column->width && rows->room == 0) {
            column->offsets[0] = 0;
        }
    }
    rows->room = room;
    return true;
}

void features_rows_clear(FeaturesRows *rows)
{
    for (size_t i = 0; i < rows->n_columns; i++) {
        g_free(rows->columns[i].data);
        g_free(rows->columns[i].offsets);
        g_free(rows->columns[i].valid);
        g_free(rows->columns[i].heap.bytes);
    }
    g_free(rows->columns);
    *rows = (FeaturesRows){0};
}

size_t features_rows_width(const FeaturesRows *rows)
{
    size_t width = 0;
    for (size_t i = 0; i < rows->n_columns; i++) {
        width += rows->columns[i].width ? rows->columns[i].width : sizeof(guint64);
    }
    return width;
}

FeaturesJoinKeys features_rows_keys(const FeaturesRows *rows, size_t i)
{
    const FeaturesColumn *column = &rows->columns[i];
    return (FeaturesJoinKeys){.i64 = column->width ? (const gint64 *)(const void *)column->data : NULL,
                              .offsets = column->offsets,
                              .bytes = column->heap.bytes,
                              .valid = column->has_null ? column->valid : NULL};
}

/* ---- writing ------------------------------------------------------------------------------------------ */

void features_writer_init(FeaturesWriter *writer, FeaturesRows *rows, size_t from)
{
    *writer = (FeaturesWriter){.rows = rows,
                               .from = from,
                               .heaps = g_new0(FeaturesHeap, rows->n_columns),
                               .has_null = g_new0(bool, rows->n_columns)};
}

void features_writer_clear(FeaturesWriter *writer)
{
    for (size_t i = 0; writer->heaps && i < writer->rows->n_columns; i++) {
        g_free(writer->heaps[i].bytes);
    }
    g_free(writer->heaps);
    g_free(writer->has_null);
    *writer = (FeaturesWriter){0};
}

static void add_nulls(FeaturesWriter *writer, size_t i, const EngineColumn *from, size_t n)
{
    FeaturesColumn *column = &writer->rows->columns[i];
    size_t at = writer->from + writer->n;
    for (size_t row = 0; from->valid && row < n; row++) {
        if (row % 64 == 0 && from->valid[row / 64] == G_MAXUINT64) {
            row += 63;
            continue;
        }
        if (!engine_column_is_null(from, row)) {
            continue;
        }
        writer->has_null[i] = true;
        column->valid[(at + row) / 64] &= ~(G_GUINT64_CONSTANT(1) << ((at + row) % 64));
        if (column->null_is_min) {
            ((gint64 *)(void *)column->data)[at + row] = G_MININT64;
        }
    }
}

static bool add_texts(FeaturesWriter *writer, size_t i, const EngineColumn *from, size_t n, GError **error)
{
    FeaturesHeap *heap = &writer->heaps[i];
    guint64 *ends = writer->rows->columns[i].offsets + writer->from + writer->n + 1;
    size_t before = heap->len;
    for (size_t row = 0; row < n; row++) {
        size_t len = 0;
        const char *bytes = engine_column_is_null(from, row) ? NULL : engine_column_bytes(from, row, &len);
        if (!features_heap_add(heap, bytes, len, error)) {
            return false;
        }
        ends[row] = heap->len;
    }
    writer->heap_bytes += heap->len - before;
    return true;
}

static bool fits(const FeaturesColumn *column, EngineTypeId id)
{
    bool text = id == ENGINE_TEXT || id == ENGINE_JSON || id == ENGINE_BLOB;
    return column->width ? column->id == id : text;
}

bool features_writer_add(FeaturesWriter *writer, const EngineChunk *chunk, GError **error)
{
    size_t n = engine_chunk_rows(chunk), at = writer->from + writer->n;
    for (size_t i = 0; i < writer->rows->n_columns; i++) {
        FeaturesColumn *column = &writer->rows->columns[i];
        EngineColumn from = engine_chunk_column(chunk, i);
        if (!fits(column, from.type.id)) {
            return base_fail(error, BASE_E_TYPE_MISMATCH, "column %zu of the features is %s, expected %s",
                             i + 1, engine_type_name(from.type.id), engine_type_name(column->id));
        }
        if (column->width) {
            memcpy(column->data + at * column->width, from.data, n * column->width);
        } else if (!add_texts(writer, i, &from, n, error)) {
            return false;
        }
        add_nulls(writer, i, &from, n);
    }
    writer->n += n;
    return true;
}

/* ---- several writers, one behind the other
 * ------------------------------------------------------------------ */

static bool append_heap(FeaturesColumn *column, FeaturesWriter *writer, size_t i, size_t to, GError **error)
{
    guint64 base = column->heap.len;
    memmove(column->offsets + to + 1, column->offsets + writer->from + 1, writer->n * sizeof(guint64));
    for (size_t row = 0; base && row < writer->n; row++) {
        column->offsets[to + 1 + row] += base;
    }
    if (!column->heap.bytes) {
        column->heap = writer->heaps[i];
        writer->heaps[i] = (FeaturesHeap){0};
        return true;
    }
    return features_heap_add(&column->heap, writer->heaps[i].bytes, writer->heaps[i].len, error);
}

/* `to` is a multiple of 64 and not past writer->from. */
static bool move_rows(FeaturesWriter *writer, size_t to, GError **error)
{
    for (size_t i = 0; i < writer->rows->n_columns; i++) {
        FeaturesColumn *column = &writer->rows->columns[i];
        column->has_null = column->has_null || writer->has_null[i];
        if (!column->width && !append_heap(column, writer, i, to, error)) {
            return false;
        }
        if (to == writer->from) {
            continue;
        }
        if (column->width) {
            memmove(column->data + to * column->width, column->data + writer->from * column->width,
                    writer->n * column->width);
        }
        memmove(column->valid + to / 64, column->valid + writer->from / 64,
                (writer->n + 63) / 64 * sizeof(guint64));
    }
    return true;
}

/* Rows [from, to) that no writer filled. */
static void close_gap(FeaturesRows *rows, size_t from, size_t to, size_t time)
{
    for (size_t row = from; row < to; row++) {
        ((gint64 *)(void *)rows->columns[time].data)[row] = G_MININT64;
        for (size_t i = 0; i < rows->n_columns; i++) {
            if (!rows->columns[i].width) {
                rows->columns[i].offsets[row + 1] = rows->columns[i].heap.len;
            }
        }
    }
}

bool features_writers_end(FeaturesWriter *writers, size_t n, size_t time, GError **error)
{
    FeaturesRows *rows = writers[0].rows;
    bool ok = true;
    size_t end = 0;
    for (size_t w = 0; ok && w < n; w++) {
        size_t to = (end + 63) / 64 * 64;
        if (writers[w].n > 0) {
            close_gap(rows, end, to, time);
            ok = move_rows(&writers[w], to, error);
            end = to + writers[w].n;
        }
    }
    rows->n_rows = end;
    for (size_t w = 0; w < n; w++) {
        features_writer_clear(&writers[w]);
    }
    return ok;
}
