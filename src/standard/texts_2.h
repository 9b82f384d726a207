/* Words of section II: calls, types, redundancy, NULL, metrics, kinds, life cycle.
 * T(rule, statement en, zh, example of what breaks it en, zh, what to do en, zh). Included by texts.c. */
#ifndef T
#define T(...) /* so that the header can be read alone */
#endif

/* ---- II.1 who may read whom ---- */
T(LR_01, "DWS reads DWD only where use is very low; else the domain lacks its DWM",
  "DWS 直接读 DWD 说明该域缺少 DWM；仅在使用极少时允许", "`dwd_click->dws_user_1d` leaves DWM out",
  "`dwd_click->dws_user_1d` 绕过了 DWM", "build the DWM table, or mark `low_use: true`",
  "建设 DWM 表，或标记 `low_use: true`")
T(LR_02, "A DWS table reads the DWD or the DWM of a subject, not both",
  "同一主题下，DWS 只读 DWD 或只读 DWM，不同时读两者", "`dws_shop_1d` reads DWD and DWM of one subject",
  "`dws_shop_1d` 同时读取了同一主题的 DWD 和 DWM", "move what is missing into the DWM table",
  "把缺少的字段补进 DWM 表")
T(LR_03, "Inside a subject DWM is not built from DWM", "同一主题内 DWM 不依赖 DWM",
  "`dwm_a->dwm_b` builds DWM from DWM of the same subject", "`dwm_a->dwm_b` 在同一主题内由 DWM 生成 DWM",
  "build both from DWD", "两者都从 DWD 生成")
T(LR_04, "Only DWD reads ODS (and DIM, where the project allows it)",
  "只有 DWD 读取 ODS（项目允许时 DIM 也可）", "`ods_order->app_report` reads ODS from above DWD",
  "`ods_order->app_report` 越过 DWD 读取 ODS", "put a DWD model between them", "在中间增加 DWD 模型")
T(LR_05, "Nothing reads against the order of layers", "不得反向依赖",
  "`dws_user_1d->dwm_pay_1d` reads against the order of layers", "`dws_user_1d->dwm_pay_1d` 是反向依赖",
  "move the logic down and cut the edge", "逻辑下沉，去掉该依赖")
T(LR_06, "APP reads DWD or DWM only while the work is exploratory",
  "只有探索性需求的 APP 可以直接读 DWD 或 DWM", "`dwd_order->app_board` is a stable application past DWS",
  "`dwd_order->app_board` 是绕过 DWS 的稳定应用",
  "go through DWS, or mark it exploratory with a day of review", "经由 DWS，或标为探索性并写明复审日期")
T(LR_07, "A model says whether its business is stable or exploratory; stable work follows every layer",
  "模型声明业务稳定或探索；稳定业务逐层建设", "`app_board` says neither stable nor exploratory",
  "`app_board` 没有声明稳定或探索", "declare `stability:`", "声明 `stability:`")

/* ---- II.2 types ---- */
T(TY_01, "Money is decimal(28,6); double is borne", "金额为 decimal(28,6)，也可用 double",
  "`dwd_order.pay_amt` is money and of type float", "`dwd_order.pay_amt` 是金额，类型却为 float",
  "make it decimal(28,6)", "改为 decimal(28,6)")
T(TY_02, "Money says its unit (fen or yuan), the same wherever the column occurs",
  "金额写明单位（分或元），同一字段处处一致",
  "`dwd_order.pay_amt` is money and its unit is missing or differs from elsewhere",
  "`dwd_order.pay_amt` 是金额，但没有单位或与别处不同", "declare `unit:`, such as CNY_fen",
  "声明 `unit:`，如 CNY_fen")
T(TY_03, "Text is string, without a length", "文本为 string，不写长度",
  "`dwd_order.memo` is text and of type varchar(10)", "`dwd_order.memo` 是文本，类型却为 varchar(10)",
  "make it string", "改为 string")
