/* Variables of a session: SET, @@x, @x. The table of system variables is sysvars.c; a session keeps what it
 * changed. */
#include "base/text.h"
#include "base/time.h"
#include "server/sql_int.h"

#define MAX_VALUE_BYTES 65536u /* of one variable */

/* ---- reading
 * ------------------------------------------------------------------------------------------------ */

/* Variables whose value is a fact of the moment. NULL = none of them. Caller frees. */
static char *live_value(const ServerSession *session, const char *name)
{
    if (g_str_equal(name, "warning_count") || g_str_equal(name, "error_count")) {
        return g_strdup_printf("%u", session->warnings->len);
    }
    if (g_str_equal(name, "pseudo_thread_id")) {
        return g_strdup_printf("%u", session->id);
    }
    if (g_str_equal(name, "hostname")) {
        return g_strdup(g_get_host_name());
    }
    if (g_str_equal(name, "timestamp")) {
        gint64 now_us = base_time_now_us();
        return g_strdup_printf("%" G_GINT64_FORMAT ".%06d", now_us / BASE_TIME_SECOND_US,
                               (int)(now_us % BASE_TIME_SECOND_US));
    }
    return NULL;
}

const char *server_session_variable(const ServerSession *session, const char *name)
{
    if (g_str_equal(name, "system_time_zone")) { /* what time_zone = SYSTEM means */
        return catalog_project_timezone(session->snapshot);
    }
    if (g_str_equal(name, "weir_environment")) {
        return session->environment ? session->environment : "";
    }
    const char *own = g_hash_table_lookup(session->variables, name);
    const ServerSysvar *variable = own ? NULL : server_sysvar_find(name);
    return own ? own : variable ? variable->value : "";
}

static char *literal_of(const ServerSysvar *variable, const char *value)
{
    gint64 number = 0;
    double real = 0;
    switch (variable->type) {
    case SERVER_SYSVAR_BOOL:
        return g_strdup(g_ascii_strcasecmp(value, "ON") == 0 ? "1" : "0");
    case SERVER_SYSVAR_INT:
    case SERVER_SYSVAR_REAL:
        if (base_text_to_int(value, G_MININT64, G_MAXINT64, &number) || base_text_to_real(value, &real)) {
            return g_strdup(value);
        }
        break;
    case SERVER_SYSVAR_TEXT:
        break;
    }
    return engine_sql_text(value);
}

/* "@@session.x", "@@global.x", "@@x", "session.x" -> "x"; *ret_global may be NULL. */
static char *bare_name(const char *text, bool *ret_global)
{
    static const char *const SCOPES[] = {"session.", "local.", "global.", "persist.", "persist_only.", NULL};
    while (*text == '@') {
        text++;
    }
    bool global = false;
    for (const char *const *scope = SCOPES; *scope; scope++) {
        if (g_ascii_strncasecmp(text, *scope, strlen(*scope)) == 0) {
            text += strlen(*scope);
            global = **scope == 'g' || **scope == 'p';
            break;
        }
    }
    if (ret_global) {
        *ret_global = global;
    }
    g_auto(GStrv) quoted = g_strsplit(text, "`", -1);
    g_autofree char *plain = g_strjoinv("", quoted);
    return g_ascii_strdown(plain, -1);
}

static char *system_literal(ServerSession *session, const char *text, GError **error)
{
    bool global = false;
    g_autofree char *name = bare_name(text, &global);
    const ServerSysvar *variable = server_sysvar_find(name);
    if (!variable) {
        base_fail(error, BASE_E_VARIABLE_UNKNOWN, "Unknown system variable '%s'", name);
        return NULL;
    }
    g_autofree char *live = live_value(session, name);
    session->used_variable |= live != NULL;
    bool fixed = global && !g_str_equal(name, "system_time_zone");
    const char *value = live ? live : fixed ? variable->value : server_session_variable(session, name);
    return literal_of(variable, value);
}

