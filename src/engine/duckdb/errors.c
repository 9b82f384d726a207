/* The engine's errors as Weir's.
 *
 * Connections run with errors_as_json, so a message is usually
 *   [Parser Error: ]{"exception_type":"Binder","exception_message":"...","position":"7",
 *                    "error_subtype":"COLUMN_NOT_FOUND","errno":"28",...}
 * with the position as a byte offset into the statement. Where the library does not convert (opening,
 * appending), it is "Binder Error: ...", possibly with an excerpt "LINE 1: ..." and a caret. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "engine/duckdb/duckdb_int.h"

#define OFFERED "\nCandidate bindings: "

typedef struct {
    char *type;    /* "Binder" */
    char *text;    /* the message */
    char *subtype; /* "COLUMN_NOT_FOUND" or NULL */
    char *object;  /* "Table", "Scalar Function" or NULL */
    gint64 position;
    gint64 error_number;
} Message;

static void message_clear(Message *m)
{
    g_free(m->type);
    g_free(m->text);
    g_free(m->subtype);
    g_free(m->object);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Message, message_clear)

static gint64 number_of(const json_t *object, const char *key, gint64 fallback)
{
    gint64 value;
    const char *text = base_json_string(object, key, NULL);
    return text && base_text_to_int(text, 0, G_MAXINT64, &value) ? value : fallback;
}

static bool parse_json(const char *text, Message *m)
{
    const char *brace = strchr(text, '{');
    if (!brace || !strstr(brace, "\"exception_type\"")) {
        return false;
    }
    g_autoptr(json_t) object = base_json_parse(brace, strlen(brace), NULL);
    if (!object) {
        return false;
    }
    m->type = g_strdup(base_json_string(object, "exception_type", ""));
    m->text = g_strdup(base_json_string(object, "exception_message", ""));
    m->subtype = g_strdup(base_json_string(object, "error_subtype", NULL));
    m->object = g_strdup(base_json_string(object, "type", NULL));
    m->position = number_of(object, "position", -1);
    m->error_number = number_of(object, "errno", 0);
    return true;
}

/* "Binder Error: text\n\nLINE 1: ...\n   ^" */
static void parse_plain(const char *text, Message *m)
{
    const char *mark = strstr(text, " Error: ");
    if (mark && mark - text < 40 && !memchr(text, '\n', (size_t)(mark - text))) {
        m->type = g_strndup(text, (gsize)(mark - text));
        text = mark + strlen(" Error: ");
    } else {
        m->type = g_strdup("");
    }
    const char *excerpt = strstr(text, "\n\nLINE ");
    m->text = excerpt ? g_strndup(text, (gsize)(excerpt - text)) : g_strdup(text);
    m->position = -1;
    m->error_number = strstr(text, "No space left on device") ? ENOSPC : 0;
}

/* The names that the engine offers for an unknown one, without those that nobody is to know. */
static char *offer(const char *text)
{
    const char *offered = strstr(text, OFFERED);
    if (!offered) {
        return g_strdup(text);
    }
    g_autoptr(GString) out = g_string_new_len(text, offered - text);
    g_auto(GStrv) names = g_strsplit(offered + strlen(OFFERED), ", ", -1);
    const char *mark = OFFERED;
    for (size_t i = 0; names[i]; i++) {
        if (!strstr(names[i], "_weir_")) {
            g_string_append_printf(out, "%s%s", mark, names[i]);
            mark = ", ";
        }
    }
    return g_strdup(out->str);
}

static void message_parse(const char *text, Message *m)
{
    *m = (Message){0};
    if (!parse_json(text, m)) {
        parse_plain(text, m);
    }
    g_strchomp(m->text);
    char *full = m->text;
    m->text = offer(full);
    g_free(full);
}

char *engine_int_message(const char *message)
{
    g_auto(Message) m;
    message_parse(message ? message : "", &m);
    return m.type[0] ? g_strdup_printf("%s Error: %s", m.type, m.text) : g_strdup(m.text);
}

