/* Stream Load's headers: what is taken, and Doris's words for what is refused. */
#include "fixture.h"

static const struct {
    const char *headers, *expected; /* NULL = fine */
} CASES[] = {
    {"label:a-b_c:1", NULL},
    {"label:a b", "Label format error. regex: ^[-_A-Za-z0-9:]{1,128}$, label: a b"},
    {"FORMAT:JSON", NULL},
    {"format:xml", "unknown data format, format=xml"},
    {"max_filter_ratio:1.5", "Invalid max_filter_ratio `1.5`: it is a number from 0 to 1"},
    {"max_filter_ratio:nan", "Invalid max_filter_ratio `nan`: it is a number from 0 to 1"},
    {"strict_mode:maybe", "Invalid strict mode format. Must be bool type"},
    {"timezone:Mars/Base", "*"},
    {"timeout:1.5", "*"},
    {"timeout:259200", NULL},
    {"timeout:9223372036854775807", "Invalid timeout `9223372036854775807`: at most 259200 seconds"},
    {"skip_lines:-1", "*"},
    {"enclose:ab", "enclose must be single-char, actually is ab"},
    {"escape:\\", NULL},
    {"column_separator:", "*"},
    {"column_separator:\\x01\\x02", NULL},
    {"merge_type:MERGE", "Excepted DELETE ON clause when merge type is MERGE."},
    {"delete:a=1", "Not support DELETE ON clause when merge type is not MERGE."},
    {"merge_type:MERGE\ndelete:a=1", NULL},
    {"partitions:p\ntemporary_partitions:q", "Can not specify both partitions and temporary partitions"},
    {"group_commit:sometimes", "group_commit can only be [async_mode, sync_mode, off_mode]"},
    {"label:x\ngroup_commit:sync_mode", "label and group_commit can't be set at the same time"},
    {"label:x\ngroup_commit:sync_mode\ntwo_phase_commit:true", NULL},
    {"jsonpaths:[\"$.a\", \"b\"]\nformat:json", "*"},
    {"jsonpaths:nonsense\nformat:json", "*"},
    {"jsonpaths:[\"$.a[0].b\", \"$[\\\"x y\\\"]\", \"$.c[*]\"]\nformat:json", NULL},
    {"compress_type:rar", "*"},
    {"compress_type:LZ4", NULL},
    {"no_such_header:x", NULL},
    {"enclose:,\ncolumn_separator:,", "enclose and column_separator can't be the same"},
};

static void test_headers(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_test_message("%s", CASES[i].headers);
        g_autoptr(IntakeOptions) options = intake_options_new();
        g_auto(GStrv) lines = g_strsplit(CASES[i].headers, "\n", 0);
        g_autoptr(GError) error = NULL;
        bool ok = true;
        for (size_t k = 0; ok && lines[k]; k++) {
            char *colon = strchr(lines[k], ':');
            *colon = '\0';
            ok = intake_options_set(options, lines[k], colon + 1, &error);
        }
        ok = ok && intake_options_check(options, &error);
        g_assert_true(ok == (CASES[i].expected == NULL));
        if (CASES[i].expected && *CASES[i].expected != '*') {
            g_assert_cmpstr(error->message, ==, CASES[i].expected);
        }
    }
}

static void test_separators(void)
{
    g_autoptr(IntakeOptions) options =
        fixture_options("column_separator:\\x01\\t|\nline_delimiter:\\r\\n\nenclose:'");
    g_assert_cmpstr(options->separator->str, ==, "\x01\t|");
    g_assert_cmpstr(options->delimiter->str, ==, "\r\n");
    g_assert_cmpint(options->enclose, ==, '\'');
    g_autoptr(IntakeOptions) tab = fixture_options("column_separator: ");
    g_assert_cmpstr(tab->separator->str, ==, " ");
}

static void test_filenames(void)
{
    static const struct {
        const char *name;
        IntakeFormat format;
        IntakeCompression compression;
        const char *separator;
    } NAMES[] = {
        {"a.csv", INTAKE_CSV, INTAKE_PLAIN, ","},          {"b.TSV.gz", INTAKE_CSV, INTAKE_GZ, "\t"},
        {"c.ndjson.zst", INTAKE_JSON, INTAKE_ZSTD, NULL},  {"d.json", INTAKE_JSON, INTAKE_PLAIN, NULL},
        {"e.parquet", INTAKE_PARQUET, INTAKE_PLAIN, NULL}, {"f.csv.bz2", INTAKE_CSV, INTAKE_BZ2, ","}};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_autoptr(IntakeOptions) options = intake_options_new();
        intake_options_from_filename(options, NAMES[i].name);
        g_assert_cmpint(options->format, ==, NAMES[i].format);
        g_assert_cmpint(options->compression, ==, NAMES[i].compression);
        if (NAMES[i].separator) {
            g_assert_cmpstr(options->separator->str, ==, NAMES[i].separator);
        }
    }
}

static void test_documented(void)
{
    const char *name, *doc;
    size_t i = 0;
    for (; intake_options_header(i, &name, &doc); i++) {
        g_assert_cmpuint(strlen(doc), >, 5);
    }
    g_assert_cmpuint(i, >, 40);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/headers are taken or refused in Doris's words", test_headers);
    g_test_add_func("/options/separators know escapes", test_separators);
    g_test_add_func("/options/file names give format and compression", test_filenames);
    g_test_add_func("/options/every header says what it means", test_documented);
    return g_test_run();
}
