/* CREATE, DROP and ALTER over SQL: live tables. See ddl_int.h.
 *
 * A live table is a table like any other, but declared by no file: it is kept in the catalog's store and
 * added to the applied snapshot. One change at a time (server_app_lock_definitions). The order is engine,
 * store, snapshot: a CREATE that fails in between leaves a table that nobody sees, which the next CREATE
 * finds and says; a DROP leaves a name without a table, which the next DROP ends. What files declare is
 * changed in the files. */
#include "base/fault.h"
#include "base/text.h"
#include "server/ddl_int.h"
#include "server/dml_int.h"
#include "server/live.h"
#include "server/show_int.h"

/* ---- what all share
 * --------------------------------------------------------------------------------------------------- */

static bool refuse(GError **error, const char *what, const char *hint)
{
    base_fail(error, BASE_E_STATEMENT_REFUSED, "%s is not supported", what);
    base_error_hint(error, "%s", hint);
    return false;
}

static bool refuse_declared(const CatalogObject *object, GError **error)
{
    base_fail(error, BASE_E_STATEMENT_REFUSED, "`%s` is declared in %s", object->full_name, object->file);
    base_error_hint(error, "change the file, then weir plan and weir apply");
    return false;
}

/* Tables of files are not changed over SQL. */
static bool is_live(const CatalogObject *object)
{
    return object->table && (!object->file || !*object->file);
}

static bool may_write(const ServerSession *session, const char *database, GError **error)
{
    return access_check_domain(session->user, ACCESS_WRITE, database, error);
}

typedef bool (*ChangeDefinitions)(const SqlRun *run, void *user, GError **error);

/* Runs `change` alone, against the snapshot that is applied then. */
static bool alone(const SqlRun *run, ChangeDefinitions change, void *user, const char *action,
                  const char *object, GError **error)
{
    ServerSession *session = run->session;
    if (!session_commit(session, error)) { /* DDL ends a transaction, as in MySQL */
        return false;
    }
    server_app_lock_definitions(session->app);
    session_renew(session);
    bool ok = change(run, user, error);
    server_app_unlock_definitions(session->app);
    access_audit(server_app_access(session->app), access_user_name(session->user), action, object, run->sql,
                 ok);
    session_renew(session);
    return ok;
}

/* A database must exist to hold a table; one that is only known (CREATE DATABASE) becomes a domain with its
 * first. */
static bool check_database(ServerSession *session, const char *database, GError **error)
{
    if (!database || !*database) {
        return base_fail(error, BASE_E_DATABASE_NONE, "No database selected");
    }
    bool known = g_strv_contains(catalog_domains(session->snapshot), database) ||
                 session_database_is_live(session->sql, database);
    return (known || session_database_unknown(error, database)) && may_write(session, database, error);
}

/* ---- CREATE TABLE
 * -------------------------------------------------------------------------------------------------------- */

typedef struct {
    CatalogTable *table;
    bool if_not_exists, existed;
} Create;

static bool create_table(const SqlRun *run, void *user, GError **error)
{
    Create *create = user;
    ServerSession *session = run->session;
    const CatalogTable *table = create->table;
    if (!check_database(session, table->schema, error)) {
        return false;
    }
    bool ambiguous = false;
    if (catalog_resolve_table(session->snapshot, table->schema, table->name, NULL, &ambiguous)) {
        create->existed = true;
        if (create->if_not_exists) {
            session_warn(session, "Note", 1050, "Table '%s' already exists", table->name);
            return true;
        }
        return base_fail(error, BASE_E_TABLE_EXISTS, "Table '%s' already exists", table->name);
    }
    if (!intake_table_create(server_app_intake(session->app), table, error)) {
        return false;
    }
    (void)BASE_FAULT("create.between");
    return server_live_put(session->app, session->snapshot, table, error);
}

static bool run_create(const SqlRun *run, Create *create, GError **error)
{
    g_autofree char *full = g_strdup_printf("%s.%s", create->table->schema, create->table->name);
    return alone(run, create_table, create, "create_table", full, error);
}

