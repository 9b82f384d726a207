-- ---
-- title: {en: User and song plays a day, zh: 用户歌曲播放日汇总}
-- layer: dwm
-- stability: stable
-- kind: incremental
-- type: event_flow
-- time: dt
-- key: [dt, user_id, song_id]
-- lookback: 2d
-- schedule: "*/30 * * * *"
-- grade: P1
-- owner: interactions-data
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}, checks: [not_null]}
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user}
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song}
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist}
--   - {name: genre_code, title: {en: Genre, zh: 曲风}, dimension: {title: {en: Genre, zh: 曲风}}}
--   - {name: play_cnt, title: {en: Plays, zh: 播放次数}, checks: [{between: [1, 10000]}]}
--   - {name: play_dur, title: {en: Seconds played, zh: 播放秒数}}
--   - {name: skip_cnt, title: {en: Skips, zh: 跳过次数}}
--   - {name: full_play_cnt, title: {en: Full plays, zh: 完整播放次数}}
--   - {name: last_played_at, title: {en: Last played at, zh: 最后播放时间}}
-- checks:
--   - {unique: [dt, user_id, song_id]}
-- ---
SELECT dt,
       user_id,
       song_id,
       artist_id,
       genre_code,
       count(*) AS play_cnt,
       CAST(sum(play_dur) AS BIGINT) AS play_dur,
       CAST(sum(is_skip) AS BIGINT) AS skip_cnt,
       CAST(sum(is_full) AS BIGINT) AS full_play_cnt,
       max(played_at) AS last_played_at
FROM dwd_music_play_event_i
WHERE dt >= $start AND dt < $end
GROUP BY dt, user_id, song_id, artist_id, genre_code
