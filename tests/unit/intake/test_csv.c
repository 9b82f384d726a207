/* The CSV splitter and parser on their own: a table of dialects, and random text against a slow, obvious
 * parser. */
#include "intake/intake_int.h"

static void count_reject(void *user, const char *line, size_t len, const char *reason)
{
    (void)line;
    (void)len;
    (void)reason;
    (*(int *)user)++;
}

/* "a;b" rows as "a,b|..." with ~ for NULL and !n for n rejects; cut into blocks of `block` bytes as the
 * reader does. */
static char *parse(const IntakeCsv *csv, size_t n_fields, const char *text, size_t len, size_t block)
{
    int rejects = 0;
    IntakeRows rows = {.n_fields = n_fields,
                       .max_rows = ENGINE_CHUNK_ROWS,
                       .cells = g_new(IntakeCell, ENGINE_CHUNK_ROWS * n_fields),
                       .lines = g_new(IntakeLine, ENGINE_CHUNK_ROWS),
                       .arena = intake_arena_new(),
                       .reject = count_reject,
                       .reject_user = &rejects};
    GString *out = g_string_new(NULL);
    size_t at = 0, have = MIN(block, len), n_rows = 0;
    while (at < len) {
        size_t n = at + have >= len ? len - at : intake_csv_boundary(csv, text + at, have);
        if (n == 0) {
            have += block;
            continue;
        }
        char *data = g_malloc0(n + INTAKE_BLOCK_PADDING);
        memcpy(data, text + at, n);
        for (size_t pos = 0; pos < n;) {
            rows.n_rows = 0;
            intake_csv_parse(csv, data, n, &pos, &rows);
            for (size_t r = 0; r < rows.n_rows; r++) {
                g_string_append(out, n_rows++ ? "|" : "");
                for (size_t f = 0; f < n_fields; f++) {
                    const IntakeCell *cell = &rows.cells[r * n_fields + f];
                    g_string_append(out, f ? "," : "");
                    if (cell->bytes) {
                        g_string_append_len(out, cell->bytes, cell->len);
                    } else {
                        g_string_append_c(out, '~');
                    }
                }
            }
        }
        g_free(data);
        at += n;
        have = block;
    }
    if (rejects) {
        g_string_append_printf(out, "!%d", rejects);
    }
    g_free(rows.cells);
    g_free(rows.lines);
    intake_arena_free(rows.arena);
    return g_string_free(out, FALSE);
}

static const struct {
    const char *name, *separator, *delimiter;
    int enclose, escape;
    bool trim, empty_null;
    size_t n_fields;
    const char *text, *expected;
} CASES[] = {
    {"plain", "\t", "\n", -1, -1, 0, 0, 2, "a\tb\nc\td\n", "a,b|c,d"},
    {"no last delimiter", ",", "\n", -1, -1, 0, 0, 2, "a,b\nc,d", "a,b|c,d"},
    {"carriage returns", ",", "\n", -1, -1, 0, 0, 2, "a,b\r\nc,\r\n", "a,b|c,"},
    {"empty lines are skipped", ",", "\n", -1, -1, 0, 0, 1, "a\n\n\r\nb\n", "a|b"},
    {"empty fields", ",", "\n", -1, -1, 0, 0, 3, ",,\na,,c\n", ",,|a,,c"},
    {"null", ",", "\n", -1, -1, 0, 0, 2, "\\N,x\n\\n,\\NN\n", "~,x|\\n,\\NN"},
    {"empty as null", ",", "\n", -1, -1, 0, 1, 2, ",x\n", "~,x"},
    {"too few and too many", ",", "\n", -1, -1, 0, 0, 2, "a\na,b\na,b,c\n", "a,b!2"},
    {"hex separator", "\x01", "\x02", -1, -1, 0, 0, 2,
     "a\x01"
     "b\x02"
     "c\x01"
     "d\x02",
     "a,b|c,d"},
    {"several bytes", "||", "@@\n", -1, -1, 0, 0, 2, "a||b@@\nc|||d@@\n@||@@@\n", "a,b|c,|d|@,@"},
    {"separator holds the delimiter's byte", ",\n", "\n;", -1, -1, 0, 0, 2, "a,\nb\n;c,\nd", "a,b|c,d"},
    {"enclosed", ",", "\n", '"', -1, 0, 0, 2, "\"a,1\",b\n\"x\ny\",\"\"\n", "a,1,b|x\ny,"},
    {"doubled quote", ",", "\n", '"', -1, 0, 0, 2, "\"a\"\"b\",\"\"\"\"\n", "a\"b,\""},
    {"escape", ",", "\n", '"', '\\', 0, 0, 2, "\"a\\\"b\",\"c\\\\\"\n", "a\"b,c\\"},
    {"quote inside a bare field", ",", "\n", '"', -1, 0, 0, 2, "a\"b,c\n", "a\"b,c"},
    {"text after the closing quote", ",", "\n", '"', -1, 0, 0, 2, "\"a\"b,c\n", "\"a\"b,c"},
    {"not closed", ",", "\n", '"', -1, 0, 0, 2, "a,b\n\"c,d\ne,f\n", "a,b!1"},
    {"enclosed null is text", ",", "\n", '"', -1, 0, 0, 2, "\"\\N\",\\N\n", "\\N,~"},
    {"enclosed with carriage return", ",", "\n", '"', -1, 0, 0, 2, "\"a\",\"b\"\r\n\"c\",\"d\"\r\n",
     "a,b|c,d"},
    {"trim double quotes", ",", "\n", -1, -1, 1, 0, 3, "\"a\",\"\",\"\n", "a,,\""},
    {"chinese", "，", "\n", -1, -1, 0, 0, 2, "歌手，张三\n", "歌手,张三"},
};

