/* A table brought in line with what its source holds: the keys that differ are deleted, then inserted from
 * the shadow table, with their load id there. A tombstone of a key that comes back goes. */
#include "engine/sql.h"
#include "intake/intake_int.h"

char *intake_key_match(const GPtrArray *key, const char *a, const char *b)
{
    GString *sql = g_string_new(NULL);
    for (guint i = 0; i < key->len; i++) {
        g_autoptr(GString) name = g_string_new(NULL);
        engine_sql_append_name(name, ((const CatalogColumn *)key->pdata[i])->name);
        g_string_append_printf(sql, "%s%s.%s IS NOT DISTINCT FROM %s.%s", i ? " AND " : "", a, name->str, b,
                               name->str);
    }
    return g_string_free(sql, FALSE);
}

static char *all_columns(const CatalogTable *table)
{
    GString *sql = g_string_new(INTAKE_LOAD_ID);
    for (guint i = 0; i < table->columns->len; i++) {
        g_string_append(sql, ", ");
        engine_sql_append_name(sql, ((const CatalogColumn *)table->columns->pdata[i])->name);
    }
    return g_string_free(sql, FALSE);
}

GPtrArray *intake_repair_sql(const CatalogTable *table, const GPtrArray *key, const char *diff_sql,
                             const char *shadow_sql)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *target = engine_sql_table(table->schema, table->name);
    g_autofree char *columns = all_columns(table), *at_target = intake_key_match(key, "d", "t"),
                    *at_shadow = intake_key_match(key, "d", "s");
    g_ptr_array_add(out, g_strdup_printf("DELETE FROM %s AS t USING %s AS d WHERE d._weir_how <> 'missing' "
                                         "AND %s",
                                         target, diff_sql, at_target));
    if (table->model == CATALOG_UNIQUE && table->sequence) {
        g_autofree char *tombstones = intake_tombstones(table->schema, table->name);
        g_ptr_array_add(out, g_strdup_printf("DELETE FROM %s AS t USING %s AS d WHERE d._weir_how <> 'extra' "
                                             "AND %s",
                                             tombstones, diff_sql, at_target));
    }
    g_ptr_array_add(out, g_strdup_printf("INSERT INTO %s (%s) SELECT %s FROM %s AS s WHERE EXISTS (SELECT 1 "
                                         "FROM %s AS d WHERE d._weir_how <> 'extra' AND %s)",
                                         target, columns, columns, shadow_sql, diff_sql, at_shadow));
    return out;
}
