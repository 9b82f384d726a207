/* Stream Load's headers: one table gives name, type, where it goes and what it means. Adding a header is
 * adding a row.
 *
 * Names are case folded, values trimmed, unknown names ignored, as Doris does. The texts of refusals are
 * Doris's: connectors show them, and some look for them. */
#include "base/text.h"
#include "base/time.h"
#include "intake/intake_int.h"

#define MAX_MISSPELT_BYTES 64 /* of a name that is compared with the known ones */

typedef struct Header Header;
typedef bool (*HeaderSet)(IntakeOptions *options, const Header *header, const char *value, GError **error);
struct Header {
    const char *name;
    HeaderSet set;
    size_t offset; /* in IntakeOptions; of the simple types */
    const char *doc;
};

static bool refuse(GError **error, const char *format, const char *value)
{
    g_autofree char *shown = g_strndup(value, 80);
    g_autofree char *valid = g_utf8_make_valid(shown, -1);
    G_GNUC_BEGIN_IGNORE_DEPRECATIONS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    base_fail(error, BASE_E_LOAD_HEADER, format, valid);
#pragma GCC diagnostic pop
    G_GNUC_END_IGNORE_DEPRECATIONS
    base_error_not_done(error, "Nothing was loaded.");
    return false;
}

#define FIELD(type, options, header) (*(type *)(void *)((char *)(options) + (header)->offset))

static bool set_text(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)error;
    g_free(FIELD(char *, options, header));
    FIELD(char *, options, header) = *value ? g_strdup(value) : NULL;
    return true;
}

static bool set_bool(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    bool on = g_ascii_strcasecmp(value, "true") == 0;
    if (!on && g_ascii_strcasecmp(value, "false") != 0) {
        base_fail(error, BASE_E_LOAD_HEADER, "Invalid %s format. Must be bool type", header->name);
        return false;
    }
    FIELD(bool, options, header) = on;
    return true;
}

static bool set_strict(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    if (!set_bool(options, header, value, NULL)) {
        return refuse(error, "Invalid strict mode format. Must be bool type%.0s", value);
    }
    return true;
}

static bool set_strip(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    options->strip_given = true;
    options->json_auto = false;
    return set_bool(options, header, value, error);
}

static bool set_by_line(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    options->line_given = true;
    options->json_auto = false;
    return set_bool(options, header, value, error);
}

static bool set_int(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    gint64 number;
    if (!base_text_to_int(value, 0, G_MAXINT64, &number)) {
        base_fail(error, BASE_E_LOAD_HEADER, "Invalid %s format, `%.80s` is no integer of 0 or more",
                  header->name, value);
        return false;
    }
    FIELD(gint64, options, header) = number;
    return true;
}

static bool set_timeout(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    if (!set_int(options, header, value, error)) {
        return false;
    }
    if (options->timeout_s > INTAKE_MAX_TIMEOUT_S) {
        base_fail(error, BASE_E_LOAD_HEADER, "Invalid timeout `%.80s`: at most %d seconds", value,
                  INTAKE_MAX_TIMEOUT_S);
        return false;
    }
    return true;
}

static bool set_ratio(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)header;
    double ratio;
    if (!base_text_to_real(value, &ratio) || !(ratio >= 0 && ratio <= 1)) {
        return refuse(error, "Invalid max_filter_ratio `%s`: it is a number from 0 to 1", value);
    }
    options->max_filter_ratio = ratio;
    return true;
}

static bool set_label(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isalnum(value[i]) && !strchr("-_:.", value[i]) && (unsigned char)value[i] < 0x80) {
            return refuse(error, "Label format error. regex: ^[-_A-Za-z0-9:]{1,128}$, label: %s", value);
        }
    }
    if (len > INTAKE_MAX_LABEL_BYTES || !g_utf8_validate(value, -1, NULL)) {
        return refuse(error, "Label format error. regex: ^[-_A-Za-z0-9:]{1,128}$, label: %s", value);
    }
    return set_text(options, header, value, error);
}

