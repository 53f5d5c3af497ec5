-- The messages that are pinned in a room, as they are now.
--
-- KEYS: head, members, rules, log, hidden bits
-- ARGV: who asks, max messages (0: no limit)
-- Gives nothing where there is no such room, `!` and why they may not, else its epoch, and the messages (see entries.lua).

local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
local now = clock_ms()
local denied = denied_to_read(room, KEYS[2], KEYS[3], ARGV[1], now)
if denied then return { '!' .. denied } end
local pins = pins_of(room, KEYS[3], floor_of(KEYS[5], room, tonumber(ARGV[2])))
local names, entries = seen_of(room, pins, entries_of(KEYS[4], pins), now)
return answer_with({ room.epoch }, names, entries)
