-- ---
-- title: {en: Payment detail, zh: 支付明细}
-- description: {en: "One row a subscription event: start, renewal, cancellation", zh: 每次订阅、续费、取消一行}
-- layer: dwd
-- process: pay
-- stability: stable
-- kind: incremental
-- type: event_flow
-- fact_type: transaction
-- time: paid_at
-- key: [subscription_id]
-- lookback: 2d
-- schedule: "10 * * * *"
-- grade: P0
-- owner: user-platform
-- columns:
--   - {name: subscription_id, title: {en: Event id, zh: 订阅事件编号}, checks: [not_null, unique]}
--   - {name: dt, title: {en: Day, zh: 日期}}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: plan_code, title: {en: Plan, zh: 会员类型}, dimension: {title: {en: Plan paid for, zh: 购买的会员类型}}}
--   - {name: action_code, title: {en: Action, zh: 动作}, dimension: {title: {en: Action, zh: 动作}}, checks: [{accepted_values: [start, renew, cancel]}]}
--   - {name: pay_amt, title: {en: Amount paid, zh: 支付金额}, unit: CNY, checks: [{between: [0, 1000]}]}
--   - {name: currency_code, title: {en: Currency, zh: 币种}}
--   - {name: paid_at, title: {en: Paid at, zh: 支付时间}}
-- checks:
--   - {relationship: {column: user_id, to: dim_user}, severity: warn}
-- ---
SELECT s.subscription_id,
       CAST(s.paid_at AS DATE) AS dt,
       s.user_id,
       s.plan_code,
       s.action_code,
       CAST(coalesce(s.pay_amt, 0) AS DECIMAL(28, 6)) AS pay_amt,
       upper(coalesce(s.currency_code, 'CNY')) AS currency_code,
       s.paid_at
FROM ods_user_subscription_i s
WHERE s.paid_at >= $start AND s.paid_at < $end
QUALIFY row_number() OVER (PARTITION BY s.subscription_id ORDER BY s.paid_at) = 1
