-- Rooms in which something is to be let go of now, of each partition at most so many.
--
-- KEYS: what is due in the partitions
-- ARGV: how many of each
-- Gives of each partition how many, and these

local now, answer = digits(clock_ms()), {}
for _, key in ipairs(KEYS) do
  local rooms = redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, ARGV[1])
  answer[#answer + 1] = #rooms
  for _, room in ipairs(rooms) do answer[#answer + 1] = room end
end
return answer
