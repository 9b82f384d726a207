/* Words of section III: ODS, DIM, DWD, DWS.
 * T(rule, statement en, zh, example of what breaks it en, zh, what to do en, zh). Included by texts.c. */
#ifndef T
#define T(...) /* so that the header can be read alone */
#endif

/* ---- III.1 ODS ---- */
T(OD_01, "A table of a source is synced once", "一张源表只同步一次", "`mysql.a.orders` is synced by j1 + j2",
  "`mysql.a.orders` 被 j1 + j2 重复同步", "use the first sync", "复用已有的同步")
T(OD_02, "The first full load and the increments after it are declared apart", "首次全量与后续增量分开声明",
  "`mysql.a.orders` does not keep its full and its incremental load apart",
  "`mysql.a.orders` 没有区分全量与增量加载", "declare the full part and the cursor of the increments",
  "分别声明全量部分和增量游标")
T(OD_03, "An ODS table is parted by date, and by hour where it comes hourly",
  "ODS 表按统计日期（及小时）分区", "`ods_order` is not parted by date", "`ods_order` 没有按日期分区",
  "part it by `dt` (and `hh`)", "按 `dt`（及 `hh`）分区")
T(OD_04, "A column that the source lost is filled and noted; the sync goes on",
  "源端缺失的列自动填充并记录，同步不中断",
  "`mysql.a.orders` does not say what fills a column that the source lost",
  "`mysql.a.orders` 没有声明源端缺列时如何填充", "declare `on_missing: fill`", "声明 `on_missing: fill`")
T(OD_05, "A flow that cannot be made again is kept for ever", "不可再生的流水全量永久保留",
  "`ods_click` cannot be made again and is kept for 180 days", "`ods_click` 不可再生，却只保留 180 天",
  "keep it for ever", "永久保留")
T(OD_06, "A log names the rule by which it is kept", "日志写明保留依据",
  "`ods_log` is a log and names no rule of retention", "`ods_log` 是日志，但没有写明保留依据",
  "name the law or contract, or 24 months for large logs", "写明法规或合同；大体量日志 24 个月")
T(OD_07, "Special days that must stay are listed", "需长留的特殊日期列出清单",
  "`ods_click` goes after 180 days and lists no days that stay",
  "`ods_click` 保留 180 天，且没有列出长留的日期", "list them under `keep_dates:`", "在 `keep_dates:` 中列出")
T(OD_08, "Special months that must stay are listed", "需长留的特殊月份列出清单",
  "`ods_click` goes after 180 days and lists no months that stay",
  "`ods_click` 保留 180 天，且没有列出长留的月份", "list them under `keep_months:`",
  "在 `keep_months:` 中列出")
T(OD_09, "A full mirror is stored by day", "镜像全量按天存储", "`ods_user` is a mirror and not stored by day",
  "`ods_user` 是镜像全量，但没有按天存储", "part it by `dt`", "按 `dt` 分区")
T(OD_10, "The changes of a mirror are kept as snapshots or a zipper", "镜像的历史变化以快照或拉链保留",
  "`ods_user` is overwritten and loses its changes", "`ods_user` 原地覆盖，丢失历史变化",
  "keep snapshots, or a zipper", "保留快照或拉链")
T(OD_11, "The newest data of a mirror is in its last partition", "镜像的最新数据在最大分区",
  "data newer than its last partition stands in `ods_user@2024-05-01`",
  "`ods_user@2024-05-01` 中有比最大分区更新的数据",
  "do not let a backfill write the newest data into an old partition", "补数不要把最新数据写入旧分区")
T(OD_12, "How long the old partitions of a mirror stay is declared", "镜像的历史分区声明保留期",
  "`ods_user` sets no limit to its history", "`ods_user` 没有声明历史保留期",
  "declare `lifecycle:`, or store it as a zipper", "声明 `lifecycle:`，或改为拉链存储")
T(OD_13, "A delta is stored by day", "增量按天存储", "`ods_order_delta` is a delta and not stored by day",
  "`ods_order_delta` 是增量表，但没有按天存储", "part it by `dt`", "按 `dt` 分区")
