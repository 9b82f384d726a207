-- ---
-- title: {en: Revenue by plan and month, zh: 会员月度收入}
-- layer: app
-- consumer: [dashboard]
-- stability: stable
-- kind: full
-- type: ordinary_full
-- schedule: "30 3 * * *"
-- grade: P1
-- owner: bi-team
-- columns:
--   - {name: pay_month, title: {en: Month, zh: 月份}, checks: [not_null]}
--   - {name: plan_code, title: {en: Plan now, zh: 当前会员类型}, dimension: {title: {en: Plan, zh: 会员类型}}}
--   - {name: country_code, title: {en: Country, zh: 国家}, dimension: {title: {en: Country, zh: 国家}}}
--   - {name: pay_ucnt, title: {en: Paying users, zh: 付费用户数}}
--   - {name: pay_amt, title: {en: Revenue, zh: 支付金额}, unit: CNY}
-- ---
SELECT p.pay_month,
       u.plan_code,
       u.country_code,
       count(DISTINCT p.user_id) FILTER (WHERE p.pay_amt > 0) AS pay_ucnt,
       sum(p.pay_amt) AS pay_amt
FROM dws_music_user_pay_1m_f p
JOIN dim_user u ON u.user_id = p.user_id
GROUP BY ALL
