/* From blocks to the engine: a parser is one thread's way through a reader; what it yields goes straight into
 * the engine's vectors (large loads, on the engine's threads) or into chunks in memory (small loads, on the
 * caller's thread).
 *
 * Rows that some column refuses are taken out of the batch's cells and the batch is converted again: refusals
 * are rare and the loops stay simple. NULL bits are set in the engine's vectors only at the end, because they
 * cannot be unset. */
#include "intake/intake_int.h"

#define NULL_WORDS    (ENGINE_CHUNK_ROWS / 64)
#define ORDER_SHIFT   24 /* rows of one block are fewer than 2^24 */
#define MIN_ROW_BYTES 4  /* shorter ones come in several batches */

struct IntakeParser {
    IntakeReader *reader;
    const IntakePlan *plan;
    IntakeRejects *rejects;
    IntakeRows rows;
    IntakeBlock block;
    size_t pos;
    bool have_block;
    bool keeps;     /* chunks borrow from the arena */
    char *pristine; /* JSON: the block before it is parsed in place */
    size_t pristine_capacity;
    IntakeJsonParser *json;
    gint64 total_rows, refused_rows;
    guint64 *nulls;                                        /* NULL_WORDS a field */
    guint8 bad[ENGINE_CHUNK_ROWS], why[ENGINE_CHUNK_ROWS]; /* last: not cleared when it is made */
};

IntakeParser *intake_parser_new(IntakeReader *reader, const IntakePlan *plan, IntakeRejects *rejects)
{
    IntakeParser *parser = g_malloc(sizeof *parser);
    memset(parser, 0, offsetof(IntakeParser, bad));
    parser->reader = reader;
    parser->plan = plan;
    parser->rejects = rejects;
    size_t n = plan->fields->len;
    /* a load of ten rows does not clear memory for two thousand */
    size_t max_rows = intake_reader_is_small(reader)
                          ? CLAMP(intake_reader_left_bytes(reader) / MIN_ROW_BYTES, 16, ENGINE_CHUNK_ROWS)
                          : ENGINE_CHUNK_ROWS;
    parser->rows = (IntakeRows){
        .n_fields = n,
        .max_rows = max_rows,
        .cells = g_new(IntakeCell, max_rows * MAX(n, 1)),
        .lines = g_new(IntakeLine, max_rows),
        .arena = intake_arena_new(),
        .reject = intake_rejects_add,
        .reject_user = rejects,
    };
    parser->nulls = g_new(guint64, NULL_WORDS * MAX(n, 1));
    if (plan->is_json) {
        parser->json = intake_json_parser_new(&plan->json);
    }
    return parser;
}

void intake_parser_free(IntakeParser *parser)
{
    if (!parser) {
        return;
    }
    g_free(parser->rows.cells);
    g_free(parser->rows.lines);
    g_free(parser->nulls);
    intake_arena_free(parser->rows.arena);
    intake_block_clear(&parser->block);
    intake_json_parser_free(parser->json);
    g_free(parser->pristine);
    g_free(parser);
}

gint64 intake_parser_total_rows(const IntakeParser *parser)
{
    return parser->total_rows + parser->rows.n_rejected;
}

/* ---- rows
 * ----------------------------------------------------------------------------------------------------- */

static void start_json_block(IntakeParser *parser)
{
    size_t len = parser->block.len;
    if (parser->pristine_capacity < len) {
        parser->pristine = g_realloc(parser->pristine, len);
        parser->pristine_capacity = len;
    }
    memcpy(parser->pristine, parser->block.data, len);
    intake_json_parser_block(parser->json, parser->block.data, len, parser->pristine);
}

/* The next block; *ret_end when there is none. */
static bool next_block(IntakeParser *parser, bool *ret_end, GError **error)
{
    if (!intake_reader_next(parser->reader, &parser->block, error)) {
        return false;
    }
    *ret_end = parser->block.len == 0;
    parser->have_block = !*ret_end;
    parser->pos = 0;
    parser->rows.next_order = parser->block.number << ORDER_SHIFT;
    if (parser->have_block && parser->json) {
        start_json_block(parser);
    }
    return true;
}

