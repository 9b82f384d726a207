/* information_schema. See infoschema.h. RELATIONS is the table of what there is: adding a relation is adding
 * a row. Columns are those of MySQL 8.0 ("INFORMATION_SCHEMA Tables"), in its order. */
#include "server/infoschema.h"

#include "base/text.h"
#include "base/time.h"
#include "server/app.h"
#include "server/mysql_keywords.h"
#include "server/mysql_types.h"
#include "server/rows_sql.h"
#include "server/server.h"
#include "server/session_int.h"
#include "server/sysvars.h"

const char *const SERVER_SYSTEM_DATABASES[] = {"information_schema", "mysql", "performance_schema", "sys",
                                               NULL};

static void list_system_tables(ServerRows *rows);

static _Thread_local guint64 calls;

guint64 server_infoschema_calls(void)
{
    return calls;
}

/* Who asks. */
typedef struct {
    const AccessScope *scope;
    ServerApp *app;
} Asked;
typedef void (*Fill)(ServerRows *rows, const Asked *asked);

/* ---- catalog objects
 * -------------------------------------------------------------------------------------------- */

/* Tables and models that the user may see, in the order of the catalog. */
static GPtrArray *visible(const Asked *asked)
{
    GPtrArray *seen = g_ptr_array_new();
    const GPtrArray *objects = catalog_objects(asked->scope->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        CatalogObject *object = g_ptr_array_index(objects, i);
        if ((object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL) &&
            access_can_see(asked->scope->user, object)) {
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

/* Made by CREATE DATABASE and still without a table. */
static void put_live_schemata(ServerRows *rows, const Asked *asked)
{
    ServerSql *sql = server_app_sql(asked->app);
    const char *const *domains = catalog_domains(asked->scope->snapshot);
    GHashTableIter at;
    gpointer name = NULL;
    g_mutex_lock(&sql->databases_lock);
    g_hash_table_iter_init(&at, sql->databases);
    while (g_hash_table_iter_next(&at, &name, NULL)) {
        if (!g_strv_contains(domains, name) && access_can_see_domain(asked->scope->user, name)) {
            server_rows_put(rows, "def", name, "utf8mb4", "utf8mb4_general_ci", NULL);
        }
    }
    g_mutex_unlock(&sql->databases_lock);
}

static void fill_schemata(ServerRows *rows, const Asked *asked)
{
    for (const char *const *at = SERVER_SYSTEM_DATABASES; *at; at++) {
        server_rows_put(rows, "def", *at, "utf8mb4", "utf8mb4_general_ci", NULL);
    }
    for (const char *const *at = catalog_domains(asked->scope->snapshot); *at; at++) {
        if (access_can_see_domain(asked->scope->user, *at)) {
            server_rows_put(rows, "def", *at, "utf8mb4", "utf8mb4_general_ci", NULL);
        }
    }
    put_live_schemata(rows, asked);
}

static void fill_tables(ServerRows *rows, const Asked *asked)
{
    g_autoptr(GPtrArray) seen = visible(asked);
    for (guint i = 0; i < seen->len; i++) {
        const CatalogObject *object = g_ptr_array_index(seen, i);
        server_rows_text(rows, "def");
        server_rows_text(rows, object->domain);
        server_rows_text(rows, object->plain_name);
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
    server_rows_text(rows, object->plain_name);
    server_rows_text(rows, column->name);
    server_rows_int(rows, position);
    g_autofree char *standard = catalog_ddl_default(column);
    server_rows_text(rows, standard);
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

static void fill_columns(ServerRows *rows, const Asked *asked)
{
    g_autoptr(GPtrArray) seen = visible(asked);
    for (guint i = 0; i < seen->len; i++) {
        const CatalogObject *object = g_ptr_array_index(seen, i);
        for (guint j = 0; object->columns && j < object->columns->len; j++) {
            put_column(rows, object, g_ptr_array_index(object->columns, j), (gint64)j + 1);
        }
    }
}

static void fill_views(ServerRows *rows, const Asked *asked)
{
    g_autoptr(GPtrArray) seen = visible(asked);
    for (guint i = 0; i < seen->len; i++) {
        const CatalogObject *object = g_ptr_array_index(seen, i);
        if (is_view(object)) {
            server_rows_put(rows, "def", object->domain, object->plain_name, object->model->sql, "NONE", "NO",
                            "weir@%", "INVOKER", "utf8mb4", "utf8mb4_general_ci", NULL);
        }
    }
}

/* Keys of unique and aggregate tables: what clients use to tell rows apart. */
typedef void (*VisitKey)(ServerRows *rows, const CatalogObject *object, const CatalogColumn *column,
                         gint64 position);

static void visit_keys(ServerRows *rows, const Asked *asked, VisitKey visit)
{
    g_autoptr(GPtrArray) seen = visible(asked);
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
    server_rows_text(rows, object->plain_name);
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

static void fill_statistics(ServerRows *rows, const Asked *asked)
{
    visit_keys(rows, asked, put_statistics);
}

static void put_key_usage(ServerRows *rows, const CatalogObject *object, const CatalogColumn *column,
                          gint64 position)
{
    server_rows_text(rows, "def");
    server_rows_text(rows, object->domain);
    server_rows_text(rows, "PRIMARY");
    server_rows_text(rows, "def");
    server_rows_text(rows, object->domain);
    server_rows_text(rows, object->plain_name);
    server_rows_text(rows, column->name);
    server_rows_int(rows, position);
    server_rows_end(rows);
}

static void fill_key_usage(ServerRows *rows, const Asked *asked)
{
    visit_keys(rows, asked, put_key_usage);
}

static void put_constraint(ServerRows *rows, const CatalogObject *object, const CatalogColumn *column,
                           gint64 position)
{
    (void)column;
    if (position == 1) {
        server_rows_put(rows, "def", object->domain, "PRIMARY", object->domain, object->plain_name,
                        "PRIMARY KEY", "YES", NULL);
    }
}

static void fill_constraints(ServerRows *rows, const Asked *asked)
{
    visit_keys(rows, asked, put_constraint);
}

/* MySQL's words for the rights that a user has on an object. */
static const struct {
    AccessRight right;
    const char *words[4]; /* NULL-terminated */
} PRIVILEGES[] = {{ACCESS_READ, {"SELECT"}},
                  {ACCESS_LOAD, {"INSERT", "UPDATE", "DELETE"}},
                  {ACCESS_WRITE, {"CREATE", "ALTER", "DROP"}}};

static char *grantee_of(const Asked *asked)
{
    return g_strdup_printf("'%s'@'%%'", access_user_name(asked->scope->user));
}

static void fill_table_privileges(ServerRows *rows, const Asked *asked)
{
    g_autoptr(GPtrArray) seen = visible(asked);
    g_autofree char *grantee = grantee_of(asked);
    for (guint i = 0; i < seen->len; i++) {
        const CatalogObject *object = g_ptr_array_index(seen, i);
        for (size_t p = 0; p < G_N_ELEMENTS(PRIVILEGES); p++) {
            bool has = access_check(asked->scope->user, PRIVILEGES[p].right, object, NULL);
            for (const char *const *word = PRIVILEGES[p].words; has && *word; word++) {
                server_rows_put(rows, grantee, "def", object->domain, object->plain_name, *word, "NO", NULL);
            }
        }
    }
}

static void fill_schema_privileges(ServerRows *rows, const Asked *asked)
{
    g_autofree char *grantee = grantee_of(asked);
    for (const char *const *domain = catalog_domains(asked->scope->snapshot); *domain; domain++) {
        for (size_t p = 0; p < G_N_ELEMENTS(PRIVILEGES); p++) {
            bool has = access_check_domain(asked->scope->user, PRIVILEGES[p].right, *domain, NULL);
            for (const char *const *word = PRIVILEGES[p].words; has && *word; word++) {
                server_rows_put(rows, grantee, "def", *domain, *word, "NO", NULL);
            }
        }
    }
}

static void fill_user_privileges(ServerRows *rows, const Asked *asked)
{
    g_autofree char *grantee = g_strdup_printf("'%s'@'%%'", access_user_name(asked->scope->user));
    server_rows_put(rows, grantee, "def", "SELECT", "NO", NULL);
}

/* ---- facts of the server
 * ------------------------------------------------------------------------------------------ */

static void fill_engines(ServerRows *rows, const Asked *asked)
{
    (void)asked;
    server_rows_put(rows, "OLAP", "DEFAULT", "Weir's columnar tables", "YES", "NO", "NO", NULL);
    server_rows_put(rows, "InnoDB", "YES", "Accepted in CREATE TABLE, stored as OLAP", "YES", "NO", "NO",
                    NULL);
}

static void fill_character_sets(ServerRows *rows, const Asked *asked)
{
    (void)asked;
    server_rows_put(rows, "utf8mb4", "utf8mb4_general_ci", "UTF-8 Unicode", "4", NULL);
    server_rows_put(rows, "utf8mb3", "utf8mb3_general_ci", "UTF-8 Unicode", "3", NULL);
    server_rows_put(rows, "binary", "binary", "Binary pseudo charset", "1", NULL);
}

static void fill_collations(ServerRows *rows, const Asked *asked)
{
    (void)asked;
    server_rows_put(rows, "utf8mb4_general_ci", "utf8mb4", "45", "Yes", "Yes", "1", "PAD SPACE", NULL);
    server_rows_put(rows, "utf8mb4_bin", "utf8mb4", "46", "", "Yes", "1", "PAD SPACE", NULL);
    server_rows_put(rows, "utf8mb4_0900_ai_ci", "utf8mb4", "255", "", "Yes", "0", "NO PAD", NULL);
    server_rows_put(rows, "utf8mb3_general_ci", "utf8mb3", "33", "Yes", "Yes", "1", "PAD SPACE", NULL);
    server_rows_put(rows, "binary", "binary", "63", "Yes", "Yes", "1", "NO PAD", NULL);
}

static void fill_plugins(ServerRows *rows, const Asked *asked)
{
    (void)asked;
    server_rows_put(rows, "mysql_native_password", "1.1", "ACTIVE", "AUTHENTICATION", NULL);
    server_rows_put(rows, "caching_sha2_password", "1.0", "ACTIVE", "AUTHENTICATION", NULL);
}

static void fill_variables(ServerRows *rows, const Asked *asked)
{
    (void)asked;
    size_t n = 0;
    const ServerSysvar *variables = server_sysvars(&n);
    for (size_t i = 0; i < n; i++) {
        server_rows_put(rows, variables[i].name, variables[i].value, NULL);
    }
}

static void put_words(ServerRows *rows, const char *const *words, gint64 reserved)
{
    for (; *words; words++) {
        server_rows_text(rows, *words);
        server_rows_int(rows, reserved);
    }
}

static void fill_keywords(ServerRows *rows, const Asked *asked)
{
    (void)asked;
    put_words(rows, SERVER_MYSQL_RESERVED, 1);
    put_words(rows, SERVER_MYSQL_UNRESERVED, 0);
}

static void fill_collation_sets(ServerRows *rows, const Asked *asked)
{
    (void)asked;
    static const char *const PAIRS[][2] = {{"utf8mb4_general_ci", "utf8mb4"},
                                           {"utf8mb4_bin", "utf8mb4"},
                                           {"utf8mb4_0900_ai_ci", "utf8mb4"},
                                           {"utf8mb3_general_ci", "utf8mb3"},
                                           {"binary", "binary"}};
    for (size_t i = 0; i < G_N_ELEMENTS(PAIRS); i++) {
        server_rows_put(rows, PAIRS[i][0], PAIRS[i][1], NULL);
    }
}

/* ---- sessions
 * ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const Asked *asked;
    ServerRows *rows;
} Processes;

static void put_process(const ServerSession *session, void *user)
{
    const Processes *processes = user;
    const AccessUser *asking = processes->asked->scope->user;
    if (!access_user_is_admin(asking) &&
        !g_str_equal(access_user_name(session->user), access_user_name(asking))) {
        return;
    }
    ServerRows *rows = processes->rows;
    server_rows_int(rows, session->id);
    server_rows_text(rows, access_user_name(session->user));
    server_rows_text(rows, session->peer);
    server_rows_text(rows, session->database);
    server_rows_text(rows, session->command);
    server_rows_int(rows, (base_time_monotonic_us() - session->since_us) / BASE_TIME_SECOND_US);
    server_rows_text(rows, session->stop != STOP_NONE ? "killed" : session->busy ? "executing" : "");
    server_rows_text(rows, session->statement);
}

static void fill_processlist(ServerRows *rows, const Asked *asked)
{
    Processes processes = {.asked = asked, .rows = rows};
    session_visit_all(server_app_sql(asked->app), put_process, &processes);
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
     "SPECIFIC_NAME VARCHAR, ROUTINE_CATALOG VARCHAR, ROUTINE_SCHEMA VARCHAR, ROUTINE_NAME VARCHAR, "
     "ROUTINE_TYPE VARCHAR, DATA_TYPE VARCHAR, CHARACTER_MAXIMUM_LENGTH BIGINT, CHARACTER_OCTET_LENGTH "
     "BIGINT, NUMERIC_PRECISION BIGINT, NUMERIC_SCALE BIGINT, DATETIME_PRECISION BIGINT, CHARACTER_SET_NAME "
     "VARCHAR, COLLATION_NAME VARCHAR, DTD_IDENTIFIER VARCHAR, ROUTINE_BODY VARCHAR, ROUTINE_DEFINITION "
     "VARCHAR, EXTERNAL_NAME VARCHAR, EXTERNAL_LANGUAGE VARCHAR, PARAMETER_STYLE VARCHAR, IS_DETERMINISTIC "
     "VARCHAR, SQL_DATA_ACCESS VARCHAR, SQL_PATH VARCHAR, SECURITY_TYPE VARCHAR, CREATED TIMESTAMP, "
     "LAST_ALTERED TIMESTAMP, SQL_MODE VARCHAR, ROUTINE_COMMENT VARCHAR, DEFINER VARCHAR, "
     "CHARACTER_SET_CLIENT VARCHAR, COLLATION_CONNECTION VARCHAR, DATABASE_COLLATION VARCHAR",
     NULL, NULL},
    {"information_schema", "PARAMETERS",
     "SPECIFIC_CATALOG VARCHAR, SPECIFIC_SCHEMA VARCHAR, SPECIFIC_NAME VARCHAR, ORDINAL_POSITION BIGINT, "
     "PARAMETER_MODE VARCHAR, PARAMETER_NAME VARCHAR, DATA_TYPE VARCHAR, CHARACTER_MAXIMUM_LENGTH BIGINT, "
     "CHARACTER_OCTET_LENGTH BIGINT, NUMERIC_PRECISION BIGINT, NUMERIC_SCALE BIGINT, DATETIME_PRECISION "
     "BIGINT, CHARACTER_SET_NAME VARCHAR, COLLATION_NAME VARCHAR, DTD_IDENTIFIER VARCHAR, ROUTINE_TYPE "
     "VARCHAR",
     NULL, NULL},
    {"information_schema", "TRIGGERS",
     "TRIGGER_CATALOG VARCHAR, TRIGGER_SCHEMA VARCHAR, TRIGGER_NAME VARCHAR, EVENT_MANIPULATION VARCHAR, "
     "EVENT_OBJECT_CATALOG VARCHAR, EVENT_OBJECT_SCHEMA VARCHAR, EVENT_OBJECT_TABLE VARCHAR, ACTION_ORDER "
     "BIGINT, ACTION_CONDITION VARCHAR, ACTION_STATEMENT VARCHAR, ACTION_ORIENTATION VARCHAR, ACTION_TIMING "
     "VARCHAR, ACTION_REFERENCE_OLD_TABLE VARCHAR, ACTION_REFERENCE_NEW_TABLE VARCHAR, "
     "ACTION_REFERENCE_OLD_ROW VARCHAR, ACTION_REFERENCE_NEW_ROW VARCHAR, CREATED TIMESTAMP, SQL_MODE "
     "VARCHAR, DEFINER VARCHAR, CHARACTER_SET_CLIENT VARCHAR, COLLATION_CONNECTION VARCHAR, "
     "DATABASE_COLLATION VARCHAR",
     NULL, NULL},
    {"information_schema", "EVENTS",
     "EVENT_CATALOG VARCHAR, EVENT_SCHEMA VARCHAR, EVENT_NAME VARCHAR, DEFINER VARCHAR, TIME_ZONE VARCHAR, "
     "EVENT_BODY VARCHAR, EVENT_DEFINITION VARCHAR, EVENT_TYPE VARCHAR, EXECUTE_AT TIMESTAMP, INTERVAL_VALUE "
     "VARCHAR, INTERVAL_FIELD VARCHAR, SQL_MODE VARCHAR, STARTS TIMESTAMP, ENDS TIMESTAMP, STATUS VARCHAR, "
     "ON_COMPLETION VARCHAR, CREATED TIMESTAMP, LAST_ALTERED TIMESTAMP, LAST_EXECUTED TIMESTAMP, "
     "EVENT_COMMENT VARCHAR, ORIGINATOR BIGINT, CHARACTER_SET_CLIENT VARCHAR, COLLATION_CONNECTION VARCHAR, "
     "DATABASE_COLLATION VARCHAR",
     NULL, NULL},
    {"information_schema", "PARTITIONS",
     "TABLE_CATALOG VARCHAR, TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, PARTITION_NAME VARCHAR, "
     "SUBPARTITION_NAME VARCHAR, PARTITION_ORDINAL_POSITION BIGINT, SUBPARTITION_ORDINAL_POSITION BIGINT, "
     "PARTITION_METHOD VARCHAR, SUBPARTITION_METHOD VARCHAR, PARTITION_EXPRESSION VARCHAR, "
     "SUBPARTITION_EXPRESSION VARCHAR, PARTITION_DESCRIPTION VARCHAR, TABLE_ROWS BIGINT, AVG_ROW_LENGTH "
     "BIGINT, DATA_LENGTH BIGINT, MAX_DATA_LENGTH BIGINT, INDEX_LENGTH BIGINT, DATA_FREE BIGINT, CREATE_TIME "
     "TIMESTAMP, UPDATE_TIME TIMESTAMP, CHECK_TIME TIMESTAMP, CHECKSUM BIGINT, PARTITION_COMMENT VARCHAR, "
     "NODEGROUP VARCHAR, TABLESPACE_NAME VARCHAR",
     NULL, NULL},
    {"information_schema", "USER_PRIVILEGES",
     "GRANTEE" V "TABLE_CATALOG" V "PRIVILEGE_TYPE" V "IS_GRANTABLE VARCHAR", fill_user_privileges, NULL},
    {"information_schema", "SCHEMA_PRIVILEGES",
     "GRANTEE" V "TABLE_CATALOG" V "TABLE_SCHEMA" V "PRIVILEGE_TYPE" V "IS_GRANTABLE VARCHAR",
     fill_schema_privileges, NULL},
    {"information_schema", "TABLE_PRIVILEGES",
     "GRANTEE" V "TABLE_CATALOG" V "TABLE_SCHEMA" V "TABLE_NAME" V "PRIVILEGE_TYPE" V "IS_GRANTABLE VARCHAR",
     fill_table_privileges, NULL},
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
     "PLUGIN_NAME VARCHAR, PLUGIN_VERSION VARCHAR, PLUGIN_STATUS VARCHAR, PLUGIN_TYPE VARCHAR, "
     "PLUGIN_TYPE_VERSION VARCHAR, PLUGIN_LIBRARY VARCHAR, PLUGIN_LIBRARY_VERSION VARCHAR, PLUGIN_AUTHOR "
     "VARCHAR, PLUGIN_DESCRIPTION VARCHAR, PLUGIN_LICENSE VARCHAR, LOAD_OPTION VARCHAR",
     fill_plugins, NULL},
    {"information_schema", "PROCESSLIST",
     "ID BIGINT, USER VARCHAR, HOST VARCHAR, DB VARCHAR, COMMAND VARCHAR, TIME BIGINT, STATE VARCHAR, INFO "
     "VARCHAR",
     fill_processlist, NULL},
    {"information_schema", "COLLATION_CHARACTER_SET_APPLICABILITY",
     "COLLATION_NAME VARCHAR, CHARACTER_SET_NAME VARCHAR", fill_collation_sets, NULL},
    {"information_schema", "VIEW_TABLE_USAGE",
     "VIEW_CATALOG VARCHAR, VIEW_SCHEMA VARCHAR, VIEW_NAME VARCHAR, TABLE_CATALOG VARCHAR, TABLE_SCHEMA "
     "VARCHAR, TABLE_NAME VARCHAR",
     NULL, NULL},
    {"information_schema", "TABLESPACES",
     "TABLESPACE_NAME VARCHAR, ENGINE VARCHAR, TABLESPACE_TYPE VARCHAR, LOGFILE_GROUP_NAME VARCHAR, "
     "EXTENT_SIZE BIGINT, AUTOEXTEND_SIZE BIGINT, MAXIMUM_SIZE BIGINT, NODEGROUP_ID BIGINT, "
     "TABLESPACE_COMMENT VARCHAR",
     NULL, NULL},
    {"information_schema", "PROFILING",
     "QUERY_ID BIGINT, SEQ BIGINT, STATE VARCHAR, DURATION BIGINT, CPU_USER BIGINT, CPU_SYSTEM BIGINT", NULL,
     NULL},
    {"information_schema", "COLUMN_STATISTICS",
     "SCHEMA_NAME VARCHAR, TABLE_NAME VARCHAR, COLUMN_NAME VARCHAR, HISTOGRAM VARCHAR", NULL, NULL},
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
    {"mysql", "tables_priv",
     "Host" V "Db" V "User" V "Table_name" V "Grantor" V "Timestamp TIMESTAMP, Table_priv" V
     "Column_priv VARCHAR",
     NULL, NULL},
    {"mysql", "columns_priv",
     "Host" V "Db" V "User" V "Table_name" V "Column_name" V "Timestamp TIMESTAMP, Column_priv VARCHAR", NULL,
     NULL},
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
    (void)error;
    const Asked asked = {.scope = scope, .app = user};
    const char *database = *schema ? schema : scope->domain ? scope->domain : "";
    for (size_t i = 0; i < G_N_ELEMENTS(RELATIONS); i++) {
        if (g_ascii_strcasecmp(RELATIONS[i].schema, database) ||
            g_ascii_strcasecmp(RELATIONS[i].name, table)) {
            continue;
        }
        calls++;
        g_autoptr(ServerRows) rows = server_rows_new(RELATIONS[i].columns);
        if (RELATIONS[i].fill) {
            RELATIONS[i].fill(rows, &asked);
        }
        g_autofree char *select = server_rows_select_any_case(rows);
        if (!RELATIONS[i].select) {
            return g_steal_pointer(&select);
        }
        g_auto(GStrv) parts = g_strsplit(RELATIONS[i].select, "{}", -1);
        return g_strjoinv(select, parts);
    }
    return NULL;
}
