-- Which events are no visible messages: edits, reactions, deletions, deleted messages,
-- numbers that were lost. Each has a bit, the first that of the number after `base`; a
-- plain message writes none. So messages are counted by counting bits, and what is no
-- message is skipped without reading it.

-- So many bytes of bits below the floor are kept until they are cut off.
local BYTES_BELOW = 1024
-- Where more numbers were lost, everything before them is out of sight instead.
local MOST_LOST = 100000

-- Hides a number above the floor.
local function hide(key, room, seq)
  if redis.call('SETBIT', key, seq - room.base - 1, 1) == 0 then room.hidden, room.past = room.hidden + 1, nil end
end

-- Hides the numbers that a room lost, if it did.
local function hide_gap(key, room)
  if not room.gap then return end
  local from, to = room.gap + 1, room.seq
  room.gap, room.past = nil, nil
  if to - from >= MOST_LOST then
    room.floor, room.hidden = to, 0
    return
  end
  -- Whole bytes at once, and the bits before and after them.
  local first = math.ceil((from - room.base - 1) / 8)
  local last = math.floor((to - room.base) / 8) - 1
  if last >= first then
    redis.call('SETRANGE', key, first, string.rep('\255', last - first + 1))
    room.hidden = room.hidden + 8 * (last - first + 1)
    for seq = from, room.base + 8 * first do hide(key, room, seq) end
    for seq = room.base + 8 * (last + 1) + 1, to do hide(key, room, seq) end
  else
    for seq = from, to do hide(key, room, seq) end
  end
end

-- How many of some numbers are hidden.
local function count_hidden(key, room, from, to)
  if room.hidden == 0 or from > to then return 0 end
  return redis.call('BITCOUNT', key, from - room.base - 1, to - room.base - 1, 'BIT')
end

-- The number up to which nothing is to be seen where a room shows at most `most` messages (0: all).
local function floor_of(key, room, most)
  local excess = room.seq - room.floor - room.hidden - most
  if most == 0 or excess <= 0 then return room.floor end
  -- The first number up to which there are so many messages.
  local low, high = room.floor + excess, room.floor + excess + room.hidden
  while low < high do
    local middle = math.floor((low + high) / 2)
    if middle - room.floor - count_hidden(key, room, room.floor + 1, middle) < excess then low = middle + 1 else high = middle end
  end
  return low
end

-- Moves the floor up, and lets go of bits that are far below it.
local function move_floor(key, room, floor)
  if floor <= room.floor then return end
  room.hidden = room.hidden - count_hidden(key, room, room.floor + 1, floor)
  room.floor, room.past = floor, nil
  local bytes = math.floor((floor - room.base) / 8)
  if bytes < BYTES_BELOW then return end
  if room.hidden == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, redis.call('GETRANGE', key, bytes, -1))
  end
  room.base = room.base + 8 * bytes
end

-- At most `want` visible numbers of lowest <= seq <= highest, ascending: the last ones or,
-- with `up`, the first.
local function visible(key, room, lowest, highest, want, up)
  local found = {}
  if room.hidden == 0 then
    if up then highest = math.min(highest, lowest + want - 1) else lowest = math.max(lowest, highest - want + 1) end
    for seq = lowest, highest do found[#found + 1] = seq end
    return found
  end
  local step = up and 1 or -1
  local seq, last = highest, lowest
  if up then seq, last = lowest, highest end
  local bits, first_byte = '', 0
  while #found < want and (last - seq) * step >= 0 do
    local place = math.floor((seq - room.base - 1) / 8)
    if place < first_byte or place >= first_byte + 512 or bits == '' then
      first_byte = up and place or math.max(0, place - 511)
      bits = redis.call('GETRANGE', key, first_byte, first_byte + 511) .. '\0'
    end
    local byte = string.byte(bits, place - first_byte + 1) or 0
    local within = (seq - room.base - 1) % 8
    if byte == 255 then
      -- All eight are hidden: on to the next byte.
      seq = seq + step * (up and 8 - within or within + 1)
    else
      if byte == 0 or bit.band(byte, bit.rshift(128, within)) == 0 then found[#found + 1] = seq end
      seq = seq + step
    end
  end
  if up then return found end
  local ascending = {}
  for i = #found, 1, -1 do ascending[#ascending + 1] = found[i] end
  return ascending
end
