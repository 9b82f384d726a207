/* Line diff: E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), section 4b: the middle of
 * the path is searched from both ends at once, which needs linear space; then both halves are done alike.
 *
 * Two files without anything in common would cost N * N. Past DIFF_MAX_COST edits in one search the furthest
 * point reached is taken as the middle: still a right diff, perhaps not the shortest. */
#include "base/text.h"

#define DIFF_MAX_COST 1024

typedef struct {
    const char *text;
    size_t len; /* with its '\n'; the last line of a text may have none */
} Line;

typedef struct {
    GArray *lines; /* Line */
    guint *ids;    /* equal lines have equal ids */
    bool *changed;
} Side;

typedef struct {
    Side a, b;
    gint64 *forward, *backward; /* furthest position in a for each diagonal */
    gint64 offset;              /* of diagonal 0 */
} Diff;

static guint line_hash(gconstpointer key)
{
    const Line *line = key;
    guint hash = 5381;
    for (size_t i = 0; i < line->len; i++) {
        hash = hash * 33 + (unsigned char)line->text[i];
    }
    return hash;
}

static gboolean line_equal(gconstpointer a, gconstpointer b)
{
    const Line *left = a;
    const Line *right = b;
    return left->len == right->len && memcmp(left->text, right->text, left->len) == 0;
}

static GArray *split_lines(const char *text)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(Line));
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        size_t len = end == NULL ? strlen(text) : (size_t)(end - text) + 1;
        Line line = {text, len};
        g_array_append_val(lines, line);
        text += len;
    }
    return lines;
}

static void side_init(Side *side, const char *text)
{
    side->lines = split_lines(text);
    side->ids = g_new(guint, MAX(side->lines->len, 1));
    side->changed = g_new0(bool, MAX(side->lines->len, 1));
}

static void side_number(Side *side, GHashTable *ids)
{
    for (guint i = 0; i < side->lines->len; i++) {
        Line *line = &g_array_index(side->lines, Line, i);
        gpointer id = g_hash_table_lookup(ids, line);
        if (id == NULL) {
            id = GUINT_TO_POINTER(g_hash_table_size(ids) + 1);
            g_hash_table_insert(ids, line, id);
        }
        side->ids[i] = GPOINTER_TO_UINT(id);
    }
}

static void side_clear(Side *side)
{
    g_array_unref(side->lines);
    g_free(side->ids);
    g_free(side->changed);
}

typedef struct {
    gint64 a_lo, a_hi, b_lo, b_hi;
} Box;

/* The state of one search: diagonals min..max are in use, every second one in each step. */
typedef struct {
    gint64 min, max;
} Band;

static void band_grow(Band *band, gint64 *v, gint64 low, gint64 high, gint64 border)
{
    if (band->min > low) {
        v[--band->min - 1] = border;
    } else {
        band->min++;
    }
    if (band->max < high) {
        v[++band->max + 1] = border;
    } else {
        band->max--;
    }
}

/* One more edit from the start; true when a backward path is met at *ret_a. */
static bool step_forward(const Diff *diff, const Box *box, const Band *band, const Band *other, bool odd,
                         gint64 *ret_a, gint64 *ret_b)
{
    gint64 *f = diff->forward + diff->offset;
    const gint64 *r = diff->backward + diff->offset;
    for (gint64 k = band->max; k >= band->min; k -= 2) {
        gint64 x = f[k - 1] >= f[k + 1] ? f[k - 1] + 1 : f[k + 1];
        gint64 y = x - k;
        while (x < box->a_hi && y < box->b_hi && diff->a.ids[x] == diff->b.ids[y]) {
            x++;
            y++;
        }
        f[k] = x;
        if (odd && other->min <= k && k <= other->max && r[k] <= x) {
            *ret_a = x;
            *ret_b = y;
            return true;
        }
    }
    return false;
}

