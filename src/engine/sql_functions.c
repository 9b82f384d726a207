/* Functions that no user's SQL may call, in a query or in a load's expression.
 *
 * Scalar functions compute, so all are allowed but those that reach outside the statement's own tables or
 * reveal the machine: by name or by prefix. Reviewed against duckdb_functions() of DuckDB 1.5.6; the engine
 * itself is locked down below this. */
#include "engine/sql_int.h"

typedef struct {
    const char *name; /* a last * stands for any rest */
    const char *why;
} Refused;

static const Refused REFUSED[] = {
    {"read_*", "it reads files"},
    {"parquet_*", "it reads files"},
    {"glob", "it lists files"},
    {"getenv", "it reads the server's environment"},
    {"pragma_*", "it shows the engine's inside"},
    {"duckdb_*", "it shows the engine's inside"},
    {"weir_*", "it is Weir's own"},
    {"current_setting", "it shows the engine's settings"},
    {"getvariable", "it shows the engine's variables"},
    {"current_query", "it shows the rewritten statement"},
    {"json_serialize_plan", "it plans a statement that is not checked"},
    {"json_execute_serialized_sql", "it runs a statement that is not checked"},
    {"query", "it runs a statement that is not checked"},
    {"query_table", "it names a table that is not checked"},
    {"pg_get_viewdef", "it shows definitions past the rights on them"},
    {"pg_get_constraintdef", "it shows definitions past the rights on them"},
    {"stats", "it shows statistics past masks"},
    {"nextval", "it changes a sequence"},
    {"currval", "it reads a sequence"},
    {"setseed", "it changes a connection that others use"},
    {"write_log", "it writes the engine's log"},
    {"parse_duckdb_log_message", "it reads the engine's log"},
    {"add_parquet_key", "it changes the engine's settings"},
};

static bool matches(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);
    if (pattern[len - 1] == '*') {
        return !g_ascii_strncasecmp(pattern, name, len - 1);
    }
    return !g_ascii_strcasecmp(pattern, name);
}

const char *engine_sql_function_refused(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(REFUSED); i++) {
        if (matches(REFUSED[i].name, name)) {
            return REFUSED[i].why;
        }
    }
    return NULL;
}
