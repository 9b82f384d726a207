/* CSV as Doris reads it, without IO: bytes in, cells out, nothing copied but fields with escapes in them.
 *
 * A row ends at the line delimiter, a field at the separator; both may be several bytes. With `enclose`, a
 * field that begins with that byte runs to the next one; a doubled one, or one after `escape`, is a literal.
 * Rows that are empty are skipped; a row with another number of fields is rejected with Doris's words.
 *
 * Without `enclose` rows are found by comparing 64 bytes at a time with the first bytes of separator and
 * delimiter; with it field by field, by the same function that the boundary finder uses, so that both always
 * agree on where a row ends. */
#include "intake/intake_int.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- marks: positions of two bytes, 64 at a time ----------------------------------------------------------
 */

/* Bit i is set where p[i] is `a` or `b`. */
static inline guint64 marks_of(const char *p, char a, char b)
{
#ifdef __SSE2__
    guint64 mask = 0;
    const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b);
    for (unsigned i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, va), _mm_cmpeq_epi8(v, vb));
        mask |= (guint64)(unsigned)_mm_movemask_epi8(hit) << (16 * i);
    }
    return mask;
#else
    guint64 mask = 0;
    for (unsigned i = 0; i < 64; i++) {
        mask |= (guint64)(p[i] == a || p[i] == b) << i;
    }
    return mask;
#endif
}

typedef struct {
    const char *data;
    size_t base, len; /* `mask` speaks of data[base..base+64) */
    guint64 mask;
    char a, b;
} Marks;

static inline void marks_load(Marks *marks)
{
    marks->mask = marks_of(marks->data + marks->base, marks->a, marks->b);
    if (marks->len - marks->base < 64) {
        marks->mask &= (G_GUINT64_CONSTANT(1) << (marks->len - marks->base)) - 1;
    }
}

static inline void marks_start(Marks *marks, const char *data, size_t pos, size_t len, char a, char b)
{
    *marks = (Marks){.data = data, .base = pos, .len = len, .a = a, .b = b};
    if (pos < len) {
        marks_load(marks);
    }
}

/* Position of the next mark, `len` when there is none. */
static inline size_t marks_next(Marks *marks)
{
    while (marks->mask == 0) {
        if (marks->len - marks->base <= 64) {
            marks->base = marks->len;
            return marks->len;
        }
        marks->base += 64;
        marks_load(marks);
    }
    size_t at = marks->base + (size_t)__builtin_ctzll(marks->mask);
    marks->mask &= marks->mask - 1;
    return at;
}

/* ---- rows
 * --------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *p, const char *end, const char *text, size_t len)
{
    return (size_t)(end - p) >= len && memcmp(p, text, len) == 0;
}

static void set_cell(const IntakeCsv *csv, IntakeCell *cell, const char *p, size_t len)
{
    if (csv->trim_double_quotes && len >= 2 && p[0] == '"' && p[len - 1] == '"') {
        p++;
        len -= 2;
    }
    if ((len == 2 && p[0] == '\\' && p[1] == 'N') || (len == 0 && csv->empty_field_as_null)) {
        *cell = (IntakeCell){0};
        return;
    }
    *cell = (IntakeCell){.bytes = p, .len = (guint32)len};
}

static void reject_count(const IntakeCsv *csv, IntakeRows *rows, const char *line, size_t len, size_t n)
{
    g_autofree char *separator = g_strescape(csv->separator, NULL);
    g_autofree char *delimiter = g_strescape(csv->delimiter, NULL);
    g_autofree char *reason = g_strdup_printf("actual column number in csv file is %s schema column "
                                              "number.actual number: %zu, column separator: [%s], "
                                              "line delimiter: [%s], schema column number: %zu",
                                              n < rows->n_fields ? "less than" : "more than", n, separator,
                                              delimiter, rows->n_fields);
    rows->n_rejected++;
    rows->reject(rows->reject_user, line, len, reason);
}

/* Row `line` is whole: keeps it when its number of fields is right. */
static inline void end_row(const IntakeCsv *csv, IntakeRows *rows, const char *line, size_t len, size_t n)
{
    guint64 order = rows->next_order++;
    if (G_UNLIKELY(n != rows->n_fields)) {
        if (len > 0) {
            reject_count(csv, rows, line, len, n);
        }
        return;
    }
    if (G_UNLIKELY(len == 0)) {
        return;
    }
    rows->lines[rows->n_rows] = (IntakeLine){.bytes = line, .len = (guint32)len, .order = order};
    rows->n_rows++;
}

