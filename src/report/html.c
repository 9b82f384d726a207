/* Sections as HTML that mail readers show (tables and inline styles only) and as plain text. */
#include <string.h>

#include "report/report_int.h"

char *report_html_escape(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        default:
            g_string_append_c(out, *p);
        }
    }
    return g_string_free(out, FALSE);
}

static void append_cell(GString *out, const char *tag, bool number, const char *text)
{
    g_autofree char *safe = report_html_escape(text ? text : "");
    g_string_append_printf(
        out, "<%s style=\"padding:4px 10px;border-bottom:1px solid #ddd;text-align:%s\">%s</%s>", tag,
        number ? "right" : "left", safe, tag);
}

static void append_table(GString *out, const ReportSection *section)
{
    g_string_append(out, "<table style=\"border-collapse:collapse;font:14px sans-serif\"><tr>");
    for (guint c = 0; c < section->columns->len; c++) {
        const ReportColumn *column = section->columns->pdata[c];
        append_cell(out, "th", column->is_number, column->name);
    }
    g_string_append(out, "</tr>");
    guint shown = MIN(section->rows->len, REPORT_MAX_HTML_ROWS);
    for (guint r = 0; r < shown; r++) {
        const GPtrArray *row = section->rows->pdata[r];
        g_string_append(out, "<tr>");
        for (guint c = 0; c < section->columns->len; c++) {
            append_cell(out, "td", ((const ReportColumn *)section->columns->pdata[c])->is_number,
                        row->pdata[c]);
        }
        g_string_append(out, "</tr>\n");
    }
    g_string_append(out, "</table>");
    if (section->rows->len > shown || section->truncated) {
        g_string_append_printf(out, "<p>%u / %u%s</p>", shown, section->rows->len,
                               section->truncated ? "+" : "");
    }
}

void report_html(GString *out, const ReportSection *section, const char *picture)
{
    if (section->title && *section->title) {
        g_autofree char *title = report_html_escape(section->title);
        g_string_append_printf(out, "<h3 style=\"font:bold 16px sans-serif\">%s</h3>", title);
    }
    if (picture) {
        g_string_append_printf(out, "<p><img src=\"cid:%s\" alt=\"\"></p>", picture);
    }
    if (section->text) {
        g_autofree char *text = report_html_escape(section->text);
        g_string_append_printf(out, "<p style=\"font:14px sans-serif;white-space:pre-line\">%s</p>", text);
    } else {
        append_table(out, section);
    }
}

void report_text(GString *out, const ReportSection *section)
{
    if (section->title && *section->title) {
        g_string_append_printf(out, "%s\n\n", section->title);
    }
    if (section->text) {
        g_string_append_printf(out, "%s\n\n", section->text);
        return;
    }
    for (guint c = 0; c < section->columns->len; c++) {
        g_string_append_printf(out, "%s%s", c ? "\t" : "",
                               ((const ReportColumn *)section->columns->pdata[c])->name);
    }
    g_string_append_c(out, '\n');
    for (guint r = 0; r < MIN(section->rows->len, REPORT_MAX_HTML_ROWS); r++) {
        const GPtrArray *row = section->rows->pdata[r];
        for (guint c = 0; c < section->columns->len; c++) {
            g_string_append_printf(out, "%s%s", c ? "\t" : "",
                                   row->pdata[c] ? (const char *)row->pdata[c] : "");
        }
        g_string_append_c(out, '\n');
    }
    g_string_append_c(out, '\n');
}
