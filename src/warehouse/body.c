/* A model's SELECT as the engine runs it: what was written, with every table in full, and with "*" of a
 * loaded table standing for the columns that its definition has, not for those of the bookkeeping. */
#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

static const char *const HIDDEN[] = {INTAKE_LOAD_ID, NULL};

static bool is_loaded(const char *schema, const char *table, void *user)
{
    bool ambiguous = false;
    const CatalogObject *object = catalog_resolve_table(user, schema, table, NULL, &ambiguous);
    return object && object->kind == CATALOG_TABLE;
}

/* Whether the SELECT takes all columns of something: by a star, or by a NATURAL join, a PIVOT or a FROM
 * without SELECT, which need none. */
static bool takes_all(const char *sql)
{
    static const char *const WORDS[] = {"*", "natural", "pivot", "unpivot"};
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, NULL);
    for (guint i = 0; tokens && i < tokens->len; i++) {
        const EngineToken *token = tokens->pdata[i];
        for (size_t k = 0; k < G_N_ELEMENTS(WORDS); k++) {
            if (engine_token_is(token, WORDS[k])) {
                return true;
            }
        }
        if (engine_token_is(token, "from") && (i == 0 || engine_token_is(tokens->pdata[i - 1], "(") ||
                                               engine_token_is(tokens->pdata[i - 1], ")"))) {
            return true;
        }
    }
    return tokens == NULL;
}

char *warehouse_body(EngineConn *conn, CatalogSnapshot *snapshot, const CatalogObject *model, GError **error)
{
    const char *sql = model->model->sql_resolved;
    if (!takes_all(sql)) {
        return g_strdup(sql);
    }
    g_autoptr(json_t) tree = engine_sql_parse(conn, sql, error);
    if (!tree || !engine_sql_hide_columns(tree, HIDDEN, is_loaded, snapshot, error)) {
        return NULL;
    }
    return engine_sql_print(conn, tree, error);
}
