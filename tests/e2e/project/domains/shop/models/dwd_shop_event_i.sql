-- ---
-- title: {en: Event detail, zh: 事件明细}
-- layer: dwd
-- kind: full
-- ---
SELECT e.id, e.name, e.amount, e.made_at
FROM ods_event_i e
WHERE e.amount IS NOT NULL
