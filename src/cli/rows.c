/* Rows of a query on stdout. JSON, NDJSON, CSV and TSV are passed through as they come, in bounded memory; a
 * table needs all rows for its widths and so holds at most ROWS_TABLE_MAX of them. */
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "cli/cli_int.h"

#define ROWS_TABLE_MAX 10000

static const struct {
    const char *name;
    CliRows rows;
} NAMES[] = {
    {"table", CLI_ROWS_TABLE},       {"json", CLI_ROWS_JSON}, {"ndjson", CLI_ROWS_NDJSON},
    {"csv", CLI_ROWS_CSV},           {"tsv", CLI_ROWS_TSV},   {"markdown", CLI_ROWS_MARKDOWN},
    {"vertical", CLI_ROWS_VERTICAL},
};

bool cli_rows_by_name(const char *text, CliRows *ret)
{
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (strcmp(NAMES[i].name, text) == 0) {
            *ret = NAMES[i].rows;
            return true;
        }
    }
    return false;
}

/* ---- passed through ---- */

typedef enum { CSV_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE } CsvState;

typedef struct {
    bool tsv; /* CSV comes, TSV goes */
    CsvState state;
    bool kept; /* the field has been written to, or was quoted: not NULL */
    /* A statement without rows answers with JSON whatever the format. CSV never begins like that: it would be
     * quoted. */
    GString *head;
    bool decided, is_json;
} Pass;

static const char NO_ROWS[] = "{\"changed\":";

static void put_tsv(char c)
{
    switch (c) {
    case '\t':
        fputs("\\t", stdout);
        break;
    case '\n':
        fputs("\\n", stdout);
        break;
    case '\\':
        fputs("\\\\", stdout);
        break;
    default:
        putchar_unlocked(c);
    }
}

static void end_field(Pass *pass, char separator)
{
    if (!pass->kept) {
        fputs("\\N", stdout); /* an empty field without quotes is NULL */
    }
    putchar_unlocked(separator);
    pass->state = CSV_START;
    pass->kept = false;
}

/* One byte of RFC 4180 CSV as the server writes it. */
static void pass_tsv(Pass *pass, char c)
{
    if (pass->state == CSV_QUOTED) {
        if (c == '"') {
            pass->state = CSV_QUOTE;
        } else {
            put_tsv(c);
        }
        return;
    }
    if (pass->state == CSV_QUOTE && c == '"') {
        put_tsv('"');
        pass->state = CSV_QUOTED;
    } else if (pass->state == CSV_START && c == '"') {
        pass->state = CSV_QUOTED;
        pass->kept = true;
    } else if (c == ',') {
        end_field(pass, '\t');
    } else if (c == '\n') {
        end_field(pass, '\n');
    } else if (c != '\r') {
        put_tsv(c);
        pass->state = CSV_PLAIN;
        pass->kept = true;
    }
}

static bool put_bytes(Pass *pass, const char *data, size_t len)
{
    if (!pass->tsv) {
        return fwrite(data, 1, len, stdout) == len;
    }
    for (size_t i = 0; i < len; i++) {
        pass_tsv(pass, data[i]);
    }
    return ferror(stdout) == 0;
}

static bool decide(Pass *pass)
{
    pass->decided = true;
    pass->is_json = g_str_has_prefix(pass->head->str, NO_ROWS);
    return pass->is_json || put_bytes(pass, pass->head->str, pass->head->len);
}

static bool on_bytes(void *user, const void *data, size_t len)
{
    Pass *pass = user;
    if (pass->decided && !pass->is_json) {
        return put_bytes(pass, data, len);
    }
    g_string_append_len(pass->head, data, (gssize)len);
    return pass->decided || pass->head->len < strlen(NO_ROWS) || decide(pass);
}

/* ---- held ---- */

/* The number that begins at `at`, no further than `end`. */
static size_t number_length(const char *at, const char *end, bool *ret_exact)
{
    size_t n = 0;
    *ret_exact = true;
    while (at + n < end && (g_ascii_isdigit(at[n]) || strchr("+-.eE", at[n]) != NULL)) {
        *ret_exact = *ret_exact && strchr(".eE", at[n]) == NULL;
        n++;
    }
    *ret_exact = *ret_exact && n < 19; /* 18 digits fit 64 bits with any sign */
    return n;
}

