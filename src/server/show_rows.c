/* Rows of SHOW statements that MySQL has. See show_int.h. */
#include "base/time.h"
#include "server/show_int.h"

/* ---- objects
 * ------------------------------------------------------------------------------------------------------ */

const CatalogObject *session_find_table(ServerSession *session, const char *schema, const char *name,
                                        GError **error)
{
    bool ambiguous = false;
    const char *database = schema ? schema : session->database;
    if (schema && !session_database_exists(session, schema)) {
        session_database_unknown(error, schema);
        return NULL;
    }
    const CatalogObject *object =
        catalog_resolve_table(session->snapshot, schema, name, session->database, &ambiguous);
    if (ambiguous) {
        base_fail(error, BASE_E_NAME_AMBIGUOUS, "`%s` is in several databases; write database.%s", name,
                  name);
        return NULL;
    }
    if (!object || !access_can_see(session->user, object)) {
        base_fail(error, BASE_E_TABLE_UNKNOWN, "Table '%s%s%s' doesn't exist", database ? database : "",
                  database ? "." : "", name);
        return NULL;
    }
    return object;
}

static void append_backquoted(GString *out, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "`", -1);
    g_autofree char *doubled = g_strjoinv("``", parts);
    g_string_append_printf(out, "`%s`", doubled);
}

static char *create_view_text(const CatalogObject *object)
{
    GString *text = g_string_new("CREATE VIEW ");
    append_backquoted(text, object->plain_name);
    g_string_append_printf(text, " AS %s", object->model->sql);
    return g_string_free(text, FALSE);
}

/* A model that is kept as a table has no declaration of columns: it is shown as the table that it made. */
static char *create_model_text(const CatalogObject *object)
{
    g_autoptr(CatalogTable) table = g_new0(CatalogTable, 1);
    table->schema = g_strdup(object->domain);
    table->name = g_strdup(object->plain_name);
    table->columns = g_ptr_array_new();
    table->comment = g_strdup(object->title_en);
    for (guint i = 0; object->columns && i < object->columns->len; i++) {
        g_ptr_array_add(table->columns,
                        g_ptr_array_index(object->columns, i)); /* borrowed: no free function */
    }
    return catalog_ddl_show(table);
}

bool show_create_table(const Show *show, ServerRows *rows, GError **error)
{
    const CatalogObject *object = session_find_table(show->run->session, show->schema, show->name, error);
    if (!object) {
        return false;
    }
    bool view = object->model && object->model->kind == CATALOG_MODEL_VIEW;
    g_autofree char *text = view            ? create_view_text(object)
                            : object->table ? catalog_ddl_show(object->table)
                                            : create_model_text(object);
    server_rows_put(rows, object->plain_name, text, view ? "utf8mb4" : NULL, "utf8mb4_general_ci", NULL);
    return true;
}

bool show_create_view(const Show *show, ServerRows *rows, GError **error)
{
    const CatalogObject *object = session_find_table(show->run->session, show->schema, show->name, error);
    if (object && !(object->model && object->model->kind == CATALOG_MODEL_VIEW)) {
        return base_fail(error, BASE_E_REQUEST_INVALID, "'%s' is not VIEW", object->full_name);
    }
    return object && show_create_table(show, rows, error);
}

bool show_create_database(const Show *show, ServerRows *rows, GError **error)
{
    if (!session_database_exists(show->run->session, show->name)) {
        return session_database_unknown(error, show->name);
    }
    g_autoptr(GString) text = g_string_new("CREATE DATABASE ");
    append_backquoted(text, show->name);
    server_rows_put(rows, show->name, text->str, NULL);
    return true;
}

/* ---- the session and the server
 * ------------------------------------------------------------------------------------- */

bool show_variables(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    size_t n = 0;
    const ServerSysvar *variables = server_sysvars(&n);
    for (size_t i = 0; i < n; i++) {
        const char *value = show->global ? variables[i].value
                                         : server_session_variable(show->run->session, variables[i].name);
        server_rows_put(rows, variables[i].name, value, NULL);
    }
    return true;
}

