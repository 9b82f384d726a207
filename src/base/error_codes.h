/* The error table: one row a code. No include guard: included with X defined.
 * X(name, number, http, mysql errno, sqlstate, exit code, retry,
 *   title en, title zh, explanation en, explanation zh)
 * W1 files and definitions, W2 SQL, W3 plan, W4 runs and loads, W5 checks, W6 connectors,
 * W7 access, W8 server, W9 a bug in Weir. Exit codes: 1 failed, 2 usage or definitions, 4 access,
 * 5 checks failed, 6 server not reachable. A number is never used again. */
X(FILE_IO, 1001, 500, 1030, "HY000", 1, false, "File error", "文件错误",
  "The operating system refused to read or write a file. The message carries its reason.",
  "操作系统拒绝读写文件，消息中有原因。")
X(FILE_NOT_FOUND, 1002, 404, 1017, "HY000", 2, false, "File not found", "找不到文件",
  "The path does not exist, or no file matches the pattern. Paths are relative to the project folder.",
  "路径不存在，或没有文件与通配符匹配。路径相对于项目目录。")
X(KEY_UNKNOWN, 1003, 422, 1105, "HY000", 2, false, "Unknown key", "未知的键",
  "A definition has a key that its kind does not know. Keys are never ignored, so that a typing error cannot change a meaning in silence.",
  "定义中有该类型不认识的键。Weir 从不忽略未知键，以免拼写错误悄悄改变含义。")
X(KEY_MISSING, 1004, 422, 1105, "HY000", 2, false, "Missing key", "缺少键",
  "A definition lacks a key that its kind needs.",
  "定义缺少该类型必需的键。")
X(VALUE_INVALID, 1005, 422, 1366, "HY000", 2, false, "Invalid value", "值无效",
  "The value is not of the type, range or set of words that the key takes.",
  "值的类型、范围或取值不符合该键的要求。")
X(NAME_INVALID, 1006, 422, 1105, "HY000", 2, false, "Invalid name", "名称无效",
  "Names are lower-case letters, digits and _, start with a letter and have at most 64 characters; SQL's reserved words are refused.",
  "名称由小写字母、数字和下划线组成，以字母开头，最长 64 个字符，且不能是 SQL 保留字。")
X(NAME_DUPLICATE, 1007, 422, 1105, "HY000", 2, false, "Duplicate name", "名称重复",
  "Two definitions of one kind have the same name in one domain. The hint names the other place.",
  "同一域内同类定义重名，提示中给出另一处位置。")
X(REFERENCE_UNKNOWN, 1008, 422, 1105, "HY000", 2, false, "Unknown reference", "引用不存在",
  "A definition names another object that no file defines.",
  "定义引用了没有任何文件定义的对象。")
X(YAML_SYNTAX, 1009, 422, 1105, "HY000", 2, false, "YAML syntax", "YAML 语法错误",
  "The file is not well-formed YAML at the place shown.",
  "文件在所示位置不是合法的 YAML。")
X(PROJECT_NOT_FOUND, 1010, 404, 1105, "HY000", 2, false, "No project here", "此处没有项目",
  "No weir.yml was found in the folder or above it. `weir init` makes one; -p names another folder.",
  "在此目录及其上级目录中没有找到 weir.yml。可用 weir init 创建，或用 -p 指定目录。")
X(CONFIG_INVALID, 1011, 422, 1231, "42000", 2, false, "Invalid setting", "设置无效",
  "A setting is unknown, or its value is not of the right type or range. `weir config` lists all.",
  "设置项未知，或取值的类型、范围不对。weir config 可列出全部。")
X(DEFINITIONS_INVALID, 1012, 422, 1105, "HY000", 2, false, "Invalid definitions", "定义有错",
  "The project's files have errors; all of them are listed. Nothing is changed until they are gone.",
  "项目文件有错误，已全部列出；改正之前不会做任何更改。")
X(JSON_INVALID, 1013, 400, 3140, "22032", 2, false, "Invalid JSON", "JSON 无效",
  "The text is not a JSON document.",
  "文本不是合法的 JSON。")