static char *text_literal(const char *text)
{
    return text ? engine_sql_text(text) : g_strdup("NULL");
}

/* Functions that speak of the session. NULL without error = none of them. */
static char *session_function(ServerSession *session, const char *name)
{
    if (g_str_equal(name, "database") || g_str_equal(name, "schema")) {
        g_autofree char *of_environment =
            session->environment_by_use ? g_strdup_printf("%s__%s", session->database, session->environment)
                                        : NULL;
        return text_literal(of_environment ? of_environment : session->database);
    }
    if (g_str_equal(name, "connection_id")) {
        return g_strdup_printf("%u", session->id);
    }
    if (g_str_equal(name, "user") || g_str_equal(name, "session_user") || g_str_equal(name, "system_user") ||
        g_str_equal(name, "current_user")) {
        bool current = g_str_equal(name, "current_user");
        g_autofree char *who =
            g_strdup_printf("%s@%s", access_user_name(session->user), current ? "%" : session->host);
        return text_literal(who);
    }
    if (g_str_equal(name, "version")) {
        return text_literal(server_session_variable(session, "version"));
    }
    if (g_str_equal(name, "current_role")) {
        return text_literal("NONE");
    }
    if (g_str_equal(name, "found_rows")) {
        session->used_variable = true;
        return g_strdup_printf("%" G_GINT64_FORMAT, session->found_rows);
    }
    if (g_str_equal(name, "row_count")) {
        session->used_variable = true;
        return g_strdup_printf("%" G_GINT64_FORMAT, session->row_count);
    }
    return g_str_equal(name, "last_insert_id") ? g_strdup("0") : NULL;
}

char *session_variable_literal(const char *name, void *user, GError **error)
{
    ServerSession *session = user;
    if (g_str_has_prefix(name, "@@")) {
        return system_literal(session, name, error);
    }
    if (*name == '@') {
        g_autofree char *bare = bare_name(name, NULL);
        const char *literal = g_hash_table_lookup(session->user_variables, bare);
        return g_strdup(literal ? literal : "NULL");
    }
    size_t len = strlen(name); /* "database()" */
    g_autofree char *folded =
        g_ascii_strdown(name, g_str_has_suffix(name, "()") ? (gssize)len - 2 : (gssize)len);
    char *literal = session_function(session, folded);
    return literal ? literal : system_literal(session, folded, error);
}

gint64 session_own_timeout_us(const ServerSession *session)
{
    gint64 number = 0;
    const char *seconds = g_hash_table_lookup(session->variables, "query_timeout");
    return seconds && base_text_to_int(seconds, 1, G_MAXINT32, &number) ? number * BASE_TIME_SECOND_US : 0;
}

gint64 session_timeout_us(const ServerSession *session)
{
    gint64 own_us = session_own_timeout_us(session), number = 0;
    gint64 timeout_us =
        own_us ? own_us : base_config_int(server_app_config(session->app), BASE_CONFIG_QUERY_TIMEOUT);
    const char *ms = g_hash_table_lookup(session->variables, "max_execution_time");
    if (ms && base_text_to_int(ms, 1, G_MAXINT32, &number)) {
        timeout_us = MIN(timeout_us, number * 1000);
    }
    return timeout_us;
}

/* ---- writing
 * ------------------------------------------------------------------------------------------------- */

static bool fail_value(const char *name, const char *value, GError **error)
{
    return base_fail(error, BASE_E_CONFIG_INVALID, "Variable '%s' can't be set to the value of '%s'", name,
                     value);
}