static bool parse_block(IntakeParser *parser, GError **error)
{
    if (!parser->json) {
        intake_csv_parse(intake_reader_csv(parser->reader), parser->block.data, parser->block.len,
                         &parser->pos, &parser->rows);
        parser->have_block = parser->pos < parser->block.len;
        return true;
    }
    return intake_json_parser_rows(parser->json, &parser->rows, &parser->have_block, error);
}

/* Fills parser->rows with the next rows; 0 rows = the end. A batch never spans two blocks. */
static bool next_rows(IntakeParser *parser, GError **error)
{
    parser->rows.n_rows = 0;
    if (!parser->keeps) {
        intake_arena_reset(parser->rows.arena);
    }
    while (parser->rows.n_rows == 0) {
        bool end = false;
        if (!parser->have_block && !next_block(parser, &end, error)) {
            return false;
        }
        if (end) {
            return true;
        }
        if (!parse_block(parser, error)) {
            return false;
        }
    }
    parser->total_rows += (gint64)parser->rows.n_rows;
    return true;
}

/* ---- refusals
 * ---------------------------------------------------------------------------------------------------- */

static char *reason_for(const IntakeField *field, const IntakeCell *cell, guint8 why)
{
    g_autofree char *raw =
        g_strndup(cell->bytes ? cell->bytes : "NULL", cell->bytes ? MIN(cell->len, 200) : 4);
    g_autofree char *value = g_utf8_make_valid(raw, -1);
    switch (why) {
    case 2:
        return g_strdup_printf("column_name[%s], null value for not null column, type=%s", field->name,
                               field->type_text);
    case 3:
        return g_strdup_printf("column_name[%s], the value is not valid UTF-8", field->name);
    case 4:
        return g_strdup_printf(
            "column_name[%s], the length of input is too long than schema. first 32 bytes of input str: "
            "[%.32s] schema length: %u; actual length: %u",
            field->name, value, field->max_bytes, cell->len);
    default:
        return g_strdup_printf("column_name[%s], the value [%s] can not be converted to %s", field->name,
                               value, field->type_text);
    }
}

/* Takes the rows out for which `bad` names a field (+ 1 in bad, why in parser->why) and says so. */
static void drop_bad(IntakeParser *parser, const guint16 *bad_field)
{
    IntakeRows *rows = &parser->rows;
    size_t kept = 0;
    for (size_t row = 0; row < rows->n_rows; row++) {
        IntakeCell *cells = rows->cells + row * rows->n_fields;
        if (bad_field[row] == 0) {
            if (kept != row) {
                memcpy(rows->cells + kept * rows->n_fields, cells, rows->n_fields * sizeof *cells);
                rows->lines[kept] = rows->lines[row];
            }
            kept++;
            continue;
        }
        size_t f = bad_field[row] - 1U;
        g_autofree char *reason = reason_for(parser->plan->fields->pdata[f], &cells[f], parser->why[row]);
        intake_rejects_add(parser->rejects, rows->lines[row].bytes, rows->lines[row].len, reason);
        parser->refused_rows++;
    }
    rows->n_rows = kept;
}

typedef void *(*ColumnData)(void *user, size_t field);
typedef void (*ColumnNulls)(void *user, size_t field, const guint64 *nulls, size_t n_rows);

/* Converts one field; notes rows that it refuses and says whether there were any. */
static bool convert_field(IntakeParser *parser, size_t f, void *data, guint16 *bad_field)
{
    IntakeRows *rows = &parser->rows;
    IntakeConvert convert = {parser->plan->fields->pdata[f], parser->plan->strict, parser->plan->zone};
    guint64 *nulls = parser->nulls + f * NULL_WORDS;
    memset(nulls, 0, NULL_WORDS * sizeof *nulls);
    memset(parser->bad, 0, rows->n_rows);
    intake_convert(&convert, rows->cells + f, rows->n_fields, rows->n_rows, data, nulls, parser->bad);
    if (!memchr(parser->bad, 1, rows->n_rows) && !memchr(parser->bad, 2, rows->n_rows) &&
        !memchr(parser->bad, 3, rows->n_rows) && !memchr(parser->bad, 4, rows->n_rows)) {
        return false;
    }
    for (size_t row = 0; row < rows->n_rows; row++) {
        if (parser->bad[row] && !bad_field[row]) {
            bad_field[row] = (guint16)(f + 1);
            parser->why[row] = parser->bad[row];
        }
    }
    return true;
}