X(TIMEZONE_UNKNOWN, 1014, 422, 1298, "HY000", 2, false, "Unknown time zone", "未知时区",
  "A time zone is an IANA name such as Asia/Shanghai or an offset such as +08:00.",
  "时区应为 IANA 名称（如 Asia/Shanghai）或偏移（如 +08:00）。")
X(USAGE, 1015, 400, 1105, "HY000", 2, false, "Wrong usage", "用法错误",
  "The command's words are off. `weir help VERB` shows them.",
  "命令用法不对，weir help VERB 可查看。")
X(FILE_TOO_LARGE, 1016, 413, 1105, "HY000", 2, false, "File too large", "文件过大",
  "A definition file is larger than the limit that keeps a wrong file from being read whole.",
  "定义文件超过上限。")
X(FEATURE_UNKNOWN, 1030, 404, 1105, "HY000", 2, false, "Unknown feature", "未知特征",
  "No feature view, feature, version or service has that name. The message says where it was looked for.",
  "没有此名称的特征视图、特征、版本或特征服务，消息中给出查找的位置。")
X(FEATURE_COLLISION, 1031, 422, 1060, "42S21", 2, false, "Columns of one name", "列名冲突",
  "Two columns of the answer would have one name. Full names (view__feature) or an alias keep them apart. Nothing was read.",
  "结果中有两列同名，可用完整名称（view__feature）或别名区分。没有读取任何数据。")
X(FEATURE_IN_USE, 1032, 409, 1105, "HY000", 2, false, "Version in use", "版本正在使用",
  "The newest version of a feature view, and one that a service pins, cannot be forgotten.",
  "特征视图的最新版本以及被特征服务固定的版本不能删除。")
X(FEATURE_TYPE, 1033, 422, 1366, "HY000", 2, false, "Type of a feature", "特征类型不符",
  "A column of the source does not fit the type that the feature declares. Nothing was written.",
  "来源列与特征声明的类型不符。没有写入任何数据。")
X(ENTITY_TYPE, 1034, 422, 1105, "HY000", 2, false, "Type of an entity", "实体类型变更",
  "The key of an entity that is known keeps its type: stored values would no longer be found. Declare another entity instead.",
  "已登记实体的键类型不可更改，否则已存的值将无法找到。请另建实体。")
X(ENTITY_ROWS, 1035, 422, 1105, "HY000", 2, false, "Asking rows", "实体行有误",
  "The rows that features are asked for lack a key, a request field or a time, or their types cannot be compared with the view's.",
  "请求特征的行缺少键、请求字段或时间，或其类型无法与视图比较。")
X(PROJECT_ARCHIVED, 1036, 409, 1105, "HY000", 2, false, "Archived project", "项目已归档",
  "The project is archived: nothing is applied into it and nothing is written. `weir features unarchive` takes it back.",
  "项目已归档，不再接受应用与写入。可用 weir features unarchive 恢复。")
X(VALUE_TOO_LARGE, 1037, 413, 1406, "22001", 2, false, "Value too large", "值过大",
  "A value, a key or a row is larger than the online store takes. The message names which and the limit. Nothing of it was written.",
  "值、键或行超过在线存储的上限，消息中给出是哪一个以及上限。没有写入。")
X(FEATURE_JOB, 1038, 404, 1105, "HY000", 2, false, "Unknown retrieval", "未知的检索任务",
  "No retrieval of training rows has that id. Ended ones are forgotten after an hour, and when the server stops.",
  "没有此编号的训练数据检索任务。结束的任务保留一小时，服务停止后不再保留。")
X(SQL_SYNTAX, 2001, 400, 1064, "42000", 2, false, "SQL syntax", "SQL 语法错误",
  "The engine's parser does not understand the statement at the place shown.",
  "引擎的解析器无法理解所示位置的语句。")
X(TABLE_UNKNOWN, 2002, 404, 1146, "42S02", 2, false, "Unknown table", "未知的表",
  "No table, view or model of that name can be seen from here. A bare name means the session's database first, then the one domain that has it.",
  "这里看不到这个名字的表、视图或模型。不带库名时，先在当前库中找，再找唯一拥有它的域。")
