/* Operands of a load's expressions, brought to one type as MySQL and Doris do it.
 *
 * Fields that no column has are text. Compared with a number, text is a number (TRY_CAST: what is none is
 * NULL); a date compared with text reads it as a load does; where one branch of a CASE or COALESCE is text
 * and another a number, all are text. Integers are added and multiplied in `wide`, since their own type would
 * not hold what a wider column does. All by the shape of the tree: nothing is bound yet.
 *
 * What may still fail for a row is told apart (intake_typing_may_fail): the row is then refused with a
 * reason, which costs the load its place in a group (plan.c). */
#include "intake/intake_int.h"

static const char *class_of(const json_t *node)
{
    return base_json_string(node, "class", "");
}

static bool is_class(const json_t *node, const char *class)
{
    return strcmp(class_of(node), class) == 0;
}

static bool is_type(const json_t *node, const char *type)
{
    return strcmp(base_json_string(node, "type", ""), type) == 0;
}

/* "+"; the dialect's mysql_mod as "mod". */
static const char *function_of(const json_t *node)
{
    const char *name = is_class(node, "FUNCTION") ? base_json_string(node, "function_name", "") : "";
    return name + (g_str_has_prefix(name, "mysql_") ? strlen("mysql_") : 0);
}

/* Of a constant or a cast: the type's name, "" otherwise; "NULL" of NULL. */
static const char *type_id(const json_t *node)
{
    if (is_class(node, "CAST")) {
        return base_json_string(json_object_get(node, "cast_type"), "id", "");
    }
    const json_t *value = is_class(node, "CONSTANT") ? json_object_get(node, "value") : NULL;
    if (!value || json_is_true(json_object_get(value, "is_null"))) {
        return value ? "NULL" : "";
    }
    return base_json_string(json_object_get(value, "type"), "id", "");
}

static bool is_in(const json_t *node, GHashTable *set)
{
    const json_t *parts = is_class(node, "COLUMN_REF") ? json_object_get(node, "column_names") : NULL;
    const char *name = json_string_value(json_array_get(parts, 0));
    g_autofree char *folded = name ? g_utf8_strdown(name, -1) : NULL;
    return folded && g_hash_table_contains(set, folded);
}

static bool is_constant(const json_t *node)
{
    return is_class(node, "CONSTANT");
}

static bool is_sum(const json_t *node)
{
    static const char *const NAMES[] = {"+", "-", "*", NULL};
    return g_strv_contains(NAMES, function_of(node));
}

bool intake_typing_is_arithmetic(const json_t *node)
{
    static const char *const NAMES[] = {
        "+",   "-",     "*",   "/",   "//", "%",     "abs",  "ceil",     "floor",         "round", "sqrt",
        "mod", "power", "pow", "exp", "ln", "log10", "sign", "truncate", "from_unixtime", NULL};
    return g_strv_contains(NAMES, function_of(node));
}

/* ---- what a node is -------------------------------------------------------------------------------------
 */

typedef bool (*Judge)(const json_t *node, const IntakeNames *names);

/* Whether any value that a CASE, COALESCE or NULLIF may give is so. */
static bool any_branch(const json_t *node, const IntakeNames *names, Judge judge)
{
    size_t i;
    json_t *item;
    if (is_class(node, "CASE")) {
        json_array_foreach (json_object_get(node, "case_checks"), i, item) {
            if (judge(json_object_get(item, "then_expr"), names)) {
                return true;
            }
        }
        return judge(json_object_get(node, "else_expr"), names);
    }
    if (strcmp(function_of(node), "nullif") == 0) {
        return judge(json_array_get(json_object_get(node, "children"), 0), names);
    }
    if (is_type(node, "OPERATOR_COALESCE")) {
        json_array_foreach (json_object_get(node, "children"), i, item) {
            if (judge(item, names)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_text(const json_t *node, const IntakeNames *names)
{
    static const char *const FUNCTIONS[] = {"||",    "concat",  "concat_ws",  "upper",     "lower", "trim",
                                            "ltrim", "rtrim",   "substr",     "substring", "left",  "right",
                                            "lpad",  "replace", "split_part", "rpad",      NULL};
    return is_in(node, names->strings) || strcmp(type_id(node), "VARCHAR") == 0 ||
           g_strv_contains(FUNCTIONS, function_of(node)) || any_branch(node, names, is_text);
}

static bool is_number(const json_t *node, const IntakeNames *names)
{
    static const char *const TYPES[] = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
                                        "DECIMAL", "FLOAT",    "DOUBLE",  NULL};
    return is_in(node, names->numbers) || g_strv_contains(TYPES, type_id(node)) ||
           intake_typing_is_arithmetic(node) || (!is_text(node, names) && any_branch(node, names, is_number));
}

static bool is_integer(const json_t *node, const IntakeNames *names)
{
    static const char *const TYPES[] = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", NULL};
    if (is_sum(node)) {
        size_t i;
        json_t *child;
        json_array_foreach (json_object_get(node, "children"), i, child) {
            if (!is_integer(child, names)) {
                return false;
            }
        }
        return true;
    }
    return is_in(node, names->integers) || g_strv_contains(TYPES, type_id(node));
}

static bool is_time(const json_t *node, const IntakeNames *names)
{
    return is_in(node, names->times);
}

/* ---- what becomes of it ---------------------------------------------------------------------------------
 */

static json_t *cast_to(json_t *child, const char *type, bool try)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:O, s:{s:s, s:n}, s:b}", "class", "CAST", "type", "OPERATOR_CAST",
                     "alias", "", "query_location", 0, "child", child, "cast_type", "id", type, "type_info",
                     "try_cast", (int)try);
}