static bool step_backward(const Diff *diff, const Box *box, const Band *band, const Band *other, bool odd,
                          gint64 *ret_a, gint64 *ret_b)
{
    const gint64 *f = diff->forward + diff->offset;
    gint64 *r = diff->backward + diff->offset;
    for (gint64 k = band->max; k >= band->min; k -= 2) {
        gint64 x = r[k - 1] < r[k + 1] ? r[k - 1] : r[k + 1] - 1;
        gint64 y = x - k;
        while (x > box->a_lo && y > box->b_lo && diff->a.ids[x - 1] == diff->b.ids[y - 1]) {
            x--;
            y--;
        }
        r[k] = x;
        if (!odd && other->min <= k && k <= other->max && x <= f[k]) {
            *ret_a = x;
            *ret_b = y;
            return true;
        }
    }
    return false;
}

static void furthest(const Diff *diff, const Box *box, const Band *band, gint64 *ret_a, gint64 *ret_b)
{
    const gint64 *f = diff->forward + diff->offset;
    gint64 best = -1;
    for (gint64 k = band->max; k >= band->min; k -= 2) {
        gint64 x = MIN(f[k], box->a_hi);
        gint64 y = x - k;
        if (y > box->b_hi) {
            y = box->b_hi;
            x = y + k;
        }
        if (x + y > best) {
            best = x + y;
            *ret_a = x;
            *ret_b = y;
        }
    }
}

/* A point on a shortest path. The box has no common prefix or suffix and neither side is empty: at least two
 * edits, so the point is never a corner of the box and both parts are smaller. */
static void find_middle(const Diff *diff, const Box *box, gint64 *ret_a, gint64 *ret_b)
{
    gint64 low = box->a_lo - box->b_hi;
    gint64 high = box->a_hi - box->b_lo;
    gint64 f_mid = box->a_lo - box->b_lo;
    gint64 r_mid = box->a_hi - box->b_hi;
    bool odd = ((f_mid - r_mid) & 1) != 0;
    Band f = {f_mid, f_mid};
    Band r = {r_mid, r_mid};
    diff->forward[diff->offset + f_mid] = box->a_lo;
    diff->backward[diff->offset + r_mid] = box->a_hi;
    for (gint64 cost = 1;; cost++) {
        band_grow(&f, diff->forward + diff->offset, low, high, -1);
        if (step_forward(diff, box, &f, &r, odd, ret_a, ret_b)) {
            return;
        }
        band_grow(&r, diff->backward + diff->offset, low, high, G_MAXINT64);
        if (step_backward(diff, box, &r, &f, odd, ret_a, ret_b)) {
            return;
        }
        if (cost >= DIFF_MAX_COST) {
            furthest(diff, box, &f, ret_a, ret_b);
            return;
        }
    }
}

static void compare(Diff *diff, Box box)
{
    for (;;) {
        while (box.a_lo < box.a_hi && box.b_lo < box.b_hi && diff->a.ids[box.a_lo] == diff->b.ids[box.b_lo]) {
            box.a_lo++;
            box.b_lo++;
        }
        while (box.a_lo < box.a_hi && box.b_lo < box.b_hi &&
               diff->a.ids[box.a_hi - 1] == diff->b.ids[box.b_hi - 1]) {
            box.a_hi--;
            box.b_hi--;
        }
        if (box.a_lo == box.a_hi || box.b_lo == box.b_hi) {
            memset(diff->a.changed + box.a_lo, 1, (size_t)(box.a_hi - box.a_lo));
            memset(diff->b.changed + box.b_lo, 1, (size_t)(box.b_hi - box.b_lo));
            return;
        }
        gint64 a = 0;
        gint64 b = 0;
        find_middle(diff, &box, &a, &b);
        compare(diff, (Box){box.a_lo, a, box.b_lo, b});
        box.a_lo = a;
        box.b_lo = b;
    }
}

/* ---- unified form ---- */

static void append_line(GString *out, char mark, const Line *line)
{
    g_string_append_c(out, mark);
    g_string_append_len(out, line->text, (gssize)line->len);
    if (line->len == 0 || line->text[line->len - 1] != '\n') {
        g_string_append(out, "\n\\ No newline at end of file\n");
    }
}

