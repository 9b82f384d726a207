/* SQL text as tokens, in two dialects.
 *
 * The engine's dialect follows its lexer (PostgreSQL's): nested comments, E'..' strings, dollar quotes, "x"
 * and doubled quotes. MySQL's follows the manual, chapter "Language Structure": backslash escapes, "x" as a
 * string, # comments, "-- " only with white space behind it, version comments whose content is code (up to
 * the version that the server announces), adjacent strings joined, identifiers that may begin with a digit.
 * Operators are cut by longest match; which of them exist is left to the parser behind. */
#include "engine/sql_int.h"

#include <stdarg.h>
#include <string.h>

/* The version that the MySQL door announces (8.0.33): version comments for later ones are comments. */
#define MYSQL_VERSION_ID 80033

typedef struct {
    const char *sql;
    size_t at, end;
    SqlFlags flags;
    unsigned version_comments; /* open ones */
    GPtrArray *tokens;
} Lexer;

/* ---- places ---------------------------------------------------------------------------------- */

void sql_place_at(GError **error, const char *sql, size_t at)
{
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at && sql[i]; i++) {
        if (sql[i] == '\n') {
            line++;
            column = 1;
        } else {
            column++;
        }
    }
    base_error_place(error, NULL, line, column);
}

bool sql_fail_at(GError **error, const char *sql, size_t at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    base_fail(error, BASE_E_SQL_SYNTAX, "%s", message);
    sql_place_at(error, sql, at);
    return false;
}

/* ---- characters ------------------------------------------------------------------------------ */

static bool is_word_start(const Lexer *lexer, char c)
{
    return g_ascii_isalpha(c) || c == '_' || (c & 0x80) || (c == '$' && (lexer->flags & SQL_MYSQL));
}

static bool is_word(const Lexer *lexer, char c)
{
    (void)lexer;
    return g_ascii_isalnum(c) || c == '_' || c == '$' || (c & 0x80);
}

static char peek(const Lexer *lexer, size_t ahead)
{
    return lexer->at + ahead < lexer->end ? lexer->sql[lexer->at + ahead] : '\0';
}

/* The text stands behind its token, in one block with it. */
static void push(Lexer *lexer, EngineTokenType type, size_t start, const char *text, size_t len)
{
    EngineToken *token = g_malloc(sizeof *token + len + 1);
    char *own = (char *)(token + 1);
    *token = (EngineToken){.type = type, .start = start, .end = lexer->at, .text = own, .len = len};
    memcpy(own, text, len);
    own[len] = '\0';
    g_ptr_array_add(lexer->tokens, token);
}

static void push_as_written(Lexer *lexer, EngineTokenType type, size_t start)
{
    push(lexer, type, start, lexer->sql + start, lexer->at - start);
}

/* ---- comments -------------------------------------------------------------------------------- */

static void skip_line(Lexer *lexer)
{
    while (lexer->at < lexer->end && lexer->sql[lexer->at] != '\n') {
        lexer->at++;
    }
}

static bool skip_block(Lexer *lexer, GError **error)
{
    size_t start = lexer->at;
    unsigned depth = 0;
    bool nests = !(lexer->flags & SQL_MYSQL);
    while (lexer->at < lexer->end) {
        if (peek(lexer, 0) == '/' && peek(lexer, 1) == '*' && (nests || depth == 0)) {
            depth++;
            lexer->at += 2;
        } else if (peek(lexer, 0) == '*' && peek(lexer, 1) == '/') {
            lexer->at += 2;
            if (--depth == 0) {
                return true;
            }
        } else {
            lexer->at++;
        }
    }
    return sql_fail_at(error, lexer->sql, start, "the comment that begins here is never closed");
}

/* At "/" "*!": enters a version comment whose content counts, or skips it whole. */
static bool version_comment(Lexer *lexer, GError **error)
{
    size_t digits = 0;
    unsigned version = 0;
    while (digits < 6 && g_ascii_isdigit(peek(lexer, 3 + digits))) {
        version = version * 10 + (unsigned)(peek(lexer, 3 + digits) - '0');
        digits++;
    }
    if (digits >= 5 && version > MYSQL_VERSION_ID) {
        return skip_block(lexer, error);
    }
    lexer->at += 3 + (digits >= 5 ? digits : 0);
    lexer->version_comments++;
    return true;
}

static bool at_line_comment(const Lexer *lexer)
{
    char c = peek(lexer, 0);
    if (c == '#') {
        return lexer->flags & SQL_MYSQL;
    }
    if (c != '-' || peek(lexer, 1) != '-') {
        return false;
    }
    char behind = peek(lexer, 2);
    return !(lexer->flags & SQL_MYSQL) || g_ascii_isspace(behind) || g_ascii_iscntrl(behind);
}

