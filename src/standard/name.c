/* Names of tables by the grammar of section IV:
 *   regular   layer _ department _ business domain _ subject {_ word} [_ period] _ refresh
 *   dimension dim _ word {_ word} [_ refresh]
 *   manual    dwd _ domain _ manual _ word ...
 *   job part  mid _ target table _ (number | dim) [_ date]
 *   temporary tmp _ word ... */
#include "standard/standard_int.h"

#include <string.h>

void standard_name_free(StandardName *name)
{
    if (name != NULL) {
        g_strfreev(name->parts);
        g_free(name->words);
        g_free(name->mid_target);
        g_free(name);
    }
}

static bool is_number(const char *text)
{
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* One letter says scope and, for i f d l a, a daily frequency; two letters say both. */
static void read_refresh(StandardName *name)
{
    const char *code = name->refresh;
    if (code[1] != '\0') {
        name->frequency = code[0];
        name->scope = code[1] == 's' ? 'd' : code[1];
        return;
    }
    bool is_scope = strchr("ifdla", code[0]) != NULL;
    name->frequency = is_scope ? 'd' : code[0];
    name->scope = is_scope ? code[0] : 0;
}

/* mid_<target>_<0-9|dim>[_date]: the last part that is a number or "dim", a date behind it left out. */
static void read_mid(StandardName *name, guint n)
{
    guint end = n;
    if (end > 2 && is_number(name->parts[end - 1]) && strlen(name->parts[end - 1]) >= 6) {
        end--;
    }
    if (end < 3) {
        return;
    }
    const char *last = name->parts[end - 1];
    name->mid_dim = strcmp(last, "dim") == 0;
    if (is_number(last) && strlen(last) <= 4) {
        name->mid_number = (guint)g_ascii_strtoull(last, NULL, 10);
        name->mid_digit = strlen(last) == 1;
    }
    if (name->mid_dim || name->mid_number != G_MAXUINT) {
        g_autofree char *keep = name->parts[end - 1];
        name->parts[end - 1] = NULL;
        name->mid_target = g_strjoinv("_", name->parts + 1);
        name->parts[end - 1] = g_steal_pointer(&keep);
    }
}

static guint read_tail(StandardName *name, guint n)
{
    if (n > 1 && standard_is_refresh(name->parts[n - 1])) {
        name->refresh = name->parts[--n];
        read_refresh(name);
    }
    if (n > 1 && standard_is_period(name->parts[n - 1])) {
        name->period = name->parts[--n];
    }
    return n;
}

/* The part at *at, and on; NULL where it is empty (dwd_mkt__user) or there is none. */
static const char *take_part(const StandardName *name, guint *at, guint n)
{
    const char *part = *at < n ? name->parts[(*at)++] : "";
    return *part != '\0' ? part : NULL;
}

static void read_regular(StandardName *name, guint n)
{
    guint at = 1;
    bool dimension = name->layer == STANDARD_DIM;
    if (name->layer == STANDARD_TMP) { /* its words are nobody's rule */
        for (guint count = 0; at < n; at++) {
            name->words[count++] = name->parts[at];
        }
        return;
    }
    if (!dimension && !name->manual) {
        name->dept = take_part(name, &at, n);
        name->domain = take_part(name, &at, n);
        name->subject = take_part(name, &at, n);
    } else if (name->manual) {
        name->domain = at < n && strcmp(name->parts[at], "manual") != 0 ? take_part(name, &at, n) : NULL;
        at++;
    } else {
        name->subject = take_part(name, &at, n);
    }
    guint count = 0;
    for (; at < n; at++) {
        name->words[count++] = name->parts[at];
    }
}

StandardName *standard_name_parse(const StandardCatalog *catalog, const char *table_name)
{
    (void)catalog;
    StandardName *name = g_new0(StandardName, 1);
    name->parts = g_strsplit(table_name, "_", -1);
    guint n = g_strv_length(name->parts);
    name->words = g_new0(const char *, n + 1);
    name->mid_number = G_MAXUINT;
    name->layer_text = n > 0 ? name->parts[0] : "";
    for (guint i = 0; i < n; i++) {
        name->empty_part = name->empty_part || *name->parts[i] == '\0';
    }
    name->layer = n > 1 ? standard_layer_by_name(name->layer_text) : STANDARD_LAYER_NONE;
    if (name->layer == STANDARD_MID) {
        read_mid(name, n);
        return name;
    }
    name->manual = name->layer == STANDARD_DWD && g_strv_contains((const char *const *)name->parts, "manual");
    read_regular(name, name->layer == STANDARD_TMP ? n : read_tail(name, n));
    return name;
}

const StandardName *standard_table_parts(StandardTable *table)
{
    if (table->name_parts == NULL) {
        table->name_parts = standard_name_parse(NULL, table->name);
    }
    return table->name_parts;
}
