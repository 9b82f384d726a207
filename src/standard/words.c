/* Word roots: the set that the standard ships (base metrics, date and aggregation modifiers), and what a
 * catalog registers beside it. */
#include "standard/standard_int.h"

#include <string.h>

const StandardSeedRoot standard_seed_roots[] = {
    /* ends of a metric: they fix type and additivity */
    {"cnt", "base", "Count", "数量", "bigint", "additive", "number,count,times,次数,个数,件数,笔数,数"},
    {"ucnt", "base", "Distinct count", "去重数", "bigint", "none", "unique count,人数,用户数"},
    {"amt", "base", "Amount", "金额", "decimal(28,6)", "additive", "money,sum,总额,额"},
    {"ratio", "base", "Ratio", "比率", "decimal(10,4)", "none", "share,占比,比例"},
    {"rate", "base", "Rate", "率", "decimal(10,4)", "none", ""},
    {"price", "base", "Unit price", "单价", "decimal(28,6)", "none", "价格"},
    {"qty", "base", "Quantity", "件数量", "decimal(28,6)", "additive", ""},
    {"dur", "base", "Duration in seconds", "时长", "bigint", "additive", "time spent,秒数"},
    {"score", "base", "Score", "得分", "decimal(10,4)", "none", "分数,评分"},
    {"bal", "base", "Balance", "余额", "decimal(28,6)", "semi", "结余"},
    /* aggregation modifiers */
    {"avg", "aggregation", "Average", "平均", "", "", "mean,平均值,日均"},
    {"max", "aggregation", "Maximum", "最大", "", "", "highest,最大值,最高"},
    {"min", "aggregation", "Minimum", "最小", "", "", "lowest,最小值,最低"},
    {"last", "aggregation", "Last value", "最近一次", "", "", "latest,最后,最新"},
    {"acc", "aggregation", "Accumulated", "累积", "", "", "running,累计值"},
    {"p50", "aggregation", "Median", "中位数", "", "", ""},
    {"p95", "aggregation", "95th percentile", "95分位", "", "", ""},
    {"wtd", "aggregation", "Week to date", "本周至今", "", "", "本周以来,周初至今"},
    {"mtd", "aggregation", "Month to date", "本月至今", "", "", "本月以来,月初至今"},
    {"qtd", "aggregation", "Quarter to date", "本季至今", "", "", "本季以来,季初至今"},
    {"ytd", "aggregation", "Year to date", "本年至今", "", "", "今年以来,本年以来,年初至今"},
    /* periods; <n>h <n>d <n>w <n>m <n>q <n>y are made of the six modifiers */
    {"td", "date", "To date", "历史截至当日", "", "", "all time,累计,历史累计,历史至今,截至当日"},
    {"nd", "date", "Last n days", "最近n天", "", "", ""},
    {"cw", "date", "This week", "本周", "", "", "自然周"},
    {"cm", "date", "This month", "本月", "", "", "自然月"},
    {"cq", "date", "This quarter", "本季度", "", "", "自然季"},
    {"cy", "date", "This year", "今年", "", "", "本年,自然年"},
    {"fy", "date", "Fiscal year", "财年", "", "", ""},
};
const size_t STANDARD_N_SEED_ROOTS = G_N_ELEMENTS(standard_seed_roots);

static const StandardSeedRoot *seed(const char *word, const char *category)
{
    for (size_t i = 0; i < STANDARD_N_SEED_ROOTS; i++) {
        if (g_ascii_strcasecmp(standard_seed_roots[i].code, word) == 0 &&
            (category == NULL || strcmp(standard_seed_roots[i].category, category) == 0)) {
            return &standard_seed_roots[i];
        }
    }
    return NULL;
}

/* 1d, 30d, 12h, 2w ... */
static bool is_counted_period(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 4 && *word != '0' && word[digits] != '\0' &&
           strchr("hdwmqy", word[digits]) != NULL && word[digits + 1] == '\0';
}

bool standard_is_period(const char *word)
{
    return is_counted_period(word) || seed(word, "date") != NULL;
}

bool standard_is_refresh(const char *word)
{
    static const char *const CODES[] = {"i",  "f",  "d",  "w",  "l",  "a",  "h",  "m",
                                        "q",  "y",  "di", "df", "ds", "dl", "hi", "hf",
                                        "wi", "wf", "ws", "mi", "mf", "ms", NULL};
    return g_strv_contains(CODES, word);
}

bool standard_is_aggregation(const char *word)
{
    return seed(word, "aggregation") != NULL;
}

static bool category_is(const StandardRoot *root, const char *category)
{
    return root != NULL && g_ascii_strcasecmp(root->category, category) == 0;
}

/* A project may register more of them: a root with a type ends a metric. */
bool standard_is_base_root(const StandardCatalog *catalog, const char *word)
{
    const StandardRoot *root = standard_root_of_word(catalog, word);
    if (standard_is_aggregation(word)) {
        return false;
    }
    return seed(word, "base") != NULL || category_is(root, "base") || category_is(root, "metric") ||
           (root != NULL && *root->category == '\0' && *root->type != '\0' && *root->additivity != '\0');
}

const StandardRoot *standard_root_of_word(const StandardCatalog *catalog, const char *word)
{
    return g_hash_table_lookup(catalog->words, word);
}

bool standard_word_registered(const StandardCatalog *catalog, const char *word)
{
    return g_hash_table_contains(catalog->words, word) || seed(word, NULL) != NULL ||
           standard_is_period(word) || strspn(word, "0123456789") == strlen(word);
}

