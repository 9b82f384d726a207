/* SQL as text and as a tree.
 *
 * The tree is the engine's own parser's, as JSON (json_serialize_sql); Weir never parses queries
 * itself. What the tree cannot hold (DML, DDL, SHOW, SET) is recognised on tokens.
 * Positions are byte offsets into the text given. Thread: any, one call at a time per EngineConn. */
#ifndef WEIR_ENGINE_SQL_H
#define WEIR_ENGINE_SQL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "engine/engine.h"

/* Longest statement that is read; a longer one fails with SQL_SYNTAX before anything is allocated. */
#define ENGINE_SQL_MAX_BYTES ((size_t)64 << 20)

/* ---- tokens ---------------------------------------------------------------------------------- */

typedef enum {
    ENGINE_TOKEN_WORD, /* unquoted identifier or keyword */
    ENGINE_TOKEN_NAME, /* quoted identifier: "x" or `x` */
    ENGINE_TOKEN_TEXT, /* string literal */
    ENGINE_TOKEN_NUMBER,
    ENGINE_TOKEN_PARAM,    /* ?, $1, $name */
    ENGINE_TOKEN_VARIABLE, /* @x, @@x, @@session.x, @@global.x */
    ENGINE_TOKEN_SYMBOL,   /* one operator or punctuation mark: ( ) , . ; <=> := || ... */
    ENGINE_TOKEN_END
} EngineTokenType;

typedef struct {
    EngineTokenType type;
    size_t start, end; /* bytes of the source */
    char *text;        /* WORD as written; NAME and TEXT unquoted and unescaped; others as written */
    size_t len;        /* of text: a MySQL string may hold NUL */
    bool version;      /* NAME: written with a version behind @ */
} EngineToken;

typedef enum {
    ENGINE_DIALECT_WEIR, /* DuckDB's and the standard's: "x" is a name */
    ENGINE_DIALECT_MYSQL /* "x" is a string unless ANSI_QUOTES, backslash escapes, # comments, version
                            comments are code */
} EngineDialect;

/* Comments and white space are dropped. The last token is END. Errors: SQL_SYNTAX (open quote or
 * comment). Free with g_ptr_array_unref. */
