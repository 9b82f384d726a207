-- ---
-- title: {en: User and podcast listens a day, zh: 用户播客收听日汇总}
-- layer: dwm
-- stability: stable
-- kind: incremental
-- type: event_flow
-- time: dt
-- key: [dt, user_id, podcast_id]
-- lookback: 2d
-- schedule: "*/30 * * * *"
-- grade: P2
-- owner: interactions-data
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}, checks: [not_null]}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user}
--   - {name: podcast_id, title: {en: Podcast id, zh: 播客编号}, entity: podcast}
--   - {name: listen_cnt, metric: podcast_listen_cnt, title: {en: Listens, zh: 收听次数}}
--   - {name: listen_dur, title: {en: Seconds listened, zh: 收听秒数}}
-- checks:
--   - {unique: [dt, user_id, podcast_id]}
-- ---
SELECT dt,
       user_id,
       podcast_id,
       count(*) AS listen_cnt,
       CAST(sum(listen_dur) AS BIGINT) AS listen_dur
FROM dwd_music_podcast_listen_i
WHERE dt >= $start AND dt < $end
GROUP BY dt, user_id, podcast_id
