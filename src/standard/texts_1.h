/* Words of section I: layers, subjects, principles.
 * T(rule, statement en, zh, example of what breaks it en, zh, what to do en, zh). Included by texts.c. */
#ifndef T
#define T(...) /* so that the header can be read alone */
#endif

/* ---- I.1 layers ---- */
T(LD_01, "A table declares one layer or class, and the prefix of its name says the same",
  "一张表声明且只声明一个分层或类别，并与表名前缀一致",
  "`orders_clean` has no layer, or its name begins with another one",
  "`orders_clean` 没有分层，或表名前缀与声明的分层不同", "declare `layer:` and let the name begin with it",
  "声明 `layer:`，并让表名以该分层开头")
T(LD_02, "ODS holds what the source holds: nothing is joined, summed or measured there",
  "ODS 只存放源端数据，不做关联、汇总或指标计算", "`ods_order` joins or aggregates inside ODS",
  "`ods_order` 在 ODS 内做了关联或聚合", "land the source as it is and join in a DWD model",
  "原样落地源数据，在 DWD 模型中关联")
T(LD_03, "Landing changes nothing: no row is filtered, merged or rewritten on the way into ODS",
  "入 ODS 时不改动数据：不过滤、不去重、不改写", "`ods_pay` changes rows while they land",
  "`ods_pay` 在落地时改动了数据", "land raw rows; move the rule to the DWD model",
  "落地原始数据，把规则移到 DWD 模型")
T(LD_04,
  "All columns of the source are landed, so that every figure can be traced back; one left out has its "
  "reason written down",
  "源表的所有列都要落地，以便逐级回溯；不取的列须写明原因",
  "`ods_user` leaves out columns of its source without a reason",
  "`ods_user` 未取源表的部分列，且没有写明原因", "take all columns, or list those left out with a reason",
  "取全部列，或列出不取的列并写明原因")
T(LD_05, "DWD keeps one row for each row of ODS: it does not group, except to drop duplicates of a key",
  "DWD 保持 ODS 的粒度：除按主键去重外不做分组", "`dwd_pay` groups rows, which is the work of DWM or DWS",
  "`dwd_pay` 做了分组，应属于 DWM 或 DWS", "declare it as DWM or DWS, or keep the detail",
  "改为 DWM 或 DWS，或保留明细粒度")
T(LD_06,
  "A DWD model cleans: it names its key, says what NULL becomes, maps codes and names the columns that it "
  "takes",
  "DWD 模型负责清洗规范：写明主键、空值处理、代码映射和所取的列",
  "`dwd_user` passes its source on without cleaning it", "`dwd_user` 未做清洗就把源数据传了下去",
  "list the columns, declare `key:`, and say what NULL becomes", "逐列列出，声明 `key:`，并处理空值")
T(LD_07, "Every code of a status in DWD comes from one set, written one way",
  "DWD 中状态类字段的取值来自同一套代码，写法一致",
  "`dwd_order.status` holds codes outside its set, or one code in several spellings",
  "`dwd_order.status` 含有代码集之外的取值，或同一代码有多种写法",
  "map the codes in the DWD model through a small dimension", "在 DWD 模型中通过低基数维表映射代码")
T(LD_08, "DWD carries the attributes that its readers always join for", "DWD 冗余下游总要关联的维度属性",
  "several readers join `dwd_order` to the same dimension for the same attribute",
  "多个下游为同一属性把 `dwd_order` 与同一维表关联", "add the attribute to the DWD table",
  "把该属性冗余到 DWD 表")
T(LD_09, "Detail of one subject and one grain lives in one DWD table",
  "同一主题、同一粒度的明细集中在一张 DWD 表", "`dwd_pay_web` holds the same detail as another DWD table",
  "`dwd_pay_web` 与另一张 DWD 表存放同样的明细",
  "put them into one table with a column that tells the origin", "合并为一张表，用来源字段区分")
T(LD_10, "DWM sums detail lightly over core dimensions; a model that sums nothing is no DWM",
  "DWM 在核心公共维度上做轻度汇总；不汇总的模型不属于 DWM", "`dwm_pay_1d` aggregates nothing",
  "`dwm_pay_1d` 没有做任何聚合", "move it to DWD, or aggregate", "改为 DWD，或做汇总")
