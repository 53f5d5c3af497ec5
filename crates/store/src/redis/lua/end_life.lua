-- Sees that nothing of a life is entered any more.
--
-- KEYS: of each partition the lives in it, the rooms of the life
-- ARGV: the life
-- Gives of each partition 1 where the life has somebody there, else 0.

local now, there = clock_ms(), {}
for k = 1, #KEYS, 2 do
  local lives = redis.call('HGETALL', KEYS[k])
  for i = 1, #lives, 2 do
    local ended = tonumber(string.match(lives[i + 1], '^ended (%d+)$') or nil)
    if ended and math.abs(now - ended) > ENDED_MS then redis.call('HDEL', KEYS[k], lives[i]) end
  end
  redis.call('HSET', KEYS[k], ARGV[1], 'ended ' .. digits(now))
  there[#there + 1] = redis.call('EXISTS', KEYS[k + 1])
end
return there
