/* Where a finding stands in the project's files: the object, the column's line under it, or a word of its
 * SQL. */
#include "standard/standard_int.h"

#include <string.h>

typedef struct {
    const char *at, *end; /* one line without its end */
    unsigned number;
} Line;

static bool next_line(const char *text_end, Line *line)
{
    const char *at = line->at == NULL ? NULL : line->end + 1;
    if (at == NULL || at > text_end) {
        return false;
    }
    const char *newline = memchr(at, '\n', (size_t)(text_end - at));
    line->at = at;
    line->end = newline != NULL ? newline : text_end;
    line->number++;
    return at < text_end;
}

static Line line_at(const char *text, size_t len, unsigned number)
{
    const char *end = memchr(text, '\n', len);
    Line line = {.at = text, .end = end != NULL ? end : text + len, .number = 1};
    while (line.number < number && next_line(text + len, &line)) {
    }
    return line;
}

static bool is_word_char(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

static const char *find_word(const Line *line, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = line->at; at + len <= line->end; at++) {
        bool whole =
            (at == line->at || !is_word_char(at[-1])) && (at + len == line->end || !is_word_char(at[len]));
        if (whole && g_ascii_strncasecmp(at, word, len) == 0) {
            return at;
        }
    }
    return NULL;
}

static void set_place(StandardFinding *finding, const Line *line, const char *at, size_t len)
{
    finding->line = line->number;
    finding->column_no = (unsigned)(at - line->at) + 1;
    finding->end_column = finding->column_no + (unsigned)len;
}

static size_t indent(const Line *line)
{
    const char *at = line->at;
    while (at < line->end && (*at == ' ' || *at == '-')) {
        at++;
    }
    return (size_t)(at - line->at);
}

/* The line of `name: column` under the object, before the next object begins. */
static bool place_column(StandardFinding *finding, const char *text, size_t len)
{
    Line line = line_at(text, len, finding->line);
    bool sql = finding->at->model != NULL && g_str_has_suffix(finding->file, ".sql");
    size_t own = indent(&line);
    while (next_line(text + len, &line)) {
        bool next_object =
            !sql && indent(&line) <= own && find_word(&line, "name") != NULL && line.end > line.at;
        if (next_object) {
            return false;
        }
        const char *name = find_word(&line, "name");
        const char *at = name != NULL ? find_word(&line, finding->column->name) : NULL;
        if (at != NULL && at > name && at - name <= 8 && name[4] == ':') {
            set_place(finding, &line, at, strlen(finding->column->name));
            return true;
        }
        if (sql && line.number >= finding->at->model->sql_line) {
            break;
        }
    }
    return false;
}

static bool place_word(StandardFinding *finding, const char *word, const char *text, size_t len)
{
    Line line = line_at(text, len, finding->at->model != NULL ? finding->at->model->sql_line : finding->line);
    do {
        const char *at = find_word(&line, word);
        const char *comment = g_strstr_len(line.at, line.end - line.at, "--");
        if (at != NULL && (comment == NULL || at < comment)) {
            set_place(finding, &line, at, strlen(word));
            return true;
        }
    } while (next_line(text + len, &line));
    return false;
}

void standard_place(StandardRun *run, StandardFinding *finding)
{
    if (finding->at == NULL || finding->at->file == NULL) {
        return;
    }
    finding->file = g_strdup(finding->at->file);
    finding->line = MAX(finding->at->line, 1);
    finding->column_no = MAX(finding->at->column, 1);
    const char *word = finding->word != NULL   ? finding->word
                       : finding->from != NULL ? finding->from->name
                                               : NULL;
    if (finding->column == NULL && word == NULL) {
        return; /* it speaks of the object as a whole: no need to read the text */
    }
    size_t len = 0;
    const char *text = catalog_file_text(run->catalog->snapshot, finding->file, &len);
    if (text == NULL || (finding->column != NULL && place_column(finding, text, len))) {
        return;
    }
    if (word == NULL && finding->column != NULL && finding->at->model != NULL) {
        word = finding->column->name;
    }
    if (word != NULL) {
        place_word(finding, word, text, len);
    }
}