/* Converts all wanted fields of the rows at hand. `place` gives where a field's values go (NULL = not
 * wanted). */
static void convert_rows(IntakeParser *parser, ColumnData place, ColumnNulls set_nulls, void *user)
{
    guint16 bad_field[ENGINE_CHUNK_ROWS];
    IntakeRows *rows = &parser->rows;
    const GPtrArray *fields = parser->plan->fields;
    bool again = true;
    while (again) {
        again = false;
        memset(bad_field, 0, rows->n_rows * sizeof *bad_field);
        for (size_t f = 0; f < rows->n_fields; f++) {
            void *data = ((IntakeField *)fields->pdata[f])->used ? place(user, f) : NULL;
            if (data && convert_field(parser, f, data, bad_field)) {
                again = true;
            }
        }
        if (again) {
            drop_bad(parser, bad_field);
        }
    }
    for (size_t f = 0; f < rows->n_fields; f++) {
        if (((IntakeField *)fields->pdata[f])->used && place(user, f)) {
            set_nulls(user, f, parser->nulls + f * NULL_WORDS, rows->n_rows);
        }
    }
}

/* ---- chunks
 * ------------------------------------------------------------------------------------------------------- */

IntakeChunk *intake_chunk_new(const EngineType *types, size_t n_columns, size_t n_rows)
{
    IntakeChunk *chunk = g_new0(IntakeChunk, 1);
    chunk->types = types;
    chunk->n_columns = n_columns;
    chunk->n_rows = n_rows;
    chunk->data = g_new0(void *, n_columns);
    chunk->nulls = g_new0(guint64 *, n_columns);
    for (size_t i = 0; i < n_columns; i++) {
        chunk->data[i] = g_malloc0(intake_type_bytes(types[i].id) * MAX(n_rows, 1));
    }
    return chunk;
}

void intake_chunk_free(IntakeChunk *chunk)
{
    if (!chunk) {
        return;
    }
    for (size_t i = 0; i < chunk->n_columns; i++) {
        g_free(chunk->data[i]);
        g_free(chunk->nulls[i]);
    }
    g_free(chunk->data);
    g_free(chunk->nulls);
    g_free(chunk);
}

static void *chunk_place(void *user, size_t field)
{
    return ((IntakeChunk *)user)->data[field];
}

static void chunk_nulls(void *user, size_t field, const guint64 *nulls, size_t n_rows)
{
    IntakeChunk *chunk = user;
    size_t words = (n_rows + 63) / 64;
    g_clear_pointer(&chunk->nulls[field], g_free);
    for (size_t i = 0; i < words; i++) {
        if (nulls[i]) {
            chunk->nulls[field] = g_memdup2(nulls, words * sizeof *nulls);
            return;
        }
    }
}

IntakeChunk *intake_parser_chunk(IntakeParser *parser, GError **error)
{
    const GPtrArray *fields = parser->plan->fields;
    parser->keeps = true;
    for (;;) {
        if (!next_rows(parser, error) || parser->rows.n_rows == 0) {
            return NULL;
        }
        IntakeRows *rows = &parser->rows;
        g_autofree EngineType *types = g_new(EngineType, fields->len);
        for (guint f = 0; f < fields->len; f++) {
            types[f] = ((IntakeField *)fields->pdata[f])->type;
        }
        IntakeChunk *chunk = intake_chunk_new(types, fields->len, rows->n_rows);
        chunk->types = NULL; /* the feed knows them */
        convert_rows(parser, chunk_place, chunk_nulls, chunk);
        chunk->n_rows = rows->n_rows;
        for (guint f = 0; f < fields->len; f++) {
            if (types[f].id == ENGINE_TEXT) {
                IntakeCell *out = chunk->data[f];
                for (size_t row = 0; row < rows->n_rows; row++) {
                    out[row] = rows->cells[row * rows->n_fields + f];
                }
            }
        }
        if (chunk->n_rows > 0) {
            return chunk;
        }
        intake_chunk_free(chunk);
    }
}

