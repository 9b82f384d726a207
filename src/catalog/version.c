/* Names with a version of an scd2 model: "t@history" is all versions, "t@2026-01-01 10:00:00" what was valid
 * then. engine/sql.h says how a text comes to have them; here they become relations. The engine knows a view
 * "t" (the versions that are valid now), a view "t@history", and below both the table of versions. */
#include "base/text.h"
#include "base/time.h"
#include "catalog/catalog_int.h"
#include "engine/sql.h"

#define HISTORY "history"

char *catalog_history_view(const char *name)
{
    return g_strconcat(name, "@" HISTORY, NULL);
}

char *catalog_history_table(const char *name)
{
    return g_strconcat("_weir_history__", name, NULL);
}

/* Where the version begins: at "@", or at the "$" that stands for it in an unquoted name. */
static const char *version_mark(const char *name)
{
    const char *at = strchr(name, '@');
    return at ? at : g_str_has_suffix(name, "$" HISTORY) ? strrchr(name, '$') : NULL;
}

char *catalog_version_base(const char *name)
{
    const char *mark = version_mark(name);
    return mark && mark > name ? g_strndup(name, (gsize)(mark - name)) : NULL;
}

/* 'x' without its quotes. */
static char *bare(const char *text)
{
    size_t len = strlen(text);
    bool quoted = len >= 2 && text[0] == '\'' && text[len - 1] == '\'';
    return quoted ? g_strndup(text + 1, len - 2) : g_strdup(text);
}

/* valid at `us`, by the columns that readers see. */
static char *valid_at(const CatalogScd2 *scd2, gint64 us)
{
    g_autofree char *text = base_time_format(us, NULL);
    g_autoptr(GString) from = g_string_new(NULL), to = g_string_new(NULL), out = g_string_new(NULL);
    engine_sql_append_name(from, scd2->valid_from);
    engine_sql_append_name(to, scd2->valid_to);
    if (scd2->closed_day) {
        g_string_append_printf(out, "%s <= DATE '%.10s' AND (%s IS NULL OR %s >= DATE '%.10s')", from->str,
                               text, to->str, to->str, text);
    } else {
        g_string_append_printf(out, "%s <= TIMESTAMP '%s' AND (%s IS NULL OR %s > TIMESTAMP '%s')", from->str,
                               text, to->str, to->str, text);
    }
    if (scd2->is_deleted) {
        g_string_append(out, " AND NOT ");
        engine_sql_append_name(out, scd2->is_deleted);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

bool catalog_version_sql(const CatalogObject *object, const char *name, char **ret_sql, GError **error)
{
    const char *mark = version_mark(name);
    const CatalogScd2 *scd2 = object->model ? object->model->scd2 : NULL;
    *ret_sql = NULL;
    if (!scd2 || !mark) {
        return true;
    }
    g_autofree char *view = catalog_history_view(object->name);
    g_autofree char *all = engine_sql_table(object->domain, view);
    g_autofree char *version = bare(mark + 1);
    gint64 us;
    if (g_ascii_strcasecmp(version, HISTORY) == 0) {
        *ret_sql = g_steal_pointer(&all);
        return true;
    }
    if (!base_time_parse(version, NULL, &us)) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` is no version of `%s`", version, object->full_name);
        base_error_hint(error, "%s@history, or a point in time such as %s@'2026-01-31 12:00:00'",
                        object->name, object->name);
        return false;
    }
    g_autofree char *condition = valid_at(scd2, us);
    *ret_sql = g_strdup_printf("(SELECT * FROM %s WHERE %s)", all, condition);
    return true;
}
