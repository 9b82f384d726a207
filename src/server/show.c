/* SHOW and DESCRIBE. SHOWS is the table of what there is: adding a SHOW statement is adding a row.
 *
 * A row has a pattern, and either a SELECT over information_schema or a function that makes rows. Both become
 * a CTE, so that LIKE, WHERE, ORDER BY and LIMIT work on every one of them, and both are checked like any
 * SELECT of the user.
 *
 * Patterns, word by word: `a|b` one of the words; `?a` the word may be missing; <db> FROM or IN a database
 * (or the session's); <any> the same, but all databases when there is none; <table> FROM or IN a table;
 * <name> a name; <text> a string; <rest> anything. */
#include "server/show_int.h"

#define COLUMNS_WHERE                                                                                        \
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} ORDER BY "      \
    "ORDINAL_POSITION"

typedef struct {
    const char *pattern;
    const char *like; /* column that LIKE is about; NULL = the first */
    const char *sql;  /* {db} {schema} {table} are literals, {tables_in} a name; NULL = `fill` */
    const char *columns;
    ShowFill fill;
} ShowRow;

#define V " VARCHAR, "

static const ShowRow SHOWS[] = {
    {"databases|schemas", "Database",
     "SELECT SCHEMA_NAME AS \"Database\" FROM information_schema.SCHEMATA ORDER BY 1", NULL, NULL},
    {"full tables <db>", NULL,
     "SELECT TABLE_NAME AS {tables_in}, TABLE_TYPE AS \"Table_type\" FROM information_schema.TABLES "
     "WHERE TABLE_SCHEMA = {db} ORDER BY 1",
     NULL, NULL},
    {"tables <db>", NULL,
     "SELECT TABLE_NAME AS {tables_in} FROM information_schema.TABLES WHERE TABLE_SCHEMA = {db} ORDER BY 1",
     NULL, NULL},
    {"views <db>", NULL,
     "SELECT TABLE_NAME AS {tables_in} FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {db} ORDER BY 1",
     NULL, NULL},
    {"table status <db>", "Name",
     "SELECT TABLE_NAME AS \"Name\", ENGINE AS \"Engine\", VERSION AS \"Version\", ROW_FORMAT AS "
     "\"Row_format\", "
     "TABLE_ROWS AS \"Rows\", AVG_ROW_LENGTH AS \"Avg_row_length\", DATA_LENGTH AS \"Data_length\", "
     "MAX_DATA_LENGTH AS \"Max_data_length\", INDEX_LENGTH AS \"Index_length\", DATA_FREE AS \"Data_free\", "
     "AUTO_INCREMENT AS \"Auto_increment\", CREATE_TIME AS \"Create_time\", UPDATE_TIME AS \"Update_time\", "
     "CHECK_TIME AS \"Check_time\", TABLE_COLLATION AS \"Collation\", CHECKSUM AS \"Checksum\", "
     "CREATE_OPTIONS AS \"Create_options\", TABLE_COMMENT AS \"Comment\" FROM information_schema.TABLES "
     "WHERE TABLE_SCHEMA = {db} ORDER BY 1",
     NULL, NULL},
    {"full columns|fields <table>", "Field",
     "SELECT COLUMN_NAME AS \"Field\", COLUMN_TYPE AS \"Type\", COLLATION_NAME AS \"Collation\", IS_NULLABLE "
     "AS "
     "\"Null\", COLUMN_KEY AS \"Key\", COLUMN_DEFAULT AS \"Default\", EXTRA AS \"Extra\", PRIVILEGES AS "
     "\"Privileges\", COLUMN_COMMENT AS \"Comment\"" COLUMNS_WHERE,
     NULL, NULL},
    {"?extended columns|fields <table>", "Field",
     "SELECT COLUMN_NAME AS \"Field\", COLUMN_TYPE AS \"Type\", IS_NULLABLE AS \"Null\", COLUMN_KEY AS "
     "\"Key\", "
     "COLUMN_DEFAULT AS \"Default\", EXTRA AS \"Extra\"" COLUMNS_WHERE,
     NULL, NULL},
    {"index|indexes|keys <table>", "Key_name",
     "SELECT TABLE_NAME AS \"Table\", NON_UNIQUE AS \"Non_unique\", INDEX_NAME AS \"Key_name\", SEQ_IN_INDEX "
     "AS "
     "\"Seq_in_index\", COLUMN_NAME AS \"Column_name\", \"COLLATION\" AS \"Collation\", CARDINALITY AS "
     "\"Cardinality\", "
     "SUB_PART AS \"Sub_part\", PACKED AS \"Packed\", NULLABLE AS \"Null\", INDEX_TYPE AS \"Index_type\", "
     "COMMENT AS "
     "\"Comment\", INDEX_COMMENT AS \"Index_comment\", IS_VISIBLE AS \"Visible\", EXPRESSION AS "
     "\"Expression\" FROM "
     "information_schema.STATISTICS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} ORDER BY "
     "SEQ_IN_INDEX",
     NULL, NULL},
    {"create table <name>", NULL, NULL, NULL, show_create_table},
    {"create view <name>", NULL, NULL, NULL, show_create_view},
    {"create database|schema ?if ?not ?exists <name>", NULL, NULL, "Database" V "'Create Database' VARCHAR",
     show_create_database},
    {"?global|session|local variables", "Variable_name", NULL, "Variable_name" V "Value VARCHAR",
     show_variables},
    {"?global|session|local status", "Variable_name", NULL, "Variable_name" V "Value VARCHAR", show_status},
    {"?full processlist", NULL, NULL,
     "Id BIGINT, User" V "Host" V "db" V "Command" V "Time BIGINT, State" V "Info VARCHAR", show_processlist},
    {"grants ?for <rest>", NULL, NULL, "Grants VARCHAR", show_grants},
    {"all grants", NULL, NULL, "Grants VARCHAR", show_grants},
    {"count ( * ) warnings", NULL, NULL, "@@session.warning_count BIGINT", show_count_warnings},
    {"count ( * ) errors", NULL, NULL, "@@session.error_count BIGINT", show_count_warnings},
    {"warnings", NULL, NULL, "Level" V "Code BIGINT, Message VARCHAR", show_warnings},
    {"errors", NULL, NULL, "Level" V "Code BIGINT, Message VARCHAR", show_errors},
    {"?storage engines", "Engine",
     "SELECT ENGINE AS \"Engine\", SUPPORT AS \"Support\", COMMENT AS \"Comment\", TRANSACTIONS AS "
     "\"Transactions\", "
     "XA, SAVEPOINTS AS \"Savepoints\" FROM information_schema.ENGINES",
     NULL, NULL},
    {"charset", "Charset",
     "SELECT CHARACTER_SET_NAME AS \"Charset\", DESCRIPTION AS \"Description\", DEFAULT_COLLATE_NAME AS "
     "\"Default "
     "collation\", MAXLEN AS \"Maxlen\" FROM information_schema.CHARACTER_SETS",
     NULL, NULL},
    {"character set", "Charset",
     "SELECT CHARACTER_SET_NAME AS \"Charset\", DESCRIPTION AS \"Description\", DEFAULT_COLLATE_NAME AS "
     "\"Default "
     "collation\", MAXLEN AS \"Maxlen\" FROM information_schema.CHARACTER_SETS",
     NULL, NULL},
    {"collation", "Collation",
     "SELECT COLLATION_NAME AS \"Collation\", CHARACTER_SET_NAME AS \"Charset\", ID AS \"Id\", IS_DEFAULT AS "
     "\"Default\", IS_COMPILED AS \"Compiled\", SORTLEN AS \"Sortlen\", PAD_ATTRIBUTE AS \"Pad_attribute\" "
     "FROM "
     "information_schema.COLLATIONS",
     NULL, NULL},
    {"plugins", "Name",
     "SELECT PLUGIN_NAME AS \"Name\", PLUGIN_STATUS AS \"Status\", PLUGIN_TYPE AS \"Type\", PLUGIN_LIBRARY "
     "AS "
     "\"Library\", PLUGIN_LICENSE AS \"License\" FROM information_schema.PLUGINS",
     NULL, NULL},
    {"privileges", NULL, NULL, "Privilege" V "Context" V "Comment VARCHAR", show_privileges},
    {"procedure status", "Name", NULL,
     "Db" V "Name" V "Type" V "Definer" V "Modified TIMESTAMP, Created TIMESTAMP, Security_type" V "Comment" V
     "character_set_client" V "collation_connection" V "'Database Collation' VARCHAR",
     show_nothing},
    {"function status", "Name", NULL,
     "Db" V "Name" V "Type" V "Definer" V "Modified TIMESTAMP, Created TIMESTAMP, Security_type" V "Comment" V
     "character_set_client" V "collation_connection" V "'Database Collation' VARCHAR",
     show_nothing},
    {"triggers <any>", "Table", NULL,
     "Trigger" V "Event" V "Table" V "Statement" V "Timing" V "Created TIMESTAMP, sql_mode" V "Definer" V
     "character_set_client" V "collation_connection" V "'Database Collation' VARCHAR",
     show_nothing},
    {"events <any>", "Name", NULL,
     "Db" V "Name" V "Definer" V "'Time zone'" V "Type" V "'Execute at' TIMESTAMP, 'Interval value'" V
     "'Interval field'" V "Starts TIMESTAMP, Ends TIMESTAMP, Status" V
     "Originator BIGINT, character_set_client" V "collation_connection" V "'Database Collation' VARCHAR",
     show_nothing},
    {"open tables <any>", "Table", NULL, "Database" V "Table" V "In_use BIGINT, Name_locked BIGINT",
     show_nothing},
    {"master status", NULL, NULL,
     "File" V "Position BIGINT, Binlog_Do_DB" V "Binlog_Ignore_DB" V "Executed_Gtid_Set VARCHAR",
     show_nothing},
    {"binary|master logs", NULL, NULL, "Log_name" V "File_size BIGINT, Encrypted VARCHAR", show_nothing},
    {"slave|replica status", NULL, NULL, "Slave_IO_State" V "Master_Host VARCHAR", show_nothing},
    {"profiles", NULL, NULL, "Query_ID BIGINT, Duration DOUBLE, Query VARCHAR", show_nothing},
    /* Doris */
    {"frontends <rest>", NULL, NULL,
     "Name" V "Host" V
     "EditLogPort BIGINT, HttpPort BIGINT, QueryPort BIGINT, RpcPort BIGINT, ArrowFlightSqlPort "
     "BIGINT, Role" V "IsMaster" V "ClusterId" V "Join" V "Alive" V
     "ReplayedJournalId BIGINT, LastStartTime" V "LastHeartbeat" V "IsHelper" V "ErrMsg" V "Version" V
     "CurrentConnected VARCHAR",
     show_frontends},
    {"backends", NULL, NULL,
     "BackendId BIGINT, Host" V "HeartbeatPort BIGINT, BePort BIGINT, HttpPort BIGINT, BrpcPort BIGINT, "
     "ArrowFlightSqlPort BIGINT, LastStartTime" V "LastHeartbeat" V "Alive" V "SystemDecommissioned" V
     "TabletNum BIGINT, DataUsedCapacity" V "AvailCapacity" V "TotalCapacity" V "UsedPct" V "ErrMsg" V
     "Version VARCHAR",
     show_backends},
    {"catalogs", "CatalogName", NULL,
     "CatalogId BIGINT, CatalogName" V "Type" V "IsCurrent" V "CreateTime" V "LastUpdateTime" V
     "Comment VARCHAR",
     show_catalogs},
    {"transaction <any>", "Label", NULL,
     "TransactionId BIGINT, Label" V "Coordinator" V "TransactionStatus" V "LoadJobSourceType" V
     "PrepareTime" V "PreCommitTime" V "CommitTime" V "PublishTime" V "FinishTime" V "Reason" V
     "ErrorReplicasCount BIGINT, "
     "ListenerId BIGINT, TimeoutMs BIGINT, ErrMsg" V "ID BIGINT",
     show_transactions},
    {"load warnings ?on <text>", NULL, NULL, "JobId BIGINT, Label" V "ErrorMsgDetail VARCHAR",
     show_load_warnings},
    {"load <any>", "Label", NULL,
     "JobId BIGINT, Label" V "State" V "Progress" V "Type" V "EtlInfo" V "TaskInfo" V "ErrorMsg" V
     "CreateTime" V "EtlStartTime" V "EtlFinishTime" V "LoadStartTime" V "LoadFinishTime" V "URL" V
     "JobDetails" V "TransactionId BIGINT, ErrorTablets" V "User" V "Comment VARCHAR",
     show_loads},
    {"stream load <any>", "Label", NULL,
     "Label" V "Db" V "Table" V "ClientIp" V "Status" V "Message" V "Url" V
     "TotalRows BIGINT, LoadedRows BIGINT, "
     "FilteredRows BIGINT, UnselectedRows BIGINT, LoadBytes BIGINT, StartTime" V "FinishTime" V "User" V
     "Comment VARCHAR",
     show_stream_loads},
    {"?all routine load <rest>", NULL, NULL,
     "Id BIGINT, Name" V "CreateTime" V "PauseTime" V "EndTime" V "DbName" V "TableName" V "IsMultiTable" V
     "State" V "DataSourceType" V "CurrentTaskNum BIGINT, JobProperties" V "DataSourceProperties" V
     "CustomProperties" V "Statistic" V "Progress" V "Lag" V "ReasonOfStateChanged" V "ErrorLogUrls" V
     "OtherMsg" V "User" V "Comment VARCHAR",
     show_nothing},
    {"?temporary partitions <table>", "PartitionName", NULL,
     "PartitionId BIGINT, PartitionName" V "VisibleVersion BIGINT, VisibleVersionTime" V "State" V
     "PartitionKey" V "Range" V "DistributionKey" V "Buckets BIGINT, ReplicationNum BIGINT, StorageMedium" V
     "CooldownTime" V "LastConsistencyCheckTime" V "DataSize" V "IsInMemory" V "ReplicaAllocation VARCHAR",
     show_partitions},
    {"tablets <table>", NULL, NULL,
     "TabletId BIGINT, ReplicaId BIGINT, BackendId BIGINT, SchemaHash BIGINT, Version BIGINT, LocalDataSize "
     "BIGINT, "
     "RowCount BIGINT, State VARCHAR",
     show_tablets},
    {"data ?skew <any>", "TableName",
     "SELECT TABLE_NAME AS \"TableName\", TABLE_ROWS AS \"RowCount\", 1 AS \"ReplicaCount\" FROM "
     "information_schema.TABLES WHERE TABLE_SCHEMA = {db} AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1",
     NULL, NULL},
    {"alter table column|rollup|materialized <rest>", NULL, NULL,
     "JobId BIGINT, TableName" V "CreateTime" V "FinishTime" V "IndexName" V
     "IndexId BIGINT, OriginIndexId BIGINT, "
     "SchemaVersion" V "TransactionId BIGINT, State" V "Msg" V "Progress" V "Timeout BIGINT",
     show_nothing},
    {"proc <text>", NULL, NULL, "Name" V "Value VARCHAR", show_nothing},
};