/* A place in the tree: a member of an object, or an item of an array. */
typedef struct {
    json_t *parent;
    const char *key; /* NULL = `index` */
    size_t index;
} Place;

static json_t *at(Place place)
{
    return place.key ? json_object_get(place.parent, place.key) : json_array_get(place.parent, place.index);
}

static void put(Place place, json_t *node)
{
    if (place.key) {
        json_object_set_new(place.parent, place.key, node);
    } else {
        json_array_set_new(place.parent, place.index, node);
    }
}

static void make_number(Place place)
{
    put(place, cast_to(at(place), "DOUBLE", true));
}

/* mysql_timestamp(text): NULL where it is none. */
static void make_time(Place place)
{
    put(place, json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:[O], s:n, s:{s:s, s:[]}, s:b, s:b, s:b}",
                         "class", "FUNCTION", "type", "FUNCTION", "alias", "", "query_location", 0,
                         "function_name", "mysql_timestamp", "schema", "", "catalog", "", "children",
                         at(place), "filter", "order_bys", "type", "ORDER_MODIFIER", "orders", "distinct", 0,
                         "is_operator", 0, "export_state", 0));
}

/* Two that are compared. */
static void pair(Place a, Place b, const IntakeNames *names)
{
    for (int turn = 0; turn < 2; turn++) {
        Place x = turn ? b : a, y = turn ? a : b;
        if (is_time(at(x), names) && is_constant(at(y)) && is_text(at(y), names)) {
            make_time(y);
        } else if (is_text(at(x), names) && !is_constant(at(x)) && is_number(at(y), names)) {
            make_number(x);
        }
    }
}

/* What comes out of one of several: text when any is. */
static void unify(const Place *places, size_t n, const IntakeNames *names)
{
    bool text = false;
    for (size_t i = 0; i < n; i++) {
        text = text || is_text(at(places[i]), names);
    }
    for (size_t i = 0; text && i < n; i++) {
        if (is_number(at(places[i]), names)) {
            put(places[i], cast_to(at(places[i]), "VARCHAR", false));
        }
    }
}

static void unify_case(json_t *node, const IntakeNames *names)
{
    json_t *checks = json_object_get(node, "case_checks");
    size_t n = json_array_size(checks);
    g_autofree Place *places = g_new(Place, n + 1);
    for (size_t i = 0; i < n; i++) {
        places[i] = (Place){json_array_get(checks, i), "then_expr", 0};
    }
    places[n] = (Place){node, "else_expr", 0};
    unify(places, n + 1, names);
}

static void unify_children(json_t *children, const IntakeNames *names)
{
    size_t n = json_array_size(children);
    g_autofree Place *places = g_new(Place, MAX(n, 1));
    for (size_t i = 0; i < n; i++) {
        places[i] = (Place){children, NULL, i};
    }
    unify(places, n, names);
}

/* x IN (..): x is a number only when all that it is looked for in are. */
static void type_in(json_t *children, const IntakeNames *names)
{
    Place first = {children, NULL, 0};
    size_t n = json_array_size(children), numbers = 0;
    for (size_t i = 1; i < n; i++) {
        numbers += is_number(json_array_get(children, i), names);
    }
    if (n > 1 && numbers == n - 1) {
        pair(first, (Place){children, NULL, 1}, names);
    } else if (is_text(at(first), names)) {
        unify_children(children, names);
    }
    for (size_t i = 1; i < n; i++) {
        pair(first, (Place){children, NULL, i}, names);
    }
}