static void put_count(ServerRows *rows, const char *name, gint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    server_rows_put(rows, name, text, NULL);
}

bool show_status(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    ServerSql *sql = show->run->session->sql;
    g_mutex_lock(&sql->lock);
    guint threads = g_hash_table_size(sql->sessions);
    g_mutex_unlock(&sql->lock);
    guint running[SERVER_N_WEIGHTS], waiting[SERVER_N_WEIGHTS];
    for (guint i = 0; i < SERVER_N_WEIGHTS; i++) {
        server_pools_counts(sql->pools, i, &running[i], &waiting[i]);
    }
    put_count(rows, "Connections", g_atomic_int_get(&sql->connections));
    put_count(rows, "Queries", g_atomic_int_get(&sql->questions));
    put_count(rows, "Questions", g_atomic_int_get(&sql->questions));
    put_count(rows, "Slow_queries", 0);
    const char *cipher = show->run->session->cipher;
    server_rows_put(rows, "Ssl_cipher", cipher ? cipher : "", NULL);
    put_count(rows, "Threads_connected", threads);
    put_count(rows, "Threads_running", g_atomic_int_get(&sql->busy));
    put_count(rows, "Uptime", (base_time_monotonic_us() - sql->started_us) / BASE_TIME_SECOND_US);
    put_count(rows, "Weir_heavy_queries_running", running[SERVER_HEAVY]);
    put_count(rows, "Weir_heavy_queries_waiting", waiting[SERVER_HEAVY]);
    put_count(rows, "Weir_light_queries_running", running[SERVER_LIGHT]);
    put_count(rows, "Weir_light_queries_waiting", waiting[SERVER_LIGHT]);
    return true;
}

typedef struct {
    const Show *show;
    ServerRows *rows;
    bool all;
} ProcessList;

static void put_process(const ServerSession *session, void *user)
{
    ProcessList *list = user;
    const ServerSession *own = list->show->run->session;
    if (!list->all && !g_str_equal(access_user_name(session->user), access_user_name(own->user))) {
        return;
    }
    g_autofree char *info =
        session->statement && !list->show->full
            ? g_utf8_substring(session->statement, 0, MIN(100, g_utf8_strlen(session->statement, -1)))
            : g_strdup(session->statement);
    server_rows_int(list->rows, session->id);
    server_rows_text(list->rows, access_user_name(session->user));
    server_rows_text(list->rows, session->peer);
    server_rows_text(list->rows, session->database);
    server_rows_text(list->rows, session->command);
    server_rows_int(list->rows, (base_time_monotonic_us() - session->since_us) / BASE_TIME_SECOND_US);
    server_rows_text(list->rows, session->stop != STOP_NONE ? "killed" : session->busy ? "executing" : "");
    server_rows_text(list->rows, info);
}

bool show_processlist(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    ProcessList list = {.show = show, .rows = rows, .all = access_user_is_admin(show->run->session->user)};
    session_visit_all(show->run->session->sql, put_process, &list);
    return true;
}

bool show_warnings(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    const GPtrArray *warnings = show->run->session->warnings;
    for (guint i = 0; i < warnings->len; i++) {
        const SessionWarning *warning = g_ptr_array_index(warnings, i);
        server_rows_text(rows, warning->level);
        server_rows_int(rows, warning->code);
        server_rows_text(rows, warning->message);
    }
    return true;
}

bool show_errors(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    const GPtrArray *warnings = show->run->session->warnings;
    for (guint i = 0; i < warnings->len; i++) {
        const SessionWarning *warning = g_ptr_array_index(warnings, i);
        if (g_str_equal(warning->level, "Error")) {
            server_rows_text(rows, warning->level);
            server_rows_int(rows, warning->code);
            server_rows_text(rows, warning->message);
        }
    }
    return true;
}