T(TY_04, "An id is bigint", "ID 为 bigint", "`dwd_order.user_id` is an id and of type string",
  "`dwd_order.user_id` 是 ID，类型却为 string", "make it bigint, or declare `role: code`",
  "改为 bigint，或声明 `role: code`")
T(TY_05, "A time is a string in one declared format, or the engine's own date or timestamp",
  "时间为统一格式的 string，或引擎的日期、时间类型",
  "`dwd_order.pay_time` is a time and of type int, or its format differs from elsewhere",
  "`dwd_order.pay_time` 是时间，类型为 int，或格式与别处不同",
  "make it a date, a timestamp or a string in the declared format", "改为日期、时间戳，或约定格式的字符串")
T(TY_06, "A status is string", "状态为 string", "`dwd_order.order_status` is a status and of type tinyint",
  "`dwd_order.order_status` 是状态，类型却为 tinyint", "make it string", "改为 string")
T(TY_07, "One column name has one type in the whole warehouse", "同名列在整个数仓中类型一致",
  "`shop_id` has 2 types: bigint + string", "`shop_id` 有 2 种类型：bigint + string",
  "cast it where it first appears", "在最早出现的层统一转换")

/* ---- II.3 redundancy ---- */
T(RD_01, "A redundant column serves three tables or more", "冗余字段至少服务三张下游表",
  "`dws_order_1d.city_name` is redundant and 1 tables use it",
  "`dws_order_1d.city_name` 是冗余字段，只有 1 张表使用", "take it out and join the dimension",
  "去掉该字段，改为关联维表")
T(RD_02, "A redundant column does not make its table late", "冗余字段不应明显拖慢产出",
  "`dws_order_1d.risk_level` delays its table by 120 minutes",
  "`dws_order_1d.risk_level` 使所在表推迟 120 分钟", "split it off, or join it later", "拆出，或延后关联")
T(RD_03, "At most 60 % of a table's columns stand in another table already", "与已有表重复的列不超过 60%",
  "`dws_b_1d` repeats 24 of its 30 columns from dws_a_1d", "`dws_b_1d` 的 30 列中有 24 列与 dws_a_1d 重复",
  "join, or extend the table that is there", "改为关联，或扩展已有表")

/* ---- II.4 NULL ---- */
T(NU_01, "A dimension without a value holds -1 (or its declared sentinel), never NULL",
  "维度缺值填 -1（或声明的哨兵值），不留空", "`dwd_order.city_id` is a dimension and NULL in 3 rows",
  "`dwd_order.city_id` 是维度，有 3 行为空", "fill with -1 and let the dimension table carry a row -1",
  "填 -1，并在维表中保留 -1 行")
T(NU_02, "A measure without a value holds 0; a ratio may opt out with a reason",
  "度量缺值填 0；比率类可写明原因后例外", "`dwm_pay_1d.pay_amt` is a measure and NULL in 3 rows",
  "`dwm_pay_1d.pay_amt` 是度量，有 3 行为空", "fill with 0, or declare `fill: {none: REASON}`",
  "填 0，或声明 `fill: {none: 原因}`")

/* ---- II.5 metrics ---- */
T(ME_01, "In one domain a metric's name has one definition", "同一主题域内一个指标名只有一种口径",
  "`trade_amt` has 2 definitions", "`trade_amt` 有 2 种口径", "merge them, or rename one", "合并，或改名")
T(ME_02, "One definition has one name", "一种口径只有一个名称", "`pay_amt` is defined like trade_amt",
  "`pay_amt` 与 trade_amt 口径相同", "keep one; make the other an alias", "保留一个，另一个作为别名")
T(ME_03, "Two metrics that must both live have names that tell them apart",
  "确需并存的两个指标，名称要能区分", "`gmv` is the name of different metrics in trade + finance",
  "`gmv` 在 trade + finance 中是不同的指标", "let the names tell the difference", "用名称体现差别")
