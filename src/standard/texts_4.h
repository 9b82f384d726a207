/* Words of section IV: words and names.
 * T(rule, statement en, zh, example of what breaks it en, zh, what to do en, zh). Included by texts.c. */
#ifndef T
#define T(...) /* so that the header can be read alone */
#endif

/* ---- IV.1 word roots ---- */
T(NM_02, "Each word of a name is a registered root", "名称中的每个单词都是已登记的词根",
  "the word `shelf` is no registered root", "单词 `shelf` 不是已登记的词根",
  "use the registered root, or register the word", "改用已登记的词根，或登记该词")
T(NM_03, "One meaning has one root, and one root one meaning", "一个含义一个词根，一个词根一个含义",
  "`shelf` shares its meaning or its code with another root", "`shelf` 与另一词根含义或代码相同",
  "merge the two", "合并")
T(NM_04, "A metric that is a rate ends in the root of rates", "比率类指标以比率词根结尾",
  "`pay_pct` is a rate and does not end in its root", "`pay_pct` 是比率，但没有以比率词根结尾",
  "name it with `_ratio` (or the alias `_rate`)", "以 `_ratio`（或别名 `_rate`）结尾")
T(NM_05,
  "The purpose decides the layer's prefix: raw log, display, step on the way, or a summary of one or several "
  "behaviours",
  "由用途决定分层前缀：原始日志、展示、中间结果，或单行为、多行为汇总",
  "what `dwd_pay_sum` does belongs to another layer than its name says",
  "`dwd_pay_sum` 的内容与表名所示分层不符", "rename it: no grouping is DWD, one behaviour DWM, several DWS",
  "改名：无分组为 DWD，单行为为 DWM，多行为为 DWS")
T(NM_06, "A table's name carries layer, department, business line, subject, own words and update cycle",
  "表名包含分层、部门、业务线、主题、自定义词和更新周期", "parts are missing in the name `dws_pay`",
  "表名 `dws_pay` 缺少组成部分", "complete the name; `weir name` proposes one",
  "补全表名；`weir name` 可给出建议")
T(NM_07, "The department in a name is the team that makes the table, from a closed list",
  "名称中的部门是产出团队，取自登记清单",
  "`dws_abc_trade_user_1d_d` names a department that is not registered",
  "`dws_abc_trade_user_1d_d` 使用了未登记的部门", "use a registered department, or register it",
  "改用已登记的部门，或登记它")
T(NM_08, "Business lines and subjects come from registered roots", "业务线和主题取自已登记的词根",
  "`dws_mkt_foo_user_1d_d` names a business line or subject that is not registered",
  "`dws_mkt_foo_user_1d_d` 使用了未登记的业务线或主题", "register it, or use a registered one",
  "登记它，或改用已登记的")
T(NM_09, "The free part of a name tells what the table holds", "表名的自定义部分说明内容",
  "the free part of `dws_mkt_trade_user_x_1d_d` tells nothing",
  "`dws_mkt_trade_user_x_1d_d` 的自定义部分没有含义", "say what it holds, such as active or retention",
  "写明内容，如 active、retention")
T(NM_10,
  "The last letters tell cycle and scope: d, i, f, w, l, a (and h, m, q, y), and agree with the declared "
  "kind",
  "后缀表示周期与范围：d、i、f、w、l、a（以及 h、m、q、y），并与声明的表类型一致",
  "the suffix of `dwd_order_z` is unknown, or says another kind than declared",
  "`dwd_order_z` 的后缀未知，或与声明的表类型不符", "rename it, or declare the kind that it has",
  "改名，或声明真实的表类型")

/* ---- IV.2 tables ---- */
T(NM_01, "All words of a name are lower case", "名称中的单词一律小写", "`DWD_order` has upper-case letters",
  "`DWD_order` 含有大写字母", "write it in lower case", "改为小写")
T(NM_11, "A regular table is layer_department_domain_subject_words_suffix",
  "常规表命名为 分层_部门_业务域_主题_自定义_后缀",
  "`dwd_order` does not follow the grammar of regular tables", "`dwd_order` 不符合常规表的命名规则",
  "rename it; `weir name` explains the parts", "改名；`weir name` 会解释各部分")
T(NM_12, "An intermediate table is mid_, its target, and a digit or dim (a date where history stays)",
  "中间表命名为 mid_目标表_数字或 dim（保留历史时可带日期）",
  "`mid_x_99` is not mid_TARGET_0-9 or mid_TARGET_dim", "`mid_x_99` 不是 mid_目标表_0-9 或 mid_目标表_dim",
  "name it after its target with a digit, or dim", "以目标表加数字或 dim 命名")
T(NM_13, "An intermediate table lives inside one job; no other job reads it",
  "中间表只存在于所属作业内，其他作业不得读取", "`mid_x_0` is read by another job than its own",
  "`mid_x_0` 被其他作业读取", "make it a DWM table", "提升为 DWM 表")
T(NM_14, "A job writes one table", "一个作业只产出一张表", "`job_a` writes several tables",
  "`job_a` 产出多张表", "split it", "拆分")
T(NM_15, "A tmp_ table is for trying out: production never reads it", "tmp_ 表仅供测试，生产不得读取",
  "`tmp_a` is read by production", "`tmp_a` 被生产读取", "make it a proper model", "改为正式模型")
T(NM_16, "A dimension table is dim_ and what it describes", "维表命名为 dim_ 加描述对象",
  "`shop_dim` is a dimension and does not begin with dim_", "`shop_dim` 是维表，但没有以 dim_ 开头",
  "rename it to dim_...", "改名为 dim_...")
