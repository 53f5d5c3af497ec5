-- Which was the last change of presence of a life in some partitions.
--
-- KEYS: the lives in them
-- ARGV: the life
-- Gives the number of each; -1 where the life is over.

local changes = {}
for i, key in ipairs(KEYS) do changes[i] = change_of(redis.call('HGET', key, ARGV[1])) or -1 end
return changes
