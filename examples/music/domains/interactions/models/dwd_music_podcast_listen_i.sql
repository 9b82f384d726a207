-- ---
-- title: {en: Podcast listen detail, zh: 播客收听明细}
-- layer: dwd
-- process: podcast_listen
-- stability: stable
-- kind: incremental
-- type: event_flow
-- fact_type: transaction
-- time: listened_at
-- key: [listen_id]
-- lookback: 2d
-- schedule: "*/10 * * * *"
-- grade: P1
-- owner: interactions-data
-- columns:
--   - {name: listen_id, title: {en: Listen id, zh: 收听编号}, checks: [not_null, unique]}
--   - {name: dt, title: {en: Day, zh: 日期}}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: episode_id, title: {en: Episode id, zh: 单集编号}, entity: episode}
--   - {name: podcast_id, title: {en: Podcast id, zh: 播客编号}, entity: podcast}
--   - {name: category_code, title: {en: Category, zh: 播客分类}, dimension: {title: {en: Podcast category, zh: 播客分类}}}
--   - {name: device_code, title: {en: Device, zh: 设备}, dimension: {title: {en: Device, zh: 设备}}}
--   - {name: listen_dur, title: {en: Seconds listened, zh: 收听秒数}}
--   - {name: listen_ratio, title: {en: Share heard, zh: 收听完成度}}
--   - {name: listened_at, title: {en: Listened at, zh: 收听时间}}
-- ---
SELECT l.listen_id,
       CAST(l.listened_at AS DATE) AS dt,
       l.user_id,
       coalesce(l.episode_id, -1) AS episode_id,
       coalesce(e.podcast_id, -1) AS podcast_id,
       coalesce(e.category_code, '-1') AS category_code,
       coalesce(lower(l.device), '-1') AS device_code,
       least(greatest(coalesce(l.listen_dur, 0), 0), coalesce(e.episode_dur, 86400)) AS listen_dur,
       CAST(least(coalesce(greatest(l.listen_dur, 0) / nullif(e.episode_dur, 0), 0), 1) AS DECIMAL(10, 4)) AS listen_ratio,
       l.listened_at
FROM ods_podcast_listen_i l
LEFT JOIN dim_podcast_episode e ON e.episode_id = l.episode_id
WHERE l.listened_at >= $start AND l.listened_at < $end
QUALIFY row_number() OVER (PARTITION BY l.listen_id ORDER BY l.listened_at) = 1