/* One row: exception type, a part of the message (or NULL for any), code. The first that fits counts. */
static const struct {
    const char *type, *part;
    BaseErrorCode code;
} codes[] = {
    {"Parser", NULL, BASE_E_SQL_SYNTAX},
    {"Syntax", NULL, BASE_E_SQL_SYNTAX},
    {"INTERRUPT", NULL, BASE_E_INTERRUPTED},
    {"Interrupt", NULL, BASE_E_INTERRUPTED},
    {"Out of Memory", "max_temp_directory_size", BASE_E_DISK_FULL},
    {"Out of Memory", NULL, BASE_E_MEMORY},
    {"Out of Range", NULL, BASE_E_VALUE_OUT_OF_RANGE},
    {"Conversion", "out of range", BASE_E_VALUE_OUT_OF_RANGE},
    {"Conversion", "DECIMAL", BASE_E_VALUE_OUT_OF_RANGE},
    {"Conversion", NULL, BASE_E_TYPE_MISMATCH},
    {"Mismatch Type", NULL, BASE_E_TYPE_MISMATCH},
    {"Decimal", NULL, BASE_E_VALUE_OUT_OF_RANGE},
    {"Catalog", "because schema", BASE_E_DATABASE_UNKNOWN},
    {"Catalog", "Schema with name", BASE_E_DATABASE_UNKNOWN},
    {"Catalog", "write-write conflict", BASE_E_CONFLICT},
    {"Binder", "Ambiguous reference", BASE_E_NAME_AMBIGUOUS},
    {"Binder", "does not have a column named", BASE_E_COLUMN_UNKNOWN},
    {"Binder", "not found in FROM clause", BASE_E_COLUMN_UNKNOWN},
    {"Binder", "Referenced table", BASE_E_TABLE_UNKNOWN},
    {"Binder", "must appear in the GROUP BY clause", BASE_E_GROUP_BY_MISSING},
    {"Constraint", "NOT NULL constraint failed", BASE_E_NULL_REFUSED},
    {"Permission", NULL, BASE_E_STATEMENT_REFUSED},
    {"Invalid Input", "configuration has been locked", BASE_E_STATEMENT_REFUSED},
    {"TransactionContext", "onflict", BASE_E_CONFLICT},
    {"TransactionContext", "altered", BASE_E_CONFLICT},
    {"TransactionContext", "PRIMARY KEY or UNIQUE", BASE_E_CONFLICT},
    {"TransactionContext", "Cannot CHECKPOINT", BASE_E_CONFLICT},
    {"TransactionContext", "Could not commit", BASE_E_SQL_FAILED},
    {"IO", "Could not set lock", BASE_E_DATA_LOCKED},
    {"IO", "Conflicting lock", BASE_E_DATA_LOCKED},
    {"IO", "not a valid DuckDB database file", BASE_E_DATA_DAMAGED},
    {"IO", "Corrupt", BASE_E_DATA_DAMAGED},
    {"IO", "newer version of DuckDB", BASE_E_FORMAT_NEWER},
    {"IO", "newer than", BASE_E_FORMAT_NEWER},
    {"Serialization", NULL, BASE_E_DATA_DAMAGED},
    {"INTERNAL", NULL, BASE_E_INTERNAL},
    {"FATAL", NULL, BASE_E_INTERNAL},
};

static BaseErrorCode code_of_missing(const char *object)
{
    if (strcmp(object, "Table") == 0 || strcmp(object, "View") == 0) {
        return BASE_E_TABLE_UNKNOWN;
    }
    if (strcmp(object, "Schema") == 0) {
        return BASE_E_DATABASE_UNKNOWN;
    }
    return g_str_has_suffix(object, "Function") ? BASE_E_FUNCTION_UNKNOWN : BASE_E_SQL_FAILED;
}