/* ---- matching
 * ------------------------------------------------------------------------------------------------- */

/* One of "a|b"; *ret_word is it. */
static bool take_any(SqlCursor *cursor, const char *words, const char **ret_word)
{
    g_auto(GStrv) all = g_strsplit(words, "|", -1);
    for (char **word = all; *word; word++) {
        if (sql_take(cursor, *word)) {
            *ret_word = ((const EngineToken *)g_ptr_array_index(cursor->tokens, cursor->at - 1))->text;
            return true;
        }
    }
    return false;
}

static bool take_from(SqlCursor *cursor)
{
    return sql_take(cursor, "from") || sql_take(cursor, "in");
}

static bool take_table(SqlCursor *cursor, Show *show)
{
    if (!sql_take_table(cursor, &show->schema, &show->name, show->run->sql, NULL)) {
        return false;
    }
    return !take_from(cursor) || (show->schema = sql_take_name(cursor)) != NULL;
}

static bool take_text(SqlCursor *cursor, Show *show)
{
    if (sql_peek(cursor)->type != ENGINE_TOKEN_TEXT) {
        return false;
    }
    show->text = sql_peek(cursor)->text;
    cursor->at++;
    return true;
}

/* <db>, <table>, ... */
static bool take_place(SqlCursor *cursor, const char *place, Show *show)
{
    if (g_str_equal(place, "<rest>")) {
        cursor->at = cursor->tokens->len - 1;
        return true;
    }
    if (g_str_equal(place, "<text>")) {
        return take_text(cursor, show);
    }
    if (g_str_equal(place, "<db>") || g_str_equal(place, "<any>")) {
        show->database = take_from(cursor) ? sql_take_name(cursor) : show->run->session->database;
        return true;
    }
    return g_str_equal(place, "<name>") ? take_table(cursor, show)
                                        : take_from(cursor) && take_table(cursor, show);
}

