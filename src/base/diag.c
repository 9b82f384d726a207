/* Diagnostics: collected, sorted, and printed with the user's own line and a caret under it. */
#include "base/diag.h"

#include "base/fs.h"
#include "base/term.h"
#include "base/text.h"

#define DIAG_MAX_FILE_BYTES  ((size_t)16 * 1024 * 1024)
#define DIAG_MAX_SHOWN_BYTES 400 /* of a source line */

struct BaseDiags {
    GPtrArray *all;
};

static void diag_free(gpointer data)
{
    BaseDiag *diag = data;
    g_free(diag->file);
    g_free(diag->message);
    g_free(diag->hint);
    g_free(diag->rule);
    g_free(diag);
}

BaseDiags *base_diags_new(void)
{
    BaseDiags *diags = g_new0(BaseDiags, 1);
    diags->all = g_ptr_array_new_with_free_func(diag_free);
    return diags;
}

void base_diags_free(BaseDiags *diags)
{
    if (diags != NULL) {
        g_ptr_array_unref(diags->all);
        g_free(diags);
    }
}

static BaseDiag *add(BaseDiags *diags, BaseDiagSeverity severity, BaseErrorCode code, const char *file,
                     unsigned line, unsigned column)
{
    BaseDiag *diag = g_new0(BaseDiag, 1);
    diag->code = code;
    diag->severity = severity;
    diag->file = g_strdup(file);
    diag->line = line;
    diag->column = column;
    diag->end_column = column;
    g_ptr_array_add(diags->all, diag);
    return diag;
}

BaseDiag *base_diags_add(BaseDiags *diags, BaseErrorCode code, const char *file, unsigned line,
                         unsigned column, const char *format, ...)
{
    BaseDiag *diag = add(diags, BASE_DIAG_ERROR, code, file, line, column);
    va_list args;
    va_start(args, format);
    diag->message = g_strdup_vprintf(format, args);
    va_end(args);
    return diag;
}

BaseDiag *base_diags_warn(BaseDiags *diags, BaseErrorCode code, const char *file, unsigned line,
                          unsigned column, const char *format, ...)
{
    BaseDiag *diag = add(diags, BASE_DIAG_WARNING, code, file, line, column);
    va_list args;
    va_start(args, format);
    diag->message = g_strdup_vprintf(format, args);
    va_end(args);
    return diag;
}

void base_diag_hint(BaseDiag *diag, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *hint = g_strdup_vprintf(format, args);
    va_end(args);
    g_free(diag->hint);
    diag->hint = hint;
}

void base_diag_hint_nearest(BaseDiag *diag, const char *word, const char *const *names)
{
    const char *nearest = base_text_nearest(word, names);
    if (nearest != NULL) {
        base_diag_hint(diag, base_tr("did you mean `%s`?", "是否想写 `%s`？"), nearest);
    }
}

void base_diags_move(BaseDiags *from, BaseDiags *to)
{
    g_ptr_array_extend_and_steal(to->all, from->all);
    from->all = g_ptr_array_new_with_free_func(diag_free);
}

size_t base_diags_count(const BaseDiags *diags, BaseDiagSeverity severity)
{
    size_t n = 0;
    for (guint i = 0; i < diags->all->len; i++) {
        n += base_diags_get(diags, i)->severity == severity;
    }
    return n;
}

size_t base_diags_length(const BaseDiags *diags)
{
    return diags->all->len;
}

const BaseDiag *base_diags_get(const BaseDiags *diags, size_t i)
{
    return g_ptr_array_index(diags->all, i);
}