static bool create_declared(const SqlRun *run, GError **error)
{
    ServerSession *session = run->session;
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    Create create = {0};
    g_autoptr(CatalogTable) table =
        catalog_ddl_parse(run->sql, session->database, &create.if_not_exists, warnings, error);
    if (!table) {
        return false;
    }
    create.table = table;
    for (guint i = 0; i < warnings->len; i++) {
        session_warn(session, "Note", 1105, "%s", (const char *)g_ptr_array_index(warnings, i));
    }
    return run_create(run, &create, error);
}

/* CREATE TABLE t LIKE s */
static bool create_like(const SqlRun *run, const char *schema, const char *name, bool if_not_exists,
                        SqlCursor *cursor, GError **error)
{
    ServerSession *session = run->session;
    const char *like_schema = NULL, *like_name = NULL;
    if (!sql_take_table(cursor, &like_schema, &like_name, run->sql, error)) {
        return false;
    }
    const CatalogObject *like = session_find_table(session, like_schema, like_name, error);
    if (!like || !like->table) {
        return like &&
               base_fail(error, BASE_E_STATEMENT_REFUSED, "`%s` is a model, not a table", like->full_name);
    }
    g_autoptr(CatalogTable) table = catalog_table_copy(like->table);
    g_free(table->schema);
    g_free(table->name);
    table->schema = g_strdup(schema ? schema : session->database ? session->database : "");
    table->name = g_ascii_strdown(name, -1);
    Create create = {.table = table, .if_not_exists = if_not_exists};
    return run_create(run, &create, error);
}

/* The columns of a SELECT as a table's. */
static CatalogTable *table_of_select(const SqlRun *run, const char *schema, const char *name,
                                     const char *select, GError **error)
{
    g_autofree char *none = g_strdup_printf("SELECT * FROM (%s) LIMIT 0", select);
    g_autoptr(EngineResult) result = engine_query(run->session->conn, none, error);
    if (!result) {
        return NULL;
    }
    g_autoptr(GString) sql = g_string_new("CREATE TABLE ");
    engine_sql_append_table(sql, schema, name);
    g_string_append(sql, " (");
    for (size_t i = 0; i < engine_result_n_columns(result); i++) {
        g_string_append(sql, i ? ", " : "");
        engine_sql_append_name(sql, engine_result_column_name(result, i));
        g_string_append_printf(sql, " %s", engine_result_type_text(result, i));
    }
    g_string_append(sql, ")");
    g_auto(GStrv) quoted = g_strsplit(sql->str, "\"", -1); /* the declaration's own quotes are backquotes */
    g_autofree char *text = g_strjoinv("`", quoted);
    bool if_not_exists = false;
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    return catalog_ddl_parse(text, schema, &if_not_exists, warnings, error);
}

static bool fill_created(const SqlRun *run, const CatalogTable *table, const char *select, GError **error)
{
    ServerSession *session = run->session;
    g_auto(GStrv) columns = g_new0(char *, table->columns->len + 1);
    for (guint i = 0; i < table->columns->len; i++) {
        columns[i] = g_strdup(((const CatalogColumn *)g_ptr_array_index(table->columns, i))->name);
    }
    IntakeResult result = {0};
    const IntakeSession by = session_writing(session, session_zone_name(session));
    bool ok = intake_insert(server_app_intake(session->app), table, (const char *const *)columns, select,
                            NULL, 0, &by, NULL, access_user_name(session->user), &result, error);
    session_explain_stop(session, error);
    run->ret->changed = result.loaded_rows;
    intake_result_clear(&result);
    return ok;
}

/* CREATE TABLE t AS SELECT: columns from the SELECT; when it cannot be filled the table is taken away again.
 */
static bool drop_named(const SqlRun *run, void *user, GError **error);

