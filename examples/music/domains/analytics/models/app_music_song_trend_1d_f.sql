-- ---
-- title: {en: Song trend, zh: 歌曲趋势}
-- description: {en: "Plays of a song a day beside its mean of the 7 days before; always as fresh as what it reads", zh: 歌曲当日播放量与此前7日均值，始终与上游同步}
-- layer: app
-- consumer: [dashboard]
-- stability: stable
-- kind: view
-- type: ordinary_full
-- grade: P3
-- owner: bi-team
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}}
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song}
--   - {name: song_title, title: {en: Song, zh: 歌名}, dimension: {title: {en: Song, zh: 歌名}}}
--   - {name: artist_name, title: {en: Artist, zh: 歌手}, dimension: {title: {en: Artist, zh: 歌手}}}
--   - {name: play_cnt, title: {en: Plays, zh: 播放量}}
--   - {name: play_avg_7d, title: {en: Mean of the 7 days before, zh: 前7日日均播放量}}
-- ---
SELECT t.dt,
       t.song_id,
       s.song_title,
       s.artist_name,
       t.play_cnt,
       avg(t.play_cnt) OVER (PARTITION BY t.song_id ORDER BY t.dt
                             RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND INTERVAL 1 DAY PRECEDING) AS play_avg_7d
FROM dws_music_song_play_1d_i t
JOIN dim_song s ON s.song_id = t.song_id
