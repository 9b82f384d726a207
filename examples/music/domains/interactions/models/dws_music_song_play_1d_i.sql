-- ---
-- title: {en: Song plays a day, zh: 歌曲播放日汇总}
-- layer: dws
-- stability: stable
-- kind: incremental
-- type: event_flow
-- time: dt
-- key: [dt, song_id]
-- lookback: 2d
-- schedule: "0 * * * *"
-- grade: P1
-- owner: interactions-data
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}, checks: [not_null]}
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song, checks: [not_null]}
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist}
--   - {name: genre_code, title: {en: Genre, zh: 曲风}, dimension: {title: {en: Genre, zh: 曲风}}}
--   - {name: play_cnt, title: {en: Plays, zh: 播放次数}}
--   - {name: play_ucnt, title: {en: Listeners, zh: 听众数}}
--   - {name: play_dur, title: {en: Seconds played, zh: 播放秒数}}
--   - {name: skip_cnt, title: {en: Skips, zh: 跳过次数}}
--   - {name: skip_rate, title: {en: Skip rate, zh: 跳过率}, checks: [{between: [0, 1]}]}
-- checks:
--   - {unique: [dt, song_id]}
--   - {row_count: {min: 1}, severity: warn}
-- ---
SELECT dt,
       song_id,
       max(artist_id) AS artist_id,
       max(genre_code) AS genre_code,
       CAST(sum(play_cnt) AS BIGINT) AS play_cnt,
       count(DISTINCT user_id) AS play_ucnt,
       CAST(sum(play_dur) AS BIGINT) AS play_dur,
       CAST(sum(skip_cnt) AS BIGINT) AS skip_cnt,
       CAST(sum(skip_cnt) / sum(play_cnt) AS DECIMAL(10, 4)) AS skip_rate
FROM dwm_music_user_song_play_1d_i
WHERE dt >= $start AND dt < $end
GROUP BY dt, song_id
