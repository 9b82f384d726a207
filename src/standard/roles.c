/* What a column is for, from its name and type, where nobody said it. */
#include "standard/standard_int.h"

#include <string.h>

typedef struct {
    const char *ending; /* the last word of the name */
    const char *role;
} Ending;

static const Ending ENDINGS[] = {
    {"amt", "money"}, {"amount", "money"},  {"price", "money"},  {"money", "money"}, {"fee", "money"},
    {"gmv", "money"}, {"cnt", "count"},     {"ucnt", "count"},   {"count", "count"}, {"num", "count"},
    {"qty", "count"}, {"ratio", "ratio"},   {"rate", "ratio"},   {"pct", "ratio"},   {"id", "id"},
    {"code", "code"}, {"status", "status"}, {"state", "status"}, {"time", "time"},   {"at", "time"},
    {"dt", "time"},   {"date", "time"},     {"hh", "time"},      {"mi", "time"},     {"flag", "bool"},
};

static bool starts(const char *text, const char *prefix)
{
    return g_ascii_strncasecmp(text, prefix, strlen(prefix)) == 0;
}

const char *standard_role_of(const StandardColumn *column)
{
    const char *cut = strrchr(column->name, '_');
    const char *last = cut != NULL ? cut + 1 : column->name;
    if (starts(column->name, "is_") || starts(column->name, "has_") || starts(column->type, "bool")) {
        return "bool";
    }
    if (starts(column->type, "date") || starts(column->type, "timestamp")) {
        return "time";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ENDINGS); i++) {
        if (g_ascii_strcasecmp(last, ENDINGS[i].ending) == 0) {
            return ENDINGS[i].role;
        }
    }
    return starts(column->type, "varchar") || starts(column->type, "string") ||
                   starts(column->type, "text") || starts(column->type, "char")
               ? "text"
               : "";
}
