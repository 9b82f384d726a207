/* Which tables share most columns. Tables with the same columns in the same layer form one class, and two
 * classes are compared only when they share a column that is rare among those of the first: whoever has more
 * than a given share of its columns in common must share one of its rarest (prefix filter). So `dt` and `id`,
 * which all tables have, cost nothing, and a thousand tables of one form are one comparison. */
#include "standard/look.h"

#include <string.h>

typedef struct {
    StandardLayer layer;
    GArray *columns;   /* guint: numbers of columns, rare ones first, each once */
    GPtrArray *tables; /* StandardTable*, in order */
} Form;

typedef struct {
    const Form *form;
    guint common;
} Likeness;

typedef struct {
    GHashTable *numbers; /* name of a column -> its number + 1 */
    GArray *uses;        /* guint: of a column: how many tables have it */
    GPtrArray *forms;    /* Form* */
    GPtrArray *holders;  /* of a column: GPtrArray of Form* */
    StandardAlike *best; /* of a table, by index */
} Alikes;

static void form_free(gpointer form_)
{
    Form *form = form_;
    g_array_unref(form->columns);
    g_ptr_array_unref(form->tables);
    g_free(form);
}

static guint number_of(Alikes *all, const char *column)
{
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(all->numbers, column));
    if (known != 0) {
        return known - 1;
    }
    guint number = all->uses->len;
    g_array_set_size(all->uses, number + 1);
    g_hash_table_insert(all->numbers, (gpointer)(guintptr)column, GUINT_TO_POINTER(number + 1));
    return number;
}

static gint by_use(gconstpointer a, gconstpointer b, gpointer uses_)
{
    GArray *uses = uses_;
    guint left = *(const guint *)a;
    guint right = *(const guint *)b;
    guint used_left = g_array_index(uses, guint, left);
    guint used_right = g_array_index(uses, guint, right);
    int order = (int)(used_left > used_right) - (int)(used_left < used_right);
    return order != 0 ? order : (int)(left > right) - (int)(left < right);
}

static GArray *columns_of(Alikes *all, const StandardTable *table)
{
    GArray *columns = g_array_sized_new(FALSE, FALSE, sizeof(guint), table->columns->len);
    for (guint c = 0; c < table->columns->len; c++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, c);
        guint number = number_of(all, column->name);
        g_array_append_val(columns, number);
    }
    return columns;
}

static void count_uses(Alikes *all, const StandardTable *table)
{
    for (guint c = 0; c < table->columns->len; c++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, c);
        guint number = number_of(all, column->name);
        g_array_index(all->uses, guint, number)++;
    }
}

static void add_table(Alikes *all, GHashTable *by_form, StandardTable *table)
{
    g_autoptr(GArray) columns = columns_of(all, table);
    g_array_sort_with_data(columns, by_use, all->uses);
    guint kept = 0;
    for (guint i = 0; i < columns->len; i++) {
        guint number = g_array_index(columns, guint, i);
        if (kept == 0 || g_array_index(columns, guint, kept - 1) != number) {
            g_array_index(columns, guint, kept++) = number;
        }
    }
    g_array_set_size(columns, kept);
    guint layer = (guint)table->layer;
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)&layer, sizeof layer);
    g_byte_array_append(text, (const guint8 *)columns->data, kept * sizeof(guint));
    g_autoptr(GBytes) key = g_bytes_new(text->data, text->len);
    Form *form = g_hash_table_lookup(by_form, key);
    if (form == NULL) {
        form = g_new0(Form, 1);
        form->layer = table->layer;
        form->columns = g_steal_pointer(&columns);
        form->tables = g_ptr_array_new();
        g_ptr_array_add(all->forms, form);
        g_hash_table_insert(by_form, g_steal_pointer(&key), form);
    }
    g_ptr_array_add(form->tables, table);
}

static void index_forms(Alikes *all)
{
    for (guint i = 0; i < all->uses->len; i++) {
        g_ptr_array_add(all->holders, g_ptr_array_new());
    }
    for (guint f = 0; f < all->forms->len; f++) {
        Form *form = g_ptr_array_index(all->forms, f);
        for (guint c = 0; c < form->columns->len; c++) {
            guint number = g_array_index(form->columns, guint, c);
            g_ptr_array_add(g_ptr_array_index(all->holders, number), form);
        }
    }
}

