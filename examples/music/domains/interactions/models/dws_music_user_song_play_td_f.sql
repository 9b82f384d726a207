-- ---
-- title: {en: User and song plays to date, zh: 用户歌曲播放累计}
-- layer: dws
-- stability: stable
-- kind: full
-- type: ordinary_full
-- dimensions: [user_id, song_id]
-- schedule: "30 2 * * *"
-- grade: P2
-- owner: interactions-data
-- columns:
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null]}
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song, checks: [not_null]}
--   - {name: play_cnt, title: {en: Plays, zh: 播放次数}}
--   - {name: skip_cnt, title: {en: Skips, zh: 跳过次数}}
--   - {name: full_play_cnt, title: {en: Full plays, zh: 完整播放次数}}
--   - {name: play_day_cnt, title: {en: Days played, zh: 播放天数}}
--   - {name: first_play_dt, title: {en: First day, zh: 首次播放日期}}
--   - {name: last_played_at, title: {en: Last played at, zh: 最后播放时间}}
-- checks:
--   - {unique: [user_id, song_id]}
-- ---
SELECT user_id,
       song_id,
       CAST(sum(play_cnt) AS BIGINT) AS play_cnt,
       CAST(sum(skip_cnt) AS BIGINT) AS skip_cnt,
       CAST(sum(full_play_cnt) AS BIGINT) AS full_play_cnt,
       count(*) AS play_day_cnt,
       min(dt) AS first_play_dt,
       max(last_played_at) AS last_played_at
FROM dwm_music_user_song_play_1d_i
GROUP BY user_id, song_id
