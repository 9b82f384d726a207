/* Terminal: tables, progress, colour, language. For cli and the first screen of the server. */
#ifndef WEIR_BASE_TERM_H
#define WEIR_BASE_TERM_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

bool base_term_color(FILE *out); /* a terminal, and NO_COLOR / CLICOLOR_FORCE allow it */
unsigned base_term_columns(void);

/* "zh" or "en": set once by the program from --lang, WEIR_LANG, LC_ALL, LC_MESSAGES, LANG. */
void base_lang_set(const char *lang);
const char *base_lang(void);
/* base_tr("Loads", "导入"): the text of the language in use. Both may be formats; the compiler checks both.
 */
const char *base_tr(const char *en, const char *zh) G_GNUC_FORMAT(1) G_GNUC_FORMAT(2);

/* Tables of text with East-Asian width. */
typedef enum {
    BASE_TABLE_BOX,
    BASE_TABLE_PLAIN,
    BASE_TABLE_MARKDOWN,
    BASE_TABLE_CSV,
    BASE_TABLE_TSV
} BaseTableStyle;
typedef struct BaseTable BaseTable;
BaseTable *base_table_new(void);
void base_table_free(BaseTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseTable, base_table_free)
void base_table_column(BaseTable *table, const char *title, bool right);
/* NULL is shown as NULL (dim) in BOX, empty in CSV. Copies. */
void base_table_cell(BaseTable *table, const char *text);
/* max_columns 0 = as wide as needed; wider cells are cut with "…" (BOX, PLAIN). */
void base_table_print(const BaseTable *table, FILE *out, BaseTableStyle style, unsigned max_columns);

/* Progress on stderr: a bar on a terminal, a line each 10 s elsewhere, nothing when quiet. */
typedef struct BaseProgress BaseProgress;
BaseProgress *base_progress_new(const char *title, bool quiet);
void base_progress_set(BaseProgress *progress, gint64 done, gint64 total, const char *what);
/* One finished line: "  ✔ title   what   3.4s". */
void base_progress_done(BaseProgress *progress, bool ok, const char *what);
void base_progress_free(BaseProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseProgress, base_progress_free)

#endif
