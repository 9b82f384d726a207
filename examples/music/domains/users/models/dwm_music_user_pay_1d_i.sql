-- ---
-- title: {en: User payments a day, zh: 用户支付日汇总}
-- layer: dwm
-- stability: stable
-- kind: incremental
-- type: event_flow
-- time: dt
-- key: [dt, user_id]
-- lookback: 2d
-- schedule: "20 * * * *"
-- grade: P1
-- owner: user-platform
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}, checks: [not_null]}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: plan_code, title: {en: Plan, zh: 会员类型}}
--   - {name: pay_cnt, title: {en: Payments, zh: 支付次数}}
--   - {name: pay_amt, title: {en: Amount paid, zh: 支付金额}, unit: CNY}
--   - {name: cancel_cnt, title: {en: Cancellations, zh: 取消次数}}
-- checks:
--   - {unique: [dt, user_id]}
-- ---
SELECT dt,
       user_id,
       max(plan_code) AS plan_code,
       count(*) FILTER (WHERE pay_amt > 0) AS pay_cnt,
       sum(pay_amt) AS pay_amt,
       count(*) FILTER (WHERE action_code = 'cancel') AS cancel_cnt
FROM dwd_music_user_pay_i
WHERE dt >= $start AND dt < $end
GROUP BY dt, user_id