static int compare_unsigned(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int compare_diags(gconstpointer a, gconstpointer b)
{
    const BaseDiag *left = *(BaseDiag *const *)a;
    const BaseDiag *right = *(BaseDiag *const *)b;
    int order = g_strcmp0(left->file, right->file);
    order = order != 0 ? order : compare_unsigned(left->line, right->line);
    order = order != 0 ? order : compare_unsigned(left->column, right->column);
    order = order != 0 ? order : compare_unsigned(left->severity, right->severity);
    order = order != 0 ? order : compare_unsigned(left->code, right->code);
    return order != 0 ? order : strcmp(left->message, right->message);
}

void base_diags_sort(BaseDiags *diags)
{
    g_ptr_array_sort(diags->all, compare_diags);
}

/* ---- printing ---- */

typedef struct {
    const char *bold, *red, *yellow, *blue, *cyan, *end;
} Palette;

static const Palette COLORS = {"\033[1m", "\033[1;31m", "\033[1;33m", "\033[1;34m", "\033[36m", "\033[0m"};
static const Palette PLAIN = {"", "", "", "", "", ""};

/* The lines of the file shown last: diagnostics come sorted by file, so one is enough. */
typedef struct {
    const char *root;
    char *file;
    char **lines;
} Source;

static const char *source_line(Source *source, const char *file, unsigned line)
{
    if (file == NULL || line == 0) {
        return NULL;
    }
    if (g_strcmp0(source->file, file) != 0) {
        g_free(source->file);
        g_strfreev(source->lines);
        source->file = g_strdup(file);
        source->lines = NULL;
        g_autofree char *path = source->root == NULL || g_path_is_absolute(file)
                                    ? g_strdup(file)
                                    : g_build_filename(source->root, file, NULL);
        g_autofree char *text = base_fs_read(path, DIAG_MAX_FILE_BYTES, NULL, NULL);
        if (text != NULL) {
            source->lines = g_strsplit(text, "\n", -1);
        }
    }
    if (source->lines == NULL || line > g_strv_length(source->lines)) {
        return NULL;
    }
    return source->lines[line - 1];
}

/* Tabs as single blanks, so that the caret stands where the reader sees the byte. */
static char *show(const char *line, size_t len)
{
    g_autofree char *part = g_strndup(line, len);
    char *valid = g_utf8_make_valid(part, -1);
    g_strdelimit(valid, "\t\r", ' ');
    return valid;
}

static void print_caret(FILE *out, const BaseDiag *diag, const char *line, const char *gutter,
                        const Palette *p, const char *color)
{
    size_t len = MIN(strlen(line), DIAG_MAX_SHOWN_BYTES);
    size_t start = diag->column == 0 ? 0 : MIN((size_t)diag->column - 1, len);
    size_t end = diag->end_column > diag->column ? MIN((size_t)diag->end_column - 1, len) : start;
    g_autofree char *before = show(line, start);
    g_autofree char *marked = show(line + start, end - start);
    g_autofree char *spaces = g_strnfill(base_text_width(before), ' ');
    g_autofree char *carets = g_strnfill(MAX(base_text_width(marked), 1), '^');
    fprintf(out, "%s%s |%s %s%s%s%s\n", p->blue, gutter, p->end, spaces, color, carets, p->end);
}

static void print_source(FILE *out, const BaseDiag *diag, Source *source, const char *gutter,
                         const Palette *p, const char *color)
{
    const char *line = source_line(source, diag->file, diag->line);
    if (line == NULL) {
        return;
    }
    g_autofree char *shown = show(line, MIN(strlen(line), DIAG_MAX_SHOWN_BYTES));
    g_strchomp(shown);
    fprintf(out, "%s%s |%s\n", p->blue, gutter, p->end);
    fprintf(out, "%s%*u |%s %s\n", p->blue, (int)strlen(gutter), diag->line, p->end, shown);
    if (diag->column > 0) {
        print_caret(out, diag, line, gutter, p, color);
    }
}

static void print_one(FILE *out, const BaseDiag *diag, Source *source, const Palette *p)
{
    static const char *const WORDS[] = {"error", "warning", "note"};
    const char *color = diag->severity == BASE_DIAG_ERROR     ? p->red
                        : diag->severity == BASE_DIAG_WARNING ? p->yellow
                                                              : p->cyan;
    g_autofree char *number = g_strdup_printf("%u", diag->line);
    g_autofree char *gutter = g_strnfill(MAX(strlen(number), 4), ' ');
    g_autofree char *code =
        diag->rule != NULL ? g_strdup(diag->rule) : g_strdup_printf("W%d", (int)diag->code);
    fprintf(out, "%s%s[%s]%s%s: %s%s\n", color, WORDS[diag->severity], code, p->end, p->bold, diag->message,
            p->end);
    if (diag->file != NULL && diag->line > 0) {
        fprintf(out, "%.*s%s-->%s %s:%u:%u\n", (int)strlen(gutter) - 1, gutter, p->blue, p->end, diag->file,
                diag->line, MAX(diag->column, 1));
    } else if (diag->file != NULL) {
        fprintf(out, "%.*s%s-->%s %s\n", (int)strlen(gutter) - 1, gutter, p->blue, p->end, diag->file);
    }
    print_source(out, diag, source, gutter, p, color);
    if (diag->hint != NULL) {
        fprintf(out, "%s%s =%s hint: %s\n", p->blue, gutter, p->end, diag->hint);
    }
    fprintf(out, "%s%s =%s more: weir explain %s\n\n", p->blue, gutter, p->end, code);
}

static size_t count_files(const BaseDiags *diags, BaseDiagSeverity severity)
{
    g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < diags->all->len; i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        if (diag->severity == severity && diag->file != NULL) {
            g_hash_table_add(files, diag->file);
        }
    }
    return g_hash_table_size(files);
}

