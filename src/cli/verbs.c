/* The table of verbs: parsing, help, completion and the man page are made from it. A new verb is a row here
 * and a function. */
#include "cli/cli_int.h"

#define END {NULL, 0, CLI_BOOL, NULL, NULL, NULL, NULL}

const CliFlag CLI_GLOBAL_FLAGS[] = {
    {"project", 'p', CLI_TEXT, "FOLDER", NULL, "project folder (with weir.yml); default: here or above",
     "项目目录（含 weir.yml），默认当前或上级目录"},
    {"data", 'D', CLI_TEXT, "FOLDER", NULL, "data folder; default: PROJECT/.weir",
     "数据目录，默认 项目/.weir"},
    {"json", 0, CLI_BOOL, NULL, NULL, "answer as JSON", "以 JSON 输出"},
    {"quiet", 0, CLI_BOOL, NULL, NULL, "no progress and no remarks", "不显示进度与提示"},
    {"no-color", 0, CLI_BOOL, NULL, NULL, "no colour", "不使用颜色"},
    {"yes", 0, CLI_BOOL, NULL, NULL, "answer every question with yes", "所有询问都答是"},
    {"no-input", 0, CLI_BOOL, NULL, NULL, "never ask; fail where an answer is needed",
     "从不询问，需要回答时失败"},
    {"lang", 0, CLI_TEXT, "LANG", "en zh", "language: en or zh", "语言：en 或 zh"},
    {"verbose", 'v', CLI_BOOL, NULL, NULL, "say more", "显示更多信息"},
    {"help", 'h', CLI_BOOL, NULL, NULL, "show help", "显示帮助"},
    END,
};

static const CliFlag NONE[] = {END};

/* Of whatever reads definitions or tables. */
#define ENVIRONMENT {"env", 0, CLI_TEXT, "NAME", NULL, "environment; default: production", "环境，默认生产"}

