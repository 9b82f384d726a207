/* Private to sql.c and sql_canonical.c: one statement as tokens, with what is around each of them. */
#ifndef WEIR_STANDARD_SQL_INT_H
#define WEIR_STANDARD_SQL_INT_H

#include "engine/sql.h"
#include "standard/standard_int.h"

/* Which part of a query a token stands in. */
typedef enum {
    SQL_PART_NONE,
    SQL_PART_WITH,
    SQL_PART_SELECT,
    SQL_PART_FROM,
    SQL_PART_WHERE,
    SQL_PART_GROUP,
    SQL_PART_ORDER,
    SQL_PART_OTHER
} SqlPart;

typedef struct {
    const EngineToken *token;
    guint depth; /* of parentheses */
    guint level; /* which pair of parentheses; 0 = the statement */
    SqlPart part;
    bool keyword;        /* an unquoted word that is part of SQL's grammar */
    bool function;       /* a name before "(" */
    bool table;          /* (last part of) a table's name in FROM */
    bool alias;          /* of a table or an output, and the AS before it: not part of the meaning */
    const char *replace; /* what it stands for: the table of an alias, cte1 */
} SqlWord;

typedef struct {
    GPtrArray *tokens; /* EngineToken* */
    SqlWord *words;
    guint n;
    GHashTable *aliases; /* alias -> table, folded; "" = of several */
    GHashTable *ctes;    /* name, folded -> cte1 */
    GStringChunk *strings;
    guint n_tables;
} SqlText;

bool sql_text_init(SqlText *text, const char *sql);
void sql_text_clear(SqlText *text);
/* Asked dozens of times for each token: most differ in the first letter. */
static inline bool sql_may_be(const char *text, const char *word)
{
    return (text[0] | 0x20) == (word[0] | 0x20);
}
static inline bool sql_is(const SqlText *text, guint i, const char *word)
{
    return i < text->n && sql_may_be(text->words[i].token->text, word) &&
           engine_token_is(text->words[i].token, word);
}
static inline bool sql_is_name(const SqlText *text, guint i)
{
    return i < text->n && !text->words[i].keyword && engine_token_is_name(text->words[i].token, false);
}
/* A value that another run fills in: a parameter, or a text with ${...} or {{...}} in it. */
bool sql_is_filled_in(const SqlText *text, guint i);
/* Tokens [from, to) in canonical form. */
char *sql_canonical(const SqlText *text, guint from, guint to);
void sql_expressions(const SqlText *text, GPtrArray *to);

#endif