/* Both are sorted the same way. */
static guint common_of(const Alikes *all, const Form *a, const Form *b)
{
    guint n = 0;
    guint i = 0;
    guint k = 0;
    while (i < a->columns->len && k < b->columns->len) {
        const guint *left = &g_array_index(a->columns, guint, i);
        const guint *right = &g_array_index(b->columns, guint, k);
        gint order = *left == *right ? 0 : by_use(left, right, all->uses);
        n += order == 0 ? 1 : 0;
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
    return n;
}

static gint by_likeness(gconstpointer a, gconstpointer b)
{
    const Likeness *left = a;
    const Likeness *right = b;
    if (left->common != right->common) {
        return left->common < right->common ? 1 : -1;
    }
    const StandardTable *first = g_ptr_array_index(left->form->tables, 0);
    const StandardTable *second = g_ptr_array_index(right->form->tables, 0);
    return (int)(first->index > second->index) - (int)(first->index < second->index);
}

/* Forms of the layer that have more than `percent` of this one's columns, the likest first; itself too. */
static GArray *likest(const Alikes *all, const Form *form, gint64 percent)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(Likeness));
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    guint n = form->columns->len;
    guint least = (guint)((gint64)n * percent / 100) + 1;
    for (guint c = 0; least <= n && c <= n - least; c++) {
        const GPtrArray *forms = g_ptr_array_index(all->holders, g_array_index(form->columns, guint, c));
        for (guint f = 0; f < forms->len; f++) {
            const Form *other = g_ptr_array_index(forms, f);
            if (other->layer != form->layer || other->columns->len < least ||
                !g_hash_table_add(seen, (gpointer)(guintptr)other)) {
                continue;
            }
            Likeness like = {.form = other, .common = common_of(all, form, other)};
            if (like.common >= least) {
                g_array_append_val(found, like);
            }
        }
    }
    g_array_sort(found, by_likeness);
    return found;
}

static bool linked(const StandardTable *a, const StandardTable *b)
{
    return g_ptr_array_find(a->reads, b, NULL) || g_ptr_array_find(b->reads, a, NULL);
}

static void choose(Alikes *all, const GArray *likes, const StandardTable *table)
{
    for (guint l = 0; l < likes->len; l++) {
        const Likeness *like = &g_array_index(likes, Likeness, l);
        for (guint t = 0; t < like->form->tables->len; t++) {
            const StandardTable *other = g_ptr_array_index(like->form->tables, t);
            if (other->index >= table->index) {
                break;
            }
            if (!linked(table, other)) {
                all->best[table->index] = (StandardAlike){.table = other, .common = like->common};
                return;
            }
        }
    }
}

static gpointer make(StandardRun *run)
{
    Alikes *all = g_new0(Alikes, 1);
    const GPtrArray *tables = run->catalog->tables;
    gint64 percent = CLAMP(standard_config_limit(run->config, "duplicate_percent", 60), 0, 100);
    all->numbers = g_hash_table_new(g_str_hash, g_str_equal);
    all->uses = g_array_new(FALSE, TRUE, sizeof(guint));
    all->forms = g_ptr_array_new_with_free_func(form_free);
    all->holders = g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))g_ptr_array_unref);
    all->best = g_new0(StandardAlike, tables->len + 1);
    g_autoptr(GHashTable) by_form =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    for (guint pass = 0; pass < 2; pass++) {
        for (guint t = 0; t < tables->len; t++) {
            StandardTable *table = g_ptr_array_index(tables, t);
            if (!standard_above_ods(table) || table->columns->len == 0) {
                continue;
            }
            if (pass == 0) {
                count_uses(all, table);
            } else {
                add_table(all, by_form, table);
            }
        }
    }
    index_forms(all);
    for (guint f = 0; f < all->forms->len; f++) {
        const Form *form = g_ptr_array_index(all->forms, f);
        g_autoptr(GArray) likes = likest(all, form, percent);
        for (guint t = 0; t < form->tables->len; t++) {
            choose(all, likes, g_ptr_array_index(form->tables, t));
        }
    }
    return all;
}

static void alikes_free(gpointer all_)
{
    Alikes *all = all_;
    g_hash_table_unref(all->numbers);
    g_array_unref(all->uses);
    g_ptr_array_unref(all->holders);
    g_ptr_array_unref(all->forms);
    g_free(all->best);
    g_free(all);
}

const StandardAlike *standard_alike(StandardRun *run, const StandardTable *table)
{
    const Alikes *all = standard_memo(run, "alikes", make, alikes_free);
    const StandardAlike *found = &all->best[table->index];
    return found->table != NULL ? found : NULL;
}