static const CliFlag DEMO[] = {
    {"dir", 0, CLI_TEXT, "FOLDER", NULL, "folder to make; default: ./weir-demo",
     "要创建的目录，默认 ./weir-demo"},
    {"http", 0, CLI_TEXT, "HOST:PORT", NULL, "HTTP address", "HTTP 地址"},
    {"mysql", 0, CLI_TEXT, "HOST:PORT", NULL, "MySQL address", "MySQL 地址"},
    {"check", 0, CLI_BOOL, NULL, NULL, "do all of it, check it, stop", "全部做完、自检后退出"},
    END,
};
static const CliFlag INIT[] = {
    {"from", 0, CLI_TEXT, "FOLDER", NULL, "infer sources from the CSV, JSON and Parquet files there",
     "从该目录的 CSV、JSON、Parquet 文件推断数据源"},
    END,
};
static const CliFlag UP[] = {
    {"http", 0, CLI_TEXT, "HOST:PORT", NULL, "HTTP address; port 0 takes a free one",
     "HTTP 地址，端口 0 表示任选"},
    {"mysql", 0, CLI_TEXT, "HOST:PORT", NULL, "MySQL address; port 0 takes a free one",
     "MySQL 地址，端口 0 表示任选"},
    {"no-watch", 0, CLI_BOOL, NULL, NULL, "do not watch the project's files", "不监视项目文件"},
    {"no-schedule", 0, CLI_BOOL, NULL, NULL, "do not run what is due", "不运行到期任务"},
    END,
};
static const CliFlag PLAN[] = {
    ENVIRONMENT,
    {"exit-code", 0, CLI_BOOL, NULL, NULL, "exit with 3 when there are changes", "有变更时退出码为 3"},
    {"no-diff", 0, CLI_BOOL, NULL, NULL, "leave the text differences out", "不显示文本差异"},
    END,
};
static const CliFlag APPLY[] = {
    ENVIRONMENT,
    {"allow-drop", 0, CLI_LIST, "NAME", NULL, "a table with data that may be removed (repeatable)",
     "允许删除的含数据的表（可重复）"},
    {"note", 0, CLI_TEXT, "TEXT", NULL, "kept with the version", "随版本保存的说明"},
    END,
};
static const CliFlag LINT[] = {
    {"format", 'f', CLI_TEXT, "FORMAT", "text json github sarif", "text, json, github or sarif",
     "text、json、github 或 sarif"},
    {"rule", 0, CLI_TEXT, "ID", NULL, "only this rule of the warehouse standard", "只检查数仓标准的这条规则"},
    {"catalog", 0, CLI_TEXT, "FILE", NULL, "judge a catalog exported as JSON; no project is needed",
     "检查导出为 JSON 的目录，不需要项目"},
    {"rows", 0, CLI_BOOL, NULL, NULL, "judge the rows of built tables, and their use; PATH then names models",
     "检查已构建表的数据与使用情况；此时 PATH 为模型名"},
    {"fix", 0, CLI_BOOL, NULL, NULL, "mend what is mechanical, in the files", "在文件中修复机械性问题"},
    {"explain", 0, CLI_BOOL, NULL, NULL, "say what a rule asks: weir lint --explain LD-04; without an id all",
     "说明规则：weir lint --explain LD-04；不给编号则列出全部"},
    {"waived", 0, CLI_BOOL, NULL, NULL, "show what is waived too", "也显示已豁免的问题"},
    {"strict", 0, CLI_BOOL, NULL, NULL, "warnings fail too", "警告也算失败"},
    END,
};
static const CliFlag LIFECYCLE[] = {
    {"days", 0, CLI_TEXT, "N", NULL, "span: days from today to the oldest day that a query read",
     "span：查询读取的最早日期距今的天数"},
    {"profile", 0, CLI_TEXT, "NAME", "v4 aliyun", "span: table of spans, v4 or aliyun",
     "span：v4 或 aliyun 的跨度表"},
    {"at", 0, CLI_TEXT, "DAY", NULL, "plan, apply: as if it were that day; default: today",
     "plan、apply：按该日计算，默认今天"},
    {"all", 0, CLI_BOOL, NULL, NULL, "plan: what is kept too", "plan：也列出保留的分区"},
    {"plan", 0, CLI_TEXT, "ID", NULL, "apply: only if the plan still is this one",
     "apply：仅当计划仍为该编号"},
    {"partition", 0, CLI_TEXT, "DAY", NULL, "restore: the partition of that day", "restore：该日所在的分区"},
    END,
};
static const CliFlag FEATURES[] = {
    {"features", 'f', CLI_LIST, "VIEW:FEATURE", NULL, "features asked for, with commas (repeatable)",
     "请求的特征，逗号分隔（可重复）"},
    {"service", 0, CLI_TEXT, "NAME", NULL, "a feature service in place of features",
     "以特征服务代替特征列表"},
    {"full-names", 0, CLI_BOOL, NULL, NULL, "name columns view__feature", "列名为 视图__特征"},
    {"view", 0, CLI_LIST, "VIEW", NULL, "only this view (repeatable)", "只处理该视图（可重复）"},
    {"to", 0, CLI_TEXT, "WHERE", "online offline both", "push: where rows go; default: online",
     "push：写入位置，默认 online"},
    {"entities", 0, CLI_TEXT, "FILE", NULL, "get-historical: rows that ask (.parquet .csv .json .ndjson)",
     "get-historical：实体行文件（.parquet .csv .json .ndjson）"},
    {"sql", 0, CLI_TEXT, "QUERY", NULL, "get-historical: rows that ask, by a query",
     "get-historical：以查询给出实体行"},
    {"time", 0, CLI_TEXT, "COLUMN", NULL, "their column of times; default: event_timestamp",
     "实体行的时间列，默认 event_timestamp"},
    {"start", 0, CLI_TEXT, "TIME", NULL, "get-historical without rows: from here on", "无实体行时的起始时间"},
    {"end", 0, CLI_TEXT, "TIME", NULL, "get-historical without rows: until here", "无实体行时的结束时间"},
    {"snapshot", 0, CLI_BOOL, NULL, NULL, "without rows: one row for each entity, at --end",
     "无实体行时每个实体一行，取 --end 时刻"},
    {"known-at", 0, CLI_TEXT, "TIME", NULL, "only what was known then; `row`: at each row's own time",
     "只用当时已知的数据；`row` 表示各行自己的时间"},
    {"out", 'o', CLI_TEXT, "FILE", NULL, "where training rows go: a file, table:DOMAIN.NAME, or - (CSV)",
     "训练数据的去处：文件、table:域.表，或 -（CSV）"},
    END,
};
static const CliFlag ERASE[] = {
    {"where", 0, CLI_TEXT, "SQL", NULL, "rows of one table for which this holds", "删除单个表中满足条件的行"},
    {"dry-run", 0, CLI_BOOL, NULL, NULL, "count only", "只计数"},
    END,
};
static const CliFlag FMT[] = {
    {"check", 0, CLI_BOOL, NULL, NULL, "write nothing; exit with 1 when a file would change",
     "不写文件，需要改动时退出码为 1"},
    END,
};
static const CliFlag LOAD[] = {
    {"format", 'f', CLI_TEXT, "FORMAT", "csv csv_with_names json parquet", "default: from the file's name",
     "默认由文件名判断"},
    {"columns", 0, CLI_TEXT, "LIST", NULL, "columns and expressions, as in Stream Load",
     "列与表达式，同 Stream Load"},
    {"separator", 0, CLI_TEXT, "TEXT", NULL, "column separator of CSV", "CSV 列分隔符"},
    {"where", 0, CLI_TEXT, "SQL", NULL, "only rows for which this holds", "只导入满足条件的行"},
    {"label", 0, CLI_TEXT, "LABEL", NULL, "a repeated label loads nothing twice", "相同标签不会重复导入"},
    {"max-filter-ratio", 0, CLI_TEXT, "N", NULL, "share of wrong rows that is allowed, 0 to 1",
     "允许的错误行比例，0 到 1"},
    {"replace", 0, CLI_BOOL, NULL, NULL, "these rows take the place of all rows, in one commit",
     "以这些行替换表中全部行，同一次提交"},
    {"set", 0, CLI_LIST, "NAME=VALUE", NULL, "any other Stream Load header (repeatable)",
     "其他 Stream Load 参数（可重复）"},
    END,
};
static const CliFlag RUN[] = {
    ENVIRONMENT,
    {"start", 0, CLI_TEXT, "TIME", NULL, "start of the interval", "区间起点"},
    {"end", 0, CLI_TEXT, "TIME", NULL, "end of the interval (not in it)", "区间终点（不含）"},
    {"at", 0, CLI_TEXT, "TIME", NULL, "the run's clock; without a zone, the project's",
     "本次运行的时刻；未带时区则按项目时区"},
    {"business-date", 0, CLI_TEXT, "DAY", NULL,
     "the day that the run is about, $business_date; default: by the clock and the schedule",
     "业务日期 $business_date，默认由时刻与调度推得"},
    {"restate-from", 0, CLI_TEXT, "TIME", NULL, "scd2: make versions from then on anew from the source",
     "scd2：该时刻起的版本由源重新生成"},
    {"dry-run", 0, CLI_BOOL, NULL, NULL, "show what would be done, with intervals and batches",
     "只显示将要做什么，含区间与批次"},
    {"full", 0, CLI_BOOL, NULL, NULL, "rebuild from all history", "从全部历史重建"},
    {"parallel", 0, CLI_TEXT, "N", NULL, "models at once; default: cores", "同时运行的模型数，默认核数"},
    END,
};
static const CliFlag INTERVALS[] = {
    ENVIRONMENT,
    {"start", 0, CLI_TEXT, "TIME", NULL, "look from here; default: the start of history",
     "起点，默认历史起点"},
    {"end", 0, CLI_TEXT, "TIME", NULL, "look up to here (not in it); default: now", "终点（不含），默认现在"},
    {"at", 0, CLI_TEXT, "TIME", NULL, "the clock; default: now", "时钟，默认现在"},
    {"mark", 0, CLI_TEXT, "STATE", "done missing stale", "set the interval by hand", "手工标记该区间"},
    END,
};
static const CliFlag BACKFILL[] = {
    ENVIRONMENT,
    {"start", 0, CLI_TEXT, "TIME", NULL, "start of the interval", "区间起点"},
    {"end", 0, CLI_TEXT, "TIME", NULL, "end of the interval (not in it)", "区间终点（不含）"},
    {"downstream", 0, CLI_BOOL, NULL, NULL, "and all that depends on it, by each model's own window",
     "连同所有下游，按各自的时间窗口"},
    {"restate", 0, CLI_BOOL, NULL, NULL, "done intervals too; default: missing and stale ones",
     "已完成的区间也重跑，默认只补缺失与过期的"},
    {"dry-run", 0, CLI_BOOL, NULL, NULL, "show models, intervals and the estimate; run nothing",
     "只显示模型、区间数与估算，不运行"},
    {"order", 0, CLI_TEXT, "ORDER", "asc desc", "oldest first (asc, the default) or newest first",
     "从旧到新（asc，默认）或从新到旧"},
    {"batch", 0, CLI_TEXT, "N", NULL, "units of time in one task; default: 1",
     "每个任务的时间单元数，默认 1"},
    {"parallel", 0, CLI_TEXT, "N", NULL, "tasks at once; default: cores", "同时运行的任务数，默认核数"},
    {"at", 0, CLI_TEXT, "TIME", NULL, "the clock; default: now", "时钟，默认现在"},
    {"resume", 0, CLI_TEXT, "ID", NULL, "go on with a backfill that did not end", "继续未完成的回填"},
    {"limit", 0, CLI_TEXT, "N", NULL, "of list: at most N lines; default: 50", "list 最多 N 行，默认 50"},
    END,
};
static const CliFlag SCHEDULE[] = {
    {"at", 0, CLI_TEXT, "TIME", NULL, "the clock; default: now", "时钟，默认现在"},
    END,
};
static const CliFlag QUERY[] = {
    ENVIRONMENT,
    {"format", 'f', CLI_TEXT, "FORMAT", "table json ndjson csv tsv markdown vertical", "how rows are printed",
     "行的输出格式"},
    {"output", 'o', CLI_TEXT, "FORMAT", "table json ndjson csv tsv markdown vertical", "the same as -f",
     "同 -f"},
    {"db", 0, CLI_TEXT, "DOMAIN", NULL, "database for bare table names", "默认库"},
    {"max-rows", 0, CLI_TEXT, "N", NULL, "stop after N rows", "最多 N 行"},
    {"timing", 0, CLI_BOOL, NULL, NULL, "say how long it took", "显示耗时"},
    END,
};
static const CliFlag RUNS[] = {
    ENVIRONMENT,
    {"limit", 0, CLI_TEXT, "N", NULL, "at most N lines; default: 50", "最多 N 行，默认 50"},
    END,
};
static const CliFlag ENV[] = {
    {"allow-drop", 0, CLI_LIST, "NAME", NULL,
     "promote: a table with data that may be removed from production (repeatable)",
     "promote：允许从生产删除的含数据的表（可重复）"},
    {"note", 0, CLI_TEXT, "TEXT", NULL, "promote: kept with the version", "promote：随版本保存的说明"},
    {"unbuilt", 0, CLI_BOOL, NULL, NULL, "promote: also when something is not built; the next run builds it",
     "promote：未构建也提升，由下次运行构建"},
    END,
};
static const CliFlag LIMIT[] = {
    {"limit", 0, CLI_TEXT, "N", NULL, "at most N lines; default: 50", "最多 N 行，默认 50"},
    END,
};
static const CliFlag LOADS[] = {
    {"db", 0, CLI_TEXT, "DOMAIN", NULL, "of this domain only", "只看该域"},
    {"label", 0, CLI_TEXT, "PATTERN", NULL, "label, % stands for anything", "标签，% 匹配任意"},
    {"state", 0, CLI_TEXT, "STATE", NULL, "VISIBLE, PRECOMMITTED, ABORTED ...", "状态"},
    {"limit", 0, CLI_TEXT, "N", NULL, "at most N lines; default: 50", "最多 N 行，默认 50"},
    END,
};
static const CliFlag RECONCILE[] = {
    {"key", 0, CLI_TEXT, "COLUMNS", NULL, "columns that identify a row; default: the table's key",
     "标识一行的列，默认为表的键"},
    {"columns", 0, CLI_TEXT, "COLUMNS", NULL, "columns to compare; default: all", "要比较的列，默认全部"},
    {"where", 0, CLI_TEXT, "SQL", NULL, "only rows for which this holds", "只比较满足条件的行"},
    {"repair", 0, CLI_BOOL, NULL, NULL, "write what is missing or different", "写入缺失或不同的行"},
    {"delete", 0, CLI_BOOL, NULL, NULL, "with --repair: delete what the source no longer has",
     "与 --repair 同用：删除源端已不存在的行"},
    {"refill", 0, CLI_BOOL, NULL, NULL, "with --repair: build what was made from those rows again",
     "与 --repair 同用：重建受影响的下游"},
    {"limit", 0, CLI_TEXT, "N", NULL, "list at most N differences; default: 20, with --json 10000",
     "最多列出 N 处差异，默认 20，--json 时 10000"},
    END,
};
static const CliFlag LEDGER[] = {
    {"days", 0, CLI_TEXT, "N", NULL, "at most N days of each table; default: 30", "每表最多 N 天，默认 30"},
    {"daily", 0, CLI_BOOL, NULL, NULL, "a day against the day before and the same weekday",
     "当日与前一日、上周同日比较"},
    {"layers", 0, CLI_BOOL, NULL, NULL, "metrics over detail against the tables that carry them",
     "按指标核对各层汇总"},
    {"at", 0, CLI_TEXT, "TIME", NULL, "with --daily: the day; default: today",
     "与 --daily 同用：日期，默认今天"},
    END,
};
static const CliFlag REPORT[] = {
    {"send", 0, CLI_BOOL, NULL, NULL, "send it to its receivers now", "立即发送"},
    {"out", 0, CLI_TEXT, "FILE", NULL, "write the page here instead of to the terminal", "把页面写入文件"},
    END,
};
static const CliFlag ALERTS[] = {
    {"all", 0, CLI_BOOL, NULL, NULL, "resolved events too", "包含已恢复的事件"},
    {"for", 0, CLI_TEXT, "DURATION", NULL, "how long to be silent; 0 ends it", "静默时长，0 表示取消"},
    {"limit", 0, CLI_TEXT, "N", NULL, "at most N lines; default: 50", "最多 N 行，默认 50"},
    END,
};
static const CliFlag IMPORT[] = {
    {"out", 'o', CLI_TEXT, "FOLDER", NULL, "where the project is written; default: FOLDER_weir here",
     "写入的目录，默认为当前目录下的 FOLDER_weir"},
    END,
};
static const CliFlag MATRIX[] = {
    {"domain", 0, CLI_TEXT, "DOMAIN", NULL, "facts of this domain only", "只看该域的事实"},
    {"format", 'f', CLI_TEXT, "FORMAT", "markdown csv", "markdown (default) or csv",
     "markdown（默认）或 csv"},
    {"coverage", 0, CLI_BOOL, NULL, NULL, "how much of what was read DWS answered", "DWS 对查询的覆盖率"},
    END,
};
static const CliFlag NEW[] = {
    {"layer", 0, CLI_TEXT, "LAYER", "dim dwd dwm dws app", "dim, dwd, dwm, dws or app",
     "dim、dwd、dwm、dws 或 app"},
    {"from", 0, CLI_TEXT, "TABLE", NULL, "the table below", "上游表"},
    {"name", 0, CLI_TEXT, "NAME", NULL, "default: by the grammar of names", "默认按命名规范"},
    {"domain", 0, CLI_TEXT, "DOMAIN", NULL, "default: that of the table below", "默认与上游表相同"},
    {"by", 0, CLI_TEXT, "COLUMNS", NULL, "dwm, dws, app: dimensions, as a,b", "dwm、dws、app：维度，如 a,b"},
    {"owner", 0, CLI_TEXT, "OWNER", NULL, "default: that of the table below", "默认与上游表相同"},
    {"grade", 0, CLI_TEXT, "GRADE", "P0 P1 P2 P3", "default: that of the table below, else P2",
     "默认与上游表相同，否则 P2"},
    {"process", 0, CLI_TEXT, "PROCESS", NULL, "dwd: the business process", "dwd：业务过程"},
    {"unit", 0, CLI_TEXT, "UNIT", NULL, "of money, such as CNY_yuan", "金额单位，如 CNY_yuan"},
    {"consumer", 0, CLI_TEXT, "NAME", NULL, "app: who uses it", "app：使用方"},
    {"print", 0, CLI_BOOL, NULL, NULL, "print the model, write nothing", "只打印，不写文件"},
    END,
};
static const CliFlag LS[] = {
    {"domain", 0, CLI_TEXT, "DOMAIN", NULL, "of this domain only", "只看该域"},
    {"layer", 0, CLI_TEXT, "LAYER", NULL, "of this layer only", "只看该层"},
    END,
};
static const CliFlag SEARCH[] = {
    {"limit", 0, CLI_TEXT, "N", NULL, "at most N results; default: 20", "最多 N 条，默认 20"},
    END,
};
static const CliFlag LINEAGE[] = {
    {"up", 0, CLI_BOOL, NULL, NULL, "where it comes from (default)", "上游（默认）"},
    {"down", 0, CLI_BOOL, NULL, NULL, "where it goes", "下游"},
    {"format", 'f', CLI_TEXT, "FORMAT", "tree graph dot openlineage", "tree, graph, dot or openlineage",
     "tree、graph、dot 或 openlineage"},
    END,
};
static const CliFlag USER[] = {
    {"password-stdin", 0, CLI_BOOL, NULL, NULL, "read the password from the first line of stdin",
     "从标准输入第一行读取密码"},
    {"role", 0, CLI_LIST, "ROLE", NULL, "give this role (repeatable)", "授予角色（可重复）"},
    END,
};
static const CliFlag TOKEN[] = {
    {"note", 0, CLI_TEXT, "TEXT", NULL, "what it is for", "用途说明"},
    {"for", 0, CLI_TEXT, "DURATION", NULL, "life time, such as 30d", "有效期，如 30d"},
    {"user", 0, CLI_TEXT, "NAME", NULL, "of this user; administrators only", "所属用户，仅管理员"},
    END,
};
static const CliFlag DOCTOR[] = {END};
static const CliFlag HELP[] = {
    {"man", 0, CLI_BOOL, NULL, NULL, "the manual page, as roff", "输出 man 手册页"},
    END,
};

