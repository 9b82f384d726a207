/* The one table of kinds and keys. Parsing, checks, "did you mean", reference edges, canonical text,
 * `weir schema` and the reference pages all come from it: to add a key is to add a row.
 *
 * Own keys follow PRODUCT.md "Definition files"; the words in detail follow the parts of the project that
 * bring a kind to life. A key that is not here is an error, never ignored. */
#include "catalog/catalog_int.h"

#define BIT(kind)       (1u << CATALOG_##kind)
#define TABLES          (BIT(TABLE) | BIT(MODEL))
#define END             {.name = NULL}
#define K(n, t, en, zh) {.name = (n), .type = CATALOG_KEY_##t, .doc_en = (en), .doc_zh = (zh)}
#define REQ(n, t, en, zh)                                                                                    \
    {.name = (n), .type = CATALOG_KEY_##t, .required = true, .doc_en = (en), .doc_zh = (zh)}
#define WORD(n, w, en, zh)                                                                                   \
    {.name = (n), .type = CATALOG_KEY_WORD, .words = (w), .doc_en = (en), .doc_zh = (zh)}
#define WORD_REQ(n, w, en, zh)                                                                               \
    {.name = (n), .type = CATALOG_KEY_WORD, .required = true, .words = (w), .doc_en = (en), .doc_zh = (zh)}
#define SUB(n, t, s, en, zh)                                                                                 \
    {.name = (n), .type = CATALOG_KEY_##t, .shape = (s), .doc_en = (en), .doc_zh = (zh)}
/* A map of `s`, or in its place a value of type `t`. */
#define SUB_OR(n, t, s, en, zh)                                                                              \
    {.name = (n),                                                                                            \
     .type = CATALOG_KEY_ANY,                                                                                \
     .shape = (s),                                                                                           \
     .plain = CATALOG_KEY_##t,                                                                               \
     .doc_en = (en),                                                                                         \
     .doc_zh = (zh)}
#define SUB_REQ(n, t, s, en, zh)                                                                             \
    {.name = (n), .type = CATALOG_KEY_##t, .required = true, .shape = (s), .doc_en = (en), .doc_zh = (zh)}
#define REF(n, t, k, f, en, zh)                                                                              \
    {.name = (n),                                                                                            \
     .type = CATALOG_KEY_##t,                                                                                \
     .refs = (k),                                                                                            \
     .flow = CATALOG_FLOW_##f,                                                                               \
     .doc_en = (en),                                                                                         \
     .doc_zh = (zh)}
#define REF_REQ(n, t, k, f, en, zh)                                                                          \
    {.name = (n),                                                                                            \
     .type = CATALOG_KEY_##t,                                                                                \
     .required = true,                                                                                       \
     .refs = (k),                                                                                            \
     .flow = CATALOG_FLOW_##f,                                                                               \
     .doc_en = (en),                                                                                         \
     .doc_zh = (zh)}

const CatalogKey catalog_common_keys[] = {
    K("name", NAME, "Name: lower-case letters, digits, _; unique for its kind in its domain",
      "名称：小写字母、数字和下划线；同一域内同类唯一"),
    K("title", LABEL, "Title for people, text or {en, zh}", "显示名，文本或 {en, zh}"),
    K("description", LABEL, "What it is, text or {en, zh}", "说明，文本或 {en, zh}"),
    K("owner", TEXT, "Person or team that answers for it", "负责人或团队"),
    WORD("grade", CATALOG_GRADES, "Grade of the standard", "标准中的等级"),
    K("tags", TEXTS, "Free words to find and govern it by", "标签"),
    K("aliases", LABELS, "Other names that people use", "别名"),
    WORD("status", "draft|active|deprecated", "Life cycle; active when not given", "状态，默认 active"),
    K("until", DAY, "Day on which a deprecated object goes", "停用日期"),
    REF("domain", REF, BIT(DOMAIN), NONE, "Domain, where the folder does not say it",
        "所属域（目录未指明时）"),
    END};

/* ---- columns, checks ------------------------------------------------------------------------------ */

/* How a figure may move against its baseline; percent. */
#define CHANGE_KEYS                                                                                          \
    K("orange", REAL, "Warns when it moved by more than this percent", "变化超过该百分比则警告"),            \
        K("red", REAL, "Fails when it moved by more than this percent", "变化超过该百分比则失败"),           \
        WORD("trend", "up|down|abs", "Which way counts; abs when not given", "关注的方向，默认 abs"),        \
        WORD("baseline", "previous|same_weekday|mean_7d|mean_30d", "What it is compared with",               \
             "比较基准，默认上一次"),                                                                        \
        WORD("bucket", "run|hour|day",                                                                       \
             "One figure for each; a day of `time` where a model has one, else a run",                       \
             "按运行、小时或天取值；有 time 列时默认按天"),                                                  \
        K("min_row_count", INT, "Skipped while the baseline has fewer rows", "基准行数不足则跳过"),          \
        K("strong", BOOL, "Red holds the data back", "红色阈值阻断数据")
static const CatalogKey relationship_keys[] = {
    K("column", COLUMN, "Column of this table", "本表的列"),
    REF_REQ("to", REF, TABLES, NONE, "Table that must hold the value", "被引用的表"),
    K("field", TEXT, "Column there; the same name when not given", "被引用表的列，默认同名"), END};
static const CatalogKey row_count_keys[] = {
    K("min", INT, "At least", "最少行数"),
    K("max", INT, "At most", "最多行数"),
    K("change", TEXT, "Largest change against `over`", "相对变化上限"),
    K("over", DURATION, "Time to compare with", "比较时长"),
    CHANGE_KEYS,
    END};
static const CatalogKey accepted_values_keys[] = {
    REQ("values", ANY, "Values that may stand there", "允许的取值"),
    WORD("vanished", "ignore|warn|error", "What it means when a value is in no row any more",
         "取值消失时的处理"),
    END};
static const CatalogKey range_keys[] = {K("min", ANY, "At least", "最小值"),
                                        K("max", ANY, "At most", "最大值"),
                                        K("exclusive", BOOL, "The bounds are outside", "不含端点"), END};
static const CatalogKey regex_keys[] = {REQ("pattern", TEXT, "Regular expression (RE2)", "正则表达式（RE2）"),
                                        K("not", BOOL, "It may not match", "不得匹配"), END};
static const CatalogKey length_keys[] = {K("min", INT, "At least, in characters", "最少字符数"),
                                         K("max", INT, "At most, in characters", "最多字符数"), END};
static const CatalogKey freshness_check_keys[] = {
    K("column", COLUMN, "Time column; that of the model when not given", "时间列，默认模型的 time"),
    K("warn", DURATION, "Warns when the newest row is older", "最新一行超过则警告"),
    K("error", DURATION, "Fails when the newest row is older", "最新一行超过则失败"), END};
static const CatalogKey schema_keys[] = {WORD("extra", "allow|fail",
                                              "Columns that are not declared; allow when not given",
                                              "未声明的列，默认允许"),
                                         K("order", BOOL, "The order counts too", "顺序也须一致"), END};
static const CatalogKey rate_keys[] = {K("column", COLUMN, "Column", "列"),
                                       K("columns", COLUMNS, "Columns", "列"),
                                       K("max", ANY, "Largest share: 0.01 or 1%", "最大比例：0.01 或 1%"),
                                       K("warn", ANY, "Warns above this share", "超过则警告"),
                                       K("error", ANY, "Fails above this share", "超过则失败"),
                                       CHANGE_KEYS,
                                       END};
static const CatalogKey distribution_keys[] = {
    K("column", COLUMN, "Column", "列"),
    WORD_REQ("of", "mean|sd|min|max|sum|quantile|distinct_count|psi|chi2", "Which figure", "统计量"),
    K("quantile", REAL, "Which quantile, 0 to 1", "分位点"),
    K("min", REAL, "At least", "最小值"),
    K("max", REAL, "At most", "最大值"),
    K("bins", INT, "Bins of psi and chi2; 10 when not given", "分箱数，默认 10"),
    K("warn", REAL, "psi: warns above this; chi2: below this p", "psi 高于、chi2 的 p 值低于则警告"),
    K("error", REAL, "psi: fails above this; chi2: below this p", "psi 高于、chi2 的 p 值低于则失败"),
    CHANGE_KEYS,
    END};
static const CatalogKey equal_keys[] = {
    REF_REQ("to", REF, TABLES, NONE, "Table to compare with", "对比的表"),
    WORD("of", "row_count|sum|mean|min|max|distinct_count|rows",
         "What must be equal; row_count when not given", "对比内容，默认行数"),
    K("column", COLUMN, "Column of the figure", "列"),
    K("field", TEXT, "Column there; the same name when not given", "对方的列，默认同名"),
    K("columns", COLUMNS, "Columns of `of: rows`; all when not given", "of: rows 时比较的列，默认全部"),
    K("tolerance", ANY, "Difference that is allowed: 0.1% or an amount", "允许的差异：0.1% 或数值"),
    END};
static const CatalogKey anomaly_keys[] = {
    K("column", COLUMN, "Column of the figure", "列"),
    WORD("of",
         "row_count|freshness|null_rate|null_count|duplicate_rate|distinct_count|mean|sd|sum|min|max|min_"
         "length|max_length|"
         "mean_length|zero_rate|empty_rate|true_rate",
         "Which figure; row_count when not given", "统计量，默认行数"),
    K("sensitivity", REAL, "Standard deviations that are too far; 3 when not given",
      "敏感度（标准差倍数），默认 3"),
    K("warn", REAL, "Warns beyond so many standard deviations", "超过该倍数则警告"),
    K("error", REAL, "Fails beyond so many standard deviations", "超过该倍数则失败"),
    WORD("direction", "spike|drop|both", "Which way counts; both when not given", "方向，默认 both"),
    WORD("season", "none|day_of_week|hour_of_day", "Compared with the same day of the week or hour only",
         "仅与同一星期几或同一小时比较"),
    K("days", INT, "How far back; 30 when not given, 90 by day of the week",
      "回看天数，默认 30，按星期几则 90"),
    K("min_points", INT, "Skipped while there are fewer figures; 7 when not given",
      "历史点数不足则跳过，默认 7"),
    K("flat_history_fails", BOOL, "A figure that never moved may not move at all",
      "历史无波动时任何变化即失败"),
    WORD("bucket", "run|hour|day", "One figure for each; a day of `time` where a model has one, else a run",
         "按运行、小时或天取值；有 time 列时默认按天"),
    K("strong", BOOL, "Holds the data back", "阻断数据"),
    END};
const CatalogKey catalog_check_keys[] = {
    K("not_null", ANY, "No NULL", "不允许空值"),
    K("unique", ANY, "No value twice; on a model: columns", "不重复；用于模型时为列名"),
    SUB("accepted_values", ANY, accepted_values_keys, "Only these values: a list or {values, vanished}",
        "取值范围：列表或 {values, vanished}"),
    SUB("relationship", MAP, relationship_keys, "Every value is in another table", "外键关系"),
    K("between", ANY, "[low, high], both included", "[下限, 上限]，含两端"),
    SUB("range", MAP, range_keys, "{min, max}", "{min, max}"),
    SUB("regex", ANY, regex_keys, "Text that a pattern matches", "匹配正则表达式"),
    WORD("format", "email|url|uuid|ipv4|ipv6|date|datetime|time|integer|decimal|phone_cn|json",
         "Text of a known form", "符合常用格式"),
    SUB("length", ANY, length_keys, "Characters: n, [min, max] or {min, max}",
        "字符数：n、[min, max] 或 {min, max}"),
    SUB("row_count", MAP, row_count_keys, "Number of rows", "行数范围"),
    SUB("freshness", ANY, freshness_check_keys, "Age of the newest row: a duration or {warn, error}",
        "最新一行的时效：时长或 {warn, error}"),
    SUB("schema", ANY, schema_keys, "Columns are as declared: true or {extra, order}",
        "列与声明一致：true 或 {extra, order}"),
    SUB("null_rate", ANY, rate_keys, "Share of NULL: 1% or {max, warn, error, orange, red}", "空值比例"),
    SUB("duplicate_rate", ANY, rate_keys, "Share of rows whose value was there before", "重复比例"),
    SUB("distribution", MAP, distribution_keys, "A figure of a column, or its shape", "列的分布"),
    SUB("equal", MAP, equal_keys, "The same as in another table", "与另一张表一致"),
    SUB("anomaly", ANY, anomaly_keys, "A figure that is far from its history: true or {of, ...}",
        "统计量偏离历史：true 或 {of, ...}"),
    K("sql", TEXT, "SELECT of the rows that are wrong; `this` is the new table",
      "查询出错误行的 SELECT，this 为新表"),
    K("expr", TEXT, "Of a feature: what must hold of the row", "用于特征：该行须满足的条件"),
    K("columns", COLUMNS, "Columns of a check on the model", "模型级检查的列"),
    K("column", COLUMN, "Column of a check on the model", "模型级检查的列"),
    K("where", SQL, "Only rows for which this holds", "只检查满足条件的行"),
    K("name", TEXT, "Name shown when it fails", "检查名称"),
    K("owner", TEXT, "Who answers for it; that of the table when not given", "负责人，默认表的负责人"),
    WORD("severity", "error|warn", "error holds the data back; warn only tells",
         "error 会阻断数据，warn 只提示"),
    K("warn", ANY, "Warns above so many wrong rows: 10 or 1%", "错误行超过则警告：10 或 1%"),
    K("error", ANY, "Fails above so many wrong rows: 10 or 1%", "错误行超过则失败：10 或 1%"),
    K("blocking", BOOL, "Failing holds the data back", "失败时阻断数据"),
    K("reject", BOOL, "Wrong rows go to the rejects instead", "错误行转入拒收表"),
    K("keep", INT, "Wrong rows kept to be looked at; 100 when not given", "保留的错误行数，默认 100"),
    END};

/* What the standard asks of tables (sections II and III). */
#define STANDARD_TYPES                                                                                       \
    "event_flow|event_mirror|dim|merge_full|etl_temp|tt_temp|ordinary_full|ods_flow_full|ods_log|"           \
    "ods_mirror_full|ods_delta|ods_temp|ods_raw"
#define STANDARD_CONTENT_KEYS                                                                                \
    WORD("type", STANDARD_TYPES, "Type of its data, which with the grade decides how long it is kept",       \
         "数据类型，与等级一起决定保留期"),                                                                  \
        WORD("fact_type", "transaction|periodic_snapshot|accumulating_snapshot",                             \
             "Which fact a detail table is", "明细表的事实类型"),                                            \
        K("milestones", ANY, "accumulating_snapshot: its steps, names or {name, time}",                      \
          "accumulating_snapshot：里程碑，名称或 {name, time}"),                                             \
        K("period", TEXT, "Statistic period: day, week, 1d, 7d, td", "统计周期：day、week、1d、7d、td"),     \
        K("dimensions", ANY, "Of an aggregate: names or {name, level}", "汇总维度：名称或 {name, level}"),   \
        K("measures", TEXTS, "Of an aggregate: its facts", "汇总的度量"),                                    \
        K("detail", TEXT, "Of an aggregate: the detail that it must agree with", "汇总应与之一致的明细表"),  \
        K("full_table", TEXT, "Of a delta: the full table with the same rows", "增量表对应的全量表"),        \
        K("reproducible", BOOL, "The data can be made again", "数据可重新生成"),                             \
        K("policy", TEXT, "Law or contract by which a log is kept", "日志保留所依据的法规或合同"),           \
        K("late_days", INT, "Days that a row of an increment may be late", "增量允许迟到的天数"),            \
        K("gaps_are_deletes", BOOL, "Of a zipper: a gap between versions is a time of deletion",             \
          "拉链：版本之间的空档表示被删除")
/* ... and of columns. */
#define STANDARD_COLUMN_KEYS                                                                                 \
    WORD("role", "id|code|dim|measure|money|count|ratio|status|text|time|bool|lag",                          \
         "What it is for; from its name and type when not given", "列的角色，默认由名称和类型推断"),         \
        K("metric", TEXT, "Registered metric that it holds", "所承载的已登记指标"),                          \
        K("redundant", BOOL, "Copied from a dimension so that readers need not join", "从维表冗余而来"),     \
        K("null_reason", TEXT, "Why NULL stays NULL", "保留空值的原因"),                                     \
        K("cumulative", BOOL, "A total that runs on", "累计值"),                                             \
        K("additivity", TEXT, "May it be added up: full, semi, none", "可加性：full、semi、none"),           \
        K("role_of", TEXT, "Shared dimension that the column is another name of", "所扮演的公共维度"),       \
        K("level", TEXT, "Level of the dimension's hierarchy", "维度层级"),                                  \
        K("about", TEXT, "Of a dimension table: what the column describes", "维表列所描述的对象"),           \
        K("grain", TEXT, "Grain of a fact", "事实的粒度"),                                                   \
        K("buckets", ANY, "Ranges [low, high) of a measure used as a dimension", "度量分段 [下限, 上限)")

static const CatalogKey dimension_of_column_keys[] = {
    K("name", NAME, "Name of the dimension", "维度名"),
    K("title", LABEL, "Title", "显示名"),
    K("description", LABEL, "What it is", "说明"),
    K("aliases", LABELS, "Other names", "别名"),
    K("values", ANY, "Values with their titles and aliases", "取值及其别名"),
    K("hierarchy", TEXTS, "Coarser columns, upwards", "上卷层级"),
    END};
static const CatalogKey column_keys[] = {
    REQ("name", NAME, "Name", "列名"),
    K("type", TYPE, "Type, of Doris, MySQL or the engine", "类型（Doris、MySQL 或引擎的写法）"),
    K("title", LABEL, "Title", "显示名"),
    K("description", LABEL, "What it is", "说明"),
    K("comment", TEXT, "Comment in SHOW CREATE TABLE", "建表语句中的注释"),
    K("aliases", LABELS, "Other names", "别名"),
    K("tags", TEXTS, "Tags, such as pii", "标签，如 pii"),
    K("key", BOOL, "Part of the key", "是否为键列"),
    K("not_null", BOOL, "NULL is refused", "不允许空值"),
    WORD("agg", "sum|min|max|replace|replace_if_not_null", "How an aggregate table merges it",
         "聚合模型的合并方式"),
    K("default", ANY, "Value when a load has none", "默认值"),
    REF("entity", REF, BIT(ENTITY), NONE, "Entity that the column identifies", "该列所标识的实体"),
    SUB("dimension", ANY, dimension_of_column_keys, "Can be grouped by: true or {title, aliases, values}",
        "可作为维度：true 或 {title, aliases, values}"),
    REF("root", REF, BIT(ROOT), NONE, "Word root of the standard", "词根"),
    K("unit", TEXT, "Unit", "单位"),
    K("format", TEXT, "How it is shown", "显示格式"),
    K("security", TEXT, "Level of the standard", "安全等级"),
    K("checks", CHECKS, "Checks on the column", "列上的检查"),
    STANDARD_COLUMN_KEYS,
    END};

/* ---- kinds ----------------------------------------------------------------------------------------- */

static const CatalogKey process_keys[] = {
    REQ("name", TEXT, "Name: one business event, such as pay", "名称：一个业务事件，如 pay"),
    K("title", LABEL, "Title", "显示名"), K("description", LABEL, "What it is", "说明"),
    K("business_line", TEXT, "Business line that it belongs to", "所属业务线"), END};
static const CatalogKey domain_keys[] = {
    REF("parent", REF, BIT(DOMAIN), NONE, "Domain above it", "上级域"),
    K("members", SUBJECTS, "Users and groups that work in it", "成员"),
    SUB("processes", MAPS, process_keys, "Business processes of the domain", "域内的业务过程"), END};

static const CatalogKey freshness_keys[] = {K("warn", DURATION, "Tell when older", "超过则提示"),
                                            K("error", DURATION, "Fail when older", "超过则报错"), END};
static const CatalogKey source_table_keys[] = {
    K("name", TEXT, "Name at the source", "源端名称"),
    K("path", TEXT, "File or pattern, relative to the project", "文件或通配符，相对项目目录"),
    K("url", TEXT, "Address", "地址"),
    K("table", TEXT, "Table at the source", "源表"),
    K("database", TEXT, "Database at the source", "源库"),
    K("topic", TEXT, "Topic at the source", "源主题"),
    K("query", TEXT, "Query at the source", "源端查询"),
    WORD("format", "csv|tsv|csv_with_names|csv_with_names_and_types|json|ndjson|jsonl|parquet|avro|protobuf",
         "Format of the data", "数据格式"),
    WORD("compression", "none|gz|gzip|bz2|lz4|zst|zstd|deflate", "Compression; from the name when not given",
         "压缩方式，默认由文件名判断"),
    K("options", ANY, "Headers of Stream Load for this data", "Stream Load 参数"),
    WORD("mode", "snapshot|incremental|cdc|append", "How the source changes", "同步方式"),
    K("key", TEXTS, "Key columns", "主键列"),
    K("cursor", TEXT, "Column that grows", "增量列"),
    K("columns", TEXTS, "Columns to take, in order", "要取的列，按顺序"),
    K("where", TEXT, "Rows to take", "行过滤"),
    K("schedule", SCHEDULE, "When it is refreshed", "刷新时间"),
    SUB("freshness", MAP, freshness_keys, "How old it may be", "时效要求"),
    REF("to", REF, BIT(TABLE), OUT, "Table that it is loaded into; made at the first load when not declared",
        "写入的表；未声明则在首次导入时推断"),
    END};
static const CatalogKey source_keys[] = {
    WORD_REQ("connector", "file|http|mysql|kafka|postgres|s3", "How it is reached", "连接器"),
    K("connection", ANY, "Where it is; secrets as ${ENV}", "连接参数；密钥写作 ${ENV}"),
    SUB("tables", MAPS, source_table_keys, "What is taken, and where it goes", "要取的数据及其去向"),
    K("schedule", SCHEDULE, "When it is refreshed", "刷新时间"), END};

static const CatalogKey stream_field_keys[] = {REQ("name", TEXT, "Name", "字段名"),
                                               REQ("type", TEXT, "Type", "类型"),
                                               K("required", BOOL, "Always there", "必填"),
                                               K("title", LABEL, "Title", "显示名"),
                                               K("description", LABEL, "What it is", "说明"),
                                               K("default", ANY, "Default", "默认值"),
                                               K("tags", TEXTS, "Tags", "标签"),
                                               END};
static const CatalogKey stream_keys[] = {
    K("key", TEXTS, "Field that decides the partition", "分区键字段"),
    K("time", TEXT, "Field with the event time", "事件时间字段"),
    K("watermark", DURATION, "How late an event may come", "允许的迟到时长"),
    K("partitions", INT, "Number of partitions", "分区数"),
    K("retention", DURATION, "How long events are kept", "保留时长"),
    WORD("format", "json|avro|protobuf", "Format of events", "事件格式"),
    SUB("schema", ANY, stream_field_keys, "Fields, or the path of a schema file", "字段列表，或模式文件路径"),
    WORD("compatibility", "none|backward|forward|full|backward_transitive|forward_transitive|full_transitive",
         "What a new schema must keep to", "模式兼容性"),
    REF("to", REF, BIT(TABLE), OUT, "Table that events land in", "落地表"),
    END};

static const CatalogKey rollup_keys[] = {K("name", NAME, "Name", "名称"),
                                         K("columns", COLUMNS, "Columns", "列"),
                                         K("keys", COLUMNS, "Key columns", "键列"),
                                         K("measures", ANY, "Aggregates", "聚合"),
                                         K("grain", PERIOD, "Time grain", "时间粒度"),
                                         END};
static const CatalogKey hold_keys[] = {
    K("until", DAY, "Last day; nothing ever goes when not given", "截止日期，未写则永不删除"),
    K("reason", TEXT, "Which law or contract", "法规或合同"), END};
static const CatalogKey lifecycle_keys[] = {
    K("keep", KEEP, "How long data is kept: 90d, 12w, 18m, 3y or forever",
      "保留时长：90d、12w、18m、3y 或 forever"),
    K("partitions", INT, "Partitions kept", "保留分区数"),
    K("cold", DURATION, "Moved to cold storage after", "转冷时长"),
    K("reason", TEXT, "Why it differs from the matrix of the standard", "与标准矩阵不同的原因"),
    K("archive", BOOL, "Archived before it goes", "删除前先归档"),
    K("zipper", BOOL, "Its history is kept as a zipper", "历史以拉链保留"),
    K("drop_after_use", BOOL, "Dropped after its job", "作业后删除"),
    K("keep_dates", KEEP_DATES, "Days that stay", "长留的日期"),
    K("keep_months", KEEP_MONTHS, "Months that stay", "长留的月份"),
    SUB("hold", ANY, hold_keys, "Law or contract: nothing goes before {until, reason}, or a list of them",
        "法规或合同保留令：{until, reason} 或其列表，之前不删除"),
    K("reads", DURATION, "Of a model: how far before its rows its SELECT reads",
      "模型的 SELECT 向前读取多久"),
    END};
/* What the standard asks of tables (sections I and IV). */
#define STANDARD_NAMING_KEYS                                                                                 \
    K("dept", TEXT, "Department that makes it, as in its name", "生产部门（与表名一致）"),                   \
        K("subject", TEXT, "Subject of the standard: an entity and what it does, such as user_trade",        \
          "主题：实体 + 活动，如 user_trade"),                                                               \
        K("process", TEXT, "Business process of a detail table", "明细表对应的业务过程"),                    \
        WORD("stability", "stable|exploratory", "Whether others may build on it", "稳定或探索性"),           \
        K("low_use", BOOL, "Seldom used: DWS may read DWD straight", "使用很少：DWS 可直接读取 DWD"),        \
        K("consumer", TEXTS, "Who uses an application table", "应用表的使用方"),                             \
        K("store", TEXT, "Where an application table is copied to", "应用表同步到的存储"),                   \
        WORD("cardinality", "high|low", "Of a dimension: many members, or few", "维度基数：高或低")

static const CatalogKey partition_keys[] = {
    {.name = "by", .type = CATALOG_KEY_COLUMNS, .required = true, .doc_en = "Column", .doc_zh = "列"},
    K("unit", PERIOD, "Length of a partition; day when not given", "分区长度，默认 day"),
    END};
static const CatalogKey table_keys[] = {
    WORD("layer", CATALOG_LAYERS, "Layer; from the name's prefix when not given", "分层，默认取名称前缀"),
    WORD("kind", "incremental|full|snapshot|zipper|manual",
         "Kind of the standard; manual: edited by hand, no source and no schedule fills it",
         "表类型；manual 为手工维护，不由数据源或调度写入"),
    WORD("model", "duplicate|unique|aggregate", "What happens to rows of one key", "数据模型"),
    K("key", COLUMNS, "Key columns", "键列"),
    SUB_REQ("columns", MAPS, column_keys, "Columns", "列"),
    K("sequence", COLUMN, "Column that decides which row of a key is newest", "决定最新行的列"),
    K("time", COLUMN, "Column with the event time", "时间列"),
    SUB_OR("partition", COLUMNS, partition_keys, "Column or {by, unit}", "分区：列或 {by, unit}"),
    K("distribution", ANY, "Kept for Doris", "分桶（用于 Doris）"),
    SUB_OR("lifecycle", KEEP, lifecycle_keys, "How long data is kept", "生命周期"),
    SUB("rollups", MAPS, rollup_keys, "Smaller copies kept beside it", "上卷表"),
    K("properties", ANY, "Properties kept for Doris", "属性（用于 Doris）"),
    K("schedule", SCHEDULE, "When it is due", "更新时间"),
    STANDARD_NAMING_KEYS,
    K("checks", CHECKS, "Checks on the table", "表上的检查"),
    STANDARD_CONTENT_KEYS,
    END};

static const CatalogKey retries_keys[] = {
    K("times", INT, "How often it is tried again", "重试次数"),
    K("delay", DURATION, "Before the first try; 1m when not given", "首次重试前的等待，默认 1m"),
    K("factor", REAL, "How much longer each next delay is; 2 when not given", "等待的递增倍数，默认 2"),
    K("max", DURATION, "Longest delay; 1h when not given", "最长等待，默认 1h"), END};
/* Of kind scd2, beside `key`. */
static const CatalogKey duplicates_keys[] = {
    K("latest_by", COLUMN, "The row with the greatest value of this column is taken", "取该列值最大的一行"),
    END};
static const CatalogKey predicate_keys[] = {
    {.name = "column", .type = CATALOG_KEY_COLUMN, .required = true, .doc_en = "Column", .doc_zh = "列"},
    K("equal", ANY, "Is this value", "等于"),
    K("not_equal", ANY, "Is another value", "不等于"),
    K("less", ANY, "Less than", "小于"),
    K("less_equal", ANY, "At most", "小于等于"),
    K("greater", ANY, "More than", "大于"),
    K("greater_equal", ANY, "At least", "大于等于"),
    K("in", ANY, "One of these values", "在列表中"),
    K("not_in", ANY, "None of these values", "不在列表中"),
    END};
static const CatalogKey rejects_keys[] = {
    K("when", SQL, "Rows for which this holds are rejected", "满足条件的行被拒收"),
    K("reason", TEXT, "Reason that is written down", "记录的原因"),
    K("max", ANY, "More than this holds the data back: 1% or a number of rows; 10% when not given",
      "超过则阻断数据：1% 或行数，默认 10%"),
    END};
static const CatalogKey model_keys[] = {
    WORD("layer", CATALOG_LAYERS, "Layer; from the name's prefix when not given", "分层，默认取名称前缀"),
    WORD("kind", "view|full|incremental|snapshot|scd2|mid|temp", "How it is built; view when not given",
         "构建方式，默认 view"),
    WORD("strategy", "append|merge|delete+insert|insert_overwrite|time_range|microbatch|timestamp|check",
         "How new rows join the old: of incremental models the first six, of scd2 the last two. Not given: "
         "microbatch with `event_time`, time_range with `time`, merge with `key`",
         "新行与旧行的合并方式：前六个用于 incremental，后两个用于 scd2。未写时：有 `event_time` 为 "
         "microbatch，有 "
         "`time` 为 time_range，有 `key` 为 merge"),
    K("time", COLUMN, "Time column of an incremental model", "增量模型的时间列"),
    K("key", COLUMNS, "Columns that identify a row", "唯一标识一行的列"),
    K("update_columns", COLUMNS, "merge: only these columns of a row that is there change",
      "merge：已有的行只更新这些列"),
    K("exclude_columns", COLUMNS, "merge: these columns of a row that is there stay",
      "merge：已有的行不更新这些列"),
    SUB("predicate", SQL, predicate_keys,
        "merge, delete+insert: only rows of the table for which this holds are matched; SQL, or {column, "
        "equal|not_equal|less|less_equal|greater|greater_equal: value, in|not_in: [values]}, or a list of "
        "them "
        "that all hold",
        "merge、delete+insert：只与满足条件的已有行匹配；SQL，或 {column, "
        "equal|not_equal|less|less_equal|greater|greater_equal: 值, in|not_in: "
        "[值]}，或由它们组成、须同时成立的列表"),
    K("null_safe_key", BOOL,
      "NULL in a key: true = equal to NULL, false = equal to nothing; not given = an error",
      "键中的空值：true 为与空值相等，false 为与任何值不等；未写则报错"),
    SUB("dup_in_batch", ANY, duplicates_keys,
        "Rows of one run with the same key: error, {latest_by: column}, or, of scd2, chain (each row is a "
        "version); error when not given",
        "同一批中键相同的行：error，{latest_by: 列}，scd2 还可写 chain（各成一个版本）；默认 error"),
    K("event_time", COLUMN, "microbatch: column that decides the batch of a row",
      "microbatch：决定行属于哪一批的列"),
    WORD("batch_size", "hour|day|month|year",
         "microbatch: length of a batch, in local time; day when not given",
         "microbatch：每批的时长（本地时间），默认 day"),
    K("begin", TIME, "microbatch: start of the first batch", "microbatch：第一批的起点"),
    WORD("outside", "error|count",
         "Rows outside the interval of a run: error, or left out and counted; error when not given",
         "落在本次区间之外的行：报错，或不写入并计数；默认 error"),
    WORD("on_schema_change", "ignore|append_new_columns|sync_all_columns|fail|append|sync",
         "What a run does when its columns are not the table's; `append` and `sync` are short for the long "
         "words. append_new_columns when not given",
         "列与表不一致时的处理；`append`、`sync` 是长写法的简写。默认 append_new_columns"),
    K("updated_at", COLUMN, "scd2: column with the time of a version", "scd2：版本时间列"),
    K("check_cols", ANY, "scd2: columns that make a version, or \"*\"", "scd2：参与比较的列，或 \"*\""),
    WORD("hard_deletes", "ignore|invalidate|new_record",
         "scd2: what becomes of a key that the source no longer has",
         "scd2：源中消失的键如何处理：忽略、关链、另记一行"),
    K("open_end", ANY, "scd2: valid_to of an open version; NULL when not given",
      "scd2：当前版本的 valid_to，默认 NULL"),
    WORD("first_valid_from", "updated_at|run_time|epoch",
         "scd2: where the first version of a key begins; with the strategy check, epoch holds for the first "
         "load only",
         "scd2：一个键的首个版本从何时开始；策略为 check 时，epoch 仅用于首次装载"),
    WORD("late_versions", "ignore|splice",
         "scd2: a version older than the open one is counted, or put between its neighbours",
         "scd2：迟到的版本：只计数，或插入相邻版本之间"),
    WORD("input", "full|delta", "scd2: the SELECT gives all keys, or only those that changed",
         "scd2：SELECT 给出全量，或仅增量"),
    WORD("interval", "half_open|closed_day",
         "scd2: [valid_from, valid_to) in time, or days with both ends included",
         "scd2：左闭右开的时间区间，或两端都含的日期区间"),
    K("valid_from", NAME, "scd2: name of that column", "scd2：生效起始列的列名"),
    K("valid_to", NAME, "scd2: name of that column", "scd2：生效截止列的列名"),
    K("is_deleted", NAME, "scd2: name of that column, with hard_deletes: new_record",
      "scd2：删除标记列的列名（hard_deletes: new_record）"),
    K("lookback", SPAN, "How far back a run reads again: a duration, or a number of intervals",
      "回看：时长，或区间个数"),
    K("unknown_member", BOOL, "full: a dimension gets the row of unknown members, its key -1",
      "full：维度表加一行键为 -1 的未知成员"),
    K("grain", PERIOD, "Time grain of an interval", "时间粒度"),
    K("start", TIME, "First day of history", "历史起始日"),
    K("schedule", SCHEDULE, "When it runs", "调度"),
    SUB("retries", MAP, retries_keys, "Tries after a failure", "失败后的重试"),
    K("priority", INT, "Higher starts first", "优先级，数值大者先运行"),
    K("pool", TEXT, "Pool of weir.yml whose slots it takes", "占用 weir.yml 中哪个资源池的名额"),
    SUB("columns", MAPS, column_keys, "What is to be said of columns", "列的说明"),
    STANDARD_NAMING_KEYS,
    K("checks", CHECKS, "Checks on the model", "模型上的检查"),
    SUB("rejects", MAP, rejects_keys, "Wrong rows that are put aside", "拒收错误行"),
    WORD("on_hold", "wait|proceed", "When what it reads is held back; wait when not given",
         "上游被阻断时的处理，默认等待"),
    SUB_OR("partition", COLUMNS, partition_keys, "Column or {by, unit}", "分区：列或 {by, unit}"),
    SUB_OR("lifecycle", KEEP, lifecycle_keys, "How long data is kept", "生命周期"),
    SUB("rollups", MAPS, rollup_keys, "Smaller copies kept beside it", "上卷表"),
    STANDARD_CONTENT_KEYS,
    END};

static const CatalogKey entity_keys[] = {
    REQ("key", TEXTS, "Column or columns that identify it", "标识列，可为多列"),
    K("type", TEXTS,
      "Type of the key, or a list with one for each column: int32, int64, string, bytes, bool, timestamp, "
      "uuid; it never changes once applied",
      "键类型，多列时逐列给出：int32、int64、string、bytes、bool、timestamp、uuid；应用后不可更改"),
    REF("table", REF, TABLES, IN, "Table with one row each", "每个实体一行的表"), END};

static const CatalogKey dimension_keys[] = {
    K("expr", SQL, "Expression", "表达式"),
    REF("table", REF, TABLES, IN, "Table of the expression", "表达式所在的表"),
    REF("entity", REF, BIT(ENTITY), IN, "Entity that it describes", "所描述的实体"),
    K("type", TYPE, "Type", "类型"),
    K("hierarchy", TEXTS, "Coarser dimensions, upwards", "上卷层级"),
    K("values", ANY, "Values with titles and aliases", "取值及其别名"),
    END};

static const CatalogKey metric_keys[] = {
    WORD_REQ("type", "atomic|derived|composite", "Kind of the standard", "指标类型"),
    REF("table", REF, TABLES, IN, "Table of an atomic metric", "原子指标的表"),
    WORD("agg",
         "count|count_distinct|sum|avg|min|max|median|percentile|stddev|variance|first|last|approx_count_"
         "distinct",
         "Aggregate", "聚合方式"),
    K("expr", SQL, "Column or expression; of metrics when composite", "列或表达式；复合指标则由指标组成"),
    REF("of", REF, BIT(METRIC), IN, "Metric that a derived one starts from", "派生指标的来源"),
    K("where", SQL, "Filter", "过滤条件"),
    K("window", WINDOW, "Rolling window: 7d, 12m, month", "滚动窗口"),
    K("offset", WINDOW, "Comparison with an earlier time", "与较早时间比较"),
    K("by", TEXTS, "Dimensions that it may be grouped by", "可用维度"),
    K("time", TEXT, "Time column", "时间列"),
    WORD("additive", "true|false|semi|yes|no|full|none", "Over which dimensions it may be added up",
         "可加性"),
    K("unit", TEXT, "Unit", "单位"),
    K("format", TEXT, "How it is shown", "显示格式"),
    REF("root", REF, BIT(ROOT), NONE, "Word root of the standard", "词根"),
    K("percentile", REAL, "Which percentile", "百分位"),
    K("fill", ANY, "Value where there are no rows", "空缺填充值"),
    K("product_line", TEXT, "Product line of an atomic metric", "原子指标的产品线"),
    K("segment", TEXT, "Business segment of an atomic metric", "原子指标的业务板块"),
    K("process", TEXT, "Business process of an atomic metric", "原子指标的业务过程"),
    K("data_type", TEXT, "Type of its values; a derived metric has that of its base",
      "数值类型，派生指标与基础指标一致"),
    END};

#define FEATURE_TYPES                                                                                        \
    "int32|int64|float|double|string|bytes|bool|timestamp|array(int32)|array(int64)|array(float)|"           \
    "array(double)|array(string)|array(bytes)|array(bool)|array(timestamp)"
static const CatalogKey feature_keys[] = {
    REQ("name", NAME, "Name", "特征名"),
    WORD("type", FEATURE_TYPES, "Type; that of the source's column or expression when not given",
         "类型，默认取来源列或表达式的类型"),
    K("expr", SQL, "Expression; the column of that name when not given", "表达式，默认同名列"),
    K("window", DURATION, "Window of an aggregate, back from the time that is asked for",
      "聚合窗口，从请求时间往前"),
    K("default", ANY, "Value when there is none", "默认值"),
    K("checks", CHECKS,
      "Checks of each value on its way to the online store, and of what is pushed; training reads the table "
      "without them",
      "写入在线存储和推送时对每个值的检查；训练数据直接读表，不受其约束"),
    K("title", LABEL, "Title", "显示名"),
    K("description", LABEL, "What it is", "说明"),
    K("aliases", LABELS, "Other names that people use", "别名"),
    K("tags", TEXTS, "Tags", "标签"),
    END};
static const CatalogKey entity_use_keys[] = {REF_REQ("entity", REF, BIT(ENTITY), IN, "Entity", "实体"),
                                             K("key", ANY,
                                               "Column of the source that carries its key, or {key: column}",
                                               "来源中承载该键的列，或 {键: 列}"),
                                             END};
static const CatalogKey request_keys[] = {
    REQ("name", NAME, "Name", "字段名"), WORD_REQ("type", FEATURE_TYPES, "Type", "类型"),
    K("title", LABEL, "Title", "显示名"), K("description", LABEL, "What it is", "说明"), END};
static const CatalogKey feature_view_keys[] = {
    {.name = "entities",
     .type = CATALOG_KEY_REFS,
     .refs = BIT(ENTITY),
     .flow = CATALOG_FLOW_IN,
     .shape = entity_use_keys,
     .doc_en =
         "Entities whose keys the rows carry: names, or {entity, key} where the column has another name",
     .doc_zh = "行所属的实体：名称，或列名不同时写 {entity, key}"},
    REF("source", REF, TABLES | BIT(STREAM), IN, "Table, model or stream (read where it lands)",
        "来源表、模型或流（读取其落地表）"),
    K("sql", TEXT, "SELECT of the rows, in place of a source", "以 SELECT 代替来源"),
    K("push", BOOL, "Rows come by push only; Weir keeps their table", "仅由推送写入，表由 Weir 维护"),
    SUB("request", MAPS, request_keys, "On demand: fields that come with the call",
        "按需计算：随请求传入的字段"),
    REF("inputs", FEATURES, BIT(FEATURE_VIEW), IN, "On demand: features that expressions may name",
        "按需计算：表达式可引用的特征"),
    K("time", TEXT, "Event time column", "事件时间列"),
    K("created", TEXT, "Column that breaks ties of event time", "同一事件时间的裁决列"),
    K("ttl", DURATION, "Older values do not count; none when not given", "超过则不再有效，默认不限"),
    WORD("bound", "inclusive|exclusive",
         "Whether a row at the very time that is asked for counts; inclusive when not given",
         "恰在请求时间的行是否有效，默认 inclusive"),
    K("online", BOOL, "Kept in the online store; yes when not given", "是否进入在线存储，默认是"),
    K("where", SQL, "Rows to take", "行过滤"),
    K("schedule", SCHEDULE, "When it is materialised", "物化时间"),
    SUB_REQ("features", MAPS, feature_keys, "Features", "特征"),
    END};

static const CatalogKey service_use_keys[] = {
    REF_REQ("view", FEATURES, BIT(FEATURE_VIEW), IN, "\"view\" or \"view@v2\"", "\"view\" 或 \"view@v2\""),
    K("as", NAME, "Alias: the view once more, under another name", "别名，同一视图可多次使用"),
    K("keys", ANY, "{key of the entity: column of the rows that ask}", "{实体键: 请求行中的列}"),
    K("features", TEXTS, "Its features; all when not given", "特征，默认全部"), END};
static const CatalogKey feature_service_keys[] = {
    {.name = "features",
     .type = CATALOG_KEY_FEATURES,
     .required = true,
     .refs = BIT(FEATURE_VIEW),
     .flow = CATALOG_FLOW_IN,
     .shape = service_use_keys,
     .doc_en = "\"view\", \"view:feature\", \"view@v2:feature\" or {view, as, keys, features}",
     .doc_zh = "\"view\"、\"view:feature\"、\"view@v2:feature\" 或 {view, as, keys, features}"},
    END};

static const CatalogKey contract_keys[] = {
    K("version", TEXT, "Version of the promise", "契约版本"),
    K("breaking", TEXT, "What comes before a breaking change", "破坏性变更前的约定"),
    K("freshness", DURATION, "How old the data is at most", "数据最大时延"),
    K("availability", TEXT, "Share of time that it can be read", "可用性"),
    K("retention", KEEP, "How long data is kept", "保留时长"),
    K("support", TEXT, "Where to ask", "支持渠道"),
    END};
static const CatalogKey product_keys[] = {
    REF("tables", REFS, TABLES, IN, "Tables offered", "提供的表"),
    REF("streams", REFS, BIT(STREAM), IN, "Streams offered", "提供的流"),
    REF("metrics", REFS, BIT(METRIC), IN, "Metrics offered", "提供的指标"),
    K("consumers", TEXTS, "Domains, teams and roles that use it", "使用方"),
    SUB("contract", MAP, contract_keys, "What is promised", "契约"),
    END};

static const CatalogKey feedback_keys[] = {
    REF("from", REF, TABLES | BIT(STREAM), IN, "Table or stream of interactions", "交互数据的表或流"),
    K("user", TEXT, "Column of the user", "用户列"),
    K("item", TEXT, "Column of the item", "物品列"),
    K("time", TEXT, "Time column", "时间列"),
    K("positive", SQL, "Liked", "正反馈条件"),
    K("negative", SQL, "Disliked", "负反馈条件"),
    K("weight", SQL, "Weight", "权重"),
    END};
static const CatalogKey recall_keys[] = {
    WORD_REQ("type", "item_to_item|user_to_user|factorization|embedding|content|popular|recent|table|model",
             "Where candidates come from", "召回方式"),
    K("name", TEXT, "Name", "名称"),
    K("limit", INT, "Candidates", "候选数"),
    K("window", DURATION, "Time that is looked at", "时间窗口"),
    K("weight", REAL, "Weight", "权重"),
    REF("table", REF, TABLES, IN, "Table of candidates", "候选表"),
    REF("model", REF, TABLES, IN, "Model of candidates", "候选模型"),
    K("options", ANY, "Options of the type", "该类型的选项"),
    END};
static const CatalogKey rank_keys[] = {
    WORD_REQ("type", "gbdt|linear|neural|score|model", "How they are scored", "排序方式"),
    REF("features", REFS, BIT(FEATURE_SERVICE) | BIT(FEATURE_VIEW), IN, "Features", "特征"),
    REF("model", REF, TABLES, IN, "Model that gives scores", "评分模型"),
    K("expr", SQL, "Score", "评分表达式"),
    K("retrain", SCHEDULE, "When it is trained", "训练时间"),
    K("options", ANY, "Options of the type", "该类型的选项"),
    END};
static const CatalogKey recommender_keys[] = {
    REF_REQ("for", REF, BIT(ENTITY), IN, "Entity that gets recommendations", "被推荐的实体"),
    REF_REQ("items", REF, BIT(ENTITY), IN, "Entity that is recommended", "推荐的物品实体"),
    SUB("feedback", MAP, feedback_keys, "What was liked", "反馈"),
    SUB("recall", MAPS, recall_keys, "Where candidates come from", "召回"),
    K("filter", TEXTS, "What may not be shown", "过滤"),
    SUB("rank", MAP, rank_keys, "How candidates are ordered", "排序"),
    K("diversify", ANY, "{by, max}", "多样性：{by, max}"),
    K("fallback", TEXT, "Recall used when nothing is known", "兜底召回"),
    K("serve", ANY, "{limit, timeout}", "{limit, timeout}"),
    K("experiment", ANY, "Variants", "实验"),
    END};

static const CatalogKey cell_keys[] = {WORD("chart",
                                            "number|line|area|bar|pie|scatter|heatmap|funnel|table|text",
                                            "How it is drawn; mails show number, line, bar and table",
                                            "图表类型；邮件支持 number、line、bar、table"),
                                       REF("metric", REF, BIT(METRIC), IN, "Metric", "指标"),
                                       REF("metrics", REFS, BIT(METRIC), IN, "Metrics", "指标"),
                                       K("by", TEXTS, "Dimensions", "维度"),
                                       K("where", TEXT, "Filter", "过滤"),
                                       K("time", TEXT, "Range", "时间范围"),
                                       K("compare", TEXT, "Comparison", "对比"),
                                       K("order", TEXTS, "Order", "排序"),
                                       K("limit", INT, "Rows", "行数"),
                                       K("title", LABEL, "Title", "标题"),
                                       K("text", LABEL, "Text", "文本"),
                                       K("query", SELECT, "SQL", "SQL"),
                                       K("format", TEXT, "How it is shown", "显示格式"),
                                       K("width", INT, "Width", "宽度"),
                                       END};
static const CatalogKey dashboard_keys[] = {K("filters", TEXTS, "Filters shown above", "顶部过滤器"),
                                            SUB_REQ("rows", ROWS, cell_keys, "Rows of charts", "图表行"),
                                            END};

static const CatalogKey report_keys[] = {
    REF("dashboard", REF, BIT(DASHBOARD), IN, "Dashboard that is sent", "发送的仪表盘"),
    REF("metrics", REFS, BIT(METRIC), IN, "Metrics that are sent", "发送的指标"),
    K("query", SELECT, "SQL", "SQL"),
    K("schedule", SCHEDULE, "When it is sent", "发送时间"),
    K("to", TEXTS, "Receivers", "接收方"),
    WORD("format", "html|csv|xlsx", "html: a table in the mail; csv, xlsx: attached too", "格式"),
    {.name = "attach",
     .type = CATALOG_KEY_WORDS,
     .words = "csv|xlsx",
     .doc_en = "Files attached: csv, xlsx",
     .doc_zh = "附件：csv、xlsx"},
    WORD("chart", "table|line|bar", "Picture of the query's rows", "图表"),
    END};

static const CatalogKey alert_keys[] = {
    WORD("on", "query|metric|run|check|freshness|deadline", "What is watched; query when not given",
         "监控对象，默认 query"),
    REF("metric", REF, BIT(METRIC), IN, "Metric that is watched", "监控的指标"),
    K("query", SELECT, "SQL that is watched", "监控的 SQL"),
    K("when", SQL, "Condition over the columns of the query or metric; each row of a query when not given",
      "条件，基于查询或指标的列；query 省略时每行都算"),
    K("of", WATCHED,
      "Models or tables watched: names, domain:x, layer:x, grade:x, owner:x; all when not given",
      "监控的模型或表：名称、domain:x、layer:x、grade:x、owner:x，默认全部"),
    WORD("severity", "info|warn|error", "Shown before the title; error when not given", "级别，默认 error"),
    K("hours", HOURS, "When it may be told, such as 08:00-22:00; else it waits", "通知时段，如 08:00-22:00"),
    K("repeat", DURATION, "Told again after this, until acknowledged", "未确认时的重复间隔"),
    K("by", TEXTS, "Columns that tell subjects apart", "区分主体的列"),
    K("every", DURATION, "How often", "频率"),
    K("for", DURATION, "How long it must hold", "持续时长"),
    K("to", TEXTS, "Receivers", "接收方"),
    END};

static const CatalogKey role_keys[] = {K("members", SUBJECTS, "Users and groups", "成员"),
                                       K("can", RIGHTS, "Rights: [{read: \"layer:dws\"}, ask]", "权限"), END};

static const CatalogKey policy_keys[] = {
    {.name = "on",
     .type = CATALOG_KEY_TARGET,
     .required = true,
     .refs = TABLES,
     .doc_en = "table, table.column, tag:x, layer:x or domain:x",
     .doc_zh = "表、表.列、tag:x、layer:x 或 domain:x"},
    K("rows", SQL, "Rows that may be seen", "可见的行"),
    K("mask", MASK, "How columns are hidden", "脱敏方式"),
    K("deny", DENIED, "What may not be seen", "禁止访问"),
    K("for", SUBJECTS, "Whom it binds; all when not given", "适用对象，默认所有人"),
    K("except", SUBJECTS, "Whom it does not bind", "例外"),
    END};

static const CatalogKey term_keys[] = {REQ("means", LABEL, "What people mean by it", "含义"), END};
static const CatalogKey query_keys[] = {REF_REQ("metrics", REFS, BIT(METRIC), NONE, "Metrics", "指标"),
                                        K("by", TEXTS, "Dimensions", "维度"),
                                        K("where", ANY, "Filter", "过滤"),
                                        K("time", ANY, "Range", "时间范围"),
                                        K("order", TEXTS, "Order", "排序"),
                                        K("limit", INT, "Rows", "行数"),
                                        K("having", ANY, "Filter on metrics", "指标过滤"),
                                        K("compare", ANY, "Comparison", "对比"),
                                        K("grain", TEXT, "Time grain", "时间粒度"),
                                        END};
static const CatalogKey example_keys[] = {REQ("ask", LABEL, "Question", "问题"),
                                          SUB_REQ("query", MAP, query_keys, "What it means", "对应的查询"),
                                          END};
static const CatalogKey plugin_keys[] = {
    WORD_REQ("type", "connector|function|check|tool|notifier", "What it adds", "类型"),
    REQ("run", ANY, "{http}, {exec} or {wasm}", "{http}、{exec} 或 {wasm}"),
    K("input", ANY, "Fields that it takes", "输入"),
    K("output", ANY, "Fields that it gives", "输出"),
    K("for", TEXTS, "Where it is used", "使用场合"),
    END};
static const CatalogKey root_keys[] = {
    K("code", TEXT, "Code used in names; the name when not given", "词根代码，默认取名称"),
    K("type", TEXT, "Type of columns that end in it", "列类型"),
    WORD("additivity", "full|semi|none|additive|semi_additive|non_additive", "May it be added up", "可加性"),
    K("category", TEXT, "Group of roots", "分类"),
    K("unit", TEXT, "Unit", "单位"),
    END};

/* ---- weir.yml ------------------------------------------------------------------------------------------ */

static const CatalogKey standard_layer_keys[] = {
    K("dwm", ANY, "on, or off when all of it sits in DWS", "on；或 off（全部放在 DWS）"),
    K("dim_reads_ods", BOOL, "DIM may read ODS; yes when not given", "DIM 是否可读 ODS，默认可以"), END};
static const CatalogKey waiver_keys[] = {
    REQ("rule", TEXT, "Rule: LR-06", "规则编号"),
    REQ("object", TEXT, "Object of the finding; * stands for anything", "对象，* 匹配任意"),
    REQ("owner", TEXT, "Who answers for it", "负责人"),
    REQ("reason", TEXT, "Why", "原因"),
    REQ("until", DAY, "Last day, 2027-01-31", "截止日期"),
    END};
static const CatalogKey standard_keys[] = {
    WORD("profile", "v4|aliyun|own", "Which profile of the rules; own has only what `rules` names",
         "规则配置；own 只启用 rules 中列出的规则"),
    SUB("layers", MAP, standard_layer_keys, "Switches of layers", "分层开关"),
    K("rules", ANY, "Levels: {LD-06: off, EX-*: warning}", "规则级别：{LD-06: off, EX-*: warning}"),
    K("limits", ANY, "Figures of rules: {depth: 10}", "规则中的数值：{depth: 10}"),
    K("departments", TEXTS, "Departments that names may bear", "表名可用的部门"),
    SUB("waivers", MAPS, waiver_keys, "Findings let off, until a day", "限期豁免"),
    END};
static const CatalogKey channel_keys[] = {
    WORD_REQ("type", "mail|webhook|feishu|dingtalk|slack", "How it is reached", "渠道类型"),
    K("to", TEXTS, "mail: addresses", "mail：收件地址"), K("url", TEXT, "Address of the hook", "钩子地址"),
    K("secret", TEXT, "Key that signs, as ${ENV}", "签名密钥，写作 ${ENV}"), END};
/* A service of an environment: a word, or its type with where it is. */
#define SERVICE_KEYS(types)                                                                                  \
    WORD_REQ("type", types, "Which one", "类型"), K("host", TEXT, "Host", "主机"),                           \
        K("port", INT, "Port", "端口"), K("url", TEXT, "Address", "地址"),                                   \
        K("brokers", TEXTS, "Brokers of Kafka", "Kafka 地址"),                                               \
        K("master", TEXT, "Master of Spark", "Spark master"), K("user", TEXT, "User", "用户"),               \
        K("password", TEXT, "Password, as ${ENV}", "密码，写作 ${ENV}"),                                     \
        K("token", TEXT, "Token, as ${ENV}", "令牌，写作 ${ENV}"),                                           \
        K("database", TEXT, "Database", "数据库"), K("options", ANY, "Options of the service", "服务选项")
#define ENGINES "duckdb|doris"
#define STREAMS "embedded|kafka"
#define ONLINES "embedded|redis"
#define BATCHES "duckdb|spark|flink"
static const CatalogKey engine_keys[] = {SERVICE_KEYS(ENGINES), END};
static const CatalogKey streams_keys[] = {SERVICE_KEYS(STREAMS), END};
static const CatalogKey online_keys[] = {SERVICE_KEYS(ONLINES), END};
static const CatalogKey batch_keys[] = {SERVICE_KEYS(BATCHES), END};
#define SERVICE(n, w, s, en, zh)                                                                             \
    {.name = (n),                                                                                            \
     .type = CATALOG_KEY_ANY,                                                                                \
     .words = (w),                                                                                           \
     .shape = (s),                                                                                           \
     .plain = CATALOG_KEY_WORD,                                                                              \
     .doc_en = (en),                                                                                         \
     .doc_zh = (zh)}
static const CatalogKey environment_keys[] = {
    SERVICE("engine", ENGINES, engine_keys, "Where SQL runs", "SQL 引擎"),
    SERVICE("streams", STREAMS, streams_keys, "Log of events", "事件流"),
    SERVICE("online", ONLINES, online_keys, "Online store", "在线存储"),
    SERVICE("batch", BATCHES, batch_keys, "Where large builds run", "批处理引擎"), END};
const CatalogKey catalog_project_keys[] = {
    REQ("name", NAME, "Name of the project", "项目名"),
    K("title", LABEL, "Title", "显示名"),
    K("description", LABEL, "What it is", "说明"),
    K("timezone", ZONE, "Time zone of days and schedules", "时区"),
    SUB("standard", MAP, standard_keys, "The warehouse standard", "数仓标准"),
    K("calendars", ANY, "Working days by name: {weekend, holidays, workdays}",
      "工作日历：{weekend, holidays, workdays}"),
    K("pools", ANY, "Slots by name: how many models of a pool run at once",
      "资源池名额：同一池内同时运行的模型数"),
    SUB("channels", NAMED, channel_keys, "Receivers by name: {type, to or url, secret}",
        "按名称的通知渠道：{type, to 或 url, secret}"),
    SUB("environments", NAMED, environment_keys, "Engines and services for each environment",
        "各环境的引擎与服务"),
    K("settings", ANY, "Settings of the server (weir config)", "服务器设置（weir config）"),
    K("lang", TEXT, "Language of messages", "消息语言"),
    END};

static const CatalogKindInfo kinds[CATALOG_N_KINDS] = {
    [CATALOG_DOMAIN] = {"domain", "domains", "Domain", "域", domain_keys, false, false},
    [CATALOG_SOURCE] = {"source", "sources", "Source", "数据源", source_keys, false, true},
    [CATALOG_STREAM] = {"stream", "streams", "Stream", "流", stream_keys, false, true},
    [CATALOG_TABLE] = {"table", "tables", "Table", "表", table_keys, false, true},
    [CATALOG_MODEL] = {"model", "models", "Model", "模型", model_keys, false, true},
    [CATALOG_ENTITY] = {"entity", "entities", "Entity", "实体", entity_keys, false, true},
    [CATALOG_DIMENSION] = {"dimension", "dimensions", "Dimension", "维度", dimension_keys, false, true},
    [CATALOG_METRIC] = {"metric", "metrics", "Metric", "指标", metric_keys, false, true},
    [CATALOG_FEATURE_VIEW] = {"feature_view", "feature_views", "Feature view", "特征视图", feature_view_keys,
                              false, true},
    [CATALOG_FEATURE_SERVICE] = {"feature_service", "feature_services", "Feature service", "特征服务",
                                 feature_service_keys, false, true},
    [CATALOG_PRODUCT] = {"product", "products", "Data product", "数据产品", product_keys, false, true},
    [CATALOG_RECOMMENDER] = {"recommender", "recommenders", "Recommender", "推荐器", recommender_keys, false,
                             true},
    [CATALOG_DASHBOARD] = {"dashboard", "dashboards", "Dashboard", "仪表盘", dashboard_keys, false, true},
    [CATALOG_REPORT] = {"report", "reports", "Report", "报告", report_keys, false, true},
    [CATALOG_ALERT] = {"alert", "alerts", "Alert", "告警", alert_keys, false, true},
    [CATALOG_ROLE] = {"role", "roles", "Role", "角色", role_keys, true, false},
    [CATALOG_POLICY] = {"policy", "policies", "Policy", "策略", policy_keys, true, false},
    [CATALOG_TERM] = {"term", "terms", "Term", "术语", term_keys, true, true},
    [CATALOG_EXAMPLE] = {"example", "examples", "Example", "示例", example_keys, true, true},
    [CATALOG_PLUGIN] = {"plugin", "plugins", "Plug-in", "插件", plugin_keys, true, false},
    [CATALOG_ROOT] = {"root", "roots", "Word root", "词根", root_keys, true, false},
};

const CatalogKindInfo *catalog_kind_info(CatalogKind kind)
{
    return &kinds[kind];
}

const char *catalog_kind_name(CatalogKind kind)
{
    return kind < CATALOG_N_KINDS ? kinds[kind].name : "";
}

const char *catalog_kind_plural(CatalogKind kind)
{
    return kind < CATALOG_N_KINDS ? kinds[kind].plural : "";
}

bool catalog_kind_by_name(const char *text, CatalogKind *ret)
{
    for (int i = 0; i < CATALOG_N_KINDS; i++) {
        if (g_ascii_strcasecmp(text, kinds[i].name) == 0 || g_ascii_strcasecmp(text, kinds[i].plural) == 0) {
            *ret = (CatalogKind)i;
            return true;
        }
    }
    return false;
}

const CatalogKey *catalog_key_find(const CatalogKey *keys, const CatalogKey *common, const char *name)
{
    for (const CatalogKey *key = keys; key && key->name; key++) {
        if (g_str_equal(key->name, name)) {
            return key;
        }
    }
    return common ? catalog_key_find(common, NULL, name) : NULL;
}

const char **catalog_key_names(const CatalogKey *keys, const CatalogKey *common)
{
    GPtrArray *names = g_ptr_array_new();
    for (const CatalogKey *key = keys; key && key->name; key++) {
        g_ptr_array_add(names, (gpointer)(guintptr)key->name);
    }
    for (const CatalogKey *key = common; key && key->name; key++) {
        g_ptr_array_add(names, (gpointer)(guintptr)key->name);
    }
    g_ptr_array_add(names, NULL);
    return (const char **)(guintptr)g_ptr_array_free(names, FALSE);
}
