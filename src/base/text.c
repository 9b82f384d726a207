/* UTF-8 text: widths, nearest words, checked numbers, globs. The line diff is in base/diff.c. */
#include "base/text.h"

#include <errno.h>
#include <math.h>

#define NAME_MAX_BYTES    64
#define NEAREST_MAX_BYTES 128 /* words longer than this are not compared */

/* ---- width ---- */

static size_t char_width(gunichar c)
{
    if (c == 0 || g_unichar_iszerowidth(c) || g_unichar_iscntrl(c)) {
        return 0;
    }
    return g_unichar_iswide(c) ? 2 : 1;
}

/* The next character; a byte that is not UTF-8 counts as one narrow character. */
static const char *next_char(const char *at, size_t *ret_width)
{
    gunichar c = g_utf8_get_char_validated(at, -1);
    if (c == (gunichar)-1 || c == (gunichar)-2) {
        *ret_width = 1;
        return at + 1;
    }
    *ret_width = char_width(c);
    return at + g_utf8_skip[(unsigned char)*at];
}

size_t base_text_width(const char *text)
{
    size_t total = 0;
    while (*text != '\0') {
        size_t width = 0;
        text = next_char(text, &width);
        total += width;
    }
    return total;
}

char *base_text_fit(const char *text, size_t width)
{
    if (base_text_width(text) <= width) {
        return g_strdup(text);
    }
    if (width == 0) {
        return g_strdup("");
    }
    const char *at = text;
    size_t used = 0;
    for (;;) {
        size_t one = 0;
        const char *next = next_char(at, &one);
        if (used + one > width - 1) {
            break;
        }
        used += one;
        at = next;
    }
    return g_strdup_printf("%.*s…", (int)(at - text), text);
}

/* ---- nearest ---- */

