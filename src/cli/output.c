/* Output: results on stdout, remarks and errors on stderr. On a terminal tables are aligned and cut to its
 * width, in a pipe they are tab-separated. With --json an error is its problem object on stdout. */
#include <unistd.h>

#include "base/diag.h"
#include "base/text.h"
#include "cli/cli_int.h"
#include "engine/engine.h"

/* ---- errors ---- */

static BaseDiags *diags_of(const json_t *list)
{
    static const char *const WORDS[] = {"error", "warning", "note"};
    BaseDiags *diags = base_diags_new();
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        const BaseErrorInfo *info = base_error_info_by_name(base_json_string(one, "code", ""));
        BaseDiag *diag = base_diags_add(diags, info == NULL ? BASE_E_INTERNAL : info->code,
                                        base_json_string(one, "file", NULL),
                                        (unsigned)CLAMP(base_json_int(one, "line", 0), 0, G_MAXINT),
                                        (unsigned)CLAMP(base_json_int(one, "column", 0), 0, G_MAXINT), "%s",
                                        base_json_string(one, "message", ""));
        diag->rule = info == NULL ? g_strdup(base_json_string(one, "code", NULL)) : NULL;
        diag->end_column = (unsigned)CLAMP(base_json_int(one, "end_column", 0), 0, G_MAXINT);
        const char *severity = base_json_string(one, "severity", "error");
        for (size_t k = 0; k < G_N_ELEMENTS(WORDS); k++) {
            if (strcmp(severity, WORDS[k]) == 0) {
                diag->severity = (BaseDiagSeverity)k;
            }
        }
        const char *hint = base_json_string(one, "hint", NULL);
        if (hint != NULL) {
            base_diag_hint(diag, "%s", hint);
        }
    }
    return diags;
}

void cli_print_diagnostics(const CliContext *ctx, const json_t *diagnostics, FILE *out, const char *not_done)
{
    g_autoptr(BaseDiags) diags = diags_of(diagnostics);
    base_diags_sort(diags);
    base_diags_print(diags, out, ctx->project, base_term_color(out), not_done);
}

static void print_error(const GError *error)
{
    fflush(stdout);
    const BaseErrorInfo *info = base_error_info(error);
    bool color = base_term_color(stderr);
    unsigned line = 0;
    unsigned column = 0;
    const char *file = base_error_get_file(error, &line, &column);
    fprintf(stderr, "%serror[W%d]%s: %s\n", color ? "\033[1;31m" : "", (int)info->code,
            color ? "\033[0m" : "", error->message);
    if (file != NULL && line > 0) {
        fprintf(stderr, "  --> %s:%u:%u\n", file, line, MAX(column, 1));
    } else if (file != NULL) {
        fprintf(stderr, "  --> %s\n", file);
    } else if (line > 0) {
        fprintf(stderr, "  --> %s %u:%u\n", base_tr("line", "行"), line, MAX(column, 1));
    }
    if (base_error_get_hint(error) != NULL) {
        fprintf(stderr, "   = hint: %s\n", base_error_get_hint(error));
    }
    if (info->code != BASE_E_USAGE) {
        fprintf(stderr, "   = more: weir explain W%d\n", (int)info->code);
    }
    if (base_error_get_not_done(error) != NULL) {
        fprintf(stderr, "%s\n", base_error_get_not_done(error));
    }
}

int cli_fail(CliContext *ctx, GError *error)
{
    const json_t *diagnostics = json_object_get(ctx->problem, "diagnostics");
    int code = base_error_info(error)->exit_code;
    if (ctx->json) {
        g_autoptr(json_t) problem =
            ctx->problem != NULL ? json_incref(ctx->problem) : base_error_to_problem(error, base_lang());
        cli_print_json(problem);
    } else if (json_array_size(diagnostics) > 0) {
        const char *not_done = base_error_get_not_done(error);
        cli_print_diagnostics(ctx, diagnostics, stderr,
                              not_done != NULL ? not_done
                                               : base_tr("Nothing was changed.", "未做任何更改。"));
    } else {
        print_error(error);
    }
    g_error_free(error);
    return code;
}

