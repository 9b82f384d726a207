/* information_schema. See infoschema.h. RELATIONS is the table of what there is: adding a relation is adding
 * a row. Columns are those of MySQL 8.0 ("INFORMATION_SCHEMA Tables"), in its order. */
#include "server/infoschema.h"

#include "base/text.h"
#include "server/app.h"
#include "server/mysql_types.h"
#include "server/rows_sql.h"
#include "server/server.h"
#include "server/sysvars.h"

const char *const SERVER_SYSTEM_DATABASES[] = {"information_schema", "mysql", "performance_schema", "sys",
                                               NULL};

static void list_system_tables(ServerRows *rows);

static _Thread_local guint64 calls;

guint64 server_infoschema_calls(void)
{
    return calls;
}

typedef void (*Fill)(ServerRows *rows, const AccessScope *scope);

/* ---- catalog objects
 * -------------------------------------------------------------------------------------------- */

/* Tables and models that the user may see, in the order of the catalog. */
static GPtrArray *visible(const AccessScope *scope)
{
    GPtrArray *seen = g_ptr_array_new();
    const GPtrArray *objects = catalog_objects(scope->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        CatalogObject *object = g_ptr_array_index(objects, i);
        if ((object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL) &&
            access_can_see(scope->user, object)) {
            g_ptr_array_add(seen, object);
        }
    }
    return seen;
}

static bool is_view(const CatalogObject *object)
{
    return object->model && object->model->kind == CATALOG_MODEL_VIEW;
}

static const char *comment_of(const CatalogObject *object)
{
    if (object->table && object->table->comment && *object->table->comment) {
        return object->table->comment;
    }
    return *object->title_en ? object->title_en : object->title_zh;
}

static void fill_schemata(ServerRows *rows, const AccessScope *scope)
{
    for (const char *const *at = SERVER_SYSTEM_DATABASES; *at; at++) {
        server_rows_put(rows, "def", *at, "utf8mb4", "utf8mb4_general_ci", NULL);
    }
    for (const char *const *at = catalog_domains(scope->snapshot); *at; at++) {
        if (access_can_see_domain(scope->user, *at)) {
            server_rows_put(rows, "def", *at, "utf8mb4", "utf8mb4_general_ci", NULL);
        }
    }
}

static void fill_tables(ServerRows *rows, const AccessScope *scope)
{
    g_autoptr(GPtrArray) seen = visible(scope);
    for (guint i = 0; i < seen->len; i++) {
        const CatalogObject *object = g_ptr_array_index(seen, i);
        server_rows_text(rows, "def");
        server_rows_text(rows, object->domain);
        server_rows_text(rows, object->name);
        server_rows_text(rows, is_view(object) ? "VIEW" : "BASE TABLE");
        server_rows_text(rows, is_view(object) ? NULL : "OLAP");
        server_rows_text(rows, "utf8mb4_general_ci");
        server_rows_text(rows, comment_of(object));
    }
    list_system_tables(rows);
}

static void put_column(ServerRows *rows, const CatalogObject *object, const CatalogColumn *column,
                       gint64 position)
{
    MysqlTypeText type = mysql_type_text(column->type, column->type_declared);
    server_rows_text(rows, "def");
    server_rows_text(rows, object->domain);
    server_rows_text(rows, object->name);
    server_rows_text(rows, column->name);
    server_rows_int(rows, position);
    server_rows_text(rows, column->default_sql);
    server_rows_text(rows, column->not_null ? "NO" : "YES");
    server_rows_text(rows, type.data_type);
    for (int i = 0; i < 2; i++) { /* in characters, in bytes */
        if (type.characters >= 0) {
            server_rows_int(rows, i == 0 ? type.characters : type.characters * 4);
        } else {
            server_rows_null(rows);
        }
    }
    const gint64 numbers[] = {type.precision, type.scale, type.fraction};
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i] >= 0) {
            server_rows_int(rows, numbers[i]);
        } else {
            server_rows_null(rows);
        }
    }
    server_rows_text(rows, type.characters >= 0 ? "utf8mb4" : NULL);
    server_rows_text(rows, type.characters >= 0 ? "utf8mb4_general_ci" : NULL);
    server_rows_text(rows, type.column_type);
    server_rows_text(rows, column->key ? "PRI" : "");
    server_rows_text(rows, "");
    server_rows_text(rows, "select,insert,update,references");
    server_rows_text(rows, column->comment ? column->comment : "");
    server_rows_text(rows, "");
    server_rows_end(rows);
    mysql_type_clear(&type);
}

