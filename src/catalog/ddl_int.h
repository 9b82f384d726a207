/* What ddl.c, ddl_types.c, ddl_show.c and table.c share. */
#ifndef WEIR_CATALOG_DDL_INT_H
#define WEIR_CATALOG_DDL_INT_H

#include "catalog/catalog.h"
#include "engine/sql.h"

/* DEFAULT CURRENT_TIMESTAMP, and that of a datetime without decimals. */
#define CATALOG_DDL_NOW        "CAST(now() AS TIMESTAMP)"
#define CATALOG_DDL_NOW_SECOND "date_trunc('second', CAST(now() AS TIMESTAMP))"
#define CATALOG_DDL_SEQUENCE   "function_column.sequence_col" /* the property that names it */
#define DDL_MAX_COLUMNS        4096
#define DDL_MAX_TYPE_DEPTH     32

CatalogTable *ddl_table_new(const char *schema, const char *name);
void ddl_column_free(void *column);

/* Tokens with a place. */
typedef struct {
    const char *sql;
    GPtrArray *tokens; /* EngineToken */
    size_t i;
    unsigned open_angles; /* of ">>" half is left to read */
} DdlReader;

static inline const EngineToken *ddl_token(const DdlReader *reader, size_t ahead)
{
    size_t i = reader->i + ahead;
    return g_ptr_array_index(reader->tokens, i < reader->tokens->len ? i : reader->tokens->len - 1);
}
static inline bool ddl_is(const DdlReader *reader, size_t ahead, const char *word)
{
    return engine_token_is(ddl_token(reader, ahead), word);
}
/* Moves behind the word if it is there. */
bool ddl_take(DdlReader *reader, const char *word);
/* SQL_SYNTAX at the token that is next. Returns false. */
bool ddl_unexpected(const DdlReader *reader, const char *expected, GError **error);

/* ddl_types.c: the type that begins here, as the engine's; moves behind it. */
char *ddl_type_read(DdlReader *reader, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
