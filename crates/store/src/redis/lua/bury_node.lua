-- Forgets a dead node that has nobody anywhere.
--
-- KEYS: the nodes, the rooms of the dead node
-- ARGV: the dead node
-- Gives 1 where it is forgotten, 0 where it lives or still has rooms.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or nil)
if lease and lease > now or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
