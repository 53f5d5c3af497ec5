-- The log of a room: a hash of its events and of the nonces of its events.
--   a number        the entry of that event: the letter of its kind (`m`, and `t` for a
--                   deleted message), its time, `x` and the time of its end where it has
--                   one, its nonce where it has one, a colon, its JSON fields. Behind
--                   its time in sight, while its nonce is remembered: `-`, its time, `a`,
--                   the age of the partition then, its nonce
--   a nonce         `n` and twelve bytes: the number of its event
--   `d` and a number  of a deleted message: the number of its deletion
-- So an append reads once and writes once; what is out of sight is taken away some numbers at a time.

-- For how long by the age of its partition a nonce outlives its event. What is promised is an hour.
local NONCE_MS = 4200000

-- The names of some numbers.
local function numbers(from, to)
  local names = {}
  for seq = from, to do names[#names + 1] = digits(seq) end
  return names
end

-- When an entry expires, if it does.
local function expiry_of(entry) return tonumber(string.match(entry, '^%a%d+x(%d+)')) end

-- Moves the floor over what has expired, at most over so many numbers. Gives when the next
-- one expires, where there is one.
local function expire(log, hidden, room, now, budget)
  local last = math.min(room.seq, room.floor + budget)
  if not room.expiring or last == room.floor then return nil end
  local floor = room.floor
  for _, entry in ipairs(redis.call('HMGET', log, unpack(numbers(floor + 1, last)))) do
    local expires = entry and expiry_of(entry)
    if entry and not (expires and expires <= now) then
      move_floor(hidden, room, floor)
      return expires
    end
    floor = floor + 1
  end
  move_floor(hidden, room, floor)
  return floor < room.seq and now or nil
end

-- Takes away texts below the floor, of at most so many numbers.
local function trim_texts(log, room, age, budget)
  local last = math.min(room.floor, room.text + budget)
  if last <= room.text then return end
  local names = numbers(room.text + 1, last)
  local kept, gone = {}, {}
  for i, entry in ipairs(redis.call('HMGET', log, unpack(names))) do
    local ts, nonce = string.match(entry or '', '^%a(%d+)[x%d]*(n............):')
    if entry and string.byte(entry) == 116 then gone[#gone + 1] = 'd' .. names[i] end -- a `t`
    if nonce then
      kept[#kept + 1] = names[i]
      kept[#kept + 1] = '-' .. ts .. 'a' .. digits(age) .. nonce
    elseif entry then
      gone[#gone + 1] = names[i]
    end
  end
  if #kept > 0 then redis.call('HSET', log, unpack(kept)) end
  if #gone > 0 then redis.call('HDEL', log, unpack(gone)) end
  room.text, room.past = last, nil
end

-- Forgets nonces whose time is over, of at most so many numbers.
local function forget_nonces(log, room, age, budget)
  local last = math.min(room.text, room.first + budget)
  if last <= room.first then return end
  local names = numbers(room.first + 1, last)
  local gone = {}
  for i, entry in ipairs(redis.call('HMGET', log, unpack(names))) do
    if entry then
      local since, nonce = string.match(entry, '^%-%d+a(%d+)(n.+)$')
      if since and tonumber(since) + NONCE_MS > age then break end
      gone[#gone + 1] = names[i]
      gone[#gone + 1] = nonce
    end
    room.first, room.past = room.first + 1, nil
  end
  if #gone > 0 then redis.call('HDEL', log, unpack(gone)) end
end

-- The place `seq-ts` of an event whose number stands at its nonce.
local function place_of(log, seq)
  local entry = redis.call('HGET', log, seq)
  return seq .. '-' .. (string.match(entry or '', '^[%a%-](%d+)') or '0')
end