static bool skip_blank(Lexer *lexer, GError **error)
{
    while (lexer->at < lexer->end) {
        char c = peek(lexer, 0);
        if (g_ascii_isspace(c) || c == '\v') {
            lexer->at++;
        } else if (at_line_comment(lexer)) {
            skip_line(lexer);
        } else if (c == '/' && peek(lexer, 1) == '*') {
            bool version = (lexer->flags & SQL_MYSQL) && peek(lexer, 2) == '!';
            if (!(version ? version_comment(lexer, error) : skip_block(lexer, error))) {
                return false;
            }
        } else if (lexer->version_comments && c == '*' && peek(lexer, 1) == '/') {
            lexer->version_comments--;
            lexer->at += 2;
        } else {
            break;
        }
    }
    if (lexer->at >= lexer->end && lexer->version_comments) {
        return sql_fail_at(error, lexer->sql, lexer->end, "a version comment is never closed");
    }
    return true;
}

/* ---- quoted ---------------------------------------------------------------------------------- */

/* One escape of MySQL behind the backslash (manual 9.1.1, table of escape sequences). */
static void mysql_escape(GString *text, char c)
{
    switch (c) {
    case '0':
        g_string_append_c(text, '\0');
        break;
    case 'b':
        g_string_append_c(text, '\b');
        break;
    case 'n':
        g_string_append_c(text, '\n');
        break;
    case 'r':
        g_string_append_c(text, '\r');
        break;
    case 't':
        g_string_append_c(text, '\t');
        break;
    case 'Z':
        g_string_append_c(text, '\032');
        break;
    case '%':
    case '_': /* kept for LIKE */
        g_string_append_c(text, '\\');
        g_string_append_c(text, c);
        break;
    default:
        g_string_append_c(text, c);
    }
}

/* An escape of E'..': \n \t ..., \ooo, \xhh; what it does not know stands for itself. */
static void e_escape(Lexer *lexer, GString *text)
{
    char c = peek(lexer, 0);
    static const char *const known = "b\bf\fn\nr\rt\t";
    if (c == 'x' && g_ascii_isxdigit(peek(lexer, 1))) {
        unsigned byte = 0;
        for (int i = 0; i < 2 && g_ascii_isxdigit(peek(lexer, 1)); i++) {
            byte = byte * 16 + (unsigned)g_ascii_xdigit_value(peek(lexer, 1));
            lexer->at++;
        }
        g_string_append_c(text, (char)byte);
    } else {
        const char *found = c && strchr("bfnrt", c) ? strchr(known, c) : NULL;
        g_string_append_c(text, found ? found[1] : c);
    }
    lexer->at++;
}

/* At the opening quote. Appends what it holds; a doubled quote is one. */
static bool read_quoted(Lexer *lexer, GString *text, bool backslash, bool e_string, GError **error)
{
    size_t start = lexer->at;
    char quote = lexer->sql[lexer->at++];
    while (lexer->at < lexer->end) {
        char c = lexer->sql[lexer->at++];
        if (c == quote) {
            if (peek(lexer, 0) != quote) {
                return true;
            }
            lexer->at++;
            g_string_append_c(text, c);
        } else if (c == '\\' && backslash && lexer->at < lexer->end) {
            if (e_string) {
                e_escape(lexer, text);
            } else {
                mysql_escape(text, lexer->sql[lexer->at++]);
            }
        } else {
            g_string_append_c(text, c);
        }
    }
    return sql_fail_at(error, lexer->sql, start, "the quote that opens here is never closed");
}

/* Bytes of a version behind a name: @history, @'2026-01-01 10:00'; 0 = none. What stands in the quotes must
 * look like a date, since bob@'host' is an account. */
static size_t version_bytes(const Lexer *lexer)
{
    static const char word[] = "history";
    const size_t len = sizeof word - 1;
    if (peek(lexer, 0) != '@') {
        return 0;
    }
    if (lexer->end - lexer->at > len && g_ascii_strncasecmp(lexer->sql + lexer->at + 1, word, len) == 0) {
        return is_word(lexer, peek(lexer, 1 + len)) ? 0 : 1 + len;
    }
    bool mysql = (lexer->flags & SQL_MYSQL) && !(lexer->flags & SQL_ANSI_QUOTES);
    char quote = peek(lexer, 1);
    if (quote != '\'' && !(quote == '"' && mysql)) {
        return 0;
    }
    size_t n = strspn(lexer->sql + lexer->at + 2, "0123456789-+:.TZ ");
    bool date = n >= 8 && g_ascii_isdigit(peek(lexer, 2)) && memchr(lexer->sql + lexer->at + 2, '-', n);
    return date && peek(lexer, 2 + n) == quote ? n + 3 : 0;
}