static char *summary(const BaseDiags *diags)
{
    size_t errors = base_diags_count(diags, BASE_DIAG_ERROR);
    size_t warnings = base_diags_count(diags, BASE_DIAG_WARNING);
    GString *text = g_string_new(NULL);
    if (errors > 0) {
        g_string_append_printf(text, "%zu error%s", errors, errors == 1 ? "" : "s");
    }
    if (warnings > 0) {
        g_string_append_printf(text, "%s%zu warning%s", errors > 0 ? ", " : "", warnings,
                               warnings == 1 ? "" : "s");
    }
    if (text->len == 0) {
        g_string_append(text, "no errors");
    }
    size_t files = count_files(diags, errors > 0 ? BASE_DIAG_ERROR : BASE_DIAG_WARNING);
    if (files > 0) {
        g_string_append_printf(text, " in %zu file%s", files, files == 1 ? "" : "s");
    }
    return g_string_free(text, FALSE);
}

void base_diags_print(const BaseDiags *diags, FILE *out, const char *root, bool color, const char *not_done)
{
    if (diags->all->len == 0) {
        return;
    }
    Source source = {.root = root, .file = NULL, .lines = NULL};
    for (guint i = 0; i < diags->all->len; i++) {
        print_one(out, base_diags_get(diags, i), &source, color ? &COLORS : &PLAIN);
    }
    g_free(source.file);
    g_strfreev(source.lines);
    g_autofree char *sum = summary(diags);
    fprintf(out, "%s%s%s%s\n", sum, not_done == NULL ? "" : ". ", not_done == NULL ? "" : not_done,
            not_done == NULL ? "." : "");
}

json_t *base_diags_to_json(const BaseDiags *diags)
{
    static const char *const WORDS[] = {"error", "warning", "note"};
    json_t *list = json_array();
    for (guint i = 0; i < diags->all->len; i++) {
        const BaseDiag *diag = base_diags_get(diags, i);
        g_autofree char *code = g_strdup_printf("W%d", (int)diag->code);
        json_t *one = json_object();
        base_json_set_string(one, "code", code);
        base_json_set_string(one, "severity", WORDS[diag->severity]);
        base_json_set_string(one, "file", diag->file);
        base_json_set_int(one, "line", diag->line);
        base_json_set_int(one, "column", diag->column);
        base_json_set_int(one, "end_column", diag->end_column);
        base_json_set_string(one, "message", diag->message);
        base_json_set_string(one, "hint", diag->hint);
        json_array_append_new(list, one);
    }
    return list;
}

bool base_diags_fail(const BaseDiags *diags, GError **error)
{
    g_autofree char *sum = summary(diags);
    return base_fail(error, BASE_E_DEFINITIONS_INVALID, "%s", sum);
}
