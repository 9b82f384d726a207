/* lint --fix: carries out edits that cannot change what data means: a key that is missing, the name of a
 * model's output column. Edits go from the end of a file to its start, so that places stay true; whoever
 * calls reads the project again and puts a file back when its definitions broke. */
#include "base/fs.h"
#include "cli/lint_int.h"

#define FILE_MAX_BYTES ((size_t)16 << 20)
#define FENCE          "-- ---"

typedef struct {
    GPtrArray *lines; /* char*, without line ends */
    char *path;
} File;

static void clear_file(File *file)
{
    g_clear_pointer(&file->lines, g_ptr_array_unref);
    g_clear_pointer(&file->path, g_free);
}

static bool read_file(const CliContext *ctx, const char *name, File *file, GError **error)
{
    file->path = g_build_filename(ctx->project, name, NULL);
    size_t len = 0;
    g_autofree char *text = base_fs_read(file->path, FILE_MAX_BYTES, &len, error);
    if (text == NULL) {
        return false;
    }
    file->lines = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) split = g_strsplit(text, "\n", -1);
    for (char **line = split; *line != NULL; line++) {
        g_ptr_array_add(file->lines, g_strdup(*line));
    }
    return true;
}

static bool write_file(const File *file, GError **error)
{
    g_ptr_array_add(file->lines, NULL);
    g_autofree char *text = g_strjoinv("\n", (char **)file->lines->pdata);
    return base_fs_write(file->path, text, strlen(text), 0644, error);
}

static char **line_of(const File *file, gint64 number)
{
    return number >= 1 && number <= (gint64)file->lines->len ? (char **)&file->lines->pdata[number - 1]
                                                             : NULL;
}

