-- A room at one moment, for a user who comes in; makes it where that is wanted.
--
-- KEYS: head, log, online hash, the term; to make it also the user's rooms and what they made
-- ARGV: 1 or 0 for making it, ttl (0: none), known epoch, known seq, since epoch, since
--   seq (these four may be empty), limit of messages, catch_up (0: no limit), max
--   events (0: no limit), a fresh word, how long an empty room is kept (0: for good); to
--   make it also its id, of how many rooms the user may be a member, and how many they
--   may make in an hour (0: no limit)
-- Gives nothing where there is no such room, `!rooms` or `!made` and the time to wait
--   where the user may not make it, else kind, name (may be empty), epoch, seq, what it
--   shares with epochs before, 1 or 0 for recovered, and the events (see read.lua).

local create, ttl = ARGV[1] == '1', tonumber(ARGV[2])
local known_epoch, known_seq = ARGV[3], tonumber(ARGV[4])
local since_epoch, since_seq = ARGV[5], tonumber(ARGV[6])
local limit, catch_up, max_events, word = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local keep_ms = tonumber(ARGV[11])

local HOUR_MS = 3600000

-- Why the user may not make another room. Where they may, it is noted: what they made is
-- held as the time at which all of it will have been paid off, a room after the other.
local function refusal_to_make(rooms, made, id, most, per_hour)
  if most > 0 and redis.call('HLEN', rooms) >= most and redis.call('HEXISTS', rooms, id) == 0 then return { '!rooms' } end
  if per_hour == 0 then return nil end
  local now = clock_ms()
  -- The clock may have been set back.
  local paid = math.min(tonumber(redis.call('GET', made) or nil) or 0, now + HOUR_MS)
  paid = math.floor(math.max(paid, now) + HOUR_MS / per_hour)
  if paid > now + HOUR_MS then return { '!made', digits(paid - now - HOUR_MS) } end
  redis.call('SET', made, digits(paid), 'PX', math.max(1, paid - now))
end

local held = redis.pcall('GET', KEYS[1])
if type(held) == 'table' then return held end
if create and not held then
  local refusal = refusal_to_make(KEYS[5], KEYS[6], ARGV[12], tonumber(ARGV[13]), tonumber(ARGV[14]))
  if refusal then return refusal end
end
local term = word_of(redis.call('GET', KEYS[4]))
local room, failure = find_room(held, KEYS[2], known_epoch, known_seq, create, term, word)
if failure then return redis.error_reply(failure) end
if not room then return {} end
-- Somebody saw more of a log that may have lost its end: what they are shown is not that
-- log any more, and they must not take it for it.
if since_epoch == room.epoch and since_seq > room.seq and is_of_another(term, room.epoch) then
  begin_epoch(room, term, word)
end
local now = math.max(clock_ms(), room.ts)
local head = room.seq
keep_room(KEYS[1], room, ttl, now)
if (room.fresh or head == 0) and redis.call('EXISTS', KEYS[3]) == 0 then let_go_if_empty(KEYS[1], KEYS[2], keep_ms) end

-- An error (a key of a wrong type) ends the script here, after all writing.
local events
local floor = hidden_up_to(head, max_events)
local behind = since_seq and shares(room.epoch, head, room.forks, since_epoch, since_seq) and head - since_seq
if behind and since_seq >= floor and (catch_up == 0 or behind <= catch_up) then
  events = every_event(room.log, since_seq + 1, head, now)
  if #events < behind then events = nil end
end
local recovered = events and 1 or 0
events = events or reversed(some_messages(room.log, floor + 1, head, limit, false, now))
local kind, called = string.match(room.tail, '^%- (%S+) (.*)$')
return answer_with({ kind, called, room.epoch, digits(head), room.forks, recovered }, events)
