/* Search over all objects: names, titles, aliases, descriptions, columns, in Chinese and English, by parts of
 * words.
 *
 * The index is FTS5 with trigrams, which knows no words and so serves both languages. A term of one or two
 * characters has no trigram and is looked for with LIKE: there are thousands of objects, not millions. Every
 * term must be found; where the term stands decides the rank: the name before the title, aliases, columns,
 * the description; a whole match before a beginning before a part. */
#include "base/text.h"
#include "catalog/store_int.h"

#define SEARCH_MAX_TEXT_BYTES 1024
#define SEARCH_MAX_TERMS      8
#define SEARCH_MAX_CANDIDATES 2000
#define SNIPPET_CHARS         60

static const char *const fields[] = {"name", "title_en", "title_zh", "aliases", "columns", "description"};
static const int weights[] = {100, 80, 80, 60, 40, 20};

/* ---- writing ------------------------------------------------------------------------------------------- */

static void append_columns(GString *out, const CatalogObject *object)
{
    for (guint i = 0; object->columns && i < object->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, i);
        g_string_append_printf(out, "%s%s", out->len ? "\n" : "", column->name);
    }
    static const char *const lists[] = {"columns", "features", "schema"};
    for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
        size_t i;
        json_t *entry;
        json_array_foreach (json_object_get(object->definition, lists[l]), i, entry) {
            if (!object->columns) {
                base_json_append_texts(out, json_object_get(entry, "name"));
            }
            base_json_append_texts(out, json_object_get(entry, "title"));
            base_json_append_texts(out, json_object_get(entry, "aliases"));
            base_json_append_texts(out, json_object_get(entry, "tags"));
            base_json_append_texts(out, json_object_get(json_object_get(entry, "dimension"), "title"));
            base_json_append_texts(out, json_object_get(json_object_get(entry, "dimension"), "aliases"));
        }
    }
}

static bool insert(CatalogStore *store, sqlite3_stmt *stmt, const CatalogObject *object, GError **error)
{
    g_autoptr(GString) aliases = g_string_new(NULL);
    g_autoptr(GString) columns = g_string_new(NULL);
    g_autofree char *name = g_strdup_printf("%s", object->full_name);
    g_autofree char *about = g_strdup_printf("%s\n%s", object->description_en, object->description_zh);
    base_json_append_texts(aliases, json_object_get(object->definition, "aliases"));
    base_json_append_texts(aliases, json_object_get(object->definition, "tags"));
    base_json_append_texts(aliases, json_object_get(object->definition, "ask"));
    append_columns(columns, object);
    store_bind_text(stmt, 1, object->id);
    store_bind_text(stmt, 2, name);
    store_bind_text(stmt, 3, object->title_en);
    store_bind_text(stmt, 4, object->title_zh);
    store_bind_text(stmt, 5, aliases->str);
    store_bind_text(stmt, 6, about);
    store_bind_text(stmt, 7, columns->str);
    return store_step(store, stmt, error);
}

static const char insert_sql[] =
    "INSERT INTO search(id, name, title_en, title_zh, aliases, description, columns) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)";

bool store_index_add(CatalogStore *store, const CatalogObject *object, GError **error)
{
    sqlite3_stmt *stmt = store_prepare(store, insert_sql, error);
    bool ok = stmt && insert(store, stmt, object, error);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_index_remove(CatalogStore *store, const char *id, GError **error)
{
    return catalog_store_exec(store, "DELETE FROM search WHERE id = ?", &id, 1, error);
}

bool store_index(CatalogStore *store, const CatalogSnapshot *snapshot, GError **error)
{
    if (!store_run(store, "DELETE FROM search", error)) {
        return false;
    }
    sqlite3_stmt *stmt = store_prepare(store, insert_sql, error);
    bool ok = stmt != NULL;
    for (guint i = 0; ok && i < snapshot->objects->len; i++) {
        ok = insert(store, stmt, g_ptr_array_index(snapshot->objects, i), error);
    }
    sqlite3_finalize(stmt);
    return ok;
}

/* ---- asking -----------------------------------------------------------------------------------------------
 */

typedef struct {
    char *terms[SEARCH_MAX_TERMS];
    size_t n;
} Terms;

static void split_terms(const char *text, Terms *terms)
{
    g_autofree char *folded = g_utf8_strdown(text, -1);
    for (char *p = folded; *p; p += g_utf8_skip[*(guchar *)p]) { /* Chinese commas and spaces too */
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_isspace(c) || c == ',' || c == 0xFF0C || c == 0x3001) {
            memset(p, ' ', g_utf8_skip[*(guchar *)p]);
        }
    }
    g_auto(GStrv) parts = g_strsplit(folded, " ", -1);
    for (size_t i = 0; parts[i] && terms->n < SEARCH_MAX_TERMS; i++) {
        if (*parts[i]) {
            terms->terms[terms->n++] = g_strdup(parts[i]);
        }
    }
}

