-- What `append` and `join` share: finding a room, making it, and seeing that
-- its log was rolled back. A script must never fail halfway, so whatever can
-- fail is called with pcall and comes back as words.
--
-- The meta hash has few fields, packed, because each costs time:
--   head    epoch, last number, its time
--   expiry  ttl, immortal, expires; only where events have or had a lifetime:
--           how long they live (0: for good), up to which number they do not
--           expire, and when the last of all others does
--   nonces  which generation is in nonce:0 and in nonce:1 (0: none)
--   kind, name

-- How long a room's numbers outlive its last event, in milliseconds.
local GRACE_MS = 3600000

-- The clock of all messages, in milliseconds.
local function clock_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function digits(number) return string.format('%.0f', number) end

-- The last number in a log whose room is not known, 0 where there is none.
local function last_in(log)
  local last = redis.pcall('XREVRANGE', log, '+', '-', 'COUNT', 1)
  if last.err then return nil, last.err end
  if #last == 0 then return 0 end
  return tonumber(string.match(last[1][1], '^%d+'))
end

-- A room that is not there yet: its numbers go on after whatever is known.
local function new_room(meta, log, known_seq, word)
  local last, failure = last_in(log)
  if not last then return nil, failure end
  local seq = math.max(known_seq or 0, last)
  return { meta = meta, log = log, made = true, epoch = word, seq = seq, ts = 0, ttl = 0, immortal = seq, expires = 0, g0 = 0, g1 = 0 }
end

-- Finds the room, or makes it where that is wanted or `known_seq` says that it
-- was there. Gives the room, or nil and words, or nil alone where there is none.
-- Nothing is written yet: `made` and `renamed` say that the epoch is a new one.
local function find_room(meta, log, known_epoch, known_seq, create, word)
  local held = redis.pcall('HMGET', meta, 'head', 'expiry', 'nonces')
  if held.err then return nil, held.err end
  if not held[1] then
    if not (create or known_seq) then return nil end
    return new_room(meta, log, known_seq, word)
  end
  local epoch, seq, ts = string.match(held[1], '^(%S+) (%d+) (%d+)$')
  if not epoch then return nil, 'the meta hash of the room is damaged' end
  seq = tonumber(seq)
  local renamed = known_seq and epoch == known_epoch and seq < known_seq
  local room = {
    meta = meta, log = log, renamed = renamed, epoch = renamed and word or epoch, seq = renamed and known_seq or seq,
    ts = tonumber(ts), ttl = 0, immortal = 0, expires = 0, g0 = 0, g1 = 0,
  }
  if held[2] then
    local ttl, immortal, expires = string.match(held[2], '^(%d+) (%d+) (%d+)$')
    if not ttl then return nil, 'the meta hash of the room is damaged' end
    room.ttl, room.immortal, room.expires = tonumber(ttl), tonumber(immortal), tonumber(expires)
  end
  if held[3] then
    local g0, g1 = string.match(held[3], '^(%d+) (%d+)$')
    if not g0 then return nil, 'the meta hash of the room is damaged' end
    room.g0, room.g1 = tonumber(g0), tonumber(g1)
  end
  return room
end

-- Writes what is new of the room itself. `ttl` is how long events live from
-- now on, 0 for good. Where they no longer expire, the keys are kept for good again.
local function write_room(room, ttl, name)
  local head = room.epoch .. ' ' .. digits(room.seq) .. ' ' .. digits(room.ts)
  if room.made then
    redis.call('HSET', room.meta, 'head', head, 'kind', 'public', 'name', name)
  else
    redis.call('HSET', room.meta, 'head', head)
  end
  if ttl == 0 and room.ttl == 0 then return end
  redis.call('HSET', room.meta, 'expiry', ttl .. ' ' .. digits(room.immortal) .. ' ' .. digits(room.expires))
  if ttl > 0 then
    redis.call('PEXPIREAT', room.meta, math.max(room.expires, room.ts + ttl) + GRACE_MS)
  else
    redis.call('PERSIST', room.meta)
    redis.call('PERSIST', room.log)
  end
end