T(ME_04, "A metric at one grain and period comes from one table", "同一粒度、同一周期的指标只由一张表产出",
  "`trade_amt_1d` is made by app_a + app_b", "`trade_amt_1d` 由 app_a + app_b 同时产出",
  "read it from the one that owns it", "统一从归属表读取")
T(ME_05, "Each metric column in DWM, DWS and APP is bound to a registered metric",
  "DWM、DWS、APP 中的指标列都绑定到已登记的指标",
  "`dws_shop_1d.x1` is a metric column without a registered metric",
  "`dws_shop_1d.x1` 是指标列，但没有绑定指标", "declare `metric:`, or remove it", "声明 `metric:`，或删除")
T(ME_06, "An atomic metric names product line, business segment, data domain and process",
  "原子指标写明产品线、业务板块、数据域和业务过程", "`pay_amt` lacks process", "`pay_amt` 缺少 process",
  "fill them in", "补全")
T(ME_07, "An atomic metric is computed from the detail table of its process",
  "原子指标取自其业务过程的明细表", "`pay_amt` is drawn from dws_user_1d, which is no detail of its process",
  "`pay_amt` 取自 dws_user_1d，并非其业务过程的明细表", "draw it from the DWD table of the process",
  "改为取自该过程的 DWD 表")
T(ME_08, "An atomic metric has an English name, a Chinese name and a summary",
  "原子指标有英文名、中文名和说明", "`pay_amt` lacks summary", "`pay_amt` 缺少 summary", "fill them in",
  "补全")
T(ME_09, "An atomic metric names a function that fits the type of its column",
  "原子指标写明函数，且与列类型相符", "`pay_amt` uses sum over string", "`pay_amt` 对 string 使用了 sum",
  "choose a function that fits", "改用合适的函数")
T(ME_10, "The expression of an atomic metric follows from its function and column",
  "原子指标的表达式由函数和列生成", "`pay_amt` has the expression sum(amt) * 2; its function gives sum(amt)",
  "`pay_amt` 的表达式为 sum(amt) * 2，按函数应为 sum(amt)", "generate it anew", "重新生成")
T(ME_11, "The SQL of an atomic metric follows from its expression and its table",
  "原子指标的 SQL 由表达式和来源表生成", "`pay_amt` keeps SQL that is not what its expression gives",
  "`pay_amt` 保存的 SQL 与表达式不一致", "generate it anew", "重新生成")
T(ME_12, "A derived metric is one atomic metric and at least one dimension, filter or period",
  "派生指标由一个原子指标加至少一个维度、限定或周期组成", "`pay_amt_7d` lacks atomic metric",
  "`pay_amt_7d` 缺少 atomic metric", "bind it, or register it as atomic", "补全绑定，或登记为原子指标")
T(ME_13, "A derived metric has the type, precision, unit and additivity of its base",
  "派生指标的类型、精度、单位和可加性与基础指标一致", "`shop_cnt` differs from its base in type",
  "`shop_cnt` 的 type 与基础指标不同", "take those of the base", "与基础指标保持一致")
T(ME_14, "Where a metric is published twice, the values agree", "同一指标多处发布时数值一致",
  "`gmv_1d` differs between dws_a_1d + dws_b_1d", "`gmv_1d` 在 dws_a_1d + dws_b_1d 中数值不同",
  "look at the keys shown; hold back the table that does not own it", "查看所示的键，拦下非归属表")

/* ---- II.6 kinds of tables ---- */
T(TK_01, "A table says whether it is incremental, full, snapshot or zipper, and its suffix agrees",
  "表声明为增量、全量、快照或拉链，且与后缀一致", "`dwd_order_i` declares full; its suffix says incremental",
  "`dwd_order_i` 声明为 full，后缀表示 incremental", "declare the kind that it is, or rename it",
  "声明真实的类型，或改名")
T(TK_02, "An increment holds what came since the last one", "增量表只含上次导出之后的数据",
  "`dwd_order_i` holds 12 rows at or before the watermark 2024-05-01",
  "`dwd_order_i` 有 12 行不晚于水位 2024-05-01", "mend the cursor, or declare a window for late rows",
  "修正增量游标，或声明迟到窗口")