static void fill_columns(ServerRows *rows, const AccessScope *scope)
{
    g_autoptr(GPtrArray) seen = visible(scope);
    for (guint i = 0; i < seen->len; i++) {
        const CatalogObject *object = g_ptr_array_index(seen, i);
        for (guint j = 0; object->columns && j < object->columns->len; j++) {
            put_column(rows, object, g_ptr_array_index(object->columns, j), (gint64)j + 1);
        }
    }
}

static void fill_views(ServerRows *rows, const AccessScope *scope)
{
    g_autoptr(GPtrArray) seen = visible(scope);
    for (guint i = 0; i < seen->len; i++) {
        const CatalogObject *object = g_ptr_array_index(seen, i);
        if (is_view(object)) {
            server_rows_put(rows, "def", object->domain, object->name, object->model->sql, "NONE", "NO",
                            "weir@%", "INVOKER", "utf8mb4", "utf8mb4_general_ci", NULL);
        }
    }
}

/* Keys of unique and aggregate tables: what clients use to tell rows apart. */
typedef void (*VisitKey)(ServerRows *rows, const CatalogObject *object, const CatalogColumn *column,
                         gint64 position);

static void visit_keys(ServerRows *rows, const AccessScope *scope, VisitKey visit)
{
    g_autoptr(GPtrArray) seen = visible(scope);
    for (guint i = 0; i < seen->len; i++) {
        const CatalogObject *object = g_ptr_array_index(seen, i);
        gint64 position = 0;
        bool unique = object->table && object->table->model != CATALOG_DUPLICATE;
        for (guint j = 0; unique && j < object->columns->len; j++) {
            const CatalogColumn *column = g_ptr_array_index(object->columns, j);
            if (column->key) {
                visit(rows, object, column, ++position);
            }
        }
    }
}

static void put_statistics(ServerRows *rows, const CatalogObject *object, const CatalogColumn *column,
                           gint64 position)
{
    server_rows_text(rows, "def");
    server_rows_text(rows, object->domain);
    server_rows_text(rows, object->name);
    server_rows_int(rows, 0);
    server_rows_text(rows, object->domain);
    server_rows_text(rows, "PRIMARY");
    server_rows_int(rows, position);
    server_rows_text(rows, column->name);
    server_rows_text(rows, "A");
    server_rows_null(rows);
    server_rows_null(rows);
    server_rows_null(rows);
    server_rows_text(rows, column->not_null ? "" : "YES");
    server_rows_text(rows, "BTREE");
    server_rows_text(rows, "");
    server_rows_text(rows, "");
    server_rows_text(rows, "YES");
    server_rows_end(rows);
}

static void fill_statistics(ServerRows *rows, const AccessScope *scope)
{
    visit_keys(rows, scope, put_statistics);
}

static void put_key_usage(ServerRows *rows, const CatalogObject *object, const CatalogColumn *column,
                          gint64 position)
{
    server_rows_text(rows, "def");
    server_rows_text(rows, object->domain);
    server_rows_text(rows, "PRIMARY");
    server_rows_text(rows, "def");
    server_rows_text(rows, object->domain);
    server_rows_text(rows, object->name);
    server_rows_text(rows, column->name);
    server_rows_int(rows, position);
    server_rows_end(rows);
}

static void fill_key_usage(ServerRows *rows, const AccessScope *scope)
{
    visit_keys(rows, scope, put_key_usage);
}

static void put_constraint(ServerRows *rows, const CatalogObject *object, const CatalogColumn *column,
                           gint64 position)
{
    (void)column;
    if (position == 1) {
        server_rows_put(rows, "def", object->domain, "PRIMARY", object->domain, object->name, "PRIMARY KEY",
                        "YES", NULL);
    }
}

static void fill_constraints(ServerRows *rows, const AccessScope *scope)
{
    visit_keys(rows, scope, put_constraint);
}

static void fill_user_privileges(ServerRows *rows, const AccessScope *scope)
{
    g_autofree char *grantee = g_strdup_printf("'%s'@'%%'", access_user_name(scope->user));
    server_rows_put(rows, grantee, "def", "SELECT", "NO", NULL);
}

/* ---- facts of the server
 * ------------------------------------------------------------------------------------------ */

