-- ---
-- title: {en: Weekly retention, zh: 周留存}
-- description: {en: "Of the users who registered in a week, how many were active n weeks later", zh: 某周注册的用户在第 n 周仍活跃的人数}
-- layer: app
-- consumer: [dashboard]
-- stability: exploratory
-- kind: full
-- type: ordinary_full
-- schedule: "20 3 * * 1"
-- grade: P2
-- owner: bi-team
-- columns:
--   - {name: cohort_week_dt, title: {en: Week of registration, zh: 注册周}, checks: [not_null]}
--   - {name: week_no, title: {en: Weeks later, zh: 第几周}, checks: [{between: [0, 60]}]}
--   - {name: register_ucnt, title: {en: Registered, zh: 注册用户数}}
--   - {name: active_ucnt, title: {en: Active, zh: 活跃用户数}}
--   - {name: retention_ratio, title: {en: Retention, zh: 留存率}, checks: [{between: [0, 1]}]}
-- checks:
--   - {unique: [cohort_week_dt, week_no]}
-- ---
WITH first_day AS (
    SELECT min(dt) AS start_dt FROM dws_music_user_active_1d_i
), cohort AS (
    SELECT u.user_id, CAST(date_trunc('week', u.register_dt) AS DATE) AS cohort_week_dt
    FROM dim_user u
    CROSS JOIN first_day f
    WHERE u.register_dt >= f.start_dt
), size AS (
    SELECT cohort_week_dt, count(*) AS register_ucnt
    FROM cohort
    GROUP BY cohort_week_dt
), activity AS (
    SELECT c.cohort_week_dt,
           CAST((CAST(date_trunc('week', a.dt) AS DATE) - c.cohort_week_dt) // 7 AS BIGINT) AS week_no,
           count(DISTINCT a.user_id) AS active_ucnt
    FROM dws_music_user_active_1d_i a
    JOIN cohort c ON c.user_id = a.user_id
    WHERE a.dt >= c.cohort_week_dt
    GROUP BY 1, 2
)
SELECT a.cohort_week_dt,
       a.week_no,
       s.register_ucnt,
       a.active_ucnt,
       CAST(a.active_ucnt / s.register_ucnt AS DECIMAL(10, 4)) AS retention_ratio
FROM activity a
JOIN size s ON s.cohort_week_dt = a.cohort_week_dt