X(DATABASE_UNKNOWN, 2003, 404, 1049, "42000", 2, false, "Unknown database", "未知的库",
  "Databases are the project's domains.",
  "库就是项目中的域。")
X(COLUMN_UNKNOWN, 2004, 400, 1054, "42S22", 2, false, "Unknown column", "未知的列",
  "The tables in FROM have no such column.",
  "FROM 中的表没有这一列。")
X(NAME_AMBIGUOUS, 2005, 400, 1052, "23000", 2, false, "Ambiguous name", "名称有歧义",
  "More than one table in reach has that name; write domain.table or table.column.",
  "可及范围内有多个同名对象，请写成 域.表 或 表.列。")
X(STATEMENT_REFUSED, 2006, 403, 1235, "42000", 2, false, "Statement not allowed", "不允许的语句",
  "Users' SQL may not read files, reach the network, load extensions or change the engine's settings.",
  "用户 SQL 不得读取文件、访问网络、加载扩展或更改引擎设置。")
X(VARIABLE_UNKNOWN, 2007, 400, 1193, "HY000", 2, false, "Unknown system variable", "未知系统变量",
  "No session variable has that name; SHOW VARIABLES lists them.",
  "没有这个会话变量，SHOW VARIABLES 可列出全部。")
X(SQL_FAILED, 2008, 400, 1105, "HY000", 1, false, "Query failed", "查询失败",
  "The engine stopped the statement; its own message is shown.",
  "引擎中止了语句，消息为引擎原文。")
X(TABLE_EXISTS, 2009, 409, 1050, "42S01", 2, false, "Table exists", "表已存在",
  "A table or view of that name is there already.",
  "同名的表或视图已存在。")
X(VALUE_OUT_OF_RANGE, 2010, 400, 1264, "22003", 1, false, "Value out of range", "值超出范围",
  "A number does not fit the type of its column.",
  "数值超出列类型的范围。")
X(TEXT_TOO_LONG, 2025, 400, 1406, "22001", 1, false, "Text is too long for its column", "文本超出列的长度",
  "A column VARCHAR(n) or CHAR(n) takes n bytes of UTF-8.",
  "VARCHAR(n) 或 CHAR(n) 列最多容纳 n 个 UTF-8 字节。")
X(TYPE_MISMATCH, 2011, 400, 1292, "22007", 1, false, "Value does not fit its type", "值与类型不符",
  "Text could not be read as the type that was asked for.",
  "文本无法按要求的类型解读。")
X(DATABASE_EXISTS, 2012, 409, 1007, "HY000", 2, false, "Database exists", "库已存在",
  "CREATE DATABASE names a database that is there already.",
  "CREATE DATABASE 指定的库已经存在。")
X(VARIABLE_READ_ONLY, 2013, 400, 1238, "HY000", 2, false, "Variable is read-only", "变量只读",
  "SET names a system variable that only describes the server.",
  "SET 指定的系统变量只描述服务器状态，不可更改。")
X(SQL_EMPTY, 2014, 400, 1065, "42000", 2, false, "Empty statement", "语句为空",
  "The text holds no statement, only blanks or comments.",
  "文本中没有语句，只有空白或注释。")
X(DATABASE_NONE, 2015, 400, 1046, "3D000", 2, false, "No database selected", "未选择库",
  "The statement needs a database: USE one, or name it.",
  "语句需要一个库：先 USE，或直接写出库名。")
X(COLUMN_COUNT, 2016, 400, 1136, "21S01", 2, false, "Wrong number of values", "值的个数不符",
  "INSERT gives a different number of values than it names columns.",
  "INSERT 给出的值与列的个数不一致。")
X(TABLE_BAD, 2017, 404, 1051, "42S02", 2, false, "Unknown table", "未知的表",
  "DROP TABLE names a table that does not exist.",
  "DROP TABLE 指定的表不存在。")