static bool match(const char *pattern, SqlCursor *cursor, Show *show)
{
    g_auto(GStrv) words = g_strsplit(pattern, " ", -1);
    for (char **word = words; *word; word++) {
        const char *taken = NULL;
        if (**word == '<') {
            if (!take_place(cursor, *word, show)) {
                return false;
            }
        } else if (**word == '?') {
            if (take_any(cursor, *word + 1, &taken)) {
                show->full |= g_ascii_strcasecmp(taken, "full") == 0;
                show->global |= g_ascii_strcasecmp(taken, "global") == 0;
            }
        } else if (!take_any(cursor, *word, &taken)) {
            return false;
        }
    }
    return true;
}

/* What may follow every SHOW; else a longer pattern is meant ("load warnings" is no "load"). */
static bool at_tail(const SqlCursor *cursor)
{
    return sql_at_end(cursor) || sql_is(cursor, "like") || sql_is(cursor, "where") ||
           sql_is(cursor, "order") || sql_is(cursor, "limit");
}

/* ---- the SELECT
 * -------------------------------------------------------------------------------------------------- */

static void append_literal(GString *out, const char *text)
{
    engine_sql_append_text(out, text ? text : "");
}

static char *fill_template(const char *sql, const Show *show, const char *schema, const char *table)
{
    GString *out = g_string_new(NULL);
    for (const char *at = sql; *at; at++) {
        if (g_str_has_prefix(at, "{db}")) {
            append_literal(out, show->database);
        } else if (g_str_has_prefix(at, "{schema}")) {
            append_literal(out, schema);
        } else if (g_str_has_prefix(at, "{table}")) {
            append_literal(out, table);
        } else if (g_str_has_prefix(at, "{tables_in}")) {
            g_autofree char *name = g_strdup_printf("Tables_in_%s", show->database);
            engine_sql_append_name(out, name);
        } else {
            g_string_append_c(out, *at);
            continue;
        }
        at = strchr(at, '}');
    }
    return g_string_free(out, FALSE);
}