T(OD_14, "A delta beside a full table is kept for 14 days", "有对应全量表的增量保留 14 天",
  "`ods_order_delta` has a full table beside it and is kept for 365",
  "`ods_order_delta` 有对应全量表，却保留 365", "keep it for 14 days", "保留 14 天")
T(OD_15, "A delta without a full table is kept for ever", "没有全量表的增量永久保留",
  "`ods_order_delta` has no full table and is kept for 14 days",
  "`ods_order_delta` 没有对应全量表，却只保留 14 天", "keep it for ever, or build the full table",
  "永久保留，或建设全量表")
T(OD_16, "A temporary table of ODS lives seven days at most", "ODS 临时表最多保留 7 天",
  "`ods_tmp_a` is temporary and kept for 30", "`ods_tmp_a` 是临时表，却保留 30", "keep it for 7 days or less",
  "保留不超过 7 天")
T(OD_17, "A temporary table of ODS goes after its use and is made anew", "ODS 临时表用完即删，下次重建",
  "`ods_tmp_a` is left behind after its job", "`ods_tmp_a` 在作业后仍然保留",
  "declare `drop_after_use: true`", "声明 `drop_after_use: true`")
T(OD_18, "Raw sync data with repeats goes once its merge was verified", "未去重的同步数据在合并校验后删除",
  "`ods_order_raw` keeps raw sync data after the merge", "`ods_order_raw` 在合并后仍保留原始同步数据",
  "declare `drop_after_use: true`", "声明 `drop_after_use: true`")
T(OD_19, "A full table has a unique key", "全量表配置唯一主键", "`ods_user` is full and has no key",
  "`ods_user` 是全量表，但没有主键", "declare `key:` and check that it is unique", "声明 `key:` 并检查唯一性")
T(OD_20, "An empty partition is noticed", "监控空分区", "the partition `ods_order@2024-05-01` is empty",
  "分区 `ods_order@2024-05-01` 为空", "load the day again; check `row_count: {min: 1}`",
  "重新加载该天；检查 `row_count: {min: 1}`")
T(OD_21, "New and vanished codes, and a shift of their shares, are noticed",
  "监控枚举值的新增、消失和分布变化", "`ods_order.status` has new codes (9), lost codes (-) or other shares",
  "`ods_order.status` 的枚举值有新增（9）、消失（-）或分布变化",
  "add the codes to the accepted set, or ask the source", "更新取值范围，或向源端确认")
T(OD_22, "Rows and bytes are compared with the period before", "行数和字节数做环比监控",
  "`ods_order@2024-05-01` changed by -40% against the period before", "`ods_order@2024-05-01` 环比变化 -40%",
  "look at the source; declare a `row_count` check with `change`",
  "检查源端；声明带 `change` 的 `row_count` 检查")
T(OD_23, "Tables and columns of ODS have comments", "ODS 的表和列都有注释", "`ods_order` has no comment",
  "`ods_order` 没有注释", "take the comment of the source", "取自源端的注释")

/* ---- III.2 DIM ---- */
T(DM_01,
  "A shared dimension has the same name, type and content everywhere; other names are registered roles",
  "公共维度处处同名、同类型、同内容；别名须登记为角色", "the dimension `member` appears as member_id + uid",
  "维度 `member` 以 member_id + uid 出现", "rename it, or register the role", "改名，或登记角色名")
T(DM_02, "A dimension gathers fields that belong together by nature", "一张维表汇集天然相关的字段",
  "`dim_goods` mixes things that are not related: goods + weather",
  "`dim_goods` 混合了不相关的对象：goods + weather", "split it", "拆分")
T(DM_03, "Small leftovers go into one junk dimension", "零散的小维度并入一张杂项维",
  "`dim_flag_a` is one of 9 very small dimensions", "`dim_flag_a` 是 9 张极小维表之一",
  "put them into one junk dimension", "合并为一张杂项维")
