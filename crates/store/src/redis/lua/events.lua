-- The events after a place, without holes.
--
-- KEYS: head, log, hidden bits
-- ARGV: after epoch, after seq, limit, max messages (0: no limit)
-- Gives nothing where there is no such room, else epoch, seq, what it shares with epochs
--   before, and the events (see entries.lua).

local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
local after_epoch, after_seq, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local names, entries = {}, {}
local floor = floor_of(KEYS[3], room, tonumber(ARGV[4]))
if shares(room, after_epoch, after_seq) and after_seq >= floor then
  names, entries = every_event(KEYS[2], room, floor, after_seq + 1, math.min(room.seq, after_seq + limit), clock_ms())
end
return answer_with({ room.epoch, room.seq_digits, room.forks }, names, entries)