static const struct {
    const char *name;
    IntakeFormat format;
    int header_lines;
} FORMATS[] = {
    {"csv", INTAKE_CSV, 0},   {"csv_with_names", INTAKE_CSV, 1}, {"csv_with_names_and_types", INTAKE_CSV, 2},
    {"json", INTAKE_JSON, 0}, {"parquet", INTAKE_PARQUET, 0},
};

static bool set_format(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)header;
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        if (g_ascii_strcasecmp(value, FORMATS[i].name) == 0) {
            options->format = FORMATS[i].format;
            options->header_lines = FORMATS[i].header_lines;
            options->format_given = true;
            return true;
        }
    }
    return refuse(error, "unknown data format, format=%s", value);
}

static const struct {
    const char *name;
    IntakeCompression compression;
} COMPRESSIONS[] = {
    {"plain", INTAKE_PLAIN}, {"gz", INTAKE_GZ},           {"gzip", INTAKE_GZ},       {"bz2", INTAKE_BZ2},
    {"lz4", INTAKE_LZ4},     {"lz4frame", INTAKE_LZ4},    {"lz4_frame", INTAKE_LZ4}, {"zstd", INTAKE_ZSTD},
    {"zst", INTAKE_ZSTD},    {"deflate", INTAKE_DEFLATE},
};

static bool set_compression(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)header;
    for (size_t i = 0; i < G_N_ELEMENTS(COMPRESSIONS); i++) {
        if (g_ascii_strcasecmp(value, COMPRESSIONS[i].name) == 0) {
            options->compression = COMPRESSIONS[i].compression;
            return true;
        }
    }
    return refuse(error, "unknown compress type, compress_type=%s", value);
}

static bool set_merge(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)header;
    static const char *const NAMES[] = {"APPEND", "DELETE", "MERGE"};
    for (unsigned i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (g_ascii_strcasecmp(value, NAMES[i]) == 0) {
            options->merge = (IntakeMerge)i;
            return true;
        }
    }
    return refuse(error, "Invalid merge type %s", value);
}

static bool set_group(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)header;
    static const char *const NAMES[] = {"off_mode", "sync_mode", "async_mode"};
    for (unsigned i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (g_ascii_strcasecmp(value, NAMES[i]) == 0) {
            options->group = (IntakeGroup)i;
            options->group_given = true;
            return true;
        }
    }
    return refuse(error, "group_commit can only be [async_mode, sync_mode, off_mode]%.0s", value);
}

static bool set_two_phase(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)header;
    (void)error;
    options->two_phase = g_ascii_strcasecmp(value, "true") == 0;
    return true;
}

static bool set_update_mode(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)header;
    static const char *const NAMES[] = {"UPSERT", "UPDATE_FIXED_COLUMNS", "UPDATE_FLEXIBLE_COLUMNS"};
    for (unsigned i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (g_ascii_strcasecmp(value, NAMES[i]) == 0) {
            options->update_mode = (IntakeUpdateMode)i;
            return true;
        }
    }
    return refuse(error,
                  "Invalid unique_key_update_mode %s, must be one of UPSERT, UPDATE_FIXED_COLUMNS or "
                  "UPDATE_FLEXIBLE_COLUMNS",
                  value);
}

/* The bytes of a separator: `\t \n \r \\` and hex escapes; a value of \x.. may go on ("\x01\x02"). */
static GString *separator_bytes(const char *value)
{
    GString *bytes = g_string_new(NULL);
    for (const char *p = value; *p; p++) {
        if (*p != '\\' || !p[1]) {
            g_string_append_c(bytes, *p);
            continue;
        }
        p++;
        if ((*p == 'x' || *p == 'X') && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
            g_string_append_c(bytes, (char)(g_ascii_xdigit_value(p[1]) * 16 + g_ascii_xdigit_value(p[2])));
            p += 2;
        } else if (*p == 't') {
            g_string_append_c(bytes, '\t');
        } else if (*p == 'n') {
            g_string_append_c(bytes, '\n');
        } else if (*p == 'r') {
            g_string_append_c(bytes, '\r');
        } else if (*p == '\\') {
            g_string_append_c(bytes, '\\');
        } else {
            g_string_append_c(bytes, '\\');
            g_string_append_c(bytes, *p);
        }
    }
    return bytes;
}