static bool is_word_char(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

/* Puts `with` in place of `len` bytes at `at` of a line. */
static void splice(char **line, size_t at, size_t len, const char *with)
{
    char *changed = g_strdup_printf("%.*s%s%s", (int)at, *line, with, *line + at + len);
    g_free(*line);
    *line = changed;
}

/* ---- a key ----------------------------------------------------------------------------------------------
 */

static size_t indent_of(const char *line)
{
    return strspn(line, " -");
}

/* In the header of a SQL file: an own line below the fence; a header is made where there is none. */
static bool set_in_sql(File *file, const char *key, const char *value)
{
    g_autofree char *own = g_strdup_printf("-- %s:", key);
    guint i = 0;
    bool header = file->lines->len > 0 && g_str_has_prefix(g_ptr_array_index(file->lines, 0), FENCE);
    for (i = 1; header && i < file->lines->len; i++) {
        char **line = (char **)&file->lines->pdata[i];
        if (g_str_has_prefix(*line, FENCE)) {
            break;
        }
        if (g_str_has_prefix(*line, own)) {
            g_free(*line);
            *line = g_strdup_printf("%s %s", own, value);
            return true;
        }
    }
    if (!header) {
        g_ptr_array_insert(file->lines, 0, g_strdup(FENCE));
        g_ptr_array_insert(file->lines, 1, g_strdup(FENCE));
    }
    g_ptr_array_insert(file->lines, 1, g_strdup_printf("%s %s", own, value));
    return true;
}

/* `- name: x` is followed by a line of its own, `- {name: x, ...}` gets the key inside. */
static bool set_in_yaml(File *file, gint64 number, const char *key, const char *value)
{
    char **line = line_of(file, number);
    if (line == NULL) {
        return false;
    }
    const char *brace = strchr(*line, '{');
    if (brace != NULL && brace == *line + indent_of(*line)) {
        g_autofree char *text = g_strdup_printf("%s: %s, ", key, value);
        splice(line, (size_t)(brace - *line) + 1, 0, text);
        return true;
    }
    size_t indent = indent_of(*line);
    g_autofree char *own = g_strdup_printf("%*s%s:", (int)indent, "", key);
    for (gint64 next = number + 1; line_of(file, next) != NULL; next++) {
        char **other = line_of(file, next);
        size_t deep = indent_of(*other);
        if (**other != '\0' && (deep < indent || (deep == indent && (*other)[deep - MIN(deep, 2)] == '-'))) {
            break;
        }
        if (g_str_has_prefix(*other, own)) {
            g_free(*other);
            *other = g_strdup_printf("%s %s", own, value);
            return true;
        }
    }
    g_ptr_array_insert(file->lines, (gint)number, g_strdup_printf("%s %s", own, value));
    return true;
}

/* Of a column: beside its name. */
static bool set_in_column(File *file, const json_t *finding, const char *key, const char *value)
{
    char **line = line_of(file, base_json_int(finding, "line", 0));
    gint64 end = base_json_int(finding, "end_column", 0) - 1;
    const char *brace = line != NULL ? strchr(*line, '{') : NULL;
    if (brace == NULL || end <= brace - *line || end > (gint64)strlen(*line)) {
        return false;
    }
    g_autofree char *text = g_strdup_printf(", %s: %s", key, value);
    splice(line, (size_t)end, 0, text);
    return true;
}

/* ---- a name ----------------------------------------------------------------------------------------------
 */

/* The position of `word` as a whole word behind `before` (such as "AS "), case folded; -1 = none. */
static gssize find_after(const char *line, const char *before, const char *word)
{
    size_t n = strlen(before);
    size_t len = strlen(word);
    for (const char *at = line; *at != '\0'; at++) {
        bool starts = at == line || !is_word_char(at[-1]);
        if (starts && g_ascii_strncasecmp(at, before, n) == 0 &&
            g_ascii_strncasecmp(at + n, word, len) == 0 && !is_word_char(at[n + len])) {
            return at + n - line;
        }
    }
    return -1;
}

/* The output alias and what the header says of it. A column that stands in the SQL without AS is left alone.
 */
static bool rename_column(File *file, const char *from, const char *to)
{
    gint64 body = 0;
    gssize at = -1;
    for (guint i = 0; i < file->lines->len && at < 0; i++) {
        const char *line = g_ptr_array_index(file->lines, i);
        at = g_str_has_prefix(line, "--") ? -1 : find_after(line, "AS ", from);
        body = i + 1;
    }
    if (at < 0) {
        return false;
    }
    splice(line_of(file, body), (size_t)at, strlen(from), to);
    for (guint i = 0; i < file->lines->len; i++) {
        char **line = (char **)&file->lines->pdata[i];
        gssize name = g_str_has_prefix(*line, "--") ? find_after(*line, "name: ", from) : -1;
        if (name >= 0) {
            splice(line, (size_t)name, strlen(from), to);
        }
    }
    return true;
}

/* ---- all of them
 * -------------------------------------------------------------------------------------------- */

/* The first text that is seen of a file is what it was. */
static void keep_before(const CliContext *ctx, const char *name, GHashTable *before)
{
    char *path = g_build_filename(ctx->project, name, NULL);
    size_t len = 0;
    char *text = g_hash_table_contains(before, path) ? NULL : base_fs_read(path, FILE_MAX_BYTES, &len, NULL);
    if (text != NULL) {
        g_hash_table_insert(before, path, text);
    } else {
        g_free(path);
    }
}

bool cli_lint_take_back(GHashTable *before, GError **error)
{
    GHashTableIter iter;
    gpointer path = NULL;
    gpointer text = NULL;
    g_hash_table_iter_init(&iter, before);
    while (g_hash_table_iter_next(&iter, &path, &text)) {
        if (!base_fs_write(path, text, strlen(text), 0644, error)) {
            return false;
        }
    }
    return true;
}

char *cli_lint_key(const json_t *finding)
{
    return g_strdup_printf("%s %s", base_json_string(finding, "rule", ""),
                           base_json_string(finding, "object", ""));
}

static bool carry_out(const CliContext *ctx, const json_t *finding, GHashTable *before, bool *ret_done,
                      GError **error)
{
    const json_t *edit = json_object_get(finding, "edit");
    const char *name = base_json_string(finding, "file", NULL);
    *ret_done = false;
    if (edit == NULL || name == NULL || json_object_get(finding, "waived") != NULL) {
        return true;
    }
    File file = {0};
    if (!read_file(ctx, name, &file, error)) {
        clear_file(&file);
        return false;
    }
    const char *key = base_json_string(edit, "key", "");
    const char *value = base_json_string(edit, "value", "");
    const char *column = strchr(base_json_string(finding, "object", ""), '.');
    bool sql = g_str_has_suffix(name, ".sql");
    if (strcmp(base_json_string(edit, "do", ""), "rename_column") == 0) {
        *ret_done =
            sql && column != NULL && rename_column(&file, column + 1, base_json_string(edit, "to", ""));
    } else if (column != NULL) {
        *ret_done = set_in_column(&file, finding, key, value);
    } else {
        *ret_done = sql ? set_in_sql(&file, key, value)
                        : set_in_yaml(&file, base_json_int(finding, "line", 0), key, value);
    }
    if (*ret_done) {
        keep_before(ctx, name, before);
    }
    bool ok = !*ret_done || write_file(&file, error);
    if (ok && *ret_done) {
        cli_say(ctx, base_tr("fixed %s %s in %s", "已修复 %s %s（%s）"),
                base_json_string(finding, "rule", ""), base_json_string(finding, "object", ""), name);
    }
    clear_file(&file);
    return ok;
}

bool cli_lint_fix(const CliContext *ctx, const json_t *findings, GHashTable *before, guint *ret_n,
                  GError **error)
{
    *ret_n = 0;
    for (size_t i = json_array_size(findings); i-- > 0;) {
        bool done = false;
        if (!carry_out(ctx, json_array_get(findings, i), before, &done, error)) {
            return false;
        }
        *ret_n += done ? 1 : 0;
    }
    return true;
}