static void append_like(GString *out, size_t parameter)
{
    g_string_append(out, "(");
    for (size_t f = 0; f < G_N_ELEMENTS(fields); f++) {
        g_string_append_printf(out, "%s%s LIKE ?%zu ESCAPE '\\'", f ? " OR " : "", fields[f], parameter);
    }
    g_string_append(out, ")");
}

static char *like_pattern(const char *term)
{
    GString *out = g_string_new("%");
    for (const char *p = term; *p; p++) {
        if (*p == '%' || *p == '_' || *p == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *p);
    }
    g_string_append_c(out, '%');
    return g_string_free(out, FALSE);
}

static void append_phrase(GString *match, const char *term)
{
    g_string_append(match, match->len ? " AND \"" : "\"");
    for (const char *p = term; *p; p++) {
        g_string_append(match, *p == '"' ? "\"\"" : (char[]){*p, 0});
    }
    g_string_append_c(match, '"');
}

static json_t *candidates(CatalogStore *store, const Terms *terms, GError **error)
{
    g_autoptr(GString) match = g_string_new(NULL);
    g_autoptr(GString) sql =
        g_string_new("SELECT id, name, title_en, title_zh, aliases, description, columns FROM search WHERE ");
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < terms->n; i++) {
        if (g_utf8_strlen(terms->terms[i], -1) >= 3) {
            append_phrase(match, terms->terms[i]);
            continue;
        }
        g_ptr_array_add(values, like_pattern(terms->terms[i]));
        append_like(sql, values->len);
        g_string_append(sql, " AND ");
    }
    if (match->len) {
        g_ptr_array_add(values, g_strdup(match->str));
        g_string_append_printf(sql, "search MATCH ?%u ORDER BY rank", values->len);
    } else {
        g_string_append(sql, "1");
    }
    g_string_append_printf(sql, " LIMIT %d", SEARCH_MAX_CANDIDATES);
    return catalog_store_sql(store, sql->str, (const char *const *)values->pdata, values->len, error);
}

/* ---- ranking
 * ------------------------------------------------------------------------------------------------ */

typedef struct {
    json_t *row; /* borrowed */
    int score;
    const char *field;
    char *snippet;
} Hit;

static void clear_hit(gpointer data)
{
    g_free(((Hit *)data)->snippet);
}

static bool word_edge(const char *text, const char *at)
{
    return at == text || !g_ascii_isalnum(at[-1]);
}

/* The line of the field around the place, cut to what fits. */
static char *snippet_at(const char *text, const char *at)
{
    const char *start = at, *end = at;
    while (start > text && start[-1] != '\n') {
        start--;
    }
    end = strchrnul(at, '\n');
    g_autofree char *line = g_strndup(start, (gsize)(end - start));
    g_autofree char *before = g_strndup(start, (gsize)(at - start));
    glong skip = g_utf8_strlen(before, -1) - SNIPPET_CHARS / 2;
    glong chars = g_utf8_strlen(line, -1);
    if (chars <= SNIPPET_CHARS) {
        return g_steal_pointer(&line);
    }
    skip = CLAMP(skip, 0, chars - SNIPPET_CHARS);
    g_autofree char *part = g_utf8_substring(line, skip, skip + SNIPPET_CHARS);
    return g_strdup_printf("%s%s%s", skip ? "…" : "", part, skip + SNIPPET_CHARS < chars ? "…" : "");
}