static bool set_separator(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    GString *bytes = separator_bytes(value);
    if (bytes->len == 0 || bytes->len > 64) {
        g_string_free(bytes, TRUE);
        base_fail(error, BASE_E_LOAD_HEADER, "%s must have 1 to 64 bytes", header->name);
        return false;
    }
    GString **field = &FIELD(GString *, options, header);
    g_string_free(*field, TRUE);
    *field = bytes;
    options->delimiter_given = options->delimiter_given || strcmp(header->name, "line_delimiter") == 0;
    return true;
}

static bool set_byte(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    GString *bytes = separator_bytes(value);
    if (bytes->len == 0) { /* `escape: \` arrives as one backslash */
        g_string_append(bytes, value);
    }
    bool ok = bytes->len == 1;
    if (ok) {
        FIELD(gint64, options, header) = (unsigned char)bytes->str[0];
    } else {
        base_fail(error, BASE_E_LOAD_HEADER, "%s must be single-char, actually is %.80s", header->name,
                  value);
    }
    g_string_free(bytes, TRUE);
    return ok;
}

static bool set_timezone(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    GTimeZone *zone = base_time_zone(value, error);
    if (!zone) {
        return false;
    }
    g_time_zone_unref(zone);
    return set_text(options, header, value, error);
}

void intake_options_default_zone(IntakeOptions *options, const char *zone)
{
    if (!options->timezone) {
        options->timezone = g_strdup(zone);
    }
}

static bool set_nothing(IntakeOptions *options, const Header *header, const char *value, GError **error)
{
    (void)options;
    (void)header;
    (void)value;
    (void)error;
    return true;
}

#define AT(member) offsetof(IntakeOptions, member)

