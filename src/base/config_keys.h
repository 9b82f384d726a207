/* The settings table: one row a key. No include guard: included with X defined.
 * X(id, key, type, default, min, max, secret, doc en, doc zh) */
X(HTTP_LISTEN, "http.listen", BASE_CONFIG_TEXT, "127.0.0.1:8030", 0, 0, false,
  "Address of the HTTP port; port 0 takes a free one", "HTTP 监听地址；端口 0 表示任选空闲端口")
X(MYSQL_LISTEN, "mysql.listen", BASE_CONFIG_TEXT, "127.0.0.1:9030", 0, 0, false,
  "Address of the MySQL port; port 0 takes a free one", "MySQL 协议监听地址；端口 0 表示任选空闲端口")
X(MYSQL_MAX_SESSIONS, "mysql.max_sessions", BASE_CONFIG_INT, "1000", 1, 100000, false,
  "Most MySQL sessions at once", "MySQL 最大会话数")
X(MYSQL_TURNS, "mysql.turns", BASE_CONFIG_INT, "0", 0, 100000, false,
  "MySQL clients that are served at once, those with heavy queries and writes apart; 0 = three a core",
  "同时服务的 MySQL 客户端数，不含重查询与写入；0 表示每核三个")
X(MYSQL_IDLE_TIMEOUT, "mysql.idle_timeout", BASE_CONFIG_DURATION, "8h", 1000000, G_MAXINT64, false,
  "An idle MySQL session is closed after this", "空闲 MySQL 会话的超时时间")
X(SIGN_IN_WRONG_PASSWORDS, "sign_in.wrong_passwords", BASE_CONFIG_INT, "10", 0, 1000000, false,
  "Wrong passwords in a row of one user from one host before further tries have to wait, up to a minute; 0 = any number",
  "同一主机对同一用户连续输错多少次密码后需要等待（最长一分钟）；0 表示不限")
X(TLS_CERT, "tls.cert", BASE_CONFIG_TEXT, "", 0, 0, false,
  "PEM certificate chain for HTTP and MySQL; empty = no TLS on HTTP, a self-made one on MySQL",
  "HTTP 与 MySQL 的 PEM 证书链；留空则 HTTP 不启用 TLS，MySQL 使用自签证书")
X(TLS_KEY, "tls.key", BASE_CONFIG_TEXT, "", 0, 0, false, "PEM private key", "PEM 私钥")
X(QUERY_TIMEOUT, "query.timeout", BASE_CONFIG_DURATION, "5m", 1000, G_MAXINT64, false,
  "A query is interrupted after this", "查询超时时间")
X(QUERY_LIGHT_SLOTS, "query.light_slots", BASE_CONFIG_INT, "0", 0, 1024, false,
  "Light queries that run at once; 0 = six a core", "同时运行的轻查询数；0 表示每核六个")
X(QUERY_HEAVY_SLOTS, "query.heavy_slots", BASE_CONFIG_INT, "1", 1, 1024, false,
  "Heavy queries that run at once", "同时运行的重查询数")
X(QUERY_HEAVY_YIELDS, "query.heavy_yields", BASE_CONFIG_BOOL, "true", 0, 0, false,
  "A heavy query leaves a core to light ones while they run", "轻查询运行时，重查询让出一个核")
X(ENGINE_MEMORY, "engine.memory", BASE_CONFIG_BYTES, "0", 0, G_MAXINT64, false,
  "Memory for the engine; 0 = 60 % of the machine's", "引擎内存；0 表示机器内存的 60%")
X(ENGINE_THREADS, "engine.threads", BASE_CONFIG_INT, "0", 0, 1024, false,
  "Threads of the engine; 0 = one a core", "引擎线程数；0 表示每核一个")
X(ENGINE_NICE, "engine.nice", BASE_CONFIG_INT, "10", 0, 19, false,
  "How far the engine's own threads, which do the bulk of large queries and loads, give way to those that answer small ones (as nice)",
  "引擎自身线程（承担大查询与大批装载）让位于小查询线程的程度（同 nice 值）")
X(ENGINE_TEMP_MAX, "engine.temp_max", BASE_CONFIG_BYTES, "64GB", 0, G_MAXINT64, false,
  "Most disk that queries larger than memory may take", "查询溢写磁盘的上限")
X(CHECKPOINT_WAL, "checkpoint.wal", BASE_CONFIG_BYTES, "32MB", 65536, G_MAXINT64, false,
  "A checkpoint is taken when the write-ahead log is this large", "预写日志达到此大小时做检查点")
X(LOAD_MAX_BYTES, "load.max_bytes", BASE_CONFIG_BYTES, "10GB", 1024, G_MAXINT64, false,
  "Largest body of one load", "单次导入的最大字节数")
X(LOAD_MAX_JSON_BYTES, "load.max_json_bytes", BASE_CONFIG_BYTES, "1GB", 1024, G_MAXINT64, false,
  "Largest JSON body that is not one object a line", "非逐行 JSON 的最大字节数")
X(LOAD_MAX_LINE_BYTES, "load.max_line_bytes", BASE_CONFIG_BYTES, "16MB", 64, G_MAXINT32, false,
  "Longest row of CSV or line of JSON", "单行最大字节数")
X(LOAD_PRECOMMIT_TIMEOUT, "load.precommit_timeout", BASE_CONFIG_DURATION, "1h", 1000000, G_MAXINT64, false,
  "A prepared load that nobody commits is aborted after this", "预提交导入的超时时间")
X(LOAD_LABEL_KEEP, "load.label_keep", BASE_CONFIG_DURATION, "3d", 1000000, G_MAXINT64, false,
  "A label is remembered at least this long", "导入标签的保留时间")