/* The value as it is kept; NULL + error. Caller frees. */
static char *normal_value(const ServerSysvar *variable, const char *value, GError **error)
{
    static const char *const ON[] = {"on", "1", "true", "yes", NULL};
    static const char *const OFF[] = {"off", "0", "false", "no", NULL};
    g_autofree char *folded = g_ascii_strdown(value, -1);
    gint64 number = 0;
    double real = 0;
    switch (variable->type) {
    case SERVER_SYSVAR_BOOL:
        if (g_strv_contains(ON, folded)) {
            return g_strdup("ON");
        }
        if (g_strv_contains(OFF, folded)) {
            return g_strdup("OFF");
        }
        break;
    case SERVER_SYSVAR_INT:
        /* "18446744073709551615", the largest that MySQL takes, is more than any limit here */
        if (base_text_to_int(value, G_MININT64, G_MAXINT64, &number) ||
            g_str_equal(value, "18446744073709551615")) {
            return g_strdup(value);
        }
        break;
    case SERVER_SYSVAR_REAL:
        if (base_text_to_real(value, &real)) {
            return g_strdup(value);
        }
        break;
    case SERVER_SYSVAR_TEXT:
        return g_strdup(value);
    }
    fail_value(variable->name, value, error);
    return NULL;
}

static bool set_time_zone(ServerSession *session, const char *value, GError **error)
{
    const char *name =
        g_ascii_strcasecmp(value, "SYSTEM") == 0 ? catalog_project_timezone(session->snapshot) : value;
    GTimeZone *zone = base_time_zone(name, NULL);
    if (!zone) {
        return base_fail(error, BASE_E_TIMEZONE_UNKNOWN, "Unknown or incorrect time zone: '%s'", value);
    }
    g_time_zone_unref(session->zone);
    session->zone = zone;
    session->zone_set = false;
    session_drop_plans(session);
    return true;
}

bool session_set_variable(ServerSession *session, const char *name, const char *value, GError **error)
{
    const ServerSysvar *variable = server_sysvar_find(name);
    if (!variable) {
        return base_fail(error, BASE_E_VARIABLE_UNKNOWN, "Unknown system variable '%s'", name);
    }
    if (variable->read_only) {
        return base_fail(error, BASE_E_VARIABLE_READ_ONLY, "Variable '%s' is a read only variable", name);
    }
    if (g_str_equal(name, "weir_environment")) {
        return server_session_set_environment(session, value, error);
    }
    if (!value) { /* SET x = DEFAULT */
        g_hash_table_remove(session->variables, variable->name);
        return !g_str_equal(name, "time_zone") || set_time_zone(session, "SYSTEM", error);
    }
    if (strlen(value) > MAX_VALUE_BYTES) {
        return fail_value(name, "a longer text", error);
    }
    g_autofree char *kept = normal_value(variable, value, error);
    if (!kept || (g_str_equal(name, "time_zone") && !set_time_zone(session, kept, error))) {
        return false;
    }
    if (g_str_equal(name, "autocommit") && g_str_equal(kept, "ON") && !session_commit(session, error)) {
        return false;
    }
    g_hash_table_insert(session->variables, g_strdup(variable->name), g_steal_pointer(&kept));
    return true;
}

/* ---- SET
 * ------------------------------------------------------------------------------------------------------- */

/* The token after the expression at hand: the next comma outside brackets, or the end. */
static guint end_of_value(const SqlCursor *cursor)
{
    int depth = 0;
    SqlCursor at = *cursor;
    for (; !sql_at_end(&at); at.at++) {
        depth += sql_is(&at, "(") ? 1 : sql_is(&at, ")") ? -1 : 0;
        if (depth == 0 && sql_is(&at, ",")) {
            break;
        }
    }
    return at.at;
}