static bool need_database(const ShowRow *row, Show *show, GError **error)
{
    if (!strstr(row->pattern, "<db>")) {
        return true;
    }
    if (!show->database) {
        return base_fail(error, BASE_E_DATABASE_NONE, "No database selected");
    }
    return session_database_exists(show->run->session, show->database) ||
           session_database_unknown(error, show->database);
}

static bool is_system(const char *schema)
{
    return schema &&
           (g_ascii_strcasecmp(schema, "information_schema") == 0 ||
            g_ascii_strcasecmp(schema, "mysql") == 0 ||
            g_ascii_strcasecmp(schema, "performance_schema") == 0 || g_ascii_strcasecmp(schema, "sys") == 0);
}

/* Tables are looked up first, so that an unknown one is 1146 and not an empty answer. */
static char *table_select(const ShowRow *row, const Show *show, GError **error)
{
    const char *schema = show->schema ? show->schema : show->run->session->database;
    if (is_system(schema)) {
        return fill_template(row->sql, show, schema, show->name);
    }
    const CatalogObject *object = session_find_table(show->run->session, show->schema, show->name, error);
    return object ? fill_template(row->sql, show, object->domain, object->plain_name) : NULL;
}

static char *rows_select(const ShowRow *row, const Show *show, GError **error)
{
    const char *columns = row->columns;
    if (row->fill == show_create_table || row->fill == show_create_view) {
        const CatalogObject *object = session_find_table(show->run->session, show->schema, show->name, error);
        if (!object) {
            return NULL;
        }
        bool view = object->model && object->model->kind == CATALOG_MODEL_VIEW;
        columns = view ? "View" V "'Create View'" V "character_set_client" V "collation_connection VARCHAR"
                       : "Table" V "'Create Table' VARCHAR";
    }
    g_autoptr(ServerRows) rows = server_rows_new(columns);
    return row->fill(show, rows, error) ? server_rows_select(rows) : NULL;
}