static const CliFlag CHECKS[] = {
    {"at", 0, CLI_TEXT, "TIME", NULL, "run: the clock of the checks", "run：检查的时钟"},
    {"history", 0, CLI_BOOL, NULL, NULL, "of earlier runs too", "包括以往运行"},
    END,
};
static const CliFlag WAIVE[] = {
    {"reason", 0, CLI_TEXT, "TEXT", NULL, "why it may pass", "放行原因"},
    {"until", 0, CLI_TEXT, "TIME", NULL, "until a time, or for a duration such as 3d",
     "截止时间或时长，如 3d"},
    END,
};

const CliVerb CLI_VERBS[] = {
    {"demo", CLI_GROUP_START, "", 0, 0, CLI_WORDS_NONE, NULL,
     "make the example project, load it, build it, serve it", "创建示例项目，导入、构建并启动服务", NULL,
     NULL, DEMO, cli_verb_demo},
    {"init", CLI_GROUP_START, "NAME", 1, 1, CLI_WORDS_FOLDERS, NULL, "write a new project", "创建新项目",
     NULL, NULL, INIT, cli_verb_init},
    {"import", CLI_GROUP_START, "dbt|feast FOLDER", 2, 2, CLI_WORDS_FOLDERS, NULL,
     "write a project of dbt or Feast as a project of Weir, and list what stays behind",
     "把 dbt 或 Feast 项目迁移为 Weir 项目，并列出未能迁移的内容",
     "Of Feast, the folder is the one of feature_store.yaml, or the file of its registry.",
     "Feast：feature_store.yaml 所在目录，或注册表文件。", IMPORT, cli_verb_import},
    {"up", CLI_GROUP_START, "", 0, 0, CLI_WORDS_NONE, NULL,
     "serve, watch the project's files, run what is due", "启动服务、监视文件、运行到期任务",
     "Ctrl-C finishes what is running, then stops. WEIR_ADMIN_PASSWORD makes the user `admin` at the first "
     "start.",
     "Ctrl-C 会等正在运行的任务完成后停止。首次启动时 WEIR_ADMIN_PASSWORD 会创建用户 admin。", UP,
     cli_verb_up},

    {"plan", CLI_GROUP_DEFINE, "", 0, 0, CLI_WORDS_NONE, NULL, "show what would change; change nothing",
     "显示将发生的变更，不做任何更改", NULL, NULL, PLAN, cli_verb_plan},
    {"apply", CLI_GROUP_DEFINE, "[PLAN]", 0, 1, CLI_WORDS_NONE, NULL,
     "make it so; with a plan's id exactly that plan", "执行变更；给出计划号则严格执行该计划", NULL, NULL,
     APPLY, cli_verb_apply},
    {"history", CLI_GROUP_DEFINE, "[OBJECT]", 0, 1, CLI_WORDS_NONE, NULL,
     "versions that were applied, of all or of one object", "已应用的版本", NULL, NULL, NONE,
     cli_verb_history},
    {"diff", CLI_GROUP_DEFINE, "VERSION [VERSION]", 1, 2, CLI_WORDS_NONE, NULL,
     "what differs between two versions", "比较两个版本", NULL, NULL, NONE, cli_verb_diff},
    {"rollback", CLI_GROUP_DEFINE, "VERSION", 1, 1, CLI_WORDS_NONE, NULL,
     "write the files of a version back; then plan and apply", "把文件恢复为某版本，然后 plan、apply", NULL,
     NULL, NONE, cli_verb_rollback},
    {"env", CLI_GROUP_DEFINE, "[ls | show NAME | drop NAME | promote NAME]", 0, 2, CLI_WORDS_LIST,
     "ls show drop promote", "environments: branches that share production's unchanged tables",
     "环境：与生产共享未变更表的分支",
     "weir apply --env NAME makes one of the project's files, weir run --env NAME builds what differs.",
     "weir apply --env NAME 以项目文件建立环境，weir run --env NAME 构建有差异的部分。", ENV, cli_verb_env},
    {"lint", CLI_GROUP_DEFINE, "[PATH ...]", 0, CLI_MAX_WORDS, CLI_WORDS_FILES, NULL,
     "check the definitions, and hold them against the warehouse standard",
     "检查定义是否正确、是否符合数仓标准",
     "The standard is judged when weir.yml names one (`standard: {profile: v4}`). With PATH only what stands "
     "in "
     "those files or folders is told.",
     "weir.yml 中写有 `standard: {profile: v4}` 时才检查数仓标准。给出 PATH 时只报告这些文件或目录中的问题。",
     LINT, cli_verb_lint},
    {"name", CLI_GROUP_DEFINE, "PHRASE | NAME", 1, CLI_MAX_WORDS, CLI_WORDS_NONE, NULL,
     "the standard's name for a phrase; or what a name says", "给出短语的标准命名，或解释一个名称",
     "weir name \"average price of the last 7 days\"; weir name dws_mkt_trade_user_active_1d_d. Words come "
     "from "
     "the "
     "project's roots: and from those that the standard ships.",
     "weir name \"近7天平均单价\"；weir name dws_mkt_trade_user_active_1d_d。词来自项目的 roots: "
     "和标准自带的词根。",
     NONE, cli_verb_name},
    {"new", CLI_GROUP_DEFINE, "model", 1, 1, CLI_WORDS_LIST, "model",
     "write a model of a layer over a table, as the standard wants it", "按标准为某层生成新模型", NULL, NULL,
     NEW, cli_verb_new},
    {"matrix", CLI_GROUP_DEFINE, "", 0, 0, CLI_WORDS_NONE, NULL,
     "the bus matrix: processes against dimensions, and what is missing",
     "总线矩阵：业务过程 × 维度，及其缺口", NULL, NULL, MATRIX, cli_verb_matrix},
    {"duplicates", CLI_GROUP_DEFINE, "", 0, 0, CLI_WORDS_NONE, NULL,
     "logic that stands in several models, names that mean two things", "重复的逻辑、同名不同义的字段", NULL,
     NULL, NONE, cli_verb_duplicates},
    {"fmt", CLI_GROUP_DEFINE, "[FILE ...]", 0, CLI_MAX_WORDS, CLI_WORDS_FILES, NULL,
     "tidy white space in definition files", "整理定义文件中的空白", NULL, NULL, FMT, cli_verb_fmt},

    {"load", CLI_GROUP_DATA, "TABLE FILE ...", 2, CLI_MAX_WORDS, CLI_WORDS_FILES, NULL,
     "load files into a table", "把文件导入表", NULL, NULL, LOAD, cli_verb_load},
    {"loads", CLI_GROUP_DATA, "", 0, 0, CLI_WORDS_NONE, NULL, "list loads", "列出导入", NULL, NULL, LOADS,
     cli_verb_loads},
    {"refresh", CLI_GROUP_DATA, "[SOURCE ...]", 0, CLI_MAX_WORDS, CLI_WORDS_NONE, NULL,
     "load what is new in sources; all of them when none is named", "导入数据源中的新数据，默认全部", NULL,
     NULL, NONE, cli_verb_refresh},
    {"reconcile", CLI_GROUP_DATA, "[TABLE | SOURCE_TABLE TABLE]", 0, 2, CLI_WORDS_NONE, NULL,
     "compare tables with their sources, or two tables; repair what differs",
     "与数据源或另一张表对账，修复差异",
     "Without words: all tables that sources load. Exit code 5 when anything differs.",
     "不带参数则核对所有由数据源导入的表。有差异时退出码为 5。", RECONCILE, cli_verb_reconcile},
    {"ledger", CLI_GROUP_DATA, "[TABLE]", 0, 1, CLI_WORDS_NONE, NULL,
     "what loads said and what tables hold of it, day by day", "逐日核对导入行数与表中行数", NULL, NULL,
     LEDGER, cli_verb_ledger},
    {"run", CLI_GROUP_DATA, "[MODEL ...]", 0, CLI_MAX_WORDS, CLI_WORDS_NONE, NULL,
     "build models: m, m+ (and what reads it), +m, domain:d", "构建模型：m、m+（含下游）、+m、domain:d",
     "Without words: all. Ctrl-C once finishes what is running, twice interrupts it.",
     "不带参数则全部运行。Ctrl-C 一次等待当前任务完成，两次中断。", RUN, cli_verb_run},
    {"intervals", CLI_GROUP_DATA, "MODEL", 1, 1, CLI_WORDS_NONE, NULL,
     "what of a model's time is done, missing, stale", "模型各时间区间的完成、缺失与过期情况", NULL, NULL,
     INTERVALS, cli_verb_intervals},
    {"backfill", CLI_GROUP_DATA, "[MODEL | list]", 0, 1, CLI_WORDS_LIST, "list",
     "fill missing and stale intervals of a model, and of what depends on it",
     "补齐模型（及其下游）缺失与过期的区间",
     "What was stopped or killed goes on where it was: weir backfill --resume ID.",
     "中断后可从断点继续：weir backfill --resume ID。", BACKFILL, cli_verb_backfill},
    {"schedule", CLI_GROUP_DATA,
     "[list | events | tick | pause OBJECT | resume OBJECT | kill OBJECT | mark OBJECT done|due]", 0, 3,
     CLI_WORDS_LIST, "list events tick pause resume kill mark",
     "what fires when; hold it, stop it, run what is due", "调度列表；暂停、恢复、终止、标记，或运行到期任务",
     NULL, NULL, SCHEDULE, cli_verb_schedule},
    {"runs", CLI_GROUP_DATA, "[MODEL]", 0, 1, CLI_WORDS_NONE, NULL, "list runs", "列出运行记录", NULL, NULL,
     RUNS, cli_verb_runs},
    {"checks", CLI_GROUP_DATA, "[MODEL] | run TABLE | failures [MODEL]", 0, 2, CLI_WORDS_NONE, NULL,
     "results of checks; run: checks what stands now; failures: the wrong rows",
     "检查结果；run 检查现有数据；failures 列出错误行", NULL, NULL, CHECKS, cli_verb_checks},
    {"board", CLI_GROUP_DATA, "", 0, 0, CLI_WORDS_NONE, NULL, "what checks hold back, why, and what waits",
     "被检查阻断的数据、原因与等待者", NULL, NULL, NONE, cli_verb_board},
    {"waive", CLI_GROUP_DATA, "MODEL CHECK", 2, 2, CLI_WORDS_NONE, NULL,
     "let a failing check pass until a time, and its held rows in", "豁免失败的检查并放行数据", NULL, NULL,
     WAIVE, cli_verb_waive},
    {"rejects", CLI_GROUP_DATA, "[MODEL]", 0, 1, CLI_WORDS_NONE, NULL, "rows that models and loads rejected",
     "模型与导入拒收的行", NULL, NULL, NONE, cli_verb_rejects},
    {"redrive", CLI_GROUP_DATA, "MODEL", 1, 1, CLI_WORDS_NONE, NULL, "run again what has rejected rows",
     "重跑有拒收行的区间", NULL, NULL, NONE, cli_verb_redrive},
    {"health", CLI_GROUP_LOOK, "", 0, 0, CLI_WORDS_NONE, NULL, "the health score and every lost point",
     "健康分与扣分项", NULL, NULL, NONE, cli_verb_health},
    {"query", CLI_GROUP_DATA, "[SQL]", 0, 1, CLI_WORDS_NONE, NULL,
     "run SQL; without SQL interactive, or from stdin", "执行 SQL；不给 SQL 则交互或读标准输入",
     "Interactive: \\? lists the commands; \\G ends a statement and shows rows upright.",
     "交互模式：\\? 列出命令；以 \\G 结束语句则纵向显示。", QUERY, cli_verb_query},

    {"ls", CLI_GROUP_LOOK, "[KIND]", 0, 1, CLI_WORDS_LIST,
     "domains sources streams tables models entities dimensions metrics feature_views feature_services "
     "products recommenders dashboards reports alerts roles policies terms examples plugins roots",
     "list objects", "列出对象", NULL, NULL, LS, cli_verb_ls},
    {"show", CLI_GROUP_LOOK, "OBJECT", 1, 1, CLI_WORDS_NONE, NULL, "all about one object", "查看一个对象",
     NULL, NULL, NONE, cli_verb_show},
    {"search", CLI_GROUP_LOOK, "WORDS ...", 1, CLI_MAX_WORDS, CLI_WORDS_NONE, NULL,
     "search names, titles, columns, descriptions", "搜索名称、标题、列与描述", NULL, NULL, SEARCH,
     cli_verb_search},
    {"lineage", CLI_GROUP_LOOK, "OBJECT[.COLUMN]", 1, 1, CLI_WORDS_NONE, NULL,
     "where an object or a column comes from, or goes", "对象或列的血缘", NULL, NULL, LINEAGE,
     cli_verb_lineage},

    {"features", CLI_GROUP_DATA,
     "[ls | show VIEW[@vN] | search TEXT | history [VIEW] | diff VIEW@v1 VIEW@v2 | prune VIEW@vN | archive | "
     "unarchive | materialize START END | materialize-incremental [END] | intervals [VIEW] | rejects [VIEW] "
     "| get-online "
     "KEY=VALUE "
     "... | get-historical --out FILE | jobs [cancel ID] | push VIEW FILE | erase KEY=VALUE ... | status "
     "[VIEW] | verify VIEW]",
     0, CLI_MAX_WORDS, CLI_WORDS_LIST,
     "ls show search history diff prune archive unarchive materialize materialize-incremental intervals "
     "rejects "
     "get-online "
     "get-historical jobs push erase status verify",
     "the feature store: what is declared, versions, values", "特征库：定义、版本与取值",
     "Each change of a view's schema or meaning makes a version; old ones stay readable until `prune`. An "
     "archived "
     "project takes no applies. `get-historical` gives each row of --entities (or --sql) the newest values "
     "that "
     "were there at its time; without either, all rows between --start and --end.",
     "视图结构或含义的每次变化都生成新版本，旧版本在 prune 之前仍可读取。已归档的项目不接受应用。"
     "`get-historical` 为 --entities（或 --sql）的每一行取其时间点上最新的特征值；两者都不给时，取 --start "
     "与 --end 之间的全部行。",
     FEATURES, cli_verb_features},

    {"report", CLI_GROUP_OPERATE, "NAME", 1, 1, CLI_WORDS_NONE, NULL, "a report as a page; --send sends it",
     "查看报告，--send 发送", NULL, NULL, REPORT, cli_verb_report},
    {"alerts", CLI_GROUP_OPERATE, "[ack ID | silence [ALERT] | try ALERT]", 0, 2, CLI_WORDS_LIST,
     "ack silence try", "events of alerts; acknowledge, silence, try", "告警事件；确认、静默、试运行", NULL,
     NULL, ALERTS, cli_verb_alerts},

    {"doctor", CLI_GROUP_OPERATE, "", 0, 0, CLI_WORDS_NONE, NULL,
     "check project, data, disk, engine, ports, clock", "检查项目、数据、磁盘、引擎、端口与时钟", NULL, NULL,
     DOCTOR, cli_verb_doctor},
    {"backup", CLI_GROUP_OPERATE, "FOLDER", 1, 1, CLI_WORDS_FOLDERS, NULL, "a consistent copy, while serving",
     "在线一致性备份", NULL, NULL, NONE, cli_verb_backup},
    {"restore", CLI_GROUP_OPERATE, "FOLDER", 1, 1, CLI_WORDS_FOLDERS, NULL,
     "put a backup in place of the data; the old data is kept beside", "用备份替换数据，旧数据保留在旁边",
     NULL, NULL, NONE, cli_verb_restore},
    {"user", CLI_GROUP_OPERATE,
     "ls | add NAME | passwd NAME | role NAME | rm NAME | grants | grant NAME RIGHT OBJECT | revoke NAME "
     "RIGHT OBJECT",
     0, 4, CLI_WORDS_LIST, "ls add passwd role rm grants grant revoke", "users, roles and grants",
     "用户、角色与授权", NULL, NULL, USER, cli_verb_user},
    {"token", CLI_GROUP_OPERATE, "ls | create | rm ID", 0, 2, CLI_WORDS_LIST, "ls create rm", "API tokens",
     "API 令牌", NULL, NULL, TOKEN, cli_verb_token},
    {"audit", CLI_GROUP_OPERATE, "", 0, 0, CLI_WORDS_NONE, NULL, "who did what", "审计日志", NULL, NULL,
     LIMIT, cli_verb_audit},
    {"lifecycle", CLI_GROUP_OPERATE,
     "plan [TABLE] | apply [TABLE] | restore TABLE | archives [TABLE] | history | span | matrix", 1, 2,
     CLI_WORDS_LIST, "plan apply restore archives history span matrix",
     "what of old data goes and why; archive, drop, restore", "旧数据的去留与原因；归档、删除、恢复",
     "`plan` gives the reasons, `apply` carries it out: archives are read back before anything is deleted. "
     "`span --days N` asks the table of access spans, `matrix` shows days by grade and type.",
     "`plan` 列出原因，`apply` 执行：归档回读比对后才删除。`span --days N` 查询访问跨度表，`matrix` "
     "按等级和类型列出天数。",
     LIFECYCLE, cli_verb_lifecycle},
    {"erase", CLI_GROUP_OPERATE, "ENTITY KEY | TABLE --where SQL", 1, 2, CLI_WORDS_NONE, NULL,
     "erase a person's rows from every table and archive", "从所有表和归档中删除某人的数据",
     "Tables are those with a column that says `entity:`, and where lineage takes its value.",
     "涉及声明了 `entity:` 的列所在的表，以及血缘上取其值的表。", ERASE, cli_verb_erase},
    {"config", CLI_GROUP_OPERATE, "[KEY]", 0, 1, CLI_WORDS_NONE, NULL,
     "settings, their values and where they come from", "设置项、取值与来源", NULL, NULL, NONE,
     cli_verb_config},

    {"explain", CLI_GROUP_HELP, "[CODE | KIND | weir.yml | load-headers]", 0, 1, CLI_WORDS_NONE, NULL,
     "an error code; the keys of a kind; the headers of a load", "解释错误码、定义的键、导入请求头", NULL,
     NULL, NONE, cli_verb_explain},
    {"completion", CLI_GROUP_HELP, "SHELL", 1, 1, CLI_WORDS_LIST, "bash zsh fish",
     "completion script: source <(weir completion bash)", "输出补全脚本：source <(weir completion bash)",
     NULL, NULL, NONE, cli_verb_completion},
    {"version", CLI_GROUP_HELP, "", 0, 0, CLI_WORDS_NONE, NULL, "version", "版本", NULL, NULL, NONE,
     cli_verb_version},
    {"help", CLI_GROUP_HELP, "[VERB | exit-codes]", 0, 1, CLI_WORDS_LIST, "exit-codes", "help", "帮助", NULL,
     NULL, HELP, cli_verb_help},
};
const size_t CLI_N_VERBS = G_N_ELEMENTS(CLI_VERBS);

const CliVerb *cli_verb_find(const char *name)
{
    for (size_t i = 0; i < CLI_N_VERBS; i++) {
        if (strcmp(CLI_VERBS[i].name, name) == 0) {
            return &CLI_VERBS[i];
        }
    }
    return NULL;
}

const char *cli_group_title(CliGroup group)
{
    static const char *const TITLES[CLI_N_GROUPS][2] = {
        {"Start", "开始"}, {"Define", "定义"},  {"Data", "数据"},
        {"Look", "查看"},  {"Operate", "运维"}, {"Help", "帮助"},
    };
    return base_tr(TITLES[group][0], TITLES[group][1]);
}
