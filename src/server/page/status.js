/* The status page: reads the API and shows what is served. Texts are in both languages, here. */
"use strict";
const TEXTS = {
  en: { enter: "Sign in", leave: "Sign out", user: "User", password: "Password", connect: "Connect with any MySQL client",
    domains: "Domains", tables: "Tables and models", loads: "Last loads", runs: "Last runs", name: "Name", title: "Title", layer: "Layer",
    kind: "Kind", count: "Tables", table: "Table", label: "Label", state: "State", rows: "Rows", when: "When", model: "Model",
    took: "Took", message: "Message", none: "Nothing yet", version: "version", other: "中文",
    changed: "Project files differ from what is applied: weir plan shows how." },
  zh: { enter: "登录", leave: "退出", user: "用户", password: "密码", connect: "用任意 MySQL 客户端连接", domains: "数据域",
    tables: "表与模型", loads: "最近的导入", runs: "最近的运行", name: "名称", title: "标题", layer: "分层", kind: "类型", count: "表数",
    table: "表", label: "标签", state: "状态", rows: "行数", when: "时间", model: "模型", took: "耗时", message: "消息", none: "暂无",
    version: "版本", other: "English", changed: "项目文件与已应用的定义不同，可用 weir plan 查看。" },
};
let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
const t = (key) => TEXTS[language][key];
const byId = (id) => document.getElementById(id);

async function call(method, path, body) {
  const answer = await fetch(path, { method, headers: { "Content-Type": "application/json", "X-Weir-Lang": language },
    body: body ? JSON.stringify(body) : undefined });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(json.detail || answer.statusText), { status: answer.status });
  return json;
}

function cell(row, tag, text, kind) {
  const element = row.appendChild(document.createElement(tag));
  element.textContent = text ?? "";
  if (kind) element.className = kind;
}

/* columns: [title key, value of a row, class] */
function fill(id, rows, columns) {
  const table = byId(id);
  table.replaceChildren();
  if (rows.length === 0) { cell(table.insertRow(), "td", t("none")); return; }
  const head = table.createTHead().insertRow();
  columns.forEach(([key, , kind]) => cell(head, "th", t(key), kind === "number" ? kind : ""));
  const bodyOfTable = table.createTBody();
  rows.forEach((row) => {
    const line = bodyOfTable.insertRow();
    columns.forEach(([, value, kind]) => cell(line, "td", value(row), typeof kind === "function" ? kind(row) : kind));
  });
}

const number = (value) => (value ?? "") === "" ? "" : Number(value).toLocaleString(language);
const good = (state) => /VISIBLE|FINISHED|done|Success/.test(state) ? "good" : /ABORT|fail|held|CANCEL/i.test(state) ? "bad" : "";
const title = (object) => (language === "zh" ? object.title_zh || object.title_en : object.title_en || object.title_zh);

function label() {
  document.documentElement.lang = language;
  document.querySelectorAll("[data-t]").forEach((element) => { element.textContent = t(element.dataset.t); });
  byId("language").textContent = t("other");
  byId("leave").textContent = t("leave");
}

async function show() {
  label();
  let status;
  try { status = await call("GET", "/api/v1/status"); } catch (error) {
    byId("enter").hidden = false; byId("board").hidden = true; byId("leave").hidden = true;
    return;
  }
  const [objects, loads, runs] = await Promise.all([call("GET", "/api/v1/objects"), call("GET", "/api/v1/loads?limit=20"),
    call("GET", "/api/v1/runs?limit=20")]);
  byId("enter").hidden = true; byId("board").hidden = false; byId("leave").hidden = false;
  byId("about").textContent = `${status.version} · ${status.engine} · ${t("version")} ${status.applied_version} · ${status.user}`;
  const [, host, port] = /^(.*):(\d+)$/.exec(status.mysql) || [null, location.hostname, ""];
  byId("mysql").textContent = `mysql -h${host} -P${port} -u${status.user} -p`;
  byId("files").hidden = !status.changed_files;
  byId("files").textContent = t("changed");
  fill("domains", status.domains, [["name", (d) => d.name], ["count", (d) => number(d.tables), "number"]]);
  fill("tables", objects.objects.filter((o) => o.kind === "table" || o.kind === "model"),
    [["name", (o) => o.full_name], ["title", title], ["kind", (o) => o.kind], ["layer", (o) => o.layer]]);
  fill("loads", loads.loads, [["table", (l) => `${l.db}.${l.table}`], ["label", (l) => l.label],
    ["state", (l) => l.state, (l) => good(l.state)], ["rows", (l) => number(l.loaded), "number"], ["when", (l) => l.finished || l.started]]);
  fill("runs", runs.runs, [["model", (r) => r.model], ["state", (r) => r.state, (r) => good(r.state)],
    ["rows", (r) => number(r.rows), "number"], ["took", (r) => `${number(r.elapsed_ms)} ms`, "number"], ["when", (r) => r.started],
    ["message", (r) => r.message]]);
}

byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  show();
});
byId("leave").addEventListener("click", async () => { await call("POST", "/api/v1/sign_out", {}); show(); });
byId("enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  byId("refused").textContent = "";
  try { await call("POST", "/api/v1/sign_in", { user: form.get("user"), password: form.get("password") }); await show(); }
  catch (error) { byId("refused").textContent = error.message; }
});
show();
setInterval(() => { if (!byId("board").hidden && !document.hidden) show(); }, 10000);
