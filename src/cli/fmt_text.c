/* Tidying text where that cannot change a meaning: trailing blanks, CRLF, a final newline, blank lines at the
 * end. */
#include "base/diag.h"
#include "base/yaml.h"
#include "cli/cli_int.h"

/* ---- YAML ---- */

static void append_trimmed(GString *out, const char *line, size_t len)
{
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r')) {
        len--;
    }
    g_string_append_len(out, line, (gssize)len);
    g_string_append_c(out, '\n');
}

static void end_with_one_newline(GString *out)
{
    while (out->len > 1 && out->str[out->len - 1] == '\n' && out->str[out->len - 2] == '\n') {
        g_string_truncate(out, out->len - 1);
    }
    if (out->len == 1 && out->str[0] == '\n') {
        g_string_truncate(out, 0);
    }
}

static char *trim_lines(const char *text)
{
    GString *out = g_string_new(NULL);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        append_trimmed(out, text, len);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
    end_with_one_newline(out);
    return g_string_free(out, FALSE);
}

static json_t *meaning(const char *text)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseYaml) root = base_yaml_parse(text, strlen(text), NULL, 0, 0, diags);
    return root == NULL ? NULL : base_yaml_to_json(root);
}

/* Blanks at the end of a line count inside a block text (|), so the tidied file is read again and kept only
 * when it says the same. */
char *cli_fmt_yaml(const char *text)
{
    g_autofree char *tidy = trim_lines(text);
    g_autoptr(json_t) before = meaning(text);
    g_autoptr(json_t) after = meaning(tidy);
    bool same = before != NULL && after != NULL && json_equal(before, after);
    return same ? g_steal_pointer(&tidy) : g_strdup(text);
}

/* ---- SQL ---- */

typedef enum { SQL_PLAIN, SQL_SINGLE, SQL_DOUBLE, SQL_BACK, SQL_LINE, SQL_BLOCK, SQL_DOLLAR } SqlState;

typedef struct {
    SqlState state;
    char *tag; /* of SQL_DOLLAR: "$tag$" */
} SqlScan;

static size_t plain_step(SqlScan *scan, const char *at)
{
    size_t tag = 1 + strcspn(at + (*at == '\0' ? 0 : 1), "$ \t\n'\"();,");
    if (at[0] == '-' && at[1] == '-') {
        scan->state = SQL_LINE;
        return 2;
    }
    if (at[0] == '/' && at[1] == '*') {
        scan->state = SQL_BLOCK;
        return 2;
    }
    if (*at == '$' && at[tag] == '$' && !g_ascii_isdigit(at[1])) {
        g_free(scan->tag);
        scan->tag = g_strndup(at, tag + 1);
        scan->state = SQL_DOLLAR;
        return tag + 1;
    }
    scan->state = *at == '\'' ? SQL_SINGLE : *at == '"' ? SQL_DOUBLE : *at == '`' ? SQL_BACK : SQL_PLAIN;
    return 1;
}

static size_t step(SqlScan *scan, const char *at)
{
    static const char ENDS[] = {[SQL_SINGLE] = '\'', [SQL_DOUBLE] = '"', [SQL_BACK] = '`', [SQL_LINE] = '\n'};
    if (scan->state == SQL_PLAIN) {
        return plain_step(scan, at);
    }
    if (scan->state == SQL_BLOCK || scan->state == SQL_DOLLAR) {
        const char *mark = scan->state == SQL_BLOCK ? "*/" : scan->tag;
        if (g_str_has_prefix(at, mark)) {
            scan->state = SQL_PLAIN;
            return strlen(mark);
        }
        return 1;
    }
    if (*at == ENDS[scan->state]) {
        scan->state = SQL_PLAIN;
    }
    return 1;
}

/* Blanks before a line's end go, unless the line ends inside a quoted text. */
char *cli_fmt_sql(const char *text)
{
    SqlScan scan = {.state = SQL_PLAIN};
    GString *out = g_string_new(NULL);
    for (const char *at = text; *at != '\0';) {
        SqlState before = scan.state;
        if (*at == '\n' && (before == SQL_PLAIN || before == SQL_LINE || before == SQL_BLOCK)) {
            while (out->len > 0 && strchr(" \t\r", out->str[out->len - 1]) != NULL) {
                g_string_truncate(out, out->len - 1);
            }
        }
        size_t n = step(&scan, at);
        g_string_append_len(out, at, (gssize)n);
        at += n;
    }
    bool open = scan.state != SQL_PLAIN && scan.state != SQL_LINE;
    g_free(scan.tag);
    if (open) { /* a quote that does not end: not ours to touch */
        g_string_assign(out, text);
        return g_string_free(out, FALSE);
    }
    while (out->len > 0 && strchr(" \t\r\n", out->str[out->len - 1]) != NULL) {
        g_string_truncate(out, out->len - 1);
    }
    g_string_append(out, out->len > 0 ? "\n" : "");
    return g_string_free(out, FALSE);
}
