/* Sections as files: CSV (RFC 4180, UTF-8 with a mark so that spreadsheets read it as such) and XLSX. */
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/fs.h"
#include "report/report_int.h"

#define XLSX_SHEET_NAME_CHARS 31
#define XLSX_EXACT_DIGITS     15 /* a cell is a double: longer numbers are written as text */

static void append_csv(GString *out, const char *text)
{
    if (!strpbrk(text, "\",\r\n")) {
        g_string_append(out, text);
        return;
    }
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p++) {
        g_string_append_c(out, *p);
        if (*p == '"') {
            g_string_append_c(out, '"');
        }
    }
    g_string_append_c(out, '"');
}

GBytes *report_csv(const ReportSection *section)
{
    GString *out = g_string_new("\xEF\xBB\xBF");
    for (guint c = 0; c < section->columns->len; c++) {
        g_string_append(out, c ? "," : "");
        append_csv(out, ((const ReportColumn *)section->columns->pdata[c])->name);
    }
    g_string_append(out, "\r\n");
    for (guint r = 0; r < section->rows->len; r++) {
        const GPtrArray *row = section->rows->pdata[r];
        for (guint c = 0; c < section->columns->len; c++) {
            g_string_append(out, c ? "," : "");
            append_csv(out, row->pdata[c] ? row->pdata[c] : "");
        }
        g_string_append(out, "\r\n");
    }
    return g_string_free_to_bytes(out);
}

/* ---- XLSX -------------------------------------------------------------------------------------------------
 */

static size_t count_digits(const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        n += g_ascii_isdigit(*text) ? 1 : 0;
    }
    return n;
}

static lxw_error write_cell(lxw_worksheet *sheet, guint r, guint c, const char *text, bool number)
{
    if (!text) {
        return LXW_NO_ERROR;
    }
    bool exact = number && count_digits(text) <= XLSX_EXACT_DIGITS;
    return exact ? worksheet_write_number(sheet, r, (lxw_col_t)c, g_ascii_strtod(text, NULL), NULL)
                 : worksheet_write_string(sheet, r, (lxw_col_t)c, text, NULL);
}

/* A name that a sheet may have: at most 31 characters, none of []:*?/\ and not used yet. */
static char *sheet_name(const ReportSection *section, guint i)
{
    g_autofree char *number = g_strdup_printf("%u ", i + 1);
    g_autofree char *whole = g_strconcat(number, section->title ? section->title : "", NULL);
    g_strdelimit(whole, "[]:*?/\\'", ' ');
    return g_utf8_substring(whole, 0, MIN(g_utf8_strlen(whole, -1), XLSX_SHEET_NAME_CHARS));
}

static lxw_error write_section(lxw_workbook *book, const ReportSection *section, guint i)
{
    g_autofree char *name = sheet_name(section, i);
    lxw_worksheet *sheet = workbook_add_worksheet(book, name);
    lxw_error status = sheet ? LXW_NO_ERROR : LXW_ERROR_MEMORY_MALLOC_FAILED;
    for (guint c = 0; !status && c < section->columns->len; c++) {
        status = write_cell(sheet, 0, c, ((const ReportColumn *)section->columns->pdata[c])->name, false);
    }
    for (guint r = 0; r < section->rows->len; r++) {
        const GPtrArray *row = section->rows->pdata[r];
        for (guint c = 0; !status && c < section->columns->len; c++) {
            status = write_cell(sheet, r + 1, c, row->pdata[c],
                                ((const ReportColumn *)section->columns->pdata[c])->is_number);
        }
    }
    return status;
}

/* The library writes files only: one that nobody else can name in time, removed again. */
GBytes *report_xlsx(const GPtrArray *sections, GError **error)
{
    g_autofree char *folder = g_dir_make_tmp("weir-report-XXXXXX", error);
    if (!folder) {
        return NULL;
    }
    g_autofree char *path = g_build_filename(folder, "report.xlsx", NULL);
    lxw_workbook_options options = {.constant_memory = LXW_FALSE, .tmpdir = folder, .use_zip64 = LXW_TRUE};
    lxw_workbook *book = workbook_new_opt(path, &options);
    lxw_error status = book ? LXW_NO_ERROR : LXW_ERROR_MEMORY_MALLOC_FAILED;
    for (guint i = 0; !status && i < sections->len; i++) {
        const ReportSection *section = sections->pdata[i];
        status = section->text ? LXW_NO_ERROR : write_section(book, section, i);
    }
    lxw_error closed = book ? workbook_close(book) : status; /* frees it, whatever came of it */
    status = status ? status : closed;
    char *bytes = NULL;
    gsize len = 0;
    bool ok = !status && g_file_get_contents(path, &bytes, &len, error);
    if (status) {
        base_fail(error, BASE_E_FILE_IO, "the workbook could not be written: %s", lxw_strerror(status));
    }
    (void)unlink(path); /* the folder is ours: what is left is told by rmdir's owner, the system's cleaner */
    (void)rmdir(folder);
    return ok ? g_bytes_new_take(bytes, len) : NULL;
}