static void fill_engines(ServerRows *rows, const AccessScope *scope)
{
    (void)scope;
    server_rows_put(rows, "OLAP", "DEFAULT", "Weir's columnar tables", "YES", "NO", "NO", NULL);
    server_rows_put(rows, "InnoDB", "YES", "Accepted in CREATE TABLE, stored as OLAP", "YES", "NO", "NO",
                    NULL);
}

static void fill_character_sets(ServerRows *rows, const AccessScope *scope)
{
    (void)scope;
    server_rows_put(rows, "utf8mb4", "utf8mb4_general_ci", "UTF-8 Unicode", "4", NULL);
    server_rows_put(rows, "utf8mb3", "utf8mb3_general_ci", "UTF-8 Unicode", "3", NULL);
    server_rows_put(rows, "binary", "binary", "Binary pseudo charset", "1", NULL);
}

static void fill_collations(ServerRows *rows, const AccessScope *scope)
{
    (void)scope;
    server_rows_put(rows, "utf8mb4_general_ci", "utf8mb4", "45", "Yes", "Yes", "1", "PAD SPACE", NULL);
    server_rows_put(rows, "utf8mb4_bin", "utf8mb4", "46", "", "Yes", "1", "PAD SPACE", NULL);
    server_rows_put(rows, "utf8mb4_0900_ai_ci", "utf8mb4", "255", "", "Yes", "0", "NO PAD", NULL);
    server_rows_put(rows, "utf8mb3_general_ci", "utf8mb3", "33", "Yes", "Yes", "1", "PAD SPACE", NULL);
    server_rows_put(rows, "binary", "binary", "63", "Yes", "Yes", "1", "NO PAD", NULL);
}

static void fill_plugins(ServerRows *rows, const AccessScope *scope)
{
    (void)scope;
    server_rows_put(rows, "mysql_native_password", "1.1", "ACTIVE", "AUTHENTICATION", NULL);
    server_rows_put(rows, "caching_sha2_password", "1.0", "ACTIVE", "AUTHENTICATION", NULL);
}

static void fill_variables(ServerRows *rows, const AccessScope *scope)
{
    (void)scope;
    size_t n = 0;
    const ServerSysvar *variables = server_sysvars(&n);
    for (size_t i = 0; i < n; i++) {
        server_rows_put(rows, variables[i].name, variables[i].value, NULL);
    }
}

static void fill_keywords(ServerRows *rows, const AccessScope *scope)
{
    (void)scope;
    static const char *const WORDS[] = {
        "ALL",      "AND",   "AS",     "BETWEEN", "BY",     "CASE", "CREATE", "CROSS",  "DELETE", "DESC",
        "DISTINCT", "DROP",  "ELSE",   "EXISTS",  "FALSE",  "FROM", "GROUP",  "HAVING", "IN",     "INNER",
        "INSERT",   "INTO",  "IS",     "JOIN",    "LEFT",   "LIKE", "LIMIT",  "NOT",    "NULL",   "ON",
        "OR",       "ORDER", "OVER",   "RIGHT",   "SELECT", "SET",  "TABLE",  "THEN",   "TRUE",   "UNION",
        "UPDATE",   "USING", "VALUES", "WHEN",    "WHERE",  "WITH"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        server_rows_text(rows, WORDS[i]);
        server_rows_int(rows, 1);
    }
}

/* ---- the table
 * ------------------------------------------------------------------------------------------------------ */

#define V " VARCHAR, "
#define N " BIGINT, "