/* One-byte separator and delimiter, nothing enclosed: the common case. */
static size_t parse_simple(const IntakeCsv *csv, const char *data, size_t len, size_t pos, IntakeRows *rows)
{
    const char separator = csv->separator[0];
    const size_t n_fields = rows->n_fields;
    Marks marks;
    marks_start(&marks, data, pos, len, separator, csv->delimiter[0]);
    while (pos < len && rows->n_rows < rows->max_rows) {
        IntakeCell *cells = rows->cells + rows->n_rows * n_fields;
        size_t n = 0, start = pos, at;
        while ((at = marks_next(&marks)) < len && data[at] == separator) {
            if (n < n_fields) {
                set_cell(csv, &cells[n], data + start, at - start);
            }
            n++;
            start = at + 1;
        }
        size_t end = at;
        if (csv->strip_cr && end > start && data[end - 1] == '\r') {
            end--;
        }
        if (n < n_fields) {
            set_cell(csv, &cells[n], data + start, end - start);
        }
        end_row(csv, rows, data + pos, end - pos, n + 1);
        pos = MIN(at + 1, len);
    }
    return pos;
}

/* Separators of several bytes, nothing enclosed. */
static size_t parse_wide(const IntakeCsv *csv, const char *data, size_t len, size_t pos, IntakeRows *rows)
{
    const char *stop = data + len;
    Marks marks;
    marks_start(&marks, data, pos, len, csv->separator[0], csv->delimiter[0]);
    while (pos < len && rows->n_rows < rows->max_rows) {
        IntakeCell *cells = rows->cells + rows->n_rows * rows->n_fields;
        size_t n = 0, start = pos, next = len, end = len;
        for (;;) {
            size_t at = marks_next(&marks);
            if (at >= len) {
                break;
            }
            if (at < start) {
                continue; /* inside a separator just taken */
            }
            if (starts_with(data + at, stop, csv->delimiter, csv->delimiter_len)) {
                end = at;
                next = at + csv->delimiter_len;
                break;
            }
            if (starts_with(data + at, stop, csv->separator, csv->separator_len)) {
                if (n < rows->n_fields) {
                    set_cell(csv, &cells[n], data + start, at - start);
                }
                n++;
                start = at + csv->separator_len;
            }
        }
        if (csv->strip_cr && end > start && data[end - 1] == '\r') {
            end--;
        }
        if (n < rows->n_fields) {
            set_cell(csv, &cells[n], data + start, end - start);
        }
        end_row(csv, rows, data + pos, end - pos, n + 1);
        /* Marks between here and `next` belong to the delimiter. */
        pos = next;
        if (marks.base < pos && pos < len) {
            marks_start(&marks, data, pos, len, csv->separator[0], csv->delimiter[0]);
        }
    }
    return pos;
}

/* ---- enclosed fields
 * ------------------------------------------------------------------------------------------- */

typedef enum { FIELD_SEPARATOR, FIELD_DELIMITER, FIELD_OPEN } FieldEnd;

typedef struct {
    const char *start, *end; /* of the value; inside the quotes when enclosed */
    const char *next;        /* after the separator or delimiter */
    bool enclosed;
    bool escaped; /* has doubled or escaped bytes: unescape it */
    bool unclosed;
    FieldEnd how; /* OPEN = the data ended first */
} Field;

/* From `p` to the next separator or delimiter. */
static void scan_bare(const IntakeCsv *csv, const char *p, const char *stop, Field *field)
{
    const char s = csv->separator[0], d = csv->delimiter[0];
    for (; p < stop; p++) {
        if (*p == d && starts_with(p, stop, csv->delimiter, csv->delimiter_len)) {
            field->end = p;
            field->next = p + csv->delimiter_len;
            field->how = FIELD_DELIMITER;
            return;
        }
        if (*p == s && starts_with(p, stop, csv->separator, csv->separator_len)) {
            field->end = p;
            field->next = p + csv->separator_len;
            field->how = FIELD_SEPARATOR;
            return;
        }
    }
    field->end = field->next = stop;
    field->how = FIELD_OPEN;
}

/* The closing byte of a field whose first byte (before `p`) opened it; NULL = not closed. */
static const char *find_close(const IntakeCsv *csv, const char *p, const char *stop, Field *field)
{
    const char enclose = (char)csv->enclose;
    const bool has_escape = csv->escape >= 0 && csv->escape != csv->enclose;
    const char escape = (char)csv->escape;
    for (; p < stop; p++) {
        if (has_escape && *p == escape) {
            field->escaped = true;
            p++;
        } else if (*p == enclose) {
            if (p + 1 < stop && p[1] == enclose) {
                field->escaped = true;
                p++;
            } else {
                return p;
            }
        }
    }
    return NULL;
}

static void scan_field(const IntakeCsv *csv, const char *p, const char *stop, Field *field)
{
    *field = (Field){.start = p};
    if (p >= stop || *p != (char)csv->enclose) {
        scan_bare(csv, p, stop, field);
        return;
    }
    const char *close = find_close(csv, p + 1, stop, field);
    if (!close) {
        *field = (Field){.start = p, .end = stop, .next = stop, .how = FIELD_OPEN, .unclosed = true};
        return;
    }
    scan_bare(csv, close + 1, stop, field);
    const char *after = field->end;
    if (csv->strip_cr && field->how != FIELD_SEPARATOR && after > close + 1 && after[-1] == '\r') {
        after--;
    }
    if (after == close + 1) {
        field->start = p + 1;
        field->end = close;
        field->enclosed = true;
    } else {
        field->escaped = false; /* text after the closing quote: taken as it stands */
    }
}

