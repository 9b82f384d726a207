/* Tables of text: box and plain for people (East-Asian width), Markdown, CSV (RFC 4180) and TSV for programs.
 */
#include "base/term.h"
#include "base/text.h"

#define TABLE_MIN_WIDTH 3 /* a column is not squeezed below this */

typedef struct {
    char *title;
    bool right;
} Column;

struct BaseTable {
    GArray *columns;  /* Column */
    GPtrArray *cells; /* row after row; NULL is NULL */
};

static void column_clear(gpointer data)
{
    g_free(((Column *)data)->title);
}

BaseTable *base_table_new(void)
{
    BaseTable *table = g_new0(BaseTable, 1);
    table->columns = g_array_new(FALSE, FALSE, sizeof(Column));
    g_array_set_clear_func(table->columns, column_clear);
    table->cells = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void base_table_free(BaseTable *table)
{
    if (table != NULL) {
        g_array_unref(table->columns);
        g_ptr_array_unref(table->cells);
        g_free(table);
    }
}

void base_table_column(BaseTable *table, const char *title, bool right)
{
    Column column = {g_strdup(title), right};
    g_array_append_val(table->columns, column);
}

void base_table_cell(BaseTable *table, const char *text)
{
    g_ptr_array_add(table->cells, g_strdup(text));
}

static guint n_rows(const BaseTable *table)
{
    return table->columns->len == 0 ? 0 : table->cells->len / table->columns->len;
}

static const char *cell(const BaseTable *table, guint row, guint column)
{
    return g_ptr_array_index(table->cells, row * table->columns->len + column);
}

static const Column *column_at(const BaseTable *table, guint i)
{
    return &g_array_index(table->columns, Column, i);
}

/* ---- for people ---- */

/* Control characters would break the lines of the box. */
static char *one_line(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n') {
            g_string_append(out, "↵");
        } else if (*c == '\t') {
            g_string_append_c(out, ' ');
        } else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            g_string_append_printf(out, "\\x%02x", (unsigned char)*c);
        } else {
            g_string_append_c(out, *c);
        }
    }
    return g_string_free(out, FALSE);
}

static size_t *natural_widths(const BaseTable *table)
{
    size_t *widths = g_new0(size_t, MAX(table->columns->len, 1));
    for (guint i = 0; i < table->columns->len; i++) {
        widths[i] = base_text_width(column_at(table, i)->title);
        for (guint row = 0; row < n_rows(table); row++) {
            const char *text = cell(table, row, i);
            g_autofree char *line = one_line(text == NULL ? "NULL" : text);
            widths[i] = MAX(widths[i], base_text_width(line));
        }
    }
    return widths;
}

/* Takes from the widest column until all fit. `between` is what stands around each cell. */
static void squeeze(size_t *widths, guint n, size_t between, size_t max)
{
    size_t total = 0;
    for (guint i = 0; i < n; i++) {
        total += widths[i] + between;
    }
    while (max > 0 && total > max) {
        guint widest = 0;
        size_t second = TABLE_MIN_WIDTH;
        for (guint i = 1; i < n; i++) {
            widest = widths[i] > widths[widest] ? i : widest;
        }
        for (guint i = 0; i < n; i++) {
            second = i != widest && widths[i] > second ? widths[i] : second;
        }
        if (widths[widest] <= TABLE_MIN_WIDTH) {
            return;
        }
        size_t cut = MAX(widths[widest] - MIN(second, widths[widest]), 1);
        cut = MIN(MIN(cut, total - max), widths[widest] - TABLE_MIN_WIDTH);
        widths[widest] -= cut;
        total -= cut;
    }
}

static void print_padded(FILE *out, const char *text, size_t width, bool right, const char *before,
                         const char *after)
{
    g_autofree char *line = one_line(text);
    g_autofree char *shown = base_text_fit(line, width);
    size_t used = base_text_width(shown);
    int pad = (int)(width > used ? width - used : 0);
    fprintf(out, "%*s%s%s%s%*s", right ? pad : 0, "", before, shown, after, right ? 0 : pad, "");
}

static void print_rule(FILE *out, const size_t *widths, guint n, const char *left, const char *mid,
                       const char *right)
{
    fputs(left, out);
    for (guint i = 0; i < n; i++) {
        for (size_t k = 0; k < widths[i] + 2; k++) {
            fputs("─", out);
        }
        fputs(i + 1 < n ? mid : right, out);
    }
    fputc('\n', out);
}

static void print_box(const BaseTable *table, FILE *out, const size_t *widths)
{
    guint n = table->columns->len;
    bool color = base_term_color(out);
    print_rule(out, widths, n, "┌", "┬", "┐");
    for (guint i = 0; i < n; i++) {
        fputs("│ ", out);
        print_padded(out, column_at(table, i)->title, widths[i], column_at(table, i)->right,
                     color ? "\033[1m" : "", color ? "\033[0m" : "");
        fputc(' ', out);
    }
    fputs("│\n", out);
    print_rule(out, widths, n, "├", "┼", "┤");
    for (guint row = 0; row < n_rows(table); row++) {
        for (guint i = 0; i < n; i++) {
            const char *text = cell(table, row, i);
            bool dim = text == NULL && color;
            fputs("│ ", out);
            print_padded(out, text == NULL ? "NULL" : text, widths[i], column_at(table, i)->right,
                         dim ? "\033[2m" : "", dim ? "\033[0m" : "");
            fputc(' ', out);
        }
        fputs("│\n", out);
    }
    print_rule(out, widths, n, "└", "┴", "┘");
}