/* The value of an expression as text and as a literal; both caller's; text NULL = NULL. */
static bool evaluate(ServerSession *session, const char *expression, char **ret_text, char **ret_literal,
                     GError **error)
{
    g_autofree char *select = g_strconcat("SELECT ", expression, NULL);
    bool keep = false;
    g_autofree char *sql = session_rewrite(session, select, &keep, error);
    g_autoptr(EngineResult) result = sql ? engine_query(session->conn, sql, error) : NULL;
    GError *failure = NULL;
    EngineChunk *chunk = result ? engine_result_next(result, &failure) : NULL;
    if (!chunk) {
        if (failure) {
            g_propagate_error(error, failure);
        }
        return !result || failure ? false
                                  : base_fail(error, BASE_E_SQL_FAILED, "the expression has no value");
    }
    EngineColumn column = engine_chunk_column(chunk, 0);
    g_autoptr(GString) text = g_string_new(NULL);
    bool has_value = engine_column_append_text(&column, 0, text);
    EngineTypeId id = column.type.id;
    *ret_text = has_value ? g_strdup(text->str) : NULL;
    bool bare = has_value && id >= ENGINE_BOOLEAN && id <= ENGINE_DECIMAL;
    *ret_literal = bare ? g_strdup(text->str) : text_literal(*ret_text);
    return true;
}

/* The value at hand, up to `end`: a word (ON, utf8mb4) is itself, a literal its text, everything else is
 * evaluated. */
static bool read_value(ServerSession *session, const char *sql, const SqlCursor *cursor, guint end,
                       bool word_ok, char **ret_text, char **ret_literal, GError **error)
{
    const EngineToken *token = sql_peek(cursor);
    bool single = end == cursor->at + 1;
    if (end == cursor->at) {
        return sql_fail_near(cursor, sql, error);
    }
    if (single && (token->type == ENGINE_TOKEN_TEXT || token->type == ENGINE_TOKEN_NUMBER ||
                   (word_ok && token->type == ENGINE_TOKEN_WORD))) {
        *ret_text = g_ascii_strcasecmp(token->text, "null") == 0 && token->type == ENGINE_TOKEN_WORD
                        ? NULL
                        : g_strdup(token->text);
        *ret_literal = token->type == ENGINE_TOKEN_NUMBER ? g_strdup(token->text) : text_literal(*ret_text);
        return true;
    }
    g_autofree char *expression = sql_text_between(cursor, end, sql);
    return evaluate(session, expression, ret_text, ret_literal, error);
}

static bool set_user_variable(ServerSession *session, const char *name, char *literal, GError **error)
{
    if (g_hash_table_size(session->user_variables) >= SESSION_MAX_USER_VARS ||
        strlen(literal) > MAX_VALUE_BYTES) {
        g_free(literal);
        return base_fail(error, BASE_E_REQUEST_INVALID,
                         "too many or too long user variables (at most %u, of %u bytes)",
                         SESSION_MAX_USER_VARS, MAX_VALUE_BYTES);
    }
    g_hash_table_insert(session->user_variables, bare_name(name, NULL), literal);
    return true;
}

static bool set_one(ServerSession *session, const char *sql, SqlCursor *cursor, GError **error)
{
    const EngineToken *target = sql_peek(cursor);
    bool user = target->type == ENGINE_TOKEN_VARIABLE && !g_str_has_prefix(target->text, "@@");
    if (target->type != ENGINE_TOKEN_VARIABLE && !engine_token_is_name(target, false)) {
        return sql_fail_near(cursor, sql, error);
    }
    cursor->at++;
    if (!sql_take(cursor, "=") && !sql_take(cursor, ":=")) {
        return sql_fail_near(cursor, sql, error);
    }
    guint end = end_of_value(cursor);
    g_autofree char *text = NULL;
    g_autofree char *literal = NULL;
    bool to_default = end == cursor->at + 1 && sql_is(cursor, "default");
    if (!to_default && !read_value(session, sql, cursor, end, !user, &text, &literal, error)) {
        return false;
    }
    cursor->at = end;
    if (user) {
        return set_user_variable(session, target->text, g_steal_pointer(&literal), error);
    }
    g_autofree char *name = bare_name(target->text, NULL);
    /* character_set_results = NULL means: as it is stored, which is utf8mb4 */
    return session_set_variable(session, name, to_default ? NULL : text ? text : "", error);
}