/* LIKE, WHERE and what follows, on the CTE. */
static char *wrap(const ShowRow *row, const Show *show, SqlCursor *cursor, const char *select, GError **error)
{
    ServerSession *session = show->run->session;
    bool hides_id = row->fill == show_transactions;
    g_autoptr(GString) outer = g_string_new(NULL);
    g_string_append_printf(outer, "WITH shown AS (%s) SELECT %s FROM shown", select,
                           hides_id ? "* EXCLUDE (ID)" : "*");
    if (sql_take(cursor, "like")) {
        const EngineToken *pattern = sql_peek(cursor);
        if (pattern->type != ENGINE_TOKEN_TEXT) {
            sql_fail_near(cursor, show->run->sql, error);
            return NULL;
        }
        cursor->at++;
        g_autofree char *tables_in = g_strdup_printf("Tables_in_%s", show->database);
        const char *column = row->like ? row->like : tables_in;
        g_string_append(outer, " WHERE ");
        engine_sql_append_name(outer, column);
        g_string_append(outer, " ILIKE ");
        engine_sql_append_text(outer, pattern->text);
        g_string_append(outer, " ESCAPE '\\'");
    }
    if (!sql_at_end(cursor)) {
        g_autofree char *rest = sql_text_between(cursor, 0, show->run->sql);
        g_autofree char *alone = g_strconcat("SELECT * FROM shown ", rest, NULL);
        g_autofree char *translated = session_translate(session, alone, error);
        if (!translated) {
            return NULL;
        }
        const char *from = strstr(translated, "shown");
        g_string_append(outer, from ? from + strlen("shown") : "");
    }
    return g_strdup(outer->str);
}