/* ---- the parse feed
 * -------------------------------------------------------------------------------------------------- */

typedef struct {
    IntakeParser *parser;
    IntakeParseFeed *feed;
    gint64 told_rows;
} ParseLocal;

static void *parse_open(EngineFeed *base, GError **error)
{
    (void)error;
    IntakeParseFeed *feed = (IntakeParseFeed *)base;
    ParseLocal *local = g_new0(ParseLocal, 1);
    local->feed = feed;
    local->parser = intake_parser_new(feed->reader, feed->plan, feed->rejects);
    return local;
}

static void tell_total(ParseLocal *local)
{
    gint64 total = intake_parser_total_rows(local->parser);
    __atomic_add_fetch(&local->feed->total_rows, total - local->told_rows, __ATOMIC_RELAXED);
    local->told_rows = total;
}

static void parse_close(void *user)
{
    ParseLocal *local = user;
    if (local) {
        tell_total(local);
        intake_parser_free(local->parser);
        g_free(local);
    }
}

static char
    scratch[ENGINE_CHUNK_ROWS * sizeof(IntakeCell)]; /* a place that is never written: TEXT is only checked */

static void *batch_place(void *user, size_t field)
{
    EngineBatch *batch = ((void **)user)[0];
    const IntakePlan *plan = ((void **)user)[1];
    const IntakeField *spec = plan->fields->pdata[field];
    if (!engine_batch_wanted(batch, field)) {
        return NULL;
    }
    return spec->type.id == ENGINE_TEXT ? (void *)scratch : engine_batch_data(batch, field);
}

static void batch_nulls(void *user, size_t field, const guint64 *nulls, size_t n_rows)
{
    EngineBatch *batch = ((void **)user)[0];
    for (size_t i = 0; i < (n_rows + 63) / 64; i++) {
        for (guint64 word = nulls[i]; word; word &= word - 1) {
            engine_batch_set_null(batch, field, i * 64 + (size_t)__builtin_ctzll(word));
        }
    }
}

static void put_texts(const IntakeParser *parser, EngineBatch *batch)
{
    const IntakeRows *rows = &parser->rows;
    for (size_t f = 0; f < rows->n_fields; f++) {
        const IntakeField *field = parser->plan->fields->pdata[f];
        if (field->type.id != ENGINE_TEXT || !field->used || !engine_batch_wanted(batch, f)) {
            continue;
        }
        const IntakeCell *cell = rows->cells + f;
        for (size_t row = 0; row < rows->n_rows; row++, cell += rows->n_fields) {
            if (cell->bytes) {
                engine_batch_set_bytes(batch, f, row, cell->bytes, cell->len);
            }
        }
    }
}

/* Load id, order and line: the feed's last columns. */
static void put_extras(const IntakeParser *parser, EngineBatch *batch, gint64 load_id)
{
    const IntakeRows *rows = &parser->rows;
    size_t at = rows->n_fields;
    if (engine_batch_wanted(batch, at)) {
        gint64 *ids = engine_batch_data(batch, at);
        for (size_t row = 0; row < rows->n_rows; row++) {
            ids[row] = load_id;
        }
    }
    if (engine_batch_wanted(batch, at + 1)) {
        gint64 *orders = engine_batch_data(batch, at + 1);
        for (size_t row = 0; row < rows->n_rows; row++) {
            orders[row] = (gint64)rows->lines[row].order;
        }
    }
    if (engine_batch_wanted(batch, at + 2)) {
        for (size_t row = 0; row < rows->n_rows; row++) {
            g_autofree char *line =
                g_utf8_make_valid(rows->lines[row].bytes, (gssize)MIN(rows->lines[row].len, 4096));
            engine_batch_set_bytes(batch, at + 2, row, line, strlen(line));
        }
    }
}

