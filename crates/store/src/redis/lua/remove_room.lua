-- Takes a room away with everything in it. Who is there stays, in whatever is made in its place.
--
-- KEYS: head, log, hidden bits, the rooms of the partition, what is due there
-- ARGV: the id
-- Gives 1, or 0 where there was none.

local there = redis.call('EXISTS', KEYS[1])
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
return { there }