char *cli_count(gint64 n, const char *one, const char *many, const char *zh)
{
    g_autofree char *number = base_text_from_count(n);
    return g_strdup_printf("%s %s", number, base_tr(n == 1 ? one : many, zh));
}

int cli_usage(CliContext *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    GError *error = NULL;
    base_fail(&error, BASE_E_USAGE, "%s", message);
    base_error_hint(&error, "weir %s%s%s", ctx->verb->name, *ctx->verb->words ? " " : "", ctx->verb->words);
    return cli_fail(ctx, error);
}

/* ---- remarks and questions ---- */

void cli_say(const CliContext *ctx, const char *format, ...)
{
    if (ctx->quiet) {
        return;
    }
    va_list args;
    fflush(stdout); /* a remark stands after the result that it is about, also in one pipe */
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

bool cli_confirm(const CliContext *ctx, const char *question, bool *ret_yes, GError **error)
{
    if (ctx->yes) {
        *ret_yes = true;
        return true;
    }
    if (ctx->no_input || isatty(STDIN_FILENO) != 1) {
        base_fail(
            error, BASE_E_USAGE,
            base_tr("this needs a yes, and nobody can be asked here", "此操作需要确认，但当前无法询问"));
        base_error_hint(error, base_tr("--yes says yes", "加 --yes 表示确认"));
        base_error_not_done(error, base_tr("Nothing was changed.", "未做任何更改。"));
        return false;
    }
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    char answer[16] = "";
    *ret_yes = fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
    return true;
}

/* ---- JSON ---- */

int cli_print_json(const json_t *value)
{
    g_autofree char *text = base_json_text_pretty(value);
    puts(text);
    return CLI_EXIT_OK;
}

char *cli_json_cell(const json_t *value)
{
    if (value == NULL || json_is_null(value)) {
        return NULL;
    }
    if (json_is_real(value)) {
        char text[ENGINE_NUMBER_MAX_BYTES];
        return g_strndup(text, (gsize)(engine_put_double(text, json_real_value(value)) - text));
    }
    return json_is_string(value) ? g_strdup(json_string_value(value)) : base_json_text(value);
}

/* ---- tables ---- */

char *cli_json_list(const json_t *list)
{
    GString *out = g_string_new(NULL);
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        g_autofree char *text = cli_json_cell(one);
        g_string_append_printf(out, "%s%s", i == 0 ? "" : ", ", text == NULL ? "" : text);
    }
    return g_string_free(out, FALSE);
}

static char *cell_text(const json_t *value, CliCell cell, bool terminal)
{
    if (json_is_array(value)) {
        return cli_json_list(value);
    }
    if (!terminal || !json_is_number(value) || cell == CLI_CELL_TEXT) {
        return cli_json_cell(value);
    }
    gint64 number = json_is_integer(value) ? json_integer_value(value) : (gint64)json_real_value(value);
    if (cell == CLI_CELL_COUNT) {
        return base_text_from_count(number);
    }
    return cell == CLI_CELL_BYTES ? base_text_from_bytes(number) : base_text_from_duration(number * 1000);
}

void cli_print_table(const json_t *list, const CliColumn *columns)
{
    bool terminal = isatty(STDOUT_FILENO) == 1;
    g_autoptr(BaseTable) table = base_table_new();
    for (const CliColumn *column = columns; column->key != NULL; column++) {
        base_table_column(table, base_tr(column->en, column->zh), column->cell != CLI_CELL_TEXT);
    }
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (list, i, row) {
        for (const CliColumn *column = columns; column->key != NULL; column++) {
            g_autofree char *text = cell_text(json_object_get(row, column->key), column->cell, terminal);
            base_table_cell(table, text == NULL ? "" : text);
        }
    }
    base_table_print(table, stdout, terminal ? BASE_TABLE_PLAIN : BASE_TABLE_TSV,
                     terminal ? base_term_columns() : 0);
}