static bool run_row(const ShowRow *row, Show *show, SqlCursor *cursor, GError **error)
{
    g_autofree char *select = !need_database(row, show, error)  ? NULL
                              : !row->sql                       ? rows_select(row, show, error)
                              : strstr(row->pattern, "<table>") ? table_select(row, show, error)
                                                                : fill_template(row->sql, show, NULL, NULL);
    g_autofree char *sql = select ? wrap(row, show, cursor, select, error) : NULL;
    return sql && session_run_own(show->run, sql, error);
}

bool session_run_show(const SqlRun *run, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(SHOWS); i++) {
        SqlCursor cursor = {run->tokens, 1};
        Show show = {.run = run};
        if (match(SHOWS[i].pattern, &cursor, &show) && at_tail(&cursor)) {
            return run_row(&SHOWS[i], &show, &cursor, error);
        }
    }
    SqlCursor cursor = {run->tokens, 1};
    return sql_fail_near(&cursor, run->sql, error);
}

/* DESCRIBE t [column], DESC t, EXPLAIN t. */
bool session_run_describe(const SqlRun *run, GError **error)
{
    const ShowRow *row = NULL;
    for (size_t i = 0; !row; i++) {
        row = g_str_has_prefix(SHOWS[i].pattern, "?extended columns") ? &SHOWS[i] : NULL;
    }
    SqlCursor cursor = {run->tokens, 1};
    Show show = {.run = run};
    if (!sql_take_table(&cursor, &show.schema, &show.name, run->sql, error)) {
        return false;
    }
    g_autofree char *select = table_select(row, &show, error);
    if (!select) {
        return false;
    }
    sql_take(&cursor, "all");
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_append_printf(sql, "WITH shown AS (%s) SELECT * FROM shown", select);
    const EngineToken *column = sql_peek(&cursor);
    if (!sql_at_end(&cursor) && (engine_token_is_name(column, true))) {
        g_string_append(sql, " WHERE \"Field\" ILIKE ");
        engine_sql_append_text(sql, column->text);
        cursor.at++;
    }
    return sql_at_end(&cursor) ? session_run_own(run, sql->str, error)
                               : sql_fail_near(&cursor, run->sql, error);
}
