/* A spool as blocks of whole rows.
 *
 * Blocks are cut one after the other under a lock: read (and decode) about a mebibyte, find the last row that
 * is complete, keep the rest for the next block. Parsing, which costs more, goes on in parallel. Memory is
 * one block a thread, more only while a single row is larger than a block (load.max_line_bytes bounds it). */
#include "base/text.h"
#include "intake/intake_int.h"

#define COMPRESSED_BYTES (256 * 1024) /* read at a time */

struct IntakeReader {
    GMutex lock;
    Intake *intake;
    IntakeSpool *spool;
    gint64 offset; /* of the spool, next byte to read */
    IntakeDecoder *decoder;
    char *packed; /* compressed bytes not decoded yet */
    size_t packed_at, packed_len;
    bool decoded; /* to the end of the body, which is whole */
    gint64 made_bytes, limit_bytes;
    IntakeSplit split;
    IntakeCsv csv;
    char *separator, *delimiter;
    IntakeJsonScan scan;
    gint64 skip_lines, header_lines;
    bool header_auto;
    IntakeBlock carry;  /* read, not given out */
    bool carry_scanned; /* `scan` has seen all of it */
    guint64 next_number;
    bool at_end, json_auto;
    bool waits;     /* for more of a body that still comes: until the header is read */
    bool paused;    /* there was no more: nobody gets a block before intake_reader_go_on */
    GError *failed; /* once failed, each caller is told */
};

void intake_block_clear(IntakeBlock *block)
{
    g_clear_pointer(&block->data, g_free);
    block->len = block->capacity = 0;
}

static void block_reserve(IntakeBlock *block, size_t bytes)
{
    if (block->capacity < bytes + INTAKE_BLOCK_PADDING) {
        block->capacity = bytes + INTAKE_BLOCK_PADDING;
        block->data = g_realloc(block->data, block->capacity);
    }
}

/* ---- bytes
 * ----------------------------------------------------------------------------------------------------- */

/* The spool's next bytes. None and not the end: the body still comes. Before the first block its load waits.
 */
static bool read_spool(IntakeReader *reader, char *out, size_t len, size_t *ret_n, GError **error)
{
    bool late;
    for (;;) {
        if (!intake_spool_read(reader->spool, reader->offset, out, len, ret_n, error)) {
            return false;
        }
        reader->offset += (gint64)*ret_n;
        if (*ret_n > 0 || !reader->waits || intake_spool_at_end(reader->spool, reader->offset)) {
            return true;
        }
        if (!intake_spool_wait(reader->spool, 1, -1, &late, error)) {
            return false;
        }
    }
}

static bool read_packed(IntakeReader *reader, char *out, size_t len, size_t *ret_n, GError **error)
{
    size_t total = 0;
    while (total < len) {
        if (reader->packed_at == reader->packed_len) {
            size_t n;
            if (!read_spool(reader, reader->packed, COMPRESSED_BYTES, &n, error)) {
                return false;
            }
            reader->packed_at = 0;
            reader->packed_len = n;
        }
        size_t used = 0, made = 0;
        if (!intake_decoder_run(reader->decoder, reader->packed + reader->packed_at,
                                reader->packed_len - reader->packed_at, &used, out + total, len - total,
                                &made, error)) {
            return false;
        }
        reader->packed_at += used;
        total += made;
        if (made == 0 && used == 0 && reader->packed_len == 0) {
            reader->decoded = intake_spool_at_end(reader->spool, reader->offset);
            if (reader->decoded && !intake_decoder_finish(reader->decoder, error)) {
                return false;
            }
            break;
        }
        if (made == 0 && used == 0 && reader->packed_at < reader->packed_len) {
            return base_fail(error, BASE_E_FORMAT_INVALID,
                             "the compressed body has bytes that belong to nothing");
        }
    }
    *ret_n = total;
    return true;
}

static bool read_bytes(IntakeReader *reader, char *out, size_t len, size_t *ret_n, GError **error)
{
    if (reader->decoder) {
        if (!read_packed(reader, out, len, ret_n, error)) {
            return false;
        }
    } else {
        if (!read_spool(reader, out, len, ret_n, error)) {
            return false;
        }
    }
    reader->made_bytes += (gint64)*ret_n;
    if (reader->made_bytes > reader->limit_bytes) {
        return base_fail(error, BASE_E_LOAD_TOO_LARGE,
                         "the body, decompressed, exceeds the limit of %" G_GINT64_FORMAT " bytes",
                         reader->limit_bytes);
    }
    return true;
}