T(DM_04, "Buckets of a measure cover it and do not overlap", "度量分段完整覆盖且互不重叠",
  "the buckets of `click_band` overlap, or leave a gap, at 100", "`click_band` 的分段在 100 处重叠或断档",
  "write them half-open, each beginning where the last ends", "写成左闭右开，首尾相接")
T(DM_05, "A broad dimension is split into a core that is read and an extension",
  "宽维表按使用拆成核心表和扩展表", "30 of the 200 columns of `dim_user` are read",
  "`dim_user` 的 200 列中只有 30 列被使用", "split it into core and extension", "拆成核心表和扩展表")
T(DM_06, "A large dimension of which little is read has a subset beside it",
  "大维表若只用到少量数据，可建冗余子集", "reads of `dim_user` take 1% of its rows",
  "对 `dim_user` 的读取只用到 1% 的行", "keep the subset as a table of its own", "把常用子集单独成表")
T(DM_07, "A dimension is stored by day, or as a zipper", "维表按天存储，或为拉链",
  "`dim_shop` is neither parted by day nor a zipper", "`dim_shop` 既没有按天分区，也不是拉链",
  "part it by `dt`, or make it scd2", "按 `dt` 分区，或改为 scd2")
T(DM_08, "How long a dimension stays follows the longest span that one query read in three months",
  "维表保留期取决于近三个月单次查询的最大跨度", "`dim_shop` keeps 400; a span of 20 asks for 33",
  "`dim_shop` 保留 400；跨度 20 对应 33", "take the value of the span table", "采用跨度表中的值")

/* ---- III.3 DWD ---- */
T(DW_01, "A DWD table is parted by day", "DWD 表按天分区", "`dwd_order` is not parted by day",
  "`dwd_order` 没有按天分区", "part it by `dt`", "按 `dt` 分区")
T(DW_02, "How long DWD stays follows the span that queries read; the rules of P0 and P1 win",
  "DWD 保留期取决于查询跨度；P0、P1 的规定优先", "`dwd_order` keeps 33; a span of 80 asks for 120",
  "`dwd_order` 保留 33；跨度 80 对应 120", "take the value of the span table", "采用跨度表中的值")
T(DW_03, "A fact is a transaction, a periodic snapshot or an accumulating snapshot, and says so",
  "事实表声明为事务、周期快照或累积快照", "`dwd_order` does not say what fact it is",
  "`dwd_order` 没有声明事实类型", "declare `fact_type:`", "声明 `fact_type:`")
T(DW_04, "A transaction fact exists because somebody needs the event", "事务事实表因下游需要而建",
  "`dwd_order` has neither readers nor metrics", "`dwd_order` 既没有下游也没有指标",
  "bind it to what needs it, or drop it", "绑定使用方，或下线")
T(DW_05, "A transaction fact is parted by the time of its event", "事务事实表按事件时间分区",
  "`dwd_order` is parted by load_date, not by the time of the event",
  "`dwd_order` 按 load_date 分区，而不是事件时间", "part it by event date, with a window for late rows",
  "按事件日期分区，并设迟到窗口")
T(DW_06, "A subset that most reads want may stand beside the fact", "多数查询只用的子集可单独冗余",
  "90% of the reads of `dwd_order` want the same part of it", "对 `dwd_order` 的读取有 90% 只用同一部分",
  "keep that part as a table", "把该部分单独成表")
T(DW_07, "A fact carries the attributes that its readers need", "事实表退化下游需要的维度属性",
  "4 readers join `dwd_order` to dim_shop", "4 个下游把 `dwd_order` 与 dim_shop 关联",
  "carry the attribute in the fact", "把属性退化到事实表")
T(DW_08, "A row of a periodic snapshot is one thing in one standard period",
  "周期快照的一行是一个实体在一个标准周期的状态", "`dwd_stock` has no single standard period (day + month)",
  "`dwd_stock` 没有唯一的标准周期（day + month）", "declare one period; split the others off",
  "声明一个周期，其余拆出")