static BaseErrorCode code_of(const Message *m)
{
    if (m->error_number == ENOSPC || m->error_number == EDQUOT || m->error_number == EFBIG ||
        strstr(m->text, "No space left on device") || strstr(m->text, "File too large")) {
        return BASE_E_DISK_FULL;
    }
    if (strstr(m->text, "Cannot CHECKPOINT")) {
        return BASE_E_CONFLICT;
    }
    if (g_strcmp0(m->subtype, "COLUMN_NOT_FOUND") == 0) {
        return BASE_E_COLUMN_UNKNOWN;
    }
    if (g_strcmp0(m->subtype, "MISSING_ENTRY") == 0 && !strstr(m->text, "because schema")) {
        return code_of_missing(m->object ? m->object : "");
    }
    if (g_strcmp0(m->subtype, "ENTRY_ALREADY_EXISTS") == 0 &&
        (g_strcmp0(m->object, "Table") == 0 || g_strcmp0(m->object, "View") == 0)) {
        return BASE_E_TABLE_EXISTS;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (strcmp(codes[i].type, m->type) == 0 && (!codes[i].part || strstr(m->text, codes[i].part))) {
            return codes[i].code;
        }
    }
    return BASE_E_SQL_FAILED;
}

/* Fatal errors, and internal ones that the library answers by invalidating the database. */
static bool is_fatal(const Message *m)
{
    return strcmp(m->type, "FATAL") == 0 || strstr(m->text, "database has been invalidated") != NULL;
}

static void place(GError **error, const char *sql, gint64 position)
{
    if (!sql || position < 0 || (size_t)position > strlen(sql)) {
        return;
    }
    unsigned line = 1;
    const char *start = sql;
    for (const char *p = sql; p < sql + position; p++) {
        if (*p == '\n') {
            line++;
            start = p + 1;
        }
    }
    base_error_place(error, NULL, line, (unsigned)(sql + position - start) + 1);
}

/* An error of Weir's own that passed through the engine: "\001code\001message\001hint". */
static bool unpack(const Message *m, GError **error)
{
    const char *start = strchr(m->text, '\001');
    g_auto(GStrv) parts = start ? g_strsplit(start + 1, "\001", 3) : NULL;
    gint64 code;
    if (!parts || g_strv_length(parts) != 3 || !base_text_to_int(parts[0], 1000, 9999, &code) ||
        !base_error_info_of((BaseErrorCode)code)) {
        return false;
    }
    base_fail(error, (BaseErrorCode)code, "%s", parts[1]);
    if (parts[2][0]) {
        base_error_hint(error, "%s", parts[2]);
    }
    return true;
}

/* Names were looked up before the engine sees them: a table that it misses belongs to a definition, and has
 * not been made. What it suggests instead are names of its own. */
static bool fail_not_built(const Message *m, GError **error)
{
    static const char BEFORE[] = "Table with name ", AFTER[] = " does not exist!";
    const char *start = strstr(m->text, BEFORE);
    const char *name = start ? start + strlen(BEFORE) : NULL, *end = name ? strstr(name, AFTER) : NULL;
    if (!end || code_of(m) != BASE_E_TABLE_UNKNOWN) {
        return false;
    }
    base_fail(error, BASE_E_TABLE_UNKNOWN, "table `%.*s` is not there yet", (int)(end - name), name);
    base_error_hint(error, "a model has a table once it was built: weir run %.*s", (int)(end - name), name);
    return true;
}

bool engine_int_fail(Engine *engine, GError **error, const char *message, const char *sql)
{
    g_auto(Message) m;
    message_parse(message && message[0] ? message : "the engine gave no reason", &m);
    if (engine && is_fatal(&m)) {
        g_atomic_int_set(&engine->poisoned, 1);
    }
    if (unpack(&m, error)) {
        return false;
    }
    if (!fail_not_built(&m, error)) {
        base_fail(error, code_of(&m), "%s", m.text);
    }
    place(error, sql, m.position);
    if (is_fatal(&m)) {
        base_error_hint(error, "the engine must be opened again; nothing committed is lost");
    }
    return false;
}