/* Adds up to `len` bytes to the block. */
static bool fill(IntakeReader *reader, IntakeBlock *block, size_t len, GError **error)
{
    if (!reader->decoder) { /* a small body gets a small block */
        gint64 left = intake_spool_left(reader->spool, reader->offset);
        len = (size_t)CLAMP(left, 1, (gint64)len);
    }
    block_reserve(block, block->len + len);
    size_t n;
    if (!read_bytes(reader, block->data + block->len, len, &n, error)) {
        return false;
    }
    block->len += n;
    if (n == 0) {
        reader->at_end =
            reader->decoder ? reader->decoded : intake_spool_at_end(reader->spool, reader->offset);
        reader->paused = !reader->at_end;
    }
    return true;
}

/* ---- blocks
 * ------------------------------------------------------------------------------------------------------ */

static size_t boundary_of(IntakeReader *reader, const IntakeBlock *block, size_t scanned)
{
    switch (reader->split) {
    case INTAKE_SPLIT_CSV:
        return intake_csv_boundary(&reader->csv, block->data, block->len);
    case INTAKE_SPLIT_LINES: {
        const char *last = memrchr(block->data, '\n', block->len);
        return last ? (size_t)(last - block->data) + 1 : 0;
    }
    case INTAKE_SPLIT_ARRAY: {
        size_t at = intake_json_boundary(&reader->scan, block->data + scanned, block->len - scanned);
        return at ? scanned + at : 0;
    }
    default:
        return 0;
    }
}

static bool row_too_long(const IntakeReader *reader, const IntakeBlock *block, GError **error)
{
    gint64 limit =
        reader->split == INTAKE_SPLIT_WHOLE ? reader->intake->max_json_bytes : reader->intake->max_line_bytes;
    if ((gint64)block->len <= limit + INTAKE_BLOCK_BYTES) {
        return false;
    }
    const char *key = reader->split == INTAKE_SPLIT_WHOLE ? "load.max_json_bytes" : "load.max_line_bytes";
    base_fail(error, BASE_E_LOAD_TOO_LARGE,
              "a row is longer than %" G_GINT64_FORMAT " bytes, the limit set by %s", limit, key);
    base_error_hint(error, "is line_delimiter right? A JSON document of one array needs strip_outer_array");
    return true;
}

/* The last bytes of an array: cut off, or no array at all? */
static bool ends_array(const IntakeBlock *block, GError **error)
{
    size_t n = block->len;
    while (n > 0 && (g_ascii_isspace(block->data[n - 1]) || block->data[n - 1] == '\0')) {
        n--;
    }
    if (n > 0 && block->data[n - 1] != ']') {
        base_fail(
            error, BASE_E_FORMAT_INVALID,
            "JSON data is not an array-object, `strip_outer_array` must be FALSE (or the array is cut off)");
        return false;
    }
    return true;
}

/* Reads until the block holds a boundary or the input ends, or no more of it is there: then the block has the
 * rows that are whole, maybe none. */
static bool cut(IntakeReader *reader, IntakeBlock *block, GError **error)
{
    size_t boundary = 0, last = 0;
    /* Arrays keep their scan's state: what was carried over is not looked at again. Other splits look again.
     */
    size_t scanned = reader->carry_scanned ? block->len : 0;
    reader->carry_scanned = reader->split == INTAKE_SPLIT_ARRAY;
    while (!reader->at_end) {
        size_t want = block->len < INTAKE_BLOCK_BYTES ? INTAKE_BLOCK_BYTES - block->len
                                                      : MAX(block->len, INTAKE_BLOCK_BYTES);
        if (!fill(reader, block, want, error)) {
            return false;
        }
        if (reader->at_end && reader->split != INTAKE_SPLIT_ARRAY) {
            break;
        }
        size_t at = boundary_of(reader, block, scanned);
        scanned = block->len;
        last = MAX(last, at);
        boundary = last;
        if (reader->paused || (boundary > 0 && (block->len >= INTAKE_BLOCK_BYTES / 2 || reader->at_end))) {
            break;
        }
        if (row_too_long(reader, block, error)) {
            return false;
        }
    }
    if (reader->at_end) {
        boundary = block->len;
        if (reader->split == INTAKE_SPLIT_ARRAY && !ends_array(block, error)) {
            return false;
        }
    }
    reader->carry.len = 0;
    size_t rest = block->len - boundary;
    block_reserve(&reader->carry, rest);
    memcpy(reader->carry.data, block->data + boundary, rest);
    reader->carry.len = rest;
    block->len = boundary;
    return true;
}