static const Header HEADERS[] = {
    {"label", set_label, AT(label), "Name of the load, once per database; made up when absent"},
    {"format", set_format, 0, "csv, csv_with_names, csv_with_names_and_types, json, parquet"},
    {"columns", set_text, AT(columns), "Fields of the file in order, then `column=expression`"},
    {"where", set_text, AT(where), "Rows that do not match are left out and counted as unselected"},
    {"max_filter_ratio", set_ratio, 0, "Share of rows that may be rejected, 0 to 1; 0 by default"},
    {"strict_mode", set_strict, AT(strict_mode),
     "true: a value that does not fit its type rejects the row; false: it becomes NULL"},
    {"timezone", set_timezone, AT(timezone),
     "Zone of clocks and local times in expressions and defaults, and into which datetimes with an offset "
     "are moved; the project's by default"},
    {"time_zone", set_timezone, AT(timezone), "The same as timezone"},
    {"timeout", set_timeout, AT(timeout_s),
     "Seconds after which the load is given up; 600 by default, at most 259200"},
    {"exec_mem_limit", set_int, AT(exec_mem_limit), "Accepted; memory is bounded by the server's settings"},
    {"column_separator", set_separator, AT(separator),
     "Between fields; \\t by default, several bytes and \\x01 allowed"},
    {"line_delimiter", set_separator, AT(delimiter), "Between rows; \\n by default"},
    {"enclose", set_byte, AT(enclose), "One byte around fields that hold separators"},
    {"escape", set_byte, AT(escape), "One byte that makes the next one literal inside enclosed fields"},
    {"trim_double_quotes", set_bool, AT(trim_double_quotes),
     "Takes the outermost double quotes off each field"},
    {"skip_lines", set_int, AT(skip_lines), "Lines left out at the head of the file"},
    {"empty_field_as_null", set_bool, AT(empty_field_as_null), "An empty CSV field is NULL"},
    {"compress_type", set_compression, 0, "gz, bz2, lz4 (frame), zstd, deflate"},
    {"jsonpaths", set_text, AT(jsonpaths), "A JSON array of paths, one a field"},
    {"json_root", set_text, AT(json_root), "Path of the rows inside the document"},
    {"strip_outer_array", set_strip, AT(strip_outer_array), "The document is an array of rows"},
    {"read_json_by_line", set_by_line, AT(read_json_by_line),
     "One object a line; the default when strip_outer_array is not given"},
    {"num_as_string", set_bool, AT(num_as_string), "Accepted; numbers keep all their digits anyway"},
    {"fuzzy_parse", set_bool, AT(fuzzy_parse), "Accepted; equal order of keys is made use of anyway"},
    {"merge_type", set_merge, 0, "APPEND, DELETE, MERGE (with `delete`); unique tables"},
    {"delete", set_text, AT(delete_on), "With MERGE: rows that match delete their key"},
    {"hidden_columns", set_text, AT(hidden_columns),
     "__DORIS_DELETE_SIGN__, __DORIS_SEQUENCE_COL__ as last fields"},
    {"function_column.sequence_col", set_text, AT(sequence_col),
     "Field that decides which row of a key wins"},
    {"replace", set_bool, AT(replace),
     "true: the load's rows take the place of all rows of the table, in the same commit"},
    {"partial_columns", set_bool, AT(partial_columns), "Only the columns given change; unique tables"},
    {"unique_key_update_mode", set_update_mode, 0, "UPSERT, UPDATE_FIXED_COLUMNS (as partial_columns)"},
    {"partial_update_new_key_behavior", set_text, AT(new_key_behavior),
     "APPEND or ERROR for keys that are new in a partial update"},
    {"two_phase_commit", set_two_phase, 0, "true: the load waits, durable, for _stream_load_2pc"},
    {"group_commit", set_group, 0, "sync_mode, async_mode (acknowledged when durable as well), off_mode"},
    {"comment", set_text, AT(comment), "Shown in the answer"},
    {"partitions", set_text, AT(partitions), "Accepted; tables have no physical partitions"},
    {"temporary_partitions", set_text, AT(temporary_partitions), "Accepted; not together with partitions"},
    {"negative", set_nothing, 0, "Accepted without effect"},
    {"send_batch_parallelism", set_nothing, 0, "Accepted without effect on one machine"},
    {"load_to_single_tablet", set_nothing, 0, "Accepted without effect on one machine"},
    {"memtable_on_sink_node", set_nothing, 0, "Accepted without effect on one machine"},
    {"load_stream_per_node", set_nothing, 0, "Accepted without effect on one machine"},
    {"enable_profile", set_nothing, 0, "Accepted without effect"},
    {"compute_group", set_nothing, 0, "Accepted without effect on one machine"},
    {"cloud_cluster", set_nothing, 0, "Accepted without effect on one machine"},
};

bool intake_options_header(size_t i, const char **ret_name, const char **ret_doc)
{
    if (i >= G_N_ELEMENTS(HEADERS)) {
        return false;
    }
    *ret_name = HEADERS[i].name;
    *ret_doc = HEADERS[i].doc;
    return true;
}

IntakeOptions *intake_options_new(void)
{
    IntakeOptions *options = g_new0(IntakeOptions, 1);
    options->separator = g_string_new("\t");
    options->delimiter = g_string_new("\n");
    options->enclose = options->escape = -1;
    options->timeout_s = 600;
    return options;
}

void intake_options_free(IntakeOptions *options)
{
    if (!options) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(HEADERS); i++) {
        if (HEADERS[i].set == set_text || HEADERS[i].set == set_label || HEADERS[i].set == set_timezone) {
            g_clear_pointer(&FIELD(char *, options, &HEADERS[i]), g_free);
        }
    }
    g_string_free(options->separator, TRUE);
    g_string_free(options->delimiter, TRUE);
    if (options->warnings) {
        g_string_free(options->warnings, TRUE);
    }
    g_free(options);
}

static const Header HTTP_HEADER = {.name = ""};

