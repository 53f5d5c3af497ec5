-- A room at one moment, for a user who comes in; makes it where that is wanted.
--
-- KEYS: the partition, head, log, hidden bits, online hash, the rooms of the partition, what is due there, rules
-- ARGV: the id, 1 or 0 for making it, known epoch, known seq, since epoch, since seq (these
--   four may be empty), limit of messages, catch_up (0: no limit), max messages (0: no
--   limit), a fresh word, how long an empty room is kept (0: for good)
-- Gives nothing where there is no such room, else kind with its letters (people.lua), name (may be empty), epoch, seq, what
--   it shares with epochs before, 1 or 0 for recovered, the pins, and the events (see entries.lua).

local id, create = ARGV[1], ARGV[2] == '1'
local known_epoch, known_seq = ARGV[3], tonumber(ARGV[4])
local since_epoch, since_seq = ARGV[5], tonumber(ARGV[6])
local limit, catch_up, most, word = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local keep_ms = tonumber(ARGV[11])
local keys = { head = KEYS[2], log = KEYS[3], hidden = KEYS[4], online = KEYS[5], rooms = KEYS[6], due = KEYS[7], rules = KEYS[8] }

local held = redis.pcall('GET', keys.head)
if type(held) == 'table' then return held end
local term = word_of(redis.call('GET', KEYS[1]))
local room, failure, deleted = find_room(held, known_epoch, known_seq, term, word)
if failure then return redis.error_reply(failure) end
-- Whoever knows of it says that it was there.
-- To come back is not to want it made.
if deleted and since_seq then return {} end
if deleted then known_seq = nil end
if not room and (create or known_seq) then room = new_room(known_seq, term, word) end
if not room then return {} end
-- Somebody saw more of a log that may have lost its end: what they are shown is not that
-- log any more, and they must not take it for it.
if since_epoch == room.epoch and since_seq > room.seq and is_of_another(term, room.epoch) then
  begin_epoch(room, term, word)
end
local now = math.max(clock_ms(), room.ts)
keep_room(keys, room, id, now, keep_ms)

-- An error (a key of a wrong type) ends the script here, after all writing.
local names, entries
local floor = floor_of(keys.hidden, room, most)
local behind = since_seq and shares(room, since_epoch, since_seq) and room.seq - since_seq
if behind and since_seq >= floor and (catch_up == 0 or behind <= catch_up) then
  names, entries = every_event(keys.log, room, floor, since_seq + 1, room.seq, now)
  if #names < behind then names = nil end
end
local recovered = names and 1 or 0
if not names then names, entries = some_messages(keys.log, keys.hidden, room, floor + 1, room.seq, limit, false, now) end
local kind, called = string.match(room.tail, '^(%S+) (.*)$')
return answer_with({ kind, called, room.epoch, room.seq_digits, room.forks, recovered, table.concat(pins_of(room, keys.rules, floor), ' ') }, names, entries)
