/* logfmt on stderr: one write(2) a line, so that lines of threads do not mix. */
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/time.h"

static const char *const LEVELS[] = {"error", "warn", "info", "debug"};
static gint current_level = BASE_LOG_INFO;

bool base_log_set_level(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(LEVELS); i++) {
        if (g_ascii_strcasecmp(LEVELS[i], name) == 0) {
            g_atomic_int_set(&current_level, (gint)i);
            return true;
        }
    }
    return false;
}

bool base_log_enabled(BaseLogLevel level)
{
    return (gint)level <= g_atomic_int_get(&current_level);
}

static bool needs_quotes(const char *value)
{
    if (*value == '\0') {
        return true;
    }
    for (const char *c = value; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '=' || *c == '\\' || *c == 0x7f) {
            return true;
        }
    }
    return false;
}

static void append_pair(GString *line, const char *key, const char *value)
{
    g_string_append_printf(line, " %s=", key);
    if (value == NULL) {
        g_string_append(line, "null");
    } else if (needs_quotes(value)) {
        base_json_append_string(line, value, strlen(value));
    } else {
        g_string_append(line, value);
    }
}

static GString *begin_line(BaseLogLevel level, const char *message)
{
    g_autofree char *now = base_time_format_iso(base_time_now_us());
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "time=%s level=%s", now, LEVELS[level]);
    append_pair(line, "msg", message);
    return line;
}

static void end_line(GString *line)
{
    g_string_append_c(line, '\n');
    const char *at = line->str;
    size_t left = line->len;
    while (left > 0) {
        ssize_t n = write(STDERR_FILENO, at, left);
        if (n < 0 && errno != EINTR) {
            break; /* nowhere to say it */
        }
        if (n > 0) {
            at += n;
            left -= (size_t)n;
        }
    }
    g_string_free(line, TRUE);
}

void base_log(BaseLogLevel level, const char *message, ...)
{
    if (!base_log_enabled(level)) {
        return;
    }
    GString *line = begin_line(level, message);
    va_list args;
    va_start(args, message);
    for (const char *key = va_arg(args, const char *); key != NULL; key = va_arg(args, const char *)) {
        append_pair(line, key, va_arg(args, const char *));
    }
    va_end(args);
    end_line(line);
}

void base_log_error(const char *what, const GError *error)
{
    if (!base_log_enabled(BASE_LOG_ERROR)) {
        return;
    }
    GString *line = begin_line(BASE_LOG_ERROR, what);
    g_string_append_printf(line, " code=W%d", (int)base_error_info(error)->code);
    append_pair(line, "error", error->message);
    unsigned row = 0;
    unsigned column = 0;
    const char *file = base_error_get_file(error, &row, &column);
    if (file != NULL) {
        g_autofree char *place = g_strdup_printf("%s:%u:%u", file, row, column);
        append_pair(line, "place", place);
    }
    if (base_error_get_hint(error) != NULL) {
        append_pair(line, "hint", base_error_get_hint(error));
    }
    if (base_error_get_not_done(error) != NULL) {
        append_pair(line, "not_done", base_error_get_not_done(error));
    }
    end_line(line);
}