char *cli_exact_numbers(const char *json, size_t len)
{
    GString *out = g_string_sized_new(len + len / 8);
    bool quoted = false;
    for (const char *at = json, *end = json + len; at < end;) {
        bool exact = true;
        size_t n = 1;
        if (quoted && *at == '\\' && at + 1 < end) {
            n = 2;
        } else if (*at == '"') {
            quoted = !quoted;
        } else if (!quoted && (*at == '-' || g_ascii_isdigit(*at))) {
            n = number_length(at, end, &exact);
        }
        g_string_append(out, exact ? "" : "\"");
        g_string_append_len(out, at, (gssize)n);
        g_string_append(out, exact ? "" : "\"");
        at += n;
    }
    return g_string_free(out, FALSE);
}

static bool on_text(void *user, const void *data, size_t len)
{
    g_string_append_len(user, data, (gssize)len);
    return true;
}

static json_t *fetch(CliContext *ctx, json_t *body, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (!cli_call_stream(ctx, "POST", "/api/v1/query?format=json", body, "application/json", on_text, text,
                         error)) {
        return NULL;
    }
    g_autofree char *exact = cli_exact_numbers(text->str, text->len);
    return base_json_parse(exact, strlen(exact), error);
}

static bool is_number_type(const char *type)
{
    static const char *const STARTS[] = {"TINYINT",  "SMALLINT",  "INT",     "BIGINT",  "HUGEINT",
                                         "UTINYINT", "USMALLINT", "UINT",    "UBIGINT", "FLOAT",
                                         "DOUBLE",   "DECIMAL",   "UHUGEINT"};
    size_t len = strlen(type);
    for (size_t i = 0; i < G_N_ELEMENTS(STARTS); i++) {
        if (g_ascii_strncasecmp(type, STARTS[i], strlen(STARTS[i])) == 0 &&
            (len == 0 || type[len - 1] != ']') && g_ascii_strncasecmp(type, "INTERVAL", 8) != 0) {
            return true;
        }
    }
    return false;
}

static void print_vertical(const json_t *columns, const json_t *rows)
{
    size_t width = 0;
    for (size_t i = 0; i < json_array_size(columns); i++) {
        width = MAX(width, base_text_width(base_json_string(json_array_get(columns, i), "name", "")));
    }
    for (size_t row = 0; row < json_array_size(rows); row++) {
        printf("*************************** %zu ***************************\n", row + 1);
        for (size_t i = 0; i < json_array_size(columns); i++) {
            const char *name = base_json_string(json_array_get(columns, i), "name", "");
            g_autofree char *text = cli_json_cell(json_array_get(json_array_get(rows, row), i));
            printf("%*s%s: %s\n", (int)(width - base_text_width(name)), "", name,
                   text == NULL ? "NULL" : text);
        }
    }
}

static void print_table(const json_t *columns, const json_t *rows, CliRows format)
{
    g_autoptr(BaseTable) table = base_table_new();
    size_t n = json_array_size(columns);
    for (size_t i = 0; i < n; i++) {
        const json_t *column = json_array_get(columns, i);
        base_table_column(table, base_json_string(column, "name", ""),
                          is_number_type(base_json_string(column, "type", "")));
    }
    for (size_t row = 0; row < json_array_size(rows); row++) {
        for (size_t i = 0; i < n; i++) {
            g_autofree char *text = cli_json_cell(json_array_get(json_array_get(rows, row), i));
            base_table_cell(table, text);
        }
    }
    bool terminal = isatty(STDOUT_FILENO) == 1;
    base_table_print(table, stdout, format == CLI_ROWS_MARKDOWN ? BASE_TABLE_MARKDOWN : BASE_TABLE_BOX,
                     terminal ? base_term_columns() : 0);
}

