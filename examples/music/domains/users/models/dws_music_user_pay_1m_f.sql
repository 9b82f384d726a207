-- ---
-- title: {en: User payments a month, zh: 用户支付月汇总}
-- layer: dws
-- stability: stable
-- kind: full
-- type: ordinary_full
-- dimensions: [pay_month, user_id]
-- schedule: "30 2 * * *"
-- grade: P1
-- owner: user-platform
-- columns:
--   - {name: pay_month, title: {en: Month, zh: 月份}, checks: [not_null]}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: pay_cnt, title: {en: Payments, zh: 支付次数}}
--   - {name: pay_amt, title: {en: Amount paid, zh: 支付金额}, unit: CNY}
--   - {name: cancel_cnt, title: {en: Cancellations, zh: 取消次数}}
-- checks:
--   - {unique: [pay_month, user_id]}
-- ---
SELECT CAST(date_trunc('month', dt) AS DATE) AS pay_month,
       user_id,
       CAST(sum(pay_cnt) AS BIGINT) AS pay_cnt,
       sum(pay_amt) AS pay_amt,
       CAST(sum(cancel_cnt) AS BIGINT) AS cancel_cnt
FROM dwm_music_user_pay_1d_i
GROUP BY ALL