GPtrArray *engine_sql_tokens(const char *sql, EngineDialect dialect,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* MySQL's dialect as its variable sql_mode says: "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT". */
GPtrArray *engine_sql_tokens_in_mode(const char *sql, const char *sql_mode,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool engine_token_is(const EngineToken *token, const char *word); /* WORD or SYMBOL, case folded */
/* WORD or NAME; with `loose` also TEXT: how MySQL clients write "x" for a name. */
bool engine_token_is_name(const EngineToken *token, bool loose);
/* Splits at top-level semicolons; empty statements are dropped. char*; free with g_ptr_array_unref. */
GPtrArray *engine_sql_split(const char *sql, EngineDialect dialect, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *engine_sql_split_tokens(const char *sql, const GPtrArray *tokens);
/* A name with a version, t@history or t@'2026-01-01 10:00' without space between, is one NAME token
 * "t@history". The engine's parser does not know the form: this gives `sql` with each written as one
 * identifier of the same bytes ("t@2026-01-01 10:00", t$history), so that places hold; NULL when there is
 * none. engine_sql_parse does it itself; who understands the names is the catalog (catalog_version_sql).
 * Caller frees. */
char *engine_sql_mark_versions(const char *sql);
/* Appends `name` as a quoted identifier, `text` as a string literal, of the engine's dialect. */
void engine_sql_append_name(GString *out, const char *name);
void engine_sql_append_text(GString *out, const char *text);
char *engine_sql_text(const char *text); /* as a string literal; caller frees */
/* "schema"."name"; caller frees. */
char *engine_sql_table(const char *schema, const char *name);
void engine_sql_append_table(GString *out, const char *schema, const char *name);
char *engine_sql_name(const char *name); /* quoted only if it must be; caller frees */
bool engine_sql_reserved(const char *word);

/* ---- dialect ---------------------------------------------------------------------------------- */

/* Text that a MySQL or Doris client sent, as the engine's dialect: backquotes, double-quoted
 * strings, LIMIT a, b, DIV, MOD, <=>, &&, ||, XOR, REGEXP, INTERVAL, CAST types, FROM DUAL, IF(), ISNULL(),
 * date arithmetic, GROUP_CONCAT, hints, COLLATE, and so on. Functions that are only named
 * differently are macros (engine/duckdb/functions.c), visible to all SQL. An item of a SELECT list without
 * alias gets its text as alias, as MySQL names columns. ? become $1, $2, ... in order of the source.
 * @@variables and @variables are looked up by `variable` (may be NULL: then an error), which returns
 * a literal of the engine's dialect, caller frees. */
typedef char *(*EngineVariable)(const char *name, void *user, GError **error);
char *engine_sql_from_mysql(const char *sql, EngineVariable variable, void *user,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A SELECT of the engine's dialect that failed over types, read with MySQL's coercions (sql_coerce.c): truths
 * and texts as numbers, whole numbers as BIGINT, digits as dates, CASE with a text as text. NULL without an
 * error when there is nothing to change. Caller frees. */
char *engine_sql_coerce(EngineConn *conn, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- trees ------------------------------------------------------------------------------------- */

/* The tree of one SELECT (WITH, FROM-first, VALUES, set operations included): {"node": {...}}, the engine's
 * own objects. Members that are null or at their default are absent (no "alias" is no alias, no "setop_all"
 * is UNION ALL, no "query_location" is no place), so read them with base_json_string and the like. Numbers
 * that do not fit int64 are {"raw": "digits"}. NULL + SQL_SYNTAX with a place (line, column in `sql`) when it
 * does not parse; STATEMENT_REFUSED when it is no SELECT or a form that the engine keeps no tree of (PIVOT
 * without IN). Cost: about 0.1 ms for a model of 1 KB. */
json_t *engine_sql_parse(EngineConn *conn, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The inverse. Caller frees. */
char *engine_sql_print(EngineConn *conn, const json_t *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Visits every table reference of a tree that is not a CTE in scope there: base tables and table
 * functions, in FROM, joins, subqueries, CTE bodies, expressions. `node` is the tree's own object of type
 * BASE_TABLE or TABLE_FUNCTION; it may be changed in place (schema_name, table_name, alias).
 * Returns false to stop with an error. */
typedef bool (*EngineTableVisit)(json_t *node, void *user, GError **error);
bool engine_sql_visit_tables(json_t *tree, EngineTableVisit visit, void *user,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Every function call of a tree, by name: FUNCTION and WINDOW expressions, operators too ("+"); not the
 * function of a TABLE_FUNCTION, which engine_sql_visit_tables shows. */
typedef bool (*EngineFunctionVisit)(const char *name, const json_t *node, void *user, GError **error);
bool engine_sql_visit_functions(const json_t *tree, EngineFunctionVisit visit, void *user,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL, or why a user's SQL may not call a scalar or aggregate function: it reads files, shows the engine's
 * inside, is Weir's own, ... Table functions are not asked for here. */
const char *engine_sql_function_refused(const char *name);
/* Leaves `names` out of every "*", "t.*" and COLUMNS(*) that covers a table for which `hidden(schema, table)`
 * is true: how bookkeeping columns stay out of SELECT *, of NATURAL joins, of PIVOT and of whole rows (SELECT
 * u FROM t u). Every such table has all `names`. Call after tables are resolved: a table without schema is
 * taken for a CTE. */
typedef bool (*EngineHidden)(const char *schema, const char *table, void *user);
bool engine_sql_hide_columns(json_t *tree, const char *const *names, EngineHidden hidden, void *user,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- what kind of statement ------------------------------------------------------------------ */

typedef enum {
    ENGINE_STATEMENT_SELECT, /* SELECT, WITH, VALUES, FROM, TABLE, ( */
    ENGINE_STATEMENT_INSERT,
    ENGINE_STATEMENT_UPDATE,
    ENGINE_STATEMENT_DELETE,
    ENGINE_STATEMENT_REPLACE,
    ENGINE_STATEMENT_TRUNCATE,
    ENGINE_STATEMENT_CREATE,
    ENGINE_STATEMENT_DROP,
    ENGINE_STATEMENT_ALTER,
    ENGINE_STATEMENT_SHOW,
    ENGINE_STATEMENT_DESCRIBE, /* DESC t, DESCRIBE t */
    ENGINE_STATEMENT_EXPLAIN,
    ENGINE_STATEMENT_SET,
    ENGINE_STATEMENT_USE,
    ENGINE_STATEMENT_BEGIN,
    ENGINE_STATEMENT_COMMIT,
    ENGINE_STATEMENT_ROLLBACK,
    ENGINE_STATEMENT_KILL,
    ENGINE_STATEMENT_LOCK, /* LOCK, UNLOCK, FLUSH */
    ENGINE_STATEMENT_EMPTY,
    ENGINE_STATEMENT_OTHER
} EngineStatement;
EngineStatement engine_sql_kind(const GPtrArray *tokens);

#endif
