/* The engine's types as information_schema and SHOW COLUMNS of MySQL spell them. */
#ifndef WEIR_SERVER_MYSQL_TYPES_H
#define WEIR_SERVER_MYSQL_TYPES_H

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *data_type;                               /* "decimal" */
    char *column_type;                             /* "decimal(18,2)" */
    gint64 characters, precision, scale, fraction; /* -1 = does not apply */
} MysqlTypeText;

/* `type` is the engine's, `declared` what was written (may be NULL): it gives the length of CHAR and VARCHAR.
 */
MysqlTypeText mysql_type_text(const char *type, const char *declared);
void mysql_type_clear(MysqlTypeText *text);

#endif