void standard_words_index(StandardCatalog *catalog)
{
    for (guint i = 0; i < catalog->roots->len; i++) {
        StandardRoot *root = g_ptr_array_index(catalog->roots, i);
        if (!g_hash_table_contains(catalog->words, root->code)) {
            g_hash_table_insert(catalog->words, (gpointer)(guintptr)root->code, root);
        }
    }
}

/* Words that SQL of the engine, of MySQL or of Hive keeps for itself: a field of that name must be quoted
 * somewhere. Sorted. */
static const char *const KEYWORDS[] = {
    "accessible",
    "add",
    "all",
    "alter",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asensitive",
    "authorization",
    "before",
    "between",
    "bigint",
    "binary",
    "blob",
    "boolean",
    "both",
    "by",
    "cache",
    "call",
    "cascade",
    "case",
    "cast",
    "change",
    "char",
    "character",
    "check",
    "collate",
    "column",
    "commit",
    "condition",
    "conf",
    "constraint",
    "continue",
    "convert",
    "create",
    "cross",
    "cube",
    "cume_dist",
    "current",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "cursor",
    "database",
    "databases",
    "date",
    "datetime",
    "day_hour",
    "day_microsecond",
    "day_minute",
    "day_second",
    "dayofweek",
    "dec",
    "decimal",
    "declare",
    "default",
    "delayed",
    "delete",
    "dense_rank",
    "desc",
    "describe",
    "deterministic",
    "distinct",
    "distinctrow",
    "div",
    "double",
    "drop",
    "dual",
    "each",
    "else",
    "elseif",
    "empty",
    "enclosed",
    "end",
    "escape",
    "escaped",
    "except",
    "exchange",
    "exists",
    "exit",
    "explain",
    "extended",
    "external",
    "extract",
    "false",
    "fetch",
    "first_value",
    "float",
    "float4",
    "float8",
    "floor",
    "following",
    "for",
    "force",
    "foreign",
    "from",
    "full",
    "fulltext",
    "function",
    "generated",
    "get",
    "grant",
    "group",
    "grouping",
    "groups",
    "having",
    "high_priority",
    "hour_microsecond",
    "hour_minute",
    "hour_second",
    "if",
    "ignore",
    "ilike",
    "import",
    "in",
    "index",
    "infile",
    "inner",
    "inout",
    "insensitive",
    "insert",
    "int",
    "int1",
    "int2",
    "int3",
    "int4",
    "int8",
    "integer",
    "intersect",
    "interval",
    "into",
    "io_after_gtids",
    "io_before_gtids",
    "is",
    "iterate",
    "join",
    "json_table",
    "key",
    "keys",
    "kill",
    "lag",
    "last_value",
    "lateral",
    "lead",
    "leading",
    "leave",
    "left",
    "less",
    "like",
    "limit",
    "linear",
    "lines",
    "load",
    "local",
    "localtime",
    "localtimestamp",
    "lock",
    "long",
    "longblob",
    "longtext",
    "loop",
    "low_priority",
    "macro",
    "map",
    "master_bind",
    "master_ssl_verify_server_cert",
    "match",
    "maxvalue",
    "mediumblob",
    "mediumint",
    "mediumtext",
    "middleint",
    "minute_microsecond",
    "minute_second",
    "mod",
    "modifies",
    "more",
    "natural",
    "no_write_to_binlog",
    "none",
    "not",
    "nth_value",
    "ntile",
    "null",
    "numeric",
    "of",
    "offset",
    "on",
    "only",
    "optimize",
    "optimizer_costs",
    "option",
    "optionally",
    "or",
    "order",
    "out",
    "outer",
    "outfile",
    "over",
    "overlaps",
    "partialscan",
    "partition",
    "percent",
    "percent_rank",
    "pivot",
    "preceding",
    "precision",
    "preserve",
    "primary",
    "procedure",
    "purge",
    "qualify",
    "range",
    "rank",
    "read",
    "read_write",
    "reads",
    "real",
    "recursive",
    "reduce",
    "references",
    "regexp",
    "release",
    "rename",
    "repeat",
    "replace",
    "require",
    "resignal",
    "restrict",
    "return",
    "revoke",
    "right",
    "rlike",
    "rollback",
    "rollup",
    "row",
    "row_number",
    "rows",
    "schema",
    "schemas",
    "second_microsecond",
    "select",
    "sensitive",
    "separator",
    "set",
    "show",
    "signal",
    "similar",
    "smallint",
    "some",
    "spatial",
    "specific",
    "sql",
    "sql_big_result",
    "sql_calc_found_rows",
    "sql_small_result",
    "sqlexception",
    "sqlstate",
    "sqlwarning",
    "ssl",
    "start",
    "starting",
    "stored",
    "straight_join",
    "sync",
    "system",
    "table",
    "tablesample",
    "terminated",
    "then",
    "time",
    "timestamp",
    "tinyblob",
    "tinyint",
    "tinytext",
    "to",
    "trailing",
    "transform",
    "trigger",
    "true",
    "truncate",
    "unbounded",
    "undo",
    "union",
    "unique",
    "uniquejoin",
    "unlock",
    "unsigned",
    "update",
    "usage",
    "use",
    "user",
    "using",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "utc_tmestamp",
    "values",
    "varbinary",
    "varchar",
    "varcharacter",
    "varying",
    "view",
    "views",
    "virtual",
    "when",
    "where",
    "while",
    "window",
    "with",
    "write",
    "xor",
    "year_month",
    "zerofill",
};

static int compare_words(const void *key, const void *element)
{
    return g_ascii_strcasecmp(key, *(const char *const *)element);
}

bool standard_is_keyword(const char *word)
{
    return bsearch(word, KEYWORDS, G_N_ELEMENTS(KEYWORDS), sizeof KEYWORDS[0], compare_words) != NULL;
}