static void tell_rows(const CliContext *ctx, const json_t *answer, gint64 elapsed_us, bool timing)
{
    g_autofree char *time = base_text_from_duration(elapsed_us);
    bool has_rows = json_object_get(answer, "columns") != NULL;
    gint64 n = has_rows ? base_json_int(answer, "row_count",
                                        (gint64)json_array_size(json_object_get(answer, "rows")))
                        : base_json_int(answer, "changed", 0);
    g_autofree char *count = has_rows ? cli_count(n, "row", "rows", "行")
                                      : cli_count(n, "row changed", "rows changed", "行已更改");
    bool more = base_json_bool(answer, "truncated", false);
    if (timing || !has_rows || more) {
        cli_say(ctx, "%s%s%s%s", count,
                more ? base_tr(" shown, there are more: use -f csv", "，还有更多：请用 -f csv") : "",
                timing ? "  " : "", timing ? time : "");
    }
}

static bool run_through(CliContext *ctx, json_t *body, CliRows format, GError **error)
{
    static const char *const WORDS[] = {[CLI_ROWS_JSON] = "json",
                                        [CLI_ROWS_NDJSON] = "ndjson",
                                        [CLI_ROWS_CSV] = "csv",
                                        [CLI_ROWS_TSV] = "csv"};
    static const char *const TYPES[] = {[CLI_ROWS_JSON] = "application/json",
                                        [CLI_ROWS_NDJSON] = "application/x-ndjson",
                                        [CLI_ROWS_CSV] = "text/csv",
                                        [CLI_ROWS_TSV] = "text/csv"};
    g_autofree char *path = g_strconcat("/api/v1/query?format=", WORDS[format], NULL);
    bool csv = format == CLI_ROWS_CSV || format == CLI_ROWS_TSV;
    g_autoptr(GString) head = g_string_new(NULL);
    Pass pass = {.tsv = format == CLI_ROWS_TSV, .state = CSV_START, .head = head, .decided = !csv};
    bool ok = cli_call_stream(ctx, "POST", path, body, TYPES[format], on_bytes, &pass, error);
    ok = ok && (pass.decided || decide(&pass));
    if (ok && pass.is_json) {
        g_autoptr(json_t) answer = base_json_parse(head->str, head->len, error);
        if (answer == NULL) {
            return false;
        }
        tell_rows(ctx, answer, 0, false);
    }
    if (ok && format == CLI_ROWS_JSON) {
        putchar('\n');
    }
    return ok;
}

static bool run_held(CliContext *ctx, json_t *body, CliRows format, bool timing, GError **error)
{
    gint64 begin = base_time_monotonic_us();
    g_autoptr(json_t) answer = fetch(ctx, body, error);
    if (answer == NULL) {
        return false;
    }
    const json_t *columns = json_object_get(answer, "columns");
    const json_t *rows = json_object_get(answer, "rows");
    if (columns != NULL && format == CLI_ROWS_VERTICAL) {
        print_vertical(columns, rows);
    } else if (columns != NULL) {
        print_table(columns, rows, format);
    }
    fflush(stdout);
    tell_rows(ctx, answer, base_time_monotonic_us() - begin, timing);
    return true;
}

bool cli_rows_run(CliContext *ctx, const char *sql, const char *database, CliRows format, gint64 max_rows,
                  bool timing, GError **error)
{
    g_autoptr(json_t) body = json_object();
    base_json_set_string(body, "sql", sql);
    if (cli_text(ctx, "env") != NULL) {
        base_json_set_string(body, "env", cli_text(ctx, "env"));
    }
    if (database != NULL) {
        base_json_set_string(body, "database", database);
    }
    bool held = format == CLI_ROWS_TABLE || format == CLI_ROWS_MARKDOWN || format == CLI_ROWS_VERTICAL;
    if (held && (max_rows == 0 || max_rows > ROWS_TABLE_MAX)) {
        max_rows = ROWS_TABLE_MAX;
    }
    if (max_rows > 0) {
        base_json_set_int(body, "max_rows", max_rows);
    }
    return held ? run_held(ctx, body, format, timing, error) : run_through(ctx, body, format, error);
}