static bool next_locked(IntakeReader *reader, IntakeBlock *block, GError **error)
{
    block->len = 0;
    if (reader->paused || (reader->at_end && reader->carry.len == 0)) {
        return true; /* the block's bytes stay: chunks of a small load borrow them */
    }
    block_reserve(block, reader->at_end ? reader->carry.len : MAX(reader->carry.len, INTAKE_BLOCK_BYTES));
    if (reader->carry.len > 0) { /* none was ever carried: there are no bytes to point at */
        memcpy(block->data, reader->carry.data, reader->carry.len);
    }
    block->len = reader->carry.len;
    reader->carry.len = 0;
    if (!cut(reader, block, error)) {
        return false;
    }
    memset(block->data + block->len, 0, INTAKE_BLOCK_PADDING);
    block->number = reader->next_number;
    reader->next_number += block->len > 0;
    return true;
}

bool intake_reader_at_end(IntakeReader *reader)
{
    g_mutex_lock(&reader->lock);
    bool ended = reader->at_end && reader->carry.len == 0;
    g_mutex_unlock(&reader->lock);
    return ended;
}

bool intake_reader_paused(IntakeReader *reader)
{
    g_mutex_lock(&reader->lock);
    bool paused = reader->paused;
    g_mutex_unlock(&reader->lock);
    return paused;
}

void intake_reader_go_on(IntakeReader *reader)
{
    g_mutex_lock(&reader->lock);
    reader->paused = false;
    g_mutex_unlock(&reader->lock);
}

bool intake_reader_next(IntakeReader *reader, IntakeBlock *block, GError **error)
{
    g_mutex_lock(&reader->lock);
    if (!reader->failed) {
        GError *why = NULL;
        if (!next_locked(reader, block, &why)) {
            reader->failed = why;
        }
    }
    bool ok = !reader->failed;
    if (!ok && error) {
        *error = g_error_copy(reader->failed);
    }
    g_mutex_unlock(&reader->lock);
    return ok;
}

/* ---- header
 * -------------------------------------------------------------------------------------------------------- */

static void skip_bom(IntakeReader *reader)
{
    IntakeBlock *carry = &reader->carry;
    if (carry->len >= 3 && memcmp(carry->data, "\xEF\xBB\xBF", 3) == 0) {
        memmove(carry->data, carry->data + 3, carry->len - 3);
        carry->len -= 3;
    }
}

/* Length of the first line without and with its delimiter; reads on until there is one. */
static bool first_line(IntakeReader *reader, size_t *ret_len, size_t *ret_next, GError **error)
{
    for (;;) {
        IntakeBlock *carry = &reader->carry;
        const char *at =
            carry->len ? memmem(carry->data, carry->len, reader->csv.delimiter, reader->csv.delimiter_len)
                       : NULL;
        if (at) {
            *ret_len = (size_t)(at - carry->data);
            *ret_next = *ret_len + reader->csv.delimiter_len;
            return true;
        }
        if (reader->at_end) {
            *ret_len = *ret_next = carry->len;
            return true;
        }
        if (row_too_long(reader, carry, error) || !fill(reader, carry, INTAKE_BLOCK_BYTES, error)) {
            return false;
        }
    }
}

static void drop_front(IntakeReader *reader, size_t n)
{
    memmove(reader->carry.data, reader->carry.data + n, reader->carry.len - n);
    reader->carry.len -= n;
}

static bool skip_line(IntakeReader *reader, GError **error)
{
    size_t len, next;
    if (!first_line(reader, &len, &next, error)) {
        return false;
    }
    drop_front(reader, next);
    return true;
}

/* A first line whose every field names a column is a header. */
static bool all_known(const GPtrArray *fields, const char *const *names)
{
    for (guint i = 0; i < fields->len; i++) {
        bool known = false;
        for (size_t j = 0; names[j] && !known; j++) {
            known = g_ascii_strcasecmp(fields->pdata[i], names[j]) == 0;
        }
        if (!known) {
            return false;
        }
    }
    return fields->len > 0;
}

static bool read_header(IntakeReader *reader, const char *const *names, GPtrArray **ret_fields,
                        GError **error)
{
    size_t len, next;
    if (!first_line(reader, &len, &next, error)) {
        return false;
    }
    g_autoptr(GPtrArray) fields = intake_csv_fields(&reader->csv, reader->carry.data, len);
    if (reader->header_lines == 0 && !all_known(fields, names)) {
        return true; /* header_auto, and it is data */
    }
    drop_front(reader, next);
    for (gint64 i = 1; i < reader->header_lines; i++) {
        if (!skip_line(reader, error)) {
            return false;
        }
    }
    *ret_fields = g_steal_pointer(&fields);
    return true;
}