static bool set_names(ServerSession *session, const char *sql, SqlCursor *cursor, bool names, GError **error)
{
    static const char *const VARIABLES[] = {"character_set_client", "character_set_connection",
                                            "character_set_results"};
    const char *charset = sql_peek(cursor)->text;
    if (sql_at_end(cursor)) {
        return sql_fail_near(cursor, sql, error);
    }
    cursor->at++;
    static const char *const KNOWN[] = {"utf8mb4", "utf8",   "utf8mb3", "latin1",
                                        "ascii",   "binary", "default", NULL};
    g_autofree char *folded = g_ascii_strdown(charset, -1);
    if (!g_strv_contains(KNOWN, folded)) {
        return base_fail(error, BASE_E_CONFIG_INVALID, "Unknown character set: '%s'", charset);
    }
    const char *kept = g_str_equal(folded, "default") ? "utf8mb4" : folded;
    for (size_t i = 0; i < G_N_ELEMENTS(VARIABLES); i++) {
        if (!session_set_variable(session, VARIABLES[i], kept, error)) {
            return false;
        }
    }
    if (names && sql_take(cursor, "collate")) {
        const char *collation = sql_peek(cursor)->text;
        cursor->at++;
        return session_set_variable(session, "collation_connection", collation, error);
    }
    return true;
}

/* SET [SESSION] TRANSACTION ISOLATION LEVEL x, READ WRITE: every read is of one snapshot, whatever is asked
 * for. */
static bool set_transaction(ServerSession *session, SqlCursor *cursor, GError **error)
{
    if (sql_take_all(cursor, "isolation level")) {
        g_autoptr(GString) level = g_string_new(NULL);
        while (!sql_at_end(cursor) && !sql_is(cursor, ",")) {
            g_autofree char *word = g_ascii_strup(sql_peek(cursor)->text, -1);
            g_string_append_printf(level, "%s%s", level->len ? "-" : "", word);
            cursor->at++;
        }
        if (!session_set_variable(session, "transaction_isolation", level->str, error)) {
            return false;
        }
    }
    cursor->at = cursor->tokens->len - 1;
    return true;
}

static bool set_item(ServerSession *session, const char *sql, SqlCursor *cursor, GError **error)
{
    static const char *const SCOPES[] = {"session", "local", "global", "persist"};
    for (size_t i = 0; i < G_N_ELEMENTS(SCOPES); i++) {
        if (sql_is(cursor, SCOPES[i])) {
            if (i >= 2) {
                session_warn(session, "Note", 1105,
                             "SET %s changes this session only; settings of the server are in weir.yml",
                             SCOPES[i]);
            }
            cursor->at++;
            break;
        }
    }
    if (sql_take(cursor, "names")) {
        return set_names(session, sql, cursor, true, error);
    }
    if (sql_take_all(cursor, "character set") || sql_take(cursor, "charset")) {
        return set_names(session, sql, cursor, false, error);
    }
    if (sql_take(cursor, "transaction")) {
        return set_transaction(session, cursor, error);
    }
    if (sql_is(cursor, "password")) {
        base_fail(error, BASE_E_STATEMENT_REFUSED, "passwords are not set over SQL");
        base_error_hint(error, "weir user passwd NAME, or PUT /api/v1/users/{name}/password");
        return false;
    }
    if (sql_take(cursor, "role") || sql_take_all(cursor, "default role")) {
        cursor->at = cursor->tokens->len - 1; /* a user always has all roles */
        return true;
    }
    return set_one(session, sql, cursor, error);
}

bool session_run_set(ServerSession *session, const char *sql, const GPtrArray *tokens, GError **error)
{
    SqlCursor cursor = {tokens, 1};
    session_drop_plans(session); /* sql_mode and the like change what a text means */
    do {
        if (!set_item(session, sql, &cursor, error)) {
            return false;
        }
    } while (sql_take(&cursor, ","));
    return sql_at_end(&cursor) || sql_fail_near(&cursor, sql, error);
}