bool show_count_warnings(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    server_rows_int(rows, show->run->session->warnings->len);
    return true;
}

bool show_nothing(const Show *show, ServerRows *rows, GError **error)
{
    (void)show;
    (void)rows;
    (void)error;
    return true;
}

bool show_privileges(const Show *show, ServerRows *rows, GError **error)
{
    (void)show;
    (void)error;
    server_rows_put(rows, "Select", "Tables", "To retrieve rows from table", NULL);
    server_rows_put(rows, "Insert", "Tables", "To insert data into tables", NULL);
    server_rows_put(rows, "Update", "Tables", "To update existing rows", NULL);
    server_rows_put(rows, "Delete", "Tables", "To delete existing rows", NULL);
    server_rows_put(rows, "Create", "Databases,Tables,Indexes", "To create new tables", NULL);
    server_rows_put(rows, "Alter", "Tables", "To alter the table", NULL);
    server_rows_put(rows, "Drop", "Databases,Tables", "To drop tables", NULL);
    return true;
}

/* ---- grants
 * ----------------------------------------------------------------------------------------------------------
 */

static bool may(const AccessUser *user, AccessRight right, const CatalogObject *object)
{
    return access_check(user, right, object, NULL);
}

static void put_grant(ServerRows *rows, const AccessUser *user, const char *rights, const char *domain,
                      const char *table)
{
    g_autoptr(GString) text = g_string_new("GRANT ");
    g_string_append_printf(text, "%s ON ", rights);
    append_backquoted(text, domain);
    g_string_append_c(text, '.');
    if (table) {
        append_backquoted(text, table);
    } else {
        g_string_append_c(text, '*');
    }
    g_string_append(text, " TO ");
    append_backquoted(text, access_user_name(user));
    g_string_append(text, "@`%`");
    server_rows_put(rows, text->str, NULL);
}

static const char *rights_text(const AccessUser *user, const CatalogObject *object)
{
    bool read = may(user, ACCESS_READ, object), load = may(user, ACCESS_LOAD, object);
    return !read ? NULL : load ? "SELECT, INSERT, UPDATE, DELETE" : "SELECT";
}

/* One grant for a domain whose tables the user may all read alike, else one for each table. */
static void put_domain(ServerRows *rows, const ServerSession *session, const char *domain)
{
    const GPtrArray *objects = catalog_objects(session->snapshot);
    const char *common = NULL;
    bool alike = true, first = true;
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if ((object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL) &&
            g_str_equal(object->domain, domain)) {
            const char *rights = rights_text(session->user, object);
            alike = alike && rights && (first || rights == common);
            common = first ? rights : common;
            first = false;
        }
    }
    if (alike && common) {
        put_grant(rows, session->user, common, domain, NULL);
        return;
    }
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if ((object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL) &&
            g_str_equal(object->domain, domain)) {
            const char *rights = rights_text(session->user, object);
            if (rights) {
                put_grant(rows, session->user, rights, domain, object->plain_name);
            }
        }
    }
}

/* What clients ask is what they themselves may do: FOR another user is answered to administrators by `weir
 * user`. */
bool show_grants(const Show *show, ServerRows *rows, GError **error)
{
    (void)error;
    const ServerSession *session = show->run->session;
    g_autoptr(GString) text = g_string_new(NULL);
    bool admin = access_user_is_admin(session->user);
    g_string_append(text, admin ? "GRANT ALL PRIVILEGES ON *.* TO " : "GRANT USAGE ON *.* TO ");
    append_backquoted(text, access_user_name(session->user));
    g_string_append(text, admin ? "@`%` WITH GRANT OPTION" : "@`%`");
    server_rows_put(rows, text->str, NULL);
    for (const char *const *domain = catalog_domains(session->snapshot); !admin && *domain; domain++) {
        if (access_can_see_domain(session->user, *domain)) {
            put_domain(rows, session, *domain);
        }
    }
    put_grant(rows, session->user, "SELECT", "information_schema", NULL);
    return true;
}