static void set_enclosed(const IntakeCsv *csv, IntakeRows *rows, IntakeCell *cell, const Field *field)
{
    size_t len = (size_t)(field->end - field->start);
    if (!field->escaped) {
        *cell = (IntakeCell){.bytes = field->start, .len = (guint32)len, .enclosed = 1};
        return;
    }
    char *out = intake_arena_alloc(rows->arena, len);
    const bool has_escape = csv->escape >= 0 && csv->escape != csv->enclose;
    size_t n = 0;
    for (const char *p = field->start; p < field->end; p++) {
        if (p + 1 < field->end && ((has_escape && *p == (char)csv->escape) || *p == (char)csv->enclose)) {
            p++;
        }
        out[n++] = *p;
    }
    *cell = (IntakeCell){.bytes = out, .len = (guint32)n, .enclosed = 1};
}

static size_t parse_enclosed(const IntakeCsv *csv, const char *data, size_t len, size_t pos, IntakeRows *rows)
{
    const char *stop = data + len;
    while (pos < len && rows->n_rows < rows->max_rows) {
        IntakeCell *cells = rows->cells + rows->n_rows * rows->n_fields;
        const char *p = data + pos, *line = p;
        Field field;
        size_t n = 0;
        do {
            scan_field(csv, p, stop, &field);
            if (field.how != FIELD_SEPARATOR && !field.enclosed && csv->strip_cr && field.end > field.start &&
                field.end[-1] == '\r') {
                field.end--;
            }
            if (n < rows->n_fields && field.enclosed) {
                set_enclosed(csv, rows, &cells[n], &field);
            } else if (n < rows->n_fields) {
                set_cell(csv, &cells[n], field.start, (size_t)(field.end - field.start));
            }
            n++;
            p = field.next;
        } while (field.how == FIELD_SEPARATOR);
        const char *end = field.enclosed ? field.end + 1 : field.end;
        if (G_UNLIKELY(field.unclosed)) {
            rows->n_rejected++;
            rows->next_order++;
            rows->reject(rows->reject_user, line, (size_t)(end - line), "a field is enclosed but not closed");
            return len;
        }
        end_row(csv, rows, line, (size_t)(end - line), n);
        pos = (size_t)(field.next - data);
    }
    return pos;
}

/* ---- face
 * -------------------------------------------------------------------------------------------------------- */

void intake_csv_parse(const IntakeCsv *csv, const char *data, size_t len, size_t *pos, IntakeRows *rows)
{
    if (csv->enclose >= 0) {
        *pos = parse_enclosed(csv, data, len, *pos, rows);
    } else if (csv->separator_len == 1 && csv->delimiter_len == 1) {
        *pos = parse_simple(csv, data, len, *pos, rows);
    } else {
        *pos = parse_wide(csv, data, len, *pos, rows);
    }
}

/* The last delimiter, looked for from the end. A delimiter of several bytes could overlap itself ("||" in
 * "|||"), so that the end and the beginning would not agree: then it is looked for from the beginning. */
static size_t boundary_backward(const IntakeCsv *csv, const char *data, size_t len)
{
    const char *last = memrchr(data, csv->delimiter[0], len);
    return last ? (size_t)(last - data) + 1 : 0;
}

static size_t boundary_forward(const IntakeCsv *csv, const char *data, size_t len)
{
    size_t boundary = 0;
    const char *p = data, *stop = data + len;
    if (csv->enclose < 0) {
        /* Separators are stepped over too: ",\n" as separator must not end a row at its second byte. */
        Field field = {0};
        while (p < stop) {
            scan_bare(csv, p, stop, &field);
            p = field.next;
            if (field.how == FIELD_DELIMITER) {
                boundary = (size_t)(p - data);
            }
        }
        return boundary;
    }
    while (p < stop) {
        Field field;
        scan_field(csv, p, stop, &field);
        p = field.next;
        if (field.how == FIELD_OPEN) {
            break;
        }
        if (field.how == FIELD_DELIMITER) {
            boundary = (size_t)(p - data);
        }
    }
    return boundary;
}

size_t intake_csv_boundary(const IntakeCsv *csv, const char *data, size_t len)
{
    if (csv->enclose < 0 && csv->delimiter_len == 1 && csv->separator_len == 1) {
        return boundary_backward(csv, data, len);
    }
    return boundary_forward(csv, data, len);
}

GPtrArray *intake_csv_fields(const IntakeCsv *csv, const char *line, size_t len)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *p = line, *stop = line + len;
    Field field;
    do {
        scan_field(csv, p, stop, &field);
        const char *start = field.start, *end = field.end;
        if (end > start && end[-1] == '\r' && !field.enclosed) {
            end--;
        }
        if (!field.enclosed && end - start >= 2 && *start == '"' && end[-1] == '"') {
            start++;
            end--;
        }
        char *name = g_strndup(start, (size_t)(end - start));
        g_ptr_array_add(names, g_strstrip(name));
        p = field.next;
    } while (field.how == FIELD_SEPARATOR && names->len < INTAKE_MAX_FIELDS);
    return names;
}
