/* Routes that help who models: the bus matrix, logic that stands twice, the text of a new model. They look at
 * the project's files as they are. */
#include "modelling/modelling.h"
#include "server/routes_int.h"
#include "server/sql_int.h"
#include "server/usage.h"

/* The project as a catalog of the standard. Definitions show what is everywhere: that is for who may write.
 */
static StandardCatalog *read_catalog(ServerCall *call, GError **error)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    if (!access_check(call->user, ACCESS_WRITE, NULL, error)) {
        return NULL;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_read_project(call->app, diags, error);
    return snapshot ? standard_catalog_from_snapshot(snapshot) : NULL;
}

/* What was read lately; NULL = there is no record. */
static json_t *read_usage(ServerCall *call, const StandardCatalog *catalog, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(server_app_engine(call->app), error);
    bool written = conn && server_usage_write(server_app_sql(call->app)->usage, server_app_intake(call->app),
                                              catalog->snapshot, error);
    return written ? server_usage_read(conn, error) : NULL;
}

/* ?domain=&coverage=true */
bool route_matrix(ServerCall *call, GError **error)
{
    g_autoptr(StandardCatalog) catalog = read_catalog(call, error);
    if (!catalog) {
        return false;
    }
    g_autoptr(json_t) matrix = modelling_matrix(catalog, call_query(call, "domain", NULL));
    if (g_str_equal(call_query(call, "coverage", "false"), "true")) {
        g_autoptr(json_t) usage = read_usage(call, catalog, error);
        if (!usage) {
            return false;
        }
        json_object_set_new(matrix, "coverage", modelling_coverage(catalog, usage));
    }
    return call_json(call, json_incref(matrix));
}

typedef struct {
    StandardCatalog *catalog;
    json_t *answer;
} Looking;

static bool look(EngineConn *parser, void *user, GError **error)
{
    (void)error;
    Looking *looking = user;
    looking->answer = modelling_duplicates(looking->catalog, parser);
    return true;
}

bool route_duplicates(ServerCall *call, GError **error)
{
    g_autoptr(StandardCatalog) catalog = read_catalog(call, error);
    Looking looking = {.catalog = catalog};
    return catalog && server_app_with_parser(call->app, look, &looking, error) &&
           call_json(call, looking.answer);
}

bool route_new_model(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"layer",   "from", "name",     "domain", "owner", "grade",
                                        "process", "unit", "consumer", "by",     NULL};
    g_auto(GStrv) by = NULL;
    if (!call_body(call, KNOWN, error) || !call_body_texts(call, "by", &by, error)) {
        return false;
    }
    const json_t *body = call->body;
    ModellingNew ask = {.layer = base_json_string(body, "layer", ""),
                        .from = base_json_string(body, "from", ""),
                        .name = base_json_string(body, "name", NULL),
                        .domain = base_json_string(body, "domain", NULL),
                        .owner = base_json_string(body, "owner", NULL),
                        .grade = base_json_string(body, "grade", NULL),
                        .process = base_json_string(body, "process", NULL),
                        .unit = base_json_string(body, "unit", NULL),
                        .consumer = base_json_string(body, "consumer", NULL),
                        .by = (const char *const *)by};
    g_autoptr(StandardCatalog) catalog = read_catalog(call, error);
    json_t *answer = NULL;
    return catalog && modelling_new(catalog, &ask, &answer, error) && call_json(call, answer);
}