static IntakeCsv csv_of(const char *separator, const char *delimiter, int enclose, int escape, bool trim,
                        bool empty_null)
{
    return (IntakeCsv){.separator = separator,
                       .separator_len = strlen(separator),
                       .delimiter = delimiter,
                       .delimiter_len = strlen(delimiter),
                       .enclose = enclose,
                       .escape = escape,
                       .trim_double_quotes = trim,
                       .empty_field_as_null = empty_null,
                       .strip_cr = strcmp(delimiter, "\n") == 0};
}

static void test_dialects(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_test_message("%s", CASES[i].name);
        IntakeCsv csv = csv_of(CASES[i].separator, CASES[i].delimiter, CASES[i].enclose, CASES[i].escape,
                               CASES[i].trim, CASES[i].empty_null);
        for (size_t block = 1; block < 40; block++) {
            g_autofree char *got =
                parse(&csv, CASES[i].n_fields, CASES[i].text, strlen(CASES[i].text), block);
            g_assert_cmpstr(got, ==, CASES[i].expected);
        }
    }
}

/* Writes random fields with the dialect, so that what must come out is known. */
static void test_random_round_trip(void)
{
    static const char *const ALPHABET[] = {"a", "bc", " ",  ",",  "\"", "\n",
                                           "|", "é",  "歌", "\\", "\t", "xyzxyzxyzxyzxyzxyz"};
    for (int round = 0; round < 400; round++) {
        size_t n_fields = (size_t)g_random_int_range(1, 7), n_rows = (size_t)g_random_int_range(1, 60);
        bool quoted = round % 2;
        IntakeCsv csv = quoted ? csv_of(",", "\n", '"', -1, false, false)
                               : csv_of(round % 4 ? "\x01" : "\x01\x03", round % 4 ? "\x02" : "\x02\x02\x04",
                                        -1, -1, false, false);
        GString *text = g_string_new(NULL), *expected = g_string_new(NULL);
        for (size_t r = 0; r < n_rows; r++) {
            g_string_append(expected, r ? "|" : "");
            for (size_t f = 0; f < n_fields; f++) {
                g_string_append(expected, f ? "," : "");
                g_string_append_len(text, csv.separator, f ? (gssize)csv.separator_len : 0);
                g_string_append(text, quoted ? "\"" : "");
                g_string_append(text, f == 0 && !quoted ? "k" : "");
                g_string_append(expected, f == 0 && !quoted ? "k" : "");
                for (int k = g_random_int_range(0, 6); k > 0; k--) {
                    const char *piece = ALPHABET[g_random_int_range(0, G_N_ELEMENTS(ALPHABET))];
                    g_string_append(text, quoted && strcmp(piece, "\"") == 0 ? "\"\"" : piece);
                    g_string_append(expected, piece);
                }
                g_string_append(text, quoted ? "\"" : "");
            }
            g_string_append_len(text, csv.delimiter, (gssize)csv.delimiter_len);
        }
        g_autofree char *got =
            parse(&csv, n_fields, text->str, text->len, (size_t)g_random_int_range(1, 200));
        g_assert_cmpstr(got, ==, expected->str);
        g_string_free(text, TRUE);
        g_string_free(expected, TRUE);
    }
}

static void test_header_fields(void)
{
    IntakeCsv csv = csv_of(",", "\n", '"', -1, false, false);
    g_autoptr(GPtrArray) names = intake_csv_fields(&csv, "a, \"b c\",d\r", 11);
    g_assert_cmpuint(names->len, ==, 3);
    g_assert_cmpstr(names->pdata[0], ==, "a");
    g_assert_cmpstr(names->pdata[2], ==, "d");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv/dialects come out the same whatever the block size", test_dialects);
    g_test_add_func("/csv/random fields survive the round trip", test_random_round_trip);
    g_test_add_func("/csv/header fields lose quotes and blanks", test_header_fields);
    return g_test_run();
}