/* `select` (may be NULL): "{}" stands for the rows. */
static const struct {
    const char *schema, *name, *columns;
    Fill fill; /* NULL = always empty */
    const char *select;
} RELATIONS[] = {
    {"information_schema", "SCHEMATA",
     "CATALOG_NAME" V "SCHEMA_NAME" V "DEFAULT_CHARACTER_SET_NAME" V "DEFAULT_COLLATION_NAME" V "SQL_PATH" V
     "DEFAULT_ENCRYPTION VARCHAR",
     fill_schemata, NULL},
    {"information_schema", "TABLES",
     "TABLE_CATALOG" V "TABLE_SCHEMA" V "TABLE_NAME" V "TABLE_TYPE" V "ENGINE" V "TABLE_COLLATION" V
     "TABLE_COMMENT VARCHAR",
     fill_tables,
     "SELECT r.TABLE_CATALOG, r.TABLE_SCHEMA, r.TABLE_NAME, r.TABLE_TYPE, r.ENGINE, 10::BIGINT AS VERSION, "
     "NULL::VARCHAR AS ROW_FORMAT, d.estimated_size::BIGINT AS TABLE_ROWS, 0::BIGINT AS AVG_ROW_LENGTH, "
     "0::BIGINT AS DATA_LENGTH, 0::BIGINT AS MAX_DATA_LENGTH, 0::BIGINT AS INDEX_LENGTH, 0::BIGINT AS "
     "DATA_FREE, "
     "NULL::BIGINT AS AUTO_INCREMENT, NULL::TIMESTAMP AS CREATE_TIME, NULL::TIMESTAMP AS UPDATE_TIME, "
     "NULL::TIMESTAMP AS CHECK_TIME, r.TABLE_COLLATION, NULL::BIGINT AS CHECKSUM, ''::VARCHAR AS "
     "CREATE_OPTIONS, "
     "r.TABLE_COMMENT FROM ({}) r LEFT JOIN duckdb_tables() d ON d.schema_name = r.TABLE_SCHEMA AND "
     "d.table_name = r.TABLE_NAME AND NOT d.internal"},
    {"information_schema", "COLUMNS",
     "TABLE_CATALOG" V "TABLE_SCHEMA" V "TABLE_NAME" V "COLUMN_NAME" V "ORDINAL_POSITION" N "COLUMN_DEFAULT" V
     "IS_NULLABLE" V "DATA_TYPE" V "CHARACTER_MAXIMUM_LENGTH" N "CHARACTER_OCTET_LENGTH" N
     "NUMERIC_PRECISION" N "NUMERIC_SCALE" N "DATETIME_PRECISION" N "CHARACTER_SET_NAME" V "COLLATION_NAME" V
     "COLUMN_TYPE" V "COLUMN_KEY" V "EXTRA" V "PRIVILEGES" V "COLUMN_COMMENT" V "GENERATION_EXPRESSION" V
     "SRS_ID BIGINT",
     fill_columns, NULL},
    {"information_schema", "VIEWS",
     "TABLE_CATALOG" V "TABLE_SCHEMA" V "TABLE_NAME" V "VIEW_DEFINITION" V "CHECK_OPTION" V "IS_UPDATABLE" V
     "DEFINER" V "SECURITY_TYPE" V "CHARACTER_SET_CLIENT" V "COLLATION_CONNECTION VARCHAR",
     fill_views, NULL},
    {"information_schema", "STATISTICS",
     "TABLE_CATALOG" V "TABLE_SCHEMA" V "TABLE_NAME" V "NON_UNIQUE" N "INDEX_SCHEMA" V "INDEX_NAME" V
     "SEQ_IN_INDEX" N "COLUMN_NAME" V "COLLATION" V "CARDINALITY" N "SUB_PART" N "PACKED" V "NULLABLE" V
     "INDEX_TYPE" V "COMMENT" V "INDEX_COMMENT" V "IS_VISIBLE" V "EXPRESSION VARCHAR",
     fill_statistics, NULL},
    {"information_schema", "KEY_COLUMN_USAGE",
     "CONSTRAINT_CATALOG" V "CONSTRAINT_SCHEMA" V "CONSTRAINT_NAME" V "TABLE_CATALOG" V "TABLE_SCHEMA" V
     "TABLE_NAME" V "COLUMN_NAME" V "ORDINAL_POSITION" N "POSITION_IN_UNIQUE_CONSTRAINT" N
     "REFERENCED_TABLE_SCHEMA" V "REFERENCED_TABLE_NAME" V "REFERENCED_COLUMN_NAME VARCHAR",
     fill_key_usage, NULL},
    {"information_schema", "TABLE_CONSTRAINTS",
     "CONSTRAINT_CATALOG" V "CONSTRAINT_SCHEMA" V "CONSTRAINT_NAME" V "TABLE_SCHEMA" V "TABLE_NAME" V
     "CONSTRAINT_TYPE" V "ENFORCED VARCHAR",
     fill_constraints, NULL},
    {"information_schema", "REFERENTIAL_CONSTRAINTS",
     "CONSTRAINT_CATALOG" V "CONSTRAINT_SCHEMA" V "CONSTRAINT_NAME" V "UNIQUE_CONSTRAINT_CATALOG" V
     "UNIQUE_CONSTRAINT_SCHEMA" V "UNIQUE_CONSTRAINT_NAME" V "MATCH_OPTION" V "UPDATE_RULE" V "DELETE_RULE" V
     "TABLE_NAME" V "REFERENCED_TABLE_NAME VARCHAR",
     NULL, NULL},
    {"information_schema", "CHECK_CONSTRAINTS",
     "CONSTRAINT_CATALOG" V "CONSTRAINT_SCHEMA" V "CONSTRAINT_NAME" V "CHECK_CLAUSE VARCHAR", NULL, NULL},
    {"information_schema", "ROUTINES",
     "SPECIFIC_NAME" V "ROUTINE_CATALOG" V "ROUTINE_SCHEMA" V "ROUTINE_NAME" V "ROUTINE_TYPE" V "DATA_TYPE" V
     "DTD_IDENTIFIER" V "ROUTINE_BODY" V "ROUTINE_DEFINITION" V "IS_DETERMINISTIC" V "SQL_DATA_ACCESS" V
     "SECURITY_TYPE" V "CREATED TIMESTAMP, LAST_ALTERED TIMESTAMP, SQL_MODE" V "ROUTINE_COMMENT" V
     "DEFINER VARCHAR",
     NULL, NULL},
    {"information_schema", "PARAMETERS",
     "SPECIFIC_CATALOG" V "SPECIFIC_SCHEMA" V "SPECIFIC_NAME" V "ORDINAL_POSITION" N "PARAMETER_MODE" V
     "PARAMETER_NAME" V "DATA_TYPE" V "DTD_IDENTIFIER" V "ROUTINE_TYPE VARCHAR",
     NULL, NULL},
    {"information_schema", "TRIGGERS",
     "TRIGGER_CATALOG" V "TRIGGER_SCHEMA" V "TRIGGER_NAME" V "EVENT_MANIPULATION" V "EVENT_OBJECT_CATALOG" V
     "EVENT_OBJECT_SCHEMA" V "EVENT_OBJECT_TABLE" V "ACTION_ORDER" N "ACTION_CONDITION" V "ACTION_STATEMENT" V
     "ACTION_ORIENTATION" V "ACTION_TIMING" V "CREATED TIMESTAMP, SQL_MODE" V "DEFINER" V
     "CHARACTER_SET_CLIENT" V "COLLATION_CONNECTION" V "DATABASE_COLLATION VARCHAR",
     NULL, NULL},
    {"information_schema", "EVENTS",
     "EVENT_CATALOG" V "EVENT_SCHEMA" V "EVENT_NAME" V "DEFINER" V "TIME_ZONE" V "EVENT_BODY" V
     "EVENT_DEFINITION" V "EVENT_TYPE" V "EXECUTE_AT TIMESTAMP, INTERVAL_VALUE" V "INTERVAL_FIELD" V
     "SQL_MODE" V "STARTS TIMESTAMP, ENDS TIMESTAMP, STATUS" V "ON_COMPLETION" V
     "CREATED TIMESTAMP, LAST_ALTERED TIMESTAMP, "
     "EVENT_COMMENT" V "ORIGINATOR" N "CHARACTER_SET_CLIENT" V "COLLATION_CONNECTION" V
     "DATABASE_COLLATION VARCHAR",
     NULL, NULL},
    {"information_schema", "PARTITIONS",
     "TABLE_CATALOG" V "TABLE_SCHEMA" V "TABLE_NAME" V "PARTITION_NAME" V "SUBPARTITION_NAME" V
     "PARTITION_ORDINAL_POSITION" N "PARTITION_METHOD" V "PARTITION_EXPRESSION" V "PARTITION_DESCRIPTION" V
     "TABLE_ROWS" N "AVG_ROW_LENGTH" N "DATA_LENGTH" N "PARTITION_COMMENT VARCHAR",
     NULL, NULL},
    {"information_schema", "USER_PRIVILEGES",
     "GRANTEE" V "TABLE_CATALOG" V "PRIVILEGE_TYPE" V "IS_GRANTABLE VARCHAR", fill_user_privileges, NULL},
    {"information_schema", "SCHEMA_PRIVILEGES",
     "GRANTEE" V "TABLE_CATALOG" V "TABLE_SCHEMA" V "PRIVILEGE_TYPE" V "IS_GRANTABLE VARCHAR", NULL, NULL},
    {"information_schema", "TABLE_PRIVILEGES",
     "GRANTEE" V "TABLE_CATALOG" V "TABLE_SCHEMA" V "TABLE_NAME" V "PRIVILEGE_TYPE" V "IS_GRANTABLE VARCHAR",
     NULL, NULL},
    {"information_schema", "COLUMN_PRIVILEGES",
     "GRANTEE" V "TABLE_CATALOG" V "TABLE_SCHEMA" V "TABLE_NAME" V "COLUMN_NAME" V "PRIVILEGE_TYPE" V
     "IS_GRANTABLE VARCHAR",
     NULL, NULL},
    {"information_schema", "ENGINES",
     "ENGINE" V "SUPPORT" V "COMMENT" V "TRANSACTIONS" V "XA" V "SAVEPOINTS VARCHAR", fill_engines, NULL},
    {"information_schema", "CHARACTER_SETS",
     "CHARACTER_SET_NAME" V "DEFAULT_COLLATE_NAME" V "DESCRIPTION" V "MAXLEN BIGINT", fill_character_sets,
     NULL},
    {"information_schema", "COLLATIONS",
     "COLLATION_NAME" V "CHARACTER_SET_NAME" V "ID" N "IS_DEFAULT" V "IS_COMPILED" V "SORTLEN" N
     "PAD_ATTRIBUTE VARCHAR",
     fill_collations, NULL},
    {"information_schema", "PLUGINS",
     "PLUGIN_NAME" V "PLUGIN_VERSION" V "PLUGIN_STATUS" V "PLUGIN_TYPE" V "PLUGIN_LIBRARY" V
     "PLUGIN_LICENSE VARCHAR",
     fill_plugins, NULL},
    {"information_schema", "KEYWORDS", "WORD" V "RESERVED BIGINT", fill_keywords, NULL},
    {"information_schema", "FILES",
     "FILE_ID" N "FILE_NAME" V "FILE_TYPE" V "TABLESPACE_NAME" V "TABLE_CATALOG" V "TABLE_SCHEMA" V
     "TABLE_NAME" V "LOGFILE_GROUP_NAME" V "ENGINE VARCHAR",
     NULL, NULL},
    {"information_schema", "GLOBAL_VARIABLES", "VARIABLE_NAME" V "VARIABLE_VALUE VARCHAR", fill_variables,
     NULL},
    {"information_schema", "SESSION_VARIABLES", "VARIABLE_NAME" V "VARIABLE_VALUE VARCHAR", fill_variables,
     NULL},
    {"performance_schema", "global_variables", "VARIABLE_NAME" V "VARIABLE_VALUE VARCHAR", fill_variables,
     NULL},
    {"performance_schema", "session_variables", "VARIABLE_NAME" V "VARIABLE_VALUE VARCHAR", fill_variables,
     NULL},
    {"mysql", "user", "Host" V "User" V "plugin VARCHAR", NULL, NULL},
    {"mysql", "db", "Host" V "Db" V "User VARCHAR", NULL, NULL},
};