X(LOAD_SPOOL_MEMORY, "load.spool_memory", BASE_CONFIG_BYTES, "256KB", 0, G_MAXINT32, false,
  "An upload larger than this goes to the spool folder", "上传超过此大小写入暂存目录")
X(LOAD_STREAM_MEMORY, "load.stream_memory", BASE_CONFIG_BYTES, "64MB", 0, G_MAXINT32, false,
  "Memory for the body of a load whose rows are inserted while it comes, at least 1MB; 0 = every body is spooled first",
  "边接收边写入的导入可占用的内存（至少 1MB）；0 表示一律先暂存")
X(LOAD_STREAM_WAIT, "load.stream_wait", BASE_CONFIG_DURATION, "5s", 0, G_GINT64_CONSTANT(3600000000), false,
  "So long such a load waits for its client in all; the rest of a slower client's body is spooled",
  "此类导入累计等待客户端的最长时间；更慢的客户端，其余内容改为暂存")
X(FEATURES_ONLINE, "features.online", BASE_CONFIG_TEXT, "lmdb", 0, 0, false,
  "Where online features are kept: lmdb (in the data folder) or redis", "在线特征的存储：lmdb（数据目录内）或 redis")
X(FEATURES_ONLINE_MAX, "features.online_max", BASE_CONFIG_BYTES, "64GB", 1048576, G_MAXINT64, false,
  "How large the LMDB file may grow", "LMDB 文件的上限")
X(FEATURES_REDIS, "features.redis", BASE_CONFIG_TEXT, "redis://127.0.0.1:6379/0", 0, 0, true,
  "Address of Redis, with its password if it has one", "Redis 地址，可含密码")
X(FEATURES_REDIS_LAYOUT, "features.redis_layout", BASE_CONFIG_TEXT, "feast", 0, 0, false,
  "Keys and fields in Redis: feast (of today), feast-v2 (its older keys) or feast-0.9",
  "Redis 中的布局：feast（当前）、feast-v2（较旧的键）或 feast-0.9")
X(FEATURES_HISTORY_KEEP, "features.history_keep", BASE_CONFIG_DURATION, "30d", 1000, G_MAXINT64, false,
  "Slices of materialise runs are listed one by one this long; older ones as the intervals they make up",
  "物化记录逐条保留的时间；更早的合并为其覆盖的区间")
X(FEATURES_REJECTS_KEEP, "features.rejects_keep", BASE_CONFIG_DURATION, "30d", 1000, G_MAXINT64, false,
  "A row that was rejected by a feature view is kept this long", "特征视图拒收的行的保留时间")
X(FEATURES_REJECTS_MAX, "features.rejects_max", BASE_CONFIG_INT, "100000", 0, G_MAXINT64, false,
  "Most rejected rows of a feature view that are kept, the newest of them", "每个特征视图最多保留的拒收行数（最新者优先）")
X(FEATURES_RETRIEVAL_MEMORY, "features.retrieval_memory", BASE_CONFIG_BYTES, "0", 0, G_MAXINT64, false,
  "Memory for the rows of one retrieval of training rows, beside the engine's (at least 1 MB; what is larger is "
  "done in several passes); 0 = a quarter of the engine's",
  "单次训练数据检索可用的内存（引擎内存之外；至少 1 MB，超出则分多轮处理）；0 表示引擎内存的四分之一")
X(FEATURES_LISTEN, "features.listen", BASE_CONFIG_TEXT, "", 0, 0, false,
  "A second HTTP address for clients of Feast, such as 127.0.0.1:6566; empty = none",
  "供 Feast 客户端使用的第二个 HTTP 地址，如 127.0.0.1:6566；留空则无")
X(FEATURES_GUEST, "features.guest", BASE_CONFIG_TEXT, "", 0, 0, false,
  "User as whom calls of Feast's own routes without credentials are; empty = they must sign in",
  "Feast 原生接口在未带凭据时所代表的用户；留空则必须登录")
X(MAIL_SERVER, "mail.server", BASE_CONFIG_TEXT, "", 0, 0, false,
  "Server that reports and alerts are mailed by: smtp://host:587 or smtps://host",
  "发送报告与告警的邮件服务器：smtp://host:587 或 smtps://host")
X(MAIL_FROM, "mail.from", BASE_CONFIG_TEXT, "", 0, 0, false, "Sender's address", "发件人地址")
X(MAIL_USER, "mail.user", BASE_CONFIG_TEXT, "", 0, 0, false, "User at the mail server; empty = none",
  "邮件服务器用户名；留空表示无需登录")
X(MAIL_PASSWORD, "mail.password", BASE_CONFIG_TEXT, "", 0, 0, true, "Password at the mail server",
  "邮件服务器密码")
X(MAIL_TLS, "mail.tls", BASE_CONFIG_TEXT, "required", 0, 0, false,
  "required, try or off; required refuses a server without TLS", "required、try 或 off；required 拒绝不支持 TLS 的服务器")
X(MAIL_CA, "mail.ca", BASE_CONFIG_TEXT, "", 0, 0, false,
  "PEM file of authorities that sign the mail server's certificate; empty = the system's",
  "签发邮件服务器证书的 CA（PEM）；留空使用系统的")
X(RUNS_KEEP, "runs.keep", BASE_CONFIG_DURATION, "400d", 1000000, G_MAXINT64, false,
  "The record of a run is kept this long", "运行记录的保留时间")
X(LANG, "lang", BASE_CONFIG_TEXT, "", 0, 0, false,
  "Language of messages: en, zh; empty = from LANG", "消息语言：en、zh；留空取自 LANG")
X(LOG_LEVEL, "log.level", BASE_CONFIG_TEXT, "info", 0, 0, false,
  "error, warn, info or debug", "error、warn、info 或 debug")
