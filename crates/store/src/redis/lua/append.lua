-- Numbers, stores and publishes events of any rooms in one step.
--
-- KEYS: nonces:even, nonces:odd, their turn, the term, the heads of the rooms, their logs
-- ARGV: server id, max events (0: no limit), a fresh word, the channel, the kinds of all
--   events (a letter each), how many events each room has (two bytes each, the high one
--   first), the ttl of each room (digits and a space each; nothing where none has one);
--   the nonce of each event with its room and user (may be empty); then of each room its
--   id, known epoch and known seq (both may be empty) and the JSON fields of its events
-- Gives lines: of each room its epoch and then of each event `seq-ts` (stored),
--   `=seq-ts` (seen before), `-` (no such room) or `!words` (it cannot be done).
--
-- Time goes by commands, arguments and bytes: each call of a command costs about as much
-- as all else that is done for an event, an argument is made and freed by Redis and by
-- Lua, and Lua hashes every byte of each string that is made. So heads and nonces are
-- read and written for all events at once, what is short travels packed, the fields are
-- put into the log as they came, and a number is written in digits once.

local KINDS = { m = 'message', e = 'edited', d = 'deleted', r = 'reacted', u = 'member' }
-- A log is trimmed once for so many events.
local TRIM_EVERY = 64
-- How many expired events are taken away for each that is added, and beside.
local TRIM_RATIO, TRIM_MORE = 2, 8
-- Lines are published when they have so many bytes: table.concat makes (and
-- hashes) what is longer than 8192 twice.
local PAYLOAD_BYTES = 8000

local server_id, max_events, word, channel = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local letters, counts = ARGV[5], ARGV[6]
local ttls = ARGV[7] ~= '' and string.gmatch(ARGV[7], '%d+')
local NONCES = 7 -- the nonce of the first event is the argument after this one
local total = #letters
local HEADS = 4 -- the head of the first room is the key after this one
local rooms = (#KEYS - HEADS) / 2
local now = clock_ms()
local now_digits = digits(now)
local trims = max_events ~= '0'
local lines, bytes, reply = {}, 0, {}

-- Adds an entry to a log; what fails comes back.
local function add(log, seq, entry, kind, fields, expires)
  if trims and seq % TRIM_EVERY == 0 then
    if expires then return redis.pcall('XADD', log, 'MAXLEN', '~', max_events, entry, kind, fields, 'x', expires) end
    return redis.pcall('XADD', log, 'MAXLEN', '~', max_events, entry, kind, fields)
  end
  if expires then return redis.pcall('XADD', log, entry, kind, fields, 'x', expires) end
  return redis.pcall('XADD', log, entry, kind, fields)
end

-- Takes some expired events off the front. Gives the number of the first that is left.
local function trim_expired(log, added)
  local front, first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1), nil
  local function expired(entry)
    local expires = tonumber(entry[2][4])
    return expires and expires <= now
  end
  if expired(front[1]) then
    front = redis.call('XRANGE', log, '-', '+', 'COUNT', added * TRIM_RATIO + TRIM_MORE)
    for _, entry in ipairs(front) do
      first = entry[1]
      if not expired(entry) then break end
    end
    redis.call('XTRIM', log, 'MINID', first)
  end
  return tonumber(string.match(first or front[1][1], '^%d+'))
end

-- Sets when a log as a whole is over: right after the last of its events, if all of them expire.
local function expire_log(room, added)
  if trim_expired(room.log, added) > room.immortal then
    redis.call('PEXPIREAT', room.log, room.expires)
  else
    redis.call('PERSIST', room.log)
  end
end

-- What the envelope of an event and the event in it begin with, by the letter of its kind.
local envelope_of, data_of = {}, {}
for letter, kind in pairs(KINDS) do
  envelope_of[letter] = '{"server_id":"' .. server_id .. '","type":"' .. kind .. '","room":"'
  data_of[letter] = ',"data":{"type":"' .. kind .. '","room":"'
end

local function publish()
  redis.call('PUBLISH', channel, table.concat(lines))
  lines, bytes = {}, 0
end

-- Whose turn it is among the nonces, in which term this is, and what is known of all rooms.
local held = redis.call('MGET', unpack(KEYS, HEADS - 1, HEADS + rooms))
local newest = KEYS[tonumber(string.match(held[1] or '0', '^%d+')) % 2 + 1]
local term = word_of(held[2])