static bool parse_next(EngineFeed *base, void *user, EngineBatch *batch, GError **error)
{
    (void)base;
    ParseLocal *local = user;
    IntakeParser *parser = local->parser;
    void *pair[2] = {batch, (void *)(uintptr_t)parser->plan};
    do {
        if (!next_rows(parser, error)) {
            return false;
        }
        if (parser->rows.n_rows == 0) {
            tell_total(local);
            engine_batch_set_rows(batch, 0);
            return true;
        }
        convert_rows(parser, batch_place, batch_nulls, pair);
    } while (parser->rows.n_rows == 0); /* every row refused: 0 would mean the end */
    put_texts(parser, batch);
    put_extras(parser, batch, local->feed->load_id);
    engine_batch_set_rows(batch, parser->rows.n_rows);
    return true;
}

static const char *const EXTRA_NAMES[] = {INTAKE_LOAD_ID, INTAKE_ORDER, INTAKE_LINE};
static const EngineTypeId EXTRA_TYPES[] = {ENGINE_INT64, ENGINE_INT64, ENGINE_TEXT};

void intake_parse_feed_init(IntakeParseFeed *feed, Intake *intake, IntakeReader *reader,
                            const IntakePlan *plan, IntakeRejects *rejects, gint64 load_id)
{
    guint n = plan->fields->len;
    *feed = (IntakeParseFeed){
        .intake = intake, .reader = reader, .plan = plan, .rejects = rejects, .load_id = load_id};
    feed->types = g_new(EngineType, n + 3);
    feed->names = g_new(const char *, n + 3);
    for (guint f = 0; f < n; f++) {
        const IntakeField *field = plan->fields->pdata[f];
        feed->types[f] = field->type;
        feed->names[f] = field->name;
    }
    for (guint i = 0; i < 3; i++) {
        feed->types[n + i] = (EngineType){EXTRA_TYPES[i], 0, 0};
        feed->names[n + i] = EXTRA_NAMES[i];
    }
    feed->feed = (EngineFeed){
        .n_columns = n + 3,
        .names = feed->names,
        .types = feed->types,
        .max_threads = plan->is_json && !plan->json.by_line && !plan->json.strip_outer_array
                           ? 1
                           : g_get_num_processors(),
        .open = parse_open,
        .next = parse_next,
        .close = parse_close,
    };
}

void intake_parse_feed_clear(IntakeParseFeed *feed)
{
    g_clear_pointer(&feed->types, g_free);
    g_clear_pointer(&feed->names, g_free);
}

/* ---- the memory feed
 * --------------------------------------------------------------------------------------------------- */

static void *memory_open(EngineFeed *feed, GError **error)
{
    (void)error;
    return feed;
}

static void memory_close(void *local)
{
    (void)local; /* the feed itself */
}

static void copy_column(const IntakeMemoryFeed *feed, const IntakeChunk *chunk, size_t column, size_t from,
                        size_t n, EngineBatch *batch, size_t at)
{
    const guint64 *nulls = chunk->nulls[column];
    EngineTypeId id = feed->types[column].id;
    if (id == ENGINE_TEXT) {
        const IntakeCell *cells = (const IntakeCell *)chunk->data[column] + from;
        for (size_t i = 0; i < n; i++) {
            if (cells[i].bytes) {
                engine_batch_set_bytes(batch, column, at + i, cells[i].bytes, cells[i].len);
            } else {
                engine_batch_set_null(batch, column, at + i);
            }
        }
    } else {
        size_t bytes = intake_type_bytes(id);
        memcpy((char *)engine_batch_data(batch, column) + at * bytes,
               (const char *)chunk->data[column] + from * bytes, n * bytes);
    }
    for (size_t i = 0; nulls && i < n; i++) {
        if ((nulls[(from + i) / 64] >> ((from + i) % 64)) & 1) {
            engine_batch_set_null(batch, column, at + i);
        }
    }
}