X(COLUMN_EXISTS, 2018, 409, 1060, "42S21", 2, false, "Column exists", "列已存在",
  "ALTER TABLE adds a column that the table has already.",
  "ALTER TABLE 添加的列已存在。")
X(NULL_REFUSED, 2019, 400, 1048, "23000", 1, false, "Value missing", "缺少值",
  "A column that is NOT NULL was given no value, or NULL.",
  "NOT NULL 列没有值，或被赋为 NULL。")
X(FUNCTION_UNKNOWN, 2020, 400, 1305, "42000", 2, false, "Unknown function", "未知的函数",
  "Neither the engine nor Weir's additions from MySQL and Doris have a function of that name.",
  "引擎以及 Weir 补充的 MySQL、Doris 函数中都没有这个名字。")
X(DEFAULT_NONE, 2026, 400, 1364, "HY000", 2, false, "Column without a value", "列没有值",
  "INSERT gives no value for a column that is NOT NULL and has no default.",
  "INSERT 没有给出 NOT NULL 且无默认值的列。")
X(GROUP_BY_MISSING, 2021, 400, 1055, "42000", 2, false, "Column is not grouped", "列未分组",
  "A query with aggregates selects a column that is neither grouped by nor aggregated.",
  "含聚合的查询选取了既未分组也未聚合的列。")
X(STATEMENT_TOO_LARGE, 2027, 413, 1153, "08S01", 1, false, "Statement too large", "语句过大",
  "A parameter of a prepared statement is larger than max_allowed_packet, or all that a session's prepared statements hold is larger than a session may hold. Nothing was run.",
  "预处理语句的某个参数超过 max_allowed_packet，或一个会话的预处理语句所占内存超过会话的上限。没有执行任何语句。")
X(PLAN_STALE, 3001, 409, 1105, "HY000", 1, false, "Plan is stale", "计划已过期",
  "The files or the applied state changed after the plan was made. Make a new plan and read it again.",
  "计划生成之后文件或已应用状态又有变化，请重新生成计划并查看。")
X(DROP_NOT_ALLOWED, 3002, 409, 1105, "HY000", 1, false, "Removal of data not allowed", "不允许删除数据",
  "The plan removes a table that holds data. --allow-drop NAME says that this is meant.",
  "计划会删除含有数据的表。如确需删除，请加 --allow-drop NAME。")
X(VERSION_UNKNOWN, 3003, 404, 1105, "HY000", 2, false, "Unknown version", "未知版本",
  "No applied version has that number; `weir history` lists them.",
  "没有这个已应用版本，weir history 可列出全部。")
X(CYCLE, 3004, 422, 1105, "HY000", 2, false, "Models form a circle", "模型循环依赖",
  "A model reads, through others, what it writes itself.",
  "模型经由其他模型读取了自己写出的数据。")
X(ENVIRONMENT_UNKNOWN, 3005, 404, 1049, "42000", 2, false, "Unknown environment", "未知环境",
  "No environment has that name; `weir env ls` lists them, `weir apply --env NAME` makes one.",
  "没有这个名称的环境；weir env ls 可列出全部，weir apply --env NAME 可新建。")
X(ENVIRONMENT_TABLE, 3006, 409, 1105, "HY000", 2, false, "Table is not production's", "表与生产不一致",
  "An environment shares loaded tables with production, since loads go there. A branch that changes one is applied to production first: additions do no harm there.",
  "环境与生产共享导入表，因为数据只导入生产。改动此类表的分支须先应用到生产，增加的部分不影响现有使用。")
X(ENVIRONMENT_BEHIND, 3007, 409, 1105, "HY000", 1, true, "Environment is behind", "环境已落后",
  "Production has moved on since the environment was applied or built. Apply or run it again, then promote.",
  "环境应用或构建之后生产又有变化。请再次应用或运行该环境，然后提升。")
X(STANDARD_BROKEN, 3050, 422, 1105, "HY000", 2, false, "Against the standard", "违反数仓标准",
  "A definition breaks a rule of the warehouse standard that weir.yml names, at the level of an error. `weir lint` shows all; `weir lint --fix` mends what is mechanical; a waiver under `standard.waivers` lets one off until a day.",
  "定义违反了 weir.yml 所选数仓标准中的错误级规则。`weir lint` 列出全部，`weir lint --fix` 修复机械性问题，`standard.waivers` 可在限期内豁免。")
