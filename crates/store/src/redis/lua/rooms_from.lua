-- Rooms of partitions in the order in which they were made, from one place on.
--
-- KEYS: the rooms of each partition
-- ARGV: in the first partition those behind this time and room (the room may be empty: from the
--   first on); how many in all
-- Gives of each partition that was looked at how many, and of each of these the room and its time

local MOST_AT_ONCE = 1000 -- rooms that were made in the same millisecond are told apart up to here

-- How many rooms stand before what comes next. The room may be gone, or have another time by now.
local function behind(key, time, room)
  if tonumber(redis.call('ZSCORE', key, room) or nil) == tonumber(time) then return redis.call('ZRANK', key, room) + 1 end
  local count = redis.call('ZCOUNT', key, '-inf', '(' .. time)
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', key, time, time, 'LIMIT', 0, MOST_AT_ONCE)) do
    if other < room then count = count + 1 end
  end
  return count
end

local left, answer = tonumber(ARGV[3]), {}
for i, key in ipairs(KEYS) do
  if left == 0 then break end
  local first = i == 1 and ARGV[2] ~= '' and behind(key, ARGV[1], ARGV[2]) or 0
  local found = redis.call('ZRANGE', key, first, first + left - 1, 'WITHSCORES')
  answer[#answer + 1] = #found / 2
  for _, value in ipairs(found) do answer[#answer + 1] = value end
  left = left - #found / 2
end
return answer