/* HTTP's own, and what Doris's clients send beside: never a misspelt option. */
static const char *const HTTP_HEADERS[] = {
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "db",
    "expect",
    "forwarded",
    "from",
    "host",
    "keep-alive",
    "origin",
    "pragma",
    "range",
    "referer",
    "table",
    "te",
    "token",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
};

/* The row of a name, &HTTP_HEADER of HTTP's own, NULL = not known. */
static const Header *find_header(const char *name)
{
    static GHashTable *by_name;
    static gsize once;
    if (g_once_init_enter(&once)) {
        by_name = g_hash_table_new(g_str_hash, g_str_equal);
        for (size_t i = 0; i < G_N_ELEMENTS(HTTP_HEADERS); i++) {
            g_hash_table_insert(by_name, (gpointer)(guintptr)HTTP_HEADERS[i],
                                (gpointer)(guintptr)&HTTP_HEADER);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(HEADERS); i++) {
            g_hash_table_insert(by_name, (gpointer)(guintptr)HEADERS[i].name,
                                (gpointer)(guintptr)&HEADERS[i]);
        }
        g_once_init_leave(&once, 1);
    }
    g_autofree char *lower = g_ascii_strdown(name, -1);
    const Header *found = g_hash_table_lookup(by_name, lower);
    bool theirs = !found && (g_str_has_prefix(lower, "x-") || g_str_has_prefix(lower, "sec-"));
    return theirs ? &HTTP_HEADER : found;
}

/* An unknown name is ignored, as Doris does; one that is nearly a known one is said. */
static void warn_misspelt(IntakeOptions *options, const char *name)
{
    const char *names[G_N_ELEMENTS(HEADERS) + 1] = {NULL};
    if (strlen(name) > MAX_MISSPELT_BYTES) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(HEADERS); i++) {
        names[i] = HEADERS[i].name;
    }
    const char *nearest = base_text_nearest(name, names);
    if (!nearest) {
        return;
    }
    options->warnings = options->warnings ? options->warnings : g_string_new(NULL);
    g_string_append_printf(options->warnings, "%sheader `%s` is not known, did you mean `%s`?",
                           options->warnings->len ? "; " : "", name, nearest);
}

const char *intake_options_warnings(const IntakeOptions *options)
{
    return options->warnings ? options->warnings->str : NULL;
}

bool intake_options_set(IntakeOptions *options, const char *name, const char *value, GError **error)
{
    const Header *header = find_header(name);
    options->checked = false;
    if (!header) {
        warn_misspelt(options, name);
        return true;
    }
    if (header == &HTTP_HEADER) {
        return true;
    }
    if (strlen(value) > INTAKE_MAX_HEADER_BYTES || !g_utf8_validate(value, -1, NULL)) {
        return base_fail(error, BASE_E_LOAD_HEADER, "header `%s` must be UTF-8 of at most %d bytes",
                         header->name, INTAKE_MAX_HEADER_BYTES);
    }
    /* A separator may be white space: only a text that is more than that is trimmed. */
    g_autofree char *trimmed = g_strstrip(g_strdup(value));
    bool keep = (header->set == set_separator || header->set == set_byte) && *trimmed == '\0';
    return header->set(options, header, keep ? value : trimmed, error);
}

static bool fail(GError **error, const char *message)
{
    base_fail(error, BASE_E_LOAD_HEADER, "%s", message);
    base_error_not_done(error, "Nothing was loaded.");
    return false;
}

static bool check_flexible(const IntakeOptions *options, GError **error)
{
    if (options->update_mode != INTAKE_UPDATE_FLEXIBLE) {
        return true;
    }
    return fail(error,
                "unique_key_update_mode UPDATE_FLEXIBLE_COLUMNS is not offered: use UPDATE_FIXED_COLUMNS");
}

static bool check_json(IntakeOptions *options, GError **error)
{
    if (options->format != INTAKE_JSON) {
        return true;
    }
    if (!options->strip_given && !options->line_given) {
        options->read_json_by_line = true;
    }
    g_autoptr(GPtrArray) paths = NULL;
    if (options->jsonpaths && !(paths = intake_json_paths_parse(options->jsonpaths, error))) {
        return false;
    }
    IntakeJsonPath *root = NULL;
    if (options->json_root && !(root = intake_json_path_parse(options->json_root, error))) {
        return false;
    }
    intake_json_path_free(root);
    return true;
}