T(TK_03, "An increment stores what was added, not the total", "增量表存增量，不存累计",
  "`dwd_order_i.total_amt` is a running total in an incremental table",
  "`dwd_order_i.total_amt` 是增量表中的累计列", "store the increase", "改存增量")
T(TK_04, "Rows that did not change are not reported again", "未变化的记录不重复上报",
  "300 rows of `dwd_order_i` are equal to their version before", "`dwd_order_i` 有 300 行与上一版本相同",
  "drop them by a hash of the row", "按行哈希过滤")
T(TK_05, "An incremental table has a partition for each day", "增量表每天一个分区",
  "`dwd_order_i` is incremental and not parted by day", "`dwd_order_i` 是增量表，但没有按天分区",
  "part it by `dt`", "按 `dt` 分区")
T(TK_06, "A full load brings every row, changed or not", "全量加载包含所有记录，无论是否变化",
  "the load of `dwd_user_a` holds 50 rows of 1000 known", "`dwd_user_a` 本次加载 50 行，已知 1000 行",
  "refuse the load and read the source again", "拒绝该次加载，重新读取源端")
T(TK_07, "A full table has one partition: the newest state", "全量表只有一个分区，即最新状态",
  "`dwd_user_a` is full and parted by dt", "`dwd_user_a` 是全量表，却按 dt 分区",
  "take the partitions away, or declare a snapshot", "去掉分区，或声明为快照")
T(TK_08, "A snapshot is parted by day; a partition is the full state of its day and of no other",
  "快照表按天分区，每个分区是当天的全量状态", "`dwd_user_d` has no partition by day, or several days in one",
  "`dwd_user_d` 没有按天分区，或一个分区含多天", "part it by `dt` and overwrite by day",
  "按 `dt` 分区，按天覆盖")
T(TK_09, "A snapshot is written on every day, also when nothing changed", "快照表每天都要写入，无变化也写",
  "the day `dwd_user_d@2024-05-02` is missing", "缺少 `dwd_user_d@2024-05-02`",
  "fill the day in with `weir backfill`", "用 `weir backfill` 补跑")
T(TK_10, "A snapshot has all rows on every day; a key that is gone was deleted on record",
  "快照每天含全部记录；消失的键须有删除记录",
  "`dwd_user_d:7` is gone on 2024-05-02 without a record of deletion",
  "`dwd_user_d:7` 在 2024-05-02 消失且没有删除记录", "compare with the source and take the snapshot again",
  "与源端核对，重做快照")
T(TK_11, "The versions of a key follow each other without overlap; a gap is a time in which it was deleted",
  "同一键的各版本首尾相接不重叠；空档只出现在被删除期间",
  "the versions of `dim_user_l:7` overlap, or leave a gap, at 2024-05-03",
  "`dim_user_l:7` 的版本在 2024-05-03 重叠或断档", "rebuild the key from its log or snapshots",
  "用日志或快照重建该键")
T(TK_12, "After each load a living key has exactly one open row", "每次加载后，存续的键有且只有一条开链记录",
  "`dim_user_l:7` has 2 open rows", "`dim_user_l:7` 有 2 条开链记录",
  "repair the key, and look at the key of the merge", "修复该键，并检查合并键")
T(TK_13, "A zipper is one table to its readers; how it is split inside is hidden",
  "拉链表对使用方是一张整表，内部切分不可见", "`dim_user_l` is a zipper parted by dt",
  "`dim_user_l` 是拉链表，却按 dt 分区", "present one table; read it as of a day",
  "对外呈现一张表，按时点查询")

/* ---- II.7 life cycle ---- */
T(LC_01, "Each table has a grade, P0 to P3", "每张表都有等级 P0 到 P3", "`dwd_order` has no grade",
  "`dwd_order` 没有等级", "declare `grade:`", "声明 `grade:`")