/* Optimal string alignment: insert, delete, replace, swap of neighbours. Bytes are enough for names. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_MAX_BYTES + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *before = rows[(i + 1) % 3]; /* i - 2 */
        size_t *last = rows[(i - 1) % 3];
        size_t *now = rows[i % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] = MIN(MIN(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = MIN(now[j], before[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

const char *base_text_nearest(const char *word, const char *const *names)
{
    g_autofree char *folded = g_utf8_strdown(word, -1);
    size_t len = strlen(folded);
    if (len == 0 || len > NEAREST_MAX_BYTES) {
        return NULL;
    }
    size_t limit = MAX(len / 3, 1);
    const char *best = NULL;
    size_t best_distance = limit + 1;
    for (; *names != NULL; names++) {
        size_t other = strlen(*names);
        if (other > NEAREST_MAX_BYTES || other + limit < len || len + limit < other) {
            continue;
        }
        g_autofree char *name = g_utf8_strdown(*names, -1);
        size_t name_len = strlen(name);
        if (name_len > NEAREST_MAX_BYTES) {
            continue;
        }
        size_t d = distance(folded, len, name, name_len);
        if (d < best_distance) {
            best_distance = d;
            best = *names;
        }
    }
    return best;
}

bool base_text_is_name(const char *text)
{
    if (!g_ascii_islower(text[0])) {
        return false;
    }
    size_t len = 0;
    for (; text[len] != '\0'; len++) {
        if (!g_ascii_islower(text[len]) && !g_ascii_isdigit(text[len]) && text[len] != '_') {
            return false;
        }
    }
    return len <= NAME_MAX_BYTES;
}

/* ---- numbers ---- */

bool base_text_to_int(const char *text, gint64 min, gint64 max, gint64 *ret)
{
    const char *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;
    if (!g_ascii_isdigit(*digits)) {
        return false;
    }
    char *end = NULL;
    errno = 0;
    gint64 value = g_ascii_strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < min || value > max) {
        return false;
    }
    *ret = value;
    return true;
}

bool base_text_to_real(const char *text, double *ret)
{
    size_t len = strlen(text);
    /* strtod also takes blanks, hex, "inf" and "nan"; a number here has none of these. */
    if (len == 0 || strspn(text, "0123456789+-.eE") != len || strpbrk(text, "0123456789") == NULL) {
        return false;
    }
    char *end = NULL;
    double value = g_ascii_strtod(text, &end);
    if (*end != '\0' || !isfinite(value)) {
        return false;
    }
    *ret = value;
    return true;
}

/* Splits "1.5GiB" into 1.5 and "GiB". Blanks between are allowed, a sign is not. */
static bool split_unit(const char *text, double *ret_number, const char **ret_unit)
{
    size_t digits = strspn(text, "0123456789.");
    if (digits == 0) {
        return false;
    }
    g_autofree char *number = g_strndup(text, digits);
    const char *unit = text + digits;
    while (*unit == ' ') {
        unit++;
    }
    *ret_unit = unit;
    return base_text_to_real(number, ret_number);
}

static bool scale(double number, double factor, gint64 *ret)
{
    double value = number * factor;
    if (!(value < 9.2e18)) {
        return false;
    }
    *ret = (gint64)llround(value);
    return true;
}

bool base_text_to_bytes(const char *text, gint64 *ret_bytes)
{
    /* A bare number stays exact, however large. */
    if (base_text_to_int(text, 0, G_MAXINT64, ret_bytes)) {
        return true;
    }
    double number = 0;
    const char *unit = NULL;
    if (!split_unit(text, &number, &unit)) {
        return false;
    }
    static const char LETTERS[] = "KMGT";
    double factor = 1;
    const char *letter = *unit == '\0' ? NULL : strchr(LETTERS, g_ascii_toupper(*unit));
    if (letter != NULL) {
        for (const char *c = LETTERS; c <= letter; c++) {
            factor *= 1024;
        }
        unit++;
        unit += *unit == 'i' || *unit == 'I' ? 1 : 0;
    }
    unit += *unit == 'B' || *unit == 'b' ? 1 : 0;
    return *unit == '\0' && scale(number, factor, ret_bytes);
}

bool base_text_to_duration(const char *text, gint64 *ret_us)
{
    static const struct {
        const char *unit;
        double us;
    } UNITS[] = {{"us", 1},     {"ms", 1e3},   {"s", 1e6},     {"sec", 1e6},   {"m", 60e6},
                 {"min", 60e6}, {"h", 3600e6}, {"d", 86400e6}, {"w", 604800e6}};
    double number = 0;
    const char *unit = NULL;
    if (!split_unit(text, &number, &unit)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(UNITS); i++) {
        if (strcmp(unit, UNITS[i].unit) == 0) {
            return scale(number, UNITS[i].us, ret_us);
        }
    }
    return false;
}

bool base_text_to_days(const char *text, gint64 *ret_days)
{
    static const struct {
        char unit;
        gint64 days;
    } UNITS[] = {{'\0', 1}, {'d', 1}, {'w', 7}, {'m', 30}, {'y', 365}};
    gint64 number = 0;
    size_t digits = strspn(text, "0123456789");
    g_autofree char *whole = g_strndup(text, digits);
    if (!base_text_to_int(whole, 0, 99999, &number) || (text[digits] && text[digits + 1])) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(UNITS); i++) {
        if (text[digits] == UNITS[i].unit) {
            *ret_days = number * UNITS[i].days;
            return true;
        }
    }
    return false;
}

char *base_text_from_bytes(gint64 bytes)
{
    static const char *const UNITS[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (fabs(value) >= 1023.95 && unit + 1 < G_N_ELEMENTS(UNITS)) {
        value /= 1024;
        unit++;
    }
    return unit == 0 ? g_strdup_printf("%" G_GINT64_FORMAT " B", bytes)
                     : g_strdup_printf("%.1f %s", value, UNITS[unit]);
}

char *base_text_from_count(gint64 n)
{
    g_autofree char *plain = g_strdup_printf("%" G_GINT64_FORMAT, n);
    const char *digits = plain + (n < 0 ? 1 : 0);
    size_t len = strlen(digits);
    GString *out = g_string_new(n < 0 ? "-" : "");
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            g_string_append_c(out, ',');
        }
        g_string_append_c(out, digits[i]);
    }
    return g_string_free(out, FALSE);
}

char *base_text_from_duration(gint64 us)
{
    if (us < 0) {
        g_autofree char *positive = base_text_from_duration(us == G_MININT64 ? G_MAXINT64 : -us);
        return g_strconcat("-", positive, NULL);
    }
    if (us < 1000) {
        return g_strdup_printf("%" G_GINT64_FORMAT "us", us);
    }
    if (us < 1000000) {
        return g_strdup_printf("%" G_GINT64_FORMAT "ms", us / 1000);
    }
    gint64 seconds = us / 1000000;
    if (seconds < 60) {
        return g_strdup_printf("%" G_GINT64_FORMAT ".%ds", seconds, (int)(us / 100000 % 10));
    }
    if (seconds < 3600) {
        return g_strdup_printf("%dm %ds", (int)(seconds / 60), (int)(seconds % 60));
    }
    if (seconds < 86400) {
        return g_strdup_printf("%dh %dm", (int)(seconds / 3600), (int)(seconds / 60 % 60));
    }
    return g_strdup_printf("%" G_GINT64_FORMAT "d %dh", seconds / 86400, (int)(seconds / 3600 % 24));
}

/* ---- globs ---- */

/* [abc], [a-z], [!x]. Returns the byte after the class, or NULL when it is not closed ('[' is then itself).
 */
static const char *match_class(const char *pattern, char c, bool *ret_hit)
{
    const char *at = pattern + 1;
    bool negated = *at == '!' || *at == '^';
    at += negated ? 1 : 0;
    bool hit = false;
    bool first = true;
    for (; *at != '\0' && (first || *at != ']'); first = false) {
        char low = *at++;
        char high = low;
        if (at[0] == '-' && at[1] != '\0' && at[1] != ']') {
            high = at[1];
            at += 2;
        }
        hit = hit || ((unsigned char)low <= (unsigned char)c && (unsigned char)c <= (unsigned char)high);
    }
    *ret_hit = hit != negated && c != '/';
    return *at == ']' ? at + 1 : NULL;
}

/* One character of the pattern against one byte of the path; NULL when they differ. */
static const char *match_one(const char *pattern, char c)
{
    bool hit = false;
    if (*pattern == '?') {
        return c != '/' ? pattern + 1 : NULL;
    }
    if (*pattern == '[') {
        const char *after = match_class(pattern, c, &hit);
        if (after != NULL) {
            return hit ? after : NULL;
        }
    }
    if (*pattern == '\\' && pattern[1] != '\0') {
        return pattern[1] == c ? pattern + 2 : NULL;
    }
    return *pattern != '\0' && *pattern == c ? pattern + 1 : NULL;
}

/* A place to come back to when what follows a star does not match: only the last of each sort is needed, so
 * the whole costs at most pattern * path * path. */
typedef struct {
    const char *pattern, *path;
} GlobRetry;

bool base_text_glob(const char *pattern, const char *path)
{
    GlobRetry star = {NULL, NULL};  /* '*': does not cross '/' */
    GlobRetry stars = {NULL, NULL}; /* '**' */
    for (;;) {
        if (pattern[0] == '*' && pattern[1] == '*') {
            pattern += 2;
            /* a leading or inner "**" with its slash also stands for no folder at all */
            pattern += *pattern == '/' ? 1 : 0;
            stars = (GlobRetry){pattern, path};
            star = (GlobRetry){NULL, NULL};
            continue;
        }
        if (pattern[0] == '*') {
            star = (GlobRetry){++pattern, path};
            continue;
        }
        if (*path == '\0' && *pattern == '\0') {
            return true;
        }
        const char *next = *path == '\0' ? NULL : match_one(pattern, *path);
        if (next != NULL) {
            pattern = next;
            path++;
            continue;
        }
        if (star.pattern != NULL && *star.path != '\0' && *star.path != '/') {
            pattern = star.pattern;
            path = ++star.path;
        } else if (stars.pattern != NULL && *stars.path != '\0') {
            bool whole_names = stars.pattern[-1] == '/';
            do {
                stars.path++;
            } while (whole_names && *stars.path != '\0' && stars.path[-1] != '/');
            pattern = stars.pattern;
            path = stars.path;
            star = (GlobRetry){NULL, NULL};
        } else {
            return false;
        }
    }
}

bool base_text_utf8_valid(const char *text, size_t len)
{
    return g_utf8_validate_len(text, len, NULL);
}

char *base_text_expand_env(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p;) {
        const char *close = p[0] == '$' && p[1] == '{' ? strchr(p, '}') : NULL;
        if (!close) {
            g_string_append_c(out, *p++);
            continue;
        }
        g_autofree char *name = g_strndup(p + 2, (size_t)(close - p - 2));
        const char *value = g_getenv(name);
        g_string_append(out, value ? value : "");
        p = close + 1;
    }
    return g_string_free(out, FALSE);
}
