/* Words of the rules beside the standard.
 * T(rule, statement en, zh, example of what breaks it en, zh, what to do en, zh). Included by texts.c. */
#ifndef T
#define T(...) /* so that the header can be read alone */
#endif
T(EX_01, "A task writes one table", "一个任务只写一张表", "one job writes two tables", "一个任务写了两张表",
  "split the job", "拆分任务")
T(EX_02, "A table that several tasks write has one task that joins them", "多个任务写同一张表时需要汇合任务",
  "two jobs write `dws_a`", "两个任务写 `dws_a`", "let both write parts and one task unite them",
  "各自写中间表，由一个任务合并")
T(EX_03, "Tables are named by model, not by a path or a database of another place",
  "引用模型而不是写死的库表路径", "FROM prod_db.x", "FROM prod_db.x", "name the model", "改为引用模型")
T(EX_04, "Source tables are read by the first layer alone", "源表只由第一层读取",
  "a DWS model joins an ODS table", "DWS 模型直接关联 ODS 表", "read the DWD that cleans it",
  "改读清洗后的 DWD")
T(EX_05, "What is landed is read by something", "落地的数据应有下游", "an ODS table without readers",
  "没有下游的 ODS 表", "stop landing it, or say what it is for", "停止接入，或说明用途")
T(EX_06, "A model has few direct readers of its own layer (3)", "同层直接下游不过多（3 个）",
  "6 DWD models read one DWD", "6 个 DWD 读同一个 DWD", "put what they share between", "把公共部分下沉")
T(EX_07, "A query joins at most 7 tables", "一个查询最多关联 7 张表", "9 joins in one model",
  "一个模型有 9 个关联", "split it at a natural grain", "按自然粒度拆分")
T(EX_08, "A model does not join again what its input already holds", "不重复关联输入中已有的上游",
  "reads a and b, where b is made of a", "同时读 a 和由 a 加工的 b", "take the columns from one of them",
  "只从其中一个取列")
T(EX_09, "Views do not stand on more than 3 views", "视图嵌套不超过 3 层", "4 chained views", "4 层视图",
  "build one of them as a table", "把其中一层物化为表")
T(EX_10, "A model checks that its key is unique and present", "模型应检查主键唯一且非空",
  "no unique check on the key", "主键没有唯一性检查", "add `checks: [{unique: [key]}]`",
  "增加 `checks: [{unique: [主键]}]`")
T(EX_11, "A source says how fresh it must be", "数据源应声明时效", "no `freshness`", "没有 `freshness`",
  "declare `freshness:`", "声明 `freshness:`")
T(EX_12, "What others may read is described", "对外开放的表应有说明", "a product's table without description",
  "数据产品的表没有说明", "write `description:`", "补充 `description:`")
T(EX_13, "What others may read is promised by a contract", "对外开放的表应有契约",
  "a product without `contract`", "数据产品没有 `contract`", "declare `contract:`", "声明 `contract:`")
T(EX_14, "A table is graded at least as high as what reads it", "表的等级不低于其下游", "P0 reads P2",
  "P0 读取 P2", "raise the grade of the input", "提高上游等级")
T(EX_15, "No SELECT *, and every model is checked", "不使用 SELECT *，且每个模型都有检查",
  "SELECT * FROM dwd_a", "SELECT * FROM dwd_a", "name the columns", "写出列名")
T(EX_16, "Personal data is masked by a policy", "个人数据应有脱敏策略", "a column tagged pii without policy",
  "标记 pii 的列没有策略", "write a policy on `tag:pii`", "为 `tag:pii` 编写策略")
