/* How a statement is carried out: what the files of the SQL door share. See sql.h, session_int.h. */
#ifndef WEIR_SERVER_SQL_INT_H
#define WEIR_SERVER_SQL_INT_H

#include "server/session_int.h"

/* A statement on its way: text, tokens, values, and where the answer goes. */
typedef struct {
    ServerSession *session;
    const char *sql;
    const GPtrArray *tokens; /* EngineToken; the last is END */
    const EngineValue *values;
    size_t n_values;
    const ServerSink *sink;
    ServerSqlResult *ret;
} SqlRun;

/* ---- a cursor over tokens (sql_tokens.c) ---- */
typedef struct {
    const GPtrArray *tokens;
    guint at;
} SqlCursor;
const EngineToken *sql_peek(const SqlCursor *cursor);
bool sql_is(const SqlCursor *cursor, const char *word);
/* Takes the next token when it is `word`. */
bool sql_take(SqlCursor *cursor, const char *word);
/* One after another; takes all or none. `words` is separated by blanks. */
bool sql_take_all(SqlCursor *cursor, const char *words);
/* The next token as a name; NULL when it is none. Borrowed. */
const char *sql_take_name(SqlCursor *cursor);
bool sql_at_end(const SqlCursor *cursor);
/* [db.]name, also catalog.db.name; both borrowed, *ret_schema NULL when not given. Errors: SQL_SYNTAX. */
bool sql_take_table(SqlCursor *cursor, const char **ret_schema, const char **ret_name, const char *sql,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* MySQL's 1064 text for the token at hand; returns false. */
bool sql_fail_near(const SqlCursor *cursor, const char *sql, GError **error);
/* Text of `sql` from the token at hand to token `end` (not included), or to its end when `end` is 0. Caller
 * frees. */
char *sql_text_between(const SqlCursor *cursor, guint end, const char *sql);

/* ---- sql_having.c ---- */
/* MySQL's HAVING without groups as a condition around the statement; NULL when it has none. Caller frees. */
char *sql_wrap_having(const char *sql, const GPtrArray *tokens);

/* ---- sql_inline.c ---- */
/* The text with literals of the session's dialect in place of its parameters. Caller frees; NULL + error. */
char *sql_inline_values(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- SELECT (select.c) ---- */
struct SessionPlan {
    char *text;       /* as the engine runs it */
    EngineConn *conn; /* borrowed: the session's */
    EngineStmt *stmt; /* NULL = to be prepared */
    unsigned version; /* of the data, when stmt was prepared (engine_changes) */
    bool steady;      /* no change was in progress then: stmt may be run while the version is the same */
    guint64 shape;
    bool limited; /* has its own LIMIT, or is none of the client: sql_select_limit is not for it */
    bool keep;    /* depends on nothing but text, snapshot, user and database */
    guint64 used;
};
/* Translates (MySQL dialect), checks and rewrites a SELECT of the user; caller frees. *ret_keep: whether the
 * same text gives the same result next time. */
char *session_rewrite(ServerSession *session, const char *sql, bool *ret_keep,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For what shows the text itself, or how it runs: a policy's condition stands in it and how many rows it left
 * out, so where one limits the user it is FORBIDDEN, unless they may run the table. */
char *session_rewrite_to_show(ServerSession *session, const char *sql,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A SELECT of session_rewrite that a write is made of, with MySQL's coercions where the engine does not plan
 * it without or, with `run`, does not give its first row. Takes `select` over; NULL + error when it gives
 * neither. */
char *session_coerce(ServerSession *session, char *select, bool run,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As the session's dialect and its sql_mode read it. */
GPtrArray *session_tokens(const ServerSession *session, const char *sql,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The first step of session_rewrite: MySQL's dialect to the engine's. */
char *session_translate(ServerSession *session, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;
SessionPlan *session_plan_new(ServerSession *session, const char *sql,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
void session_plan_free(SessionPlan *plan);
bool session_plan_run(ServerSession *session, SessionPlan *plan, const SqlRun *run,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A SELECT of the user, from the plans of the session where it is known. */
bool session_run_select(const SqlRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A SELECT in the engine's dialect that Weir wrote itself, checked like the user's. */
bool session_run_own(const SqlRun *run, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