/* Takes the version behind the name that was read last. */
static void read_version(Lexer *lexer)
{
    size_t n = version_bytes(lexer);
    if (!n) {
        return;
    }
    const EngineToken *name = g_ptr_array_index(lexer->tokens, lexer->tokens->len - 1);
    bool quoted = !g_ascii_isalpha(peek(lexer, 1));
    g_autofree char *version =
        quoted ? g_strndup(lexer->sql + lexer->at + 2, n - 3) : g_strndup(lexer->sql + lexer->at + 1, n - 1);
    g_autofree char *text = g_strconcat(name->text, "@", version, NULL);
    size_t start = name->start;
    lexer->at += n;
    g_ptr_array_set_size(lexer->tokens, (gint)lexer->tokens->len - 1);
    push(lexer, ENGINE_TOKEN_NAME, start, text, strlen(text));
    ((EngineToken *)g_ptr_array_index(lexer->tokens, lexer->tokens->len - 1))->version = true;
}

static bool read_name(Lexer *lexer, GError **error)
{
    size_t start = lexer->at;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!read_quoted(lexer, text, false, false, error)) {
        return false;
    }
    push(lexer, ENGINE_TOKEN_NAME, start, text->str, text->len);
    read_version(lexer);
    return true;
}

/* Strings side by side are one (MySQL: 'a' "b"). */
static bool read_string(Lexer *lexer, GError **error)
{
    size_t start = lexer->at, end;
    bool mysql = lexer->flags & SQL_MYSQL;
    bool backslash = mysql && !(lexer->flags & SQL_NO_BACKSLASH_ESCAPES);
    g_autoptr(GString) text = g_string_new(NULL);
    for (;;) {
        if (!read_quoted(lexer, text, backslash, false, error)) {
            return false;
        }
        end = lexer->at;
        if (!mysql) {
            break;
        }
        if (!skip_blank(lexer, error)) {
            return false;
        }
        bool more = peek(lexer, 0) == '\'' || (peek(lexer, 0) == '"' && !(lexer->flags & SQL_ANSI_QUOTES));
        if (!more) {
            break;
        }
    }
    push(lexer, ENGINE_TOKEN_TEXT, start, text->str, text->len);
    EngineToken *token = g_ptr_array_index(lexer->tokens, lexer->tokens->len - 1);
    token->end = end;
    return true;
}

static bool read_e_string(Lexer *lexer, GError **error)
{
    size_t start = lexer->at++;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!read_quoted(lexer, text, true, true, error)) {
        return false;
    }
    push(lexer, ENGINE_TOKEN_TEXT, start, text->str, text->len);
    return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void read_digits(Lexer *lexer, bool hex)
{
    while (peek(lexer, 0) == '_' ||
           (hex ? g_ascii_isxdigit(peek(lexer, 0)) : g_ascii_isdigit(peek(lexer, 0)))) {
        lexer->at++;
    }
}

