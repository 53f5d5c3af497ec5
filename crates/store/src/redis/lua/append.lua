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
local function seen_nonces(room, fields, generation)
  local seen = {}
  for slot = 0, 1 do
    local held = room['g' .. slot]
    if held == generation or held == generation - 1 then
      local found = redis.pcall('HMGET', room.keys['nonce' .. slot], unpack(fields))
      if found.err then return nil, found.err end
      for i, field in ipairs(fields) do
        if found[i] then seen[field] = found[i] end
      end
    end
  end
  return seen
end

-- Remembers nonces: a flat list of fields and values.
local function remember_nonces(room, fields, generation)
  local slot = generation % 2
  local key = room.keys['nonce' .. slot]
  local fresh = room['g' .. slot] ~= generation
  if fresh then redis.call('UNLINK', key) end
  redis.call('HSET', key, unpack(fields))
  if fresh then
    redis.call('HSET', room.keys.meta, 'g' .. slot, generation)
    redis.call('PEXPIREAT', key, (generation + 2) * GENERATION_MS)
  end
end

-- Takes a few expired events off the front, and sets when the log as a whole
-- is over: right after the last of its events, if all of them expire.
local function expire_log(room, added)
  local log = room.keys.log
  local front = redis.call('XRANGE', log, '-', '+', 'COUNT', added * TRIM_RATIO + TRIM_MORE)
  local living
  for _, entry in ipairs(front) do
    local expires = tonumber(entry[2][4])
    if not expires or expires > now then
      living = entry[1]
      break
    end
  end
  if living ~= front[1][1] then
    redis.call('XTRIM', log, 'MINID', living or front[#front][1])
  end
  local first = tonumber(string.match(living or front[#front][1], '^%d+'))
  if first > room.immortal then
    redis.call('PEXPIREAT', log, room.expires)
  else
    redis.call('PERSIST', log)
  end
end

local function append_to(room, ttl, name, id, at, count)
  local nonces = {}
  for i = at, at + 3 * count - 1, 3 do
    if ARGV[i + 1] ~= '' then nonces[#nonces + 1] = ARGV[i + 1] end
  end
  room.ts = math.max(now, room.ts)
  local generation = math.floor(room.ts / GENERATION_MS)
  local seen, failure
  if #nonces > 0 then
    seen, failure = seen_nonces(room, nonces, generation)
    if failure then
      for _ = 1, count do reply[#reply + 1] = '!' .. failure end
      return
    end
  end

  if ttl > 0 and room.ttl == 0 then room.immortal = room.seq end
  local expires, expires_field = nil, ''
  if ttl > 0 then
    expires = string.format('%.0f', room.ts + ttl)
    expires_field = '"expires_at":' .. expires .. ','
    room.expires = math.max(room.expires, room.ts + ttl)
  end
  local in_room = '","room":"' .. id .. '","seq":'
  local in_epoch = '","room":"' .. id .. '","epoch":"' .. room.epoch .. '","seq":'
  local ts = string.format('%.0f', room.ts)
  local at_ts = ',"ts":' .. ts .. ',' .. expires_field
  local remembered, added = {}, 0
  for i = at, at + 3 * count - 1, 3 do
    local kind, nonce = ARGV[i], ARGV[i + 1]
    if nonce ~= '' and seen[nonce] then
      reply[#reply + 1] = '=' .. seen[nonce]
    else
      local seq = string.format('%.0f', room.seq + 1)
      local json = '{"type":"' .. KINDS[kind] .. in_room .. seq .. at_ts .. ARGV[i + 2] .. '}'
      local stored = add(room.keys.log, seq .. '-0', kind, json, expires)
      if type(stored) == 'table' and stored.err then
        reply[#reply + 1] = '!' .. stored.err
      else
        room.seq, added = room.seq + 1, added + 1
        lines[#lines + 1] = '{"server_id":"' .. server_id .. '","type":"' .. KINDS[kind] .. in_epoch .. seq
          .. ',' .. expires_field .. '"data":' .. json .. '}\n'
        local done = seq .. ' ' .. ts
        reply[#reply + 1] = '+' .. done
        if nonce ~= '' then
          seen[nonce] = done
          remembered[#remembered + 1] = nonce
          remembered[#remembered + 1] = done
        end
      end
    end
  end
  if added == 0 and not room.renamed then return end
  write_room(room, ttl, name)
  if #remembered > 0 then remember_nonces(room, remembered, generation) end
  if ttl > 0 and added > 0 then expire_log(room, added) end
end

local at = 5
for k = 1, #KEYS, 4 do
  local keys = { meta = KEYS[k], log = KEYS[k + 1], nonce0 = KEYS[k + 2], nonce1 = KEYS[k + 3] }
  local id, ttl, name = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  local known_epoch, known_seq, count = ARGV[at + 3], tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  at = at + 6
  local room, failure = find_room(keys, known_epoch, known_seq, false, word)
  reply[#reply + 1] = room and room.epoch or ''
  if room then
    append_to(room, ttl, name, id, at, count)
  else
    for _ = 1, count do reply[#reply + 1] = failure and '!' .. failure or '-' end
  end
  at = at + 3 * count
end
if #lines > 0 then redis.call('PUBLISH', channel, table.concat(lines)) end
return table.concat(reply, '\n')