-- The places of nonces that were seen before, in their order, of either hash; and
-- a flat list of those that are to be remembered, and their places.
local seen, seen_again, remembered = { {}, {} }, {}, {}
if #table.concat(ARGV, '', NONCES + 1, NONCES + total) > 0 then
  for slot = 1, 2 do
    seen[slot] = redis.pcall('HMGET', KEYS[slot], unpack(ARGV, NONCES + 1, NONCES + total))
    if seen[slot].err then return redis.error_reply(seen[slot].err) end
  end
end

local event = 0 -- of all rooms
-- Appends the `count` events whose arguments begin at `at` to a room. Gives how many were added.
local function append_to(room, ttl, id, at, count)
  if room.ts < now then room.ts, room.ts_digits = now, now_digits end
  local ts_digits = room.ts_digits
  local expires, expires_field = nil, ''
  if ttl > 0 then
    let_expire(room)
    room.expires = math.max(room.expires, room.ts + ttl)
    expires = digits(room.ts + ttl)
    expires_field = ',"expires_at":' .. expires
  end
  local before = room.seq
  for i = at, at + count - 1 do
    event = event + 1
    local nonce = ARGV[NONCES + event]
    local place = nonce ~= '' and (seen[1][event] or seen[2][event] or seen_again[nonce])
    if place then
      reply[#reply + 1] = '=' .. place
    else
      local letter, fields = string.sub(letters, event, event), ARGV[i]
      local seq = digits(room.seq + 1)
      place = seq .. '-' .. ts_digits
      local stored = add(room.log, room.seq + 1, place, letter, fields, expires)
      if type(stored) == 'table' and stored.err then
        reply[#reply + 1] = '!' .. stored.err
      else
        room.seq, room.seq_digits = room.seq + 1, seq
        reply[#reply + 1] = place
        local head = envelope_of[letter] .. id .. '","epoch":"' .. room.epoch .. '","seq":' .. seq .. expires_field
          .. data_of[letter] .. id .. '","seq":' .. seq .. ',"ts":' .. ts_digits .. expires_field .. ','
        local length = #head + #fields + 3
        if bytes > 0 and bytes + length > PAYLOAD_BYTES then publish() end
        bytes = bytes + length
        local n = #lines
        lines[n + 1], lines[n + 2], lines[n + 3] = head, fields, '}}\n'
        if nonce ~= '' then
          seen_again[nonce] = place
          n = #remembered
          remembered[n + 1], remembered[n + 2] = nonce, place
        end
      end
    end
  end
  return room.seq - before
end

local heads, expiring = {}, {}
local at = NONCES + total + 1
for k = 1, rooms do
  local id, known_epoch, known_seq = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  local high, low = string.byte(counts, 2 * k - 1, 2 * k)
  local count, ttl = 256 * high + low, ttls and tonumber(ttls()) or 0
  local room, failure = find_room(held[k + 2], KEYS[HEADS + rooms + k], known_epoch, known_seq, false, term, word)
  if room and not room.fresh and is_of_another(term, room.epoch) then begin_epoch(room, term, word) end
  reply[#reply + 1] = room and room.epoch or ''
  if room then
    local added = append_to(room, ttl, id, at, count)
    if added > 0 or room.fresh then
      local n = #heads
      heads[n + 1], heads[n + 2] = KEYS[HEADS + k], head_of_room(room, ttl)
      if ttl > 0 or room.ttl > 0 then expiring[#expiring + 1] = { KEYS[HEADS + k], room, ttl, added } end
    end
  else
    event = event + count
    for _ = 1, count do reply[#reply + 1] = failure and '!' .. failure or '-' end
  end
  at = at + count
end
if #heads > 0 then redis.call('MSET', unpack(heads)) end
for _, each in ipairs(expiring) do
  local head, room, ttl, added = unpack(each)
  expire_room(head, room, ttl)
  if ttl > 0 and added > 0 then expire_log(room, added) end
end
if #remembered > 0 then redis.call('HSET', newest, unpack(remembered)) end
if bytes > 0 then publish() end
return table.concat(reply, '\n')
