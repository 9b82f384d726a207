/* What the files of the MySQL dialect share (sql_mysql*.c). */
#ifndef WEIR_ENGINE_SQL_MYSQL_INT_H
#define WEIR_ENGINE_SQL_MYSQL_INT_H

#include "engine/sql_int.h"

/* Deepest nesting of parentheses and calls that is translated. */
#define MYSQL_MAX_DEPTH 300

/* Some calls translate an argument twice; nested, that would double with each level. So the tokens translated
 * in all, and the text written, are at most this many times those of the statement. */
#define MYSQL_MAX_GROWTH 64
#define MYSQL_MIN_BUDGET 4096

#define NO_PLACE G_MAXSIZE

/* One statement being translated. */
typedef struct {
    const char *sql;
    const GPtrArray *tokens;
    size_t *close;   /* of "(" "[" "{" at i: index of its partner; 0 = none */
    unsigned *param; /* of PARAM at i: its number from 1, in order of the source */
    SqlFlags flags;
    EngineVariable variable;
    void *user;
    unsigned depth;
    size_t steps; /* tokens translated so far */
    size_t sql_bytes;
    GError **error;
} Mysql;

/* A run of tokens [i, end) being written to `out`. Places are offsets of `out`. */
typedef struct {
    Mysql *m;
    size_t i, end;
    GString *out;
    size_t operand;   /* where the last operand begins; NO_PLACE when the last thing written was none */
    size_t term;      /* where the chain of * / % that the operand belongs to begins */
    size_t condition; /* where the operands of OR and XOR begin */
    bool xor_open;    /* a right operand of XOR waits for its parenthesis */
    bool ordering;    /* in ORDER BY: items get the engine's spelling of where NULLs go */
    bool descending;  /* the item said DESC */
    size_t item;      /* first token of the item of the SELECT list being written; NO_PLACE outside of one */
    bool nulls_said;  /* and where its NULLs go */
    bool multiplying; /* the last thing written was * / or % */
} Run;

static inline const EngineToken *run_token(const Run *run, size_t ahead)
{
    size_t i = run->i + ahead;
    return i < run->end ? sql_token(run->m->tokens, i) : sql_token(run->m->tokens, run->m->tokens->len - 1);
}
static inline bool run_is(const Run *run, size_t ahead, const char *word)
{
    return engine_token_is(run_token(run, ahead), word);
}

/* Translates tokens [start, end) as text of its own; NULL + error. */
char *mysql_text(Mysql *m, size_t start, size_t end) G_GNUC_WARN_UNUSED_RESULT;
/* End of the operand at i: literal, name chain, call, parentheses, CASE..END, with signs before it. */
size_t mysql_operand_end(const Mysql *m, size_t i, size_t end);
/* Writes `text` as an operand, separated from what stands before it. */
void mysql_operand(Run *run, const char *text);
/* Writes text that is no operand. */
void mysql_plain(Run *run, const char *text);
bool mysql_literal(Run *run, const EngineToken *token);
void mysql_append_text(GString *out, const char *text, size_t len);
/* A system variable or function ("@@x", "database()") as a literal. */
bool mysql_variable(Run *run, const char *name);

void mysql_put(Run *run, const char *text);
bool mysql_hex(Run *run, const char *digits) G_GNUC_WARN_UNUSED_RESULT;
bool mysql_bits(Run *run, const char *digits) G_GNUC_WARN_UNUSED_RESULT;
bool mysql_is_keyword(const EngineToken *token);
/* Token i, or END from `end` on. */
const EngineToken *mysql_token_at(const Mysql *m, size_t i, size_t end);
/* Behind the END of the CASE at i; behind the name chain at i. */
size_t mysql_case_end(const Mysql *m, size_t i, size_t end);
size_t mysql_name_end(const Mysql *m, size_t i, size_t end);

/* sql_mysql_word.c */
bool mysql_step_word(Run *run) G_GNUC_WARN_UNUSED_RESULT;
void mysql_close_xor(Run *run);
void mysql_end_condition(Run *run); /* at a token that ends the operands of OR */
void mysql_end_order_item(Run *run);

/* sql_mysql_alias.c: at a token that may end an item of the SELECT list. An item without an alias is named as
 * MySQL names it: by its text. */
void mysql_begin_items(Run *run);
void mysql_watch_items(Run *run);
void mysql_end_item(Run *run);

/* sql_mysql.c: the operand behind the operator at run->i, translated; moves behind it. */
char *mysql_right_operand(Run *run) G_GNUC_WARN_UNUSED_RESULT;
/* What begins at `place` becomes the first argument of `function`, the operand behind the second. */
bool mysql_infix(Run *run, size_t place, const char *function) G_GNUC_WARN_UNUSED_RESULT;
bool mysql_or(Run *run, const char *text) G_GNUC_WARN_UNUSED_RESULT;
bool mysql_name(Run *run) G_GNUC_WARN_UNUSED_RESULT;

/* sql_mysql_call.c: at NAME "(": writes the call and moves behind it. *ret_done false = not a known function.
 */
bool mysql_call(Run *run, bool *ret_done);
/* One literal that is a text to MySQL whatever stands beside it: no number, date, array or object. */
bool mysql_is_plain_text(const Mysql *m, size_t start, size_t end);
/* sql_mysql_names.c */
typedef struct {
    const char *name, *engine;
    unsigned text; /* bit i: argument i as text */
} MysqlName;
const MysqlName *mysql_name_of(const EngineToken *token); /* NULL = none */
/* INTERVAL n UNIT at i, as an expression of type INTERVAL; *ret_end is behind it. NULL without an error set =
 * it is not one. */
char *mysql_interval(Mysql *m, size_t i, size_t end, size_t *ret_end, bool *ret_dates_only);
/* Argument i as a date or timestamp, whatever it is. */
char *mysql_temporal(Mysql *m, size_t start, size_t end);
/* A type of CAST; NULL = it is not known. Caller frees. */
char *mysql_cast_type(Mysql *m, size_t start, size_t end);

#endif
