/* Values into text: how statements that the engine does not plan (INSERT, SHOW, ...) take parameters. See
 * sql_int.h. */
#include <math.h>

#include "base/time.h"
#include "server/sql_int.h"

static void append_quoted(GString *out, const char *bytes, size_t len, bool backslash)
{
    g_string_append_c(out, '\'');
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\'' || (backslash && bytes[i] == '\\')) {
            g_string_append_c(out, bytes[i]);
        }
        g_string_append_c(out, bytes[i]);
    }
    g_string_append_c(out, '\'');
}

static void append_hex(GString *out, const char *bytes, size_t len, bool mysql)
{
    g_string_append(out, mysql ? "x'" : "from_hex('");
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(out, "%02x", (guint8)bytes[i]);
    }
    g_string_append(out, mysql ? "'" : "')");
}

static void append_time(GString *out, gint64 us)
{
    gint64 seconds = us / BASE_TIME_SECOND_US;
    g_string_append_printf(out, "'%02d:%02d:%02d.%06d'", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                           (int)(seconds % 60), (int)(us % BASE_TIME_SECOND_US));
}

static void append_real(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    if (isfinite(value)) {
        g_string_append(out, g_ascii_dtostr(text, sizeof text, value));
        if (!strpbrk(text, ".eE")) {
            g_string_append(out, "e0"); /* else it would be an integer or a decimal */
        }
    } else {
        g_string_append(out, "NULL");
    }
}

static bool append_value(GString *out, const EngineValue *value, bool mysql, bool backslash, GError **error)
{
    g_autofree char *text = NULL;
    switch (value->id) {
    case ENGINE_NULL:
        g_string_append(out, "NULL");
        return true;
    case ENGINE_BOOLEAN:
        g_string_append(out, value->boolean ? "TRUE" : "FALSE");
        return true;
    case ENGINE_INT8:
    case ENGINE_INT16:
    case ENGINE_INT32:
    case ENGINE_INT64:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, value->i64);
        return true;
    case ENGINE_UINT8:
    case ENGINE_UINT16:
    case ENGINE_UINT32:
    case ENGINE_UINT64:
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, value->u64);
        return true;
    case ENGINE_FLOAT:
    case ENGINE_DOUBLE:
        append_real(out, value->real);
        return true;
    case ENGINE_TEXT:
    case ENGINE_JSON:
    case ENGINE_DECIMAL:
        append_quoted(out, value->text.bytes, value->text.len, backslash);
        return true;
    case ENGINE_BLOB:
        append_hex(out, value->text.bytes, value->text.len, mysql);
        return true;
    case ENGINE_DATE:
        text = base_time_format(value->i64 * BASE_TIME_DAY_US, NULL);
        append_quoted(out, text, MIN(strlen(text), strcspn(text, " ")), false);
        return true;
    case ENGINE_TIME:
        append_time(out, value->i64);
        return true;
    case ENGINE_TIMESTAMP:
    case ENGINE_TIMESTAMP_TZ:
        text = base_time_format(value->i64, NULL);
        append_quoted(out, text, strlen(text), false);
        return true;
    default:
        return base_fail(error, BASE_E_REQUEST_INVALID, "a parameter of type %s cannot stand here",
                         engine_type_name(value->id));
    }
}

char *sql_inline_values(const SqlRun *run, GError **error)
{
    bool mysql = run->session->dialect == ENGINE_DIALECT_MYSQL;
    bool backslash =
        mysql && !strstr(server_session_variable(run->session, "sql_mode"), "NO_BACKSLASH_ESCAPES");
    g_autoptr(GString) out = g_string_new(NULL);
    size_t at = 0, next = 0;
    for (guint i = 0; i < run->tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(run->tokens, i);
        if (token->type != ENGINE_TOKEN_PARAM) {
            continue;
        }
        /* "$2" names its value, "?" takes the next one */
        guint64 number = token->text[0] == '$' ? g_ascii_strtoull(token->text + 1, NULL, 10) : ++next;
        if (number == 0 || number > run->n_values) {
            base_fail(error, BASE_E_REQUEST_INVALID, "no value for parameter `%s`: %zu were given",
                      token->text, run->n_values);
            return NULL;
        }
        /* The blanks keep "-?" and "LIMIT?" what they are. */
        g_string_append_len(out, run->sql + at, (gssize)(token->start - at));
        g_string_append_c(out, ' ');
        if (!append_value(out, &run->values[number - 1], mysql, backslash, error)) {
            return NULL;
        }
        g_string_append_c(out, ' ');
        at = token->end;
    }
    g_string_append(out, run->sql + at);
    return g_strdup(out->str);
}