T(LC_02, "P0 data is never deleted by a machine", "P0 数据永不自动删除",
  "`dwd_order` is P0 and kept for 365 days only", "`dwd_order` 为 P0，却只保留 365 天",
  "keep it for ever; move old parts to cold storage", "永久保留，旧数据转冷存")
T(LC_03, "P1 data goes only after a verified archive", "P1 数据须先归档并校验才可删除",
  "`dwd_order` is P1, kept for 93 days, and not archived", "`dwd_order` 为 P1，保留 93 天且未归档",
  "declare `lifecycle: {archive: true}`", "声明 `lifecycle: {archive: true}`")
T(LC_04, "What claims to be recoverable has inputs that live as long as it does",
  "声称可恢复的表，其输入至少与它保留得一样久",
  "`dwm_pay_1d` keeps 365 days; its input ods_order_delta keeps 14",
  "`dwm_pay_1d` 保留 365 天，其输入 ods_order_delta 只保留 14 天",
  "keep the input longer, or raise the grade", "延长输入的保留期，或提高等级")
T(LC_05,
  "Each table is one of seven types: event flow, event mirror, dimension, merged full, ETL temporary, sync "
  "temporary, ordinary full",
  "每张表属于七种类型之一：事件流水、事件镜像、维表、合并全量、ETL 临时、同步临时、普通全量",
  "`dwd_order` has no type, or an unknown one", "`dwd_order` 没有类型或类型未知", "declare `type:`",
  "声明 `type:`")
T(LC_06, "A flow has no key, or no key twice", "流水表没有主键，或主键不重复",
  "`ods_click` is a flow in which 8 keys come again", "`ods_click` 是流水表，却有 8 个主键重复",
  "declare it an event mirror", "改为事件镜像")
T(LC_07, "A mirror has a key, and attributes that change slowly", "镜像表有主键，属性缓慢变化",
  "`ods_order` is a mirror without a key", "`ods_order` 是镜像表，但没有主键", "declare `key:`",
  "声明 `key:`")
T(LC_08, "A table of the type dimension lives in DIM", "类型为维表的表放在 DIM 层",
  "`dws_shop_1d` is of the type dimension and lives in dws", "`dws_shop_1d` 类型为维表，却在 dws 层",
  "move it to DIM, or change the type", "移到 DIM，或改类型")
T(LC_09, "After a merge a key has one row, the newest; the day before is kept beside it",
  "合并后每键一行且为最新；前一天的分区同时保留",
  "`dwd_user_a` has a key twice, or keeps less than two partitions",
  "`dwd_user_a` 主键重复，或保留少于两个分区", "keep two partitions and drop repeats by key",
  "至少保留两个分区，按主键去重")
T(LC_10, "Temporary data of a job lives seven days at most", "ETL 临时数据最多保留 7 天",
  "`mid_a_0` is temporary and kept for 30", "`mid_a_0` 是临时表，却保留 30",
  "keep it for 7 days, or drop it after the job", "保留 7 天，或作业后删除")
T(LC_11, "Raw sync data lives 93 days at most, and goes only when ODS has its copy",
  "同步临时数据最多保留 93 天，且 ODS 已有副本才可删除", "`ods_order_raw` keeps raw sync data for 365",
  "`ods_order_raw` 的同步临时数据保留 365", "keep it for 93 days or less", "保留不超过 93 天")
T(LC_12, "A full pull may be kept long, as long as its grade says", "普通全量表可长期保留，时长由等级决定",
  "`dwd_shop_a` is kept for for ever; its grade allows 93", "`dwd_shop_a` 保留 永久，其等级允许 93",
  "take the value of the matrix", "采用矩阵中的值")
T(LC_13, "Retention follows grade and type; another value has a reason",
  "保留期由等级和类型决定；取其他值须写明原因", "`dim_shop` keeps 1095; the matrix says 33",
  "`dim_shop` 保留 1095，矩阵为 33", "take the value of the matrix, or give a reason",
  "采用矩阵中的值，或写明原因")