T(DW_09, "The grain of a periodic snapshot is its period, not an event", "周期快照的粒度是周期，不是事件",
  "`dwd_stock` has order_id in its key, which is an event", "`dwd_stock` 的主键含事件标识 order_id",
  "let the key be entity and period", "主键改为实体加周期")
T(DW_10, "A snapshot takes any fact of its own grain and no other",
  "周期快照可加入同粒度事实，不加入其他粒度", "`dwd_stock.order_fee` is a fact of a finer grain",
  "`dwd_stock.order_fee` 是更细粒度的事实", "aggregate it first", "先汇总")
T(DW_11, "An accumulating snapshot unites two processes or more, each with its time",
  "累积快照汇集至少两个过程，各有时间", "`dwd_ship` has 1 milestones", "`dwd_ship` 有 1 个里程碑",
  "name two milestones or more, or declare a transaction", "写明至少两个里程碑，或改为事务事实")
T(DW_12, "An accumulating snapshot gives the time between its milestones", "累积快照给出里程碑之间的时长",
  "`dwd_ship` has no measure of the time between milestones", "`dwd_ship` 没有里程碑之间的时长度量",
  "add one, such as order_to_ship_min", "增加时长列，如 order_to_ship_min")
T(DW_13, "Accumulating snapshots are few, for what transactions cannot show",
  "累积快照要少，只用于事务事实无法体现之处", "`dwd_ship` is one of 10 accumulating snapshots of one process",
  "`dwd_ship` 是同一过程的 10 张累积快照之一", "use the transaction facts", "改用事务事实表")

/* ---- III.4 DWS ---- */
T(DS_01, "An aggregate gives what its detail gives", "汇总结果与明细一致",
  "`dws_shop_1d.pay_amt` holds 90; the detail dwd_pay gives 100",
  "`dws_shop_1d.pay_amt` 为 90，明细 dwd_pay 为 100", "reconcile and rebuild", "对账并重建")
T(DS_02, "A table has one level of aggregation", "一张表只有一个汇总粒度",
  "`dws_shop_1d` has 2 levels of aggregation", "`dws_shop_1d` 有 2 个汇总粒度", "split it by level",
  "按粒度拆分")
T(DS_03, "An aggregate keeps only the dimensions that are asked for", "汇总表只保留需要的维度",
  "`dws_shop_1d` keeps dimensions that nobody reads: color + size",
  "`dws_shop_1d` 保留了无人使用的维度：color + size", "drop them", "去掉")
T(DS_04, "An aggregate declares its dimensions", "汇总表声明汇总维度", "`dws_shop_1d` declares no dimensions",
  "`dws_shop_1d` 没有声明汇总维度", "declare `dimensions:`", "声明 `dimensions:`")
T(DS_05, "Each dimension of an aggregate declares its level", "汇总的每个维度声明层级",
  "`dws_shop_1d.category` declares no level of its hierarchy", "`dws_shop_1d.category` 没有声明层级",
  "declare the level, such as {category: leaf}", "声明层级，如 {category: leaf}")
T(DS_06, "An aggregate lists its facts", "汇总表列出度量", "`dws_shop_1d` lists no measures",
  "`dws_shop_1d` 没有列出度量", "declare its measures", "声明度量")
T(DS_07, "A DWS table is public: others than its maker read it", "DWS 表具有公共性：有产出方以外的使用者",
  "`dws_shop_1d` is read by 0 others", "`dws_shop_1d` 只有 0 个其他使用方", "move it to APP", "移到 APP")
T(DS_08, "An aggregate stays inside one data domain; DIM is free", "汇总表不跨数据域；DIM 不限",
  "`dws_x_1d` reads facts of several domains: trade + log", "`dws_x_1d` 读取了多个域的事实：trade + log",
  "split it and join in APP", "拆分，在 APP 中关联")
T(DS_09, "The name of an aggregate carries its period: _1d, _td or _nd",
  "汇总表名带统计周期：_1d、_td 或 _nd", "the name `dws_user` does not carry its period",
  "表名 `dws_user` 没有体现统计周期", "add the period, such as _7d", "加上周期，如 _7d")
