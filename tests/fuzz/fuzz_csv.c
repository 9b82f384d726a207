/* Any bytes as CSV in any dialect, and as JSON lines: no access outside of the block, and the same rows
 * whatever the block size. The first five bytes choose the dialect. */
#include "fuzz.h"
#include "intake/intake_int.h"

#define N_FIELDS       3
#define FUZZ_MAX_BYTES 20000 /* the input is parsed several times, byte-wise blocks among them */

/* Rejects are told while a batch is parsed, rows are taken after it: they are counted apart. */
static void count_reject(void *user, const char *line, size_t len, const char *reason)
{
    gint64 *sum = user;
    *sum += 1000 + (gint64)len + (len > 0 ? (unsigned char)line[len - 1] : 0) + (reason[0] != '\0');
}

static void take(const IntakeRows *rows, GString *out)
{
    for (size_t i = 0; i < rows->n_rows * N_FIELDS; i++) {
        g_string_append_c(out, rows->cells[i].bytes ? (rows->cells[i].enclosed ? '"' : '=') : '~');
        g_string_append_len(out, rows->cells[i].bytes ? rows->cells[i].bytes : "", rows->cells[i].len);
    }
}

/* As the reader does it: blocks that end at a boundary, each in memory of its own size, so that a sanitizer
 * sees a step outside. */
static GString *parse(const IntakeCsv *csv, const char *text, size_t len, size_t block)
{
    GString *out = g_string_new(NULL);
    gint64 rejects = 0;
    IntakeRows rows = {.n_fields = N_FIELDS,
                       .max_rows = ENGINE_CHUNK_ROWS,
                       .cells = g_new(IntakeCell, ENGINE_CHUNK_ROWS * N_FIELDS),
                       .lines = g_new(IntakeLine, ENGINE_CHUNK_ROWS),
                       .arena = intake_arena_new(),
                       .reject = count_reject,
                       .reject_user = &rejects};
    size_t at = 0, have = block;
    while (at < len) {
        size_t n = at + have >= len ? len - at : intake_csv_boundary(csv, text + at, have);
        if (n == 0) {
            have *= 2;
            continue;
        }
        char *data = g_malloc0(n + INTAKE_BLOCK_PADDING);
        memcpy(data, text + at, n);
        for (size_t pos = 0; pos < n;) {
            size_t before = pos;
            rows.n_rows = 0;
            intake_csv_parse(csv, data, n, &pos, &rows);
            g_assert_cmpuint(pos, >, before);
            take(&rows, out);
        }
        g_free(data);
        at += n;
        have = block;
    }
    g_free(rows.cells);
    g_free(rows.lines);
    intake_arena_free(rows.arena);
    g_string_append_printf(out, "!%" G_GINT64_FORMAT, rejects);
    return out;
}

static void check_csv(const uint8_t *head, const char *text, size_t len)
{
    const char separator[3] = {(char)head[0], (char)head[1], '\0'},
               delimiter[3] = {(char)head[2], (char)head[1], '\0'};
    const IntakeCsv csv = {.separator = separator,
                           .separator_len = head[4] & 1 ? 2 : 1,
                           .delimiter = delimiter,
                           .delimiter_len = head[4] & 2 ? 2 : 1,
                           .enclose = head[4] & 4 ? head[3] : -1,
                           .escape = head[4] & 8 ? '\\' : -1,
                           .trim_double_quotes = head[4] & 16,
                           .empty_field_as_null = head[4] & 32,
                           .strip_cr = head[4] & 64};
    if (separator[0] == delimiter[0] || (csv.enclose >= 0 && (csv.enclose == (unsigned char)separator[0] ||
                                                              csv.enclose == (unsigned char)delimiter[0]))) {
        return; /* refused by the options, or ambiguous by itself */
    }
    GString *whole = parse(&csv, text, len, len + 1), *cut = parse(&csv, text, len, 1 + head[3] % 97);
    g_assert_true(g_string_equal(whole, cut));
    g_string_free(whole, TRUE);
    g_string_free(cut, TRUE);
}

static void check_json(const char *text, size_t len, bool array)
{
    GString *out = g_string_new(NULL);
    gint64 rejects = 0;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_ptr_array_add(names, (gpointer)(uintptr_t)"a");
    g_ptr_array_add(names, (gpointer)(uintptr_t)"b");
    g_ptr_array_add(names, (gpointer)(uintptr_t)"c");
    const IntakeJson json = {.names = names, .strip_outer_array = array, .by_line = !array};
    IntakeJsonParser *parser = intake_json_parser_new(&json);
    IntakeRows rows = {.n_fields = N_FIELDS,
                       .max_rows = ENGINE_CHUNK_ROWS,
                       .cells = g_new(IntakeCell, ENGINE_CHUNK_ROWS * N_FIELDS),
                       .lines = g_new(IntakeLine, ENGINE_CHUNK_ROWS),
                       .arena = intake_arena_new(),
                       .reject = count_reject,
                       .reject_user = &rejects};
    char *data = g_malloc0(len + INTAKE_BLOCK_PADDING);
    memcpy(data, text, len);
    intake_json_parser_block(parser, data, len, text);
    bool more = true;
    GError *error = NULL;
    while (more && intake_json_parser_rows(parser, &rows, &more, &error)) {
        take(&rows, out);
        rows.n_rows = 0;
    }
    g_clear_error(&error);
    g_free(data);
    g_free(rows.cells);
    g_free(rows.lines);
    intake_arena_free(rows.arena);
    intake_json_parser_free(parser);
    g_string_free(out, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5 || size > FUZZ_MAX_BYTES) {
        return 0;
    }
    const char *text = (const char *)data + 5;
    check_csv(data, text, size - 5);
    check_json(text, size - 5, data[4] & 128);
    return 0;
}
