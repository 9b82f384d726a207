/* A line that is a flat object, read without a tree: most loads of JSON are nothing else, line after line
 * with the keys of the one before.
 *
 * Only what is plain is taken: known keys in the order of the row before, strings of printable ASCII without
 * escapes, numbers, literals. Anything else, broken lines too, is left to yyjson, so that one place says what
 * JSON is. The line ends in a NUL. */
#include "intake/intake_int.h"

static inline const char *skip_blank(const char *p)
{
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p;
}

static inline bool is_plain(char c)
{
    return (guint8)(c - ' ') < 0x5F && c != '"' && c != '\\'; /* ' ' to '~' */
}

static inline const char *skip_digits(const char *p)
{
    while (g_ascii_isdigit(*p)) {
        p++;
    }
    return p;
}

/* The end of a number; NULL = it is none (RFC 8259, section 6). */
static const char *end_of_number(const char *p)
{
    p += *p == '-';
    const char *digits = p;
    p = skip_digits(p);
    if (p == digits || (*digits == '0' && p > digits + 1)) {
        return NULL;
    }
    if (*p == '.') {
        digits = ++p;
        if ((p = skip_digits(p)) == digits) {
            return NULL;
        }
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        digits = p;
        if ((p = skip_digits(p)) == digits) {
            return NULL;
        }
    }
    return p;
}

static const char *take_string(const char *p, IntakeCell *cell)
{
    const char *start = p;
    while (is_plain(*p)) {
        p++;
    }
    *cell = (IntakeCell){start, (guint32)(p - start), 1};
    return *p == '"' ? p + 1 : NULL;
}

static const char *take_number(const char *p, IntakeCell *cell)
{
    const char *end = end_of_number(p);
    if (end) {
        *cell = (IntakeCell){p, (guint32)(end - p), 1};
    }
    return end;
}

/* A value's cell, as json.c makes it of a tree; the end of the value, NULL = not plain. */
static const char *take_value(const char *p, IntakeCell *cell)
{
    switch (*p) {
    case '"':
        return take_string(p + 1, cell);
    case 't':
        *cell = (IntakeCell){"true", 4, 1};
        return strncmp(p, "true", 4) == 0 ? p + 4 : NULL;
    case 'f':
        *cell = (IntakeCell){"false", 5, 1};
        return strncmp(p, "false", 5) == 0 ? p + 5 : NULL;
    case 'n':
        *cell = (IntakeCell){0};
        return strncmp(p, "null", 4) == 0 ? p + 4 : NULL;
    default:
        return take_number(p, cell);
    }
}

/* "name" and its colon; NULL = another key. */
static const char *take_key(const char *p, const char *name, size_t len)
{
    if (*p != '"' || strncmp(p + 1, name, len) != 0 || p[1 + len] != '"') {
        return NULL;
    }
    p = skip_blank(p + len + 2);
    return *p == ':' ? skip_blank(p + 1) : NULL;
}

bool intake_json_name_is_plain(const char *name)
{
    for (; *name; name++) {
        if (*name == '"' || *name == '\\' || (guint8)*name < ' ') {
            return false;
        }
    }
    return true;
}

const char *intake_json_flat(const IntakeJsonFlat *flat, const char *line, IntakeCell *cells)
{
    memset(cells, 0, flat->n_fields * sizeof *cells);
    const char *p = skip_blank(line);
    if (*p != '{') {
        return NULL;
    }
    p = skip_blank(p + 1);
    for (guint i = 0; i < flat->n_order; i++) {
        guint field = flat->order[i];
        p = field < flat->n_fields ? take_key(p, flat->names[field], flat->name_lens[field]) : NULL;
        p = p ? take_value(p, &cells[field]) : NULL;
        p = p ? skip_blank(p) : NULL;
        if (!p || *p == '}') {
            return p ? p + 1 : NULL;
        }
        if (*p != ',') {
            return NULL;
        }
        p = skip_blank(p + 1);
    }
    return NULL;
}
