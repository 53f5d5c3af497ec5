-- Holds what a node knows of rooms against their logs. One that is gone is made anew, one
-- that ends before what is known goes on in another epoch, after it; that people are in
-- the others is noted.
--
-- KEYS: the term, the heads of the rooms, their logs, their online hashes
-- ARGV: a fresh word, how long an empty room is kept (0: for good); then of each room its
--   ttl (0: none), known epoch and known seq
-- Gives of each room epoch and seq; two empty strings where it cannot be done.

local word, keep_ms = ARGV[1], tonumber(ARGV[2])
local rooms = (#KEYS - 1) / 3
local held = redis.call('MGET', unpack(KEYS, 1, 1 + rooms))
local term, answer = word_of(held[1]), {}
for k = 1, rooms do
  local head, log, online = KEYS[1 + k], KEYS[1 + rooms + k], KEYS[1 + 2 * rooms + k]
  local ttl, known_epoch, known_seq = tonumber(ARGV[3 * k]), ARGV[3 * k + 1], tonumber(ARGV[3 * k + 2])
  local room = find_room(held[1 + k], log, known_epoch, known_seq, true, term, word)
  if room then
    keep_room(head, room, ttl, math.max(clock_ms(), room.ts))
    if room.fresh and redis.call('EXISTS', online) == 0 then let_go_if_empty(head, log, keep_ms) end
  end
  answer[2 * k - 1] = room and room.epoch or ''
  answer[2 * k] = room and room.seq_digits or ''
end
return answer