/* A file of JSON: an array, one document a line (when the first line is a document), or one document. */
static IntakeSplit guess_json(const IntakeBlock *head)
{
    const char *p = head->data, *end = p + head->len;
    while (p < end && g_ascii_isspace(*p)) {
        p++;
    }
    if (p == end || *p == '[') {
        return INTAKE_SPLIT_ARRAY;
    }
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    return intake_json_text_valid(p, (size_t)((newline ? newline : end) - p)) ? INTAKE_SPLIT_LINES
                                                                              : INTAKE_SPLIT_WHOLE;
}

static bool read_head(IntakeReader *reader, const char *const *names, GPtrArray **ret_fields, GError **error)
{
    while (reader->carry.len < INTAKE_BLOCK_BYTES / 2 && !reader->at_end && !reader->paused) {
        if (!fill(reader, &reader->carry, INTAKE_BLOCK_BYTES - reader->carry.len, error)) {
            return false;
        }
    }
    reader->paused = false;
    reader->waits = true; /* lines that are asked for must be there */
    skip_bom(reader);
    if (reader->json_auto) {
        reader->split = guess_json(&reader->carry);
    }
    if (reader->split != INTAKE_SPLIT_CSV) {
        return true;
    }
    for (gint64 i = 0; i < reader->skip_lines && (reader->carry.len > 0 || !reader->at_end); i++) {
        if (!skip_line(reader, error)) {
            return false;
        }
    }
    if (reader->header_lines > 0 || reader->header_auto) {
        return read_header(reader, names, ret_fields, error);
    }
    return true;
}

bool intake_reader_header(IntakeReader *reader, const char *const *names, GPtrArray **ret_fields,
                          GError **error)
{
    *ret_fields = NULL;
    bool ok = read_head(reader, names, ret_fields, error);
    reader->waits = false;
    return ok;
}

IntakeSplit intake_reader_split(const IntakeReader *reader)
{
    return reader->split;
}

bool intake_reader_is_small(const IntakeReader *reader)
{
    return reader->at_end && reader->carry.len <= INTAKE_BLOCK_BYTES;
}

size_t intake_reader_left_bytes(const IntakeReader *reader)
{
    return reader->carry.len;
}

const IntakeCsv *intake_reader_csv(const IntakeReader *reader)
{
    return &reader->csv;
}

/* ---- life
 * ------------------------------------------------------------------------------------------------------------
 */

static void set_csv(IntakeReader *reader, const IntakeOptions *options)
{
    reader->separator = g_memdup2(options->separator->str, options->separator->len + 1);
    reader->delimiter = g_memdup2(options->delimiter->str, options->delimiter->len + 1);
    reader->csv = (IntakeCsv){
        .separator = reader->separator,
        .separator_len = options->separator->len,
        .delimiter = reader->delimiter,
        .delimiter_len = options->delimiter->len,
        .enclose = (int)options->enclose,
        .escape = (int)options->escape,
        .trim_double_quotes = options->trim_double_quotes,
        .empty_field_as_null = options->empty_field_as_null,
        .strip_cr = options->delimiter->len == 1 && options->delimiter->str[0] == '\n',
    };
}

static IntakeSplit split_of(const IntakeOptions *options)
{
    if (options->format == INTAKE_CSV) {
        return INTAKE_SPLIT_CSV;
    }
    if (options->read_json_by_line) {
        return INTAKE_SPLIT_LINES;
    }
    return options->strip_outer_array && !options->json_root ? INTAKE_SPLIT_ARRAY : INTAKE_SPLIT_WHOLE;
}

IntakeReader *intake_reader_new(Intake *intake, IntakeSpool *spool, const IntakeOptions *options,
                                GError **error)
{
    g_autoptr(IntakeReader) reader = g_new0(IntakeReader, 1);
    g_mutex_init(&reader->lock);
    reader->intake = intake;
    reader->spool = spool;
    reader->split = split_of(options);
    reader->json_auto = options->json_auto && options->format == INTAKE_JSON;
    reader->skip_lines = options->skip_lines;
    reader->header_lines = options->header_lines;
    reader->header_auto = options->header_auto && !options->columns;
    reader->limit_bytes = reader->split == INTAKE_SPLIT_WHOLE ? intake->max_json_bytes : intake->max_bytes;
    set_csv(reader, options);
    if (options->compression != INTAKE_PLAIN) {
        reader->packed = g_malloc(COMPRESSED_BYTES);
        if (!(reader->decoder = intake_decoder_new(options->compression, error))) {
            return NULL;
        }
    }
    return g_steal_pointer(&reader);
}

void intake_reader_free(IntakeReader *reader)
{
    if (!reader) {
        return;
    }
    g_mutex_clear(&reader->lock);
    intake_decoder_free(reader->decoder);
    g_free(reader->packed);
    g_free(reader->separator);
    g_free(reader->delimiter);
    intake_block_clear(&reader->carry);
    g_clear_error(&reader->failed);
    g_free(reader);
}
