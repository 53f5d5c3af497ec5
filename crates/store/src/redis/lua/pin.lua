-- Pins a message of a room, or takes the pin away, in one step.
--
-- KEYS: the partition, head, log, hidden bits, members, rules, who wrote lately, the feed, what is due in the partition
-- ARGV: server id, the channel, a fresh word, the room, known epoch and known seq (may be empty), the ttl (0: none), max
--   messages (0: no limit), who wants it, the message, + or -, how many pins a room may have, the fields of the event
-- Gives nothing where there is no such room; `!` and why they may not; `?` where there is no such message; else the epoch, and
--   the seq and ts of the event (0 and 0: nothing is otherwise).

local word, known_epoch = ARGV[3], ARGV[5]
local most, user, target, sign, most_pins, fields_of_event = tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10]), ARGV[11], tonumber(ARGV[12]), ARGV[13]
local keys = { head = KEYS[2], log = KEYS[3], hidden = KEYS[4], members = KEYS[5], rules = KEYS[6], wrote = KEYS[7], feed = KEYS[8], due = KEYS[9] }

local term = word_of(redis.call('GET', KEYS[1]))
local room, failure = find_room(redis.call('GET', keys.head), known_epoch, tonumber(ARGV[6]), term, word)
if failure then return redis.error_reply(failure) end
if not room then return {} end
local now = math.max(clock_ms(), room.ts)

-- Why they may not pin here; nil where they may.
local function denied()
  local why = denied_to_write(room, keys, user, now)
  if why and why ~= 'admins' and string.sub(why, 1, 4) ~= 'slow' then return why end
  local least = kind_of(room) == 'direct' and MEMBER or ADMIN
  return rank_of(keys.members, user) < least and 'role' or nil
end

local why = denied()
if why then return { '!' .. why } end
local before, fields = message_at(keys, room, most, target, now)
if not before then return { '?' } end
local rest, reactions, pinned = tail_of(fields)
if pinned == (sign == '+') then return { room.epoch, '0', '0' } end

local pins = pins_of(room, keys.rules, floor_of(keys.hidden, room, most))
if sign == '+' then
  if #pins >= most_pins then return { '!pins' } end
  pins[#pins + 1] = digits(target)
else
  take_pin(pins, digits(target))
end
write_pins(room, keys.rules, pins)
redis.call('HSET', keys.log, digits(target), 'm' .. before .. ':' .. with_tail(rest, reactions, not pinned))

local to = place_to_tell(keys, term, now)
local last = room.seq
local seq, ts = tell(to, room, 'p', 'pinned', fields_of_event)
note_told(to, room, last)
redis.call('SET', keys.head, head_of_room(room))
return { room.epoch, seq, ts }
