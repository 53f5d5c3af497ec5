-- A room at one moment, for a user who comes in; makes it where that is allowed.
--
-- KEYS: head, log
-- ARGV: 1 or 0 for making it, ttl (0: none), known epoch, known seq, since epoch, since
--   seq (these four may be empty), limit of messages, catch_up (0: no limit), max
--   events (0: no limit), a fresh word
-- Gives nothing where there is no such room, else kind, name (may be empty), epoch, seq,
--   1 or 0 for recovered, and the events (see read.lua).

local create, ttl = ARGV[1] == '1', tonumber(ARGV[2])
local known_epoch, known_seq = ARGV[3], tonumber(ARGV[4])
local since_epoch, since_seq = ARGV[5], tonumber(ARGV[6])
local limit, catch_up, max_events, word = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]

local held = redis.pcall('GET', KEYS[1])
if type(held) == 'table' then return held end
local room, failure = find_room(held, KEYS[2], known_epoch, known_seq, create, word)
if failure then return redis.error_reply(failure) end
if not room then return {} end
local now = math.max(clock_ms(), room.ts)
local head = room.seq
if room.fresh then
  room.ts, room.ts_digits = now, digits(now)
  if ttl > 0 then let_expire(room) end
  redis.call('SET', KEYS[1], head_of_room(room, ttl))
  expire_room(KEYS[1], room, ttl)
elseif ttl > 0 and room.ttl > 0 then
  -- Somebody is here: the numbers go on for as long.
  redis.call('PEXPIREAT', KEYS[1], math.max(room.expires, now + ttl) + GRACE_MS, 'GT')
end

-- An error (a key of a wrong type) ends the script here, after all writing.
local events
local floor = hidden_up_to(head, max_events)
local behind = since_seq and since_epoch == room.epoch and head - since_seq
if behind and behind >= 0 and since_seq >= floor and (catch_up == 0 or behind <= catch_up) then
  events = every_event(room.log, since_seq + 1, head, now)
  if #events < behind then events = nil end
end
local recovered = events and 1 or 0
events = events or reversed(some_messages(room.log, floor + 1, head, limit, false, now))
local kind, called = string.match(room.tail, '^%- (%S+) (.*)$')
return answer_with({ kind, called, room.epoch, digits(head), recovered }, events)