/* Columns apart by two blanks, no rules; the last column is not padded. */
static void print_plain_row(const BaseTable *table, FILE *out, const size_t *widths, guint row, bool titles,
                            bool bold)
{
    guint n = table->columns->len;
    GString *line = g_string_new(bold ? "\033[1m" : "");
    for (guint i = 0; i < n; i++) {
        const char *text = titles ? column_at(table, i)->title : cell(table, row, i);
        g_autofree char *clean = one_line(text == NULL ? "" : text);
        g_autofree char *shown = base_text_fit(clean, widths[i]);
        size_t used = base_text_width(shown);
        g_autofree char *pad = g_strnfill(widths[i] > used ? widths[i] - used : 0, ' ');
        bool right = column_at(table, i)->right;
        g_string_append_printf(line, "%s%s%s%s", i > 0 ? "  " : "", right ? pad : "", shown,
                               right ? "" : pad);
    }
    g_strchomp(line->str);
    fprintf(out, "%s%s\n", line->str, bold ? "\033[0m" : "");
    g_string_free(line, TRUE);
}

static void print_plain(const BaseTable *table, FILE *out, const size_t *widths)
{
    print_plain_row(table, out, widths, 0, true, base_term_color(out));
    for (guint row = 0; row < n_rows(table); row++) {
        print_plain_row(table, out, widths, row, false, false);
    }
}

/* ---- for programs ---- */

static void print_markdown_cell(FILE *out, const char *text)
{
    fputs(" ", out);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '|') {
            fputs("\\|", out);
        } else if (*c == '\n') {
            fputs("<br>", out);
        } else if (*c != '\r') {
            fputc(*c, out);
        }
    }
    fputs(" |", out);
}

static void print_markdown(const BaseTable *table, FILE *out)
{
    guint n = table->columns->len;
    fputc('|', out);
    for (guint i = 0; i < n; i++) {
        print_markdown_cell(out, column_at(table, i)->title);
    }
    fputs("\n|", out);
    for (guint i = 0; i < n; i++) {
        fputs(column_at(table, i)->right ? " ---: |" : " --- |", out);
    }
    fputc('\n', out);
    for (guint row = 0; row < n_rows(table); row++) {
        fputc('|', out);
        for (guint i = 0; i < n; i++) {
            const char *text = cell(table, row, i);
            print_markdown_cell(out, text == NULL ? "NULL" : text);
        }
        fputc('\n', out);
    }
}

/* NULL is empty, an empty text is "". */
static void print_csv_cell(FILE *out, const char *text)
{
    if (text == NULL) {
        return;
    }
    if (*text != '\0' && strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"') {
            fputc('"', out);
        }
        fputc(*c, out);
    }
    fputc('"', out);
}

/* As `mysql --batch`: escapes for what would break the line, \N for NULL. */
static void print_tsv_cell(FILE *out, const char *text)
{
    if (text == NULL) {
        fputs("\\N", out);
        return;
    }
    for (const char *c = text; *c != '\0'; c++) {
        const char *escape = *c == '\t' ? "\\t" : *c == '\n' ? "\\n" : *c == '\\' ? "\\\\" : NULL;
        if (escape != NULL) {
            fputs(escape, out);
        } else {
            fputc(*c, out);
        }
    }
}

static void print_delimited(const BaseTable *table, FILE *out, char separator,
                            void (*print)(FILE *, const char *))
{
    guint n = table->columns->len;
    for (guint i = 0; i < n; i++) {
        if (i > 0) {
            fputc(separator, out);
        }
        print(out, column_at(table, i)->title);
    }
    fputc('\n', out);
    for (guint row = 0; row < n_rows(table); row++) {
        for (guint i = 0; i < n; i++) {
            if (i > 0) {
                fputc(separator, out);
            }
            print(out, cell(table, row, i));
        }
        fputc('\n', out);
    }
}

void base_table_print(const BaseTable *table, FILE *out, BaseTableStyle style, unsigned max_columns)
{
    if (table->columns->len == 0) {
        return;
    }
    if (style == BASE_TABLE_MARKDOWN) {
        print_markdown(table, out);
    } else if (style == BASE_TABLE_CSV) {
        print_delimited(table, out, ',', print_csv_cell);
    } else if (style == BASE_TABLE_TSV) {
        print_delimited(table, out, '\t', print_tsv_cell);
    } else {
        bool box = style == BASE_TABLE_BOX;
        g_autofree size_t *widths = natural_widths(table);
        /* box: "│ " and " " around each cell and one "│" at the end; plain: two blanks between cells */
        size_t edge = box ? 1 : 0;
        size_t limit = max_columns == 0 ? 0 : MAX((size_t)max_columns - edge + (box ? 0 : 2), 1);
        squeeze(widths, table->columns->len, box ? 3 : 2, limit);
        if (box) {
            print_box(table, out, widths);
        } else {
            print_plain(table, out, widths);
        }
    }
}
