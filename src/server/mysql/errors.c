/* Errors as MySQL clients know them: number, SQLSTATE, and the words that drivers and BI tools match with
 * patterns (Superset's for 1045, 1049, 1054, 1064, 1146 among them). */
#include "server/mysql/client_int.h"

#define MAX_MESSAGE_BYTES 4096u

/* The first "x" or `x` of an engine's message; NULL. Caller frees. */
static char *first_quoted(const char *message)
{
    const char *open = strpbrk(message, "\"`");
    const char *close = open ? strchr(open + 1, *open) : NULL;
    return close ? g_strndup(open + 1, (size_t)(close - open - 1)) : NULL;
}

/* "NOT NULL constraint failed: t.id" */
static char *reword_null(const char *message)
{
    const char *dot = strrchr(message, '.');
    return dot ? g_strdup_printf("Column '%s' cannot be null", dot + 1) : NULL;
}

static char *reword(const GError *error, const BaseErrorInfo *info)
{
    unsigned line = 0, column = 0;
    if (info->code == BASE_E_NULL_REFUSED) {
        return reword_null(error->message);
    }
    if (info->code == BASE_E_COLUMN_UNKNOWN && !g_str_has_prefix(error->message, "Unknown column")) {
        g_autofree char *name = first_quoted(error->message);
        return name ? g_strdup_printf("Unknown column '%s' in 'field list'", name) : NULL;
    }
    if (info->code == BASE_E_SQL_SYNTAX && !g_str_has_prefix(error->message, "You have an error")) {
        base_error_get_file(error, &line, &column);
        g_autofree char *near = first_quoted(error->message);
        return g_strdup_printf(
            "You have an error in your SQL syntax; check the manual that corresponds to your MySQL "
            "server version for the right syntax to use near '%s' at line %u (%s)",
            near ? near : "", MAX(line, 1), error->message);
    }
    return NULL;
}

/* At most `max` bytes, cut between characters. */
static void cut(GString *text, size_t max)
{
    if (text->len > max) {
        const char *end = g_utf8_find_prev_char(text->str, text->str + max);
        g_string_truncate(text, end ? (size_t)(end - text->str) : max);
    }
}

void mysql_put_error(MysqlClient *client, const GError *error)
{
    const BaseErrorInfo *info = base_error_info(error);
    g_autofree char *reworded = reword(error, info);
    g_autoptr(GString) text = g_string_new(reworded ? reworded : error->message);
    const char *hint = base_error_get_hint(error);
    const char *not_done = base_error_get_not_done(error);
    if (hint) {
        g_string_append_printf(text, ". Hint: %s", hint);
    }
    if (not_done) {
        g_string_append_printf(text, "%s %s", g_str_has_suffix(text->str, ".") ? "" : ".", not_done);
    }
    cut(text, MAX_MESSAGE_BYTES);
    mysql_put_err(&client->link.out, (guint16)info->mysql_errno, info->sqlstate, text->str);
}