static void list_system_tables(ServerRows *rows)
{
    for (size_t i = 0; i < G_N_ELEMENTS(RELATIONS); i++) {
        server_rows_put(rows, "def", RELATIONS[i].schema, RELATIONS[i].name, "SYSTEM VIEW", "MEMORY",
                        "utf8mb4_general_ci", "", NULL);
    }
}

char *server_infoschema_select(const AccessScope *scope, const char *schema, const char *table, void *user,
                               GError **error)
{
    (void)user;
    (void)error;
    const char *database = *schema ? schema : scope->domain ? scope->domain : "";
    for (size_t i = 0; i < G_N_ELEMENTS(RELATIONS); i++) {
        if (g_ascii_strcasecmp(RELATIONS[i].schema, database) ||
            g_ascii_strcasecmp(RELATIONS[i].name, table)) {
            continue;
        }
        calls++;
        g_autoptr(ServerRows) rows = server_rows_new(RELATIONS[i].columns);
        if (RELATIONS[i].fill) {
            RELATIONS[i].fill(rows, scope);
        }
        g_autofree char *select = server_rows_select(rows);
        if (!RELATIONS[i].select) {
            return g_steal_pointer(&select);
        }
        g_auto(GStrv) parts = g_strsplit(RELATIONS[i].select, "{}", -1);
        return g_strjoinv(select, parts);
    }
    return NULL;
}
