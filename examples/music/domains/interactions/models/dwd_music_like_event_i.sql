-- ---
-- title: {en: Like detail, zh: 点赞明细}
-- layer: dwd
-- process: like
-- stability: stable
-- kind: incremental
-- type: event_flow
-- fact_type: transaction
-- time: liked_at
-- key: [like_id]
-- lookback: 2d
-- schedule: "*/10 * * * *"
-- grade: P1
-- owner: interactions-data
-- columns:
--   - {name: like_id, title: {en: Like id, zh: 点赞编号}, checks: [not_null, unique]}
--   - {name: dt, title: {en: Day, zh: 日期}}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song, checks: [not_null]}
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist}
--   - {name: genre_code, title: {en: Genre, zh: 曲风}, dimension: {title: {en: Genre, zh: 曲风}}}
--   - {name: liked_at, title: {en: Liked at, zh: 点赞时间}}
-- ---
SELECT l.like_id,
       CAST(l.liked_at AS DATE) AS dt,
       l.user_id,
       l.song_id,
       coalesce(s.artist_id, -1) AS artist_id,
       coalesce(s.genre_code, '-1') AS genre_code,
       l.liked_at
FROM ods_like_event_i l
LEFT JOIN dim_song s ON s.song_id = l.song_id
WHERE l.liked_at >= $start AND l.liked_at < $end
QUALIFY row_number() OVER (PARTITION BY l.like_id ORDER BY l.liked_at) = 1