static bool create_as(const SqlRun *run, const char *schema, const char *name, bool if_not_exists,
                      const char *body, GError **error)
{
    ServerSession *session = run->session;
    bool keep = false;
    g_autofree char *select = session_rewrite(session, body, &keep, error);
    const char *database = schema ? schema : session->database;
    if (!select) {
        return false;
    }
    if (!database) {
        return base_fail(error, BASE_E_DATABASE_NONE, "No database selected");
    }
    g_autofree char *folded = g_ascii_strdown(name, -1);
    g_autoptr(CatalogTable) table = table_of_select(run, database, folded, select, error);
    Create create = {.table = table, .if_not_exists = if_not_exists};
    if (!table || !run_create(run, &create, error)) {
        return false;
    }
    if (create.existed || fill_created(run, table, select, error)) {
        return true;
    }
    GError *second = NULL;
    if (!alone(run, drop_named, table, "drop_table", table->name, &second)) {
        session_warn(session, "Warning", 1105, "the empty table `%s` stays: %s", table->name,
                     second->message);
        g_clear_error(&second);
    }
    return false;
}

/* The index of AS in front of a SELECT, outside brackets; 0 = there is none. */
static guint find_as(const SqlCursor *start)
{
    int depth = 0;
    SqlCursor cursor = *start;
    for (; !sql_at_end(&cursor); cursor.at++) {
        depth += sql_is(&cursor, "(") ? 1 : sql_is(&cursor, ")") ? -1 : 0;
        SqlCursor next = {cursor.tokens, cursor.at + 1};
        if (depth == 0 && sql_is(&cursor, "as") &&
            (sql_is(&next, "select") || sql_is(&next, "with") || sql_is(&next, "("))) {
            return cursor.at;
        }
    }
    return 0;
}

static bool run_create_table(const SqlRun *run, SqlCursor *cursor, GError **error)
{
    const char *schema = NULL, *name = NULL;
    bool if_not_exists = sql_take_all(cursor, "if not exists");
    if (!sql_take_table(cursor, &schema, &name, run->sql, error)) {
        return false;
    }
    if (sql_take(cursor, "like")) {
        return create_like(run, schema, name, if_not_exists, cursor, error);
    }
    guint as = find_as(cursor);
    bool bare_select = sql_is(cursor, "select") || sql_is(cursor, "with");
    if (as == 0 && !bare_select) {
        return create_declared(run, error);
    }
    if (as > 0 && sql_is(cursor, "(")) {
        return refuse(error, "a list of columns together with AS SELECT",
                      "name and cast the columns in the SELECT");
    }
    SqlCursor body = {cursor->tokens, as > 0 ? as + 1 : cursor->at};
    g_autofree char *select = sql_text_between(&body, 0, run->sql);
    return create_as(run, schema, name, if_not_exists, select, error);
}

/* ---- databases
 * ---------------------------------------------------------------------------------------------------------------
 */

static bool run_create_database(const SqlRun *run, SqlCursor *cursor, GError **error)
{
    ServerSession *session = run->session;
    bool if_not_exists = sql_take_all(cursor, "if not exists");
    const char *name = sql_take_name(cursor);
    if (!name) {
        return sql_fail_near(cursor, run->sql, error);
    }
    if (!access_check(session->user, ACCESS_WRITE, NULL, error)) {
        return false;
    }
    if (session_database_exists(session, name)) {
        if (if_not_exists) {
            session_warn(session, "Note", 1007, "Can't create database '%s'; database exists", name);
            return true;
        }
        return base_fail(error, BASE_E_DATABASE_EXISTS, "Can't create database '%s'; database exists", name);
    }
    bool ok = session_database_add(session, name, error);
    run->ret->changed = ok ? 1 : 0;
    access_audit(server_app_access(session->app), access_user_name(session->user), "create_database", name,
                 NULL, ok);
    return ok;
}

static bool has_objects(const ServerSession *session, const char *database)
{
    const GPtrArray *objects = catalog_objects(session->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (g_str_equal(object->domain, database) ||
            (object->kind == CATALOG_DOMAIN && g_str_equal(object->name, database))) {
            return true;
        }
    }
    return false;
}