T(LD_11, "DWM is made to be shared: two readers or more", "DWM 为公共复用而建：至少两个下游",
  "`dwm_pay_1d` has 1 readers in the time looked at", "`dwm_pay_1d` 在观察期内只有 1 个使用方",
  "fold it into its reader, or drop it", "并入其下游，或下线")
T(LD_12,
  "A wide table is put together from small DWM tables; it does not aggregate detail of several facts, nor "
  "ODS, by itself",
  "宽表由若干小的 DWM 表拼接而成，不直接汇总多份明细，更不直接读 ODS",
  "`dws_user_1d` computes straight from detail", "`dws_user_1d` 直接从明细计算",
  "make a DWM table for each fact and join those", "为每个事实建 DWM 表，再拼接")
T(LD_13, "A project uses DWM everywhere or says that it has none",
  "一个项目要么统一使用 DWM，要么声明不设 DWM",
  "`weir.yml` uses DWM in some subjects only, and does not say so",
  "`weir.yml` 只有部分主题使用 DWM，且没有声明", "set `layers.dwm: on` or `off` in weir.yml",
  "在 weir.yml 中设置 `layers.dwm: on` 或 `off`")
T(LD_14, "A DWS table serves one subject domain, a step coarser than detail",
  "一张 DWS 表服务于一个主题域，粒度略粗于明细",
  "`dws_shop_1d` mixes subject domains, or is as fine as detail",
  "`dws_shop_1d` 混合了多个主题域，或与明细同粒度", "split it by domain and aggregate", "按主题域拆分并汇总")
T(LD_15, "At least eight in ten reads of applications in a domain are served by its DWS",
  "一个域的应用读取至少八成由 DWS 满足", "DWS serves 55% of the application reads of `trade`",
  "`trade` 的应用读取只有 55% 由 DWS 满足", "build what is asked for most and is not covered",
  "优先建设查询最多而未覆盖的汇总")
T(LD_16, "Few DWS tables that each cover much: one subject at one grain is one table",
  "DWS 表少而全：同一主题、同一粒度只有一张表",
  "`dws_shop_b_1d` repeats the subject and grain of another DWS table",
  "`dws_shop_b_1d` 与另一张 DWS 表主题和粒度相同", "merge them", "合并")
T(LD_17, "An APP table names who uses it and where it is served from", "APP 表写明使用方和目标存储",
  "`app_board` names no consumer", "`app_board` 没有写明使用方",
  "declare `consumer:` and the store that it goes to", "声明 `consumer:` 及目标存储")
T(LD_18,
  "A dimension says whether it is large (users, goods) or small (codes, dates, settings); codes are read "
  "from it, not written into queries",
  "维表声明基数高低（用户、商品为高；枚举、日期、配置为低）；代码含义取自维表，不写死在 SQL 中",
  "`dim_status` does not say whether it is large or small", "`dim_status` 没有声明高基数或低基数",
  "declare `cardinality: high` or `low`", "声明 `cardinality: high` 或 `low`")
T(LD_19, "The way from source to application is short: at most ten steps", "从源到应用的链路不过长：至多十层",
  "the chain that ends in `app_board` is too long", "以 `app_board` 结束的链路过长",
  "merge steps of the path shown", "合并所示链路中的步骤")
T(LD_20, "Changes of the source end at DWD: what lies above sees named columns that were promised",
  "源端变化止于 DWD：其上只见到约定好的列", "columns of the source reach `app_board` unseen, through `*`",
  "源表的列经由 `*` 直达 `app_board`", "write the columns out and promise them", "把列逐一列出，形成契约")
T(LD_21, "No two models are the same query", "没有两个模型是同一查询",
  "`dwd_b` is the same query as another model", "`dwd_b` 与另一个模型查询相同",
  "keep one; make the other a view of it", "保留一个，另一个改为视图")

/* ---- I.2 subjects and domains ---- */
T(SJ_01, "A business process is one event that cannot be divided, registered under one business line",
  "业务过程是不可再分的单一事件，登记在一条业务线下",
  "`order_and_pay` is more than one event, or has no single business line",
  "`order_and_pay` 包含多个事件，或不属于唯一的业务线", "split it into its events", "拆成单一事件")