static void copy_extras(IntakeMemoryFeed *feed, gint64 load_id, EngineBatch *batch, size_t at, size_t n)
{
    if (feed->n_chunk_columns == feed->feed.n_columns) {
        return;
    }
    gint64 *ids = engine_batch_wanted(batch, feed->n_chunk_columns)
                      ? engine_batch_data(batch, feed->n_chunk_columns)
                      : NULL;
    gint64 *orders = engine_batch_wanted(batch, feed->n_chunk_columns + 1)
                         ? engine_batch_data(batch, feed->n_chunk_columns + 1)
                         : NULL;
    for (size_t i = 0; i < n; i++) {
        if (ids) {
            ids[at + i] = load_id;
        }
        if (orders) {
            orders[at + i] = (gint64)feed->next_order;
        }
        feed->next_order++;
    }
}

static bool memory_next(EngineFeed *base, void *local, EngineBatch *batch, GError **error)
{
    (void)local;
    (void)error;
    IntakeMemoryFeed *feed = (IntakeMemoryFeed *)base;
    size_t filled = 0;
    while (filled < ENGINE_CHUNK_ROWS && feed->at_chunk < feed->chunks->len) {
        const IntakeChunk *chunk = feed->chunks->pdata[feed->at_chunk];
        size_t n = MIN(chunk->n_rows - feed->at_row, ENGINE_CHUNK_ROWS - filled);
        for (size_t column = 0; column < feed->n_chunk_columns; column++) {
            if (engine_batch_wanted(batch, column)) {
                copy_column(feed, chunk, column, feed->at_row, n, batch, filled);
            }
        }
        copy_extras(feed, g_array_index(feed->load_ids, gint64, feed->at_chunk), batch, filled, n);
        filled += n;
        feed->at_row += n;
        if (feed->at_row == chunk->n_rows) {
            feed->at_chunk++;
            feed->at_row = 0;
        }
    }
    engine_batch_set_rows(batch, filled);
    return true;
}

IntakeMemoryFeed *intake_memory_feed_new(const EngineType *types, const char *const *names, size_t n,
                                         bool with_load)
{
    IntakeMemoryFeed *feed = g_new0(IntakeMemoryFeed, 1);
    size_t total = n + (with_load ? 2 : 0);
    feed->types = g_new(EngineType, total);
    feed->names = g_new0(char *, total + 1);
    for (size_t i = 0; i < total; i++) {
        feed->types[i] = i < n ? types[i] : (EngineType){EXTRA_TYPES[i - n], 0, 0};
        feed->names[i] = g_strdup(i < n ? names[i] : EXTRA_NAMES[i - n]);
    }
    feed->n_chunk_columns = n;
    feed->chunks = g_ptr_array_new();
    feed->load_ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    feed->feed = (EngineFeed){
        .n_columns = total,
        .names = (const char *const *)feed->names,
        .types = feed->types,
        .max_threads = 1,
        .open = memory_open,
        .next = memory_next,
        .close = memory_close,
    };
    return feed;
}

void intake_memory_feed_clear(IntakeMemoryFeed *feed)
{
    g_ptr_array_set_size(feed->chunks, 0);
    g_array_set_size(feed->load_ids, 0);
    feed->at_chunk = feed->at_row = 0;
    feed->next_order = 0;
}

void intake_memory_feed_add(IntakeMemoryFeed *feed, const IntakeChunk *chunk, gint64 load_id)
{
    g_ptr_array_add(feed->chunks, (void *)(uintptr_t)chunk);
    g_array_append_val(feed->load_ids, load_id);
}

void intake_memory_feed_free(IntakeMemoryFeed *feed)
{
    if (!feed) {
        return;
    }
    g_ptr_array_unref(feed->chunks);
    g_array_unref(feed->load_ids);
    g_strfreev(feed->names);
    g_free(feed->types);
    g_free(feed);
}