static bool run_drop_database(const SqlRun *run, SqlCursor *cursor, GError **error)
{
    ServerSession *session = run->session;
    bool if_exists = sql_take_all(cursor, "if exists");
    const char *name = sql_take_name(cursor);
    if (!name) {
        return sql_fail_near(cursor, run->sql, error);
    }
    if (!access_check(session->user, ACCESS_WRITE, NULL, error)) {
        return false;
    }
    if (!session_database_exists(session, name)) {
        return if_exists || base_fail(error, BASE_E_DATABASE_UNKNOWN,
                                      "Can't drop database '%s'; database doesn't exist", name);
    }
    if (has_objects(session, name)) {
        base_fail(error, BASE_E_DROP_NOT_ALLOWED, "database `%s` is not empty", name);
        base_error_hint(error, "drop its tables first; what files declare is removed in the files");
        return false;
    }
    bool ok = session_database_remove(session, name, error);
    access_audit(server_app_access(session->app), access_user_name(session->user), "drop_database", name,
                 NULL, ok);
    return ok;
}

/* ---- CREATE, DROP
 * -------------------------------------------------------------------------------------------------------------
 */

bool session_run_create(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 1};
    if (sql_take_all(&cursor, "or replace") && sql_is(&cursor, "table")) {
        return refuse(error, "CREATE OR REPLACE TABLE", "DROP TABLE first, or use a model of kind `full`");
    }
    if (sql_is(&cursor, "temporary")) {
        return refuse(error, "a temporary table", "a WITH clause, or a table with another name");
    }
    sql_take(&cursor, "external");
    if (sql_take(&cursor, "table")) {
        return run_create_table(run, &cursor, error);
    }
    if (sql_take(&cursor, "database") || sql_take(&cursor, "schema")) {
        return run_create_database(run, &cursor, error);
    }
    if (sql_is(&cursor, "view") || sql_is(&cursor, "materialized") || sql_is(&cursor, "algorithm")) {
        return refuse(error, "CREATE VIEW",
                      "a view is a model: a .sql file with `kind: view` in the project, then weir apply");
    }
    if (sql_is(&cursor, "user") || sql_is(&cursor, "role")) {
        return refuse(error, "CREATE USER", "weir user add NAME");
    }
    if (sql_is(&cursor, "index")) {
        session_warn(run->session, "Note", 1105,
                     "indexes have no effect here: columns carry their own statistics");
        return true;
    }
    return refuse(error, "this CREATE statement",
                  "tables and databases are created over SQL, everything else by files");
}

typedef struct {
    const char *schema, *name;
    bool if_exists;
} Drop;

static bool drop_table(const SqlRun *run, const CatalogObject *object, GError **error)
{
    ServerSession *session = run->session;
    if (!access_check(session->user, ACCESS_WRITE, object, error)) {
        return false;
    }
    if (!is_live(object)) {
        return refuse_declared(object, error);
    }
    return server_live_drop(session->app, session->snapshot, object->domain, object->name, error);
}

static bool drop_named(const SqlRun *run, void *user, GError **error)
{
    const CatalogTable *table = user;
    const CatalogObject *object = session_find_table(run->session, table->schema, table->name, error);
    return object && drop_table(run, object, error);
}

static bool drop_one(const SqlRun *run, void *user, GError **error)
{
    const Drop *drop = user;
    GError *unknown = NULL;
    const CatalogObject *object = session_find_table(run->session, drop->schema, drop->name, &unknown);
    if (object) {
        return drop_table(run, object, error);
    }
    if (drop->if_exists && base_error_info(unknown)->code == BASE_E_TABLE_UNKNOWN) {
        session_warn(run->session, "Note", 1051, "Unknown table '%s'", drop->name);
        g_clear_error(&unknown);
        return true;
    }
    g_clear_error(&unknown);
    return base_fail(error, BASE_E_TABLE_BAD, "Unknown table '%s'", drop->name);
}

bool session_run_drop(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 1};
    if (sql_take(&cursor, "database") || sql_take(&cursor, "schema")) {
        return run_drop_database(run, &cursor, error);
    }
    if (!sql_take(&cursor, "table")) {
        return refuse(error, "this DROP statement",
                      "tables and databases are dropped over SQL, everything else in the files");
    }
    bool if_exists = sql_take_all(&cursor, "if exists");
    do {
        Drop drop = {.if_exists = if_exists};
        if (!sql_take_table(&cursor, &drop.schema, &drop.name, run->sql, error) ||
            !alone(run, drop_one, &drop, "drop_table", drop.name, error)) {
            return false;
        }
    } while (sql_take(&cursor, ","));
    (void)sql_take(&cursor, "force");
    return true;
}
