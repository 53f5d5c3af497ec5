-- Numbers, stores and publishes events of any rooms in one step.
--
-- KEYS: of each room meta, log, nonce:0, nonce:1
-- ARGV: server id, max events (0: no limit), a fresh word, the channel; then of each room
--   its id, ttl (0: none), name, known epoch, known seq (both may be empty), how many
--   events; and of each event its kind, the user and nonce (may be empty), its JSON fields
-- Gives lines: of each room its epoch and then of each event `+seq ts` (stored),
--   `=seq ts` (seen before), `-` (no such room) or `!words` (it cannot be done).

local KINDS = { m = 'message', e = 'edited', d = 'deleted', r = 'reacted', u = 'member' }
-- A nonce is remembered for one to two of these.
local GENERATION_MS = 3600000
-- How many expired events are taken away for each that is added, and beside.
local TRIM_RATIO, TRIM_MORE = 2, 8

local server_id, max_events, word, channel = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now = clock_ms()
local now_digits = digits(now)
local lines, reply = {}, {}

-- Adds an entry to a log; what fails comes back.
local function add(log, entry, kind, json, expires)
  if max_events == '0' then
    if expires then return redis.pcall('XADD', log, entry, kind, json, 'x', expires) end
    return redis.pcall('XADD', log, entry, kind, json)
  end
  if expires then return redis.pcall('XADD', log, 'MAXLEN', '~', max_events, entry, kind, json, 'x', expires) end
  return redis.pcall('XADD', log, 'MAXLEN', '~', max_events, entry, kind, json)
end

-- Looks the nonces of one room up, all at once: field → 'seq ts', or nil and words.
local function seen_nonces(room, keys, fields, generation)
  local seen = {}
  for slot = 0, 1 do
    local held = room['g' .. slot]
    if held == generation or held == generation - 1 then
      local found = redis.pcall('HMGET', keys[slot], unpack(fields))
      if found.err then return nil, found.err end
      for i, field in ipairs(fields) do
        if found[i] then seen[field] = found[i] end
      end
    end
  end
  return seen
end

-- Remembers nonces: a flat list of fields and values.
local function remember_nonces(room, keys, fields, generation)
  local slot = generation % 2
  if room['g' .. slot] == generation then
    redis.call('HSET', keys[slot], unpack(fields))
    return
  end
  redis.call('UNLINK', keys[slot])
  redis.call('HSET', keys[slot], unpack(fields))
  redis.call('PEXPIREAT', keys[slot], (generation + 2) * GENERATION_MS)
  room['g' .. slot] = generation
  redis.call('HSET', room.meta, 'nonces', room.g0 .. ' ' .. room.g1)
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

-- Appends the `count` events whose arguments begin at `at` to a room.
local function append_to(room, keys, ttl, name, id, at, count)
  local last = at + 3 * count - 1
  local nonces = {}
  for i = at + 1, last, 3 do
    if ARGV[i] ~= '' then nonces[#nonces + 1] = ARGV[i] end
  end
  local ts_digits = now_digits
  if room.ts < now then room.ts = now else ts_digits = digits(room.ts) end
  local generation, seen, failure
  if #nonces > 0 then
    generation = math.floor(room.ts / GENERATION_MS)
    seen, failure = seen_nonces(room, keys, nonces, generation)
    if failure then
      for _ = 1, count do reply[#reply + 1] = '!' .. failure end
      return
    end
  end

  local expires, expires_field = nil, ''
  if ttl > 0 then
    if room.ttl == 0 then room.immortal = room.seq end
    room.expires = math.max(room.expires, room.ts + ttl)
    expires = digits(room.ts + ttl)
    expires_field = '"expires_at":' .. expires .. ','
  end
  local in_room = '","room":"' .. id .. '","seq":'
  local in_epoch = '","room":"' .. id .. '","epoch":"' .. room.epoch .. '","seq":'
  local time_fields = ',"ts":' .. ts_digits .. ',' .. expires_field
  local remembered, first = {}, room.seq
  for i = at, last, 3 do
    local nonce = ARGV[i + 1]
    local before = nonce ~= '' and seen[nonce]
    if before then
      reply[#reply + 1] = '=' .. before
    else
      local letter = ARGV[i]
      local kind, seq = KINDS[letter], digits(room.seq + 1)
      local json = '{"type":"' .. kind .. in_room .. seq .. time_fields .. ARGV[i + 2] .. '}'
      local stored = add(room.log, seq .. '-0', letter, json, expires)
      if type(stored) == 'table' and stored.err then
        reply[#reply + 1] = '!' .. stored.err
      else
        room.seq = room.seq + 1
        lines[#lines + 1] = '{"server_id":"' .. server_id .. '","type":"' .. kind .. in_epoch .. seq .. ',' .. expires_field .. '"data":' .. json .. '}\n'
        local place = seq .. ' ' .. ts_digits
        reply[#reply + 1] = '+' .. place
        if nonce ~= '' then
          seen[nonce] = place
          remembered[#remembered + 1] = nonce
          remembered[#remembered + 1] = place
        end
      end
    end
  end
  local added = room.seq - first
  if added == 0 and not room.renamed then return end
  write_room(room, ttl, name)
  if #remembered > 0 then remember_nonces(room, keys, remembered, generation) end
  if ttl > 0 and added > 0 then expire_log(room, added) end
end

local at = 5
for k = 1, #KEYS, 4 do
  local id, ttl, name = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  local known_epoch, known_seq, count = ARGV[at + 3], tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  at = at + 6
  local room, failure = find_room(KEYS[k], KEYS[k + 1], known_epoch, known_seq, false, word)
  reply[#reply + 1] = room and room.epoch or ''
  if room then
    append_to(room, { [0] = KEYS[k + 2], [1] = KEYS[k + 3] }, ttl, name, id, at, count)
  else
    for _ = 1, count do reply[#reply + 1] = failure and '!' .. failure or '-' end
  end
  at = at + 3 * count
end
if #lines > 0 then redis.call('PUBLISH', channel, table.concat(lines)) end
return table.concat(reply, '\n')