bool intake_options_check(IntakeOptions *options, GError **error)
{
    if (options->merge == INTAKE_MERGE && !options->delete_on) {
        return fail(error, "Excepted DELETE ON clause when merge type is MERGE.");
    }
    if (options->merge != INTAKE_MERGE && options->delete_on) {
        return fail(error, "Not support DELETE ON clause when merge type is not MERGE.");
    }
    if (options->partitions && options->temporary_partitions) {
        return fail(error, "Can not specify both partitions and temporary partitions");
    }
    if (options->update_mode == INTAKE_UPDATE_FIXED) {
        options->partial_columns = true;
    }
    if (options->replace && (options->merge != INTAKE_APPEND || options->partial_columns)) {
        return fail(
            error, "replace gives the table all its rows: it goes with no merge_type and no partial_columns");
    }
    if (options->two_phase || options->partitions || options->partial_columns || options->replace) {
        options->group = INTAKE_GROUP_OFF;
    }
    if (options->group != INTAKE_GROUP_OFF && options->label) {
        return fail(error, "label and group_commit can't be set at the same time");
    }
    if (options->partial_columns && options->merge != INTAKE_APPEND) {
        return fail(error, "partial update do not support `merge_type` DELETE or MERGE");
    }
    if (options->new_key_behavior && g_ascii_strcasecmp(options->new_key_behavior, "APPEND") != 0 &&
        g_ascii_strcasecmp(options->new_key_behavior, "ERROR") != 0) {
        return fail(error, "Invalid partial_update_new_key_behavior, must be one of APPEND or ERROR");
    }
    if (options->format == INTAKE_PARQUET && options->compression != INTAKE_PLAIN) {
        return fail(error, "compress_type has no meaning for parquet: its pages are compressed already");
    }
    if (options->enclose >= 0 && options->enclose == (unsigned char)options->separator->str[0]) {
        return fail(error, "enclose and column_separator can't be the same");
    }
    options->checked = check_flexible(options, error) && check_json(options, error);
    return options->checked;
}

/* ---- file names
 * ------------------------------------------------------------------------------------------------------ */

static bool strip_suffix(char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    if (n <= k || g_ascii_strcasecmp(name + n - k, suffix) != 0) {
        return false;
    }
    name[n - k] = '\0';
    return true;
}

void intake_options_from_filename(IntakeOptions *options, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    static const struct {
        const char *suffix;
        IntakeCompression compression;
    } PACKED[] = {{".gz", INTAKE_GZ},
                  {".zst", INTAKE_ZSTD},
                  {".zstd", INTAKE_ZSTD},
                  {".bz2", INTAKE_BZ2},
                  {".lz4", INTAKE_LZ4}};
    for (size_t i = 0; i < G_N_ELEMENTS(PACKED) && options->compression == INTAKE_PLAIN; i++) {
        if (strip_suffix(name, PACKED[i].suffix)) {
            options->compression = PACKED[i].compression;
        }
    }
    if (strip_suffix(name, ".parquet") || strip_suffix(name, ".pq")) {
        options->format = INTAKE_PARQUET;
        options->compression = INTAKE_PLAIN;
    } else if (strip_suffix(name, ".jsonl") || strip_suffix(name, ".ndjson")) {
        options->format = INTAKE_JSON;
        options->read_json_by_line = options->line_given = true;
    } else if (strip_suffix(name, ".json")) {
        options->format = INTAKE_JSON;
        options->strip_outer_array = options->strip_given = options->json_auto = true;
    } else {
        bool tabs = strip_suffix(name, ".tsv") || strip_suffix(name, ".tab");
        options->format = INTAKE_CSV;
        g_string_assign(options->separator, tabs ? "\t" : ",");
        options->enclose = '"';
        options->header_auto = true;
    }
}