static void append_range(GString *out, char mark, guint lo, guint hi)
{
    guint n = hi - lo;
    /* GNU diff: an empty range names the line before it, a range of one leaves the length out. */
    g_string_append_printf(out, "%c%u", mark, n == 0 ? lo : lo + 1);
    if (n != 1) {
        g_string_append_printf(out, ",%u", n);
    }
}

static void append_hunk(GString *out, const Diff *diff, guint a_lo, guint a_hi, guint b_lo, guint b_hi)
{
    g_string_append(out, "@@ ");
    append_range(out, '-', a_lo, a_hi);
    g_string_append_c(out, ' ');
    append_range(out, '+', b_lo, b_hi);
    g_string_append(out, " @@\n");
    guint a = a_lo;
    guint b = b_lo;
    while (a < a_hi || b < b_hi) {
        if (a < a_hi && diff->a.changed[a]) {
            append_line(out, '-', &g_array_index(diff->a.lines, Line, a++));
        } else if (b < b_hi && diff->b.changed[b]) {
            append_line(out, '+', &g_array_index(diff->b.lines, Line, b++));
        } else {
            append_line(out, ' ', &g_array_index(diff->a.lines, Line, a++));
            b++;
        }
    }
}

/* From a changed place on, past all changes that have at most 2 * context equal lines between them. */
static void hunk_end(const Diff *diff, guint context, guint *a, guint *b)
{
    guint na = diff->a.lines->len;
    guint nb = diff->b.lines->len;
    guint end_a = *a;
    guint end_b = *b;
    guint equal = 0;
    guint i = *a;
    guint j = *b;
    while ((i < na || j < nb) && equal <= 2 * context) {
        bool removed = i < na && diff->a.changed[i];
        bool added = j < nb && diff->b.changed[j];
        i += removed || !added ? 1 : 0;
        j += added || !removed ? 1 : 0;
        equal = removed || added ? 0 : equal + 1;
        if (equal == 0) {
            end_a = i;
            end_b = j;
        }
    }
    *a = end_a;
    *b = end_b;
}

static void append_hunks(GString *out, const Diff *diff, guint context)
{
    guint na = diff->a.lines->len;
    guint nb = diff->b.lines->len;
    guint a = 0;
    guint b = 0;
    while (a < na || b < nb) {
        bool changed = (a < na && diff->a.changed[a]) || (b < nb && diff->b.changed[b]);
        if (!changed) {
            a++;
            b++;
            continue;
        }
        guint before = MIN(context, MIN(a, b));
        guint a_lo = a - before;
        guint b_lo = b - before;
        hunk_end(diff, context, &a, &b);
        guint after = MIN(context, MIN(na - a, nb - b));
        append_hunk(out, diff, a_lo, a + after, b_lo, b + after);
    }
}

char *base_text_diff(const char *before, const char *after, unsigned context)
{
    Diff diff = {.offset = 0};
    side_init(&diff.a, before == NULL ? "" : before);
    side_init(&diff.b, after == NULL ? "" : after);
    gint64 na = diff.a.lines->len;
    gint64 nb = diff.b.lines->len;
    g_autoptr(GHashTable) ids = g_hash_table_new(line_hash, line_equal);
    if (na > 0 && nb > 0) { /* against nothing no line is compared */
        side_number(&diff.a, ids);
        side_number(&diff.b, ids);
    }
    diff.offset = nb + 1;
    diff.forward = g_new(gint64, (size_t)(na + nb + 3));
    diff.backward = g_new(gint64, (size_t)(na + nb + 3));
    compare(&diff, (Box){0, na, 0, nb});
    GString *out = g_string_new(NULL);
    append_hunks(out, &diff, MIN(context, 1000000));
    side_clear(&diff.a);
    side_clear(&diff.b);
    g_free(diff.forward);
    g_free(diff.backward);
    return g_string_free(out, FALSE);
}