T(SJ_02, "Each process and each dimension belongs to one registered data domain",
  "每个业务过程和维度只属于一个已登记的数据域", "`refund` belongs to no registered domain, or to several",
  "`refund` 不属于已登记的域，或同时属于多个域", "choose one domain; name the rest as aliases",
  "选定一个域，其余记为别名")
T(SJ_03, "Domains stay: what is new finds a place, or adds a domain and moves no other; a change is approved",
  "数据域稳定：新需求能归入现有域或新增域，不移动其他域；变更须审批", "`trade` moves what other domains hold",
  "`trade` 的变更移动了其他域的内容", "add a domain; change the list with an approved request",
  "新增域，并走变更审批")
T(SJ_04, "The subject of a DWD table is a business process", "DWD 表的主题就是业务过程",
  "`dwd_misc` names no process", "`dwd_misc` 没有指明业务过程", "declare `process:`", "声明 `process:`")
T(SJ_05, "The subject of a summary is an entity and what it does", "汇总表的主题是“实体 + 活动”",
  "the subject of `dws_misc_1d` is no entity with an activity", "`dws_misc_1d` 的主题不是“实体 + 活动”",
  "name it like user_trade or shop_visit", "按 user_trade、shop_visit 这样命名")
T(SJ_06, "The subject of an APP table is the application that it serves", "APP 表的主题是所服务的应用",
  "`app_trade` does not name its application", "`app_trade` 没有指明所服务的应用", "name the application",
  "写明应用")

/* ---- I.3 principles ---- */
T(PR_01, "Subjects cohere and hang together loosely: facts of different subjects are not joined in DWD",
  "高内聚、低耦合：DWD 中不跨主题关联事实", "`dwd_trade_pay` joins facts of different subjects",
  "`dwd_trade_pay` 关联了不同主题的事实", "join them in DWS or APP", "在 DWS 或 APP 中关联")
T(PR_02,
  "A core model stays free of fields that one application alone uses; an extension table beside it holds "
  "those",
  "核心模型不含仅供单一应用的字段；这类字段放入扩展表",
  "`dwd_order.promo_flag` is read by one application only", "`dwd_order.promo_flag` 只被一个应用使用",
  "move it to an extension table with the same key", "移到同主键的扩展表")
T(PR_03, "Logic that is shared is written once", "公共逻辑只实现一次",
  "`amt - refund_amt` is written in several models", "`amt - refund_amt` 在多个模型中重复实现",
  "move it down to the nearest model that they all read", "下沉到它们共同的上游模型")
T(PR_04, "Shared logic is not left to applications", "公共逻辑不留给应用层实现",
  "`app_board` repeats logic of other applications", "`app_board` 重复了其他应用中的逻辑",
  "move it into DWD or DWM", "下沉到 DWD 或 DWM")
T(PR_05, "A copy that saves time may cost storage, within a budget, and only while it is read",
  "适度冗余可换取速度，但有上限，且无人使用的副本要下线",
  "`dwd_order_copy` is a copy that nobody reads, or beyond the budget",
  "`dwd_order_copy` 是无人使用或超出限额的冗余副本", "drop it, or make it a view", "下线，或改为视图")
T(PR_06, "The same logic gives the same rows whenever it runs: no clock, no chance, no order left open",
  "同一逻辑任何时候运行结果相同：不依赖当前时间、随机数或不确定的排序",
  "`dwd_a` depends on when, or in which order, it runs", "`dwd_a` 的结果取决于运行时间或顺序",
  "use the business date, and order by enough columns", "改用业务日期，并补全排序列")
T(PR_07,
  "A write can be repeated: it replaces a partition, an interval or rows of a key; appending needs a key "
  "that drops repeats",
  "写入可重复执行：按分区、区间或主键覆盖；追加写必须有去重键",
  "`dwd_log` appends without a key that drops repeats", "`dwd_log` 追加写且没有去重键",
  "overwrite the interval, or declare the key", "改为覆盖区间，或声明去重键")
T(PR_08, "The same logic over the same inputs gives the same content",
  "同一版本的逻辑对同样的输入得到同样的内容", "two runs of `dws_shop_1d` over the same inputs differ",
  "`dws_shop_1d` 对同样输入的两次运行结果不同", "hold the run back and look at the rows that differ",
  "隔离该次运行，查看差异行")