T(NM_17, "A table kept by hand carries manual as its subject, in DWD", "手工表以 manual 为主题，默认放在 DWD",
  "`dwd_trade_target` is kept by hand and its name does not say so",
  "`dwd_trade_target` 是手工表，但表名没有体现", "name it dwd_DOMAIN_manual_...",
  "命名为 dwd_业务域_manual_...")
T(NM_18, "A manual table changes by hand alone, and each change is on record",
  "手工表只由人工修改，每次修改留痕", "`dwd_trade_manual_target` is manual and a schedule writes it",
  "`dwd_trade_manual_target` 是手工表，却由调度写入", "take the schedule away, or make it a regular table",
  "取消调度，或改为常规表")

/* ---- IV.3 fields and metrics ---- */
T(NM_20, "Words of a field are parted by underscores", "字段中的单词以下划线分隔",
  "the words of `appname` are not parted", "`appname` 的单词没有分隔", "put underscores between its words",
  "用下划线分隔单词")
T(NM_21, "A name is readable before it is short, and a metric is spelt one way",
  "名称先求可读再求简短；同一指标写法一致", "`ord_c` cannot be read, or is spelt otherwise elsewhere",
  "`ord_c` 难以读懂，或与别处写法不同", "use the roots in full", "使用完整词根")
T(NM_22, "A field is no word of SQL; where it must be, `_col` is added",
  "字段不使用 SQL 关键字；无法避免时加 `_col`", "`dwd_o.order` is a word of SQL",
  "`dwd_o.order` 是 SQL 关键字", "add `_col`", "加后缀 `_col`")
T(NM_23, "A field that counts ends in _cnt", "数量类字段以 _cnt 结尾",
  "`dwd_o.order_num` counts and does not end in _cnt", "`dwd_o.order_num` 是数量，但没有以 _cnt 结尾",
  "let it end in `_cnt`", "改为以 `_cnt` 结尾")
T(NM_24, "A field of money ends in _amt for totals and _price for a unit's price",
  "金额类字段：总额以 _amt 结尾，单价以 _price 结尾",
  "`dwd_o.pay_money` is money and ends in neither _amt nor _price",
  "`dwd_o.pay_money` 是金额，但没有以 _amt 或 _price 结尾", "let it end in `_amt` or `_price`",
  "改为以 `_amt` 或 `_price` 结尾")
T(NM_25, "The partition of a day is dt, written in one format", "天分区名为 dt，格式统一",
  "`p_date` is no dt, or is written in several formats", "`p_date` 不是 dt，或格式不统一",
  "name it `dt` and keep to one format", "命名为 `dt` 并统一格式")
T(NM_26, "The partition of an hour is hh, 00 to 23", "小时分区为 hh，取值 00 到 23",
  "`24` is no hour from 00 to 23", "`24` 不是 00 到 23 的小时", "write hours with two digits",
  "小时用两位数字")
T(NM_27, "The partition of a minute is mi, 00 to 59", "分钟分区为 mi，取值 00 到 59",
  "`60` is no minute from 00 to 59", "`60` 不是 00 到 59 的分钟", "write minutes with two digits",
  "分钟用两位数字")
T(NM_28, "A boolean is is_ and what it says, and never NULL", "布尔字段命名为 is_ 加含义，且不为空",
  "`dwd_o.paid_flag` is a boolean that is NULL, or not called is_...",
  "`dwd_o.paid_flag` 是布尔字段，但为空或没有以 is_ 开头", "name it `is_...` and fill NULL with 0",
  "命名为 `is_...`，空值填 0")
T(NM_30, "The name of a metric carries a base root such as cnt, amt or ratio",
  "指标名包含基础词根，如 cnt、amt、ratio", "`trade_total` carries no base root",
  "`trade_total` 不含基础词根", "end it in its root", "以词根结尾")
T(NM_31, "The business modifier of a metric is a registered word that tells the scene",
  "指标的业务修饰词是说明场景的已登记词", "the business modifier of `jiaoyi_amt` is not registered",
  "`jiaoyi_amt` 的业务修饰词未登记", "use a registered word", "改用已登记的词")
T(NM_32, "The period in a metric's name is one of the registered codes", "指标名中的周期取自登记的代码",
  "the period in `trade_amt_lastweek` is not registered", "`trade_amt_lastweek` 中的周期未登记",
  "use a code such as 7d or 1w", "改用 7d、1w 等代码")
T(NM_33, "The aggregation in a metric's name is one of the registered codes",
  "指标名中的聚合修饰词取自登记的代码", "the aggregation in `trade_amt_mean_7d` is not registered",
  "`trade_amt_mean_7d` 中的聚合修饰词未登记", "use a code such as avg or mtd", "改用 avg、mtd 等代码")
T(NM_34, "A base metric is one business modifier and one root", "基础指标由一个业务修饰词和一个词根组成",
  "`order_trade_amt` is more than one modifier and a root", "`order_trade_amt` 不是“一个修饰词 + 一个词根”",
  "shorten it, or register it as derived", "缩短，或登记为派生指标")
T(NM_35, "A derived metric is its modifiers and the root of its base",
  "派生指标由若干修饰词加基础指标的词根组成", "`install_cnt` lacks a modifier, or the root of its base",
  "`install_cnt` 缺少修饰词或基础指标的词根", "put the modifiers before the root", "在词根前写明修饰词")
T(NM_36, "An ordinary metric is named by the rules of fields", "普通指标按字段规则命名",
  "`TotalX` breaks the rules of fields", "`TotalX` 不符合字段命名规则",
  "write it in lower case, parted, with its root", "小写、下划线分隔、带词根")