static void type_function(json_t *node, const IntakeNames *names, const IntakeReading *reading)
{
    json_t *children = json_object_get(node, "children");
    size_t n = json_array_size(children);
    bool arithmetic = reading->numeric || intake_typing_is_arithmetic(node);
    if (strcmp(function_of(node), "nullif") == 0 && n == 2) {
        pair((Place){children, NULL, 0}, (Place){children, NULL, 1}, names);
    }
    bool wide = reading->wide && is_sum(node) && is_integer(node, names);
    for (size_t i = 0; i < n; i++) {
        json_t *child = json_array_get(children, i);
        if (arithmetic && !is_constant(child) &&
            (reading->numeric ? is_in(child, names->texts) : is_text(child, names))) {
            make_number((Place){children, NULL, i});
        } else if (wide && !is_sum(child) && !is_class(child, "CAST")) {
            put((Place){children, NULL, i}, cast_to(child, reading->wide, false));
        }
    }
}

void intake_typing_node(json_t *node, const IntakeNames *names, const IntakeReading *reading)
{
    const char *class = class_of(node);
    if (strcmp(class, "COMPARISON") == 0) {
        pair((Place){node, "left", 0}, (Place){node, "right", 0}, names);
    } else if (strcmp(class, "BETWEEN") == 0) {
        pair((Place){node, "input", 0}, (Place){node, "lower", 0}, names);
        pair((Place){node, "input", 0}, (Place){node, "upper", 0}, names);
    } else if (strcmp(class, "CASE") == 0) {
        unify_case(node, names);
    } else if (is_type(node, "OPERATOR_COALESCE")) {
        unify_children(json_object_get(node, "children"), names);
    } else if (is_type(node, "COMPARE_IN") || is_type(node, "COMPARE_NOT_IN")) {
        type_in(json_object_get(node, "children"), names);
    } else if (strcmp(class, "FUNCTION") == 0) {
        type_function(node, names, reading);
    }
}

/* ---- what may fail --------------------------------------------------------------------------------------
 */

static bool any_may_fail(const json_t *node, const IntakeNames *names)
{
    const char *key;
    size_t i;
    json_t *item;
    if (json_is_array(node)) {
        json_array_foreach (node, i, item) {
            if (intake_typing_may_fail(item, names)) {
                return true;
            }
        }
        return false;
    }
    json_object_foreach ((json_t *)(uintptr_t)node, key, item) {
        if ((json_is_object(item) || json_is_array(item)) && intake_typing_may_fail(item, names)) {
            return true;
        }
    }
    return false;
}

/* One step in DOUBLE, or in HUGEINT of what were at most 64 bits, has a value. */
static bool sum_may_fail(const json_t *node)
{
    size_t i;
    json_t *child;
    json_array_foreach (json_object_get(node, "children"), i, child) {
        const char *type = type_id(child);
        if (!is_constant(child) && strcmp(type, "HUGEINT") != 0 && strcmp(type, "DOUBLE") != 0) {
            return true;
        }
    }
    return false;
}

static bool function_may_fail(const json_t *node)
{
    static const char *const SAFE[] = {"||",    "concat",  "concat_ws", "upper",     "lower",          "trim",
                                       "ltrim", "rtrim",   "replace",   "length",    "nullif",         "now",
                                       "md5",   "curdate", "date",      "timestamp", "unix_timestamp", NULL};
    return !g_strv_contains(SAFE, function_of(node)) && (!is_sum(node) || sum_may_fail(node));
}

static bool cast_may_fail(const json_t *node, const IntakeNames *names)
{
    const json_t *child = json_object_get(node, "child");
    const char *type = type_id(node);
    return !json_is_true(json_object_get(node, "try_cast")) && strcmp(type, "VARCHAR") != 0 &&
           !(strcmp(type, "HUGEINT") == 0 && is_integer(child, names));
}

bool intake_typing_may_fail(const json_t *node, const IntakeNames *names)
{
    if (is_class(node, "FUNCTION") && function_may_fail(node)) {
        return true;
    }
    if (is_class(node, "CAST") && cast_may_fail(node, names)) {
        return true;
    }
    if (is_class(node, "COMPARISON")) { /* of text with what it would be cast to */
        const json_t *left = json_object_get(node, "left"), *right = json_object_get(node, "right");
        if (is_text(left, names) != is_text(right, names) && !is_constant(left) && !is_constant(right)) {
            return true;
        }
    }
    return any_may_fail(node, names);
}

bool intake_typing_is_boolean(const json_t *node)
{
    return is_class(node, "COMPARISON") || is_class(node, "CONJUNCTION") || is_class(node, "BETWEEN") ||
           (is_class(node, "OPERATOR") && !is_type(node, "OPERATOR_COALESCE"));
}
