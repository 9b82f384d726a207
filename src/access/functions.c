/* Table functions that a user's SQL may read from: they read things, so only those listed are allowed. Which
 * scalar functions are refused says engine_sql_function_refused. */
#include "access/access_int.h"

static const char *const TABLE_FUNCTIONS[] = {
    "generate_series", "generate_subscripts", "json_each", "json_tree", "pg_timezone_names", "range",
    "repeat",          "repeat_row",          "unnest",    NULL};

bool access_table_function_allowed(const char *name)
{
    for (size_t i = 0; TABLE_FUNCTIONS[i]; i++) {
        if (!g_ascii_strcasecmp(name, TABLE_FUNCTIONS[i])) {
            return true;
        }
    }
    return false;
}
