/* The session's time zone.
 *
 * The engine knows IANA names only; of "UTC+05:30" it takes the hour and drops the rest without a word. Whole
 * hours have names (Etc/GMT-8 is +08:00); for the others stands the zone that has had that offset, and no
 * summer time, for decades. What remains is refused. */
#include "base/text.h"
#include "base/time.h"
#include "engine/duckdb/duckdb_int.h"
#include "engine/sql.h"

static const struct {
    int minutes;
    const char *name;
} ODD_OFFSETS[] = {{-570, "Pacific/Marquesas"}, {210, "Asia/Tehran"},     {270, "Asia/Kabul"},
                   {330, "Asia/Kolkata"},       {345, "Asia/Kathmandu"},  {390, "Asia/Yangon"},
                   {525, "Australia/Eucla"},    {570, "Australia/Darwin"}};

/* "+08:00", "-3:30" in minutes. */
static bool parse_offset(const char *name, int *ret_minutes)
{
    if (*name != '+' && *name != '-') {
        return false;
    }
    g_auto(GStrv) parts = g_strsplit(name + 1, ":", 2);
    gint64 hours, minutes = 0;
    if (!base_text_to_int(parts[0], 0, 14, &hours) ||
        (parts[1] && !base_text_to_int(parts[1], 0, 59, &minutes))) {
        return false;
    }
    *ret_minutes = (int)(hours * 60 + minutes) * (*name == '-' ? -1 : 1);
    return true;
}

/* NULL = the engine has none. */
static char *name_of_offset(int minutes)
{
    if (minutes == 0) {
        return g_strdup("UTC");
    }
    if (minutes % 60 == 0 && minutes >= -12 * 60) {
        return g_strdup_printf("Etc/GMT%c%d", minutes > 0 ? '-' : '+', ABS(minutes) / 60);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ODD_OFFSETS); i++) {
        if (ODD_OFFSETS[i].minutes == minutes) {
            return g_strdup(ODD_OFFSETS[i].name);
        }
    }
    return NULL;
}

bool engine_set_time_zone(EngineConn *conn, const char *name, GError **error)
{
    if (g_strcmp0(name, conn->zone) == 0) {
        return true;
    }
    int minutes;
    const char *given = name;
    name = name ? name : "UTC";
    bool offset = parse_offset(name, &minutes);
    g_autofree char *zone = offset ? name_of_offset(minutes) : g_strdup(name);
    g_autoptr(GTimeZone) known = zone ? base_time_zone(zone, NULL) : NULL;
    if (!known) {
        return base_fail(error, BASE_E_TIMEZONE_UNKNOWN, "Unknown or incorrect time zone: '%s'", name);
    }
    g_autoptr(GString) sql = g_string_new("SET TimeZone=");
    engine_sql_append_text(sql, zone);
    g_autoptr(GError) why = NULL;
    if (!engine_exec(conn, sql->str, &why)) {
        return base_fail(error, BASE_E_TIMEZONE_UNKNOWN, "Unknown or incorrect time zone: '%s' (%s)", name,
                         why->message);
    }
    g_free(conn->zone);
    conn->zone = g_strdup(given);
    return true;
}
