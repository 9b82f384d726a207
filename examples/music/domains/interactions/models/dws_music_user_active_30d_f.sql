-- ---
-- title: {en: User activity in 30 days, zh: 用户近30日活跃}
-- description: {en: "7 and 30 days up to the last day that has data", zh: 截至最近有数据日期的近7日与近30日}
-- layer: dws
-- stability: stable
-- kind: full
-- type: ordinary_full
-- dimensions: [user_id]
-- measures: [active_day_cnt_7d, play_cnt_7d, active_day_cnt_30d, play_cnt_30d, skip_rate_30d]
-- schedule: "40 2 * * *"
-- grade: P2
-- owner: interactions-data
-- columns:
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null, unique]}
--   - {name: end_dt, title: {en: Last day, zh: 截止日期}}
--   - {name: active_day_cnt_7d, title: {en: Active days (7), zh: 近7日活跃天数}, checks: [{between: [0, 7]}]}
--   - {name: play_cnt_7d, title: {en: Plays (7 days), zh: 近7日播放量}}
--   - {name: active_day_cnt_30d, title: {en: Active days (30), zh: 近30日活跃天数}, checks: [{between: [1, 30]}]}
--   - {name: play_cnt_30d, title: {en: Plays (30 days), zh: 近30日播放量}}
--   - {name: skip_rate_30d, title: {en: Skip rate (30 days), zh: 近30日跳过率}}
--   - {name: last_active_dt, title: {en: Last active day, zh: 最近活跃日期}}
-- ---
WITH last_day AS (
    SELECT max(dt) AS end_dt FROM dws_music_user_active_1d_i
)
SELECT a.user_id,
       max(l.end_dt) AS end_dt,
       count(*) FILTER (WHERE a.dt > l.end_dt - 7) AS active_day_cnt_7d,
       CAST(coalesce(sum(a.play_cnt) FILTER (WHERE a.dt > l.end_dt - 7), 0) AS BIGINT) AS play_cnt_7d,
       count(*) AS active_day_cnt_30d,
       CAST(sum(a.play_cnt) AS BIGINT) AS play_cnt_30d,
       CAST(coalesce(sum(a.skip_cnt) / nullif(sum(a.play_cnt), 0), 0) AS DECIMAL(10, 4)) AS skip_rate_30d,
       max(a.dt) AS last_active_dt
FROM dws_music_user_active_1d_i a
CROSS JOIN last_day l
WHERE a.dt > l.end_dt - 30
GROUP BY a.user_id
