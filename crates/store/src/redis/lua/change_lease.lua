-- Changes the state of a life, or forgets it.
--
-- KEYS: the leases
-- ARGV: the life, the state that it is in (`beat`: it lasts), the state from now on (empty: it is forgotten)
-- Gives 1, or 0 where the life is in another state.

local state = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] == 'beat' then
  if not beat_of(state) then return 0 end
elseif state ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1
