-- Says that a node lives.
--
-- KEYS: the leases
-- ARGV: the life, and its last beat that the node heard of (0: it begins)
-- Gives the beat, or 0 where that life is over.

local leases, life = KEYS[1], ARGV[1]
local state = redis.call('HGET', leases, life)
if not state and ARGV[2] == '0' then state = '0' end
local beat = beat_of(state)
if not beat then return 0 end
-- The store may have lost its last writes.
if beat < tonumber(ARGV[2]) then
  redis.call('HSET', leases, life, 'ended')
  return 0
end
redis.call('HSET', leases, life, string.format('%d', beat + 1))
return beat + 1
