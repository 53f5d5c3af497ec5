-- How many messages of a room can be seen between two numbers.
--
-- KEYS: head, log, hidden bits
-- ARGV: the number before the first, the last, max messages (0: no limit)
-- Gives nothing where there is no such room, else how many.

local held = redis.call('GET', KEYS[1])
local room = held and read_head(held)
if not room then return {} end
local floor = floor_of(KEYS[3], room, tonumber(ARGV[3]))
-- What has expired since somebody came by to take it away is not counted either.
local now = clock_ms()
while room.expiring and floor < room.seq do
  local last = math.min(room.seq, floor + 200)
  local all = true
  for _, entry in ipairs(redis.call('HMGET', KEYS[2], unpack(numbers(floor + 1, last)))) do
    if is_seen(room, entry, now) then all = false break end
    floor = floor + 1
  end
  if not all then break end
end
local from, to = math.max(tonumber(ARGV[1]), floor) + 1, math.min(tonumber(ARGV[2]), room.seq)
if from > to then return { 0 } end
return { to - from + 1 - count_hidden(KEYS[3], room, from, to) }
