-- ---
-- title: {en: Daily overview, zh: 每日概览}
-- description: {en: "Listening by day, country and plan, for the overview dashboard", zh: 按日、国家、会员类型的收听概览，供看板使用}
-- layer: app
-- consumer: [dashboard]
-- stability: stable
-- kind: full
-- type: ordinary_full
-- schedule: "0 3 * * *"
-- grade: P1
-- owner: bi-team
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}, checks: [not_null]}
--   - {name: week_start_dt, title: {en: Week, zh: 周}}
--   - {name: country_code, title: {en: Country, zh: 国家}, dimension: {title: {en: Country, zh: 国家}}}
--   - {name: plan_code, title: {en: Plan, zh: 会员类型}, dimension: {title: {en: Plan, zh: 会员类型}}}
--   - {name: play_ucnt, title: {en: Active users, zh: 活跃用户数}}
--   - {name: play_cnt, title: {en: Plays, zh: 播放量}}
--   - {name: play_dur, title: {en: Seconds played, zh: 播放时长}}
--   - {name: skip_rate, title: {en: Skip rate, zh: 跳过率}}
--   - {name: listen_cnt, metric: podcast_listen_cnt, title: {en: Podcast listens, zh: 播客收听次数}}
--   - {name: like_cnt, title: {en: Likes, zh: 点赞数}}
-- checks:
--   - {unique: [dt, country_code, plan_code]}
--   - {row_count: {min: 1}}
-- ---
SELECT a.dt,
       d.week_start_dt,
       coalesce(u.country_code, '-1') AS country_code,
       coalesce(u.plan_code, '-1') AS plan_code,
       count(DISTINCT a.user_id) FILTER (WHERE a.play_cnt + a.listen_cnt > 0) AS play_ucnt,
       CAST(sum(a.play_cnt) AS BIGINT) AS play_cnt,
       CAST(sum(a.play_dur) AS BIGINT) AS play_dur,
       CAST(coalesce(sum(a.skip_cnt) / nullif(sum(a.play_cnt), 0), 0) AS DECIMAL(10, 4)) AS skip_rate,
       CAST(sum(a.listen_cnt) AS BIGINT) AS listen_cnt,
       CAST(sum(a.like_cnt) AS BIGINT) AS like_cnt
FROM dws_music_user_active_1d_i a
JOIN dim_date d ON d.dt = a.dt
LEFT JOIN dim_user u ON u.user_id = a.user_id
GROUP BY 1, 2, 3, 4
