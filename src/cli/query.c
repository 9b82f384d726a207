/* query: one statement from the command line, a script from stdin, or the interactive mode. */
#include <unistd.h>

#include "base/text.h"
#include "cli/cli_int.h"

#define QUERY_MAX_SCRIPT_BYTES ((size_t)64 * 1024 * 1024)

/* ---- where a statement ends ---- */

/* The byte after a quoted text, comment or dollar-quoted text that begins at `at`; `at` itself when none does
 * there; NULL when it does not end in this text. */
static const char *skip_quoted(const char *at)
{
    if (*at == '\'' || *at == '"' || *at == '`') {
        for (const char *end = at + 1; *end != '\0'; end++) {
            if (*end == *at) {
                return end + 1; /* '' inside: the next quote begins again */
            }
        }
        return NULL;
    }
    if (at[0] == '-' && at[1] == '-') {
        const char *end = strchr(at, '\n');
        return end == NULL ? at + strlen(at) : end;
    }
    if (at[0] == '/' && at[1] == '*') {
        const char *end = strstr(at + 2, "*/");
        return end == NULL ? NULL : end + 2;
    }
    if (at[0] == '$') {
        size_t tag = 1 + strcspn(at + 1, "$ \t\n'\"();,");
        if (at[tag] == '$' && !g_ascii_isdigit(at[1])) {
            g_autofree char *mark = g_strndup(at, tag + 1);
            const char *end = strstr(at + tag + 1, mark);
            return end == NULL ? NULL : end + tag + 1;
        }
    }
    return at;
}

/* The ; or \G that ends the first statement of `text`; NULL when it does not end. */
static const char *find_end(const char *text)
{
    for (const char *at = text; *at != '\0';) {
        const char *after = skip_quoted(at);
        if (after == NULL) {
            return NULL;
        }
        if (after != at) {
            at = after;
            continue;
        }
        if (*at == ';' || (at[0] == '\\' && at[1] == 'G')) {
            return at;
        }
        at++;
    }
    return NULL;
}

bool cli_statement_ends(const char *text, bool *ret_vertical)
{
    const char *end = NULL;
    for (const char *at = find_end(text); at != NULL; at = find_end(at + 1 + (*at == '\\' ? 1 : 0))) {
        end = at;
    }
    *ret_vertical = end != NULL && *end == '\\';
    if (end == NULL) {
        return false;
    }
    end += *end == '\\' ? 2 : 1;
    return strspn(end, " \t\r\n") == strlen(end);
}

static bool is_empty(const char *text)
{
    for (const char *at = text; *at != '\0';) {
        const char *after = skip_quoted(at);
        bool comment = at[0] == '-' || at[0] == '/';
        if (after != NULL && after != at && comment) {
            at = after;
        } else if (g_ascii_isspace(*at)) {
            at++;
        } else {
            return false;
        }
    }
    return true;
}

GPtrArray *cli_split_statements(const char *text)
{
    GPtrArray *statements = g_ptr_array_new_with_free_func(g_free);
    while (*text != '\0') {
        const char *end = find_end(text);
        size_t len = end == NULL ? strlen(text) : (size_t)(end - text);
        g_autofree char *one = g_strndup(text, len);
        if (!is_empty(one)) {
            g_ptr_array_add(statements, g_strdup(g_strstrip(one)));
        }
        text += len + (end == NULL ? 0 : *end == '\\' ? 2 : 1);
    }
    return statements;
}

/* ---- the verb ---- */

static CliRows default_format(const CliContext *ctx)
{
    if (ctx->json) {
        return CLI_ROWS_JSON;
    }
    return isatty(STDOUT_FILENO) == 1 ? CLI_ROWS_TABLE : CLI_ROWS_TSV;
}

static int run_script(CliContext *ctx, const char *text, CliRows format, gint64 max_rows)
{
    g_autoptr(GPtrArray) statements = cli_split_statements(text);
    bool timing = cli_flag(ctx, "timing") || (isatty(STDOUT_FILENO) == 1 && statements->len == 1);
    for (guint i = 0; i < statements->len; i++) {
        GError *error = NULL;
        if (!cli_rows_run(ctx, g_ptr_array_index(statements, i), cli_text(ctx, "db"), format, max_rows,
                          timing, &error)) {
            fflush(stdout);
            return cli_fail(ctx, error);
        }
    }
    return CLI_EXIT_OK;
}

static char *read_stdin(GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[65536];
    for (size_t n = fread(buffer, 1, sizeof buffer, stdin); n > 0;
         n = fread(buffer, 1, sizeof buffer, stdin)) {
        g_string_append_len(text, buffer, (gssize)n);
        if (text->len > QUERY_MAX_SCRIPT_BYTES) {
            base_fail(error, BASE_E_FILE_TOO_LARGE, "the script is larger than %zu bytes",
                      QUERY_MAX_SCRIPT_BYTES);
            return NULL;
        }
    }
    return g_strdup(text->str);
}

int cli_verb_query(CliContext *ctx)
{
    GError *error = NULL;
    gint64 max_rows = 0;
    CliRows format = default_format(ctx);
    const char *word = cli_text(ctx, "output") != NULL ? cli_text(ctx, "output") : cli_text(ctx, "format");
    if (word != NULL && !cli_rows_by_name(word, &format)) {
        return cli_usage(ctx, "no format `%s`", word);
    }
    if (!cli_number(ctx, "max-rows", 1, G_MAXINT64, 0, &max_rows, &error)) {
        return cli_fail(ctx, error);
    }
    const char *sql = cli_word(ctx, 0);
    if (sql != NULL && strcmp(sql, "-") != 0) {
        return run_script(ctx, sql, format, max_rows);
    }
    if (sql == NULL && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) {
        return cli_repl(ctx, cli_text(ctx, "db"));
    }
    g_autofree char *script = read_stdin(&error);
    return script == NULL ? cli_fail(ctx, error) : run_script(ctx, script, format, max_rows);
}
