-- What `append` and `join` share: finding a room, making it, and seeing that
-- its log was rolled back. A script must never fail halfway, so whatever can
-- fail is called with pcall and comes back as words.

-- How long a room's numbers outlive its last event, in milliseconds.
local GRACE_MS = 3600000

-- The clock of all messages, in milliseconds.
local function clock_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The last number in a log whose room is not known, 0 where there is none.
local function last_in(log)
  local last = redis.pcall('XREVRANGE', log, '+', '-', 'COUNT', 1)
  if last.err then return nil, last.err end
  if #last == 0 then return 0 end
  return tonumber(string.match(last[1][1], '^%d+'))
end

-- Finds the room, or makes it where that is wanted or `known_seq` says that it
-- was there. Gives the room, or nil and words, or nil alone where there is none.
-- Nothing is written yet: `made` and `epoch` say what is to be.
local function find_room(keys, known_epoch, known_seq, create, word)
  local meta = redis.pcall('HMGET', keys.meta, 'epoch', 'seq', 'ts', 'ttl', 'immortal', 'expires', 'g0', 'g1', 'kind', 'name')
  if meta.err then return nil, meta.err end
  local room = { keys = keys, epoch = meta[1], kind = meta[9], name = meta[10] }
  if not room.epoch then
    if not (create or known_seq) then return nil end
    local last, failure = last_in(keys.log)
    if not last then return nil, failure end
    room.made, room.epoch, room.seq = true, word, math.max(known_seq or 0, last)
    room.ts, room.ttl, room.immortal, room.expires = 0, 0, room.seq, 0
    return room
  end
  room.seq, room.ts = tonumber(meta[2]), tonumber(meta[3])
  if not (room.seq and room.ts) then return nil, 'the meta hash of the room is damaged' end
  room.ttl, room.immortal, room.expires = tonumber(meta[4]) or 0, tonumber(meta[5]) or 0, tonumber(meta[6]) or 0
  room.g0, room.g1 = tonumber(meta[7]), tonumber(meta[8])
  if known_seq and room.epoch == known_epoch and room.seq < known_seq then
    room.renamed, room.epoch, room.seq = true, word, known_seq
  end
  return room
end

-- Writes what is new of the room itself. `ttl` is how long events live from
-- now on, 0 for good. Where that changed, the keys are kept for good again, or
-- `immortal` remembers up to which number events do not expire.
local function write_room(room, ttl, name)
  local fields = { 'seq', room.seq, 'ts', room.ts }
  if room.made or room.renamed then
    fields[#fields + 1] = 'epoch'
    fields[#fields + 1] = room.epoch
  end
  if room.made then
    for _, field in ipairs({ 'kind', 'public', 'name', name }) do fields[#fields + 1] = field end
    room.kind, room.name = 'public', name
  end
  if ttl ~= room.ttl or room.made then
    if ttl == 0 then
      redis.call('PERSIST', room.keys.meta)
      redis.call('PERSIST', room.keys.log)
    end
    for _, field in ipairs({ 'ttl', ttl, 'immortal', room.immortal }) do fields[#fields + 1] = field end
  end
  if ttl > 0 then
    fields[#fields + 1] = 'expires'
    fields[#fields + 1] = room.expires
  end
  redis.call('HSET', room.keys.meta, unpack(fields))
  if ttl > 0 then
    redis.call('PEXPIREAT', room.keys.meta, math.max(room.expires, room.ts + ttl) + GRACE_MS)
  end
end
