-- ---
-- title: {en: Play detail, zh: 播放明细}
-- description: {en: "One row a play: repeated deliveries taken out, seconds brought into range, song and user facts at hand", zh: 每次播放一行：去除重复上报、修正时长、冗余歌曲与用户属性}
-- layer: dwd
-- process: play
-- stability: stable
-- kind: incremental
-- type: event_flow
-- fact_type: transaction
-- time: played_at
-- key: [play_id]
-- lookback: 2d
-- schedule: "*/10 * * * *"
-- grade: P0
-- owner: interactions-data
-- columns:
--   - {name: play_id, title: {en: Play id, zh: 播放编号}, checks: [not_null, unique]}
--   - {name: dt, title: {en: Day, zh: 日期}}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song, checks: [not_null]}
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist}
--   - {name: genre_code, title: {en: Genre, zh: 曲风}, dimension: {title: {en: Genre, zh: 曲风}}}
--   - {name: country_code, title: {en: Country, zh: 国家}, dimension: {title: {en: Country, zh: 国家}}}
--   - {name: plan_code, title: {en: Plan, zh: 会员类型}, dimension: {title: {en: Plan, zh: 会员类型}}}
--   - {name: device_code, title: {en: Device, zh: 设备}, dimension: {title: {en: Device, zh: 设备}, aliases: {zh: [终端]}}, checks: [{accepted_values: [ios, android, web, desktop, car, speaker, "-1"]}]}
--   - {name: source_code, title: {en: Started from, zh: 播放来源}, dimension: {title: {en: Started from, zh: 播放来源}}}
--   - {name: play_dur, title: {en: Seconds played, zh: 播放秒数}, checks: [{between: [0, 3600]}]}
--   - {name: play_ratio, title: {en: Share heard, zh: 播放完成度}, checks: [{between: [0, 1], severity: warn}]}
--   - {name: is_skip, title: {en: Skipped, zh: 是否跳过}}
--   - {name: is_full, title: {en: Heard to the end, zh: 是否完整播放}}
--   - {name: played_at, title: {en: Played at, zh: 播放时间}, checks: [not_null]}
--   - {name: received_at, title: {en: Received at, zh: 接收时间}}
-- checks:
--   - {relationship: {column: song_id, to: dim_song}, severity: warn}
--   - {relationship: {column: user_id, to: dim_user}, severity: warn}
-- ---
WITH play AS (
    SELECT play_id, user_id, song_id, source_code, play_dur, played_at, received_at,
           lower(trim(device)) AS device
    FROM ods_play_event_i
    WHERE played_at >= $start AND played_at < $end
      AND played_at >= TIMESTAMP '2000-01-01'           -- a player whose clock was never set
      AND user_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY play_id ORDER BY received_at, user_id, song_id) = 1
), clean AS (
    SELECT p.*,
           s.artist_id, s.genre_code, s.song_dur,
           least(greatest(coalesce(p.play_dur, 0), 0), coalesce(s.song_dur, 3600)) AS heard_dur
    FROM play p
    LEFT JOIN dim_song s ON s.song_id = p.song_id
)
SELECT c.play_id,
       CAST(c.played_at AS DATE) AS dt,
       c.user_id,
       coalesce(c.song_id, -1) AS song_id,
       coalesce(c.artist_id, -1) AS artist_id,
       coalesce(c.genre_code, '-1') AS genre_code,
       coalesce(u.country_code, '-1') AS country_code,
       coalesce(u.plan_code, '-1') AS plan_code,
       CASE WHEN c.device IN ('iphone', 'ipad') THEN 'ios'
            WHEN c.device IN ('ios', 'android', 'web', 'desktop', 'car', 'speaker') THEN c.device
            ELSE '-1' END AS device_code,
       coalesce(c.source_code, '-1') AS source_code,
       c.heard_dur AS play_dur,
       CAST(coalesce(c.heard_dur / nullif(c.song_dur, 0), 0) AS DECIMAL(10, 4)) AS play_ratio,
       CAST(c.heard_dur < 30 AND coalesce(c.heard_dur / nullif(c.song_dur, 0), 0) < 0.5 AS TINYINT) AS is_skip,
       CAST(coalesce(c.heard_dur / nullif(c.song_dur, 0), 0) >= 0.8 AS TINYINT) AS is_full,
       c.played_at,
       c.received_at
FROM clean c
LEFT JOIN dim_user u ON u.user_id = c.user_id