static void score_field(Hit *hit, const char *field, int weight, const char *text, const char *term,
                        int *best)
{
    g_autofree char *folded = g_utf8_strdown(text, -1);
    const char *at = strstr(folded, term);
    if (!at) {
        return;
    }
    const char *bare = g_str_equal(field, "name") && strchr(folded, '.') ? strchr(folded, '.') + 1 : folded;
    int score = weight * 2;
    score += g_str_equal(bare, term) || g_str_equal(folded, term) ? weight * 2
             : g_str_has_prefix(bare, term)                       ? weight
             : word_edge(folded, at)                              ? weight / 2
                                                                  : 0;
    if (score <= *best) {
        return;
    }
    *best = score;
    hit->field = field;
    g_free(hit->snippet);
    /* folding may change lengths: the place is only used when it did not */
    hit->snippet = strlen(folded) == strlen(text) ? snippet_at(text, text + (at - folded))
                                                  : base_text_fit(text, SNIPPET_CHARS);
}

static void score_hit(Hit *hit, const Terms *terms)
{
    for (size_t t = 0; t < terms->n; t++) {
        int best = 0;
        for (size_t f = 0; f < G_N_ELEMENTS(fields); f++) {
            score_field(hit, fields[f], weights[f], base_json_string(hit->row, fields[f], ""),
                        terms->terms[t], &best);
        }
        hit->score += best;
    }
    /* of two equal hits the shorter name is the more exact one */
    hit->score = hit->score * 100 - (int)MIN(strlen(base_json_string(hit->row, "name", "")), 99);
}

static gint by_score(gconstpointer a, gconstpointer b)
{
    const Hit *x = a, *y = b;
    return x->score != y->score
               ? (x->score > y->score ? -1 : 1)
               : strcmp(base_json_string(x->row, "id", ""), base_json_string(y->row, "id", ""));
}

static json_t *hit_json(const Hit *hit, const char *lang)
{
    const char *id = base_json_string(hit->row, "id", "");
    const char *en = base_json_string(hit->row, "title_en", ""),
               *zh = base_json_string(hit->row, "title_zh", "");
    bool chinese = lang && g_str_has_prefix(lang, "zh");
    const char *title = chinese ? (*zh ? zh : en) : (*en ? en : zh);
    g_autofree char *kind = g_strndup(id, strcspn(id, ":"));
    const char *field = hit->field && g_str_has_prefix(hit->field, "title") ? "title" : hit->field;
    json_t *out = json_object();
    base_json_set_string(out, "id", id);
    base_json_set_string(out, "kind", kind);
    base_json_set_string(out, "name", base_json_string(hit->row, "name", ""));
    base_json_set_string(out, "title", title);
    base_json_set_string(out, "matched", field);
    base_json_set_string(out, "snippet", hit->snippet);
    return out;
}

static json_t *rank(json_t *rows, const Terms *terms, const char *lang, size_t limit)
{
    g_autoptr(GArray) hits = g_array_new(FALSE, TRUE, sizeof(Hit));
    g_array_set_clear_func(hits, clear_hit);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        Hit hit = {.row = row};
        score_hit(&hit, terms);
        g_array_append_val(hits, hit);
    }
    g_array_sort(hits, by_score);
    json_t *out = json_array();
    for (guint h = 0; h < hits->len && h < limit; h++) {
        json_array_append_new(out, hit_json(&g_array_index(hits, Hit, h), lang));
    }
    return out;
}

json_t *catalog_store_search(CatalogStore *store, const char *text, const char *lang, size_t limit,
                             GError **error)
{
    if (strlen(text) > SEARCH_MAX_TEXT_BYTES || !base_text_utf8_valid(text, strlen(text))) {
        base_fail(error, BASE_E_REQUEST_INVALID, "a search text is UTF-8 of at most %d bytes",
                  SEARCH_MAX_TEXT_BYTES);
        return NULL;
    }
    Terms terms = {0};
    split_terms(text, &terms);
    g_autoptr(json_t) rows = terms.n ? candidates(store, &terms, error) : json_array();
    json_t *out = rows ? rank(rows, &terms, lang, limit) : NULL;
    for (size_t i = 0; i < terms.n; i++) {
        g_free(terms.terms[i]);
    }
    return out;
}
