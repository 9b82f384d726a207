-- ---
-- title: {en: Follow detail, zh: 关注明细}
-- layer: dwd
-- process: follow
-- stability: stable
-- kind: incremental
-- type: event_flow
-- fact_type: transaction
-- time: followed_at
-- key: [follow_id]
-- lookback: 2d
-- schedule: "*/10 * * * *"
-- grade: P1
-- owner: interactions-data
-- columns:
--   - {name: follow_id, title: {en: Follow id, zh: 关注编号}, checks: [not_null, unique]}
--   - {name: dt, title: {en: Day, zh: 日期}}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist, checks: [not_null]}
--   - {name: artist_name, title: {en: Artist, zh: 歌手}, dimension: {title: {en: Artist, zh: 歌手}}}
--   - {name: action_code, title: {en: Action, zh: 动作}, checks: [{accepted_values: [follow, unfollow]}]}
--   - {name: followed_at, title: {en: Followed at, zh: 关注时间}}
-- ---
SELECT f.follow_id,
       CAST(f.followed_at AS DATE) AS dt,
       f.user_id,
       f.artist_id,
       coalesce(a.artist_name, '-1') AS artist_name,
       lower(f.action_code) AS action_code,
       f.followed_at
FROM ods_follow_event_i f
LEFT JOIN dim_artist a ON a.artist_id = f.artist_id
WHERE f.followed_at >= $start AND f.followed_at < $end
QUALIFY row_number() OVER (PARTITION BY f.follow_id ORDER BY f.followed_at) = 1