X(LABEL_EXISTS, 4001, 409, 1105, "HY000", 1, false, "Label already used", "标签已被使用",
  "A load with this label is running or finished. A label makes a repeated load do nothing.",
  "使用该标签的导入正在运行或已完成。标签保证重复导入不产生重复数据。")
X(TXN_UNKNOWN, 4002, 404, 1105, "HY000", 1, false, "Unknown transaction", "未知事务",
  "No load has that transaction id or label.",
  "没有对应此事务号或标签的导入。")
X(TXN_STATE, 4003, 409, 1105, "HY000", 1, false, "Transaction is not prepared", "事务不在预提交状态",
  "Only a prepared load can be committed or aborted.",
  "只有预提交的导入可以提交或回滚。")
X(LOAD_HEADER, 4004, 400, 1105, "HY000", 2, false, "Bad load option", "导入参数错误",
  "A header of the load has a value that it cannot take.",
  "导入请求头的取值不对。")
X(LOAD_REJECTED, 4005, 200, 1105, "HY000", 5, false, "Too many rejected rows", "被拒绝的行过多",
  "More rows were wrong than max_filter_ratio allows. The error log lists them with reasons.",
  "错误行超过 max_filter_ratio 的限制，错误日志中列有行与原因。")
X(LOAD_BODY, 4006, 400, 1105, "HY000", 1, true, "Upload incomplete", "上传不完整",
  "The connection ended before the whole body had come.",
  "连接在请求体传完之前中断。")
X(LOAD_TOO_LARGE, 4007, 413, 1105, "HY000", 1, false, "Upload too large", "上传过大",
  "The body is larger than load.max_bytes, or one row than load.max_line_bytes.",
  "请求体超过 load.max_bytes，或单行超过 load.max_line_bytes。")
X(DISK_FULL, 4008, 507, 1021, "HY000", 1, true, "Disk full", "磁盘已满",
  "There is no room left where Weir keeps its data. What failed was undone; the server goes on.",
  "数据所在磁盘没有空间。失败的操作已撤销，服务继续运行。")
X(RUN_FAILED, 4009, 500, 1105, "HY000", 1, false, "Run failed", "运行失败",
  "A model could not be built. What readers saw before is unchanged.",
  "模型构建失败，读者看到的仍是之前的数据。")
X(INTERVAL_INVALID, 4010, 400, 1105, "HY000", 2, false, "Invalid interval", "区间无效",
  "start must be before end, and both must be dates or times.",
  "start 须早于 end，且两者都是日期或时间。")
X(KEY_NULL, 4020, 422, 1048, "23000", 1, false, "NULL in a key", "键中有空值",
  "Rows of a run have NULL in a key column. NULL is not equal to NULL, so they would be added again by each run.",
  "本次运行的行在键列上有空值。空值与空值不相等，每次运行都会重复写入。")
X(KEY_DUPLICATE, 4021, 422, 1062, "23000", 1, false, "Key twice in one run", "同一批中键重复",
  "Two rows of one run have the same key, and nothing says which of them is right.",
  "同一次运行中有两行的键相同，无法判断以哪一行为准。")
X(SCHEMA_CHANGED, 4022, 422, 1105, "HY000", 1, false, "Columns changed", "列已改变",
  "The columns that a run gives are not the table's, and on_schema_change does not say what is to be done about it.",
  "运行结果的列与表不一致，而 on_schema_change 没有允许这种变化。")
X(ARCHIVE_DIFFERS, 4030, 500, 1105, "HY000", 1, false, "Archive differs", "归档不一致",
  "An archive file, read back, is not what was to be archived, or is not the file that was recorded. Nothing is deleted or restored.",
  "归档文件回读后与应归档的数据不一致，或不是所记录的文件。不会删除或恢复任何数据。")