static void read_number(Lexer *lexer)
{
    size_t start = lexer->at;
    char x = peek(lexer, 1);
    bool hex = peek(lexer, 0) == '0' && (x == 'x' || x == 'X') && g_ascii_isxdigit(peek(lexer, 2));
    if (hex) {
        lexer->at += 2;
        read_digits(lexer, true);
    } else {
        read_digits(lexer, false);
        if (peek(lexer, 0) == '.' && peek(lexer, 1) != '.') {
            lexer->at++;
            read_digits(lexer, false);
        }
        size_t sign = peek(lexer, 1) == '+' || peek(lexer, 1) == '-';
        if ((peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') && g_ascii_isdigit(peek(lexer, 1 + sign))) {
            lexer->at += 1 + sign;
            read_digits(lexer, false);
        }
    }
    push_as_written(lexer, ENGINE_TOKEN_NUMBER, start);
}

static void read_word(Lexer *lexer)
{
    size_t start = lexer->at;
    while (is_word(lexer, peek(lexer, 0))) {
        lexer->at++;
    }
    push_as_written(lexer, ENGINE_TOKEN_WORD, start);
    read_version(lexer);
}

/* Directly behind a name: the dot of db.2023_sales, which begins no number. */
static bool behind_name(const Lexer *lexer)
{
    if (!(lexer->flags & SQL_MYSQL) || lexer->tokens->len == 0) {
        return false;
    }
    const EngineToken *before = sql_token(lexer->tokens, lexer->tokens->len - 1);
    return before->end == lexer->at && engine_token_is_name(before, false);
}

static bool behind_dot(const Lexer *lexer)
{
    return lexer->tokens->len > 0 && lexer->at > 0 && lexer->sql[lexer->at - 1] == '.' &&
           sql_token(lexer->tokens, lexer->tokens->len - 1)->type == ENGINE_TOKEN_SYMBOL;
}

/* In MySQL 2023_sales and the 1 of t.1 are names; 1e5 and 0x1F are numbers. */
static bool at_digit_word(const Lexer *lexer)
{
    if (!(lexer->flags & SQL_MYSQL)) {
        return false;
    }
    if (behind_dot(lexer)) {
        return true;
    }
    size_t i = 0;
    while (g_ascii_isdigit(peek(lexer, i))) {
        i++;
    }
    char c = peek(lexer, i);
    if (!is_word(lexer, c)) {
        return false;
    }
    if (c == 'e' || c == 'E') {
        size_t sign = peek(lexer, i + 1) == '+' || peek(lexer, i + 1) == '-';
        return !g_ascii_isdigit(peek(lexer, i + 1 + sign));
    }
    bool hex = i == 1 && peek(lexer, 0) == '0' && (c == 'x' || c == 'X') && g_ascii_isxdigit(peek(lexer, 2));
    return !hex;
}

static bool read_variable(Lexer *lexer, GError **error)
{
    size_t start = lexer->at;
    lexer->at += peek(lexer, 1) == '@' ? 2 : 1;
    g_autoptr(GString) text = g_string_new_len(lexer->sql + start, (gssize)(lexer->at - start));
    for (;;) {
        char c = peek(lexer, 0);
        if (c && strchr("'\"`", c)) {
            if (!read_quoted(lexer, text, c != '`', false, error)) {
                return false;
            }
        }
        while (is_word(lexer, peek(lexer, 0))) {
            g_string_append_c(text, lexer->sql[lexer->at++]);
        }
        if (peek(lexer, 0) != '.' || text->str[1] != '@') {
            break;
        }
        g_string_append_c(text, lexer->sql[lexer->at++]);
    }
    push(lexer, ENGINE_TOKEN_VARIABLE, start, text->str, text->len);
    return true;
}

/* $1, $name, and $$text$$, $tag$text$tag$ of the engine's dialect. */
static bool read_dollar(Lexer *lexer, GError **error)
{
    size_t start = lexer->at++;
    while (g_ascii_isalnum(peek(lexer, 0)) || peek(lexer, 0) == '_' || (peek(lexer, 0) & 0x80)) {
        lexer->at++;
    }
    if (peek(lexer, 0) != '$' || g_ascii_isdigit(lexer->sql[start + 1])) {
        push_as_written(lexer, ENGINE_TOKEN_PARAM, start);
        return true;
    }
    lexer->at++;
    g_autofree char *tag = g_strndup(lexer->sql + start, lexer->at - start);
    const char *close = strstr(lexer->sql + lexer->at, tag);
    if (!close) {
        return sql_fail_at(error, lexer->sql, start, "the quote %s that opens here is never closed", tag);
    }
    size_t from = lexer->at;
    lexer->at = (size_t)(close - lexer->sql) + strlen(tag);
    push(lexer, ENGINE_TOKEN_TEXT, start, lexer->sql + from, (size_t)(close - lexer->sql) - from);
    return true;
}

static void read_symbol(Lexer *lexer)
{
    static const char *const SYMBOLS[] = {
        "!~~*", "<=>", "->>", "~~*", "!~~", "!~*", "...", ":=", "->", "<=", ">=", "<>", "!=", "||",
        "&&",   "<<",  ">>",  "::",  "**",  "//",  "=>",  "==", "~~", "!~", "~*", "^@", "@>", "<@"};
    size_t start = lexer->at;
    size_t len = 1;
    bool alone = !g_ascii_ispunct(peek(lexer, 1)); /* nearly all commas and parentheses */
    for (size_t i = 0; !alone && i < G_N_ELEMENTS(SYMBOLS); i++) {
        size_t n = strlen(SYMBOLS[i]);
        if (lexer->end - start >= n && memcmp(lexer->sql + start, SYMBOLS[i], n) == 0) {
            len = n;
            break;
        }
    }
    lexer->at += len;
    push_as_written(lexer, ENGINE_TOKEN_SYMBOL, start);
}

static bool read_param(Lexer *lexer)
{
    size_t start = lexer->at++;
    if (!(lexer->flags & SQL_MYSQL)) {
        while (g_ascii_isdigit(peek(lexer, 0))) {
            lexer->at++;
        }
    }
    push_as_written(lexer, ENGINE_TOKEN_PARAM, start);
    return true;
}

static bool read_token(Lexer *lexer, GError **error)
{
    char c = peek(lexer, 0), next = peek(lexer, 1);
    bool mysql = lexer->flags & SQL_MYSQL;
    if (c == '\'' || (c == '"' && mysql && !(lexer->flags & SQL_ANSI_QUOTES))) {
        return read_string(lexer, error);
    }
    if (c == '"' || c == '`') {
        return read_name(lexer, error);
    }
    if (c == '?') {
        return read_param(lexer);
    }
    if (mysql && c == '@') {
        return read_variable(lexer, error);
    }
    if (!mysql && c == '$') {
        return read_dollar(lexer, error);
    }
    if (!mysql && (c == 'e' || c == 'E') && next == '\'') {
        return read_e_string(lexer, error);
    }
    if (is_word_start(lexer, c) || (g_ascii_isdigit(c) && at_digit_word(lexer))) {
        read_word(lexer);
    } else if (g_ascii_isdigit(c) || (c == '.' && g_ascii_isdigit(next) && !behind_name(lexer))) {
        read_number(lexer);
    } else {
        read_symbol(lexer);
    }
    return true;
}

GPtrArray *sql_tokenize(const char *sql, SqlFlags flags, GError **error)
{
    Lexer lexer = {.sql = sql, .end = strlen(sql), .flags = flags};
    if (lexer.end > ENGINE_SQL_MAX_BYTES) {
        base_fail(error, BASE_E_SQL_SYNTAX, "the statement has %zu bytes; at most %zu are read", lexer.end,
                  ENGINE_SQL_MAX_BYTES);
        return NULL;
    }
    g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func(g_free);
    lexer.tokens = tokens;
    for (;;) {
        if (!skip_blank(&lexer, error)) {
            return NULL;
        }
        if (lexer.at >= lexer.end) {
            break;
        }
        if (!read_token(&lexer, error)) {
            return NULL;
        }
    }
    push_as_written(&lexer, ENGINE_TOKEN_END, lexer.end);
    return g_steal_pointer(&tokens);
}

GPtrArray *engine_sql_tokens(const char *sql, EngineDialect dialect, GError **error)
{
    return sql_tokenize(sql, dialect == ENGINE_DIALECT_MYSQL ? SQL_MYSQL : 0, error);
}

SqlFlags sql_mode_flags(const char *mode)
{
    SqlFlags flags = SQL_MYSQL;
    flags |= strstr(mode, "ANSI_QUOTES") ? SQL_ANSI_QUOTES : 0;
    flags |= strstr(mode, "NO_BACKSLASH_ESCAPES") ? SQL_NO_BACKSLASH_ESCAPES : 0;
    flags |= strstr(mode, "PIPES_AS_CONCAT") ? SQL_PIPES_AS_CONCAT : 0;
    return flags;
}

GPtrArray *engine_sql_tokens_in_mode(const char *sql, const char *sql_mode, GError **error)
{
    return sql_tokenize(sql, sql_mode_flags(sql_mode), error);
}

bool engine_token_is(const EngineToken *token, const char *word)
{
    return (token->type == ENGINE_TOKEN_WORD || token->type == ENGINE_TOKEN_SYMBOL) &&
           g_ascii_strcasecmp(token->text, word) == 0;
}

bool engine_token_is_name(const EngineToken *token, bool loose)
{
    return token->type == ENGINE_TOKEN_WORD || token->type == ENGINE_TOKEN_NAME ||
           (loose && token->type == ENGINE_TOKEN_TEXT);
}

GPtrArray *engine_sql_split(const char *sql, EngineDialect dialect, GError **error)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, dialect, error);
    return tokens ? engine_sql_split_tokens(sql, tokens) : NULL;
}

GPtrArray *engine_sql_split_tokens(const char *sql, const GPtrArray *tokens)
{
    GPtrArray *statements = g_ptr_array_new_with_free_func(g_free);
    size_t start = 0;
    bool empty = true;
    for (size_t i = 0; i < tokens->len; i++) {
        const EngineToken *token = sql_token(tokens, i);
        bool ends = token->type == ENGINE_TOKEN_END || engine_token_is(token, ";");
        if (ends && !empty) {
            char *statement = g_strndup(sql + start, token->start - start);
            g_ptr_array_add(statements, g_strstrip(statement));
        }
        if (ends) {
            start = token->end;
        }
        empty = ends;
    }
    return statements;
}
