// What an application does through npm mysql2: text and binary queries, types, errors, a transaction, a large result.
// Arguments: host port user password. Prints "ok" when all assertions held.
const assert = require("assert");
const mysql = require("mysql2/promise");

async function main([host, port, user, password]) {
  const options = {host, port: Number(port), user, password, multipleStatements: true};
  const db = await mysql.createConnection(options);
  await db.query("CREATE DATABASE IF NOT EXISTS node; USE node; DROP TABLE IF EXISTS n");
  await db.query("CREATE TABLE n (id BIGINT, name VARCHAR(20), v DOUBLE, at DATETIME, j JSON) UNIQUE KEY(id)");
  const [inserted] = await db.execute("INSERT INTO n VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)",
    [1, "a'\\\"中", 1.5, "2026-11-21 10:20:30", '{"k":[1]}', 2, null, null, null, null]);
  assert.strictEqual(inserted.affectedRows, 2);
  for (const run of ["query", "execute"]) {
    const [rows] = await db[run]("SELECT * FROM n WHERE id = ?", [1]);
    assert.strictEqual(rows.length, 1);
    assert.strictEqual(rows[0].name, "a'\\\"中");
    assert.strictEqual(rows[0].v, 1.5);
    assert.deepStrictEqual(rows[0].j, {k: [1]});
    assert.ok(rows[0].at instanceof Date);
    const [none] = await db[run]("SELECT name, v FROM n WHERE id = ?", [2]);
    assert.deepStrictEqual({...none[0]}, {name: null, v: null});
    const [[{c}]] = await db[run]("SELECT count(*) AS c FROM n WHERE id IN (?, ?)", [1, 2]);
    assert.strictEqual(c, 2);
    await assert.rejects(db[run]("SELECT * FROM absent"), {errno: 1146, sqlState: "42S02"});
  }
  const [shown] = await db.execute("SHOW TABLES LIKE ?", ["n%"]);
  assert.strictEqual(shown.length, 1);
  await db.beginTransaction();
  await db.execute("INSERT INTO n (id) VALUES (?)", [3]);
  await db.rollback();
  const [[{left}]] = await db.query("SELECT count(*) AS `left` FROM n");
  assert.strictEqual(left, 2);
  const [large] = await db.execute("SELECT i, concat('row ', i) AS t FROM range(200000) r(i)");
  assert.strictEqual(large.length, 200000);
  assert.strictEqual(large[199999].t, "row 199999");
  await db.changeUser({user, password, database: "node"});
  await db.ping();
  await db.query("DROP TABLE n");
  await db.end();
  const secure = await mysql.createConnection({...options, ssl: {rejectUnauthorized: false}});
  const [[{one}]] = await secure.query("SELECT 1 AS one");
  assert.strictEqual(one, 1);
  await secure.end();
  console.log("ok");
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