X(INPUT_ARCHIVED, 4031, 409, 1105, "HY000", 1, false, "Input is archived", "输入已归档",
  "The rows that this time is made from are in the archive alone: building it again would replace it by nothing. Restore the partition first.",
  "该时段所依据的数据只在归档中：重新构建会得到空结果。请先恢复该分区。")
X(SOURCE_NONE, 4012, 422, 1105, "HY000", 2, false, "No source", "没有数据源",
  "The table is loaded by no source of the project, so there is nothing to compare it with.",
  "项目中没有数据源导入该表，无从对账。")
X(FORMAT_INVALID, 4011, 400, 1105, "HY000", 1, false, "Data is not in the named format", "数据格式不符",
  "The bytes cannot be read as the format that was named.",
  "数据无法按指定格式读取。")
X(CHECK_FAILED, 5001, 422, 1105, "HY000", 5, false, "Check failed", "检查未通过",
  "A blocking check found rows that it forbids. The new data was held back from readers.",
  "阻断性检查发现了不允许的行，新数据没有对读者可见。")
X(CHANNEL_UNKNOWN, 6002, 422, 1105, "HY000", 2, false, "Unknown channel", "未知的通知渠道",
  "A receiver is a mail address, an URL, or a name under `channels:` of weir.yml with its type and address.",
  "接收方应为邮件地址、URL，或 weir.yml 中 channels 下声明的名称。")
X(SEND_FAILED, 6003, 502, 1105, "HY000", 1, true, "Message not sent", "消息未送达",
  "The mail server or chat did not take the message. The message carries its answer; other receivers were still tried.",
  "邮件服务器或聊天工具未接收消息，消息中有其应答；其他接收方仍会尝试。")
X(METRIC_UNSUPPORTED, 6004, 422, 1105, "HY000", 2, false, "Metric cannot be used here", "此处不支持该指标",
  "Reports and alerts take atomic metrics; for others give them a query.",
  "报告与告警支持原子指标；其他指标请改用 query。")
X(ALERT_UNKNOWN, 6005, 404, 1105, "HY000", 2, false, "No such alert event", "没有该告警事件",
  "The number is none of an open event. `weir alerts` lists them.",
  "该编号没有对应的未恢复事件，weir alerts 可列出。")
X(SOURCE_UNREACHABLE, 6001, 502, 1105, "HY000", 1, true, "Source not reachable", "数据源不可达",
  "A source did not answer, or not in time.",
  "数据源没有应答，或超时。")
X(PEER_UNREACHABLE, 6020, 502, 1105, "HY000", 1, true, "Peer not reachable", "对端不可达",
  "A server that Weir keeps data in did not answer, or not in time. What was not acknowledged may be done again.",
  "Weir 存放数据的服务器没有应答或超时，未确认的操作可以重做。")
X(SIGN_IN, 7001, 401, 1045, "28000", 4, false, "Access denied", "拒绝访问",
  "User or password is wrong, or the token is unknown or expired.",
  "用户名或密码错误，或令牌未知、已过期。")
X(SIGN_IN_PAUSED, 7005, 429, 1129, "HY000", 4, true, "Too many wrong passwords", "密码错误次数过多",
  "Wrong passwords of one user from one host make further tries wait, up to a minute (setting sign_in.wrong_passwords).",
  "同一主机对同一用户连续输错密码后，再次尝试需等待，最长一分钟（设置项 sign_in.wrong_passwords）。")
X(FORBIDDEN, 7002, 403, 1142, "42000", 4, false, "Permission denied", "权限不足",
  "No role of the user grants what the statement needs.",
  "用户的角色没有授予该操作所需的权限。")
X(USER_UNKNOWN, 7003, 404, 1396, "HY000", 2, false, "Unknown user", "未知用户",
  "No user or role has that name.",
  "没有这个用户或角色。")
X(PASSWORD_WEAK, 7004, 422, 1819, "HY000", 2, false, "Password too weak", "密码太弱",
  "A password has at least 8 characters.",
  "密码至少 8 个字符。")
