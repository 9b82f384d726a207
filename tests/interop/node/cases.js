// npm mysql, mysql2 and mariadb. Arguments: host port user password driver. Prints "ok NAME" or "FAIL NAME: why", at last "end".
const assert = require("assert");

const [host, port, user, password, driver] = process.argv.slice(2);
const options = {host, port: Number(port), user, password, database: "interop"};

// Each driver's shape as {query, execute, stream, close, ...}: rows of objects.
async function connect(more = {}) {
  const all = {...options, ...more};
  if (driver === "mariadb") {
    if (more.ssl) all.ssl = {rejectUnauthorized: false};
    const db = await require("mariadb").createConnection({...all, bigIntAsNumber: false});
    return {
      query: (sql, values) => db.query(sql, values), execute: (sql, values) => db.execute(sql, values),
      batch: (sql, rows) => db.batch(sql, rows), stream: (sql) => db.queryStream(sql), begin: () => db.beginTransaction(),
      commit: () => db.commit(), rollback: () => db.rollback(), close: () => db.end(), ping: () => db.ping(),
    };
  }
  const raw = require(driver).createConnection({...all, supportBigNumbers: true, bigNumberStrings: true});
  const promised = (method) => (...words) => new Promise((resolve, reject) =>
    raw[method](...words, (error, result) => (error ? reject(error) : resolve(result))));
  await promised("connect")();
  return {
    query: promised("query"), execute: promised(driver === "mysql" ? "query" : "execute"),
    batch: (sql, rows) => promised("query")(sql.replace(/\(\?.*\)/, "?"), [rows]), stream: (sql) => raw.query(sql).stream(),
    begin: promised("beginTransaction"), commit: promised("commit"), rollback: promised("rollback"), close: promised("end"),
    ping: promised("ping"),
  };
}

async function withConnection(work, more) {
  const db = await connect(more);
  try {
    await work(db);
  } finally {
    await db.close();
  }
}

async function fails(errno, sqlState, promise) {
  await assert.rejects(promise, (error) => {
    assert.strictEqual(error.errno, errno);
    assert.strictEqual(error.sqlState, sqlState);
    return true;
  });
}

const ROW = "SELECT * FROM typed WHERE id = ?";
const cases = {
  "cold connect": () => withConnection((db) => db.ping(), {database: undefined}),
  "sign in with TLS": () => withConnection(async (db) => {
    const [row] = await db.query("SHOW STATUS LIKE 'Ssl_cipher'");
    assert.ok(row.Value, "no cipher");
  }, {ssl: {rejectUnauthorized: false}}),
  "list databases": () => withConnection(async (db) => {
    const names = (await db.query("SHOW DATABASES")).map((row) => row.Database);
    for (const name of ["interop", "shop", "information_schema"]) assert.ok(names.includes(name), name);
  }),
  "browse tables": () => withConnection(async (db) => {
    assert.ok((await db.query("SHOW TABLES")).some((row) => row.Tables_in_interop === "typed"));
    const columns = await db.execute("SELECT COLUMN_NAME AS n, COLUMN_KEY AS k FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position", ["interop", "pair"]);
    assert.deepStrictEqual(columns.map((row) => row.n + row.k), ["aPRI", "bPRI", "v"]);
  }),
  ...Object.fromEntries(["query", "execute"].map((how) => [`read each type (${how})`, () => withConnection(async (db) => {
    const [one] = await db[how](ROW, [1]);
    assert.deepStrictEqual([one.ok, one.tiny, one.small, one.plain, String(one.big), String(one.huge)].map(String),
      ["1", "7", "300", "70000", "5000000000", "170141183460469231731687303715884105727"]);
    assert.deepStrictEqual([one.f, one.d, String(one.price), one.code, one.name, one.note],
      [1.5, 2.25, "12.3456", "ab", "it's \"ü\" 中 🎵 \\ %", "line\nline"]);
    assert.strictEqual(one.at.getTime(), new Date(2026, 10, 21, 10, 20, 30).getTime());
    assert.strictEqual(one.day.getTime(), new Date(2026, 10, 21).getTime());
    assert.deepStrictEqual(typeof one.doc === "string" ? JSON.parse(one.doc) : one.doc, {k: [1, "中"]});
    const [none] = await db[how](ROW, [2]);
    assert.deepStrictEqual(Object.values(none).slice(1), Array(17).fill(null));
    const [low] = await db[how](ROW, [3]);
    assert.deepStrictEqual([String(low.big), low.tiny, low.d, low.name], ["-9223372036854775808", -128, -1e300, ""]);
  })])),
  "million rows streamed": () => withConnection(async (db) => {
    let count = 0, sum = 0;
    await new Promise((resolve, reject) => {
      const stream = db.stream("SELECT id, name FROM million");
      stream.on("error", reject);
      stream.on("end", resolve);
      stream.on("data", (row) => {
        count++;
        sum += Number(row.id);
      });
    });
    assert.deepStrictEqual([count, sum], [1000000, 499999500000]);
  }),
  "batch insert": () => withConnection(async (db) => {
    await db.query("DROP TABLE IF EXISTS batch");
    await db.query("CREATE TABLE batch (id BIGINT, name VARCHAR(20)) UNIQUE KEY(id)");
    await db.batch("INSERT INTO batch (id, name) VALUES (?, ?)", Array.from({length: 2000}, (_, i) => [i, `n'${i}`]));
    const [row] = await db.query("SELECT count(*) AS c, min(name) AS m FROM batch");
    assert.deepStrictEqual([Number(row.c), row.m], [2000, "n'0"]);
    await db.query("DROP TABLE batch");
  }),
  "transactions": () => withConnection(async (db) => {
    const count = async () => Number((await db.query("SELECT count(*) AS c FROM tx"))[0].c);
    await db.query("DROP TABLE IF EXISTS tx");
    await db.query("CREATE TABLE tx (id BIGINT) UNIQUE KEY(id)");
    await db.begin();
    await db.execute("INSERT INTO tx VALUES (?)", [1]);
    await db.rollback();
    assert.strictEqual(await count(), 0);
    await db.begin();
    await db.execute("INSERT INTO tx VALUES (?)", [2]);
    await db.commit();
    assert.strictEqual(await count(), 1);
    await db.query("DROP TABLE tx");
  }),
  "errors": async () => {
    await withConnection(async (db) => {
      await fails(1146, "42S02", db.query("SELECT * FROM absent"));
      await fails(1146, "42S02", db.execute("SELECT * FROM absent WHERE id = ?", [1]));
      await fails(1064, "42000", db.query("SELEC 1"));
      await db.ping();
    });
    await fails(1045, "28000", connect({password: "wrong"}));
    await fails(1049, "42000", connect({database: "absent"}));
  },
  "time zones": () => withConnection(async (db) => {
    await db.query("SET time_zone = 'Asia/Shanghai'");
    const [row] = await db.query("SELECT date_format(FROM_UNIXTIME(0), '%H:%i') AS t, @@time_zone AS z");
    assert.deepStrictEqual([row.t, row.z], ["08:00", "Asia/Shanghai"]);
  }),
};

(async () => {
  for (const [name, work] of Object.entries(cases)) {
    try {
      await work();
      console.log(`ok ${name}`);
    } catch (error) {
      console.error(error);
      console.log(`FAIL ${name}: ${String(error && error.message).split("\n")[0]}`);
    }
  }
  console.log("end");
})();