X(SERVER_UNREACHABLE, 8001, 502, 2003, "HY000", 6, true, "Server not reachable", "服务器不可达",
  "No Weir server answers at that address.",
  "该地址没有 Weir 服务应答。")
X(ADDRESS_IN_USE, 8002, 500, 1105, "HY000", 1, true, "Address in use", "地址被占用",
  "Another program listens on that port. Port 0 takes a free one.",
  "其他程序正在使用该端口。端口 0 可自动选择空闲端口。")
X(DATA_LOCKED, 8003, 409, 1105, "HY000", 1, true, "Data folder in use", "数据目录被占用",
  "Another Weir process has this data folder open. Ask it through its address instead.",
  "另一个 Weir 进程正打开此数据目录，请通过其地址访问。")
X(INTERRUPTED, 8004, 499, 1317, "70100", 130, true, "Interrupted", "已中断",
  "The query was cancelled: by its user, by a lost connection, or because the server stops.",
  "查询被取消：由用户、连接断开或服务停止引起。")
X(TIMEOUT, 8005, 504, 3024, "HY000", 1, true, "Timed out", "超时",
  "The statement took longer than query.timeout.",
  "语句执行时间超过 query.timeout。")
X(TOO_MANY, 8006, 503, 1040, "08004", 1, true, "Too many at once", "并发过多",
  "A limit on sessions or requests at once is reached.",
  "会话或请求数已达上限。")
X(ROUTE_UNKNOWN, 8007, 404, 1047, "08S01", 2, false, "No such address", "没有这个地址",
  "The HTTP API has no such path, or not with that method. /api/openapi.json lists all.",
  "HTTP 接口没有这个路径或方法，/api/openapi.json 列出全部。")
X(REQUEST_INVALID, 8008, 400, 1105, "HY000", 2, false, "Invalid request", "请求无效",
  "The request's body or parameters are not what the route takes.",
  "请求体或参数不符合接口要求。")
X(PROTOCOL, 8009, 400, 1835, "HY000", 1, false, "Malformed packet", "报文格式错误",
  "The client sent bytes that the protocol does not allow.",
  "客户端发送了协议不允许的数据。")
X(MEMORY, 8010, 503, 1038, "HY001", 1, true, "Out of memory", "内存不足",
  "The query needs more memory than engine.memory allows.",
  "查询所需内存超过 engine.memory。")
X(DATA_DAMAGED, 8011, 500, 1105, "HY000", 1, false, "Data file damaged", "数据文件损坏",
  "The warehouse file does not open and could not be brought back. `weir restore` puts a backup in its place.",
  "数据仓库文件无法打开且未能恢复。可用 weir restore 从备份恢复。")
X(FORMAT_NEWER, 8012, 500, 1105, "HY000", 1, false, "Data from a newer version", "数据来自更新版本",
  "The data folder was written by a newer Weir. Use that version or a newer one.",
  "数据目录由更新版本的 Weir 写入，请使用该版本或更新版本。")
X(CONFLICT, 8013, 409, 1213, "40001", 1, true, "Write conflict", "写冲突",
  "Two transactions changed the same rows; this one was undone and may be repeated.",
  "两个事务更改了相同的行，本事务已撤销，可以重试。")
X(SESSION_UNKNOWN, 8014, 404, 1094, "HY000", 1, false, "No such session", "没有这个会话",
  "KILL names a session that does not exist or has ended. SHOW PROCESSLIST lists all.",
  "KILL 指定的会话不存在或已结束，SHOW PROCESSLIST 可列出全部。")
X(ENGINE_STOPPED, 8015, 503, 1105, "HY000", 1, true, "Engine stopped", "引擎已停止",
  "The engine met a fatal error and must be opened again. The server does that by itself; what was acknowledged is safe.",
  "引擎遇到致命错误，需要重新打开；服务会自动完成，已确认的数据不受影响。")
X(INTERNAL, 9001, 500, 1105, "HY000", 1, false, "A bug in Weir", "Weir 内部错误",
  "This should not happen. Please report it with the message and what led to it.",
  "这不应发生，请附消息与操作过程报告。")
